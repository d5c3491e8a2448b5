//! Tasks: their fields, and what a call of one becomes.

use crate::check::{Arg, Because, Bound, Checker, Local, Scope};
use crate::program::{
    ContextField, Expr, ExprKind, FunctionId, Guard, LocalTask, PolicyStatement, Stage, TableId, TaskCall, Type, Value,
};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Field, ItemKind, ListElement, TaskBody, TaskItem};
use indexmap::IndexMap;

/// Fields of a task.
const FIELDS: &[&str] = &[
    "resource", "handler", "arguments", "result", "raises", "iam", "reads", "writes", "idempotent", "at_once", "timeout",
    "heartbeat", "credentials", "local", "expects",
];

/// A task's fields, its arguments put in.
pub(crate) type TaskFields = IndexMap<String, Expr>;

/// A task that a step calls, before its function is known.
pub(crate) struct Called {
    /// Its fields.
    pub fields: TaskFields,
    /// Its result.
    pub result: Type,
    /// Where the task exists.
    pub when: Option<Guard>,
    /// Its parameters' values.
    pub arguments: Vec<(String, Expr)>,
    /// Its fields with the arguments that `local` replaces.
    pub local: Option<(Vec<String>, TaskFields)>,
}

impl<'a> Checker<'a> {
    /// The fields of a task, in its own file or as the result of a construct.
    pub fn task_fields(&mut self, fields: &'a [Field], scope: &Scope, span: Span) -> TaskFields {
        let mut values = TaskFields::new();
        let awaiting = self.awaiting;
        self.awaiting |= super::nested::is_callback(fields);
        for field in fields {
            let name = field.name.text.as_str();
            if values.contains_key(name) {
                self.duplicate_field(field, fields);
                continue;
            }
            let (ty, latest, why) = match name {
                "resource" => (Type::String, Stage::Const, "the kind of a state is part of its text"),
                "handler" => (Type::String, Stage::Const, "a handler is chosen by its name"),
                "arguments" | "result" => (Type::Json, Stage::Run, "computed when the step runs"),
                "iam" => {
                    let statement = self.prelude_type("Statement");
                    (Type::List(Box::new(statement)), Stage::Apply, "policies are known when they are deployed")
                }
                "reads" | "writes" => (Type::List(Box::new(Type::TableRef)), Stage::Run, "tables of the step"),
                "idempotent" => (Type::Bool, Stage::Const, "known to the compiler, for retries"),
                "at_once" => (Type::Int, Stage::Apply, "a setting of what is deployed"),
                "timeout" => (Type::Duration, Stage::Run, "the step's default timeout"),
                "heartbeat" => (Type::Duration.optional(), Stage::Run, "the step's default heartbeat"),
                "credentials" => (Type::Arn.optional(), Stage::Apply, "whose permissions a step uses is known when it is deployed"),
                "local" => {
                    let local = self.prelude_type("Local");
                    (local.optional(), Stage::Run, "how it runs on a laptop")
                }
                "expects" => (Type::List(Box::new(Type::String)), Stage::Const, "variables that the container reads"),
                "raises" => {
                    let raises = self.error_names(&field.value, scope);
                    values.insert(name.to_owned(), raises);
                    continue;
                }
                _ => {
                    self.unknown_setting(field, "a task", FIELDS);
                    continue;
                }
            };
            let value = if name == "result" {
                let mut inner = scope.clone();
                let answer = Expr::new(ExprKind::TaskResult, Type::Json, Stage::Run, field.value.span);
                inner.declare("result", Local::Value(answer));
                self.expr(&field.value, &inner, None)
            } else {
                self.check(&field.value, scope, &ty, None)
            };
            self.stage(&value, latest, Because::new(field.name.span, why));
            if name == "resource" {
                self.resource_arn(&value);
            }
            values.insert(name.to_owned(), value);
        }
        self.awaiting = awaiting;
        let kinds = usize::from(values.contains_key("resource")) + usize::from(values.contains_key("handler"));
        if kinds != 1 && !fields.is_empty() {
            let message = if kinds == 0 { "a task says what runs it" } else { "a task is run by one thing" };
            self.report(
                Diagnostic::new(codes::TASK_KIND, message)
                    .primary(span, "")
                    .help("write `resource = \"arn:aws:states:::…\"` for a service integration")
                    .help("or `handler = \"…\"` for a handler of the generic binary"),
            );
        }
        if let (Some(role), true) = (values.get("credentials"), values.contains_key("handler")) {
            self.report(
                Diagnostic::new(codes::TASK_KIND, "a handler is run with the role of its function")
                    .primary(role.span, "the role of another account")
                    .note("`credentials` become those of the Task state, which calls a service itself")
                    .help("leave it out, or say what runs the task by `resource`"),
            );
        }
        values
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME`, region and account often left empty.
    fn resource_arn(&mut self, value: &Expr) {
        let ExprKind::Value(Value::String(text)) = &value.kind else { return };
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let filled = |part: &&str| !part.is_empty() && part.chars().all(is_word);
        let sound = matches!(parts.as_slice(), ["arn", partition, service, _, _, name]
            if filled(partition) && filled(service) && !name.is_empty());
        if sound && !text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return;
        }
        self.report(
            Diagnostic::new(codes::RESOURCE_ARN, format!("`{text}` is no ARN, so that nothing would run this task"))
                .primary(value.span, "not of the form `arn:aws:SERVICE:REGION:ACCOUNT:NAME`")
                .note("Step Functions refuses a state machine with such a `Resource`")
                .help("write `arn:aws:states:::SERVICE:ACTION` for a service, such as `arn:aws:states:::lambda:invoke`"),
        );
    }

    /// `[Flow.StoreFailed, "States.TaskFailed"]`: names, not values.
    fn error_names(&mut self, ast: &'a ast::Expr, scope: &Scope) -> Expr {
        let ast::ExprKind::List(elements) = &ast.kind else {
            return self.check(ast, scope, &Type::List(Box::new(Type::String)), None);
        };
        let mut list = Vec::new();
        for element in elements {
            let ListElement::Expr(ast) = element else { continue };
            match crate::check::path(ast) {
                Some(path) => list.push(Expr::string(path, ast.span)),
                None => list.push(self.check(ast, scope, &Type::String, None)),
            }
        }
        Expr::list(list, Type::String, ast.span)
    }

    /// A task's fields with these arguments.
    fn task_body(&mut self, def: Def<'a>, item: &'a TaskItem, arguments: &[(String, Expr)]) -> Option<TaskFields> {
        let mut scope = Scope::new(def.module);
        for (name, value) in arguments {
            scope.declare(name, Local::Argument(value.clone()));
        }
        let fields = match &item.body {
            TaskBody::Fields(fields) => self.task_fields(fields, &scope, item.name.span),
            // Said where it is declared.
            TaskBody::Steps { .. } => return None,
            TaskBody::Construct(ast) => {
                scope.owner = Some(self.owner(&item.name.text, def.item.doc.as_deref(), item.name.span));
                let made = self.expr(ast, &scope, Some(&Type::Task));
                match (made.kind, &made.ty) {
                    (ExprKind::Record(entries), Type::Task) => entries.into_iter().collect(),
                    (ExprKind::Error, _) => return None,
                    _ => {
                        let shown = self.show(&made.ty);
                        self.report(
                            Diagnostic::new(codes::TYPE_MISMATCH, format!("a `Task` is wanted, this is a `{shown}`"))
                                .primary(ast.span, format!("`{shown}`"))
                                .secondary(item.name.span, "the task")
                                .help("use a construct that gives a `Task`, as `ecs.fargate { … }`"),
                        );
                        return None;
                    }
                }
            }
        };
        fields.values().all(|value| !value.is_error()).then_some(fields)
    }

    /// A call of a task: its parameters bound, its body expanded.
    pub fn call_task(&mut self, def: Def<'a>, args: Vec<Arg<'a>>, scope: &Scope, span: Span) -> Option<Called> {
        let ItemKind::Task(item) = &def.item.kind else { return None };
        let result = match &item.result {
            Some(ty) => self.ty(ty, def.module, &[]),
            None => Type::Json,
        };
        let what = format!("`{}`", item.name.text);
        let bound = self.bind(&what, item.name.span, &item.params, args, span)?;
        let mut arguments: Vec<(String, Expr)> = Vec::new();
        let mut inner = Scope::new(def.module);
        let mut good = true;
        for (param, bound) in item.params.iter().zip(bound) {
            let name = &param.name.text;
            let want = self.parameter_type(param, def.module, &[]);
            let because = || Because::new(param.span, format!("`{name}` of `{}`", item.name.text));
            let expr = match bound {
                Bound::Given(arg) => {
                    let expr = self.argument(&arg, scope, Some(&want));
                    self.fit(expr, &want, arg.span(), Some(because()))
                }
                Bound::Default(ast) => self.check(ast, &inner, &want, None),
                Bound::Rest(_) => Expr::error(span),
            };
            good &= !expr.is_error() && self.stage(&expr, Stage::Run, because());
            inner.declare(name, Local::Argument(expr.clone()));
            arguments.push((name.clone(), expr));
        }
        if !good || self.wrong_tasks.contains(&def.key()) || !self.enter(def) {
            return None;
        }
        let when = self.guard_of(def);
        let guard = when.clone().or_else(|| self.guard.clone());
        let around = std::mem::replace(&mut self.guard, guard);
        let fields = self.task_body(def, item, &arguments);
        let local = fields.as_ref().and_then(|fields| self.local_body(def, item, &arguments, fields));
        self.guard = around;
        self.leave(def);
        Some(Called { fields: fields?, result, when, arguments, local })
    }

    /// The task's fields again, with the arguments that its `local` replaces.
    fn local_body(
        &mut self,
        def: Def<'a>,
        item: &'a TaskItem,
        arguments: &[(String, Expr)],
        fields: &TaskFields,
    ) -> Option<(Vec<String>, TaskFields)> {
        let local = fields.get("local").filter(|local| matches!(local.kind, ExprKind::Record(_)))?;
        let packages: Vec<String> = local
            .entry("packages")
            .map(Expr::elements)
            .unwrap_or_default()
            .iter()
            .filter_map(|package| package.text().map(str::to_owned))
            .collect();
        let overrides: Vec<(String, Expr)> = match local.entry("arguments").map(|record| &record.kind) {
            Some(ExprKind::Record(entries)) => entries.clone(),
            _ => Vec::new(),
        };
        let mut replaced = arguments.to_vec();
        for (name, value) in overrides {
            let Some(param) = item.params.iter().find(|param| param.name.text == name) else {
                let known: Vec<&str> = item.params.iter().map(|param| param.name.text.as_str()).collect();
                let diagnostic = Diagnostic::new(
                    codes::UNKNOWN_ARGUMENT,
                    format!("`{}` has no parameter `{name}` to replace on a laptop", item.name.text),
                )
                .primary(value.span, "")
                .secondary(item.name.span, "declared here");
                let diagnostic = Self::suggest(diagnostic, &name, value.span, &known, "its parameters are");
                self.report(Diagnostic { fix: None, ..diagnostic });
                return None;
            };
            let want = self.parameter_type(param, def.module, &[]);
            let because = Because::new(param.span, format!("`{name}` of `{}`", item.name.text));
            let span = value.span;
            let value = self.fit(value, &want, span, Some(because));
            if let Some(slot) = replaced.iter_mut().find(|(known, _)| *known == name) {
                slot.1 = value;
            }
        }
        let fields = self.task_body(def, item, &replaced)?;
        Some((packages, fields))
    }

    /// The call as the back ends take it. `using` is the function of the generic binary.
    pub fn task_call(&mut self, task: &str, step: &str, called: Called, function: Option<FunctionId>, span: Span) -> TaskCall {
        let Called { mut fields, result, when, local, .. } = called;
        let handler = fields.get("handler").and_then(Expr::text).map(str::to_owned);
        let mut arguments = fields.swap_remove("arguments").unwrap_or_else(|| Expr::record(Vec::new(), span));
        let list = |fields: &TaskFields, name: &str| fields.get(name).map(Expr::elements).unwrap_or_default().to_vec();
        let mut statements = match fields.get("iam") {
            Some(list) => self.statements(list),
            None => Vec::new(),
        };
        let credentials = fields.swap_remove("credentials").filter(|role| role.known_none() != Some(true));
        if let Some(role) = &credentials {
            statements.push(PolicyStatement {
                actions: vec!["sts:AssumeRole".to_owned()],
                resources: vec![role.clone()],
                conditions: Vec::new(),
                cause: self.cause,
            });
        }
        let mut reads = tables(&list(&fields, "reads"));
        if handler.as_deref() == Some("run")
            && let Some(ExprKind::Record(inputs)) = arguments.entry("inputs").map(|inputs| &inputs.kind)
        {
            let inputs: Vec<Expr> = inputs.iter().map(|(_, table)| table.clone()).collect();
            reads.extend(tables(&inputs));
        }
        let writes = tables(&list(&fields, "writes"));
        let raises = list(&fields, "raises").iter().filter_map(|name| name.text().map(str::to_owned)).collect();
        let expects = list(&fields, "expects").iter().filter_map(|name| name.text().map(str::to_owned)).collect();
        let idempotent = matches!(fields.get("idempotent").and_then(Expr::constant), Some(Value::Bool(true)))
            && !arguments.any(&Expr::repeats_rows);
        let at_once = match fields.get("at_once").and_then(Expr::constant) {
            Some(Value::Int(most)) => u64::try_from(*most).ok(),
            _ => None,
        };
        let mut output = fields.swap_remove("result");
        let resource = match (&handler, function) {
            (Some(handler), Some(function)) => {
                arguments = invocation(handler, step, arguments, function, span);
                let answer = Expr::new(ExprKind::TaskResult, Type::Json, Stage::Run, span);
                let field =
                    ExprKind::Field { target: Box::new(answer), name: "Payload".to_owned(), optional: false };
                output = Some(Expr::new(field, result.clone(), Stage::Run, span));
                let of_handler = std::mem::take(&mut statements);
                self.use_function(function, &reads, &writes, of_handler);
                let arn = Expr::new(ExprKind::FunctionArn(function), Type::Arn, Stage::Apply, span);
                statements.push(PolicyStatement {
                    actions: vec!["lambda:InvokeFunction".to_owned()],
                    resources: vec![arn],
                    conditions: Vec::new(),
                    cause: self.cause,
                });
                "arn:aws:states:::lambda:invoke".to_owned()
            }
            _ => {
                arguments = without_none(arguments);
                fields.get("resource").and_then(Expr::text).unwrap_or_default().to_owned()
            }
        };
        let local = local.map(|(packages, mut fields)| LocalTask {
            packages,
            arguments: without_none(
                fields.swap_remove("arguments").unwrap_or_else(|| Expr::record(Vec::new(), span)),
            ),
        });
        TaskCall {
            expects,
            task: task.to_owned(),
            resource,
            arguments,
            output,
            ty: result,
            statements,
            raises,
            idempotent,
            at_once,
            reads,
            writes,
            when,
            function,
            flow: None,
            credentials,
            local,
        }
    }

    fn use_function(&mut self, id: FunctionId, reads: &[TableId], writes: &[TableId], statements: Vec<PolicyStatement>) {
        let Some(function) = self.program.functions.get_mut(id.0 as usize) else { return };
        for (from, to) in [(reads, &mut function.reads), (writes, &mut function.writes)] {
            for table in from {
                if !to.contains(table) {
                    to.push(*table);
                }
            }
        }
        for statement in statements {
            if !function.statements.contains(&statement) {
                function.statements.push(statement);
            }
        }
    }
}

/// The argument of `lambda:invoke`, its payload as `flow_plan::Request` has it.
fn invocation(handler: &str, step: &str, arguments: Expr, function: FunctionId, span: Span) -> Expr {
    let execution = Expr::new(ExprKind::Context(ContextField::Name), Type::String, Stage::Run, span);
    let mut payload = vec![
        ("execution".to_owned(), execution),
        ("step".to_owned(), Expr::string(step, span)),
    ];
    if matches!(handler, "validate" | "copy" | "run" | "clear") {
        payload.push(("operation".to_owned(), Expr::string(handler, span)));
        if let ExprKind::Record(entries) = arguments.kind {
            payload.extend(entries);
        }
    } else {
        payload.push(("operation".to_owned(), Expr::string("handler", span)));
        payload.push(("handler".to_owned(), Expr::string(handler, span)));
        payload.push(("arguments".to_owned(), arguments));
    }
    let arn = Expr::new(ExprKind::FunctionArn(function), Type::Arn, Stage::Apply, span);
    Expr::record(
        vec![("FunctionName".to_owned(), arn), ("Payload".to_owned(), Expr::record(payload, span))],
        span,
    )
}

/// Entries that are surely `none` are left out: services take an absent member, not a null.
pub(super) fn without_none(expr: Expr) -> Expr {
    match expr.kind {
        ExprKind::Record(entries) => {
            let entries = entries
                .into_iter()
                .filter(|(_, value)| value.known_none() != Some(true))
                .map(|(name, value)| (name, without_none(value)))
                .collect();
            Expr { kind: ExprKind::Record(entries), ..expr }
        }
        ExprKind::List(elements) => {
            Expr { kind: ExprKind::List(elements.into_iter().map(without_none).collect()), ..expr }
        }
        _ => expr,
    }
}

fn tables(list: &[Expr]) -> Vec<TableId> {
    let mut ids = Vec::new();
    for element in list {
        let id = match &element.kind {
            ExprKind::Table(place) => place.table,
            ExprKind::Target(place) => place.table,
            _ => continue,
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}
