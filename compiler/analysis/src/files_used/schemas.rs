//! The files of `schema NAME from "FILE"`: read into the set of files before anything is resolved, found in it by the
//! checker.

use super::{Reader, Unread, plain, same};
use crate::suggest::nearest;
use flow_diagnostics::{Diagnostic, Diagnostics, FileId, FileSet, codes};
use flow_syntax::ast::{ItemKind, Module, SchemaFile};

/// What such a file's name ends with.
const ENDING: &str = "avsc";

/// The file that a schema names, from the file called `user`; `None` for a path that is not of the form.
fn target(user: &str, path: &str) -> Option<String> {
    let ending = path.rsplit_once('.').is_some_and(|(stem, ending)| ending == ENDING && !stem.ends_with('/'));
    if path.starts_with('/') || path.contains('\\') || path.get(1..2) == Some(":") || !ending {
        return None;
    }
    let user = user.replace('\\', "/");
    let folder = user.rfind('/').and_then(|slash| user.get(..=slash)).unwrap_or_default();
    Some(plain(&format!("{folder}{path}")))
}

/// The file of a schema, if it could be read.
pub(crate) fn schema_file(user: FileId, path: &str, files: &FileSet) -> Option<FileId> {
    let name = target(files.name(user), path)?;
    files.ids().find(|id| same(files.name(*id), &name))
}

/// Reads the files that the schemas of a module name. What cannot be found or read is reported.
pub(super) fn read(module: &Module, reader: &dyn Reader, files: &mut FileSet, diagnostics: &mut Diagnostics) {
    for item in &module.items {
        let ItemKind::Schema(schema) = &item.kind else { continue };
        let Some(file) = &schema.from else { continue };
        if schema_file(module.file, &file.path, files).is_some() {
            continue;
        }
        let Some(name) = target(files.name(module.file), &file.path) else {
            diagnostics.push(wrong_path(file));
            continue;
        };
        match reader.read(&name) {
            Ok(text) => drop(files.add(name, text)),
            Err(Unread::Because(why)) => diagnostics
                .push(Diagnostic::new(codes::SCHEMA_FILE, format!("`{name}` cannot be read: {why}")).primary(file.span, "")),
            Err(Unread::Missing) => diagnostics.push(missing(file, &name, files.name(module.file), reader)),
        }
    }
}

fn missing(file: &SchemaFile, name: &str, user: &str, reader: &dyn Reader) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(codes::SCHEMA_FILE, format!("there is no file `{name}`")).primary(file.span, "not found");
    let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
    let mut beside = reader.beside(folder, ENDING);
    beside.sort();
    match nearest(last, beside.iter().map(String::as_str)) {
        Some(near) => {
            let written =
                file.path.rsplit_once('/').map_or(near.to_owned(), |(folder, _)| format!("{folder}/{near}"));
            diagnostic
                .help(format!("did you mean `\"{written}\"`?"))
                .fix(format!("write `\"{written}\"`"), file.span, format!("\"{written}\""))
        }
        None => diagnostic.help(format!("a path is relative to the file that names it, here `{user}`")),
    }
}

fn wrong_path(file: &SchemaFile) -> Diagnostic {
    let diagnostic = Diagnostic::new(codes::SCHEMA_FILE, format!("`{}` is no path of a schema's file", file.path))
        .primary(file.span, "")
        .help("a path is relative, ends in `.avsc`, and has forward slashes: `\"schemas/demand.avsc\"`");
    if file.path.starts_with('/') || file.path.get(1..2) == Some(":") {
        return diagnostic.note("a path of one machine means nothing on another");
    }
    if file.path.contains('\\') {
        let slashed = file.path.replace('\\', "/");
        return diagnostic.fix(format!("write `\"{slashed}\"`"), file.span, format!("\"{slashed}\""));
    }
    diagnostic.note("Avro schemas are read, as JSON; not the files that hold Avro data, nor other kinds of schemas")
}
