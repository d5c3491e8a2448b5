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
    let mut list = Vec::new();
    let mut open: Option<String> = None;
    for line in document.lines() {
        match &mut open {
            None if line == "```flow" => open = Some(String::new()),
            None => {}
            Some(_) if line == "```" => list.extend(open.take()),
            Some(program) => {
                program.push_str(line);
                program.push('\n');
            }
        }
    }
    list
}
