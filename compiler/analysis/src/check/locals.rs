//! The names that are declared within an item, the last of each name counting.
//!
//! A statement's block has a copy of what is known before it. A flow has thousands of statements and of names, so a copy
//! shares its names with the original until one of the two declares another, and a name is looked up by itself.

use super::Local;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

/// Names and what they stand for, in the order of their declarations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Locals(Rc<Inner>);

#[derive(Debug, Clone, Default)]
struct Inner {
    names: Vec<(Rc<str>, Rc<Local>)>,
    /// Where the last declaration of each name is.
    last: HashMap<Rc<str>, usize>,
}

impl Locals {
    /// How many declarations there are.
    pub fn len(&self) -> usize {
        self.0.names.len()
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<&Local> {
        self.0.names.get(*self.0.last.get(name)?).map(|(_, local)| local.as_ref())
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Local)> {
        self.0.names.iter().map(|(name, local)| (name.as_ref(), local.as_ref()))
    }

    /// Those after the first `base`, to keep.
    pub fn since(&self, base: usize) -> Vec<(String, Local)> {
        self.iter().skip(base).map(|(name, local)| (name.to_owned(), local.clone())).collect()
    }

    /// Declares a name.
    pub fn push(&mut self, name: &str, local: Local) {
        let inner = Rc::make_mut(&mut self.0);
        let name: Rc<str> = Rc::from(name);
        inner.last.insert(Rc::clone(&name), inner.names.len());
        inner.names.push((name, Rc::new(local)));
    }

    /// Declares several.
    pub fn extend(&mut self, more: impl IntoIterator<Item = (String, Local)>) {
        for (name, local) in more {
            self.push(&name, local);
        }
    }

    /// Takes some out again.
    pub fn remove(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let inner = Rc::make_mut(&mut self.0);
        let mut at = 0;
        inner.names.retain(|_| {
            at += 1;
            !range.contains(&(at - 1))
        });
        inner.last = inner.names.iter().enumerate().map(|(at, (name, _))| (Rc::clone(name), at)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::ResourceId;

    fn local(number: u32) -> Local {
        Local::Resource(ResourceId(number))
    }

    fn number(locals: &Locals, name: &str) -> Option<u32> {
        match locals.get(name)? {
            Local::Resource(id) => Some(id.0),
            _ => None,
        }
    }

    #[test]
    fn a_copy_and_its_original_go_their_own_ways() {
        let mut locals = Locals::default();
        locals.push("a", local(1));
        let mut copy = locals.clone();
        copy.push("a", local(2));
        copy.push("b", local(3));
        assert_eq!((number(&locals, "a"), number(&locals, "b"), locals.len()), (Some(1), None, 1));
        assert_eq!((number(&copy, "a"), number(&copy, "b")), (Some(2), Some(3)));
        let names: Vec<String> = copy.since(1).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
        // What hid another shows it again.
        copy.remove(1..2);
        assert_eq!((number(&copy, "a"), number(&copy, "b"), copy.len()), (Some(1), Some(3), 2));
    }
}
