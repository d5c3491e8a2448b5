//! Where tables lie and what they can hold (05): overlapping places, partition columns, CSV, catalogs.

use super::constant;
use crate::program::{Env, Expr, InvalidPolicy, Program, SchemaField, Table, TableFormat, TableRole, Type};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// Bucket and folder under one environment.
pub(super) struct Place {
    bucket: String,
    pub(super) folder: String,
}

impl Place {
    pub(super) fn of(program: &Program, env: Option<&Env>, bucket: &Expr, prefix: &Expr) -> Option<Place> {
        let folder = constant::pattern(program, env, prefix)?;
        Some(Place {
            bucket: constant::pattern(program, env, bucket)?,
            folder: format!("{}/", folder.trim_matches('/')),
        })
    }

    fn same(&self, other: &Place) -> bool {
        self.bucket == other.bucket && self.folder == other.folder
    }

    pub(super) fn within(&self, other: &Place) -> bool {
        self.bucket == other.bucket && (other.folder == "/" || self.folder.starts_with(&other.folder))
    }
}

/// Two sinks at one place; or any table inside another. A source at exactly a sink's place is the way to read
/// what the last execution left, and right.
pub(super) fn tables_overlap(program: &Program, diagnostics: &mut Diagnostics) {
    for (at, first) in program.tables.iter().enumerate() {
        for second in program.tables.iter().skip(at + 1) {
            let sources = [first, second].iter().filter(|table| table.role == TableRole::Source).count();
            if sources == 2 {
                continue;
            }
            for env in constant::environments(program) {
                let (Some(one), Some(two)) = (
                    Place::of(program, env, &first.bucket, &first.prefix),
                    Place::of(program, env, &second.bucket, &second.prefix),
                ) else {
                    continue;
                };
                if one.same(&two) && sources == 0 {
                    report(first, second, env, &one, true, diagnostics);
                    break;
                }
                if one.same(&two) {
                    continue;
                }
                if two.within(&one) {
                    report(first, second, env, &two, false, diagnostics);
                    break;
                }
                if one.within(&two) {
                    report(second, first, env, &one, false, diagnostics);
                    break;
                }
            }
        }
    }
}

fn report(outer: &Table, inner: &Table, env: Option<&Env>, place: &Place, same: bool, diagnostics: &mut Diagnostics) {
    let wherever = env.map_or_else(String::new, |env| format!(" in `{}`", env.name));
    let folder = visible(&place.folder);
    let (message, label) = if same {
        (
            format!("`{}` and `{}` lie at the same place{wherever}: `{folder}`", outer.name, inner.name),
            "the same bucket and prefix",
        )
    } else {
        (
            format!("`{}` lies inside of `{}`{wherever}: `{folder}`", inner.name, outer.name),
            "inside of the other table's prefix",
        )
    };
    diagnostics.push(
        Diagnostic::new(codes::TABLES_OVERLAP, message)
            .primary(inner.span, label)
            .secondary(outer.span, if same { "the first of both" } else { "around it" })
            .note(
                "a table is every object under its prefix: each would read the other's objects, and a write that \
                 replaces one would remove those of the other",
            )
            .help(format!("give `{}` a prefix of its own", inner.name)),
    );
}

/// A pattern without its marks.
pub(super) fn visible(pattern: &str) -> String {
    let mut shown = String::new();
    for (at, part) in pattern.trim_end_matches('/').split('\u{1}').enumerate() {
        if at % 2 == 0 {
            shown.push_str(part);
        } else {
            shown.push_str(&format!("{{{}}}", part.strip_prefix("param ").unwrap_or(part)));
        }
    }
    shown
}

/// Bad records written among the rows of a table.
pub(super) fn quarantine_in_table(program: &Program, diagnostics: &mut Diagnostics) {
    for table in &program.tables {
        let InvalidPolicy::Quarantine { bucket, prefix, .. } = &table.invalid else { continue };
        for env in constant::environments(program) {
            let Some(quarantine) = Place::of(program, env, bucket, prefix) else { continue };
            let hit = program.tables.iter().find(|other| {
                Place::of(program, env, &other.bucket, &other.prefix)
                    .is_some_and(|place| quarantine.within(&place))
            });
            let Some(hit) = hit else { continue };
            let at = if prefix.span.file == table.span.file { prefix.span } else { table.span };
            diagnostics.push(
                Diagnostic::new(
                    codes::QUARANTINE_IN_TABLE,
                    format!("the quarantine of `{}` lies inside of `{}`", table.name, hit.name),
                )
                .primary(at, format!("bad records go to `{}`", visible(&quarantine.folder)))
                .secondary(hit.span, "reads every object under its prefix")
                .note("the next run would read the quarantined records as rows, and quarantine them again")
                .help(format!("choose a prefix outside, such as `quarantine/{}`", table.name)),
            );
            break;
        }
    }
}

