//! `flowc runs` and `flowc run --resume`, as processes: a program whose steps are shell commands.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const PROGRAM: &str = include_str!("runs/lab.flow");

/// A folder with the program, and `flowc` in it.
struct Lab {
    place: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("lab.flow"), PROGRAM).unwrap();
        std::fs::create_dir_all(place.path().join(".flow/work/sh")).unwrap();
        Lab { place }
    }

    fn path(&self) -> &Path {
        self.place.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowc"));
        // The environment of the one task is made once for all tests.
        command.current_dir(self.path()).args(arguments).env("NO_COLOR", "1").env("FLOW_CACHE", env!("CARGO_TARGET_TMPDIR"));
        command
    }

    fn flowc(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn begin(&self) -> Output {
        self.flowc(&RUN)
    }

    /// Lets a step go through.
    fn allow(&self, what: &str) {
        std::fs::write(self.path().join(".flow/work/sh").join(what), "").unwrap();
    }

    /// What the steps did, in order.
    fn done(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path().join(".flow/work/sh/log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn list(&self, more: &[&str]) -> Vec<Value> {
        let output = self.flowc(&[&["runs", "--format", "json"], more].concat());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["version"], 1);
        document["runs"].as_array().unwrap().clone()
    }
}

const RUN: [&str; 6] = ["run", "lab.flow", "--flow", "main", "--input", "names=[\"a\",\"b\"]"];

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Whether there is a Python for the steps; said where there is none.
fn python() -> bool {
    let there = Command::new("python3").args(["-c", "import venv, ensurepip"]).stderr(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        eprintln!("skipped: there is no Python 3 with venv");
    }
    there
}

#[test]
fn a_failed_run_is_listed_shown_and_resumed() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    let failed = lab.begin();
    assert_eq!(failed.status.code(), Some(1), "{}", err(&failed));
    assert!(out(&failed).contains("--resume"), "{}", out(&failed));
    let runs = lab.list(&[]);
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0]["status"], &runs[0]["flow"]), (&Value::from("failed"), &Value::from("main")));
    assert_eq!(runs[0]["failed"]["step"], "risky", "not the handler's step, and not its `fail`");
    assert!(runs[0]["failed"]["place"].as_str().unwrap().starts_with("lab.flow:"));
    let id = runs[0]["id"].as_str().unwrap().to_owned();

    let table = out(&lab.flowc(&["runs"]));
    assert!(table.contains(&id) && table.contains("failed") && table.contains("risky (lab.flow:"), "{table}");

    let shown = out(&lab.flowc(&["runs", "show", &id[..17]]));
    for piece in ["step risky = sh(", "✗ attempt 1", "↻ waited 1.00 s", "✗ attempt 3", "→ a handler took the error", "2 iterations"] {
        assert!(shown.contains(piece), "{piece} is not in\n{shown}");
    }
    let whole: Value = serde_json::from_slice(&lab.flowc(&["runs", "show", "latest", "--format", "json"]).stdout).unwrap();
    let steps = whole["history"][0]["steps"].as_array().unwrap();
    let risky = steps.iter().find(|step| step["state"] == "risky").unwrap();
    assert_eq!(risky["attempts"].as_array().unwrap().len(), 3);
    assert_eq!(risky["status"], "caught");
    assert!(whole["history"][0]["events"].as_array().unwrap().len() > 20);

    let before = lab.done();
    assert_eq!(before.iter().filter(|line| *line == "risky").count(), 3);
    lab.allow("risky");
    // The step of the called flow fails now.
    let again = lab.flowc(&["run", "--resume", "latest"]);
    assert_eq!(again.status.code(), Some(1), "{}", err(&again));
    assert!(err(&again).contains("goes on, with the results of"), "{}", err(&again));
    assert_eq!(lab.done()[before.len()..], ["risky", "hello bob"], "what was done is not done again, nor a handler");
    let runs = lab.list(&[]);
    assert_eq!((runs.len(), &runs[0]["starts"], &runs[0]["id"]), (1, &Value::from(2), &Value::from(id.as_str())));
    assert_eq!(runs[0]["failed"]["step"], "gate", "the step inside the called flow");

    lab.allow("open");
    let last = lab.flowc(&["run", "lab.flow", "--resume", &id]);
    assert_eq!(last.status.code(), Some(0), "{}", err(&last));
    assert_eq!(lab.done()[before.len()..], ["risky", "hello bob", "last"], "the called flow goes on where it failed");
    let shown = out(&lab.flowc(&["runs", "show", "latest"]));
    assert_eq!((shown.matches("\nstarted ").count(), shown.matches("\nresumed ").count()), (1, 2), "{shown}");
    assert!(shown.contains("flow child"), "{shown}");

    let over = lab.flowc(&["run", "--resume", "latest"]);
    assert_eq!(over.status.code(), Some(2));
    assert!(err(&over).contains("FLOW0920") && err(&over).contains("succeeded"), "{}", err(&over));
}

