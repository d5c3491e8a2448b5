//! From the concrete tree to operations: one walk, in the order of the text.
//!
//! Most rules need nothing of their own: their parts follow one another with a space where [`spaced`] says so, and
//! brackets are laid out by [`bracket`](mod@bracket). So a construct that the grammar gains tomorrow is formatted by
//! the same rules as the others. What is particular lies in the modules below: expressions break at their loosest
//! operators ([`expr`](mod@expr)), types at `|` ([`types`](mod@types)), names and values stand in columns
//! ([`columns`](mod@columns)).

mod bracket;
mod columns;
mod expr;
mod items;
mod types;

use crate::print::{INDENT, Line, Op, WIDTH, width};
use crate::tree::{Part, Tree, Word, is_verbatim};
use flow_syntax::Rule;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A group that is being laid out.
struct Group {
    /// Where it begins, an index of the operations.
    at: usize,
    /// Whether it is of a bracket: then it breaks where anything in it does.
    bracket: bool,
}

/// Lays out trees of one text.
pub(crate) struct Layout<'a, 't> {
    text: &'t str,
    words: &'a [Word<'t>],
    ops: Vec<Op<'t>>,
    groups: Vec<Group>,
    /// Words whose comments above have been written.
    led: Vec<bool>,
    /// Words whose comment at the end of the line has been.
    trailed: Vec<bool>,
    /// After which words spaces are to be written where their group is broken, for columns.
    pads: BTreeMap<usize, usize>,
    /// How deep the lines are.
    depth: usize,
    /// Whether the blocks of the statement that is being laid out stand open.
    open_blocks: bool,
    /// A comment at the end of a line was written, and nothing after the next possible line end was yet.
    commented: Option<Commented>,
}

/// A comment goes to the end of the line that its word is on. The next place where a line may end then is an end, if
/// anything follows there in the same group.
#[derive(Default)]
struct Commented {
    /// How many groups are open at that place, once it was reached.
    line: Option<usize>,
}

impl<'a, 't> Layout<'a, 't> {
    /// A layout without operations.
    pub(crate) fn new(text: &'t str, words: &'a [Word<'t>]) -> Self {
        Layout {
            text,
            words,
            ops: Vec::new(),
            groups: Vec::new(),
            led: vec![false; words.len()],
            trailed: vec![false; words.len()],
            pads: BTreeMap::new(),
            depth: 0,
            open_blocks: false,
            commented: None,
        }
    }

    /// What was laid out.
    pub(crate) fn finish(self) -> Vec<Op<'t>> {
        self.ops
    }

    fn word_at(&self, at: usize) -> Option<&'a Word<'t>> {
        self.words.get(at)
    }

    fn push(&mut self, text: &'static str) {
        self.ops.push(Op::Text(Cow::Borrowed(text)));
    }

    fn line(&mut self, line: Line) {
        if line == Line::Hard {
            self.break_group();
        }
        self.ops.push(Op::Line(line));
        let open = self.groups.len();
        if let Some(commented) = &mut self.commented {
            commented.line.get_or_insert(open);
        }
    }

    /// Lines from here on are one level deeper.
    fn deeper(&mut self) {
        self.depth += 1;
        self.ops.push(Op::In);
    }

    /// Lines from here on are one level less deep.
    fn shallower(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.ops.push(Op::Out);
    }

    fn begin(&mut self, bracket: bool) {
        self.groups.push(Group { at: self.ops.len(), bracket });
        self.ops.push(Op::Begin(false));
    }

    fn end(&mut self) {
        self.groups.pop();
        self.ops.push(Op::End);
        let open = self.groups.len();
        if let Some(commented) = &mut self.commented {
            commented.line = commented.line.filter(|count| *count <= open);
        }
    }

    /// What comes next is written on a line of its own, if a comment stands before it and a line may end there.
    fn after_comment(&mut self) {
        if let Some(count) = self.commented.as_ref().and_then(|commented| commented.line) {
            self.commented = None;
            self.break_groups(count);
        }
    }

    /// A comment for the end of the line.
    fn comment(&mut self, text: &'t str) {
        self.ops.push(Op::Comment(text));
        self.commented = Some(Commented::default());
    }

    /// Breaks the innermost group, and the brackets around it.
    fn break_group(&mut self) {
        self.break_groups(self.groups.len());
    }

