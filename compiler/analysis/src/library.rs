//! The standard library, embedded: `stdlib/aws/s3.flow` is the module `std.aws.s3`, and the file
//! `std/aws/s3.flow` in messages.
//!
//! [`load`] parses the user's file and the modules that it uses, the prelude and the functions always.
//! Only what is used is parsed, so that a check stays within some milliseconds.

use crate::files_used::{self, NoFiles, Reader};
use flow_diagnostics::{Diagnostics, FileId, FileSet};
use flow_syntax::ast::{ItemKind, Module, Use};
use include_dir::{include_dir, Dir, DirEntry};

static STDLIB: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../stdlib");

/// In scope everywhere, without a `use`.
pub(crate) const PRELUDE: [&str; 2] = ["std.prelude", "std.functions"];

/// The module of `secret` items.
pub(crate) const SECRETS: &str = "std.aws.secrets";

/// The module of what hands a stream its events.
pub(crate) const TRIGGERS: &str = "std.aws.triggers";

/// The text of a module of the library, by its path: `std.aws.s3`.
pub fn text(module: &str) -> Option<&'static str> {
    let path = module.strip_prefix("std.")?.replace('.', "/");
    STDLIB.get_file(format!("{path}.flow"))?.contents_utf8()
}

/// Every module of the library, sorted: `std.aws.ecr`, `std.aws.ecs` …
pub fn modules() -> Vec<String> {
    fn walk(dir: &Dir<'_>, found: &mut Vec<String>) {
        for entry in dir.entries() {
            match entry {
                DirEntry::Dir(dir) => walk(dir, found),
                DirEntry::File(file) => {
                    let path = file.path().to_string_lossy().replace('\\', "/");
                    if let Some(path) = path.strip_suffix(".flow") {
                        found.push(format!("std.{}", path.replace('/', ".")));
                    }
                }
            }
        }
    }
    let mut found = Vec::new();
    walk(&STDLIB, &mut found);
    found.sort();
    found
}

/// The file name of a module in messages: `std/aws/s3.flow`.
pub(crate) fn file_name(module: &str) -> String {
    format!("{}.flow", module.replace('.', "/"))
}

/// The module's path of a file of the library; `None` for a user's file, also for one in a folder `std` of theirs.
pub(crate) fn module_path(files: &FileSet, file: FileId) -> Option<String> {
    let path = files.name(file).strip_prefix("std/")?.strip_suffix(".flow")?;
    let module = format!("std.{}", path.replace('/', "."));
    (text(&module)? == files.text(file)).then_some(module)
}

/// The library module that each name of a `use` comes from, with the rest of the path after it.
pub(crate) fn used_modules(used: &Use) -> Vec<String> {
    let Use::Path { path, names } = used else { return Vec::new() };
    let whole = path.text();
    let mut found = Vec::new();
    match names {
        Some(names) => {
            for name in names {
                let module = format!("{whole}.{}", name.text);
                if text(&module).is_some() {
                    found.push(module);
                } else if text(&whole).is_some() {
                    found.push(whole.clone());
                }
            }
        }
        None if text(&whole).is_some() => found.push(whole),
        None => {
            if let Some((module, _)) = whole.rsplit_once('.').filter(|(module, _)| text(module).is_some()) {
                found.push(module.to_owned());
            }
        }
    }
    found
}

/// Parses a program: the user's file (first in the result), then every module of the library that it uses.
///
/// ```
/// use flow_diagnostics::{Diagnostics, FileSet};
/// let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
/// let modules = flow_analysis::load("a.flow", "schema S { a: Int }".to_owned(), &mut files, &mut diagnostics);
/// let program = flow_analysis::analyze(&modules, &mut files, &mut diagnostics);
/// assert!(diagnostics.is_empty());
/// assert_eq!(program.schemas.len(), 1);
/// ```
pub fn load(name: &str, text: String, files: &mut FileSet, diagnostics: &mut Diagnostics) -> Vec<Module> {
    let file = files.add(name, text);
    load_file(file, files, diagnostics)
}

/// As [`load`], for a file that the set holds already and that uses no other file.
pub fn load_file(file: FileId, files: &mut FileSet, diagnostics: &mut Diagnostics) -> Vec<Module> {
    load_with(&NoFiles, file, files, diagnostics)
}

/// As [`load_file`], with the files that it uses: after the file itself, before the library.
pub fn load_with(
    reader: &dyn Reader,
    file: FileId,
    files: &mut FileSet,
    diagnostics: &mut Diagnostics,
) -> Vec<Module> {
    let mut modules = files_used::parse(file, reader, files, diagnostics);
    let mut wanted: Vec<String> = PRELUDE.iter().map(|module| (*module).to_owned()).collect();
    let mut items = modules.iter().flat_map(|module| &module.items);
    if items.any(|item| matches!(item.kind, ItemKind::Secret(_))) {
        wanted.push(SECRETS.to_owned());
    }
    let mut items = modules.iter().flat_map(|module| &module.items);
    if items.any(|item| matches!(item.kind, ItemKind::Stream(_))) {
        wanted.push(TRIGGERS.to_owned());
    }
    let mut at = 0;
    let mut parsed = 0;
    loop {
        while let Some(module) = modules.get(at) {
            for item in &module.items {
                if let ItemKind::Use(used) = &item.kind {
                    for module in used_modules(used) {
                        if !wanted.contains(&module) {
                            wanted.push(module);
                        }
                    }
                }
            }
            at += 1;
        }
        let Some(next) = wanted.get(parsed) else { break };
        parsed += 1;
        if let Some(source) = self::text(next) {
            let file = files.add(file_name(next), source.to_owned());
            modules.push(flow_syntax::parse(file, source, diagnostics));
        }
    }
    modules
}
