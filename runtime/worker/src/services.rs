//! What streams ask of services beside stores: AWS, or folders where `FLOW_SERVICES` names one.

mod aws;
mod batches;
mod folders;

use flow_engine::Environment;
use flow_engine::stream::Services;
use flow_plan::{ErrorName, Failure};
use std::sync::Arc;

/// The services that `FLOW_SERVICES` names: `aws` (default), or `file:///absolute/directory`.
///
/// # Errors
/// `Flow.BadPlan` for anything else.
pub fn open(environment: &Environment) -> Result<Arc<dyn Services>, Failure> {
    let named = environment.get("FLOW_SERVICES").unwrap_or("aws");
    if named == "aws" {
        return Ok(Arc::new(aws::Aws::default()));
    }
    match named.strip_prefix("file://").filter(|path| path.starts_with('/')) {
        Some(_) => {
            let path = reqwest::Url::parse(named).ok().and_then(|url| url.to_file_path().ok());
            match path {
                Some(path) => Ok(Arc::new(folders::Folders::new(path))),
                None => Err(unknown(named)),
            }
        }
        None => Err(unknown(named)),
    }
}

fn unknown(named: &str) -> Failure {
    Failure {
        name: ErrorName::BadPlan,
        cause: format!("`FLOW_SERVICES` is `{named}`, expected `aws` or `file:///absolute/directory`"),
    }
}
