//! What a run writes of itself while it goes on, so that it can be looked at, and continued, however it ended:
//!
//! - `run.json`: what was asked for ([`Description`]); written aside and renamed, at each start;
//! - `lock`: held while the run's process lives. A run without a result whose lock is free was killed;
//! - `events-<n>.jsonl`: of the n-th start, a line for each thing that happened, appended at once. A last line that
//!   is cut off is one that was never written.
//!
//! A line is an object with `at` (microseconds since 1970), `in` (the executions of called flows around it,
//! `load-3/inner-1`; absent in the flow itself) and one of
//!
//! - `event`: an event as GetExecutionHistory gives it, with `state`; `caught` where a state was left by a handler;
//! - `retry`: the wait before an attempt, of which the history of AWS tells nothing;
//! - `task`: the end of a task's attempt, with its answer;
//! - `iteration`: one of a distributed Map is over;
//! - `call`: an execution of another flow begins.

use flow_asl::clock::Time;
use flow_asl::driver::TaskRequest;
use flow_asl::history::{Event, HistoryEvent};
use flow_asl::interpreter::{Edge, Observer, RetryNotice, TaskAnswer, TaskEnd};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The version of `run.json` and of the lines.
pub const VERSION: u32 = 1;

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// [`VERSION`].
    pub version: u32,
    /// The run's id.
    pub id: String,
    /// The flow.
    pub flow: String,
    /// The program's file, absolute.
    pub program: PathBuf,
    /// Whose values the parameters have.
    pub env: Option<String>,
    /// `--param`, each as given.
    pub params: Vec<String>,
    /// The execution's input.
    pub input: Value,
    /// What decides jitter, `random()` and ids.
    pub seed: u64,
    /// Each start of it: the first, and every `--resume`.
    pub starts: Vec<Start>,
    /// Where states come from, by flow.
    pub places: BTreeMap<String, BTreeMap<String, Place>>,
}

/// A start of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// When, in microseconds since 1970.
    pub at: Time,
    /// `--fail`, each as given.
    pub fail: Vec<String>,
    /// `--skip`.
    pub skip: Vec<String>,
    /// `--answer`, each as given.
    #[serde(default)]
    pub answer: Vec<String>,
}

/// A state's place, with the line as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file as it was named.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// The line's text, without margins.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Description {
    /// Writes `run.json`: there is the one before or this one, never half of it.
    pub fn write(&self, run: &Path) -> std::io::Result<()> {
        write_whole(run, "run.json", &format!("{:#}\n", json!(self)))
    }

    /// Reads it; `None` where there is none, or none of this release.
    pub fn read(run: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(run.join("run.json")).ok()?;
        serde_json::from_str(&text).ok().filter(|read: &Self| read.version == VERSION)
    }

    /// The file of the last start's events.
    pub fn events(&self, run: &Path) -> PathBuf {
        run.join(events_name(self.starts.len()))
    }
}

/// The name of the events of the n-th start, from 1.
pub fn events_name(start: usize) -> String {
    format!("events-{start}.jsonl")
}

/// Writes a file aside and renames it.
pub fn write_whole(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let aside = folder.join(format!(".{name}.{}", std::process::id()));
    std::fs::write(&aside, text)?;
    std::fs::rename(&aside, folder.join(name))
}

/// Takes the lock of a run, until the file is dropped; `None` where another process has it.
pub fn lock(run: &Path) -> std::io::Result<Option<File>> {
    let file = File::options().create(true).truncate(false).write(true).open(run.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a process is at work on a run.
pub fn is_locked(run: &Path) -> bool {
    // Shared: that somebody looks keeps nobody else from looking.
    let file = File::open(run.join("lock"));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)))
}

/// Microseconds since 1970.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::try_from(since.as_micros()).unwrap_or(Time::MAX)
}

/// Appends what happens in an execution.
#[derive(Debug, Clone)]
pub struct Recorder {
    file: Arc<Mutex<File>>,
    /// The executions around it.
    within: String,
    /// The state whose error has just been caught: it is left next.
    caught: Option<String>,
    /// When its last event was: what is replayed has its old time.
    last: Time,
}

