//! Functions of texts, and every type's value as a text.

use crate::lower::function::{Operand, wrong_arguments};
use crate::temporal::{format_date, format_duration, format_timestamp};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewArray, StringViewBuilder};
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, DurationMicrosecondType, Float64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use datafusion::common::Result;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextFunction {
    /// Unicode scalar values of a text.
    CharacterLength,
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// Without Unicode white space at both ends.
    Trim,
    /// Both joined.
    Concat,
    /// Any scalar in the run stage's encoding.
    ToString,
    /// SHA-256 in hexadecimal.
    Hash,
    /// All but the last characters as `*`.
    Mask,
}

impl TextFunction {
    pub(super) fn name(self) -> &'static str {
        match self {
            TextFunction::CharacterLength => "flow_character_length",
            TextFunction::Lower => "flow_lower",
            TextFunction::Upper => "flow_upper",
            TextFunction::Trim => "flow_trim",
            TextFunction::Concat => "flow_concat",
            TextFunction::ToString => "flow_to_string",
            TextFunction::Hash => "flow_hash",
            TextFunction::Mask => "flow_mask",
        }
    }
}

pub(super) fn unary(function: TextFunction, operand: &dyn Array) -> Result<ArrayRef> {
    if function == TextFunction::ToString {
        return to_string(operand);
    }
    let texts = operand
        .as_string_view_opt()
        .ok_or_else(|| wrong_arguments(function.name()))?;
    if function == TextFunction::CharacterLength {
        let lengths: Int64Array = texts
            .iter()
            .map(|text| text.and_then(|text| i64::try_from(text.chars().count()).ok()))
            .collect();
        return Ok(Arc::new(lengths));
    }
    let mut builder = StringViewBuilder::with_capacity(texts.len());
    for text in texts {
        match (function, text) {
            (_, None) => builder.append_null(),
            (TextFunction::Trim, Some(text)) => builder.append_value(text.trim()),
            (TextFunction::Lower, Some(text)) => builder.append_value(text.to_lowercase()),
            (TextFunction::Upper, Some(text)) => builder.append_value(text.to_uppercase()),
            (TextFunction::Hash, Some(text)) => builder.append_value(hash(text)),
            _ => return Err(wrong_arguments(function.name())),
        }
    }
    Ok(Arc::new(builder.finish()))
}

pub(super) fn binary(function: TextFunction, left: &Operand, right: &Operand) -> Result<ArrayRef> {
    let wrong = || wrong_arguments(function.name());
    let (l, l_single) = left.datum().get();
    let (r, r_single) = right.datum().get();
    let l = l.as_string_view_opt().ok_or_else(wrong)?;
    if function == TextFunction::Mask {
        return masked(l, l_single, r.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?, r_single);
    }
    if function != TextFunction::Concat {
        return Err(wrong());
    }
    let r = r.as_string_view_opt().ok_or_else(wrong)?;
    let rows = match (l_single, r_single) {
        (true, true) => 1,
        (true, false) => r.len(),
        _ => l.len(),
    };
    let mut builder = StringViewBuilder::with_capacity(rows);
    let mut joined = String::new();
    for row in 0..rows {
        let at = |texts: &StringViewArray, single| {
            let row = if single { 0 } else { row };
            texts.is_valid(row).then(|| texts.value(row).to_owned())
        };
        match (at(l, l_single), at(r, r_single)) {
            (Some(l), Some(r)) => {
                joined.clear();
                joined.push_str(&l);
                joined.push_str(&r);
                builder.append_value(&joined);
            }
            _ => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// SHA-256 of a text's UTF-8, in hexadecimal.
fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn masked(texts: &StringViewArray, one_text: bool, keeps: &Int64Array, one_keep: bool) -> Result<ArrayRef> {
    let rows = if one_text { keeps.len() } else { texts.len() };
    let mut builder = StringViewBuilder::with_capacity(rows);
    for row in 0..rows {
        let (text, keep) = (if one_text { 0 } else { row }, if one_keep { 0 } else { row });
        if texts.is_null(text) || keeps.is_null(keep) {
            builder.append_null();
        } else {
            builder.append_value(mask(texts.value(text), keeps.value(keep)));
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// All but the last `keep` characters as `*`; a text that is no longer, whole.
fn mask(text: &str, keep: i64) -> String {
    let length = text.chars().count();
    let keep = usize::try_from(keep).unwrap_or(0);
    let hidden = if length > keep { length - keep } else { length };
    text.chars().enumerate().map(|(at, char)| if at < hidden { '*' } else { char }).collect()
}

fn to_string(operand: &dyn Array) -> Result<ArrayRef> {
    let mut builder = StringViewBuilder::with_capacity(operand.len());
    for row in 0..operand.len() {
        if operand.is_null(row) {
            builder.append_null();
        } else {
            builder.append_value(value_text(operand, row).ok_or_else(|| wrong_arguments("flow_to_string"))?);
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// The value at a row in the run stage's encoding; `None` where the type has no such text.
pub fn value_text(array: &dyn Array, row: usize) -> Option<String> {
    Some(match array.data_type() {
        ArrowType::Boolean => array.as_boolean_opt()?.value(row).to_string(),
        ArrowType::Int64 => array.as_primitive_opt::<Int64Type>()?.value(row).to_string(),
        ArrowType::Float64 => float_text(array.as_primitive_opt::<Float64Type>()?.value(row)),
        ArrowType::Utf8View => array.as_string_view_opt()?.value(row).to_owned(),
        ArrowType::Utf8 => array.as_string_opt::<i32>()?.value(row).to_owned(),
        ArrowType::Date32 => format_date(array.as_primitive_opt::<Date32Type>()?.value(row)),
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => {
            format_timestamp(array.as_primitive_opt::<TimestampMicrosecondType>()?.value(row))
        }
        ArrowType::Duration(TimeUnit::Microsecond) => {
            format_duration(array.as_primitive_opt::<DurationMicrosecondType>()?.value(row))
        }
        ArrowType::Decimal128(..) => arrow::util::display::array_value_to_string(array, row).ok()?,
        _ => return None,
    })
}

/// The shortest text that gives the number back, whole numbers without a point, as JSON in the run stage has them.
pub fn float_text(number: f64) -> String {
    serde_json::Number::from_f64(number).map_or_else(
        || number.to_string(),
        |number| {
            let text = number.to_string();
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        },
    )
}
