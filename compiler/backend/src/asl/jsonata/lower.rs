//! From typed expressions to JSONata.

use super::code::{Code, Level, field, regex, string};
use super::dates::{self, Offset};
use super::template::fill;
use flow_analysis::program::{
    Binary, ContextField, Expr, ExprKind, Stage, TablePlace, TargetPlace, TargetReplace, TextPart, Type, Unary, Value,
    VariableId,
};
use serde_json::Value as Json;

/// How a deploy value is had in the run stage.
#[derive(Debug, Clone, PartialEq)]
pub enum Deployed {
    /// This variable holds its text.
    Text(String),
    /// This variable holds its JSON text.
    Json(String),
    /// It is known: in local runs.
    Known(Json),
}

/// Who has the deploy values that expressions name.
pub trait DeployValues {
    /// The value of `expr`; `hint` is a name for it where nothing better is found.
    fn value(&mut self, expr: &Expr, hint: &str) -> Deployed;

    /// The name under which a value may stand in the definition itself, as a whole string; `None` where it may not.
    fn whole(&mut self, expr: &Expr, hint: &str) -> Option<String>;
}

/// What expressions can see.
pub struct Scope<'a> {
    /// The ASL name of each variable, by [`VariableId`].
    pub variables: &'a [String],
    /// Variables that have another text here: the result of the state itself, the trigger, the input.
    pub instead: Vec<(VariableId, Code)>,
    /// Names of tables, by their id.
    pub tables: &'a dyn Fn(flow_analysis::program::TableId) -> String,
    /// The deploy values.
    pub deploy: &'a mut dyn DeployValues,
}

/// Whether an expression in the run stage is a deploy value: it is known before the execution, and JSONata cannot
/// say it.
pub fn is_deploy_value(expr: &Expr) -> bool {
    match expr.stage {
        Stage::Plan | Stage::Apply => true,
        Stage::Const => !has_run_form(expr),
        Stage::Run | Stage::Row => false,
    }
}

fn has_run_form(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call { function, arguments } => function.run.is_some() && arguments.iter().all(has_run_form),
        ExprKind::Param(_)
        | ExprKind::EnvName
        | ExprKind::Aws(_)
        | ExprKind::Attribute { .. }
        | ExprKind::Element { .. }
        | ExprKind::Index { .. }
        | ExprKind::FunctionArn(_)
        | ExprKind::FlowArn(_)
        | ExprKind::FlowFact(..)
        | ExprKind::StreamFact(..)
        | ExprKind::TableFact(..)
        | ExprKind::Itself
        | ExprKind::SecretArn(_)
        | ExprKind::SecretName(_) => false,
        ExprKind::Value(_)
        | ExprKind::Variable(_)
        | ExprKind::Raw(_)
        | ExprKind::Perhaps(_)
        | ExprKind::Context(_)
        | ExprKind::TaskResult
        | ExprKind::Column(_)
        | ExprKind::Table(_)
        | ExprKind::Target(_)
        | ExprKind::Error => true,
        ExprKind::Field { target, .. } => has_run_form(target),
        ExprKind::Text(parts) => parts.iter().all(|part| match part {
            TextPart::Text(_) => true,
            TextPart::Expr(part) => has_run_form(part),
        }),
        ExprKind::Unary(_, operand)
        | ExprKind::IsNone { operand, .. }
        | ExprKind::Matches(operand, _)
        | ExprKind::ToFloat(operand) => has_run_form(operand),
        ExprKind::Binary(_, left, right) | ExprKind::Coalesce(left, right) | ExprKind::In(left, right) => {
            has_run_form(left) && has_run_form(right)
        }
        ExprKind::If(condition, then, otherwise) => [condition, then, otherwise].into_iter().all(|e| has_run_form(e)),
        ExprKind::List(items) => items.iter().all(has_run_form),
        ExprKind::Record(fields) => fields.iter().all(|(_, value)| has_run_form(value)),
    }
}

