//! Streams over stores in memory, with services that fail when they are told to.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod fake;
mod property;

use fake::{Fake, Fails};
use flow_plan::Plan;
use serde_json::{Value, json};
use std::time::Duration;

use super::{Address, Call};
use crate::{Engine, Environment};

const QUEUE: &str = "https://sqs/1/next";
const LETTERS: &str = "https://sqs/1/dlq";

fn column(name: &str) -> Value {
    json!({ "column": name })
}

fn fields() -> Value {
    json!([{"name": "id", "type": "string"}, {"name": "amount", "type": "int"}, {"name": "kind", "type": "string"}])
}

fn place(prefix: &str) -> Value {
    json!({"bucket": {"literal": "data"}, "prefix": {"literal": prefix}})
}

/// `{ append … to silver key (id) }`
fn append(table: &str) -> Value {
    json!({"table": table, "replace": {"append": {"key": ["id"]}}})
}

/// Orders whose amount is at least 0; a transform that gives 100 modulo the amount; a sink, and a family of two.
fn plan(streams: Value) -> Engine {
    let modulo = json!({"binary": {"op": "modulo", "left": {"literal": {"int": 100}}, "right": column("amount")}});
    let table = |prefix: &str, role: &str| json!({"role": role, "schema": "Order", "location": place(prefix), "format": {"name": "jsonl"}});
    let plan = json!({
        "version": 1, "project": "test",
        "schemas": {
            "Order": {"fields": fields(), "checks": [{"field": "amount", "text": "amount >= 0",
                "condition": {"binary": {"op": "greater_equal", "left": column("amount"), "right": {"literal": {"int": 0}}}}}]},
            "Change": {"fields": [
                {"name": "event", "type": "string"}, {"name": "table", "type": "string", "optional": true},
                {"name": "id", "type": "string", "optional": true}, {"name": "time", "type": "timestamp", "optional": true},
                {"name": "size", "type": "int", "optional": true}, {"name": "keys", "type": "json", "optional": true},
                {"name": "new", "type": {"struct": {"fields": fields()}}, "optional": true},
                {"name": "old", "type": {"struct": {"fields": fields()}}, "optional": true}]},
        },
        "tables": {"silver": table("silver", "sink"), "a": table("family/a", "sink"), "b": table("family/b", "sink"), "raw": table("raw", "source")},
        "transforms": {"rest": {"inputs": [{"name": "orders", "schema": "Order"}], "output": "Order", "from": "orders",
            "operators": [{"operator": "derive", "derived": [{"name": "amount", "expr": modulo}], "columns": fields()}]},
            "same": {"inputs": [{"name": "orders", "schema": "Order"}], "output": "Order", "from": "orders", "operators": []}},
        "streams": streams,
    });
    let plan = Plan::from_json(&plan.to_string()).unwrap();
    Engine::new(plan, Environment::from_variables([("FLOW_STORE", "memory:"), ("FLOW_THREADS", "1")])).unwrap()
}

fn run(transform: &str) -> Value {
    json!({"action": "run", "transform": transform, "input": "orders", "into": {"kind": "table", "into": append("silver")}})
}

fn send() -> Value {
    json!({"action": "send", "to": {"kind": "queue", "url": {"literal": QUEUE}}})
}

fn letters() -> Value {
    json!({"policy": "dead_letter", "to": {"kind": "queue", "url": {"literal": LETTERS}}})
}

fn stream(from: Value, actions: Value, more: Value) -> Value {
    let mut stream = json!({"from": from, "schema": "Order", "actions": actions});
    stream.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "s": stream })
}

fn sqs() -> Value {
    json!({"kind": "sqs", "decode": "json"})
}

fn s3() -> Value {
    json!({"kind": "s3", "format": {"name": "jsonl"}, "location": place("raw")})
}

fn order(id: impl std::fmt::Display, amount: i64, kind: &str) -> String {
    json!({"id": id.to_string(), "amount": amount, "kind": kind}).to_string()
}

fn messages(bodies: &[String]) -> Value {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| {
            json!({"messageId": format!("m{number}"), "eventSource": "aws:sqs", "body": body,
                "attributes": {"SentTimestamp": "1767578400000", "ApproximateReceiveCount": "1"}})
        })
        .collect();
    json!({ "Records": records })
}

