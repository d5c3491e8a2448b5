//! Names and fields in expressions.

use super::narrow;
use super::{Checker, Local, Scope};
use crate::program::{AwsFact, ContextField, Expr, ExprKind, Stage, TablePlace, Type, Value};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ItemKind, Name};

/// Names with fields that are always in scope.
const ROOTS: &[&str] = &["project", "env", "aws", "execution"];

impl<'a> Checker<'a> {
    /// A bare name. Where a literal union is expected, one of its cases stands for itself.
    pub fn name(&mut self, name: &'a Name, scope: &Scope, hint: Option<&Type>) -> Expr {
        let text = name.text.as_str();
        match scope.local(text) {
            Some(Local::Argument(expr)) => {
                let expr = self.substituted(expr, name.span);
                return self.narrowed(expr, text, scope);
            }
            Some(Local::Value(expr)) => {
                let expr = Expr { span: name.span, ..expr.clone() };
                return self.narrowed(expr, text, scope);
            }
            Some(Local::Resource(_)) => return self.bare_resource(name),
            Some(Local::Unassigned { at, reason }) => {
                let (at, reason) = (*at, reason.clone());
                return self.fail(
                    name.span,
                    Diagnostic::new(codes::NOT_ASSIGNED, format!("`{text}` may have no value here"))
                        .primary(name.span, reason)
                        .secondary(at, "it gets its value here")
                        .note("a variable can be used where every path to it assigns it")
                        .help("use it where it is assigned, or do what needs it there"),
                );
            }
            Some(Local::Inside { at, what, instead }) => {
                let (at, what, instead) = (*at, what.clone(), instead.clone());
                let diagnostic = Diagnostic::new(codes::INNER_RESULT, format!("`{text}` is {what}"))
                    .primary(name.span, "outside of it")
                    .secondary(at, "it gets its value here")
                    .note("what a branch or an iteration assigns stays inside; its result is what comes out");
                return self.fail(
                    name.span,
                    match instead {
                        Some(instead) => diagnostic.help(format!("write {instead}")),
                        None => diagnostic.help("give it as the result: `return …` at the end of the branch"),
                    },
                );
            }
            None => {}
        }
        if let Some(cases) = hint.and_then(cases)
            && cases.iter().any(|case| case == text)
        {
            return Expr::value(
                Value::String(text.to_owned()),
                Type::literals(vec![text.to_owned()]),
                name.span,
            );
        }
        if text == "self"
            && let Some(owner) = &scope.owner
        {
            return Expr { span: name.span, ..owner.record.clone() };
        }
        if let Some(def) = self.names.value_named(scope.module, text) {
            let expr = self.item_value(def, name.span);
            return self.narrowed(expr, text, scope);
        }
        if text == "token" && scope.rows == super::RowPlace::Outside {
            return self.token(name.span);
        }
        if ROOTS.contains(&text) {
            let fields = match text {
                "project" => "`project.name`, `project.prefix` or `project.region`",
                "env" => "`env.name`",
                "aws" => "`aws.partition`, `aws.account` or `aws.region`",
                _ => "`execution.name`, `execution.started` or `execution.input`",
            };
            return self.fail(
                name.span,
                Diagnostic::new(codes::NOT_A_VALUE, format!("`{text}` is no value by itself"))
                    .primary(name.span, "")
                    .help(format!("write {fields}")),
            );
        }
        let callables = self.names.callables_named(scope.module, text);
        if let Some(def) = callables.first().copied() {
            return self.bare_callable(def, name, scope);
        }
        self.unknown_name(name, scope, hint)
    }

    pub(super) fn bare_resource(&mut self, name: &Name) -> Expr {
        self.fail(
            name.span,
            Diagnostic::new(codes::NOT_A_VALUE, format!("the resource `{}` is no value by itself", name.text))
                .primary(name.span, "")
                .help(format!("name one of its attributes: `{}.arn`", name.text)),
        )
    }

