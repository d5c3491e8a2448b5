//! `log.jsonl`: what the processes of a run said, one JSON object a line. A line that is none (a panic) is put into one.

use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::task::JoinHandle;

/// Lines kept in memory, to be shown when a step fails.
const KEPT: usize = 50;

/// The file, and its last lines.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Without one, lines go to standard error.
    file: Option<File>,
    last: std::collections::VecDeque<String>,
}

impl Log {
    /// Begins the file.
    pub fn create(path: &Path) -> std::io::Result<Arc<Self>> {
        // A run that goes on has one already.
        let file = File::options().create(true).append(true).open(path)?;
        let inner = Inner { file: Some(file), last: std::collections::VecDeque::new() };
        Ok(Arc::new(Log { path: path.to_owned(), inner: Mutex::new(inner) }))
    }

    /// A log on standard error, each line as it was said after the function's name.
    pub fn screen() -> Arc<Self> {
        let inner = Inner { file: None, last: std::collections::VecDeque::new() };
        Arc::new(Log { path: PathBuf::new(), inner: Mutex::new(inner) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds one line.
    pub fn line(&self, function: &str, line: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &mut inner.file else {
            let _closed = writeln!(std::io::stderr().lock(), "{function}: {line}");
            return;
        };
        let is_object = serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object());
        let line = if is_object { line.to_owned() } else { json!({ "function": function, "message": line }).to_string() };
        // A full disk must not end the run: what is lost is the log.
        let _lost = writeln!(file, "{line}");
        inner.last.push_back(line);
        if inner.last.len() > KEPT {
            inner.last.pop_front();
        }
    }

    /// Adds every line of a process's output, until it closes.
    pub fn follow(self: &Arc<Self>, function: &str, output: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let (log, function) = (Arc::clone(self), function.to_owned());
        tokio::spawn(async move {
            let mut lines = BufReader::new(output);
            let mut line = Vec::new();
            loop {
                line.clear();
                match lines.read_until(b'\n', &mut line).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {
                        let text = String::from_utf8_lossy(&line);
                        let text = text.trim_end();
                        if !text.is_empty() {
                            log.line(&function, text);
                        }
                    }
                }
            }
        })
    }

    /// The last lines, as a person reads them: level and message, if they have these. What is only of the daily
    /// round (`INFO`) is left out, if anything else is there.
    pub fn tail(&self, lines: usize) -> Vec<String> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<String> = inner.last.iter().map(|line| readable(line)).collect();
        let loud: Vec<String> = all.iter().filter(|line| !line.starts_with("INFO ")).cloned().collect();
        let chosen = if loud.is_empty() { all } else { loud };
        let skipped = chosen.len().saturating_sub(lines);
        chosen.into_iter().skip(skipped).collect()
    }
}

fn readable(line: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let place = text("place").map(|place| format!(" ({place})")).unwrap_or_default();
    match (text("level"), text("message")) {
        (Some(level), Some(message)) => format!("{level} {message}{place}"),
        (None, Some(message)) => message.to_owned(),
        _ => line.to_owned(),
    }
}
