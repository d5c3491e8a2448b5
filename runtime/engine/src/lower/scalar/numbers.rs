//! Functions of numbers and of lengths of time.

use super::Arguments;
use crate::lower::function::failure_of;
use arrow::array::{ArrayRef, Float64Array, Int64Array};
use arrow::datatypes::{DurationMicrosecondType, Float64Type, Int64Type};
use datafusion::common::Result;
use flow_plan::ScalarFunction;
use std::sync::Arc;

/// The first number above `Int`, which a `Float` holds exactly.
const BEYOND_INT: f64 = 9_223_372_036_854_775_808.0;

pub(super) fn compute(arguments: &Arguments<'_>) -> Result<ArrayRef> {
    let rows = 0..arguments.rows;
    if arguments.function == ScalarFunction::DurationSeconds {
        let lengths = arguments.primitives::<DurationMicrosecondType>(0)?;
        #[expect(clippy::cast_precision_loss, reason = "what a `Float` can hold of it")]
        let seconds: Float64Array = rows.map(|row| Some(lengths.at(row)? as f64 / 1e6)).collect();
        return Ok(Arc::new(seconds));
    }
    let numbers = arguments.primitives::<Float64Type>(0)?;
    Ok(match arguments.function {
        ScalarFunction::IntOfFloat => {
            let whole: Int64Array = rows
                .map(|row| numbers.at(row).map(int).transpose())
                .collect::<std::result::Result<_, _>>()?;
            Arc::new(whole)
        }
        ScalarFunction::RoundDigits => {
            let digits = arguments.primitives::<Int64Type>(1)?;
            let rounded: Float64Array = rows.map(|row| Some(round(numbers.at(row)?, digits.at(row)?))).collect();
            Arc::new(rounded)
        }
        ScalarFunction::Power => {
            let exponents = arguments.primitives::<Float64Type>(1)?;
            let powers: Float64Array = rows
                .map(|row| {
                    let (Some(number), Some(exponent)) = (numbers.at(row), exponents.at(row)) else { return Ok(None) };
                    finite(number.powf(exponent), || format!("{number} to the power of {exponent}")).map(Some)
                })
                .collect::<std::result::Result<_, _>>()?;
            Arc::new(powers)
        }
        ScalarFunction::SquareRoot => {
            let roots: Float64Array = rows
                .map(|row| {
                    let Some(number) = numbers.at(row) else { return Ok(None) };
                    finite(number.sqrt(), || format!("the square root of {number}")).map(Some)
                })
                .collect::<std::result::Result<_, _>>()?;
            Arc::new(roots)
        }
        _ => return Err(arguments.wrong()),
    })
}

fn int(number: f64) -> std::result::Result<i64, crate::failure::Fault> {
    if !(-BEYOND_INT..BEYOND_INT).contains(&number) {
        return Err(failure_of(format!("{number} does not fit Int")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds; the fraction goes")]
    Ok(number as i64)
}

fn finite(number: f64, what: impl Fn() -> String) -> std::result::Result<f64, crate::failure::Fault> {
    if number.is_finite() { Ok(number + 0.0) } else { Err(failure_of(format!("{} is no finite number", what()))) }
}

/// Half away from zero, to so many digits after the point; a number that is too large for that has no such digits.
fn round(number: f64, digits: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "beyond 400 digits nothing changes")]
    let scale = 10_f64.powf(digits.unsigned_abs().min(400) as f64);
    if digits < 0 {
        let rounded = (number / scale).round();
        return if rounded == 0.0 { 0.0 } else { rounded * scale };
    }
    let scaled = number * scale;
    if scaled.is_finite() { scaled.round() / scale + 0.0 } else { number }
}
