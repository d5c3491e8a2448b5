//! Emitted machines, interpreted with mocked tasks.

use super::nightly::program;
use super::{built, file};
use flow_analysis::program::*;
use flow_asl::driver::{Mock, MockAnswer};
use flow_asl::interpreter::{Execution, ExecutionOptions, Outcome, Silent, Status};
use flow_asl::model::StateMachine;
use serde_json::{Value as Json, json};

/// The definition's text with deploy values put in, as `templatefile` and the local runner do.
fn filled(program: &Program, definition: &str) -> StateMachine {
    let output = built(program);
    let mut text = file(&output, definition);
    let local: Json = serde_json::from_str(&file(&output, "local.json")).unwrap();
    for (name, value) in local["flows"]["nightly"]["substitutions"].as_object().unwrap() {
        let escaped = json!(value.as_str().unwrap()).to_string();
        text = text.replace(&format!("\"${{{name}}}\""), &escaped);
    }
    StateMachine::parse(&text).unwrap()
}

pub fn run(machine: &StateMachine, input: Json, mock: &mut Mock) -> Outcome {
    let options = ExecutionOptions { input, ..ExecutionOptions::default() };
    let execution = Execution::new(machine, options).unwrap_or_else(|issues| panic!("{issues:#?}"));
    execution.run(mock, &mut Silent)
}

fn report(rows: u64) -> MockAnswer {
    MockAnswer::output(json!({ "StatusCode": 200, "Payload": { "rows_out": rows } }))
}

fn failed(name: &str, message: &str) -> MockAnswer {
    MockAnswer::error(name, json!({ "errorType": name, "errorMessage": message }).to_string())
}

pub fn ran(mock: &Mock) -> Vec<&str> {
    mock.started().iter().map(|request| request.state.as_str()).collect()
}

const ALL: [&str; 6] = ["validate", "copy", "compute", "dbt", "export", "announce"];

fn good() -> Mock {
    Mock::new().answer("compute", report(42))
}

#[test]
fn a_good_day_runs_every_step_and_ends_with_an_empty_output() {
    let machine = filled(&program(), "nightly.asl.json");
    let mut mock = good();
    let outcome = run(&machine, json!({ "run_date": "2026-01-05" }), &mut mock);
    assert_eq!((outcome.status, outcome.output), (Status::Succeeded, Some(json!({}))), "{:?}", outcome.cause);
    assert_eq!(ran(&mock), ALL);
    let arguments = |state: &str| {
        mock.started().iter().find(|request| request.state == state).unwrap().arguments.clone()
    };
    assert_eq!(
        arguments("validate"),
        json!({
            "FunctionName": "arn:aws:lambda:us-east-1:000000000000:function:dpc-dev-worker",
            "Payload": {
                "operation": "validate",
                "table": { "table": "encounters", "partitions": { "dt": "2026-01-05" } },
                "max_invalid": 0.01,
                "execution": "execution",
                "step": "validate"
            }
        })
    );
    let request: flow_plan::Request = serde_json::from_value(arguments("copy")["Payload"].clone()).unwrap();
    assert_eq!(request.step, "copy");
    assert_eq!(arguments("dbt")["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"], json!([]));
    assert_eq!(arguments("dbt")["Overrides"]["ContainerOverrides"][0]["Command"][3], json!("dev"));
    assert_eq!(arguments("announce")["Payload"]["arguments"]["text"], json!("Loaded 42 rows for 2026-01-05"));
    assert_eq!(arguments("announce")["Payload"]["arguments"]["secret"], json!("slack"));
}

#[test]
fn every_request_of_the_generic_binary_is_one_that_it_reads() {
    for definition in ["nightly.asl.json", "nightly.rollback.asl.json"] {
        let machine = filled(&program(), definition);
        let mut mock = good().answer("export", failed("Flow.SchemaMismatch", "no"));
        run(&machine, json!({ "run_date": "2026-01-05" }), &mut mock);
        for request in mock.started().iter().filter(|request| request.resource.ends_with("lambda:invoke")) {
            let payload = request.arguments["Payload"].clone();
            let read: Result<flow_plan::Request, _> = serde_json::from_value(payload.clone());
            assert!(read.is_ok(), "{payload}: {read:?}");
        }
    }
}

