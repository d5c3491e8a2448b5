//! JSON with places: what an Avro schema is written in. The only user of `jsonc-parser`.

use flow_diagnostics::{FileId, Span};
use jsonc_parser::ast::Value;
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub kind: Kind,
    pub span: Span,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// In the order of the text.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The entry of an object.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Object(entries) => entries.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub fn list(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn int(&self) -> Option<i64> {
        match &self.kind {
            Kind::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub fn what(&self) -> &'static str {
        match self.kind {
            Kind::Null => "`null`",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }
}

/// The value in a file's text; comments are allowed, as Avro's own parser allows them.
///
/// # Errors
/// Where the text is no JSON, and why not.
pub(super) fn parse(file: FileId, text: &str) -> Result<Node, (Span, String)> {
    let (mark, text) = match text.strip_prefix('\u{FEFF}') {
        Some(rest) => ('\u{FEFF}'.len_utf8(), rest),
        None => (0, text),
    };
    let options = ParseOptions {
        allow_comments: true,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let places = Places { file, mark };
    match parse_to_ast(text, &CollectOptions::default(), &options) {
        Ok(result) => match result.value {
            Some(value) => Ok(places.node(value)),
            None => Err((Span::new(file, 0, 0), "the file is empty".to_owned())),
        },
        Err(error) => {
            let mut why = error.kind().to_string();
            if let Some(first) = why.get(..1).map(str::to_ascii_lowercase) {
                why.replace_range(..1, &first);
            }
            Err((places.span(error.range()), why))
        }
    }
}

struct Places {
    file: FileId,
    /// Bytes before the text that was parsed.
    mark: usize,
}

impl Places {
    fn span(&self, range: Range) -> Span {
        let at = |byte: usize| u32::try_from(byte + self.mark).unwrap_or(u32::MAX);
        Span::new(self.file, at(range.start), at(range.end))
    }

    fn node(&self, value: Value<'_>) -> Node {
        let span = self.span(value.range());
        let kind = match value {
            Value::StringLit(text) => Kind::Text(text.value.into_owned()),
            Value::NumberLit(number) => Kind::Number(number.value.to_owned()),
            Value::BooleanLit(literal) => Kind::Bool(literal.value),
            Value::NullKeyword(_) => Kind::Null,
            Value::Array(array) => Kind::List(array.elements.into_iter().map(|element| self.node(element)).collect()),
            Value::Object(object) => Kind::Object(
                object.properties.into_iter().map(|entry| (entry.name.into_string(), self.node(entry.value))).collect(),
            ),
        };
        Node { kind, span }
    }
}
