//! Streams on this machine: what waits in folders is delivered to the generic binary, as Lambda would, until nothing is left.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use flow_local::streams::{StreamOptions, run};
use flow_tests::binary;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A build of two streams: objects to a queue, the queue to a table; what goes wrong to a dead letter queue.
struct Scene {
    place: TempDir,
}

fn location(bucket: &str, prefix: &str) -> Value {
    json!({"bucket": {"literal": bucket}, "prefix": {"literal": prefix}})
}

impl Scene {
    fn new(refused: Value) -> Self {
        let place = tempfile::tempdir().unwrap();
        let fields = json!([{"name": "id", "type": "string"}, {"name": "amount", "type": "int"}]);
        let column = |name: &str| json!({"column": name});
        let plan = json!({
            "version": 1, "project": "shop",
            "slots": {"orders": {"description": "the queue of orders"}},
            "schemas": {"Order": {"fields": fields}},
            "tables": {
                "bronze": {"role": "source", "schema": "Order", "location": location("raw", "bronze"), "format": {"name": "jsonl"}},
                "silver": {"role": "sink", "schema": "Order", "location": location("lake", "silver"), "format": {"name": "jsonl"}}},
            "transforms": {"parse": {"inputs": [{"name": "orders", "schema": "Order"}], "output": "Order", "from": "orders", "operators": []}},
            "streams": {
                "ingest": {
                    "from": {"kind": "s3", "format": {"name": "jsonl"}, "location": location("raw", "bronze")}, "schema": "Order",
                    "idempotent": {"by": [column("record.bucket"), column("record.key"), column("record.etag")], "ledger": {"literal": "arn:aws:dynamodb:eu-west-1:1:table/seen"}, "lease_s": 60},
                    "actions": [{"action": "send", "to": {"kind": "queue", "url": {"slot": "orders"}}}],
                    "refused": {"policy": "dead_letter", "to": {"kind": "folder", "location": location("lake", "bad")}}},
                "load": {
                    "from": {"kind": "sqs", "decode": "json"}, "schema": "Order",
                    "actions": [{"action": "run", "transform": "parse", "input": "orders",
                        "into": {"kind": "table", "into": {"table": "silver", "replace": {"append": {"key": ["id"]}}}}}],
                    "refused": refused}},
        });
        let function = |name: &str| json!({"name": name, "memory_mb": 512, "timeout_s": 30});
        let local = json!({
            "version": 1, "flows": {}, "slots": {"orders": "https://sqs.local/000000000000/orders"},
            "tables": {"bronze": {"bucket": "raw", "prefix": "bronze", "role": "source"}, "silver": {"bucket": "lake", "prefix": "silver", "role": "sink"}},
            "streams": {
                "ingest": {"function": function("ingest"), "from": {"kind": "bucket", "bucket": "raw", "prefix": "bronze"}, "batch": 1, "receives": 3},
                "load": {"function": function("load"), "from": {"kind": "queue", "name": "orders"}, "batch": 10, "receives": 3, "dead_letter": "failed"}},
        });
        let build = place.path().join("build");
        fs::create_dir_all(&build).unwrap();
        fs::write(build.join("plan.json"), plan.to_string()).unwrap();
        fs::write(build.join("local.json"), local.to_string()).unwrap();
        Scene { place }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(".flow").join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self) -> bool {
        let options = StreamOptions {
            artefacts: self.place.path().join("build"),
            program: self.place.path().to_owned(),
            name: "shop".into(),
            home: self.path(""),
            worker: Some(binary("flow-worker")),
            ..StreamOptions::default()
        };
        run(&options).unwrap()
    }

