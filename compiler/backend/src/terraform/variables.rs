//! `variables.tf`: the program's parameters, typed, described and validated, and the few that Flow adds.

use super::expr::{constant, is_textual};
use super::files::Draft;
use super::hcl::{BodyExt, Part, binary, block, call, choose, ident, list, object, path, string, strings, text, var};
use super::names::ENV_LIMIT;
use super::{Scope, Unlowered};
use crate::iam::Places;
use flow_analysis::program::{Param, Program, Type, Value};
use hcl_edit::expr::{BinaryOperator, Expression, ForExpr, ForIntro};
use hcl_edit::structure::Block;

pub(crate) fn variables(scope: &Scope<'_>, places: &Places<'_>) -> Result<Draft, Unlowered> {
    let mut draft = Draft::new("variables.tf", "");
    draft.body.add(env(scope));
    for param in &scope.program().params {
        draft.body.add_with(&places.line(param.span), variable(scope, param)?);
    }
    for extra in added(scope) {
        draft.body.add(extra);
    }
    Ok(draft)
}

fn env(scope: &Scope<'_>) -> Block {
    let name = scope.names.variable("env");
    let mut block = head(&name, "The environment; part of every name.", word("string"), None);
    let envs: Vec<&str> = scope.program().envs.iter().map(|env| env.name.as_str()).collect();
    if envs.is_empty() {
        let pattern = format!("^[a-z][a-z0-9-]{{0,{}}}$", ENV_LIMIT - 1);
        let condition = call("can", [call("regex", [string(&pattern), var(&name)])]);
        let message =
            format!("{name} is a word of lower-case letters, digits and dashes, at most {ENV_LIMIT} characters");
        block.body.add(validation(condition, string(&message)));
    } else {
        let condition = call("contains", [strings(envs.iter().copied()), var(&name)]);
        let message =
            text([Part::Text(format!("{name} is one of {}, not ", envs.join(", "))), Part::Value(var(&name))]);
        block.body.add(validation(condition, message));
    }
    block
}

fn variable(scope: &Scope<'_>, param: &Param) -> Result<Block, Unlowered> {
    let ty = param.ty.required();
    let optional = param.ty.is_optional();
    let default = match &param.default {
        Some(default) => Some(scope.expression(default)?),
        None if optional => Some(Expression::null()),
        None => None,
    };
    let mut block = head(&param.name, &description(param), type_of(scope.program(), ty), default);
    if !optional {
        block.body.set("nullable", false);
    }
    // An optional parameter that is not given satisfies every condition.
    let guard = |condition: Expression| {
        if optional {
            let absent = binary(var(&param.name), BinaryOperator::Eq, Expression::null());
            choose(absent, true.into(), condition)
        } else {
            condition
        }
    };
    if let Some((condition, message)) = of_type(ty, &param.name) {
        block.body.add(validation(guard(condition), string(&message)));
    }
    for check in &param.validations {
        let condition = if check.each {
            let item = path(["value"]);
            let intro = ForIntro::new(ident("value"), var(&param.name));
            let each: Expression = ForExpr::new(intro, scope.condition(&check.condition, &item)?).into();
            call("alltrue", [each])
        } else {
            scope.condition(&check.condition, &var(&param.name))?
        };
        let written = check.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let whose = if check.each { "each value of it " } else { "" };
        let rule = Part::Text(format!("{whose}must satisfy {written}"));
        let message = if is_textual(ty) && !optional {
            text([Part::Text(format!("{}, which is '", param.name)), Part::Value(var(&param.name)), "', ".into(), rule])
        } else {
            text([Part::Text(format!("{} ", param.name)), rule])
        };
        block.body.add(validation(guard(condition), message));
    }
    Ok(block)
}

/// Variables beside the program's own.
fn added(scope: &Scope<'_>) -> Vec<Block> {
    let name = |wanted: &str| scope.names.variable(wanted);
    let program = scope.program();
    let mut blocks = Vec::new();
    if !program.functions.is_empty() {
        let (beside, default) = match program.project.module {
            true => (" Without it, `worker.zip` beside the module.", Expression::null()),
            false => ("", string("worker.zip")),
        };
        blocks.push(head(
            &name("worker_package"),
            &format!("Path of the functions' zip, as `flowc build --package` makes it.{beside}"),
            word("string"),
            Some(default),
        ));
    }
    if !program.functions.is_empty() || !program.flows.is_empty() {
        blocks.push(head(
            &name("log_retention_days"),
            "Days for which logs of functions and flows are kept; one of the periods that CloudWatch Logs has.",
            word("number"),
            Some(365.into()),
        ));
    }
    if !program.flows.is_empty() || !program.streams.is_empty() {
        let what = match (program.flows.is_empty(), program.streams.is_empty()) {
            (false, true) => "a flow fails",
            (true, false) => "a stream fails",
            _ => "a flow or a stream fails",
        };
        blocks.push(head(
            &name("alarm_actions"),
            &format!("ARNs that are told when {what}: SNS topics, for example."),
            call("list", [word("string")]),
            Some(list([])),
        ));
    }
    if program.flows.iter().any(|flow| !flow.triggers.is_empty()) {
        blocks.push(head(
            &name("schedules_enabled"),
            "Whether schedules start their flows; false leaves them there, at rest.",
            word("bool"),
            Some(true.into()),
        ));
    }
    blocks
}

