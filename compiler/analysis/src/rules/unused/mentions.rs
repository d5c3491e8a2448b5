//! The names that an item mentions: in types, in expressions, as tables and transforms of steps. Names of fields,
//! partitions, steps and the item's own name are not mentions.

use flow_syntax::ast::{
    Action, Argument, Block, Bounded, Check, Column, Entry, Expectation, ExpectationKind, Expr, ExprKind, Field, ForEach,
    FunctionBody, Handler, Item, ItemKind, JoinBy, ListElement, MockAnswer, Operator, OperatorKind, Param,
    PartitionPlace, Path, Pattern, PatternChoice, ResourceItem, StatementKind, StreamItem, StreamStatementKind, TablePlace, TaskBody,
    TestItem, TestStatementKind, TextPart, TypeExpr, TypeKind,
};
use std::collections::HashSet;

/// Names, without their places.
#[derive(Debug, Default)]
pub(super) struct Mentions<'a> {
    names: HashSet<&'a str>,
}

impl<'a> Mentions<'a> {
    /// What an item mentions.
    pub(super) fn of(item: &'a Item) -> Mentions<'a> {
        let mut found = Mentions::default();
        found.item(item);
        found
    }

    /// Whether a name is among them.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    fn name(&mut self, name: &'a str) {
        self.names.insert(name);
    }

    /// What a dotted name is looked up by.
    fn path(&mut self, path: &'a Path) {
        path.segments.first().into_iter().for_each(|name| self.name(&name.text));
    }

    fn item(&mut self, item: &'a Item) {
        self.exprs(item.when.as_ref());
        match &item.kind {
            ItemKind::Use(_) | ItemKind::Broken => {}
            ItemKind::Project(named) | ItemKind::Env(named) => self.fields(&named.fields),
            ItemKind::Param(item) => {
                self.ty(&item.ty);
                self.exprs(item.default.as_ref());
            }
            ItemKind::Secret(item) => {
                self.ty(&item.ty);
                self.exprs(item.existing.as_ref());
            }
            ItemKind::Output(item) => {
                item.ty.iter().for_each(|ty| self.ty(ty));
                self.expr(&item.value);
            }
            ItemKind::Schema(item) => {
                for field in &item.fields {
                    self.ty(&field.ty);
                    self.checks(&field.checks);
                }
                self.checks(&item.checks);
                self.checks(&item.redactions);
            }
            ItemKind::Type(item) => {
                item.ty.iter().for_each(|ty| self.ty(ty));
                self.checks(&item.checks);
            }
            ItemKind::Source(item) | ItemKind::Sink(item) => {
                self.ty(&item.ty);
                item.each.iter().for_each(|each| self.path(&each.union));
                self.expr(&item.value);
            }
            ItemKind::Resource(item) => self.resource(item),
            ItemKind::Transform(item) => {
                self.params(&item.params);
                self.ty(&item.result);
                item.operators.iter().for_each(|operator| self.operator(operator));
            }
            ItemKind::Task(item) => {
                self.params(&item.params);
                item.result.iter().for_each(|ty| self.ty(ty));
                match &item.body {
                    TaskBody::Construct(expr) => self.expr(expr),
                    TaskBody::Fields(fields) => self.fields(fields),
                    TaskBody::Steps { settings, body } => {
                        self.fields(settings);
                        self.block(body);
                    }
                }
            }
            ItemKind::Construct(item) => {
                self.params(&item.params);
                self.ty(&item.result);
                item.resources.iter().for_each(|resource| self.resource(resource));
                self.fields(&item.fields);
            }
            ItemKind::Retry(item) => self.expr(&item.value),
            ItemKind::Schedule(item) => self.expr(&item.value),
            ItemKind::Stream(item) => self.stream(item),
            ItemKind::Test(item) => self.test(item),
            ItemKind::Function(item) => {
                self.params(&item.params);
                self.ty(&item.result);
                match &item.body {
                    FunctionBody::Expr(expr) => self.expr(expr),
                    FunctionBody::Lower(fields) => self.fields(fields),
                }
            }
            ItemKind::Flow(item) => {
                self.params(&item.params);
                item.result.iter().for_each(|ty| self.ty(ty));
                for trigger in &item.triggers {
                    self.expr(&trigger.event);
                    self.fields(&trigger.fields);
                }
                self.fields(&item.settings);
                item.on_failure.iter().for_each(|handler| self.handler(handler));
                self.block(&item.body);
            }
        }
    }

    fn params(&mut self, params: &'a [Param]) {
        for param in params {
            param.ty.iter().for_each(|ty| self.ty(ty));
            self.exprs(param.default.as_ref());
        }
    }

    fn checks(&mut self, checks: &'a [Check]) {
        checks.iter().for_each(|check| self.expr(&check.condition));
    }

    fn fields(&mut self, fields: &'a [Field]) {
        fields.iter().for_each(|field| self.expr(&field.value));
    }

    fn resource(&mut self, resource: &'a ResourceItem) {
        resource.each.iter().for_each(|each| self.expr(&each.values));
        self.path(&resource.ty);
        resource.arguments.iter().for_each(|arguments| self.arguments(arguments));
        self.entries(&resource.body);
    }

