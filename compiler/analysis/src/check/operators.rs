//! Operators with two operands: which types they take, and what they mean for them.

use super::fold;
use super::narrow::facts;
use super::{Checker, Scope};
use crate::program::{Binary, Expr, ExprKind, Type, Value};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, BinaryOp};

/// Whether values of a type have an order.
pub(crate) fn is_comparable(ty: &Type) -> bool {
    matches!(
        ty.base(),
        Type::Int | Type::Float | Type::Decimal(..) | Type::String | Type::Date | Type::Timestamp | Type::Duration
            | Type::Size | Type::Share | Type::Literals(_) | Type::Generic(_) | Type::Error
    )
}

impl<'a> Checker<'a> {
    #[expect(clippy::too_many_arguments, reason = "the parts of one node of the syntax tree, and where it stands")]
    pub(crate) fn binary(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &'a ast::Expr,
        right: &'a ast::Expr,
        scope: &Scope,
        hint: Option<&Type>,
        span: Span,
    ) -> Expr {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                let all = op == BinaryOp::And;
                let place = if all { "of `and`" } else { "of `or`" };
                let first = self.condition(left, scope, place);
                let second = self.condition(right, &scope.knowing(&facts(left, all)), place);
                self.make_logical(all, first, second, span)
            }
            BinaryOp::Coalesce => self.coalesce(left, right, scope, hint, span),
            BinaryOp::Equal | BinaryOp::NotEqual => self.equality(op, left, right, scope, span),
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
                let first = self.expr(left, scope, None);
                let second = self.expr(right, scope, Some(&first.ty));
                let binary = match op {
                    BinaryOp::Less => Binary::Less,
                    BinaryOp::LessEqual => Binary::LessEqual,
                    BinaryOp::Greater => Binary::Greater,
                    _ => Binary::GreaterEqual,
                };
                self.compare(binary, op.text(), first, second, left.span, right.span, span)
            }
            BinaryOp::Matches => self.matches(left, right, scope, span),
            BinaryOp::In => self.membership(left, right, scope, span),
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => {
                let first = self.expr(left, scope, None);
                let second = self.expr(right, scope, None);
                self.arithmetic(op, op_span, first, second, left.span, right.span, span)
            }
        }
    }

    /// `a and b` (`all`), `a or b`, folded where a side is known.
    pub fn make_logical(&mut self, all: bool, left: Expr, right: Expr, span: Span) -> Expr {
        if left.is_error() || right.is_error() {
            return Expr { ty: Type::Bool, ..Expr::error(span) };
        }
        let known = |expr: &Expr| match expr.constant() {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        };
        match (known(&left), known(&right)) {
            (Some(value), _) if value != all => return Expr::bool(value, span),
            (Some(_), _) => return right,
            (None, Some(value)) if value == all => return left,
            _ => {}
        }
        let stage = left.stage.max(right.stage);
        let binary = if all { Binary::And } else { Binary::Or };
        Expr::new(ExprKind::Binary(binary, Box::new(left), Box::new(right)), Type::Bool, stage, span)
    }

    fn coalesce(
        &mut self,
        left: &'a ast::Expr,
        right: &'a ast::Expr,
        scope: &Scope,
        hint: Option<&Type>,
        span: Span,
    ) -> Expr {
        let first = self.expr(left, scope, hint);
        let inner = first.ty.required().clone();
        let second = self.expr(right, scope, Some(&inner));
        if first.is_error() || second.is_error() {
            return Expr::error(span);
        }
        if matches!(first.ty, Type::None) {
            return second;
        }
        if !first.ty.base().is_optional() {
            let shown = self.show(&first.ty);
            self.report(
                Diagnostic::new(codes::NEVER_NONE, format!("the left side of `??` is never `none`: it is {}", self.a(&first.ty)))
                    .primary(left.span, format!("`{shown}`"))
                    .secondary(right.span, "never used")
                    .help("leave out `??` and what follows it"),
            );
            return first;
        }
        let inner = match first.ty.base() {
            Type::Optional(inner) => inner.as_ref().clone(),
            other => other.clone(),
        };
        let ty = if second.ty.is_optional() { inner.clone().optional() } else { inner };
        let because = super::Because::new(left.span, format!("takes the place of a `{}`", self.show(ty.required())));
        let second = self.fit(second, &ty, right.span, Some(because));
        match first.known_none() {
            Some(true) => second,
            Some(false) => Expr { ty, ..first },
            None => {
                let stage = first.stage.max(second.stage);
                Expr::new(ExprKind::Coalesce(Box::new(first), Box::new(second)), ty, stage, span)
            }
        }
    }

    fn equality(&mut self, op: BinaryOp, left: &'a ast::Expr, right: &'a ast::Expr, scope: &Scope, span: Span) -> Expr {
        let negated = op == BinaryOp::NotEqual;
        let operand = match (&left.kind, &right.kind) {
            (_, ast::ExprKind::None) => Some(left),
            (ast::ExprKind::None, _) => Some(right),
            _ => None,
        };
        if let Some(operand) = operand {
            let expr = self.expr(operand, scope, None);
            return self.none_test(expr, operand.span, negated, span);
        }
        let first = self.expr(left, scope, None);
        let second = self.expr(right, scope, Some(&first.ty));
        if first.is_error() || second.is_error() {
            return Expr { ty: Type::Bool, ..Expr::error(span) };
        }
        let binary = if negated { Binary::NotEqual } else { Binary::Equal };
        let (first, second) = self.numbers_alike(first, second);
        let (a, b) = (first.ty.required().base().required(), second.ty.required().base().required());
        if !self.same_kind(a, b) {
            let (first_ty, second_ty) = (self.show(&first.ty), self.show(&second.ty));
            return self.fail(
                span,
                Diagnostic::new(codes::OPERATOR_TYPES, format!("`{first_ty}` and `{second_ty}` are never equal"))
                    .primary(left.span, format!("`{first_ty}`"))
                    .secondary(right.span, format!("`{second_ty}`"))
                    .note(format!("`{}` compares two values of one type", op.text())),
            );
        }
        if let (Some(cases), Some(text)) = (super::names::cases(&first.ty), second.text())
            && !cases.iter().any(|case| case == text)
        {
            let diagnostic =
                Diagnostic::new(codes::TYPE_MISMATCH, format!("`\"{text}\"` is none of the cases of the left side"))
                    .primary(right.span, "never equal")
                    .secondary(left.span, format!("`{}`", self.show(&first.ty)));
            let known: Vec<&str> = cases.iter().map(String::as_str).collect();
            let diagnostic = match crate::suggest::nearest(text, known.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `\"{near}\"`?")),
                None => diagnostic.help(format!("the cases are {}", crate::suggest::listed(known))),
            };
            return self.fail(span, diagnostic);
        }
        if let (Some(a), Some(b)) = (first.constant(), second.constant()) {
            return Expr::bool((a == b) != negated, span);
        }
        let stage = first.stage.max(second.stage);
        Expr::new(ExprKind::Binary(binary, Box::new(first), Box::new(second)), Type::Bool, stage, span)
    }

    fn none_test(&mut self, expr: Expr, place: Span, negated: bool, span: Span) -> Expr {
        if expr.is_error() {
            return Expr { ty: Type::Bool, ..Expr::error(span) };
        }
        let optional = expr.ty.base().is_optional() || matches!(expr.ty.base(), Type::Json);
        if !optional {
            let shown = self.show(&expr.ty);
            self.report(
                Diagnostic::new(codes::NEVER_NONE, format!("this is never `none`: it is {}", self.a(&expr.ty)))
                    .primary(place, format!("`{shown}`"))
                    .note(format!("the comparison is always {negated}"))
                    .help("leave the comparison out"),
            );
        }
        match expr.known_none().or_else(|| self.always_given(&expr).then_some(false)) {
            Some(none) => Expr::bool(none != negated, span),
            None => {
                let stage = expr.stage;
                Expr::new(ExprKind::IsNone { operand: Box::new(expr), negated }, Type::Bool, stage, span)
            }
        }
    }

    /// A parameter of the program that is not optional, given where `none` may be: it is never that.
    fn always_given(&self, expr: &Expr) -> bool {
        let ExprKind::Param(name) = &expr.kind else { return false };
        self.program.params.iter().any(|param| param.name == *name && !param.ty.is_optional() && !param.ty.base().is_optional())
    }

    /// `<` and its like.
    #[expect(clippy::too_many_arguments, reason = "two operands, each with its place, and the whole")]
    pub fn compare(
        &mut self,
        binary: Binary,
        op: &str,
        left: Expr,
        right: Expr,
        left_span: Span,
        right_span: Span,
        span: Span,
    ) -> Expr {
        let failed = Expr { ty: Type::Bool, ..Expr::error(span) };
        if left.is_error() || right.is_error() {
            return failed;
        }
        let place = format!("in a comparison with `{op}`");
        let place = if op == "between" { "in `between`" } else { place.as_str() };
        let (Some(left), Some(right)) =
            (self.required(left, left_span, place), self.required(right, right_span, place))
        else {
            return failed;
        };
        let (left, right) = self.numbers_alike(left, right);
        if !is_comparable(&left.ty) || !is_comparable(&right.ty) || !self.same_kind(left.ty.base(), right.ty.base()) {
            let (first, second) = (self.show(&left.ty), self.show(&right.ty));
            let mut diagnostic =
                Diagnostic::new(codes::OPERATOR_TYPES, format!("`{first}` and `{second}` cannot be compared"))
                    .primary(left_span, format!("`{first}`"))
                    .secondary(right_span, format!("`{second}`"))
                    .note("both sides of a comparison have one type, and that type has an order");
            diagnostic = match (left.ty.base(), right.ty.base()) {
                (Type::Date, Type::Timestamp) => diagnostic.help("take the instant's date: `date(…)`"),
                (Type::Timestamp, Type::Date) => diagnostic.help("take the instant's date: `date(…)`"),
                (Type::Duration, Type::Int | Type::Float) => {
                    diagnostic.help("give the number its unit: `30s`, `5m`, `2h`, `1d`")
                }
                (Type::Size, Type::Int | Type::Float) => diagnostic.help("give the number its unit: `256KB`, `2GB`"),
                (Type::Share, Type::Int | Type::Float) => diagnostic.help("write a share: `1%`"),
                (Type::Decimal(precision, scale), Type::Int | Type::Float)
                | (Type::Int | Type::Float, Type::Decimal(precision, scale)) => {
                    diagnostic.help(super::decimal::digits(*precision, *scale))
                }
                _ => diagnostic,
            };
            self.report(diagnostic);
            return failed;
        }
        if let (Some(a), Some(b)) = (left.constant(), right.constant())
            && let Some(value) = fold::compare(binary, a, b)
        {
            return Expr::bool(value, span);
        }
        let stage = left.stage.max(right.stage);
        Expr::new(ExprKind::Binary(binary, Box::new(left), Box::new(right)), Type::Bool, stage, span)
    }

    fn membership(&mut self, left: &'a ast::Expr, right: &'a ast::Expr, scope: &Scope, span: Span) -> Expr {
        let value = self.expr(left, scope, None);
        let element = value.ty.required().clone();
        let because = super::Because::new(left.span, format!("a `{}` is looked for", self.show(&element)));
        let list = self.check(right, scope, &Type::List(Box::new(element)), Some(because));
        if value.is_error() || list.is_error() {
            return Expr { ty: Type::Bool, ..Expr::error(span) };
        }
        let Some(value) = self.required(value, left.span, "before `in`") else {
            return Expr { ty: Type::Bool, ..Expr::error(span) };
        };
        if let (Some(constant), ExprKind::List(elements)) = (value.constant(), &list.kind)
            && elements.iter().all(|element| element.constant().is_some())
        {
            return Expr::bool(elements.iter().any(|element| element.constant() == Some(constant)), span);
        }
        let stage = value.stage.max(list.stage);
        Expr::new(ExprKind::In(Box::new(value), Box::new(list)), Type::Bool, stage, span)
    }

    /// `Int` beside `Float` becomes `Float`, a constant beside a `Decimal` a `Decimal`.
    pub fn numbers_alike(&mut self, left: Expr, right: Expr) -> (Expr, Expr) {
        let (left, right) = self.decimals_alike(left, right);
        match (left.ty.base(), right.ty.base()) {
            (Type::Int, Type::Float) => (self.float(left), right),
            (Type::Float, Type::Int) => {
                let right = self.float(right);
                (left, right)
            }
            _ => (left, right),
        }
    }

    /// `Int` to `Float`, folded.
    pub fn float(&self, expr: Expr) -> Expr {
        match expr.constant() {
            #[expect(clippy::cast_precision_loss, reason = "what the language's conversion does as well")]
            Some(Value::Int(value)) => Expr::value(Value::Float(*value as f64), Type::Float, expr.span),
            _ => {
                let (stage, span) = (expr.stage, expr.span);
                Expr::new(ExprKind::ToFloat(Box::new(expr)), Type::Float, stage, span)
            }
        }
    }

    /// Whether two types (without their names) hold values that can be equal.
    fn same_kind(&self, left: &Type, right: &Type) -> bool {
        let text = |ty: &Type| matches!(ty, Type::String | Type::Literals(_) | Type::Arn);
        left == right
            || (text(left) && text(right))
            || matches!((left, right), (Type::Error | Type::None | Type::Json, _) | (_, Type::Error | Type::None | Type::Json))
    }
}
