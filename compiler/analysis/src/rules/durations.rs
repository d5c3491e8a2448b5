//! How long a flow can take (06).
//!
//! The worst case of a step is its attempts times its timeout, plus the delays between them. What is judged:
//! - *retries cut off*: one step's own worst case is longer than the flow's timeout. The two contradict each other
//!   whatever the other steps do. That all steps together could take longer is not judged: a flow's timeout is
//!   meant as a bound tighter than everything going wrong at once.
//! - *overlap*: the flow's timeout, or without one the worst case of its longest path, is longer than the shortest
//!   time between two fires of its schedule.

use super::{constant, retries, schedules};
use crate::limits;
use crate::limits::cron;
use crate::program::{Flow, ForEach, Head, Items, Poll, Program, RetryRule, Statement, Step};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// A worst case, with its arithmetic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duration {
    /// Seconds.
    pub seconds: u64,
    /// How it is made up: "`copy`: 5 × 15m + 30s = 1h 15m 30s".
    pub parts: Vec<String>,
}

/// The worst case of a whole flow: the longest path, every step with all its attempts; `None` where a duration
/// is known only at run time.
pub fn worst_case(flow: &Flow) -> Option<Duration> {
    let body = sequence(&flow.body)?;
    let Some(handler) = &flow.on_failure else { return Some(body) };
    Some(add(body, sequence(&handler.body)?))
}

fn sequence(statements: &[Statement]) -> Option<Duration> {
    let mut total = Duration { seconds: 0, parts: Vec::new() };
    for statement in statements {
        let part = match statement {
            Statement::Step(step) => of_step(step)?,
            Statement::If { .. } | Statement::Match(_) => longest(statement)?,
            Statement::Parallel(of) => again(&of.head, longest(statement)?),
            Statement::For(of) => again(&of.head, of_loop(of)?),
            Statement::Poll(of) => of_poll(of)?,
            Statement::Try { body, catches, .. } => {
                let mut handlers = Duration { seconds: 0, parts: Vec::new() };
                for caught in catches {
                    handlers = longer(handlers, sequence(&caught.handler.body)?);
                }
                add(sequence(body)?, handlers)
            }
            Statement::Wait { value, until, .. } => {
                let seconds = if *until { None } else { constant::seconds(value) }?;
                Duration { seconds, parts: vec![format!("wait {}", text(seconds))] }
            }
            Statement::Let { .. }
            | Statement::Fail(_)
            | Statement::Return { .. }
            | Statement::Continue { .. } => continue,
        };
        total = add(total, part);
    }
    Some(total)
}

/// The longest of a statement's blocks: it runs one of them, or all at once.
fn longest(statement: &Statement) -> Option<Duration> {
    let mut most = Duration { seconds: 0, parts: Vec::new() };
    for block in statement.blocks() {
        most = longer(most, sequence(block.statements)?);
    }
    Some(most)
}

/// A `parallel` or a `for` with its retries.
fn again(head: &Head, once: Duration) -> Duration {
    let attempts = retries::attempts(&head.retry).saturating_add(1);
    let delays = head.retry.iter().map(delay).fold(0_u64, u64::saturating_add);
    if attempts == 1 {
        return once;
    }
    let seconds = once.seconds.saturating_mul(attempts).saturating_add(delays);
    let parts = vec![format!("`{}` {attempts} × {} + {} of delays", head.name, text(once.seconds), text(delays))];
    Duration { seconds, parts }
}

/// Rounds × the body, where it is known how many items there are.
fn of_loop(of: &ForEach) -> Option<Duration> {
    let Items::List(list) = &of.items else { return None };
    let items = constant::items(list)?;
    let at_once = match &of.max {
        Some(max) => constant::whole(max)?,
        None => limits::INLINE_ITERATIONS.max,
    };
    let rounds = items.div_ceil(at_once.max(1));
    let body = sequence(&of.inner.body)?;
    let seconds = body.seconds.saturating_mul(rounds);
    Some(Duration { seconds, parts: vec![format!("`{}` {rounds} × {}", of.head.name, text(body.seconds))] })
}

/// Looks × the body, and the time between them.
fn of_poll(of: &Poll) -> Option<Duration> {
    let looks = constant::whole(of.max.most())?;
    let interval = constant::seconds(of.interval.most())?;
    let waits = if of.waits_first { looks } else { looks.saturating_sub(1) };
    let body = sequence(&of.body)?;
    let seconds = body.seconds.saturating_mul(looks).saturating_add(interval.saturating_mul(waits));
    let sum = format!("poll {looks} × {} + {waits} × {} = {}", text(body.seconds), text(interval), text(seconds));
    let looked = Duration { seconds, parts: vec![sum] };
    match &of.otherwise {
        Some(otherwise) => Some(add(looked, sequence(otherwise)?)),
        None => Some(looked),
    }
}

fn add(mut first: Duration, second: Duration) -> Duration {
    first.seconds = first.seconds.saturating_add(second.seconds);
    first.parts.extend(second.parts);
    first
}

fn longer(first: Duration, second: Duration) -> Duration {
    if second.seconds > first.seconds { second } else { first }
}

