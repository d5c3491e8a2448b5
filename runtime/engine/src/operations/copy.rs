//! `copy`: one table's rows into another whose schema fits, in the order in which they stand.

use crate::failure::{Result, failure};
use crate::operations::Engine;
use crate::types::{field_type_name, fingerprint};
use flow_plan::{DataType, ErrorName, Report, Schema, TableRef, Target};
use futures::StreamExt;

impl Engine {
    pub(super) async fn copy(&self, reference: &TableRef, into: &Target, max_invalid: Option<f64>) -> Result<Report> {
        let delivery = self.deliver(into).await?;
        let input = self.input(reference).await?;
        fits(&reference.table, input.schema, &into.table, delivery.schema)?;
        let same = fingerprint(input.schema) == fingerprint(delivery.schema);
        let mut output = delivery.output(if same { None } else { Some(self.checks(delivery.schema)?) })?;
        let mut batches = input.rows(self)?;
        while let Some(batch) = batches.next().await {
            output.push(&batch?)?;
        }
        drop(batches);
        delivery.publish(vec![input], output, max_invalid).await
    }
}

/// Every field of the sink must be one of the table that is read.
fn fits(from_name: &str, from: &Schema, into_name: &str, into: &Schema) -> Result<()> {
    for field in &into.fields {
        let found = from.fields.iter().find(|found| found.name == field.name);
        let fits = found.is_some_and(|found| {
            found.data_type == field.data_type
                || (found.data_type == DataType::Int && field.data_type == DataType::Float)
        });
        if !fits {
            let found = found.map_or_else(|| "is missing".to_owned(), |found| format!("is {}", field_type_name(found)));
            return Err(failure(
                ErrorName::BadRequest,
                format!(
                    "the rows of table `{from_name}` do not fit table `{into_name}`: `{}` must be {}, it {found}",
                    field.name,
                    field_type_name(field)
                ),
            ));
        }
    }
    Ok(())
}
