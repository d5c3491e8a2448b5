//! Bad input of every kind, as a user meets it: the whole output is the snapshot.

#![allow(clippy::unwrap_used, reason = "tests")]

use flow_tests::{copy_of_example, flowc, flowc_with};
use std::path::Path;

const SCHEMA: &str = "schema Stay {\n  id: String @key\n  admitted: Date\n}\n";

fn place() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn check(name: &str, bytes: &[u8]) -> flow_tests::Printed {
    let place = place();
    std::fs::write(place.path().join(name), bytes).unwrap();
    flowc(place.path(), &["check", name])
}

#[test]
fn help_teaches() {
    insta::assert_snapshot!(flowc(place().path(), &["--help"]));
    insta::assert_snapshot!("help_run", flowc(place().path(), &["run", "--help"]));
    insta::assert_snapshot!("help_build", flowc(place().path(), &["build", "--help"]));
}

const SCHEDULES: &str = r#"project lab { region = "eu-central-1" }

param full: Bool
param clock: String = "30 2 * * ? *"

env dev { full = false }
env prod {
  full = true
  clock = "0 4 ? * MON-FRI *"
}

schedule weekdays = cron("0 9 ? * MON-FRI *", timezone = "America/New_York", window = 15m)
schedule spare = rate("6 hours", start = t"2026-01-01T01:00:00Z", enabled = false)

flow nightly(day: Date) {
  on cron(clock, timezone = "Europe/Berlin") as tick { day = tick.time.date }
  on weekdays as tick { day = tick.time.date }
  timeout = 1h
  let x = day - 1d
}

flow weekly(day: Date) {
  on rate("1 day") as tick { day = tick.time.date }
  timeout = 1h
  let x = day - 7d
} when full and env.name == "prod"
"#;

