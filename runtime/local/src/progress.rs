//! Follows an execution: a line for what happens to each step, and the record of it that the summary is made from.
//!
//! ```text
//! ✓ validate   54,546 records, 136 invalid  0.41 s
//! ✗ copy       States.TaskFailed: injected by --fail  (nightly.flow:93)
//! ↻ copy       attempt 2 in 2.1 s, of 4 at most
//! → whether undo  goes on here, as the error of `copy` is caught  (nightly.flow:102)
//! ```

use crate::driver::Driver;
use crate::log::Log;
use crate::screen::{Screen, Tone, paint};
use crate::steps::{Changes, How, Step};
use crate::words;
use flow_asl::history::{Event, Failure, HistoryEvent, TaskStep};
use flow_asl::interpreter::{Observer, RetryNotice};
use flow_plan::Report;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Lines of a process's output that are shown when a step fails.
const TAIL: usize = 15;
/// How wide causes are shown, and how much of a line of output.
const WIDE: usize = 100;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// It has not, or the execution ended before it.
    Running,
    /// With a result.
    Succeeded,
    /// With an error that ended the execution or its branch.
    Failed,
    /// With an error that a handler took.
    Caught,
    /// It was not run: `--skip`.
    Skipped,
}

/// What is known of a step.
#[derive(Debug, Clone, Serialize)]
pub struct StepRecord {
    /// The step.
    pub step: String,
    /// How it ended.
    pub status: StepStatus,
    /// Attempts, over all entries of the state.
    pub attempts: u64,
    /// From its start to its end, the waiting between attempts included.
    pub milliseconds: u64,
    /// The report of the generic binary, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// The last error's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    #[serde(skip)]
    entered: i64,
    #[serde(skip)]
    operation: String,
    #[serde(skip)]
    text: Option<String>,
}

/// What the lines need to know beside the events.
#[derive(Debug)]
pub struct Setting {
    /// The flow's steps.
    pub steps: Vec<Step>,
    /// `--fail`, `--skip`.
    pub changes: Changes,
    /// `nightly.flow:93`, by state.
    pub places: BTreeMap<String, String>,
    /// Where a step's command writes, by state.
    pub logs: BTreeMap<String, PathBuf>,
    /// What the generic binary says.
    pub log: Arc<Log>,
}

/// The observer of a run.
#[derive(Debug)]
pub struct Progress {
    /// Where lines go.
    pub screen: Screen,
    /// Steps in the order of their first start.
    pub records: IndexMap<String, StepRecord>,
    setting: Setting,
    width: usize,
    /// The step whose error has just been caught.
    caught: Option<String>,
    /// By the event at which a state was entered: when, and how many attempts there were. In branches and iterations
    /// several are open at once.
    entries: BTreeMap<u64, (i64, u64)>,
    /// By event, that at which its state was entered.
    roots: BTreeMap<u64, u64>,
    /// Whether what is seen is from an earlier start.
    replaying: bool,
}

impl Progress {
    /// Before the first event.
    pub fn new(mut screen: Screen, setting: Setting, replaying: bool) -> Self {
        screen.quiet = replaying;
        let width = setting.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or_default();
        Progress { screen, records: IndexMap::new(), setting, width: width.max(8), caught: None, entries: BTreeMap::new(), roots: BTreeMap::new(), replaying }
    }

    fn is_step(&self, state: &str) -> bool {
        self.setting.steps.iter().any(|step| step.name == state)
    }

    fn place(&self, state: &str) -> String {
        self.setting.places.get(state).map(|place| format!("  ({place})")).unwrap_or_default()
    }

    fn line(&mut self, tone: Tone, sign: &str, name: &str, text: &str, aside: &str) {
        let color = self.screen.color;
        let padded = format!("{name:<width$}", width = self.width);
        let text = format!(
            "{} {}  {text}{}",
            paint(color, tone, sign),
            paint(color, Tone::Strong, &padded),
            paint(color, Tone::Dim, aside)
        );
        self.screen.line(text.trim_end());
    }

    fn below(&mut self, tone: Tone, text: &str) {
        let margin = " ".repeat(self.width + 4);
        for line in words::wrap(text, WIDE) {
            let line = format!("{margin}{}", paint(self.screen.color, tone, &line));
            self.screen.line(line.trim_end());
        }
    }

