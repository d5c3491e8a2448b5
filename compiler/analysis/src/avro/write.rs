//! `schemas/NAME.avsc`: each schema of the program as Avro has it, for those who read its tables or write them.
//!
//! What Avro has no word for stands in properties that other readers of Avro pass over: `flow.key` on a field, `flow.type`
//! and `flow.values` on a type. Read back (`schema X from "…"`), the file gives the same columns; a type with a name of its
//! own comes back as what it stands for.

use crate::program::{Partition, Program, Schema, SchemaField, SchemaId, Type};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The file of a schema, relative to the build's folder.
pub fn file_name(schema: &Schema) -> String {
    format!("schemas/{}.avsc", schema.name)
}

/// A schema as Avro.
pub fn schema(program: &Program, schema: &Schema) -> Value {
    let mut writer = Writer { program, taken: BTreeSet::new(), schemas: BTreeMap::new() };
    writer.taken.insert(schema.name.clone());
    let path = schema.name.clone();
    writer.record(&schema.name, schema.doc.as_deref(), &schema.fields, &path)
}

/// The Avro of a table's objects: the schema's, without the fields that stand in the names of folders.
pub fn object_schema(program: &Program, of: &Schema, partitions: &[Partition]) -> Value {
    let mut avro = schema(program, of);
    if let Some(Value::Array(fields)) = avro.get_mut("fields") {
        fields.retain(|field| partitions.iter().all(|partition| field.get("name").and_then(Value::as_str) != Some(partition.name.as_str())));
    }
    avro
}

struct Writer<'a> {
    program: &'a Program,
    /// Names of types that the file declares: each once.
    taken: BTreeSet<String>,
    /// Schemas within this one that are declared already, with their names.
    schemas: BTreeMap<SchemaId, String>,
}

impl Writer<'_> {
    fn record(&mut self, name: &str, doc: Option<&str>, fields: &[SchemaField], path: &str) -> Value {
        let mut record = declared("record", name);
        if let Some(doc) = doc {
            record.insert("doc".to_owned(), json!(doc));
        }
        let fields: Vec<Value> = fields.iter().map(|field| self.field(field, path)).collect();
        record.insert("fields".to_owned(), Value::Array(fields));
        Value::Object(record)
    }

    fn field(&mut self, field: &SchemaField, path: &str) -> Value {
        let mut object = Map::new();
        object.insert("name".to_owned(), json!(field.name));
        if let Some(doc) = &field.doc {
            object.insert("doc".to_owned(), json!(doc));
        }
        let path = format!("{path}_{}", field.name);
        let default = field.default.clone().filter(|default| !default.is_null());
        let optional = may_be_none(&field.ty);
        let mut ty = self.ty(&field.ty, &path);
        // A default is of the first type of a union.
        if let (Value::Array(cases), true, true) = (&mut ty, optional, default.is_some()) {
            cases.reverse();
        }
        object.insert("type".to_owned(), ty);
        match default {
            Some(default) => drop(object.insert("default".to_owned(), default)),
            None if optional => drop(object.insert("default".to_owned(), Value::Null)),
            None => {}
        }
        for (name, holds) in [("flow.key", field.key), ("flow.pii", field.pii)] {
            if holds {
                object.insert(name.to_owned(), json!(true));
            }
        }
        Value::Object(object)
    }

    fn ty(&mut self, ty: &Type, path: &str) -> Value {
        match ty {
            Type::Nominal { base, .. } => self.ty(base, path),
            Type::Optional(inner) => {
                let held = self.ty(inner, path);
                // A type with a name of its own may be optional itself.
                if may_be_none(inner) { held } else { json!(["null", held]) }
            }
            Type::Bool => json!("boolean"),
            Type::Int => json!("long"),
            Type::Float => json!("double"),
            Type::Decimal(precision, scale) => {
                json!({ "type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale })
            }
            Type::String => json!("string"),
            Type::Bytes => json!("bytes"),
            Type::Date => json!({ "type": "int", "logicalType": "date" }),
            Type::Timestamp => json!({ "type": "long", "logicalType": "timestamp-micros" }),
            Type::Duration => json!({ "type": "long", "flow.type": "Duration" }),
            Type::Size => json!({ "type": "long", "flow.type": "Size" }),
            Type::Share => json!({ "type": "double", "flow.type": "Share" }),
            Type::Arn => json!({ "type": "string", "flow.type": "Arn" }),
            Type::Literals(cases) => self.literals(cases, path),
            Type::List(element) => json!({ "type": "array", "items": self.ty(element, path) }),
            Type::Map(value) => json!({ "type": "map", "values": self.ty(value, path) }),
            Type::Record(fields) => {
                let fields: Vec<SchemaField> = fields
                    .iter()
                    .map(|(name, ty)| SchemaField {
                        name: name.clone(),
                        ty: ty.clone(),
                        key: false,
                        pii: false,
                        doc: None,
                        default: None,
                        span: flow_diagnostics::Span::new(flow_diagnostics::FileId(0), 0, 0),
                    })
                    .collect();
                let name = self.name(path);
                self.record(&name, None, &fields, &name)
            }
            Type::Row(id) => self.row(*id),
            // What rows never hold; the checker says so.
            Type::Json
            | Type::Table(_) | Type::Channel(..)
            | Type::TableRef
            | Type::Target
            | Type::Location
            | Type::Partitions
            | Type::Secret(_)
            | Type::Task
            | Type::None
            | Type::Generic(_)
            | Type::Error => json!({ "type": "string", "flow.type": "Json" }),
        }
    }

    /// The rows of another schema: declared where they are met first, then known by their name.
    fn row(&mut self, id: SchemaId) -> Value {
        if let Some(name) = self.schemas.get(&id) {
            return json!(name);
        }
        let Some(schema) = self.program.schema(id) else { return json!("null") };
        let name = self.name(&schema.name);
        self.schemas.insert(id, name.clone());
        self.record(&name, schema.doc.as_deref(), &schema.fields, &name)
    }

    /// An enum, where each text is a name of Avro's; else a text with the texts beside it.
    fn literals(&mut self, cases: &[String], path: &str) -> Value {
        if !cases.iter().all(|case| is_name(case)) {
            return json!({ "type": "string", "flow.values": cases });
        }
        let name = self.name(path);
        let mut object = declared("enum", &name);
        object.insert("symbols".to_owned(), json!(cases));
        Value::Object(object)
    }

    /// A name that the file has not used.
    fn name(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }
}

fn declared(ty: &str, name: &str) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".to_owned(), json!(ty));
    object.insert("name".to_owned(), json!(name));
    object
}

/// Whether `none` is a value of a type, or of what it stands for.
fn may_be_none(ty: &Type) -> bool {
    ty.base().is_optional()
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
}
