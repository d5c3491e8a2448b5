//! Programs of several files.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Reader, Unread, target};
use crate::program::Program;
use crate::strictness::Levels;
use crate::{Surroundings, check_with};
use flow_diagnostics::render::{ColorChoice, human, short};
use flow_diagnostics::{Diagnostics, FileSet};
use std::collections::BTreeMap;

/// Files by name.
struct Table(BTreeMap<&'static str, &'static str>);

impl Reader for Table {
    fn read(&self, name: &str) -> Result<String, Unread> {
        match self.0.get(name) {
            Some(&"locked") => Err(Unread::Because("permission denied".to_owned())),
            Some(text) => Ok((*text).to_owned()),
            None => Err(Unread::Missing),
        }
    }

    fn beside(&self, folder: &str, ending: &str) -> Vec<String> {
        let in_folder = |name: &&&str| {
            name.rsplit_once('/').map_or("", |(folder, _)| folder) == folder
                && name.rsplit_once('.').is_some_and(|(_, found)| found == ending)
        };
        self.0.keys().filter(in_folder).map(|name| name.rsplit('/').next().unwrap().to_owned()).collect()
    }
}

fn checked(files: &[(&'static str, &'static str)]) -> (Program, FileSet, Diagnostics) {
    let reader = Table(files.iter().copied().collect());
    let (mut set, mut diagnostics) = (FileSet::default(), Diagnostics::default());
    let (name, text) = files.first().unwrap();
    let file = set.add(*name, (*text).to_owned());
    let levels = Levels::default();
    let program = check_with(&Surroundings { levels: &levels, reader: &reader }, file, &mut set, &mut diagnostics);
    (program, set, diagnostics)
}

fn raised(files: &[(&'static str, &'static str)]) -> String {
    let (_, set, diagnostics) = checked(files);
    short(&set, &diagnostics)
}

const SHARED: &str = r#"//! What two loads share.
use std.aws.s3
param raw: s3.BucketName
schema Visit {
  id:  String @key
  day: Date
}
source visits: Table<Visit> = s3.table {
  bucket = raw
  prefix = "visits"
  format = jsonl
}
"#;

const LOAD: &str = r#"//! The nightly load.
use "../shared.flow"
use std.aws.s3
sink archive: Table<Visit> = s3.table {
  bucket = "clinic-archive"
  prefix = "visits"
  format = parquet
}
flow nightly() {
  step keep = copy(visits) into archive
}
"#;

#[test]
fn items_of_another_file_are_of_the_program() {
    let (program, set, diagnostics) = checked(&[("flows/load.flow", LOAD), ("shared.flow", SHARED)]);
    assert_eq!(short(&set, &diagnostics), "");
    assert_eq!(program.project.doc.as_deref(), Some("The nightly load."));
    let tables: Vec<&str> = program.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(tables.len(), 2, "{tables:?}");
    assert_eq!(program.params.len(), 1);
    let visits = program.tables.iter().find(|table| table.name == "visits").unwrap();
    assert_eq!(set.name(visits.span.file), "shared.flow");
}

#[test]
fn a_use_brings_in_what_the_file_declares_and_no_more() {
    let c = "type Breadth = Int\n";
    let b = "use \"./c.flow\"\nparam width: Breadth = 1\n";
    assert_eq!(raised(&[("a.flow", "use \"./b.flow\"\nfn twice() -> Int = 2\n"), ("b.flow", b), ("c.flow", c)]), "");
    let found = raised(&[("a.flow", "use \"./b.flow\"\nparam height: Breadth = 1\n"), ("b.flow", b), ("c.flow", c)]);
    assert!(found.starts_with("a.flow:2:15: error[FLOW0203]") && found.lines().count() == 1, "{found}");
}

#[test]
fn mistakes_are_reported_in_the_file_that_has_them() {
    let shared = "schema Visit {\n  id: Strin @key\n}\n";
    let found = raised(&[("a.flow", "use \"./b.flow\"\nschema Stay {\n  id: Sting @key\n}\n"), ("b.flow", shared)]);
    let places: Vec<&str> = found.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["a.flow:3:7", "b.flow:2:7"], "{found}");
}

