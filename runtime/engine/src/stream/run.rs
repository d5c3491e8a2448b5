//! `run … append to …`: a batch's rows through a transform, into one table or a table for each case.
//!
//! Nothing is published before all of it is computed. Where that fails the batch is taken apart: rows that fail alone are
//! refused, and all others are computed once more, together. Rows that fail only together are published in halves.

use crate::failure::{Fault, Result, failure};
use crate::lower::{Source, value_text};
use crate::operations::delivery::Delivery;
use crate::operations::input::Input;
use crate::operations::run::of_transform;
use crate::operations::{Engine, unknown};
use crate::output::Output;
use crate::stream::Outcome;
use crate::stream::rows::Rows;
use arrow::array::{Array, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::record_batch::RecordBatch;
use datafusion::datasource::provider_as_source;
use flow_plan::{ErrorName, Failure, Schema, StreamTarget, TableRef, Target, Transform};
use futures::StreamExt;
use indexmap::IndexMap;
use std::collections::{BTreeMap, VecDeque};

/// A `run` of a stream.
pub struct Run<'p> {
    pub transform: &'p str,
    pub input: &'p str,
    pub inputs: &'p IndexMap<String, TableRef>,
    pub into: &'p StreamTarget,
}

/// Results that are not yet published.
struct Computed<'p> {
    inputs: Vec<Input<'p>>,
    outputs: Vec<(Delivery<'p>, Output<'p>)>,
}

/// What one table of the result is.
struct Case<'p> {
    delivery: Delivery<'p>,
    output: Output<'p>,
    rows: usize,
}

impl Engine {
    /// Runs the transform over rows and publishes what it gives.
    pub(super) async fn run_rows(&self, run: &Run<'_>, schema: &Schema, rows: &Rows) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut todo = VecDeque::from([(0..rows.len()).collect::<Vec<usize>>()]);
        while let Some(places) = todo.pop_front() {
            let computed = match self.compute(run, schema, rows, &places).await {
                Ok(computed) => Some(computed),
                Err(fault) if is_computation(&fault) => {
                    // If nothing fails already, the rows are not to blame.
                    self.compute(run, schema, rows, &[]).await?;
                    let bad = self.bad_rows(run, schema, rows, &places, &fault).await?;
                    let good: Vec<usize> = places.iter().copied().filter(|place| !bad.contains_key(place)).collect();
                    let found = !bad.is_empty();
                    outcome.refused.extend(bad.into_iter().map(|(place, reason)| (place, ErrorName::ComputeFailed, reason)));
                    if !found {
                        let (left, right) = good.split_at(good.len() / 2);
                        todo.extend([left.to_vec(), right.to_vec()].into_iter().filter(|half| !half.is_empty()));
                    } else if !good.is_empty() {
                        todo.push_front(good);
                    }
                    None
                }
                Err(fault) => return Err(fault),
            };
            if let Some(computed) = computed {
                outcome.appended += publish(computed).await?;
            }
        }
        Ok(outcome)
    }

    /// The rows of which each fails alone, with the reason.
    async fn bad_rows(
        &self,
        run: &Run<'_>,
        schema: &Schema,
        rows: &Rows,
        places: &[usize],
        fault: &Fault,
    ) -> Result<BTreeMap<usize, String>> {
        let mut bad = BTreeMap::new();
        let mut failing = vec![(places.to_vec(), reason(fault))];
        while let Some((places, why)) = failing.pop() {
            if let [only] = places.as_slice() {
                bad.insert(*only, why);
                continue;
            }
            let (left, right) = places.split_at(places.len() / 2);
            for half in [left, right] {
                match self.compute(run, schema, rows, half).await {
                    Ok(_) => {}
                    Err(fault) if is_computation(&fault) => failing.push((half.to_vec(), reason(&fault))),
                    Err(fault) => return Err(fault),
                }
            }
        }
        Ok(bad)
    }

