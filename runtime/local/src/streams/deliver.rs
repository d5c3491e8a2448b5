//! Deliveries to one stream: the next event, its answer, and what becomes of what is given back.

use crate::error::{LOCAL_SETUP, LocalError};
use crate::function::Functions;
use crate::home::{Home, shown};
use crate::screen::{Screen, Tone, paint};
use crate::streams::envelope::{Waiting, event};
use crate::streams::position::Position;
use crate::words;
use flow_plan::{LocalStream, LocalSubject};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How often a record is delivered in one run where the program lets it come for ever.
const PATIENCE: u32 = 3;

/// What the function counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Records delivered.
    pub records: u64,
    /// Rows in them.
    pub rows: u64,
    /// Messages sent on.
    pub sent: u64,
    /// Rows added to tables.
    pub appended: u64,
    /// What can never succeed.
    pub refused: u64,
    /// What was left alone.
    pub skipped: u64,
    /// What was given back.
    pub failed: u64,
}

impl Counts {
    /// Those of an answer.
    pub fn of(answer: &Value) -> Self {
        let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or_default();
        Counts {
            records: count("records"),
            rows: count("rows"),
            sent: count("sent"),
            appended: count("appended"),
            refused: count("refused"),
            skipped: count("skipped"),
            failed: count("failed"),
        }
    }

    fn add(&mut self, other: Counts) {
        self.records += other.records;
        self.rows += other.rows;
        self.sent += other.sent;
        self.appended += other.appended;
        self.refused += other.refused;
        self.skipped += other.skipped;
        self.failed += other.failed;
    }
}

/// A stream with where it stands.
#[derive(Debug)]
pub struct Delivery {
    /// The stream's name.
    pub name: String,
    /// Events delivered.
    pub events: u64,
    /// What its function counted.
    pub counts: Counts,
    /// Records that went to the dead letter queue, or were given up without one.
    pub given_up: u64,
    /// The last failure.
    pub failure: Option<String>,
    stream: LocalStream,
    position: Position,
    services: PathBuf,
    buckets: PathBuf,
    /// A line for each event.
    record: File,
    /// What it is at is not given up and fails again and again: the next run tries it once more.
    stuck: bool,
    reported: Counts,
}

/// The message of a failure: that of the function, if it says one.
pub fn reason(cause: &str) -> String {
    let message = serde_json::from_str::<Value>(cause).ok().and_then(|cause| Some(cause.get("errorMessage")?.as_str()?.to_owned()));
    message.unwrap_or_else(|| cause.to_owned())
}

