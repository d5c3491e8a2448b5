//! A definition made ready to run: names resolved to indices, expressions parsed, defaults filled
//! in. Done once per execution, before its first event.
//!
//! A *scope* is a machine or sub-machine: the whole, a branch of a Parallel, the processor of a
//! Map. States know each other by their index in their scope. `compile` makes it, [`field`] holds
//! what the fields say in either query language, [`choice`] the tests of JSONPath's Choice.

mod choice;
mod compile;
mod distributed;
mod field;
mod resource;
mod rules;

pub(crate) use choice::{Test, timestamp};
pub(crate) use distributed::{Distributed, ReaderCode};
pub(crate) use field::Field;

use crate::dataflow::{DataPath, ResultPath};
use crate::history::{Resource, StateKind};
use crate::interpreter::Kind;
use crate::jsonata::Template;
use crate::model::{JitterStrategy, QueryLanguage, Retrier, StateMachine};
use crate::validate::{Issue, Severity};
use std::sync::Arc;

/// A machine or sub-machine by its place in [`Program::scopes`]; 0 is the whole.
pub(crate) type ScopeIndex = usize;

#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) scopes: Vec<ScopeCode>,
    pub(crate) timeout_seconds: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct ScopeCode {
    pub(crate) start: usize,
    pub(crate) states: Vec<StateCode>,
}

#[derive(Debug)]
pub(crate) struct StateCode {
    pub(crate) name: Arc<str>,
    pub(crate) kind: StateKind,
    pub(crate) language: QueryLanguage,
    /// JSONPath: what of its input the state sees.
    pub(crate) input: DataPath,
    pub(crate) action: Action,
    pub(crate) flow: Flow,
    pub(crate) retry: Vec<RetryCode>,
    pub(crate) catch: Vec<CatchCode>,
    /// Whether an expression of it may look at the context object.
    pub(crate) needs_context: bool,
}

/// How a state, a choice rule or a Catcher goes on.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// JSONPath: what becomes of the result, before all else.
    pub(crate) selector: Option<Field>,
    pub(crate) assign: Vec<(Arc<str>, Field)>,
    /// JSONata: what goes on; else the result, or the input where there is none.
    pub(crate) output: Option<Field>,
    pub(crate) result_path: ResultPath,
    pub(crate) output_path: DataPath,
    /// The next state; `None` ends the scope.
    pub(crate) next: Option<usize>,
}

#[derive(Debug)]
pub(crate) enum Action {
    Pass {
        /// JSONPath: `Parameters`, which replace the input.
        parameters: Option<Field>,
        /// JSONPath: a literal result.
        result: Option<Field>,
    },
    Succeed,
    Fail {
        error: Option<Field>,
        cause: Option<Field>,
    },
    Choice {
        rules: Vec<(Condition, Flow)>,
        /// Whether there is a `Default`: the state's own flow.
        default: bool,
    },
    Wait(WaitCode),
    Task(Box<TaskCode>),
    Parallel {
        arguments: Option<Field>,
        branches: Vec<ScopeIndex>,
    },
    Map(Box<MapCode>),
}

/// What a choice rule asks.
#[derive(Debug)]
pub(crate) enum Condition {
    Jsonata(Template),
    Test(Test),
}

#[derive(Debug)]
pub(crate) enum WaitCode {
    Seconds(Field),
    Timestamp(Field),
}

#[derive(Debug)]
pub(crate) struct TaskCode {
    pub(crate) arn: Arc<str>,
    pub(crate) resource: Resource,
    pub(crate) region: Arc<str>,
    pub(crate) arguments: Option<Field>,
    pub(crate) credentials: Option<Field>,
    pub(crate) timeout: Option<Field>,
    pub(crate) heartbeat: Option<Field>,
    pub(crate) has_token: bool,
}

#[derive(Debug)]
pub(crate) struct MapCode {
    pub(crate) items: Option<Field>,
    /// `ItemSelector`, or the `Parameters` of old.
    pub(crate) selector: Option<Field>,
    pub(crate) max_concurrency: Option<Field>,
    pub(crate) tolerated_count: Option<Field>,
    pub(crate) tolerated_percentage: Option<Field>,
    pub(crate) processor: ScopeIndex,
    /// What only a distributed Map has.
    pub(crate) distributed: Option<Distributed>,
}

#[derive(Debug)]
pub(crate) struct RetryCode {
    pub(crate) errors: Vec<String>,
    pub(crate) interval_seconds: f64,
    pub(crate) max_attempts: u64,
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay_seconds: Option<f64>,
    pub(crate) jitter: bool,
}

#[derive(Debug)]
pub(crate) struct CatchCode {
    pub(crate) errors: Vec<String>,
    pub(crate) flow: Flow,
}

impl Program {
    /// Makes a definition ready.
    ///
    /// # Errors
    /// What [`crate::validate::validate`] reports as errors, and paths and expressions that do not
    /// parse.
    pub(crate) fn compile(machine: &StateMachine, kind: Kind) -> Result<Self, Vec<Issue>> {
        let mut issues = crate::validate::validate_as(machine, kind);
        issues.retain(|issue| issue.severity == Severity::Error);
        compile::compile(machine, issues)
    }

    /// The same for a definition in which validation has found no error.
    ///
    /// # Errors
    /// Paths and expressions that do not parse.
    pub(crate) fn compile_validated(machine: &StateMachine) -> Result<Self, Vec<Issue>> {
        compile::compile(machine, Vec::new())
    }

    pub(crate) fn state(&self, scope: ScopeIndex, state: usize) -> Option<&StateCode> {
        self.scopes.get(scope)?.states.get(state)
    }
}

impl RetryCode {
    /// Seconds before the retry that follows `used` earlier ones, before jitter.
    pub(crate) fn delay(&self, used: u64) -> f64 {
        let exponent = i32::try_from(used).unwrap_or(i32::MAX);
        let delay = self.interval_seconds * self.backoff_rate.powi(exponent);
        self.max_delay_seconds.map_or(delay, |most| delay.min(most))
    }
}

impl From<&Retrier> for RetryCode {
    #[expect(clippy::cast_precision_loss, reason = "seconds, far below 2^53")]
    fn from(retrier: &Retrier) -> Self {
        Self {
            errors: retrier.error_equals.clone(),
            interval_seconds: retrier.interval_seconds.unwrap_or(1) as f64,
            max_attempts: retrier.max_attempts.unwrap_or(3),
            backoff_rate: retrier.backoff_rate.unwrap_or(2.0),
            max_delay_seconds: retrier.max_delay_seconds.map(|seconds| seconds as f64),
            jitter: retrier.jitter_strategy == Some(JitterStrategy::Full),
        }
    }
}
