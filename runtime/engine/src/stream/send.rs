//! Sending rows on: which, what, where to.

use crate::failure::{Result, store_failure};
use crate::operations::Engine;
use crate::read::TablePlace;
use crate::stream::rows::{Compiled, Rows, json_lines, texts};
use crate::stream::{Address, Batch, Message, Outcome, SendError, Services, digest_of};
use crate::temporal::format_timestamp;
use arrow::array::{Array, AsArray};
use flow_plan::{Destination, ErrorName, Expr, Failure};
use futures::StreamExt;
use object_store::{Attribute, Attributes, ObjectStore, PutOptions};
use std::time::{SystemTime, UNIX_EPOCH};

/// Objects that are written at the same time.
const WRITES: usize = 8;
/// Letters of a stream's name in an id.
const NAME: usize = 30;

/// A destination with its slots filled.
#[derive(Debug)]
pub enum Resolved {
    Service(Address),
    Folder(TablePlace),
}

impl Resolved {
    /// Which it is, for messages.
    pub fn shown(&self) -> String {
        match self {
            Resolved::Service(address) => address.shown(),
            Resolved::Folder(place) => format!("folder `{}`", place.shown("")),
        }
    }

    /// Sends messages; says of each whether it is there.
    pub async fn send(&self, services: &dyn Services, messages: &[Message]) -> Vec<Result<(), SendError>> {
        match self {
            Resolved::Service(address) => services.send(address, messages).await,
            Resolved::Folder(place) => {
                let day = now().get(..10).unwrap_or_default().to_owned();
                futures::stream::iter(messages).map(|message| write(place, &day, message)).buffered(WRITES).collect().await
            }
        }
    }
}

async fn write(place: &TablePlace, day: &str, message: &Message) -> Result<(), SendError> {
    let relative = format!("dt={day}/{}.json", message.id);
    let failed = |fault: crate::failure::Fault| SendError { permanent: false, reason: fault.to_string() };
    let path = place.path(&place.key(&relative)).map_err(failed)?;
    let attributes = Attributes::from_iter([(Attribute::ContentType, "application/json")]);
    let options = PutOptions { attributes, ..PutOptions::default() };
    match place.store.put_opts(&path, message.body.clone().into_bytes().into(), options).await {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(store_failure("write", &place.shown(&relative), &error))),
    }
}

/// The instant as RFC 3339.
pub fn now() -> String {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    format_timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
}

impl Engine {
    /// Fills the slots of a destination.
    pub(super) fn destination(&self, to: &Destination) -> Result<Resolved> {
        let resolve = |text| self.environment.resolve(&self.plan, text);
        Ok(match to {
            Destination::Queue { url } => Resolved::Service(Address::Queue(resolve(url)?)),
            Destination::Topic { arn } => Resolved::Service(Address::Topic(resolve(arn)?)),
            Destination::Bus { name, source, detail_type } => Resolved::Service(Address::Bus {
                name: resolve(name)?,
                source: source.clone(),
                detail_type: detail_type.clone(),
            }),
            Destination::Stream { name, .. } => Resolved::Service(Address::Stream(resolve(name)?)),
            Destination::Flow { arn } => Resolved::Service(Address::Flow(resolve(arn)?)),
            Destination::Folder { location } => Resolved::Folder(self.place(location)?),
        })
    }
}

impl Batch<'_> {
    /// An id for what is sent of a record: the stream's name and a digest.
    pub(super) fn message_id(&self, what: &str, record: usize, line: u64) -> String {
        let name: String = self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(NAME).collect();
        format!("{name}-{}", digest_of(&[what, &self.identity(record), &line.to_string()]))
    }

    /// `each … where … send … to …`
    pub(super) async fn send(
        &self,
        number: usize,
        rows: &Rows,
        condition: Option<&Expr>,
        value: Option<&Expr>,
        to: &Destination,
    ) -> Result<Outcome> {
        let target = self.engine.destination(to)?;
        let session = self.engine.executor.session(false);
        let mut outcome = Outcome::default();
        let mut refuse = |places: &[usize], failed: &std::collections::BTreeMap<usize, String>| {
            let refused = failed.iter().filter_map(|(row, reason)| Some((*places.get(*row)?, ErrorName::ComputeFailed, reason.clone())));
            outcome.refused.extend(refused);
        };
        // Places in `rows` of what is sent.
        let mut places: Vec<usize> = (0..rows.len()).collect();
        if let Some(condition) = condition {
            let values = Compiled::new(&session, self.schema, condition)?.values(&rows.batch)?;
            refuse(&places, &values.failed);
            let truths = values.column.as_boolean_opt();
            places.retain(|row| truths.is_some_and(|truths| truths.is_valid(*row) && truths.value(*row)));
        }
        let mut chosen = rows.at(&places)?;
        let mut bodies = match value {
            None => json_lines(&chosen.of_schema(self.schema)?, &self.schema.fields)?,
            Some(value) => {
                let compiled = Compiled::new(&session, self.schema, value)?;
                let values = compiled.values(&chosen.batch)?;
                refuse(&places, &values.failed);
                let bodies = compiled.json(&values)?;
                let keep: Vec<usize> = (0..places.len()).filter(|row| !values.failed.contains_key(row)).collect();
                chosen = chosen.at(&keep)?;
                places = keep.iter().filter_map(|row| places.get(*row).copied()).collect();
                keep.iter().filter_map(|row| bodies.get(*row).cloned()).collect()
            }
        };
        let keys = match to {
            Destination::Stream { key: Some(key), .. } => {
                let values = Compiled::new(&session, self.schema, key)?.values(&chosen.batch)?;
                refuse(&places, &values.failed);
                let keys = texts(&values);
                let keep: Vec<usize> = (0..places.len()).filter(|row| !values.failed.contains_key(row)).collect();
                chosen = chosen.at(&keep)?;
                places = keep.iter().filter_map(|row| places.get(*row).copied()).collect();
                bodies = keep.iter().filter_map(|row| bodies.get(*row).cloned()).collect();
                keep.iter().map(|row| keys.get(*row).cloned().flatten()).collect()
            }
            _ => vec![None; places.len()],
        };
        let what = format!("send {number}");
        let messages: Vec<Message> = bodies
            .into_iter()
            .zip(keys)
            .zip(chosen.records.iter().zip(&chosen.lines))
            .map(|((body, key), (record, line))| Message {
                id: self.message_id(&what, *record, *line),
                body,
                key: key.unwrap_or_else(|| self.identity(*record)),
                group: self.records.get(*record).and_then(|record| record.facts.group.clone()),
            })
            .collect();
        if messages.is_empty() {
            return Ok(outcome);
        }
        let mut sent = target.send(self.call.services, &messages).await.into_iter();
        for place in places {
            match sent.next() {
                Some(Ok(())) => outcome.sent += 1,
                Some(Err(SendError { permanent: true, reason })) => {
                    outcome.refused.push((place, ErrorName::InvalidRecord, format!("{} refuses it: {reason}", target.shown())));
                }
                other => {
                    let reason = other.and_then(Result::err).map_or("no answer".to_owned(), |error| error.reason);
                    let cause = format!("cannot send to {}: {reason}", target.shown());
                    outcome.failed.push((place, Failure { name: ErrorName::StoreFailed, cause }));
                }
            }
        }
        Ok(outcome)
    }
}
