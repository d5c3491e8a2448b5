//! Resources of the provider against its schema ([`crate::provider`]): which attributes and blocks there are, which there
//! must be and how many, who may set them, and of what type their values are.

use super::{Because, Checker, Scope};
use crate::program::{Entry, Stage};
use crate::provider::{self, Attribute, Need, Nested, RuleKind, Rules, Shape};
use crate::suggest::listed;
use flow_diagnostics::{Diagnostic, Span, codes};
use flow_syntax::ast::{self, Name};

/// What a body is of, for messages and for its schema.
#[derive(Debug, Clone)]
pub(super) struct BodyOf {
    /// "`aws.sqs_queue`", "the block `setting`".
    pub title: String,
    /// Where it is written.
    pub span: Span,
    /// Its attributes and blocks; none where the type is unknown, which was reported.
    pub shape: Option<Shape>,
    /// Where a person reads about the resource.
    pub docs: String,
    /// What the provider asks of the resource beside its schema.
    pub rules: Rules,
    /// The nested blocks that lead here, parted by dots.
    pub path: String,
    /// Whether it is the resource's own body, which has Terraform's settings too.
    pub top: bool,
    /// Whether it is an object that is written as a block: nothing in it must be given.
    pub lenient: bool,
}

/// What is given in a body.
#[derive(Debug, Default)]
struct Given<'a> {
    attributes: Vec<&'a Name>,
    /// Those of them whose values may be `none`.
    perhaps: Vec<&'a str>,
    /// Each kind of block with the places of its blocks, and whether their number is known.
    blocks: Vec<(&'a Name, Vec<Span>, bool)>,
}

impl<'a> Checker<'a> {
    /// The schema of a resource or data source, reported where there is none of the name.
    pub(super) fn provider_body(&mut self, ty: &Name, data: bool) -> BodyOf {
        let name = format!("aws_{}", ty.text);
        let key = if data { format!("data.{name}") } else { name.clone() };
        let title = format!("{}`aws.{}`", if data { "the data source " } else { "" }, ty.text);
        let found = provider::listed(&key);
        match &found {
            None => self.unknown_resource_type(ty, data),
            Some(known) if known.deprecated => self.report(
                Diagnostic::new(codes::DEPRECATED, format!("{title} is deprecated"))
                    .primary(ty.span, "the provider advises against it")
                    .note(format!("its next major version may leave it out: {}", provider::documentation(&key))),
            ),
            Some(_) => {}
        }
        BodyOf {
            title,
            span: ty.span,
            shape: found.map(|found| found.shape),
            docs: provider::documentation(&key),
            rules: Rules::of(&key),
            path: String::new(),
            top: true,
            lenient: false,
        }
    }

