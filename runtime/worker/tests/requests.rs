//! Requests to the worker on directories: what each leaves, and what each failure says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use serde_json::{Value, json};
use std::fs;
use support::{Bucket, copy, export, run_readmissions, stays, validate};

const DAY: &str = "2026-01-05";

fn record(id: &str) -> Value {
    json!({"encounter_id": id, "patient_id": "p", "facility": "A", "diagnosis": "I50.1",
        "admitted_at": "2026-01-01T00:00:00Z", "discharged_at": null})
}

fn with(id: &str, field: &str, value: Value) -> Value {
    let mut record = record(id);
    record[field] = value;
    record
}

/// One bad record of every kind between good ones, with `\r\n`, a byte order mark and no final line break.
fn mixed() -> Vec<u8> {
    let mut missing = record("m");
    missing.as_object_mut().unwrap().remove("facility");
    let lines = [
        record("1").to_string(),
        "{\"encounter_id\": \"x\"".into(),
        "[1, 2]".into(),
        String::new(),
        missing.to_string(),
        with("n", "facility", Value::Null).to_string(),
        with("t", "admitted_at", json!(12)).to_string(),
        with("d", "admitted_at", json!("2026-02-30T00:00:00Z")).to_string(),
        with("l", "patient_id", json!("")).to_string(),
        with("g", "diagnosis", json!("heart")).to_string(),
        with("o", "discharged_at", json!("2025-12-31T00:00:00Z")).to_string(),
        record("1").to_string(),
        with("2", "unknown", json!({"a": [1]})).to_string(),
    ];
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend(lines.join("\r\n").into_bytes());
    bytes.extend(b"\r\n{\"encounter_id\": \"\xff\"}");
    bytes
}

#[test]
fn bad_records_are_quarantined_each_with_its_reason() {
    let bucket = Bucket::new();
    bucket.put_raw(&format!("encounters/dt={DAY}/a.jsonl"), &mixed());
    let mut report = bucket.succeed(&validate(DAY));
    report.as_object_mut().unwrap().remove("milliseconds");
    assert_eq!(report, json!({"rows_in": 13, "rows_out": 2, "rows_invalid": 11, "files": 0, "bytes": 0}));
    let quarantine = bucket.read_sink(&format!("quarantine/encounters/dt={DAY}"));
    let found: Vec<String> = quarantine
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["file"], format!("encounters/dt={DAY}/a.jsonl"));
            format!("{} {}: {}", line["line"], line["field"].as_str().unwrap_or("-"), line["reason"].as_str().unwrap())
        })
        .collect();
    assert_eq!(found, [
        "2 -: malformed JSON: EOF while parsing an object at column 20",
        "3 -: expected an object, found a list",
        "5 facility: required field `facility` is missing",
        "6 facility: `facility` is null, its type String has no `none`",
        "7 admitted_at: expected Timestamp, found number 12",
        "8 admitted_at: `2026-02-30T00:00:00Z` is no timestamp, expected RFC 3339, such as `2026-01-05T02:00:00Z`",
        "9 patient_id: check `len(patient_id) > 0` failed: `patient_id` is \"\"",
        "10 diagnosis: check `diagnosis matches r\"^[A-Z][0-9]{2}\"` failed: `diagnosis` is \"heart\"",
        "11 -: check `discharged_at == none or discharged_at >= admitted_at` failed: `admitted_at` is \
         2026-01-01T00:00:00Z, `discharged_at` is 2025-12-31T00:00:00Z",
        "12 encounter_id: duplicate key: `encounter_id` \"1\" stands first in `encounters/dt=2026-01-05/a.jsonl` at line 1",
        "14 -: not UTF-8: byte 19 cannot stand there",
    ]);
    // Mended, the quarantine of that day is empty again.
    bucket.put_raw(&format!("encounters/dt={DAY}/a.jsonl"), record("1").to_string().as_bytes());
    bucket.succeed(&validate(DAY));
    assert_eq!(bucket.read_sink(&format!("quarantine/encounters/dt={DAY}")), "");
}

