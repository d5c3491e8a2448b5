//! Event patterns as EventBridge and the filters of event source mappings have them: a tree of names, at its leaves lists
//! of which one must match. Names beside each other must all match, `$or` lists patterns of which one must. Of a list in
//! the event one element must match.

use crate::failure::Result as Outcome;
use crate::stream::event::Record;
use flow_plan::{Stream, StreamSource};
use serde_json::{Map, Value, json};

/// Whether a record matches one of the stream's patterns.
pub fn lets_through(stream: &Stream, record: &Record) -> Outcome<bool> {
    if stream.patterns.is_empty() || record.data.is_err() {
        return Ok(true);
    }
    let json = || record.data.as_ref().ok().and_then(|data| serde_json::from_slice::<Value>(data).ok());
    // What a mapping filters: a message with its body read, the data of Kinesis, all else as it is.
    let view = match &stream.from {
        StreamSource::Sqs { .. } => {
            let mut view = record.raw.clone();
            if let (Some(body), Some(json)) = (view.get_mut("body"), json()) {
                *body = json;
            }
            view
        }
        StreamSource::Kinesis { .. } => json!({ "data": json(), "partitionKey": record.facts.key }),
        StreamSource::Sns { .. } => json().unwrap_or(Value::Null),
        _ => record.raw.clone(),
    };
    let mut any = false;
    for pattern in &stream.patterns {
        any |= matches(pattern, &view).map_err(crate::lower::bad_plan)?;
    }
    Ok(any)
}

/// Whether an event matches a pattern.
///
/// # Errors
/// What is no pattern; why.
pub fn matches(pattern: &Value, event: &Value) -> Result<bool, String> {
    let Value::Object(pattern) = pattern else { return Err(format!("expected an object, found {pattern}")) };
    let mut all = true;
    for (name, below) in pattern {
        // Everything is looked at, so that a malformed pattern is found whatever the event.
        all &= match (name.as_str(), below) {
            ("$or", Value::Array(patterns)) => {
                let mut any = false;
                for pattern in patterns {
                    any |= matches(pattern, event)?;
                }
                any
            }
            (_, Value::Object(_)) => nested(below, event, name)?,
            (_, Value::Array(matchers)) => leaf(matchers, event.get(name))?,
            _ => return Err(format!("`{name}` is {below}, expected an object or a list")),
        };
    }
    Ok(all)
}

fn nested(pattern: &Value, event: &Value, name: &str) -> Result<bool, String> {
    match event.get(name) {
        Some(Value::Array(items)) if !items.is_empty() => {
            let mut any = false;
            for item in items {
                any |= matches(pattern, item)?;
            }
            Ok(any)
        }
        Some(below) => matches(pattern, below),
        // `exists: false` holds below what is not there.
        None => matches(pattern, &Value::Object(Map::new())),
    }
}

fn leaf(matchers: &[Value], found: Option<&Value>) -> Result<bool, String> {
    let mut any = false;
    for matcher in matchers {
        any |= match matcher {
            Value::Object(rule) => {
                let mut rules = rule.iter();
                let (Some((name, argument)), None) = (rules.next(), rules.next()) else {
                    return Err(format!("{matcher} is no matcher: expected one name in it"));
                };
                if name == "exists" {
                    let wanted = argument.as_bool().ok_or_else(|| format!("`exists` is {argument}, expected true or false"))?;
                    let there = found.is_some_and(|found| !found.is_object());
                    there == wanted
                } else {
                    one_of(found, |value| rule_matches(name, argument, value))?
                }
            }
            literal => one_of(found, |value| Ok(same(literal, value)))?,
        };
    }
    Ok(any)
}

/// Whether the value matches, or one of its elements if it is a list.
fn one_of(found: Option<&Value>, matches: impl Fn(Option<&Value>) -> Result<bool, String>) -> Result<bool, String> {
    match found {
        None | Some(Value::Object(_)) => matches(None).map(|_| false),
        Some(Value::Array(items)) => {
            let mut any = false;
            matches(None)?;
            for item in items {
                any |= matches(Some(item))?;
            }
            Ok(any)
        }
        Some(value) => matches(Some(value)),
    }
}

