//! Helpers of the whole-program tests: where the binaries are, and how they are run.
//!
//! The tests drive `flowc` and `flow-worker` as a user does, as processes. `cargo build --workspace` makes both;
//! a test that finds none says so instead of passing.

#![allow(clippy::expect_used, clippy::panic, reason = "a broken set-up must stop the test that needs it")]

pub mod programs;
pub mod reference;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent")
}

/// The binary `name` of this build, or of the folder that `FLOW_TEST_BIN` names.
pub fn binary(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("FLOW_TEST_BIN") {
        return Path::new(&folder).join(name);
    }
    let mut directory = std::env::current_exe().expect("the test knows its own path");
    directory.pop();
    if directory.ends_with("deps") {
        directory.pop();
    }
    let path = directory.join(name);
    assert!(path.exists(), "{} is missing: run `cargo build --workspace` first", path.display());
    path
}

/// What a command printed, with everything that changes from run to run replaced.
pub struct Printed {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl std::fmt::Display for Printed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        write!(f, "exit code: {code}\n--- stdout\n{}--- stderr\n{}", self.out, self.err)
    }
}

impl Printed {
    /// Without the sections of the summary that say where to look and what to try next.
    pub fn brief(mut self) -> Printed {
        let sections = self.out.split("\n\n").map(str::trim_start);
        let kept: Vec<&str> = sections.filter(|one| !one.starts_with("to look at") && !one.starts_with("next\n")).collect();
        self.out = kept.join("\n\n");
        self
    }
}

/// Runs `flowc` in `directory`; the directory's path reads `[PLACE]` in what it gives.
pub fn flowc(directory: &Path, arguments: &[&str]) -> Printed {
    flowc_with(directory, arguments, &[])
}

/// As [`flowc`], with environment variables.
pub fn flowc_with(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Printed {
    let mut command = Command::new(binary("flowc"));
    command.args(arguments).current_dir(directory).env("NO_COLOR", "1").env("COLUMNS", "100");
    for (name, value) in environment {
        command.env(name, value);
    }
    let Output { status, stdout, stderr } = command.output().expect("flowc starts");
    let clean = |bytes: Vec<u8>| steady(directory, &String::from_utf8_lossy(&bytes));
    Printed { code: status.code(), out: clean(stdout), err: clean(stderr) }
}

/// Text without what differs from run to run and from machine to machine: `directory` reads `[PLACE]`, every time
/// `0.00 s`, the moment in a run's name `[MOMENT]`, a request's id `[REQUEST]`. Columns stay where they are: a time
/// keeps its width.
pub fn steady(directory: &Path, text: &str) -> String {
    let text = text.replace(&directory.display().to_string(), "[PLACE]");
    let text = masked(&text, "ddddddddTddddddZ", "[MOMENT]");
    let text = masked(&text, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", "[REQUEST]");
    masked(&text, "d.dd s", "0.00 s")
}

/// Replaces what fits `pattern`, in which `d` is a decimal and `h` a hexadecimal digit, the rest itself.
fn masked(text: &str, pattern: &str, with: &str) -> String {
    let fits = |text: &str| {
        let mut chars = text.chars();
        pattern.chars().all(|wanted| {
            chars.next().is_some_and(|found| match wanted {
                'd' => found.is_ascii_digit(),
                'h' => found.is_ascii_hexdigit(),
                other => found == other,
            })
        })
    };
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // The pattern is ASCII: what fits it has its length in bytes.
        let (piece, length) = if fits(rest) { (with, pattern.len()) } else { (rest.split_at(first.len_utf8()).0, first.len_utf8()) };
        masked.push_str(piece);
        rest = rest.split_at(length).1;
    }
    masked
}

/// A copy of an example's folder in a temporary place, without what earlier runs left there.
pub fn copy_of_example(name: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a temporary folder");
    copy(&root().join("examples").join(name), place.path());
    place
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if name == ".flow" || name == "build" {
            continue;
        }
        let target = to.join(&name);
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).expect("a folder");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copied file");
        }
    }
}

/// Every file below a folder, sorted; none where there is no such folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_masked_and_nothing_else() {
        let text = "▸ copy 12.34 s in /tmp/x/.flow/runs/20261121T075718Z-load, 5c6b6968-4f84-41b7-8792-33c3b8662f41, 2026-01-05";
        assert_eq!(
            steady(Path::new("/tmp/x"), text),
            "▸ copy 10.00 s in [PLACE]/.flow/runs/[MOMENT]-load, [REQUEST], 2026-01-05"
        );
    }
}
