//! JSON trees of a state (`Arguments`, `Assign`, `Output`): literal where the value is known, `{% … %}` in the leaves
//! that are not, `"${name}"` where a leaf is the text of a deploy value.

use super::jsonata::{self, Code, Scope, lower};
use super::text::placeholder;
use flow_analysis::program::{Expr, ExprKind, TablePlace, TargetPlace, TargetReplace};
use serde_json::{Map, Value as Json, json};

/// Lowers a value; `hint` is a name for a deploy value that has none of its own: the key that it stands at.
pub fn tree(expr: &Expr, hint: &str, scope: &mut Scope<'_>) -> Json {
    match &expr.kind {
        ExprKind::Record(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.clone(), tree(value, name, scope))).collect())
        }
        ExprKind::List(items) => Json::Array(items.iter().map(|item| tree(item, hint, scope)).collect()),
        ExprKind::Table(place) => table(place, scope),
        ExprKind::Target(place) => target(place, scope),
        ExprKind::Value(value) => literal(jsonata::constant_json(value)),
        ExprKind::ToFloat(operand) => tree(operand, hint, scope),
        _ if jsonata::is_deploy_value(expr) => deployed(expr, hint, scope),
        _ => lower(expr, scope).definite().delimited().into(),
    }
}

fn deployed(expr: &Expr, hint: &str, scope: &mut Scope<'_>) -> Json {
    if let Some(name) = scope.deploy.whole(expr, hint) {
        return format!("${{{name}}}").into();
    }
    match scope.deploy.value(expr, hint) {
        jsonata::Deployed::Text(name) => Code::atom(format!("${name}")).delimited().into(),
        jsonata::Deployed::Json(name) => Code::atom(format!("$parse(${name})")).delimited().into(),
        jsonata::Deployed::Known(value) => literal(value),
    }
}

/// A known value; text that would be read as an expression or as a deploy value becomes an expression for it. So does
/// text of several lines, and text of none, which npm's asl-validator takes for neither.
pub fn literal(value: Json) -> Json {
    match value {
        Json::String(text)
            if text.trim_start().starts_with("{%")
                || text.trim_end().ends_with("%}")
                || text.contains(['\n', '\r'])
                || text.is_empty()
                || placeholder(&text).is_some() =>
        {
            Code::atom(jsonata::string(&text)).delimited().into()
        }
        Json::Array(items) => Json::Array(items.into_iter().map(literal).collect()),
        Json::Object(fields) => Json::Object(fields.into_iter().map(|(name, value)| (name, literal(value))).collect()),
        other => other,
    }
}

fn table(place: &TablePlace, scope: &mut Scope<'_>) -> Json {
    let mut object = Map::new();
    object.insert("table".to_owned(), (scope.tables)(place.table).into());
    if !place.partitions.is_empty() {
        object.insert("partitions".to_owned(), named(&place.partitions, scope));
    }
    Json::Object(object)
}

fn target(place: &TargetPlace, scope: &mut Scope<'_>) -> Json {
    let replace = match &place.replace {
        TargetReplace::All => json!("all"),
        TargetReplace::Named(values) => json!({ "named": named(values, scope) }),
        TargetReplace::Present(values) => json!({ "present": named(values, scope) }),
        TargetReplace::Append { values, key } => {
            let mut append = Map::new();
            if !values.is_empty() {
                append.insert("partitions".to_owned(), named(values, scope));
            }
            if !key.is_empty() {
                append.insert("key".to_owned(), json!(key));
            }
            json!({ "append": append })
        }
    };
    json!({ "table": (scope.tables)(place.table), "replace": replace })
}

fn named(values: &[(String, Expr)], scope: &mut Scope<'_>) -> Json {
    Json::Object(values.iter().map(|(name, value)| (name.clone(), tree(value, name, scope))).collect())
}
