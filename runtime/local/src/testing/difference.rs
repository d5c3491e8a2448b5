//! How values of tests are shown, and where two of them differ.

use serde_json::Value;

/// Most places that are named.
const SHOWN: usize = 8;
/// Characters of a value that are shown.
const WIDTH: usize = 160;

/// A value as Flow writes it: `{ facility: "A", rate: 0.5, month: none }`.
pub fn shown(value: &Value) -> String {
    let text = written(value);
    match text.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {}", written(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// Where two values differ, a line each: `[1] is 1, 0 is expected`.
pub fn differences(found: &Value, wanted: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare(found, wanted, &mut String::new(), &mut lines);
    if lines.len() > SHOWN {
        let more = lines.len() - SHOWN;
        lines.truncate(SHOWN);
        lines.push(format!("… and {more} more places"));
    }
    lines
}

fn compare(found: &Value, wanted: &Value, path: &mut String, lines: &mut Vec<String>) {
    let length = path.len();
    match (found, wanted) {
        (Value::Array(left), Value::Array(right)) => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                path.push_str(&format!("[{index}]"));
                compare(left, right, path, lines);
                path.truncate(length);
            }
            if left.len() != right.len() {
                let place = if path.is_empty() { "the list" } else { path.as_str() };
                lines.push(format!("{place} has {} elements, {} are expected", left.len(), right.len()));
            }
        }
        (Value::Object(left), Value::Object(right)) => {
            for (name, right) in right {
                path.push_str(&format!("{}{name}", if length == 0 { "" } else { "." }));
                match left.get(name) {
                    Some(left) => compare(left, right, path, lines),
                    None => lines.push(format!("{path} is missing, {} is expected", shown(right))),
                }
                path.truncate(length);
            }
            for name in left.keys().filter(|name| !right.contains_key(*name)) {
                lines.push(format!("{path}{}{name} is there and not expected", if length == 0 { "" } else { "." }));
            }
        }
        (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => {}
        _ if found == wanted => {}
        _ if path.is_empty() => {}
        _ => lines.push(format!("{path} is {}, {} is expected", shown(found), shown(wanted))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_shown_as_the_language_writes_them() {
        assert_eq!(shown(&json!({"a": null, "b": [1, "x"], "c": {}})), r#"{ a: none, b: [1, "x"], c: {} }"#);
    }

    #[test]
    fn places_that_differ_are_named() {
        assert_eq!(differences(&json!([1, 1]), &json!([1, 0])), ["[1] is 1, 0 is expected"]);
        assert_eq!(differences(&json!([1]), &json!([1, 2])), ["the list has 1 elements, 2 are expected"]);
        assert_eq!(
            differences(&json!({"a": {"b": 1}, "c": 2}), &json!({"a": {"b": 2}})),
            ["a.b is 1, 2 is expected", "c is there and not expected"]
        );
        assert!(differences(&json!([1.0]), &json!([1])).is_empty());
    }
}
