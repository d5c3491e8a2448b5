//! What the tree holds: how operators bind, what literals are, where nodes lie, what survives an error.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use flow_diagnostics::{Diagnostics, FileSet};
use flow_syntax::ast::{
    Action, Entry, Expr, ExprKind, FunctionBody, ItemKind, ListElement, Module, StatementKind, TextPart, TypeExpr,
    TypeKind, UnaryOp,
};

fn parse(text: &str) -> (Module, Vec<u16>, FileSet) {
    let mut files = FileSet::default();
    let file = files.add("a.flow", text.to_owned());
    let mut diagnostics = Diagnostics::default();
    let module = flow_syntax::parse(file, text, &mut diagnostics);
    let codes = diagnostics.sorted().iter().map(|diagnostic| diagnostic.code.number).collect();
    (module, codes, files)
}

fn clean(text: &str) -> Module {
    let (module, codes, _) = parse(text);
    assert!(codes.is_empty(), "{text}: {codes:?}");
    module
}

/// The expression with all parentheses.
fn show(expr: &Expr) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    match &expr.kind {
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Float(value) => format!("{value:?}"),
        ExprKind::Share(value) => format!("share {value}"),
        ExprKind::Duration(value) => format!("{value}µs"),
        ExprKind::Size(value) => format!("{value}B"),
        ExprKind::Date(text) => format!("d{text}"),
        ExprKind::Timestamp(text) => format!("t{text}"),
        ExprKind::Text(parts) => {
            let part = |part: &TextPart| match part {
                TextPart::Text(text) => format!("{text:?}"),
                TextPart::Expr(expr) => show(expr),
            };
            format!("<{}>", parts.iter().map(part).collect::<Vec<_>>().join(" "))
        }
        ExprKind::RawText(text) => format!("r{text:?}"),
        ExprKind::None => "none".to_owned(),
        ExprKind::Star => "*".to_owned(),
        ExprKind::Name(name) => name.text.clone(),
        ExprKind::Field { target, name, optional } => {
            format!("{}{}{}", show(target), if *optional { "?." } else { "." }, name.text)
        }
        ExprKind::Call { callee, arguments, .. } => {
            let argument = |argument: &flow_syntax::ast::Argument| {
                let name = argument.name.as_ref().map_or(String::new(), |name| format!("{} = ", name.text));
                format!("{name}{}", show(&argument.value))
            };
            format!("{}({})", show(callee), list(arguments.iter().map(argument).collect()))
        }
        ExprKind::Construct { callee, fields } => {
            let field = |field: &flow_syntax::ast::Field| format!("{} = {}", field.name.text, show(&field.value));
            format!("{} {{{}}}", show(callee), list(fields.iter().map(field).collect()))
        }
        ExprKind::Select { target, partitions } => {
            let part = |part: &flow_syntax::ast::PartitionPlace| {
                format!("{} = {}", part.name.text, part.value.as_ref().map_or("*".to_owned(), show))
            };
            format!("{}[{}]", show(target), list(partitions.iter().map(part).collect()))
        }
        ExprKind::Index { target, index } => format!("{}[{}]", show(target), show(index)),
        ExprKind::List(elements) => {
            let element = |element: &ListElement| match element {
                ListElement::Expr(expr) => show(expr),
                ListElement::Typed(name, ty) => format!("{}: {}", name.text, show_type(ty)),
            };
            format!("[{}]", list(elements.iter().map(element).collect()))
        }
        ExprKind::Record(entries) => {
            let entry = |entry: &flow_syntax::ast::RecordEntry| format!("{}: {}", entry.name.text, show(&entry.value));
            format!("{{{}}}", list(entries.iter().map(entry).collect()))
        }
        ExprKind::Unary { op: UnaryOp::Not, operand } => format!("(not {})", show(operand)),
        ExprKind::Unary { op: UnaryOp::Negate, operand } => format!("(-{})", show(operand)),
        ExprKind::Binary { op, left, right, .. } => format!("({} {} {})", show(left), op.text(), show(right)),
        ExprKind::Between { operand, low, high } => {
            format!("({} between {} and {})", show(operand), show(low), show(high))
        }
        ExprKind::If { condition, then, otherwise } => {
            format!("(if {} then {} else {})", show(condition), show(then), show(otherwise))
        }
        ExprKind::Match { value, arms } => {
            let arm = |arm: &flow_syntax::ast::MatchValue| format!("{} -> {}", show_pattern(&arm.pattern), show(&arm.value));
            format!("match {} {{{}}}", show(value), list(arms.iter().map(arm).collect()))
        }
        ExprKind::Broken => "broken".to_owned(),
    }
}

