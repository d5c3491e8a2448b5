//! `join`: rows of two tables that belong together, as one.
//!
//! A condition means what it means in `where`, so that `none == none` holds. A table without a match leaves its columns
//! `none`: what an outer join may leave without a value is optional from there on.

use super::schema::row_scope;
use super::transform::{same_column, Pipeline};
use crate::check::{Because, Checker, Local, RowPlace, Scope};
use crate::program::{Binary, Column, Expr, ExprKind, Join, JoinKind, OperatorKind, SchemaField, Stage, Type};
use crate::resolve::duplicate;
use crate::suggest::listed;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, JoinBy, Name};

/// The two sides of a join.
struct Sides {
    kind: JoinKind,
    /// What the other table is called.
    alias: String,
    /// The rows so far.
    left: Vec<SchemaField>,
    /// The other table's.
    right: Vec<SchemaField>,
}

impl Sides {
    /// A column of the other table, as its expressions have it.
    fn right_value(&self, field: &SchemaField, ty: Type, span: Span) -> Expr {
        Expr::new(ExprKind::Column(Join::column_of(&self.alias, &field.name)), ty, Stage::Row, span)
    }

    /// A column's type after the join.
    fn left_type(&self, field: &SchemaField) -> Type {
        if self.kind.keeps_right() { field.ty.clone().optional() } else { field.ty.clone() }
    }

    fn right_type(&self, field: &SchemaField) -> Type {
        if self.kind.keeps_left() { field.ty.clone().optional() } else { field.ty.clone() }
    }

    /// The other table's columns under its name.
    fn declare_right(&self, scope: &mut Scope, after: bool, span: Span) {
        let entries = self.right.iter().map(|field| {
            let ty = if after { self.right_type(field) } else { field.ty.clone() };
            (field.name.clone(), self.right_value(field, ty, span))
        });
        scope.declare(&self.alias, Local::Value(Expr::record(entries.collect(), span)));
    }
}

impl<'a> Checker<'a> {
    /// A join; `None`, and a report, where nothing can be said of its result.
    pub(super) fn join(
        &mut self,
        join: &'a ast::Join,
        span: Span,
        pipeline: &mut Pipeline<'a>,
    ) -> Option<OperatorKind> {
        let right = self.input_columns(&join.table, pipeline)?;
        if right.iter().any(|column| column.ty == Type::Error) {
            return None;
        }
        let alias = join.binding.as_ref().unwrap_or(&join.table);
        if let Some(column) = pipeline.columns.iter().find(|column| column.name == alias.text) {
            self.report(
                Diagnostic::new(
                    codes::DUPLICATE_NAME,
                    format!("`{}` is a column of the rows so far, so the table needs another name", alias.text),
                )
                .primary(alias.span, "the table")
                .secondary(column.span, "the column")
                .help(format!("write `join {} as …`", join.table.text)),
            );
            return None;
        }
        let sides = Sides {
            kind: kind(join.kind),
            alias: alias.text.clone(),
            left: pipeline.columns.clone(),
            right,
        };
        let shared = match &join.by {
            Some(JoinBy::Using(names)) => self.shared(names, join, &sides, pipeline)?,
            _ => Vec::new(),
        };
        let condition = self.join_condition(join, &sides, &shared, span, pipeline)?;
        let selected = self.join_columns(join, &sides, &shared, span, pipeline)?;
        Some(OperatorKind::Join(Join {
            kind: sides.kind,
            input: join.table.text.clone(),
            alias: sides.alias,
            condition,
            selected,
        }))
    }