    /// `parquet` for `parquet()`.
    fn bare_callable(&mut self, def: Def<'a>, name: &'a Name, scope: &Scope) -> Expr {
        if let ItemKind::Construct(item) = &def.item.kind
            && item.params.iter().all(|param| param.default.is_some() || param.rest)
        {
            return self.construct(def, Vec::new(), scope, name.span);
        }
        let help = match &def.item.kind {
            ItemKind::Task(_) => format!("a task is called by a step: `step NAME = {}(…)`", name.text),
            ItemKind::Transform(_) => format!("a transform is run by a step: `step NAME = run {}(…) into SINK`", name.text),
            ItemKind::Flow(_) => format!(
                "a step starts it by `call {0}(…)`; of what is deployed there are `{0}.arn`, `{0}.name`, `{0}.role_arn` and `{0}.log_group`",
                name.text
            ),
            _ => format!("call it: `{}(…)`", name.text),
        };
        let diagnostic = Diagnostic::new(codes::NOT_A_VALUE, format!("`{}` is {}, not a value", name.text, def.kind()))
            .primary(name.span, "")
            .help(help);
        let diagnostic = self.parameter_of_a_flow(name, scope, diagnostic);
        self.fail(name.span, diagnostic)
    }

    /// Says so where a name outside of flows is a flow's parameter: nothing else there can be meant.
    fn parameter_of_a_flow(&self, name: &Name, scope: &Scope, diagnostic: Diagnostic) -> Diagnostic {
        let callables = self.names.module(scope.module).into_iter().flat_map(|names| names.callables.values().flatten());
        let found = callables.into_iter().find_map(|def| match &def.item.kind {
            ItemKind::Flow(flow) => flow.params.iter().find(|param| param.name.text == name.text).map(|param| (flow, param)),
            _ => None,
        });
        let Some((flow, param)) = found else { return diagnostic };
        let ty = param.ty.as_ref().map_or("String", |ty| self.files.slice(ty.span));
        diagnostic
            .secondary(param.name.span, format!("a parameter of flow `{}`, known in it alone", flow.name.text))
            .note("each execution has its own value; what stands outside of flows is made once, before any of them")
            .help(format!(
                "for a table with a folder for each value, write `partition = [{0}: {ty}]` in the table, and \
                 `TABLE[{0} = {0}]` in the flow",
                name.text
            ))
            .help(format!("for a value that is the same for all executions, declare `param NAME: {ty}`"))
    }

