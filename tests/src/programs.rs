//! Programs of the repository, for the tests of crates that read all of them: `#[path = "…/tests/src/programs.rs"]`
//! makes it a module there, so that no crate depends on the test package.
#![allow(dead_code, clippy::unwrap_used, reason = "tests; not every test uses all of it")]

use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("grammar/flow.pest").is_file());
    above.unwrap().to_owned()
}

/// All files under a folder of the repository with an extension, sorted.
pub fn files(under: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(under)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The ```` ```flow ```` blocks of a document.
pub fn blocks(document: &str) -> Vec<String> {
    examples(document).into_iter().map(|example| example.text).collect()
}

/// A ```` ```flow ```` block of a document.
pub struct Example {
    /// The heading above it, as a link names it: `call, await` is `call-await`.
    pub section: String,
    /// What stands after `flow` on the line that opens it.
    pub marks: Vec<String>,
    /// The line of the document that opens it, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
}

/// The ```` ```flow ```` blocks of a document, with where they stand.
pub fn examples(document: &str) -> Vec<Example> {
    let mut list = Vec::new();
    let mut section = String::new();
    let mut open: Option<Example> = None;
    for (line, text) in document.lines().enumerate() {
        match &mut open {
            None if text.starts_with('#') => {
                let title = text.trim_start_matches('#').trim().to_lowercase();
                let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
                section = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
            }
            None => {
                let marks = text.strip_prefix("```flow").filter(|marks| marks.is_empty() || marks.starts_with(' '));
                open = marks.map(|marks| Example {
                    section: section.clone(),
                    marks: marks.split_whitespace().map(str::to_owned).collect(),
                    line: line + 1,
                    text: String::new(),
                });
            }
            Some(_) if text == "```" => list.extend(open.take()),
            Some(example) => {
                example.text.push_str(text);
                example.text.push('\n');
            }
        }
    }
    list
}
