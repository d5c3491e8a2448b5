//! Programs in documents: every example of the language reference parses, and each page of a syntax code shows
//! a program with exactly that error and one without.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../tests/src/programs.rs"]
mod repository;

use flow_diagnostics::render::{human, ColorChoice};
use flow_diagnostics::{codes, pages, Diagnostics, FileSet};
use repository::blocks;

/// The codes that parsing reports, and the messages.
fn parse(text: &str) -> (Vec<u16>, String) {
    let mut files = FileSet::default();
    let file = files.add("example.flow", text.to_owned());
    let mut diagnostics = Diagnostics::default();
    flow_syntax::parse(file, text, &mut diagnostics);
    let codes = diagnostics.sorted().iter().map(|diagnostic| diagnostic.code.number).collect();
    (codes, human(&files, &diagnostics, ColorChoice::Never))
}

#[test]
fn examples_of_the_reference_parse() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../grammar/README.md");
    let examples = blocks(&std::fs::read_to_string(path).unwrap());
    assert!(examples.len() >= 20, "{} examples", examples.len());
    for example in examples {
        let (codes, messages) = parse(&example);
        assert!(codes.is_empty(), "{example}\n{messages}");
    }
}

#[test]
fn pages_of_syntax_codes_hold() {
    let mut wrong = String::new();
    for code in codes::ALL.iter().filter(|code| (100..200).contains(&code.number)) {
        let examples = blocks(pages::page(*code).unwrap());
        // A file of 64 MiB is no example.
        if *code == codes::FILE_TOO_LARGE {
            continue;
        }
        let [fails, fixed] = examples.as_slice() else {
            wrong.push_str(&format!("{code}: {} programs\n", examples.len()));
            continue;
        };
        let (found, messages) = parse(fails);
        if found != [code.number] {
            wrong.push_str(&format!("{code} fails with {found:?}\n{messages}\n"));
        }
        let (found, messages) = parse(fixed);
        if !found.is_empty() {
            wrong.push_str(&format!("{code}, fixed:\n{messages}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Every program of every page parses but for those that show an error of syntax.
#[test]
fn programs_of_all_pages_parse() {
    let mut wrong = String::new();
    for code in codes::ALL.iter().filter(|code| code.number >= 200) {
        for program in pages::page(*code).map(blocks).unwrap_or_default() {
            let (found, messages) = parse(&program);
            if !found.is_empty() {
                wrong.push_str(&format!("{code}\n{messages}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
