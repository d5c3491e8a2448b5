//! `alarms.tf`: one alarm for each flow whose execution fails or times out, whoever started it, which covers what no
//! handler of the flow can take; one for scheduled starts that never came about; and those of streams.

use super::existence::{attribute, condition};
use super::files::Draft;
use super::hcl::{BodyExt, block, object, string, var};
use super::names::{FlowNames, StreamNames};
use super::{Scope, Unlowered, schedules};
use crate::plan::streams::field;
use flow_analysis::limits::ALARM_NAME;
use flow_analysis::program::{Facts, Refused, Stream, Subject};
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;

pub(crate) fn alarms(scope: &Scope<'_>) -> Result<Draft, Unlowered> {
    let mut draft = Draft::new("alarms.tf", "");
    for (index, flow) in scope.program().flows.iter().enumerate() {
        let Some(names) = scope.names.flow(index) else { continue };
        let metric = |id: &str, name: &str| metric(id, name, names);
        let mut alarm = alarm(
            &names.alarm,
            scope.machine_thing(flow, "failed", &ALARM_NAME)?,
            &format!("An execution of flow {} failed or timed out", flow.name),
            var(&scope.names.variable("alarm_actions")),
        );
        scope.count(&mut alarm.body, condition(&flow.when))?;
        let body = &mut alarm.body;
        let mut sum = block("metric_query", &[]);
        sum.body.set("id", string("unsuccessful"));
        sum.body.set("label", string("Executions that failed or timed out"));
        sum.body.set("expression", string("FILL(failed, 0) + FILL(timed_out, 0)"));
        sum.body.set("return_data", true);
        body.add(sum);
        body.add(metric("failed", "ExecutionsFailed"));
        body.add(metric("timed_out", "ExecutionsTimedOut"));
        draft.body.add(alarm);
    }
    if schedules::any(scope) {
        let guard = scope.schedules_guard();
        let group = &scope.names.schedule_group;
        let group = attribute("aws_scheduler_schedule_group", group, guard.is_some(), ["name"]);
        let mut alarm = alarm(
            &scope.names.schedule_alarm,
            scope.names.physical("schedules-dropped", &ALARM_NAME),
            "A scheduled start was given up after its retries",
            var(&scope.names.variable("alarm_actions")),
        );
        scope.count(&mut alarm.body, guard.as_ref())?;
        alarm.body.set("namespace", string("AWS/Scheduler"));
        alarm.body.set("metric_name", string("InvocationDroppedCount"));
        alarm.body.set("statistic", string("Sum"));
        alarm.body.set("period", 300);
        alarm.body.set("dimensions", object([("ScheduleGroup", group)]));
        draft.body.add(alarm);
    }
    for (index, stream) in scope.program().streams.iter().enumerate() {
        if let Some(names) = scope.names.stream(index) {
            of_stream(scope, stream, names, &mut draft)?;
        }
    }
    Ok(draft)
}

/// For how long what lies in a stream may go unread before somebody is told.
const LATE_MS: u64 = 900_000;

