//! Statements of flows, and fields.

use super::Builder;
use crate::ast::{Block, Expr, Fail, Field, Handler, MatchArm, Name, Path, Statement, StatementKind, Trigger};
use crate::grammar::{Node, Parts, Rule};
use flow_diagnostics::{codes, Diagnostic, Span};

impl Builder<'_> {
    pub(super) fn block(&mut self, node: Node<'_>) -> Option<Block> {
        let span = self.span(&node);
        self.deeper(1, span, |builder| {
            let statements = Parts::of(node).map(|node| builder.statement(node)).collect::<Option<_>>()?;
            Some(Block { statements, span })
        })
    }

    /// What a documented node is about: its doc comment, the node below it, and the place without the comment.
    pub(crate) fn documented<'n>(&mut self, node: Node<'n>) -> Option<(Option<String>, Node<'n>, Span)> {
        let whole = self.span(&node);
        let mut parts = Parts::of(node);
        let doc = parts.when(Rule::doc);
        let doc = self.doc(doc);
        let node = parts.next()?;
        let span = whole.from(self.span(&node));
        Some((doc, node, span))
    }

    pub(crate) fn statement(&mut self, node: Node<'_>) -> Option<Statement> {
        let (doc, node, span) = self.documented(node)?;
        let rule = node.as_rule();
        match rule {
            Rule::for_each => {
                let kind = StatementKind::For(Box::new(self.for_each(node)?));
                return Some(Statement { doc, kind, span });
            }
            Rule::poll_statement => {
                let kind = StatementKind::Poll(Box::new(self.poll(node)?));
                return Some(Statement { doc, kind, span });
            }
            _ => {}
        }
        let mut parts = Parts::of(node);
        let kind = match rule {
            Rule::step_statement => StatementKind::Step(Box::new(self.step(parts)?)),
            Rule::call_statement => StatementKind::Step(Box::new(self.unnamed_step(parts)?)),
            Rule::parallel => StatementKind::Parallel(self.branches(parts)?),
            Rule::match_statement => StatementKind::Match {
                value: self.expr(parts.next()?)?,
                arms: parts.map(|arm| self.match_arm(arm)).collect::<Option<_>>()?,
            },
            Rule::let_statement => StatementKind::Let {
                name: self.value_name(parts.next()?),
                value: self.value(parts.next()?)?,
            },
            Rule::if_statement => self.if_statement(parts, span)?,
            Rule::try_statement => StatementKind::Try {
                body: self.block(parts.next()?)?,
                handlers: parts.map(|catch| self.handler(catch)).collect::<Option<_>>()?,
            },
            Rule::fail_statement => StatementKind::Fail(self.fail(parts)?),
            Rule::return_statement => StatementKind::Return(match parts.next() {
                Some(value) => Some(self.expr(value)?),
                None => None,
            }),
            Rule::continue_statement => StatementKind::Continue,
            Rule::wait_statement => {
                let until = parts.when(Rule::until).is_some();
                StatementKind::Wait { value: self.expr(parts.next()?)?, until }
            }
            _ => return None,
        };
        Some(Statement { doc, kind, span })
    }

    /// Conditions and blocks alternate; a block without a condition is the last `else`.
    fn if_statement(&mut self, mut parts: Parts<'_>, span: Span) -> Option<StatementKind> {
        let condition = self.expr(parts.next()?)?;
        let then = self.block(parts.next()?)?;
        let otherwise = match parts.peek() {
            None => None,
            Some(Rule::block) => Some(self.block(parts.next()?)?),
            Some(_) => {
                let (start, _) = parts.ahead_span()?;
                let span = span.from(self.range(start, start));
                let nested = self.deeper(1, span, |builder| builder.if_statement(parts, span))?;
                Some(Block { statements: vec![Statement { doc: None, kind: nested, span }], span })
            }
        };
        Some(StatementKind::If { condition, then, otherwise })
    }

    fn match_arm(&mut self, node: Node<'_>) -> Option<MatchArm> {
        let span = self.span(&node);
        let mut parts = Parts::of(node);
        Some(MatchArm { pattern: self.pattern(parts.next()?)?, body: self.block(parts.next()?)?, span })
    }

    fn fail(&mut self, mut parts: Parts<'_>) -> Option<Fail> {
        let mut name = self.path(parts.next()?);
        let cause = parts.when(Rule::cause);
        if cause.is_none() && name.segments.len() == 1 {
            return name.segments.pop().map(Fail::Error);
        }
        Some(Fail::New { name, cause: self.cause(cause)? })
    }

    /// What stands in the parentheses after an error's name. The outer `None` is one that cannot be built.
    #[expect(clippy::option_option, reason = "an absent cause and a broken one differ")]
    pub(super) fn cause(&mut self, node: Option<Node<'_>>) -> Option<Option<Expr>> {
        match node.and_then(|cause| Parts::of(cause).next()) {
            Some(cause) => Some(Some(self.expr(cause)?)),
            None => Some(None),
        }
    }

    /// `on failure as e { … }`, `catch A, B as e { … }`.
    pub(super) fn handler(&mut self, node: Node<'_>) -> Option<Handler> {
        let whole = self.span(&node);
        let mut errors = Vec::new();
        let mut binding = None;
        for part in Parts::of(node) {
            match part.as_rule() {
                Rule::path => errors.push(self.path(part)),
                Rule::binding => binding = Some(self.binding(part)?),
                _ => {
                    self.check_errors(&errors, binding.as_ref());
                    let body = self.block(part)?;
                    let span = Span { end: body.span.start, ..whole };
                    return Some(Handler { errors, binding, body, span });
                }
            }
        }
        None
    }

    /// `catch error { … }`: a lone lower-case word is no error's name but a forgotten `as`.
    fn check_errors(&mut self, errors: &[Path], binding: Option<&Name>) {
        let ([error], None) = (errors, binding) else { return };
        if let [name] = error.segments.as_slice()
            && name.text.starts_with(|first: char| first.is_ascii_lowercase())
        {
            let start = Span { end: name.span.start, ..name.span };
            self.report(
                Diagnostic::new(codes::MISSING_AS, format!("`{}` is read as the name of an error to catch", name.text))
                    .primary(name.span, format!("did you mean `as {}`?", name.text))
                    .note("without names a `catch` takes every error; `as` gives a name to what it caught")
                    .fix(format!("write `as {}`", name.text), start, "as "),
            );
        }
    }

    pub(super) fn binding(&mut self, node: Node<'_>) -> Option<Name> {
        Some(self.value_name(Parts::of(node).next()?))
    }

    pub(super) fn trigger(&mut self, node: Node<'_>) -> Option<Trigger> {
        let span = self.span(&node);
        let mut parts = Parts::of(node);
        let event = self.expr(parts.next()?)?;
        let binding = match parts.when(Rule::binding) {
            Some(binding) => Some(self.binding(binding)?),
            None => None,
        };
        let fields = match parts.when(Rule::fields) {
            Some(fields) => self.fields(fields)?,
            None => Vec::new(),
        };
        Some(Trigger { event, binding, fields, span })
    }

    pub(super) fn fields(&mut self, node: Node<'_>) -> Option<Vec<Field>> {
        let span = self.span(&node);
        self.deeper(1, span, |builder| Parts::of(node).map(|field| builder.field(field)).collect())
    }

    pub(super) fn field(&mut self, node: Node<'_>) -> Option<Field> {
        let whole = self.span(&node);
        let mut parts = Parts::of(node);
        let doc = parts.when(Rule::doc);
        let doc = self.doc(doc);
        let name = self.name(parts.next()?);
        let span = whole.from(name.span);
        Some(Field { doc, name, value: self.value(parts.next()?)?, span })
    }
}
