//! `flowc runs`: past runs on this machine.

use crate::command_error::{CommandError, LocalProblem};
use crate::terminal::Terminal;
use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use flow_local::LocalError;
use flow_local::runs::{self, Filter, RunStatus};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HELP: &str = "\
Examples:
  flowc runs                            of the programs in this folder, newest first
  flowc runs nightly.flow --limit 5     of one program
  flowc runs --status failed --format json
  flowc runs show latest                what the last one did, drawn on the source
  flowc runs show 20260106T02           the one whose id begins so
  flowc runs clean --keep 5             removes all but the newest five of each flow

Statuses:
  running, succeeded, failed, timed-out
  aborted  stopped by a signal (Ctrl-C), with its tasks
  killed   its process ended without a word: `kill -9`, the machine was switched off

JSON: {\"version\": 1, \"runs\": [{\"id\", \"flow\", \"program\", \"env\", \"status\", \"started\", \"ended\", \"milliseconds\",
\"starts\", \"failed\": {\"step\", \"place\", \"error\", \"cause\"} or null, \"folder\"}]}

Runs lie in .flow/runs beside the program (or --home). They are removed by `flowc runs clean` alone.

Exit codes: 0 done; 2 misuse, no such run, or a folder that cannot be read";

/// Lists past runs on this machine, shows one, removes old ones
///
/// A run that was killed is there too, with what it had done: each step is written down as it happens.
#[derive(clap::Args)]
#[command(after_help = HELP, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Action>,

    #[command(flatten)]
    place: Place,

    /// Only those of this flow
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,

    /// Only those that are so; may be given several times
    #[arg(long, value_name = "STATUS", value_parser = statuses())]
    status: Vec<String>,

    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: usize,

    /// What is printed
    #[arg(long, value_enum, value_name = "human|json", hide_possible_values = true, default_value_t = Format::Human)]
    format: Format,
}

/// Where the runs are.
#[derive(clap::Args)]
struct Place {
    /// The program, or the folder of programs; this folder, if not given
    #[arg(value_name = "FILE|FOLDER")]
    program: Option<PathBuf>,

    /// Where runs keep their things; `.flow` beside the program, if not given
    #[arg(long, value_name = "DIRECTORY")]
    home: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum Action {
    Show(Show),
    Clean(Clean),
}

/// Shows what a run did: its steps on their lines of the source, with attempts, waits, errors and rows
#[derive(clap::Args)]
struct Show {
    /// The run's id or the beginning of it; `latest` is the newest
    #[arg(value_name = "ID")]
    id: String,

    #[command(flatten)]
    place: Place,

    /// Every iteration and every round of a loop, also where nothing went wrong
    #[arg(long)]
    all: bool,

    /// What is printed; json has the whole history, with the events as GetExecutionHistory gives them
    #[arg(long, value_enum, value_name = "human|json", hide_possible_values = true, default_value_t = Format::Human)]
    format: Format,
}

/// Removes old runs: what they wrote of themselves, not the tables that they made
///
/// Keeps the newest runs of each flow of each program, and everything that is at work.
#[derive(clap::Args)]
struct Clean {
    #[command(flatten)]
    place: Place,

    /// Keeps so many of each flow [default: 10, or 0 with --older-than]
    #[arg(long, value_name = "NUMBER")]
    keep: Option<usize>,

    /// Only what began so long ago: 30d, 12h
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Option<Duration>,

