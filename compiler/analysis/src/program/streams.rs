//! Streams: what comes, and what is done with each batch of it; and the queues, streams, topics and buses that events
//! come from and go to, which the checker calls **channels**.

use super::{Expr, FunctionId, Guard, PolicyStatement, SchemaId, TableId, TablePlace, TableRole, TargetPlace, TransformId, Value};
use flow_diagnostics::Span;

/// Index into [`super::Program::channels`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub u32);

/// The types of channels, as a program writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// `Queue<T>`.
    Queue,
    /// `Stream<T>`.
    Stream,
    /// `Topic<T>`.
    Topic,
    /// `Bus<T>`.
    Bus,
}

impl ChannelKind {
    /// Every one, with its name.
    pub const ALL: [(&'static str, ChannelKind); 4] = [
        ("Queue", ChannelKind::Queue),
        ("Stream", ChannelKind::Stream),
        ("Topic", ChannelKind::Topic),
        ("Bus", ChannelKind::Bus),
    ];

    /// As a program writes it: `Queue`.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// In sentences: `queue`.
    pub fn noun(self) -> &'static str {
        match self {
            ChannelKind::Queue => "queue",
            ChannelKind::Stream => "stream",
            ChannelKind::Topic => "topic",
            ChannelKind::Bus => "bus",
        }
    }
}

/// The services that events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Objects of a bucket.
    S3,
    /// A queue.
    Sqs,
    /// A stream of Kinesis.
    Kinesis,
    /// Changes of a table.
    DynamoDb,
    /// A topic.
    Sns,
    /// Events of a bus.
    EventBridge,
}

impl Service {
    /// Those of channels, with the word by which the library knows each and the type that it has.
    pub const CHANNELS: [(&'static str, Service, ChannelKind); 5] = [
        ("sqs", Service::Sqs, ChannelKind::Queue),
        ("kinesis", Service::Kinesis, ChannelKind::Stream),
        ("dynamodb", Service::DynamoDb, ChannelKind::Stream),
        ("sns", Service::Sns, ChannelKind::Topic),
        ("eventbridge", Service::EventBridge, ChannelKind::Bus),
    ];

    /// The word by which the library knows it.
    pub fn word(self) -> &'static str {
        Self::CHANNELS.iter().find(|(_, service, _)| *service == self).map_or("s3", |(word, ..)| word)
    }

    /// As AWS calls it.
    pub fn title(self) -> &'static str {
        match self {
            Service::S3 => "S3",
            Service::Sqs => "SQS",
            Service::Kinesis => "Kinesis",
            Service::DynamoDb => "DynamoDB",
            Service::Sns => "SNS",
            Service::EventBridge => "EventBridge",
        }
    }

    /// Whether Lambda reads shards in their order: a record that fails holds up those behind it.
    pub fn is_ordered(self) -> bool {
        matches!(self, Service::Kinesis | Service::DynamoDb)
    }

    /// Whether Lambda asks for its events by an event source mapping; the others hand them over, one invocation each,
    /// which Lambda tries again by itself.
    pub fn is_polled(self) -> bool {
        matches!(self, Service::Sqs | Service::Kinesis | Service::DynamoDb)
    }

    /// What the facts of its records are called in expressions: `message.id`.
    pub fn fact_root(self) -> &'static str {
        match self {
            Service::S3 => "object",
            Service::Sqs | Service::Sns => "message",
            Service::Kinesis | Service::DynamoDb => "record",
            Service::EventBridge => "event",
        }
    }
}

/// How the bytes of a record become a row; as `flow_plan::Decode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decode {
    /// One JSON object.
    Json,
    /// A change of DynamoDB.
    DynamoDbChange,
    /// An envelope of SNS.
    Sns,
    /// An event of EventBridge.
    EventBridge,
}

