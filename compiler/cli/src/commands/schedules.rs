//! `flowc schedules`: when the flows of a program start by themselves.

mod render;
mod times;

use crate::command_error::CommandError;
use crate::commands::build::known_env;
use crate::compile;
use crate::seen::Seen;
use crate::terminal::Terminal;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::ValueEnum;
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
Examples:
  flowc schedules nightly.flow                     the next five times of each schedule
  flowc schedules nightly.flow --env prod --count 10
  flowc schedules nightly.flow --from 2026-03-27   as of that day: the clocks are about to change
  flowc schedules nightly.flow --format json

Times stand in the zone of the schedule and in UTC. A local time that the clock jumps over does
not fire; one that comes twice fires once. A rate without a start counts from its deployment, of
which nothing is known here: it is counted from --from.

JSON: {\"version\": 1, \"env\", \"from\", \"schedules\": [{\"flow\", \"schedule\", \"file\", \"line\",
\"expression\", \"timezone\", \"deployed\", \"enabled\", \"start\", \"end\", \"next\": [{\"local\", \"utc\"}],
\"notes\"}]}; `flow` is null for a schedule that starts nothing, `schedule` is the name of a
`schedule` item

Exit codes: 0 done; 1 the program has errors; 2 misuse, or a file that cannot be read";

/// Lists the schedules of a program, with the next times at which each one starts its flow
///
/// Says of each whether it exists in the environment, and what its zone's clock changes do to it.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The program
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Whose values the parameters of the program have; `dev` if there is one, else the first, if not given
    #[arg(long, value_name = "ENV")]
    env: Option<String>,

    /// How many times of each
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,

    /// After which moment: 2026-01-05, or 2026-01-05T02:00:00Z; now, if not given
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<DateTime<Utc>>,

    /// What is printed
    #[arg(long, value_enum, value_name = "human|json", hide_possible_values = true, default_value_t = Format::Human)]
    format: Format,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// A day, which begins at midnight in UTC, or a moment with its offset.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|_| format!("`{text}` is no moment: write 2026-01-05, or 2026-01-05T02:00:00Z with its offset"))
}

/// Lists them.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    let Some(compilation) = compile::compile_clean(&arguments.file, terminal, &Seen::default())? else {
        return Ok(ExitCode::FAILURE);
    };
    let program = &compilation.program;
    if let Some(name) = &arguments.env {
        known_env(program, name, &arguments.file)?;
    }
    let env = arguments.env.clone().or_else(|| program.local_env().map(|env| env.name.clone()));
    let from = arguments.from.unwrap_or_else(Utc::now);
    let found = times::schedules(program, &compilation.files, env.as_deref(), from, usize::from(arguments.count));
    match arguments.format {
        Format::Json => terminal.print(&render::json(&found, env.as_deref(), from)),
        Format::Human => {
            terminal.print(&render::human(&found, &arguments.file, env.as_deref(), from, terminal.color_out));
            let others: Vec<&str> =
                program.envs.iter().map(|env| env.name.as_str()).filter(|name| Some(*name) != env.as_deref()).collect();
            if arguments.env.is_none() && !others.is_empty() && !found.is_empty() {
                terminal.eprint(&format!("other environments: {}; see them with --env\n", others.join(", ")));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
