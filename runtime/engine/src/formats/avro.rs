//! Avro Object Container Files: their own schema against the table's, blocks read by several threads, records as rows.
//!
//! arrow-avro decodes records into Arrow's columns and encodes them from there, without a value of each field in between
//! as apache-avro has it. The container around them is read here ([`container`]): a block whose count is wrong makes
//! arrow-avro's own reader run forever, a short one of Snappy makes it panic, what a block decompresses to has no bound
//! there, and its writer's marker between blocks is random. How the file's schema becomes the table's is [`resolve`].

pub mod container;
mod default;
mod resolve;
pub mod write;

#[cfg(test)]
mod tests;

use crate::failure::{Fault, Result, failure};
use crate::formats::Decoded;
use arrow::record_batch::RecordBatch;
use arrow_avro::reader::ReaderBuilder;
use container::{Blocks, Header};
use flow_plan::{ErrorName, Field};
use resolve::Resolver;
use serde_json::Value;
use std::io::Read;

/// Reads one object.
#[derive(Debug)]
pub struct AvroReader {
    header: Header,
    /// Which fields of the file's record are decoded.
    projection: Vec<usize>,
    resolver: Resolver,
    object: String,
}

impl AvroReader {
    /// A reader of the object that begins with `header`, for rows of `fields`; `avro` is the table's schema as Avro, whose
    /// defaults stand in for fields that the file has not.
    pub fn new(header: Header, fields: &[Field], avro: Option<&Value>, object: &str) -> Result<Self> {
        let written = header.fields();
        let projection: Vec<usize> = written
            .iter()
            .enumerate()
            .filter(|(_, name)| fields.iter().any(|field| field.name == **name))
            .map(|(index, _)| index)
            .collect();
        let unreadable = |error: &dyn std::fmt::Display| {
            failure(
                ErrorName::SchemaMismatch,
                format!("the Avro schema in `{object}` cannot be read: {error}"),
            )
        };
        let head = header.plain();
        let reader = ReaderBuilder::new()
            .with_projection(projection.clone())
            .build(head.as_slice())
            .map_err(|error| unreadable(&error))?;
        let resolver = Resolver::new(reader.schema().as_ref(), fields, avro).map_err(|reasons| {
            failure(
                ErrorName::SchemaMismatch,
                format!("the Avro schema in `{object}` does not fit its table: {}", reasons.join("; ")),
            )
        })?;
        Ok(AvroReader { header, projection, resolver, object: object.to_owned() })
    }

    /// The rows of whole blocks.
    pub fn read(&self, blocks: &Blocks) -> Result<Decoded> {
        let mut data = Vec::new();
        let mut count = 0;
        for (block, number) in blocks.blocks.iter().zip(blocks.first..) {
            let bytes = blocks.bytes.get(block.span.clone()).unwrap_or_default();
            self.header.codec.decompress(bytes, &mut data).map_err(|reason| self.corrupt(number, &reason))?;
            count += block.records;
        }
        match self.decode(&data, count) {
            Ok(batch) => self.resolver.rows(&batch, blocks.record),
            // Which of the blocks it is.
            Err(reason) => Err(self.find(blocks).unwrap_or_else(|| self.corrupt(blocks.first, &reason))),
        }
    }

    fn find(&self, blocks: &Blocks) -> Option<Fault> {
        blocks.blocks.iter().zip(blocks.first..).find_map(|(block, number)| {
            let mut data = Vec::new();
            let bytes = blocks.bytes.get(block.span.clone()).unwrap_or_default();
            self.header.codec.decompress(bytes, &mut data).ok()?;
            self.decode(&data, block.records).err().map(|reason| self.corrupt(number, &reason))
        })
    }

    /// So many records, which must be all of `data`.
    fn decode(&self, data: &[u8], count: usize) -> std::result::Result<RecordBatch, String> {
        if count > data.len() {
            return Err(format!("it says that it has {count} records, in {} bytes", data.len()));
        }
        // The reader is told of more records than there are. Once it has given as many as it should it tries the next, and
        // that there is nothing left is the one way in which it may end.
        let head = self.header.plain();
        let mut frame = Vec::with_capacity(20);
        container::put_long(&mut frame, (count + data.len() + 1) as i64);
        container::put_long(&mut frame, data.len() as i64);
        let input = head.as_slice().chain(frame.as_slice()).chain(data).chain(self.header.sync.as_slice());
        let mut reader = ReaderBuilder::new()
            .with_batch_size(count.max(1))
            .with_projection(self.projection.clone())
            .build(input)
            .map_err(|error| error.to_string())?;
        if count == 0 {
            // Nothing, in no bytes.
            return match data {
                [] => Ok(RecordBatch::new_empty(reader.schema())),
                _ => Err("it says that it has no records, and has some".to_owned()),
            };
        }
        let mut found = 0;
        let batch = reader.next().transpose().map_err(|error| error.to_string())?.inspect(|batch| found = batch.num_rows());
        match (batch, reader.next()) {
            (Some(batch), None) if found == count => Ok(batch),
            (_, None) => Err(format!("it says that it has {count} records, and has {found}")),
            _ => Err(format!("it says that it has {count} records, and goes on after them")),
        }
    }

    fn corrupt(&self, block: u64, reason: &str) -> Fault {
        failure(
            ErrorName::CorruptObject,
            format!(
                "block {block} of `{}` is no Avro of the schema that the file has: {reason}; write the object again, or \
                 remove it, then run the step again",
                self.object
            ),
        )
    }
}
