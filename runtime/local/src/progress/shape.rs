//! What of a definition the lines of progress need: which steps are the looks of a `poll`, and for how long it waits.

use crate::words;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is known before anything happens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Steps inside a `poll`, with the most looks, where that is a constant.
    pub looks: BTreeMap<String, Option<u64>>,
    /// How long each Wait takes, where that is known: `5 min`.
    pub waits: BTreeMap<String, String>,
    /// Waits between the looks of a `poll`.
    pub pauses: BTreeSet<String>,
    /// How many branches each Parallel has.
    pub branches: BTreeMap<String, u64>,
}

impl Shape {
    /// That of a definition.
    pub fn of(machine: &Value) -> Shape {
        let mut shape = Shape::default();
        shape.scope(machine);
        shape
    }

    fn scope(&mut self, machine: &Value) {
        let Some(states) = machine.get("States").and_then(Value::as_object) else { return };
        for (name, state) in states {
            let text = |field: &str| state.get(field).and_then(Value::as_str);
            match text("Type").unwrap_or_default() {
                "Wait" => {
                    let seconds = state.get("Seconds").and_then(Value::as_u64).map(words::length);
                    let until = || text("Timestamp").filter(|text| !text.starts_with('{')).map(|text| format!("until {text}"));
                    if let Some(time) = seconds.or_else(until) {
                        self.waits.insert(name.clone(), time);
                    }
                }
                "Parallel" => {
                    let branches = state.get("Branches").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                    self.branches.insert(name.clone(), branches.len() as u64);
                    branches.iter().for_each(|branch| self.scope(branch));
                }
                "Map" => {
                    ["ItemProcessor", "Iterator"].iter().filter_map(|field| state.get(*field)).for_each(|inner| self.scope(inner));
                }
                "Choice" => self.poll(states, name, state),
                _ => {}
            }
        }
    }

    /// A Choice that compares a number of looks, and what it goes back to.
    fn poll(&mut self, states: &serde_json::Map<String, Value>, name: &str, choice: &Value) {
        let rules = choice.get("Choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let counter = rules.iter().find_map(|rule| {
            let condition = rule.get("Condition")?.as_str()?.strip_prefix("{% $")?.strip_suffix(" %}")?;
            let (counter, most) = condition.split_once(" >= ")?;
            // `every` has looked once more than it has waited.
            let counter = counter.strip_suffix(" + 1").unwrap_or(counter);
            counter.chars().all(|c| c.is_alphanumeric() || c == '_').then_some((counter, most.parse::<u64>().ok()))
        });
        let (Some((counter, most)), Some(back)) = (counter, choice.get("Default").and_then(Value::as_str)) else { return };
        let mut inside: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![back];
        while let Some(next) = open.pop() {
            if next != name && inside.insert(next) {
                let Some(state) = states.get(next) else { continue };
                open.extend(state.get("Next").and_then(Value::as_str));
                open.extend(state.get("Default").and_then(Value::as_str));
                let rules = state.get("Choices").and_then(Value::as_array).into_iter().flatten();
                open.extend(rules.filter_map(|rule| rule.get("Next")?.as_str()));
            }
        }
        let counted = |state: &&Value| state.get("Assign").is_some_and(|assign| assign.get(counter).is_some());
        if !inside.iter().filter_map(|state| states.get(*state)).any(|state| counted(&state)) {
            return;
        }
        for state in inside {
            match states.get(state).and_then(|state| state.get("Type")).and_then(Value::as_str) {
                Some("Task") => drop(self.looks.insert(state.to_owned(), most)),
                Some("Wait") => drop(self.pauses.insert(state.to_owned())),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_looks_of_a_poll_are_known() {
        let machine = json!({ "States": {
            "start": { "Type": "Task", "Next": "poll" },
            "poll": { "Type": "Pass", "Assign": { "looks": 0 }, "Next": "wait" },
            "wait": { "Type": "Wait", "Seconds": 90, "Assign": { "looks": "{% $looks + 1 %}" }, "Next": "look" },
            "look": { "Type": "Task", "Next": "until" },
            "until": { "Type": "Choice", "Default": "wait", "Choices": [
                { "Condition": "{% $look.state = 'READY' %}", "Next": "both" },
                { "Condition": "{% $looks >= 40 %}", "Next": "both" }] },
            "both": { "Type": "Parallel", "End": true, "Branches": [
                { "States": { "wait 2": { "Type": "Wait", "Timestamp": "2026-01-05T02:00:00Z", "End": true } } },
                { "States": { "if": { "Type": "Choice", "Default": "end", "Choices": [{ "Condition": "{% $n >= 3 %}", "Next": "end" }] },
                              "end": { "Type": "Task", "End": true } } }] },
        }});
        let shape = Shape::of(&machine);
        assert_eq!(shape.looks, BTreeMap::from([("look".to_owned(), Some(40))]));
        let first = machine.to_string().replace("$looks >= 40", "$looks + 1 >= 5");
        let shape_of_every = Shape::of(&serde_json::from_str(&first).unwrap_or_default());
        assert_eq!(shape_of_every.looks, BTreeMap::from([("look".to_owned(), Some(5))]));
        let of_the_run = machine.to_string().replace("$looks >= 40", "$looks >= $most");
        assert_eq!(Shape::of(&serde_json::from_str(&of_the_run).unwrap_or_default()).looks, BTreeMap::from([("look".to_owned(), None)]));
        assert_eq!(shape.pauses, BTreeSet::from(["wait".to_owned()]));
        let waits = [("wait", "1 min 30 s"), ("wait 2", "until 2026-01-05T02:00:00Z")];
        assert_eq!(shape.waits, waits.map(|(name, time)| (name.to_owned(), time.to_owned())).into());
        assert_eq!(shape.branches, BTreeMap::from([("both".to_owned(), 2)]));
    }
}
