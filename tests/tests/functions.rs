//! The functions of the library: the table of the reference is theirs, and every stage computes the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use flow_diagnostics::{Diagnostics, FileSet};
use flow_syntax::ast::{ExprKind, FunctionBody, FunctionItem, ItemKind, Module, Param};
use flow_tests::{flowc, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::{Command, Stdio};

const STAGES: [&str; 5] = ["deploy", "run", "row", "aggregate", "window"];

fn functions(module: &Module) -> impl Iterator<Item = (&FunctionItem, Option<&str>)> {
    module.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Function(function) => Some((function, item.doc.as_deref())),
        _ => None,
    })
}

/// The stages of a function: those that it names, or those of all functions that its body calls.
fn stages<'a>(function: &'a FunctionItem, text: &str, known: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    match &function.body {
        FunctionBody::Lower(fields) => fields.iter().map(|field| field.name.text.as_str()).collect(),
        FunctionBody::Expr(_) => {
            let mut stages: BTreeSet<&str> = ["deploy", "run", "row"].into();
            for (name, of) in known {
                let called = text.match_indices(&format!("{name}(")).any(|(at, _)| {
                    at == 0 || !text.as_bytes()[at - 1].is_ascii_alphanumeric() && text.as_bytes()[at - 1] != b'_'
                });
                if called {
                    stages.retain(|stage| of.contains(stage));
                }
            }
            stages
        }
    }
}

/// The table of all functions, from their declarations.
fn table() -> String {
    let path = root().join("stdlib/functions.flow");
    let mut files = FileSet::default();
    let file = files.add("functions.flow", std::fs::read_to_string(path).unwrap());
    let mut diagnostics = Diagnostics::default();
    let module = flow_syntax::parse(file, files.text(file), &mut diagnostics);
    assert!(diagnostics.is_empty());
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut rows = String::from("| function | stages | |\n| --- | --- | --- |\n");
    // A body may call what is declared below it: twice round, the second time with all that is known.
    for round in 0..2 {
        for (function, doc) in functions(&module) {
            let body = match &function.body {
                FunctionBody::Expr(body) => files.slice(body.span),
                FunctionBody::Lower(_) => "",
            };
            let of = stages(function, body, &known);
            known.entry(&function.name.text).or_default().extend(of.iter().copied());
            if round == 0 || of.contains("compiler") {
                continue;
            }
            let param = |param: &Param| files.slice(param.span).split_whitespace().collect::<Vec<_>>().join(" ");
            let params: Vec<String> = function.params.iter().map(param).collect();
            let generics: Vec<&str> = function.generics.iter().map(|name| name.text.as_str()).collect();
            let generics = if generics.is_empty() { String::new() } else { format!("<{}>", generics.join(", ")) };
            let result = files.slice(function.result.span);
            let named: Vec<&str> = STAGES.into_iter().filter(|stage| of.contains(stage)).collect();
            let doc = doc.unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
            let name = &function.name.text;
            writeln!(rows, "| `{name}{generics}({}) -> {result}` | {} | {doc} |", params.join(", "), named.join(", ")).unwrap();
        }
    }
    rows
}

/// With `FLOW_UPDATE_REFERENCE=1` the table is written, as `INSTA_UPDATE` writes snapshots.
#[test]
fn the_reference_has_every_function() {
    const HEAD: &str = "| function | stages | |\n";
    let path = root().join("grammar/README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(HEAD).expect("grammar/README.md has the table of functions");
    let end = rest.find("\n\n").map_or(rest.len(), |at| at + 1);
    let wanted = table();
    if std::env::var_os("FLOW_UPDATE_REFERENCE").is_some() {
        std::fs::write(path, format!("{before}{wanted}{}", &rest[end..])).unwrap();
        return;
    }
    assert_eq!(format!("{HEAD}{}", &rest[..end]), wanted, "run it with FLOW_UPDATE_REFERENCE=1");
}

/// A column of the rows: its name, type, and values as a program writes them.
type Column = (&'static str, &'static str, &'static [&'static str]);

