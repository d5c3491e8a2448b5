//! Deliveries: what every request that fills a sink does before it reads and after it has read.

use crate::check::Checks;
use crate::failpoint;
use crate::failure::Result;
use crate::operations::Engine;
use crate::operations::input::{Input, settle};
use crate::output::Output;
use crate::partition::{Value, requested_values};
use crate::publish::{Base, begin, publish};
use crate::tally::Counts;
use crate::types::fingerprint;
use flow_plan::{Replace, Report, Schema, Table, Target};

/// A sink whose commit records are known, so that a writer who comes in between is noticed.
pub(super) struct Delivery<'p> {
    name: &'p str,
    table: &'p Table,
    /// The schema of its rows.
    pub schema: &'p Schema,
    /// Values of partition columns that the request fixes.
    fixed: Vec<Option<Value>>,
    base: Base,
}

impl Engine {
    /// Begins to fill a sink.
    pub(super) async fn deliver<'p>(&'p self, into: &'p Target) -> Result<Delivery<'p>> {
        let name = into.table.as_str();
        let (table, schema) = self.sink(name)?;
        let place = self.place(&table.location)?;
        let fixed = match &into.replace {
            Replace::All => vec![None; table.partitions.len()],
            Replace::Named(values) | Replace::Present(values) => requested_values(name, table, values)?,
        };
        let base = begin(place, table, &fixed, &into.replace).await?;
        Ok(Delivery { name, table, schema, fixed, base })
    }
}

impl<'p> Delivery<'p> {
    /// Where rows are put, to be encoded as the sink wants them.
    pub fn output(&self, checks: Option<Checks>) -> Result<Output<'p>> {
        Output::new(self.name, self.table, self.schema, self.fixed.clone(), checks)
    }

    /// Publishes what was put, once the inputs' bad records are dealt with.
    pub async fn publish(self, inputs: Vec<Input<'_>>, output: Output<'_>, max_invalid: Option<f64>) -> Result<Report> {
        let counts = inputs.iter().map(|input| input.tally().counts()).fold(Counts::default(), Counts::and);
        settle(inputs, max_invalid).await?;
        let (objects, rows) = output.finish()?;
        failpoint::hit("after-read-inputs");
        let published = publish(self.base, self.name, &fingerprint(self.schema), self.table.format, objects).await?;
        Ok(Report {
            rows_in: counts.read,
            rows_out: rows,
            rows_invalid: counts.invalid,
            files: published.objects,
            bytes: published.bytes,
            milliseconds: 0,
        })
    }
}
