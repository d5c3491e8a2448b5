//! What a catalog of Glue says of a table: its columns with their types, its SerDe's parameters, its partitions.

use super::Checker;
use crate::program::{Expr, Table, TableFormat, Type, Value};
use flow_diagnostics::Span;

impl Checker<'_> {
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
            TableFormat::Json => vec![("name".to_owned(), text("json"))],
            TableFormat::Avro { compression } => {
                vec![("name".to_owned(), text("avro")), ("compression".to_owned(), text(compression))]
            }
            TableFormat::Csv { header, separator, quote } => vec![
                ("name".to_owned(), text("csv")),
                ("header".to_owned(), Expr::bool(*header, span)),
                ("separator".to_owned(), text(&separator.to_string())),
                ("quote".to_owned(), text(&quote.to_string())),
            ],
        };
        let csv = matches!(table.format, TableFormat::Csv { .. });
        let column = |name: &str, column: &Type, about: &Option<String>, pii: bool, within: bool| {
            let ty = if csv && within { csv_type(column).to_owned() } else { self.glue_type(column) };
            let values = match column.required().base().required() {
                Type::Literals(cases) => cases.iter().map(|case| text(case)).collect(),
                _ => Vec::new(),
            };
            let personal = Expr::record(vec![("pii".to_owned(), text("true"))], span);
            Expr::record(
                vec![
                    ("name".to_owned(), text(name)),
                    ("type".to_owned(), text(&ty)),
                    ("doc".to_owned(), doc(about)),
                    ("parameters".to_owned(), if pii { personal } else { Expr::none(span) }),
                    ("values".to_owned(), Expr::list(values, Type::String, span)),
                ],
                span,
            )
        };
        let mut columns = Vec::new();
        let mut partitions = Vec::new();
        let schema = self.program.schema(table.schema);
        for field in schema.map(|schema| schema.fields.as_slice()).unwrap_or_default() {
            if !table.partitions.iter().any(|partition| partition.name == field.name) {
                columns.push(column(&field.name, &field.ty, &field.doc, field.pii, true));
            }
        }
        for partition in &table.partitions {
            let field = schema.and_then(|schema| schema.fields.iter().find(|field| field.name == partition.name));
            let about = field.and_then(|field| field.doc.clone());
            let pii = field.is_some_and(|field| field.pii);
            partitions.push(column(&partition.name, &partition.ty, &about, pii, false));
        }
        let avro = match (&table.format, schema) {
            (TableFormat::Avro { .. }, Some(schema)) => {
                text(&crate::avro::write::object_schema(&self.program, schema, &table.partitions).to_string())
            }
            _ => Expr::none(span),
        };
        Expr::record(
            vec![
                ("name".to_owned(), text(&table.name)),
                ("doc".to_owned(), doc(&table.doc)),
                ("bucket".to_owned(), table.bucket.clone()),
                ("prefix".to_owned(), table.prefix.clone()),
                ("format".to_owned(), Expr::record(format, span)),
                ("avro".to_owned(), avro),
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
            | Type::Location | Type::Partitions | Type::Table(_) | Type::Channel(..) | Type::Secret(_) | Type::Task | Type::None
            | Type::Generic(_) | Type::Error => "string".to_owned(),
        }
    }
}

/// The Glue type of a column of CSV. OpenCSVSerDe reads a number or a truth value only where there is one in each row,
/// and days and instants only as numbers, which CSV files of others rarely have.
/// https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html (2026-09)
fn csv_type(ty: &Type) -> &'static str {
    if ty.base().is_optional() {
        return "string";
    }
    match ty.required().base().required() {
        Type::Bool => "boolean",
        Type::Int | Type::Size => "bigint",
        Type::Float | Type::Share => "double",
        _ => "string",
    }
}