fn shard(bodies: &[String]) -> Value {
    use base64::Engine as _;
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| {
            json!({"eventID": format!("shardId-0:{number}"), "eventSource": "aws:kinesis", "kinesis": {
                "sequenceNumber": number.to_string(), "partitionKey": "p", "approximateArrivalTimestamp": 1_767_578_400.5,
                "data": base64::prelude::BASE64_STANDARD.encode(body)}})
        })
        .collect();
    json!({ "Records": records })
}

fn created(key: &str, etag: &str) -> Value {
    json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "2026-01-05T02:00:00Z",
        "s3": {"bucket": {"name": "data"}, "object": {"key": key, "eTag": etag, "size": 1}}}]})
}

fn failures(answer: &Value) -> Vec<&str> {
    answer["batchItemFailures"].as_array().unwrap().iter().map(|item| item["itemIdentifier"].as_str().unwrap()).collect()
}

/// A test's engine with its services.
struct Scene {
    engine: Engine,
    services: Fake,
}

impl Scene {
    fn new(streams: Value) -> Self {
        Scene { engine: plan(streams), services: Fake::default() }
    }

    async fn handle(&self, event: Value) -> Result<Value, String> {
        self.call(event, "r1", None).await
    }

    async fn call(&self, event: Value, request: &str, left: Option<Duration>) -> Result<Value, String> {
        let call = Call { request, left, services: &self.services };
        self.engine.handle("s", event, call).await.map_err(|failure| failure.to_string())
    }

    fn bucket(&self) -> std::sync::Arc<dyn object_store::ObjectStore> {
        let location = serde_json::from_value(place("")).unwrap();
        self.engine.place(&location).unwrap().store
    }

    async fn put(&self, key: &str, text: &str) {
        use object_store::ObjectStoreExt;
        self.bucket().put(&key.into(), text.to_owned().into()).await.unwrap();
    }

    /// The objects below a prefix, without what publishing keeps.
    async fn objects(&self, prefix: &str) -> Vec<String> {
        use futures::TryStreamExt;
        use object_store::ObjectStoreExt;
        let store = self.bucket();
        let found: Vec<_> = store.list(Some(&prefix.into())).try_collect().await.unwrap();
        let mut texts = Vec::new();
        for object in found.iter().filter(|object| !object.location.as_ref().contains("_flow/")) {
            let bytes = store.get(&object.location).await.unwrap().bytes().await.unwrap();
            texts.push(String::from_utf8(bytes.to_vec()).unwrap());
        }
        texts
    }

    /// The ids of the rows below a prefix, sorted.
    async fn ids(&self, prefix: &str) -> Vec<String> {
        let texts = self.objects(prefix).await;
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        let mut ids: Vec<String> = texts.iter().flat_map(|text| text.lines().map(id)).collect();
        ids.sort();
        ids
    }
}

#[tokio::test]
async fn a_poison_message_goes_back_alone() {
    let scene = Scene::new(stream(sqs(), json!([run("same"), send()]), json!({})));
    let event = messages(&[order(1, 5, "a"), "{\"id\": 7".into(), order(2, -1, "a"), "\u{feff}".into(), String::new(), order(3, 5, "b")]);
    let answer = scene.handle(event).await.unwrap();
    assert_eq!(failures(&answer), ["m1", "m2", "m3", "m4"]);
    assert_eq!(scene.ids("silver").await, ["1", "3"]);
    let sent = scene.services.to(&Address::Queue(QUEUE.into()));
    assert_eq!(sent.iter().map(|message| message.body.clone()).collect::<Vec<_>>(), [
        r#"{"id":"1","amount":5,"kind":"a"}"#,
        r#"{"id":"3","amount":5,"kind":"b"}"#
    ]);
    let counts = json!({"records": 6, "rows": 2, "sent": 2, "appended": 2, "done": 2, "refused": 0, "skipped": 0, "failed": 4});
    assert!(counts.as_object().unwrap().iter().all(|(name, count)| answer[name] == *count), "{answer}");
}

