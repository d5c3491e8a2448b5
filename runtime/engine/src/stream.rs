//! Streams: what is done with a batch of records.
//!
//! Every record of an event ends in exactly one way: **done**, **skipped** (not the stream's, filtered, or known to the
//! ledger), **refused** (it can never succeed; it is sent to the dead letters, or left out where the program says so), or
//! **given back**, so that whoever sent it sends it again. What does not end otherwise is given back: a record whose dead
//! letter was not written, and all that is not done shortly before the function's time is up.
//!
//! 1. [`event`] takes the event apart; [`pattern`] leaves out what the filter does not let through.
//! 2. Records are claimed in the ledger (objects of S3 before they are read, others by their row), and decoded into rows,
//!    which are held against their schema ([`rows`], [`objects`]).
//! 3. The actions are done in order: [`send`], [`run`]. A batch whose transform cannot be computed is taken apart until the
//!    rows that are to blame stand alone.
//! 4. Dead letters are written ([`refused`]), the ledger is told ([`claims`]), the [`answer`] names what is given back.
//!
//! Objects of S3 are worked on one after the other, each for itself; records of all other sources as one batch.

mod answer;
mod claims;
mod decode;
mod event;
mod objects;
mod pattern;
mod refused;
mod rows;
mod run;
mod send;
mod services;
#[cfg(test)]
mod tests;

pub use services::{Address, Claim, Ending, Message, REASON_LIMIT, SendError, Services, Taken};

use crate::failpoint;
use crate::failure::Result;
use crate::formats::Problem;
use crate::operations::{Engine, unknown};
use crate::stream::event::{Facts, Record};
use crate::stream::objects::Object;
use crate::stream::rows::{BadRow, Rows, decode, facts_alone};
use crate::temporal::format_timestamp;
use crate::types::hex;
use flow_plan::{Decode, ErrorName, Failure, Refused, Schema, Stream, StreamAction, StreamSource, StreamUnit};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// One invocation.
#[derive(Debug, Clone, Copy)]
pub struct Call<'c> {
    /// Its id; the same when the same invocation is tried again.
    pub request: &'c str,
    /// How long it may take.
    pub left: Option<Duration>,
    /// Services outside of the stores.
    pub services: &'c dyn Services,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Records of the event.
    pub records: u64,
    /// Rows that decoded and fit.
    pub rows: u64,
    /// Messages that were sent, dead letters not counted.
    pub sent: u64,
    /// Rows that were added to tables.
    pub appended: u64,
    /// Records whose work is done. Those of S3 with refused rows among them.
    pub done: u64,
    /// Records (of S3 also rows) that were sent to the dead letters or dropped.
    pub refused: u64,
    /// Records that were left alone.
    pub skipped: u64,
    /// Records that are given back.
    pub failed: u64,
}

/// How a record ended.
#[derive(Debug, Clone)]
enum State {
    Waiting,
    Skipped,
    Done,
    Refused,
    Failed(Failure),
}

/// Something that can never succeed.
#[derive(Debug)]
struct Refusal {
    record: usize,
    /// Where it stands in its record, where records have several rows.
    line: Option<u64>,
    name: ErrorName,
    problem: Problem,
    /// Its text, where it is not all of the record.
    text: Option<String>,
    settled: bool,
}

/// A batch at work.
struct Batch<'e> {
    engine: &'e Engine,
    call: Call<'e>,
    name: &'e str,
    stream: &'e Stream,
    schema: &'e Schema,
    records: Vec<Record>,
    states: Vec<State>,
    claims: Vec<Option<Claim>>,
    /// Records with the key of an earlier one of this batch: what becomes of that one becomes of them.
    twins: Vec<(usize, usize)>,
    refusals: Vec<Refusal>,
    counts: Counts,
}

