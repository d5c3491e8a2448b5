//! Constructors of hcl-edit nodes, short enough to read a resource as it will be printed.
//!
//! Nodes carry no layout: [`super::layout`] gives the whole file its spaces and line breaks at the end.
//! A comment is kept in a structure's prefix, one line of text a line, and becomes `# …` there.
//!
//! ```text
//! body.set("role", path(["aws_iam_role", "worker", "arn"]));     // role = aws_iam_role.worker.arn
//! ```

use hcl_edit::expr::{
    Array, BinaryOp, BinaryOperator, Conditional, Expression, ForCond, ForExpr, ForIntro, FuncArgs, FuncCall, Object, ObjectKey, ObjectValue,
    Parenthesis, Traversal, TraversalOperator, UnaryOp, UnaryOperator,
};
use hcl_edit::structure::{Attribute, Block, BlockLabel, Body};
use hcl_edit::template::{Element, Interpolation, StringTemplate};
use hcl_edit::{Decorate, Decorated, Ident};

/// A valid identifier: characters that HCL does not allow become `_`.
pub(crate) fn ident(name: &str) -> Decorated<Ident> {
    Decorated::new(Ident::new_sanitized(name))
}

/// Whether a name may stand bare: as a key of an object, or after a dot.
pub(crate) fn is_plain(name: &str) -> bool {
    const KEYWORDS: [&str; 6] = ["for", "if", "in", "null", "true", "false"];
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name)
}

/// `a.b.c`; a part of digits is an index, one that is no identifier a quoted index.
pub(crate) fn path<'a>(parts: impl IntoIterator<Item = &'a str>) -> Expression {
    let mut parts = parts.into_iter();
    let first = Expression::Variable(ident(parts.next().unwrap_or("null")));
    member(first, parts)
}

/// `target.b.c`, as [`path`].
pub(crate) fn member<'a>(target: Expression, parts: impl IntoIterator<Item = &'a str>) -> Expression {
    let added = parts.into_iter().map(|part| {
        Decorated::new(if !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()) {
            match part.parse::<u64>() {
                Ok(index) => TraversalOperator::Index(Expression::from(index)),
                Err(_) => TraversalOperator::Index(string(part)),
            }
        } else if Ident::try_new(part).is_ok() {
            TraversalOperator::GetAttr(ident(part))
        } else {
            TraversalOperator::Index(string(part))
        })
    });
    let (expr, operators): (Expression, Vec<_>) = match target {
        Expression::Traversal(traversal) => {
            let traversal = *traversal;
            (traversal.expr, traversal.operators.into_iter().chain(added).collect())
        }
        other => (atom(other), added.collect()),
    };
    if operators.is_empty() { expr } else { Traversal::new(expr, operators).into() }
}

/// `target[key]`.
pub(crate) fn index(target: Expression, key: Expression) -> Expression {
    let operator = Decorated::new(TraversalOperator::Index(key));
    match target {
        Expression::Traversal(mut traversal) => {
            traversal.operators.push(operator);
            Expression::Traversal(traversal)
        }
        other => Traversal::new(atom(other), vec![operator]).into(),
    }
}

/// `var.name`.
pub(crate) fn var(name: &str) -> Expression {
    path(["var", name])
}

/// `name(a, b)`.
pub(crate) fn call(name: &str, arguments: impl IntoIterator<Item = Expression>) -> Expression {
    let arguments: FuncArgs = arguments.into_iter().collect();
    FuncCall::new(ident(name), arguments).into()
}

/// `"text"`, with everything escaped that HCL would read.
pub(crate) fn string(text: &str) -> Expression {
    let mut elements = Vec::new();
    push_literal(&mut elements, text, false);
    match elements.as_slice() {
        [] | [Element::Literal(_)] => Expression::from(text),
        _ => StringTemplate::from(elements).into(),
    }
}

fn interpolation(mut value: Expression) -> Element {
    value.decorate(("", ""));
    Interpolation::new(value).into()
}