    fn entries(&mut self, entries: &'a [Entry]) {
        for entry in entries {
            match entry {
                Entry::Field(field) => self.expr(&field.value),
                Entry::Block { each, body, .. } => {
                    each.iter().for_each(|each| self.expr(&each.values));
                    self.entries(body);
                }
            }
        }
    }

    fn ty(&mut self, ty: &'a TypeExpr) {
        match &ty.kind {
            TypeKind::Named { path, arguments, .. } => {
                self.path(path);
                arguments.iter().for_each(|ty| self.ty(ty));
            }
            TypeKind::Optional(ty) | TypeKind::List(ty) => self.ty(ty),
            TypeKind::Record(fields) | TypeKind::Case { fields, .. } => fields.iter().for_each(|field| self.ty(&field.ty)),
            TypeKind::Union(types) => types.iter().for_each(|ty| self.ty(ty)),
            TypeKind::Literal(_) => {}
        }
    }

    fn operator(&mut self, operator: &'a Operator) {
        match &operator.kind {
            OperatorKind::From(name) => self.name(&name.text),
            OperatorKind::Join(join) => {
                self.name(&join.table.text);
                if let Some(JoinBy::On(condition)) = &join.by {
                    self.expr(condition);
                }
                join.columns.iter().for_each(|columns| self.columns(columns));
            }
            OperatorKind::Union { tables, .. } => tables.iter().for_each(|table| self.name(&table.text)),
            OperatorKind::Explode { column, .. } => self.expr(&column.value),
            OperatorKind::Where(expr) | OperatorKind::Take(expr) | OperatorKind::Check(expr) => self.expr(expr),
            OperatorKind::Derive(columns) | OperatorKind::Select(columns) => self.columns(columns),
            OperatorKind::Drop(_) | OperatorKind::Rename(_) | OperatorKind::Distinct => {}
            OperatorKind::Window { by, order, columns } => {
                by.iter().for_each(|expr| self.expr(expr));
                order.iter().for_each(|sort| self.expr(&sort.value));
                self.columns(columns);
            }
            OperatorKind::Group { keys, aggregates } => {
                self.columns(keys);
                self.columns(aggregates);
            }
            OperatorKind::Sort(keys) => keys.iter().for_each(|sort| self.expr(&sort.value)),
        }
    }

    fn columns(&mut self, columns: &'a [Column]) {
        columns.iter().for_each(|column| self.expr(&column.value));
    }

    fn handler(&mut self, handler: &'a Handler) {
        self.block(&handler.body);
    }

    fn block(&mut self, block: &'a Block) {
        for statement in &block.statements {
            match &statement.kind {
                StatementKind::Step(step) => {
                    self.action(&step.action);
                    self.fields(&step.modifiers);
                }
                StatementKind::Let { value, .. } | StatementKind::Wait { value, .. } => self.expr(value),
                StatementKind::If { condition, then, otherwise } => {
                    self.expr(condition);
                    self.block(then);
                    otherwise.iter().for_each(|block| self.block(block));
                }
                StatementKind::Match { value, arms } => {
                    self.expr(value);
                    for arm in arms {
                        self.pattern(&arm.pattern);
                        self.block(&arm.body);
                    }
                }
                StatementKind::Parallel(branches) => branches.iter().for_each(|branch| self.block(&branch.body)),
                StatementKind::For(each) => self.for_each(each),
                StatementKind::Poll(poll) => {
                    self.bounded(&poll.interval);
                    self.bounded(&poll.max);
                    self.block(&poll.body);
                    self.expr(&poll.until);
                    poll.otherwise.iter().for_each(|block| self.block(block));
                }
                StatementKind::Try { body, handlers } => {
                    self.block(body);
                    handlers.iter().for_each(|handler| self.handler(handler));
                }
                StatementKind::Fail(fail) => {
                    if let flow_syntax::ast::Fail::New { cause: Some(cause), .. } = fail {
                        self.expr(cause);
                    }
                }
                StatementKind::Return(value) => self.exprs(value.as_ref()),
                StatementKind::Continue | StatementKind::Broken => {}
            }
        }
    }

    fn action(&mut self, action: &'a Action) {
        match action {
            Action::Call { call, into, append } => {
                self.expr(call);
                into.iter().chain(append.iter().map(|append| &append.place)).for_each(|place| self.place(place));
            }
            Action::Run { transform, arguments, into, append } => {
                self.name(&transform.text);
                self.arguments(arguments);
                into.iter().chain(append.iter().map(|append| &append.place)).for_each(|place| self.place(place));
            }
            Action::Parallel(branches) => branches.iter().for_each(|branch| self.block(&branch.body)),
            Action::For(each) => self.for_each(each),
            Action::Flow { flow, arguments, .. } => {
                self.path(flow);
                self.arguments(arguments);
            }
            Action::Await(call) => self.expr(call),
        }
    }

    fn for_each(&mut self, each: &'a ForEach) {
        self.expr(&each.items);
        self.fields(&each.modifiers);
        self.block(&each.body);
    }

