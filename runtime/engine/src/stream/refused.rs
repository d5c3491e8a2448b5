//! What can never succeed: given back, dropped, or sent to the dead letters with the reason and the original.

use crate::failure::Result;
use crate::stream::event::Record;
use crate::stream::send::now;
use crate::stream::{Batch, Message, Refusal, State};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flow_plan::{ErrorName, Failure, Refused, StreamSource};
use serde_json::{Map, Value, json};

impl Batch<'_> {
    /// Does with what was refused since the last time what the stream says.
    pub(super) async fn dispose(&mut self) -> Result<()> {
        let pending: Vec<usize> =
            self.refusals.iter().enumerate().filter(|(_, refusal)| !refusal.settled).map(|(place, _)| place).collect();
        if pending.is_empty() {
            return Ok(());
        }
        for refusal in pending.iter().filter_map(|place| self.refusals.get(*place)) {
            // Without values: they may tell of people, and the dead letter has them.
            tracing::warn!(
                stream = self.name,
                record = self.identity(refusal.record),
                line = refusal.line,
                error = refusal.name.as_str(),
                field = refusal.problem.field,
                problem = refusal.problem.kind,
                "refused"
            );
        }
        let unsent = match &self.stream.refused {
            Refused::Drop => Vec::new(),
            Refused::Return => pending
                .iter()
                .filter_map(|place| self.refusals.get(*place))
                .map(|refusal| {
                    let line = refusal.line.map_or_else(String::new, |line| format!("line {line}: "));
                    (refusal.record, Failure { name: refusal.name, cause: format!("{line}{}", refusal.problem.reason) })
                })
                .collect(),
            Refused::DeadLetter { to } => {
                let target = self.engine.destination(to)?;
                let timestamp = now();
                let messages: Vec<Message> =
                    pending.iter().filter_map(|place| self.refusals.get(*place)).map(|refusal| self.letter(refusal, &timestamp)).collect();
                let outcomes = target.send(self.call.services, &messages).await;
                let mut outcomes = outcomes.into_iter();
                let mut unsent = Vec::new();
                for refusal in pending.iter().filter_map(|place| self.refusals.get(*place)) {
                    let reason = match outcomes.next() {
                        Some(Ok(())) => continue,
                        Some(Err(error)) => error.reason,
                        None => "no answer".into(),
                    };
                    let cause = format!("the dead letter cannot be written to {}: {reason}", target.shown());
                    unsent.push((refusal.record, Failure { name: ErrorName::StoreFailed, cause }));
                }
                unsent
            }
        };
        self.counts.refused += (pending.len() - unsent.len()) as u64;
        for place in pending {
            if let Some(refusal) = self.refusals.get_mut(place) {
                refusal.settled = true;
            }
        }
        for (record, failure) in unsent {
            if let Some(state) = self.states.get_mut(record) {
                *state = State::Failed(failure);
            }
        }
        Ok(())
    }

    /// `{ timestamp, stream, error, record, original }`
    fn letter(&self, refusal: &Refusal, timestamp: &str) -> Message {
        let record = self.records.get(refusal.record);
        let mut error = json!({ "name": refusal.name.as_str(), "message": refusal.problem.reason });
        if let Some(error) = error.as_object_mut() {
            error.extend(refusal.problem.field.as_ref().map(|field| ("field".to_owned(), Value::from(field.as_str()))));
            error.extend(refusal.line.map(|line| ("line".to_owned(), Value::from(line))));
        }
        let mut letter = json!({
            "timestamp": timestamp,
            "stream": self.name,
            "error": error,
            "record": record.map(facts),
        });
        if let (Some(letter), Some(record)) = (letter.as_object_mut(), record) {
            let (original, encoding) = match &refusal.text {
                Some(text) => (text.clone(), None),
                None => self.original(record),
            };
            letter.insert("original".into(), original.into());
            letter.extend(encoding.map(|encoding| ("encoding".to_owned(), Value::from(encoding))));
        }
        let what = format!("refused {}", refusal.problem.reason);
        Message {
            id: self.message_id(&what, refusal.record, refusal.line.unwrap_or_default()),
            body: letter.to_string(),
            key: self.identity(refusal.record),
            group: record.and_then(|record| record.facts.group.clone()),
        }
    }

    /// The record as it came, and how it is encoded where it is no text.
    fn original(&self, record: &Record) -> (String, Option<&'static str>) {
        let own = !matches!(self.stream.from, StreamSource::S3 { .. } | StreamSource::DynamoDb);
        match &record.data {
            Ok(data) if own => match std::str::from_utf8(data) {
                Ok(text) => (text.to_owned(), None),
                Err(_) => (BASE64_STANDARD.encode(data), Some("base64")),
            },
            _ => (record.raw.to_string(), None),
        }
    }
}

/// What is known of a record, without what is not.
fn facts(record: &Record) -> Value {
    let facts = &record.facts;
    let mut known = Map::new();
    for (name, value) in [
        ("bucket", &facts.bucket),
        ("key", &facts.key),
        ("etag", &facts.etag),
        ("id", &facts.id),
        ("group", &facts.group),
        ("source", &facts.source),
        ("detail_type", &facts.detail_type),
        ("subject", &facts.subject),
    ] {
        known.extend(value.as_ref().map(|value| (name.to_owned(), Value::from(value.as_str()))));
    }
    for (name, value) in [("size", facts.size), ("receives", facts.receives)] {
        known.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    }
    known.extend(facts.time.map(|time| ("time".to_owned(), Value::from(crate::temporal::format_timestamp(time)))));
    Value::Object(known)
}
