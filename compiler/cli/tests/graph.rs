//! `flowc graph`, as a process.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

const NIGHTLY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/nightly/nightly.flow");

fn graph(place: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flowc")).current_dir(place).args(["graph", NIGHTLY]).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_file_holds_what_standard_output_would() {
    let place = tempfile::tempdir().unwrap();
    let shown = graph(place.path(), &[]);
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    assert!(text(&shown.stdout).contains("flowchart"));
    for _ in 0..2 {
        let written = graph(place.path(), &["--out", "nightly.mmd"]);
        assert_eq!((written.status.code(), text(&written.stdout)), (Some(0), ""));
        assert_eq!(std::fs::read(place.path().join("nightly.mmd")).unwrap(), shown.stdout);
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "nothing else is left");
    let dot = graph(place.path(), &["--format", "dot", "--flow", "nightly"]);
    assert!(text(&dot.stdout).starts_with("digraph"));
    let svg = graph(place.path(), &["--format", "svg"]);
    assert!(text(&svg.stdout).starts_with("<svg ") && text(&svg.stdout).ends_with("</svg>\n"));
    assert!(text(&svg.stdout).contains("id=\"nightly.copy\" data-kind=\"step\""));
}

#[test]
fn what_cannot_be_is_said() {
    let place = tempfile::tempdir().unwrap();
    let misspelt = graph(place.path(), &["--flow", "nigthly"]);
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(text(&misspelt.stderr).contains("did you mean `nightly`?"), "{}", text(&misspelt.stderr));
    let nowhere = graph(place.path(), &["--out", "missing/nightly.mmd"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(text(&nowhere.stderr).contains("choose another place with `--out FILE`"), "{}", text(&nowhere.stderr));
}
