//! State machines as text: indented JSON, in which only deploy values look like parts of a Terraform template.

use flow_asl::model::StateMachine;
use serde::Serialize;

/// A value as JSON, two spaces, final newline.
pub fn pretty<T: Serialize>(value: &T) -> String {
    // Maps have text as keys and numbers are finite, so this cannot fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// A definition as text. A string that is exactly `${name}`, for one of `names`, stays; every other `${` and `%{` is
/// written with a JSON escape, which `templatefile` does not know and every reader of JSON undoes.
pub fn definition(machine: &StateMachine, names: &[String]) -> String {
    escape(&pretty(machine), names)
}

fn escape(json: &str, names: &[String]) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, after)) = rest.split_once('"') {
        out.push_str(before);
        out.push('"');
        let (inner, tail) = string_end(after);
        let is_key = tail.trim_start_matches(['"', ' ']).starts_with(':');
        let is_value = placeholder(inner).is_some_and(|name| names.iter().any(|known| known == name));
        if (is_value && !is_key) || (!inner.contains("${") && !inner.contains("%{")) {
            out.push_str(inner);
        } else {
            out.push_str(&inner.replace("${", "\\u0024{").replace("%{", "\\u0025{"));
        }
        out.push('"');
        rest = tail.strip_prefix('"').unwrap_or(tail);
    }
    out.push_str(rest);
    out
}

/// Splits at the quote that ends a JSON string.
fn string_end(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == '"' && !escaped {
            return text.split_at(at);
        }
        escaped = c == '\\' && !escaped;
    }
    (text, "")
}

/// The name of a text that is exactly `${name}`.
pub fn placeholder(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_deploy_values_stay_templates() {
        let json = r#"{ "a": "${arn}", "b": "${other}", "c": "x ${arn}", "${arn}": "%{if}", "d": "\\${arn}", "e": "\"${arn}" }"#;
        assert_eq!(
            escape(json, &["arn".to_owned()]),
            r#"{ "a": "${arn}", "b": "\u0024{other}", "c": "x \u0024{arn}", "\u0024{arn}": "\u0025{if}", "d": "\\\u0024{arn}", "e": "\"\u0024{arn}" }"#
        );
    }
}
