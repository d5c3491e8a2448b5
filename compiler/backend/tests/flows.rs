//! Flows of different kinds, as they are written in public practice: each program of `programs/flows/` is compiled,
//! its state machines are validated, and they are run here in all their branches, on answers that are given.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use flow_asl::driver::{MemoryObjects, Mock, MockAnswer, WithObjects};
use flow_asl::interpreter::{Execution, ExecutionOptions, Silent, Status};
use flow_asl::model::StateMachine;
use serde_json::{Value as Json, json};
use support::{built, end, machine, run};

const PROGRAMS: [&str; 14] = [
    "approval", "backfill", "breaker", "crawler", "events", "fan_out", "manifest", "nested", "redshift", "report", "saga",
    "semaphore", "status", "waiting",
];

#[test]
fn all_compile() {
    for program in PROGRAMS {
        let files = built(program);
        for (name, text) in &files {
            if name.ends_with(".asl.json") {
                let machine = StateMachine::parse(text).unwrap();
                assert_eq!(flow_asl::validate::validate(&machine), [], "{text}");
            }
        }
    }
}

fn answer(value: Json) -> MockAnswer {
    MockAnswer::output(value)
}

/// What a Lambda function answers.
fn payload(value: Json) -> MockAnswer {
    answer(json!({ "StatusCode": 200, "Payload": value }))
}

fn ran(mock: &Mock) -> Vec<&str> {
    mock.started().iter().map(|request| request.state.as_str()).collect()
}

#[test]
fn a_crawler_is_polled_until_it_is_ready() {
    let machine = machine("crawler", "crawl");
    let looks = |states: &[&str], last: Json| {
        let mock = Mock::new().answer("start", answer(json!({})));
        states.iter().fold(mock, |mock, state| {
            let crawler = json!({ "State": state, "LastCrawl": { "Status": last } });
            mock.answer("look", answer(json!({ "Crawler": crawler })))
        })
    };
    let input = || json!({ "crawler": "visits" });
    let mut mock = looks(&["RUNNING", "STOPPING", "READY"], json!("SUCCEEDED"));
    let outcome = run(&machine, input(), &mut mock);
    assert_eq!(end(&outcome), json!("SUCCEEDED"));
    assert_eq!(ran(&mock), ["start", "look", "look", "look"]);
    // It waits before each look.
    assert_eq!(outcome.time.1 - outcome.time.0, 90_000_000);
    let mut mock = looks(&["READY"], json!("FAILED"));
    assert_eq!(end(&run(&machine, input(), &mut mock)), json!(["Crawl.Failed", "visits failed, see its log"]));
    let mut mock = looks(&["READY"], Json::Null);
    assert_eq!(end(&run(&machine, input(), &mut mock)), json!(["Crawl.Failed", "visits failed, see its log"]));
    let mut mock = looks(&["READY"], json!("CANCELLED"));
    assert_eq!(end(&run(&machine, input(), &mut mock))[0], json!("Crawl.Cancelled"));
    // A value that the type does not have goes nowhere quietly.
    let mut mock = looks(&["READY"], json!("ODD"));
    let odd = end(&run(&machine, input(), &mut mock));
    assert_eq!(odd, json!(["Flow.UnexpectedValue", "no arm of `match` takes ODD"]));
    // It gives up after forty looks; a pause above the bound is cut.
    let mut mock = looks(&["RUNNING"], Json::Null);
    let outcome = run(&machine, json!({ "crawler": "visits", "pause": 3600 }), &mut mock);
    assert_eq!(end(&outcome), json!("STUCK"));
    assert_eq!(ran(&mock).len(), 41);
    assert_eq!(outcome.time.1 - outcome.time.0, 40 * 60_000_000);
    // Somebody else runs it: the handler goes on.
    let mut mock = Mock::new()
        .answer("start", MockAnswer::error("Glue.CrawlerRunningException", "busy"))
        .answer("look", answer(json!({ "Crawler": { "State": "READY", "LastCrawl": { "Status": "SUCCEEDED" } } })));
    assert_eq!(end(&run(&machine, input(), &mut mock)), json!("SUCCEEDED"));
}

