//! Statements of a flow that hold several lists of statements: choices of many, branches at once, loops.
//!
//! A branch of a `parallel` and the body of a `for` are *scopes*: what they assign stays inside, and their result
//! leaves by their output. The arms of a `match` and the body of a `poll` are not.

use super::{Expr, PolicyStatement, RetryRule, Statement, VariableId};
use flow_diagnostics::Span;

/// `match` on a run value. (One on a deploy value is a chain of `if`s, which chooses the graph.)
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// What is looked at.
    pub value: Expr,
    /// In order.
    pub arms: Vec<Arm>,
    /// Where no arm holds; `None` where the arms name every case of the type, and a value that a service made could
    /// still be another.
    pub otherwise: Option<Vec<Statement>>,
    /// The value's place.
    pub span: Span,
}

/// An arm of a `match`.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// When it is taken, a `Bool`.
    pub condition: Expr,
    /// What is done then.
    pub body: Vec<Statement>,
    /// Its pattern.
    pub span: Span,
}

/// What a `parallel` and a `for` have as steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The state's name: the step's, or one made for a statement without a step.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Of the whole: every branch, every item again.
    pub retry: Vec<RetryRule>,
    /// `when`, as a step's.
    pub when: Option<Expr>,
    /// The variable of its result; `None` without `step NAME =`.
    pub result: Option<VariableId>,
    /// The whole.
    pub span: Span,
    /// Its name, or its first word.
    pub name_span: Span,
}

/// Statements with variables of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Inner {
    /// They.
    pub body: Vec<Statement>,
    /// Its result where the statements go on past their end: a record of its steps' results. Elsewhere `return`
    /// gives it.
    pub output: Option<Expr>,
}

/// `parallel { branch a { … } … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parallel {
    /// As a step.
    pub head: Head,
    /// In order; the result is a record of theirs.
    pub branches: Vec<Branch>,
    /// Whether it is a task made of steps: one branch, whose result is the result.
    pub task: bool,
}

/// `branch a { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Its statements.
    pub inner: Inner,
    /// Its name's place.
    pub span: Span,
}

/// `for x in xs max 10 { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEach {
    /// As a step.
    pub head: Head,
    /// The item; with `batch` a list of items.
    pub item: VariableId,
    /// Its index, from 0.
    pub index: Option<VariableId>,
    /// What it goes through.
    pub items: Items,
    /// How many at once.
    pub max: Option<Expr>,
    /// How many may fail.
    pub tolerate: Option<Tolerance>,
    /// Items in one iteration: how many, an `Int`, or how large their JSON may be, a `Size`.
    pub batch: Option<Expr>,
    /// Whether each iteration is an execution of its own, which reads no variable of the flow: a distributed Map.
    pub distributed: bool,
    /// Whether these executions are Express.
    pub express: bool,
    /// What is done for each.
    pub inner: Inner,
}

/// What a `for` goes through.
#[derive(Debug, Clone, PartialEq)]
pub enum Items {
    /// A list of the run stage.
    List(Expr),
    /// Objects that Step Functions reads itself.
    Reader(Reader),
}

/// An `ItemReader`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reader {
    /// `arn:aws:states:::s3:getObject`, `…:listObjectsV2`.
    pub resource: String,
    /// Its `Arguments`, a record.
    pub arguments: Expr,
    /// Its `ReaderConfig`, a record of constants; without fields where there is none.
    pub config: Expr,
    /// What an item is.
    pub item: ReaderItem,
    /// What the state machine's role needs for it.
    pub statements: Vec<PolicyStatement>,
}

/// What an item of an `ItemReader` becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderItem {
    /// What a listing says of an object: `{ key, size, etag }`.
    Object,
    /// What was read, as it is.
    Value,
}

/// `tolerate 5%`, `tolerate 3`.
#[derive(Debug, Clone, PartialEq)]
pub enum Tolerance {
    /// A `Share` of the items.
    Share(Expr),
    /// An `Int`.
    Count(Expr),
}

/// `poll every 30s max 20 { … } until cond else { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Poll {
    /// `after`: waits before the first look.
    pub waits_first: bool,
    /// Between two looks, a `Duration`.
    pub interval: Bound,
    /// Looks at most, an `Int`.
    pub max: Bound,
    /// What is done at each look; at least once.
    pub body: Vec<Statement>,
    /// When it is done.
    pub until: Expr,
    /// What is done where it never holds; `None` to fail with [`POLL_EXHAUSTED`].
    pub otherwise: Option<Vec<Statement>>,
    /// The head.
    pub span: Span,
}

/// A value and what it never exceeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// It.
    pub value: Expr,
    /// `up to`, a constant; `None` where the value is one.
    pub limit: Option<Expr>,
}

impl Bound {
    /// The constant that it never exceeds.
    pub fn most(&self) -> &Expr {
        self.limit.as_ref().unwrap_or(&self.value)
    }
}

/// The error of a `poll` that gave up.
pub const POLL_EXHAUSTED: &str = "Flow.PollExhausted";
/// The error of a `match` whose value is none of its type's cases.
pub const UNEXPECTED_VALUE: &str = "Flow.UnexpectedValue";

impl super::Catch {
    /// Whether it takes an error of this name.
    pub fn takes(&self, error: &str) -> bool {
        let all = |name: &String| name == error || name == "States.ALL";
        self.errors.is_empty() || self.errors.iter().any(all)
    }
}
