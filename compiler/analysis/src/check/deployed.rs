//! What items of the program are known by once they are deployed: `nightly.arn`, `visits.location`.

use super::{Checker, Scope};
use crate::program::{Expr, ExprKind, FlowFact, Stage, StreamFact, TableFact, Type};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ItemKind, Name};

impl<'a> Checker<'a> {
    /// The flow or stream that a name stands for, where nothing nearer has the name.
    pub(super) fn flow_named(&self, target: &ast::Expr, scope: &Scope) -> Option<Def<'a>> {
        let ast::ExprKind::Name(name) = &target.kind else { return None };
        if scope.local(&name.text).is_some() || self.names.value_named(scope.module, &name.text).is_some() {
            return None;
        }
        let def = self.names.callables_named(scope.module, &name.text).first().copied()?;
        matches!(def.item.kind, ItemKind::Flow(_) | ItemKind::Stream(_)).then_some(def)
    }

    /// `ingest.log_group`.
    fn stream_field(&mut self, item: &ast::StreamItem, name: &Name, span: Span) -> Expr {
        let of = item.name.text.clone();
        match StreamFact::ALL.iter().find(|(known, _)| *known == name.text) {
            Some((_, fact)) => {
                let ty = if *fact == StreamFact::RoleArn { Type::Arn } else { Type::String };
                Expr::new(ExprKind::StreamFact(of, *fact), ty, Stage::Apply, span)
            }
            None => {
                let known: Vec<&str> = StreamFact::ALL.map(|(known, _)| known).to_vec();
                let diagnostic =
                    Diagnostic::new(codes::UNKNOWN_FIELD, format!("the stream `{of}` has no field `{}`", name.text))
                        .primary(name.span, "not found")
                        .secondary(item.name.span, "a stream is known by its function");
                let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "it has");
                self.fail(span, diagnostic)
            }
        }
    }

    /// `nightly.arn`.
    pub(super) fn flow_field(&mut self, flow: Def<'a>, name: &Name, span: Span) -> Expr {
        let item = match &flow.item.kind {
            ItemKind::Flow(item) => item,
            ItemKind::Stream(item) => return self.stream_field(item, name, span),
            _ => return Expr::error(span),
        };
        let of = item.name.text.clone();
        if name.text == "arn" {
            return Expr::new(ExprKind::FlowArn(of), Type::Arn, Stage::Apply, span);
        }
        match FlowFact::ALL.iter().find(|(known, _)| *known == name.text) {
            Some((_, fact)) => {
                let ty = if *fact == FlowFact::RoleArn { Type::Arn } else { Type::String };
                Expr::new(ExprKind::FlowFact(of, *fact), ty, Stage::Apply, span)
            }
            None => {
                let known: Vec<&str> = std::iter::once("arn").chain(FlowFact::ALL.map(|(known, _)| known)).collect();
                let diagnostic =
                    Diagnostic::new(codes::UNKNOWN_FIELD, format!("the flow `{of}` has no field `{}`", name.text))
                        .primary(name.span, "not found")
                        .secondary(item.name.span, "a flow is known by what is deployed for it");
                let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "it has");
                self.fail(span, diagnostic)
            }
        }
    }

    /// `visits.location`, of a whole table.
    pub(super) fn table_field(&mut self, target: &Expr, name: &Name, span: Span) -> Expr {
        let shown = self.show(&target.ty);
        let ExprKind::Table(place) = &target.kind else {
            return self.fail(
                span,
                Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{shown}` has no field `{}`", name.text))
                    .primary(name.span, "not found"),
            );
        };
        let Some(table) = self.program.table(place.table) else { return Expr::error(span) };
        let (of, declared) = (table.name.clone(), table.span);
        let known: Vec<&str> = TableFact::ALL
            .iter()
            .filter(|(_, fact)| table.fact(*fact).is_some())
            .map(|(known, _)| *known)
            .collect();
        let Some((_, fact)) = TableFact::ALL.iter().find(|(known, _)| *known == name.text) else {
            let diagnostic = Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{shown}` has no field `{}`", name.text))
                .primary(name.span, "not found")
                .note("a table is known by where it lies; its columns are known in transforms");
            let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "it has");
            return self.fail(span, diagnostic);
        };
        let Some(value) = table.fact(*fact) else {
            return self.fail(
                span,
                Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{of}` is in no catalog, and has no `{}`", name.text))
                    .primary(name.span, "a name in the catalog")
                    .secondary(declared, "declared without `catalog`")
                    .help("give it one: `catalog = glue.database(\"NAME\")`"),
            );
        };
        if !place.partitions.is_empty() {
            return self.fail(
                span,
                Diagnostic::new(codes::UNKNOWN_FIELD, format!("`{}` is of a whole table, not of partitions", name.text))
                    .primary(target.span, "some of its partitions")
                    .help(format!("write `{of}.{}`, and name the partition's folder in a text", name.text)),
            );
        }
        if value.is_error() {
            return Expr::error(span);
        }
        match value.stage {
            Stage::Const => Expr { span, ty: Type::String, ..value },
            stage => Expr::new(ExprKind::TableFact(place.table, *fact), Type::String, stage, span),
        }
    }
}
