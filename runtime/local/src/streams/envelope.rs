//! Events as AWS makes them of what lies in the files.

use flow_plan::LocalSubject;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// A record that waits.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Waiting {
    /// What the answer names it by, and who it is from delivery to delivery.
    pub id: String,
    /// The line as it stands in the file; of an object its key and etag.
    pub line: Value,
    /// How often it was delivered.
    #[serde(default)]
    pub receives: u32,
}

/// The event with these records.
pub fn event(subject: &LocalSubject, records: &[&Waiting]) -> Value {
    if let (LocalSubject::Bus { name }, [only]) = (subject, records) {
        return bus(name, only);
    }
    let records: Vec<Value> = records
        .iter()
        .map(|record| match subject {
            LocalSubject::Bucket { bucket, .. } => object(bucket, record),
            LocalSubject::Queue { name } => message(name, record),
            LocalSubject::Stream { name } => kinesis(name, record),
            LocalSubject::Changes { table } => change(table, record),
            LocalSubject::Topic { name } | LocalSubject::Bus { name } => notification(name, record),
        })
        .collect();
    json!({ "Records": records })
}

/// The text of a line's body: a text as it is, anything else as JSON.
fn body(line: &Value) -> String {
    match line.get("body") {
        Some(Value::String(text)) => text.clone(),
        Some(body) => body.to_string(),
        // A line without an envelope is the message itself.
        None => line.to_string(),
    }
}

fn text<'v>(line: &'v Value, name: &str) -> Option<&'v str> {
    line.get(name).and_then(Value::as_str)
}

fn time(line: &Value) -> chrono::DateTime<chrono::Utc> {
    text(line, "time").and_then(|time| time.parse().ok()).unwrap_or_default()
}

fn object(bucket: &str, record: &Waiting) -> Value {
    let (key, etag) = (text(&record.line, "key").unwrap_or_default(), text(&record.line, "etag").unwrap_or_default());
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "local", "eventName": "ObjectCreated:Put",
        "eventTime": time(&record.line).to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": { "name": bucket, "arn": format!("arn:aws:s3:::{bucket}") },
            "object": { "key": encoded(key), "size": record.line.get("size"), "eTag": etag },
        },
    })
}

/// A key as notifications have it.
fn encoded(key: &str) -> String {
    use std::fmt::Write;
    key.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b' ' => text.push('+'),
            byte if byte.is_ascii_alphanumeric() || b"-_.!*'()/".contains(&byte) => text.push(char::from(byte)),
            // Writing to a text cannot fail.
            byte => drop(write!(text, "%{byte:02X}")),
        }
        text
    })
}

fn message(name: &str, record: &Waiting) -> Value {
    let mut attributes = Map::new();
    attributes.insert("ApproximateReceiveCount".into(), record.receives.to_string().into());
    attributes.insert("SentTimestamp".into(), time(&record.line).timestamp_millis().to_string().into());
    if let Some(group) = text(&record.line, "group") {
        attributes.insert("MessageGroupId".into(), group.into());
    }
    json!({
        "messageId": record.id, "receiptHandle": record.id, "body": body(&record.line), "attributes": attributes,
        "messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": format!("arn:aws:sqs:local:000000000000:{name}"),
        "awsRegion": "local",
    })
}

fn kinesis(name: &str, record: &Waiting) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "Kinesis has seconds with a fraction")]
    let arrived = time(&record.line).timestamp_millis() as f64 / 1000.0;
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": text(&record.line, "key").unwrap_or(&record.id),
            "sequenceNumber": record.id, "data": base64(body(&record.line).as_bytes()), "approximateArrivalTimestamp": arrived,
        },
        "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-000000000000:{}", record.id),
        "eventName": "aws:kinesis:record", "awsRegion": "local",
        "eventSourceARN": format!("arn:aws:kinesis:local:000000000000:stream/{name}"),
    })
}

/// A change as it stands in the file, with what a stream of DynamoDB adds.
fn change(table: &str, record: &Waiting) -> Value {
    let mut change = record.line.clone();
    if let Some(fields) = change.as_object_mut() {
        fields.insert("eventSource".into(), "aws:dynamodb".into());
        let defaults = [
            ("eventID", Value::from(record.id.as_str())),
            ("eventSourceARN", format!("arn:aws:dynamodb:local:000000000000:table/{table}/stream/local").into()),
        ];
        for (name, value) in defaults {
            fields.entry(name).or_insert(value);
        }
        if let Some(Value::Object(inner)) = fields.get_mut("dynamodb") {
            inner.insert("SequenceNumber".into(), record.id.as_str().into());
        }
    }
    change
}

fn notification(name: &str, record: &Waiting) -> Value {
    let arn = format!("arn:aws:sns:local:000000000000:{name}");
    json!({
        "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": format!("{arn}:local"),
        "Sns": {
            "Type": "Notification", "MessageId": record.id, "TopicArn": arn, "Subject": text(&record.line, "subject"),
            "Message": body(&record.line), "Timestamp": time(&record.line).to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        },
    })
}

fn bus(name: &str, record: &Waiting) -> Value {
    let mut event = record.line.clone();
    if let Some(fields) = event.as_object_mut() {
        let defaults = [
            ("version", Value::from("0")),
            ("id", Value::from(record.id.as_str())),
            ("time", time(&record.line).to_rfc3339_opts(chrono::SecondsFormat::Secs, true).into()),
            ("account", "000000000000".into()),
            ("region", "local".into()),
            ("resources", json!([])),
            ("event-bus-name", name.into()),
        ];
        for (name, value) in defaults {
            fields.entry(name).or_insert(value);
        }
    }
    event
}

/// Standard base64.
fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine;
    ::base64::prelude::BASE64_STANDARD.encode(bytes)
}

/// An object's record: its key, what tells its contents from others, its size and its time.
pub fn of_object(key: &str, path: &Path) -> Option<Waiting> {
    let data = path.metadata().ok()?;
    let changed = data.modified().ok()?;
    let nanos = changed.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let etag = format!("{nanos:x}-{:x}", data.len());
    let time = chrono::DateTime::<chrono::Utc>::from(changed).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let line = json!({ "key": key, "etag": etag, "size": data.len(), "time": time });
    Some(Waiting { id: format!("{key}#{etag}"), line, receives: 0 })
}
