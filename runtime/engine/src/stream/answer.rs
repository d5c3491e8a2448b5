//! The answer of a function: what is given back, and the counts.

use crate::failure::failure;
use crate::stream::{Batch, Counts, State, time_is_up};
use flow_plan::{Failure, StreamSource};
use serde_json::{Value, json};
use std::time::Instant;

impl Batch<'_> {
    /// Names what is given back; where the answer cannot, the invocation fails.
    pub(super) fn answer(mut self, started: Instant) -> Result<Value, Failure> {
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