    fn bounded(&mut self, bounded: &'a Bounded) {
        self.expr(&bounded.value);
        self.exprs(bounded.limit.as_ref());
    }

    fn pattern(&mut self, pattern: &'a Pattern) {
        for choice in &pattern.choices {
            match choice {
                PatternChoice::Literal(literal) => self.expr(literal),
                PatternChoice::Case(case) => self.path(case),
            }
        }
    }

    fn stream(&mut self, item: &'a StreamItem) {
        self.expr(&item.source);
        self.fields(&item.settings);
        for on_error in &item.on_error {
            self.exprs(on_error.retry.as_ref());
            self.exprs(on_error.then.as_ref());
        }
        for statement in &item.body {
            match &statement.kind {
                StreamStatementKind::Idempotent { keys, ledger, fields } => {
                    keys.iter().for_each(|key| self.expr(key));
                    self.name(&ledger.text);
                    self.fields(fields);
                }
                StreamStatementKind::Each { condition, value, target, .. } => {
                    self.exprs(condition.as_ref());
                    self.exprs(value.as_ref());
                    self.expr(target);
                }
                StreamStatementKind::Run { action, modifiers } => {
                    self.action(action);
                    self.fields(modifiers);
                }
                StreamStatementKind::Broken => {}
            }
        }
    }

    fn test(&mut self, item: &'a TestItem) {
        self.fields(&item.settings);
        for statement in &item.body {
            match &statement.kind {
                TestStatementKind::Given { ty, value, .. } => {
                    ty.iter().for_each(|ty| self.ty(ty));
                    self.expr(value);
                }
                TestStatementKind::Let { value, operators, .. } => {
                    self.expr(value);
                    operators.iter().for_each(|operator| self.operator(operator));
                }
                TestStatementKind::Mock { answer, times, .. } => {
                    match answer {
                        MockAnswer::Value(value) => self.expr(value),
                        MockAnswer::Raises { cause, .. } => self.exprs(cause.as_ref()),
                    }
                    self.exprs(times.as_ref());
                }
                TestStatementKind::Run { flow, arguments, .. } => {
                    self.path(flow);
                    self.arguments(arguments);
                }
                TestStatementKind::Expect(expectation) => self.expectation(expectation),
                TestStatementKind::Broken => {}
            }
        }
    }

    fn expectation(&mut self, expectation: &'a Expectation) {
        match &expectation.kind {
            ExpectationKind::Holds(condition) => self.expr(condition),
            ExpectationKind::Ran { times, .. } => self.exprs(times.as_ref()),
            ExpectationKind::Failed(_) | ExpectationKind::Succeeded => {}
            ExpectationKind::Not(inner) => self.expectation(inner),
            ExpectationKind::And(left, right) | ExpectationKind::Or(left, right) => {
                self.expectation(left);
                self.expectation(right);
            }
        }
    }

    fn place(&mut self, place: &'a TablePlace) {
        self.name(&place.table.text);
        self.partitions(&place.partitions);
    }

    fn partitions(&mut self, partitions: &'a [PartitionPlace]) {
        partitions.iter().for_each(|partition| self.exprs(partition.value.as_ref()));
    }

    fn arguments(&mut self, arguments: &'a [Argument]) {
        arguments.iter().for_each(|argument| self.expr(&argument.value));
    }

    fn exprs(&mut self, expr: Option<&'a Expr>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Share(_)
            | ExprKind::Duration(_)
            | ExprKind::Size(_)
            | ExprKind::Date(_)
            | ExprKind::Timestamp(_)
            | ExprKind::RawText(_)
            | ExprKind::None
            | ExprKind::Star
            | ExprKind::Broken => {}
            ExprKind::Text(parts) => {
                for part in parts {
                    if let TextPart::Expr(expr) = part {
                        self.expr(expr);
                    }
                }
            }
            ExprKind::Name(name) => self.name(&name.text),
            ExprKind::Field { target, .. } => self.expr(target),
            ExprKind::Call { callee, arguments, .. } => {
                self.expr(callee);
                self.arguments(arguments);
            }
            ExprKind::Construct { callee, fields } => {
                self.expr(callee);
                self.fields(fields);
            }
            ExprKind::Select { target, partitions } => {
                self.expr(target);
                self.partitions(partitions);
            }
            ExprKind::Index { target, index } => {
                self.expr(target);
                self.expr(index);
            }
            ExprKind::List(elements) => {
                for element in elements {
                    match element {
                        ListElement::Expr(expr) => self.expr(expr),
                        ListElement::Typed(_, ty) => self.ty(ty),
                    }
                }
            }
            ExprKind::Record(entries) => entries.iter().for_each(|entry| self.expr(&entry.value)),
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Between { operand, low, high } => {
                self.expr(operand);
                self.expr(low);
                self.expr(high);
            }
            ExprKind::If { condition, then, otherwise } => {
                self.expr(condition);
                self.expr(then);
                self.expr(otherwise);
            }
            ExprKind::Match { value, arms } => {
                self.expr(value);
                for arm in arms {
                    self.pattern(&arm.pattern);
                    self.expr(&arm.value);
                }
            }
        }
    }
}
