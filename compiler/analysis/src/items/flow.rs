//! Flows: statements over variables, with definite assignment.
//!
//! A variable has one place that assigns it, for names are unique in a flow. After a branch it is known whether
//! every path came by that place; where not, the name stays, with the reason why it cannot be used.

use crate::check::{facts, Because, Checker, Local, Scope};
use crate::program::{Expr, ExprKind, Flow, RetryRule, Stage, Statement, Type, Variable, VariableId, VariableKind};
use crate::resolve::{duplicate, Def};
use flow_diagnostics::{codes, Diagnostic, Diagnostics, Span};
use flow_syntax::ast::{self, Block, FlowItem, ItemKind, StatementKind};
use std::collections::HashMap;

/// A flow under way.
pub(crate) struct FlowBuilder<'a> {
    pub name: String,
    pub item: &'a FlowItem,
    pub variables: Vec<Variable>,
    /// Their names, which are unique.
    pub(super) names: HashMap<String, VariableId>,
    /// The flow's `retry`.
    pub retry: Vec<RetryRule>,
    /// The step whose task of steps is being expanded: `load`, or `load.query` within.
    pub(super) prefix: Option<String>,
    pub(super) result: Option<Type>,
    /// Handlers around the statement at hand.
    pub(super) handlers: Vec<HandlerKind>,
    /// Whether a `continue` was met since this was last cleared.
    pub(super) continued: bool,
    /// Results of steps that are in no branch and no iteration, so far.
    pub(super) outer: Vec<VariableId>,
    /// Branches and loops around the statement at hand, whose results a `return` gives.
    pub(super) inner: Vec<super::branches::Returned>,
    /// `kind = express`.
    pub(super) express: bool,
    /// `name`, `role`, `comment`, `tags`, `log`.
    pub(super) own: crate::program::Own,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HandlerKind {
    Catch,
    Failure,
    /// No handler: a branch or a loop's body, which a `continue` cannot leave.
    Inner,
}

impl FlowBuilder<'_> {
    /// Adds a variable; one of its name that is there already is reported.
    pub fn declare(
        &mut self,
        name: &str,
        ty: Type,
        kind: VariableKind,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> VariableId {
        if let Some(prefix) = &self.prefix {
            let name = format!("{}_{name}", prefix.replace('.', "_"));
            return self.add(&name, ty, kind, span);
        }
        let first = self.names.get(name).and_then(|id| self.variables.get(id.0 as usize));
        if let Some(first) = first.filter(|first| !matches!(first.kind, VariableKind::Error | VariableKind::Trigger)) {
            duplicate(&ast::Name { text: name.to_owned(), span }, first.span, diagnostics);
        }
        self.add(name, ty, kind, span)
    }

    /// The name of a step's state: `load.execute` where a task of steps is expanded.
    pub fn state_name(&self, name: &str) -> String {
        self.prefix.as_ref().map_or_else(|| name.to_owned(), |prefix| format!("{prefix}.{name}"))
    }

    /// Adds a variable of a handler or trigger, whose name may be used again: the state machine gets another.
    pub fn add(&mut self, name: &str, ty: Type, kind: VariableKind, span: Span) -> VariableId {
        let mut unique = name.to_owned();
        let mut count = 1;
        while self.names.contains_key(&unique) {
            count += 1;
            unique = format!("{name}_{count}");
        }
        let id = VariableId(u32::try_from(self.variables.len()).unwrap_or(u32::MAX));
        self.names.insert(unique.clone(), id);
        self.variables.push(Variable { name: unique, ty, kind, span });
        id
    }

    /// From here on the name has a value.
    pub fn assign(&self, scope: &mut Scope, name: &str, id: VariableId) {
        let Some(variable) = self.variables.get(id.0 as usize) else { return };
        let expr = Expr::new(ExprKind::Variable(id), variable.ty.clone(), Stage::Run, variable.span);
        let local = if matches!(variable.ty, Type::Error) { Expr::error(variable.span) } else { expr };
        scope.declare(name, Local::Value(local));
    }

    /// From here on the name is known, and has no value.
    pub fn absent(&self, scope: &mut Scope, name: &str, at: Span, reason: String) {
        scope.declare(name, Local::Unassigned { at, reason });
    }
}

/// Takes over what a branch declared after the first `base` names, as names without a value.
pub(super) fn lose(scope: &mut Scope, branch: &Scope, base: usize, reason: &str) {
    for (name, local) in branch.locals.since(base) {
        let local = match local {
            Local::Value(expr) => Local::Unassigned { at: expr.span, reason: reason.to_owned() },
            other => other,
        };
        scope.declare(&name, local);
    }
}

