//! Items, but for shapes ([`super::SchemaItem`]), transforms, flows, streams and tests.

use super::{Argument, Block, Expr, Field, Name, Param, Path, TypeExpr};
use flow_diagnostics::Span;

/// `@key`, `@allow(FLOW0801, "kept for its history")`.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Its name, without the `@`.
    pub name: Name,
    /// What stands in its parentheses.
    pub arguments: Vec<Argument>,
    /// The whole.
    pub span: Span,
}

/// `use`.
#[derive(Debug, Clone, PartialEq)]
pub enum Use {
    /// A module's path, or a path whose last part names things in it.
    Path {
        /// `std.aws`, or `std.retry.transient` without braces.
        path: Path,
        /// The names in `{ }`; `None` without braces.
        names: Option<Vec<Name>>,
    },
    /// A file, relative to this one.
    File {
        /// The path as written.
        path: String,
        /// Where.
        span: Span,
    },
}

/// `project NAME { fields }`, `env NAME { fields }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Its name.
    pub name: Name,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// `param`.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamItem {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// `= EXPR`.
    pub default: Option<Expr>,
}

/// `secret`.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretItem {
    /// Its name.
    pub name: Name,
    /// The shape of its value.
    pub ty: TypeExpr,
    /// `= existing "name or ARN"`; without it Flow creates the (empty) secret.
    pub existing: Option<Expr>,
}

/// `output`.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputItem {
    /// Its name.
    pub name: Name,
    /// `: TYPE`.
    pub ty: Option<TypeExpr>,
    /// Its value.
    pub value: Expr,
}

/// `source`, `sink`.
#[derive(Debug, Clone, PartialEq)]
pub struct TableItem {
    /// Its name.
    pub name: Name,
    /// `Table<T>`.
    pub ty: TypeExpr,
    /// `for t in UNION` after the type: one table per case of the union.
    pub each: Option<TableEach>,
    /// Where `existing` stands: the program does not own it.
    pub existing: Option<Span>,
    /// Its constructor: `s3.table { … }`.
    pub value: Expr,
}

/// `for t in UNION`.
#[derive(Debug, Clone, PartialEq)]
pub struct TableEach {
    /// Stands for the case, in the table's type and fields.
    pub variable: Name,
    /// The union.
    pub union: Path,
}

/// `resource NAME = TYPE { … }`, at top level and in a construct.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceItem {
    /// Its name.
    pub name: Name,
    /// `for k, v in MAP`: one for each.
    pub each: Option<ResourceEach>,
    /// Where `existing` stands: the program does not own it.
    pub existing: Option<Span>,
    /// `aws.ecs_cluster`, a construct's path, `module`.
    pub ty: Path,
    /// Of `module("./network")`: where it is, and its version.
    pub arguments: Option<Vec<Argument>>,
    /// Attributes and blocks.
    pub body: Vec<Entry>,
    /// In a construct, `when CONDITION`; that of an item is its [`Item`]'s.
    pub when: Option<Expr>,
    /// The whole.
    pub span: Span,
}

/// `for x in LIST`, `for key, value in MAP`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceEach {
    /// The element; of a map its key.
    pub first: Name,
    /// A map's value.
    pub second: Option<Name>,
    /// The list or map.
    pub values: Expr,
    /// The whole.
    pub span: Span,
}

/// An entry of a resource's body.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// `name = value`.
    Field(Field),
    /// `name { … }`, a nested block as Terraform has them; may repeat.
    /// `name for x in LIST { … }` gives one block per element.
    Block {
        /// The block's type.
        name: Name,
        /// `for x in LIST`.
        each: Option<ResourceEach>,
        /// Its entries.
        body: Vec<Entry>,
        /// The whole.
        span: Span,
    },
}

/// `task`.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskItem {
    /// Its name.
    pub name: Name,
    /// Arguments, of the run stage.
    pub params: Vec<Param>,
    /// `-> TYPE`.
    pub result: Option<TypeExpr>,
    /// How it is run.
    pub body: TaskBody,
}

/// What a task is.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskBody {
    /// `= ecs.fargate { … }`: made by a construct whose result is a `Task`.
    Construct(Expr),
    /// `{ resource = "arn:…", arguments = { … }, … }`.
    Fields(Vec<Field>),
    /// `{ timeout = …, step a = …, return a.x }`: a composite task, expanded where it is called.
    Steps {
        /// `name = value` entries among the steps.
        settings: Vec<Field>,
        /// Its steps.
        body: Block,
    },
}

/// `construct`.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstructItem {
    /// Its name.
    pub name: Name,
    /// Where `existing` stands: it says how one is known that the program does not own.
    pub existing: Option<Span>,
    /// Fields of its constructor block, or arguments of its call.
    pub params: Vec<Param>,
    /// What it makes: `Task`, `Table`, `Catalog`, `Compute`, a nominal type …
    pub result: TypeExpr,
    /// Resources that it creates, in order.
    pub resources: Vec<ResourceItem>,
    /// Its result's fields.
    pub fields: Vec<Field>,
}

/// `retry NAME = EXPR`, a list of rules.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryItem {
    /// Its name.
    pub name: Name,
    /// The policy.
    pub value: Expr,
}

/// `schedule NAME = cron("…", timezone = "UTC")`.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleItem {
    /// Its name.
    pub name: Name,
    /// When it fires.
    pub value: Expr,
}

/// `fn`.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionItem {
    /// Its name. Several functions may share it if their parameters differ.
    pub name: Name,
    /// `<T>`.
    pub generics: Vec<Name>,
    /// Parameters.
    pub params: Vec<Param>,
    /// Its result.
    pub result: TypeExpr,
    /// What it computes.
    pub body: FunctionBody,
}

/// What a function computes.
#[derive(Debug, Clone, PartialEq)]
pub enum FunctionBody {
    /// `= EXPR`.
    Expr(Expr),
    /// `lower { run = r"…", row = r"…" }`: text of each stage's target, by stage.
    Lower(Vec<Field>),
}
