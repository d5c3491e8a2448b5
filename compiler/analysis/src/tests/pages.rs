//! Every page of a code that this crate raises: its first program raises exactly that code, its second nothing.

use crate::strictness::Levels;
use crate::{Surroundings, Texts, check_with};
use flow_diagnostics::render::{human, ColorChoice};
use flow_diagnostics::{codes, pages, Diagnostics, FileSet};

/// The program in a part of a page, with the files beside it.
fn program(page: &str, part: &str) -> Option<(String, Texts)> {
    let (_, rest) = page.split_once(&format!("## {part}\n"))?;
    let rest = rest.split("\n## ").next()?;
    let beside = pages::files(rest).map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let (_, rest) = rest.split_once("```flow\n")?;
    Some((rest.split_once("```")?.0.to_owned(), Texts(beside)))
}

fn run((text, reader): (String, Texts)) -> (FileSet, Diagnostics) {
    let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
    let file = files.add("page.flow", text);
    let around = Surroundings { levels: &Levels::default(), reader: &reader };
    check_with(&around, file, &mut files, &mut diagnostics);
    (files, diagnostics)
}

#[test]
fn failing_programs_raise_their_code_and_fixed_ones_none() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for code in codes::ALL.iter().filter(|code| (200..900).contains(&code.number)) {
        let Some(page) = pages::page(*code) else {
            wrong.push(format!("{code}: no page"));
            continue;
        };
        if page.contains("```console\n") {
            continue; // of the back ends, which run it themselves
        }
        let (Some(fails), Some(fixed)) = (program(page, "Fails"), program(page, "Fixed")) else {
            wrong.push(format!("{code}: no programs"));
            continue;
        };
        count += 1;
        let (files, diagnostics) = run(fails);
        let raised: Vec<u16> = diagnostics.sorted().iter().map(|diagnostic| diagnostic.code.number).collect();
        if raised.is_empty() || raised.iter().any(|number| *number != code.number) {
            wrong.push(format!(
                "{code}: its failing program raises {raised:?}\n{}",
                human(&files, &diagnostics, ColorChoice::Never)
            ));
        }
        let (files, diagnostics) = run(fixed);
        if !diagnostics.is_empty() {
            wrong.push(format!("{code}: its fixed program\n{}", human(&files, &diagnostics, ColorChoice::Never)));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} pages:\n{}", wrong.len(), wrong.join("\n"));
}
