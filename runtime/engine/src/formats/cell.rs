//! Cells: one field's value of one record, between the text of JSONL and CSV and Arrow's columns.

use crate::formats::Problem;
use crate::formats::json_value;
use crate::temporal::{parse_date, parse_timestamp, shorten};
use crate::types::type_name;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flow_plan::{DataType, Field};
use indexmap::IndexMap;
use serde_json::Value;
use std::borrow::Cow;

/// A value that fits its field's type.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// `none`.
    None,
    /// `Bool`.
    Bool(bool),
    /// `Int`; days of a `Date`, microseconds of a `Timestamp` or a `Duration`.
    Int(i64),
    /// `Float`.
    Float(f64),
    /// `String`, `Json`.
    Text(Cow<'a, str>),
    /// The unscaled digits of a `Decimal`.
    Decimal(i128),
    /// `Bytes`.
    Bytes(Vec<u8>),
    /// The elements of a list.
    List(Vec<Cell<'a>>),
    /// The entries of a map.
    Map(Box<IndexMap<Cow<'a, str>, Cell<'a>>>),
    /// The fields of a struct, in its order.
    Struct(Vec<Cell<'a>>),
}

/// Kinds of problems, as they are counted.
pub mod kind {
    /// Not JSON at all, or no object.
    pub const MALFORMED: &str = "malformed record";
    /// A required field is missing or null.
    pub const MISSING: &str = "required field missing";
    /// A value of another type.
    pub const TYPE: &str = "wrong type";
    /// A text that is no date, timestamp, decimal, base64.
    pub const UNPARSABLE: &str = "unparsable value";
    /// A number that its type cannot hold.
    pub const OVERFLOW: &str = "number out of range";
    /// A check of the schema.
    pub const CHECK: &str = "check failed";
    /// A key that an earlier record has.
    pub const DUPLICATE: &str = "duplicate key";
}

/// Why a value does not fit: kind and reason.
pub type Misfit = (&'static str, String);

/// A misfit at a field.
pub fn problem(field: &Field, (kind, reason): Misfit) -> Problem {
    Problem {
        field: Some(field.name.clone()),
        kind,
        reason,
    }
}

/// A value of another type than the field's.
pub fn wrong_type(data_type: &DataType, found: impl std::fmt::Display) -> Misfit {
    (kind::TYPE, format!("expected {}, found {found}", type_name(data_type)))
}

/// The required field has no value.
pub fn required(field: &Field, null: bool) -> Problem {
    let reason = if null {
        format!("`{}` is null, its type {} has no `none`", field.name, type_name(&field.data_type))
    } else {
        format!("required field `{}` is missing", field.name)
    };
    problem(field, (kind::MISSING, reason))
}

/// A whole number of JSON.
pub fn from_integer(data_type: &DataType, number: i64) -> Result<Cell<'static>, Misfit> {
    match data_type {
        DataType::Int => Ok(Cell::Int(number)),
        #[expect(
            clippy::cast_precision_loss,
            reason = "JSON does not tell integers from floats; the nearest float is what the text denotes"
        )]
        DataType::Float => Ok(Cell::Float(number as f64)),
        DataType::Duration => number
            .checked_mul(1_000_000)
            .map(Cell::Int)
            .ok_or_else(|| overflow(data_type, number)),
        DataType::Decimal { precision, scale } => parse_decimal(&number.to_string(), *precision, *scale),
        DataType::Json => Ok(Cell::Text(number.to_string().into())),
        _ => Err(wrong_type(data_type, format_args!("number {number}"))),
    }
}

/// A whole number of JSON above `i64::MAX`.
pub fn from_unsigned(data_type: &DataType, number: u64) -> Result<Cell<'static>, Misfit> {
    match i64::try_from(number) {
        Ok(number) => from_integer(data_type, number),
        Err(_) => match data_type {
            DataType::Int | DataType::Duration => Err(overflow(data_type, number)),
            #[expect(clippy::cast_precision_loss, reason = "the nearest float is what the text denotes")]
            DataType::Float => Ok(Cell::Float(number as f64)),
            DataType::Decimal { precision, scale } => parse_decimal(&number.to_string(), *precision, *scale),
            DataType::Json => Ok(Cell::Text(number.to_string().into())),
            _ => Err(wrong_type(data_type, format_args!("number {number}"))),
        },
    }
}

