//! `validate`: reads a table, checks every record, quarantines the bad ones.

use crate::failure::Result;
use crate::operations::Engine;
use crate::operations::input::settle;
use flow_plan::{Report, TableRef};
use futures::StreamExt;

impl Engine {
    pub(super) async fn validate(&self, reference: &TableRef, max_invalid: Option<f64>) -> Result<Report> {
        let input = self.input(reference).await?;
        let mut rows = input.rows(self)?;
        while let Some(batch) = rows.next().await {
            batch?;
        }
        drop(rows);
        let counts = input.tally().counts();
        settle(vec![input], max_invalid).await?;
        Ok(Report {
            rows_in: counts.read,
            rows_out: counts.read - counts.invalid,
            rows_invalid: counts.invalid,
            ..Report::default()
        })
    }
}
