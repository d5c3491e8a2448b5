//! Why a local run could not start, or could not go on: what a person did or lacks, never a step's failure (that is
//! the execution's outcome, [`crate::RunOutcome`]).

use std::fmt;

/// A secondary cause.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// An error of the local runner, with its code of the 09 group.
#[derive(Debug)]
pub struct LocalError {
    /// `FLOW0906`.
    pub code: &'static str,
    /// What went wrong: lower case, no full stop.
    pub message: String,
    /// What to do; may be several lines.
    pub help: Option<String>,
    /// What the system said.
    pub source: Option<Source>,
}

/// The generic binary is missing.
pub const NO_WORKER: &str = "FLOW0904";
/// Python is missing.
pub const NO_PYTHON: &str = "FLOW0905";
/// An input does not fit the flow.
pub const BAD_INPUT: &str = "FLOW0906";
/// No such flow.
pub const NOTHING_TO_RUN: &str = "FLOW0907";
/// A fault, skip or answer that cannot be.
pub const BAD_FAULT: &str = "FLOW0909";
/// What the run makes for itself could not be made.
pub const LOCAL_SETUP: &str = "FLOW0910";
/// No such run, or several.
pub const NO_RUN: &str = "FLOW0919";
/// A run that cannot be continued.
pub const NO_RESUME: &str = "FLOW0920";
/// A step waits for an answer, and none is given.
pub const UNANSWERED: &str = "FLOW0921";
/// An answer that does not fit.
pub const BAD_ANSWER: &str = "FLOW0922";
/// A secret that is not JSON.
pub const BAD_SECRET: &str = "FLOW0911";

impl LocalError {
    /// An error without help.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        LocalError { code, message: message.into(), help: None, source: None }
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With what the system said.
    #[must_use]
    pub fn source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LocalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

/// The name of `names` that a misspelt one probably meant.
pub(crate) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count().max(wrong.chars().count()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `` `a`, `b` and `c` ``.
pub(crate) fn listing<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    and(&quoted)
}

/// `a, b and c`.
pub(crate) fn and(words: &[String]) -> String {
    match words {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
