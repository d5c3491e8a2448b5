//! Data that is not as it should be, and runs that are disturbed: whole runs of `programs/small.flow` over files
//! of a few lines, without Python. What a user reads is the snapshot, and with it the quarantine.
//!
//! To add a case: `Small::new()`, `put` files, `run`. `edited` changes the program's text first.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use flow_tests::{Printed, binary, files_below, flowc_with, root, steady};
use std::fs;
use std::path::PathBuf;

const DAY: &str = "2026-01-05";
const GOOD: &str = r#"{"id":"1","patient":"p","days":3,"cost":1.5,"at":"2026-01-05"}"#;

/// A copy of the small program, and its buckets.
struct Small {
    place: tempfile::TempDir,
}

impl Small {
    fn new() -> Self {
        Self::edited(&[])
    }

    /// The program with replacements in its text, each of which must be found.
    fn edited(edits: &[(&str, &str)]) -> Self {
        let mut text = fs::read_to_string(root().join("tests/programs/small.flow")).unwrap();
        for (from, to) in edits {
            assert!(text.contains(from), "`{from}` is not in the program");
            text = text.replace(from, to);
        }
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("small.flow"), text).unwrap();
        Small { place }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.place.path().join(path)
    }

    fn raw(&self) -> PathBuf {
        self.path(&format!(".flow/buckets/raw-dev/stays/dt={DAY}"))
    }

    /// Puts a file into the day's partition of the source.
    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.raw()).unwrap();
        fs::write(self.raw().join(name), bytes).unwrap();
    }

    fn run(&self) -> Printed {
        self.run_with(&[], &[])
    }

    fn run_with(&self, more: &[&str], environment: &[(&str, &str)]) -> Printed {
        // Two runs within one second would have different names.
        let _none_yet = fs::remove_dir_all(self.path(".flow/runs"));
        let day = format!("day={DAY}");
        let mut arguments = vec!["run", "small.flow", "--input", &day];
        arguments.extend(more);
        flowc_with(self.place.path(), &arguments, environment).brief()
    }

    /// All lines below a folder of the bucket that the program writes, by file name.
    fn lines(&self, folder: &str) -> String {
        let mut files = files_below(&self.path(".flow/buckets/out-dev").join(folder));
        files.retain(|path| path.extension().is_none_or(|end| end != "json"));
        files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    /// What a run prints, and the quarantine that it leaves.
    fn run_and_quarantine(&self) -> String {
        let printed = self.run();
        format!("{printed}--- quarantine\n{}", self.lines("quarantine"))
    }

    /// A worker that, the first time it is started, does `first` before the real one begins, if it begins.
    #[cfg(unix)]
    fn worker(&self, first: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let script = self.path("worker");
        let (once, real) = (self.path("once"), binary("flow-worker"));
        let text = format!(
            "#!/bin/sh\nif [ ! -e '{once}' ]; then\n  : > '{once}'\n  {first}\nfi\nexec '{real}' \"$@\"\n",
            once = once.display(),
            real = real.display()
        );
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        script.display().to_string()
    }
}

fn line(id: &str) -> String {
    GOOD.replacen("\"1\"", &format!("\"{id}\""), 1)
}

/// One bad record of every kind between two good ones.
fn mixed() -> Vec<u8> {
    let lines = [
        line("1"),
        "not json".to_owned(),
        "{\"id\": \"3\"".to_owned(),
        "[1, 2]".to_owned(),
        "{}".to_owned(),
        line("6").replace("\"p\"", "null"),
        line("7").replace("\"p\"", "\"\""),
        line("8").replace(":3,", ":\"three\","),
        line("9").replace(":3,", ":3.5,"),
        line("10").replace(":3,", ":401,"),
        line("11").replace(":3,", ":99999999999999999999,"),
        line("12").replace(DAY, "2026-02-30"),
        line("1"),
        line("14").replace("1.5", "1e999"),
        line("15"),
    ];
    let mut bytes = lines.join("\n").into_bytes();
    bytes.extend(b"\n{\"id\": \"\xff\"}\n");
    bytes
}

