//! Permissions that a program asks for itself (07): the `iam` of a task, the statements of a role. What the library asks
//! for names its resources.

use crate::program::{Expr, ExprKind, Flow, PolicyStatement, Program, ResourceKind, Value};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// Actions that change or read one thing, whose ARN a statement can name. (`ecs:RunTask` on `*` starts any container
/// with any role; others, such as `ecr:GetAuthorizationToken`, have no resource at all.)
const OF_ONE_RESOURCE: &[&str] = &[
    "athena:StartQueryExecution",
    "batch:SubmitJob",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "ecs:RunTask",
    "ecs:StopTask",
    "events:PutEvents",
    "events:PutRule",
    "events:PutTargets",
    "glue:StartCrawler",
    "glue:StartJobRun",
    "iam:PassRole",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "lambda:InvokeFunction",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "secretsmanager:GetSecretValue",
    "sns:Publish",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "states:RedriveExecution",
    "states:StartExecution",
    "states:StopExecution",
];

/// What the steps of a flow ask for: each statement once.
pub(super) fn of_steps(flow: &Flow, diagnostics: &mut Diagnostics) {
    let mut seen: Vec<&PolicyStatement> = Vec::new();
    for step in flow.steps() {
        for statement in &step.call.statements {
            if !seen.contains(&statement) {
                seen.push(statement);
                wide(&format!("step `{}`", step.name), statement, step.name_span, diagnostics);
            }
        }
    }
}

/// What Step Functions waits for by a rule of EventBridge that it manages: the service in a resource's ARN, the rule.
const RULES: &[(&str, &str)] = &[
    (":::batch:", "StepFunctionsGetEventsForBatchJobsRule"),
    (":::codebuild:", "StepFunctionsGetEventForCodeBuildStartBuildRule"),
    (":::ecs:", "StepFunctionsGetEventsForECSTaskRule"),
    (":::states:", "StepFunctionsGetEventsForStepFunctionsExecutionRule"),
];

/// A task that waits for a service's end and may not learn of it.
pub(super) fn sync_rules(flow: &Flow, diagnostics: &mut Diagnostics) {
    let mut seen: Vec<&str> = Vec::new();
    for step in flow.steps() {
        let resource = step.call.resource.as_str();
        let rule = RULES.iter().find(|(service, _)| resource.contains(service) && resource.contains(".sync"));
        let Some((_, rule)) = rule.filter(|_| !seen.contains(&step.call.task.as_str())) else { continue };
        let may = |action: &String| action == "events:PutRule" || action == "events:*" || action == "*";
        if step.call.statements.iter().any(|statement| statement.actions.iter().any(may)) {
            continue;
        }
        seen.push(&step.call.task);
        diagnostics.push(
            Diagnostic::new(
                codes::SYNC_RULE,
                format!("step `{}` waits with `.sync`, and may not make the rule that tells of the end", step.name),
            )
            .primary(step.name_span, format!("`{}` has no permission for `events:PutRule`", step.call.task))
            .note(format!("`{resource}` is waited for by a rule of EventBridge, `{rule}`, that Step Functions manages"))
            .help(format!(
                "add to the `iam` of `{}`: `{{ actions: [\"events:PutTargets\", \"events:PutRule\", \
                 \"events:DescribeRule\"], resources: [\"arn:{{aws.partition}}:events:{{aws.region}}:{{aws.account}}:rule/{rule}\"] }}`",
                step.call.task
            )),
        );
    }
}

/// What roles ask for.
pub(super) fn of_roles(program: &Program, diagnostics: &mut Diagnostics) {
    for resource in &program.resources {
        if let ResourceKind::Role { statements, .. } = &resource.kind {
            for statement in statements {
                wide(&format!("role `{}`", resource.name), statement, resource.span, diagnostics);
            }
        }
    }
}

fn wide(who: &str, statement: &PolicyStatement, at: Span, diagnostics: &mut Diagnostics) {
    let all = statement.actions.iter().find(|action| *action == "*" || action.ends_with(":*"));
    let anywhere = statement.conditions.is_empty() && statement.resources.iter().any(is_all);
    let one = || statement.actions.iter().find(|action| OF_ONE_RESOURCE.contains(&action.as_str()));
    let (message, note, help) = if let Some(action) = all {
        (
            format!("{who} may do everything: `{action}`"),
            "who takes over the state machine may then do all of it, deleting and granting too",
            "name the actions that the call needs: `actions: [\"s3:GetObject\"]`".to_owned(),
        )
    } else if let Some(action) = anywhere.then(one).flatten() {
        (
            format!("{who} may use `{action}` on every resource of the account"),
            "the action takes the ARN of the one that is meant",
            format!("name it: `resources: [ARN]`, with the parameter or the resource that the step uses, instead of `[\"*\"]` for `{action}`"),
        )
    } else {
        return;
    };
    let mut diagnostic = Diagnostic::new(codes::PERMISSION_WIDE, message).primary(at, "asks for it");
    if statement.cause.file == at.file && statement.cause != at {
        diagnostic = diagnostic.secondary(statement.cause, "this is what asks");
    }
    diagnostics.push(diagnostic.note(note).help(help));
}

fn is_all(resource: &Expr) -> bool {
    matches!(&resource.kind, ExprKind::Value(Value::String(text)) if text == "*")
}
