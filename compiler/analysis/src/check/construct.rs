//! Constructs: their parameters are bound, their resources made, their result's fields computed.

use super::resources::{Naming, Origin};
use super::{Arg, Because, Bound, Checker, Local, Scope};
use crate::program::{Expr, Guard, Stage, Type};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{ConstructItem, Field, ItemKind};

impl<'a> Checker<'a> {
    /// The result of a construct with these arguments.
    pub fn construct(&mut self, def: Def<'a>, args: Vec<Arg<'a>>, scope: &Scope, span: Span) -> Expr {
        let ItemKind::Construct(item) = &def.item.kind else { return Expr::error(span) };
        let result = self.ty(&item.result, def.module, &[]);
        if self.without_catalogs && matches!(&result, Type::Nominal { name, .. } if name == "Catalog") {
            return Expr { ty: result, ..Expr::error(span) };
        }
        if !self.enter(def) {
            return Expr::error(span);
        }
        let expr = self.expand(def, item, args, &result, scope, span);
        self.leave(def);
        Expr { span, ty: result, ..expr }
    }

    fn expand(
        &mut self,
        def: Def<'a>,
        item: &'a ConstructItem,
        args: Vec<Arg<'a>>,
        result: &Type,
        scope: &Scope,
        span: Span,
    ) -> Expr {
        let what = format!("`{}`", item.name.text);
        let Some(bound) = self.bind(&what, item.name.span, &item.params, args, span) else {
            return Expr::error(span);
        };
        let mut inner = Scope { owner: scope.owner.clone(), ..Scope::new(def.module) };
        let mut naming = Naming::default();
        let mut good = true;
        for (param, bound) in item.params.iter().zip(bound) {
            let name = &param.name.text;
            let latest = match param.stage.as_ref().map(|stage| stage.text.as_str()) {
                Some("const") => Stage::Const,
                Some("run") => Stage::Run,
                Some("row") => Stage::Row,
                _ => Stage::Apply,
            };
            let because = || Because::new(param.span, format!("`{name}` of `{}`", item.name.text));
            let expr = match bound {
                Bound::Given(arg) => {
                    let want = self.parameter_type(param, def.module, &[]);
                    let expr = self.argument(&arg, scope, Some(&want));
                    let expr = self.fit(expr, &want, arg.span(), Some(because()));
                    naming.declare(name, Origin::of(&expr));
                    expr
                }
                Bound::Default(ast) => {
                    let want = self.parameter_type(param, def.module, &[]);
                    naming.declare(name, naming.of_default(ast));
                    self.check(ast, &inner, &want, None)
                }
                Bound::Rest(rest) => {
                    let mut entries = Vec::new();
                    for (name, arg) in rest {
                        let expr = self.argument(&arg, scope, None);
                        entries.push((name.text.clone(), expr));
                    }
                    naming.declare(name, Origin::Owner);
                    Expr::record(entries, span)
                }
            };
            good &= !expr.is_error() || self.without_catalogs;
            if !self.stage(&expr, latest, because()) {
                good = false;
            }
            inner.declare(name, Local::Argument(expr));
        }
        if !good {
            return Expr::error(span);
        }
        self.construct_resources(item, &mut inner, &mut naming);
        self.construct_fields(item, &item.fields, result, &inner, span)
    }

    /// The resources of a construct, in order; what has a condition exists where that and the item's own hold.
    pub fn construct_resources(&mut self, item: &'a ConstructItem, scope: &mut Scope, naming: &mut Naming) {
        for resource in &item.resources {
            let around = self.guard.clone();
            if let Some(when) = &resource.when {
                let condition = self.check(when, scope, &Type::Bool, None);
                let because = Because::new(resource.name.span, "whether a resource exists is settled when the deployment is planned");
                // Of a declaration by itself nothing is known of its parameters: each use is looked at.
                if !condition.is_error() && (self.checking_library() || self.stage(&condition, Stage::Plan, because)) {
                    let text = self.files.slice(when.span).split_whitespace().collect::<Vec<_>>().join(" ");
                    let title = format!("resource `{}` of `{}`", resource.name.text, item.name.text);
                    self.guard = Guard::within(around.clone(), condition, text, title, resource.name.span);
                }
            }
            let local = self.resource(resource, scope, naming).unwrap_or(Local::Value(Expr::error(resource.span)));
            scope.declare(&resource.name.text, local);
            self.guard = around;
        }
    }

    pub fn construct_fields(
        &mut self,
        item: &'a ConstructItem,
        fields: &'a [Field],
        result: &Type,
        scope: &Scope,
        span: Span,
    ) -> Expr {
        let shape = match result {
            Type::Task => {
                let fields = self.task_fields(fields, scope, span);
                return Expr::record(fields.into_iter().collect(), span);
            }
            Type::Location => {
                self.prelude_type("Location");
                self.location_fields.clone()
            }
            other => other.base().clone(),
        };
        match &shape {
            Type::Record(wanted) => {
                let mut entries: Vec<(String, Expr)> = Vec::new();
                for field in fields {
                    let name = field.name.text.as_str();
                    if entries.iter().any(|(known, _)| known == name) {
                        self.duplicate_field(field, fields);
                        continue;
                    }
                    match wanted.iter().find(|(known, _)| known == name) {
                        Some((_, ty)) => {
                            let because = Because::new(item.result.span, format!("`{name}` is {}", self.a(ty)));
                            let value = self.check(&field.value, scope, ty, Some(because));
                            entries.push((name.to_owned(), value));
                        }
                        None => {
                            let known: Vec<&str> = wanted.iter().map(|(known, _)| known.as_str()).collect();
                            self.unknown_setting(field, &format!("a `{}`", self.show(result)), &known);
                        }
                    }
                }
                let record = Expr::record(entries, span);
                self.fit(record, &shape, item.name.span, None)
            }
            Type::Error => Expr::error(span),
            ty => {
                let mut value = None;
                for field in fields {
                    if field.name.text == "value" {
                        let because = Because::new(item.result.span, format!("`{}` gives this", item.name.text));
                        value = Some(self.check(&field.value, scope, ty, Some(because)));
                    } else {
                        self.unknown_setting(field, &format!("a `{}`", self.show(result)), &["value"]);
                    }
                }
                match value {
                    Some(value) => value,
                    // A misspelt `value` was reported by its name.
                    None if !fields.is_empty() => Expr::error(span),
                    None => {
                        let shown = self.show(result);
                        self.fail(
                            span,
                            Diagnostic::new(codes::MISSING_FIELD, format!("`{}` gives no `{shown}`", item.name.text))
                                .primary(item.name.span, "")
                                .help("write `value = …`"),
                        )
                    }
                }
            }
        }
    }

    /// Reports a field that is given twice in a block.
    pub fn duplicate_field(&mut self, field: &Field, fields: &[Field]) {
        let first = fields.iter().find(|other| other.name.text == field.name.text).map_or(field.span, |other| other.name.span);
        self.report(
            Diagnostic::new(codes::DUPLICATE_ARGUMENT, format!("`{}` is given twice", field.name.text))
                .primary(field.name.span, "given again")
                .secondary(first, "given here")
                .help("leave one of them out"),
        );
    }

    /// Reports a field that a block does not have.
    pub fn unknown_setting(&mut self, field: &Field, what: &str, known: &[&str]) {
        let diagnostic =
            Diagnostic::new(codes::UNKNOWN_SETTING, format!("{what} has no `{}`", field.name.text))
                .primary(field.name.span, "not found");
        let diagnostic = Self::suggest(diagnostic, &field.name.text, field.name.span, known, "it has");
        self.report(diagnostic);
    }
}
