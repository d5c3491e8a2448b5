//! `on_error = retry N then dead_letter(X)`: how often a batch is tried again, and what becomes of what cannot succeed.

use super::{Builder, is_channel};
use crate::check::{Because, Checker, Scope};
use crate::program::{DeadLetter, Expr, ExprKind, Refused, Stage, TableRole, Type};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ItemKind};

impl<'a> Checker<'a> {
    /// Retries, what becomes of refused records, and where that is said.
    pub(super) fn on_error(&mut self, of: &Builder<'a>) -> (Option<Expr>, Refused, Option<Span>) {
        let Some(first) = of.item.on_error.first() else { return (None, Refused::Return, None) };
        for other in of.item.on_error.iter().skip(1) {
            self.report(
                Diagnostic::new(codes::DUPLICATE_ARGUMENT, "`on_error` is given twice")
                    .primary(other.span, "given again")
                    .secondary(first.span, "given here")
                    .help("leave one of them out"),
            );
        }
        let retries = first.retry.as_ref().and_then(|retry| {
            let value = self.check(retry, &Scope::new(of.module), &Type::Int, None);
            let because = Because::new(first.span, "settled when the stream is deployed");
            (self.stage(&value, Stage::Plan, because) && !value.is_error()).then_some(value)
        });
        let refused = match &first.then {
            Some(then) => self.refused(of, then),
            None => Refused::Return,
        };
        (retries, refused, Some(first.span))
    }

    fn refused(&mut self, of: &Builder<'a>, then: &'a ast::Expr) -> Refused {
        match &then.kind {
            ast::ExprKind::Name(name) if name.text == "drop" => return Refused::Drop(then.span),
            ast::ExprKind::Call { callee, arguments, .. } => {
                if let (ast::ExprKind::Name(name), [argument]) = (&callee.kind, arguments.as_slice())
                    && name.text == "dead_letter"
                    && argument.name.is_none()
                {
                    return self.dead_letter(of, &argument.value).map_or(Refused::Return, Refused::DeadLetter);
                }
            }
            ast::ExprKind::Broken => return Refused::Return,
            _ => {}
        }
        self.report(
            Diagnostic::new(codes::DEAD_LETTER, "what cannot succeed goes to a `dead_letter`, or is left out by `drop`")
                .primary(then.span, "")
                .help("write `then dead_letter(failed)`, with a queue, a topic or a folder")
                .help("or `then drop`, where its loss does no harm"),
        );
        Refused::Return
    }

    fn dead_letter(&mut self, of: &Builder<'a>, ast: &'a ast::Expr) -> Option<DeadLetter> {
        let def = match &ast.kind {
            ast::ExprKind::Name(name) => self.names.value_named(of.module, &name.text),
            _ => None,
        };
        if let Some(def) = def
            && let ItemKind::Source(item) | ItemKind::Sink(item) = &def.item.kind
        {
            if !is_channel(item) {
                self.report(
                    Diagnostic::new(codes::DEAD_LETTER, format!("`{}` is a table, and dead letters are no rows of it", item.name.text))
                        .primary(ast.span, "a table")
                        .note("a dead letter holds the record as it came, which may fit no schema, and why it was refused")
                        .help("write them into a folder: `resource failed = s3.folder { bucket = …, prefix = \"failed\" }`"),
                );
                return None;
            }
            let id = self.channel(def)?;
            let channel = self.program.channel(id)?;
            let (role, schema, declared, ty) =
                (channel.role, channel.schema, channel.span, Type::Channel(channel.kind, channel.schema));
            if of.subject == crate::program::Subject::Channel(id) {
                self.report(
                    Diagnostic::new(codes::STREAM_LOOP, format!("`{}` sends what it refuses to `{}`, which it listens to", of.item.name.text, item.name.text))
                        .primary(ast.span, "comes back to this stream")
                        .secondary(of.item.source.span, "listens here")
                        .note("it would be refused again and again, for ever")
                        .help("name another queue: `resource failed = sqs.queue {}`"),
                );
                return None;
            }
            if role == TableRole::Source {
                self.report(
                    Diagnostic::new(codes::SOURCE_WRITTEN, format!("`{}` is a source, and a source is only read", item.name.text))
                        .primary(ast.span, "sent to here")
                        .secondary(declared, "declared as a source")
                        .help("name a resource: `resource failed = sqs.queue {}`"),
                );
                return None;
            }
            let letters = self.prelude_type("DeadLetter");
            if letters != Type::Row(schema) {
                let shown = self.show(&ty);
                self.report(
                    Diagnostic::new(codes::DEAD_LETTER, format!("`{}` is a `{shown}`, and dead letters are no such rows", item.name.text))
                        .primary(ast.span, format!("`{shown}`"))
                        .secondary(declared, "declared here")
                        .note("a dead letter holds the record as it came and why it was refused, so whoever reads it must know")
                        .help(format!("write `sink {}: Queue<DeadLetter>`", item.name.text))
                        .help("or name a resource, which has no type: `resource failed = sqs.queue {}`"),
                );
                return None;
            }
        }
        let scope = Scope::new(of.module);
        let value = self.expr(ast, &scope, None);
        if value.is_error() {
            return None;
        }
        let because = Because::new(ast.span, "where dead letters go is settled when the stream is deployed");
        if !self.stage(&value, Stage::Apply, because) {
            return None;
        }
        let kind = match &value.kind {
            ExprKind::Record(_) => value.entry("kind").and_then(Expr::text).map(str::to_owned),
            _ => None,
        };
        let name = match &ast.kind {
            ast::ExprKind::Name(name) => name.text.clone(),
            _ => format!("{}_dead_letters", of.item.name.text),
        };
        match kind {
            Some(kind) if matches!(kind.as_str(), "sqs" | "sns" | "folder") => Some(DeadLetter { name, kind, value, span: ast.span }),
            _ => {
                let shown = self.a(&value.ty);
                self.report(
                    Diagnostic::new(codes::DEAD_LETTER, format!("dead letters go to a queue, a topic or a folder, this is {shown}"))
                        .primary(ast.span, "")
                        .note("Lambda itself must be able to send there what it gives up")
                        .help("write `resource failed = sqs.queue {}`, or `s3.folder { bucket = …, prefix = \"failed\" }`"),
                );
                None
            }
        }
    }
}