#[test]
fn a_semaphore_is_taken_and_given_back_whatever_happens() {
    let machine = machine("semaphore", "guarded");
    let taken = || MockAnswer::error("DynamoDB.ConditionalCheckFailedException", "taken");
    let input = || json!({ "job": "load" });
    let mut mock = Mock::new().answer("acquire", taken()).answer("acquire", taken()).answer("acquire", answer(json!({})));
    let outcome = run(&machine, input(), &mut mock);
    assert_eq!(outcome.status, Status::Succeeded, "{:?}", outcome.cause);
    assert_eq!(ran(&mock), ["acquire", "acquire", "acquire", "work", "release"]);
    assert_eq!(outcome.time.1 - outcome.time.0, 10_000_000);
    let owner = mock.started()[0].arguments["ExpressionAttributeNames"]["#owner"].clone();
    assert_eq!(owner, json!("execution"));
    let mut mock = Mock::new().answer("work", MockAnswer::error("Work.Broken", "no"));
    assert_eq!(end(&run(&machine, input(), &mut mock)), json!(["Work.Broken", "no"]));
    assert_eq!(ran(&mock), ["acquire", "work", "give_back"]);
    let mut mock = Mock::new().answer("acquire", taken());
    assert_eq!(end(&run(&machine, input(), &mut mock)), json!(["Lock.Timeout", "no place for load in 100 tries"]));
    assert_eq!(ran(&mock).len(), 100);
    // What is not caught in the branch fails the `parallel`, and nothing catches that.
    let mut mock = Mock::new().answer("acquire", MockAnswer::error("DynamoDB.InternalServerError", "down"));
    assert_eq!(end(&run(&machine, input(), &mut mock)), json!(["DynamoDB.InternalServerError", "down"]));
}

#[test]
fn a_person_is_asked_and_answers_with_the_token() {
    let machine = machine("approval", "deletion");
    let input = || json!({ "customer": "c-1" });
    let decided = |approved: bool, by: Json| {
        Mock::new()
            .answer("decision", answer(json!({ "approved": approved, "by": by })))
            .answer("receipt", answer(json!({})))
    };
    let mut mock = decided(true, json!("ann"));
    assert_eq!(end(&run(&machine, input(), &mut mock)), json!("deleted by ann"));
    let tokens: Vec<&Json> = mock.started().iter().map(|request| &request.arguments["MessageBody"]["token"]).collect();
    assert!(tokens.iter().all(|token| token.is_string()) && tokens[0] != tokens[1], "{tokens:?}");
    assert_eq!(mock.started()[0].token.as_deref(), tokens[0].as_str());
    assert!(mock.started().iter().all(|request| request.resource == "arn:aws:states:::sqs:sendMessage.waitForTaskToken"));
    let mut mock = decided(true, Json::Null);
    assert_eq!(end(&run(&machine, input(), &mut mock)), json!("deleted by nobody"));
    let mut mock = decided(false, Json::Null);
    assert_eq!(end(&run(&machine, input(), &mut mock)), json!("kept"));
    let mut mock = Mock::new().answer("decision", MockAnswer::error("Approval.Rejected", "too young"));
    assert_eq!(end(&run(&machine, input(), &mut mock)), json!(["Deletion.Rejected", "c-1: too young"]));
    // No sign of life for four hours.
    let mut mock = Mock::new().answer("decision", MockAnswer::hang());
    let outcome = run(&machine, input(), &mut mock);
    assert_eq!(end(&outcome), json!("nobody is there"));
    assert_eq!(outcome.time.1 - outcome.time.0, 4 * 3_600_000_000);
    // The other one has a timeout alone.
    let mut mock = Mock::new()
        .answer("decision", answer(json!({ "approved": true, "by": null })))
        .answer("receipt", MockAnswer::hang());
    let outcome = run(&machine, input(), &mut mock);
    assert_eq!((end(&outcome)[0].clone(), outcome.time.1 - outcome.time.0), (json!("States.Timeout"), 3_600_000_000));
}

