//! Schedules (06): what EventBridge Scheduler refuses, time zones, and local times that a zone skips.

use super::constant::{self, Reading};
use crate::limits::cron::{self, Expression, Refusal};
use crate::limits::{self, SCHEDULE_SYNTAX, zone};
use crate::program::{Expr, ExprKind, Program, Schedule, Value};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// Every schedule of a program once, however many flows it starts.
fn all(program: &Program) -> impl Iterator<Item = &Schedule> {
    let own = program.flows.iter().flat_map(|flow| &flow.triggers).map(|trigger| &trigger.schedule);
    program.schedules.iter().chain(own.filter(|schedule| schedule.name.is_none()))
}

/// Every schedule expression, under every environment.
pub(super) fn expressions(program: &Program, diagnostics: &mut Diagnostics) {
    for schedule in all(program) {
        for reading in constant::readings(program, &schedule.expression, schedule.span) {
            if let Err(refusal) = cron::parse(&reading.text) {
                diagnostics.push(refused(&refusal, &reading, schedule));
            }
        }
    }
}

fn refused(refusal: &Refusal, reading: &Reading, schedule: &Schedule) -> Diagnostic {
    let shown = shown(&reading.text);
    let source = format!("{SCHEDULE_SYNTAX}, checked {}", limits::CHECKED);
    let diagnostic = match refusal {
        Refusal::Form => Diagnostic::new(
            codes::SCHEDULE_FORM,
            format!("`{}` is no schedule", reading.text),
        )
        .primary(reading.span, "neither `cron(…)` nor `rate(…)` nor `at(…)`")
        .note(format!("EventBridge Scheduler knows these three forms ({source})"))
        .help("write `on cron(\"0 2 * * ? *\")` for every day at 02:00"),
        Refusal::FiveFields { six } => {
            let diagnostic = Diagnostic::new(
                codes::CRON_FIVE_FIELDS,
                format!("`{shown}` has five fields, as Unix has them; EventBridge Scheduler wants six"),
            )
            .primary(reading.span, "the sixth field, the year, is missing")
            .note(format!(
                "minutes, hours, day of month, month, day of week, year; one of the two day fields is `?`, and days of \
                 the week count from 1, Sunday ({source})"
            ));
            match six {
                Some(six) => {
                    let written = diagnostic.help(format!("write `{six}`"));
                    if reading.env.is_none() { with_fix(written, reading, six) } else { written }
                }
                None => diagnostic
                    .help("a day of the month and a day of the week at once take two triggers: two `on cron(…)`"),
            }
        }
        Refusal::FieldCount(count) => Diagnostic::new(
            codes::CRON_FIELD,
            format!("`{shown}` has {count} field{}; a cron expression has six", if *count == 1 { "" } else { "s" }),
        )
        .primary(reading.span, "refused by EventBridge Scheduler")
        .note(format!("minutes, hours, day of month, month, day of week, year ({source})"))
        .help("every day at 02:00 is `0 2 * * ? *`"),
        Refusal::Field { field, text, reason, instead } => {
            let diagnostic = Diagnostic::new(
                codes::CRON_FIELD,
                format!("the {} of `{shown}` {}: {reason}", field.name(), field.verb()),
            )
            .primary(reading.span, format!("{}: `{text}`", field.name()))
            .note(format!("{}: {} ({source})", field.name(), field.allowed()));
            match instead {
                Some(instead) => diagnostic.help(format!("write `{instead}` in this field")),
                None => diagnostic,
            }
        }
        Refusal::DayFields { both_open, instead } => {
            let problem = if *both_open { "both day fields are `?`" } else { "neither day field is `?`" };
            let diagnostic = Diagnostic::new(codes::CRON_DAY_FIELDS, format!("`{shown}`: {problem}"))
                .primary(reading.span, "the third and the fifth field")
                .note(format!(
                    "exactly one of day of month and day of week is `?`, which leaves the day to the other ({source})"
                ));
            match instead {
                Some(instead) => with_fix(diagnostic.help(format!("write `{instead}`")), reading, instead),
                None => diagnostic
                    .help("a day of the month and a day of the week at once take two triggers: two `on cron(…)`"),
            }
        }
        Refusal::Never => Diagnostic::new(codes::CRON_NEVER, format!("`{shown}` never fires"))
            .primary(reading.span, "there is no such date to come")
            .note(format!(
                "each field is right by itself, but no day from {} on has all of them",
                limits::FIRST_YEAR
            ))
            .help("the last day of a month is `L` in the third field: `0 2 L * ? *`"),
        Refusal::Past => Diagnostic::new(codes::CRON_NEVER, format!("`{shown}` never fires"))
            .primary(reading.span, "its years are past")
            .note(format!("the last field is the year; this compiler knows the years from {} on", limits::FIRST_YEAR))
            .help("write `*` in the last field for every year"),
        Refusal::Rate { reason, instead } => {
            let diagnostic = Diagnostic::new(codes::RATE, format!("`{shown}` is refused: {reason}"))
                .primary(reading.span, "refused by EventBridge Scheduler")
                .note(format!("a rate is a whole number and `minutes`, `hours` or `days`, at least one minute ({source})"));
            match instead {
                Some(instead) => diagnostic.help(format!("write `{instead}`")),
                None => diagnostic,
            }
        }
        Refusal::At => Diagnostic::new(codes::SCHEDULE_FORM, format!("`{shown}` is no point in time"))
            .primary(reading.span, "refused by EventBridge Scheduler")
            .note(format!("a single time is `at(yyyy-mm-ddThh:mm:ss)` in the schedule's time zone ({source})"))
            .help("write for instance `at(2027-01-31T12:00:00)`"),
    };
    from_env(diagnostic, reading, schedule)
}