/// Lowers an expression; never undefined where its type is not optional.
pub fn lower(expr: &Expr, scope: &mut Scope<'_>) -> Code {
    if is_deploy_value(expr) {
        return match scope.deploy.value(expr, "value") {
            Deployed::Text(name) => Code::atom(format!("${name}")),
            Deployed::Json(name) => Code::atom(format!("$parse(${name})")),
            Deployed::Known(value) => json(&value),
        };
    }
    match &expr.kind {
        ExprKind::Value(value) => constant(value),
        ExprKind::Variable(id) | ExprKind::Perhaps(id) => variable(*id, scope),
        ExprKind::Raw(id) => match scope.variables.get(id.0 as usize) {
            Some(name) => Code::atom(format!("${}", crate::asl::names::raw(name))),
            None => Code::atom("null"),
        },
        ExprKind::Context(ContextField::Name) => Code::atom("$states.context.Execution.Name"),
        ExprKind::Context(ContextField::Input) => Code::atom("$states.context.Execution.Input"),
        ExprKind::Context(ContextField::Id) => Code::atom("$states.context.Execution.Id"),
        ExprKind::Context(ContextField::Token) => Code::atom("$states.context.Task.Token"),
        ExprKind::Context(ContextField::Started) => Code::atom("$states.context.Execution.StartTime"),
        ExprKind::TaskResult => Code::atom("$states.result"),
        ExprKind::Field { target, name, .. } => {
            let target = lower(target, scope);
            Code { undefined: is_loose(&expr.ty) || target.undefined, ..field(&target, name) }
        }
        ExprKind::Text(parts) => text(parts, scope),
        ExprKind::Unary(Unary::Not, operand) => Code::atom(format!("$not({})", lower(operand, scope).text)),
        ExprKind::Unary(Unary::Negate, operand) => {
            Code::at(Level::Prefix, format!("-{}", lower(operand, scope).within(Level::Atom)))
        }
        ExprKind::Binary(operator, left, right) => binary(*operator, left, right, scope),
        ExprKind::IsNone { operand, negated } => {
            let operand = lower(operand, scope);
            let value = operand.within(Level::Add);
            match (operand.undefined, negated) {
                // `!=` is false for what is undefined, and so is `=`.
                (true, false) => Code::atom(format!("$not({value} != null)")),
                (_, true) => Code::at(Level::Compare, format!("{value} != null")),
                (false, false) => Code::at(Level::Compare, format!("{value} = null")),
            }
        }
        ExprKind::Coalesce(first, second) => {
            let value = lower(first, scope).within(Level::Add);
            let second = lower(second, scope).definite();
            Code::at(Level::Conditional, format!("{value} != null ? {value} : {}", second.text))
        }
        ExprKind::If(condition, then, otherwise) => {
            let condition = lower(condition, scope).within(Level::Or);
            let then = lower(then, scope).definite().within(Level::Or);
            let otherwise = lower(otherwise, scope).definite().text;
            Code::at(Level::Conditional, format!("{condition} ? {then} : {otherwise}"))
        }
        ExprKind::Matches(operand, pattern) => {
            Code::atom(format!("$contains({}, {})", lower(operand, scope).text, regex(pattern)))
        }
        ExprKind::In(item, list) => is_in(item, list, scope),
        ExprKind::ToFloat(operand) => lower(operand, scope),
        ExprKind::Call { function, arguments } => {
            let arguments: Vec<Code> = arguments
                .iter()
                .enumerate()
                .map(|(index, argument)| match argument.text() {
                    Some(pattern) if function.pattern == Some(index) => Code::atom(regex(pattern)),
                    _ => lower(argument, scope).definite(),
                })
                .collect();
            let template = function.run.as_deref().unwrap_or("null");
            let call = fill(template, &function.params, &arguments);
            if is_list(&expr.ty) {
                // A sequence of one item would come out as the item, an empty one as nothing.
                return Code::atom(format!("[{}]", call.text));
            }
            // A text that says `null` itself says it wherever there is nothing.
            Code { undefined: is_loose(&expr.ty) && !template.contains(": null"), ..call }
        }
        ExprKind::List(items) => {
            let items: Vec<String> = items.iter().map(|item| element(item, scope)).collect();
            Code::atom(format!("[{}]", items.join(", ")))
        }
        ExprKind::Record(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let value = lower(value, scope).definite().text;
                format!("{}: {value}", string(name))
            });
            Code::atom(format!("{{{}}}", fields.collect::<Vec<_>>().join(", ")))
        }
        ExprKind::Table(place) => table(place, scope),
        ExprKind::Target(place) => target(place, scope),
        // None of these has a value in the run stage; the checker lets none of them come here.
        ExprKind::Param(_)
        | ExprKind::EnvName
        | ExprKind::Aws(_)
        | ExprKind::Attribute { .. }
        | ExprKind::Element { .. }
        | ExprKind::Index { .. }
        | ExprKind::FunctionArn(_)
        | ExprKind::FlowArn(_)
        | ExprKind::FlowFact(..)
        | ExprKind::StreamFact(..)
        | ExprKind::TableFact(..)
        | ExprKind::SecretArn(_)
        | ExprKind::SecretName(_)
        | ExprKind::Itself
        | ExprKind::Column(_)
        | ExprKind::Error => Code::atom("null"),
    }
}

