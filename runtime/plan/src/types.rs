//! Schemas: named, typed fields and the checks that every record must pass.

use crate::Expr;
use serde::{Deserialize, Serialize};

/// The type of a column or of an expression's value.
///
/// | type | Arrow | JSON (run stage, JSONL) |
/// | --- | --- | --- |
/// | `bool` | Boolean | `true` |
/// | `int` | Int64 | `12` |
/// | `float` | Float64 | `0.5` |
/// | `decimal` | Decimal128(precision, scale) | `"12.50"` or a number |
/// | `string` | Utf8 | `"a"` |
/// | `bytes` | Binary | base64 text |
/// | `date` | Date32 | `"2026-01-05"` |
/// | `timestamp` | Timestamp(Microsecond, UTC) | `"2026-01-05T02:00:00Z"` |
/// | `duration` | Duration(Microsecond) | seconds, a number |
/// | `json` | Utf8 | any value |
/// | `list`, `map`, `struct` | List, Map, Struct | array, object, object |
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// True or false.
    Bool,
    /// 64-bit signed integer.
    Int,
    /// 64-bit floating point.
    Float,
    /// Exact decimal.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// UTF-8 text.
    String,
    /// Bytes.
    Bytes,
    /// A calendar date.
    Date,
    /// An instant in UTC, to the microsecond.
    Timestamp,
    /// A length of time, to the microsecond.
    Duration,
    /// Any JSON value, as text.
    Json,
    /// A list of one element type; elements may be `none` if the flag says so.
    List {
        /// The element's type.
        element: Box<DataType>,
        /// Whether elements may be `none`.
        #[serde(default)]
        optional: bool,
    },
    /// Text keys to values of one type.
    Map {
        /// The value's type.
        value: Box<DataType>,
    },
    /// A record.
    Struct {
        /// Its fields, in order.
        fields: Vec<Field>,
    },
}

/// One field of a schema, or one column of an operator's result.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// The column's name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// Whether `none` is allowed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Whether it is (part of) the record's key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub key: bool,
    /// Whether it tells of a person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pii: bool,
    /// Its doc comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
}

/// A condition that a record must satisfy to be valid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The field that it stands at; `None` for a check of the whole record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The condition as the user wrote it, for messages: `len(patient_id) > 0`.
    pub text: String,
    /// The condition; a `Bool` over the schema's fields. `none` counts as passed.
    pub condition: Expr,
}

/// A named record type with its row checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Its doc comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Fields, in the order of the source text.
    pub fields: Vec<Field>,
    /// Checks, in the order of the source text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// The schema as Avro has it, the same as in `schemas/NAME.avsc`; there where a table of these rows is Avro.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avro: Option<serde_json::Value>,
}
