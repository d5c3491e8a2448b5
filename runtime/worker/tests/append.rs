//! Appending, through the worker as a process: delivered twice, cut short, by several writers at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use serde_json::{Value, json};
use std::fs;
use support::{Bucket, assert_same, copy, run_readmissions, stays};

const DAY: &str = "2026-01-05";
const FOLDER: &str = "staged/encounters/dt=2026-01-05";

/// `copy(encounters[dt = DAY]) append to staged[dt = DAY] key …`.
fn append(key: &[&str]) -> Value {
    let mut request = copy(DAY);
    request["into"]["replace"] = json!({"append": {"partitions": {"dt": DAY}, "key": key}});
    request
}

/// What Flow's reader finds in the day's partition: rows, bad ones.
fn seen(bucket: &Bucket) -> (u64, u64) {
    let report = bucket.succeed(&json!({"operation": "validate", "table": {"table": "staged", "partitions": {"dt": DAY}}}));
    assert_eq!(report["rows_in"].as_u64().unwrap(), report["rows_out"].as_u64().unwrap() + report["rows_invalid"].as_u64().unwrap());
    (report["rows_out"].as_u64().unwrap(), report["rows_invalid"].as_u64().unwrap())
}

/// The rows of the first table's mart, as CSV.
fn mart(bucket: &Bucket) -> String {
    bucket.succeed(&run_readmissions());
    bucket.succeed(&support::export());
    bucket.read_sink("export/readmissions")
}

#[test]
fn what_is_delivered_twice_is_there_once() {
    let bucket = Bucket::new();
    bucket.put_day(DAY, &stays(1, 300));
    let first = bucket.succeed(&append(&["encounter_id"]));
    assert_eq!((&first["rows_out"], &first["files"]), (&json!(300), &json!(1)));
    let tree = bucket.tree();
    bucket.succeed(&append(&["encounter_id"]));
    assert_same(&bucket.tree(), &tree, "after the second delivery");
    let names = bucket.names(FOLDER);
    assert!(names.len() == 1 && names[0].starts_with("append-") && names[0].ends_with("-00000.parquet"), "{names:?}");
    let marker = fs::read_to_string(bucket.processed(&format!("{FOLDER}/_flow/append.json"))).unwrap();
    assert_eq!(marker, "{\"version\":1,\"key\":[\"encounter_id\"]}\n");
    // The same rows in another order have the same keys.
    let turned: Vec<String> = stays(1, 300).lines().rev().map(str::to_owned).collect();
    bucket.put_day(DAY, &turned.join("\n"));
    bucket.succeed(&append(&["encounter_id"]));
    assert_eq!(bucket.names(FOLDER), names);
    assert_eq!(seen(&bucket), (300, 0));
}

/// Batches that overlap: a row of two of them is there once, whichever came first.
#[test]
fn rows_of_several_batches_are_there_once() {
    let rows = |bucket: &Bucket, counts: [u32; 2]| {
        for count in counts {
            bucket.put_day(DAY, &stays(1, 400).lines().take(count as usize).collect::<Vec<_>>().join("\n"));
            bucket.succeed(&append(&["encounter_id"]));
        }
        assert_eq!(bucket.names(FOLDER).len(), 2);
        assert_eq!(seen(bucket), (400, 0));
        mart(bucket)
    };
    let one = rows(&Bucket::new(), [250, 400]);
    let other = rows(&Bucket::new(), [400, 250]);
    let replaced = Bucket::new();
    replaced.put_day(DAY, &stays(1, 400));
    replaced.succeed(&copy(DAY));
    assert_eq!(one, other);
    assert_eq!(one, mart(&replaced), "as if all had come in one batch");
}