/// 2^53: below it, every whole number is a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number of JSON with a fraction or an exponent.
pub fn from_float(data_type: &DataType, number: f64) -> Result<Cell<'static>, Misfit> {
    match data_type {
        DataType::Float => Ok(Cell::Float(number)),
        // JSON has one kind of number, and pandas writes a column of integers with a missing one as `3.0`.
        #[expect(clippy::cast_possible_truncation, reason = "whole, and every float below 2^53 is exact")]
        DataType::Int if number.fract() == 0.0 && number.abs() < EXACT => Ok(Cell::Int(number as i64)),
        DataType::Int if number.fract() == 0.0 && number.abs() >= 9.2e18 => Err(overflow(data_type, number)),
        DataType::Duration => {
            let micros = (number * 1e6).round();
            // 2^63 microseconds; the bound itself is not representable.
            if micros.abs() < 9.2e18 {
                #[expect(clippy::cast_possible_truncation, reason = "within bounds, and whole")]
                Ok(Cell::Int(micros as i64))
            } else {
                Err(overflow(data_type, number))
            }
        }
        DataType::Decimal { precision, scale } => {
            let text = format!("{number}");
            if text.bytes().filter(u8::is_ascii_digit).count() > 15 {
                return Err((
                    kind::UNPARSABLE,
                    format!("{text} has more than 15 digits, which a JSON number does not keep: write it as a text"),
                ));
            }
            parse_decimal(&text, *precision, *scale)
        }
        DataType::Json => Ok(Cell::Text(Value::from(number).to_string().into())),
        _ => Err(wrong_type(data_type, format_args!("number {number}"))),
    }
}

/// A truth value of JSON.
pub fn from_bool(data_type: &DataType, value: bool) -> Result<Cell<'static>, Misfit> {
    match data_type {
        DataType::Bool => Ok(Cell::Bool(value)),
        DataType::Json => Ok(Cell::Text(value.to_string().into())),
        _ => Err(wrong_type(data_type, value)),
    }
}

/// A text of JSON.
pub fn from_text<'a>(data_type: &DataType, text: Cow<'a, str>) -> Result<Cell<'a>, Misfit> {
    let unparsable = |reason| (kind::UNPARSABLE, reason);
    match data_type {
        DataType::String => Ok(Cell::Text(text)),
        DataType::Date => parse_date(&text).map(|days| Cell::Int(days.into())).map_err(unparsable),
        DataType::Timestamp => parse_timestamp(&text).map(Cell::Int).map_err(unparsable),
        DataType::Decimal { precision, scale } => parse_decimal(&text, *precision, *scale),
        DataType::Bytes => BASE64_STANDARD
            .decode(text.as_bytes())
            .map(Cell::Bytes)
            .map_err(|error| unparsable(format!("`{}` is no base64: {error}", shorten(&text)))),
        DataType::Json => Ok(Cell::Text(Value::from(text.as_ref()).to_string().into())),
        _ => Err(wrong_type(
            data_type,
            format_args!("text {}", Value::from(shorten(&text))),
        )),
    }
}

/// A field of CSV. An empty one is `none` where the field is optional.
pub fn from_csv<'a>(field: &Field, text: &'a str) -> Result<Cell<'a>, Problem> {
    if text.is_empty() && field.optional {
        return Ok(Cell::None);
    }
    let data_type = &field.data_type;
    if text.is_empty() && !matches!(data_type, DataType::String) {
        let reason = format!("`{}` is empty, its type {} has no `none`", field.name, type_name(data_type));
        return Err(problem(field, (kind::MISSING, reason)));
    }
    let wrong = || wrong_type(data_type, format_args!("text {}", Value::from(shorten(text))));
    let cell = match data_type {
        DataType::Bool => text.parse().map(Cell::Bool).map_err(|_| wrong()),
        DataType::Int => text.parse().map(Cell::Int).map_err(|error: std::num::ParseIntError| {
            use std::num::IntErrorKind::{NegOverflow, PosOverflow};
            match error.kind() {
                PosOverflow | NegOverflow => overflow(data_type, text),
                _ => wrong(),
            }
        }),
        DataType::Float => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Cell::Float(number)),
            _ => Err(wrong()),
        },
        DataType::Duration => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => from_float(data_type, number),
            _ => Err(wrong()),
        },
        DataType::Json => serde_json::from_str::<Value>(text)
            .map(|value| Cell::Text(value.to_string().into()))
            .map_err(|_| wrong()),
        DataType::List { .. } | DataType::Map { .. } | DataType::Struct { .. } => {
            json_value::parse(text, data_type).unwrap_or_else(|| Err(wrong()))
        }
        _ => from_text(data_type, Cow::Borrowed(text)),
    };
    cell.map_err(|misfit| problem(field, misfit))
}

