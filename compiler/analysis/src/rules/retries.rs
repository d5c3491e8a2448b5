//! Retries: of what must not run twice (05), and the fields that Step Functions refuses (06).

use super::visit;
use crate::limits;
use crate::program::{Flow, RetryRule};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// A retry on a step whose task is not declared idempotent. (A flow's own `retry` covers idempotent tasks alone,
/// so such a step has asked for it.)
pub(super) fn not_idempotent(flow: &Flow, diagnostics: &mut Diagnostics) {
    whole(flow, diagnostics);
    for step in flow.steps() {
        let retries = attempts(&step.retry);
        if step.call.idempotent || retries == 0 {
            continue;
        }
        let repeats = step.call.arguments.any(&crate::program::Expr::repeats_rows);
        if repeats {
            diagnostics.push(
                Diagnostic::new(
                    codes::RETRY_NOT_IDEMPOTENT,
                    format!("step `{}` is retried, and appends its rows once for each attempt that wrote them", step.name),
                )
                .primary(step.span, "`at_least_once`, with a retry")
                .note("an attempt that failed for its caller may still have written its rows (a timeout, a lost answer)")
                .help("write `key …` in place of `at_least_once`: rows that come again are there once")
                .help("or write `retry none` on the step"),
            );
            continue;
        }
        let times = if retries == 1 { "once".to_owned() } else { format!("up to {retries} times") };
        diagnostics.push(
            Diagnostic::new(
                codes::RETRY_NOT_IDEMPOTENT,
                format!("step `{}` is retried, but `{}` is not idempotent", step.name, step.call.task),
            )
            .primary(step.span, format!("may run again {times}"))
            .note(format!(
                "an attempt that failed for its caller may still have done its work (a timeout, a lost answer): a \
                 second run of `{}` would do it twice",
                step.call.task
            ))
            .help("write `retry none` on the step and let a person decide")
            .help(format!(
                "if a second run does no harm, say so where `{}` is declared: `idempotent = true`",
                step.call.task
            )),
        );
    }
}

/// A `parallel` or a `for` whose retry would run such a step again.
fn whole(flow: &Flow, diagnostics: &mut Diagnostics) {
    flow.walk(&mut |statement| {
        let Some(head) = statement.head().filter(|head| attempts(&head.retry) > 0) else { return };
        let inside = statement.blocks().into_iter().flat_map(|block| visit::steps_in(block.statements));
        let Some(step) = inside.into_iter().find(|step| !step.call.idempotent) else { return };
        diagnostics.push(
            Diagnostic::new(
                codes::RETRY_NOT_IDEMPOTENT,
                format!("step `{}` is retried, but `{}` in it is not idempotent", head.name, step.call.task),
            )
            .primary(head.name_span, "all of it runs again")
            .secondary(step.name_span, format!("`{}` runs again although it may have succeeded", step.name))
            .note("a retry of several steps begins at the first, whichever of them failed")
            .help("write the `retry` on the steps that may run again"),
        );
    });
}

/// Retries of a policy, all rules together.
pub(super) fn attempts(rules: &[RetryRule]) -> u64 {
    rules.iter().map(|rule| u64::from(rule.attempts)).sum()
}

/// What `CreateStateMachine` refuses in a retrier.
pub(super) fn fields(flow: &Flow, diagnostics: &mut Diagnostics) {
    let mut policies: Vec<(&str, Span, &[RetryRule])> =
        flow.steps().into_iter().map(|step| (step.name.as_str(), step.span, step.retry.as_slice())).collect();
    flow.walk(&mut |statement| {
        let head = statement.head();
        policies.extend(head.map(|head| (head.name.as_str(), head.name_span, head.retry.as_slice())));
    });
    for (name, span, rules) in policies {
        for rule in rules {
            if let Some((problem, note, help)) = refused(rule) {
                diagnostics.push(
                    Diagnostic::new(
                        codes::RETRY_FIELD,
                        format!("Step Functions refuses the retry of step `{name}`: {problem}"),
                    )
                    .primary(span, "retried by this rule")
                    .note(note)
                    .help(help),
                );
            }
        }
    }
}

fn refused(rule: &RetryRule) -> Option<(String, String, String)> {
    if !limits::RETRY_ATTEMPTS.allows(u64::from(rule.attempts)) {
        let problem = format!("{} attempts", limits::thousands(u64::from(rule.attempts)));
        return Some((problem, limits::RETRY_ATTEMPTS.note(), "write fewer attempts: `attempts: 4`".to_owned()));
    }
    if !limits::RETRY_INTERVAL.allows(rule.interval_s) {
        let problem = format!("an interval of {} s", rule.interval_s);
        return Some((problem, limits::RETRY_INTERVAL.note(), "write `interval: 1s` or more".to_owned()));
    }
    if rule.backoff < 1.0 {
        let note = format!(
            "each delay is the one before times the backoff, which is 1.0 or more ({}, checked {})",
            limits::RETRY_INTERVAL.source,
            limits::CHECKED
        );
        let problem = format!("a backoff of {}", rule.backoff);
        return Some((problem, note, "write `backoff: 2.0` to double the delay, `1.0` to keep it".to_owned()));
    }
    let max_delay = rule.max_delay_s?;
    if !limits::RETRY_MAX_DELAY.allows(max_delay) {
        let problem = format!("a maximum delay of {max_delay} s");
        return Some((problem, limits::RETRY_MAX_DELAY.note(), "write `max_delay: 1m`, or leave it out".to_owned()));
    }
    if max_delay <= rule.interval_s {
        let problem = format!("a maximum delay of {max_delay} s with an interval of {} s", rule.interval_s);
        let note = format!(
            "the maximum delay must be larger than the first one ({}, checked {})",
            limits::RETRY_MAX_DELAY.source,
            limits::CHECKED
        );
        return Some((problem, note, format!("write a `max_delay` above {} s, or leave it out", rule.interval_s)));
    }
    None
}
