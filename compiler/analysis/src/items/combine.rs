//! `union` and `explode`: more rows of the same columns.

use super::transform::{put, Pipeline};
use crate::check::{fits, Checker, Scope};
use crate::program::{OperatorKind, SchemaField, Type};
use crate::suggest::listed;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, Name};

impl<'a> Checker<'a> {
    /// `union a, b`: tables of the same columns, matched by name.
    pub(super) fn union(
        &mut self,
        tables: &'a [Name],
        all: bool,
        span: Span,
        pipeline: &mut Pipeline<'a>,
    ) -> OperatorKind {
        for table in tables {
            match self.input_columns(table, pipeline) {
                Some(columns) => pipeline.broken |= !self.same_columns(table, &columns, span, pipeline),
                None => pipeline.broken = true,
            }
            if pipeline.broken {
                break;
            }
        }
        if !all && !pipeline.broken {
            self.tell_rows_apart("union", span, pipeline);
        }
        // Another table may have rows of the same key.
        pipeline.columns.iter_mut().for_each(|column| column.key = false);
        OperatorKind::Union { inputs: tables.iter().map(|table| table.text.clone()).collect(), all }
    }

    /// Whether a table has the columns of the rows so far; they take the types that hold the values of both.
    fn same_columns(
        &mut self,
        table: &Name,
        theirs: &[SchemaField],
        span: Span,
        pipeline: &mut Pipeline<'a>,
    ) -> bool {
        let name = &table.text;
        let refused = |message: String| Diagnostic::new(codes::UNION_COLUMNS, message).primary(table.span, "");
        let without = |of: &[SchemaField], in_: &[SchemaField]| -> Vec<SchemaField> {
            of.iter().filter(|field| !in_.iter().any(|other| other.name == field.name)).cloned().collect()
        };
        let (missing, extra) = (without(&pipeline.columns, theirs), without(theirs, &pipeline.columns));
        if let Some(field) = missing.first() {
            let names = listed(missing.iter().map(|field| field.name.as_str()));
            let mut diagnostic = refused(format!("`{name}` lacks {names}, which the rows so far have"))
                .secondary(field.span, "a column of the rows so far")
                .note("a union has the columns of all its tables, matched by name");
            let near = crate::suggest::nearest(&field.name, extra.iter().map(|field| field.name.as_str()));
            diagnostic = match near {
                Some(near) => diagnostic.help(format!("`{name}` has `{near}`: give both the same name, with `rename` before the union")),
                None => diagnostic.help(format!("leave it out before the union: `drop {}`", field.name)),
            };
            self.report(diagnostic);
            return false;
        }
        if let Some(field) = extra.first() {
            let names = listed(extra.iter().map(|field| field.name.as_str()));
            let columns = listed(pipeline.columns.iter().map(|column| column.name.as_str()));
            self.report(
                refused(format!("`{name}` has {names}, which the rows so far lack"))
                    .secondary(field.span, format!("a column of `{name}`"))
                    .note("a union has the columns of all its tables, matched by name")
                    .note(format!("the columns so far are {columns}"))
                    .help(format!("add it to the rows before the union: `derive {} = …`", field.name)),
            );
            return false;
        }
        for at in 0..pipeline.columns.len() {
            let Some(ours) = pipeline.columns.get(at).cloned() else { continue };
            let Some(other) = theirs.iter().find(|field| field.name == ours.name) else { continue };
            let Some(ty) = common_type(&ours.ty, &other.ty) else {
                let (first, second) = (self.show(&ours.ty), self.show(&other.ty));
                let (here, there) = (self.a(&ours.ty), self.a(&other.ty));
                let diagnostic = refused(format!("`{}` is {here} in the rows so far and {there} in `{name}`", ours.name))
                .secondary(ours.span, format!("`{first}`"))
                .secondary(other.span, format!("`{second}`"))
                .secondary(span, "one column for the rows of both");
                self.report(match (ours.ty.required().base(), other.ty.required().base()) {
                    (Type::Int, Type::Float) => {
                        diagnostic.help(format!("convert it before the union: `derive {0} = {0} * 1.0`", ours.name))
                    }
                    _ => diagnostic.help("give the two schemas one type"),
                });
                return false;
            };
            if let Some(column) = pipeline.columns.get_mut(at) {
                column.ty = ty;
            }
        }
        true
    }

    /// `explode list`, `explode name = list`: a row for each element.
    pub(super) fn explode(
        &mut self,
        column: &'a ast::Column,
        outer: bool,
        row: &Scope,
        span: Span,
        pipeline: &mut Pipeline<'a>,
    ) -> Option<OperatorKind> {
        let made = self.new_columns(std::slice::from_ref(column), row, true, span, pipeline);
        let (column, at) = made.into_iter().next()?;
        if pipeline.broken {
            return None;
        }
        let Type::List(element) = column.value.ty.required().base().required() else {
            let shown = self.show(&column.value.ty);
            let place = column.value.span;
            let diagnostic =
                Diagnostic::new(codes::EXPLODE_LIST, format!("`explode` takes a list apart, and this is {}", self.a(&column.value.ty)))
                    .primary(place, format!("`{shown}`"));
            self.report(match column.value.ty.required().base() {
                Type::Json => diagnostic.help("say in the schema what it is a list of: `[String]`"),
                _ => diagnostic.help("leave the `explode` out: each row has one value already"),
            });
            return None;
        };
        let ty = element.as_ref().clone();
        let ty = if outer { ty.optional() } else { ty };
        let mut exploded = column.clone();
        exploded.value.ty = ty;
        // A row comes as often as its list has elements.
        pipeline.columns.iter_mut().for_each(|column| column.key = false);
        put(&mut pipeline.columns, &exploded, at);
        Some(OperatorKind::Explode { column, outer })
    }
}

/// The type that holds the values of two columns of one name; `None` where they hold different things.
fn common_type(ours: &Type, theirs: &Type) -> Option<Type> {
    let (a, b) = (ours.required(), theirs.required());
    let number = |ty: &Type| matches!(ty.base(), Type::Int | Type::Float);
    // A list of what may be `none` is not stored as one of what may not.
    let nested = |ty: &Type| matches!(ty.base(), Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Row(_));
    let exact = number(a) && number(b) || nested(a) || nested(b);
    let ty = if exact && a.base() != b.base() {
        return None;
    } else if fits(b, a) {
        a
    } else if fits(a, b) {
        b
    } else {
        return None;
    };
    let optional = ours.is_optional() || theirs.is_optional();
    Some(if optional { ty.clone().optional() } else { ty.clone() })
}
