//! Lints over the user's text (08): items and imports that nothing names, environments that set nothing.
//!
//! An item counts as used if any other item names it, even an unused one: fewer messages, and none that is wrong.
//! A file without a flow is a library, whose items are for others; it is not judged. Neither is a file with a
//! broken item, which may hold the missing use. A name that begins with `_` is meant to be unused.

mod mentions;

use crate::files_used;
use flow_diagnostics::{Code, Diagnostic, Diagnostics, FileSet, Span, codes};
use flow_syntax::ast::{Item, ItemKind, Module, Name, Use};
use mentions::Mentions;

/// Checks the files of the user's program. To be asked where no phase found an error.
pub fn lint(modules: &[&Module], files: &FileSet, diagnostics: &mut Diagnostics) {
    if modules.iter().any(|module| module.items.iter().any(|item| matches!(item.kind, ItemKind::Broken))) {
        return;
    }
    let mentions: Vec<Vec<Mentions>> =
        modules.iter().map(|module| module.items.iter().map(Mentions::of).collect()).collect();
    for (at, module) in modules.iter().enumerate() {
        let Some(own) = mentions.get(at) else { continue };
        if !module.items.iter().any(|item| matches!(item.kind, ItemKind::Flow(_) | ItemKind::Stream(_))) {
            continue;
        }
        let elsewhere = |name: &str| {
            let others = mentions.iter().enumerate().filter(|(other, _)| *other != at);
            others.flat_map(|(_, found)| found).any(|found| found.holds(name))
        };
        items(module, own, &elsewhere, diagnostics);
        imports(module, own, diagnostics);
        files_for_nothing(module, modules, own, files, diagnostics);
        empty_environments(module, diagnostics);
    }
}

fn items(module: &Module, mentions: &[Mentions], elsewhere: &dyn Fn(&str) -> bool, diagnostics: &mut Diagnostics) {
    for (at, item) in module.items.iter().enumerate() {
        let Some((kind, name, consequence, help)) = judged(item) else { continue };
        let used = mentions.iter().enumerate().any(|(other, found)| other != at && found.holds(&name.text));
        if used || name.text.starts_with('_') || elsewhere(&name.text) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(codes::UNUSED_ITEM, format!("{kind} `{}` is never used", name.text))
                .primary(name.span, "nothing in this program names it")
                .note(consequence)
                .help(help.unwrap_or_else(|| format!("remove it, or name it `_{}` if it is meant to stay", name.text))),
        );
    }
}

/// Items that should be used: what each is, its name, and what follows if it is not.
fn judged(item: &Item) -> Option<(&'static str, &Name, &'static str, Option<String>)> {
    Some(match &item.kind {
        ItemKind::Param(item) => {
            ("parameter", &item.name, "whoever deploys is asked for a value that changes nothing", None)
        }
        ItemKind::Secret(item) => ("secret", &item.name, "it would be created, and paid for, for nothing", None),
        ItemKind::Schema(item) => ("schema", &item.name, "it describes no table", None),
        ItemKind::Type(item) => ("type", &item.name, "it describes no value", None),
        ItemKind::Source(item) => ("source", &item.name, "no step reads it", None),
        ItemKind::Sink(item) if crate::items::is_channel(item) => (
            "sink",
            &item.name,
            "nothing is sent to it",
            Some(format!("send to it in a stream, `each … send to {}`, or remove it", item.name.text)),
        ),
        ItemKind::Sink(item) => (
            "sink",
            &item.name,
            "no step writes it, so the table would stay empty",
            Some(format!("write it in a step, `… into {}`, or remove it", item.name.text)),
        ),
        ItemKind::Transform(item) => (
            "transform",
            &item.name,
            "its rows are never computed",
            Some(format!("run it in a step, `step … = run {}(…) into …`, or remove it", item.name.text)),
        ),
        ItemKind::Task(item) => ("task", &item.name, "no step calls it", None),
        ItemKind::Retry(item) => (
            "retry policy",
            &item.name,
            "no step is retried by it",
            Some(format!("name it in a flow, `retry = {}`, or remove it", item.name.text)),
        ),
        ItemKind::Construct(item) => ("construct", &item.name, "nothing is made by it", None),
        ItemKind::Schedule(item) => ("schedule", &item.name, "nothing is started by it", None),
        ItemKind::Function(item) => ("function", &item.name, "nothing calls it", None),
        ItemKind::Use(_)
        | ItemKind::Project(_)
        | ItemKind::Env(_)
        | ItemKind::Output(_)
        | ItemKind::Resource(_)
        | ItemKind::Flow(_)
        | ItemKind::Stream(_)
        | ItemKind::Test(_)
        | ItemKind::Broken => return None,
    })
}

