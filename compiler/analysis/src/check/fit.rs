//! Whether an expression fits a type, and the conversions that make it fit.
//!
//! There are few: `Int` to `Float`, `T` to `T?`, a base value to a nominal type (its checks hold), a nominal
//! value to its base, a case to its union, a table to what takes any table.

use super::{Checker, Local, Scope};
use crate::program::{Expr, ExprKind, Type, Validation, Value};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::ItemKind;

/// The place that wants a type: a second label.
#[derive(Debug, Clone)]
pub(crate) struct Because {
    /// Where.
    pub span: Span,
    /// Why.
    pub text: String,
}

impl Because {
    pub fn new(span: Span, text: impl Into<String>) -> Because {
        Because { span, text: text.into() }
    }
}

impl<'a> Checker<'a> {
    /// The expression as a value of the type; a report, and an error expression, where it does not fit.
    pub fn fit(&mut self, expr: Expr, want: &Type, span: Span, because: Option<Because>) -> Expr {
        match self.convert(expr, want, span) {
            Ok(expr) => expr,
            Err(expr) => {
                let diagnostic = self.mismatch(&expr, want, span, because);
                self.report_once(diagnostic, span);
                Expr { ty: want.clone(), ..Expr::error(span) }
            }
        }
    }

    /// Reports; an optional used as a value only once for each text in an item.
    pub fn report_once(&mut self, diagnostic: Diagnostic, span: Span) {
        if diagnostic.code == codes::OPTIONAL_USED {
            let text = self.files.slice(span).to_owned();
            if !self.optionals.insert((self.cause.key(), text)) {
                return;
            }
        }
        self.report(diagnostic);
    }

    /// Whether it would fit, without a report.
    pub fn would_fit(&mut self, expr: &Expr, want: &Type) -> bool {
        fits(&expr.ty, want)
            || expr.text().is_some_and(|text| {
                super::names::cases(want).is_some_and(|cases| cases.iter().any(|case| case == text))
            })
    }

    fn convert(&mut self, expr: Expr, want: &Type, span: Span) -> Result<Expr, Expr> {
        if expr.is_error() || matches!(want, Type::Error) {
            return Ok(expr);
        }
        if let (Type::Nominal { name: have, .. }, Type::Nominal { name, .. }) = (&expr.ty, want)
            && have == name
        {
            return Ok(expr);
        }
        if is_untyped(&expr) && is_json(want) {
            return Ok(Expr { ty: want.clone(), ..expr });
        }
        match want {
            Type::Json => match is_json(&expr.ty) {
                true => Ok(expr),
                false => Err(expr),
            },
            Type::Optional(inner) => match &expr.ty {
                Type::None => Ok(Expr { ty: want.clone(), ..expr }),
                Type::Optional(have) if fits(have, inner) => Ok(Expr { ty: want.clone(), ..expr }),
                Type::Optional(_) => Err(expr),
                Type::Nominal { base, .. } if base.is_optional() => {
                    let ty = base.as_ref().clone();
                    self.convert(Expr { ty, ..expr }, want, span)
                }
                _ => self.convert(expr, inner, span).map(|expr| Expr { ty: want.clone(), ..expr }),
            },
            Type::Nominal { name, base } => {
                let expr = self.convert(expr, base, span)?;
                self.nominal_checks(&expr, name, span);
                self.union_record(&expr, name, span);
                Ok(Expr { ty: want.clone(), ..expr })
            }
            Type::Float if matches!(expr.ty.base(), Type::Int) => Ok(self.float(expr)),
            Type::Decimal(precision, scale) if matches!(expr.ty.base(), Type::Int | Type::Float) => {
                self.decimal(&expr, *precision, *scale).ok_or(expr)
            }
            Type::Literals(cases) => match expr.text() {
                Some(text) if cases.iter().any(|case| case == text) => Ok(Expr { ty: want.clone(), ..expr }),
                _ if fits(&expr.ty, want) => Ok(Expr { ty: want.clone(), ..expr }),
                _ => Err(expr),
            },
            Type::Arn => {
                let starts = match &expr.kind {
                    ExprKind::Value(Value::String(text)) => text.starts_with("arn:"),
                    ExprKind::Text(parts) => {
                        matches!(parts.first(), Some(crate::program::TextPart::Text(text)) if text.starts_with("arn:"))
                    }
                    _ => false,
                };
                if starts || fits(&expr.ty, want) { Ok(Expr { ty: Type::Arn, ..expr }) } else { Err(expr) }
            }
            Type::List(element) => match expr.kind {
                ExprKind::List(elements) if matches!(expr.ty.base(), Type::List(_)) => {
                    let mut list = Vec::new();
                    for item in elements {
                        let item_span = item.span;
                        let item = self.fit(item, element, item_span, None);
                        list.push(item);
                    }
                    Ok(Expr { kind: ExprKind::List(list), ty: want.clone(), ..expr })
                }
                _ if fits(&expr.ty, want) => Ok(Expr { ty: want.clone(), ..expr }),
                _ => Err(expr),
            },
            Type::Record(fields) => match expr.kind {
                ExprKind::Record(entries) => self.record_fits(entries, fields, want, expr.span, span),
                _ if fits(&expr.ty, want) => Ok(Expr { ty: want.clone(), ..expr }),
                _ => Err(expr),
            },
            Type::Map(value) => match expr.kind {
                ExprKind::Record(entries) => {
                    let mut list = Vec::new();
                    for (name, item) in entries {
                        let item_span = item.span;
                        let item = self.fit(item, value, item_span, None);
                        list.push((name, item));
                    }
                    Ok(Expr { kind: ExprKind::Record(list), ty: want.clone(), ..expr })
                }
                _ if fits(&expr.ty, want) => Ok(Expr { ty: want.clone(), ..expr }),
                _ => Err(expr),
            },
            _ if fits(&expr.ty, want) => Ok(Expr { ty: want.clone(), ..expr }),
            _ => Err(expr),
        }
    }