fn same(literal: &Value, value: Option<&Value>) -> bool {
    match (literal, value) {
        (Value::Number(left), Some(Value::Number(right))) => left == right || left.as_f64() == right.as_f64(),
        (literal, value) => Some(literal) == value,
    }
}

/// A rule over a value; without one, only whether the rule is well-formed.
fn rule_matches(rule: &str, argument: &Value, value: Option<&Value>) -> Result<bool, String> {
    let wrong = || format!("`{rule}` has the argument {argument}");
    let text = value.and_then(Value::as_str);
    match (rule, argument) {
        ("prefix" | "suffix", Value::Object(folded)) => {
            let wanted = folded.get("equals-ignore-case").and_then(Value::as_str).ok_or_else(wrong)?.to_lowercase();
            Ok(text.is_some_and(|text| affix(rule, &text.to_lowercase(), &wanted)))
        }
        ("prefix" | "suffix", Value::String(wanted)) => Ok(text.is_some_and(|text| affix(rule, text, wanted))),
        ("equals-ignore-case", Value::String(wanted)) => Ok(text.is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())),
        ("wildcard", Value::String(wanted)) => Ok(text.is_some_and(|text| wildcard(wanted, text))),
        ("numeric", Value::Array(conditions)) => numeric(conditions, value.and_then(Value::as_f64)).ok_or_else(wrong),
        ("anything-but", argument) => anything_but(argument, value).ok_or_else(wrong)?,
        ("prefix" | "suffix" | "equals-ignore-case" | "wildcard" | "numeric", _) => Err(wrong()),
        _ => Err(format!("`{rule}` is no matcher that this binary knows")),
    }
}

fn affix(rule: &str, text: &str, wanted: &str) -> bool {
    if rule == "prefix" { text.starts_with(wanted) } else { text.ends_with(wanted) }
}

fn anything_but(argument: &Value, value: Option<&Value>) -> Option<Result<bool, String>> {
    let negated = |outcome: Result<bool, String>| outcome.map(|matched| value.is_some() && !matched);
    Some(match argument {
        Value::Object(rule) => {
            let mut rules = rule.iter();
            let (Some((name, argument)), None) = (rules.next(), rules.next()) else { return None };
            let each = match argument {
                Value::Array(arguments) if name != "numeric" => arguments.as_slice(),
                one => std::slice::from_ref(one),
            };
            let mut any = Ok(false);
            for argument in each {
                any = any.and_then(|any| Ok(any | rule_matches(name, argument, value)?));
            }
            negated(any)
        }
        Value::Array(literals) => negated(Ok(literals.iter().any(|literal| same(literal, value)))),
        Value::Null | Value::Bool(_) => return None,
        literal => negated(Ok(same(literal, value))),
    })
}

/// `["<", 5]` or `[">=", 0, "<", 5]`; `None` where it is no condition.
fn numeric(conditions: &[Value], value: Option<f64>) -> Option<bool> {
    if conditions.is_empty() {
        return None;
    }
    let mut all = value.is_some();
    let value = value.unwrap_or_default();
    for pair in conditions.chunks(2) {
        let [Value::String(operator), Value::Number(bound)] = pair else { return None };
        let bound = bound.as_f64()?;
        all &= match operator.as_str() {
            "=" => value.total_cmp(&bound).is_eq(),
            "<" => value < bound,
            "<=" => value <= bound,
            ">" => value > bound,
            ">=" => value >= bound,
            _ => return None,
        };
    }
    Some(all)
}

