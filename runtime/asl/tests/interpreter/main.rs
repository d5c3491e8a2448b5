//! The interpreter by small machines on the virtual clock, with mocked tasks.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod concurrency;
mod errors;
mod execution;
mod json_path;
mod jsonata;
mod limits;
mod redrive;
mod replay;

use flow_asl::clock::Clock;
use flow_asl::driver::{Completion, Mock, MockAnswer, TaskDriver, TaskRequest};
use flow_asl::history::HistoryEvent;
use flow_asl::interpreter::{
    Execution, ExecutionOptions, Kind, Observer, Outcome, RetryNotice, Silent, Status,
};
use flow_asl::model::StateMachine;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn machine(mut definition: Value) -> StateMachine {
    definition["QueryLanguage"] = json!("JSONata");
    serde_json::from_value(definition).unwrap()
}

fn execution(definition: Value, input: Value) -> Execution {
    let options = ExecutionOptions {
        input,
        ..ExecutionOptions::default()
    };
    Execution::new(&machine(definition), options).unwrap()
}

fn run(definition: Value, input: Value, mock: &mut Mock) -> Outcome {
    execution(definition, input).run(mock, &mut Silent)
}

/// One state that ends the machine.
fn one(state: Value) -> Value {
    json!({"StartAt": "S", "States": {"S": state}})
}

fn succeed(definition: Value, input: Value) -> Value {
    let outcome = run(definition, input, &mut Mock::new());
    assert_eq!(outcome.status, Status::Succeeded, "{:?}", outcome.cause);
    outcome.output.unwrap()
}

fn types(outcome: &Outcome) -> Vec<String> {
    outcome
        .history
        .iter()
        .map(|event| event.event.type_name())
        .collect()
}

fn entered(outcome: &Outcome) -> Vec<String> {
    let events = outcome
        .history
        .iter()
        .map(|event| serde_json::to_value(event).unwrap());
    events
        .filter_map(|event| {
            Some(
                event["stateEnteredEventDetails"]["name"]
                    .as_str()?
                    .to_owned(),
            )
        })
        .collect()
}

fn seconds(outcome: &Outcome) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let micros = (outcome.time.1 - outcome.time.0) as f64;
    micros / 1e6
}

fn task(more: Value) -> Value {
    let mut state =
        json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true});
    state
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    state
}

#[derive(Default)]
struct Waits(Vec<(u64, f64)>);

impl Observer for Waits {
    fn retry(&mut self, notice: &RetryNotice) {
        self.0.push((notice.attempt, notice.delay.as_secs_f64()));
    }
}

fn map(more: Value) -> Value {
    let mut state = json!({
        "Type": "Map", "Items": "{% $states.input %}", "End": true,
        "ItemProcessor": branch("T", task(json!({})))
    });
    state
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    one(state)
}

fn branch(name: &str, state: Value) -> Value {
    json!({"StartAt": name, "States": {name: state}})
}
