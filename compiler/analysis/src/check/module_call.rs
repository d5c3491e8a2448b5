//! `resource network = module("./network", version = "…") { … }`: modules of Terraform that others have written.
//!
//! Nothing is known of what a module takes and gives but what a local one says in its own text, which the compiler does
//! not read: inputs are any values that are known when the program is deployed, outputs are of any type.

use super::{Because, Checker, Scope};
use crate::program::{Entry, Expr, ResourceKind, Stage, Type};
use flow_diagnostics::{Diagnostic, Span, codes};
use flow_syntax::ast;

/// Arguments of a module that are Terraform's own.
const OWN: &[&str] = &["source", "version", "count", "for_each", "providers"];

impl<'a> Checker<'a> {
    /// The module that an item calls.
    pub(super) fn module_call(&mut self, item: &'a ast::ResourceItem, scope: &Scope) -> Option<ResourceKind> {
        let mut source: Option<Expr> = None;
        let mut version: Option<Expr> = None;
        for (at, argument) in item.arguments.iter().flatten().enumerate() {
            let value = self.check(&argument.value, scope, &Type::String, None);
            let because = Because::new(item.ty.span, "Terraform fetches a module before it knows any value");
            self.stage(&value, Stage::Const, because);
            match argument.name.as_ref().map(|name| name.text.as_str()) {
                None if at == 0 => source = Some(value),
                Some("source") => source = Some(value),
                Some("version") => version = Some(value),
                _ => self.report(
                    Diagnostic::new(codes::BAD_MODULE, "a module is given by its source and its version")
                        .primary(argument.value.span, "neither of them")
                        .help("write `module(\"terraform-aws-modules/vpc/aws\", version = \"5.8.1\") { … }`, its inputs in the braces"),
                ),
            }
        }
        let Some(source) = source else {
            self.report(
                Diagnostic::new(codes::BAD_MODULE, "a module has a source")
                    .primary(item.ty.span, "not given")
                    .help("write `module(\"./network\") { … }`, or an address of the registry with its version"),
            );
            return None;
        };
        let text = source.text()?.to_owned();
        self.module_source(&text, source.span, version.as_ref());
        let body = self.module_inputs(item, scope);
        let version = version.and_then(|version| version.text().map(str::to_owned));
        Some(ResourceKind::Module { source: text, version, body })
    }

    fn module_source(&mut self, text: &str, span: Span, version: Option<&Expr>) {
        let local = text.starts_with("./") || text.starts_with("../");
        let registry = !text.contains("::") && !text.contains("//") && !text.contains(':') && matches!(text.split('/').count(), 3 | 4);
        let told = if text.is_empty() || text.starts_with('/') {
            Some(("a module's source is an address, or a path that begins with `./` or `../`", "write `\"./network\"`, relative to this file's folder"))
        } else if version.is_some() && !registry {
            Some(("only modules of a registry have versions", "leave `version` out; a Git address names its own: `?ref=v1.2.0`"))
        } else if version.is_none() && registry && !local {
            Some(("a module of a registry has a version here", "write `version = \"…\"`: without it the deployment would take whatever is newest"))
        } else {
            None
        };
        if let Some((message, help)) = told {
            self.report(Diagnostic::new(codes::BAD_MODULE, message).primary(span, "").help(help));
        }
    }

    fn module_inputs(&mut self, item: &'a ast::ResourceItem, scope: &Scope) -> Vec<Entry> {
        let mut list: Vec<Entry> = Vec::new();
        for entry in &item.body {
            match entry {
                ast::Entry::Field(field) if field.name.text == "depends_on" => list.extend(self.depends_on(field, scope)),
                ast::Entry::Field(field) if OWN.contains(&field.name.text.as_str()) => self.report(
                    Diagnostic::new(codes::BAD_MODULE, format!("`{}` is no input of a module", field.name.text))
                        .primary(field.name.span, "Terraform's own")
                        .help("the source and the version stand in the parentheses; `for` and `when` say how many there are"),
                ),
                ast::Entry::Field(field) => {
                    let value = self.check(&field.value, scope, &Type::Json, None);
                    let because = Because::new(field.name.span, "an input of a module is known when it is deployed");
                    self.stage(&value, Stage::Apply, because);
                    if value.known_none() != Some(true) {
                        list.push(Entry::Attribute(field.name.text.clone(), value));
                    }
                }
                ast::Entry::Block { name, span, .. } => self.report(
                    Diagnostic::new(codes::BLOCK_OR_ATTRIBUTE, "a module has inputs, and no blocks")
                        .primary(*span, "")
                        .help(format!("write `{} = {{ … }}`", name.text)),
                ),
            }
        }
        list
    }
}
