//! Publishing: how new rows replace old ones, so that a crash or a second writer leaves no mixture.
//!
//! Each partition folder (of a table without partitions: the table's) has a **commit record**, [`Record`], at
//! `_flow/commit.json`: it names the objects that the folder consists of, and has a **generation**, which rises by
//! one each time. Flow's readers obey the record; Athena or Spark may see old and new objects for a moment.
//!
//! A publish, with *n* the generation of a folder's record (0 where there is none):
//!
//! 1. [`begin`] notes the entity tags of the records, before any input is read;
//! 2. the results are encoded in temporary files; an object's name is
//!    `part-<index, 5 digits>-<generation n+1, 6 digits>-<first 12 digits of its SHA-256>.<format>`;
//! 3. a folder whose record names exactly these contents, under the same schema, is left as it is, unless
//!    an object of a later generation lies in it: then another writer was, or is, about to replace the contents, and
//!    a new generation makes it lose;
//! 4. all objects of all folders are written;
//! 5. folder by folder, the record is switched by one conditional write: it succeeds only if the record is still the
//!    one of step 1 (`If-Match`), or if there is still none (`If-None-Match: *`);
//! 6. what the record does not name is removed: objects of its generation or an earlier one, temporary files of
//!    such, and foreign data. Objects of later generations belong to another writer.
//!
//! Who finds in step 5 that the record has changed is a **stale writer**: it removes its own objects, as far as the
//! winner's record does not name them, and fails with `Flow.StaleWriter`. If the record that it finds is, byte for
//! byte, the one that it wanted to write, then its own write had succeeded and only the answer was lost.
//!
//! A crash before the switch leaves objects that no record names; after it, objects that are out of date. The
//! same request run again comes to the same names, so it overwrites the former and removes the latter: its
//! result is, byte for byte, that of an undisturbed run. There are no clocks or random numbers in names or records.
//!
//! An emptied folder keeps its record, which then names no objects: the table reads as empty rather than missing,
//! and its generation goes on rising, so that a writer that began before the emptying still loses.

mod append;
mod base;
mod clean;

pub use append::append;
pub use base::{Base, begin};

use crate::failpoint;
use crate::failure::{Fault, Result, failure, store_failure};
use crate::formats::encode::{Encoded, extension, put_options};
use crate::read::{NamedObject, RECORD_FOLDER, RECORD_NAME, RECORD_VERSION, Record, TablePlace};
use base::Folder;
use flow_plan::{ErrorName, Format};
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use std::collections::BTreeMap;

/// What a publish left in the table's folders that it replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Published {
    /// Objects that hold the result, written now or by an earlier run of the same request.
    pub objects: u64,
    /// Their size.
    pub bytes: u64,
    /// Their rows.
    pub rows: u64,
}

/// What a publish does to one folder.
struct Step {
    folder: Folder,
    record: Record,
    bytes: Vec<u8>,
    /// `None`: the folder is already as it should be.
    objects: Option<Vec<Encoded>>,
}

/// Publishes results by folder (relative to the table). Folders of `base` without results become empty.
///
/// `table` is for messages; `schema` the fingerprint that goes into the records.
pub async fn publish(
    base: Base,
    table: &str,
    schema: &str,
    format: Format,
    mut results: BTreeMap<String, Vec<Encoded>>,
) -> Result<Published> {
    let place = base.place.clone();
    let mut published = Published::default();
    let mut names: Vec<String> = base.replaced().map(str::to_owned).collect();
    names.extend(results.keys().cloned());
    names.sort_unstable();
    names.dedup();
    let mut steps = Vec::with_capacity(names.len());
    for name in names {
        let objects = results.remove(&name).unwrap_or_default();
        published.objects += objects.len() as u64;
        published.bytes += objects.iter().map(|object| object.bytes).sum::<u64>();
        published.rows += objects.iter().map(|object| object.rows).sum::<u64>();
        let folder = base.folder(table, &name).await?;
        steps.push(plan(folder, schema, format, objects)?);
    }
    write_objects(&place, table, format, &mut steps).await?;
    switch(&place, table, &steps).await?;
    for step in &steps {
        clean::folder(&place, &step.folder.relative, &step.record).await?;
    }
    failpoint::hit("after-clean");
    base.mark_empty(table, steps.is_empty()).await?;
    Ok(published)
}

