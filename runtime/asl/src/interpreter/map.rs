//! Map: its items, its iterations, and how many of them run at once or may fail.
//!
//! Inline, an iteration is a branch of the execution. Distributed, it is an execution of its own:
//! its variables and its history are apart, the history here tells only of the *map run* as a whole,
//! and some iterations may fail.

use super::Step;
use super::branch::{Activity, Branch, Failed, MapItem, Variables};
use super::children::{Child, Children};
use super::evaluate::{Eye, Fault, Seen};
use super::map_run::{DistributedRun, Items, Request};
use super::redrive::Resume;
use super::run::Run;
use crate::data::Data;
use crate::distributed::Tolerance;
use crate::history::Event;
use crate::jsonata::EvaluationFailure;
use crate::jsonpath::{Conflict, ReferencePath, Root};
use crate::model::QueryLanguage;
use crate::program::{Field, MapCode, StateCode};
use std::rc::Rc;
use std::sync::Arc;

/// Most iterations at once: inline, and distributed (developer guide, "Map state processing
/// modes").
const INLINE_CONCURRENCY: usize = 40;
const DISTRIBUTED_CONCURRENCY: usize = 10_000;

/// How a Map runs its items.
#[derive(Debug)]
pub(super) struct MapRun {
    /// What `ItemSelector` sees as `$`.
    input: Data,
    /// What the iterations are about.
    items: Items,
    /// The next to start.
    next: usize,
    pub(super) distributed: Option<DistributedRun>,
}

/// The limits of a Map, evaluated.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// 0 for as many at once as there are.
    pub(crate) max_concurrency: u64,
    pub(crate) tolerance: Tolerance,
}

/// What a Map has evaluated before it starts.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) input: Data,
    /// None yet where a reader reads them.
    pub(super) items: Items,
    pub(super) request: Request,
    pub(super) limits: Limits,
}

