//! What a command has read of the disk, so that `--watch` knows when it would read something else.
//!
//! A file is compared with what the command read, not with what was there when it was done: nothing that is written
//! while a command works is missed. The time and size of a file are asked, and its text only where they differ, or where
//! the file was written so shortly before it was read that a clock's tick may hide another write.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How coarse the time of a write may be on a file system.
const TICK: Duration = Duration::from_secs(2);

/// The files and folders that were looked at, by the names by which they were.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    files: RefCell<BTreeMap<PathBuf, Option<Print>>>,
    /// What was asked for, and what it stood for.
    lists: RefCell<Vec<(Vec<PathBuf>, Vec<PathBuf>)>>,
}

/// What a file was.
#[derive(Debug, Clone, Copy)]
struct Print {
    hash: u64,
    size: u64,
    written: SystemTime,
    looked: SystemTime,
}

impl Print {
    fn of(bytes: &[u8], written: SystemTime, looked: SystemTime) -> Print {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Print { hash: hasher.finish(), size: bytes.len() as u64, written, looked }
    }
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It has another text.
    Changed,
    /// It was not there.
    New,
    /// It is not there any more.
    Gone,
}

impl Seen {
    /// Reads a file, and remembers what it was; also that there was none.
    pub fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        // Asked first: what is written between the two is another time.
        let (written, looked) = (written(path), SystemTime::now());
        let read = std::fs::read(path);
        let print = read.as_ref().ok().map(|bytes| Print::of(bytes, written, looked));
        // Of what was read twice the first counts: a change between the two is one.
        self.files.borrow_mut().entry(name(path)).or_insert(print);
        read
    }

    /// Remembers a file that somebody else is going to read, or would if it were there.
    pub fn note(&self, path: &Path) {
        let _there = self.read(path);
    }

    /// Whether there is such a file; remembers the answer.
    pub fn is_file(&self, path: &Path) -> bool {
        let is_file = path.is_file();
        if is_file {
            self.note(path);
        } else {
            self.files.borrow_mut().entry(name(path)).or_insert(None);
        }
        is_file
    }

    /// Remembers which files some paths stood for.
    pub fn list(&self, paths: &[PathBuf], files: &[PathBuf]) {
        self.lists.borrow_mut().push((paths.to_vec(), files.to_vec()));
    }

    /// How many files there were.
    pub fn count(&self) -> usize {
        self.files.borrow().values().flatten().count()
    }

    /// What is otherwise now, by name.
    pub fn changes(&self) -> BTreeMap<PathBuf, Change> {
        let mut changes = BTreeMap::new();
        for (path, before) in self.files.borrow_mut().iter_mut() {
            if let Some(change) = change(path, before) {
                changes.insert(path.clone(), change);
            }
        }
        for (paths, files) in self.lists.borrow().iter() {
            let now = crate::program_files::files(paths, &Seen::default()).unwrap_or_default();
            let new = now.iter().filter(|path| !files.contains(path)).map(|path| (path.clone(), Change::New));
            let gone = files.iter().filter(|path| !now.contains(path)).map(|path| (path.clone(), Change::Gone));
            changes.extend(new.chain(gone));
        }
        changes
    }
}

/// One name for a file, however it was named: from here where it is below this folder, else its whole path.
fn name(path: &Path) -> PathBuf {
    let Ok(whole) = std::path::absolute(path) else { return path.to_owned() };
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| whole.strip_prefix(here).map(Path::to_owned).ok());
    below.unwrap_or(whole)
}

fn written(path: &Path) -> SystemTime {
    std::fs::metadata(path).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn change(path: &Path, before: &mut Option<Print>) -> Option<Change> {
    let looked = SystemTime::now();
    let data = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    let (known, data) = match (before, data) {
        (None, None) => return None,
        (None, Some(_)) => return Some(Change::New),
        (Some(_), None) => return Some(Change::Gone),
        (Some(known), Some(data)) => (known, data),
    };
    let written = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let settled = known.looked.duration_since(known.written).is_ok_and(|age| age > TICK);
    if settled && written == known.written && data.len() == known.size {
        return None;
    }
    let Ok(bytes) = std::fs::read(path) else { return Some(Change::Gone) };
    let now = Print::of(&bytes, written, looked);
    if now.hash != known.hash || now.size != known.size {
        return Some(Change::Changed);
    }
    *known = now;
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn only(seen: &Seen) -> Option<Change> {
        let changes = seen.changes();
        assert!(changes.len() < 2, "{changes:?}");
        changes.into_values().next()
    }

    #[test]
    fn a_text_is_compared_and_not_its_time() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.flow");
        std::fs::write(&path, "one").unwrap();
        let seen = Seen::default();
        assert_eq!(seen.read(&path).unwrap(), b"one");
        assert_eq!((only(&seen), seen.count()), (None, 1));
        // Written again as it was, and saved by a rename as editors do.
        std::fs::write(&path, "one").unwrap();
        assert_eq!(only(&seen), None);
        std::fs::write(place.path().join("aside"), "one").unwrap();
        std::fs::rename(place.path().join("aside"), &path).unwrap();
        assert_eq!(only(&seen), None);
        // As long, and within the same tick of the clock.
        std::fs::write(&path, "two").unwrap();
        assert_eq!(only(&seen), Some(Change::Changed));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(only(&seen), Some(Change::Gone));
        std::fs::write(&path, "one").unwrap();
        assert_eq!(only(&seen), None);
    }

    #[test]
    fn an_old_file_is_seen_to_change_too() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.flow");
        std::fs::write(&path, "one").unwrap();
        let old = SystemTime::now() - Duration::from_secs(3600);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        let seen = Seen::default();
        seen.note(&path);
        assert_eq!(only(&seen), None);
        std::fs::write(&path, "two").unwrap();
        assert_eq!(only(&seen), Some(Change::Changed));
    }

    #[test]
    fn what_was_missing_is_seen_to_come() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("flowc.toml");
        let seen = Seen::default();
        assert!(!seen.is_file(&path));
        assert!(seen.read(&place.path().join("used.flow")).is_err());
        assert_eq!((seen.changes().len(), seen.count()), (0, 0));
        std::fs::write(&path, "").unwrap();
        assert_eq!(seen.changes(), BTreeMap::from([(path, Change::New)]));
    }

    #[test]
    fn files_of_a_folder_come_and_go() {
        let place = tempfile::tempdir().unwrap();
        let (one, two) = (place.path().join("one.flow"), place.path().join("below/two.flow"));
        std::fs::write(&one, "").unwrap();
        let seen = Seen::default();
        let paths = [place.path().to_owned()];
        crate::program_files::files(&paths, &seen).unwrap();
        assert!(seen.changes().is_empty());
        std::fs::create_dir(place.path().join("below")).unwrap();
        std::fs::write(&two, "").unwrap();
        std::fs::write(place.path().join(".#one.flow"), "of an editor").unwrap();
        std::fs::remove_file(&one).unwrap();
        assert_eq!(seen.changes(), BTreeMap::from([(two, Change::New), (one, Change::Gone)]));
    }
}
