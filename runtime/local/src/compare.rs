//! What has changed in a program since a run: of the states that are taken over, and of what they use of the plan.

use crate::resume::{Kept, Resumed};
use crate::runs::PastRun;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A change in something that is taken over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The flow.
    pub flow: String,
    /// The state.
    pub state: String,
    /// What of it.
    pub what: String,
}

/// Fields that say where a state goes on.
const ONWARD: [&str; 2] = ["Next", "End"];
/// Fields that hold other states.
const INSIDE: [&str; 3] = ["Branches", "ItemProcessor", "Iterator"];

/// The changes that the results taken over do not allow. `now` gives the definition of a flow as it is now.
pub fn changes(run: &PastRun, resumed: &Resumed, now: &dyn Fn(&str) -> Option<Value>, plan: &Value) -> Vec<Change> {
    let mut kept: BTreeSet<&Kept> = BTreeSet::new();
    collect(resumed, &mut kept);
    let old_plan = std::fs::read_to_string(run.folder.join("plan.json")).unwrap_or_default();
    let old_plan: Value = serde_json::from_str(&old_plan).unwrap_or_default();
    let other = differing(&old_plan, plan);
    let mut definitions: BTreeMap<&str, (States, States)> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for one in kept {
        let (before, after) = definitions.entry(&one.flow).or_insert_with(|| {
            let states = |machine: Option<Value>| machine.map(|machine| flatten(&machine)).unwrap_or_default();
            (states(run.machine(&one.flow)), states(now(&one.flow)))
        });
        let mut change = |what: String| {
            found.insert(Change { flow: one.flow.clone(), state: one.state.clone(), what });
        };
        let Some(old) = before.get(&one.state) else { continue };
        let Some(new) = after.get(&one.state) else {
            change("it is no longer there".to_owned());
            continue;
        };
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let fields: Vec<String> = names
            .into_iter()
            .filter(|name| one.followed || !ONWARD.contains(&name.as_str()))
            .filter(|name| old.get(*name) != new.get(*name))
            .map(|name| name.to_lowercase())
            .collect();
        if !fields.is_empty() {
            change(format!("its {}", crate::error::and(&fields)));
        }
        if !one.open {
            let used: Vec<&(String, String)> = other.iter().filter(|(_, name)| mentions(old, name)).collect();
            for (kind, name) in used {
                change(format!("{kind} `{name}`"));
            }
        }
    }
    found.into_iter().collect()
}

fn collect<'a>(resumed: &'a Resumed, kept: &mut BTreeSet<&'a Kept>) {
    kept.extend(&resumed.kept);
    for nested in resumed.nested.values() {
        collect(&nested.resumed, kept);
    }
}

type States = BTreeMap<String, Map<String, Value>>;

/// Every state by its name, without those inside.
fn flatten(machine: &Value) -> States {
    let mut all = States::new();
    let mut open = vec![machine];
    while let Some(scope) = open.pop() {
        for (name, state) in scope.get("States").and_then(Value::as_object).into_iter().flatten() {
            let Some(fields) = state.as_object() else { continue };
            let own = fields.iter().filter(|(field, _)| !INSIDE.contains(&field.as_str()));
            all.insert(name.clone(), own.map(|(field, value)| (field.clone(), value.clone())).collect());
            open.extend(state.get("Branches").and_then(Value::as_array).into_iter().flatten());
            open.extend(state.get("ItemProcessor"));
            open.extend(state.get("Iterator"));
        }
    }
    all
}

/// Transforms and tables that differ; one that uses a schema or a table differs with it.
fn differing(old: &Value, new: &Value) -> Vec<(String, String)> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for (section, kind) in [("schemas", "schema"), ("tables", "table"), ("transforms", "transform")] {
        let of = |plan: &'_ Value| plan.get(section).and_then(Value::as_object).cloned().unwrap_or_default();
        let (before, after) = (of(old), of(new));
        for (name, value) in &before {
            let through = value.as_object().is_some_and(|fields| names.iter().any(|name| mentions(fields, name)));
            if after.get(name) != Some(value) || through {
                names.insert(name.clone());
                found.push((kind.to_owned(), name.clone()));
            }
        }
    }
    // States name tables and transforms, never schemas.
    found.retain(|(kind, _)| kind != "schema");
    found
}

/// Whether a text in it is that name.
fn mentions(fields: &Map<String, Value>, name: &str) -> bool {
    fn within(value: &Value, name: &str) -> bool {
        match value {
            Value::String(text) => text == name,
            Value::Array(items) => items.iter().any(|item| within(item, name)),
            Value::Object(fields) => fields.values().any(|field| within(field, name)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    fields.get("Arguments").map_or_else(|| fields.values().any(|field| within(field, name)), |arguments| within(arguments, name))
}
