//! JSON: a schema-driven reader, from text straight into cells, that reports each bad record on its own.
//!
//! A record is one JSON object: of JSONL a line, where `\r\n`, blank lines, a byte order mark at the start and a missing
//! final line break are fine; or an element of an array; or a text of its own. Unknown fields are ignored; of a field
//! that stands twice the last one counts.

use crate::failure::{Result, defect, spool_failure};
use crate::formats::cell::{Cell, kind, problem, required};
use crate::formats::columns::Columns;
use crate::formats::json_value::{Deep, ValueSeed};
use crate::formats::{BadRecord, Decoded, Problem};
use crate::lower::value_text;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Schema;
use arrow::json::WriterBuilder;
use arrow::json::writer::JsonArray;
use arrow::record_batch::RecordBatch;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flow_plan::{DataType, Field};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

/// Reads JSON records of one schema.
#[derive(Debug)]
pub struct JsonlReader {
    fields: Vec<Field>,
    by_name: HashMap<String, usize>,
}

/// The text of a record.
#[derive(Debug, Clone, Copy)]
pub enum Record<'a> {
    /// Known to be UTF-8.
    Text(&'a str),
    /// Perhaps UTF-8.
    Bytes(&'a [u8]),
}

/// Records as rows, and those that do not fit the schema's types.
#[derive(Debug)]
pub struct Records<T> {
    /// Rows of the reader's fields.
    pub batch: RecordBatch,
    /// What stood beside the record of each row.
    pub rows: Vec<T>,
    /// What stood beside each record that is no row, and why it is none.
    pub bad: Vec<(T, Problem)>,
}

/// What a record's reading gave, field by field.
struct Slots<'a> {
    cells: Vec<Cell<'a>>,
    seen: Vec<bool>,
    problem: Option<Problem>,
}

impl JsonlReader {
    /// A reader for records of these fields.
    pub fn new(fields: &[Field]) -> Self {
        JsonlReader {
            fields: fields.to_vec(),
            by_name: fields
                .iter()
                .enumerate()
                .map(|(index, field)| (field.name.clone(), index))
                .collect(),
        }
    }

