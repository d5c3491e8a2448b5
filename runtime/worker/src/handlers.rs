//! Handlers: what no AWS service offers as one call.

mod postgres;
mod secrets;
mod slack;

use flow_engine::{Engine, Environment};
use flow_plan::{ErrorName, Failure, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Calls a handler by its name.
pub async fn answer(
    handler: &str,
    arguments: &Value,
    request: &Request,
    engine: &Engine,
    environment: &Environment,
) -> Result<Value, Failure> {
    match handler {
        "postgres.refresh" => postgres::refresh(arguments, environment).await,
        "slack.post" => slack::post(arguments, request, environment).await,
        "s3.copy_written" => json(engine.copy_written(&read(handler, arguments)?).await?),
        "s3.count_written" => json(engine.count_written(&read(handler, arguments)?).await?),
        _ => Err(Failure {
            name: ErrorName::BadRequest,
            cause: format!(
                "there is no handler `{handler}`: this binary has `postgres.refresh`, `slack.post`, `s3.copy_written` and `s3.count_written`"
            ),
        }),
    }
}

/// A handler's arguments.
fn read<T: DeserializeOwned>(handler: &str, arguments: &Value) -> Result<T, Failure> {
    serde_json::from_value(arguments.clone()).map_err(|error| Failure {
        name: ErrorName::BadRequest,
        cause: format!("arguments of `{handler}`: {error}"),
    })
}

/// A handler's result.
fn json(result: impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(result).map_err(|error| Failure {
        name: ErrorName::Internal,
        cause: format!("the result cannot be written: {error}"),
    })
}

/// A handler that failed.
fn failed(cause: String) -> Failure {
    Failure {
        name: ErrorName::HandlerFailed,
        cause,
    }
}