#[test]
fn a_call_gives_its_flow_s_input_and_gets_its_output() {
    let daily = machine("nested", "daily");
    let ended = |rows: u64| answer(json!({ "Output": { "rows": rows, "table": "t" }, "Status": "SUCCEEDED" }));
    let mut mock = Mock::new().answer("orders", ended(3)).answer("lines", ended(4));
    assert_eq!(end(&run(&daily, json!({ "day": "2026-01-05" }), &mut mock)), json!(7));
    let call = |step: &str| {
        let request = mock.started().iter().find(|request| request.state == step).unwrap();
        (request.resource.clone(), request.arguments.clone(), request.timeout.unwrap().as_secs())
    };
    let (resource, arguments, timeout) = call("orders");
    assert_eq!(resource, "arn:aws:states:::states:startExecution.sync:2");
    assert_eq!(arguments["StateMachineArn"], json!("arn:aws:states:us-east-1:000000000000:stateMachine:nested-local-load"));
    assert_eq!(arguments["Input"]["table"], json!("orders"));
    assert_eq!(arguments["Input"]["day"], json!("2026-01-05"));
    assert!(arguments["Input"]["again"].is_null() && arguments["Input"]["AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"].is_string());
    // The flow's own timeout, and a minute for its end to be heard of.
    assert_eq!(timeout, 31 * 60);
    let (_, arguments, timeout) = call("lines");
    assert_eq!((arguments["Input"]["again"].clone(), timeout), (json!(true), 3600));
    let mut mock = Mock::new().answer("orders", MockAnswer::error("States.TaskFailed", "Load.Empty")).answer("lines", ended(4));
    assert_eq!(end(&run(&daily, json!({ "day": "2026-01-05" }), &mut mock)), json!(["States.TaskFailed", "Load.Empty"]));

    // The flow that is called takes what it was sent.
    let load = machine("nested", "load");
    let input = json!({ "table": "orders", "day": "2026-01-05", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:…" });
    let mut mock = Mock::new().answer("load", payload(json!({ "rows": 3, "table": "orders" })));
    assert_eq!(end(&run(&load, input.clone(), &mut mock)), json!({ "rows": 3, "table": "orders" }));
    let mut mock = Mock::new().answer("load", payload(json!({ "rows": 0, "table": "orders" })));
    assert_eq!(end(&run(&load, input, &mut mock)), json!(["Load.Empty", "nothing in orders on 2026-01-05"]));
    let mut mock = Mock::new();
    let refused = run(&load, json!({ "table": "other", "day": "2026-01-05" }), &mut mock);
    assert_eq!(refused.error.as_deref(), Some("States.QueryEvaluationError"));
    // The role of the caller may start the flow, watch it, and use the rule that `.sync` needs.
    let policy = &built("nested")["roles.tf"];
    for part in ["states:StartExecution", "states:DescribeExecution", "events:PutRule", "StepFunctionsGetEventsForStepFunctionsExecutionRule"] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
}

#[test]
fn a_wait_ends_at_its_time_and_is_left_out_where_that_is_past() {
    let machine = machine("waiting", "publish");
    let mut mock = Mock::new().answer("publish", payload(json!({})));
    let outcome = run(&machine, json!({ "at": "1999-01-01T00:00:00Z", "text": "x" }), &mut mock);
    assert_eq!(outcome.status, Status::Succeeded, "{:?}", outcome.cause);
    assert_eq!(outcome.time.1 - outcome.time.0, 90_000_000);
    assert_eq!(mock.started()[0].arguments["Payload"]["key"], json!("execution"));
    let output = end(&outcome);
    assert_eq!(output["status"], json!(200));
    let began = output["began"].as_str().unwrap().to_owned();
    let at = began.replacen("T0", "T1", 1);
    if at != began {
        let mut mock = Mock::new().answer("publish", payload(json!({})));
        let outcome = run(&machine, json!({ "at": at, "text": "x" }), &mut mock);
        assert_eq!(outcome.time.1 - outcome.time.0, 10 * 3_600_000_000 + 90_000_000);
    }
}

#[test]
fn each_status_has_its_own_failure() {
    let machine = machine("status", "place");
    let with = |status: u64, id: Json| {
        let mut mock = Mock::new().answer("submit", payload(json!({ "status": status, "id": id })));
        let outcome = end(&run(&machine, json!({ "order": "o-1" }), &mut mock));
        (outcome, mock.started().last().unwrap().arguments["Message"].clone())
    };
    assert_eq!(with(201, json!("17")).0, json!("good: 17"));
    assert_eq!(with(204, Json::Null).0, json!("good, without an id"));
    for (status, error, cause) in [
        (422, "Order.Invalid", "o-1 is refused with 422"),
        (403, "Order.Forbidden", "not allowed to order"),
        (429, "Order.Throttled", "Order.Throttled"),
        (500, "Order.Broken", "status 500"),
    ] {
        let (outcome, told) = with(status, Json::Null);
        assert_eq!(outcome, json!([error, cause]));
        assert_eq!(told, json!(format!("o-1: {error} in fail {error}: {cause}")));
    }
}

#[test]
fn items_are_worked_on_at_once_and_their_results_are_a_list() {
    let machine = machine("fan_out", "compare");
    let models = |models: Json| Mock::new().answer("list", payload(json!({ "models": models })));
    let mut mock = models(json!(["a", "b", "c"]))
        .answer("scored", payload(json!({ "auc": 0.5 })))
        .answer("scored", MockAnswer::error("Lambda.TooManyRequestsException", "slow down"))
        .answer("scored", payload(json!([1])));
    let output = end(&run(&machine, json!({}), &mut mock));
    assert_eq!(
        output,
        json!([
            { "model": "a", "place": 0, "score": { "auc": 0.5 } },
            { "model": "b", "place": 1, "score": null },
            { "model": "c", "place": 2, "score": [1] },
        ])
    );
    // One item and none are lists all the same.
    let mut mock = models(json!(["a"])).answer("scored", payload(json!(1)));
    assert_eq!(end(&run(&machine, json!({}), &mut mock)), json!([{ "model": "a", "place": 0, "score": 1 }]));
    let mut mock = models(json!([]));
    assert_eq!(end(&run(&machine, json!({}), &mut mock)), json!([]));
    // An error that no handler of the body takes fails all of it.
    let mut mock = models(json!(["a", "b"])).answer("scored", MockAnswer::error("Score.Broken", "no"));
    assert_eq!(end(&run(&machine, json!({}), &mut mock)), json!(["Score.Broken", "no"]));
    // Left out, its result is `none`.
    let mut mock = models(json!(["a"]));
    assert_eq!(end(&run(&machine, json!({ "quick": true }), &mut mock)), json!([]));
    assert_eq!(ran(&mock), ["list"]);
}

#[test]
fn branches_give_a_record_and_a_failure_names_the_whole() {
    let machine = machine("fan_out", "sides");
    let lists = |left: Json, right: Json| {
        Mock::new()
            .answer("first", payload(json!({ "models": left })))
            .answer("second", payload(json!({ "models": right })))
    };
    let mut mock = lists(json!(["a"]), json!(["b", "c"]));
    let outcome = run(&machine, json!({ "day": "2026-03-01" }), &mut mock);
    assert_eq!(end(&outcome), json!({ "left": 1, "right": 2 }));
    assert_eq!(outcome.time.1 - outcome.time.0, 10_000_000);
    let mut mock = lists(json!([]), json!([]));
    let outcome = run(&machine, json!({ "day": "2026-03-01" }), &mut mock);
    // Not retried: `States.TaskFailed` is any error of a task, and of a branch.
    assert_eq!(end(&outcome), json!(["Sides.Failed", "both: no models on 2026-02-28"]));
    assert_eq!(ran(&mock).iter().filter(|state| **state == "second").count(), 3);
}

#[test]
fn a_manifest_is_gone_through_and_some_of_it_may_fail() {
    let machine = machine("manifest", "thumbnails");
    let rows = |number: usize| {
        let lines: Vec<String> = (0..number).map(|at| format!("{at},i-{at}.png\n")).collect();
        format!("id,name\n{}", lines.concat())
    };
    let day = "2026-01-05";
    let go = |number: usize, failing: usize| {
        let mut mock = Mock::new();
        for at in 0..number {
            let answer = if at < failing { MockAnswer::error("Image.Broken", "no") } else { payload(json!(at)) };
            mock = mock.answer("made", answer);
        }
        let objects = MemoryObjects::new()
            .object("image-manifests", format!("manifests/{day}.csv"), rows(number))
            .object("image-manifests", format!("thumbnails/{day}/a.png"), "x")
            .object("image-manifests", format!("thumbnails/{day}/b.png"), "yy")
            .object("image-manifests", "thumbnails/other/c.png", "z");
        let mut driver = WithObjects { driver: mock.answer("audited", payload(json!(1))), objects };
        let options = ExecutionOptions { input: json!({ "day": day }), ..ExecutionOptions::default() };
        let outcome = Execution::new(&machine, options).unwrap().run(&mut driver, &mut Silent);
        (outcome, driver.driver)
    };
    let (outcome, mock) = go(40, 0);
    assert_eq!(end(&outcome), json!(40));
    // Each iteration has its row and, as its input, what it reads of the flow.
    let first = mock.started().iter().find(|request| request.state == "made").unwrap();
    assert_eq!(
        first.arguments["Payload"],
        json!({ "image": { "id": "0", "name": "i-0.png" }, "width": 200, "day": day })
    );
    let audit = mock.started().iter().find(|request| request.state == "audited").unwrap();
    let listed = audit.arguments["Payload"]["audit"].as_array().unwrap();
    let keys: Vec<&Json> = listed.iter().map(|object| &object["key"]).collect();
    assert_eq!(keys, [&json!(format!("thumbnails/{day}/a.png")), &json!(format!("thumbnails/{day}/b.png"))]);
    assert_eq!(listed[1]["size"], json!(2));
    // One of forty is within five percent, three are not.
    let (outcome, _) = go(40, 1);
    assert_eq!(outcome.status, Status::Succeeded, "{:?}", outcome.cause);
    let (outcome, _) = go(40, 3);
    assert_eq!(outcome.error.as_deref(), Some("States.ExceedToleratedFailureThreshold"));
}

#[test]
fn a_saga_gives_back_what_it_has_booked() {
    let machine = machine("saga", "book_trip");
    let booked = |id: &str| payload(json!({ "id": id }));
    let full = || MockAnswer::error("Booking.Full", "sold out");
    let go = |flight: MockAnswer, car: MockAnswer, input: Json| {
        let mut mock = Mock::new().answer("hotel", booked("h")).answer("flight", flight).answer("car", car);
        let outcome = end(&run(&machine, input, &mut mock));
        (outcome, ran(&mock).join(" "))
    };
    let input = || json!({ "trip": "t" });
    let (outcome, steps) = go(booked("f"), booked("c"), input());
    assert_eq!((outcome, steps.as_str()), (json!({ "hotel": "h", "flight": "f", "car": "c" }), "hotel flight car"));
    let (outcome, steps) = go(booked("f"), booked("c"), json!({ "trip": "t", "by_car": false }));
    assert_eq!((outcome, steps.as_str()), (json!({ "hotel": "h", "flight": "f", "car": null }), "hotel flight"));
    let (outcome, steps) = go(booked("f"), full(), input());
    assert_eq!(outcome, json!(["Trip.NoCar", "t: sold out"]));
    assert_eq!(steps, "hotel flight car cancel_flight cancel_hotel");
    let (outcome, steps) = go(full(), booked("c"), input());
    assert_eq!((outcome, steps.as_str()), (json!(["Trip.NoFlight", "t: sold out"]), "hotel flight cancel_room"));
    // Another error is nobody's: the flow fails with it, and the hotel stays booked.
    let (outcome, steps) = go(MockAnswer::error("Booking.Odd", "?"), booked("c"), input());
    assert_eq!((outcome, steps.as_str()), (json!(["Booking.Odd", "?"]), "hotel flight"));
}

#[test]
fn a_circuit_opens_after_failures_and_closes_after_a_success() {
    let machine = machine("breaker", "guarded_request");
    let go = |state: Json, failures: u64, answer: MockAnswer| {
        let circuit = payload(json!({ "state": state, "failures": failures }));
        let mut mock = Mock::new().answer("circuit", circuit).answer("answer", answer);
        let outcome = end(&run(&machine, json!({ "service": "s" }), &mut mock));
        (outcome, ran(&mock).join(" "))
    };
    let down = || MockAnswer::error("Service.Down", "502");
    let fine = || payload(json!({ "a": [1] }));
    assert_eq!(go(json!("CLOSED"), 0, fine()), (json!({ "a": [1] }), "circuit answer".to_owned()));
    assert_eq!(go(json!("HALF_OPEN"), 3, fine()), (json!({ "a": [1] }), "circuit answer close".to_owned()));
    assert_eq!(go(Json::Null, 1, down()), (json!(["Service.Down", "502"]), "circuit answer count".to_owned()));
    assert_eq!(go(json!("CLOSED"), 2, down()), (json!(["Service.Down", "502"]), "circuit answer open".to_owned()));
    let (outcome, steps) = go(json!("CLOSED"), 2, MockAnswer::hang());
    assert_eq!((outcome[0].clone(), steps.as_str()), (json!("States.Timeout"), "circuit answer open"));
    assert_eq!(go(json!("OPEN"), 3, fine()), (json!(["Circuit.Open", "s is left alone"]), "circuit".to_owned()));
}

#[test]
fn a_day_is_loaded_both_ways_and_a_toggle_in_a_branch_gives_two_definitions() {
    let files = built("backfill");
    let definitions: Vec<&String> = files.keys().filter(|name| name.ends_with(".asl.json")).collect();
    assert_eq!(definitions, ["days.asl.json", "load_day.asl.json", "load_day.audited.asl.json", "one_day.asl.json"]);
    let states = |name: &str| StateMachine::parse(&files[name]).unwrap().to_json();
    assert!(states("load_day.audited.asl.json").contains("\"note\"") && !states("load_day.asl.json").contains("\"note\""));

    let machine = machine("backfill", "load_day");
    let rows = |rows: u64| payload(json!({ "rows_out": rows }));
    let go = |keep: MockAnswer, seen: MockAnswer| {
        let mock = Mock::new().answer("keep", keep).answer("export", rows(4)).answer("seen", seen);
        let objects = (0..10).fold(MemoryObjects::new().bucket("raw-dev"), |objects, at| {
            objects.object("raw-dev", format!("visits/day=2026-01-05/{at}.jsonl"), "x")
        });
        let objects = objects.object("raw-dev", "visits/day=2026-01-06/0.jsonl", "x");
        let mut driver = WithObjects { driver: mock, objects };
        let options = ExecutionOptions { input: json!({ "day": "2026-01-05" }), ..ExecutionOptions::default() };
        let outcome = Execution::new(&machine, options).unwrap().run(&mut driver, &mut Silent);
        (end(&outcome), driver.driver)
    };
    let (outcome, mock) = go(rows(3), answer(json!({})));
    assert_eq!(outcome, json!(7));
    let seen: Vec<&Json> =
        mock.started().iter().filter(|request| request.state == "seen").map(|request| &request.arguments["MessageBody"]).collect();
    assert_eq!(seen.len(), 10);
    assert_eq!(seen[0], &json!({ "day": "2026-01-05", "key": "visits/day=2026-01-05/0.jsonl" }));
    let (outcome, mock) = go(MockAnswer::error("Flow.StoreFailed", "no"), answer(json!({})));
    assert_eq!(outcome, json!(["Flow.StoreFailed", "no"]));
    assert!(!ran(&mock).contains(&"seen"));
    let (outcome, _) = go(rows(3), MockAnswer::error("SQS.Down", "no"));
    assert_eq!(outcome[0], json!("States.ExceedToleratedFailureThreshold"));

    // What failed an execution is told in its own words.
    let mut mock = Mock::new().answer("load", MockAnswer::error("States.TaskFailed", r#"{"Cause":"no \"x\"","Error":"A","Name":"n"}"#));
    let told = self::machine("backfill", "one_day");
    assert_eq!(end(&run(&told, json!({ "day": "2026-01-05" }), &mut mock)), json!(["Day.Failed", "load: no \"x\""]));

    let days = self::machine("backfill", "days");
    let mut mock = Mock::new()
        .answer("load", answer(json!({ "Output": 7 })))
        .answer("load", MockAnswer::error("States.TaskFailed", "{}"))
        .answer("load", answer(json!({ "Output": 8 })));
    let input = json!({ "from": ["2026-01-05", "2026-01-06", "2026-01-07"] });
    let failed = json!(["2026-01-05: 7", "2026-01-06 failed", "2026-01-07: 8"]);
    assert_eq!(end(&run(&days, input, &mut mock)), json!({ "loaded": 3, "failed": failed }));
}

#[test]
fn what_is_emitted_reads_well() {
    for program in ["approval", "crawler", "fan_out", "manifest", "nested", "semaphore", "status"] {
        let files = built(program);
        let shown: Vec<String> = files
            .iter()
            .filter(|(name, _)| name.ends_with(".asl.json"))
            .map(|(name, text)| format!("=== {name}\n{text}"))
            .collect();
        insta::assert_snapshot!(program, shown.concat());
    }
}

#[test]
fn a_handler_knows_how_far_the_flow_came() {
    let machine = machine("report", "told");
    let told = |failing: &str| {
        let mut mock = Mock::new();
        for (rows, step) in ["first", "second", "third", "fourth"].into_iter().enumerate() {
            let answer = if step == failing { MockAnswer::error("Work.Broken", step) } else { payload(json!({ "rows": rows + 1 })) };
            mock = mock.answer(step, answer);
        }
        assert_eq!(end(&run(&machine, json!({}), &mut mock)), json!(["Work.Broken", failing]));
        mock.started().last().unwrap().arguments["Message"].clone()
    };
    let none = Json::Null;
    let so_far = |first: Json, second: Json| json!({ "first": first, "second": second, "both": none });
    assert_eq!(told("first"), json!({ "state": so_far(Json::Null, Json::Null), "last": 0 }));
    assert_eq!(told("second"), json!({ "state": so_far(json!({ "rows": 1 }), Json::Null), "last": 0 }));
    assert_eq!(told("fourth"), json!({ "state": so_far(json!({ "rows": 1 }), json!({ "rows": 2 })), "last": 2 }));
}

#[test]
fn a_task_of_steps_is_one_step_with_its_own_inside() {
    let machine = machine("redshift", "report");
    let executed = || answer(json!({ "Id": "q" }));
    let is = |status: &str, rows: u64| answer(json!({ "Status": status, "ResultRows": rows }));
    let start = || Mock::new().answer("load.execute", executed()).answer("check.execute", executed());
    let mut mock = start()
        .answer("load.describe", is("STARTED", 0))
        .answer("load.describe", is("FINISHED", 3))
        .answer("check.describe", is("FINISHED", 4));
    let outcome = run(&machine, json!({ "day": "2026-01-05" }), &mut mock);
    assert_eq!(end(&outcome), json!(7));
    assert_eq!(ran(&mock), ["load.execute", "load.describe", "load.describe", "check.execute", "check.describe"]);
    assert_eq!(mock.started()[0].arguments["Sql"], json!("copy stays from 's3://b/2026-01-05'"));
    let mut mock = start().answer("load.describe", is("FINISHED", 3)).answer("check.describe", is("ABORTED", 0));
    assert_eq!(end(&run(&machine, json!({ "day": "2026-01-05" }), &mut mock)), json!(["Report.Bad", "check: aborted"]));
    // It gives up after three looks, and nobody catches that.
    let mut mock = start().answer("load.describe", is("STARTED", 0));
    assert_eq!(end(&run(&machine, json!({ "day": "2026-01-05" }), &mut mock))[0], json!("Flow.PollExhausted"));
}
