//! `call`: executions of the program's other flows, each with the emitted state machine, on a thread of its own.
//!
//! A nested execution shows nothing of its own: its caller's step is what a run follows.

use crate::artefacts::Artefacts;
use crate::driver::Driver;
use crate::error::LocalError;
use crate::python;
use crate::changes::{Changes, Part};
use crate::steps::{self, How, Step};
use flow_asl::clock::Clock;
use flow_asl::driver::{Completion, NestedExecution, TaskError, TaskRequest};
use flow_asl::interpreter::{AbortHandle, ContextOptions, Execution, ExecutionOptions};
use flow_asl::model::StateMachine;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

/// The integration that `call` becomes.
pub const START_EXECUTION: &str = "arn:aws:states:::states:startExecution.sync:2";

/// A flow that others start.
#[derive(Debug)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// It, with the deploy values of the run.
    pub machine: StateMachine,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Its commands, by state.
    pub commands: BTreeMap<String, Arc<python::Task>>,
}

/// Flows by the ARN that stands for each.
pub type Flows = BTreeMap<String, Flow>;

/// The artefacts of every flow that a flow starts, and of those that they start, by their ARNs. The compiler refuses
/// circles.
///
/// # Errors
/// A build that is not whole.
pub fn load(directory: &Path, steps: &[Step]) -> Result<BTreeMap<String, Artefacts>, LocalError> {
    let mut found: BTreeMap<String, Artefacts> = BTreeMap::new();
    let called = |steps: &[Step]| -> Vec<(String, String)> {
        let flows = steps.iter().filter_map(|step| match &step.how {
            How::Flow { arn, name } => Some((arn.clone(), name.clone())),
            _ => None,
        });
        flows.collect()
    };
    let mut open = called(steps);
    while let Some((arn, name)) = open.pop() {
        if found.contains_key(&arn) {
            continue;
        }
        let artefacts = Artefacts::load(directory, Some(&name))?;
        open.extend(called(&steps::steps(&artefacts)));
        found.insert(arn, artefacts);
    }
    Ok(found)
}

/// The flow that runs, and those that it starts with what is changed.
pub fn reached<'a>(parts: &[Part<'a>], all: &BTreeMap<String, Changes>) -> Vec<Part<'a>> {
    let mut reached: Vec<Part<'a>> = parts.iter().filter(|part| part.own).copied().collect();
    let mut next = 0;
    while let Some(part) = reached.get(next).copied() {
        next += 1;
        let runs = |step: &&Step| !all.get(part.name()).is_some_and(|changes| changes.never_runs(&step.name));
        for step in part.steps.iter().filter(runs) {
            let How::Flow { name, .. } = &step.how else { continue };
            if !reached.iter().any(|known| known.name() == name) {
                reached.extend(parts.iter().filter(|part| part.name() == name));
            }
        }
    }
    reached
}

/// Starts an execution and answers its caller at its end. Dropping the handle's owner ends nothing: abort it.
pub fn start(arn: &str, flows: &Arc<Flows>, of: &mut Driver, request: &TaskRequest, completion: Completion) -> Option<AbortHandle> {
    let flow = flows.get(arn)?;
    let input = request.arguments.get("Input").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    // One that did not end well goes on, if it is asked for the same.
    let site = (request.state.clone(), request.path.clone());
    let before = of.resumed.remove(&site).filter(|before| before.input == input);
    let name = match &before {
        Some(before) => before.execution.clone(),
        None => format!("{}-{}", request.state, request.id),
    };
    let seed = before.as_ref().map_or_else(crate::chance, |before| before.seed);
    let machine_name = arn.rsplit(':').next().unwrap_or(arn);
    let nested = NestedExecution { machine_arn: arn.to_owned(), name: name.clone(), input: input.clone() };
    let context = ContextOptions {
        execution_arn: nested.execution_arn(),
        state_machine_arn: arn.to_owned(),
        ..ContextOptions::local(machine_name, &name)
    };
    let (machine, mut driver) = (flow.machine.clone(), of.nested(flow, &name));
    of.recorder.call(request, &name, &flow.name, &input, seed);
    let replay = before.map(|before| {
        driver.resumed = before.resumed.nested;
        before.resumed.replay
    });
    let mut recorder = driver.recorder.clone();
    let options = ExecutionOptions {
        name,
        input,
        clock: Clock::Real,
        seed,
        context: Some(context),
        ..ExecutionOptions::default()
    };
    // An execution stays on its thread, so it is made there.
    let (sender, handle) = channel();
    std::thread::spawn(move || {
        let execution = match Execution::new(&machine, options) {
            Ok(execution) => execution,
            Err(issues) => {
                let cause = issues.first().map_or_else(String::new, |issue| issue.message.clone());
                let error = TaskError::new("StepFunctions.InvalidDefinitionException", cause);
                return completion.complete(Err(error));
            }
        };
        // Nobody waits for the handle of an execution whose caller is over.
        let _unheard = sender.send(execution.abort_handle());
        let outcome = match replay {
            Some(replay) => execution.resume(replay, &mut driver, &mut recorder),
            None => execution.run(&mut driver, &mut recorder),
        };
        completion.complete(nested.result(&outcome));
    });
    handle.recv().ok()
}
