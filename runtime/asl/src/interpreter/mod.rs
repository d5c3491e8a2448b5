//! Runs a definition: a deterministic, single-threaded loop over explicit branches.
//!
//! A *branch* is one thread of the execution: the whole, a branch of a Parallel, an iteration of a
//! Map. Nothing recurses on the Rust stack. The loop takes a ready branch and runs one state of it;
//! with none ready it waits for a task's answer, or for the next timer. Under the virtual clock it
//! jumps to the timer.
//!
//! ```
//! use flow_asl::driver::Mock;
//! use flow_asl::interpreter::{Execution, ExecutionOptions, Silent, Status};
//! use flow_asl::model::StateMachine;
//! use serde_json::json;
//!
//! let machine = StateMachine::parse(r#"{
//!   "QueryLanguage": "JSONata", "StartAt": "Year",
//!   "States": {"Year": {"Type": "Wait", "Seconds": 31536000, "Output": {"n": "{% 1 + 1 %}"}, "End": true}}
//! }"#).unwrap();
//! let execution = Execution::new(&machine, ExecutionOptions::default()).unwrap();
//! let outcome = execution.run(&mut Mock::new(), &mut Silent);
//! assert_eq!(outcome.status, Status::Succeeded);
//! assert_eq!(outcome.output, Some(json!({"n": 2})));
//! ```

mod branch;
mod children;
mod context;
mod ending;
mod evaluate;
pub(crate) mod failure;
mod io;
mod map;
mod map_run;
mod redrive;
mod replay;
mod run;
mod single;
mod states;
mod task;
mod timers;

pub use redrive::Redrive;
pub use replay::{Replay, Site};
pub(crate) use single::{Found, Handled, Single, run_single};

use crate::clock::{Clock, Time};
use crate::driver::{Message, TaskDriver, TaskError, TaskResult};
use crate::history::HistoryEvent;
use crate::model::StateMachine;
use crate::program::Program;
use crate::validate::Issue;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// With an output.
    Succeeded,
    /// With an error.
    Failed,
    /// By the machine's `TimeoutSeconds`.
    TimedOut,
    /// By an [`AbortHandle`].
    Aborted,
}

/// The kind of state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Durable, up to a year and 25,000 events.
    #[default]
    Standard,
    /// Up to five minutes, no limit on events.
    Express,
}

/// What the context object says of the execution beside its name and input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextOptions {
    /// `Execution.Id`.
    pub execution_arn: String,
    /// `Execution.RoleArn`.
    pub role_arn: String,
    /// `StateMachine.Id`.
    pub state_machine_arn: String,
    /// `StateMachine.Name`.
    pub state_machine_name: String,
}

impl ContextOptions {
    /// ARNs as AWS would form them, in account 000000000000 of `us-east-1`.
    #[must_use]
    pub fn local(machine: &str, execution: &str) -> Self {
        const STATES: &str = "arn:aws:states:us-east-1:000000000000";
        Self {
            execution_arn: format!("{STATES}:execution:{machine}:{execution}"),
            role_arn: "arn:aws:iam::000000000000:role/local".into(),
            state_machine_arn: format!("{STATES}:stateMachine:{machine}"),
            state_machine_name: machine.into(),
        }
    }
}

/// How to run a definition.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionOptions {
    /// The execution's name.
    pub name: String,
    /// Its input.
    pub input: Value,
    /// Which time it runs in.
    pub clock: Clock,
    /// Decides jitter, `$random` and `$uuid`.
    pub seed: u64,
    /// For the context object; `None` is [`ContextOptions::local`].
    pub context: Option<ContextOptions>,
    /// Standard or Express.
    pub kind: Kind,
    /// Variables that are set from the start.
    pub variables: IndexMap<String, Value>,
}

impl Default for ExecutionOptions {
    fn default() -> Self {
        Self {
            name: "execution".into(),
            input: Value::Object(serde_json::Map::new()),
            clock: Clock::default(),
            seed: 0,
            context: None,
            kind: Kind::default(),
            variables: IndexMap::new(),
        }
    }
}

/// How an execution ended, and what it did.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How.
    pub status: Status,
    /// Its output, when it succeeded.
    pub output: Option<Value>,
    /// The error's name; absent also where a Fail state names none.
    pub error: Option<String>,
    /// What happened.
    pub cause: Option<String>,
    /// Every event.
    pub history: Vec<HistoryEvent>,
    /// When it started and ended, on its own clock.
    pub time: (Time, Time),
}

/// A retry about to wait: not an event on AWS, so the history has none.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryNotice {
    /// The state's name.
    pub state: String,
    /// The Parallel and Map states around it, each with the index of the branch or iteration.
    pub path: Vec<(String, usize)>,
    /// What failed.
    pub error: TaskError,
    /// The attempt that follows; the first retry is 1.
    pub attempt: u64,
    /// How many retries the Retrier that matched allows.
    pub max_attempts: u64,
    /// How long it waits before.
    pub delay: Duration,
}