impl Recorder {
    /// Begins the file of a start.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        let file = File::options().create(true).truncate(true).write(true).open(path)?;
        Ok(Recorder { file: Arc::new(Mutex::new(file)), within: String::new(), caught: None, last: 0 })
    }

    /// That of an execution which this one has started.
    pub fn within(&self, execution: &str) -> Self {
        let within = if self.within.is_empty() { execution.to_owned() } else { format!("{}/{execution}", self.within) };
        Recorder { file: Arc::clone(&self.file), within, caught: None, last: 0 }
    }

    /// An execution of another flow begins.
    pub fn call(&self, request: &TaskRequest, execution: &str, flow: &str, input: &Value, seed: u64) {
        let value = json!({
            "state": request.state, "path": request.path, "execution": execution, "flow": flow, "input": input, "seed": seed,
        });
        self.line(now(), "call", value, &[]);
    }

    fn line(&self, at: Time, name: &str, value: Value, more: &[(&str, Value)]) {
        let mut fields = Map::new();
        fields.insert("at".to_owned(), at.into());
        if !self.within.is_empty() {
            fields.insert("in".to_owned(), self.within.as_str().into());
        }
        fields.insert(name.to_owned(), value);
        fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let line = format!("{}\n", Value::Object(fields));
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // One write for a line, so that it is there whole or was never begun; on a full disk the run goes on.
        let _lost = file.write_all(line.as_bytes());
    }
}

impl Observer for Recorder {
    fn event(&mut self, event: &HistoryEvent) {
        self.last = event.timestamp;
        let state = event.state.as_deref();
        let mut more: Vec<(&str, Value)> = state.map(|state| ("state", state.into())).into_iter().collect();
        if matches!(event.event, Event::StateExited { .. }) && self.caught.take().as_deref() == state && state.is_some() {
            more.push(("caught", true.into()));
        }
        self.line(event.timestamp, "event", serde_json::to_value(event).unwrap_or_default(), &more);
    }

    fn retry(&mut self, notice: &RetryNotice) {
        let milliseconds = u64::try_from(notice.delay.as_millis()).unwrap_or(u64::MAX);
        let value = json!({
            "state": notice.state, "path": notice.path, "attempt": notice.attempt + 1,
            "most": notice.max_attempts.saturating_add(1), "milliseconds": milliseconds,
            "error": notice.error.error, "cause": notice.error.cause,
        });
        self.line(self.last, "retry", value, &[]);
    }

    fn took(&mut self, state: &str, edge: Edge) {
        if let Edge::Caught(_) = edge {
            self.caught = Some(state.to_owned());
        }
    }

    fn ended(&mut self, end: &TaskEnd<'_>) {
        let mut value = json!({ "state": end.state, "path": end.path });
        if let Some(fields) = value.as_object_mut() {
            match end.answer {
                TaskAnswer::Result(Ok(output)) => {
                    fields.insert("output".to_owned(), output.clone());
                }
                TaskAnswer::Result(Err(error)) => {
                    fields.insert("error".to_owned(), error.error.as_str().into());
                    fields.insert("cause".to_owned(), error.cause.as_str().into());
                }
                TaskAnswer::TimedOut => {
                    fields.insert("timeout".to_owned(), "task".into());
                }
                TaskAnswer::Silent => {
                    fields.insert("timeout".to_owned(), "heartbeat".into());
                }
            }
        }
        self.line(end.time, "task", value, &[]);
    }

    fn iterated(&mut self, state: &str, path: &[(String, usize)], index: usize, well: bool) {
        self.line(self.last, "iteration", json!({ "state": state, "path": path, "index": index, "well": well }), &[]);
    }
}

/// Two observers of one execution.
#[derive(Debug)]
pub struct Both<'a, A, B>(pub &'a mut A, pub &'a mut B);

impl<A: Observer, B: Observer> Observer for Both<'_, A, B> {
    fn event(&mut self, event: &HistoryEvent) {
        // First on the disk, then on the screen.
        self.1.event(event);
        self.0.event(event);
    }

    fn retry(&mut self, notice: &RetryNotice) {
        self.1.retry(notice);
        self.0.retry(notice);
    }

    fn took(&mut self, state: &str, edge: Edge) {
        self.1.took(state, edge);
        self.0.took(state, edge);
    }

    fn ended(&mut self, end: &TaskEnd<'_>) {
        self.1.ended(end);
        self.0.ended(end);
    }

    fn iterated(&mut self, state: &str, path: &[(String, usize)], index: usize, well: bool) {
        self.1.iterated(state, path, index, well);
        self.0.iterated(state, path, index, well);
    }
}
