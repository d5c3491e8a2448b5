//! Resources of constructs and of the program itself, in files by service. Roles are in `roles.tf`.

use super::existence::{address, condition};
use super::files::Draft;
use super::hcl::{BodyExt, block, call, list, only_where, path, string};
use super::{Scope, Unlowered};
use crate::iam::Places;
use flow_analysis::program::{Entry, ExprKind, FunctionId, Guard, Resource, ResourceKind, Value};
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;

pub(crate) fn resources(scope: &Scope<'_>, places: &Places<'_>) -> Result<Vec<Draft>, Unlowered> {
    let mut drafts: Vec<Draft> = Vec::new();
    for resource in &scope.program().resources {
        let (mut lowered, ty) = match &resource.kind {
            ResourceKind::Aws { ty, .. } => (block("resource", &[ty, &resource.name]), ty.as_str()),
            ResourceKind::Existing { ty, .. } => (block("data", &[ty, &resource.name]), ty.as_str()),
            ResourceKind::Module { source, version, .. } => {
                let mut lowered = block("module", &[&resource.name]);
                lowered.body.set("source", string(source));
                version.iter().for_each(|version| lowered.body.set("version", string(version)));
                (lowered, "flow_module")
            }
            ResourceKind::Role { .. } => continue,
        };
        if resource.when.as_ref().is_some_and(Guard::never) {
            continue;
        }
        repeat(scope, resource, &mut lowered.body)?;
        entries(scope, resource.body(), &mut lowered.body)?;
        let functions = functions_in(resource);
        if ty != PERMISSION && !functions.is_empty() {
            // Whatever hands a function its events comes after what it may do, and after who may invoke it.
            let roles = functions.iter().filter_map(|function| scope.names.function(*function));
            let mut first: Vec<Expression> = roles.map(|names| path(["aws_iam_role_policy", &names.role])).collect();
            let permissions = scope.program().resources.iter().filter(|other| {
                matches!(&other.kind, ResourceKind::Aws { ty, .. } if ty == PERMISSION)
                    && functions_in(other).iter().any(|function| functions.contains(function))
            });
            first.extend(permissions.map(|permission| path([PERMISSION, &permission.name])));
            lowered.body.set("depends_on", list(first));
        }
        let streams = scope.program().streams.iter().any(|stream| stream.span.key() == resource.span.key());
        let name = if streams { "streams.tf".to_owned() } else { file(&scope.program().resources, resource, ty) };
        let place = places.words(resource.span);
        let note = resource.doc.as_deref().map_or_else(|| place.clone(), |doc| format!("{doc}\n{place}"));
        let draft = match drafts.iter_mut().position(|draft| draft.name == name) {
            Some(index) => drafts.get_mut(index),
            None => {
                drafts.push(Draft::new(&name, ""));
                drafts.last_mut()
            }
        };
        if let Some(draft) = draft {
            draft.body.add_with(&note, lowered);
        }
    }
    Ok(drafts)
}

/// `count` of what has a condition, `for_each` of what there is one for each of.
fn repeat(scope: &Scope<'_>, resource: &Resource, body: &mut Body) -> Result<(), Unlowered> {
    let guard = condition(&resource.when);
    let Some(each) = &resource.each else { return scope.count(body, guard) };
    let values = scope.expression(&each.values)?;
    let values = match guard {
        Some(guard) => only_where(values, each.is_map(), scope.expression(guard)?),
        None => values,
    };
    body.set("for_each", if each.is_map() { values } else { call("toset", [values]) });
    Ok(())
}

/// What allows a service to invoke a function.
const PERMISSION: &str = "aws_lambda_permission";

