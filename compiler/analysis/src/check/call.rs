//! Calls: which item is called, and which argument goes to which parameter.

use super::{Checker, Scope};
use crate::program::{Expr, Type};
use crate::resolve::Def;
use crate::suggest::nearest;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Argument, Field, ItemKind, Name, Param};

/// An argument as it was given.
#[derive(Debug, Clone)]
pub(crate) struct Arg<'a> {
    /// `name =`.
    pub name: Option<&'a Name>,
    /// Its value.
    pub value: ArgValue<'a>,
}

/// An argument's value: as written, or made by the checker.
#[derive(Debug, Clone)]
pub(crate) enum ArgValue<'a> {
    /// As written.
    Ast(&'a ast::Expr),
    /// Checked already.
    Typed(Box<Expr>),
    /// Checked already, for the parameter of this name.
    Named(&'static str, Box<Expr>),
}

impl<'a> Arg<'a> {
    pub fn typed(expr: Expr) -> Arg<'a> {
        Arg { name: None, value: ArgValue::Typed(Box::new(expr)) }
    }

    pub fn named(name: &'static str, expr: Expr) -> Arg<'a> {
        Arg { name: None, value: ArgValue::Named(name, Box::new(expr)) }
    }

    pub fn fields(fields: &'a [Field]) -> Vec<Arg<'a>> {
        fields.iter().map(|field| Arg { name: Some(&field.name), value: ArgValue::Ast(&field.value) }).collect()
    }

    pub fn arguments(arguments: &'a [Argument]) -> Vec<Arg<'a>> {
        arguments
            .iter()
            .map(|argument| Arg { name: argument.name.as_ref(), value: ArgValue::Ast(&argument.value) })
            .collect()
    }

    pub fn span(&self) -> Span {
        match &self.value {
            ArgValue::Ast(ast) => ast.span,
            ArgValue::Typed(expr) | ArgValue::Named(_, expr) => expr.span,
        }
    }
}

/// What a parameter gets.
#[derive(Debug, Clone)]
pub(crate) enum Bound<'a> {
    /// An argument.
    Given(Arg<'a>),
    /// Its default.
    Default(&'a ast::Expr),
    /// All that no other parameter names.
    Rest(Vec<(&'a Name, Arg<'a>)>),
}

impl<'a> Checker<'a> {
    /// `f(…)`.
    pub fn call(&mut self, callee: &'a ast::Expr, arguments: &'a [Argument], scope: &Scope, span: Span) -> Expr {
        let Some((defs, name)) = self.callee(callee, scope) else {
            return Expr::error(span);
        };
        self.call_items(&defs, name, Arg::arguments(arguments), scope, span)
    }

    /// `ecs.fargate { … }`.
    pub fn construct_block(
        &mut self,
        callee: &'a ast::Expr,
        fields: &'a [Field],
        scope: &Scope,
        hint: Option<&Type>,
        span: Span,
    ) -> Expr {
        let Some((defs, name)) = self.callee(callee, scope) else {
            return Expr::error(span);
        };
        match defs.first() {
            Some(def) => {
                if let (ItemKind::Construct(item), Some(hint)) = (&def.item.kind, hint) {
                    let result = self.ty(&item.result, def.module, &[]);
                    if !super::fits(&result, hint) {
                        // Its fields would be wrong one by one: it is the wrong construct.
                        let wrong = Expr { ty: result, ..Expr::none(callee.span) };
                        let because = super::Because::new(item.name.span, "declared here");
                        return self.fit(wrong, hint, callee.span, Some(because));
                    }
                }
            }
            None => return Expr::error(span),
        }
        match defs.first() {
            Some(def) if matches!(def.item.kind, ItemKind::Construct(_)) => {
                self.construct(*def, Arg::fields(fields), scope, span)
            }
            Some(def) => self.fail(
                span,
                Diagnostic::new(codes::NOT_A_VALUE, format!("`{}` is {}, not a construct", name.text, def.kind()))
                    .primary(name.span, "")
                    .note("a block in braces gives the fields of a construct")
                    .help(format!("call it with parentheses: `{}(…)`", name.text)),
            ),
            None => Expr::error(span),
        }
    }

    fn call_items(&mut self, defs: &[Def<'a>], name: &'a Name, args: Vec<Arg<'a>>, scope: &Scope, span: Span) -> Expr {
        let Some(first) = defs.first().copied() else { return Expr::error(span) };
        match &first.item.kind {
            ItemKind::Function(_) => self.functions(defs, name, args, scope, span),
            ItemKind::Construct(_) => self.construct(first, args, scope, span),
            _ => {
                let help = match &first.item.kind {
                    ItemKind::Task(_) => format!("call it by a step: `step NAME = {}(…)`", name.text),
                    ItemKind::Transform(_) => {
                        format!("run it by a step: `step NAME = run {}(…) into SINK`", name.text)
                    }
                    _ => "a flow is started by a trigger or by hand".to_owned(),
                };
                self.fail(
                    span,
                    Diagnostic::new(
                        codes::NOT_A_VALUE,
                        format!("`{}` is {}, and has no value in an expression", name.text, first.kind()),
                    )
                    .primary(name.span, "")
                    .help(help),
                )
            }
        }
    }

    /// The items that a callee's name stands for.
    pub fn callee(&mut self, callee: &'a ast::Expr, scope: &Scope) -> Option<(Vec<Def<'a>>, &'a Name)> {
        match &callee.kind {
            ast::ExprKind::Name(name) => {
                let defs = self.names.callables_named(scope.module, &name.text);
                if !defs.is_empty() {
                    return Some((defs, name));
                }
                if self.names.is_broken(scope.module, &name.text) {
                    return None;
                }
                let diagnostic = Diagnostic::new(
                    codes::UNKNOWN_FUNCTION,
                    format!("there is no function, construct or task `{}`", name.text),
                );
                let diagnostic = diagnostic.primary(name.span, "not found");
                if let Some(note) = no_such_function(&name.text) {
                    self.report(diagnostic.note(note.0).help(note.1));
                    return None;
                }
                let near = nearest(&name.text, self.names.callable_names(scope.module)).map(str::to_owned);
                let value = self.names.value_named(scope.module, &name.text).map(|def| def.kind());
                let diagnostic = match (near, value) {
                    (_, Some(kind)) => diagnostic.note(format!("`{}` is {kind}, which cannot be called", name.text)),
                    (Some(near), None) => diagnostic
                        .help(format!("did you mean `{near}`?"))
                        .fix(format!("write `{near}`"), name.span, near),
                    (None, None) => match self.library_home(&name.text) {
                        Some(module) => {
                            let short = module.rsplit('.').next().unwrap_or("").to_owned();
                            diagnostic.help(format!("write `use {module}` at the top, and `{short}.{}` here", name.text))
                        }
                        None => diagnostic,
                    },
                };
                self.report(diagnostic);
                None
            }
            ast::ExprKind::Field { target, name, .. } => {
                let ast::ExprKind::Name(qualifier) = &target.kind else {
                    self.report(
                        Diagnostic::new(codes::NOT_A_VALUE, "this cannot be called").primary(callee.span, ""),
                    );
                    return None;
                };
                let module = self.names.module(scope.module).and_then(|names| names.modules.get(&qualifier.text)).copied();
                let Some(module) = module else {
                    self.unknown_module(qualifier, scope.module);
                    return None;
                };
                let names = self.names.module(module)?;
                match names.callables.get(&name.text) {
                    Some(defs) => Some((defs.clone(), name)),
                    None => {
                        let known: Vec<&str> = names.callables.keys().map(String::as_str).collect();
                        let diagnostic = Diagnostic::new(
                            codes::UNKNOWN_FUNCTION,
                            format!("module `{}` has no `{}`", qualifier.text, name.text),
                        )
                        .primary(name.span, "not found");
                        let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "it has");
                        self.report(diagnostic);
                        None
                    }
                }
            }
            ast::ExprKind::Broken => None,
            _ => {
                self.report(Diagnostic::new(codes::NOT_A_VALUE, "this cannot be called").primary(callee.span, ""));
                None
            }
        }
    }

    /// A module of the library that declares a callable, by a look at its text.
    pub fn library_home(&self, name: &str) -> Option<String> {
        crate::library::modules().into_iter().find(|module| {
            crate::library::text(module).is_some_and(|text| {
                text.lines().any(|line| {
                    ["construct ", "task ", "fn ", "retry ", "type "]
                        .iter()
                        .any(|word| line.strip_prefix(word).is_some_and(|rest| {
                            rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(['(', '<', ' ']))
                        }))
                })
            })
        })
    }

    /// Gives each parameter its argument, in the order of the parameters. `None` after a report.
    pub fn bind(
        &mut self,
        what: &str,
        declared: Span,
        params: &'a [Param],
        args: Vec<Arg<'a>>,
        span: Span,
    ) -> Option<Vec<Bound<'a>>> {
        let mut slots: Vec<Option<Bound<'a>>> = params.iter().map(|_| None).collect();
        let mut rest: Vec<(&'a Name, Arg<'a>)> = Vec::new();
        let takes_rest = params.iter().any(|param| param.rest);
        let places = params.iter().filter(|param| !param.rest).count();
        let mut position = 0;
        let mut good = true;
        for arg in args {
            let index = match (&arg.name, &arg.value) {
                (None, ArgValue::Named(name, _)) => params.iter().position(|param| param.name.text == *name),
                (None, _) => {
                    position += 1;
                    let index = position - 1;
                    if index >= places {
                        self.report(
                            Diagnostic::new(
                                codes::TOO_MANY_ARGUMENTS,
                                format!("{what} takes {places} argument{}", if places == 1 { "" } else { "s" }),
                            )
                            .primary(arg.span(), "one too many")
                            .secondary(declared, "declared here")
                            .help("leave it out"),
                        );
                        good = false;
                        continue;
                    }
                    Some(index)
                }
                (Some(name), _) => {
                    let index = params.iter().position(|param| !param.rest && param.name.text == name.text);
                    if index.is_none() && takes_rest {
                        rest.push((name, arg));
                        continue;
                    }
                    if index.is_none() {
                        let known: Vec<&str> = params.iter().map(|param| param.name.text.as_str()).collect();
                        let diagnostic = Diagnostic::new(
                            codes::UNKNOWN_ARGUMENT,
                            format!("{what} has no parameter `{}`", name.text),
                        )
                        .primary(name.span, "not found")
                        .secondary(declared, "declared here");
                        let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "its parameters are");
                        self.report(diagnostic);
                        good = false;
                        continue;
                    }
                    index
                }
            };
            let Some(slot) = index.and_then(|index| slots.get_mut(index)) else { continue };
            if let Some(Bound::Given(first)) = slot {
                let first = first.span();
                let name = index.and_then(|index| params.get(index)).map_or("", |param| param.name.text.as_str());
                self.report(
                    Diagnostic::new(codes::DUPLICATE_ARGUMENT, format!("`{name}` is given twice"))
                        .primary(arg.span(), "given again")
                        .secondary(first, "given here")
                        .help("leave one of them out"),
                );
                good = false;
                continue;
            }
            *slot = Some(Bound::Given(arg));
        }
        let mut missing: Vec<&str> = Vec::new();
        let mut bound = Vec::new();
        for (param, slot) in params.iter().zip(slots) {
            match (slot, &param.default) {
                (Some(given), _) => bound.push(given),
                (None, _) if param.rest => bound.push(Bound::Rest(std::mem::take(&mut rest))),
                (None, Some(default)) => bound.push(Bound::Default(default)),
                (None, None) => missing.push(&param.name.text),
            }
        }
        if good && !missing.is_empty() {
            let names = crate::suggest::listed(missing.iter().copied());
            let example = missing.first().copied().unwrap_or("");
            self.report(
                Diagnostic::new(codes::MISSING_ARGUMENT, format!("{what} lacks {names}"))
                    .primary(span, "")
                    .secondary(declared, "declared here")
                    .help(format!("write `{example} = …`")),
            );
            good = false;
        }
        good.then_some(bound)
    }

    /// A parameter's type.
    pub fn parameter_type(&mut self, param: &'a Param, module: usize, generics: &[String]) -> Type {
        match &param.ty {
            Some(ty) => self.ty(ty, module, generics),
            None => Type::Json,
        }
    }

    /// An argument as an expression, with a hint.
    pub fn argument(&mut self, arg: &Arg<'a>, scope: &Scope, hint: Option<&Type>) -> Expr {
        match &arg.value {
            ArgValue::Ast(ast) => self.expr(ast, scope, hint),
            ArgValue::Typed(expr) | ArgValue::Named(_, expr) => expr.as_ref().clone(),
        }
    }

    /// Goes one expansion deeper; `false` where something expands itself.
    pub fn enter(&mut self, def: Def<'a>) -> bool {
        // Arguments are checked before their call is entered, so what is met again calls itself.
        if !self.open.insert(def.key()) {
            self.report_circle(def);
            return false;
        }
        true
    }

    /// Comes back from an expansion.
    pub fn leave(&mut self, def: Def<'a>) {
        self.open.remove(&def.key());
    }

    /// An argument in the place of its parameter. Each use copies it, so that a few lines can ask for more than
    /// any machine holds: there is a bound.
    pub fn substituted(&mut self, expr: &Expr, span: Span) -> Expr {
        const BOUND: usize = 1_000_000;
        let mut size = 0;
        expr.walk(&mut |_| size += 1);
        self.substituted = self.substituted.saturating_add(size);
        if self.substituted > BOUND {
            let diagnostic = Diagnostic::new(codes::TOO_LARGE, "this expands to too much")
                .primary(span, "each use of a parameter stands for the whole argument")
                .note("functions, constructs and tasks are put in where they are called")
                .help("call fewer functions within each other");
            if self.substituted - size <= BOUND {
                self.report(diagnostic);
            }
            return Expr::error(span);
        }
        expr.clone()
    }
}

/// Functions of SQL that there are not, on purpose: why, and what to write instead.
fn no_such_function(name: &str) -> Option<(&'static str, &'static str)> {
    let clock = ["now", "today", "getdate", "sysdate", "current_date", "current_timestamp", "current_time", "utcnow"];
    let chance = ["random", "rand", "uuid", "gen_random_uuid"];
    if clock.contains(&name) {
        Some((
            "there is no clock: rows computed again are the same rows, so that a retry or a backfill replaces what it wrote. \
             A row stamped with the time of its computing is always newer than the newest one stored: a filter that \
             compares the two passes every row, and nothing is ever incremental",
            "take the time from the data or from a partition: `execution.started` is the execution's, and a parameter of \
             the flow is the day that is meant",
        ))
    } else if chance.contains(&name) {
        Some((
            "there is no chance: rows computed again are the same rows, so that a retry replaces what it wrote",
            "for a key that is spread evenly, write `hash(TEXT)` of columns that tell rows apart",
        ))
    } else {
        None
    }
}
