//! Every program of the repository: formatting keeps the tree and the comments (which `format` itself makes sure of),
//! a second time changes nothing, and what white space, line ends and comments were there before does not matter.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../../../tests/src/programs.rs"]
mod repository;

use flow_format::{FormatError, format};
use flow_syntax::{TokenKind, tokens};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use repository::{blocks, files, root};

/// Names and texts of all programs that parse: library, examples, tests, pages, reference.
fn programs() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for folder in ["stdlib", "examples", "tests", "compiler/syntax/tests"] {
        for path in files(folder, "flow") {
            all.push((path.display().to_string(), String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()));
        }
    }
    let mut documents = files("compiler/diagnostics/pages", "md");
    documents.extend([root().join("grammar/README.md"), root().join("README.md")]);
    for path in documents {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = |at: usize| format!("{} ({at})", path.display());
        all.extend(blocks(&text).into_iter().enumerate().map(|(at, block)| (name(at), block)));
    }
    all
}

/// Formats what parses; a program with a syntax error gives nothing.
fn formatted(name: &str, text: &str) -> Option<String> {
    match format(text) {
        Ok(formatted) => Some(formatted),
        Err(FormatError::Syntax) => None,
        Err(FormatError::Differs(why)) => panic!("{name}: {why}\n{text}"),
    }
}

#[test]
fn a_second_time_changes_nothing() {
    let mut count = 0;
    for (name, text) in programs() {
        let Some(first) = formatted(&name, &text) else { continue };
        count += 1;
        assert_eq!(formatted(&name, &first).as_deref(), Some(first.as_str()), "{name}:\n{text}");
        for line in first.lines() {
            assert_eq!(line, line.trim_end(), "{name}");
        }
    }
    assert!(count > 200, "{count} programs");
}

#[test]
fn carriage_returns_stay_and_mean_nothing() {
    for (name, text) in programs() {
        let Some(plain) = formatted(&name, &text) else { continue };
        if text.contains('\r') || !text.contains('\n') {
            continue;
        }
        let crlf = formatted(&name, &text.replace('\n', "\r\n")).unwrap();
        assert_eq!(crlf.replace("\r\n", "\n"), plain, "{name}");
        assert_eq!(crlf.matches('\n').count(), crlf.matches("\r\n").count(), "{name}");
    }
}

/// Fails with the first line that differs.
fn same(found: &str, expected: &str, name: &str) {
    let line = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    if found != expected {
        let from = line.unwrap_or(usize::MAX).saturating_sub(3);
        let shown = |text: &str| text.lines().skip(from).take(9).collect::<Vec<_>>().join("\n");
        panic!("{}\n── expected\n{}\n── of {name}", shown(found), shown(expected));
    }
}

/// What a mutation may do to the white space between two tokens.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    /// Spaces and tabs, and line ends where they mean nothing.
    Spaces,
    /// A comment as well.
    Comments,
}

/// The program with other white space. Line ends after an opening bracket and blank lines are signs of the user, they
/// stay; so does a line end where a comma or a line end is wanted.
fn mutated(text: &str, change: Change, random: &mut StdRng) -> String {
    let list = tokens(text);
    let mut result = String::new();
    let mut at = 0;
    let mut brackets: Vec<&str> = Vec::new();
    for (index, token) in list.iter().enumerate() {
        let between = &text[at..token.start];
        at = token.end;
        let before = index.checked_sub(1).map(|before| &list[before]);
        let mark = |token: &flow_syntax::Token| token.text(text).to_owned();
        // Spaces may be more wherever there is one.
        let spaces = match random.random_range(0..4) {
            _ if between.is_empty() || !between.chars().all(|c| c == ' ') => between.to_owned(),
            0 => "  ".to_owned(),
            1 => "\t ".to_owned(),
            _ => between.to_owned(),
        };
        // A line may end after an operator of an expression, if no line end of the user is there.
        let operator = before.is_some_and(|before| ["==", "and", "or", "+", "*", "??", "->"].contains(&mark(before).as_str()));
        let spaces = match (operator && token.kind != TokenKind::Newline && !token.is_gap(), random.random_range(0..5)) {
            (true, 0) => "\n   ".to_owned(),
            (true, 1) if change == Change::Comments => " // why\n".to_owned(),
            _ => spaces,
        };
        result.push_str(&spaces);
        match token.kind {
            TokenKind::Open => brackets.push(token.text(text)),
            TokenKind::Close => {
                brackets.pop();
            }
            TokenKind::Newline if change == Change::Comments => match random.random_range(0..12) {
                0 if !before.is_some_and(|before| before.is_gap()) => result.push_str(" // at the end"),
                1 if !before.is_some_and(|before| before.kind == TokenKind::Doc) => result.push_str("\n// on its line"),
                _ => {}
            },
            _ => {}
        }
        result.push_str(token.text(text));
        if token.kind == TokenKind::Newline && random.random_range(0..3) == 0 {
            result.push_str("  ");
        }
    }
    result
}

