//! How the rows of a file's own schema become rows of a table's: fields by name, defaults for those that the file has not,
//! promotions, and a reason for each row that does not fit.
//! <https://avro.apache.org/docs/1.12.0/specification/#schema-resolution>

use crate::failure::{Result, defect};
use crate::formats::cell::{Misfit, kind, overflow, problem, required};
use crate::formats::avro::default::default_value;
use crate::formats::parquet::row_text;
use crate::formats::{BadRecord, Decoded};
use crate::types::{Texts, arrow_type, arrow_type_name, computed_schema, field_type_name, type_name};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, MapArray, RecordBatch, StringArray, StructArray, UInt32Array,
    new_null_array,
};
use arrow::compute::{CastOptions, cast, cast_with_options, filter_record_batch, interleave, take};
use arrow::datatypes::{DataType as ArrowType, Field as ArrowField, Schema as ArrowSchema, TimeUnit, UnionMode};
use arrow::record_batch::RecordBatchOptions;
use flow_plan::{DataType, Field};
use serde_json::Value;
use std::collections::BTreeMap;

/// See the module.
#[derive(Debug)]
pub struct Resolver {
    fields: Vec<Field>,
    sources: Vec<Source>,
}

/// Where a field's values come from.
#[derive(Debug)]
enum Source {
    /// The column of the file with this name.
    Column,
    /// The same value for each row.
    Default(ArrayRef),
}

/// Where in a row (`.a[]`), and why it does not fit.
type Problems = BTreeMap<usize, (String, Misfit)>;

impl Resolver {
    /// From what a file has to what a table wants; gives why that cannot be.
    pub fn new(found: &ArrowSchema, fields: &[Field], avro: Option<&Value>) -> Result<Self, Vec<String>> {
        let mut reasons = Vec::new();
        let mut sources = Vec::with_capacity(fields.len());
        for field in fields {
            match found.field_with_name(&field.name) {
                Ok(column) => match readable(column, &field.data_type) {
                    Ok(()) => sources.push(Source::Column),
                    Err(reason) => reasons.push(format!("`{}`: {reason}", field.name)),
                },
                Err(_) => match default_value(field, avro) {
                    Some(value) => sources.push(Source::Default(value)),
                    None => reasons.push(format!(
                        "it has no field `{}` ({}), which has no default",
                        field.name,
                        field_type_name(field)
                    )),
                },
            }
        }
        if reasons.is_empty() { Ok(Resolver { fields: fields.to_vec(), sources }) } else { Err(reasons) }
    }

