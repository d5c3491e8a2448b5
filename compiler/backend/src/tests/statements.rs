//! Each kind of statement in a small flow: what is emitted, and what it does.

use super::nightly::{
    error, expr, field, join, list, lit, program as nightly_program, put, record, report, seconds, span, statement,
    step, text, value, var, variable, worker,
};
use super::run::{ran, run};
use super::{built, file};
use flow_analysis::program::*;
use flow_asl::driver::{Mock, MockAnswer};
use flow_asl::interpreter::Status;
use flow_asl::model::{State, StateMachine};
use serde_json::{Value as Json, json};

/// Variables of the small flows, by their ids: parameters `date`, `mode` and `count`, steps `a`, `b`, `c`, lets `x`
/// and `y`, errors `error` and `inner`.
const DATE: u32 = 0;
const MODE: u32 = 1;
const COUNT: u32 = 2;
const A: u32 = 3;
const X: u32 = 6;
const Y: u32 = 7;
const ERROR: u32 = 8;
const INNER: u32 = 9;

fn flow(body: Vec<Statement>) -> Flow {
    let step = |name| variable(name, report(), VariableKind::Step);
    Flow {
        when: None,
        name: "nightly".to_owned(),
        doc: None,
        params: vec![
            FlowParam {
                variable: VariableId(DATE),
                default: Some(value(Value::Date("2026-01-05".to_owned()), Type::Date)),
                doc: None,
                checks: Vec::new(),
            },
            FlowParam { variable: VariableId(MODE), default: Some(text("full")), doc: None, checks: Vec::new() },
            FlowParam { variable: VariableId(COUNT), default: None, doc: None, checks: Vec::new() },
        ],
        result: None,
        triggers: Vec::new(),
        timeout_s: None,
        express: false,
        events: Vec::new(),
        own: flow_analysis::program::Own::default(),
        variables: vec![
            variable("date", Type::Date, VariableKind::Param),
            variable("mode", Type::literals(vec!["full".to_owned(), "some".to_owned()]), VariableKind::Param),
            variable("count", Type::Optional(Box::new(Type::Int)), VariableKind::Param),
            step("a"),
            Variable { ty: Type::Optional(Box::new(report())), ..step("b") },
            step("c"),
            variable("x", Type::Int, VariableKind::Let),
            variable("y", Type::Int, VariableKind::Let),
            variable("error", error(), VariableKind::Error),
            variable("inner", error(), VariableKind::Error),
        ],
        on_failure: None,
        body,
        span: span("flow nightly"),
    }
}

fn program(flow: Flow) -> Program {
    Program { flows: vec![flow], ..nightly_program() }
}

fn machine(flow: Flow) -> StateMachine {
    let output = built(&program(flow));
    assert_eq!(output.faults, []);
    let machine = StateMachine::parse(&file(&output, "nightly.asl.json")).unwrap();
    assert_eq!(flow_asl::validate::validate(&machine), []);
    machine
}

fn names(machine: &StateMachine) -> Vec<&str> {
    machine.states.keys().map(String::as_str).collect()
}

fn task(name: &str, result: u32) -> Step {
    step(name, worker("clear", 0, Vec::new()), result, 60)
}

fn does(name: &str, result: u32) -> Statement {
    statement(task(name, result))
}

/// A task whose payload has this value as `it`.
fn with(name: &str, it: Expr) -> Statement {
    statement(step(name, worker("clear", 0, vec![("it", it)]), 5, 60))
}

fn rows(of: u32) -> Expr {
    field(var(of, report()), "rows_out", Type::Int)
}

fn op(op: Binary, left: Expr, right: Expr, ty: Type) -> Expr {
    expr(ExprKind::Binary(op, Box::new(left), Box::new(right)), ty, Stage::Run)
}

fn int(of: i64) -> Expr {
    value(Value::Int(of), Type::Int)
}

fn answer(rows: u64) -> MockAnswer {
    MockAnswer::output(json!({ "Payload": { "rows_out": rows } }))
}

fn it(mock: &Mock, state: &str) -> Json {
    let request = mock.started().iter().find(|request| request.state == state).unwrap();
    request.arguments["Payload"]["it"].clone()
}

fn let_(id: u32, value: Expr) -> Statement {
    Statement::Let { variable: VariableId(id), value, span: span("flow") }
}

