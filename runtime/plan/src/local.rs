//! What a local run needs beside the deployed artefacts: one environment's values for the deploy-time names.
//!
//! `flowc build` (and `flowc run`, for its environment) writes it as `local.json`. The state machines themselves
//! are the emitted ones; here is only what Terraform would have filled in, and how opaque tasks run on a laptop.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `local.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LocalRun {
    /// [`crate::PLAN_VERSION`].
    pub version: u32,
    /// The environment whose values these are; `None` for a program without environments.
    #[serde(default)]
    pub env: Option<String>,
    /// Flows by name.
    pub flows: IndexMap<String, LocalFlow>,
    /// Flows that the environment does not have, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub absent: IndexMap<String, LocalAbsence>,
    /// Values of the plan's slots.
    #[serde(default)]
    pub slots: IndexMap<String, String>,
    /// Functions of the generic binary, by the ARN that stands for each in the state machines.
    #[serde(default)]
    pub functions: IndexMap<String, LocalFunction>,
    /// Tables with their places, for tasks that are not the generic binary.
    #[serde(default)]
    pub tables: IndexMap<String, LocalTable>,
    /// Names of the program's secrets.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Streams by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub streams: IndexMap<String, LocalStream>,
}

/// Why there is no such flow in the environment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LocalAbsence {
    /// Its `when`, as written.
    pub when: String,
    /// What the condition names, with the values there.
    pub values: IndexMap<String, Value>,
}

/// A flow's state machine and what fills it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LocalFlow {
    /// The definition's file, beside this one: `nightly.asl.json`, as the environment's toggles choose it.
    pub definition: String,
    /// Its source map's file.
    pub source_map: String,
    /// The ARN that stands for its state machine, in flows that `call` it.
    #[serde(default)]
    pub arn: String,
    /// The flow's parameters, to check an input before anything starts.
    pub params: Vec<LocalParam>,
    /// Values of the definition's `${name}` strings, as text (JSON text where the type is not text).
    pub substitutions: IndexMap<String, String>,
    /// Tasks that are not the generic binary, by state name.
    #[serde(default)]
    pub tasks: IndexMap<String, LocalTask>,
    /// Steps that wait for an answer, by state name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub awaits: IndexMap<String, LocalAwait>,
}

/// A step that hands out a task token and waits until somebody answers with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalAwait {
    /// The type of the answer as a user writes it.
    #[serde(rename = "type")]
    pub ty: String,
    /// What its JSON looks like.
    pub shape: LocalShape,
    /// Errors with which it may be refused.
    #[serde(default)]
    pub raises: Vec<String>,
}

/// What the JSON of a value of the run stage looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalShape {
    /// Anything.
    Any,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A text as `2026-01-05`.
    Date,
    /// A text as RFC 3339 has it.
    Timestamp,
    /// One of these texts.
    Literals(Vec<String>),
    /// A list of such values.
    List(Box<LocalShape>),
    /// An object of such values.
    Map(Box<LocalShape>),
    /// An object with these fields.
    Record(IndexMap<String, LocalShape>),
    /// Such a value, or null, or as a field nothing at all.
    Optional(Box<LocalShape>),
}

/// A parameter of a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalParam {
    /// Its name.
    pub name: String,
    /// Its type as the user writes it: `Date`.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
    /// Its doc comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
}

/// A function of the generic binary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalFunction {
    /// Its name in the program: `worker`.
    pub name: String,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Timeout in seconds.
    pub timeout_s: u32,
}

/// Where a table lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalTable {
    /// The bucket.
    pub bucket: String,
    /// The folder.
    pub prefix: String,
    /// `source` or `sink`.
    pub role: crate::TableRole,
}

/// A command in a Python environment that stands for a container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalTask {
    /// The task's name, for the environment's folder.
    pub task: String,
    /// `python`; a state without a way to run locally has no entry.
    pub kind: String,
    /// Requirements for pip.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The state's `Arguments` for local runs, with the local overrides put in.
    pub arguments: Value,
    /// Tables that the task reads: `FLOW_TABLE_<NAME>` is each one's folder.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Tables that it writes.
    #[serde(default)]
    pub writes: Vec<String>,
}

/// One entry of a source map: where a state comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourcePlace {
    /// The file as the user named it.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column of the end.
    pub end_column: u32,
}

/// `<flow>.map.json`: every state's place, by state name (branches and maps have their own states, all unique).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceMap {
    /// [`crate::PLAN_VERSION`].
    pub version: u32,
    /// The flow's name.
    pub flow: String,
    /// Places by state name.
    pub states: IndexMap<String, SourcePlace>,
}

/// A stream as it runs here: its function, and what its events come from. What it does is in the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalStream {
    /// Its own function of the generic binary.
    pub function: LocalFunction,
    /// What its events come from.
    pub from: LocalSubject,
    /// Records of one event at most.
    pub batch: u32,
    /// Where it begins in a stream (`latest`, `trim_horizon`, a timestamp); here it always begins at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// How often a record is delivered before it is given up; `None`: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receives: Option<u32>,
    /// The queue (its name here) that gets what was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<String>,
    /// Where it stands in the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePlace>,
}

/// What a stream's events come from, by its name here: what stands after the last `/` or `:` of a URL or an ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LocalSubject {
    /// Objects created in a bucket.
    Bucket {
        /// The bucket.
        bucket: String,
        /// The folder; may be empty.
        prefix: String,
    },
    /// A queue of SQS.
    Queue {
        /// Its name.
        name: String,
    },
    /// A stream of Kinesis.
    Stream {
        /// Its name.
        name: String,
    },
    /// The stream of a DynamoDB table.
    Changes {
        /// The table's name.
        table: String,
    },
    /// A topic of SNS.
    Topic {
        /// Its name.
        name: String,
    },
    /// A bus of EventBridge.
    Bus {
        /// Its name.
        name: String,
    },
}
