//! Services as files, for runs without AWS:
//!
//! ```text
//! queues/NAME.jsonl      {"id", "time", "group"?, "body"}       a line a message
//! topics/NAME.jsonl      {"id", "time", "body"}
//! streams/NAME.jsonl     {"id", "time", "key", "body"}
//! buses/NAME.jsonl       {"id", "time", "source", "detail-type", "detail"}
//! executions/NAME.jsonl  {"name", "time", "input"}              flows that were started
//! ledgers/NAME.jsonl     what DynamoDB would hold; of lines with one `pk` the last counts
//! ```
//!
//! A name is what stands after the last `/` or `:` of a URL or an ARN. Lines are only ever added, each under the file's
//! lock, so that several processes may write; a line that a killed process left unfinished is ended by the next writer.

use async_trait::async_trait;
use flow_engine::stream::{Address, Claim, Ending, Message, REASON_LIMIT, SendError, Services, Taken};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// See the module.
#[derive(Debug)]
pub struct Folders {
    root: PathBuf,
    ledgers: Arc<Mutex<HashMap<PathBuf, Seen>>>,
}

/// What was read of a ledger's file.
#[derive(Debug, Default)]
struct Seen {
    bytes: u64,
    entries: HashMap<String, Entry>,
}

/// A line of a ledger.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Entry {
    pk: String,
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    #[serde(default)]
    attempts: u64,
    #[serde(default)]
    owner: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default)]
    updated_at: u64,
}

impl Folders {
    /// Services below a folder, which is made when it is needed.
    pub fn new(root: PathBuf) -> Self {
        Folders { root, ledgers: Arc::default() }
    }

    fn file(&self, kind: &str, address: &str) -> PathBuf {
        let name = address.rsplit(['/', ':']).next().unwrap_or(address);
        // A name is one part of a path, whatever stands in it.
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
        self.root.join(kind).join(format!("{}.jsonl", if name.starts_with('.') { format!("_{name}") } else { name }))
    }

    async fn on_ledger<T: Send + 'static>(
        &self,
        ledger: &str,
        work: impl FnOnce(&mut Seen, &mut Open) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, String> {
        let (path, ledgers) = (self.file("ledgers", ledger), Arc::clone(&self.ledgers));
        let shown = path.display().to_string();
        tokio::task::spawn_blocking(move || {
            let mut ledgers = ledgers.lock().unwrap_or_else(PoisonError::into_inner);
            let seen = ledgers.entry(path.clone()).or_default();
            let mut open = Open::new(&path)?;
            seen.catch_up(&mut open.file)?;
            work(seen, &mut open)
        })
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| format!("`{shown}`: {error}"))
    }
}

/// A file that is locked as long as this lives.
struct Open {
    file: File,
}

impl Open {
    fn new(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        file.lock()?;
        Ok(Open { file })
    }

    /// Adds lines, each with its line break.
    fn add(&mut self, lines: &str) -> Result<()> {
        let length = self.file.metadata()?.len();
        if length > 0 {
            let mut last = [0];
            self.file.seek(SeekFrom::Start(length - 1))?;
            self.file.read_exact(&mut last)?;
            if last != *b"\n" {
                self.file.write_all(b"\n")?;
            }
        }
        self.file.write_all(lines.as_bytes())?;
        self.file.sync_data()
    }
}

impl Seen {
    /// Reads what others have added.
    fn catch_up(&mut self, file: &mut File) -> Result<()> {
        if file.metadata()?.len() < self.bytes {
            // The file was replaced or emptied by hand.
            *self = Seen::default();
        }
        file.seek(SeekFrom::Start(self.bytes))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        for line in text.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n') {
            if let Ok(entry) = serde_json::from_slice::<Entry>(line) {
                self.entries.insert(entry.pk.clone(), entry);
            }
        }
        self.bytes += whole as u64;
        Ok(())
    }

    fn write(&mut self, open: &mut Open, entry: Entry) -> Result<()> {
        let line = serde_json::to_string(&entry)?;
        open.add(&format!("{line}\n"))?;
        // What was just added is read like what others add.
        self.catch_up(&mut open.file)
    }
}

