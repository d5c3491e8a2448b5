//! Scopes within a flow: the branches of a `parallel`, the body of a `for`.
//!
//! What a scope assigns stays inside. Its result is what its `return` gives, or else a record of the results of its
//! steps; a `parallel` gives the record of its branches.

use super::flow::{FlowBuilder, HandlerKind};
use super::matching::wider;
use crate::check::{fits, Because, Checker, Local, Scope};
use crate::program::{
    Branch, Expr, ExprKind, Head, Inner, Parallel, Stage, Statement, Type, Value, VariableKind,
};
use crate::resolve::duplicate;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Field};

/// What the `return`s of a scope have given so far.
#[derive(Debug, Default)]
pub(crate) struct Returned {
    /// What it is: "branch `a`".
    what: String,
    ty: Option<Type>,
    first: Option<Span>,
}

/// Modifiers of a `parallel` and a `for` as steps.
const MODIFIERS: &[&str] = &["retry", "when"];

impl<'a> Checker<'a> {
    /// `step p = parallel { … }`, or without `step`.
    pub fn parallel(
        &mut self,
        step: Option<&'a ast::Step>,
        branches: &'a [ast::Branch],
        doc: Option<&String>,
        span: Span,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> Option<Statement> {
        let name = step.map_or("parallel", |step| step.name.text.as_str());
        let head = self.head(step, name, doc, span, flow, scope);
        let base = scope.locals.len();
        let mut made = Vec::new();
        let mut types = Vec::new();
        let mut inside: Vec<(String, Local)> = Vec::new();
        for branch in branches {
            if let Some(first) = branches.iter().find(|other| other.name.text == branch.name.text)
                && first.span.key() != branch.span.key()
            {
                duplicate(&branch.name, first.name.span, self.diagnostics);
            }
            let of = &branch.name.text;
            let mut within = scope.clone();
            let (inner, ty) = self.inner(&branch.body, format!("branch `{of}`"), flow, &mut within);
            let instead = |local: &str| match (step, &ty) {
                (Some(_), Type::Record(fields)) if fields.iter().any(|(field, _)| field == local) => {
                    Some(format!("`{name}.{of}.{local}`"))
                }
                (Some(_), _) => None,
                (None, _) => Some(format!("`step NAME = parallel {{ … }}`, then `NAME.{of}.{local}`")),
            };
            inside.extend(hidden(&within, base, &format!("a variable of branch `{of}`"), &instead));
            types.push((of.clone(), ty));
            made.push(Branch { name: of.clone(), doc: branch.doc.clone(), inner, span: branch.name.span });
        }
        let head = self.result_of(step, head, Type::record(types), flow, scope);
        scope.locals.extend(inside);
        Some(Statement::Parallel(Box::new(Parallel { head, branches: made, task: false })))
    }

    /// A scope's statements, and the type of its result.
    pub(super) fn inner(
        &mut self,
        block: &'a ast::Block,
        what: String,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> (Inner, Type) {
        let base = scope.locals.len();
        flow.inner.push(Returned { what, ..Returned::default() });
        flow.handlers.push(HandlerKind::Inner);
        let (body, ends) = self.block(block, flow, scope);
        flow.handlers.pop();
        let returned = flow.inner.pop().unwrap_or_default();
        if let (Some(ty), Some(first)) = (returned.ty, returned.first) {
            if !ends {
                self.report(
                    Diagnostic::new(codes::RESULT_ON_SOME_PATHS, format!("{} gives a result on some paths only", returned.what))
                        .primary(block.span.after(), "goes on to here without one")
                        .secondary(first, "a result")
                        .note("without any `return` its result is the record of its steps' results")
                        .help("write `return …` at its end too"),
                );
            }
            return (Inner { body, output: None }, ty);
        }
        if ends {
            // It fails whatever happens.
            return (Inner { body, output: None }, Type::record(Vec::new()));
        }
        let mut entries: Vec<(String, Expr)> = Vec::new();
        for (name, _) in scope.locals.iter().skip(base) {
            let Some(Local::Value(expr)) = scope.local(name) else { continue };
            let is_step = match &expr.kind {
                ExprKind::Variable(id) => {
                    flow.variables.get(id.0 as usize).is_some_and(|variable| variable.kind == VariableKind::Step)
                }
                _ => expr.is_error(),
            };
            if is_step && !entries.iter().any(|(known, _)| known == name) {
                entries.push((name.to_owned(), expr.clone()));
            }
        }
        let output = Expr::record(entries, block.span);
        let ty = output.ty.clone();
        (Inner { body, output: Some(output) }, ty)
    }

    /// `return` in a branch or an iteration.
    pub(super) fn return_within(
        &mut self,
        value: Option<&'a ast::Expr>,
        span: Span,
        flow: &mut FlowBuilder<'a>,
        scope: &Scope,
    ) -> Statement {
        let known = flow.inner.last().and_then(|inner| Some((inner.ty.clone()?, inner.first?, inner.what.clone())));
        let value = match value {
            Some(ast) => {
                let value = self.expr(ast, scope, None);
                self.fit_returned(value, known.as_ref(), ast.span)
            }
            None => Expr::none(span),
        };
        let because = Because::new(span, "a result of the execution");
        self.stage(&value, Stage::Run, because);
        if let Some(inner) = flow.inner.last_mut() {
            let ty = match inner.ty.take() {
                Some(known) => wider(&known, &value.ty),
                None => value.ty.clone(),
            };
            inner.ty = Some(ty);
            inner.first.get_or_insert(span);
        }
        Statement::Return { value: Some(value), span }
    }

    /// A value that has a JSON form, and with those returned elsewhere a type in common.
    fn fit_returned(&mut self, value: Expr, known: Option<&(Type, Span, String)>, span: Span) -> Expr {
        if value.is_error() || matches!(value.ty, Type::None) {
            return value;
        }
        if let Some((ty, first, what)) = known {
            let common = wider(ty, &value.ty);
            if !fits(ty, &common) || !fits(&value.ty, &common) {
                let because = Because::new(*first, format!("{what} gives this elsewhere"));
                return self.fit(value, ty, span, Some(because));
            }
        }
        let ty = value.ty.clone();
        let fitted = self.fit(value, &Type::Json, span, None);
        if fitted.is_error() { fitted } else { Expr { ty, ..fitted } }
    }

    /// Name, policy and condition of a `parallel` or a `for`.
    pub(super) fn head(
        &mut self,
        step: Option<&'a ast::Step>,
        name: &str,
        doc: Option<&String>,
        span: Span,
        flow: &FlowBuilder<'a>,
        scope: &Scope,
    ) -> Head {
        let mut retry = Vec::new();
        let mut when = None;
        let modifiers: &'a [Field] = step.map_or(&[], |step| &step.modifiers);
        for (at, field) in modifiers.iter().enumerate() {
            let known = field.name.text.as_str();
            if modifiers.iter().take(at).any(|other| other.name.text == known) {
                self.duplicate_field(field, modifiers);
                continue;
            }
            match known {
                "retry" if matches!(field.value.kind, ast::ExprKind::None) => {}
                "retry" => retry = self.retry_of(field, scope),
                "when" => when = self.when(field, scope),
                "timeout" | "heartbeat" => self.report(
                    Diagnostic::new(codes::UNKNOWN_SETTING, format!("a step of several steps has no `{known}`"))
                        .primary(field.name.span, "")
                        .note("Step Functions gives a time limit to a Task and to a whole execution, to nothing between")
                        .help(format!("write `{known}` on the steps inside, or `timeout = …` in the flow")),
                ),
                _ => self.unknown_setting(field, "a step of several steps", MODIFIERS),
            }
        }
        let when = when.filter(|when| !matches!(when.constant(), Some(Value::Bool(true))));
        Head {
            name: flow.state_name(name),
            doc: doc.cloned(),
            retry,
            when,
            result: None,
            span,
            name_span: step.map_or(span, |step| step.name.span),
        }
    }

    /// Declares the result of a `parallel` or a `for` that is a step.
    pub(super) fn result_of(
        &mut self,
        step: Option<&'a ast::Step>,
        head: Head,
        ty: Type,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> Head {
        let Some(step) = step else { return head };
        let result = self.step_result(&step.name, ty, head.when.as_ref(), flow, scope);
        Head { result: Some(result), ..head }
    }
}

/// What a scope declared after the first `base` names, as names that stand only inside it.
pub(super) fn hidden(
    within: &Scope,
    base: usize,
    what: &str,
    instead: &dyn Fn(&str) -> Option<String>,
) -> Vec<(String, Local)> {
    let mut found = Vec::new();
    for (name, local) in within.locals.iter().skip(base) {
        let at = match local {
            Local::Value(expr) => expr.span,
            Local::Unassigned { at, .. } | Local::Inside { at, .. } => *at,
            Local::Argument(_) | Local::Resource(_) => continue,
        };
        found.push((name.to_owned(), Local::Inside { at, what: what.to_owned(), instead: instead(name) }));
    }
    found
}
