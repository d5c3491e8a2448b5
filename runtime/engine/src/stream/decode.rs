//! From a record's bytes to the JSON of its row: envelopes are taken off, attribute values of DynamoDB unwrapped.

use crate::formats::Problem;
use crate::stream::event::{epoch, malformed};
use crate::temporal::{format_timestamp, shorten};
use flow_plan::{DataType, Decode, Field, Schema};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Records nest at most as deep as DynamoDB lets them (32), and a little more for the envelope.
const DEPTH: u32 = 40;

/// The JSON of the row in a record.
pub fn row<'d>(decode: Decode, data: &'d [u8], schema: &Schema) -> Result<Cow<'d, [u8]>, Problem> {
    match decode {
        Decode::Json => Ok(Cow::Borrowed(data)),
        Decode::Sns => {
            let envelope = parse(data)?;
            let message = envelope.get("Message").and_then(Value::as_str);
            let message = message.ok_or_else(|| {
                malformed("expected an envelope of SNS with the text `Message`: if the subscription delivers raw messages, leave out `decode`")
            })?;
            Ok(Cow::Owned(message.as_bytes().to_vec()))
        }
        Decode::EventBridge => match parse(data)?.get("detail") {
            Some(detail) => Ok(Cow::Owned(detail.to_string().into_bytes())),
            None => Err(malformed("expected an event of EventBridge with `detail`")),
        },
        Decode::DynamodbChange => change(&parse(data)?, schema).map(|row| Cow::Owned(row.to_string().into_bytes())),
    }
}

fn parse(data: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(data).map_err(|error| malformed(format!("malformed JSON: {error}")))
}

/// The row of a change: `{ event, table, id, time, size, keys, new, old }`.
pub fn change(record: &Value, schema: &Schema) -> Result<Value, Problem> {
    let Some(Value::Object(change)) = record.get("dynamodb") else {
        return Err(malformed("expected a change of DynamoDB with the object `dynamodb`"));
    };
    let Some(event) = record.get("eventName").and_then(Value::as_str) else {
        return Err(malformed("a change without `eventName`"));
    };
    if !["INSERT", "MODIFY", "REMOVE"].contains(&event) {
        return Err(malformed(format!("`eventName` is `{}`, expected INSERT, MODIFY or REMOVE", shorten(event))));
    }
    let image = |name: &str, field: &str| -> Result<Value, Problem> {
        match change.get(name) {
            None | Some(Value::Null) => Ok(Value::Null),
            Some(image) => {
                let declared = schema.fields.iter().find(|declared| declared.name == field);
                attributes(image, declared.map(|declared| &declared.data_type), DEPTH)
                    .map_err(|reason| malformed(format!("`dynamodb.{name}`: {reason}")))
            }
        }
    };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map_or(Value::Null, Value::from);
    // A stream's record names the table in its ARN alone: arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/stream/…
    let of_arn = || {
        let arn = record.get("eventSourceARN")?.as_str()?;
        Some(Value::from(arn.split_once(":table/")?.1.split('/').next()?))
    };
    let table = match record.get("tableName") {
        Some(Value::String(name)) => Value::from(name.as_str()),
        _ => of_arn().unwrap_or(Value::Null),
    };
    let time = epoch(change.get("ApproximateCreationDateTime")).map_or(Value::Null, |time| Value::from(format_timestamp(time)));
    let mut row = Map::new();
    row.insert("event".into(), event.into());
    row.insert("table".into(), table);
    row.insert("id".into(), text(record.get("eventID")));
    row.insert("time".into(), time);
    row.insert("size".into(), change.get("SizeBytes").cloned().unwrap_or(Value::Null));
    row.insert("keys".into(), image("Keys", "keys")?);
    row.insert("new".into(), image("NewImage", "new")?);
    row.insert("old".into(), image("OldImage", "old")?);
    Ok(Value::Object(row))
}

/// Attributes by name, each `{TYPE: value}`, as an object of plain values.
fn attributes(image: &Value, wanted: Option<&DataType>, depth: u32) -> Result<Value, String> {
    let Value::Object(image) = image else { return Err("expected an object of attributes".into()) };
    let mut plain = Map::new();
    for (name, value) in image {
        let wanted = match wanted {
            Some(DataType::Struct { fields }) => {
                fields.iter().find(|field: &&Field| field.name == *name).map(|field| &field.data_type)
            }
            Some(DataType::Map { value }) => Some(value.as_ref()),
            other => other.filter(|other| **other == DataType::Json),
        };
        let value = attribute(value, wanted, depth).map_err(|reason| match reason.strip_prefix('.') {
            Some(below) => format!(".{name}.{below}"),
            None => format!(".{name}: {reason}"),
        })?;
        plain.insert(name.clone(), value);
    }
    Ok(Value::Object(plain))
}

