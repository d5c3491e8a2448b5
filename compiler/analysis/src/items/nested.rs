//! Steps that wait for somebody else: `call` for an execution of another flow, `await` for whoever returns a token.

use super::task::Called;
use crate::check::{Arg, Because, Checker, Scope};
use crate::program::{CALLBACK, ContextField, Expr, ExprKind, Stage, Step, Type, Value};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Argument, Field, FlowItem, ItemKind};

/// How much longer a `call` waits than the flow's own timeout: its own failure says more than the caller's timeout.
const GRACE_S: u64 = 60;

/// The word that starts a flow in a flow.
pub(super) const CALL: &str = "call";

impl<'a> Checker<'a> {
    /// The flow that a `call`, or the `run` of a test, names.
    pub(super) fn called_flow(&mut self, path: &'a ast::Path, module: usize, word: &str) -> Option<Def<'a>> {
        let (name, defs) = match path.segments.as_slice() {
            [name] => (name, self.names.callables_named(module, &name.text)),
            [qualifier, name] => {
                let Some(target) =
                    self.names.module(module).and_then(|names| names.modules.get(&qualifier.text)).copied()
                else {
                    self.unknown_module(qualifier, module);
                    return None;
                };
                (name, self.names.callables_named(target, &name.text))
            }
            _ => return None,
        };
        match defs.first().copied() {
            Some(def) if matches!(def.item.kind, ItemKind::Flow(_)) => Some(def),
            Some(def) => {
                let mut diagnostic = Diagnostic::new(
                    codes::NOT_A_FLOW,
                    format!("`{}` is {}, and `{word}` starts a flow", name.text, def.kind()),
                )
                .primary(name.span, def.kind());
                diagnostic = match &def.item.kind {
                    _ if word != CALL => diagnostic,
                    ItemKind::Task(_) => diagnostic.help(format!("write `step NAME = {}(…)`", path.text())),
                    ItemKind::Transform(_) => {
                        diagnostic.help(format!("write `step NAME = run {}(…) into SINK`", path.text()))
                    }
                    _ => diagnostic,
                };
                self.report(diagnostic);
                None
            }
            None => {
                let known: Vec<&str> = self
                    .names
                    .callable_names(module)
                    .filter(|known| {
                        let defs = self.names.callables_named(module, known);
                        defs.iter().any(|def| matches!(def.item.kind, ItemKind::Flow(_)))
                    })
                    .collect();
                let diagnostic =
                    Diagnostic::new(codes::UNKNOWN_FUNCTION, format!("there is no flow `{}`", path.text()))
                        .primary(name.span, "not found");
                let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "flows are");
                self.report(diagnostic);
                None
            }
        }
    }

    /// `call f(…)`: the library's task that starts an execution, with the flow's input as its record.
    pub(super) fn flow_call(
        &mut self,
        def: Def<'a>,
        arguments: &'a [Argument],
        scope: &Scope,
        span: Span,
    ) -> Option<Called> {
        let ItemKind::Flow(item) = &def.item.kind else { return None };
        let mut input = self.flow_input(def, item, arguments, scope, span)?;
        let result = match &item.result {
            Some(ty) => self.ty(ty, def.module, &[]),
            None => Type::Json,
        };
        let id = Expr::new(ExprKind::Context(ContextField::Id), Type::String, Stage::Run, span);
        input.push(("AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID".to_owned(), id));
        let machine = Expr::new(ExprKind::FlowArn(item.name.text.clone()), Type::Arn, Stage::Apply, span);
        let task = self.prelude_callable("start_flow")?;
        let args = vec![Arg::named("machine", machine), Arg::named("input", Expr::record(input, span))];
        let mut called = self.call_task(task, args, &Scope::new(task.module), span)?;
        if let Some(output) = called.fields.get_mut("result") {
            output.ty = result.clone();
        }
        called.result = result;
        if let Some(seconds) = own_timeout(item) {
            let length = i64::try_from(seconds.saturating_add(GRACE_S)).unwrap_or(i64::MAX);
            let timeout = Value::Duration(length.saturating_mul(1_000_000));
            called.fields.insert("timeout".to_owned(), Expr::value(timeout, Type::Duration, span));
        }
        Some(called)
    }

