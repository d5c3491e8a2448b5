//! Whatever comes, nothing panics and every record ends once.

use super::fake::Fails;
use super::{Scene, by_id, created, letters, messages, order, run, s3, send, shard, sqs, stream};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

const ROUNDS: u64 = 400;

/// Something in place of something.
fn odd(random: &mut StdRng) -> Value {
    match random.random_range(0..10) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(1e300),
        4 => json!(""),
        5 => json!("\u{0}\u{feff}%zz+"),
        6 => json!([[], {}]),
        7 => json!({"S": {"N": ["1"]}}),
        8 => json!("9".repeat(40)),
        _ => json!(u64::MAX),
    }
}

/// Changes a value somewhere.
fn mutate(value: &mut Value, random: &mut StdRng) {
    let inside = random.random_bool(0.85);
    match value {
        Value::Array(items) if inside && !items.is_empty() => {
            let place = random.random_range(0..items.len());
            match random.random_range(0..8) {
                0 => drop(items.remove(place)),
                1 => items.push(items[place].clone()),
                _ => mutate(&mut items[place], random),
            }
        }
        Value::Object(fields) if inside && !fields.is_empty() => {
            let place = random.random_range(0..fields.len());
            let name = fields.keys().nth(place).unwrap().clone();
            match random.random_range(0..8) {
                0 => drop(fields.remove(&name)),
                _ => mutate(&mut fields[&name], random),
            }
        }
        Value::String(text) if inside => {
            let mut bytes = text.clone().into_bytes();
            match random.random_range(0..3) {
                0 => bytes.truncate(random.random_range(0..=bytes.len())),
                1 => bytes.insert(random.random_range(0..=bytes.len()), random.random()),
                _ if !bytes.is_empty() => {
                    let place = random.random_range(0..bytes.len());
                    bytes[place] = random.random();
                }
                _ => {}
            }
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        _ => *value = odd(random),
    }
}

async fn survive(scene: &Scene, event: &Value, seed: u64, single: bool) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut event = event.clone();
    for _ in 0..random.random_range(1..6) {
        mutate(&mut event, &mut random);
    }
    scene.services.fail(Fails { every: random.random_bool(0.3).then(|| random.random_range(1..6)), ..Fails::default() });
    let Ok(answer) = scene.handle(event.clone()).await else { return };
    let count = |name: &str| answer[name].as_u64().unwrap();
    let ended = count("done") + count("skipped") + count("failed");
    let records = count("records");
    if single {
        assert_eq!(ended + count("refused"), records, "{seed}: {answer} of {event}");
    } else {
        assert!(ended <= records && ended + count("refused") >= records, "{seed}: {answer} of {event}");
    }
    let given_back = answer["batchItemFailures"].as_array().unwrap().len() as u64;
    assert!(given_back <= count("failed") && (given_back > 0) == (count("failed") > 0), "{seed}: {answer} of {event}");
}

fn bodies() -> Vec<String> {
    (0..6).map(|number| order(number, number % 4, "a")).collect()
}

fn more(idempotent: Value) -> Value {
    let mut more = idempotent;
    more["refused"] = letters();
    more
}

#[tokio::test]
async fn messages_changed_at_random() {
    let scene = Scene::new(stream(sqs(), json!([run("rest"), send()]), more(by_id())));
    for seed in 0..ROUNDS {
        survive(&scene, &messages(&bodies()), seed, true).await;
    }
}

#[tokio::test]
async fn records_of_a_shard_changed_at_random() {
    for decode in ["json", "dynamodb_change", "sns", "event_bridge"] {
        let from = json!({"kind": "kinesis", "decode": decode});
        let scene = Scene::new(stream(from, json!([send()]), more(json!({}))));
        let change = json!({"eventName": "INSERT", "dynamodb": {"NewImage": {"a": {"L": [{"M": {"x": {"N": "1"}}}]}}}});
        let bodies = if decode == "dynamodb_change" { vec![change.to_string(); 4] } else { bodies() };
        for seed in 0..ROUNDS / 2 {
            survive(&scene, &shard(&bodies), seed, true).await;
        }
    }
}

#[tokio::test]
async fn changes_changed_at_random() {
    let mut streams = stream(json!({"kind": "dynamo_db"}), json!([send()]), more(json!({})));
    streams["s"]["schema"] = json!("Change");
    let scene = Scene::new(streams);
    let image = json!({"id": {"S": "1"}, "amount": {"N": "5"}, "kind": {"S": "a"}, "more": {"M": {"l": {"L": [{"NS": ["1"]}, {"NULL": true}]}}}});
    let record = json!({"eventID": "1", "eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": "1",
        "ApproximateCreationDateTime": 1_767_578_400, "Keys": {"id": {"S": "1"}}, "NewImage": image, "OldImage": image}});
    let event = json!({"Records": [record, record, record]});
    for seed in 0..ROUNDS {
        survive(&scene, &event, seed, true).await;
    }
}

#[tokio::test]
async fn objects_changed_at_random() {
    let scene = Scene::new(stream(s3(), json!([run("rest"), send()]), more(json!({}))));
    scene.put("raw/a.jsonl", &format!("{}\n?\n", bodies().join("\n"))).await;
    for seed in 0..ROUNDS {
        survive(&scene, &created("raw/a.jsonl", "e"), seed, false).await;
    }
    // Objects of any bytes.
    for seed in 0..ROUNDS / 4 {
        let mut random = StdRng::seed_from_u64(seed);
        let text: String = (0..200).map(|_| char::from(random.random_range(9..127_u8))).collect();
        scene.put("raw/b.jsonl", &text).await;
        scene.services.fail(Fails::default());
        let answer = scene.handle(created("raw/b.jsonl", "e")).await.unwrap();
        assert_eq!(answer["records"], json!(1));
    }
}

#[tokio::test]
async fn events_that_are_nothing() {
    for from in [sqs(), s3(), json!({"kind": "event_bridge"}), json!({"kind": "sns", "decode": "json"}), json!({"kind": "dynamo_db"})] {
        let scene = Scene::new(stream(from.clone(), json!([send()]), json!({})));
        for event in [json!(null), json!(3), json!("x"), json!([]), json!({}), json!({"Records": {}}), json!({"Records": [null, [], {}]})] {
            // Neither a panic nor a success that hides anything.
            if let Ok(answer) = scene.handle(event.clone()).await {
                assert_eq!(answer["done"], json!(0), "{from} {event}");
            }
        }
        assert_eq!(scene.services.sent(), 0);
    }
}
