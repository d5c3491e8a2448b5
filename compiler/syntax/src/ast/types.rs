//! Shapes: types as written, schemas, and named types with their checks.

use super::{Attribute, Expr, Name, Path};
use flow_diagnostics::Span;

/// `schema`.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaItem {
    /// Its name.
    pub name: Name,
    /// `<T>`: each type that stands for it makes a schema of its own.
    pub generics: Vec<Name>,
    /// `from "schemas/demand.avsc"`: the file that gives its fields.
    pub from: Option<SchemaFile>,
    /// Fields; with `from`, those of the file are not here.
    pub fields: Vec<SchemaField>,
    /// Checks of the whole record.
    pub checks: Vec<Check>,
    /// `redact when EXPR`: when its personal fields are blotted out.
    pub redactions: Vec<Check>,
}

/// `from "schemas/demand.avsc"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFile {
    /// The path as written, relative to this file.
    pub path: String,
    /// Where.
    pub span: Span,
}

/// `name: Type @key check expr`.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaField {
    /// `///` above it.
    pub doc: Option<String>,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// `@key`, `@pii`.
    pub attributes: Vec<Attribute>,
    /// `check` conditions after it.
    pub checks: Vec<Check>,
    /// The whole field.
    pub span: Span,
}

/// `check EXPR`.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The condition.
    pub condition: Expr,
    /// With the word `check`.
    pub span: Span,
}

/// `type NAME = TYPE check …`; in the checks `value` stands for the value. A tagged union is a
/// [`TypeKind::Union`] with a [`TypeKind::Case`] in it.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeItem {
    /// Its name.
    pub name: Name,
    /// What it stands for. `None` for a type that only the compiler can make (`type Image`).
    pub ty: Option<TypeExpr>,
    /// Conditions.
    pub checks: Vec<Check>,
}

/// A type as written.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeExpr {
    /// What it is.
    pub kind: TypeKind,
    /// The whole.
    pub span: Span,
}

/// Kinds of types.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// `String`, `s3.BucketName`, `Table<Encounter>`, `Decimal(10, 2)`.
    Named {
        /// Its name.
        path: Path,
        /// `<…>`.
        arguments: Vec<TypeExpr>,
        /// `(…)`.
        numbers: Vec<i64>,
    },
    /// `T?`.
    Optional(Box<TypeExpr>),
    /// `[T]`.
    List(Box<TypeExpr>),
    /// `{ a: T, b: U? }`.
    Record(Vec<RecordField>),
    /// `"a" | "b"`.
    Union(Vec<TypeExpr>),
    /// `Created { id: String }`: a case of a tagged union, in a `type` item alone.
    Case {
        /// `///` above it.
        doc: Option<String>,
        /// Its name.
        name: Name,
        /// What it holds.
        fields: Vec<RecordField>,
    },
    /// `"a"` within a union.
    Literal(String),
}

/// `a: T`.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordField {
    /// `///` above it.
    pub doc: Option<String>,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
}
