//! Schemas of Avro files: `schema Demand from "schemas/demand.avsc"`; and the way back, [`write`].
//!
//! Read by hand rather than with a crate for Avro: a message must name the place in the file, and a logical type that does
//! not fit must be an error, where Avro's own parsers fall back to the type below it without a word. What Flow adds to a
//! schema that it writes (`flow.key`, `flow.type` …) is read back from there.

mod default;
mod document;
mod types;
pub mod write;

use crate::program::{SchemaField, Type};
use crate::resolve::duplicate;
use document::{Kind, Node};
use flow_diagnostics::{Diagnostic, Diagnostics, FileId, Span, codes};
use flow_syntax::ast::Name;
use std::collections::HashMap;

/// What a file says of a schema.
#[derive(Debug)]
pub(crate) struct AvroSchema {
    /// The record's `doc`.
    pub doc: Option<String>,
    /// Its fields.
    pub fields: Vec<SchemaField>,
}

/// How many fields a schema may have, those of nested records counted as often as they are used.
const MOST_FIELDS: usize = 5_000;

/// Reads a schema's file. What is wrong is reported; a field that is wrong has [`Type::Error`].
pub(crate) fn read(file: FileId, text: &str, used: Span, diagnostics: &mut Diagnostics) -> Option<AvroSchema> {
    let root = match document::parse(file, text) {
        Ok(root) => root,
        Err((span, why)) => {
            diagnostics.push(
                Diagnostic::new(codes::AVRO_TEXT, format!("this is no JSON: {why}"))
                    .primary(span, "")
                    .secondary(used, "read for this schema"),
            );
            return None;
        }
    };
    let mut reader = Reader { used, diagnostics, names: HashMap::new(), declared: HashMap::new(), fields: 0 };
    reader.root(&root)
}

/// A type that the file has named.
#[derive(Debug, Clone)]
enum Named {
    /// Its fields are being read.
    Open,
    /// Read.
    Known(Type),
}

struct Reader<'r> {
    /// Where the program names the file.
    used: Span,
    diagnostics: &'r mut Diagnostics,
    /// By full name.
    names: HashMap<String, Named>,
    /// Where they are declared, by full name.
    declared: HashMap<String, &'r Node>,
    fields: usize,
}

/// Where in the schema a type stands.
#[derive(Debug, Clone)]
struct Place {
    /// `address.city`; empty for the record itself.
    path: String,
    /// Of the record around it.
    namespace: String,
}

impl Place {
    fn field(&self, name: &str) -> Place {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Place { path, namespace: self.namespace.clone() }
    }
}

impl<'r> Reader<'r> {
    fn root(&mut self, root: &'r Node) -> Option<AvroSchema> {
        if root.get("type").and_then(Node::text) != Some("record") {
            let what = match (&root.kind, root.get("type").and_then(Node::text)) {
                (Kind::Object(_), Some(ty)) => format!("a type `{ty}`"),
                (Kind::List(_), _) => "a union".to_owned(),
                _ => root.what().to_owned(),
            };
            self.wrong(root.span, format!("a schema is one record; this file holds {what}"), |diagnostic| {
                diagnostic.help("write `{ \"type\": \"record\", \"name\": \"Demand\", \"fields\": [ … ] }`")
            });
            return None;
        }
        let place = Place { path: String::new(), namespace: String::new() };
        let fields = self.record(root, &place)?;
        Some(AvroSchema { doc: doc(root), fields })
    }

    /// The fields of a record.
    fn record(&mut self, record: &'r Node, place: &Place) -> Option<Vec<SchemaField>> {
        let (name, namespace) = self.named(record, place)?;
        let Some(list) = record.get("fields").and_then(Node::list) else {
            let span = record.get("fields").map_or(record.span, |fields| fields.span);
            self.wrong(span, "a record has a list of `fields`", |diagnostic| {
                diagnostic.help("write `\"fields\": [{ \"name\": \"id\", \"type\": \"string\" }]`")
            });
            return None;
        };
        self.names.insert(name.clone(), Named::Open);
        let inner = Place { path: place.path.clone(), namespace };
        let mut fields: Vec<SchemaField> = Vec::new();
        for node in list {
            let Some(field) = self.field(node, &inner) else { continue };
            if let Some(first) = fields.iter().find(|known| known.name == field.name) {
                let name = Name { text: field.name.clone(), span: field.span };
                duplicate(&name, first.span, self.diagnostics);
                continue;
            }
            fields.push(field);
        }
        let ty = Type::Record(fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect());
        self.names.insert(name, Named::Known(ty));
        Some(fields)
    }

