//! Operators over several rows, `group`, `window`, `distinct`, `union`: which columns they take, and by which values they can
//! tell rows apart.

use super::transform::Pipeline;
use crate::check::Checker;
use crate::program::{Column, ExprKind, Program, Type};
use flow_diagnostics::{Diagnostic, Span, codes};

impl<'a> Checker<'a> {
    /// In a group and a window each column is one function over rows.
    pub(super) fn over_rows(&mut self, columns: &[(Column, Span)], word: &str, pipeline: &mut Pipeline<'a>) {
        for (column, at) in columns {
            let alone = match &column.value.kind {
                ExprKind::Call { function, .. } => function.aggregate.is_some() || function.window.is_some(),
                ExprKind::Error => true,
                _ => false,
            };
            if alone || column.value.is_error() {
                continue;
            }
            let inner = column.value.any(&|part| {
                matches!(&part.kind, ExprKind::Call { function, .. }
                    if function.aggregate.is_some() || function.window.is_some())
            });
            let diagnostic = Diagnostic::new(
                codes::AGGREGATE_ALONE,
                format!("`{}` is not a function over rows", column.name),
            )
            .primary(column.value.span, "")
            .secondary(*at, format!("a column of a `{word}`"));
            let diagnostic = if inner {
                diagnostic.help(format!("give the function a column of its own, and calculate with it in a `derive` after the `{word}`"))
            } else if word == "group" {
                diagnostic
                    .note("a group has one row for many, so its columns are keys or aggregates")
                    .help("make it a key, or choose one value: `min(…)`, `max(…)`")
            } else {
                diagnostic.help("compute it in a `derive`")
            };
            self.report(diagnostic);
            pipeline.broken = true;
        }
    }

    /// As [`Checker::tell_apart`], by all columns.
    pub(super) fn tell_rows_apart(&mut self, word: &str, span: Span, pipeline: &mut Pipeline<'a>) {
        let columns = pipeline.columns.clone();
        self.tell_apart(columns.iter().map(|column| (&column.ty, column.span)), word, span, pipeline);
    }

    /// Refuses an operator that tells rows apart by values of which nobody says when they are equal.
    pub(super) fn tell_apart<'t>(
        &mut self,
        mut values: impl Iterator<Item = (&'t Type, Span)>,
        word: &str,
        span: Span,
        pipeline: &mut Pipeline<'a>,
    ) {
        let Some((ty, at)) = values.find(|(ty, _)| holds_map(&self.program, ty)) else { return };
        let shown = self.show(ty);
        let diagnostic = Diagnostic::new(codes::MAP_APART, format!("`{word}` cannot tell rows apart by a `{shown}`"))
            .primary(span, "")
            .secondary(at, format!("`{shown}`"))
            .note("the entries of a map have no order, so that two that say the same may look different");
        self.report(match word {
            "union" => diagnostic.help("keep all rows: `union all`"),
            "distinct" => diagnostic.help("leave the column out before it: `drop …`; or keep one row for each key: `group KEY { … }`"),
            _ => diagnostic.help("use the columns that tell one row from another"),
        });
        pipeline.broken = true;
    }
}

/// Whether values of a type are maps, or hold some.
fn holds_map(program: &Program, ty: &Type) -> bool {
    match ty {
        Type::Map(_) => true,
        Type::Optional(inner) | Type::List(inner) => holds_map(program, inner),
        Type::Nominal { base, .. } => holds_map(program, base),
        Type::Record(fields) => fields.iter().any(|(_, ty)| holds_map(program, ty)),
        Type::Row(id) => program.schema(*id).is_some_and(|schema| schema.fields.iter().any(|field| holds_map(program, &field.ty))),
        _ => false,
    }
}
