//! What every expression and operator means, on values worked out by hand.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use crate::Environment;
use crate::execute::{Executor, stream_table};
use crate::formats::jsonl;
use crate::formats::jsonl::JsonlReader;
use crate::lower::Source;
use datafusion::datasource::provider_as_source;
use flow_plan::{Failure, Field, Schema, Transform};
use futures::StreamExt;
use serde_json::{Value, json};
use std::sync::Arc;

/// Runs operators over rows; the output's columns are the last operator's.
fn run(fields: &Value, rows: &[Value], operators: &Value) -> Result<Vec<Value>, Failure> {
    let fields: Vec<Field> = serde_json::from_value(fields.clone()).unwrap();
    let schema = Schema {
        doc: None,
        fields: fields.clone(),
        checks: vec![],
        avro: None,
    };
    let transform: Transform = serde_json::from_value(json!({
        "inputs": [{"name": "t", "schema": "T"}], "output": "T", "from": "t", "operators": operators,
    }))
    .unwrap();
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let decoded = JsonlReader::new(&fields).read(text.as_bytes(), 1).unwrap();
    assert_eq!(decoded.bad, vec![]);
    // Several batches, so that the result does not depend on how rows come.
    let step = decoded.batch.num_rows().div_ceil(3).max(1);
    let batches: Vec<_> = (0..decoded.batch.num_rows())
        .step_by(step)
        .map(|start| Ok(decoded.batch.slice(start, step.min(decoded.batch.num_rows() - start))))
        .collect();
    let output: Vec<Field> = transform.operators.last().unwrap().columns().to_vec();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let executor = Executor::new(&Environment::from_variables([("FLOW_THREADS", "2")]))?;
        let input = stream_table(&schema, futures::stream::iter(batches).boxed())?;
        let mut sources = |_: &str| {
            Ok(Source { rows: provider_as_source(Arc::clone(&input)), fields: schema.fields.clone() })
        };
        let mut running = executor.run("t", &transform, &mut sources).await?;
        let mut out = Vec::new();
        while let Some(batch) = running.next().await? {
            jsonl::write(&mut out, &batch, &output, jsonl::Parts::Lines)?;
        }
        running.finish().await?;
        let lines = String::from_utf8(out).unwrap();
        Ok(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    })
}

fn field(name: &str, data_type: &str, optional: bool) -> Value {
    json!({"name": name, "type": data_type, "optional": optional})
}

/// The value of an expression of a type over one row of columns of every kind.
fn value(expr: &Value, data_type: &str) -> Result<Value, Failure> {
    let fields = json!([
        field("b", "bool", false), field("i", "int", false), field("f", "float", false), field("s", "string", false),
        field("d", "date", false), field("t", "timestamp", false), field("u", "duration", false),
        field("no", "int", true), field("nos", "string", true), field("nob", "bool", true), field("five", "int", true),
    ]);
    let row = json!({"b": true, "i": 7, "f": 2.5, "s": " Zürich ", "d": "2026-03-31", "t": "2026-01-05T23:30:00.5Z",
        "u": 90, "no": null, "nos": null, "nob": null, "five": 5});
    let operators = json!([{"operator": "select", "selected": [{"name": "r", "expr": expr}],
        "columns": [field("r", data_type, true)]}]);
    let rows = run(&fields, &[row], &operators)?;
    Ok(rows[0]["r"].clone())
}

