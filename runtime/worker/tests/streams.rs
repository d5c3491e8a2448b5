//! Streams through the worker as a process, with services as folders: killed at every place, raced by others, refused.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

struct Scene {
    place: TempDir,
}

struct Ended {
    /// `None` where a signal ended it.
    code: Option<i32>,
    answer: Value,
}

fn location(bucket: &str, prefix: &str) -> Value {
    json!({"bucket": {"literal": bucket}, "prefix": {"literal": prefix}})
}

/// `append to silver key (id)`, or without a key `at_least_once`.
fn plan(key: &[&str]) -> Value {
    let fields = json!([{"name": "id", "type": "string"}, {"name": "amount", "type": "int"}]);
    let column = |name: &str| json!({"column": name});
    let run = json!({"action": "run", "transform": "same", "input": "orders",
        "into": {"kind": "table", "into": {"table": "silver", "replace": {"append": {"key": key}}}}});
    let send = json!({"action": "send", "to": {"kind": "queue", "url": {"literal": "https://sqs/1/next"}}});
    let letters = json!({"policy": "dead_letter", "to": {"kind": "folder", "location": location("lake", "bad")}});
    json!({
        "version": 1, "project": "shop", "schemas": {"Order": {"fields": fields}},
        "tables": {"silver": {"role": "sink", "schema": "Order", "location": location("lake", "silver"), "format": {"name": "jsonl"}}},
        "transforms": {"same": {"inputs": [{"name": "orders", "schema": "Order"}], "output": "Order", "from": "orders", "operators": []}},
        "streams": {
            "objects": {
                "from": {"kind": "s3", "format": {"name": "jsonl"}, "location": location("raw", "")}, "schema": "Order",
                "idempotent": {"by": [column("record.bucket"), column("record.key"), column("record.etag")], "ledger": {"literal": "seen"}, "lease_s": 900},
                "actions": [run, send], "refused": letters},
            "messages": {
                "from": {"kind": "sqs", "decode": "json"}, "schema": "Order",
                "idempotent": {"by": [column("id")], "ledger": {"literal": "seen"}, "lease_s": 2},
                "actions": [run, send], "refused": letters},
            "shard": {"from": {"kind": "kinesis", "decode": "json"}, "schema": "Order", "actions": [run], "refused": letters}},
    })
}

impl Scene {
    fn new(key: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        for folder in ["buckets/raw", "buckets/lake", "services"] {
            fs::create_dir_all(place.path().join(folder)).unwrap();
        }
        fs::write(place.path().join("plan.json"), plan(key).to_string()).unwrap();
        Scene { place }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn spawn(&self, stream: &str, event: &Value, request: &str, variables: &[(&str, &str)]) -> std::process::Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flow-worker"));
        command
            .args(["event", "-", "--stream", stream, "--request", request, "--plan"])
            .arg(self.path("plan.json"))
            .env_clear()
            .env("FLOW_STORE", format!("file://{}", self.path("buckets").display()))
            .env("FLOW_SERVICES", format!("file://{}", self.path("services").display()))
            .env("FLOW_LOG", "error")
            .env("FLOW_THREADS", "1")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), event.to_string().as_bytes()).unwrap();
        child
    }

    fn end(child: std::process::Child) -> Ended {
        let output = child.wait_with_output().unwrap();
        let answer = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Ended { code: output.status.code(), answer }
    }

    fn call(&self, stream: &str, event: &Value, request: &str, variables: &[(&str, &str)]) -> Ended {
        Self::end(self.spawn(stream, event, request, variables))
    }

    /// How often each id is in the sink, as the objects have it.
    fn rows(&self) -> BTreeMap<String, u32> {
        let mut texts = Vec::new();
        texts_below(&self.path("buckets/lake/silver"), &mut texts);
        count_ids(texts.iter().flat_map(|text| text.lines()), |line| line)
    }

    /// How often each id was sent on.
    fn sent(&self) -> BTreeMap<String, u32> {
        let text = fs::read_to_string(self.path("services/queues/next.jsonl")).unwrap_or_default();
        count_ids(text.lines(), |line| &line["body"])
    }

    fn letters(&self) -> usize {
        let mut texts = Vec::new();
        texts_below(&self.path("buckets/lake/bad"), &mut texts);
        texts.len()
    }
}

