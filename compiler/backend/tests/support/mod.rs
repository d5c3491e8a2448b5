//! Programs of `tests/programs/flows/`, built and run with given answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use flow_asl::driver::Mock;
use flow_asl::interpreter::{Execution, ExecutionOptions, Outcome, Silent, Status};
use flow_asl::model::StateMachine;
use flow_backend::BuildOptions;
use flow_diagnostics::render::{ColorChoice, human};
use flow_diagnostics::{Diagnostics, FileSet};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Every file of a build.
pub fn built(program: &str) -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs/flows").join(format!("{program}.flow"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files = FileSet::default();
    let file = files.add(format!("{program}.flow"), text);
    let mut diagnostics = Diagnostics::default();
    let checked = flow_analysis::check(file, &mut files, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{}", human(&files, &diagnostics, ColorChoice::Never));
    let built = flow_backend::build(&checked, &files, &BuildOptions::default());
    assert_eq!(built.faults, []);
    built.files.into_iter().collect()
}

/// A flow's state machine with its deploy values put in, as `templatefile` and the local runner do.
pub fn machine(program: &str, flow: &str) -> StateMachine {
    let files = built(program);
    let mut text = files[&format!("{flow}.asl.json")].clone();
    let local: Json = serde_json::from_str(&files["local.json"]).unwrap();
    for (name, value) in local["flows"][flow]["substitutions"].as_object().unwrap() {
        let escaped = json!(value.as_str().unwrap()).to_string();
        text = text.replace(&format!("\"${{{name}}}\""), &escaped);
    }
    let machine = StateMachine::parse(&text).unwrap();
    assert_eq!(flow_asl::validate::validate(&machine), [], "{text}");
    machine
}

/// Runs a state machine on answers that are given.
pub fn run(machine: &StateMachine, input: Json, mock: &mut Mock) -> Outcome {
    let options = ExecutionOptions { input, ..ExecutionOptions::default() };
    let execution = Execution::new(machine, options).unwrap_or_else(|issues| panic!("{issues:#?}"));
    execution.run(mock, &mut Silent)
}

/// How an execution ended: its output, or its error and cause.
pub fn end(outcome: &Outcome) -> Json {
    match outcome.status {
        Status::Succeeded => outcome.output.clone().unwrap_or_default(),
        _ => json!([outcome.error, outcome.cause]),
    }
}
