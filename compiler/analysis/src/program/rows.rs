//! Schemas, tables and transforms.

use super::{Expr, ExprKind, Guard, PolicyStatement, TableFact, TextPart, Type, Value};
use flow_diagnostics::Span;

/// Index into [`super::Program::schemas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaId(pub u32);

/// Index into [`super::Program::tables`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub u32);

/// Index into [`super::Program::transforms`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransformId(pub u32);

/// A named record type with its row checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Fields, in the order of the text.
    pub fields: Vec<SchemaField>,
    /// Checks of fields and of the whole record, in the order of the text.
    pub checks: Vec<Check>,
    /// When personal fields are blotted out by whatever computes rows of the schema.
    pub redactions: Vec<Redaction>,
    /// Its name's place.
    pub span: Span,
}

/// `redact when CONDITION`.
#[derive(Debug, Clone, PartialEq)]
pub struct Redaction {
    /// Over the row.
    pub condition: Expr,
    /// The fields that say `@pii`.
    pub fields: Vec<String>,
    /// Where it is written.
    pub span: Span,
}

/// A field of a schema, or a column of a table value.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaField {
    /// Its name.
    pub name: String,
    /// Its type; [`Type::Optional`] where `none` is allowed.
    pub ty: Type,
    /// `@key`.
    pub key: bool,
    /// `@pii`: it tells of a person.
    pub pii: bool,
    /// Its doc comment.
    pub doc: Option<String>,
    /// What Avro's readers take where a writer left the field out, as JSON of Avro; of a schema that is read from a file.
    pub default: Option<serde_json::Value>,
    /// Where it is declared.
    pub span: Span,
}

/// A `type` whose cases are records. A value of it is a record of all their fields, its base in [`Type::Nominal`].
#[derive(Debug, Clone, PartialEq)]
pub struct Union {
    /// Its name.
    pub name: String,
    /// The field that tells the cases apart.
    pub tag: String,
    /// In the order of the text.
    pub cases: Vec<UnionCase>,
}

/// A case of a [`Union`].
#[derive(Debug, Clone, PartialEq)]
pub struct UnionCase {
    /// Its name.
    pub name: String,
    /// What the tag says.
    pub literal: String,
    /// Its fields.
    pub schema: SchemaId,
    /// Its name's place.
    pub span: Span,
}

/// `check EXPR`.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The field that it stands at.
    pub field: Option<String>,
    /// The condition as written.
    pub text: String,
    /// The condition, row stage.
    pub condition: Expr,
}

/// Whether a program may write a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableRole {
    /// `source`.
    Source,
    /// `sink`.
    Sink,
}

/// A source or a sink.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Source or sink.
    pub role: TableRole,
    /// Its rows.
    pub schema: SchemaId,
    /// The bucket, deploy stage.
    pub bucket: Expr,
    /// The folder, deploy stage.
    pub prefix: Expr,
    /// How objects are encoded.
    pub format: TableFormat,
    /// Partition columns, outermost first.
    pub partitions: Vec<Partition>,
    /// What becomes of bad records.
    pub invalid: InvalidPolicy,
    /// Where other engines find it.
    pub catalog: Option<Catalog>,
    /// What reading it takes (the catalog not included).
    pub read: Vec<PolicyStatement>,
    /// What writing it takes, beside reading.
    pub write: Vec<PolicyStatement>,
    /// Where it exists, if not everywhere.
    pub when: Option<Guard>,
    /// Its name's place.
    pub span: Span,
}

impl Table {
    /// What it is known by outside of the program; `None` where it has no catalog.
    pub fn fact(&self, fact: TableFact) -> Option<Expr> {
        Some(match fact {
            TableFact::Bucket => self.bucket.clone(),
            TableFact::Prefix => self.prefix.clone(),
            TableFact::Location => self.location(),
            TableFact::Database => self.catalog.as_ref()?.database.clone(),
            TableFact::Table => self.catalog.as_ref()?.table.clone(),
        })
    }

    /// `s3://bucket/prefix`.
    pub fn location(&self) -> Expr {
        let mut parts = vec![TextPart::Text("s3://".to_owned())];
        for (at, expr) in [&self.bucket, &self.prefix].into_iter().enumerate() {
            if at > 0 {
                parts.push(TextPart::Text("/".to_owned()));
            }
            parts.push(TextPart::Expr(expr.clone()));
        }
        let mut joined: Vec<TextPart> = Vec::new();
        for part in parts {
            let part = match part {
                TextPart::Expr(Expr { kind: ExprKind::Value(Value::String(text)), .. }) => TextPart::Text(text),
                other => other,
            };
            match (joined.last_mut(), part) {
                (Some(TextPart::Text(last)), TextPart::Text(text)) => last.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        match joined.as_slice() {
            [TextPart::Text(text)] => Expr::string(text.clone(), self.span),
            _ => {
                let stage = self.bucket.stage.max(self.prefix.stage);
                Expr::new(ExprKind::Text(joined), Type::String, stage, self.span)
            }
        }
    }
}

/// How objects are encoded; the same as `flow_plan::Format`, which this crate does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableFormat {
    /// JSON lines.
    Jsonl,
    /// Parquet with a codec: `zstd`, `snappy`, `none`.
    Parquet {
        /// The codec's name.
        compression: String,
    },
    /// A JSON array, or JSON lines, on the way in; an array on the way out.
    Json,
    /// CSV.
    Csv {
        /// Column names in the first line.
        header: bool,
        /// Between two fields.
        separator: char,
        /// Around a field with a separator in it.
        quote: char,
    },
    /// Avro Object Container Files with a codec: `deflate`, `snappy`, `zstd`, `none`.
    Avro {
        /// The codec's name.
        compression: String,
    },
}

/// A partition column.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    /// Its name.
    pub name: String,
    /// Its type, never optional.
    pub ty: Type,
    /// `[month]`, a field of the schema, rather than `[dt: Date]`.
    pub in_schema: bool,
    /// Where it is declared.
    pub span: Span,
}

