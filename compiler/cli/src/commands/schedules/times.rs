//! The schedules of a program in one environment, and when each one fires.

use chrono::{DateTime, Duration, Utc};
use flow_analysis::limits::cron::{self, Expression};
use flow_analysis::limits::zone;
use flow_analysis::program::{Expr, ExprKind, Flow, Guard, Program, Schedule, Value};
use flow_backend::evaluate::Evaluator;
use flow_diagnostics::FileSet;

/// A schedule and what it starts.
#[derive(Debug)]
pub struct Times {
    /// The flow; `None` for a `schedule` item that starts nothing.
    pub flow: Option<String>,
    /// The name of the `schedule` item, if it is one.
    pub name: Option<String>,
    /// Where it is written.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// `cron(0 2 * * ? *)`.
    pub expression: String,
    /// `Europe/Berlin`.
    pub zone: String,
    /// Whether it exists in the environment.
    pub deployed: bool,
    /// Whether it fires.
    pub enabled: bool,
    /// Not before.
    pub start: Option<DateTime<Utc>>,
    /// Not after.
    pub end: Option<DateTime<Utc>>,
    /// When, in its zone and in UTC; never, where it does not exist or is switched off.
    pub next: Vec<Fire>,
    /// What a reader of the times should know.
    pub notes: Vec<String>,
}

/// A time at which it fires.
#[derive(Debug)]
pub struct Fire {
    /// `Tue 2026-01-06 02:00 +01:00`.
    pub shown: String,
    /// RFC 3339, with the offset of the zone.
    pub local: String,
    /// In UTC.
    pub utc: DateTime<Utc>,
}

/// Every trigger of every flow, then the `schedule` items that no flow names.
pub fn schedules(program: &Program, files: &FileSet, env: Option<&str>, from: DateTime<Utc>, count: usize) -> Vec<Times> {
    let values = Evaluator::new(program, Some(env));
    let of = |schedule: &Schedule, flow: Option<&Flow>| times(&values, files, schedule, flow, env, from, count);
    let mut found: Vec<Times> = Vec::new();
    for flow in &program.flows {
        found.extend(flow.triggers.iter().map(|trigger| of(&trigger.schedule, Some(flow))));
    }
    let used: Vec<Option<String>> = found.iter().map(|times| times.name.clone()).collect();
    found.extend(program.schedules.iter().filter(|schedule| !used.contains(&schedule.name)).map(|schedule| of(schedule, None)));
    found
}

fn times(
    values: &Evaluator<'_>,
    files: &FileSet,
    schedule: &Schedule,
    flow: Option<&Flow>,
    env: Option<&str>,
    from: DateTime<Utc>,
    count: usize,
) -> Times {
    let instant = |expr: &Option<Expr>| values.text(expr.as_ref()?)?.parse::<DateTime<Utc>>().ok();
    let enabled = schedule.enabled.as_ref().is_none_or(|expr| values.condition(expr) != Some(false));
    let mut notes = Vec::new();
    let guards: Vec<&Guard> = flow.and_then(|flow| flow.when.as_ref()).into_iter().chain(&schedule.when).collect();
    let missing = guards.iter().find(|guard| values.condition(&guard.condition) == Some(false));
    if let Some(guard) = missing {
        let place = env.map(|env| format!(" in `{env}`")).unwrap_or_default();
        notes.push(format!("does not exist{place}: {} is there `when {}`", guard.item, guard.text));
    }
    if !enabled {
        notes.push("is switched off: `enabled` is false".to_owned());
    }
    let position = files.position(schedule.span);
    let mut made = Times {
        flow: flow.map(|flow| flow.name.clone()),
        name: schedule.name.clone(),
        file: files.name(schedule.span.file).to_owned(),
        line: position.line,
        expression: values.text(&schedule.expression).unwrap_or_default(),
        zone: values.text(&schedule.timezone).unwrap_or_default(),
        deployed: missing.is_none(),
        enabled,
        start: instant(&schedule.start),
        end: instant(&schedule.end),
        next: Vec::new(),
        notes,
    };
    if !made.deployed || !made.enabled {
        return made;
    }
    made.fire(from, count);
    if let Some(window) = schedule.window.as_ref().and_then(minutes).filter(|minutes| *minutes > 0) {
        made.notes.push(format!("fires at any moment of the {window} minutes after each time (`window`)"));
    }
    made
}

fn minutes(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Value(Value::Duration(micros)) => Some(micros / 60_000_000),
        _ => None,
    }
}

