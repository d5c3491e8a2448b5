//! From syntax trees to a typed [`program::Program`].
//!
//! [`load`] parses a program and what it uses of the standard library; [`analyze`] resolves names and checks types
//! and stages (`check/` holds expressions, `items/` one file per kind of item); [`rules::check`] then looks at the
//! whole, and [`strictness`] applies what the user says of warnings. Nothing fails: errors go to the diagnostics, and what is wrong is marked in the program.

pub mod avro;
mod check;
mod files_used;
pub mod graph;
mod items;
mod library;
pub mod limits;
pub mod program;
pub mod provider;
mod resolve;
pub mod rules;
pub mod strictness;
mod suggest;

pub use files_used::{NoFiles, Reader, Texts, Unread};
pub use library::{load, load_file, load_with, modules as library_modules, text as library_text};

use flow_diagnostics::{Diagnostics, FileId, FileSet};
use flow_syntax::ast::Module;
use program::Program;
use strictness::Levels;

/// Checks a parsed program. `modules` are the user's file and the modules of the library that it uses, as [`load`]
/// gives them; which is which is seen by their files.
pub fn analyze(modules: &[Module], files: &mut FileSet, diagnostics: &mut Diagnostics) -> Program {
    let names = resolve::resolve(modules, files, diagnostics);
    let checker = check::Checker::new(files, &names, diagnostics);
    items::program(checker, modules)
}

/// What a program is checked in: what the user settled of warnings, and where other files are read from.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// `flowc.toml`.
    pub levels: &'a Levels,
    /// For `use "./shared.flow"`.
    pub reader: &'a dyn Reader,
}

/// [`check_with`] the levels that codes have by themselves, and no other files.
pub fn check(file: FileId, files: &mut FileSet, diagnostics: &mut Diagnostics) -> Program {
    check_with(&Surroundings { levels: &Levels::default(), reader: &NoFiles }, file, files, diagnostics)
}

/// Everything from text to a checked program: parses it and the files that it uses, resolves, checks types and stages, then
/// the rules over the whole program, and where nothing is wrong the lints; at last what the user says of warnings, by
/// `@allow` and by levels. The program may be lowered if `diagnostics` has no errors.
pub fn check_with(around: &Surroundings<'_>, file: FileId, files: &mut FileSet, diagnostics: &mut Diagnostics) -> Program {
    // Apart from what others said before: what a rule asks of the list, it asks of this program.
    let mut found = Diagnostics::default();
    let modules = load_with(around.reader, file, files, &mut found);
    let mut program = analyze(&modules, files, &mut found);
    rules::check(&program, &mut found);
    let users: Vec<&Module> =
        modules.iter().filter(|module| library::module_path(files, module.file).is_none()).collect();
    if !found.has_errors() {
        rules::lint(&users, files, &mut found);
    }
    strictness::settle(users, around.levels, &mut found);
    diagnostics.extend(found);
    program.leave_out();
    program
}

#[cfg(test)]
mod tests;
