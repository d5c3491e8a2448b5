//! CSV (RFC 4180): records by the column's name where the first line names them, by position where it does not.
//!
//! An empty field is `none` where its field is optional, and the empty text where it is a required `String`. Columns
//! that the schema does not name are passed over.

use crate::failure::{Fault, Result, defect, failure};
use crate::formats::cell::{Cell, from_csv, kind};
use crate::formats::columns::Columns;
use crate::formats::{BadRecord, Decoded, Problem};
use crate::formats::jsonl::{nested_values, scalar_text};
use arrow::array::Array;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use flow_plan::{ErrorName, Field};
use std::io::Write;

/// Counts lines up to a record. The parser's own count lags where a line ends in CRLF: it takes the `\n` to be
/// the beginning of the next record.
struct Lines {
    number: u64,
    at: usize,
}

impl Lines {
    /// The line of the record that begins at `start`, or after the line breaks that stand there.
    fn of(&mut self, chunk: &[u8], start: usize) -> u64 {
        let breaks = chunk.iter().skip(start).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = chunk.get(self.at..start + breaks).unwrap_or_default();
        self.number += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = start + breaks;
        self.number
    }
}

/// How fields are told apart: single bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// Between two fields.
    pub separator: u8,
    /// Around a field that holds a separator, a line break or a quote, which is doubled in it.
    pub quote: u8,
}

impl Dialect {
    /// The dialect of a format; characters that are no single byte are a defect of the plan.
    pub fn new(separator: char, quote: char) -> Result<Self> {
        let byte = |what: &str, char: char| {
            u8::try_from(char).ok().filter(u8::is_ascii).ok_or_else(|| {
                failure(ErrorName::BadPlan, format!("`{char}` cannot be the {what} of CSV: it is no ASCII character"))
            })
        };
        Ok(Dialect { separator: byte("separator", separator)?, quote: byte("quote", quote)? })
    }
}

/// Reads CSV records of one schema from one object.
#[derive(Debug, Clone)]
pub struct CsvReader {
    fields: Vec<Field>,
    dialect: Dialect,
    /// For each field its position in a record.
    positions: Vec<usize>,
    /// Fields of a record.
    width: usize,
}

impl CsvReader {
    /// A reader of objects without a header: the fields in the schema's order.
    pub fn without_header(fields: &[Field], dialect: Dialect) -> Self {
        CsvReader {
            fields: fields.to_vec(),
            dialect,
            positions: (0..fields.len()).collect(),
            width: fields.len(),
        }
    }

    /// A reader of the object that begins with the line `header`.
    pub fn with_header(fields: &[Field], dialect: Dialect, header: &[u8], object: &str) -> Result<Self> {
        let header = without_mark(header);
        let mut record = csv::ByteRecord::new();
        reader(header, dialect).read_byte_record(&mut record).map_err(|error| {
            failure(
                ErrorName::CorruptObject,
                format!("the header of `{object}` is no CSV: {error}"),
            )
        })?;
        let names: Vec<String> = record.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let mut positions = Vec::with_capacity(fields.len());
        let mut missing = Vec::new();
        for field in fields {
            let mut found = names.iter().zip(1..).zip(0..).filter(|((name, _), _)| **name == field.name);
            match (found.next(), found.next()) {
                (Some((_, position)), None) => positions.push(position),
                (Some(((_, first), _)), Some(((_, second), _))) => {
                    return Err(failure(
                        ErrorName::SchemaMismatch,
                        format!(
                            "the header of `{object}` names the column `{}` twice, as its columns {first} and {second}: \
                             which of them counts cannot be told",
                            field.name
                        ),
                    ));
                }
                (None, _) => missing.push(format!("`{}` ({})", field.name, crate::types::field_type_name(field))),
            }
        }
        if !missing.is_empty() {
            let quoted = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            // A whole header in one name is mostly one with another separator.
            let hint = match names.as_slice() {
                [one] => other_separator(one, dialect),
                _ => None,
            };
            return Err(failure(
                ErrorName::SchemaMismatch,
                format!(
                    "`{object}` has no column {}: its header has {}{}",
                    missing.join(", "),
                    quoted(&names),
                    hint.unwrap_or_default()
                ),
            ));
        }
        let extra: Vec<&str> =
            names.iter().filter(|name| fields.iter().all(|field| field.name != **name)).map(String::as_str).collect();
        if !extra.is_empty() {
            tracing::info!(object, columns = extra.join(", "), "columns that the schema does not name are passed over");
        }
        Ok(CsvReader {
            fields: fields.to_vec(),
            dialect,
            positions,
            width: names.len(),
        })
    }