/// That a stream's function fails, that it falls behind, and that something was given up.
fn of_stream(scope: &Scope<'_>, stream: &Stream, names: &StreamNames, draft: &mut Draft) -> Result<(), Unlowered> {
    let guard = condition(&stream.when);
    let metric = |label: &str, what: &str, description: &str, namespace: &str, metric: &str, statistic: &str| {
        let name = scope.names.physical(&format!("{}-{what}", stream.name), &ALARM_NAME);
        let mut alarm = alarm(label, name, description, var(&scope.names.variable("alarm_actions")));
        scope.count(&mut alarm.body, guard)?;
        alarm.body.set("namespace", string(namespace));
        alarm.body.set("metric_name", string(metric));
        alarm.body.set("statistic", string(statistic));
        alarm.body.set("period", 300);
        Ok(alarm)
    };
    let Some(function) = scope.names.function(stream.function) else { return Ok(()) };
    let function = || attribute("aws_lambda_function", &function.function, guard.is_some(), ["function_name"]);
    let description = format!("The function of stream {} failed", stream.name);
    let mut errors = metric(&names.errors, "errors", &description, "AWS/Lambda", "Errors", "Sum")?;
    errors.body.set("dimensions", object([("FunctionName", function())]));
    draft.body.add(errors);
    if stream.service.is_ordered() {
        let description = format!("Stream {} is fifteen minutes behind what comes", stream.name);
        let mut age = metric(&names.age, "age", &description, "AWS/Lambda", "IteratorAge", "Maximum")?;
        if let Some(mut threshold) = age.body.get_attribute_mut("threshold") {
            *threshold.value_mut() = LATE_MS.into();
        }
        age.body.set("dimensions", object([("FunctionName", function())]));
        draft.body.add(age);
    }
    let own = match stream.subject {
        Subject::Channel(id) => scope.program().channel(id).and_then(|channel| channel.field("dead")),
        Subject::Created(_) => None,
    };
    let refused = match &stream.refused {
        Refused::DeadLetter(dead) if dead.kind == "sqs" => Some(&dead.value),
        _ => None,
    };
    let queues = own.into_iter().chain(refused).filter_map(|queue| field(queue, "name"));
    for (at, queue) in queues.enumerate() {
        let (label, what) = match at {
            0 => (names.dead.clone(), "dead-letters".to_owned()),
            _ => (format!("{}_refused", names.dead), "dead-letters-refused".to_owned()),
        };
        let description = format!("Something that stream {} could not take lies in a queue", stream.name);
        let mut depth =
            metric(&label, &what, &description, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum")?;
        let name = scope.value_or(queue, &Facts::of(guard), string(""))?;
        depth.body.set("dimensions", object([("QueueName", name)]));
        draft.body.add(depth);
    }
    Ok(())
}

/// An alarm that one event in five minutes raises, and that falls silent by itself.
fn alarm(label: &str, name: Expression, description: &str, actions: Expression) -> Block {
    let mut alarm = block("resource", &["aws_cloudwatch_metric_alarm", label]);
    alarm.body.set("alarm_name", name);
    alarm.body.set("alarm_description", string(description));
    alarm.body.set("alarm_actions", actions);
    alarm.body.set("comparison_operator", string("GreaterThanOrEqualToThreshold"));
    alarm.body.set("threshold", 1);
    alarm.body.set("evaluation_periods", 1);
    alarm.body.set("treat_missing_data", string("notBreaching"));
    alarm
}

fn metric(id: &str, name: &str, names: &FlowNames) -> Block {
    let mut query = block("metric_query", &[]);
    query.body.set("id", string(id));
    let mut metric = block("metric", &[]);
    metric.body.set("namespace", string("AWS/States"));
    metric.body.set("metric_name", string(name));
    metric.body.set("stat", string("Sum"));
    metric.body.set("period", 300);
    let machine = attribute("aws_sfn_state_machine", &names.machine, names.counted, ["arn"]);
    metric.body.set("dimensions", object([("StateMachineArn", machine)]));
    query.body.add(metric);
    query
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::{layout, testing};
    use super::*;

    #[test]
    fn a_flow_has_one_alarm_over_failures_and_timeouts_and_its_schedules_one() {
        let mut program = testing::program();
        let text = layout::file("", &mut alarms(&Scope::new(&program)).unwrap().body);
        assert_eq!(text.matches("resource \"aws_cloudwatch_metric_alarm\"").count(), 2);
        for metric in ["ExecutionsFailed", "ExecutionsTimedOut"] {
            assert!(text.contains(&format!("metric_name = \"{metric}\"")), "{text}");
        }
        assert_eq!(text.matches("treat_missing_data  = \"notBreaching\"").count(), 2, "{text}");
        assert!(text.contains("InvocationDroppedCount"), "{text}");
        for flow in &mut program.flows {
            flow.triggers.clear();
        }
        let text = layout::file("", &mut alarms(&Scope::new(&program)).unwrap().body);
        assert!(!text.contains("Scheduler"), "{text}");
    }
}