/// An item of an array: JSONata would put the items of an array that is no literal into the outer one.
fn element(item: &Expr, scope: &mut Scope<'_>) -> String {
    let code = lower(item, scope).definite();
    if is_list(&item.ty) && !code.text.starts_with('[') { format!("[{}]", code.text) } else { code.text }
}

fn variable(id: VariableId, scope: &Scope<'_>) -> Code {
    if let Some((_, code)) = scope.instead.iter().find(|(variable, _)| *variable == id) {
        return code.clone();
    }
    match scope.variables.get(id.0 as usize) {
        Some(name) => Code::atom(format!("${name}")),
        None => Code::atom("null"),
    }
}

/// Whether a field of this type may be missing in JSON that others made.
fn is_loose(ty: &Type) -> bool {
    ty.is_optional() || matches!(ty.base(), Type::Json)
}

fn is_list(ty: &Type) -> bool {
    matches!(ty.base(), Type::List(_))
}

fn is_timestamp(ty: &Type) -> bool {
    matches!(ty.required().base(), Type::Timestamp)
}

/// A constant as JSONata.
pub fn constant(value: &Value) -> Code {
    json(&constant_json(value))
}

/// A constant in the run stage's encoding.
pub fn constant_json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) | Value::Size(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::String(value) | Value::Decimal(value) | Value::Date(value) | Value::Timestamp(value) => value.as_str().into(),
        Value::Duration(microseconds) if microseconds % 1_000_000 == 0 => (microseconds / 1_000_000).into(),
        #[expect(clippy::cast_precision_loss, reason = "a length of time beyond 285 years loses microseconds")]
        Value::Duration(microseconds) => (*microseconds as f64 / 1e6).into(),
        Value::None => Json::Null,
    }
}

/// A JSON value as JSONata.
pub fn json(value: &Json) -> Code {
    match value {
        Json::Null => Code::atom("null"),
        Json::Bool(value) => Code::atom(value.to_string()),
        Json::Number(number) => {
            let text = number.to_string();
            if text.starts_with('-') { Code::at(Level::Prefix, text) } else { Code::atom(text) }
        }
        Json::String(text) => Code::atom(string(text)),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| json(item).text).collect();
            Code::atom(format!("[{}]", items.join(", ")))
        }
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{}: {}", string(name), json(value).text));
            Code::atom(format!("{{{}}}", fields.collect::<Vec<_>>().join(", ")))
        }
    }
}

fn text(parts: &[TextPart], scope: &mut Scope<'_>) -> Code {
    let parts: Vec<(Code, bool)> = parts
        .iter()
        .filter(|part| !matches!(part, TextPart::Text(text) if text.is_empty()))
        .map(|part| match part {
            TextPart::Text(text) => (Code::atom(string(text)), true),
            TextPart::Expr(expr) => text_part(expr, scope),
        })
        .collect();
    match parts.as_slice() {
        [] => Code::atom("''"),
        [(code, true)] => code.clone(),
        [(code, false)] => Code::atom(format!("$string({})", code.text)),
        parts => {
            let parts: Vec<String> = parts.iter().map(|(code, _)| code.within(Level::Multiply)).collect();
            Code::at(Level::Add, parts.join(" & "))
        }
    }
}

