//! Types as messages and reference pages write them.

use crate::program::{Program, SchemaId, Type};

impl Type {
    /// The type as a program would write it: `[String]?`, `Table<Encounter>`.
    pub fn display(&self, program: &Program) -> String {
        let schema = |id: &SchemaId| program.schema(*id).map_or("?", |schema| schema.name.as_str());
        match self {
            Type::Bool => "Bool".to_owned(),
            Type::Int => "Int".to_owned(),
            Type::Float => "Float".to_owned(),
            Type::Decimal(precision, scale) => format!("Decimal({precision}, {scale})"),
            Type::String => "String".to_owned(),
            Type::Bytes => "Bytes".to_owned(),
            Type::Date => "Date".to_owned(),
            Type::Timestamp => "Timestamp".to_owned(),
            Type::Duration => "Duration".to_owned(),
            Type::Size => "Size".to_owned(),
            Type::Share => "Share".to_owned(),
            Type::Json => "Json".to_owned(),
            Type::Arn => "Arn".to_owned(),
            Type::List(element) => format!("[{}]", element.display(program)),
            Type::Map(value) => format!("Map<{}>", value.display(program)),
            Type::Record(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, ty)| format!("{}: {}", field_name(name), ty.display(program))).collect();
                if fields.is_empty() { "{ }".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
            }
            Type::Optional(inner) => match inner.as_ref() {
                Type::Literals(cases) if cases.len() > 1 => format!("({})?", inner.display(program)),
                _ => format!("{}?", inner.display(program)),
            },
            Type::Literals(cases) => {
                cases.iter().map(|case| literal(case)).collect::<Vec<_>>().join(" | ")
            }
            Type::Nominal { name, .. } => name.clone(),
            Type::Row(id) => schema(id).to_owned(),
            Type::Table(id) => format!("Table<{}>", schema(id)),
            Type::Channel(kind, id) => format!("{}<{}>", kind.name(), schema(id)),
            Type::TableRef => "Table".to_owned(),
            Type::Target => "Target".to_owned(),
            Type::Location => "Location".to_owned(),
            Type::Partitions => "Partitions".to_owned(),
            Type::Secret(inner) => format!("Secret<{}>", inner.display(program)),
            Type::Task => "Task".to_owned(),
            Type::None => "none".to_owned(),
            Type::Generic(name) => name.clone(),
            Type::Error => "?".to_owned(),
        }
    }
}

/// Whether a name needs no quotes, and is one in Avro, Glue and Terraform as well.
pub(crate) fn is_plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn field_name(name: &str) -> String {
    if is_plain_name(name) { name.to_owned() } else { literal(name) }
}

/// A text literal as a program writes it.
fn literal(text: &str) -> String {
    format!("\"{}\"", text.escape_debug().to_string().replace("\\'", "'").replace('{', "\\{"))
}
