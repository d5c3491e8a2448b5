//! `existing`: what the program does not own. A construct of the library says how such a thing is known
//! (`construct existing queue(…)`); of a resource of the provider Terraform reads the attributes (a data source).

use super::{Arg, ArgValue, Checker, Local, Scope};
use crate::program::{Entry, Expr, ResourceKind, Stage, Type};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ItemKind, Name};

impl<'a> Checker<'a> {
    /// `resource x = existing sqs.queue { … }`.
    pub(super) fn existing_resource(&mut self, item: &'a ast::ResourceItem, scope: &Scope) -> Option<Local> {
        let names: Vec<&'a Name> = item.ty.segments.iter().collect();
        let def = self.existing_construct(&names, scope, item.ty.span)?;
        let mut args = Vec::new();
        for entry in &item.body {
            match entry {
                ast::Entry::Field(field) => {
                    args.push(Arg { name: Some(&field.name), value: ArgValue::Ast(&field.value) });
                }
                ast::Entry::Block { name, span, .. } => self.report(
                    Diagnostic::new(codes::UNKNOWN_SETTING, format!("a construct has no block `{}`", name.text))
                        .primary(*span, "")
                        .help(format!("write `{} = …`", name.text)),
                ),
            }
        }
        Some(Local::Value(self.construct(def, args, scope, item.span)))
    }

    /// `source x: T = existing s3.table { … }`.
    pub fn existing_value(&mut self, value: &'a ast::Expr, scope: &Scope, want: &Type) -> Expr {
        let (callee, args) = match &value.kind {
            ast::ExprKind::Construct { callee, fields } => (callee, Arg::fields(fields)),
            ast::ExprKind::Call { callee, arguments, .. } => (callee, Arg::arguments(arguments)),
            ast::ExprKind::Broken => return Expr::error(value.span),
            _ => {
                return self.fail(
                    value.span,
                    Diagnostic::new(codes::NO_EXISTING, "`existing` stands before a construct")
                        .primary(value.span, "no construct")
                        .help("write `existing s3.table { … }`"),
                );
            }
        };
        let names: Vec<&'a Name> = match &callee.kind {
            ast::ExprKind::Name(name) => vec![name],
            ast::ExprKind::Field { target, name, .. } => match &target.kind {
                ast::ExprKind::Name(module) => vec![module, name],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        match self.existing_construct(&names, scope, callee.span) {
            Some(def) => {
                let made = self.construct(def, args, scope, value.span);
                self.fit(made, want, value.span, None)
            }
            None => Expr::error(value.span),
        }
    }

    /// The construct that says how something exists.
    fn existing_construct(&mut self, names: &[&'a Name], scope: &Scope, span: Span) -> Option<Def<'a>> {
        let (module, name) = match names {
            [name] => (Some(scope.module), *name),
            [qualifier, name] => {
                let modules = self.names.module(scope.module).map(|names| &names.modules);
                let module = modules.and_then(|modules| modules.get(&qualifier.text)).copied();
                if module.is_none() {
                    self.unknown_module(qualifier, scope.module);
                    return None;
                }
                (module, *name)
            }
            _ => (None, *names.first()?),
        };
        let module = module?;
        let qualified = names.len() > 1;
        let found = if qualified {
            self.names.module(module).and_then(|names| names.existing.get(&name.text)).copied()
        } else {
            self.names.existing_named(module, &name.text)
        };
        if found.is_some() {
            return found;
        }
        let owned = if qualified {
            self.names.module(module).and_then(|names| names.callables.get(&name.text)?.first().copied())
        } else {
            self.names.callables_named(module, &name.text).first().copied()
        };
        let written = self.files.slice(span).to_owned();
        let known: Vec<&str> =
            self.names.module(module).map(|names| names.existing.keys().map(String::as_str).collect()).unwrap_or_default();
        let diagnostic = match owned.filter(|def| matches!(def.item.kind, ItemKind::Construct(_))) {
            Some(def) => {
                let declared = def.name().map_or(span, |name| name.span);
                Diagnostic::new(codes::NO_EXISTING, format!("`{written}` does not say how one exists"))
                    .primary(span, "makes a new one")
                    .secondary(declared, "declared here")
                    .note("`existing` asks a construct of the same name that is declared as `construct existing NAME(…)`")
            }
            None => Diagnostic::new(codes::NO_EXISTING, format!("there is no construct `{written}` of what exists"))
                .primary(span, "not found"),
        };
        let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "of what exists there are");
        self.report(
            diagnostic.help("any resource of the AWS provider is read by `existing aws.TYPE { … }`, as its data source"),
        );
        None
    }

    /// When the attributes of something are known: those of what is read, with the plan, if what it is read by is.
    pub(super) fn attributes_stage(&self, id: crate::program::ResourceId) -> Stage {
        match self.program.resource(id).map(|resource| &resource.kind) {
            Some(ResourceKind::Existing { body, .. }) => {
                let mut latest = Stage::Plan;
                Entry::each_expression(body, &mut |value| latest = latest.max(value.stage));
                match body.iter().any(|entry| matches!(entry, Entry::DependsOn(_))) {
                    true => Stage::Apply,
                    false => latest,
                }
            }
            _ => Stage::Apply,
        }
    }
}
