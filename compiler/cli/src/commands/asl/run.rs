//! `flowc asl run`: one execution of a definition, with tasks that answer as a file says.

use super::{Type, definition, json, json_or_file, refused, text};
use crate::command_error::CommandError;
use crate::terminal::Terminal;
use flow_asl::clock::Clock;
use flow_asl::driver::{Tasks, TasksDriver};
use flow_asl::interpreter::{ContextOptions, Execution, ExecutionOptions, Outcome, Silent, Status};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
What the tasks answer, in the file of --tasks:
  by the state's name, a list in the order of its starts; the last entry repeats
    {\"Copy\": [{\"error\": \"States.TaskFailed\", \"cause\": \"busy\", \"delay\": 3}, {\"output\": {\"rows\": 3}}]}
  an entry has `output`, or `error` and `cause`, or `hang` (no answer until the timeout);
  beside it may stand `delay` and `heartbeats`, in seconds, and `submitted`, what a `.sync` service
  says on accepting
  in place of a state, a resource: {\"arn:aws:states:::sqs:sendMessage\": [{\"output\": {}}]}
  with sections, of which replay and lambdas are those of a recorded execution
    {\"states\":   {\"Copy\": [{\"output\": 1}]},
     \"lambdas\":  [{\"function_name\": \"f\", \"behaviour\": {\"kind\": \"echo\"}}],
     \"machines\": {\"child\": {\"definition\": {\"StartAt\": …}}},
     \"buckets\":  {\"orders\": {\"2026/a.json\": \"[1, 2]\"}},
     \"replay\":   [{\"state\": \"Copy\", \"result\": {\"output\": 1}}]}
  the buckets are what a distributed Map reads from and writes to; \"buckets\": \"data\" is the directory
  data, with a directory for each bucket
  a function's behaviour is echo, const, raise, sleep, or process with `program`: a deployment
  package's `bootstrap`, or any program that asks for its work over the Lambda Runtime API
A task that the file does not know fails with States.Runtime, which nothing catches.

Examples:
  flowc asl run order.asl.json
  flowc asl run order.asl.json --input '{\"order\": 7}' --tasks tasks.json --history history.json
  echo '{\"order\": 7}' | flowc asl run order.asl.json --input - --tasks tasks.json

Exit codes: 0 SUCCEEDED; 1 FAILED, TIMED_OUT or ABORTED; 2 misuse, or a definition that Step Functions would refuse";

/// Runs a state machine on this machine
///
/// Prints one JSON object: {"status","output"}, or {"status","error","cause"}. Time is virtual unless told otherwise: a
/// year of Wait takes no time, and the same input, tasks and seed give the same history.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The definition, in the Amazon States Language; `-` for standard input
    #[arg(value_name = "DEFINITION.json")]
    definition: PathBuf,

    /// The execution's input: a file, `-` for standard input, or JSON; `{}` if not given
    #[arg(long, short = 'i', value_name = "FILE|-|JSON")]
    input: Option<String>,

    /// What the tasks answer
    #[arg(long, value_name = "FILE")]
    tasks: Option<PathBuf>,

    /// Names and ARNs of the context object: as Step Functions shows it ({"Execution": {"Id": …}}), or as a recorded
    /// case has them ({"execution_arn": …})
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,

    /// The kind of the state machine
    #[arg(long = "type", value_enum, ignore_case = true, value_name = "STANDARD|EXPRESS", hide_possible_values = true, default_value_t = Type::Standard)]
    kind: Type,

    /// Writes the events there, as GetExecutionHistory gives them
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,

    /// Waits and delays take the time that they take
    #[arg(long)]
    real_time: bool,

    /// Decides jitter, random numbers and UUIDs
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// Runs it and prints how it ended.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    const MISUSE: u8 = 2;
    let Some(machine) = definition(&arguments.definition, arguments.kind.into(), terminal)? else { return Ok(ExitCode::from(MISUSE)) };
    let input = arguments.input.as_deref().map(|given| json_or_file(given, "the input"));
    let tasks = arguments.tasks.as_deref().map(tasks).transpose()?;
    let (name, context) = context(arguments.context.as_deref())?;
    let options = ExecutionOptions {
        name,
        input: input.transpose()?.unwrap_or_else(|| Value::Object(Map::new())),
        clock: if arguments.real_time { Clock::Real } else { Clock::default() },
        seed: arguments.seed,
        context: Some(context),
        kind: arguments.kind.into(),
        ..ExecutionOptions::default()
    };
    let execution = match Execution::of_validated(&machine, options) {
        Ok(execution) => execution,
        Err(issues) => {
            refused(&arguments.definition, &issues, terminal);
            return Ok(ExitCode::from(MISUSE));
        }
    };
    let mut driver = TasksDriver::new(tasks.unwrap_or_default()).processes(flow_local::function::processes());
    if arguments.real_time {
        driver = driver.in_real_time();
    }
    let outcome = execution.run(&mut driver, &mut Silent);
    if let Some(path) = &arguments.history {
        write_history(path, &outcome)?;
    }
    terminal.print(&format!("{}\n", summary(&outcome)));
    Ok(match outcome.status {
        Status::Succeeded => ExitCode::SUCCESS,
        Status::Failed | Status::TimedOut | Status::Aborted => ExitCode::FAILURE,
    })
}

/// `{"status","output"}`, or `{"status","error","cause"}` with what there is of the two.
fn summary(outcome: &Outcome) -> Value {
    let mut about = Map::new();
    about.insert("status".to_owned(), json!(outcome.status));
    if let Some(output) = &outcome.output {
        about.insert("output".to_owned(), output.clone());
    }
    if let Some(error) = &outcome.error {
        about.insert("error".to_owned(), error.as_str().into());
    }
    if let Some(cause) = &outcome.cause {
        about.insert("cause".to_owned(), cause.as_str().into());
    }
    Value::Object(about)
}

pub(super) fn tasks(path: &Path) -> Result<Tasks, CommandError> {
    Tasks::parse(&text(path)?).map_err(|error| CommandError::WrongJson {
        what: "the tasks file",
        given: path.display().to_string(),
        why: error.to_string(),
        help: Some("`flowc asl run --help` shows what it may hold".to_owned()),
    })
}

/// The execution's name, and what the context object says.
fn context(path: Option<&Path>) -> Result<(String, ContextOptions), CommandError> {
    const WHAT: &str = "the context";
    let given = path.map(|path| json(path, WHAT)).transpose()?.unwrap_or_default();
    if let (Some(path), false) = (path, given.is_object()) {
        return Err(CommandError::WrongJson {
            what: WHAT,
            given: path.display().to_string(),
            why: "it is not an object".to_owned(),
            help: Some("for example: {\"Execution\": {\"Id\": \"arn:…\", \"Name\": \"…\"}}".to_owned()),
        });
    }
    let text = |shown: &str, recorded: &str| {
        let found = given.pointer(shown).or_else(|| given.get(recorded));
        found.and_then(Value::as_str).map(str::to_owned)
    };
    let name = text("/Execution/Name", "execution_name").unwrap_or_else(|| "execution".to_owned());
    let machine = text("/StateMachine/Name", "state_machine_name").unwrap_or_else(|| "machine".to_owned());
    let local = ContextOptions::local(&machine, &name);
    let context = ContextOptions {
        execution_arn: text("/Execution/Id", "execution_arn").unwrap_or(local.execution_arn),
        role_arn: text("/Execution/RoleArn", "role_arn").unwrap_or(local.role_arn),
        state_machine_arn: text("/StateMachine/Id", "state_machine_arn").unwrap_or(local.state_machine_arn),
        state_machine_name: machine,
    };
    Ok((name, context))
}

fn write_history(path: &Path, outcome: &Outcome) -> Result<(), CommandError> {
    let unwritable = |source| CommandError::Unwritable { path: path.to_owned(), source, help: None };
    let mut text = serde_json::to_string_pretty(&json!({ "events": outcome.history }))
        .map_err(|error| unwritable(std::io::Error::other(error)))?;
    text.push('\n');
    std::fs::write(path, text).map_err(unwritable)
}
