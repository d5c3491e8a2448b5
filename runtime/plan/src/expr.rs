//! Row expressions. Types are settled by the compiler: every operator here has one meaning for its operands,
//! and what depends on a type (subtracting dates, taking a timestamp's date) has a name of its own.

use crate::DataType;
use serde::{Deserialize, Serialize};

/// An expression over the columns of one row (or, in aggregates and windows, of a group).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// A column of the operator's input.
    Column(String),
    /// A field of a record; `none` where the record is.
    Field {
        /// The record.
        operand: Box<Expr>,
        /// The field.
        name: String,
    },
    /// A constant.
    Literal(Literal),
    /// `none` of a type.
    None(DataType),
    /// `op operand`.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: Box<Expr>,
    },
    /// `left op right`; both sides have the same type unless the operator says otherwise.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// A value is `none` (or is not, when `negated`).
    IsNone {
        /// The optional value.
        operand: Box<Expr>,
        /// `!= none`.
        negated: bool,
    },
    /// The first of the operands that is not `none`.
    Coalesce(Vec<Expr>),
    /// `if condition then … else …`; a condition that is `none` counts as false.
    If {
        /// A `Bool`.
        condition: Box<Expr>,
        /// The value where it holds.
        then: Box<Expr>,
        /// The value where it does not.
        otherwise: Box<Expr>,
    },
    /// Text matches a regular expression (Rust's syntax, anywhere in the text unless anchored).
    Matches {
        /// The text.
        operand: Box<Expr>,
        /// The pattern.
        pattern: String,
    },
    /// `Int` to `Float`, the language's only implicit conversion.
    ToFloat(Box<Expr>),
    /// A record of named values, in the order of the text.
    Record(Vec<crate::Column>),
    /// A list of values.
    List {
        /// The elements' type.
        element: crate::DataType,
        /// Whether an element may be `none`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        optional: bool,
        /// The elements.
        items: Vec<Expr>,
    },
    /// A scalar function.
    Call {
        /// Which.
        function: ScalarFunction,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// An aggregate; only in [`crate::Operator::Group`] and [`crate::Operator::Window`].
    Aggregate {
        /// Which.
        function: AggregateFunction,
        /// Its arguments (`count()` has none, `count_if` a `Bool`).
        arguments: Vec<Expr>,
    },
    /// A window function; only in [`crate::Operator::Window`].
    Window {
        /// Which.
        function: WindowFunction,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
}

/// A constant with its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Literal {
    /// `true`, `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// An exact number: its digits, with `scale` of them after the point, as `12.50`.
    Decimal {
        /// `-?[0-9]+(\.[0-9]+)?`.
        digits: String,
        /// Digits in all, at most.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// Text.
    String(String),
    /// A date as `YYYY-MM-DD`.
    Date(String),
    /// An instant as RFC 3339 in UTC.
    Timestamp(String),
    /// A length of time in microseconds.
    Duration(i64),
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnaryOp {
    /// Logical not.
    Not,
    /// Arithmetic minus.
    Negate,
}

/// Operators with two operands of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinaryOp {
    /// Logical and; false if either side is.
    And,
    /// Logical or; true if either side is.
    Or,
    /// Equal; two `none` are equal, `none` and a value are not.
    Equal,
    /// Not [`BinaryOp::Equal`].
    NotEqual,
    /// Less than.
    Less,
    /// Less than or equal.
    LessEqual,
    /// Greater than.
    Greater,
    /// Greater than or equal.
    GreaterEqual,
    /// Sum of two numbers or two durations. `Int` overflow is an error.
    Add,
    /// Difference of two numbers or two durations.
    Subtract,
    /// Product of two numbers.
    Multiply,
    /// Quotient of two `Float`s (the compiler converts `Int`s first). By zero: an error.
    Divide,
    /// Remainder of two `Int`s, with the sign of the dividend. By zero: an error.
    Modulo,
    /// Two texts joined.
    Concat,
}

/// Scalar functions of the row stage. The compiler names them by their `snake_case` form in `lower { row = … }`.
/// `none` gives `none`, unless it is said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScalarFunction {
    /// Characters of a text: `String -> Int`.
    CharacterLength,
    /// `String -> String`.
    Lower,
    /// `String -> String`.
    Upper,
    /// Without white space at both ends: `String -> String`.
    Trim,
    /// `(String, String) -> Bool`.
    Contains,
    /// `(String, String) -> Bool`.
    StartsWith,
    /// `(String, String) -> Bool`.
    EndsWith,
    /// Every occurrence: `(String, String, String) -> String`.
    Replace,
    /// `Int -> Int`.
    AbsInt,
    /// `Float -> Float`.
    AbsFloat,
    /// Half away from zero: `Float -> Float`.
    Round,
    /// `Float -> Float`.
    Floor,
    /// `Float -> Float`.
    Ceil,
    /// The UTC date of an instant: `Timestamp -> Date`.
    DateOfTimestamp,
    /// Midnight UTC of a date: `Date -> Timestamp`.
    TimestampOfDate,
    /// First day of the month: `Date -> Date`.
    MonthStart,
    /// `Date -> Int`.
    Year,
    /// 1 to 12: `Date -> Int`.
    Month,
    /// 1 to 31: `Date -> Int`.
    Day,
    /// `(Date, Date) -> Duration`, left minus right.
    SubtractDates,
    /// `(Timestamp, Timestamp) -> Duration`, left minus right.
    SubtractTimestamps,
    /// `(Date, Duration) -> Date`; the duration is whole days.
    AddDate,
    /// `(Timestamp, Duration) -> Timestamp`.
    AddTimestamp,
    /// A value as text, in the run stage's encoding: `T -> String`.
    ToString,
    /// SHA-256 of a text's UTF-8, in hexadecimal: `String -> String`.
    Hash,
    /// All but the last characters of a text as `*`; a text that is no longer, whole: `(String, Int) -> String`.
    Mask,
    /// From a character (negative: from the end) so many, or all: `(String, Int) -> String`, `(String, Int, Int) -> String`.
    Substring,
    /// The pieces between the occurrences of a text: `(String, String) -> [String]`.
    Split,
    /// `([String], String) -> String`.
    Join,
    /// Without a beginning: `(String, String) -> String`.
    TrimPrefix,
    /// Without an end: `(String, String) -> String`.
    TrimSuffix,
    /// Filled up on the left: `(String, Int, String) -> String`.
    PadStart,
    /// Filled up on the right: `(String, Int, String) -> String`.
    PadEnd,
    /// Characters before the first occurrence: `(String, String) -> Int?`.
    IndexOf,
    /// A group of the first match of a pattern, which is a literal: `(String, String, Int) -> String?`.
    Extract,
    /// Every match of a pattern, which is a literal, replaced by a text as it is: `(String, String, String) -> String`.
    ReplaceAll,
    /// `String -> Int?`.
    ParseInt,
    /// `String -> Float?`.
    ParseFloat,
    /// `String -> Bool?`.
    ParseBool,
    /// `String -> Date?`.
    ParseDate,
    /// ISO 8601; without an offset UTC: `String -> Timestamp?`.
    ParseTimestamp,
    /// Towards zero; beyond `Int`: an error: `Float -> Int`.
    IntOfFloat,
    /// A value as JSON text: `T -> String`.
    ToJson,
    /// What lies at a path (`a.b.0`) in a value or in a text that is JSON: `(T, String) -> String?`.
    JsonText,
    /// Half away from zero, to so many digits after the point: `(Float, Int) -> Float`.
    RoundDigits,
    /// `(Float, Float) -> Float`; no finite number: an error.
    Power,
    /// `Float -> Float`; of a negative number: an error.
    SquareRoot,
    /// 0 to 23, in UTC: `Timestamp -> Int`.
    Hour,
    /// 0 to 59: `Timestamp -> Int`.
    Minute,
    /// 0 to 59, without its fraction: `Timestamp -> Int`.
    Second,
    /// 1 (Monday) to 7: `Date -> Int`.
    Weekday,
    /// 1 to 366: `Date -> Int`.
    DayOfYear,
    /// 1 to 4: `Date -> Int`.
    Quarter,
    /// First day of the year: `Date -> Date`.
    YearStart,
    /// First day of the quarter: `Date -> Date`.
    QuarterStart,
    /// The Monday: `Date -> Date`.
    WeekStart,
    /// The same day so many months on, or that month's last: `(Date, Int) -> Date`.
    AddMonths,
    /// `Duration -> Float`.
    DurationSeconds,
    /// Whole seconds since 1970, towards the past: `Timestamp -> Int`.
    EpochSeconds,
    /// `Int -> Timestamp`.
    TimestampOfEpoch,
    /// Elements: `[T] -> Int`.
    ListLength,
    /// The element at an index (negative: from the end): `([T], Int) -> T?`.
    ListItem,
    /// Whether an element equals a value: `([T], T) -> Bool`.
    ListContains,
}

/// Aggregates over a group or a window's partition. `none` values are skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateFunction {
    /// Rows: `() -> Int`; with an argument, values that are not `none`.
    Count,
    /// Rows for which a condition holds: `Bool -> Int`.
    CountIf,
    /// Different values: `T -> Int`.
    CountDistinct,
    /// Of numbers; 0 for no rows.
    Sum,
    /// `Float`; `none` for no rows.
    Average,
    /// `none` for no rows.
    Min,
    /// `none` for no rows.
    Max,
    /// `Float`; `none` for no rows.
    Median,
}

/// Functions that look at other rows of a window's partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowFunction {
    /// The value in the next row (or `n` rows on, an `Int` literal as second argument): `T -> T?`.
    Lead,
    /// The value in the row before: `T -> T?`.
    Lag,
    /// 1, 2, 3 … in the partition's order: `() -> Int`.
    RowNumber,
    /// Equal rows share a number, with gaps: `() -> Int`.
    Rank,
    /// Equal rows share a number, without gaps: `() -> Int`.
    DenseRank,
    /// The partition's first value: `T -> T`.
    First,
    /// The partition's last value: `T -> T`.
    Last,
}
