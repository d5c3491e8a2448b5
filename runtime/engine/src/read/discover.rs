//! Discovery: which partition folders of a table there are, and which objects each consists of.
//!
//! A folder with a commit record consists of what the record names. A folder without one holds foreign data:
//! every object in it, also deeper, but not one whose name or folder begins with `_` or `.`.

use crate::Environment;
use crate::failure::{Fault, Result, failure, store_failure};
use crate::partition::{Value, folder, values_of};
use crate::read::marker::{MARKER_NAME, Marker, read_marker};
use crate::read::record::{RECORD_FOLDER, RECORD_NAME, Record};
use crate::stores::Stores;
use flow_plan::{ErrorName, Location, Plan, Table, TableRole};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Commit records that are read at the same time.
const READS: usize = 16;

/// A location with its slots filled, and its store.
#[derive(Debug, Clone)]
pub struct TablePlace {
    /// The bucket's name.
    pub bucket: String,
    /// The folder, without slashes at its ends.
    pub prefix: String,
    /// The bucket.
    pub store: Arc<dyn ObjectStore>,
}

impl TablePlace {
    /// The key of something below the prefix.
    pub fn key(&self, relative: &str) -> String {
        join(&self.prefix, relative)
    }

    /// A key as a path of the store.
    pub fn path(&self, key: &str) -> Result<Path> {
        Path::parse(key).map_err(|error| {
            failure(
                ErrorName::BadPlan,
                format!("`{key}` in bucket `{}` is no legal key: {error}", self.bucket),
            )
        })
    }

    /// How messages name a key: `dpc-raw/encounters/dt=2026-01-05`.
    pub fn shown(&self, relative: &str) -> String {
        join(&self.bucket, &self.key(relative))
    }
}

/// Two parts of a key with a slash between them where both are there.
pub fn join(left: &str, right: &str) -> String {
    match (left.is_empty(), right.is_empty()) {
        (true, _) => right.to_owned(),
        (_, true) => left.to_owned(),
        _ => format!("{left}/{right}"),
    }
}

/// An object of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef {
    /// Its whole key in the bucket.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// A partition's folder (of a table without partitions: the table's).
#[derive(Debug, Clone)]
pub struct Folder {
    /// Relative to the table's prefix; empty without partitions.
    pub relative: String,
    /// Values of the partition columns, in their order.
    pub values: Vec<Value>,
    /// Its commit record, if it has one.
    pub record: Option<Record>,
    /// What tells its rows apart, if they were appended.
    pub marker: Option<Marker>,
    /// Its objects: in the record's order, or by name.
    pub objects: Vec<ObjectRef>,
}

/// Opens a location.
pub fn place_of(plan: &Plan, environment: &Environment, stores: &Stores, location: &Location) -> Result<TablePlace> {
    let bucket = environment.resolve(plan, &location.bucket)?;
    let prefix = environment.resolve(plan, &location.prefix)?;
    let store = stores.bucket(&bucket)?;
    Ok(TablePlace {
        bucket,
        prefix: prefix.trim_matches('/').to_owned(),
        store,
    })
}

/// What a listing says about one folder.
#[derive(Debug, Default)]
struct Listed {
    values: Vec<Value>,
    record: Option<ObjectMeta>,
    marker: Option<ObjectMeta>,
    objects: Vec<ObjectRef>,
}

/// The partition folders of a table whose values agree with `wanted` (`None`: any), in the order of their names.
pub async fn discover(place: &TablePlace, table: &Table, wanted: &[Option<Value>]) -> Result<Vec<Folder>> {
    let leading: Vec<Value> = wanted.iter().map_while(Clone::clone).collect();
    let mut listed = list(place, table, wanted, &folder(&table.partitions, &leading)).await?;
    if listed.is_empty() && !leading.is_empty() {
        // Foreign data may write the same value in another way (`month=01`).
        listed = list(place, table, wanted, "").await?;
    }
    futures::stream::iter(listed)
        .map(|(relative, listed)| async move {
            let record = match &listed.record {
                None => None,
                Some(meta) => Some(read_record(place, &meta.location).await?),
            };
            let Some(record) = record.flatten() else {
                let marker = match &listed.marker {
                    None => None,
                    Some(meta) => read_marker(place, &meta.location).await?,
                };
                return Ok(Folder {
                    relative,
                    values: listed.values,
                    record: None,
                    marker,
                    objects: listed.objects,
                });
            };
            let folder_key = place.key(&relative);
            Ok(Folder {
                values: listed.values,
                objects: record
                    .objects
                    .iter()
                    .map(|object| ObjectRef {
                        key: join(&folder_key, &object.name),
                        bytes: object.bytes,
                    })
                    .collect(),
                record: Some(record),
                marker: None,
                relative,
            })
        })
        .buffered(READS)
        .try_collect()
        .await
}

/// Reads a commit record; `None` where there is none (any more).
pub async fn read_record(place: &TablePlace, location: &Path) -> Result<Option<Record>> {
    let shown = join(&place.bucket, location.as_ref());
    match place.store.get(location).await {
        Ok(found) => {
            let bytes = found
                .bytes()
                .await
                .map_err(|error| store_failure("read", &shown, &error))?;
            Record::parse(&bytes, &shown).map(Some)
        }
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(store_failure("read", &shown, &error)),
    }
}

