//! Outputs: values of the deploy stage that a deployment is asked for afterwards.

use crate::check::{Because, Checker, Scope};
use crate::provider;
use crate::program::{Expr, ExprKind, Output, Resource, Stage, Type};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{ItemKind, OutputItem};

impl<'a> Checker<'a> {
    /// An `output`.
    pub fn output(&mut self, def: Def<'a>) {
        let ItemKind::Output(item) = &def.item.kind else { return };
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let when = self.guard_of(def);
        let around = std::mem::replace(&mut self.guard, when.clone());
        let value = self.output_value(def, item);
        self.guard = around;
        self.cause = cause;
        if self.outputs_secret(item, &value) || self.not_an_output(item, &value) {
            return;
        }
        let because = Because::new(item.name.span, "an output is known when it is deployed");
        if value.is_error() || !self.stage(&value, Stage::Apply, because) {
            return;
        }
        self.program.outputs.push(Output {
            name: item.name.text.clone(),
            doc: def.item.doc.clone(),
            value,
            when,
            span: item.name.span,
        });
    }

    fn output_value(&mut self, def: Def<'a>, item: &'a OutputItem) -> Expr {
        let scope = Scope::new(def.module);
        match &item.ty {
            Some(ty) => {
                let span = ty.span;
                let ty = self.ty(ty, def.module, &[]);
                let because = Because::new(span, format!("`{}` is {}", item.name.text, self.a(&ty)));
                self.check(&item.value, &scope, &ty, Some(because))
            }
            None => self.expr(&item.value, &scope, None),
        }
    }

    /// Reports a secret in an output: whoever reads the state of Terraform would have it.
    fn outputs_secret(&mut self, item: &OutputItem, value: &Expr) -> bool {
        let mut secret = None;
        value.walk(&mut |part| {
            if let (ExprKind::SecretArn(id), Type::Secret(_)) = (&part.kind, &part.ty) {
                secret = secret.or(Some((*id, part.span)));
            }
        });
        let Some((id, span)) = secret else { return self.outputs_sensitive(item, value) };
        let Some(secret) = self.program.secret(id) else { return true };
        let (name, declared) = (secret.name.clone(), secret.span);
        self.report(
            Diagnostic::new(codes::OUTPUT_SECRET, format!("the output `{}` would reveal the secret `{name}`", item.name.text))
                .primary(span, "a secret")
                .secondary(declared, "declared here")
                .note("outputs are shown to whoever deploys, and stand in the state of Terraform")
                .help(format!("give its name or its ARN: `{name}.name`, `{name}.arn`; who may read the secret reads it by them")),
        );
        true
    }

    /// Reports an attribute that the AWS provider keeps secret, which Terraform would refuse.
    fn outputs_sensitive(&mut self, item: &OutputItem, value: &Expr) -> bool {
        let mut found = None;
        value.walk(&mut |part| {
            let ExprKind::Attribute { resource, path, .. } = &part.kind else { return };
            let Some(ty) = self.program.resource(*resource).and_then(Resource::listed) else { return };
            if found.is_none() && provider::is_sensitive(&ty, path.iter().map(String::as_str)) {
                found = Some((ty, path.join("."), part.span));
            }
        });
        let Some((ty, path, span)) = found else { return false };
        let written = self.files.slice(span).to_owned();
        self.report(
            Diagnostic::new(codes::OUTPUT_SECRET, format!("the output `{}` would reveal the secret `{written}`", item.name.text))
                .primary(span, format!("`{path}` of {} `{ty}` is secret", if ty.starts_with("data.") { "the data source" } else { "a" }))
                .note("outputs are shown to whoever deploys, and stand in the state of Terraform, which refuses this one")
                .help("put it into Secrets Manager (`aws.secretsmanager_secret_version`), and give the ARN of that"),
        );
        true
    }

    /// Reports what has no value outside of the program.
    fn not_an_output(&mut self, item: &OutputItem, value: &Expr) -> bool {
        let table = find(value, &|part| matches!(part.ty.base(), Type::Table(_) | Type::TableRef | Type::Target));
        if let Some(span) = table {
            let name = self.files.slice(span).to_owned();
            self.report(
                Diagnostic::new(codes::BAD_TYPE, format!("the output `{}` cannot be a table", item.name.text))
                    .primary(span, "a table")
                    .note("an output is a value of Terraform: a text, a number, a list, a record")
                    .help(format!("say where it lies: `{name}.location`, `{name}.bucket`, `{name}.prefix`")),
            );
            return true;
        }
        let other = find(value, &|part| {
            matches!(part.ty.base(), Type::Task | Type::Location | Type::Partitions | Type::Row(_))
        });
        let Some(span) = other else { return false };
        let shown = self.show(&value.ty);
        self.report(
            Diagnostic::new(codes::BAD_TYPE, format!("the output `{}` cannot be a `{shown}`", item.name.text))
                .primary(span, "")
                .note("an output is a value of Terraform: a text, a number, a list, a record"),
        );
        true
    }
}

/// The place of the first part of which something holds.
fn find(value: &Expr, holds: &dyn Fn(&Expr) -> bool) -> Option<Span> {
    let mut found = None;
    value.walk(&mut |part| {
        if found.is_none() && holds(part) {
            found = Some(part.span);
        }
    });
    found
}
