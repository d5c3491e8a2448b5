//! Whether what a test expects holds, and what is said where it does not.

use super::difference::{differences, shown};
use super::{Bench, Stopped, store};
use flow_plan::testing::{Expected, ExpectedKind};
use indexmap::IndexMap;
use serde_json::Value;

/// How a flow ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The flow.
    pub flow: String,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// Its error.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
    /// How often each step was started.
    pub calls: IndexMap<String, u64>,
    /// How often each state was entered.
    pub counts: IndexMap<String, u64>,
}

impl Ended {
    /// In a sentence.
    fn told(&self) -> String {
        match (self.succeeded, &self.error, &self.cause) {
            (true, ..) => format!("`{}` succeeded", self.flow),
            (false, Some(error), Some(cause)) if !cause.is_empty() => {
                format!("`{}` failed: {error}: {}", self.flow, one_line(cause))
            }
            (false, Some(error), _) => format!("`{}` failed: {error}", self.flow),
            (false, None, _) => format!("`{}` failed", self.flow),
        }
    }

    /// The steps that ran, in order of their first start.
    fn steps(&self) -> String {
        let calls: Vec<String> = self
            .calls
            .iter()
            .map(|(step, times)| if *times == 1 { step.clone() } else { format!("{step} ({times} times)") })
            .collect();
        if calls.is_empty() { "no step ran".to_owned() } else { format!("steps that ran: {}", calls.join(", ")) }
    }

    fn count(&self, step: &str) -> u64 {
        self.calls.get(step).or_else(|| self.counts.get(step)).copied().unwrap_or_default()
    }
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

impl Bench<'_> {
    /// What does not hold, a line each.
    pub(super) fn expect(&self, expected: &Expected) -> Result<Vec<String>, Stopped> {
        Ok(match &expected.kind {
            ExpectedKind::Holds { condition, sides } => {
                if self.evaluate(condition)? == Value::Bool(true) {
                    return Ok(Vec::new());
                }
                self.told_sides(sides)?
            }
            ExpectedKind::Rows { variable, fields, rows, equal, ordered } => {
                let wanted = self.evaluate(rows)?;
                let mut wanted: Vec<Value> = wanted
                    .as_array()
                    .map(|rows| rows.iter().map(|row| store::canonical_row(row, fields)).collect())
                    .unwrap_or_default();
                let mut found = self.rows.get(variable).cloned().unwrap_or_default();
                if !ordered {
                    wanted.sort_by_key(Value::to_string);
                    found.sort_by_key(Value::to_string);
                }
                match (equal, wanted == found) {
                    (true, true) | (false, false) => Vec::new(),
                    (false, true) => vec!["the rows are the same".to_owned()],
                    (true, false) => rows_differ(&wanted, &found, *ordered),
                }
            }
            ExpectedKind::Ran { step, times } => {
                let Some(ended) = &self.ended else { return Ok(vec!["no flow has run".to_owned()]) };
                let count = ended.count(step);
                let wanted = match times {
                    Some(times) => Some(self.evaluate(times)?.as_u64().unwrap_or_default()),
                    None => None,
                };
                match wanted {
                    Some(wanted) if wanted == count => Vec::new(),
                    None if count > 0 => Vec::new(),
                    _ => {
                        let ran = match count {
                            0 => format!("`{step}` did not run"),
                            1 => format!("`{step}` ran once"),
                            _ => format!("`{step}` ran {count} times"),
                        };
                        vec![ran, ended.steps(), ended.told()]
                    }
                }
            }
            ExpectedKind::Failed { error } => {
                let Some(ended) = &self.ended else { return Ok(vec!["no flow has run".to_owned()]) };
                let same = error.is_none() || *error == ended.error;
                if !ended.succeeded && same { Vec::new() } else { vec![ended.told(), ended.steps()] }
            }
            ExpectedKind::Succeeded => {
                let Some(ended) = &self.ended else { return Ok(vec!["no flow has run".to_owned()]) };
                if ended.succeeded { Vec::new() } else { vec![ended.told(), ended.steps()] }
            }
            ExpectedKind::Not { inner } => {
                if self.expect(inner)?.is_empty() {
                    vec![format!("it holds: {}", inner.text)]
                } else {
                    Vec::new()
                }
            }
            ExpectedKind::And { left, right } => {
                let mut lines = Vec::new();
                for side in [left, right] {
                    let found = self.expect(side)?;
                    if !found.is_empty() {
                        lines.push(format!("not so: {}", side.text));
                        lines.extend(found.into_iter().map(|line| format!("  {line}")));
                    }
                }
                lines
            }
            ExpectedKind::Or { left, right } => {
                let first = self.expect(left)?;
                if first.is_empty() {
                    return Ok(Vec::new());
                }
                let second = self.expect(right)?;
                if second.is_empty() {
                    return Ok(Vec::new());
                }
                let mut lines = Vec::new();
                for (side, found) in [(left, first), (right, second)] {
                    lines.push(format!("not so: {}", side.text));
                    lines.extend(found.into_iter().map(|line| format!("  {line}")));
                }
                lines
            }
        })
    }

