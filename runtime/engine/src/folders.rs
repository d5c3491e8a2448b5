//! Folders of objects as they are, whatever is in them: copied by when they were written, and counted.

use crate::failure::{Result, failure, store_failure};
use crate::operations::Engine;
use crate::temporal::{format_timestamp, parse_timestamp};
use flow_plan::{ErrorName, Failure};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Objects that are copied at the same time.
const COPIES: usize = 16;

/// Which objects are copied, and where to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyWritten {
    /// The bucket.
    pub bucket: String,
    /// The folder whose objects are looked at.
    pub prefix: String,
    /// The folder that takes them; what lies below it is never copied again.
    pub to: String,
    /// A folder in it.
    #[serde(default)]
    pub under: String,
    /// Written at this instant or later,
    pub since: String,
    /// and at this one or earlier.
    pub until: String,
}

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Objects that were looked at.
    pub scanned: u64,
    /// Objects that were copied.
    pub copied: u64,
    /// The folder that has them: each is below it by its whole key.
    pub prefix: String,
}

/// Which objects are counted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountWritten {
    /// The bucket.
    pub bucket: String,
    /// The folder.
    pub prefix: String,
    /// A folder in it.
    #[serde(default)]
    pub under: String,
    /// What their names end with.
    #[serde(default)]
    pub suffix: String,
    /// Written at this instant or later.
    pub since: String,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Objects.
    pub found: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the youngest was written.
    pub newest: Option<String>,
    /// Where they lie.
    pub prefix: String,
}

impl Engine {
    /// Copies the objects of a folder that were written within a window, their metadata with them. An object keeps its
    /// whole key below the destination, so that copies of copies cannot meet originals.
    ///
    /// # Errors
    /// `Flow.BadRequest` for what is no instant or no folder, `Flow.StoreFailed` where the store refuses.
    pub async fn copy_written(&self, of: &CopyWritten) -> Result<Copied, Failure> {
        Ok(self.copy_within(of).await?)
    }

    async fn copy_within(&self, of: &CopyWritten) -> Result<Copied> {
        let (since, until) = (instant("since", &of.since)?, instant("until", &of.until)?);
        if since > until {
            return Err(failure(
                ErrorName::BadRequest,
                format!("the window ends before it begins: from {} to {}", of.since, of.until),
            ));
        }
        let to = folder(&of.to);
        if to.is_empty() {
            return Err(failure(ErrorName::BadRequest, "`to` is empty: name the folder that takes the copies"));
        }
        let target = joined(&[&of.to, &of.under]);
        let store = self.store(&of.bucket)?;
        let mut scanned = 0;
        let mut chosen = Vec::new();
        let listed = listing(&store, &of.bucket, &folder(&of.prefix)).await?;
        for object in listed {
            let key = object.location.to_string();
            // Copies of an earlier run are no originals.
            if key.starts_with(&to) {
                continue;
            }
            scanned += 1;
            let written = object.last_modified.timestamp_micros();
            if written >= since && written <= until {
                chosen.push(key);
            }
        }
        let copied = chosen.len() as u64;
        futures::stream::iter(chosen)
            .map(|key| {
                let (store, target, bucket) = (Arc::clone(&store), target.as_str(), of.bucket.as_str());
                async move {
                    let from = path(bucket, &key)?;
                    let copy = path(bucket, &format!("{target}/{key}"))?;
                    store.copy(&from, &copy).await.map_err(|error| store_failure("copy", &format!("{bucket}/{key}"), &error))
                }
            })
            .buffer_unordered(COPIES)
            .try_collect::<()>()
            .await?;
        tracing::info!(bucket = of.bucket, scanned, copied, to = target, "copied");
        Ok(Copied { scanned, copied, prefix: target })
    }

    /// Counts the objects of a folder that were written since an instant.
    ///
    /// # Errors
    /// `Flow.BadRequest` for what is no instant, `Flow.StoreFailed` where the store refuses.
    pub async fn count_written(&self, of: &CountWritten) -> Result<Counted, Failure> {
        Ok(self.count_since(of).await?)
    }

    async fn count_since(&self, of: &CountWritten) -> Result<Counted> {
        let since = instant("since", &of.since)?;
        let prefix = joined(&[&of.prefix, &of.under]);
        let store = self.store(&of.bucket)?;
        let mut counted = Counted { found: 0, bytes: 0, newest: None, prefix: prefix.clone() };
        let mut newest = None;
        for object in listing(&store, &of.bucket, &folder(&prefix)).await? {
            let written = object.last_modified.timestamp_micros();
            if written < since || !object.location.as_ref().ends_with(&of.suffix) {
                continue;
            }
            counted.found += 1;
            counted.bytes += object.size;
            newest = newest.max(Some(written));
        }
        counted.newest = newest.map(format_timestamp);
        tracing::info!(bucket = of.bucket, prefix, found = counted.found, "counted");
        Ok(counted)
    }
}