    /// The columns of `using`, of both sides.
    fn shared(
        &mut self,
        names: &'a [Name],
        join: &'a ast::Join,
        sides: &Sides,
        pipeline: &mut Pipeline<'a>,
    ) -> Option<Vec<(SchemaField, SchemaField)>> {
        let mut list: Vec<(SchemaField, SchemaField)> = Vec::new();
        for name in names {
            if let Some(first) = names.iter().find(|other| other.text == name.text)
                && first.span.key() != name.span.key()
            {
                duplicate(name, first.span, self.diagnostics);
                return None;
            }
            if !self.known_column(name, pipeline) {
                return None;
            }
            let left = sides.left.iter().find(|column| column.name == name.text)?;
            let Some(right) = sides.right.iter().find(|column| column.name == name.text) else {
                let known: Vec<&str> = sides.right.iter().map(|column| column.name.as_str()).collect();
                self.report(
                    Diagnostic::new(
                        codes::UNKNOWN_NAME,
                        format!("`{}` has no column `{}`", join.table.text, name.text),
                    )
                    .primary(name.span, "not found there")
                    .secondary(left.span, "a column of the rows so far")
                    .note("`using` names columns that both tables have")
                    .help(format!("its columns are {}", listed(known)))
                    .help(format!("where they have two names, write `on {} == {}.…`", name.text, sides.alias)),
                );
                return None;
            };
            let (a, b) = (left.ty.required().base().required(), right.ty.required().base().required());
            let text = |ty: &Type| matches!(ty, Type::String | Type::Literals(_) | Type::Arn);
            if a != b && !(text(a) && text(b)) {
                let (first, second) = (self.show(&left.ty), self.show(&right.ty));
                let (here, there) = (self.a(&left.ty), self.a(&right.ty));
                self.report(
                    Diagnostic::new(
                        codes::OPERATOR_TYPES,
                        format!("`{}` is {here} in the rows so far and {there} in `{}`", name.text, join.table.text),
                    )
                    .primary(name.span, "of two types")
                    .secondary(left.span, format!("`{first}`"))
                    .secondary(right.span, format!("`{second}`"))
                    .help(format!("convert one of them before: `derive {} = …`", name.text)),
                );
                return None;
            }
            list.push((left.clone(), right.clone()));
        }
        Some(list)
    }

    /// What makes rows belong together: `Some(None)` in a cross join.
    fn join_condition(
        &mut self,
        join: &'a ast::Join,
        sides: &Sides,
        shared: &[(SchemaField, SchemaField)],
        span: Span,
        pipeline: &mut Pipeline<'a>,
    ) -> Option<Option<Expr>> {
        let refused = |message: String| Diagnostic::new(codes::JOIN_CONDITION, message).primary(span, "");
        let table = &join.table.text;
        let alias = &sides.alias;
        match (&join.by, sides.kind) {
            (None, JoinKind::Cross) => Some(None),
            (Some(_), JoinKind::Cross) => {
                self.report(
                    refused("a `cross join` has no condition: it gives each row with each".to_owned())
                        .help("leave `cross` out"),
                );
                None
            }
            (None, _) => {
                let same = |ours: &&SchemaField| {
                    sides.right.iter().any(|other| other.name == ours.name && other.ty.required() == ours.ty.required())
                };
                let common: Vec<&str> =
                    sides.left.iter().filter(same).map(|column| column.name.as_str()).collect();
                let diagnostic = refused(format!("this join does not say which rows of `{table}` belong to a row"));
                self.report(match common.as_slice() {
                    [] => diagnostic.help(format!("write `on COLUMN == {alias}.COLUMN` after it")),
                    _ => diagnostic.help(format!("write `using ({})` after it", common.join(", "))),
                });
                None
            }
            (Some(JoinBy::Using(_)), _) => {
                let equal = shared.iter().map(|(left, right)| {
                    let first = same_column(left, span).value;
                    let second = sides.right_value(right, right.ty.clone(), span);
                    let kind = ExprKind::Binary(Binary::Equal, Box::new(first), Box::new(second));
                    Expr::new(kind, Type::Bool, Stage::Row, span)
                });
                let all = equal.reduce(|first, second| {
                    let kind = ExprKind::Binary(Binary::And, Box::new(first), Box::new(second));
                    Expr::new(kind, Type::Bool, Stage::Row, span)
                });
                Some(all)
            }
            (Some(JoinBy::On(written)), _) => {
                let mut scope = row_scope(pipeline.module, &sides.left, RowPlace::Row);
                sides.declare_right(&mut scope, false, join.table.span);
                let condition = self.condition(written, &scope, "of `on`");
                let because = Because::new(span, "computed for each pair of rows");
                if condition.is_error() || !self.row_stage(&condition, because) {
                    return None;
                }
                let of_right = |name: &str| name.split_once('.').is_some_and(|(table, _)| table == alias);
                let names = |right: bool| {
                    condition.any(&|part| matches!(&part.kind, ExprKind::Column(name) if of_right(name) == right))
                };
                if names(true) && names(false) {
                    return Some(Some(condition));
                }
                let missing = if names(false) {
                    format!("no column of `{table}`: a bare name is one of the rows so far")
                } else if names(true) {
                    "no column of the rows so far".to_owned()
                } else {
                    "no column at all".to_owned()
                };
                let first = sides.right.first().map_or("COLUMN", |column| column.name.as_str());
                let diagnostic = Diagnostic::new(
                    codes::JOIN_CONDITION,
                    format!("the condition of this join compares nothing of `{table}` with the rows so far"),
                )
                .primary(written.span, missing)
                .help(format!("write the columns of `{table}` as `{alias}.{first}`, those of the rows so far bare"));
                self.report(if names(false) || names(true) {
                    diagnostic.help("leave rows out with `where`, before or after the join")
                } else {
                    diagnostic.help(format!("for each row with each, write `cross join {table}`"))
                });
                None
            }
        }
    }

