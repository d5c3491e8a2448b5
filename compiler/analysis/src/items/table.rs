//! Sources and sinks: the constructor gives a `Location`, the type gives the schema.

use crate::check::{Because, Checker, Owner, Scope};
use crate::program::{
    Catalog, Expr, ExprKind, InvalidPolicy, Partition, SchemaId, Stage, Table, TableFormat, TableId, TableRole, Type,
    Value,
};
use crate::resolve::{duplicate, Def};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ItemKind, ListElement, TableItem};
use std::rc::Rc;

impl<'a> Checker<'a> {
    /// The table that an item declares.
    pub fn table(&mut self, def: Def<'a>) -> Option<TableId> {
        if let Some(known) = self.tables.get(&def.key()) {
            return *known;
        }
        let (item, role) = match &def.item.kind {
            ItemKind::Source(item) => (item, TableRole::Source),
            ItemKind::Sink(item) => (item, TableRole::Sink),
            _ => return None,
        };
        if super::is_channel(item) {
            return None;
        }
        if !self.open.insert(def.key()) {
            self.report_circle(def);
            self.tables.insert(def.key(), None);
            return None;
        }
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let when = self.guard_of(def);
        let around = std::mem::replace(&mut self.guard, when.clone());
        let table = self.checked_table(def, item, role).map(|table| Table { when, ..table });
        self.guard = around;
        self.cause = cause;
        self.open.remove(&def.key());
        let id = table.map(|table| {
            let id = TableId(u32::try_from(self.program.tables.len()).unwrap_or(u32::MAX));
            self.program.tables.push(table);
            id
        });
        self.tables.insert(def.key(), id);
        id
    }

    pub(super) fn checked_table(&mut self, def: Def<'a>, item: &'a TableItem, role: TableRole) -> Option<Table> {
        let schema = match self.ty(&item.ty, def.module, &[]) {
            Type::Table(schema) => schema,
            Type::Error => return None,
            other => {
                let shown = self.show(&other);
                self.report(
                    Diagnostic::new(codes::BAD_TYPE, format!("a table cannot be a `{shown}`"))
                        .primary(item.ty.span, "")
                        .help("write `Table<…>` with a schema"),
                );
                return None;
            }
        };
        let of_case = self.of_case.clone();
        let name = of_case.as_ref().map_or_else(|| item.name.text.clone(), |case| case.table_name(item));
        let owner = self.owner(&name, def.item.doc.as_deref(), item.name.span);
        let mut scope = Scope { owner: Some(owner), ..Scope::new(def.module) };
        if let (Some(case), Some(each)) = (&of_case, &item.each) {
            case.declare(&mut scope, each.variable.span);
        }
        // A catalog describes the table, so the table comes first, without it.
        let before = std::mem::replace(&mut self.without_catalogs, true);
        let location = self.location(item, &scope);
        self.without_catalogs = before;
        let mut table = Table { name, ..self.table_of(def, item, role, schema, &location)? };
        if before {
            return Some(table);
        }
        let owner = Owner { name: table.name.clone(), record: self.table_self(&table, item.name.span) };
        let scope = Scope { owner: Some(Rc::new(owner)), ..scope };
        let location = self.location(item, &scope);
        table.catalog = location.entry("catalog").and_then(|catalog| self.catalog(catalog));
        Some(table)
    }

    fn location(&mut self, item: &'a TableItem, scope: &Scope) -> Expr {
        match item.existing {
            Some(_) => self.existing_value(&item.value, scope, &Type::Location),
            None => self.check(&item.value, scope, &Type::Location, None),
        }
    }

    fn catalog(&mut self, catalog: &Expr) -> Option<Catalog> {
        let (database, table, read) = (catalog.entry("database")?, catalog.entry("table")?, catalog.entry("read")?);
        let read = self.statements(read);
        let projected = match catalog.entry("projected").and_then(Expr::constant) {
            Some(Value::Bool(projected)) => Some(*projected),
            _ => None,
        };
        Some(Catalog { database: database.clone(), table: table.clone(), read, projected })
    }

