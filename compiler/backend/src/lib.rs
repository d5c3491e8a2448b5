//! From a checked [`flow_analysis::program::Program`] to the artefacts of a build: state machines, the Terraform root
//! module, the plan of the generic binary, the table of deploy values, source maps, and what a local run needs.
//!
//! Everything here is a function of the program: no clock, no randomness, no unordered iteration. A program whose
//! diagnostics hold an error must not come here.

pub mod asl;
pub mod evaluate;
pub mod graph;
pub mod iam;
pub mod local;
pub mod plan;
pub mod substitutions;
pub mod terraform;
pub mod testing;
#[cfg(test)]
mod tests;

use asl::AslOutput;
use evaluate::Evaluator;
use flow_analysis::avro::write as avro;
use flow_analysis::program::{Expr, Program};
use flow_diagnostics::{FileSet, Span};
use indexmap::IndexMap;
use plan::PlanOutput;
use std::cell::RefCell;
use substitutions::{Encoding, Substitutions};

/// What to build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// Toggles have their values in this environment, so that one definition is left for each flow; `local.json` is
    /// for it. Without it every combination is built, and `local.json` is for the program's first environment.
    pub env: Option<String>,
}

/// What was built; nothing is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BuildOutput {
    /// Texts by file name, relative to the build's folder.
    pub files: IndexMap<String, String>,
    /// What a target cannot say: faults of the compiler, or of a library's declaration.
    pub faults: Vec<Fault>,
}

/// Something that the checker let through and a target cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands.
    pub span: Span,
    /// What: `the generic binary cannot be given a run value`.
    pub what: String,
}

/// Builds every artefact of a program.
pub fn build(program: &Program, files: &FileSet, options: &BuildOptions) -> BuildOutput {
    let mut faults = Vec::new();
    let env = options.env.as_deref().or_else(|| program.envs.first().map(|env| env.name.as_str()));
    let evaluator = options.env.as_deref().map(|env| Evaluator::new(program, Some(Some(env))));
    let mut table = Substitutions::default();
    let machines = asl::flows(program, files, &mut table, evaluator.as_ref());
    let plan = plan::plan(program, &mut faults);
    let local = local::local(program, files, env, &plan, &machines, &table);

    let mut out = machine_files(&machines);
    out.insert("plan.json".to_owned(), asl::text::pretty(&plan.plan));
    for schema in &program.schemas {
        out.insert(avro::file_name(schema), asl::text::pretty(&avro::schema(program, schema)));
    }
    let scope = terraform::Scope::new(program);
    let unsaid = RefCell::new(Vec::new());
    let hcl = |expr: &Expr| {
        scope.text(expr).unwrap_or_else(|error| {
            unsaid.borrow_mut().push(Fault { span: error.span, what: error.to_string() });
            "null".to_owned()
        })
    };
    out.insert("substitutions.json".to_owned(), table.to_json(&hcl));
    faults.extend(unsaid.into_inner());
    out.insert("local.json".to_owned(), asl::text::pretty(&local));
    terraform_files(program, files, &machines, &plan, &table, &mut out, &mut faults);
    BuildOutput { files: out, faults }
}

/// Definitions and source maps by file name.
fn machine_files(machines: &[AslOutput]) -> IndexMap<String, String> {
    let mut out = IndexMap::new();
    for machine in machines {
        for variant in &machine.variants {
            out.insert(variant.file.clone(), variant.text.clone());
        }
        out.insert(source_map_file(&machine.flow), asl::text::pretty(&machine.source_map));
    }
    out
}

fn terraform_files(
    program: &Program,
    files: &FileSet,
    machines: &[AslOutput],
    plan: &PlanOutput,
    table: &Substitutions,
    out: &mut IndexMap<String, String>,
    faults: &mut Vec<Fault>,
) {
    let machines: Vec<terraform::Machine> = machines.iter().map(|machine| terraform_machine(machine, table)).collect();
    let parts = terraform::Parts { files, machines: &machines, slots: &plan.slots };
    match terraform::module(program, &parts) {
        Ok(made) => out.extend(made.into_iter().map(|file| (file.name, file.text))),
        Err(error) => faults.push(Fault { span: error.span, what: error.to_string() }),
    }
}

fn terraform_machine(machine: &AslOutput, table: &Substitutions) -> terraform::Machine {
    terraform::Machine {
        flow: machine.flow.clone(),
        toggles: machine
            .variants
            .first()
            .map(|variant| variant.toggles.iter().map(|(toggle, _)| toggle.clone()).collect())
            .unwrap_or_default(),
        variants: machine
            .variants
            .iter()
            .map(|variant| terraform::Variant {
                values: variant.toggles.iter().map(|(_, value)| *value).collect(),
                file: variant.file.clone(),
            })
            .collect(),
        substitutions: machine
            .substitutions
            .iter()
            .filter_map(|name| table.get(name))
            .map(|entry| terraform::Substitution {
                name: entry.name.clone(),
                value: entry.expr.clone(),
                json: entry.encoding == Encoding::Json,
            })
            .collect(),
    }
}

/// `nightly.map.json`.
fn source_map_file(flow: &str) -> String {
    format!("{flow}.map.json")
}