/// A queue, stream, topic or bus: a `source` or `sink` of `Queue<T>` and the like.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// A source is only read.
    pub role: TableRole,
    /// Its type.
    pub kind: ChannelKind,
    /// Where it is.
    pub service: Service,
    /// Its rows.
    pub schema: SchemaId,
    /// How a record becomes one.
    pub decode: Decode,
    /// What its construct gives: a record, deploy stage.
    pub value: Expr,
    /// Whether others own it.
    pub existing: bool,
    /// What reading it takes.
    pub read: Vec<PolicyStatement>,
    /// What sending to it takes.
    pub send: Vec<PolicyStatement>,
    /// Whether something names its ARN or URL, which may send to it or read it.
    pub mentioned: bool,
    /// Where it exists, if not everywhere.
    pub when: Option<Guard>,
    /// Its name's place.
    pub span: Span,
}

impl Channel {
    /// A field of its construct's result, if it has a value.
    pub fn field(&self, name: &str) -> Option<&Expr> {
        self.value.entry(name).filter(|value| value.known_none() != Some(true))
    }

    /// A constant number of seconds among the fields of its construct.
    pub fn seconds(&self, name: &str) -> Option<u64> {
        match self.field(name)?.constant()? {
            Value::Duration(micros) => u64::try_from(*micros).ok().map(|micros| micros / 1_000_000),
            _ => None,
        }
    }

    /// A constant whole number among the fields of its construct.
    pub fn whole(&self, name: &str) -> Option<u64> {
        match self.field(name)?.constant()? {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }
}

/// `stream NAME from SOURCE { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: Option<String>,
    /// What comes.
    pub subject: Subject,
    /// From where.
    pub service: Service,
    /// The rows that come.
    pub schema: SchemaId,
    /// `batch = 10` and the like.
    pub settings: StreamSettings,
    /// Event patterns of which a record matches one, with the root that its service gives them; empty: all come.
    pub patterns: Vec<serde_json::Value>,
    /// What was seen before is left out.
    pub idempotent: Option<Idempotent>,
    /// What is done, in order.
    pub actions: Vec<StreamAction>,
    /// `retry N`.
    pub retries: Option<Expr>,
    /// What becomes of what can never succeed.
    pub refused: Refused,
    /// The place of `on_error`.
    pub on_error: Option<Span>,
    /// The function that does it.
    pub function: FunctionId,
    /// Where it exists, if not everywhere.
    pub when: Option<Guard>,
    /// Its name's place.
    pub span: Span,
    /// The place of what it listens to.
    pub subject_span: Span,
}

/// What a stream listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Objects that are created in a table.
    Created(TableId),
    /// A channel.
    Channel(ChannelId),
}

/// Settings of a stream, plan stage; what is not set is as the service has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StreamSettings {
    /// Records in a batch.
    pub batch: Option<Expr>,
    /// For how long a batch may fill.
    pub window: Option<Expr>,
    /// Batches of a shard at once; of a queue, functions at once.
    pub parallel: Option<Expr>,
    /// Where a stream is read from.
    pub start: Option<Start>,
    /// Whether a batch that fails is halved.
    pub bisect: Option<Expr>,
    /// For how long a record is tried again.
    pub max_age: Option<Expr>,
}

/// Where a stream is read from at first.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// What comes from now on.
    Latest,
    /// All that is there.
    Earliest,
    /// What came since an instant.
    At(Expr),
}

/// `idempotent by KEY into LEDGER`.
#[derive(Debug, Clone, PartialEq)]
pub struct Idempotent {
    /// The key's parts, row stage.
    pub by: Vec<Expr>,
    /// What its construct gives.
    pub ledger: Expr,
    /// Its name.
    pub name: String,
    /// How long a record that is at work is left alone, seconds.
    pub lease_s: u64,
    /// How long what is done is remembered, seconds.
    pub keep_s: Option<u64>,
    /// Whether the lease is written, and where.
    pub lease_span: Option<Span>,
    /// The statement.
    pub span: Span,
}

/// One thing that is done with a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamAction {
    /// `each … send … to …`.
    Send(Box<Send>),
    /// `run T(…) append to …`.
    Run(StreamRun),
}

impl StreamAction {
    /// The statement.
    pub fn span(&self) -> Span {
        match self {
            StreamAction::Send(send) => send.span,
            StreamAction::Run(run) => run.span,
        }
    }
}

