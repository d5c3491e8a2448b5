//! Values of attributes of the provider: its types as Flow's, and units of numbers.

use super::provider::BodyOf;
use super::{Because, Checker, Scope};
use crate::program::{Binary, Entry, Expr, ExprKind, Stage, Type, Value};
use crate::provider::{Attribute, Mode, Need, Shape, ValueType};
use flow_diagnostics::{Diagnostic, codes};
use flow_syntax::ast;

/// How deep the shape of a block is told to who reads it whole; below that it is `Json`.
const DEPTH: usize = 3;

/// How a number of a unit is read off an attribute's name: microseconds, or bytes.
const UNITS: &[(&str, i64, Unit)] = &[
    ("milliseconds", 1_000, Unit::Time),
    ("millis", 1_000, Unit::Time),
    ("ms", 1_000, Unit::Time),
    ("seconds", 1_000_000, Unit::Time),
    ("minutes", 60_000_000, Unit::Time),
    ("mins", 60_000_000, Unit::Time),
    ("hours", 3_600_000_000, Unit::Time),
    ("days", 86_400_000_000, Unit::Time),
    ("kb", 1 << 10, Unit::Bytes),
    ("kib", 1 << 10, Unit::Bytes),
    ("mb", 1 << 20, Unit::Bytes),
    ("mbs", 1 << 20, Unit::Bytes),
    ("mib", 1 << 20, Unit::Bytes),
    ("megabytes", 1 << 20, Unit::Bytes),
    ("gb", 1 << 30, Unit::Bytes),
    ("gbs", 1 << 30, Unit::Bytes),
    ("gib", 1 << 30, Unit::Bytes),
];

/// Attributes whose names do not say that they count megabytes or gigabytes.
const SIZES: &[(&str, i64)] =
    &[("memory_size", 1 << 20), ("allocated_storage", 1 << 30), ("max_allocated_storage", 1 << 30), ("volume_size", 1 << 30)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Time,
    Bytes,
}

/// What is given may be any text where what is read is an ARN: the provider asks no more.
fn any_text(ty: Type) -> Type {
    match ty {
        Type::Arn => Type::String,
        Type::List(inner) => Type::List(Box::new(any_text(*inner))),
        Type::Map(inner) => Type::Map(Box::new(any_text(*inner))),
        Type::Optional(inner) => Type::Optional(Box::new(any_text(*inner))),
        Type::Record(fields) => Type::Record(fields.iter().map(|(name, ty)| (name.clone(), any_text(ty.clone()))).collect()),
        other => other,
    }
}

impl<'a> Checker<'a> {
    /// The value that a body gives an attribute.
    pub(super) fn attribute_value(
        &mut self,
        of: &BodyOf,
        field: &'a ast::Field,
        attribute: &Attribute,
        scope: &Scope,
    ) -> Expr {
        let want = any_text(self.type_of_value(&attribute.ty, &field.name.text, 0));
        let value = self.expr(&field.value, scope, Some(&want));
        if value.is_error() {
            return value;
        }
        let span = field.value.span;
        let required = attribute.need == Need::Required;
        let of_number = matches!(attribute.ty, ValueType::Number);
        let given = value.ty.required().base().required().base().clone();
        let other = match (&attribute.ty, &given) {
            // A value of which nothing is known.
            (_, Type::Json) => return value,
            (ValueType::String, Type::Date | Type::Timestamp) => true,
            (ValueType::Number, Type::Float | Type::Decimal(..) | Type::Share | Type::Size | Type::Duration) => true,
            _ => false,
        };
        let because =
            Because::new(field.name.span, format!("in {} the provider has a `{}`", of.title, attribute.ty.text()));
        if other {
            let value = match required {
                true => match self.required(value, span, &format!("as `{}`", field.name.text)) {
                    Some(value) => value,
                    None => return Expr::error(span),
                },
                false => value,
            };
            return if of_number { self.in_units(value, field) } else { value };
        }
        // Its own type says whether it may be `none`: what reads the attribute asks.
        let may_lack = value.ty.is_optional() || value.ty.base().is_optional();
        let want = if required || !may_lack { want } else { want.optional() };
        self.fit(value, &want, span, Some(because))
    }

    /// A duration or a size as the number that the attribute counts.
    fn in_units(&mut self, value: Expr, field: &ast::Field) -> Expr {
        let name = field.name.text.as_str();
        let unit = match value.ty.required().base() {
            Type::Duration => Unit::Time,
            Type::Size => Unit::Bytes,
            _ => return value,
        };
        let default = if unit == Unit::Time { 1_000_000 } else { 1 };
        let last = name.rsplit('_').next().unwrap_or_default();
        let named = UNITS.iter().find(|(suffix, _, of)| *suffix == last && *of == unit).map(|(_, per, _)| *per);
        let known = SIZES.iter().find(|(known, _)| unit == Unit::Bytes && *known == name).map(|(_, per)| *per);
        let per = named.or(known).unwrap_or(default);
        let count = match value.constant() {
            Some(Value::Duration(count) | Value::Size(count)) => *count,
            _ if per == default => return value,
            _ => {
                // A parameter travels in seconds or bytes.
                let (stage, span, ty) = (value.stage, value.span, value.ty.clone());
                let divisor = Expr::int(per / default, span);
                let kind = ExprKind::Binary(Binary::Divide, Box::new(value), Box::new(divisor));
                return Expr { kind, ty, stage, span };
            }
        };
        if per != default && count % per != 0 {
            let written = self.files.slice(field.value.span).to_owned();
            return self.fail(
                field.value.span,
                Diagnostic::new(codes::TYPE_MISMATCH, format!("`{name}` counts whole {last}, and `{written}` is between two"))
                    .primary(field.value.span, "")
                    .help("write a whole number of them"),
            );
        }
        match per == default {
            true => value,
            false => Expr::int(count / per, value.span),
        }
    }