#[test]
fn schedules_are_listed() {
    let place = place();
    std::fs::write(place.path().join("s.flow"), SCHEDULES).unwrap();
    let listed = |arguments: &[&str]| {
        let printed = flowc(place.path(), &[&["schedules", "s.flow"], arguments].concat());
        // What the checker warns of has snapshots of its own.
        format!("exit code: {:?}\n{}", printed.code, printed.out)
    };
    insta::assert_snapshot!("schedules_human", listed(&["--from", "2026-03-27"]));
    insta::assert_snapshot!("schedules_json", listed(&["--env", "prod", "--count", "1", "--from", "2026-11-20T10:00:00+01:00", "--format", "json"]));
    std::fs::write(place.path().join("none.flow"), SCHEMA).unwrap();
    insta::assert_snapshot!("schedules_none", flowc(place.path(), &["schedules", "none.flow"]).out);
    let wrong = flowc(place.path(), &["schedules", "s.flow", "--from", "tomorrow"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("`tomorrow` is no moment"), "{wrong}");
    insta::assert_snapshot!("schedules_help", flowc(place.path(), &["schedules", "--help"]));
}

#[test]
fn a_flow_that_the_environment_lacks_is_explained() {
    let place = place();
    std::fs::write(place.path().join("s.flow"), SCHEDULES).unwrap();
    let printed = flowc(place.path(), &["run", "s.flow", "--flow", "weekly", "--input", "day=2026-01-05"]);
    assert_eq!(printed.code, Some(2));
    let message = printed.err.split("FLOW0907").nth(1).unwrap().to_owned();
    insta::assert_snapshot!(message);
}

#[test]
fn no_command() {
    assert_eq!(flowc(place().path(), &[]).code, Some(2));
}

#[test]
fn missing_file() {
    let place = place();
    std::fs::write(place.path().join("nightly.flow"), SCHEMA).unwrap();
    insta::assert_snapshot!(flowc(place.path(), &["check", "nigthly.flow"]));
}

#[test]
fn a_folder() {
    let place = place();
    std::fs::create_dir(place.path().join("flows")).unwrap();
    insta::assert_snapshot!(flowc(place.path(), &["check", "flows"]));
}

#[test]
fn not_utf8() {
    insta::assert_snapshot!(check("latin1.flow", b"//! Aufnahmen\n// Entlassungen \xfcber Nacht\n"));
}

#[test]
fn empty_file() {
    insta::assert_snapshot!(check("empty.flow", b""));
    insta::assert_snapshot!("only_comments", check("comments.flow", b"//! Nothing yet.\n// later\n"));
}

#[test]
fn tabs_and_crlf_are_fine() {
    let text = SCHEMA.replace("  ", "\t").replace('\n', "\r\n");
    insta::assert_snapshot!(check("crlf.flow", text.as_bytes()));
}

#[test]
fn an_error_after_tabs_and_crlf_has_its_place() {
    let text = SCHEMA.replace("  ", "\t").replace('\n', "\r\n").replace("Date", "Dat");
    insta::assert_snapshot!(check("crlf.flow", text.as_bytes()));
}

#[test]
fn unknown_code() {
    insta::assert_snapshot!(flowc(place().path(), &["explain", "FLOW9999"]));
}

#[test]
fn explain_takes_a_code_in_any_form() {
    let whole = flowc(place().path(), &["explain", "FLOW0301"]);
    assert_eq!(whole.code, Some(0));
    assert_eq!(flowc(place().path(), &["explain", "flow301"]).out, whole.out);
    assert_eq!(flowc(place().path(), &["explain", "301"]).out, whole.out);
}

#[test]
fn unwritable_output() {
    let place = copy_of_example("nightly");
    std::fs::write(place.path().join("taken"), "a file").unwrap();
    insta::assert_snapshot!(flowc(place.path(), &["build", "nightly.flow", "--out", "taken"]));
    insta::assert_snapshot!("unwritable_below", flowc(place.path(), &["build", "nightly.flow", "--out", "taken/below"]));
}

#[test]
fn unknown_environment() {
    let place = copy_of_example("nightly");
    insta::assert_snapshot!(flowc(place.path(), &["build", "nightly.flow", "--env", "staging"]));
}

#[test]
fn a_broken_program_builds_nothing() {
    let place = copy_of_example("nightly");
    let text = std::fs::read_to_string(place.path().join("nightly.flow")).unwrap();
    std::fs::write(place.path().join("nightly.flow"), text.replace("run_date]", "rundate]")).unwrap();
    let printed = flowc(place.path(), &["build", "nightly.flow", "--out", "build"]);
    assert_eq!(printed.code, Some(1), "{printed}");
    assert!(!place.path().join("build").exists());
}

#[test]
fn the_same_program_gives_the_same_bytes() {
    let place = copy_of_example("nightly");
    for out in ["one", "two"] {
        let printed = flowc(place.path(), &["build", "nightly.flow", "--out", out]);
        assert_eq!(printed.code, Some(0), "{printed}");
    }
    let one = bytes(&place.path().join("one"));
    assert!(one.len() > 10, "{:?}", one.keys());
    assert!(one.contains_key("schemas/Encounter.avsc"), "{:?}", one.keys());
    assert_eq!(one, bytes(&place.path().join("two")));
}

fn bytes(directory: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    for path in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(bytes(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn no_generic_binary_beside_flowc() {
    let place = copy_of_example("nightly");
    let printed = flowc_with(
        place.path(),
        &["run", "nightly.flow", "--input", "run_date=2026-01-05", "--skip", "dbt"],
        &[("FLOW_WORKER", "nowhere/flow-worker")],
    );
    insta::assert_snapshot!(printed);
}

#[test]
fn no_python() {
    let place = copy_of_example("nightly");
    let printed = flowc_with(
        place.path(),
        &["run", "nightly.flow", "--input", "run_date=2026-01-05"],
        &[("PATH", "/nonexistent"), ("FLOW_CACHE", &place.path().join("cache").display().to_string())],
    );
    insta::assert_snapshot!(printed);
}

#[test]
fn inputs_that_do_not_fit() {
    let place = copy_of_example("nightly");
    for (name, input) in [
        ("input_unknown", "date=2026-01-05"),
        ("input_no_date", "run_date=2026-02-30"),
        ("input_no_value", "run_date"),
    ] {
        let printed = flowc(place.path(), &["run", "nightly.flow", "--skip", "dbt", "--input", input]);
        insta::assert_snapshot!(name, printed);
    }
    insta::assert_snapshot!("input_missing", flowc(place.path(), &["run", "nightly.flow", "--skip", "dbt"]));
}

#[test]
fn names_that_the_program_does_not_have() {
    let place = copy_of_example("nightly");
    let base = ["run", "nightly.flow", "--input", "run_date=2026-01-05"];
    for (name, more) in [
        ("unknown_flow", ["--flow", "nigtly"]),
        ("unknown_env", ["--env", "prd"]),
        ("unknown_param", ["--param", "rollbak=true"]),
        ("param_of_another_type", ["--param", "rollback=yes"]),
        ("param_without_a_text_form", ["--param", "network=1"]),
        ("param_without_value", ["--param", "rollback"]),
        ("skip_unknown_step", ["--skip", "dbd"]),
        ("skip_a_step_that_is_read", ["--skip", "compute"]),
    ] {
        insta::assert_snapshot!(name, flowc(place.path(), &[base.as_slice(), &more].concat()));
    }
}

#[test]
fn a_folder_that_does_not_exist() {
    insta::assert_snapshot!(flowc(place().path(), &["check", "flows/nightly.flow"]));
}

#[test]
fn settings_that_cannot_be() {
    let place = copy_of_example("nightly");
    for (name, text) in [
        ("settings_no_toml", "x = \n"),
        ("settings_unknown_source", "[sample.encountrs]\ngenerator = \"encounters\"\n"),
        ("settings_unknown_generator", "[sample.encounters]\ngenerator = \"encs\"\n"),
    ] {
        std::fs::write(place.path().join("local.toml"), text).unwrap();
        let arguments = ["run", "nightly.flow", "--input", "run_date=2026-01-05", "--skip", "dbt"];
        insta::assert_snapshot!(name, flowc(place.path(), &arguments));
    }
}

#[test]
fn faults_that_hit_nothing() {
    let place = copy_of_example("nightly");
    let base = ["run", "nightly.flow", "--input", "run_date=2026-01-05", "--skip", "dbt"];
    for (name, fault) in [("fault_unknown_step", "copi:States.TaskFailed"), ("fault_no_error", "copy")] {
        let arguments: Vec<&str> = base.iter().copied().chain(["--fail", fault]).collect();
        insta::assert_snapshot!(name, flowc(place.path(), &arguments));
    }
}