fn count_ids<'t>(lines: impl Iterator<Item = &'t str>, row: impl for<'v> Fn(&'v Value) -> &'v Value) -> BTreeMap<String, u32> {
    let mut ids = BTreeMap::new();
    for line in lines {
        let line: Value = serde_json::from_str(line).unwrap();
        *ids.entry(row(&line)["id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    ids
}

fn texts_below(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with(['_', '.']) {
            continue;
        }
        if path.is_dir() {
            texts_below(&path, texts);
        } else {
            texts.push(fs::read_to_string(&path).unwrap());
        }
    }
}

fn order(id: u32) -> String {
    json!({"id": format!("{id:03}"), "amount": id}).to_string()
}

fn messages(bodies: impl IntoIterator<Item = String>) -> Value {
    let record = |(number, body): (usize, String)| json!({"messageId": format!("m{number}"), "eventSource": "aws:sqs", "body": body, "attributes": {}});
    json!({"Records": bodies.into_iter().enumerate().map(record).collect::<Vec<_>>()})
}

fn created(key: &str, etag: &str) -> Value {
    json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "raw"}, "object": {"key": key, "eTag": etag}}}]})
}

fn places() -> impl Iterator<Item = &'static str> {
    let append = ["after-read-inputs", "before-put-object", "within-put-object", "after-put-object"];
    flow_engine::failpoint::STREAMS.iter().map(|(name, _)| *name).chain(append)
}

/// Killed anywhere, and tried again as Lambda does: nothing is lost, and with a key no row is there twice for a reader. A
/// second delivery of the same object does nothing.
#[test]
fn an_object_whose_worker_is_killed() {
    for place in places() {
        let scene = Scene::new(&["id"]);
        fs::write(scene.path("buckets/raw/a.jsonl"), format!("{}\nnonsense\n{}\n", order(1), order(2))).unwrap();
        let killed = scene.call("objects", &created("a.jsonl", "e1"), "r1", &[("FLOW_FAILPOINT", place)]);
        assert_eq!(killed.code, None, "{place} was not come by");
        let again = scene.call("objects", &created("a.jsonl", "e1"), "r1", &[]);
        assert_eq!(again.code, Some(0), "{place}: {}", again.answer);
        let duplicate = scene.call("objects", &created("a.jsonl", "e1"), "r2", &[]);
        assert_eq!((duplicate.code, &duplicate.answer["skipped"]), (Some(0), &json!(1)), "{place}");
        let rows = BTreeMap::from([("001".to_owned(), 1), ("002".to_owned(), 1)]);
        assert_eq!(scene.rows(), rows, "{place}: one object, which overwrites itself");
        assert_eq!(scene.letters(), 1, "{place}: and one letter");
        // What is sent on is sent at least once.
        let sent = scene.sent();
        assert!(sent.len() == 2 && sent.values().all(|count| (1..=2).contains(count)), "{place}: {sent:?}");
    }
}

