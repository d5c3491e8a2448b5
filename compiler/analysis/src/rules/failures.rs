//! Failures that end as success (05): an alarm on failed executions would never fire. And those that pass a handler by (08).

use crate::program::{Catch, Entry, Expr, ExprKind, Fail, Flow, Program, ResourceKind, Statement};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// An `on failure`, or a `catch` of every error, that ends in `return` (one that just ends is refused before).
/// A `catch` that names its errors may return: its author decided about just those.
pub(super) fn ends_as_success(flow: &Flow, diagnostics: &mut Diagnostics) {
    for (end, handler) in ends(flow) {
        report(end, handler, &flow.name, diagnostics);
    }
}

/// Where such a handler ends, and where it begins.
fn ends(flow: &Flow) -> Vec<(Span, Span)> {
    let mut found = Vec::new();
    if let Some(handler) = &flow.on_failure
        && let Some(end) = returns(&handler.body)
    {
        found.push((end, handler.span));
    }
    let mut judge = |catches: &[Catch]| {
        for caught in catches {
            let broad = caught.errors.is_empty()
                || caught.errors.iter().any(|name| name == "States.ALL" || name == "States.TaskFailed");
            if let (true, Some(end)) = (broad, returns(&caught.handler.body)) {
                found.push((end, caught.handler.span));
            }
        }
    };
    outer_tries(&flow.body, &mut judge);
    if let Some(handler) = &flow.on_failure {
        outer_tries(&handler.body, &mut judge);
    }
    found
}

/// An alarm on `ExecutionsFailed` of a flow whose failures end as success.
pub(super) fn alarms(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    let Some((end, _)) = ends(flow).into_iter().next() else { return };
    for resource in &program.resources {
        let ResourceKind::Aws { ty, body } = &resource.kind else { continue };
        let metric = Entry::attribute(body, "metric_name").and_then(Expr::text);
        let of = |expr: &Expr| matches!(&expr.kind, ExprKind::FlowArn(name) if *name == flow.name);
        let about = Entry::attribute(body, "dimensions").is_some_and(|value| value.any(&of));
        if ty == "aws_cloudwatch_metric_alarm" && metric == Some("ExecutionsFailed") && about {
            diagnostics.push(
                Diagnostic::new(
                    codes::ALARM_NEVER_FIRES,
                    format!("this alarm hardly ever fires: failures of `{}` end as successes", flow.name),
                )
                .primary(resource.span, "counts executions that failed")
                .secondary(end, "a step's failure ends here, and the execution succeeds")
                .note("what is left for it: an execution that times out or is stopped, and a handler that fails itself")
                .help("end the handler with `fail error`, or alarm on what the handler does: a metric of its own, a message")
                .help("if that is what the alarm is for, say so: `@allow(FLOW0820, \"…\")`"),
            );
        }
    }
}

/// `fail error` in a `catch` that lies in another `try`: it goes past that one's `catch`.
pub(super) fn passes_a_catch(flow: &Flow, diagnostics: &mut Diagnostics) {
    let mut tries = Vec::new();
    flow.walk(&mut |statement| {
        if let Statement::Try { body, catches, .. } = statement {
            tries.push((body, catches));
        }
    });
    let mut seen: Vec<Span> = Vec::new();
    for (body, catches) in tries {
        let mut raised = Vec::new();
        raised_again(body, &mut raised);
        let Some(outer) = catches.first() else { continue };
        for span in raised {
            if seen.contains(&span) {
                continue;
            }
            seen.push(span);
            let next = if flow.on_failure.is_some() { "it goes straight to `on failure`" } else { "the execution ends here" };
            diagnostics.push(
                Diagnostic::new(codes::FAIL_PASSES_CATCH, "this `fail` is not taken by the `catch` around it")
                    .primary(span, next)
                    .secondary(outer.handler.span, "what this handler does is left out")
                    .note("a `catch` takes the failures of steps; a `fail` is the author's decision that the flow fails")
                    .help("do what both have in common in `on failure`, and leave the outer `try` out")
                    .help("or have one `catch`, which asks `error.step` which step it was"),
            );
        }
    }
}

/// `fail error` of the handlers in what is tried, but not of branches and iterations, which fail as a step does.
fn raised_again(statements: &[Statement], found: &mut Vec<Span>) {
    for statement in statements {
        if let Statement::Try { catches, .. } = statement {
            catches.iter().for_each(|caught| fails(&caught.handler.body, found));
        }
        let blocks = statement.blocks();
        blocks.into_iter().filter(|block| !block.inner).for_each(|block| raised_again(block.statements, found));
    }
}

fn fails(statements: &[Statement], found: &mut Vec<Span>) {
    for statement in statements {
        if let Statement::Fail(Fail::Again { span, .. }) = statement {
            found.push(*span);
        }
        statement.blocks().into_iter().filter(|block| !block.inner).for_each(|block| fails(block.statements, found));
    }
}

/// Every `try` but those of branches and iterations, whose `return` ends no execution.
fn outer_tries<'f>(statements: &'f [Statement], visit: &mut dyn FnMut(&'f [Catch])) {
    for statement in statements {
        if let Statement::Try { catches, .. } = statement {
            visit(catches);
        }
        statement.blocks().into_iter().filter(|block| !block.inner).for_each(|block| outer_tries(block.statements, visit));
    }
}

fn report(end: Span, handler: Span, flow: &str, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(codes::FAILURE_AS_SUCCESS, format!("a failure of `{flow}` ends as a success here"))
            .primary(end, "the execution succeeds")
            .secondary(handler, "after any failure")
            .note("the alarm on failed executions would never fire, and nobody would know that the data is missing")
            .help("end the handler with `fail`: `fail error` where it binds `as error`, or `fail NAME(\"cause\")`")
            .help("if a failure may pass, catch it by its name: `catch NAME { return }`"),
    );
}

/// The first `return` of a handler, wherever in it.
fn returns(statements: &[Statement]) -> Option<Span> {
    statements.iter().find_map(|statement| match statement {
        Statement::Return { span, .. } => Some(*span),
        Statement::Try { .. } => None,
        other => other.blocks().into_iter().filter(|block| !block.inner).find_map(|block| returns(block.statements)),
    })
}
