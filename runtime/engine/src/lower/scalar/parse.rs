//! Texts as values: `none` for a text that is none.

use super::Arguments;
use crate::lower::date::{DAY, FIRST_DAY, LAST_DAY};
use crate::temporal::{parse_date, parse_timestamp};
use crate::types::UTC;
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, TimestampMicrosecondArray};
use datafusion::common::Result;
use flow_plan::ScalarFunction;
use std::sync::Arc;

/// Digits before the point: every such number is finite.
const DIGITS: usize = 200;

pub(super) fn compute(arguments: &Arguments<'_>) -> Result<ArrayRef> {
    let texts = arguments.texts(0)?;
    let texts = (0..arguments.rows).map(|row| texts.at(row));
    Ok(match arguments.function {
        ScalarFunction::ParseInt => Arc::new(texts.map(|text| int(text?)).collect::<Int64Array>()),
        ScalarFunction::ParseFloat => Arc::new(texts.map(|text| float(text?)).collect::<Float64Array>()),
        ScalarFunction::ParseBool => Arc::new(texts.map(|text| text?.parse().ok()).collect::<BooleanArray>()),
        ScalarFunction::ParseDate => Arc::new(texts.map(|text| parse_date(text?).ok()).collect::<Date32Array>()),
        ScalarFunction::ParseTimestamp => {
            let instants: TimestampMicrosecondArray = texts.map(|text| timestamp(text?)).collect();
            Arc::new(instants.with_timezone(UTC))
        }
        _ => return Err(arguments.wrong()),
    })
}

/// The text after as many digits as there are, of which there must be one.
fn after_digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

fn int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (digits.len() <= DIGITS && after_digits(digits) == Some("")).then(|| text.parse().ok()).flatten()
}

fn float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut rest = after_digits(digits)?;
    if digits.len() - rest.len() > DIGITS {
        return None;
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = after_digits(fraction)?;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        rest = after_digits(exponent)?;
        if exponent.len() - rest.len() > 2 {
            return None;
        }
    }
    let number: f64 = if rest.is_empty() { text.parse().ok()? } else { return None };
    // The language has no negative zero.
    number.is_finite().then_some(number + 0.0)
}

fn timestamp(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let zone_at = match time.strip_suffix(['Z', 'z']) {
        Some(time) => time.len(),
        None => time.rfind(['+', '-']).unwrap_or(time.len()),
    };
    let (time, zone) = time.split_at_checked(zone_at)?;
    let zone = if zone.is_empty() { "Z" } else { zone };
    let seconds = if time.len() == 5 { ":00" } else { "" };
    let instant = parse_timestamp(&format!("{date}T{time}{seconds}{zone}")).ok()?;
    (FIRST_DAY * DAY..(LAST_DAY + 1) * DAY).contains(&instant).then_some(instant)
}