/// Adds a text to a template. Where several `$` or `%` stand before a brace, and where they stand before a value, they go
/// in as a value of their own: hcl-edit 0.10 escapes only the first case's simplest form, `${`.
fn push_literal(elements: &mut Vec<Element>, text: &str, before_value: bool) {
    let is_marker = |c: char| c == '$' || c == '%';
    let mut literal = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_marker) {
        let (head, tail) = rest.split_at(start);
        let (run, after) = tail.split_at(tail.find(|c| !is_marker(c)).unwrap_or(tail.len()));
        literal.push_str(head);
        let (apart, kept) = if after.is_empty() && before_value {
            (run, "")
        } else if after.starts_with('{') {
            run.split_at(run.len() - 1)
        } else {
            ("", run)
        };
        if !apart.is_empty() {
            if !literal.is_empty() {
                elements.push(Element::from(std::mem::take(&mut literal)));
            }
            elements.push(interpolation(Expression::from(apart)));
        }
        literal.push_str(kept);
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        elements.push(Element::from(literal));
    }
}

/// `[a, b]`.
pub(crate) fn list(items: impl IntoIterator<Item = Expression>) -> Expression {
    items.into_iter().collect::<Array>().into()
}

/// `["a", "b"]`.
pub(crate) fn strings<'a>(items: impl IntoIterator<Item = &'a str>) -> Expression {
    list(items.into_iter().map(string))
}

/// `{ a = b }`.
pub(crate) fn object<K: AsRef<str>>(items: impl IntoIterator<Item = (K, Expression)>) -> Expression {
    items
        .into_iter()
        .map(|(key, value)| {
            let key = key.as_ref();
            let key = if is_plain(key) { ObjectKey::from(ident(key)) } else { ObjectKey::from(string(key)) };
            (key, ObjectValue::new(value))
        })
        .collect::<Object>()
        .into()
}

/// `{ for key, value in target : key => of(value) }`.
pub(crate) fn every(target: Expression, of: impl FnOnce(Expression) -> Expression) -> Expression {
    let mut each = ForExpr::new(ForIntro::new(ident("value"), target), of(path(["value"])));
    each.intro.key_var = Some(ident("key"));
    each.key_expr = Some(path(["key"]));
    each.into()
}

/// `{ for key, value in target : key => value if condition }`, of a set `[for value in target : value if condition]`.
pub(crate) fn only_where(target: Expression, map: bool, condition: Expression) -> Expression {
    let mut each = ForExpr::new(ForIntro::new(ident("value"), target), path(["value"]));
    if map {
        each.intro.key_var = Some(ident("key"));
        each.key_expr = Some(path(["key"]));
    }
    each.cond = Some(ForCond::new(condition));
    each.into()
}

/// `condition ? a : b`.
pub(crate) fn choose(condition: Expression, then: Expression, otherwise: Expression) -> Expression {
    let condition = if matches!(condition, Expression::Conditional(_)) { operand(condition) } else { condition };
    let then = if matches!(then, Expression::Conditional(_)) { operand(then) } else { then };
    Conditional::new(condition, then, otherwise).into()
}

/// `a op b`, in parentheses where an operand is itself an operation.
pub(crate) fn binary(left: Expression, operator: BinaryOperator, right: Expression) -> Expression {
    let chains = matches!(operator, BinaryOperator::And | BinaryOperator::Or);
    let joins = |side: &Expression| match side {
        // `a && b && c` and comparisons under `&&` read well without parentheses.
        Expression::BinaryOp(inner) => chains && (*inner.operator == operator || binds_tighter(*inner.operator)),
        _ => false,
    };
    let left = if joins(&left) { left } else { operand(left) };
    let right = match &right {
        Expression::BinaryOp(inner) if chains && binds_tighter(*inner.operator) => right,
        _ => operand(right),
    };
    BinaryOp::new(left, operator, right).into()
}

fn binds_tighter(operator: BinaryOperator) -> bool {
    !matches!(operator, BinaryOperator::And | BinaryOperator::Or)
}

/// `!a`.
pub(crate) fn not(inner: Expression) -> Expression {
    UnaryOp::new(UnaryOperator::Not, atom(inner)).into()
}

/// `-a`.
pub(crate) fn negate(inner: Expression) -> Expression {
    UnaryOp::new(UnaryOperator::Neg, atom(inner)).into()
}

/// In parentheses if it is an operation, so that it may stand beside an operator.
fn operand(inner: Expression) -> Expression {
    match inner {
        Expression::BinaryOp(_) | Expression::Conditional(_) => Parenthesis::new(inner).into(),
        other => other,
    }
}

