//! The ledger: keys of records, claims, and what becomes of them.

use crate::failpoint;
use crate::failure::Result;
use crate::formats::Problem;
use crate::stream::rows::{Compiled, Rows, texts};
use crate::stream::{Batch, Claim, Ending, State, Taken, margin};
use crate::types::hex;
use arrow::record_batch::RecordBatch;
use flow_plan::{ErrorName, Failure, Idempotent, StreamSource};
use futures::StreamExt;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::Duration;

/// Claims that are made at the same time.
const CLAIMS: usize = 16;
/// Bytes of a ledger's key; DynamoDB's bound is 2,048.
const KEY_LIMIT: usize = 1024;

impl Batch<'_> {
    /// The ledger's keys of rows.
    pub(super) fn keys(&mut self, idempotent: &Idempotent, batch: &RecordBatch, records: &[usize]) -> Result<Vec<(usize, String)>> {
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
            let texts = texts(&values);
            // Records without a key would all be one, and all but the first be left out.
            for (record, _) in records.iter().zip(&texts).filter(|(_, text)| text.is_none()) {
                if self.is_waiting(*record) {
                    let problem = Problem { field: None, kind: "key", reason: "its key for the ledger is none".into() };
                    self.refuse(*record, None, ErrorName::InvalidRecord, problem, None);
                }
            }
            parts.push(texts);
        }
        let by_object = matches!(self.stream.from, StreamSource::S3 { .. }) && parts.len() == 3;
        Ok(records
            .iter()
            .enumerate()
            .filter(|(_, record)| self.is_waiting(**record))
            .map(|(row, record)| {
                let parts: Vec<&str> = parts.iter().filter_map(|part| part.get(row).and_then(Option::as_deref)).collect();
                (*record, ledger_key(self.name, &parts, by_object))
            })
            .collect())
    }

    pub(super) async fn claim_rows(&mut self, rows: Rows) -> Result<Rows> {
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

    /// Takes keys; records that are not taken are skipped or given back.
    pub(super) async fn claim(&mut self, idempotent: &Idempotent, keys: Vec<(usize, String)>) {
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

    /// Who a record is, for the ids of what is sent on.
    pub(super) fn identity(&self, record: usize) -> String {
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
    pub(super) async fn settle(&mut self, only: Option<usize>) {
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
    pub(super) async fn settle_within(&mut self, left: Option<Duration>) {
        match left {
            None => self.settle(None).await,
            Some(left) => {
                let _late = tokio::time::timeout(margin(left) / 2, self.settle(None)).await;
            }
        }
    }
}

/// A key of the ledger: the stream, so that streams may share one, and the parts.
pub(super) fn ledger_key(stream: &str, parts: &[&str], by_object: bool) -> String {
    let key = match parts {
        [bucket, key, etag] if by_object => format!("{bucket}/{key}#{etag}"),
        [only] => (*only).to_owned(),
        // Escaped, so that no other parts give the same key.
        parts => parts.iter().map(|part| part.replace('\\', "\\\\").replace('#', "\\#")).collect::<Vec<_>>().join("#"),
    };
    let whole = format!("{stream}:{key}");
    if whole.len() <= KEY_LIMIT {
        return whole;
    }
    format!("{stream}:sha256:{}", hex(&Sha256::digest(whole.as_bytes())))
}