    /// Breaks the last of the first `count` open groups, the expressions that it is part of, and all brackets around.
    fn break_groups(&mut self, count: usize) {
        let Layout { groups, ops, .. } = self;
        let mut in_bracket = false;
        for group in groups.iter().take(count).rev() {
            if (group.bracket || !in_bracket)
                && let Some(Op::Begin(broken)) = ops.get_mut(group.at)
            {
                *broken = true;
            }
            in_bracket |= group.bracket;
        }
    }

    /// The comments above a word, on lines of their own; what was written before ends with its line. `first`: nothing
    /// stands above them in their bracket, so no blank line does either.
    fn leads(&mut self, at: usize, first: bool) {
        let Some(word) = self.word_at(at) else { return };
        if std::mem::replace(self.led.get_mut(at).unwrap_or(&mut true), true) || word.leads.is_empty() {
            return;
        }
        self.break_group();
        for (index, lead) in word.leads.iter().enumerate() {
            if lead.blank && !(index == 0 && first) {
                self.ops.push(Op::Line(Line::Blank));
            } else if index > 0 || !self.may_end_line() {
                self.ops.push(Op::Line(Line::Hard));
            }
            self.ops.push(Op::Text(Cow::Borrowed(lead.text)));
        }
        self.ops.push(Op::Line(if word.blank { Line::Blank } else { Line::Hard }));
    }

    /// Whether nothing was written since a place where a line may end.
    fn may_end_line(&self) -> bool {
        let last = self.ops.iter().rev().find(|op| !matches!(op, Op::Begin(_) | Op::In | Op::Out));
        matches!(last, Some(Op::Line(_)) | None)
    }

    /// The comments above a word within a line: on lines of their own where a line may end, else at the end of this one.
    fn leads_within(&mut self, at: usize) {
        let Some(word) = self.word_at(at) else { return };
        if self.may_end_line() || word.leads.iter().any(|lead| lead.doc) {
            self.leads(at, true);
        } else {
            self.leads_after(at);
        }
    }

    /// The comments above a word, at the end of the line before it.
    fn leads_after(&mut self, at: usize) {
        let Some(word) = self.word_at(at) else { return };
        if !std::mem::replace(self.led.get_mut(at).unwrap_or(&mut true), true) {
            word.leads.iter().for_each(|lead| self.comment(lead.text));
        }
    }

    /// A word with its comments.
    fn word(&mut self, at: usize) {
        self.words(at, at + 1);
    }

    /// The words `first..end` as they are written, with the comments around them.
    fn words(&mut self, first: usize, end: usize) {
        let start = self.word_at(first).map_or(0, |word| word.start);
        let stop = end.checked_sub(1).and_then(|last| self.word_at(last)).map_or(start, |last| last.end);
        self.written(first, end, Cow::Borrowed(self.text.get(start..stop).unwrap_or("")));
    }

    /// A text that stands for the words `first..end`, with the comments around them.
    fn written(&mut self, first: usize, end: usize, text: Cow<'t, str>) {
        self.leads_within(first);
        self.after_comment();
        self.ops.push(Op::Text(text));
        if let Some(last) = end.checked_sub(1) {
            self.trail(last);
        }
    }

    /// The comment at the end of a word's line.
    fn trail(&mut self, at: usize) {
        if let Some(comment) = self.untold_trail(at) {
            self.comment(comment);
        }
    }

    /// The same, on a line of its own above the word: its line is about to begin.
    fn trail_above(&mut self, at: usize) {
        if let Some(comment) = self.untold_trail(at) {
            self.ops.push(Op::Text(Cow::Borrowed(comment)));
            self.line(Line::Hard);
        }
    }

