//! State machines of the examples beside machines written by hand: `tests/references/README.md` says what is compared.
//!
//! Both run on the interpreter, on the virtual clock, with tasks that answer by a script.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use flow_asl::driver::{Completion, TaskDriver, TaskRequest, TaskResult};
use flow_asl::interpreter::{Execution, ExecutionOptions, Outcome, Silent};
use flow_asl::model::StateMachine;
use flow_tests::programs;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// A task as both machines call it, and what it answers.
struct Script {
    /// The resource after `arn:aws:states:::`, or a function's ARN.
    resource: String,
    /// What the arguments hold, among other things.
    arguments: Value,
    /// Answers by attempt; the last repeats; `{}` without any.
    answers: Vec<Value>,
    /// Pointers into the arguments that are not compared, each with the reason.
    ignored: Vec<String>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq)]
struct Call {
    /// The name of its script.
    task: String,
    /// Its arguments, without what is not compared.
    arguments: Value,
    /// Milliseconds after the execution's start.
    at: i64,
    /// The first attempt is 0.
    attempt: u64,
    /// The outermost Parallel or Map around it: calls of one are compared as a set.
    within: Option<String>,
}

struct Scripted<'a> {
    scripts: &'a BTreeMap<String, Script>,
    started: BTreeMap<String, usize>,
    calls: Vec<Call>,
    unknown: Vec<String>,
    begin: Option<i64>,
}

/// Whether `found` holds all that `wanted` does.
fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(name, value)| found.get(name).is_some_and(|found| holds(found, value)))
        }
        _ => found == wanted,
    }
}

fn without(mut value: Value, pointers: &[String]) -> Value {
    for pointer in pointers {
        let Some((above, name)) = pointer.rsplit_once('/') else { continue };
        if let Some(Value::Object(fields)) = value.pointer_mut(above) {
            fields.shift_remove(name);
        }
    }
    value
}

fn answer(script: &Value) -> TaskResult {
    match script.get("error") {
        Some(error) => {
            let text = |of: &Value| of.as_str().expect("an error's name and cause are texts").to_owned();
            Err(flow_asl::driver::TaskError::new(text(error), script.get("cause").map_or_else(String::new, text)))
        }
        None => Ok(script.get("output").cloned().unwrap_or_else(|| json!({}))),
    }
}

impl TaskDriver for Scripted<'_> {
    fn start(&mut self, request: TaskRequest, completion: Completion) {
        let time = request.time / 1000;
        let begin = *self.begin.get_or_insert(time);
        let resource = request.resource.strip_prefix("arn:aws:states:::").unwrap_or(&request.resource);
        let found = self
            .scripts
            .iter()
            .find(|(_, script)| script.resource == resource && holds(&request.arguments, &script.arguments));
        let Some((name, script)) = found else {
            self.unknown.push(format!("{resource} {}", request.arguments));
            return completion.complete(Ok(json!({})));
        };
        // Two machines may call a task at the same time in different branches: each counts its own attempts.
        let before = self.started.entry(name.clone()).or_default();
        let given = script.answers.get((*before).min(script.answers.len().saturating_sub(1))).cloned();
        *before += 1;
        self.calls.push(Call {
            task: name.clone(),
            arguments: without(request.arguments.clone(), &script.ignored),
            at: time - begin,
            attempt: request.attempt,
            within: request.path.first().map(|(state, _)| state.clone()),
        });
        let given = given.unwrap_or_else(|| json!({}));
        let after = given.get("after_s").and_then(Value::as_u64).unwrap_or(0);
        if given.get("hangs").is_some() {
            return completion.never();
        }
        completion.complete_after(std::time::Duration::from_secs(after), answer(&given));
    }
}

fn run(machine: &StateMachine, input: &Value, scripts: &BTreeMap<String, Script>) -> (Outcome, Vec<Call>, Vec<String>) {
    let mut driver = Scripted { scripts, started: BTreeMap::new(), calls: Vec::new(), unknown: Vec::new(), begin: None };
    let options = ExecutionOptions { input: input.clone(), ..ExecutionOptions::default() };
    let execution = Execution::new(machine, options).unwrap_or_else(|issues| panic!("{issues:#?}"));
    let outcome = execution.run(&mut driver, &mut Silent);
    (outcome, driver.calls, driver.unknown)
}

/// Calls in order; those of one Parallel or Map sorted by what they are, and without their states' names.
fn comparable(calls: &[Call]) -> Vec<Call> {
    let mut sorted: Vec<Call> = Vec::new();
    for group in calls.chunk_by(|one, next| one.within.is_some() && one.within == next.within) {
        let mut group: Vec<Call> = group.iter().map(|call| Call { within: None, ..call.clone() }).collect();
        group.sort_by_key(|call| (call.at, call.task.clone(), call.attempt, call.arguments.to_string()));
        sorted.extend(group);
    }
    sorted
}