    /// Removes nothing; says what would go
    #[arg(long)]
    dry_run: bool,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

fn statuses() -> PossibleValuesParser {
    PossibleValuesParser::new(RunStatus::ALL.map(|(name, _)| name))
}

/// `30d`, `12h`, `45m`.
fn age(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no age: write a number with d, h or m, such as 30d");
    let (unit, seconds) = match text.chars().last() {
        Some(unit @ 'd') => (unit, 86_400),
        Some(unit @ 'h') => (unit, 3_600),
        Some(unit @ 'm') => (unit, 60),
        _ => return Err(wrong()),
    };
    let number: u64 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

impl Place {
    /// The home folder, and which program is meant.
    fn home(&self) -> Result<(PathBuf, Filter), CommandError> {
        let given = self.program.as_deref().unwrap_or(Path::new("."));
        let is_folder = given.is_dir();
        if !is_folder && self.program.is_some() && !given.exists() && self.home.is_none() {
            // A program that was removed has runs all the same, but not so a folder that is none.
            let folder = folder_of(given);
            if !folder.is_dir() {
                let source = std::io::Error::from(std::io::ErrorKind::NotFound);
                let help = Some(format!("there is no folder `{}`", folder.display()));
                return Err(CommandError::Unreadable { path: given.to_owned(), source, help });
            }
        }
        let folder = if is_folder { given } else { folder_of(given) };
        let beside = if folder == Path::new(".") { PathBuf::from(".flow") } else { folder.join(".flow") };
        let home = self.home.clone().unwrap_or(beside);
        let program = (!is_folder).then(|| given.to_owned());
        Ok((home, Filter { program, ..Filter::default() }))
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn local(error: LocalError) -> CommandError {
    CommandError::Local(LocalProblem(error))
}

/// Lists, shows or removes.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    match &arguments.command {
        None => list(arguments, terminal)?,
        Some(Action::Show(show)) => {
            let (home, filter) = show.place.home()?;
            let found = runs::find(&home, &filter, &show.id).map_err(local)?;
            let text = match show.format {
                Format::Human => runs::show(&found, show.all, terminal.color_out),
                Format::Json => runs::show_document(&found),
            };
            terminal.print(&text.map_err(local)?);
        }
        Some(Action::Clean(arguments)) => clean(arguments, terminal)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(arguments: &Arguments, terminal: &Terminal) -> Result<(), CommandError> {
    let (home, mut filter) = arguments.place.home()?;
    filter.flow.clone_from(&arguments.flow);
    let named = |name: &String| RunStatus::ALL.iter().find(|(known, _)| known == name).map(|(_, status)| *status);
    filter.status = arguments.status.iter().filter_map(named).collect();
    let mut found = runs::list(&home, &filter).map_err(local)?;
    let count = found.len();
    found.truncate(arguments.limit);
    if arguments.format == Format::Json {
        terminal.print(&runs::document(&found));
        return Ok(());
    }
    if count == 0 {
        let which = if arguments.flow.is_some() || !filter.status.is_empty() { " like that" } else { "" };
        terminal.eprint(&format!("no runs{which} in {}; `flowc run FILE` makes one\n", home.join("runs").display()));
        return Ok(());
    }
    terminal.print(&runs::table(&found, terminal.color_out));
    if count > found.len() {
        terminal.eprint(&format!("{} older ones: --limit {count} shows all\n", count - found.len()));
    }
    Ok(())
}

fn clean(arguments: &Clean, terminal: &Terminal) -> Result<(), CommandError> {
    let (home, filter) = arguments.place.home()?;
    let before = arguments.older_than.map(|age| {
        let then = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(age);
        i64::try_from(then.as_micros()).unwrap_or(i64::MAX)
    });
    let keep = arguments.keep.or(before.is_none().then_some(10));
    let old = runs::old(runs::list(&home, &filter).map_err(local)?, keep, before);
    let (mut removed, mut bytes) = (0, 0);
    for run in &old {
        let size = runs::size(run);
        if arguments.dry_run || runs::remove(run).map_err(local)? {
            terminal.print(&format!("{}\n", run.description.id));
            removed += 1;
            bytes += size;
        }
    }
    let word = if arguments.dry_run { "would be removed" } else { "removed" };
    let what = if removed == 1 { "1 run".to_owned() } else { format!("{removed} runs") };
    terminal.eprint(&format!("{what} {word}, {}\n", runs::bytes(bytes)));
    Ok(())
}
