//! Programs that must be refused: each `.flow` file of `errors/` holds one mistake and names, in its first line,
//! the codes that it must raise, and no others: `// expect: FLOW0602`, or `// expect: nothing` for text that looks
//! wrong and is right. What a user reads is the snapshot.
//!
//! To add one: write `errors/<subject>/NAME.flow`, run `cargo insta test -p flow-tests --test errors --review`.
//!
//! The pages of `flowc explain` are held to the same: the failing program raises exactly the page's code, the fixed
//! one nothing.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use flow_analysis::strictness::Levels;
use flow_analysis::{Surroundings, Texts, check_with};
use flow_diagnostics::render::{ColorChoice, human};
use flow_diagnostics::{Diagnostics, FileSet, codes, pages};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The codes of a program, and its messages as a terminal without colours shows them. Other files that it names are read
/// from `beside`.
fn check(name: &str, text: &str, beside: Texts) -> (BTreeSet<String>, String) {
    let mut files = FileSet::default();
    let file = files.add(name, text.to_owned());
    let mut diagnostics = Diagnostics::default();
    let around = Surroundings { levels: &Levels::default(), reader: &beside };
    check_with(&around, file, &mut files, &mut diagnostics);
    let raised = diagnostics.sorted().iter().map(|one| one.code.to_string()).collect();
    (raised, human(&files, &diagnostics, ColorChoice::Never))
}

/// The Avro schemas in the folder of a case, named as from the folder of all cases.
fn schemas(all: &Path, case: &Path) -> Texts {
    let mut found = Texts::default();
    for entry in std::fs::read_dir(case.parent().expect("a folder")).expect("a folder of cases") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "avsc") {
            let name = path.strip_prefix(all).expect("below the folder").display().to_string();
            found.0.insert(name, std::fs::read_to_string(&path).expect("a schema is UTF-8"));
        }
    }
    found
}

fn expected(text: &str) -> Option<BTreeSet<String>> {
    let codes = text.lines().next()?.strip_prefix("// expect:")?.trim();
    if codes == "nothing" {
        return Some(BTreeSet::new());
    }
    Some(codes.split(',').map(|code| code.trim().to_owned()).collect())
}

#[test]
fn every_case_raises_its_codes_and_no_others() {
    let folder = flow_tests::root().join("tests/errors");
    let mut wrong = Vec::new();
    let mut covered: BTreeMap<String, usize> = BTreeMap::new();
    let cases = flow_tests::programs::files("tests/errors", "flow");
    assert!(cases.len() >= 50, "only {} cases below {}", cases.len(), folder.display());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../errors/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in cases {
        let name = path.strip_prefix(&folder).expect("below the folder").display().to_string();
        let text = std::fs::read_to_string(&path).expect("a case is UTF-8");
        let Some(expected) = expected(&text) else {
            wrong.push(format!("{name}: its first line is not `// expect: FLOW…`"));
            continue;
        };
        let (raised, shown) = check(&name, &text, schemas(&folder, &path));
        for code in &raised {
            *covered.entry(code.clone()).or_default() += 1;
        }
        if raised != expected {
            wrong.push(format!("{name}: expected {expected:?}, raised {raised:?}\n{shown}"));
            continue;
        }
        if expected.is_empty() {
            continue;
        }
        let snapshot = name.trim_end_matches(".flow").replace('/', "__");
        settings.bind(|| insta::assert_snapshot!(snapshot, shown));
    }
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
    // Every code of the graph, the limits and the lints has a case.
    let missing: Vec<String> = codes::ALL
        .iter()
        .filter(|code| matches!(code.number / 100, 5 | 6 | 8))
        // Those of the command line show commands on their pages, not programs.
        .filter(|code| pages::page(**code).is_none_or(|page| page.contains("```flow")))
        .map(ToString::to_string)
        .filter(|code| !covered.contains_key(code))
        .collect();
    assert!(missing.is_empty(), "no case raises {missing:?}");
}

/// `errors/README.md`, a row for each trap: its number, what the trap is, whether a compiler sees it, what shows that.
#[test]
fn the_table_of_traps_names_what_is_there() {
    let root = flow_tests::root();
    let table = std::fs::read_to_string(root.join("tests/errors/README.md")).expect("the table");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && line.chars().nth(2).is_some_and(|c| c.is_ascii_digit()))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let numbers: Vec<usize> = rows.iter().filter_map(|row| row.first()?.parse().ok()).collect();
    assert_eq!(numbers, (1..=45).collect::<Vec<_>>());
    let mut wrong = Vec::new();
    for row in &rows {
        let [number, trap, seen, shown] = row.as_slice() else {
            wrong.push(format!("a row of {} columns: {row:?}", row.len()));
            continue;
        };
        if !trap.contains("](https://github.com/") {
            wrong.push(format!("{number}: no public thread"));
        }
        let quoted: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        for named in &quoted {
            let found = match named.split_once("::") {
                // A test: its file, its function.
                Some((file, test)) => std::fs::read_to_string(root.join(file))
                    .is_ok_and(|text| text.contains(&format!("fn {test}("))),
                None if named.starts_with("FLOW") => {
                    // A code: one of the programs in the row raises it.
                    quoted.iter().filter(|other| other.ends_with(".flow")).any(|other| {
                        let text = std::fs::read_to_string(root.join("tests/errors").join(other)).unwrap_or_default();
                        expected(&text).is_some_and(|codes| codes.contains(*named))
                    })
                }
                None if named.ends_with(".flow") => root.join("tests/errors").join(named).exists(),
                None => true,
            };
            if !found {
                wrong.push(format!("{number}: `{named}` is not there"));
            }
        }
        let answer = seen.split([',', ':', ';', ' ']).next().unwrap_or_default();
        let program = quoted.iter().any(|named| named.ends_with(".flow"));
        let test = quoted.iter().any(|named| named.contains("::"));
        match answer {
            "yes" if !program => wrong.push(format!("{number}: a compiler sees it, and no program shows that")),
            "cannot" if !test && !program => wrong.push(format!("{number}: it cannot happen, and no test shows that")),
            "yes" | "cannot" | "no" | "later" => {}
            _ => wrong.push(format!("{number}: `{answer}` is not yes, cannot, no or later")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_fails_with_its_code_and_its_mended_program_is_clean() {
    let mut wrong = Vec::new();
    for code in codes::ALL {
        let Some(page) = pages::page(*code) else { continue };
        for (heading, expected) in [("## Fails", BTreeSet::from([code.to_string()])), ("## Fixed", BTreeSet::new())] {
            let part = page.split(heading).nth(1).unwrap_or_default();
            let part = part.split("\n## ").next().unwrap_or_default();
            // Codes of the command line show commands instead.
            let Some(program) = part.split("```flow\n").nth(1).and_then(|text| text.split("```").next()) else {
                continue;
            };
            let beside = pages::files(part).map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
            let (raised, shown) = check(&format!("{code}.flow"), program, Texts(beside));
            if raised != expected {
                wrong.push(format!("{code} {heading}: expected {expected:?}, raised {raised:?}\n{shown}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} programs of pages are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_nightly_example_is_clean() {
    let path = flow_tests::root().join("examples/nightly/nightly.flow");
    let text = std::fs::read_to_string(path).expect("the nightly example");
    let (raised, shown) = check("nightly.flow", &text, Texts::default());
    assert!(raised.is_empty(), "{shown}");
}
