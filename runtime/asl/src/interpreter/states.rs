//! Entering and leaving a state; the states that are over at once, and Wait.

use super::Edge;
use super::branch::{Activity, Branch, Failed, Wake};
use super::evaluate::{Eye, Fault, Seen, plain};
use super::run::Run;
use super::timers::Alarm;
use crate::clock::{Time, micros};
use crate::data::Data;
use crate::history::Event;
use crate::jsonata::EvaluationFailure;
use crate::model::QueryLanguage;
use crate::program::{Action, Condition, Field, Flow, StateCode, Test, WaitCode, timestamp};
use serde_json::Value;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Said of a payload that is nested too deeply.
pub(super) const TOO_DEEP: &str = "The data is nested more than 500 levels deep.";

impl Run<'_> {
    pub(super) fn enter(&mut self, mut branch: Box<Branch>, state: &StateCode) {
        branch.before_entry = branch.previous;
        branch.retries = 0;
        branch.retries_by.clear();
        self.replay_entry(&branch, state);
        branch.entered_at = self.now;
        let event = Event::StateEntered {
            kind: state.kind,
            name: Arc::clone(&state.name),
            input: branch.input.text(),
        };
        self.record_on(&mut branch, event);
        branch.entered_event = branch.previous;
        self.attempt(branch, state);
    }

    /// Does what the state does, for the first time or again.
    pub(super) fn attempt(&mut self, branch: Box<Branch>, state: &StateCode) {
        match &state.action {
            Action::Task(task) => return self.start_task(branch, state, task),
            Action::Map(map) => return self.start_map(branch, state, map),
            Action::Parallel {
                arguments,
                branches,
            } => return self.start_parallel(branch, state, arguments.as_ref(), branches),
            _ => {}
        }
        let input = match self.selected_input(&branch, state) {
            Ok(input) => input,
            Err(fault) => return self.faulted(branch, state, fault, true),
        };
        match &state.action {
            Action::Pass { parameters, result } => {
                let result = match result {
                    Some(Field::Literal(result)) => Ok(result.clone()),
                    _ => self.arguments(&branch, state, parameters.as_ref(), input.clone(), None),
                };
                match (result, state.language) {
                    (Err(fault), _) => self.faulted(branch, state, fault, true),
                    (Ok(_), QueryLanguage::Jsonata) => {
                        self.leave(branch, state, &state.flow, &input, None, Seen::default());
                    }
                    (Ok(result), QueryLanguage::JsonPath) => {
                        let seen = Seen::default();
                        self.leave(branch, state, &state.flow, &input, Some(result), seen);
                    }
                }
            }
            Action::Fail { error, cause } => {
                self.fail_state(branch, state, error.as_ref(), cause.as_ref());
            }
            Action::Choice { rules, default } => {
                self.choose(branch, state, &input, rules, *default);
            }
            Action::Wait(wait) => self.start_wait(branch, state, &input, wait),
            _ => self.leave(branch, state, &state.flow, &input, None, Seen::default()),
        }
    }

    /// Evaluates what a flow assigns and hands on, records the exit, and goes on. `input` is what
    /// the state saw, `result` what its work gave.
    pub(super) fn leave(
        &mut self,
        mut branch: Box<Branch>,
        state: &StateCode,
        flow: &Flow,
        input: &Data,
        result: Option<Data>,
        seen: Seen<'_>,
    ) {
        let left = match self.flow_out(&branch, state, flow, input, result.as_ref(), seen) {
            Ok(left) => left,
            // What goes wrong on the way out of a Catcher is not caught again.
            Err(fault) => {
                let caught = seen.error_output.is_none();
                return self.faulted(branch, state, fault, caught);
            }
        };
        if left.output.is_too_deep() {
            return self.runtime_failure(branch, state, TOO_DEEP);
        }
        if left.output.exceeds_limit() {
            let failed = Failed::new(
                "States.DataLimitExceeded",
                Some(format!(
                    "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit.",
                    state.name
                )),
            );
            return self.execution_failed(branch, failed);
        }
        let event = Event::StateExited {
            kind: state.kind,
            name: Arc::clone(&state.name),
            output: left.output.text(),
            assigned: left
                .assigned
                .iter()
                .map(|(name, value)| (Arc::clone(name), value.text()))
                .collect(),
        };
        self.record_on(&mut branch, event);
        if !left.assigned.is_empty() {
            let variables = Rc::make_mut(&mut branch.variables);
            for (name, value) in left.assigned {
                variables.assign(name, value);
            }
        }
        self.proceed(branch, left.output, flow.next);
    }

    fn fail_state(
        &mut self,
        branch: Box<Branch>,
        state: &StateCode,
        error: Option<&Field>,
        cause: Option<&Field>,
    ) {
        let evaluated = self.look(&branch, state, Seen::default(), |eye| {
            let text =
                |field: Option<&Field>, name| field.map(|field| eye.text(field, name)).transpose();
            Ok::<_, Fault>((text(error, "Error")?, text(cause, "Cause")?))
        });
        match evaluated {
            Ok((error, cause)) => {
                let failed = Failed {
                    error,
                    cause,
                    ..Failed::default()
                };
                self.branch_failed(branch, failed);
            }
            Err(fault) => self.faulted(branch, state, fault, true),
        }
    }

    fn choose(
        &mut self,
        branch: Box<Branch>,
        state: &StateCode,
        input: &Data,
        rules: &[(Condition, Flow)],
        default: bool,
    ) {
        let chosen = self.look(&branch, state, Seen::root(input), |eye| {
            for (index, (condition, flow)) in rules.iter().enumerate() {
                let holds = match condition {
                    Condition::Jsonata(template) => {
                        eye.condition(template, &format!("Choices[{index}]/Condition"))?
                    }
                    Condition::Test(test) => holds(test, eye)?,
                };
                if holds {
                    return Ok(Some((index, flow)));
                }
            }
            Ok(None)
        });
        let seen = Seen::root(input);
        match chosen {
            Err(fault) => self.faulted(branch, state, fault, true),
            Ok(Some((index, flow))) => {
                self.observer.took(&state.name, Edge::Rule(index));
                self.leave(branch, state, flow, input, None, seen);
            }
            Ok(None) if default => {
                self.observer.took(&state.name, Edge::Default);
                self.leave(branch, state, &state.flow, input, None, seen);
            }
            // As seen on AWS; `States.NoChoiceMatched` of the specification never comes.
            Ok(None) => self.runtime_failure(
                branch,
                state,
                "Failed to transition out of the state. The state does not point to a next state.",
            ),
        }
    }

    fn start_wait(
        &mut self,
        branch: Box<Branch>,
        state: &StateCode,
        input: &Data,
        wait: &WaitCode,
    ) {
        let Some(branch) = self.replay_wait(branch, state) else {
            return;
        };
        let now = self.now;
        let until = self.look(&branch, state, Seen::root(input), |eye| match wait {
            WaitCode::Seconds(field) => {
                let seconds = wait_seconds(field, eye)?;
                Ok::<_, Fault>(now.saturating_add(micros(Duration::from_secs(seconds))))
            }
            WaitCode::Timestamp(field) => wait_until(field, eye),
        });
        match until {
            Ok(until) => {
                let alarm = Alarm::Branch(branch.id, Wake::WaitOver);
                self.alarm_at(until.max(now), alarm);
                self.park(branch, Activity::Timer);
            }
            Err(fault) => self.faulted(branch, state, fault, true),
        }
    }

    pub(super) fn wait_over(&mut self, branch: Box<Branch>, state: &StateCode) {
        match self.selected_input(&branch, state) {
            Ok(input) => self.leave(branch, state, &state.flow, &input, None, Seen::default()),
            Err(fault) => self.faulted(branch, state, fault, true),
        }
    }
}

