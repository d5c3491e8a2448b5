//! Paths of JSONPath in plain texts (08): `"s3://bucket/month=$.month"` is passed on as it stands.

use crate::program::{Expr, ExprKind, Flow, Step, TextPart, Value};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// A text of a step's arguments that holds the path of something that the flow knows.
pub(super) fn in_texts(flow: &Flow, diagnostics: &mut Diagnostics) {
    let known: Vec<&str> = flow.variables.iter().map(|variable| variable.name.as_str()).collect();
    for step in flow.steps() {
        let mut found: Vec<(String, Span)> = Vec::new();
        step.call.arguments.walk(&mut |expr| texts(expr, step, &known, &mut found));
        for (path, at) in found {
            let name = path.trim_start_matches("$.").to_owned();
            diagnostics.push(
                Diagnostic::new(codes::PATH_IN_TEXT, format!("`{path}` in a plain text is passed on as it stands"))
                    .primary(at, format!("step `{}` is given the letters `{path}`, not the value of `{name}`", step.name))
                    .note("a path is looked up only where it is a whole field of a state, never within a text")
                    .help(format!("write `{{{name}}}`: a value is put into a text in braces")),
            );
        }
    }
}

fn texts(expr: &Expr, step: &Step, known: &[&str], found: &mut Vec<(String, Span)>) {
    let at = if expr.span.file == step.span.file { expr.span } else { step.span };
    let mut look = |text: &str| {
        for path in paths(text) {
            let first = path.trim_start_matches("$.").split('.').next().unwrap_or_default();
            if known.contains(&first) && !found.iter().any(|(other, _)| *other == path) {
                found.push((path, at));
            }
        }
    };
    match &expr.kind {
        ExprKind::Value(Value::String(text)) => look(text),
        ExprKind::Text(parts) => parts.iter().for_each(|part| {
            if let TextPart::Text(text) = part {
                look(text);
            }
        }),
        _ => {}
    }
}

/// `$.a.b` wherever it stands in a text.
fn paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("$.") {
        let rest = text.get(at + 2..).unwrap_or_default();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default().trim_end_matches('.');
        if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            found.push(format!("$.{name}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::paths;

    #[test]
    fn paths_are_found_within_texts() {
        assert_eq!(paths("s3://b/m=$.month/x"), ["$.month"]);
        assert_eq!(paths("$.a.b, $.c."), ["$.a.b", "$.c"]);
        assert!(paths("costs 5$. And $.5").is_empty());
    }
}
