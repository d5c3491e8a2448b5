//! Operators over several tables, lists and checks, on values worked out by hand.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use crate::Environment;
use crate::execute::{Executor, stream_table};
use crate::failure::Result as Done;
use crate::formats::jsonl;
use crate::formats::jsonl::JsonlReader;
use crate::lower::Source;
use datafusion::datasource::provider_as_source;
use flow_plan::{Failure, Field, Schema, Transform};
use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Tables by name: their fields, their rows.
type Tables = BTreeMap<&'static str, (Value, Vec<Value>)>;

/// Runs operators over `t` and further tables, with one thread and with four: the result is the same.
fn run(tables: &Tables, operators: &Value) -> Result<Vec<Value>, Failure> {
    let one = run_with(tables, operators, "1");
    let four = run_with(tables, operators, "4");
    match (&one, &four) {
        (Ok(one), Ok(four)) => assert_eq!(one, four, "the result depends on the number of threads"),
        (Err(_), Err(_)) => {}
        _ => panic!("{one:?} with one thread, {four:?} with four"),
    }
    one
}

fn run_with(tables: &Tables, operators: &Value, threads: &str) -> Result<Vec<Value>, Failure> {
    let transform: Transform = serde_json::from_value(json!({
        "inputs": [{"name": "t", "schema": "T"}], "output": "T", "from": "t", "operators": operators,
    }))
    .unwrap();
    let output: Vec<Field> = transform.operators.last().unwrap().columns().to_vec();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let executor = Executor::new(&Environment::from_variables([("FLOW_THREADS", threads)]))?;
        let mut sources = |name: &str| -> Done<Source> {
            let (fields, rows) = &tables[name];
            let fields: Vec<Field> = serde_json::from_value(fields.clone()).unwrap();
            let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
            let decoded = JsonlReader::new(&fields).read(text.as_bytes(), 1).unwrap();
            assert_eq!(decoded.bad, vec![]);
            let step = decoded.batch.num_rows().div_ceil(3).max(1);
            let batches: Vec<_> = (0..decoded.batch.num_rows())
                .step_by(step)
                .map(|start| Ok(decoded.batch.slice(start, step.min(decoded.batch.num_rows() - start))))
                .collect();
            let schema = Schema { doc: None, fields: fields.clone(), checks: vec![], avro: None };
            let rows = stream_table(&schema, futures::stream::iter(batches).boxed())?;
            Ok(Source { rows: provider_as_source(rows), fields })
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
fn col(name: &str) -> Value {
    json!({"column": name})
}
fn int(value: i64) -> Value {
    json!({"literal": {"int": value}})
}
fn binary(op: &str, left: Value, right: Value) -> Value {
    json!({"binary": {"op": op, "left": left, "right": right}})
}
fn select(columns: &[(&str, Value)]) -> Value {
    Value::Array(columns.iter().map(|(name, expr)| json!({"name": name, "expr": expr})).collect())
}

/// `t` has ids and keys that are there twice, once and never in `u`; both have a key `none`.
fn tables() -> Tables {
    let mut tables = Tables::new();
    tables.insert(
        "t",
        (
            json!([field("id", "int", false), field("k", "string", true)]),
            [(1, Some("a")), (2, Some("b")), (3, Some("c")), (4, None), (5, Some("a"))]
                .map(|(id, k)| json!({"id": id, "k": k}))
                .to_vec(),
        ),
    );
    tables.insert(
        "u",
        (
            json!([field("k", "string", true), field("n", "int", false)]),
            [(Some("a"), 10), (Some("a"), 11), (Some("b"), 20), (Some("z"), 90), (None, 0)]
                .map(|(k, n)| json!({"k": k, "n": n}))
                .to_vec(),
        ),
    );
    tables
}

/// The ids and numbers of a join, as `id-n`.
fn joined(kind: &str, condition: &Value) -> Vec<String> {
    let side = matches!(kind, "semi" | "anti");
    let mut selected = vec![("id", col("id"))];
    let mut columns = vec![field("id", "int", true)];
    if !side {
        selected.push(("n", col("u.n")));
        columns.push(field("n", "int", true));
    }
    let mut operator = json!({"operator": "join", "kind": kind, "input": "u", "alias": "u",
        "selected": select(&selected), "columns": columns});
    if !condition.is_null() {
        operator["condition"] = condition.clone();
    }
    let rows = run(&tables(), &json!([operator])).unwrap();
    let text = |value: &Value| if value.is_null() { "none".to_owned() } else { value.to_string() };
    rows.iter()
        .map(|row| if side { text(&row["id"]) } else { format!("{}-{}", text(&row["id"]), text(&row["n"])) })
        .collect()
}

#[test]
fn joins_keep_what_they_say_and_none_equals_none() {
    let equal = binary("equal", col("k"), col("u.k"));
    assert_eq!(joined("inner", &equal), ["1-10", "1-11", "2-20", "4-0", "5-10", "5-11"]);
    assert_eq!(joined("left", &equal), ["1-10", "1-11", "2-20", "3-none", "4-0", "5-10", "5-11"]);
    assert_eq!(joined("right", &equal), ["1-10", "1-11", "2-20", "4-0", "5-10", "5-11", "none-90"]);
    assert_eq!(joined("full", &equal), ["1-10", "1-11", "2-20", "3-none", "4-0", "5-10", "5-11", "none-90"]);
    assert_eq!(joined("semi", &equal), ["1", "2", "4", "5"]);
    assert_eq!(joined("anti", &equal), ["3"]);
    assert_eq!(joined("cross", &Value::Null).len(), 25);
    // The sides of `==` may stand either way.
    assert_eq!(joined("anti", &binary("equal", col("u.k"), col("k"))), ["3"]);
}

#[test]
fn what_is_no_equality_decides_too() {
    let equal = binary("equal", col("k"), col("u.k"));
    let odd = binary("equal", binary("modulo", col("u.n"), int(2)), int(1));
    let both = binary("and", equal.clone(), odd);
    assert_eq!(joined("inner", &both), ["1-11", "5-11"]);
    assert_eq!(joined("left", &both), ["1-11", "2-none", "3-none", "4-none", "5-11"]);
    assert_eq!(joined("anti", &both), ["2", "3", "4"]);
    let less = binary("greater", binary("multiply", col("id"), int(20)), col("u.n"));
    let far = binary("and", less, binary("greater", col("u.n"), int(11)));
    assert_eq!(joined("inner", &far), ["2-20", "3-20", "4-20", "5-20", "5-90"]);
    assert_eq!(joined("full", &far), ["1-none", "2-20", "3-20", "4-20", "5-20", "5-90", "none-0", "none-10", "none-11"]);
}

/// A key that is computed, and a remainder by zero for a row that matches nothing.
#[test]
fn what_can_fail_is_computed_for_matching_keys_alone() {
    let key = binary("equal", binary("add", col("id"), int(7)), binary("subtract", col("u.n"), int(3)));
    assert_eq!(joined("inner", &key), ["1-11"]);
    let shifted = binary("equal", binary("add", col("id"), int(9)), col("u.n"));
    assert_eq!(joined("inner", &shifted), ["1-10", "2-11"]);
    let equal = binary("equal", binary("multiply", col("id"), int(10)), col("u.n"));
    let fallible = binary("greater", binary("modulo", int(100), col("u.n")), int(-1));
    assert_eq!(joined("inner", &binary("and", equal.clone(), fallible.clone())), ["1-10", "2-20"]);
    assert_eq!(joined("left", &binary("and", equal, fallible)), ["1-10", "2-20", "3-none", "4-none", "5-none"]);
}

#[test]
fn a_table_joins_itself_and_what_follows_sees_its_rows() {
    let columns = json!([field("id", "int", false), field("other", "int", false)]);
    let less = binary("and", binary("equal", col("k"), col("b.k")), binary("less", col("id"), col("b.id")));
    let join = json!({"operator": "join", "kind": "inner", "input": "t", "alias": "b", "condition": less,
        "selected": select(&[("id", col("id")), ("other", col("b.id"))]), "columns": columns});
    assert_eq!(run(&tables(), &json!([join])).unwrap(), [json!({"id": 1, "other": 5})]);
    let nothing = json!({"operator": "where", "condition": binary("greater", col("id"), int(9)), "columns": columns});
    assert_eq!(run(&tables(), &json!([join, nothing])).unwrap(), Vec::<Value>::new());
}

#[test]
fn unions_give_each_row_once_or_all() {
    let mut tables = tables();
    let more = json!([field("k", "string", true), field("id", "int", false)]);
    tables.insert("v", (more, vec![json!({"id": 1, "k": "a"}), json!({"id": 9, "k": null}), json!({"id": 1, "k": "a"})]));
    let columns = json!([field("id", "int", false), field("k", "string", true)]);
    let ids = |all: bool, inputs: Value| -> Vec<i64> {
        let union = json!([{"operator": "union", "inputs": inputs, "all": all, "columns": columns}]);
        run(&tables, &union).unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(false, json!(["v"])), [1, 2, 3, 4, 5, 9]);
    assert_eq!(ids(true, json!(["v"])), [1, 1, 1, 2, 3, 4, 5, 9]);
    assert_eq!(ids(true, json!(["v", "t"])).len(), 13);
    assert_eq!(ids(false, json!(["v", "t"])), [1, 2, 3, 4, 5, 9]);
}

fn lists() -> Tables {
    let list = json!({"list": {"element": "string", "optional": true}});
    let fields = json!([field("id", "int", false), {"name": "tags", "type": list, "optional": true}, field("x", "int", false)]);
    let rows = [json!(["b", "a", null]), json!([]), Value::Null, json!(["c"])];
    let rows = (1..).zip(rows).map(|(id, tags)| json!({"id": id, "tags": tags, "x": id - 2})).collect();
    Tables::from([("t", (fields, rows))])
}

#[test]
fn lists_are_taken_apart() {
    let list = json!({"list": {"element": "string", "optional": true}});
    let in_place = json!([field("id", "int", false), field("tags", "string", true), field("x", "int", false)]);
    let exploded = |outer: bool| -> Vec<String> {
        let explode = json!([{"operator": "explode", "list": {"name": "tags", "expr": col("tags")}, "outer": outer, "columns": in_place}]);
        run(&lists(), &explode).unwrap().iter().map(|row| format!("{}{}", row["id"], row["tags"])).collect()
    };
    assert_eq!(exploded(false), ["1\"a\"", "1\"b\"", "1null", "4\"c\""]);
    assert_eq!(exploded(true), ["1\"a\"", "1\"b\"", "1null", "2null", "3null", "4\"c\""]);
    let columns = json!([field("id", "int", false), {"name": "tags", "type": list, "optional": true},
        field("x", "int", false), field("tag", "string", true)]);
    let explode = json!({"operator": "explode", "list": {"name": "tag", "expr": col("tags")}, "outer": false, "columns": columns});
    let rows = run(&lists(), &json!([explode])).unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["tags"], json!(["b", "a", null]));
    // A text of a list is computed with as any other.
    let long = json!({"operator": "where", "condition": binary("equal", col("tag"), json!({"literal": {"string": "c"}})), "columns": columns});
    assert_eq!(run(&lists(), &json!([explode, long])).unwrap().len(), 1);
}

/// `x` is 0 in the row without tags: what comes after the `explode` is not computed for it.
#[test]
fn rows_that_are_left_out_are_not_computed() {
    let in_place = json!([field("id", "int", false), field("tags", "string", true), field("x", "int", false)]);
    let explode = json!({"operator": "explode", "list": {"name": "tags", "expr": col("tags")}, "outer": false, "columns": in_place});
    let select = json!({"operator": "select", "selected": [{"name": "r", "expr": binary("modulo", int(1), col("x"))}],
        "columns": [field("r", "int", false)]});
    assert_eq!(run(&lists(), &json!([explode, select])).unwrap().len(), 4);
    assert!(run(&lists(), &json!([select])).is_err());
}

fn check(text: &str, condition: Value, columns: &Value) -> Value {
    json!({"operator": "check", "text": text, "condition": condition, "columns": columns})
}

#[test]
fn a_check_looks_at_every_row() {
    let columns = json!([field("id", "int", false), field("k", "string", true)]);
    let good = check("id > 0", binary("greater", col("id"), int(0)), &columns);
    let bad = check("id < 5", binary("less", col("id"), int(5)), &columns);
    assert_eq!(run(&tables(), &json!([good])).unwrap().len(), 5);
    let message = run(&tables(), &json!([bad])).unwrap_err().to_string();
    assert_eq!(message, "Flow.ComputeFailed: check `id < 5` failed: `id` is 5. The row: { id: 5, k: \"a\" }");
    // Whatever comes after it, and before it.
    let fewer = json!({"operator": "where", "condition": binary("less", col("id"), int(3)), "columns": columns});
    let take = json!({"operator": "take", "rows": 0, "columns": columns});
    let sort = json!({"operator": "sort", "by": [{"expr": col("id"), "order": "descending"}], "columns": columns});
    let never = json!({"operator": "where", "condition": {"literal": {"bool": false}}, "columns": columns});
    for after in [json!([bad, fewer]), json!([bad, take]), json!([sort, bad, take]), json!([bad, never]), json!([bad, good])] {
        assert!(run(&tables(), &after).is_err(), "{after}");
    }
    assert_eq!(run(&tables(), &json!([fewer, bad])).unwrap().len(), 2);
}

#[test]
fn a_check_keeps_the_order() {
    let columns = json!([field("id", "int", false), field("k", "string", true)]);
    let good = check("id > 0", binary("greater", col("id"), int(0)), &columns);
    let sort = json!({"operator": "sort", "by": [{"expr": col("id"), "order": "descending"}], "columns": columns});
    let take = json!({"operator": "take", "rows": 2, "columns": columns});
    let ids = |operators: Value| -> Vec<i64> {
        run(&tables(), &operators).unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(json!([sort, good])), [5, 4, 3, 2, 1]);
    assert_eq!(ids(json!([sort, good, take])), [5, 4]);
    let dropped = json!([field("k", "string", true)]);
    let select = json!({"operator": "select", "selected": select(&[("k", col("k"))]), "columns": dropped});
    let always = check("k != \"q\"", binary("not_equal", col("k"), json!({"literal": {"string": "q"}})), &dropped);
    let rows = run(&tables(), &json!([sort, select, always])).unwrap();
    let keys: Vec<Option<&str>> = rows.iter().map(|row| row["k"].as_str()).collect();
    assert_eq!(keys, [Some("a"), None, Some("c"), Some("b"), Some("a")]);
}
