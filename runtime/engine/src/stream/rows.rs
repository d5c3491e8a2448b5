//! Rows of records: decoded, checked, and beside them what is known of their records.

use crate::check::Checks;
use crate::failure::{Result, defect};
use crate::formats::Problem;
use crate::formats::jsonl::{self, JsonlReader, Parts, Record};
use crate::lower::{Scope, value_text};
use crate::stream::event::{Facts, malformed};
use crate::types::{UTC, computed_schema};
use arrow::array::{Array, ArrayRef, Int64Array, StringViewArray, TimestampMicrosecondArray, UInt32Array, new_null_array};
use arrow::compute::{concat, take_record_batch};
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::DFSchema;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::SessionContext;
use flow_plan::{DataType, Expr, Field, RECORD_FACTS, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of a batch of records.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The schema's columns, then a column `record.NAME` for each fact.
    pub batch: RecordBatch,
    /// The record of each row.
    pub records: Vec<usize>,
    /// Where each row stands in its record, from 1.
    pub lines: Vec<u64>,
}

/// A row that does not decode or fit.
#[derive(Debug)]
pub struct BadRow {
    /// Its record.
    pub record: usize,
    /// Where it stands in it, where records have several rows.
    pub line: Option<u64>,
    pub problem: Problem,
    /// Its text, where it is not all of the record.
    pub text: Option<String>,
}

/// The type of a fact.
fn fact_type(name: &str) -> DataType {
    match name {
        "time" => DataType::Timestamp,
        "size" | "line" | "receives" => DataType::Int,
        _ => DataType::String,
    }
}

/// The columns that expressions of a stream may name.
pub fn scope(schema: &Schema) -> Vec<Field> {
    let facts = RECORD_FACTS.iter().map(|name| Field {
        name: format!("record.{name}"),
        data_type: fact_type(name),
        optional: true,
        key: false,
        pii: false,
        doc: None,
    });
    schema.fields.iter().cloned().chain(facts).collect()
}

fn text<'f>(facts: &'f Facts, name: &str) -> Option<&'f str> {
    let fact = match name {
        "bucket" => &facts.bucket,
        "key" => &facts.key,
        "etag" => &facts.etag,
        "id" => &facts.id,
        "group" => &facts.group,
        "source" => &facts.source,
        "detail_type" => &facts.detail_type,
        "subject" => &facts.subject,
        _ => return None,
    };
    fact.as_deref()
}

