//! What there is one for each of: `resource NAME for k, v in MAP`, `setting for x in LIST { … }`.

use super::provider::BodyOf;
use super::{Because, Checker, Local, Scope};
use crate::program::{Each, Entry, Expr, ExprKind, Stage, Type};
use flow_diagnostics::{Diagnostic, codes};
use flow_syntax::ast::{self, Name, ResourceEach};

impl<'a> Checker<'a> {
    /// `for k, v in MAP` of a resource: over what, and its body's scope.
    pub(super) fn resource_each(&mut self, each: &'a ResourceEach, scope: &Scope) -> Option<(Each, Scope)> {
        let values = self.repeated(each, scope)?;
        let because = Because::new(each.first.span, "how many there are is known when the deployment is planned");
        // Of a map that is written out the keys are known, whatever the values are.
        let written = matches!(values.kind, ExprKind::Record(_));
        if !self.stage(&values, if written { Stage::Apply } else { Stage::Plan }, because) {
            return None;
        }
        let value = element_type(&values.ty)?;
        if let (Type::List(_), false) = (values.ty.base(), matches!(value.base(), Type::String | Type::Literals(_) | Type::Arn)) {
            let shown = self.show(&values.ty);
            self.report(
                Diagnostic::new(codes::TYPE_MISMATCH, "a resource is made for each text of a list, or each entry of a map")
                    .primary(each.values.span, format!("`{shown}`"))
                    .note("the texts are the keys by which Terraform knows each one again")
                    .help("write a map: `{ NAME: …, OTHER: … }`"),
            );
            return None;
        }
        let mut inner = scope.clone();
        let late = if written { values.stage.max(Stage::Plan) } else { Stage::Plan };
        let element = |key: bool, ty: Type, name: &Name| {
            let stage = if key { Stage::Plan } else { late };
            Local::Value(Expr::new(ExprKind::Element { of: "each".to_owned(), key }, ty, stage, name.span))
        };
        let is_list = matches!(values.ty.base(), Type::List(_));
        inner.declare(&each.first.text, element(true, if is_list { value.clone() } else { Type::String }, &each.first));
        if let Some(second) = &each.second {
            inner.declare(&second.text, element(false, value, second));
        }
        Some((Each { values }, inner))
    }

    /// The list or map, as many names as it has, or a report.
    fn repeated(&mut self, each: &'a ResourceEach, scope: &Scope) -> Option<Expr> {
        let values = self.expr(&each.values, scope, None);
        if values.is_error() {
            return None;
        }
        let values = self.required(values, each.values.span, "after `in`")?;
        let values = match (values.ty.base().clone(), &values.kind) {
            (Type::Record(fields), ExprKind::Record(_)) => {
                let of = fields.first().map_or(Type::Json, |(_, ty)| ty.clone());
                self.fit(values, &Type::Map(Box::new(of)), each.values.span, None)
            }
            _ => values,
        };
        match (values.ty.base(), &each.second) {
            (Type::Error, _) => None,
            (Type::List(_), None) | (Type::Map(_) | Type::Json, _) => Some(values),
            (Type::List(_), Some(second)) => {
                self.report(
                    Diagnostic::new(codes::TYPE_MISMATCH, "two names are for a map's keys and values")
                        .primary(second.span, "a list has elements alone")
                        .help(format!("write `for {} in …`", each.first.text)),
                );
                None
            }
            _ => {
                let shown = self.show(&values.ty);
                self.report(
                    Diagnostic::new(codes::TYPE_MISMATCH, format!("`for` goes through a list or a map, this is {}", self.a(&values.ty)))
                        .primary(each.values.span, format!("`{shown}`")),
                );
                None
            }
        }
    }

    /// The blocks that one entry of a body gives, and whether their number is known.
    pub(super) fn blocks_of(
        &mut self,
        of: &BodyOf,
        name: &'a Name,
        each: Option<&'a ResourceEach>,
        body: &'a [ast::Entry],
        scope: &Scope,
    ) -> (Vec<Entry>, bool) {
        let Some(each) = each else {
            return (vec![Entry::Block(name.text.clone(), self.typed_entries(of, body, scope))], true);
        };
        let Some(values) = self.repeated(each, scope) else { return (Vec::new(), false) };
        let Some(ty) = element_type(&values.ty) else { return (Vec::new(), false) };
        let known: Option<Vec<(Option<Expr>, Expr)>> = match &values.kind {
            ExprKind::List(elements) => Some(elements.iter().map(|value| (None, value.clone())).collect()),
            ExprKind::Record(entries) => {
                Some(entries.iter().map(|(key, value)| (Some(Expr::string(key.clone(), value.span)), value.clone())).collect())
            }
            _ => None,
        };
        if let Some(known) = known {
            let mut list = Vec::new();
            for (key, value) in known {
                let mut inner = scope.clone();
                match (&each.second, key) {
                    (Some(second), Some(key)) => {
                        inner.declare(&each.first.text, Local::Argument(key));
                        inner.declare(&second.text, Local::Argument(value));
                    }
                    (_, Some(key)) => inner.declare(&each.first.text, Local::Argument(key)),
                    (_, None) => inner.declare(&each.first.text, Local::Argument(value)),
                }
                list.push(Entry::Block(name.text.clone(), self.typed_entries(of, body, &inner)));
            }
            return (list, true);
        }
        let because = Because::new(name.span, "the blocks of a resource are known when it is deployed");
        if !self.stage(&values, Stage::Apply, because) {
            return (Vec::new(), false);
        }
        let mut inner = scope.clone();
        let of_map = !matches!(values.ty.base(), Type::List(_));
        let stage = values.stage.max(Stage::Plan);
        let element = |key: bool, ty: Type, name: &Name| {
            let kind = ExprKind::Element { of: each.first.text.clone(), key };
            Local::Value(Expr::new(kind, ty, stage, name.span))
        };
        match &each.second {
            Some(second) => {
                inner.declare(&each.first.text, element(true, Type::String, &each.first));
                inner.declare(&second.text, element(false, ty, second));
            }
            None if of_map => inner.declare(&each.first.text, element(true, Type::String, &each.first)),
            None => inner.declare(&each.first.text, element(false, ty, &each.first)),
        }
        let body = self.typed_entries(of, body, &inner);
        let made = Entry::Dynamic { name: name.text.clone(), element: each.first.text.clone(), values, body };
        (vec![made], false)
    }
}

/// The type of a list's elements, of a map's values.
fn element_type(ty: &Type) -> Option<Type> {
    match ty.base() {
        Type::List(element) | Type::Map(element) => Some(element.as_ref().clone()),
        Type::Json => Some(Type::Json),
        _ => None,
    }
}
