//! Inputs of a request: what a table reference stands for, and its rows.

use crate::failure::Result;
use crate::reading::Reading;
use crate::operations::Engine;
use crate::partition::requested_values;
use crate::publish::record_key;
use crate::quarantine::Quarantine;
use crate::read::{CheckedRows, Folder, TablePlace, TrustedTable, discover, input_missing, marker_key, read_marker, read_record, read_rows};
use crate::keys::Keys;
use crate::tally::Tally;
use crate::types::fingerprint;
use crate::check::Checks;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use flow_plan::{Format, Invalid, Schema, Table, TableRef, TableRole};
use futures::stream::BoxStream;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A table of a request, found but not yet read.
#[derive(Debug)]
pub struct Input<'p> {
    name: &'p str,
    table: &'p Table,
    /// The schema of its rows.
    pub schema: &'p Schema,
    place: TablePlace,
    folders: Vec<Folder>,
    /// Whether its rows have passed the schema's checks when they were published.
    trusted: bool,
    tally: Arc<Tally>,
    quarantine: Option<Quarantine>,
}

impl Engine {
    /// Finds what a reference stands for.
    pub(crate) async fn input<'p>(&'p self, reference: &'p TableRef) -> Result<Input<'p>> {
        let name = reference.table.as_str();
        let (table, schema) = self.table(name)?;
        let place = self.place(&table.location)?;
        let wanted = requested_values(name, table, &reference.partitions)?;
        let quarantine = match &table.invalid {
            Invalid::Quarantine { location } => Some(Quarantine::begin(self.place(location)?, table).await?),
            Invalid::Fail | Invalid::Drop => None,
        };
        let folders = discover(&place, table, &wanted).await?;
        let there = folders
            .iter()
            .any(|folder| folder.record.is_some() || folder.marker.is_some() || !folder.objects.is_empty());
        if !there {
            let marked = table.role == TableRole::Sink
                && (read_record(&place, &place.path(&place.key(&record_key()))?).await?.is_some()
                    || read_marker(&place, &place.path(&place.key(&marker_key()))?).await?.is_some());
            if !marked {
                return Err(input_missing(name, &place, table, &wanted));
            }
        }
        let current = fingerprint(schema);
        let trusted = matches!(table.format, Format::Parquet { .. })
            && folders
                .iter()
                .all(|folder| folder.record.as_ref().is_some_and(|record| record.schema == current));
        let objects: usize = folders.iter().map(|folder| folder.objects.len()).sum();
        tracing::info!(table = name, partitions = folders.len(), objects, trusted, "reading");
        Ok(Input {
            name,
            table,
            schema,
            place,
            folders,
            trusted,
            tally: Arc::new(Tally::new(name, &table.invalid)),
            quarantine,
        })
    }
}

impl Input<'_> {
    /// What was read so far.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Its rows, in order; bad ones are left out and counted.
    pub fn rows(&self, engine: &Engine) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        self.rows_into(engine, &self.tally)
    }

    fn rows_into(&self, engine: &Engine, tally: &Arc<Tally>) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let checks = if self.trusted { Checks::none() } else { engine.checks(self.schema)? };
        let source = CheckedRows {
            table: self.table.clone(),
            schema: self.schema.clone(),
            place: self.place.clone(),
            folders: self.folders.clone(),
            checks,
            unique: !self.trusted,
            threads: engine.executor.threads,
        };
        let keys = Keys::new(self.schema, engine.executor.pool());
        read_rows(Arc::new(source), Arc::clone(tally), keys)
    }

    /// Its rows as a table for DataFusion, and the task that reads them. Rows that are read once more (`again`) are not
    /// counted a second time.
    pub fn provider(&self, engine: &Engine, again: bool) -> Result<(Arc<dyn TableProvider>, Option<Reading>)> {
        if self.trusted {
            if !again {
                let rows = self.folders.iter().filter_map(|folder| folder.record.as_ref());
                self.tally.trust(rows.map(crate::read::Record::rows).sum());
            }
            let runtime = engine.executor.runtime();
            let provider = TrustedTable::provider(
                self.table,
                self.schema,
                &self.place,
                &self.folders,
                engine.executor.threads,
                runtime,
            )?;
            return Ok((provider, None));
        }
        if again {
            let tally = Arc::new(Tally::new(self.name, &Invalid::Drop));
            let rows = self.rows_into(engine, &tally)?;
            return Ok((crate::execute::stream_table(self.schema, rows)?, None));
        }
        let (batches, reading) = Reading::start(self.rows(engine)?);
        Ok((crate::execute::stream_table(self.schema, batches)?, Some(reading)))
    }
}

/// Does with the bad records of all inputs what their tables' policies and `max_invalid` say.
pub(crate) async fn settle(inputs: Vec<Input<'_>>, max_invalid: Option<f64>) -> Result<()> {
    // Two inputs may read the same partition: its quarantine is written once.
    let mut settled = BTreeSet::new();
    let mut tallies = Vec::with_capacity(inputs.len());
    for input in inputs {
        if let Some(quarantine) = input.quarantine {
            let new = |folder: &Folder| settled.insert((input.name.to_owned(), folder.relative.clone()));
            quarantine.publish(input.name, &input.folders, &input.tally, new).await?;
        }
        tallies.push((input.tally, input.table.invalid == Invalid::Fail));
    }
    for (tally, fails) in &tallies {
        if *fails {
            tally.refuse()?;
        }
    }
    let tallies: Vec<&Tally> = tallies.iter().map(|(tally, _)| tally.as_ref()).collect();
    Tally::too_many(&tallies, max_invalid)
}