/// A Parquet file of the schema `Stay` (first) and one of `Mean`, as the program itself writes them.
fn parquet() -> (Vec<u8>, Vec<u8>) {
    let small = Small::new();
    small.put("a.jsonl", GOOD);
    let printed = small.run();
    assert_eq!(printed.code, Some(0), "{printed}");
    let read = |folder: &str| {
        let mut files = files_below(&small.path(".flow/buckets/out-dev").join(folder));
        files.retain(|path| path.extension().is_some_and(|end| end == "parquet"));
        assert_eq!(files.len(), 1, "{files:?}");
        fs::read(files.first().unwrap()).unwrap()
    };
    (read("staged"), read("means"))
}

#[test]
fn good_data() {
    let small = Small::new();
    small.put("a.jsonl", format!("{}\n{}\n", line("1"), line("2")));
    let day = format!("day={DAY}");
    let printed = flowc_with(small.place.path(), &["run", "small.flow", "--input", &day], &[]);
    insta::assert_snapshot!(format!("{printed}--- extract\n{}", small.lines("extract")));
}

/// The checks of types with names, and decimals against numbers that are written: exact, with no digit lost.
#[test]
fn types_with_checks() {
    let small = Small::edited(&[
        ("schema Stay {", "type Patient = String check value matches r\"^p[0-9]*$\"\ntype Cost = Decimal(6, 2) check value >= 0.10\n\nschema Stay {"),
        ("  patient: String check len(patient) > 0", "  patient: Patient"),
        ("  cost:    Float?", "  cost:    Cost? check cost != 7.25"),
        ("max_invalid = 50%", "max_invalid = 90%"),
    ]);
    let cost = |id: &str, cost: &str| line(id).replace("1.5", cost);
    let lines = [
        cost("1", "0.1"),
        cost("2", "\"0.10\""),
        cost("3", "0.09"),
        cost("4", "7.25"),
        cost("5", "null"),
        line("6").replace("\"p\"", "\"q\""),
    ];
    small.put("a.jsonl", lines.join("\n"));
    insta::assert_snapshot!(small.run_and_quarantine());
}

#[test]
fn bad_records_under_the_limit() {
    let small = Small::edited(&[("max_invalid = 50%", "max_invalid = 90%")]);
    small.put("a.jsonl", mixed());
    insta::assert_snapshot!(small.run_and_quarantine());
}

#[test]
fn bad_records_over_the_limit() {
    let small = Small::new();
    small.put("a.jsonl", mixed());
    insta::assert_snapshot!(small.run_and_quarantine());
    assert!(!small.path(".flow/buckets/out-dev/staged").exists());
}

#[test]
fn bad_records_fail() {
    let small = Small::edited(&[("quarantine(out, \"quarantine/stays\")", "fail")]);
    small.put("a.jsonl", format!("{}\nnot json\n", line("1")));
    insta::assert_snapshot!(small.run_and_quarantine());
}

#[test]
fn bad_records_are_dropped() {
    let small = Small::edited(&[("quarantine(out, \"quarantine/stays\")", "drop")]);
    small.put("a.jsonl", format!("{}\nnot json\n", line("1")));
    insta::assert_snapshot!(small.run_and_quarantine());
}

#[test]
fn a_byte_order_mark_and_crlf_are_fine() {
    let small = Small::new();
    small.put("a.jsonl", format!("\u{feff}{}\r\n\r\n{}", line("1"), line("2")));
    insta::assert_snapshot!(small.run_and_quarantine());
}

#[test]
fn an_empty_file_holds_no_records() {
    let small = Small::new();
    small.put("a.jsonl", "");
    insta::assert_snapshot!(small.run());
}

#[test]
fn nothing_to_read() {
    let small = Small::new();
    fs::create_dir_all(small.raw()).unwrap();
    let empty_folder = small.run().to_string();
    insta::assert_snapshot!(empty_folder);
    // No folder, no bucket: the same for a reader of objects.
    fs::remove_dir(small.raw()).unwrap();
    assert_eq!(small.run().to_string(), empty_folder);
    fs::remove_dir_all(small.path(".flow")).unwrap();
    assert_eq!(small.run().to_string(), empty_folder);
}

