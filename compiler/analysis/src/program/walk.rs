//! Walking expressions and statements: the parts of each, in order. Whoever goes through a program starts here, so
//! that a new construct is taken apart in one place.

use super::{Expr, ExprKind, Fail, Flow, Head, Inner, Instance, Items, Statement, Step, TargetReplace, TextPart, Tolerance};
use flow_diagnostics::Span;

impl Expr {
    /// The expressions directly within this one, in the order of the text.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Value(_)
            | ExprKind::Param(_)
            | ExprKind::EnvName
            | ExprKind::Aws(_)
            | ExprKind::Element { .. }
            | ExprKind::FunctionArn(_)
            | ExprKind::FlowArn(_)
            | ExprKind::FlowFact(..)
            | ExprKind::StreamFact(..)
            | ExprKind::TableFact(..)
            | ExprKind::Itself
            | ExprKind::Variable(_)
            | ExprKind::Raw(_)
            | ExprKind::Perhaps(_)
            | ExprKind::Context(_)
            | ExprKind::TaskResult
            | ExprKind::Column(_)
            | ExprKind::SecretArn(_)
            | ExprKind::SecretName(_)
            | ExprKind::Error => Vec::new(),
            ExprKind::Attribute { instance, .. } => match instance {
                Instance::Key(key) => vec![key],
                Instance::Only | Instance::Every => Vec::new(),
            },
            ExprKind::Index { target, index, .. } => vec![target, index],
            ExprKind::Field { target, .. } => vec![target],
            ExprKind::Text(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    TextPart::Text(_) => None,
                    TextPart::Expr(expr) => Some(expr),
                })
                .collect(),
            ExprKind::Unary(_, operand)
            | ExprKind::IsNone { operand, .. }
            | ExprKind::Matches(operand, _)
            | ExprKind::ToFloat(operand) => vec![operand],
            ExprKind::Binary(_, left, right) | ExprKind::Coalesce(left, right) | ExprKind::In(left, right) => {
                vec![left, right]
            }
            ExprKind::If(condition, then, otherwise) => vec![condition, then, otherwise],
            ExprKind::Call { arguments, .. } => arguments.iter().collect(),
            ExprKind::List(elements) => elements.iter().collect(),
            ExprKind::Record(entries) => entries.iter().map(|(_, value)| value).collect(),
            ExprKind::Table(place) => place.partitions.iter().map(|(_, value)| value).collect(),
            ExprKind::Target(place) => match &place.replace {
                TargetReplace::All => Vec::new(),
                TargetReplace::Named(values)
                | TargetReplace::Present(values)
                | TargetReplace::Append { values, .. } => {
                    values.iter().map(|(_, value)| value).collect()
                }
            },
        }
    }

    /// Calls a function with this expression and every one within it, outermost first.
    pub fn walk<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// Whether a condition holds of this expression or of one within it.
    pub fn any(&self, holds: &dyn Fn(&Expr) -> bool) -> bool {
        holds(self) || self.children().into_iter().any(|child| child.any(holds))
    }
}

/// A list of statements within a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block<'s> {
    /// It.
    pub statements: &'s [Statement],
    /// Whether it is what a handler does.
    pub handles: bool,
    /// Whether it is a scope of its own: a branch, the body of a `for`.
    pub inner: bool,
}

impl<'s> Block<'s> {
    fn plain(statements: &'s [Statement]) -> Self {
        Block { statements, handles: false, inner: false }
    }

    fn handler(statements: &'s [Statement]) -> Self {
        Block { handles: true, ..Block::plain(statements) }
    }

    fn inner(inner: &'s Inner) -> Self {
        Block { inner: true, ..Block::plain(&inner.body) }
    }
}