#[test]
fn too_many_bad_records_fail_after_the_quarantine_is_written() {
    let bucket = Bucket::new();
    bucket.put_raw(&format!("encounters/dt={DAY}/a.jsonl"), &mixed());
    let mut request = copy(DAY);
    request["max_invalid"] = json!(0.5);
    assert_eq!(
        bucket.fail(&request),
        "Flow.TooManyInvalid: 11 of 13 records of table `encounters` are bad, 84.6154 %, more than the 50 % that \
         `max_invalid` allows: 3 × malformed record, 2 × required field missing (`facility`), 1 × check failed, 1 × check \
         failed (`diagnosis`), 1 × check failed (`patient_id`), 1 × duplicate key (`encounter_id`), 1 × unparsable value \
         (`admitted_at`), 1 × wrong type (`admitted_at`). The first: `encounters/dt=2026-01-05/a.jsonl` line 2: malformed \
         JSON: EOF while parsing an object at column 20"
    );
    assert!(bucket.processed("quarantine").exists() && !bucket.processed("staged").exists());
    request["max_invalid"] = json!(0.85);
    assert_eq!(bucket.succeed(&request)["rows_out"], 2);
}

#[test]
fn a_rerun_writes_nothing_and_reports_the_same() {
    let bucket = Bucket::new();
    bucket.put_day(DAY, &stays(1, 300));
    let first = bucket.succeed(&copy(DAY));
    let tree = bucket.tree();
    let mut again = bucket.succeed(&copy(DAY));
    again["milliseconds"] = first["milliseconds"].clone();
    assert_eq!(again, first);
    support::assert_same(&bucket.tree(), &tree, "after a rerun");
    assert_eq!(bucket.record(&format!("staged/encounters/dt={DAY}"))["generation"], 1);
}

#[test]
fn foreign_objects_and_leftovers_are_replaced() {
    let bucket = Bucket::new();
    let folder = format!("staged/encounters/dt={DAY}");
    bucket.put_processed(&format!("{folder}/old.parquet"), b"foreign");
    bucket.put_processed(&format!("{folder}/_SUCCESS"), b"");
    // A killed writer of a later generation: its objects lose against a new generation.
    bucket.put_day(DAY, &stays(1, 30));
    bucket.succeed(&copy(DAY));
    assert!(bucket.names(&folder).contains(&"_SUCCESS".to_owned()) && !bucket.names(&folder).contains(&"old.parquet".to_owned()));
    bucket.put_processed(&format!("{folder}/part-00000-000002-0123456789ab.parquet"), b"left over");
    bucket.succeed(&copy(DAY));
    assert_eq!(bucket.record(&folder)["generation"], 2);
    assert_eq!(bucket.names(&folder).len(), 2);
}

#[test]
fn cleared_tables_read_as_empty() {
    let bucket = Bucket::new();
    bucket.put_day(DAY, &stays(1, 300));
    bucket.succeed(&copy(DAY));
    bucket.succeed(&run_readmissions());
    bucket.succeed(&export());
    bucket.succeed(&json!({"operation": "clear", "table": {"table": "staged", "partitions": {"dt": DAY}}}));
    assert_eq!(bucket.names(&format!("staged/encounters/dt={DAY}")), Vec::<String>::new());
    let report = bucket.succeed(&run_readmissions());
    assert_eq!((&report["rows_in"], &report["rows_out"]), (&json!(0), &json!(0)));
    // `[month = *]` replaces the months of the result only; there are none.
    assert!(bucket.succeed(&export())["rows_out"].as_u64().unwrap() > 0);
    bucket.succeed(&json!({"operation": "clear", "table": {"table": "readmissions"}}));
    assert_eq!(bucket.succeed(&export())["rows_out"], 0);
}

#[test]
fn a_result_beyond_its_partition_is_refused() {
    let bucket = Bucket::new();
    bucket.put_day(DAY, &stays(1, 300));
    bucket.succeed(&copy(DAY));
    let mut request = run_readmissions();
    request["into"]["replace"] = json!({"named": {"month": "2025-11-01"}});
    let failure = bucket.fail(&request);
    assert!(
        failure.starts_with(
            "Flow.ComputeFailed: row 2 of the result does not fit table `readmissions`: it belongs to partition \
             `month=2025-12-01`, the request writes `month=2025-11-01` only. The row: { facility: \"A\""
        ),
        "{failure}"
    );
    assert!(!bucket.processed("mart").exists());
}

