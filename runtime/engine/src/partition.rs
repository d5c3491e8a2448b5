//! Hive partitions: `dt=2026-01-05/region=eu` and the values that such a folder's name holds.
//!
//! A value is written in the run stage's encoding; every character but letters, digits, `-`, `_`, `.` and `~`
//! is percent-encoded, so that any text is a legal folder name. `none` is Hive's `__HIVE_DEFAULT_PARTITION__`.

use crate::failure::{Result, failure};
use crate::temporal::{format_date, format_timestamp, parse_date, parse_timestamp};
use crate::types::{Texts, arrow_type, type_name};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};
use flow_plan::{DataType, ErrorName, NONE_PARTITION, Partition, PartitionValue, Table, encode_partition};
use indexmap::IndexMap;
use std::sync::Arc;


/// A partition column's value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// No value.
    None,
    /// `Bool`.
    Bool(bool),
    /// `Int`.
    Int(i64),
    /// `String`.
    Text(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
}

impl Value {
    /// Reads a value of a type from its text.
    pub fn parse(data_type: &DataType, text: &str) -> Result<Value, String> {
        let wrong = || format!("`{text}` is no {}", type_name(data_type));
        match data_type {
            DataType::Bool => text.parse().map(Value::Bool).map_err(|_| wrong()),
            DataType::Int => text.parse().map(Value::Int).map_err(|_| wrong()),
            DataType::String => Ok(Value::Text(text.to_owned())),
            DataType::Date => parse_date(text).map(Value::Date),
            DataType::Timestamp => parse_timestamp(text).map(Value::Timestamp),
            _ => Err(format!("a {} cannot be a partition column", type_name(data_type))),
        }
    }

    /// The value in the run stage's encoding; `None` for none.
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Value::None => return None,
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Text(value) => value.clone(),
            Value::Date(value) => format_date(*value),
            Value::Timestamp(value) => format_timestamp(*value),
        })
    }

    /// The value at a row of a column.
    pub fn at(array: &dyn Array, row: usize) -> Option<Value> {
        if array.is_null(row) {
            return Some(Value::None);
        }
        Some(match array.data_type() {
            arrow::datatypes::DataType::Boolean => Value::Bool(array.as_boolean_opt()?.value(row)),
            arrow::datatypes::DataType::Int64 => Value::Int(array.as_primitive_opt::<Int64Type>()?.value(row)),
            arrow::datatypes::DataType::Utf8View => Value::Text(array.as_string_view_opt()?.value(row).to_owned()),
            arrow::datatypes::DataType::Utf8 => Value::Text(array.as_string_opt::<i32>()?.value(row).to_owned()),
            arrow::datatypes::DataType::Date32 => Value::Date(array.as_primitive_opt::<Date32Type>()?.value(row)),
            arrow::datatypes::DataType::Timestamp(..) => {
                Value::Timestamp(array.as_primitive_opt::<TimestampMicrosecondType>()?.value(row))
            }
            _ => return None,
        })
    }

    /// A column that holds the value in every row.
    pub fn repeat(&self, data_type: &DataType, rows: usize) -> ArrayRef {
        match self {
            Value::None => new_null_array(&arrow_type(data_type, Texts::Computed), rows),
            Value::Bool(value) => Arc::new(BooleanArray::from(vec![*value; rows])),
            Value::Int(value) => Arc::new(Int64Array::from_value(*value, rows)),
            Value::Text(value) => Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(value, rows))),
            Value::Date(value) => Arc::new(Date32Array::from_value(*value, rows)),
            Value::Timestamp(value) => {
                Arc::new(TimestampMicrosecondArray::from_value(*value, rows).with_timezone(crate::types::UTC))
            }
        }
    }
}

/// A request's value for a partition column.
pub fn requested(partition: &Partition, value: &PartitionValue) -> Result<Value, String> {
    let text = match value {
        PartitionValue::Bool(value) => value.to_string(),
        PartitionValue::Int(value) => value.to_string(),
        PartitionValue::Text(value) => value.clone(),
    };
    if text.is_empty() {
        return Err("an empty text names no partition".into());
    }
    Value::parse(&partition.data_type, &text)
}