#[test]
fn the_schedule_loads_the_day_before() {
    let machine = filled(&program(), "nightly.asl.json");
    let mut mock = good();
    let trigger = json!({ "trigger": { "kind": "schedule", "index": 0, "time": "2026-03-01T02:00:00Z" } });
    assert_eq!(run(&machine, trigger, &mut mock).status, Status::Succeeded);
    assert_eq!(
        mock.started()[5].arguments["Payload"]["arguments"]["text"],
        json!("Loaded 42 rows for 2026-02-28")
    );
}

#[test]
fn an_input_that_is_missing_wrong_or_unknown_is_refused_by_name() {
    let machine = filled(&program(), "nightly.asl.json");
    let refused = |input: Json| {
        let mut mock = good();
        let outcome = run(&machine, input, &mut mock);
        assert_eq!((outcome.status, ran(&mock).len()), (Status::Failed, 0));
        assert_eq!(outcome.error.as_deref(), Some("States.QueryEvaluationError"));
        outcome.cause.unwrap()
    };
    let cases = [
        json!({}),
        json!({ "run_date": null }),
        json!({ "run_date": "2026-02-30" }),
        json!({ "run_date": "2026-02-29" }),
        json!({ "run_date": "5.1.2026" }),
        json!({ "run_date": 20260105 }),
        json!({ "run_date": ["2026-01-05"] }),
        json!({ "run_date": "2026-01-05", "rundate": 1 }),
        json!({ "trigger": { "kind": "schedule", "index": 7, "time": "2026-03-01T02:00:00Z" } }),
        json!("2026-01-05"),
    ];
    let causes: Vec<String> = cases.iter().map(|case| format!("{case}\n  {}", refused(case.clone()))).collect();
    insta::assert_snapshot!(causes.join("\n"));
    let mut mock = good();
    let input = json!({ "run_date": "2024-02-29", "Comment": "x", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "y" });
    assert_eq!(run(&machine, input, &mut mock).status, Status::Succeeded);
}

#[test]
fn each_step_that_fails_alerts_with_its_name_and_fails_the_flow() {
    for (definition, rollback) in [("nightly.asl.json", false), ("nightly.rollback.asl.json", true)] {
        let machine = filled(&program(), definition);
        for (at, step) in ALL.iter().enumerate() {
            let mut mock = failing(step, failed("Flow.TooManyInvalid", "3 of 4 \"bad\"\nrecords"));
            let outcome = run(&machine, json!({ "run_date": "2026-01-05" }), &mut mock);
            assert_eq!(outcome.status, Status::Failed);
            assert_eq!(outcome.error.as_deref(), Some("LoadFailed"));
            assert_eq!(outcome.cause.as_deref(), Some("3 of 4 \"bad\"\nrecords"));
            let mut expected: Vec<&str> = ALL[..=at].to_vec();
            if rollback && ["copy", "compute", "dbt"].contains(step) {
                expected.push("undo");
            }
            expected.push("alert");
            assert_eq!(ran(&mock), expected);
            let alert = mock.started().last().unwrap();
            assert_eq!(
                alert.arguments["Payload"]["arguments"]["text"],
                json!(format!("Load of 2026-01-05 failed in {step}: 3 of 4 \"bad\"\nrecords"))
            );
        }
    }
}

fn failing(step: &str, answer: MockAnswer) -> Mock {
    let mock = if step == "compute" { Mock::new() } else { good() };
    mock.answer(step, answer)
}

