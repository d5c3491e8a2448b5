//! What a crawler of Glue finds (07): rows, and not what is written for people beside them.

use super::constant;
use super::places::visible;
use crate::program::{DeadLetter, Entry, Env, Expr, ExprKind, Flow, InvalidPolicy, Program, Refused, Resource, ResourceKind, TextPart};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// Something that is written and is no table.
struct Written<'p> {
    /// "quarantined records of `visits`".
    what: String,
    bucket: &'p Expr,
    prefix: &'p Expr,
    /// Where the program says so.
    span: Span,
}

/// Quarantined records, dead letters and objects that steps put below a folder that a crawler reads.
pub(super) fn strangers(program: &Program, diagnostics: &mut Diagnostics) {
    let crawled: Vec<(&Resource, &Expr)> = program.resources.iter().flat_map(targets).collect();
    if crawled.is_empty() {
        return;
    }
    for written in written(program) {
        for (crawler, path) in &crawled {
            let found = constant::environments(program).into_iter().find_map(|env| {
                let (bucket, folder) = crawled_folder(program, env, path)?;
                let at = constant::pattern(program, env, written.bucket)?;
                let within = beginning(program, env, written.prefix)?;
                (at == bucket && format!("{}/", within.trim_matches('/')).starts_with(&folder)).then_some((folder, within))
            });
            let Some((folder, within)) = found else { continue };
            let span = crawler.span;
            diagnostics.push(
                Diagnostic::new(codes::CRAWLED, format!("a crawler would take {} for a table", written.what))
                    .primary(written.span, format!("written below `{}`", visible(&within)))
                    .secondary(span, format!("reads everything below `{}`", visible(&folder)))
                    .note("a crawler makes a table of each folder that it finds, with columns guessed from what lies there")
                    .help("write them below another prefix, beside the data: `quarantine/…`"),
            );
            break;
        }
    }
}

/// The paths that a crawler reads.
fn targets(resource: &Resource) -> Vec<(&Resource, &Expr)> {
    let ResourceKind::Aws { ty, body } = &resource.kind else { return Vec::new() };
    if ty != "aws_glue_crawler" {
        return Vec::new();
    }
    body.iter()
        .filter_map(|entry| match entry {
            Entry::Block(name, inner) if name == "s3_target" => Some((resource, Entry::attribute(inner, "path")?)),
            _ => None,
        })
        .collect()
}

/// Bucket and folder of `s3://BUCKET/FOLDER`.
fn crawled_folder(program: &Program, env: Option<&Env>, path: &Expr) -> Option<(String, String)> {
    let path = constant::pattern(program, env, path)?;
    let (bucket, folder) = path.strip_prefix("s3://")?.split_once('/')?;
    let folder = folder.trim_matches('/');
    Some((bucket.to_owned(), if folder.is_empty() { String::new() } else { format!("{folder}/") }))
}

/// As much of a text as is known: a key's folders before the first that is found out when the flow runs.
fn beginning(program: &Program, env: Option<&Env>, text: &Expr) -> Option<String> {
    if let Some(known) = constant::pattern(program, env, text) {
        return Some(known);
    }
    let ExprKind::Text(parts) = &text.kind else { return None };
    let mut known = String::new();
    for part in parts {
        match part {
            TextPart::Text(text) => known.push_str(text),
            TextPart::Expr(part) => match constant::pattern(program, env, part) {
                Some(text) => known.push_str(&text),
                None => break,
            },
        }
    }
    known.rfind('/').map(|end| known.get(..end).unwrap_or_default().to_owned())
}

fn written(program: &Program) -> Vec<Written<'_>> {
    let mut found = Vec::new();
    for table in &program.tables {
        if let InvalidPolicy::Quarantine { bucket, prefix, .. } = &table.invalid {
            found.push(Written { what: format!("the bad records of `{}`", table.name), bucket, prefix, span: table.span });
        }
    }
    for stream in &program.streams {
        let Refused::DeadLetter(DeadLetter { kind, value, span, .. }) = &stream.refused else { continue };
        if let (true, Some(bucket), Some(prefix)) = (kind == "folder", value.entry("bucket"), value.entry("prefix")) {
            found.push(Written { what: format!("the dead letters of `{}`", stream.name), bucket, prefix, span: *span });
        }
    }
    for step in program.flows.iter().flat_map(Flow::steps) {
        if !step.call.resource.ends_with(":s3:putObject") {
            continue;
        }
        let (bucket, key) = (step.call.arguments.entry("Bucket"), step.call.arguments.entry("Key"));
        if let Some((bucket, prefix)) = bucket.zip(key) {
            found.push(Written { what: format!("what `{}` writes", step.name), bucket, prefix, span: step.name_span });
        }
    }
    found
}
