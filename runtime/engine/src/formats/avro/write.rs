//! Rows into Avro: the table's schema as `flow build` writes it, in a container whose bytes depend on the rows alone.

use crate::failure::{Result, defect, failure, spool_failure};
use crate::formats::avro::container::{Codec, put_header, put_long};
use crate::formats::encode::Spool;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, ListArray, MapArray, StringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Field as ArrowField, Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use arrow_avro::schema::SCHEMA_METADATA_KEY;
use arrow_avro::writer::format::AvroBinaryFormat;
use arrow_avro::writer::{Encoder, WriterBuilder};
use flow_plan::{AvroCompression, ErrorName, Field};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

/// Writes rows of one table into one object.
pub struct AvroWriter {
    out: Spool,
    encoder: Encoder,
    codec: Codec,
    sync: [u8; 16],
    shape: Shape,
    schema: SchemaRef,
}

/// The schema of a table's objects: the fields that stand in folders' names left out.
pub fn object_schema(avro: &Value, fields: &[Field]) -> Value {
    let mut avro = avro.clone();
    if let Some(Value::Array(written)) = avro.get_mut("fields") {
        written.retain(|one| {
            let name = one.get("name").and_then(Value::as_str);
            fields.iter().any(|field| Some(field.name.as_str()) == name)
        });
    }
    avro
}

impl AvroWriter {
    /// A writer of rows with the columns of `arrow`, as the schema `avro` has them. The marker between blocks follows from
    /// the schema, so that the same rows give the same bytes.
    pub fn new(mut out: Spool, avro: &Value, arrow: &ArrowSchema, compression: AvroCompression) -> Result<Self> {
        let shape = Shape::new(avro);
        let empty = RecordBatch::new_empty(Arc::new(arrow.clone()));
        let fields: Vec<ArrowField> = arrow
            .fields()
            .iter()
            .zip(empty.columns())
            .map(|(field, column)| {
                let column = shape.column(column, shape.field(&shape.root, field.name())?)?;
                Ok(ArrowField::new(field.name(), column.data_type().clone(), field.is_nullable()))
            })
            .collect::<Result<_>>()?;
        let text = avro.to_string();
        let metadata = HashMap::from([(SCHEMA_METADATA_KEY.to_owned(), text.clone())]);
        let schema = ArrowSchema::new_with_metadata(fields, metadata);
        let codec = match compression {
            AvroCompression::Deflate => Codec::Deflate,
            AvroCompression::Snappy => Codec::Snappy,
            AvroCompression::Zstd => Codec::Zstd,
            AvroCompression::None => Codec::Null,
        };
        let digest = Sha256::new().chain_update("flow sync marker\n").chain_update(&text).finalize();
        let sync = *digest.first_chunk::<16>().ok_or_else(|| defect("a digest of SHA-256 has 32 bytes"))?;
        let mut header = Vec::with_capacity(text.len() + 64);
        put_header(&mut header, &text, codec.name(), &sync);
        out.write_all(&header).map_err(|error| spool_failure(&error))?;
        let encoder = WriterBuilder::new(schema.clone()).build_encoder::<AvroBinaryFormat>().map_err(defect)?;
        Ok(AvroWriter { out, encoder, codec, sync, shape, schema: Arc::new(schema) })
    }

    /// Writes rows, as one block.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = batch
            .schema()
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, column)| self.shape.column(column, self.shape.field(&self.shape.root, field.name())?))
            .collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let converted = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(defect)?;
        self.encoder.encode(&converted).map_err(defect)?;
        let rows = self.encoder.flush();
        let data = self.codec.compress(rows.bytes()).map_err(defect)?;
        let mut frame = Vec::with_capacity(20);
        put_long(&mut frame, i64::try_from(batch.num_rows()).map_err(defect)?);
        put_long(&mut frame, i64::try_from(data.len()).map_err(defect)?);
        for part in [frame.as_slice(), &data, &self.sync] {
            self.out.write_all(part).map_err(|error| spool_failure(&error))?;
        }
        Ok(())
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.out.bytes()
    }

    /// What was written to.
    pub fn into_inner(self) -> Spool {
        self.out
    }
}

/// A schema of Avro, with the types that it declares by name.
struct Shape {
    root: Value,
    named: HashMap<String, Value>,
}

impl Shape {
    fn new(root: &Value) -> Self {
        let mut named = HashMap::new();
        declared(root, &mut named);
        Shape { root: root.clone(), named }
    }

    fn field<'a>(&'a self, record: &'a Value, name: &str) -> Result<&'a Value> {
        let fields = record.get("fields").and_then(Value::as_array);
        fields
            .and_then(|fields| fields.iter().find(|field| field.get("name").and_then(Value::as_str) == Some(name)))
            .and_then(|field| field.get("type"))
            .ok_or_else(|| defect(format_args!("the Avro schema has no field `{name}`")))
    }