#[tokio::test]
async fn what_can_never_succeed_is_a_dead_letter() {
    let scene = Scene::new(stream(sqs(), json!([run("rest")]), json!({"refused": letters()})));
    let event = messages(&[order(1, 7, "a"), "nonsense".into(), order(2, 0, "a"), order(3, -1, "a")]);
    let answer = scene.handle(event).await.unwrap();
    assert_eq!((failures(&answer), &answer["refused"], &answer["done"]), (vec![], &json!(3), &json!(1)));
    let letters: Vec<Value> = scene
        .services
        .to(&Address::Queue(LETTERS.into()))
        .iter()
        .map(|letter| serde_json::from_str(&letter.body).unwrap())
        .collect();
    assert_eq!(letters[0]["original"], "nonsense");
    assert_eq!(letters[0]["error"]["name"], "Flow.InvalidRecord");
    assert_eq!(letters[0]["record"]["id"], "m1");
    assert_eq!(letters[1]["error"], json!({"name": "Flow.InvalidRecord", "field": "amount", "message": "check `amount >= 0` failed: `amount` is -1"}));
    assert_eq!((&letters[2]["error"]["name"], &letters[2]["original"]), (&json!("Flow.ComputeFailed"), &json!(order(2, 0, "a"))));
    assert!(letters[2]["timestamp"].as_str().unwrap().starts_with("20") && letters[2]["stream"] == "s", "{}", letters[2]);
}

#[tokio::test]
async fn a_letter_that_is_not_written_is_no_end() {
    let scene = Scene::new(stream(sqs(), json!([run("same")]), json!({"refused": letters()})));
    scene.services.fail(Fails { send_to: Some(LETTERS.into()), ..Fails::default() });
    let event = messages(&[order(1, 7, "a"), "nonsense".into()]);
    let answer = scene.handle(event).await.unwrap();
    assert_eq!((failures(&answer), &answer["refused"]), (vec!["m1"], &json!(0)));
    assert_eq!(scene.ids("silver").await, ["1"]);
}

#[tokio::test]
async fn rows_that_cannot_be_computed_are_found_among_many() {
    let scene = Scene::new(stream(sqs(), json!([run("rest")]), json!({"refused": letters()})));
    let amount = |number: i64| if [17, 500, 501].contains(&number) { 0 } else { 7 };
    let bodies: Vec<String> = (0..1000).map(|number| order(format!("{number:04}"), amount(number), "a")).collect();
    let answer = scene.handle(messages(&bodies)).await.unwrap();
    assert_eq!((&answer["appended"], &answer["refused"]), (&json!(997), &json!(3)));
    assert_eq!(scene.objects("silver").await.len(), 1, "all that is good is one object");
    let ids = scene.ids("silver").await;
    assert_eq!(ids.len(), 997);
    assert!(!ids.contains(&"0500".to_owned()));
}

#[tokio::test]
async fn a_shard_goes_back_from_the_first_failure_on() {
    let scene = Scene::new(stream(json!({"kind": "kinesis", "decode": "json"}), json!([run("same")]), json!({})));
    let mut bodies: Vec<String> = (0..200).map(|number| order(number, 1, "a")).collect();
    bodies[40] = "?".into();
    bodies[120] = "?".into();
    let answer = scene.handle(shard(&bodies)).await.unwrap();
    assert_eq!((failures(&answer), &answer["failed"]), (vec!["40"], &json!(2)));
    // With a place for them, the shard goes on.
    let scene = Scene::new(stream(json!({"kind": "kinesis", "decode": "json"}), json!([run("same")]), json!({"refused": letters()})));
    let answer = scene.handle(shard(&bodies)).await.unwrap();
    assert_eq!((failures(&answer), &answer["refused"], scene.ids("silver").await.len()), (vec![], &json!(2), 198));
}

fn by_object() -> Value {
    json!({"idempotent": {"by": [column("record.bucket"), column("record.key"), column("record.etag")], "ledger": {"literal": "ledger"}, "lease_s": 60}})
}

