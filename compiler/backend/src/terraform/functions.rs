//! `functions.tf`: a Lambda function for each [`flow_analysis::program::Function`], with its log group.

use super::files::Draft;
use super::existence::attribute;
use super::hcl::{BodyExt, block, call, list, object, path, string, strings, text, var};
use super::{Scope, Unlowered};
use crate::iam::Places;
use flow_analysis::limits::LAMBDA_NAME;
use crate::plan::SlotValue;
use flow_analysis::program::{Facts, Function, FunctionId};
use hcl_edit::expr::Expression;

const HEAD: &str = "\
Functions of the generic binary, which runs what the plan says: reading, checking, transforming, publishing.

Their package is one zip with the binary as `bootstrap` and the plan as `plan.json`; `flowc build --package` makes it.
`worker_package` says where it is. Without the file, `terraform plan` works and `terraform apply` does not.";

pub(crate) fn functions(scope: &Scope<'_>, places: &Places<'_>, slots: &[SlotValue]) -> Result<Draft, Unlowered> {
    let mut draft = Draft::new("functions.tf", HEAD);
    for (index, function) in scope.program().functions.iter().enumerate() {
        let mut environment: Vec<(String, Expression)> = Vec::new();
        if let Some(stream) = &function.stream {
            environment.push((flow_plan::STREAM_VARIABLE.to_owned(), string(stream)));
        }
        for slot in slots {
            let own = function.stream.as_ref().is_some_and(|stream| slot.streams.contains(stream));
            if slot.streams.is_empty() || own {
                let value = scope.value_or(&slot.value, &Facts::default(), string(""))?;
                environment.push((flow_plan::slot_variable(&slot.name), value));
            }
        }
        add(scope, places, &mut draft, FunctionId(u32::try_from(index).unwrap_or(u32::MAX)), function, &environment)?;
    }
    Ok(draft)
}

fn add(
    scope: &Scope<'_>,
    places: &Places<'_>,
    draft: &mut Draft,
    id: FunctionId,
    function: &Function,
    environment: &[(String, Expression)],
) -> Result<(), Unlowered> {
    let Some(names) = scope.names.function(id) else { return Ok(()) };
    let guard = scope.function_guard(id);
    if scope.function_never(id) {
        return Ok(());
    }
    let counted = guard.is_some();
    let package = || {
        let given = var(&scope.names.variable("worker_package"));
        let beside = || text([path(["path", "module"]).into(), "/worker.zip".into()]);
        if scope.program().project.module { call("coalesce", [given, beside()]) } else { given }
    };
    let name = || scope.names.physical(&function.name, &LAMBDA_NAME);
    let logs = attribute("aws_cloudwatch_log_group", &names.logs, counted, ["name"]);

    let mut lambda = block("resource", &["aws_lambda_function", &names.function]);
    let body = &mut lambda.body;
    scope.count(body, guard.as_ref())?;
    body.set("function_name", name());
    body.set("description", string(&description(function)));
    body.set("role", attribute("aws_iam_role", &names.role, counted, ["arn"]));
    body.set("filename", package());
    body.set("source_code_hash", call("try", [call("filebase64sha256", [package()]), Expression::null()]));
    body.set("runtime", string("provided.al2023"));
    body.set("handler", string("bootstrap"));
    body.set("architectures", strings(["x86_64"]));
    body.set("memory_size", function.memory_mb);
    body.set("timeout", function.timeout_s);

    if let Some(network) = &function.network {
        let mut attached = block("vpc_config", &[]);
        attached.body.set("subnet_ids", scope.expression(&network.subnets)?);
        attached.body.set("security_group_ids", scope.expression(&network.security_groups)?);
        body.add(attached);
    }
    let mut storage = block("ephemeral_storage", &[]);
    storage.body.set("size", function.storage_mb);
    body.add(storage);
    if !environment.is_empty() {
        let mut variables = block("environment", &[]);
        let note = match &function.stream {
            Some(_) => "The stream of the plan, and its slots.",
            None => "Slots of the plan.",
        };
        variables.body.set_with(note, "variables", object(environment.iter().cloned()));
        body.add(variables);
    }
    let mut logging = block("logging_config", &[]);
    logging.body.set("log_format", string("JSON"));
    logging.body.set("log_group", logs);
    body.add(logging);
    let mut tracing = block("tracing_config", &[]);
    tracing.body.set("mode", string("Active"));
    body.add(tracing);
    if function.network.is_some() {
        let policy = path(["aws_iam_role_policy", &names.role]);
        body.set_with("It attaches itself with its role's permissions, so they come first.", "depends_on", list([policy]));
    }
    draft.body.add_with(&places.words(function.span), lambda);

    let mut group = block("resource", &["aws_cloudwatch_log_group", &names.logs]);
    scope.count(&mut group.body, guard.as_ref())?;
    group.body.set("name", text(["/aws/lambda/".into(), name().into()]));
    group.body.set("retention_in_days", var(&scope.names.variable("log_retention_days")));
    draft.body.add(group);
    Ok(())
}

/// At most 256 characters, as Lambda demands.
fn description(function: &Function) -> String {
    let text = match &function.stream {
        Some(stream) => format!("Takes what comes to stream {stream}"),
        None => format!("Runs {}", function.steps.join(", ")),
    };
    if text.chars().count() <= 256 { text } else { text.chars().take(255).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::{layout, testing};
    use super::*;

    fn printed(slots: &[SlotValue], change: impl FnOnce(&mut Function)) -> String {
        let mut program = testing::program();
        change(program.functions.first_mut().unwrap());
        layout::file("", &mut functions(&Scope::new(&program), &Places::new(&testing::files()), slots).unwrap().body)
    }

    #[test]
    fn slots_are_environment_variables() {
        let value = testing::param("raw", flow_analysis::program::Type::String);
        let slots = [SlotValue { name: "raw bucket".to_owned(), value, streams: Vec::new(), local: None }];
        assert!(printed(&slots, |_| ()).contains("FLOW_SLOT_RAW_BUCKET = var.raw"));
        assert!(!printed(&[], |_| ()).contains("environment"));
    }

    #[test]
    fn memory_timeout_and_storage_are_the_function_s() {
        let text = printed(&[], |function| {
            (function.memory_mb, function.timeout_s, function.storage_mb) = (2048, 600, 4096);
            function.name = "worker-2gb".to_owned();
        });
        for line in [
            "resource \"aws_lambda_function\" \"worker_2gb\" {",
            "function_name    = \"dpc-${var.env}-worker-2gb\"",
            "memory_size      = 2048",
            "timeout          = 600",
            "size = 4096",
            "name              = \"/aws/lambda/dpc-${var.env}-worker-2gb\"",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_description_fits_lambda_s_limit() {
        let mut program = testing::program();
        let function = program.functions.first_mut().unwrap();
        function.steps = (0..60).map(|step| format!("nightly.step_{step}")).collect();
        let text = description(function);
        assert_eq!(text.chars().count(), 256);
        assert!(text.ends_with('…'));
    }
}
