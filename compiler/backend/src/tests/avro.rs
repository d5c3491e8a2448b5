//! Schemas to Avro and back.

use flow_analysis::avro::write as avro;
use flow_analysis::program::{Program, Schema, Type};
use flow_analysis::strictness::Levels;
use flow_analysis::{Surroundings, Texts, check_with};
use flow_diagnostics::render::{ColorChoice, human};
use flow_diagnostics::{Diagnostics, FileSet};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The program of a text, whose schemas may come from a file `schemas/S.avsc`.
fn program(text: &str, avsc: Option<&str>) -> Program {
    let reader = Texts(avsc.map(|text| ("schemas/S.avsc".to_owned(), text.to_owned())).into_iter().collect());
    let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
    let file = files.add("a.flow", text.to_owned());
    let levels = Levels::default();
    let program = check_with(&Surroundings { levels: &levels, reader: &reader }, file, &mut files, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}\n{text}\n{avsc:?}", human(&files, &diagnostics, ColorChoice::Never));
    program
}

fn schema<'p>(program: &'p Program, name: &str) -> &'p Schema {
    program.schemas.iter().find(|schema| schema.name == name).unwrap()
}

fn written(program: &Program, name: &str) -> String {
    crate::asl::text::pretty(&avro::schema(program, schema(program, name)))
}

/// A type without names of its own: what a file can say of it.
fn plain(program: &Program, ty: &Type) -> Type {
    match ty {
        Type::Nominal { base, .. } => plain(program, base),
        Type::Optional(inner) => plain(program, inner).optional(),
        Type::List(inner) => Type::List(Box::new(plain(program, inner))),
        Type::Map(inner) => Type::Map(Box::new(plain(program, inner))),
        Type::Record(fields) => Type::Record(fields.iter().map(|(name, ty)| (name.clone(), plain(program, ty))).collect()),
        Type::Row(id) => {
            let fields = &program.schema(*id).unwrap().fields;
            Type::Record(fields.iter().map(|field| (field.name.clone(), plain(program, &field.ty))).collect())
        }
        other => other.clone(),
    }
}

/// What a schema says, without places and names of types.
fn said(program: &Program, name: &str) -> Vec<String> {
    let schema = schema(program, name);
    let field = |field: &flow_analysis::program::SchemaField| {
        format!(
            "{} {:?} {} {} {:?} {:?}",
            field.name,
            plain(program, &field.ty),
            field.key,
            field.pii,
            field.doc,
            field.default
        )
    };
    std::iter::once(format!("{:?}", schema.doc)).chain(schema.fields.iter().map(field)).collect()
}

#[track_caller]
fn there_and_back(text: &str) -> String {
    let first = program(text, None);
    let avsc = written(&first, "S");
    let second = program("schema S from \"schemas/S.avsc\"", Some(&avsc));
    assert_eq!(said(&first, "S"), said(&second, "S"), "{text}\n{avsc}");
    avsc
}

const ALL: &str = r#"
type Code = String check len(value) == 3
type Maybe = Code?
schema Address { street: String, city: String? }
/// Every type that a column can have.
schema S {
  /// Tells one from another.
  id:      String @key @pii
  flag:    Bool @pii
  count:   Int?
  ratio:   Float
  price:   Decimal(10, 2)?
  photo:   Bytes
  day:     Date
  at:      Timestamp?
  took:    Duration
  size:    Size
  part:    Share?
  more:    Json
  role:    Arn
  state:   "NEW" | "SENT"
  odd:     "in transit" | "done"
  last:    ("NEW" | "SENT")?
  tags:    [String]
  gaps:    [Int?]?
  notes:   Map<Decimal(4, 1)>
  place:   { lat: Float, lon: Float, of: { name: "a" | "b" }? }
  home:    Address
  work:    Address?
  codes:   [Code]
  maybe:   Maybe
}
"#;

#[test]
fn every_type_goes_there_and_back() {
    insta::assert_snapshot!("every_type.avsc", there_and_back(ALL));
}

