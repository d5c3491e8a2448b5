//! The commands, one file each.

pub mod asl;
pub mod build;
pub mod check;
pub mod completions;
pub mod explain;
pub mod fmt;
pub mod graph;
pub mod man;
pub mod new;
pub mod run;
pub mod runs;
pub mod schedules;
pub mod test;
