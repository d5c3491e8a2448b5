//! Places in files, and events made of lines.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::envelope::{Waiting, event};
use super::position::Position;
use flow_plan::LocalSubject;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn queue() -> LocalSubject {
    LocalSubject::Queue { name: "orders".into() }
}

fn look(place: &Path, position: &mut Position, subject: &LocalSubject) -> Vec<Waiting> {
    position.look(&place.join("services"), &place.join("buckets"), subject).unwrap();
    position.waiting.drain(..).collect()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn lines_are_taken_once() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("services/queues/orders.jsonl");
    let mut position = Position::open(&place.path().join("streams"), "s").unwrap();
    assert_eq!(look(place.path(), &mut position, &queue()), []);
    write(&file, "{\"body\": 1}\n\nnonsense\n{\"id\": \"a\", \"body\": {\"x\": 2}}\n{\"bo");
    let found = look(place.path(), &mut position, &queue());
    assert_eq!(found.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["00000000000000000001", "00000000000000000003", "a.4"]);
    // What is being written is taken when it is whole, also without a line break.
    write(&file, "{\"body\": 1}\n\nnonsense\n{\"id\": \"a\", \"body\": {\"x\": 2}}\n{\"body\": 5}");
    position.save().unwrap();
    let mut position = Position::open(&place.path().join("streams"), "s").unwrap();
    assert_eq!(look(place.path(), &mut position, &queue()).len(), 1);
    assert_eq!(look(place.path(), &mut position, &queue()).len(), 0);
    // A file that was made anew is read anew.
    write(&file, "{\"body\": 6}\n");
    assert_eq!(look(place.path(), &mut position, &queue()).len(), 1);
}

#[test]
fn objects_are_taken_once_for_each_of_their_contents() {
    let place = tempfile::tempdir().unwrap();
    let subject = LocalSubject::Bucket { bucket: "raw".into(), prefix: "in".into() };
    let mut position = Position::open(&place.path().join("streams"), "s").unwrap();
    for name in ["in/b c.jsonl", "in/dt=1/a.jsonl", "in/_flow/commit.json", "in/.x.tmp", "out/a.jsonl"] {
        write(&place.path().join("buckets/raw").join(name), "{}");
    }
    let keys = |found: &[Waiting]| found.iter().map(|record| record.line["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let found = look(place.path(), &mut position, &subject);
    assert_eq!(keys(&found), ["in/b c.jsonl", "in/dt=1/a.jsonl"]);
    let event = event(&subject, &[&found[0]]);
    assert_eq!(event["Records"][0]["s3"]["object"]["key"], "in/b+c.jsonl");
    assert_eq!(look(place.path(), &mut position, &subject), []);
    write(&place.path().join("buckets/raw/in/dt=1/a.jsonl"), "{\"a\": 1}");
    assert_eq!(keys(&look(place.path(), &mut position, &subject)), ["in/dt=1/a.jsonl"]);
}

#[test]
fn a_place_that_cannot_be_read_is_named() {
    let place = tempfile::tempdir().unwrap();
    write(&place.path().join("streams/s.json"), "{\"offset\": -1}");
    let error = Position::open(&place.path().join("streams"), "s").unwrap_err();
    assert!(error.message.contains("s.json") && error.help.unwrap().contains("delivered again"), "{}", error.message);
}

#[test]
fn events_of_every_subject() {
    let record = |line: Value| Waiting { id: "7".into(), line, receives: 2 };
    let time = "2026-01-05T02:00:00.500Z";
    let of = |subject: LocalSubject, line: Value| event(&subject, &[&record(line)]);
    let sqs = of(queue(), json!({"id": "m", "time": time, "group": "g", "body": {"a": 1}}));
    assert_eq!(sqs["Records"][0]["body"], "{\"a\":1}");
    assert_eq!(
        sqs["Records"][0]["attributes"],
        json!({"ApproximateReceiveCount": "2", "SentTimestamp": "1767578400500", "MessageGroupId": "g"})
    );
    let kinesis = of(LocalSubject::Stream { name: "x".into() }, json!({"time": time, "key": "k", "body": "text"}));
    assert_eq!(kinesis["Records"][0]["kinesis"]["data"], "dGV4dA==");
    assert_eq!(kinesis["Records"][0]["kinesis"]["approximateArrivalTimestamp"], 1_767_578_400.5);
    let change = of(LocalSubject::Changes { table: "orders".into() }, json!({"eventName": "INSERT", "dynamodb": {"NewImage": {}}}));
    assert_eq!(change["Records"][0]["dynamodb"]["SequenceNumber"], "7");
    let topic = of(LocalSubject::Topic { name: "t".into() }, json!({"time": time, "body": {"a": 1}}));
    assert_eq!(topic["Records"][0]["Sns"]["Message"], "{\"a\":1}");
    let bus = of(LocalSubject::Bus { name: "b".into() }, json!({"source": "shop", "detail-type": "Order", "detail": {"a": 1}}));
    assert_eq!((&bus["detail"], &bus["id"], &bus["source"]), (&json!({"a": 1}), &json!("7"), &json!("shop")));
}
