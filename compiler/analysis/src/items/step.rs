//! Steps: the call, its tables, its modifiers, the function that runs it.

use super::flow::FlowBuilder;
use super::task::Called;
use crate::check::{Arg, ArgValue, Because, Checker, Scope};
use crate::program::{
    CALLBACK, Expr, ExprKind, SchemaId, Stage, Statement, Step, TableId, Type, Value,
    VariableId, VariableKind,
};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Action, Argument, Field, ItemKind};

/// Modifiers that every step takes.
const MODIFIERS: &[&str] = &["timeout", "retry", "heartbeat", "when", "using"];

/// What a step does, before its task is called.
enum Start<'a> {
    /// A task with its arguments.
    Task(Def<'a>, String, Vec<Arg<'a>>),
    /// A flow with its input.
    Flow(Def<'a>, &'a ast::Path, &'a [Argument]),
}

impl<'a> Checker<'a> {
    /// `step NAME = …`, whatever it does.
    pub fn step_statement(
        &mut self,
        ast: &'a ast::Step,
        doc: Option<&String>,
        span: Span,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> Option<Statement> {
        match &ast.action {
            Action::Parallel(branches) => self.parallel(Some(ast), branches, doc, span, flow, scope),
            Action::For(each) => self.for_each(Some(ast), each, doc, span, flow, scope),
            Action::Call { call, into: None, append: None }
                if let Some((def, arguments)) = self.task_of_steps(call, scope.module) =>
            {
                self.expanded(ast, def, arguments, doc, span, flow, scope)
            }
            Action::Call { .. } | Action::Run { .. } | Action::Flow { .. } | Action::Await(_) => {
                let step = self.step(ast, doc, span, flow, scope)?;
                Some(Statement::Step(Box::new(step)))
            }
        }
    }

    /// `step NAME = …`. What it assigns is declared even where it is wrong, so that it is reported once.
    pub fn step(&mut self, ast: &'a ast::Step, doc: Option<&String>, span: Span, flow: &mut FlowBuilder<'a>, scope: &mut Scope) -> Option<Step> {
        let awaited = match &ast.action {
            Action::Await(call) => Some(call),
            _ => None,
        };
        let cause = std::mem::replace(&mut self.cause, ast.name.span);
        let awaiting = std::mem::replace(&mut self.awaiting, awaited.is_some());
        let step = self.checked_step(ast, doc, span, awaited, flow, scope);
        (self.cause, self.awaiting) = (cause, awaiting);
        step
    }

    fn checked_step(
        &mut self,
        ast: &'a ast::Step,
        doc: Option<&String>,
        span: Span,
        awaited: Option<&'a ast::Expr>,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> Option<Step> {
        let name = &ast.name;
        let task = |(def, name, args)| Start::Task(def, name, args);
        let start = match &ast.action {
            Action::Call { call, into, append } => {
                let written = self.written(into.as_ref(), append.as_ref(), scope);
                self.step_call(call, written, scope, span).map(task)
            }
            Action::Run { transform, arguments, into, append } => {
                let written = self.written(into.as_ref(), append.as_ref(), scope);
                self.step_run(transform, arguments, written, scope, span).map(task)
            }
            Action::Flow { flow, arguments, .. } => {
                self.called_flow(flow, scope.module, super::nested::CALL).map(|def| Start::Flow(def, flow, arguments))
            }
            Action::Await(call) => self.step_call(call, None, scope, span).map(task),
            // Statements of their own.
            Action::Parallel(_) | Action::For(_) => None,
        };
        let (def, task_name, mut args, called_flow) = match start {
            Some(Start::Task(def, name, args)) => (Some(def), name, args, None),
            Some(Start::Flow(def, path, arguments)) => (Some(def), path.text(), Vec::new(), Some((def, arguments))),
            None => (None, String::new(), Vec::new(), None),
        };
        let params: Vec<&str> = match def.map(|def| &def.item.kind) {
            Some(ItemKind::Task(item)) => item.params.iter().map(|param| param.name.text.as_str()).collect(),
            _ => Vec::new(),
        };
        let mut modifiers: Vec<&'a Field> = Vec::new();
        for field in &ast.modifiers {
            let known = field.name.text.as_str();
            if modifiers.iter().any(|other| other.name.text == known) {
                self.duplicate_field(field, &ast.modifiers);
            } else if MODIFIERS.contains(&known) {
                modifiers.push(field);
            } else if params.contains(&known) && known != "into" {
                args.push(Arg { name: Some(&field.name), value: ArgValue::Ast(&field.value) });
            } else if def.is_some() {
                let mut all = MODIFIERS.to_vec();
                all.extend(params.iter().filter(|param| !matches!(**param, "into" | "table" | "inputs" | "transform")));
                self.unknown_setting(field, "a step", &all);
            }
        }
        let called = match (called_flow, def) {
            (Some((def, arguments)), _) => self.flow_call(def, arguments, scope, span),
            (None, Some(def)) => self.call_task(def, args, scope, span),
            (None, None) => None,
        };
        let declared = called.as_ref().is_some_and(|called| {
            called.fields.get("resource").and_then(Expr::text).is_some_and(|resource| resource.ends_with(CALLBACK))
        });
        if declared && awaited.is_none() {
            self.not_awaited(&task_name, span);
        }
        let modifier = |name: &str| modifiers.iter().find(|field| field.name.text == name).copied();
        let when = modifier("when").and_then(|field| self.when(field, scope));
        let when = when.filter(|when| !matches!(when.constant(), Some(Value::Bool(true))));
        let ty = match &called {
            // What comes back is what somebody sends.
            Some(_) if awaited.is_some() && !declared => Type::Json,
            Some(called) => called.result.clone(),
            None => Type::Error,
        };
        let step = called.and_then(|called| {
            self.with_modifiers(ast, doc, span, flow, scope, def, &task_name, called, &modifiers, when.clone())
        });
        let result = self.step_result(name, ty, when.as_ref(), flow, scope);
        self.step_variables.insert(result);
        let mut step = Step { result, ..step? };
        step.call.flow = called_flow.and_then(|(def, _)| def.name().map(|name| name.text.clone()));
        match awaited {
            Some(call) => {
                let timeout = modifiers.iter().find(|field| field.name.text == "timeout").copied();
                Some(self.awaited(step, declared, timeout, call))
            }
            None => Some(step),
        }
    }

    /// Declares a step's result: an optional where a run value decides whether it runs, no value at all where it may
    /// not be in the graph.
    pub(super) fn step_result(
        &mut self,
        name: &ast::Name,
        ty: Type,
        when: Option<&Expr>,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> VariableId {
        let ty = match when {
            Some(when) if when.stage == Stage::Run => ty.optional(),
            _ => ty,
        };
        let result = flow.declare(&name.text, ty, VariableKind::Step, name.span, self.diagnostics);
        if flow.inner.is_empty() {
            flow.outer.push(result);
        }
        match when.filter(|when| matches!(when.stage, Stage::Const | Stage::Plan)) {
            Some(when) => {
                let text = self.files.slice(when.span).to_owned();
                flow.absent(scope, &name.text, name.span, format!("the step is not in the graph where `{text}` is false"));
            }
            None => flow.assign(scope, &name.text, result),
        }
        result
    }

    pub(super) fn when(&mut self, field: &'a Field, scope: &Scope) -> Option<Expr> {
        let expr = self.condition(&field.value, scope, "of `when`");
        if expr.is_error() {
            return None;
        }
        if expr.stage == Stage::Apply {
            let because = Because::new(field.name.span, "chooses the graph, before anything is deployed");
            self.stage(&expr, Stage::Plan, because);
            return None;
        }
        let because = Because::new(field.name.span, "decided when the step is reached");
        self.stage(&expr, Stage::Run, because).then_some(expr)
    }

    #[expect(clippy::too_many_arguments, reason = "a step with its parts, and where it stands")]
    fn with_modifiers(
        &mut self,
        ast: &'a ast::Step,
        doc: Option<&String>,
        span: Span,
        flow: &mut FlowBuilder<'a>,
        scope: &Scope,
        def: Option<Def<'a>>,
        task_name: &str,
        called: Called,
        modifiers: &[&'a Field],
        when: Option<Expr>,
    ) -> Option<Step> {
        let modifier = |name: &str| modifiers.iter().find(|field| field.name.text == name).copied();
        let handler = called.fields.contains_key("handler");
        let using = modifier("using");
        let function = match (handler, using) {
            (true, _) => Some(self.function_of(using, &flow.state_name(&ast.name.text), &flow.name, scope)?),
            (false, Some(field)) => {
                self.report(
                    Diagnostic::new(codes::USING_PLACE, format!("`{task_name}` is not run by the generic binary"))
                        .primary(field.name.span, "")
                        .note("`using` chooses where `validate`, `copy`, `run`, `clear` and declared handlers run")
                        .help("leave it out"),
                );
                return None;
            }
            (false, None) => None,
        };
        let duration = |checker: &mut Self, field: &'a Field| {
            let value = checker.check(&field.value, scope, &Type::Duration, None);
            let because = Because::new(field.name.span, "needed when the step begins");
            if checker.stage(&value, Stage::Run, because) && matches!(value.constant(), Some(Value::Duration(_))) {
                checker.seconds(&value);
            }
            value
        };
        let timeout = match (modifier("timeout"), called.fields.get("timeout")) {
            (Some(field), _) => duration(self, field),
            (None, Some(timeout)) => timeout.clone(),
            (None, None) => {
                let declared = def.and_then(|def| def.name().map(|name| name.span)).unwrap_or(span);
                let what = if def.is_some_and(|def| matches!(def.item.kind, ItemKind::Flow(_))) { "flow" } else { "task" };
                self.report(
                    Diagnostic::new(codes::NO_TIMEOUT, format!("the step `{}` has no timeout", ast.name.text))
                        .primary(ast.name.span, "")
                        .secondary(declared, format!("its {what} has none either"))
                        .note("a state without a timeout can wait for a year")
                        .help(format!("write `timeout 10m` after the call, or `timeout = 10m` in the {what}")),
                );
                Expr::error(span)
            }
        };
        let heartbeat = match (modifier("heartbeat"), called.fields.get("heartbeat")) {
            (Some(field), _) => Some(duration(self, field)),
            (None, Some(heartbeat)) if heartbeat.known_none() != Some(true) => Some(heartbeat.clone()),
            _ => None,
        };
        let retry = match modifier("retry") {
            Some(field) if matches!(field.value.kind, ast::ExprKind::None) => Vec::new(),
            Some(field) => self.retry_of(field, scope),
            None => {
                let idempotent =
                    matches!(called.fields.get("idempotent").and_then(Expr::constant), Some(Value::Bool(true)));
                if idempotent && !called.arguments.iter().any(|(_, value)| value.any(&Expr::repeats_rows)) { flow.retry.clone() } else { Vec::new() }
            }
        };
        self.tables_fit(&called, ast);
        let call = self.task_call(task_name, &flow.state_name(&ast.name.text), called, function, span);
        Some(Step {
            name: flow.state_name(&ast.name.text),
            doc: doc.cloned(),
            call,
            timeout,
            heartbeat,
            retry,
            when,
            result: crate::program::VariableId(0),
            span,
            name_span: ast.name.span,
        })
    }

    fn step_call(
        &mut self,
        call: &'a ast::Expr,
        target: Option<Expr>,
        scope: &Scope,
        span: Span,
    ) -> Option<(Def<'a>, String, Vec<Arg<'a>>)> {
        let ast::ExprKind::Call { callee, arguments, .. } = &call.kind else {
            if !matches!(call.kind, ast::ExprKind::Broken) {
                let text = self.files.slice(call.span).to_owned();
                self.report(
                    Diagnostic::new(codes::NOT_A_TASK, "a step calls a task")
                        .primary(call.span, "no call")
                        .help(format!("write `{text}(…)`; for a value, write `let`")),
                );
            }
            return None;
        };
        let (defs, name) = self.callee(callee, scope)?;
        let def = defs.first().copied()?;
        let ItemKind::Task(item) = &def.item.kind else {
            let diagnostic = Diagnostic::new(codes::NOT_A_TASK, format!("`{}` is {}, and a step calls a task", name.text, def.kind()))
                .primary(name.span, def.kind());
            let diagnostic = match &def.item.kind {
                ItemKind::Transform(_) => {
                    diagnostic.help(format!("write `run {}(…) into SINK`", name.text))
                }
                ItemKind::Function(_) => diagnostic.help(format!("write `let x = {}(…)`", name.text)),
                _ => diagnostic,
            };
            self.report(diagnostic);
            return None;
        };
        let mut args = Arg::arguments(arguments);
        let takes_into = item.params.iter().any(|param| param.name.text == "into");
        match (takes_into, target) {
            (true, Some(target)) => args.push(Arg::named("into", target)),
            (true, None) => {
                if !arguments.iter().any(|argument| argument.name.as_ref().is_some_and(|name| name.text == "into")) {
                    self.missing_into(&name.text, name.span, span);
                    return None;
                }
            }
            (false, Some(target)) => {
                let place = target.span;
                self.report(
                    Diagnostic::new(codes::INTO_PLACE, format!("`{}` writes no table by `into`", name.text))
                        .primary(place, "")
                        .secondary(item.name.span, "declared without a parameter `into`")
                        .help("leave `into …` out"),
                );
                return None;
            }
            (false, None) => {}
        }
        Some((def, self.files.slice(callee.span).to_owned(), args))
    }

    fn missing_into(&mut self, name: &str, place: Span, _span: Span) {
        self.report(
            Diagnostic::new(codes::INTO_PLACE, format!("`{name}` does not say what it writes"))
                .primary(place, "")
                .help("write `into SINK`, or `into SINK[partition = …]`, after it"),
        );
    }

    /// `run T(…) into SINK` as a call of the task `run`.
    fn step_run(
        &mut self,
        transform: &'a ast::Name,
        arguments: &'a [Argument],
        target: Option<Expr>,
        scope: &Scope,
        span: Span,
    ) -> Option<(Def<'a>, String, Vec<Arg<'a>>)> {
        let (def, item) = self.transform_named(transform, scope.module)?;
        let id = self.transform(def)?;
        let (inputs, output) = match self.program.transforms.get(id.0 as usize) {
            Some(transform) => (transform.inputs.clone(), transform.output),
            None => return None,
        };
        let what = format!("`{}`", transform.text);
        let bound = self.bind(&what, item.name.span, &item.params, Arg::arguments(arguments), span)?;
        let mut entries = Vec::new();
        for (param, bound) in item.params.iter().zip(bound) {
            let crate::check::Bound::Given(arg) = bound else { continue };
            let Some(input) = inputs.iter().find(|input| input.name == param.name.text) else { continue };
            let want = Type::Table(input.schema);
            let expr = self.argument(&arg, scope, Some(&want));
            let expr = match Checker::row_schema(&expr.ty) {
                Some(schema) if self.same_rows(schema, input.schema) => expr,
                _ => {
                    let because = Because::new(param.span, format!("`{}` of `{}`", param.name.text, transform.text));
                    self.fit(expr, &want, arg.span(), Some(because))
                }
            };
            if expr.is_error() {
                return None;
            }
            entries.push((param.name.text.clone(), expr));
        }
        let Some(target) = target else {
            self.missing_into(&transform.text, transform.span, span);
            return None;
        };
        if let ExprKind::Target(place) = &target.kind
            && let Some(table) = self.program.table(place.table)
            && !self.same_rows(output, table.schema)
        {
            let (sink, declared, schema) = (table.name.clone(), table.span, table.schema);
            self.rows_mismatch(transform, output, schema, &sink, target.span, item.result.span, declared);
            return None;
        }
        let run = self
            .names
            .prelude
            .iter()
            .find_map(|module| self.names.module(*module)?.callables.get("run")?.first().copied())?;
        let args = vec![
            Arg::named("transform", Expr::string(transform.text.clone(), transform.span)),
            Arg::named("inputs", Expr::record(entries, span)),
            Arg::named("into", target),
        ];
        Some((run, "run".to_owned(), args))
    }

    /// The transform of this name; `None` after a report.
    pub(super) fn transform_named(
        &mut self,
        transform: &ast::Name,
        module: usize,
    ) -> Option<(Def<'a>, &'a ast::TransformItem)> {
        let def = self.names.callables_named(module, &transform.text).first().copied();
        let diagnostic = match def.map(|def| (def, &def.item.kind)) {
            Some((def, ItemKind::Transform(item))) => return Some((def, item)),
            Some((def, _)) => {
                Diagnostic::new(codes::NOT_A_TASK, format!("`{}` is {}, and `run` takes a transform", transform.text, def.kind()))
                    .primary(transform.span, def.kind())
                    .help(format!("write `step NAME = {}(…)`", transform.text))
            }
            None => {
                let known: Vec<String> = self.program.transforms.iter().map(|transform| transform.name.clone()).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let diagnostic =
                    Diagnostic::new(codes::UNKNOWN_FUNCTION, format!("there is no transform `{}`", transform.text))
                        .primary(transform.span, "not found");
                Self::suggest(diagnostic, &transform.text, transform.span, &known, "transforms are")
            }
        };
        self.report(diagnostic);
        None
    }

    /// Reports that the rows of a transform do not fit the sink that they are written into.
    #[expect(clippy::too_many_arguments, reason = "both sides, and where each is said")]
    pub(super) fn rows_mismatch(
        &mut self,
        transform: &ast::Name,
        output: SchemaId,
        schema: SchemaId,
        sink: &str,
        place: Span,
        result: Span,
        declared: Span,
    ) {
        let (gives, holds) = (self.show(&Type::Table(output)), self.show(&Type::Table(schema)));
        self.report(
            Diagnostic::new(
                codes::ROWS_MISMATCH,
                format!("`{}` gives a `{gives}`, and `{sink}` is a `{holds}`", transform.text),
            )
            .primary(place, format!("`{holds}`"))
            .secondary(result, format!("`{gives}`"))
            .secondary(declared, "declared here")
            .help("write into a sink of the same schema"),
        );
    }

    /// Whether two schemas have the same fields.
    pub(super) fn same_rows(&self, a: SchemaId, b: SchemaId) -> bool {
        if a == b {
            return true;
        }
        match (self.program.schema(a), self.program.schema(b)) {
            (Some(a), Some(b)) => {
                a.fields.len() == b.fields.len()
                    && a.fields.iter().zip(&b.fields).all(|(a, b)| a.name == b.name && a.ty == b.ty)
            }
            _ => true,
        }
    }

    /// `copy`: every field of the sink is in the table that is read.
    fn tables_fit(&mut self, called: &Called, ast: &ast::Step) {
        if called.fields.get("handler").and_then(Expr::text) != Some("copy") {
            return;
        }
        let id = |name: &str| -> Option<TableId> {
            match &called.arguments.iter().find(|(known, _)| known == name)?.1.kind {
                ExprKind::Table(place) => Some(place.table),
                ExprKind::Target(place) => Some(place.table),
                _ => None,
            }
        };
        let (Some(from), Some(into)) = (
            id("table").and_then(|id| self.program.table(id)),
            id("into").and_then(|id| self.program.table(id)),
        ) else {
            return;
        };
        let (Some(have), Some(want)) = (self.program.schema(from.schema), self.program.schema(into.schema)) else {
            return;
        };
        if from.schema == into.schema {
            return;
        }
        let bad = want.fields.iter().find(|field| {
            !have.fields.iter().any(|known| known.name == field.name && crate::check::fits(&known.ty, &field.ty))
        });
        if let Some(field) = bad {
            let diagnostic = Diagnostic::new(
                codes::ROWS_MISMATCH,
                format!("rows of `{}` do not fit `{}`: `{}`", from.name, into.name, field.name),
            )
            .primary(ast.name.span, format!("copies `{}` into `{}`", have.name, want.name))
            .secondary(field.span, format!("`{}` of `{}`", field.name, want.name));
            let diagnostic = match have.fields.iter().find(|known| known.name == field.name) {
                Some(known) => {
                    diagnostic.secondary(known.span, format!("`{}` of `{}`", field.name, have.name))
                }
                None => diagnostic.note(format!("`{}` has no `{}`", have.name, field.name)),
            };
            self.report(diagnostic.help("run a transform that gives the rows wanted"));
        }
    }
}