/// Takes over what a branch declared after the first `base` names, as it is.
pub(super) fn keep(scope: &mut Scope, branch: &Scope, base: usize) {
    for (name, local) in branch.locals.since(base) {
        scope.declare(&name, local);
    }
}

impl<'a> Checker<'a> {
    /// The flow that an item declares.
    pub fn flow(&mut self, def: Def<'a>) {
        let ItemKind::Flow(item) = &def.item.kind else { return };
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let when = self.guard_of(def);
        let around = std::mem::replace(&mut self.guard, when.clone());
        let result = item.result.as_ref().map(|ty| self.ty(ty, def.module, &[]));
        let mut flow = FlowBuilder {
            name: item.name.text.clone(),
            item,
            variables: Vec::new(),
            names: HashMap::new(),
            retry: Vec::new(),
            result: result.clone(),
            handlers: Vec::new(),
            continued: false,
            prefix: None,
            outer: Vec::new(),
            inner: Vec::new(),
            express: false,
            own: crate::program::Own::default(),
        };
        self.step_variables.clear();
        let mut scope = Scope::new(def.module);
        let params = self.flow_params(item, &mut flow, &mut scope);
        let timeout_s = self.flow_settings(item, &mut flow, def.module);
        let (triggers, events) = self.triggers(item, &params, &mut flow, &scope);
        self.started_by_events(def, item, &events);
        let binding = item.on_failure.first().map(|handler| self.binding(handler, &mut flow));
        let mut body_scope = scope.clone();
        let (body, ends) = self.block(&item.body, &mut flow, &mut body_scope);
        // Last, for it knows what all steps may have found out.
        let on_failure = binding.and_then(|binding| self.on_failure(item, binding, &mut flow, &scope));
        if !ends && let (Some(ty), Some(written)) = (&result, &item.result) {
            let shown = self.show(ty);
            self.report(
                Diagnostic::new(codes::NO_RETURN, format!("`{}` ends without its result", item.name.text))
                    .primary(written.span, format!("gives a `{shown}`"))
                    .secondary(item.body.span.after(), "ends here")
                    .help("write `return …` at its end"),
            );
        }
        self.program.flows.push(Flow {
            name: flow.name,
            doc: def.item.doc.clone(),
            params,
            result,
            triggers,
            events,
            timeout_s,
            express: flow.express,
            own: flow.own,
            variables: flow.variables,
            on_failure,
            body,
            when,
            span: item.name.span,
        });
        self.guard = around;
        self.cause = cause;
    }

    /// Statements, and whether none of them goes on to what follows.
    pub fn block(&mut self, block: &'a Block, flow: &mut FlowBuilder<'a>, scope: &mut Scope) -> (Vec<Statement>, bool) {
        let mut statements = Vec::new();
        let mut ends = false;
        for statement in &block.statements {
            let (checked, end) = self.statement(statement, flow, scope);
            statements.extend(checked);
            ends |= end;
        }
        (statements, ends)
    }

    pub fn statement(
        &mut self,
        ast: &'a ast::Statement,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> (Option<Statement>, bool) {
        let span = ast.span;
        match &ast.kind {
            // What it does is not known: nothing is said of what follows.
            StatementKind::Broken => (None, true),
            StatementKind::Step(step) => {
                (self.step_statement(step, ast.doc.as_ref(), span, flow, scope), false)
            }
            StatementKind::Let { name, value } => {
                let value = self.expr(value, scope, None);
                let because = Because::new(name.span, "a variable of the flow");
                let known = self.stage(&value, Stage::Run, because);
                if !value.is_error() && !crate::check::fits(&value.ty, &Type::Json) {
                    let shown = self.show(&value.ty);
                    let code = if matches!(value.ty.base(), Type::Secret(_)) { codes::SECRET_USED } else { codes::BAD_TYPE };
                    self.report(
                        Diagnostic::new(code, format!("a `{shown}` cannot be held in a variable"))
                            .primary(value.span, format!("`{shown}`"))
                            .help("use it where it is needed"),
                    );
                }
                let ty = if known { value.ty.clone() } else { Type::Error };
                let variable = flow.declare(&name.text, ty, VariableKind::Let, name.span, self.diagnostics);
                flow.assign(scope, &name.text, variable);
                (Some(Statement::Let { variable, value, span }), false)
            }
            StatementKind::If { condition, then, otherwise } => {
                self.if_statement(condition, then, otherwise.as_ref(), span, flow, scope)
            }
            StatementKind::Match { value, arms } => self.match_statement(value, arms, span, flow, scope),
            StatementKind::Parallel(branches) => {
                let statement = self.parallel(None, branches, ast.doc.as_ref(), span, flow, scope);
                (statement, false)
            }
            StatementKind::For(each) => {
                let statement = self.for_each(None, each, ast.doc.as_ref(), span, flow, scope);
                (statement, false)
            }
            StatementKind::Poll(poll) => self.poll_statement(poll, flow, scope),
            StatementKind::Try { body, handlers } => self.try_statement(body, handlers, span, flow, scope),
            StatementKind::Fail(fail) => (self.fail_statement(fail, span, flow, scope).map(Statement::Fail), true),
            StatementKind::Return(value) => (self.return_statement(value.as_ref(), span, flow, scope), true),
            StatementKind::Continue => {
                flow.continued = true;
                let problem = match flow.handlers.last() {
                    Some(HandlerKind::Catch) => None,
                    Some(HandlerKind::Failure) => Some("nothing comes after `on failure`"),
                    Some(HandlerKind::Inner) => Some("it cannot leave the branch or loop around it"),
                    None => Some("there is no handler here"),
                };
                if let Some(problem) = problem {
                    self.report(
                        Diagnostic::new(codes::CONTINUE_PLACE, "`continue` stands in a `catch` alone")
                            .primary(span, problem)
                            .note("it leaves the handler and goes on after its `try`")
                            .help("leave it out, or write `return`"),
                    );
                }
                (Some(Statement::Continue { span }), true)
            }
            StatementKind::Wait { value, until } => {
                let want = if *until { Type::Timestamp } else { Type::Duration };
                let value = self.check(value, scope, &want, None);
                let because = Because::new(span, "decided when the flow waits");
                self.stage(&value, Stage::Run, because);
                (Some(Statement::Wait { value, until: *until, span }), false)
            }
        }
    }

