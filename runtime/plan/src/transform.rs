//! Transforms: a pipeline of relational operators, each with the columns that it gives.
//!
//! The columns are there so that the engine can refuse a plan whose types it would compute differently,
//! and so that a person can read the plan without running it.

use crate::{Expr, Field};
use serde::{Deserialize, Serialize};

/// A pure function from tables to a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transform {
    /// Its doc comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Parameters, in order.
    pub inputs: Vec<Input>,
    /// The schema (by name) that the last operator's columns fit.
    pub output: String,
    /// The parameter that the pipeline starts from.
    pub from: String,
    /// Operators, in order.
    pub operators: Vec<Operator>,
}

/// A parameter of a transform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The parameter's name.
    pub name: String,
    /// The schema (by name) of its rows.
    pub schema: String,
}

/// A named expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// Its value.
    pub expr: Expr,
}

/// Ascending or descending; `none` comes last either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortOrder {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sort {
    /// What is compared.
    pub expr: Expr,
    /// In which direction.
    #[serde(default)]
    pub order: SortOrder,
}

/// Which rows a join keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// A relational operator over the rows of the one before. `columns` are its result's columns, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operator", rename_all = "snake_case")]
pub enum Operator {
    /// Rows of two tables that belong together. In the expressions the other table's columns are `ALIAS.NAME`.
    Join {
        /// Which rows are kept.
        kind: JoinKind,
        /// The input that is joined.
        input: String,
        /// What it is called in the expressions.
        alias: String,
        /// What makes rows belong together, a `Bool`; `None` for a cross join. `none` counts as false.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condition: Option<Expr>,
        /// Columns of the result, over the rows of both; where one side has no row, its columns are `none`.
        selected: Vec<Column>,
        /// The result's columns.
        columns: Vec<Field>,
    },
    /// The rows of further inputs, matched by the names of their columns.
    Union {
        /// Their names, in order.
        inputs: Vec<String>,
        /// Whether a row stays as often as it is there; else once.
        all: bool,
        /// The result's columns.
        columns: Vec<Field>,
    },
    /// A row for each element of a list.
    Explode {
        /// The list, and the column that takes its elements (added, or replaced in place).
        list: Column,
        /// Whether a row whose list is empty or `none` stays, with `none`; else it is left out.
        outer: bool,
        /// The result's columns.
        columns: Vec<Field>,
    },
    /// All rows; the request fails if the condition is false for one.
    Check {
        /// The condition as the user wrote it, for messages.
        text: String,
        /// A `Bool`; `none` counts as passed.
        condition: Expr,
        /// The result's columns. Columns narrow as in `where`.
        columns: Vec<Field>,
    },
    /// Keeps the rows for which the condition holds. Columns narrow: an optional that the condition
    /// proves present is no longer optional.
    Where {
        /// A `Bool`; `none` counts as false.
        condition: Expr,
        /// The result's columns.
        columns: Vec<Field>,
    },
    /// Adds columns (or replaces those of the same name, in place); all expressions see the input's columns.
    Derive {
        /// New columns.
        derived: Vec<Column>,
        /// The result's columns.
        columns: Vec<Field>,
    },
    /// Exactly these columns, in this order.
    Select {
        /// Columns of the result.
        selected: Vec<Column>,
        /// The result's columns.
        columns: Vec<Field>,
    },
    /// Adds columns computed over each row's partition, in an order.
    Window {
        /// Partition keys.
        partition_by: Vec<Expr>,
        /// The order within a partition.
        order_by: Vec<Sort>,
        /// New columns: window functions and aggregates (over the whole partition).
        derived: Vec<Column>,
        /// The result's columns.
        columns: Vec<Field>,
    },
    /// One row per distinct key.
    Group {
        /// Keys.
        keys: Vec<Column>,
        /// Aggregates.
        aggregates: Vec<Column>,
        /// The result's columns: keys, then aggregates.
        columns: Vec<Field>,
    },
    /// Orders the rows.
    Sort {
        /// Keys, most significant first.
        by: Vec<Sort>,
        /// The result's columns.
        columns: Vec<Field>,
    },
    /// The first rows only.
    Take {
        /// At most so many.
        rows: u64,
        /// The result's columns.
        columns: Vec<Field>,
    },
    /// One of each set of equal rows.
    Distinct {
        /// The result's columns.
        columns: Vec<Field>,
    },
}

impl Transform {
    /// The inputs that it reads, in the order in which it does; one that it reads twice is there twice.
    pub fn reads(&self) -> Vec<&str> {
        let mut names = vec![self.from.as_str()];
        for operator in &self.operators {
            match operator {
                Operator::Join { input, .. } => names.push(input),
                Operator::Union { inputs, .. } => names.extend(inputs.iter().map(String::as_str)),
                _ => {}
            }
        }
        names
    }
}

impl Operator {
    /// The columns of the operator's result.
    pub fn columns(&self) -> &[Field] {
        match self {
            Operator::Join { columns, .. }
            | Operator::Union { columns, .. }
            | Operator::Explode { columns, .. }
            | Operator::Check { columns, .. }
            | Operator::Where { columns, .. }
            | Operator::Derive { columns, .. }
            | Operator::Select { columns, .. }
            | Operator::Window { columns, .. }
            | Operator::Group { columns, .. }
            | Operator::Sort { columns, .. }
            | Operator::Take { columns, .. }
            | Operator::Distinct { columns } => columns,
        }
    }
}
