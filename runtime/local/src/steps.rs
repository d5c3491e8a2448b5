//! The steps of a state machine as a run sees them: its Task states. Which can be run here, and what skipping does to them.

use crate::artefacts::{Artefacts, for_each_state};
use crate::awaits;
use crate::changes::{Changes, Part};
use crate::error::{BAD_FAULT, LOCAL_SETUP, LocalError};
use crate::nested::START_EXECUTION;
use flow_asl::jsonata;
use flow_asl::model::{State, StateMachine};
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// `arn:aws:states:::lambda:invoke`, the one integration that the generic binary is behind.
pub const LAMBDA_INVOKE: &str = "arn:aws:states:::lambda:invoke";
/// The end of a resource that hands out a task token and waits until somebody gives it back.
pub const CALLBACK: &str = ".waitForTaskToken";
/// The kind of [`flow_plan::LocalTask`] that this release runs.
pub const PYTHON: &str = "python";

/// How a Task state is run on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// By the generic binary: the key of [`flow_plan::LocalRun::functions`].
    Function(String),
    /// By a command in a Python environment.
    Python,
    /// By an execution of another flow.
    Flow {
        /// What stands for its state machine.
        arn: String,
        /// Its name.
        name: String,
    },
    /// By whoever answers: `await`.
    Await,
    /// Not at all.
    Nothing,
}

/// A Task state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state's name, which is the step's.
    pub name: String,
    /// Its `Resource`.
    pub resource: String,
    /// How it is run here.
    pub how: How,
}

/// The Task states in the order of the definition.
pub fn steps(artefacts: &Artefacts) -> Vec<Step> {
    let mut found = Vec::new();
    let mut states = artefacts.machine.states.clone();
    for_each_state(&mut states, &mut |name, state| {
        if let State::Task(task) = state {
            let machine = task.arguments.as_ref().and_then(|arguments| arguments.get("StateMachineArn")).and_then(Value::as_str);
            let called = machine.filter(|_| task.resource == START_EXECUTION).and_then(|arn| {
                let (name, flow) = artefacts.local.flows.iter().find(|(_, flow)| flow.arn == arn)?;
                Some(How::Flow { arn: flow.arn.clone(), name: name.clone() })
            });
            let function = task.arguments.as_ref().and_then(|arguments| arguments.get("FunctionName")).and_then(Value::as_str);
            let how = match (artefacts.task(name), function) {
                _ if task.resource.ends_with(CALLBACK) => How::Await,
                (Some(local), _) if local.kind == PYTHON => How::Python,
                (None, Some(function)) if task.resource == LAMBDA_INVOKE && artefacts.local.functions.contains_key(function) => {
                    How::Function(function.to_owned())
                }
                _ => called.unwrap_or(How::Nothing),
            };
            found.push(Step { name: name.to_owned(), resource: task.resource.clone(), how });
        }
    });
    found
}

