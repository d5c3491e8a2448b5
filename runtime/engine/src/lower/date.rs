//! Functions of dates, timestamps and durations. All in UTC; a day has 86,400 seconds.

use crate::lower::function::{Operand, failure_of, wrong_arguments};
use crate::types::UTC;
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, DurationMicrosecondArray, Int64Array, TimestampMicrosecondArray};
use arrow::compute::kernels::arity::try_binary;
use arrow::array::{ArrowPrimitiveType, PrimitiveArray};
use arrow::datatypes::{Date32Type, DurationMicrosecondType, TimestampMicrosecondType};
use datafusion::common::Result;
use arrow::error::ArrowError;
use std::sync::Arc;

pub(super) const DAY: i64 = 86_400_000_000;
/// 0000-01-01 and 9999-12-31, the days that texts of dates can name.
pub(super) const FIRST_DAY: i64 = -719_528;
pub(super) const LAST_DAY: i64 = 2_932_896;

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateFunction {
    /// `Timestamp -> Date`
    DateOfTimestamp,
    /// `Date -> Timestamp`
    TimestampOfDate,
    /// `Date -> Date`
    MonthStart,
    /// `Date -> Int`
    Year,
    /// `Date -> Int`
    Month,
    /// `Date -> Int`
    Day,
    /// `(Date, Date) -> Duration`
    SubtractDates,
    /// `(Timestamp, Timestamp) -> Duration`
    SubtractTimestamps,
    /// `(Date, Duration) -> Date`
    AddDate,
    /// `(Timestamp, Duration) -> Timestamp`
    AddTimestamp,
}

impl DateFunction {
    /// Whether it can fail. Dates and timestamps lie between the years 0 and 9999 (parsing and adding see to
    /// that), so that no difference overflows.
    pub fn fallible(self) -> bool {
        matches!(self, DateFunction::AddDate | DateFunction::AddTimestamp)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            DateFunction::DateOfTimestamp => "flow_date",
            DateFunction::TimestampOfDate => "flow_timestamp",
            DateFunction::MonthStart => "flow_month_start",
            DateFunction::Year => "flow_year",
            DateFunction::Month => "flow_month",
            DateFunction::Day => "flow_day",
            DateFunction::SubtractDates => "flow_subtract_dates",
            DateFunction::SubtractTimestamps => "flow_subtract_timestamps",
            DateFunction::AddDate => "flow_add_date",
            DateFunction::AddTimestamp => "flow_add_timestamp",
        }
    }
}

/// Year, month and day of a day's number (Howard Hinnant's `civil_from_days`, exact for all of `i32`).
pub(super) fn civil(days: i32) -> (i64, i64, i64) {
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

pub(super) fn unary(function: DateFunction, operand: &dyn Array) -> Result<ArrayRef> {
    let wrong = || wrong_arguments(function.name());
    if function == DateFunction::DateOfTimestamp {
        let instants = operand.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(wrong)?;
        #[expect(clippy::cast_possible_truncation, reason = "2^63 microseconds are fewer than 2^27 days")]
        let dates: Date32Array = instants.unary(|micros| micros.div_euclid(DAY) as i32);
        return Ok(Arc::new(dates));
    }
    let dates = operand.as_primitive_opt::<Date32Type>().ok_or_else(wrong)?;
    let numbers = |of: fn((i64, i64, i64)) -> i64| -> ArrayRef {
        let numbers: Int64Array = dates.unary(|days| of(civil(days)));
        Arc::new(numbers)
    };
    Ok(match function {
        DateFunction::TimestampOfDate => {
            // Days beyond the years 0 to 9999 come from no text; they stop at the bounds of the type.
            let instants: TimestampMicrosecondArray = dates.unary(|days| i64::from(days).saturating_mul(DAY));
            Arc::new(instants.with_timezone(UTC))
        }
        DateFunction::MonthStart => {
            #[expect(clippy::cast_possible_truncation, reason = "1 to 31")]
            let starts: Date32Array = dates.unary(|days| days.saturating_sub(civil(days).2 as i32 - 1));
            Arc::new(starts)
        }
        DateFunction::Year => numbers(|civil| civil.0),
        DateFunction::Month => numbers(|civil| civil.1),
        DateFunction::Day => numbers(|civil| civil.2),
        _ => return Err(wrong()),
    })
}

/// Combines two arguments of which one may be a single value.
fn combine<L: ArrowPrimitiveType, R: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    function: DateFunction,
    left: &Operand,
    right: &Operand,
    apply: impl Fn(L::Native, R::Native) -> Result<O::Native, ArrowError>,
) -> Result<PrimitiveArray<O>> {
    let wrong = || wrong_arguments(function.name());
    let l = left.array().as_primitive_opt::<L>().ok_or_else(wrong)?;
    let r = right.array().as_primitive_opt::<R>().ok_or_else(wrong)?;
    let single = |operand: &Operand| operand.datum().get().1;
    Ok(match (single(left), single(right)) {
        (false, true) if r.len() == 1 => {
            if r.is_null(0) {
                return Ok(PrimitiveArray::new_null(l.len()));
            }
            let r = r.value(0);
            l.try_unary(|l| apply(l, r))?
        }
        (true, false) if l.len() == 1 => {
            if l.is_null(0) {
                return Ok(PrimitiveArray::new_null(r.len()));
            }
            let l = l.value(0);
            r.try_unary(|r| apply(l, r))?
        }
        _ => try_binary(l, r, apply)?,
    })
}

