//! Failpoints: places at which the process kills itself, so that a test can see what a crash leaves.
//!
//! `FLOW_FAILPOINT=after-put-object:2` aborts the process when it comes to `after-put-object` for the second
//! time; with `=wait:FILE` after it, the process makes `FILE.waiting` and waits there until the file
//! exists, so that a test can let another writer go first. The code is compiled in always, so that what is tested is what is deployed; without the variable a
//! failpoint is one atomic load. A name that is in neither [`ALL`] nor [`STREAMS`] is refused when the engine starts, so that a
//! misspelt one cannot pass for a crash that did no harm.

use crate::Environment;
use crate::failure::{Result, failure};
use flow_plan::ErrorName;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Every failpoint of requests, in the order in which a request comes by them, with what has just been done.
pub const ALL: &[(&str, &str)] = &[
    ("before-read-record", "nothing"),
    ("after-read-record", "the sink's commit records are known, no input is read"),
    ("after-read-inputs", "results are computed and encoded in temporary files"),
    ("before-put-object", "an object is about to be written"),
    ("within-put-object", "directories only: an object's bytes are in a temporary file, not under its name"),
    ("after-put-object", "an object is under its name, the record does not name it"),
    ("before-commit", "all objects of all partitions are written, this partition's record is the old one"),
    ("within-commit", "directories only: the new record is in a temporary file"),
    ("after-commit", "this partition's record is the new one, old objects are still there"),
    ("between-partitions", "one partition is switched, the next is not"),
    ("during-clean", "one object that no record names is removed, others may remain"),
    ("after-clean", "everything is done, the report is not yet given"),
];

/// Those of streams, beside those of what they append.
pub const STREAMS: &[(&str, &str)] = &[
    ("after-take", "records are taken in the ledger, nothing is done with them"),
    ("after-act", "the work is done, dead letters are not written"),
    ("before-settle", "the work is done, the ledger does not say so"),
    ("after-settle", "the ledger says that the work is done"),
    ("before-answer", "everything is done, the answer is not yet given"),
];

static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

#[derive(Debug)]
struct Armed {
    name: &'static str,
    left: AtomicU64,
    /// The file to wait for, in place of a crash.
    wait: Option<PathBuf>,
}

/// How often a waiting process looks for its file.
const LOOK: Duration = Duration::from_millis(2);

/// Reads `FLOW_FAILPOINT`. The first call decides for the whole process.
pub(crate) fn arm(environment: &Environment) -> Result<()> {
    let armed = match environment.get("FLOW_FAILPOINT") {
        None => None,
        Some(text) => {
            let (place, wait) = match text.split_once("=wait:") {
                Some((place, file)) => (place, Some(PathBuf::from(file))),
                None => (text, None),
            };
            let (name, count) = place.split_once(':').unwrap_or((place, "1"));
            let known = ALL.iter().chain(STREAMS).map(|(known, _)| *known).find(|known| *known == name);
            let count = count.parse::<u64>().ok().filter(|count| *count > 0);
            match (known, count) {
                (Some(name), Some(count)) => Some(Armed {
                    name,
                    left: AtomicU64::new(count),
                    wait,
                }),
                _ => {
                    let all: Vec<_> = ALL.iter().chain(STREAMS).map(|(name, _)| *name).collect();
                    return Err(failure(
                        ErrorName::BadPlan,
                        format!(
                            "`FLOW_FAILPOINT` is `{text}`, expected `NAME`, `NAME:COUNT` or `NAME:COUNT=wait:FILE` with a name of {}",
                            all.join(", ")
                        ),
                    ));
                }
            }
        }
    };
    let _ = ARMED.set(armed);
    Ok(())
}

/// Aborts the process, or makes it wait, if `name` is armed and its count is reached.
pub(crate) fn hit(name: &'static str) {
    let Some(Some(armed)) = ARMED.get() else { return };
    if armed.name != name || armed.left.fetch_sub(1, Ordering::SeqCst) != 1 {
        return;
    }
    match &armed.wait {
        None => std::process::abort(),
        // The thread sleeps, not the task: nothing else of this process may go on either.
        Some(file) => {
            let _ = std::fs::write(file.with_added_extension("waiting"), "");
            while !file.exists() {
                std::thread::sleep(LOOK);
            }
        }
    }
}
