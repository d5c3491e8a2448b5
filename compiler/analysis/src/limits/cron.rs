//! Schedule expressions of EventBridge Scheduler: `cron(…)`, `rate(…)`, `at(…)`.
//!
//! A cron expression has six fields: minutes, hours, day of month, month, day of week, year. Exactly one of the
//! two day fields is `?`. Days of the week are 1 (Sunday) to 7, or `SUN` to `SAT`. `L` is the last day, `15W`
//! the weekday nearest to the 15th, `FRI#2` the second Friday, `FRIL` or `6L` the last one.
//! Source: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>, checked 2026-09.
//!
//! ```
//! use flow_analysis::limits::cron;
//! let at = "2026-01-01T00:00:00Z".parse().unwrap();
//! let times = cron::next("cron(0 2 * * ? *)", chrono_tz::UTC, at, 2).unwrap();
//! assert_eq!(times[0].to_rfc3339(), "2026-01-01T02:00:00+00:00");
//! assert!(cron::parse("cron(0 2 * * *)").is_err());
//! ```

mod calendar;
mod field;

pub use calendar::{ClockHazards, Fire, Interval, clock_hazards, next, shortest_interval, skipped_times};
pub use field::Field;

use field::{DayOfMonth, DayOfWeek};
use std::collections::BTreeSet;

/// A schedule expression, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// `cron(…)`.
    Cron(Cron),
    /// `rate(…)`.
    Rate {
        /// Minutes between two fires.
        minutes: u64,
    },
    /// `at(yyyy-mm-ddThh:mm:ss)`: once.
    At(chrono::NaiveDateTime),
}

/// Six fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: BTreeSet<u32>,
    hours: BTreeSet<u32>,
    days: Days,
    months: BTreeSet<u32>,
    years: BTreeSet<u32>,
}

impl Cron {
    /// How many different hours of the day it names.
    pub fn hours_of_day(&self) -> usize {
        self.hours.len()
    }
}

/// The day field that is not `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth(Vec<DayOfMonth>),
    OfWeek(Vec<DayOfWeek>),
}

/// Why EventBridge Scheduler would refuse an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Neither `cron(…)` nor `rate(…)` nor `at(…)`.
    Form,
    /// Five fields, as Unix has them; with the six-field form if there is one.
    FiveFields {
        /// `0 2 * * ? *`.
        six: Option<String>,
    },
    /// Another number of fields.
    FieldCount(usize),
    /// A field that does not parse.
    Field {
        /// Which.
        field: Field,
        /// Its text.
        text: String,
        /// What is wrong with it.
        reason: String,
        /// What to write instead, where that is known.
        instead: Option<String>,
    },
    /// Not exactly one of the day fields is `?`.
    DayFields {
        /// Both are `?`.
        both_open: bool,
        /// The expression with one of them as `?`, where that keeps the meaning.
        instead: Option<String>,
    },
    /// All fields are fine, but no such date exists (February 30).
    Never,
    /// All years of its last field are past.
    Past,
    /// `rate(…)` does not parse.
    Rate {
        /// What is wrong.
        reason: String,
        /// `rate(1 hour)`.
        instead: Option<String>,
    },
    /// `at(…)` does not parse.
    At,
}

/// Parses a whole expression, its function included: `cron(0 2 * * ? *)`.
pub fn parse(expression: &str) -> Result<Expression, Refusal> {
    let text = expression.trim();
    if let Some(fields) = inside(text, "cron") {
        return cron(fields).map(Expression::Cron);
    }
    if let Some(rate) = inside(text, "rate") {
        return rate_minutes(rate).map(|minutes| Expression::Rate { minutes });
    }
    if let Some(at) = inside(text, "at") {
        return chrono::NaiveDateTime::parse_from_str(at.trim(), "%Y-%m-%dT%H:%M:%S")
            .map(Expression::At)
            .map_err(|_| Refusal::At);
    }
    Err(Refusal::Form)
}

/// What stands between `NAME(` and `)`.
fn inside<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')
}

