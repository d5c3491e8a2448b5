//! Rows on their way into a sink: checked against its schema, split by partition, encoded.

use crate::check::{Checks, shown};
use crate::failure::{Result, defect, failure};
use crate::formats::avro::write::object_schema;
use crate::formats::encode::{Encoded, Encoder};
use crate::keys::KeyHasher;
use crate::partition::{Value, folder};
use crate::read::object_fields;
use arrow::array::{Array, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use flow_plan::{ErrorName, Field, Schema, Table};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A sink in the making.
#[derive(Debug)]
pub struct Output<'p> {
    name: &'p str,
    table: &'p Table,
    schema: &'p Schema,
    fields: Arc<[Field]>,
    /// The Avro of its objects.
    avro: Option<Arc<serde_json::Value>>,
    /// Values of partition columns that the request fixes.
    fixed: Vec<Option<Value>>,
    /// `None`: the rows have passed the schema's checks already.
    checks: Option<Checks>,
    encoders: BTreeMap<String, Encoder>,
    /// What tells appended rows apart.
    hasher: Option<KeyHasher>,
    /// The hashes of the rows' keys, by folder.
    keys: BTreeMap<String, Vec<[u64; 2]>>,
    rows: u64,
}

impl<'p> Output<'p> {
    /// An output into the table `name`. Every partition column must be a field or be `fixed`.
    pub fn new(
        name: &'p str,
        table: &'p Table,
        schema: &'p Schema,
        fixed: Vec<Option<Value>>,
        checks: Option<Checks>,
    ) -> Result<Self> {
        for (partition, value) in table.partitions.iter().zip(&fixed) {
            if !partition.in_schema && value.is_none() {
                return Err(failure(
                    ErrorName::BadRequest,
                    format!(
                        "partition column `{0}` of table `{name}` is no field of its rows, so the request must say \
                         which partition is written: `{name}[{0} = …]`",
                        partition.name
                    ),
                ));
            }
        }
        let fields = object_fields(table, schema);
        Ok(Output {
            name,
            table,
            schema,
            avro: schema.avro.as_ref().map(|avro| Arc::new(object_schema(avro, &fields))),
            fields: fields.into(),
            fixed,
            checks,
            encoders: BTreeMap::new(),
            hasher: None,
            keys: BTreeMap::new(),
            rows: 0,
        })
    }

    /// The same, which keeps the keys of its rows.
    pub fn keyed(self, hasher: Option<KeyHasher>) -> Self {
        Output { hasher, ..self }
    }

    /// The hashes of the keys of its rows, by folder.
    pub fn take_keys(&mut self) -> BTreeMap<String, Vec<[u64; 2]>> {
        std::mem::take(&mut self.keys)
    }

    /// Adds rows, in the order in which they are to stand.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        self.check(batch)?;
        self.split(batch)?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    fn split(&mut self, batch: &RecordBatch) -> Result<()> {
        if !self.table.partitions.iter().any(|partition| partition.in_schema) {
            let values: Vec<Value> = self.fixed.iter().flatten().cloned().collect();
            return self.put(folder(&self.table.partitions, &values), batch);
        }
        let mut rows: BTreeMap<Vec<Value>, Vec<u32>> = BTreeMap::new();
        for group in self.groups(batch)? {
            let first = group.first().copied().unwrap_or_default();
            rows.insert(self.values(batch, usize::try_from(first).map_err(defect)?)?, group);
        }
        for (values, rows) in rows {
            let part = if rows.len() == batch.num_rows() {
                batch.clone()
            } else {
                take_record_batch(batch, &UInt32Array::from(rows)).map_err(defect)?
            };
            self.put(folder(&self.table.partitions, &values), &part)?;
        }
        Ok(())
    }

