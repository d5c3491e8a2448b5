//! `flowc check`.

use crate::command_error::CommandError;
use crate::compile;
use crate::program_files;
use crate::seen::Seen;
use crate::settings::Settings;
use crate::terminal::Terminal;
use crate::watch;
use clap::ValueEnum;
use flow_diagnostics::render::{self, Tool};
use flow_diagnostics::{Diagnostics, FileSet};
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
Examples:
  flowc check                                     every .flow file in this folder and below
  flowc check flows common.flow                   a folder and a file
  flowc check - --stdin-name flows/a.flow < text  from standard input, for editors
  flowc check --watch                             again whenever a file changes, until Ctrl-C
  flowc check --format github                     beside the lines of a pull request, in GitHub Actions
  flowc check --format sarif > flowc.sarif        for a code host's list of findings

Formats:
  human   messages with the lines they speak of, on standard error; what was checked, on standard output
  short   a line each, FILE:LINE:COLUMN: SEVERITY[CODE]: MESSAGE
  json    one document: {\"version\": 1, \"errors\", \"warnings\", \"diagnostics\": [{\"code\", \"title\", \"severity\", \"message\",
          \"file\", \"range\", \"labels\", \"notes\", \"help\", \"fixes\"}]}; lines and columns count from 1, columns in
          characters; the end of a range is one past its last character
  sarif   a SARIF 2.1.0 log, with the page of each code
  github  workflow commands of GitHub Actions
All but human go to standard output, and hold nothing else.

Strictness: a flowc.toml beside a program, or in the nearest folder above it, says what warnings are:
  [severity]
  FLOW0620 = \"error\"                              or \"warn\", \"off\"
In a program, @allow(FLOW0801, \"reason\") before an item keeps that warning back in it.

With --watch, files that a program uses, its schemas and flowc.toml are watched too, and files
that come into a folder.

Exit codes: 0 no errors (there may be warnings); 1 errors; 2 misuse, or a file that cannot be read;
with --watch, that of the last look when Ctrl-C ends it";

/// Says what is wrong with programs, without building anything
///
/// Checks names, types, stages, the graph of steps and tables, and what AWS would refuse. Prints nothing but a line
/// per file when all is well. Needs no network and no credentials.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Files; folders, with all .flow files in and below them, what is hidden and build, target and node_modules left out;
    /// `-` for standard input. Without any, this folder
    #[arg(value_name = "FILE|FOLDER|-")]
    paths: Vec<PathBuf>,

    /// What is printed
    #[arg(long, value_enum, value_name = "human|short|json|sarif|github", hide_possible_values = true, default_value_t = Format::Human)]
    format: Format,

    /// What standard input is called in messages, and where its flowc.toml and the files that it uses are looked for
    #[arg(long, value_name = "FILE")]
    stdin_name: Option<PathBuf>,

    /// Checks again whenever something changes that was read
    #[arg(long)]
    watch: bool,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Short,
    Json,
    Sarif,
    Github,
}

/// Checks each program; the exit code is 1 if any has errors, 2 if any cannot be read.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    let stdin = arguments.paths.iter().any(|path| path.as_os_str() == "-");
    if stdin && arguments.paths.len() != 1 {
        misuse("`-` is standard input, which goes with no other file");
    }
    if arguments.stdin_name.is_some() && !stdin {
        misuse("`--stdin-name` names standard input: give `-` too");
    }
    if arguments.watch {
        if stdin {
            misuse("`--watch` goes with files and folders, not with standard input");
        }
        if matches!(arguments.format, Format::Json | Format::Sarif) {
            misuse("`--watch` prints again and again, and json and sarif are one document: use human, short or github");
        }
        return Ok(watch::watch(terminal, &mut |seen| look(arguments, terminal, stdin, seen)));
    }
    look(arguments, terminal, stdin, &Seen::default())
}

/// Checks them once.
fn look(arguments: &Arguments, terminal: &Terminal, stdin: bool, seen: &Seen) -> Result<ExitCode, CommandError> {
    let programs = if stdin { arguments.paths.clone() } else { program_files::files(&arguments.paths, seen)? };
    let mut settings = Settings::default();
    let mut files = FileSet::default();
    let mut all = Diagnostics::default();
    let mut unread = false;
    for path in &programs {
        let name = if stdin { arguments.stdin_name.clone().unwrap_or(PathBuf::from(compile::STDIN)) } else { path.clone() };
        let text = if stdin { compile::standard_input(&name) } else { compile::read(path, seen) };
        let mut found = Diagnostics::default();
        let checked = text.and_then(|text| compile::check(&name, text, &mut settings, &mut files, &mut found, seen));
        if let Err(error) = checked {
            // The others are checked all the same.
            terminal.error(error);
            unread = true;
            continue;
        }
        if arguments.format == Format::Human {
            if found.is_empty() {
                terminal.print(&format!("{}: no errors\n", name.display()));
            } else {
                terminal.diagnostics(&files, &found);
                terminal.eprint(&compile::summary(&name, &found));
            }
        }
        all.extend(found);
    }
    match arguments.format {
        Format::Human if programs.len() > 1 => {
            terminal.eprint(&format!("{} files: {}\n", programs.len(), all.summary().unwrap_or("no errors".to_owned())));
        }
        Format::Human => {}
        Format::Short => terminal.print(&render::short(&files, &all)),
        Format::Json => terminal.print(&render::json(&files, &all)),
        Format::Sarif => {
            let tool = Tool { name: "flowc", version: env!("CARGO_PKG_VERSION") };
            terminal.print(&render::sarif(&files, &all, tool));
        }
        Format::Github => terminal.print(&render::github(&files, &all)),
    }
    Ok(ExitCode::from(if unread { 2 } else { u8::from(all.has_errors()) }))
}

fn misuse(what: &str) -> ! {
    clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, format!("{what}\n")).exit()
}