#[async_trait]
impl Services for Folders {
    async fn send(&self, to: &Address, messages: &[Message]) -> Vec<std::result::Result<(), SendError>> {
        let time = time(now_ms());
        let (kind, address) = match to {
            Address::Queue(url) => ("queues", url),
            Address::Topic(arn) => ("topics", arn),
            Address::Bus { name, .. } => ("buses", name),
            Address::Stream(name) => ("streams", name),
            Address::Flow(arn) => ("executions", arn),
        };
        let path = self.file(kind, address);
        let written = Open::new(&path).and_then(|mut open| {
            let known = if let Address::Flow(_) = to { std::fs::read_to_string(&path)? } else { String::new() };
            let mut lines = String::new();
            for message in messages {
                let started = format!("{{\"name\":{},", quoted(&message.id));
                if !known.lines().any(|line| line.starts_with(&started)) {
                    line(&mut lines, to, message, &time);
                }
            }
            open.add(&lines)
        });
        let outcome = written.map_err(|error| SendError { permanent: false, reason: format!("`{}`: {error}", path.display()) });
        vec![outcome; messages.len()]
    }

    async fn take(&self, ledger: &str, claim: &Claim) -> std::result::Result<Taken, String> {
        let claim = claim.clone();
        self.on_ledger(ledger, move |seen, open| {
            let now = now_ms() / 1000;
            let before = seen.entries.get(&claim.key);
            if let Some(entry) = before {
                let over = entry.expires_at.is_some_and(|end| end < now);
                let own = entry.owner == claim.owner;
                match entry.status.as_str() {
                    "DONE" if !over => return Ok(Taken::Done),
                    "INFLIGHT" if !over && own && !claim.again => return Ok(Taken::Own),
                    "INFLIGHT" if !over && !own => return Ok(Taken::Others),
                    _ => {}
                }
            }
            let attempts = before.map_or(0, |entry| entry.attempts) + 1;
            let entry = Entry {
                pk: claim.key,
                status: "INFLIGHT".into(),
                expires_at: Some(now + claim.lease_s),
                attempts,
                owner: claim.owner,
                reason: None,
                updated_at: now,
            };
            seen.write(open, entry)?;
            Ok(Taken::Now)
        })
        .await
    }

    async fn settle(&self, ledger: &str, claim: &Claim, ending: &Ending) -> std::result::Result<(), String> {
        let (claim, ending) = (claim.clone(), ending.clone());
        self.on_ledger(ledger, move |seen, open| {
            let now = now_ms() / 1000;
            let Some(entry) = seen.entries.get(&claim.key).filter(|entry| entry.owner == claim.owner) else { return Ok(()) };
            let entry = match ending {
                Ending::Done(keep) => Entry {
                    status: "DONE".into(),
                    expires_at: keep.map(|keep| now.saturating_add(keep)),
                    reason: None,
                    updated_at: now,
                    ..entry.clone()
                },
                Ending::Failed(reason) => Entry {
                    status: "ERROR".into(),
                    expires_at: Some(now.saturating_sub(1)),
                    reason: Some(reason.chars().take(REASON_LIMIT).collect()),
                    updated_at: now,
                    ..entry.clone()
                },
            };
            seen.write(open, entry)
        })
        .await
    }
}

