//! `flowc fmt`.

use crate::command_error::CommandError;
use crate::compile;
use crate::program_files;
use crate::seen::Seen;
use crate::terminal::Terminal;
use crate::watch;
use crate::write;
use anstyle::{AnsiColor, Style};
use flow_diagnostics::{Diagnostics, FileSet};
use flow_format::{FormatError, Range};
use similar::{ChangeTag, TextDiff};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
Examples:
  flowc fmt                             every .flow file in this folder and below
  flowc fmt nightly.flow                this file
  flowc fmt --check stdlib examples     what would change, for continuous integration
  flowc fmt --check --watch             the same again whenever a file changes, until Ctrl-C
  flowc fmt - < nightly.flow            from standard input to standard output, for editors
  flowc fmt nightly.flow --range 40-52  the items that these lines touch

The style: lines of at most 100 columns; two spaces for each level; the names, types and values of neighbouring lines in
columns. A bracket that stands open at the end of its line stays open, else what fits on a line is put on one. Blank
lines stay, one of several; comments stay. The reference, grammar/README.md, has the rules under \"Layout\".

What is written is parsed again first and compared with what was there: formatting never changes what a program means.
A file with a syntax error is left as it is.

Exit codes: 0 done, or nothing to do; 1 with --check, a file would change; or a file has syntax errors; 2 misuse, or a
file that cannot be read or written; with --watch, that of the last look when Ctrl-C ends it";

/// Formats programs, in the one style that there is
///
/// Changes white space, commas and line ends, and puts parentheses around an expression that is too long for its line;
/// keeps every comment.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Files; folders, with all .flow files in and below them; `-` for standard input. Without any, this folder
    #[arg(value_name = "FILE|FOLDER|-")]
    paths: Vec<PathBuf>,

    /// Writes nothing; shows what would change
    #[arg(long)]
    check: bool,

    /// With --check: looks again whenever one of the files changes
    #[arg(long, requires = "check", conflicts_with = "range")]
    watch: bool,

    /// Only the items that this part of the one file touches: lines `10-20`, or lines and columns `10:1-20:5`, from 1
    #[arg(long, value_name = "FROM-TO")]
    range: Option<Range>,
}

/// What became of a text.
enum Outcome {
    Unchanged,
    Changed(String),
    Broken,
}

/// Formats each file; the exit code is 1 if one has errors, or would change under `--check`.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    let stdin = arguments.paths.iter().any(|path| path.as_os_str() == "-");
    if (stdin || arguments.range.is_some()) && arguments.paths.len() != 1 {
        let what = if stdin { "`-` is standard input, which goes with no other file" } else { "`--range` is of one file: name it" };
        clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, format!("{what}\n")).exit();
    }
    if stdin {
        if arguments.watch {
            clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, "`--watch` goes with files, not with standard input\n").exit();
        }
        return standard_input(arguments, terminal);
    }
    if arguments.watch {
        return Ok(watch::watch(terminal, &mut |seen| look(arguments, terminal, seen)));
    }
    look(arguments, terminal, &Seen::default())
}

fn look(arguments: &Arguments, terminal: &Terminal, seen: &Seen) -> Result<ExitCode, CommandError> {
    let files = program_files::files(&arguments.paths, seen)?;
    let (mut changed, mut broken) = (0, 0);
    for path in &files {
        let text = compile::read(path, seen)?;
        match formatted(&path.display().to_string(), &text, arguments.range, terminal)? {
            Outcome::Unchanged => {}
            Outcome::Broken => broken += 1,
            Outcome::Changed(result) if arguments.check => {
                changed += 1;
                show(&path.display().to_string(), &text, &result, terminal);
            }
            Outcome::Changed(result) => {
                changed += 1;
                write::replace_file(path, result.as_bytes())?;
                terminal.print(&format!("{}: formatted\n", path.display()));
            }
        }
    }
    if arguments.check && changed > 0 {
        terminal.eprint(&format!("{} of {} would change; `flowc fmt` changes them\n", changed, counted(files.len())));
    } else if changed == 0 && broken == 0 {
        terminal.print(&format!("{} in the one style already\n", counted(files.len())));
    }
    Ok(ExitCode::from(u8::from(broken > 0 || arguments.check && changed > 0)))
}

fn standard_input(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    let name = compile::STDIN;
    let text = compile::standard_input(Path::new(name))?;
    match formatted(name, &text, arguments.range, terminal)? {
        Outcome::Broken => Ok(ExitCode::FAILURE),
        Outcome::Changed(result) if arguments.check => {
            show(name, &text, &result, terminal);
            Ok(ExitCode::FAILURE)
        }
        Outcome::Unchanged if arguments.check => Ok(ExitCode::SUCCESS),
        Outcome::Unchanged => {
            terminal.print(&text);
            Ok(ExitCode::SUCCESS)
        }
        Outcome::Changed(result) => {
            terminal.print(&result);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Formats a text; what is wrong with it is printed.
fn formatted(name: &str, text: &str, range: Option<Range>, terminal: &Terminal) -> Result<Outcome, CommandError> {
    let result = match range {
        Some(range) => flow_format::format_range(text, range),
        None => flow_format::format(text),
    };
    match result {
        Ok(result) if result == text => Ok(Outcome::Unchanged),
        Ok(result) => Ok(Outcome::Changed(result)),
        Err(FormatError::Syntax) => {
            let mut files = FileSet::default();
            let mut diagnostics = Diagnostics::default();
            let file = files.add(name, text.to_owned());
            flow_syntax::parse(file, text, &mut diagnostics);
            terminal.diagnostics(&files, &diagnostics);
            terminal.eprint(&compile::summary(Path::new(name), &diagnostics));
            terminal.eprint(&format!("{name}: left as it is\n"));
            Ok(Outcome::Broken)
        }
        Err(FormatError::Differs(why)) => Err(CommandError::FormatterFault { path: PathBuf::from(name), why }),
    }
}

/// `1 file`, `12 files`.
fn counted(files: usize) -> String {
    format!("{files} {}", if files == 1 { "file" } else { "files" })
}

/// What would change, as a unified diff.
fn show(name: &str, text: &str, result: &str, terminal: &Terminal) {
    let style = |color: AnsiColor| if terminal.color_out { color.on_default() } else { Style::new() };
    let (plain, head) = (Style::new(), style(AnsiColor::Cyan));
    let mut shown = format!("{name}: would change\n");
    let diff = TextDiff::from_lines(text, result);
    for hunk in diff.unified_diff().context_radius(2).iter_hunks() {
        shown.push_str(&format!("{head}{}{head:#}\n", hunk.header()));
        for change in hunk.iter_changes() {
            let (mark, style) = match change.tag() {
                ChangeTag::Delete => ('-', style(AnsiColor::Red)),
                ChangeTag::Insert => ('+', style(AnsiColor::Green)),
                ChangeTag::Equal => (' ', plain),
            };
            let line = change.value().trim_end_matches(['\r', '\n']);
            shown.push_str(&format!("{style}{mark}{line}{style:#}\n"));
        }
    }
    terminal.print(&shown);
}