fn cron(text: &str) -> Result<Cron, Refusal> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minutes, hours, day_of_month, month, day_of_week, year] = fields.as_slice() else {
        return Err(match fields.as_slice() {
            [minutes, hours, day_of_month, month, day_of_week] => Refusal::FiveFields {
                six: six_fields(minutes, hours, day_of_month, month, day_of_week),
            },
            other => Refusal::FieldCount(other.len()),
        });
    };
    let days = match (*day_of_month, *day_of_week) {
        ("?", "?") => {
            let instead = Some(format!("{minutes} {hours} * {month} ? {year}"));
            return Err(Refusal::DayFields { both_open: true, instead });
        }
        ("?", weekdays) => Days::OfWeek(field::days_of_week(weekdays)?),
        (days, "?") => Days::OfMonth(field::days_of_month(days)?),
        (days, weekdays) => {
            // A field that is itself wrong is told first: its message is the more precise one.
            field::days_of_month(days)?;
            field::days_of_week(weekdays)?;
            let instead = match (days, weekdays) {
                (days, "*") => Some(format!("{minutes} {hours} {days} {month} ? {year}")),
                ("*", weekdays) => Some(format!("{minutes} {hours} ? {month} {weekdays} {year}")),
                _ => None,
            };
            return Err(Refusal::DayFields { both_open: false, instead });
        }
    };
    let cron = Cron {
        minutes: field::numbers(Field::Minutes, minutes)?,
        hours: field::numbers(Field::Hours, hours)?,
        days,
        months: field::numbers(Field::Month, month)?,
        years: field::numbers(Field::Year, year)?,
    };
    let first = u32::try_from(super::FIRST_YEAR).unwrap_or(0);
    if cron.years.range(first..).next().is_none() {
        return Err(Refusal::Past);
    }
    if calendar::fires_ever(&cron) { Ok(cron) } else { Err(Refusal::Never) }
}

/// The six-field form of a Unix expression, whose days of the week count from 0; `None` where it has none: a day
/// of the month and one of the week at once means "either" in Unix, which takes two schedules here.
fn six_fields(minutes: &str, hours: &str, day: &str, month: &str, weekday: &str) -> Option<String> {
    let six = match (day, weekday) {
        ("?", "?") => return None,
        (day, "*" | "?") => format!("{minutes} {hours} {day} {month} ? *"),
        ("*" | "?", weekday) => format!("{minutes} {hours} ? {month} {} *", unix_weekdays(weekday)?),
        _ => return None,
    };
    cron(&six).is_ok().then_some(six)
}

/// Unix's 0 (Sunday) to 7 (Sunday again) as names.
fn unix_weekdays(text: &str) -> Option<String> {
    let name = |part: &str| match part.parse::<usize>() {
        Ok(number) => field::WEEKDAYS.get(number % 7).filter(|_| number <= 7).map(|name| (*name).to_owned()),
        Err(_) => Some(part.to_ascii_uppercase()),
    };
    let parts: Option<Vec<String>> = text
        .split(',')
        .map(|part| match part.split_once('-') {
            Some((first, last)) => Some(format!("{}-{}", name(first)?, name(last)?)),
            None => name(part),
        })
        .collect();
    Some(parts?.join(","))
}

