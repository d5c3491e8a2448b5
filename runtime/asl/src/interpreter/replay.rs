//! Going on where an earlier process stopped, from what it had written down.
//!
//! An execution with a [`Replay`] runs in virtual time first: states are entered at the times at which they were, tasks
//! that were answered are answered the same, waits that were over are over. Whatever the replay does not know is held
//! back. When nothing is left but what is held back, the execution is *redriven*: its own clock goes on, its time limit
//! begins anew, and what was held back is tried.

use super::branch::{Activity, Branch, BranchId, Wake};
use super::run::Run;
use super::timers::Alarm;
use super::{Execution, Observer, Outcome, TaskAnswer};
use crate::clock::{Clock, Time, real_now};
use crate::driver::TaskDriver;
use crate::history::Event;
use crate::program::StateCode;
use std::collections::{HashMap, VecDeque};

/// A state, and the Parallel and Map states around it, each with the index of the branch or iteration.
pub type Site = (String, Vec<(String, usize)>);

/// What an execution did before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replay {
    /// When it began, in microseconds since 1970.
    pub started: Time,
    /// How often it has been redriven.
    pub redrives: u64,
    /// When states were entered, in order.
    pub entries: HashMap<Site, VecDeque<Time>>,
    /// When waits were over.
    pub waits: HashMap<Site, VecDeque<Time>>,
    /// How attempts of tasks ended, and when.
    pub tasks: HashMap<Site, VecDeque<(Time, TaskAnswer)>>,
}

/// A replay under way.
#[derive(Debug)]
pub(super) struct Replaying {
    replay: Replay,
    /// What it does not know.
    held: Vec<BranchId>,
}

impl Execution {
    /// Runs it to its end, on this thread, from where `replay` ends.
    pub fn resume(self, replay: Replay, driver: &mut dyn TaskDriver, observer: &mut dyn Observer) -> Outcome {
        let mut run = Run::new(&self.program, &self.options, &self.sender, driver, observer);
        run.replay(replay);
        run.start();
        run.finish(&self.receiver, false).0
    }
}

impl Run<'_> {
    fn replay(&mut self, replay: Replay) {
        self.now = replay.started;
        self.started = replay.started;
        self.began = replay.started;
        self.redrives = replay.redrives;
        self.replaying = Some(Replaying { replay, held: Vec::new() });
    }

    /// The clock that it goes by: a replay has none of its own.
    pub(super) fn clock(&self) -> Clock {
        match self.replaying {
            Some(_) => Clock::Virtual(self.started),
            None => self.options.clock,
        }
    }

    /// The time at which a state is entered is that at which it was.
    pub(super) fn replay_entry(&mut self, branch: &Branch, state: &StateCode) {
        if self.replaying.is_none() {
            return;
        }
        let site = self.site(branch, state);
        let entries = self.replaying.as_mut().and_then(|replaying| replaying.replay.entries.get_mut(&site));
        if let Some(at) = entries.and_then(VecDeque::pop_front) {
            self.now = self.now.max(at);
        }
    }

    /// Gives a wait its end, or holds it back; `None` where it is to wait as ever.
    pub(super) fn replay_wait(&mut self, branch: Box<Branch>, state: &StateCode) -> Option<Box<Branch>> {
        // The history has nothing of the inside of an iteration that is an execution of its own.
        if self.replaying.is_none() || branch.execution.is_some() {
            return Some(branch);
        }
        let site = self.site(&branch, state);
        let waits = self.replaying.as_mut().and_then(|replaying| replaying.replay.waits.get_mut(&site));
        match waits.and_then(VecDeque::pop_front) {
            Some(at) => {
                self.alarm_at(at.max(self.now), Alarm::Branch(branch.id, Wake::WaitOver));
                self.park(branch, Activity::Timer);
            }
            None => self.hold(branch),
        }
        None
    }

    /// Holds a task back that has no answer; gives it back where it has one.
    pub(super) fn replay_task(&mut self, branch: Box<Branch>, state: &StateCode) -> Option<Box<Branch>> {
        let site = match &self.replaying {
            None => return Some(branch),
            Some(_) => self.site(&branch, state),
        };
        let known = self.replaying.as_ref().and_then(|replaying| replaying.replay.tasks.get(&site));
        if known.is_some_and(|answers| !answers.is_empty()) {
            return Some(branch);
        }
        self.hold(branch);
        None
    }

    /// The next answer of a task that has just been started.
    pub(super) fn replay_answer(&mut self, branch: &Branch, state: &StateCode) -> Option<(Time, TaskAnswer)> {
        self.replaying.as_ref()?;
        let site = self.site(branch, state);
        self.replaying.as_mut()?.replay.tasks.get_mut(&site)?.pop_front()
    }

    fn hold(&mut self, branch: Box<Branch>) {
        if let Some(replaying) = &mut self.replaying {
            replaying.held.push(branch.id);
        }
        self.park(branch, Activity::Timer);
    }

    /// Whether the replay is at its end: nothing is to come of itself.
    pub(super) fn replay_is_over(&self) -> bool {
        self.replaying.is_some()
            && !self.timers().any(|timer| match &timer.what {
                Alarm::Branch(..) => true,
                Alarm::Answer(task, _) | Alarm::TaskTimeout(task) | Alarm::Heartbeat(task, _) => self.tasks.contains_key(task),
                Alarm::Beat(_) | Alarm::Execution => false,
            })
    }

    /// Goes on in its own time.
    pub(super) fn go_live(&mut self) {
        let Some(Replaying { held, .. }) = self.replaying.take() else { return };
        if self.options.clock == Clock::Real {
            self.now = self.now.max(real_now());
        }
        self.began = self.now;
        self.redrives += 1;
        self.forget_timers();
        self.limit_time();
        let last = self.last_event();
        self.record(None, last, Event::ExecutionRedriven { count: self.redrives });
        for id in held {
            self.make_ready(id, Wake::Attempt);
        }
    }

    fn site(&self, branch: &Branch, state: &StateCode) -> Site {
        (state.name.to_string(), self.path(branch))
    }
}
