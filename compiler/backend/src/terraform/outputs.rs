//! `outputs.tf`: what a person needs next: how to start a flow, how to fill a secret, where to push an image.

use super::existence::{attribute, condition};
use super::files::Draft;
use super::hcl::{BodyExt, Part, block, call, list, object, string, text};
use super::variables::unit;
use super::{Scope, Unlowered};
use crate::iam::Places;
use flow_analysis::program::{Flow, FunctionId, Guard, Output, ResourceKind, Type};
use hcl_edit::expr::Expression;

pub(crate) fn outputs(scope: &Scope<'_>, places: &Places<'_>) -> Result<Draft, Unlowered> {
    let mut draft = Draft::new("outputs.tf", "");
    let program = scope.program();
    for output in &program.outputs {
        let mut block = block("output", &[&output.name]);
        block.body.set("description", string(&description(output)));
        let guard = condition(&output.when);
        block.body.set("value", scope.guarded(scope.expression(&output.value)?, guard, Expression::null())?);
        draft.body.add_with(&places.line(output.span), block);
    }
    // What uses a module sees what the program gives, and no more.
    if program.project.module {
        return Ok(draft);
    }
    // What the program itself calls so goes before.
    let mut add = |name: &str, description: &str, value: Expression| {
        let taken = program.outputs.iter().any(|output| output.name == name);
        let name = if taken { format!("flow_{name}") } else { name.to_owned() };
        let mut output = block("output", &[&name]);
        output.body.set("description", string(description));
        output.body.set("value", value);
        draft.body.add(output);
    };
    for (index, flow) in program.flows.iter().enumerate() {
        let Some(names) = scope.names.flow(index) else { continue };
        let arn = || attribute("aws_sfn_state_machine", &names.machine, names.counted, ["arn"]);
        let there = |value: Expression| scope.guarded(value, condition(&flow.when), Expression::null());
        add(
            &format!("{}_state_machine_arn", names.machine),
            &format!("State machine of flow {}", flow.name),
            there(arn())?,
        );
        add(
            &format!("{}_start", names.machine),
            &format!("Starts flow {} by hand", flow.name),
            there(text([
                Part::Text(format!(
                    "aws stepfunctions start-execution --region {} --state-machine-arn ",
                    program.project.region
                )),
                Part::Value(arn()),
                Part::Text(format!(" --input '{}'", input(flow))),
            ]))?,
        );
    }
    let mut functions = Vec::new();
    let mut all_there = true;
    for index in 0..program.functions.len() {
        let id = FunctionId(u32::try_from(index).unwrap_or(u32::MAX));
        let Some(names) = scope.names.function(id).filter(|_| !scope.function_never(id)) else { continue };
        let guard = scope.function_guard(id);
        all_there &= guard.is_none();
        let name = attribute("aws_lambda_function", &names.function, guard.is_some(), ["function_name"]);
        functions.push(scope.guarded(name, guard.as_ref(), Expression::null())?);
    }
    if !functions.is_empty() {
        let names = list(functions);
        let names = if all_there { names } else { call("compact", [names]) };
        add("function_names", "Functions of the generic binary", names);
    }
    let mut secrets = Vec::new();
    let mut shapes = Vec::new();
    for secret in program.secrets.iter().filter(|secret| !secret.when.as_ref().is_some_and(Guard::never)) {
        let command = text([
            Part::Text(format!("aws secretsmanager put-secret-value --region {} --secret-id ", program.project.region)),
            Part::Value(scope.expression(&secret.secret_name)?),
            Part::Text(format!(" --secret-string file://{}.json", secret.name)),
        ]);
        let command = scope.guarded(command, condition(&secret.when), Expression::null())?;
        secrets.push((secret.name.clone(), command));
        shapes.push(format!("{}.json holds {}", secret.name, example(&secret.ty)));
    }
    if !secrets.is_empty() {
        let description = format!("Commands that give each secret its value, once: {}", shapes.join("; "));
        add("put_secrets", &description, object(secrets));
    }
    let mut repositories: Vec<(String, Expression)> = Vec::new();
    for resource in program.resources.iter().filter(|resource| !resource.when.as_ref().is_some_and(Guard::never)) {
        let ResourceKind::Aws { ty, .. } = &resource.kind else { continue };
        if ty == "aws_ecr_repository" {
            let url = attribute(ty, &resource.name, resource.when.is_some(), ["repository_url"]);
            let url = scope.guarded(url, condition(&resource.when), Expression::null())?;
            repositories.push((resource.name.clone(), url));
        }
    }
    if !repositories.is_empty() {
        add("image_repositories", "Where images are pushed", object(repositories));
    }
    Ok(draft)
}

/// Its doc comment, with the unit that the number has.
fn description(output: &Output) -> String {
    let doc = output.doc.as_deref().unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ");
    let doc = if doc.is_empty() { format!("Output {} of the program.", output.name) } else { doc };
    match unit(&output.value.ty) {
        Some(unit) => format!("{doc} {unit}"),
        None => doc,
    }
}

/// An input with a word for each parameter that has no default.
fn input(flow: &Flow) -> String {
    let fields: Vec<String> = flow
        .params
        .iter()
        .filter(|param| param.default.is_none())
        .filter_map(|param| flow.variable(param.variable))
        .filter(|variable| !variable.ty.is_optional())
        .map(|variable| format!("\"{}\":{}", variable.name, example(&variable.ty)))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// A JSON text of this type, with a word for each value.
fn example(ty: &Type) -> String {
    match ty.base() {
        Type::Bool => "true".to_owned(),
        Type::Int | Type::Duration | Type::Size => "1".to_owned(),
        Type::Float | Type::Share => "0.5".to_owned(),
        Type::Date => "\"YYYY-MM-DD\"".to_owned(),
        Type::Timestamp => "\"YYYY-MM-DDThh:mm:ssZ\"".to_owned(),
        Type::List(_) => "[]".to_owned(),
        Type::Record(fields) => {
            let fields = fields.iter().map(|(name, ty)| format!("\"{name}\":{}", example(ty.required())));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Type::Map(_) | Type::Row(_) | Type::Json => "{}".to_owned(),
        Type::Literals(words) => format!("\"{}\"", words.first().map_or("…", String::as_str)),
        _ => "\"…\"".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_a_word_for_each_field() {
        let ty = Type::record(vec![
            ("webhook_url".to_owned(), Type::String),
            ("since".to_owned(), Type::Optional(Box::new(Type::Date))),
            ("mode".to_owned(), Type::literals(vec!["fast".to_owned(), "safe".to_owned()])),
            ("counts".to_owned(), Type::List(Box::new(Type::Int))),
        ]);
        assert_eq!(example(&ty), r#"{"webhook_url":"…","since":"YYYY-MM-DD","mode":"fast","counts":[]}"#);
    }
}
