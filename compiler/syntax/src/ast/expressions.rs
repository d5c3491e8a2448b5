//! Expressions, patterns, and the parameters, fields and arguments that hold expressions.

use super::{Block, Name, PartitionPlace, Path, TypeExpr};
use flow_diagnostics::Span;

/// A parameter of a task, construct, function, transform or flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// `///` above it.
    pub doc: Option<String>,
    /// `const`, `run` or `row` before the name of a construct's parameter: the latest stage that its value may have.
    pub stage: Option<Name>,
    /// `...name`: takes all fields that no other parameter names, as a record.
    pub rest: bool,
    /// Its name.
    pub name: Name,
    /// Its type; a `rest` parameter has none.
    pub ty: Option<TypeExpr>,
    /// `= EXPR`.
    pub default: Option<Expr>,
    /// The whole.
    pub span: Span,
}

/// `name = value` in a block, or `name value` as a step's modifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// `///` above it.
    pub doc: Option<String>,
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
    /// The whole.
    pub span: Span,
}

/// An argument of a call: positional, then named.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// `name =`.
    pub name: Option<Name>,
    /// Its value.
    pub value: Expr,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The whole.
    pub span: Span,
}

/// Kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `true`, `false`.
    Bool(bool),
    /// `12`, `1_000`.
    Int(i64),
    /// `0.5`.
    Float(f64),
    /// `1%`: the share, 0.01.
    Share(f64),
    /// `30s`, `5m`, `2h`, `1d`, `500ms`: microseconds.
    Duration(i64),
    /// `256KB`, `2GB`: bytes; units are powers of 1,024.
    Size(i64),
    /// `d"2026-01-05"`, as written: `YYYY-MM-DD`, a day of the calendar.
    Date(String),
    /// `t"2026-01-05T02:00:00Z"`, as written: RFC 3339 with its zone, or `YYYY-MM-DD` for midnight in UTC.
    Timestamp(String),
    /// `"…"` with its parts; one [`TextPart::Text`] (or none) where nothing is interpolated.
    Text(Vec<TextPart>),
    /// `r"…"`.
    RawText(String),
    /// `none`.
    None,
    /// `*`, where everything is meant.
    Star,
    /// A name.
    Name(Name),
    /// `a.b`, `a?.b`.
    Field {
        /// What is looked into.
        target: Box<Expr>,
        /// The field.
        name: Name,
        /// `?.`.
        optional: bool,
    },
    /// `f(a, b = c)`.
    Call {
        /// What is called: a name or a dotted one.
        callee: Box<Expr>,
        /// Its arguments.
        arguments: Vec<Argument>,
        /// The parentheses and what is in them.
        arguments_span: Span,
    },
    /// `parquet { compression = zstd }`, `ecs.fargate { … }`; right of `=` alone.
    Construct {
        /// The construct: a name or a dotted one.
        callee: Box<Expr>,
        /// Its fields.
        fields: Vec<Field>,
    },
    /// `encounters[dt = run_date]`.
    Select {
        /// The table.
        target: Box<Expr>,
        /// Its partitions.
        partitions: Vec<PartitionPlace>,
    },
    /// `rule[0]`, `queues["orders"]`.
    Index {
        /// What is looked into.
        target: Box<Expr>,
        /// A place in a list, or a key.
        index: Box<Expr>,
    },
    /// `[a, b]`; elements `dt: Date` only where partitions are declared.
    List(Vec<ListElement>),
    /// `{ a: 1, "b-c": 2 }` or `{ a = 1 }`.
    Record(Vec<RecordEntry>),
    /// `not a`, `-a`.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: Box<Expr>,
    },
    /// `a + b`.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator is.
        op_span: Span,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `a between b and c`, both ends included.
    Between {
        /// The value.
        operand: Box<Expr>,
        /// The lower end.
        low: Box<Expr>,
        /// The upper end.
        high: Box<Expr>,
    },
    /// `if a { b } else { c }` as a value.
    If {
        /// The condition.
        condition: Box<Expr>,
        /// The value where it holds.
        then: Box<Expr>,
        /// The value where it does not.
        otherwise: Box<Expr>,
    },
    /// `match a { "x" -> 1, else -> 2 }` as a value.
    Match {
        /// What is looked at.
        value: Box<Expr>,
        /// In order.
        arms: Vec<MatchValue>,
    },
    /// Text that is no expression; reported by the parser.
    Broken,
}

/// A part of `"… {expr} …"`.
#[derive(Debug, Clone, PartialEq)]
pub enum TextPart {
    /// Text with its escapes resolved.
    Text(String),
    /// `{expr}`.
    Expr(Expr),
}

/// An element of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum ListElement {
    /// `expr`.
    Expr(Expr),
    /// `dt: Date`.
    Typed(Name, TypeExpr),
}

/// `name: value` in a record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordEntry {
    /// The name, bare or as text.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// `"a" | "b" -> 1`, `Created as c -> c.amount`, `else -> 0`.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchValue {
    /// What it takes.
    pub pattern: Pattern,
    /// The value then.
    pub value: Expr,
    /// The whole.
    pub span: Span,
}

/// `"a" | "b" -> { … }`, `Created as c -> { … }`, `else -> { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchArm {
    /// What it takes.
    pub pattern: Pattern,
    /// What is done then.
    pub body: Block,
    /// The whole.
    pub span: Span,
}

/// What an arm of `match` takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// One of these; empty for `else`.
    pub choices: Vec<PatternChoice>,
    /// `as c`: the value, as what the pattern says it is.
    pub binding: Option<Name>,
    /// The whole.
    pub span: Span,
}

/// One of the choices that `|` parts.
#[derive(Debug, Clone, PartialEq)]
pub enum PatternChoice {
    /// `"a"`, `3`, `true`, `none`, `d"2026-01-05"`.
    Literal(Expr),
    /// `Created`, `shared.Created`: a case of a tagged union.
    Case(Path),
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `not`.
    Not,
    /// `-`.
    Negate,
}

/// Operators with two operands, from the loosest to the tightest group:
/// `??`; `or`; `and`; comparisons and `matches`, `in`; `+ -`; `* / %`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `??`.
    Coalesce,
    /// `or`.
    Or,
    /// `and`.
    And,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `matches`.
    Matches,
    /// `in`.
    In,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Modulo,
}

impl BinaryOp {
    /// As written: `==`.
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Coalesce => "??",
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::Matches => "matches",
            BinaryOp::In => "in",
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Modulo => "%",
        }
    }
}
