//! Functions of dates and instants, all in UTC.

use super::Arguments;
use crate::lower::date::{DAY, FIRST_DAY, LAST_DAY, civil};
use crate::lower::function::failure_of;
use crate::temporal::days;
use crate::types::UTC;
use arrow::array::{ArrayRef, Date32Array, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::Result;
use flow_plan::ScalarFunction;
use std::sync::Arc;

const SECOND: i64 = 1_000_000;

pub(super) fn compute(arguments: &Arguments<'_>) -> Result<ArrayRef> {
    let rows = 0..arguments.rows;
    let of_instants = |of: fn(i64) -> i64| -> Result<ArrayRef> {
        let instants = arguments.primitives::<TimestampMicrosecondType>(0)?;
        let numbers: Int64Array = (0..arguments.rows).map(|row| instants.at(row).map(of)).collect();
        Ok(Arc::new(numbers))
    };
    let of_days = |of: fn(i32) -> i64| -> Result<ArrayRef> {
        let dates = arguments.primitives::<Date32Type>(0)?;
        let numbers: Int64Array = (0..arguments.rows).map(|row| dates.at(row).map(of)).collect();
        Ok(Arc::new(numbers))
    };
    // So many days before a date.
    let before = |of: fn(i32) -> i64| -> Result<ArrayRef> {
        let dates = arguments.primitives::<Date32Type>(0)?;
        let moved: Date32Array = (0..arguments.rows)
            .map(|row| {
                let day = dates.at(row)?;
                Some(i32::try_from(i64::from(day) - of(day)).unwrap_or(i32::MIN))
            })
            .collect();
        Ok(Arc::new(moved))
    };
    match arguments.function {
        ScalarFunction::Hour => of_instants(|at| at.rem_euclid(DAY) / (3_600 * SECOND)),
        ScalarFunction::Minute => of_instants(|at| at.rem_euclid(3_600 * SECOND) / (60 * SECOND)),
        ScalarFunction::Second => of_instants(|at| at.rem_euclid(60 * SECOND) / SECOND),
        ScalarFunction::EpochSeconds => of_instants(|at| at.div_euclid(SECOND)),
        ScalarFunction::TimestampOfEpoch => {
            let seconds = arguments.primitives::<Int64Type>(0)?;
            let instants: TimestampMicrosecondArray =
                rows.map(|row| seconds.at(row).map(of_epoch).transpose()).collect::<std::result::Result<_, _>>()?;
            Ok(Arc::new(instants.with_timezone(UTC)))
        }
        ScalarFunction::Weekday => of_days(weekday),
        ScalarFunction::DayOfYear => of_days(day_of_year),
        ScalarFunction::Quarter => of_days(|day| (civil(day).1 + 2) / 3),
        ScalarFunction::YearStart => before(|day| day_of_year(day) - 1),
        ScalarFunction::QuarterStart => before(|day| {
            let (year, month, _) = civil(day);
            day_of_year(day) - 1 - days_before(year, (month - 1) / 3 * 3 + 1)
        }),
        ScalarFunction::WeekStart => before(|day| weekday(day) - 1),
        ScalarFunction::AddMonths => {
            let (dates, months) = (arguments.primitives::<Date32Type>(0)?, arguments.primitives::<Int64Type>(1)?);
            let moved: Date32Array = rows
                .map(|row| match (dates.at(row), months.at(row)) {
                    (Some(day), Some(months)) => add_months(day, months).map(Some),
                    _ => Ok(None),
                })
                .collect::<std::result::Result<_, _>>()?;
            Ok(Arc::new(moved))
        }
        _ => Err(arguments.wrong()),
    }
}

fn of_epoch(seconds: i64) -> std::result::Result<i64, crate::failure::Fault> {
    seconds
        .checked_mul(SECOND)
        .filter(|micros| (FIRST_DAY * DAY..(LAST_DAY + 1) * DAY).contains(micros))
        .ok_or_else(|| failure_of(format!("{seconds} seconds after 1970 lie outside of the years 0 to 9999")))
}

/// 1970-01-01 was a Thursday.
fn weekday(day: i32) -> i64 {
    (i64::from(day) + 3).rem_euclid(7) + 1
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of a year before a month begins.
fn days_before(year: i64, month: i64) -> i64 {
    (1..month).map(|month| days_in(year, month)).sum()
}

fn day_of_year(day: i32) -> i64 {
    let (year, month, of_month) = civil(day);
    days_before(year, month) + of_month
}

fn add_months(day: i32, months: i64) -> std::result::Result<i32, crate::failure::Fault> {
    let (year, month, of_month) = civil(day);
    let moved = (year * 12 + month - 1).checked_add(months).and_then(|all| {
        let (year, month) = (all.div_euclid(12), all.rem_euclid(12) + 1);
        let number = |part: i64| u32::try_from(part).ok();
        if year > 9999 {
            return None;
        }
        days(number(year)?, number(month)?, number(of_month.min(days_in(year, month)))?)
    });
    moved.ok_or_else(|| failure_of("a date lies outside of the years 0 to 9999".into()))
}
