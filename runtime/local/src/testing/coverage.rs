//! Which ways of the flows the tests have taken: branches, catches, steps.

use crate::artefacts::{Artefacts, for_each_state};
use flow_asl::coverage::{Goal, goals};
use flow_asl::history::{Event, HistoryEvent};
use flow_asl::interpreter::{Edge, Observer};
use indexmap::{IndexMap, IndexSet};

/// What the tests have seen of one flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The flow.
    pub flow: String,
    /// Its steps, branches and catches, in the order of the definition.
    pub ways: Vec<Way>,
}

/// A step, a side of a branch, or a catch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// `nightly.flow:93`.
    pub place: String,
    /// What a test would do to go it: `runs step copy`, `lets copy fail`.
    pub what: String,
    /// Whether a test has gone it.
    pub taken: bool,
}

impl Coverage {
    /// How many ways were gone, of how many.
    pub fn counts(&self) -> (usize, usize) {
        (self.ways.iter().filter(|way| way.taken).count(), self.ways.len())
    }
}

/// What was seen over all tests.
#[derive(Debug, Default)]
pub struct Seen {
    flows: IndexMap<String, Flow>,
}

#[derive(Debug, Default)]
struct Flow {
    /// Ways with their places and texts.
    ways: IndexMap<Key, (String, String)>,
    taken: IndexSet<Key>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Step(String),
    Edge(Goal),
}

/// Watches one execution.
pub struct Watch<'s> {
    flow: &'s mut Flow,
    counts: IndexMap<String, u64>,
}

impl Seen {
    /// Watches an execution of a flow.
    pub fn watch(&mut self, artefacts: &Artefacts) -> Watch<'_> {
        let flow = self.flows.entry(artefacts.name.clone()).or_default();
        let place = |state: &str| artefacts.place(state).unwrap_or_else(|| artefacts.name.clone());
        for step in crate::steps::steps(artefacts) {
            let told = (place(&step.name), format!("runs step `{}`", step.name));
            flow.ways.entry(Key::Step(step.name)).or_insert(told);
        }
        let mut errors: IndexMap<(String, usize), String> = IndexMap::new();
        for_each_state(&mut artefacts.machine.states.clone(), &mut |name, state| {
            for (index, catcher) in state.catch().iter().enumerate() {
                let named: Vec<String> = catcher.error_equals.iter().map(|error| format!(" with `{error}`")).collect();
                let any = catcher.error_equals.iter().any(|error| error == "States.ALL");
                let with = if any { String::new() } else { named.join(" or") };
                errors.insert((name.to_owned(), index), with);
            }
        });
        for goal in goals(&artefacts.machine) {
            let what = match goal.edge {
                Edge::Rule(index) => format!("takes way {} out of `{}`", index + 1, goal.state),
                Edge::Default => format!("takes the last way out of `{}`", goal.state),
                Edge::Caught(index) => {
                    let with = errors.get(&(goal.state.clone(), index)).cloned().unwrap_or_default();
                    format!("lets `{}` fail{with}", goal.state)
                }
                // Whether a policy's last attempt fails is the policy's matter, not the flow's.
                Edge::Exhausted(_) => continue,
            };
            let told = (place(&goal.state), what);
            flow.ways.entry(Key::Edge(goal)).or_insert(told);
        }
        Watch { flow, counts: IndexMap::new() }
    }

    /// All of it.
    pub fn coverage(self) -> Vec<Coverage> {
        let flows = self.flows.into_iter().map(|(name, flow)| Coverage {
            flow: name,
            ways: flow
                .ways
                .into_iter()
                .map(|(key, (place, what))| Way { place, what, taken: flow.taken.contains(&key) })
                .collect(),
        });
        flows.collect()
    }
}

impl Watch<'_> {
    /// How often each state was entered.
    pub fn counts(self) -> IndexMap<String, u64> {
        self.counts
    }
}

impl Observer for Watch<'_> {
    fn event(&mut self, event: &HistoryEvent) {
        if let Event::StateEntered { name, .. } = &event.event {
            let name = name.to_string();
            self.flow.taken.insert(Key::Step(name.clone()));
            *self.counts.entry(name).or_default() += 1;
        }
    }

    fn took(&mut self, state: &str, edge: Edge) {
        self.flow.taken.insert(Key::Edge(Goal { state: state.to_owned(), edge }));
    }
}
