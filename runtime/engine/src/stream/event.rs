//! Events as AWS hands them to a Lambda: what is a record of them, what is known of it, and its bytes.
//!
//! | source | envelope | a record's bytes | what the answer names it by |
//! | --- | --- | --- | --- |
//! | S3 | `Records[].s3`, or EventBridge's `Object Created` | none: they lie in the bucket | nothing |
//! | SQS | `Records[]` | `body` | `messageId` |
//! | Kinesis | `Records[].kinesis` | `data`, base64 | `sequenceNumber` |
//! | DynamoDB | `Records[].dynamodb` | the record itself | `SequenceNumber` |
//! | EventBridge | the event | `detail` | nothing |
//! | SNS | `Records[].Sns` | `Message` | nothing |
//!
//! A record that is not what it should be is wrong for itself; only an event without records is refused as a whole.

use crate::failure::{Result, failure};
use crate::formats::Problem;
use crate::formats::cell::kind;
use crate::temporal::{parse_timestamp, shorten};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flow_plan::{ErrorName, StreamSource};
use serde_json::Value;

/// What is known of a record beside its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub bucket: Option<String>,
    pub key: Option<String>,
    pub etag: Option<String>,
    pub size: Option<i64>,
    /// Microseconds since 1970.
    pub time: Option<i64>,
    pub id: Option<String>,
    pub receives: Option<i64>,
    pub group: Option<String>,
    pub source: Option<String>,
    pub detail_type: Option<String>,
    pub subject: Option<String>,
}

/// One record of an event.
#[derive(Debug, Clone)]
pub struct Record {
    /// What the answer names it by, where it can.
    pub item: Option<String>,
    pub facts: Facts,
    /// Its bytes, or what is wrong with its envelope.
    pub data: Result<Vec<u8>, Problem>,
    /// As it came, for patterns and dead letters.
    pub raw: Value,
}

pub fn malformed(reason: impl Into<String>) -> Problem {
    Problem { field: None, kind: kind::MALFORMED, reason: reason.into() }
}

/// The records of an event.
///
/// # Errors
/// `Flow.BadRequest` for an event that has no records at all.
pub fn records(source: &StreamSource, event: Value) -> Result<Vec<Record>> {
    if let StreamSource::EventBridge = source {
        return Ok(vec![from_bus(event)]);
    }
    if let StreamSource::S3 { .. } = source
        && event.get("detail-type").is_some()
    {
        return Ok(vec![object_created(event)]);
    }
    let mut event = event;
    let Some(Value::Array(records)) = event.get_mut("Records").map(Value::take) else {
        return Err(failure(
            ErrorName::BadRequest,
            format!(
                "the event is none of {}: it has no list `Records`. It begins {}",
                service(source),
                shorten(&event.to_string())
            ),
        ));
    };
    let read = match source {
        StreamSource::S3 { .. } => object,
        StreamSource::Sqs { .. } => message,
        StreamSource::Kinesis { .. } => kinesis,
        StreamSource::DynamoDb => change,
        StreamSource::Sns { .. } | StreamSource::EventBridge => notification,
    };
    Ok(records
        .into_iter()
        .map(|raw| {
            let sent_by = raw.get("eventSource").or_else(|| raw.get("EventSource")).and_then(Value::as_str);
            let mut record = read(&raw);
            if let Some(other) = sent_by.filter(|by| *by != event_source(source)) {
                record.data = Err(malformed(format!("expected a record of {}, found one of `{}`", service(source), shorten(other))));
            }
            record.raw = raw;
            record
        })
        .collect())
}

/// The service's name in messages.
fn service(source: &StreamSource) -> &'static str {
    match source {
        StreamSource::S3 { .. } => "S3",
        StreamSource::Sqs { .. } => "SQS",
        StreamSource::Kinesis { .. } => "Kinesis",
        StreamSource::DynamoDb => "DynamoDB",
        StreamSource::EventBridge => "EventBridge",
        StreamSource::Sns { .. } => "SNS",
    }
}

fn event_source(source: &StreamSource) -> &'static str {
    match source {
        StreamSource::S3 { .. } => "aws:s3",
        StreamSource::Sqs { .. } => "aws:sqs",
        StreamSource::Kinesis { .. } => "aws:kinesis",
        StreamSource::DynamoDb => "aws:dynamodb",
        StreamSource::EventBridge => "aws:events",
        StreamSource::Sns { .. } => "aws:sns",
    }
}

