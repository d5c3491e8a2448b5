//! `idempotent by KEY, … into LEDGER { ttl = 7d, lease = 1m }`.

use super::Builder;
use crate::check::{Because, Checker, Scope};
use crate::program::{Expr, ExprKind, Idempotent, Service, Stage, TextPart, Type, Value};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Field, Name};

impl<'a> Checker<'a> {
    pub(super) fn idempotent(
        &mut self,
        of: &Builder<'a>,
        keys: &'a [ast::Expr],
        ledger: &'a Name,
        fields: &'a [Field],
        span: Span,
    ) -> Option<Idempotent> {
        let scope = self.stream_scope(of, None, of.service != Service::S3);
        let mut by = Vec::new();
        let mut good = true;
        for key in keys {
            match self.key_part(of, key, &scope) {
                Some(part) => by.push(part),
                None => good = false,
            }
        }
        let (mut ttl, mut lease, mut lease_span) = (None, None, None);
        for field in fields {
            let known = field.name.text.as_str();
            if fields.iter().find(|other| other.name.text == known).is_some_and(|first| first.span.key() != field.span.key()) {
                self.duplicate_field(field, fields);
                continue;
            }
            match known {
                "ttl" => ttl = self.fixed_duration(field, of),
                "lease" => {
                    lease = self.fixed_duration(field, of);
                    lease_span = Some(field.span);
                }
                _ => self.unknown_setting(field, "a ledger's entry", &["ttl", "lease"]),
            }
        }
        let value = self.ledger(of, ledger)?;
        good.then_some(Idempotent {
            by,
            ledger: value,
            name: ledger.text.clone(),
            lease_s: lease.unwrap_or(u64::from(of.timeout_s)),
            keep_s: ttl,
            lease_span,
            span,
        })
    }

    fn fixed_duration(&mut self, field: &'a Field, of: &Builder<'a>) -> Option<u64> {
        let value = self.check(&field.value, &Scope::new(of.module), &Type::Duration, None);
        let because = Because::new(field.name.span, "part of the plan");
        if !self.stage(&value, Stage::Const, because) {
            return None;
        }
        let Some(Value::Duration(micros)) = value.constant() else { return None };
        let seconds = micros / 1_000_000;
        self.seconds(&value);
        u64::try_from(seconds).ok()
    }

    /// A part of the key: of `object` alone, what tells a version of an object from all others.
    fn key_part(&mut self, of: &Builder<'a>, ast: &'a ast::Expr, scope: &Scope) -> Option<Expr> {
        if let ast::ExprKind::Name(name) = &ast.kind
            && name.text == of.service.fact_root()
            && !matches!(scope.local(&name.text), Some(crate::check::Local::Value(Expr { kind: ExprKind::Column(_), .. })))
        {
            return Some(self.identity(of, ast.span));
        }
        let value = self.expr(ast, scope, None);
        if value.is_error() || !self.row_stage(&value, Because::new(ast.span, "computed for each record")) {
            return None;
        }
        let problem = match value.ty.base() {
            Type::Optional(_) | Type::None => Some("it may be `none`: then many records would have one key"),
            Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Row(_) | Type::Json | Type::Float | Type::Bytes => {
                Some("a key is a text, a whole or decimal number, a date, a time or a `Bool`")
            }
            _ if value.stage == Stage::Const => Some("it is the same for every record: the first would be done, and no other"),
            _ => None,
        };
        if let Some(problem) = problem {
            let shown = self.show(&value.ty);
            let unit = super::each::units(of.service).first().copied().unwrap_or("record");
            let whole = if of.service == Service::S3 { "object" } else { of.service.fact_root() };
            self.report(
                Diagnostic::new(codes::LEDGER, "this cannot tell one record from another")
                    .primary(ast.span, format!("`{shown}`"))
                    .note(problem)
                    .help(format!("write `by {whole}`, which is another for each {}", if of.service == Service::S3 { "object" } else { unit })),
            );
            return None;
        }
        Some(value)
    }

    /// `object`: bucket, key and etag, so that new contents count as new; of all others the id that the service gives.
    fn identity(&self, of: &Builder<'a>, span: Span) -> Expr {
        let fact = |name: &str| Expr::new(ExprKind::Column(format!("record.{name}")), Type::String, Stage::Row, span);
        if of.service != Service::S3 {
            return fact("id");
        }
        let parts = vec![
            TextPart::Text("s3://".to_owned()),
            TextPart::Expr(fact("bucket")),
            TextPart::Text("/".to_owned()),
            TextPart::Expr(fact("key")),
            TextPart::Text("#".to_owned()),
            TextPart::Expr(fact("etag")),
        ];
        Expr::new(ExprKind::Text(parts), Type::String, Stage::Row, span)
    }

    fn ledger(&mut self, of: &Builder<'a>, ledger: &'a Name) -> Option<Expr> {
        let value = self.name(ledger, &Scope::new(of.module), None);
        if value.is_error() {
            return None;
        }
        let kind = match &value.kind {
            ExprKind::Record(_) => value.entry("kind").and_then(Expr::text),
            _ => None,
        };
        if kind == Some("ledger") {
            return Some(value);
        }
        let shown = self.a(&value.ty);
        self.report(
            Diagnostic::new(codes::LEDGER, format!("what was seen is remembered in a ledger, this is {shown}"))
                .primary(ledger.span, "")
                .note("a ledger is a table of DynamoDB with the key `pk` and the time to live `expires_at`")
                .help(format!("write `resource {} = dynamodb.ledger {{}}`", ledger.text))
                .help(format!("or, if others own it, `resource {} = existing dynamodb.ledger {{ name = \"…\" }}`", ledger.text)),
        );
        None
    }
}
