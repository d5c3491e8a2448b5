//! Messages (06): what Amazon SNS takes as the subject of one.

use crate::limits;
use crate::program::{ExprKind, Flow, Step, TextPart, Value};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// Subjects that SNS refuses, or that some of its pages say it refuses.
pub(super) fn subjects(flow: &Flow, diagnostics: &mut Diagnostics) {
    flow.steps().into_iter().filter(|step| step.call.resource.ends_with(":sns:publish")).for_each(|step| subject(step, diagnostics));
}

fn subject(step: &Step, diagnostics: &mut Diagnostics) {
    let Some(subject) = step.call.arguments.entry("Subject") else { return };
    let known: Vec<&str> = match &subject.kind {
        ExprKind::Value(Value::String(text)) => vec![text],
        ExprKind::Text(parts) => parts
            .iter()
            .filter_map(|part| match part {
                TextPart::Text(text) => Some(text.as_str()),
                TextPart::Expr(_) => None,
            })
            .collect(),
        _ => return,
    };
    let length: u64 = known.iter().map(|text| text.chars().count() as u64).sum();
    let mut characters = known.iter().flat_map(|text| text.chars());
    let refused = if length > limits::SNS_SUBJECT.max {
        Some((format!("has {length} characters"), "say the rest in the message"))
    } else if characters.clone().any(char::is_control) {
        Some(("has a line break or another control character".to_owned(), "leave it out"))
    } else {
        None
    };
    if let Some((what, help)) = refused {
        diagnostics.push(
            Diagnostic::new(codes::SUBJECT, format!("the subject of `{}` {what}", step.name))
                .primary(step.span, "")
                .note(limits::SNS_SUBJECT.note())
                .help(help),
        );
    } else if let Some(foreign) = characters.find(|c| !c.is_ascii()) {
        diagnostics.push(
            Diagnostic::new(codes::SUBJECT_ASCII, format!("the subject of `{}` has `{foreign}`, which is not ASCII", step.name))
                .primary(step.span, "")
                .note("AWS's pages disagree: the newer ones take UTF-8, the older ones and some SDKs ASCII alone; a refused subject fails the step")
                .help("put it into the message, and leave the subject plain"),
        );
    }
}
