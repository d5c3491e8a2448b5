//! Whole programs as drawings.

use crate::graph::Drawing;
use flow_diagnostics::{Diagnostics, FileSet};
use std::path::Path;

/// Draws all flows of a program of the repository, or the one that is named.
fn drawn(path: &str, flow: Option<&str>) -> Drawing {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap();
    let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
    let file = files.add(path, text);
    let program = flow_analysis::check(file, &mut files, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{path} has errors");
    let wanted = program.flows.iter().filter(|one| flow.is_none_or(|name| one.name == name));
    Drawing::of(&program, &files, &wanted.collect::<Vec<_>>(), &program.streams.iter().collect::<Vec<_>>())
}

#[test]
fn the_nightly_flow() {
    let drawing = drawn("examples/nightly/nightly.flow", None);
    insta::assert_snapshot!("graph_nightly_mermaid", drawing.mermaid());
    insta::assert_snapshot!("graph_nightly_dot", drawing.dot());
    insta::assert_snapshot!("graph_nightly_svg", drawing.svg());
}

#[test]
fn a_picture_stands_alone_and_says_where_each_box_comes_from() {
    let svg = drawn("tests/programs/flows/fan_out.flow", None).svg();
    assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
    // The name of XML's language for pictures is all that is not of the file itself.
    assert_eq!(svg.matches("http").count(), 1, "{svg}");
    for foreign in ["<script", "<link", "@import", "url(", "href"] {
        assert!(!svg.contains(foreign), "{foreign}");
    }
    assert!(svg.contains("prefers-color-scheme: dark") && svg.contains("<title>flows ") && svg.contains("aria-label=\"flows "));
    let boxes = svg.lines().filter(|line| line.contains("class=\"box "));
    let mut ids = std::collections::BTreeSet::new();
    for line in boxes {
        let attribute = |name: &str| line.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        assert!(ids.insert(attribute("id").unwrap()), "{line}");
        let place = attribute("data-file").zip(attribute("data-line"));
        assert!(place.is_some() || line.contains("box end"), "{line}");
    }
    assert!(ids.len() > 10, "{ids:?}");
}

#[test]
fn a_step_that_may_be_left_out_is_a_choice_also_after_a_catch() {
    let mermaid = drawn("examples/nightly/nightly.flow", None).mermaid();
    let choice = mermaid.lines().find(|line| line.contains("when rollback")).unwrap().trim();
    let id = choice.split('{').next().unwrap();
    // What fails goes to the choice; from there to the step, or past it.
    assert_eq!(mermaid.matches(&format!("-.->|\"catch\"| {id}\n")).count(), 3, "{mermaid}");
    assert!(mermaid.contains(&format!("  {id} -->|\"yes\"| ")) && mermaid.contains(&format!("  {id} -->|\"no\"| ")), "{mermaid}");
    assert!(!mermaid.contains("skipped"), "{mermaid}");
}

#[test]
fn streams_with_what_is_around_them() {
    insta::assert_snapshot!("graph_streams_mermaid", drawn("compiler/backend/src/terraform/programs/streams.flow", None).mermaid());
}

#[test]
fn branches_loops_and_cases() {
    insta::assert_snapshot!("graph_fan_out_mermaid", drawn("tests/programs/flows/fan_out.flow", None).mermaid());
    insta::assert_snapshot!("graph_crawler_mermaid", drawn("tests/programs/flows/crawler.flow", None).mermaid());
    insta::assert_snapshot!("graph_sides_dot", drawn("tests/programs/flows/fan_out.flow", Some("sides")).dot());
}

#[test]
fn the_same_program_gives_the_same_drawing() {
    let path = "tests/programs/flows/status.flow";
    assert_eq!(drawn(path, None).mermaid(), drawn(path, None).mermaid());
}