#[test]
fn messages_whose_worker_is_killed_come_when_the_lease_is_over() {
    for place in ["after-take", "after-act", "before-answer"] {
        let scene = Scene::new(&["id"]);
        let event = messages((0..5).map(order));
        assert_eq!(scene.call("messages", &event, "r1", &[("FLOW_FAILPOINT", place)]).code, None, "{place}");
        let started = Instant::now();
        let answer = loop {
            let again = scene.call("messages", &event, "r2", &[]);
            assert_eq!(again.code, Some(0));
            if again.answer["batchItemFailures"] == json!([]) {
                break again.answer;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{place}: {}", again.answer);
            std::thread::sleep(Duration::from_millis(300));
        };
        let done = if place == "before-answer" { "skipped" } else { "done" };
        assert_eq!(answer[done], json!(5), "{place}");
        assert_eq!((scene.rows().len(), scene.sent().len()), (5, 5), "{place}");
    }
}

/// Without a key what is appended again is there again, and nothing is lost.
#[test]
fn at_least_once_is_at_least_once() {
    let scene = Scene::new(&[]);
    let event = messages((0..5).map(order));
    let record = |(number, body): (usize, String)| {
        use std::fmt::Write;
        // Base64 of what has no need for padding: three bytes a group.
        let padded = format!("{body:<width$}", width = body.len().div_ceil(3) * 3);
        let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
        let mut data = String::new();
        for group in padded.as_bytes().chunks(3) {
            let bits = group.iter().fold(0usize, |bits, byte| (bits << 8) | usize::from(*byte));
            for shift in [18, 12, 6, 0] {
                write!(data, "{}", alphabet[(bits >> shift) & 63]).unwrap();
            }
        }
        json!({"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": number.to_string(), "data": data}})
    };
    drop(event);
    let event = json!({"Records": (0..5).map(order).enumerate().map(record).collect::<Vec<_>>()});
    assert_eq!(scene.call("shard", &event, "r1", &[("FLOW_FAILPOINT", "before-answer")]).code, None);
    let again = scene.call("shard", &event, "r1", &[]);
    assert_eq!(again.answer["appended"], json!(5), "{}", again.answer);
    assert!(scene.rows().values().all(|count| *count == 2) && scene.rows().len() == 5, "{:?}", scene.rows());
}

/// Two deliveries of one object at the same time, and of different messages with one key.
#[test]
fn workers_at_once_do_it_once() {
    for _ in 0..3 {
        let scene = Scene::new(&["id"]);
        fs::write(scene.path("buckets/raw/a.jsonl"), format!("{}\n{}\n", order(1), order(2))).unwrap();
        let running: Vec<_> = (0..4).map(|number| scene.spawn("objects", &created("a.jsonl", "e1"), &format!("r{number}"), &[])).collect();
        let ended: Vec<Ended> = running.into_iter().map(Scene::end).collect();
        let count = |name: &str| ended.iter().map(|ended| ended.answer[name].as_u64().unwrap()).sum::<u64>();
        assert!(ended.iter().all(|ended| ended.code == Some(0)));
        assert_eq!((count("done"), count("skipped"), count("sent")), (1, 3, 2));
        assert_eq!(scene.sent(), BTreeMap::from([("001".to_owned(), 1), ("002".to_owned(), 1)]));
    }
}

#[test]
fn a_store_that_refuses_gives_everything_back() {
    let scene = Scene::new(&["id"]);
    // A file where the table's folder would be.
    fs::write(scene.path("buckets/lake/silver"), "").unwrap();
    let event = messages((0..3).map(order).chain(["nonsense".to_owned()]));
    let refused = scene.call("messages", &event, "r1", &[]);
    assert_eq!(refused.answer["batchItemFailures"].as_array().map(Vec::len), Some(3), "{}", refused.answer);
    assert_eq!((&refused.answer["refused"], scene.sent().len()), (&json!(1), 0));
    fs::remove_file(scene.path("buckets/lake/silver")).unwrap();
    let again = scene.call("messages", &event, "r2", &[]);
    assert_eq!((&again.answer["batchItemFailures"], scene.rows().len()), (&json!([]), 3));
    // The dead letters have no place: what is refused is given back, all else is done.
    fs::remove_dir_all(scene.path("buckets/lake/bad")).unwrap();
    fs::write(scene.path("buckets/lake/bad"), "").unwrap();
    let event = messages((3..6).map(order).chain(["nonsense".to_owned()]));
    let kept = scene.call("messages", &event, "r3", &[]);
    assert_eq!(kept.answer["batchItemFailures"], json!([{"itemIdentifier": "m3"}]), "{}", kept.answer);
    assert_eq!(scene.rows().len(), 6);
}

#[test]
fn misuse_is_named() {
    let scene = Scene::new(&["id"]);
    let unknown = scene.call("nothing", &messages([]), "r1", &[]);
    assert_eq!(unknown.answer["errorMessage"], "the plan has no stream `nothing`: it has `objects`, `messages`, `shard`");
    let services = scene.call("messages", &messages([]), "r1", &[("FLOW_SERVICES", "ftp://x")]);
    assert_eq!(services.answer["errorMessage"], "`FLOW_SERVICES` is `ftp://x`, expected `aws` or `file:///absolute/directory`");
}