fn mutations(change: Change, rounds: u64, check: impl Fn(&str, &str, &str)) {
    let mut count = 0;
    for (name, text) in programs() {
        let Some(plain) = formatted(&name, &text) else { continue };
        for seed in 0..rounds {
            let mut random = StdRng::seed_from_u64(seed);
            let other = mutated(&text, change, &mut random);
            // A comment may stand where the grammar has none.
            let Some(after) = formatted(&name, &other) else { continue };
            count += 1;
            check(&plain, &after, &format!("{name}, seed {seed}:\n{other}"));
        }
    }
    assert!(count > 1000, "{count} mutations");
}

#[test]
fn white_space_means_nothing() {
    mutations(Change::Spaces, 8, |plain, after, name| same(after, plain, name));
}

/// With comments at random places they are all kept, and the result is stable.
#[test]
fn comments_anywhere() {
    mutations(Change::Comments, 12, |_, after, name| same(&formatted(name, after).unwrap(), after, name));
}

/// A condition of `and` and `or`, with comments and line ends wherever they may stand.
fn condition(depth: u32, random: &mut StdRng) -> String {
    let after = |random: &mut StdRng| match random.random_range(0..10) {
        0 => " // behind\n",
        1 => "\n",
        2 => "\n// above\n",
        _ => " ",
    };
    let atoms = ["size > 1000000000", "small < 2000000000", "kind == \"a long text here\"", "not (size == 3)", "done"];
    let mut text = String::new();
    for _ in 0..random.random_range(0..5) {
        if !text.is_empty() {
            text += if random.random_range(0..3) == 0 { " or" } else { " and" };
            text += after(random);
        }
        if depth > 0 && random.random_range(0..3) == 0 {
            text += &format!("({}{}{})", after(random), condition(depth - 1, random), after(random));
        } else {
            text += atoms[random.random_range(0..atoms.len())];
        }
    }
    if text.is_empty() { "done".to_owned() } else { text }
}

#[test]
fn comments_in_conditions_stay_where_they_are() {
    for seed in 0..500 {
        let text = format!("fn f() -> Bool = {}\n", condition(3, &mut StdRng::seed_from_u64(seed)));
        let first = formatted("a condition", &text).unwrap_or_else(|| panic!("{text}"));
        same(&formatted("a condition", &first).unwrap(), &first, &text);
    }
}

/// Names after an operator of a transform, with comments and line ends after their commas.
#[test]
fn comments_in_lists_stay_where_they_are() {
    let entries = ["a_long_column_name = 1", "b = 2", "another_long_column_name = 3", "c = len(kind) + 1000", "d = if a { 2 } else { 3 }"];
    for seed in 0..500 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut text = "transform t(rows: Table<Row>) -> Table<Out> {\n  from rows\n  derive d = 0".to_owned();
        for _ in 0..random.random_range(0..7) {
            text += [",", ", // behind\n", ",\n", ",\n// above\n"][random.random_range(0..4)];
            text += entries[random.random_range(0..entries.len())];
        }
        text += [" // last\n}\n", "\n}\n"][random.random_range(0..2)];
        let first = formatted("a list", &text).unwrap_or_else(|| panic!("{text}"));
        same(&formatted("a list", &first).unwrap(), &first, &text);
    }
}

/// Words alone, without any line end that is not needed: the layout is decided by the formatter.
#[test]
fn what_is_nested_deeply() {
    for depth in [10, 90, 99] {
        for (open, close) in [("(", ")"), ("[", "]"), ("{ a: ", " }"), ("f(", ")"), ("if true { ", " } else { 1 }")] {
            let text = format!("fn f() -> Int = {}1{}\n", open.repeat(depth), close.repeat(depth));
            if let Some(first) = formatted(open, &text) {
                assert_eq!(formatted(open, &first).as_deref(), Some(first.as_str()), "{open} {depth}");
            }
        }
    }
    let sum = format!("fn f() -> Int = {}1\n", "1 + ".repeat(240));
    let first = formatted("a sum", &sum).unwrap();
    assert_eq!(formatted("a sum", &first).unwrap(), first);
}

#[test]
fn any_text_survives() {
    for (name, text) in programs() {
        for seed in 0..3 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut bytes = text.clone().into_bytes();
            for _ in 0..random.random_range(1..6) {
                if bytes.is_empty() {
                    break;
                }
                let at = random.random_range(0..bytes.len());
                match random.random_range(0..3) {
                    0 => bytes[at] = *b" \n,{}()[]/-|".get(random.random_range(0..12)).unwrap(),
                    1 => bytes.insert(at, *b" \n,{}()[]/-|".get(random.random_range(0..12)).unwrap()),
                    _ => {
                        bytes.remove(at);
                    }
                }
            }
            let text = String::from_utf8_lossy(&bytes);
            if let Some(first) = formatted(&name, &text) {
                assert_eq!(formatted(&name, &first).as_deref(), Some(first.as_str()), "{name}, seed {seed}:\n{text}");
            }
        }
    }
}