    /// The rows of each combination of the partition columns' values, in the order in which they come first.
    fn groups(&self, batch: &RecordBatch) -> Result<Vec<Vec<u32>>> {
        let columns: Vec<_> = self
            .table
            .partitions
            .iter()
            .filter(|partition| partition.in_schema)
            .filter_map(|partition| batch.column_by_name(&partition.name).cloned())
            .collect();
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let converter = RowConverter::new(fields).map_err(defect)?;
        let keys = converter.convert_columns(&columns).map_err(defect)?;
        let mut known: HashMap<_, usize> = HashMap::new();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for (key, row) in keys.iter().zip(0..) {
            let group = *known.entry(key).or_insert(groups.len());
            match groups.get_mut(group) {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        Ok(groups)
    }

    fn put(&mut self, folder: String, batch: &RecordBatch) -> Result<()> {
        if let Some(hasher) = &self.hasher {
            self.keys.entry(folder.clone()).or_default().extend(hasher.hash(batch)?);
        }
        self.encoder(folder).push(batch)
    }

    fn encoder(&mut self, folder: String) -> &mut Encoder {
        let (format, fields, avro) = (self.table.format, &self.fields, &self.avro);
        self.encoders
            .entry(folder)
            .or_insert_with(|| Encoder::new(format, Arc::clone(fields), avro.clone()))
    }

    fn check(&self, batch: &RecordBatch) -> Result<()> {
        for field in self.schema.fields.iter().filter(|field| !field.optional) {
            let column = batch
                .column_by_name(&field.name)
                .ok_or_else(|| defect(format_args!("a row without the column `{}`", field.name)))?;
            if column.null_count() > 0 {
                let row = (0..column.len()).find(|row| column.is_null(*row)).unwrap_or_default();
                return Err(self.refuse(row, &format!("`{}` is none, its type has no `none`", field.name), batch));
            }
        }
        let Some(checks) = &self.checks else { return Ok(()) };
        match checks.failing(batch)?.into_iter().next() {
            None => Ok(()),
            Some((row, problem)) => Err(self.refuse(row, &problem.reason, batch)),
        }
    }

    fn refuse(&self, row: usize, reason: &str, batch: &RecordBatch) -> crate::failure::Fault {
        failure(
            ErrorName::ComputeFailed,
            format!(
                "row {} of the result does not fit table `{}`: {reason}. The row: {}",
                self.rows + row as u64 + 1,
                self.name,
                row_text(batch, row)
            ),
        )
    }

    /// The partition that a row belongs to.
    fn values(&self, batch: &RecordBatch, row: usize) -> Result<Vec<Value>> {
        self.table
            .partitions
            .iter()
            .zip(&self.fixed)
            .map(|(partition, fixed)| {
                let fixed = fixed.as_ref();
                if !partition.in_schema {
                    return fixed.cloned().ok_or_else(|| defect("a partition without a value"));
                }
                let value = batch
                    .column_by_name(&partition.name)
                    .and_then(|column| Value::at(column, row))
                    .ok_or_else(|| defect(format_args!("no value of the partition column `{}`", partition.name)))?;
                if value == Value::Text(String::new()) {
                    let reason = format!("`{}` is empty, and an empty text names no partition", partition.name);
                    return Err(self.refuse(row, &reason, batch));
                }
                match fixed {
                    Some(fixed) if *fixed != value => {
                        let text = |value: &Value| value.text().unwrap_or_else(|| "none".into());
                        let reason = format!(
                            "it belongs to partition `{0}={1}`, the request writes `{0}={2}` only",
                            partition.name,
                            text(&value),
                            text(fixed)
                        );
                        Err(self.refuse(row, &reason, batch))
                    }
                    _ => Ok(value),
                }
            })
            .collect()
    }

    /// The objects by folder. A partition that the request names wholly is there even without rows.
    pub fn finish(mut self) -> Result<(BTreeMap<String, Vec<Encoded>>, u64)> {
        if self.fixed.iter().all(Option::is_some) {
            let values: Vec<Value> = self.fixed.iter().flatten().cloned().collect();
            self.encoder(folder(&self.table.partitions, &values));
        }
        let objects = self
            .encoders
            .into_iter()
            .map(|(folder, encoder)| Ok((folder, encoder.finish()?)))
            .collect::<Result<_>>()?;
        Ok((objects, self.rows))
    }
}

/// A row for a message, its first columns alone.
pub fn row_text(batch: &RecordBatch, row: usize) -> String {
    let values: Vec<_> = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .take(12)
        .map(|(field, column)| format!("{}: {}", field.name(), shown(column, row)))
        .collect();
    format!("{{ {} }}", values.join(", "))
}
