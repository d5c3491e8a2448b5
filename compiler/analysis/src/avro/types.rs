//! Types of Avro as types of Flow.

use super::document::{Kind, Node};
use super::{Named, Place, Reader, full_name, is_name};
use crate::program::Type;
use crate::suggest::nearest;
use flow_diagnostics::Diagnostic;

/// Types that Avro has by name.
const PRIMITIVES: &[&str] = &["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// Logical types with the types that they stand on.
const LOGICAL: &[(&str, &[&str])] = &[
    ("decimal", &["bytes", "fixed"]),
    ("uuid", &["string"]),
    ("date", &["int"]),
    ("timestamp-millis", &["long"]),
    ("timestamp-micros", &["long"]),
];

impl<'r> Reader<'r> {
    /// The type that a node writes.
    pub(super) fn ty(&mut self, node: &'r Node, place: &Place) -> Type {
        match &node.kind {
            Kind::Text(name) => self.by_name(name, node, place),
            Kind::List(cases) => self.union(cases, node, place),
            Kind::Object(_) => self.object(node, place),
            _ => {
                self.wrong(node.span, format!("a type is a name, an object or a list, not {}", node.what()), |diagnostic| diagnostic);
                Type::Error
            }
        }
    }

    fn by_name(&mut self, name: &str, node: &'r Node, place: &Place) -> Type {
        match name {
            "boolean" => return Type::Bool,
            "int" | "long" => return Type::Int,
            "float" | "double" => return Type::Float,
            "bytes" => return Type::Bytes,
            "string" => return Type::String,
            "null" => {
                return self.no_type(node.span, place, "always `null`", |diagnostic| {
                    diagnostic
                        .note("a column that never holds a value has no type")
                        .help("write `[\"null\", \"string\"]` for a text that may be absent, or leave the field out")
                });
            }
            _ => {}
        }
        let full = if name.contains('.') { name.to_owned() } else { full_name(&place.namespace, name) };
        match self.names.get(&full).or_else(|| self.names.get(name)) {
            Some(Named::Known(ty)) => ty.clone(),
            Some(Named::Open) => self.no_type(node.span, place, &format!("a `{name}` within a `{name}`"), |diagnostic| {
                diagnostic
                    .note("a record of Flow cannot hold itself: a table's columns would have no end")
                    .help("write `\"string\"`, and hold the inner records as JSON text")
            }),
            None => self.unknown(name, node),
        }
    }

    fn unknown(&mut self, name: &str, node: &Node) -> Type {
        let logical = LOGICAL.iter().find(|(logical, _)| *logical == name);
        let mut known: Vec<&str> = PRIMITIVES.iter().copied().chain(["record", "enum", "array", "map", "fixed"]).collect();
        known.extend(self.names.keys().map(String::as_str));
        known.sort_unstable();
        let near = nearest(name, known).map(str::to_owned);
        self.wrong(node.span, format!("there is no type `{name}` in this file"), |diagnostic| match (logical, near) {
            (Some((logical, bases)), _) => {
                let base = bases.first().copied().unwrap_or_default();
                diagnostic.help(format!("it is a logical type: write `{{ \"type\": \"{base}\", \"logicalType\": \"{logical}\" }}`"))
            }
            (None, _) if matches!(name, "record" | "enum" | "array" | "map" | "fixed") => diagnostic
                .note("what it is made of stands in the same object as its `type`")
                .help(format!("write `{{ \"type\": \"{name}\", … }}` in place of the name")),
            (None, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")),
            (None, None) => diagnostic.note("a file is read alone: types that other files declare are not seen"),
        });
        Type::Error
    }

    /// `["null", T]` is an optional; a union of several types has no type here.
    fn union(&mut self, cases: &'r [Node], node: &'r Node, place: &Place) -> Type {
        let is_null = |case: &&Node| case.text() == Some("null") || case.get("type").and_then(Node::text) == Some("null");
        let held: Vec<&Node> = cases.iter().filter(|case| !is_null(case)).collect();
        match held.as_slice() {
            [] => self.by_name("null", node, place),
            [only] => {
                let ty = self.ty(only, place);
                if held.len() < cases.len() { ty.optional() } else { ty }
            }
            several => {
                let names: Vec<String> = several.iter().map(|case| shown(case)).collect();
                let wider = match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                    ["int", "long"] | ["long", "int"] => Some("long"),
                    ["float", "double"] | ["double", "float"] => Some("double"),
                    _ => None,
                };
                self.no_type(node.span, place, &format!("a union of {}", listed(&names)), |diagnostic| match wider {
                    Some(wider) => diagnostic.help(format!("write `\"{wider}\"`, which holds both")),
                    None => diagnostic
                        .note("a column has one type, and may be `none`")
                        .help("write a field for each, all of them optional: `[\"null\", …]`"),
                })
            }
        }
    }

    fn object(&mut self, node: &'r Node, place: &Place) -> Type {
        let Some(ty) = node.get("type") else {
            self.wrong(node.span, "an object that is a type has a `type`", |diagnostic| {
                diagnostic.help("write `{ \"type\": \"array\", \"items\": \"string\" }`, or a name")
            });
            return Type::Error;
        };
        let Some(name) = ty.text() else { return self.ty(ty, place) };
        let base = match name {
            "record" => {
                let Some(fields) = self.record(node, place) else { return Type::Error };
                return Type::Record(fields.into_iter().map(|field| (field.name, field.ty)).collect());
            }
            "array" => {
                let Some(items) = self.part(node, "items") else { return Type::Error };
                let inner = Place { path: format!("{}[]", place.path), ..place.clone() };
                return Type::List(Box::new(self.ty(items, &inner)));
            }
            "map" => {
                let Some(values) = self.part(node, "values") else { return Type::Error };
                let inner = Place { path: format!("{}{{}}", place.path), ..place.clone() };
                return Type::Map(Box::new(self.ty(values, &inner)));
            }
            "enum" => return self.symbols(node, place),
            "fixed" => {
                let Some((full, _)) = self.named(node, place) else { return Type::Error };
                let Some(size) = self.part(node, "size") else { return Type::Error };
                if size.int().is_none_or(|size| size < 0) {
                    self.wrong(size.span, "a `fixed` has a `size` in bytes", |diagnostic| diagnostic);
                    return Type::Error;
                }
                let ty = self.logical(name, node, Type::Bytes, place);
                self.names.insert(full, Named::Known(ty.clone()));
                return ty;
            }
            name => self.by_name(name, ty, place),
        };
        self.logical(name, node, base, place)
    }

    /// A part that a type is made of.
    fn part<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n Node> {
        let found = node.get(name);
        if found.is_none() {
            let ty = node.get("type").and_then(Node::text).unwrap_or_default().to_owned();
            self.wrong(node.span, format!("this `{ty}` has no `{name}`"), |diagnostic| diagnostic);
        }
        found
    }

    /// The symbols of an enum are a literal union.
    fn symbols(&mut self, node: &'r Node, place: &Place) -> Type {
        let Some((full, _)) = self.named(node, place) else { return Type::Error };
        let Some(list) = node.get("symbols").and_then(Node::list).filter(|list| !list.is_empty()) else {
            self.wrong(node.span, "an enum has a list of `symbols`", |diagnostic| {
                diagnostic.help("write `\"symbols\": [\"NEW\", \"SENT\"]`")
            });
            return Type::Error;
        };
        let mut symbols: Vec<String> = Vec::new();
        for symbol in list {
            match symbol.text() {
                Some(text) if is_name(text) && !symbols.iter().any(|known| known == text) => symbols.push(text.to_owned()),
                Some(text) if is_name(text) => {
                    self.wrong(symbol.span, format!("the symbol `{text}` is there twice"), |diagnostic| diagnostic);
                }
                _ => self.wrong(symbol.span, "a symbol of an enum is a name: letters, digits and `_`, with no digit first", |diagnostic| {
                    diagnostic.help("write a `\"string\"` for texts of other kinds")
                }),
            }
        }
        let ty = Type::literals(symbols);
        self.names.insert(full, Named::Known(ty.clone()));
        ty
    }

    /// What a logical type, or what Flow wrote beside a type, makes of it.
    fn logical(&mut self, base: &str, node: &Node, ty: Type, place: &Place) -> Type {
        if let Some(own) = own(base, node) {
            return own;
        }
        let Some(logical) = node.get("logicalType") else { return ty };
        let Some(name) = logical.text() else {
            self.wrong(logical.span, "a `logicalType` is a text", |diagnostic| diagnostic);
            return Type::Error;
        };
        let Some((_, bases)) = LOGICAL.iter().find(|(known, _)| *known == name) else {
            return match unfit(name) {
                Some((what, note, help)) => {
                    self.no_type(logical.span, place, what, |diagnostic| diagnostic.note(note).help(help))
                }
                // As Avro says: what is not known is the type below it.
                None => ty,
            };
        };
        if !bases.contains(&base) {
            let first = bases.first().copied().unwrap_or_default();
            let stands = listed(&bases.iter().map(|base| (*base).to_owned()).collect::<Vec<_>>());
            let what = format!("a `{base}` with the logical type `{name}`, which stands on {stands}");
            return self.no_type(logical.span, place, &what, |diagnostic| {
                diagnostic
                    .note("other readers of Avro would take the type below without a word")
                    .help(format!("write `{{ \"type\": \"{first}\", \"logicalType\": \"{name}\" }}`"))
            });
        }
        match name {
            "date" => Type::Date,
            "timestamp-millis" | "timestamp-micros" => Type::Timestamp,
            "decimal" => self.decimal(node, logical, place),
            _ => Type::String,
        }
    }

    fn decimal(&mut self, node: &Node, logical: &Node, place: &Place) -> Type {
        let digits = |name: &str| node.get(name).map(|digits| (digits.int(), digits.span));
        let (precision, at) = digits("precision").unwrap_or((None, logical.span));
        let (scale, _) = digits("scale").unwrap_or((Some(0), at));
        let pair = precision.zip(scale).and_then(|(precision, scale)| {
            (scale <= precision).then_some(())?;
            Some((u8::try_from(precision).ok().filter(|digits| *digits > 0)?, u8::try_from(scale).ok()?))
        });
        match pair {
            Some((precision, scale)) if precision <= 38 => Type::Decimal(precision, scale),
            Some((precision, _)) => {
                self.no_type(at, place, &format!("a decimal of {precision} digits, and Flow's have at most 38"), |diagnostic| {
                    diagnostic.help("write a `precision` of at most 38, which is also what Athena, Spark and Arrow hold")
                })
            }
            None => {
                self.wrong(at, "a decimal has a `precision` above 0 and a `scale` within it", |diagnostic: Diagnostic| {
                    diagnostic.help("write `\"precision\": 10, \"scale\": 2` for ten digits, two of them after the point")
                });
                Type::Error
            }
        }
    }
}

/// Types that Avro has not and Flow wrote beside one that holds them.
fn own(base: &str, node: &Node) -> Option<Type> {
    if let Some(values) = node.get("flow.values").and_then(Node::list)
        && base == "string"
    {
        let texts: Option<Vec<String>> = values.iter().map(|value| value.text().map(str::to_owned)).collect();
        return texts.filter(|texts| !texts.is_empty()).map(Type::literals);
    }
    match (base, node.get("flow.type")?.text()?) {
        ("long", "Duration") => Some(Type::Duration),
        ("long", "Size") => Some(Type::Size),
        ("double", "Share") => Some(Type::Share),
        ("string", "Json") => Some(Type::Json),
        ("string", "Arn") => Some(Type::Arn),
        _ => None,
    }
}

/// Logical types of Avro that Flow has no type for: what they are, why not, what to write.
fn unfit(name: &str) -> Option<(&'static str, &'static str, &'static str)> {
    let instead = "write `{ \"type\": \"long\", \"logicalType\": \"timestamp-micros\" }` for instants in UTC, or leave `logicalType` out to read the number";
    Some(match name {
        "time-millis" | "time-micros" => (
            "a time of day, which Flow has no type for",
            "a `Timestamp` is an instant, with its day",
            "leave `logicalType` out to read the number since midnight as an `Int`, or write a timestamp",
        ),
        "timestamp-nanos" => ("a time in nanoseconds", "a `Timestamp` of Flow has microseconds: the rest would be lost", instead),
        "local-timestamp-millis" | "local-timestamp-micros" | "local-timestamp-nanos" => {
            ("a time without a zone", "a `Timestamp` of Flow is an instant in UTC: which one is meant cannot be known", instead)
        }
        "duration" => (
            "a duration of months, days and milliseconds",
            "a `Duration` of Flow has one length, and a month has several",
            "write a `long` with the length in a unit of your choice, or leave `logicalType` out to read `Bytes`",
        ),
        "big-decimal" => (
            "a decimal whose scale differs from value to value",
            "a `Decimal` of Flow has one precision and one scale",
            "write `{ \"type\": \"bytes\", \"logicalType\": \"decimal\", \"precision\": 18, \"scale\": 2 }`",
        ),
        _ => return None,
    })
}

/// A case of a union, for messages.
fn shown(node: &Node) -> String {
    match &node.kind {
        Kind::Text(name) => name.clone(),
        Kind::Object(_) => match (node.get("logicalType"), node.get("name"), node.get("type")) {
            (Some(logical), ..) => logical.text().unwrap_or("?").to_owned(),
            (None, Some(name), _) => name.text().unwrap_or("?").to_owned(),
            (None, None, Some(ty)) => ty.text().unwrap_or("?").to_owned(),
            (None, None, None) => "?".to_owned(),
        },
        _ => node.what().to_owned(),
    }
}

/// `` `a`, `b` and `c` ``.
fn listed(names: &[String]) -> String {
    crate::suggest::listed(names.iter().map(String::as_str))
}
