//! Schemas: fields, and the checks that every record passes.

use crate::avro::{self, AvroSchema};
use crate::check::{Because, Checker, Local, RowPlace, Scope, Substitution, substitute};
use crate::check::display::is_plain_name;
use crate::files_used::schema_file;
use crate::program::{Check, Expr, ExprKind, Schema, SchemaField, SchemaId, Stage, Type};
use crate::resolve::{duplicate, Def};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ItemKind, SchemaFile, SchemaItem};

/// Attributes that a field may have.
const ATTRIBUTES: &[&str] = &["key", "pii"];

impl<'a> Checker<'a> {
    /// The schema that an item declares; none of one with parameters, which is many.
    pub fn schema(&mut self, def: Def<'a>) -> Option<SchemaId> {
        if let Some(id) = self.schemas.get(&def.key()) {
            return Some(*id);
        }
        let ItemKind::Schema(item) = &def.item.kind else { return None };
        if !item.generics.is_empty() {
            return None;
        }
        let name = item.name.text.clone();
        self.declared_schema(def, item, name, &Substitution::new(), |checker, id| {
            checker.schemas.insert(def.key(), id);
        })
    }

    /// `Change<Order>`: the schema of an item with parameters, for types that stand for them.
    pub fn schema_instance(&mut self, def: Def<'a>, arguments: Vec<Type>) -> Option<SchemaId> {
        let ItemKind::Schema(item) = &def.item.kind else { return None };
        if arguments.iter().any(|argument| matches!(argument, Type::Error)) {
            return None;
        }
        let key = (def.key(), arguments);
        if let Some(id) = self.instances.get(&key) {
            return Some(*id);
        }
        let names = key.1.iter().map(|argument| word(&self.show(argument)));
        let name = std::iter::once(item.name.text.clone()).chain(names).collect::<Vec<_>>().join("_");
        let substitution =
            item.generics.iter().map(|generic| generic.text.clone()).zip(key.1.iter().cloned()).collect();
        self.declared_schema(def, item, name, &substitution, |checker, id| {
            checker.instances.insert(key, id);
        })
    }

    /// Adds a schema to the program. `known` makes its id known before its fields are looked at.
    fn declared_schema(
        &mut self,
        def: Def<'a>,
        item: &'a SchemaItem,
        name: String,
        substitution: &Substitution,
        known: impl FnOnce(&mut Self, SchemaId),
    ) -> Option<SchemaId> {
        if self.unread.contains(&def.key()) {
            return None;
        }
        let read = match &item.from {
            Some(file) => match self.schema_of_file(file, item) {
                Some(read) => Some(read),
                None => {
                    self.unread.insert(def.key());
                    return None;
                }
            },
            None => None,
        };
        // The id exists before the fields, so that a record may hold records of another schema.
        let id = SchemaId(u32::try_from(self.program.schemas.len()).unwrap_or(u32::MAX));
        known(self, id);
        self.program.schemas.push(Schema {
            name,
            doc: def.item.doc.clone().or_else(|| read.as_ref().and_then(|read| read.doc.clone())),
            fields: Vec::new(),
            checks: Vec::new(),
            redactions: Vec::new(),
            span: item.name.span,
        });
        self.open_schemas.push(id);
        let fields = match read {
            Some(read) => self.fields_of_file(read.fields, item, def),
            None => self.schema_fields(item, def, substitution),
        };
        self.open_schemas.pop();
        if let Some(schema) = self.program.schemas.get_mut(id.0 as usize) {
            schema.fields.clone_from(&fields);
        }
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let mut checks = self.schema_checks(item, &fields, def.module);
        for field in &fields {
            checks.extend(self.column_checks(field));
            checks.extend(self.checks_of_type(field, field.ty.required()));
        }
        let redactions = self.redactions(item, &fields, def.module);
        self.cause = cause;
        if let Some(schema) = self.program.schemas.get_mut(id.0 as usize) {
            schema.checks = checks;
            schema.redactions = redactions;
        }
        Some(id)
    }

    fn schema_fields(&mut self, item: &'a SchemaItem, def: Def<'a>, substitution: &Substitution) -> Vec<SchemaField> {
        let generics: Vec<String> = substitution.keys().cloned().collect();
        let mut fields: Vec<SchemaField> = Vec::new();
        for field in &item.fields {
            if let Some(first) = fields.iter().find(|known| known.name == field.name.text) {
                duplicate(&field.name, first.span, self.diagnostics);
                continue;
            }
            let ty = substitute(&self.ty(&field.ty, def.module, &generics), substitution);
            let ty = self.column_type(ty, &field.ty);
            let (key, pii) = self.field_attributes(field);
            self.key_is_there(key, &field.name.text, &ty, field.ty.span);
            fields.push(SchemaField {
                name: field.name.text.clone(),
                ty,
                key,
                pii,
                doc: field.doc.clone(),
                default: None,
                span: field.name.span,
            });
        }
        fields
    }

