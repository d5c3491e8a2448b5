//! The text as the formatter sees it: tokens with the comments that belong to them, in the concrete tree.
//!
//! A comment on a line of its own, and any `///` or `//!`, **leads** the token after it; a `//` after a token on its
//! line **trails** that token. So wherever a token goes, its comments go too, and none is lost.
//!
//! ```text
//! // leads `a`
//! a = 1    // trails `1`
//! ```

use flow_syntax::{Node, Rule, TokenKind, tokens};
use std::collections::BTreeSet;

/// A comment above a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lead<'t> {
    /// As written, without white space at its end.
    pub(crate) text: &'t str,
    /// First byte.
    pub(crate) start: usize,
    /// Whether a blank line stands before it.
    pub(crate) blank: bool,
    /// Whether it is `///` or `//!`, which only may stand where it stands.
    pub(crate) doc: bool,
}

/// A token that is no comment.
#[derive(Debug, Clone)]
pub(crate) struct Word<'t> {
    /// As written.
    pub(crate) text: &'t str,
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
    /// Comments above it.
    pub(crate) leads: Vec<Lead<'t>>,
    /// The comment after it on its line.
    pub(crate) trail: Option<&'t str>,
    /// Whether it begins a line.
    pub(crate) begins_line: bool,
    /// Whether a blank line stands right before it, below its comments.
    pub(crate) blank: bool,
}

/// The tokens of a text with the tree `node`, and at the end one without text that takes the comments at the end of the
/// file.
pub(crate) fn words<'t>(text: &'t str, node: &Node) -> Vec<Word<'t>> {
    let mut starts = BTreeSet::new();
    set_starts(node, &mut starts);
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut leads = Vec::new();
    let mut newlines = 1usize;
    let mut begins_line = true;
    for token in tokens(text) {
        let content = token.text(text).trim_end();
        match token.kind {
            TokenKind::Newline => {
                newlines += 1;
                begins_line = true;
            }
            TokenKind::Comment if newlines == 0 && leads.is_empty() && !words.is_empty() => {
                if let Some(word) = words.last_mut() {
                    word.trail = Some(content);
                }
            }
            TokenKind::Comment | TokenKind::Doc | TokenKind::ModuleDoc => {
                leads.push(Lead { text: content, start: token.start, blank: newlines > 1, doc: token.kind != TokenKind::Comment });
                newlines = 0;
            }
            _ => {
                // A doc comment and what it documents stay together.
                let blank = newlines > 1 && !leads.last().is_some_and(|lead: &Lead<'_>| lead.text.starts_with("///"));
                let leads = std::mem::take(&mut leads);
                let end = token.start + content.len();
                // `Table<T>=` ends with one token for two marks; `1%x` begins with one for a number and an operator.
                let two = token.kind == TokenKind::Mark || token.kind == TokenKind::Number && content.ends_with('%');
                let split = starts.range(token.start + 1..end).next().copied().filter(|_| two);
                let word = |start: usize, end: usize| text.get(start..end).unwrap_or("");
                let first = split.unwrap_or(end);
                words.push(Word {
                    text: word(token.start, first),
                    start: token.start,
                    end: first,
                    leads,
                    trail: None,
                    begins_line,
                    blank,
                });
                if let Some(start) = split {
                    words.push(Word {
                        text: word(start, end),
                        start,
                        end,
                        leads: Vec::new(),
                        trail: None,
                        begins_line: false,
                        blank: false,
                    });
                }
                newlines = 0;
                begins_line = false;
            }
        }
    }
    let end = text.len();
    words.push(Word { text: "", start: end, end, leads, trail: None, begins_line: true, blank: false });
    words
}

/// Where the nodes of a tree begin.
fn set_starts(node: &Node, starts: &mut BTreeSet<usize>) {
    starts.insert(node.start);
    node.children.iter().for_each(|child| set_starts(child, starts));
}

/// A part of a tree.
#[derive(Debug)]
pub(crate) enum Part {
    /// What a rule matched.
    Tree(Tree),
    /// A token that has no rule of its own, an index of the words.
    Word(usize),
}

/// What a rule matched: words `first..end`.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The rule.
    pub(crate) rule: Rule,
    /// Its first word.
    pub(crate) first: usize,
    /// One past its last word.
    pub(crate) end: usize,
    /// In order, without a gap; empty for what is kept as it is written.
    pub(crate) parts: Vec<Part>,
}

impl Part {
    /// Its first word.
    pub(crate) fn first(&self) -> usize {
        match self {
            Part::Tree(tree) => tree.first,
            Part::Word(at) => *at,
        }
    }

    /// One past its last word.
    pub(crate) fn end(&self) -> usize {
        match self {
            Part::Tree(tree) => tree.end,
            Part::Word(at) => at + 1,
        }
    }

    /// Its tree, if it is one.
    pub(crate) fn tree(&self) -> Option<&Tree> {
        match self {
            Part::Tree(tree) => Some(tree),
            Part::Word(_) => None,
        }
    }

    /// Its rule, if it has one.
    pub(crate) fn rule(&self) -> Option<Rule> {
        self.tree().map(|tree| tree.rule)
    }
}

impl Tree {
    /// The tree of a node, over the words of its text.
    pub(crate) fn of(node: &Node, words: &[Word<'_>]) -> Tree {
        let place = |byte: usize| words.partition_point(|word| word.start < byte);
        let (first, end) = (place(node.start), place(node.end));
        let mut parts = Vec::new();
        if !is_verbatim(node.rule) {
            let mut next = first;
            for child in &node.children {
                let tree = Tree::of(child, words);
                if tree.first >= tree.end {
                    continue;
                }
                parts.extend((next..tree.first).map(Part::Word));
                next = tree.end;
                parts.push(Part::Tree(tree));
            }
            parts.extend((next..end).map(Part::Word));
        }
        Tree { rule: node.rule, first, end, parts }
    }

    /// The trees among its parts.
    pub(crate) fn trees(&self) -> impl Iterator<Item = &Tree> {
        self.parts.iter().filter_map(Part::tree)
    }

    /// Its only tree, of whatever rule, if it has no other part.
    pub(crate) fn only(&self) -> Option<&Tree> {
        match self.parts.as_slice() {
            [Part::Tree(tree)] => Some(tree),
            _ => None,
        }
    }
}

/// Rules whose text is kept as it is written: within them nothing may be moved.
pub(crate) fn is_verbatim(rule: Rule) -> bool {
    matches!(rule, Rule::text | Rule::raw_text | Rule::date | Rule::timestamp | Rule::number | Rule::path)
}