    fn unknown_name(&mut self, name: &Name, scope: &Scope, hint: Option<&Type>) -> Expr {
        if self.names.is_broken(scope.module, &name.text) {
            return Expr::error(name.span);
        }
        let mut known: Vec<&str> = scope.locals.iter().map(|(name, _)| name).rev().collect();
        if let Some(cases) = hint.and_then(cases) {
            known.extend(cases.iter().map(String::as_str));
        }
        known.extend(self.names.value_names(scope.module));
        known.extend(ROOTS);
        known.extend(self.names.callable_names(scope.module));
        let mut diagnostic = Diagnostic::new(codes::UNKNOWN_NAME, format!("there is no `{}` here", name.text))
            .primary(name.span, "not found");
        diagnostic = match crate::suggest::nearest(&name.text, known.iter().copied()) {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), name.span, near),
            None => match (hint.and_then(cases), scope.rows) {
                (Some(cases), _) => diagnostic
                    .help(format!("the cases are {}", crate::suggest::listed(cases.iter().map(String::as_str)))),
                (None, super::RowPlace::Outside) => match self.library_home(&name.text) {
                    Some(module) => diagnostic.help(format!("write `use {module}.{}` at the top of the file", name.text)),
                    None => {
                        let named = self.parameter_of_a_flow(name, scope, diagnostic.clone());
                        if named == diagnostic {
                            diagnostic.help(format!("write `\"{}\"` if a text is meant", name.text))
                        } else {
                            named
                        }
                    }
                },
                (None, _) => {
                    let columns: Vec<&str> = scope.locals.iter().map(|(name, _)| name).collect();
                    diagnostic.help(format!("columns here are {}", crate::suggest::listed(columns)))
                }
            },
        };
        self.report(diagnostic);
        Expr::error(name.span)
    }

    /// What a parameter, secret, table, resource or retry policy is in an expression.
    pub fn item_value(&mut self, def: Def<'a>, span: Span) -> Expr {
        match &def.item.kind {
            ItemKind::Param(item) => {
                let ty = self.param_type(def);
                Expr::new(ExprKind::Param(item.name.text.clone()), ty, Stage::Plan, span)
            }
            ItemKind::Secret(_) => match self.secret(def) {
                Some(id) => {
                    let ty = self.program.secret(id).map_or(Type::Error, |secret| secret.ty.clone());
                    Expr::new(ExprKind::SecretArn(id), Type::Secret(Box::new(ty)), Stage::Apply, span)
                }
                None => Expr::error(span),
            },
            ItemKind::Source(item) | ItemKind::Sink(item) if crate::items::is_channel(item) => self.channel_value(def, span),
            ItemKind::Source(item) | ItemKind::Sink(item) if item.each.is_some() => self.no_single_table(def, span),
            ItemKind::Source(_) | ItemKind::Sink(_) => match self.table(def) {
                Some(id) => {
                    let ty = self.program.table(id).map_or(Type::Error, |table| Type::Table(table.schema));
                    let place = TablePlace { table: id, partitions: Vec::new() };
                    Expr::new(ExprKind::Table(place), ty, Stage::Const, span)
                }
                None => Expr::error(span),
            },
            ItemKind::Resource(item) => match self.item_resource(def) {
                Some(Local::Value(expr) | Local::Argument(expr)) => Expr { span, ..expr },
                Some(Local::Resource(_)) => self.bare_resource(&Name { span, ..item.name.clone() }),
                Some(Local::Unassigned { .. } | Local::Inside { .. }) | None => Expr::error(span),
            },
            ItemKind::Retry(_) => self.retry_policy(def, span),
            ItemKind::Schedule(_) => match self.schedule(def) {
                Some((_, value)) => Expr { span, ..value },
                None => Expr::error(span),
            },
            _ => Expr::error(span),
        }
    }

    /// `a.b`.
    pub fn field(
        &mut self,
        ast: &'a ast::Expr,
        target: &'a ast::Expr,
        name: &'a Name,
        optional: bool,
        scope: &Scope,
    ) -> Expr {
        if let ast::ExprKind::Name(root) = &target.kind
            && scope.local(&root.text).is_none()
            && let Some(expr) = self.rooted(root, name, ast.span, scope)
        {
            return expr;
        }
        if let Some(expr) = self.attribute_at(ast, scope) {
            return match narrow::path(ast) {
                Some(path) => self.narrowed(expr, &path, scope),
                None => expr,
            };
        }
        if let Some(flow) = self.flow_named(target, scope) {
            return self.flow_field(flow, name, ast.span);
        }
        let target = self.expr(target, scope, None);
        let expr = self.field_of(target, name, optional, ast.span, scope);
        match narrow::path(ast) {
            Some(path) => self.narrowed(expr, &path, scope),
            None => expr,
        }
    }

    /// `project.name`, `env.name`, `aws.region`, `execution.name`, `retry.transient`.
    fn rooted(&mut self, root: &'a Name, name: &'a Name, span: Span, scope: &Scope) -> Option<Expr> {
        let module = self.names.module(scope.module).and_then(|names| names.modules.get(&root.text)).copied();
        if let Some(module) = module {
            let (value, callable) = match self.names.module(module) {
                Some(names) => (
                    names.values.get(&name.text).copied(),
                    names.callables.get(&name.text).and_then(|list| list.first()).copied(),
                ),
                None => (None, None),
            };
            return Some(match (value, callable) {
                (Some(def), _) => self.item_value(def, span),
                (None, Some(def)) => {
                    let inner = Scope { owner: scope.owner.clone(), ..Scope::new(module) };
                    self.bare_callable(def, name, &inner)
                }
                (None, None) => {
                    let diagnostic = Diagnostic::new(
                        codes::UNKNOWN_NAME,
                        format!("module `{}` has no `{}`", root.text, name.text),
                    )
                    .primary(name.span, "not found");
                    let known: Vec<&str> = self
                        .names
                        .module(module)
                        .map(|names| names.values.keys().chain(names.callables.keys()).map(String::as_str).collect())
                        .unwrap_or_default();
                    let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "it has");
                    self.fail(span, diagnostic)
                }
            });
        }
        if self.names.value_named(scope.module, &root.text).is_some() {
            return None;
        }
        let (kind, ty, stage) = match (root.text.as_str(), name.text.as_str()) {
            ("project", "name") => return Some(Expr::string(self.program.project.name.clone(), span)),
            ("project", "prefix") => {
                let prefix = self.program.project.prefix.clone();
                let prefix = prefix.unwrap_or_else(|| Expr::string(self.program.project.name.clone(), span));
                return Some(Expr { span, ..prefix });
            }
            ("project", "region") if self.program.project.module => (ExprKind::Aws(AwsFact::Region), Type::String, Stage::Plan),
            ("project", "region") => return Some(Expr::string(self.program.project.region.clone(), span)),
            ("env", "name") => (ExprKind::EnvName, Type::String, Stage::Plan),
            ("aws", "partition") => (ExprKind::Aws(AwsFact::Partition), Type::String, Stage::Plan),
            ("aws", "account") => (ExprKind::Aws(AwsFact::Account), Type::String, Stage::Plan),
            ("aws", "region") => (ExprKind::Aws(AwsFact::Region), Type::String, Stage::Plan),
            ("flow", "state") => {
                return Some(match &self.state {
                    Some(state) => Expr { span, ..state.clone() },
                    None => self.fail(
                        span,
                        Diagnostic::new(codes::STATE_PLACE, "`flow.state` is known in a handler alone")
                            .primary(span, "no `catch` and no `on failure` around it")
                            .note("it holds what steps have found out so far; elsewhere each result has its name")
                            .help("name the step whose result is meant"),
                    ),
                });
            }
            ("execution", "name") => (ExprKind::Context(ContextField::Name), Type::String, Stage::Run),
            ("execution", "started") => (ExprKind::Context(ContextField::Started), Type::Timestamp, Stage::Run),
            ("execution", "input") => (ExprKind::Context(ContextField::Input), Type::Json, Stage::Run),
            (root_name, _) if ROOTS.contains(&root_name) => {
                let known: &[&str] = match root_name {
                    "project" => &["name", "prefix", "region"],
                    "env" => &["name"],
                    "aws" => &["partition", "account", "region"],
                    _ => &["name", "started", "input"],
                };
                let diagnostic =
                    Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{root_name}` has no field `{}`", name.text))
                        .primary(name.span, "not found");
                let diagnostic = Self::suggest(diagnostic, &name.text, name.span, known, "it has");
                return Some(self.fail(span, diagnostic));
            }
            _ => return None,
        };
        Some(Expr::new(kind, ty, stage, span))
    }

    /// Takes `T?` for `T` where a condition has proved it.
    fn narrowed(&self, expr: Expr, path: &str, scope: &Scope) -> Expr {
        match expr.ty {
            Type::Optional(inner) if scope.narrowed.contains(path) => Expr { ty: *inner, ..expr },
            _ => expr,
        }
    }
}

/// The cases of a literal union, optional or not.
pub(crate) fn cases(ty: &Type) -> Option<&[String]> {
    match ty.base() {
        Type::Literals(cases) => Some(cases),
        Type::Optional(inner) => match inner.base() {
            Type::Literals(cases) => Some(cases),
            _ => None,
        },
        _ => None,
    }
}