    async fn compute<'p>(&'p self, run: &Run<'p>, schema: &Schema, rows: &Rows, places: &[usize]) -> Result<Computed<'p>> {
        let transforms = &self.plan.transforms;
        let transform: &Transform = transforms
            .get(run.transform)
            .ok_or_else(|| unknown("transform", run.transform, transforms.keys().map(String::as_str)))?;
        let chosen = if places.len() == rows.len() { rows.clone() } else { rows.at(places)? };
        let batch = chosen.of_schema(schema)?;
        let mut read: Vec<(&str, Input<'p>)> = Vec::new();
        for input in transform.reads() {
            if input != run.input && !read.iter().any(|(known, _)| *known == input) {
                let reference =
                    run.inputs.get(input).ok_or_else(|| unknown("input", input, run.inputs.keys().map(String::as_str)))?;
                read.push((input, self.input(reference).await?));
            }
        }
        let mut sink = self.sinks(run.into).await?;
        let mut readings = Vec::new();
        let mut begun = vec![false; read.len()];
        let mut sources = |input: &str| -> Result<Source> {
            if input == run.input {
                let batches = futures::stream::iter([Ok(batch.clone())]).boxed();
                let provider = crate::execute::stream_table(schema, batches)?;
                return Ok(Source { rows: provider_as_source(provider), fields: schema.fields.clone() });
            }
            let found = read.iter().zip(&mut begun).find(|((known, _), _)| *known == input);
            let ((_, input), begun) = found.ok_or_else(|| unknown("input", input, run.inputs.keys().map(String::as_str)))?;
            let (provider, reading) = input.provider(self, std::mem::replace(begun, true))?;
            readings.extend(reading);
            Ok(Source { rows: provider_as_source(provider), fields: input.schema.fields.clone() })
        };
        let mut running = self.executor.run(run.transform, transform, &mut sources).await?;
        while let Some(batch) = running.next().await.map_err(|fault| of_transform(run.transform, fault))? {
            sink.push(&batch)?;
        }
        running.finish().await.map_err(|fault| of_transform(run.transform, fault))?;
        for reading in readings {
            reading.finish().await?;
        }
        Ok(Computed { inputs: read.into_iter().map(|(_, input)| input).collect(), outputs: sink.filled() })
    }

    async fn sinks<'p>(&'p self, into: &'p StreamTarget) -> Result<Sinks<'p>> {
        Ok(match into {
            StreamTarget::Table { into } => Sinks { tag: None, cases: IndexMap::from([("", self.case(into).await?)]) },
            StreamTarget::Family { tag, cases } => {
                let mut all = IndexMap::with_capacity(cases.len());
                for (name, into) in cases {
                    all.insert(name.as_str(), self.case(into).await?);
                }
                Sinks { tag: Some(tag), cases: all }
            }
        })
    }

    async fn case<'p>(&'p self, into: &'p Target) -> Result<Case<'p>> {
        let delivery = self.deliver(into).await?;
        let output = delivery.output(Some(self.checks(delivery.schema)?))?;
        Ok(Case { delivery, output, rows: 0 })
    }
}

fn is_computation(fault: &Fault) -> bool {
    matches!(fault, Fault::Failure(Failure { name: ErrorName::ComputeFailed, .. }))
}

fn reason(fault: &Fault) -> String {
    match fault {
        Fault::Failure(failure) => failure.cause.clone(),
        other => other.to_string(),
    }
}

/// Where the rows of a result go.
struct Sinks<'p> {
    /// The column that tells the case, where there are several.
    tag: Option<&'p str>,
    cases: IndexMap<&'p str, Case<'p>>,
}

impl<'p> Sinks<'p> {
    fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(tag) = self.tag else {
            return match self.cases.get_index_mut(0) {
                Some((_, case)) => case.push(batch),
                None => Ok(()),
            };
        };
        let column = batch
            .column_by_name(tag)
            .ok_or_else(|| crate::lower::bad_plan(format_args!("the rows have no column `{tag}`, by which their table is chosen")))?;
        let mut rows: IndexMap<String, Vec<u32>> = IndexMap::new();
        for (row, index) in (0..batch.num_rows()).zip(0..) {
            let value = if column.is_valid(row) { value_text(column, row) } else { None };
            let value = value.unwrap_or_else(|| "none".into());
            if !self.cases.contains_key(value.as_str()) {
                let cases: Vec<_> = self.cases.keys().map(|case| format!("`{case}`")).collect();
                return Err(failure(
                    ErrorName::ComputeFailed,
                    format!("`{tag}` is `{value}`, and there are tables for {} alone", cases.join(", ")),
                ));
            }
            rows.entry(value).or_default().push(index);
        }
        for (value, rows) in rows {
            if let Some(case) = self.cases.get_mut(value.as_str()) {
                let part = take_record_batch(batch, &UInt32Array::from(rows)).map_err(crate::failure::defect)?;
                // The case's own columns: those of other cases are none.
                let schema = part.schema();
                let columns = case.delivery.schema.fields.iter().map(|field| schema.index_of(&field.name));
                let columns = columns.collect::<Result<Vec<_>, _>>().map_err(crate::lower::bad_plan)?;
                case.push(&part.project(&columns).map_err(crate::failure::defect)?)?;
            }
        }
        Ok(())
    }

    /// Those that got rows.
    fn filled(self) -> Vec<(Delivery<'p>, Output<'p>)> {
        self.cases.into_values().filter(|case| case.rows > 0).map(|case| (case.delivery, case.output)).collect()
    }
}

impl Case<'_> {
    fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        self.output.push(batch)
    }
}

/// Publishes all tables at the same time; gives the number of rows.
async fn publish(computed: Computed<'_>) -> Result<u64> {
    let mut inputs = Some(computed.inputs);
    let publishing = computed
        .outputs
        .into_iter()
        .map(|(delivery, output)| delivery.publish(inputs.take().unwrap_or_default(), output, None));
    let mut rows = 0;
    // All are waited for: one that fails stops no other.
    let mut failed = None;
    for report in futures::future::join_all(publishing).await {
        match report {
            Ok(report) => rows += report.rows_out,
            Err(fault) => failed = failed.or(Some(fault)),
        }
    }
    failed.map_or(Ok(rows), Err)
}
