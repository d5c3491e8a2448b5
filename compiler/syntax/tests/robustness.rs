//! Whatever the bytes: no panic, no hang, no overflow of the stack; and time grows with length alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "../../../tests/src/programs.rs"]
mod repository;

use flow_diagnostics::render::{human, ColorChoice};
use flow_diagnostics::{Diagnostics, FileSet};
use flow_syntax::ast::{ItemKind, Module};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::{Duration, Instant};

fn nightly() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/nightly/nightly.flow");
    std::fs::read_to_string(path).unwrap()
}

fn parse(text: &str) -> (Module, Diagnostics, FileSet) {
    let mut files = FileSet::default();
    let file = files.add("a.flow", text.to_owned());
    let mut diagnostics = Diagnostics::default();
    let module = flow_syntax::parse(file, text, &mut diagnostics);
    (module, diagnostics, files)
}

/// Parses, renders, and checks that what is broken is reported and that places lie in the file.
fn survives(text: &str) {
    let (module, diagnostics, files) = parse(text);
    if module.items.iter().any(|item| item.kind == ItemKind::Broken) {
        assert!(diagnostics.has_errors(), "broken and not reported:\n{text}");
    }
    for diagnostic in diagnostics.sorted() {
        for label in &diagnostic.labels {
            assert!(label.span.start <= label.span.end && label.span.end as usize <= text.len(), "{diagnostic:?}");
        }
    }
    let _ = human(&files, &diagnostics, ColorChoice::Never);
}

/// Words, and every other character alone.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let end = if word(first) {
            rest.find(|c: char| !word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces
}

/// One word or mark too few, or too many, is one mistake, and gives one error.
#[test]
fn one_mistake_one_error() {
    let text = nightly();
    let pieces = pieces(&text);
    for at in 0..pieces.len() {
        if pieces[at].trim().is_empty() {
            continue;
        }
        let mut fewer = pieces.clone();
        fewer.remove(at);
        let mut more = pieces.clone();
        more.insert(at, " ");
        more.insert(at, pieces[at]);
        for program in [fewer.concat(), more.concat()] {
            let (_, diagnostics, files) = parse(&program);
            let messages = human(&files, &diagnostics, ColorChoice::Never);
            assert!(diagnostics.errors() <= 1, "`{}`, the {at}th:\n{messages}", pieces[at]);
        }
    }
}

/// Every program of the repository, by its name.
fn programs() -> Vec<(String, String)> {
    let paths = ["stdlib", "examples", "compiler/syntax/tests/programs"].into_iter().flat_map(|folder| repository::files(folder, "flow"));
    let mut found: Vec<(String, String)> = paths
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    found.sort();
    found
}

/// One token left out, twice, in place of its neighbour, or another: one mistake, which is seldom more than one error.
#[test]
fn single_token_mutations() {
    let (mut count, mut many, mut shown) = (0, 0, String::new());
    let mut random = StdRng::seed_from_u64(4);
    for (name, text) in programs() {
        let pieces = pieces(&text);
        let solid: Vec<usize> = (0..pieces.len()).filter(|at| !pieces[*at].trim().is_empty()).collect();
        for _ in 0..300 {
            let mut mutated = pieces.clone();
            let pick = random.random_range(0..solid.len());
            let at = solid[pick];
            let what = match random.random_range(0..4) {
                0 => {
                    mutated.remove(at);
                    format!("without `{}`", pieces[at])
                }
                1 => {
                    mutated.insert(at, " ");
                    mutated.insert(at, pieces[at]);
                    format!("`{}` twice", pieces[at])
                }
                2 => {
                    let next = solid[(pick + 1) % solid.len()];
                    mutated.swap(at, next);
                    format!("`{}` and `{}` swapped", pieces[at], pieces[next])
                }
                _ => {
                    let other = solid[random.random_range(0..solid.len())];
                    mutated[at] = pieces[other];
                    format!("`{}` for `{}`", pieces[other], pieces[at])
                }
            };
            let (_, diagnostics, files) = parse(&mutated.concat());
            count += 1;
            if diagnostics.errors() > 1 {
                many += 1;
                let messages = human(&files, &diagnostics, ColorChoice::Never);
                shown.push_str(&format!("── {name}: {what}\n{messages}\n"));
            }
        }
    }
    println!("{shown}{many} of {count} mutations give more than one error");
    assert!(many * 100 < count * 5, "{many} of {count}");
}

