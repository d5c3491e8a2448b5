//! Tables in steps: `encounters[dt = run_date]` is read, `into staged[dt = run_date]` is written.

use crate::check::{Because, Checker, Scope};
use crate::program::{
    Expr, ExprKind, Partition, Stage, TableId, TablePlace, TableRole, TargetPlace, TargetReplace, Type,
};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ItemKind, PartitionPlace};

/// Values of partition columns, and whether a `*` stands among them.
struct Places {
    values: Vec<(String, Expr)>,
    star: Option<Span>,
    good: bool,
}

impl<'a> Checker<'a> {
    /// `encounters[dt = run_date]` as an argument.
    pub fn table_place(
        &mut self,
        target: &'a ast::Expr,
        partitions: &'a [PartitionPlace],
        scope: &Scope,
        span: Span,
    ) -> Expr {
        let table = self.expr(target, scope, None);
        let ExprKind::Table(place) = &table.kind else {
            if table.is_error() {
                return table;
            }
            let shown = self.show(&table.ty);
            return self.fail(
                span,
                Diagnostic::new(codes::TYPE_MISMATCH, format!("`[…]` names partitions of a table, this is a `{shown}`"))
                    .primary(target.span, format!("`{shown}`")),
            );
        };
        let id = place.table;
        let places = self.places(id, partitions, scope);
        if let Some(star) = places.star {
            return self.fail(
                span,
                Diagnostic::new(codes::STAR_PLACE, "`*` names the partitions of a result, and nothing is written here")
                    .primary(star, "")
                    .note("to read all partitions, name the table alone")
                    .help("leave it out"),
            );
        }
        if !places.good {
            return Expr { ty: table.ty, ..Expr::error(span) };
        }
        let stage = places.values.iter().map(|(_, value)| value.stage).max().unwrap_or(Stage::Const);
        Expr::new(ExprKind::Table(TablePlace { table: id, partitions: places.values }), table.ty, stage, span)
    }

    /// What a step writes: `into SINK`, `append to SINK key k`.
    pub(super) fn written(
        &mut self,
        into: Option<&'a ast::TablePlace>,
        append: Option<&'a ast::Append>,
        scope: &Scope,
    ) -> Option<Expr> {
        match (into, append) {
            (Some(into), _) => Some(self.target(into, scope)),
            (None, Some(append)) => Some(self.append_target(append, scope)),
            (None, None) => None,
        }
    }

    /// What an `append to` names.
    fn append_target(&mut self, append: &'a ast::Append, scope: &Scope) -> Expr {
        let target = self.target(&append.place, scope);
        let ExprKind::Target(place) = target.kind else { return target };
        match self.appended(append, place) {
            Some(place) => Expr { kind: ExprKind::Target(place), ..target },
            None => Expr { ty: Type::Target, ..Expr::error(target.span) },
        }
    }

    /// What an `append to` a family of tables names in one of them.
    pub(super) fn append_place(&mut self, append: &'a ast::Append, id: TableId, scope: &Scope) -> Option<TargetPlace> {
        let target = self.table_target(id, &append.place, scope);
        match target.kind {
            ExprKind::Target(place) => self.appended(append, place),
            _ => None,
        }
    }

    fn appended(&mut self, append: &'a ast::Append, place: TargetPlace) -> Option<TargetPlace> {
        let TargetPlace { table, replace } = place;
        let values = match replace {
            TargetReplace::All => Vec::new(),
            TargetReplace::Named(values) | TargetReplace::Append { values, .. } => values,
            TargetReplace::Present(_) => {
                let star = append.place.partitions.iter().find(|place| place.value.is_none());
                self.report(
                    Diagnostic::new(codes::STAR_PLACE, "`*` says what is replaced, and `append to` replaces nothing")
                        .primary(star.map_or(append.span, |place| place.span), "")
                        .note("each row goes to the partition that it belongs to")
                        .help("leave it out"),
                );
                return None;
            }
        };
        let key = self.append_key(append, table)?;
        Some(TargetPlace { table, replace: TargetReplace::Append { values, key } })
    }

