//! `flowc run`: checks and builds the program into `.flow/`, and hands the artefacts to the local runner: a flow, or its
//! streams.

use crate::command_error::{CommandError, LocalProblem};
use crate::commands::build::known_env;
use crate::compile;
use crate::seen::Seen;
use crate::terminal::Terminal;
use crate::watch;
use crate::write;
use flow_analysis::program::{Env, Expr, ExprKind, Program, Stage, Type, Value};
use flow_local::runs::{self, Filter, PastRun};
use flow_local::streams::{self, StreamOptions};
use flow_local::{LocalError, RunOptions, Status, Stop};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  flowc run nightly.flow --input run_date=2026-01-05
  flowc run nightly.flow --input run_date=2026-01-05 --skip dbt
                                      without Python
  flowc run nightly.flow --input run_date=2026-01-05 --fail copy:States.TaskFailed
                                      the copy fails as often as it is tried: see the alert
  flowc run nightly.flow --input run_date=2026-01-05 --fail copy:Flow.StoreFailed:2
                                      it fails twice: see the retries
  flowc run nightly.flow … --fail compute:States.TaskFailed --param rollback=true
                                      with another value of a parameter: see the rollback
  flowc run approval.flow --input day=2026-01-05 --answer 'decision={\"approved\": true}'
                                      somebody says yes; no is --fail decision:Approval.Rejected
  flowc run daily.flow --input day=2026-01-05 --fail load.copy:States.TaskFailed:1
                                      a step of the flow `load`, which `daily` calls
  flowc run nightly.flow --resume latest
                                      goes on with the last run, after its last good step
  flowc run nightly.flow --input run_date=2026-01-05 --watch
                                      again whenever the program or its settings change
  flowc run nightly.flow --input event.json
                                      an input as the state machine would get it
  flowc run orders.flow               of a program of streams: delivers what waits for them
  flowc run orders.flow --stream load --event event.json
                                      hands one event to one of them, as Lambda would

What it uses, beside the program:
  local.toml           sample data, and how tasks run here
  secrets.json         { \"slack\": { … } }; or the environment: FLOW_SECRET_SLACK='{ … }'
  flow-worker          the generic binary, beside flowc; or FLOW_WORKER=PATH
  FLOW_CACHE           where Python environments are kept (default: ~/.cache/flow)

What it makes, in .flow/ (or --home):
  buckets/<bucket>/    one folder for each bucket
  runs/<id>/           input, state machine, history, logs and result of every run: see `flowc runs`
  build/<program>/     what `flowc build` would write
  notifications.jsonl  what would have been sent
  services/            queues, topics, buses and streams, a file of JSON lines each: add a line such as
                       {\"body\": {\"id\": 1}} to services/queues/NAME.jsonl, and run again
  streams/             how far each stream has come; without it, all is delivered again

Exit codes: 0 the execution succeeded, or all was delivered; 1 it failed, or the program has errors;
2 it could not start; with --watch, that of the last run when Ctrl-C ends it";

/// Runs a flow on this machine, from the same artefacts that would be deployed
///
/// Interprets the emitted state machine, starts the generic binary for its steps as Lambda would, with folders in
/// place of buckets, and runs containers as commands where their task says how (`local = python { … }`). A program
/// without flows has its streams run: what waits in folders and files is delivered to them until nothing is left. Asks AWS
/// for nothing. Progress goes to standard error, the summary to standard output.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The program; with --resume that of the run, if not given
    #[arg(value_name = "FILE", required_unless_present = "resume")]
    file: Option<PathBuf>,

    /// A parameter of the flow, typed by its declaration; or a JSON file with all of them, `-` for standard input
    #[arg(long = "input", short = 'i', value_name = "NAME=VALUE|FILE")]
    inputs: Vec<String>,

    /// Which flow, if the program has several
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,

    /// Runs this stream in place of a flow; all of them, if the program has no flow
    #[arg(long, value_name = "STREAM", conflicts_with_all = ["inputs", "flow", "fails", "skips", "answers", "resume"])]
    stream: Option<String>,

    /// Hands one event (a JSON file as AWS sends it to a Lambda, `-` for standard input) to the stream, and prints its answer
    #[arg(long, value_name = "FILE", conflicts_with_all = ["inputs", "flow", "fails", "skips", "answers", "resume"])]
    event: Option<PathBuf>,

    /// Whose values the parameters of the program have; `dev` if there is one, else the first, if not given
    #[arg(long, value_name = "ENV")]
    env: Option<String>,

    /// Gives a parameter of the program another value for this run: Bool, Int, Float or text
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,

    /// Lets a step fail with an error, the first TIMES attempts or all: retries and handlers work as deployed. A step of a
    /// flow that is called is named FLOW.STEP, here and below
    #[arg(long = "fail", value_name = "STEP:ERROR[:TIMES]")]
    fails: Vec<String>,

    /// Goes on without a step, if nothing reads its result
    #[arg(long = "skip", value_name = "STEP")]
    skips: Vec<String>,

    /// Answers a step that waits for somebody (`await`), which then sends nothing; several for one step come one after the
    /// other, the last one for all that follow. With --fail it is refused
    #[arg(long = "answer", value_name = "STEP=JSON")]
    answers: Vec<String>,

    /// Goes on with a run that failed or was killed, after its last good step; ID may be cut short, or `latest`. Input,
    /// environment and parameters are those of the run
    #[arg(long, value_name = "ID", conflicts_with_all = ["inputs", "flow", "env", "params"])]
    resume: Option<String>,

    /// With --resume: also where steps have changed whose results are taken over
    #[arg(long, requires = "resume")]
    force: bool,

    /// Runs again whenever something changes that was read; a run that is at work then is stopped
    #[arg(long, conflicts_with = "resume")]
    watch: bool,

    /// Where runs keep their things; `.flow` beside the program if not given
    #[arg(long, value_name = "DIRECTORY")]
    home: Option<PathBuf>,
}

/// What is run, after the options or after the run that goes on.
struct Asked {
    file: PathBuf,
    home: PathBuf,
    flow: Option<String>,
    env: Option<String>,
    params: Vec<String>,
    resume: Option<PastRun>,
}

impl Asked {
    fn of(arguments: &Arguments) -> Result<Self, CommandError> {
        let given = arguments.file.clone();
        let home = |file: &Path| {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            arguments.home.clone().unwrap_or_else(|| folder.join(".flow"))
        };
        let Some(id) = &arguments.resume else {
            let file = given.unwrap_or_default();
            return Ok(Asked {
                home: home(&file),
                file,
                flow: arguments.flow.clone(),
                env: arguments.env.clone(),
                params: arguments.params.clone(),
                resume: None,
            });
        };
        let home = home(given.as_deref().unwrap_or(Path::new("")));
        let filter = Filter { program: given.clone(), ..Filter::default() };
        let run = runs::find(&home, &filter, id).map_err(|error| CommandError::Local(LocalProblem(error)))?;
        let description = &run.description;
        Ok(Asked {
            file: given.unwrap_or_else(|| runs::program(&run)),
            home,
            flow: Some(description.flow.clone()),
            env: description.env.clone(),
            params: description.params.clone(),
            resume: Some(run),
        })
    }
}

/// Checks, builds, runs.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> Result<ExitCode, CommandError> {
    if !arguments.watch {
        return once(arguments, terminal, &Seen::default());
    }
    if arguments.inputs.iter().any(|input| input == "-") {
        let text = "`--watch` runs again and again, and standard input can be read once: give `--input` a file\n";
        clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, text).exit();
    }
    Ok(watch::watch(terminal, &mut |seen| once(arguments, terminal, seen)))
}