/// What its author wrote: the fields of `cron(…)`, the other forms whole.
fn shown(expression: &str) -> &str {
    expression.strip_prefix("cron(").and_then(|text| text.strip_suffix(')')).unwrap_or(expression)
}

/// A fix, where the span is that of the text alone.
fn with_fix(diagnostic: Diagnostic, reading: &Reading, fields: &str) -> Diagnostic {
    let width = u32::try_from(shown(&reading.text).len() + 2).unwrap_or(u32::MAX);
    if reading.span.end.saturating_sub(reading.span.start) == width {
        diagnostic.fix(format!("write `{fields}`"), reading.span, format!("\"{fields}\""))
    } else {
        diagnostic
    }
}

/// Adds the trigger's place where the text comes from an environment or a default.
fn from_env(diagnostic: Diagnostic, reading: &Reading, schedule: &Schedule) -> Diagnostic {
    match reading.env {
        Some(env) => diagnostic.secondary(schedule.span, format!("the schedule that `{env}` gives this value")),
        None => diagnostic,
    }
}

/// Time zones exist.
pub(super) fn zones(program: &Program, diagnostics: &mut Diagnostics) {
    for schedule in all(program) {
        for reading in constant::readings(program, &schedule.timezone, schedule.span) {
            if zone::find(&reading.text).is_some() {
                continue;
            }
            let diagnostic =
                Diagnostic::new(codes::TIME_ZONE, format!("there is no time zone `{}`", reading.text))
                    .primary(reading.span, "not in the IANA time zone database")
                    .note(format!(
                        "EventBridge Scheduler takes the names of the IANA database: `UTC`, `Europe/Berlin` \
                         ({SCHEDULE_SYNTAX}, checked {})",
                        limits::CHECKED
                    ));
            let diagnostic = match zone::similar(&reading.text) {
                Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
                None => diagnostic.help("write `timezone = \"UTC\"`, or a name such as `America/New_York`"),
            };
            diagnostics.push(from_env(diagnostic, &reading, schedule));
        }
    }
}

/// Every schedule that is right, with its zone and where it is written, under every environment.
pub(super) fn valid<'p>(program: &'p Program, schedule: &Schedule) -> Vec<(Expression, Tz, Reading<'p>)> {
    let zones = constant::readings(program, &schedule.timezone, schedule.span);
    let mut found = Vec::new();
    for reading in constant::readings(program, &schedule.expression, schedule.span) {
        let Ok(expression) = cron::parse(&reading.text) else { continue };
        for zone in &zones {
            let together = zone.env.is_none() || reading.env.is_none() || zone.env == reading.env;
            if let (true, Some(zone)) = (together, zone::find(&zone.text)) {
                found.push((expression.clone(), zone, reading.clone()));
            }
        }
    }
    found
}

