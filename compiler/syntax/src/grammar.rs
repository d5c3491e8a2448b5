//! The parser that pest makes of `grammar/flow.pest`, and small helpers to walk its tree.
//!
//! pest gives a flat queue of tokens seen as nested [`Pair`]s. Punctuation, keywords and comments are rules of
//! their own, so that a failing parse can name them; here they are passed over.

#![allow(missing_docs, reason = "`Rule` is generated; its names are those of the grammar, which says what they are")]

use pest::iterators::{Pair, Pairs};

/// Generated: `Grammar::parse(Rule::module, text)`.
#[derive(pest_derive::Parser)]
#[grammar = "../../grammar/flow.pest"]
pub(crate) struct Grammar;

/// A node of pest's tree.
pub(crate) type Node<'i> = Pair<'i, Rule>;

/// Whether a rule stands for a mark that carries no meaning once the tree is there.
fn is_mark(rule: Rule) -> bool {
    use Rule::*;
    matches!(
        rule,
        comment | open | close | assign | colon | arrow | open_list | module_doc | k_use | k_project | k_env | k_param
            | k_secret | k_output | k_schema | k_type | k_source | k_sink | k_resource | k_transform | k_task
            | k_construct | k_retry | k_fn | k_flow | k_when | k_existing | k_check | k_redact | k_for | k_lower | k_from
            | k_where | k_derive | k_select | k_drop | k_rename | k_window | k_by | k_order | k_group | k_sort
            | k_asc | k_take | k_distinct | k_on | k_failure | k_as | k_step | k_run | k_into | k_let | k_if
            | k_else | k_try | k_catch | k_fail | k_return | k_continue | k_wait | k_between | k_schedule
            | k_join | k_using | k_all | k_outer | k_union | k_explode | k_match | k_parallel | k_branch
            | k_poll | k_every | k_max | k_until | k_up | k_to | k_call | k_await | k_append | k_key | k_stream
            | k_on_error | k_then | k_idempotent | k_each | k_send | k_test | k_given | k_mock | k_raises
            | k_times | k_expect | k_ran | k_failed | EOI
    )
}

/// The meaningful children of a node, in order, with one of them to look at.
pub(crate) struct Parts<'i> {
    pairs: Pairs<'i, Rule>,
    ahead: Option<Node<'i>>,
}

impl<'i> Parts<'i> {
    /// The children of `node`.
    pub(crate) fn of(node: Node<'i>) -> Self {
        let mut parts = Parts { pairs: node.into_inner(), ahead: None };
        parts.advance();
        parts
    }

    fn advance(&mut self) -> Option<Node<'i>> {
        let next = self.pairs.by_ref().find(|pair| !is_mark(pair.as_rule()));
        std::mem::replace(&mut self.ahead, next)
    }

    /// The rule of the next child.
    pub(crate) fn peek(&self) -> Option<Rule> {
        self.ahead.as_ref().map(Pair::as_rule)
    }

    /// Where the next child begins and ends in the parsed text.
    pub(crate) fn ahead_span(&self) -> Option<(usize, usize)> {
        self.ahead.as_ref().map(|pair| (pair.as_span().start(), pair.as_span().end()))
    }

    /// The next child if it is of this rule.
    pub(crate) fn when(&mut self, rule: Rule) -> Option<Node<'i>> {
        if self.peek() == Some(rule) { self.advance() } else { None }
    }
}

impl<'i> Iterator for Parts<'i> {
    type Item = Node<'i>;

    fn next(&mut self) -> Option<Node<'i>> {
        self.advance()
    }
}
