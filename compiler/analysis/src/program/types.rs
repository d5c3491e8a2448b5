//! Types.

use super::{ChannelKind, SchemaId};
use std::sync::Arc;

/// The type of an expression. What a type is made of is shared: each expression has its own copy of its type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// `Bool`.
    Bool,
    /// `Int`, 64 bits.
    Int,
    /// `Float`, 64 bits.
    Float,
    /// `Decimal(precision, scale)`.
    Decimal(u8, u8),
    /// `String`.
    String,
    /// `Bytes`.
    Bytes,
    /// `Date`.
    Date,
    /// `Timestamp`, UTC, microseconds.
    Timestamp,
    /// `Duration`, microseconds.
    Duration,
    /// `Size`, bytes.
    Size,
    /// `Share`, 0.0 to 1.0, as in `1%`.
    Share,
    /// `Json`: any value that has a JSON form fits it; what it holds is not known.
    Json,
    /// `Arn`: text.
    Arn,
    /// `[T]`.
    List(Box<Type>),
    /// `Map<T>`, with text as keys.
    Map(Box<Type>),
    /// `{ a: T, b: U? }`, in the order of the text; compared as a set.
    Record(Arc<[(String, Type)]>),
    /// `T?`.
    Optional(Box<Type>),
    /// `"a" | "b"`.
    Literals(Arc<[String]>),
    /// A `type NAME = BASE` of its own.
    Nominal {
        /// `BucketName`.
        name: String,
        /// What it stands for; shared, since each value of the type has it.
        base: Arc<Type>,
    },
    /// One row of a schema.
    Row(SchemaId),
    /// `Table<T>`: a reference to a table with this schema.
    Table(SchemaId),
    /// `Queue<T>`, `Stream<T>` and the like: what carries rows of this schema.
    Channel(ChannelKind, SchemaId),
    /// A table of any schema, or some partitions of it; what `validate` takes.
    TableRef,
    /// What an `into` names.
    Target,
    /// Where a table lies: the result of `s3.table { … }`.
    Location,
    /// `[dt: Date]`.
    Partitions,
    /// `Secret<T>`: its name and ARN; never its value.
    Secret(Box<Type>),
    /// What a construct for tasks gives.
    Task,
    /// The type of `none`: fits every optional.
    None,
    /// A generic parameter inside its own function.
    Generic(String),
    /// Already reported; fits everything.
    Error,
}

impl Type {
    /// `{ a: T, b: U? }`.
    pub fn record(fields: Vec<(String, Type)>) -> Type {
        Type::Record(fields.into())
    }

    /// `"a" | "b"`.
    pub fn literals(texts: Vec<String>) -> Type {
        Type::Literals(texts.into())
    }

    /// `T?` for `T`, `T?` for `T?`.
    pub fn optional(self) -> Type {
        match self {
            Type::Optional(_) | Type::None | Type::Error => self,
            other => Type::Optional(Box::new(other)),
        }
    }

    /// `T` for `T?`.
    pub fn required(&self) -> &Type {
        match self {
            Type::Optional(inner) => inner,
            other => other,
        }
    }

    /// Whether `none` is one of its values.
    pub fn is_optional(&self) -> bool {
        matches!(self, Type::Optional(_) | Type::None)
    }

    /// The type below nominal names: `String` for `BucketName`.
    pub fn base(&self) -> &Type {
        match self {
            Type::Nominal { base, .. } => base.base(),
            other => other,
        }
    }
}
