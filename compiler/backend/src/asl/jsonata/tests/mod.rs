//! The JSONata of an expression, and what it evaluates to, against a reference written here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod generate;
mod reference;

use super::*;
use flow_analysis::program::*;
use flow_asl::driver::Mock;
use flow_asl::interpreter::{Execution, ExecutionOptions, Silent};
use flow_asl::jsonata::Expression;
use flow_asl::model::{Pass, QueryLanguage, StateMachine};
use indexmap::IndexMap;
use flow_diagnostics::{FileId, Span};
use generate::Generator;
use serde_json::{Value as Json, json};

pub(crate) fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, stage: Stage::Run, span: Span::new(FileId(0), 0, 0) }
}

pub(crate) fn constant(value: Value, ty: Type) -> Expr {
    Expr { stage: Stage::Const, ..expr(ExprKind::Value(value), ty) }
}

pub(crate) fn text(value: &str) -> Expr {
    constant(Value::String(value.to_owned()), Type::String)
}

pub(crate) fn int(value: i64) -> Expr {
    constant(Value::Int(value), Type::Int)
}

pub(crate) fn binary(op: Binary, left: Expr, right: Expr, ty: Type) -> Expr {
    expr(ExprKind::Binary(op, Box::new(left), Box::new(right)), ty)
}

pub(crate) fn variable(id: u32, ty: Type) -> Expr {
    expr(ExprKind::Variable(VariableId(id)), ty)
}

struct NoDeploy;

impl DeployValues for NoDeploy {
    fn value(&mut self, _: &Expr, _: &str) -> Deployed {
        panic!("no deploy values here")
    }

    fn whole(&mut self, _: &Expr, _: &str) -> Option<String> {
        None
    }
}

fn code(expr: &Expr) -> Code {
    let variables: Vec<String> = reference::variables().iter().map(|(name, ..)| (*name).to_owned()).collect();
    let tables = |id: TableId| format!("table{}", id.0);
    let mut scope = Scope { variables: &variables, instead: Vec::new(), tables: &tables, deploy: &mut NoDeploy };
    lower(expr, &mut scope).definite()
}

