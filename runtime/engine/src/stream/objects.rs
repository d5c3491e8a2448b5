//! Objects of S3 as records: whether one is the stream's, and its rows.

use crate::failure::{Fault, Result, failure};
use crate::formats::Problem;
use crate::formats::cell::kind;
use crate::operations::Engine;
use crate::partition::values_of;
use crate::read::{CheckedRows, Folder, ObjectRef, TablePlace, join, read_decoded};
use crate::stream::event::Facts;
use crate::stream::rows::{BadRow, Rows, with_facts};
use crate::types::computed_schema;
use arrow::compute::concat_batches;
use flow_plan::{ErrorName, Failure, Format, Invalid, Location, Partition, Schema, Table, TableRole};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use std::sync::Arc;

/// What reading an object gave.
pub enum Object {
    /// Rows and bad rows.
    Rows(Rows, Vec<BadRow>),
    /// It can never be read.
    Refused(Problem),
}

/// Whether an object is the stream's: below its prefix, and data.
pub fn is_ours(place: &TablePlace, facts: &Facts) -> bool {
    let (Some(bucket), Some(key)) = (&facts.bucket, &facts.key) else { return true };
    let below = if place.prefix.is_empty() {
        Some(key.as_str())
    } else {
        key.strip_prefix(place.prefix.as_str()).and_then(|key| key.strip_prefix('/'))
    };
    // Records of publishing (`_flow/…`), temporary files and "folders" are no data.
    let data = |below: &str| !below.is_empty() && !below.ends_with('/') && !below.split('/').any(|part| part.starts_with(['_', '.']));
    *bucket == place.bucket && below.is_some_and(data)
}

impl Engine {
    /// Partition columns of the table that a stream's objects are of: those of the plan's table at this place.
    fn partitions_at(&self, location: &Location, format: Format) -> &[Partition] {
        let table = self.plan.tables.values().find(|table| table.location == *location && table.format == format);
        table.map_or(&[], |table| table.partitions.as_slice())
    }

    /// Reads the rows of one object.
    pub(super) async fn read_object(
        &self,
        place: &TablePlace,
        location: &Location,
        format: Format,
        schema: (&str, &Schema),
        record: usize,
        facts: &Facts,
    ) -> Result<Object> {
        let refused = |kind, reason: String| Object::Refused(Problem { field: None, kind, reason });
        let (schema_name, schema) = schema;
        let key = facts.key.clone().unwrap_or_default();
        let shown = join(&place.bucket, &key);
        let Ok(path) = place.path(&key) else {
            return Ok(refused(kind::MALFORMED, format!("`{shown}` is a key that this binary cannot read")));
        };
        let bytes = match place.store.head(&path).await {
            Ok(found) => found.size,
            Err(object_store::Error::NotFound { .. }) => {
                return Ok(refused(kind::MISSING, format!("the object `{shown}` is not there (any more)")));
            }
            Err(error) => return Err(crate::failure::store_failure("read", &shown, &error)),
        };
        let partitions = self.partitions_at(location, format).to_vec();
        let below = key.strip_prefix(place.prefix.as_str()).unwrap_or(&key).trim_start_matches('/');
        let segments: Vec<&str> = below.split('/').collect();
        let values = match values_of(&partitions, &segments) {
            Some(Ok(values)) => values,
            Some(Err(reason)) => return Ok(refused(kind::UNPARSABLE, format!("the folder of `{shown}`: {reason}"))),
            None => return Ok(refused(kind::MALFORMED, format!("`{shown}` lies in no partition's folder"))),
        };
        let table = Table {
            doc: None,
            role: TableRole::Source,
            schema: schema_name.to_owned(),
            location: location.clone(),
            format,
            partitions,
            invalid: Invalid::Fail,
        };
        let object = ObjectRef { key, bytes };
        let folder = Folder { relative: String::new(), values, record: None, marker: None, objects: vec![object] };
        let source = CheckedRows {
            table,
            schema: schema.clone(),
            place: place.clone(),
            folders: vec![folder],
            checks: self.checks(schema)?,
            unique: false,
            threads: self.executor.threads,
        };
        match read_decoded(Arc::new(source))?.try_collect::<Vec<_>>().await {
            Ok(chunks) => {
                let arrow = computed_schema(&schema.fields);
                let batch = concat_batches(&arrow, chunks.iter().map(|chunk| &chunk.batch)).map_err(crate::failure::defect)?;
                let lines: Vec<u64> = chunks.iter().flat_map(|chunk| chunk.lines.iter().copied()).collect();
                let bad = chunks
                    .into_iter()
                    .flat_map(|chunk| chunk.bad)
                    .map(|bad| BadRow { record, line: Some(bad.line), problem: bad.problem, text: Some(bad.record) })
                    .collect();
                let batch = with_facts(schema, &batch, &vec![facts; lines.len()], &lines)?;
                Ok(Object::Rows(Rows { batch, records: vec![record; lines.len()], lines }, bad))
            }
            // What lies in the object will not change: another content is another object, with a notification of its own.
            Err(Fault::Failure(Failure { name: ErrorName::CorruptObject | ErrorName::SchemaMismatch, cause })) => {
                Ok(refused(kind::MALFORMED, cause))
            }
            Err(Fault::Vanished { object }) => Err(failure(ErrorName::StoreFailed, format!("`{object}` vanished while it was read"))),
            Err(fault) => Err(fault),
        }
    }
}
