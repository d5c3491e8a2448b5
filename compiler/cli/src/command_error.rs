//! Errors of the command itself, by miette: what could not be read, found or written, and what to do.
//! Errors in a `.flow` file are diagnostics, not these.

use miette::Diagnostic;
use std::path::PathBuf;
use thiserror::Error;

/// Why a command could not do its work. All of them end with exit code 2.
#[derive(Debug, Error, Diagnostic)]
pub enum CommandError {
    /// A file that cannot be read.
    #[error("cannot read `{}`", path.display())]
    #[diagnostic(code(FLOW0901))]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// A file that is not text.
    #[error("`{}` is not UTF-8: byte {offset} (line {line}) is {byte:#04x}", path.display())]
    #[diagnostic(code(FLOW0902), help("save the file as UTF-8; most editors can do so under \"encoding\""))]
    NotUtf8 {
        /// Which.
        path: PathBuf,
        /// Of the first bad byte, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
        /// It.
        byte: u8,
    },
    /// Something that cannot be written.
    #[error("cannot write `{}`", path.display())]
    #[diagnostic(code(FLOW0903))]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// An environment that the program does not have.
    #[error("`{name}` is not an environment of `{}`", path.display())]
    #[diagnostic(code(FLOW0908))]
    UnknownEnv {
        /// As the user gave it.
        name: String,
        /// The program.
        path: PathBuf,
        /// What to do.
        #[help]
        help: String,
    },
    /// An environment without values that others have.
    #[error("environment `{name}` of `{}` leaves out {missing}", path.display())]
    #[diagnostic(code(FLOW0813))]
    IncompleteEnv {
        /// Which.
        name: String,
        /// The program.
        path: PathBuf,
        /// What it lacks.
        missing: String,
        /// What to do.
        #[help]
        help: String,
    },
    /// A code that `explain` does not know.
    #[error("`{code}` is not a code of this release")]
    #[diagnostic(code(FLOW0912))]
    UnknownCode {
        /// As the user gave it.
        code: String,
        /// What to do.
        #[help]
        help: String,
    },
    /// JSON that is not what it should be.
    #[error("{what} `{given}` cannot be used: {why}")]
    #[diagnostic(code(FLOW0914))]
    WrongJson {
        /// What it was to be.
        what: &'static str,
        /// The file's name, or the text as the user gave it.
        given: String,
        /// Where it is wrong, and what may stand there.
        why: String,
        /// What to do.
        #[help]
        help: Option<String>,
    },
    /// The formatter would have changed a program.
    #[error("`{}` was not formatted: {why}", path.display())]
    #[diagnostic(
        code(FLOW0915),
        help("the file is as it was; this is a fault of flowc: report it with the file")
    )]
    FormatterFault {
        /// Which.
        path: PathBuf,
        /// What would have been different.
        why: String,
    },
    /// A generic binary that Lambda would not run.
    #[error("`{}` cannot be packed: {why}", path.display())]
    #[diagnostic(code(FLOW0940))]
    UnusableBinary {
        /// It.
        path: PathBuf,
        /// Why.
        why: String,
        /// What to do.
        #[help]
        help: String,
    },
    /// The local runner could not start, or could not go on.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Local(LocalProblem),
}

/// An error of the local runner, which has its own code.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct LocalProblem(pub flow_local::LocalError);

impl Diagnostic for LocalProblem {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.0.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.0.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }
}
