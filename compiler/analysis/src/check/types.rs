//! Types as written, resolved.

use super::Checker;
use crate::program::{ChannelKind, SchemaId, Type};
use crate::resolve::Def;
use crate::suggest::nearest;
use flow_diagnostics::{codes, Diagnostic};
use flow_syntax::ast::{ItemKind, Path, TypeExpr, TypeKind};

/// Types that need no declaration, with the number of types in `<…>`.
const BUILT_IN: &[&str] = &[
    "Bool", "Int", "Float", "Decimal", "String", "Bytes", "Date", "Timestamp", "Duration", "Size", "Share", "Json",
    "Arn", "Map", "Table", "Queue", "Stream", "Topic", "Bus", "TableRef", "Target", "Partitions", "Secret", "Task",
];

impl<'a> Checker<'a> {
    /// A type as written. `generics` are the names that stand for any type.
    pub fn ty(&mut self, ty: &'a TypeExpr, module: usize, generics: &[String]) -> Type {
        match &ty.kind {
            TypeKind::Optional(inner) => self.ty(inner, module, generics).optional(),
            TypeKind::List(inner) => Type::List(Box::new(self.ty(inner, module, generics))),
            TypeKind::Record(fields) => {
                let mut list: Vec<(String, Type)> = Vec::new();
                for field in fields {
                    let field_ty = self.ty(&field.ty, module, generics);
                    if let Some(first) = fields.iter().find(|other| other.name.text == field.name.text)
                        && first.name.span.key() != field.name.span.key()
                    {
                        crate::resolve::duplicate(&field.name, first.name.span, self.diagnostics);
                        continue;
                    }
                    list.push((field.name.text.clone(), field_ty));
                }
                Type::record(list)
            }
            TypeKind::Case { name, .. } => {
                self.report(
                    Diagnostic::new(codes::BAD_TYPE, "a case with fields stands in a `type` of its own")
                        .primary(name.span, "")
                        .help(format!("write `type {} = {{ … }}`, or a union of several cases", name.text)),
                );
                Type::Error
            }
            TypeKind::Literal(text) => Type::literals(vec![text.clone()]),
            TypeKind::Union(cases) => {
                let mut list = Vec::new();
                let mut optional = false;
                for case in cases {
                    match self.ty(case, module, generics) {
                        Type::Literals(texts) => list.extend(texts.iter().cloned()),
                        Type::Optional(inner) if matches!(*inner, Type::Literals(_)) => {
                            optional = true;
                            if let Type::Literals(texts) = *inner {
                                list.extend(texts.iter().cloned());
                            }
                        }
                        Type::Error => return Type::Error,
                        other => {
                            let shown = self.show(&other);
                            self.report(
                                Diagnostic::new(codes::BAD_TYPE, format!("`{shown}` cannot be a case of a union"))
                                    .primary(case.span, "not a text")
                                    .note("the cases of a union are texts, so that each can be told from the others")
                                    .help("write texts: `\"a\" | \"b\"`")
                                    .help("or a `type` whose cases are all records: `type Event = Created { … } | Deleted { … }`"),
                            );
                            return Type::Error;
                        }
                    }
                }
                if optional { Type::literals(list).optional() } else { Type::literals(list) }
            }
            TypeKind::Named { path, arguments, numbers } => {
                self.named_type(ty, path, arguments, numbers, module, generics)
            }
        }
    }