impl Delivery {
    /// A stream at the place that it came to before.
    pub fn open(home: &Home, name: &str, stream: &LocalStream) -> Result<Self, LocalError> {
        let batches = home.run.join("batches.jsonl");
        let record = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&batches)
            .map_err(|error| LocalError::new(LOCAL_SETUP, format!("cannot write `{}`", batches.display())).source(error))?;
        Ok(Delivery {
            name: name.to_owned(),
            events: 0,
            counts: Counts::default(),
            given_up: 0,
            failure: None,
            position: Position::open(&home.root.join("streams"), name)?,
            stream: stream.clone(),
            services: home.root.join("services"),
            buckets: home.buckets.clone(),
            record,
            stuck: false,
            reported: Counts::default(),
        })
    }

    /// Records that wait to be delivered again.
    pub fn waiting(&self) -> usize {
        self.position.waiting.len()
    }

    /// Whether nothing failed that nothing took.
    pub fn is_clean(&self) -> bool {
        self.waiting() == 0 && (self.given_up == 0 || self.stream.dead_letter.is_some())
    }

    /// Where given-up records go.
    pub fn dead_letters(&self) -> Option<PathBuf> {
        let name = self.stream.dead_letter.as_ref()?;
        Some(self.services.join("queues").join(format!("{name}.jsonl")))
    }

    /// Delivers the next event, if something waits. Gives whether it did.
    pub async fn next(&mut self, functions: &Functions, screen: &mut Screen) -> Result<bool, LocalError> {
        if self.stuck {
            self.report(screen);
            return Ok(false);
        }
        self.position.look(&self.services, &self.buckets, &self.stream.from)?;
        let single = matches!(self.stream.from, LocalSubject::Bucket { .. } | LocalSubject::Topic { .. } | LocalSubject::Bus { .. });
        let size = if single { 1 } else { usize::try_from(self.stream.batch.max(1)).unwrap_or(usize::MAX) };
        let mut batch: Vec<Waiting> = Vec::new();
        while batch.len() < size {
            let Some(record) = self.position.waiting.pop_front() else { break };
            batch.push(record);
        }
        if batch.is_empty() {
            self.report(screen);
            return Ok(false);
        }
        batch.iter_mut().for_each(|record| record.receives += 1);
        // Who is killed now finds them with one delivery more.
        for record in batch.iter().rev() {
            self.position.waiting.push_front(record.clone());
        }
        self.position.save()?;
        screen.busy(&self.name, &format!("{}  {}", self.name, self.progress()));
        let started = Instant::now();
        let outcome = functions.invoke(&self.name, &event(&self.stream.from, &batch.iter().collect::<Vec<_>>())).await;
        self.events += 1;
        self.position.waiting.drain(..batch.len().min(self.position.waiting.len()));
        let (answer, failed) = match outcome {
            Ok(answer) => {
                let answer = answer.get("Payload").cloned().unwrap_or_default();
                self.counts.add(Counts::of(&answer));
                let failed = self.failed(&answer, batch.len(), &batch);
                (answer, failed)
            }
            Err(error) => {
                self.counts.records += batch.len() as u64;
                self.counts.failed += batch.len() as u64;
                self.failure = Some(format!("{}: {}", error.error, reason(&error.cause)));
                // The function cannot work at all: that is no record's fault, and nothing goes to the dead letters for it.
                if ["Flow.BadPlan", "Runtime.InvalidEntrypoint"].contains(&error.error.as_str()) {
                    self.stuck = true;
                    batch.iter_mut().for_each(|record| record.receives -= 1);
                }
                (json!({ "error": error.error, "cause": reason(&error.cause) }), (0..batch.len()).collect())
            }
        };
        let line = json!({
            "stream": self.name, "records": batch.len(), "milliseconds": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "answer": answer,
        });
        writeln!(self.record, "{line}").map_err(|error| LocalError::new(LOCAL_SETUP, "cannot write the run's batches").source(error))?;
        self.give_back(batch, &failed)?;
        self.position.save()?;
        Ok(true)
    }

    /// The places of what an answer gives back.
    fn failed(&self, answer: &Value, count: usize, batch: &[Waiting]) -> HashSet<usize> {
        let items = answer.get("batchItemFailures").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let ids: HashSet<&str> = items.iter().filter_map(|item| item.get("itemIdentifier")?.as_str()).collect();
        let places = batch.iter().enumerate().filter(|(_, record)| ids.contains(record.id.as_str())).map(|(place, _)| place);
        match self.stream.from {
            // A shard goes on from the first that failed.
            LocalSubject::Stream { .. } | LocalSubject::Changes { .. } => {
                places.min().map_or_else(HashSet::new, |first| (first..count).collect())
            }
            _ => places.collect(),
        }
    }

    fn give_back(&mut self, batch: Vec<Waiting>, failed: &HashSet<usize>) -> Result<(), LocalError> {
        if self.stuck {
            for record in batch.into_iter().rev() {
                self.position.waiting.push_front(record);
            }
            return Ok(());
        }
        let shard = matches!(self.stream.from, LocalSubject::Stream { .. } | LocalSubject::Changes { .. });
        let first = failed.iter().min().copied();
        let mut again = Vec::new();
        let mut letters = Vec::new();
        for (place, mut record) in batch.into_iter().enumerate() {
            if !failed.contains(&place) {
                continue;
            }
            if shard && Some(place) != first {
                // It comes again because of the one before it.
                record.receives -= 1;
                again.push(record);
                continue;
            }
            match self.stream.receives {
                Some(most) if record.receives >= most => {
                    self.given_up += 1;
                    if self.stream.dead_letter.is_some() {
                        letters.push(record);
                    } else if let LocalSubject::Bucket { .. } = self.stream.from {
                        // Its notification is lost on AWS; here the next run finds it again.
                        self.position.forget(&record);
                    }
                }
                None if record.receives >= PATIENCE => {
                    record.receives = 0;
                    self.stuck = true;
                    again.push(record);
                }
                _ => again.push(record),
            }
        }
        if let Some(path) = self.dead_letters().filter(|_| !letters.is_empty()) {
            let lines: Vec<Value> = letters.iter().map(|record| self.letter(record)).collect();
            append(&path, &lines)
                .map_err(|error| LocalError::new(LOCAL_SETUP, format!("cannot write `{}`", path.display())).source(error))?;
        }
        let ordered = shard || again.iter().any(|record| record.line.get("group").is_some());
        if ordered {
            for record in again.into_iter().rev() {
                self.position.waiting.push_front(record);
            }
        } else {
            // Others go first, as while a queue keeps a message invisible.
            self.position.waiting.extend(again);
        }
        Ok(())
    }

    /// A message of the dead letter queue: the record as it was, and why it is there.
    fn letter(&self, record: &Waiting) -> Value {
        let body = record.line.get("body").cloned().unwrap_or_else(|| record.line.clone());
        json!({
            "id": record.id,
            "time": chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            "body": body,
            "given_up": { "stream": self.name, "receives": record.receives, "failure": self.failure },
        })
    }

    fn progress(&self) -> String {
        format!("{}, {}", words::count(self.events, "event"), words::count(self.counts.records, "record"))
    }

    /// A line about what was done since the last one.
    fn report(&mut self, screen: &mut Screen) {
        if self.counts == self.reported {
            return;
        }
        screen.done(&self.name);
        let now = self.counts;
        let before = std::mem::replace(&mut self.reported, now);
        let parts = [
            (now.rows - before.rows, "row"),
            (now.sent - before.sent, "sent"),
            (now.appended - before.appended, "appended"),
            (now.refused - before.refused, "refused"),
            (now.skipped - before.skipped, "skipped"),
            (now.failed - before.failed, "failed"),
        ];
        let mut text: Vec<String> = Vec::new();
        for (count, what) in parts {
            match what {
                _ if count == 0 => {}
                "row" => text.push(words::count(count, what)),
                _ => text.push(format!("{} {what}", words::number(count))),
            }
        }
        let mark = if now.failed > before.failed {
            paint(screen.color, Tone::Notice, "!")
        } else {
            paint(screen.color, Tone::Good, "✓")
        };
        let line = format!("{mark} {}  {}: {}", self.name, words::count(now.records - before.records, "record"), text.join(", "));
        screen.line(&line);
    }

    /// Where its events come from, for people.
    pub fn subject(&self) -> String {
        let file = |kind: &str, name: &str| shown(&self.services.join(kind).join(format!("{name}.jsonl")));
        match &self.stream.from {
            LocalSubject::Bucket { bucket, prefix } => shown(&self.buckets.join(bucket).join(prefix)),
            LocalSubject::Queue { name } => file("queues", name),
            LocalSubject::Stream { name } => file("streams", name),
            LocalSubject::Changes { table } => file("changes", table),
            LocalSubject::Topic { name } => file("topics", name),
            LocalSubject::Bus { name } => file("buses", name),
        }
    }
}

/// Adds lines to a file, under its lock, as the generic binary does.
fn append(path: &Path, lines: &[Value]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    file.lock()?;
    let length = file.metadata()?.len();
    let mut text = String::new();
    if length > 0 {
        let mut last = [0];
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            text.push('\n');
        }
    }
    for line in lines {
        text.push_str(&format!("{line}\n"));
    }
    file.write_all(text.as_bytes())?;
    file.sync_data()
}