    fn table_of(
        &mut self,
        def: Def<'a>,
        item: &'a TableItem,
        role: TableRole,
        schema: SchemaId,
        location: &Expr,
    ) -> Option<Table> {
        if !matches!(location.kind, ExprKind::Record(_)) {
            if !location.is_error() {
                self.report(
                    Diagnostic::new(codes::TYPE_MISMATCH, "a table lies where a construct says")
                        .primary(item.value.span, "no place")
                        .help("write `s3.table { bucket = …, prefix = \"…\", format = parquet }`"),
                );
            }
            return None;
        }
        let entry = |name: &str| location.entry(name).cloned();
        let bucket = entry("bucket")?;
        let prefix = entry("prefix")?;
        let format = self.table_format(&entry("format")?, item.name.span)?;
        let partitions = self.table_partitions(&entry("partition")?, schema)?;
        let invalid = self.invalid_policy(&entry("invalid")?, item.name.span)?;
        let read = self.statements(&entry("read")?);
        let write = self.statements(&entry("write")?);
        Some(Table {
            name: item.name.text.clone(),
            doc: def.item.doc.clone(),
            role,
            schema,
            bucket,
            prefix,
            format,
            partitions,
            invalid,
            catalog: None,
            read,
            write,
            when: None,
            span: item.name.span,
        })
    }

    fn table_format(&mut self, format: &Expr, place: Span) -> Option<TableFormat> {
        let because = || Because::new(place, "how a table is encoded is part of the plan");
        if !self.stage(format, Stage::Const, because()) {
            return None;
        }
        let text = |name: &str| format.entry(name).and_then(Expr::text).map(str::to_owned);
        match text("name")?.as_str() {
            "jsonl" => Some(TableFormat::Jsonl),
            "parquet" => Some(TableFormat::Parquet { compression: text("compression").unwrap_or_else(|| "zstd".to_owned()) }),
            "json" => Some(TableFormat::Json),
            "avro" => Some(TableFormat::Avro { compression: text("compression").unwrap_or_else(|| "deflate".to_owned()) }),
            "csv" => {
                let header = !matches!(format.entry("header").and_then(Expr::constant), Some(Value::Bool(false)));
                let char = |name: &str, default| text(name).and_then(|text| text.chars().next()).unwrap_or(default);
                Some(TableFormat::Csv { header, separator: char("separator", ','), quote: char("quote", '"') })
            }
            _ => None,
        }
    }

    fn invalid_policy(&mut self, invalid: &Expr, place: Span) -> Option<InvalidPolicy> {
        if invalid.is_error() {
            return None;
        }
        match invalid.entry("policy").and_then(Expr::text) {
            Some("fail") => Some(InvalidPolicy::Fail),
            Some("drop") => Some(InvalidPolicy::Drop),
            Some("quarantine") => {
                let text = |name: &str| Some(Expr { ty: Type::String, ..invalid.entry(name)?.clone() });
                let bucket = text("bucket")?;
                let prefix = text("prefix")?;
                if bucket.is_error() || prefix.is_error() {
                    return None;
                }
                let write = invalid.entry("write").map(|write| self.statements(write)).unwrap_or_default();
                Some(InvalidPolicy::Quarantine { bucket, prefix, write })
            }
            _ => {
                let because = Because::new(place, "what becomes of bad records is part of the plan");
                if self.stage(invalid, Stage::Const, because) {
                    self.report(
                        Diagnostic::new(codes::TYPE_MISMATCH, "what becomes of bad records is known to the compiler")
                            .primary(invalid.span, "")
                            .help("write `fail`, `drop` or `quarantine(bucket, \"prefix\")`"),
                    );
                }
                None
            }
        }
    }

