//! Past runs of a home folder: listing them, showing one, removing old ones.

use crate::error::{LOCAL_SETUP, LocalError, NO_RUN, nearest};
use crate::home::shown;
use crate::progress::readable;
use crate::record::{self, Description};
use crate::screen::{Tone, paint};
use crate::story::{self, Drawing, Handlers, Shape, Story};
use crate::words;
use flow_asl::clock::{Time, iso};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of what `--format json` gives.
const VERSION: u32 = 1;

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// Its process is at work.
    Running,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// Its time was over.
    TimedOut,
    /// It was stopped by a signal, and ended in order.
    Aborted,
    /// Its process ended without a word.
    Killed,
}

impl RunStatus {
    /// All of them, for what a filter may name.
    pub const ALL: [(&str, RunStatus); 6] = [
        ("running", RunStatus::Running),
        ("succeeded", RunStatus::Succeeded),
        ("failed", RunStatus::Failed),
        ("timed-out", RunStatus::TimedOut),
        ("aborted", RunStatus::Aborted),
        ("killed", RunStatus::Killed),
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, status)| *status == self).map_or("", |(name, _)| name)
    }

    fn tone(self) -> Tone {
        match self {
            RunStatus::Succeeded => Tone::Good,
            RunStatus::Running => Tone::Notice,
            _ => Tone::Bad,
        }
    }
}

/// The step that a run failed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedStep {
    /// Its name.
    pub step: String,
    /// `nightly.flow:93`.
    pub place: Option<String>,
    /// The error's name.
    pub error: String,
    /// Its cause, as people read it.
    pub cause: String,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// Its folder.
    pub folder: PathBuf,
    /// What was asked for.
    pub description: Description,
    /// What became of it.
    pub status: RunStatus,
    /// When the last start of it ended; of one that was killed, when it was last heard of.
    pub ended: Option<Time>,
}

/// Which runs are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those of a program's file.
    pub program: Option<PathBuf>,
    /// Those of a flow.
    pub flow: Option<String>,
    /// Those with one of these; none for all.
    pub status: Vec<RunStatus>,
}

/// The runs of a home folder, newest first; folders that are none are passed over.
///
/// # Errors
/// A folder that cannot be read. One that is not there has no runs.
pub fn list(home: &Path, filter: &Filter) -> Result<Vec<PastRun>, LocalError> {
    let folder = home.join("runs");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(LocalError::new(LOCAL_SETUP, format!("cannot read the folder `{}`", folder.display())).source(error));
        }
    };
    let program = filter.program.as_ref().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone()));
    let mut runs: Vec<PastRun> = entries
        .filter_map(|entry| PastRun::read(&entry.ok()?.path()))
        .filter(|run| program.as_ref().is_none_or(|program| same_file(program, &run.description.program)))
        .filter(|run| filter.flow.as_ref().is_none_or(|flow| *flow == run.description.flow))
        .filter(|run| filter.status.is_empty() || filter.status.contains(&run.status))
        .collect();
    // Of one second, the higher number came later; it stands in the id.
    runs.sort_by(|a, b| (b.started(), &b.description.id).cmp(&(a.started(), &a.description.id)));
    Ok(runs)
}