#[test]
fn a_run_that_was_killed_goes_on() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.allow("risky");
    lab.allow("open");
    let mut process = lab.command(&RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // In the second branch, or in the wait behind it.
    while !lab.done().contains(&"right".to_owned()) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(lab.list(&[])[0]["status"], "running");
    let busy = lab.flowc(&["run", "--resume", "latest"]);
    assert!(err(&busy).contains("is at work"), "{}", err(&busy));
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(lab.list(&[])[0]["status"], "killed");
    assert_eq!(lab.list(&["--status", "killed"]).len(), 1);
    assert!(lab.list(&["--status", "failed"]).is_empty());
    let shown = out(&lab.flowc(&["runs", "show", "latest"]));
    assert!(shown.contains("at work when the run ended"), "{shown}");

    let before = lab.done();
    let again = lab.flowc(&["run", "--resume", "latest"]);
    assert_eq!(again.status.code(), Some(0), "{}", err(&again));
    let after = lab.done();
    let new = &after[before.len()..];
    assert!(new.ends_with(&["risky".into(), "hello bob".into(), "last".into()]), "{new:?}");
    assert!(!new.iter().any(|line| line.starts_with("each") || line == "first" || line == "left"), "{new:?}");
}

#[test]
fn a_changed_program_goes_on_only_where_the_change_is_ahead() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    assert_eq!(lab.begin().status.code(), Some(1));
    lab.allow("risky");
    lab.allow("open");
    let file = lab.path().join("lab.flow");
    std::fs::write(&file, PROGRAM.replace("echo first", "echo First")).unwrap();
    let refused = lab.flowc(&["run", "--resume", "latest"]);
    assert_eq!(refused.status.code(), Some(2));
    let text = err(&refused);
    assert!(text.contains("FLOW0920") && text.contains("`first` (lab.flow:") && text.contains("its arguments"), "{text}");
    assert!(text.contains("--force"), "{text}");
    std::fs::write(&file, PROGRAM.replace("echo last", "echo Last")).unwrap();
    let before = lab.done().len();
    let went = lab.flowc(&["run", "--resume", "latest"]);
    assert_eq!(went.status.code(), Some(0), "{}", err(&went));
    assert_eq!(lab.done()[before..], ["risky", "hello bob", "Last"]);
}

#[test]
fn force_takes_old_results() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    assert_eq!(lab.begin().status.code(), Some(1));
    lab.allow("risky");
    lab.allow("open");
    std::fs::write(lab.path().join("lab.flow"), PROGRAM.replace("echo first", "echo First")).unwrap();
    let went = lab.flowc(&["run", "--resume", "latest", "--force"]);
    assert_eq!(went.status.code(), Some(0), "{}", err(&went));
    assert!(!lab.done().contains(&"First".to_owned()));
}