    /// What the attributes of a field say: whether it is a key, whether it tells of a person.
    fn field_attributes(&mut self, field: &ast::SchemaField) -> (bool, bool) {
        for attribute in field.attributes.iter().map(|attribute| &attribute.name) {
            if !ATTRIBUTES.contains(&attribute.text.as_str()) {
                let diagnostic =
                    Diagnostic::new(codes::UNKNOWN_SETTING, format!("there is no attribute `@{}`", attribute.text))
                        .primary(attribute.span, "");
                let diagnostic = Self::suggest(diagnostic, &attribute.text, attribute.span, ATTRIBUTES, "there are");
                self.report(diagnostic);
            }
        }
        let says = |name: &str| field.attributes.iter().any(|attribute| attribute.name.text == name);
        (says("key"), says("pii"))
    }

    fn key_is_there(&mut self, key: bool, name: &str, ty: &Type, written: Span) {
        if key && ty.base().is_optional() {
            self.report(
                Diagnostic::new(codes::BAD_TYPE, format!("the key `{name}` may be `none`"))
                    .primary(written, "optional")
                    .note("a key tells one record from another, so every record has it")
                    .help("leave out the `?`"),
            );
        }
    }

    /// What the file of a schema says; `None` where it is not there, which is said already, or is no schema.
    fn schema_of_file(&mut self, file: &SchemaFile, item: &SchemaItem) -> Option<AvroSchema> {
        let id = schema_file(item.name.span.file, &file.path, self.files)?;
        avro::read(id, self.files.text(id), file.span, self.diagnostics)
    }

    /// The fields of a file, with what the block after it adds to some of them.
    fn fields_of_file(&mut self, mut fields: Vec<SchemaField>, item: &'a SchemaItem, def: Def<'a>) -> Vec<SchemaField> {
        let mut added: Vec<&ast::SchemaField> = Vec::new();
        for field in &item.fields {
            if let Some(first) = added.iter().find(|known| known.name.text == field.name.text) {
                duplicate(&field.name, first.name.span, self.diagnostics);
                continue;
            }
            added.push(field);
            let (key, pii) = self.field_attributes(field);
            let ty = self.ty(&field.ty, def.module, &[]);
            let known: Vec<String> = fields.iter().map(|known| known.name.clone()).collect();
            let Some(of_file) = fields.iter_mut().find(|known| known.name == field.name.text) else {
                let names: Vec<&str> = known.iter().map(String::as_str).collect();
                let diagnostic =
                    Diagnostic::new(codes::UNKNOWN_FIELD, format!("the schema's file has no field `{}`", field.name.text))
                        .primary(field.name.span, "")
                        .note("the fields are those of the file; the block adds attributes and checks to them");
                let diagnostic = Self::suggest(diagnostic, &field.name.text, field.name.span, &names, "there are");
                self.report(diagnostic);
                continue;
            };
            let (before, at) = (of_file.ty.clone(), of_file.span);
            if ty == before || ty.base() == before.base() {
                of_file.ty = ty;
            } else if !matches!(ty, Type::Error) && !matches!(before, Type::Error) {
                let (here, there) = (self.a(&ty), self.a(&before));
                let written = self.show(&before);
                self.diagnostics.push(
                    Diagnostic::new(codes::TYPE_MISMATCH, format!("`{}` is {here} here and {there} in the file", field.name.text))
                        .primary(field.ty.span, "not the file's type")
                        .secondary(at, "declared here")
                        .help(format!("write `{}: {written}`", field.name.text)),
                );
            }
            of_file.key |= key;
            of_file.pii |= pii;
            if field.doc.is_some() {
                of_file.doc.clone_from(&field.doc);
            }
        }
        for field in &fields {
            self.key_is_there(field.key, &field.name, &field.ty, field.span);
        }
        fields
    }

    /// A column's type holds data.
    pub fn column_type(&mut self, ty: Type, written: &ast::TypeExpr) -> Type {
        fn holds_data(ty: &Type, open: &[SchemaId]) -> bool {
            match ty {
                Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => holds_data(inner, open),
                Type::Nominal { base, .. } => holds_data(base, open),
                Type::Record(fields) => fields.iter().all(|(_, ty)| holds_data(ty, open)),
                Type::Row(id) => !open.contains(id),
                Type::Table(_) | Type::Channel(..) | Type::TableRef | Type::Target | Type::Location | Type::Partitions
                | Type::Secret(_) | Type::Task | Type::None | Type::Generic(_) => false,
                _ => true,
            }
        }
        if holds_data(&ty, &self.open_schemas) {
            let note = "Avro, Glue and the names of columns in SQL know letters, digits and `_`";
            return if self.plain_names(&ty, written.span, "a column", note) { ty } else { Type::Error };
        }
        let shown = self.show(&ty);
        let mut diagnostic =
            Diagnostic::new(codes::BAD_TYPE, format!("a `{shown}` cannot be a field of a schema"))
                .primary(written.span, "");
        diagnostic = match ty.required() {
            Type::Secret(_) => diagnostic.note("a secret's value never travels with data"),
            Type::Row(_) => diagnostic.note("a record cannot hold itself"),
            _ => diagnostic.note("a field holds data: a number, a text, a date, a list, a record …"),
        };
        self.report(diagnostic);
        Type::Error
    }

