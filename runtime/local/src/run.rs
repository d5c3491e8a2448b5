//! A run from its options to its outcome.

use crate::artefacts::Artefacts;
use crate::driver::Driver;
use crate::error::{LOCAL_SETUP, LocalError};
use crate::function::Functions;
use crate::home::Home;
use crate::log::Log;
use crate::progress::{Progress, Setting, Shape};
use crate::python::Python;
use crate::record::{self, Both, Description, Place, Recorder, Start};
use crate::setup::{command, file_name, launch, worker};
use crate::screen::{Screen, Tone, paint};
use crate::settings::Settings;
use crate::nested;
use crate::changes::{self, Asked, Changes, Part};
use crate::steps::{self, How, Step};
use crate::summary::Summary;
use crate::runs::{self, PastRun};
use crate::interrupt::{Stop, interrupted};
use crate::{data, input, resuming, secrets};
use flow_asl::clock::{Clock, iso};
use flow_asl::driver::DirectoryObjects;
use flow_asl::interpreter::{Execution, ExecutionOptions, Outcome, Status};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What to run, and how.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// The folder of the artefacts, as `flowc build` makes it.
    pub artefacts: PathBuf,
    /// The program's folder: settings, secrets, where commands run.
    pub program: PathBuf,
    /// The program's file.
    pub file: PathBuf,
    /// Where runs keep their things: `.flow` beside the program.
    pub home: PathBuf,
    /// Which flow; may be left out where there is one.
    pub flow: Option<String>,
    /// `--input`, each as given.
    pub inputs: Vec<String>,
    /// `--param`, each as given; the artefacts have them already.
    pub params: Vec<String>,
    /// `--fail`, each as given.
    pub fails: Vec<String>,
    /// `--skip`.
    pub skips: Vec<String>,
    /// `--answer`, each as given.
    pub answers: Vec<String>,
    /// The generic binary; `FLOW_WORKER`, or `flow-worker` beside this program, if not given.
    pub worker: Option<PathBuf>,
    /// Where Python environments are kept; [`python::cache`] if not given.
    pub cache: Option<PathBuf>,
    /// Whether progress is coloured.
    pub color_err: bool,
    /// Whether the summary is coloured.
    pub color_out: bool,
    /// A run to go on with, instead of beginning one: its input and `--skip` are taken from it.
    pub resume: Option<PastRun>,
    /// Whether to go on though steps have changed whose results are taken over.
    pub force: bool,
    /// What else may stop it.
    pub stop: Stop,
    /// What a person typed to get here, without `--fail` and `--skip`, for what the summary suggests.
    pub command: String,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutcome {
    /// As Step Functions names it.
    pub status: Status,
    /// The run's id, the name of its folder.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The execution's output.
    pub output: Option<Value>,
    /// The execution's error.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
}

