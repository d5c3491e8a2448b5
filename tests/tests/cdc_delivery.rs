//! The example `cdc-delivery` without AWS: what its filter lets through, what it keeps and says, and its environments.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use flow_tests::{copy_of_example, files_below, flowc};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A change of a record, as the table exports it.
fn change(id: &str, event: &str, image: &str, record: Value) -> Value {
    json!({"body": {
        "eventID": id, "eventName": event, "tableName": "ticketing-dev",
        "dynamodb": {"ApproximateCreationDateTime": 1_767_600_000_000_i64, "Keys": {}, "SizeBytes": 1, image: record},
    }})
}

fn demand() -> Value {
    let text = |text: &str| json!({"S": text});
    json!({
        "type": text("demand"), "demandType": text("remind"), "contactMethod": text("sms"), "status": text("REQUESTED"),
        "eventId": text("e"), "saleId": text("s"), "fanId": text("f"), "phoneNumber": text("+41 79"),
        "date": {"M": {"requested": text("2026-01-05T01:00:00Z")}},
    })
}

/// The files of a run that end like this, below a folder of the archive.
fn archived(place: &Path, folder: &str, end: &str) -> Vec<std::path::PathBuf> {
    let folder = place.join(".flow/buckets/ticketing-archive-dev/data-pipeline").join(folder);
    files_below(&folder).into_iter().filter(|path| path.to_string_lossy().ends_with(end)).collect()
}

#[test]
fn the_filter_passes_what_is_kept() {
    let place = copy_of_example("cdc-delivery");
    let lines = [
        change("1", "INSERT", "NewImage", demand()),
        change("2", "REMOVE", "OldImage", demand()),
        change("3", "INSERT", "NewImage", json!({"type": {"S": "tombola"}})),
        change("4", "INSERT", "NewImage", json!({"id": {"S": "x"}})),
    ];
    let services = place.path().join(".flow/services/streams");
    fs::create_dir_all(&services).unwrap();
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(services.join("changes.jsonl"), lines.join("\n")).unwrap();
    let done = flowc(place.path(), &["run", "cdc-delivery.flow", "--stream", "deliver"]);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let run = fs::read_dir(place.path().join(".flow/runs")).unwrap().next().unwrap().unwrap().path();
    let result: Value = serde_json::from_str(&fs::read_to_string(run.join("result.json")).unwrap()).unwrap();
    let counts = &result["streams"][0]["counts"];
    let count = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!((count("records"), count("appended"), count("refused"), count("skipped")), (4, 2, 0, 2), "{counts}");
    assert_eq!(archived(place.path(), "avro/demand/partition_date=2026-01-05", ".avro").len(), 1);
    assert_eq!(archived(place.path(), "errors", ".json").len(), 0);
    // What was written is said: the table, the folder, how much.
    let log = fs::read_to_string(run.join("log.jsonl")).unwrap();
    let said = log.lines().find(|line| line.contains("object appended")).unwrap();
    assert!(said.contains("avro_demand") && said.contains("partition_date=2026-01-05") && said.contains("\"rows\":2"), "{said}");
}

#[test]
fn the_environments() {
    let place = copy_of_example("cdc-delivery");
    let built = flowc(place.path(), &["build", "cdc-delivery.flow"]);
    assert_eq!(built.code, Some(0), "{}", built.err);
    let build = place.path().join("build");
    for (env, there) in [("dev", true), ("qa", false), ("preprod", true), ("prod", true)] {
        assert_eq!(build.join(format!("{env}.tfvars")).exists(), there, "{env}");
        let one = flowc(place.path(), &["build", "cdc-delivery.flow", "--env", env, "--out", env]);
        assert_eq!(one.code == Some(0), there, "{env}: {}", one.err);
        if !there {
            assert!(one.err.contains("FLOW0813") && one.err.contains("leaves out `stream`"), "{}", one.err);
        }
    }
    let versions = fs::read_to_string(build.join("versions.tf")).unwrap();
    assert!(versions.contains("required_version = \">= 1.5.6\"") && versions.contains("~> 5.60"), "{versions}");
    assert_eq!(versions.matches("source").count(), 1, "{versions}");
    // Whoever deploys may replace what is given elsewhere.
    let variables = fs::read_to_string(build.join("variables.tf")).unwrap();
    for name in ["account", "log_stream", "runner", "table", "bucket", "stream"] {
        assert!(variables.contains(&format!("variable \"{name}\"")), "{name}");
    }
}

#[test]
fn the_next_page_is_asked_for_with_its_key() {
    let place = copy_of_example("cdc-delivery");
    let queues = place.path().join(".flow/services/queues");
    fs::create_dir_all(&queues).unwrap();
    let key = json!({"pk": {"S": "k1"}});
    fs::write(queues.join("pages.jsonl"), json!({"body": {"start": key}}).to_string()).unwrap();
    let done = flowc(place.path(), &["run", "cdc-delivery.flow", "--stream", "turn"]);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let started = place.path().join(".flow/services/executions/ticketing-dev-backfill.jsonl");
    let started: Value = serde_json::from_str(fs::read_to_string(started).unwrap().trim()).unwrap();
    assert_eq!(started["input"], json!({"start": key}));
}
