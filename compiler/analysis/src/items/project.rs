//! `project` and `env`.

use crate::check::{Because, Checker, Scope};
use crate::program::{Backend, Env, Expr, ExprKind, Stage, Type, Value, Versions};
use crate::provider;
use crate::resolve::duplicate;
use flow_diagnostics::{codes, Diagnostic};
use flow_syntax::ast::{self, ItemKind, Named};

/// Fields of a project, in the order in which they are looked at.
const FIELDS: &[&str] = &["kind", "prefix", "role_prefix", "region", "tags", "untagged", "backend", "versions"];

impl<'a> Checker<'a> {
    /// The project; the first, if there are several.
    pub fn project(&mut self, module: usize, ast: &'a ast::Module) {
        // Of a program of several files, the one that was asked for comes first.
        if module == 0 {
            self.program.project.doc.clone_from(&ast.doc);
        }
        let mut first: Option<&'a Named> = None;
        for item in &ast.items {
            let ItemKind::Project(named) = &item.kind else { continue };
            match first {
                Some(first) => duplicate(&named.name, first.name.span, self.diagnostics),
                None => {
                    first = Some(named);
                    self.project_fields(module, named);
                }
            }
        }
    }

    fn project_fields(&mut self, module: usize, named: &'a Named) {
        self.program.project.name.clone_from(&named.name.text);
        self.program.project.span = named.name.span;
        let mut fields: Vec<&'a ast::Field> = Vec::new();
        for field in &named.fields {
            if fields.iter().any(|other| other.name.text == field.name.text) {
                self.duplicate_field(field, &named.fields);
            } else if FIELDS.contains(&field.name.text.as_str()) {
                fields.push(field);
            } else {
                self.unknown_setting(field, "a project", FIELDS);
            }
        }
        // Others may name the region.
        fields.sort_by_key(|field| FIELDS.iter().position(|known| *known == field.name.text));
        for field in fields {
            self.project_field(module, field);
        }
    }

    fn project_field(&mut self, module: usize, field: &'a ast::Field) {
        let name = field.name.text.as_str();
        let (ty, why) = match name {
            "kind" => (Type::literals(vec!["program".to_owned(), "module".to_owned()]), "says what is emitted"),
            "prefix" | "role_prefix" => (Type::String, "part of names that are known with the plan"),
            "region" => (Type::String, "part of the provider's configuration"),
            "tags" => (Type::Map(Box::new(Type::String)), "part of the provider's configuration"),
            "untagged" => (Type::List(Box::new(Type::String)), "part of the provider's configuration"),
            "backend" => (self.prelude_type("Backend"), "Terraform reads it before it evaluates anything"),
            _ => (self.prelude_type("Versions"), "Terraform reads it before it evaluates anything"),
        };
        let value = self.check(&field.value, &Scope::new(module), &ty, None);
        let because = Because::new(field.name.span, why);
        let prefix = matches!(name, "prefix" | "role_prefix");
        if value.is_error() || !self.stage(&value, if prefix { Stage::Plan } else { Stage::Const }, because) {
            return;
        }
        if prefix {
            self.prefix(field, value);
            return;
        }
        if self.program.project.module && matches!(name, "region" | "tags" | "untagged" | "backend") {
            self.report(
                Diagnostic::new(codes::MODULE_SETTING, format!("a module has no `{name}`"))
                    .primary(field.name.span, "of whoever uses the module")
                    .secondary(self.program.project.span, "`kind = module`")
                    .note("a module of Terraform takes the provider, its region and its default tags, and the state of the project that uses it")
                    .help(match name {
                        "region" => "leave it out; `aws.region` is the region of whoever uses it",
                        _ => "leave it out, and set it where the module is used",
                    }),
            );
            return;
        }
        match name {
            "kind" => self.program.project.module = value.text() == Some("module"),
            "region" => self.program.project.region = value.text().unwrap_or_default().to_owned(),
            "tags" => {
                if let ExprKind::Record(entries) = &value.kind {
                    let tags = entries.iter().filter_map(|(name, value)| Some((name.clone(), value.text()?.to_owned())));
                    self.program.project.tags = tags.collect();
                }
            }
            "untagged" => self.untagged(&value),
            "backend" => {
                let kind = value.entry("kind").and_then(Expr::text).map(str::to_owned);
                if let (Some(kind), Some(ExprKind::Record(settings))) =
                    (kind, value.entry("settings").map(|settings| &settings.kind))
                {
                    let given = settings.iter().filter(|(_, value)| value.known_none() != Some(true));
                    let settings: Vec<(String, Expr)> = given.cloned().collect();
                    self.backend_secrets(field, &settings);
                    self.program.project.backend = Some(Backend { kind, settings });
                }
            }
            _ => {
                let terraform = self.version(&value, "terraform", crate::limits::versions::TERRAFORM);
                let aws = self.version(&value, "aws", crate::limits::versions::AWS);
                self.program.project.versions = Versions { terraform, aws };
            }
        }
    }

