//! The tables of `examples/README.md`: every behaviour of an example is numbered, and names what shows it, which is there.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;

/// Whether a test or a file of that name is there: `tests/aws/test_stream.py::test_a_day`, `types/text_divided.flow`.
fn is_there(root: &Path, named: &str) -> bool {
    match named.split_once("::") {
        Some((file, test)) => std::fs::read_to_string(root.join(file)).is_ok_and(|text| {
            // Of Rust, of Python, of Flow.
            let test = test.trim_matches('"');
            [format!("fn {test}("), format!("def {test}("), format!("test \"{test}\"")].iter().any(|line| text.contains(line))
        }),
        None => root.join(named).exists() || root.join("tests/errors").join(named).exists(),
    }
}

#[test]
fn what_the_tables_name_is_there() {
    let root = flow_tests::root();
    let page = std::fs::read_to_string(root.join("examples/README.md")).expect("the page");
    let mut wrong = Vec::new();
    let (mut shown, mut left_out) = (0, 0);
    for section in page.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let rows = section.lines().filter(|line| line.starts_with("| ") && line.chars().nth(2).is_some_and(|c| c.is_ascii_digit()));
        let mut expected = 1;
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [number, _, by] = cells.as_slice() else {
                wrong.push(format!("{title}: {} cells, not three: {row}", cells.len()));
                continue;
            };
            if number.parse() != Ok(expected) {
                wrong.push(format!("{title}: {number} stands where {expected} is expected"));
            }
            expected += 1;
            let quoted: Vec<&str> = by.split('`').skip(1).step_by(2).collect();
            if let Some(reason) = by.strip_prefix("not:") {
                left_out += 1;
                if reason.trim().len() < 15 {
                    wrong.push(format!("{title} {number}: the reason says nothing"));
                }
                continue;
            }
            shown += 1;
            let proofs: Vec<&&str> = quoted.iter().filter(|named| named.contains("::") || named.ends_with(".flow") || named.contains('/')).collect();
            if proofs.is_empty() {
                wrong.push(format!("{title} {number}: nothing shows it"));
            }
            for named in proofs {
                if !is_there(root, named) {
                    wrong.push(format!("{title} {number}: `{named}` is not there"));
                }
            }
        }
    }
    println!("{shown} behaviours shown, {left_out} left out with a reason");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
