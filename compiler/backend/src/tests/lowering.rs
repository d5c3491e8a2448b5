//! The plan's rows and slots, names of deploy values, and what an environment makes of them.

use super::nightly::{expr, field, lit, program, put, text, value};
use crate::evaluate::Evaluator;
use crate::plan::plan;
use crate::substitutions::{Depth, Encoding, Substitutions};
use flow_analysis::program::*;
use serde_json::{Value as Json, json};

fn column(name: &str, ty: Type) -> Expr {
    expr(ExprKind::Column(name.to_owned()), ty, Stage::Row)
}

fn optional(ty: Type) -> Type {
    Type::Optional(Box::new(ty))
}

fn binary(op: Binary, left: Expr, right: Expr, ty: Type) -> Expr {
    expr(ExprKind::Binary(op, Box::new(left), Box::new(right)), ty, Stage::Row)
}

fn days(of: i64) -> Expr {
    value(Value::Duration(of * 86_400_000_000), Type::Duration)
}

fn call(name: &str, lowering: Lowering, arguments: Vec<Expr>, ty: Type) -> Expr {
    let function = Lowering { name: name.to_owned(), ..lowering };
    expr(ExprKind::Call { function: function.into(), arguments }, ty, Stage::Row)
}

fn lowering() -> Lowering {
    Lowering {
        name: String::new(),
        pattern: None,
        hides: false,
        params: Vec::new(),
        deploy: None,
        run: None,
        row: None,
        aggregate: None,
        window: None,
    }
}

/// The plan's form of one row expression, as a check of the schema.
fn row(condition: Expr) -> (Json, Vec<String>) {
    let mut program = program();
    program.schemas[0].checks = vec![Check { field: None, text: "it".to_owned(), condition }];
    let mut faults = Vec::new();
    let plan = plan(&program, &mut faults).plan;
    let condition = serde_json::to_value(&plan.schemas["Encounter"].checks[0].condition).unwrap();
    (condition, faults.into_iter().map(|fault| fault.what).collect())
}

#[test]
fn the_thirty_days_of_the_nightly_transform() {
    let date = || Lowering { row: Some("date_of_timestamp".to_owned()), ..lowering() };
    let of = |name| call("date", date(), vec![column(name, Type::Timestamp)], Type::Date);
    let between = binary(Binary::SubtractDates, of("next_admitted_at"), of("discharged_at"), Type::Duration);
    let (condition, faults) = row(binary(Binary::LessEqual, between, days(30), Type::Bool));
    assert_eq!(faults, Vec::<String>::new());
    let date = |name| json!({ "call": { "function": "date_of_timestamp", "arguments": [{ "column": name }] } });
    assert_eq!(
        condition,
        json!({ "binary": {
            "op": "less_equal",
            "left": { "call": {
                "function": "subtract_dates",
                "arguments": [date("next_admitted_at"), date("discharged_at")]
            } },
            "right": { "literal": { "duration": 2_592_000_000_000_i64 } }
        } })
    );
}

#[test]
fn none_has_the_type_of_the_other_side() {
    let none = || value(Value::None, Type::None);
    let (condition, _) = row(binary(Binary::Equal, none(), column("day", optional(Type::Date)), Type::Bool));
    assert_eq!(condition["binary"]["left"], json!({ "none": "date" }));
    let either = expr(
        ExprKind::If(Box::new(column("x", Type::Bool)), Box::new(none()), Box::new(column("n", Type::Int))),
        optional(Type::Int),
        Stage::Row,
    );
    assert_eq!(row(either).0["if"]["then"], json!({ "none": "int" }));
}

#[test]
fn a_day_taken_away_is_a_negative_one_added() {
    let before = |by| row(binary(Binary::SubtractFromDate, column("day", Type::Date), by, Type::Date)).0;
    assert_eq!(
        before(days(1)),
        json!({ "call": {
            "function": "add_date",
            "arguments": [{ "column": "day" }, { "literal": { "duration": -86_400_000_000_i64 } }]
        } })
    );
    assert_eq!(
        before(column("gap", Type::Duration))["call"]["arguments"][1],
        json!({ "unary": { "op": "negate", "operand": { "column": "gap" } } })
    );
}

#[test]
fn texts_lists_aggregates_and_windows_have_their_forms() {
    let shown = expr(
        ExprKind::Text(vec![lit("n "), put(column("n", optional(Type::Int)))]),
        Type::String,
        Stage::Row,
    );
    let to_string = json!({ "call": { "function": "to_string", "arguments": [{ "column": "n" }] } });
    assert_eq!(
        row(shown).0["binary"]["right"],
        json!({ "coalesce": [to_string, { "literal": { "string": "none" } }] })
    );
    let list = expr(ExprKind::List(vec![text("a"), text("b")]), Type::Json, Stage::Const);
    let is_in = expr(
        ExprKind::In(Box::new(column("s", Type::String)), Box::new(list)),
        Type::Bool,
        Stage::Row,
    );
    assert_eq!(row(is_in).0["binary"]["op"], json!("or"));
    let count = Lowering { aggregate: Some("count_if".to_owned()), ..lowering() };
    assert_eq!(
        row(call("count_if", count, vec![column("back", Type::Bool)], Type::Int)).0,
        json!({ "aggregate": { "function": "count_if", "arguments": [{ "column": "back" }] } })
    );
    let lead = Lowering { window: Some("lead".to_owned()), ..lowering() };
    assert_eq!(
        row(call("lead", lead, vec![column("at", Type::Timestamp)], optional(Type::Timestamp))).0,
        json!({ "window": { "function": "lead", "arguments": [{ "column": "at" }] } })
    );
}

