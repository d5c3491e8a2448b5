#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use super::container::{self, put_header, put_long};
use super::*;
use crate::formats::encode::Encoder;
use crate::formats::jsonl::JsonlReader;
use bytes::Bytes;
use flow_plan::{AvroCompression, Format};
use futures::{StreamExt, TryStreamExt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::sync::Arc;

const CODECS: [AvroCompression; 4] =
    [AvroCompression::Deflate, AvroCompression::Snappy, AvroCompression::Zstd, AvroCompression::None];

fn fields() -> Vec<Field> {
    serde_json::from_value(json!([
        { "name": "id", "type": "string", "key": true },
        { "name": "flag", "type": "bool", "optional": true },
        { "name": "count", "type": "int", "optional": true },
        { "name": "ratio", "type": "float" },
        { "name": "price", "type": { "decimal": { "precision": 12, "scale": 2 } }, "optional": true },
        { "name": "photo", "type": "bytes" },
        { "name": "day", "type": "date" },
        { "name": "at", "type": "timestamp", "optional": true },
        { "name": "took", "type": "duration" },
        { "name": "state", "type": "string", "optional": true },
        { "name": "tags", "type": { "list": { "element": "string", "optional": true } } },
        { "name": "notes", "type": { "map": { "value": "duration" } }, "optional": true },
        { "name": "home", "type": { "struct": { "fields": [
            { "name": "street", "type": "string" },
            { "name": "kind", "type": "string", "optional": true },
            { "name": "lines", "type": { "list": { "element": "int" } } },
        ] } }, "optional": true },
    ]))
    .unwrap()
}

fn avro() -> Value {
    json!({ "type": "record", "name": "S", "fields": [
        { "name": "id", "type": "string", "flow.key": true },
        { "name": "flag", "type": ["null", "boolean"], "default": null },
        { "name": "count", "type": ["long", "null"], "default": 7 },
        { "name": "ratio", "type": "double" },
        { "name": "price", "type": ["null", { "type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2 }] },
        { "name": "photo", "type": "bytes" },
        { "name": "day", "type": { "type": "int", "logicalType": "date" } },
        { "name": "at", "type": ["null", { "type": "long", "logicalType": "timestamp-micros" }] },
        { "name": "took", "type": { "type": "long", "flow.type": "Duration" } },
        { "name": "state", "type": ["null", { "type": "enum", "name": "S_state", "symbols": ["NEW", "SENT"] }] },
        { "name": "tags", "type": { "type": "array", "items": ["null", "string"] } },
        { "name": "notes", "type": ["null", { "type": "map", "values": { "type": "long", "flow.type": "Duration" } }] },
        { "name": "home", "type": ["null", { "type": "record", "name": "Home", "fields": [
            { "name": "street", "type": "string" },
            { "name": "kind", "type": ["null", "S_state"] },
            { "name": "lines", "type": { "type": "array", "items": "long" } },
        ] }] },
    ] })
}

fn rows(count: usize) -> RecordBatch {
    let line = |row: usize| {
        let some = |value: Value| if row.is_multiple_of(3) { Value::Null } else { value };
        json!({
            "id": format!("ü{row}"), "flag": some(json!(row.is_multiple_of(2))), "count": some(json!(i64::MIN + row as i64)),
            "ratio": row as f64 / 4.0, "price": some(json!("-1234567890.25")), "photo": "AP8=", "day": "1969-12-31",
            "at": some(json!("2026-01-05T02:00:00.123456Z")), "took": -1.5,
            "state": some(json!(if row.is_multiple_of(2) { "NEW" } else { "SENT" })), "tags": ["x", null, ""],
            "notes": some(json!({ "k": 2 })),
            "home": some(json!({ "street": "s", "kind": some(json!("SENT")), "lines": [1, -1] })),
        })
    };
    let text: String = (0..count).map(|row| format!("{}\n", line(row))).collect();
    let decoded = JsonlReader::new(&fields()).read(text.as_bytes(), 1).unwrap();
    assert_eq!(decoded.bad, []);
    decoded.batch
}

fn encoded(batch: &RecordBatch, compression: AvroCompression) -> Vec<u8> {
    let mut encoder = Encoder::new(Format::Avro { compression }, fields().into(), Some(Arc::new(avro())));
    encoder.push(batch).unwrap();
    encoder.finish().unwrap().remove(0).read().unwrap().to_vec()
}

/// Reads a file whole, as the engine does, in pieces of so many bytes.
fn read(file: &[u8], fields: &[Field], avro: &Value, piece: usize) -> Result<Vec<Decoded>> {
    let pieces: Vec<_> = file.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let Some((header, rest)) = container::open(futures::stream::iter(pieces).boxed(), "a.avro").await? else {
            return Ok(Vec::new());
        };
        let sync = header.sync;
        let reader = AvroReader::new(header, fields, Some(avro), "a.avro")?;
        container::blocks(rest, sync, "a.avro".into()).and_then(async |blocks| reader.read(&blocks)).try_collect().await
    })
}

/// A file of one block that others have written: a schema, and the bytes of its records.
fn foreign(schema: &Value, records: &[&[u8]]) -> Vec<u8> {
    let mut file = Vec::new();
    put_header(&mut file, &schema.to_string(), "null", b"0123456789abcdef");
    put_long(&mut file, records.len() as i64);
    put_long(&mut file, records.iter().map(|record| record.len()).sum::<usize>() as i64);
    records.iter().for_each(|record| file.extend_from_slice(record));
    file.extend_from_slice(b"0123456789abcdef");
    file
}

fn field(value: Value) -> Vec<Field> {
    vec![serde_json::from_value(value).unwrap()]
}

fn shown(decoded: &[Decoded]) -> Vec<String> {
    let rows = |decoded: &Decoded| {
        (0..decoded.batch.num_rows()).map(|row| crate::formats::parquet::row_text(&decoded.batch, row)).collect::<Vec<_>>()
    };
    let bad = |decoded: &Decoded| {
        decoded.bad.iter().map(|bad| format!("{}: {}", bad.line, bad.problem.reason)).collect::<Vec<_>>()
    };
    decoded.iter().flat_map(|decoded| [rows(decoded), bad(decoded)].concat()).collect()
}

#[test]
fn every_type_comes_back_with_every_codec() {
    let batch = rows(20_000);
    for codec in CODECS {
        let file = encoded(&batch, codec);
        assert_eq!(file, encoded(&batch, codec), "the same rows give the same bytes");
        for piece in [1000, 1 << 20] {
            let found = read(&file, &fields(), &avro(), piece).unwrap();
            assert!(found.iter().all(|decoded| decoded.bad.is_empty()));
            let lines: Vec<u64> = found.iter().flat_map(|decoded| decoded.lines.clone()).collect();
            assert_eq!(lines, (1..=20_000).collect::<Vec<_>>());
            let batches: Vec<_> = found.iter().map(|decoded| &decoded.batch).collect();
            assert_eq!(arrow::compute::concat_batches(&batch.schema(), batches).unwrap(), batch);
        }
    }
}

#[test]
fn what_breaks_off_is_refused_with_its_block() {
    let file = encoded(&rows(20_000), AvroCompression::Deflate);
    let reason = |file: &[u8]| read(file, &fields(), &avro(), 4096).unwrap_err().to_string();
    assert!(reason(&file[..20]).contains("`a.avro` breaks off in its header"));
    assert!(reason(&file[..file.len() - 1]).contains("its block 3 breaks off"), "{}", reason(&file[..file.len() - 1]));
    assert!(reason(b"{\"id\":1}").contains("no Avro Object Container File"));
    let mut other = file.clone();
    *other.last_mut().unwrap() ^= 1;
    assert!(reason(&other).contains("its block 3 does not end with the file's sync marker"));
}

#[test]
fn no_damage_makes_a_panic_or_a_hang() {
    let mut random = StdRng::seed_from_u64(5);
    for codec in CODECS {
        let file = encoded(&rows(50), codec);
        for _ in 0..300 {
            let mut damaged = file.clone();
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..damaged.len());
                damaged[at] = random.random();
            }
            damaged.truncate(random.random_range(0..=damaged.len() * 2).clamp(1, damaged.len()));
            drop(read(&damaged, &fields(), &avro(), 100));
        }
    }
}

