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
//! 4. Dead letters are written, the ledger is told, the answer names what is given back.
//!
//! Objects of S3 are worked on one after the other, each for itself; records of all other sources as one batch.

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
use crate::failure::{Result, failure};
use crate::formats::Problem;
use crate::operations::{Engine, unknown};
use crate::stream::event::{Facts, Record};
use crate::stream::objects::Object;
use crate::stream::rows::{BadRow, Compiled, Rows, decode, facts_alone, texts};
use crate::temporal::format_timestamp;
use crate::types::hex;
use arrow::record_batch::RecordBatch;
use flow_plan::{Decode, ErrorName, Failure, Idempotent, Refused, Schema, Stream, StreamSource};
use futures::StreamExt;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// Claims that are made at the same time.
const CLAIMS: usize = 16;
/// Bytes of a ledger's key; DynamoDB's bound is 2,048.
const KEY_LIMIT: usize = 1024;

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
                None => lets_through(self.stream, record)?,
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
        self.act(rows).await?;
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
            match self.engine.read_object(&place, location, *format, schema, record, &facts).await {
                Ok(Object::Refused(problem)) => self.refuse(record, None, ErrorName::InvalidRecord, problem, None),
                Ok(Object::Rows(rows, bad)) => {
                    self.counts.rows += rows.len() as u64;
                    let returned = self.stream.refused == Refused::Return && !bad.is_empty();
                    self.refuse_rows(bad);
                    // What is given back anyway is not done before.
                    if !returned {
                        self.act(rows).await?;
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
                State::Skipped => {}
                _ => {
                    if let Some(failure) = held.get(group) {
                        *state = State::Failed(failure.clone());
                    }
                }
            }
        }
    }

    /// The ledger's keys of rows.
    fn keys(&mut self, idempotent: &Idempotent, batch: &RecordBatch, records: &[usize]) -> Result<Vec<(usize, String)>> {
        let session = self.engine.executor.session(false);
        let mut parts = Vec::with_capacity(idempotent.by.len());
        for expr in &idempotent.by {
            let values = Compiled::new(&session, self.schema, expr)?.values(batch)?;
            for (row, reason) in &values.failed {
                let problem = Problem { field: None, kind: "key", reason: format!("its key cannot be computed: {reason}") };
                if let Some(record) = records.get(*row).copied().filter(|record| self.is_waiting(*record)) {
                    self.refuse(record, None, ErrorName::ComputeFailed, problem, None);
                }
            }
            parts.push(texts(&values));
        }
        let by_object = matches!(self.stream.from, StreamSource::S3 { .. }) && parts.len() == 3;
        Ok(records
            .iter()
            .enumerate()
            .filter(|(_, record)| self.is_waiting(**record))
            .map(|(row, record)| {
                let parts: Vec<Option<&str>> = parts.iter().map(|part| part.get(row).and_then(Option::as_deref)).collect();
                (*record, ledger_key(self.name, &parts, by_object))
            })
            .collect())
    }

    async fn claim_rows(&mut self, rows: Rows) -> Result<Rows> {
        if let Some(idempotent) = &self.stream.idempotent {
            let waiting: Vec<usize> = (0..rows.len()).filter(|row| rows.records.get(*row).is_some_and(|record| self.is_waiting(*record))).collect();
            let rows = rows.at(&waiting)?;
            let keys = self.keys(idempotent, &rows.batch, &rows.records)?;
            self.claim(idempotent, keys).await;
            failpoint::hit("after-take");
            return self.still_waiting(rows);
        }
        self.still_waiting(rows)
    }

    /// Rows whose records wait.
    fn still_waiting(&self, rows: Rows) -> Result<Rows> {
        let places: Vec<usize> =
            (0..rows.len()).filter(|row| rows.records.get(*row).is_some_and(|record| self.is_waiting(*record))).collect();
        if places.len() == rows.len() { Ok(rows) } else { rows.at(&places) }
    }

    /// Takes keys; records that are not taken are skipped or given back.
    async fn claim(&mut self, idempotent: &Idempotent, keys: Vec<(usize, String)>) {
        let ledger = match self.engine.environment.resolve(&self.engine.plan, &idempotent.ledger) {
            Ok(ledger) => ledger,
            Err(fault) => {
                let failure = Failure::from(fault);
                keys.iter().for_each(|(record, _)| self.fail(*record, &failure));
                return;
            }
        };
        let mut first: HashMap<String, usize> = HashMap::new();
        let mut asked = Vec::with_capacity(keys.len());
        for (record, claimed) in self.claims.iter().enumerate() {
            if let Some(claim) = claimed {
                first.insert(claim.key.clone(), record);
            }
        }
        for (record, key) in keys {
            if let Some(twin) = first.get(&key) {
                self.twins.push((record, *twin));
                if let Some(state) = self.states.get_mut(record) {
                    *state = State::Skipped;
                }
                continue;
            }
            first.insert(key.clone(), record);
            let id = self.records.get(record).and_then(|record| record.facts.id.clone());
            let (owner, again) = match (&self.stream.from, id) {
                // Lambda tries an invocation again only when it has ended, and reads a shard on only then.
                (StreamSource::Kinesis { .. } | StreamSource::DynamoDb, Some(id)) => (id, true),
                // A queue may deliver a message twice at once.
                (StreamSource::Sqs { .. }, Some(id)) => (id, false),
                _ => (self.call.request.to_owned(), true),
            };
            asked.push((record, Claim { key, owner, again, lease_s: idempotent.lease_s }));
        }
        let services = self.call.services;
        let ledger = ledger.as_str();
        let outcomes: Vec<_> = futures::stream::iter(asked)
            .map(|(record, claim)| async move {
                let outcome = services.take(ledger, &claim).await;
                (record, claim, outcome)
            })
            .buffered(CLAIMS)
            .collect()
            .await;
        for (record, claim, outcome) in outcomes {
            match outcome {
                Ok(Taken::Now) => {
                    if let Some(slot) = self.claims.get_mut(record) {
                        *slot = Some(claim);
                    }
                }
                Ok(Taken::Done | Taken::Others) => {
                    if let Some(state) = self.states.get_mut(record) {
                        *state = State::Skipped;
                    }
                }
                Ok(Taken::Own) => {
                    let cause = format!("`{}` is still leased to an earlier delivery of the same message", claim.key);
                    self.fail(record, &Failure { name: ErrorName::StoreFailed, cause });
                }
                Err(reason) => {
                    let cause = format!("the ledger `{ledger}` cannot be asked for `{}`: {reason}", claim.key);
                    self.fail(record, &Failure { name: ErrorName::StoreFailed, cause });
                }
            }
        }
    }

    /// The actions, in order, each over the rows that are left.
    async fn act(&mut self, mut rows: Rows) -> Result<()> {
        let stream = self.stream;
        for (number, action) in stream.actions.iter().enumerate() {
            if rows.len() == 0 {
                return Ok(());
            }
            let outcome = match action {
                flow_plan::StreamAction::Send { condition, value, to } => {
                    self.send(number, &rows, condition.as_ref(), value.as_ref(), to).await
                }
                flow_plan::StreamAction::Run { transform, input, inputs, into } => {
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

    /// Who a record is, for the ids of what is sent on.
    fn identity(&self, record: usize) -> String {
        if let Some(Some(claim)) = self.claims.get(record) {
            return claim.key.clone();
        }
        let Some(facts) = self.records.get(record).map(|record| &record.facts) else { return String::new() };
        let of = |fact: &Option<String>| fact.clone().unwrap_or_default();
        match &facts.id {
            Some(id) => id.clone(),
            None => format!("{}/{}#{}", of(&facts.bucket), of(&facts.key), of(&facts.etag)),
        }
    }

    /// Tells the ledger what became of what was taken: of one record, or of all.
    async fn settle(&mut self, only: Option<usize>) {
        let Some(idempotent) = &self.stream.idempotent else { return };
        let Ok(ledger) = self.engine.environment.resolve(&self.engine.plan, &idempotent.ledger) else { return };
        let mut endings = Vec::new();
        for (record, claim) in self.claims.iter_mut().enumerate() {
            if only.is_some_and(|only| only != record) {
                continue;
            }
            let ending = match self.states.get(record) {
                Some(State::Done) => Ending::Done(idempotent.keep_s),
                Some(State::Failed(failure)) => Ending::Failed(failure.to_string()),
                Some(State::Refused) => Ending::Failed("refused: see the dead letters".into()),
                _ => continue,
            };
            if let Some(claim) = claim.take() {
                endings.push((claim, ending));
            }
        }
        if endings.is_empty() {
            return;
        }
        failpoint::hit("before-settle");
        let services = self.call.services;
        let ledger = ledger.as_str();
        futures::stream::iter(endings)
            .for_each_concurrent(CLAIMS, |(claim, ending)| async move {
                if let Err(cause) = services.settle(ledger, &claim, &ending).await {
                    // The work is done: a delivery of the same record that comes after the lease does it again.
                    tracing::error!(ledger, key = claim.key, cause, "the ledger was not told");
                }
            })
            .await;
        failpoint::hit("after-settle");
    }

    /// The same, in what is left of the time.
    async fn settle_within(&mut self, left: Option<Duration>) {
        match left {
            None => self.settle(None).await,
            Some(left) => {
                let _late = tokio::time::timeout(margin(left) / 2, self.settle(None)).await;
            }
        }
    }

    fn answer(mut self, started: Instant) -> Result<Value, Failure> {
        for (record, twin) in std::mem::take(&mut self.twins) {
            if let Some(State::Failed(failure)) = self.states.get(twin).cloned() {
                self.fail(record, &failure);
            }
        }
        let mut failed = Vec::new();
        for (record, state) in self.records.iter().zip(&self.states) {
            match state {
                State::Done => self.counts.done += 1,
                State::Skipped => self.counts.skipped += 1,
                State::Refused => {}
                State::Waiting => failed.push((record, time_is_up())),
                State::Failed(failure) => failed.push((record, failure.clone())),
            }
        }
        self.counts.failed = failed.len() as u64;
        let counts = self.counts;
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Counts { records, rows, sent, appended, done, refused, skipped, failed: count } = counts;
        tracing::info!(
            stream = self.name, records, rows, sent, appended, done, refused, skipped, failed = count, milliseconds, "batch"
        );
        if let Some((_, first)) = failed.first() {
            tracing::warn!(stream = self.name, failed = count, error = first.name.as_str(), cause = first.cause, "given back");
        }
        let items: Option<Vec<&str>> = failed.iter().map(|(record, _)| record.item.as_deref()).collect();
        let items = match (&self.stream.from, items) {
            (StreamSource::Sqs { .. }, Some(items)) => items,
            // All after the first comes again.
            (StreamSource::Kinesis { .. } | StreamSource::DynamoDb, Some(items)) => items.into_iter().take(1).collect(),
            _ => match failed.into_iter().next() {
                None => Vec::new(),
                Some((_, first)) => {
                    let cause = format!("{count} of {records} records failed, and all of them come again. The first: {}", first.cause);
                    return Err(failure(first.name, cause).into());
                }
            },
        };
        let mut answer = serde_json::to_value(counts).unwrap_or_default();
        if let Some(answer) = answer.as_object_mut() {
            let items = items.into_iter().map(|item| json!({ "itemIdentifier": item })).collect();
            answer.insert("batchItemFailures".into(), Value::Array(items));
        }
        Ok(answer)
    }
}

/// Whether a record matches one of the stream's patterns.
fn lets_through(stream: &Stream, record: &Record) -> Result<bool> {
    if stream.patterns.is_empty() || record.data.is_err() {
        return Ok(true);
    }
    let json = || record.data.as_ref().ok().and_then(|data| serde_json::from_slice::<Value>(data).ok());
    // What a mapping filters: a message with its body read, the data of Kinesis, all else as it is.
    let view = match &stream.from {
        StreamSource::Sqs { .. } => {
            let mut view = record.raw.clone();
            if let (Some(body), Some(json)) = (view.get_mut("body"), json()) {
                *body = json;
            }
            view
        }
        StreamSource::Kinesis { .. } => json!({ "data": json(), "partitionKey": record.facts.key }),
        StreamSource::Sns { .. } => json().unwrap_or(Value::Null),
        _ => record.raw.clone(),
    };
    let mut any = false;
    for pattern in &stream.patterns {
        any |= pattern::matches(pattern, &view).map_err(crate::lower::bad_plan)?;
    }
    Ok(any)
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

/// A key of the ledger: the stream, and the parts. Of `by object`: `ingest:bucket/key#etag`.
fn ledger_key(stream: &str, parts: &[Option<&str>], by_object: bool) -> String {
    let key = match parts {
        [bucket, key, etag] if by_object => {
            format!("{}/{}#{}", bucket.unwrap_or_default(), key.unwrap_or_default(), etag.unwrap_or_default())
        }
        parts => {
            let part = |part: &Option<&str>| match part {
                None => "\\N".to_owned(),
                Some(text) => text.replace('\\', "\\\\").replace('#', "\\#"),
            };
            parts.iter().map(part).collect::<Vec<_>>().join("#")
        }
    };
    let whole = format!("{stream}:{key}");
    if whole.len() <= KEY_LIMIT {
        return whole;
    }
    format!("{stream}:sha256:{}", hex(&Sha256::digest(whole.as_bytes())))
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
