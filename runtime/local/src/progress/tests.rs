//! What is printed, under the virtual clock.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use crate::home::Home;
use crate::changes::Fault;
use crate::summary::Summary;
use flow_asl::driver::{Mock, MockAnswer};
use flow_asl::interpreter::{Execution, ExecutionOptions, Status};
use flow_asl::model::StateMachine;
use serde_json::json;

const MACHINE: &str = r#"{"QueryLanguage": "JSONata", "StartAt": "validate", "States": {
    "validate": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f", "Payload": {"operation": "validate"}}, "Next": "copy"},
    "copy": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f", "Payload": {"operation": "copy"}},
        "Retry": [{"ErrorEquals": ["Flow.StoreFailed"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "whether undo"}], "Next": "dbt"},
    "dbt": {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Arguments": {}, "End": true},
    "whether undo": {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "undo"}]},
    "undo": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f", "Payload": {"operation": "clear"}}, "Next": "alert"},
    "alert": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "f", "Payload": {"operation": "handler", "arguments": {"text": "Load failed in copy"}}}, "Next": "fail"},
    "fail": {"Type": "Fail", "Error": "LoadFailed", "Cause": "disk full"}}}"#;

fn report(rows_in: u64, rows_out: u64, rows_invalid: u64, files: u64) -> MockAnswer {
    let payload = json!({"rows_in": rows_in, "rows_out": rows_out, "rows_invalid": rows_invalid, "files": files, "bytes": files * 4100, "milliseconds": 1});
    MockAnswer::output(json!({"StatusCode": 200, "Payload": payload})).after(Duration::from_millis(1234))
}

fn failed(name: &str, message: &str) -> MockAnswer {
    MockAnswer::error(name, json!({"errorType": name, "errorMessage": message}).to_string()).after(Duration::from_millis(50))
}

/// What is printed, line by line, and the summary, under the virtual clock.
fn shown(mut mock: Mock, changes: Changes) -> String {
    let place = tempfile::tempdir().unwrap();
    let log = Log::create(&place.path().join("log.jsonl")).unwrap();
    log.line("f", r#"{"level":"INFO","message":"reading"}"#);
    log.line("f", r#"{"level":"ERROR","message":"boom","place":"copy.rs:3"}"#);
    let names = ["validate", "copy", "dbt", "undo", "alert"];
    let steps = names.iter().map(|name| Step { name: (*name).to_owned(), resource: String::new(), how: How::Python });
    let places = names.iter().chain(&["whether undo"]).zip(10..).map(|(name, line)| ((*name).to_owned(), format!("nightly.flow:{line}")));
    let setting = Setting { steps: steps.collect(), changes, places: places.collect(), shape: Shape::default(), logs: BTreeMap::new(), log };
    let mut progress = Progress::new(Screen::captured(false), setting, false);
    let machine = StateMachine::parse(MACHINE).unwrap();
    let execution = Execution::new(&machine, ExecutionOptions::default()).unwrap_or_else(|issues| panic!("{issues:?}"));
    let outcome = execution.run(&mut mock, &mut progress);
    progress.finish(outcome.time.1);
    let home = Home {
        root: "/x/.flow".into(),
        buckets: "/x/.flow/buckets".into(),
        notifications: "/x/.flow/notifications.jsonl".into(),
        run: "/x/.flow/runs/1".into(),
        id: "20260106T020003Z-nightly".into(),
    };
    let summary = Summary {
        color: false,
        records: progress.records.values().collect(),
        not_run: progress.not_run(),
        tables: Vec::new(),
        files: Vec::new(),
        status: outcome.status,
        output: outcome.output.clone(),
        error: outcome.error.clone().map(|error| (error, outcome.cause.clone().unwrap_or_default())),
        took: Duration::from_micros(u64::try_from(outcome.time.1 - outcome.time.0).unwrap()),
        home: &home,
        next: if outcome.status == Status::Succeeded { vec![("see it fail".into(), "flowc run …".into())] } else { Vec::new() },
    };
    let lines = progress.screen.lines().replace(&place.path().display().to_string(), "RUN");
    format!("{lines}\n{}", summary.text())
}

#[test]
fn a_good_day() {
    let mock = Mock::new()
        .answer("validate", report(54_546, 54_410, 136, 0))
        .answer("copy", report(54_546, 54_410, 136, 1))
        .answer("dbt", MockAnswer::output(json!({})));
    let skip = Changes { skips: vec!["dbt".into()], ..Changes::default() };
    insta::assert_snapshot!(shown(mock, skip));
}

#[test]
fn retries_then_the_handler_then_failure() {
    let mock = Mock::new()
        .answer("validate", report(10, 10, 0, 0))
        .answer("copy", failed("Flow.StoreFailed", "the disk is full:\n  cannot write `a`"))
        .answer("copy", failed("Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: signal: killed"))
        .answer("undo", report(0, 0, 0, 0))
        .answer("alert", MockAnswer::output(json!({"StatusCode": 200, "Payload": {"delivered": true}})));
    let fault = Fault { step: "copy".into(), error: "Flow.StoreFailed".into(), times: Some(1) };
    insta::assert_snapshot!(shown(mock, Changes { faults: vec![fault], ..Changes::default() }));
}

/// A loop of looks, a wait, branches, a loop that fails once.
const LOOPS: &str = r#"{"QueryLanguage": "JSONata", "StartAt": "poll", "States": {
    "poll": {"Type": "Pass", "Assign": {"looks": 0}, "Next": "wait"},
    "wait": {"Type": "Wait", "Seconds": 90, "Assign": {"looks": "{% $looks + 1 %}"}, "Next": "look"},
    "look": {"Type": "Task", "Resource": "r", "Assign": {"state": "{% $states.result %}"}, "Next": "until"},
    "until": {"Type": "Choice", "Choices": [{"Condition": "{% $state = 'READY' %}", "Next": "pause"},
        {"Condition": "{% $looks >= 40 %}", "Next": "pause"}], "Default": "wait"},
    "pause": {"Type": "Wait", "Seconds": 7200, "Next": "both"},
    "both": {"Type": "Parallel", "Next": "many", "Branches": [
        {"StartAt": "left", "States": {"left": {"Type": "Task", "Resource": "r", "End": true}}},
        {"StartAt": "right", "States": {"right": {"Type": "Task", "Resource": "r", "End": true}}}]},
    "many": {"Type": "Map", "Items": "{% [1..ITEMS] %}", "MaxConcurrency": 2, "ItemProcessor": {"StartAt": "load", "States": {
        "load": {"Type": "Task", "Resource": "r", "End": true,
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 4, "MaxAttempts": 2, "BackoffRate": 1}]}}}, "End": true}}}"#;

