//! Appending: rows that are added to a table, by any number of writers at once, none of which knows of the others.
//!
//! A folder to which rows are appended has no commit record, which all writers would have to change in turn. It has a
//! **marker**, [`Marker`], at `_flow/append.json`, the same whoever writes it, and objects that are never changed:
//!
//! - with a key, an object is called `append-<digest>-<index, 5 digits>.<format>`, the digest being that of its rows'
//!   sorted keys. The same rows delivered twice come to the same names, so the second delivery overwrites the first
//!   with itself;
//! - without one (`at_least_once`), it is called `append-<first 32 digits of its SHA-256>-<number, 5 digits>.<format>`,
//!   with the first number that is free: no delivery takes the place of another, and one that is repeated is there twice.
//!
//! The marker is written first, the objects after it, one by one: a reader may see a part of a delivery, and one that was
//! cut short is made whole when it is delivered again. A row that several deliveries hold (another batch with some of the
//! same keys) is there in several objects: readers take it from the object whose name comes first.

use crate::failpoint;
use crate::failure::{Result, failure, store_failure};
use crate::formats::encode::{Encoded, extension, put_options};
use crate::publish::{Published, record_key};
use crate::read::{Marker, TablePlace, join, marker_key, read_marker, read_record};
use crate::types::hex;
use flow_plan::{ErrorName, Format};
use object_store::{Error, ObjectStore, PutMode, PutOptions};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Digits of a digest in an object's name.
const DIGITS: usize = 32;

/// Adds results by folder (relative to the table). `keys` are the hashes of their rows' keys.
pub async fn append(
    place: &TablePlace,
    table: &str,
    key: &[String],
    format: Format,
    results: BTreeMap<String, Vec<Encoded>>,
    mut keys: BTreeMap<String, Vec<[u64; 2]>>,
) -> Result<Published> {
    let marker = Marker::new(key);
    let mut published = Published::default();
    if results.is_empty() {
        // So that a table without rows is not taken for one that nobody has written.
        mark(place, table, "", &marker).await?;
    }
    for (folder, objects) in results {
        mark(place, table, &folder, &marker).await?;
        let digest = keys.remove(&folder).map(digest);
        let filled = objects.into_iter().filter(|object| object.rows > 0);
        for (index, mut object) in filled.enumerate() {
            published.objects += 1;
            published.bytes += object.bytes;
            published.rows += object.rows;
            failpoint::hit("before-put-object");
            match &digest {
                Some(digest) => {
                    let name = format!("append-{digest}-{index:05}.{}", extension(format));
                    put(place, &join(&folder, &name), &mut object, format, PutMode::Overwrite).await?;
                }
                None => add(place, &folder, format, &mut object).await?,
            }
            failpoint::hit("after-put-object");
            tracing::info!(table, folder, rows = object.rows, bytes = object.bytes, "object appended");
        }
    }
    Ok(published)
}

/// Writes the marker of a folder, unless it is there.
async fn mark(place: &TablePlace, table: &str, folder: &str, marker: &Marker) -> Result<()> {
    let shown = place.shown(folder);
    let record = place.path(&place.key(&join(folder, &record_key())))?;
    if read_record(place, &record).await?.is_some() {
        return Err(failure(
            ErrorName::BadRequest,
            format!(
                "`{shown}` (table `{table}`) was written by a step that replaces it, and rows cannot be appended to it: \
                 remove it, or append to another sink"
            ),
        ));
    }
    let key = join(folder, &marker_key());
    let path = place.path(&place.key(&key))?;
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match place.store.put_opts(&path, marker.to_bytes()?.into(), options).await {
        Ok(_) => {}
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
            let found = read_marker(place, &path).await?;
            if let Some(found) = found.filter(|found| found.key != marker.key) {
                return Err(failure(
                    ErrorName::BadRequest,
                    format!(
                        "rows of `{shown}` (table `{table}`) are told apart by {}, and this step appends by {}: append to \
                         another sink",
                        found.shown(),
                        marker.shown()
                    ),
                ));
            }
        }
        Err(error) => return Err(store_failure("write", &place.shown(&key), &error)),
    }
    Ok(())
}

/// Adds an object under the first number that is free.
async fn add(place: &TablePlace, folder: &str, format: Format, object: &mut Encoded) -> Result<()> {
    let digest = object.sha256.get(..DIGITS).unwrap_or(&object.sha256).to_owned();
    let mut number = 0_u64;
    loop {
        let name = format!("append-{digest}-{number:05}.{}", extension(format));
        if put(place, &join(folder, &name), object, format, PutMode::Create).await? {
            return Ok(());
        }
        number += 1;
    }
}

/// Writes an object; `false` where one of its name is there and `mode` does not replace it.
async fn put(place: &TablePlace, key: &str, object: &mut Encoded, format: Format, mode: PutMode) -> Result<bool> {
    let bytes = object.read()?;
    let options = put_options(format, mode);
    match place.store.put_opts(&place.path(&place.key(key))?, bytes.into(), options).await {
        Ok(_) => Ok(true),
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
        Err(error) => Err(store_failure("write", &place.shown(key), &error)),
    }
}

/// The digest of keys, in whatever order and however often they come.
fn digest(mut keys: Vec<[u64; 2]>) -> String {
    keys.sort_unstable();
    keys.dedup();
    let mut digest = Sha256::new();
    for [high, low] in keys {
        digest.update(high.to_be_bytes());
        digest.update(low.to_be_bytes());
    }
    let mut text = hex(&digest.finalize());
    text.truncate(DIGITS);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_of_the_set_of_keys() {
        let one = digest(vec![[1, 2], [3, 4]]);
        assert_eq!(one.len(), DIGITS);
        assert_eq!(one, digest(vec![[3, 4], [1, 2], [3, 4]]));
        assert_ne!(one, digest(vec![[1, 2]]));
        assert_ne!(one, digest(vec![[1, 2], [4, 3]]));
    }
}
