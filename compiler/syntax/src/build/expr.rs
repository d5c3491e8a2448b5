//! Expressions: the grammar gives operands and operators in the order of the text, the table here says how
//! tightly each binds.
//!
//! `a or b and not c == d + 1` is `a or (b and (not (c == (d + 1))))`. Operators of one level group to the
//! left, `??` to the right; comparisons do not chain.

use super::Builder;
use crate::ast::{Argument, BinaryOp, Expr, ExprKind, ListElement, Name, RecordEntry, UnaryOp};
use crate::grammar::{Node, Parts, Rule};
use flow_diagnostics::{codes, Diagnostic, Span};

/// How tightly an operator binds; a larger one binds tighter.
type Level = u8;

const COALESCE: Level = 1;
const OR: Level = 2;
const AND: Level = 3;
const NOT: Level = 4;
const COMPARE: Level = 5;
const SUM: Level = 6;
const PRODUCT: Level = 7;
const NEGATE: Level = 8;

fn infix(rule: Rule) -> Option<(BinaryOp, Level)> {
    Some(match rule {
        Rule::coalesce => (BinaryOp::Coalesce, COALESCE),
        Rule::or => (BinaryOp::Or, OR),
        Rule::and => (BinaryOp::And, AND),
        Rule::equal => (BinaryOp::Equal, COMPARE),
        Rule::not_equal => (BinaryOp::NotEqual, COMPARE),
        Rule::less => (BinaryOp::Less, COMPARE),
        Rule::less_equal => (BinaryOp::LessEqual, COMPARE),
        Rule::greater => (BinaryOp::Greater, COMPARE),
        Rule::greater_equal => (BinaryOp::GreaterEqual, COMPARE),
        Rule::matches => (BinaryOp::Matches, COMPARE),
        Rule::is_in => (BinaryOp::In, COMPARE),
        Rule::add => (BinaryOp::Add, SUM),
        Rule::subtract => (BinaryOp::Subtract, SUM),
        Rule::multiply => (BinaryOp::Multiply, PRODUCT),
        Rule::divide => (BinaryOp::Divide, PRODUCT),
        Rule::modulo => (BinaryOp::Modulo, PRODUCT),
        _ => return None,
    })
}

/// Whether a part of an expression is put around another: an operator, a call, a field.
fn adds_a_level(rule: Rule) -> bool {
    use Rule::{arguments, between, field_access, negate, not, optional_access, partitions};
    infix(rule).is_some()
        || matches!(rule, not | negate | arguments | between | field_access | optional_access | partitions)
}

