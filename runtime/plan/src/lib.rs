//! The contract between the compiler and the generic binary, as serde types.
//!
//! `flowc build` writes one `plan.json` per program; the generic binary reads it and executes the
//! [`Request`]s that the state machine sends. Nothing here knows Arrow: the plan says *what* is computed,
//! typed, and the engine decides how.
//!
//! Terms: a **slot** is a named deploy value that the plan does not hold (a bucket's name); the
//! environment of the function fills it. A **table** is a location with a schema; a **transform** is a
//! pipeline of typed operators from tables to a table.
//!
//! ```
//! let plan = flow_plan::Plan::new("dpc");
//! let text = serde_json::to_string(&plan).unwrap();
//! assert_eq!(flow_plan::Plan::from_json(&text).unwrap(), plan);
//! ```

mod expr;
mod local;
mod partition;
mod report;
mod request;
mod stream;
mod table;
pub mod testing;
mod transform;
mod types;

pub use expr::{AggregateFunction, BinaryOp, Expr, Literal, ScalarFunction, UnaryOp, WindowFunction};
pub use local::{LocalAbsence, LocalAwait, LocalShape, LocalStream, LocalSubject};
pub use local::{LocalFlow, LocalFunction, LocalParam, LocalRun, LocalTable, LocalTask, SourceMap, SourcePlace};
pub use partition::{NONE_PARTITION, encode_partition};
pub use report::{ErrorName, Failure, Report};
pub use request::{Operation, PartitionValue, Replace, Request, TableRef, Target};
pub use stream::{
    Decode, Destination, Idempotent, RECORD_FACTS, Refused, STREAM_VARIABLE, Stream, StreamAction, StreamSource, StreamTarget,
    StreamUnit,
};
pub use table::{AvroCompression, Compression, Format, Invalid, Location, Partition, Table, TableRole, Text};
pub use transform::{Column, Input, JoinKind, Operator, Sort, SortOrder, Transform};
pub use types::{Check, DataType, Field, Schema};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The version of the plan's schema. A generic binary refuses a plan of another version.
///
/// It rises when an older binary could misread a newer plan; additions with a default do not raise it.
pub const PLAN_VERSION: u32 = 1;

/// Prefix of the environment variables that fill slots: slot `raw` is read from `FLOW_SLOT_RAW`.
pub const SLOT_PREFIX: &str = "FLOW_SLOT_";

/// Everything that the generic binary must know about one program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_VERSION`] of the compiler that wrote it.
    pub version: u32,
    /// The project's name.
    pub project: String,
    /// Slots in the order of their names; the value documents what fills each.
    #[serde(default)]
    pub slots: IndexMap<String, Slot>,
    /// Schemas by name.
    #[serde(default)]
    pub schemas: IndexMap<String, Schema>,
    /// Sources and sinks by name.
    #[serde(default)]
    pub tables: IndexMap<String, Table>,
    /// Transforms by name.
    #[serde(default)]
    pub transforms: IndexMap<String, Transform>,
    /// Streams by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub streams: IndexMap<String, Stream>,
}

/// A named deploy value, filled from the environment variable `FLOW_SLOT_<NAME>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// What it is, for people who read the plan: `the bucket of table encounters`.
    pub description: String,
}

/// Why a plan could not be read.
#[derive(Debug)]
pub enum PlanError {
    /// Not JSON, or not of the plan's shape.
    Malformed(serde_json::Error),
    /// Written by a compiler with another [`PLAN_VERSION`].
    Version {
        /// The version that the plan names.
        found: u64,
    },
}

impl std::fmt::Display for PlanError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PlanError::Malformed(error) => write!(f, "the plan is malformed: {error}"),
            PlanError::Version { found } => write!(
                f,
                "the plan has version {found}, this binary reads version {PLAN_VERSION}: build both with the same release"
            ),
        }
    }
}

impl std::error::Error for PlanError {}

impl Plan {
    /// An empty plan of the current version.
    pub fn new(project: &str) -> Self {
        Plan {
            version: PLAN_VERSION,
            project: project.to_owned(),
            slots: IndexMap::new(),
            schemas: IndexMap::new(),
            tables: IndexMap::new(),
            transforms: IndexMap::new(),
            streams: IndexMap::new(),
        }
    }

    /// Reads a plan, checking its version before its shape, so that a newer plan is refused by its version.
    pub fn from_json(text: &str) -> Result<Self, PlanError> {
        #[derive(Deserialize)]
        struct Head {
            version: u64,
        }
        let head: Head = serde_json::from_str(text).map_err(PlanError::Malformed)?;
        if head.version != u64::from(PLAN_VERSION) {
            return Err(PlanError::Version { found: head.version });
        }
        serde_json::from_str(text).map_err(PlanError::Malformed)
    }
}

/// The environment variable that fills `slot`: upper case, every character but letters and digits as `_`.
pub fn slot_variable(slot: &str) -> String {
    let name: String = slot
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    format!("{SLOT_PREFIX}{name}")
}
