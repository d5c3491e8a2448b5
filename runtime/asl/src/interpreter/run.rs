//! The loop: ready branches, timers, messages, the end.

use super::branch::{
    Activity, Branch, BranchId, Branches, ChildExecution, Failed, Timeout, Variables, Wake,
};
use super::ending::{Ending, most_events, too_many};
use super::redrive::Stopped;
use super::replay::Replaying;
use super::single::Test;
use super::timers::{Alarm, Timer};
use super::{ContextOptions, ExecutionOptions, Kind, Observer, Outcome, Status};
use crate::clock::{Clock, Time, real_now};
use crate::data::Data;
use crate::driver::{Message, TaskDriver, TaskId};
use crate::history::{Event, HistoryEvent, Text};
use crate::program::{Program, StateCode};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::cell::RefCell;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// Longest executions, in seconds: a year and five minutes (Step Functions quotas).
const STANDARD_SECONDS: u64 = 365 * 86_400;
const EXPRESS_SECONDS: u64 = 300;

pub(super) struct Run<'a> {
    pub(super) program: &'a Program,
    pub(super) options: &'a ExecutionOptions,
    pub(super) context: ContextOptions,
    pub(super) sender: &'a Sender<Message>,
    pub(super) driver: &'a mut dyn TaskDriver,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) input: Data,
    pub(super) started: Time,
    /// When this run of it began: later than its start if it was redriven.
    pub(super) began: Time,
    pub(super) now: Time,
    pub(super) random: Rc<RefCell<StdRng>>,
    history: Vec<HistoryEvent>,
    pub(super) redrives: u64,
    pub(super) branches: Branches,
    pub(super) ready: VecDeque<(BranchId, Wake)>,
    timers: BinaryHeap<Timer>,
    next_timer: u64,
    pub(super) tasks: HashMap<TaskId, RunningTask>,
    pub(super) next_task: TaskId,
    /// How many tasks may still be answered from outside.
    pub(super) outside: usize,
    /// Set where one state is tested alone.
    pub(super) test: Option<Rc<Test>>,
    pub(super) end: Option<Ending>,
    /// Set while it repeats what another process had written down.
    pub(super) replaying: Option<Replaying>,
}