/// A partition's folder is `name=value`: its type needs one exact text for each value.
pub(super) fn partition_types(program: &Program, diagnostics: &mut Diagnostics) {
    for table in &program.tables {
        for partition in &table.partitions {
            let field = program
                .schema(table.schema)
                .and_then(|schema| schema.fields.iter().find(|field| field.name == partition.name));
            let ty = if partition.in_schema { field.map_or(&partition.ty, |field| &field.ty) } else { &partition.ty };
            let Some((problem, help)) = partition_problem(ty) else { continue };
            let mut diagnostic = Diagnostic::new(
                codes::PARTITION_TYPE,
                format!("`{}` cannot be partitioned by `{}`: {problem}", table.name, partition.name),
            )
            .primary(partition.span, "a partition is a folder `name=value`");
            if let (true, Some(field)) = (partition.in_schema, field) {
                diagnostic = diagnostic.secondary(field.span, "declared here");
            }
            diagnostics.push(
                diagnostic
                    .note("each value must have exactly one text, since the folder's name is where the rows are found")
                    .help(help),
            );
        }
    }
}

fn partition_problem(ty: &Type) -> Option<(&'static str, &'static str)> {
    match ty.base() {
        Type::Optional(_) => Some((
            "it is optional",
            "give rows without a value one of their own before they are written: `derive x = x ?? …`",
        )),
        Type::Float => Some((
            "a `Float` has several texts for one value",
            "use an `Int`, a `Decimal`, or a `String` derived from it",
        )),
        Type::Bytes => Some(("`Bytes` are no text", "use a `String` derived from it")),
        Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Json | Type::Row(_) => {
            Some(("it holds more than one value", "use a field of it"))
        }
        _ => None,
    }
}

/// CSV has no form for values within values.
pub(super) fn csv_is_flat(program: &Program, diagnostics: &mut Diagnostics) {
    for table in &program.tables {
        if !matches!(table.format, TableFormat::Csv { .. }) {
            continue;
        }
        let Some(schema) = program.schema(table.schema) else { continue };
        let nested = |field: &&SchemaField| {
            matches!(
                field.ty.required().base().required(),
                Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Row(_)
            )
        };
        let Some(field) = schema.fields.iter().find(nested) else { continue };
        diagnostics.push(
            Diagnostic::new(
                codes::CSV_NESTED,
                format!("`{}` is CSV, which has no form for `{}`", table.name, field.name),
            )
            .primary(table.span, "written as CSV")
            .secondary(field.span, "holds values within a value")
            .note("a CSV field is one text; readers would not agree on what a list or a record looks like in it")
            .help("write `format = parquet` or `format = jsonl`, or `select` plain columns before it is written"),
        );
    }
}

/// Glue keeps names in lower case, and Athena reads no others.
pub(super) fn catalog_names(program: &Program, diagnostics: &mut Diagnostics) {
    for table in &program.tables {
        let Some(catalog) = &table.catalog else { continue };
        for (what, name) in [("database", &catalog.database), ("table", &catalog.table)] {
            for reading in constant::readings(program, name, table.span) {
                let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                if reading.text.chars().all(fine) && !reading.text.is_empty() {
                    continue;
                }
                let better = snake_case(&reading.text);
                diagnostics.push(
                    Diagnostic::new(
                        codes::CATALOG_NAME,
                        format!("Athena cannot read a {what} named `{}`", reading.text),
                    )
                    .primary(reading.span, format!("the {what}'s name in the catalog"))
                    .note(
                        "names hold lower-case letters, digits and `_` \
                         (https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html, checked 2026-09)",
                    )
                    .help(format!("write `{better}`")),
                );
            }
        }
    }
}

/// `martReadmissions` and `mart-readmissions` as `mart_readmissions`.
fn snake_case(name: &str) -> String {
    let mut better = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_uppercase() && after_lower {
            better.push('_');
        }
        after_lower = c.is_lowercase() || c.is_ascii_digit();
        better.extend(c.to_lowercase().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' }));
    }
    better
}
