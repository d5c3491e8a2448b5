//! Whole programs through the checker: the library, the nightly program, the pages, and messages.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod library;
mod messages;
mod nightly;
mod pages;
mod rows;
mod streams;
mod total;
mod wide;

use crate::program::Program;
use flow_diagnostics::render::{human, ColorChoice};
use flow_diagnostics::{Diagnostics, FileSet};

/// A program's text, checked: what it is, and what is said of it.
fn checked(text: &str) -> (Program, FileSet, Diagnostics) {
    let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
    let modules = crate::load("program.flow", text.to_owned(), &mut files, &mut diagnostics);
    let program = crate::analyze(&modules, &mut files, &mut diagnostics);
    (program, files, diagnostics)
}

/// A program that checks, or a panic with what is wrong with it.
fn clean(text: &str) -> Program {
    let (program, files, diagnostics) = checked(text);
    assert!(diagnostics.is_empty(), "{}", human(&files, &diagnostics, ColorChoice::Never));
    program
}
