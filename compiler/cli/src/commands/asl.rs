//! `flowc asl`: state machines of AWS Step Functions, whoever wrote them. One file for each command.

pub mod conformance;
mod findings;
pub mod run;
pub mod test_state;
pub mod validate;
pub mod variables;

use crate::command_error::CommandError;
use crate::seen::Seen;
use crate::terminal::Terminal;
use clap::{Subcommand, ValueEnum};
use flow_asl::interpreter::Kind;
use flow_asl::model::StateMachine;
use flow_asl::validate::{Issue, Severity, validate_text};
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  flowc asl run order.asl.json --input '{\"order\": 7}' --tasks tasks.json
                                       runs it here; tasks.json says what its tasks answer
  flowc asl validate *.asl.json        what Step Functions would say of them, with the lines
  flowc asl variables order.asl.json   which variables each state refers to
  flowc asl test-state order.asl.json --state Load --mock '{\"errorOutput\": {\"error\": \"Busy\"}}' --inspection DEBUG
                                       one state alone: how it ends, where it goes, its data in between
  flowc asl conformance cases --misses
                                       compares recorded executions of AWS with what is done here

Exit codes:
  0  as it should be
  1  the execution failed, or a definition would be refused
  2  misuse, or a file that cannot be read";

/// Runs and checks state machines of AWS Step Functions, whoever wrote them
///
/// Works on definitions in the Amazon States Language, in JSONPath or JSONata, and asks AWS for nothing: what the
/// definition says is done here, as Step Functions does it, with its errors, its history and its limits.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Arguments),
    Validate(validate::Arguments),
    Variables(variables::Arguments),
    TestState(test_state::Arguments),
    Conformance(conformance::Arguments),
}

/// Chooses the command.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    match &arguments.command {
        Command::Run(arguments) => run::run(arguments, terminal),
        Command::Validate(arguments) => validate::run(arguments, terminal),
        Command::Variables(arguments) => variables::run(arguments, terminal),
        Command::TestState(arguments) => test_state::run(arguments, terminal),
        Command::Conformance(arguments) => conformance::run(arguments, terminal),
    }
}

/// The text of a file, or of standard input for `-`.
fn text(path: &Path) -> Result<String, CommandError> {
    if path == Path::new("-") {
        return crate::compile::standard_input(path);
    }
    crate::compile::read(path, &Seen::default())
}

/// The JSON in a file, or in standard input for `-`.
fn json(path: &Path, what: &'static str) -> Result<Value, CommandError> {
    let text = text(path)?;
    serde_json::from_str(&text).map_err(|error| CommandError::WrongJson {
        what,
        given: path.display().to_string(),
        why: format!("it is not JSON: {error}"),
        help: None,
    })
}

/// JSON as it was given: the text itself, a file's name, or `-`.
fn json_or_file(given: &str, what: &'static str) -> Result<Value, CommandError> {
    let bare = given.trim_start();
    let path = Path::new(given);
    if !bare.starts_with(['{', '[', '"']) && (given == "-" || path.exists()) {
        return json(path, what);
    }
    serde_json::from_str(given).map_err(|error| CommandError::WrongJson {
        what,
        given: given.chars().take(60).collect(),
        why: format!("it is neither a file nor JSON: {error}"),
        help: Some("give the name of a file, `-` for standard input, or JSON in quotes: '{\"key\": 1}'".to_owned()),
    })
}

/// `--type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Type {
    Standard,
    Express,
}

impl From<Type> for Kind {
    fn from(kind: Type) -> Self {
        match kind {
            Type::Standard => Kind::Standard,
            Type::Express => Kind::Express,
        }
    }
}

/// Reads a definition; `None` once its errors are printed, with the lines they are in.
fn definition(path: &Path, kind: Kind, terminal: &Terminal) -> Result<Option<StateMachine>, CommandError> {
    let text = text(path)?;
    let found = validate_text(&text, kind);
    if found.iter().any(|finding| finding.issue.severity == Severity::Error) {
        findings::refuse(path, &text, &found, terminal);
        return Ok(None);
    }
    match StateMachine::parse(&text) {
        Ok(machine) => Ok(Some(machine)),
        Err(error) => {
            terminal.eprint(&format!("{}: it is not a state machine: {error}\n", path.display()));
            Ok(None)
        }
    }
}

/// Prints the errors of a definition, and how many there are.
fn refused(path: &Path, issues: &[Issue], terminal: &Terminal) {
    let errors: Vec<&Issue> = issues.iter().filter(|issue| issue.severity == Severity::Error).collect();
    let place = |at: &str| if at.is_empty() { "/".to_owned() } else { at.to_owned() };
    let mut text: String = errors
        .iter()
        .map(|issue| format!("error[{}]: {}\n  --> {} {}\n", issue.code, issue.message, path.display(), place(&issue.at)))
        .collect();
    let plural = if errors.len() == 1 { "" } else { "s" };
    text.push_str(&format!("{}: {} error{plural}: it cannot be run\n", path.display(), errors.len()));
    terminal.eprint(&text);
}
