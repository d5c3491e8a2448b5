//! Lambda functions (06): their settings, and steps that would outlive them.

use super::{constant, durations::text};
use crate::limits;
use crate::program::{Flow, Program};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// Timeout, memory and `/tmp` of every function.
pub(super) fn settings(program: &Program, diagnostics: &mut Diagnostics) {
    for function in &program.functions {
        let users = match function.steps.as_slice() {
            [] => function.stream.as_ref().map_or_else(String::new, |stream| format!(" (stream `{stream}`)")),
            [step] => format!(" (step `{step}`)"),
            [step, rest @ ..] => format!(" (step `{step}` and {} more)", rest.len()),
        };
        let timeout = u64::from(function.timeout_s);
        if !limits::LAMBDA_TIMEOUT.allows(timeout) {
            diagnostics.push(
                Diagnostic::new(
                    codes::LAMBDA_TIMEOUT,
                    format!("a Lambda function cannot run for {}{users}", text(timeout)),
                )
                .primary(function.span, format!("asks for a timeout of {}", text(timeout)))
                .note(limits::LAMBDA_TIMEOUT.note())
                .help("write `timeout = 15m` or less, and split work that takes longer")
                .help("work that cannot be split belongs in a container: a task of `ecs.fargate`"),
            );
        }
        for (what, field, value, limit, code) in [
            ("memory", "memory", function.memory_mb, limits::LAMBDA_MEMORY, codes::LAMBDA_MEMORY),
            ("storage", "storage", function.storage_mb, limits::LAMBDA_STORAGE, codes::LAMBDA_STORAGE),
        ] {
            let value = u64::from(value);
            if limit.allows(value) {
                continue;
            }
            let nearest = value.clamp(limit.min, limit.max);
            diagnostics.push(
                Diagnostic::new(
                    code,
                    format!("a Lambda function cannot have {} MB of {what}{users}", limits::thousands(value)),
                )
                .primary(function.span, format!("asks for {} MB", limits::thousands(value)))
                .note(limit.note())
                .help(format!("the nearest that exists is `{field} = {}`", limits::fargate::memory_literal(nearest))),
            );
        }
    }
}

/// A step on a function of the generic binary whose timeout is longer than the function's.
pub(super) fn step_timeouts(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    for step in flow.steps() {
        let Some(function) = step.call.function.and_then(|id| program.function(id)) else { continue };
        let Some(timeout) = constant::seconds(&step.timeout) else { continue };
        let limit = u64::from(function.timeout_s);
        if timeout <= limit || !limits::LAMBDA_TIMEOUT.allows(limit) {
            continue;
        }
        let at = if step.timeout.span.file == step.span.file { step.timeout.span } else { step.name_span };
        let mut diagnostic = Diagnostic::new(
            codes::STEP_OUTLIVES_FUNCTION,
            format!(
                "step `{}` may take {}, but its function is stopped after {}",
                step.name,
                text(timeout),
                text(limit)
            ),
        )
        .primary(at, format!("the step's timeout is {}", text(timeout)))
        .note(
            "Lambda stops the function first: the step then fails with `Sandbox.Timedout`, not with \
             `States.Timeout`",
        );
        diagnostic = if timeout <= limits::LAMBDA_TIMEOUT.max {
            diagnostic.help(format!("write `using = lambda(timeout = {})`, or a shorter timeout", literal(timeout)))
        } else {
            diagnostic
                .note(limits::LAMBDA_TIMEOUT.note())
                .help(format!("write `timeout = {}` or less; longer work belongs in a container", literal(limit)))
        };
        diagnostics.push(diagnostic);
    }
}

/// Seconds as a program writes them: `10m`.
pub(super) fn literal(seconds: u64) -> String {
    match seconds {
        s if s > 0 && s.is_multiple_of(3_600) => format!("{}h", s / 3_600),
        s if s > 0 && s.is_multiple_of(60) => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