#[derive(Debug)]
pub(super) struct RunningTask {
    pub(super) branch: BranchId,
    pub(super) heartbeat: Option<Time>,
    /// Rises with every heartbeat, so that the timers of earlier ones are known to be stale.
    pub(super) beats: u64,
    /// Whether an answer may come from outside: not once it is in a timer, or never comes.
    pub(super) outside: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        program: &'a Program,
        options: &'a ExecutionOptions,
        sender: &'a Sender<Message>,
        driver: &'a mut dyn TaskDriver,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let now = options.clock.start();
        let context = options.context.clone();
        Self {
            program,
            options,
            context: context.unwrap_or_else(|| ContextOptions::local("machine", &options.name)),
            sender,
            driver,
            observer,
            input: Data::new(options.input.clone()),
            started: now,
            began: now,
            now,
            random: Rc::new(RefCell::new(StdRng::seed_from_u64(options.seed))),
            history: Vec::new(),
            redrives: 0,
            branches: Branches::default(),
            ready: VecDeque::new(),
            timers: BinaryHeap::new(),
            next_timer: 0,
            tasks: HashMap::new(),
            next_task: 1,
            outside: 0,
            test: None,
            end: None,
            replaying: None,
        }
    }

    /// Runs to the end; with what a redrive goes on from.
    pub(super) fn finish(
        mut self,
        receiver: &Receiver<Message>,
        redrivable: bool,
    ) -> (Outcome, Option<Stopped>) {
        while self.end.is_none() {
            if self.clock() == Clock::Real {
                self.now = self.now.max(real_now());
                // Also while there is always something ready: time goes on.
                self.fire();
            }
            while let Ok(message) = receiver.try_recv() {
                self.message(message);
            }
            if self.end.is_some() {
                break;
            }
            if let Some((id, wake)) = self.ready.pop_front() {
                self.wake(id, wake);
            } else if self.replay_is_over() {
                self.go_live();
            } else {
                self.wait(receiver);
            }
        }
        let tasks: Vec<TaskId> = {
            let mut tasks: Vec<TaskId> = self.tasks.keys().copied().collect();
            tasks.sort_unstable();
            tasks
        };
        for task in tasks {
            self.driver.cancel(task);
        }
        let ending = self.end.take().unwrap_or(Ending {
            status: Status::Aborted,
            output: None,
            failed: Failed::default(),
            resume: None,
        });
        let time = (self.started, self.now);
        let resume = ending.resume.filter(|_| redrivable);
        let stopped = resume.map(|root| Stopped {
            root,
            history: self.history.clone(),
            time,
            next_task: self.next_task,
            redrives: self.redrives,
        });
        let outcome = Outcome {
            status: ending.status,
            output: ending.output.map(Data::into_value),
            error: ending.failed.error,
            cause: ending.failed.cause,
            history: self.history,
            time,
        };
        (outcome, stopped)
    }

    /// The time, history and numbers of the attempt before.
    pub(super) fn go_on(
        &mut self,
        history: Vec<HistoryEvent>,
        time: (Time, Time),
        next_task: TaskId,
        redrives: u64,
    ) {
        self.history = history;
        self.started = time.0;
        self.now = self.now.max(time.1);
        self.began = self.now;
        self.next_task = next_task;
        self.redrives = redrives;
        self.limit_time();
    }

    pub(super) fn last_event(&self) -> u64 {
        self.history.len() as u64
    }

    pub(super) fn start(&mut self) {
        let event = Event::ExecutionStarted {
            input: self.input.text(),
            role_arn: self.context.role_arn.as_str().into(),
        };
        self.record(None, 0, event);
        if self.replaying.is_none() {
            self.limit_time();
        }
        let input = self.input.clone();
        let start = self.program.scopes.first().map_or(0, |scope| scope.start);
        let variables = Variables::new(&self.options.variables);
        self.spawn(Branch {
            id: BranchId::default(),
            scope: 0,
            state: start,
            input,
            previous: 0,
            before_entry: 0,
            entered_event: 0,
            entered_at: self.now,
            retries: 0,
            retries_by: Vec::new(),
            variables: Rc::new(variables),
            map_item: None,
            execution: None,
            parent: None,
            activity: Activity::Ready,
        });
    }

    /// Sets the timer of the whole execution.
    pub(super) fn limit_time(&mut self) {
        let most = match self.options.kind {
            Kind::Standard => STANDARD_SECONDS,
            Kind::Express => EXPRESS_SECONDS,
        };
        let micros = |seconds: u64| {
            Time::try_from(seconds)
                .unwrap_or(Time::MAX)
                .saturating_mul(1_000_000)
        };
        // What takes exactly as long as the service allows is not yet too long.
        let most = micros(most).saturating_add(1);
        let limit = self
            .program
            .timeout_seconds
            .map_or(most, |limit| micros(limit).min(most));
        self.alarm(limit, Alarm::Execution);
    }

    /// Gives a new branch its id and makes it ready.
    pub(super) fn spawn(&mut self, branch: Branch) -> BranchId {
        let id = self.branches.add(Box::new(branch));
        self.ready.push_back((id, Wake::Enter));
        id
    }

    pub(super) fn make_ready(&mut self, id: BranchId, wake: Wake) {
        self.ready.push_back((id, wake));
    }

    pub(super) fn park(&mut self, mut branch: Box<Branch>, activity: Activity) {
        branch.activity = activity;
        self.branches.put_back(branch);
    }

    pub(super) fn alarm(&mut self, after: Time, what: Alarm) {
        self.alarm_at(self.now.saturating_add(after), what);
    }

    pub(super) fn alarm_at(&mut self, at: Time, what: Alarm) {
        let order = self.next_timer;
        self.next_timer += 1;
        self.timers.push(Timer { at, order, what });
    }

    /// What is set, in no order.
    pub(super) fn timers(&self) -> impl Iterator<Item = &Timer> {
        self.timers.iter()
    }

    pub(super) fn forget_timers(&mut self) {
        self.timers.clear();
    }

    /// Adds an event to the history; to that of a child execution only its number.
    pub(super) fn record(
        &mut self,
        execution: Option<&ChildExecution>,
        previous: u64,
        event: Event,
    ) -> u64 {
        self.record_of(execution, None, previous, event)
    }

    fn record_of(
        &mut self,
        execution: Option<&ChildExecution>,
        state: Option<&Text>,
        previous: u64,
        event: Event,
    ) -> u64 {
        if let Some(execution) = execution {
            let id = execution.events.get() + 1;
            execution.events.set(id);
            return id;
        }
        let id = self.history.len() as u64 + 1;
        // The state in which the execution ended may still be on its way out.
        if self.end.is_none() {
            self.push(state.cloned(), previous, event);
            if self.history.len() + 1 == most_events(self.options.kind) {
                self.too_many_events(id);
            }
        }
        id
    }

    pub(super) fn push(&mut self, state: Option<Text>, previous: u64, event: Event) {
        let event = HistoryEvent {
            id: self.history.len() as u64 + 1,
            previous_event_id: previous,
            timestamp: self.now,
            event,
            state,
        };
        self.observer.event(&event);
        self.history.push(event);
    }

    /// Adds an event to a branch: the next one follows it.
    pub(super) fn record_on(&mut self, branch: &mut Branch, event: Event) {
        let program = self.program;
        let state = program.state(branch.scope, branch.state);
        let execution = branch.execution.as_deref();
        let state = state.map(|state| &state.name);
        branch.previous = self.record_of(execution, state, branch.previous, event);
    }

    fn wait(&mut self, receiver: &Receiver<Message>) {
        let due = self.timers.peek().map(|timer| timer.at);
        match (self.clock(), due) {
            (_, Some(at)) if at <= self.now => self.fire(),
            (Clock::Virtual(_), Some(at)) if self.outside == 0 => {
                self.now = at;
                self.fire();
            }
            (Clock::Real, Some(at)) => {
                let left = Duration::from_micros(u64::try_from(at - self.now).unwrap_or(0));
                match receiver.recv_timeout(left) {
                    Ok(message) => self.message(message),
                    Err(RecvTimeoutError::Timeout) => self.now = self.now.max(real_now()),
                    Err(RecvTimeoutError::Disconnected) => self.stuck(),
                }
            }
            // Outside answers are to come, or an abort: nothing else can happen.
            _ => match receiver.recv() {
                Ok(message) => self.message(message),
                Err(_) => self.stuck(),
            },
        }
    }

    /// No sender is left: cannot be while `self` holds one, and ends the loop all the same.
    fn stuck(&mut self) {
        let cause = "nothing is left that could go on".to_owned();
        self.fail_execution(0, Failed::runtime(cause), None);
    }

    /// Everything that is due at this time happens before anything goes on.
    fn fire(&mut self) {
        while self.timers.peek().is_some_and(|timer| timer.at <= self.now)
            && let Some(timer) = self.timers.pop()
        {
            match timer.what {
                Alarm::Branch(id, wake) => self.make_ready(id, wake),
                Alarm::Answer(task, result) => self.answer(task, result),
                Alarm::Beat(task) => self.beat(task),
                Alarm::TaskTimeout(task) => self.time_out(task, Timeout::Task),
                Alarm::Heartbeat(task, beat) => {
                    if self
                        .tasks
                        .get(&task)
                        .is_some_and(|running| running.beats == beat)
                    {
                        self.time_out(task, Timeout::Heartbeat);
                    }
                }
                Alarm::Execution => {
                    // As AWS says it: only TestState gives the error a name.
                    let failed = match &self.test {
                        Some(_) => Failed::new("States.Timeout", None),
                        None => Failed::default(),
                    };
                    self.end_with(Status::TimedOut, None, failed, 0, None);
                }
            }
        }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Answer { id, after, result } if after > 0 => {
                self.not_from_outside(id);
                self.alarm(after, Alarm::Answer(id, result));
            }
            Message::Answer { id, result, .. } => self.answer(id, result),
            Message::Never(id) => self.not_from_outside(id),
            Message::Heartbeat(id, after) if after > 0 => self.alarm(after, Alarm::Beat(id)),
            Message::Heartbeat(id, _) => self.beat(id),
            Message::Submitted(id, output) => self.submitted(id, output),
            Message::Abort(error) => {
                self.end_with(Status::Aborted, None, error.into(), 0, None);
            }
        }
    }

    /// The task's worker is alive: the time of its heartbeat starts anew.
    fn beat(&mut self, id: TaskId) {
        if let Some(task) = self.tasks.get_mut(&id) {
            task.beats += 1;
            let beat = task.beats;
            if let Some(limit) = task.heartbeat {
                self.alarm(limit, Alarm::Heartbeat(id, beat));
            }
        }
    }

    /// The task's answer is in a timer, or never comes.
    pub(super) fn not_from_outside(&mut self, id: TaskId) {
        if let Some(task) = self.tasks.get_mut(&id)
            && std::mem::take(&mut task.outside)
        {
            self.outside -= 1;
        }
    }

    /// The task is over.
    pub(super) fn forget_task(&mut self, id: TaskId) -> Option<RunningTask> {
        self.not_from_outside(id);
        self.tasks.remove(&id)
    }

    fn wake(&mut self, id: BranchId, wake: Wake) {
        let Some(mut branch) = self.branches.take(id) else {
            return;
        };
        let Some(state) = self.program.state(branch.scope, branch.state) else {
            return;
        };
        let activity = std::mem::replace(&mut branch.activity, Activity::Busy);
        if let Some(child) = &branch.execution
            && child.events.get() + 1 >= child.most_events
        {
            let failed = Failed::runtime(too_many(child.most_events));
            return self.execution_failed(branch, failed);
        }
        match (wake, activity) {
            (Wake::Enter, _) => self.enter(branch, state),
            (Wake::Attempt, _) => self.attempt(branch, state),
            (Wake::Start, Activity::Scheduled(task)) => self.start_scheduled(branch, state, *task),
            (Wake::WaitOver, _) => self.wait_over(branch, state),
            (Wake::Answered(result), _) => self.answered(branch, state, result),
            (Wake::TimedOut(limit), _) => self.timed_out(branch, state, limit),
            (Wake::ChildDone(index, output, at), Activity::Children(children)) => {
                self.child_done(branch, state, children, index, output, at);
            }
            (Wake::ChildFailed(index, failed, at), Activity::Children(children)) => {
                self.child_failed(branch, state, children, index, *failed, at);
            }
            // A child of an attempt that is over: nobody waits for it.
            (Wake::Start | Wake::ChildDone(..) | Wake::ChildFailed(..), activity) => {
                self.park(branch, activity);
            }
        }
    }

    /// Goes on with the next state, or ends the branch.
    pub(super) fn proceed(&mut self, mut branch: Box<Branch>, output: Data, next: Option<usize>) {
        if self.test.is_some() {
            return self.left_alone(&branch, output, next);
        }
        branch.input = output;
        match next {
            Some(next) => {
                branch.state = next;
                let id = branch.id;
                self.park(branch, Activity::Ready);
                self.make_ready(id, Wake::Enter);
            }
            None => self.branch_done(*branch),
        }
    }

    pub(super) fn state_of(&self, branch: &Branch) -> Option<&'a StateCode> {
        self.program.state(branch.scope, branch.state)
    }

    /// The Parallel and Map states around a branch, outermost first.
    pub(super) fn path(&self, branch: &Branch) -> Vec<(String, usize)> {
        let mut path = Vec::new();
        let mut at = branch.parent;
        while let Some((id, index)) = at {
            let Some(above) = self.branches.get(id) else {
                break;
            };
            let Some(state) = self.state_of(above) else {
                break;
            };
            path.push((state.name.to_string(), index));
            at = above.parent;
        }
        path.reverse();
        path
    }
}
