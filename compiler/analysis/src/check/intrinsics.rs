//! What the library needs and cannot say: functions with `lower { compiler = r"NAME" }`. They look at the program
//! (who reads which table) or choose among constants; all else is written in Flow.

use super::{Checker, Scope};
use crate::program::{Expr, ExprKind, PolicyStatement, Table, TableFormat, TableId, Type, Value};
use flow_diagnostics::{codes, Diagnostic, Span};

impl<'a> Checker<'a> {
    pub(super) fn intrinsic(&mut self, name: &str, arguments: &[Expr], result: Type, _scope: &Scope, span: Span) -> Expr {
        let expr = match (name, arguments) {
            ("statements", [reads, writes]) => self.table_statements(reads, writes, span),
            ("table_environment", [reads, writes]) => self.table_environment(reads, writes, span),
            ("catalog_parameters", [of]) => catalog_parameters(of, span),
            ("vcpu_units", [cpu]) => match cpu.constant() {
                #[expect(clippy::cast_possible_truncation, reason = "a Fargate task has 0.25 to 16 vCPU")]
                Some(Value::Float(value)) if (0.0..=1024.0).contains(value) => Expr::int((value * 1024.0).round() as i64, span),
                _ => return self.not_const(cpu, "cpu", span),
            },
            ("mebibytes", [size]) => match size.constant() {
                Some(Value::Size(bytes)) => Expr::int(bytes / (1024 * 1024), span),
                _ => return self.not_const(size, "memory", span),
            },
            _ => {
                return self.fail(
                    span,
                    Diagnostic::new(codes::NO_LOWERING, format!("the compiler has no function `{name}`"))
                        .primary(span, ""),
                );
            }
        };
        Expr { ty: result, ..expr }
    }

    fn not_const(&mut self, expr: &Expr, what: &str, span: Span) -> Expr {
        if self.checking_library() {
            return Expr::new(ExprKind::Param(what.to_owned()), Type::Int, expr.stage, span);
        }
        self.fail(
            span,
            Diagnostic::new(codes::STAGE, format!("`{what}` must be known to the compiler"))
                .primary(expr.span, "a deploy value")
                .secondary(span, "a const value is needed here")
                .note("which sizes exist is checked before anything is deployed")
                .help("write a constant"),
        )
    }

