//! Programs changed at random, through everything that the compiler does: it never panics and never hangs; what it reports
//! lies in the text; what it formats stays as it is a second time; what it lets through, it emits as definitions that Step
//! Functions takes, and draws.
//!
//! `FLOW_FUZZ_SECONDS` sets how long; without it a few seconds, always with the same changes. A text that fails is written
//! to `fuzz/` and stays there: every text there is tried first. One that ends the process (the stack, the memory) is left
//! in `fuzz/running.flow`.

#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use flow_backend::graph::Drawing;
use flow_backend::{BuildOptions, build};
use flow_diagnostics::render::{ColorChoice, human};
use flow_diagnostics::{Diagnostics, FileSet};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[path = "../src/programs.rs"]
mod programs;

/// How long a text may take. They are short; a machine may be busy.
const LONGEST: Duration = Duration::from_secs(20);

/// Numbers from a seed.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).expect("a bound")).expect("below a bound")
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        of.get(self.below(of.len()))
    }
}

/// How far the texts came.
#[derive(Debug, Default)]
struct Reached {
    texts: usize,
    formatted: usize,
    emitted: usize,
    /// What was let through and cannot be said, with how often and a text.
    faults: BTreeMap<String, (usize, String)>,
}

/// One text through everything; what is wrong, if something is.
fn through(text: &str, reached: &mut Reached) -> Result<(), String> {
    let began = Instant::now();
    reached.texts += 1;
    let mut files = FileSet::default();
    let file = files.add("fuzz.flow", text.to_owned());
    let mut diagnostics = Diagnostics::default();
    let program = flow_analysis::check(file, &mut files, &mut diagnostics);
    for diagnostic in diagnostics.sorted() {
        for label in &diagnostic.labels {
            let of = files.text(label.span.file);
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            if start > end || end > of.len() || !of.is_char_boundary(start) || !of.is_char_boundary(end) {
                return Err(format!("a place outside of its text: {diagnostic:?}"));
            }
        }
    }
    let _ = human(&files, &diagnostics, ColorChoice::Never);
    let flows: Vec<_> = program.flows.iter().collect();
    let drawing = Drawing::of(&program, &files, &flows, &program.streams.iter().collect::<Vec<_>>());
    let _ = (drawing.svg(), drawing.mermaid(), drawing.dot());

    if let Ok(formatted) = flow_format::format(text) {
        reached.formatted += 1;
        match flow_format::format(&formatted) {
            Ok(again) if again == formatted => {}
            Ok(again) => return Err(format!("formatted twice it differs:\n{formatted}\n── twice ──\n{again}")),
            Err(error) => return Err(format!("what is formatted cannot be formatted: {error:?}\n{formatted}")),
        }
    } else {
        let mut syntax = Diagnostics::default();
        flow_syntax::parse(file, text, &mut syntax);
        if !syntax.has_errors() {
            return Err(format!("it parses, and is not formatted: {:?}", flow_format::format(text)));
        }
    }

    if !diagnostics.has_errors() {
        let output = build(&program, &files, &BuildOptions::default());
        for fault in output.faults {
            let found = reached.faults.entry(fault.what).or_insert((0, text.to_owned()));
            found.0 += 1;
        }
        for (name, content) in &output.files {
            if name.ends_with(".json") && serde_json::from_str::<serde_json::Value>(content).is_err() {
                return Err(format!("{name} is no JSON:\n{content}"));
            }
            if name.ends_with(".asl.json") {
                let machine = serde_json::from_str(content).map_err(|error| format!("{name}: {error}\n{content}"))?;
                let issues = flow_asl::validate::validate(&machine);
                if !issues.is_empty() {
                    return Err(format!("{name} is refused: {issues:?}\n{content}"));
                }
            }
        }
        if build(&program, &files, &BuildOptions::default()).files != output.files {
            return Err("built twice it differs".to_owned());
        }
        reached.emitted += 1;
    }
    if began.elapsed() > LONGEST {
        return Err(format!("it takes {:?}", began.elapsed()));
    }
    Ok(())
}

