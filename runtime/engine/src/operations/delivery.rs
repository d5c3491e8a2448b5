//! Deliveries: what every request that fills a sink does before it reads and after it has read.

use crate::check::Checks;
use crate::failpoint;
use crate::failure::Result;
use crate::operations::Engine;
use crate::operations::input::{Input, settle};
use crate::output::Output;
use crate::partition::{Value, requested_values};
use crate::keys::KeyHasher;
use crate::publish::{Base, append, begin, publish};
use crate::read::TablePlace;
use crate::tally::Counts;
use crate::types::fingerprint;
use flow_plan::{Replace, Report, Schema, Table, Target};

/// A sink whose commit records are known, so that a writer who comes in between is noticed.
pub(crate) struct Delivery<'p> {
    name: &'p str,
    table: &'p Table,
    /// The schema of its rows.
    pub schema: &'p Schema,
    /// Values of partition columns that the request fixes.
    fixed: Vec<Option<Value>>,
    how: How<'p>,
}

/// How rows come to a sink.
enum How<'p> {
    /// They replace what the records named when the request began.
    Replace(Base),
    /// They are added, told apart by these columns.
    Append(TablePlace, &'p [String]),
}

impl Engine {
    /// Begins to fill a sink.
    pub(crate) async fn deliver<'p>(&'p self, into: &'p Target) -> Result<Delivery<'p>> {
        let name = into.table.as_str();
        let (table, schema) = self.sink(name)?;
        let place = self.place(&table.location)?;
        let fixed = match &into.replace {
            Replace::All => vec![None; table.partitions.len()],
            Replace::Named(values) | Replace::Present(values) | Replace::Append { partitions: values, .. } => {
                requested_values(name, table, values)?
            }
        };
        let how = match &into.replace {
            Replace::Append { key, .. } => How::Append(place, key),
            replace => How::Replace(begin(place, table, &fixed, replace).await?),
        };
        Ok(Delivery { name, table, schema, fixed, how })
    }
}

impl<'p> Delivery<'p> {
    /// Where rows are put, to be encoded as the sink wants them.
    pub fn output(&self, checks: Option<Checks>) -> Result<Output<'p>> {
        let output = Output::new(self.name, self.table, self.schema, self.fixed.clone(), checks)?;
        match &self.how {
            How::Replace(_) => Ok(output),
            How::Append(_, key) => Ok(output.keyed(KeyHasher::named(self.schema, key)?)),
        }
    }

    /// Publishes what was put, once the inputs' bad records are dealt with.
    pub async fn publish(self, inputs: Vec<Input<'_>>, mut output: Output<'_>, max_invalid: Option<f64>) -> Result<Report> {
        let counts = inputs.iter().map(|input| input.tally().counts()).fold(Counts::default(), Counts::and);
        settle(inputs, max_invalid).await?;
        let keys = output.take_keys();
        let (objects, rows) = output.finish()?;
        failpoint::hit("after-read-inputs");
        let published = match self.how {
            How::Replace(base) => {
                publish(base, self.name, &fingerprint(self.schema), self.table.format, objects).await?
            }
            How::Append(place, key) => append(&place, self.name, key, self.table.format, objects, keys).await?,
        };
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
