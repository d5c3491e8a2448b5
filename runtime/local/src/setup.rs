//! What a run's steps need: the generic binary with its environment, commands with theirs.

use crate::artefacts::Artefacts;
use crate::error::{LOCAL_SETUP, LocalError, NO_WORKER};
use crate::function::Launch;
use crate::home::{Home, shown};
use crate::python::{self, Python, Requirements};
use crate::run::RunOptions;
use crate::screen::{Screen, Tone, paint};
use crate::settings::Settings;
use crate::changes::Changes;
use crate::steps::{How, Step};
use flow_plan::{LocalRun, slot_variable};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The generic binary, if any step needs it.
pub fn worker(options: &RunOptions, steps: &[Step], changes: &Changes) -> Result<Option<PathBuf>, LocalError> {
    let needs = |step: &&Step| matches!(step.how, How::Function(_)) && !changes.never_runs(&step.name);
    let Some(step) = steps.iter().find(needs) else { return Ok(None) };
    find_worker(options.worker.as_deref(), &format!("step `{}` is run by the generic binary", step.name)).map(Some)
}

/// The generic binary: the one that is named, that of FLOW_WORKER, or the one beside this program. `why` it is needed.
pub fn find_worker(named: Option<&Path>, why: &str) -> Result<PathBuf, LocalError> {
    let variable = || std::env::var_os("FLOW_WORKER").filter(|path| !path.is_empty()).map(PathBuf::from);
    let named = named.map(Path::to_owned).or_else(variable);
    let name = format!("flow-worker{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.canonicalize().ok()?.parent()?.join(&name)));
    let missing = |message: String| {
        LocalError::new(NO_WORKER, message).help(
            "build both: `cargo build` at the root of the repository\nor name it: `FLOW_WORKER=/path/to/flow-worker`",
        )
    };
    match (named, beside) {
        (Some(named), _) if named.is_file() => named
            .canonicalize()
            .map_err(|error| missing(format!("the generic binary `{}` cannot be used", named.display())).source(error)),
        (Some(named), _) => Err(missing(format!("`{}`, which FLOW_WORKER names, is no file", named.display()))),
        (None, Some(beside)) if beside.is_file() => Ok(beside),
        (None, beside) => Err(missing(format!(
            "{why}, and there is no `{}`",
            beside.map_or(name, |beside| shown(&beside))
        ))),
    }
}

/// What the generic binary is started with.
pub fn launch(build: &Path, local: &LocalRun, home: &Home, worker: PathBuf, secrets: &Path) -> Result<Launch, LocalError> {
    let store = url::Url::from_directory_path(&home.buckets)
        .map_err(|()| LocalError::new(LOCAL_SETUP, format!("`{}` is no absolute path", home.buckets.display())))?;
    // A copy of the run's own: the next build may be another one.
    let plan = home.run.join("plan.json");
    std::fs::copy(build.join("plan.json"), &plan).map_err(|error| {
        LocalError::new(LOCAL_SETUP, "the build has no plan.json").source(error).help("build again with this release of flowc")
    })?;
    let mut env = vec![
        ("FLOW_STORE".to_owned(), store.to_string()),
        ("FLOW_PLAN".to_owned(), plan.display().to_string()),
        ("FLOW_NOTIFICATIONS".to_owned(), home.notifications.display().to_string()),
        ("FLOW_SECRETS".to_owned(), secrets.display().to_string()),
    ];
    // The database that takes the place of the deployed one.
    env.extend(std::env::var("FLOW_POSTGRES").ok().map(|server| ("FLOW_POSTGRES".to_owned(), server)));
    env.extend(local.slots.iter().map(|(slot, value)| (slot_variable(slot), value.clone())));
    Ok(Launch { program: worker, env, folder: home.run.clone() })
}

/// Makes ready what a command runs in.
pub fn command(
    step: &Step,
    python: &Python,
    options: &RunOptions,
    settings: &Settings,
    artefacts: &Artefacts,
    home: &Home,
    screen: &mut Screen,
) -> Result<python::Task, LocalError> {
    let local = artefacts.task(&step.name).cloned().ok_or_else(|| {
        LocalError::new(LOCAL_SETUP, format!("local.json does not say how step `{}` runs here", step.name))
    })?;
    let folder = absolute(&options.program)?;
    let own = settings.tasks.get(&local.task).cloned().unwrap_or_default();
    let requirements = Requirements {
        task: local.task.clone(),
        packages: local.packages.clone(),
        constraints: own.constraints.as_ref().map(|file| folder.join(file)),
    };
    let cache = options.cache.clone().or_else(python::cache).ok_or_else(|| {
        LocalError::new(LOCAL_SETUP, "there is no place for Python environments: neither FLOW_CACHE nor HOME is set")
    })?;
    let packages = match requirements.packages.as_slice() {
        [] => "no packages".to_owned(),
        some => some.join(", "),
    };
    screen.busy("python", &format!("making a Python environment with {packages}, once"));
    let made = python.environment(&requirements, &cache);
    screen.done("python");
    let made = made?;
    if let Some(time) = made.made {
        let text = format!(
            "python: an environment for `{}` with {packages}, made in {}, kept in {}",
            local.task,
            crate::words::time(time),
            made.folder.display()
        );
        screen.line(&paint(screen.color, Tone::Dim, &text));
    }
    let work = home.work(&local.task)?;
    let mut env: Vec<(String, OsString)> = vec![("FLOW_WORK".to_owned(), work.clone().into())];
    for name in local.reads.iter().chain(&local.writes) {
        if let Some(table) = artefacts.local.tables.get(name) {
            let variable = slot_variable(name).replacen(flow_plan::SLOT_PREFIX, "FLOW_TABLE_", 1);
            env.push((variable, home.table(table).into()));
        }
    }
    for (name, value) in &own.env {
        env.push((name.clone(), value.replace("{work}", &work.display().to_string()).into()));
    }
    // Steps of flows that are called may have the same names.
    let own = options.flow.as_deref().is_none_or(|flow| flow == artefacts.name);
    let label = if own { file_name(&step.name) } else { file_name(&format!("{}-{}", artefacts.name, step.name)) };
    let log = home.run.join(format!("{label}.log"));
    Ok(python::Task { name: local.task, environment: made.folder, folder, env, log })
}

fn absolute(folder: &Path) -> Result<PathBuf, LocalError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder.canonicalize().map_err(|error| {
        LocalError::new(LOCAL_SETUP, format!("cannot find the program's folder `{}`", folder.display())).source(error)
    })
}

/// A step's name in that of a file.
pub fn file_name(step: &str) -> String {
    step.chars().map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect()
}
