//! Tables: where the rows lie, in which format, how they are partitioned, and what becomes of bad records.

use crate::DataType;
use serde::{Deserialize, Serialize};

/// A source or a sink.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its doc comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Source (only read) or sink.
    pub role: TableRole,
    /// The schema (by name) of its rows.
    pub schema: String,
    /// Where the objects lie.
    pub location: Location,
    /// How an object is encoded.
    pub format: Format,
    /// Hive partitions, outermost first: `<prefix>/dt=2026-01-05/…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<Partition>,
    /// What becomes of records that do not fit the schema.
    #[serde(default)]
    pub invalid: Invalid,
}

/// Whether a program may write the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableRole {
    /// Only read.
    Source,
    /// Read and written.
    Sink,
}

/// Text that is known now, or that a slot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// The text.
    Literal(String),
    /// The slot's name.
    Slot(String),
}

/// A folder of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The bucket's name.
    pub bucket: Text,
    /// The folder, without slashes at its ends; may be empty.
    pub prefix: Text,
}

/// A partition column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// Its name, as in `name=value`.
    pub name: String,
    /// Its type; one whose text form is a legal folder name.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// Whether it is also a field of the schema (`[month]`), which then stands in the folder's name and not
    /// in the objects; otherwise (`[dt: Date]`) it is no column of the rows.
    pub in_schema: bool,
}

/// How rows are encoded in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Read: a JSON array of objects, or one object a line, told apart by the first character. Written: an array.
    Json,
    /// Parquet, one row group per 1,048,576 rows at most.
    Parquet {
        /// Of every column.
        #[serde(default)]
        compression: Compression,
    },
    /// RFC 4180.
    Csv {
        /// Whether the first line names the columns.
        header: bool,
        /// Between two fields; an ASCII character.
        #[serde(default = "comma", skip_serializing_if = "is_comma")]
        separator: char,
        /// Around fields that hold a separator; an ASCII character.
        #[serde(default = "double_quote", skip_serializing_if = "is_double_quote")]
        quote: char,
    },
    /// Avro Object Container Files, with the schema's `avro` in them.
    Avro {
        /// Of every block.
        #[serde(default)]
        compression: AvroCompression,
    },
}

fn comma() -> char {
    ','
}

fn double_quote() -> char {
    '"'
}

fn is_comma(separator: &char) -> bool {
    *separator == comma()
}

fn is_double_quote(quote: &char) -> bool {
    *quote == double_quote()
}

/// Avro's compression codecs that Flow writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AvroCompression {
    /// Deflate, which every reader of Avro knows.
    #[default]
    Deflate,
    /// Snappy.
    Snappy,
    /// Zstandard.
    Zstd,
    /// No compression.
    None,
}

/// Parquet's compression codecs that Flow writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Zstandard, level 3.
    #[default]
    Zstd,
    /// Snappy.
    Snappy,
    /// No compression.
    None,
}

/// What becomes of records that do not fit the schema.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "snake_case")]
pub enum Invalid {
    /// The step fails at the first one.
    #[default]
    Fail,
    /// They are counted and left out.
    Drop,
    /// They are counted, left out, and written as JSONL with file, line, field and reason.
    Quarantine {
        /// Where to.
        location: Location,
    },
}