    fn named_type(
        &mut self,
        whole: &'a TypeExpr,
        path: &'a Path,
        arguments: &'a [TypeExpr],
        numbers: &[i64],
        module: usize,
        generics: &[String],
    ) -> Type {
        let (qualifier, name) = match path.segments.as_slice() {
            [name] => (None, name),
            [qualifier, name] => (Some(qualifier), name),
            _ => return self.unknown_type(path, module, None),
        };
        if qualifier.is_none() && generics.contains(&name.text) {
            return Type::Generic(name.text.clone());
        }
        if let Some(case) = self.of_case.as_ref().filter(|case| qualifier.is_none() && case.variable == name.text) {
            return Type::Row(case.schema);
        }
        let def = match qualifier {
            None => self.names.type_named(module, &name.text),
            Some(qualifier) => {
                let Some(target) =
                    self.names.module(module).and_then(|names| names.modules.get(&qualifier.text)).copied()
                else {
                    self.unknown_module(qualifier, module);
                    return Type::Error;
                };
                let def = self.names.module(target).and_then(|names| names.types.get(&name.text)).copied();
                if def.is_none() {
                    return self.unknown_type(path, target, Some(target));
                }
                def
            }
        };
        if let Some(def) = def
            && let ItemKind::Schema(item) = &def.item.kind
            && !item.generics.is_empty()
        {
            if !self.argument_count(whole, &path.text(), arguments, item.generics.len()) {
                return Type::Error;
            }
            let arguments: Vec<Type> = arguments.iter().map(|argument| self.ty(argument, module, generics)).collect();
            return self.schema_instance(def, arguments).map_or(Type::Error, Type::Row);
        }
        if let Some(def) = def {
            let given = self.argument_count(whole, &path.text(), arguments, 0);
            return if given { self.declared_type(def) } else { Type::Error };
        }
        let text = name.text.as_str();
        let channel = ChannelKind::ALL.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
        let wanted = usize::from(channel.is_some() || matches!(text, "Map" | "Table" | "Secret"));
        if BUILT_IN.contains(&text) && !self.argument_count(whole, text, arguments, wanted) {
            return Type::Error;
        }
        match text {
            "Bool" => Type::Bool,
            "Int" => Type::Int,
            "Float" => Type::Float,
            "String" => Type::String,
            "Bytes" => Type::Bytes,
            "Date" => Type::Date,
            "Timestamp" => Type::Timestamp,
            "Duration" => Type::Duration,
            "Size" => Type::Size,
            "Share" => Type::Share,
            "Json" => Type::Json,
            "Arn" => Type::Arn,
            "TableRef" => Type::TableRef,
            "Target" => Type::Target,
            "Partitions" => Type::Partitions,
            "Task" => Type::Task,
            "Decimal" => match numbers {
                [precision, scale] if (1..=38).contains(precision) && (0..=*precision).contains(scale) => {
                    match (u8::try_from(*precision), u8::try_from(*scale)) {
                        (Ok(precision), Ok(scale)) => Type::Decimal(precision, scale),
                        _ => Type::Error,
                    }
                }
                _ => {
                    self.report(
                        Diagnostic::new(codes::BAD_TYPE, "a `Decimal` has 1 to 38 digits, and a scale within them")
                            .primary(whole.span, "")
                            .help("write `Decimal(10, 2)` for ten digits, two of them after the point"),
                    );
                    Type::Error
                }
            },
            "Map" | "Secret" => {
                let inner = arguments.first().map_or(Type::Error, |inner| self.ty(inner, module, generics));
                if text == "Map" { Type::Map(Box::new(inner)) } else { Type::Secret(Box::new(inner)) }
            }
            "Table" => self.rows_of(arguments, module, generics, "table").map_or(Type::Error, Type::Table),
            _ if channel.is_some() => match channel {
                Some(kind) => self
                    .rows_of(arguments, module, generics, kind.noun())
                    .map_or(Type::Error, |schema| Type::Channel(kind, schema)),
                None => Type::Error,
            },
            _ => self.unknown_type(path, module, None),
        }
    }

    /// The schema of the rows of a table, queue or stream: `T` of `Table<T>`.
    fn rows_of(&mut self, arguments: &'a [TypeExpr], module: usize, generics: &[String], of: &str) -> Option<SchemaId> {
        let inner = arguments.first()?;
        match self.ty(inner, module, generics) {
            Type::Row(id) => Some(id),
            Type::Nominal { name, .. } if self.unions.contains_key(&name) => self.union_rows(&name),
            Type::Error => None,
            other => {
                let shown = self.show(&other);
                self.report(
                    Diagnostic::new(codes::BAD_TYPE, format!("a {of} has rows of a schema, not of `{shown}`"))
                        .primary(inner.span, "not a schema")
                        .help("declare a `schema` and name it here"),
                );
                None
            }
        }
    }

    fn argument_count(&mut self, whole: &TypeExpr, name: &str, arguments: &[TypeExpr], wanted: usize) -> bool {
        if arguments.len() == wanted {
            return true;
        }
        let message = if wanted == 0 {
            format!("`{name}` takes no types in `< >`")
        } else {
            format!("`{name}` takes {wanted} type in `< >`, {} given", arguments.len())
        };
        let example = match name {
            "Table" => "write `Table<Encounter>`",
            "Queue" => "write `Queue<Order>`",
            "Stream" => "write `Stream<Order>`",
            "Topic" => "write `Topic<Order>`",
            "Bus" => "write `Bus<Order>`",
            "Change" => "write `Change<Order>`, with the schema of the table's rows",
            _ if wanted > 0 => "write a type for each parameter of the schema",
            "Map" => "write `Map<String>`",
            "Secret" => "write `Secret<{ password: String }>`",
            _ => "leave `< >` out",
        };
        self.report(Diagnostic::new(codes::BAD_TYPE, message).primary(whole.span, "").help(example));
        false
    }

