//! Schedules: `schedule NAME = cron("…")`, and what a trigger says itself.

use crate::check::{Because, Checker, Scope};
use crate::program::{Expr, Schedule, Stage, Type, Value};
use crate::resolve::Def;
use flow_diagnostics::Span;
use flow_syntax::ast::{self, ItemKind};

impl<'a> Checker<'a> {
    /// A `schedule` item, with its value; `None` after a report.
    pub fn schedule(&mut self, def: Def<'a>) -> Option<(Schedule, Expr)> {
        if let Some(known) = self.schedules.get(&def.key()) {
            return known.clone();
        }
        let ItemKind::Schedule(item) = &def.item.kind else { return None };
        if !self.open.insert(def.key()) {
            self.report_circle(def);
            return None;
        }
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let when = self.guard_of(def);
        let around = std::mem::replace(&mut self.guard, when.clone());
        let ty = self.prelude_type("Schedule");
        let value = self.check(&item.value, &Scope::new(def.module), &ty, None);
        let made = self.schedule_of(&value, item.name.span).map(|schedule| {
            let schedule = Schedule { name: Some(item.name.text.clone()), doc: def.item.doc.clone(), when, ..schedule };
            (schedule, value)
        });
        self.cause = cause;
        self.guard = around;
        self.open.remove(&def.key());
        self.schedules.insert(def.key(), made.clone());
        made
    }

    /// What starts a flow: a schedule by its name, or one that the trigger says.
    pub fn trigger_schedule(&mut self, event: &'a ast::Expr, known: &Scope) -> Option<Schedule> {
        if let ast::ExprKind::Name(name) = &event.kind
            && known.local(&name.text).is_none()
            && let Some(def) = self.names.value_named(known.module, &name.text)
            && matches!(def.item.kind, ItemKind::Schedule(_))
        {
            return self.schedule(def).map(|(schedule, _)| schedule);
        }
        let ty = self.prelude_type("Schedule");
        let value = self.check(event, known, &ty, None);
        self.schedule_of(&value, event.span)
    }

    fn schedule_of(&mut self, value: &Expr, span: Span) -> Option<Schedule> {
        if value.is_error() {
            return None;
        }
        let mut good = true;
        let mut part = |checker: &mut Self, name: &str, latest: Stage, why: &str| {
            let part = value.entry(name)?.clone();
            good &= checker.stage(&part, latest, Because::new(span, why)) && !part.is_error();
            (!matches!(part.constant(), Some(Value::None))).then_some(part)
        };
        const MADE: &str = "a schedule is made when the program is deployed";
        const FIXED: &str = "a fixed part of the schedule";
        let expression = part(self, "expression", Stage::Plan, MADE);
        let timezone = part(self, "timezone", Stage::Plan, MADE);
        let [start, end, enabled] = ["start", "end", "enabled"].map(|name| part(self, name, Stage::Plan, MADE));
        let [window, retries, max_age] = ["window", "retries", "max_age"].map(|name| part(self, name, Stage::Const, FIXED));
        let dead_letter = part(self, "dead_letter", Stage::Apply, MADE).map(|queue| Expr { ty: Type::Arn, ..queue });
        if !good {
            return None;
        }
        let made = Schedule::new(expression?, timezone?, span);
        Some(Schedule { window, start, end, enabled, retries, max_age, dead_letter, ..made })
    }
}