/// Attempts × timeout + delays.
fn of_step(step: &Step) -> Option<Duration> {
    let timeout = constant::seconds(&step.timeout)?;
    let attempts = retries::attempts(&step.retry).saturating_add(1);
    let delays = step.retry.iter().map(delay).fold(0_u64, u64::saturating_add);
    let seconds = timeout.saturating_mul(attempts).saturating_add(delays);
    let sum = match (attempts, delays) {
        (1, _) => format!("`{}` {}", step.name, text(timeout)),
        (_, 0) => format!("`{}` {attempts} × {} = {}", step.name, text(timeout), text(seconds)),
        _ => format!(
            "`{}` {attempts} × {} + {} of delays = {}",
            step.name,
            text(timeout),
            text(delays),
            text(seconds)
        ),
    };
    Some(Duration { seconds, parts: vec![sum] })
}

/// The longest sum of a rule's delays; full jitter can only shorten them.
fn delay(rule: &RetryRule) -> u64 {
    let most = rule.max_delay_s.map_or(f64::INFINITY, |seconds| seconds as f64);
    let mut total = 0.0_f64;
    let mut next = rule.interval_s as f64;
    for done in 0..rule.attempts {
        if next >= most || rule.backoff <= 1.0 || next == 0.0 {
            // From here on every delay is the same.
            total += next.min(most) * f64::from(rule.attempts - done);
            break;
        }
        total += next;
        next *= rule.backoff;
        if total > 1e15 {
            break;
        }
    }
    if total.is_finite() && total >= 0.0 { total.ceil() as u64 } else { u64::MAX }
}

/// Timeouts that Step Functions refuses.
pub(super) fn timeouts(flow: &Flow, diagnostics: &mut Diagnostics) {
    if let Some(timeout) = flow.timeout_s.filter(|timeout| !limits::EXECUTION_TIMEOUT.allows(*timeout)) {
        diagnostics.push(
            Diagnostic::new(
                codes::FLOW_TIMEOUT,
                format!("flow `{}` cannot have a timeout of {}", flow.name, text(timeout)),
            )
            .primary(flow.span, "the timeout of this flow")
            .note(limits::EXECUTION_TIMEOUT.note())
            .help("write for instance `timeout = 3h`"),
        );
    }
    for step in flow.steps() {
        let Some(timeout) = constant::seconds(&step.timeout) else { continue };
        if limits::TASK_TIMEOUT.allows(timeout) {
            continue;
        }
        let at = if step.timeout.span.file == step.span.file { step.timeout.span } else { step.name_span };
        diagnostics.push(
            Diagnostic::new(
                codes::STEP_TIMEOUT,
                format!("step `{}` cannot have a timeout of {}", step.name, text(timeout)),
            )
            .primary(at, "the timeout of this step")
            .note(limits::TASK_TIMEOUT.note())
            .help("write for instance `timeout 10m`"),
        );
    }
}

/// A heartbeat that the timeout would always forestall; Step Functions refuses it.
pub(super) fn heartbeats(flow: &Flow, diagnostics: &mut Diagnostics) {
    for step in flow.steps() {
        let Some(heartbeat) = step.heartbeat.as_ref().and_then(constant::seconds) else { continue };
        let Some(timeout) = constant::seconds(&step.timeout) else { continue };
        if heartbeat < timeout {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                codes::HEARTBEAT,
                format!(
                    "the heartbeat of step `{}`, {}, is not below its timeout, {}",
                    step.name,
                    text(heartbeat),
                    text(timeout)
                ),
            )
            .primary(step.name_span, "its timeout would always come first")
            .note(
                "`HeartbeatSeconds` is smaller than `TimeoutSeconds` \
                 (https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html, checked 2026-09)",
            )
            .help("write a shorter heartbeat, or a longer timeout"),
        );
    }
}

/// A step that cannot use all its attempts within the flow's timeout.
pub(super) fn retries_cut_off(flow: &Flow, diagnostics: &mut Diagnostics) {
    let Some(limit) = flow.timeout_s else { return };
    for step in flow.steps() {
        let (Some(worst), Some(timeout)) = (of_step(step), constant::seconds(&step.timeout)) else { continue };
        if worst.seconds <= limit {
            continue;
        }
        let attempts = retries::attempts(&step.retry) + 1;
        let (message, label) = if attempts == 1 || timeout > limit {
            (
                format!(
                    "step `{}` may take {}, but the whole flow is stopped after {}",
                    step.name,
                    text(timeout),
                    text(limit)
                ),
                format!("its timeout is {}", text(timeout)),
            )
        } else {
            (
                format!(
                    "step `{}` may need {} with its retries, but the whole flow is stopped after {}",
                    step.name,
                    text(worst.seconds),
                    text(limit)
                ),
                format!("{attempts} attempts of {}", text(timeout)),
            )
        };
        let fits = limit / attempts.max(1) / 60 * 60;
        let help = match (attempts, fits) {
            (_, 0) => "give the step a shorter timeout or fewer retries, or the flow a longer timeout".to_owned(),
            (1, fits) => format!("give the step a timeout of at most {}, or the flow a longer one", text(fits)),
            (_, fits) => format!("give the step a timeout under {}, or the flow a longer one", text(fits)),
        };
        let mut diagnostic = Diagnostic::new(codes::RETRIES_CUT_OFF, message)
            .primary(step.name_span, label)
            .secondary(flow.span, format!("this flow's timeout is {}", text(limit)));
        if attempts > 1 {
            diagnostic = diagnostic.note(format!("worst case: {}", worst.parts.join(", ")));
        }
        diagnostics.push(
            diagnostic.note("when a flow's timeout ends it, neither `catch` nor `on failure` is run").help(help),
        );
    }
}