#[tokio::test]
async fn an_object_that_is_told_of_twice_is_worked_on_once() {
    let scene = Scene::new(stream(s3(), json!([send()]), by_object()));
    scene.put("raw/a b.jsonl", &format!("{}\n{}\n", order(1, 1, "a"), order(2, 2, "a"))).await;
    let answer = scene.handle(created("raw/a+b.jsonl", "e1")).await.unwrap();
    assert_eq!((&answer["rows"], &answer["sent"], &answer["done"]), (&json!(2), &json!(2), &json!(1)));
    assert_eq!(scene.services.ledger(), ["s:data/raw/a b.jsonl#e1 DONE"]);
    let again = scene.call(created("raw/a+b.jsonl", "e1"), "r2", None).await.unwrap();
    assert_eq!((&again["skipped"], &again["sent"]), (&json!(1), &json!(0)));
    let changed = scene.call(created("raw/a+b.jsonl", "e2"), "r3", None).await.unwrap();
    assert_eq!(changed["sent"], json!(2), "other contents are another object");
    // Twice in one event.
    let mut twice = created("raw/a+b.jsonl", "e4");
    let record = twice["Records"][0].clone();
    twice["Records"].as_array_mut().unwrap().push(record);
    let twice = scene.call(twice, "r4", None).await.unwrap();
    assert_eq!((&twice["done"], &twice["skipped"], &twice["sent"]), (&json!(1), &json!(1), &json!(2)));
}

