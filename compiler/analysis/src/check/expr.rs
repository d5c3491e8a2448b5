//! Expressions: one function that infers, with a hint of what is expected.

use super::narrow::facts;
use super::operators::is_comparable;
use super::{Because, Checker, Scope};
use crate::program::{Binary, Expr, ExprKind, Type, Unary, Value};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ListElement, UnaryOp};

impl<'a> Checker<'a> {
    /// Checks an expression that must fit a type.
    pub fn check(&mut self, ast: &'a ast::Expr, scope: &Scope, want: &Type, because: Option<Because>) -> Expr {
        let expr = self.expr(ast, scope, Some(want));
        self.fit(expr, want, ast.span, because)
    }

    /// Infers an expression's type. `hint` is what its place wants: it decides what a bare case of a union, the
    /// entries of a record and the elements of a list mean; whether the expression fits is not checked here.
    pub fn expr(&mut self, ast: &'a ast::Expr, scope: &Scope, hint: Option<&Type>) -> Expr {
        let span = ast.span;
        match &ast.kind {
            ast::ExprKind::Bool(value) => Expr::bool(*value, span),
            ast::ExprKind::Int(value) => Expr::int(*value, span),
            ast::ExprKind::Float(value) => Expr::value(Value::Float(*value), Type::Float, span),
            ast::ExprKind::Share(value) => Expr::value(Value::Float(*value), Type::Share, span),
            ast::ExprKind::Duration(value) => Expr::value(Value::Duration(*value), Type::Duration, span),
            ast::ExprKind::Size(value) => Expr::value(Value::Size(*value), Type::Size, span),
            ast::ExprKind::Date(text) => self.date_literal(text, span),
            ast::ExprKind::Timestamp(text) => self.timestamp_literal(text, span),
            ast::ExprKind::Text(parts) => self.text(parts, scope, span),
            ast::ExprKind::RawText(text) => Expr::string(text.clone(), span),
            ast::ExprKind::None => Expr::none(span),
            ast::ExprKind::Star => self.fail(
                span,
                Diagnostic::new(codes::NOT_A_VALUE, "`*` is no value")
                    .primary(span, "")
                    .help("`*` stands for the partitions of a result alone: `into sink[month = *]`"),
            ),
            ast::ExprKind::Name(name) => self.name(name, scope, hint),
            ast::ExprKind::Field { target, name, optional } => self.field(ast, target, name, *optional, scope),
            ast::ExprKind::Call { callee, arguments, .. } => self.call(callee, arguments, scope, span),
            ast::ExprKind::Construct { callee, fields } => self.construct_block(callee, fields, scope, hint, span),
            ast::ExprKind::Select { target, partitions } => self.table_place(target, partitions, scope, span),
            ast::ExprKind::Index { target, index } => match self.attribute_at(ast, scope) {
                Some(expr) => expr,
                None => self.index_of(target, index, scope, span),
            },
            ast::ExprKind::List(elements) => self.list(elements, scope, hint, span),
            ast::ExprKind::Record(entries) => self.record(entries, scope, hint, span),
            ast::ExprKind::Unary { op, operand } => self.unary(*op, operand, scope, span),
            ast::ExprKind::Binary { op, op_span, left, right } => {
                self.binary(*op, *op_span, left, right, scope, hint, span)
            }
            ast::ExprKind::Between { operand, low, high } => self.between(operand, low, high, scope, span),
            ast::ExprKind::If { condition, then, otherwise } => {
                self.if_value(condition, then, otherwise, scope, hint, span)
            }
            ast::ExprKind::Match { value, arms } => self.match_value(value, arms, scope, hint, span),
            ast::ExprKind::Broken => Expr::error(span),
        }
    }

    fn list(&mut self, elements: &'a [ListElement], scope: &Scope, hint: Option<&Type>, span: Span) -> Expr {
        let hint = hint.map(|hint| hint.required().base().required());
        if matches!(hint, Some(Type::Partitions)) {
            return self.partitions(elements, scope.module, span);
        }
        let mut element_ty: Option<Type> = match hint {
            Some(Type::List(element)) => Some(element.as_ref().clone()),
            Some(Type::Json) => Some(Type::Json),
            _ => None,
        };
        let mut list: Vec<Expr> = Vec::with_capacity(elements.len());
        for element in elements {
            let ast = match element {
                ListElement::Expr(ast) => ast,
                ListElement::Typed(name, ty) => {
                    self.report(
                        Diagnostic::new(codes::NOT_A_VALUE, format!("`{}: …` is no element of a list", name.text))
                            .primary(name.span.to(ty.span), "")
                            .note("a name with a type declares a partition column")
                            .help("write a value; for a record, put braces round it"),
                    );
                    continue;
                }
            };
            let expr = match &element_ty {
                Some(want) => self.check(ast, scope, want, None),
                None => {
                    let expr = self.expr(ast, scope, None);
                    element_ty = Some(expr.ty.clone());
                    expr
                }
            };
            list.push(expr);
        }
        Expr::list(list, element_ty.unwrap_or(Type::Error), span)
    }