    fn untold_trail(&mut self, at: usize) -> Option<&'t str> {
        let written = self.trailed.get_mut(at)?;
        if std::mem::replace(written, true) { None } else { self.word_at(at)?.trail }
    }

    /// The comments around a word that is not written itself: a comma.
    fn comments_of(&mut self, at: usize) {
        self.leads_after(at);
        self.trail(at);
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Word(at) => self.word(*at),
            Part::Tree(tree) => self.tree(tree),
        }
    }

    /// A tree by its rule.
    pub(crate) fn tree(&mut self, tree: &Tree) {
        match tree.rule {
            _ if is_verbatim(tree.rule) => self.words(tree.first, tree.end),
            Rule::module => self.module(tree),
            Rule::item => self.item(tree),
            Rule::use_names => self.use_names(tree),
            Rule::type_item => self.type_item(tree),
            Rule::type_union => self.type_union(tree),
            Rule::type_expr => self.type_expr(tree),
            Rule::expr => self.expr(tree, true),
            Rule::free_expr => self.expr(tree, false),
            Rule::group_expr => self.group_expr(tree),
            Rule::if_expr => self.if_expr(tree),
            Rule::if_statement
            | Rule::try_statement
            | Rule::poll_statement
            | Rule::for_each
            | Rule::on_failure
            | Rule::match_arm
            | Rule::branch => {
                let open = self.opens_blocks(tree);
                let around = std::mem::replace(&mut self.open_blocks, open);
                self.sequence(tree.rule, &tree.parts);
                self.open_blocks = around;
            }
            rule => self.sequence(rule, &tree.parts),
        }
    }

    /// Parts that follow one another on a line; after a comma that stands in no bracket the line may end.
    fn sequence(&mut self, rule: Rule, parts: &[Part]) {
        let mut at = 0;
        let mut indented = false;
        while let Some(part) = parts.get(at) {
            let text = self.text_of(part);
            // What is in braces is not deeper because a list stands before them.
            if indented && self.word_at(part.first()).is_some_and(|word| word.text == "{") {
                self.shallower();
                indented = false;
            }
            let before = at.checked_sub(1).and_then(|before| parts.get(before));
            if let Some(before) = before {
                let spaces = before.end().checked_sub(1).and_then(|word| self.pads.get(&word));
                self.ops.extend(spaces.map(|spaces| Op::Broken(Cow::Owned(" ".repeat(*spaces)))));
                if self.text_of(before) == "," {
                    if !indented {
                        self.deeper();
                        indented = true;
                    }
                    // What comes after a comment has a line of its own.
                    let led = self.word_at(part.first()).is_some_and(|word| !word.leads.is_empty());
                    self.line(if led || self.commented.is_some() { Line::Hard } else { Line::Fill });
                } else if self.spaced(before, part) {
                    self.push(" ");
                }
            }
            if matches!(text, "{" | "(" | "[")
                && let Some(close) = self.closing(parts, at)
            {
                self.bracket(rule, parts.get(at..=close).unwrap_or(&[]));
                at = close + 1;
                continue;
            }
            let is_result = before.and_then(Part::rule) == Some(Rule::arrow);
            match part.tree().filter(|tree| is_result && tree.rule == Rule::type_expr) {
                Some(result) => self.result(result),
                None => self.part(part),
            }
            at += 1;
        }
        if indented {
            self.shallower();
        }
    }

    /// Whether the blocks of a statement stand open: all do if anything in it does, or if it does not fit on a line.
    fn opens_blocks(&self, tree: &Tree) -> bool {
        let words = self.words.get(tree.first..tree.end).unwrap_or(&[]);
        let opened = words.windows(2).any(|pair| match pair {
            [open, next] => {
                matches!(open.text, "{" | "(" | "[") && next.begins_line || open.trail.is_some() || !next.leads.is_empty()
            }
            _ => false,
        });
        opened || self.depth * INDENT + width(&self.flat(tree)) > WIDTH
    }

    /// The type after `->`: on one line if it may be, so that the parameters break before it does.
    fn result(&mut self, tree: &Tree) {
        match self.columns(tree).filter(|columns| *columns <= WIDTH / 2) {
            Some(_) => {
                let text = self.flat(tree);
                self.written(tree.first, tree.end, Cow::Owned(text));
            }
            None => self.tree(tree),
        }
    }

    /// The text of a part that is a single word, a mark or a bracket; else nothing.
    fn text_of(&self, part: &Part) -> &'t str {
        let alone = part.end() == part.first() + 1;
        self.word_at(part.first()).filter(|_| alone).map_or("", |word| word.text)
    }

    /// Where the bracket that opens at part `open` is closed.
    fn closing(&self, parts: &[Part], open: usize) -> Option<usize> {
        let wanted = match self.text_of(parts.get(open)?) {
            "{" => "}",
            "(" => ")",
            _ => "]",
        };
        let opening = self.text_of(parts.get(open)?);
        let mut depth = 0usize;
        for (at, part) in parts.iter().enumerate().skip(open) {
            let text = self.text_of(part);
            if text == opening {
                depth += 1;
            } else if text == wanted {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        None
    }

    /// Whether a space stands between two parts.
    fn spaced(&self, before: &Part, after: &Part) -> bool {
        spaced(self.text_of(before), before.rule(), self.text_of(after), after.rule())
    }

    /// A tree as it is on one line, without its comments.
    fn flat(&self, tree: &Tree) -> String {
        let mut text = String::new();
        self.flat_into(tree, &mut text);
        text
    }

    fn flat_into(&self, tree: &Tree, text: &mut String) {
        if is_verbatim(tree.rule) {
            let start = self.word_at(tree.first).map_or(0, |word| word.start);
            let end = tree.end.checked_sub(1).and_then(|last| self.word_at(last)).map_or(start, |word| word.end);
            text.push_str(self.text.get(start..end).unwrap_or(""));
            return;
        }
        let mut before: Option<&Part> = None;
        for part in &tree.parts {
            let word = self.text_of(part);
            if word == "," {
                continue;
            }
            let opened = before.is_some_and(|before| matches!(self.text_of(before), "{" | "(" | "["));
            let closes = matches!(word, "}" | ")" | "]");
            if let Some(before) = before {
                let entries = matches!((before, part), (Part::Tree(a), Part::Tree(b)) if parted(tree.rule, a, b));
                if entries {
                    text.push(',');
                }
                let empty = opened && closes;
                if entries || self.spaced(before, part) && !empty {
                    text.push(' ');
                }
            }
            match part {
                Part::Word(_) => text.push_str(word),
                Part::Tree(tree) => self.flat_into(tree, text),
            }
            before = Some(part);
        }
    }

    /// Whether a tree is written on one line, with no comment in it.
    fn is_plain(&self, tree: &Tree) -> bool {
        let words = self.words.get(tree.first..tree.end).unwrap_or(&[]);
        let last = words.len().saturating_sub(1);
        words.iter().enumerate().all(|(at, word)| {
            (at == 0 || word.leads.is_empty() && !word.begins_line) && (at == last || word.trail.is_none())
        })
    }

    /// Columns of a tree that is written on one line, if it is.
    fn columns(&self, tree: &Tree) -> Option<usize> {
        self.is_plain(tree).then(|| width(&self.flat(tree)))
    }
}

/// Whether two neighbouring trees in a bracket are entries, parted by a comma.
fn parted(rule: Rule, a: &Tree, b: &Tree) -> bool {
    matches!(
        rule,
        Rule::fields | Rule::record | Rule::record_type | Rule::arguments | Rule::partitions | Rule::list
            | Rule::column_block | Rule::use_names | Rule::type_arguments | Rule::type_numbers | Rule::params | Rule::match_expr
    ) && !is_mark(a.rule)
        && !is_mark(b.rule)
        && (rule != Rule::match_expr || a.rule == Rule::match_value)
}

/// Rules of marks: they are never entries.
fn is_mark(rule: Rule) -> bool {
    matches!(rule, Rule::open | Rule::close | Rule::assign | Rule::colon | Rule::arrow | Rule::k_match)
}

/// Whether a space stands between two parts, of which the texts (of single words) and rules are given.
fn spaced(before: &str, before_rule: Option<Rule>, after: &str, after_rule: Option<Rule>) -> bool {
    if matches!(before_rule, Some(Rule::rest | Rule::negate)) {
        return false;
    }
    // Comparisons have rules of their own, so that a bare `<` is of a type's arguments.
    if before_rule.is_none() && matches!(before, "(" | "[" | "@" | "." | "<" | "?.") {
        return false;
    }
    if after_rule.is_none() && matches!(after, "," | ")" | "]" | "?" | ">" | ".") {
        return false;
    }
    !matches!(
        after_rule,
        Some(
            Rule::colon
                | Rule::optional
                | Rule::arguments
                | Rule::partitions
                | Rule::index
                | Rule::params
                | Rule::generics
                | Rule::type_arguments
                | Rule::type_numbers
                | Rule::cause
                | Rule::use_names
                | Rule::field_access
                | Rule::optional_access
        )
    )
}
