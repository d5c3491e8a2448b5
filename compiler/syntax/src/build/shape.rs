//! Types and schemas.

use super::Builder;
use crate::ast::{Check, RecordField, SchemaField, SchemaFile, SchemaItem, TypeExpr, TypeItem, TypeKind};
use crate::grammar::{Node, Parts, Rule};
use flow_diagnostics::{codes, Diagnostic};

impl Builder<'_> {
    /// A type: terms joined by `|`, and `?` at its end. In `type_union` there may be cases and their comments.
    pub(super) fn ty(&mut self, node: Node<'_>) -> Option<TypeExpr> {
        let span = self.span(&node);
        self.deeper(1, span, |builder| {
            let mut terms = Vec::new();
            let mut optional = false;
            let mut doc = None;
            for part in Parts::of(node) {
                match part.as_rule() {
                    Rule::optional => optional = true,
                    Rule::doc => doc = Some(part),
                    Rule::union_case => terms.push(builder.union_case(doc.take(), part)?),
                    _ => {
                        if let Some(doc) = doc.take() {
                            builder.no_place_for_doc(&doc);
                        }
                        terms.push(builder.type_term(part)?);
                    }
                }
            }
            let bare = if terms.len() == 1 {
                terms.pop()?
            } else {
                let first = terms.first()?.span;
                let whole = first.to(terms.last()?.span);
                TypeExpr { kind: TypeKind::Union(terms), span: whole }
            };
            Some(if optional { TypeExpr { kind: TypeKind::Optional(Box::new(bare)), span } } else { bare })
        })
    }

    /// `/// …` above a term that declares nothing.
    fn no_place_for_doc(&mut self, doc: &Node<'_>) {
        let span = self.span(doc);
        self.report(
            Diagnostic::new(codes::STRAY_DOC, "this doc comment documents nothing")
                .primary(span, "what follows is declared elsewhere")
                .help("write `//` for a comment"),
        );
    }

    fn union_case(&mut self, doc: Option<Node<'_>>, node: Node<'_>) -> Option<TypeExpr> {
        let span = self.span(&node);
        let mut parts = Parts::of(node);
        let name = self.name(parts.next()?);
        let fields = Parts::of(parts.next()?).map(|field| self.record_field(field)).collect::<Option<_>>()?;
        Some(TypeExpr { kind: TypeKind::Case { doc: self.doc(doc), name, fields }, span })
    }

    fn type_term(&mut self, node: Node<'_>) -> Option<TypeExpr> {
        let span = self.span(&node);
        let kind = match node.as_rule() {
            // In parentheses.
            Rule::type_expr => return self.ty(node),
            Rule::list_type => TypeKind::List(Box::new(self.ty(Parts::of(node).next()?)?)),
            Rule::text => TypeKind::Literal(self.plain_text(node, "a text that is a type")?),
            Rule::record_type => {
                TypeKind::Record(Parts::of(node).map(|field| self.record_field(field)).collect::<Option<_>>()?)
            }
            Rule::named_type => {
                let mut parts = Parts::of(node);
                let path = self.path(parts.next()?);
                let arguments = match parts.when(Rule::type_arguments) {
                    Some(list) => Parts::of(list).map(|ty| self.ty(ty)).collect::<Option<_>>()?,
                    None => Vec::new(),
                };
                let numbers = match parts.when(Rule::type_numbers) {
                    Some(list) => Parts::of(list).map(|number| self.type_number(number)).collect::<Option<_>>()?,
                    None => Vec::new(),
                };
                TypeKind::Named { path, arguments, numbers }
            }
            _ => return None,
        };
        Some(TypeExpr { kind, span })
    }

    fn type_number(&mut self, node: Node<'_>) -> Option<i64> {
        let digits: String = node.as_str().chars().filter(|digit| *digit != '_').collect();
        let number = digits.parse().ok();
        if number.is_none() {
            let span = self.span(&node);
            self.report(
                Diagnostic::new(codes::NUMBER_OUT_OF_RANGE, format!("`{}` is no whole number that fits here", node.as_str()))
                    .primary(span, "in a type")
                    .help("write a whole number, as in `Decimal(10, 2)`"),
            );
            return Some(0);
        }
        number
    }

    fn record_field(&mut self, node: Node<'_>) -> Option<RecordField> {
        let mut parts = Parts::of(node);
        let doc = parts.when(Rule::doc);
        Some(RecordField { doc: self.doc(doc), name: self.field_name(parts.next()?)?, ty: self.ty(parts.next()?)? })
    }

    pub(super) fn schema(&mut self, mut parts: Parts<'_>) -> Option<SchemaItem> {
        let name = self.name(parts.next()?);
        let generics = self.generics(&mut parts);
        let from = match parts.when(Rule::schema_file).and_then(|file| Parts::of(file).next()) {
            Some(text) => {
                let span = self.span(&text);
                Some(SchemaFile { path: self.plain_text(text, "the path of a file")?, span })
            }
            None => None,
        };
        let mut fields = Vec::new();
        let mut checks = Vec::new();
        let mut redactions = Vec::new();
        for part in parts {
            match part.as_rule() {
                Rule::check => checks.push(self.check(part)?),
                Rule::redaction => redactions.push(self.check(part)?),
                _ => fields.push(self.schema_field(part)?),
            }
        }
        Some(SchemaItem { name, generics, from, fields, checks, redactions })
    }

    fn schema_field(&mut self, node: Node<'_>) -> Option<SchemaField> {
        let whole = self.span(&node);
        let mut parts = Parts::of(node);
        let doc = parts.when(Rule::doc);
        let doc = self.doc(doc);
        let name = self.name(parts.next()?);
        let ty = self.ty(parts.next()?)?;
        let mut attributes = Vec::new();
        let mut checks = Vec::new();
        for part in parts {
            if part.as_rule() == Rule::check {
                checks.push(self.check(part)?);
            } else {
                attributes.push(self.attribute(part)?);
            }
        }
        let span = whole.from(name.span);
        Some(SchemaField { doc, name, ty, attributes, checks, span })
    }

    pub(super) fn type_item(&mut self, mut parts: Parts<'_>) -> Option<TypeItem> {
        let name = self.name(parts.next()?);
        let ty = match parts.when(Rule::type_union) {
            Some(ty) => Some(self.ty(ty)?),
            None => None,
        };
        let checks = parts.map(|check| self.check(check)).collect::<Option<_>>()?;
        Some(TypeItem { name, ty, checks })
    }

    pub(super) fn check(&mut self, node: Node<'_>) -> Option<Check> {
        let span = self.span(&node);
        Some(Check { condition: self.expr(Parts::of(node).next()?)?, span })
    }
}
