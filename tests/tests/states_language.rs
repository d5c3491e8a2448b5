//! The table of `grammar/README.md` that says which construct reaches each field of the States Language, held to three
//! things: it names every field that there is; what it says is reached, the compiler emits for some program here; and what
//! the compiler emits, it says.
//!
//! The programs are the reference's examples, `tests/programs/flows/` and, for fields that no other names,
//! `tests/reference/states/`.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use flow_tests::programs;
use flow_tests::reference::{beside, compiled, examples, kept, whole};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Every field of JSONata state machines, by what has it. https://states-language.net/spec.html and, for `ReaderConfig` and
/// `WriterConfig`, https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html (2026-09).
const FIELDS: &[(&str, &str)] = &[
    ("machine", "Comment StartAt States TimeoutSeconds Version QueryLanguage"),
    ("state", "Type Comment Next End Assign Output QueryLanguage"),
    ("Task", "Resource Arguments Credentials TimeoutSeconds HeartbeatSeconds Retry Catch"),
    ("Parallel", "Branches Arguments Retry Catch"),
    (
        "Map",
        "Items ItemSelector ItemProcessor ItemReader ItemBatcher ResultWriter MaxConcurrency ToleratedFailurePercentage \
         ToleratedFailureCount Label Retry Catch",
    ),
    ("ProcessorConfig", "Mode ExecutionType"),
    ("ItemReader", "Resource Arguments ReaderConfig"),
    ("ReaderConfig", "InputType Transformation CSVHeaderLocation CSVHeaders CSVDelimiter MaxItems ItemsPointer ManifestType"),
    ("ItemBatcher", "MaxItemsPerBatch MaxInputBytesPerBatch BatchInput"),
    ("ResultWriter", "Resource Arguments WriterConfig"),
    ("Choice", "Choices Default"),
    ("rule", "Condition Next Assign Output Comment"),
    ("Wait", "Seconds Timestamp"),
    ("Fail", "Error Cause"),
    ("Retry", "ErrorEquals IntervalSeconds MaxAttempts BackoffRate MaxDelaySeconds JitterStrategy"),
    ("Catch", "ErrorEquals Next Assign Output"),
];

/// Fields whose values the table names too: `ExecutionType=EXPRESS`.
const WORDS: &[&str] = &["Mode", "ExecutionType", "JitterStrategy", "InputType", "Resource"];

fn has(owner: &str, field: &str) -> bool {
    FIELDS.iter().any(|(known, fields)| *known == owner && fields.split_whitespace().any(|known| known == field))
}

/// What a definition holds, as `Task.Credentials`.
#[derive(Default)]
struct Emitted(BTreeSet<String>);

impl Emitted {
    fn put(&mut self, owner: &str, field: &str, value: &Value) {
        self.0.insert(format!("{owner}.{field}"));
        if let (true, Some(word)) = (WORDS.contains(&field), value.as_str()) {
            self.0.insert(format!("{owner}.{field}={word}"));
            if let Some((_, pattern)) = word.rsplit_once('.') {
                self.0.insert(format!("{owner}.{field}=….{pattern}"));
            }
        }
    }

    fn machine(&mut self, of: &Value) {
        for (field, value) in of.as_object().into_iter().flatten() {
            match field.as_str() {
                "ProcessorConfig" => self.object("ProcessorConfig", value),
                _ => self.put("machine", field, value),
            }
        }
        for state in of["States"].as_object().into_iter().flat_map(|states| states.values()) {
            self.state(state);
        }
    }

    fn object(&mut self, owner: &str, of: &Value) {
        for (field, value) in of.as_object().into_iter().flatten() {
            self.put(owner, field, value);
            if field == "ReaderConfig" || field == "WriterConfig" {
                self.object(field, value);
            }
        }
    }

    fn state(&mut self, of: &Value) {
        let ty = of["Type"].as_str().expect("a state has a type");
        for (field, value) in of.as_object().into_iter().flatten() {
            let owner = if has("state", field) { "state" } else { ty };
            self.put(owner, field, value);
            let list = value.as_array().into_iter().flatten();
            match field.as_str() {
                "Retry" | "Catch" => list.for_each(|one| self.object(field, one)),
                "Choices" => list.for_each(|rule| self.object("rule", rule)),
                "Branches" => list.for_each(|branch| self.machine(branch)),
                "ItemProcessor" => self.machine(value),
                "ItemReader" | "ItemBatcher" | "ResultWriter" => self.object(field, value),
                _ => {}
            }
        }
    }
}

/// Everything that the programs are compiled to.
fn emitted() -> Emitted {
    let (common, reader) = (kept("common"), beside());
    let mut texts: Vec<String> = examples().iter().filter(|one| one.marks.is_empty()).map(|one| whole(one, &common)).collect();
    for folder in ["tests/programs/flows", "tests/reference/states"] {
        texts.extend(programs::files(folder, "flow").iter().map(|path| std::fs::read_to_string(path).expect("UTF-8")));
    }
    let mut found = Emitted::default();
    for text in &texts {
        let made = compiled(text, &reader);
        assert!(made.codes.is_empty() && made.said.is_empty(), "{text}\n{}", made.said);
        for (_, content) in made.files.iter().filter(|(name, _)| name.ends_with(".asl.json")) {
            found.machine(&serde_json::from_str(content).expect("JSON"));
        }
    }
    found
}

/// The rows of the table: what has the fields, the fields, what reaches them.
fn rows() -> Vec<(String, Vec<String>, String)> {
    let document = std::fs::read_to_string(flow_tests::root().join("grammar/README.md")).expect("the reference");
    let section = document.split("## The States Language\n").nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let mut rows = Vec::new();
    for line in section.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [owner, fields, reached] = cells.as_slice() else { panic!("not three cells: {line}") };
        let names = fields.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        rows.push((owner.trim_matches('*').to_owned(), names, (*reached).to_owned()));
    }
    rows
}

#[test]
fn the_table_says_what_is_emitted() {
    let emitted = emitted();
    let mut said: BTreeMap<String, bool> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (owner, fields, reached) in rows().into_iter().filter(|(owner, ..)| owner != "JSONPath") {
        let not = reached.starts_with("not reached");
        if not && !reached.contains("because") {
            wrong.push(format!("{owner}: `{reached}` does not say why"));
        }
        for field in fields {
            let name = format!("{owner}.{field}");
            let bare = name.split('=').next().unwrap_or(&name);
            if !bare.split_once('.').is_some_and(|(owner, field)| has(owner, field)) {
                wrong.push(format!("{name}: there is no such field"));
            }
            if emitted.0.contains(&name) == not {
                wrong.push(format!("{name}: said to be {}", if not { "not reached, and it is" } else { "reached, and nothing emits it" }));
            }
            said.insert(name, not);
        }
    }
    for (owner, fields) in FIELDS {
        for field in fields.split_whitespace().map(|field| format!("{owner}.{field}")) {
            if !said.contains_key(&field) {
                wrong.push(format!("{field}: not in the table"));
            }
        }
    }
    for name in emitted.0.iter().filter(|name| !name.contains('=') && !said.contains_key(*name)) {
        wrong.push(format!("{name}: emitted, and not in the table"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
