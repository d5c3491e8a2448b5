//! Transforms: operators over columns, each with the columns of its result.

use super::schema::row_scope;
use crate::check::{Because, Checker, Key, RowPlace, Scope};
use crate::program::{
    Column, Expr, ExprKind, Operator, OperatorKind, SchemaField, SchemaId, SortKey, Stage, Transform, TransformId,
    TransformInput, Type, Value,
};
use crate::resolve::{duplicate, Def};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ItemKind, Name, TransformItem};

/// A transform under way.
pub(crate) struct Pipeline<'a> {
    pub(super) module: usize,
    /// The transform's parameters as written; none in a test.
    pub(super) params: &'a [ast::Param],
    /// Its parameters, as far as their types are tables.
    pub(super) inputs: Vec<TransformInput>,
    pub columns: Vec<SchemaField>,
    pub operators: Vec<Operator>,
    /// Whether a column's type is unknown, so that nothing more can be said of the result.
    pub(super) broken: bool,
}

impl Pipeline<'_> {
    /// Operators on a table of these columns.
    pub fn of(module: usize, columns: Vec<SchemaField>) -> Pipeline<'static> {
        let broken = columns.iter().any(|column| column.ty == Type::Error);
        Pipeline { module, params: &[], inputs: Vec::new(), columns, operators: Vec::new(), broken }
    }

    /// Whether nothing more can be said of the result.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// The result's columns, and the operators.
    pub fn done(self) -> (Vec<SchemaField>, Vec<Operator>) {
        (self.columns, self.operators)
    }
}

impl<'a> Checker<'a> {
    /// The transform that an item declares.
    pub fn transform(&mut self, def: Def<'a>) -> Option<TransformId> {
        let key: Key = def.key();
        if let Some(id) = self.transforms.get(&key) {
            return Some(*id);
        }
        let ItemKind::Transform(item) = &def.item.kind else { return None };
        let mut inputs: Vec<TransformInput> = Vec::new();
        for param in &item.params {
            if let Some(first) = item.params.iter().find(|other| other.name.text == param.name.text)
                && first.name.span.key() != param.name.span.key()
            {
                duplicate(&param.name, first.name.span, self.diagnostics);
                continue;
            }
            if let Some(schema) = param.ty.as_ref().and_then(|ty| self.table_schema(ty, def.module)) {
                inputs.push(TransformInput { name: param.name.text.clone(), schema });
            }
        }
        let output = self.table_schema(&item.result, def.module)?;
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let transform = self.pipeline(def, item, inputs, output);
        self.cause = cause;
        let id = TransformId(u32::try_from(self.program.transforms.len()).unwrap_or(u32::MAX));
        self.program.transforms.push(transform);
        self.transforms.insert(key, id);
        Some(id)
    }

    fn table_schema(&mut self, ty: &'a ast::TypeExpr, module: usize) -> Option<SchemaId> {
        match self.ty(ty, module, &[]) {
            Type::Table(schema) => Some(schema),
            Type::Error => None,
            other => {
                let shown = self.show(&other);
                self.report(
                    Diagnostic::new(codes::BAD_TYPE, format!("a transform takes and gives tables, not a `{shown}`"))
                        .primary(ty.span, "")
                        .help("write `Table<…>` with a schema"),
                );
                None
            }
        }
    }

    fn pipeline(
        &mut self,
        def: Def<'a>,
        item: &'a TransformItem,
        inputs: Vec<TransformInput>,
        output: SchemaId,
    ) -> Transform {
        let mut pipeline =
            Pipeline { module: def.module, params: &item.params, inputs, columns: Vec::new(), operators: Vec::new(), broken: true };
        let mut from = String::new();
        for (at, operator) in item.operators.iter().enumerate() {
            match &operator.kind {
                ast::OperatorKind::From(name) if at == 0 => {
                    from.clone_from(&name.text);
                    if let Some(columns) = self.input_columns(name, &mut pipeline) {
                        pipeline.broken = columns.iter().any(|column| column.ty == Type::Error);
                        pipeline.columns = columns;
                    }
                }
                ast::OperatorKind::From(_) => self.report(
                    Diagnostic::new(codes::FROM_PLACE, "`from` stands first, once")
                        .primary(operator.span, "not the first operator")
                        .help("leave it out"),
                ),
                _ if at == 0 => {
                    self.report(
                        Diagnostic::new(codes::FROM_PLACE, "a transform begins with `from`")
                            .primary(operator.span, "before any `from`")
                            .help(match item.params.first() {
                                Some(param) => format!("write `from {}` above it", param.name.text),
                                None => "give the transform a table: `transform t(rows: Table<…>)`".to_owned(),
                            }),
                    );
                    break;
                }
                // What stands on a broken operator would be reported for nothing.
                _ if pipeline.broken => break,
                _ => self.operator(operator, &mut pipeline),
            }
        }
        if item.operators.is_empty() {
            self.report(
                Diagnostic::new(codes::FROM_PLACE, "a transform begins with `from`")
                    .primary(item.name.span, "no operators")
                    .help("write `from` and the name of a parameter"),
            );
        }
        if !pipeline.broken {
            self.result_columns(item, output, &mut pipeline);
        }
        Transform {
            name: item.name.text.clone(),
            doc: def.item.doc.clone(),
            inputs: pipeline.inputs,
            output,
            from,
            operators: pipeline.operators,
            span: item.name.span,
        }
    }