    /// The input that is given to a flow, checked against its parameters; `None` after a report.
    pub(super) fn flow_input(
        &mut self,
        def: Def<'a>,
        item: &'a FlowItem,
        arguments: &'a [Argument],
        scope: &Scope,
        span: Span,
    ) -> Option<Vec<(String, Expr)>> {
        let what = format!("`{}`", item.name.text);
        let bound = self.bind(&what, item.name.span, &item.params, Arg::arguments(arguments), span)?;
        let mut input = Vec::new();
        let mut good = true;
        for (param, bound) in item.params.iter().zip(bound) {
            // What is left out gets its default in the flow's own entry state.
            let crate::check::Bound::Given(arg) = bound else { continue };
            let want = self.parameter_type(param, def.module, &[]);
            let because = || Because::new(param.span, format!("`{}` of `{}`", param.name.text, item.name.text));
            let value = self.argument(&arg, scope, Some(&want));
            let value = self.fit(value, &want, arg.span(), Some(because()));
            good &= !value.is_error() && self.stage(&value, Stage::Run, because());
            input.push((param.name.text.clone(), value));
        }
        good.then_some(input)
    }

    /// A callable of the prelude.
    pub(super) fn prelude_callable(&self, name: &str) -> Option<Def<'a>> {
        let modules = self.names.prelude.iter();
        modules.filter_map(|module| self.names.module(*module)?.callables.get(name)?.first().copied()).next()
    }

    /// `await f(…)`: the task waits for a token, and its answer is what comes back with it.
    pub(super) fn awaited(
        &mut self,
        mut step: Step,
        declared: bool,
        timeout: Option<&'a Field>,
        call: &'a ast::Expr,
    ) -> Step {
        let name = &step.name;
        if !declared && timeout.is_none() {
            self.report(
                Diagnostic::new(codes::AWAIT_TIMEOUT, format!("`{name}` waits for an answer without a timeout"))
                    .primary(call.span, "")
                    .note(format!(
                        "the timeout of `{}` is for handing out the token; an answer that never comes would be \
                         waited for until the flow ends, up to a year",
                        step.call.task
                    ))
                    .help("write `timeout 1d` after the call; `heartbeat 1h` too, where whoever answers can send one"),
            );
        }
        let token = |expr: &Expr| matches!(expr.kind, ExprKind::Context(ContextField::Token));
        if !step.call.arguments.any(&token) && !step.call.arguments.any(&|expr| matches!(expr.kind, ExprKind::Error)) {
            self.report(
                Diagnostic::new(codes::TOKEN_LOST, format!("`{name}` waits for an answer that nobody can give"))
                    .primary(call.span, "`token` is not passed on")
                    .note("who answers does so with the token: `SendTaskSuccess`, `SendTaskFailure`")
                    .help("pass it in an argument: `token`"),
            );
        }
        if !declared {
            let plain = step.call.resource.trim_end_matches(":2").trim_end_matches(".sync");
            step.call.resource = format!("{plain}{CALLBACK}");
            step.call.output = None;
            step.call.ty = Type::Json;
        }
        step
    }

    /// A task that hands out a token, called by a plain step.
    pub(super) fn not_awaited(&mut self, task: &str, call: Span) {
        self.report(
            Diagnostic::new(codes::NOT_AWAITED, format!("`{task}` waits for a token to come back: it is awaited"))
                .primary(call, "")
                .note("its resource ends with `.waitForTaskToken`")
                .help(format!("write `await {task}(…)`")),
        );
    }

    /// `token`.
    pub(crate) fn token(&mut self, span: Span) -> Expr {
        if self.awaiting || self.opaque {
            return Expr::new(ExprKind::Context(ContextField::Token), Type::String, Stage::Run, span);
        }
        self.fail(
            span,
            Diagnostic::new(codes::TOKEN_PLACE, "there is a task token only where one is awaited")
                .primary(span, "nothing waits for it here")
                .note("each attempt of an `await` has a token of its own")
                .help("write it in the arguments of `await f(…)`, or in a task whose resource ends with `.waitForTaskToken`"),
        )
    }
}

/// Whether a task's fields say that it hands out a token.
pub(super) fn is_callback(fields: &[Field]) -> bool {
    fields.iter().filter(|field| field.name.text == "resource").any(|field| match &field.value.kind {
        ast::ExprKind::RawText(text) => text.ends_with(CALLBACK),
        ast::ExprKind::Text(parts) => {
            matches!(parts.last(), Some(ast::TextPart::Text(text)) if text.ends_with(CALLBACK))
        }
        _ => false,
    })
}

/// A flow's `timeout`, where it is written out: seconds.
fn own_timeout(item: &FlowItem) -> Option<u64> {
    let field = item.settings.iter().find(|field| field.name.text == "timeout")?;
    match field.value.kind {
        ast::ExprKind::Duration(micros) => u64::try_from(micros / 1_000_000).ok(),
        _ => None,
    }
}
