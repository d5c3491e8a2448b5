//! Containers (06): Fargate sizes that exist, and the size of what a step overrides.

use super::{constant};
use crate::limits::{self, fargate};
use crate::program::{Entry, Expr, ExprKind, Flow, Program, ResourceKind, TextPart, Value};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// CPU and memory of every task definition for Fargate.
pub(super) fn sizes(program: &Program, diagnostics: &mut Diagnostics) {
    for resource in &program.resources {
        let ResourceKind::Aws { ty, body } = &resource.kind else { continue };
        if ty != "aws_ecs_task_definition" || !is_fargate(body) {
            continue;
        }
        let number = |name: &str| {
            Entry::attribute(body, name)
                .and_then(|value| constant::text(program, None, value))
                .and_then(|text| text.trim().parse::<f64>().ok())
                .filter(|number| number.is_finite() && *number >= 0.0)
                .map(|number| number.round() as u64)
        };
        let Some(cpu) = number("cpu") else { continue };
        let sizes = fargate::memory_sizes(cpu);
        if sizes.is_empty() {
            let all: Vec<String> = fargate::CPU_UNITS.into_iter().map(fargate::vcpu_text).collect();
            diagnostics.push(
                Diagnostic::new(
                    codes::FARGATE_SIZE,
                    format!("Fargate has no task with {} vCPU", fargate::vcpu_text(cpu)),
                )
                .primary(resource.span, format!("asks for `cpu = {}`", fargate::vcpu_text(cpu)))
                .note(format!("Fargate's sizes: {}", fargate::SOURCE))
                .help(format!("`cpu` is one of {}", all.join(", "))),
            );
            continue;
        }
        let Some(memory) = number("memory").filter(|memory| !sizes.contains(memory)) else { continue };
        let mut diagnostic = Diagnostic::new(
            codes::FARGATE_SIZE,
            format!(
                "Fargate has no task with {} vCPU and {}",
                fargate::vcpu_text(cpu),
                fargate::memory_literal(memory)
            ),
        )
        .primary(
            resource.span,
            format!("asks for `cpu = {}`, `memory = {}`", fargate::vcpu_text(cpu), fargate::memory_literal(memory)),
        )
        .note(format!("memory comes in sizes that depend on `cpu`: {}", fargate::SOURCE));
        if let Some(nearest) = fargate::nearest_memory(cpu, memory) {
            diagnostic = diagnostic.help(format!(
                "with `cpu = {}` memory is {}; the nearest is `memory = {}`",
                fargate::vcpu_text(cpu),
                fargate::memory_text(cpu),
                fargate::memory_literal(nearest)
            ));
        }
        if let Some(other) = fargate::cpu_for(memory) {
            diagnostic = diagnostic.help(format!(
                "or keep `memory = {}` with `cpu = {}`",
                fargate::memory_literal(memory),
                fargate::vcpu_text(other)
            ));
        }
        diagnostics.push(diagnostic);
    }
}

fn is_fargate(body: &[Entry]) -> bool {
    let Some(value) = Entry::attribute(body, "requires_compatibilities") else { return false };
    value.any(&|part| matches!(&part.kind, ExprKind::Value(Value::String(text)) if text == "FARGATE"))
}

/// Overrides of `ecs:runTask`, as far as their text is known.
pub(super) fn overrides(flow: &Flow, diagnostics: &mut Diagnostics) {
    for step in flow.steps() {
        if !step.call.resource.contains(":ecs:runTask") {
            continue;
        }
        let ExprKind::Record(entries) = &step.call.arguments.kind else { continue };
        let Some((_, value)) = entries.iter().find(|(name, _)| name == "Overrides") else { continue };
        let size = least_json(value);
        if size <= limits::RUN_TASK_OVERRIDES.max {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                codes::OVERRIDES_TOO_LARGE,
                format!(
                    "step `{}` gives its container {} characters, and more at run time",
                    step.name,
                    limits::thousands(size)
                ),
            )
            .primary(step.span, "its command and environment together")
            .note(limits::RUN_TASK_OVERRIDES.note())
            .help("put large text into the image, or into an object whose place is the argument"),
        );
    }
}

/// A lower bound of the length of a value's JSON text: what is not known counts as nothing.
pub(super) fn least_json(expr: &Expr) -> u64 {
    let commas = |count: usize| count.saturating_sub(1) as u64;
    match &expr.kind {
        ExprKind::Value(Value::String(text) | Value::Date(text) | Value::Timestamp(text)) => {
            json_text(text) + 2
        }
        ExprKind::Value(Value::Int(number)) => number.to_string().len() as u64,
        ExprKind::Value(Value::None | Value::Bool(_)) => 4,
        ExprKind::Text(parts) => {
            let known = parts.iter().map(|part| match part {
                TextPart::Text(text) => json_text(text),
                TextPart::Expr(_) => 0,
            });
            2 + known.sum::<u64>()
        }
        ExprKind::List(elements) => 2 + commas(elements.len()) + elements.iter().map(least_json).sum::<u64>(),
        ExprKind::Record(entries) => {
            let fields = entries.iter().map(|(name, value)| json_text(name) + 3 + least_json(value));
            2 + commas(entries.len()) + fields.sum::<u64>()
        }
        _ => 0,
    }
}

/// The length of a text in JSON, without its quotes.
pub(super) fn json_text(text: &str) -> u64 {
    text.chars()
        .map(|c| match c {
            '"' | '\\' | '\n' | '\r' | '\t' => 2,
            c if u32::from(c) < 0x20 => 6,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Stage, Type};
    use flow_diagnostics::{FileId, Span};

    #[test]
    fn least_json_is_the_length_of_constants() {
        let expr = |kind| Expr { kind, ty: Type::Json, stage: Stage::Const, span: Span::new(FileId(0), 0, 0) };
        let text = |value: &str| expr(ExprKind::Value(Value::String(value.to_owned())));
        let record = expr(ExprKind::Record(vec![
            ("a".to_owned(), expr(ExprKind::List(vec![text("x\"y"), text("z")]))),
            ("b".to_owned(), expr(ExprKind::Value(Value::Int(12)))),
        ]));
        assert_eq!(least_json(&record), r#"{"a":["x\"y","z"],"b":12}"#.len() as u64);
    }
}