fn once(arguments: &Arguments, terminal: &Terminal, seen: &Seen) -> Result<ExitCode, CommandError> {
    let asked = Asked::of(arguments)?;
    let file = &asked.file;
    let Some(mut compilation) = compile::compile_clean(file, terminal, seen)? else {
        return Ok(ExitCode::FAILURE);
    };
    let program = &mut compilation.program;
    if let Some(name) = &asked.env {
        known_env(program, name, file)?;
    }
    let env = asked.env.clone().or_else(|| program.local_env().map(|env| env.name.clone()));
    for given in &asked.params {
        set(program, env.as_deref(), given).map_err(|error| CommandError::Local(LocalProblem(error)))?;
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_stem().unwrap_or_default();
    let artefacts = asked.home.join("build").join(name);

    let options = flow_backend::BuildOptions { env };
    let Some(output) = compile::emit(&compilation, file, &options, terminal) else {
        return Ok(ExitCode::FAILURE);
    };
    let files: Vec<(String, Vec<u8>)> = output.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    write::write_build(&artefacts, &files).map_err(|error| match error {
        // Here the folder is chosen by another option than that of `build`.
        CommandError::Unwritable { path, source, .. } => CommandError::Unwritable {
            path,
            source,
            help: Some("choose another place for what runs make: `--home DIRECTORY`".to_owned()),
        },
        other => other,
    })?;

    // What the run reads itself, noted before it does.
    for name in flow_local::SETTINGS {
        seen.note(&folder.join(name));
    }
    let inputs = arguments.inputs.iter().map(Path::new).chain(arguments.event.as_deref());
    for input in inputs.filter(|path| path.is_file()) {
        seen.note(input);
    }
    let problem = |error| CommandError::Local(LocalProblem(error));
    let streams = arguments.stream.is_some() || arguments.event.is_some();
    if streams || (asked.flow.is_none() && streams::only_streams(&artefacts).map_err(problem)?) {
        let clean = streams::run(&StreamOptions {
            artefacts,
            program: folder.to_owned(),
            name: name.to_string_lossy().into_owned(),
            home: asked.home.clone(),
            stream: arguments.stream.clone(),
            event: arguments.event.clone(),
            worker: None,
            color_err: terminal.color_err,
            color_out: terminal.color_out,
        })
        .map_err(problem)?;
        return Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let stop = Stop::default();
    let options = RunOptions {
        artefacts,
        program: folder.to_owned(),
        file: file.clone(),
        home: asked.home.clone(),
        flow: asked.flow.clone(),
        inputs: arguments.inputs.clone(),
        params: asked.params.clone(),
        fails: arguments.fails.clone(),
        skips: arguments.skips.clone(),
        answers: arguments.answers.clone(),
        worker: None,
        cache: None,
        color_err: terminal.color_err,
        color_out: terminal.color_out,
        command: command(arguments, file),
        resume: asked.resume.clone(),
        force: arguments.force,
        stop: stop.clone(),
    };
    let run = || flow_local::run(&options);
    let outcome = if arguments.watch { watch::until_change(seen, &stop, run) } else { run() };
    let outcome = outcome.map_err(|error| CommandError::Local(LocalProblem(error)))?;
    Ok(match outcome.status {
        Status::Succeeded => ExitCode::SUCCESS,
        Status::Failed | Status::TimedOut | Status::Aborted => ExitCode::FAILURE,
    })
}

/// Sets a parameter of the program in an environment, as `terraform apply -var` would.
fn set(program: &mut Program, env: Option<&str>, given: &str) -> Result<(), LocalError> {
    let refuse = |message: String, help: String| LocalError {
        code: "FLOW0906",
        message,
        help: Some(help),
        source: None,
    };
    let all: Vec<String> = program.params.iter().map(|param| param.name.to_string()).collect();
    let known = match all.as_slice() {
        [] => "it has no `param` items".to_owned(),
        all => format!("the program's parameters are {}", compile::listing(all)),
    };
    let (name, text) = given
        .split_once('=')
        .ok_or_else(|| refuse(format!("`--param {given}` is not of the form NAME=VALUE"), known.clone()))?;
    let param = program
        .params
        .iter()
        .find(|param| param.name == name)
        .ok_or_else(|| {
            let did = compile::nearest(name, &all).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            refuse(format!("the program has no parameter `{name}`"), format!("{known}{did}"))
        })?;
    let mut ty = &param.ty;
    loop {
        ty = match ty {
            Type::Nominal { base, .. } => base,
            Type::Optional(inner) => inner,
            _ => break,
        };
    }
    let (value, wanted) = match ty {
        Type::Bool => (text.parse().ok().map(Value::Bool), "`true` or `false`".to_owned()),
        Type::Int => (text.parse().ok().map(Value::Int), "a whole number".to_owned()),
        Type::Float => (text.parse().ok().map(Value::Float), "a number".to_owned()),
        Type::String | Type::Arn => (Some(Value::String(text.to_owned())), "text".to_owned()),
        Type::Literals(cases) => {
            (cases.iter().find(|case| *case == text).cloned().map(Value::String), format!("one of {}", compile::listing(cases)))
        }
        _ => {
            let message = format!("`{name}` cannot be set by `--param`: it is neither Bool, Int, Float nor text");
            return Err(refuse(message, format!("give it in the program: env dev {{ {name} = … }}")));
        }
    };
    let value = value.ok_or_else(|| {
        let example = match ty {
            Type::Bool => "true",
            Type::Int => "3",
            _ => "0.5",
        };
        let help = match ty {
            Type::Literals(_) => "write one of them as it stands".to_owned(),
            _ => format!("for example: --param {name}={example}"),
        };
        refuse(format!("`{text}` does not fit parameter `{name}`: it wants {wanted}"), help)
    })?;
    let expr = Expr { kind: ExprKind::Value(value), ty: param.ty.clone(), stage: Stage::Const, span: param.span };
    match program.envs.iter_mut().find(|known| Some(known.name.as_str()) == env) {
        Some(Env { values, .. }) => {
            values.retain(|(known, _)| known != name);
            values.push((name.to_owned(), expr));
        }
        None => {
            if let Some(param) = program.params.iter_mut().find(|param| param.name == name) {
                param.default = Some(expr);
            }
        }
    }
    Ok(())
}

/// The command as it was typed, without faults, so that one can be put after it.
fn command(arguments: &Arguments, file: &Path) -> String {
    let mut words = vec!["flowc".to_owned(), "run".to_owned(), file.display().to_string()];
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.push(format!("--{name}"));
            words.push(value);
        }
    };
    option("flow", arguments.flow.clone());
    option("env", arguments.env.clone());
    option("home", arguments.home.as_ref().map(|home| home.display().to_string()));
    for input in &arguments.inputs {
        option("input", Some(input.clone()));
    }
    for param in &arguments.params {
        option("param", Some(param.clone()));
    }
    for skip in &arguments.skips {
        option("skip", Some(skip.clone()));
    }
    for answer in &arguments.answers {
        option("answer", Some(answer.clone()));
    }
    let quoted: Vec<String> = words
        .into_iter()
        .map(|word| {
            let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./:=,+@~".contains(c));
            if plain { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
        })
        .collect();
    quoted.join(" ")
}
