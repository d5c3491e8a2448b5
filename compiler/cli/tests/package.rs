//! `flowc build --package`: what is packed, and what is refused.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = include_str!("../../../examples/nightly/nightly.flow");

/// An executable of Linux for x86-64 that is always there: flowc itself.
const EXECUTABLE: &str = env!("CARGO_BIN_EXE_flowc");

fn build(place: &Path, arguments: &[&str]) -> Output {
    std::fs::write(place.join("nightly.flow"), PROGRAM).unwrap();
    Command::new(env!("CARGO_BIN_EXE_flowc"))
        .args(["build", "nightly.flow", "--package"])
        .args(arguments)
        .env_remove("FLOW_WORKER")
        .current_dir(place)
        .output()
        .unwrap()
}

fn refused(arguments: &[&str], prepare: impl FnOnce(&Path) -> PathBuf) -> String {
    let place = tempfile::tempdir().unwrap();
    let worker = prepare(place.path());
    let mut all = vec!["--worker", worker.to_str().unwrap()];
    all.extend(arguments);
    let output = build(place.path(), &all);
    assert_eq!(output.status.code(), Some(2));
    assert!(!place.path().join("build").exists(), "something was written");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_same_program_and_binary_give_the_same_zip() {
    let place = tempfile::tempdir().unwrap();
    let zip = || {
        let output = build(place.path(), &["--worker", EXECUTABLE, "--any-glibc"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("worker.zip: ") && text.contains(" MB unpacked, needs glibc 2."), "{text}");
        std::fs::read(place.path().join("build/worker.zip")).unwrap()
    };
    let first = zip();
    assert_eq!(first, zip());
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(first)).unwrap();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        std::io::copy(&mut archive.by_name(name).unwrap(), &mut bytes).unwrap();
        bytes
    };
    assert_eq!(read("bootstrap"), std::fs::read(EXECUTABLE).unwrap());
    assert_eq!(read("plan.json"), std::fs::read(place.path().join("build/plan.json")).unwrap());
}

#[test]
fn a_build_without_it_takes_the_old_one_away() {
    let place = tempfile::tempdir().unwrap();
    assert!(build(place.path(), &["--worker", EXECUTABLE, "--any-glibc"]).status.success());
    let plain = Command::new(EXECUTABLE).args(["build", "nightly.flow"]).current_dir(place.path()).output().unwrap();
    assert!(plain.status.success());
    assert!(!place.path().join("build/worker.zip").exists(), "its plan is no longer that of the build");
}

#[test]
fn what_lambda_cannot_load_is_refused() {
    let text = refused(&[], |place| {
        std::fs::write(place.join("tool"), "#!/bin/sh\n").unwrap();
        place.join("tool")
    });
    assert!(text.contains("FLOW0940") && text.contains("no executable of Linux"), "{text}");

    // the same executable, declared as one for AArch64: e_machine is at byte 18
    let text = refused(&["--any-glibc"], |place| {
        let mut bytes = std::fs::read(EXECUTABLE).unwrap();
        *bytes.get_mut(18).unwrap() = 183;
        std::fs::write(place.join("arm"), bytes).unwrap();
        place.join("arm")
    });
    assert!(text.contains("Aarch64") && text.contains("x86_64"), "{text}");

    let text = refused(&[], |place| {
        let mut bytes = std::fs::read(EXECUTABLE).unwrap();
        bytes.truncate(4096);
        std::fs::write(place.join("half"), bytes).unwrap();
        place.join("half")
    });
    assert!(text.contains("damaged"), "{text}");
}

#[test]
fn a_function_s_folder_is_packed_beside_the_program() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("refresh")).unwrap();
    std::fs::write(place.path().join("refresh/main.py"), "def handler(event, context): return {}\n").unwrap();
    std::fs::write(place.path().join("refresh/.env"), "PASSWORD=1\n").unwrap();
    let program = r#"
use std.aws.lambda
project p { region = "us-east-1" }
resource refresh = lambda.function { code = lambda.folder("refresh"), runtime = "python3.12", handler = "main.handler" }
task refresh_views() -> {} = lambda.call { function = refresh.arn }
flow f() {
  timeout = 1h
  step refresh_views = refresh_views()
}
"#;
    std::fs::write(place.path().join("p.flow"), program).unwrap();
    let build = || Command::new(EXECUTABLE).args(["build", "p.flow", "--package"]).current_dir(place.path()).output().unwrap();
    let output = build();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("functions/refresh.zip: the files of refresh"), "{text}");
    let bytes = std::fs::read(place.path().join("build/functions/refresh.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!((archive.len(), archive.by_name("main.py").is_ok()), (1, true), "what is private stays here");

    std::fs::remove_dir_all(place.path().join("refresh")).unwrap();
    let output = build();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("cannot read `refresh`") && text.contains("relative to the file that names it"), "{text}");
}