    /// The columns of the parameter that an operator names; `None`, and a report, where it is none.
    pub(super) fn input_columns(&mut self, name: &Name, pipeline: &mut Pipeline<'a>) -> Option<Vec<SchemaField>> {
        if let Some(input) = pipeline.inputs.iter().find(|input| input.name == name.text) {
            let schema = self.program.schema(input.schema);
            return Some(schema.map(|schema| schema.fields.clone()).unwrap_or_default());
        }
        pipeline.broken = true;
        let params = pipeline.params;
        if !params.iter().any(|param| param.name.text == name.text) {
            let known: Vec<&str> = params.iter().map(|param| param.name.text.as_str()).collect();
            let diagnostic =
                Diagnostic::new(codes::UNKNOWN_NAME, format!("`{}` is no parameter of the transform", name.text))
                    .primary(name.span, "not found")
                    .note("a transform reads the tables that it is given, and no others");
            let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "its parameters are");
            self.report(diagnostic);
        }
        None
    }

    /// One operator more.
    pub fn operator(&mut self, operator: &'a ast::Operator, pipeline: &mut Pipeline<'a>) {
        let span = operator.span;
        let row = row_scope(pipeline.module, &pipeline.columns, RowPlace::Row);
        let because = || Because::new(span, "computed for each row");
        let kind = match &operator.kind {
            ast::OperatorKind::From(_) => return,
            ast::OperatorKind::Join(join) => match self.join(join, span, pipeline) {
                Some(kind) => kind,
                None => {
                    pipeline.broken = true;
                    return;
                }
            },
            ast::OperatorKind::Union { tables, all } => self.union(tables, *all, span, pipeline),
            ast::OperatorKind::Explode { column, outer } => match self.explode(column, *outer, &row, span, pipeline) {
                Some(kind) => kind,
                None => {
                    pipeline.broken = true;
                    return;
                }
            },
            ast::OperatorKind::Where(condition) => {
                OperatorKind::Where(self.kept(condition, &row, "of `where`", because(), pipeline))
            }
            ast::OperatorKind::Derive(columns) => {
                let derived = self.new_columns(columns, &row, false, span, pipeline);
                for (column, at) in &derived {
                    put(&mut pipeline.columns, column, *at);
                }
                OperatorKind::Derive(derived.into_iter().map(|(column, _)| column).collect())
            }
            ast::OperatorKind::Select(columns) => {
                let selected = self.new_columns(columns, &row, true, span, pipeline);
                self.replace_columns(&selected, pipeline);
                OperatorKind::Select(selected.into_iter().map(|(column, _)| column).collect())
            }
            ast::OperatorKind::Drop(names) => {
                for name in names {
                    self.known_column(name, pipeline);
                }
                let kept: Vec<SchemaField> = pipeline
                    .columns
                    .iter()
                    .filter(|column| !names.iter().any(|name| name.text == column.name))
                    .cloned()
                    .collect();
                let selected = kept.iter().map(|field| same_column(field, span)).collect();
                pipeline.columns = kept;
                OperatorKind::Select(selected)
            }
            ast::OperatorKind::Rename(pairs) => self.rename(pairs, span, pipeline),
            ast::OperatorKind::Window { by, order, columns } => {
                let by: Vec<Expr> = by.iter().map(|key| self.key(key, &row, span, pipeline)).collect();
                self.tell_apart(by.iter().map(|key| (&key.ty, key.span)), "window by", span, pipeline);
                let order = self.order(order, &row, span, pipeline);
                let window = Scope { rows: RowPlace::Window, ..row.clone() };
                let made = self.new_columns(columns, &window, false, span, pipeline);
                self.over_rows(&made, "window", pipeline);
                for (column, at) in &made {
                    put(&mut pipeline.columns, column, *at);
                }
                OperatorKind::Window { by, order, columns: made.into_iter().map(|(column, _)| column).collect() }
            }
            ast::OperatorKind::Group { keys, aggregates } => {
                let keys = self.new_columns(keys, &row, true, span, pipeline);
                self.tell_apart(keys.iter().map(|(key, at)| (&key.value.ty, *at)), "group", span, pipeline);
                let group = Scope { rows: RowPlace::Group, ..row.clone() };
                let aggregates = self.new_columns(aggregates, &group, false, span, pipeline);
                self.over_rows(&aggregates, "group", pipeline);
                for (column, at) in &aggregates {
                    if let Some((_, first)) = keys.iter().find(|(key, _)| key.name == column.name) {
                        duplicate(&Name { text: column.name.clone(), span: *at }, *first, self.diagnostics);
                        pipeline.broken = true;
                    }
                }
                let all: Vec<(Column, Span)> = keys.iter().chain(&aggregates).cloned().collect();
                self.replace_columns(&all, pipeline);
                OperatorKind::Group {
                    keys: keys.into_iter().map(|(column, _)| column).collect(),
                    aggregates: aggregates.into_iter().map(|(column, _)| column).collect(),
                }
            }
            ast::OperatorKind::Sort(keys) => OperatorKind::Sort(self.order(keys, &row, span, pipeline)),
            ast::OperatorKind::Take(rows) => {
                let want = Type::Int;
                let expr = self.check(rows, &Scope::new(pipeline.module), &want, None);
                let stage = self.stage(&expr, Stage::Const, Because::new(span, "the number of rows is part of the plan"));
                match expr.constant() {
                    Some(Value::Int(count)) if *count >= 0 => {
                        OperatorKind::Take(u64::try_from(*count).unwrap_or(u64::MAX))
                    }
                    _ => {
                        if stage && !expr.is_error() {
                            self.report(
                                Diagnostic::new(codes::TAKE_COUNT, "`take` wants a number of rows, 0 or more")
                                    .primary(rows.span, "")
                                    .help("write `take 100`"),
                            );
                        }
                        pipeline.broken = true;
                        return;
                    }
                }
            }
            ast::OperatorKind::Distinct => {
                self.tell_rows_apart("distinct", span, pipeline);
                OperatorKind::Distinct
            }
            ast::OperatorKind::Check(condition) => {
                let expr = self.kept(condition, &row, "of `check`", because(), pipeline);
                self.constant_check(&expr, condition.span, "no column in it", "compare a column");
                OperatorKind::Check { text: self.files.slice(condition.span).to_owned(), condition: expr }
            }
        };
        pipeline.operators.push(Operator { kind, columns: pipeline.columns.clone(), span });
    }

    /// The condition that all rows fulfil from here on: what it proves present is no longer optional.
    fn kept(
        &mut self,
        condition: &'a ast::Expr,
        row: &Scope,
        place: &str,
        because: Because,
        pipeline: &mut Pipeline<'a>,
    ) -> Expr {
        let expr = self.condition(condition, row, place);
        pipeline.broken |= expr.is_error() || !self.row_stage(&expr, because);
        let facts = crate::check::facts(condition, true);
        for column in &mut pipeline.columns {
            if facts.contains(&column.name) {
                column.ty = column.ty.required().clone();
            }
        }
        expr
    }

    /// Columns as written: `a = EXPR`, and where `bare` also `a`. With the place of each name.
    pub(super) fn new_columns(
        &mut self,
        columns: &'a [ast::Column],
        scope: &Scope,
        bare: bool,
        span: Span,
        pipeline: &mut Pipeline<'a>,
    ) -> Vec<(Column, Span)> {
        let mut list: Vec<(Column, Span)> = Vec::new();
        for column in columns {
            let name = match (&column.name, &column.value.kind) {
                (Some(name), _) => name,
                (None, ast::ExprKind::Name(name)) if bare => name,
                (None, _) => {
                    self.report(
                        Diagnostic::new(codes::COLUMN_NAME, "a computed column needs a name")
                            .primary(column.value.span, "")
                            .help(format!("write `name = {}`", self.files.slice(column.value.span))),
                    );
                    pipeline.broken = true;
                    continue;
                }
            };
            if let Some((_, first)) = list.iter().find(|(known, _)| known.name == name.text) {
                duplicate(name, *first, self.diagnostics);
                pipeline.broken = true;
                continue;
            }
            let value = self.expr(&column.value, scope, None);
            let because = Because::new(span, "computed for each row");
            pipeline.broken |= value.is_error() || !self.row_stage(&value, because);
            if let Some(problem) = self.no_column(&value) {
                let shown = self.show(&value.ty);
                self.report(
                    Diagnostic::new(codes::COLUMN_TYPE, format!("a column cannot be a `{shown}`"))
                        .primary(column.value.span, format!("`{shown}`"))
                        .help(problem),
                );
                pipeline.broken = true;
            }
            list.push((Column { name: name.text.clone(), value }, name.span));
        }
        list
    }

    fn no_column(&self, value: &Expr) -> Option<&'static str> {
        match value.ty.required().base() {
            Type::None => Some("`none` has no type by itself: write `if … { value } else { none }`"),
            Type::Table(_) | Type::TableRef | Type::Target | Type::Location | Type::Secret(_) | Type::Task
            | Type::Partitions => Some("a column holds data"),
            _ => None,
        }
    }

    fn replace_columns(&mut self, columns: &[(Column, Span)], pipeline: &mut Pipeline<'a>) {
        let before = std::mem::take(&mut pipeline.columns);
        for (column, at) in columns {
            // A column that is passed on keeps what is known of it.
            let kept = match &column.value.kind {
                ExprKind::Column(name) => before.iter().find(|field| field.name == *name),
                _ => None,
            };
            pipeline.columns.push(SchemaField {
                name: column.name.clone(),
                ty: column.value.ty.clone(),
                key: kept.is_some_and(|field| field.key),
                // Where marks go is followed by a rule over the whole transform.
                pii: false,
                doc: kept.and_then(|field| field.doc.clone()),
                default: None,
                span: *at,
            });
        }
    }

    pub(super) fn known_column(&mut self, name: &Name, pipeline: &mut Pipeline<'a>) -> bool {
        if pipeline.columns.iter().any(|column| column.name == name.text) {
            return true;
        }
        pipeline.broken = true;
        let known: Vec<&str> = pipeline.columns.iter().map(|column| column.name.as_str()).collect();
        let diagnostic = Diagnostic::new(codes::UNKNOWN_NAME, format!("there is no column `{}` here", name.text))
            .primary(name.span, "not found");
        let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "columns here are");
        self.report(diagnostic);
        false
    }

    fn rename(&mut self, pairs: &'a [(Name, Name)], span: Span, pipeline: &mut Pipeline<'a>) -> OperatorKind {
        let mut selected = Vec::new();
        let mut columns = Vec::new();
        for (new, old) in pairs {
            self.known_column(old, pipeline);
            let taken = pipeline
                .columns
                .iter()
                .find(|column| column.name == new.text && !pairs.iter().any(|(_, old)| old.text == column.name));
            if let Some(taken) = taken {
                let first = taken.span;
                duplicate(new, first, self.diagnostics);
                pipeline.broken = true;
            }
        }
        for field in &pipeline.columns {
            let mut column = same_column(field, span);
            let mut field = field.clone();
            if let Some((new, _)) = pairs.iter().find(|(_, old)| old.text == field.name) {
                column.name.clone_from(&new.text);
                field.name.clone_from(&new.text);
                field.span = new.span;
            }
            selected.push(column);
            columns.push(field);
        }
        pipeline.columns = columns;
        OperatorKind::Select(selected)
    }

    fn key(&mut self, key: &'a ast::Expr, scope: &Scope, span: Span, pipeline: &mut Pipeline<'a>) -> Expr {
        let expr = self.expr(key, scope, None);
        let because = Because::new(span, "computed for each row");
        pipeline.broken |= expr.is_error() || !self.row_stage(&expr, because);
        expr
    }

    fn order(&mut self, keys: &'a [ast::Sort], scope: &Scope, span: Span, pipeline: &mut Pipeline<'a>) -> Vec<SortKey> {
        let mut list = Vec::new();
        for key in keys {
            let value = self.key(&key.value, scope, span, pipeline);
            let ordered = Self::ordered(value.ty.required()) || matches!(value.ty.required().base(), Type::Bool);
            if !value.is_error() && !ordered {
                let shown = self.show(&value.ty);
                self.report(
                    Diagnostic::new(codes::OPERATOR_TYPES, format!("values of `{shown}` have no order"))
                        .primary(key.value.span, format!("`{shown}`"))
                        .help("order by a number, a text, a date or a timestamp"),
                );
                pipeline.broken = true;
            }
            list.push(SortKey { value, descending: key.descending });
        }
        list
    }
}

pub(crate) fn same_column(field: &SchemaField, span: Span) -> Column {
    let value = Expr::new(ExprKind::Column(field.name.clone()), field.ty.clone(), Stage::Row, span);
    Column { name: field.name.clone(), value }
}

/// Adds a column, or replaces the one of its name in place.
pub(super) fn put(columns: &mut Vec<SchemaField>, column: &Column, span: Span) {
    let field =
        SchemaField { name: column.name.clone(), ty: column.value.ty.clone(), key: false, pii: false, doc: None, default: None, span };
    match columns.iter_mut().find(|known| known.name == column.name) {
        Some(known) => *known = field,
        None => columns.push(field),
    }
}
