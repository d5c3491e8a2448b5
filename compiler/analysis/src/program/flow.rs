//! Flows: statements over typed variables.

use super::{ChannelId, Expr, ForEach, FunctionId, Guard, Match, Parallel, PolicyStatement, Poll, TableId, Type};
use flow_diagnostics::Span;

/// Index into [`Flow::variables`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableId(pub u32);

/// `flow`.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Its input.
    pub params: Vec<FlowParam>,
    /// `-> TYPE`.
    pub result: Option<Type>,
    /// `on …`, in order.
    pub triggers: Vec<Trigger>,
    /// `on BUS …`, in order; a start by one says its place here after all schedules.
    pub events: Vec<EventTrigger>,
    /// `timeout`, seconds.
    pub timeout_s: Option<u64>,
    /// Whether its executions are Express: five minutes at most, at least once.
    pub express: bool,
    /// Every variable: parameters, step results, lets, handler and trigger bindings.
    pub variables: Vec<Variable>,
    /// What its state machine is called, runs as and is marked with, where that is not left to the compiler.
    pub own: Own,
    /// `on failure`.
    pub on_failure: Option<Handler>,
    /// Its statements.
    pub body: Vec<Statement>,
    /// Where it exists, if not everywhere.
    pub when: Option<Guard>,
    /// Its name's place.
    pub span: Span,
}

/// What a program says of a flow's state machine itself; what it leaves out follows from the names of project,
/// environment and flow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Own {
    /// `name`: a text of the deploy stage.
    pub name: Option<Expr>,
    /// `role`: the ARN of a role that others own; none is made then.
    pub role: Option<Expr>,
    /// `comment`: what stands above it, instead of the doc comment.
    pub comment: Option<Expr>,
    /// `tags`, beside those of the provider.
    pub tags: Option<Expr>,
    /// `log`.
    pub log: Log,
}

impl Own {
    /// Its values.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        [&self.name, &self.role, &self.comment, &self.tags].into_iter().flatten()
    }
}

/// What a state machine writes into its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Log {
    /// Every event of an execution.
    #[default]
    All,
    /// What failed.
    Error,
    /// What ended an execution.
    Fatal,
    /// Nothing: there is no log group, and the role needs no permission for one.
    Off,
}

impl Log {
    /// Every one, with its word.
    pub const ALL: [(&'static str, Log); 4] =
        [("all", Log::All), ("error", Log::Error), ("fatal", Log::Fatal), ("off", Log::Off)];

    /// As a word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, log)| *log == self).map_or("", |(word, _)| word)
    }
}

impl Flow {
    /// The variable with this id.
    pub fn variable(&self, id: VariableId) -> Option<&Variable> {
        self.variables.get(id.0 as usize)
    }
}

/// A parameter of a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowParam {
    /// The variable that holds it.
    pub variable: VariableId,
    /// Its default, run stage at most.
    pub default: Option<Expr>,
    /// Its doc comment.
    pub doc: Option<String>,
    /// What its type asks of a value, over [`FlowParam::variable`], run stage; each as written, too.
    pub checks: Vec<(Expr, String)>,
}

/// A variable of a flow. Names are unique in a flow and are the names in ASL.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type; [`Type::Optional`] for the result of a step with a run-stage `when`.
    pub ty: Type,
    /// Where it comes from.
    pub kind: VariableKind,
    /// Where it is declared.
    pub span: Span,
}

/// Where a variable comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableKind {
    /// The flow's input.
    Param,
    /// A step's result.
    Step,
    /// `let`.
    Let,
    /// `catch … as e`, `on failure as e`: a record `{ step, name, cause }`.
    Error,
    /// `on cron(…) as tick`: a record `{ time }`.
    Trigger,
    /// `for x, i in xs`: the item, its index.
    Item,
}

/// `on EVENT as NAME { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// The schedule.
    pub schedule: Schedule,
    /// The variable bound by `as`.
    pub binding: Option<VariableId>,
    /// The value of each parameter that the trigger sets, run stage.
    pub values: Vec<(VariableId, Expr)>,
    /// The whole.
    pub span: Span,
}