/// A record as a run leaves it.
fn record(lab: &Lab, id: &str, flow: &str, at: i64, status: Option<&str>) {
    let folder = lab.path().join(".flow/runs").join(id);
    std::fs::create_dir_all(&folder).unwrap();
    let program = std::path::absolute(lab.path().join("lab.flow")).unwrap();
    let run = serde_json::json!({
        "version": 1, "id": id, "flow": flow, "program": program, "env": "dev", "params": [], "input": {}, "seed": 1,
        "starts": [{ "at": at, "fail": [], "skip": [] }], "places": { flow: {} },
    });
    std::fs::write(folder.join("run.json"), run.to_string()).unwrap();
    std::fs::write(folder.join("events-1.jsonl"), "").unwrap();
    if let Some(status) = status {
        let result = serde_json::json!({ "start": 1, "status": status, "ended_at": at + 1_500_000 });
        std::fs::write(folder.join("result.json"), result.to_string()).unwrap();
    }
}

#[test]
fn runs_are_listed_newest_first_filtered_and_limited() {
    let lab = Lab::new();
    let nothing = lab.flowc(&["runs"]);
    assert_eq!((nothing.status.code(), out(&nothing).as_str()), (Some(0), ""));
    assert!(err(&nothing).contains("no runs in"), "{}", err(&nothing));
    record(&lab, "20260105T020000Z-main", "main", 1_767_578_400_000_000, Some("SUCCEEDED"));
    record(&lab, "20260106T020000Z-main", "main", 1_767_664_800_000_000, Some("FAILED"));
    record(&lab, "20260107T020000Z-child", "child", 1_767_751_200_000_000, None);
    std::fs::create_dir_all(lab.path().join(".flow/runs/not-a-run")).unwrap();
    let ids = |runs: Vec<Value>| runs.iter().map(|run| run["id"].as_str().unwrap()[6..8].to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(lab.list(&[])), ["07", "06", "05"]);
    assert_eq!(ids(lab.list(&["--flow", "main"])), ["06", "05"]);
    assert_eq!(ids(lab.list(&["--status", "killed", "--status", "failed"])), ["07", "06"]);
    assert_eq!(ids(lab.list(&["--limit", "1"])), ["07"]);
    assert_eq!(ids(lab.list(&["lab.flow"])), ["07", "06", "05"]);
    std::fs::write(lab.path().join("other.flow"), "").unwrap();
    assert!(lab.list(&["other.flow"]).is_empty());
    assert_eq!(lab.list(&["--limit", "3"])[1]["milliseconds"], 1500);
    let table = out(&lab.flowc(&["runs"]));
    let oldest: Vec<&str> = table.lines().nth(3).unwrap().split_whitespace().collect();
    assert_eq!(oldest[1..], ["main", "2026-01-05", "02:00:00", "1.50", "s", "succeeded"], "{table}");

    let shown = |id: &str| lab.flowc(&["runs", "show", id]);
    let several = shown("2026010");
    assert_eq!(several.status.code(), Some(2));
    assert!(err(&several).contains("3 runs begin with `2026010`"), "{}", err(&several));
    let none = shown("20260108T020000Z-main");
    assert!(err(&none).contains("did you mean `2026010"), "{}", err(&none));
    assert_eq!(shown("20260106").status.code(), Some(0));

    let tried = lab.flowc(&["runs", "clean", "--keep", "1", "--dry-run"]);
    assert_eq!(out(&tried), "20260105T020000Z-main\n");
    assert_eq!(lab.list(&[]).len(), 3);
    let cleaned = lab.flowc(&["runs", "clean", "--keep", "1"]);
    assert!(err(&cleaned).starts_with("1 run removed"), "{}", err(&cleaned));
    assert_eq!(ids(lab.list(&[])), ["07", "06"]);
    assert_eq!(out(&lab.flowc(&["runs", "clean", "--older-than", "36500d"])), "");
    lab.flowc(&["runs", "clean", "--older-than", "1h"]);
    assert!(lab.list(&[]).is_empty());
    assert_eq!(lab.flowc(&["runs", "clean", "--older-than", "soon"]).status.code(), Some(2));
}