/// The flow's machine as `flowc build` writes it for an environment, with that environment's values put in.
fn emitted(folder: &Path, case: &Value) -> StateMachine {
    let text = |name: &str| case[name].as_str().unwrap_or_else(|| panic!("`{name}` of {}", folder.display())).to_owned();
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("out");
    let program = flow_tests::root().join(text("program"));
    let mut arguments = vec!["build".to_owned(), program.display().to_string(), "--out".to_owned(), out.display().to_string()];
    arguments.extend(["--env".to_owned(), text("env")]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let printed = flow_tests::flowc(place.path(), &arguments);
    assert_eq!(printed.code, Some(0), "{printed}");
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let local: Value = serde_json::from_str(&read("local.json")).expect("local.json is JSON");
    let flow = &local["flows"][text("flow")];
    let mut definition = read(flow["definition"].as_str().expect("the flow's definition"));
    for (name, value) in flow["substitutions"].as_object().expect("deploy values") {
        definition = definition.replace(&format!("\"${{{name}}}\""), &value.to_string());
    }
    StateMachine::parse(&definition).unwrap_or_else(|issues| panic!("{issues:#?}"))
}

fn scripts(case: &Value, scenario: &Value) -> BTreeMap<String, Script> {
    let tasks = case["tasks"].as_object().expect("`tasks`");
    for name in scenario["answers"].as_object().into_iter().flat_map(|answers| answers.keys()) {
        assert!(tasks.contains_key(name), "there is no task `{name}` to answer");
    }
    let script = |(name, task): (&String, &Value)| {
        let resource = task["resource"].as_str().expect("a task's `resource`").to_owned();
        let arguments = task.get("arguments").cloned().unwrap_or_else(|| json!({}));
        let ignored = task.get("not_compared").and_then(Value::as_object);
        let ignored = ignored.into_iter().flat_map(|ignored| ignored.keys().cloned()).collect();
        let default = task.get("output").map(|output| vec![json!({ "output": output })]).unwrap_or_default();
        let answers = scenario["answers"].get(name).and_then(Value::as_array).cloned().unwrap_or(default);
        (name.clone(), Script { resource, arguments, answers, ignored })
    };
    tasks.iter().map(script).collect()
}

/// What differs between the two runs of a scenario.
fn differences(case: &Value, scenario: &Value, reference: &StateMachine, flow: &StateMachine) -> Vec<String> {
    let scripts = scripts(case, scenario);
    let input = |name: &str| scenario.get(name).or(case.get(name)).cloned().unwrap_or_else(|| json!({}));
    let (wanted, wanted_calls, unknown) = run(reference, &input("reference_input"), &scripts);
    let (found, found_calls, unknown_too) = run(flow, &input("input"), &scripts);
    let mut wrong = Vec::new();
    wrong.extend(unknown.iter().map(|call| format!("the reference calls what has no script: {call}")));
    wrong.extend(unknown_too.iter().map(|call| format!("the flow calls what has no script: {call}")));
    let (wanted_calls, found_calls) = (comparable(&wanted_calls), comparable(&found_calls));
    let most = wanted_calls.len().max(found_calls.len());
    for number in 0..most {
        let (wanted, found) = (wanted_calls.get(number), found_calls.get(number));
        if wanted != found {
            wrong.push(format!("call {}:\n    reference {wanted:?}\n    flow      {found:?}", number + 1));
        }
    }
    let mut same = |what: &str, wanted: String, found: String| {
        if wanted != found {
            wrong.push(format!("{what}:\n    reference {wanted}\n    flow      {found}"));
        }
    };
    same("status", format!("{:?}", wanted.status), format!("{:?}", found.status));
    if case.get("errors_differ").is_none() {
        // A Fail state need not name its error; one of Flow does.
        if wanted.error.is_some() || case.get("error_unnamed").is_none() {
            same("error", format!("{:?}", wanted.error), format!("{:?}", found.error));
        }
        same("cause", format!("{:?}", wanted.cause), format!("{:?}", found.cause));
    }
    if case.get("outputs_differ").is_none() {
        same("output", format!("{:?}", wanted.output), format!("{:?}", found.output));
    }
    for (name, value) in scenario["expect"].as_object().into_iter().flatten() {
        let found = match name.as_str() {
            "status" => json!(format!("{:?}", found.status).to_uppercase()),
            "error" => json!(found.error),
            "calls" => json!(found_calls.iter().map(|call| call.task.clone()).collect::<Vec<_>>()),
            other => panic!("`expect` knows `status`, `error` and `calls`, not `{other}`"),
        };
        if found != *value {
            wrong.push(format!("{name}: {value} is expected, not {found}"));
        }
    }
    wrong
}

/// The name of every state that a run of the reference entered.
fn entered(outcome: &Outcome) -> Vec<String> {
    outcome.history.iter().filter_map(|event| event.state.as_ref().map(|state| state.to_string())).collect()
}

/// All names of states of a definition, within Parallel and Map too.
fn states(definition: &Value, into: &mut Vec<String>) {
    for (name, state) in definition["States"].as_object().into_iter().flatten() {
        into.push(name.clone());
        state["Branches"].as_array().into_iter().flatten().for_each(|branch| states(branch, into));
        states(&state["ItemProcessor"], into);
    }
}

#[test]
fn flows_do_what_machines_written_by_hand_do() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for path in programs::files("tests/references", "json") {
        if !path.ends_with("scenarios.json") {
            continue;
        }
        let folder = path.parent().expect("a folder");
        let name = folder.strip_prefix(flow_tests::root().join("tests/references")).expect("below").display().to_string();
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"));
        let case: Value = serde_json::from_str(&read("scenarios.json")).unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = read("machine.asl.json");
        let reference = StateMachine::parse(&text).unwrap_or_else(|issues| panic!("{name}: {issues:#?}"));
        let flow = emitted(folder, &case);
        let mut missed = Vec::new();
        states(&serde_json::from_str(&text).expect("JSON"), &mut missed);
        for scenario in case["scenarios"].as_array().expect("`scenarios`") {
            let title = scenario["name"].as_str().expect("a scenario's name");
            for one in differences(&case, scenario, &reference, &flow) {
                wrong.push(format!("{name}, {title}: {one}"));
            }
            let input = scenario.get("reference_input").or(case.get("reference_input")).cloned().unwrap_or_else(|| json!({}));
            let seen = entered(&run(&reference, &input, &scripts(&case, scenario)).0);
            missed.retain(|state| !seen.contains(state));
            compared += 1;
        }
        if !missed.is_empty() {
            wrong.push(format!("{name}: no scenario enters {missed:?} of the reference"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 0);
}