    /// Rows of the table; the first of the batch has the number `first`.
    pub fn rows(&self, batch: &RecordBatch, first: u64) -> Result<Decoded> {
        let mut bad: BTreeMap<usize, (usize, Option<String>, Misfit)> = BTreeMap::new();
        for (index, (field, source)) in self.fields.iter().zip(&self.sources).enumerate() {
            let (Source::Column, Some(column)) = (source, batch.column_by_name(&field.name)) else { continue };
            let column_field = batch.schema_ref().field_with_name(&field.name).map_err(defect)?;
            for (row, (path, misfit)) in problems(column, column_field, &field.data_type, field.optional)? {
                bad.entry(row).or_insert((index, (!path.is_empty()).then_some(path), misfit));
            }
        }
        let mut lines: Vec<u64> = (first..).take(batch.num_rows()).collect();
        let mut records = Vec::with_capacity(bad.len());
        let mut kept = batch.clone();
        if !bad.is_empty() {
            let keep: Vec<bool> = (0..batch.num_rows()).map(|row| !bad.contains_key(&row)).collect();
            let mut keeping = keep.iter();
            lines.retain(|_| keeping.next().copied().unwrap_or(false));
            kept = filter_record_batch(batch, &BooleanArray::from(keep)).map_err(defect)?;
            for (row, (index, path, misfit)) in bad {
                let Some(field) = self.fields.get(index) else { continue };
                let problem = match (path, misfit) {
                    (None, (kind, _)) if kind == self::kind::MISSING => required(field, true),
                    (None, misfit) => problem(field, misfit),
                    (Some(path), (kind, reason)) => problem(field, (kind, format!("at `{path}`: {reason}"))),
                };
                records.push(BadRecord { line: first + row as u64, problem, record: row_text(batch, row) });
            }
        }
        let rows = kept.num_rows();
        let columns = self
            .fields
            .iter()
            .zip(&self.sources)
            .map(|(field, source)| match source {
                Source::Default(value) => take(value, &UInt32Array::from(vec![0; rows]), None).map_err(defect),
                Source::Column => {
                    let column_field = kept.schema_ref().field_with_name(&field.name).map_err(defect)?;
                    let column = kept
                        .column_by_name(&field.name)
                        .ok_or_else(|| defect(format_args!("the column `{}` was not read", field.name)))?;
                    convert(column, column_field, &field.data_type, Texts::Computed)
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(Decoded {
            batch: RecordBatch::try_new_with_options(computed_schema(&self.fields), columns, &options).map_err(defect)?,
            lines,
            spans: Vec::new(),
            bad: records,
        })
    }
}

/// Whether `fixed` holds a UUID.
fn is_uuid(field: &ArrowField) -> bool {
    matches!(field.data_type(), ArrowType::FixedSizeBinary(16))
        && field.metadata().get("logicalType").is_some_and(|logical| logical.trim_matches('"') == "uuid")
}

/// Whether values of a file's type can be values of a table's.
fn readable(found: &ArrowField, wanted: &DataType) -> Result<(), String> {
    let refuse = || Err(format!("it holds {}, its table says {}", shown(found), type_name(wanted)));
    let fits = match (found.data_type(), wanted) {
        (ArrowType::Null, _) => true,
        (ArrowType::Union(cases, UnionMode::Dense), _) => {
            // Rows of other cases are bad ones.
            cases.iter().any(|(_, case)| case.data_type() != &ArrowType::Null && readable(case, wanted).is_ok())
        }
        (ArrowType::Boolean, DataType::Bool)
        | (ArrowType::Int32 | ArrowType::Int64, DataType::Int | DataType::Float | DataType::Duration)
        | (ArrowType::Float32 | ArrowType::Float64, DataType::Float)
        | (ArrowType::Utf8 | ArrowType::Binary, DataType::String | DataType::Json | DataType::Bytes)
        | (ArrowType::Dictionary(..), DataType::String)
        | (ArrowType::FixedSizeBinary(_), DataType::Bytes)
        | (ArrowType::Date32, DataType::Date)
        | (ArrowType::Timestamp(..), DataType::Timestamp)
        | (ArrowType::Duration(_), DataType::Duration) => true,
        (ArrowType::FixedSizeBinary(_), DataType::String) => is_uuid(found),
        // Digits after the point are never cut off; too many before it make a bad row.
        (ArrowType::Decimal128(_, found) | ArrowType::Decimal256(_, found), DataType::Decimal { scale, .. }) => {
            i16::from(*found) <= i16::from(*scale)
        }
        (ArrowType::List(item), DataType::List { element, .. }) => {
            return readable(item, element).map_err(|reason| format!("in its elements: {reason}"));
        }
        (ArrowType::Map(entries, _), DataType::Map { value }) => match entries.data_type() {
            ArrowType::Struct(parts) => match parts.last() {
                Some(part) => return readable(part, value).map_err(|reason| format!("in its values: {reason}")),
                None => false,
            },
            _ => false,
        },
        (ArrowType::Struct(parts), DataType::Struct { fields }) => {
            for field in fields {
                match parts.find(&field.name) {
                    Some((_, part)) => {
                        readable(part, &field.data_type).map_err(|reason| format!("`{}`: {reason}", field.name))?;
                    }
                    None if field.optional => {}
                    None => {
                        return Err(format!("its records have no field `{}` ({})", field.name, field_type_name(field)));
                    }
                }
            }
            true
        }
        _ => false,
    };
    if fits { Ok(()) } else { refuse() }
}

/// A file's type in words.
fn shown(found: &ArrowField) -> String {
    match found.data_type() {
        ArrowType::Int32 => "an int".into(),
        ArrowType::Float32 => "a float".into(),
        ArrowType::Dictionary(..) => "an enum".into(),
        ArrowType::FixedSizeBinary(_) if is_uuid(found) => "a uuid".into(),
        ArrowType::FixedSizeBinary(size) => format!("a fixed of {size} bytes"),
        ArrowType::List(item) => format!("an array, each {}", shown(item)),
        ArrowType::Map(..) => "a map".into(),
        ArrowType::Struct(parts) => {
            let names: Vec<_> = parts.iter().map(|part| format!("`{}`", part.name())).collect();
            format!("a record of {}", names.join(", "))
        }
        ArrowType::Union(cases, _) => {
            let cases: Vec<_> = cases.iter().map(|(_, case)| shown(case)).collect();
            format!("a union ({})", cases.join(" or "))
        }
        ArrowType::Null => "null".into(),
        ArrowType::Decimal256(precision, scale) => format!("a decimal of {precision} digits, {scale} after the point"),
        ArrowType::Time32(_) | ArrowType::Time64(_) => "a time of day".into(),
        ArrowType::Interval(_) => "a duration of months, days and milliseconds".into(),
        other => arrow_type_name(other),
    }
}

/// The first problem of each row that has one.
fn problems(column: &ArrayRef, field: &ArrowField, wanted: &DataType, optional: bool) -> Result<Problems> {
    let mut found = Problems::new();
    if let (ArrowType::Union(cases, _), Some(union)) = (column.data_type(), column.as_union_opt()) {
        for (id, case) in cases.iter() {
            let rows: Vec<usize> = (0..union.len()).filter(|row| union.type_id(*row) == id).collect();
            if rows.is_empty() {
                continue;
            }
            let child = union.child(id);
            let wrong = match (case.data_type(), readable(case, wanted)) {
                (ArrowType::Null, _) | (_, Ok(())) => problems(child, case, wanted, optional)?,
                (_, Err(_)) => Problems::new(),
            };
            let whole = case.data_type() != &ArrowType::Null && readable(case, wanted).is_err();
            for row in rows {
                if whole {
                    let reason = format!("expected {}, found {}", type_name(wanted), shown(case));
                    found.insert(row, (String::new(), (kind::TYPE, reason)));
                } else if let Some(problem) = wrong.get(&union.value_offset(row)) {
                    found.insert(row, problem.clone());
                }
            }
        }
        return Ok(found);
    }
    let nulls = column.logical_nulls();
    let none = |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
    if !optional && nulls.as_ref().is_some_and(|nulls| nulls.null_count() > 0) {
        for row in (0..column.len()).filter(|row| none(*row)) {
            let reason = format!("null, its type {} has no `none`", type_name(wanted));
            found.insert(row, (String::new(), (kind::MISSING, reason)));
        }
    }
    match (column.data_type(), wanted) {
        (ArrowType::List(item), DataType::List { element, optional }) => {
            let list = column.as_list::<i32>();
            let below = problems(list.values(), item, element, *optional)?;
            spread(&mut found, below, list.offsets(), |at| format!("[{at}]"));
        }
        (ArrowType::Map(..), DataType::Map { value }) => {
            let map = column.as_map();
            let Some(part) = map.entries().fields().last().cloned() else { return Ok(found) };
            let below = problems(map.values(), &part, value, false)?;
            spread(&mut found, below, map.offsets(), |_| ".*".to_owned());
        }
        (ArrowType::Struct(parts), DataType::Struct { fields }) => {
            let record = column.as_struct();
            for field in fields {
                let Some((index, part)) = parts.find(&field.name) else { continue };
                let Some(child) = record.columns().get(index) else { continue };
                for (row, (path, misfit)) in problems(child, part, &field.data_type, field.optional)? {
                    if !none(row) {
                        found.entry(row).or_insert((format!(".{}{path}", field.name), misfit));
                    }
                }
            }
        }
        _ if lossy(column.data_type(), wanted) => {
            let cast = convert(column, field, wanted, Texts::Stored)?;
            for row in (0..column.len()).filter(|row| cast.is_null(*row) && !none(*row)) {
                let misfit = match wanted {
                    DataType::String | DataType::Json => (kind::UNPARSABLE, "its bytes are not UTF-8".to_owned()),
                    DataType::Decimal { .. } => (kind::OVERFLOW, format!("too large for {}", type_name(wanted))),
                    _ => overflow(wanted, "the value"),
                };
                found.entry(row).or_insert((String::new(), misfit));
            }
        }
        _ => {}
    }
    Ok(found)
}

/// Problems of elements as those of the lists in which they are.
fn spread(found: &mut Problems, below: Problems, offsets: &[i32], place: impl Fn(usize) -> String) {
    for (at, (path, misfit)) in below {
        let row = offsets.partition_point(|end| usize::try_from(*end).is_ok_and(|end| end <= at)).saturating_sub(1);
        let start = offsets.get(row).and_then(|start| usize::try_from(*start).ok()).unwrap_or_default();
        if row + 1 < offsets.len() {
            found.entry(row).or_insert((format!("{}{path}", place(at - start.min(at))), misfit));
        }
    }
}

/// Whether a cast between the types can fail for a value.
fn lossy(found: &ArrowType, wanted: &DataType) -> bool {
    match (found, wanted) {
        (ArrowType::Decimal128(found, scale), DataType::Decimal { precision, scale: wanted }) => {
            i16::from(*found) - i16::from(*scale) > i16::from(*precision) - i16::from(*wanted)
        }
        (ArrowType::Decimal256(..), _)
        | (ArrowType::Binary, DataType::String | DataType::Json)
        | (ArrowType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, _), _) => true,
        _ => false,
    }
}

/// A column in the table's type. Values that do not fit are none: [`problems`] has found their rows before.
fn convert(column: &ArrayRef, field: &ArrowField, wanted: &DataType, texts: Texts) -> Result<ArrayRef> {
    let arrow = arrow_type(wanted, texts);
    let safe = CastOptions { safe: true, ..CastOptions::default() };
    Ok(match (column.data_type(), wanted, &arrow) {
        (ArrowType::Null, ..) => new_null_array(&arrow, column.len()),
        (ArrowType::Union(cases, _), ..) => {
            let union = column.as_union();
            let mut children: Vec<ArrayRef> = vec![new_null_array(&arrow, 1)];
            let mut position = BTreeMap::new();
            for (id, case) in cases.iter() {
                if case.data_type() != &ArrowType::Null && readable(case, wanted).is_ok() {
                    position.insert(id, children.len());
                    children.push(convert(union.child(id), case, wanted, texts)?);
                }
            }
            let rows: Vec<(usize, usize)> = (0..union.len())
                .map(|row| match position.get(&union.type_id(row)) {
                    Some(child) => (*child, union.value_offset(row)),
                    None => (0, 0),
                })
                .collect();
            let children: Vec<&dyn Array> = children.iter().map(AsRef::as_ref).collect();
            interleave(&children, &rows).map_err(defect)?
        }
        (ArrowType::List(item), DataType::List { element, .. }, ArrowType::List(wanted)) => {
            let list = column.as_list::<i32>();
            let values = convert(list.values(), item, element, Texts::Stored)?;
            let list = ListArray::try_new(wanted.clone(), list.offsets().clone(), values, list.nulls().cloned());
            std::sync::Arc::new(list.map_err(defect)?)
        }
        (ArrowType::Map(..), DataType::Map { value }, ArrowType::Map(entries, _)) => {
            let map = column.as_map();
            let (Some(part), ArrowType::Struct(parts)) = (map.entries().fields().last().cloned(), entries.data_type()) else {
                return Err(defect("a map without values"));
            };
            let values = convert(map.values(), &part, value, Texts::Stored)?;
            let keys = cast(map.keys(), &ArrowType::Utf8).map_err(defect)?;
            let entry = StructArray::try_new(parts.clone(), vec![keys, values], None).map_err(defect)?;
            let map = MapArray::try_new(entries.clone(), map.offsets().clone(), entry, map.nulls().cloned(), false);
            std::sync::Arc::new(map.map_err(defect)?)
        }
        (ArrowType::Struct(parts), DataType::Struct { fields }, ArrowType::Struct(wanted)) => {
            let record = column.as_struct();
            let columns = fields
                .iter()
                .map(|field| match parts.find(&field.name).and_then(|(index, part)| Some((record.columns().get(index)?, part))) {
                    Some((child, part)) => convert(child, part, &field.data_type, Texts::Stored),
                    None => Ok(new_null_array(&arrow_type(&field.data_type, Texts::Stored), record.len())),
                })
                .collect::<Result<Vec<_>>>()?;
            let record =
                StructArray::try_new_with_length(wanted.clone(), columns, record.nulls().cloned(), record.len());
            std::sync::Arc::new(record.map_err(defect)?)
        }
        (ArrowType::FixedSizeBinary(_), DataType::String, _) if is_uuid(field) => {
            let texts: StringArray = column.as_fixed_size_binary().iter().map(|bytes| bytes.map(uuid_text)).collect();
            cast(&texts, &arrow).map_err(defect)?
        }
        // Through numbers: Arrow has no cast from them.
        (ArrowType::Int32, DataType::Duration, _) => {
            let numbers = cast(column, &ArrowType::Int64).map_err(defect)?;
            cast(&numbers, &arrow).map_err(defect)?
        }
        (ArrowType::Binary, DataType::String | DataType::Json, _) => {
            let texts = cast_with_options(column, &ArrowType::Utf8, &safe).map_err(defect)?;
            cast(&texts, &arrow).map_err(defect)?
        }
        (ArrowType::Dictionary(..), DataType::String, _) => {
            let texts = cast(column, &ArrowType::Utf8).map_err(defect)?;
            cast(&texts, &arrow).map_err(defect)?
        }
        (found, ..) if *found == arrow => column.clone(),
        _ => cast_with_options(column, &arrow, &safe).map_err(defect)?,
    })
}

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
fn uuid_text(bytes: &[u8]) -> String {
    let hex = crate::types::hex(bytes);
    let mut text = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}