impl Builder<'_> {
    /// What stands right of `=`: a constructor block, or an expression.
    pub(super) fn value(&mut self, node: Node<'_>) -> Option<Expr> {
        if node.as_rule() != Rule::construct {
            return self.expr(node);
        }
        let span = self.span(&node);
        let mut parts = Parts::of(node);
        let callee = Box::new(self.dotted(parts.next()?)?);
        let fields = self.fields(parts.next()?)?;
        Some(Expr { kind: ExprKind::Construct { callee, fields }, span })
    }

    /// `a.b.c` as the expression that it is.
    fn dotted(&mut self, node: Node<'_>) -> Option<Expr> {
        let path = self.path(node);
        let mut segments = path.segments.into_iter();
        let first = segments.next()?;
        let span = first.span;
        Some(segments.fold(Expr { kind: ExprKind::Name(first), span }, |target, name| {
            let span = target.span.to(name.span);
            Expr { kind: ExprKind::Field { target: Box::new(target), name, optional: false }, span }
        }))
    }

    /// `expr`, `free_expr`, `bound`, `condition` or `subject`.
    pub(crate) fn expr(&mut self, node: Node<'_>) -> Option<Expr> {
        if node.as_rule() == Rule::subject {
            return self.expr(Parts::of(node).next()?);
        }
        let span = self.span(&node);
        // Every operator and suffix may add a level to the tree.
        let levels = node.clone().into_inner().filter(|part| adds_a_level(part.as_rule())).count().max(1);
        self.deeper(levels, span, |builder| {
            let mut parts = Parts::of(node);
            builder.operation(&mut parts, COALESCE)
        })
    }

    /// Reads operators that bind at least as tightly as `least`.
    fn operation(&mut self, parts: &mut Parts<'_>, least: Level) -> Option<Expr> {
        let first = parts.next()?;
        let mut left = match first.as_rule() {
            Rule::not => self.unary(UnaryOp::Not, &first, parts, NOT)?,
            Rule::negate => self.unary(UnaryOp::Negate, &first, parts, NEGATE)?,
            _ => self.operand(first)?,
        };
        while let Some(rule) = parts.peek() {
            if let Some((op, level)) = infix(rule) {
                if level < least {
                    break;
                }
                let op_node = parts.next()?;
                let op_span = self.span(&op_node);
                let tighter = if op == BinaryOp::Coalesce { level } else { level + 1 };
                let right = self.operation(parts, tighter)?;
                self.check_operator(op, op_span, level, &left, &right);
                let span = left.span.to(right.span);
                let kind = ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) };
                left = Expr { kind, span };
            } else if rule == Rule::between {
                if COMPARE < least {
                    break;
                }
                let node = parts.next()?;
                let span = left.span.to(self.span(&node));
                let mut bounds = Parts::of(node).filter(|part| part.as_rule() == Rule::bound);
                let low = Box::new(self.expr(bounds.next()?)?);
                let high = Box::new(self.expr(bounds.next()?)?);
                left = Expr { kind: ExprKind::Between { operand: Box::new(left), low, high }, span };
            } else {
                let node = parts.next()?;
                left = self.suffix(left, node)?;
            }
        }
        Some(left)
    }

    fn unary(&mut self, op: UnaryOp, mark: &Node<'_>, parts: &mut Parts<'_>, level: Level) -> Option<Expr> {
        let operand = Box::new(self.operation(parts, level)?);
        let span = self.span(mark).to(operand.span);
        Some(Expr { kind: ExprKind::Unary { op, operand }, span })
    }

    fn suffix(&mut self, target: Expr, node: Node<'_>) -> Option<Expr> {
        let end = self.span(&node);
        let span = target.span.to(end);
        let target = Box::new(target);
        let kind = match node.as_rule() {
            rule @ (Rule::field_access | Rule::optional_access) => ExprKind::Field {
                target,
                name: self.name(Parts::of(node).next()?),
                optional: rule == Rule::optional_access,
            },
            Rule::arguments => {
                ExprKind::Call { callee: target, arguments: self.arguments(node)?, arguments_span: end }
            }
            Rule::partitions => ExprKind::Select { target, partitions: self.partitions(node)? },
            Rule::index => ExprKind::Index { target, index: Box::new(self.value(Parts::of(node).next()?)?) },
            _ => return None,
        };
        Some(Expr { kind, span })
    }

    pub(super) fn arguments(&mut self, node: Node<'_>) -> Option<Vec<Argument>> {
        Parts::of(node)
            .map(|argument| {
                let mut parts = Parts::of(argument);
                let name = parts.when(Rule::name).map(|name| self.name(name));
                let value = parts.next()?;
                let value = if value.as_rule() == Rule::star {
                    Expr { kind: ExprKind::Star, span: self.span(&value) }
                } else {
                    self.value(value)?
                };
                Some(Argument { name, value })
            })
            .collect()
    }

    pub(super) fn operand(&mut self, node: Node<'_>) -> Option<Expr> {
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::group_expr => {
                // The parentheses count as part of it, so that `(a < b) == c` is told from `a < b == c`.
                let inner = self.expr(Parts::of(node).next()?)?;
                return Some(Expr { span, ..inner });
            }
            Rule::number => self.number(node.as_str(), span),
            Rule::text => ExprKind::Text(self.text(node)?),
            Rule::raw_text => ExprKind::RawText(self.raw(node)),
            Rule::date => self.date(node, span),
            Rule::timestamp => self.timestamp(node, span),
            Rule::true_ => ExprKind::Bool(true),
            Rule::false_ => ExprKind::Bool(false),
            Rule::none => ExprKind::None,
            Rule::variable => self.variable(node),
            Rule::if_expr => return self.if_expr(Parts::of(node), span),
            Rule::match_expr => return self.match_expr(Parts::of(node), span),
            Rule::list => ExprKind::List(self.list(node)?),
            Rule::record => {
                ExprKind::Record(Parts::of(node).map(|entry| self.record_entry(entry)).collect::<Option<_>>()?)
            }
            _ => return None,
        };
        Some(Expr { kind, span })
    }

    fn variable(&mut self, node: Node<'_>) -> ExprKind {
        let name = self.name(node);
        if matches!(name.text.as_str(), "null" | "nil" | "undefined") {
            self.report(
                Diagnostic::new(codes::NULL, format!("there is no `{}`: what is absent is `none`", name.text))
                    .primary(name.span, "")
                    .fix("write `none`", name.span, "none"),
            );
            return ExprKind::None;
        }
        ExprKind::Name(name)
    }

    /// Conditions and branches alternate; the last branch is the `else`.
    fn if_expr(&mut self, mut parts: Parts<'_>, span: Span) -> Option<Expr> {
        let first = parts.next()?;
        let start = self.span(&first);
        let condition = Box::new(self.expr(first)?);
        let then = Box::new(self.value(parts.next()?)?);
        let next = parts.next()?;
        let otherwise = match parts.peek() {
            None => self.value(next)?,
            Some(_) => self.else_if(next, parts, span.from(start))?,
        };
        let kind = ExprKind::If { condition, then, otherwise: Box::new(otherwise) };
        Some(Expr { kind, span })
    }

    fn else_if(&mut self, condition: Node<'_>, mut parts: Parts<'_>, span: Span) -> Option<Expr> {
        let span = span.from(self.span(&condition));
        self.deeper(1, span, |builder| {
            let condition = Box::new(builder.expr(condition)?);
            let then = Box::new(builder.value(parts.next()?)?);
            let next = parts.next()?;
            let otherwise = match parts.peek() {
                None => builder.value(next)?,
                Some(_) => builder.else_if(next, parts, span)?,
            };
            let kind = ExprKind::If { condition, then, otherwise: Box::new(otherwise) };
            Some(Expr { kind, span })
        })
    }

    fn list(&mut self, node: Node<'_>) -> Option<Vec<ListElement>> {
        Parts::of(node)
            .map(|element| {
                if element.as_rule() == Rule::typed_element {
                    let mut parts = Parts::of(element);
                    Some(ListElement::Typed(self.name(parts.next()?), self.ty(parts.next()?)?))
                } else {
                    Some(ListElement::Expr(self.value(element)?))
                }
            })
            .collect()
    }

    fn record_entry(&mut self, node: Node<'_>) -> Option<RecordEntry> {
        let mut parts = Parts::of(node);
        Some(RecordEntry { name: self.field_name(parts.next()?)?, value: self.value(parts.next()?)? })
    }

    /// The name of a field of a record: plain, or in quotes.
    pub(super) fn field_name(&mut self, key: Node<'_>) -> Option<Name> {
        if key.as_rule() != Rule::text {
            return Some(self.name(key));
        }
        let span = self.span(&key);
        Some(Name { text: self.plain_text(key, "a name in a record")?, span })
    }

    /// What the grammar lets through and no one can mean.
    fn check_operator(&mut self, op: BinaryOp, op_span: Span, level: Level, left: &Expr, right: &Expr) {
        if level == COMPARE && is_bare_comparison(left) {
            self.report(
                Diagnostic::new(codes::CHAINED_COMPARISON, "comparisons do not chain")
                    .primary(op_span, "compares the result of the comparison before it")
                    .secondary(left.span, "this is a `Bool`")
                    .help("write both: `a < b and b < c`; for a range with its ends: `b between a and c`"),
            );
        }
        if op == BinaryOp::Matches && matches!(right.kind, ExprKind::Text(_)) {
            self.report(
                Diagnostic::new(codes::MATCHES_WANTS_RAW, "`matches` wants a pattern in `r\"…\"`")
                    .primary(right.span, "here `{` interpolates and `\\` escapes")
                    .note("patterns are full of `\\` and `{2}`, which only `r\"…\"` takes as they are")
                    .fix("write `r` before the quote", Span { end: right.span.start, ..right.span }, "r"),
            );
        }
    }
}

/// Whether this is `a < b` without parentheses around it.
fn is_bare_comparison(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary { op, left, .. } => {
            infix_level(*op) == COMPARE && expr.span.start == left.span.start
        }
        ExprKind::Between { operand, .. } => expr.span.start == operand.span.start,
        _ => false,
    }
}

fn infix_level(op: BinaryOp) -> Level {
    match op {
        BinaryOp::Coalesce => COALESCE,
        BinaryOp::Or => OR,
        BinaryOp::And => AND,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual
        | BinaryOp::Matches
        | BinaryOp::In => COMPARE,
        BinaryOp::Add | BinaryOp::Subtract => SUM,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => PRODUCT,
    }
}