/// As [`through`], a panic being wrong too.
fn tried(text: &str, reached: &mut Reached) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| through(text, reached))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(format!("panic: {}", said.unwrap_or_default()))
    })
}

/// Every program of the repository, those of the pages too.
fn seeds() -> Vec<String> {
    let folders = ["examples", "stdlib", "tests/programs", "tests/errors", "tests/format", "compiler/syntax/tests"];
    let paths = folders.iter().flat_map(|folder| programs::files(folder, "flow"));
    let mut texts: Vec<String> = paths.filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    for code in flow_diagnostics::codes::ALL {
        texts.extend(programs::blocks(flow_diagnostics::pages::page(*code).unwrap_or_default()));
    }
    texts
}

/// Words, numbers, and every other character alone.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let end = if word(first) { rest.find(|c: char| !word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (token, after) = rest.split_at(end);
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// What breaks readers: ends of escapes, templates of others, numbers at their limits, text of other scripts.
const ODD: &[&str] = &[
    "\"", "{", "}", "(", ")", "[", "]", "\\", "{{", "\"{", "}\"", "${", "%{", "{%", "%}", "\u{0}", "\r\n", "\t", "é", "🦀", "\u{202e}",
    "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e308", "0.0", "0s", "0", "-1", "1%", "none", "true",
    "d\"2026-02-29\"", "r\"[\"", "///", "//", "//!", "@allow(FLOW0801, \"x\")", " when true", " or ", " and not ", " ?? ", "?.", "..",
    "Json", "[Int]", "Map<String>", "String?", "match", "if true { 1 } else { 2 }", "a-b", "A", "_", "\n", " ",
];

fn changed(seeds: &[String], random: &mut Seeded) -> String {
    let Some(seed) = random.one(seeds) else { return String::new() };
    let mut text = seed.clone();
    for _ in 0..=random.below(4) {
        text = match random.below(10) {
            0..=4 => by_token(&text, seeds, random),
            5 | 6 => by_line(&text, seeds, random),
            7 => by_number(&text, random),
            8 => by_character(&text, random),
            _ => by_word(&text, random),
        };
        if text.len() > 60_000 {
            break;
        }
    }
    text
}

fn by_token(text: &str, seeds: &[String], random: &mut Seeded) -> String {
    let mut list = tokens(text);
    let (at, other) = (random.below(list.len()), random.below(list.len()));
    let foreign = random.one(seeds).map_or("", String::as_str);
    let foreign = tokens(foreign);
    match random.below(6) {
        0 if !list.is_empty() => drop(list.remove(at)),
        1 if !list.is_empty() => list.swap(at, other),
        2 => list.insert(at, random.one(ODD).copied().unwrap_or(" ")),
        3 => {
            let odd = random.one(ODD).copied().unwrap_or(" ");
            list.get_mut(at).into_iter().for_each(|token| *token = odd);
        }
        4 => {
            let new = random.one(&foreign).copied().unwrap_or(" ");
            list.get_mut(at).into_iter().for_each(|token| *token = new);
        }
        _ => {
            let copied = list.get(other).copied().unwrap_or(" ");
            list.insert(at, copied);
        }
    }
    list.concat()
}

fn by_line(text: &str, seeds: &[String], random: &mut Seeded) -> String {
    let mut list: Vec<&str> = text.split_inclusive('\n').collect();
    let (at, other) = (random.below(list.len()), random.below(list.len()));
    let foreign = random.one(seeds).map_or("", String::as_str);
    let foreign: Vec<&str> = foreign.split_inclusive('\n').collect();
    match random.below(4) {
        0 if !list.is_empty() => drop(list.remove(at)),
        1 if !list.is_empty() => list.swap(at, other),
        2 => {
            let copied = list.get(other).copied().unwrap_or("\n");
            list.insert(at, copied);
        }
        _ => {
            let from = random.below(foreign.len());
            let some = foreign.iter().skip(from).take(1 + random.below(12)).copied();
            list.splice(at..at, some);
        }
    }
    list.concat()
}

