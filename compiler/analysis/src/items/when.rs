//! `ITEM when CONDITION`: which items may have it, and where they exist then.

use crate::check::{Because, Checker, Scope};
use crate::program::{ExprKind, Guard, Stage, Type, Value};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic};
use flow_syntax::ast::{self, ItemKind, TaskBody};

impl<'a> Checker<'a> {
    /// Where an item exists; `None` for everywhere.
    pub fn guard_of(&mut self, def: Def<'a>) -> Option<Guard> {
        let when = def.item.when.as_ref()?;
        if let Some(known) = self.guards.get(&def.key()) {
            return known.clone();
        }
        self.guards.insert(def.key(), None);
        let guard = self.checked_guard(def, when);
        self.guards.insert(def.key(), guard.clone());
        guard
    }

    fn checked_guard(&mut self, def: Def<'a>, when: &'a ast::Expr) -> Option<Guard> {
        if let Some((why, help)) = always_there(&def.item.kind) {
            self.report(
                Diagnostic::new(codes::WHEN_PLACE, format!("{} has no `when`", def.kind()))
                    .primary(when.span, "")
                    .note(why)
                    .help(help),
            );
            return None;
        }
        let name = def.name()?;
        let item = format!("{} `{}`", bare(def.kind()), name.text);
        let condition = self.check(when, &Scope::new(def.module), &Type::Bool, None);
        let because = Because::new(name.span, "whether an item exists is settled when the deployment is planned");
        if condition.is_error() || !self.stage(&condition, Stage::Plan, because) {
            return None;
        }
        if matches!(condition.kind, ExprKind::Value(Value::Bool(true))) {
            return None;
        }
        let text = self.files.slice(when.span).split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Guard { condition, text, item, span: name.span })
    }
}

fn bare(kind: &str) -> &str {
    kind.strip_prefix("a ").or_else(|| kind.strip_prefix("an ")).unwrap_or(kind)
}

/// Why an item cannot be left out, and what to write instead.
fn always_there(kind: &ItemKind) -> Option<(&'static str, &'static str)> {
    const SHAPE: (&str, &str) =
        ("nothing is deployed for it, where nothing uses it", "put the `when` on the items that use it");
    match kind {
        ItemKind::Param(_) => Some((
            "a deployment is asked for it in any case",
            "make it optional, `param NAME: TYPE? = none`, or give it a default",
        )),
        ItemKind::Project(_) | ItemKind::Env(_) | ItemKind::Use(_) => {
            Some(("it says what is deployed, and is no part of it", "leave the condition out"))
        }
        ItemKind::Task(item) if matches!(item.body, TaskBody::Steps { .. }) => Some((
            "its steps stand where it is called",
            "put the `when` on the step that calls it: `step NAME = TASK(…) when …`",
        )),
        ItemKind::Test(_) => Some(("a test is deployed nowhere", "leave the condition out")),
        ItemKind::Schema(_)
        | ItemKind::Type(_)
        | ItemKind::Transform(_)
        | ItemKind::Construct(_)
        | ItemKind::Retry(_)
        | ItemKind::Function(_) => Some(SHAPE),
        ItemKind::Secret(_)
        | ItemKind::Output(_)
        | ItemKind::Source(_)
        | ItemKind::Sink(_)
        | ItemKind::Resource(_)
        | ItemKind::Task(_)
        | ItemKind::Schedule(_)
        | ItemKind::Flow(_)
        | ItemKind::Stream(_)
        | ItemKind::Broken => None,
    }
}
