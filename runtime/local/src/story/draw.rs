//! A [`Story`] drawn on the source: the line of each step, and below it what happened there.
//!
//! ```text
//!   nightly.flow
//!   93 │ step copy = copy(encounters[dt = run_date]) into staged[dt = run_date]
//!      │   ✗ attempt 1  Flow.StoreFailed: the bucket is busy  0.41 s
//!      │   ↻ waited 2.1 s
//!      │   ✓ attempt 2  545 → 545 rows, 1 file of 14 kB  0.38 s
//! ```

use super::{Attempt, Entry, Fate, Scope, Story};
use crate::progress::{done, readable};
use crate::record::{Description, Place};
use crate::screen::{Tone, paint};
use crate::words;
use flow_asl::clock::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// How wide causes are shown.
const WIDE: usize = 100;
/// Iterations that went well are told one by one up to so many.
const FEW: usize = 3;

/// What a drawing needs.
#[derive(Debug)]
pub struct Drawing<'a> {
    /// The history.
    pub story: &'a Story,
    /// The run.
    pub description: &'a Description,
    /// Whether the process is at work.
    pub running: bool,
    /// When the start began that is drawn, if it is not the first: what was over by then has been told.
    pub since: Option<Time>,
    /// Whether every iteration and every round of a loop is shown.
    pub all: bool,
    /// Whether it is coloured.
    pub color: bool,
}

struct Pen<'a> {
    drawing: &'a Drawing<'a>,
    text: String,
    /// The file that was named last.
    file: Option<String>,
    digits: usize,
}

impl Drawing<'_> {
    /// The lines, each with its end.
    pub fn text(&self) -> String {
        let lines = self.description.places.values().flat_map(BTreeMap::values).map(|place| place.line);
        let digits = lines.max().unwrap_or_default().to_string().len();
        let mut pen = Pen { drawing: self, text: String::new(), file: None, digits };
        if let Some(scope) = self.story.scopes.first() {
            pen.scope(scope, 0);
        }
        pen.text
    }
}

