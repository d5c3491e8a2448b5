//! What a state of the machine asks of the generic binary: the payload of its Task.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// One request. In the state machine it is the `Payload` of `lambda:invoke`; in a container and on the command
/// line it is the JSON of `--request`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The execution's name, for logs.
    #[serde(default)]
    pub execution: String,
    /// The step's name, for logs.
    #[serde(default)]
    pub step: String,
    /// What to do.
    #[serde(flatten)]
    pub operation: Operation,
}

/// What the generic binary can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// Reads a source, checks every record, quarantines the bad ones; writes no table.
    Validate {
        /// What is read.
        table: TableRef,
        /// The largest share of bad records that is still a success, 0.0 to 1.0. `None`: no bound.
        #[serde(default)]
        max_invalid: Option<f64>,
    },
    /// Reads one table and writes its rows into another of a schema that fits.
    Copy {
        /// What is read.
        table: TableRef,
        /// What is written.
        into: Target,
        /// As in [`Operation::Validate`].
        #[serde(default)]
        max_invalid: Option<f64>,
    },
    /// Runs a transform.
    Run {
        /// Its name in the plan.
        transform: String,
        /// A table for each of its inputs, by name.
        inputs: IndexMap<String, TableRef>,
        /// What is written.
        into: Target,
        /// As in [`Operation::Validate`], over all inputs together.
        #[serde(default)]
        max_invalid: Option<f64>,
    },
    /// Empties a table or the partitions named.
    Clear {
        /// What is emptied; a sink.
        table: TableRef,
    },
    /// A declared handler of the generic binary (a Slack post, …).
    Handler {
        /// The handler's name.
        handler: String,
        /// Its arguments; the handler knows their shape.
        #[serde(default)]
        arguments: serde_json::Value,
    },
}

/// A table, or some partitions of it. What travels between states instead of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRef {
    /// Its name in the plan.
    pub table: String,
    /// Values of partition columns; those not named are all read.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub partitions: IndexMap<String, PartitionValue>,
}

/// A partition's value in the run stage's encoding (dates as `YYYY-MM-DD`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PartitionValue {
    /// `Bool`.
    Bool(bool),
    /// `Int`.
    Int(i64),
    /// `String`, `Date`, `Timestamp`.
    Text(String),
}

/// A table that is written, and how much of it the new rows replace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its name in the plan.
    pub table: String,
    /// What is replaced.
    pub replace: Replace,
}

/// What an `into` replaces, or an `append to` adds to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replace {
    /// The whole table: `into extract`. Partitions that the result lacks become empty.
    All,
    /// The partitions with these values: `into staged[dt = run_date]`. Columns not named vary, and partitions
    /// under the named ones that the result lacks become empty.
    Named(IndexMap<String, PartitionValue>),
    /// Those present in the result: `into readmissions[month = *]`; the values are of leading columns fixed
    /// beside the `*`.
    Present(IndexMap<String, PartitionValue>),
    /// Nothing: `append to silver key (record_type, id)`. Rows are added to the partitions that they belong to.
    Append {
        /// Values of partition columns that are no fields of the rows, or that all rows have.
        #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
        partitions: IndexMap<String, PartitionValue>,
        /// Columns that tell one row from another; empty: a row that is delivered twice is there twice.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        key: Vec<String>,
    },
}
