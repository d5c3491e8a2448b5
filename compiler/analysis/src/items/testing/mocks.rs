//! What steps do in a test instead of what they would do.

use super::{TestBuilder, step_names};
use crate::check::{Because, Checker, Scope};
use crate::program::{Expr, ExprKind, Flow, Mock, MockAnswer, Stage, Step, Type, Value};
use flow_diagnostics::{Diagnostic, Span, codes};
use flow_syntax::ast;

/// A `mock` statement: the step, what it does, for how many calls, the whole.
pub(super) type Written<'a> = (&'a ast::Path, &'a ast::MockAnswer, Option<&'a ast::Expr>, Span);

impl<'a> Checker<'a> {
    /// The mocks of a run.
    pub(super) fn mocks(&mut self, written: &[Written<'a>], flow: &Flow, test: &TestBuilder<'a>) -> Vec<Mock> {
        let mut mocks: Vec<(Mock, Span)> = Vec::new();
        for (path, answer, times, span) in written {
            let Some(step) = self.step_of(path, flow, "mock") else { continue };
            let last = mocks.iter().rev().find(|(mock, _)| mock.step == step.name);
            if let Some((Mock { times: None, .. }, first)) = last {
                self.report(
                    Diagnostic::new(codes::MOCK_NEVER, format!("this mock of `{}` is never reached", step.name))
                        .primary(*span, "")
                        .secondary(*first, "for all calls of the step")
                        .note("mocks of a step follow each other: each for so many calls")
                        .help("say for how many calls the first one is: `times 1`"),
                );
                continue;
            }
            let times = match times {
                Some(times) => match self.times(times) {
                    Some(times) => Some(times),
                    None => continue,
                },
                None => None,
            };
            let answer = match answer {
                ast::MockAnswer::Value(value) => self.mock_value(value, step, test).map(MockAnswer::Value),
                ast::MockAnswer::Raises { error, cause } => {
                    let cause = match cause {
                        Some(cause) => {
                            let cause = self.check(cause, &test.scope, &Type::String, None);
                            let because = Because::new(*span, "a test knows what one execution knows");
                            if cause.is_error() || !self.stage(&cause, Stage::Run, because) {
                                continue;
                            }
                            Some(cause)
                        }
                        None => None,
                    };
                    Some(MockAnswer::Raises { error: error.text(), cause })
                }
            };
            if let Some(answer) = answer {
                mocks.push((Mock { step: step.name.clone(), answer, times }, *span));
            }
        }
        mocks.into_iter().map(|(mock, _)| mock).collect()
    }

    /// The step that a test names.
    pub(super) fn step_of<'f>(&mut self, path: &ast::Path, flow: &'f Flow, word: &str) -> Option<&'f Step> {
        let name = path.text();
        if let Some(step) = flow.steps().into_iter().find(|step| step.name == name) {
            return Some(step);
        }
        let names = step_names(flow);
        let within = format!("{name}.");
        let inner: Vec<&str> = names.iter().copied().filter(|known| known.starts_with(&within)).collect();
        if !inner.is_empty() {
            self.report(
                Diagnostic::new(codes::UNKNOWN_NAME, format!("`{name}` is made of steps"))
                    .primary(path.span, "")
                    .help(format!("{word} one of them: {}", crate::suggest::listed(inner.iter().copied()))),
            );
            return None;
        }
        let diagnostic = Diagnostic::new(codes::UNKNOWN_NAME, format!("`{}` has no step `{name}`", flow.name))
            .primary(path.span, "not found")
            .secondary(flow.span, "the flow");
        let diagnostic = Self::suggest(diagnostic, &name, path.span, &names, "its steps are");
        self.report(diagnostic);
        None
    }

    /// `times N`.
    fn times(&mut self, ast: &'a ast::Expr) -> Option<u64> {
        let expr = self.check(ast, &Scope::new(0), &Type::Int, None);
        match expr.constant() {
            Some(Value::Int(count)) if *count > 0 => u64::try_from(*count).ok(),
            _ if expr.is_error() => None,
            _ => {
                self.report(
                    Diagnostic::new(codes::MOCK_NEVER, "`times` wants a number of calls, 1 or more")
                        .primary(ast.span, "")
                        .help("write `times 2`; without `times` it is for all calls"),
                );
                None
            }
        }
    }

    /// A step's result. Fields that a record leaves out have the zero of their type.
    fn mock_value(&mut self, value: &'a ast::Expr, step: &Step, test: &TestBuilder<'a>) -> Option<Expr> {
        let want = self.written_out(&step.call.ty);
        let because = || Because::new(step.name_span, format!("the result of `{}`", step.name));
        let expr = self.expr(value, &test.scope, Some(&want));
        let expr = completed(expr, &want);
        let expr = self.fit(expr, &want, value.span, Some(because()));
        (!expr.is_error() && self.stage(&expr, Stage::Run, because())).then_some(expr)
    }
}

/// A record with the fields that it leaves out, where their type has a zero.
fn completed(expr: Expr, want: &Type) -> Expr {
    let Type::Record(fields) = want.required().base() else { return expr };
    let ExprKind::Record(mut entries) = expr.kind else { return expr };
    for (name, ty) in fields.iter() {
        match entries.iter_mut().find(|(entry, _)| entry == name) {
            Some((_, value)) => {
                let given = std::mem::replace(value, Expr::none(expr.span));
                *value = completed(given, ty);
            }
            None => {
                if let Some(zero) = zero(ty, expr.span) {
                    entries.push((name.clone(), zero));
                }
            }
        }
    }
    Expr { kind: ExprKind::Record(entries), ..expr }
}

/// The zero of a type: 0, the empty text, `false`, no elements.
fn zero(ty: &Type, span: Span) -> Option<Expr> {
    let value = match ty.base() {
        Type::Int => Value::Int(0),
        Type::Float => Value::Float(0.0),
        Type::Decimal(_, 0) => Value::Decimal("0".to_owned()),
        Type::Decimal(_, scale) => Value::Decimal(format!("0.{:0<1$}", "", usize::from(*scale))),
        Type::Bool => Value::Bool(false),
        Type::String => Value::String(String::new()),
        Type::Duration => Value::Duration(0),
        Type::Size => Value::Size(0),
        Type::List(_) => return Some(Expr::new(ExprKind::List(Vec::new()), ty.clone(), Stage::Const, span)),
        Type::Record(_) => return Some(completed(Expr::record(Vec::new(), span), ty)),
        _ => return None,
    };
    Some(Expr::value(value, ty.base().clone(), span))
}