    /// Reads a chunk of whole records whose first line has the number `first`.
    pub fn read(&self, chunk: &[u8], first: u64) -> Result<Decoded> {
        let chunk = if first == 1 { without_mark(chunk) } else { chunk };
        let mut columns = Columns::new(&self.fields, chunk.len() / 64)?;
        let mut lines = Vec::new();
        let mut spans = Vec::new();
        let mut bad = Vec::new();
        let mut reader = reader(chunk, self.dialect);
        let mut record = csv::ByteRecord::new();
        let mut counted = Lines { number: first, at: 0 };
        loop {
            let start = offset(reader.position());
            let line = counted.of(chunk, start);
            match reader.read_byte_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    bad.push(BadRecord {
                        line,
                        problem: malformed(error.to_string()),
                        record: String::new(),
                    });
                    continue;
                }
            }
            match self.cells(&record) {
                Ok(mut cells) => {
                    columns.push(&mut cells)?;
                    lines.push(line);
                    spans.push(start..offset(reader.position()));
                }
                Err(problem) => bad.push(BadRecord {
                    line,
                    problem,
                    record: text_of(&record, self.dialect),
                }),
            }
        }
        Ok(Decoded {
            batch: columns.finish()?,
            lines,
            spans,
            bad,
        })
    }

    fn cells<'a>(&self, record: &'a csv::ByteRecord) -> Result<Vec<Cell<'a>>, Problem> {
        if record.len() != self.width {
            return Err(malformed(format!(
                "expected {} fields, found {}{}",
                self.width,
                record.len(),
                match record.iter().next().map(String::from_utf8_lossy) {
                    Some(text) if record.len() == 1 => other_separator(&text, self.dialect).unwrap_or_default(),
                    _ => String::new(),
                }
            )));
        }
        self.fields
            .iter()
            .zip(&self.positions)
            .map(|(field, position)| {
                let bytes = record.get(*position).unwrap_or_default();
                let text = std::str::from_utf8(bytes)
                    .map_err(|_| malformed(format!("field `{}` is not UTF-8", field.name)))?;
                from_csv(field, text)
            })
            .collect()
    }
}

fn malformed(reason: String) -> Problem {
    Problem {
        field: None,
        kind: kind::MALFORMED,
        reason,
    }
}

fn offset(position: &csv::Position) -> usize {
    usize::try_from(position.byte()).unwrap_or(usize::MAX)
}

fn reader(bytes: &[u8], dialect: Dialect) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.separator)
        .quote(dialect.quote)
        .from_reader(bytes)
}

fn writer<W: Write>(out: W, dialect: Dialect) -> csv::Writer<W> {
    csv::WriterBuilder::new().delimiter(dialect.separator).quote(dialect.quote).from_writer(out)
}

/// Text without a byte order mark.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// What to write if one field looks like several with another separator between them.
fn other_separator(field: &str, dialect: Dialect) -> Option<String> {
    let (separator, shown) = [(b',', ","), (b';', ";"), (b'\t', "\\t"), (b'|', "|")]
        .into_iter()
        .find(|(separator, _)| *separator != dialect.separator && field.as_bytes().contains(separator))?;
    let name = if separator == b'\t' { "tabs" } else { shown };
    Some(format!(". Its fields seem to be parted by {name}: write `csv {{ separator = \"{shown}\" }}` for its table"))
}

fn text_of(record: &csv::ByteRecord, dialect: Dialect) -> String {
    let mut writer = writer(Vec::new(), dialect);
    // Writing to a `Vec` cannot fail.
    let _ = writer.write_byte_record(record);
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

/// Writes the header.
pub fn write_header(out: &mut impl Write, schema: &Schema, dialect: Dialect) -> Result<()> {
    let mut writer = writer(out, dialect);
    writer
        .write_record(schema.fields().iter().map(|field| field.name()))
        .and_then(|()| writer.flush().map_err(csv::Error::from))
        .map_err(write_failure)
}

/// Writes rows. `none` is an empty field; a record ends with a line feed.
pub fn write(out: &mut impl Write, batch: &RecordBatch, dialect: Dialect) -> Result<()> {
    let mut writer = writer(out, dialect);
    let nested = nested_values(batch)?;
    for row in 0..batch.num_rows() {
        for (column, nested) in batch.columns().iter().zip(&nested) {
            let text = if column.is_null(row) {
                String::new()
            } else if let Some(values) = nested {
                values.get(row).map(ToString::to_string).unwrap_or_default()
            } else {
                scalar_text(column, row)?
            };
            writer.write_field(text).map_err(write_failure)?;
        }
        writer.write_record(None::<&[u8]>).map_err(write_failure)?;
    }
    writer.flush().map_err(|error| crate::failure::spool_failure(&error))
}

fn write_failure(error: csv::Error) -> Fault {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => crate::failure::spool_failure(&error),
        other => defect(format_args!("{other:?}")),
    }
}