#[test]
fn cut_short_and_delivered_again() {
    let scene = || {
        let bucket = Bucket::new();
        bucket.put_day(DAY, &stays(1, 300));
        bucket.succeed(&copy(DAY));
        // The mart has a partition for each month.
        let mut request = run_readmissions();
        request["into"]["replace"] = json!({"append": {"key": ["facility", "month"]}});
        (bucket, request)
    };
    let (undisturbed, request) = scene();
    undisturbed.succeed(&request);
    let expected = undisturbed.tree();
    let objects = expected.keys().filter(|key| key.contains("/append-")).count();
    assert!(objects >= 2, "one object for each month: {expected:?}");
    for name in ["after-read-inputs", "before-put-object", "within-put-object", "after-put-object"] {
        for count in 1..=objects {
            let (bucket, request) = scene();
            let failpoint = format!("{name}:{count}");
            let killed = bucket.run_with(&request, &[("FLOW_FAILPOINT", &failpoint)]);
            if killed.code.is_some() {
                break;
            }
            bucket.succeed(&request);
            let mut found = bucket.tree();
            // What a directory keeps of a write that was cut short is hidden from readers.
            found.retain(|key, _| !key.rsplit('/').next().unwrap().starts_with('.'));
            assert_same(&found, &expected, &format!("after {failpoint}"));
        }
    }
}

#[test]
fn several_writers_at_once_lose_nothing() {
    let shared = Bucket::new();
    let all: Vec<String> = stays(7, 600).lines().map(str::to_owned).collect();
    let writers: Vec<Bucket> = (0..6)
        .map(|writer| {
            let bucket = shared.duplicate_with_shared_sinks();
            // Each shares a third of its rows with the next.
            let rows: Vec<&str> = (writer * 100..writer * 100 + 150).filter_map(|row| all.get(row).map(String::as_str)).collect();
            bucket.put_day(DAY, &rows.join("\n"));
            bucket
        })
        .collect();
    let running: Vec<_> = writers
        .iter()
        .flat_map(|bucket| [bucket.spawn(&append(&["encounter_id"]), &[]), bucket.spawn(&append(&["encounter_id"]), &[])])
        .collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    assert_eq!(shared.names(FOLDER).len(), 6);
    assert_eq!(seen(&shared), (600, 0));
}

#[test]
fn at_least_once_keeps_every_delivery() {
    let bucket = Bucket::new();
    bucket.put_day(DAY, &stays(1, 50));
    bucket.succeed(&append(&[]));
    assert_eq!(seen(&bucket), (50, 0));
    let running: Vec<_> = (0..4).map(|_| bucket.spawn(&append(&[]), &[])).collect();
    for child in running {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    assert_eq!(bucket.names(FOLDER).len(), 5);
    assert_eq!(seen(&bucket), (250, 0));
}

#[test]
fn a_partition_is_replaced_or_appended_to() {
    let bucket = Bucket::new();
    bucket.put_day(DAY, &stays(1, 20));
    bucket.succeed(&append(&["encounter_id"]));
    let tree = bucket.tree();
    let replaced = bucket.fail(&copy(DAY));
    assert!(replaced.starts_with(&format!("Flow.BadRequest: rows are appended to `processed/{FOLDER}`, and this step would replace them")), "{replaced}");
    let other = bucket.fail(&append(&["patient_id"]));
    assert!(other.contains("told apart by `encounter_id`, and this step appends by `patient_id`"), "{other}");
    assert_same(&bucket.tree(), &tree, "after what was refused");
    let bucket = Bucket::new();
    bucket.put_day(DAY, &stays(1, 20));
    bucket.succeed(&copy(DAY));
    let appended = bucket.fail(&append(&["encounter_id"]));
    assert!(appended.contains("was written by a step that replaces it"), "{appended}");
}

#[test]
fn nothing_appended_is_an_empty_table() {
    let bucket = Bucket::new();
    bucket.put_day(DAY, "");
    bucket.succeed(&append(&["encounter_id"]));
    assert_eq!(seen(&bucket), (0, 0));
    assert!(bucket.names(FOLDER).is_empty());
}