    fn tables_of(list: &Expr) -> Vec<TableId> {
        let mut ids = Vec::new();
        for element in list.elements() {
            let id = match &element.kind {
                ExprKind::Table(place) => place.table,
                ExprKind::Target(place) => place.table,
                _ => continue,
            };
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// What reading some tables and writing others takes.
    fn table_statements(&mut self, reads: &Expr, writes: &Expr, span: Span) -> Expr {
        let mut list: Vec<PolicyStatement> = Vec::new();
        let mut add = |statements: &[PolicyStatement]| {
            for statement in statements {
                if !list.contains(statement) {
                    list.push(statement.clone());
                }
            }
        };
        for id in Self::tables_of(reads) {
            if let Some(table) = self.program.table(id) {
                add(&table.read);
                if let Some(catalog) = &table.catalog {
                    add(&catalog.read);
                }
            }
        }
        for id in Self::tables_of(writes) {
            if let Some(table) = self.program.table(id) {
                add(&table.read);
                add(&table.write);
            }
        }
        let elements: Vec<Expr> = list.iter().map(|statement| statement_expr(statement, span)).collect();
        Expr::list(elements, Type::Json, span)
    }

    /// `FLOW_TABLE_READMISSIONS = s3://bucket/prefix`, one for each table.
    fn table_environment(&mut self, reads: &Expr, writes: &Expr, span: Span) -> Expr {
        let mut ids = Self::tables_of(reads);
        for id in Self::tables_of(writes) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let mut elements = Vec::new();
        for id in ids {
            let Some(table) = self.program.table(id) else { continue };
            let name = format!("FLOW_TABLE_{}", super::resources::snake(&table.name).to_uppercase());
            elements.push(Expr::record(
                vec![("name".to_owned(), Expr::string(name, span)), ("value".to_owned(), Expr { span, ..table.location() })],
                span,
            ));
        }
        Expr::list(elements, Type::Json, span)
    }

    /// What a construct sees as `self` for a table: its fields, its columns with their Glue types.
    pub fn table_self(&self, table: &Table, span: Span) -> Expr {
        let text = |text: &str| Expr::string(text, span);
        let doc = |doc: &Option<String>| match doc {
            Some(doc) => Expr { ty: Type::String.optional(), ..Expr::string(doc.clone(), span) },
            None => Expr { ty: Type::String.optional(), ..Expr::none(span) },
        };
        let format = match &table.format {
            TableFormat::Jsonl => vec![("name".to_owned(), text("jsonl"))],
            TableFormat::Parquet { compression } => {
                vec![("name".to_owned(), text("parquet")), ("compression".to_owned(), text(compression))]
            }
            TableFormat::Csv { header } => {
                vec![("name".to_owned(), text("csv")), ("header".to_owned(), Expr::bool(*header, span))]
            }
        };
        let column = |name: &str, ty: &Type, about: &Option<String>, pii: bool| {
            let ty = self.glue_type(ty);
            let personal = Expr::record(vec![("pii".to_owned(), text("true"))], span);
            Expr::record(
                vec![
                    ("name".to_owned(), text(name)),
                    ("type".to_owned(), text(&ty)),
                    ("doc".to_owned(), doc(about)),
                    ("parameters".to_owned(), if pii { personal } else { Expr::none(span) }),
                ],
                span,
            )
        };
        let mut columns = Vec::new();
        let mut partitions = Vec::new();
        let schema = self.program.schema(table.schema);
        for field in schema.map(|schema| schema.fields.as_slice()).unwrap_or_default() {
            if !table.partitions.iter().any(|partition| partition.name == field.name) {
                columns.push(column(&field.name, &field.ty, &field.doc, field.pii));
            }
        }
        for partition in &table.partitions {
            let field = schema.and_then(|schema| schema.fields.iter().find(|field| field.name == partition.name));
            let about = field.and_then(|field| field.doc.clone());
            partitions.push(column(&partition.name, &partition.ty, &about, field.is_some_and(|field| field.pii)));
        }
        Expr::record(
            vec![
                ("name".to_owned(), text(&table.name)),
                ("doc".to_owned(), doc(&table.doc)),
                ("bucket".to_owned(), table.bucket.clone()),
                ("prefix".to_owned(), table.prefix.clone()),
                ("format".to_owned(), Expr::record(format, span)),
                ("columns".to_owned(), Expr::list(columns, Type::Json, span)),
                ("partition_columns".to_owned(), Expr::list(partitions, Type::Json, span)),
            ],
            span,
        )
    }

    /// The Glue (Hive) type of a column.
    /// https://docs.aws.amazon.com/athena/latest/ug/data-types.html (2026-09)
    fn glue_type(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "boolean".to_owned(),
            Type::Int | Type::Duration | Type::Size => "bigint".to_owned(),
            Type::Float | Type::Share => "double".to_owned(),
            Type::Decimal(precision, scale) => format!("decimal({precision},{scale})"),
            Type::Bytes => "binary".to_owned(),
            Type::Date => "date".to_owned(),
            Type::Timestamp => "timestamp".to_owned(),
            Type::List(element) => format!("array<{}>", self.glue_type(element)),
            Type::Map(value) => format!("map<string,{}>", self.glue_type(value)),
            Type::Record(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, ty)| format!("{name}:{}", self.glue_type(ty))).collect();
                format!("struct<{}>", fields.join(","))
            }
            Type::Row(id) => match self.program.schema(*id) {
                Some(schema) => {
                    let fields: Vec<String> =
                        schema.fields.iter().map(|field| format!("{}:{}", field.name, self.glue_type(&field.ty))).collect();
                    format!("struct<{}>", fields.join(","))
                }
                None => "string".to_owned(),
            },
            Type::Optional(inner) => self.glue_type(inner),
            Type::Nominal { base, .. } => self.glue_type(base),
            Type::String | Type::Literals(_) | Type::Json | Type::Arn | Type::TableRef | Type::Target
            | Type::Location | Type::Partitions | Type::Table(_) | Type::Secret(_) | Type::Task | Type::None
            | Type::Generic(_) | Type::Error => "string".to_owned(),
        }
    }
}