    /// A record that is written out: its fields by name, absent optional ones as `none`.
    fn record_fits(
        &mut self,
        entries: Vec<(String, Expr)>,
        fields: &[(String, Type)],
        want: &Type,
        at: Span,
        span: Span,
    ) -> Result<Expr, Expr> {
        let stage = entries.iter().map(|(_, value)| value.stage).max().unwrap_or(crate::program::Stage::Const);
        let mut entries = entries;
        let mut list = Vec::new();
        let mut missing: Vec<&str> = Vec::new();
        for (name, ty) in fields {
            match entries.iter().position(|(entry, _)| entry == name) {
                Some(index) => {
                    let (_, value) = entries.remove(index);
                    let value_span = value.span;
                    let value = self.fit(value, ty, value_span, None);
                    list.push((name.clone(), value));
                }
                None if ty.base().is_optional() => list.push((name.clone(), Expr { ty: ty.clone(), ..Expr::none(at) })),
                None => missing.push(name),
            }
        }
        if !missing.is_empty() {
            let names = crate::suggest::listed(missing);
            self.report(
                Diagnostic::new(codes::MISSING_FIELD, format!("the record lacks {names}"))
                    .primary(span, "")
                    .note(format!("a `{}` is wanted", self.show(want)))
                    .help("give every field that is not optional"),
            );
            return Ok(Expr { ty: want.clone(), ..Expr::error(at) });
        }
        if let Some((name, value)) = entries.first() {
            let known: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
            let diagnostic = Diagnostic::new(codes::UNKNOWN_FIELD, format!("there is no field `{name}` here"))
                .primary(value.span, "");
            let diagnostic = Self::suggest(diagnostic, name, value.span, &known, "the fields are");
            self.report(Diagnostic { fix: None, ..diagnostic });
            return Ok(Expr { ty: want.clone(), ..Expr::error(at) });
        }
        Ok(Expr { kind: ExprKind::Record(list), ty: want.clone(), stage, span: at })
    }