    /// A type of the provider as one of Flow. `name` is the attribute's: that of an ARN says so.
    pub(super) fn type_of_value(&self, ty: &ValueType, name: &str, depth: usize) -> Type {
        let inner = |ty: &ValueType| Box::new(self.type_of_value(ty, "", depth + 1));
        match ty {
            ValueType::String if name == "arn" || name.ends_with("_arn") => Type::Arn,
            ValueType::String => Type::String,
            ValueType::Number => Type::Int,
            ValueType::Bool => Type::Bool,
            ValueType::Any => Type::Json,
            ValueType::List(element) | ValueType::Set(element) => Type::List(inner(element)),
            ValueType::Map(element) => Type::Map(inner(element)),
            ValueType::Object(shape) => self.type_of_shape(*shape, depth),
        }
    }

    /// What a reader of a block or of an object finds.
    pub(super) fn type_of_shape(&self, shape: Shape, depth: usize) -> Type {
        if depth > DEPTH {
            return Type::Json;
        }
        let attributes = shape.attributes().map(|attribute| {
            let ty = self.type_of_value(&attribute.ty, attribute.name, depth);
            let ty = if attribute.need == Need::Optional { ty.optional() } else { ty };
            (attribute.name.to_owned(), ty)
        });
        let blocks = shape.blocks().map(|block| {
            let inner = self.type_of_shape(block.shape, depth + 1);
            let ty = match block.mode {
                Mode::List | Mode::Set => Type::List(Box::new(inner)),
                Mode::Map => Type::Map(Box::new(inner)),
                Mode::Single => inner.optional(),
            };
            (block.name.to_owned(), ty)
        });
        Type::Record(attributes.chain(blocks).collect())
    }

    /// `depends_on = [queue, topic]`: resources, by name.
    pub(super) fn depends_on(&mut self, field: &'a ast::Field, scope: &Scope) -> Option<Entry> {
        let mut list = Vec::new();
        let elements = match &field.value.kind {
            ast::ExprKind::List(elements) => elements.as_slice(),
            _ => {
                self.not_resources(field.value.span);
                return None;
            }
        };
        for element in elements {
            let found = match element {
                ast::ListElement::Expr(value) => match self.resource_of(value, scope) {
                    Some(id) => Some(id),
                    None => {
                        self.not_resources(value.span);
                        None
                    }
                },
                ast::ListElement::Typed(name, _) => {
                    self.not_resources(name.span);
                    None
                }
            };
            list.extend(found);
        }
        Some(Entry::DependsOn(list))
    }

    fn not_resources(&mut self, span: flow_diagnostics::Span) {
        self.report(
            Diagnostic::new(codes::TYPE_MISMATCH, "`depends_on` is a list of resources of the provider")
                .primary(span, "no resource")
                .help("write their names: `depends_on = [topic, policy]`"),
        );
    }

    /// `lifecycle { … }`: how Terraform changes the resource.
    pub(super) fn lifecycle(&mut self, body: &'a [ast::Entry], scope: &Scope, shape: Option<Shape>) -> Vec<Entry> {
        const KNOWN: &[&str] = &["create_before_destroy", "prevent_destroy", "ignore_changes"];
        let mut list = Vec::new();
        for entry in body {
            let field = match entry {
                ast::Entry::Field(field) => field,
                ast::Entry::Block { name, span, .. } => {
                    self.report(
                        Diagnostic::new(codes::UNKNOWN_SETTING, format!("`lifecycle` has no block `{}`", name.text))
                            .primary(*span, "")
                            .help("what must hold of values is said by the checks of a `type`"),
                    );
                    continue;
                }
            };
            let because = Because::new(field.name.span, "Terraform reads it before anything is known but constants");
            match field.name.text.as_str() {
                name @ ("create_before_destroy" | "prevent_destroy") => {
                    let value = self.check(&field.value, scope, &Type::Bool, None);
                    self.stage(&value, Stage::Const, because);
                    list.push(Entry::Attribute(name.to_owned(), value));
                }
                "ignore_changes" => {
                    let texts = self.check(&field.value, scope, &Type::List(Box::new(Type::String)), None);
                    self.stage(&texts, Stage::Const, because);
                    let names: Vec<String> = texts.elements().iter().filter_map(|text| text.text().map(str::to_owned)).collect();
                    for (name, value) in names.iter().zip(texts.elements()) {
                        let known = shape.is_none_or(|shape| shape.attribute(name).is_some() || shape.block(name).is_some());
                        if name != "all" && !known {
                            self.report(
                                Diagnostic::new(codes::UNKNOWN_ATTRIBUTE, format!("there is no attribute or block `{name}` to ignore"))
                                    .primary(value.span, "not found")
                                    .help("write names of attributes, or `[\"all\"]`"),
                            );
                        }
                    }
                    list.push(Entry::IgnoreChanges(names));
                }
                _ => self.unknown_setting(field, "`lifecycle`", KNOWN),
            }
        }
        list
    }
}
