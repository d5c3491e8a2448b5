//! Attributes of resources, read: `queue.arn`, `cluster.endpoint[0].address`, `queues["orders"].url`, `network.vpc_id`.
//!
//! The provider's schema says which there are and of what type. What may be given and is not is `none` after the
//! deployment, so its type is optional; so is an argument that the program gives a value that may be `none`.

use super::{Because, Checker, Local, Scope};
use crate::program::{Entry, Expr, ExprKind, Instance, ResourceId, ResourceKind, Stage, Type, Value};
use crate::provider::{self, Mode, Need, Nested, Shape, ValueType};
use crate::suggest::nearest;
use flow_diagnostics::{Diagnostic, Span, codes};
use flow_syntax::ast::{self, ItemKind, Name};

/// A step from a resource to a value in it.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    /// `.name`.
    Field(&'a Name),
    /// `[0]`, `["key"]`.
    Index(&'a ast::Expr),
}

/// What a part of a path leads to.
#[derive(Debug, Clone)]
enum At {
    /// A resource, a block, an object.
    Shape(Shape),
    /// Blocks of a kind that there may be several of.
    Blocks(Nested),
    /// A value.
    Value(ValueType),
    /// What nothing is known of: in a module of others.
    Unknown,
}

impl<'a> Checker<'a> {
    /// The resource that a name alone stands for.
    pub(super) fn resource_of(&mut self, target: &'a ast::Expr, scope: &Scope) -> Option<ResourceId> {
        let ast::ExprKind::Name(name) = &target.kind else { return None };
        match scope.local(&name.text) {
            Some(Local::Resource(id)) => Some(*id),
            Some(_) => None,
            None => {
                let def = self.names.value_named(scope.module, &name.text)?;
                if !matches!(def.item.kind, ItemKind::Resource(_)) {
                    return None;
                }
                match self.item_resource(def) {
                    Some(Local::Resource(id)) => Some(id),
                    _ => None,
                }
            }
        }
    }

    /// The resource at the root of a path.
    fn steps(&mut self, target: &'a ast::Expr, scope: &Scope) -> Option<(ResourceId, Vec<Step<'a>>)> {
        match &target.kind {
            ast::ExprKind::Field { target, name, .. } => {
                let (id, mut steps) = self.steps(target, scope)?;
                steps.push(Step::Field(name));
                Some((id, steps))
            }
            ast::ExprKind::Index { target, index } => {
                let (id, mut steps) = self.steps(target, scope)?;
                steps.push(Step::Index(index));
                Some((id, steps))
            }
            _ => Some((self.resource_of(target, scope)?, Vec::new())),
        }
    }

    /// The value at a path that begins with a resource; none where it does not, or where a function is applied to one.
    pub(super) fn attribute_at(&mut self, whole: &'a ast::Expr, scope: &Scope) -> Option<Expr> {
        let (id, steps) = self.steps(whole, scope)?;
        let root = root_of(whole);
        self.attribute_by(id, &steps, root, whole.span, scope)
    }

    fn attribute_by(&mut self, id: ResourceId, steps: &[Step<'a>], root: &'a ast::Expr, span: Span, scope: &Scope) -> Option<Expr> {
        let resource = self.program.resource(id)?;
        let name = self.files.slice(root.span).to_owned();
        let repeated = resource.each.clone();
        let mut at = match (&resource.kind, resource.listed()) {
            (ResourceKind::Module { .. }, _) | (_, None) => At::Unknown,
            (_, Some(listed)) => provider::listed(&listed).map_or(At::Unknown, |found| At::Shape(found.shape)),
        };
        let mut stage = self.attributes_stage(id);
        let mut steps = steps.iter().copied().peekable();
        let instance = match (&repeated, steps.peek().copied()) {
            (Some(each), Some(Step::Index(key))) => {
                steps.next();
                let key = self.key_of(&each.values, key, scope);
                if key.is_error() {
                    return Some(Expr::error(span));
                }
                stage = stage.max(key.stage);
                Instance::Key(Box::new(key))
            }
            (Some(_), _) => Instance::Every,
            (None, Some(Step::Index(index))) => {
                return Some(self.fail(
                    span,
                    Diagnostic::new(codes::NOT_REPEATED, format!("there is one `{name}`, not one for each key"))
                        .primary(index.span, "a key")
                        .help(format!("write `{name}.ATTRIBUTE`, or declare one for each: `resource {name} for x in LIST = …`")),
                ));
            }
            (None, _) => Instance::Only,
        };
        let mut path: Vec<String> = Vec::new();
        let mut built: Option<Expr> = None;
        let mut optional = false;
        let mut last_name = String::new();
        while let Some(step) = steps.next() {
            match step {
                Step::Field(field) => {
                    if matches!(at, At::Value(ValueType::String | ValueType::Number | ValueType::Bool)) {
                        // A function of the value: `queue.name.len`.
                        let ty = self.type_at(&at, &last_name);
                        let value = self.found(id, &instance, path, built, ty, optional, stage, span);
                        if steps.peek().is_some() {
                            return None;
                        }
                        return Some(self.field_of(value, field, false, span, scope));
                    }
                    let first = path.is_empty() && built.is_none();
                    let (next, may_lack) = match self.step_into(id, &at, field, &name, first) {
                        Some(next) => next,
                        None => return Some(Expr::error(span)),
                    };
                    optional |= may_lack;
                    at = next;
                    last_name.clone_from(&field.text);
                    match built.take() {
                        Some(target) => {
                            let kind =
                                ExprKind::Field { target: Box::new(target), name: field.text.clone(), optional: false };
                            built = Some(Expr::new(kind, Type::Json, stage, span));
                        }
                        None => path.push(field.text.clone()),
                    }
                }
                Step::Index(index) => {
                    let (next, of_map, set) = match self.index_into(&at, index, &last_name) {
                        Some(next) => next,
                        None => return Some(Expr::error(span)),
                    };
                    let want = if of_map { Type::String } else { Type::Int };
                    let because = Because::new(index.span, if of_map { "a key of a map" } else { "a place in a list, from 0" });
                    let place = self.check(index, scope, &want, Some(because));
                    let because = Because::new(index.span, "an attribute is read when the program is deployed");
                    if place.is_error() || !self.stage(&place, Stage::Apply, because) {
                        return Some(Expr::error(span));
                    }
                    stage = stage.max(place.stage);
                    last_name.clear();
                    at = next;
                    match (built.take(), place.constant()) {
                        (None, Some(Value::Int(number))) if !set && *number >= 0 => path.push(number.to_string()),
                        (built_so_far, _) => {
                            let target = built_so_far.unwrap_or_else(|| {
                                let kind = ExprKind::Attribute { resource: id, instance: instance.clone(), path: path.clone() };
                                Expr::new(kind, Type::Json, stage, span)
                            });
                            let kind = ExprKind::Index { target: Box::new(target), index: Box::new(place), set };
                            built = Some(Expr::new(kind, Type::Json, stage, span));
                        }
                    }
                }
            }
        }
        if path.is_empty() {
            return Some(self.bare_resource(&Name { text: name, span }));
        }
        let ty = self.type_at(&at, &last_name);
        Some(self.found(id, &instance, path, built, ty, optional, stage, span))
    }

    #[expect(clippy::too_many_arguments, reason = "what a path has come to")]
    fn found(
        &self,
        id: ResourceId,
        instance: &Instance,
        path: Vec<String>,
        built: Option<Expr>,
        ty: Type,
        optional: bool,
        stage: Stage,
        span: Span,
    ) -> Expr {
        let ty = if optional { ty.optional() } else { ty };
        let ty = if *instance == Instance::Every { Type::Map(Box::new(ty)) } else { ty };
        match built {
            Some(value) => Expr { ty, ..value },
            None => Expr::new(ExprKind::Attribute { resource: id, instance: instance.clone(), path }, ty, stage, span),
        }
    }

    fn type_at(&self, at: &At, name: &str) -> Type {
        match at {
            At::Shape(shape) => self.type_of_shape(*shape, 0),
            At::Blocks(block) => Type::List(Box::new(self.type_of_shape(block.shape, 0))),
            At::Value(ty) => self.type_of_value(ty, name, 0),
            At::Unknown => Type::Json,
        }
    }

    /// What `.name` leads to, and whether it may be `none`.
    fn step_into(&mut self, id: ResourceId, at: &At, name: &Name, root: &str, first: bool) -> Option<(At, bool)> {
        let shape = match at {
            At::Unknown => return Some((At::Unknown, false)),
            At::Shape(shape) | At::Value(ValueType::Object(shape)) => *shape,
            At::Value(ValueType::Map(inner)) => return Some((At::Value(inner.as_ref().clone()), true)),
            At::Value(ValueType::Any) => return Some((At::Unknown, false)),
            At::Blocks(_) | At::Value(_) => {
                let written = name.text.clone();
                self.report(
                    Diagnostic::new(codes::UNKNOWN_ATTRIBUTE, format!("`{written}` of a list"))
                        .primary(name.span, "there may be several")
                        .help(format!("name the first of them: `[0].{written}`")),
                );
                return None;
            }
        };
        if let Some(attribute) = shape.attribute(&name.text) {
            let absent = attribute.need == Need::Optional && !(first && self.is_given(id, &name.text));
            return Some((At::Value(attribute.ty), absent));
        }
        if let Some(block) = shape.block(&name.text) {
            return Some(match block.mode {
                Mode::Single => (At::Shape(block.shape), false),
                _ => (At::Blocks(block), false),
            });
        }
        let of = match first {
            true => format!("`{root}`"),
            false => "it".to_owned(),
        };
        let listed = self.program.resource(id).and_then(crate::program::Resource::listed).unwrap_or_default();
        let names: Vec<&str> = shape
            .attributes()
            .map(|attribute| attribute.name)
            .chain(shape.blocks().map(|block| block.name))
            .collect();
        let diagnostic =
            Diagnostic::new(codes::UNKNOWN_ATTRIBUTE, format!("{of} has no attribute `{}`", name.text))
                .primary(name.span, "not found")
                .note(format!("see {}", provider::documentation(&listed)));
        let diagnostic = match nearest(&name.text, names.iter().copied()) {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), name.span, near),
            None => diagnostic.help(format!("there are {}", crate::suggest::listed(names.iter().copied()))),
        };
        self.report(diagnostic);
        None
    }

    /// Whether the resource is given an argument, certainly.
    fn is_given(&self, id: ResourceId, name: &str) -> bool {
        let body = self.program.resource(id).map(crate::program::Resource::body).unwrap_or_default();
        Entry::attribute(body, name).is_some_and(|value| !value.ty.is_optional())
    }

    /// What `[…]` leads to; whether it is a key, and whether it looks into a set.
    fn index_into(&mut self, at: &At, index: &ast::Expr, name: &str) -> Option<(At, bool, bool)> {
        Some(match at {
            At::Unknown => (At::Unknown, matches!(index.kind, ast::ExprKind::Text(_) | ast::ExprKind::RawText(_)), false),
            At::Blocks(block) => (At::Shape(block.shape), block.mode == Mode::Map, block.mode == Mode::Set),
            At::Value(ValueType::List(inner)) => (At::Value(inner.as_ref().clone()), false, false),
            At::Value(ValueType::Set(inner)) => (At::Value(inner.as_ref().clone()), false, true),
            At::Value(ValueType::Map(inner)) => (At::Value(inner.as_ref().clone()), true, false),
            At::Value(ValueType::Any) => (At::Unknown, false, false),
            At::Value(_) | At::Shape(_) => {
                let what = if name.is_empty() { "this".to_owned() } else { format!("`{name}`") };
                self.report(
                    Diagnostic::new(codes::NOT_REPEATED, format!("{what} is one value, not a list or a map"))
                        .primary(index.span, "a place in it")
                        .help("leave `[…]` out"),
                );
                return None;
            }
        })
    }

    /// The key of an instance: a text, and where the compiler knows all keys, one of them.
    fn key_of(&mut self, values: &Expr, key: &'a ast::Expr, scope: &Scope) -> Expr {
        let because = Because::new(values.span, "there is one for each of these");
        let expr = self.check(key, scope, &Type::String, Some(because.clone()));
        if expr.is_error() || !self.stage(&expr, Stage::Apply, because) {
            return Expr::error(key.span);
        }
        let known: Option<Vec<&str>> = match &values.kind {
            ExprKind::List(elements) => elements.iter().map(Expr::text).collect(),
            ExprKind::Record(entries) => Some(entries.iter().map(|(name, _)| name.as_str()).collect()),
            _ => None,
        };
        if let (Some(known), Some(text)) = (known, expr.text())
            && !known.contains(&text)
        {
            let diagnostic = Diagnostic::new(codes::NOT_REPEATED, format!("there is none for the key `{text}`"))
                .primary(key.span, "not among the keys")
                .secondary(values.span, "there is one for each of these");
            let diagnostic = match nearest(text, known.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `\"{near}\"`?")),
                None => diagnostic.help(format!("the keys are {}", crate::suggest::listed(known.iter().copied()))),
            };
            return self.fail(key.span, diagnostic);
        }
        expr
    }

    /// `a[0]` of what is no attribute.
    pub(super) fn index_of(&mut self, target: &'a ast::Expr, index: &'a ast::Expr, scope: &Scope, span: Span) -> Expr {
        let value = self.expr(target, scope, None);
        if value.is_error() {
            return Expr::error(span);
        }
        let deployed = value.stage <= Stage::Apply;
        let found = match value.ty.base().clone() {
            Type::List(element) if deployed => Some((Type::Int, *element)),
            Type::Map(element) if deployed => Some((Type::String, *element)),
            _ => None,
        };
        if let Some((want, ty)) = found {
            let place = self.check(index, scope, &want, None);
            let because = Because::new(target.span, "known when the program is deployed");
            if place.is_error() || !self.stage(&place, Stage::Apply, because) {
                return Expr::error(span);
            }
            if let (ExprKind::List(elements), Some(Value::Int(at))) = (&value.kind, place.constant()) {
                let at = usize::try_from(*at).ok();
                return match at.and_then(|at| elements.get(at)) {
                    Some(element) => Expr { span, ..element.clone() },
                    None => self.fail(
                        span,
                        Diagnostic::new(codes::NOT_REPEATED, format!("the list has {} elements", elements.len()))
                            .primary(index.span, "counted from 0"),
                    ),
                };
            }
            let stage = value.stage.max(place.stage);
            let kind = ExprKind::Index { target: Box::new(value), index: Box::new(place), set: false };
            return Expr::new(kind, ty, stage, span);
        }
        let shown = self.show(&value.ty);
        let diagnostic = match &value.ty {
            Type::Table(_) => {
                let written = self.files.slice(index.span).to_owned();
                Diagnostic::new(codes::TYPE_MISMATCH, "`[…]` of a table names its partitions")
                    .primary(index.span, "no `name = value`")
                    .help(format!("write `[COLUMN = {written}]`"))
            }
            _ => Diagnostic::new(codes::TYPE_MISMATCH, format!("`[…]` does not apply to a `{shown}`"))
                .primary(target.span, format!("`{shown}`"))
                .note("it names partitions of a table, an element of a list that is known when the program is deployed, or one of several resources"),
        };
        self.fail(span, diagnostic)
    }
}

/// The name at the start of a path.
fn root_of(mut expr: &ast::Expr) -> &ast::Expr {
    while let ast::ExprKind::Field { target, .. } | ast::ExprKind::Index { target, .. } = &expr.kind {
        expr = target;
    }
    expr
}