fn fails(name: &str, cause: Option<Expr>) -> Statement {
    Statement::Fail(Fail::New { name: name.to_owned(), cause, span: span("flow") })
}

fn handler(binding: u32, body: Vec<Statement>) -> Handler {
    Handler { binding: VariableId(binding), body, span: span("flow") }
}

fn attempt(body: Vec<Statement>, errors: &[&str], binding: u32, handling: Vec<Statement>) -> Statement {
    let errors = errors.iter().map(|name| (*name).to_owned()).collect();
    Statement::Try { body, catches: vec![Catch { errors, handler: handler(binding, handling) }], span: span("flow") }
}

#[test]
fn a_let_joins_the_state_before_unless_it_reads_what_that_assigns() {
    let machine = machine(flow(vec![
        does("a", A),
        let_(X, op(Binary::Add, rows(A), int(1), Type::Int)),
        let_(Y, op(Binary::Multiply, var(X, Type::Int), int(2), Type::Int)),
        with("c", list(vec![var(X, Type::Int), var(Y, Type::Int)])),
    ]));
    assert_eq!(names(&machine), ["nightly", "a", "let y", "c"]);
    let assigned = |name: &str| json!(machine.states[name].assign());
    assert_eq!(assigned("a")["x"], json!("{% $states.result.Payload.rows_out + 1 %}"));
    assert_eq!(assigned("let y"), json!({ "y": "{% $x * 2 %}" }));
    let mut mock = Mock::new().answer("a", answer(3));
    assert_eq!(run(&machine, json!({}), &mut mock).status, Status::Succeeded);
    assert_eq!(it(&mock, "c"), json!([4, 8]));
}

#[test]
fn a_let_that_nothing_reads_is_left_out() {
    let machine = machine(flow(vec![let_(X, int(1)), does("a", A)]));
    assert_eq!(names(&machine), ["nightly", "a"]);
    assert_eq!(machine.states["a"].assign(), None);
}

#[test]
fn if_chooses_at_run_time_and_both_ways_go_on() {
    let full = op(Binary::Equal, var(MODE, Type::String), text("full"), Type::Bool);
    let choice = Statement::If {
        condition: full,
        then: vec![does("a", A)],
        otherwise: vec![does("b", 4)],
        span: span("flow"),
    };
    let machine = machine(flow(vec![choice, does("c", 5)]));
    assert_eq!(names(&machine), ["nightly", "whether a", "a", "b", "c"]);
    for (mode, expected) in [("full", ["a", "c"]), ("some", ["b", "c"])] {
        let mut mock = Mock::new();
        assert_eq!(run(&machine, json!({ "mode": mode }), &mut mock).status, Status::Succeeded);
        assert_eq!(ran(&mock), expected);
    }
}

#[test]
fn where_ways_meet_at_the_end_there_is_a_succeed() {
    let full = op(Binary::Equal, var(MODE, Type::String), text("full"), Type::Bool);
    let choice = Statement::If { condition: full, then: vec![does("a", A)], otherwise: Vec::new(), span: span("flow") };
    let machine = machine(flow(vec![choice]));
    assert_eq!(names(&machine), ["nightly", "whether a", "a", "done"]);
    assert_eq!(run(&machine, json!({ "mode": "some" }), &mut Mock::new()).output, Some(json!({})));
}

#[test]
fn the_result_of_a_skipped_step_is_none() {
    let when = op(Binary::Equal, var(MODE, Type::String), text("full"), Type::Bool);
    let result = || var(4, Type::Optional(Box::new(report())));
    let shown = join(vec![lit("b: "), put(expr(
        ExprKind::Field { target: Box::new(result()), name: "rows_out".to_owned(), optional: true },
        Type::Optional(Box::new(Type::Int)),
        Stage::Run,
    ))]);
    let machine = machine(flow(vec![statement(Step { when: Some(when), ..task("b", 4) }), with("c", shown)]));
    assert_eq!(names(&machine), ["nightly", "whether b", "b", "c"]);
    for (mode, expected) in [("full", "b: 9"), ("some", "b: none")] {
        let mut mock = Mock::new().answer("b", answer(9));
        assert_eq!(run(&machine, json!({ "mode": mode }), &mut mock).status, Status::Succeeded);
        assert_eq!(it(&mock, "c"), json!(expected));
    }
}

