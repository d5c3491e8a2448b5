//! Functions that are told nothing, and whose answers nobody reads (07).

use super::payload::is_read;
use crate::program::{Flow, Type};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// A function that is invoked without a payload, gives what nobody has declared, and whose answer nothing reads: the task's
/// signature says of none of it that it is meant so.
pub(super) fn unread(flow: &Flow, diagnostics: &mut Diagnostics) {
    for step in flow.steps() {
        let call = &step.call;
        let bare = call.function.is_none()
            && call.flow.is_none()
            && call.resource == "arn:aws:states:::lambda:invoke"
            // `lambda.call` says how it invokes; a task that is written out takes what it takes.
            && call.arguments.entry("InvocationType").is_some()
            && call.arguments.entry("Payload").is_none()
            && matches!(call.ty, Type::Json);
        if !bare || is_read(flow, step.result) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                codes::ANSWER_UNREAD,
                format!("`{}` is told nothing, and nobody reads what it answers", step.name),
            )
            .primary(step.span, format!("`{}` gives any `Json`, which goes nowhere", call.task))
            .note("a forgotten payload and an answer that is forgotten look the same as those that are not there")
            .help(format!("if there is neither, say so where it is declared: `task {}() -> {{}} = …`", call.task))
            .help("else give it a `payload`, and its result a type"),
        );
    }
}
