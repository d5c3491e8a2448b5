//! Attributes that the provider keeps secret (07): they reach no state machine, whose definition and history show them.

use crate::program::{Expr, ExprKind, Items, Program, Resource, Statement};
use crate::provider;
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// Every such attribute that a flow names.
pub(super) fn in_states(program: &Program, diagnostics: &mut Diagnostics) {
    for flow in &program.flows {
        let mut found = Vec::new();
        for param in &flow.params {
            param.default.iter().for_each(|default| of(program, default, flow.span, &mut found));
        }
        for trigger in &flow.triggers {
            trigger.values.iter().for_each(|(_, value)| of(program, value, flow.span, &mut found));
        }
        for event in &flow.events {
            event.values.iter().for_each(|(_, value)| of(program, value, flow.span, &mut found));
        }
        flow.walk(&mut |statement| {
            for expr in statement.expressions() {
                of(program, expr, statement.span(), &mut found);
            }
            if let Statement::For(each) = statement
                && let Items::Reader(reader) = &each.items
            {
                of(program, &reader.arguments, statement.span(), &mut found);
            }
        });
        for (listed, path, span) in found {
            diagnostics.push(
                Diagnostic::new(codes::SECRET_IN_STATE, format!("`{path}` of a `{listed}` is secret, and cannot be part of a flow"))
                    .primary(span, "would stand in the state machine")
                    .note("the definition of a state machine and the history of its executions can be read by many")
                    .help("put it into Secrets Manager (`aws.secretsmanager_secret_version`), and give a task the ARN of that"),
            );
        }
    }
}

fn of(program: &Program, expr: &Expr, at: Span, found: &mut Vec<(String, String, Span)>) {
    expr.walk(&mut |part| {
        let ExprKind::Attribute { resource, path, .. } = &part.kind else { return };
        let Some(listed) = program.resource(*resource).and_then(Resource::listed) else { return };
        if provider::is_sensitive(&listed, path.iter().map(String::as_str)) {
            let span = if part.span.file == at.file { part.span } else { at };
            found.push((listed, path.join("."), span));
        }
    });
}