impl Times {
    /// Fills in the times, and what the zone's clock does to them.
    fn fire(&mut self, from: DateTime<Utc>, count: usize) {
        let (Some(zone), Ok(expression)) = (zone::find(&self.zone), cron::parse(&self.expression)) else {
            // Checked where the program is.
            return self.notes.push("its expression or zone is known in AWS only".to_owned());
        };
        let start = self.start.filter(|start| *start > from);
        // Strictly after: a fire at the start itself is one.
        let mut after = start.map_or(from, |start| start - Duration::seconds(1));
        let mut count = count;
        let mut fires = Vec::new();
        if let Expression::Rate { minutes } = expression {
            let step = i64::try_from(minutes).ok().and_then(Duration::try_minutes).unwrap_or(Duration::hours(1));
            match self.start {
                Some(start) if start > from => {
                    fires.push(start.with_timezone(&zone));
                    (after, count) = (start, count - 1);
                }
                Some(start) => {
                    let rounds = (from - start).num_seconds() / step.num_seconds().max(1);
                    let rounds = i32::try_from(rounds).unwrap_or(i32::MAX);
                    after = step.checked_mul(rounds).and_then(|passed| start.checked_add_signed(passed)).unwrap_or(from);
                }
                None => self.notes.push(format!(
                    "a rate counts from its deployment, which is not known here: these times count from {}",
                    from.format("%Y-%m-%d %H:%M UTC")
                )),
            }
        }
        fires.extend(cron::next(&self.expression, zone, after, count).unwrap_or_default());
        fires.retain(|fire| self.end.is_none_or(|end| *fire <= end));
        self.next = fires
            .iter()
            .map(|fire| Fire {
                shown: fire.format("%a %Y-%m-%d %H:%M %:z").to_string(),
                local: fire.to_rfc3339(),
                utc: fire.with_timezone(&Utc),
            })
            .collect();
        if self.next.is_empty() {
            self.notes.push(match self.end {
                Some(end) => format!("does not fire again: it ended at {}", end.format("%Y-%m-%d %H:%M UTC")),
                None => "does not fire again".to_owned(),
            });
        }
        if let Expression::Cron(cron) = &expression {
            let within = |local: &chrono::NaiveDateTime| self.end.is_none_or(|end| *local <= end.with_timezone(&zone).naive_local());
            let hazards = cron::clock_hazards(cron, zone, after);
            if let Some(local) = hazards.skipped.filter(within) {
                self.notes.push(format!(
                    "on {} there is no {} in {}: it does not fire then",
                    local.format("%a %Y-%m-%d"),
                    local.format("%H:%M"),
                    self.zone
                ));
            }
            if let Some(local) = hazards.twice.filter(within) {
                self.notes.push(format!(
                    "on {} {} comes twice in {}: it fires once, the first time",
                    local.format("%a %Y-%m-%d"),
                    local.format("%H:%M"),
                    self.zone
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn fired(expression: &str, start: Option<&str>, end: Option<&str>, from: &str, count: usize) -> (Vec<String>, Vec<String>) {
        let instant = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let mut times = Times {
            flow: None,
            name: None,
            file: String::new(),
            line: 1,
            expression: expression.to_owned(),
            zone: "Europe/Berlin".to_owned(),
            deployed: true,
            enabled: true,
            start: start.map(instant),
            end: end.map(instant),
            next: Vec::new(),
            notes: Vec::new(),
        };
        times.fire(instant(from), count);
        (times.next.into_iter().map(|fire| fire.shown).collect(), times.notes)
    }

    #[test]
    fn the_start_and_the_end_bound_it() {
        let cron = "cron(0 2 * * ? *)";
        let (next, notes) = fired(cron, Some("2026-06-05T00:00:00Z"), Some("2026-06-07T00:00:00Z"), "2026-06-01T00:00:00Z", 5);
        // 02:00 in Berlin is midnight in UTC in June: the start itself, the day after, and the end itself.
        assert_eq!(next, ["Fri 2026-06-05 02:00 +02:00", "Sat 2026-06-06 02:00 +02:00", "Sun 2026-06-07 02:00 +02:00"]);
        assert!(notes.is_empty(), "{notes:?}");
        let (next, notes) = fired(cron, None, Some("2026-06-07T00:00:00Z"), "2026-06-07T00:00:00Z", 5);
        assert!(next.is_empty());
        assert_eq!(notes, ["does not fire again: it ended at 2026-06-07 00:00 UTC"]);
    }

    #[test]
    fn a_rate_counts_from_its_start() {
        let rate = "rate(6 hours)";
        let start = Some("2026-01-01T01:00:00Z");
        let (next, _) = fired(rate, start, None, "2026-01-03T00:30:00Z", 2);
        assert_eq!(next, ["Sat 2026-01-03 02:00 +01:00", "Sat 2026-01-03 08:00 +01:00"]);
        let (next, _) = fired(rate, start, None, "2025-12-31T00:00:00Z", 2);
        assert_eq!(next, ["Thu 2026-01-01 02:00 +01:00", "Thu 2026-01-01 08:00 +01:00"]);
        let (_, notes) = fired(rate, None, None, "2026-01-01T00:00:00Z", 1);
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn changes_of_the_clock_are_told() {
        let (next, notes) = fired("cron(30 2 * * ? *)", None, None, "2026-03-27T12:00:00Z", 2);
        assert_eq!(next, ["Sat 2026-03-28 02:30 +01:00", "Mon 2026-03-30 02:30 +02:00"]);
        assert_eq!(
            notes,
            [
                "on Sun 2026-03-29 there is no 02:30 in Europe/Berlin: it does not fire then",
                "on Sun 2026-10-25 02:30 comes twice in Europe/Berlin: it fires once, the first time"
            ]
        );
    }
}
