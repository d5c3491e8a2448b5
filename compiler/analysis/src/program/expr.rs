//! Expressions: one form for three stages. HCL, JSONata and the plan are three matches over [`ExprKind`].

use super::{FunctionId, ResourceId, SecretId, TableId, Type, VariableId};
use flow_diagnostics::Span;
use std::sync::Arc;

/// When a value is known. A value flows forward only; the stage of an expression is the latest of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Known to the compiler.
    Const,
    /// Known to `terraform plan`: variables, and data that it can read.
    Plan,
    /// Known after `terraform apply`: attributes of what is created.
    Apply,
    /// Known during one execution.
    Run,
    /// Known per record.
    Row,
}

impl Stage {
    /// As messages name it: the three depths of deploy are one word to most readers.
    pub fn text(self) -> &'static str {
        match self {
            Stage::Const => "const",
            Stage::Plan | Stage::Apply => "deploy",
            Stage::Run => "run",
            Stage::Row => "row",
        }
    }
}

/// An expression with its type and stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// When it is known.
    pub stage: Stage,
    /// Where it was written (in the library for what a construct adds).
    pub span: Span,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `true`.
    Bool(bool),
    /// `12`.
    Int(i64),
    /// `0.5`, and a share.
    Float(f64),
    /// Digits of a decimal, as many after the point as its type has: `12.50`.
    Decimal(String),
    /// Text.
    String(String),
    /// `YYYY-MM-DD`.
    Date(String),
    /// RFC 3339 in UTC.
    Timestamp(String),
    /// Microseconds.
    Duration(i64),
    /// Bytes.
    Size(i64),
    /// `none`.
    None,
}

/// What AWS is asked for at deploy time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AwsFact {
    /// `aws.partition`: `aws`, `aws-cn` …
    Partition,
    /// `aws.account`.
    Account,
    /// `aws.region`.
    Region,
}

/// What a flow's deployment is known by, beside its ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlowFact {
    /// `nightly.name`: the state machine's name.
    Name,
    /// `nightly.role_arn`: the role that it runs as.
    RoleArn,
    /// `nightly.log_group`: the name of its log group.
    LogGroup,
    /// `nightly.policy`: the JSON of the policy that its steps need.
    Policy,
}

/// What a stream's function is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamFact {
    /// `ingest.name`: the function's name.
    Name,
    /// `ingest.role_arn`: the role that it runs as.
    RoleArn,
    /// `ingest.log_group`: the name of its log group.
    LogGroup,
}

/// Where a table lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableFact {
    /// `visits.bucket`.
    Bucket,
    /// `visits.prefix`.
    Prefix,
    /// `visits.location`: `s3://bucket/prefix`.
    Location,
    /// `visits.database`, of a table with a catalog.
    Database,
    /// `visits.table`: its name in the catalog.
    Table,
}

impl FlowFact {
    /// Every one, with its name as a field.
    pub const ALL: [(&'static str, FlowFact); 4] = [
        ("name", FlowFact::Name),
        ("role_arn", FlowFact::RoleArn),
        ("log_group", FlowFact::LogGroup),
        ("policy", FlowFact::Policy),
    ];

    /// As a field.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, fact)| *fact == self).map_or("", |(name, _)| name)
    }
}

impl StreamFact {
    /// Every one, with its name as a field.
    pub const ALL: [(&'static str, StreamFact); 3] =
        [("name", StreamFact::Name), ("role_arn", StreamFact::RoleArn), ("log_group", StreamFact::LogGroup)];

    /// As a field.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, fact)| *fact == self).map_or("", |(name, _)| name)
    }
}

impl TableFact {
    /// Every one, with its name as a field.
    pub const ALL: [(&'static str, TableFact); 5] = [
        ("bucket", TableFact::Bucket),
        ("prefix", TableFact::Prefix),
        ("location", TableFact::Location),
        ("database", TableFact::Database),
        ("table", TableFact::Table),
    ];

    /// As a field.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, fact)| *fact == self).map_or("", |(name, _)| name)
    }
}

/// What the execution knows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextField {
    /// `execution.name`.
    Name,
    /// `execution.started`, a `Timestamp`.
    Started,
    /// `execution.input`: what it was started with, as it came.
    Input,
    /// The execution's ARN, for the console's link from a nested one to it.
    Id,
    /// `token`, in what an `await` sends alone.
    Token,
}

/// Kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Value(Value),
    /// plan: a `param`, by name.
    Param(String),
    /// plan: `env.name`.
    EnvName,
    /// plan: a fact of the account.
    Aws(AwsFact),
    /// apply: an attribute of a resource: `definition.arn`, `x.endpoint.0.address` as a path.
    Attribute {
        /// The resource.
        resource: ResourceId,
        /// Which of its instances.
        instance: Instance,
        /// The attribute, then fields of it.
        path: Vec<String>,
    },
    /// deploy: in what there is one for each of, the element.
    Element {
        /// `each` of a resource, or the name that a nested block gives it.
        of: String,
        /// Whether its key, or its value.
        key: bool,
    },
    /// deploy: `list[0]`, `map["k"]`, where it is no part of an attribute's path.
    Index {
        /// A list, a set or a map.
        target: Box<Expr>,
        /// The place, or the key.
        index: Box<Expr>,
        /// Whether the target is a set of the provider, which has no places of its own.
        set: bool,
    },
    /// apply: the ARN of a function of the generic binary.
    FunctionArn(FunctionId),
    /// apply: the ARN of the state machine of a flow of this program, by name.
    FlowArn(String),
    /// apply: what else a flow's deployment is known by: its name, its role.
    FlowFact(String, FlowFact),
    /// `ingest.log_group` of a stream: what its function is known by.
    StreamFact(String, StreamFact),
    /// deploy: where a table lies, as a value.
    TableFact(TableId, TableFact),
    /// plan: in [`super::Validation`] alone, the value of the parameter itself.
    Itself,
    /// run: a variable of the flow.
    Variable(VariableId),
    /// run: a variable, `none` where nothing has assigned it yet: in `flow.state`.
    Perhaps(VariableId),
    /// run: the whole answer of the service behind a step, by the variable of its result: `copied.raw`.
    Raw(VariableId),
    /// run: the context object.
    Context(ContextField),
    /// run: in [`super::TaskCall::result`] alone, what the service answered.
    TaskResult,
    /// row: a column.
    Column(String),
    /// `a.b`; with `optional`, `none` where `a` is.
    Field {
        /// A record.
        target: Box<Expr>,
        /// Its field.
        name: String,
        /// `?.`.
        optional: bool,
    },
    /// `"a {b}"`; parts of any type that has a text form.
    Text(Vec<TextPart>),
    /// `not a`, `-a`.
    Unary(Unary, Box<Expr>),
    /// `a op b`, the meaning settled by types.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `a == none`, or `a != none` when `negated`.
    IsNone {
        /// The optional.
        operand: Box<Expr>,
        /// `!=`.
        negated: bool,
    },
    /// `a ?? b`.
    Coalesce(Box<Expr>, Box<Expr>),
    /// `if a { b } else { c }`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `a matches r"…"`.
    Matches(Box<Expr>, String),
    /// `a in [b, c]`.
    In(Box<Expr>, Box<Expr>),
    /// `Int` to `Float`.
    ToFloat(Box<Expr>),
    /// A function of the library, lowered by its texts.
    Call {
        /// How it is lowered.
        function: Arc<Lowering>,
        /// Its arguments, in the order of its parameters.
        arguments: Vec<Expr>,
    },
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{ a: b }`, in the order of the text.
    Record(Vec<(String, Expr)>),
    /// A table, or some partitions of it, as a step's argument.
    Table(TablePlace),
    /// What an `into` names.
    Target(TargetPlace),
    /// apply: a secret's ARN.
    SecretArn(SecretId),
    /// plan: a secret's name.
    SecretName(SecretId),
    /// Already reported.
    Error,
}

/// Which of a resource's instances an attribute is of.
#[derive(Debug, Clone, PartialEq)]
pub enum Instance {
    /// There is one, or with a condition perhaps none.
    Only,
    /// That of a key: `queues["orders"].arn`.
    Key(Box<Expr>),
    /// Every one, as a map by the keys: `queues.arn`.
    Every,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum TextPart {
    /// Text.
    Text(String),
    /// A value in its text form.
    Expr(Expr),
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unary {
    /// `not`.
    Not,
    /// `-` of a number or a duration.
    Negate,
}

/// Operators with two operands. Where the types make a difference, each meaning has its own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// `and`.
    And,
    /// `or`.
    Or,
    /// `==`, `none` equal to `none` alone.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<` of numbers, texts, dates, timestamps, durations, sizes; likewise the next three.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `+` of two numbers, durations or sizes.
    Add,
    /// `-` of two numbers, durations or sizes.
    Subtract,
    /// `*` of two numbers, or of a duration or size and a number.
    Multiply,
    /// `/` of two `Float`s (`Int`s are converted: `1 / 2` is `0.5`).
    Divide,
    /// `%` of two `Int`s.
    Modulo,
    /// `Date - Date`, a `Duration`.
    SubtractDates,
    /// `Timestamp - Timestamp`, a `Duration`.
    SubtractTimestamps,
    /// `Date + Duration`; the duration is whole days.
    AddDate,
    /// `Date - Duration`.
    SubtractFromDate,
    /// `Timestamp + Duration`.
    AddTimestamp,
    /// `Timestamp - Duration`.
    SubtractFromTimestamp,
    /// `Duration / Duration`, a `Float`.
    DivideDurations,
}