fn by_number(text: &str, random: &mut Seeded) -> String {
    let mut list = tokens(text);
    let numbers: Vec<usize> =
        list.iter().enumerate().filter(|(_, token)| token.starts_with(|c: char| c.is_ascii_digit())).map(|(at, _)| at).collect();
    let new = ["0", "1", "2", "40", "41", "900", "25000", "9223372036854775807", "1h", "1d", "0s", "99999999s", "1GB", "0.5", "50%"];
    let (at, new) = (random.one(&numbers).copied(), random.one(&new).copied().unwrap_or("0"));
    at.and_then(|at| list.get_mut(at)).into_iter().for_each(|token| *token = new);
    list.concat()
}

fn by_character(text: &str, random: &mut Seeded) -> String {
    let mut list: Vec<char> = text.chars().collect();
    let at = random.below(list.len());
    match random.below(3) {
        0 if !list.is_empty() => drop(list.remove(at)),
        1 => list.insert(at, char::from_u32(u32::try_from(random.below(0x2_0000)).unwrap_or(0)).unwrap_or('?')),
        _ => list.truncate(at),
    }
    list.into_iter().collect()
}

/// One word for another, everywhere or once: names clash, go missing, become keywords.
fn by_word(text: &str, random: &mut Seeded) -> String {
    let list = tokens(text);
    let words: Vec<&str> = list.iter().copied().filter(|token| token.starts_with(|c: char| c.is_alphabetic())).collect();
    let (Some(from), Some(to)) = (random.one(&words).copied(), random.one(&words).copied()) else { return text.to_owned() };
    if random.below(2) == 0 {
        return list.iter().map(|token| if *token == from { to } else { token }).collect();
    }
    text.replacen(from, to, 1)
}

fn folder() -> PathBuf {
    programs::root().join("tests/fuzz")
}

#[test]
fn texts_that_failed_once_do_not_fail_again() {
    let paths = programs::files("tests/fuzz", "flow");
    assert!(!paths.is_empty(), "no texts in {}", folder().display());
    let mut wrong = Vec::new();
    for path in paths {
        let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a text")).into_owned();
        if let Err(what) = tried(&text, &mut Reached::default()) {
            wrong.push(format!("{}: {what}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn changed_programs_come_through() {
    let asked = std::env::var("FLOW_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let until = Instant::now() + Duration::from_secs(asked.unwrap_or(5));
    let seed = std::env::var("FLOW_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(2026);
    let mut random = Seeded(seed);
    let (seeds, mut reached) = (seeds(), Reached::default());
    assert!(seeds.len() > 300, "only {} programs", seeds.len());
    let running = folder().join("running.flow");
    let mut wrong: BTreeMap<String, String> = BTreeMap::new();
    while Instant::now() < until && (asked.is_some() || reached.texts < 2_000) {
        let text = changed(&seeds, &mut random);
        if asked.is_some() {
            std::fs::write(&running, &text).expect("a place for the running text");
        }
        if let Err(what) = tried(&text, &mut reached) {
            // One text for each thing that is wrong.
            let kind = what.lines().next().unwrap_or_default().chars().take(90).collect::<String>();
            if let std::collections::btree_map::Entry::Vacant(entry) = wrong.entry(kind) {
                let path = folder().join(format!("found_{:016x}.flow", random.0));
                if asked.is_some() {
                    std::fs::write(&path, &text).expect("a place for a text that fails");
                }
                entry.insert(format!("{}: {what}", path.display()));
            }
        }
    }
    if asked.is_some() {
        std::fs::remove_file(&running).expect("the running text");
    }
    println!("{} texts, {} formatted, {} emitted", reached.texts, reached.formatted, reached.emitted);
    for (what, (count, text)) in &reached.faults {
        println!("{count} times let through: {what}\n{text}");
    }
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.into_values().collect::<Vec<_>>().join("\n"));
    assert!(reached.formatted > reached.texts / 20 && reached.emitted > reached.texts / 100, "{reached:?}");
}
