//! The binary as a container's command and on the command line.
//!
//! Exit codes: 0 the request succeeded; 1 it failed; 2 misuse. The answer is one line of JSON on standard output:
//! the report, or `{"errorType", "errorMessage"}`.

use crate::logs;
use crate::worker::{Worker, panicked, read_plan, read_request, runtime};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use flow_engine::Environment;
use flow_plan::{Failure, PLAN_VERSION};
use serde_json::Value;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

const ABOUT: &str = "Executes the tables and transforms of a Flow program.

flow-worker is the generic binary that Flow deploys: it reads a plan (which `flowc build` writes), \
takes one request, and reads, checks, computes and publishes tables. With AWS_LAMBDA_RUNTIME_API in its \
environment it serves as a Lambda instead.";

const AFTER: &str = "Examples:
  Check a day's records, with buckets as directories under /data:
    FLOW_STORE=file:///data FLOW_SLOT_RAW=raw FLOW_SLOT_PROCESSED=processed \\
      flow-worker run --plan build/plan.json --request \\
      '{\"operation\": \"validate\", \"table\": {\"table\": \"encounters\", \"partitions\": {\"dt\": \"2026-01-05\"}}}'
  The same from a file, from standard input, or from a container's environment:
    flow-worker run --plan plan.json --request-file request.json
    flow-worker run --plan plan.json --request-file - < request.json
    FLOW_REQUEST='{…}' FLOW_PLAN=plan.json flow-worker run
  See whether a plan fits this binary:
    flow-worker check-plan build/plan.json

Environment:
  FLOW_STORE        s3 (default), file:///absolute/directory, or memory:
  FLOW_SLOT_<NAME>  the value of the plan's slot <name>, such as a bucket's name
  FLOW_MEMORY_MB    memory for results before they spill to disk (default: no bound;
                    in a Lambda 80 % of its memory)
  FLOW_THREADS      threads (default: the machine's)
  FLOW_LOG          log level on standard error: error, warn, info, debug (default: info)
  FLOW_LOG_FORMAT   json (default) or text
  FLOW_SECRETS      a JSON file of secrets by name, instead of Secrets Manager
  FLOW_POSTGRES     host:port of a PostgreSQL that takes the place of those that requests name
  FLOW_NOTIFICATIONS  a file that takes notifications instead of their being posted
  FLOW_STREAM       as a Lambda: the stream of the plan whose events it serves
  FLOW_SERVICES     queues, topics, buses, streams and ledgers: aws (default) or
                    file:///absolute/directory

Exit codes: 0 the request succeeded, 1 it failed, 2 misuse.";

#[derive(Debug, Parser)]
#[command(name = "flow-worker", about = ABOUT, after_help = AFTER, disable_version_flag = true)]
struct Arguments {
    /// Print the versions of the binary and of the plans that it reads
    #[arg(short = 'V', long)]
    version: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer one request and print the report as JSON
    Run(Run),
    /// Hand one event to a stream, as Lambda would, and print the answer as JSON
    Event(Event),
    /// See whether a plan can be read by this binary, and print what it holds
    CheckPlan {
        /// The plan, as `flowc build` writes it
        plan: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Run {
    /// The plan, as `flowc build` writes it
    #[arg(long, env = "FLOW_PLAN", value_name = "FILE", hide_env_values = true)]
    plan: PathBuf,
    /// The request as JSON
    #[arg(long, value_name = "JSON", conflicts_with = "request_file")]
    request: Option<String>,
    /// A file with the request; `-` is standard input. With neither option: FLOW_REQUEST
    #[arg(long, value_name = "FILE")]
    request_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Event {
    /// The plan, as `flowc build` writes it
    #[arg(long, env = "FLOW_PLAN", value_name = "FILE", hide_env_values = true)]
    plan: PathBuf,
    /// The stream of the plan
    #[arg(long, env = "FLOW_STREAM", value_name = "NAME", hide_env_values = true)]
    stream: String,
    /// The event as AWS gives it to a Lambda; `-` is standard input
    #[arg(value_name = "FILE")]
    event: PathBuf,
    /// The invocation's id, the same when it is tried again
    #[arg(long, value_name = "ID", default_value = "local")]
    request: String,
    /// Seconds that it may take
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// Reads the command line and answers.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Where the terminal is gone, there is nobody to tell.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => ExitCode::from(2),
            };
        }
    };
    if arguments.version {
        print(&format!("flow-worker {} (plan version {PLAN_VERSION})", env!("CARGO_PKG_VERSION")));
        return ExitCode::SUCCESS;
    }
    let environment = Environment::from_process();
    match arguments.command {
        Some(Command::Run(run)) => {
            logs::start(&environment);
            let outcome = std::panic::catch_unwind(|| answer(run, environment)).unwrap_or_else(|_| Err(panicked().into()));
            finish(outcome)
        }
        Some(Command::Event(event)) => {
            logs::start(&environment);
            let outcome = std::panic::catch_unwind(|| handle(&event, environment)).unwrap_or_else(|_| Err(panicked().into()));
            finish(outcome)
        }
        Some(Command::CheckPlan { plan }) => finish(check_plan(&plan)),
        None => {
            eprintln!("error: a command is missing: `flow-worker run`, `flow-worker event` or `flow-worker check-plan`; see `flow-worker --help`");
            ExitCode::from(2)
        }
    }
}

enum Refusal {
    Failure(Failure),
    Misuse(String),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Refusal::Failure(failure)
    }
}