/// The parameters of a table's SerDe, `none` where it has none.
pub(super) fn serde(of: &Expr, span: Span) -> Expr {
    let text = |text: &str| Expr::string(text, span);
    let format = |name: &str| of.entry("format").and_then(|format| format.entry(name)).and_then(Expr::text);
    let entries = match format("name") {
        Some("avro") => vec![("avro.schema.literal".to_owned(), text(of.entry("avro").and_then(Expr::text).unwrap_or("")))],
        Some("csv") => vec![
            ("separatorChar".to_owned(), text(format("separator").unwrap_or(","))),
            ("quoteChar".to_owned(), text(format("quote").unwrap_or("\""))),
            // What Flow writes has no escapes but doubled quotes.
            ("escapeChar".to_owned(), text("\\")),
        ],
        _ => return Expr::none(span),
    };
    Expr::record(entries, span)
}

/// The table parameters of Glue: the format, and projection, so that no partition needs registering. `projection` is
/// what `glue.database` was told: `enabled`, `since`, `values`, `ranges`.
/// https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html (2026-09)
pub(super) fn parameters(of: &Expr, projection: &Expr, span: Span) -> Expr {
    let mut entries: Vec<(String, Expr)> = Vec::new();
    let mut add = |name: String, value: String| entries.push((name, Expr::string(value, span)));
    let format = of.entry("format");
    let format_name = format.and_then(|format| format.entry("name")).and_then(Expr::text).unwrap_or("");
    add("EXTERNAL".to_owned(), "TRUE".to_owned());
    add("classification".to_owned(), if format_name == "jsonl" { "json" } else { format_name }.to_owned());
    if format_name == "parquet"
        && let Some(compression) = format.and_then(|format| format.entry("compression")).and_then(Expr::text)
    {
        add("parquet.compression".to_owned(), compression.to_uppercase());
    }
    let header = format.and_then(|format| format.entry("header")).and_then(Expr::constant);
    if matches!(header, Some(Value::Bool(true))) {
        add("skip.header.line.count".to_owned(), "1".to_owned());
    }
    let told = |name: &str| projection.entry(name);
    let partitions = of.entry("partition_columns").map(Expr::elements).unwrap_or_default();
    if partitions.is_empty() || matches!(told("enabled").and_then(Expr::constant), Some(Value::Bool(false))) {
        return Expr::record(entries, span);
    }
    add("projection.enabled".to_owned(), "true".to_owned());
    for partition in partitions {
        let name = partition.entry("name").and_then(Expr::text).unwrap_or("");
        let ty = partition.entry("type").and_then(Expr::text).unwrap_or("");
        let mut set = |what: &str, value: &str| add(format!("projection.{name}.{what}"), value.to_owned());
        let values = texts(told("values").and_then(|values| values.entry(name)).or_else(|| partition.entry("values")));
        match ty {
            "date" => {
                let since = match told("since").and_then(Expr::constant) {
                    Some(Value::Date(since)) => since.as_str(),
                    _ => "2000-01-01",
                };
                set("type", "date");
                set("format", "yyyy-MM-dd");
                set("range", &format!("{since},NOW+1DAY"));
                set("interval", "1");
                set("interval.unit", "DAYS");
            }
            "bigint" => {
                let range = texts(told("ranges").and_then(|ranges| ranges.entry(name)));
                set("type", "integer");
                set("range", &range.unwrap_or_else(|| "0,9999999999".to_owned()));
            }
            "boolean" => {
                set("type", "enum");
                set("values", "false,true");
            }
            _ => match values {
                Some(values) => {
                    set("type", "enum");
                    set("values", &values);
                }
                None => set("type", "injected"),
            },
        }
    }
    Expr::record(entries, span)
}

/// Constants of a list, with commas between them; `None` where there are none.
fn texts(list: Option<&Expr>) -> Option<String> {
    let texts: Vec<String> = list?
        .elements()
        .iter()
        .filter_map(|element| match element.constant()? {
            Value::String(text) => Some(text.clone()),
            Value::Int(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join(","))
}