#[test]
fn mutations_of_tokens() {
    let programs: Vec<String> = programs().into_iter().map(|(_, text)| text).collect();
    for seed in 0..3000 {
        let pieces = pieces(&programs[seed as usize % programs.len()]);
        let mut random = StdRng::seed_from_u64(seed);
        let mut mutated = pieces.clone();
        for _ in 0..random.random_range(1..5) {
            let (a, b) = (random.random_range(0..mutated.len()), random.random_range(0..mutated.len()));
            match random.random_range(0..3) {
                0 => {
                    mutated.remove(a);
                }
                1 => mutated.insert(a, pieces[b % pieces.len()]),
                _ => mutated.swap(a, b),
            }
        }
        survives(&mutated.concat());
    }
}

#[test]
fn mutations_of_bytes() {
    let programs: Vec<String> = programs().into_iter().map(|(_, text)| text).collect();
    for seed in 0..3000 {
        let text = &programs[seed as usize % programs.len()];
        let mut random = StdRng::seed_from_u64(seed);
        let mut bytes = text.clone().into_bytes();
        for _ in 0..random.random_range(1..20) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..3) {
                0 => bytes[at] = random.random(),
                1 => bytes.insert(at, *b"\"{}()[]\\\n'/=".get(random.random_range(0..12)).unwrap()),
                _ => bytes.truncate(at.max(1)),
            }
        }
        survives(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn every_prefix() {
    for (_, text) in programs() {
        // Of long programs every seventh, so that the test stays quick.
        let step = if text.len() > 1500 { 7 } else { 1 };
        for (at, _) in text.char_indices().step_by(step) {
            survives(&text[..at]);
        }
    }
}

#[test]
fn deep_nesting() {
    let n = 20_000;
    let programs = [
        format!("param a: Int = {}1{}", "(".repeat(n), ")".repeat(n)),
        format!("param a: Int = {}", "[".repeat(n)),
        format!("param a: Int = {}1", "-".repeat(n)),
        format!("param a: Int = {}1", "not ".repeat(n)),
        format!("param a: Int = 1{}", " + 1".repeat(n)),
        format!("param a: Int = 1{}", " ?? 1".repeat(n)),
        format!("param a: Int = a{}", ".b".repeat(n)),
        format!("param a: Int = a{}", "()".repeat(n)),
        format!("param a: Int = a{}", "(a".repeat(n)),
        format!("param a: {}Int{}", "Map<".repeat(n), ">".repeat(n)),
        format!("param a: {}Int{}", "[".repeat(n), "]".repeat(n)),
        format!("param a: {}", "{a: ".repeat(n)),
        format!("param a: Int = {}", "\"{".repeat(n)),
        format!("param a: Int = {}", "{a: ".repeat(n)),
        format!("param a: Int = {}1", "if a { 1 } else ".repeat(n)),
        format!("param a: Int = {}1{} else {{ 1 }}", "if ".repeat(n), " { 1 }".repeat(n)),
        format!("flow f() {{ if a {{ }} {} }}", "else if a { }".repeat(n)),
        format!("flow f() {}", "{ if a ".repeat(n)),
        format!("flow f() {{ {} }}", "try { ".repeat(n)),
        format!("flow f() {}", "}".repeat(n)),
        format!("param a: Int = a between {}1", "a between 1 and ".repeat(n)),
        format!("fn f() -> {}Int = 1", "Map<A, ".repeat(n)),
        format!("param a: Int = {}1", "match a { 1 -> ".repeat(n)),
        format!("flow f() {{ {} }}", "match a { 1 -> { ".repeat(n)),
        format!("flow f() {{ {} }}", "for x in xs { ".repeat(n)),
        format!("flow f() {{ {} }}", "step a = parallel { branch b { ".repeat(n)),
        format!("flow f() {{ {} }}", "poll every 1s max 1 { ".repeat(n)),
        format!("test \"a\" {{ expect {}ran a", "(".repeat(n)),
        format!("test \"a\" {{ expect {}ran a }}", "not ".repeat(n)),
        format!("test \"a\" {{ expect ran a{} }}", " and ran a".repeat(n)),
        format!("type A = {}", "B { c: ".repeat(n)),
        format!("type A = B{} @", " | B".repeat(n)),
        format!("{} schema A {{ }} }}", "@a(b) ".repeat(n)),
    ];
    for program in programs {
        let started = Instant::now();
        let (_, diagnostics, _) = parse(&program);
        assert!(diagnostics.has_errors(), "{}", &program[..60]);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}: {}", &program[..60]);
    }
}

