//! Items: `use` … `flow`.

use super::Builder;
use crate::ast::{
    Attribute, Block, ConstructItem, Entry, Expr, Field, FlowItem, FunctionBody, FunctionItem, Item, ItemKind, Name, Named,
    OutputItem, Param, ParamItem, ResourceEach, ResourceItem, RetryItem, ScheduleItem, SecretItem, TableEach, TableItem, TaskBody,
    TaskItem, Use,
};
use crate::grammar::{Node, Parts, Rule};
use flow_diagnostics::{codes, Diagnostic, Span};

impl Builder<'_> {
    /// An item with its doc comment and `when`.
    pub(crate) fn item(&mut self, node: Node<'_>) -> Option<Item> {
        let whole = self.span(&node);
        let mut parts = Parts::of(node);
        let doc = parts.when(Rule::doc);
        let doc = self.doc(doc);
        let mut attributes = Vec::new();
        while let Some(attribute) = parts.when(Rule::attribute) {
            attributes.push(self.attribute(attribute)?);
        }
        let kind_node = parts.next()?;
        let span = whole.from(self.span(&kind_node));
        let kind = self.item_kind(kind_node)?;
        let when = match parts.when(Rule::when_clause) {
            Some(clause) => Some(self.expr(Parts::of(clause).next()?)?),
            None => None,
        };
        Some(Item { doc, attributes, kind, when, span })
    }

    pub(super) fn attribute(&mut self, node: Node<'_>) -> Option<Attribute> {
        let span = self.span(&node);
        let mut parts = Parts::of(node);
        let name = self.name(parts.next()?);
        let arguments = match parts.when(Rule::arguments) {
            Some(list) => self.arguments(list)?,
            None => Vec::new(),
        };
        Some(Attribute { name, arguments, span })
    }

    fn item_kind(&mut self, node: Node<'_>) -> Option<ItemKind> {
        let span = self.span(&node);
        let rule = node.as_rule();
        let mut parts = Parts::of(node);
        Some(match rule {
            Rule::use_item => ItemKind::Use(self.use_item(parts)?),
            Rule::project_item => ItemKind::Project(self.named(parts)?),
            Rule::env_item => ItemKind::Env(self.named(parts)?),
            Rule::param_item => ItemKind::Param(ParamItem {
                name: self.value_name(parts.next()?),
                ty: self.ty(parts.next()?)?,
                default: self.optional_value(&mut parts)?,
            }),
            Rule::secret_item => ItemKind::Secret(SecretItem {
                name: self.value_name(parts.next()?),
                ty: self.ty(parts.next()?)?,
                existing: self.optional_value(&mut parts)?,
            }),
            Rule::output_item => ItemKind::Output(OutputItem {
                name: self.name(parts.next()?),
                ty: match parts.when(Rule::type_expr) {
                    Some(ty) => Some(self.ty(ty)?),
                    None => None,
                },
                value: self.value(parts.next()?)?,
            }),
            Rule::schema_item => ItemKind::Schema(self.schema(parts)?),
            Rule::type_item => ItemKind::Type(self.type_item(parts)?),
            Rule::source_item => ItemKind::Source(self.table(parts)?),
            Rule::sink_item => ItemKind::Sink(self.table(parts)?),
            Rule::resource_item => ItemKind::Resource(self.resource(parts, span)?),
            Rule::transform_item => ItemKind::Transform(self.transform(parts)?),
            Rule::task_item => ItemKind::Task(self.task(parts)?),
            Rule::construct_item => ItemKind::Construct(self.construct_item(parts)?),
            Rule::retry_item => ItemKind::Retry(RetryItem {
                name: self.value_name(parts.next()?),
                value: self.value(parts.next()?)?,
            }),
            Rule::schedule_item => ItemKind::Schedule(ScheduleItem {
                name: self.value_name(parts.next()?),
                value: self.value(parts.next()?)?,
            }),
            Rule::function_item => ItemKind::Function(self.function(parts)?),
            Rule::flow_item => ItemKind::Flow(self.flow(parts, span)?),
            Rule::stream_item => ItemKind::Stream(self.stream(parts, span)?),
            Rule::test_item => ItemKind::Test(self.test(parts, span)?),
            _ => return None,
        })
    }

    /// The next part as a value, if there is one. The outer `None` is a value that cannot be built.
    #[expect(clippy::option_option, reason = "an absent value and a broken one differ")]
    fn optional_value(&mut self, parts: &mut Parts<'_>) -> Option<Option<Expr>> {
        match parts.next() {
            Some(node) => Some(Some(self.value(node)?)),
            None => Some(None),
        }
    }

    fn use_item(&mut self, mut parts: Parts<'_>) -> Option<Use> {
        let first = parts.next()?;
        if first.as_rule() == Rule::text {
            let span = self.span(&first);
            let path = self.plain_text(first, "the path of a file")?;
            return Some(Use::File { path, span });
        }
        let path = self.path(first);
        let names = parts
            .when(Rule::use_names)
            .map(|list| Parts::of(list).map(|name| self.name(name)).collect::<Vec<Name>>());
        Some(Use::Path { path, names })
    }

    fn named(&mut self, mut parts: Parts<'_>) -> Option<Named> {
        Some(Named { name: self.name(parts.next()?), fields: self.fields(parts.next()?)? })
    }

    fn table(&mut self, mut parts: Parts<'_>) -> Option<TableItem> {
        Some(TableItem {
            name: self.value_name(parts.next()?),
            ty: self.ty(parts.next()?)?,
            each: match parts.when(Rule::table_each) {
                Some(each) => Some(self.table_each(each)?),
                None => None,
            },
            existing: self.existing(&mut parts),
            value: self.value(parts.next()?)?,
        })
    }

    fn table_each(&mut self, node: Node<'_>) -> Option<TableEach> {
        let mut parts = Parts::of(node);
        let variable = self.value_name(parts.next()?);
        parts.when(Rule::is_in)?;
        Some(TableEach { variable, union: self.path(parts.next()?) })
    }

    /// Where the word `existing` stands, if it does.
    fn existing(&mut self, parts: &mut Parts<'_>) -> Option<Span> {
        parts.when(Rule::existing).map(|word| self.span(&word))
    }

    fn resource(&mut self, mut parts: Parts<'_>, span: Span) -> Option<ResourceItem> {
        Some(ResourceItem {
            name: self.value_name(parts.next()?),
            each: match parts.when(Rule::resource_each) {
                Some(each) => Some(self.resource_each(each)?),
                None => None,
            },
            existing: self.existing(&mut parts),
            ty: self.path(parts.next()?),
            arguments: match parts.when(Rule::arguments) {
                Some(arguments) => Some(self.arguments(arguments)?),
                None => None,
            },
            body: self.resource_body(parts.next()?)?,
            when: None,
            span,
        })
    }

    /// A resource of a construct, with its condition.
    fn made_resource(&mut self, node: Node<'_>) -> Option<ResourceItem> {
        let mut parts = Parts::of(node);
        let resource = parts.next()?;
        let span = self.span(&resource);
        let made = self.resource(Parts::of(resource), span)?;
        let when = match parts.when(Rule::when_clause) {
            Some(clause) => Some(self.expr(Parts::of(clause).next()?)?),
            None => None,
        };
        Some(ResourceItem { when, ..made })
    }

    fn resource_body(&mut self, node: Node<'_>) -> Option<Vec<Entry>> {
        let span = self.span(&node);
        self.deeper(1, span, |builder| {
            Parts::of(node)
                .map(|entry| match entry.as_rule() {
                    Rule::field => Some(Entry::Field(builder.field(entry)?)),
                    _ => builder.resource_block(entry),
                })
                .collect()
        })
    }

    fn resource_block(&mut self, node: Node<'_>) -> Option<Entry> {
        let span = self.span(&node);
        let mut parts = Parts::of(node);
        let name = self.name(parts.next()?);
        let each = match parts.when(Rule::resource_each) {
            Some(each) => Some(self.resource_each(each)?),
            None => None,
        };
        Some(Entry::Block { name, each, body: self.resource_body(parts.next()?)?, span })
    }

    fn resource_each(&mut self, node: Node<'_>) -> Option<ResourceEach> {
        let span = self.span(&node);
        let mut parts = Parts::of(node);
        let first = self.name(parts.next()?);
        let second = parts.when(Rule::name).map(|name| self.name(name));
        parts.when(Rule::is_in)?;
        Some(ResourceEach { first, second, values: self.expr(parts.next()?)?, span })
    }

    fn task(&mut self, mut parts: Parts<'_>) -> Option<TaskItem> {
        let name = self.name(parts.next()?);
        let params = self.params(parts.next()?)?;
        let result = match parts.when(Rule::type_expr) {
            Some(ty) => Some(self.ty(ty)?),
            None => None,
        };
        let body = match parts.when(Rule::task_body) {
            Some(body) => self.task_body(body)?,
            None => TaskBody::Construct(self.value(parts.next()?)?),
        };
        Some(TaskItem { name, params, result, body })
    }

    /// Fields alone declare a task over a resource; with a statement among them it is made of steps.
    fn task_body(&mut self, node: Node<'_>) -> Option<TaskBody> {
        let span = self.span(&node);
        self.deeper(1, span, |builder| {
            let mut settings = Vec::new();
            let mut statements = Vec::new();
            for part in Parts::of(node) {
                match part.as_rule() {
                    Rule::field => settings.extend(builder.setting(part)?),
                    _ => statements.push(builder.statement(part)?),
                }
            }
            Some(if statements.is_empty() {
                TaskBody::Fields(settings)
            } else {
                TaskBody::Steps { settings, body: Block { statements, span } }
            })
        })
    }

    /// A field among statements; `step = …`, a step without a name, is reported and gives nothing.
    #[expect(clippy::option_option, reason = "a setting that is none and one that cannot be built differ")]
    fn setting(&mut self, node: Node<'_>) -> Option<Option<Field>> {
        let field = self.field(node)?;
        if matches!(field.name.text.as_str(), "step" | "let") {
            self.report(
                Diagnostic::new(codes::SYNTAX, format!("this `{}` has no name", field.name.text))
                    .primary(field.name.span.after(), "expected a name")
                    .help(format!("write `{} NAME = …`", field.name.text)),
            );
            return Some(None);
        }
        Some(Some(field))
    }

    fn construct_item(&mut self, mut parts: Parts<'_>) -> Option<ConstructItem> {
        let existing = self.existing(&mut parts);
        let name = self.name(parts.next()?);
        let params = self.params(parts.next()?)?;
        let result = self.ty(parts.next()?)?;
        let mut resources = Vec::new();
        let mut fields = Vec::new();
        for part in parts {
            if part.as_rule() == Rule::field {
                fields.push(self.field(part)?);
            } else {
                resources.push(self.made_resource(part)?);
            }
        }
        Some(ConstructItem { name, existing, params, result, resources, fields })
    }

    fn function(&mut self, mut parts: Parts<'_>) -> Option<FunctionItem> {
        let name = self.name(parts.next()?);
        let generics = self.generics(&mut parts);
        let params = self.params(parts.next()?)?;
        let result = self.ty(parts.next()?)?;
        let body = match parts.when(Rule::fields) {
            Some(fields) => FunctionBody::Lower(self.fields(fields)?),
            None => FunctionBody::Expr(self.value(parts.next()?)?),
        };
        Some(FunctionItem { name, generics, params, result, body })
    }

    /// `<T>` after a name; none where it is not written.
    pub(super) fn generics(&mut self, parts: &mut Parts<'_>) -> Vec<Name> {
        match parts.when(Rule::generics) {
            Some(list) => Parts::of(list).map(|generic| self.name(generic)).collect(),
            None => Vec::new(),
        }
    }

    fn flow(&mut self, mut parts: Parts<'_>, span: Span) -> Option<FlowItem> {
        let name = self.name(parts.next()?);
        let params = self.params(parts.next()?)?;
        let result = match parts.when(Rule::type_expr) {
            Some(ty) => Some(self.ty(ty)?),
            None => None,
        };
        let mut flow = FlowItem {
            name,
            params,
            result,
            triggers: Vec::new(),
            settings: Vec::new(),
            on_failure: Vec::new(),
            body: Block { statements: Vec::new(), span },
        };
        for part in parts {
            match part.as_rule() {
                Rule::field => flow.settings.extend(self.setting(part)?),
                Rule::on_failure => flow.on_failure.push(self.handler(part)?),
                Rule::trigger => flow.triggers.push(self.trigger(part)?),
                _ => flow.body.statements.push(self.statement(part)?),
            }
        }
        Some(flow)
    }

    pub(super) fn params(&mut self, node: Node<'_>) -> Option<Vec<Param>> {
        Parts::of(node).map(|param| self.param(param)).collect()
    }

    fn param(&mut self, node: Node<'_>) -> Option<Param> {
        let whole = self.span(&node);
        let mut parts = Parts::of(node);
        let doc = parts.when(Rule::doc);
        let doc = self.doc(doc);
        let first = parts.ahead_span().map_or(whole, |span| self.range(span.0, span.1));
        let stage = parts.when(Rule::stage).map(|stage| self.name(stage));
        let rest = parts.when(Rule::rest).is_some();
        let name = self.value_name(parts.next()?);
        let ty = match parts.when(Rule::type_expr) {
            Some(ty) => Some(self.ty(ty)?),
            None => None,
        };
        let default = self.optional_value(&mut parts)?;
        if ty.is_none() && !rest {
            self.report(
                Diagnostic::new(codes::MISSING_TYPE, format!("the parameter `{}` has no type", name.text))
                    .primary(name.span, "expected `: TYPE` after this name")
                    .note("signatures are written; only what is inside is inferred")
                    .help(format!("write its type, such as `{}: String`", name.text)),
            );
        }
        Some(Param { doc, stage, rest, name, ty, default, span: whole.from(first) })
    }
}
