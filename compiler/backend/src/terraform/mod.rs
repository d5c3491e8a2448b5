//! The Terraform root module: what a person would have written, one file per subject.
//!
//! [`module`] takes a checked program, the state machines' files and the plan's slots, and gives the files. Nodes
//! are hcl-edit's; [`layout`] prints them exactly as `terraform fmt` would. The same program gives the same bytes.
//!
//! Terms: a **label** is a name in Terraform (`aws_lambda_function.worker`), a **name** one in AWS
//! (`dpc-dev-worker`); a **machine** is a flow's definition file with the deploy values that fill it.

pub(crate) mod hcl;
pub(crate) mod layout;

mod alarms;
pub(crate) mod existence;
mod expr;
mod files;
mod functions;
mod names;
mod outputs;
#[cfg(test)]
mod provider_tests;
#[cfg(test)]
mod item_tests;
#[cfg(test)]
mod serverless_elt_tests;
#[cfg(test)]
mod rehearsal;
mod resources;
mod roles;
mod schedules;
mod state_machines;
mod template;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tfvars;
mod variables;
mod versions;

pub use expr::Scope;
pub(crate) use expr::fact_path;
pub use files::{File, module};

use crate::plan::SlotValue;
use flow_analysis::program::Expr;
use flow_diagnostics::{FileSet, Span};

/// What a module is made of, beside the program.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The files that the program's spans point into, for comments.
    pub files: &'a FileSet,
    /// One for each flow, in the program's order.
    pub machines: &'a [Machine],
    /// Slots of the plan with their values.
    pub slots: &'a [SlotValue],
}

/// A flow's state machine as the module takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// The flow's name.
    pub flow: String,
    /// Conditions, plan stage, that choose among the variants; none where there is one variant.
    pub toggles: Vec<Expr>,
    /// A file for each combination of the toggles.
    pub variants: Vec<Variant>,
    /// What fills the `${name}` strings of the definition.
    pub substitutions: Vec<Substitution>,
}

/// What fills one `${name}` string of a definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Substitution {
    /// Its name.
    pub name: String,
    /// Its value, deploy stage.
    pub value: Expr,
    /// Whether the string holds the value's JSON text rather than the value, which is then a text.
    pub json: bool,
}

/// A complete definition for one combination of toggles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The value of each toggle.
    pub values: Vec<bool>,
    /// The definition's file, beside the module's: `nightly.asl.json`.
    pub file: String,
}

/// An expression that cannot be said in HCL. The checker lets none through, so this is a fault of the compiler or of
/// a library's declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlowered {
    /// Where it is.
    pub span: Span,
    /// What it is.
    pub what: String,
}

impl std::fmt::Display for Unlowered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Terraform cannot be given {}", self.what)
    }
}

impl std::error::Error for Unlowered {}
