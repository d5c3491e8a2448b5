//! What travels between states (06): 256 KiB of JSON. Tables never do, so what is left are arguments and results.
//!
//! - *too large*: the constant part of a step's arguments alone is more.
//! - *may be too large*: the results of a `for` are one list. Where something reads it, and nothing bounds how many there
//!   are or how long each is, a day with more items than the last fails the execution, and no `catch` can help.

use super::{constant, containers};
use crate::limits;
use crate::program::{ExprKind, Flow, ForEach, Items, Program, Statement, Type, VariableId};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// Arguments whose constants alone do not fit.
pub(super) fn arguments(flow: &Flow, diagnostics: &mut Diagnostics) {
    for step in flow.steps() {
        let size = containers::least_json(&step.call.arguments);
        if limits::PAYLOAD.allows(size) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                codes::PAYLOAD_TOO_LARGE,
                format!("the arguments of step `{}` have at least {} bytes", step.name, limits::thousands(size)),
            )
            .primary(step.span, "its constant arguments together")
            .note(limits::PAYLOAD.note())
            .help("put the text into an object, and give the step the object's place"),
        );
    }
}

/// Lists of results that nothing bounds.
pub(super) fn results(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    flow.walk(&mut |statement| {
        let Statement::For(of) = statement else { return };
        let Some(variable) = of.head.result.filter(|variable| is_read(flow, *variable)) else { return };
        let Some(Type::List(result)) = flow.variable(variable).map(|variable| variable.ty.required()) else { return };
        let each = most_json(program, result);
        let Some(many) = too_many(of, each) else { return };
        let shown = result.display(program);
        diagnostics.push(
            Diagnostic::new(
                codes::PAYLOAD_UNBOUNDED,
                format!("the results of `{}`, a list of `{shown}`, may pass 256 KiB", of.head.name),
            )
            .primary(of.head.name_span, many)
            .note(limits::PAYLOAD.note())
            .note(
                "a list that is too large fails the execution with `States.DataLimitExceeded`; where a state's output \
                 is passed on, no `catch` sees it",
            )
            .help(match each {
                Some(_) => "let each iteration write its result to a table, and read that",
                None => "let each iteration write its rows to a table, and read that; or `return` a number instead of a text",
            })
            .help("if there are never that many, say so: `@allow(FLOW0641, \"at most 40 hospitals\")` above the flow"),
        );
    });
}

/// Why there may be too much, if there may.
fn too_many(of: &ForEach, each: Option<u64>) -> Option<String> {
    let known = match &of.items {
        Items::Reader(_) => return Some("one for each item in S3, however many there are".to_owned()),
        Items::List(list) => constant::items(list),
    };
    match (known, each) {
        // Short results of a list that travels itself: a list that fits is not long.
        (None, Some(_)) | (Some(_), None) => None,
        (None, None) => Some("one for each item, and each as long as it may be".to_owned()),
        (Some(items), Some(each)) => {
            let total = items.saturating_mul(each.saturating_add(1));
            let sum = || format!("{items} × {} bytes", limits::thousands(each));
            (!limits::PAYLOAD.allows(total)).then(sum)
        }
    }
}

/// Whether anything in a flow reads a variable.
pub(super) fn is_read(flow: &Flow, variable: VariableId) -> bool {
    let mut found = false;
    flow.walk(&mut |statement| {
        for expr in statement.expressions().into_iter().chain(statement.outputs()) {
            found |= expr.any(&|part| match part.kind {
                ExprKind::Variable(read) | ExprKind::Raw(read) | ExprKind::Perhaps(read) => read == variable,
                _ => false,
            });
        }
    });
    found
}

/// The longest JSON text of a type's values, in bytes; `None` where there is no longest.
fn most_json(program: &Program, ty: &Type) -> Option<u64> {
    Some(match ty {
        Type::Bool => 5,
        Type::Int | Type::Float | Type::Duration | Type::Size | Type::Share => 24,
        Type::Decimal(precision, _) => u64::from(*precision) + 4,
        Type::Date => 12,
        Type::Timestamp => 34,
        Type::None => 4,
        Type::Literals(texts) => texts.iter().map(|text| containers::json_text(text) + 2).max().unwrap_or(2),
        Type::Optional(inner) => most_json(program, inner)?.max(4),
        Type::Nominal { base, .. } => most_json(program, base)?,
        Type::Record(fields) => record(program, fields.iter().map(|(name, ty)| (name.as_str(), ty)))?,
        Type::Row(schema) => {
            let fields = &program.schema(*schema)?.fields;
            record(program, fields.iter().map(|field| (field.name.as_str(), &field.ty)))?
        }
        _ => return None,
    })
}

fn record<'t>(program: &Program, fields: impl Iterator<Item = (&'t str, &'t Type)>) -> Option<u64> {
    let mut total = 2;
    for (name, ty) in fields {
        // Quotes, colon, comma.
        total += containers::json_text(name) + 4 + most_json(program, ty)?;
    }
    Some(total)
}
