//! Lines of `events-<n>.jsonl` into a [`Story`].

use super::{Attempt, Entry, Fate, Scope, Story};
use flow_asl::clock::Time;
use flow_asl::interpreter::Site;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads a start's events. A line that is no JSON is the last one, of a process that was killed.
///
/// # Errors
/// A file that cannot be read.
pub fn read(path: &Path, flow: &str) -> std::io::Result<Story> {
    let text = std::fs::read(path)?;
    let text = String::from_utf8_lossy(&text);
    let mut reader = Reader { story: Story::default(), executions: BTreeMap::new() };
    reader.begin("", flow, None);
    for line in text.lines() {
        if let Ok(line) = serde_json::from_str::<Value>(line) {
            reader.line(&line);
        }
    }
    Ok(reader.story)
}

struct Reader {
    story: Story,
    /// By the path of called executions.
    executions: BTreeMap<String, Execution>,
}

/// An execution that is being read.
struct Execution {
    flow: String,
    /// Its own scope.
    scope: usize,
    /// By event: the entry that it is of.
    of: BTreeMap<u64, usize>,
    /// By the event that begins an iteration: its scope.
    begins: BTreeMap<u64, usize>,
    /// By site: the entry that was made last.
    last: BTreeMap<Site, usize>,
}

impl Reader {
    fn begin(&mut self, within: &str, flow: &str, around: Option<usize>) {
        let scope = self.scope(around, 0, around.map(|_| flow.to_owned()));
        self.story.executions.insert(within.to_owned(), scope);
        let execution =
            Execution { flow: flow.to_owned(), scope, of: BTreeMap::new(), begins: BTreeMap::new(), last: BTreeMap::new() };
        self.executions.insert(within.to_owned(), execution);
    }

    fn scope(&mut self, around: Option<usize>, index: usize, flow: Option<String>) -> usize {
        let scope = self.story.scopes.len();
        self.story.scopes.push(Scope { around, index, flow, entries: Vec::new() });
        if let Some(around) = around.and_then(|around| self.story.entries.get_mut(around)) {
            around.scopes.push(scope);
        }
        scope
    }

    fn line(&mut self, line: &Value) {
        let at = line.get("at").and_then(Value::as_i64).unwrap_or_default();
        self.story.last = self.story.last.max(at);
        let within = line.get("in").and_then(Value::as_str).unwrap_or_default();
        let Some(mut execution) = self.executions.remove(within) else { return };
        let mut called = None;
        if let Some(event) = line.get("event") {
            let state = line.get("state").and_then(Value::as_str);
            let caught = line.get("caught").is_some();
            self.event(&mut execution, event, at, state, caught, within.is_empty());
        } else if let Some(retry) = line.get("retry") {
            let number = |name: &str| retry.get(name).and_then(Value::as_u64).unwrap_or_default();
            if let Some(entry) = self.entry(&execution, retry) {
                let wait = Some((number("milliseconds"), number("most")));
                entry.fate = Fate::Open;
                if entry.attempts.is_empty() || entry.kind != "Task" {
                    // All of a Parallel or Map, or a task that did not come to its start.
                    let error = Some((text(retry, "error"), text(retry, "cause")));
                    entry.attempts.push(Attempt { started: entry.entered, ran: false, ended: Some(at), error, report: None, answer: None, wait });
                } else if let Some(attempt) = entry.attempts.last_mut() {
                    attempt.wait = wait;
                }
            }
        } else if let Some(call) = line.get("call") {
            let caller = execution.last.get(&site(call)).copied();
            let name = text(call, "execution");
            let path = if within.is_empty() { name } else { format!("{within}/{name}") };
            called = Some((path, text(call, "flow"), caller));
        }
        self.executions.insert(within.to_owned(), execution);
        if let Some((path, flow, caller)) = called {
            self.begin(&path, &flow, caller);
        }
    }

    fn entry(&mut self, execution: &Execution, of: &Value) -> Option<&mut Entry> {
        let index = execution.last.get(&site(of))?;
        self.story.entries.get_mut(*index)
    }

    /// The scope that an entry after this event is in.
    fn scope_after(&mut self, execution: &mut Execution, previous: u64) -> usize {
        if let Some(scope) = execution.begins.get(&previous) {
            return *scope;
        }
        let Some(before) = execution.of.get(&previous).copied() else { return execution.scope };
        let Some(entry) = self.story.entries.get(before) else { return execution.scope };
        if entry.kind == "Parallel" && entry.fate == Fate::Open {
            let index = entry.scopes.len().saturating_sub(entry.round);
            return self.scope(Some(before), index, None);
        }
        entry.scope
    }