/// How a library function is lowered: the text of each stage's target, with `{parameter}` for its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowering {
    /// The function's name.
    pub name: String,
    /// Its parameters' names, in order.
    pub params: Vec<String>,
    /// Which of them is a regular expression, a constant.
    pub pattern: Option<usize>,
    /// `@hides`: its result does not tell of the person that an argument tells of.
    pub hides: bool,
    /// HCL.
    pub deploy: Option<String>,
    /// JSONata.
    pub run: Option<String>,
    /// The name of a `flow_plan::ScalarFunction`.
    pub row: Option<String>,
    /// The name of a `flow_plan::AggregateFunction`.
    pub aggregate: Option<String>,
    /// The name of a `flow_plan::WindowFunction`.
    pub window: Option<String>,
}

/// A table, or some of its partitions.
#[derive(Debug, Clone, PartialEq)]
pub struct TablePlace {
    /// The table.
    pub table: TableId,
    /// Values of partition columns.
    pub partitions: Vec<(String, Expr)>,
}

/// What an `into` names.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetPlace {
    /// The sink.
    pub table: TableId,
    /// How much of it is replaced.
    pub replace: TargetReplace,
}

/// How much of a sink is replaced.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetReplace {
    /// All of it.
    All,
    /// `[dt = run_date]`.
    Named(Vec<(String, Expr)>),
    /// `[month = *]`, with the columns that have values beside it.
    Present(Vec<(String, Expr)>),
    /// Nothing: `append to silver key (record_type, id)`.
    Append {
        /// Values of partition columns.
        values: Vec<(String, Expr)>,
        /// Columns that tell one row from another; none for `at_least_once`.
        key: Vec<String>,
    },
}

impl Expr {
    /// Whether it is a table to which rows are appended at least once: a step that runs again writes them again.
    pub fn repeats_rows(&self) -> bool {
        matches!(&self.kind, ExprKind::Target(place) if place.repeats())
    }
}

impl TargetPlace {
    /// Whether rows are added to those that are there.
    pub fn appends(&self) -> bool {
        matches!(self.replace, TargetReplace::Append { .. })
    }

    /// Whether a row that is delivered twice is there twice.
    pub fn repeats(&self) -> bool {
        matches!(&self.replace, TargetReplace::Append { key, .. } if key.is_empty())
    }
}