    /// Kinds of resources without the project's tags, each a type of the provider that has any.
    fn untagged(&mut self, types: &Expr) {
        let mut found: Vec<String> = Vec::new();
        for (element, name) in types.elements().iter().filter_map(|element| Some((element, element.text()?))) {
            let place = element.span;
            let diagnostic = match provider::resource(name) {
                Some(shape) if shape.attribute("tags").is_some() => {
                    if !found.iter().any(|known| known == name) {
                        found.push(name.to_owned());
                    }
                    continue;
                }
                Some(_) => Diagnostic::new(codes::UNTAGGED, format!("`{name}` has no tags in any case"))
                    .primary(place, "")
                    .help("leave it out"),
                None => {
                    let diagnostic = Diagnostic::new(codes::UNTAGGED, format!("the AWS provider has no resource `{name}`"))
                        .primary(place, "not found")
                        .note("kinds of resources are named as in Terraform: `aws_iam_role`, `aws_sqs_queue`, `aws_sfn_state_machine`");
                    let known: Vec<&str> = provider::resources().map(|found| found.name).collect();
                    match crate::suggest::nearest(name, known) {
                        Some(near) => diagnostic.help(format!("write `\"{near}\"`")),
                        None => diagnostic,
                    }
                }
            };
            self.report(diagnostic);
        }
        self.program.project.untagged = found;
    }

    /// What names begin with: a text, or a parameter.
    fn prefix(&mut self, field: &ast::Field, value: Expr) {
        let sound = |text: &str| {
            let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            !text.is_empty() && text.len() <= 32 && text.chars().all(inside) && !text.ends_with('-')
        };
        let problem = match (&value.kind, value.text()) {
            (ExprKind::Param(_), _) => None,
            (_, Some(text)) if sound(text) => None,
            (_, Some(_)) => Some("is no beginning of a name: 1 to 32 letters, digits, `-` and `_`, and no `-` at its end"),
            _ => Some("is computed: a prefix is a text or a `param`"),
        };
        if let Some(problem) = problem {
            let written = self.files.slice(value.span).to_owned();
            self.report(
                Diagnostic::new(codes::NAME_PREFIX, format!("`{written}` {problem}"))
                    .primary(value.span, "")
                    .note("every name in AWS is `PREFIX-ENV-THING`")
                    .help("write `prefix = \"acme-data\"`, or declare `param prefix: String` and write `prefix = prefix`"),
            );
            return;
        }
        let slot = match field.name.text.as_str() {
            "prefix" => &mut self.program.project.prefix,
            _ => &mut self.program.project.role_prefix,
        };
        *slot = Some(value);
    }

