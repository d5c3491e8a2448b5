//! Steps: Task states, and the Choice before one that may be left out.

use super::assembler::Label;
use super::errors::{catchers, retriers};
use super::flow::{Lowering, comment, empty};
use super::jsonata::{Code, Scope, constant_json, lower};
use super::tree::{literal, tree};
use flow_analysis::program::{Expr, ExprKind, Step, Value, VariableId};
use flow_asl::model::Task;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

impl Lowering<'_> {
    pub(super) fn step(&mut self, step: &Step) {
        let past = self.whether(&step.name, step.when.as_ref(), Some(step.result));
        self.task(step);
        if let Some(past) = past {
            self.out.bind(past);
        }
    }

    /// The Choice before what a `when` leaves out; its result is `none` then. Gives the way past it.
    pub(super) fn whether(&mut self, name: &str, when: Option<&Expr>, result: Option<VariableId>) -> Option<Label> {
        let when = when?;
        let condition = lower(when, &mut self.scope()).delimited();
        let names = result.map(|result| [self.read_name(result), self.read_raw(result)]);
        let skipped: IndexMap<String, Json> =
            names.into_iter().flatten().flatten().map(|name| (name, Json::Null)).collect();
        let name = self.out.names.fresh(&format!("whether {name}"));
        Some(self.out.push_choice(name, when.span, condition, (!skipped.is_empty()).then_some(skipped)))
    }

    fn task(&mut self, step: &Step) {
        let (read, raw) = (self.read_name(step.result), self.read_raw(step.result));
        let mut scope = self.scope();
        let mut arguments = tree(&step.call.arguments, "arguments", &mut scope);
        let result = step.call.output.as_ref().map(|output| lower(output, &mut scope));
        let result = result.unwrap_or_else(|| Code::atom("$states.result"));
        let mut assign = IndexMap::new();
        if let Some(name) = read {
            let value = match &step.call.output {
                Some(output) => tree(output, "output", &mut scope),
                None => result.delimited().into(),
            };
            assign.insert(name, value);
        }
        if let Some(name) = raw {
            assign.insert(name, Code::atom("$states.result").delimited().into());
        }
        let timeout = seconds(&step.timeout, &mut scope);
        let heartbeat = step.heartbeat.as_ref().map(|heartbeat| seconds(heartbeat, &mut scope));
        if step.call.function.is_some() {
            add_origin(&mut arguments, &step.name);
        }
        let credentials =
            step.call.credentials.as_ref().map(|role| json!({ "RoleArn": tree(role, "credentials", &mut scope) }));
        let (catch, labels) = catchers(&step.name, &self.takers);
        let state = Task {
            credentials,
            comment: comment(step.doc.as_deref()),
            resource: step.call.resource.clone(),
            arguments: Some(arguments),
            timeout_seconds: Some(timeout),
            heartbeat_seconds: heartbeat,
            retry: retriers(&step.retry),
            catch,
            assign: (!assign.is_empty()).then_some(assign),
            output: Some(empty()),
            ..Task::default()
        };
        let index = self.out.push(step.name.clone(), step.span, state, labels);
        self.results.insert(index, (step.result, result));
    }
}

/// Whole seconds, as the States Language asks: rounded up.
pub(super) fn seconds(value: &Expr, scope: &mut Scope<'_>) -> Json {
    match &value.kind {
        ExprKind::Value(Value::Duration(microseconds)) => {
            let whole = microseconds / 1_000_000;
            (whole + i64::from(microseconds % 1_000_000 > 0)).into()
        }
        ExprKind::Value(other) => constant_json(other),
        _ => Code::atom(format!("$ceil({})", lower(value, scope).text)).delimited().into(),
    }
}

/// What a request of the generic binary says of where it comes from, for its logs.
fn add_origin(arguments: &mut Json, step: &str) {
    let Some(payload) = arguments.get_mut("Payload").and_then(Json::as_object_mut) else { return };
    payload.entry("execution").or_insert_with(|| "{% $states.context.Execution.Name %}".into());
    payload.entry("step").or_insert_with(|| literal(step.into()));
}