impl Pen<'_> {
    fn paint(&self, tone: Tone, text: &str) -> String {
        paint(self.drawing.color, tone, text)
    }

    fn line(&mut self, gutter: &str, depth: usize, text: &str) {
        let gutter = format!("  {gutter:>width$} │", width = self.digits);
        let line = format!("{} {}{text}", self.paint(Tone::Dim, &gutter), "  ".repeat(depth));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn place(&self, entry: &Entry) -> Option<&Place> {
        self.drawing.description.places.get(&entry.flow)?.get(&entry.state)
    }

    fn scope(&mut self, scope: &Scope, depth: usize) {
        let story = self.drawing.story;
        let shown: Vec<&Entry> = scope.entries.iter().filter_map(|index| story.entries.get(*index)).filter(|entry| told(entry)).collect();
        let known = |entry: &&Entry| {
            let before = self.drawing.since.filter(|_| !self.drawing.all);
            let over = entry.ended.zip(before).is_some_and(|(ended, since)| ended < since);
            over && matches!(entry.fate, Fate::Done | Fate::Caught)
        };
        let (before, shown): (Vec<&Entry>, Vec<&Entry>) = shown.into_iter().partition(known);
        if !before.is_empty() {
            let mut names: Vec<&str> = before.iter().map(|entry| entry.state.as_str()).collect();
            names.dedup();
            let text = words::short(&format!("… as before: {}", names.join(", ")), WIDE);
            let text = self.paint(Tone::Dim, &text);
            self.line("", depth, &text);
        }
        let mut rounds: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in &shown {
            *rounds.entry(&entry.state).or_default() += 1;
        }
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in shown {
            let of = rounds.get(entry.state.as_str()).copied().unwrap_or(1);
            let number = seen.entry(&entry.state).or_default();
            *number += 1;
            let plain = entry.fate == Fate::Done && entry.attempts.iter().all(|attempt| attempt.error.is_none());
            let within = *number > 1 && *number < of;
            if of > FEW && within && plain && !self.drawing.all {
                if *number == 2 {
                    let text = self.paint(Tone::Dim, &format!("… {} more times", of - 2));
                    self.line("", depth + 1, &text);
                }
                continue;
            }
            let round = if of > 1 { format!("time {number} of {of}  ") } else { String::new() };
            self.entry(entry, depth, &round);
        }
    }

    fn entry(&mut self, entry: &Entry, depth: usize, round: &str) {
        let place = self.place(entry).cloned();
        if let Some(place) = place.as_ref().filter(|place| self.file.as_ref() != Some(&place.file)) {
            let name = self.paint(Tone::Strong, &place.file);
            self.text.push_str(&format!("  {name}\n"));
            self.file = Some(place.file.clone());
        }
        let gutter = place.as_ref().map(|place| place.line.to_string()).unwrap_or_default();
        let source = place.map(|place| place.text).filter(|text| !text.is_empty()).unwrap_or_else(|| entry.state.clone());
        let source = words::short(&source, WIDE);
        self.line(&gutter, depth, &source);
        let count = entry.attempts.len();
        for (index, attempt) in entry.attempts.iter().enumerate() {
            let number = if count > 1 { format!("attempt {}  ", index + 1) } else { String::new() };
            self.attempt(entry, attempt, depth + 1, &format!("{round}{number}"));
        }
        self.inside(entry, depth + 1);
        if entry.kind != "Task" || entry.error.is_some() {
            self.whole(entry, depth + 1, round);
        }
        if entry.fate == Fate::Caught {
            let text = self.paint(Tone::Notice, "→ a handler took the error");
            self.line("", depth + 1, &text);
        }
    }

    fn attempt(&mut self, entry: &Entry, attempt: &Attempt, depth: usize, before: &str) {
        let time = attempt.ended.map(|ended| span(attempt.started, ended)).unwrap_or_default();
        let time = self.paint(Tone::Dim, &time);
        match (&attempt.error, attempt.ended) {
            (Some((error, cause)), _) => self.failure(error, cause, depth, before, &time),
            (None, Some(_)) => {
                let report = attempt.report.as_ref().map(|report| done(&entry.operation, report));
                let answer = || attempt.answer.as_ref().map(|answer| format!("answered {answer}"));
                let text = report.or_else(answer).unwrap_or_default();
                let gap = if text.is_empty() { "" } else { "  " };
                let sign = self.paint(Tone::Good, "✓");
                self.line("", depth, &format!("{sign} {before}{text}{gap}{time}"));
            }
            (None, None) => {
                let text = match (entry.fate, self.drawing.running) {
                    (Fate::Stopped, _) => "stopped",
                    (_, true) => "at work",
                    (_, false) => "at work when the run ended",
                };
                let text = self.paint(Tone::Notice, &format!("… {before}{text}"));
                self.line("", depth, &text);
            }
        }
        if let Some((wait, most)) = attempt.wait {
            let waited = words::time(Duration::from_millis(wait));
            let most = if most > 0 { format!(", of {most} attempts at most") } else { String::new() };
            let text = self.paint(Tone::Notice, &format!("↻ waited {waited}{most}"));
            self.line("", depth, &text);
        }
    }

    fn failure(&mut self, error: &str, cause: &str, depth: usize, before: &str, time: &str) {
        let cause = readable(cause);
        let error = if error.is_empty() { "an error without a name" } else { error };
        let (sign, name) = (self.paint(Tone::Bad, "✗"), self.paint(Tone::Bad, error));
        let lines: Vec<&str> = cause.lines().filter(|line| !line.trim().is_empty()).collect();
        match lines.as_slice() {
            [] => self.line("", depth, &format!("{sign} {before}{name}  {time}")),
            [one] if one.chars().count() <= WIDE - 20 => self.line("", depth, &format!("{sign} {before}{name}: {one}  {time}")),
            many => {
                self.line("", depth, &format!("{sign} {before}{name}  {time}"));
                for line in words::wrap(&many.join("\n"), WIDE) {
                    self.line("", depth + 1, &line);
                }
            }
        }
    }

    /// The end of a state that is no task.
    fn whole(&mut self, entry: &Entry, depth: usize, round: &str) {
        let time = entry.ended.map(|ended| span(entry.entered, ended)).unwrap_or_default();
        let time = self.paint(Tone::Dim, &time);
        if let Some((error, cause)) = &entry.error {
            return self.failure(error, cause, depth, round, "");
        }
        let text = match entry.fate {
            Fate::Done if entry.kind == "Succeed" => return,
            Fate::Done => format!("{} {round}{time}", self.paint(Tone::Good, "✓")),
            Fate::Failed | Fate::Caught => format!("{} {round}{time}", self.paint(Tone::Bad, "✗")),
            Fate::Stopped => self.paint(Tone::Notice, &format!("… {round}stopped")),
            Fate::Open if self.drawing.running => self.paint(Tone::Notice, &format!("… {round}at work")),
            Fate::Open => self.paint(Tone::Notice, &format!("… {round}at work when the run ended")),
        };
        self.line("", depth, &text);
    }

    /// Branches, iterations, the execution of a called flow.
    fn inside(&mut self, entry: &Entry, depth: usize) {
        let story = self.drawing.story;
        let skipped = if self.drawing.all { 0 } else { entry.round };
        let scopes: Vec<&Scope> = entry.scopes.iter().skip(skipped).filter_map(|scope| story.scopes.get(*scope)).collect();
        let well = |scope: &&&Scope| {
            let mut entries = scope.entries.iter().filter_map(|index| story.entries.get(*index));
            entries.all(|entry| entry.fate == Fate::Done && entry.attempts.len() < 2)
        };
        let hide = entry.kind == "Map" && scopes.iter().filter(well).count() > FEW && !self.drawing.all;
        if let Some(items) = entry.items {
            let begun = scopes.len() as u64;
            let word = words::count(items, "iteration");
            let text = if begun < items && begun > 0 { format!("{word}, {begun} begun") } else { word };
            let text = self.paint(Tone::Dim, &text);
            self.line("", depth, &text);
        }
        for scope in &scopes {
            if hide && well(&scope) {
                continue;
            }
            if let Some(flow) = &scope.flow {
                let text = format!("flow {flow}");
                let text = self.paint(Tone::Dim, &text);
                self.line("", depth, &text);
            } else if entry.kind == "Map" {
                let text = self.paint(Tone::Dim, &format!("[{}]", scope.index));
                self.line("", depth, &text);
            } else if scopes.len() > 1 {
                let text = self.paint(Tone::Dim, &format!("branch {}", scope.index + 1));
                self.line("", depth, &text);
            }
            self.scope(scope, depth + 1);
        }
        if hide {
            let good = scopes.iter().filter(well).count();
            let text = self.paint(Tone::Good, &format!("✓ {good} of them went well"));
            self.line("", depth, &text);
        }
    }
}

/// Whether a reader of the program knows it: what the compiler puts between steps is told where it failed.
fn told(entry: &Entry) -> bool {
    matches!(entry.kind.as_str(), "Task" | "Parallel" | "Map" | "Wait" | "Fail") || entry.error.is_some()
}

fn span(from: Time, to: Time) -> String {
    words::time(Duration::from_micros(u64::try_from(to.saturating_sub(from)).unwrap_or_default()))
}
