//! What the AWS provider says of its resources and data sources: attributes, nested blocks, types.
//!
//! The index is the provider's own schema, packed by `compiler/analysis/schema/generate.py` into one text that is held as
//! it is: nothing is read when the compiler starts. A type is found by bisection of the sorted list, and its shape, a
//! line of the text, is decoded where it is asked for. What the provider asks beside its schema are [`Rules`], found out by
//! asking it (`rules.py` beside the other).
//!
//! ```
//! use flow_analysis::provider::{self, Need, ValueType};
//!
//! let queue = provider::resource("aws_sqs_queue").unwrap();
//! let name = queue.attribute("name").unwrap();
//! assert_eq!((name.ty.clone(), name.need), (ValueType::String, Need::OptionalComputed));
//! assert_eq!(queue.attribute("arn").unwrap().need, Need::Computed);
//! // For completion: everything that a resource has.
//! assert!(queue.attributes().any(|attribute| attribute.name == "visibility_timeout_seconds"));
//! let cluster = provider::resource("aws_ecs_cluster").unwrap();
//! assert_eq!(cluster.block("setting").unwrap().max, None);
//! ```

mod decode;
mod rules;
#[cfg(test)]
mod tests;

pub use rules::{Rule, RuleKind, Rules};

use decode::Text;

/// The index.
const INDEX: &str = include_str!("../../schema/aws.txt");

/// An entry of the list of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// `aws_sqs_queue`.
    pub name: &'static str,
    /// Whether the provider advises against it.
    pub deprecated: bool,
    /// Its attributes and blocks.
    pub shape: Shape,
}

/// Attributes and nested blocks: of a resource, a data source, a nested block, an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Its line.
    pub(crate) line: &'static str,
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `name`.
    pub name: &'static str,
    /// What values it has.
    pub ty: ValueType,
    /// Who gives it its value.
    pub need: Need,
    /// Whether Terraform keeps its value out of what it prints.
    pub sensitive: bool,
    /// Whether the provider advises against it.
    pub deprecated: bool,
    /// Whether it is given and never read back.
    pub write_only: bool,
    /// What the provider says of it, where it says anything in its schema.
    pub doc: Option<String>,
}

/// Who gives an attribute its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The program must.
    Required,
    /// The program may.
    Optional,
    /// The program may; where it does not, the provider or AWS does.
    OptionalComputed,
    /// The provider or AWS alone.
    Computed,
}

/// The type of an attribute, as the provider has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueType {
    /// `string`.
    String,
    /// `number`.
    Number,
    /// `bool`.
    Bool,
    /// Of any type.
    Any,
    /// `list(T)`.
    List(Box<ValueType>),
    /// `set(T)`.
    Set(Box<ValueType>),
    /// `map(T)`.
    Map(Box<ValueType>),
    /// `object({ … })`.
    Object(Shape),
}

/// A kind of nested blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nested {
    /// `setting`.
    pub name: &'static str,
    /// Its attributes and blocks.
    pub shape: Shape,
    /// What a reader of the resource finds.
    pub mode: Mode,
    /// How many there must be.
    pub min: usize,
    /// How many there may be; none: any number.
    pub max: Option<usize>,
    /// Whether the provider advises against it.
    pub deprecated: bool,
    /// What the provider says of it.
    pub doc: Option<String>,
}

/// What nested blocks of one kind are to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A list.
    List,
    /// A set.
    Set,
    /// One object.
    Single,
    /// A map.
    Map,
}

/// The provider's name and version: `hashicorp/aws 5.100.0`.
pub fn version() -> &'static str {
    Text::of(INDEX).provider
}

/// A resource by its name in Terraform: `aws_sqs_queue`.
pub fn resource(name: &str) -> Option<Shape> {
    listed(name).map(|found| found.shape)
}

/// A data source by its name in Terraform, as resources have it.
pub fn data_source(name: &str) -> Option<Shape> {
    listed(&format!("data.{name}")).map(|found| found.shape)
}

/// What stands in the list under a name; a data source's begins with `data.`.
pub fn listed(name: &str) -> Option<Listed> {
    Text::of(INDEX).find(name)
}

/// Every resource, sorted.
pub fn resources() -> impl Iterator<Item = Listed> {
    Text::of(INDEX).entries().take_while(|found| !found.name.starts_with("data."))
}

