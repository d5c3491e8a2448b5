//! Going on with a run that failed or was killed: what of its record is taken as it is, and what is done again.
//!
//! In each scope (the execution, a branch, an iteration) there is a *cut*: the last entry of a state that is not done,
//! or, where a handler was at work, the one whose error it handled ([`Story::cut`]). What is before the cut is
//! replayed with its errors and answers; what is after it never happened. At the cut, a task is done again, and of a
//! Parallel or Map each branch is cut in turn, so that those which went well are not done again.

use crate::error::LocalError;
use crate::record;
use crate::runs::PastRun;
use crate::story::{Entry, Fate, Handlers, Story, site, text};
use flow_asl::clock::Time;
use flow_asl::driver::TaskError;
use flow_asl::interpreter::{Replay, Site, TaskAnswer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is taken over of an execution.
#[derive(Debug, Clone, Default)]
pub struct Resumed {
    /// For the interpreter.
    pub replay: Replay,
    /// Executions of called flows that did not end well, by the step that started them.
    pub nested: HashMap<Site, Nested>,
    /// What the states that are taken over are, to be compared with the program as it is now.
    pub kept: Vec<Kept>,
}

/// An execution of a called flow.
#[derive(Debug, Clone)]
pub struct Nested {
    /// Its name.
    pub execution: String,
    /// What it was started with.
    pub input: Value,
    /// What decides its jitter and ids.
    pub seed: u64,
    /// What is taken over of it.
    pub resumed: Resumed,
}

/// A state that is taken over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// Its flow.
    pub flow: String,
    /// It.
    pub state: String,
    /// Whether what came after it is taken over too: then where it goes on must be the same.
    pub followed: bool,
    /// Whether only that it was entered is taken over: it has branches or iterations that go on.
    pub open: bool,
}

/// How much of an entry is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// All of it.
    Keep,
    /// That it was entered.
    Redo,
    /// Nothing.
    Drop,
}

/// What of a run's last start the next one takes over.
///
/// # Errors
/// A history that cannot be read.
pub fn take(run: &PastRun) -> Result<(Story, Resumed), LocalError> {
    let start = run.description.starts.len();
    let story = run.story(start)?;
    let handlers = run.handlers();
    let text = std::fs::read(run.folder.join(record::events_name(start))).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut resumed = execution(&story, &handlers, &lines, "");
    resumed.replay.redrives = start as u64 - 1;
    Ok((story, resumed))
}

fn execution(story: &Story, handlers: &Handlers, lines: &[Value], within: &str) -> Resumed {
    let mut resumed = Resumed::default();
    let Some(root) = story.executions.get(within).copied() else { return resumed };
    let mut verdicts = BTreeMap::new();
    judge(story, handlers, root, &mut verdicts, &mut resumed.kept);
    let own: Vec<&Value> =
        lines.iter().filter(|line| line.get("in").and_then(Value::as_str).unwrap_or_default() == within).collect();
    let at = |line: &Value| line.get("at").and_then(Value::as_i64).unwrap_or_default();
    resumed.replay.started = own.first().map(|line| at(line)).unwrap_or_default();

    let mut answers = answers(&own);
    // Entries stand in their order in the story.
    let mut by_site: BTreeMap<Site, Vec<(&Entry, Verdict)>> = BTreeMap::new();
    for (index, verdict) in &verdicts {
        let Some(entry) = story.entries.get(*index) else { continue };
        by_site.entry((entry.state.clone(), story.path(entry.scope))).or_default().push((entry, *verdict));
    }
    for (site, entries) in &by_site {
        let mut left = answers.remove(site).unwrap_or_default();
        let count = entries.len();
        for (index, (entry, verdict)) in entries.iter().enumerate() {
            let ended = entry.attempts.iter().filter(|attempt| attempt.ran && attempt.ended.is_some()).count();
            // An answer may have been written, and not what follows from it.
            let number = if index + 1 == count { left.len() } else { ended.min(left.len()) };
            let mine: Vec<(Time, TaskAnswer)> = left.drain(..number).collect();
            if *verdict == Verdict::Drop {
                continue;
            }
            resumed.replay.entries.entry(site.clone()).or_default().push_back(entry.entered);
            if let ("Wait", Verdict::Keep, Some(ended)) = (entry.kind.as_str(), verdict, entry.ended) {
                resumed.replay.waits.entry(site.clone()).or_default().push_back(ended);
            }
            let done = matches!(mine.last(), Some((_, TaskAnswer::Result(Ok(_)))));
            if *verdict == Verdict::Keep || (entry.fate == Fate::Open && done) {
                resumed.replay.tasks.entry(site.clone()).or_default().extend(mine);
            }
        }
    }
    distributed(&own, &by_site, answers, &mut resumed);

    for line in &own {
        let Some(call) = line.get("call") else { continue };
        let site = site(call);
        let verdict = by_site.get(&site).and_then(|entries| entries.last());
        if !matches!(verdict, Some((_, Verdict::Redo))) {
            continue;
        }
        let name = text(call, "execution");
        let path = if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
        let nested = Nested {
            execution: name,
            input: call.get("input").cloned().unwrap_or_default(),
            seed: call.get("seed").and_then(Value::as_u64).unwrap_or_default(),
            resumed: execution(story, handlers, lines, &path),
        };
        // Of several attempts the last.
        resumed.nested.insert(site, nested);
    }
    resumed
}