#[test]
fn another_schema_in_jsonl() {
    let small = Small::new();
    small.put("a.jsonl", "{\"patient\":\"p\",\"stays\":3,\"ratio\":1.5}\n");
    insta::assert_snapshot!(small.run_and_quarantine());
}

#[test]
fn files_of_another_kind() {
    let utf16: Vec<u8> = format!("\u{feff}{GOOD}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let spread = GOOD.replace(',', ",\n  ");
    let (gzip, list) = (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".to_vec(), format!("[{GOOD}]"));
    for (name, bytes) in [
        ("jsonl_in_utf16", utf16),
        ("jsonl_compressed", gzip),
        ("jsonl_that_is_a_list", list.into()),
        ("jsonl_over_several_lines", spread.into()),
    ] {
        let small = Small::new();
        small.put("a.jsonl", bytes);
        insta::assert_snapshot!(name, small.run());
    }
}

#[test]
fn records_that_are_long_or_deep() {
    let small = Small::new();
    let long = line("2").replace("\"p\"", &format!("\"{}\"", "x".repeat(3_000_000)));
    let deep = line("3").replace("\"p\"", &"[".repeat(100_000));
    small.put("a.jsonl", [line("1"), long, deep].join("\n"));
    let printed = small.run();
    assert_eq!(printed.code, Some(0), "{printed}");
    assert!(small.lines("extract").len() > 3_000_000);
    let quarantine = small.lines("quarantine");
    assert_eq!(quarantine.lines().count(), 1);
    assert!(quarantine.contains("\"line\":3,") && quarantine.contains("recursion limit"), "{}", quarantine.len());
}

#[test]
fn a_folder_that_is_no_partition() {
    let small = Small::edited(&[("validate(stays[dt = day]", "validate(stays")]);
    small.put("a.jsonl", GOOD);
    let folder = small.raw().with_file_name("dt=2026-13-45");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.jsonl"), GOOD).unwrap();
    insta::assert_snapshot!(small.run());
}

#[test]
fn an_object_outside_of_all_partitions() {
    let small = Small::edited(&[("validate(stays[dt = day]", "validate(stays")]);
    small.put("a.jsonl", GOOD);
    fs::write(small.raw().with_file_name("_SUCCESS"), "").unwrap();
    assert_eq!(small.run().code, Some(0));
    fs::write(small.raw().with_file_name("late.jsonl"), GOOD).unwrap();
    insta::assert_snapshot!(small.run());
}

#[test]
fn parquet_files() {
    let (stays, means) = parquet();
    let source = [("format    = jsonl", "format    = parquet")];
    let mut damaged = stays.clone();
    damaged.iter_mut().skip(8).take(50).for_each(|byte| *byte ^= 0xff);
    let half = stays.get(..stays.len() / 2).unwrap().to_vec();
    for (name, bytes) in [
        ("parquet_as_it_should_be", stays.clone()),
        ("parquet_cut_in_half", half),
        ("parquet_damaged_within", damaged),
        ("parquet_of_another_schema", means),
        ("parquet_that_is_text", GOOD.into()),
        ("parquet_of_no_bytes", Vec::new()),
    ] {
        let small = Small::edited(&source);
        small.put("a.parquet", bytes);
        insta::assert_snapshot!(name, small.run());
    }
    let small = Small::new();
    small.put("a.jsonl", stays);
    assert_eq!(small.run().code, Some(1));
}

#[test]
fn csv_files() {
    let source = [("format    = jsonl", "format    = csv { header = true }")];
    for (name, text) in [
        ("csv_records", "\u{feff}id,patient,days,cost,at\r\n1,p,3,,2026-01-05\r\n2,p,3\r\n3,p,3,x,2026-01-05\r\n4,\"q, \"\"r\"\"\",2,1,2026-01-05\r\n"),
        ("csv_open_quote", "id,patient,days,cost,at\n1,p,3,,2026-01-05\n2,\"p,3,1,2026-01-05\n"),
        ("csv_of_another_schema", "id,pat,days,at\n1,p,3,2026-01-05\n"),
        ("csv_header_alone", "id,patient,days,cost,at\n"),
    ] {
        let small = Small::edited(&source);
        small.put("a.csv", text);
        insta::assert_snapshot!(name, small.run_and_quarantine());
    }
}

#[test]
fn a_division_by_zero() {
    let small = Small::edited(&[("derive ratio = total / stays", "derive ratio = total / (stays - 1)")]);
    small.put("a.jsonl", GOOD);
    insta::assert_snapshot!(small.run());
}

#[test]
fn a_result_that_breaks_its_schema() {
    let small = Small::new();
    small.put("a.jsonl", GOOD.replace(":3,", ":400,"));
    insta::assert_snapshot!(small.run());
    assert!(!small.path(".flow/buckets/out-dev/means").exists(), "nothing of a bad result is published");
}

#[test]
fn a_bucket_that_cannot_be_written() {
    let small = Small::new();
    small.put("a.jsonl", GOOD);
    fs::write(small.path(".flow/buckets/out-dev"), "a file where the bucket's folder should be").unwrap();
    insta::assert_snapshot!(unwrapped(&small.run()));
}

/// Where the place's path is in a wrapped message, its length decides on the breaks.
fn unwrapped(printed: &Printed) -> String {
    printed.to_string().replace("\n            ", " ")
}

#[test]
fn inputs_of_the_wrong_shape() {
    let small = Small::new();
    small.put("a.jsonl", GOOD);
    for (name, text) in [
        ("input_a_list", "[1]"),
        ("input_a_number", "{\"day\": 3}"),
        ("input_no_json", "{\"day\": "),
        ("input_too_much", "{\"day\": \"2026-01-05\", \"hour\": 1}"),
        ("input_null", "{\"day\": null}"),
    ] {
        fs::write(small.path("input.json"), text).unwrap();
        insta::assert_snapshot!(name, flowc_with(small.place.path(), &["run", "small.flow", "--input", "input.json"], &[]));
    }
}

#[test]
fn an_injected_error_is_retried() {
    let small = Small::edited(&[RETRY]);
    small.put("a.jsonl", GOOD);
    insta::assert_snapshot!(small.run_with(&["--fail", "copy:Runtime.ExitError:1"], &[]));
}

/// A policy for a worker that dies.
const RETRY: (&str, &str) = (
    "flow load(day: Date) {\n",
    "retry once = [{ errors: [\"Runtime.ExitError\"], interval: 1s, attempts: 1, backoff: 1.0, jitter: false }]\n\n\
     flow load(day: Date) {\n  retry = once\n",
);

#[cfg(unix)]
#[test]
fn a_worker_killed_as_it_starts_is_started_again() {
    let small = Small::edited(&[RETRY]);
    small.put("a.jsonl", GOOD);
    insta::assert_snapshot!(small.run_with(&[], &[("FLOW_WORKER", &small.worker("kill -9 $$"))]));
}

#[cfg(unix)]
#[test]
fn a_worker_that_dies_within_a_step_leaves_nothing_half_done() {
    let small = Small::edited(&[RETRY]);
    small.put("a.jsonl", GOOD);
    let worker = small.worker("export FLOW_FAILPOINT=before-commit");
    let printed = small.run_with(&[], &[("FLOW_WORKER", &worker)]);
    insta::assert_snapshot!(format!("{printed}--- extract\n{}", small.lines("extract")));
}

#[cfg(unix)]
#[test]
fn a_worker_that_dies_without_a_retry() {
    let small = Small::new();
    small.put("a.jsonl", GOOD);
    let worker = small.worker("export FLOW_FAILPOINT=before-commit");
    insta::assert_snapshot!(small.run_with(&[], &[("FLOW_WORKER", &worker)]));
}

#[cfg(unix)]
#[test]
fn a_plan_of_another_version() {
    let small = Small::new();
    small.put("a.jsonl", GOOD);
    let worker = small.worker(&format!(
        "sed 's/\"version\": 1,/\"version\": 999,/' \"$FLOW_PLAN\" > '{0}/plan.json'; export FLOW_PLAN='{0}/plan.json'",
        small.place.path().display()
    ));
    let printed = small.run_with(&[], &[("FLOW_WORKER", &worker)]);
    insta::assert_snapshot!(steady(small.place.path(), &unwrapped(&printed)));
}
