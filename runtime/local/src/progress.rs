//! Follows an execution: a line for what happens to each step, and the record of it that the summary is made from.
//!
//! ```text
//! ✓ validate   54,546 records, 136 invalid  0.41 s
//! ✗ copy       States.TaskFailed: injected by --fail  (nightly.flow:93)
//! ↻ copy       attempt 2 of 4 in 2.1 s
//! → whether undo  goes on here, as the error of `copy` is caught  (nightly.flow:102)
//! ✓ load       120 of 120 iterations  3 min 5 s
//! ```
//!
//! On a terminal there is a line for all that runs, below these. Elsewhere a start has a line of its own, but not in
//! iterations and in the later rounds of a loop: there it would drown the rest.

mod entries;
mod loops;
mod shape;
mod text;

pub use shape::Shape;
pub use text::{done, readable, report};

use crate::driver::Driver;
use crate::log::Log;
use crate::screen::{Screen, Tone, paint};
use crate::changes::Changes;
use crate::steps::{How, Step};
use crate::words;
use entries::{Entries, Entry};
use text::{cut, last_line, without_escapes};
use flow_asl::history::{Event, Failure, HistoryEvent, TaskStep};
use flow_asl::interpreter::{Edge, Observer, RetryNotice};
use flow_plan::Report;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Lines for what runs, on a terminal.
const LIVE: usize = 12;
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
    #[serde(skip)]
    answer: Option<String>,
}

/// What the lines need to know beside the events.
#[derive(Debug)]
pub struct Setting {
    /// The flow's steps.
    pub steps: Vec<Step>,
    /// `--fail`, `--skip`, `--answer`.
    pub changes: Changes,
    /// `nightly.flow:93`, by state.
    pub places: BTreeMap<String, String>,
    /// What the definition says.
    pub shape: Shape,
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
    /// The state whose error has just been caught: it is left next.
    taken: Option<String>,
    /// The one that was left so, until its handler begins.
    caught: Option<String>,
    entries: Entries,
    /// Whether what is seen is from an earlier start.
    replaying: bool,
}

impl Progress {
    /// Before the first event.
    pub fn new(mut screen: Screen, setting: Setting, replaying: bool) -> Self {
        screen.quiet = replaying;
        let width = setting.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or_default();
        let entries = Entries::default();
        Progress { screen, records: IndexMap::new(), setting, width: width.max(8), taken: None, caught: None, entries, replaying }
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

    /// Shows on a terminal that an entry is at work, below what it is in.
    fn busy(&mut self, root: u64, text: &str) {
        let Some(entry) = self.entries.get(root) else { return };
        let margin = "  ".repeat(self.entries.depth(root));
        let width = self.width.saturating_sub(margin.len());
        let padded = format!("{margin}{:<width$}", entry.label());
        let within = entry.within.map(|around| around.to_string());
        let text = format!("{}  {text}", paint(self.screen.color, Tone::Strong, &padded));
        self.screen.busy_within(&root.to_string(), within.as_deref(), LIVE, text.trim_end());
    }

    fn entered(&mut self, root: u64) {
        let Some(entry) = self.entries.get(root).cloned() else { return };
        let state = entry.state.as_str();
        let caught = self.caught.take();
        let place = self.place(state);
        if let Some(from) = &caught {
            let text = if self.is_step(state) {
                format!("handles the error of `{from}`")
            } else {
                format!("the error of `{from}` is handled")
            };
            let name = if self.is_step(state) { state } else { "" };
            self.line(Tone::Notice, "→", name, &text, &place);
        }
        if !self.is_step(state) {
            if entry.kind == "Wait" {
                self.waits(root, &entry);
            }
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
            entered: entry.at,
            operation: String::new(),
            text: None,
            answer: None,
        });
        record.status = StepStatus::Running;
        record.entered = entry.at;
        if self.setting.changes.skips(state) {
            return;
        }
        let round = self.round(&entry);
        if self.screen.is_live() {
            let gap = if round.is_empty() { "" } else { "  " };
            let aside = paint(self.screen.color, Tone::Dim, place.trim());
            self.busy(root, &format!("{round}{gap}{aside}"));
        } else if caught.is_none() && entry.round == 1 && entry.iterations.is_empty() {
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
            match self.entries.last(&state, &[]).filter(|_| self.screen.is_live()) {
                Some(root) => {
                    let place = paint(self.screen.color, Tone::Dim, place.trim());
                    self.busy(root, &place);
                }
                None => self.line(Tone::Dim, "▸", &state, "started again", &place),
            }
        }
    }

