//! `check`: rows that fail it fail the request.

use crate::check::Checks;
use crate::execute::{Awaited, awaited_table};
use crate::failure::{Result, failure};
use crate::lower::expr::column;
use crate::lower::operators::{State, hidden_field, scan};
use crate::lower::Source;
use arrow::array::{ArrayRef, Int64Array};
use arrow::record_batch::RecordBatch;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlan;
use flow_plan::{Check, DataType, ErrorName, Expr, Field, Schema};
use std::sync::Arc;

/// What comes before a `check`.
#[derive(Debug)]
pub struct CheckedPlan {
    /// The rows that are checked.
    pub plan: LogicalPlan,
    /// As in [`crate::lower::Lowered`].
    pub guarded: bool,
    checks: Checks,
    /// Whether a column is added that keeps the order of the rows.
    numbered: bool,
    rows: i64,
    /// The table that the rows are for what comes after.
    pub table: Awaited,
}

impl CheckedPlan {
    /// The rows of a batch, all of which pass.
    ///
    /// # Errors
    /// `Flow.ComputeFailed` for the first that does not.
    pub fn pass(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        if let Some((row, problem)) = self.checks.failing(batch)?.into_iter().next() {
            return Err(failure(
                ErrorName::ComputeFailed,
                format!("{}. The row: {}", problem.reason, crate::output::row_text(batch, row)),
            ));
        }
        let mut columns = batch.columns().to_vec();
        let count = i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        if self.numbered {
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(self.rows..self.rows + count));
            columns.push(numbers);
        }
        self.rows += count;
        self.table.batch(columns)
    }
}

impl State<'_> {
    pub(super) fn check(&mut self, text: &str, condition: &Expr) -> Result<()> {
        let schema = Schema {
            doc: None,
            fields: self.columns.clone(),
            checks: vec![Check { field: None, text: text.to_owned(), condition: condition.clone() }],
            avro: None,
        };
        let checks = Checks::new(self.session, &schema)?;
        let numbered = self.ordered;
        let number = self.hide();
        let mut fields: Vec<Field> = self.columns.clone();
        if numbered {
            fields.push(hidden_field(number.clone(), DataType::Int, false));
        }
        // What a `where` has proved is known to the columns, not to what DataFusion computes.
        let may_be_none = fields.iter().map(|field| Field { optional: true, ..field.clone() });
        let (provider, table) = awaited_table(&may_be_none.collect::<Vec<_>>())?;
        let name = self.hide();
        let (plan, _) = scan(&name, Source { rows: provider_as_source(provider), fields })?;
        let plan = std::mem::replace(&mut self.plan, plan);
        let guarded = std::mem::replace(&mut self.guarded, false);
        self.checked.push(CheckedPlan { plan, guarded, checks, numbered, rows: 0, table });
        self.filtered = false;
        if numbered {
            self.sort(vec![column(&number).sort(true, false)])?;
            let columns: Vec<_> = self.columns.iter().map(|field| column(&field.name)).collect();
            self.build(|builder| builder.project(columns))?;
        }
        Ok(())
    }
}
