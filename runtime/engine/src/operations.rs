//! Requests: what each does with tables, around reading, computing and publishing.

mod check_plan;
mod clear;
mod copy;
pub(crate) mod delivery;
pub(crate) mod input;
pub(crate) mod run;
mod validate;

pub use check_plan::check_plan;

use crate::Environment;
use crate::check::Checks;
use crate::execute::Executor;
use crate::failpoint;
use crate::failure::{Fault, Result, failure};
use crate::read::{TablePlace, place_of};
use crate::stores::Stores;
use flow_plan::{ErrorName, Failure, Location, Operation, Plan, Report, Request, Schema, Table, TableRole};
use object_store::ObjectStore;
use std::sync::Arc;
use std::time::Instant;

/// How often a request begins again because another writer removed what it was reading.
const ATTEMPTS: u32 = 4;

/// A plan with its stores, ready for requests.
#[derive(Debug)]
pub struct Engine {
    pub(crate) plan: Plan,
    pub(crate) environment: Environment,
    stores: Stores,
    pub(crate) executor: Executor,
}

impl Engine {
    /// An engine for one plan. Slots are looked at when a request needs them.
    ///
    /// # Errors
    /// `Flow.BadPlan` where the environment holds what cannot be (see [`Environment`]).
    pub fn new(plan: Plan, environment: Environment) -> Result<Self, Failure> {
        failpoint::arm(&environment)?;
        Ok(Engine {
            stores: Stores::new(&environment)?,
            executor: Executor::new(&environment)?,
            plan,
            environment,
        })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Answers a request.
    ///
    /// # Errors
    /// A failure whose name says of which kind it is; see [`ErrorName`].
    pub async fn execute(&self, request: &Request) -> Result<Report, Failure> {
        let started = Instant::now();
        let mut attempt = 1;
        let report = loop {
            match self.operate(&request.operation).await {
                Ok(report) => break Ok(report),
                Err(Fault::Vanished { object }) if attempt < ATTEMPTS => {
                    tracing::warn!(object, attempt, "an object was replaced while it was read: reading again");
                    attempt += 1;
                }
                Err(fault) => break Err(Failure::from(fault)),
            }
        };
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match report {
            Ok(report) => {
                let report = Report { milliseconds, ..report };
                tracing::info!(
                    rows_in = report.rows_in,
                    rows_out = report.rows_out,
                    rows_invalid = report.rows_invalid,
                    files = report.files,
                    bytes = report.bytes,
                    milliseconds,
                    "done"
                );
                Ok(report)
            }
            Err(failure) => {
                tracing::error!(error = failure.name.as_str(), cause = failure.cause, milliseconds, "failed");
                Err(failure)
            }
        }
    }

    async fn operate(&self, operation: &Operation) -> Result<Report> {
        match operation {
            Operation::Validate { table, max_invalid } => self.validate(table, share(*max_invalid)?).await,
            Operation::Copy {
                table,
                into,
                max_invalid,
            } => self.copy(table, into, share(*max_invalid)?).await,
            Operation::Run {
                transform,
                inputs,
                into,
                max_invalid,
            } => self.run(transform, inputs, into, share(*max_invalid)?).await,
            Operation::Clear { table } => self.clear(table).await,
            Operation::Handler { handler, .. } => Err(failure(
                ErrorName::BadRequest,
                format!("`{handler}` is a handler, which the engine does not have: send it to the generic binary"),
            )),
        }
    }

    fn table(&self, name: &str) -> Result<(&Table, &Schema)> {
        let table = self.plan.tables.get(name).ok_or_else(|| {
            unknown("table", name, self.plan.tables.keys().map(String::as_str))
        })?;
        Ok((table, self.schema(&table.schema)?))
    }

    /// A table that may be written.
    fn sink(&self, name: &str) -> Result<(&Table, &Schema)> {
        let (table, schema) = self.table(name)?;
        if table.role != TableRole::Sink {
            return Err(failure(
                ErrorName::BadRequest,
                format!("table `{name}` is a source, which is only read: write into a sink"),
            ));
        }
        Ok((table, schema))
    }

    pub(crate) fn schema(&self, name: &str) -> Result<&Schema> {
        self.plan
            .schemas
            .get(name)
            .ok_or_else(|| crate::lower::bad_plan(format_args!("the plan has no schema `{name}`")))
    }

    pub(crate) fn place(&self, location: &Location) -> Result<TablePlace> {
        place_of(&self.plan, &self.environment, &self.stores, location)
    }

    pub(crate) fn store(&self, bucket: &str) -> Result<Arc<dyn ObjectStore>> {
        self.stores.bucket(bucket)
    }

    pub(crate) fn checks(&self, schema: &Schema) -> Result<Checks> {
        Checks::new(&self.executor.session(false), schema)
    }
}

fn share(max_invalid: Option<f64>) -> Result<Option<f64>> {
    match max_invalid {
        Some(share) if !(0.0..=1.0).contains(&share) => Err(failure(
            ErrorName::BadRequest,
            format!("`max_invalid` is {share}, expected a share from 0.0 to 1.0 (`1%` is 0.01)"),
        )),
        share => Ok(share),
    }
}

pub(crate) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Fault {
    let known: Vec<_> = known.map(|name| format!("`{name}`")).collect();
    let has = if known.is_empty() { format!("no {what}s") } else { known.join(", ") };
    failure(
        ErrorName::BadRequest,
        format!("the plan has no {what} `{name}`: it has {has}"),
    )
}