/// Runs a flow: progress on standard error, the summary on standard output.
///
/// # Errors
/// What keeps the run from starting. A step that fails is an outcome.
pub fn run(options: &RunOptions) -> Result<RunOutcome, LocalError> {
    // First everything that needs no time and leaves nothing behind: misuse is said at once.
    let settings = Settings::load(&options.program)?;
    let mut artefacts = Artefacts::load(&options.artefacts, options.flow.as_deref())?;
    let input = match &options.resume {
        Some(run) => run.description.input.clone(),
        None => input::read(&options.inputs, &artefacts.flow.params, &artefacts.name)?,
    };
    let steps = steps::steps(&artefacts);
    let skips = resuming::skips(options);
    let answers = resuming::answers(options);
    let mut called = nested::load(&options.artefacts, &steps)?;
    let nested_steps: BTreeMap<String, Vec<Step>> =
        called.iter().map(|(arn, artefacts)| (arn.clone(), steps::steps(artefacts))).collect();
    let (all, reached) = changed(options, &skips, &answers, (&artefacts, &steps), &called, &nested_steps)?;
    let of = |flow: &str| all.get(flow).cloned().unwrap_or_default();
    let changes = of(&artefacts.name);
    steps::skip(&mut artefacts.machine, &changes, &str::to_owned)?;
    for artefacts in called.values_mut() {
        let (changes, name) = (of(&artefacts.name), artefacts.name.clone());
        steps::skip(&mut artefacts.machine, &changes, &|step| format!("{name}.{step}"))?;
    }
    let before = resuming::prepare(options, &artefacts, &called)?;
    let commands: Vec<&Step> =
        steps.iter().filter(|step| step.how == How::Python && !changes.never_runs(&step.name)).collect();
    // Of called flows: those steps that may come to run.
    let mut inner: BTreeMap<&String, Vec<&Step>> = BTreeMap::new();
    for (arn, artefacts) in called.iter().filter(|(_, artefacts)| reached.contains(&artefacts.name)) {
        let changes = of(&artefacts.name);
        let runs = nested_steps.get(arn).into_iter().flatten().filter(|step| !changes.never_runs(&step.name));
        inner.insert(arn, runs.collect());
    }
    let mut all_commands =
        commands.iter().chain(inner.values().flatten()).copied().filter(|step| step.how == How::Python);
    let python = all_commands.next().map(|step| Python::find(&step.name)).transpose()?;
    let binary = match worker(options, &steps, &changes)? {
        Some(worker) => Some(worker),
        None => {
            let steps: Vec<Step> = inner.values().flatten().copied().cloned().collect();
            worker(options, &steps, &Changes::default())?
        }
    };

    let mut screen = Screen::stderr(options.color_err);
    let home = match &options.resume {
        Some(run) => Home::reopen(&options.home, &run.description.id)?,
        None => Home::open(&options.home, &artefacts.name, chrono::Utc::now())?,
    };
    // What is resumed is a run already.
    let unused = options.resume.is_none().then(|| Unused(&home.run));
    let Some(_lock) = record::lock(&home.run).map_err(|error| unwritable(&home, error))? else {
        return Err(resuming::at_work(&home.id));
    };
    let env = artefacts.local.env.as_deref().map(|env| format!(", env {env}")).unwrap_or_default();
    let name = paint(screen.color, Tone::Strong, &artefacts.name);
    screen.line(&format!("{name}{}", paint(screen.color, Tone::Dim, &format!("{env}, run {}", home.id))));
    {
        // Of runs that begin together one makes the data, and the others find it made.
        let guard = std::fs::File::create(home.root.join("sample.lock")).map_err(|error| unwritable(&home, error))?;
        guard.lock().map_err(|error| unwritable(&home, error))?;
        data::prepare(&settings, &options.program, &artefacts.local, &home, &mut screen)?;
    }
    let mut prepared = BTreeMap::new();
    for step in commands {
        if let Some(python) = &python {
            let task = command(step, python, options, &settings, &artefacts, &home, &mut screen)?;
            prepared.insert(step.name.clone(), Arc::new(task));
        }
    }
    let mut flows = nested::Flows::new();
    for (arn, artefacts) in &called {
        let steps = nested_steps.get(arn).cloned().unwrap_or_default();
        let mut commands = BTreeMap::new();
        for step in inner.get(arn).into_iter().flatten().filter(|step| step.how == How::Python) {
            if let Some(python) = &python {
                let task = command(step, python, options, &settings, artefacts, &home, &mut screen)?;
                commands.insert(step.name.clone(), Arc::new(task));
            }
        }
        flows.insert(arn.clone(), nested::Flow { name: artefacts.name.clone(), machine: artefacts.machine.clone(), steps, commands });
    }
    let secrets = secrets::gather(&artefacts.local.secrets, &options.program, &home)?;
    let log = Log::create(&home.run.join("log.jsonl")).map_err(|error| unwritable(&home, error))?;

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| LocalError::new(LOCAL_SETUP, "the threads of the run cannot be started").source(error))?;
    let launch = launch(&options.artefacts, &artefacts.local, &home, binary.unwrap_or_default(), secrets.path())?;
    let functions = Arc::new(Functions::new(&artefacts.local.functions, &launch, Arc::clone(&log)));
    let seed = options.resume.as_ref().map_or_else(crate::chance, |run| run.description.seed);
    let execution = Execution::new(
        &artefacts.machine,
        ExecutionOptions {
            name: home.id.clone(),
            input: input.clone(),
            clock: Clock::Real,
            seed,
            ..ExecutionOptions::default()
        },
    )
    .map_err(|issues| {
        let all: Vec<String> = issues.iter().map(|issue| format!("{}: {}", issue.at, issue.message)).collect();
        LocalError::new(LOCAL_SETUP, format!("the state machine of `{}` cannot be run", artefacts.name))
            .source(all.join("\n"))
            .help("this is a defect of flowc, unless the file was changed by hand")
    })?;

    write(&home, "input.json", &format!("{input:#}\n"))?;
    write(&home, "asl.json", &format!("{}\n", artefacts.machine.to_json()))?;
    let description = Description {
        version: record::VERSION,
        id: home.id.clone(),
        flow: artefacts.name.clone(),
        program: std::path::absolute(&options.file).unwrap_or_else(|_| options.file.clone()),
        env: artefacts.local.env.clone(),
        params: options.params.clone(),
        input: input.clone(),
        seed,
        starts: options
            .resume
            .iter()
            .flat_map(|run| run.description.starts.clone())
            .chain([Start { at: record::now(), fail: options.fails.clone(), skip: skips.clone(), answer: answers.clone() }])
            .collect(),
        places: std::iter::once(&artefacts)
            .chain(called.values())
            .map(|artefacts| (artefacts.name.clone(), places(artefacts)))
            .collect(),
    };
    for called in called.values() {
        let name = runs::definition_name(&called.name, &artefacts.name);
        write(&home, &name, &format!("{}\n", called.machine.to_json()))?;
    }
    let mut recorder = Recorder::create(&description.events(&home.run)).map_err(|error| unwritable(&home, error))?;
    // From here on the run is one that happened.
    description.write(&home.run).map_err(|error| unwritable(&home, error))?;
    std::mem::forget(unused);
    let setting = Setting {
        steps: steps.clone(),
        changes: changes.clone(),
        places: artefacts
            .source_map
            .states
            .keys()
            .filter_map(|state| Some((state.clone(), artefacts.place(state)?)))
            .collect(),
        shape: Shape::of(&serde_json::from_str(&artefacts.machine.to_json()).unwrap_or_default()),
        logs: prepared.iter().map(|(state, task)| (state.clone(), task.log.clone())).collect(),
        log,
    };
    let (replay, nested) = before.map(|before| (before.replay, before.nested)).unzip();
    let mut progress = Progress::new(screen, setting, replay.is_some());
    let abort = execution.abort_handle();
    options.stop.begin(abort.clone());
    runtime.spawn(async move {
        interrupted().await;
        abort.abort("Flow.Interrupted", "the run was stopped by a signal");
    });
    let mut driver = Driver::new(
        runtime.handle().clone(),
        Arc::clone(&functions),
        prepared,
        (&artefacts.name, &steps),
        Arc::new(all),
        Arc::new(flows),
        DirectoryObjects::new(&home.buckets),
        recorder.clone(),
    );
    driver.resumed = nested.unwrap_or_default();
    let started = Instant::now();
    let mut observer = Both(&mut progress, &mut recorder);
    let outcome = match replay {
        Some(replay) => execution.resume(replay, &mut driver, &mut observer),
        None => execution.run(&mut driver, &mut observer),
    };
    let took = started.elapsed();
    options.stop.end();
    drop(driver);
    functions.stop();
    // Waits for what was just told to end, so that no process outlives the run.
    runtime.shutdown_timeout(Duration::from_secs(2));
    drop(secrets);
    progress.finish(outcome.time.0.saturating_add(i64::try_from(took.as_micros()).unwrap_or(i64::MAX)));

    write(&home, "history.json", &history(&outcome))?;
    write(&home, "result.json", &result(options, &description, &home, &outcome, &progress))?;
    let summary = summary(options, &artefacts, &home, &outcome, took, &progress, &changes);
    let mut out = std::io::stdout().lock();
    let _closed = out.write_all(summary.as_bytes()).and_then(|()| out.flush());
    Ok(RunOutcome {
        status: outcome.status,
        id: home.id.clone(),
        folder: home.run.clone(),
        output: outcome.output,
        error: outcome.error,
        cause: outcome.cause,
    })
}

