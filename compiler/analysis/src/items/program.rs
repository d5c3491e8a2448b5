//! The whole program: every item of the user's file, in an order in which each finds what it needs.

use super::streams::is_channel;
use crate::check::Checker;
use crate::program::{Function, Program};
use crate::resolve::Def;
use crate::strictness::unknown_attribute;
use flow_syntax::ast::{FunctionBody, ItemKind, Module};

/// Checks all items of the modules that are no library, and gives the program.
pub(crate) fn program<'a>(mut checker: Checker<'a>, modules: &'a [Module]) -> Program {
    let user: Vec<(usize, &'a Module)> = modules
        .iter()
        .enumerate()
        .filter(|(at, _)| checker.names.module(*at).is_some_and(|names| !names.is_library()))
        .collect();
    for (at, module) in &user {
        checker.project(*at, module);
    }
    let defs: Vec<Def<'a>> = user
        .iter()
        .flat_map(|(at, module)| {
            module.items.iter().enumerate().map(|(index, item)| Def { module: *at, index, item })
        })
        .collect();
    for def in &defs {
        for attribute in &def.item.attributes {
            if attribute.name.text == "tag" && matches!(def.item.kind, ItemKind::Type(_)) {
                // Read where the union is.
            } else if attribute.name.text == "hides" && lowered(&def.item.kind) {
                continue;
            } else if let Some(unknown) = unknown_attribute(attribute) {
                checker.report(unknown);
            }
        }
        match &def.item.kind {
            ItemKind::Type(_) => {
                let ty = checker.declared_type(*def);
                checker.type_checks(*def, &ty);
            }
            ItemKind::Schema(_) => {
                checker.schema(*def);
            }
            _ => {}
        }
    }
    for def in &defs {
        if matches!(def.item.kind, ItemKind::Param(_)) {
            checker.param_type(*def);
        }
    }
    for def in &defs {
        match &def.item.kind {
            ItemKind::Env(named) => checker.env(def.module, named),
            ItemKind::Secret(_) => {
                checker.secret(*def);
            }
            ItemKind::Schedule(_) => {
                if let Some((schedule, _)) = checker.schedule(*def) {
                    checker.program.schedules.push(schedule);
                }
            }
            ItemKind::Retry(_) => {
                checker.named_rules(*def);
            }
            ItemKind::Resource(_) => {
                checker.item_resource(*def);
            }
            _ => {}
        }
    }
    for def in &defs {
        match &def.item.kind {
            ItemKind::Source(item) | ItemKind::Sink(item) if item.each.is_some() => {
                checker.family(*def);
            }
            ItemKind::Source(item) | ItemKind::Sink(item) if is_channel(item) => {
                checker.channel(*def);
            }
            ItemKind::Source(_) | ItemKind::Sink(_) => {
                checker.table(*def);
            }
            ItemKind::Transform(_) => {
                checker.transform(*def);
            }
            _ => {}
        }
    }
    // Declarations that a user wrote are checked by themselves, called or not.
    for def in &defs {
        checker.guard_of(*def);
        checker.declaration(*def);
    }
    let span = checker.cause;
    checker.program.functions.push(Function {
        name: "worker".to_owned(),
        memory_mb: 1024,
        timeout_s: 900,
        storage_mb: 512,
        network: None,
        reads: Vec::new(),
        writes: Vec::new(),
        statements: Vec::new(),
        steps: Vec::new(),
        stream: None,
        span,
    });
    for def in &defs {
        if matches!(def.item.kind, ItemKind::Flow(_)) {
            checker.flow(*def);
        }
    }
    // The default function comes first if a step uses it, and not at all if none does.
    checker.program.without_functions(|id, function| id.0 == 0 && function.steps.is_empty());
    for def in &defs {
        if matches!(def.item.kind, ItemKind::Stream(_)) {
            checker.stream(*def);
        }
    }
    checker.notifications();
    for def in &defs {
        if matches!(def.item.kind, ItemKind::Output(_)) {
            checker.output(*def);
        }
    }
    // A test names what is wrong elsewhere: it would be wrong for that alone.
    if !checker.diagnostics.has_errors() {
        for def in &defs {
            checker.test(*def);
        }
    }
    checker.program
}

/// Whether an item is a function that says how each stage computes it.
fn lowered(item: &ItemKind) -> bool {
    matches!(item, ItemKind::Function(function) if matches!(function.body, FunctionBody::Lower(_)))
}