/// The line of a message. Bodies are JSON, and stand there as they are.
fn line(lines: &mut String, to: &Address, message: &Message, time: &str) {
    let id = quoted(&message.id);
    let body = &message.body;
    // Writing to a text cannot fail.
    let _ = match to {
        Address::Queue(_) => {
            let group = message.group.as_ref().map_or_else(String::new, |group| format!(",\"group\":{}", quoted(group)));
            writeln!(lines, "{{\"id\":{id},\"time\":\"{time}\"{group},\"body\":{body}}}")
        }
        Address::Topic(_) => writeln!(lines, "{{\"id\":{id},\"time\":\"{time}\",\"body\":{body}}}"),
        Address::Stream(_) => {
            writeln!(lines, "{{\"id\":{id},\"time\":\"{time}\",\"key\":{},\"body\":{body}}}", quoted(&message.key))
        }
        Address::Bus { source, detail_type, .. } => {
            let (source, kind) = (quoted(source), quoted(detail_type));
            writeln!(lines, "{{\"id\":{id},\"time\":\"{time}\",\"source\":{source},\"detail-type\":{kind},\"detail\":{body}}}")
        }
        Address::Flow(_) => writeln!(lines, "{{\"name\":{id},\"time\":\"{time}\",\"input\":{body}}}"),
    };
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

fn time(ms: u64) -> String {
    flow_engine::stream::instant(ms)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn claim(owner: &str, again: bool, lease_s: u64) -> Claim {
        Claim { key: "ingest:raw/a#1".into(), owner: owner.into(), again, lease_s }
    }

    #[tokio::test]
    async fn a_ledger_is_shared_by_processes() {
        let place = tempfile::tempdir().unwrap();
        // Two, as two processes would have them.
        let (one, two) = (Folders::new(place.path().into()), Folders::new(place.path().into()));
        assert_eq!(one.take("l", &claim("a", true, 60)).await, Ok(Taken::Now));
        assert_eq!(two.take("l", &claim("b", true, 60)).await, Ok(Taken::Others));
        assert_eq!(two.take("l", &claim("a", false, 60)).await, Ok(Taken::Own));
        // Whose lease is another's by now says nothing.
        two.settle("l", &claim("b", true, 60), &Ending::Done(None)).await.unwrap();
        assert_eq!(one.take("l", &claim("a", true, 60)).await, Ok(Taken::Now));
        one.settle("l", &claim("a", true, 60), &Ending::Failed("x".repeat(900))).await.unwrap();
        assert_eq!(two.take("l", &claim("b", true, 60)).await, Ok(Taken::Now));
        two.settle("l", &claim("b", true, 60), &Ending::Done(None)).await.unwrap();
        assert_eq!(one.take("l", &claim("a", true, 60)).await, Ok(Taken::Done));
        let text = std::fs::read_to_string(place.path().join("ledgers/l.jsonl")).unwrap();
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((&last["status"], &last["attempts"], last.get("expires_at")), (&"DONE".into(), &3.into(), None));
        let failed: Value = serde_json::from_str(text.lines().nth(2).unwrap()).unwrap();
        assert_eq!(failed["reason"].as_str().unwrap().len(), REASON_LIMIT);
    }

    #[tokio::test]
    async fn a_lease_and_a_memory_end() {
        let place = tempfile::tempdir().unwrap();
        let folders = Folders::new(place.path().into());
        let wait = || tokio::time::sleep(std::time::Duration::from_millis(2100));
        assert_eq!(folders.take("l", &claim("a", true, 1)).await, Ok(Taken::Now));
        assert_eq!(folders.take("l", &claim("b", true, 60)).await, Ok(Taken::Others));
        wait().await;
        assert_eq!(folders.take("l", &claim("b", true, 60)).await, Ok(Taken::Now));
        folders.settle("l", &claim("b", true, 60), &Ending::Done(Some(1))).await.unwrap();
        assert_eq!(folders.take("l", &claim("c", true, 60)).await, Ok(Taken::Done));
        wait().await;
        assert_eq!(folders.take("l", &claim("c", true, 60)).await, Ok(Taken::Now));
    }

    #[tokio::test]
    async fn messages_are_lines() {
        let place = tempfile::tempdir().unwrap();
        let folders = Folders::new(place.path().into());
        let message = |id: &str| Message { id: id.into(), body: "{\"a\": 1}".into(), key: "k".into(), group: Some("g".into()) };
        let queue = Address::Queue("https://sqs.eu-west-1.amazonaws.com/1/orders.fifo".into());
        assert_eq!(folders.send(&queue, &[message("1"), message("2")]).await, [Ok(()), Ok(())]);
        // A line that a killed process left.
        let path = place.path().join("queues/orders.fifo.jsonl");
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"id\":").unwrap();
        assert_eq!(folders.send(&queue, &[message("3")]).await, [Ok(())]);
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[3].ends_with(r#","group":"g","body":{"a": 1}}"#), "{text}");
        let flow = Address::Flow("arn:aws:states:eu-west-1:1:stateMachine:nightly".into());
        folders.send(&flow, &[message("1")]).await;
        folders.send(&flow, &[message("1"), message("2")]).await;
        let started = std::fs::read_to_string(place.path().join("executions/nightly.jsonl")).unwrap();
        assert_eq!(started.lines().count(), 2, "one record starts one execution: {started}");
    }
}
