//! `filter = CONDITION`: which records a stream is handed at all, as event patterns. A pattern is a list of what a value
//! may be for each of some paths, so not every condition is one: those that are not are refused with what can be said.
//!
//! The pattern language: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html (2026-09).

use super::Builder;
use crate::check::{Because, Checker};
use crate::limits;
use crate::program::{Binary, Decode, Expr, ExprKind, Service, Subject, Type, Unary, Value};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::Field;
use serde_json::{Map, Value as Json, json};

/// What the values at one path may be, any of them.
#[derive(Debug, Clone, PartialEq)]
struct Test {
    path: Vec<String>,
    any_of: Vec<Json>,
}

/// Alternatives, each a list of tests that all hold.
type Alternatives = Vec<Vec<Test>>;

/// Why a condition is no pattern: where, and what to do about it.
struct Unsaid {
    span: Span,
    what: String,
    help: String,
}

/// Where a stream's values stand in what a pattern looks at.
#[derive(Clone, Copy)]
struct Source {
    service: Service,
    decode: Decode,
}

type Said<T> = Result<T, Unsaid>;

impl<'a> Checker<'a> {
    pub(super) fn filter(&mut self, field: &'a Field, of: &Builder<'a>) -> Vec<Json> {
        let scope = self.stream_scope(of, None, true);
        let condition = self.condition(&field.value, &scope, "of `filter`");
        if condition.any(&Expr::is_error) || !self.row_stage(&condition, Because::new(field.name.span, "looked at for each record")) {
            return Vec::new();
        }
        let decode = match of.subject {
            Subject::Channel(id) => self.program.channel(id).map_or(Decode::Json, |channel| channel.decode),
            Subject::Created(_) => Decode::Json,
        };
        let source = Source { service: of.service, decode };
        match source.alternatives(&condition, true) {
            Ok(found) => self.event_patterns(found, field, of),
            Err(unsaid) => {
                self.report(
                    Diagnostic::new(codes::FILTER_FORM, format!("no event pattern can say this: {}", unsaid.what))
                        .primary(unsaid.span, "")
                        .secondary(field.name.span, format!("{} looks at it before anything runs", of.service.title()))
                        .note(
                            "a pattern says of fields what they may be: `==`, `!=` and `in` with constants, `<`, `<=`, `>`, \
                             `>=` and `between` of numbers, `starts_with`, `== none`, `!= none`, joined by \
                             `and`, `or` and `not`",
                        )
                        .help(unsaid.help)
                        .help("what a pattern cannot say is said by `where`, of the `each` or in the transform"),
                );
                Vec::new()
            }
        }
    }

    fn event_patterns(&mut self, found: Alternatives, field: &'a Field, of: &Builder<'a>) -> Vec<Json> {
        let patterns: Vec<Json> = found.iter().map(|tests| pattern(tests)).collect();
        let single = matches!(of.service, Service::Sns | Service::EventBridge);
        if single && patterns.len() > 1 {
            self.report(
                Diagnostic::new(codes::FILTER_FORM, format!("no event pattern can say this: {} takes one, and this is {}", of.service.title(), patterns.len()))
                    .primary(field.value.span, "alternatives of several fields")
                    .help("write alternatives of one field as `FIELD in […]`")
                    .help("what a pattern cannot say is said by `where`, of the `each` or in the transform"),
            );
            return Vec::new();
        }
        let count = patterns.len() as u64;
        if !single && !limits::FILTER_PATTERNS.allows(count) {
            self.report(
                Diagnostic::new(codes::FILTER_SIZE, format!("this filter is {count} patterns"))
                    .primary(field.value.span, "each alternative is a pattern")
                    .note(limits::FILTER_PATTERNS.note())
                    .help("write alternatives of one field as `FIELD in […]`")
                    .help("or leave some to `where`, of the `each` or in the transform"),
            );
            return Vec::new();
        }
        let longest = patterns.iter().map(|pattern| pattern.to_string().len() as u64).max().unwrap_or(0);
        if !limits::FILTER_SIZE.allows(longest) {
            self.report(
                Diagnostic::new(codes::FILTER_SIZE, format!("a pattern of this filter has {} characters", limits::thousands(longest)))
                    .primary(field.value.span, "")
                    .note(limits::FILTER_SIZE.note())
                    .help("leave some of it to `where`, of the `each` or in the transform"),
            );
            return Vec::new();
        }
        patterns
    }
}

