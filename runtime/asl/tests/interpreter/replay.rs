//! Replay: going on from what another process had written down.

use super::*;
use flow_asl::clock::VIRTUAL_START;
use flow_asl::driver::TaskError;
use flow_asl::interpreter::{Replay, Site, TaskAnswer};
use std::collections::VecDeque;

const SECOND: i64 = 1_000_000;

fn site(state: &str, path: &[(&str, usize)]) -> Site {
    let path = path.iter().map(|(name, index)| ((*name).to_owned(), *index));
    (state.to_owned(), path.collect())
}

/// A replay that began an hour before the virtual clock does.
fn replay(tasks: Vec<(Site, Vec<(i64, TaskAnswer)>)>) -> Replay {
    let started = VIRTUAL_START - 3600 * SECOND;
    let at = |(seconds, answer)| (started + seconds * SECOND, answer);
    let tasks = tasks.into_iter().map(|(site, answers)| (site, answers.into_iter().map(at).collect()));
    Replay { started, tasks: tasks.collect(), ..Replay::default() }
}

fn good(value: Value) -> TaskAnswer {
    TaskAnswer::Result(Ok(value))
}

#[test]
fn what_was_answered_is_not_asked_again() {
    let definition = json!({"StartAt": "A", "States": {
        "A": task(json!({"Assign": {"a": "{% $states.result %}", "then": "{% $now() %}"}, "Next": "W", "End": false})),
        "W": {"Type": "Wait", "Seconds": 60, "Next": "B"},
        "B": task(json!({"Arguments": {"a": "{% $a %}", "then": "{% $then %}"}}))
    }});
    let mut replay = replay(vec![(site("A", &[]), vec![(5, good(json!(7)))])]);
    let over = replay.started + 66 * SECOND;
    replay.waits.insert(site("W", &[]), VecDeque::from([over]));
    let mut mock = Mock::new().answer("B", MockAnswer::output(json!("done")));
    let outcome = execution(definition, json!({})).resume(replay, &mut mock, &mut Silent);
    assert_eq!(outcome.output, Some(json!("done")));
    assert_eq!(mock.started().len(), 1, "only B is started");
    let arguments = &mock.started()[0].arguments;
    assert_eq!(arguments, &json!({"a": 7, "then": "2025-12-31T23:00:05.000Z"}), "A ended when it had ended");
    let kinds = types(&outcome);
    let at = kinds.iter().position(|kind| kind == "ExecutionRedriven").unwrap();
    assert_eq!(kinds[at - 1..at + 2], ["TaskStateEntered", "ExecutionRedriven", "TaskScheduled"]);
    assert_eq!(outcome.history[at - 1].timestamp, over);
}

#[test]
fn an_error_that_was_retried_and_caught_is_so_again() {
    let definition = json!({"StartAt": "A", "States": {
        "A": task(json!({
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B", "Output": "{% $states.errorOutput.Error %}"}],
            "Next": "B", "End": false, "TimeoutSeconds": 10})),
        "B": task(json!({"Arguments": "{% $states.input %}"}))
    }});
    let busy = TaskAnswer::Result(Err(TaskError::new("Busy", "later")));
    let replay = replay(vec![(site("A", &[]), vec![(1, busy), (12, TaskAnswer::TimedOut)])]);
    let mut mock = Mock::new().answer("B", MockAnswer::output(json!(1)));
    let outcome = execution(definition, json!({})).resume(replay, &mut mock, &mut Silent);
    assert_eq!(outcome.status, Status::Succeeded, "{:?}", outcome.cause);
    assert_eq!((mock.started().len(), &mock.started()[0].arguments), (1, &json!("States.Timeout")));
}

#[test]
fn of_iterations_only_those_without_an_answer_run() {
    let definition = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "Items": [10, 20, 30], "End": true,
        "ItemProcessor": {"StartAt": "T", "States": {"T": task(json!({"Arguments": "{% $states.input %}"}))}}}}});
    let answers = vec![
        (site("T", &[("M", 0)]), vec![(3, good(json!("a")))]),
        (site("T", &[("M", 2)]), vec![(2, good(json!("c")))]),
    ];
    let mut mock = Mock::new().answer("T", MockAnswer::output(json!("b")));
    let outcome = execution(definition, json!({})).resume(replay(answers), &mut mock, &mut Silent);
    assert_eq!(outcome.output, Some(json!(["a", "b", "c"])));
    assert_eq!((mock.started().len(), &mock.started()[0].arguments), (1, &json!(20)));
}

#[test]
fn a_wait_that_was_not_over_is_waited_for() {
    let definition = json!({"StartAt": "W", "TimeoutSeconds": 100, "States": {
        "W": {"Type": "Wait", "Seconds": 60, "End": true}}});
    let outcome = execution(definition.clone(), json!({})).resume(replay(Vec::new()), &mut Mock::new(), &mut Silent);
    assert_eq!(outcome.status, Status::Succeeded);
    let seconds = (outcome.time.1 - outcome.time.0) / SECOND;
    assert!((60..=61).contains(&seconds), "{seconds}");
    // The limit of the whole begins anew: what came before may be long past.
    let mut late = replay(Vec::new());
    late.entries.insert(site("W", &[]), VecDeque::from([late.started + 5000 * SECOND]));
    let outcome = execution(definition, json!({})).resume(late, &mut Mock::new(), &mut Silent);
    assert_eq!(outcome.status, Status::Succeeded);
}
