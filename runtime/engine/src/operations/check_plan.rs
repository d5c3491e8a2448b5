//! Whether a plan can be executed by this binary: everything in it that needs no data is lowered.

use crate::check::Checks;
use crate::execute::Executor;
use crate::failure::Result;
use crate::lower::{Source, bad_plan, lower_transform};
use crate::types::computed_schema;
use crate::Environment;
use datafusion::logical_expr::logical_plan::builder::LogicalTableSource;
use flow_plan::{Failure, Plan};
use std::sync::Arc;

/// Lowers every check and every transform, and looks up every name.
///
/// # Errors
/// `Flow.BadPlan`, naming the first thing that does not fit.
pub fn check_plan(plan: &Plan) -> Result<(), Failure> {
    Ok(check(plan)?)
}

fn check(plan: &Plan) -> Result<()> {
    let executor = Executor::new(&Environment::default())?;
    let session = executor.session(false);
    let schema = |name: &str| {
        plan.schemas
            .get(name)
            .ok_or_else(|| bad_plan(format_args!("the plan has no schema `{name}`")))
    };
    for schema in plan.schemas.values() {
        Checks::new(&session, schema)?;
    }
    for table in plan.tables.values() {
        schema(&table.schema)?;
    }
    for (name, transform) in &plan.transforms {
        schema(&transform.output)?;
        let mut sources = |input: &str| {
            let declared = transform
                .inputs
                .iter()
                .find(|declared| declared.name == input)
                .ok_or_else(|| bad_plan(format_args!("transform `{name}` has no input `{input}`")))?;
            let fields = schema(&declared.schema)?.fields.clone();
            let rows = Arc::new(LogicalTableSource::new(computed_schema(&fields)));
            Ok(Source { rows, fields })
        };
        lower_transform(name, transform, &session, &mut sources)?;
    }
    Ok(())
}
