//! Parameters, secrets and resources of the program itself.

use crate::check::{Because, Checker, Local, Owner, Scope};
use crate::program::{Expr, Param, Secret, SecretId, Stage, Type, Validation};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic};
use flow_syntax::ast::{ItemKind, SecretItem};
use std::rc::Rc;

impl<'a> Checker<'a> {
    /// The type of a `param`, which is added to the program when it is first asked for.
    pub fn param_type(&mut self, def: Def<'a>) -> Type {
        if let Some(ty) = self.params.get(&def.key()) {
            return ty.clone();
        }
        let ItemKind::Param(item) = &def.item.kind else { return Type::Error };
        let ty = self.ty(&item.ty, def.module, &[]);
        let ty = match ty.required().base() {
            Type::Secret(_) | Type::Table(_) | Type::Channel(..) | Type::TableRef | Type::Target | Type::Task | Type::Partitions
            | Type::Location | Type::Row(_) | Type::Bytes => {
                let shown = self.show(&ty);
                let mut diagnostic = Diagnostic::new(codes::BAD_TYPE, format!("a parameter cannot be a `{shown}`"))
                    .primary(item.ty.span, "");
                diagnostic = match ty.required().base() {
                    Type::Secret(_) => diagnostic
                        .note("the value of a parameter stands in a file and in the state of Terraform")
                        .help(format!("declare `secret {}: {{ … }}`", item.name.text)),
                    Type::Table(_) => diagnostic.help("declare a `source` or a `sink`, and make its bucket a parameter"),
                    _ => diagnostic.note("a parameter becomes a Terraform variable: text, numbers, lists, records"),
                };
                self.report(diagnostic);
                Type::Error
            }
            _ => ty,
        };
        let note = "a parameter becomes a variable of Terraform, whose types know letters, digits and `_`";
        let ty = if self.plain_names(&ty, item.ty.span, "a parameter", note) { ty } else { Type::Error };
        self.params.insert(def.key(), ty.clone());
        let at = self.program.params.len();
        self.program.params.push(Param {
            name: item.name.text.clone(),
            doc: def.item.doc.clone(),
            ty: ty.clone(),
            default: None,
            validations: Vec::new(),
            span: item.name.span,
        });
        let validations = match ty.required() {
            Type::Nominal { name, base } => self.validations(name, base),
            Type::List(element) => match element.as_ref() {
                Type::Nominal { name, base } => {
                    let found = self.validations(name, base);
                    found.into_iter().map(|validation| Validation { each: true, ..validation }).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let default = item.default.as_ref().map(|default| {
            let because = Because::new(item.ty.span, format!("`{}` is {}", item.name.text, self.a(&ty)));
            let value = self.check(default, &Scope::new(def.module), &ty, Some(because));
            let because = Because::new(item.name.span, "the default of a Terraform variable is a constant");
            self.stage(&value, Stage::Const, because);
            value
        });
        let doc = def.item.doc.clone().or_else(|| self.type_doc(&ty));
        if let Some(param) = self.program.params.get_mut(at) {
            param.default = default;
            param.doc = doc;
            for validation in validations {
                if !param.validations.contains(&validation) {
                    param.validations.push(validation);
                }
            }
        }
        ty
    }

    /// The doc comment of a type's declaration.
    fn type_doc(&self, ty: &Type) -> Option<String> {
        match ty {
            Type::Nominal { name, .. } => self.nominals.get(name)?.item.doc.clone(),
            _ => None,
        }
    }

    /// A `secret`.
    pub fn secret(&mut self, def: Def<'a>) -> Option<SecretId> {
        if let Some(id) = self.secrets.get(&def.key()) {
            return Some(*id);
        }
        let ItemKind::Secret(item) = &def.item.kind else { return None };
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let when = self.guard_of(def);
        let around = std::mem::replace(&mut self.guard, when.clone());
        let ty = self.ty(&item.ty, def.module, &[]);
        let (arn, secret_name) = match &item.existing {
            Some(_) => self.existing_secret(def, item),
            None => self.new_secret(def, item),
        };
        self.cause = cause;
        self.guard = around;
        let id = SecretId(u32::try_from(self.program.secrets.len()).unwrap_or(u32::MAX));
        self.program.secrets.push(Secret {
            name: item.name.text.clone(),
            doc: def.item.doc.clone(),
            ty,
            arn,
            secret_name,
            when,
            span: item.name.span,
        });
        self.secrets.insert(def.key(), id);
        Some(id)
    }

    fn existing_secret(&mut self, def: Def<'a>, item: &'a SecretItem) -> (Expr, Expr) {
        let Some(existing) = &item.existing else {
            return (Expr::error(item.name.span), Expr::error(item.name.span));
        };
        let value = self.check(existing, &Scope::new(def.module), &Type::String, None);
        let because = Because::new(item.name.span, "an existing secret is known when the deployment is planned");
        self.stage(&value, Stage::Plan, because);
        match value.text() {
            Some(text) if !text.starts_with("arn:") => {
                self.report(
                    Diagnostic::new(codes::SECRET_ARN, "an existing secret is named by its ARN")
                        .primary(existing.span, "not an ARN")
                        .note("policies need the whole ARN, with the six characters that Secrets Manager adds to the name")
                        .help("write `existing \"arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf\"`, or make it a `param`"),
                );
                (Expr::error(existing.span), Expr::error(existing.span))
            }
            _ => (Expr { ty: Type::Arn, ..value.clone() }, value),
        }
    }

    /// The construct `secret` of `std.aws.secrets`, for this item.
    fn new_secret(&mut self, def: Def<'a>, item: &'a SecretItem) -> (Expr, Expr) {
        let span = item.name.span;
        let construct = self
            .names
            .by_path(crate::library::SECRETS)
            .and_then(|module| self.names.module(module))
            .and_then(|names| names.callables.get("secret")?.first().copied());
        let Some(construct) = construct else { return (Expr::error(span), Expr::error(span)) };
        let owner = self.owner(&item.name.text, def.item.doc.as_deref(), span);
        let scope = Scope { owner: Some(owner), ..Scope::new(def.module) };
        let made = self.construct(construct, Vec::new(), &scope, span);
        match (made.entry("arn"), made.entry("name")) {
            (Some(arn), Some(name)) => (arn.clone(), name.clone()),
            _ => (Expr::error(span), Expr::error(span)),
        }
    }

    /// What `self` stands for in a construct that is called for an item.
    pub fn owner(&self, name: &str, doc: Option<&str>, span: flow_diagnostics::Span) -> Rc<Owner> {
        let doc = match doc {
            Some(doc) => Expr::string(doc, span),
            None => Expr::none(span),
        };
        let record = Expr::record(
            vec![
                ("name".to_owned(), Expr::string(name, span)),
                ("doc".to_owned(), Expr { ty: Type::String.optional(), ..doc }),
            ],
            span,
        );
        Rc::new(Owner { name: name.to_owned(), record })
    }

    /// A `resource` of the program.
    pub fn item_resource(&mut self, def: Def<'a>) -> Option<Local> {
        if let Some(known) = self.resources.get(&def.key()) {
            return known.clone();
        }
        let ItemKind::Resource(item) = &def.item.kind else { return None };
        if !self.open.insert(def.key()) {
            self.report_circle(def);
            return None;
        }
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let when = self.guard_of(def);
        let around = std::mem::replace(&mut self.guard, when);
        let owner = self.owner(&item.name.text, def.item.doc.as_deref(), item.name.span);
        let scope = Scope { owner: Some(owner), ..Scope::new(def.module) };
        let mut naming = crate::check::Naming::default();
        let made = self.resource(item, &scope, &mut naming);
        if let (Some(Local::Resource(id)), Some(doc)) = (&made, &def.item.doc)
            && let Some(resource) = self.program.resources.get_mut(id.0 as usize)
        {
            resource.doc = Some(doc.clone());
        }
        self.cause = cause;
        self.guard = around;
        self.open.remove(&def.key());
        self.resources.insert(def.key(), made.clone());
        made
    }

}
