//! Every program and library file, and one program per construct, parses without a message.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../../tests/src/programs.rs"]
mod repository;

use flow_diagnostics::render::{human, ColorChoice};
use flow_diagnostics::{Diagnostics, FileSet};
use repository::files;

fn messages(name: &str, text: &str) -> String {
    let mut set = FileSet::default();
    let file = set.add(name, text.to_owned());
    let mut diagnostics = Diagnostics::default();
    flow_syntax::parse(file, text, &mut diagnostics);
    human(&set, &diagnostics, ColorChoice::Never)
}

#[test]
fn the_library_the_examples_and_every_construct_parse() {
    let mut all = files("stdlib", "flow");
    assert!(all.len() >= 10, "the library is there");
    all.extend(files("examples", "flow"));
    all.extend(files("compiler/syntax/tests/programs", "flow"));
    let mut failed = String::new();
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        failed.push_str(&messages(&path.display().to_string(), &text));
    }
    assert!(failed.is_empty(), "{failed}");
}
