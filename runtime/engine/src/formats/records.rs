//! Records that are in memory, each with bytes of its own, as rows: what a stream, a queue or an event brings.

#![allow(dead_code, reason = "for streams, which read no objects")]

use crate::check::Checks;
use crate::failure::{Result, defect};
use crate::formats::Problem;
use crate::formats::jsonl::{JsonlReader, Record};
use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use flow_plan::Schema;

/// Decodes JSON records of one schema.
#[derive(Debug)]
pub struct RecordDecoder {
    reader: JsonlReader,
    checks: Checks,
}

/// Records as rows; each has the index that it had among all.
#[derive(Debug)]
pub struct DecodedRecords {
    /// Rows with all fields of the schema, in the order of the records.
    pub batch: RecordBatch,
    /// The index of the record of each row.
    pub rows: Vec<usize>,
    /// The index of each record that is no valid row, and why; in the order of the records.
    pub bad: Vec<(usize, Problem)>,
}

impl RecordDecoder {
    /// A decoder for records of a schema, which have to pass its checks.
    pub fn new(schema: &Schema, checks: Checks) -> Self {
        RecordDecoder { reader: JsonlReader::new(&schema.fields), checks }
    }

    /// Decodes records, each the text of one JSON object. A bad one spoils no other.
    pub fn decode<'a>(&self, records: impl IntoIterator<Item = &'a [u8]>) -> Result<DecodedRecords> {
        let records = records.into_iter();
        let expected = records.size_hint().0;
        let read = self.reader.read_records(records.map(Record::Bytes).zip(0..), expected)?;
        let mut decoded = DecodedRecords { batch: read.batch, rows: read.rows, bad: read.bad };
        let failing = self.checks.failing(&decoded.batch)?;
        if failing.is_empty() {
            return Ok(decoded);
        }
        let keep: Vec<bool> = (0..decoded.batch.num_rows()).map(|row| !failing.contains_key(&row)).collect();
        let mut kept = Vec::with_capacity(decoded.rows.len());
        let mut failing = failing;
        for (row, index) in decoded.rows.iter().enumerate() {
            match failing.remove(&row) {
                Some(problem) => decoded.bad.push((*index, problem)),
                None => kept.push(*index),
            }
        }
        decoded.rows = kept;
        decoded.bad.sort_by_key(|(index, _)| *index);
        decoded.batch = filter_record_batch(&decoded.batch, &BooleanArray::from(keep)).map_err(defect)?;
        Ok(decoded)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_bad_record_spoils_no_other() {
        let schema: Schema = serde_json::from_value(serde_json::json!({ "fields": [
            { "name": "id", "type": "string" },
            { "name": "n", "type": "int", "optional": true },
        ] }))
        .unwrap();
        let decoder = RecordDecoder::new(&schema, Checks::none());
        let records: [&[u8]; 6] = [b"{\"id\":\"a\",\"n\":1}", b"{\"id\":", b" {\"id\":\"b\"}\n", b"", b"{\"n\":2}", b"{\"id\":\"\xff\"}"];
        let decoded = decoder.decode(records).unwrap();
        assert_eq!((decoded.batch.num_rows(), decoded.rows), (2, vec![0, 2]));
        let reasons: Vec<_> = decoded.bad.iter().map(|(index, problem)| (*index, problem.reason.as_str())).collect();
        assert_eq!(
            reasons,
            [
                (1, "malformed JSON: EOF while parsing a value at column 6"),
                (3, "expected an object, found nothing"),
                (4, "required field `id` is missing"),
                (5, "not UTF-8: byte 8 cannot stand there"),
            ]
        );
        assert_eq!(decoder.decode([]).unwrap().batch.num_rows(), 0);
    }
}