fn head(name: &str, description: &str, ty: Expression, default: Option<Expression>) -> Block {
    let mut block = block("variable", &[name]);
    block.body.set("description", string(description));
    block.body.set("type", ty);
    if let Some(default) = default {
        block.body.set("default", default);
    }
    block
}

fn validation(condition: Expression, message: Expression) -> Block {
    let mut block = block("validation", &[]);
    block.body.set("condition", condition);
    block.body.set("error_message", message);
    block
}

fn description(param: &Param) -> String {
    let doc = param.doc.as_deref().unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ");
    let doc = if doc.is_empty() { format!("Parameter {} of the program.", param.name) } else { doc };
    match unit(&param.ty) {
        Some(unit) => format!("{doc} {unit}"),
        None => doc,
    }
}

/// What a number of this type counts, as a sentence.
pub(crate) fn unit(ty: &Type) -> Option<&'static str> {
    match ty.required().base() {
        Type::Duration => Some("In seconds."),
        Type::Size => Some("In bytes."),
        Type::Share => Some("From 0.0 to 1.0."),
        _ => None,
    }
}

/// What Terraform's type does not say of a type: texts that are dates, numbers that are whole.
fn of_type(ty: &Type, name: &str) -> Option<(Expression, String)> {
    let value = || var(name);
    match ty.base() {
        Type::Int | Type::Size => {
            Some((binary(call("floor", [value()]), BinaryOperator::Eq, value()), format!("{name} is a whole number")))
        }
        Type::Date => Some((
            call("can", [call("formatdate", [string("YYYY"), text([value().into(), "T00:00:00Z".into()])])]),
            format!("{name} is a date: YYYY-MM-DD"),
        )),
        Type::Timestamp => Some((
            call("can", [call("formatdate", [string("YYYY"), value()])]),
            format!("{name} is an instant as RFC 3339 has it: YYYY-MM-DDThh:mm:ssZ"),
        )),
        Type::Share => Some((
            binary(
                binary(value(), BinaryOperator::GreaterEq, constant(&Value::Int(0))),
                BinaryOperator::And,
                binary(value(), BinaryOperator::LessEq, constant(&Value::Int(1))),
            ),
            format!("{name} is a share, from 0.0 to 1.0"),
        )),
        Type::Literals(words) => Some((
            call("contains", [strings(words.iter().map(String::as_str)), value()]),
            format!("{name} is one of {}", words.join(", ")),
        )),
        _ => None,
    }
}

fn word(name: &str) -> Expression {
    path([name])
}