const COLUMNS: &[Column] = &[
    ("t", "String", &[r#""hello""#, r#""""#, r#""a1b22c""#, r#""héé, ll""#, r#""aaa""#, r#""x,y,,z""#, r#""1x""#]),
    ("p", "String", &[r#""l""#, r#""a""#, r#""""#, r#"",""#, r#""ll""#]),
    ("q", "String", &[r#""-""#, r#""""#, r#""ab""#]),
    ("n", "String", &[r#""007""#, r#""-12""#, r#""1.50""#, r#""1e3""#, r#""x""#, r#""true""#, r#""2024-02-29""#, r#""2023-02-29""#, r#""""#]),
    ("i", "Int", &["0", "1", "-2", "7", "-30", "40"]),
    ("j", "Int", &["2", "0", "-1", "5", "13"]),
    ("x", "Float", &["0.5", "-0.5", "2.5", "-2.345", "1234.567", "0.0", "-7.0"]),
    ("y", "Float", &["1.5", "-3.25", "2.5"]),
    ("d", "Date", &[r#"d"2024-02-29""#, r#"d"2026-01-31""#, r#"d"1969-12-31""#, r#"d"2026-11-22""#, r#"d"2000-10-01""#]),
    ("e", "Date", &[r#"d"2025-06-30""#, r#"d"1970-01-01""#]),
    ("at", "Timestamp", &[r#"t"2026-11-21T23:59:59.25Z""#, r#"t"1969-12-31T23:59:59.5Z""#, r#"t"2024-02-29T01:02:03+02:00""#]),
    ("long", "Duration", &["90m", "1.5s", "36h", "2d"]),
    ("short", "Duration", &["1m", "30s"]),
];

/// Calls with the types of their results, and whether they can be computed at deploy.
const CALLS: &[(&str, &str, bool)] = &[
    ("len({t})", "Int", true),
    ("contains({t}, {p})", "Bool", true),
    ("starts_with({t}, {p})", "Bool", true),
    ("ends_with({t}, {p})", "Bool", true),
    ("substring({t}, {i})", "String", true),
    ("substring({t}, {i}, {j})", "String", true),
    ("join(split({t}, {p}), {q})", "String", true),
    ("len(split({t}, {p}))", "Int", true),
    ("contains(split({t}, \",\"), {p})", "Bool", true),
    ("{p} in split({t}, \",\")", "Bool", true),
    ("element(split({t}, \",\"), {i})", "String?", true),
    ("first(split({t}, {p}))", "String?", true),
    ("last(split({t}, \",\"))", "String?", true),
    ("trim_prefix({t}, {p})", "String", true),
    ("trim_suffix({t}, {p})", "String", true),
    ("pad_start({t}, {j}, {q})", "String", false),
    ("pad_end({t}, {i})", "String", false),
    ("index_of({t}, {p})", "Int?", false),
    ("extract({t}, r\"([a-z])([0-9])?\", group = 2)", "String?", false),
    ("extract({t}, r\"[0-9]+\", group = 0)", "String?", false),
    ("replace_all({t}, r\"[a-l]+|,\", {q})", "String", false),
    ("replace({t}, \"l\", {q})", "String", true),
    ("upper({t})", "String", true),
    ("parse_int({n})", "Int?", false),
    ("parse_float({n})", "Float?", false),
    ("parse_bool({n})", "Bool?", true),
    ("parse_date({n})", "Date?", false),
    ("int({x})", "Int", true),
    ("float({i})", "Float", true),
    ("text({i})", "String", true),
    ("text({d})", "String", true),
    ("abs({i})", "Int", true),
    ("abs({x})", "Float", true),
    ("round({x})", "Float", true),
    ("round({x}, 2)", "Float", false),
    ("round({x}, -1)", "Float", false),
    ("floor({x})", "Float", true),
    ("ceil({x})", "Float", true),
    ("least({i}, {j})", "Int", true),
    ("greatest({x}, {y})", "Float", true),
    ("least({d}, {e})", "Date", true),
    ("greatest({long}, {short})", "Duration", true),
    ("sign({x})", "Int", true),
    ("power(abs({x}), 2.0)", "Float", false),
    ("round(sqrt(abs({x})), 9)", "Float", false),
    ("timestamp({d})", "Timestamp", true),
    ("hour({at})", "Int", false),
    ("minute({at})", "Int", false),
    ("second({at})", "Int", false),
    ("epoch_seconds({at})", "Int", false),
    ("epoch_seconds(from_epoch(epoch_seconds({at})))", "Int", false),
    ("year({d})", "Int", false),
    ("weekday({d})", "Int", false),
    ("day_of_year({d})", "Int", false),
    ("quarter({d})", "Int", false),
    ("month_start({d})", "Date", false),
    ("year_start({d})", "Date", false),
    ("quarter_start({d})", "Date", false),
    ("week_start({d})", "Date", false),
    ("add_months({d}, {i})", "Date", false),
    ("format_date({d}, \"YYYYMM/DD\")", "String", true),
    ("seconds({long})", "Float", true),
    ("minutes({long})", "Float", true),
    ("{long} / {short}", "Float", true),
];

/// How many rows.
const ROWS: usize = 24;

/// A call over a row's columns, or over their values.
fn filled(call: &str, put: impl Fn(usize, &Column) -> String) -> String {
    COLUMNS.iter().enumerate().fold(call.to_owned(), |call, (index, column)| {
        call.replace(&format!("{{{}}}", column.0), &put(index, column))
    })
}

/// A column's value in a row: all columns go round at their own pace.
fn value(row: usize, index: usize, column: &Column) -> String {
    column.2[(row * (index + 1) + row / 5) % column.2.len()].to_owned()
}

fn program() -> String {
    let mut text = String::from("schema Row {\n  id: Int @key\n");
    COLUMNS.iter().for_each(|(name, ty, _)| writeln!(text, "  {name}: {ty}").unwrap());
    text.push_str("}\nschema Result {\n  id: Int @key\n");
    CALLS.iter().enumerate().for_each(|(index, (_, ty, _))| writeln!(text, "  r{index}: {ty}").unwrap());
    text.push_str("}\ntransform results(rows: Table<Row>) -> Table<Result> {\n  from rows\n  select id");
    for (index, (call, ..)) in CALLS.iter().enumerate() {
        write!(text, ", r{index} = {}", filled(call, |_, column| column.0.to_owned())).unwrap();
    }
    text.push_str("\n  sort id\n}\n");
    text
}

/// The rows of a test, and the transform's result.
fn given() -> String {
    let mut text = String::from("  given rows = [\n");
    for row in 0..ROWS {
        write!(text, "    {{ id: {row}").unwrap();
        for (index, column) in COLUMNS.iter().enumerate() {
            write!(text, ", {}: {}", column.0, value(row, index, column)).unwrap();
        }
        text.push_str(" }\n");
    }
    text + "  ]\n  let out = results(rows)\n"
}

/// Rows are computed by the generic binary, and the same calls with the rows' values by JSONata: a test of the language
/// compares them.
#[test]
fn rows_and_executions_compute_the_same() {
    let mut text = program() + "test \"the same\" {\n" + &given();
    for (index, (call, ..)) in CALLS.iter().enumerate() {
        let wanted: Vec<String> =
            (0..ROWS).map(|row| filled(call, |index, column| value(row, index, column))).collect();
        writeln!(text, "  expect out.r{index} == [{}]", wanted.join(", ")).unwrap();
    }
    passes(&(text + "}\n"));
}

fn passes(program: &str) {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("functions.flow"), program).unwrap();
    let printed = flowc(place.path(), &["test", "functions.flow"]);
    if let Some(kept) = std::env::var_os("FLOW_KEEP") {
        std::fs::write(kept, program).unwrap();
    }
    assert_eq!(printed.code, Some(0), "{printed}");
}

/// The same with what Terraform gives: its console evaluates the HCL of outputs, and the values are what a test expects.
#[test]
fn rows_and_terraform_compute_the_same() {
    if std::env::var_os("FLOW_TERRAFORM_PLUGINS").is_none() || Command::new("terraform").arg("version").output().is_err() {
        eprintln!("skipped: no terraform, or FLOW_TERRAFORM_PLUGINS is not set");
        return;
    }
    let calls: Vec<(usize, &str)> =
        CALLS.iter().enumerate().filter(|(_, call)| call.2).map(|(index, call)| (index, call.0)).collect();
    // The values are parameters' defaults, so that nothing is folded before it comes to Terraform.
    let mut text = String::from("project functions { region = \"us-east-1\" }\n");
    for row in 0..ROWS {
        for (index, column) in COLUMNS.iter().enumerate() {
            writeln!(text, "param {}{row}: {} = {}", column.0, column.1, value(row, index, column)).unwrap();
        }
        for (index, call) in &calls {
            writeln!(text, "output r{index}_{row} = {}", filled(call, |_, column| format!("{}{row}", column.0))).unwrap();
        }
    }
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("hcl.flow"), &text).unwrap();
    let printed = flowc(place.path(), &["build", "hcl.flow", "--out", "out"]);
    assert_eq!(printed.code, Some(0), "{printed}\n{text}");
    let mut hcl = std::fs::read_to_string(place.path().join("out/variables.tf")).unwrap();
    hcl.push_str(&std::fs::read_to_string(place.path().join("out/outputs.tf")).unwrap());
    let alone = place.path().join("alone");
    std::fs::create_dir(&alone).unwrap();
    // Of the outputs those of this test: Flow's own name resources of AWS.
    let kept: String = blocks(&hcl).into_iter().filter(|block| block.contains(" default ") || block.contains("output \"r")).collect();
    std::fs::write(alone.join("main.tf"), kept).unwrap();
    let terraform = |arguments: &[&str]| {
        let done = Command::new("terraform").args(arguments).current_dir(&alone).stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        done.stdout
    };
    terraform(&["init", "-input=false", "-no-color"]);
    terraform(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    let shown: serde_json::Value = serde_json::from_slice(&terraform(&["output", "-json"])).unwrap();
    let mut text = program() + "test \"the same\" {\n" + &given();
    for (index, _) in &calls {
        let wanted: Vec<String> = (0..ROWS)
            .map(|row| literal(shown.get(format!("r{index}_{row}")).map_or(&serde_json::Value::Null, |one| &one["value"]), CALLS[*index].1))
            .collect();
        writeln!(text, "  expect out.r{index} == [{}]", wanted.join(", ")).unwrap();
    }
    passes(&(text + "}\n"));
}

/// The top-level blocks of a file.
fn blocks(hcl: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in hcl.lines() {
        if let Some(block) = blocks.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
        if line == "}" {
            blocks.push(String::new());
        }
    }
    blocks
}

/// A value as a program writes it.
fn literal(value: &serde_json::Value, ty: &str) -> String {
    match (ty.trim_end_matches('?'), value) {
        (_, serde_json::Value::Null) => "none".to_owned(),
        ("Date", value) => format!("d{value}"),
        ("Timestamp", value) => format!("t{value}"),
        ("Duration", value) => format!("{value}s"),
        ("Float", value) => format!("{:?}", value.as_f64().unwrap()),
        (_, serde_json::Value::String(text)) => format!("\"{}\"", text.replace('{', "\\{")),
        (_, value) => value.to_string(),
    }
}

/// Every function has a doc comment, and the plan has what it names.
#[test]
fn the_declarations_are_well_formed() {
    let mut files = FileSet::default();
    let file = files.add("functions.flow", std::fs::read_to_string(root().join("stdlib/functions.flow")).unwrap());
    let module = flow_syntax::parse(file, files.text(file), &mut Diagnostics::default());
    let plan = |value: &str, kind: &str| {
        let value = serde_json::Value::from(value);
        match kind {
            "row" => serde_json::from_value::<flow_plan::ScalarFunction>(value).is_ok(),
            "aggregate" => serde_json::from_value::<flow_plan::AggregateFunction>(value).is_ok(),
            _ => serde_json::from_value::<flow_plan::WindowFunction>(value).is_ok(),
        }
    };
    for (function, doc) in functions(&module) {
        assert!(doc.is_some(), "`{}` has no doc comment", function.name.text);
        let FunctionBody::Lower(fields) = &function.body else { continue };
        for field in fields.iter().filter(|field| matches!(field.name.text.as_str(), "row" | "aggregate" | "window")) {
            let ExprKind::RawText(text) = &field.value.kind else { panic!("a text") };
            assert!(plan(text, &field.name.text), "`{text}` of `{}` is no function of the plan", function.name.text);
        }
    }
}
