//! Constant folding: what operators and some functions give for constants. `None`: left to the later stage.

use crate::program::{Binary, Value};
use chrono::{DateTime, Duration, NaiveDate, SecondsFormat, Utc};
use std::cmp::Ordering;

/// `<` and its like.
pub(crate) fn compare(op: Binary, left: &Value, right: &Value) -> Option<bool> {
    let order = match (left, right) {
        (Value::Int(a), Value::Int(b))
        | (Value::Duration(a), Value::Duration(b))
        | (Value::Size(a), Value::Size(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b)?,
        (Value::Decimal(a), Value::Decimal(b)) => super::decimal::order(a, b)?,
        (Value::String(a), Value::String(b)) | (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => instant(a)?.cmp(&instant(b)?),
        _ => return None,
    };
    Some(match op {
        Binary::Less => order == Ordering::Less,
        Binary::LessEqual => order != Ordering::Greater,
        Binary::Greater => order == Ordering::Greater,
        Binary::GreaterEqual => order != Ordering::Less,
        _ => return None,
    })
}

/// `+` and its like; an error where the result does not exist.
pub(crate) fn arithmetic(op: Binary, left: &Value, right: &Value) -> Option<Result<Value, &'static str>> {
    const RANGE: &str = "the result is out of range";
    let whole = |value: Option<i64>, make: fn(i64) -> Value| Some(value.map(make).ok_or(RANGE));
    let integers = |a: i64, b: i64| match op {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        _ => None,
    };
    match (op, left, right) {
        (Binary::Modulo, Value::Int(_), Value::Int(0)) => Some(Err("a division by zero")),
        (Binary::Modulo, Value::Int(a), Value::Int(b)) => whole(a.checked_rem(*b), Value::Int),
        (Binary::Add | Binary::Subtract | Binary::Multiply, Value::Int(a), Value::Int(b)) => {
            whole(integers(*a, *b), Value::Int)
        }
        (Binary::Add | Binary::Subtract, Value::Duration(a), Value::Duration(b)) => {
            whole(integers(*a, *b), Value::Duration)
        }
        (Binary::Add | Binary::Subtract, Value::Size(a), Value::Size(b)) => whole(integers(*a, *b), Value::Size),
        (Binary::DivideDurations, Value::Duration(_), Value::Duration(0)) => Some(Err("a division by zero")),
        #[expect(clippy::cast_precision_loss, reason = "seconds as a `Float`, in every stage")]
        (Binary::DivideDurations, Value::Duration(a), Value::Duration(b)) => {
            Some(Ok(Value::Float((*a as f64 / 1e6) / (*b as f64 / 1e6))))
        }
        (Binary::Multiply, Value::Duration(a), Value::Int(b)) => whole(a.checked_mul(*b), Value::Duration),
        (Binary::Multiply, Value::Size(a), Value::Int(b)) => whole(a.checked_mul(*b), Value::Size),
        (Binary::Divide, Value::Float(_), Value::Float(b)) if *b == 0.0 => Some(Err("a division by zero")),
        (_, Value::Float(a), Value::Float(b)) => {
            let value = match op {
                Binary::Add => a + b,
                Binary::Subtract => a - b,
                Binary::Multiply => a * b,
                Binary::Divide => a / b,
                _ => return None,
            };
            Some(if value.is_finite() { Ok(Value::Float(value)) } else { Err(RANGE) })
        }
        (Binary::SubtractDates, Value::Date(a), Value::Date(b)) => {
            let length = day(a)?.signed_duration_since(day(b)?);
            whole(length.num_microseconds(), Value::Duration)
        }
        (Binary::SubtractTimestamps, Value::Timestamp(a), Value::Timestamp(b)) => {
            let length = instant(a)?.signed_duration_since(instant(b)?);
            whole(length.num_microseconds(), Value::Duration)
        }
        (Binary::AddDate | Binary::SubtractFromDate, Value::Date(date), Value::Duration(length)) => {
            let length = Duration::microseconds(*length);
            let date = day(date)?;
            let moved = match op {
                Binary::AddDate => date.checked_add_signed(length),
                _ => date.checked_sub_signed(length),
            };
            Some(moved.map(|date| Value::Date(date.format("%Y-%m-%d").to_string())).ok_or(RANGE))
        }
        (Binary::AddTimestamp | Binary::SubtractFromTimestamp, Value::Timestamp(at), Value::Duration(length)) => {
            let length = Duration::microseconds(*length);
            let at = instant(at)?;
            let moved = match op {
                Binary::AddTimestamp => at.checked_add_signed(length),
                _ => at.checked_sub_signed(length),
            };
            Some(moved.map(|at| Value::Timestamp(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))).ok_or(RANGE))
        }
        _ => None,
    }
}

/// Functions of the library, by their name at the row stage.
pub(crate) fn function(row: &str, arguments: &[&Value]) -> Option<Value> {
    Some(match (row, arguments) {
        ("character_length", [Value::String(text)]) => Value::Int(i64::try_from(text.chars().count()).ok()?),
        ("lower", [Value::String(text)]) => Value::String(text.to_lowercase()),
        ("upper", [Value::String(text)]) => Value::String(text.to_uppercase()),
        ("trim", [Value::String(text)]) => Value::String(text.trim().to_owned()),
        ("contains", [Value::String(text), Value::String(part)]) => Value::Bool(text.contains(part.as_str())),
        ("starts_with", [Value::String(text), Value::String(part)]) => Value::Bool(text.starts_with(part.as_str())),
        ("ends_with", [Value::String(text), Value::String(part)]) => Value::Bool(text.ends_with(part.as_str())),
        ("replace", [Value::String(text), Value::String(part), Value::String(by)]) if !part.is_empty() => {
            Value::String(text.replace(part.as_str(), by))
        }
        ("to_string", [Value::Int(value)]) => Value::String(value.to_string()),
        ("date_of_timestamp", [Value::Timestamp(at)]) => {
            Value::Date(instant(at)?.date_naive().format("%Y-%m-%d").to_string())
        }
        ("month_start", [Value::Date(date)]) => Value::Date(format!("{}-01", date.get(..7)?)),
        _ => return None,
    })
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn dates_cross_months_and_leap_days() {
        let date = |text: &str| Value::Date(text.to_owned());
        let day = Value::Duration(86_400_000_000);
        assert_eq!(
            arithmetic(Binary::SubtractFromDate, &date("2028-03-01"), &day),
            Some(Ok(date("2028-02-29")))
        );
        assert_eq!(
            arithmetic(Binary::SubtractDates, &date("2026-03-01"), &date("2026-02-27")),
            Some(Ok(Value::Duration(2 * 86_400_000_000)))
        );
    }

    #[test]
    fn what_does_not_exist_is_an_error() {
        assert!(matches!(arithmetic(Binary::Add, &Value::Int(i64::MAX), &Value::Int(1)), Some(Err(_))));
        assert!(matches!(arithmetic(Binary::Modulo, &Value::Int(1), &Value::Int(0)), Some(Err(_))));
        assert!(matches!(arithmetic(Binary::Divide, &Value::Float(1.0), &Value::Float(0.0)), Some(Err(_))));
    }

    #[test]
    fn instants_compare_as_instants() {
        let early = Value::Timestamp("2026-01-01T00:00:00Z".to_owned());
        let late = Value::Timestamp("2026-01-01T00:00:00.5Z".to_owned());
        assert_eq!(compare(Binary::Less, &early, &late), Some(true));
    }
}