fn alert_of(answer: MockAnswer) -> String {
    let machine = filled(&program(), "nightly.asl.json");
    let mut mock = failing("dbt", answer);
    run(&machine, json!({ "run_date": "2026-01-05" }), &mut mock);
    let alert = mock.started().last().unwrap();
    assert_eq!(alert.state, "alert");
    alert.arguments["Payload"]["arguments"]["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_cause_reads_for_people_whatever_it_is() {
    let of = |error: &str, cause: &str| alert_of(MockAnswer::error(error, cause));
    let start = "Load of 2026-01-05 failed in dbt: ";
    assert_eq!(of("A", "plain"), format!("{start}plain"));
    assert_eq!(of("A", ""), format!("{start}A"));
    assert_eq!(of("A", "{\"errorMessage\": cut"), format!("{start}{{\"errorMessage\": cut"));
    assert_eq!(of("A", "{\"errorMessage\":\"cut off \\"), format!("{start}{{\"errorMessage\":\"cut off \\"));
    assert_eq!(
        of("States.TaskFailed", r#"{"Attachments":[],"StoppedReason":"Essential container in task exited","Version":3}"#),
        format!("{start}Essential container in task exited")
    );
    assert_eq!(
        of("B", r#"{"errorType":"B","errorMessage":"a \u00e9 \"q\" \\ {% $x %}\n","stackTrace":[]}"#),
        format!("{start}a é \"q\" \\ {{% $x %}}\n")
    );
    assert_eq!(alert_of(MockAnswer::hang()), format!("{start}States.Timeout"));
}

#[test]
fn a_failure_of_the_handler_goes_to_on_failure_and_one_of_that_ends() {
    let machine = filled(&program(), "nightly.rollback.asl.json");
    let mut mock = good().answer("copy", failed("A", "first")).answer("undo", failed("B", "second"));
    let outcome = run(&machine, json!({ "run_date": "2026-01-05" }), &mut mock);
    assert_eq!(ran(&mock), ["validate", "copy", "undo", "alert"]);
    assert_eq!(outcome.cause.as_deref(), Some("second"));

    let mut mock = good().answer("validate", failed("A", "first")).answer("alert", failed("C", "no webhook"));
    let outcome = run(&machine, json!({ "run_date": "2026-01-05" }), &mut mock);
    assert_eq!(ran(&mock), ["validate", "alert"]);
    assert_eq!((outcome.status, outcome.error.as_deref()), (Status::Failed, Some("C")));
}

#[test]
fn a_transient_failure_is_retried_and_an_exhausted_one_is_caught() {
    let machine = filled(&program(), "nightly.asl.json");
    let mut mock = good().answer("copy", failed("Flow.StoreFailed", "busy")).answer("copy", report(1));
    assert_eq!(run(&machine, json!({ "run_date": "2026-01-05" }), &mut mock).status, Status::Succeeded);
    assert_eq!(ran(&mock).iter().filter(|state| **state == "copy").count(), 2);

    let mut mock = good().answer("copy", failed("Flow.StoreFailed", "busy"));
    let outcome = run(&machine, json!({ "run_date": "2026-01-05" }), &mut mock);
    assert_eq!(ran(&mock).iter().filter(|state| **state == "copy").count(), 5);
    assert_eq!(outcome.cause.as_deref(), Some("busy"));
    assert!(!ran(&mock).contains(&"compute"));

    // What is not idempotent is not retried.
    let mut mock = good().answer("dbt", failed("Flow.StoreFailed", "busy"));
    run(&machine, json!({ "run_date": "2026-01-05" }), &mut mock);
    assert_eq!(ran(&mock).iter().filter(|state| **state == "dbt").count(), 1);
}

#[test]
fn every_definition_is_valid_and_every_state_is_in_the_source_map() {
    let program = program();
    let output = built(&program);
    let map: flow_plan::SourceMap = serde_json::from_str(&file(&output, "nightly.map.json")).unwrap();
    for definition in ["nightly.asl.json", "nightly.rollback.asl.json"] {
        let machine = StateMachine::parse(&file(&output, definition)).unwrap();
        assert_eq!(flow_asl::validate::validate(&machine), []);
        assert_eq!(machine.unknown_fields(), Vec::<String>::new());
        for name in machine.states.keys() {
            assert!(map.states.contains_key(name), "{name}");
            assert!(name.chars().count() <= 80);
        }
    }
}