/// What the options change, by flow, and which flows the run may come to.
fn changed(
    options: &RunOptions,
    skips: &[String],
    answers: &[String],
    (artefacts, steps): (&Artefacts, &[Step]),
    called: &BTreeMap<String, Artefacts>,
    nested_steps: &BTreeMap<String, Vec<Step>>,
) -> Result<(BTreeMap<String, Changes>, BTreeSet<String>), LocalError> {
    let own = Part { artefacts, steps, own: true };
    let inner = called.iter().filter_map(|(arn, artefacts)| {
        Some(Part { artefacts, steps: nested_steps.get(arn)?.as_slice(), own: false })
    });
    let parts: Vec<Part<'_>> = std::iter::once(own).chain(inner).collect();
    let all = changes::changes(Asked { fails: &options.fails, skips, answers }, &parts)?;
    let reached = nested::reached(&parts, &all);
    steps::runnable(&reached, &all)?;
    let names = reached.iter().map(|part| part.name().to_owned()).collect();
    Ok((all, names))
}

/// The folder of a run that did not start; dropped, it goes.
struct Unused<'a>(&'a Path);

impl Drop for Unused<'_> {
    fn drop(&mut self) {
        // It holds an empty log at most.
        let _stays = std::fs::remove_dir_all(self.0);
    }
}