/// The end of one attempt of a task. Those of distributed iterations are not in the history; they are seen here.
#[derive(Debug)]
pub struct TaskEnd<'a> {
    /// The state's name.
    pub state: &'a str,
    /// The Parallel and Map states around it, each with the index of the branch or iteration.
    pub path: Vec<(String, usize)>,
    /// When, on the execution's clock.
    pub time: Time,
    /// The answer.
    pub answer: &'a TaskAnswer,
}

/// How an attempt of a task ended.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskAnswer {
    /// With an output or an error.
    Result(TaskResult),
    /// Not in time.
    TimedOut,
    /// Its worker was silent for too long.
    Silent,
}

/// Sees an execution as it runs.
pub trait Observer {
    /// An attempt of a task is over.
    fn ended(&mut self, end: &TaskEnd<'_>) {
        let _ = end;
    }

    /// An iteration of a distributed Map is over: well, or with an error.
    fn iterated(&mut self, state: &str, path: &[(String, usize)], index: usize, well: bool) {
        let _ = (state, path, index, well);
    }

    /// An event has been added to the history.
    fn event(&mut self, event: &HistoryEvent) {
        let _ = event;
    }

    /// A state failed and will be tried again.
    fn retry(&mut self, notice: &RetryNotice) {
        let _ = notice;
    }

    /// A state went on in one of several ways.
    fn took(&mut self, state: &str, edge: Edge) {
        let _ = (state, edge);
    }

    /// A state's data reached a step of its processing.
    fn processed(&mut self, state: &str, step: Step, value: &Value) {
        let _ = (state, step, value);
    }
}

/// One of the ways in which a state can go on, by its place in the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edge {
    /// A rule of a Choice held.
    Rule(usize),
    /// No rule of a Choice held, and it went to its `Default`.
    Default,
    /// A Retrier took the error, and had been used as often as it allows.
    Exhausted(usize),
    /// A Catcher took the error.
    Caught(usize),
}

/// The steps that a state's data goes through, named as TestState names what it inspects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// What `InputPath` selected.
    AfterInputPath,
    /// What `Parameters` made of it.
    AfterParameters,
    /// What JSONata's `Arguments` gave.
    AfterArguments,
    /// What a Map's `ItemsPath` or `Items` gave.
    AfterItems,
    /// What `ItemsPointer` found in what a reader read; only in a test.
    AfterItemsPointer,
    /// What a Map's `ItemSelector` made of one item.
    AfterItemSelector,
    /// The inputs that `ItemBatcher` made; only in a test.
    AfterItemBatcher,
    /// What the task, the branches or the iterations gave.
    Result,
    /// What `ResultSelector` made of it.
    AfterResultSelector,
    /// The input with the result in it.
    AfterResultPath,
    /// The error output that a Catcher took.
    ErrorOutput,
}

/// An observer that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}

/// Ends an execution from another thread.
#[derive(Debug, Clone)]
pub struct AbortHandle(Sender<Message>);

impl AbortHandle {
    /// Ends it as soon as its loop looks; an execution that is over is left as it is.
    pub fn abort(&self, error: impl Into<String>, cause: impl Into<String>) {
        let _ = self.0.send(Message::Abort(TaskError::new(error, cause)));
    }
}

/// An execution that has not started.
#[derive(Debug)]
pub struct Execution {
    program: Program,
    options: ExecutionOptions,
    sender: Sender<Message>,
    receiver: Receiver<Message>,
}

impl Execution {
    /// Makes a definition ready to run.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(machine: &StateMachine, options: ExecutionOptions) -> Result<Self, Vec<Issue>> {
        Program::compile(machine, options.kind).map(|program| Self::of(program, options))
    }

    /// Makes a definition ready to run whose text [`crate::validate::validate_text`] has accepted, as
    /// one of the same kind.
    ///
    /// # Errors
    /// Paths and expressions that do not parse after all.
    pub fn of_validated(
        machine: &StateMachine,
        options: ExecutionOptions,
    ) -> Result<Self, Vec<Issue>> {
        Program::compile_validated(machine).map(|program| Self::of(program, options))
    }

    fn of(program: Program, options: ExecutionOptions) -> Self {
        let (sender, receiver) = channel();
        Self {
            program,
            options,
            sender,
            receiver,
        }
    }

    /// What ends it from another thread.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle(self.sender.clone())
    }

    /// Runs it to its end, on this thread.
    pub fn run(self, driver: &mut dyn TaskDriver, observer: &mut dyn Observer) -> Outcome {
        let mut run = run::Run::new(&self.program, &self.options, &self.sender, driver, observer);
        run.start();
        run.finish(&self.receiver, false).0
    }

    /// The same; where it did not succeed, with what goes on from there.
    pub fn run_redrivable(
        self,
        driver: &mut dyn TaskDriver,
        observer: &mut dyn Observer,
    ) -> (Outcome, Option<Redrive>) {
        let Self {
            program,
            options,
            sender,
            receiver,
        } = self;
        let mut run = run::Run::new(&program, &options, &sender, driver, observer);
        run.start();
        let (outcome, stopped) = run.finish(&receiver, true);
        let redrive = stopped.map(|stopped| Redrive {
            program,
            options,
            sender,
            receiver,
            stopped,
        });
        (outcome, redrive)
    }
}