/// In parentheses unless it is one unit, so that `!`, `.x` or `[0]` may be put to it.
fn atom(inner: Expression) -> Expression {
    match inner {
        Expression::Variable(_)
        | Expression::Traversal(_)
        | Expression::FuncCall(_)
        | Expression::Parenthesis(_)
        | Expression::Bool(_)
        | Expression::Number(_) => inner,
        other => Parenthesis::new(other).into(),
    }
}

/// A part of a text: itself, or a value put into it.
pub(crate) enum Part {
    /// Text.
    Text(String),
    /// A value.
    Value(Expression),
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Part::Text(text.to_owned())
    }
}

impl From<Expression> for Part {
    fn from(value: Expression) -> Self {
        Part::Value(value)
    }
}

/// `"a ${b}"`: text beside text is one text, and a text inside a text is spliced in.
pub(crate) fn text(parts: impl IntoIterator<Item = Part>) -> Expression {
    let mut flat: Vec<Part> = Vec::new();
    for part in parts {
        splice(part, &mut flat);
    }
    let has_values = flat.iter().any(|part| matches!(part, Part::Value(_)));
    if !has_values {
        return match flat.into_iter().next() {
            Some(Part::Text(text)) => string(&text),
            _ => string(""),
        };
    }
    // hcl-edit 0.10 forgets to escape what follows a template inside a template: join the parts instead.
    if flat.iter().any(|part| matches!(part, Part::Value(value) if holds_template(value))) {
        let items = flat.into_iter().map(|part| match part {
            Part::Text(text) => string(&text),
            Part::Value(value) => call("tostring", [value]),
        });
        return call("join", [string(""), list(items)]);
    }
    let mut elements: Vec<Element> = Vec::new();
    let mut iter = flat.into_iter().peekable();
    while let Some(part) = iter.next() {
        match part {
            Part::Value(value) => elements.push(interpolation(value)),
            Part::Text(text) => push_literal(&mut elements, &text, iter.peek().is_some()),
        }
    }
    StringTemplate::from(elements).into()
}

fn splice(part: Part, flat: &mut Vec<Part>) {
    match part {
        Part::Text(text) => match flat.last_mut() {
            Some(Part::Text(before)) => before.push_str(&text),
            _ if text.is_empty() => {}
            _ => flat.push(Part::Text(text)),
        },
        Part::Value(Expression::String(inner)) => splice(Part::Text(inner.as_str().to_owned()), flat),
        Part::Value(Expression::Number(inner)) => splice(Part::Text(inner.value().to_string()), flat),
        Part::Value(Expression::Bool(inner)) => splice(Part::Text(inner.value().to_string()), flat),
        Part::Value(Expression::StringTemplate(inner)) => {
            for element in inner.iter() {
                match element {
                    Element::Literal(literal) => splice(Part::Text(literal.value().clone()), flat),
                    Element::Interpolation(value) => splice(Part::Value(value.expr.clone()), flat),
                    Element::Directive(_) => flat.push(Part::Value(Expression::StringTemplate(inner.clone()))),
                }
            }
        }
        Part::Value(value) => flat.push(Part::Value(value)),
    }
}

fn holds_template(expr: &Expression) -> bool {
    struct Finder(bool);
    impl hcl_edit::visit::Visit for Finder {
        fn visit_string_template(&mut self, _: &StringTemplate) {
            self.0 = true;
        }
    }
    let mut finder = Finder(false);
    hcl_edit::visit::Visit::visit_expr(&mut finder, expr);
    finder.0
}

/// A block with its labels and nothing in it.
pub(crate) fn block(kind: &str, labels: &[&str]) -> Block {
    let mut block = Block::new(ident(kind));
    block.labels = labels.iter().map(|label| BlockLabel::from(*label)).collect();
    block
}

/// What is put into bodies.
pub(crate) trait BodyExt {
    /// Adds `name = value`.
    fn set(&mut self, name: &str, value: impl Into<Expression>);
    /// Adds `name = value` under a comment.
    fn set_with(&mut self, comment: &str, name: &str, value: impl Into<Expression>);
    /// Adds a block.
    fn add(&mut self, block: Block);
    /// Adds a block under a comment.
    fn add_with(&mut self, comment: &str, block: Block);
}