/// `*` is any text, `\*` an asterisk, `\\` a backslash.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut pieces = vec![String::new()];
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match (char, pieces.last_mut()) {
            ('*', _) => pieces.push(String::new()),
            ('\\', Some(last)) => last.extend(chars.next()),
            (char, Some(last)) => last.push(char),
            (_, None) => {}
        }
    }
    let [first, middle @ ..] = pieces.as_slice() else { return false };
    let [middle @ .., last] = middle else { return text == first };
    let Some(mut rest) = text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str())) else {
        return false;
    };
    for piece in middle {
        // The leftmost place leaves the most for the others.
        let Some((_, after)) = rest.split_once(piece.as_str()) else { return false };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    fn holds(pattern: Value, event: Value) -> bool {
        matches(&pattern, &event).unwrap()
    }

    /// The filter of the seeds: a change of some kinds, in its new image or its old one.
    #[test]
    fn changes_of_a_kind() {
        let of = |image: &str| json!({"data": {"dynamodb": {image: {"type": {"S": ["demand", "sale"]}}}}});
        let event = |image: &str, kind: &str| json!({"data": {"eventName": "x", "dynamodb": {image: {"type": {"S": kind}}}}});
        let either = |event: Value| holds(of("NewImage"), event.clone()) || holds(of("OldImage"), event);
        assert!(either(event("NewImage", "demand")));
        assert!(either(event("OldImage", "sale")));
        assert!(!either(event("NewImage", "venue")));
        assert!(!either(json!({"data": {"dynamodb": {"NewImage": {}}}})));
        assert!(!either(json!({"data": "text"})));
    }

    #[test]
    fn every_matcher() {
        let event = || json!({"a": "Hello.txt", "n": 5, "none": null, "list": ["x", "y"], "o": {"deep": true}, "empty": ""});
        for (pattern, expected) in [
            (json!({"a": ["Hello.txt"]}), true),
            (json!({"a": ["hello.txt"]}), false),
            (json!({"a": [{"equals-ignore-case": "hello.TXT"}]}), true),
            (json!({"a": [{"prefix": "Hel"}]}), true),
            (json!({"a": [{"prefix": {"equals-ignore-case": "hEL"}}]}), true),
            (json!({"a": [{"suffix": ".txt"}]}), true),
            (json!({"a": [{"suffix": ".csv"}]}), false),
            (json!({"a": [{"wildcard": "H*o.*t"}]}), true),
            (json!({"a": [{"wildcard": "*l*l*o*"}]}), true),
            (json!({"a": [{"wildcard": "H*x"}]}), false),
            (json!({"a": [{"wildcard": "Hello\\*"}]}), false),
            (json!({"a": [{"anything-but": "x"}]}), true),
            (json!({"a": [{"anything-but": ["x", "Hello.txt"]}]}), false),
            (json!({"a": [{"anything-but": {"prefix": "H"}}]}), false),
            (json!({"a": [{"anything-but": {"wildcard": ["*.csv", "*.pdf"]}}]}), true),
            (json!({"missing": [{"anything-but": "x"}]}), false),
            (json!({"n": [5.0]}), true),
            (json!({"n": [{"numeric": [">", 0, "<=", 5]}]}), true),
            (json!({"n": [{"numeric": ["<", 5]}]}), false),
            (json!({"a": [{"numeric": ["<", 5]}]}), false),
            (json!({"none": [null]}), true),
            (json!({"none": [{"exists": true}]}), true),
            (json!({"missing": [{"exists": false}]}), true),
            (json!({"missing": {"deeper": [{"exists": false}]}}), true),
            (json!({"o": [{"exists": true}]}), false),
            (json!({"list": ["y"]}), true),
            (json!({"list": ["z"]}), false),
            (json!({"o": {"deep": [true]}}), true),
            (json!({"a": ["x"], "n": [5]}), false),
            (json!({"$or": [{"a": ["x"]}, {"n": [5]}]}), true),
            (json!({"$or": [{"a": ["x"]}, {"n": [6]}], "none": [null]}), false),
            (json!({"empty": [""]}), true),
            (json!({}), true),
        ] {
            assert_eq!(holds(pattern.clone(), event()), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for pattern in [
            json!({"a": "x"}),
            json!([]),
            json!({"a": [{"numeric": ["<"]}]}),
            json!({"a": [{"numeric": ["~", 1]}]}),
            json!({"a": [{"exists": 1}]}),
            json!({"a": [{"prefix": 1}]}),
            json!({"a": [{"prefix": "x", "suffix": "y"}]}),
            json!({"a": [{"sounds-like": "x"}]}),
            json!({"a": [{"anything-but": null}]}),
        ] {
            assert!(matches(&pattern, &json!({})).is_err(), "{pattern}");
        }
    }
}
