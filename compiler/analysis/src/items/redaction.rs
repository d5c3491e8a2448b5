//! `redact when CONDITION` of a schema: who computes rows of it blots out the personal fields of those for which the
//! condition holds. A text becomes `[redacted]` where there is one, anything else `none`.

use super::schema::row_scope;
use crate::check::{Because, Checker, RowPlace};
use crate::program::{Expr, ExprKind, Program, Redaction, Schema, SchemaField, Stage, Type};
use flow_diagnostics::{codes, Diagnostic};
use flow_syntax::ast::SchemaItem;

/// What stands in place of a personal text.
pub const REDACTED: &str = "[redacted]";

impl<'a> Checker<'a> {
    pub(super) fn redactions(&mut self, item: &'a SchemaItem, fields: &[SchemaField], module: usize) -> Vec<Redaction> {
        let mut found = Vec::new();
        for written in &item.redactions {
            let scope = row_scope(module, fields, RowPlace::Row);
            let condition = self.condition(&written.condition, &scope, "of `redact`");
            self.row_stage(&condition, Because::new(written.span, "looked at for each row"));
            let personal: Vec<&SchemaField> =
                fields.iter().filter(|field| field.pii || holds_personal(&self.program, &field.ty)).collect();
            if personal.is_empty() {
                self.report(
                    Diagnostic::new(codes::NOT_REDACTED, format!("`{}` has no personal fields to redact", item.name.text))
                        .primary(written.span, "changes nothing")
                        .help("mark those that tell of a person: `email: String? @pii`"),
                );
                continue;
            }
            for field in &personal {
                self.can_be_redacted(field, written.span);
            }
            if !condition.is_error() {
                let fields = personal.iter().map(|field| field.name.clone()).collect();
                found.push(Redaction { condition, fields, span: written.span });
            }
        }
        found
    }

    fn can_be_redacted(&mut self, field: &SchemaField, written: flow_diagnostics::Span) {
        if field.ty.is_optional() || field.ty == Type::String || field.ty == Type::Error {
            return;
        }
        let shown = self.a(&field.ty);
        let written_type = self.show(&field.ty);
        self.report(
            Diagnostic::new(codes::NOT_REDACTED, format!("`{}` is personal, and cannot be redacted: it is {shown}, always", field.name))
                .primary(field.span, "stays as it is")
                .secondary(written, "here all personal fields are blotted out")
                .note(format!("in place of a text stands `{REDACTED}`, in place of anything else nothing"))
                .help(format!("let it be absent: `{}: {written_type}?`", field.name)),
        );
    }
}

/// Whether a value of the type may hold a field that says `@pii`.
fn holds_personal(program: &Program, ty: &Type) -> bool {
    match ty {
        Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => holds_personal(program, inner),
        Type::Nominal { base, .. } => holds_personal(program, base),
        Type::Record(fields) => fields.iter().any(|(_, ty)| holds_personal(program, ty)),
        Type::Row(id) => program
            .schema(*id)
            .is_some_and(|schema| schema.fields.iter().any(|field| field.pii || holds_personal(program, &field.ty))),
        _ => false,
    }
}

/// The value of a field in a row of the schema.
pub(super) fn redacted(schema: &Schema, field: &SchemaField, value: Expr) -> Expr {
    let mut value = value;
    for redaction in schema.redactions.iter().filter(|redaction| redaction.fields.contains(&field.name)) {
        let span = redaction.span;
        let ty = value.ty.clone();
        let text = || Expr { ty: ty.clone(), ..Expr::string(REDACTED, span) };
        let of = |kind: ExprKind| Expr::new(kind, ty.clone(), Stage::Row, span);
        let instead = match (&ty, ty.required()) {
            (Type::Optional(_), Type::String) => {
                let there = ExprKind::IsNone { operand: Box::new(value.clone()), negated: true };
                let there = Expr::new(there, Type::Bool, Stage::Row, span);
                of(ExprKind::If(Box::new(there), Box::new(text()), Box::new(value.clone())))
            }
            (_, Type::String) => text(),
            _ => Expr { ty: ty.clone(), ..Expr::none(span) },
        };
        value = of(ExprKind::If(Box::new(redaction.condition.clone()), Box::new(instead), Box::new(value.clone())));
    }
    value
}
