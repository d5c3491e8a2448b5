//! What is said when a run is over: a table of the steps, what was made and where, the output, what to try next.

use crate::home::{Home, objects, shown};
use crate::progress::{StepRecord, StepStatus, readable};
use crate::screen::{Tone, paint};
use crate::words;
use flow_asl::interpreter::Status;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// Everything that the summary is made of.
#[derive(Debug)]
pub struct Summary<'a> {
    /// Whether it is coloured.
    pub color: bool,
    /// Steps that were entered, in order.
    pub records: Vec<&'a StepRecord>,
    /// Steps that were not.
    pub not_run: Vec<&'a str>,
    /// Tables and quarantines: what it is, and its folder.
    pub tables: Vec<(String, PathBuf)>,
    /// Other things that were made.
    pub files: Vec<(String, PathBuf)>,
    /// How the execution ended.
    pub status: Status,
    /// Its output.
    pub output: Option<Value>,
    /// Its error and cause.
    pub error: Option<(String, String)>,
    /// How long it took.
    pub took: Duration,
    /// The run.
    pub home: &'a Home,
    /// What to try next: a command and what it shows.
    pub next: Vec<(String, String)>,
}

impl Summary<'_> {
    /// The text, with a newline at its end.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if !self.records.is_empty() || !self.not_run.is_empty() {
            text = format!("\n{}", self.table());
        }
        if !self.not_run.is_empty() {
            text.push_str(&paint(self.color, Tone::Dim, &format!("not run: {}", self.not_run.join(", "))));
            text.push('\n');
        }
        text.push_str(&self.made());
        if let Some(output) = self.output.as_ref().filter(|output| !is_empty(output)) {
            text.push_str(&format!("\noutput  {output:#}\n"));
        }
        if !self.next.is_empty() {
            text.push_str("\nnext\n");
            let width = self.next.iter().map(|(what, _)| what.chars().count()).max().unwrap_or_default();
            for (what, command) in &self.next {
                text.push_str(&format!("  {what:<width$}  {command}\n"));
            }
        }
        text.push('\n');
        text.push_str(&self.last());
        text
    }

    fn table(&self) -> String {
        const HEAD: [&str; 9] = ["step", "status", "attempts", "time", "rows in", "rows out", "invalid", "files", "bytes"];
        let mut rows: Vec<Vec<String>> = vec![HEAD.iter().map(|&head| head.to_owned()).collect()];
        for record in &self.records {
            let ran = record.attempts > 0;
            let mut row = vec![
                record.step.clone(),
                status(record.status).to_owned(),
                if ran { record.attempts.to_string() } else { String::new() },
                if ran { words::time(Duration::from_millis(record.milliseconds)) } else { String::new() },
            ];
            match record.report.as_ref().filter(|report| record.error.is_none() && (report.rows_in, report.rows_out, report.files) != (0, 0, 0)) {
                Some(report) => {
                    row.extend([report.rows_in, report.rows_out, report.rows_invalid].map(words::number));
                    // A step that only reads writes no files, which is not worth a nought.
                    let wrote = report.files > 0;
                    row.push(if wrote { words::number(report.files) } else { String::new() });
                    row.push(if wrote { words::bytes(report.bytes) } else { String::new() });
                }
                None => row.extend(std::iter::repeat_n(String::new(), 5)),
            }
            rows.push(row);
        }
        let widths: Vec<usize> = (0..HEAD.len())
            .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default())
            .collect();
        let mut text = String::new();
        if self.records.is_empty() {
            return text;
        }
        for (index, row) in rows.iter().enumerate() {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // Names to the left, figures to the right.
                let padded = if column < 2 { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
                let tone = match (index, column, self.records.get(index.wrapping_sub(1)).map(|record| record.status)) {
                    (0, ..) => Some(Tone::Dim),
                    (_, 1, Some(StepStatus::Succeeded)) => Some(Tone::Good),
                    (_, 1, Some(StepStatus::Failed | StepStatus::Running)) => Some(Tone::Bad),
                    (_, 1, Some(StepStatus::Caught)) => Some(Tone::Notice),
                    _ => None,
                };
                line.push_str(&tone.map_or(padded.clone(), |tone| paint(self.color, tone, &padded)));
                line.push_str("  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn made(&self) -> String {
        let mut rows: Vec<(String, String, String)> = Vec::new();
        for (name, folder) in &self.tables {
            let (count, bytes) = objects(folder);
            if count > 0 {
                let size = format!("{}, {}", words::count(count, "object"), words::bytes(bytes));
                rows.push((name.clone(), shown(folder), size));
            }
        }
        for (name, path) in &self.files {
            if path.exists() {
                rows.push((name.clone(), shown(path), String::new()));
            }
        }
        let width = |cell: fn(&(String, String, String)) -> &str| {
            rows.iter().filter(|row| !row.2.is_empty() || cell(row) == row.0).map(|row| cell(row).chars().count()).max().unwrap_or_default()
        };
        let (names, paths) = (width(|row| &row.0), width(|row| &row.1));
        if rows.is_empty() {
            return String::new();
        }
        let mut text = String::from("\nto look at\n");
        for (name, path, size) in &rows {
            let line = format!("  {name:<names$}  {path:<paths$}  {}", paint(self.color, Tone::Dim, size));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn last(&self) -> String {
        let aside = paint(self.color, Tone::Dim, &format!("in {}, run {}", words::time(self.took), self.home.id));
        if let (Status::Succeeded, _) = (self.status, &self.error) {
            return format!("{} {aside}\n", paint(self.color, Tone::Good, "succeeded"));
        }
        let word = match self.status {
            Status::Succeeded | Status::Failed => "failed",
            Status::TimedOut => "timed out",
            Status::Aborted => "aborted",
        };
        let (error, cause) = self.error.clone().unwrap_or_default();
        let cause = words::short(&readable(&cause), 160);
        let what = match (error.as_str(), cause.as_str()) {
            ("", "") => String::new(),
            (error, "") => format!(": {error}"),
            ("", cause) => format!(": {cause}"),
            (error, cause) => format!(": {error}: {cause}"),
        };
        format!("{} {aside}{what}\n", paint(self.color, Tone::Bad, word))
    }
}

fn is_empty(output: &Value) -> bool {
    match output {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Running => "stopped",
        StepStatus::Succeeded => "ok",
        StepStatus::Failed => "failed",
        StepStatus::Caught => "caught",
        StepStatus::Skipped => "skipped",
    }
}
