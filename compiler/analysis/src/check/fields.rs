//! Fields of values: of records and rows, of what is not known, of secrets and tables.

use super::{Checker, Scope};
use crate::program::{Expr, ExprKind, Stage, Type};
use crate::resolve::Def;
use flow_diagnostics::{Diagnostic, Span, codes};
use flow_syntax::ast::{ItemKind, Name};

/// What a type says of a field.
enum Found {
    /// It has it.
    Field(Type),
    /// Nobody knows whether the value has it: an entry of a map or of JSON.
    Inside(Type),
    /// It has these alone.
    None(Vec<String>),
    /// It is of a type without fields.
    Other,
}

impl Found {
    fn among<'t>(mut fields: impl Iterator<Item = (&'t str, &'t Type)> + Clone, name: &str) -> Found {
        let all = fields.clone();
        match fields.find(|(field, _)| *field == name) {
            Some((_, ty)) => Found::Field(ty.clone()),
            None => Found::None(all.map(|(field, _)| field.to_owned()).collect()),
        }
    }
}

impl<'a> Checker<'a> {
    /// A field of a value; of a value that is no record, the function of that name (`tick.time.date`).
    pub fn field_of(&mut self, target: Expr, name: &'a Name, optional: bool, span: Span, scope: &Scope) -> Expr {
        if target.is_error() {
            return Expr::error(span);
        }
        let held = target.ty.base();
        let (ty, absent) = match held {
            Type::Optional(inner) if optional => (inner.base(), true),
            Type::Optional(inner) if matches!(inner.base(), Type::Record(_) | Type::Json) => {
                let shown = self.show(&target.ty);
                return self.fail(
                    span,
                    Diagnostic::new(codes::OPTIONAL_USED, format!("`{}` of a value that may be `none`", name.text))
                        .primary(target.span, format!("`{shown}`"))
                        .help(format!("write `?.{}`, which is `none` where the value is", name.text))
                        .help("or compare it with `!= none` first"),
                );
            }
            other => (other, false),
        };
        let of = |ty: Type| if absent { ty.optional() } else { ty };
        if name.text == "raw"
            && let ExprKind::Variable(id) = &target.kind
            && self.step_variables.contains(id)
            && !matches!(ty, Type::Record(fields) if fields.iter().any(|(field, _)| field == "raw"))
        {
            let ty = if absent || target.ty.is_optional() { Type::Json.optional() } else { Type::Json };
            return Expr::new(ExprKind::Raw(*id), ty, Stage::Run, span);
        }
        let found = match ty {
            Type::Record(fields) => Found::among(fields.iter().map(|(field, ty)| (field.as_str(), ty)), &name.text),
            Type::Location => {
                self.prelude_type("Location");
                match &self.location_fields {
                    Type::Record(fields) => Found::among(fields.iter().map(|(field, ty)| (field.as_str(), ty)), &name.text),
                    _ => Found::Other,
                }
            }
            Type::Row(id) => match self.program.schema(*id) {
                Some(schema) => {
                    Found::among(schema.fields.iter().map(|field| (field.name.as_str(), &field.ty)), &name.text)
                }
                None => Found::Other,
            },
            Type::Json => Found::Inside(of(Type::Json)),
            Type::Map(value) => Found::Inside(value.as_ref().clone().optional()),
            Type::Secret(_) => return self.secret_field(target, name, span),
            Type::Table(_) => return self.table_field(&target, name, span),
            // What its construct gives.
            Type::Channel(..) => match &target.kind {
                ExprKind::Record(entries) => {
                    Found::among(entries.iter().map(|(name, value)| (name.as_str(), &value.ty)), &name.text)
                }
                _ => Found::Other,
            },
            _ => Found::Other,
        };
        match found {
            Found::Field(field_ty) => return project(target, name, of(field_ty), optional, span),
            Found::Inside(field_ty) => {
                let stage = target.stage;
                let kind = ExprKind::Field { target: Box::new(target), name: name.text.clone(), optional };
                return Expr::new(kind, field_ty, stage, span);
            }
            Found::None(known) => {
                let shown = self.show(&target.ty);
                let diagnostic =
                    Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{shown}` has no field `{}`", name.text))
                        .primary(name.span, "not found");
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "it has");
                return self.fail(span, diagnostic);
            }
            Found::Other => {}
        }
        let functions: Vec<Def<'a>> = self
            .names
            .callables_named(scope.module, &name.text)
            .into_iter()
            .filter(|def| matches!(&def.item.kind, ItemKind::Function(item) if item.params.len() == 1))
            .collect();
        if !functions.is_empty() {
            return self.functions(&functions, name, vec![super::Arg::typed(target)], scope, span);
        }
        let shown = self.show(&target.ty);
        let mut diagnostic =
            Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{shown}` has no field `{}`", name.text))
                .primary(name.span, "not found");
        if let Some(near) = crate::suggest::nearest(&name.text, self.names.callable_names(scope.module)) {
            diagnostic = diagnostic.help(format!("did you mean the function `{near}`?"));
        }
        self.fail(span, diagnostic)
    }

    fn secret_field(&mut self, target: Expr, name: &Name, span: Span) -> Expr {
        match (&target.kind, name.text.as_str()) {
            (ExprKind::SecretArn(_), "arn") => Expr { ty: Type::Arn, span, ..target },
            (ExprKind::SecretArn(id), "name") => {
                Expr::new(ExprKind::SecretName(*id), Type::String, Stage::Apply, span)
            }
            (_, "arn" | "name") => {
                let ty = if name.text == "arn" { Type::Arn } else { Type::String };
                let stage = target.stage;
                let kind = ExprKind::Field { target: Box::new(target), name: name.text.clone(), optional: false };
                Expr::new(kind, ty, stage, span)
            }
            _ => self.fail(
                span,
                Diagnostic::new(codes::SECRET_USED, format!("the value of a secret cannot be read here: `{}`", name.text))
                    .primary(name.span, "a field of the secret's value")
                    .note("only a secret's name and ARN travel; who uses it reads the value itself")
                    .help("use `.name` or `.arn`, or give the whole secret to a task that takes it"),
            ),
        }
    }
}

/// Takes an entry out of a record that is written out, else makes a [`ExprKind::Field`].
fn project(target: Expr, name: &Name, ty: Type, optional: bool, span: Span) -> Expr {
    if let Some(entry) = target.entry(&name.text) {
        // A column of a row stands where it is named; anything else where it was written.
        let span = if matches!(entry.kind, ExprKind::Column(_)) { span } else { entry.span };
        return Expr { span, ..entry.clone() };
    }
    if target.known_none() == Some(true) {
        return Expr { ty, ..Expr::none(span) };
    }
    let stage = target.stage;
    Expr::new(ExprKind::Field { target: Box::new(target), name: name.text.clone(), optional }, ty, stage, span)
}