    /// `[dt: Date]`, `[month]`: as an expression that [`Self::table_partitions`] reads.
    pub fn partitions(&mut self, elements: &'a [ListElement], module: usize, span: Span) -> Expr {
        let mut list: Vec<Expr> = Vec::new();
        let mut names: Vec<&'a ast::Name> = Vec::new();
        for element in elements {
            let (name, ty) = match element {
                ListElement::Typed(name, ty) => (name, Some(self.ty(ty, module, &[]))),
                ListElement::Expr(ast::Expr { kind: ast::ExprKind::Name(name), .. }) => (name, None),
                ListElement::Expr(expr) => {
                    if !matches!(expr.kind, ast::ExprKind::Broken) {
                        self.report(
                            Diagnostic::new(codes::BAD_PARTITION, "a partition column is a name")
                                .primary(expr.span, "")
                                .help("write `[dt: Date]` for a column of its own, `[month]` for a field of the schema"),
                        );
                    }
                    continue;
                }
            };
            if let Some(first) = names.iter().find(|known| known.text == name.text) {
                duplicate(name, first.span, self.diagnostics);
                continue;
            }
            names.push(name);
            let mut entries = vec![("name".to_owned(), Expr::string(name.text.clone(), name.span))];
            if let Some(ty) = ty {
                let index = i64::try_from(self.partition_types.len()).unwrap_or(i64::MAX);
                self.partition_types.push(ty);
                entries.push(("type".to_owned(), Expr::int(index, name.span)));
            }
            list.push(Expr::record(entries, name.span));
        }
        Expr { ty: Type::Partitions, ..Expr::list(list, Type::Partitions, span) }
    }

    fn table_partitions(&mut self, list: &Expr, schema: SchemaId) -> Option<Vec<Partition>> {
        let mut partitions = Vec::new();
        let mut good = true;
        for element in list.elements() {
            let Some(name) = element.entry("name").and_then(Expr::text) else { continue };
            let declared = match element.entry("type").and_then(Expr::constant) {
                Some(Value::Int(index)) => {
                    usize::try_from(*index).ok().and_then(|index| self.partition_types.get(index)).cloned()
                }
                _ => None,
            };
            let Some(schema) = self.program.schema(schema) else { continue };
            let field = schema.fields.iter().find(|field| field.name == name).cloned();
            let (schema_name, schema_span) = (schema.name.clone(), schema.span);
            let fields: Vec<String> = schema.fields.iter().map(|field| field.name.clone()).collect();
            let ty = match (declared, field) {
                (Some(_), Some(field)) => {
                    self.report(
                        Diagnostic::new(codes::BAD_PARTITION, format!("`{name}` is a field of `{schema_name}` already"))
                            .primary(element.span, "declared as a new column")
                            .secondary(field.span, "the field")
                            .help(format!("write `[{name}]` to partition by the field"))
                            .help("or give the new column another name"),
                    );
                    good = false;
                    continue;
                }
                (Some(ty), None) => {
                    let optional = ty.base().is_optional();
                    if optional {
                        self.optional_partition(name, element.span, None);
                        good = false;
                        continue;
                    }
                    partitions.push(Partition { name: name.to_owned(), ty, in_schema: false, span: element.span });
                    continue;
                }
                (None, Some(field)) => {
                    if field.ty.base().is_optional() {
                        self.optional_partition(name, element.span, Some(field.span));
                        good = false;
                        continue;
                    }
                    field.ty
                }
                (None, None) => {
                    let diagnostic = Diagnostic::new(
                        codes::UNKNOWN_PARTITION,
                        format!("the partition `{name}` is not in the schema `{schema_name}`"),
                    )
                    .primary(element.span, "not a field")
                    .secondary(schema_span, "the table's schema")
                    .note("`[name]` partitions by a field of the schema; `[name: Type]` adds a column of its own")
                    .help(format!("write `[{name}: Date]` if the rows do not hold it"));
                    let known: Vec<&str> = fields.iter().map(String::as_str).collect();
                    let diagnostic = match crate::suggest::nearest(name, known.iter().copied()) {
                        Some(near) => diagnostic
                            .help(format!("did you mean `{near}`?"))
                            .fix(format!("write `{near}`"), element.span, near),
                        None => diagnostic,
                    };
                    self.report(diagnostic);
                    good = false;
                    continue;
                }
            };
            partitions.push(Partition { name: name.to_owned(), ty, in_schema: true, span: element.span });
        }
        good.then_some(partitions)
    }

    fn optional_partition(&mut self, name: &str, span: Span, field: Option<Span>) {
        let mut diagnostic =
            Diagnostic::new(codes::BAD_PARTITION, format!("the partition `{name}` may be `none`"))
                .primary(span, "optional")
                .note("a partition's value is the name of a folder, so every row has one")
                .help("leave out the `?`, or partition by something else");
        if let Some(field) = field {
            diagnostic = diagnostic.secondary(field, "declared here");
        }
        self.report(diagnostic);
    }
}
