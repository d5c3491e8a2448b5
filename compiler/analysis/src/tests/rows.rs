//! What reaches rows: the checks of types with names, numbers as decimals; and what a flow leaves behind that exists nowhere.

use super::clean;
use crate::program::{ExprKind, Type, Value};
use flow_diagnostics::{Diagnostics, FileSet};

#[test]
fn the_checks_of_a_type_are_those_of_its_columns() {
    let program = clean(
        r#"
type Word = String check len(value) > 0
type Code = Word check value matches r"^[A-Z]+$"
type Price = Decimal(6, 2) check value > 0.5
schema Visit {
  id:    String @key
  code:  Code
  again: Code?
  price: Price check price <= 1000
  note:  String
}
"#,
    );
    let checks: Vec<(Option<&str>, &str)> =
        program.schemas[0].checks.iter().map(|check| (check.field.as_deref(), check.text.as_str())).collect();
    let code = r#"value matches r"^[A-Z]+$""#;
    assert_eq!(
        checks,
        [
            (Some("price"), "price <= 1000"),
            (Some("code"), "len(value) > 0"),
            (Some("code"), code),
            (Some("again"), "len(value) > 0"),
            (Some("again"), code),
            (Some("price"), "value > 0.5"),
        ]
    );
    let last = &program.schemas[0].checks[5].condition;
    let ExprKind::Binary(_, left, right) = &last.kind else { panic!("{last:?}") };
    assert_eq!(left.kind, ExprKind::Column("price".to_owned()));
    assert_eq!((&right.kind, &right.ty), (&ExprKind::Value(Value::Decimal("0.50".to_owned())), &Type::Decimal(6, 2)));
}

#[test]
fn a_flow_that_exists_nowhere_leaves_nothing_behind() {
    let text = r#"
use std.aws.s3
project p { region = "us-east-1" }
schema Visit { id: String @key }
source visits: Table<Visit> = s3.table { bucket = "clinic-raw", prefix = "visits", format = jsonl }
sink archive: Table<Visit> = s3.table { bucket = "clinic-archive", prefix = "visits", format = parquet }
flow gone() {
  step copied = copy(visits) into archive
  step again = copy(visits) into archive { using = lambda(memory = 3GB) }
} when false
flow stays() {
  step looked = validate(visits)
  step large = validate(visits) { using = lambda(memory = 4GB) }
}
"#;
    let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
    let file = files.add("program.flow", text.to_owned());
    let program = crate::check(file, &mut files, &mut diagnostics);
    assert!(!diagnostics.has_errors());
    let names: Vec<&str> = program.functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["worker", "worker-4gb"]);
    assert_eq!(program.functions[0].steps, ["stays.looked"]);
    assert_eq!(program.functions[0].writes, []);
    let used: Vec<u32> = program.flows[0].steps().iter().filter_map(|step| Some(step.call.function?.0)).collect();
    assert_eq!(used, [0, 1]);
}
