//! From a path to a checked program: reads the file, and calls the phases in their order.

use crate::command_error::CommandError;
use crate::seen::Seen;
use crate::settings::Settings;
use crate::terminal::Terminal;
use flow_analysis::program::Program;
use flow_analysis::{Reader, Surroundings, Unread};
use flow_backend::BuildOptions;
use flow_diagnostics::{Diagnostic, Diagnostics, FileSet, Severity, Span, codes};
use indexmap::IndexMap;
use std::io::Read;
use std::path::Path;

/// What became of a file. `program` is whole only where `diagnostics` has no errors.
pub struct Compilation {
    /// All files, those of the standard library included.
    pub files: FileSet,
    /// Everything that the phases said.
    pub diagnostics: Diagnostics,
    /// The program.
    pub program: Program,
}

/// What standard input is called where the user gives it no name.
pub const STDIN: &str = "standard input";

/// Checks the program at `path`, as its `flowc.toml` wants it.
pub fn compile(path: &Path, seen: &Seen) -> Result<Compilation, CommandError> {
    let text = read(path, seen)?;
    let mut files = FileSet::default();
    let mut diagnostics = Diagnostics::default();
    let program = check(path, text, &mut Settings::default(), &mut files, &mut diagnostics, seen)?;
    Ok(Compilation { files, diagnostics, program })
}

/// Checks a program's text; `path` is its name, and where its `flowc.toml` is looked for.
pub fn check(
    path: &Path,
    text: String,
    settings: &mut Settings,
    files: &mut FileSet,
    diagnostics: &mut Diagnostics,
    seen: &Seen,
) -> Result<Program, CommandError> {
    let levels = settings.levels(path, files, diagnostics, seen)?;
    let name = path.display().to_string();
    // Another program may have used it as a file of its own already.
    let known = files.ids().find(|id| files.name(*id) == name && files.text(*id) == text);
    let file = known.unwrap_or_else(|| files.add(name, text));
    let around = Surroundings { levels: &levels, reader: &Disk(seen) };
    let program = flow_analysis::check_with(&around, file, files, diagnostics);
    // Text that could not be parsed has its own messages; only a file of comments and white space comes here clean.
    let aside = |line: &str| line.is_empty() || line.starts_with("//");
    let mut lines = files.text(file).trim_start_matches('\u{feff}').lines();
    if !diagnostics.has_errors() && lines.all(|line| aside(line.trim())) {
        diagnostics.push(
            Diagnostic::new(codes::NO_ITEMS, format!("`{}` holds no items: there is nothing to check or build", path.display()))
                .primary(Span::new(file, 0, 0), "")
                .help("a program is made of items, such as `schema Stay { id: String }`, `source …` and `flow …`"),
        );
    }
    Ok(program)
}

/// Files that a program uses, from where the command runs.
struct Disk<'a>(&'a Seen);

impl Reader for Disk<'_> {
    fn read(&self, name: &str) -> Result<String, Unread> {
        let bytes = self.0.read(Path::new(name)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Unread::Missing,
            _ => Unread::Because(error.to_string()),
        })?;
        String::from_utf8(bytes).map_err(|_| Unread::Because("it is not UTF-8".to_owned()))
    }

    fn beside(&self, folder: &str, ending: &str) -> Vec<String> {
        files_ending(Path::new(if folder.is_empty() { "." } else { folder }), ending)
    }
}

/// As [`compile`]; prints the messages, and gives the program only if there is no error.
pub fn compile_clean(path: &Path, terminal: &Terminal, seen: &Seen) -> Result<Option<Compilation>, CommandError> {
    let compilation = compile(path, seen)?;
    if !compilation.diagnostics.is_empty() {
        terminal.diagnostics(&compilation.files, &compilation.diagnostics);
    }
    if compilation.diagnostics.has_errors() {
        terminal.eprint(&summary(path, &compilation.diagnostics));
        return Ok(None);
    }
    Ok(Some(compilation))
}

/// Builds a checked program. What a target cannot say is printed as errors, and nothing is given then.
pub fn emit(
    compilation: &Compilation,
    path: &Path,
    options: &BuildOptions,
    terminal: &Terminal,
) -> Option<IndexMap<String, String>> {
    let output = flow_backend::build(&compilation.program, &compilation.files, options);
    if output.faults.is_empty() {
        return Some(output.files);
    }
    let mut diagnostics = Diagnostics::default();
    for fault in output.faults {
        diagnostics.push(Diagnostic::new(codes::NO_TARGET_FORM, fault.what).primary(fault.span, "here"));
    }
    terminal.diagnostics(&compilation.files, &diagnostics);
    terminal.eprint(&summary(path, &diagnostics));
    None
}

/// `nightly.flow: 2 errors, 1 warning; …`.
pub fn summary(path: &Path, diagnostics: &Diagnostics) -> String {
    let counts = diagnostics.summary().unwrap_or_default();
    let first = diagnostics.sorted().into_iter().find(|one| one.severity == Severity::Error || !diagnostics.has_errors());
    let help = first.map(|first| format!("; `flowc explain {}` says more", first.code)).unwrap_or_default();
    format!("{}: {counts}{help}\n", path.display())
}

/// The text of a file.
pub fn read(path: &Path, seen: &Seen) -> Result<String, CommandError> {
    let bytes = seen.read(path).map_err(|source| CommandError::Unreadable {
        help: help_for(path, &source),
        path: path.to_owned(),
        source,
    })?;
    utf8(path, bytes)
}

/// The text of standard input; `name` is what messages call it.
pub fn standard_input(name: &Path) -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    match std::io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => utf8(name, bytes),
        Err(source) => Err(CommandError::Unreadable { path: name.to_owned(), source, help: None }),
    }
}

/// Bytes as text; `path` is where they come from.
pub fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, CommandError> {
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        CommandError::NotUtf8 {
            path: path.to_owned(),
            offset,
            line: bytes.iter().take(offset).filter(|byte| **byte == b'\n').count() + 1,
            byte: bytes.get(offset).copied().unwrap_or_default(),
        }
    })
}

fn help_for(path: &Path, error: &std::io::Error) -> Option<String> {
    if path.is_dir() {
        return Some(format!("`{}` is a folder: name a .flow file in it", path.display()));
    }
    if error.kind() != std::io::ErrorKind::NotFound {
        return None;
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Some(format!("there is no folder `{}`", folder.display()));
    }
    let ending = path.extension().and_then(std::ffi::OsStr::to_str).unwrap_or("flow");
    let mut near = files_ending(folder, ending);
    near.sort();
    match near.as_slice() {
        [] => Some(format!("there is no .{ending} file in that folder")),
        names => Some(match path.file_name().and_then(|wrong| nearest(wrong.to_str()?, names)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("in that folder there is {}", listing(names.get(..5).unwrap_or(names))),
        }),
    }
}

/// The name in `names` that a misspelt one probably meant.
pub fn nearest<'a>(wrong: &str, names: &'a [String]) -> Option<&'a str> {
    names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name.as_str()))
        .filter(|(distance, name)| *distance <= 3.min(1 + name.chars().count() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `` `a`, `b` ``.
pub fn listing(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn files_ending(directory: &Path, ending: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|found| found == ending))
        .collect()
}