#[test]
fn what_is_allowed_fits_a_small_stack() {
    let work = || {
        let n = 80;
        for program in [
            format!("param a: Int = {}1{}", "(".repeat(n), ")".repeat(n)),
            format!("param a: Int = 1{}", " + 1".repeat(240)),
            format!("param a: Int = {}1", "- ".repeat(240)),
            format!("param a: Int = {}1{}", "{ a: ".repeat(n), " }".repeat(n)),
            format!("param a: String = {}x{}", "\"{f(".repeat(40), ")}\"".repeat(40)),
            format!("flow f() {{ {} wait 5m {} }}", "try { ".repeat(n), " } catch as e { fail e }".repeat(n)),
        ] {
            let (module, diagnostics, _) = parse(&program);
            assert!(diagnostics.is_empty(), "{}", &program[..40]);
            assert_eq!(module.clone().items, module.items);
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
}

/// Nested as deep as is allowed, where a grammar that tries alternatives one inside the other would need 2^n steps.
#[test]
fn no_exponential_backtracking() {
    let n = 90;
    let programs = [
        format!("param a: Int = {}1{}", "(".repeat(n), ")".repeat(n)),
        format!("param a: Int = {}1{}", "f(a = ".repeat(n), ")".repeat(n)),
        format!("param a: Int = {}1{}", "[".repeat(n), "]".repeat(n)),
        format!("param a: Int = {}1{}", "{ a: ".repeat(n), " }".repeat(n)),
        format!("param a: Int = {}1{}", "b { a = ".repeat(n), " }".repeat(n)),
        format!("param a: Int = {}1{}", "x[d = ".repeat(n), "]".repeat(n)),
        format!("param a: Int = {}1{}", "if b { ".repeat(n), " } else { 2 }".repeat(n)),
        format!("param a: String = {}x{}", "\"{f(".repeat(n), ")}\"".repeat(n)),
        format!("param a: {}Int{}", "[".repeat(n), "]".repeat(n)),
        format!("flow f() {{ {} wait 5m {} }}", "try { ".repeat(n), " } catch as e { fail e }".repeat(n)),
        format!("param a: Int = {}1{}", "match b { 1 -> ".repeat(n), " }".repeat(n)),
        format!("flow f() {{ {} wait 1m {} }}", "for x in xs { ".repeat(n), " }".repeat(n)),
        format!("flow f() {{ {} wait 1m {} }}", "step a = for x in xs { ".repeat(n), " }".repeat(n)),
        format!("flow f() {{ {} wait 1m {} }}", "step a = parallel { branch b { ".repeat(n / 2), " } }".repeat(n / 2)),
        format!("flow f() {{ {} wait 1m {} }}", "match a { 1 -> { ".repeat(n / 2), " } }".repeat(n / 2)),
        format!("task f() {{ {} wait 1m {} }}", "poll every 1m max 1 { ".repeat(n), " } until c".repeat(n)),
        format!("test \"a\" {{ expect {}ran 1{} }}", "(".repeat(n), " and a == 1)".repeat(n)),
        format!("test \"a\" {{ expect {}ran a{} }}", "(".repeat(n), " + 1)".repeat(n)),
        format!("test \"a\" {{ expect {}failed a{} }}", "(not ".repeat(n), " or ran b)".repeat(n)),
    ];
    for program in programs {
        let started = Instant::now();
        survives(&program);
        // And with an error in the middle, which makes the grammar give up every alternative.
        survives(&program.replacen('1', "1 1", 1));
        let took = started.elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}: {}", &program[..60]);
    }
}

#[test]
fn time_is_linear() {
    let one = nightly();
    let best = |text: &str| {
        (0..20)
            .map(|_| {
                let started = Instant::now();
                let (module, diagnostics, _) = parse(text);
                assert!(diagnostics.is_empty() && !module.items.is_empty());
                started.elapsed()
            })
            .min()
            .unwrap()
    };
    let body = one.split_once("project").unwrap().1;
    let many = format!("project{body}").repeat(10);
    let (short, long) = (best(&one), best(&many));
    println!("nightly: {short:?}; {} lines: {long:?}", many.lines().count());
    assert!(short < Duration::from_millis(10), "{short:?}");
    // Short enough to be done before another process gets the processor. Generous, as other tests run at the same time;
    // if it were quadratic it would be ten times as much.
    assert!(long < short * 10 * 5, "{short:?} and {long:?} for ten times the text");
}

#[test]
fn errors_everywhere_take_no_longer_than_they_should() {
    let item = "source s: Table<E> = s3.table {\n  bucket raw\n}\n\nflow f() {\n  step a = g(1 2)\n  stpe b = g(1)\n}\n\n";
    let many = item.repeat(1200);
    let started = Instant::now();
    let (module, diagnostics, _) = parse(&many);
    let took = started.elapsed();
    println!("{} lines, {} errors: {took:?}", many.lines().count(), diagnostics.errors());
    assert_eq!(module.items.len(), 2400);
    assert_eq!(diagnostics.errors(), 3600);
    assert!(took < Duration::from_secs(3), "{took:?}");
}
