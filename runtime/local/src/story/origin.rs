//! Which states are a handler's, those that only an error leads to; and which end something.

use serde_json::Value;
use std::collections::BTreeSet;

/// What a definition says of its states, those in branches and iterations too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Those that are reached through a `Catch` alone.
    pub handlers: BTreeSet<String>,
    /// Those that end the execution, branch or iteration that they are in.
    pub ends: BTreeSet<String>,
}

impl Shape {
    /// That of a definition.
    pub fn of(machine: &Value) -> Self {
        let mut shape = Shape::default();
        let mut open = vec![machine];
        while let Some(scope) = open.pop() {
            let Some(states) = scope.get("States").and_then(Value::as_object) else { continue };
            let mut reached: BTreeSet<&str> = BTreeSet::new();
            let mut next: Vec<&str> = scope.get("StartAt").and_then(Value::as_str).into_iter().collect();
            while let Some(name) = next.pop() {
                if !reached.insert(name) {
                    continue;
                }
                let Some(state) = states.get(name) else { continue };
                next.extend(state.get("Next").and_then(Value::as_str));
                next.extend(state.get("Default").and_then(Value::as_str));
                let choices = state.get("Choices").and_then(Value::as_array);
                next.extend(choices.into_iter().flatten().filter_map(|choice| choice.get("Next")?.as_str()));
            }
            for (name, state) in states {
                if !reached.contains(name.as_str()) {
                    shape.handlers.insert(name.clone());
                }
                let kind = state.get("Type").and_then(Value::as_str);
                if state.get("End") == Some(&Value::Bool(true)) || kind == Some("Succeed") {
                    shape.ends.insert(name.clone());
                }
                open.extend(state.get("Branches").and_then(Value::as_array).into_iter().flatten());
                open.extend(state.get("ItemProcessor"));
                open.extend(state.get("Iterator"));
            }
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_only_an_error_leads_to() {
        let task = json!({"Type": "Task", "Resource": "r", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "undo"}], "Next": "which"});
        let machine = json!({"StartAt": "load", "States": {
            "load": task,
            "which": {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "bad"}], "Default": "each"},
            "bad": {"Type": "Fail"},
            "undo": {"Type": "Pass", "Next": "gone"},
            "gone": {"Type": "Fail"},
            "each": {"Type": "Map", "ItemProcessor": {"StartAt": "one", "States": {
                "one": {"Type": "Task", "Resource": "r", "Catch": [{"ErrorEquals": ["A"], "Next": "inner"}], "End": true},
                "inner": {"Type": "Pass", "End": true}}}, "End": true}}});
        let shape = Shape::of(&machine);
        assert_eq!(shape.ends.iter().map(String::as_str).collect::<Vec<_>>(), ["each", "inner", "one"]);
        assert_eq!(shape.handlers.iter().map(String::as_str).collect::<Vec<_>>(), ["gone", "inner", "undo"]);
    }
}