/// `on BUS as NAME { … }`: each event starts the flow.
#[derive(Debug, Clone, PartialEq)]
pub struct EventTrigger {
    /// What has the events; where it does not exist, nothing starts the flow.
    pub channel: ChannelId,
    /// Which of the flow's triggers an execution says that it was.
    pub index: usize,
    /// The variable bound by `as`: the event's detail.
    pub binding: Option<VariableId>,
    /// The value of each parameter that the trigger sets, run stage.
    pub values: Vec<(VariableId, Expr)>,
    /// The whole.
    pub span: Span,
}

/// A schedule of EventBridge Scheduler.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// That of a `schedule` item; `None` where a trigger says its times itself.
    pub name: Option<String>,
    /// The item's doc comment.
    pub doc: Option<String>,
    /// `cron(0 2 * * ? *)`, plan.
    pub expression: Expr,
    /// `UTC`, plan.
    pub timezone: Expr,
    /// It fires within so long, a const `Duration`.
    pub window: Option<Expr>,
    /// Not before, plan.
    pub start: Option<Expr>,
    /// Not after, plan.
    pub end: Option<Expr>,
    /// Whether it fires, plan; `None` for always.
    pub enabled: Option<Expr>,
    /// How often a start is tried again, a const `Int`.
    pub retries: Option<Expr>,
    /// For how long it is tried again, a const `Duration`.
    pub max_age: Option<Expr>,
    /// The ARN of a queue for starts that were given up, apply.
    pub dead_letter: Option<Expr>,
    /// Where it exists, if not everywhere.
    pub when: Option<Guard>,
    /// Where it is written: the trigger, or the item's name.
    pub span: Span,
}

impl Schedule {
    /// One without any setting.
    pub fn new(expression: Expr, timezone: Expr, span: Span) -> Schedule {
        Schedule {
            name: None,
            doc: None,
            expression,
            timezone,
            window: None,
            start: None,
            end: None,
            enabled: None,
            retries: None,
            max_age: None,
            dead_letter: None,
            when: None,
            span,
        }
    }
}

/// A handler's variable and statements.
#[derive(Debug, Clone, PartialEq)]
pub struct Handler {
    /// The variable bound by `as`; made by the checker (unnamed ones too) so that `fail` can raise it again.
    pub binding: VariableId,
    /// Its statements.
    pub body: Vec<Statement>,
    /// Its head.
    pub span: Span,
}

/// `catch A, B as e { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Catch {
    /// Error names; empty for `States.ALL`.
    pub errors: Vec<String>,
    /// What is done.
    pub handler: Handler,
}

/// Statements of a flow.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `step`.
    Step(Box<Step>),
    /// `let`.
    Let {
        /// The variable.
        variable: VariableId,
        /// Its value.
        value: Expr,
        /// The whole.
        span: Span,
    },
    /// `if`.
    If {
        /// The condition, run stage (a deploy-stage one chooses the graph).
        condition: Expr,
        /// Where it holds.
        then: Vec<Statement>,
        /// Where it does not.
        otherwise: Vec<Statement>,
        /// The whole.
        span: Span,
    },
    /// `match`.
    Match(Box<Match>),
    /// `parallel`, as a step or by itself.
    Parallel(Box<Parallel>),
    /// `for`, as a step or by itself.
    For(Box<ForEach>),
    /// `poll`.
    Poll(Box<Poll>),
    /// `try`.
    Try {
        /// What is tried.
        body: Vec<Statement>,
        /// In order.
        catches: Vec<Catch>,
        /// The whole.
        span: Span,
    },
    /// `fail`: goes to `on failure`, or ends the execution where there is none or in it.
    Fail(Fail),
    /// `return`: the end of the flow, or of the branch or iteration around it.
    Return {
        /// The output.
        value: Option<Expr>,
        /// The whole.
        span: Span,
    },
    /// `continue`.
    Continue {
        /// The whole.
        span: Span,
    },
    /// `wait`.
    Wait {
        /// A duration, or a timestamp.
        value: Expr,
        /// `until`.
        until: bool,
        /// The whole.
        span: Span,
    },
}

