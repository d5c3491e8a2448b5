//! The folder of local runs, `.flow` beside the program:
//!
//! ```text
//! .flow/
//!   build/<program>/         the artefacts, as `flowc build` makes them
//!   buckets/<bucket>/…       one folder for each bucket
//!   work/<task>/             FLOW_WORK of tasks that are not the generic binary
//!   notifications.jsonl      what would have been sent, of all runs
//!   runs/<id>/               run.json input.json asl.json plan.json events-<n>.jsonl history.json log.jsonl result.json, <step>.log
//! ```
//!
//! An id is the time of the start and the flow: `20260106T020003Z-nightly`, so that names sort by time. It is the
//! execution's name, too.

use crate::error::{LOCAL_SETUP, LocalError};
use chrono::{DateTime, Utc};
use flow_plan::LocalTable;
use std::path::{Path, PathBuf};

/// Where a run keeps its things. All paths are absolute.
#[derive(Debug, Clone)]
pub struct Home {
    /// `.flow`.
    pub root: PathBuf,
    /// `.flow/buckets`.
    pub buckets: PathBuf,
    /// `.flow/notifications.jsonl`.
    pub notifications: PathBuf,
    /// `.flow/runs/<id>`.
    pub run: PathBuf,
    /// The run's id.
    pub id: String,
}

impl Home {
    /// Makes the folders of a run that begins now.
    ///
    /// # Errors
    /// FLOW0910 where they cannot be made.
    pub fn open(root: &Path, flow: &str, now: DateTime<Utc>) -> Result<Self, LocalError> {
        make(root)?;
        let root = root.canonicalize().map_err(|error| unusable(root, error))?;
        let buckets = root.join("buckets");
        make(&buckets)?;
        let runs = root.join("runs");
        make(&runs)?;
        let first = format!("{}-{}", now.format("%Y%m%dT%H%M%SZ"), id_part(flow));
        for number in 1..1000 {
            let id = if number == 1 { first.clone() } else { format!("{first}-{number}") };
            let run = runs.join(&id);
            // The folder is what makes an id one's own: of two runs in one second, one gets the next number.
            match std::fs::create_dir(&run) {
                Ok(()) => {
                    let notifications = root.join("notifications.jsonl");
                    return Ok(Home { root, buckets, notifications, run, id });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unusable(&run, error)),
            }
        }
        Err(LocalError::new(LOCAL_SETUP, format!("`{}` has a thousand runs of this second", runs.display())))
    }

    /// The folders of a run that goes on.
    ///
    /// # Errors
    /// FLOW0910 where they cannot be made.
    pub fn reopen(root: &Path, id: &str) -> Result<Self, LocalError> {
        make(root)?;
        let root = root.canonicalize().map_err(|error| unusable(root, error))?;
        let buckets = root.join("buckets");
        make(&buckets)?;
        let run = root.join("runs").join(id);
        Ok(Home { notifications: root.join("notifications.jsonl"), buckets, run, id: id.to_owned(), root })
    }

    /// The folder of a table's objects.
    pub fn table(&self, table: &LocalTable) -> PathBuf {
        self.buckets.join(&table.bucket).join(&table.prefix)
    }

    /// The folder of a task's own, made if need be.
    ///
    /// # Errors
    /// FLOW0910 where it cannot be made.
    pub fn work(&self, task: &str) -> Result<PathBuf, LocalError> {
        let folder = self.root.join("work").join(id_part(task));
        make(&folder)?;
        Ok(folder)
    }
}

/// An execution's name has letters, digits, `-` and `_`, 80 of them at most.
fn id_part(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).take(50).collect()
}

fn make(folder: &Path) -> Result<(), LocalError> {
    std::fs::create_dir_all(folder).map_err(|error| unusable(folder, error))
}

fn unusable(folder: &Path, error: std::io::Error) -> LocalError {
    LocalError::new(LOCAL_SETUP, format!("cannot make the folder `{}`", folder.display()))
        .source(error)
        .help("choose another place for what runs make: `--home DIRECTORY`")
}

/// A path as a person would type it from where they are.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let relative = here.ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    let shown = relative.filter(|relative| !relative.as_os_str().is_empty());
    shown.as_deref().unwrap_or(path).display().to_string()
}

/// Objects below a folder, and their bytes; names that begin with `_` or `.` are not data.
pub fn objects(folder: &Path) -> (u64, u64) {
    let (mut count, mut bytes) = (0, 0);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(['_', '.']) {
            continue;
        }
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let (below, size) = objects(&entry.path());
            count += below;
            bytes += size;
        } else {
            count += 1;
            bytes += entry.metadata().map_or(0, |data| data.len());
        }
    }
    (count, bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn two_runs_of_one_second_have_two_folders() {
        let place = tempfile::tempdir().unwrap();
        let now = DateTime::from_timestamp(1_767_665_003, 0).unwrap();
        let first = Home::open(&place.path().join(".flow"), "nightly", now).unwrap();
        let second = Home::open(&place.path().join(".flow"), "nightly", now).unwrap();
        assert_eq!((first.id.as_str(), second.id.as_str()), ("20260106T020323Z-nightly", "20260106T020323Z-nightly-2"));
        assert!(second.run.is_dir());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join(".flow");
        std::fs::write(&file, "").unwrap();
        let error = Home::open(&file, "nightly", DateTime::default()).unwrap_err();
        assert!(error.message.contains(".flow") && error.help.unwrap().contains("--home"));
    }

    #[test]
    fn commit_records_are_no_data() {
        let place = tempfile::tempdir().unwrap();
        let part = place.path().join("month=2026-01-01");
        std::fs::create_dir_all(part.join("_flow")).unwrap();
        std::fs::write(part.join("_flow/commit.json"), "{}").unwrap();
        std::fs::write(part.join("a.parquet"), "1234").unwrap();
        assert_eq!(objects(place.path()), (1, 4));
    }
}
