//! What is said when everything is delivered: a table of the streams, and what was made and where.

use crate::home::{Home, objects, shown};
use crate::screen::{Tone, paint};
use crate::streams::deliver::Delivery;
use crate::words;
use flow_plan::LocalRun;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Everything that the summary is made of.
#[derive(Debug)]
pub struct Summary<'a> {
    pub color: bool,
    pub home: &'a Home,
    pub local: &'a LocalRun,
    pub took: Duration,
}

impl Summary<'_> {
    /// The text, with a newline at its end.
    pub fn text(&self, deliveries: &[Delivery]) -> String {
        let mut text = String::from("\n");
        text.push_str(&self.table(deliveries));
        text.push_str(&self.made(deliveries));
        let nothing: Vec<&Delivery> = deliveries.iter().filter(|delivery| delivery.events == 0).collect();
        if !nothing.is_empty() {
            text.push_str("\nnothing waited for\n");
            let width = nothing.iter().map(|delivery| delivery.name.chars().count()).max().unwrap_or_default();
            for delivery in nothing {
                text.push_str(&format!("  {:<width$}  in {}\n", delivery.name, delivery.subject()));
            }
        }
        for delivery in deliveries.iter().filter(|delivery| !delivery.is_clean() || delivery.given_up > 0) {
            text.push('\n');
            text.push_str(&self.failure(delivery));
        }
        let all = deliveries.iter().map(|delivery| delivery.counts.records).sum::<u64>();
        let end = format!("{} in {}", words::count(all, "record"), words::time(self.took));
        let clean = deliveries.iter().all(Delivery::is_clean);
        let word = if clean { paint(self.color, Tone::Good, "done") } else { paint(self.color, Tone::Bad, "not all done") };
        text.push_str(&format!("\n{word}: {end}\n"));
        text
    }

    fn table(&self, deliveries: &[Delivery]) -> String {
        const HEAD: [&str; 9] = ["stream", "events", "records", "rows", "sent", "appended", "refused", "skipped", "failed"];
        let mut rows: Vec<Vec<String>> = vec![HEAD.iter().map(|&head| head.to_owned()).collect()];
        for delivery in deliveries {
            let counts = delivery.counts;
            let figures = [
                delivery.events,
                counts.records,
                counts.rows,
                counts.sent,
                counts.appended,
                counts.refused,
                counts.skipped,
                counts.failed,
            ];
            let cells = figures.iter().map(|figure| if *figure == 0 { String::new() } else { words::number(*figure) });
            rows.push(std::iter::once(delivery.name.clone()).chain(cells).collect());
        }
        let widths: Vec<usize> = (0..HEAD.len())
            .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default())
            .collect();
        let mut text = String::new();
        for (index, row) in rows.iter().enumerate() {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let padded = if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
                let tone = match (index, column) {
                    (0, _) => Some(Tone::Dim),
                    (_, 6 | 8) => Some(Tone::Notice),
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

    fn failure(&self, delivery: &Delivery) -> String {
        let mut text = String::new();
        if delivery.given_up > 0 {
            let to = delivery.dead_letters().map_or("nowhere: `on_error` names no queue".to_owned(), |path| shown(&path));
            text.push_str(&format!("{} of `{}` given up, to {to}\n", words::count(delivery.given_up, "record"), delivery.name));
        }
        if delivery.waiting() > 0 {
            let waiting = words::count(delivery.waiting() as u64, "record");
            text.push_str(&format!("{waiting} of `{}` left, for the next run\n", delivery.name));
        }
        if let Some(failure) = &delivery.failure {
            for line in words::wrap(failure, 100) {
                text.push_str(&format!("  {}\n", paint(self.color, Tone::Bad, &line)));
            }
        } else {
            let log = shown(&self.home.run.join("log.jsonl"));
            text.push_str(&format!("  why is in {log}: the lines `given back` and `refused`\n"));
        }
        text
    }

    /// Tables, queues and the like that hold something.
    fn made(&self, deliveries: &[Delivery]) -> String {
        let mut rows: Vec<(String, String, String)> = Vec::new();
        for (name, table) in &self.local.tables {
            let folder = self.home.table(table);
            let (count, bytes) = objects(&folder);
            if count > 0 {
                rows.push((name.clone(), shown(&folder), format!("{}, {}", words::count(count, "object"), words::bytes(bytes))));
            }
        }
        let services = self.home.root.join("services");
        for (kind, word) in
            [("queues", "message"), ("topics", "message"), ("streams", "record"), ("buses", "event"), ("executions", "start"), ("ledgers", "entry")]
        {
            let mut files: Vec<_> = std::fs::read_dir(services.join(kind)).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            files.sort();
            for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "jsonl")) {
                let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                rows.push((name, shown(file), lines(file, kind, word)));
            }
        }
        rows.push(("batches".to_owned(), shown(&self.home.run.join("batches.jsonl")), String::new()));
        rows.push(("log".to_owned(), shown(&self.home.run.join("log.jsonl")), String::new()));
        if deliveries.iter().all(|delivery| delivery.events == 0) {
            return String::new();
        }
        let (names, paths) = rows.iter().fold((0, 0), |(names, paths), row| {
            let path = if row.2.is_empty() { 0 } else { row.1.chars().count() };
            (names.max(row.0.chars().count()), paths.max(path))
        });
        let mut text = String::from("\nto look at\n");
        for (name, path, size) in &rows {
            let line = format!("  {name:<names$}  {path:<paths$}  {}", paint(self.color, Tone::Dim, size));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// `result.json`.
    pub fn result(&self, deliveries: &[Delivery]) -> Value {
        let streams: Vec<Value> = deliveries
            .iter()
            .map(|delivery| {
                json!({
                    "stream": delivery.name, "events": delivery.events, "counts": delivery.counts, "given_up": delivery.given_up,
                    "waiting": delivery.waiting(), "failure": delivery.failure,
                })
            })
            .collect();
        json!({ "id": self.home.id, "env": self.local.env, "milliseconds": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX), "streams": streams })
    }
}

fn lines(file: &Path, kind: &str, word: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    if kind == "ledgers" {
        // Of lines with one key the last counts.
        let keys: std::collections::BTreeSet<String> = text
            .lines()
            .filter_map(|line| Some(serde_json::from_str::<Value>(line).ok()?.get("pk")?.as_str()?.to_owned()))
            .collect();
        return match keys.len() {
            1 => "1 entry".to_owned(),
            count => format!("{} entries", words::number(count as u64)),
        };
    }
    words::count(text.lines().count() as u64, word)
}