/// What a `fail` raises.
#[derive(Debug, Clone, PartialEq)]
pub enum Fail {
    /// The error in this variable, again.
    Again {
        /// A handler's binding.
        error: VariableId,
        /// The whole.
        span: Span,
    },
    /// A new one.
    New {
        /// Its name.
        name: String,
        /// Its cause, text.
        cause: Option<Expr>,
        /// The whole.
        span: Span,
    },
}

/// `step NAME = …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The state's name.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// What it does.
    pub call: TaskCall,
    /// `timeout`, a `Duration` (whose run encoding is seconds): a const or a run value.
    pub timeout: Expr,
    /// `heartbeat`, a `Duration`.
    pub heartbeat: Option<Expr>,
    /// In order.
    pub retry: Vec<RetryRule>,
    /// `when`: plan stage at most chooses the graph, run stage is a Choice.
    pub when: Option<Expr>,
    /// The variable that holds its result.
    pub result: VariableId,
    /// The whole.
    pub span: Span,
    /// Its name.
    pub name_span: Span,
}

/// A rule of a retry policy.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryRule {
    /// Error names.
    pub errors: Vec<String>,
    /// Seconds before the first retry.
    pub interval_s: u64,
    /// Retries, not counting the first attempt.
    pub attempts: u32,
    /// At least 1.
    pub backoff: f64,
    /// Seconds.
    pub max_delay_s: Option<u64>,
    /// `JitterStrategy: FULL`.
    pub jitter: bool,
}

/// A task with its arguments put in.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskCall {
    /// The task's name, as written: `notify.slack`.
    pub task: String,
    /// `arn:aws:states:::ecs:runTask.sync`; for the generic binary `arn:aws:states:::lambda:invoke`.
    pub resource: String,
    /// A record. For the generic binary `{ FunctionName, Payload: { operation, … } }` as `flow_plan::Request`
    /// has it.
    pub arguments: Expr,
    /// The result out of the service's answer; the answer itself where `None`.
    pub output: Option<Expr>,
    /// The result's type.
    pub ty: Type,
    /// What the state machine's role needs for it.
    pub statements: Vec<PolicyStatement>,
    /// Errors that it declares.
    pub raises: Vec<String>,
    /// Variables that its container reads from its environment.
    pub expects: Vec<String>,
    /// Whether running it twice is as good as once.
    pub idempotent: bool,
    /// How many of its runs may go on at the same time, where that is bounded and known to the compiler.
    pub at_once: Option<u64>,
    /// The role with whose permissions the service is called, apply; the state machine's own without it.
    pub credentials: Option<Expr>,
    /// Tables that it reads.
    pub reads: Vec<TableId>,
    /// Tables that it writes.
    pub writes: Vec<TableId>,
    /// Where it exists, if not everywhere.
    pub when: Option<Guard>,
    /// The function of the generic binary that runs it.
    pub function: Option<FunctionId>,
    /// The flow of this program that it starts and waits for.
    pub flow: Option<String>,
    /// How it runs on a laptop, where not by the generic binary.
    pub local: Option<LocalTask>,
}

impl TaskCall {
    /// Whether it hands out a token and waits until somebody returns it.
    pub fn is_callback(&self) -> bool {
        self.resource.ends_with(CALLBACK)
    }
}

/// The end of an ASL resource that waits for a task token.
pub const CALLBACK: &str = ".waitForTaskToken";

/// A task on a laptop: its command in a Python environment.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalTask {
    /// Requirements for pip.
    pub packages: Vec<String>,
    /// The task's arguments with the local overrides put in; they replace the state's `Arguments` in local runs.
    pub arguments: Expr,
}
