//! `roles.tf`: each role with who may assume it, and its policy.

use super::files::Draft;
use super::existence::attribute;
use super::hcl::{BodyExt, block, index, list, member, path, string, strings};
use super::{Scope, Unlowered};
use crate::iam::{Role, account};
use hcl_edit::structure::Block;
use std::collections::BTreeSet;

const HEAD: &str = "\
Roles. Each policy holds what the steps need, and the comment on a statement says which line of the program asks for
it. No statement allows all actions; one on all resources says why there.";

/// Services whose calls to assume a role carry the account, so that a role can refuse others
/// (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html, 2026-09).
const NAMES_ACCOUNT: [&str; 3] = ["ecs-tasks.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com"];

pub(crate) fn roles(scope: &Scope<'_>, roles: &[Role]) -> Result<Draft, Unlowered> {
    let mut draft = Draft::new("roles.tf", HEAD);
    let services: BTreeSet<&str> =
        roles.iter().filter(|role| !role.of_others).map(|role| role.service.as_str()).collect();
    for service in services {
        draft.body.add(trust(service));
    }
    for role in roles {
        let guard = role.when.as_ref();
        let mut document = role.document.block(&role.label);
        if guard.is_some() {
            let statements = std::mem::take(&mut document.body);
            scope.count(&mut document.body, guard)?;
            statements.into_iter().for_each(|statement| document.body.push(statement));
        }
        if role.of_others {
            let doc = format!("{}\nIts role is of others: this is what they have to allow it.", role.doc);
            draft.body.add_with(&doc, document);
            continue;
        }
        let mut resource = block("resource", &["aws_iam_role", &role.label]);
        scope.count(&mut resource.body, guard)?;
        resource.body.set("name", role.name.clone());
        resource
            .body
            .set("assume_role_policy", path(["data", "aws_iam_policy_document", &trust_label(&role.service), "json"]));
        draft.body.add_with(&role.doc, resource);
        if role.document.is_empty() {
            continue;
        }
        let mut policy = block("resource", &["aws_iam_role_policy", &role.label]);
        scope.count(&mut policy.body, guard)?;
        policy.body.set("name", string("permissions"));
        policy.body.set("role", attribute("aws_iam_role", &role.label, guard.is_some(), ["id"]));
        let named = path(["data", "aws_iam_policy_document", &role.label]);
        let named = if guard.is_some() { index(named, 0.into()) } else { named };
        policy.body.set("policy", member(named, ["json"]));
        draft.body.add(policy);
        draft.body.add(document);
    }
    Ok(draft)
}

/// `ecs_tasks_trust` for `ecs-tasks.amazonaws.com`.
fn trust_label(service: &str) -> String {
    let name = service.split('.').next().unwrap_or(service);
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{name}_trust")
}

fn trust(service: &str) -> Block {
    let mut data = block("data", &["aws_iam_policy_document", &trust_label(service)]);
    let mut statement = block("statement", &[]);
    statement.body.set("actions", strings(["sts:AssumeRole"]));
    let mut principals = block("principals", &[]);
    principals.body.set("type", string("Service"));
    principals.body.set("identifiers", strings([service]));
    statement.body.add(principals);
    if NAMES_ACCOUNT.contains(&service) {
        let mut condition = block("condition", &[]);
        condition.body.set("test", string("StringEquals"));
        condition.body.set("variable", string("aws:SourceAccount"));
        condition.body.set("values", list([account()]));
        statement.body.add_with("Only on behalf of this account.", condition);
    }
    data.body.add(statement);
    data
}