    fn entered(&mut self, state: &str, at: i64) {
        let caught = self.caught.take();
        if let Some(from) = &caught {
            let place = self.place(state);
            let text = if self.is_step(state) {
                format!("handles the error of `{from}`")
            } else {
                format!("the error of `{from}` is handled")
            };
            let name = if self.is_step(state) { state } else { "" };
            self.line(Tone::Notice, "→", name, &text, &place);
        }
        if !self.is_step(state) {
            return;
        }
        let record = self.records.entry(state.to_owned()).or_insert_with(|| StepRecord {
            step: state.to_owned(),
            status: StepStatus::Running,
            attempts: 0,
            milliseconds: 0,
            report: None,
            error: None,
            cause: None,
            entered: at,
            operation: String::new(),
            text: None,
        });
        record.status = StepStatus::Running;
        record.entered = at;
        if self.setting.changes.skips(state) {
            return;
        }
        let place = self.place(state);
        if self.screen.is_live() {
            let padded = format!("{state:<width$}", width = self.width);
            let text = format!("{}  {}", paint(self.screen.color, Tone::Strong, &padded), paint(self.screen.color, Tone::Dim, place.trim()));
            self.screen.busy(state, &text);
        } else if caught.is_none() {
            self.line(Tone::Dim, "▸", state, "started", &place);
        }
    }

    /// What comes now is new.
    fn resumed(&mut self) {
        self.replaying = false;
        self.screen.quiet = false;
        let (open, over): (Vec<&StepRecord>, Vec<&StepRecord>) =
            self.records.values().partition(|record| matches!(record.status, StepStatus::Running | StepStatus::Failed));
        let names = |records: &[&StepRecord]| crate::error::listing(records.iter().map(|record| record.step.as_str()));
        let text = if over.is_empty() { "goes on".to_owned() } else { format!("goes on, with the results of {}", names(&over)) };
        let open: Vec<String> = open.iter().map(|record| record.step.clone()).collect();
        for line in words::wrap(&text, WIDE) {
            let line = paint(self.screen.color, Tone::Dim, &line);
            self.screen.line(&line);
        }
        for state in open {
            let place = self.place(&state);
            if self.screen.is_live() {
                let padded = format!("{state:<width$}", width = self.width);
                let text = format!("{}  {}", paint(self.screen.color, Tone::Strong, &padded), paint(self.screen.color, Tone::Dim, place.trim()));
                self.screen.busy(&state, &text);
            } else {
                self.line(Tone::Dim, "▸", &state, "started again", &place);
            }
        }
    }

    fn step(&mut self, state: &str, root: u64, step: &TaskStep) {
        match step {
            TaskStep::Scheduled { parameters, .. } => {
                let attempt = self.entries.get_mut(&root).map_or(1, |(_, attempts)| {
                    *attempts += 1;
                    *attempts
                });
                if let Some(record) = self.records.get_mut(state) {
                    record.attempts += 1;
                    let payload = serde_json::from_str::<Value>(parameters).unwrap_or_default();
                    let at = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
                    record.operation = at("/Payload/operation").unwrap_or_default();
                    record.text = at("/Payload/arguments/text");
                    if attempt > 1 && self.screen.is_live() {
                        let padded = format!("{state:<width$}", width = self.width);
                        let text = format!("{}  attempt {attempt}", paint(self.screen.color, Tone::Strong, &padded));
                        self.screen.busy(state, &text);
                    }
                }
            }
            TaskStep::Succeeded(output) => {
                if let Some(record) = self.records.get_mut(state) {
                    let output = serde_json::from_str::<Value>(output).unwrap_or_default();
                    record.report = report(&output);
                    record.error = None;
                    record.cause = None;
                }
            }
            TaskStep::Failed(failure) | TaskStep::TimedOut(failure) => self.failed(state, root, failure),
            TaskStep::Started { .. } | TaskStep::Submitted(_) => {}
        }
    }

    fn failed(&mut self, state: &str, root: u64, failure: &Failure) {
        let error = failure.error.as_deref().unwrap_or("an error without a name").to_owned();
        let cause = failure.cause.as_deref().unwrap_or_default().to_owned();
        let attempt = self.entries.get(&root).map_or(1, |(_, attempts)| *attempts);
        if let Some(record) = self.records.get_mut(state) {
            record.status = StepStatus::Failed;
            record.error = Some(error.clone());
            record.cause = Some(cause.clone());
        }
        self.screen.done(state);
        let place = self.place(state);
        let attempt = if attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
        let name = paint(self.screen.color, Tone::Bad, &error);
        let cause = readable(&cause);
        match cause.lines().collect::<Vec<_>>().as_slice() {
            [] => self.line(Tone::Bad, "✗", state, &format!("{name}{attempt}"), &place),
            [one] if one.chars().count() <= 60 => self.line(Tone::Bad, "✗", state, &format!("{name}: {one}{attempt}"), &place),
            lines => {
                let lines = lines.join("\n");
                self.line(Tone::Bad, "✗", state, &format!("{name}{attempt}"), &place);
                self.below(Tone::Strong, &lines);
            }
        }
        if cause != Driver::INJECTED {
            self.output_of(state, &error);
        }
    }

