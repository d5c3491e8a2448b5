//! A [`Story`] as JSON: the tree of what was entered.

use super::{Entry, Fate, Scope, Story};
use crate::record::Description;
use flow_asl::clock::iso;
use serde_json::{Value, json};

/// The entries of the execution, each with those inside.
pub fn tree(story: &Story, description: &Description) -> Value {
    story.scopes.first().map_or(Value::Null, |scope| entries(story, description, scope))
}

fn entries(story: &Story, description: &Description, scope: &Scope) -> Value {
    let all = scope.entries.iter().filter_map(|index| story.entries.get(*index));
    all.map(|one| entry(story, description, one)).collect()
}

fn entry(story: &Story, description: &Description, entry: &Entry) -> Value {
    let place = description.places.get(&entry.flow).and_then(|places| places.get(&entry.state));
    let mut value = json!({
        "state": entry.state,
        "type": entry.kind,
        "file": place.map(|place| &place.file),
        "line": place.map(|place| place.line),
        "status": name(entry.fate),
        "entered": iso(entry.entered),
        "left": entry.ended.map(iso),
        "milliseconds": entry.ended.map(|ended| (ended - entry.entered) / 1000),
    });
    let Some(fields) = value.as_object_mut() else { return value };
    if let Some(items) = entry.items {
        fields.insert("items".to_owned(), items.into());
    }
    if let Some((error, cause)) = &entry.error {
        fields.insert("error".to_owned(), error.as_str().into());
        fields.insert("cause".to_owned(), cause.as_str().into());
    }
    if !entry.attempts.is_empty() {
        let attempts = entry.attempts.iter().map(|attempt| {
            json!({
                "started": iso(attempt.started),
                "ended": attempt.ended.map(iso),
                "error": attempt.error.as_ref().map(|(error, _)| error),
                "cause": attempt.error.as_ref().map(|(_, cause)| cause),
                "report": attempt.report,
                "answer": attempt.answer,
                "waited_milliseconds": attempt.wait.map(|(wait, _)| wait),
            })
        });
        fields.insert("attempts".to_owned(), attempts.collect());
    }
    let scopes: Vec<&Scope> = entry.scopes.iter().filter_map(|scope| story.scopes.get(*scope)).collect();
    if !scopes.is_empty() {
        let inside = scopes.iter().map(|scope| {
            json!({ "index": scope.index, "flow": scope.flow, "steps": entries(story, description, scope) })
        });
        fields.insert("inside".to_owned(), inside.collect());
    }
    value
}

fn name(fate: Fate) -> &'static str {
    match fate {
        Fate::Open => "open",
        Fate::Done => "succeeded",
        Fate::Caught => "caught",
        Fate::Failed => "failed",
        Fate::Stopped => "stopped",
    }
}