impl Run<'_> {
    pub(super) fn start_map(&mut self, mut branch: Box<Branch>, state: &StateCode, map: &MapCode) {
        let mut prepared = match self.prepare_map(&branch, state, map) {
            Ok(prepared) => prepared,
            Err(fault) => return self.faulted(branch, state, fault, true),
        };
        let event = Event::StateStarted {
            kind: state.kind,
            length: Some(prepared.items.len()),
        };
        self.record_on(&mut branch, event);
        if state.language == QueryLanguage::JsonPath && map.distributed.is_some() {
            let input = Seen::root(&prepared.input);
            match self.look(&branch, state, input, |eye| tolerance(map, eye)) {
                Ok(tolerance) => prepared.limits.tolerance = tolerance,
                Err(fault) => return self.faulted(branch, state, fault, true),
            }
        }
        if self.test.is_some() {
            return self.test_map(branch, state, map, prepared);
        }
        let Prepared {
            input,
            mut items,
            request,
            limits,
        } = prepared;
        let distributed = match &map.distributed {
            None => None,
            Some(distributed) => {
                let mut run = self.start_map_run(&mut branch, distributed, limits, request);
                match self.items_of_run(&mut branch, state, map, &input, &mut items, &mut run) {
                    Ok(Ok(())) => Some(run),
                    Ok(Err(failed)) => return self.map_run_failed(branch, state, failed),
                    Err(fault) => return self.faulted(branch, state, fault, true),
                }
            }
        };
        let most = match map.distributed {
            None => INLINE_CONCURRENCY,
            Some(_) => DISTRIBUTED_CONCURRENCY,
        };
        let at_once = match usize::try_from(limits.max_concurrency).unwrap_or(usize::MAX) {
            0 => most,
            wanted => wanted.min(most),
        };
        let length = items.len();
        let run = MapRun {
            input,
            items,
            next: 0,
            distributed,
        };
        let mut children = Children::new(length, Some(run));
        for _ in 0..at_once.min(length) {
            let previous = branch.previous;
            if let Err(fault) =
                self.start_iteration(&mut branch, state, map, &mut children, previous)
            {
                return self.iteration_fault(branch, state, *children, fault);
            }
        }
        if length == 0 {
            return self.iterations_done(branch, state, *children);
        }
        self.park(branch, Activity::Children(children));
    }

    fn prepare_map(
        &mut self,
        branch: &Branch,
        state: &StateCode,
        map: &MapCode,
    ) -> Result<Prepared, Fault> {
        let input = self.selected_input(branch, state)?;
        let request = self.request_of(branch, state, map, &input)?;
        let items = if request.reads() {
            Items::default()
        } else {
            self.items(branch, state, map, &input)?
        };
        let limits = self.look(branch, state, Seen::root(&input), |eye| {
            let most = map.max_concurrency.as_ref();
            let most = most.map(|most| eye.number(most, "MaxConcurrency"));
            Ok::<_, Fault>(Limits {
                max_concurrency: most.transpose()?.unwrap_or(0),
                // JSONata's fields are evaluated together, before the state starts.
                tolerance: match state.language {
                    QueryLanguage::Jsonata => tolerance(map, eye)?,
                    QueryLanguage::JsonPath => Tolerance::default(),
                },
            })
        })?;
        Ok(Prepared {
            input,
            items,
            request,
            limits,
        })
    }

    /// The items: of the input, or where a path or expression says. Inline they are an array;
    /// distributed, an object's fields are items too.
    pub(super) fn items(
        &mut self,
        branch: &Branch,
        state: &StateCode,
        map: &MapCode,
        input: &Data,
    ) -> Result<Items, Fault> {
        let found = self.look(branch, state, Seen::root(input), |eye| match &map.items {
            Some(field @ Field::Path(path)) => match ReferencePath::try_from(path.clone()) {
                Ok(path) if *path.path().root() == Root::Input => {
                    let found = path.select(input.value());
                    found
                        .map(|found| Data::new(found.clone()))
                        .map_err(|conflict| {
                            Fault::Path(Conflict::ERROR, conflict.cause(input.value()))
                        })
                }
                _ => eye.value(field, "ItemsPath"),
            },
            Some(Field::Jsonata(template)) if map.distributed.is_none() => {
                eye.array(template, "Items")
            }
            Some(field) => eye.value(field, "Items"),
            None => Ok(input.clone()),
        })?;
        if found.value().is_array() || (map.distributed.is_some() && found.value().is_object()) {
            self.processed(state, Step::AfterItems, &found);
            return Ok(Items::of_state(found));
        }
        Err(match (state.language, &map.items) {
            (QueryLanguage::Jsonata, _) => Fault::Query(EvaluationFailure {
                location: "Items".into(),
                refused: true,
                message: "The state input is not an array, and the field 'Items' is not specified."
                    .into(),
            }),
            (QueryLanguage::JsonPath, Some(Field::Path(path))) => Fault::runtime(format!(
                "Reference path \"{}\" must point to array.",
                path.local_text()
            )),
            (QueryLanguage::JsonPath, _) => {
                Fault::runtime("Reference path \"$\" must point to array.")
            }
        })
    }

    /// What `ItemSelector` makes of an item, or the item.
    pub(super) fn selected(
        &mut self,
        branch: &mut Branch,
        state: &StateCode,
        selector: Option<&Field>,
        input: &Data,
        item: &Rc<MapItem>,
    ) -> Result<Data, Fault> {
        let Some(selector) = selector else {
            return Ok(item.input());
        };
        let outer = branch.map_item.replace(Rc::clone(item));
        let selected = self.look(branch, state, Seen::root(input), |eye| {
            eye.value(selector, "ItemSelector")
        });
        branch.map_item = outer;
        let selected = selected?;
        self.processed(state, Step::AfterItemSelector, &selected);
        Ok(selected)
    }

    /// Starts the next iteration, if there is one left.
    fn start_iteration(
        &mut self,
        branch: &mut Branch,
        state: &StateCode,
        map: &MapCode,
        children: &mut Children,
        previous: u64,
    ) -> Result<(), Fault> {
        let Some(run) = &mut children.map else {
            return Ok(());
        };
        let index = run.next;
        if index >= run.items.len() {
            return Ok(());
        }
        run.next += 1;
        let (input, map_item) = match run.items.batch(index) {
            Some(batch) => (batch, None),
            None => {
                let item = Rc::new(run.items.item(index));
                let root = run.input.clone();
                let selector = map.selector.as_ref();
                let input = self.selected(branch, state, selector, &root, &item)?;
                (input, Some(item))
            }
        };
        let child = match &mut run.distributed {
            None => {
                let event = iteration("Started", state, index);
                Child {
                    scope: map.processor,
                    input,
                    map_item,
                    execution: branch.execution.clone(),
                    variables: Variables::inside(&branch.variables),
                    index,
                    previous: self.record(branch.execution.as_deref(), previous, event),
                }
            }
            Some(run) => {
                let execution = Rc::new(self.child_execution(run, input.clone()));
                run.started(index, &execution);
                Child {
                    scope: map.processor,
                    input,
                    map_item,
                    previous: execution.events.get(),
                    execution: Some(execution),
                    variables: Rc::default(),
                    index,
                }
            }
        };
        let id = self.spawn_below(branch.id, child);
        children.started(index, id);
        Ok(())
    }

    pub(super) fn iteration_done(
        &mut self,
        mut branch: Box<Branch>,
        state: &StateCode,
        map: &MapCode,
        mut children: Box<Children>,
        index: usize,
        at: u64,
    ) {
        let mut previous = branch.previous;
        match children.distributed() {
            Some(run) => {
                run.ended(index, self.now);
                let well = run.is_well(index);
                let path = self.path(&branch);
                self.observer.iterated(&state.name, &path, index, well);
            }
            None => {
                let event = iteration("Succeeded", state, index);
                branch.previous = self.record(branch.execution.as_deref(), at, event);
                // As recorded: the next iteration follows the last event within the one that is
                // over.
                previous = at;
            }
        }
        if let Err(fault) = self.start_iteration(&mut branch, state, map, &mut children, previous) {
            return self.iteration_fault(branch, state, *children, fault);
        }
        if children.all_done() {
            self.iterations_done(branch, state, *children);
        } else {
            self.park(branch, Activity::Children(children));
        }
    }

    fn iterations_done(&mut self, branch: Box<Branch>, state: &StateCode, mut children: Children) {
        match children.distributed().is_some() {
            true => self.map_run_done(branch, state, children),
            false => self.children_done(branch, state, children),
        }
    }

    /// The input of an iteration could not be made.
    fn iteration_fault(
        &mut self,
        branch: Box<Branch>,
        state: &StateCode,
        mut children: Children,
        fault: Fault,
    ) {
        let at = branch.previous;
        let inline = children.distributed().is_none();
        for (index, id) in children.take_running() {
            if inline {
                let event = iteration("Aborted", state, index);
                self.record(branch.execution.as_deref(), at, event);
            }
            self.stop(id, Some(at));
        }
        self.faulted(branch, state, fault, true);
    }

    #[expect(clippy::too_many_arguments, reason = "what a failed iteration is")]
    pub(super) fn iteration_failed(
        &mut self,
        mut branch: Box<Branch>,
        state: &StateCode,
        map: &MapCode,
        mut children: Box<Children>,
        index: usize,
        (failed, resume): (Failed, Resume),
        at: u64,
    ) {
        let items = children
            .map
            .as_ref()
            .map_or(1, |run| run.items.weight(index));
        if let Some(run) = children.distributed() {
            if run.failed(index, &failed, items, self.now) {
                return self.map_run_exceeded(branch, state, children, (index, resume));
            }
            children.finished(index, Data::new(serde_json::Value::Null));
            let at = branch.previous;
            return self.iteration_done(branch, state, map, children, index, at);
        }
        branch.previous = at;
        let execution = branch.execution.clone();
        let execution = execution.as_deref();
        // As seen on AWS: in the order of the items.
        let below = self.stop_siblings(children, (index, resume), at, |run, iterated| {
            let step = if iterated == index {
                "Failed"
            } else {
                "Aborted"
            };
            run.record(execution, at, iteration(step, state, iterated));
        });
        self.state_failed(branch, state, failed.with(below));
    }
}

impl MapRun {
    /// The inputs of the iterations that have not started.
    pub(super) fn pending(&self) -> Vec<Data> {
        let pending = self.next..self.items.len();
        pending
            .map(|index| {
                let batch = self.items.batch(index);
                batch.unwrap_or_else(|| self.items.item(index).input())
            })
            .collect()
    }
}

/// `ToleratedFailureCount` and `ToleratedFailurePercentage`.
fn tolerance(map: &MapCode, eye: &Eye<'_>) -> Result<Tolerance, Fault> {
    let count = map.tolerated_count.as_ref();
    let count = count.map(|count| eye.number(count, "ToleratedFailureCount"));
    let share = map.tolerated_percentage.as_ref();
    let share = share.map(|share| eye.percentage(share, "ToleratedFailurePercentage"));
    Ok(Tolerance {
        count: count.transpose()?,
        percentage: share.transpose()?,
    })
}

fn iteration(step: &'static str, state: &StateCode, index: usize) -> Event {
    Event::MapIteration {
        step,
        name: Arc::clone(&state.name),
        index,
    }
}