/// What becomes of bad records.
#[expect(clippy::large_enum_variant, reason = "there is one for each table")]
#[derive(Debug, Clone, PartialEq)]
pub enum InvalidPolicy {
    /// The step fails.
    Fail,
    /// They are left out.
    Drop,
    /// They are written elsewhere.
    Quarantine {
        /// The bucket, deploy stage.
        bucket: Expr,
        /// The folder, deploy stage.
        prefix: Expr,
        /// What writing (and reading) there takes.
        write: Vec<PolicyStatement>,
    },
}

/// A table of a catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    /// The database's name, deploy stage.
    pub database: Expr,
    /// The table's name, deploy stage.
    pub table: Expr,
    /// What reading it there takes.
    pub read: Vec<PolicyStatement>,
    /// Whether its partitions are projected; `false`: each has to be registered; `None` where others know.
    pub projected: Option<bool>,
}

/// A pure function from tables to a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Transform {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// Parameters, in order.
    pub inputs: Vec<TransformInput>,
    /// The schema of its rows.
    pub output: SchemaId,
    /// The parameter that it starts from.
    pub from: String,
    /// Operators, in order; the last gives exactly the output's columns, in their order.
    pub operators: Vec<Operator>,
    /// Its name's place.
    pub span: Span,
}

/// A parameter of a transform.
#[derive(Debug, Clone, PartialEq)]
pub struct TransformInput {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub schema: SchemaId,
}

/// An operator with the columns of its result.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    /// Which.
    pub kind: OperatorKind,
    /// The result's columns, in order, as narrowed.
    pub columns: Vec<SchemaField>,
    /// Where it is written.
    pub span: Span,
}

/// A named expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its value, row stage.
    pub value: Expr,
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// What is compared.
    pub value: Expr,
    /// Largest first.
    pub descending: bool,
}

/// Kinds of operators, as in `flow_plan::Operator`.
#[derive(Debug, Clone, PartialEq)]
pub enum OperatorKind {
    /// Rows of two tables that belong together.
    Join(Join),
    /// The rows of further tables, under the columns so far.
    Union {
        /// Parameters, in order.
        inputs: Vec<String>,
        /// Whether a row stays as often as it is there.
        all: bool,
    },
    /// A row for each element of a list.
    Explode {
        /// The list, and the column that takes its elements.
        column: Column,
        /// Whether a row without elements stays, with `none`.
        outer: bool,
    },
    /// Keeps rows.
    Where(Expr),
    /// Adds or replaces columns.
    Derive(Vec<Column>),
    /// Exactly these columns.
    Select(Vec<Column>),
    /// Columns over each row's partition.
    Window {
        /// Partition keys.
        by: Vec<Expr>,
        /// The order within.
        order: Vec<SortKey>,
        /// New columns.
        columns: Vec<Column>,
    },
    /// One row per key.
    Group {
        /// Keys.
        keys: Vec<Column>,
        /// Aggregates.
        aggregates: Vec<Column>,
    },
    /// Orders rows.
    Sort(Vec<SortKey>),
    /// The first rows.
    Take(u64),
    /// Without repetitions.
    Distinct,
    /// All rows, which must fulfil a condition.
    Check {
        /// The condition as written.
        text: String,
        /// The condition, row stage.
        condition: Expr,
    },
}

/// A join. In its expressions the other table's columns are `ALIAS.NAME`, which is no name that a program can give to
/// a column of the rows so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// Which rows it keeps.
    pub kind: JoinKind,
    /// The parameter that it joins.
    pub input: String,
    /// What the other table is called in the join.
    pub alias: String,
    /// What makes rows belong together; `None` for a cross join.
    pub condition: Option<Expr>,
    /// The result's columns, over the rows of both tables.
    pub selected: Vec<Column>,
}

impl Join {
    /// The name of a column of the other table in the join's expressions.
    pub fn column_of(alias: &str, column: &str) -> String {
        format!("{alias}.{column}")
    }
}

/// Which rows a join keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// Those with a match, once for each.
    Inner,
    /// All of the rows so far.
    Left,
    /// All of the other table.
    Right,
    /// All of both.
    Full,
    /// Those of the rows so far that have a match, once.
    Semi,
    /// Those of the rows so far that have none.
    Anti,
    /// Each with each.
    Cross,
}

impl JoinKind {
    /// Whether rows of the other table without a match are kept, so that the columns so far may have no value.
    pub fn keeps_right(self) -> bool {
        matches!(self, JoinKind::Right | JoinKind::Full)
    }

    /// Whether rows so far without a match are kept, so that the other table's columns may have no value.
    pub fn keeps_left(self) -> bool {
        matches!(self, JoinKind::Left | JoinKind::Full)
    }

    /// Whether it gives columns of the other table.
    pub fn takes_columns(self) -> bool {
        !matches!(self, JoinKind::Semi | JoinKind::Anti)
    }
}