#[test]
fn what_the_plan_cannot_say_is_a_fault_and_no_panic() {
    let unknown = Lowering { row: Some("no_such".to_owned()), ..lowering() };
    let (_, faults) = row(call("mine", unknown, Vec::new(), Type::Bool));
    assert_eq!(faults, ["the generic binary cannot be given the function `mine`"]);
    let (_, faults) = row(expr(ExprKind::EnvName, Type::String, Stage::Plan));
    assert_eq!(faults, ["the generic binary cannot be given a deploy value"]);
}

#[test]
fn slots_have_the_name_of_their_parameter_or_of_their_use() {
    let mut program = program();
    let processed = || expr(ExprKind::Param("processed".to_owned()), Type::String, Stage::Plan);
    program.tables[0].invalid = InvalidPolicy::Quarantine {
        bucket: processed(),
        prefix: expr(ExprKind::Text(vec![put(processed()), lit("/q")]), Type::String, Stage::Plan),
        write: Vec::new(),
    };
    program.tables[1].prefix = text("/staged/");
    let output = plan(&program, &mut Vec::new());
    let slots: Vec<(&str, &str)> =
        output.plan.slots.iter().map(|(name, slot)| (name.as_str(), slot.description.as_str())).collect();
    assert_eq!(
        slots,
        [
            ("encounters_quarantine_prefix", "the prefix of encounters quarantine"),
            (
                "processed",
                "the bucket of encounters quarantine, the bucket of staged, the bucket of readmissions, the bucket of extract"
            ),
            ("raw", "the bucket of encounters"),
        ]
    );
    assert_eq!(output.slots.len(), 3);
    assert_eq!(output.plan.tables["staged"].location.prefix, flow_plan::Text::Literal("staged".to_owned()));
    let text = serde_json::to_string(&output.plan).unwrap();
    assert_eq!(flow_plan::Plan::from_json(&text).unwrap(), output.plan);
}

#[test]
fn deploy_values_have_names_depths_and_encodings() {
    let program = program();
    let mut table = Substitutions::default();
    let mut entry = |expr: &Expr, hint: &str| {
        let entry = table.entry(&program, expr, hint);
        (entry.name, entry.depth, entry.encoding)
    };
    let param = |name: &str, ty| expr(ExprKind::Param(name.to_owned()), ty, Stage::Plan);
    let raw = param("raw", Type::String);
    assert_eq!(entry(&raw, "x"), ("raw".to_owned(), Depth::Plan, Encoding::Json));
    assert_eq!(entry(&raw, "y").0, "raw");
    // A parameter's words of HCL.
    assert_eq!(entry(&param("for", Type::String), "x").0, "value_for");
    let subnets = field(param("network", Type::Json), "subnets", Type::Json);
    assert_eq!(entry(&subnets, "x").0, "network_subnets");
    let path = |first: &str| {
        expr(ExprKind::Text(vec![lit(first), put(param("raw", Type::String))]), Type::String, Stage::Plan)
    };
    assert_eq!(entry(&path("s3://"), "SourceUri"), ("source_uri".to_owned(), Depth::Plan, Encoding::Text));
    assert_eq!(entry(&path("{"), "SourceUri"), ("source_uri_2".to_owned(), Depth::Plan, Encoding::Json));
    let arn = param("topic", Type::Arn);
    assert_eq!(entry(&arn, "x").2, Encoding::Text);
}

#[test]
fn an_environment_s_values() {
    let program = program();
    let dev = Evaluator::new(&program, Some(Some("dev")));
    let constants = Evaluator::new(&program, None);
    let param = |name: &str| expr(ExprKind::Param(name.to_owned()), Type::Json, Stage::Plan);
    assert_eq!(dev.value(&param("raw")), Some(json!("dpc-raw-dev")));
    assert_eq!(dev.value(&param("rollback")), Some(json!(false)));
    assert_eq!(
        dev.value(&param("network")),
        Some(json!({ "subnets": [], "security_groups": [], "assign_public_ip": null }))
    );
    assert_eq!(constants.value(&param("raw")), None);
    let function = |deploy: &str, arguments: Vec<Expr>, ty| {
        let params = ["a", "b"].iter().take(arguments.len()).map(|name| (*name).to_owned()).collect();
        call("f", Lowering { params, deploy: Some(deploy.to_owned()), ..lowering() }, arguments, ty)
    };
    assert_eq!(constants.value(&function("length({a})", vec![text("Ünï")], Type::Int)), Some(json!(3)));
    assert_eq!(
        constants.value(&function("upper({a}) == {b} ? 1 : 2", vec![text("x"), text("X")], Type::Int)),
        Some(json!(1))
    );
    assert_eq!(constants.value(&function("jsonencode({a})", vec![text("{a}\"${b}")], Type::String)), Some(json!("\"{a}\\\"${b}\"")));
    assert_eq!(constants.value(&function("unknown({a})", vec![text("x")], Type::String)), None);
    let arn = |resource| {
        expr(
            ExprKind::Attribute { resource: ResourceId(resource), instance: Instance::Only, path: vec!["arn".to_owned()] },
            Type::Arn,
            Stage::Apply,
        )
    };
    assert_eq!(dev.text(&arn(0)).unwrap(), "arn:aws:local:us-east-1:000000000000:dbt_build_cluster");
}