    /// The last words of what failed, where they say more than the cause does.
    fn output_of(&mut self, state: &str, error: &str) {
        let inside = ["Runtime.", "Sandbox.", "Lambda.", "Flow.Internal"];
        let (lines, path) = if let Some(path) = self.setting.logs.get(state) {
            let text = std::fs::read(path).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            let all: Vec<String> = text.lines().map(without_escapes).collect();
            let skipped = all.len().saturating_sub(TAIL);
            (all.into_iter().skip(skipped).collect::<Vec<_>>(), path.clone())
        } else if inside.iter().any(|kind| error.starts_with(kind)) {
            (self.setting.log.tail(TAIL), self.setting.log.path().to_owned())
        } else {
            return;
        };
        if lines.is_empty() {
            return;
        }
        let shown = crate::home::shown(&path);
        self.below(Tone::Dim, &format!("its last words, from {shown}:"));
        let lines: Vec<String> = lines.iter().map(|line| format!("│ {}", cut(line))).collect();
        let margin = " ".repeat(self.width + 4);
        for line in lines {
            self.screen.line(&format!("{margin}{}", paint(self.screen.color, Tone::Dim, &line)));
        }
    }

    fn exited(&mut self, state: &str, root: u64, at: i64) {
        let entered = self.entries.remove(&root).map(|(entered, _)| entered);
        let Some(record) = self.records.get_mut(state) else { return };
        let took = u64::try_from(at.saturating_sub(entered.unwrap_or(record.entered))).unwrap_or_default();
        record.milliseconds += took / 1000;
        if record.error.is_some() {
            record.status = StepStatus::Caught;
            self.caught = Some(state.to_owned());
            return;
        }
        let skipped = self.setting.changes.skips(state);
        record.status = if skipped { StepStatus::Skipped } else { StepStatus::Succeeded };
        if skipped {
            record.attempts = 0;
            record.report = None;
            self.line(Tone::Dim, "–", state, "skipped", "");
            return;
        }
        let mut text = said(record);
        if text.is_empty() {
            // What a tool says at its end is mostly its summary.
            text = self.setting.logs.get(state).and_then(|path| last_line(path)).unwrap_or_default();
        }
        let time = words::time(Duration::from_micros(took));
        self.screen.done(state);
        if text.chars().count() > WIDE || text.contains('\n') {
            self.line(Tone::Good, "✓", state, "", &time);
            return self.below(Tone::Strong, &text);
        }
        let text = if text.is_empty() { String::new() } else { format!("{text}  ") };
        self.line(Tone::Good, "✓", state, &text, &time);
    }

    /// What is still running when the execution ends has not succeeded.
    pub fn finish(&mut self, at: i64) {
        self.screen.all_done();
        for record in self.records.values_mut() {
            if matches!(record.status, StepStatus::Running | StepStatus::Failed) && record.milliseconds == 0 {
                record.milliseconds = u64::try_from(at.saturating_sub(record.entered)).unwrap_or_default() / 1000;
            }
        }
    }

    /// Steps that were never entered.
    pub fn not_run(&self) -> Vec<&str> {
        let names = self.setting.steps.iter().map(|step| step.name.as_str());
        names.filter(|name| !self.records.contains_key(*name)).collect()
    }

    /// Whether the generic binary runs any step.
    pub fn has_functions(steps: &[Step], changes: &Changes) -> bool {
        steps.iter().any(|step| matches!(step.how, How::Function(_)) && !changes.never_runs(&step.name))
    }
}