/// A type as Terraform's constraint.
fn type_of(program: &Program, ty: &Type) -> Expression {
    let fields = |fields: Vec<(&str, &Type)>| {
        let fields = fields.into_iter().map(|(name, ty)| {
            let inner = type_of(program, ty.required());
            (name, if ty.is_optional() { call("optional", [inner]) } else { inner })
        });
        call("object", [object(fields)])
    };
    match ty.base() {
        Type::Bool => word("bool"),
        Type::Int | Type::Float | Type::Duration | Type::Size | Type::Share => word("number"),
        Type::List(item) => call("list", [type_of(program, item)]),
        Type::Map(item) => call("map", [type_of(program, item)]),
        Type::Record(record) => fields(record.iter().map(|(name, ty)| (name.as_str(), ty)).collect()),
        Type::Row(id) => match program.schema(*id) {
            Some(schema) => fields(schema.fields.iter().map(|field| (field.name.as_str(), &field.ty)).collect()),
            None => word("any"),
        },
        Type::Optional(inner) => type_of(program, inner),
        Type::Json | Type::None | Type::Generic(_) | Type::Error | Type::Task | Type::Location | Type::Partitions => {
            word("any")
        }
        Type::Decimal(..)
        | Type::String
        | Type::Bytes
        | Type::Date
        | Type::Timestamp
        | Type::Arn
        | Type::Literals(_)
        | Type::Nominal { .. }
        | Type::Table(_)
        | Type::Channel(..)
        | Type::TableRef
        | Type::Target
        | Type::Secret(_) => word("string"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::{layout, testing};
    use super::*;
    use flow_analysis::program::{Binary, Expr, ExprKind, Stage, Validation};
    use std::process::Command;

    fn param(name: &str, ty: Type) -> Param {
        Param {
            name: name.to_owned(),
            doc: None,
            ty,
            default: None,
            validations: Vec::new(),
            span: testing::span("param raw"),
        }
    }

    fn printed(params: Vec<Param>) -> String {
        let (mut program, files) = (testing::program(), testing::files());
        program.params = params;
        layout::file("", &mut variables(&Scope::new(&program), &Places::new(&files)).unwrap().body)
    }

    #[test]
    fn types_of_terraform() {
        let types = [
            (Type::Bool, "bool"),
            (Type::Duration, "number"),
            (Type::Timestamp, "string"),
            (Type::List(Box::new(Type::Optional(Box::new(Type::Int)))), "list(number)"),
            (Type::Map(Box::new(Type::List(Box::new(Type::Arn)))), "map(list(string))"),
            (Type::Json, "any"),
            (
                Type::record(vec![
                    ("name".to_owned(), Type::String),
                    ("ports".to_owned(), Type::Optional(Box::new(Type::List(Box::new(Type::Int))))),
                ]),
                "object({\n  name  = string\n  ports = optional(list(number))\n})",
            ),
        ];
        let program = testing::program();
        for (ty, expected) in types {
            assert_eq!(layout::expression(&mut type_of(&program, &ty)), expected);
        }
    }

    #[test]
    fn a_parameter_that_has_the_name_of_a_variable_of_ours_keeps_it() {
        let text = printed(vec![param("alarm_actions", Type::String), param("env", Type::String)]);
        for name in ["alarm_actions", "flow_alarm_actions", "env", "flow_env"] {
            assert_eq!(text.matches(&format!("variable \"{name}\"")).count(), 1, "{name} in\n{text}");
        }
    }

    fn itself(kind: impl FnOnce(Box<Expr>) -> ExprKind) -> Expr {
        let value = testing::expr(ExprKind::Itself, Type::Int, Stage::Plan);
        testing::expr(kind(Box::new(value)), Type::Bool, Stage::Plan)
    }

    /// Terraform's errors for values of the variables; empty where it takes them.
    fn errors(text: &str, values: &[(&str, &str)]) -> Option<String> {
        if Command::new("terraform").arg("version").output().is_err() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("variables.tf"), text).unwrap();
        testing::terraform(folder.path(), &["fmt", "-check", "-diff"]);
        let mut command = Command::new("terraform");
        command.args(["plan", "-input=false", "-no-color"]).current_dir(folder.path()).env_remove("TF_CLI_CONFIG_FILE");
        for (name, value) in values {
            command.arg("-var").arg(format!("{name}={value}"));
        }
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).replace("│", " ");
        assert_eq!(output.status.success(), text.is_empty() || !text.contains("Error"), "{text}");
        Some(if output.status.success() {
            String::new()
        } else {
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn conditions_are_checked_by_terraform_in_the_user_s_words() {
        let at_most = itself(|value| ExprKind::Binary(Binary::LessEqual, value, Box::new(testing::int(9))));
        let pattern = itself(|value| ExprKind::Matches(value, r"^\w+[.]\d{2}$".to_owned()));
        let text = printed(vec![
            Param {
                validations: vec![Validation { condition: at_most, text: "value <= 9".to_owned(), each: false }],
                ..param("size", Type::Int)
            },
            Param {
                validations: vec![Validation {
                    condition: pattern,
                    text: r#"value matches r"^\w+[.]\d{2}$""#.to_owned(),
                    each: false,
                }],
                ..param("code", Type::String)
            },
            param("since", Type::Optional(Box::new(Type::Date))),
            param("mode", Type::literals(vec!["fast".to_owned(), "safe".to_owned()])),
            param("share", Type::Share),
        ]);
        let good = [("env", "dev"), ("size", "3"), ("code", "a.12"), ("mode", "fast"), ("share", "0.01")];
        let Some(none) = errors(&text, &good) else { return };
        assert_eq!(none, "");
        let with = |name: &'static str, value: &'static str| {
            let mut values: Vec<_> = good.into_iter().filter(|(other, _)| *other != name).collect();
            values.push((name, value));
            errors(&text, &values).unwrap()
        };
        for (name, value, message) in [
            ("env", "test", "env is one of dev, prod, not test"),
            ("size", "10", "size must satisfy value <= 9"),
            ("size", "1.5", "size is a whole number"),
            ("code", "a", r#"code, which is 'a', must satisfy value matches r"^\w+[.]\d{2}$""#),
            ("since", "yesterday", "since is a date: YYYY-MM-DD"),
            ("mode", "slow", "mode is one of fast, safe"),
            ("share", "2", "share is a share, from 0.0 to 1.0"),
        ] {
            let error = with(name, value);
            assert!(error.contains(message), "{name}={value}: {error}");
        }
        assert_eq!(with("since", "2026-01-05"), "");
    }
}
