//! The files of a module, and which data sources they need.

use super::hcl::{BodyExt, block};
use super::{
    Parts, Scope, Unlowered, alarms, functions, layout, outputs, resources, roles, schedules, state_machines, tfvars,
    variables, versions,
};
use crate::iam::{self, Places};
use flow_analysis::program::Program;
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hcl_edit::structure::Body;
use hcl_edit::visit::{Visit, visit_traversal};
use std::collections::BTreeSet;

/// A file of the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name: `functions.tf`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A file before it is laid out.
pub(crate) struct Draft {
    pub(crate) name: String,
    /// A comment at its top.
    pub(crate) head: String,
    pub(crate) body: Body,
}

impl Draft {
    pub(crate) fn new(name: &str, head: &str) -> Self {
        Draft { name: name.to_owned(), head: head.to_owned(), body: Body::new() }
    }
}

/// The module of a program: `*.tf`, and `<env>.tfvars` for each environment, in the order of their names.
///
/// # Errors
/// An expression that HCL cannot say; the checker lets none through.
pub fn module(program: &Program, parts: &Parts<'_>) -> Result<Vec<File>, Unlowered> {
    let scope = Scope::new(program);
    let places = Places::new(parts.files);
    let all_roles = iam::roles(&scope, &places)?;
    let mut drafts = vec![
        versions::versions(&scope)?,
        variables::variables(&scope, &places)?,
        functions::functions(&scope, &places, parts.slots)?,
        state_machines::state_machines(&scope, parts.machines)?,
        schedules::schedules(&scope, &places)?,
        alarms::alarms(&scope)?,
        roles::roles(&scope, &all_roles)?,
        outputs::outputs(&scope, &places)?,
    ];
    // A module takes the provider, and the values of its variables, from whoever uses it.
    let module = program.project.module;
    if !module {
        drafts.push(versions::provider(&scope));
    }
    drafts.extend(resources::resources(&scope, &places)?);
    if !module && !program.project.untagged.is_empty() {
        drafts.iter_mut().for_each(|draft| versions::without_tags(&mut draft.body, &program.project.untagged));
    }
    drafts.push(data(&drafts));
    drafts.retain(|draft| !draft.body.is_empty());
    if !module {
        drafts.extend(tfvars::tfvars(&scope, &places)?);
    }
    drafts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(drafts
        .into_iter()
        .map(|mut draft| File { text: layout::file(&draft.head, &mut draft.body), name: draft.name })
        .collect())
}

/// Data sources for the facts of the account that some file uses.
fn data(drafts: &[Draft]) -> Draft {
    struct Uses(BTreeSet<String>);
    impl Visit for Uses {
        fn visit_traversal(&mut self, node: &Traversal) {
            if let (Expression::Variable(root), Some(TraversalOperator::GetAttr(ty))) =
                (&node.expr, node.operators.first().map(|operator| operator.value()))
                && root.as_str() == "data"
            {
                self.0.insert(ty.as_str().to_owned());
            }
            visit_traversal(self, node);
        }
    }
    let mut uses = Uses(BTreeSet::new());
    for draft in drafts {
        uses.visit_body(&draft.body);
    }
    let mut draft = Draft::new("data.tf", "What is asked of AWS about the account that this is deployed to.");
    // What the program reads itself stands beside its resources.
    for ty in ["aws_caller_identity", "aws_partition", "aws_region"] {
        if uses.0.contains(ty) {
            draft.body.add(block("data", &[ty, "current"]));
        }
    }
    draft
}
