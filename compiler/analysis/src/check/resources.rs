//! Resources: bodies, roles, policy statements, and names in Terraform.
//!
//! A resource's name must not change when another part of the program does, for Terraform would destroy it. It is
//! made of what the resource depends on, seen in the construct's text: of nothing but the project, `cluster`; of
//! arguments that are constants, `database_dpc_mart`; of `self` or anything else, `dbt_build_definition`. Two
//! constructs that ask for the same resource under the same name share it.

use super::{Because, Checker, Local, Scope};
use crate::program::{
    Each, Expr, ExprKind, PolicyCondition, PolicyStatement, Resource, ResourceId, ResourceKind, Stage, Type, Value,
};
use flow_diagnostics::{codes, Diagnostic};
use flow_syntax::ast;
use indexmap::IndexMap;

/// A resource that was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    /// Which.
    pub id: ResourceId,
}

/// What a name in a construct depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nothing that differs between two uses of the construct.
    Fixed,
    /// A constant argument, as part of a name.
    Constant(String),
    /// `self`.
    Owner,
    /// What cannot stand in a name, and may be the same of several owners.
    Unnamed,
    /// Several of them.
    Several(Vec<String>),
}

impl Origin {
    /// Of an argument.
    pub fn of(expr: &Expr) -> Origin {
        match expr.constant() {
            Some(Value::String(text)) => Origin::Constant(snake(text)),
            Some(Value::Int(value)) => Origin::Constant(value.to_string()),
            Some(Value::None) => Origin::Fixed,
            _ => Origin::Unnamed,
        }
    }

    fn join(self, other: &Origin) -> Origin {
        let mut list = match self {
            Origin::Owner => return Origin::Owner,
            Origin::Unnamed => return if *other == Origin::Owner { Origin::Owner } else { Origin::Unnamed },
            Origin::Fixed => Vec::new(),
            Origin::Constant(text) => vec![text],
            Origin::Several(list) => list,
        };
        match other {
            Origin::Owner => return Origin::Owner,
            Origin::Unnamed => return Origin::Unnamed,
            Origin::Fixed => {}
            Origin::Constant(text) => list.push(text.clone()),
            Origin::Several(more) => list.extend(more.iter().cloned()),
        }
        list.dedup();
        if list.is_empty() { Origin::Fixed } else { Origin::Several(list) }
    }
}

/// What each name of a construct depends on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Naming {
    origins: IndexMap<String, Origin>,
}

impl Naming {
    pub fn declare(&mut self, name: &str, origin: Origin) {
        self.origins.insert(name.to_owned(), origin);
    }

    fn of(&self, item: &ast::ResourceItem) -> Origin {
        let mut used = Vec::new();
        names_of_entries(&item.body, &mut used);
        item.each.iter().for_each(|each| names_of(&each.values, &mut used));
        self.of_names(used)
    }

    /// Of a parameter's default, which may name others before it.
    pub fn of_default(&self, default: &ast::Expr) -> Origin {
        let mut used = Vec::new();
        names_of(default, &mut used);
        self.of_names(used)
    }

    fn of_names(&self, used: Vec<&str>) -> Origin {
        let mut origin = Origin::Fixed;
        for name in used {
            if name == "self" {
                return Origin::Owner;
            }
            if let Some(known) = self.origins.get(name) {
                origin = origin.join(known);
            }
        }
        origin
    }
}

