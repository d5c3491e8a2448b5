//! The packed text: `schema/generate.py` says how it is made.

use super::{Attribute, Listed, Mode, Need, Nested, Shape, ValueType};

/// The parts of the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    /// `hashicorp/aws 5.100.0`.
    pub provider: &'static str,
    /// The list of types.
    list: &'static str,
    /// The lines of shapes.
    shapes: &'static str,
}

impl Text {
    /// Takes the text apart.
    pub fn of(text: &'static str) -> Text {
        let parts = || {
            let (head, rest) = text.split_once('\n')?;
            let (provider, length) = head.strip_prefix("schema 1 ")?.rsplit_once(' ')?;
            let (list, shapes) = rest.split_at_checked(length.parse().ok()?)?;
            Some(Text { provider, list, shapes })
        };
        parts().unwrap_or(Text { provider: "", list: "", shapes: "" })
    }

    /// The entry of a name.
    pub fn find(&self, name: &str) -> Option<Listed> {
        let mut rest = self.list;
        while !rest.is_empty() {
            let middle = rest.get(..rest.len() / 2)?;
            let start = middle.rfind('\n').map_or(0, |at| at + 1);
            let line = rest.get(start..)?.lines().next()?;
            let (known, place) = line.split_once(' ')?;
            match name.cmp(known) {
                std::cmp::Ordering::Equal => return self.entry(known, place),
                std::cmp::Ordering::Less => rest = rest.get(..start)?,
                std::cmp::Ordering::Greater => rest = rest.get(start + line.len() + 1..)?,
            }
        }
        None
    }

    /// Every entry.
    pub fn entries(self) -> impl Iterator<Item = Listed> {
        self.list.lines().filter_map(move |line| {
            let (name, place) = line.split_once(' ')?;
            self.entry(name, place)
        })
    }

    fn entry(&self, name: &'static str, place: &str) -> Option<Listed> {
        let deprecated = place.ends_with('~');
        let shape = self.shape(place.trim_end_matches('~'))?;
        Some(Listed { name, deprecated, shape })
    }

    fn line(&self, place: &str) -> Option<&'static str> {
        let start = usize::from_str_radix(place, 16).ok()?;
        self.shapes.get(start..)?.split('\n').next()
    }

    fn shape(&self, place: &str) -> Option<Shape> {
        self.line(place).map(|line| Shape { line })
    }

    /// Parts the end of an entry from its documentation.
    fn doc<'p>(&self, part: &'p str) -> (&'p str, Option<String>) {
        match part.split_once('"') {
            Some((part, place)) => {
                let doc = self.line(place).map(|line| line.replace("\\n", "\n").replace("\\\\", "\\"));
                (part, doc)
            }
            None => (part, None),
        }
    }

    /// `name:rs`.
    pub fn attribute(&self, part: &'static str) -> Option<Attribute> {
        let (name, rest) = part.split_once(':')?;
        let (rest, doc) = self.doc(rest);
        let mut flags = rest.chars();
        let need = match flags.next()? {
            'r' => Need::Required,
            'o' => Need::Optional,
            'p' => Need::OptionalComputed,
            'c' => Need::Computed,
            _ => return None,
        };
        let rest = flags.as_str();
        let ty = rest.trim_start_matches(['!', '~', '^']);
        let marks = rest.get(..rest.len() - ty.len())?;
        Some(Attribute {
            name,
            ty: self.ty(ty)?,
            need,
            sensitive: marks.contains('!'),
            deprecated: marks.contains('~'),
            write_only: marks.contains('^'),
            doc,
        })
    }

    fn ty(&self, text: &str) -> Option<ValueType> {
        let mut characters = text.chars();
        let first = characters.next()?;
        let rest = characters.as_str();
        let inner = || self.ty(rest).map(Box::new);
        Some(match first {
            's' => ValueType::String,
            'n' => ValueType::Number,
            'b' => ValueType::Bool,
            '*' => ValueType::Any,
            'l' => ValueType::List(inner()?),
            'e' => ValueType::Set(inner()?),
            'm' => ValueType::Map(inner()?),
            '{' => ValueType::Object(self.shape(rest.strip_suffix('}')?)?),
            _ => return None,
        })
    }

    /// `name=l0-1#1f`.
    pub fn nested(&self, part: &'static str) -> Option<Nested> {
        let (name, rest) = part.split_once('=')?;
        let (rest, doc) = self.doc(rest);
        let (head, place) = rest.split_once('#')?;
        let mut characters = head.chars();
        let mode = match characters.next()? {
            'l' => Mode::List,
            'e' => Mode::Set,
            '1' | 'g' => Mode::Single,
            'm' => Mode::Map,
            _ => return None,
        };
        let counts = characters.as_str();
        let deprecated = counts.ends_with('~');
        let (min, max) = counts.trim_end_matches('~').split_once('-')?;
        let max: usize = max.parse().ok()?;
        Some(Nested {
            name,
            shape: self.shape(place)?,
            mode,
            min: min.parse().ok()?,
            max: if mode == Mode::Single { Some(1) } else { (max > 0).then_some(max) },
            deprecated,
            doc,
        })
    }
}
