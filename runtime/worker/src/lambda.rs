//! The binary as a Lambda: a loop over the Runtime API.
//!
//! The plan is read once, when the environment starts: from `FLOW_PLAN`, else `plan.json` in `LAMBDA_TASK_ROOT`, else
//! beside the executable. Where that fails, every invocation is answered with the failure, so that the state
//! machine sees `Flow.BadPlan` instead of a crash. Failures become function errors whose `errorType` is the
//! failure's name.
//!
//! With `FLOW_STREAM` the payloads are events of that stream, else requests.

use crate::logs;
use crate::worker::{Worker, read_request, runtime};
use flow_engine::Environment;
use flow_plan::{Failure, STREAM_VARIABLE};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Runs until the environment is shut down.
pub fn main() -> ExitCode {
    let environment = Environment::from_process();
    logs::start(&environment);
    let outcome = match runtime(&environment) {
        Ok(runtime) => runtime.block_on(serve(environment)),
        Err(failure) => Err(failure.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            tracing::error!(cause, "the Runtime API cannot be served");
            ExitCode::FAILURE
        }
    }
}

async fn serve(environment: Environment) -> Result<(), String> {
    let path = plan_path(&environment);
    let stream: Option<Arc<str>> = environment.get(STREAM_VARIABLE).map(Arc::from);
    let worker = Worker::open(&path, environment);
    match &worker {
        Ok(_) => tracing::info!(plan = %path.display(), version = env!("CARGO_PKG_VERSION"), "ready"),
        Err(failure) => tracing::error!(error = failure.name.as_str(), cause = failure.cause, "not ready"),
    }
    let worker = Arc::new(worker);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (worker, stream) = (Arc::clone(&worker), stream.clone());
        async move { answer(&worker, stream.as_deref(), event).await.map_err(diagnostic) }
    }))
    .await
    .map_err(|error| error.to_string())
}

async fn answer(worker: &Result<Worker, Failure>, stream: Option<&str>, event: LambdaEvent<Value>) -> Result<Value, Failure> {
    let worker = worker.as_ref().map_err(Clone::clone)?;
    let Some(stream) = stream else { return worker.answer(&read_request(event.payload)?).await };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_millis(event.context.deadline).saturating_sub(now);
    worker.event(stream, event.payload, &event.context.request_id, Some(left)).await
}

fn diagnostic(failure: Failure) -> Diagnostic {
    Diagnostic {
        error_type: failure.name.as_str().to_owned(),
        error_message: failure.cause,
    }
}

fn plan_path(environment: &Environment) -> PathBuf {
    if let Some(path) = environment.get("FLOW_PLAN") {
        return path.into();
    }
    let root = environment.get("LAMBDA_TASK_ROOT").map(PathBuf::from);
    let beside = || std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_path_buf()));
    root.or_else(beside).unwrap_or_default().join("plan.json")
}