fn text(value: &Value, path: &str) -> Option<String> {
    value.pointer(path).and_then(Value::as_str).map(str::to_owned)
}

/// A number, or a number in quotes: SQS has all attributes as texts.
fn integer(value: &Value, path: &str) -> Option<i64> {
    match value.pointer(path)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn instant(value: &Value, path: &str) -> Option<i64> {
    parse_timestamp(value.pointer(path)?.as_str()?).ok()
}

/// Seconds with a fraction (Kinesis, streams of DynamoDB), or milli- or microseconds (DynamoDB's export to Kinesis), told
/// apart by their size: 10^11 seconds are the year 5138.
pub fn epoch(value: Option<&Value>) -> Option<i64> {
    let number = value?.as_f64().filter(|number| number.is_finite() && *number >= 0.0)?;
    let micros = if number < 1e11 {
        number * 1e6
    } else if number < 1e14 {
        number * 1e3
    } else {
        number
    };
    #[expect(clippy::cast_possible_truncation, reason = "bounded, and whole")]
    (micros < 9e18).then(|| micros.round() as i64)
}

fn record(item: Option<String>, facts: Facts, data: Result<Vec<u8>, Problem>) -> Record {
    Record { item, facts, data, raw: Value::Null }
}

fn object(raw: &Value) -> Record {
    let key = raw.pointer("/s3/object/key").and_then(Value::as_str).map(decoded);
    let facts = Facts {
        bucket: text(raw, "/s3/bucket/name"),
        // A key of the ledger may be made of it, so it is never none.
        etag: Some(text(raw, "/s3/object/eTag").or_else(|| text(raw, "/s3/object/etag")).unwrap_or_default()),
        size: integer(raw, "/s3/object/size"),
        time: instant(raw, "/eventTime"),
        key: key.clone().and_then(Result::ok),
        ..Facts::default()
    };
    let data = match (&facts.bucket, key) {
        (Some(_), Some(Ok(_))) => Ok(Vec::new()),
        (_, Some(Err(problem))) => Err(problem),
        _ => Err(malformed("a record without `s3.bucket.name` or `s3.object.key`")),
    };
    record(None, facts, data)
}

/// A key of a notification: percent-encoded, with `+` for a space.
fn decoded(key: &str) -> Result<String, Problem> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let code = tail.split_at_checked(2).and_then(|(code, tail)| {
            let code = std::str::from_utf8(code).ok().filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            Some((u8::from_str_radix(code, 16).ok()?, tail))
        });
        match (first, code) {
            (b'+', _) => bytes.push(b' '),
            (b'%', Some((byte, tail))) => {
                bytes.push(byte);
                rest = tail;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).map_err(|_| malformed(format!("the key `{}` is no UTF-8", shorten(key))))
}

/// What EventBridge says of an object; its key is not encoded.
fn object_created(raw: Value) -> Record {
    let facts = Facts {
        bucket: text(&raw, "/detail/bucket/name"),
        key: text(&raw, "/detail/object/key"),
        etag: Some(text(&raw, "/detail/object/etag").unwrap_or_default()),
        size: integer(&raw, "/detail/object/size"),
        time: instant(&raw, "/time"),
        ..Facts::default()
    };
    let data = if facts.bucket.is_some() && facts.key.is_some() {
        Ok(Vec::new())
    } else {
        Err(malformed("an event without `detail.bucket.name` or `detail.object.key`"))
    };
    Record { raw, ..record(None, facts, data) }
}

fn message(raw: &Value) -> Record {
    let facts = Facts {
        id: text(raw, "/messageId"),
        time: integer(raw, "/attributes/SentTimestamp").and_then(|time| time.checked_mul(1000)),
        receives: integer(raw, "/attributes/ApproximateReceiveCount"),
        group: text(raw, "/attributes/MessageGroupId"),
        ..Facts::default()
    };
    let data = text(raw, "/body").map(String::into_bytes).ok_or_else(|| malformed("a message without `body`"));
    record(facts.id.clone(), facts, data)
}

fn kinesis(raw: &Value) -> Record {
    let sequence = text(raw, "/kinesis/sequenceNumber");
    let facts = Facts {
        id: text(raw, "/eventID").or_else(|| sequence.clone()),
        time: epoch(raw.pointer("/kinesis/approximateArrivalTimestamp")),
        key: text(raw, "/kinesis/partitionKey"),
        ..Facts::default()
    };
    let data = match raw.pointer("/kinesis/data").and_then(Value::as_str) {
        Some(data) => BASE64_STANDARD
            .decode(data)
            .map_err(|error| malformed(format!("`kinesis.data` is no base64: {error}"))),
        None => Err(malformed("a record without `kinesis.data`")),
    };
    record(sequence, facts, data)
}

fn change(raw: &Value) -> Record {
    let sequence = text(raw, "/dynamodb/SequenceNumber");
    let facts = Facts {
        id: text(raw, "/eventID").or_else(|| sequence.clone()),
        time: epoch(raw.pointer("/dynamodb/ApproximateCreationDateTime")),
        ..Facts::default()
    };
    record(sequence, facts, Ok(raw.to_string().into_bytes()))
}

fn notification(raw: &Value) -> Record {
    let facts = Facts {
        id: text(raw, "/Sns/MessageId"),
        time: instant(raw, "/Sns/Timestamp"),
        subject: text(raw, "/Sns/Subject"),
        ..Facts::default()
    };
    let data =
        text(raw, "/Sns/Message").map(String::into_bytes).ok_or_else(|| malformed("a record without `Sns.Message`"));
    record(None, facts, data)
}

fn from_bus(raw: Value) -> Record {
    let facts = Facts {
        id: text(&raw, "/id"),
        time: instant(&raw, "/time"),
        source: text(&raw, "/source"),
        detail_type: text(&raw, "/detail-type"),
        ..Facts::default()
    };
    let data = match raw.get("detail") {
        Some(detail) => Ok(detail.to_string().into_bytes()),
        None => Err(malformed("an event without `detail`")),
    };
    Record { raw, ..record(None, facts, data) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use flow_plan::{Decode, Format, Location, Text};
    use serde_json::json;

    fn s3() -> StreamSource {
        let literal = |text: &str| Text::Literal(text.into());
        StreamSource::S3 { format: Format::Jsonl, location: Location { bucket: literal("b"), prefix: literal("") } }
    }

    #[test]
    fn keys_of_notifications_are_decoded() {
        let event = json!({"Records": [{"eventSource": "aws:s3", "eventTime": "2026-01-05T02:00:00.000Z", "s3": {
            "bucket": {"name": "raw"}, "object": {"key": "in/a+b%2Bc%20%C3%A4%.jsonl", "size": 12, "etag": "abc"}}}]});
        let record = &records(&s3(), event).unwrap()[0];
        assert_eq!(record.facts.key.as_deref(), Some("in/a b+c ä%.jsonl"));
        assert_eq!((record.facts.etag.as_deref(), record.facts.size), (Some("abc"), Some(12)));
        let bad = json!({"Records": [{"s3": {"bucket": {"name": "raw"}, "object": {"key": "%ff"}}}, 3, null]});
        let bad = records(&s3(), bad).unwrap();
        assert_eq!(bad.len(), 3);
        assert!(bad.iter().all(|record| record.data.is_err()));
    }

    #[test]
    fn one_bad_record_spoils_no_other() {
        let event = json!({"Records": [
            {"eventSource": "aws:kinesis", "eventID": "shardId-0:1", "kinesis": {"sequenceNumber": "1", "partitionKey": "p", "data": "e30=",
             "approximateArrivalTimestamp": 1_767_578_400.25}},
            {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": "2", "data": "?"}},
            {"eventSource": "aws:sqs", "messageId": "m", "body": "{}"},
        ]});
        let found = records(&StreamSource::Kinesis { decode: Decode::Json }, event).unwrap();
        assert_eq!(found[0].data, Ok(b"{}".to_vec()));
        assert_eq!(found[0].facts.time, Some(1_767_578_400_250_000));
        assert_eq!(found[1].item.as_deref(), Some("2"));
        assert!(found[1].data.as_ref().unwrap_err().reason.contains("no base64"));
        assert!(found[2].data.as_ref().unwrap_err().reason.contains("expected a record of Kinesis, found one of `aws:sqs`"));
    }

    #[test]
    fn an_event_without_records_is_refused() {
        let refused = records(&StreamSource::Sqs { decode: Decode::Json }, json!({"run_date": "2026-01-05"})).unwrap_err();
        assert!(refused.to_string().contains("the event is none of SQS"), "{refused}");
    }
}