    /// The checks of a nominal type: folded for a constant, asked of `terraform plan` for a parameter.
    fn nominal_checks(&mut self, expr: &Expr, name: &str, span: Span) {
        let Some(def) = self.nominals.get(name).copied() else { return };
        let ItemKind::Type(item) = &def.item.kind else { return };
        if item.checks.is_empty() {
            return;
        }
        match &expr.kind {
            ExprKind::Param(param) => {
                let validations = self.validations(name, &expr.ty);
                if let Some(param) = self.program.params.iter_mut().find(|known| known.name == *param) {
                    for validation in validations {
                        if !param.validations.iter().any(|known| known.text == validation.text) {
                            param.validations.push(validation);
                        }
                    }
                }
            }
            ExprKind::Value(_) | ExprKind::Record(_) | ExprKind::List(_) => {
                for check in &item.checks {
                    let mut scope = Scope::new(def.module);
                    scope.declare("value", Local::Argument(expr.clone()));
                    let condition = self.condition(&check.condition, &scope, "of `check`");
                    if matches!(condition.constant(), Some(Value::Bool(false))) {
                        let text = self.files.slice(check.condition.span).to_owned();
                        let base = self.show(expr.ty.base());
                        self.report(
                            Diagnostic::new(codes::CHECK_FAILED, format!("this `{base}` is no `{name}`"))
                                .primary(span, "")
                                .secondary(check.span, format!("`{text}` does not hold"))
                                .note("the value is known, so it would be refused at the latest when it is deployed"),
                        );
                        return;
                    }
                }
            }
            _ => {}
        }
    }

    /// The checks of a nominal type, and of those below it, with [`ExprKind::Itself`] as the value.
    pub fn validations(&mut self, name: &str, base: &Type) -> Vec<Validation> {
        let Some(def) = self.nominals.get(name).copied() else { return Vec::new() };
        let ItemKind::Type(item) = &def.item.kind else { return Vec::new() };
        let mut list = match base.clone() {
            Type::Nominal { name, base } => self.validations(&name, &base),
            _ => Vec::new(),
        };
        for check in &item.checks {
            let mut scope = Scope::new(def.module);
            let itself = Expr::new(ExprKind::Itself, base.clone(), crate::program::Stage::Plan, check.span);
            scope.declare("value", Local::Value(itself));
            let condition = self.condition(&check.condition, &scope, "of `check`");
            let text = self.files.slice(check.condition.span).to_owned();
            list.push(Validation { condition, text, each: false });
        }
        list
    }

    fn mismatch(&self, expr: &Expr, want: &Type, span: Span, because: Option<Because>) -> Diagnostic {
        let have = self.show(&expr.ty);
        let wanted = self.a(if expr.ty.is_optional() { want } else { want.required() });
        if expr.ty.base().is_optional() && !want.base().is_optional() {
            let inner = match expr.ty.base() {
                Type::Optional(inner) => inner.as_ref(),
                _ => want,
            };
            if fits(inner, want) {
                let diagnostic = self.optional_used(span, &expr.ty, &format!("where {wanted} is wanted"));
                return match because {
                    Some(because) => diagnostic.secondary(because.span, because.text),
                    None => diagnostic,
                };
            }
        }
        let (code, message) = match expr.ty.base() {
            Type::Secret(_) if !matches!(want.base(), Type::Secret(_)) => {
                (codes::SECRET_USED, format!("a secret where {wanted} is wanted"))
            }
            _ => (codes::TYPE_MISMATCH, format!("{wanted} is wanted, this is {}", self.a(&expr.ty))),
        };
        let mut diagnostic = Diagnostic::new(code, message).primary(span, format!("`{have}`"));
        if let Some(because) = because {
            diagnostic = diagnostic.secondary(because.span, because.text);
        }
        match (expr.ty.base(), want.required().base().required()) {
            (Type::Secret(_), Type::Secret(_)) => diagnostic.note("who reads the secret expects this shape"),
            (Type::Secret(_), _) => diagnostic
                .note("only a secret's name and ARN travel; who uses it reads the value itself")
                .help("use its `.name` or `.arn`"),
            (Type::Int | Type::Float, Type::Share) => diagnostic.help("write a share: `1%`"),
            (Type::Int | Type::Float, Type::Duration) => {
                diagnostic.help("give the number its unit: `30s`, `5m`, `2h`, `1d`")
            }
            (Type::Int | Type::Float, Type::Size) => diagnostic.help("give the number its unit: `256KB`, `2GB`"),
            (Type::Int, Type::String) => match expr.constant() {
                Some(Value::Int(value)) => diagnostic.help(format!("write a text: `\"{value}\"`")),
                _ => diagnostic.help("write it in a text: `\"{…}\"`"),
            },
            (Type::Int | Type::Float, Type::Decimal(precision, scale)) => {
                diagnostic.help(super::decimal::digits(*precision, *scale))
            }
            (Type::Float, Type::Int) => diagnostic.note("a `Float` may have a fraction, so it is not converted"),
            (Type::String, Type::Date) => diagnostic.help("write a date: `d\"2026-01-05\"`"),
            (Type::String, Type::Timestamp) => diagnostic.help("write an instant: `t\"2026-01-05T02:00:00Z\"`"),
            (Type::Timestamp, Type::Date) => diagnostic.help("take the instant's date: `date(…)`"),
            (Type::String, Type::Arn) => diagnostic.help("an ARN begins with `arn:`"),
            (_, Type::Literals(cases)) => {
                let near = expr.text().and_then(|text| crate::suggest::nearest(text, cases.iter().map(String::as_str)));
                match near {
                    Some(near) => diagnostic.help(format!("did you mean `\"{near}\"`?")),
                    None => diagnostic
                        .help(format!("write one of {}", crate::suggest::listed(cases.iter().map(String::as_str)))),
                }
            }
            _ => diagnostic,
        }
    }
}

