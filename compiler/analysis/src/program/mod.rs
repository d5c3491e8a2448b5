//! The typed program: what the checker gives and every back end takes.
//!
//! Names are resolved, constructs and tasks of the library are expanded, every expression has a type and a
//! stage. A back end matches on these types alone; it never looks at the syntax tree or at the library.
//! If the diagnostics hold an error, a `Program` may hold [`ExprKind::Error`] and must not be lowered.

mod blocks;
mod expr;
mod flow;
mod functions;
mod guards;
mod infrastructure;
mod rows;
mod streams;
mod testing;
mod types;
mod walk;

pub use blocks::{
    Arm, Bound, Branch, ForEach, Head, Inner, Items, Match, POLL_EXHAUSTED, Parallel, Poll, Reader, ReaderItem,
    Tolerance, UNEXPECTED_VALUE,
};
pub use expr::{
    AwsFact, Binary, ContextField, Expr, ExprKind, FlowFact, Instance, Lowering, Stage, StreamFact, TableFact, TablePlace, TargetPlace, TargetReplace,
    TextPart, Unary, Value,
};
pub use flow::{
    CALLBACK, Catch, EventTrigger, Fail, Flow, FlowParam, Handler, LocalTask, RetryRule, Schedule, Statement, Step, TaskCall, Trigger,
    Log, Own, Variable, VariableId, VariableKind,
};
pub use guards::{Facts, Guard, Unsure, both, either};
pub use infrastructure::{
    Backend, Each, Entry, Env, Function, FunctionId, Network, Output, Package, Param, PolicyCondition, PolicyStatement, Project, Resource, ResourceId,
    ResourceKind, Secret, SecretId, Validation, Versions,
};
pub use rows::{
    Catalog, Check, Column, InvalidPolicy, Join, JoinKind, Operator, OperatorKind, Partition, Redaction, Schema, SchemaField, SchemaId,
    SortKey, Table, TableFormat, TableId, TableRole, Transform, TransformId, TransformInput, Union, UnionCase,
};
pub use streams::{
    Channel, ChannelId, ChannelKind, DeadLetter, Decode, Idempotent, Refused, Send, Service, Start, Stream, StreamAction, StreamRun,
    StreamSettings, StreamTarget, Subject, Target,
};
pub use testing::{
    Expectation, ExpectationKind, Mock, MockAnswer, Test, TestRun, TestSource, TestStatement, TestStatementKind,
};
pub use types::Type;
pub use walk::{Block, walk_statements};

/// A whole program, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// `project`.
    pub project: Project,
    /// `env` items, in the order of the text.
    pub envs: Vec<Env>,
    /// `param` items, in the order of the text.
    pub params: Vec<Param>,
    /// `secret` items.
    pub secrets: Vec<Secret>,
    /// Schemas that the program names, by [`SchemaId`].
    pub schemas: Vec<Schema>,
    /// Types whose cases are records.
    pub unions: Vec<Union>,
    /// Sources and sinks, by [`TableId`].
    pub tables: Vec<Table>,
    /// Transforms, by [`TransformId`].
    pub transforms: Vec<Transform>,
    /// Resources of constructs and of the program itself, by [`ResourceId`]; those that two constructs share
    /// stand here once.
    pub resources: Vec<Resource>,
    /// Functions of the generic binary, by [`FunctionId`]; the default one first if any step uses it.
    pub functions: Vec<Function>,
    /// Flows, in the order of the text.
    pub flows: Vec<Flow>,
    /// Queues, streams, topics and buses, by [`ChannelId`].
    pub channels: Vec<Channel>,
    /// Streams, in the order of the text.
    pub streams: Vec<Stream>,
    /// `schedule` items, in the order of the text; triggers have copies.
    pub schedules: Vec<Schedule>,
    /// `output` items, in the order of the text.
    pub outputs: Vec<Output>,
    /// Folders that functions' code is packed from.
    pub packages: Vec<Package>,
    /// `test` items, in the order of the text. No back end of a deployment looks at them.
    pub tests: Vec<Test>,
}

impl Program {
    /// The environment of local runs and tests that name none: `dev`, else the first.
    pub fn local_env(&self) -> Option<&Env> {
        self.envs.iter().find(|env| env.name == "dev").or(self.envs.first())
    }

    /// The table with this id.
    pub fn table(&self, id: TableId) -> Option<&Table> {
        self.tables.get(id.0 as usize)
    }

    /// The schema with this id.
    pub fn schema(&self, id: SchemaId) -> Option<&Schema> {
        self.schemas.get(id.0 as usize)
    }

    /// The resource with this id.
    pub fn resource(&self, id: ResourceId) -> Option<&Resource> {
        self.resources.get(id.0 as usize)
    }

    /// The channel with this id.
    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(id.0 as usize)
    }

    /// The transform with this id.
    pub fn transform(&self, id: TransformId) -> Option<&Transform> {
        self.transforms.get(id.0 as usize)
    }

    /// The secret with this id.
    pub fn secret(&self, id: SecretId) -> Option<&Secret> {
        self.secrets.get(id.0 as usize)
    }

    /// The function with this id.
    pub fn function(&self, id: FunctionId) -> Option<&Function> {
        self.functions.get(id.0 as usize)
    }
}