    /// Holds the names of fields inside a type against a place that cannot quote them; `false` after a report.
    pub fn plain_names(&mut self, ty: &Type, written: Span, place: &str, note: &str) -> bool {
        fn quoted(ty: &Type) -> Option<&str> {
            match ty {
                Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => quoted(inner),
                Type::Nominal { base, .. } => quoted(base),
                Type::Record(fields) => fields.iter().find_map(|(name, ty)| {
                    if is_plain_name(name) { quoted(ty) } else { Some(name.as_str()) }
                }),
                _ => None,
            }
        }
        let Some(name) = quoted(ty) else { return true };
        let diagnostic = Diagnostic::new(codes::QUOTED_FIELD, format!("{place} cannot have a field `\"{name}\"`"))
            .primary(written, "")
            .note(note.to_owned())
            .help("names in quotes are for records that travel as JSON: arguments, payloads, results of tasks");
        self.report(diagnostic);
        false
    }

    fn schema_checks(&mut self, item: &'a SchemaItem, fields: &[SchemaField], module: usize) -> Vec<Check> {
        let scope = row_scope(module, fields, RowPlace::Row);
        let mut checks = Vec::new();
        for field in &item.fields {
            for check in &field.checks {
                // `none` passes the checks of its field, as the row stage has it.
                let inner = scope.knowing(&std::iter::once(field.name.text.clone()).collect());
                checks.extend(self.row_check(check, Some(&field.name.text), &inner));
            }
        }
        for check in &item.checks {
            checks.extend(self.row_check(check, None, &scope));
        }
        checks
    }

    /// The checks that a field's type has by its name, the column in place of `value`; `none` passes them, as it does the
    /// field's own.
    fn checks_of_type(&mut self, field: &SchemaField, ty: &Type) -> Vec<Check> {
        let Type::Nominal { name, base } = ty else { return Vec::new() };
        let mut checks = self.checks_of_type(field, base.required());
        let Some(def) = self.nominals.get(name).copied() else { return checks };
        let ItemKind::Type(item) = &def.item.kind else { return checks };
        let mut scope = Scope { rows: RowPlace::Row, ..Scope::new(def.module) };
        let column = ExprKind::Column(field.name.clone());
        scope.declare("value", Local::Value(Expr::new(column, base.required().clone(), Stage::Row, field.span)));
        for check in &item.checks {
            let condition = self.condition(&check.condition, &scope, "of `check`");
            let because = Because::new(field.span, format!("a column of `{name}`: its checks are computed for each row"));
            self.row_stage(&condition, because);
            if !condition.is_error() && condition.stage != Stage::Const {
                let text = self.files.slice(check.condition.span).to_owned();
                checks.push(Check { field: Some(field.name.clone()), text, condition });
            }
        }
        checks
    }

    fn row_check(&mut self, check: &'a ast::Check, field: Option<&str>, scope: &Scope) -> Option<Check> {
        let condition = self.condition(&check.condition, scope, "of `check`");
        let because = Because::new(check.span, "a check is computed for each row");
        self.row_stage(&condition, because);
        if condition.is_error() {
            return None;
        }
        self.constant_check(&condition, check.condition.span, "no field in it", "compare a field of the schema");
        let text = self.files.slice(check.condition.span).to_owned();
        Some(Check { field: field.map(str::to_owned), text, condition })
    }
}

impl Checker<'_> {
    /// Refuses a check that no record decides.
    pub(super) fn constant_check(&mut self, condition: &Expr, place: Span, label: &str, help: &str) {
        if condition.is_error() || condition.stage != Stage::Const {
            return;
        }
        self.report(
            Diagnostic::new(codes::CONSTANT_CHECK, "this check is the same for every record")
                .primary(place, label)
                .help(help),
        );
    }
}

/// A scope in which columns are names.
pub(crate) fn row_scope(module: usize, columns: &[SchemaField], rows: RowPlace) -> Scope {
    let mut scope = Scope { rows, ..Scope::new(module) };
    for column in columns {
        let expr = Expr::new(ExprKind::Column(column.name.clone()), column.ty.clone(), Stage::Row, column.span);
        scope.declare(&column.name, Local::Value(expr));
    }
    scope
}

/// A type as part of a name: letters, digits and `_`.
fn word(shown: &str) -> String {
    shown.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>().trim_matches('_').to_owned()
}