    /// The result's columns: those so far, and what is taken of the other table.
    fn join_columns(
        &mut self,
        join: &'a ast::Join,
        sides: &Sides,
        shared: &[(SchemaField, SchemaField)],
        span: Span,
        pipeline: &mut Pipeline<'a>,
    ) -> Option<Vec<Column>> {
        if !sides.kind.takes_columns() {
            if join.columns.is_some() {
                let word = if sides.kind == JoinKind::Semi { "semi" } else { "anti" };
                self.report(
                    Diagnostic::new(
                        codes::JOIN_COLUMNS,
                        format!("a `{word} join` takes no columns of `{}`", join.table.text),
                    )
                    .primary(span, "with columns in braces")
                    .note("it keeps rows, or leaves them out, and each stays as it was")
                    .help(if sides.kind == JoinKind::Semi {
                        "leave the columns out, or write `join` alone"
                    } else {
                        "leave the columns out: a row without a match has none to take"
                    }),
                );
                return None;
            }
            return Some(sides.left.iter().map(|column| same_column(column, span)).collect());
        }
        let mut columns = Vec::new();
        let mut selected = Vec::new();
        for field in &sides.left {
            let both = shared.iter().find(|(left, _)| left.name == field.name);
            let value = match both {
                Some((left, right)) => common_value(sides, left, right, span),
                None => Expr { ty: sides.left_type(field), ..same_column(field, span).value },
            };
            // A row may come several times.
            columns.push(SchemaField { ty: value.ty.clone(), key: false, ..field.clone() });
            selected.push(Column { name: field.name.clone(), value });
        }
        let taken: Vec<(Column, Span, Option<String>)> = match &join.columns {
            Some(block) => {
                let mut scope = row_scope(pipeline.module, &[], RowPlace::Row);
                for column in &selected {
                    scope.declare(&column.name, Local::Value(column.value.clone()));
                }
                sides.declare_right(&mut scope, true, join.table.span);
                let made = self.new_columns(block, &scope, false, span, pipeline);
                made.into_iter().map(|(column, at)| (column, at, None)).collect()
            }
            None => sides
                .right
                .iter()
                .filter(|field| !shared.iter().any(|(_, right)| right.name == field.name))
                .map(|field| {
                    let value = sides.right_value(field, sides.right_type(field), span);
                    (Column { name: field.name.clone(), value }, field.span, field.doc.clone())
                })
                .collect(),
        };
        let clashing: Vec<&(Column, Span, Option<String>)> =
            taken.iter().filter(|(column, ..)| columns.iter().any(|known| known.name == column.name)).collect();
        if let Some((first, at, _)) = clashing.first() {
            let names = listed(clashing.iter().map(|(column, ..)| column.name.as_str()));
            let known = columns.iter().find(|known| known.name == first.name).map_or(*at, |known| known.span);
            self.column_clash(join, sides, (&first.name, &names), (known, *at), span, pipeline);
            return None;
        }
        for (column, at, doc) in taken {
            columns.push(SchemaField { name: column.name.clone(), ty: column.value.ty.clone(), key: false, pii: false, doc, default: None, span: at });
            selected.push(column);
        }
        pipeline.columns = columns;
        Some(selected)
    }

