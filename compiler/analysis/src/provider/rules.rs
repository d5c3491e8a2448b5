//! What the provider asks of resources beside its schema: `schema/rules.py` says how it is found out.

/// A line each, sorted by type.
const RULES: &str = include_str!("../../schema/rules.txt");

/// A rule of a resource or of a block in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which.
    pub kind: RuleKind,
    /// The attributes and blocks that it is about.
    pub names: Vec<&'static str>,
}

/// Kinds of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// One of them is given, and only one.
    Exactly,
    /// One of them is given, or several.
    Some,
    /// The block is there.
    Block,
    /// Something that no rule says.
    Other,
}

/// The rules of a type, as the index lists it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    lines: &'static str,
}

impl Rules {
    /// Those of a type; none of most.
    pub fn of(listed: &str) -> Rules {
        let wanted = format!("{listed} ");
        let start = match RULES.find(&format!("\n{wanted}")) {
            Some(at) => at + 1,
            None if RULES.starts_with(&wanted) => 0,
            None => return Rules::default(),
        };
        let rest = RULES.get(start..).unwrap_or_default();
        let length: usize = rest.split_inclusive('\n').take_while(|line| line.starts_with(&wanted)).map(str::len).sum();
        Rules { lines: rest.get(..length).unwrap_or_default() }
    }

    /// Those of the body at a path: `destination.s3`; of the resource itself at an empty one.
    pub fn at(self, path: &str) -> impl Iterator<Item = Rule> {
        let path = if path.is_empty() { "." } else { path };
        self.lines.lines().filter_map(move |line| {
            let mut words = line.split(' ');
            if words.nth(1)? != path {
                return None;
            }
            let kind = match words.next()? {
                "exactly" => RuleKind::Exactly,
                "some" => RuleKind::Some,
                "block" => RuleKind::Block,
                _ => RuleKind::Other,
            };
            Some(Rule { kind, names: words.collect() })
        })
    }
}
