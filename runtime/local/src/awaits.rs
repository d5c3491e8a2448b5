//! Steps that wait for an answer: what is waited for, whether an answer fits it, and how one is given.

use crate::changes::Part;
use crate::error::{BAD_ANSWER, BAD_FAULT, LocalError, UNANSWERED, listing, nearest};
use crate::steps::{How, Step};
use chrono::{DateTime, NaiveDate};
use flow_plan::{LocalAwait, LocalShape};
use serde_json::{Map, Value, json};

/// Steps wait, and nobody has answered: says for what, and how to answer.
pub fn unanswered(waiting: &[(&Part<'_>, &Step)]) -> LocalError {
    let mut lines = Vec::new();
    let mut first = None;
    for (part, step) in waiting {
        let name = part.path(&step.name);
        let awaited = awaited(part, &step.name);
        let place = part.artefacts.place(&step.name).map(|place| format!(" ({place})")).unwrap_or_default();
        lines.push(format!("`{name}`{place} waits for `{}`", awaited.ty));
        lines.push(format!("  answer it: {}", option(&name, &awaited)));
        let error = awaited.raises.first().map_or("States.TaskFailed", String::as_str);
        lines.push(format!("  or refuse: --fail {name}:{error}"));
        if first.is_none() {
            first = Some(name);
        }
    }
    let first = first.unwrap_or_default();
    lines.push(format!("an answer that never comes is `--fail {first}:States.Timeout`; `--skip {first}` leaves the step out"));
    let message = match waiting.len() {
        1 => format!("step `{first}` waits for an answer that nobody here can give"),
        count => format!("{count} steps wait for answers that nobody here can give"),
    };
    LocalError::new(UNANSWERED, message).help(lines.join("\n"))
}

/// `--answer 'decision={"approved":true}'`.
fn option(name: &str, awaited: &LocalAwait) -> String {
    let json = example(&awaited.shape).to_string();
    format!("--answer '{name}={}'", json.replace('\'', r"'\''"))
}

/// `--answer` that is not of the form.
pub fn malformed(text: &str, what: &str) -> LocalError {
    LocalError::new(BAD_FAULT, format!("`--answer {text}` {what}"))
        .help("the form is STEP=JSON, for example\n  --answer 'approval={\"approved\": true}'\n  --answer 'approval=\"yes\"'")
}

/// The answer to a step, if it fits.
///
/// # Errors
/// FLOW0909 for what is no JSON, FLOW0922 for a step that awaits nothing, or something else.
pub fn answer(text: &str, json: &str, part: &Part<'_>, step: &str) -> Result<Value, LocalError> {
    let name = part.path(step);
    if part.steps.iter().any(|known| known.name == step && known.how != How::Await) {
        let waiting: Vec<String> =
            part.steps.iter().filter(|step| step.how == How::Await).map(|step| part.path(&step.name)).collect();
        let help = match waiting.is_empty() {
            true => "no step of this flow is an `await`; a step that fails is `--fail`, one that is left out `--skip`".to_owned(),
            false => format!("steps that wait for an answer: {}", listing(waiting.iter().map(String::as_str))),
        };
        return Err(LocalError::new(BAD_ANSWER, format!("step `{name}` waits for no answer")).help(help));
    }
    let awaited = awaited(part, step);
    let example = format!("for example: {}", option(&name, &awaited));
    let value: Value = serde_json::from_str(json).map_err(|error| {
        malformed(text, "is not JSON").source(error).help(format!("the form is STEP=JSON; texts stand in quotes\n{example}"))
    })?;
    let Some(why) = misfit(&awaited.shape, &value, "") else { return Ok(value) };
    Err(LocalError::new(
        BAD_ANSWER,
        format!("the answer to `{name}` is `{}`, and `{}` is awaited", type_of(&value), awaited.ty),
    )
    .help(format!("{why}\n{example}")))
}

fn awaited(part: &Part<'_>, step: &str) -> LocalAwait {
    let any = || LocalAwait { ty: "Json".to_owned(), shape: LocalShape::Any, raises: Vec::new() };
    part.artefacts.flow.awaits.get(step).cloned().unwrap_or_else(any)
}

/// Why a value is not of a shape; `at` is where it stands.
fn misfit(shape: &LocalShape, value: &Value, at: &str) -> Option<String> {
    let fits = match (shape, value) {
        (LocalShape::Any, _) | (LocalShape::Optional(_), Value::Null) => true,
        (LocalShape::Optional(inner), _) => return misfit(inner, value, at),
        (LocalShape::Bool, Value::Bool(_)) | (LocalShape::Text, Value::String(_)) | (LocalShape::Number, Value::Number(_)) => true,
        (LocalShape::Int, Value::Number(number)) => number.is_i64(),
        (LocalShape::Date, Value::String(text)) => text.len() == 10 && text.parse::<NaiveDate>().is_ok(),
        (LocalShape::Timestamp, Value::String(text)) => DateTime::parse_from_rfc3339(text).is_ok(),
        (LocalShape::Literals(cases), Value::String(text)) => cases.contains(text),
        (LocalShape::List(inner), Value::Array(items)) => {
            return items.iter().enumerate().find_map(|(index, item)| misfit(inner, item, &format!("{at}[{index}]")));
        }
        (LocalShape::Map(inner), Value::Object(fields)) => {
            return fields.iter().find_map(|(name, item)| misfit(inner, item, &below(at, name)));
        }
        (LocalShape::Record(wanted), Value::Object(fields)) => {
            let unknown = fields.keys().find(|name| !wanted.contains_key(*name));
            if let Some(name) = unknown {
                let did = nearest(name, wanted.keys().map(String::as_str)).map(|near| format!(": did you mean `{near}`?"));
                return Some(format!("there is no field `{}`{}", below(at, name), did.unwrap_or_default()));
            }
            return wanted.iter().find_map(|(name, shape)| match (fields.get(name), shape) {
                (None, LocalShape::Optional(_) | LocalShape::Any) => None,
                (None, _) => Some(format!("`{}` is missing, which is {}", below(at, name), said(shape))),
                (Some(value), _) => misfit(shape, value, &below(at, name)),
            });
        }
        _ => false,
    };
    let what = if at.is_empty() { "it".to_owned() } else { format!("`{}`", at.trim_start_matches('.')) };
    (!fits).then(|| match (shape, value) {
        (LocalShape::Date | LocalShape::Timestamp | LocalShape::Literals(_), Value::String(text)) => {
            format!("{what} is \"{text}\", and {} is wanted", said(shape))
        }
        _ => format!("{what} is `{}`, and {} is wanted", type_of(value), said(shape)),
    })
}

fn below(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

/// A shape in words.
fn said(shape: &LocalShape) -> String {
    match shape {
        LocalShape::Any => "`Json`".to_owned(),
        LocalShape::Bool => "a `Bool`, true or false".to_owned(),
        LocalShape::Int => "a whole number".to_owned(),
        LocalShape::Number => "a number".to_owned(),
        LocalShape::Text => "a text".to_owned(),
        LocalShape::Date => "a day of the calendar as \"2026-01-05\"".to_owned(),
        LocalShape::Timestamp => "an instant as \"2026-01-05T02:00:00Z\"".to_owned(),
        LocalShape::Literals(cases) => {
            let cases: Vec<String> = cases.iter().map(|case| format!("\"{case}\"")).collect();
            cases.join(" or ")
        }
        LocalShape::List(_) => "a list".to_owned(),
        LocalShape::Map(_) | LocalShape::Record(_) => "an object".to_owned(),
        LocalShape::Optional(inner) => said(inner),
    }
}

/// The type of a value of JSON as a program would write it.
fn type_of(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(_) => "Bool".to_owned(),
        Value::Number(number) if number.is_i64() => "Int".to_owned(),
        Value::Number(_) => "Float".to_owned(),
        Value::String(_) => "String".to_owned(),
        Value::Array(items) => match items.first() {
            Some(first) => format!("[{}]", type_of(first)),
            None => "[ ]".to_owned(),
        },
        Value::Object(fields) if fields.is_empty() => "{ }".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {}", type_of(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// A value of a shape.
fn example(shape: &LocalShape) -> Value {
    match shape {
        LocalShape::Any => json!({}),
        LocalShape::Bool => json!(true),
        LocalShape::Int | LocalShape::Number => json!(1),
        LocalShape::Text => json!("text"),
        LocalShape::Date => json!("2026-01-05"),
        LocalShape::Timestamp => json!("2026-01-05T02:00:00Z"),
        LocalShape::Literals(cases) => json!(cases.first()),
        LocalShape::List(inner) => json!([example(inner)]),
        LocalShape::Map(inner) => json!({ "name": example(inner) }),
        LocalShape::Record(fields) => {
            Value::Object(fields.iter().map(|(name, shape)| (name.clone(), example(shape))).collect::<Map<String, Value>>())
        }
        LocalShape::Optional(inner) => example(inner),
    }
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::artefacts::Artefacts;
    use flow_asl::model::StateMachine;
    use flow_plan::{LocalFlow, LocalRun, SourceMap};
    use indexmap::IndexMap;

    fn decision() -> LocalAwait {
        let by = LocalShape::Optional(Box::new(LocalShape::Text));
        LocalAwait {
            ty: "{ approved: Bool, by: String? }".to_owned(),
            shape: LocalShape::Record(IndexMap::from([("approved".to_owned(), LocalShape::Bool), ("by".to_owned(), by)])),
            raises: vec!["Approval.Rejected".to_owned()],
        }
    }

    /// A flow whose step `ask` waits for a decision.
    pub fn flow(name: &str) -> Artefacts {
        let flow = LocalFlow { awaits: IndexMap::from([("ask".to_owned(), decision())]), ..LocalFlow::default() };
        Artefacts {
            local: LocalRun::default(),
            name: name.to_owned(),
            flow,
            machine: StateMachine::parse(r#"{"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}"#).unwrap(),
            source_map: SourceMap::default(),
        }
    }

    #[test]
    fn what_is_waited_for_is_said() {
        let artefacts = flow("nightly");
        let step = |name: &str| Step { name: name.to_owned(), resource: String::new(), how: How::Await };
        let (ask, other) = (step("ask"), step("other"));
        let own = Part { artefacts: &artefacts, steps: &[], own: true };
        let called = Part { own: false, ..own };
        for (name, waiting) in [("one", vec![(&own, &ask)]), ("two", vec![(&own, &ask), (&called, &other)])] {
            let error = unanswered(&waiting);
            insta::assert_snapshot!(format!("unanswered_{name}"), format!("{} {}\n{}", error.code, error.message, error.help.unwrap()));
        }
    }

    #[test]
    fn shapes() {
        let why = |shape: LocalShape, value: Value| misfit(&shape, &value, "");
        let list = || LocalShape::List(Box::new(decision().shape));
        assert_eq!(why(list(), json!([{"approved": true}, {"approved": false, "by": null}])), None);
        assert_eq!(why(list(), json!([{"approved": true}, {"by": "x"}])).unwrap(), "`[1].approved` is missing, which is a `Bool`, true or false");
        assert_eq!(why(LocalShape::Date, json!("2026-02-30")).unwrap(), "it is \"2026-02-30\", and a day of the calendar as \"2026-01-05\" is wanted");
        assert_eq!(why(LocalShape::Int, json!(1.5)).unwrap(), "it is `Float`, and a whole number is wanted");
        let cases = LocalShape::Literals(vec!["yes".to_owned(), "no".to_owned()]);
        assert_eq!(why(cases, json!("maybe")).unwrap(), "it is \"maybe\", and \"yes\" or \"no\" is wanted");
        let map = || LocalShape::Map(Box::new(LocalShape::Int));
        assert_eq!(why(map(), json!({"a": 1, "b": "2"})).unwrap(), "`b` is `String`, and a whole number is wanted");
        assert_eq!(why(LocalShape::Any, json!(null)), None);
        assert_eq!(why(LocalShape::Text, json!(null)).unwrap(), "it is `none`, and a text is wanted");
        for shape in [decision().shape, list(), map(), LocalShape::Timestamp, LocalShape::Literals(vec!["a".to_owned()])] {
            assert_eq!(misfit(&shape, &example(&shape), ""), None, "{shape:?}");
        }
    }
}
