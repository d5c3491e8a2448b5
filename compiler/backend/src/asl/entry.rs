//! The entry state: from the input envelope to variables.
//!
//! An execution starts with the flow's parameters, `{ "run_date": "2026-01-05" }`, or with what a trigger sends,
//! `{ "trigger": { "kind": "schedule", "index": 0, "time": "2026-01-06T02:00:00Z" } }`; of an event, whose index is after
//! those of all schedules, with its `detail` in place of `time`. What is missing, of another
//! type or unknown is refused with `$error`, before anything runs. The keys `Comment` (which the console puts in) and
//! `AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID` (which links nested executions) are let through.

use super::inputs::{check, example};
use super::jsonata::{Code, Level, Scope, field, lower, string};
use flow_analysis::program::{Flow, FlowParam, Program, Type, Variable, VariableId};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

/// Keys of an input that no flow declares.
const FOREIGN_KEYS: [&str; 2] = ["Comment", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"];

/// What a trigger sends, where the state machine reads it.
fn trigger() -> Code {
    Code::atom("$states.input.trigger")
}

/// The variables that the parameters become, and the state's `Output`, which refuses what is unknown.
pub fn parameters(program: &Program, flow: &Flow, scope: &mut Scope<'_>) -> (IndexMap<String, Json>, Json) {
    let schedules = flow.triggers.iter().filter_map(|t| Some((t.binding?, trigger())));
    let events = flow.events.iter().filter_map(|event| Some((event.binding?, field(&trigger(), "detail"))));
    scope.instead = schedules.chain(events).collect();
    let mut assign = IndexMap::new();
    for param in &flow.params {
        let Some(variable) = flow.variable(param.variable) else { continue };
        let given = given(flow, param.variable, variable, scope);
        let code = checked(program, param, variable, &given, scope);
        // A default can name the parameters before it.
        scope.instead.push((param.variable, Code::atom(format!("({})", given.text))));
        let name = scope.variables.get(param.variable.0 as usize).cloned().unwrap_or_default();
        assign.insert(name, code.delimited().into());
    }
    scope.instead.clear();
    (assign, output(flow))
}

/// A parameter's value in the envelope, undefined where it is missing.
fn given(flow: &Flow, id: VariableId, variable: &Variable, scope: &mut Scope<'_>) -> Code {
    let manual = field(&Code::atom("$states.input"), &variable.name);
    let mut branches = Vec::new();
    let schedules = flow.triggers.iter().map(|trigger| &trigger.values).enumerate();
    for (index, values) in schedules.chain(flow.events.iter().map(|event| (event.index, &event.values))) {
        if let Some((_, value)) = values.iter().find(|(param, _)| *param == id) {
            let value = lower(value, scope).definite().within(Level::Or);
            branches.push(format!("{}.index = {index} ? {value} : ", trigger().text));
        }
    }
    if branches.is_empty() {
        return manual;
    }
    Code::at(Level::Conditional, format!("{}{}", branches.concat(), manual.text))
}

fn checked(program: &Program, param: &FlowParam, variable: &Variable, given: &Code, scope: &mut Scope<'_>) -> Code {
    let missing = match &param.default {
        Some(default) => lower(default, scope).definite().text,
        None if variable.ty.is_optional() => "null".to_owned(),
        None => format!("$error({})", string(&missing(program, variable))),
    };
    let value = Code::atom("$given");
    let test = check(program, variable.ty.required(), &value);
    scope.instead.push((param.variable, value));
    let mut good = "$given".to_owned();
    for (condition, text) in param.checks.iter().rev() {
        let condition = lower(condition, scope).within(Level::Or);
        let head = string(&format!("input `{}` is `", variable.name));
        let tail = string(&format!("`, no {}: `{text}` does not hold", variable.ty.required().display(program)));
        good = format!("({condition} ? {good} : $error({head} & $string($given) & {tail}))");
    }
    scope.instead.pop();
    let shown = if test.text == "true" {
        good
    } else {
        let head = string(&format!("input `{}` is `", variable.name));
        let tail = string(&format!(
            "`, not {}: pass {}",
            noun(program, variable.ty.required()),
            sample(program, variable)
        ));
        format!("({} ? {good} : $error({head} & $string($given) & {tail}))", test.within(Level::Or))
    };
    Code::atom(format!("($given := {}; $given != null ? {shown} : {missing})", given.text))
}

fn missing(program: &Program, variable: &Variable) -> String {
    format!("input `{}` is missing: pass {}", variable.name, sample(program, variable))
}

fn sample(program: &Program, variable: &Variable) -> String {
    let mut object = serde_json::Map::new();
    object.insert(variable.name.clone(), example(program, variable.ty.required()));
    // Spaced as people write it.
    Json::Object(object).to_string().replacen("\":", "\": ", 1)
}

/// `a Date`, `an Int`, `one of "a", "b"`.
fn noun(program: &Program, ty: &Type) -> String {
    if let Type::Literals(texts) = ty.base() {
        let texts: Vec<String> = texts.iter().map(|text| Json::from(text.as_str()).to_string()).collect();
        return format!("one of {}", texts.join(", "));
    }
    let name = ty.display(program);
    let article = if name.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { format!("{article} {name}") } else { name }
}

fn output(flow: &Flow) -> Json {
    let params: Vec<&str> =
        flow.params.iter().filter_map(|param| Some(flow.variable(param.variable)?.name.as_str())).collect();
    let mut known = params.clone();
    if !flow.triggers.is_empty() || !flow.events.is_empty() {
        known.push("trigger");
    }
    known.extend(FOREIGN_KEYS);
    let known: Vec<String> = known.into_iter().map(string).collect();
    let takes = match params.as_slice() {
        [] => "this flow takes no input".to_owned(),
        names => format!("this flow takes `{}`", names.join("`, `")),
    };
    json!(format!(
        "{{% ($unknown := $keys($states.input)[$not($ in [{}])]; $exists($unknown) ? $error('input `' & $unknown[0] & {}) : {{}}) %}}",
        known.join(", "),
        string(&format!("` is unknown: {takes}"))
    ))
}
