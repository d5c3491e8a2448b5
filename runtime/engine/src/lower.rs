//! Lowering: the plan's transforms and checks as DataFusion's logical plans and expressions.
//!
//! Nothing passes through SQL text. What DataFusion would compute differently from the language has a function of
//! Flow's own here: arithmetic that fails on overflow and on division by zero, dates, exact sums.
//!
//! **Fallible expressions.** An expression that can fail (a division) must not be computed for rows that a `where`
//! before it drops, nor where `and`, `or`, `if`, `??` do not ask for it. DataFusion may reorder and merge
//! filters, so fallible functions are declared volatile, `and`/`or` with a fallible right side become `case`,
//! a fallible condition of `where` becomes a column first, and the physical rules that move expressions below
//! filters are switched off where it could matter ([`Lowered::guarded`]).

mod aggregate;
mod checked;
mod columns;
mod combine;
mod date;
mod expr;
mod function;
mod join;
mod operators;
mod record;
mod scalar;
mod sum;
#[cfg(test)]
mod tables_tests;
#[cfg(test)]
mod tests;
mod text;
mod window;

pub use expr::{Scope, bad_plan, columns_of};
pub use checked::CheckedPlan;
pub use operators::{Lowered, Source, lower_transform};
pub use text::value_text;
