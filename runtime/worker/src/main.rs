//! `flow-worker`: the generic binary, which executes what a plan says.
//!
//! One program, three ways to start it: as a Lambda (`AWS_LAMBDA_RUNTIME_API` is set), as a container's command and
//! on the command line. All three answer the same [`flow_plan::Request`] with a [`flow_plan::Report`] or a
//! [`flow_plan::Failure`]. With `FLOW_STREAM` in its environment it serves a stream of the plan instead: it takes the
//! events that AWS gives a Lambda.
//!
//! ```text
//! FLOW_STORE=file:///data flow-worker run --plan plan.json \
//!   --request '{"operation": "clear", "table": {"table": "staged"}}'
//! ```

mod command;
mod handlers;
mod lambda;
mod logs;
mod services;
mod worker;

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return lambda::main();
    }
    command::main()
}