/// A value for `&`, and whether it is text already.
fn text_part(expr: &Expr, scope: &mut Scope<'_>) -> (Code, bool) {
    let code = lower(expr, scope);
    let is_text = matches!(
        expr.ty.required().base(),
        Type::String | Type::Date | Type::Timestamp | Type::Arn | Type::Literals(_) | Type::Bytes | Type::Decimal(..)
    );
    if !expr.ty.is_optional() {
        return (code.definite(), is_text);
    }
    let value = code.within(Level::Add);
    let shown = if is_text { value.clone() } else { format!("$string({})", code.text) };
    (Code::at(Level::Conditional, format!("{value} != null ? {shown} : 'none'")), true)
}

fn is_in(item: &Expr, list: &Expr, scope: &mut Scope<'_>) -> Code {
    if let (true, ExprKind::List(items)) = (is_timestamp(&item.ty), &list.kind) {
        let tests: Vec<String> =
            items.iter().map(|other| equal(item, other, "=", scope).within(Level::Compare)).collect();
        return match tests.as_slice() {
            [] => Code::atom("false"),
            tests => Code::at(if tests.len() == 1 { Level::Compare } else { Level::Or }, tests.join(" or ")),
        };
    }
    if is_timestamp(&item.ty) {
        let (item, list) = (lower(item, scope).definite(), lower(list, scope).definite());
        let list = list.within(Level::Atom);
        return Code::at(Level::Compare, format!("$toMillis({}) in [{list}.$toMillis($)]", item.text));
    }
    let item = lower(item, scope).definite().within(Level::Add);
    let list = lower(list, scope).definite().within(Level::Add);
    Code::at(Level::Compare, format!("{item} in {list}"))
}

/// Decimals are texts of digits: they are compared as the numbers that they are.
fn decimal_number(expr: &Expr, scope: &mut Scope<'_>) -> Code {
    match &expr.kind {
        ExprKind::Value(Value::Decimal(digits)) => Code::atom(digits.clone()),
        _ => Code::atom(format!("$number({})", lower(expr, scope).definite().text)),
    }
}

fn is_decimal(expr: &Expr) -> bool {
    matches!(expr.ty.required().base().required(), Type::Decimal(..))
}

fn equal(left: &Expr, right: &Expr, operator: &str, scope: &mut Scope<'_>) -> Code {
    let optional = left.ty.is_optional() || right.ty.is_optional();
    if is_decimal(left) && is_decimal(right) {
        let numbers = format!("{} {operator} {}", decimal_number(left, scope).text, decimal_number(right, scope).text);
        if !optional {
            return Code::at(Level::Compare, numbers);
        }
        let (left, right) = (lower(left, scope).definite(), lower(right, scope).definite());
        let (a, b) = (left.within(Level::Add), right.within(Level::Add));
        return Code::at(Level::Conditional, format!("{a} != null and {b} != null ? {numbers} : {a} {operator} {b}"));
    }
    let timestamps = is_timestamp(&left.ty) && is_timestamp(&right.ty);
    let (left, right) = (lower(left, scope).definite(), lower(right, scope).definite());
    let (a, b) = (left.within(Level::Add), right.within(Level::Add));
    let plain = Code::at(Level::Compare, format!("{a} {operator} {b}"));
    match (timestamps, optional) {
        (false, _) => plain,
        (true, false) => dates::compare(&left, operator, &right),
        (true, true) => {
            let same = dates::compare(&left, operator, &right).text;
            Code::at(Level::Conditional, format!("{a} != null and {b} != null ? {same} : {}", plain.text))
        }
    }
}