fn holds(test: &Test, eye: &Eye<'_>) -> Result<bool, Fault> {
    test.holds(&|query| eye.resolve(query)).map_err(|broken| {
        Fault::runtime(format!(
            "Invalid path '{}': The choice state's condition path references an invalid value.",
            broken.0
        ))
    })
}

fn wait_seconds(field: &Field, eye: &Eye<'_>) -> Result<u64, Fault> {
    let Field::Path(path) = field else {
        return eye.number(field, "Seconds");
    };
    let source = path.text();
    let Some(value) = eye.resolve(path) else {
        return Err(Fault::runtime(format!(
            "The SecondsPath parameter does not reference an input value: {source}"
        )));
    };
    let number = match &*value {
        Value::String(text) => text.parse::<i64>().ok(),
        value => value.as_i64(),
    };
    match number.map(u64::try_from) {
        Some(Ok(seconds)) => Ok(seconds),
        Some(Err(_)) => Err(Fault::runtime(format!(
            "The SecondsPath parameter references a negative value: {source} == {}",
            plain(&Data::new(value.into_owned()))
        ))),
        None => Err(Fault::runtime(format!(
            "The SecondsPath parameter cannot be parsed as a long value: {source} == {}",
            plain(&Data::new(value.into_owned()))
        ))),
    }
}

fn wait_until(field: &Field, eye: &Eye<'_>) -> Result<Time, Fault> {
    let Field::Path(path) = field else {
        let data = match field {
            Field::Jsonata(template) => eye.string(template, "Timestamp")?,
            field => eye.value(field, "Timestamp")?,
        };
        let text = data.value().as_str().unwrap_or_default();
        let until = timestamp(text).map(|until| until.timestamp_micros());
        return until.ok_or_else(|| Fault::Query(EvaluationFailure {
            location: "Timestamp".into(),
            refused: true,
            message: format!(
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}"
            ),
        }));
    };
    let source = path.text();
    let Some(value) = eye.resolve(path) else {
        return Err(Fault::runtime(format!(
            "The TimestampPath parameter does not reference an input value: {source}"
        )));
    };
    let until = value.as_str().and_then(timestamp);
    until.map(|until| until.timestamp_micros()).ok_or_else(|| {
        Fault::runtime(format!(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {source} == {}",
            plain(&Data::new(value.into_owned()))
        ))
    })
}
