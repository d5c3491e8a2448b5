//! `flowc run --answer`, and options that name steps of called flows, as processes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

const APPROVAL: &str = include_str!("../../../tests/programs/flows/approval.flow");
const NESTED: &str = include_str!("../../../tests/programs/flows/nested.flow");

struct Printed {
    code: Option<i32>,
    out: String,
    err: String,
}

fn flowc(folder: &Path, arguments: &[&str]) -> Printed {
    let output = Command::new(env!("CARGO_BIN_EXE_flowc")).args(arguments).current_dir(folder).env("NO_COLOR", "1").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Printed { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn place(text: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a.flow"), text).unwrap();
    place
}

/// Runs the approval of a deletion.
fn asked(folder: &Path, more: &[&str]) -> Printed {
    flowc(folder, &[&["run", "a.flow", "--input", "customer=c-17"], more].concat())
}

#[test]
fn what_is_waited_for_is_said_before_anything_starts() {
    let place = place(APPROVAL);
    let printed = asked(place.path(), &[]);
    assert_eq!(printed.code, Some(2), "{}", printed.err);
    for piece in [
        "FLOW0921",
        "2 steps wait for answers",
        "`decision` (a.flow:",
        "`{ approved: Bool, by: String? }`",
        r#"--answer 'decision={"approved":true,"by":"text"}'"#,
        "--fail decision:Approval.Rejected",
        "`receipt` (a.flow:",
    ] {
        assert!(printed.err.contains(piece), "{piece} is not in\n{}", printed.err);
    }
    assert!(!place.path().join(".flow/runs").exists());
}

#[test]
fn an_answer_leads_down_its_way() {
    let place = place(APPROVAL);
    let output = |more: &[&str]| {
        let printed = asked(place.path(), more);
        (printed.code, printed.out, printed.err)
    };
    let (code, out, err) = output(&["--answer", r#"decision={"approved": true, "by": "Ada"}"#, "--answer", "receipt={}"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("deleted by Ada"), "{out}");
    assert!(err.contains(r#"answered {"approved":true,"by":"Ada"}"#), "{err}");
    let (code, out, _) = output(&["--answer", r#"decision={"approved": false}"#, "--answer", "receipt=null"]);
    assert_eq!((code, out.contains("\"kept\"")), (Some(0), true), "{out}");
    let (code, out, _) = output(&["--fail", "decision:Approval.Rejected", "--answer", "receipt={}"]);
    assert_eq!((code, out.contains("Deletion.Rejected")), (Some(1), true), "{out}");
    let (code, out, _) = output(&["--fail", "decision:States.HeartbeatTimeout", "--answer", "receipt={}"]);
    assert_eq!((code, out.contains("nobody is there")), (Some(0), true), "{out}");
}

#[test]
fn an_answer_of_another_type_is_refused() {
    let place = place(APPROVAL);
    let printed = asked(place.path(), &["--answer", r#"decision={"approved": "yes"}"#, "--answer", "receipt={}"]);
    assert_eq!(printed.code, Some(2));
    for piece in ["FLOW0922", "`{ approved: String }`", "`{ approved: Bool, by: String? }` is awaited", "`approved` is `String`"] {
        assert!(printed.err.contains(piece), "{piece} is not in\n{}", printed.err);
    }
}

#[test]
fn an_answer_is_taken_over_and_shown() {
    let place = place(APPROVAL);
    let first = asked(place.path(), &["--answer", r#"decision={"approved": true}"#, "--fail", "receipt:States.TaskFailed"]);
    assert_eq!(first.code, Some(1), "{}", first.err);
    let unanswered = flowc(place.path(), &["run", "--resume", "latest"]);
    assert!(unanswered.err.contains("FLOW0921") && unanswered.err.contains("`receipt`"), "{}", unanswered.err);
    assert!(!unanswered.err.contains("`decision`"), "its answer is taken over: {}", unanswered.err);
    let again = flowc(place.path(), &["run", "--resume", "latest", "--answer", r#"receipt={"seen": true}"#]);
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert!(again.out.contains("deleted by nobody"), "{}", again.out);
    let shown = flowc(place.path(), &["runs", "show", "latest"]).out;
    for piece in [r#"--answer 'decision={"approved": true}'"#, r#"answered {"approved":true}"#, r#"answered {"seen":true}"#] {
        assert!(shown.contains(piece), "{piece} is not in\n{shown}");
    }
    let json: Value = serde_json::from_str(&flowc(place.path(), &["runs", "show", "latest", "--format", "json"]).out).unwrap();
    assert_eq!(json["history"][1]["answer"].as_array().unwrap().len(), 2);
}

#[test]
fn steps_of_called_flows_are_reached() {
    let place = place(NESTED);
    let run = |more: &[&str]| flowc(place.path(), &[&["run", "a.flow", "--flow", "daily", "--input", "day=2026-01-05"], more].concat());
    let stuck = run(&[]);
    assert_eq!(stuck.code, Some(2));
    assert!(stuck.err.contains("step `load.load` (a.flow:") && stuck.err.contains("--skip load.load"), "{}", stuck.err);
    let bare = run(&["--fail", "load:Orders.Missing"]);
    assert!(bare.err.contains("did you mean `load.load`?") && bare.err.contains("`orders` and `lines`"), "{}", bare.err);
    let misspelt = run(&["--fail", "load.laod:Orders.Missing"]);
    assert!(misspelt.err.contains("no step of flow `load`") && misspelt.err.contains("did you mean `load.load`?"), "{}", misspelt.err);
    let failed = run(&["--fail", "load.load:Orders.Missing"]);
    assert_eq!(failed.code, Some(1), "{}", failed.err);
    let shown = flowc(place.path(), &["runs", "show", "latest"]).out;
    assert!(shown.contains("Orders.Missing") && shown.contains("flow load"), "{shown}");
    // What a flow does that is not called need not run here.
    let skipped = run(&["--fail", "orders:States.TaskFailed", "--fail", "lines:States.TaskFailed"]);
    assert_eq!(skipped.code, Some(1), "{}", skipped.err);
}
