//! The history of a start of a run as a tree: entries of states in scopes, read from its `events-<n>.jsonl`.
//!
//! A scope is the execution, a branch, an iteration, or the execution of a called flow. The file may end anywhere.

mod draw;
mod json;
mod origin;
mod read;

pub use draw::Drawing;
pub use json::tree;
pub use origin::Shape;
pub use read::{read, site, text};

use flow_asl::clock::Time;
use flow_plan::Report;
use std::collections::BTreeMap;

/// What is known of each flow's states.
pub type Handlers = BTreeMap<String, Shape>;

/// How an entry of a state, or a scope, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It has not.
    Open,
    /// Well.
    Done,
    /// With an error that its handler took.
    Caught,
    /// With an error that it handed on.
    Failed,
    /// It was stopped.
    Stopped,
}

/// An attempt of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// When it began.
    pub started: Time,
    /// Whether it came to its start: what it was to be given may have been wrong.
    pub ran: bool,
    /// When it ended.
    pub ended: Option<Time>,
    /// Error and cause.
    pub error: Option<(String, String)>,
    /// What the generic binary said.
    pub report: Option<Report>,
    /// What an `await` was answered.
    pub answer: Option<String>,
    /// The wait after it, in milliseconds, and how many attempts there may be.
    pub wait: Option<(u64, u64)>,
}

/// A state that was entered.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name.
    pub state: String,
    /// `Task`, `Map` …
    pub kind: String,
    /// The flow it is of.
    pub flow: String,
    /// The scope it is in.
    pub scope: usize,
    /// When it was entered.
    pub entered: Time,
    /// When it was left.
    pub ended: Option<Time>,
    /// How.
    pub fate: Fate,
    /// Of a task.
    pub attempts: Vec<Attempt>,
    /// Of a Map: how many items.
    pub items: Option<u64>,
    /// The error of a state that is no task.
    pub error: Option<(String, String)>,
    /// Scopes inside.
    pub scopes: Vec<usize>,
    /// What was asked of the generic binary.
    pub operation: String,
    /// Of a Parallel or Map that was tried again: where the scopes of its last attempt begin.
    pub round: usize,
}

/// Entries that follow each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The entry around it.
    pub around: Option<usize>,
    /// The iteration's index; of a branch, its number.
    pub index: usize,
    /// The name of the called flow.
    pub flow: Option<String>,
    /// What happened in it, in order.
    pub entries: Vec<usize>,
}

/// A start of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Story {
    /// All entries.
    pub entries: Vec<Entry>,
    /// All scopes; the first is the execution.
    pub scopes: Vec<Scope>,
    /// The scopes of called executions, by their paths; that of the execution itself has none.
    pub executions: BTreeMap<String, usize>,
    /// When its last event was.
    pub last: Time,
    /// The end of the execution, if it came to one: `ExecutionSucceeded` …
    pub end: Option<String>,
    /// Its error and cause.
    pub error: Option<(String, String)>,
    /// When it went on, if what is before came from an earlier start.
    pub resumed: Option<Time>,
}

impl Story {
    /// The entry where things went wrong, or that was at work at the end: the innermost on the way that is not a
    /// handler's. `handlers` are the states that are reached by an error alone.
    pub fn origin(&self, handlers: &Handlers) -> Option<&Entry> {
        let mut scope = self.scopes.first()?;
        let mut found = None;
        loop {
            let Some(index) = self.cut(scope, handlers) else { return found };
            let entry = self.entries.get(index)?;
            found = Some(entry);
            let inner = entry.scopes.iter().skip(entry.round).filter_map(|scope| self.scopes.get(*scope));
            // Of branches, the one that failed; the others were stopped.
            let rank = |scope: &&Scope| match self.cut(scope, handlers).and_then(|cut| self.entries.get(cut)).map(|entry| entry.fate) {
                Some(Fate::Failed | Fate::Caught) => 0,
                Some(_) => 1,
                None => 2,
            };
            let Some(next) = inner.min_by_key(rank).filter(|scope| rank(scope) < 2) else { return found };
            scope = next;
        }
    }

    /// The entry of a scope from which it would go on: the last one, unless that is done; of one in a handler, that
    /// whose error is handled.
    pub fn cut(&self, scope: &Scope, handlers: &Handlers) -> Option<usize> {
        let mut entries = scope.entries.iter().rev().filter_map(|index| Some((*index, self.entries.get(*index)?)));
        let (index, last) = entries.next()?;
        let in_handler = |entry: &Entry| handlers.get(&entry.flow).is_some_and(|shape| shape.handlers.contains(&entry.state));
        if last.fate == Fate::Done && !in_handler(last) {
            return None;
        }
        // A handler that came to its end has ended its scope well: with `return`, or as the last of a branch.
        if last.fate == Fate::Done && handlers.get(&last.flow).is_some_and(|shape| shape.ends.contains(&last.state)) {
            return None;
        }
        if !in_handler(last) {
            return Some(index);
        }
        entries.find(|(_, entry)| !in_handler(entry)).map_or(Some(index), |(index, _)| Some(index))
    }

    /// The branches and iterations around a scope, outermost first, within its execution.
    pub fn path(&self, scope: usize) -> Vec<(String, usize)> {
        let mut path = Vec::new();
        let mut at = self.scopes.get(scope);
        // A called flow's path begins anew.
        while let Some(scope) = at.filter(|scope| scope.flow.is_none()) {
            let around = scope.around.and_then(|around| self.entries.get(around));
            path.extend(around.map(|around| (around.state.clone(), scope.index)));
            at = around.and_then(|around| self.scopes.get(around.scope));
        }
        path.reverse();
        path
    }
}

impl Entry {
    /// Its last error.
    pub fn last_error(&self) -> Option<&(String, String)> {
        self.attempts.last().and_then(|attempt| attempt.error.as_ref()).or(self.error.as_ref())
    }
}
