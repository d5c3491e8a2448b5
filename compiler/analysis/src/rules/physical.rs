//! Names in AWS that a program writes out itself (07).

use crate::program::{Entry, Expr, ExprKind, Program, Resource, ResourceKind, Value};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// Types whose names are those of an account and region, and the attribute that says them. Not among them: what is often of
/// one account for all environments by intent, such as databases of a catalog and repositories of images.
const NAMED: &[(&str, &str)] = &[
    ("aws_cloudwatch_log_group", "name"),
    ("aws_iam_policy", "name"),
    ("aws_iam_role", "name"),
    ("aws_lambda_function", "function_name"),
    ("aws_sfn_state_machine", "name"),
    ("aws_sns_topic", "name"),
    ("aws_sqs_queue", "name"),
];

/// A name that is the same in each of several environments.
pub(super) fn without_env(program: &Program, diagnostics: &mut Diagnostics) {
    let [first, second, ..] = program.envs.as_slice() else { return };
    for resource in &program.resources {
        let ResourceKind::Aws { ty, body } = &resource.kind else { continue };
        let named = NAMED.iter().find(|(known, _)| known == ty).and_then(|(_, attribute)| Entry::attribute(body, attribute));
        let Some((name, ExprKind::Value(Value::String(text)))) = named.map(|name| (name, &name.kind)) else { continue };
        // What exists in one of them alone, or once for each of several, does not meet itself.
        if resource.when.is_some() || resource.each.is_some() {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                codes::NAME_WITHOUT_ENV,
                format!("`{text}` is called the same in `{}` and in `{}`", first.name, second.name),
            )
            .primary(name.span, "without the environment")
            .note("two environments in one account collide: the second deployment fails, or takes over what the first has made")
            .help(with_env(text, program)),
        );
    }
}

/// The name as the program's others are.
fn with_env(text: &str, program: &Program) -> String {
    let rest = text.strip_prefix(program.project.name.as_str()).and_then(|rest| rest.strip_prefix('-')).unwrap_or(text);
    format!("write `\"{{project.prefix}}-{{env.name}}-{rest}\"`")
}

/// A log group that is called after a function is made after it; Lambda makes one at the first invocation if it may, kept for
/// ever, and then this one cannot be made.
pub(super) fn logs_after_function(program: &Program, diagnostics: &mut Diagnostics) {
    for resource in &program.resources {
        let ResourceKind::Aws { ty, body } = &resource.kind else { continue };
        let Some(name) = Entry::attribute(body, "name").filter(|_| ty == "aws_cloudwatch_log_group") else { continue };
        let Some(function) = function_in(name, program) else { continue };
        diagnostics.push(
            Diagnostic::new(
                codes::LOGS_AFTER_FUNCTION,
                format!("the log group of `{}` is made after the function", function.name),
            )
            .primary(name.span, "the function's attribute is known when it is made")
            .note("a function that is invoked before logs to a group that Lambda makes, which is kept for ever, or nowhere")
            .help("write the name in both: `\"/aws/lambda/{project.prefix}-{env.name}-NAME\"`, and name the group in the function's `logging_config`")
            .help("`lambda.function` of `std.aws.lambda` does so"),
        );
    }
}

/// The function of which a value names an attribute.
fn function_in<'p>(value: &Expr, program: &'p Program) -> Option<&'p Resource> {
    let mut found = None;
    value.walk(&mut |part| {
        if let ExprKind::Attribute { resource, .. } = &part.kind
            && let Some(resource) = program.resource(*resource)
            && matches!(&resource.kind, ResourceKind::Aws { ty, .. } if ty == "aws_lambda_function")
        {
            found = Some(resource);
        }
    });
    found
}