fn evaluate(text: &str) -> Json {
    let values: Vec<(String, Json)> =
        reference::variables().into_iter().map(|(name, _, value)| (name.to_owned(), value.json())).collect();
    let mut scope = flow_asl::jsonata::Scope::new();
    for (name, value) in &values {
        scope = scope.variable(name.clone(), value);
    }
    let parsed = Expression::parse(&format!("{{% {text} %}}")).unwrap_or_else(|error| panic!("{text}: {error}"));
    parsed.evaluate(&scope).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-9 * a.abs().max(1.0)
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

#[test]
fn evaluation_is_that_of_the_reference() {
    for seed in 0..4000 {
        let mut generator = Generator::new(seed);
        let ty = generator.ty();
        let expr = generator.expr(&ty, 4);
        let expected = reference::evaluate(&expr).json();
        let code = code(&expr);
        let found = evaluate(&code.text);
        assert!(same(&found, &expected), "seed {seed}: {}\n gives {found}, not {expected}\n{expr:#?}", code.text);
        // Put into any place, it is one value.
        let placed = evaluate(&format!("[[{}], 7]", code.within(Level::Atom)));
        if !matches!(ty, Type::List(_)) {
            assert!(same(&placed, &json!([[expected], 7])), "seed {seed}: {}", code.text);
        }
    }
}

/// As `Arguments`, `Assign` and `Output` have it: literal where it can be.
#[test]
fn trees_are_what_their_expressions_are() {
    let assign: IndexMap<String, Json> = reference::variables()
        .into_iter()
        .map(|(name, _, value)| (name.to_owned(), crate::asl::tree::literal(value.json())))
        .collect();
    for seed in 0..400 {
        let mut generator = Generator::new(seed);
        let ty = if seed % 2 == 0 { reference::record_type() } else { generator.ty() };
        let expr = generator.expr(&ty, 3);
        let variables: Vec<String> = reference::variables().iter().map(|(name, ..)| (*name).to_owned()).collect();
        let tables = |_: TableId| String::new();
        let mut scope = Scope { variables: &variables, instead: Vec::new(), tables: &tables, deploy: &mut NoDeploy };
        let output = crate::asl::tree(&expr, "it", &mut scope);
        let set = Pass { assign: Some(assign.clone()), next: Some("get".to_owned()), ..Pass::default() };
        let get = Pass { output: Some(output), end: true, ..Pass::default() };
        let machine = StateMachine {
            query_language: Some(QueryLanguage::Jsonata),
            start_at: "set".to_owned(),
            ..StateMachine::default()
        };
        let machine = machine.state("set", set).state("get", get);
        // Through its text, as it is deployed.
        let machine = StateMachine::parse(&crate::asl::text::definition(&machine, &[])).unwrap();
        let outcome = Execution::new(&machine, ExecutionOptions::default())
            .unwrap_or_else(|issues| panic!("seed {seed}: {issues:#?}"))
            .run(&mut Mock::new(), &mut Silent);
        let expected = reference::evaluate(&expr).json();
        let found = outcome.output.unwrap_or_else(|| panic!("seed {seed}: {:?}", outcome.cause));
        assert!(same(&found, &expected), "seed {seed}: {found}, not {expected}");
    }
}

#[test]
fn no_parentheses_are_needless() {
    let x = || variable(0, Type::Int);
    let sum = binary(Binary::Add, x(), int(1), Type::Int);
    let product = binary(Binary::Multiply, sum.clone(), int(2), Type::Int);
    assert_eq!(code(&product).text, "($n + 1) * 2");
    let flat = binary(Binary::Subtract, sum.clone(), binary(Binary::Multiply, x(), int(2), Type::Int), Type::Int);
    assert_eq!(code(&flat).text, "$n + 1 - $n * 2");
    let right = binary(Binary::Subtract, x(), sum, Type::Int);
    assert_eq!(code(&right).text, "$n - ($n + 1)");
    let less = || binary(Binary::Less, x(), int(3), Type::Bool);
    let logic = binary(Binary::And, binary(Binary::Or, less(), less(), Type::Bool), less(), Type::Bool);
    assert_eq!(code(&logic).text, "($n < 3 or $n < 3) and $n < 3");
    assert_eq!(code(&binary(Binary::Subtract, x(), int(-5), Type::Int)).text, "$n - (-5)");
}

#[test]
fn the_time_arithmetic_of_the_nightly_trigger_reads_well() {
    let date = Lowering {
        name: "date".to_owned(),
        pattern: None,
        hides: false,
        params: vec!["at".to_owned()],
        deploy: None,
        run: Some("$substring({at}, 0, 10)".to_owned()),
        row: None,
        aggregate: None,
        window: None,
    };
    let time = expr(
        ExprKind::Field {
            target: Box::new(variable(7, Type::record(vec![("time".to_owned(), Type::Timestamp)]))),
            name: "time".to_owned(),
            optional: false,
        },
        Type::Timestamp,
    );
    let day = expr(ExprKind::Call { function: date.into(), arguments: vec![time] }, Type::Date);
    let before = binary(
        Binary::SubtractFromDate,
        day,
        constant(Value::Duration(86_400_000_000), Type::Duration),
        Type::Date,
    );
    assert_eq!(
        code(&before).text,
        "$substring($fromMillis($toMillis($substring($record.time, 0, 10)) - 86400000), 0, 10)"
    );
}

#[test]
fn texts_of_any_kind_arrive_intact() {
    for sample in [
        "", "'", "\"", "'\"", "`", "\\", "\\n", "\n\r\t", "$", "${x}", "%{x}", "{%{…}%}", "{% $x %}", "%}", "a\u{2028}b\u{2029}",
        "\u{0}\u{1f}\u{7f}\u{85}", "日本 🦀 é", "/* no comment */", "{{x}}", "$${x}", "\\u0041",
    ] {
        assert_eq!(evaluate(&string(sample)), json!(sample), "{sample:?}");
        let joined = expr(
            ExprKind::Text(vec![TextPart::Text(sample.to_owned()), TextPart::Expr(text(sample))]),
            Type::String,
        );
        assert_eq!(evaluate(&code(&joined).text), json!(format!("{sample}{sample}")));
    }
}

#[test]
fn what_is_not_there_is_none() {
    let loose = |name: &str, ty: Type| {
        let record = variable(7, Type::Json);
        expr(ExprKind::Field { target: Box::new(record), name: name.to_owned(), optional: false }, ty)
    };
    let missing = || loose("missing", Type::Optional(Box::new(Type::Int)));
    assert_eq!(evaluate(&code(&missing()).text), json!(null));
    let is_none = |negated| expr(ExprKind::IsNone { operand: Box::new(missing()), negated }, Type::Bool);
    assert_eq!(evaluate(&code(&is_none(false)).text), json!(true));
    assert_eq!(evaluate(&code(&is_none(true)).text), json!(false));
    let or_else = expr(ExprKind::Coalesce(Box::new(missing()), Box::new(int(3))), Type::Int);
    assert_eq!(evaluate(&code(&or_else).text), json!(3));
    let none = constant(Value::None, Type::None);
    assert_eq!(evaluate(&code(&binary(Binary::Equal, missing(), none, Type::Bool)).text), json!(true));
    let shown = expr(ExprKind::Text(vec![TextPart::Text("x ".into()), TextPart::Expr(missing())]), Type::String);
    assert_eq!(evaluate(&code(&shown).text), json!("x none"));
}

#[test]
fn a_list_of_one_stays_a_list() {
    let one = || variable(6, Type::List(Box::new(Type::Int)));
    assert_eq!(evaluate(&code(&one()).text), json!([7]));
    let nested = expr(ExprKind::List(vec![one(), one()]), Type::List(Box::new(Type::List(Box::new(Type::Int)))));
    assert_eq!(evaluate(&code(&nested).text), json!([[7], [7]]));
    let only = expr(ExprKind::List(vec![one()]), Type::List(Box::new(Type::List(Box::new(Type::Int)))));
    assert_eq!(evaluate(&code(&only).text), json!([[7]]));
    let record = expr(ExprKind::Record(vec![("list".to_owned(), one())]), Type::Json);
    assert_eq!(evaluate(&code(&record).text), json!({ "list": [7] }));
}
