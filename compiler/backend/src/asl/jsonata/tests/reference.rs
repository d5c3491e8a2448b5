//! What expressions of the run stage mean, written down a second time.

use chrono::{DateTime, Days, Datelike, NaiveDate, SecondsFormat, TimeDelta, Utc};
use flow_analysis::program::*;
use serde_json::{Value as Json, json};
use std::cmp::Ordering;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum V {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Date(NaiveDate),
    /// With the text that it was written as.
    Time(DateTime<Utc>, String),
    List(Vec<V>),
    Record(Vec<(String, V)>),
}

impl V {
    pub fn json(&self) -> Json {
        match self {
            V::Null => Json::Null,
            V::Bool(value) => json!(value),
            V::Number(value) => json!(value),
            V::Text(value) | V::Time(_, value) => json!(value),
            V::Date(value) => json!(value.to_string()),
            V::List(items) => items.iter().map(V::json).collect(),
            V::Record(fields) => Json::Object(fields.iter().map(|(name, value)| (name.clone(), value.json())).collect()),
        }
    }

    fn bool(&self) -> bool {
        matches!(self, V::Bool(true))
    }

    fn number(&self) -> f64 {
        match self {
            V::Number(value) => *value,
            other => panic!("{other:?} is no number"),
        }
    }

    fn text(&self) -> &str {
        match self {
            V::Text(value) => value,
            other => panic!("{other:?} is no text"),
        }
    }

    fn millis(&self) -> i64 {
        match self {
            V::Time(time, _) => time.timestamp_millis(),
            V::Date(date) => date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis(),
            other => panic!("{other:?} is no time"),
        }
    }

    fn shown(&self) -> String {
        match self {
            V::Null => "none".to_owned(),
            V::Bool(value) => value.to_string(),
            V::Number(value) if value.fract() == 0.0 => format!("{value:.0}"),
            V::Number(value) => value.to_string(),
            V::Text(value) | V::Time(_, value) => value.clone(),
            V::Date(value) => value.to_string(),
            V::List(_) | V::Record(_) => self.json().to_string(),
        }
    }
}

pub fn time(text: &str) -> V {
    V::Time(DateTime::parse_from_rfc3339(text).unwrap().to_utc(), text.to_owned())
}

/// Equal as the language has it: instants by their time, not by their text.
fn equal(a: &V, b: &V) -> bool {
    match (a, b) {
        (V::Time(a, _), V::Time(b, _)) => a.timestamp_millis() == b.timestamp_millis(),
        _ => a == b,
    }
}

/// Names, types and values of the variables that expressions can name.
pub fn variables() -> Vec<(&'static str, Type, V)> {
    let optional = |ty: Type| Type::Optional(Box::new(ty));
    let record = V::Record(vec![
        ("a".to_owned(), V::Number(3.0)),
        ("b".to_owned(), V::Null),
        ("c".to_owned(), V::Text("it's \"c\"".to_owned())),
        ("time".to_owned(), time("2026-03-01T00:00:00.250Z")),
        ("one".to_owned(), V::List(vec![V::Number(5.0)])),
    ]);
    vec![
        ("n", Type::Int, V::Number(4.0)),
        ("s", Type::String, V::Text("Ünï 'x' ${y} {%{z}%}".to_owned())),
        ("day", Type::Date, V::Date(NaiveDate::from_ymd_opt(2024, 2, 29).unwrap())),
        ("at", Type::Timestamp, time("2026-01-05T02:00:00Z")),
        ("maybe", optional(Type::Int), V::Null),
        ("some", optional(Type::String), V::Text("here".to_owned())),
        ("one", Type::List(Box::new(Type::Int)), V::List(vec![V::Number(7.0)])),
        ("record", record_type(), record),
        ("later", optional(Type::Timestamp), time("2026-01-05T02:00:00.000Z")),
        ("yes", Type::Bool, V::Bool(true)),
        ("half", Type::Float, V::Number(0.5)),
        ("gap", Type::Duration, V::Number(172_800.0)),
    ]
}

pub fn record_type() -> Type {
    Type::record(vec![
        ("a".to_owned(), Type::Int),
        ("b".to_owned(), Type::Optional(Box::new(Type::Int))),
        ("c".to_owned(), Type::String),
        ("time".to_owned(), Type::Timestamp),
        ("one".to_owned(), Type::List(Box::new(Type::Int))),
    ])
}

