//! `flowc.toml`: found beside a program or in the nearest folder above it, read once.

use crate::command_error::CommandError;
use crate::compile;
use crate::seen::Seen;
use flow_analysis::strictness::Levels;
use flow_diagnostics::{Diagnostics, FileSet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file's name.
pub const NAME: &str = "flowc.toml";

/// The settings that were read so far, by path.
#[derive(Default)]
pub struct Settings {
    read: BTreeMap<PathBuf, Levels>,
}

impl Settings {
    /// The levels for a program at `path`, which need not exist. Mistakes in the file are messages, given the first time.
    pub fn levels(
        &mut self,
        path: &Path,
        files: &mut FileSet,
        diagnostics: &mut Diagnostics,
        seen: &Seen,
    ) -> Result<Levels, CommandError> {
        let Some(found) = find(path, seen) else { return Ok(Levels::default()) };
        if let Some(levels) = self.read.get(&found) {
            return Ok(levels.clone());
        }
        let text = compile::read(&found, seen)?;
        let file = files.add(found.display().to_string(), text.clone());
        let levels = Levels::read(file, &text, diagnostics);
        self.read.insert(found, levels.clone());
        Ok(levels)
    }
}

/// The nearest `flowc.toml`: by its name from here where it is below this folder or in it, else by its whole path.
fn find(program: &Path, seen: &Seen) -> Option<PathBuf> {
    let folder = program.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let near = folder.ancestors().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(found) = near.map(|folder| folder.join(NAME)).find(|path| seen.is_file(path)) {
        return Some(found.strip_prefix(".").map(Path::to_owned).unwrap_or(found));
    }
    // Above what the user wrote: from where the folder really is.
    let whole = std::path::absolute(folder).ok()?;
    whole.ancestors().map(|folder| folder.join(NAME)).find(|path| seen.is_file(path))
}