#[tokio::test]
async fn what_is_no_data_of_the_stream_is_left_alone() {
    let scene = Scene::new(stream(s3(), json!([send()]), json!({})));
    for key in ["raw/_flow/commit.json", "raw/.x.tmp", "raw/", "other/a.jsonl", "rawer/a.jsonl"] {
        let answer = scene.handle(created(key, "e")).await.unwrap();
        assert_eq!(answer["skipped"], json!(1), "{key}");
    }
    let mut removed = created("raw/a.jsonl", "e");
    removed["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
    assert_eq!(scene.handle(removed).await.unwrap()["skipped"], json!(1));
    let gone = scene.handle(created("raw/gone.jsonl", "e")).await.unwrap_err();
    assert!(gone.contains("Flow.InvalidRecord") && gone.contains("`data/raw/gone.jsonl` is not there"), "{gone}");
}

#[tokio::test]
async fn a_bad_line_spoils_its_object_only_where_nothing_takes_it() {
    let lines = format!("{}\nnonsense\n{}\n", order(1, 1, "a"), order(2, 0, "a"));
    let scene = Scene::new(stream(s3(), json!([run("rest"), send()]), json!({"refused": letters()})));
    scene.put("raw/a.jsonl", &lines).await;
    let answer = scene.handle(created("raw/a.jsonl", "e1")).await.unwrap();
    assert_eq!((&answer["refused"], &answer["sent"], &answer["done"]), (&json!(2), &json!(1), &json!(1)));
    let letters: Vec<Value> =
        scene.services.to(&Address::Queue(LETTERS.into())).iter().map(|letter| serde_json::from_str(&letter.body).unwrap()).collect();
    let of = |letter: &Value| (letter["error"]["line"].clone(), letter["original"].as_str().unwrap().to_owned());
    let mut found: Vec<_> = letters.iter().map(of).collect();
    found.sort_by_key(|(line, _)| line.as_u64());
    assert_eq!(found, [(json!(2), "nonsense".into()), (json!(3), r#"{"id":"2","amount":0,"kind":"a"}"#.into())]);
    // Without a place for it, all of the object comes again, and nothing of it is done before.
    let scene = Scene::new(stream(s3(), json!([send()]), by_object()));
    scene.put("raw/a.jsonl", &lines).await;
    let failure = scene.handle(created("raw/a.jsonl", "e1")).await.unwrap_err();
    assert!(failure.contains("line 2: malformed JSON"), "{failure}");
    assert_eq!((scene.services.sent(), scene.services.ledger()), (0, vec!["s:data/raw/a.jsonl#e1 ERROR".to_owned()]));
}

fn by_id() -> Value {
    json!({"idempotent": {"by": [column("id")], "ledger": {"literal": "ledger"}, "lease_s": 60, "keep_s": 3600}})
}

#[tokio::test]
async fn messages_by_their_key() {
    let scene = Scene::new(stream(sqs(), json!([send()]), by_id()));
    let answer = scene.handle(messages(&[order(1, 1, "a"), order(2, 1, "a"), order(1, 1, "a")])).await.unwrap();
    assert_eq!((&answer["sent"], &answer["skipped"]), (&json!(2), &json!(1)));
    // Another's lease, and the same message's.
    scene.services.put("s:5", "INFLIGHT", "other");
    scene.services.put("s:6", "INFLIGHT", "m1");
    let answer = scene.handle(messages(&[order(5, 1, "a"), order(6, 1, "a"), order(1, 1, "a")])).await.unwrap();
    assert_eq!((failures(&answer), &answer["skipped"], &answer["sent"]), (vec!["m1"], &json!(2), &json!(0)));
}

/// Records without a key are not all one record.
#[tokio::test]
async fn what_has_no_key_is_refused() {
    let by = json!({"idempotent": {"by": [column("record.group")], "ledger": {"literal": "ledger"}, "lease_s": 60}});
    let scene = Scene::new(stream(sqs(), json!([send()]), by));
    let mut event = messages(&[order(1, 1, "a"), order(2, 1, "a"), order(3, 1, "a")]);
    event["Records"][2]["attributes"]["MessageGroupId"] = json!("g#1");
    let answer = scene.handle(event).await.unwrap();
    assert_eq!((failures(&answer), &answer["sent"]), (vec!["m0", "m1"], &json!(1)));
    assert_eq!(scene.services.ledger(), ["s:g#1 DONE"]);
    // Parts of a key are told apart, whatever is in them.
    let keys = [super::claims::ledger_key("s", &["a#b", "c"], false), super::claims::ledger_key("s", &["a", "b#c"], false)];
    assert_eq!(keys, ["s:a\\#b#c", "s:a#b\\#c"]);
    assert!(super::claims::ledger_key("s", &[&"x".repeat(5000)], false).len() < 100);
}

#[tokio::test]
async fn an_invocation_that_is_tried_again_has_its_own_lease() {
    let scene = Scene::new(stream(s3(), json!([send()]), by_object()));
    scene.put("raw/a.jsonl", &order(1, 1, "a")).await;
    scene.services.put("s:data/raw/a.jsonl#e1", "INFLIGHT", "r1");
    let other = scene.call(created("raw/a.jsonl", "e1"), "r2", None).await.unwrap();
    assert_eq!((&other["skipped"], &other["sent"]), (&json!(1), &json!(0)));
    let own = scene.call(created("raw/a.jsonl", "e1"), "r1", None).await.unwrap();
    assert_eq!((&own["done"], &own["sent"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_ledger_that_cannot_be_asked_fails_what_it_is_asked_for() {
    let scene = Scene::new(stream(sqs(), json!([send()]), by_id()));
    scene.services.fail(Fails { ledger: true, ..Fails::default() });
    let answer = scene.handle(messages(&[order(1, 1, "a"), order(2, 1, "a")])).await.unwrap();
    assert_eq!((failures(&answer), scene.services.sent()), (vec!["m0", "m1"], 0));
    scene.services.fail(Fails::default());
    let answer = scene.handle(messages(&[order(1, 1, "a"), order(2, 1, "a")])).await.unwrap();
    assert_eq!((failures(&answer), scene.services.sent()), (vec![], 2));
}

#[tokio::test]
async fn what_is_not_sent_comes_again_and_what_never_will_be_is_refused() {
    let scene = Scene::new(stream(sqs(), json!([send(), run("same")]), json!({"refused": letters()})));
    scene.services.fail(Fails { bodies: vec![("\"2\"".into(), false), ("\"3\"".into(), true)], ..Fails::default() });
    let answer = scene.handle(messages(&[order(1, 1, "a"), order(2, 1, "a"), order(3, 1, "a")])).await.unwrap();
    assert_eq!((failures(&answer), &answer["sent"], &answer["refused"]), (vec!["m1"], &json!(1), &json!(1)));
    assert_eq!(scene.ids("silver").await, ["1"], "what one action did not do takes no part in the next");
}

#[tokio::test]
async fn what_is_not_done_in_time_is_given_back() {
    let scene = Scene::new(stream(sqs(), json!([send()]), by_id()));
    scene.services.fail(Fails { hangs: true, ..Fails::default() });
    let started = std::time::Instant::now();
    let event = messages(&[order(1, 1, "a"), "nonsense".into()]);
    let answer = scene.call(event, "r1", Some(Duration::from_secs(3))).await.unwrap();
    assert_eq!(failures(&answer), ["m0", "m1"]);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(scene.services.ledger(), ["s:1 ERROR"], "it may be taken again at once");
}

#[tokio::test]
async fn what_is_sent_and_to_whom() {
    let text = |text: &str| json!({"literal": {"string": text}});
    let concat = |left: Value, right: Value| json!({"binary": {"op": "concat", "left": left, "right": right}});
    let actions = json!([
        {"action": "send", "condition": {"binary": {"op": "equal", "left": column("kind"), "right": text("b")}},
         "value": concat(column("id"), text("!")), "to": {"kind": "stream", "name": {"literal": "out"}, "key": column("kind")}},
        {"action": "send", "value": {"call": {"function": "to_string", "arguments": [column("record.time")]}},
         "to": {"kind": "flow", "arn": {"literal": "arn:flow"}}},
        {"action": "send", "to": {"kind": "folder", "location": place("out")}},
    ]);
    let scene = Scene::new(stream(sqs(), actions, json!({})));
    let answer = scene.handle(messages(&[order(1, 1, "a"), order(2, 1, "b")])).await.unwrap();
    assert_eq!(answer["sent"], json!(5));
    let out = scene.services.to(&Address::Stream("out".into()));
    assert_eq!((out.len(), out[0].body.as_str(), out[0].key.as_str()), (1, "\"2!\"", "b"));
    let started = scene.services.to(&Address::Flow("arn:flow".into()));
    assert_eq!(started[0].body, "\"2026-01-05T02:00:00Z\"");
    assert!(started[0].id.starts_with("s-") && started[0].id.len() <= 64 && started[0].id != started[1].id);
    assert_eq!(scene.ids("out").await, ["1", "2"]);
    scene.handle(messages(&[order(1, 1, "a"), order(2, 1, "b")])).await.unwrap();
    assert_eq!(scene.services.to(&Address::Flow("arn:flow".into()))[2].id, started[0].id, "a record has one name");
    assert_eq!(scene.ids("out").await, ["1", "2"], "and one object");
}

#[tokio::test]
async fn rows_go_to_the_tables_of_their_cases() {
    let into = json!({"kind": "family", "tag": "kind", "cases": {"a": append("a"), "b": append("b")}});
    let actions = json!([{"action": "run", "transform": "same", "input": "orders", "into": into}]);
    let scene = Scene::new(stream(sqs(), actions, json!({"refused": letters()})));
    let answer = scene.handle(messages(&[order(1, 1, "a"), order(2, 1, "b"), order(3, 1, "c"), order(4, 1, "b")])).await.unwrap();
    assert_eq!((scene.ids("family/a").await, scene.ids("family/b").await), (vec!["1".to_owned()], vec!["2".to_owned(), "4".into()]));
    assert_eq!((&answer["appended"], &answer["refused"]), (&json!(3), &json!(1)));
    let letter = &scene.services.to(&Address::Queue(LETTERS.into()))[0];
    assert!(letter.body.contains("`kind` is `c`, and there are tables for `a`, `b` alone"), "{}", letter.body);
}

#[tokio::test]
async fn a_group_stays_in_order() {
    let scene = Scene::new(stream(sqs(), json!([send()]), json!({})));
    let mut event = messages(&[order(1, 1, "a"), "nonsense".into(), order(2, 1, "a"), order(3, 1, "a")]);
    for (number, group) in ["g", "g", "h", "g"].into_iter().enumerate() {
        event["Records"][number]["attributes"]["MessageGroupId"] = json!(group);
    }
    let answer = scene.handle(event).await.unwrap();
    assert_eq!(failures(&answer), ["m1", "m3"]);
    let sent = scene.services.to(&Address::Queue(QUEUE.into()));
    assert_eq!(sent.iter().map(|message| message.group.as_deref().unwrap()).collect::<Vec<_>>(), ["g", "h"]);
}

#[tokio::test]
async fn changes_of_a_table() {
    let change = |kind: &str, image: &str, id: &str| {
        json!({"eventID": id, "eventName": kind, "eventSource": "aws:dynamodb", "eventSourceARN": "arn:aws:dynamodb:r:1:table/orders/stream/x",
            "dynamodb": {"SequenceNumber": id, "ApproximateCreationDateTime": 1_767_578_400, "Keys": {"id": {"S": id}},
                image: {"id": {"S": id}, "amount": {"N": "5"}, "kind": {"S": "a"}}}})
    };
    let mut streams = stream(json!({"kind": "dynamo_db"}), json!([send()]), json!({"patterns": [{"eventName": ["INSERT", "REMOVE"]}]}));
    streams["s"]["schema"] = json!("Change");
    let scene = Scene::new(streams);
    let mut bad = change("INSERT", "NewImage", "3");
    bad["dynamodb"]["NewImage"]["amount"] = json!({"N": "5.5"});
    let event = json!({"Records": [change("INSERT", "NewImage", "1"), change("MODIFY", "NewImage", "2"), bad, change("REMOVE", "OldImage", "4")]});
    let answer = scene.handle(event).await.unwrap();
    assert_eq!((failures(&answer), &answer["skipped"], &answer["sent"]), (vec!["3"], &json!(1), &json!(2)));
    let sent = scene.services.to(&Address::Queue(QUEUE.into()));
    assert_eq!(
        serde_json::from_str::<Value>(&sent[0].body).unwrap(),
        json!({"event": "INSERT", "table": "orders", "id": "1", "time": "2026-01-05T02:00:00Z", "size": null, "keys": {"id": "1"},
            "new": {"id": "1", "amount": 5, "kind": "a"}, "old": null})
    );
}

#[tokio::test]
async fn events_of_one_record() {
    let bus = json!({"id": "e1", "time": "2026-01-05T02:00:00Z", "source": "shop", "detail-type": "Order", "detail": {"id": "1", "amount": 1, "kind": "a"}});
    let scene = Scene::new(stream(json!({"kind": "event_bridge"}), json!([send()]), json!({"patterns": [{"detail-type": ["Order"]}]})));
    assert_eq!(scene.handle(bus.clone()).await.unwrap()["sent"], json!(1));
    let mut other = bus.clone();
    other["detail-type"] = json!("Refund");
    assert_eq!(scene.handle(other).await.unwrap()["skipped"], json!(1));
    let mut bad = bus;
    bad["detail"]["amount"] = json!("x");
    let failure = scene.handle(bad).await.unwrap_err();
    assert_eq!(failure, "Flow.InvalidRecord: 1 of 1 records failed, and all of them come again. The first: expected Int, found text \"x\"");

    let topic = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"MessageId": "m", "Timestamp": "2026-01-05T02:00:00.000Z", "Subject": "x", "Message": order(1, 1, "a")}}]});
    let value = column("record.subject");
    let actions = json!([{"action": "send", "value": value, "to": {"kind": "topic", "arn": {"literal": "arn:t"}}}]);
    let scene = Scene::new(stream(json!({"kind": "sns", "decode": "json"}), actions, json!({})));
    assert_eq!(scene.handle(topic).await.unwrap()["sent"], json!(1));
    assert_eq!(scene.services.to(&Address::Topic("arn:t".into()))[0].body, "\"x\"");
}

/// `each object send { bucket, key } to …`: the object itself, which is not read.
#[tokio::test]
async fn an_object_is_sent_for_itself() {
    let value = json!({"record": [{"name": "key", "expr": column("record.key")}, {"name": "size", "expr": column("record.size")}]});
    let big = json!({"binary": {"op": "greater", "left": column("record.size"), "right": {"literal": {"int": 0}}}});
    let whole = json!({"action": "send", "unit": "record", "condition": big, "value": value, "to": {"kind": "queue", "url": {"literal": QUEUE}}});
    let scene = Scene::new(stream(s3(), json!([whole]), by_object()));
    let answer = scene.handle(created("raw/not+there.jsonl", "e1")).await.unwrap();
    assert_eq!((&answer["rows"], &answer["sent"], &answer["done"]), (&json!(0), &json!(1), &json!(1)));
    assert_eq!(scene.services.to(&Address::Queue(QUEUE.into()))[0].body, r#"{"key":"raw/not there.jsonl","size":1}"#);
    // Beside its lines.
    let scene = Scene::new(stream(s3(), json!([whole, send()]), json!({})));
    scene.put("raw/a.jsonl", &order(1, 1, "a")).await;
    scene.put("raw/empty.jsonl", "").await;
    assert_eq!(scene.handle(created("raw/a.jsonl", "e1")).await.unwrap()["sent"], json!(2));
    assert_eq!(scene.handle(created("raw/empty.jsonl", "e1")).await.unwrap()["sent"], json!(1));
}