    pub fn unknown_type(&mut self, path: &Path, module: usize, only: Option<usize>) -> Type {
        if let [name] = path.segments.as_slice()
            && self.names.is_broken(module, &name.text)
        {
            return Type::Error;
        }
        let text = path.text();
        let last = path.segments.last();
        let word = last.map_or("", |name| name.text.as_str());
        let mut diagnostic = Diagnostic::new(codes::UNKNOWN_TYPE, format!("there is no type `{text}`"))
            .primary(last.map_or(path.span, |name| name.span), "not found");
        let known: Vec<&str> = match only {
            Some(only) => {
                self.names.module(only).map(|names| names.types.keys().map(String::as_str).collect()).unwrap_or_default()
            }
            None => self.names.type_names(module).chain(BUILT_IN.iter().copied()).collect(),
        };
        diagnostic = match (nearest(word, known.iter().copied()), alias(word)) {
            (_, Some(alias)) if only.is_none() => diagnostic
                .help(format!("Flow calls it `{alias}`"))
                .fix(format!("write `{alias}`"), path.span, alias),
            (Some(near), _) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), last.map_or(path.span, |name| name.span), near),
            (None, _) => diagnostic.help(format!("declare it with `type {word} = …` or `schema {word} {{ … }}`")),
        };
        self.report(diagnostic);
        Type::Error
    }

    /// The type that a `type` or `schema` item declares.
    pub fn declared_type(&mut self, def: Def<'a>) -> Type {
        match &def.item.kind {
            ItemKind::Schema(_) => match self.schema(def) {
                Some(id) => Type::Row(id),
                None => Type::Error,
            },
            ItemKind::Type(item) => {
                if let Some(ty) = self.types.get(&def.key()) {
                    return ty.clone();
                }
                let prelude = self.names.prelude.contains(&def.module);
                if !self.open.insert(def.key()) {
                    self.report_circle(def);
                    self.types.insert(def.key(), Type::Error);
                    return Type::Error;
                }
                let base = match &item.ty {
                    Some(ty) if self.is_tagged(ty, def.module) => self.tagged_union(def, ty, &item.name),
                    Some(ty) => {
                        self.no_tag(def);
                        self.ty(ty, def.module, &[])
                    }
                    None => Type::Json,
                };
                self.open.remove(&def.key());
                if let Some(known) = self.types.get(&def.key()) {
                    return known.clone();
                }
                let name = match self.names.module(def.module) {
                    Some(names) if names.is_library() && !prelude => {
                        format!("{}.{}", names.short(), item.name.text)
                    }
                    _ => item.name.text.clone(),
                };
                let ty = if matches!(base, Type::Error) {
                    Type::Error
                } else if prelude && name == "Location" {
                    // A table's name fits it as well, so it is a type of its own; its fields are the base's.
                    self.types.insert(def.key(), Type::Location);
                    self.location_fields = base;
                    return Type::Location;
                } else {
                    Type::Nominal { name: name.clone(), base: base.into() }
                };
                self.nominals.entry(name).or_insert(def);
                self.types.insert(def.key(), ty.clone());
                ty
            }
            _ => Type::Error,
        }
    }

    /// A type of the prelude, by its name.
    pub fn prelude_type(&mut self, name: &str) -> Type {
        let found = self
            .names
            .prelude
            .iter()
            .find_map(|module| self.names.module(*module).and_then(|names| names.types.get(name)).copied());
        found.map_or(Type::Error, |def| self.declared_type(def))
    }

    /// The schemas of a row type or a table.
    pub fn row_schema(ty: &Type) -> Option<SchemaId> {
        match ty {
            Type::Table(id) | Type::Row(id) | Type::Channel(_, id) => Some(*id),
            _ => None,
        }
    }
}

/// Names that other languages use.
fn alias(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "string" | "str" | "text" | "varchar" => "String",
        "int" | "integer" | "long" | "bigint" | "int64" | "number" => "Int",
        "float" | "double" | "real" | "float64" => "Float",
        "bool" | "boolean" => "Bool",
        "datetime" | "instant" => "Timestamp",
        "date" => "Date",
        "timestamp" => "Timestamp",
        "numeric" => "Decimal(18, 2)",
        "list" | "array" => "[String]",
        _ => return None,
    })
}