    /// The type without `null`, and without a name in its place.
    fn resolved<'a>(&'a self, mut of: &'a Value) -> &'a Value {
        loop {
            of = match of {
                Value::Array(cases) => match cases.iter().find(|case| case.as_str() != Some("null")) {
                    Some(case) => case,
                    None => return of,
                },
                Value::String(name) => match self.named.get(name) {
                    Some(declared) => declared,
                    None => return of,
                },
                other => return other,
            };
        }
    }

    /// A column in the type that arrow-avro writes as `avro`: enums as dictionaries of their symbols, durations as numbers.
    fn column(&self, column: &ArrayRef, avro: &Value) -> Result<ArrayRef> {
        let avro = self.resolved(avro);
        Ok(match column.data_type() {
            ArrowType::Utf8 | ArrowType::Utf8View => match avro.get("symbols").and_then(Value::as_array) {
                Some(symbols) => enumerated(column, symbols)?,
                None => Arc::clone(column),
            },
            ArrowType::Duration(_) => cast(column, &ArrowType::Int64).map_err(defect)?,
            ArrowType::List(field) => {
                let list = column.as_list::<i32>();
                let values = self.column(list.values(), avro.get("items").unwrap_or(&Value::Null))?;
                let field = ArrowField::clone(field).with_data_type(values.data_type().clone());
                let list = ListArray::try_new(Arc::new(field), list.offsets().clone(), values, list.nulls().cloned());
                Arc::new(list.map_err(defect)?)
            }
            ArrowType::Map(entries, sorted) => {
                let map = column.as_map();
                let values = self.column(map.values(), avro.get("values").unwrap_or(&Value::Null))?;
                let ArrowType::Struct(parts) = entries.data_type() else { return Ok(Arc::clone(column)) };
                let mut parts: Vec<ArrowField> = parts.iter().map(|part| ArrowField::clone(part)).collect();
                if let Some(last) = parts.last_mut() {
                    *last = last.clone().with_data_type(values.data_type().clone());
                }
                let entry = StructArray::try_new(parts.into(), vec![Arc::clone(map.keys()), values], None).map_err(defect)?;
                let field = ArrowField::clone(entries).with_data_type(entry.data_type().clone());
                let map = MapArray::try_new(Arc::new(field), map.offsets().clone(), entry, map.nulls().cloned(), *sorted);
                Arc::new(map.map_err(defect)?)
            }
            ArrowType::Struct(fields) => {
                let record = column.as_struct();
                let mut parts = Vec::with_capacity(fields.len());
                let mut columns = Vec::with_capacity(fields.len());
                for (field, column) in fields.iter().zip(record.columns()) {
                    let column = self.column(column, self.field(avro, field.name())?)?;
                    parts.push(ArrowField::clone(field).with_data_type(column.data_type().clone()));
                    columns.push(column);
                }
                let nulls = record.nulls().cloned();
                let record = StructArray::try_new_with_length(parts.into(), columns, nulls, record.len());
                Arc::new(record.map_err(defect)?)
            }
            _ => Arc::clone(column),
        })
    }
}

fn declared(avro: &Value, named: &mut HashMap<String, Value>) {
    match avro {
        Value::Array(cases) => cases.iter().for_each(|case| declared(case, named)),
        Value::Object(object) => {
            if let (Some("record" | "enum" | "fixed"), Some(name)) =
                (object.get("type").and_then(Value::as_str), object.get("name").and_then(Value::as_str))
            {
                named.insert(name.to_owned(), avro.clone());
            }
            for part in ["items", "values", "type"] {
                object.get(part).into_iter().for_each(|part| declared(part, named));
            }
            for field in object.get("fields").and_then(Value::as_array).into_iter().flatten() {
                declared(field.get("type").unwrap_or(&Value::Null), named);
            }
        }
        _ => {}
    }
}

/// Texts as an enum's symbols.
fn enumerated(column: &ArrayRef, symbols: &[Value]) -> Result<ArrayRef> {
    let symbols: Vec<&str> = symbols.iter().filter_map(Value::as_str).collect();
    let positions: HashMap<&str, i32> = symbols.iter().copied().zip(0..).collect();
    let texts = cast(column, &ArrowType::Utf8).map_err(defect)?;
    let keys = texts
        .as_string::<i32>()
        .iter()
        .map(|text| match text {
            None => Ok(None),
            Some(text) => positions.get(text).copied().map(Some).ok_or_else(|| {
                failure(
                    ErrorName::ComputeFailed,
                    format!(
                        "`{}` cannot be written as Avro: it is none of {}",
                        crate::temporal::shorten(text),
                        symbols.iter().map(|symbol| format!("`{symbol}`")).collect::<Vec<_>>().join(", ")
                    ),
                )
            }),
        })
        .collect::<Result<Int32Array>>()?;
    let values = Arc::new(StringArray::from(symbols));
    Ok(Arc::new(DictionaryArray::try_new(keys, values).map_err(defect)?))
}