    fn event(&mut self, execution: &mut Execution, event: &Value, at: Time, state: Option<&str>, caught: bool, own: bool) {
        let number = |name: &str| event.get(name).and_then(Value::as_u64).unwrap_or_default();
        let (id, previous) = (number("id"), number("previousEventId"));
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        let detail = event.as_object().and_then(|fields| fields.iter().find(|(name, _)| name.ends_with("EventDetails")));
        let detail = detail.map(|(_, value)| value).unwrap_or(&Value::Null);
        let failure = || (text(detail, "error"), text(detail, "cause"));
        if let Some(kind) = kind.strip_suffix("StateEntered") {
            let scope = self.scope_after(execution, previous);
            let index = self.story.entries.len();
            let name = text(detail, "name");
            execution.of.insert(id, index);
            execution.last.insert((name.clone(), self.story.path(scope)), index);
            self.story.entries.push(Entry {
                state: name,
                kind: kind.to_owned(),
                flow: execution.flow.clone(),
                scope,
                entered: at,
                ended: None,
                fate: Fate::Open,
                attempts: Vec::new(),
                items: None,
                error: None,
                scopes: Vec::new(),
                operation: String::new(),
                round: 0,
            });
            if let Some(scope) = self.story.scopes.get_mut(scope) {
                scope.entries.push(index);
            }
            return;
        }
        match kind {
            "ExecutionSucceeded" | "ExecutionFailed" | "ExecutionAborted" | "ExecutionTimedOut" => {
                if own {
                    self.story.end = Some(kind.to_owned());
                    self.story.error = (kind != "ExecutionSucceeded").then(failure);
                }
                return self.close(execution, at, kind, failure());
            }
            "ExecutionRedriven" => {
                if own {
                    self.story.resumed = Some(at);
                }
                return;
            }
            _ => {}
        }
        // What comes after branches is of the state around them.
        let mut of = execution.of.get(&previous).copied();
        if let Some(wanted) = state.or(kind.starts_with("MapIteration").then(|| detail.get("name")?.as_str()).flatten()) {
            while let Some(entry) = of.and_then(|of| self.story.entries.get(of)) {
                if entry.state == wanted {
                    break;
                }
                of = self.story.scopes.get(entry.scope).and_then(|scope| scope.around);
            }
        }
        let Some(index) = of else { return };
        execution.of.insert(id, index);
        if kind == "MapIterationStarted" {
            let number = detail.get("index").and_then(Value::as_u64).unwrap_or_default();
            let scope = self.scope(Some(index), usize::try_from(number).unwrap_or_default(), None);
            execution.begins.insert(id, scope);
            return;
        }
        let Some(entry) = self.story.entries.get_mut(index) else { return };
        let step = ["TaskS", "TaskF", "TaskT", "LambdaFunction", "Activity"].iter().any(|start| kind.starts_with(start));
        if kind.ends_with("StateExited") {
            entry.ended = Some(at);
            entry.fate = if caught { Fate::Caught } else { Fate::Done };
        } else if kind.ends_with("StateStarted") {
            entry.items = detail.get("length").and_then(Value::as_u64);
            entry.round = entry.scopes.len();
            entry.fate = Fate::Open;
        } else if kind.ends_with("StateFailed") {
            entry.fate = Fate::Failed;
        } else if kind.ends_with("StateAborted") {
            entry.fate = Fate::Stopped;
            entry.ended = Some(at);
        } else if kind == "EvaluationFailed" {
            entry.error = Some(failure());
            entry.fate = Fate::Failed;
        } else if step && kind.ends_with("Scheduled") {
            let parameters = detail.get("parameters").and_then(Value::as_str).unwrap_or_default();
            let parameters: Value = serde_json::from_str(parameters).unwrap_or_default();
            entry.operation = parameters.pointer("/Payload/operation").and_then(Value::as_str).unwrap_or_default().to_owned();
            entry.attempts.push(Attempt { started: at, ran: true, ended: None, error: None, report: None, answer: None, wait: None });
            entry.fate = Fate::Open;
        } else if step && (kind.ends_with("Failed") || kind.ends_with("TimedOut")) {
            entry.fate = Fate::Failed;
            if let Some(attempt) = entry.attempts.last_mut() {
                attempt.ended = Some(at);
                attempt.error = Some(failure());
            }
        } else if step && kind.ends_with("Succeeded") {
            let output: Value = serde_json::from_str(&text(detail, "output")).unwrap_or_default();
            if let Some(attempt) = entry.attempts.last_mut() {
                attempt.ended = Some(at);
                attempt.report = crate::progress::report(&output);
                let awaited = text(detail, "resource").ends_with(crate::steps::CALLBACK);
                attempt.answer = awaited.then(|| crate::words::short(&output.to_string(), 100));
            }
        }
    }

    /// The execution is over: what is open in it was stopped, or is what failed.
    fn close(&mut self, execution: &Execution, at: Time, kind: &str, error: (String, String)) {
        let failed = kind == "ExecutionFailed";
        let story = &mut self.story;
        let Some(last) = story.scopes.get(execution.scope).and_then(|scope| scope.entries.last().copied()) else { return };
        let Some(entry) = story.entries.get_mut(last) else { return };
        if entry.fate != Fate::Done {
            entry.ended = entry.ended.or(Some(at));
        }
        if entry.fate == Fate::Open {
            entry.fate = match (entry.kind.as_str(), failed) {
                _ if kind == "ExecutionSucceeded" => Fate::Done,
                (_, true) => Fate::Failed,
                _ => Fate::Stopped,
            };
            if failed && entry.kind == "Fail" {
                entry.error = Some(error);
            }
        }
    }
}

/// A state and the branches and iterations around it, as a line names it.
pub fn site(of: &Value) -> Site {
    let path = of.get("path").cloned().unwrap_or_default();
    (text(of, "state"), serde_json::from_value(path).unwrap_or_default())
}

/// A text field, or nothing.
pub fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