impl Source {
    /// A condition, or its opposite where `holds` is false.
    fn alternatives(self, expr: &Expr, holds: bool) -> Said<Alternatives> {
        let one = |test: Said<Test>| test.map(|test| vec![vec![test]]);
        match &expr.kind {
            ExprKind::Binary(Binary::And | Binary::Or, left, right) => {
                let all = matches!(expr.kind, ExprKind::Binary(Binary::And, ..)) == holds;
                let (left, right) = (self.alternatives(left, holds)?, self.alternatives(right, holds)?);
                if all { both(&left, &right, expr.span) } else { Ok(either(left, right)) }
            }
            ExprKind::Unary(Unary::Not, operand) => self.alternatives(operand, !holds),
            ExprKind::Binary(op @ (Binary::Equal | Binary::NotEqual), left, right) => {
                let (path, value) = sides(left, right).ok_or_else(|| compared(expr.span))?;
                let equal = matches!(op, Binary::Equal) == holds;
                one(self.one_of(path, &[value], equal, expr.span))
            }
            ExprKind::In(item, list) => match &list.kind {
                ExprKind::List(items) => one(self.one_of(item, &items.iter().collect::<Vec<_>>(), holds, expr.span)),
                _ => Err(compared(expr.span)),
            },
            ExprKind::Binary(op @ (Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual), left, right) => {
                one(self.ordered(*op, left, right, holds, expr.span))
            }
            ExprKind::IsNone { operand, negated } => one(self.there(operand, *negated == holds, expr.span)),
            ExprKind::Call { function, arguments } => {
                if function.name != "starts_with" {
                    return Err(function_in_pattern(&function.name, expr.span));
                }
                let (Some(target), Some(text)) = (arguments.first(), arguments.get(1).and_then(Expr::text)) else {
                    return Err(compared(expr.span));
                };
                if !holds {
                    return Err(Unsaid {
                        span: expr.span,
                        what: format!("`not {}(…)`", function.name),
                        help: "write what is wanted rather than what is not".to_owned(),
                    });
                }
                one(Ok(Test { path: self.path(target)?, any_of: vec![json!({ "prefix": text })] }))
            }
            ExprKind::Column(_) | ExprKind::Field { .. } if matches!(expr.ty.required().base(), Type::Bool) => {
                one(self.path(expr).map(|path| Test { path, any_of: vec![json!(holds)] }))
            }
            ExprKind::Value(Value::Bool(_)) => Err(Unsaid {
                span: expr.span,
                what: "it is the same for every record".to_owned(),
                help: "compare a field".to_owned(),
            }),
            _ => Err(compared(expr.span)),
        }
    }

    fn one_of(self, target: &Expr, values: &[&Expr], equal: bool, span: Span) -> Said<Test> {
        let mut list = Vec::new();
        // `x ?? ""` is what `x` is, where what stands for none is not asked for.
        let target = match &target.kind {
            ExprKind::Coalesce(first, second)
                if equal && second.constant().is_some() && values.iter().all(|value| value.constant() != second.constant()) =>
            {
                first
            }
            _ => target,
        };
        for value in values {
            let value = value.constant().ok_or_else(|| compared(span))?;
            list.push(self.json(target, value, span)?);
        }
        let path = self.path(target)?;
        Ok(Test { path, any_of: if equal { list } else { vec![json!({ "anything-but": list })] } })
    }

    fn ordered(self, op: Binary, left: &Expr, right: &Expr, holds: bool, span: Span) -> Said<Test> {
        // `5 < a` is `a > 5`.
        let (target, value, op) = match (left.constant(), right.constant()) {
            (None, Some(value)) => (left, value, op),
            (Some(value), None) => (right, value, mirrored(op)),
            _ => return Err(compared(span)),
        };
        let number = match value {
            Value::Int(number) => json!(number),
            Value::Float(number) => json!(number),
            _ => {
                return Err(Unsaid {
                    span,
                    what: "only `Int` and `Float` have an order in a pattern".to_owned(),
                    help: "compare for equality, or by `starts_with`".to_owned(),
                });
            }
        };
        if self.is_change() && target_of_change(target) {
            return Err(Unsaid {
                span,
                what: "numbers of DynamoDB are texts to a pattern, which have no order".to_owned(),
                help: "compare for equality".to_owned(),
            });
        }
        let word = match (op, holds) {
            (Binary::Less, true) | (Binary::GreaterEqual, false) => "<",
            (Binary::LessEqual, true) | (Binary::Greater, false) => "<=",
            (Binary::Greater, true) | (Binary::LessEqual, false) => ">",
            _ => ">=",
        };
        Ok(Test { path: self.path(target)?, any_of: vec![json!({ "numeric": [word, number] })] })
    }