/// Every data source, sorted; their names without `data.`.
pub fn data_sources() -> impl Iterator<Item = Listed> {
    Text::of(INDEX).entries().filter_map(|found| Some(Listed { name: found.name.strip_prefix("data.")?, ..found }))
}

/// Where a person reads about a type: `listed` as [`listed`] takes it.
pub fn documentation(listed: &str) -> String {
    let (kind, name) = match listed.strip_prefix("data.") {
        Some(name) => ("data-sources", name),
        None => ("resources", listed),
    };
    let (provider, version) = version().split_once(' ').unwrap_or_default();
    let name = name.strip_prefix("aws_").unwrap_or(name);
    format!("https://registry.terraform.io/providers/{provider}/{version}/docs/{kind}/{name}")
}

/// Whether an attribute is secret, or lies in one, or holds one. Numbers in the path are places in a list.
pub fn is_sensitive<'a>(ty: &str, path: impl IntoIterator<Item = &'a str>) -> bool {
    let Some(found) = listed(ty) else { return false };
    let mut shape = found.shape;
    for part in path.into_iter().filter(|part| part.parse::<u64>().is_err()) {
        if let Some(attribute) = shape.attribute(part) {
            match attribute.ty.element() {
                _ if attribute.sensitive => return true,
                ValueType::Object(inner) => shape = *inner,
                _ => return false,
            }
        } else if let Some(block) = shape.block(part) {
            shape = block.shape;
        } else {
            return false;
        }
    }
    shape.holds_secrets()
}

impl Shape {
    /// One of its attributes.
    pub fn attribute(self, name: &str) -> Option<Attribute> {
        let part = self.part(name, b':')?;
        Text::of(INDEX).attribute(part)
    }

    /// One of its kinds of nested blocks.
    pub fn block(self, name: &str) -> Option<Nested> {
        let part = self.part(name, b'=')?;
        Text::of(INDEX).nested(part)
    }

    /// Its attributes, sorted.
    pub fn attributes(self) -> impl Iterator<Item = Attribute> {
        self.parts().filter_map(|part| Text::of(INDEX).attribute(part))
    }

    /// Its kinds of nested blocks, sorted.
    pub fn blocks(self) -> impl Iterator<Item = Nested> {
        self.parts().filter_map(|part| Text::of(INDEX).nested(part))
    }

    fn holds_secrets(self) -> bool {
        self.attributes().any(|attribute| match attribute.ty.element() {
            _ if attribute.sensitive => true,
            ValueType::Object(inner) => inner.holds_secrets(),
            _ => false,
        }) || self.blocks().any(|block| block.shape.holds_secrets())
    }

    fn parts(self) -> impl Iterator<Item = &'static str> {
        self.line.split(' ').filter(|part| !part.is_empty())
    }

    fn part(self, name: &str, mark: u8) -> Option<&'static str> {
        self.parts().find(|part| part.strip_prefix(name).is_some_and(|rest| rest.as_bytes().first() == Some(&mark)))
    }
}

impl Attribute {
    /// Whether a program may give it.
    pub fn settable(&self) -> bool {
        self.need != Need::Computed
    }

    /// Whether it is written as nested blocks too: an argument that is a list of objects.
    pub fn as_blocks(&self) -> Option<Shape> {
        match &self.ty {
            ValueType::List(inner) | ValueType::Set(inner) if self.settable() => match inner.as_ref() {
                ValueType::Object(shape) => Some(*shape),
                _ => None,
            },
            _ => None,
        }
    }
}

impl ValueType {
    /// What lies in it, whatever the number of lists and maps around it.
    pub fn element(&self) -> &ValueType {
        match self {
            ValueType::List(inner) | ValueType::Set(inner) | ValueType::Map(inner) => inner.element(),
            other => other,
        }
    }

    /// As messages name it: `list(string)`.
    pub fn text(&self) -> String {
        match self {
            ValueType::String => "string".to_owned(),
            ValueType::Number => "number".to_owned(),
            ValueType::Bool => "bool".to_owned(),
            ValueType::Any => "any".to_owned(),
            ValueType::List(inner) => format!("list({})", inner.text()),
            ValueType::Set(inner) => format!("set({})", inner.text()),
            ValueType::Map(inner) => format!("map({})", inner.text()),
            ValueType::Object(_) => "object".to_owned(),
        }
    }
}