fn binary(operator: Binary, left: &Expr, right: &Expr, scope: &mut Scope<'_>) -> Code {
    match operator {
        Binary::And => infix(left, "and", right, Level::And, scope),
        Binary::Or => infix(left, "or", right, Level::Or, scope),
        Binary::Equal => equal(left, right, "=", scope),
        Binary::NotEqual => equal(left, right, "!=", scope),
        Binary::Less => compare(left, "<", right, scope),
        Binary::LessEqual => compare(left, "<=", right, scope),
        Binary::Greater => compare(left, ">", right, scope),
        Binary::GreaterEqual => compare(left, ">=", right, scope),
        Binary::Add => infix(left, "+", right, Level::Add, scope),
        Binary::Subtract => infix(left, "-", right, Level::Add, scope),
        Binary::Multiply => infix(left, "*", right, Level::Multiply, scope),
        Binary::Divide | Binary::DivideDurations => infix(left, "/", right, Level::Multiply, scope),
        Binary::Modulo => infix(left, "%", right, Level::Multiply, scope),
        Binary::SubtractDates | Binary::SubtractTimestamps => {
            let (left, right) = (lower(left, scope), lower(right, scope));
            dates::difference(&left, &right)
        }
        Binary::AddDate => moved(left, right, dates::move_date, false, scope),
        Binary::SubtractFromDate => moved(left, right, dates::move_date, true, scope),
        Binary::AddTimestamp => moved(left, right, dates::move_timestamp, false, scope),
        Binary::SubtractFromTimestamp => moved(left, right, dates::move_timestamp, true, scope),
    }
}

type Move = fn(&Code, &Offset, bool) -> Code;

fn moved(instant: &Expr, by: &Expr, how: Move, minus: bool, scope: &mut Scope<'_>) -> Code {
    let instant = lower(instant, scope);
    let offset = match &by.kind {
        ExprKind::Value(Value::Duration(microseconds)) => Offset::Known(*microseconds),
        _ => Offset::Seconds(lower(by, scope)),
    };
    how(&instant, &offset, minus)
}

/// All operators of one level group from the left, so the right operand must bind more tightly.
fn infix(left: &Expr, operator: &str, right: &Expr, level: Level, scope: &mut Scope<'_>) -> Code {
    let left = lower(left, scope).within(level);
    let right = lower(right, scope);
    let tighter = match level {
        // `and` and `or` are associative.
        Level::And | Level::Or => level,
        Level::Add => Level::Multiply,
        _ => Level::Prefix,
    };
    let right = right.within(tighter);
    // `a - -5` reads badly.
    let right = if right.starts_with('-') { format!("({right})") } else { right };
    Code::at(level, format!("{left} {operator} {right}"))
}

fn compare(left: &Expr, operator: &str, right: &Expr, scope: &mut Scope<'_>) -> Code {
    let timestamps = is_timestamp(&left.ty);
    let (left, right) = if is_decimal(left) {
        (decimal_number(left, scope), decimal_number(right, scope))
    } else {
        (lower(left, scope), lower(right, scope))
    };
    if timestamps {
        return dates::compare(&left, operator, &right);
    }
    Code::at(Level::Compare, format!("{} {operator} {}", left.within(Level::Add), right.within(Level::Add)))
}

fn named(values: &[(String, Expr)], scope: &mut Scope<'_>) -> String {
    let values = values.iter().map(|(name, value)| format!("{}: {}", string(name), lower(value, scope).text));
    format!("{{{}}}", values.collect::<Vec<_>>().join(", "))
}

fn table(place: &TablePlace, scope: &mut Scope<'_>) -> Code {
    let name = string(&(scope.tables)(place.table));
    if place.partitions.is_empty() {
        return Code::atom(format!("{{'table': {name}}}"));
    }
    Code::atom(format!("{{'table': {name}, 'partitions': {}}}", named(&place.partitions, scope)))
}

fn target(place: &TargetPlace, scope: &mut Scope<'_>) -> Code {
    let name = string(&(scope.tables)(place.table));
    let replace = match &place.replace {
        TargetReplace::All => "'all'".to_owned(),
        TargetReplace::Named(values) => format!("{{'named': {}}}", named(values, scope)),
        TargetReplace::Present(values) => format!("{{'present': {}}}", named(values, scope)),
        TargetReplace::Append { values, key } => {
            let key: Vec<String> = key.iter().map(|name| string(name)).collect();
            format!("{{'append': {{'partitions': {}, 'key': [{}]}}}}", named(values, scope), key.join(", "))
        }
    };
    Code::atom(format!("{{'table': {name}, 'replace': {replace}}}"))
}
