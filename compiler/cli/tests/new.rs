//! `flowc new`, `flowc completions` and `flowc man`, as processes.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

fn flowc(place: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flowc")).current_dir(place).env("NO_COLOR", "1").args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The project is whole, and all that its README names works but the run, which wants the generic binary.
fn checks_and_builds(project: &Path, program: &str) {
    for arguments in [&["check", program] as &[&str], &["build", program], &["fmt", "--check"]] {
        let output = flowc(project, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", out(&output), err(&output));
        assert!(!err(&output).contains("warning"), "{arguments:?}: {}", err(&output));
    }
    assert!(project.join("build").read_dir().unwrap().any(|entry| entry.unwrap().path().extension().is_some_and(|e| e == "tf")));
}

#[test]
fn the_nightly_project_checks_and_builds_at_once() {
    let place = tempfile::tempdir().unwrap();
    let written = flowc(place.path(), &["new", "night-load"]);
    assert_eq!(
        (written.status.code(), out(&written).as_str()),
        (
            Some(0),
            "night-load: 19 files\n\nNext:\n  cd night-load\n  \
             flowc check nightly.flow                            what is wrong with it, if anything\n  \
             flowc run nightly.flow --input run_date=2026-01-05  runs it on this machine, on sample data\n  \
             flowc build nightly.flow                            state machine, Terraform and plan into build/\n"
        ),
        "{}",
        err(&written)
    );
    let project = place.path().join("night-load");
    checks_and_builds(&project, "nightly.flow");
    let values = std::fs::read_to_string(project.join("build/dev.tfvars")).unwrap();
    assert!(values.contains("night-load-raw-dev"), "{values}");
    let ignored = std::fs::read_to_string(project.join(".gitignore")).unwrap();
    assert_eq!(ignored, "secrets.json\n.flow/\nbuild/\n.terraform/\n*.tfstate*\n");
    let readme = std::fs::read_to_string(project.join("README.md")).unwrap();
    assert!(readme.contains("$ flowc run nightly.flow --input run_date=2026-01-05\n"), "{readme}");
    assert_eq!(place.path().read_dir().unwrap().count(), 1, "nothing is left aside");
}

/// The longest name moves the most columns and leaves the least room in names of buckets and roles.
#[test]
fn the_longest_name_works() {
    let place = tempfile::tempdir().unwrap();
    let name = "a2345678901234567890123456789012";
    assert_eq!(flowc(place.path(), &["new", name, "--into", "deep/below"]).status.code(), Some(0));
    checks_and_builds(&place.path().join("deep/below"), "nightly.flow");
}

#[test]
fn the_empty_project_fills_an_empty_folder_and_runs() {
    let place = tempfile::tempdir().unwrap();
    let written = flowc(place.path(), &["new", "night_load", "--template", "empty", "--into", "."]);
    assert_eq!(written.status.code(), Some(0), "{}", err(&written));
    assert!(!out(&written).contains("cd "), "{}", out(&written));
    checks_and_builds(place.path(), "main.flow");
    let run = flowc(place.path(), &["run", "main.flow", "--input", "name=world"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(out(&run).contains("\"greeting\": \"Hello, world\""), "{}", out(&run));
}

#[test]
fn the_stream_project_checks_and_builds_at_once() {
    let place = tempfile::tempdir().unwrap();
    let written = flowc(place.path(), &["new", "bed-count", "--template", "stream"]);
    assert_eq!(written.status.code(), Some(0), "{}", err(&written));
    assert!(out(&written).contains("flowc run stream.flow"), "{}", out(&written));
    let project = place.path().join("bed-count");
    checks_and_builds(&project, "stream.flow");
    let values = std::fs::read_to_string(project.join("build/dev.tfvars")).unwrap();
    assert!(values.contains("bed-count-landing-dev"), "{values}");
    let local = std::fs::read_to_string(project.join("build/local.json")).unwrap();
    for part in ["\"kind\": \"bucket\"", "\"kind\": \"queue\"", "bed-count-landing-dev"] {
        assert!(local.contains(part), "{part} is not in {local}");
    }
}

#[test]
fn a_folder_that_holds_something_is_refused() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("taken")).unwrap();
    std::fs::write(place.path().join("taken/precious"), "x").unwrap();
    let refused = flowc(place.path(), &["new", "taken"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("it holds `precious` already") && err(&refused).contains("--into DIR"), "{}", err(&refused));
    assert_eq!(place.path().join("taken").read_dir().unwrap().count(), 1);
    std::fs::write(place.path().join("file"), "x").unwrap();
    assert_eq!(flowc(place.path(), &["new", "load", "--into", "file"]).status.code(), Some(2));
    assert_eq!(flowc(place.path(), &["new", "load", "--into", "file/below"]).status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(place.path().join("file")).unwrap(), "x");
}

#[test]
fn a_name_that_cannot_be_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let refused = flowc(place.path(), &["new", "Night Load"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("`night-load` would do"), "{}", err(&refused));
    assert_eq!(flowc(place.path(), &["new", "load", "--template", "queue"]).status.code(), Some(2));
    assert_eq!(place.path().read_dir().unwrap().count(), 0);
}

#[test]
fn every_shell_has_completions() {
    let place = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = flowc(place.path(), &["completions", shell]);
        assert_eq!(script.status.code(), Some(0), "{shell}");
        for word in ["explain", "template"] {
            assert!(out(&script).contains(word), "{shell} lacks {word}");
        }
        // clap_complete has the values of options for these three alone
        assert_eq!(out(&script).contains("nightly"), ["bash", "zsh", "fish"].contains(&shell), "{shell}");
    }
    assert_eq!(flowc(place.path(), &["completions", "cmd"]).status.code(), Some(2));
}

#[test]
fn every_command_has_a_manual_page() {
    let place = tempfile::tempdir().unwrap();
    let page = out(&flowc(place.path(), &["man"]));
    assert!(page.contains(".TH flowc 1") && page.contains("\n.nf\nExamples:\n") && page.contains("flowc check nightly.flow"), "{page}");
    let written = flowc(place.path(), &["man", "--out", "man1"]);
    assert_eq!(written.status.code(), Some(0), "{}", err(&written));
    for name in ["flowc", "flowc-new", "flowc-run", "flowc-asl", "flowc-asl-run"] {
        let page = std::fs::read_to_string(place.path().join(format!("man1/{name}.1"))).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
    }
}