/// A few fixed times a day, one of which the zone's clock jumps over. Schedules of twelve hours of the day and
/// more lose nothing that the next fire does not make good. A local time that comes twice fires once: no hazard.
pub(super) fn skipped_times(program: &Program, diagnostics: &mut Diagnostics) {
    for schedule in all(program) {
        for (expression, zone, reading) in valid(program, schedule) {
            let Expression::Cron(cron) = &expression else { continue };
            if cron.hours_of_day() >= 12 {
                continue;
            }
            let Some(first) = cron::skipped_times(cron, zone).into_iter().next() else { continue };
            let diagnostic = Diagnostic::new(
                codes::SKIPPED_TIME,
                format!(
                    "on {} there is no {} in {}: this schedule does not fire then",
                    first.format("%Y-%m-%d"),
                    first.format("%H:%M"),
                    zone.name()
                ),
            )
            .primary(reading.span, "skipped where the clock jumps forward")
            .note(format!(
                "EventBridge Scheduler leaves out a local time that does not exist; one that comes twice, when the \
                 clock is set back, fires once ({SCHEDULE_SYNTAX}, checked {})",
                limits::CHECKED
            ))
            .help("choose a time outside the hour that is skipped, or `timezone = \"UTC\"`");
            diagnostics.push(from_env(diagnostic, &reading, schedule));
        }
    }
}

/// Settings beside the times.
pub(super) fn settings(program: &Program, diagnostics: &mut Diagnostics) {
    for schedule in all(program) {
        let minutes = |expr: &Expr| match &expr.kind {
            ExprKind::Value(Value::Duration(micros)) if micros % 60_000_000 == 0 => u64::try_from(micros / 60_000_000).ok(),
            _ => None,
        };
        let seconds = |expr: &Expr| match &expr.kind {
            ExprKind::Value(Value::Duration(micros)) if micros % 1_000_000 == 0 => u64::try_from(micros / 1_000_000).ok(),
            _ => None,
        };
        let (window, retries, max_age) = (&schedule.window, &schedule.retries, &schedule.max_age);
        let settings = [
            ("window", window, window.as_ref().and_then(minutes), limits::SCHEDULE_WINDOW, "15m"),
            ("retries", retries, retries.as_ref().and_then(constant::whole), limits::SCHEDULE_RETRIES, "5"),
            ("max_age", max_age, max_age.as_ref().and_then(seconds), limits::SCHEDULE_AGE, "1h"),
        ];
        for (name, setting, value, limit, example) in settings {
            let Some(setting) = setting.as_ref().filter(|_| value.is_none_or(|value| !limit.allows(value))) else { continue };
            let span = if setting.span.file == schedule.span.file { setting.span } else { schedule.span };
            diagnostics.push(
                Diagnostic::new(codes::SCHEDULE_SETTING, format!("EventBridge Scheduler refuses this `{name}`"))
                    .primary(span, "out of range")
                    .note(limit.note())
                    .help(format!("write for instance `{name} = {example}`")),
            );
        }
        within(program, schedule, diagnostics);
    }
}

/// A schedule that ends before it begins, or before it fires.
fn within(program: &Program, schedule: &Schedule, diagnostics: &mut Diagnostics) {
    let instant = |expr: &Option<Expr>| -> Option<DateTime<Utc>> {
        match &expr.as_ref()?.kind {
            ExprKind::Value(Value::Timestamp(text)) => text.parse().ok(),
            _ => None,
        }
    };
    let (Some(end), Some(last)) = (instant(&schedule.end), schedule.end.as_ref()) else { return };
    let start = instant(&schedule.start);
    let at = |expr: &Expr| if expr.span.file == schedule.span.file { expr.span } else { schedule.span };
    if let (Some(start), Some(first)) = (start, schedule.start.as_ref())
        && start >= end
    {
        diagnostics.push(
            Diagnostic::new(codes::SCHEDULE_SETTING, "the schedule ends before it begins")
                .primary(at(last), "the end")
                .secondary(at(first), "the start")
                .help("let `end` be after `start`, or leave one of them out"),
        );
        return;
    }
    let Some(start) = start else { return };
    for (expression, zone, reading) in valid(program, schedule) {
        let Expression::Cron(_) = expression else { continue };
        let fires = cron::next(&reading.text, zone, start - chrono::Duration::seconds(1), 1).unwrap_or_default();
        if fires.first().is_none_or(|fire| fire.with_timezone(&Utc) > end) {
            let next = fires.first().map(|fire| format!("after the start it first fires at {}", fire.format("%Y-%m-%d %H:%M %Z")));
            let mut diagnostic = Diagnostic::new(
                codes::CRON_NEVER,
                format!("`{}` never fires between the start and the end", shown(&reading.text)),
            )
            .primary(reading.span, "no such time")
            .secondary(at(last), "the end");
            if let Some(next) = next {
                diagnostic = diagnostic.note(next);
            }
            diagnostics.push(from_env(diagnostic.help("move the end, or the times"), &reading, schedule));
        }
    }
}
