//! Permissions that a call needs and does not ask for (08): the `iam` of a task against its `resource`, and the role that a
//! database takes on against the statement that names it.

use crate::program::{Expr, ExprKind, Flow, PolicyStatement, Program, ResourceKind, TextPart, Value};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// What calling an integration takes: part of the resource, actions.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html> (2026-11)
const NEEDED: &[(&str, &[&str])] = &[
    (":::athena:startQueryExecution", &["athena:StartQueryExecution"]),
    (":::aws-sdk:redshiftdata:describeStatement", &["redshift-data:DescribeStatement"]),
    (":::aws-sdk:redshiftdata:executeStatement", &["redshift-data:ExecuteStatement"]),
    (":::batch:submitJob", &["batch:SubmitJob"]),
    (":::dynamodb:deleteItem", &["dynamodb:DeleteItem"]),
    (":::dynamodb:getItem", &["dynamodb:GetItem"]),
    (":::dynamodb:putItem", &["dynamodb:PutItem"]),
    (":::dynamodb:updateItem", &["dynamodb:UpdateItem"]),
    (":::ecs:runTask", &["ecs:RunTask", "iam:PassRole"]),
    (":::events:putEvents", &["events:PutEvents"]),
    (":::glue:startJobRun", &["glue:StartJobRun"]),
    (":::lambda:invoke", &["lambda:InvokeFunction"]),
    (":::sns:publish", &["sns:Publish"]),
    (":::sqs:sendMessage", &["sqs:SendMessage"]),
    (":::states:startExecution", &["states:StartExecution"]),
];

/// A task that asks for permissions, and not for the one of its call. One that asks for none says by that, and by its
/// `credentials`, that others give them.
pub(super) fn needed(flow: &Flow, diagnostics: &mut Diagnostics) {
    let mut seen: Vec<&str> = Vec::new();
    for step in flow.steps() {
        let call = &step.call;
        let Some((_, actions)) = NEEDED.iter().find(|(part, _)| call.resource.contains(part)) else { continue };
        if call.statements.is_empty() || call.function.is_some() || seen.contains(&call.task.as_str()) {
            continue;
        }
        let assumes = call.statements.iter().any(|statement| statement.actions.iter().any(|action| action == "sts:AssumeRole"));
        let lacks: Vec<&str> = actions.iter().copied().filter(|action| !allows(&call.statements, action)).collect();
        if assumes || lacks.is_empty() {
            continue;
        }
        seen.push(&call.task);
        let listed = lacks.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(" and ");
        let are = if lacks.len() == 1 { "is" } else { "are" };
        let mut diagnostic = Diagnostic::new(
            codes::CALL_NOT_ALLOWED,
            format!("step `{}` calls `{}`, and its role may not: {listed} {are} missing", step.name, call.resource),
        )
        .primary(step.name_span, format!("the `iam` of `{}` does not ask for that", call.task));
        if lacks.contains(&"iam:PassRole") {
            diagnostic = diagnostic.note("a container runs with the roles of its definition, and whoever starts it hands them over");
        }
        diagnostics.push(
            diagnostic
                .note("the execution would fail at this step with `AccessDenied`, not before")
                .help(format!("add to the `iam` of `{}`: `{{ actions: [\"{}\"], resources: [ARN] }}`", call.task, lacks.join("\", \""))),
        );
    }
}

/// What a statement of SQL does in S3, as the role that it names: its first word, the action.
const IN_S3: &[(&str, &str, &str)] = &[
    ("unload", "s3:PutObject", "writes = [SINK]"),
    ("copy", "s3:GetObject", "reads = [SOURCE]"),
];

/// A statement for the Data API that names a role of this program which may not do what the statement does.
pub(super) fn of_a_database(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    for step in flow.steps() {
        if !step.call.resource.contains(":redshiftdata:executeStatement") {
            continue;
        }
        let Some(sql) = step.call.arguments.entry("Sql") else { continue };
        let text = known_text(sql).to_ascii_lowercase();
        let Some((word, action, field)) = IN_S3.iter().find(|(word, ..)| {
            text.trim_start().strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '(', '\n']))
        }) else {
            continue;
        };
        sql.walk(&mut |part| {
            let ExprKind::Attribute { resource, .. } = &part.kind else { return };
            let Some(resource) = program.resource(*resource) else { return };
            let ResourceKind::Role { statements, .. } = &resource.kind else { return };
            if allows(statements, action) {
                return;
            }
            let mut diagnostic = Diagnostic::new(
                codes::DATABASE_ROLE,
                format!("`{}` of step `{}` is done by a role that has no `{action}`", word.to_ascii_uppercase(), step.name),
            )
            .primary(resource.span, "with this role the statement would fail: access denied");
            if resource.span.file == step.span.file {
                diagnostic = diagnostic.secondary(step.name_span, "the statement");
            }
            diagnostics.push(
                diagnostic
                    .note("the database itself takes on the role: the permissions of the flow do not count there")
                    .help(format!("say which tables it is for: `redshift.role {{ {field} }}`")),
            );
        });
    }
}

/// The text of an expression, as far as it is known.
fn known_text(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Value(Value::String(text)) => text.clone(),
        ExprKind::Text(parts) => parts
            .iter()
            .map(|part| match part {
                TextPart::Text(text) => text.clone(),
                TextPart::Expr(expr) => known_text(expr),
            })
            .collect(),
        _ => String::new(),
    }
}

fn allows(statements: &[PolicyStatement], action: &str) -> bool {
    let service = action.split(':').next().unwrap_or_default();
    statements.iter().flat_map(|statement| &statement.actions).any(|allowed| {
        allowed == "*"
            || allowed == action
            || allowed.strip_suffix('*').is_some_and(|head| head.starts_with(service) && action.starts_with(head))
    })
}