impl<'a> Checker<'a> {
    /// `resource x = …`: the resource, or what a construct gives.
    pub fn resource(&mut self, item: &'a ast::ResourceItem, scope: &Scope, naming: &mut Naming) -> Option<Local> {
        let origin = naming.of(item);
        naming.declare(&item.name.text, origin.clone());
        let segments: Vec<&str> = item.ty.segments.iter().map(|name| name.text.as_str()).collect();
        let of_provider = matches!(segments.as_slice(), ["aws", _]);
        let module = matches!(segments.as_slice(), ["module"]) && item.arguments.is_some();
        if let (Some(arguments), false) = (&item.arguments, module) {
            let first = arguments.first().map_or(item.ty.span, |argument| argument.value.span);
            self.report(
                Diagnostic::new(codes::UNKNOWN_SETTING, format!("`{}` takes what it is given in braces", item.ty.text()))
                    .primary(first, "in parentheses")
                    .help("only `module(\"SOURCE\", version = \"…\") { … }` has parentheses"),
            );
            return None;
        }
        let mut each = None;
        let repeated;
        let mut scope = scope;
        if let Some(written) = &item.each {
            if !of_provider && !module {
                self.report(
                    Diagnostic::new(codes::NOT_REPEATED, format!("there cannot be a `{}` for each of several", item.ty.text()))
                        .primary(written.span, "")
                        .note("a construct makes several resources, with names made of this one's")
                        .help("write one resource for each, or the provider's own: `aws.TYPE { … }`"),
                );
                return None;
            }
            let (over, inner) = self.resource_each(written, scope)?;
            repeated = inner;
            scope = &repeated;
            each = Some(over);
        }
        if item.existing.is_some() && !of_provider {
            return self.existing_resource(item, scope);
        }
        let (key, kind) = match segments.as_slice() {
            ["aws", ty] => {
                let of = self.provider_body(item.ty.segments.last()?, item.existing.is_some());
                let body = self.typed_entries(&of, &item.body, scope);
                let ty = format!("aws_{ty}");
                match item.existing {
                    Some(_) => (format!("data.{ty}"), ResourceKind::Existing { ty, body }),
                    None => (ty.clone(), ResourceKind::Aws { ty, body }),
                }
            }
            ["module"] if module => ("module".to_owned(), self.module_call(item, scope)?),
            ["iam", "role"] => ("iam.role".to_owned(), self.role(item, scope)?),
            _ => return self.resource_construct(item, scope),
        };
        let base = snake(&item.name.text);
        let owner = scope.owner.as_ref().map(|owner| snake(&owner.name));
        let origin = if item.existing.is_some() { Origin::Owner } else { origin };
        // What would be made twice, word for word, is one: a database that several tables name.
        if origin == Origin::Unnamed
            && let Some(id) = self.same_resource(&kind, each.as_ref())
        {
            return Some(Local::Resource(id));
        }
        let name = match (origin, owner) {
            (Origin::Owner | Origin::Unnamed, Some(owner)) if owner != base => format!("{owner}_{base}"),
            (Origin::Constant(text), _) => format!("{base}_{text}"),
            (Origin::Several(list), _) => format!("{base}_{}", list.join("_")),
            _ => base,
        };
        Some(Local::Resource(self.make(key, &name, kind, each)))
    }

    /// Adds a resource, or finds the same one.
    fn make(&mut self, key: String, name: &str, kind: ResourceKind, each: Option<Each>) -> ResourceId {
        let mut unique = name.to_owned();
        let mut count = 1;
        loop {
            let known = self.made.get(&(key.clone(), unique.clone())).and_then(|list| list.first()).copied();
            let Some(known) = known else { break };
            if self.program.resources.get(known.id.0 as usize).is_some_and(|resource| resource.kind == kind && resource.each == each) {
                self.share(known.id);
                return known.id;
            }
            count += 1;
            unique = format!("{name}_{count}");
        }
        let id = ResourceId(u32::try_from(self.program.resources.len()).unwrap_or(u32::MAX));
        self.program.resources.push(Resource {
            kind,
            name: unique.clone(),
            doc: None,
            when: self.guard.clone(),
            each,
            span: self.cause,
        });
        self.made.entry((key, unique)).or_default().push(Made { id });
        id
    }

    /// A resource that is made already, with the same body.
    fn same_resource(&mut self, kind: &ResourceKind, each: Option<&Each>) -> Option<ResourceId> {
        let found = self.program.resources.iter().position(|known| known.kind == *kind && known.each.as_ref() == each)?;
        let id = ResourceId(u32::try_from(found).ok()?);
        self.share(id);
        Some(id)
    }

    /// What two items share exists where either does.
    fn share(&mut self, id: ResourceId) {
        if let Some(resource) = self.program.resources.get_mut(id.0 as usize) {
            resource.when = match (resource.when.take(), &self.guard) {
                (Some(known), Some(guard)) => Some(known.or(guard)),
                _ => None,
            };
        }
    }

