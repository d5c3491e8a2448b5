//! Types as the plan has them.

use flow_analysis::program::{Program, Type};
use flow_plan::{DataType, Field};

/// The type of a value that is not `none`.
pub fn data_type(program: &Program, ty: &Type) -> DataType {
    match ty {
        Type::Optional(inner) => data_type(program, inner),
        Type::Nominal { base, .. } => data_type(program, base),
        Type::Bool => DataType::Bool,
        Type::Int | Type::Size => DataType::Int,
        Type::Float | Type::Share => DataType::Float,
        Type::Decimal(precision, scale) => DataType::Decimal { precision: *precision, scale: *scale },
        Type::String | Type::Arn | Type::Literals(_) => DataType::String,
        Type::Bytes => DataType::Bytes,
        Type::Date => DataType::Date,
        Type::Timestamp => DataType::Timestamp,
        Type::Duration => DataType::Duration,
        Type::List(element) => DataType::List {
            element: Box::new(data_type(program, element)),
            optional: element.is_optional(),
        },
        Type::Map(value) => DataType::Map { value: Box::new(data_type(program, value)) },
        Type::Record(fields) => DataType::Struct {
            fields: fields
                .iter()
                .map(|(name, ty)| Field {
                    name: name.clone(),
                    data_type: data_type(program, ty),
                    optional: ty.is_optional(),
                    key: false,
                    pii: false,
                    doc: None,
                })
                .collect(),
        },
        Type::Row(schema) => DataType::Struct {
            fields: program
                .schema(*schema)
                .map(|schema| schema.fields.iter().map(|field| super::field(program, field)).collect())
                .unwrap_or_default(),
        },
        // What rows never hold; the checker says so.
        Type::Json
        | Type::Table(_)
        | Type::Channel(..)
        | Type::TableRef
        | Type::Target
        | Type::Location
        | Type::Partitions
        | Type::Secret(_)
        | Type::Task
        | Type::None
        | Type::Generic(_)
        | Type::Error => DataType::Json,
    }
}