    /// Whether a value is there.
    fn there(self, target: &Expr, there: bool, span: Span) -> Said<Test> {
        if matches!(target.ty.required().base(), Type::Row(_) | Type::Record(_) | Type::List(_) | Type::Map(_)) {
            return Err(Unsaid {
                span,
                what: "only a single value can be looked for".to_owned(),
                help: if self.is_change() {
                    "write `event != \"REMOVE\"`, or `event != \"INSERT\"` of the row before".to_owned()
                } else {
                    "look for a field of it".to_owned()
                },
            });
        }
        let path = self.path(target)?;
        Ok(Test {
            path,
            any_of: match (there, self.is_change()) {
                (true, _) => vec![json!({ "exists": true })],
                (false, true) => vec![json!({ "exists": false })],
                // JSON may say `null`, or nothing.
                (false, false) => vec![Json::Null, json!({ "exists": false })],
            },
        })
    }

    fn is_change(self) -> bool {
        self.decode == Decode::DynamoDbChange
    }

    /// A constant as it stands in a record.
    fn json(self, target: &Expr, value: &Value, span: Span) -> Said<Json> {
        let texts = self.is_change() && target_of_change(target);
        Ok(match value {
            Value::Bool(value) => json!(value),
            Value::Int(number) if texts => json!(number.to_string()),
            Value::Int(number) => json!(number),
            Value::Float(number) if texts => json!(number.to_string()),
            Value::Float(number) => json!(number),
            Value::String(text) | Value::Date(text) | Value::Timestamp(text) => json!(text),
            Value::Decimal(_) => {
                return Err(Unsaid {
                    span,
                    what: "a decimal comes as a number or as a text, which a pattern takes for two values".to_owned(),
                    help: "say it by `where`, which reads the row".to_owned(),
                });
            }
            Value::Duration(_) | Value::Size(_) | Value::None => return Err(compared(span)),
        })
    }

    /// Where a value stands in what the pattern looks at.
    fn path(self, target: &Expr) -> Said<Vec<String>> {
        let mut names = Vec::new();
        let mut at = target;
        loop {
            match &at.kind {
                ExprKind::Column(name) if !name.starts_with("record.") => {
                    names.push(name.clone());
                    break;
                }
                ExprKind::Field { target, name, .. } => {
                    names.push(name.clone());
                    at = target;
                }
                ExprKind::Column(_) => {
                    return Err(Unsaid {
                        span: target.span,
                        what: "it is no field of the record".to_owned(),
                        help: "compare a field of what comes".to_owned(),
                    });
                }
                _ => return Err(compared(target.span)),
            }
        }
        names.reverse();
        let root: &[&str] = match (self.service, self.decode) {
            (_, Decode::Sns) => {
                return Err(Unsaid {
                    span: target.span,
                    what: "a message in an envelope of SNS is a text to it".to_owned(),
                    help: "let the subscription deliver raw messages, and leave `decode` out".to_owned(),
                });
            }
            (Service::Sqs, Decode::EventBridge) => &["body", "detail"],
            (Service::Sqs, _) => &["body"],
            (Service::Kinesis, Decode::EventBridge) => &["data", "detail"],
            (Service::Kinesis, _) => &["data"],
            (Service::EventBridge, _) => &["detail"],
            (Service::DynamoDb | Service::Sns | Service::S3, _) => &[],
        };
        let mut path: Vec<String> = root.iter().map(|part| (*part).to_owned()).collect();
        if self.is_change() {
            path.extend(self.change_path(&names, target)?);
        } else {
            path.extend(names);
        }
        Ok(path)
    }

    /// In a change record of DynamoDB, whose values stand below their types.
    fn change_path(self, names: &[String], target: &Expr) -> Said<Vec<String>> {
        let own = |parts: &[&str]| Ok(parts.iter().map(|part| (*part).to_owned()).collect());
        let unsaid = |what: &str| {
            Err(Unsaid { span: target.span, what: what.to_owned(), help: "compare `event`, or a field of `new` or `old`".to_owned() })
        };
        let image = match names {
            [name] if name == "event" => return own(&["eventName"]),
            [name] if name == "id" => return own(&["eventID"]),
            [name] if name == "table" && self.service == Service::Kinesis => return own(&["tableName"]),
            [name] if name == "size" => return own(&["dynamodb", "SizeBytes"]),
            [first, _, ..] if first == "new" => "NewImage",
            [first, _, ..] if first == "old" => "OldImage",
            _ => return unsaid("it is not in the record as a single value"),
        };
        let ty = match target.ty.required().base() {
            Type::String | Type::Literals(_) | Type::Arn | Type::Date | Type::Timestamp => "S",
            Type::Int | Type::Float | Type::Decimal(..) => "N",
            Type::Bool => "BOOL",
            _ => return unsaid("it is no single value"),
        };
        let mut path = vec!["dynamodb".to_owned(), image.to_owned()];
        for (at, name) in names.iter().skip(1).enumerate() {
            if at > 0 {
                path.push("M".to_owned());
            }
            path.push(name.clone());
        }
        path.push(ty.to_owned());
        Ok(path)
    }
}

