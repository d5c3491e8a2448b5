//! Values that the compiler can know: constants, and deploy values under each environment.
//!
//! A rule about a text that holds a parameter is checked once per environment, with that environment's value,
//! or with the parameter's default.

use crate::program::{Binary, Entry, Env, Expr, ExprKind, Instance, Program, TextPart, Unary, Value};
use flow_diagnostics::Span;

/// A deploy value as one environment reads it.
#[derive(Debug, Clone)]
pub(super) struct Reading<'p> {
    /// The text.
    pub text: String,
    /// Where its author wrote what varies: the environment's value, the default; else the place of use.
    pub span: Span,
    /// The environment whose value it is, if it varies.
    pub env: Option<&'p str>,
}

/// The different readings of a text, in the order of the environments; none where it cannot be known.
/// `at` is the place of use in the user's text, for expressions that the library wrote.
pub(super) fn readings<'p>(program: &'p Program, expr: &Expr, at: Span) -> Vec<Reading<'p>> {
    let at = if expr.span.file == at.file { expr.span } else { at };
    if !varies(expr) {
        let known = text(program, None, expr);
        return known.map(|text| Reading { text, span: at, env: None }).into_iter().collect();
    }
    if program.envs.is_empty() {
        let known = text(program, None, expr);
        return known.map(|text| Reading { text, span: origin(program, None, expr).unwrap_or(at), env: None })
            .into_iter()
            .collect();
    }
    let mut found: Vec<Reading<'p>> = Vec::new();
    for env in &program.envs {
        let Some(text) = text(program, Some(env), expr) else { continue };
        if found.iter().any(|reading| reading.text == text) {
            continue;
        }
        let span = origin(program, Some(env), expr).unwrap_or(at);
        found.push(Reading { text, span, env: Some(&env.name) });
    }
    found
}

/// The text of a value under an environment (`None`: without one); `None` where it is not known.
pub(super) fn text(program: &Program, env: Option<&Env>, expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Value(value) => value_text(value),
        ExprKind::Param(name) => text(program, None, parameter(program, env, name)?),
        ExprKind::EnvName => env.map(|env| env.name.clone()),
        // An argument of a resource, read back: the name that the library gave a Glue table.
        ExprKind::Attribute { resource, instance: Instance::Only, path } => {
            let [attribute] = path.as_slice() else { return None };
            let value = Entry::attribute(program.resource(*resource)?.body(), attribute)?;
            // One step only: an argument that reads another resource is not followed.
            let followed = value.any(&|part| matches!(part.kind, ExprKind::Attribute { .. }));
            if followed { None } else { text(program, env, value) }
        }
        ExprKind::TableFact(id, fact) => text(program, env, &program.table(*id)?.fact(*fact)?),
        ExprKind::Text(parts) => parts
            .iter()
            .map(|part| match part {
                TextPart::Text(text) => Some(text.clone()),
                TextPart::Expr(part) => text(program, env, part),
            })
            .collect(),
        _ => None,
    }
}

/// Whether a condition holds under an environment; `None` where that is not known.
pub(super) fn holds(program: &Program, env: Option<&Env>, condition: &Expr) -> Option<bool> {
    let side = |expr: &Expr| holds(program, env, expr);
    match &condition.kind {
        ExprKind::Unary(Unary::Not, inner) => side(inner).map(|value| !value),
        ExprKind::Binary(Binary::And, left, right) => match (side(left), side(right)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (left, right) => Some(left? && right?),
        },
        ExprKind::Binary(Binary::Or, left, right) => match (side(left), side(right)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (left, right) => Some(left? || right?),
        },
        ExprKind::Binary(operator @ (Binary::Equal | Binary::NotEqual), left, right) => {
            let equal = text(program, env, left)? == text(program, env, right)?;
            Some(equal == (*operator == Binary::Equal))
        }
        ExprKind::IsNone { operand, negated } => {
            let ExprKind::Param(name) = &operand.kind else { return None };
            let value = parameter(program, env, name)?;
            Some(matches!(value.kind, ExprKind::Value(Value::None)) != *negated)
        }
        _ => match text(program, env, condition)?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
    }
}

/// As [`text`], but what is not known stands as a mark that is equal only to itself: enough to see that two
/// places are the same, or that one lies in the other.
pub(super) fn pattern(program: &Program, env: Option<&Env>, expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Param(name) => {
            Some(text(program, env, expr).unwrap_or_else(|| format!("\u{1}param {name}\u{1}")))
        }
        ExprKind::EnvName => Some(env.map_or_else(|| "\u{1}env\u{1}".to_owned(), |env| env.name.clone())),
        ExprKind::Attribute { resource, instance, path } => {
            let key = match instance {
                Instance::Key(key) => pattern(program, env, key)?,
                Instance::Only | Instance::Every => String::new(),
            };
            Some(format!("\u{1}resource {} {key} {}\u{1}", resource.0, path.join(".")))
        }
        ExprKind::Aws(fact) => Some(format!("\u{1}{fact:?}\u{1}")),
        ExprKind::Text(parts) => parts
            .iter()
            .map(|part| match part {
                TextPart::Text(text) => Some(text.clone()),
                TextPart::Expr(part) => pattern(program, env, part),
            })
            .collect(),
        _ => text(program, env, expr),
    }
}

/// The environments to check one after the other; one `None` where a program has none.
pub(super) fn environments(program: &Program) -> Vec<Option<&Env>> {
    if program.envs.is_empty() { vec![None] } else { program.envs.iter().map(Some).collect() }
}

/// A constant number of seconds: a step's `timeout`, a `wait`.
pub(super) fn seconds(expr: &Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::Value(Value::Int(seconds)) => u64::try_from(*seconds).ok(),
        ExprKind::Value(Value::Duration(micros)) => u64::try_from(*micros).ok().map(|micros| micros.div_ceil(1_000_000)),
        _ => None,
    }
}

/// A constant whole number that is not negative.
pub(super) fn whole(expr: &Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::Value(Value::Int(number)) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// How many elements a list has that is written out.
pub(super) fn items(expr: &Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::List(items) => Some(items.len() as u64),
        _ => None,
    }
}

fn varies(expr: &Expr) -> bool {
    expr.any(&|part| matches!(part.kind, ExprKind::Param(_) | ExprKind::EnvName))
}

fn parameter<'p>(program: &'p Program, env: Option<&'p Env>, name: &str) -> Option<&'p Expr> {
    let given = env.and_then(|env| env.values.iter().find(|(param, _)| param == name)).map(|(_, value)| value);
    given.or_else(|| program.params.iter().find(|param| param.name == name)?.default.as_ref())
}

/// Where the value of the first parameter in an expression is written.
fn origin(program: &Program, env: Option<&Env>, expr: &Expr) -> Option<Span> {
    let mut found = None;
    expr.walk(&mut |part| {
        if let (None, ExprKind::Param(name)) = (found, &part.kind) {
            found = parameter(program, env, name).map(|value| value.span);
        }
    });
    found
}

fn value_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::String(text) | Value::Decimal(text) | Value::Date(text) | Value::Timestamp(text) => text.clone(),
        Value::Duration(_) | Value::Size(_) | Value::None => return None,
    })
}