#[test]
fn objects_that_do_not_fit_are_named() {
    let bucket = Bucket::new();
    bucket.put_day(DAY, &stays(1, 300));
    bucket.succeed(&copy(DAY));
    let folder = format!("staged/encounters/dt={DAY}");
    let name = bucket.names(&folder).remove(0);
    let whole = fs::read(bucket.processed(&folder).join(&name)).unwrap();
    // Foreign data: no record beside it.
    bucket.remove(&folder);
    bucket.put_processed(&format!("{folder}/half.parquet"), &whole[..whole.len() / 2]);
    let failure = bucket.fail(&run_readmissions());
    let start = format!("Flow.CorruptObject: `processed/{folder}/half.parquet` ({} bytes) is no whole Parquet file: ", whole.len() / 2);
    assert!(failure.starts_with(&start) && failure.ends_with("then run the step again"), "{failure}");
    bucket.remove("export");
    bucket.put_processed(&format!("{folder}/half.parquet"), &whole);
    assert_eq!(bucket.succeed(&run_readmissions())["rows_in"], 300);
    let mart = bucket.names("mart/readmissions/month=2025-11-01").remove(0);
    fs::copy(bucket.processed("mart/readmissions/month=2025-11-01").join(mart), bucket.processed(&folder).join("other.parquet")).unwrap();
    assert_eq!(
        bucket.fail(&run_readmissions()),
        format!(
            "Flow.SchemaMismatch: `processed/{folder}/other.parquet` has no column `encounter_id` (String): it has \
             `facility`, `discharges`, `readmitted`, `rate`"
        )
    );
}

#[test]
fn requests_that_cannot_be_are_refused() {
    let bucket = Bucket::new();
    for (request, expected) in [
        (validate(DAY), "Flow.InputMissing: table `encounters` has nothing to read in bucket `raw` under prefix `encounters` and \
            partition `dt=2026-01-05`: check that the data has arrived and that the name is right"),
        (validate("yesterday"), "Flow.BadRequest: partition `dt` of table `encounters`: `yesterday` is no date, expected `YYYY-MM-DD`"),
        (json!({"operation": "validate", "table": {"table": "encounter"}}),
            "Flow.BadRequest: the plan has no table `encounter`: it has `encounters`, `staged`, `readmissions`, `extract`"),
        (json!({"operation": "clear", "table": {"table": "encounters"}}),
            "Flow.BadRequest: table `encounters` is a source, which is only read: write into a sink"),
        (json!({"operation": "clear", "table": {"table": "staged", "partitions": {"day": 1}}}),
            "Flow.BadRequest: table `staged` has no partition column `day`: it has `dt`"),
        (json!({"operation": "copy", "table": {"table": "staged"}, "into": {"table": "staged", "replace": "all"}}),
            "Flow.InputMissing: table `staged` has nothing to read in bucket `processed` under prefix `staged/encounters`: check \
             that the data has arrived and that the name is right"),
        (json!({"operation": "handler", "handler": "mail.send"}), "Flow.BadRequest: there is no handler `mail.send`: this binary has `postgres.refresh`, `slack.post`, `s3.copy_written` and `s3.count_written`"),
    ] {
        assert_eq!(bucket.fail(&request), expected);
    }
    let unfilled = bucket.run_with(&validate(DAY), &[("FLOW_SLOT_RAW", "")]);
    assert_eq!(unfilled.code, Some(1));
    assert!(unfilled.stderr.ends_with(
        "error: Flow.BadPlan: slot `raw` (the bucket of table encounters) is not filled: set the environment variable `FLOW_SLOT_RAW`\n"
    ), "{}", unfilled.stderr);
    let misspelt = bucket.run_with(&validate(DAY), &[("FLOW_FAILPOINT", "after-lunch")]);
    assert!(misspelt.stdout.contains("expected `NAME`, `NAME:COUNT` or `NAME:COUNT=wait:FILE`"));
}

