//! What a stream has taken of its subject: where it stands in a file, what waits to be delivered again, which objects it
//! has seen.

use crate::error::{LOCAL_SETUP, LocalError};
use crate::record::write_whole;
use crate::streams::envelope::{Waiting, of_object};
use flow_plan::LocalSubject;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// `.flow/streams/NAME.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Position {
    /// Bytes of the file that were read.
    #[serde(default)]
    offset: u64,
    /// Lines of it.
    #[serde(default)]
    lines: u64,
    /// Records that were read and are not done.
    #[serde(default)]
    pub waiting: VecDeque<Waiting>,
    /// Objects that are done or wait: etags by key.
    #[serde(default)]
    objects: BTreeMap<String, String>,
    #[serde(skip)]
    file: PathBuf,
}

impl Position {
    /// Reads where a stream stands; at the beginning if it has never run.
    pub fn open(folder: &Path, stream: &str) -> Result<Self, LocalError> {
        let file = folder.join(format!("{stream}.json"));
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            LocalError::new(LOCAL_SETUP, format!("cannot use `{}`, where stream `{stream}` keeps its place", file.display()))
                .source(error)
                .help("remove the file to have everything delivered again")
        };
        std::fs::create_dir_all(folder).map_err(|error| failed(error.into()))?;
        let read = match std::fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| failed(error.into()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Position::default(),
            Err(error) => return Err(failed(error.into())),
        };
        Ok(Position { file, ..read })
    }

    /// Writes it: the one before or this one, never half of it.
    pub fn save(&self) -> Result<(), LocalError> {
        let text = serde_json::to_string(self).unwrap_or_default();
        let (folder, name) = (self.file.parent(), self.file.file_name().and_then(|name| name.to_str()));
        let written = match (folder, name) {
            (Some(folder), Some(name)) => write_whole(folder, name, &text),
            _ => Ok(()),
        };
        written.map_err(|error| LocalError::new(LOCAL_SETUP, format!("cannot write `{}`", self.file.display())).source(error))
    }

    /// Takes in what is new.
    pub fn look(&mut self, services: &Path, buckets: &Path, subject: &LocalSubject) -> Result<(), LocalError> {
        let path = match subject {
            LocalSubject::Bucket { bucket, prefix } => {
                let root = buckets.join(bucket);
                self.look_for_objects(&root, prefix.trim_matches('/'));
                return Ok(());
            }
            LocalSubject::Queue { name } => services.join("queues").join(format!("{name}.jsonl")),
            LocalSubject::Stream { name } => services.join("streams").join(format!("{name}.jsonl")),
            LocalSubject::Changes { table } => services.join("changes").join(format!("{table}.jsonl")),
            LocalSubject::Topic { name } => services.join("topics").join(format!("{name}.jsonl")),
            LocalSubject::Bus { name } => services.join("buses").join(format!("{name}.jsonl")),
        };
        self.look_for_lines(&path)
            .map_err(|error| LocalError::new(LOCAL_SETUP, format!("cannot read `{}`", path.display())).source(error))
    }

    /// An object is new again.
    pub fn forget(&mut self, record: &Waiting) {
        if let Some(key) = record.line.get("key").and_then(Value::as_str) {
            self.objects.remove(key);
        }
    }

    fn look_for_lines(&mut self, path: &Path) -> std::io::Result<()> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() < self.offset {
            // It was emptied or made anew by hand.
            (self.offset, self.lines) = (0, 0);
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        // A last line without an end is one that is being written, or what a text editor left: it counts if it is whole.
        let ended = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (whole, rest) = text.split_at_checked(ended).unwrap_or_default();
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            self.line(line);
        }
        if serde_json::from_slice::<Value>(rest).is_ok() {
            self.line(rest);
        }
        Ok(())
    }

    fn line(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.lines += 1;
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        // What is no JSON is a message, too: it is for the stream to refuse it.
        let line = serde_json::from_str::<Value>(text).unwrap_or_else(|_| serde_json::json!({ "body": text }));
        let given = line.get("id").and_then(Value::as_str).filter(|_| line.get("body").is_some());
        let number = self.lines;
        let id = given.map_or_else(|| format!("{number:020}"), |id| format!("{id}.{number}"));
        self.waiting.push_back(Waiting { id, line, receives: 0 });
    }

    fn look_for_objects(&mut self, root: &Path, prefix: &str) {
        let mut found = Vec::new();
        objects(root, &root.join(prefix), &mut found);
        found.sort();
        for (key, path) in found {
            let Some(record) = of_object(&key, &path) else { continue };
            let etag = record.line.get("etag").and_then(Value::as_str).unwrap_or_default().to_owned();
            if self.objects.get(&key) != Some(&etag) {
                self.objects.insert(key, etag);
                self.waiting.push_back(record);
            }
        }
    }
}

/// Keys and paths of the data below a folder; names that begin with `_` or `.` are none.
fn objects(root: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(['_', '.']) {
            continue;
        }
        if path.is_dir() {
            objects(root, &path, found);
        } else if let Some(key) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            found.push((key.to_owned(), path));
        }
    }
}
