//! `flowc check` as a process: what is checked, what is printed where, `flowc.toml`, and exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const GOOD: &str = "schema Stay {\n  id: String @key\n}\n";
const UNUSED: &str = "param spare: Int = 1\nflow f() {\n  let x = 1\n}\n";
const BAD: &str = "schema Stay {\n  id: Strin @key\n}\n";

struct Printed {
    code: i32,
    out: String,
    err: String,
}

fn check_with_input(folder: &Path, arguments: &[&str], input: &[u8]) -> Printed {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowc"))
        .arg("check")
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let place = std::fs::canonicalize(folder).unwrap().display().to_string();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&place, "[PLACE]");
    Printed { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn check(folder: &Path, arguments: &[&str]) -> Printed {
    check_with_input(folder, arguments, b"")
}

fn place(files: &[(&str, &str)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = place.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    place
}

fn codes(printed: &Printed) -> Vec<String> {
    let document: Value = serde_json::from_str(&printed.out).unwrap();
    let code = |one: &Value| one["code"].as_str().unwrap().to_owned();
    document["diagnostics"].as_array().unwrap().iter().map(code).collect()
}

#[test]
fn folders_without_what_is_hidden_or_made() {
    let place = place(&[
        ("a.flow", GOOD),
        ("flows/b.flow", BAD),
        ("flows/notes.txt", BAD),
        (".flow/runs/c.flow", BAD),
        ("flows/build/d.flow", BAD),
        ("node_modules/x/e.flow", BAD),
        ("target/f.flow", BAD),
    ]);
    let all = check(place.path(), &[]);
    assert_eq!(all.code, 1);
    assert_eq!(all.out, "a.flow: no errors\n");
    assert!(all.err.contains("flows/b.flow:2:7") && all.err.ends_with("2 files: 1 error\n"), "{}", all.err);
    let one = check(place.path(), &["--format", "short", "flows"]);
    assert_eq!((one.code, one.err.as_str()), (1, ""));
    assert_eq!(one.out.lines().count(), 1, "{}", one.out);
    assert!(one.out.starts_with("flows/b.flow:2:7: error[FLOW0203]: "), "{}", one.out);
    // What is made is checked where it is named.
    assert_eq!(check(place.path(), &["flows/build/d.flow"]).code, 1);
    // A file that is named twice is checked once.
    let twice = check(place.path(), &["flows", "flows/b.flow", "--format", "json"]);
    assert_eq!(codes(&twice), ["FLOW0203"]);
}

#[test]
fn a_folder_without_programs() {
    let place = place(&[("readme.md", "")]);
    let printed = check(place.path(), &["."]);
    assert_eq!(printed.code, 2);
    assert!(printed.err.contains("there is no .flow file in it or below"), "{}", printed.err);
}

#[test]
fn an_unreadable_file_does_not_hide_the_others() {
    let place = place(&[("a.flow", BAD)]);
    let printed = check(place.path(), &["gone.flow", "a.flow", "--format", "json"]);
    assert_eq!(printed.code, 2);
    assert_eq!(codes(&printed), ["FLOW0203"]);
    assert!(printed.err.contains("cannot read `gone.flow`"), "{}", printed.err);
}

#[test]
fn standard_input_has_a_name() {
    let place = place(&[("flows/flowc.toml", "[severity]\nFLOW0801 = \"error\"\n")]);
    let short = ["-", "--format", "short"];
    let printed = check_with_input(place.path(), &short, UNUSED.as_bytes());
    assert_eq!(printed.code, 0);
    assert!(printed.out.starts_with("standard input:1:7: warning[FLOW0801]"), "{}", printed.out);
    let named = [&short[..], &["--stdin-name", "flows/new.flow"]].concat();
    let printed = check_with_input(place.path(), &named, UNUSED.as_bytes());
    assert_eq!(printed.code, 1);
    assert!(printed.out.starts_with("flows/new.flow:1:7: error[FLOW0801]"), "{}", printed.out);
    let clean = check_with_input(place.path(), &["-"], GOOD.as_bytes());
    assert_eq!((clean.code, clean.out.as_str(), clean.err.as_str()), (0, "standard input: no errors\n", ""));
    assert_eq!(check_with_input(place.path(), &["-"], b"\xff").code, 2);
    assert_eq!(check(place.path(), &["-", "a.flow"]).code, 2);
    assert_eq!(check(place.path(), &["--stdin-name", "a.flow", "."]).code, 2);
}

#[test]
fn every_machine_format_is_alone_on_standard_output() {
    let place = place(&[("a.flow", BAD), ("b.flow", UNUSED), ("empty.flow", "")]);
    let json = check(place.path(), &["--format", "json"]);
    assert_eq!((json.code, json.err.as_str()), (1, ""));
    assert_eq!(codes(&json), ["FLOW0203", "FLOW0801", "FLOW0913"]);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&document["errors"], &document["warnings"]), (&Value::from(2), &Value::from(1)));
    assert!(document["diagnostics"].as_array().unwrap().iter().all(|one| one["file"].is_string()), "{}", json.out);
    let github = check(place.path(), &["--format", "github"]);
    assert_eq!((github.code, github.err.as_str()), (1, ""));
    let lines: Vec<&str> = github.out.lines().collect();
    assert!(lines[0].starts_with("::error file=a.flow,line=2,endLine=2,col=7,endColumn=12,title=FLOW0203%3A unknown type::"), "{}", lines[0]);
    assert!(lines[1].starts_with("::warning file=b.flow,line=1,"), "{}", lines[1]);
    let sarif = check(place.path(), &["--format", "sarif"]);
    assert_eq!((sarif.code, sarif.err.as_str()), (1, ""));
    let log: Value = serde_json::from_str(&sarif.out).unwrap();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 3);
    assert!(log["runs"][0]["tool"]["driver"]["rules"][0]["help"]["markdown"].as_str().unwrap().starts_with("# FLOW0203"));
    for format in ["short", "json", "sarif", "github"] {
        assert_eq!(check(place.path(), &["b.flow", "--format", format]).code, 0, "warnings are no errors: {format}");
    }
    assert_eq!(check(place.path(), &["--format", "xml"]).code, 2);
}