/// Decides on the entries of a scope, and of those inside.
fn judge(story: &Story, handlers: &Handlers, scope: usize, verdicts: &mut BTreeMap<usize, Verdict>, kept: &mut Vec<Kept>) {
    let Some(of) = story.scopes.get(scope) else { return };
    let cut = story.cut(of, handlers);
    let mut verdict = Verdict::Keep;
    for (position, index) in of.entries.iter().enumerate() {
        let Some(entry) = story.entries.get(*index) else { continue };
        let mut inner = verdict;
        if Some(*index) == cut {
            verdict = Verdict::Drop;
            inner = Verdict::Redo;
        }
        verdicts.insert(*index, inner);
        let next = of.entries.get(position + 1);
        if inner != Verdict::Drop {
            let followed = inner == Verdict::Keep && next.is_some() && next.copied() != cut;
            let open = inner == Verdict::Redo;
            if !open || !entry.scopes.is_empty() {
                kept.push(Kept { flow: entry.flow.clone(), state: entry.state.clone(), followed, open });
            }
        }
        for (number, scope) in entry.scopes.iter().enumerate() {
            if story.scopes.get(*scope).is_some_and(|scope| scope.flow.is_some()) {
                continue;
            }
            if inner == Verdict::Redo && number >= entry.round {
                judge(story, handlers, *scope, verdicts, kept);
            } else {
                let whole = if inner == Verdict::Keep { Verdict::Keep } else { Verdict::Drop };
                all(story, *scope, whole, verdicts, kept);
            }
        }
    }
}

/// The same for everything in a scope.
fn all(story: &Story, scope: usize, verdict: Verdict, verdicts: &mut BTreeMap<usize, Verdict>, kept: &mut Vec<Kept>) {
    let Some(of) = story.scopes.get(scope).filter(|scope| scope.flow.is_none()) else { return };
    for (position, index) in of.entries.iter().enumerate() {
        let Some(entry) = story.entries.get(*index) else { continue };
        verdicts.insert(*index, verdict);
        if verdict == Verdict::Keep {
            let followed = position + 1 < of.entries.len();
            kept.push(Kept { flow: entry.flow.clone(), state: entry.state.clone(), followed, open: false });
        }
        for scope in &entry.scopes {
            all(story, *scope, verdict, verdicts, kept);
        }
    }
}

type Answers = BTreeMap<Site, Vec<(Time, TaskAnswer)>>;

fn answers(lines: &[&Value]) -> Answers {
    let mut answers = Answers::new();
    for line in lines {
        let Some(task) = line.get("task") else { continue };
        let answer = match (task.get("output"), task.get("timeout").and_then(Value::as_str)) {
            (Some(output), _) => TaskAnswer::Result(Ok(output.clone())),
            (None, Some("heartbeat")) => TaskAnswer::Silent,
            (None, Some(_)) => TaskAnswer::TimedOut,
            (None, None) => TaskAnswer::Result(Err(TaskError::new(text(task, "error"), text(task, "cause")))),
        };
        let at = line.get("at").and_then(Value::as_i64).unwrap_or_default();
        answers.entry(site(task)).or_default().push((at, answer));
    }
    answers
}

/// Tasks in iterations of a distributed Map, of which the history tells nothing: all of a Map that is done, else those of
/// the iterations that went well.
fn distributed(lines: &[&Value], known: &BTreeMap<Site, Vec<(&Entry, Verdict)>>, answers: Answers, resumed: &mut Resumed) {
    let mut well: BTreeSet<Site> = BTreeSet::new();
    for line in lines {
        let Some(iteration) = line.get("iteration") else { continue };
        let (state, mut path) = site(iteration);
        let index = iteration.get("index").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
        path.push((state.clone(), index.unwrap_or_default()));
        if iteration.get("well").and_then(Value::as_bool) == Some(true) {
            well.insert((state, path));
        }
    }
    for (site, answers) in answers {
        let around = site.1.iter().enumerate().find_map(|(depth, (map, _))| {
            let verdict = known.get(&(map.clone(), site.1.get(..depth)?.to_vec()))?.last()?.1;
            let iteration = (map.clone(), site.1.get(..=depth)?.to_vec());
            // The innermost that the history knows is the distributed one.
            let inner = site.1.get(depth + 1).is_some_and(|(next, _)| {
                site.1.get(..=depth).is_some_and(|path| known.contains_key(&(next.clone(), path.to_vec())))
            });
            (!inner).then_some((verdict, iteration))
        });
        let Some((verdict, iteration)) = around else { continue };
        if verdict == Verdict::Keep || (verdict == Verdict::Redo && well.contains(&iteration)) {
            resumed.replay.tasks.entry(site).or_default().extend(answers);
        }
    }
}