/// The functions of the generic binary that a resource names.
fn functions_in(resource: &Resource) -> Vec<FunctionId> {
    fn of(entries: &[Entry], found: &mut Vec<FunctionId>) {
        for entry in entries {
            match entry {
                Entry::Attribute(_, value) => value.walk(&mut |part| {
                    if let ExprKind::FunctionArn(id) = part.kind {
                        found.push(id);
                    }
                }),
                Entry::Block(_, body) | Entry::Dynamic { body, .. } => of(body, found),
                Entry::DependsOn(_) | Entry::IgnoreChanges(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    if let ResourceKind::Aws { body, .. } = &resource.kind {
        of(body, &mut found);
    }
    found
}

fn entries(scope: &Scope<'_>, entries: &[Entry], body: &mut Body) -> Result<(), Unlowered> {
    for entry in entries {
        match entry {
            Entry::Attribute(_, value) if matches!(value.kind, ExprKind::Value(Value::None)) => {}
            Entry::Attribute(name, value) => body.set(name, scope.expression(value)?),
            Entry::Block(name, inner) => {
                let mut nested = block(name, &[]);
                self::entries(scope, inner, &mut nested.body)?;
                body.add(nested);
            }
            Entry::Dynamic { name, element, values, body: inner } => {
                let mut dynamic = block("dynamic", &[name]);
                dynamic.body.set("for_each", scope.expression(values)?);
                let element = iterator(element);
                if element != *name {
                    dynamic.body.set("iterator", path([element.as_str()]));
                }
                let mut content = block("content", &[]);
                self::entries(scope, inner, &mut content.body)?;
                dynamic.body.add(content);
                body.add(dynamic);
            }
            Entry::DependsOn(resources) => {
                // What waits for a role waits for what it may do.
                let first = |resource: &Resource| match &resource.kind {
                    ResourceKind::Role { statements, .. } if !statements.is_empty() => path(["aws_iam_role_policy", &resource.name]),
                    _ => address(resource),
                };
                let resources = resources.iter().filter_map(|id| scope.program().resource(*id)).map(first);
                body.set("depends_on", list(resources.collect::<Vec<_>>()));
            }
            Entry::IgnoreChanges(names) => {
                let value = match names.iter().any(|name| name == "all") {
                    true => path(["all"]),
                    false => list(names.iter().map(|name| path([name.as_str()])).collect::<Vec<_>>()),
                };
                body.set("ignore_changes", value);
            }
        }
    }
    Ok(())
}

/// What the elements of blocks are called in HCL: by their name in the program, but for what means something there.
pub(crate) fn iterator(name: &str) -> String {
    const ROOTS: [&str; 10] = ["var", "local", "module", "data", "path", "terraform", "count", "self", "provider", "resource"];
    match name {
        "each" => "each".to_owned(),
        _ if ROOTS.contains(&name) || name.starts_with("aws_") => format!("each_{name}"),
        _ => name.to_owned(),
    }
}

/// The file of a resource, by its service. A log group goes with what the same line of the program asks for.
fn file(all: &[Resource], resource: &Resource, ty: &str) -> String {
    let service = |ty: &str| ty.split('_').nth(1).unwrap_or("").to_owned();
    let service = match service(ty).as_str() {
        "cloudwatch" if ty.starts_with("aws_cloudwatch_event") => "events".to_owned(),
        "cloudwatch" if matches!(ty, "aws_cloudwatch_metric_alarm" | "aws_cloudwatch_dashboard") => "observability".to_owned(),
        "cloudwatch" => all
            .iter()
            .filter(|other| other.span.key() == resource.span.key())
            .find_map(|other| match &other.kind {
                ResourceKind::Aws { ty, .. } | ResourceKind::Existing { ty, .. } if service(ty) != "cloudwatch" => Some(service(ty)),
                _ => None,
            })
            .unwrap_or_else(|| "cloudwatch".to_owned()),
        other => other.to_owned(),
    };
    let name = match service.as_str() {
        "ecs" | "ecr" => "containers",
        "glue" | "athena" => "catalog",
        "secretsmanager" | "ssm" | "kms" => "secrets",
        "sqs" | "sns" | "kinesis" => "messaging",
        "s3" | "dynamodb" => "storage",
        "lambda" => "other_functions",
        "cloudwatch" => "logs",
        "module" => "modules",
        "" => "resources",
        other => other,
    };
    format!("{name}.tf")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::{layout, testing};
    use super::*;

    #[test]
    fn resources_are_in_files_by_service_and_none_is_left_out() {
        let (mut program, files) = (testing::program(), testing::files());
        for (ty, name) in [("aws_glue_catalog_table", "mart"), ("aws_cloudwatch_log_group", "alone")] {
            program.resources.push(Resource {
                each: None,
                when: None,
                kind: ResourceKind::Aws { ty: ty.to_owned(), body: Vec::new() },
                name: name.to_owned(),
                doc: Some("A doc comment\nof two lines".to_owned()),
                span: testing::span("sink staged"),
            });
        }
        let mut drafts = resources(&Scope::new(&program), &Places::new(&files)).unwrap();
        let names: Vec<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
        // The log group `alone` is asked for by the line that asks for the Glue table.
        assert_eq!(names, ["containers.tf", "secrets.tf", "catalog.tf"]);
        insta::assert_snapshot!(layout::file("", &mut drafts.last_mut().unwrap().body), @r#"
        # A doc comment
        # of two lines
        # nightly.flow:7 sink staged
        resource "aws_glue_catalog_table" "mart" {}

        # A doc comment
        # of two lines
        # nightly.flow:7 sink staged
        resource "aws_cloudwatch_log_group" "alone" {}
        "#);
        let containers = layout::file("", &mut drafts.first_mut().unwrap().body);
        assert!(!containers.contains("kms_key_id"), "{containers}");
    }
}