/// Whether every value of a type is one of another, without a conversion.
pub(crate) fn fits(have: &Type, want: &Type) -> bool {
    match (have, want) {
        (Type::Error, _) | (_, Type::Error) => true,
        (Type::Nominal { name: a, .. }, Type::Nominal { name: b, .. }) if a == b => true,
        (Type::None, Type::Optional(_)) => true,
        (Type::Optional(a), Type::Optional(b)) => fits(a, b),
        (Type::Nominal { base, .. }, _) => fits(base, want),
        (_, Type::Nominal { base, .. }) => fits(have, base),
        (_, Type::Optional(inner)) => fits(have, inner),
        (_, Type::Json) => is_json(have),
        (Type::Literals(a), Type::Literals(b)) => a.iter().all(|case| b.contains(case)),
        (Type::Literals(_) | Type::Arn, Type::String) => true,
        (Type::Int, Type::Float) => true,
        (Type::List(a), Type::List(b)) | (Type::Map(a), Type::Map(b)) => fits(a, b),
        (Type::Record(a), Type::Record(b)) => {
            a.iter().all(|(name, _)| b.iter().any(|(known, _)| known == name))
                && b.iter().all(|(name, ty)| match a.iter().find(|(known, _)| known == name) {
                    Some((_, have)) => fits(have, ty),
                    None => ty.base().is_optional(),
                })
        }
        (Type::Table(_) | Type::TableRef | Type::Target | Type::Location, Type::TableRef | Type::Location) => true,
        _ => have == want,
    }
}

/// Whether nothing is known of a deploy value: an output of a module that others have written, a part of one.
pub(crate) fn is_untyped(expr: &Expr) -> bool {
    if !matches!(expr.ty, Type::Json) {
        return false;
    }
    match &expr.kind {
        ExprKind::Attribute { .. } | ExprKind::Element { .. } => true,
        ExprKind::Index { target, .. } | ExprKind::Field { target, .. } => is_untyped(target),
        _ => false,
    }
}

/// Whether values of a type have a JSON form that may travel.
fn is_json(ty: &Type) -> bool {
    match ty {
        Type::Secret(_) | Type::Channel(..) | Type::Task | Type::Partitions | Type::Bytes => false,
        Type::List(inner) | Type::Map(inner) | Type::Optional(inner) => is_json(inner),
        Type::Record(fields) => fields.iter().all(|(_, ty)| is_json(ty)),
        Type::Nominal { base, .. } => is_json(base),
        _ => true,
    }
}
