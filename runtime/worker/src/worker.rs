//! One request, whichever way it came.

use crate::{handlers, services};
use flow_engine::stream::{Call, Services};
use flow_engine::{Engine, Environment};
use flow_plan::{ErrorName, Failure, Operation, Plan, Request};
use futures::FutureExt;
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// The engine and the environment of the process.
#[derive(Debug)]
pub struct Worker {
    engine: Engine,
    environment: Environment,
    services: Arc<dyn Services>,
}

impl Worker {
    /// A worker for the plan in a file.
    pub fn open(path: &Path, environment: Environment) -> Result<Self, Failure> {
        let plan = read_plan(path)?;
        Ok(Worker {
            engine: Engine::new(plan, environment.clone())?,
            services: services::open(&environment)?,
            environment,
        })
    }

    /// Answers a request. A panic in it is `Flow.Internal`; the process lives.
    pub async fn answer(&self, request: &Request) -> Result<Value, Failure> {
        let span = tracing::info_span!("request", execution = request.execution, step = request.step);
        AssertUnwindSafe(self.dispatch(request).instrument(span))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(panicked()))
    }

    /// Answers an event of a stream: the invocation `request`, which has so much time left.
    pub async fn event(&self, stream: &str, event: Value, request: &str, left: Option<Duration>) -> Result<Value, Failure> {
        let span = tracing::info_span!("event", execution = request, step = stream);
        let call = Call { request, left, services: self.services.as_ref() };
        AssertUnwindSafe(self.engine.handle(stream, event, call).instrument(span))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(panicked()))
    }

    async fn dispatch(&self, request: &Request) -> Result<Value, Failure> {
        if let Operation::Handler { handler, arguments } = &request.operation {
            return handlers::answer(handler, arguments, request, &self.engine, &self.environment).await;
        }
        let report = self.engine.execute(request).await?;
        serde_json::to_value(report).map_err(|error| Failure {
            name: ErrorName::Internal,
            cause: format!("the report cannot be written: {error}"),
        })
    }
}

/// A panic is a defect; its message and place are in the logs.
pub fn panicked() -> Failure {
    Failure {
        name: ErrorName::Internal,
        cause: "the generic binary panicked; the message is in its logs, and is worth a bug report".into(),
    }
}

/// Reads the plan in a file.
pub fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure {
        name: ErrorName::BadPlan,
        cause: format!("cannot read the plan `{}`: {error}", path.display()),
    })?;
    Plan::from_json(&text).map_err(|error| Failure {
        name: ErrorName::BadPlan,
        cause: format!("`{}`: {error}", path.display()),
    })
}

/// Reads a request.
pub fn read_request(value: Value) -> Result<Request, Failure> {
    serde_json::from_value(value).map_err(|error| Failure {
        name: ErrorName::BadRequest,
        cause: format!(
            "the request is malformed: {error}; expected an object with `operation` (validate, copy, run, clear or \
             handler) and what that operation needs"
        ),
    })
}

/// A multi-threaded runtime with the threads that `FLOW_THREADS` or the machine gives.
pub fn runtime(environment: &Environment) -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(environment.threads()?)
        .enable_all()
        .build()
        .map_err(|error| Failure {
            name: ErrorName::Internal,
            cause: format!("the operating system gives no threads: {error}"),
        })
}
