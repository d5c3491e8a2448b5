//! Loops: `for` over lists and over what S3 holds, `poll` until a condition holds.

use super::branches::hidden;
use super::flow::{lose, FlowBuilder};
use crate::limits;
use crate::check::{facts, Because, Checker, Local, Scope};
use crate::program::{
    Bound, Expr, ExprKind, ForEach, Items, PolicyStatement, Poll, Reader, ReaderItem, Stage, Statement, TablePlace,
    TableRole, TextPart, Tolerance, Type, Value, VariableKind,
};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Bounded, Field};

/// Modifiers of a `for`.
const MODIFIERS: &[&str] = &["max", "tolerate", "batch", "mode"];

/// The modifiers of a `for`, checked.
#[derive(Default)]
struct Modifiers {
    max: Option<Expr>,
    tolerate: Option<Tolerance>,
    batch: Option<Expr>,
    /// What makes it a distributed Map, and where.
    distributed: Option<Span>,
    /// Whether its executions are Express.
    express: bool,
}

impl<'a> Checker<'a> {
    /// `step xs = for x in xs max 10 { … }`, or without `step`.
    pub fn for_each(
        &mut self,
        step: Option<&'a ast::Step>,
        ast: &'a ast::ForEach,
        doc: Option<&String>,
        span: Span,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> Option<Statement> {
        let unnamed = format!("for {}", ast.variable.text);
        let name = step.map_or(unnamed.as_str(), |step| step.name.text.as_str());
        let mut head = self.head(step, name, doc, span, flow, scope);
        if step.is_none() {
            head.name_span = ast.span;
        }
        let items = self.items(&ast.items, scope);
        let mut modifiers = self.for_modifiers(ast, scope);
        if matches!(items, Some((Items::Reader(_), _))) {
            modifiers.distributed.get_or_insert(ast.items.span);
        }
        if let (Some(why), None) = (modifiers.distributed, &modifiers.max) {
            self.report(
                Diagnostic::new(codes::DISTRIBUTED_MAX, "a distributed `for` says how many items it works on at once")
                    .primary(ast.span, "no `max`")
                    .secondary(why, "each item is an execution of its own")
                    .note("without it Step Functions starts up to 10,000 executions at once, and what they call is overrun")
                    .help("write `max 100` after what it goes through"),
            );
        }
        let item_ty = items.as_ref().map_or(Type::Error, |(_, ty)| ty.clone());
        let item_ty = if modifiers.batch.is_some() { Type::List(Box::new(item_ty)) } else { item_ty };
        let base = scope.locals.len();
        let mut within = scope.clone();
        let mut declare = |checker: &mut Self, name: &ast::Name, ty: Type| {
            if let Some(Local::Value(first)) = within.local(&name.text) {
                let first = first.span;
                crate::resolve::duplicate(name, first, checker.diagnostics);
            }
            let id = flow.add(&name.text, ty, VariableKind::Item, name.span);
            flow.assign(&mut within, &name.text, id);
            id
        };
        let item = declare(self, &ast.variable, item_ty);
        let index = ast.index.as_ref().map(|name| declare(self, name, Type::Int));
        if let (Some(index), Some(_)) = (&ast.index, &modifiers.batch) {
            self.report(
                Diagnostic::new(codes::FOR_ITEMS, "items of a batch have no index")
                    .primary(index.span, "")
                    .note("an iteration gets several items at once")
                    .help("leave it out, or leave `batch` out"),
            );
        }
        let own = within.locals.len();
        let (inner, ty) = self.inner(&ast.body, "this `for`".to_owned(), flow, &mut within);
        within.locals.remove(base..own);
        let inside = hidden(&within, base, "a variable of one iteration", &|_| {
            Some(match step {
                Some(step) => format!("`{}`, the list of the iterations' results", step.name.text),
                None => "`step NAME = for … { … }`, whose result is the list of the iterations' results".to_owned(),
            })
        });
        let head = self.result_of(step, head, Type::List(Box::new(ty)), flow, scope);
        scope.locals.extend(inside);
        let (items, _) = items?;
        Some(Statement::For(Box::new(ForEach {
            head,
            item,
            index,
            items,
            max: modifiers.max,
            tolerate: modifiers.tolerate,
            batch: modifiers.batch,
            distributed: modifiers.distributed.is_some(),
            express: modifiers.express,
            inner,
        })))
    }

    /// What a `for` goes through, and the type of an item.
    fn items(&mut self, ast: &'a ast::Expr, scope: &Scope) -> Option<(Items, Type)> {
        let value = self.expr(ast, scope, None);
        let value = self.required(value, ast.span, "where a list is wanted")?;
        if value.is_error() {
            return None;
        }
        if let Type::Nominal { name, .. } = &value.ty
            && name == "Reader"
        {
            return self.reader(&value);
        }
        if let ExprKind::Table(place) = &value.kind {
            let place = place.clone();
            return self.files(&place, ast.span);
        }
        let item = match value.ty.base() {
            Type::List(item) => item.as_ref().clone(),
            Type::Json => Type::Json,
            _ => {
                let shown = self.show(&value.ty);
                self.report(
                    Diagnostic::new(codes::FOR_ITEMS, format!("`for` goes through a list, this is {}", self.a(&value.ty)))
                        .primary(ast.span, format!("`{shown}`"))
                        .help("name a list: a result's field, a parameter, `[1, 2, 3]`"),
                );
                return None;
            }
        };
        let because = Because::new(ast.span, "what the flow goes through");
        self.stage(&value, Stage::Run, because).then_some((Items::List(value), item))
    }

    /// The objects of a source, or of some of its partitions: what lies under its prefix.
    fn files(&mut self, place: &TablePlace, span: Span) -> Option<(Items, Type)> {
        let table = self.program.table(place.table)?.clone();
        let problem = |what: String, note: &str| {
            Diagnostic::new(codes::FOR_ITEMS, what)
                .primary(span, "")
                .secondary(table.span, "declared here")
                .note(note)
                .help("work on its rows in a transform, which `run` runs")
        };
        if table.role == TableRole::Sink {
            self.report(problem(
                format!("the objects of `{}` are nothing to go through: a flow writes them", table.name),
                "which of them make up the table is said by a record beside them, which the generic binary obeys",
            ));
            return None;
        }
        let mut parts = vec![TextPart::Expr(table.prefix.clone()), TextPart::Text("/".to_owned())];
        for (at, (column, value)) in place.partitions.iter().enumerate() {
            let outer = table.partitions.get(at).is_some_and(|partition| partition.name == *column);
            if !outer || !matches!(value.ty.base(), Type::Date | Type::Int | Type::Bool) {
                self.report(problem(
                    format!("the objects of `{}[{column} = …]` have no prefix of their own", table.name),
                    "a listing takes the outermost partitions first, and dates, numbers and `Bool`s alone, whose folders are \
                     named as they are written",
                ));
                return None;
            }
            parts.push(TextPart::Text(format!("{column}=")));
            parts.push(TextPart::Expr(value.clone()));
            parts.push(TextPart::Text("/".to_owned()));
        }
        let stage = place.partitions.iter().map(|(_, value)| value.stage).fold(table.prefix.stage, Stage::max);
        let prefix = Expr::new(ExprKind::Text(parts), Type::String, stage, span);
        let arguments = vec![("Bucket".to_owned(), table.bucket.clone()), ("Prefix".to_owned(), prefix)];
        let lists = |statement: &&PolicyStatement| statement.actions.iter().any(|action| action == "s3:ListBucket");
        let reader = Reader {
            resource: "arn:aws:states:::s3:listObjectsV2".to_owned(),
            arguments: Expr::record(arguments, span),
            config: Expr::record(Vec::new(), span),
            item: ReaderItem::Object,
            statements: table.read.iter().filter(lists).cloned().collect(),
        };
        Some((Items::Reader(reader), object()))
    }

    /// What a construct of the library says of an `ItemReader`.
    fn reader(&mut self, value: &Expr) -> Option<(Items, Type)> {
        let resource = value.entry("resource").and_then(Expr::text).unwrap_or_default().to_owned();
        let arguments = super::task::without_none(value.entry("arguments")?.clone());
        let config = super::task::without_none(value.entry("config")?.clone());
        let because = || Because::new(value.span, "read when the flow comes here");
        if !self.stage(&arguments, Stage::Run, because()) || !self.stage(&config, Stage::Const, because()) {
            return None;
        }
        let statements = value.entry("iam").map(|list| self.statements(list)).unwrap_or_default();
        let (item, ty) = match value.entry("item").and_then(Expr::text) {
            Some("object") => (ReaderItem::Object, object()),
            Some("row") => (ReaderItem::Value, Type::Map(Box::new(Type::String))),
            _ => (ReaderItem::Value, Type::Json),
        };
        Some((Items::Reader(Reader { resource, arguments, config, item, statements }), ty))
    }

    fn for_modifiers(&mut self, ast: &'a ast::ForEach, scope: &Scope) -> Modifiers {
        let mut found = Modifiers::default();
        for (at, field) in ast.modifiers.iter().enumerate() {
            let name = field.name.text.as_str();
            if ast.modifiers.iter().take(at).any(|other| other.name.text == name) {
                self.duplicate_field(field, &ast.modifiers);
                continue;
            }
            match name {
                "max" => found.max = self.count(field, 1, scope),
                "batch" => {
                    found.batch = self.batch(field, scope);
                    found.distributed.get_or_insert(field.name.span);
                }
                "tolerate" => {
                    found.tolerate = self.tolerance(field, scope);
                    found.distributed.get_or_insert(field.name.span);
                }
                "mode" => {
                    let modes = Type::literals(["inline", "distributed", "express"].map(str::to_owned).to_vec());
                    let mode = self.check(&field.value, scope, &modes, None);
                    let because = Because::new(field.name.span, "the kind of a state is part of its text");
                    if self.stage(&mode, Stage::Const, because) && matches!(mode.text(), Some("distributed" | "express")) {
                        found.distributed.get_or_insert(field.name.span);
                        found.express = mode.text() == Some("express");
                    }
                }
                _ => self.unknown_setting(field, "a `for`", MODIFIERS),
            }
        }
        found
    }

    /// `batch 100`, `batch 64KB`.
    fn batch(&mut self, field: &'a Field, scope: &Scope) -> Option<Expr> {
        if !matches!(field.value.kind, ast::ExprKind::Size(_)) {
            return self.count(field, 1, scope);
        }
        let value = self.check(&field.value, scope, &Type::Size, None);
        match value.constant() {
            Some(Value::Size(bytes)) if !u64::try_from(*bytes).is_ok_and(|bytes| limits::PAYLOAD.allows(bytes) && bytes > 0) => {
                self.report(
                    Diagnostic::new(codes::LOOP_NUMBER, "a batch is the input of an execution, of 256 KiB at most")
                        .primary(value.span, "")
                        .note(limits::PAYLOAD.note())
                        .help("write `batch 200KB` or less, or how many items: `batch 100`"),
                );
                None
            }
            _ => Some(value),
        }
    }

    /// A whole number that is at least `least`, as far as it is known.
    fn count(&mut self, field: &'a Field, least: i64, scope: &Scope) -> Option<Expr> {
        let value = self.check(&field.value, scope, &Type::Int, None);
        let because = Because::new(field.name.span, "needed when the loop begins");
        if !self.stage(&value, Stage::Run, because) || value.is_error() {
            return None;
        }
        self.at_least(&value, least, &field.name.text).then_some(value)
    }

    fn at_least(&mut self, value: &Expr, least: i64, what: &str) -> bool {
        match value.constant() {
            Some(Value::Int(number)) if *number < least => {
                self.report(
                    Diagnostic::new(codes::LOOP_NUMBER, format!("`{what}` is {least} or more, not {number}"))
                        .primary(value.span, "")
                        .help(format!("write `{what} {}`", least.max(10))),
                );
                false
            }
            _ => true,
        }
    }

    /// `tolerate 5%`, `tolerate 3`.
    fn tolerance(&mut self, field: &'a Field, scope: &Scope) -> Option<Tolerance> {
        let value = self.expr(&field.value, scope, None);
        let because = Because::new(field.name.span, "needed when the loop begins");
        if value.is_error() || !self.stage(&value, Stage::Run, because) {
            return None;
        }
        match value.ty.base() {
            Type::Share => match value.constant() {
                Some(Value::Float(share)) if *share > 1.0 => {
                    self.report(
                        Diagnostic::new(codes::LOOP_NUMBER, "more than all items cannot fail")
                            .primary(value.span, "over 100%")
                            .help("write a share between 0% and 100%"),
                    );
                    None
                }
                _ => Some(Tolerance::Share(value)),
            },
            Type::Int => self.at_least(&value, 0, "tolerate").then_some(Tolerance::Count(value)),
            _ => {
                let shown = self.show(&value.ty);
                self.report(
                    Diagnostic::new(codes::TYPE_MISMATCH, format!("`tolerate` takes a share or a number, this is a `{shown}`"))
                        .primary(field.value.span, format!("`{shown}`"))
                        .help("write `tolerate 5%`, or `tolerate 3`"),
                );
                None
            }
        }
    }

    /// `poll every 30s max 20 { … } until cond else { … }`.
    pub fn poll_statement(
        &mut self,
        ast: &'a ast::Poll,
        flow: &mut FlowBuilder<'a>,
        scope: &mut Scope,
    ) -> (Option<Statement>, bool) {
        let interval = self.bounded(&ast.interval, &Type::Duration, "interval", scope);
        let max = self.bounded(&ast.max, &Type::Int, "max", scope);
        // The body is done at least once: what it assigns is known in `until` and after.
        let (body, body_ends) = self.block(&ast.body, flow, scope);
        let until = self.condition(&ast.until, scope, "of `until`");
        let because = Because::new(ast.until.span, "decided after each look");
        self.stage(&until, Stage::Run, because);
        let base = scope.locals.len();
        let otherwise = ast.otherwise.as_ref().map(|block| {
            let mut inner = scope.knowing(&facts(&ast.until, false));
            let (otherwise, ends) = self.block(block, flow, &mut inner);
            lose(scope, &inner, base, "assigned only where the `poll` gives up");
            (otherwise, ends)
        });
        let gives_up_here = otherwise.as_ref().is_some_and(|(_, ends)| !ends);
        if !gives_up_here {
            scope.narrowed.extend(facts(&ast.until, true));
        }
        let (Some(interval), Some(max)) = (interval, max) else { return (None, body_ends) };
        let poll = Poll {
            waits_first: ast.waits_first,
            interval,
            max,
            body,
            until,
            otherwise: otherwise.map(|(otherwise, _)| otherwise),
            span: ast.span,
        };
        (Some(Statement::Poll(Box::new(poll))), body_ends)
    }

    /// A value and its bound, which what only the execution knows must have.
    fn bounded(&mut self, ast: &'a Bounded, ty: &Type, what: &str, scope: &Scope) -> Option<Bound> {
        let value = self.check(&ast.value, scope, ty, None);
        let because = Because::new(ast.value.span, "needed when the loop begins");
        let mut good = self.stage(&value, Stage::Run, because) && !value.is_error();
        let limit = ast.limit.as_ref().map(|limit| {
            let limit = self.check(limit, scope, ty, None);
            let because = Because::new(limit.span, "a bound is known to the compiler");
            good &= self.stage(&limit, Stage::Const, because) && !limit.is_error();
            limit
        });
        if !good {
            return None;
        }
        let bound = Bound { value, limit };
        if bound.most().stage != Stage::Const {
            let example = if what == "max" { "max tries up to 100" } else { "every pause up to 10m" };
            self.report(
                Diagnostic::new(codes::UNBOUNDED_POLL, format!("the {what} of this `poll` has no upper bound"))
                    .primary(ast.value.span, "not known to the compiler")
                    .note("a loop without a bound runs until the flow is stopped, and pays for each turn")
                    .help(format!("say what it never exceeds: `{example}`")),
            );
            return None;
        }
        for known in [Some(&bound.value), bound.limit.as_ref()].into_iter().flatten() {
            let fine = match known.constant() {
                Some(Value::Duration(_)) => self.seconds(known).is_some(),
                _ => self.at_least(known, 1, what),
            };
            if !fine {
                return None;
            }
        }
        Some(bound)
    }
}

/// What a listing says of an object.
fn object() -> Type {
    let field = |name: &str, ty| (name.to_owned(), ty);
    Type::record(vec![field("key", Type::String), field("size", Type::Int), field("etag", Type::String)])
}