fn rate_minutes(text: &str) -> Result<u64, Refusal> {
    let refuse = |reason: &str, instead: Option<String>| {
        Err(Refusal::Rate { reason: reason.to_owned(), instead: instead.map(|rate| format!("rate({rate})")) })
    };
    let mut parts = text.split_whitespace();
    let (Some(number), Some(unit), None) = (parts.next(), parts.next(), parts.next()) else {
        return refuse("a rate is a whole number and a unit", Some("1 hour".to_owned()));
    };
    let Ok(value) = number.parse::<u64>() else {
        return refuse("the number of a rate is a whole number above 0", Some("1 hour".to_owned()));
    };
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    let minutes = match singular {
        "minute" => 1,
        "hour" => 60,
        "day" => 1_440,
        "second" => {
            let minutes = value.div_ceil(60).max(1);
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            return refuse("the shortest rate is one minute", Some(format!("{minutes} {unit}")));
        }
        "week" => {
            return refuse("a rate counts minutes, hours or days", Some(format!("{} days", value.saturating_mul(7))));
        }
        _ => return refuse("a rate counts minutes, hours or days", None),
    };
    match value {
        0 => refuse("a rate is at least one minute", Some("1 minute".to_owned())),
        1 if unit.ends_with('s') => {
            refuse("the unit after 1 is singular", Some(format!("1 {singular}")))
        }
        2.. if !unit.ends_with('s') => {
            refuse("the unit after a number above 1 is plural", Some(format!("{value} {singular}s")))
        }
        _ => Ok(value.saturating_mul(minutes)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn refusal(text: &str) -> Refusal {
        match parse(text) {
            Ok(expression) => panic!("`{text}` was accepted: {expression:?}"),
            Err(refusal) => refusal,
        }
    }

    #[test]
    fn accepts_what_the_pages_of_aws_show() {
        for text in [
            "cron(0 10 * * ? *)",
            "cron(15 12 * * ? *)",
            "cron(0 18 ? * MON-FRI *)",
            "cron(0 8 1 * ? *)",
            "cron(0/10 * ? * MON-FRI *)",
            "cron(0/5 8-17 ? * MON-FRI *)",
            "cron(0 9 ? * 2#1 *)",
            "cron(15 10 ? * 6L 2026-2027)",
            "cron(0 9 ? * FRIL *)",
            "cron(0 0 L * ? *)",
            "cron(0 0 LW * ? *)",
            "cron(0 0 15W * ? *)",
            "cron(0 0 1,15 JAN,JUL ? 2026/2)",
            "cron(0 0 ? * L *)",
            "cron(*/15 * * * ? *)",
            "rate(1 minute)",
            "rate(12 hours)",
            "at(2027-01-31T12:00:00)",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn five_fields_give_the_six_field_form() {
        let six = |text| match refusal(text) {
            Refusal::FiveFields { six } => six,
            other => panic!("{other:?}"),
        };
        assert_eq!(six("cron(0 2 * * *)").as_deref(), Some("0 2 * * ? *"));
        assert_eq!(six("cron(0 9 * * 1-5)").as_deref(), Some("0 9 ? * MON-FRI *"));
        assert_eq!(six("cron(0 9 * * 0)").as_deref(), Some("0 9 ? * SUN *"));
        assert_eq!(six("cron(0 9 * * sun,wed)").as_deref(), Some("0 9 ? * SUN,WED *"));
        assert_eq!(six("cron(30 6 1 * *)").as_deref(), Some("30 6 1 * ? *"));
        assert_eq!(six("cron(0 9 13 * 5)"), None);
    }

    #[test]
    fn day_fields() {
        let instead = |text| match refusal(text) {
            Refusal::DayFields { instead, .. } => instead,
            other => panic!("{other:?}"),
        };
        assert_eq!(instead("cron(0 2 * * * *)").as_deref(), Some("0 2 * * ? *"));
        assert_eq!(instead("cron(0 2 ? * ? *)").as_deref(), Some("0 2 * * ? *"));
        assert_eq!(instead("cron(0 2 * * MON *)").as_deref(), Some("0 2 ? * MON *"));
        assert_eq!(instead("cron(0 2 13 * FRI *)"), None);
    }

    #[test]
    fn dates_that_do_not_exist() {
        assert_eq!(refusal("cron(0 2 30 FEB ? *)"), Refusal::Never);
        assert_eq!(refusal("cron(0 2 31 4,6,9,11 ? *)"), Refusal::Never);
        assert_eq!(refusal("cron(0 2 1 1 ? 1999)"), Refusal::Past);
        assert_eq!(refusal("cron(0 2 29 2 ? 2027)"), Refusal::Never);
        assert!(parse("cron(0 2 29 2 ? *)").is_ok());
    }

    #[test]
    fn fields_say_what_is_wrong() {
        let reason = |text| match refusal(text) {
            Refusal::Field { field, reason, instead, .. } => format!("{}: {reason} {instead:?}", field.name()),
            other => panic!("{other:?}"),
        };
        assert_eq!(reason("cron(60 2 * * ? *)"), "minutes: 60 is not between 0 and 59 None");
        assert_eq!(reason("cron(0 24 * * ? *)"), "hours: 24 is not between 0 and 23 Some(\"0\")");
        assert_eq!(reason("cron(0 2 ? * 0 *)"), "day of week: 0 is not between 1 and 7 Some(\"SUN\")");
        assert_eq!(reason("cron(0 2 * 13 ? *)"), "month: 13 is not between 1 and 12 None");
        assert_eq!(reason("cron(0 2 * * ? 2200)"), "year: 2200 is not between 1970 and 2199 None");
        assert!(reason("cron(0 2 * JANUARY ? *)").contains("Some(\"JAN\")"));
        assert!(reason("cron(0 2 ? * FRI-MON *)").contains("Some(\"FRI-SAT,SUN-MON\")"));
        assert!(reason("cron(0 2 ? * 2#6 *)").contains("1 to 5"));
        assert!(reason("cron(0/0 2 * * ? *)").contains("step"));
        assert!(reason("cron(/5 2 * * ? *)").contains("0/5"));
    }

    #[test]
    fn rates() {
        let instead = |text| match refusal(text) {
            Refusal::Rate { instead, .. } => instead,
            other => panic!("{other:?}"),
        };
        assert_eq!(instead("rate(10 seconds)").as_deref(), Some("rate(1 minute)"));
        assert_eq!(instead("rate(1 hours)").as_deref(), Some("rate(1 hour)"));
        assert_eq!(instead("rate(5 minute)").as_deref(), Some("rate(5 minutes)"));
        assert_eq!(instead("rate(0 days)").as_deref(), Some("rate(1 minute)"));
        assert_eq!(instead("rate(2 weeks)").as_deref(), Some("rate(14 days)"));
        assert_eq!(parse("rate(2 days)"), Ok(Expression::Rate { minutes: 2_880 }));
    }

    #[test]
    fn never_panics() {
        for text in ["", "cron", "cron(", "cron()", "cron(L L L L L L)", "cron(# # # # # #)", "rate( )", "at()",
            "cron(ü * * * ? *)", "cron(- - - - ? -)", "cron(0-/2 * * * ? *)", "cron(9999999999999 * * * ? *)",
            "cron(0 0 0W * ? *)", "cron(0 0 ? * #3 *)", "cron(1,,2 * * * ? *)"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