/// Rows with the facts of their records beside them.
pub fn with_facts(schema: &Schema, rows: &RecordBatch, facts: &[&Facts], lines: &[u64]) -> Result<RecordBatch> {
    let fields = scope(schema);
    let mut columns = rows.columns().to_vec();
    for name in RECORD_FACTS {
        let column: ArrayRef = match *name {
            "time" => {
                let times: TimestampMicrosecondArray = facts.iter().map(|facts| facts.time).collect();
                Arc::new(times.with_timezone(UTC))
            }
            "size" => Arc::new(facts.iter().map(|facts| facts.size).collect::<Int64Array>()),
            "receives" => Arc::new(facts.iter().map(|facts| facts.receives).collect::<Int64Array>()),
            "line" => Arc::new(lines.iter().map(|line| i64::try_from(*line).ok()).collect::<Int64Array>()),
            name => Arc::new(facts.iter().map(|facts| text(facts, name)).collect::<StringViewArray>()),
        };
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(computed_schema(&fields), columns, &options).map_err(defect)
}

/// One row of facts alone; the schema's columns are `none`.
pub fn facts_alone(schema: &Schema, facts: &Facts) -> Result<RecordBatch> {
    let optional: Vec<Field> = scope(schema).into_iter().map(|field| Field { optional: true, ..field }).collect();
    let arrow = computed_schema(&optional);
    let nulls = arrow.fields().iter().take(schema.fields.len()).map(|field| new_null_array(field.data_type(), 1)).collect();
    let of_rows = ArrowSchema::new(arrow.fields().iter().take(schema.fields.len()).cloned().collect::<Vec<_>>());
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let rows = RecordBatch::try_new_with_options(Arc::new(of_rows), nulls, &options).map_err(defect)?;
    let without = Schema { fields: optional.into_iter().take(schema.fields.len()).collect(), ..schema.clone() };
    with_facts(&without, &rows, &[facts], &[0])
}

impl Rows {
    /// No rows.
    pub fn none(schema: &Schema) -> Self {
        let batch = RecordBatch::new_empty(computed_schema(&scope(schema)));
        Rows { batch, records: Vec::new(), lines: Vec::new() }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Those at some places.
    pub fn at(&self, places: &[usize]) -> Result<Self> {
        let take = |values: &[u64]| places.iter().filter_map(|place| values.get(*place).copied()).collect();
        let indices: Vec<u32> = places.iter().filter_map(|place| u32::try_from(*place).ok()).collect();
        Ok(Rows {
            batch: take_record_batch(&self.batch, &UInt32Array::from(indices)).map_err(defect)?,
            records: places.iter().filter_map(|place| self.records.get(*place).copied()).collect(),
            lines: take(&self.lines),
        })
    }

    /// The schema's columns without the facts.
    pub fn of_schema(&self, schema: &Schema) -> Result<RecordBatch> {
        self.batch.project(&(0..schema.fields.len()).collect::<Vec<_>>()).map_err(defect)
    }
}

/// Decodes records of one row each: JSON by record. What cannot be a row is told of its record.
pub fn decode(schema: &Schema, checks: &Checks, records: &[(usize, &[u8], &Facts)]) -> Result<(Rows, Vec<BadRow>)> {
    let texts = records.iter().zip(0..).map(|((_, bytes, _), place)| (Record::Bytes(bytes), place));
    let decoded = JsonlReader::new(&schema.fields).read_records(texts, records.len())?;
    let record = |place: usize| records.get(place).map_or(usize::MAX, |(record, ..)| *record);
    let mut bad: Vec<BadRow> = decoded
        .bad
        .into_iter()
        .map(|(place, problem)| {
            let problem = match records.get(place) {
                Some((_, bytes, _)) if bytes.trim_ascii().is_empty() => {
                    malformed(format!("expected a JSON object, found {} bytes of white space", bytes.len()))
                }
                _ => problem,
            };
            BadRow { record: record(place), line: None, problem, text: None }
        })
        .collect();
    let places: Vec<usize> = decoded.rows;
    let failing = checks.failing(&decoded.batch)?;
    let keep: Vec<usize> = (0..decoded.batch.num_rows()).filter(|row| !failing.contains_key(row)).collect();
    for (row, problem) in failing {
        let record = places.get(row).map_or(usize::MAX, |place| record(*place));
        bad.push(BadRow { record, line: None, problem, text: None });
    }
    bad.sort_by_key(|bad| bad.record);
    let facts: Vec<&Facts> = places.iter().filter_map(|place| records.get(*place)).map(|(_, _, facts)| *facts).collect();
    let lines = vec![1; places.len()];
    let rows = Rows {
        batch: with_facts(schema, &decoded.batch, &facts, &lines)?,
        records: places.into_iter().map(record).collect(),
        lines,
    };
    Ok((if keep.len() == rows.len() { rows } else { rows.at(&keep)? }, bad))
}

/// An expression over rows and facts.
#[derive(Debug)]
pub struct Compiled {
    physical: Arc<dyn PhysicalExpr>,
    field: Field,
}

/// What an expression gives for each row: its values, and for rows where it cannot be computed why.
pub struct Values {
    pub column: ArrayRef,
    pub failed: BTreeMap<usize, String>,
}

impl Compiled {
    /// Lowers an expression.
    pub fn new(session: &SessionContext, schema: &Schema, expr: &Expr) -> Result<Self> {
        let fields = scope(schema);
        let typed = Scope::new(&fields).lower(expr)?;
        let arrow = DFSchema::try_from(computed_schema(&fields)).map_err(crate::lower::bad_plan)?;
        let field = Field {
            name: "value".into(),
            data_type: typed.data_type,
            optional: true,
            key: false,
            pii: false,
            doc: None,
        };
        Ok(Compiled { physical: session.create_physical_expr(typed.expr, &arrow).map_err(crate::lower::bad_plan)?, field })
    }

    /// Its values.
    pub fn values(&self, batch: &RecordBatch) -> Result<Values> {
        let whole = |batch: &RecordBatch| self.physical.evaluate(batch).and_then(|value| value.into_array(batch.num_rows()));
        if let Ok(column) = whole(batch) {
            return Ok(Values { column, failed: BTreeMap::new() });
        }
        // Some row's value cannot be computed: find which.
        let mut failed = BTreeMap::new();
        let mut parts = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            parts.push(match whole(&batch.slice(row, 1)) {
                Ok(part) => part,
                Err(error) => {
                    failed.insert(row, crate::failure::query_failure(error).to_string());
                    new_null_array(computed_schema([&self.field]).field(0).data_type(), 1)
                }
            });
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        Ok(Values { column: concat(&parts).map_err(defect)?, failed })
    }

    /// Its values as JSON, one for each row.
    pub fn json(&self, values: &Values) -> Result<Vec<String>> {
        let schema: SchemaRef = computed_schema([&self.field]);
        let options = RecordBatchOptions::new().with_row_count(Some(values.column.len()));
        let column = arrow::compute::cast(&values.column, schema.field(0).data_type()).map_err(defect)?;
        let batch = RecordBatch::try_new_with_options(schema, vec![column], &options).map_err(defect)?;
        let inner = |line: &str| line.strip_prefix("{\"value\":").and_then(|line| line.strip_suffix('}')).map(str::to_owned);
        json_lines(&batch, std::slice::from_ref(&self.field))?
            .iter()
            .map(|line| inner(line).ok_or_else(|| defect(format_args!("a value was written as `{line}`"))))
            .collect()
    }
}

/// Each value as text, in the run stage's encoding; `None` for none.
pub fn texts(values: &Values) -> Vec<Option<String>> {
    let column = &values.column;
    (0..column.len()).map(|row| column.is_valid(row).then(|| value_text(column, row)).flatten()).collect()
}

/// Rows as JSON objects.
pub fn json_lines(batch: &RecordBatch, fields: &[Field]) -> Result<Vec<String>> {
    let mut text = Vec::new();
    jsonl::write(&mut text, batch, fields, Parts::Lines)?;
    let text = String::from_utf8(text).map_err(defect)?;
    Ok(text.lines().map(str::to_owned).collect())
}