fn finish(outcome: Result<Value, Refusal>) -> ExitCode {
    match outcome {
        Ok(answer) => {
            print(&answer.to_string());
            ExitCode::SUCCESS
        }
        Err(Refusal::Failure(failure)) => {
            print(&serde_json::to_string(&failure).unwrap_or_default());
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
        Err(Refusal::Misuse(what)) => {
            eprintln!("error: {what}");
            ExitCode::from(2)
        }
    }
}

/// One line on standard output. A reader that has gone is no error.
fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn answer(run: Run, environment: Environment) -> Result<Value, Refusal> {
    let text = request_text(&run, &environment)?;
    let value: Value =
        serde_json::from_str(&text).map_err(|error| Refusal::Misuse(format!("the request is not JSON: {error}")))?;
    let request = read_request(value)?;
    let runtime = runtime(&environment)?;
    let worker = Worker::open(&run.plan, environment)?;
    Ok(runtime.block_on(worker.answer(&request))?)
}

fn handle(arguments: &Event, environment: Environment) -> Result<Value, Refusal> {
    let shown = arguments.event.display();
    let text = read(&arguments.event).map_err(|error| Refusal::Misuse(format!("cannot read the event `{shown}`: {error}")))?;
    let event = serde_json::from_str(&text).map_err(|error| Refusal::Misuse(format!("the event `{shown}` is not JSON: {error}")))?;
    let runtime = runtime(&environment)?;
    let worker = Worker::open(&arguments.plan, environment)?;
    let left = arguments.timeout.map(Duration::from_secs);
    Ok(runtime.block_on(worker.event(&arguments.stream, event, &arguments.request, left))?)
}

/// A file's text; `-` is standard input.
fn read(path: &std::path::Path) -> std::io::Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    }
}

fn request_text(run: &Run, environment: &Environment) -> Result<String, Refusal> {
    if let Some(text) = &run.request {
        return Ok(text.clone());
    }
    match (&run.request_file, environment.get("FLOW_REQUEST")) {
        (Some(path), _) => {
            read(path).map_err(|error| Refusal::Misuse(format!("cannot read the request `{}`: {error}", path.display())))
        }
        (None, Some(text)) => Ok(text.to_owned()),
        (None, None) => Err(Refusal::Misuse(
            "there is no request: give `--request JSON`, `--request-file FILE`, or set FLOW_REQUEST".into(),
        )),
    }
}

fn check_plan(path: &std::path::Path) -> Result<Value, Refusal> {
    let plan = read_plan(path)?;
    flow_engine::check_plan(&plan)?;
    let names = |names: Vec<&String>| Value::from(names.into_iter().cloned().collect::<Vec<_>>());
    Ok(serde_json::json!({
        "project": plan.project,
        "version": plan.version,
        "slots": names(plan.slots.keys().collect()),
        "tables": names(plan.tables.keys().collect()),
        "transforms": names(plan.transforms.keys().collect()),
        "streams": names(plan.streams.keys().collect()),
    }))
}
