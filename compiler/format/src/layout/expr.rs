//! Expressions. Where one does not fit on its line, it breaks before each of its loosest operators, in parentheses:
//!
//! ```text
//! derive back = (
//!   next_admitted_at != none
//!   and date(next_admitted_at) - date(discharged_at) <= 30d
//! )
//! ```
//!
//! Parentheses that the text has stay. Elsewhere a line could go on only after an operator, which hides it at the end;
//! so parentheses are put where they are needed. They mean nothing.

use super::Layout;
use crate::print::{Line, Op};
use crate::tree::{Part, Tree};
use flow_syntax::Rule;
use std::borrow::Cow;

/// How tightly an operator binds; the table in `grammar/README.md`.
fn tightness(rule: Rule) -> Option<u8> {
    Some(match rule {
        Rule::coalesce => 0,
        Rule::or => 1,
        Rule::and => 2,
        Rule::equal
        | Rule::not_equal
        | Rule::less
        | Rule::less_equal
        | Rule::greater
        | Rule::greater_equal
        | Rule::matches
        | Rule::is_in => 3,
        Rule::add | Rule::subtract => 4,
        Rule::multiply | Rule::divide | Rule::modulo => 5,
        _ => return None,
    })
}

fn operator(part: &Part) -> Option<u8> {
    part.rule().and_then(tightness)
}

impl Layout<'_, '_> {
    /// An expression. `ends`: its line ends where no operator stands, so it needs parentheses to go on.
    pub(super) fn expr(&mut self, tree: &Tree, ends: bool) {
        if !tree.parts.iter().any(|part| operator(part).is_some()) {
            return self.sequence(tree.rule, &tree.parts);
        }
        self.begin(false);
        if ends {
            self.ops.push(Op::Broken(Cow::Borrowed("(")));
            self.deeper();
            self.line(Line::Soft);
            self.chain(tree.rule, &tree.parts);
            self.shallower();
            self.line(Line::Soft);
            self.ops.push(Op::Broken(Cow::Borrowed(")")));
        } else {
            self.deeper();
            self.chain(tree.rule, &tree.parts);
            self.shallower();
        }
        self.end();
    }

    /// `( … )`: what is in it breaks with it.
    pub(super) fn group_expr(&mut self, tree: &Tree) {
        let [open, inner @ .., close] = tree.parts.as_slice() else { return };
        self.begin(true);
        if self.is_opened(open) {
            self.break_group();
        }
        self.part(open);
        self.deeper();
        self.line(Line::Soft);
        for part in inner {
            match part {
                Part::Tree(tree) if tree.rule == Rule::free_expr => self.chain(tree.rule, &tree.parts),
                _ => self.part(part),
            }
        }
        self.closing_comments(close.first());
        self.shallower();
        self.line(Line::Soft);
        self.part(close);
        self.end();
    }

    /// Operands and operators in the group around them, which breaks before the loosest operators.
    fn chain(&mut self, rule: Rule, parts: &[Part]) {
        let Some(loosest) = parts.iter().filter_map(operator).min() else {
            return self.sequence(rule, parts);
        };
        let mut from = 0;
        let ends = parts.iter().enumerate().filter(|(_, part)| operator(part) == Some(loosest)).map(|(at, _)| at);
        for end in ends.chain(std::iter::once(parts.len())) {
            self.operand(rule, parts.get(from..end).unwrap_or(&[]));
            if let Some(operator) = parts.get(end) {
                // A comment behind the operator stays behind what is before it, now that the operator begins a line;
                // below a comment above the operator it stays there. One above the operand goes above both.
                let led = self.word_at(operator.first()).is_some_and(|word| !word.leads.is_empty());
                if !led {
                    self.trail(operator.end().saturating_sub(1));
                }
                self.line(Line::Space);
                self.leads(operator.first(), true);
                self.trail_above(operator.end().saturating_sub(1));
                if let Some(operand) = parts.get(end + 1) {
                    self.leads(operand.first(), true);
                }
                self.part(operator);
                self.push(" ");
            }
            from = end + 1;
        }
    }

    /// What stands between the loosest operators: tighter ones break in a group of their own.
    fn operand(&mut self, rule: Rule, parts: &[Part]) {
        if parts.iter().all(|part| operator(part).is_none()) {
            return self.sequence(rule, parts);
        }
        if let Some(first) = parts.first().filter(|_| self.may_end_line()) {
            self.leads(first.first(), true);
        }
        self.begin(false);
        self.deeper();
        self.chain(rule, parts);
        self.shallower();
        self.end();
    }

    /// `if a { b } else { c }` as a value: all branches on one line, or each on lines of its own.
    pub(super) fn if_expr(&mut self, tree: &Tree) {
        self.begin(true);
        let opened = |part: &Part| self.text_of(part) == "{" && self.is_opened(part);
        if tree.parts.iter().any(opened) {
            self.break_group();
        }
        for (at, part) in tree.parts.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| tree.parts.get(before));
            if self.text_of(part) == "}" {
                self.closing_comments(part.first());
                self.shallower();
                self.line(Line::Space);
            } else if before.is_some_and(|before| self.text_of(before) == "{") {
                self.deeper();
                self.line(Line::Space);
            } else if before.is_some() {
                self.push(" ");
            }
            self.part(part);
        }
        self.end();
    }
}
