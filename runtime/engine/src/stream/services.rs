//! What streams ask of services beside stores: sending on, and remembering. The engine knows no SDK: the generic binary has
//! one implementation for AWS and one of folders.

use async_trait::async_trait;

/// Services outside of the stores.
#[async_trait]
pub trait Services: std::fmt::Debug + Send + Sync {
    /// Sends messages; says of each, in order, whether it is there.
    async fn send(&self, to: &Address, messages: &[Message]) -> Vec<Result<(), SendError>>;

    /// Takes a key: it is now at work for its owner, unless it is done or another's.
    ///
    /// # Errors
    /// The ledger cannot be asked; why.
    async fn take(&self, ledger: &str, claim: &Claim) -> Result<Taken, String>;

    /// Says what became of a key that was taken. A key that is another owner's by now is left as it is.
    ///
    /// # Errors
    /// The ledger cannot be asked; why.
    async fn settle(&self, ledger: &str, claim: &Claim, ending: &Ending) -> Result<(), String>;
}

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A queue of SQS, by its URL.
    Queue(String),
    /// A topic of SNS, by its ARN.
    Topic(String),
    /// A bus of EventBridge.
    Bus {
        /// Name or ARN.
        name: String,
        /// The events' `Source`.
        source: String,
        /// Their `DetailType`.
        detail_type: String,
    },
    /// A stream of Kinesis, by its name.
    Stream(String),
    /// A state machine, by its ARN: an execution for each message.
    Flow(String),
}

impl Address {
    /// Which it is, for messages: ``queue `https://…` ``.
    pub fn shown(&self) -> String {
        match self {
            Address::Queue(url) => format!("queue `{url}`"),
            Address::Topic(arn) => format!("topic `{arn}`"),
            Address::Bus { name, .. } => format!("bus `{name}`"),
            Address::Stream(name) => format!("stream `{name}`"),
            Address::Flow(arn) => format!("flow `{arn}`"),
        }
    }
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same whenever the same row of the same record is sent: at most 64 letters, digits, `-` and `_`. An execution's
    /// name, a message's id for the deduplication of FIFO queues.
    pub id: String,
    /// JSON.
    pub body: String,
    /// The partition key of a stream.
    pub key: String,
    /// The message group, of records that have one.
    pub group: Option<String>,
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendError {
    /// Whether it never will be: too large, malformed.
    pub permanent: bool,
    /// What the service said.
    pub reason: String,
}

/// Whoever asks for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The key.
    pub key: String,
    /// The delivery that asks.
    pub owner: String,
    /// Whether an earlier attempt of the same owner has certainly ended, so that its lease need not be over.
    pub again: bool,
    /// How long others leave it alone, seconds.
    pub lease_s: u64,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is the claimer's.
    Now,
    /// It is done.
    Done,
    /// Another is at work on it.
    Others,
    /// The same owner is, or was and is gone.
    Own,
}

/// What became of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It is done, and remembered for so many seconds, or for ever.
    Done(Option<u64>),
    /// It failed, and may be taken at once.
    Failed(String),
}

/// Characters of a reason that a ledger keeps.
pub const REASON_LIMIT: usize = 500;
