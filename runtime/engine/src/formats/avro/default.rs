//! Defaults of Avro's fields, for files that do not have the field.

use crate::formats::cell::Cell;
use crate::formats::columns::Columns;
use arrow::array::ArrayRef;
use flow_plan::{DataType, Field};
use serde_json::Value;
use std::borrow::Cow;

/// The value, as a column of one row, that a field has in a file without it; `None`: it has to be there.
pub fn default_value(field: &Field, avro: Option<&Value>) -> Option<ArrayRef> {
    let written = avro
        .and_then(|avro| avro.get("fields")?.as_array())
        .and_then(|fields| fields.iter().find(|one| one.get("name").and_then(Value::as_str) == Some(&field.name)))
        .and_then(|field| field.get("default"));
    let cell = match written {
        Some(value) => cell(value, &field.data_type, field.optional)?,
        None if field.optional => Cell::None,
        None => return None,
    };
    let optional = Field { optional: true, ..field.clone() };
    let mut columns = Columns::new(std::slice::from_ref(&optional), 1).ok()?;
    columns.push(&mut [cell]).ok()?;
    columns.finish().ok()?.columns().first().cloned()
}

/// A default as Avro writes it: bytes as a text of the characters 0 to 255, times as numbers.
/// <https://avro.apache.org/docs/1.12.0/specification/#schema-record>
fn cell<'a>(value: &'a Value, data_type: &DataType, optional: bool) -> Option<Cell<'a>> {
    Some(match (data_type, value) {
        (_, Value::Null) => return optional.then_some(Cell::None),
        (DataType::Bool, Value::Bool(value)) => Cell::Bool(*value),
        (DataType::Int | DataType::Date | DataType::Timestamp | DataType::Duration, Value::Number(number)) => {
            Cell::Int(number.as_i64()?)
        }
        (DataType::Float, Value::Number(number)) => Cell::Float(number.as_f64()?),
        (DataType::String | DataType::Json, Value::String(text)) => Cell::Text(Cow::Borrowed(text)),
        (DataType::Bytes, Value::String(text)) => Cell::Bytes(bytes(text)?),
        (DataType::Decimal { .. }, Value::String(text)) => {
            let bytes = bytes(text)?;
            let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
            let start: i128 = if negative { -1 } else { 0 };
            if bytes.len() > 16 {
                return None;
            }
            Cell::Decimal(bytes.iter().fold(start, |number, byte| number << 8 | i128::from(*byte)))
        }
        (DataType::List { element, optional }, Value::Array(items)) => {
            Cell::List(items.iter().map(|item| cell(item, element, *optional)).collect::<Option<_>>()?)
        }
        (DataType::Map { value: element }, Value::Object(entries)) => {
            let entries = entries.iter();
            let cells = entries.map(|(key, value)| Some((Cow::Borrowed(key.as_str()), cell(value, element, false)?)));
            Cell::Map(Box::new(cells.collect::<Option<_>>()?))
        }
        (DataType::Struct { fields }, Value::Object(entries)) => Cell::Struct(
            fields
                .iter()
                .map(|field| match entries.get(&field.name) {
                    Some(value) => cell(value, &field.data_type, field.optional),
                    None => field.optional.then_some(Cell::None),
                })
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|char| u8::try_from(char).ok()).collect()
}
