//! The reference, `grammar/README.md`: each ```` ```flow ```` example is checked and emitted.
//!
//! An example is short: what it names and does not declare is found in `reference/SECTION.flow`, named after the heading
//! above the example, and then in `reference/common.flow`. Of the section's items those too are added that name what the
//! example declares: a flow that runs its transform, a task of its construct. Files that examples name lie beside them.
//!
//! What stands after `flow` on the line that opens an example marks it: a code (`FLOW0301`), that it is an error, and
//! which.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use flow_tests::programs;
use flow_tests::reference::{beside, compiled, examples, kept, whole};
use std::collections::BTreeSet;

#[test]
fn every_example_compiles() {
    let examples = examples();
    assert!(examples.len() >= 50, "{} examples", examples.len());
    let (common, reader) = (kept("common"), beside());
    let mut wrong = String::new();
    for example in &examples {
        let place = format!("grammar/README.md:{}, {}", example.line, example.section);
        let expected: BTreeSet<String> = example.marks.iter().cloned().collect();
        let text = whole(example, &common);
        let made = compiled(&text, &reader);
        if made.codes != expected || made.codes.is_empty() && !made.said.is_empty() {
            let raised = &made.codes;
            wrong.push_str(&format!("── {place}: expected {expected:?}, raised {raised:?}\n{text}\n{}\n", made.said));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A file of surroundings that no heading has is of no use.
#[test]
fn surroundings_belong_to_a_section() {
    let sections: BTreeSet<String> = examples().into_iter().map(|example| example.section).collect();
    for path in programs::files("tests/reference", "flow") {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let of_states = path.parent().is_some_and(|folder| folder.ends_with("states"));
        assert!(of_states || sections.contains(&name) || ["common", "shared"].contains(&name.as_str()), "{}", path.display());
    }
}
