//! Where things exist: `count` on what has a condition, and references to it.
//!
//! What exists everywhere has no `count`, and is named as it is. Of what has one there is none or one, named `[0]`: the
//! checker has seen that whoever names it exists nowhere else. Terraform evaluates some places in any case (locals,
//! outputs, policies); there the value stands behind the condition.

use super::hcl::{BodyExt, choose, index, member, path};
use super::{Scope, Unlowered};
use flow_analysis::program::{Expr, ExprKind, Facts, Flow, FunctionId, Guard, Resource, ResourceKind, Stream, Trigger, Value, both, either};
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;

impl Scope<'_> {
    /// Gives a resource or data source its `count`, if it does not exist everywhere.
    pub(crate) fn count(&self, body: &mut Body, guard: Option<&Expr>) -> Result<(), Unlowered> {
        let Some(guard) = guard else { return Ok(()) };
        body.set("count", choose(self.expression(guard)?, 1.into(), 0.into()));
        Ok(())
    }

    /// A value for a place that Terraform evaluates in any case: `otherwise` where something that it names is not there.
    pub(crate) fn value_or(&self, value: &Expr, facts: &Facts, otherwise: Expression) -> Result<Expression, Unlowered> {
        let needs = self.program().needs(value, facts);
        self.guarded(self.expression(value)?, needs.as_ref(), otherwise)
    }

    /// A value where a condition holds.
    pub(crate) fn guarded(
        &self,
        value: Expression,
        guard: Option<&Expr>,
        otherwise: Expression,
    ) -> Result<Expression, Unlowered> {
        Ok(match guard {
            // What exists nowhere is not in the files.
            Some(guard) if matches!(guard.kind, ExprKind::Value(Value::Bool(false))) => otherwise,
            Some(guard) => choose(self.expression(guard)?, value, otherwise),
            None => value,
        })
    }

    /// Where a function exists: where one of the flows does that use it.
    pub(crate) fn function_guard(&self, id: FunctionId) -> Option<Expr> {
        if let Some(stream) = self.stream_of(id) {
            return stream.and_then(|stream| condition(&stream.when).cloned());
        }
        let users = self.program().flows.iter().filter(|flow| flow.steps().iter().any(|step| step.call.function == Some(id)));
        any(users.map(|flow| condition(&flow.when).cloned()))
    }

    /// Whether a function is of a stream that exists nowhere.
    pub(crate) fn function_never(&self, id: FunctionId) -> bool {
        matches!(self.stream_of(id), Some(None))
    }

    /// The stream that a function is for, if it is for one; none of that name is left where it exists nowhere.
    #[expect(clippy::option_option, reason = "a function for steps, and one for a stream that is not there, differ")]
    fn stream_of(&self, id: FunctionId) -> Option<Option<&Stream>> {
        let name = self.program().function(id)?.stream.as_ref()?;
        Some(self.program().streams.iter().find(|stream| stream.name == *name))
    }

    /// Where the group of all schedules exists: where one of them does.
    pub(crate) fn schedules_guard(&self) -> Option<Expr> {
        any(self.program().flows.iter().flat_map(|flow| flow.triggers.iter().map(|trigger| trigger_guard(flow, trigger))))
    }
}

/// The condition of a guard.
pub(crate) fn condition(guard: &Option<Guard>) -> Option<&Expr> {
    guard.as_ref().map(|guard| &guard.condition)
}

/// Where a trigger's schedule exists: where its flow does, and the `schedule` item.
pub(crate) fn trigger_guard(flow: &Flow, trigger: &Trigger) -> Option<Expr> {
    match (condition(&flow.when), condition(&trigger.schedule.when)) {
        (Some(flow), Some(schedule)) if Facts::of(Some(flow)).implies(schedule) => Some(flow.clone()),
        (Some(flow), Some(schedule)) => Some(both(flow.clone(), schedule.clone())),
        (one, other) => one.or(other).cloned(),
    }
}

/// Where the role of a flow's schedules exists: where one of them does.
pub(crate) fn schedule_role_guard(flow: &Flow) -> Option<Expr> {
    any(flow.triggers.iter().map(|trigger| trigger_guard(flow, trigger)))
}

/// Where one of several things exists; everywhere if one of them does, or if there are none.
fn any(guards: impl Iterator<Item = Option<Expr>>) -> Option<Expr> {
    let mut found: Vec<Expr> = Vec::new();
    for guard in guards {
        let guard = guard?;
        if !found.contains(&guard) {
            found.push(guard);
        }
    }
    found.into_iter().reduce(either)
}

/// An attribute of a resource that exists everywhere, or, with `counted`, not.
pub(crate) fn attribute<'a>(ty: &str, label: &str, counted: bool, parts: impl IntoIterator<Item = &'a str>) -> Expression {
    let whole = path([ty, label]);
    member(if counted { index(whole, 0.into()) } else { whole }, parts)
}

/// A resource of the program, by its address.
pub(crate) fn address(resource: &Resource) -> Expression {
    let label = resource.name.as_str();
    match &resource.kind {
        ResourceKind::Aws { ty, .. } => path([ty, label]),
        ResourceKind::Role { .. } => path(["aws_iam_role", label]),
        ResourceKind::Existing { ty, .. } => path(["data", ty, label]),
        ResourceKind::Module { .. } => path(["module", label]),
    }
}