#[test]
fn a_name_is_declared_once_in_a_program() {
    for (a, b) in [
        ("param x: Int = 1\n", "param x: Int = 2\n"),
        ("schema S { id: String }\n", "schema S { id: String }\n"),
        ("env dev { x = 1 }\nparam x: Int\n", "env dev { }\n"),
        ("project p { }\n", "project q { }\n"),
        ("fn f() -> Int = 1\n", "fn f() -> Int = 2\n"),
    ] {
        let a = format!("use \"./b.flow\"\n{a}");
        let found = raised(&[("a.flow", Box::leak(a.into_boxed_str())), ("b.flow", b)]);
        assert!(found.contains("error[FLOW0202]") && found.lines().count() == 1, "{found}");
    }
}

#[test]
fn names_of_a_file_that_is_missing_are_not_reported_again() {
    let found = raised(&[("a.flow", "use \"./gone.flow\"\nparam x: Breadth = 1\nparam y: Int = other\n")]);
    assert!(found.starts_with("a.flow:1:5: error[FLOW0213]") && found.lines().count() == 1, "{found}");
}

#[test]
fn what_is_used_elsewhere_is_used() {
    let shared = "param raw: Int = 1\nparam spare: Int = 1\nflow g() {\n  let x = 1\n}\n";
    let found = raised(&[("a.flow", "use \"./b.flow\"\nflow f() {\n  let x = raw\n}\n"), ("b.flow", shared)]);
    assert!(found.starts_with("b.flow:2:7: warning[FLOW0801]") && found.lines().count() == 1, "{found}");
}

#[test]
fn a_file_of_which_nothing_is_named() {
    let main = "use \"./b.flow\"\nflow f() {\n  let x = 1\n}\n";
    let found = raised(&[("a.flow", main), ("b.flow", "param raw: Int = 1\n")]);
    assert!(found.starts_with("a.flow:1:5: warning[FLOW0803]: `b.flow` is used, but nothing in it is named"), "{found}");
    assert_eq!(found.lines().count(), 1, "{found}");
    // What is part of a program without being named.
    assert_eq!(raised(&[("a.flow", main), ("b.flow", "project p { region = \"eu-west-1\" }\n")]), "");
    assert_eq!(raised(&[("a.flow", main), ("b.flow", "use \"./c.flow\"\n"), ("c.flow", "flow g() {\n  let x = 1\n}\n")]), "");
}

#[test]
fn messages_of_uses_that_cannot_be() {
    let mut shown = String::new();
    let cases: &[&[(&str, &str)]] = &[
        &[("flows/a.flow", "use \"./shered.flow\"\n"), ("flows/shared.flow", "type S = Int\n")],
        &[("a.flow", "use \"../x/shared.flow\"\n")],
        &[("a.flow", "use \"./locked.flow\"\n"), ("locked.flow", "locked")],
        &[("a.flow", "use \"shared\"\n")],
        &[("a.flow", "use \"/srv/shared.flow\"\n")],
        &[("a.flow", "use \"./a.flow\"\n")],
        &[("a.flow", "use \"./b.flow\"\n"), ("b.flow", "use \"./c.flow\"\n"), ("c.flow", "use \"./a.flow\"\n")],
    ];
    for files in cases {
        let (_, set, diagnostics) = checked(files);
        shown.push_str(&human(&set, &diagnostics, ColorChoice::Never));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_folder_of_the_users_may_be_called_std() {
    let found = raised(&[("std/retry.flow", "use \"./functions.flow\"\nparam x: Nothing = 1\n"), ("std/functions.flow", "param y: Nix = 1\n")]);
    let places: Vec<&str> = found.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["std/retry.flow:2:10", "std/functions.flow:1:10"], "{found}");
}

#[test]
fn paths_are_relative_to_the_file_that_names_them() {
    let found = |user: &str, path: &str| target(user, path).unwrap_or("none".to_owned());
    assert_eq!(found("a.flow", "./b.flow"), "b.flow");
    assert_eq!(found("./flows/a.flow", "./b.flow"), "flows/b.flow");
    assert_eq!(found("flows/a.flow", "../b.flow"), "b.flow");
    assert_eq!(found("a.flow", "../../b.flow"), "../../b.flow");
    assert_eq!(found("/srv/flows/a.flow", "../b.flow"), "/srv/b.flow");
    assert_eq!(found("flows\\a.flow", "./x/../b.flow"), "flows/b.flow");
    assert_eq!(found("a.flow", "b.flow"), "none");
    assert_eq!(found("a.flow", "./b.avsc"), "none");
}
