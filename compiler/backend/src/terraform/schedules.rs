//! `schedules.tf`: EventBridge Scheduler starts a flow.

use super::existence::{attribute, schedule_role_guard, trigger_guard};
use super::files::Draft;
use super::hcl::{BodyExt, binary, block, call, choose, object, string, var};
use super::{Scope, Unlowered};
use crate::iam::Places;
use flow_analysis::limits::SCHEDULE_NAME;
use flow_analysis::program::{Expr, ExprKind, Flow, Schedule, Value};
use hcl_edit::expr::{BinaryOperator, Expression};

/// What Scheduler replaces by the time for which the run was planned.
const SCHEDULED_TIME: &str = "<aws.scheduler.scheduled-time>";

pub(crate) fn schedules(scope: &Scope<'_>, places: &Places<'_>) -> Result<Draft, Unlowered> {
    let mut draft = Draft::new("schedules.tf", "");
    let group_guard = scope.schedules_guard();
    if any(scope) {
        let mut group = block("resource", &["aws_scheduler_schedule_group", &scope.names.schedule_group]);
        scope.count(&mut group.body, group_guard.as_ref())?;
        group.body.set("name", scope.names.physical("schedules", &SCHEDULE_NAME));
        draft
            .body
            .add_with("All schedules of the project; the alarm on starts that never came about watches it.", group);
    }
    for (index, flow) in scope.program().flows.iter().enumerate() {
        let Some(names) = scope.names.flow(index) else { continue };
        for (number, (trigger, label)) in flow.triggers.iter().zip(&names.schedules).enumerate() {
            let thing = if flow.triggers.len() == 1 { flow.name.clone() } else { format!("{}-{number}", flow.name) };
            let mut schedule = block("resource", &["aws_scheduler_schedule", label]);
            let body = &mut schedule.body;
            scope.count(body, trigger_guard(flow, trigger).as_ref())?;
            body.set("name", scope.names.physical(&thing, &SCHEDULE_NAME));
            let group = &scope.names.schedule_group;
            body.set("group_name", attribute("aws_scheduler_schedule_group", group, group_guard.is_some(), ["name"]));
            let wanted = &trigger.schedule;
            body.set("description", string(&description(flow, wanted)));
            body.set("schedule_expression", scope.expression(&wanted.expression)?);
            body.set("schedule_expression_timezone", scope.expression(&wanted.timezone)?);
            for (name, value) in [("start_date", &wanted.start), ("end_date", &wanted.end)] {
                if let Some(value) = value {
                    body.set(name, scope.expression(value)?);
                }
            }
            body.set("state", state(scope, wanted)?);
            let mut window = block("flexible_time_window", &[]);
            match wanted.window.as_ref().and_then(seconds) {
                Some(length) => {
                    window.body.set("mode", string("FLEXIBLE"));
                    window.body.set("maximum_window_in_minutes", length / 60);
                }
                None => window.body.set("mode", string("OFF")),
            }
            body.add(window);
            let mut target = block("target", &[]);
            target.body.set("arn", attribute("aws_sfn_state_machine", &names.machine, names.counted, ["arn"]));
            target.body.set("role_arn", attribute("aws_iam_role", &names.schedule_role, schedule_role_guard(flow).is_some(), ["arn"]));
            target.body.set_with(
                "Scheduler puts the planned time in place of <…>; `jsonencode` writes those brackets as \\u003c and \\u003e.",
                "input",
                envelope(number),
            );
            let mut retry = block("retry_policy", &[]);
            retry.body.set("maximum_event_age_in_seconds", wanted.max_age.as_ref().and_then(seconds).unwrap_or(3600));
            retry.body.set("maximum_retry_attempts", wanted.retries.as_ref().and_then(whole).unwrap_or(5));
            target.body.add(retry);
            if let Some(queue) = &wanted.dead_letter {
                let mut given_up = block("dead_letter_config", &[]);
                given_up.body.set("arn", scope.expression(queue)?);
                target.body.add(given_up);
            }
            body.add(target);
            draft.body.add_with(&places.words(trigger.span), schedule);
        }
    }
    Ok(draft)
}

/// What it starts, and what the schedule's item says of itself; at most 512 characters, as Scheduler demands.
fn description(flow: &Flow, schedule: &Schedule) -> String {
    let doc = schedule.doc.as_deref().unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ");
    let text = format!("Starts flow {}", flow.name);
    let text = if doc.is_empty() { text } else { format!("{text}. {doc}") };
    if text.chars().count() <= 512 { text } else { text.chars().take(511).chain(['…']).collect() }
}

/// Enabled where the deployment says so, and the schedule.
fn state(scope: &Scope<'_>, schedule: &Schedule) -> Result<Expression, Unlowered> {
    let all = var(&scope.names.variable("schedules_enabled"));
    let enabled = match schedule.enabled.as_ref().map(|enabled| (&enabled.kind, enabled)) {
        None | Some((ExprKind::Value(Value::Bool(true)), _)) => all,
        Some((ExprKind::Value(Value::Bool(false)), _)) => return Ok(string("DISABLED")),
        Some((_, enabled)) => binary(all, BinaryOperator::And, scope.expression(enabled)?),
    };
    Ok(choose(enabled, string("ENABLED"), string("DISABLED")))
}

/// A constant duration.
fn seconds(expr: &Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::Value(Value::Duration(micros)) => u64::try_from(micros / 1_000_000).ok(),
        _ => None,
    }
}

/// A constant number.
fn whole(expr: &Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::Value(Value::Int(number)) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// Whether any flow has a schedule.
pub(crate) fn any(scope: &Scope<'_>) -> bool {
    scope.program().flows.iter().any(|flow| !flow.triggers.is_empty())
}

/// The input envelope of a schedule.
fn envelope(index: usize) -> Expression {
    let trigger = object([("kind", string("schedule")), ("index", index.into()), ("time", string(SCHEDULED_TIME))]);
    let json = call("jsonencode", [object([("trigger", trigger)])]);
    let less = call("replace", [json, string("\\u003c"), string("<")]);
    call("replace", [less, string("\\u003e"), string(">")])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::{layout, testing};
    use super::*;

    #[test]
    fn each_trigger_is_a_schedule_and_says_which_it_is() {
        let (mut program, files) = (testing::program(), testing::files());
        let flow = program.flows.first_mut().unwrap();
        let mut second = flow.triggers.first().unwrap().clone();
        second.schedule.expression = testing::text("cron(0 12 * * ? *)");
        second.schedule.timezone = testing::text("Europe/Berlin");
        flow.triggers.push(second);
        let mut draft = schedules(&Scope::new(&program), &Places::new(&files)).unwrap();
        let text = layout::file("", &mut draft.body);
        for line in [
            "resource \"aws_scheduler_schedule\" \"nightly_0\" {",
            "resource \"aws_scheduler_schedule\" \"nightly_1\" {",
            "name                         = \"dpc-${var.env}-nightly-1\"",
            "schedule_expression          = \"cron(0 12 * * ? *)\"",
            "schedule_expression_timezone = \"Europe/Berlin\"",
            "index = 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
