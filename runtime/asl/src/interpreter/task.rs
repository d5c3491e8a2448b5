//! Task states: scheduling, starting, answering, time-outs.

use super::{Step, TaskAnswer, TaskEnd};
use super::branch::{Activity, Branch, Failed, Timeout, Wake};
use super::evaluate::{Fault, Seen};
use super::run::{Run, RunningTask};
use super::timers::Alarm;
use crate::clock::micros;
use crate::data::Data;
use crate::driver::{Completion, TaskId, TaskRequest, TaskResult};
use crate::history::{Event, Resource, TaskStep, Text};
use crate::program::{Action, StateCode, TaskCode};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A task between its `Scheduled` and its `Started` event.
#[derive(Debug)]
pub(super) struct Scheduled(TaskRequest);

impl Run<'_> {
    pub(super) fn start_task(
        &mut self,
        mut branch: Box<Branch>,
        state: &StateCode,
        task: &TaskCode,
    ) {
        let Some(kept) = self.replay_task(branch, state) else {
            return;
        };
        branch = kept;
        if matches!(task.resource, Resource::Activity(_)) && !self.driver.has_activity(&task.arn) {
            let why = format!("The activity {} does not exist.", task.arn);
            return self.runtime_failure(branch, state, &why);
        }
        let token = task
            .has_token
            .then(|| crate::jsonata::uuid(&mut *self.random.borrow_mut()));
        let evaluated = self.selected_input(&branch, state).and_then(|input| {
            let arguments = task.arguments.as_ref();
            let seen = Seen {
                token: token.as_deref(),
                ..Seen::root(&input)
            };
            let arguments =
                self.arguments(&branch, state, arguments, input.clone(), token.as_deref())?;
            let limits = self.look(&branch, state, seen, |eye| {
                let limit = |field: Option<&_>, name| {
                    field.map(|field| eye.number(field, name)).transpose()
                };
                let role = task.credentials.as_ref();
                Ok::<_, Fault>((
                    limit(task.timeout.as_ref(), "TimeoutSeconds")?,
                    limit(task.heartbeat.as_ref(), "HeartbeatSeconds")?,
                    role.map(|role| eye.value(role, "Credentials"))
                        .transpose()?,
                ))
            });
            Ok((arguments, limits?))
        });
        let (arguments, (timeout, heartbeat, credentials)) = match evaluated {
            Ok(evaluated) => evaluated,
            Err(fault) => return self.faulted(branch, state, fault, true),
        };
        if arguments.exceeds_limit() {
            let failed = too_large(task);
            return self.state_failed(branch, state, failed);
        }
        let role = credentials
            .as_ref()
            .and_then(|role| role.value().get("RoleArn")?.as_str().map(Text::from));
        let step = TaskStep::Scheduled {
            parameters: arguments.text(),
            region: Arc::clone(&task.region),
            timeout,
            heartbeat,
            role,
        };
        self.step(&mut branch, task, step);

        let id = self.next_task;
        self.next_task += 1;
        let request = TaskRequest {
            id,
            state: state.name.to_string(),
            path: self.path(&branch),
            time: self.now,
            resource: task.arn.to_string(),
            arguments: arguments.into_value(),
            credentials: credentials.map(Data::into_value),
            attempt: branch.retries,
            timeout: timeout.map(Duration::from_secs),
            heartbeat: heartbeat.map(Duration::from_secs),
            context: self.context(&branch, state, token.as_deref()),
            token,
        };
        // Whatever else is ready goes first: tasks are scheduled in one step and taken up in the
        // next.
        self.make_ready(branch.id, Wake::Start);
        self.park(branch, Activity::Scheduled(Box::new(Scheduled(request))));
    }

    pub(super) fn start_scheduled(
        &mut self,
        mut branch: Box<Branch>,
        state: &StateCode,
        Scheduled(request): Scheduled,
    ) {
        let Action::Task(task) = &state.action else {
            return;
        };
        let worker = match &task.resource {
            Resource::Activity(arn) => self.driver.worker_name(arn),
            _ => None,
        };
        let worker = worker.map(Text::from);
        self.step(&mut branch, task, TaskStep::Started { worker });
        let (id, limit) = (request.id, |limit: Option<Duration>| limit.map(micros));
        let (timeout, heartbeat) = (limit(request.timeout), limit(request.heartbeat));
        let running = RunningTask {
            branch: branch.id,
            heartbeat,
            beats: 0,
            outside: true,
        };
        self.tasks.insert(id, running);
        self.outside += 1;
        if let Some((at, answer)) = self.replay_answer(&branch, state) {
            self.not_from_outside(id);
            let alarm = match answer {
                TaskAnswer::Result(result) => Alarm::Answer(id, result),
                TaskAnswer::TimedOut => Alarm::TaskTimeout(id),
                TaskAnswer::Silent => Alarm::Heartbeat(id, 0),
            };
            self.alarm_at(at.max(self.now), alarm);
            return self.park(branch, Activity::Task(id));
        }
        if let Some(limit) = timeout {
            self.alarm(limit, Alarm::TaskTimeout(id));
        }
        if let Some(limit) = heartbeat {
            self.alarm(limit, Alarm::Heartbeat(id, 0));
        }
        self.park(branch, Activity::Task(id));
        let completion = Completion::new(id, self.sender.clone());
        self.driver.start(request, completion);
    }

    fn step(&mut self, branch: &mut Branch, task: &TaskCode, step: TaskStep) {
        let resource = task.resource.clone();
        self.record_on(branch, Event::Task { resource, step });
    }

    /// Adds an event to a task that is under way.
    fn step_of(&mut self, id: super::branch::BranchId, step: impl FnOnce(&TaskCode) -> TaskStep) {
        let Some(mut branch) = self.branches.take(id) else {
            return;
        };
        if let Some(Action::Task(task)) = self.state_of(&branch).map(|state| &state.action) {
            let step = step(task);
            self.step(&mut branch, task, step);
        }
        self.branches.put_back(branch);
    }

    /// A task is answered; an answer to one that is over is ignored.
    pub(super) fn answer(&mut self, id: TaskId, result: TaskResult) {
        if let Some(task) = self.forget_task(id) {
            self.make_ready(task.branch, Wake::Answered(result));
        }
    }

    /// Both limits end in `States.Timeout`, as AWS reports it also for a silent worker.
    pub(super) fn time_out(&mut self, id: TaskId, limit: Timeout) {
        if let Some(task) = self.forget_task(id) {
            self.driver.cancel(id);
            let failed = timeout(limit);
            self.step_of(task.branch, |_| TaskStep::TimedOut((&failed).into()));
            self.make_ready(task.branch, Wake::TimedOut(limit));
        }
    }

    pub(super) fn submitted(&mut self, id: TaskId, output: Value) {
        if let Some(branch) = self.tasks.get(&id).map(|task| task.branch) {
            self.step_of(branch, |_| TaskStep::Submitted(Data::new(output).text()));
        }
    }

    pub(super) fn answered(
        &mut self,
        mut branch: Box<Branch>,
        state: &StateCode,
        result: TaskResult,
    ) {
        let Action::Task(task) = &state.action else {
            return;
        };
        let answer = TaskAnswer::Result(result);
        self.task_ended(&branch, state, &answer);
        let TaskAnswer::Result(result) = answer else {
            return;
        };
        match result {
            Ok(value) => {
                let result = Data::new(value);
                if result.exceeds_limit() {
                    let failed = too_large(task);
                    self.step(&mut branch, task, TaskStep::Failed((&failed).into()));
                    return self.state_failed(branch, state, failed);
                }
                self.step(&mut branch, task, TaskStep::Succeeded(result.text()));
                self.processed(state, Step::Result, &result);
                let seen = Seen {
                    result: Some(&result),
                    ..Seen::default()
                };
                let input = branch.input.clone();
                self.leave(
                    branch,
                    state,
                    &state.flow,
                    &input,
                    Some(result.clone()),
                    seen,
                );
            }
            Err(error) => {
                let failed = Failed::from(error);
                self.step(&mut branch, task, TaskStep::Failed((&failed).into()));
                self.state_failed(branch, state, failed);
            }
        }
    }

    /// The event has been recorded when the time was over.
    pub(super) fn timed_out(&mut self, branch: Box<Branch>, state: &StateCode, limit: Timeout) {
        let answer = match limit {
            Timeout::Task => TaskAnswer::TimedOut,
            Timeout::Heartbeat => TaskAnswer::Silent,
        };
        self.task_ended(&branch, state, &answer);
        self.state_failed(branch, state, timeout(limit));
    }

    fn task_ended(&mut self, branch: &Branch, state: &StateCode, answer: &TaskAnswer) {
        let end = TaskEnd {
            state: &state.name,
            path: self.path(branch),
            time: self.now,
            answer,
        };
        self.observer.ended(&end);
    }
}

fn timeout(limit: Timeout) -> Failed {
    Failed {
        error: Some("States.Timeout".into()),
        heartbeat: limit == Timeout::Heartbeat,
        ..Failed::default()
    }
}

fn too_large(task: &TaskCode) -> Failed {
    let name: &str = match &task.resource {
        Resource::Service { service, .. } => service,
        Resource::Function(arn) | Resource::Activity(arn) => arn,
    };
    Failed::new(
        "States.DataLimitExceeded",
        Some(format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        )),
    )
}
