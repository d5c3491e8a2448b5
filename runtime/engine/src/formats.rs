//! Formats of objects: JSON, CSV, Avro and Parquet, read record by record and written deterministically.

pub mod avro;
pub mod cell;
pub mod columns;
pub mod csv;
pub mod encode;
pub mod json_value;
pub mod jsonl;
pub mod parquet;

use arrow::record_batch::RecordBatch;
use std::ops::Range;

/// A record that does not fit its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// The line (JSONL, CSV) or row (Parquet), from 1.
    pub line: u64,
    /// What is wrong.
    pub problem: Problem,
    /// The record's text; bytes that are not UTF-8 are replaced.
    pub record: String,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field that is wrong, where it is one.
    pub field: Option<String>,
    /// The kind of problem, without values, for counts: `wrong type`.
    pub kind: &'static str,
    /// Why, with the value: ``expected Timestamp, found number 12``.
    pub reason: String,
}

/// Records of a chunk: those that fit the schema's types, and those that do not.
#[derive(Debug)]
pub struct Decoded {
    /// Rows of the schema's fields that lie in objects.
    pub batch: RecordBatch,
    /// The line or row of each row of the batch.
    pub lines: Vec<u64>,
    /// Where each row's text stands in the chunk; empty for formats that are no text.
    pub spans: Vec<Range<usize>>,
    /// Records that do not fit.
    pub bad: Vec<BadRecord>,
}