    /// The values of what a condition compares.
    fn told_sides(&self, sides: &[(String, String)]) -> Result<Vec<String>, Stopped> {
        let mut values = Vec::new();
        for (text, source) in sides {
            values.push((text, self.evaluate(source)?));
        }
        if let [(_, found), (_, wanted)] = values.as_slice()
            && (found.is_array() || found.is_object())
        {
            let lines = differences(found, wanted);
            if !lines.is_empty() {
                let all = values.iter().filter(|(text, value)| **text != shown(value));
                return Ok(all.map(|(text, value)| format!("{text} is {}", shown(value))).chain(lines).collect());
            }
        }
        let mut lines: Vec<String> = values
            .iter()
            .filter(|(text, value)| **text != shown(value))
            .map(|(text, value)| format!("{text} is {}", shown(value)))
            .collect();
        if lines.is_empty() {
            lines.push("it does not hold".to_owned());
        }
        Ok(lines)
    }
}

/// Most rows of each kind that are shown.
const SHOWN_ROWS: usize = 10;

/// Rows that are missing (`-`) and that are too many (`+`).
fn rows_differ(wanted: &[Value], found: &[Value], ordered: bool) -> Vec<String> {
    let mut missing: Vec<&Value> = wanted.iter().collect();
    let mut extra: Vec<&Value> = Vec::new();
    for row in found {
        match missing.iter().position(|known| *known == row) {
            Some(at) => {
                missing.remove(at);
            }
            None => extra.push(row),
        }
    }
    if missing.is_empty() && extra.is_empty() && ordered {
        let mut lines = vec!["the rows are there in another order:".to_owned()];
        lines.extend(found.iter().take(SHOWN_ROWS).map(shown));
        return lines;
    }
    let mut lines = Vec::new();
    // Where each wrong row stands for one that is wanted, the columns say more than the rows.
    if missing.len() == extra.len() {
        for (want, have) in missing.iter().zip(&extra).take(SHOWN_ROWS) {
            lines.push(format!("- {}", shown(want)));
            lines.push(format!("+ {}", shown(have)));
            lines.extend(differences(have, want).into_iter().map(|line| format!("    {line}")));
        }
    } else {
        lines.extend(missing.iter().take(SHOWN_ROWS).map(|row| format!("- {}", shown(row))));
        lines.extend(extra.iter().take(SHOWN_ROWS).map(|row| format!("+ {}", shown(row))));
    }
    let hidden = missing.len().saturating_sub(SHOWN_ROWS) + extra.len().saturating_sub(SHOWN_ROWS);
    if hidden > 0 {
        lines.push(format!("… and {hidden} more rows"));
    }
    lines.insert(0, format!("{} rows, {} expected (- expected, + found):", found.len(), wanted.len()));
    lines
}
