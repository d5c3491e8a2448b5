//! One value of JSON straight into a cell of its field's type, however deep, without a tree of values in between.
//!
//! What does not fit is no error of the JSON, so that the rest of the record is still read and malformed JSON after
//! it is found.

use crate::formats::cell::{self, Cell, Misfit, kind};
use crate::types::type_name;
use flow_plan::{DataType, Field};
use indexmap::IndexMap;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// Reads a value of a type. `null` is [`Cell::None`] at any depth where `none` may stand.
#[derive(Debug, Clone, Copy)]
pub struct ValueSeed<'r> {
    /// The value's type.
    pub data_type: &'r DataType,
}

/// A value that does not fit: where within the field (`[2].zip`), and why.
#[derive(Debug)]
pub struct Deep {
    path: String,
    misfit: Misfit,
}

impl Deep {
    fn missing(path: String, reason: String) -> Self {
        Deep { path, misfit: (kind::MISSING, reason) }
    }

    fn null(path: String, data_type: &DataType) -> Self {
        Deep::missing(path, format!("null, its type {} has no `none`", type_name(data_type)))
    }

    fn below(mut self, segment: &str) -> Self {
        self.path.insert_str(0, segment);
        self
    }

    /// The misfit with its place.
    pub fn into_misfit(self) -> Misfit {
        let (kind, reason) = self.misfit;
        if self.path.is_empty() { (kind, reason) } else { (kind, format!("at `{}`: {reason}", self.path)) }
    }
}

impl From<Misfit> for Deep {
    fn from(misfit: Misfit) -> Self {
        Deep { path: String::new(), misfit }
    }
}

type Found<'a> = Result<Cell<'a>, Deep>;

/// A JSON text as a value of a type.
pub fn parse<'a>(text: &'a str, data_type: &DataType) -> Option<Result<Cell<'a>, Misfit>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = ValueSeed { data_type }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(found.map_err(Deep::into_misfit))
}

impl<'a> DeserializeSeed<'a> for ValueSeed<'_> {
    type Value = Found<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ValueSeed<'_> {
    type Value = Found<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(cell::from_bool(self.data_type, value).map_err(Deep::from))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(cell::from_integer(self.data_type, value).map_err(Deep::from))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(cell::from_unsigned(self.data_type, value).map_err(Deep::from))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(cell::from_float(self.data_type, value).map_err(Deep::from))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'a str) -> Result<Self::Value, E> {
        Ok(cell::from_text(self.data_type, Cow::Borrowed(value)).map_err(Deep::from))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(cell::from_text(self.data_type, Cow::Owned(value.to_owned())).map_err(Deep::from))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Ok(Cell::None))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, seq: A) -> Result<Self::Value, A::Error> {
        match self.data_type {
            DataType::List { element, optional } => list(seq, element, *optional),
            DataType::Json => {
                let value: Value = serde::Deserialize::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(Ok(Cell::Text(value.to_string().into())))
            }
            other => {
                // As a value, so that what is nested too deeply is found out.
                let _: Value = serde::Deserialize::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(Err(cell::wrong_type(other, "a list").into()))
            }
        }
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Self::Value, A::Error> {
        match self.data_type {
            DataType::Struct { fields } => record(map, fields),
            DataType::Map { value } => entries(map, value),
            DataType::Json => {
                let value: Value = serde::Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Ok(Cell::Text(value.to_string().into())))
            }
            other => {
                let _: Value = serde::Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Err(cell::wrong_type(other, "an object").into()))
            }
        }
    }
}

fn list<'a, A: SeqAccess<'a>>(mut seq: A, element: &DataType, optional: bool) -> Result<Found<'a>, A::Error> {
    let mut cells = Vec::new();
    let mut wrong = None;
    while let Some(found) = seq.next_element_seed(ValueSeed { data_type: element })? {
        let place = || format!("[{}]", cells.len());
        match found {
            Ok(Cell::None) if !optional => wrong = wrong.or_else(|| Some(Deep::null(place(), element))),
            Ok(cell) => {
                cells.push(cell);
                continue;
            }
            Err(deep) => wrong = wrong.or_else(|| Some(deep.below(&place()))),
        }
        cells.push(Cell::None);
    }
    Ok(wrong.map_or(Ok(Cell::List(cells)), Err))
}

