//! Failures in flows: `try`, `on failure`, `fail`.

use super::flow::{lose, FlowBuilder, HandlerKind};
use crate::check::{Because, Checker, Local, Scope};
use crate::program::{Catch, Expr, ExprKind, Fail, Handler, Stage, Statement, Type, VariableId, VariableKind};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Block, FlowItem};

impl<'a> Checker<'a> {
    /// The variable of a handler.
    pub fn binding(&mut self, ast: &'a ast::Handler, flow: &mut FlowBuilder<'a>) -> VariableId {
        let ty = self.prelude_type("Error");
        let (name, span) = match &ast.binding {
            Some(name) => (name.text.as_str(), name.span),
            None => ("error", ast.span),
        };
        flow.add(name, ty, VariableKind::Error, span)
    }

    /// `flow.state`: every step's result so far, or `none`.
    fn state_so_far(&self, flow: &FlowBuilder<'a>, span: Span) -> Expr {
        let steps = flow.outer.iter().filter_map(|id| {
            let variable = flow.variables.get(id.0 as usize)?;
            let ty = variable.ty.clone().optional();
            Some((variable.name.clone(), Expr::new(ExprKind::Perhaps(*id), ty, Stage::Run, span)))
        });
        Expr::record(steps.collect(), span)
    }

    /// `on failure`, after the body.
    pub fn on_failure(
        &mut self,
        item: &'a FlowItem,
        binding: VariableId,
        flow: &mut FlowBuilder<'a>,
        scope: &Scope,
    ) -> Option<Handler> {
        let mut handlers = item.on_failure.iter();
        let first = handlers.next()?;
        for other in handlers {
            self.report(
                Diagnostic::new(codes::TWO_HANDLERS, "a flow has one `on failure`")
                    .primary(other.span, "another one")
                    .secondary(first.span, "the first")
                    .help("put the statements into one"),
            );
        }
        let mut inner = scope.clone();
        Some(self.handler(first, HandlerKind::Failure, binding, flow, &mut inner))
    }

    fn handler(
        &mut self,
        ast: &'a ast::Handler,
        kind: HandlerKind,
        binding: VariableId,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> Handler {
        if let Some(name) = &ast.binding {
            flow.assign(scope, &name.text, binding);
        }
        let state = self.state_so_far(flow, ast.span);
        let around = self.state.replace(state);
        flow.handlers.push(kind);
        let (body, ends) = self.block(&ast.body, flow, scope);
        flow.handlers.pop();
        self.state = around;
        if !ends {
            let words = match kind {
                HandlerKind::Catch => "`fail`, `return` or `continue`",
                HandlerKind::Failure | HandlerKind::Inner => "`fail` or `return`",
            };
            let mut diagnostic = Diagnostic::new(codes::HANDLER_END, format!("a handler ends with {words}"))
                .primary(ast.body.span.after(), "ends here without one")
                .secondary(ast.span, "this handler")
                .note("what becomes of the execution after a failure is said, not guessed");
            diagnostic = match (&ast.binding, kind) {
                (Some(name), _) => diagnostic.help(format!("write `fail {}` to let the failure go on", name.text)),
                (None, _) => diagnostic.help("write `fail NAME(\"cause\")`"),
            };
            if kind == HandlerKind::Catch {
                diagnostic = diagnostic.help("or `continue` to go on after the `try`");
            }
            self.report(diagnostic);
        }
        Handler { binding, body, span: ast.span }
    }

    pub fn try_statement(
        &mut self,
        body: &'a Block,
        handlers: &'a [ast::Handler],
        span: Span,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> (Option<Statement>, bool) {
        let base = scope.locals.len();
        let mut body_scope = scope.clone();
        let (statements, body_ends) = self.block(body, flow, &mut body_scope);
        let mut catches = Vec::new();
        let mut goes_on = false;
        let mut handler_locals: Vec<(String, Local)> = Vec::new();
        for ast in handlers {
            let mut inner = scope.clone();
            lose(&mut inner, &body_scope, base, "the failure may have come before it was assigned");
            let before = inner.locals.len();
            let outer = std::mem::replace(&mut flow.continued, false);
            let binding = self.binding(ast, flow);
            let handler = self.handler(ast, HandlerKind::Catch, binding, flow, &mut inner);
            goes_on |= flow.continued;
            flow.continued = outer;
            let bound = ast.binding.as_ref().map(|name| name.text.clone());
            handler_locals.extend(
                inner.locals.since(before).into_iter().filter(|(name, _)| Some(name) != bound.as_ref()),
            );
            let errors = ast.errors.iter().map(ast::Path::text).collect();
            catches.push(Catch { errors, handler });
        }
        for (name, local) in body_scope.locals.since(base) {
            let local = match local {
                Local::Value(expr) if goes_on => Local::Unassigned {
                    at: expr.span,
                    reason: "a handler goes on to here without it".to_owned(),
                },
                other => other,
            };
            scope.declare(&name, local);
        }
        for (name, local) in handler_locals {
            let local = match local {
                Local::Value(expr) => {
                    Local::Unassigned { at: expr.span, reason: "assigned in a handler only".to_owned() }
                }
                other => other,
            };
            scope.declare(&name, local);
        }
        (Some(Statement::Try { body: statements, catches, span }), body_ends && !goes_on)
    }

    pub fn fail_statement(&mut self, ast: &'a ast::Fail, span: Span, flow: &mut FlowBuilder<'a>, scope: &Scope) -> Option<Fail> {
        match ast {
            ast::Fail::Error(name) => {
                if let Some(Local::Value(Expr { kind: ExprKind::Variable(id), .. })) = scope.local(&name.text)
                    && flow.variables.get(id.0 as usize).is_some_and(|variable| variable.kind == VariableKind::Error)
                {
                    return Some(Fail::Again { error: *id, span });
                }
                let known = scope.local(&name.text).is_some();
                let message = if known {
                    format!("`{}` is no error that was caught", name.text)
                } else {
                    format!("there is no caught error `{}` here", name.text)
                };
                let code = if known { codes::TYPE_MISMATCH } else { codes::UNKNOWN_NAME };
                self.report(
                    Diagnostic::new(code, message)
                        .primary(name.span, "")
                        .help(format!("for a new error write `fail {}(\"cause\")`", name.text))
                        .help("to raise a caught one again, name it in the handler: `catch as error { … fail error }`"),
                );
                None
            }
            ast::Fail::New { name, cause } => {
                let cause = cause.as_ref().map(|cause| {
                    let value = self.check(cause, scope, &Type::String, None);
                    let because = Because::new(name.span, "the cause is written when the flow fails");
                    self.stage(&value, Stage::Run, because);
                    value
                });
                Some(Fail::New { name: name.text(), cause, span })
            }
        }
    }
}