impl Statement {
    /// The lists of statements directly within this one, in the order of the text.
    pub fn blocks(&self) -> Vec<Block<'_>> {
        match self {
            Statement::If { then, otherwise, .. } => vec![Block::plain(then), Block::plain(otherwise)],
            Statement::Match(of) => {
                let arms = of.arms.iter().map(|arm| arm.body.as_slice());
                arms.chain(of.otherwise.as_deref()).map(Block::plain).collect()
            }
            Statement::Parallel(of) => of.branches.iter().map(|branch| Block::inner(&branch.inner)).collect(),
            Statement::For(of) => vec![Block::inner(&of.inner)],
            Statement::Poll(of) => {
                std::iter::once(of.body.as_slice()).chain(of.otherwise.as_deref()).map(Block::plain).collect()
            }
            Statement::Try { body, catches, .. } => std::iter::once(Block::plain(body))
                .chain(catches.iter().map(|catch| Block::handler(&catch.handler.body)))
                .collect(),
            Statement::Step(_)
            | Statement::Let { .. }
            | Statement::Fail(_)
            | Statement::Return { .. }
            | Statement::Continue { .. }
            | Statement::Wait { .. } => Vec::new(),
        }
    }

    /// The lists of statements directly within this one, to change them.
    pub fn blocks_mut(&mut self) -> Vec<&mut Vec<Statement>> {
        match self {
            Statement::If { then, otherwise, .. } => vec![then, otherwise],
            Statement::Match(of) => of.arms.iter_mut().map(|arm| &mut arm.body).chain(&mut of.otherwise).collect(),
            Statement::Parallel(of) => of.branches.iter_mut().map(|branch| &mut branch.inner.body).collect(),
            Statement::For(of) => vec![&mut of.inner.body],
            Statement::Poll(of) => std::iter::once(&mut of.body).chain(&mut of.otherwise).collect(),
            Statement::Try { body, catches, .. } => {
                std::iter::once(body).chain(catches.iter_mut().map(|catch| &mut catch.handler.body)).collect()
            }
            Statement::Step(_)
            | Statement::Let { .. }
            | Statement::Fail(_)
            | Statement::Return { .. }
            | Statement::Continue { .. }
            | Statement::Wait { .. } => Vec::new(),
        }
    }

    /// The expressions that stand in the statement itself, not in its blocks. The outputs of branches and iterations
    /// are not among them: they are read within.
    pub fn expressions(&self) -> Vec<&Expr> {
        match self {
            Statement::Step(step) => [&step.call.arguments, &step.timeout]
                .into_iter()
                .chain(step.call.output.as_ref())
                .chain(step.heartbeat.as_ref())
                .chain(step.when.as_ref())
                .chain(step.call.credentials.as_ref())
                .collect(),
            Statement::Let { value, .. } | Statement::Wait { value, .. } => vec![value],
            Statement::If { condition, .. } => vec![condition],
            Statement::Match(of) => {
                std::iter::once(&of.value).chain(of.arms.iter().map(|arm| &arm.condition)).collect()
            }
            Statement::Parallel(of) => of.head.when.iter().collect(),
            Statement::For(of) => {
                let items = match &of.items {
                    Items::List(list) => vec![list],
                    Items::Reader(reader) => vec![&reader.arguments, &reader.config],
                };
                let tolerate = of.tolerate.as_ref().map(|tolerance| match tolerance {
                    Tolerance::Share(value) | Tolerance::Count(value) => value,
                });
                let more = [of.head.when.as_ref(), of.max.as_ref(), tolerate, of.batch.as_ref()];
                items.into_iter().chain(more.into_iter().flatten()).collect()
            }
            Statement::Poll(of) => {
                [&of.interval, &of.max]
                    .into_iter()
                    .flat_map(|bound| std::iter::once(&bound.value).chain(&bound.limit))
                    .chain([&of.until])
                    .collect()
            }
            Statement::Fail(Fail::New { cause, .. }) => cause.iter().collect(),
            Statement::Return { value, .. } => value.iter().collect(),
            Statement::Fail(Fail::Again { .. }) | Statement::Try { .. } | Statement::Continue { .. } => Vec::new(),
        }
    }

    /// The results of its branches or iterations, where they go on past their end.
    pub fn outputs(&self) -> Vec<&Expr> {
        match self {
            Statement::Parallel(of) => of.branches.iter().filter_map(|branch| branch.inner.output.as_ref()).collect(),
            Statement::For(of) => of.inner.output.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// What it is as a step, if it is a `parallel` or a `for`.
    pub fn head(&self) -> Option<&Head> {
        match self {
            Statement::Parallel(of) => Some(&of.head),
            Statement::For(of) => Some(&of.head),
            _ => None,
        }
    }

    /// Its place.
    pub fn span(&self) -> Span {
        match self {
            Statement::Step(step) => step.span,
            Statement::Match(of) => of.span,
            Statement::Parallel(of) => of.head.span,
            Statement::For(of) => of.head.span,
            Statement::Poll(of) => of.span,
            Statement::Let { span, .. }
            | Statement::If { span, .. }
            | Statement::Try { span, .. }
            | Statement::Return { span, .. }
            | Statement::Continue { span }
            | Statement::Wait { span, .. }
            | Statement::Fail(Fail::Again { span, .. } | Fail::New { span, .. }) => *span,
        }
    }
}

/// Calls `visit` for every statement, outer ones first.
pub fn walk_statements<'s>(statements: &'s [Statement], visit: &mut dyn FnMut(&'s Statement)) {
    for statement in statements {
        visit(statement);
        for block in statement.blocks() {
            walk_statements(block.statements, visit);
        }
    }
}

impl Flow {
    /// Calls `visit` for every statement, outer ones first, `on failure` last.
    pub fn walk<'f>(&'f self, visit: &mut dyn FnMut(&'f Statement)) {
        walk_statements(&self.body, visit);
        if let Some(handler) = &self.on_failure {
            walk_statements(&handler.body, visit);
        }
    }

    /// The names of its states that are steps, with their places: tasks, and each `parallel` and `for`
    /// that is one.
    pub fn names(&self) -> Vec<(&str, Span)> {
        let mut found = Vec::new();
        self.walk(&mut |statement| {
            if let Statement::Step(step) = statement {
                found.push((step.name.as_str(), step.name_span));
            }
            let head = statement.head().filter(|head| head.result.is_some());
            found.extend(head.map(|head| (head.name.as_str(), head.name_span)));
        });
        found
    }

    /// Every step, those of handlers included, in the order of the text (`on failure` last).
    pub fn steps(&self) -> Vec<&Step> {
        let mut found = Vec::new();
        self.walk(&mut |statement| {
            if let Statement::Step(step) = statement {
                found.push(step.as_ref());
            }
        });
        found
    }
}