/// Folders that have a commit record or objects, with the record's entity tag, in the order of their names: what a
/// writer must know before it begins. Folders with neither are left out.
pub async fn committed_folders(
    place: &TablePlace,
    table: &Table,
    wanted: &[Option<Value>],
) -> Result<BTreeMap<String, Option<String>>> {
    let leading: Vec<Value> = wanted.iter().map_while(Clone::clone).collect();
    let listed = list(place, table, wanted, &folder(&table.partitions, &leading)).await?;
    if let Some((relative, _)) = listed.iter().find(|(_, listed)| listed.marker.is_some()) {
        return Err(failure(
            ErrorName::BadRequest,
            format!(
                "rows are appended to `{}`, and this step would replace them: write into another sink, or remove that \
                 folder first",
                place.shown(relative)
            ),
        ));
    }
    Ok(listed
        .into_iter()
        .map(|(relative, listed)| (relative, listed.record.and_then(|meta| meta.e_tag)))
        .collect())
}

async fn list(
    place: &TablePlace,
    table: &Table,
    wanted: &[Option<Value>],
    under: &str,
) -> Result<BTreeMap<String, Listed>> {
    let root = place.key(under);
    let prefix = (!root.is_empty()).then(|| place.path(&root)).transpose()?;
    let mut folders: BTreeMap<String, Listed> = BTreeMap::new();
    let mut objects = place.store.list(prefix.as_ref());
    while let Some(meta) = objects.next().await {
        let meta = match meta {
            Ok(meta) => meta,
            // A directory that was removed while it was listed.
            Err(object_store::Error::NotFound { .. }) => continue,
            Err(error) => return Err(store_failure("list", &place.shown(under), &error)),
        };
        let key = meta.location.as_ref();
        let below = match place.prefix.as_str() {
            "" => Some(key),
            prefix => key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')),
        };
        let Some(below) = below else { continue };
        let segments: Vec<&str> = below.split('/').collect();
        let depth = table.partitions.len();
        let values = match values_of(&table.partitions, &segments) {
            None => {
                stray(place, table, wanted, below, &segments)?;
                continue;
            }
            Some(Ok(values)) => values,
            Some(Err(reason)) => {
                if wanted.iter().any(Option::is_some) {
                    continue;
                }
                return Err(failure(
                    ErrorName::SchemaMismatch,
                    format!("the folder of `{}` is no partition of this table: {reason}", place.shown(below)),
                ));
            }
        };
        let fits = wanted
            .iter()
            .zip(&values)
            .all(|(wanted, value)| wanted.as_ref().is_none_or(|wanted| wanted == value));
        let Some((head, tail)) = segments.split_at_checked(depth) else { continue };
        if !fits || tail.is_empty() {
            continue;
        }
        let entry = || Listed {
            values: values.clone(),
            ..Listed::default()
        };
        let relative = head.join("/");
        if tail == [RECORD_FOLDER, MARKER_NAME] {
            folders.entry(relative).or_insert_with(entry).marker = Some(meta);
        } else if tail == [RECORD_FOLDER, RECORD_NAME] {
            folders.entry(relative).or_insert_with(entry).record = Some(meta);
        } else if !tail.iter().any(|segment| segment.starts_with(['_', '.'])) {
            let object = ObjectRef {
                key: key.to_owned(),
                bytes: meta.size,
            };
            folders.entry(relative).or_insert_with(entry).objects.push(object);
        }
    }
    for listed in folders.values_mut() {
        listed.objects.sort_by(|left, right| left.key.cmp(&right.key));
    }
    Ok(folders)
}

/// There is nothing to read: names bucket, prefix and partitions.
pub fn input_missing(table_name: &str, place: &TablePlace, table: &Table, wanted: &[Option<Value>]) -> Fault {
    let partitions: Vec<String> = table
        .partitions
        .iter()
        .zip(wanted)
        .filter_map(|(partition, value)| {
            let value = value.as_ref()?.text()?;
            Some(format!("{}={value}", partition.name))
        })
        .collect();
    let partitions = if partitions.is_empty() {
        String::new()
    } else {
        format!(" and partition `{}`", partitions.join("/"))
    };
    failure(
        ErrorName::InputMissing,
        format!(
            "table `{table_name}` has nothing to read in bucket `{}` under prefix `{}`{partitions}: check that the \
             data has arrived and that the name is right",
            place.bucket, place.prefix
        ),
    )
}

/// An object in none of the folders that the table's partitions make: whoever reads the whole table would miss its
/// rows without a word. Names that begin with `_` or `.` are left to other tools.
fn stray(place: &TablePlace, table: &Table, wanted: &[Option<Value>], below: &str, segments: &[&str]) -> Result<()> {
    let hidden = segments.iter().any(|segment| segment.starts_with(['_', '.']));
    if table.role == TableRole::Sink || hidden || wanted.iter().any(Option::is_some) {
        return Ok(());
    }
    let folders: Vec<String> = table.partitions.iter().map(|partition| format!("{}=…/", partition.name)).collect();
    Err(failure(
        ErrorName::SchemaMismatch,
        format!(
            "object `{}` lies in no partition of its table: expected it below `{}{}`",
            place.shown(below),
            place.shown(""),
            format_args!("/{}", folders.concat()),
        ),
    ))
}