    /// Reads a chunk of whole lines whose first line has the number `first`.
    pub fn read(&self, chunk: &[u8], first: u64) -> Result<Decoded> {
        let whole = chunk.len();
        let text = match chunk.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if first == 1 => rest,
            _ => chunk,
        };
        let mut start = whole - text.len();
        let lines = text.split(|byte| *byte == b'\n').zip(first..).filter_map(|(text, line)| {
            let span = start..start + text.len();
            start = span.end + 1;
            (!text.trim_ascii().is_empty()).then_some((span, line))
        });
        self.read_spans(chunk, lines, chunk.len() / 128)
    }

    /// Reads the records that stand at `spans` in `chunk`, each with its number.
    pub fn read_spans(
        &self,
        chunk: &[u8],
        spans: impl Iterator<Item = (Range<usize>, u64)>,
        expected: usize,
    ) -> Result<Decoded> {
        // One check for the whole chunk; where it fails, each record is looked at on its own.
        let text = std::str::from_utf8(chunk).ok();
        let records = spans.map(|(span, number)| {
            let record = match text {
                Some(text) => Record::Text(text.get(span.clone()).unwrap_or_default()),
                None => Record::Bytes(chunk.get(span.clone()).unwrap_or_default()),
            };
            (record, (span, number))
        });
        let read = self.read_records(records, expected)?;
        let (spans, lines) = read.rows.into_iter().unzip();
        let bad = read
            .bad
            .into_iter()
            .map(|((span, line), problem)| BadRecord {
                line,
                problem,
                record: String::from_utf8_lossy(chunk.get(span).unwrap_or_default().trim_ascii()).into_owned(),
            })
            .collect();
        Ok(Decoded { batch: read.batch, lines, spans, bad })
    }

    /// Reads records, each a text of its own, with whatever tells one from another.
    pub fn read_records<'a, T>(
        &self,
        records: impl IntoIterator<Item = (Record<'a>, T)>,
        expected: usize,
    ) -> Result<Records<T>> {
        let mut columns = Columns::new(&self.fields, expected)?;
        let mut rows = Vec::with_capacity(expected);
        let mut bad = Vec::new();
        let mut slots = Slots {
            cells: vec![Cell::None; self.fields.len()],
            seen: vec![false; self.fields.len()],
            problem: None,
        };
        for (record, tag) in records {
            match self.record(record, &mut slots) {
                Ok(()) => {
                    columns.push(&mut slots.cells)?;
                    rows.push(tag);
                }
                Err(problem) => bad.push((tag, problem)),
            }
        }
        Ok(Records { batch: columns.finish()?, rows, bad })
    }

    fn record<'a>(&self, record: Record<'a>, slots: &mut Slots<'a>) -> Result<(), Problem> {
        slots.cells.fill(Cell::None);
        slots.seen.fill(false);
        slots.problem = None;
        let malformed = |reason: String| Problem {
            field: None,
            kind: kind::MALFORMED,
            reason,
        };
        let text = match record {
            Record::Text(text) => text,
            Record::Bytes(bytes) => std::str::from_utf8(bytes.trim_ascii()).map_err(|error| {
                malformed(format!("not UTF-8: byte {} cannot stand there", error.valid_up_to() + 1))
            })?,
        };
        let text = text.trim_ascii();
        if text.is_empty() {
            return Err(malformed("expected an object, found nothing".to_owned()));
        }
        if !text.starts_with('{') {
            // Say what it is, if it is JSON.
            return Err(malformed(match serde_json::from_str::<Value>(text) {
                Ok(value) => format!("expected an object, found {}", what(&value)),
                Err(_) if text == "[" => {
                    "expected an object, found the beginning of a list; objects that are JSON arrays are `format = json_array`"
                        .to_owned()
                }
                Err(error) => json_reason(&error),
            }));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        RecordSeed { reader: self, slots }
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end())
            .map_err(|error| malformed(json_reason(&error)))?;
        if let Some(problem) = slots.problem.take() {
            return Err(problem);
        }
        for ((field, cell), seen) in self.fields.iter().zip(&slots.cells).zip(&slots.seen) {
            if !field.optional && matches!(cell, Cell::None) {
                return Err(required(field, *seen));
            }
        }
        Ok(())
    }
}

fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// `serde_json`'s reason with the column; the line is always 1 and would mislead.
fn json_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    format!("malformed JSON: {reason} at column {}", error.column())
}

struct RecordSeed<'r, 'a> {
    reader: &'r JsonlReader,
    slots: &'r mut Slots<'a>,
}

impl<'a> DeserializeSeed<'a> for RecordSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for RecordSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        // Records of one source mostly have their fields in one order, often the schema's.
        let mut expected = 0;
        while let Some(index) = map.next_key_seed(KeySeed {
            reader: self.reader,
            expected,
        })? {
            let Some((index, field)) = index.and_then(|index| Some((index, self.reader.fields.get(index)?))) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            expected = index + 1;
            let cell = match map.next_value_seed(ValueSeed { data_type: &field.data_type })? {
                Ok(cell) => cell,
                Err(deep) => {
                    self.slots.problem.get_or_insert_with(|| problem(field, Deep::into_misfit(deep)));
                    continue;
                }
            };
            if let (Some(slot), Some(seen)) = (self.slots.cells.get_mut(index), self.slots.seen.get_mut(index)) {
                *slot = cell;
                *seen = true;
            }
        }
        Ok(())
    }
}

struct KeySeed<'r> {
    reader: &'r JsonlReader,
    expected: usize,
}

impl<'a> DeserializeSeed<'a> for KeySeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if self.reader.fields.get(self.expected).is_some_and(|field| field.name == name) {
            return Ok(Some(self.expected));
        }
        Ok(self.reader.by_name.get(name).copied())
    }
}

/// How objects are parted.
#[derive(Debug, Clone, Copy)]
pub enum Parts {
    /// Each on a line.
    Lines,
    /// As elements of an array, of which so many rows are written already; whoever closes it writes `]`.
    Array(u64),
}