fn col(name: &str) -> Value {
    json!({"column": name})
}
fn int(value: i64) -> Value {
    json!({"literal": {"int": value}})
}
fn float(value: f64) -> Value {
    json!({"literal": {"float": value}})
}
fn text(value: &str) -> Value {
    json!({"literal": {"string": value}})
}
fn binary(op: &str, left: Value, right: Value) -> Value {
    json!({"binary": {"op": op, "left": left, "right": right}})
}
fn call(function: &str, arguments: &[Value]) -> Value {
    json!({"call": {"function": function, "arguments": arguments}})
}
fn cause(result: Result<Value, Failure>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn equality_knows_none() {
    let none = json!({"none": "int"});
    for (op, left, right, expected) in [
        ("equal", col("no"), none.clone(), true),
        ("equal", col("no"), int(5), false),
        ("equal", col("five"), int(5), true),
        ("not_equal", col("no"), none, false),
        ("not_equal", col("no"), int(5), true),
        ("not_equal", col("i"), int(7), false),
        ("equal", col("i"), int(7), true),
    ] {
        assert_eq!(value(&binary(op, left, right), "bool").unwrap(), json!(expected), "{op}");
    }
}

#[test]
fn comparisons_with_none_are_none() {
    assert_eq!(value(&binary("less", col("no"), int(5)), "bool").unwrap(), Value::Null);
    assert_eq!(value(&binary("less", col("i"), int(8)), "bool").unwrap(), json!(true));
    assert_eq!(value(&binary("less_equal", col("f"), float(2.5)), "bool").unwrap(), json!(true));
    assert_eq!(value(&binary("greater", col("s"), text("A")), "bool").unwrap(), json!(false));
    let later = json!({"literal": {"timestamp": "2026-01-05T23:30:00.500001Z"}});
    assert_eq!(value(&binary("greater_equal", col("t"), later), "bool").unwrap(), json!(false));
}

#[test]
fn and_or_not_with_none() {
    let no = col("nob");
    let (yes, nay) = (json!({"literal": {"bool": true}}), json!({"literal": {"bool": false}}));
    assert_eq!(value(&binary("and", no.clone(), nay.clone()), "bool").unwrap(), json!(false));
    assert_eq!(value(&binary("and", no.clone(), yes.clone()), "bool").unwrap(), Value::Null);
    assert_eq!(value(&binary("or", no.clone(), yes), "bool").unwrap(), json!(true));
    assert_eq!(value(&binary("or", no, nay), "bool").unwrap(), Value::Null);
    let not = json!({"unary": {"op": "not", "operand": col("b")}});
    assert_eq!(value(&not, "bool").unwrap(), json!(false));
}

#[test]
fn none_if_and_coalesce() {
    let is_none = |name: &str, negated: bool| json!({"is_none": {"operand": col(name), "negated": negated}});
    assert_eq!(value(&is_none("no", false), "bool").unwrap(), json!(true));
    assert_eq!(value(&is_none("five", true), "bool").unwrap(), json!(true));
    assert_eq!(value(&json!({"coalesce": [col("no"), col("no"), int(3)]}), "int").unwrap(), json!(3));
    assert_eq!(value(&json!({"coalesce": [col("five"), int(3)]}), "int").unwrap(), json!(5));
    let choose = |condition: Value| json!({"if": {"condition": condition, "then": int(1), "otherwise": int(2)}});
    assert_eq!(value(&choose(col("b")), "int").unwrap(), json!(1));
    assert_eq!(value(&choose(col("nob")), "int").unwrap(), json!(2));
}

#[test]
fn arithmetic() {
    assert_eq!(value(&binary("add", col("i"), int(-10)), "int").unwrap(), json!(-3));
    assert_eq!(value(&binary("subtract", int(1), col("i")), "int").unwrap(), json!(-6));
    assert_eq!(value(&binary("multiply", col("f"), float(4.0)), "float").unwrap(), json!(10));
    assert_eq!(value(&binary("divide", float(1.0), col("f")), "float").unwrap(), json!(0.4));
    assert_eq!(value(&binary("modulo", int(-7), int(4)), "int").unwrap(), json!(-3));
    assert_eq!(value(&binary("add", col("no"), int(1)), "int").unwrap(), Value::Null);
    assert_eq!(value(&binary("add", col("u"), json!({"literal": {"duration": 500_000}})), "duration").unwrap(), json!(90.5));
    assert_eq!(value(&json!({"unary": {"op": "negate", "operand": col("i")}}), "int").unwrap(), json!(-7));
    assert_eq!(value(&json!({"to_float": col("i")}), "float").unwrap(), json!(7));
}

#[test]
fn arithmetic_fails_instead_of_wrapping() {
    let max = int(i64::MAX);
    assert!(cause(value(&binary("add", col("i"), max.clone()), "int")).starts_with("Flow.ComputeFailed: a sum is too large"));
    assert!(cause(value(&binary("multiply", max, col("i")), "int")).starts_with("Flow.ComputeFailed: a product is too large"));
    let divided = |by: Value| value(&binary("divide", col("f"), by), "float");
    assert_eq!(cause(divided(float(0.0))), "Flow.ComputeFailed: division by zero");
    assert_eq!(cause(value(&binary("modulo", col("i"), int(0)), "int")), "Flow.ComputeFailed: division by zero");
    assert!(cause(value(&binary("multiply", float(1e300), float(1e300)), "float")).contains("too large for a Float"));
}

#[test]
fn what_is_not_asked_for_is_not_computed() {
    let zero = || binary("subtract", col("i"), int(7));
    let quotient = || binary("modulo", int(1), zero());
    let guarded = binary(
        "and",
        binary("not_equal", zero(), int(0)),
        binary("greater", quotient(), int(0)),
    );
    assert_eq!(value(&guarded, "bool").unwrap(), json!(false));
    let or = binary("or", binary("equal", zero(), int(0)), binary("greater", quotient(), int(0)));
    assert_eq!(value(&or, "bool").unwrap(), json!(true));
    let choose = json!({"if": {"condition": binary("equal", zero(), int(0)), "then": int(0), "otherwise": quotient()}});
    assert_eq!(value(&choose, "int").unwrap(), json!(0));
    assert_eq!(value(&json!({"coalesce": [col("five"), quotient()]}), "int").unwrap(), json!(5));
}

#[test]
fn texts() {
    assert_eq!(value(&call("character_length", &[col("s")]), "int").unwrap(), json!(8));
    assert_eq!(value(&call("trim", &[col("s")]), "string").unwrap(), json!("Zürich"));
    assert_eq!(value(&call("upper", &[col("s")]), "string").unwrap(), json!(" ZÜRICH "));
    // As `printf abc | sha256sum` says.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(value(&call("hash", &[text("abc")]), "string").unwrap(), json!(abc));
    let mask = |of: Value, keep| value(&call("mask", &[of, int(keep)]), "string").unwrap();
    assert_eq!(mask(text("Zürich"), 2), json!("****ch"));
    assert_eq!(mask(text("Zürich"), 0), json!("******"));
    assert_eq!(mask(text("Zürich"), 6), json!("******"));
    assert_eq!(mask(text("Zürich"), -1), json!("******"));
    assert_eq!(mask(col("s"), 3), json!("*****ch "));
    assert_eq!(value(&call("lower", &[col("s")]), "string").unwrap(), json!(" zürich "));
    assert_eq!(value(&call("contains", &[col("s"), text("ür")]), "bool").unwrap(), json!(true));
    assert_eq!(value(&call("starts_with", &[col("s"), text("Z")]), "bool").unwrap(), json!(false));
    assert_eq!(value(&call("ends_with", &[col("s"), text("h ")]), "bool").unwrap(), json!(true));
    assert_eq!(value(&call("replace", &[col("s"), text(" "), text("-")]), "string").unwrap(), json!("-Zürich-"));
    assert_eq!(value(&binary("concat", col("s"), text("!")), "string").unwrap(), json!(" Zürich !"));
    let matches = |pattern: &str| json!({"matches": {"operand": col("s"), "pattern": pattern}});
    assert_eq!(value(&matches("Z.r"), "bool").unwrap(), json!(true));
    assert_eq!(value(&matches("^Z"), "bool").unwrap(), json!(false));
    assert_eq!(value(&call("trim", &[col("nos")]), "string").unwrap(), Value::Null);
}

#[test]
fn numbers() {
    assert_eq!(value(&call("abs_int", &[int(-3)]), "int").unwrap(), json!(3));
    assert_eq!(value(&call("abs_float", &[float(-3.5)]), "float").unwrap(), json!(3.5));
    assert_eq!(value(&call("round", &[col("f")]), "float").unwrap(), json!(3));
    assert_eq!(value(&call("round", &[float(-2.5)]), "float").unwrap(), json!(-3));
    assert_eq!(value(&call("floor", &[float(-2.5)]), "float").unwrap(), json!(-3));
    assert_eq!(value(&call("ceil", &[float(-2.5)]), "float").unwrap(), json!(-2));
    assert!(cause(value(&call("abs_int", &[int(i64::MIN)]), "int")).contains("does not fit Int"));
}

#[test]
fn dates_and_times() {
    let date = |text: &str| json!({"literal": {"date": text}});
    let days = |days: i64| json!({"literal": {"duration": days * 86_400_000_000}});
    assert_eq!(value(&call("date_of_timestamp", &[col("t")]), "date").unwrap(), json!("2026-01-05"));
    assert_eq!(value(&call("timestamp_of_date", &[col("d")]), "timestamp").unwrap(), json!("2026-03-31T00:00:00Z"));
    assert_eq!(value(&call("month_start", &[col("d")]), "date").unwrap(), json!("2026-03-01"));
    assert_eq!(value(&call("month_start", &[date("1969-02-28")]), "date").unwrap(), json!("1969-02-01"));
    assert_eq!(value(&call("year", &[col("d")]), "int").unwrap(), json!(2026));
    assert_eq!(value(&call("month", &[col("d")]), "int").unwrap(), json!(3));
    assert_eq!(value(&call("day", &[col("d")]), "int").unwrap(), json!(31));
    let difference = call("subtract_dates", &[col("d"), date("2026-03-01")]);
    assert_eq!(value(&difference, "duration").unwrap(), json!(30 * 86_400));
    let length = call("subtract_timestamps", &[col("t"), json!({"literal": {"timestamp": "2026-01-05T23:30:01Z"}})]);
    assert_eq!(value(&length, "duration").unwrap(), json!(-0.5));
    assert_eq!(value(&call("add_date", &[col("d"), days(1)]), "date").unwrap(), json!("2026-04-01"));
    assert_eq!(value(&call("add_timestamp", &[col("t"), col("u")]), "timestamp").unwrap(), json!("2026-01-05T23:31:30.500Z"));
    assert!(cause(value(&call("add_date", &[col("d"), col("u")]), "date")).contains("no whole number of days"));
    assert!(cause(value(&call("add_date", &[date("9999-12-31"), days(1)]), "date")).contains("0 to 9999"));
}

#[test]
fn values_as_texts() {
    for (name, expected) in [
        ("b", "true"), ("i", "7"), ("f", "2.5"), ("s", " Zürich "), ("d", "2026-03-31"), ("t", "2026-01-05T23:30:00.500Z"), ("u", "90"),
    ] {
        assert_eq!(value(&call("to_string", &[col(name)]), "string").unwrap(), json!(expected));
    }
}

fn stays() -> (Value, Vec<Value>) {
    let fields = json!([field("p", "string", false), field("at", "int", false), field("x", "float", true)]);
    let rows = vec![
        json!({"p": "a", "at": 3, "x": 0.3}), json!({"p": "b", "at": 1, "x": null}), json!({"p": "a", "at": 1, "x": 0.1}),
        json!({"p": "a", "at": 2, "x": 0.2}), json!({"p": "b", "at": 1, "x": 1.5}),
    ];
    (fields, rows)
}

#[test]
fn fields_of_records() {
    let inner = json!({"struct": {"fields": [field("s", "string", true), field("i", "int", false)]}});
    let record = json!({"struct": {"fields": [field("a", "int", false), {"name": "in", "type": inner, "optional": true}]}});
    let fields = json!([{"name": "r", "type": record, "optional": true}]);
    let rows = [
        json!({"r": {"a": 1, "in": {"s": "x", "i": 7}}}),
        json!({"r": {"a": 2, "in": null}}),
        json!({"r": null}),
        json!({"r": {"a": 3, "in": {"s": null, "i": 8}}}),
    ];
    let of = |operand: Value, name: &str| json!({"field": {"operand": operand, "name": name}});
    let inside = || of(col("r"), "in");
    let selected = json!([
        {"name": "a", "expr": of(col("r"), "a")},
        {"name": "s", "expr": call("upper", &[of(inside(), "s")])},
        {"name": "i", "expr": binary("add", of(inside(), "i"), int(1))},
    ]);
    let columns = json!([field("a", "int", true), field("s", "string", true), field("i", "int", true)]);
    let select = json!([{"operator": "select", "selected": selected, "columns": columns}]);
    let expected = [
        json!({"a": 1, "s": "X", "i": 8}),
        json!({"a": 2, "s": null, "i": null}),
        json!({"a": 3, "s": null, "i": 9}),
        json!({"a": null, "s": null, "i": null}),
    ];
    assert_eq!(run(&fields, &rows, &select).unwrap(), expected);
    let missing = json!([{"operator": "select", "selected": [{"name": "a", "expr": of(col("r"), "nope")}], "columns": [field("a", "int", true)]}]);
    assert!(run(&fields, &rows, &missing).unwrap_err().to_string().contains("names the field `nope`"));
}

#[test]
fn records_of_values() {
    let fields = json!([field("a", "int", false), field("s", "string", true)]);
    let rows = [json!({"a": 1, "s": "x"}), json!({"a": 2, "s": null})];
    let source = json!({"record": [{"name": "line", "expr": binary("add", col("a"), int(1))}]});
    let record = json!({"record": [
        {"name": "s", "expr": call("upper", &[col("s")])},
        {"name": "a", "expr": col("a")},
        {"name": "_source", "expr": source},
        {"name": "fixed", "expr": {"literal": {"string": "f"}}},
    ]});
    let inner = json!({"struct": {"fields": [field("line", "int", false)]}});
    let ty = json!({"struct": {"fields": [
        field("s", "string", true), field("a", "int", false),
        {"name": "_source", "type": inner}, field("fixed", "string", false),
    ]}});
    let columns = json!([{"name": "r", "type": ty}]);
    let select = json!([{"operator": "select", "selected": [{"name": "r", "expr": record}], "columns": columns}]);
    let expected = [
        json!({"r": {"s": "X", "a": 1, "_source": {"line": 2}, "fixed": "f"}}),
        json!({"r": {"s": null, "a": 2, "_source": {"line": 3}, "fixed": "f"}}),
    ];
    assert_eq!(run(&fields, &rows, &select).unwrap(), expected);
}

#[test]
fn windows_look_at_other_rows_of_the_partition() {
    let (fields, rows) = stays();
    let window = |function: &str, arguments: Value| json!({"window": {"function": function, "arguments": arguments}});
    let derived = [
        ("next", window("lead", json!([col("at")])), "int"),
        ("before", window("lag", json!([col("at")])), "int"),
        ("second", window("lead", json!([col("at"), int(2)])), "int"),
        ("n", window("row_number", json!([])), "int"),
        ("rank", window("rank", json!([])), "int"),
        ("dense", window("dense_rank", json!([])), "int"),
        ("first", window("first", json!([col("at")])), "int"),
        ("last", window("last", json!([col("at")])), "int"),
        ("total", json!({"aggregate": {"function": "sum", "arguments": [col("at")]}}), "int"),
        ("left", binary("subtract", json!({"aggregate": {"function": "count", "arguments": []}}), window("row_number", json!([]))), "int"),
    ];
    let mut columns = fields.as_array().unwrap().clone();
    columns.extend(derived.iter().map(|(name, _, data_type)| field(name, data_type, true)));
    let derived: Vec<_> = derived.iter().map(|(name, expr, _)| json!({"name": name, "expr": expr})).collect();
    let operators = json!([
        {"operator": "window", "partition_by": [col("p")], "order_by": [{"expr": col("at")}], "derived": derived, "columns": columns},
        {"operator": "sort", "by": [{"expr": col("p")}, {"expr": col("n")}], "columns": columns},
    ]);
    let result = run(&fields, &rows, &operators).unwrap();
    let part = |name: &str| result.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(part("p"), ["a", "a", "a", "b", "b"]);
    assert_eq!(json!(part("next")), json!([2, 3, null, 1, null]));
    assert_eq!(json!(part("before")), json!([null, 1, 2, null, 1]));
    assert_eq!(json!(part("second")), json!([3, null, null, null, null]));
    assert_eq!(json!(part("n")), json!([1, 2, 3, 1, 2]));
    assert_eq!(json!(part("rank")), json!([1, 2, 3, 1, 1]));
    assert_eq!(json!(part("dense")), json!([1, 2, 3, 1, 1]));
    assert_eq!(json!(part("first")), json!([1, 1, 1, 1, 1]));
    assert_eq!(json!(part("last")), json!([3, 3, 3, 1, 1]));
    assert_eq!(json!(part("total")), json!([6, 6, 6, 2, 2]));
    assert_eq!(json!(part("left")), json!([2, 1, 0, 1, 0]));
    // Ties are broken by what is left: 1.5 before none.
    assert_eq!(json!(part("x")), json!([0.1, 0.2, 0.3, 1.5, null]));
}

#[test]
fn groups() {
    let (fields, rows) = stays();
    let aggregate = |function: &str, arguments: Value| json!({"aggregate": {"function": function, "arguments": arguments}});
    let aggregates = [
        ("rows", aggregate("count", json!([])), "int"),
        ("some", aggregate("count", json!([col("x")])), "int"),
        ("early", aggregate("count_if", json!([binary("less", col("at"), int(2))])), "int"),
        ("kinds", aggregate("count_distinct", json!([col("at")])), "int"),
        ("sum", aggregate("sum", json!([col("x")])), "float"),
        ("sum_int", aggregate("sum", json!([col("at")])), "int"),
        ("mean", aggregate("average", json!([col("at")])), "float"),
        ("least", aggregate("min", json!([col("x")])), "float"),
        ("most", aggregate("max", json!([col("x")])), "float"),
        ("twice", binary("multiply", aggregate("count", json!([])), int(2)), "int"),
    ];
    let mut columns = vec![field("p", "string", false)];
    columns.extend(aggregates.iter().map(|(name, _, data_type)| field(name, data_type, true)));
    let named: Vec<_> = aggregates.iter().map(|(name, expr, _)| json!({"name": name, "expr": expr})).collect();
    let operators = json!([{"operator": "group", "keys": [{"name": "p", "expr": col("p")}], "aggregates": named, "columns": columns}]);
    assert_eq!(run(&fields, &rows, &operators).unwrap(), vec![
        // 0.3 + 0.1 + 0.2 is 0.6 when it is rounded once, 0.6000000000000001 when step by step.
        json!({"p": "a", "rows": 3, "some": 3, "early": 1, "kinds": 3, "sum": 0.6, "sum_int": 6, "mean": 2, "least": 0.1, "most": 0.3, "twice": 6}),
        json!({"p": "b", "rows": 2, "some": 1, "early": 2, "kinds": 1, "sum": 1.5, "sum_int": 2, "mean": 1, "least": 1.5, "most": 1.5, "twice": 4}),
    ]);
    // No rows: one group without keys, none with.
    let empty = |keys: Value, columns: Value| {
        let sum = json!([{"name": "s", "expr": aggregate("sum", json!([col("at")]))}, {"name": "m", "expr": aggregate("max", json!([col("at")]))}]);
        run(&fields, &[], &json!([{"operator": "group", "keys": keys, "aggregates": sum, "columns": columns}])).unwrap()
    };
    assert_eq!(empty(json!([]), json!([field("s", "int", false), field("m", "int", true)])), vec![json!({"s": 0, "m": null})]);
    let with_key = json!([field("p", "string", false), field("s", "int", false), field("m", "int", true)]);
    assert_eq!(empty(json!([{"name": "p", "expr": col("p")}]), with_key), Vec::<Value>::new());
}

#[test]
fn a_sum_of_integers_that_does_not_fit_fails() {
    let fields = json!([field("i", "int", false)]);
    let rows = vec![json!({"i": i64::MAX}); 3];
    let operators = json!([{"operator": "group", "keys": [], "aggregates": [{"name": "s", "expr": {"aggregate": {"function": "sum", "arguments": [col("i")]}}}], "columns": [field("s", "int", false)]}]);
    let failure = run(&fields, &rows, &operators).unwrap_err();
    assert_eq!(failure.name, flow_plan::ErrorName::ComputeFailed, "{failure}");
}

#[test]
fn order_take_and_distinct() {
    let (fields, rows) = stays();
    let columns = fields.clone();
    let down = json!({"operator": "sort", "by": [{"expr": col("x"), "order": "descending"}], "columns": columns});
    let xs = |rows: Vec<Value>| rows.iter().map(|row| row["x"].clone()).collect::<Vec<_>>();
    assert_eq!(json!(xs(run(&fields, &rows, &json!([down])).unwrap())), json!([1.5, 0.3, 0.2, 0.1, null]));
    let top = json!([down, {"operator": "take", "rows": 2, "columns": columns}]);
    assert_eq!(json!(xs(run(&fields, &rows, &top).unwrap())), json!([1.5, 0.3]));
    // The order stays through a `select` without the key.
    let only = json!([field("at", "int", false)]);
    let select = json!([down, {"operator": "select", "selected": [{"name": "at", "expr": col("at")}], "columns": only}]);
    let at: Vec<_> = run(&fields, &rows, &select).unwrap().iter().map(|row| row["at"].clone()).collect();
    assert_eq!(json!(at), json!([1, 3, 2, 1, 1]));
    // Without an order: all columns.
    let distinct = json!([{"operator": "select", "selected": [{"name": "at", "expr": col("at")}], "columns": only}, {"operator": "distinct", "columns": only}]);
    let at: Vec<_> = run(&fields, &rows, &distinct).unwrap().iter().map(|row| row["at"].clone()).collect();
    assert_eq!(json!(at), json!([1, 2, 3]));
}

#[test]
fn where_protects_what_follows() {
    let fields = json!([field("a", "int", false), field("b", "int", false)]);
    let rows: Vec<_> = (0..40).map(|i| json!({"a": i, "b": i % 4})).collect();
    let not_zero = json!({"operator": "where", "condition": binary("not_equal", col("b"), int(0)), "columns": fields});
    let remainder = binary("modulo", col("a"), col("b"));
    let derived = json!([field("a", "int", false), field("b", "int", false), field("r", "int", false)]);
    let derive = json!({"operator": "derive", "derived": [{"name": "r", "expr": remainder}], "columns": derived});
    assert_eq!(run(&fields, &rows, &json!([not_zero, derive])).unwrap().len(), 30);
    let select = json!({"operator": "select", "selected": [{"name": "r", "expr": remainder}], "columns": [field("r", "int", false)]});
    assert_eq!(run(&fields, &rows, &json!([not_zero, select])).unwrap().len(), 30);
    let some = json!({"operator": "where", "condition": binary("equal", remainder, int(1)), "columns": fields});
    let expected = (0..40).filter(|i| i % 4 != 0 && i % (i % 4) == 1).count();
    assert_eq!(run(&fields, &rows, &json!([not_zero, some])).unwrap().len(), expected);
    assert!(run(&fields, &rows, &json!([some])).unwrap_err().to_string().contains("division by zero"));
}

#[test]
fn a_plan_of_other_types_is_refused() {
    let (fields, rows) = stays();
    let wrong = json!([{"operator": "select", "selected": [{"name": "r", "expr": col("at")}], "columns": [field("r", "string", false)]}]);
    assert_eq!(
        run(&fields, &rows, &wrong).unwrap_err().to_string(),
        "Flow.BadPlan: operator 1 (`select`) of transform `t` gives the column `r: Int`, the plan says `r: String`: build \
         the plan with the same release as this binary"
    );
    let unknown = json!([{"operator": "select", "selected": [{"name": "r", "expr": col("nope")}], "columns": [field("r", "int", false)]}]);
    assert!(run(&fields, &rows, &unknown).unwrap_err().to_string().contains("names the column `nope`"));
    let mixed = json!([{"operator": "select", "selected": [{"name": "r", "expr": binary("add", col("at"), col("x"))}], "columns": [field("r", "int", false)]}]);
    assert!(run(&fields, &rows, &mixed).unwrap_err().to_string().contains("operands of two types, Int and Float"));
}
