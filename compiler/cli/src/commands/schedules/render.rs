//! Schedules with their times, for people and for programs.

use super::times::Times;
use anstyle::Style;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use std::path::Path;

/// For people.
pub fn human(found: &[Times], file: &Path, env: Option<&str>, from: DateTime<Utc>, color: bool) -> String {
    if found.is_empty() {
        return format!("{}: no schedules; a flow has one by `on cron(\"0 2 * * ? *\") {{ … }}`\n", file.display());
    }
    let (strong, dim) = if color { (Style::new().bold(), Style::new().dimmed()) } else { (Style::new(), Style::new()) };
    let env = env.map(|env| format!(", env {env}")).unwrap_or_default();
    let mut text = format!("{dim}{}{env}, after {}{dim:#}\n", file.display(), from.format("%Y-%m-%d %H:%M UTC"));
    for times in found {
        let flow = times.flow.as_deref().map_or_else(|| "starts no flow".to_owned(), |flow| format!("flow {flow}"));
        let name = times.name.as_deref().map(|name| format!("  schedule {name}")).unwrap_or_default();
        text.push_str(&format!("\n{strong}{flow}{strong:#}{name}{dim}  {}:{}{dim:#}\n", times.file, times.line));
        let utc = times.zone == "UTC";
        text.push_str(&format!("  {} in {}\n", times.expression, times.zone));
        for fire in &times.next {
            let other = if utc { String::new() } else { format!("   {dim}{}{dim:#}", fire.utc.format("%Y-%m-%d %H:%M UTC")) };
            text.push_str(&format!("    {}{other}\n", fire.shown));
        }
        for note in &times.notes {
            text.push_str(&format!("    note: {note}\n"));
        }
    }
    text
}

/// As a document whose shape the command's help tells.
pub fn json(found: &[Times], env: Option<&str>, from: DateTime<Utc>) -> String {
    let utc = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let schedules: Vec<Value> = found
        .iter()
        .map(|times| {
            let next: Vec<Value> = times.next.iter().map(|fire| json!({ "local": fire.local, "utc": utc(fire.utc) })).collect();
            json!({
                "flow": times.flow,
                "schedule": times.name,
                "file": times.file,
                "line": times.line,
                "expression": times.expression,
                "timezone": times.zone,
                "deployed": times.deployed,
                "enabled": times.enabled,
                "start": times.start.map(utc),
                "end": times.end.map(utc),
                "next": next,
                "notes": times.notes,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "version": 1, "env": env, "from": utc(from), "schedules": schedules }))
}