impl Observer for Progress {
    fn event(&mut self, event: &HistoryEvent) {
        let state = event.state.as_deref();
        let root = match &event.event {
            Event::StateEntered { .. } => {
                self.entries.insert(event.id, (event.timestamp, 0));
                event.id
            }
            _ => self.roots.get(&event.previous_event_id).copied().unwrap_or_default(),
        };
        self.roots.insert(event.id, root);
        match &event.event {
            Event::StateEntered { name, .. } => self.entered(name, event.timestamp),
            Event::StateExited { name, .. } => self.exited(name, root, event.timestamp),
            Event::Task { step, .. } => {
                if let Some(state) = state {
                    self.step(state, root, step);
                }
            }
            Event::EvaluationFailed { failure, location, state } => {
                let place = self.place(state);
                let error = failure.error.as_deref().unwrap_or_default();
                let text = format!("{} in `{location}`", paint(self.screen.color, Tone::Bad, error));
                self.screen.done(state);
                self.line(Tone::Bad, "✗", state, &text, &place);
                self.below(Tone::Strong, failure.cause.as_deref().unwrap_or_default());
                if let Some(record) = self.records.get_mut(&**state) {
                    record.status = StepStatus::Failed;
                    record.error = failure.error.as_deref().map(str::to_owned);
                    record.cause = failure.cause.as_deref().map(str::to_owned);
                }
            }
            Event::ExecutionRedriven { .. } if self.replaying => self.resumed(),
            Event::ExecutionAborted(_) => {
                self.screen.all_done();
                let text = paint(self.screen.color, Tone::Bad, "stopping, and ending what runs");
                self.screen.line(&text);
            }
            _ => {}
        }
    }

    fn retry(&mut self, notice: &RetryNotice) {
        let text = format!(
            "attempt {} of {} in {}",
            notice.attempt + 1,
            notice.max_attempts.saturating_add(1),
            words::time(notice.delay)
        );
        self.line(Tone::Notice, "↻", &notice.state, &text, "");
        if self.screen.is_live() {
            let padded = format!("{:<width$}", notice.state, width = self.width);
            let text = format!("{}  waits, then {text}", paint(self.screen.color, Tone::Strong, &padded));
            self.screen.busy(&notice.state, &text);
        }
        if let Some(record) = self.records.get_mut(&notice.state) {
            record.status = StepStatus::Running;
        }
    }
}

/// The report in what `lambda:invoke` gave.
pub fn report(output: &Value) -> Option<Report> {
    let payload = output.get("Payload")?;
    payload.get("rows_in")?;
    serde_json::from_value(payload.clone()).ok()
}

fn said(record: &StepRecord) -> String {
    match &record.report {
        Some(report) => done(&record.operation, report),
        None => record.text.as_deref().map(|text| format!("“{text}”")).unwrap_or_default(),
    }
}

/// A report as a person reads it.
pub fn done(operation: &str, report: &Report) -> String {
    let invalid = match report.rows_invalid {
        0 => String::new(),
        some => format!(", {} invalid", words::number(some)),
    };
    match operation {
        "validate" => format!("{}{invalid}", words::count(report.rows_in, "record")),
        "clear" => "emptied".to_owned(),
        _ => format!(
            "{} → {}{invalid}, {} of {}",
            words::number(report.rows_in),
            words::count(report.rows_out, "row"),
            words::count(report.files, "file"),
            words::bytes(report.bytes)
        ),
    }
}

/// A cause as a person reads it: the message in a function's error, what ECS says of a container's end.
pub fn readable(cause: &str) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(cause) else { return cause.to_owned() };
    if let Some(message) = fields.get("errorMessage").and_then(Value::as_str) {
        return message.to_owned();
    }
    // The execution of a called flow: its own error, which may be one of these again.
    if let (Some(_), Some(error)) = (fields.get("ExecutionArn"), fields.get("Error").and_then(Value::as_str)) {
        let inner = readable(fields.get("Cause").and_then(Value::as_str).unwrap_or_default());
        return if inner.is_empty() { error.to_owned() } else { format!("{error}: {inner}") };
    }
    if let Some(reason) = fields.get("StoppedReason").and_then(Value::as_str) {
        let code = fields.get("Containers").and_then(|all| all.pointer("/0/ExitCode")).and_then(Value::as_i64);
        return match code {
            Some(code) => format!("{reason} (exit code {code})"),
            None => reason.to_owned(),
        };
    }
    cause.to_owned()
}

fn last_line(path: &Path) -> Option<String> {
    let text = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().map(without_escapes).rfind(|line| !line.trim().is_empty())?;
    Some(words::short(&line, WIDE))
}

/// As much of a line as is shown, its own spaces kept.
fn cut(line: &str) -> String {
    if line.chars().count() <= 2 * WIDE {
        return line.to_owned();
    }
    line.chars().take(2 * WIDE - 1).chain(['…']).collect()
}

/// A line without the colours that a tool gave it.
fn without_escapes(line: &str) -> String {
    anstream::adapter::strip_str(line).to_string()
}

#[cfg(test)]
mod tests;
