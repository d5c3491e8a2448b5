//! Whole programs through the back end: what is emitted, and what it does when it is interpreted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod avro;
mod example;
mod graph;
mod lowering;
mod nightly;
mod paths;
mod run;
mod statements;

use crate::{BuildOptions, BuildOutput, build};
use flow_analysis::program::Program;

fn built(program: &Program) -> BuildOutput {
    build(program, &nightly::files(), &BuildOptions::default())
}

fn file(output: &BuildOutput, name: &str) -> String {
    output.files.get(name).unwrap_or_else(|| panic!("no {name} among {:?}", output.files.keys())).clone()
}

#[test]
fn the_nightly_flow_has_a_definition_for_each_value_of_its_toggle() {
    let output = built(&nightly::program());
    assert_eq!(output.faults, []);
    insta::assert_snapshot!("nightly", file(&output, "nightly.asl.json"));
    insta::assert_snapshot!("nightly.rollback", file(&output, "nightly.rollback.asl.json"));
    insta::assert_snapshot!("nightly.map", file(&output, "nightly.map.json"));
    insta::assert_snapshot!("substitutions", file(&output, "substitutions.json"));
    insta::assert_snapshot!("plan", file(&output, "plan.json"));
    insta::assert_snapshot!("local", file(&output, "local.json"));
}

#[test]
fn an_environment_folds_the_toggles() {
    let options = BuildOptions { env: Some("dev".to_owned()) };
    let output = build(&nightly::program(), &nightly::files(), &options);
    let definitions: Vec<&String> = output.files.keys().filter(|name| name.ends_with(".asl.json")).collect();
    assert_eq!(definitions, ["nightly.asl.json"]);
    assert_eq!(file(&output, "nightly.asl.json"), file(&built(&nightly::program()), "nightly.asl.json"));
}

#[test]
fn the_same_program_gives_the_same_bytes() {
    assert_eq!(built(&nightly::program()), built(&nightly::program()));
}