/// A request's values by partition column (`None`: not named), in the order of the table's columns.
pub fn requested_values(
    table_name: &str,
    table: &Table,
    named: &IndexMap<String, PartitionValue>,
) -> Result<Vec<Option<Value>>> {
    for name in named.keys() {
        if !table.partitions.iter().any(|partition| &partition.name == name) {
            let columns: Vec<_> = table.partitions.iter().map(|p| format!("`{}`", p.name)).collect();
            let has = if columns.is_empty() {
                "it has none".to_owned()
            } else {
                format!("it has {}", columns.join(", "))
            };
            return Err(failure(
                ErrorName::BadRequest,
                format!("table `{table_name}` has no partition column `{name}`: {has}"),
            ));
        }
    }
    table
        .partitions
        .iter()
        .map(|partition| {
            named
                .get(&partition.name)
                .map(|value| {
                    requested(partition, value).map_err(|reason| {
                        failure(
                            ErrorName::BadRequest,
                            format!("partition `{}` of table `{table_name}`: {reason}", partition.name),
                        )
                    })
                })
                .transpose()
        })
        .collect()
}

/// The folder of these values, relative to the table's: `dt=2026-01-05/region=eu`; empty without partitions.
pub fn folder(partitions: &[Partition], values: &[Value]) -> String {
    let mut folder = String::new();
    for (partition, value) in partitions.iter().zip(values) {
        if !folder.is_empty() {
            folder.push('/');
        }
        folder.push_str(&encode_partition(&partition.name));
        folder.push('=');
        folder.push_str(&value.text().map_or_else(|| NONE_PARTITION.to_owned(), |text| encode_partition(&text)));
    }
    folder
}

/// The values in the first segments of an object's path below its table; `None` where it lies in no such
/// folder, an error where a folder's value does not have the column's type.
pub fn values_of(partitions: &[Partition], segments: &[&str]) -> Option<Result<Vec<Value>, String>> {
    let mut values = Vec::with_capacity(partitions.len());
    for (position, partition) in partitions.iter().enumerate() {
        let (name, value) = segments.get(position)?.split_once('=')?;
        if decode(name) != partition.name {
            return None;
        }
        if value == NONE_PARTITION {
            values.push(Value::None);
            continue;
        }
        match Value::parse(&partition.data_type, &decode(value)) {
            Ok(value) => values.push(value),
            Err(reason) => return Some(Err(reason)),
        }
    }
    Some(Ok(values))
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%'
            && let Some((code, tail)) = tail.split_at_checked(2)
            && let Some(byte) = std::str::from_utf8(code).ok().and_then(|code| u8::from_str_radix(code, 16).ok())
        {
            bytes.push(byte);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn partition(name: &str, data_type: DataType) -> Partition {
        Partition {
            name: name.into(),
            data_type,
            in_schema: false,
        }
    }

    #[test]
    fn folders_come_back() {
        let partitions = [
            partition("dt", DataType::Date),
            partition("who", DataType::String),
            partition("at", DataType::Timestamp),
            partition("n", DataType::Int),
        ];
        let values = [
            Value::Date(20_458),
            Value::Text("a/b=c %41 ü".into()),
            Value::Timestamp(0),
            Value::None,
        ];
        let folder = folder(&partitions, &values);
        assert_eq!(
            folder,
            "dt=2026-01-05/who=a%2Fb%3Dc%20%2541%20%C3%BC/at=1970-01-01T00%3A00%3A00Z/n=__HIVE_DEFAULT_PARTITION__"
        );
        let segments: Vec<_> = folder.split('/').collect();
        assert_eq!(values_of(&partitions, &segments).unwrap().unwrap(), values);
        assert!(object_store::path::Path::parse(&folder).is_ok());
    }

    #[test]
    fn other_folders_are_no_partition() {
        let partitions = [partition("dt", DataType::Date)];
        assert!(values_of(&partitions, &["month=1"]).is_none());
        assert!(values_of(&partitions, &[]).is_none());
        assert!(values_of(&partitions, &["dt=today"]).unwrap().unwrap_err().contains("no date"));
    }
}