fn entries<'a, A: MapAccess<'a>>(mut map: A, element: &DataType) -> Result<Found<'a>, A::Error> {
    let mut cells: IndexMap<Cow<'a, str>, Cell<'a>> = IndexMap::new();
    let mut wrong = None;
    while let Some(key) = map.next_key_seed(TextSeed)? {
        let deep = match map.next_value_seed(ValueSeed { data_type: element })? {
            Ok(Cell::None) => Deep::null(format!(".{key}"), element),
            Ok(cell) => {
                cells.insert(key, cell);
                continue;
            }
            Err(deep) => deep.below(&format!(".{key}")),
        };
        wrong.get_or_insert(deep);
    }
    Ok(wrong.map_or(Ok(Cell::Map(Box::new(cells))), Err))
}

fn record<'a, A: MapAccess<'a>>(mut map: A, fields: &[Field]) -> Result<Found<'a>, A::Error> {
    let mut cells = vec![Cell::None; fields.len()];
    let mut nulls = Vec::new();
    let mut wrong = None;
    let mut expected = 0;
    while let Some(index) = map.next_key_seed(FieldSeed { fields, expected })? {
        let Some((index, field)) = index.and_then(|index| Some((index, fields.get(index)?))) else {
            map.next_value::<IgnoredAny>()?;
            continue;
        };
        expected = index + 1;
        match map.next_value_seed(ValueSeed { data_type: &field.data_type })? {
            Ok(cell) => {
                if matches!(cell, Cell::None) {
                    nulls.push(index);
                }
                if let Some(slot) = cells.get_mut(index) {
                    *slot = cell;
                }
            }
            Err(deep) => {
                wrong.get_or_insert(deep.below(&format!(".{}", field.name)));
            }
        }
    }
    if wrong.is_none() {
        let lacking = |(_, (field, cell)): &(usize, (&Field, &Cell<'a>))| !field.optional && matches!(cell, Cell::None);
        wrong = fields.iter().zip(&cells).enumerate().find(lacking).map(|(index, (field, _))| {
            let path = format!(".{}", field.name);
            if nulls.contains(&index) {
                Deep::null(path, &field.data_type)
            } else {
                Deep::missing(path, "required field is missing".to_owned())
            }
        });
    }
    Ok(wrong.map_or(Ok(Cell::Struct(cells)), Err))
}

/// Which of the fields a name is; records of one source mostly have theirs in one order.
struct FieldSeed<'r> {
    fields: &'r [Field],
    expected: usize,
}

impl<'a> DeserializeSeed<'a> for FieldSeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldSeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if self.fields.get(self.expected).is_some_and(|field| field.name == name) {
            return Ok(Some(self.expected));
        }
        Ok(self.fields.iter().position(|field| field.name == name))
    }
}

/// A text, borrowed where it has no escapes.
struct TextSeed;

impl<'a> DeserializeSeed<'a> for TextSeed {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for TextSeed {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn shape() -> DataType {
        serde_json::from_value(serde_json::json!({ "list": { "element": { "struct": { "fields": [
            { "name": "zip", "type": "int" },
            { "name": "at", "type": "timestamp", "optional": true },
            { "name": "notes", "type": { "map": { "value": "string" } }, "optional": true },
        ] } } } }))
        .unwrap()
    }

    fn misfit(text: &str) -> String {
        parse(text, &shape()).unwrap().unwrap_err().1
    }

    #[test]
    fn values_at_any_depth() {
        let found = parse(r#"[{"zip":1,"x":[{}],"notes":{"a":"b","a":"c"}},{"at":"1970-01-01T00:00:01Z","zip":2}]"#, &shape());
        let notes = Cell::Map(Box::new(IndexMap::from([(Cow::Borrowed("a"), Cell::Text("c".into()))])));
        assert_eq!(
            found.unwrap().unwrap(),
            Cell::List(vec![
                Cell::Struct(vec![Cell::Int(1), Cell::None, notes]),
                Cell::Struct(vec![Cell::Int(2), Cell::Int(1_000_000), Cell::None]),
            ])
        );
    }

    #[test]
    fn misfits_have_a_place() {
        assert_eq!(misfit(r#"[{"zip":1},{"zip":"a"}]"#), "at `[1].zip`: expected Int, found text \"a\"");
        assert_eq!(misfit(r#"[{"zip":null}]"#), "at `[0].zip`: null, its type Int has no `none`");
        assert_eq!(misfit(r#"[{}]"#), "at `[0].zip`: required field is missing");
        assert_eq!(misfit(r#"[{"zip":1,"notes":{"k":{}}}]"#), "at `[0].notes.k`: expected String, found an object");
        assert!(misfit(r#"[null]"#).starts_with("at `[0]`: null, its type"));
        assert!(misfit(r#"{"zip":1}"#).starts_with("expected [{ zip: Int"));
        assert!(parse("[{]", &shape()).is_none() && parse("[] []", &shape()).is_none());
    }
}