    fn resource_construct(&mut self, item: &'a ast::ResourceItem, scope: &Scope) -> Option<Local> {
        let (qualifier, name) = match item.ty.segments.as_slice() {
            [name] => (None, name),
            [qualifier, name] => (Some(qualifier), name),
            _ => (None, item.ty.segments.first()?),
        };
        let module = match qualifier {
            None => Some(scope.module),
            Some(qualifier) => {
                self.names.module(scope.module).and_then(|names| names.modules.get(&qualifier.text)).copied()
            }
        };
        let def = match (module, qualifier) {
            (Some(module), None) => self.names.callables_named(module, &name.text).first().copied(),
            (Some(module), Some(_)) => {
                self.names.module(module).and_then(|names| names.callables.get(&name.text)?.first().copied())
            }
            (None, _) => None,
        };
        let Some(def) = def.filter(|def| matches!(def.item.kind, ast::ItemKind::Construct(_))) else {
            self.report(
                Diagnostic::new(codes::UNKNOWN_NAME, format!("there is no construct `{}`", item.ty.text()))
                    .primary(item.ty.span, "not found")
                    .help("any resource of the AWS provider is `aws.` and its name without `aws_`: `aws.sqs_queue`"),
            );
            return None;
        };
        let mut args = Vec::new();
        for entry in &item.body {
            match entry {
                ast::Entry::Field(field) => {
                    args.push(super::Arg { name: Some(&field.name), value: super::ArgValue::Ast(&field.value) });
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

    fn role(&mut self, item: &'a ast::ResourceItem, scope: &Scope) -> Option<ResourceKind> {
        let statement = self.prelude_type("Statement");
        let fields = [
            ("name", Type::String),
            ("service", Type::String),
            ("statements", Type::List(Box::new(statement))),
        ];
        let known: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let mut values: IndexMap<String, Expr> = IndexMap::new();
        for entry in &item.body {
            match entry {
                ast::Entry::Field(field) => match fields.iter().find(|(name, _)| *name == field.name.text) {
                    Some((name, ty)) => {
                        let value = self.check(&field.value, scope, ty, None);
                        let because = Because::new(field.name.span, "a role is known when it is deployed");
                        self.stage(&value, Stage::Apply, because);
                        values.insert((*name).to_owned(), value);
                    }
                    None => self.unknown_setting(field, "a role", &known),
                },
                ast::Entry::Block { name, span, .. } => self.report(
                    Diagnostic::new(codes::UNKNOWN_SETTING, format!("a role has no block `{}`", name.text))
                        .primary(*span, "")
                        .help(format!("write `{} = …`", name.text)),
                ),
            }
        }
        let role_name = values.get("name").cloned();
        let service = values.get("service").and_then(|service| service.text()).map(str::to_owned);
        let statements = values.get("statements").map(|list| self.statements(list)).unwrap_or_default();
        match (role_name, service) {
            (Some(role_name), Some(service)) => Some(ResourceKind::Role { role_name, service, statements }),
            _ => {
                self.report(
                    Diagnostic::new(codes::MISSING_FIELD, "a role has a `name` and a constant `service`")
                        .primary(item.span, "")
                        .help("write `name = \"…\"` and `service = \"ecs-tasks.amazonaws.com\"`"),
                );
                None
            }
        }
    }

    /// Policy statements out of a checked `[Statement]`.
    pub fn statements(&mut self, list: &Expr) -> Vec<PolicyStatement> {
        let cause = self.cause;
        let mut statements = Vec::new();
        if !matches!(list.kind, ExprKind::List(_)) && !list.is_error() {
            self.report(
                Diagnostic::new(codes::STAGE, "policy statements are written out")
                    .primary(list.span, "not a list that the compiler knows")
                    .note("who may do what must be known before anything is deployed")
                    .help("write `[{ actions: […], resources: […] }]`"),
            );
        }
        for element in list.elements() {
            if element.is_error() {
                continue;
            }
            let texts = |expr: Option<&Expr>| -> Vec<String> {
                expr.map(Expr::elements).unwrap_or_default().iter().filter_map(|text| text.text().map(str::to_owned)).collect()
            };
            let actions = texts(element.entry("actions"));
            let written = element.entry("actions").map_or(0, |list| list.elements().len());
            if actions.len() != written || actions.is_empty() {
                self.report(
                    Diagnostic::new(codes::STAGE, "the actions of a policy are constants")
                        .primary(element.entry("actions").map_or(element.span, |list| list.span), "not all known to the compiler")
                        .note("what a role may do must be readable in the program")
                        .help("write `actions: [\"s3:GetObject\"]`"),
                );
                continue;
            }
            let resources = element.entry("resources").map(Expr::elements).unwrap_or_default().to_vec();
            let conditions = element
                .entry("conditions")
                .map(Expr::elements)
                .unwrap_or_default()
                .iter()
                .filter_map(|condition| {
                    Some(PolicyCondition {
                        test: condition.entry("test")?.text()?.to_owned(),
                        variable: condition.entry("variable")?.text()?.to_owned(),
                        values: condition.entry("values")?.elements().to_vec(),
                    })
                })
                .collect();
            let statement = PolicyStatement { actions, resources, conditions, cause };
            if !statements.contains(&statement) {
                statements.push(statement);
            }
        }
        statements
    }
}

/// Lower case, with `_` for everything that a Terraform name does not take.
pub(crate) fn snake(text: &str) -> String {
    let mut name = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_lowercase());
        } else if !name.ends_with('_') && !name.is_empty() {
            name.push('_');
        }
    }
    name.trim_end_matches('_').to_owned()
}

fn names_of_entries<'e>(body: &'e [ast::Entry], used: &mut Vec<&'e str>) {
    for entry in body {
        match entry {
            ast::Entry::Field(field) => names_of(&field.value, used),
            ast::Entry::Block { each, body, .. } => {
                if let Some(each) = each {
                    names_of(&each.values, used);
                }
                names_of_entries(body, used);
            }
        }
    }
}