/// Where a flow's states come from, with the lines as they are now.
fn places(artefacts: &Artefacts) -> BTreeMap<String, Place> {
    let mut texts: BTreeMap<&str, Option<String>> = BTreeMap::new();
    let mut places = BTreeMap::new();
    for (state, place) in &artefacts.source_map.states {
        // A file of the library lies on no disk.
        let text = texts.entry(&place.file).or_insert_with(|| std::fs::read_to_string(&place.file).ok());
        let line = text.as_deref().and_then(|text| text.lines().nth((place.line as usize).saturating_sub(1)));
        let text = line.unwrap_or_default().trim().to_owned();
        places.insert(state.clone(), Place { file: place.file.clone(), line: place.line, text });
    }
    places
}

fn history(outcome: &Outcome) -> String {
    format!("{:#}\n", json!({ "events": outcome.history }))
}

fn status_name(status: Status) -> Value {
    serde_json::to_value(status).unwrap_or_default()
}

fn result(options: &RunOptions, description: &Description, home: &Home, outcome: &Outcome, progress: &Progress) -> String {
    let result = json!({
        "start": description.starts.len(),
        "id": home.id,
        "flow": description.flow,
        "env": description.env,
        "program": options.program,
        "started": iso(outcome.time.0),
        "ended": iso(outcome.time.1),
        "ended_at": outcome.time.1,
        "fail": options.fails,
        "skip": description.starts.last().map(|start| &start.skip),
        "answer": description.starts.last().map(|start| &start.answer),
        "status": status_name(outcome.status),
        "output": outcome.output,
        "error": outcome.error,
        "cause": outcome.cause,
        "steps": progress.records.values().collect::<Vec<_>>(),
    });
    format!("{result:#}\n")
}

fn summary(
    options: &RunOptions,
    artefacts: &Artefacts,
    home: &Home,
    outcome: &Outcome,
    took: Duration,
    progress: &Progress,
    changes: &Changes,
) -> String {
    let mut tables: Vec<(String, PathBuf)> =
        artefacts.local.tables.iter().map(|(name, table)| (name.clone(), home.table(table))).collect();
    tables.extend(data::quarantines(&options.artefacts, artefacts, home));
    let mut files = vec![("notifications".to_owned(), home.notifications.clone())];
    if Progress::has_functions(&steps::steps(artefacts), changes) {
        files.push(("log".to_owned(), home.run.join("log.jsonl")));
    }
    for record in progress.records.values() {
        files.push((format!("log of {}", record.step), home.run.join(format!("{}.log", file_name(&record.step)))));
    }
    files.push(("state machine".to_owned(), home.run.join("asl.json")));
    files.push(("its history".to_owned(), home.run.join("history.json")));
    files.push(("Terraform".to_owned(), options.artefacts.canonicalize().unwrap_or_else(|_| options.artefacts.clone())));
    Summary {
        color: options.color_out,
        records: progress.records.values().collect(),
        not_run: progress.not_run(),
        tables,
        files,
        status: outcome.status,
        output: outcome.output.clone(),
        error: outcome.error.as_ref().map(|error| (error.clone(), outcome.cause.clone().unwrap_or_default())),
        took,
        home,
        next: next(options, &home.id, outcome, progress, changes),
    }
    .text()
}

/// What a person may want to try now.
fn next(options: &RunOptions, id: &str, outcome: &Outcome, progress: &Progress, changes: &Changes) -> Vec<(String, String)> {
    if options.command.is_empty() {
        return Vec::new();
    }
    if outcome.status != Status::Succeeded {
        let home = if options.home.ends_with(".flow") { String::new() } else { format!(" --home {}", options.home.display()) };
        let file = options.file.display();
        return vec![
            ("see what happened".to_owned(), format!("flowc runs show {id} {file}{home}")),
            ("go on where it stopped".to_owned(), format!("flowc run {file} --resume {id}{home}")),
        ];
    }
    if !changes.faults.is_empty() || options.resume.is_some() {
        return Vec::new();
    }
    // The second step: by then there is something to undo.
    let free = |step: &&str| !changes.skips(step) && !changes.answers.contains_key(*step);
    let ran: Vec<&str> = progress.records.keys().map(String::as_str).filter(free).collect();
    let Some(step) = ran.get(1).or(ran.first()) else { return Vec::new() };
    vec![("see it fail".to_owned(), format!("{} --fail {step}:States.TaskFailed", options.command))]
}

fn write(home: &Home, name: &str, text: &str) -> Result<(), LocalError> {
    record::write_whole(&home.run, name, text).map_err(|error| unwritable(home, error))
}

fn unwritable(home: &Home, error: std::io::Error) -> LocalError {
    LocalError::new(LOCAL_SETUP, format!("cannot write into `{}`", home.run.display()))
        .source(error)
        .help("choose another place for what runs make: `--home DIRECTORY`")
}