#[test]
fn settings_are_of_the_nearest_folder() {
    let place = place(&[
        ("flowc.toml", "[severity]\nFLOW0801 = \"error\"\n"),
        ("a.flow", UNUSED),
        ("mild/flowc.toml", "[severity]\nFLOW0801 = \"off\"\n"),
        ("mild/b.flow", UNUSED),
        ("mild/deep/c.flow", UNUSED),
        ("other/d.flow", UNUSED),
    ]);
    let printed = check(place.path(), &["--format", "short"]);
    assert_eq!(printed.code, 1);
    let places: Vec<&str> = printed.out.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["a.flow:1:7", "other/d.flow:1:7"]);
    let human = check(place.path(), &["a.flow"]);
    assert!(human.err.contains("the project's `flowc.toml` makes it an error"), "{}", human.err);
    // From below, too; and building is held to the same.
    assert_eq!(check(&place.path().join("other"), &["d.flow"]).code, 1);
    let build = Command::new(env!("CARGO_BIN_EXE_flowc")).args(["build", "a.flow"]).current_dir(place.path()).output().unwrap();
    assert_eq!(build.status.code(), Some(1));
    assert!(!place.path().join("build").exists());
}

#[test]
fn wrong_settings_are_messages_with_their_place() {
    let place = place(&[("flowc.toml", "[severity]\nFLOW081 = \"off\"\n"), ("a.flow", GOOD), ("b.flow", GOOD)]);
    let printed = check(place.path(), &["--format", "short"]);
    assert_eq!(printed.code, 1);
    assert_eq!(printed.out, "flowc.toml:2:1: error[FLOW0917]: there is no code `FLOW081`\n");
    let human = check(place.path(), &["a.flow"]);
    assert!(human.err.contains("did you mean `FLOW0801`, unused item?"), "{}", human.err);
}

#[test]
fn programs_of_several_files() {
    let place = place(&[
        ("shared.flow", "schema Visit {\n  id: Strin @key\n}\n"),
        ("flows/a.flow", "use \"../shared.flow\"\nfn a(visit: Int) -> Int = visit\n"),
        ("flows/b.flow", "use \"../shared.flow\"\nfn b(visit: Int) -> Int = visit\n"),
        ("c.flow", "use \"./shred.flow\"\nfn c(visit: Int) -> Int = visit\n"),
    ]);
    // A mistake in a file that three programs hold is one message, whoever is checked first.
    let printed = check(place.path(), &["--format", "short", "flows", "shared.flow"]);
    assert_eq!(printed.code, 1);
    assert!(printed.out.starts_with("shared.flow:2:7: error[FLOW0203]"), "{}", printed.out);
    assert_eq!(printed.out.lines().count(), 1, "{}", printed.out);
    assert_eq!(codes(&check(place.path(), &["--format", "json", "shared.flow", "flows"])), ["FLOW0203"]);
    // Paths are relative to the file, not to where the command runs.
    let inside = check(&place.path().join("flows"), &["--format", "short", "a.flow"]);
    assert!(inside.out.starts_with("../shared.flow:2:7: "), "{}", inside.out);
    let missing = check(place.path(), &["c.flow"]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("there is no file `shred.flow`"), "{}", missing.err);
    assert!(missing.err.contains("did you mean `\"./shared.flow\"`?"), "{}", missing.err);
}

#[test]
fn what_is_built_of_several_files_names_them_as_they_were_named() {
    let place = place(&[
        ("shared.flow", "use std.aws.s3\nparam raw: s3.BucketName\nschema Visit {\n  id: String @key\n}\nsource visits: Table<Visit> = s3.table {\n  bucket = raw\n  prefix = \"visits\"\n  format = jsonl\n}\n"),
        ("flows/load.flow", "use \"../shared.flow\"\nuse std.aws.s3\nsink archive: Table<Visit> = s3.table {\n  bucket = raw\n  prefix = \"archive\"\n  format = parquet\n}\nflow nightly() {\n  step keep = copy(visits) into archive\n}\n"),
    ]);
    let build = || Command::new(env!("CARGO_BIN_EXE_flowc")).args(["build", "flows/load.flow"]).current_dir(place.path()).output().unwrap();
    let output = build();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let whole = place.path().display().to_string();
    let mut named = 0;
    let entries = std::fs::read_dir(place.path().join("flows/build")).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!text.contains(&whole), "{text}");
        named += usize::from(text.contains("shared.flow"));
    }
    assert!(named > 0, "no file of the build says where `visits` is declared");
}