#[test]
fn counts_that_are_wrong_are_refused() {
    let schema = json!({ "type": "record", "name": "R", "fields": [{ "name": "n", "type": "long" }] });
    let wanted = field(json!({ "name": "n", "type": "int" }));
    let mut file = foreign(&schema, &[&[2], &[4], &[6]]);
    assert_eq!(shown(&read(&file, &wanted, &schema, 99).unwrap()), [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#]);
    let at = file.len() - 16 - 3 - 2;
    assert_eq!(file[at], 6);
    for count in [0, 2, 4, 8, 126] {
        file[at] = count;
        let reason = read(&file, &wanted, &schema, 99).unwrap_err().to_string();
        assert!(reason.contains("block 1 of `a.avro` is no Avro of the schema that the file has"), "{reason}");
    }
}

#[test]
fn another_schema_is_resolved() {
    // In another order, with a field more, one promoted, one as a uuid, one missing with a default.
    let schema = json!({ "type": "record", "name": "R", "fields": [
        { "name": "more", "type": { "type": "array", "items": "string" } },
        { "name": "at", "type": ["string", { "type": "long", "logicalType": "timestamp-millis" }, "null"] },
        { "name": "n", "type": ["int", "null"] },
        { "name": "u", "type": { "type": "string", "logicalType": "uuid" } },
        { "name": "d", "type": { "type": "fixed", "name": "F", "size": 2, "logicalType": "decimal", "precision": 3, "scale": 1 } },
        { "name": "k", "type": { "type": "enum", "name": "K", "symbols": ["A", "B"] } },
        { "name": "f", "type": "float" },
    ] });
    let wanted: Vec<Field> = serde_json::from_value(json!([
        { "name": "n", "type": "int", "optional": true },
        { "name": "at", "type": "timestamp" },
        { "name": "u", "type": "string" },
        { "name": "d", "type": { "decimal": { "precision": 4, "scale": 2 } } },
        { "name": "k", "type": "string" },
        { "name": "f", "type": "float" },
        { "name": "gone", "type": "date" },
        { "name": "none", "type": "string", "optional": true },
    ]))
    .unwrap();
    let own = json!({ "fields": [{ "name": "gone", "type": { "type": "int", "logicalType": "date" }, "default": 1 }] });
    let uuid = b"\x4800112233-4455-6677-8899-aabbccddeeff";
    let record = |at: &[u8], n: &[u8], k: u8| {
        [&[2, 2, b'x', 0], at, n, uuid.as_slice(), &[0xff, 0xfb, k], 0.5_f32.to_le_bytes().as_slice()].concat()
    };
    let good = record(&[2, 0xd0, 0x0f], &[0, 84], 2);
    let null = record(&[2, 1], &[2], 0);
    let text = record(&[0, 2, b'z'], &[2], 0);
    let none = record(&[4], &[2], 0);
    let found = read(&foreign(&schema, &[&good, &null, &text, &none]), &wanted, &own, 99).unwrap();
    assert_eq!(
        shown(&found),
        [
            r#"{"n":42,"at":"1970-01-01T00:00:01Z","u":"00112233-4455-6677-8899-aabbccddeeff","d":-0.50,"k":"B","f":0.5,"gone":"1970-01-02"}"#,
            r#"{"at":"1969-12-31T23:59:59.999Z","u":"00112233-4455-6677-8899-aabbccddeeff","d":-0.50,"k":"A","f":0.5,"gone":"1970-01-02"}"#,
            "3: expected Timestamp, found String",
            "4: `at` is null, its type Timestamp has no `none`",
        ]
    );
    let reason = |wanted: Value| read(&foreign(&schema, &[]), &field(wanted), &json!({}), 99).unwrap_err().to_string();
    assert!(reason(json!({ "name": "k", "type": "int" })).contains("`k`: it holds an enum, its table says Int"));
    assert!(reason(json!({ "name": "x", "type": "int" })).contains("it has no field `x` (Int), which has no default"));
    assert!(reason(json!({ "name": "d", "type": { "decimal": { "precision": 9, "scale": 0 } } })).contains("`d`: it holds"));
}

#[test]
fn bad_values_in_nested_ones_have_a_place() {
    let schema = json!({ "type": "record", "name": "R", "fields": [{ "name": "l", "type": { "type": "array", "items": {
        "type": "record", "name": "E", "fields": [{ "name": "n", "type": ["null", "int"] }],
    } } }] });
    let wanted = field(json!({ "name": "l", "type": { "list": { "element": { "struct": { "fields": [
        { "name": "n", "type": "int" },
    ] } } } } }));
    let found = read(&foreign(&schema, &[&[4, 2, 2, 2, 4, 0], &[0], &[4, 2, 2, 0, 0]]), &wanted, &schema, 99).unwrap();
    assert_eq!(
        shown(&found),
        [r#"{"l":[{"n":1},{"n":2}]}"#, r#"{"l":[]}"#, "3: at `[1].n`: null, its type Int has no `none`"]
    );
}