/// `each line as l where C send VALUE to TARGET`.
#[derive(Debug, Clone, PartialEq)]
pub struct Send {
    /// Whether records are sent rather than their rows.
    pub whole: bool,
    /// `where C`, row stage.
    pub condition: Option<Expr>,
    /// What is sent, row stage; `None` for the row.
    pub value: Option<Expr>,
    /// Where to.
    pub to: Target,
    /// The column of what is sent that parts a stream's records.
    pub key: Option<Expr>,
    /// The statement.
    pub span: Span,
}

/// Where something is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A channel.
    Channel(ChannelId),
    /// A flow is started.
    Flow(String),
}

/// `run T(…) append to SINK`.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRun {
    /// The transform.
    pub transform: TransformId,
    /// The parameter that the batch is.
    pub input: String,
    /// Tables for the others.
    pub inputs: Vec<(String, TablePlace)>,
    /// Where the rows go.
    pub into: StreamTarget,
    /// The statement.
    pub span: Span,
}

/// Where the rows of a transform go.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamTarget {
    /// Into one table.
    Table(TargetPlace),
    /// Into the table of each row's case.
    Family {
        /// The column that tells.
        tag: String,
        /// By what it says.
        cases: Vec<(String, TargetPlace)>,
    },
}

impl StreamTarget {
    /// The tables that are written.
    pub fn places(&self) -> Vec<&TargetPlace> {
        match self {
            StreamTarget::Table(place) => vec![place],
            StreamTarget::Family { cases, .. } => cases.iter().map(|(_, place)| place).collect(),
        }
    }
}

/// What becomes of what can never succeed.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    /// It is given back.
    Return,
    /// It is left out.
    Drop(Span),
    /// It is sent on.
    DeadLetter(DeadLetter),
}

/// `dead_letter(X)`.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// What X is called in the program.
    pub name: String,
    /// `sqs`, `sns` or `folder`.
    pub kind: String,
    /// What its construct gives.
    pub value: Expr,
    /// Its place.
    pub span: Span,
}

impl Stream {
    /// Tables that it reads: what it listens to, and other inputs.
    pub fn reads(&self) -> Vec<TableId> {
        let mut tables = Vec::new();
        if let Subject::Created(table) = self.subject {
            tables.push(table);
        }
        for run in self.runs() {
            tables.extend(run.inputs.iter().map(|(_, place)| place.table));
        }
        tables
    }

    /// Tables that it writes, with the statement that does.
    pub fn writes(&self) -> Vec<(&TargetPlace, Span)> {
        self.runs().flat_map(|run| run.into.places().into_iter().map(|place| (place, run.span))).collect()
    }

    /// Its `run`s.
    pub fn runs(&self) -> impl Iterator<Item = &StreamRun> {
        self.actions.iter().filter_map(|action| match action {
            StreamAction::Run(run) => Some(run),
            StreamAction::Send(_) => None,
        })
    }

    /// Its `each … send`s.
    pub fn sends(&self) -> impl Iterator<Item = &Send> {
        self.actions.iter().filter_map(|action| match action {
            StreamAction::Send(send) => Some(send.as_ref()),
            StreamAction::Run(_) => None,
        })
    }

    /// Whether a batch is asked of its rows at all: not if every action is of whole objects.
    pub fn reads_rows(&self) -> bool {
        self.service != Service::S3 || self.actions.iter().any(|action| !matches!(action, StreamAction::Send(send) if send.whole))
    }

    /// Every expression of it, with whether it is one of the deploy stage.
    pub fn expressions(&self) -> Vec<&Expr> {
        let StreamSettings { batch, window, parallel, start, bisect, max_age } = &self.settings;
        let mut all: Vec<&Expr> = [batch, window, parallel, bisect, max_age, &self.retries].into_iter().flatten().collect();
        if let Some(Start::At(at)) = start {
            all.push(at);
        }
        if let Some(idempotent) = &self.idempotent {
            all.extend(&idempotent.by);
            all.push(&idempotent.ledger);
        }
        for send in self.sends() {
            all.extend(send.condition.iter().chain(&send.value));
        }
        if let Refused::DeadLetter(dead) = &self.refused {
            all.push(&dead.value);
        }
        all
    }
}