    fn record(&mut self, entries: &'a [ast::RecordEntry], scope: &Scope, hint: Option<&Type>, span: Span) -> Expr {
        let hint = hint.map(|hint| hint.required().base().required().base());
        let mut list: Vec<(String, Expr)> = Vec::new();
        for entry in entries {
            let name = entry.name.text.as_str();
            if let Some(first) = entries.iter().find(|other| other.name.text == name)
                && first.name.span.key() != entry.name.span.key()
            {
                crate::resolve::duplicate(&entry.name, first.name.span, self.diagnostics);
                continue;
            }
            let want = match hint {
                Some(Type::Record(fields)) => match fields.iter().find(|(field, _)| field == name) {
                    Some((_, ty)) => Some(ty),
                    None => {
                        let known: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
                        let diagnostic =
                            Diagnostic::new(codes::UNKNOWN_FIELD, format!("there is no field `{name}` here"))
                                .primary(entry.name.span, "not found");
                        let diagnostic =
                            Self::suggest(diagnostic, name, entry.name.span, &known, "the fields are");
                        self.report(diagnostic);
                        continue;
                    }
                },
                Some(Type::Json) => Some(&Type::Json),
                Some(Type::Map(value)) => Some(value.as_ref()),
                _ => None,
            };
            let value = match want {
                Some(want) => self.check(&entry.value, scope, want, None),
                None => self.expr(&entry.value, scope, None),
            };
            list.push((name.to_owned(), value));
        }
        Expr::record(list, span)
    }

    fn unary(&mut self, op: UnaryOp, operand: &'a ast::Expr, scope: &Scope, span: Span) -> Expr {
        match op {
            UnaryOp::Not => {
                let operand = self.condition(operand, scope, "of `not`");
                self.make_not(operand, span)
            }
            UnaryOp::Negate => {
                let expr = self.expr(operand, scope, None);
                if expr.is_error() {
                    return Expr::error(span);
                }
                let Some(expr) = self.required(expr, operand.span, "of `-`") else { return Expr::error(span) };
                let ty = expr.ty.base().clone();
                if !matches!(ty, Type::Int | Type::Float | Type::Duration | Type::Decimal(..)) {
                    let shown = self.show(&expr.ty);
                    return self.fail(
                        span,
                        Diagnostic::new(codes::OPERATOR_TYPES, format!("`-` does not apply to `{shown}`"))
                            .primary(operand.span, format!("`{shown}`"))
                            .note("`-` applies to `Int`, `Float`, `Decimal` and `Duration`"),
                    );
                }
                let folded = match expr.constant() {
                    Some(Value::Int(value)) => value.checked_neg().map(Value::Int),
                    Some(Value::Float(value)) => Some(Value::Float(-value)),
                    Some(Value::Duration(value)) => value.checked_neg().map(Value::Duration),
                    _ => None,
                };
                match folded {
                    Some(value) => Expr::value(value, ty, span),
                    None => {
                        let stage = expr.stage;
                        Expr::new(ExprKind::Unary(Unary::Negate, Box::new(expr)), ty, stage, span)
                    }
                }
            }
        }
    }

    /// `not a`, folded.
    pub fn make_not(&mut self, operand: Expr, span: Span) -> Expr {
        match operand.constant() {
            Some(Value::Bool(value)) => Expr::bool(!value, span),
            _ => {
                let stage = operand.stage;
                Expr::new(ExprKind::Unary(Unary::Not, Box::new(operand)), Type::Bool, stage, span)
            }
        }
    }

    /// A `Bool`.
    pub fn condition(&mut self, ast: &'a ast::Expr, scope: &Scope, place: &str) -> Expr {
        let expr = self.expr(ast, scope, Some(&Type::Bool));
        if expr.is_error() || matches!(expr.ty.base(), Type::Bool) {
            return expr;
        }
        let shown = self.show(&expr.ty);
        let diagnostic = if expr.ty.is_optional() {
            self.optional_used(ast.span, &expr.ty, place)
        } else {
            let mut diagnostic =
                Diagnostic::new(codes::TYPE_MISMATCH, format!("a condition is a `Bool`, this is {}", self.a(&expr.ty)))
                    .primary(ast.span, format!("`{shown}`, {place}"));
            diagnostic = match expr.ty.base() {
                Type::Int | Type::Float => diagnostic.help("compare it: `… > 0`"),
                Type::String => diagnostic.help("compare it: `len(…) > 0`, or `… == \"…\"`"),
                _ => diagnostic.help("compare it with something"),
            };
            diagnostic
        };
        self.fail(ast.span, diagnostic)
    }