fn imports(module: &Module, mentions: &[Mentions], diagnostics: &mut Diagnostics) {
    let mut judge = |name: &Name, code: Code, whole: Option<Span>| {
        if mentions.iter().any(|found| found.holds(&name.text)) {
            return;
        }
        diagnostics.push(
            Diagnostic::new(code, format!("`{}` is imported, but never used", name.text))
                .primary(name.span, "nothing in this program names it")
                .note("an import brings a name into scope; it has no other effect")
                .help(if whole.is_some() {
                    "remove this `use`".to_owned()
                } else {
                    format!("remove `{}` from the braces", name.text)
                }),
        );
    };
    for item in &module.items {
        let ItemKind::Use(Use::Path { path, names }) = &item.kind else { continue };
        match names.as_deref() {
            None => {
                if let Some(last) = path.segments.last() {
                    judge(last, codes::UNUSED_USE, Some(item.span));
                }
            }
            Some([only]) => judge(only, codes::UNUSED_USE, Some(item.span)),
            Some(names) => names.iter().for_each(|name| judge(name, codes::UNUSED_USE, None)),
        }
    }
}

/// Files that are used and of which nothing is named. Flows, environments, outputs and the like are part of the program
/// without being named, and so is what such a file uses: a file that holds any of them is not judged.
fn files_for_nothing(
    module: &Module,
    modules: &[&Module],
    mentions: &[Mentions],
    files: &FileSet,
    diagnostics: &mut Diagnostics,
) {
    for item in &module.items {
        let ItemKind::Use(Use::File { path, span }) = &item.kind else { continue };
        let Some(name) = files_used::target(files.name(module.file), path) else { continue };
        let Some(used) = modules.iter().find(|other| files_used::same(files.name(other.file), &name)) else { continue };
        let needed = used.items.iter().any(|item| match (&item.kind, judged(item)) {
            (ItemKind::Use(Use::Path { .. }), _) => false,
            (_, Some((_, name, ..))) => mentions.iter().any(|found| found.holds(&name.text)),
            (_, None) => true,
        });
        if !needed {
            diagnostics.push(
                Diagnostic::new(codes::UNUSED_USE, format!("`{name}` is used, but nothing in it is named"))
                    .primary(*span, "nothing in this file names what it declares")
                    .note("what it declares would be built, and be asked for, for nothing")
                    .help("remove this `use`"),
            );
        }
    }
}

/// An environment without values beside one that has some.
fn empty_environments(module: &Module, diagnostics: &mut Diagnostics) {
    let envs = || {
        module.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Env(env) => Some(env),
            _ => None,
        })
    };
    let Some(full) = envs().find(|env| !env.fields.is_empty()) else { return };
    for env in envs().filter(|env| env.fields.is_empty()) {
        let values: Vec<String> = full.fields.iter().map(|field| format!("`{}`", field.name.text)).collect();
        diagnostics.push(
            Diagnostic::new(codes::EMPTY_ENV, format!("environment `{}` sets nothing", env.name.text))
                .primary(env.name.span, "no values")
                .secondary(full.name.span, format!("sets {}", values.join(", ")))
                .note("a parameter that no environment and no default sets must be given at every deployment")
                .help(format!("give `{}` values of its own: {}", env.name.text, values.join(", "))),
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let mut files = FileSet::default();
        let file = files.add("a.flow", text.to_owned());
        let mut diagnostics = Diagnostics::default();
        let module = flow_syntax::parse(file, text, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{:?}", diagnostics.sorted());
        lint(&[&module], &files, &mut diagnostics);
        diagnostics.sorted().iter().map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message)).collect()
    }

    #[test]
    fn a_name_used_anywhere_is_used() {
        let text = r#"
use std.aws.{s3, ecs}
use std.notify
env dev { raw = "a" }
param raw: s3.BucketName
param spare: Int = 3
param _later: Int = 3
secret hook: { url: String }
flow f() {
  step a = notify.slack(hook, "to {raw}")
}
"#;
        assert_eq!(messages(text), [
            "FLOW0803 `ecs` is imported, but never used",
            "FLOW0801 parameter `spare` is never used"
        ]);
    }

    #[test]
    fn libraries_are_not_judged() {
        assert!(messages("param spare: Int = 3\n").is_empty());
    }

    #[test]
    fn an_item_does_not_use_itself() {
        let text = "fn f(n: Int) -> Int = f(n)\nflow g() {\n  let x = 1\n}\n";
        assert_eq!(messages(text), ["FLOW0801 function `f` is never used"]);
    }

    #[test]
    fn environments() {
        let text = "env dev { a = 1 }\nenv prod { }\nparam a: Int\nflow g() {\n  let x = a\n}\n";
        assert_eq!(messages(text), ["FLOW0802 environment `prod` sets nothing"]);
    }
}
