//! What steps say, as a person reads it.

use super::WIDE;
use crate::words;
use flow_plan::Report;
use serde_json::Value;
use std::path::Path;

/// The report in what `lambda:invoke` gave.
pub fn report(output: &Value) -> Option<Report> {
    let payload = output.get("Payload")?;
    payload.get("rows_in")?;
    serde_json::from_value(payload.clone()).ok()
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

/// The last line of a file that says anything.
pub fn last_line(path: &Path) -> Option<String> {
    let text = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().map(without_escapes).rfind(|line| !line.trim().is_empty())?;
    Some(words::short(&line, WIDE))
}

/// As much of a line as is shown, its own spaces kept.
pub fn cut(line: &str) -> String {
    if line.chars().count() <= 2 * WIDE {
        return line.to_owned();
    }
    line.chars().take(2 * WIDE - 1).chain(['…']).collect()
}

/// A line without the colours that a tool gave it.
pub fn without_escapes(line: &str) -> String {
    anstream::adapter::strip_str(line).to_string()
}