fn names_of<'e>(expr: &'e ast::Expr, used: &mut Vec<&'e str>) {
    use ast::ExprKind as Kind;
    match &expr.kind {
        Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Share(_) | Kind::Duration(_) | Kind::Size(_)
        | Kind::Date(_) | Kind::Timestamp(_) | Kind::RawText(_) | Kind::None | Kind::Star | Kind::Broken => {}
        Kind::Name(name) => used.push(&name.text),
        Kind::Text(parts) => {
            for part in parts {
                if let ast::TextPart::Expr(expr) = part {
                    names_of(expr, used);
                }
            }
        }
        Kind::Field { target, .. } => names_of(target, used),
        Kind::Call { arguments, .. } => arguments.iter().for_each(|argument| names_of(&argument.value, used)),
        Kind::Construct { fields, .. } => fields.iter().for_each(|field| names_of(&field.value, used)),
        Kind::Select { target, partitions } => {
            names_of(target, used);
            partitions.iter().filter_map(|place| place.value.as_ref()).for_each(|value| names_of(value, used));
        }
        Kind::Index { target, index } => {
            names_of(target, used);
            names_of(index, used);
        }
        Kind::List(elements) => {
            for element in elements {
                if let ast::ListElement::Expr(expr) = element {
                    names_of(expr, used);
                }
            }
        }
        Kind::Record(entries) => entries.iter().for_each(|entry| names_of(&entry.value, used)),
        Kind::Unary { operand, .. } => names_of(operand, used),
        Kind::Binary { left, right, .. } => {
            names_of(left, used);
            names_of(right, used);
        }
        Kind::Between { operand, low, high } => {
            names_of(operand, used);
            names_of(low, used);
            names_of(high, used);
        }
        Kind::If { condition, then, otherwise } => {
            names_of(condition, used);
            names_of(then, used);
            names_of(otherwise, used);
        }
        Kind::Match { value, arms } => {
            names_of(value, used);
            arms.iter().for_each(|arm| names_of(&arm.value, used));
        }
    }
}