/// Whether a value is of the row of a change, and not of the change itself.
fn target_of_change(target: &Expr) -> bool {
    matches!(target.kind, ExprKind::Field { .. })
}

fn compared(span: Span) -> Unsaid {
    Unsaid {
        span,
        what: "a pattern compares a field with constants".to_owned(),
        help: "write `FIELD == \"…\"`, or `FIELD in […]`".to_owned(),
    }
}

fn function_in_pattern(name: &str, span: Span) -> Unsaid {
    Unsaid {
        span,
        what: format!("nothing is computed by a pattern, `{name}` neither"),
        help: "compare the field itself".to_owned(),
    }
}

fn mirrored(op: Binary) -> Binary {
    match op {
        Binary::Less => Binary::Greater,
        Binary::LessEqual => Binary::GreaterEqual,
        Binary::Greater => Binary::Less,
        _ => Binary::LessEqual,
    }
}

/// The field and the constant of a comparison, whichever stands first.
fn sides<'e>(left: &'e Expr, right: &'e Expr) -> Option<(&'e Expr, &'e Expr)> {
    match (left.constant(), right.constant()) {
        (None, Some(_)) => Some((left, right)),
        (Some(_), None) => Some((right, left)),
        _ => None,
    }
}

/// Either of two: tests of one path alone become one.
fn either(mut found: Alternatives, right: Alternatives) -> Alternatives {
    for tests in right {
        let alone = match tests.as_slice() {
            [test] => found.iter_mut().find_map(|known| match known.as_mut_slice() {
                [known] if known.path == test.path => Some((known, test)),
                _ => None,
            }),
            _ => None,
        };
        match alone {
            Some((known, test)) => {
                let more: Vec<Json> = test.any_of.iter().filter(|value| !known.any_of.contains(value)).cloned().collect();
                known.any_of.extend(more);
            }
            None => found.push(tests),
        }
    }
    found
}

/// Both: each alternative of one with each of the other.
fn both(left: &[Vec<Test>], right: &[Vec<Test>], span: Span) -> Said<Alternatives> {
    let mut found = Vec::new();
    for one in left {
        for other in right {
            let mut tests = one.clone();
            for test in other {
                match tests.iter_mut().find(|known| known.path == test.path) {
                    Some(known) => match narrowed(&known.any_of, &test.any_of) {
                        Some(any_of) => known.any_of = any_of,
                        None => {
                            return Err(Unsaid {
                                span,
                                what: format!("`{}` is asked for twice, and must be both", test.path.last().map_or("", String::as_str)),
                                help: "say in one comparison what the field may be".to_owned(),
                            });
                        }
                    },
                    None => tests.push(test.clone()),
                }
            }
            found.push(tests);
        }
    }
    Ok(found)
}

/// What a value may be that must satisfy two lists: of constants those in both, of two bounds their range.
fn narrowed(one: &[Json], other: &[Json]) -> Option<Vec<Json>> {
    let plain = |list: &[Json]| list.iter().all(|value| !value.is_object());
    if plain(one) && plain(other) {
        let common: Vec<Json> = one.iter().filter(|value| other.contains(value)).cloned().collect();
        return (!common.is_empty()).then_some(common);
    }
    // What is one of some values is there.
    let there = |list: &[Json]| *list == [json!({ "exists": true })];
    match (there(one), there(other)) {
        (true, _) if plain(other) => return Some(other.to_vec()),
        (_, true) if plain(one) => return Some(one.to_vec()),
        _ => {}
    }
    let bounds = |list: &[Json]| match list {
        [value] => value.get("numeric").and_then(Json::as_array).filter(|bounds| bounds.len() == 2).cloned(),
        _ => None,
    };
    let (one, other) = (bounds(one)?, bounds(other)?);
    let is_lower = |bounds: &[Json]| bounds.first().and_then(Json::as_str).is_some_and(|op| op.starts_with('>'));
    match (is_lower(&one), is_lower(&other)) {
        (true, false) => Some(vec![json!({ "numeric": ([one, other].concat()) })]),
        (false, true) => Some(vec![json!({ "numeric": ([other, one].concat()) })]),
        _ => None,
    }
}

fn pattern(tests: &[Test]) -> Json {
    let mut root = Map::new();
    for test in tests {
        let Some((last, parents)) = test.path.split_last() else { continue };
        let mut at = &mut root;
        for parent in parents {
            let next = at.entry(parent.clone()).or_insert_with(|| Json::Object(Map::new()));
            match next {
                Json::Object(inner) => at = inner,
                _ => return Json::Null,
            }
        }
        at.insert(last.clone(), Json::Array(test.any_of.clone()));
    }
    Json::Object(root)
}