/// A number that the type cannot hold.
pub fn overflow(data_type: &DataType, number: impl std::fmt::Display) -> Misfit {
    (
        kind::OVERFLOW,
        format!("{number} does not fit {} (64 bits with sign)", type_name(data_type)),
    )
}

/// Reads `-12.5` or `1e3` as the unscaled digits of a decimal; digits that would be lost are refused.
pub fn parse_decimal(text: &str, precision: u8, scale: u8) -> Result<Cell<'static>, Misfit> {
    let data_type = DataType::Decimal { precision, scale };
    let unparsable = || {
        (
            kind::UNPARSABLE,
            format!("`{}` is no {}", shorten(text), type_name(&data_type)),
        )
    };
    let too_large = || {
        (
            kind::OVERFLOW,
            format!("{} does not fit {}", shorten(text), type_name(&data_type)),
        )
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| unparsable())?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(unparsable());
    }
    let after_point = i32::try_from(fraction.len()).map_err(|_| unparsable())?;
    let shift = i32::from(scale)
        .checked_sub(after_point)
        .and_then(|shift| shift.checked_add(exponent))
        .ok_or_else(too_large)?;
    let all = all.trim_start_matches('0');
    let scaled = if all.is_empty() {
        "0".to_owned()
    } else if shift >= 0 {
        let zeros = usize::try_from(shift).ok().filter(|zeros| *zeros <= 40).ok_or_else(too_large)?;
        format!("{all}{}", "0".repeat(zeros))
    } else {
        let cut = usize::try_from(-i64::from(shift)).map_err(|_| too_large())?;
        let kept = all.len().saturating_sub(cut);
        let (kept, lost) = all.split_at_checked(kept).ok_or_else(unparsable)?;
        if lost.bytes().any(|byte| byte != b'0') {
            return Err((
                kind::UNPARSABLE,
                format!(
                    "{} has more than {scale} digits after the point, {} would lose them",
                    shorten(text),
                    type_name(&data_type)
                ),
            ));
        }
        if kept.is_empty() { "0".to_owned() } else { kept.to_owned() }
    };
    if scaled.len() > usize::from(precision) && scaled != "0" {
        return Err(too_large());
    }
    let number: i128 = scaled.parse().map_err(|_| too_large())?;
    Ok(Cell::Decimal(if negative { -number } else { number }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn decimals() {
        let parse = |text| parse_decimal(text, 5, 2);
        assert_eq!(parse("12.5"), Ok(Cell::Decimal(1250)));
        assert_eq!(parse("-0.05"), Ok(Cell::Decimal(-5)));
        assert_eq!(parse("1e2"), Ok(Cell::Decimal(10_000)));
        assert_eq!(parse("0"), Ok(Cell::Decimal(0)));
        assert_eq!(parse("1.2300"), Ok(Cell::Decimal(123)));
        assert_eq!(parse("1000").unwrap_err().0, kind::OVERFLOW);
        assert_eq!(parse("1e99").unwrap_err().0, kind::OVERFLOW);
        assert_eq!(parse("1.234").unwrap_err().0, kind::UNPARSABLE);
        assert_eq!(parse("abc").unwrap_err().0, kind::UNPARSABLE);
        assert_eq!(parse("").unwrap_err().0, kind::UNPARSABLE);
        assert_eq!(parse("1e999999999999").unwrap_err().0, kind::UNPARSABLE);
    }

    #[test]
    fn numbers_out_of_range() {
        assert_eq!(from_unsigned(&DataType::Int, u64::MAX).unwrap_err().0, kind::OVERFLOW);
        assert_eq!(from_float(&DataType::Int, 1e20).unwrap_err().0, kind::OVERFLOW);
        assert_eq!(
            from_float(&DataType::Int, 12.5).unwrap_err(),
            (kind::TYPE, "expected Int, found number 12.5".into())
        );
        assert_eq!(
            from_integer(&DataType::Timestamp, 12).unwrap_err().1,
            "expected Timestamp, found number 12"
        );
        assert_eq!(from_float(&DataType::Duration, 1.5), Ok(Cell::Int(1_500_000)));
    }
}
