//! Streams.

use super::step::head;
use super::Builder;
use crate::ast::{Expr, OnError, StreamItem, StreamStatement, StreamStatementKind};
use crate::grammar::{Node, Parts, Rule};
use flow_diagnostics::Span;

impl Builder<'_> {
    pub(super) fn stream(&mut self, mut parts: Parts<'_>, whole: Span) -> Option<StreamItem> {
        let name = self.name(parts.next()?);
        let source = self.expr(parts.next()?)?;
        let span = head(whole, source.span.after());
        let mut stream =
            StreamItem { name, source, settings: Vec::new(), on_error: Vec::new(), body: Vec::new(), span };
        for part in parts {
            match part.as_rule() {
                Rule::field => stream.settings.push(self.field(part)?),
                Rule::on_error => stream.on_error.push(self.on_error(part)?),
                _ => stream.body.push(self.stream_statement(part)?),
            }
        }
        Some(stream)
    }

    fn on_error(&mut self, node: Node<'_>) -> Option<OnError> {
        let span = self.span(&node);
        let mut parts = Parts::of(node);
        let retry = match parts.when(Rule::error_retry).and_then(|retry| Parts::of(retry).next()) {
            Some(attempts) => Some(self.expr(attempts)?),
            None => None,
        };
        let then = self.rest_expr(&mut parts)?;
        Some(OnError { retry, then, span })
    }

    /// The next part as an expression, if there is one. The outer `None` is one that cannot be built.
    #[expect(clippy::option_option, reason = "an absent expression and a broken one differ")]
    pub(super) fn rest_expr(&mut self, parts: &mut Parts<'_>) -> Option<Option<Expr>> {
        match parts.next() {
            Some(node) => Some(Some(self.expr(node)?)),
            None => Some(None),
        }
    }

    fn stream_statement(&mut self, node: Node<'_>) -> Option<StreamStatement> {
        let (doc, node, span) = self.documented(node)?;
        let rule = node.as_rule();
        let mut parts = Parts::of(node);
        let kind = match rule {
            Rule::idempotent_statement => StreamStatementKind::Idempotent {
                keys: Parts::of(parts.next()?).map(|key| self.expr(key)).collect::<Option<_>>()?,
                ledger: self.name(parts.next()?),
                fields: match parts.next() {
                    Some(fields) => self.fields(fields)?,
                    None => Vec::new(),
                },
            },
            Rule::each_statement => StreamStatementKind::Each {
                unit: self.name(parts.next()?),
                binding: match parts.when(Rule::binding) {
                    Some(binding) => Some(self.binding(binding)?),
                    None => None,
                },
                condition: match parts.when(Rule::where_operator) {
                    Some(condition) => self.rest_expr(&mut Parts::of(condition))?,
                    None => None,
                },
                value: match parts.when(Rule::sent) {
                    Some(sent) => self.rest_expr(&mut Parts::of(sent))?,
                    None => None,
                },
                target: self.expr(parts.next()?)?,
            },
            Rule::run_statement => StreamStatementKind::Run {
                action: self.action(parts.next()?)?,
                modifiers: self.modifiers(parts)?,
            },
            _ => return None,
        };
        Some(StreamStatement { doc, kind, span })
    }
}
