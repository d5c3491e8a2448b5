//! `flowc test`, as a user meets it: the programs of `programs/testing/` with tests that pass and tests that fail. The
//! whole output is the snapshot.

#![allow(clippy::unwrap_used, reason = "tests")]

use flow_tests::{Printed, copy_of_example, flowc, root};

/// Runs the tests of a program in a place of its own; how long each took is left out.
fn tested(program: &str, arguments: &[&str]) -> Printed {
    let place = tempfile::tempdir().unwrap();
    std::fs::copy(root().join("tests/programs/testing").join(program), place.path().join(program)).unwrap();
    let printed = flowc(place.path(), &[&["test", program], arguments].concat());
    untimed(printed)
}

fn untimed(mut printed: Printed) -> Printed {
    let line = |line: &str| match line.rsplit_once(" (") {
        Some((before, after)) if after.ends_with(" ms)") => format!("{before}\n"),
        _ => format!("{line}\n"),
    };
    printed.out = printed.out.lines().map(line).collect();
    printed
}

#[test]
fn rows() {
    insta::assert_snapshot!(tested("rows.flow", &[]));
}

#[test]
fn flows() {
    insta::assert_snapshot!(tested("flows.flow", &["--coverage"]));
}

#[test]
fn tables() {
    insta::assert_snapshot!(tested("tables.flow", &["--coverage"]));
}

/// The tests of an example hold, where it lies.
#[test]
fn of_the_serverless_example() {
    let place = copy_of_example("serverless-elt");
    let printed = flowc(place.path(), &["test", "serverless-elt.flow"]);
    assert_eq!(printed.code, Some(0), "{printed}");
    assert_eq!(printed.out.matches("\n  ok     ").count(), 10, "{printed}");
}

#[test]
fn help_of_test() {
    let place = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(flowc(place.path(), &["test", "--help"]));
}

#[test]
fn a_filter_and_a_report_for_ci() {
    let place = tempfile::tempdir().unwrap();
    std::fs::copy(root().join("tests/programs/testing/rows.flow"), place.path().join("rows.flow")).unwrap();
    let printed = flowc(place.path(), &["test", "--filter", "wrong c", "--junit", "report.xml"]);
    assert_eq!(printed.code, Some(1), "{printed}");
    assert_eq!(printed.err, "1 test: 1 failed (0.00 s)\n");
    let report = std::fs::read_to_string(place.path().join("report.xml")).unwrap();
    let steady: Vec<&str> = report.split(' ').filter(|word| !word.starts_with("time=")).collect();
    insta::assert_snapshot!(steady.join(" "));
    // Nothing that was asked for was run: that must not pass.
    insta::assert_snapshot!("a_filter_that_fits_nothing", flowc(place.path(), &["test", "--filter", "nothing of that name"]));
}

#[test]
fn what_cannot_be_tested_is_said() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("reports")).unwrap();
    insta::assert_snapshot!("an_empty_folder", flowc(place.path(), &["test"]));
    std::fs::write(place.path().join("a.flow"), "flow f() {\n  let x = 1\n}\n").unwrap();
    insta::assert_snapshot!("a_program_without_tests", flowc(place.path(), &["test"]));
    insta::assert_snapshot!("a_missing_program", flowc(place.path(), &["test", "b.flow"]));
    insta::assert_snapshot!("a_report_that_is_a_folder", flowc(place.path(), &["test", "--junit", "reports"]));
    let made = flowc(place.path(), &["test", "--junit", "reports/deep/tests.xml"]);
    assert_eq!(made.code, Some(0), "{made}");
    assert!(place.path().join("reports/deep/tests.xml").is_file());
    std::fs::copy(root().join("tests/programs/testing/rows.flow"), place.path().join("rows.flow")).unwrap();
    let alone = flow_tests::flowc_with(place.path(), &["test", "rows.flow"], &[("FLOW_WORKER", "/nowhere")]);
    insta::assert_snapshot!("without_the_generic_binary", alone);
}

#[test]
fn the_examples_pass_their_tests() {
    for example in ["nightly", "stream", "empty", "dpc-elt"] {
        let place = copy_of_example(example);
        let printed = flowc(place.path(), &["test"]);
        assert_eq!(printed.code, Some(0), "{printed}");
        assert!(printed.err.contains("passed"), "{printed}");
    }
}

#[test]
fn a_program_with_errors_runs_no_test() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a.flow"), "test \"nothing\" {\n  expect 1 == \"1\"\n}\n").unwrap();
    let printed = flowc(place.path(), &["test"]);
    assert_eq!((printed.code, printed.out.as_str()), (Some(1), ""), "{printed}");
    assert!(printed.err.contains("FLOW0304") || printed.err.contains("FLOW0301"), "{printed}");
}

#[test]
fn tests_of_values_need_no_generic_binary() {
    let place = tempfile::tempdir().unwrap();
    let program = "test \"sums\" {\n  let one = 1\n  expect one + 1 == 2 and \"{one}\" == \"1\"\n}\n";
    std::fs::write(place.path().join("a.flow"), program).unwrap();
    let printed = flow_tests::flowc_with(place.path(), &["test"], &[("FLOW_WORKER", "/nowhere")]);
    assert_eq!(printed.code, Some(0), "{printed}");
}