fn attribute(value: &Value, wanted: Option<&DataType>, depth: u32) -> Result<Value, String> {
    let depth = depth.checked_sub(1).ok_or("nested too deeply")?;
    let mut entries = value.as_object().map(|object| object.iter()).into_iter().flatten();
    let (Some((kind, value)), None) = (entries.next(), entries.next()) else {
        return Err(format!("expected an attribute value such as {{\"S\": \"a\"}}, found {}", shorten(&value.to_string())));
    };
    let element = match wanted {
        Some(DataType::List { element, .. }) => Some(element.as_ref()),
        _ => None,
    };
    let wrong = || format!("`{kind}` holds {}", shorten(&value.to_string()));
    let list = || value.as_array().ok_or_else(wrong);
    Ok(match kind.as_str() {
        "S" | "B" if value.is_string() => value.clone(),
        "N" => number(value.as_str().ok_or_else(wrong)?, wanted)?,
        "BOOL" if value.is_boolean() => value.clone(),
        "NULL" => Value::Null,
        "M" => attributes(value, wanted, depth)?,
        "L" => list()?.iter().map(|item| attribute(item, element, depth)).collect::<Result<_, _>>()?,
        "SS" | "BS" if list()?.iter().all(Value::is_string) => value.clone(),
        "NS" => list()?
            .iter()
            .map(|item| number(item.as_str().ok_or_else(wrong)?, element))
            .collect::<Result<_, _>>()?,
        "S" | "B" | "BOOL" | "SS" | "BS" => return Err(wrong()),
        other => return Err(format!("`{}` is no type of an attribute value", shorten(other))),
    })
}

/// A number: DynamoDB keeps 38 digits, so a decimal is read from the text, whatever a number of JSON would keep of it.
fn number(text: &str, wanted: Option<&DataType>) -> Result<Value, String> {
    if let Some(DataType::Decimal { .. }) = wanted {
        return Ok(Value::from(text));
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(Value::from(whole));
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Ok(Value::from(whole));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && text.bytes().any(|byte| byte.is_ascii_digit()) => Ok(Value::from(number)),
        _ => Err(format!("`N` holds `{}`, which is no number", shorten(text))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use serde_json::json;

    fn schema() -> Schema {
        let field = |name: &str, data_type| Field {
            name: name.into(),
            data_type,
            optional: true,
            key: false,
            pii: false,
            doc: None,
        };
        let image = DataType::Struct {
            fields: vec![field("price", DataType::Decimal { precision: 38, scale: 2 }), field("n", DataType::Float)],
        };
        Schema { doc: None, fields: vec![field("new", image)], checks: vec![], avro: None }
    }

    #[test]
    fn every_attribute_type() {
        let record = json!({
            "eventID": "e1", "eventName": "MODIFY", "tableName": "demands", "eventSource": "aws:dynamodb",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_767_578_400_123_i64, "SizeBytes": 12, "Keys": {"id": {"S": "1"}},
                "NewImage": {
                    "s": {"S": "a"}, "n": {"N": "-1.50"}, "i": {"N": "12"}, "big": {"N": "18446744073709551615"}, "b": {"B": "AQI="},
                    "yes": {"BOOL": true}, "no": {"NULL": true}, "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2.5"]},
                    "bs": {"BS": ["AQ=="]}, "l": {"L": [{"S": "x"}, {"L": []}]}, "m": {"M": {"deep": {"N": "7"}}},
                    "price": {"N": "12345678901234567890.12"},
                },
            },
        });
        let row = change(&record, &schema()).unwrap();
        assert_eq!(
            row["new"],
            json!({
                "s": "a", "n": -1.5, "i": 12, "big": 18_446_744_073_709_551_615_u64, "b": "AQI=", "yes": true, "no": null,
                "ss": ["a", "b"], "ns": [1, 2.5], "bs": ["AQ=="], "l": ["x", []], "m": {"deep": 7}, "price": "12345678901234567890.12"
            })
        );
        assert_eq!((&row["time"], &row["old"], &row["table"]), (&json!("2026-01-05T02:00:00.123Z"), &Value::Null, &json!("demands")));
        assert_eq!(row["keys"], json!({"id": "1"}));
    }

    #[test]
    fn what_is_no_change_says_why() {
        let reason = |record: Value| change(&record, &schema()).unwrap_err().reason;
        let with = |image: Value| json!({"eventName": "INSERT", "dynamodb": {"NewImage": image}});
        assert_eq!(reason(json!({"dynamodb": {}})), "a change without `eventName`");
        assert_eq!(reason(json!({"eventName": "DROP", "dynamodb": {}})), "`eventName` is `DROP`, expected INSERT, MODIFY or REMOVE");
        assert_eq!(reason(with(json!({"a": {"N": "x"}}))), "`dynamodb.NewImage`: .a: `N` holds `x`, which is no number");
        assert_eq!(reason(with(json!({"a": {"M": {"b": {"Q": 1}}}}))), "`dynamodb.NewImage`: .a.b: `Q` is no type of an attribute value");
        assert_eq!(
            reason(with(json!({"a": 3}))),
            "`dynamodb.NewImage`: .a: expected an attribute value such as {\"S\": \"a\"}, found 3"
        );
        let deep = (0..100).fold(json!({"S": "x"}), |inner, _| json!({"L": [inner]}));
        assert!(reason(with(json!({"a": deep}))).contains("nested too deeply"));
    }

    #[test]
    fn envelopes_are_taken_off() {
        let row = |decode, data: &str| row(decode, data.as_bytes(), &schema()).map(|row| String::from_utf8(row.into_owned()).unwrap());
        assert_eq!(row(Decode::Sns, r#"{"Type": "Notification", "Message": "{\"a\": 1}"}"#).unwrap(), r#"{"a": 1}"#);
        assert_eq!(row(Decode::EventBridge, r#"{"source": "x", "detail": {"a": 1}}"#).unwrap(), r#"{"a":1}"#);
        assert!(row(Decode::Sns, r#"{"a": 1}"#).unwrap_err().reason.contains("leave out `decode`"));
        assert!(row(Decode::EventBridge, "[").unwrap_err().reason.starts_with("malformed JSON"));
    }
}