impl BodyExt for Body {
    fn set(&mut self, name: &str, value: impl Into<Expression>) {
        self.push(Attribute::new(ident(name), value));
    }

    fn set_with(&mut self, comment: &str, name: &str, value: impl Into<Expression>) {
        let mut attribute = Attribute::new(ident(name), value);
        attribute.decor_mut().set_prefix(comment_text(comment));
        self.push(attribute);
    }

    fn add(&mut self, block: Block) {
        self.push(block);
    }

    fn add_with(&mut self, comment: &str, mut block: Block) {
        block.decor_mut().set_prefix(comment_text(comment));
        self.push(block);
    }
}

/// One line a line; control characters are left out, so that no text of a user can end a comment.
fn comment_text(comment: &str) -> String {
    comment
        .lines()
        .map(|line| line.chars().filter(|c| !c.is_control()).collect::<String>().trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::layout;
    use super::*;

    fn printed(mut expr: Expression) -> String {
        layout::expression(&mut expr)
    }

    #[test]
    fn paths_and_their_odd_parts() {
        assert_eq!(printed(path(["a", "b", "0", "c-d"])), "a.b[0].c-d");
        assert_eq!(printed(path(["a", "two words", ""])), r#"a["two words"][""]"#);
        assert_eq!(printed(member(call("f", []), ["x"])), "f().x");
        assert_eq!(printed(member(strings(["a"]), ["0"])), r#"(["a"])[0]"#);
        assert_eq!(printed(index(path(["local", "x"]), string("k"))), r#"local.x["k"]"#);
    }

    #[test]
    fn keys_of_objects() {
        let keys = ["plain", "With_Case9", "a-b", "9a", "for", "null", "a.b", "${x}", ""];
        let object = printed(object(keys.map(|key| (key, Expression::from(1)))));
        let found: Vec<&str> =
            object.lines().filter_map(|line| line.trim().split_once(" =")).map(|(key, _)| key.trim()).collect();
        assert_eq!(
            found,
            ["plain", "With_Case9", r#""a-b""#, r#""9a""#, r#""for""#, r#""null""#, r#""a.b""#, r#""$${x}""#, r#""""#]
        );
    }

    #[test]
    fn texts_are_escaped_once() {
        assert_eq!(printed(string("a \"b\" \\ ${c} %{d}\n")), r#""a \"b\" \\ $${c} %%{d}\n""#);
        assert_eq!(printed(string("$${c}")), r#""${"$"}$${c}""#);
        assert_eq!(printed(text(["a".into(), "$".into(), "{b}".into()])), r#""a$${b}""#);
        assert_eq!(printed(text(["a$".into(), var("b").into()])), r#""a${"$"}${var.b}""#);
        assert_eq!(printed(text([])), r#""""#);
    }

    #[test]
    fn operations_in_operations() {
        let sum = || binary(var("a"), BinaryOperator::Plus, 1.into());
        let less = || binary(sum(), BinaryOperator::Less, 3.into());
        assert_eq!(printed(less()), "(var.a + 1) < 3");
        assert_eq!(printed(not(less())), "!((var.a + 1) < 3)");
        assert_eq!(printed(negate(var("a"))), "-var.a");
        assert_eq!(printed(binary(less(), BinaryOperator::And, not(var("b")))), "(var.a + 1) < 3 && !var.b");
        let nested = choose(var("b"), choose(var("c"), 1.into(), 2.into()), choose(var("d"), 3.into(), 4.into()));
        assert_eq!(printed(nested), "var.b ? (var.c ? 1 : 2) : var.d ? 3 : 4");
        assert_eq!(
            printed(binary(choose(var("b"), 1.into(), 2.into()), BinaryOperator::Mul, 2.into())),
            "(var.b ? 1 : 2) * 2"
        );
    }

    #[test]
    fn a_comment_cannot_be_left() {
        let mut body = Body::new();
        body.set_with("one\r\ntwo\u{7}\u{2028}three", "x", 1);
        let text = layout::file("", &mut body);
        assert!(
            text.lines().filter(|line| !line.is_empty()).all(|line| line.starts_with('#') || line == "x = 1"),
            "{text}"
        );
    }
}