impl Engine {
    /// Does what a stream of the plan says with an event, and gives the answer of the function: `batchItemFailures` and
    /// [`Counts`].
    ///
    /// # Errors
    /// Where the answer cannot name what failed, so that all of the event has to come again; and where the plan is wrong.
    pub async fn handle(&self, stream: &str, event: Value, call: Call<'_>) -> Result<Value, Failure> {
        let started = Instant::now();
        let streams = &self.plan.streams;
        let (name, stream) = streams
            .get_key_value(stream)
            .ok_or_else(|| unknown("stream", stream, streams.keys().map(String::as_str)))?;
        let schema = self.schema(&stream.schema)?;
        let records = event::records(&stream.from, event)?;
        let mut batch = Batch {
            engine: self,
            call,
            name,
            stream,
            schema,
            states: vec![State::Waiting; records.len()],
            claims: vec![None; records.len()],
            counts: Counts { records: records.len() as u64, ..Counts::default() },
            records,
            twins: Vec::new(),
            refusals: Vec::new(),
        };
        let worked = match call.left {
            None => batch.work().await,
            Some(left) => match tokio::time::timeout(left.saturating_sub(margin(left)), batch.work()).await {
                Ok(worked) => worked,
                Err(_) => {
                    batch.fail_waiting(&time_is_up());
                    Ok(())
                }
            },
        };
        if let Err(fault) = worked {
            let failure = Failure::from(fault);
            batch.fail_waiting(&failure);
            batch.settle_within(call.left).await;
            tracing::error!(error = failure.name.as_str(), cause = failure.cause, stream = name, "failed");
            return Err(failure);
        }
        batch.settle_within(call.left).await;
        failpoint::hit("before-answer");
        batch.answer(started)
    }
}

/// What is left for giving back, when the time is nearly up.
fn margin(left: Duration) -> Duration {
    (left / 10).clamp(Duration::from_millis(200), Duration::from_secs(10))
}

fn time_is_up() -> Failure {
    Failure {
        name: ErrorName::StoreFailed,
        cause: "the function's time was nearly up before this was done: make batches smaller, or give the function more time \
                (`using = lambda(timeout = …)`)"
            .into(),
    }
}

impl<'e> Batch<'e> {
    async fn work(&mut self) -> Result<()> {
        self.choose()?;
        for record in 0..self.records.len() {
            let problem = self.records.get(record).and_then(|record| record.data.as_ref().err().cloned());
            if let Some(problem) = problem.filter(|_| self.is_waiting(record)) {
                self.refuse(record, None, ErrorName::InvalidRecord, problem, None);
            }
        }
        if let StreamSource::S3 { .. } = self.stream.from {
            self.objects().await
        } else {
            self.messages().await
        }
    }

    /// Leaves out what the stream does not want.
    fn choose(&mut self) -> Result<()> {
        let place = match &self.stream.from {
            StreamSource::S3 { location, .. } => Some(self.engine.place(location)?),
            _ => None,
        };
        for (record, state) in self.records.iter().zip(&mut self.states) {
            let created = record.raw.get("eventName").and_then(Value::as_str).is_none_or(|name| name.contains("ObjectCreated"));
            let ours = match &place {
                Some(place) => created && objects::is_ours(place, &record.facts),
                None => pattern::lets_through(self.stream, record)?,
            };
            if !ours {
                *state = State::Skipped;
            }
        }
        Ok(())
    }

    fn is_waiting(&self, record: usize) -> bool {
        matches!(self.states.get(record), Some(State::Waiting))
    }

    fn fail(&mut self, record: usize, failure: &Failure) {
        if let Some(state) = self.states.get_mut(record) {
            *state = State::Failed(failure.clone());
        }
    }

    /// Gives back whatever is not done, also what waits for its dead letter.
    fn fail_waiting(&mut self, failure: &Failure) {
        for refusal in self.refusals.iter().filter(|refusal| !refusal.settled) {
            if let Some(state) = self.states.get_mut(refusal.record) {
                *state = State::Failed(failure.clone());
            }
        }
        for state in self.states.iter_mut().filter(|state| matches!(state, State::Waiting)) {
            *state = State::Failed(failure.clone());
        }
    }

    /// A record, or with a line one row of it, that can never succeed.
    fn refuse(&mut self, record: usize, line: Option<u64>, name: ErrorName, problem: Problem, text: Option<String>) {
        if line.is_none()
            && let Some(state) = self.states.get_mut(record)
        {
            *state = State::Refused;
        }
        self.refusals.push(Refusal { record, line, name, problem, text, settled: false });
    }

    fn refuse_rows(&mut self, bad: Vec<BadRow>) {
        for bad in bad {
            self.refuse(bad.record, bad.line, ErrorName::InvalidRecord, bad.problem, bad.text);
        }
    }