/// Decides what is to be done to a folder.
fn plan(folder: Folder, schema: &str, format: Format, objects: Vec<Encoded>) -> Result<Step> {
    if let Some(record) = &folder.record {
        let same = record.schema == schema
            && record.objects.len() == objects.len()
            && record
                .objects
                .iter()
                .zip(&objects)
                .all(|(named, object)| named.sha256 == object.sha256 && named.rows == object.rows);
        if same && !folder.has_later(record.generation) {
            let record = record.clone();
            return Ok(Step {
                folder,
                bytes: record.to_bytes()?,
                record,
                objects: None,
            });
        }
    }
    let generation = folder.record.as_ref().map_or(0, |record| record.generation) + 1;
    let named = objects
        .iter()
        .enumerate()
        .map(|(index, object)| NamedObject {
            name: format!(
                "part-{index:05}-{generation:06}-{}.{}",
                object.sha256.get(..12).unwrap_or(&object.sha256),
                extension(format)
            ),
            bytes: object.bytes,
            rows: object.rows,
            sha256: object.sha256.clone(),
        })
        .collect();
    let record = Record {
        version: RECORD_VERSION,
        generation,
        schema: schema.to_owned(),
        objects: named,
    };
    Ok(Step {
        folder,
        bytes: record.to_bytes()?,
        record,
        objects: Some(objects),
    })
}

async fn write_objects(place: &TablePlace, table: &str, format: Format, steps: &mut [Step]) -> Result<()> {
    for step in steps.iter_mut() {
        let Some(objects) = &mut step.objects else { continue };
        for (object, named) in objects.iter_mut().zip(&step.record.objects) {
            let key = step.folder.key(&named.name);
            failpoint::hit("before-put-object");
            let bytes = object.read()?;
            place
                .store
                .put_opts(&place.path(&place.key(&key))?, bytes.into(), put_options(format, PutMode::Overwrite))
                .await
                .map_err(|error| store_failure("write", &place.shown(&key), &error))?;
            failpoint::hit("after-put-object");
            tracing::debug!(table, object = key, rows = object.rows, bytes = object.bytes, "object written");
        }
    }
    Ok(())
}

/// Switches the records, one folder after the other.
async fn switch(place: &TablePlace, table: &str, steps: &[Step]) -> Result<()> {
    let mut first = true;
    for (position, step) in steps.iter().enumerate() {
        if step.objects.is_none() {
            continue;
        }
        if !first {
            failpoint::hit("between-partitions");
        }
        first = false;
        failpoint::hit("before-commit");
        match commit(place, step).await {
            Ok(()) => {}
            Err(lost) => {
                // What no record names is ours to remove: here and in the folders that are not reached any more.
                for step in steps.get(position..).unwrap_or_default() {
                    clean::own_objects(place, step).await?;
                }
                for step in steps.get(..position).unwrap_or_default() {
                    clean::folder(place, &step.folder.relative, &step.record).await?;
                }
                return Err(match lost {
                    Lost::Race => stale(place, table, &step.folder.relative),
                    Lost::Failed(fault) => fault,
                });
            }
        }
        failpoint::hit("after-commit");
        tracing::debug!(
            table,
            folder = step.folder.relative,
            generation = step.record.generation,
            "commit record switched"
        );
    }
    Ok(())
}

enum Lost {
    Race,
    Failed(Fault),
}

async fn commit(place: &TablePlace, step: &Step) -> Result<(), Lost> {
    let key = step.folder.key(&record_key());
    let path = place.path(&place.key(&key)).map_err(Lost::Failed)?;
    let mode = match &step.folder.etag {
        None => PutMode::Create,
        Some(etag) => PutMode::Update(UpdateVersion {
            e_tag: Some(etag.clone()),
            version: None,
        }),
    };
    let options = PutOptions {
        mode,
        ..PutOptions::default()
    };
    match place.store.put_opts(&path, step.bytes.clone().into(), options).await {
        Ok(_) => Ok(()),
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }) => {
            // Perhaps our own write, whose answer was lost and which the client tried once more.
            let found = match place.store.get(&path).await {
                Ok(found) => found.bytes().await.ok(),
                Err(_) => None,
            };
            if found.is_some_and(|found| found == step.bytes) { Ok(()) } else { Err(Lost::Race) }
        }
        Err(error) => Err(Lost::Failed(store_failure("write", &place.shown(&key), &error))),
    }
}

/// The record's key in its folder.
pub(crate) fn record_key() -> String {
    format!("{RECORD_FOLDER}/{RECORD_NAME}")
}

fn stale(place: &TablePlace, table: &str, relative: &str) -> Fault {
    failure(
        ErrorName::StaleWriter,
        format!(
            "another writer has published `{}` (table `{table}`) since this request began; nothing of this request's \
             result for it was kept. Run the step again if its result is still wanted",
            place.shown(relative)
        ),
    )
}
