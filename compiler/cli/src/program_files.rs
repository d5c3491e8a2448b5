//! The programs that a command is asked for: files, and folders with all `.flow` files in and below them.

use crate::command_error::CommandError;
use crate::seen::Seen;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Folders that hold what was made or fetched, not what somebody wrote: `flowc build`'s, Cargo's, npm's.
const MADE: [&str; 3] = ["build", "target", "node_modules"];

/// The files that are meant, without repetition, those of a folder by name; no path at all is this folder. In folders,
/// what is hidden, links to folders and [`MADE`] ones are passed over.
pub fn files(paths: &[PathBuf], seen: &Seen) -> Result<Vec<PathBuf>, CommandError> {
    let found = found(paths);
    // Files that were named are looked at when they are read.
    if paths.is_empty() || paths.iter().any(|path| path.is_dir()) {
        seen.list(paths, found.as_deref().unwrap_or_default());
    }
    found
}

fn found(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let here = [PathBuf::from(".")];
    let mut files: Vec<PathBuf> = Vec::new();
    for path in if paths.is_empty() { here.as_slice() } else { paths } {
        if path.is_dir() {
            let before = files.len();
            below(path, &mut files)?;
            if files.len() == before {
                return Err(CommandError::Unreadable {
                    path: path.clone(),
                    source: std::io::Error::new(std::io::ErrorKind::NotFound, "there is no .flow file in it or below"),
                    help: None,
                });
            }
        } else {
            files.push(path.clone());
        }
    }
    let mut seen = BTreeSet::new();
    files.retain(|path| seen.insert(path.clone()));
    Ok(files)
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    let unreadable = |source| CommandError::Unreadable { path: folder.to_owned(), source, help: None };
    let mut entries: Vec<std::fs::DirEntry> =
        std::fs::read_dir(folder).and_then(Iterator::collect).map_err(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let path = if folder == Path::new(".") { PathBuf::from(&name) } else { entry.path() };
        let kind = entry.file_type().map_err(unreadable)?;
        // Hidden files are what editors put beside the one that is edited.
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if kind.is_dir() {
            let passed_over = hidden || MADE.iter().any(|made| name == *made);
            if !passed_over {
                below(&path, files)?;
            }
        } else if !hidden && path.extension().is_some_and(|extension| extension == "flow") {
            files.push(path);
        }
    }
    Ok(())
}