#[test]
fn notifications_go_to_a_file_locally() {
    let bucket = Bucket::new();
    let file = bucket.processed("notes.jsonl");
    let request = json!({"execution": "e", "step": "alert", "operation": "handler", "handler": "slack.post",
        "arguments": {"secret": "slack", "webhook": "arn:x", "text": "Load \"failed\""}});
    let outcome = bucket.run_with(&request, &[("FLOW_NOTIFICATIONS", file.to_str().unwrap())]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "{\"delivered\":true}\n"));
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "{\"channel\":\"slack\",\"text\":\"Load \\\"failed\\\"\",\"execution\":\"e\",\"step\":\"alert\"}\n"
    );
}

#[test]
fn a_webhook_is_tried_again_and_never_shown() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/services/hunter2", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut bodies = Vec::new();
        for status in ["503 Service Unavailable", "200 OK"] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = vec![0; 4096];
            let mut text = String::new();
            while !text.ends_with('}') {
                let read = stream.read(&mut buffer).unwrap();
                text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            bodies.push(text.split("\r\n\r\n").nth(1).unwrap().to_owned());
        }
        bodies
    });
    let bucket = Bucket::new();
    let secrets = bucket.processed("secrets.json");
    fs::write(&secrets, json!({"slack": {"webhook_url": url}}).to_string()).unwrap();
    let request = |secret: &str| json!({"operation": "handler", "handler": "slack.post", "arguments": {"secret": secret, "text": "hi"}});
    let variables = [("FLOW_SECRETS", secrets.to_str().unwrap()), ("FLOW_LOG", "trace")];
    let outcome = bucket.run_with(&request("slack"), &variables);
    assert_eq!(outcome.stdout, "{\"delivered\":true}\n", "{}", outcome.stderr);
    assert_eq!(server.join().unwrap(), [r#"{"text":"hi"}"#, r#"{"text":"hi"}"#]);
    let unreachable = bucket.run_with(&request("slack"), &variables);
    assert!(unreachable.stdout.starts_with(r#"{"errorType":"Flow.HandlerFailed","errorMessage":"Slack cannot be reached"#));
    let unknown = bucket.run_with(&request("pager"), &variables);
    assert!(unknown.stdout.contains("has no secret `pager`"));
    for outcome in [outcome, unreachable, unknown] {
        assert!(!outcome.stdout.contains("hunter2") && !outcome.stderr.contains("hunter2"), "{}{}", outcome.stdout, outcome.stderr);
    }
}

#[test]
fn a_bound_on_memory_changes_no_result() {
    let bucket = Bucket::new();
    bucket.put_day("2026-01-05", &stays(1, 300_000));
    bucket.succeed(&copy("2026-01-05"));
    let roomy = bucket.duplicate();
    roomy.succeed(&run_readmissions());
    let tight = bucket.run_with(&run_readmissions(), &[("FLOW_MEMORY_MB", "64"), ("FLOW_THREADS", "2")]);
    assert_eq!(tight.code, Some(0), "{}", tight.stdout);
    support::assert_same(&bucket.tree(), &roomy.tree(), "in 64 MB");
}

#[test]
fn too_little_memory_says_how_much_there_is() {
    let bucket = Bucket::new();
    bucket.put_day("2026-01-05", &stays(1, 60_000));
    bucket.succeed(&copy("2026-01-05"));
    let before = bucket.tree();
    let tight = bucket.run_with(&run_readmissions(), &[("FLOW_MEMORY_MB", "1"), ("FLOW_THREADS", "2")]);
    let answer: serde_json::Value = serde_json::from_str(&tight.stdout).unwrap();
    assert_eq!(answer["errorType"], "Flow.OutOfMemory", "{answer}");
    let message = answer["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("the memory is not enough: Failed to allocate additional "), "{message}");
    assert!(message.ends_with("; give the function more memory (`using = lambda(memory = …)`)"), "{message}");
    support::assert_same(&bucket.tree(), &before, "after the failure");
}
