//! Programs as people write them, and as they are formatted: one a file in `tests/format/` at the root of the
//! repository, the result in its `snapshots/`. To add a case, add a file, run
//! `INSTA_UPDATE=always cargo nextest run -p flow-format cases`, and read what it wrote.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../tests/src/programs.rs"]
mod repository;

use flow_diagnostics::render::{ColorChoice, human};
use flow_diagnostics::{Diagnostics, FileSet};

/// What the parser says of a case that is no program.
fn messages(text: &str) -> String {
    let mut files = FileSet::default();
    let file = files.add("case.flow", text.to_owned());
    let mut diagnostics = Diagnostics::default();
    flow_syntax::parse(file, text, &mut diagnostics);
    human(&files, &diagnostics, ColorChoice::Never)
}

#[test]
fn cases() {
    insta::glob!("../../../tests/format", "*.flow", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let formatted = flow_format::format(&text).unwrap_or_else(|error| format!("{error:?}\n{}", messages(&text)));
        let mut shown = text;
        shown.push_str("────\n");
        shown.push_str(&formatted);
        insta::with_settings!({
            snapshot_path => "../../../tests/format/snapshots",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(shown);
        });
        assert_eq!(flow_format::format(&formatted).as_ref(), Ok(&formatted), "{}", path.display());
    });
}

/// The example of the reference's section "Layout" is laid out as the section says.
#[test]
fn the_example_of_the_reference_is_formatted() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../grammar/README.md");
    let reference = std::fs::read_to_string(path).unwrap();
    let section = reference.split("## Layout\n").nth(1).unwrap();
    let example = section.split("```flow\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(flow_format::format(example).unwrap(), example);
}

/// A range formats the items that it touches, with the comments above them; every other byte stays.
#[test]
fn ranges() {
    let text = "param   a: Int  \n\n\n// of b\nparam   b:Int // one\nparam   c:Int\n\nparam   d: Int";
    let cases = [
        ("1", "param a: Int  \n\n\n// of b\nparam   b:Int // one\nparam   c:Int\n\nparam   d: Int"),
        ("2-3", text),
        ("4", "param   a: Int  \n\n\n// of b\nparam b: Int  // one\nparam   c:Int\n\nparam   d: Int"),
        ("5:1-5:3", "param   a: Int  \n\n\n// of b\nparam b: Int  // one\nparam   c:Int\n\nparam   d: Int"),
        ("6-100", "param   a: Int  \n\n\n// of b\nparam   b:Int // one\nparam c: Int\n\nparam d: Int"),
    ];
    for (range, expected) in cases {
        assert_eq!(flow_format::format_range(text, range.parse().unwrap()).as_deref(), Ok(expected), "{range}");
    }
}

/// The library and the examples are what the formatter makes of them.
#[test]
fn the_library_and_the_examples_stay_formatted() {
    let mut count = 0;
    for path in ["stdlib", "examples"].into_iter().flat_map(|folder| repository::files(folder, "flow")) {
        let text = std::fs::read_to_string(&path).unwrap();
        count += 1;
        assert!(
            flow_format::format(&text).is_ok_and(|formatted| formatted == text),
            "{} is not formatted: run `flowc fmt stdlib examples`",
            path.display()
        );
    }
    assert!(count >= 10, "{count} files");
}