fn arrow_failure(cause: String) -> ArrowError {
    ArrowError::ExternalError(Box::new(failure_of(cause)))
}

pub(super) fn binary(function: DateFunction, left: &Operand, right: &Operand) -> Result<ArrayRef> {
    let too_long = || arrow_failure("a length of time is too large for a Duration".into());
    Ok(match function {
        DateFunction::SubtractDates => {
            let result: DurationMicrosecondArray =
                combine::<Date32Type, Date32Type, DurationMicrosecondType>(function, left, right, |l, r| {
                    (i64::from(l) - i64::from(r)).checked_mul(DAY).ok_or_else(too_long)
                })?;
            Arc::new(result)
        }
        DateFunction::SubtractTimestamps => Arc::new(combine::<
            TimestampMicrosecondType,
            TimestampMicrosecondType,
            DurationMicrosecondType,
        >(function, left, right, |l, r| {
            l.checked_sub(r).ok_or_else(too_long)
        })?),
        DateFunction::AddDate => Arc::new(combine::<Date32Type, DurationMicrosecondType, Date32Type>(
            function,
            left,
            right,
            |date, duration| {
                if duration % DAY != 0 {
                    return Err(arrow_failure(format!(
                        "a duration of {} s is no whole number of days, which a Date needs",
                        crate::temporal::format_duration(duration)
                    )));
                }
                let day = i64::from(date) + duration / DAY;
                i32::try_from(day)
                    .ok()
                    .filter(|_| (FIRST_DAY..=LAST_DAY).contains(&day))
                    .ok_or_else(|| arrow_failure("a date lies outside of the years 0 to 9999".into()))
            },
        )?),
        DateFunction::AddTimestamp => {
            let result = combine::<TimestampMicrosecondType, DurationMicrosecondType, TimestampMicrosecondType>(
                function,
                left,
                right,
                |instant, duration| {
                    instant
                        .checked_add(duration)
                        .filter(|sum| (FIRST_DAY * DAY..(LAST_DAY + 1) * DAY).contains(sum))
                        .ok_or_else(|| arrow_failure("a timestamp lies outside of the years 0 to 9999".into()))
                },
            )?;
            Arc::new(result.with_timezone(UTC))
        }
        _ => return Err(wrong_arguments(function.name())),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]
    use super::*;
    use chrono::{Datelike, NaiveDate};

    #[test]
    fn civil_agrees_with_the_calendar() {
        for days in (FIRST_DAY..=LAST_DAY).step_by(97) {
            let date = NaiveDate::from_num_days_from_ce_opt(days as i32 + 719_163).unwrap();
            let expected = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
            assert_eq!(civil(days as i32), expected);
        }
    }
}