/// Writes rows as JSON objects: fields in the schema's order, `none` as an explicit null.
pub fn write(out: &mut impl Write, batch: &RecordBatch, fields: &[Field], parts: Parts) -> Result<()> {
    let names: Vec<String> = fields
        .iter()
        .enumerate()
        .map(|(index, field)| format!("{}{}:", if index == 0 { "" } else { "," }, Value::from(field.name.as_str())))
        .collect();
    let nested = nested_values(batch)?;
    let mut line = Vec::new();
    for row in 0..batch.num_rows() {
        line.clear();
        line.extend_from_slice(match parts {
            Parts::Lines => b"",
            Parts::Array(0) if row == 0 => b"[",
            Parts::Array(_) => b",\n",
        });
        line.push(b'{');
        for (((name, field), column), nested) in names.iter().zip(fields).zip(batch.columns()).zip(&nested) {
            line.extend_from_slice(name.as_bytes());
            if column.is_null(row) {
                line.extend_from_slice(b"null");
                continue;
            }
            if let Some(values) = nested {
                let value = values.get(row).unwrap_or(&Value::Null);
                if holds_json(&field.data_type) {
                    let mut value = value.clone();
                    json_within(&mut value, &field.data_type)?;
                    serde_json::to_writer(&mut line, &value).map_err(defect)?;
                } else {
                    serde_json::to_writer(&mut line, value).map_err(defect)?;
                }
                continue;
            }
            let text = scalar_text(column, row)?;
            match field.data_type {
                DataType::Bool | DataType::Int | DataType::Float | DataType::Duration | DataType::Json => {
                    line.extend_from_slice(text.as_bytes());
                }
                _ => serde_json::to_writer(&mut line, &text).map_err(defect)?,
            }
        }
        line.push(b'}');
        if let Parts::Lines = parts {
            line.push(b'\n');
        }
        out.write_all(&line).map_err(|error| spool_failure(&error))?;
    }
    Ok(())
}

fn holds_json(data_type: &DataType) -> bool {
    match data_type {
        DataType::Json => true,
        DataType::Struct { fields } => fields.iter().any(|field| holds_json(&field.data_type)),
        DataType::List { element, .. } => holds_json(element),
        DataType::Map { value } => holds_json(value),
        _ => false,
    }
}

/// JSON within a value, which Arrow has as text, as what it is: as a column of its own is written, and as it is read.
fn json_within(value: &mut Value, data_type: &DataType) -> Result<()> {
    match (data_type, value) {
        (DataType::Json, value) => {
            if let Value::String(text) = &*value {
                *value = serde_json::from_str(text).map_err(defect)?;
            }
        }
        (DataType::Struct { fields }, Value::Object(object)) => {
            for field in fields {
                if let Some(value) = object.get_mut(&field.name) {
                    json_within(value, &field.data_type)?;
                }
            }
        }
        (DataType::List { element, .. }, Value::Array(items)) => {
            for item in items {
                json_within(item, element)?;
            }
        }
        (DataType::Map { value: inner }, Value::Object(object)) => {
            for (_, value) in object.iter_mut() {
                json_within(value, inner)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// A scalar's text; bytes as base64.
pub fn scalar_text(column: &ArrayRef, row: usize) -> Result<String> {
    if let Some(bytes) = column.as_binary_opt::<i32>() {
        return Ok(BASE64_STANDARD.encode(bytes.value(row)));
    }
    value_text(column, row).ok_or_else(|| defect(format_args!("no text for {}", column.data_type())))
}

/// For each column that is a list, map or struct its values as JSON.
pub fn nested_values(batch: &RecordBatch) -> Result<Vec<Option<Vec<Value>>>> {
    batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| {
            if !field.data_type().is_nested() {
                return Ok(None);
            }
            let single = Schema::new(vec![field.as_ref().clone().with_nullable(true)]);
            let single = RecordBatch::try_new(Arc::new(single), vec![Arc::clone(column)]).map_err(defect)?;
            let mut writer = WriterBuilder::new()
                .with_explicit_nulls(true)
                .build::<_, JsonArray>(Vec::new());
            writer.write(&single).and_then(|()| writer.finish()).map_err(defect)?;
            let rows: Vec<serde_json::Map<String, Value>> =
                serde_json::from_slice(&writer.into_inner()).map_err(defect)?;
            Ok(Some(
                rows.into_iter()
                    .map(|mut row| row.remove(field.name()).unwrap_or(Value::Null))
                    .collect(),
            ))
        })
        .collect()
}