    fn column_clash(
        &mut self,
        join: &'a ast::Join,
        sides: &Sides,
        (first, names): (&str, &str),
        (known, taken): (Span, Span),
        span: Span,
        pipeline: &Pipeline<'a>,
    ) {
        let table = &join.table.text;
        let of_schema = |input: &&crate::program::TransformInput| {
            let schema = self.program.schema(input.schema);
            schema.is_some_and(|schema| schema.fields.iter().any(|field| field.span.key() == known.key()))
        };
        let here = match pipeline.inputs.iter().find(of_schema) {
            Some(input) => format!("`{}`", input.name),
            None => "the rows so far".to_owned(),
        };
        let diagnostic = if join.columns.is_some() {
            Diagnostic::new(codes::COLUMN_CLASH, format!("{names} would be there twice: {here} has it already"))
                .primary(taken, "taken here")
                .secondary(known, "there already")
                .help(format!("give it another name: `{table}_{first} = …`"))
        } else {
            let diagnostic =
                Diagnostic::new(codes::COLUMN_CLASH, format!("both {here} and `{table}` have {names}"))
                    .primary(span, "which of them is meant?")
                    .secondary(known, format!("of {here}"));
            let diagnostic =
                if taken.key() == known.key() { diagnostic } else { diagnostic.secondary(taken, format!("of `{table}`")) };
            diagnostic
                .help(format!("take columns by name: `{{ {table}_{first} = {}.{first} }}`", sides.alias))
                .help(format!("or rename it before: `rename … = {first}`; or drop it: `drop {first}`"))
        };
        self.report(diagnostic);
    }
}

/// What a column of `using` is after the join: the value of whichever row is there.
fn common_value(sides: &Sides, left: &SchemaField, right: &SchemaField, span: Span) -> Expr {
    let first = same_column(left, span).value;
    match sides.kind {
        JoinKind::Right => sides.right_value(right, right.ty.clone(), span),
        JoinKind::Full => {
            let optional = left.ty.is_optional() || right.ty.is_optional();
            let ty = left.ty.required().clone();
            let ty = if optional { ty.optional() } else { ty };
            let first = Expr { ty: left.ty.clone().optional(), ..first };
            let second = sides.right_value(right, right.ty.clone(), span);
            Expr::new(ExprKind::Coalesce(Box::new(first), Box::new(second)), ty, Stage::Row, span)
        }
        _ => first,
    }
}

fn kind(kind: ast::JoinKind) -> JoinKind {
    match kind {
        ast::JoinKind::Inner => JoinKind::Inner,
        ast::JoinKind::Left => JoinKind::Left,
        ast::JoinKind::Right => JoinKind::Right,
        ast::JoinKind::Full => JoinKind::Full,
        ast::JoinKind::Semi => JoinKind::Semi,
        ast::JoinKind::Anti => JoinKind::Anti,
        ast::JoinKind::Cross => JoinKind::Cross,
    }
}