fn show_pattern(pattern: &flow_syntax::ast::Pattern) -> String {
    use flow_syntax::ast::PatternChoice;
    let choice = |choice: &PatternChoice| match choice {
        PatternChoice::Literal(literal) => show(literal),
        PatternChoice::Case(path) => path.text(),
    };
    let mut text = pattern.choices.iter().map(choice).collect::<Vec<_>>().join(" | ");
    if pattern.choices.is_empty() {
        text.push_str("else");
    }
    if let Some(binding) = &pattern.binding {
        text.push_str(&format!(" as {}", binding.text));
    }
    text
}

fn show_type(ty: &TypeExpr) -> String {
    match &ty.kind {
        TypeKind::Named { path, arguments, numbers } => {
            let mut text = path.text();
            if !arguments.is_empty() {
                text = format!("{text}<{}>", arguments.iter().map(show_type).collect::<Vec<_>>().join(", "));
            }
            if !numbers.is_empty() {
                text = format!("{text}{numbers:?}");
            }
            text
        }
        TypeKind::Optional(inner) => format!("({})?", show_type(inner)),
        TypeKind::List(inner) => format!("[{}]", show_type(inner)),
        TypeKind::Record(fields) => {
            let field = |field: &flow_syntax::ast::RecordField| format!("{}: {}", field.name.text, show_type(&field.ty));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        TypeKind::Union(terms) => terms.iter().map(show_type).collect::<Vec<_>>().join(" | "),
        TypeKind::Case { name, fields, .. } => {
            let field = |field: &flow_syntax::ast::RecordField| format!("{}: {}", field.name.text, show_type(&field.ty));
            format!("{} {{{}}}", name.text, fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        TypeKind::Literal(text) => format!("{text:?}"),
    }
}

/// The value of `output x = TEXT`.
fn value(text: &str) -> String {
    let module = clean(&format!("output x = {text}\n"));
    match &module.items[0].kind {
        ItemKind::Output(output) => show(&output.value),
        other => panic!("{other:?}"),
    }
}

#[test]
fn how_operators_bind() {
    for (text, tree) in [
        ("a or b and not c == d + 1 * 2", "(a or (b and (not (c == (d + (1 * 2))))))"),
        ("a - b - c", "((a - b) - c)"),
        ("a ?? b ?? c", "(a ?? (b ?? c))"),
        ("a ?? b or c", "(a ?? (b or c))"),
        ("-a.b(c) * d", "((-a.b(c)) * d)"),
        ("- -a", "(-(-a))"),
        ("not not a", "(not (not a))"),
        ("a == not b", "(a == (not b))"),
        ("a + b between 1 - 1 and 2 * 3 and c", "(((a + b) between (1 - 1) and (2 * 3)) and c)"),
        ("not a between 1 and 2", "(not (a between 1 and 2))"),
        ("(a + b) * c", "((a + b) * c)"),
        ("a in [1, 2] or b matches r\"x\"", "((a in [1, 2]) or (b matches r\"x\"))"),
        ("(a < b) == c", "((a < b) == c)"),
        ("a?.b.c", "a?.b.c"),
        ("a.b[0].c[d.e]", "a.b[0].c[d.e]"),
        ("f(a, b = c + 1, *)", "f(a, b = (c + 1), *)"),
        ("t[a = 1, b = *].c", "t[a = 1, b = *].c"),
        ("if a { 1 } else if b { 2 } else { 3 }", "(if a then 1 else (if b then 2 else 3))"),
        ("if a { csv } else { parquet { c = zstd } }", "(if a then csv else parquet {c = zstd})"),
        ("f(x = parquet { a = 1, b = 2 })", "f(x = parquet {a = 1, b = 2})"),
        ("a.b.c { d = e { f = 1 } }", "a.b.c {d = e {f = 1}}"),
        ("[dt: Date, month]", "[dt: Date, month]"),
        ("{ a: 1, \"b-c\": x, d = 2 }", "{a: 1, b-c: x, d: 2}"),
        ("(\n  a\n  and b\n  - c\n  .d\n)", "(a and (b - c.d))"),
        ("a +\n  b", "(a + b)"),
        ("[\n  a\n  \"b\" // comment\n  { c: 1 }\n]", "[a, <\"b\">, {c: 1}]"),
        ("order and nothing or android", "((order and nothing) or android)"),
    ] {
        assert_eq!(value(text), tree, "{text}");
    }
}

#[test]
fn what_literals_are() {
    for (text, tree) in [
        ("1_000", "1000"),
        ("9223372036854775807", "9223372036854775807"),
        ("1.5e3", "1500.0"),
        ("1e-2", "0.01"),
        ("1%", "share 0.01"),
        ("12.5%", "share 0.125"),
        ("10 % 3", "(10 % 3)"),
        ("10%(a)", "(10 % a)"),
        ("500ms", "500000µs"),
        ("1.5h", "5400000000µs"),
        ("1d", "86400000000µs"),
        ("1KB", "1024B"),
        ("0.5GB", "536870912B"),
        ("d\"2024-02-29\"", "d2024-02-29"),
        ("t\"2026-01-05T02:00:00.5+01:00\"", "t2026-01-05T02:00:00.5+01:00"),
        ("\"\"", "<>"),
        ("\"a{b}c\\{\\n\\u{e9}}\"", "<\"a\" b \"c{\\né}\">"),
        ("\"{f(\"x\", r\"}\")}{ g }\"", "<f(<\"x\">, r\"}\") g>"),
        ("r\"a\\{b}\"", "r\"a\\\\{b}\""),
        ("r#\"say \"x\"\"#", "r\"say \\\"x\\\"\""),
        ("none", "none"),
    ] {
        assert_eq!(value(text), tree, "{text}");
    }
}

#[test]
fn what_types_are() {
    for (text, tree) in [
        ("\"a\" | \"b\"?", "(\"a\" | \"b\")?"),
        ("[Map<String, Decimal(10, 2)>?]", "[(Map<String, Decimal[10, 2]>)?]"),
        ("{ a: Int?, b: { c: s3.Name } }", "{a: (Int)?, b: {c: s3.Name}}"),
        ("(Int)?", "(Int)?"),
    ] {
        let module = clean(&format!("type T = {text}\n"));
        let ItemKind::Type(item) = &module.items[0].kind else { panic!("{text}") };
        assert_eq!(show_type(item.ty.as_ref().unwrap()), tree);
    }
}

#[test]
fn spans_are_the_text_of_their_node() {
    let text = "/// Doc.\nflow f(a: Int) { // c\n  step x  =  g( 1 )  into t[d = 1]  timeout  1h  \n  if a == (1 + 2)  { wait 5m }\n}  \n";
    let (module, codes, files) = parse(text);
    assert!(codes.is_empty());
    let item = &module.items[0];
    assert_eq!(item.doc.as_deref(), Some("Doc."));
    assert!(files.slice(item.span).starts_with("flow f") && files.slice(item.span).ends_with('}'));
    let ItemKind::Flow(flow) = &item.kind else { panic!() };
    assert_eq!(files.slice(flow.params[0].span), "a: Int");
    let step = &flow.body.statements[0];
    assert_eq!(files.slice(step.span), "step x  =  g( 1 )  into t[d = 1]  timeout  1h");
    let StatementKind::Step(step) = &step.kind else { panic!() };
    let Action::Call { call, into, .. } = &step.action else { panic!() };
    assert_eq!(files.slice(call.span), "g( 1 )");
    assert_eq!(files.slice(into.as_ref().unwrap().span), "t[d = 1]");
    assert_eq!(files.slice(step.modifiers[0].span), "timeout  1h");
    let StatementKind::If { condition, then, .. } = &flow.body.statements[1].kind else { panic!() };
    assert_eq!(files.slice(condition.span), "a == (1 + 2)");
    assert_eq!(files.slice(then.span), "{ wait 5m }");
    assert_eq!(module.comments.len(), 1);
    assert_eq!((module.comments[0].text.as_str(), module.comments[0].own_line), (" c", false));
}

#[test]
fn equality_ignores_places() {
    let a = clean("param x: Int = 1 + 2\nuse std.notify\n");
    let b = clean("\u{feff}param x : Int=1+2\r\n\r\nuse std.notify");
    assert_eq!(a.items, b.items);
    assert_ne!(a.items, clean("param x: Int = 1 + 3\nuse std.notify\n").items);
}

#[test]
fn docs_and_comments() {
    let module = clean(
        "//! One.\n//!\n//! Two.\n\n// plain\n/// Doc\n// between\n///   indented\nschema S {\n  /// Of a.\n  a: Int // after\n}\n//// ruler\n",
    );
    assert_eq!(module.doc.as_deref(), Some("One.\n\nTwo."));
    assert_eq!(module.items[0].doc.as_deref(), Some("Doc\n  indented"));
    let ItemKind::Schema(schema) = &module.items[0].kind else { panic!() };
    assert_eq!(schema.fields[0].doc.as_deref(), Some("Of a."));
    let comments: Vec<(&str, bool)> =
        module.comments.iter().map(|comment| (comment.text.as_str(), comment.own_line)).collect();
    assert_eq!(comments, [(" plain", true), (" between", true), (" after", false), ("// ruler", true)]);
}

#[test]
fn constructs_of_the_library() {
    let module = clean(
        "construct c(run a: [String] = [], ...rest) -> Task {\n  resource r = aws.x { b { c = 1 }\n d for e in f.g { h = e } }\n  resource = \"arn\"\n}\nfn f<T>(value: T) -> T? lower { window = r\"lead\" }\n",
    );
    let ItemKind::Construct(item) = &module.items[0].kind else { panic!() };
    assert_eq!(item.params[0].stage.as_ref().unwrap().text, "run");
    assert!(item.params[1].rest && item.params[1].ty.is_none());
    assert_eq!((item.resources.len(), item.fields.len()), (1, 1));
    assert!(matches!(&item.resources[0].body[1], Entry::Block { each: Some(each), .. } if each.first.text == "e"));
    let ItemKind::Function(function) = &module.items[1].kind else { panic!() };
    assert!(matches!(&function.body, FunctionBody::Lower(fields) if fields.len() == 1));
}

#[test]
fn what_is_broken_is_marked_and_the_rest_is_kept() {
    let (module, codes, _) = parse(
        "use std.{a, b c}\nschema S {\n  a Int\n}\nflow f() {\n  step a = g(1 2)\n  try {\n    step b = g(1)\n    setp c = g(1)\n  } catch as e {\n    fail e\n  }\n  let d = 5 minutes\n}\nflow good() { wait 5m }\n",
    );
    assert_eq!(codes, [101, 132, 116, 129, 108]);
    assert_eq!(module.items[0].kind, ItemKind::Broken);
    assert_eq!(module.items[1].kind, ItemKind::Broken);
    let ItemKind::Flow(flow) = &module.items[2].kind else { panic!() };
    let kinds: Vec<bool> =
        flow.body.statements.iter().map(|statement| statement.kind == StatementKind::Broken).collect();
    assert_eq!(kinds, [true, false, true]);
    let StatementKind::Try { body, .. } = &flow.body.statements[1].kind else { panic!() };
    assert_eq!(body.statements.len(), 2);
    assert_eq!(body.statements[1].kind, StatementKind::Broken);
    assert!(matches!(module.items[3].kind, ItemKind::Flow(_)));
    let names: Vec<&str> = module.broken_names.iter().map(|name| name.text.as_str()).collect();
    for name in ["a", "b", "c", "S", "d"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}