    fn unknown_resource_type(&mut self, ty: &Name, data: bool) {
        let kind = if data { "data source" } else { "resource" };
        let names: Vec<&str> = if data {
            provider::data_sources().map(|found| found.name).collect()
        } else {
            provider::resources().map(|found| found.name).collect()
        };
        let known: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix("aws_")).collect();
        let diagnostic =
            Diagnostic::new(codes::UNKNOWN_RESOURCE, format!("the AWS provider has no {kind} `{}`", ty.text))
                .primary(ty.span, "not found")
                .note(format!("looked for `aws_{}` in {}", ty.text, provider::version()));
        let full = format!("aws_{}", ty.text);
        let bare = ty.text.strip_prefix("aws_").filter(|bare| known.contains(bare));
        let other = if data { provider::resource(&full) } else { provider::data_source(&full) };
        let diagnostic = match (bare, other, crate::suggest::nearest(&ty.text, known.iter().copied())) {
            (Some(bare), ..) => diagnostic
                .help(format!("leave out `aws_`: write `aws.{bare}`"))
                .fix(format!("write `aws.{bare}`"), ty.span, bare),
            (None, Some(_), _) if data => diagnostic.help("there is a resource of the name: leave `existing` out to make one"),
            (None, Some(_), _) => {
                diagnostic.help(format!("there is a data source of the name: `existing aws.{} {{ … }}`", ty.text))
            }
            (None, None, Some(near)) => {
                diagnostic.help(format!("did you mean `aws.{near}`?")).fix(format!("write `aws.{near}`"), ty.span, near)
            }
            (None, None, None) => {
                let service = ty.text.split('_').next().unwrap_or_default();
                let of_service: Vec<&str> =
                    known.iter().copied().filter(|name| name.split('_').next() == Some(service)).collect();
                match of_service.as_slice() {
                    [] => diagnostic.help(
                        "write the provider's name without `aws_`: `aws.sqs_queue` for `aws_sqs_queue`; \
                         its services are at https://registry.terraform.io/providers/hashicorp/aws/latest/docs",
                    ),
                    found => diagnostic.help(format!("of `{service}` there are {}", listed(found.iter().copied()))),
                }
            }
        };
        self.report(diagnostic);
    }

    /// A body with its attributes and blocks checked.
    pub(super) fn typed_entries(&mut self, of: &BodyOf, body: &'a [ast::Entry], scope: &Scope) -> Vec<Entry> {
        let mut list = Vec::new();
        let mut given = Given::default();
        for entry in body {
            match entry {
                ast::Entry::Field(field) => {
                    let earlier = given.attributes.iter().find(|known| known.text == field.name.text);
                    if let Some(first) = earlier {
                        let first = first.span;
                        self.given_twice(&field.name, first);
                        continue;
                    }
                    given.attributes.push(&field.name);
                    list.extend(self.attribute(of, field, scope, &mut given));
                }
                ast::Entry::Block { name, body, .. } if of.top && name.text == "lifecycle" => {
                    list.push(Entry::Block(name.text.clone(), self.lifecycle(body, scope, of.shape)));
                }
                ast::Entry::Block { name, each, body, span } => {
                    let Some(inner) = self.nested(of, name) else { continue };
                    let (made, certain) = self.blocks_of(&inner, name, each.as_ref(), body, scope);
                    let places = std::iter::repeat_n(*span, made.len());
                    match given.blocks.iter_mut().find(|(known, ..)| known.text == name.text) {
                        Some((_, known, sure)) => {
                            known.extend(places);
                            *sure &= certain;
                        }
                        None => given.blocks.push((name, places.collect(), certain)),
                    }
                    list.extend(made);
                }
            }
        }
        if let Some(shape) = of.shape {
            if !of.lenient {
                self.missing(of, shape, &given);
                self.exclusive(of, &given);
            }
            self.block_counts(of, shape, &given);
        }
        list
    }

    fn given_twice(&mut self, name: &Name, first: Span) {
        self.report(
            Diagnostic::new(codes::DUPLICATE_ARGUMENT, format!("`{}` is given twice", name.text))
                .primary(name.span, "given again")
                .secondary(first, "given here")
                .help("leave one of them out"),
        );
    }

    fn attribute(&mut self, of: &BodyOf, field: &'a ast::Field, scope: &Scope, given: &mut Given<'a>) -> Option<Entry> {
        let name = field.name.text.as_str();
        let Some(shape) = of.shape else {
            let value = self.expr(&field.value, scope, Some(&crate::program::Type::Json));
            return (!value.is_error()).then(|| Entry::Attribute(name.to_owned(), value));
        };
        if let Some(attribute) = shape.attribute(name) {
            if !attribute.settable() {
                self.read_only(of, field);
                return None;
            }
            if attribute.deprecated {
                self.deprecated(of, &field.name, "attribute");
            }
            let value = self.attribute_value(of, field, &attribute, scope);
            if value.known_none() == Some(true) {
                given.attributes.retain(|known| known.text != name);
                return None;
            }
            let because = Because::new(field.name.span, "an attribute of a resource is known when it is deployed");
            self.stage(&value, Stage::Apply, because);
            if value.ty.is_optional() {
                given.perhaps.push(&field.name.text);
            }
            return Some(Entry::Attribute(name.to_owned(), value));
        }
        if of.top && name == "depends_on" {
            return self.depends_on(field, scope);
        }
        if let Some(block) = shape.block(name) {
            self.block_as_attribute(of, field, &block);
            // Written in another way, it is no more missing than any other.
            given.blocks.push((&field.name, Vec::new(), false));
            return None;
        }
        self.unknown_part(of, shape, &field.name);
        None
    }

    /// What a nested block is checked against, or a report.
    fn nested(&mut self, of: &BodyOf, name: &Name) -> Option<BodyOf> {
        let inner = |shape: Option<Shape>, lenient: bool| BodyOf {
            title: format!("the block `{}`", name.text),
            span: name.span,
            shape,
            docs: of.docs.clone(),
            rules: of.rules,
            path: if of.path.is_empty() { name.text.clone() } else { format!("{}.{}", of.path, name.text) },
            top: false,
            lenient,
        };
        let Some(shape) = of.shape else { return Some(inner(None, true)) };
        if let Some(block) = shape.block(&name.text) {
            if block.deprecated {
                self.deprecated(of, name, "block");
            }
            return Some(inner(Some(block.shape), false));
        }
        if let Some(attribute) = shape.attribute(&name.text) {
            if let Some(shape) = attribute.as_blocks() {
                return Some(inner(Some(shape), true));
            }
            self.attribute_as_block(of, name, &attribute);
            return None;
        }
        self.unknown_part(of, shape, name);
        None
    }

    fn read_only(&mut self, of: &BodyOf, field: &ast::Field) {
        let name = &field.name.text;
        self.report(
            Diagnostic::new(codes::READ_ONLY, format!("`{name}` of {} cannot be set", of.title))
                .primary(field.name.span, "AWS gives it its value")
                .note("the provider computes it, and refuses a configuration that sets it")
                .help(format!("leave it out; it is read as `NAME.{name}`")),
        );
    }

    fn deprecated(&mut self, of: &BodyOf, name: &Name, kind: &str) {
        self.report(
            Diagnostic::new(codes::DEPRECATED, format!("the {kind} `{}` of {} is deprecated", name.text, of.title))
                .primary(name.span, "the provider advises against it")
                .note(format!("what to write instead stands at {}", of.docs)),
        );
    }

    fn block_as_attribute(&mut self, of: &BodyOf, field: &ast::Field, block: &Nested) {
        let name = &field.name.text;
        let diagnostic = Diagnostic::new(codes::BLOCK_OR_ATTRIBUTE, format!("`{name}` of {} is a block", of.title))
            .primary(field.name.span, "given as an attribute");
        let diagnostic = match &field.value.kind {
            ast::ExprKind::List(_) => diagnostic
                .help(format!("write one block for each element: `{name} {{ … }}`, or `{name} for x in LIST {{ … }}`")),
            _ => diagnostic.help(format!("write `{name} {{ … }}`, without `=`, its attributes as `name = value`")),
        };
        let required = required_names(block.shape);
        self.report(match required.as_slice() {
            [] => diagnostic,
            names => diagnostic.note(format!("it must have {}", listed(names.iter().map(String::as_str)))),
        });
    }

    fn attribute_as_block(&mut self, of: &BodyOf, name: &Name, attribute: &Attribute) {
        let diagnostic =
            Diagnostic::new(codes::BLOCK_OR_ATTRIBUTE, format!("`{}` of {} is an attribute", name.text, of.title))
                .primary(name.span, format!("given as a block; it is a {}", attribute.ty.text()));
        self.report(match attribute.settable() {
            true => diagnostic.help(format!("write `{} = …`", name.text)),
            false => diagnostic.help("leave it out: the provider computes it"),
        });
    }

    /// A name that neither an attribute nor a block has.
    fn unknown_part(&mut self, of: &BodyOf, shape: Shape, name: &Name) {
        let meta = match name.text.as_str() {
            _ if !of.top => None,
            "count" => Some("write `when CONDITION` after the resource, or `resource NAME for x in LIST = …`"),
            "for_each" => Some("write `resource NAME for key, value in MAP = …`"),
            "provider" | "providers" => Some("all resources are of the project's own region and account"),
            "provisioner" | "connection" => Some("what runs during a deployment cannot be planned; make it a task of a flow"),
            _ => None,
        };
        let diagnostic = Diagnostic::new(
            codes::UNKNOWN_ATTRIBUTE,
            format!("{} has no attribute or block `{}`", of.title, name.text),
        )
        .primary(name.span, "not found");
        let diagnostic = match meta {
            Some(help) => diagnostic.help(help),
            None => {
                let attributes: Vec<Attribute> = shape.attributes().filter(Attribute::settable).collect();
                let blocks: Vec<Nested> = shape.blocks().collect();
                let known: Vec<&str> = attributes
                    .iter()
                    .map(|attribute| attribute.name)
                    .chain(blocks.iter().map(|block| block.name))
                    .filter(|known| *known != "id")
                    .collect();
                Self::suggest(diagnostic, &name.text, name.span, &known, "there are").note(format!("see {}", of.docs))
            }
        };
        self.report(diagnostic);
    }

    /// What must be given and is not: one message for a body.
    fn missing(&mut self, of: &BodyOf, shape: Shape, given: &Given<'_>) {
        let attributes: Vec<String> = required_attributes(shape)
            .filter(|attribute| !given.attributes.iter().any(|name| name.text == attribute.name))
            .map(|attribute| format!("`{}` ({})", attribute.name, attribute.ty.text()))
            .collect();
        let blocks: Vec<String> = shape
            .blocks()
            .filter(|block| block.min > 0 && !given.blocks.iter().any(|(name, ..)| name.text == block.name))
            .map(|block| format!("the block `{}`", block.name))
            .collect();
        let rules = of.rules.at(&of.path).filter(|rule| !rule.names.iter().any(|name| given.has(name)));
        let asked = rules.filter_map(|rule| match rule.kind {
            RuleKind::Exactly | RuleKind::Some => Some(format!("one of {}", alternatives(&rule.names))),
            RuleKind::Block => rule.names.first().map(|name| format!("the block `{name}`")),
            RuleKind::Other => None,
        });
        let all: Vec<String> = attributes.into_iter().chain(blocks).chain(asked).collect();
        let Some((last, first)) = all.split_last() else { return };
        let named = if first.is_empty() { last.clone() } else { format!("{} and {last}", first.join(", ")) };
        self.report(
            Diagnostic::new(codes::MISSING_ATTRIBUTE, format!("{} lacks {named}", of.title))
                .primary(of.span, "must be given")
                .note(format!("see {}", of.docs)),
        );
    }

    /// Of some attributes and blocks there is only one.
    fn exclusive(&mut self, of: &BodyOf, given: &Given<'_>) {
        for rule in of.rules.at(&of.path).filter(|rule| rule.kind == RuleKind::Exactly) {
            let attributes = given.attributes.iter().filter(|name| !given.perhaps.contains(&name.text.as_str()));
            let blocks = given.blocks.iter().filter(|(.., certain)| *certain).map(|(name, ..)| name);
            let mut found = attributes.chain(blocks).filter(|name| rule.names.contains(&name.text.as_str()));
            if let (Some(first), Some(second)) = (found.next(), found.next()) {
                self.report(
                    Diagnostic::new(
                        codes::EXCLUSIVE,
                        format!("{} takes `{}` or `{}`, not both", of.title, first.text, second.text),
                    )
                    .primary(second.span, "given too")
                    .secondary(first.span, "given")
                    .note(format!("it takes one of {}; see {}", alternatives(&rule.names), of.docs)),
                );
            }
        }
    }

    fn block_counts(&mut self, of: &BodyOf, shape: Shape, given: &Given<'_>) {
        for (name, places, certain) in &given.blocks {
            let Some(block) = shape.block(&name.text) else { continue };
            if !*certain {
                continue;
            }
            let count = places.len();
            let (bound, place) = match block.max {
                Some(max) if count > max => (format!("at most {max}"), places.get(max)),
                _ if count < block.min => (format!("at least {}", block.min), places.first()),
                _ => continue,
            };
            let place = place.copied().unwrap_or(name.span);
            let mut diagnostic = Diagnostic::new(
                codes::BLOCK_COUNT,
                format!("{} has {bound} block{} `{}`, here are {count}", of.title, plural(&bound), name.text),
            )
            .primary(place, "");
            if place.key() != name.span.key() && places.first().is_some_and(|first| first.key() != place.key()) {
                diagnostic = diagnostic.secondary(name.span, "the first");
            }
            self.report(diagnostic.note(format!("see {}", of.docs)));
        }
    }
}

impl Given<'_> {
    fn has(&self, wanted: &str) -> bool {
        self.attributes.iter().chain(self.blocks.iter().map(|(name, ..)| name)).any(|name| name.text == wanted)
    }
}

/// `` `a`, `b` or `c` ``.
fn alternatives(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => quoted.concat(),
    }
}

fn plural(bound: &str) -> &'static str {
    if bound.ends_with(" 1") { "" } else { "s" }
}

fn required_attributes(shape: Shape) -> impl Iterator<Item = Attribute> {
    shape.attributes().filter(|attribute| attribute.need == Need::Required)
}

fn required_names(shape: Shape) -> Vec<String> {
    let blocks = shape.blocks().filter(|block| block.min > 0).map(|block| block.name.to_owned());
    required_attributes(shape).map(|attribute| attribute.name.to_owned()).chain(blocks).collect()
}
