//! `run`: a transform's result into a sink.

use crate::failure::{Fault, Result, defect, failure};
use crate::lower::Source;
use crate::operations::input::Input;
use crate::operations::{Engine, unknown};
use datafusion::datasource::provider_as_source;
use flow_plan::{ErrorName, Failure, Report, TableRef, Target};
use indexmap::IndexMap;

impl Engine {
    pub(super) async fn run(
        &self,
        name: &str,
        inputs: &IndexMap<String, TableRef>,
        into: &Target,
        max_invalid: Option<f64>,
    ) -> Result<Report> {
        let transforms = &self.plan.transforms;
        let transform = transforms
            .get(name)
            .ok_or_else(|| unknown("transform", name, transforms.keys().map(String::as_str)))?;
        for input in &transform.inputs {
            if !inputs.contains_key(&input.name) {
                return Err(failure(
                    ErrorName::BadRequest,
                    format!("the request gives no table for input `{}` of transform `{name}`", input.name),
                ));
            }
        }
        let delivery = self.deliver(into).await?;
        let mut read: Vec<(&TableRef, Input<'_>)> = Vec::new();
        for input in transform.reads() {
            let reference = table_of(input, inputs)?;
            if !read.iter().any(|(known, _)| *known == reference) {
                read.push((reference, self.input(reference).await?));
            }
        }
        let mut output = delivery.output(Some(self.checks(delivery.schema)?))?;
        let mut readings = Vec::new();
        let mut begun = vec![false; read.len()];
        let mut sources = |input: &str| -> Result<Source> {
            let reference = table_of(input, inputs)?;
            let found = read.iter().zip(&mut begun).find(|((known, _), _)| *known == reference);
            let ((_, input), begun) = found.ok_or_else(|| defect(format_args!("`{input}` is not read")))?;
            let (provider, reading) = input.provider(self, std::mem::replace(begun, true))?;
            readings.extend(reading);
            Ok(Source { rows: provider_as_source(provider), fields: input.schema.fields.clone() })
        };
        let mut running = self.executor.run(name, transform, &mut sources).await?;
        while let Some(batch) = running.next().await.map_err(|fault| of_transform(name, fault))? {
            output.push(&batch)?;
        }
        running.finish().await.map_err(|fault| of_transform(name, fault))?;
        for reading in readings {
            reading.finish().await?;
        }
        delivery.publish(read.into_iter().map(|(_, input)| input).collect(), output, max_invalid).await
    }
}

fn table_of<'r>(input: &str, inputs: &'r IndexMap<String, TableRef>) -> Result<&'r TableRef> {
    inputs.get(input).ok_or_else(|| unknown("input", input, inputs.keys().map(String::as_str)))
}

/// A value that cannot be computed says where: several steps may run transforms, and the engine's cause is bare.
pub(crate) fn of_transform(name: &str, fault: Fault) -> Fault {
    match fault {
        Fault::Failure(Failure { name: ErrorName::ComputeFailed, cause }) => {
            failure(ErrorName::ComputeFailed, format!("transform `{name}`: {cause}"))
        }
        other => other,
    }
}