fn loops(items: u64, live: bool) -> String {
    let place = tempfile::tempdir().unwrap();
    let text = LOOPS.replace("ITEMS", &items.to_string());
    let second = |answer: MockAnswer| answer.after(Duration::from_secs(1));
    let mut mock = Mock::new()
        .answer("look", second(MockAnswer::output(json!("RUNNING"))))
        .answer("look", second(MockAnswer::output(json!("READY"))))
        .answer("left", second(MockAnswer::output(json!({}))))
        .answer("right", MockAnswer::output(json!({})).after(Duration::from_secs(3)))
        .answer("load", second(MockAnswer::output(json!({}))))
        .answer("load", second(failed("Busy", "somebody else is at work")))
        .answer("load", second(MockAnswer::output(json!({}))));
    let names = ["look", "left", "right", "load"];
    let steps = names.iter().map(|name| Step { name: (*name).to_owned(), resource: String::new(), how: How::Python });
    let setting = Setting {
        steps: steps.collect(),
        changes: Changes::default(),
        places: names.iter().chain(&["both", "many", "pause"]).zip(10..).map(|(name, line)| ((*name).to_owned(), format!("a.flow:{line}"))).collect(),
        shape: Shape::of(&serde_json::from_str(&text).unwrap()),
        logs: BTreeMap::new(),
        log: Log::create(&place.path().join("log.jsonl")).unwrap(),
    };
    let mut progress = Progress::new(Screen::captured(live), setting, false);
    let machine = StateMachine::parse(&text).unwrap();
    let execution = Execution::new(&machine, ExecutionOptions::default()).unwrap_or_else(|issues| panic!("{issues:?}"));
    let outcome = execution.run(&mut mock, &mut progress);
    assert_eq!(outcome.status, Status::Succeeded, "{:?}", outcome.cause);
    progress.finish(outcome.time.1);
    progress.screen.lines()
}

#[test]
fn loops_and_lanes_as_plain_lines() {
    insta::assert_snapshot!(loops(3, false));
}

#[test]
fn of_many_iterations_each_tenth_is_told() {
    insta::assert_snapshot!(loops(40, false));
}

#[test]
fn loops_and_lanes_on_a_terminal() {
    insta::assert_snapshot!(loops(3, true));
}
