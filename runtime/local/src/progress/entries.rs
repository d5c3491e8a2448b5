//! Where in an execution an event is: which entry of a state it belongs to, in which iterations. In branches and iterations
//! several entries are open at once, and events name the one before them.

use flow_asl::history::{Event, HistoryEvent};
use std::collections::BTreeMap;

/// A state that was entered.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// Its name.
    pub state: String,
    /// `Task`, `Map` …
    pub kind: &'static str,
    /// When it was entered.
    pub at: i64,
    /// The entry of the Parallel or Map around it.
    pub within: Option<u64>,
    /// The iterations around it, outermost first.
    pub iterations: Vec<usize>,
    /// How often the state was entered there, with this time.
    pub round: u64,
    /// Attempts so far.
    pub attempts: u64,
    /// How many there may be, once it was tried again.
    pub most: Option<u64>,
    /// Of a Map: what there is to do.
    pub items: Option<u64>,
    /// Of a Map: what has begun, is done, has failed.
    pub begun: u64,
    /// Iterations that went well.
    pub done: u64,
    /// Iterations that did not.
    pub failed: u64,
    /// Whether branches or iterations of it are at work.
    open: bool,
}

impl Entry {
    /// The state, with the iterations that it is in: `load [3]`.
    pub fn label(&self) -> String {
        let iterations: String = self.iterations.iter().map(|index| format!("[{index}]")).collect();
        if iterations.is_empty() { self.state.clone() } else { format!("{} {iterations}", self.state) }
    }
}

/// Entries by the event at which each was entered.
#[derive(Debug, Default)]
pub struct Entries {
    all: BTreeMap<u64, Entry>,
    /// By event: the entry it is of.
    of: BTreeMap<u64, u64>,
    /// By the event that begins an iteration: its index.
    begins: BTreeMap<u64, usize>,
    rounds: BTreeMap<(String, Option<u64>, Vec<usize>), u64>,
}

impl Entries {
    /// Takes an event up; the entry that it is of.
    pub fn take(&mut self, event: &HistoryEvent) -> Option<u64> {
        let previous = self.of.get(&event.previous_event_id).copied();
        if let Event::StateEntered { kind, name, .. } = &event.event {
            let (within, iterations) = self.around(event.previous_event_id, previous);
            let round = self.rounds.entry((name.to_string(), within, iterations.clone())).or_default();
            *round += 1;
            let (state, round) = (name.to_string(), *round);
            let entry = Entry { state, kind, at: event.timestamp, within, iterations, round, ..Entry::default() };
            self.all.insert(event.id, entry);
            self.of.insert(event.id, event.id);
            return Some(event.id);
        }
        let named = match &event.event {
            Event::StateExited { name, .. } | Event::MapIteration { name, .. } => Some(name),
            _ => event.state.as_ref(),
        };
        let mut root = previous?;
        // What comes after branches is of the state around them.
        if let Some(named) = named {
            while self.all.get(&root)?.state != **named {
                root = self.all.get(&root)?.within?;
            }
        }
        self.of.insert(event.id, root);
        let entry = self.all.get_mut(&root)?;
        match &event.event {
            Event::StateStarted { length, .. } => {
                entry.open = true;
                entry.items = length.map(|length| length as u64);
                (entry.begun, entry.done, entry.failed) = (0, 0, 0);
            }
            Event::StateSucceeded(_) | Event::StateFailed(_) | Event::StateAborted(_) | Event::StateExited { .. } => entry.open = false,
            Event::MapIteration { step: "Started", index, .. } => {
                entry.begun += 1;
                self.begins.insert(event.id, *index);
            }
            Event::MapIteration { step: "Succeeded", .. } => entry.done += 1,
            Event::MapIteration { step: "Failed", .. } => entry.failed += 1,
            _ => {}
        }
        Some(root)
    }

    fn around(&self, previous: u64, of: Option<u64>) -> (Option<u64>, Vec<usize>) {
        let Some((root, before)) = of.and_then(|root| Some((root, self.all.get(&root)?))) else { return (None, Vec::new()) };
        let mut iterations = before.iterations.clone();
        match self.begins.get(&previous) {
            Some(index) => iterations.push(*index),
            None if before.kind == "Parallel" && before.open => {}
            None => return (before.within, iterations),
        }
        (Some(root), iterations)
    }

    /// An entry.
    pub fn get(&self, root: u64) -> Option<&Entry> {
        self.all.get(&root)
    }

    /// An entry, to be changed.
    pub fn get_mut(&mut self, root: u64) -> Option<&mut Entry> {
        self.all.get_mut(&root)
    }

    /// How many states with branches or iterations are around it.
    pub fn depth(&self, root: u64) -> usize {
        std::iter::successors(self.get(root).and_then(|entry| entry.within), |root| self.get(*root)?.within).count()
    }

    /// The Map around it whose iteration it is in, the innermost.
    pub fn map(&self, root: u64) -> Option<u64> {
        let mut around = std::iter::successors(self.get(root)?.within, |root| self.get(*root)?.within);
        around.find(|root| self.get(*root).is_some_and(|entry| entry.kind == "Map"))
    }

    /// The last entry of a state in these iterations.
    pub fn last(&self, state: &str, path: &[(String, usize)]) -> Option<u64> {
        let mut open = self.all.iter().rev().filter(|(_, entry)| entry.state == state);
        let inside = |entry: &Entry| {
            // A path names branches too, of which an entry knows nothing.
            let mut indices = path.iter().map(|(_, index)| index);
            entry.iterations.iter().all(|wanted| indices.any(|index| index == wanted))
        };
        open.find(|(_, entry)| inside(entry)).map(|(root, _)| *root)
    }
}