    fn if_statement(
        &mut self,
        condition: &'a ast::Expr,
        then: &'a Block,
        otherwise: Option<&'a Block>,
        span: Span,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> (Option<Statement>, bool) {
        let base = scope.locals.len();
        let test = self.condition(condition, scope, "of `if`");
        let because = Because::new(span, "decided when the flow comes here");
        self.stage(&test, Stage::Run, because);
        let (yes_facts, no_facts) = (facts(condition, true), facts(condition, false));
        let mut yes_scope = scope.knowing(&yes_facts);
        let (yes, yes_ends) = self.block(then, flow, &mut yes_scope);
        let mut no_scope = scope.knowing(&no_facts);
        let (no, no_ends) = match otherwise {
            Some(block) => self.block(block, flow, &mut no_scope),
            None => (Vec::new(), false),
        };
        let text = self.files.slice(condition.span).to_owned();
        match (yes_ends, no_ends) {
            (true, false) => {
                keep(scope, &no_scope, base);
                lose(scope, &yes_scope, base, "the branch that assigns it does not come here");
                scope.narrowed.extend(no_facts);
            }
            (false, true) => {
                keep(scope, &yes_scope, base);
                lose(scope, &no_scope, base, "the branch that assigns it does not come here");
                scope.narrowed.extend(yes_facts);
            }
            _ => {
                lose(scope, &yes_scope, base, &format!("assigned only where `{text}`"));
                lose(scope, &no_scope, base, &format!("assigned only where not `{text}`"));
            }
        }
        (Some(Statement::If { condition: test, then: yes, otherwise: no, span }), yes_ends && no_ends)
    }

    fn return_statement(
        &mut self,
        value: Option<&'a ast::Expr>,
        span: Span,
        flow: &mut FlowBuilder<'a>,
        scope: &Scope,
    ) -> Option<Statement> {
        if !flow.inner.is_empty() {
            return Some(self.return_within(value, span, flow, scope));
        }
        let written = flow.item.result.as_ref().map(|ty| ty.span);
        let value = match (value, flow.result.clone()) {
            (Some(ast), Some(ty)) => {
                let because = written.map(|span| Because::new(span, "the flow's result"));
                Some(self.check(ast, scope, &ty, because))
            }
            (Some(ast), None) => {
                let value = self.expr(ast, scope, Some(&Type::Json));
                Some(self.fit(value, &Type::Json, ast.span, None))
            }
            (None, Some(ty)) if !ty.is_optional() => {
                let shown = self.show(&ty);
                let mut diagnostic =
                    Diagnostic::new(codes::NO_RETURN, format!("`return` without the flow's result, a `{shown}`"))
                        .primary(span, "")
                        .help("write `return …`");
                if let Some(written) = written {
                    diagnostic = diagnostic.secondary(written, "declared here");
                }
                self.report(diagnostic);
                None
            }
            (None, _) => None,
        };
        if let Some(value) = &value {
            let because = Because::new(span, "the output of the execution");
            self.stage(value, Stage::Run, because);
        }
        Some(Statement::Return { value, span })
    }
}
