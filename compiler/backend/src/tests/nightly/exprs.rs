//! Expressions in few words.

use super::expr;
use flow_analysis::program::{Expr, ExprKind, Stage, TextPart, Type, Value, VariableId};

pub fn value(value: Value, ty: Type) -> Expr {
    expr(ExprKind::Value(value), ty, Stage::Const)
}

pub fn text(of: &str) -> Expr {
    value(Value::String(of.to_owned()), Type::String)
}

pub fn seconds(of: i64) -> Expr {
    value(Value::Duration(of * 1_000_000), Type::Duration)
}

pub fn record(fields: Vec<(&str, Expr)>) -> Expr {
    let stage = fields.iter().map(|(_, value)| value.stage).max().unwrap_or(Stage::Const);
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    expr(ExprKind::Record(fields), Type::Json, stage)
}

pub fn list(items: Vec<Expr>) -> Expr {
    let stage = items.iter().map(|value| value.stage).max().unwrap_or(Stage::Const);
    expr(ExprKind::List(items), Type::List(Box::new(Type::String)), stage)
}

pub fn var(id: u32, ty: Type) -> Expr {
    expr(ExprKind::Variable(VariableId(id)), ty, Stage::Run)
}

pub fn field(target: Expr, name: &str, ty: Type) -> Expr {
    let stage = target.stage;
    expr(ExprKind::Field { target: Box::new(target), name: name.to_owned(), optional: false }, ty, stage)
}

pub fn join(parts: Vec<TextPart>) -> Expr {
    expr(ExprKind::Text(parts), Type::String, Stage::Run)
}

pub fn lit(of: &str) -> TextPart {
    TextPart::Text(of.to_owned())
}

pub fn put(of: Expr) -> TextPart {
    TextPart::Expr(of)
}
