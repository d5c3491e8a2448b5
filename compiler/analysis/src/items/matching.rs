//! `match`, as a statement and as a value: which values each arm takes, and whether all of them are taken.
//!
//! A literal union, a `Bool` and an optional have cases that can be counted, so that each must be taken and none
//! twice; any other value needs an `else`.

use super::flow::{keep, lose, FlowBuilder};
use super::union::Union;
use crate::check::{cases, path, Because, Checker, Local, Scope};
use crate::program::{Arm, Binary, Expr, ExprKind, Match, Stage, Statement, Type, Value, VariableKind};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, MatchArm, MatchValue, Pattern, PatternChoice};

/// An arm's pattern, checked.
struct Taken {
    /// When it is taken; `None` for `else`.
    condition: Option<Expr>,
    /// What its body sees.
    scope: Scope,
}

/// The values that a `match` has met.
#[derive(Default)]
struct Met {
    /// The union whose cases are looked at, and the value itself: what is compared is its tag.
    union: Option<(Union, Expr)>,
    values: Vec<(Value, Span)>,
    none: Option<Span>,
    otherwise: Option<Span>,
}

impl<'a> Checker<'a> {
    /// `match EXPR { PATTERN -> { … } … }`.
    pub fn match_statement(
        &mut self,
        value: &'a ast::Expr,
        arms: &'a [MatchArm],
        span: Span,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> (Option<Statement>, bool) {
        let errors = self.diagnostics.errors();
        let (value, mut taken) = self.patterns(value, arms.iter().map(|arm| &arm.pattern), scope);
        let clean = self.diagnostics.errors() == errors;
        let because = Because::new(span, "decided when the flow comes here");
        self.stage(&value, Stage::Run, because);
        let base = scope.locals.len();
        let mut checked = Vec::new();
        for (arm, taken) in arms.iter().zip(&mut taken) {
            // A binding is no variable of the flow: after the arm it is gone.
            let bound = taken.scope.locals.len();
            let (body, ends) = self.block(&arm.body, flow, &mut taken.scope);
            taken.scope.locals.remove(base..bound);
            checked.push((taken.condition.clone(), body, ends, arm.pattern.span));
        }
        let going_on = checked.iter().filter(|(_, _, ends, _)| !ends).count();
        for (taken, (_, _, ends, pattern)) in taken.iter().zip(&checked) {
            if going_on == 1 && !ends {
                keep(scope, &taken.scope, base);
            } else if *ends {
                lose(scope, &taken.scope, base, "the arm that assigns it does not come here");
            } else {
                let text = self.files.slice(*pattern).to_owned();
                lose(scope, &taken.scope, base, &format!("assigned only in the arm `{text}`"));
            }
        }
        if let [only] = arms
            && only.pattern.choices.is_empty()
            && clean
        {
            self.report(
                Diagnostic::new(codes::ARM_MISSING, "this `match` has no arm but `else`, so it chooses nothing")
                    .primary(only.pattern.span, "taken whatever the value is")
                    .help("write an arm above it, `\"full\" -> { … }`, or its statements without the `match`"),
            );
        }
        let all_end = going_on == 0 && !checked.is_empty();
        (Some(statement(value, checked, flow, span)), all_end)
    }

    /// `match a { "x" -> 1, else -> 2 }`.
    pub fn match_value(
        &mut self,
        value: &'a ast::Expr,
        arms: &'a [MatchValue],
        scope: &Scope,
        hint: Option<&Type>,
        span: Span,
    ) -> Expr {
        let (value, taken) = self.patterns(value, arms.iter().map(|arm| &arm.pattern), scope);
        let mut results: Vec<(Option<Expr>, Expr)> = Vec::new();
        for (arm, taken) in arms.iter().zip(taken) {
            let result = self.expr(&arm.value, &taken.scope, hint);
            results.push((taken.condition, result));
        }
        if value.is_error() || results.iter().any(|(_, result)| result.is_error()) {
            return Expr::error(span);
        }
        let mut common = results.first().map_or(Type::Error, |(_, first)| first.ty.clone());
        for (_, result) in results.iter().skip(1) {
            common = wider(&common, &result.ty);
        }
        let mut made: Option<Expr> = None;
        for (condition, result) in results.into_iter().rev() {
            let place = result.span;
            let result = self.fit(result, &common, place, None);
            made = Some(match (made, condition) {
                (Some(otherwise), Some(condition)) => {
                    let stage = condition.stage.max(result.stage).max(otherwise.stage);
                    let kind = ExprKind::If(Box::new(condition), Box::new(result), Box::new(otherwise));
                    Expr::new(kind, common.clone(), stage, span)
                }
                // Of all that is left the last arm takes the rest.
                _ => result,
            });
        }
        made.unwrap_or_else(|| Expr::error(span))
    }

    /// The value and its arms' patterns; reports what is missing, twice, or never there.
    fn patterns(
        &mut self,
        ast: &'a ast::Expr,
        patterns: impl Iterator<Item = &'a Pattern>,
        scope: &Scope,
    ) -> (Expr, Vec<Taken>) {
        let value = self.expr(ast, scope, None);
        let union = self.union_of(&value.ty).cloned();
        let (value, union) = match union {
            Some(union) => (tag_of(&value, &union), Some((union, value))),
            None => (self.matchable(value, ast.span), None),
        };
        let mut met = Met { union, ..Met::default() };
        let mut taken = Vec::new();
        for pattern in patterns {
            if let Some(otherwise) = met.otherwise {
                self.report(
                    Diagnostic::new(codes::ARM_NEVER, "this arm can never be taken: `else` comes before it")
                        .primary(pattern.span, "never reached")
                        .secondary(otherwise, "takes every value")
                        .note("arms are tried in the order of the text")
                        .help("put `else` last"),
                );
            }
            taken.push(self.pattern(&value, ast, pattern, scope, &mut met));
        }
        if !value.is_error() {
            self.exhaustive(&value, ast.span, &met);
        }
        (value, taken)
    }

    /// A value that can be compared with literals.
    fn matchable(&mut self, value: Expr, span: Span) -> Expr {
        let fits = matches!(
            value.ty.required().base(),
            Type::Bool
                | Type::Int
                | Type::Float
                | Type::Decimal(..)
                | Type::String
                | Type::Date
                | Type::Timestamp
                | Type::Duration
                | Type::Size
                | Type::Arn
                | Type::Literals(_)
                | Type::Error
        );
        if fits {
            return value;
        }
        let shown = self.show(&value.ty);
        let mut diagnostic = Diagnostic::new(codes::MATCH_VALUE, format!("`match` cannot look at a `{shown}`"))
            .primary(span, format!("`{shown}`"))
            .note("an arm names values: texts, numbers, dates, `true`, `none`");
        diagnostic = match value.ty.required().base() {
            Type::Json => diagnostic.help("say its type where it comes from: a task's result, a parameter"),
            Type::Record(_) | Type::Row(_) => diagnostic.help("look at one of its fields"),
            _ => diagnostic.help("write `if` with a condition"),
        };
        self.fail(span, diagnostic)
    }

    fn pattern(
        &mut self,
        value: &Expr,
        ast: &'a ast::Expr,
        pattern: &'a Pattern,
        scope: &Scope,
        met: &mut Met,
    ) -> Taken {
        let mut inner = scope.clone();
        let required = value.ty.required().clone();
        let mut literals: Vec<Expr> = Vec::new();
        let mut none = None;
        for choice in &pattern.choices {
            match self.choice(value, &required, choice, scope, met) {
                Some(found) if matches!(found.constant(), Some(Value::None)) => none = Some(found.span),
                found => literals.extend(found),
            }
        }
        let narrows = if pattern.choices.is_empty() { met.none.is_some() } else { none.is_none() };
        met.none = met.none.or(none);
        if pattern.choices.is_empty() {
            met.otherwise = met.otherwise.or(Some(pattern.span));
        }
        if narrows && let Some(path) = path(ast) {
            inner.narrowed.insert(path);
        }
        if let Some(name) = &pattern.binding {
            let texts: Vec<String> =
                literals.iter().filter_map(|literal| literal.text().map(str::to_owned)).collect();
            let ty = match required.base() {
                Type::Literals(_) if !texts.is_empty() && texts.len() == literals.len() => Type::literals(texts),
                _ => required.clone(),
            };
            let texts = literals.iter().filter_map(Expr::text).collect::<Vec<_>>();
            // The whole value, not the tag that was compared; of one case, as that case.
            let (ty, value) = match &met.union {
                Some((union, whole)) => (union.only(&texts).unwrap_or_else(|| whole.ty.required().clone()), whole),
                None => (ty, value),
            };
            let ty = if narrows { ty } else { ty.optional() };
            let local = if value.is_error() { Expr::error(name.span) } else { Expr { ty, ..value.clone() } };
            inner.declare(&name.text, Local::Value(local));
        }
        let condition = (!pattern.choices.is_empty()).then(|| condition(value, literals, none, pattern.span));
        Taken { condition, scope: inner }
    }

    /// One of the values that an arm takes; `None` after a report.
    fn choice(
        &mut self,
        value: &Expr,
        required: &Type,
        choice: &'a PatternChoice,
        scope: &Scope,
        met: &mut Met,
    ) -> Option<Expr> {
        let literal = match choice {
            PatternChoice::Literal(ast) if matches!(ast.kind, ast::ExprKind::None) => {
                if !value.is_error() && !value.ty.is_optional() {
                    self.report(
                        Diagnostic::new(codes::ARM_NEVER, "this arm can never be taken: the value is never `none`")
                            .primary(ast.span, "")
                            .secondary(value.span, self.a(&value.ty))
                            .help("leave the arm out"),
                    );
                    return None;
                }
                if let Some(first) = met.none {
                    self.taken_before(ast.span, first);
                    return None;
                }
                return Some(Expr::none(ast.span));
            }
            PatternChoice::Literal(ast) => {
                let known = cases(required);
                if let (Some(known), ast::ExprKind::Text(_) | ast::ExprKind::RawText(_)) = (known, &ast.kind) {
                    let text = self.expr(ast, scope, None);
                    let text = text.text().map(str::to_owned)?;
                    return self.case(&text, ast.span, known, value, met);
                }
                let because = Because::new(value.span, format!("the value is {}", self.a(&value.ty)));
                let literal = self.check(ast, scope, required, Some(because));
                let because = Because::new(ast.span, "what an arm takes is part of the state machine's text");
                if value.is_error() || literal.is_error() || !self.stage(&literal, Stage::Const, because) {
                    return None;
                }
                literal
            }
            PatternChoice::Case(named) => {
                let text = named.text();
                if value.is_error() {
                    return None;
                }
                if let Some((union, whole)) = met.union.clone() {
                    let literal = self.union_case_named(&union, &whole, named)?;
                    return self.case(&literal, named.span, cases(required)?, value, met);
                }
                let Some(known) = cases(required) else {
                    self.report(
                        Diagnostic::new(codes::UNKNOWN_NAME, format!("`{text}` is no value that an arm can take"))
                            .primary(named.span, "")
                            .secondary(value.span, format!("the value is {}", self.a(&value.ty)))
                            .help("write a literal: `\"a\"`, `3`, `true`, `none`"),
                    );
                    return None;
                };
                return self.case(&text, named.span, known, value, met);
            }
        };
        let known = literal.constant()?.clone();
        if let Some((_, first)) = met.values.iter().find(|(other, _)| *other == known) {
            let first = *first;
            self.taken_before(literal.span, first);
            return None;
        }
        met.values.push((known, literal.span));
        Some(literal)
    }

    /// A case of a literal union.
    fn case(&mut self, text: &str, span: Span, known: &[String], value: &Expr, met: &mut Met) -> Option<Expr> {
        if !known.iter().any(|case| case == text) {
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            let shown = self.show(&value.ty);
            let mut diagnostic =
                Diagnostic::new(codes::ARM_NEVER, format!("this arm can never be taken: the value is never `\"{text}\"`"))
                    .primary(span, "no case of the type")
                    .secondary(value.span, format!("`{shown}`"));
            diagnostic = match crate::suggest::nearest(text, names.iter().copied()) {
                Some(near) => diagnostic
                    .help(format!("did you mean `\"{near}\"`?"))
                    .fix(format!("write `\"{near}\"`"), span, format!("\"{near}\"")),
                None => diagnostic.help(format!("the cases are {}", crate::suggest::listed(names))),
            };
            self.report(diagnostic);
            return None;
        }
        let of = Value::String(text.to_owned());
        if let Some((_, first)) = met.values.iter().find(|(other, _)| *other == of) {
            let first = *first;
            self.taken_before(span, first);
            return None;
        }
        met.values.push((of.clone(), span));
        Some(Expr::value(of, Type::literals(vec![text.to_owned()]), span))
    }

    fn taken_before(&mut self, span: Span, first: Span) {
        self.report(
            Diagnostic::new(codes::ARM_NEVER, "this value is taken by an arm before it")
                .primary(span, "never reached")
                .secondary(first, "taken here")
                .note("arms are tried in the order of the text")
                .help("leave it out"),
        );
    }

    fn exhaustive(&mut self, value: &Expr, span: Span, met: &Met) {
        let shown = self.show(met.union.as_ref().map_or(&value.ty, |(_, whole)| &whole.ty));
        let named = |text: &str| {
            let case = met.union.as_ref().and_then(|(union, _)| union.cases.iter().find(|case| case.literal == text));
            case.map(|case| case.name.clone())
        };
        let all: Option<Vec<Value>> = match value.ty.required().base() {
            Type::Literals(texts) => Some(texts.iter().map(|text| Value::String(text.clone())).collect()),
            Type::Bool => Some(vec![Value::Bool(true), Value::Bool(false)]),
            _ => None,
        };
        let mut left: Vec<String> = Vec::new();
        for case in all.iter().flatten().filter(|case| !met.values.iter().any(|(other, _)| other == *case)) {
            left.push(match case {
                Value::String(text) => named(text).unwrap_or_else(|| format!("\"{text}\"")),
                Value::Bool(value) => value.to_string(),
                _ => continue,
            });
        }
        if value.ty.is_optional() && met.none.is_none() {
            left.push("none".to_owned());
        }
        match (met.otherwise, all.is_some()) {
            (Some(otherwise), true) if left.is_empty() => self.report(
                Diagnostic::new(codes::ARM_NEVER, "this `else` can never be taken: every case has an arm")
                    .primary(otherwise, "never reached")
                    .secondary(span, format!("`{shown}`"))
                    .note("without it a case that is added to the type later is an error here, not forgotten")
                    .help("leave it out"),
            ),
            (None, false) => self.report(
                Diagnostic::new(codes::ARM_MISSING, format!("`match` on {} needs an `else`", self.a(&value.ty)))
                    .primary(span, format!("`{shown}`"))
                    .note("its values cannot be counted, so that some are always left")
                    .help("write `else -> { … }` last; `else -> { fail NAME(\"…\") }` where no other is expected"),
            ),
            (None, true) if !left.is_empty() => {
                let listed = left.iter().map(|case| format!("`{case}`")).collect::<Vec<_>>().join(", ");
                self.report(
                    Diagnostic::new(codes::ARM_MISSING, format!("`match` has no arm for {listed}"))
                        .primary(span, format!("`{shown}`"))
                        .note("an execution with such a value would have nowhere to go")
                        .help(format!("write `{} -> {{ … }}`", left.join(" | ")))
                        .help("or `else -> { … }` for all that are left"),
                );
            }
            _ => {}
        }
    }
}

/// The tag of a union's value, which is compared in its place.
fn tag_of(value: &Expr, union: &Union) -> Expr {
    let optional = value.ty.is_optional();
    let texts = Type::Literals(union.cases.iter().map(|case| case.literal.clone()).collect());
    let kind = ExprKind::Field { target: Box::new(value.clone()), name: union.tag.clone(), optional };
    if value.is_error() {
        return value.clone();
    }
    Expr::new(kind, if optional { texts.optional() } else { texts }, value.stage, value.span)
}

fn condition(value: &Expr, mut literals: Vec<Expr>, none: Option<Span>, span: Span) -> Expr {
    let of = |kind: ExprKind| Expr::new(kind, Type::Bool, value.stage, span);
    let value_box = || Box::new(value.clone());
    let is_none = none.map(|_| of(ExprKind::IsNone { operand: value_box(), negated: false }));
    let is_one = match literals.len() {
        0 => None,
        1 => literals.pop().map(|literal| of(ExprKind::Binary(Binary::Equal, value_box(), Box::new(literal)))),
        _ => {
            let list = Expr::list(literals, value.ty.required().clone(), span);
            Some(of(ExprKind::In(value_box(), Box::new(list))))
        }
    };
    match (is_one, is_none) {
        (Some(one), Some(none)) => of(ExprKind::Binary(Binary::Or, Box::new(none), Box::new(one))),
        (Some(only), None) | (None, Some(only)) => only,
        // All its values were refused.
        (None, None) => Expr::error(span),
    }
}

/// The type of which both are, or the first where there is none.
pub(super) fn wider(a: &Type, b: &Type) -> Type {
    match (a, b) {
        (Type::None, Type::None) => Type::None,
        (Type::None, other) | (other, Type::None) => other.clone().optional(),
        (Type::Optional(inner), other) | (other, Type::Optional(inner)) => wider(inner, other.required()).optional(),
        (Type::Literals(left), Type::Literals(right)) => {
            let more = right.iter().filter(|case| !left.contains(case));
            Type::Literals(left.iter().chain(more).cloned().collect())
        }
        (Type::Literals(_), Type::String) | (Type::String, Type::Literals(_)) => Type::String,
        (Type::Int, Type::Float) | (Type::Float, Type::Int) => Type::Float,
        (Type::List(left), Type::List(right)) => Type::List(Box::new(wider(left, right))),
        (Type::Record(left), Type::Record(right)) => Type::Record(
            left.iter()
                .map(|(name, ty)| match right.iter().find(|(other, _)| other == name) {
                    Some((_, other)) => (name.clone(), wider(ty, other)),
                    None => (name.clone(), ty.clone()),
                })
                .collect(),
        ),
        _ => a.clone(),
    }
}

type Checked = (Option<Expr>, Vec<Statement>, bool, Span);

/// The statement: a chain of `if`s where the graph is chosen before anything is deployed.
fn statement(value: Expr, mut arms: Vec<Checked>, flow: &FlowBuilder<'_>, span: Span) -> Statement {
    // Also the tag of a union.
    let looked_at = match &value.kind {
        ExprKind::Field { target, optional: false, .. } if matches!(value.ty, Type::Literals(_)) => target.as_ref(),
        _ => &value,
    };
    let of_input = |expr: &Expr| match &expr.kind {
        ExprKind::Variable(id) => {
            flow.variables.get(id.0 as usize).is_some_and(|variable| variable.kind == VariableKind::Param)
        }
        _ => false,
    };
    let deploy = !value.is_error() && value.stage <= Stage::Apply;
    // The entry state has checked the flow's input: what is left is the last arm's.
    let certain = deploy || of_input(looked_at) || matches!(value.ty.base(), Type::Bool);
    let last = match arms.last() {
        Some((None, ..)) => arms.pop(),
        Some(_) if certain => arms.pop(),
        _ => None,
    };
    let otherwise = last.map(|(_, body, ..)| body);
    if deploy {
        let all = |then| Statement::If { condition: Expr::bool(true, span), then, otherwise: Vec::new(), span };
        let mut rest = otherwise.unwrap_or_default();
        let mut first = None;
        for (condition, then, _, at) in arms.into_iter().rev() {
            rest.splice(0..0, first.take());
            let condition = condition.unwrap_or_else(|| Expr::error(at));
            first = Some(Statement::If { condition, then, otherwise: std::mem::take(&mut rest), span });
        }
        return first.unwrap_or_else(|| all(rest));
    }
    let arms = arms
        .into_iter()
        .map(|(condition, body, _, span)| Arm { condition: condition.unwrap_or_else(|| Expr::error(span)), body, span })
        .collect();
    Statement::Match(Box::new(Match { value, arms, otherwise, span }))
}
