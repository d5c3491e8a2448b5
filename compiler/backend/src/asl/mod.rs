//! State machines in the Amazon States Language, with JSONata.
//!
//! One state per step, with its name, in the order of the text; `on failure` comes last. The entry state, which has the
//! flow's name (`<flow> start` where a step has it), makes variables of the input. Other states have names of their
//! own: `whether <step>` for a Choice, `match`, `until`, `let <name>`, `wait`, `return`, `fail <Name>`, `done`, and
//! `<flow> values` before the entry state where that one reads deploy values; in a branch or an iteration
//! `<name> item` for what takes its input apart, `<name> result`. The source map has all of them.

mod assembler;
mod branches;
mod choices;
mod entry;
mod errors;
mod failing;
mod flow;
mod inputs;
pub mod jsonata;
mod loops;
mod names;
mod steps;
pub mod text;
mod tree;
mod variants;

use crate::evaluate::Evaluator;
use crate::substitutions::Substitutions;
use flow_analysis::program::{Expr, Flow, Program};
use flow_asl::model::StateMachine;
use flow_diagnostics::FileSet;
use flow_plan::{PLAN_VERSION, SourceMap, SourcePlace};

pub use names::variables;
pub use tree::tree;

/// The definitions of one flow.
#[derive(Debug, Clone, PartialEq)]
pub struct AslOutput {
    /// The flow's name.
    pub flow: String,
    /// One definition for each combination of toggles; those where fewer hold come first.
    pub variants: Vec<Variant>,
    /// Names of the deploy values that any of them has.
    pub substitutions: Vec<String>,
    /// Every state's place.
    pub source_map: SourceMap,
}

/// A definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// `nightly.rollback.asl.json`.
    pub file: String,
    /// The conditions with their values; all of them hold together for exactly one variant.
    pub toggles: Vec<(Expr, bool)>,
    /// The definition; deploy values are strings `${name}`.
    pub machine: StateMachine,
    /// It as text, for `templatefile`.
    pub text: String,
}

/// The definitions of all flows. With an `evaluator` the toggles have the values of its environment, and one definition
/// is left for each flow.
pub fn flows(
    program: &Program,
    files: &FileSet,
    table: &mut Substitutions,
    evaluator: Option<&Evaluator<'_>>,
) -> Vec<AslOutput> {
    program.flows.iter().map(|flow| output(program, files, flow, table, evaluator)).collect()
}

fn output(
    program: &Program,
    files: &FileSet,
    flow: &Flow,
    table: &mut Substitutions,
    evaluator: Option<&Evaluator<'_>>,
) -> AslOutput {
    let constants = Evaluator::new(program, None);
    let known = |expr: &Expr| constants.condition(expr).or_else(|| evaluator?.condition(expr));
    let toggles = variants::toggles(flow, &known);
    let mut source_map = SourceMap { version: PLAN_VERSION, flow: flow.name.clone(), ..SourceMap::default() };
    let mut substitutions: Vec<String> = Vec::new();
    let mut places = Vec::new();
    let variants = variants::combinations(&toggles)
        .into_iter()
        .map(|values| {
            let value = |expr: &Expr| {
                known(expr).or_else(|| values.iter().find(|(toggle, _)| toggle == expr).map(|(_, value)| *value))
            };
            let folded = variants::Fold { value: &value }.flow(flow);
            let made = flow::machine(program, &folded, table);
            places.push(made.spans);
            for name in &made.names {
                if !substitutions.contains(name) {
                    substitutions.push(name.clone());
                }
            }
            Variant {
                file: variants::file(&flow.name, &values),
                toggles: values,
                text: text::definition(&made.machine, &made.names),
                machine: made.machine,
            }
        })
        .collect();
    // The definition with the most states first, which gives their order.
    for (name, span) in places.into_iter().rev().flatten() {
        source_map.states.entry(name).or_insert_with(|| place(files, span));
    }
    AslOutput { flow: flow.name.clone(), variants, substitutions, source_map }
}

/// A place as source maps have it.
pub fn place(files: &FileSet, span: flow_diagnostics::Span) -> SourcePlace {
    let (start, end) = (files.position(span), files.position(span.after()));
    SourcePlace {
        file: files.name(span.file).to_owned(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}