    fn step(&mut self, state: &str, root: u64, step: &TaskStep) {
        match step {
            TaskStep::Scheduled { parameters, .. } => {
                let again = self.entries.get_mut(root).and_then(|entry| {
                    entry.attempts += 1;
                    (entry.attempts > 1).then(|| tried(entry))
                });
                if let Some(record) = self.records.get_mut(state) {
                    record.attempts += 1;
                    let payload = serde_json::from_str::<Value>(parameters).unwrap_or_default();
                    let at = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
                    record.operation = at("/Payload/operation").unwrap_or_default();
                    record.text = at("/Payload/arguments/text");
                    if let Some(again) = again.filter(|_| self.screen.is_live()) {
                        self.busy(root, &again);
                    }
                }
            }
            TaskStep::Succeeded(output) => {
                let awaited = self.setting.steps.iter().any(|step| step.name == state && step.how == How::Await);
                if let Some(record) = self.records.get_mut(state) {
                    record.answer = awaited.then(|| words::short(output, WIDE));
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
        let (label, attempt) = match self.entries.get(root) {
            Some(entry) if entry.attempts > 1 => (entry.label(), format!(" ({})", tried(entry))),
            Some(entry) => (entry.label(), String::new()),
            None => (state.to_owned(), String::new()),
        };
        if let Some(record) = self.records.get_mut(state) {
            record.status = StepStatus::Failed;
            record.error = Some(error.clone());
            record.cause = Some(cause.clone());
        }
        self.screen.done(&root.to_string());
        let place = self.place(state);
        let name = paint(self.screen.color, Tone::Bad, &error);
        let cause = readable(&cause);
        match cause.lines().collect::<Vec<_>>().as_slice() {
            [] => self.line(Tone::Bad, "✗", &label, &format!("{name}{attempt}"), &place),
            [one] if one.chars().count() <= 60 => self.line(Tone::Bad, "✗", &label, &format!("{name}: {one}{attempt}"), &place),
            lines => {
                let lines = lines.join("\n");
                self.line(Tone::Bad, "✗", &label, &format!("{name}{attempt}"), &place);
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
        let Some(entry) = self.entries.get(root).cloned() else { return };
        self.screen.done(&root.to_string());
        let took = u64::try_from(at.saturating_sub(entry.at)).unwrap_or_default();
        let time = words::time(Duration::from_micros(took));
        let many = self.many(root);
        let taken = self.taken.take().as_deref() == Some(state);
        let Some(record) = self.records.get_mut(state) else {
            if taken {
                self.caught = Some(state.to_owned());
            } else if matches!(entry.kind, "Map" | "Parallel") && !many {
                let text = if entry.kind == "Map" { format!("{}  ", Self::counted(&entry)) } else { String::new() };
                self.line(Tone::Good, "✓", &entry.label(), &text, &time);
            }
            return;
        };
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
            self.line(Tone::Dim, "–", &entry.label(), "skipped", "");
            return;
        }
        if many && entry.attempts < 2 {
            return;
        }
        let mut text = said(record);
        if text.is_empty() {
            // What a tool says at its end is mostly its summary.
            text = self.setting.logs.get(state).and_then(|path| last_line(path)).unwrap_or_default();
        }
        let label = entry.label();
        let round = self.round(&entry);
        let round = if round.is_empty() { String::new() } else { format!("{round}  ") };
        if text.chars().count() > WIDE || text.contains('\n') {
            self.line(Tone::Good, "✓", &label, &round, &time);
            return self.below(Tone::Strong, &text);
        }
        let text = if text.is_empty() { String::new() } else { format!("{text}  ") };
        self.line(Tone::Good, "✓", &label, &format!("{round}{text}"), &time);
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

/// `attempt 2 of 4`.
fn tried(entry: &Entry) -> String {
    let most = entry.most.map(|most| format!(" of {}", words::number(most))).unwrap_or_default();
    format!("attempt {}{most}", words::number(entry.attempts))
}

fn said(record: &StepRecord) -> String {
    match (&record.report, &record.answer) {
        (Some(report), _) => done(&record.operation, report),
        (None, Some(answer)) => format!("answered {answer}"),
        (None, None) => record.text.as_deref().map(|text| format!("“{text}”")).unwrap_or_default(),
    }
}

impl Observer for Progress {
    fn event(&mut self, event: &HistoryEvent) {
        let root = self.entries.take(event).unwrap_or_default();
        match &event.event {
            Event::StateEntered { .. } => self.entered(root),
            Event::StateStarted { .. } => self.begins(root),
            Event::MapIteration { step, .. } => self.iterates(root, matches!(*step, "Succeeded" | "Failed")),
            Event::StateExited { name, .. } => self.exited(name, root, event.timestamp),
            Event::StateFailed(_) | Event::StateAborted(_) => self.screen.done(&root.to_string()),
            Event::Task { step, .. } => {
                if let Some(state) = event.state.as_deref() {
                    self.step(state, root, step);
                }
            }
            Event::EvaluationFailed { failure, location, state } => {
                let place = self.place(state);
                let error = failure.error.as_deref().unwrap_or_default();
                let text = format!("{} in `{location}`", paint(self.screen.color, Tone::Bad, error));
                let label = self.entries.get(root).map_or_else(|| state.to_string(), Entry::label);
                self.screen.done(&root.to_string());
                self.line(Tone::Bad, "✗", &label, &text, &place);
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
        let most = notice.max_attempts.saturating_add(1);
        let text = format!("attempt {} of {most} in {}", notice.attempt + 1, words::time(notice.delay));
        let root = self.entries.last(&notice.state, &notice.path);
        let entry = root.and_then(|root| self.entries.get_mut(root));
        let label = entry.map_or_else(
            || notice.state.clone(),
            |entry| {
                entry.most = Some(most);
                entry.label()
            },
        );
        self.line(Tone::Notice, "↻", &label, &text, "");
        if let Some(root) = root.filter(|_| self.screen.is_live()) {
            self.busy(root, &format!("waits, then {text}"));
        }
        if let Some(record) = self.records.get_mut(&notice.state) {
            record.status = StepStatus::Running;
        }
    }

    fn took(&mut self, state: &str, edge: Edge) {
        if let Edge::Caught(_) = edge {
            self.taken = Some(state.to_owned());
        }
    }

    fn iterated(&mut self, state: &str, path: &[(String, usize)], _: usize, well: bool) {
        // Of a distributed Map, whose iterations no event tells of.
        let Some(root) = self.entries.last(state, path) else { return };
        if let Some(entry) = self.entries.get_mut(root) {
            if well {
                entry.done += 1;
            } else {
                entry.failed += 1;
            }
        }
        self.iterates(root, true);
    }
}

#[cfg(test)]
mod tests;
