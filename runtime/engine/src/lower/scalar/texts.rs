//! Functions of texts. Places and lengths count characters (Unicode scalar values).

use super::Arguments;
use crate::lower::function::failure_of;
use arrow::array::{ArrayRef, AsArray, Int64Array, ListBuilder, StringBuilder, StringViewArray};
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::Result;
use flow_plan::ScalarFunction;
use regex::{NoExpand, Regex};
use std::sync::Arc;

/// The widest text that padding makes: what is wider is a mistake, and would take all memory.
const WIDEST: i64 = 1_000_000;

pub(super) fn compute(arguments: &Arguments<'_>) -> Result<ArrayRef> {
    let rows = 0..arguments.rows;
    let texts = |of: &dyn Fn(usize) -> Option<String>| -> ArrayRef {
        let texts: StringViewArray = (0..arguments.rows).map(of).collect();
        Arc::new(texts)
    };
    Ok(match arguments.function {
        ScalarFunction::Substring => {
            let (text, from) = (arguments.texts(0)?, arguments.primitives::<Int64Type>(1)?);
            if arguments.operands.len() == 2 {
                return Ok(texts(&|row| Some(substring(text.at(row)?, from.at(row)?, None))));
            }
            let count = arguments.primitives::<Int64Type>(2)?;
            texts(&|row| Some(substring(text.at(row)?, from.at(row)?, Some(count.at(row)?))))
        }
        ScalarFunction::Split => split(arguments)?,
        ScalarFunction::Join => {
            let (lists, by) = (arguments.lists(0)?, arguments.texts(1)?);
            texts(&|row| {
                let (list, by) = (lists.at(row)?, by.at(row)?);
                let pieces: Vec<&str> = list.as_string_opt::<i32>()?.iter().flatten().collect();
                Some(pieces.join(by))
            })
        }
        ScalarFunction::TrimPrefix => {
            let (text, part) = (arguments.texts(0)?, arguments.texts(1)?);
            texts(&|row| {
                let text = text.at(row)?;
                Some(text.strip_prefix(part.at(row)?).unwrap_or(text).to_owned())
            })
        }
        ScalarFunction::TrimSuffix => {
            let (text, part) = (arguments.texts(0)?, arguments.texts(1)?);
            texts(&|row| {
                let text = text.at(row)?;
                Some(text.strip_suffix(part.at(row)?).unwrap_or(text).to_owned())
            })
        }
        ScalarFunction::PadStart | ScalarFunction::PadEnd => {
            let (text, by) = (arguments.texts(0)?, arguments.texts(2)?);
            let width = arguments.primitives::<Int64Type>(1)?;
            let start = arguments.function == ScalarFunction::PadStart;
            let padded: StringViewArray = rows
                .map(|row| {
                    let (Some(text), Some(width), Some(by)) = (text.at(row), width.at(row), by.at(row)) else {
                        return Ok(None);
                    };
                    if width > WIDEST {
                        return Err(failure_of(format!("a text of {width} characters: padding makes at most {WIDEST}")));
                    }
                    Ok(Some(pad(text, width, by, start)))
                })
                .collect::<std::result::Result<_, _>>()?;
            Arc::new(padded)
        }
        ScalarFunction::IndexOf => {
            let (text, part) = (arguments.texts(0)?, arguments.texts(1)?);
            let places: Int64Array = rows
                .map(|row| {
                    let text = text.at(row)?;
                    let before = text.get(..text.find(part.at(row)?)?)?;
                    i64::try_from(before.chars().count()).ok()
                })
                .collect();
            Arc::new(places)
        }
        ScalarFunction::Extract => {
            let (text, pattern) = (arguments.texts(0)?, pattern(arguments)?);
            let group = arguments.primitives::<Int64Type>(2)?;
            texts(&|row| {
                let group = usize::try_from(group.at(row)?).ok()?;
                Some(pattern.captures(text.at(row)?)?.get(group)?.as_str().to_owned())
            })
        }
        ScalarFunction::ReplaceAll => {
            let (text, pattern, by) = (arguments.texts(0)?, pattern(arguments)?, arguments.texts(2)?);
            texts(&|row| Some(pattern.replace_all(text.at(row)?, NoExpand(by.at(row)?)).into_owned()))
        }
        _ => return Err(arguments.wrong()),
    })
}

/// The pattern, which is one for all rows.
fn pattern(arguments: &Arguments<'_>) -> Result<Regex> {
    let pattern = arguments.texts(1)?;
    let text = pattern.at(0).filter(|_| pattern.single).ok_or_else(|| arguments.wrong())?;
    Ok(Regex::new(text).map_err(|error| failure_of(format!("`{text}` is no pattern: {error}")))?)
}

/// `count` characters from a place on; a negative one counts from the end.
fn substring(text: &str, from: i64, count: Option<i64>) -> String {
    let from = if from < 0 {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        from.saturating_add(length).max(0)
    } else {
        from
    };
    let rest = text.chars().skip(usize::try_from(from).unwrap_or(usize::MAX));
    match count {
        None => rest.collect(),
        Some(count) => rest.take(usize::try_from(count).unwrap_or(0)).collect(),
    }
}

fn pad(text: &str, width: i64, by: &str, start: bool) -> String {
    let length = text.chars().count();
    let lacking = usize::try_from(width).unwrap_or(0).saturating_sub(length);
    let by = if by.is_empty() { " " } else { by };
    let filling: String = by.chars().cycle().take(lacking).collect();
    if start { filling + text } else { text.to_owned() + &filling }
}

fn split(arguments: &Arguments<'_>) -> Result<ArrayRef> {
    let (text, by) = (arguments.texts(0)?, arguments.texts(1)?);
    let element = Field::new("item", DataType::Utf8, false);
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(element);
    for row in 0..arguments.rows {
        match (text.at(row), by.at(row)) {
            (Some(text), Some("")) => {
                let mut bytes = [0; 4];
                text.chars().for_each(|character| lists.values().append_value(character.encode_utf8(&mut bytes)));
                lists.append(true);
            }
            (Some(text), Some(by)) => {
                text.split(by).for_each(|piece| lists.values().append_value(piece));
                lists.append(true);
            }
            _ => lists.append(false),
        }
    }
    Ok(Arc::new(lists.finish()))
}
