//! Making typed expressions.

use crate::program::{Expr, ExprKind, Stage, Type, Value};
use flow_diagnostics::Span;

impl Expr {
    pub(crate) fn new(kind: ExprKind, ty: Type, stage: Stage, span: Span) -> Expr {
        Expr { kind, ty, stage, span }
    }

    pub(crate) fn value(value: Value, ty: Type, span: Span) -> Expr {
        Expr { kind: ExprKind::Value(value), ty, stage: Stage::Const, span }
    }

    pub(crate) fn string(text: impl Into<String>, span: Span) -> Expr {
        Expr::value(Value::String(text.into()), Type::String, span)
    }

    pub(crate) fn bool(value: bool, span: Span) -> Expr {
        Expr::value(Value::Bool(value), Type::Bool, span)
    }

    pub(crate) fn int(value: i64, span: Span) -> Expr {
        Expr::value(Value::Int(value), Type::Int, span)
    }

    pub(crate) fn none(span: Span) -> Expr {
        Expr::value(Value::None, Type::None, span)
    }

    /// What stands for an expression that was reported.
    pub(crate) fn error(span: Span) -> Expr {
        Expr { kind: ExprKind::Error, ty: Type::Error, stage: Stage::Const, span }
    }

    /// A list; its stage is the latest of its elements'.
    pub(crate) fn list(elements: Vec<Expr>, element: Type, span: Span) -> Expr {
        let stage = latest(&elements);
        Expr { kind: ExprKind::List(elements), ty: Type::List(Box::new(element)), stage, span }
    }

    /// A record with the type of its entries.
    pub(crate) fn record(entries: Vec<(String, Expr)>, span: Span) -> Expr {
        let ty = Type::Record(entries.iter().map(|(name, value)| (name.clone(), value.ty.clone())).collect());
        let stage = entries.iter().map(|(_, value)| value.stage).max().unwrap_or(Stage::Const);
        Expr { kind: ExprKind::Record(entries), ty, stage, span }
    }

    pub(crate) fn is_error(&self) -> bool {
        matches!(self.ty, Type::Error) || matches!(self.kind, ExprKind::Error)
    }

    /// The constant that it is.
    pub(crate) fn constant(&self) -> Option<&Value> {
        match &self.kind {
            ExprKind::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The text that it is.
    pub fn text(&self) -> Option<&str> {
        match self.constant() {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `none` (`Some(true)`), surely a value (`Some(false)`), or not known yet.
    pub(crate) fn known_none(&self) -> Option<bool> {
        match &self.kind {
            ExprKind::Value(Value::None) => Some(true),
            ExprKind::Value(_) | ExprKind::Record(_) | ExprKind::List(_) | ExprKind::Text(_) => Some(false),
            _ => None,
        }
    }

    /// An entry of a record that is written out.
    pub(crate) fn entry(&self, name: &str) -> Option<&Expr> {
        match &self.kind {
            ExprKind::Record(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The elements of a list that is written out.
    pub(crate) fn elements(&self) -> &[Expr] {
        match &self.kind {
            ExprKind::List(elements) => elements,
            _ => &[],
        }
    }
}

/// The latest stage of some expressions.
pub(crate) fn latest<'e>(exprs: impl IntoIterator<Item = &'e Expr>) -> Stage {
    exprs.into_iter().map(|expr| expr.stage).max().unwrap_or(Stage::Const)
}
