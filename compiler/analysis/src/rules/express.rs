//! Express executions (06), of a flow or of the iterations of a `for`: they last five minutes, and wait for nobody.
//!
//! - *cannot*: run a job and wait for its end (`.sync`), wait for a task token, go through a distributed Map; and nobody
//!   can wait for the end of theirs by `call`.
//! - *too long*: a timeout or a `wait` beyond the execution's end.

use super::{constant, durations::text};
use crate::limits;
use crate::program::{CALLBACK, Flow, Program, Statement, Step, walk_statements};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// What an Express flow, and an Express iteration, cannot do; and who `call`s such a flow.
pub(super) fn executions(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    if flow.express {
        let around = (flow.span, "an Express flow");
        let handler = flow.on_failure.iter().flat_map(|handler| &handler.body);
        flow.body.iter().chain(handler).for_each(|statement| {
            walk_statements(std::slice::from_ref(statement), &mut |inner| within(inner, around, diagnostics));
        });
        if let Some(timeout) = flow.timeout_s.filter(|timeout| !limits::EXPRESS_DURATION.allows(*timeout)) {
            too_long(format!("`timeout` of {}", text(timeout)), flow.span, around, diagnostics);
        }
    }
    flow.walk(&mut |statement| match statement {
        Statement::For(of) if of.express && !flow.express => {
            let around = (of.head.name_span, "Express iterations");
            walk_statements(&of.inner.body, &mut |inner| within(inner, around, diagnostics));
        }
        Statement::Step(step) => {
            let called = step.call.flow.as_ref().and_then(|name| program.flows.iter().find(|other| other.name == *name));
            if let Some(called) = called.filter(|called| called.express) {
                diagnostics.push(
                    Diagnostic::new(codes::EXPRESS, format!("`call` waits for the end of `{}`, which is Express", called.name))
                        .primary(step.span, "waits")
                        .secondary(called.span, "an Express flow")
                        .note(LIMITS)
                        .help("leave `kind = express` out of the called flow"),
                );
            }
        }
        _ => {}
    });
}

const LIMITS: &str = "Express executions offer neither `.sync` nor task tokens (https://docs.aws.amazon.com/step-functions/latest/dg/\
                      choosing-workflow-type.html, checked 2026-09)";

fn within(statement: &Statement, around: (Span, &str), diagnostics: &mut Diagnostics) {
    match statement {
        Statement::Step(step) => {
            if let Some(what) = waits(step) {
                diagnostics.push(
                    Diagnostic::new(codes::EXPRESS, format!("step `{}` {what}, which an Express execution cannot", step.name))
                        .primary(step.name_span, format!("`{}`", step.call.resource))
                        .secondary(around.0, around.1)
                        .note(LIMITS)
                        .help("make it standard, or call something that answers at once"),
                );
            } else if let Some(timeout) = constant::seconds(&step.timeout).filter(|timeout| !limits::EXPRESS_DURATION.allows(*timeout)) {
                too_long(format!("step `{}` may take {}", step.name, text(timeout)), step.name_span, around, diagnostics);
            }
        }
        Statement::Wait { value, span, .. } => {
            if let Some(pause) = constant::seconds(value).filter(|pause| !limits::EXPRESS_DURATION.allows(*pause)) {
                too_long(format!("a `wait` of {}", text(pause)), *span, around, diagnostics);
            }
        }
        Statement::For(of) if of.distributed => diagnostics.push(
            Diagnostic::new(codes::EXPRESS, "a distributed `for` in an Express execution")
                .primary(of.head.name_span, "starts executions")
                .secondary(around.0, around.1)
                .note("only Standard executions have distributed Maps")
                .help("leave `kind = express` or `mode express` out"),
        ),
        _ => {}
    }
}

fn waits(step: &Step) -> Option<&'static str> {
    let resource = step.call.resource.as_str();
    if resource.ends_with(CALLBACK) {
        Some("waits for a task token")
    } else if resource.ends_with(".sync") || resource.ends_with(".sync:2") {
        Some("waits for the end of a job")
    } else {
        None
    }
}

fn too_long(what: String, place: Span, around: (Span, &str), diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(codes::EXPRESS_TIMEOUT, format!("{what}, and an Express execution ends after 5m"))
            .primary(place, "")
            .secondary(around.0, around.1)
            .note(limits::EXPRESS_DURATION.note())
            .help("make it 5m or less, or make the execution standard"),
    );
}