fn random_type(random: &mut StdRng, depth: usize) -> String {
    let kinds = if depth == 0 { 14 } else { 18 };
    match random.random_range(0..kinds) {
        0 => "Bool".to_owned(),
        1 => "Int".to_owned(),
        2 => "Float".to_owned(),
        3 => {
            let precision = random.random_range(1..=38);
            format!("Decimal({precision}, {})", random.random_range(0..=precision))
        }
        4 => "String".to_owned(),
        5 => "Bytes".to_owned(),
        6 => "Date".to_owned(),
        7 => "Timestamp".to_owned(),
        8 => "Duration".to_owned(),
        9 => "Size".to_owned(),
        10 => "Share".to_owned(),
        11 => "Json".to_owned(),
        12 => ["\"A\" | \"b_1\"", "\"only\"", "\"1\" | \"a b\"", "\"ä\" | \"A\""][random.random_range(0..4)].to_owned(),
        13 => "Arn".to_owned(),
        14 => format!("[{}]", random_field_type(random, depth - 1)),
        15 => format!("Map<{}>", random_field_type(random, depth - 1)),
        _ => {
            let fields: Vec<String> = (0..random.random_range(1..4))
                .map(|at| format!("f{at}: {}", random_field_type(random, depth - 1)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

fn random_field_type(random: &mut StdRng, depth: usize) -> String {
    let ty = random_type(random, depth);
    match random.random_bool(0.3) {
        true if ty.contains(" | ") && ty.starts_with('"') => format!("({ty})?"),
        true => format!("{ty}?"),
        false => ty,
    }
}

#[test]
fn any_type_goes_there_and_back() {
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..60 {
        let fields: Vec<String> = (0..8).map(|at| format!("  c{at}: {}\n", random_field_type(&mut random, 3))).collect();
        there_and_back(&format!("schema S {{\n{}}}\n", fields.concat()));
    }
}

/// A file as a team would have it: a namespace, a record used twice, aliases, defaults, millis.
const FOREIGN: &str = r#"{
  "type": "record", "name": "Demand", "namespace": "com.example.demand", "doc": "One demand.",
  // Avro's own parser takes comments.
  "fields": [
    { "name": "id", "type": { "type": "string", "logicalType": "uuid" }, "doc": "Its id." },
    { "name": "amount", "type": { "type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 3 } },
    { "name": "fee", "type": { "type": "fixed", "name": "Fee", "size": 8, "logicalType": "decimal", "precision": 18 } },
    { "name": "made", "type": { "type": "long", "logicalType": "timestamp-millis" }, "default": 1767578400000 },
    { "name": "due", "type": ["null", { "type": "int", "logicalType": "date" }], "default": null },
    { "name": "status", "type": { "type": "enum", "name": "Status", "symbols": ["OPEN", "DONE"] }, "default": "OPEN" },
    { "name": "before", "type": ["Status", "null"], "default": "DONE", "aliases": ["old"] },
    { "name": "from", "type": { "type": "record", "name": "Place", "fields": [
      { "name": "city", "type": "string" }, { "name": "seen", "type": { "type": "long", "logicalType": "timestamp-millis" }, "default": 1 }
    ] } },
    { "name": "to", "type": "com.example.demand.Place", "default": { "city": "Bern" } },
    { "name": "count", "type": "int", "default": 3 },
    { "name": "ratio", "type": ["null", "float"] },
    { "name": "tags", "type": { "type": "array", "items": "string" }, "default": [] },
    { "name": "notes", "type": ["null", { "type": "map", "values": "double" }] },
    { "name": "unknown", "type": { "type": "long", "logicalType": "com.example.nanos" } }
  ]
}"#;

#[test]
fn a_file_of_others_is_read_as_it_says() {
    let read = program("schema S from \"schemas/S.avsc\"", Some(FOREIGN));
    insta::assert_snapshot!("foreign", said(&read, "S").join("\n"));
    let again = written(&read, "S");
    insta::assert_snapshot!("foreign.avsc", again);
    let second = program("schema S from \"schemas/S.avsc\"", Some(&again));
    assert_eq!(said(&read, "S"), said(&second, "S"));
}

#[test]
fn a_file_of_any_text_gives_messages() {
    let mut random = StdRng::seed_from_u64(11);
    let pieces = ["{", "}", "[", "]", ",", ":", "\"", "null", "\"record\"", "\"Place\"", "-1", "1e999", "é", "//", "\\u12"];
    let mut refused = 0;
    for _ in 0..600 {
        let mut text: Vec<char> = FOREIGN.chars().collect();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..text.len());
            let until = (at + random.random_range(0..12)).min(text.len());
            text.splice(at..until, pieces[random.random_range(0..pieces.len())].chars());
        }
        let reader = Texts([("schemas/S.avsc".to_owned(), text.into_iter().collect())].into());
        let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
        let file = files.add("a.flow", "schema S from \"schemas/S.avsc\"".to_owned());
        let levels = Levels::default();
        check_with(&Surroundings { levels: &levels, reader: &reader }, file, &mut files, &mut diagnostics);
        refused += usize::from(diagnostics.has_errors());
        // Places are places of the text.
        human(&files, &diagnostics, ColorChoice::Never);
    }
    assert!(refused > 300, "{refused}");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let reader = Texts([("schemas/S.avsc".to_owned(), deep)].into());
    let (mut files, mut diagnostics) = (FileSet::default(), Diagnostics::default());
    let file = files.add("a.flow", "schema S from \"schemas/S.avsc\"".to_owned());
    let levels = Levels::default();
    check_with(&Surroundings { levels: &levels, reader: &reader }, file, &mut files, &mut diagnostics);
    assert!(diagnostics.has_errors());
}