    fn field(&mut self, node: &'r Node, place: &Place) -> Option<SchemaField> {
        let Some(name) = node.get("name").filter(|name| name.text().is_some_and(is_name)) else {
            let span = node.get("name").map_or(node.span, |name| name.span);
            self.wrong(span, "a field has a name of letters, digits and `_`, with no digit first", |diagnostic| diagnostic);
            return None;
        };
        let text = name.text().unwrap_or_default().to_owned();
        let place = place.field(&text);
        self.fields += 1;
        if self.fields > MOST_FIELDS {
            if self.fields == MOST_FIELDS + 1 {
                self.wrong(name.span, format!("a schema has at most {MOST_FIELDS} fields, nested ones counted"), |diagnostic| {
                    diagnostic.note("a record that is used by its name counts each time")
                });
            }
            return None;
        }
        let Some(ty) = node.get("type") else {
            self.wrong(node.span, format!("the field `{text}` has no `type`"), |diagnostic| {
                diagnostic.help("write `\"type\": \"string\"`")
            });
            return None;
        };
        let read = self.ty(ty, &place);
        let default = node.get("default").and_then(|default| self.default(default, ty, &read, &place));
        let says = |name: &str| matches!(node.get(name).map(|value| &value.kind), Some(Kind::Bool(true)));
        Some(SchemaField {
            name: text,
            ty: read,
            key: says("flow.key"),
            pii: says("flow.pii"),
            doc: doc(node),
            default,
            span: name.span,
        })
    }

    /// A default: none of it is kept where it is `null`, which every optional field has.
    fn default(&mut self, default: &Node, written: &Node, ty: &Type, place: &Place) -> Option<serde_json::Value> {
        match default::canonical(default, written, ty, &self.declared) {
            Ok(value) => (!value.is_null()).then_some(value),
            Err(why) => {
                self.wrong(default.span, format!("this is no default of `{}`: {why}", place.path), |diagnostic| {
                    diagnostic.secondary(written.span, "its type")
                });
                None
            }
        }
    }

    /// The full name of a named type, and the namespace of what is inside of it.
    fn named(&mut self, node: &'r Node, place: &Place) -> Option<(String, String)> {
        let Some(name) = node.get("name").filter(|name| name.text().is_some_and(|text| text.split('.').all(is_name))) else {
            let span = node.get("name").map_or(node.span, |name| name.span);
            let what = node.get("type").and_then(Node::text).unwrap_or("type").to_owned();
            self.wrong(span, format!("a type `{what}` has a `name` of letters, digits, `_` and dots"), |diagnostic| diagnostic);
            return None;
        };
        let text = name.text().unwrap_or_default();
        let full = match (text.contains('.'), node.get("namespace").and_then(Node::text)) {
            (true, _) => text.to_owned(),
            (false, Some(namespace)) => full_name(namespace, text),
            (false, None) => full_name(&place.namespace, text),
        };
        if self.names.contains_key(&full) {
            self.wrong(name.span, format!("the file declares `{full}` twice"), |diagnostic| {
                diagnostic.help(format!("write `\"type\": \"{full}\"` for the type that is declared already"))
            });
            return None;
        }
        self.declared.insert(full.clone(), node);
        let namespace = full.rsplit_once('.').map_or(String::new(), |(namespace, _)| namespace.to_owned());
        Some((full, namespace))
    }

    /// Reports what is no Avro schema.
    fn wrong(&mut self, span: Span, message: impl Into<String>, more: impl FnOnce(Diagnostic) -> Diagnostic) {
        let diagnostic = Diagnostic::new(codes::AVRO_TEXT, message).primary(span, "");
        self.diagnostics.push(more(diagnostic).secondary(self.used, "read for this schema"));
    }

    /// Reports a type that Flow does not have.
    fn no_type(&mut self, span: Span, place: &Place, what: &str, more: impl FnOnce(Diagnostic) -> Diagnostic) -> Type {
        let diagnostic = Diagnostic::new(codes::AVRO_TYPE, format!("`{}` is {what}", place.path)).primary(span, "");
        self.diagnostics.push(more(diagnostic).secondary(self.used, "read for this schema"));
        Type::Error
    }
}

fn doc(node: &Node) -> Option<String> {
    node.get("doc").and_then(Node::text).filter(|doc| !doc.trim().is_empty()).map(str::to_owned)
}

fn full_name(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

/// Whether a text is a name of Avro, and so one of Flow.
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
}