    /// The columns that tell one appended row from another.
    fn append_key(&mut self, append: &'a ast::Append, id: TableId) -> Option<Vec<String>> {
        let table = self.program.table(id)?;
        let (name, schema) = (table.name.clone(), self.program.schema(table.schema)?);
        let (fields, schema_name) = (schema.fields.clone(), schema.name.clone());
        let declared: Vec<&str> =
            fields.iter().filter(|field| field.key).map(|field| field.name.as_str()).collect();
        if append.key.is_empty() && append.at_least_once.is_none() {
            let diagnostic = Diagnostic::new(
                codes::APPEND_KEY,
                format!("rows are appended to `{name}` without saying what tells one from another"),
            )
            .primary(append.span, "no `key`")
            .note(
                "a step may run again after it wrote its rows (a retry, a second start); with a key the rows are there \
                 once, without it twice",
            );
            let diagnostic = match declared.as_slice() {
                [] => diagnostic.help("write the columns that tell one row from another: `key (a, b)`"),
                [one] => diagnostic.help(format!("write `key {one}`")),
                several => diagnostic.help(format!("write `key ({})`", several.join(", "))),
            };
            self.report(diagnostic.help("or, if rows may be there twice, `at_least_once`"));
            return None;
        }
        if let (Some(place), [_, ..]) = (append.at_least_once, declared.as_slice()) {
            let field = fields.iter().find(|field| field.key).map_or(place, |field| field.span);
            self.report(
                Diagnostic::new(
                    codes::APPEND_KEY,
                    format!("rows of `{schema_name}` have a key, and `at_least_once` may write one twice"),
                )
                .primary(place, "a row may be there twice")
                .secondary(field, "`@key`: no two rows have the same")
                .help(format!("write `key ({})`", declared.join(", ")))
                .help("or leave `@key` out of the schema"),
            );
            return None;
        }
        let mut key: Vec<String> = Vec::new();
        for column in &append.key {
            if let Some(first) = append.key.iter().find(|other| other.text == column.text)
                && first.span.key() != column.span.key()
            {
                crate::resolve::duplicate(column, first.span, self.diagnostics);
                return None;
            }
            let Some(field) = fields.iter().find(|field| field.name == column.text) else {
                let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                let diagnostic = Diagnostic::new(
                    codes::UNKNOWN_NAME,
                    format!("`{schema_name}`, the rows of `{name}`, has no column `{}`", column.text),
                )
                .primary(column.span, "not found");
                let diagnostic = Self::suggest(diagnostic, &column.text, column.span, &known, "its columns are");
                self.report(diagnostic);
                return None;
            };
            let reason = match field.ty.base() {
                Type::Optional(_) => Some("it may be `none`, and a key is there in every row"),
                Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Row(_) | Type::Json | Type::Float => {
                    Some("a key is a text, a whole or decimal number, a date, a time or a `Bool`")
                }
                _ => None,
            };
            if let Some(reason) = reason {
                let shown = self.show(&field.ty);
                self.report(
                    Diagnostic::new(codes::APPEND_KEY, format!("`{}` cannot be a key of appended rows", column.text))
                        .primary(column.span, format!("`{shown}`"))
                        .secondary(field.span, "declared here")
                        .note(reason),
                );
                return None;
            }
            key.push(column.text.clone());
        }
        Some(key)
    }

