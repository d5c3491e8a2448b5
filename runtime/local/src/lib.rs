//! The local runner: runs a program's flows on this machine, from the artefacts that would be deployed.
//!
//! It takes a build's folder, interprets the *emitted* state machine with [`flow_asl`] in real time, and does the work
//! of its Task states:
//!
//! - `lambda:invoke` of a function of the generic binary: that binary as a process, over the Lambda Runtime API
//!   ([`function`]), with folders for buckets;
//! - a task that says `local = python { … }`: its command in a Python environment that is made once ([`python`]);
//! - `call` of another flow of the program: an execution of it (`nested`);
//! - anything else is refused before the run starts, with `--skip` and `--fail` as ways on.
//!
//! [`testing`] runs the tests of a program.
//!
//! Nothing here asks AWS for anything, and no credentials of it are handed on.

#![warn(missing_docs)]

mod artefacts;
mod awaits;
mod changes;
mod compare;
mod data;
mod driver;
mod error;
pub mod function;
mod home;
mod input;
mod interrupt;
mod log;
mod nested;
mod progress;
mod record;
mod resume;
mod resuming;
pub mod python;
mod run;
pub mod runs;
pub mod sample;
mod screen;
mod secrets;
mod settings;
mod setup;
mod steps;
mod story;
pub mod streams;
mod summary;
pub mod testing;
mod words;

pub use error::LocalError;
pub use flow_asl::interpreter::Status;
pub use interrupt::{Stop, on_interrupt};
pub use run::{RunOptions, RunOutcome, run};
pub use setup::find_worker;

/// The files beside a program that a run reads.
pub const SETTINGS: [&str; 2] = [settings::FILE, secrets::FILE];

/// A number that differs from call to call and from run to run: for ids and jitter, not for secrets.
fn chance() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