    /// Records of one row each, as one batch.
    async fn messages(&mut self) -> Result<()> {
        let mut decoded = Vec::with_capacity(self.records.len());
        let mut wrong = Vec::new();
        for (index, record) in self.records.iter().enumerate() {
            let Some(data) = record.data.as_ref().ok().filter(|_| self.is_waiting(index)) else { continue };
            let row = match &self.stream.from {
                StreamSource::Sqs { decode } | StreamSource::Kinesis { decode } | StreamSource::Sns { decode } => {
                    decode::row(*decode, data, self.schema)
                }
                StreamSource::DynamoDb => decode::row(Decode::DynamodbChange, data, self.schema),
                StreamSource::EventBridge | StreamSource::S3 { .. } => Ok(data.as_slice().into()),
            };
            match row {
                Ok(row) => decoded.push((index, row, &record.facts)),
                Err(problem) => wrong.push(BadRow { record: index, line: None, problem, text: None }),
            }
        }
        let rows: Vec<(usize, &[u8], &Facts)> = decoded.iter().map(|(index, row, facts)| (*index, row.as_ref(), *facts)).collect();
        let (rows, bad) = decode(self.schema, &self.engine.checks(self.schema)?, &rows)?;
        drop(decoded);
        self.counts.rows += rows.len() as u64;
        self.refuse_rows(wrong);
        self.refuse_rows(bad);
        self.dispose().await?;
        self.hold_groups();
        let rows = self.claim_rows(rows).await?;
        self.act(rows, None).await?;
        failpoint::hit("after-act");
        self.dispose().await?;
        self.hold_groups();
        self.done(0..self.records.len());
        Ok(())
    }

    /// Objects, one after the other.
    async fn objects(&mut self) -> Result<()> {
        let StreamSource::S3 { format, location } = &self.stream.from else { return Ok(()) };
        let place = self.engine.place(location)?;
        self.dispose().await?;
        for record in 0..self.records.len() {
            if !self.is_waiting(record) {
                continue;
            }
            let Some(facts) = self.records.get(record).map(|record| record.facts.clone()) else { continue };
            if let Some(idempotent) = &self.stream.idempotent {
                let batch = facts_alone(self.schema, &facts)?;
                let keys = self.keys(idempotent, &batch, &[record])?;
                self.claim(idempotent, keys).await;
                failpoint::hit("after-take");
            }
            if !self.is_waiting(record) {
                continue;
            }
            let schema = (self.stream.schema.as_str(), self.schema);
            if self.stream.actions.iter().all(is_of_records) {
                self.act(Rows::none(self.schema), Some(record)).await?;
                failpoint::hit("after-act");
                self.dispose().await?;
                self.done(record..record + 1);
                self.settle(Some(record)).await;
                continue;
            }
            match self.engine.read_object(&place, location, *format, schema, record, &facts).await {
                Ok(Object::Refused(problem)) => self.refuse(record, None, ErrorName::InvalidRecord, problem, None),
                Ok(Object::Rows(rows, bad)) => {
                    self.counts.rows += rows.len() as u64;
                    let returned = self.stream.refused == Refused::Return && !bad.is_empty();
                    self.refuse_rows(bad);
                    // What is given back anyway is not done before.
                    if !returned {
                        self.act(rows, Some(record)).await?;
                        failpoint::hit("after-act");
                    }
                }
                Err(fault) => self.fail(record, &Failure::from(fault)),
            }
            self.dispose().await?;
            self.done(record..record + 1);
            self.settle(Some(record)).await;
        }
        Ok(())
    }

    /// What is left of some records is done.
    fn done(&mut self, records: std::ops::Range<usize>) {
        for state in self.states.get_mut(records).into_iter().flatten() {
            if matches!(state, State::Waiting) {
                *state = State::Done;
            }
        }
    }

    /// Where one message of a group fails, the later ones of its group come again with it, so that they stay in order.
    fn hold_groups(&mut self) {
        let mut held: HashMap<String, Failure> = HashMap::new();
        for (record, state) in self.records.iter().zip(&mut self.states) {
            let Some(group) = &record.facts.group else { continue };
            match state {
                State::Failed(failure) => {
                    held.entry(group.clone()).or_insert_with(|| failure.clone());
                }
                // It is not worked on at all, whatever comes before it.
                State::Skipped | State::Refused => {}
                State::Waiting | State::Done => {
                    if let Some(failure) = held.get(group) {
                        *state = State::Failed(failure.clone());
                    }
                }
            }
        }
    }

    /// Rows whose records wait.
    fn still_waiting(&self, rows: Rows) -> Result<Rows> {
        let places: Vec<usize> =
            (0..rows.len()).filter(|row| rows.records.get(*row).is_some_and(|record| self.is_waiting(*record))).collect();
        if places.len() == rows.len() { Ok(rows) } else { rows.at(&places) }
    }