/// Refuses what this machine cannot run, before anything starts.
///
/// # Errors
/// FLOW0910 for a step with nothing to run it, FLOW0921 for those that wait for an answer.
pub fn runnable(parts: &[Part<'_>], all: &BTreeMap<String, Changes>) -> Result<(), LocalError> {
    let mut unanswered = Vec::new();
    for part in parts {
        let changes = all.get(part.name()).cloned().unwrap_or_default();
        for step in part.steps.iter().filter(|step| !changes.never_runs(&step.name)) {
            match step.how {
                How::Nothing => return Err(stuck(part, step)),
                How::Await if !changes.answers.contains_key(&step.name) => unanswered.push((part, step)),
                _ => {}
            }
        }
    }
    if unanswered.is_empty() { Ok(()) } else { Err(awaits::unanswered(&unanswered)) }
}

fn stuck(part: &Part<'_>, step: &Step) -> LocalError {
    let place = part.artefacts.place(&step.name).map(|place| format!(" ({place})")).unwrap_or_default();
    let local = part.artefacts.task(&step.name).map(|task| format!(" or a local `{}`", task.kind)).unwrap_or_default();
    let name = part.path(&step.name);
    LocalError::new(
        LOCAL_SETUP,
        format!("step `{name}`{place} cannot run here: nothing on this machine stands for `{}`{local}", step.resource),
    )
    .help(format!(
        "go on without it: `--skip {name}`\nor see what happens when it fails: `--fail {name}:States.TaskFailed`\n\
         or say in its task how it runs here: `local = python {{ … }}`",
    ))
}

/// Takes the results of skipped steps out of the machine, where nothing reads them.
///
/// # Errors
/// FLOW0909 for a step whose result another state reads.
pub fn skip(machine: &mut StateMachine, changes: &Changes, path: &dyn Fn(&str) -> String) -> Result<(), LocalError> {
    for step in &changes.skips {
        let mut assigned = Vec::new();
        for_each_state(&mut machine.states, &mut |name, state| {
            if let (State::Task(task), true) = (state, name == step) {
                assigned.extend(task.assign.iter().flatten().filter(|(_, value)| reads_result(value)).map(|(name, _)| name.clone()));
            }
        });
        if let Some((reader, variable)) = reader(&mut machine.states, changes, &assigned) {
            let (step, reader) = (path(step), path(&reader));
            return Err(LocalError::new(
                BAD_FAULT,
                format!("step `{step}` cannot be skipped: `{reader}` reads its result (`{variable}`)"),
            )
            .help(format!("skip `{reader}` too: `--skip {step} --skip {reader}`\nor let it fail: `--fail {step}:States.TaskFailed`")));
        }
        for_each_state(&mut machine.states, &mut |name, state| {
            if let (State::Task(task), true) = (state, name == step) {
                if let Some(assign) = &mut task.assign {
                    assign.retain(|_, value| !reads_result(value));
                }
                task.assign = task.assign.take().filter(|assign| !assign.is_empty());
                // No arguments are evaluated either: they may need what another skipped step would have given.
                task.arguments = Some(json!({}));
            }
        });
    }
    Ok(())
}

/// The first state that reads one of the variables; what a skipped step would read is not read.
fn reader(states: &mut IndexMap<String, State>, changes: &Changes, variables: &[String]) -> Option<(String, String)> {
    let mut found = None;
    for_each_state(states, &mut |name, state| {
        // A state that holds others reads what they read; they are visited themselves.
        let leaf = !matches!(state, State::Parallel(_) | State::Map(_));
        if found.is_none() && !changes.skips(name) && leaf {
            let value = serde_json::to_value(&*state).unwrap_or_default();
            if let Some(variable) = variables.iter().find(|variable| mentions(&value, variable)) {
                found = Some((name.to_owned(), variable.clone()));
            }
        }
    });
    found
}

fn reads_result(value: &Value) -> bool {
    any_expression(value, &mut |text| text.contains("$states"))
}

fn mentions(value: &Value, variable: &str) -> bool {
    any_expression(value, &mut |text| {
        let mut pieces = text.split('$');
        pieces.next();
        pieces.any(|piece| {
            piece.strip_prefix(variable).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    })
}

fn any_expression(value: &Value, test: &mut dyn FnMut(&str) -> bool) -> bool {
    match value {
        Value::String(text) => jsonata::is_expression(text) && test(text),
        Value::Array(items) => items.iter().any(|item| any_expression(item, test)),
        Value::Object(fields) => fields.values().any(|field| any_expression(field, test)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What a skipped step answers; nothing reads it.
pub fn nothing(resource: &str) -> Value {
    if resource == LAMBDA_INVOKE {
        let report = serde_json::to_value(flow_plan::Report::default()).unwrap_or_default();
        return json!({ "ExecutedVersion": "$LATEST", "Payload": report, "StatusCode": 200 });
    }
    json!({})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::changes::Fault;

    fn machine() -> StateMachine {
        StateMachine::parse(
            r#"{"QueryLanguage": "JSONata", "StartAt": "compute", "States": {
                "compute": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f", "Payload": "{% $unset %}"},
                    "Assign": {"compute": "{% $states.result.Payload %}", "last": "compute"}, "Next": "dbt"},
                "dbt": {"Type": "Task", "Resource": "r", "Arguments": {"a": "{% $computer %}"}, "Assign": {"dbt": "{% $states.result %}"}, "Next": "p"},
                "p": {"Type": "Parallel", "Branches": [{"StartAt": "announce", "States": {
                    "announce": {"Type": "Pass", "Output": "{% 'Loaded ' & $compute.rows_out %}", "End": true}}}], "End": true}}}"#,
        )
        .unwrap()
    }

    #[test]
    fn a_step_that_nothing_runs_is_refused_with_ways_on() {
        let mut flow = flow_plan::LocalFlow::default();
        flow.tasks.insert(
            "dbt".to_owned(),
            serde_json::from_value(json!({ "task": "dbt_build", "kind": "python", "arguments": {} })).unwrap(),
        );
        let artefacts = Artefacts {
            local: flow_plan::LocalRun::default(),
            name: "nightly".to_owned(),
            flow,
            machine: machine(),
            source_map: flow_plan::SourceMap::default(),
        };
        let steps = steps(&artefacts);
        let how: Vec<_> = steps.iter().map(|step| (step.name.as_str(), step.how.clone())).collect();
        assert_eq!(how, [("compute", How::Nothing), ("dbt", How::Python)]);
        let part = Part { artefacts: &artefacts, steps: &steps, own: true };
        let error = runnable(&[part], &BTreeMap::new()).unwrap_err();
        insta::assert_snapshot!("not_runnable", format!("{}\n{}", error.message, error.help.unwrap()));
        let fault = Fault { step: "compute".into(), error: "A".into(), times: None };
        let changes = Changes { faults: vec![fault], ..Changes::default() };
        assert!(runnable(&[part], &BTreeMap::from([("nightly".to_owned(), changes)])).is_ok());
    }

    #[test]
    fn a_step_whose_result_is_read_is_not_skipped() {
        let changes = Changes { skips: vec!["compute".to_owned()], ..Changes::default() };
        let error = skip(&mut machine(), &changes, &str::to_owned).unwrap_err();
        assert_eq!(error.message, "step `compute` cannot be skipped: `announce` reads its result (`compute`)");
    }

    #[test]
    fn what_a_skipped_step_reads_may_be_skipped_too() {
        let changes = Changes { skips: vec!["compute".to_owned(), "announce".to_owned()], ..Changes::default() };
        assert!(skip(&mut machine(), &changes, &str::to_owned).is_ok());
    }

    #[test]
    fn a_skipped_step_assigns_nothing_of_its_result() {
        let mut machine = machine();
        skip(&mut machine, &Changes { skips: vec!["dbt".to_owned()], ..Changes::default() }, &str::to_owned).unwrap();
        let dbt = serde_json::to_value(machine.states.get("dbt")).unwrap();
        assert_eq!((dbt.get("Assign"), dbt.get("Arguments")), (None, Some(&json!({}))));
    }
}