    /// What an `into` names.
    pub fn target(&mut self, place: &'a ast::TablePlace, scope: &Scope) -> Expr {
        let span = place.span;
        let name = &place.table;
        let def = self
            .names
            .value_named(scope.module, &name.text)
            .filter(|def| matches!(def.item.kind, ItemKind::Source(_) | ItemKind::Sink(_)));
        let Some(def) = def else {
            let known: Vec<String> = self.program.tables.iter().map(|table| table.name.clone()).collect();
            let diagnostic = Diagnostic::new(codes::UNKNOWN_NAME, format!("there is no sink `{}`", name.text))
                .primary(name.span, "not found");
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "tables are");
            return self.fail(span, diagnostic);
        };
        if matches!(&def.item.kind, ItemKind::Source(item) | ItemKind::Sink(item) if item.each.is_some()) {
            return Expr { ty: Type::Target, ..self.no_single_table(def, span) };
        }
        if let ItemKind::Source(item) | ItemKind::Sink(item) = &def.item.kind
            && super::is_channel(item)
        {
            let sort = self.files.slice(item.ty.span).to_owned();
            let declared = item.name.span;
            let diagnostic = Diagnostic::new(codes::INTO_PLACE, format!("`{}` is a `{sort}`, and rows are written into tables", name.text))
                .primary(span, "no table")
                .secondary(declared, "declared here")
                .help(format!("a stream sends to it: `each record send to {}`", name.text));
            return Expr { ty: Type::Target, ..self.fail(span, diagnostic) };
        }
        let Some(id) = self.table(def) else { return Expr { ty: Type::Target, ..Expr::error(span) } };
        self.table_target(id, place, scope)
    }

    /// What an `into` names in a table.
    fn table_target(&mut self, id: TableId, place: &'a ast::TablePlace, scope: &Scope) -> Expr {
        let (span, name) = (place.span, &place.table);
        let Some(table) = self.program.table(id) else { return Expr::error(span) };
        let (role, declared, columns) = (table.role, table.span, table.partitions.clone());
        if role == TableRole::Source {
            return self.fail(
                span,
                Diagnostic::new(codes::SOURCE_WRITTEN, format!("`{}` is a source, and a source is only read", name.text))
                    .primary(span, "written here")
                    .secondary(declared, "declared as a source")
                    .help(format!("declare it as `sink {}: …` if this program writes it", name.text)),
            );
        }
        let places = self.places(id, &place.partitions, scope);
        if !places.good {
            return Expr { ty: Type::Target, ..Expr::error(span) };
        }
        if !self.writable(&name.text, &columns, &places, span) {
            return Expr { ty: Type::Target, ..Expr::error(span) };
        }
        let stage = places.values.iter().map(|(_, value)| value.stage).max().unwrap_or(Stage::Const);
        let replace = match (places.star, places.values) {
            (Some(_), values) => TargetReplace::Present(values),
            (None, values) if values.is_empty() => TargetReplace::All,
            (None, values) => TargetReplace::Named(values),
        };
        Expr::new(ExprKind::Target(TargetPlace { table: id, replace }), Type::Target, stage, span)
    }

    /// A column that the rows do not hold needs its value when they are written.
    fn writable(&mut self, name: &str, columns: &[Partition], places: &Places, span: Span) -> bool {
        for column in columns.iter().filter(|column| !column.in_schema) {
            if !places.values.iter().any(|(known, _)| *known == column.name) {
                self.report(
                    Diagnostic::new(
                        codes::PARTITION_VALUE,
                        format!("`{name}` is written without a value for its partition `{}`", column.name),
                    )
                    .primary(span, "")
                    .secondary(column.span, "no field of the schema")
                    .note("the rows do not hold this column, so its value is given where they are written")
                    .help(format!("write `into {name}[{} = …]`", column.name)),
                );
                return false;
            }
        }
        true
    }

    fn places(&mut self, id: TableId, partitions: &'a [PartitionPlace], scope: &Scope) -> Places {
        let mut places = Places { values: Vec::new(), star: None, good: true };
        let Some(table) = self.program.table(id) else { return places };
        let (name, declared, columns) = (table.name.clone(), table.span, table.partitions.clone());
        let mut seen: Vec<&'a ast::Name> = Vec::new();
        for place in partitions {
            let Some(column) = columns.iter().find(|column| column.name == place.name.text) else {
                places.good = false;
                let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                let diagnostic = Diagnostic::new(
                    codes::UNKNOWN_PARTITION,
                    format!("`{name}` is not partitioned by `{}`", place.name.text),
                )
                .primary(place.name.span, "no partition")
                .secondary(declared, "declared here");
                let diagnostic = Self::suggest(
                    diagnostic,
                    &place.name.text,
                    place.name.span,
                    &known,
                    "its partitions are",
                );
                let diagnostic = if known.is_empty() {
                    diagnostic.help(format!("the table has no partitions: write `{name}` alone"))
                } else {
                    diagnostic
                };
                self.report(diagnostic);
                continue;
            };
            if let Some(first) = seen.iter().find(|known| known.text == place.name.text) {
                places.good = false;
                self.report(
                    Diagnostic::new(codes::DUPLICATE_ARGUMENT, format!("`{}` is given twice", place.name.text))
                        .primary(place.name.span, "given again")
                        .secondary(first.span, "given here")
                        .help("leave one of them out"),
                );
                continue;
            }
            seen.push(&place.name);
            match &place.value {
                None => {
                    places.star = Some(place.span);
                }
                Some(ast) => {
                    let because = Because::new(column.span, format!("`{}` is {}", column.name, self.a(&column.ty)));
                    let value = self.check(ast, scope, &column.ty, Some(because));
                    places.good &= !value.is_error();
                    places.good &= self.stage(
                        &value,
                        Stage::Run,
                        Because::new(place.name.span, "partitions are chosen when the step runs"),
                    );
                    places.values.push((column.name.clone(), value));
                }
            }
        }
        places
    }
}
