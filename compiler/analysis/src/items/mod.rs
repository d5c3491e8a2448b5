//! Items, one file per kind: each takes its syntax tree and gives its part of the program.

mod branches;
mod combine;
mod composite;
mod failing;
mod family;
mod flow;
mod function;
mod head;
mod infra;
mod join;
mod looping;
mod matching;
mod nested;
mod opaque;
mod output;
mod over_rows;
mod place;
mod program;
mod project;
mod redaction;
mod result;
mod retry;
mod schedule;
mod schema;
mod step;
mod streams;
mod table;
mod task;
mod testing;
mod transform;
mod union;
mod when;

pub(crate) use family::OfCase;
pub(crate) use program::program;
pub(crate) use streams::{Notified, is_channel};
pub(crate) use union::Union;