/// The table parameters of Glue: the format, and projection, so that no partition needs registering.
/// https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html (2026-09)
fn catalog_parameters(of: &Expr, span: Span) -> Expr {
    let mut entries: Vec<(String, Expr)> = Vec::new();
    let mut add = |name: String, value: String| entries.push((name, Expr::string(value, span)));
    let format = of.entry("format");
    let format_name = format.and_then(|format| format.entry("name")).and_then(Expr::text).unwrap_or("");
    add("EXTERNAL".to_owned(), "TRUE".to_owned());
    add("classification".to_owned(), if format_name == "jsonl" { "json" } else { format_name }.to_owned());
    if let Some(compression) = format.and_then(|format| format.entry("compression")).and_then(Expr::text) {
        add("parquet.compression".to_owned(), compression.to_uppercase());
    }
    let header = format.and_then(|format| format.entry("header")).and_then(Expr::constant);
    if matches!(header, Some(Value::Bool(true))) {
        add("skip.header.line.count".to_owned(), "1".to_owned());
    }
    let partitions = of.entry("partition_columns").map(Expr::elements).unwrap_or_default();
    if !partitions.is_empty() {
        add("projection.enabled".to_owned(), "true".to_owned());
    }
    for partition in partitions {
        let name = partition.entry("name").and_then(Expr::text).unwrap_or("");
        let ty = partition.entry("type").and_then(Expr::text).unwrap_or("");
        match ty {
            "date" => {
                add(format!("projection.{name}.type"), "date".to_owned());
                add(format!("projection.{name}.format"), "yyyy-MM-dd".to_owned());
                add(format!("projection.{name}.range"), "2000-01-01,NOW+1DAY".to_owned());
                add(format!("projection.{name}.interval"), "1".to_owned());
                add(format!("projection.{name}.interval.unit"), "DAYS".to_owned());
            }
            "bigint" => {
                add(format!("projection.{name}.type"), "integer".to_owned());
                add(format!("projection.{name}.range"), "0,9999999999".to_owned());
            }
            "boolean" => {
                add(format!("projection.{name}.type"), "enum".to_owned());
                add(format!("projection.{name}.values"), "false,true".to_owned());
            }
            _ => add(format!("projection.{name}.type"), "injected".to_owned()),
        }
    }
    Expr::record(entries, span)
}

fn statement_expr(statement: &PolicyStatement, span: Span) -> Expr {
    let texts = |texts: &[String]| {
        Expr::list(texts.iter().map(|text| Expr::string(text.clone(), span)).collect(), Type::String, span)
    };
    let conditions = statement
        .conditions
        .iter()
        .map(|condition| {
            Expr::record(
                vec![
                    ("test".to_owned(), Expr::string(condition.test.clone(), span)),
                    ("variable".to_owned(), Expr::string(condition.variable.clone(), span)),
                    ("values".to_owned(), Expr::list(condition.values.clone(), Type::String, span)),
                ],
                span,
            )
        })
        .collect::<Vec<_>>();
    Expr::record(
        vec![
            ("actions".to_owned(), texts(&statement.actions)),
            ("resources".to_owned(), Expr::list(statement.resources.clone(), Type::String, span)),
            ("conditions".to_owned(), Expr::list(conditions, Type::Json, span)),
        ],
        span,
    )
}