    /// The actions, in order, each over the rows that are left; `object` is the record that all of them are of.
    async fn act(&mut self, mut rows: Rows, object: Option<usize>) -> Result<()> {
        let stream = self.stream;
        for (number, action) in stream.actions.iter().enumerate() {
            if let Some(record) = object.filter(|_| is_of_records(action)) {
                self.act_on_record(number, action, record).await?;
                if !self.is_waiting(record) {
                    return Ok(());
                }
                continue;
            }
            if rows.len() == 0 {
                continue;
            }
            let outcome = match action {
                StreamAction::Send { condition, value, to, .. } => {
                    self.send(number, &rows, condition.as_ref(), value.as_ref(), to).await
                }
                StreamAction::Run { transform, input, inputs, into } => {
                    let action = run::Run { transform, input, inputs, into };
                    self.engine.run_rows(&action, self.schema, &rows).await
                }
            };
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(fault) => {
                    let failure = Failure::from(fault);
                    let records: HashSet<usize> = rows.records.iter().copied().collect();
                    records.into_iter().for_each(|record| self.fail(record, &failure));
                    return Ok(());
                }
            };
            self.counts.sent += outcome.sent;
            self.counts.appended += outcome.appended;
            rows = self.outcome(&rows, outcome)?;
        }
        Ok(())
    }

    /// `each object … send …`: once for the object, by what is known of it.
    async fn act_on_record(&mut self, number: usize, action: &StreamAction, record: usize) -> Result<()> {
        let StreamAction::Send { condition, value, to, .. } = action else { return Ok(()) };
        let Some(facts) = self.records.get(record).map(|record| &record.facts) else { return Ok(()) };
        let alone = Rows { batch: facts_alone(self.schema, facts)?, records: vec![record], lines: vec![0] };
        let outcome = match self.send(number, &alone, condition.as_ref(), value.as_ref(), to).await {
            Ok(outcome) => outcome,
            Err(fault) => {
                self.fail(record, &Failure::from(fault));
                return Ok(());
            }
        };
        self.counts.sent += outcome.sent;
        for (_, name, reason) in outcome.refused {
            let problem = Problem { field: None, kind: "cannot be computed", reason };
            self.refuse(record, None, name, problem, None);
        }
        for (_, failure) in outcome.failed {
            self.fail(record, &failure);
        }
        Ok(())
    }

    /// Notes what an action refused and failed; gives the rows that are left.
    fn outcome(&mut self, rows: &Rows, outcome: Outcome) -> Result<Rows> {
        if outcome.refused.is_empty() && outcome.failed.is_empty() {
            return Ok(rows.clone());
        }
        let lines = matches!(self.stream.from, StreamSource::S3 { .. });
        let mut gone: HashSet<usize> = HashSet::new();
        for (place, name, reason) in outcome.refused {
            let Some(record) = rows.records.get(place).copied() else { continue };
            gone.insert(place);
            let problem = Problem { field: None, kind: "cannot be computed", reason };
            let line = rows.lines.get(place).copied().filter(|_| lines);
            let text = if lines {
                rows::json_lines(&rows.at(&[place])?.of_schema(self.schema)?, &self.schema.fields)?.pop()
            } else {
                None
            };
            self.refuse(record, line, name, problem, text);
        }
        for (place, failure) in outcome.failed {
            gone.insert(place);
            if let Some(record) = rows.records.get(place).copied() {
                self.fail(record, &failure);
            }
        }
        let places: Vec<usize> = (0..rows.len()).filter(|place| !gone.contains(place)).collect();
        self.still_waiting(rows.at(&places)?)
    }
}

/// Whether an action is done once for each record, whatever its rows.
fn is_of_records(action: &StreamAction) -> bool {
    matches!(action, StreamAction::Send { unit: StreamUnit::Record, .. })
}

/// What an action did.
#[derive(Debug, Default)]
struct Outcome {
    sent: u64,
    appended: u64,
    /// Rows that can never succeed, by place.
    refused: Vec<(usize, ErrorName, String)>,
    /// Rows that did not succeed now, by place.
    failed: Vec<(usize, Failure)>,
}

/// An instant, milliseconds since 1970, as RFC 3339.
pub fn instant(milliseconds: u64) -> String {
    format_timestamp(i64::try_from(milliseconds).unwrap_or(i64::MAX / 1000).saturating_mul(1000))
}

/// An id of letters and digits for what is sent: the same for the same parts.
fn digest_of(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    let mut text = hex(&digest.finalize());
    text.truncate(32);
    text
}