#[test]
fn a_step_whose_toggle_is_off_leaves_none_behind() {
    let rollback = expr(ExprKind::Param("rollback".to_owned()), Type::Bool, Stage::Plan);
    let off = expr(ExprKind::Unary(Unary::Not, Box::new(rollback)), Type::Bool, Stage::Plan);
    let is_none = expr(
        ExprKind::IsNone { operand: Box::new(var(4, Type::Optional(Box::new(report())))), negated: false },
        Type::Bool,
        Stage::Run,
    );
    let flow = flow(vec![does("a", A), statement(Step { when: Some(off), ..task("b", 4) }), with("c", is_none)]);
    let output = built(&program(flow));
    let parse = |name: &str| StateMachine::parse(&file(&output, name)).unwrap();
    // `not rollback` is a toggle of `rollback`.
    assert_eq!(names(&parse("nightly.asl.json")), ["nightly", "a", "b", "c"]);
    let folded = parse("nightly.rollback.asl.json");
    assert_eq!(names(&folded), ["nightly", "a", "c"]);
    let mut mock = Mock::new();
    assert_eq!(run(&folded, json!({}), &mut mock).status, Status::Succeeded);
    assert_eq!(it(&mock, "c"), json!(true));
}

#[test]
fn wait_return_and_fail_are_their_states() {
    let output = record(vec![("day", var(DATE, Type::Date)), ("list", list(vec![rows(A)]))]);
    let machine = machine(flow(vec![
        Statement::Wait { value: seconds(90), until: false, span: span("flow") },
        Statement::Wait {
            value: value(Value::Timestamp("2026-01-05T02:00:00Z".to_owned()), Type::Timestamp),
            until: true,
            span: span("flow"),
        },
        does("a", A),
        Statement::If {
            condition: op(Binary::Greater, rows(A), int(0), Type::Bool),
            then: vec![Statement::Return { value: Some(output), span: span("flow") }],
            otherwise: vec![fails("Empty", Some(join(vec![lit("no rows for "), put(var(DATE, Type::Date))])))],
            span: span("flow"),
        },
    ]));
    assert_eq!(names(&machine), ["nightly", "wait", "wait 2", "a", "if", "return", "fail Empty"]);
    let outcome = run(&machine, json!({}), &mut Mock::new().answer("a", answer(2)));
    assert_eq!(outcome.output, Some(json!({ "day": "2026-01-05", "list": [2] })));
    let outcome = run(&machine, json!({}), &mut Mock::new().answer("a", answer(0)));
    assert_eq!((outcome.error.as_deref(), outcome.cause.as_deref()), (Some("Empty"), Some("no rows for 2026-01-05")));
}

#[test]
fn fail_goes_to_on_failure_with_the_name_of_its_state() {
    let shown = join(["step", "name", "cause"].map(|part| put(field(var(ERROR, error()), part, Type::String))).into());
    let on_failure = handler(ERROR, vec![with("c", shown), Statement::Fail(Fail::Again { error: VariableId(ERROR), span: span("flow") })]);
    let machine = machine(Flow {
        on_failure: Some(on_failure),
        ..flow(vec![does("a", A), fails("TooFew", Some(text("one ${x} {% y %}")))])
    });
    assert_eq!(names(&machine), ["nightly", "a", "fail TooFew", "c", "fail"]);
    let mut mock = Mock::new();
    let outcome = run(&machine, json!({}), &mut mock);
    assert_eq!(it(&mock, "c"), json!("fail TooFewTooFewone ${x} {% y %}"));
    assert_eq!((outcome.error.as_deref(), outcome.cause.as_deref()), (Some("TooFew"), Some("one ${x} {% y %}")));
}