/// A folder with a slash at its end; `""` is the bucket.
fn folder(prefix: &str) -> String {
    match prefix.trim_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    }
}

fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_matches('/')).filter(|part| !part.is_empty()).collect();
    parts.join("/")
}

fn path(bucket: &str, key: &str) -> Result<Path> {
    Path::parse(key)
        .map_err(|error| failure(ErrorName::BadRequest, format!("`{bucket}/{key}` cannot be an object's key: {error}")))
}

/// The objects of a folder, by their keys.
async fn listing(store: &Arc<dyn ObjectStore>, bucket: &str, folder: &str) -> Result<Vec<ObjectMeta>> {
    let prefix = match folder.trim_end_matches('/') {
        "" => None,
        prefix => Some(path(bucket, prefix)?),
    };
    let listed: object_store::Result<Vec<ObjectMeta>> = store.list(prefix.as_ref()).try_collect().await;
    let mut listed = listed.map_err(|error| store_failure("list", &format!("{bucket}/{folder}"), &error))?;
    // Temporary files of local buckets begin with a dot.
    listed.retain(|object| object.location.filename().is_some_and(|name| !name.starts_with('.')));
    listed.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(listed)
}

fn instant(name: &str, text: &str) -> Result<i64> {
    parse_timestamp(text).map_err(|problem| failure(ErrorName::BadRequest, format!("`{name}`: {problem}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::Environment;
    use flow_plan::Plan;

    async fn engine(keys: &[&str]) -> Engine {
        let environment = Environment::from_variables([("FLOW_STORE", "memory:")]);
        let engine = Engine::new(Plan::new("p"), environment).unwrap();
        let store = engine.store("lake").unwrap();
        for key in keys {
            store.put(&Path::parse(key).unwrap(), "x".into()).await.unwrap();
        }
        engine
    }

    async fn keys(engine: &Engine) -> Vec<String> {
        let listed = listing(&engine.store("lake").unwrap(), "lake", "").await.unwrap();
        listed.iter().map(|object| object.location.to_string()).collect()
    }

    fn copy(since: &str, until: &str) -> CopyWritten {
        let text = str::to_owned;
        CopyWritten {
            bucket: text("lake"),
            prefix: text("in"),
            to: text("in/again"),
            under: text("run-1"),
            since: text(since),
            until: text(until),
        }
    }

    #[tokio::test]
    async fn objects_of_the_window_are_copied_and_copies_are_not() {
        let engine = engine(&["in/a.json", "in/b/c.json", "in/again/run-0/in/a.json", "out/d.json"]).await;
        let done = engine.copy_written(&copy("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z")).await.unwrap();
        assert_eq!(done, Copied { scanned: 2, copied: 2, prefix: "in/again/run-1".to_owned() });
        let there = ["in/a.json", "in/again/run-0/in/a.json", "in/again/run-1/in/a.json", "in/again/run-1/in/b/c.json", "in/b/c.json", "out/d.json"];
        assert_eq!(keys(&engine).await, there);
        // Done again, it is the same.
        let again = engine.copy_written(&copy("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z")).await.unwrap();
        assert_eq!((again.scanned, keys(&engine).await.len()), (2, there.len()));
        let before = engine.copy_written(&copy("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")).await.unwrap();
        assert_eq!((before.scanned, before.copied), (2, 0));
    }

    #[tokio::test]
    async fn objects_are_counted_since_an_instant() {
        let engine = engine(&["silver/a/x.parquet", "silver/a/y.parquet", "silver/a/_flow/append.json", "silver/b/z.parquet"]).await;
        let count = |since: &str| CountWritten {
            bucket: "lake".to_owned(),
            prefix: "silver".to_owned(),
            under: "a".to_owned(),
            suffix: ".parquet".to_owned(),
            since: since.to_owned(),
        };
        let found = engine.count_written(&count("2020-01-01T00:00:00Z")).await.unwrap();
        assert_eq!((found.found, found.bytes, found.prefix.as_str()), (2, 2, "silver/a"));
        assert!(found.newest.is_some());
        let none = engine.count_written(&count("2999-01-01T00:00:00Z")).await.unwrap();
        assert_eq!((none.found, none.newest), (0, None));
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused() {
        let engine = engine(&[]).await;
        let refused = engine.copy_written(&copy("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")).await.unwrap_err();
        assert_eq!(refused.to_string(), "Flow.BadRequest: the window ends before it begins: from 2026-01-02T00:00:00Z to 2026-01-01T00:00:00Z");
        let refused = engine.copy_written(&copy("yesterday", "2026-01-01T00:00:00Z")).await.unwrap_err();
        assert!(refused.to_string().starts_with("Flow.BadRequest: `since`: "), "{refused}");
        let nowhere = CopyWritten { to: "/".to_owned(), ..copy("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z") };
        assert!(engine.copy_written(&nowhere).await.unwrap_err().to_string().contains("`to` is empty"));
    }
}