    fn between(
        &mut self,
        operand: &'a ast::Expr,
        low: &'a ast::Expr,
        high: &'a ast::Expr,
        scope: &Scope,
        span: Span,
    ) -> Expr {
        let value = self.expr(operand, scope, None);
        let low_value = self.expr(low, scope, Some(&value.ty));
        let high_value = self.expr(high, scope, Some(&value.ty));
        let lower = self.compare(Binary::GreaterEqual, "between", value.clone(), low_value, operand.span, low.span, span);
        let upper = self.compare(Binary::LessEqual, "between", value, high_value, operand.span, high.span, span);
        self.make_logical(true, lower, upper, span)
    }

    fn if_value(
        &mut self,
        condition: &'a ast::Expr,
        then: &'a ast::Expr,
        otherwise: &'a ast::Expr,
        scope: &Scope,
        hint: Option<&Type>,
        span: Span,
    ) -> Expr {
        let test = self.condition(condition, scope, "of `if`");
        let yes_scope = scope.knowing(&facts(condition, true));
        let no_scope = scope.knowing(&facts(condition, false));
        let yes = self.expr(then, &yes_scope, hint);
        let no = self.expr(otherwise, &no_scope, hint);
        if yes.is_error() || no.is_error() || test.is_error() {
            return Expr::error(span);
        }
        let because = Because::new(then.span, format!("the other branch is {}", self.a(&yes.ty)));
        let (yes, no) = match (&yes.ty, &no.ty) {
            (Type::None, _) => {
                let ty = no.ty.clone().optional();
                (Expr { ty: ty.clone(), ..yes }, Expr { ty, ..no })
            }
            (_, Type::None) => {
                let ty = yes.ty.clone().optional();
                (Expr { ty: ty.clone(), ..yes }, Expr { ty, ..no })
            }
            (Type::Literals(left), Type::Literals(right)) => {
                let more = right.iter().filter(|case| !left.contains(case));
                let ty = Type::Literals(left.iter().chain(more).cloned().collect());
                (Expr { ty: ty.clone(), ..yes }, Expr { ty, ..no })
            }
            (Type::Int, Type::Float) => (self.float(yes), no),
            (_, Type::Optional(_)) if !yes.ty.is_optional() => {
                let ty = no.ty.clone();
                (self.fit(yes, &ty, then.span, None), no)
            }
            _ => {
                let ty = yes.ty.clone();
                let no = self.fit(no, &ty, otherwise.span, Some(because));
                (yes, no)
            }
        };
        match test.constant() {
            Some(Value::Bool(true)) => yes,
            Some(Value::Bool(false)) => no,
            _ => {
                let ty = yes.ty.clone();
                let stage = test.stage.max(yes.stage).max(no.stage);
                Expr::new(ExprKind::If(Box::new(test), Box::new(yes), Box::new(no)), ty, stage, span)
            }
        }
    }

    /// A value that is not optional, or a report.
    pub fn required(&mut self, expr: Expr, span: Span, place: &str) -> Option<Expr> {
        match &expr.ty {
            Type::Optional(_) | Type::None => {
                let diagnostic = self.optional_used(span, &expr.ty, place);
                self.report_once(diagnostic, span);
                None
            }
            Type::Nominal { base, .. } if base.is_optional() => {
                let diagnostic = self.optional_used(span, &expr.ty, place);
                self.report_once(diagnostic, span);
                None
            }
            _ => Some(expr),
        }
    }

    /// The message for an optional used as a value.
    pub fn optional_used(&self, span: Span, ty: &Type, place: &str) -> Diagnostic {
        let shown = self.show(ty);
        let text = self.files.slice(span).to_owned();
        let simple = !text.is_empty() && text.len() < 40 && !text.contains(char::is_whitespace);
        let named = if simple { format!("`{text}`") } else { "this value".to_owned() };
        if matches!(ty, Type::None) {
            return Diagnostic::new(codes::OPTIONAL_USED, format!("`none` {place}"))
                .primary(span, "")
                .note("`none` is a value of optional types alone, those that end in `?`")
                .help("write a value");
        }
        let mut diagnostic = Diagnostic::new(codes::OPTIONAL_USED, format!("{named} may be `none` {place}"))
            .primary(span, format!("`{shown}`"))
            .note(format!("a value is needed here, and `{shown}` has one only sometimes"));
        if simple {
            diagnostic = diagnostic.help(format!("write `{text} ?? …` for a value in its place"));
            diagnostic = diagnostic.help(format!("or guard it: `{text} != none and …`, or `where {text} != none` in a transform"));
        } else {
            diagnostic = diagnostic.help("write `?? …` after it for a value in its place");
        }
        diagnostic
    }

    /// Whether `<` applies to a type.
    pub fn ordered(ty: &Type) -> bool {
        is_comparable(ty)
    }
}
