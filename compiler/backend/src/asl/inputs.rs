//! Whether a JSON value is of a type, as JSONata: what the entry state asks of its input.

use super::jsonata::{Code, Level, field, string};
use flow_analysis::program::{Program, Type, Union};
use serde_json::{Map, Value as Json, json};

/// A condition that holds exactly for the values of a type; `value` is a variable or a path. It cannot fail, whatever
/// the value.
pub fn check(program: &Program, ty: &Type, value: &Code) -> Code {
    at_depth(program, ty, value, 0)
}

/// `depth` lists and maps are around the value: each has a name of its own for its items.
fn at_depth(program: &Program, ty: &Type, value: &Code, depth: usize) -> Code {
    let v = &value.text;
    let is = |name: &str| format!("$type({v}) = '{name}'");
    match ty {
        Type::Optional(inner) => {
            let inner = at_depth(program, inner, value, depth);
            if inner.text == "true" {
                return inner;
            }
            let not_there = format!("$not({v} != null)");
            Code::at(Level::Or, format!("{not_there} or {}", inner.within(Level::And)))
        }
        Type::Nominal { name, base } => {
            let whole = at_depth(program, base, value, depth);
            match program.unions.iter().find(|union| union.name == *name) {
                Some(union) => of_a_case(program, union, base, whole, value, depth),
                None => whole,
            }
        }
        Type::Bool => Code::at(Level::Compare, is("boolean")),
        Type::Int | Type::Size => Code::at(Level::And, format!("{} and $floor({v}) = {v}", is("number"))),
        Type::Float | Type::Duration => Code::at(Level::Compare, is("number")),
        Type::Share => Code::at(Level::And, format!("{} and {v} >= 0 and {v} <= 1", is("number"))),
        Type::String | Type::Arn | Type::Bytes | Type::Decimal(..) => Code::at(Level::Compare, is("string")),
        Type::Date => Code::at(
            Level::And,
            format!("{} and $contains({v}, /^{DATE}$/) and {}", is("string"), real_day(v)),
        ),
        Type::Timestamp => Code::at(
            Level::And,
            format!("{} and $contains({v}, /^{DATE}T{TIME}$/) and {}", is("string"), real_day(v)),
        ),
        Type::Literals(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| string(text)).collect();
            Code::at(Level::Compare, format!("{v} in [{}]", texts.join(", ")))
        }
        Type::List(element) => all(program, element, &is("array"), v, depth),
        Type::Map(element) => all(program, element, &is("object"), &format!("{v}.*"), depth),
        Type::Record(fields) => {
            let mut tests = vec![is("object")];
            for (name, ty) in fields.iter() {
                let test = at_depth(program, ty, &field(value, name), depth);
                if test.text != "true" {
                    tests.push(test.within(Level::And));
                }
            }
            Code::at(if tests.len() == 1 { Level::Compare } else { Level::And }, tests.join(" and "))
        }
        Type::Row(schema) => {
            let fields = program.schema(*schema).map_or_else(Vec::new, |schema| {
                schema.fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect()
            });
            at_depth(program, &Type::record(fields), value, depth)
        }
        // What holds anything, and what the checker lets no parameter be.
        Type::Json
        | Type::Table(_) | Type::Channel(..)
        | Type::TableRef
        | Type::Target
        | Type::Location
        | Type::Partitions
        | Type::Secret(_)
        | Type::Task
        | Type::None
        | Type::Generic(_)
        | Type::Error => Code::atom("true"),
    }
}

/// Whether a record that holds any case of a union has what its own case must have.
fn of_a_case(program: &Program, union: &Union, base: &Type, whole: Code, value: &Code, depth: usize) -> Code {
    let held: &[(String, Type)] = match base.required() {
        Type::Record(fields) => fields,
        _ => &[],
    };
    let mut tests = vec![whole.within(Level::And)];
    for case in &union.cases {
        let fields = program.schema(case.schema).map(|schema| schema.fields.as_slice()).unwrap_or_default();
        // What every case has is asked of the whole.
        let own = |name: &str| held.iter().any(|(known, ty)| known == name && ty.is_optional());
        let needed: Vec<String> = fields
            .iter()
            .filter(|known| own(&known.name) && !known.ty.is_optional())
            .map(|known| at_depth(program, &known.ty, &field(value, &known.name), depth))
            .filter(|test| test.text != "true")
            .map(|test| test.within(Level::And))
            .collect();
        if !needed.is_empty() {
            let tag = field(value, &union.tag).text;
            tests.push(format!("($not({tag} = {}) or {})", string(&case.literal), needed.join(" and ")));
        }
    }
    if tests.len() == 1 { whole } else { Code::at(Level::And, tests.join(" and ")) }
}

/// A date, but for the number of days of its month.
const DATE: &str = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])";
/// A time in UTC, to the microsecond at most.
const TIME: &str = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z";

/// Whether the month of a well-formed date has such a day: counted from the first of the month, it is the same date.
fn real_day(v: &str) -> String {
    format!(
        "$substring($fromMillis($toMillis($substring({v}, 0, 8) & '01') + ($number($substring({v}, 8, 2)) - 1) * 86400000), 0, 10) = $substring({v}, 0, 10)"
    )
}

fn all(program: &Program, element: &Type, container: &str, items: &str, depth: usize) -> Code {
    let name = if depth == 0 { "$item".to_owned() } else { format!("$item{}", depth + 1) };
    let test = at_depth(program, element, &Code::atom(name.clone()), depth + 1);
    if test.text == "true" {
        return Code::at(Level::Compare, container.to_owned());
    }
    Code::at(
        Level::And,
        format!("{container} and $count($filter({items}, function({name}) {{ $not({}) }})) = 0", test.text),
    )
}

/// A value of a type, for messages.
pub fn example(program: &Program, ty: &Type) -> Json {
    match ty {
        Type::Bool => json!(true),
        Type::Int => json!(1),
        Type::Size => json!(1024),
        Type::Float => json!(0.5),
        Type::Duration => json!(60),
        Type::Share => json!(0.01),
        Type::Date => json!("2026-01-05"),
        Type::Timestamp => json!("2026-01-05T02:00:00Z"),
        Type::Decimal(..) => json!("12.50"),
        Type::Arn => json!("arn:aws:…"),
        Type::Literals(texts) => texts.first().map_or(Json::Null, |text| json!(text)),
        Type::Nominal { base, .. } => example(program, base),
        Type::Optional(inner) => example(program, inner),
        Type::List(element) => Json::Array(vec![example(program, element)]),
        Type::Record(fields) => {
            Json::Object(fields.iter().map(|(name, ty)| (name.clone(), example(program, ty))).collect())
        }
        Type::Row(schema) => {
            let fields = program.schema(*schema).map(|schema| schema.fields.as_slice()).unwrap_or_default();
            Json::Object(fields.iter().map(|field| (field.name.clone(), example(program, &field.ty))).collect())
        }
        Type::Map(_) | Type::Json => Json::Object(Map::new()),
        _ => json!("…"),
    }
}
