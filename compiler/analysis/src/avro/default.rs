//! Defaults of fields: whether they fit, and as the types that Flow writes have them.

use super::document::{Kind, Node};
use crate::program::Type;
use serde_json::{Number, Value};
use std::collections::HashMap;

/// The default as JSON, for the type that Flow writes in place of `written`: timestamps in microseconds.
///
/// # Errors
/// Why it does not fit.
pub(super) fn canonical(
    default: &Node,
    written: &Node,
    ty: &Type,
    declared: &HashMap<String, &Node>,
) -> Result<Value, String> {
    // A type that is declared elsewhere in the file is there by its name.
    let written = written.text().and_then(|name| by_name(name, declared)).unwrap_or(written);
    let canonical = |default: &Node, written: &Node, ty: &Type| canonical(default, written, ty, declared);
    let wanted = |what: &str| Err(format!("{} where {what} is wanted", default.what()));
    if let Type::Optional(inner) = ty {
        let held = |case: &&Node| case.text() != Some("null");
        let case = written.list().and_then(|cases| cases.iter().find(held)).unwrap_or(written);
        return if matches!(default.kind, Kind::Null) { Ok(Value::Null) } else { canonical(default, case, inner) };
    }
    match (ty.base(), &default.kind) {
        // What is wrong with the type is said already.
        (Type::Error, _) => Ok(Value::Null),
        (Type::Bool, Kind::Bool(value)) => Ok(Value::Bool(*value)),
        (Type::Bool, _) => wanted("`true` or `false`"),
        (Type::Int | Type::Duration | Type::Size | Type::Date | Type::Timestamp, Kind::Number(_)) => {
            let Some(number) = default.int() else { return Err("it is no whole number of 64 bits".to_owned()) };
            let number = match written.get("logicalType").and_then(Node::text) {
                Some("timestamp-millis") => number.checked_mul(1000).ok_or("it is out of range")?,
                _ => number,
            };
            let small = written.text() == Some("int") || written.get("type").and_then(Node::text) == Some("int");
            if small && i32::try_from(number).is_err() {
                return Err("an `int` has 32 bits".to_owned());
            }
            Ok(Value::from(number))
        }
        (Type::Int | Type::Duration | Type::Size | Type::Date | Type::Timestamp, _) => wanted("a whole number"),
        (Type::Float | Type::Share, Kind::Number(digits)) => {
            let number = digits.parse().ok().and_then(Number::from_f64);
            number.map(Value::Number).ok_or_else(|| "it is out of range".to_owned())
        }
        (Type::Float | Type::Share, _) => wanted("a number"),
        (Type::Bytes | Type::Decimal(..), Kind::Text(text)) => match text.chars().all(|char| u32::from(char) < 256) {
            true => Ok(Value::String(text.clone())),
            false => Err("bytes are written as characters up to `\\u00ff`".to_owned()),
        },
        (Type::Bytes | Type::Decimal(..), _) => wanted("a text of bytes"),
        (Type::Literals(cases), Kind::Text(text)) => match cases.contains(text) {
            true => Ok(Value::String(text.clone())),
            false => Err(format!("`{text}` is none of its symbols")),
        },
        (Type::String | Type::Json | Type::Arn, Kind::Text(text)) => Ok(Value::String(text.clone())),
        (Type::Literals(_) | Type::String | Type::Json | Type::Arn, _) => wanted("a text"),
        (Type::List(inner), Kind::List(elements)) => {
            let items = written.get("items").unwrap_or(written);
            elements.iter().map(|element| canonical(element, items, inner)).collect::<Result<_, _>>().map(Value::Array)
        }
        (Type::List(_), _) => wanted("a list"),
        (Type::Map(inner), Kind::Object(entries)) => {
            let values = written.get("values").unwrap_or(written);
            let entries = entries.iter().map(|(name, value)| Ok((name.clone(), canonical(value, values, inner)?)));
            entries.collect::<Result<_, String>>().map(Value::Object)
        }
        (Type::Record(fields), Kind::Object(_)) => {
            let written_fields = written.get("fields").and_then(Node::list).unwrap_or_default();
            let entries = fields.iter().map(|(name, ty)| {
                let field = written_fields.iter().find(|field| field.get("name").and_then(Node::text) == Some(name));
                let value = default.get(name).or_else(|| field.and_then(|field| field.get("default")));
                let value = value.ok_or_else(|| format!("it lacks `{name}`"))?;
                let written = field.and_then(|field| field.get("type")).unwrap_or(written);
                Ok((name.clone(), canonical(value, written, ty)?))
            });
            entries.collect::<Result<_, String>>().map(Value::Object)
        }
        (Type::Map(_) | Type::Record(_), _) => wanted("an object"),
        _ => Err("it has no form in Avro".to_owned()),
    }
}

/// The declaration of a name, full or without its namespace.
fn by_name<'n>(name: &str, declared: &HashMap<String, &'n Node>) -> Option<&'n Node> {
    if let Some(found) = declared.get(name) {
        return Some(found);
    }
    let last = |full: &str| full.rsplit('.').next() == Some(name);
    declared.iter().filter(|(full, _)| last(full)).min_by_key(|(full, _)| full.as_str()).map(|(_, node)| *node)
}