#[test]
fn a_handler_takes_its_errors_and_continue_goes_on_after_the_try() {
    let go_on = Statement::Continue { span: span("flow") };
    let machine = machine(Flow {
        on_failure: Some(handler(ERROR, vec![fails("Other", None)])),
        ..flow(vec![attempt(vec![does("a", A)], &["Flow.InputMissing", "X"], INNER, vec![does("b", 4), go_on]), does("c", 5)])
    });
    assert_eq!(names(&machine), ["nightly", "a", "b", "c", "fail Other"]);
    let State::Task(a) = &machine.states["a"] else { panic!() };
    let catches: Vec<(&str, &str)> = a.catch.iter().map(|c| (c.error_equals[0].as_str(), c.next.as_str())).collect();
    assert_eq!(catches, [("Flow.InputMissing", "b"), ("States.ALL", "fail Other")]);
    let mut mock = Mock::new().answer("a", MockAnswer::error("X", ""));
    assert_eq!(run(&machine, json!({}), &mut mock).status, Status::Succeeded);
    assert_eq!(ran(&mock), ["a", "b", "c"]);
    let mut mock = Mock::new().answer("a", MockAnswer::error("Y", ""));
    assert_eq!(run(&machine, json!({}), &mut mock).error.as_deref(), Some("Other"));
}

#[test]
fn continue_in_a_branch_of_a_handler_leaves_the_rest_of_it_out() {
    let full = op(Binary::Equal, var(MODE, Type::String), text("full"), Type::Bool);
    let choice = Statement::If {
        condition: full,
        then: vec![Statement::Continue { span: span("flow") }],
        otherwise: Vec::new(),
        span: span("flow"),
    };
    let handling = vec![choice, fails("Stopped", None)];
    let machine = machine(flow(vec![attempt(vec![does("a", A)], &[], INNER, handling), does("c", 5)]));
    let mut mock = Mock::new().answer("a", MockAnswer::error("X", ""));
    assert_eq!(run(&machine, json!({}), &mut mock).status, Status::Succeeded);
    assert_eq!(ran(&mock), ["a", "c"]);
    let mut mock = Mock::new().answer("a", MockAnswer::error("X", ""));
    assert_eq!(run(&machine, json!({ "mode": "some" }), &mut mock).error.as_deref(), Some("Stopped"));
}

#[test]
fn a_handler_in_a_handler_has_an_error_of_its_own() {
    let again = |error| Statement::Fail(Fail::Again { error: VariableId(error), span: span("flow") });
    let cause = |id| put(field(var(id, error()), "cause", Type::String));
    let inner = attempt(vec![does("b", 4)], &[], INNER, vec![Statement::Continue { span: span("flow") }]);
    let outer = vec![inner, with("c", join(vec![cause(ERROR)])), again(ERROR)];
    let machine = machine(flow(vec![attempt(vec![does("a", A)], &[], ERROR, outer)]));
    let mut mock =
        Mock::new().answer("a", MockAnswer::error("A", "outer")).answer("b", MockAnswer::error("B", "inner"));
    let outcome = run(&machine, json!({}), &mut mock);
    assert_eq!(it(&mock, "c"), json!("outer"));
    assert_eq!((outcome.error.as_deref(), outcome.cause.as_deref()), (Some("A"), Some("outer")));
}

#[test]
fn handlers_that_nothing_goes_to_are_left_out() {
    let waits = Statement::Wait { value: seconds(1), until: false, span: span("flow") };
    let machine = machine(Flow {
        on_failure: Some(handler(ERROR, vec![does("b", 4), fails("Other", None)])),
        ..flow(vec![attempt(vec![waits], &[], INNER, vec![does("a", A), fails("X", None)])])
    });
    assert_eq!(names(&machine), ["nightly", "wait"]);
}

#[test]
fn a_flow_with_the_name_of_a_step_has_another_entry_state() {
    let machine = machine(flow(vec![does("nightly", A)]));
    assert_eq!(names(&machine), ["nightly start", "nightly"]);
}

#[test]
fn deploy_values_that_parameters_read_are_assigned_before() {
    let offset = expr(ExprKind::Param("network".to_owned()), Type::Json, Stage::Plan);
    let subnets = field(offset, "subnets", Type::List(Box::new(Type::String)));
    let first = FlowParam { variable: VariableId(X), default: Some(subnets), doc: None, checks: Vec::new() };
    let mut flow = flow(vec![with("c", var(X, Type::Json))]);
    flow.params = vec![first];
    flow.variables[X as usize].ty = Type::List(Box::new(Type::String));
    let output = built(&program(flow));
    let text = file(&output, "nightly.asl.json").replace("${network_subnets}", "[\\\"s-1\\\"]");
    let machine = StateMachine::parse(&text).unwrap();
    assert_eq!(names(&machine), ["nightly values", "nightly", "c"]);
    let mut mock = Mock::new();
    assert_eq!(run(&machine, json!({}), &mut mock).status, Status::Succeeded);
    assert_eq!(it(&mock, "c"), json!(["s-1"]));
    let mut mock = Mock::new();
    assert_eq!(run(&machine, json!({ "x": ["a", 1] }), &mut mock).status, Status::Failed);
}