pub fn evaluate(expr: &Expr) -> V {
    match &expr.kind {
        ExprKind::Value(value) => constant(value),
        ExprKind::Variable(id) => variables()[id.0 as usize].2.clone(),
        ExprKind::Field { target, name, .. } => match evaluate(target) {
            V::Null => V::Null,
            V::Record(fields) => fields.into_iter().find(|(field, _)| field == name).unwrap().1,
            other => panic!("{other:?} has no fields"),
        },
        ExprKind::Text(parts) => V::Text(
            parts
                .iter()
                .map(|part| match part {
                    TextPart::Text(text) => text.clone(),
                    TextPart::Expr(part) => evaluate(part).shown(),
                })
                .collect(),
        ),
        ExprKind::Unary(Unary::Not, operand) => V::Bool(!evaluate(operand).bool()),
        ExprKind::Unary(Unary::Negate, operand) => V::Number(0.0 - evaluate(operand).number()),
        ExprKind::Binary(op, left, right) => binary(*op, left, right),
        ExprKind::IsNone { operand, negated } => V::Bool((evaluate(operand) == V::Null) != *negated),
        ExprKind::Coalesce(first, second) => match evaluate(first) {
            V::Null => evaluate(second),
            value => value,
        },
        ExprKind::If(condition, then, otherwise) => {
            if evaluate(condition).bool() { evaluate(then) } else { evaluate(otherwise) }
        }
        ExprKind::In(item, list) => {
            let item = evaluate(item);
            match evaluate(list) {
                V::List(items) => V::Bool(items.iter().any(|other| equal(&item, other))),
                other => panic!("{other:?} is no list"),
            }
        }
        ExprKind::ToFloat(operand) => evaluate(operand),
        ExprKind::Call { function, arguments } => {
            call(&function.name, &arguments.iter().map(evaluate).collect::<Vec<_>>())
        }
        ExprKind::List(items) => V::List(items.iter().map(evaluate).collect()),
        ExprKind::Record(fields) => {
            V::Record(fields.iter().map(|(name, value)| (name.clone(), evaluate(value))).collect())
        }
        other => panic!("no reference for {other:?}"),
    }
}

fn constant(value: &Value) -> V {
    match value {
        Value::Bool(value) => V::Bool(*value),
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        Value::Int(value) | Value::Size(value) => V::Number(*value as f64),
        Value::Float(value) => V::Number(*value),
        Value::String(value) | Value::Decimal(value) => V::Text(value.clone()),
        Value::Date(value) => V::Date(value.parse().unwrap()),
        Value::Timestamp(value) => time(value),
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        Value::Duration(value) => V::Number(*value as f64 / 1e6),
        Value::None => V::Null,
    }
}

fn binary(op: Binary, left: &Expr, right: &Expr) -> V {
    let a = evaluate(left);
    match (op, &a) {
        (Binary::And, V::Bool(false)) => return V::Bool(false),
        (Binary::Or, V::Bool(true)) => return V::Bool(true),
        _ => {}
    }
    let b = evaluate(right);
    let order = || match (&a, &b) {
        (V::Number(a), V::Number(b)) => a.partial_cmp(b).unwrap(),
        (V::Text(a), V::Text(b)) => a.cmp(b),
        _ => a.millis().cmp(&b.millis()),
    };
    match op {
        Binary::And | Binary::Or => b,
        Binary::Equal => V::Bool(equal(&a, &b)),
        Binary::NotEqual => V::Bool(!equal(&a, &b)),
        Binary::Less => V::Bool(order() == Ordering::Less),
        Binary::LessEqual => V::Bool(order() != Ordering::Greater),
        Binary::Greater => V::Bool(order() == Ordering::Greater),
        Binary::GreaterEqual => V::Bool(order() != Ordering::Less),
        Binary::Add => V::Number(a.number() + b.number()),
        Binary::Subtract => V::Number(a.number() - b.number()),
        Binary::Multiply => V::Number(a.number() * b.number() + 0.0),
        Binary::Divide | Binary::DivideDurations => V::Number(a.number() / b.number()),
        // The language has integers, which have no negative zero.
        Binary::Modulo => V::Number(a.number() % b.number() + 0.0),
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        Binary::SubtractDates | Binary::SubtractTimestamps => V::Number((a.millis() - b.millis()) as f64 / 1000.0),
        Binary::AddDate => moved(&a, b.number()),
        Binary::SubtractFromDate => moved(&a, -b.number()),
        Binary::AddTimestamp => shifted(&a, b.number()),
        Binary::SubtractFromTimestamp => shifted(&a, -b.number()),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "small numbers")]
fn moved(date: &V, seconds: f64) -> V {
    let V::Date(date) = date else { panic!("{date:?} is no date") };
    let days = (seconds / 86_400.0) as i64;
    let days_on = Days::new(days.unsigned_abs());
    V::Date(if days < 0 { *date - days_on } else { *date + days_on })
}

#[allow(clippy::cast_possible_truncation, reason = "small numbers")]
fn shifted(at: &V, seconds: f64) -> V {
    let V::Time(at, _) = at else { panic!("{at:?} is no time") };
    let at = *at + TimeDelta::milliseconds((seconds * 1000.0).round() as i64);
    V::Time(at, at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn call(name: &str, arguments: &[V]) -> V {
    let text = |index: usize| arguments[index].text();
    let date = || match &arguments[0] {
        V::Date(date) => *date,
        other => panic!("{other:?} is no date"),
    };
    match name {
        "len" => match &arguments[0] {
            V::List(items) => V::Number(items.len() as f64),
            text => V::Number(text.text().chars().count() as f64),
        },
        "upper" => V::Text(text(0).to_uppercase()),
        "contains" => V::Bool(text(0).contains(text(1))),
        "starts_with" => V::Bool(text(0).starts_with(text(1))),
        "replace" => V::Text(text(0).replace(text(1), text(2))),
        "date" => match &arguments[0] {
            V::Time(at, _) => V::Date(at.date_naive()),
            other => panic!("{other:?} is no time"),
        },
        "month_start" => V::Date(date().with_day(1).unwrap()),
        "year" => V::Number(f64::from(date().year())),
        "month" => V::Number(f64::from(date().month())),
        "day" => V::Number(f64::from(date().day())),
        other => panic!("no reference for `{other}`"),
    }
}
