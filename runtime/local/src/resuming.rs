//! What `--resume` checks before anything begins.

use crate::artefacts::Artefacts;
use crate::compare;
use crate::error::{LOCAL_SETUP, LocalError, NO_RESUME};
use crate::resume::{self, Resumed};
use crate::run::RunOptions;
use crate::runs::RunStatus;
use serde_json::Value;
use std::collections::BTreeMap;

/// The steps to be left out: those that were, and those that are now to be.
pub fn skips(options: &RunOptions) -> Vec<String> {
    let before = options.resume.iter().flat_map(|run| run.description.starts.last()).flat_map(|start| start.skip.clone());
    let mut skips: Vec<String> = before.collect();
    for skip in &options.skips {
        if !skips.contains(skip) {
            skips.push(skip.clone());
        }
    }
    skips
}

/// The answers that were given, but for steps that are answered anew, and those that are given now.
pub fn answers(options: &RunOptions) -> Vec<String> {
    let step = |answer: &String| answer.split_once('=').map(|(step, _)| step.to_owned());
    let anew: Vec<Option<String>> = options.answers.iter().map(step).collect();
    let before = options.resume.iter().flat_map(|run| run.description.starts.last()).flat_map(|start| &start.answer);
    before.filter(|answer| !anew.contains(&step(answer))).chain(&options.answers).cloned().collect()
}

/// What is taken over of the run that goes on, if one does.
///
/// # Errors
/// FLOW0920: a run that is at work or succeeded, steps that have changed.
pub fn prepare(
    options: &RunOptions,
    artefacts: &Artefacts,
    called: &BTreeMap<String, Artefacts>,
) -> Result<Option<Resumed>, LocalError> {
    let Some(run) = &options.resume else { return Ok(None) };
    let id = &run.description.id;
    match run.status {
        RunStatus::Running => return Err(at_work(id)),
        RunStatus::Succeeded => {
            return Err(LocalError::new(NO_RESUME, format!("run `{id}` succeeded: there is nothing to go on with"))
                .help("to run the flow again, leave out `--resume`"));
        }
        _ => {}
    }
    let (_, resumed) = resume::take(run)?;
    let now = |flow: &str| -> Option<Value> {
        let all = std::iter::once(artefacts).chain(called.values());
        let found = all.into_iter().find(|artefacts| artefacts.name == flow)?;
        serde_json::from_str(&found.machine.to_json()).ok()
    };
    let path = options.artefacts.join("plan.json");
    let plan = std::fs::read_to_string(&path)
        .map_err(|error| LocalError::new(LOCAL_SETUP, "the build has no plan.json").source(error))?;
    let changes = compare::changes(run, &resumed, &now, &serde_json::from_str(&plan).unwrap_or_default());
    if changes.is_empty() || options.force {
        return Ok(Some(resumed));
    }
    let lines: Vec<String> = changes
        .iter()
        .map(|change| {
            let place = run.description.places.get(&change.flow).and_then(|places| places.get(&change.state));
            let place = place.map(|place| format!(" ({}:{} then)", place.file, place.line)).unwrap_or_default();
            format!("`{}`{place}: {}", change.state, change.what)
        })
        .collect();
    Err(LocalError::new(NO_RESUME, format!("run `{id}` cannot go on: the program has changed where its results would be taken over"))
        .source(lines.join("\n"))
        .help("run it anew, without `--resume`\nor take the old results all the same: `--force`"))
}

/// Another process has the run.
pub fn at_work(id: &str) -> LocalError {
    LocalError::new(NO_RESUME, format!("run `{id}` is at work")).help("wait for its end, or stop it with Ctrl-C where it runs")
}
