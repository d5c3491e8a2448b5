//! The engine: what the generic binary does with tables.
//!
//! An [`Engine`] holds a plan and answers requests: it reads tables (JSON, CSV, Avro, Parquet) from a store, checks
//! their records, computes transforms on DataFusion, and publishes the results so that readers see the old rows
//! or the new ones. Events of [`stream`]s are answered record by record. DataFusion and Arrow appear in no signature here.
//!
//! ```
//! # let runtime = tokio::runtime::Runtime::new().unwrap();
//! # runtime.block_on(async {
//! use flow_engine::{Engine, Environment};
//! let environment = Environment::from_variables([("FLOW_STORE", "memory:")]);
//! let engine = Engine::new(flow_plan::Plan::new("dpc"), environment).unwrap();
//! let request = serde_json::from_str(r#"{"operation": "clear", "table": {"table": "staged"}}"#).unwrap();
//! let failure = engine.execute(&request).await.unwrap_err();
//! assert_eq!(failure.to_string(), "Flow.BadRequest: the plan has no table `staged`: it has no tables");
//! # });
//! ```

mod check;
mod environment;
mod execute;
pub mod failpoint;
mod failure;
pub mod folders;
mod formats;
mod keys;
mod lower;
mod operations;
mod output;
mod partition;
mod publish;
mod quarantine;
mod read;
mod reading;
mod stores;
pub mod stream;
mod tally;
mod temporal;
mod types;

pub use environment::Environment;
pub use operations::{Engine, check_plan};