fn same_file(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().ok().is_some_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

impl PastRun {
    fn read(folder: &Path) -> Option<Self> {
        let description = Description::read(folder)?;
        // A folder that is being removed, or was copied, is not the run.
        if folder.file_name()?.to_str()? != description.id {
            return None;
        }
        // First the lock: a run that ends in between is then seen with its result.
        let running = record::is_locked(folder);
        let text = std::fs::read_to_string(folder.join("result.json")).unwrap_or_default();
        let result: Value = serde_json::from_str(&text).unwrap_or_default();
        let current = result.get("start").and_then(Value::as_u64) == Some(description.starts.len() as u64);
        let status = match result.get("status").and_then(Value::as_str).filter(|_| current) {
            _ if running => RunStatus::Running,
            Some("SUCCEEDED") => RunStatus::Succeeded,
            Some("FAILED") => RunStatus::Failed,
            Some("TIMED_OUT") => RunStatus::TimedOut,
            Some("ABORTED") => RunStatus::Aborted,
            _ => RunStatus::Killed,
        };
        let ended = result.get("ended_at").and_then(Value::as_i64).filter(|_| current);
        let heard = || modified(&description.events(folder));
        let ended = if running { None } else { ended.or_else(heard) };
        Some(PastRun { folder: folder.to_owned(), description, status, ended })
    }

    /// When it first began.
    pub fn started(&self) -> Time {
        self.description.starts.first().map_or(0, |start| start.at)
    }

    /// How long its last start took, or has taken until now.
    pub fn took(&self) -> Duration {
        let from = self.description.starts.last().map_or(0, |start| start.at);
        let to = self.ended.unwrap_or_else(record::now);
        Duration::from_micros(u64::try_from(to.saturating_sub(from)).unwrap_or_default())
    }

    /// The history of its n-th start, from 1.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn story(&self, start: usize) -> Result<Story, LocalError> {
        let path = self.folder.join(record::events_name(start));
        story::read(&path, &self.description.flow).map_err(|error| {
            LocalError::new(NO_RUN, format!("the history of run `{}` cannot be read", self.description.id)).source(error)
        })
    }

    /// Which states only an error leads to, by flow.
    pub(crate) fn handlers(&self) -> Handlers {
        let mut handlers = Handlers::new();
        for flow in self.description.places.keys() {
            if let Some(machine) = self.machine(flow) {
                handlers.insert(flow.clone(), Shape::of(&machine));
            }
        }
        handlers
    }

    /// The definition of one of its flows, as it ran.
    pub(crate) fn machine(&self, flow: &str) -> Option<Value> {
        let text = std::fs::read_to_string(self.folder.join(definition_name(flow, &self.description.flow))).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Where it failed, or was at work when it ended.
    pub fn failed(&self) -> Option<FailedStep> {
        if matches!(self.status, RunStatus::Succeeded | RunStatus::Running) {
            return None;
        }
        let story = self.story(self.description.starts.len()).ok()?;
        let entry = story.origin(&self.handlers())?;
        let place = self.description.places.get(&entry.flow).and_then(|places| places.get(&entry.state));
        let (error, cause) = entry.last_error().cloned().unwrap_or_default();
        Some(FailedStep {
            step: entry.state.clone(),
            place: place.map(|place| format!("{}:{}", place.file, place.line)),
            error,
            cause: readable(&cause),
        })
    }

    fn json(&self) -> Value {
        let failed = self.failed().map(|failed| {
            json!({ "step": failed.step, "place": failed.place, "error": failed.error, "cause": failed.cause })
        });
        json!({
            "id": self.description.id,
            "flow": self.description.flow,
            "program": self.description.program,
            "env": self.description.env,
            "status": self.status.name(),
            "started": iso(self.started()),
            "ended": self.ended.map(iso),
            "milliseconds": u64::try_from(self.took().as_millis()).unwrap_or(u64::MAX),
            "starts": self.description.starts.len(),
            "failed": failed,
            "folder": self.folder,
        })
    }
}

/// The file of a run's program, as a person would type it.
pub fn program(run: &PastRun) -> PathBuf {
    PathBuf::from(shown(&run.description.program))
}

/// The file of a flow's definition in the folder of a run of `main`.
pub(crate) fn definition_name(flow: &str, main: &str) -> String {
    if flow == main { "asl.json".to_owned() } else { format!("asl-{flow}.json") }
}

fn modified(path: &Path) -> Option<Time> {
    let since = std::fs::metadata(path).ok()?.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Time::try_from(since.as_micros()).ok()
}

/// The run that an id, the beginning of one, or `latest` means.
///
/// # Errors
/// FLOW0919: none, or several.
pub fn find(home: &Path, filter: &Filter, wanted: &str) -> Result<PastRun, LocalError> {
    let mut runs = list(home, filter)?;
    let place = shown(&home.join("runs"));
    if runs.is_empty() {
        return Err(LocalError::new(NO_RUN, format!("there are no runs in `{place}`"))
            .help("name the program, or the folder of its runs: `flowc runs show latest FILE`, `--home DIRECTORY`"));
    }
    if wanted == "latest" {
        return Ok(runs.swap_remove(0));
    }
    if let Some(index) = runs.iter().position(|run| run.description.id == wanted) {
        return Ok(runs.swap_remove(index));
    }
    let matching: Vec<usize> = (0..runs.len()).filter(|index| runs.get(*index).is_some_and(|run| run.description.id.starts_with(wanted))).collect();
    let ids = || runs.iter().map(|run| run.description.id.as_str());
    match matching.as_slice() {
        [only] if !wanted.is_empty() => Ok(runs.swap_remove(*only)),
        [] => {
            let did = nearest(wanted, ids()).map(|near| format!("did you mean `{near}`?\n")).unwrap_or_default();
            Err(LocalError::new(NO_RUN, format!("there is no run `{wanted}` in `{place}`"))
                .help(format!("{did}`flowc runs` lists them; `latest` is the newest, `{}`", ids().next().unwrap_or_default())))
        }
        many => {
            let some: Vec<&str> = many.iter().take(5).filter_map(|index| Some(runs.get(*index)?.description.id.as_str())).collect();
            let more = if many.len() > some.len() { format!("\n  and {} more", many.len() - some.len()) } else { String::new() };
            Err(LocalError::new(NO_RUN, format!("{} runs begin with `{wanted}`", many.len()))
                .help(format!("give more of one:\n  {}{more}", some.join("\n  "))))
        }
    }
}

/// The list for people: a table.
pub fn table(runs: &[PastRun], color: bool) -> String {
    const HEAD: [&str; 6] = ["run", "flow", "started (UTC)", "time", "status", "failed step"];
    let mut rows: Vec<[String; 6]> = vec![HEAD.map(str::to_owned)];
    for run in runs {
        let failed = run.failed().map(|failed| match failed.place {
            Some(place) => format!("{} ({place})", failed.step),
            None => failed.step,
        });
        let again = match run.description.starts.len() {
            0 | 1 => String::new(),
            starts => format!(", resumed {}", words::times(starts as u64 - 1)),
        };
        rows.push([
            run.description.id.clone(),
            run.description.flow.clone(),
            moment(run.started()),
            words::time(run.took()),
            format!("{}{again}", run.status.name()),
            failed.unwrap_or_default(),
        ]);
    }
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let padded = if column == 3 { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
            let status = index.checked_sub(1).and_then(|index| runs.get(index)).map(|run| run.status);
            let tone = match (status, column) {
                (None, _) => Some(Tone::Dim),
                (Some(status), 4) => Some(status.tone()),
                _ => None,
            };
            line.push_str(&tone.map_or(padded.clone(), |tone| paint(color, tone, &padded)));
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The list as a document.
pub fn document(runs: &[PastRun]) -> String {
    let runs: Vec<Value> = runs.iter().map(PastRun::json).collect();
    format!("{:#}\n", json!({ "version": VERSION, "runs": runs }))
}

/// A run's history for people, drawn on the source.
///
/// # Errors
/// A history that cannot be read.
pub fn show(run: &PastRun, all: bool, color: bool) -> Result<String, LocalError> {
    let description = &run.description;
    let env = description.env.as_deref().map(|env| format!(", env {env}")).unwrap_or_default();
    let dim = |text: &str| paint(color, Tone::Dim, text);
    let mut text = format!("{}{}\n", paint(color, Tone::Strong, &description.id), dim(&format!("  flow {}{env}", description.flow)));
    text.push_str(&dim(&format!("input {}", words::short(&description.input.to_string(), 200))));
    text.push('\n');
    let count = description.starts.len();
    for (index, start) in description.starts.iter().enumerate() {
        let options: Vec<String> = (start.fail.iter().map(|fail| format!(" --fail {fail}")))
            .chain(start.skip.iter().map(|skip| format!(" --skip {skip}")))
            .chain(start.answer.iter().map(|answer| format!(" --answer '{answer}'")))
            .collect();
        let word = if index == 0 { "started" } else { "resumed" };
        text.push_str(&format!("\n{}\n", dim(&format!("{word} {} UTC{}", moment(start.at), options.concat()))));
        let last = index + 1 == count;
        let story = match run.story(index + 1) {
            Ok(story) => story,
            // That of an earlier start is worth less than the rest.
            Err(_) if !last => continue,
            Err(error) => return Err(error),
        };
        let drawing = Drawing { story: &story, description, running: last && run.status == RunStatus::Running, since: (index > 0).then_some(start.at), all, color };
        text.push_str(&drawing.text());
        let word = match story.end.as_deref() {
            _ if last => run.status.name(),
            Some("ExecutionFailed") => "failed",
            Some("ExecutionTimedOut") => "timed-out",
            Some("ExecutionAborted") => "aborted",
            _ => "killed",
        };
        let took = if last { run.took() } else { Duration::from_micros(u64::try_from(story.last - start.at).unwrap_or_default()) };
        let tone = if last { run.status.tone() } else { Tone::Bad };
        let error = match &story.error {
            Some((error, cause)) => words::short(&format!(": {error}: {}", readable(cause)), 160),
            None => String::new(),
        };
        text.push_str(&format!("{} {}{error}\n", paint(color, tone, word), dim(&format!("in {}", words::time(took)))));
    }
    text.push_str(&format!("\n{}\n", dim(&format!("its files: {}", shown(&run.folder)))));
    Ok(text)
}

/// A run's whole history as a document: the tree of its steps, and every event.
///
/// # Errors
/// A history that cannot be read.
pub fn show_document(run: &PastRun) -> Result<String, LocalError> {
    let mut value = run.json();
    let mut starts = Vec::new();
    for (index, start) in run.description.starts.iter().enumerate() {
        let story = run.story(index + 1)?;
        let text = std::fs::read_to_string(run.folder.join(record::events_name(index + 1))).unwrap_or_default();
        let events: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        starts.push(json!({
            "started": iso(start.at),
            "fail": start.fail,
            "skip": start.skip,
            "answer": start.answer,
            "error": story.error.as_ref().map(|(error, _)| error),
            "cause": story.error.as_ref().map(|(_, cause)| cause),
            "steps": story::tree(&story, &run.description),
            "events": events,
        }));
    }
    if let Some(fields) = value.as_object_mut() {
        fields.insert("params".to_owned(), json!(run.description.params));
        fields.insert("input".to_owned(), run.description.input.clone());
        fields.insert("history".to_owned(), Value::Array(starts));
        fields.shift_insert(0, "version".to_owned(), VERSION.into());
    }
    Ok(format!("{value:#}\n"))
}

/// `2026-01-06 02:00:03`.
fn moment(time: Time) -> String {
    let text = iso(time);
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

/// Which runs are too many or too old: of each flow all but the newest `keep`, or what began before `before`; what is
/// at work stays.
pub fn old(runs: Vec<PastRun>, keep: Option<usize>, before: Option<Time>) -> Vec<PastRun> {
    let mut seen: std::collections::BTreeMap<(PathBuf, String), usize> = std::collections::BTreeMap::new();
    runs.into_iter()
        .filter(|run| {
            let number = seen.entry((run.description.program.clone(), run.description.flow.clone())).or_default();
            *number += 1;
            let many = keep.is_none_or(|keep| *number > keep);
            let aged = before.is_none_or(|before| run.started() < before);
            many && aged && run.status != RunStatus::Running
        })
        .collect()
}

/// Removes a run, unless it has just begun to work again; says whether it did.
///
/// # Errors
/// A folder that cannot be removed.
pub fn remove(run: &PastRun) -> Result<bool, LocalError> {
    let removed = || -> std::io::Result<bool> {
        let Some(_lock) = record::lock(&run.folder)? else { return Ok(false) };
        // Renamed first: what is removed half is no run.
        let aside = run.folder.with_file_name(format!(".removed-{}", run.description.id));
        std::fs::rename(&run.folder, &aside)?;
        std::fs::remove_dir_all(&aside)?;
        Ok(true)
    };
    removed().map_err(|error| LocalError::new(LOCAL_SETUP, format!("cannot remove `{}`", run.folder.display())).source(error))
}

/// Bytes in a run's folder.
pub fn size(run: &PastRun) -> u64 {
    let files = std::fs::read_dir(&run.folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum()
}

/// Bytes as people read them.
pub fn bytes(value: u64) -> String {
    words::bytes(value)
}