    /// The counts of a stream in the last run.
    fn result(&self, stream: &str) -> Value {
        let mut runs: Vec<_> = fs::read_dir(self.path("runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        runs.sort();
        let text = fs::read_to_string(runs.last().unwrap().join("result.json")).unwrap();
        let result: Value = serde_json::from_str(&text).unwrap();
        result["streams"].as_array().unwrap().iter().find(|found| found["stream"] == stream).unwrap().clone()
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The rows of the sink, by id.
    fn silver(&self) -> Vec<String> {
        let folder = fs::read_dir(self.path("buckets/lake/silver")).into_iter().flatten().map(|entry| entry.unwrap().path());
        let mut ids: Vec<String> = folder
            .filter(|path| path.is_file())
            .flat_map(|path| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
            .map(|line| serde_json::from_str::<Value>(&line).unwrap()["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }
}

fn orders(ids: std::ops::Range<u32>) -> String {
    ids.map(|id| format!("{{\"id\": \"{id:03}\", \"amount\": {id}}}\n")).collect()
}

#[test]
fn what_one_stream_sends_the_next_one_takes() {
    let scene = Scene::new(json!({"policy": "return"}));
    scene.put("buckets/raw/bronze/a b.jsonl", &orders(0..25));
    scene.put("buckets/raw/bronze/c.jsonl", &format!("{}nonsense\n", orders(25..30)));
    assert!(scene.run());
    assert_eq!(scene.silver().len(), 30);
    let (ingest, load) = (scene.result("ingest"), scene.result("load"));
    assert_eq!((&ingest["events"], &ingest["counts"]["sent"], &ingest["counts"]["refused"]), (&json!(2), &json!(30), &json!(1)));
    assert_eq!((&load["events"], &load["counts"]["appended"]), (&json!(3), &json!(30)));
    // Nothing is new.
    assert!(scene.run());
    assert_eq!((&scene.result("ingest")["events"], &scene.result("load")["events"]), (&json!(0), &json!(0)));
    // The same contents under the same name are told of again, and known to the ledger by another tag.
    assert_eq!(scene.lines("services/ledgers/seen.jsonl").len(), 4);
    let letters: Vec<_> = fs::read_dir(scene.path("buckets/lake/bad")).unwrap().collect();
    assert_eq!(letters.len(), 1);
}

#[test]
fn a_poison_message_ends_in_the_dead_letter_queue() {
    let scene = Scene::new(json!({"policy": "return"}));
    let mut messages: Vec<String> = (0..12).map(|id| format!("{{\"body\": {{\"id\": \"{id:03}\", \"amount\": 1}}}}")).collect();
    messages[5] = "{\"body\": \"nonsense\"}".into();
    scene.put("services/queues/orders.jsonl", &messages.join("\n"));
    assert!(scene.run());
    assert_eq!(scene.silver().len(), 11);
    let load = scene.result("load");
    assert_eq!((&load["given_up"], &load["waiting"], &load["counts"]["failed"]), (&json!(1), &json!(0), &json!(3)));
    let letters = scene.lines("services/queues/failed.jsonl");
    assert_eq!((letters.len(), &letters[0]["body"], &letters[0]["given_up"]["receives"]), (1, &json!("nonsense"), &json!(3)));
}

#[test]
fn what_is_no_function_s_fault_waits_for_the_next_run() {
    let scene = Scene::new(json!({"policy": "return"}));
    scene.put("services/queues/orders.jsonl", "{\"body\": {\"id\": \"1\", \"amount\": 1}}\n");
    // A file where the table's folder would be.
    scene.put("buckets/lake/silver", "");
    let mut local: Value = serde_json::from_str(&fs::read_to_string(scene.place.path().join("build/local.json")).unwrap()).unwrap();
    local["streams"]["load"].as_object_mut().unwrap().remove("receives");
    fs::write(scene.place.path().join("build/local.json"), local.to_string()).unwrap();
    assert!(!scene.run());
    assert_eq!((&scene.result("load")["waiting"], &scene.result("load")["given_up"]), (&json!(1), &json!(0)));
    fs::remove_file(scene.path("buckets/lake/silver")).unwrap();
    assert!(scene.run());
    assert_eq!(scene.silver(), ["1"]);
}

#[test]
fn a_function_that_cannot_work_loses_nothing() {
    let scene = Scene::new(json!({"policy": "return"}));
    scene.put("services/queues/orders.jsonl", "{\"body\": {\"id\": \"1\", \"amount\": 1}}\n");
    let build = scene.place.path().join("build");
    let plan = fs::read_to_string(build.join("plan.json")).unwrap();
    fs::write(build.join("plan.json"), plan.replace("\"version\":1", "\"version\":99")).unwrap();
    assert!(!scene.run());
    let load = scene.result("load");
    assert_eq!((&load["waiting"], &load["given_up"], scene.lines("services/queues/failed.jsonl").len()), (&json!(1), &json!(0), 0));
    assert!(load["failure"].as_str().unwrap().starts_with("Flow.BadPlan: "), "{load}");
    fs::write(build.join("plan.json"), plan).unwrap();
    assert!(scene.run());
    assert_eq!(scene.silver(), ["1"]);
}