/// A `for` that asks for more iterations at once than its kind of Map runs.
pub(super) fn at_once(flow: &Flow, diagnostics: &mut Diagnostics) {
    flow.walk(&mut |statement| {
        let Statement::For(of) = statement else { return };
        let limit = &limits::INLINE_ITERATIONS;
        let Some(max) = of.max.as_ref().filter(|_| !of.distributed) else { return };
        let Some(number) = constant::whole(max).filter(|number| *number > limit.max) else { return };
        diagnostics.push(
            Diagnostic::new(
                codes::INLINE_CONCURRENCY,
                format!("of {} iterations at once, {} run", limits::thousands(number), limit.max),
            )
            .primary(max.span, "more than run")
            .note(limit.note())
            .help(format!("write `max {}`, or `mode distributed` to have an execution for each item", limit.max)),
        );
    });
}

/// A flow that may still run when its schedule starts the next execution.
pub(super) fn overlap(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    for trigger in &flow.triggers {
        for (expression, zone, reading) in schedules::valid(program, &trigger.schedule) {
            let Some(mut interval) = cron::shortest_interval(&expression, zone) else { continue };
            // One may start at the end of its window, the next at the beginning of its own.
            let window = trigger.schedule.window.as_ref().and_then(constant::seconds);
            let window = window.filter(|window| limits::SCHEDULE_WINDOW.allows(window / 60)).unwrap_or(0);
            interval.seconds = interval.seconds.saturating_sub(window);
            let worst = match flow.timeout_s {
                Some(seconds) => Duration { seconds, parts: Vec::new() },
                None => match worst_case(flow) {
                    Some(worst) => worst,
                    None => continue,
                },
            };
            if worst.seconds <= interval.seconds {
                continue;
            }
            let mut diagnostic = Diagnostic::new(
                codes::OVERLAP,
                format!(
                    "executions of `{}` may overlap: it may take {}, and starts every {}",
                    flow.name,
                    text(worst.seconds),
                    text(interval.seconds)
                ),
            )
            .primary(reading.span, format!("every {} at the shortest", text(interval.seconds)))
            .secondary(
                flow.span,
                match flow.timeout_s {
                    Some(seconds) => format!("its timeout is {}", text(seconds)),
                    None => "it has no timeout of its own".to_owned(),
                },
            )
            .note("a schedule starts an execution whether or not the last one has ended; two would work on the same tables");
            match worst.parts.as_slice() {
                [] => {}
                [only] => diagnostic = diagnostic.note(format!("worst case: {only}")),
                parts => {
                    diagnostic = diagnostic
                        .note(format!("worst case: {}; together {}", parts.join(", "), text(worst.seconds)));
                }
            }
            diagnostics.push(diagnostic.help(format!(
                "write `timeout = {}` or less in the flow, or fire less often",
                literal(interval.seconds)
            )));
        }
    }
}

/// Seconds as a program writes them, in one unit.
fn literal(seconds: u64) -> String {
    match seconds {
        s if s > 0 && s.is_multiple_of(3_600) => format!("{}h", s / 3_600),
        s if s > 0 && s.is_multiple_of(60) => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// Seconds for a reader: `1h 15m 30s`.
pub(super) fn text(seconds: u64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let shown: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(interval_s: u64, attempts: u32, backoff: f64, max_delay_s: Option<u64>) -> RetryRule {
        RetryRule { errors: Vec::new(), interval_s, attempts, backoff, max_delay_s, jitter: true }
    }

    #[test]
    fn delays_grow_to_their_maximum() {
        assert_eq!(delay(&rule(2, 4, 2.0, Some(60))), 2 + 4 + 8 + 16);
        assert_eq!(delay(&rule(2, 8, 2.0, Some(60))), 2 + 4 + 8 + 16 + 32 + 60 + 60 + 60);
        assert_eq!(delay(&rule(5, 3, 1.0, None)), 15);
        assert_eq!(delay(&rule(1, 0, 2.0, None)), 0);
        // No overflow and no long loop for absurd numbers.
        assert!(delay(&rule(u64::MAX, u32::MAX, 1.0, None)) > 1_000_000);
        assert!(delay(&rule(1, u32::MAX, 9.0, None)) > 1_000_000);
        assert_eq!(delay(&rule(0, u32::MAX, 1.5, None)), 0);
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(text(4_530), "1h 15m 30s");
        assert_eq!(text(86_400), "1d");
        assert_eq!(text(0), "0s");
    }
}