    /// Credentials do not stand in a program.
    fn backend_secrets(&mut self, field: &ast::Field, settings: &[(String, Expr)]) {
        for (name, value) in settings {
            if matches!(name.as_str(), "access_key" | "secret_key" | "token" | "password" | "sas_token" | "client_secret") {
                self.report(
                    Diagnostic::new(codes::SECRET_USED, format!("`{name}` of the backend would stand in the program"))
                        .primary(value.span, "a secret")
                        .secondary(field.name.span, "written into `versions.tf` as it is")
                        .help(format!("leave it out: `terraform init -backend-config={name}=…`, or the environment, gives it")),
                );
            }
        }
    }

    /// A constraint on a version, which what is emitted must be able to satisfy.
    fn version(&mut self, versions: &Expr, of: &str, needed: &str) -> Option<String> {
        let entry = versions.entry(of)?;
        let text = entry.text()?;
        let title = if of == "aws" { "the AWS provider" } else { "Terraform" };
        let problem = match crate::limits::versions::Range::of(text) {
            None => Some(format!("`{text}` is no constraint on versions")),
            Some(range) => {
                let both = crate::limits::versions::Range::of(needed).map(|needed| needed.and(&range));
                both.is_some_and(|both| both.is_empty())
                    .then(|| format!("no version of {title} is `{text}` and `{needed}`"))
            }
        };
        if let Some(problem) = problem {
            self.report(
                Diagnostic::new(codes::VERSION_PIN, problem)
                    .primary(entry.span, "")
                    .note(format!("what is emitted needs {title} `{needed}`"))
                    .help("write a constraint as Terraform has them: `\">= 1.9\"`, `\"~> 5.80\"`, `\">= 1.9, < 2.0\"`"),
            );
            return None;
        }
        Some(text.to_owned())
    }

    /// An environment: a value for every parameter that has no default.
    pub fn env(&mut self, module: usize, named: &'a Named) {
        let scope = Scope::new(module);
        let mut values: Vec<(String, Expr)> = Vec::new();
        for field in &named.fields {
            let name = &field.name.text;
            if values.iter().any(|(known, _)| known == name) {
                self.duplicate_field(field, &named.fields);
                continue;
            }
            let Some(param) = self.program.params.iter().find(|param| param.name == *name) else {
                let known: Vec<String> = self.program.params.iter().map(|param| param.name.clone()).collect();
                let diagnostic = Diagnostic::new(
                    codes::UNKNOWN_SETTING,
                    format!("environment `{}` sets `{name}`, which is no parameter", named.name.text),
                )
                .primary(field.name.span, "not found")
                .note("an environment gives values to `param` items");
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let diagnostic = Self::suggest(diagnostic, name, field.name.span, &known, "parameters are");
                let diagnostic = if known.is_empty() {
                    diagnostic.help(format!("declare it: `param {name}: String`"))
                } else {
                    diagnostic
                };
                self.report(diagnostic);
                continue;
            };
            let (ty, place) = (param.ty.clone(), param.span);
            let because = Because::new(place, format!("`{name}` is {}", self.a(&ty)));
            let value = self.check(&field.value, &scope, &ty, Some(because));
            let because = Because::new(field.name.span, "a value of an environment is written into its `.tfvars`");
            if self.stage(&value, Stage::Const, because) {
                values.push((name.clone(), value));
            }
        }
        self.program.envs.push(Env { name: named.name.text.clone(), values, span: named.name.span });
    }

    /// Whole seconds of a constant duration.
    pub fn seconds(&mut self, expr: &Expr) -> Option<u64> {
        match expr.constant() {
            Some(Value::Duration(length)) => {
                let seconds = length.div_euclid(1_000_000);
                if *length > 0 && length % 1_000_000 == 0 {
                    u64::try_from(seconds).ok()
                } else {
                    self.report(
                        Diagnostic::new(codes::BAD_DURATION, "a timeout is whole seconds, 1 or more")
                            .primary(expr.span, "")
                            .note("the States Language counts seconds")
                            .help("write `1s`, `5m`, `1h`"),
                    );
                    None
                }
            }
            _ => None,
        }
    }
}