#[test]
fn parameters_have_their_defaults_and_are_checked() {
    let values = record(vec![("date", var(DATE, Type::Date)), ("mode", var(MODE, Type::String)), ("count", var(COUNT, Type::Int))]);
    let machine = machine(flow(vec![with("c", values)]));
    let given = |input: Json| {
        let mut mock = Mock::new();
        let outcome = run(&machine, input, &mut mock);
        (outcome.status == Status::Succeeded).then(|| it(&mock, "c"))
    };
    assert_eq!(given(json!({})), Some(json!({ "date": "2026-01-05", "mode": "full", "count": null })));
    assert_eq!(
        given(json!({ "date": "2024-02-29", "mode": "some", "count": 3 })),
        Some(json!({ "date": "2024-02-29", "mode": "some", "count": 3 }))
    );
    assert_eq!(given(json!({ "mode": "other" })), None);
    assert_eq!(given(json!({ "count": 3.5 })), None);
    assert_eq!(given(json!({ "count": "3" })), None);
}

#[test]
fn the_user_s_text_arrives_intact_and_is_no_template() {
    let samples = [
        "plain", "${worker_arn}", "a ${worker_arn} b", "%{ if true }", "{%{…}%}", "{% $states %}", "{%", "%}", " {% x %} ",
        "quotes \" ' `", "back\\slash \\${x}", "line\nbreak\r\t", "a\u{2028}b", "日本 🦀", "$", "$${x}", "\\u0024{x}", "",
    ];
    let texts = list(samples.iter().map(|sample| text(sample)).collect());
    let joined = list(
        samples.iter().map(|sample| join(vec![lit(sample), put(var(MODE, Type::String)), lit(sample)])).collect(),
    );
    let mut step = task("a", A);
    step.doc = Some("${worker_arn}".to_owned());
    let keys = record(vec![("${worker_arn}", text("x")), ("{% k %}", text("y"))]);
    let output = built(&program(flow(vec![
        statement(step),
        with("b", texts),
        with("c", joined),
        with("d", keys),
    ])));
    let text = file(&output, "nightly.asl.json");
    // What `templatefile` would look at: nothing but deploy values as whole strings.
    for (at, _) in text.match_indices("${").chain(text.match_indices("%{")) {
        assert!(text[at..].starts_with("${worker_arn}\"") && text[..at].ends_with(": \""), "{}", &text[at..at + 30]);
    }
    let machine = StateMachine::parse(&text).unwrap();
    let mut mock = Mock::new();
    assert_eq!(run(&machine, json!({}), &mut mock).status, Status::Succeeded);
    assert_eq!(it(&mock, "b"), json!(samples));
    let expected: Vec<String> = samples.iter().map(|sample| format!("{sample}full{sample}")).collect();
    assert_eq!(it(&mock, "c"), json!(expected));
    assert_eq!(it(&mock, "d"), json!({ "${worker_arn}": "x", "{% k %}": "y" }));
    assert_eq!(machine.states["a"].comment(), Some("${worker_arn}."));
}

#[test]
fn deploy_values_that_could_be_anything_travel_as_json() {
    let raw = || expr(ExprKind::Param("raw".to_owned()), Type::String, Stage::Plan);
    let path = expr(ExprKind::Text(vec![put(raw()), lit("/x")]), Type::String, Stage::Plan);
    let machine = machine(flow(vec![with("c", list(vec![raw(), path, join(vec![lit("in "), put(raw())])]))]));
    let entry = json!(machine.states["nightly"].assign());
    assert_eq!((&entry["raw"], &entry["it"]), (&json!("${raw}"), &json!("${it}")));
    let text = machine.to_json().replace("${raw}", "\\\"{% 1 %}\\\"").replace("${it}", "\\\"p\\\"");
    let mut mock = Mock::new();
    assert_eq!(run(&StateMachine::parse(&text).unwrap(), json!({}), &mut mock).status, Status::Succeeded);
    assert_eq!(it(&mock, "c"), json!(["{% 1 %}", "p", "in {% 1 %}"]));
}
