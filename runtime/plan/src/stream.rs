//! Streams: what the generic binary does with each batch of events that reaches a function.
//!
//! A function serves one stream, named in its environment by [`STREAM_VARIABLE`]. Its events are what AWS hands to a
//! Lambda, envelope and all. Terms: a **record** is one element of a batch that is accepted or refused for itself (a
//! message, a Kinesis record, an object of S3); a **row** is what a record decodes to; records of S3 have many rows,
//! all others one.
//!
//! In expressions a column of the row is called by its name, and what is known of its record by `record.NAME`, which no
//! program can name a column: [`RECORD_FACTS`] of the source.

use crate::{Expr, Format, Location, Text};
use serde::{Deserialize, Serialize};

/// The environment variable that says which stream of the plan a function serves.
pub const STREAM_VARIABLE: &str = "FLOW_STREAM";

/// What is done with what comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// Its doc comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// What sends the events, and how a record becomes rows.
    pub from: StreamSource,
    /// The schema (by name) of the rows.
    pub schema: String,
    /// Event patterns, any of which a record must match: those of the event source mapping, over what it filters (`data`,
    /// `body`, `dynamodb`, …). What matches none is left alone, so that local runs see what the mapping lets through. Empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<serde_json::Value>,
    /// What was seen before is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<Idempotent>,
    /// What is done with a batch, in order. A record that one of them refuses takes no part in the next.
    pub actions: Vec<StreamAction>,
    /// What becomes of records that can never succeed: that do not decode, do not fit the schema, or for which a value
    /// cannot be computed. Failures of stores and services are no such thing: they are tried again.
    #[serde(default)]
    pub refused: Refused,
}

/// What sends the events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StreamSource {
    /// Objects created in a bucket, by its notifications: a record is an object, whose rows are read from it.
    /// Facts: `bucket`, `key`, `etag`, `size`, `time`, and of each row `line` (the record's number in its object, from 1).
    S3 {
        /// How the objects are encoded.
        format: Format,
        /// Objects outside of it are left alone.
        location: Location,
    },
    /// A queue. Facts: `id`, `time` (when it was sent), `receives`, `group`.
    Sqs {
        /// How bodies are encoded.
        decode: Decode,
    },
    /// Kinesis Data Streams. Facts: `id` (shard and sequence number), `time` (of arrival), `key` (the partition key).
    Kinesis {
        /// How the data is encoded.
        decode: Decode,
    },
    /// A stream of a DynamoDB table; rows are changes. Facts: `id`, `time`.
    DynamoDb,
    /// Events of EventBridge, by a rule whose target is the function: a batch is one event, its row the event's `detail`.
    /// Facts: `id`, `time`, `source`, `detail_type`.
    EventBridge,
    /// A topic of SNS: a batch is one message. Facts: `id`, `time`, `subject`.
    Sns {
        /// How messages are encoded.
        decode: Decode,
    },
}

/// Names of what is known of a record beside its row.
pub const RECORD_FACTS: &[&str] =
    &["bucket", "key", "etag", "size", "time", "line", "id", "receives", "group", "source", "detail_type", "subject"];

/// How the bytes of a record become a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decode {
    /// One JSON object.
    #[default]
    Json,
    /// A change record of DynamoDB, as its streams and its export to Kinesis have them: the row is
    /// `{ event, table, id, time, size, keys, new, old }`, with attribute values (`S`, `N`, `BOOL`, `NULL`, `L`, `M`, `SS`,
    /// `NS`, `B`, `BS`) unwrapped.
    DynamodbChange,
    /// An envelope of SNS around JSON, as a queue gets it that subscribes without raw delivery.
    Sns,
    /// An event of EventBridge, whose `detail` is the row, as a queue or stream gets it from a rule.
    EventBridge,
}

/// What was seen before is left out, remembered in a ledger by a lease: absent, or neither done nor leased → taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Idempotent {
    /// The key's parts, over facts (`record.bucket`) for S3, over row and facts otherwise.
    pub by: Vec<Expr>,
    /// The DynamoDB table that remembers (partition key `pk`, a string; time to live `expires_at`, seconds).
    pub ledger: Text,
    /// How long a record that is at work is left alone, seconds; what was not finished is then taken again.
    pub lease_s: u64,
    /// How long what is done is remembered, seconds; `None`: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_s: Option<u64>,
}

/// One thing that is done with a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum StreamAction {
    /// Each row, or each record, is sent on.
    Send {
        /// What is sent on for itself.
        #[serde(default)]
        unit: StreamUnit,
        /// Over the row and the record's facts; `None` counts as false.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condition: Option<Expr>,
        /// What is sent, written as JSON; `None`: the row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Expr>,
        /// Where to.
        to: Destination,
    },
    /// The rows go through a transform, and what it gives is added to a table or sent on.
    Run {
        /// Its name in the plan.
        transform: String,
        /// The input that the batch's rows are.
        input: String,
        /// Tables for its other inputs, by name.
        #[serde(default, skip_serializing_if = "indexmap::IndexMap::is_empty")]
        inputs: indexmap::IndexMap<String, crate::TableRef>,
        /// Where its rows go.
        into: StreamTarget,
    },
}

/// What an action looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamUnit {
    /// Each row.
    #[default]
    Row,
    /// Each record, whose rows are not read for it: condition and value name facts alone, and a value is given.
    Record,
}

/// Where the rows of a transform go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StreamTarget {
    /// Into one table.
    Table {
        /// The sink, and how rows are added.
        into: crate::Target,
    },
    /// Into the table of each row's case.
    Family {
        /// The column that tells the case.
        tag: String,
        /// For each value of it, the sink, and how rows are added.
        cases: indexmap::IndexMap<String, crate::Target>,
    },
}

/// Where something is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Destination {
    /// A queue of SQS.
    Queue {
        /// Its URL.
        url: Text,
    },
    /// A topic of SNS.
    Topic {
        /// Its ARN.
        arn: Text,
    },
    /// A bus of EventBridge.
    Bus {
        /// Its name or ARN.
        name: Text,
        /// The events' `Source`.
        source: String,
        /// Their `DetailType`.
        detail_type: String,
    },
    /// A stream of Kinesis.
    Stream {
        /// Its name.
        name: Text,
        /// The partition key; `None`: the record's own id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Expr>,
    },
    /// A flow is started with what is sent as its input; its execution is named after the record, so that one record starts
    /// one execution.
    Flow {
        /// Its state machine's ARN.
        arn: Text,
    },
    /// An object each, for what is refused.
    Folder {
        /// Where to.
        location: Location,
    },
}

/// What becomes of records that can never succeed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "snake_case")]
pub enum Refused {
    /// They are given back as failures, and what sends them decides (a queue's redrive, a stream's on-failure destination).
    #[default]
    Return,
    /// They are counted, logged and left out.
    Drop,
    /// They are sent on, with the reason and the original; if that fails they are given back.
    DeadLetter {
        /// Where to.
        to: Destination,
    },
}
