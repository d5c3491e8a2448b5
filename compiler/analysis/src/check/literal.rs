//! Literals: dates and instants are checked here, texts are joined.

use super::{Checker, Scope};
use crate::program::{Expr, ExprKind, Stage, TextPart, Type, Value};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast;

impl<'a> Checker<'a> {
    /// `d"2026-01-05"`.
    pub fn date_literal(&self, text: &str, span: Span) -> Expr {
        match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(date) => Expr::value(Value::Date(date.format("%Y-%m-%d").to_string()), Type::Date, span),
            // Reported by the parser.
            Err(_) => Expr { ty: Type::Date, ..Expr::error(span) },
        }
    }

    /// `t"2026-01-05T02:00:00Z"`; a date alone is its midnight in UTC.
    pub fn timestamp_literal(&self, text: &str, span: Span) -> Expr {
        let instant = DateTime::parse_from_rfc3339(text).map(|instant| instant.with_timezone(&Utc)).ok().or_else(|| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(date.and_hms_opt(0, 0, 0)?.and_utc())
        });
        match instant {
            Some(instant) => {
                let text = instant.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                Expr::value(Value::Timestamp(text), Type::Timestamp, span)
            }
            // Reported by the parser.
            None => Expr { ty: Type::Timestamp, ..Expr::error(span) },
        }
    }

    /// `"a {b}"`: neighbouring constants are joined; a text of constants is one.
    pub fn text(&mut self, parts: &'a [ast::TextPart], scope: &Scope, span: Span) -> Expr {
        let mut joined: Vec<TextPart> = Vec::new();
        let mut stage = Stage::Const;
        let mut failed = false;
        let mut written: Option<Span> = None;
        for part in parts {
            match part {
                ast::TextPart::Text(text) => push_text(&mut joined, text),
                ast::TextPart::Expr(ast) => {
                    let expr = self.expr(ast, scope, None);
                    if !self.has_text_form(&expr, ast.span) {
                        failed = true;
                        continue;
                    }
                    let expr = if super::fit::is_untyped(&expr) { Expr { ty: Type::String, ..expr } } else { expr };
                    stage = stage.max(expr.stage);
                    written = written.or(Some(expr.span));
                    push_expr(&mut joined, expr);
                }
            }
        }
        if failed {
            return Expr { kind: ExprKind::Error, ty: Type::String, stage: Stage::Const, span };
        }
        match joined.as_slice() {
            [] => Expr::string("", span),
            // A constant of the library round one of the user's is said to be written where the user's is:
            // `"cron({expression})"`.
            [TextPart::Text(text)] => {
                let place = written.filter(|place: &Span| place.file != span.file).unwrap_or(span);
                Expr::string(text.clone(), place)
            }
            _ => Expr::new(ExprKind::Text(joined), Type::String, stage, span),
        }
    }

    fn has_text_form(&mut self, expr: &Expr, span: Span) -> bool {
        let diagnostic = match expr.ty.base() {
            Type::Error => return false,
            Type::Bool | Type::Int | Type::Float | Type::String | Type::Date | Type::Timestamp | Type::Arn
            | Type::Decimal(..) | Type::Literals(_) | Type::Json | Type::Generic(_) => return true,
            Type::Optional(_) | Type::None => self.optional_used(span, &expr.ty, "in a text"),
            Type::Secret(_) => Diagnostic::new(codes::SECRET_USED, "a secret cannot stand in a text")
                .primary(span, "its value would be written out here")
                .note("only a secret's name and ARN travel; who uses it reads the value itself")
                .help("give the secret to a task that takes a `Secret<…>`, or use its `.name` or `.arn`"),
            other => {
                let shown = self.show(&expr.ty);
                let help = match other {
                    Type::Duration | Type::Size | Type::Share => "give a number with its unit in the text itself",
                    Type::List(_) | Type::Record(_) | Type::Map(_) => "write `json(…)` for its JSON text",
                    Type::Table(_) | Type::TableRef => "name the table in the text itself",
                    _ => "put one of its fields here",
                };
                Diagnostic::new(codes::NO_TEXT_FORM, format!("{} has no text form", self.a(&expr.ty)))
                    .primary(span, format!("`{shown}`"))
                    .note("texts take `String`, `Int`, `Float`, `Bool`, `Date`, `Timestamp` and `Arn`")
                    .help(help)
            }
        };
        self.report(diagnostic);
        false
    }
}

fn push_text(parts: &mut Vec<TextPart>, text: &str) {
    if text.is_empty() {
        return;
    }
    match parts.last_mut() {
        Some(TextPart::Text(last)) => last.push_str(text),
        _ => parts.push(TextPart::Text(text.to_owned())),
    }
}

fn push_expr(parts: &mut Vec<TextPart>, expr: Expr) {
    match expr.kind {
        ExprKind::Value(Value::String(text)) => push_text(parts, &text),
        ExprKind::Value(Value::Int(value)) => push_text(parts, &value.to_string()),
        ExprKind::Value(Value::Bool(value)) => push_text(parts, &value.to_string()),
        ExprKind::Value(Value::Date(text) | Value::Timestamp(text)) => push_text(parts, &text),
        ExprKind::Text(inner) => {
            for part in inner {
                match part {
                    TextPart::Text(text) => push_text(parts, &text),
                    TextPart::Expr(expr) => parts.push(TextPart::Expr(expr)),
                }
            }
        }
        _ => parts.push(TextPart::Expr(expr)),
    }
}
