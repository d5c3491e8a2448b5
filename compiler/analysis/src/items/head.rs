//! The head of a flow: its input, its settings, what starts it.

use super::flow::FlowBuilder;
use super::streams::is_channel;
use crate::check::{Arg, Because, Checker, Local, Scope};
use crate::program::{
    ChannelId, EventTrigger, Expr, ExprKind, FlowParam, Guard, Log, Schedule, Service, Stage, Trigger, Type, VariableId, VariableKind,
};
use crate::resolve::Def;
use crate::suggest::listed;
use flow_diagnostics::{codes, Diagnostic};
use flow_syntax::ast::{self, FlowItem, ItemKind};

/// What starts a flow.
enum Starts {
    Schedule(Box<Schedule>),
    Events(ChannelId),
}

/// What a flow may say of itself.
const SETTINGS: &[&str] = &["timeout", "retry", "kind", "name", "role", "comment", "tags", "log"];

impl<'a> Checker<'a> {
    pub fn flow_params(&mut self, item: &'a FlowItem, flow: &mut FlowBuilder<'a>, scope: &mut Scope) -> Vec<FlowParam> {
        let mut params = Vec::new();
        for param in &item.params {
            let ty = self.parameter_type(param, scope.module, &[]);
            let because = Because::new(param.span, format!("`{}` is {}", param.name.text, self.a(&ty)));
            if !crate::check::fits(&ty, &Type::Json) {
                let shown = self.show(&ty);
                self.report(
                    Diagnostic::new(codes::BAD_TYPE, format!("a `{shown}` cannot be given to a flow"))
                        .primary(param.ty.as_ref().map_or(param.span, |ty| ty.span), "")
                        .note("a flow's input is JSON, which a person or a schedule writes"),
                );
            }
            let default = param.default.as_ref().map(|default| {
                let value = self.check(default, &Scope::new(scope.module), &ty, Some(because));
                let because = Because::new(param.span, "a default is put in when the execution starts");
                self.stage(&value, Stage::Run, because);
                value
            });
            let variable =
                flow.declare(&param.name.text, ty, VariableKind::Param, param.name.span, self.diagnostics);
            flow.assign(scope, &param.name.text, variable);
            let checks = self.input_checks(variable, flow);
            params.push(FlowParam { variable, default, doc: param.doc.clone(), checks });
        }
        params
    }

    /// The checks of a parameter's type, of its value.
    fn input_checks(&mut self, variable: VariableId, flow: &FlowBuilder<'a>) -> Vec<(Expr, String)> {
        let Some(declared) = flow.variables.get(variable.0 as usize) else { return Vec::new() };
        let mut ty = declared.ty.required().clone();
        let mut checks = Vec::new();
        while let Type::Nominal { name, base } = ty {
            let Some(def) = self.nominals.get(&name).copied() else { break };
            if let ast::ItemKind::Type(item) = &def.item.kind {
                for check in &item.checks {
                    let mut scope = Scope::new(def.module);
                    let value = Expr::new(ExprKind::Variable(variable), base.as_ref().clone(), Stage::Run, check.span);
                    scope.declare("value", Local::Value(value));
                    let condition = self.condition(&check.condition, &scope, "of `check`");
                    let text = self.files.slice(check.condition.span).split_whitespace().collect::<Vec<_>>().join(" ");
                    checks.push((condition, text));
                }
            }
            ty = base.as_ref().clone();
        }
        checks
    }

    pub fn flow_settings(&mut self, item: &'a FlowItem, flow: &mut FlowBuilder<'a>, module: usize) -> Option<u64> {
        let scope = Scope::new(module);
        let mut timeout = None;
        for (at, field) in item.settings.iter().enumerate() {
            if item.settings.iter().take(at).any(|other| other.name.text == field.name.text) {
                self.duplicate_field(field, &item.settings);
                continue;
            }
            match field.name.text.as_str() {
                "timeout" => {
                    let value = self.check(&field.value, &scope, &Type::Duration, None);
                    let because = Because::new(field.name.span, "a flow's timeout is part of the state machine's text");
                    if self.stage(&value, Stage::Const, because) {
                        timeout = self.seconds(&value);
                    }
                }
                "retry" if matches!(field.value.kind, ast::ExprKind::None) => {}
                "retry" => flow.retry = self.retry_of(field, &scope),
                "kind" => {
                    let kinds = Type::literals(vec!["standard".to_owned(), "express".to_owned()]);
                    let kind = self.check(&field.value, &scope, &kinds, None);
                    let because = Because::new(field.name.span, "the kind of a state machine never changes");
                    flow.express = self.stage(&kind, Stage::Const, because) && kind.text() == Some("express");
                }
                "name" | "role" | "comment" | "tags" => self.own_setting(field, flow, &scope),
                "log" => {
                    let words = Type::literals(Log::ALL.map(|(word, _)| word.to_owned()).to_vec());
                    let log = self.check(&field.value, &scope, &words, None);
                    let because = Because::new(field.name.span, "what is logged decides what is deployed");
                    if self.stage(&log, Stage::Const, because) {
                        let found = Log::ALL.iter().find(|(word, _)| log.text() == Some(word));
                        flow.own.log = found.map_or(Log::All, |(_, log)| *log);
                    }
                }
                _ => self.unknown_setting(field, "a flow", SETTINGS),
            }
        }
        timeout
    }

    /// What its state machine is called, runs as, is marked with.
    fn own_setting(&mut self, field: &'a ast::Field, flow: &mut FlowBuilder<'a>, scope: &Scope) {
        let (ty, why) = match field.name.text.as_str() {
            "name" => (Type::String, "the state machine's name"),
            "role" => (Type::Arn, "the role that the state machine runs as"),
            "comment" => (Type::String, "stands above the state machine"),
            _ => (Type::Map(Box::new(Type::String)), "marks the state machine"),
        };
        let value = self.check(&field.value, scope, &ty, None);
        if value.is_error() || !self.stage(&value, Stage::Apply, Because::new(field.name.span, why)) {
            return;
        }
        match field.name.text.as_str() {
            "name" => flow.own.name = Some(value),
            "role" => flow.own.role = Some(value),
            "comment" => flow.own.comment = Some(value),
            _ => flow.own.tags = Some(value),
        }
    }

    pub fn triggers(
        &mut self,
        item: &'a FlowItem,
        params: &[FlowParam],
        flow: &mut FlowBuilder<'a>,
        known: &Scope,
    ) -> (Vec<Trigger>, Vec<EventTrigger>) {
        let module = known.module;
        let (mut triggers, mut events) = (Vec::new(), Vec::new());
        for trigger in &item.triggers {
            // The parameters are in scope only to be refused by their stage, not as unknown names.
            let starts = self.starts(&trigger.event, known);
            let mut scope = Scope::new(module);
            let binding = trigger.binding.as_ref().map(|name| {
                let ty = match starts {
                    Some(Starts::Events(channel)) => self.event_detail(channel),
                    Some(Starts::Schedule(_)) => Type::record(vec![("time".to_owned(), Type::Timestamp)]),
                    None => Type::Error,
                };
                let id = flow.add(&name.text, ty, VariableKind::Trigger, name.span);
                flow.assign(&mut scope, &name.text, id);
                id
            });
            let mut values: Vec<(VariableId, Expr)> = Vec::new();
            let mut given: Vec<&str> = Vec::new();
            for field in &trigger.fields {
                let name = field.name.text.as_str();
                if given.contains(&name) {
                    self.duplicate_field(field, &trigger.fields);
                    continue;
                }
                given.push(name);
                let param = params.iter().find(|param| {
                    flow.variables.get(param.variable.0 as usize).is_some_and(|variable| variable.name == name)
                });
                let Some(variable) = param.and_then(|param| flow.variables.get(param.variable.0 as usize)) else {
                    let known: Vec<&str> = item.params.iter().map(|param| param.name.text.as_str()).collect();
                    let diagnostic = Diagnostic::new(
                        codes::UNKNOWN_ARGUMENT,
                        format!("`{}` has no parameter `{name}`", item.name.text),
                    )
                    .primary(field.name.span, "not found")
                    .secondary(item.name.span, "declared here");
                    let diagnostic =
                        Self::suggest(diagnostic, name, field.name.span, &known, "its parameters are");
                    self.report(diagnostic);
                    continue;
                };
                let (ty, declared) = (variable.ty.clone(), variable.span);
                let because = Because::new(declared, format!("`{name}` is {}", self.a(&ty)));
                let value = self.check(&field.value, &scope, &ty, Some(because));
                let because = Because::new(field.name.span, "computed when the trigger fires");
                self.stage(&value, Stage::Run, because);
                if let Some(param) = param {
                    values.push((param.variable, value));
                }
            }
            let missing: Vec<&str> = item
                .params
                .iter()
                .filter(|param| param.default.is_none() && !given.contains(&param.name.text.as_str()))
                .filter(|param| !param.ty.as_ref().is_some_and(|ty| matches!(ty.kind, ast::TypeKind::Optional(_))))
                .map(|param| param.name.text.as_str())
                .collect();
            if let Some(first) = missing.first() {
                self.report(
                    Diagnostic::new(
                        codes::TRIGGER_INPUT,
                        format!("the trigger does not set {}", listed(missing.iter().copied())),
                    )
                    .primary(trigger.event.span, "starts the flow without it")
                    .secondary(item.name.span, "the flow's parameters")
                    .help(format!("write `on … as tick {{ {first} = … }}`, or give `{first}` a default")),
                );
            }
            match starts {
                Some(Starts::Schedule(schedule)) => triggers.push(Trigger { schedule: *schedule, binding, values, span: trigger.span }),
                Some(Starts::Events(channel)) => {
                    events.push(EventTrigger { channel, index: 0, binding, values, span: trigger.span });
                },
                None => {}
            }
        }
        for (at, event) in events.iter_mut().enumerate() {
            event.index = triggers.len() + at;
        }
        (triggers, events)
    }

    /// What starts a flow; `None` after a report.
    fn starts(&mut self, event: &'a ast::Expr, known: &Scope) -> Option<Starts> {
        let found = match &event.kind {
            ast::ExprKind::Name(name) if known.local(&name.text).is_none() => self.names.value_named(known.module, &name.text),
            _ => None,
        };
        let (Some(def), Some(item)) = (found, found.and_then(|def| match &def.item.kind {
            ItemKind::Source(item) | ItemKind::Sink(item) => Some(item),
            _ => None,
        })) else {
            return self.trigger_schedule(event, known).map(|schedule| Starts::Schedule(Box::new(schedule)));
        };
        let name = item.name.text.as_str();
        let subject = if is_channel(item) {
            let id = self.channel(def)?;
            if self.program.channel(id)?.service == Service::EventBridge {
                return Some(Starts::Events(id));
            }
            name.to_owned()
        } else {
            format!("{name}.created")
        };
        self.report(
            Diagnostic::new(codes::FLOW_EVENT, format!("`{name}` starts no flow by itself"))
                .primary(event.span, "no schedule, and no bus")
                .secondary(item.name.span, "declared here")
                .note("a flow is started by a time, or by each event of a `Bus<T>`")
                .help(format!("start it from a stream: `stream NAME from {subject} {{ each record send {{ … }} to FLOW }}`")),
        );
        None
    }

    /// What an event is in the block of a trigger: its detail.
    fn event_detail(&self, channel: ChannelId) -> Type {
        let schema = self.program.channel(channel).and_then(|channel| self.program.schema(channel.schema));
        let fields = schema.map(|schema| schema.fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect());
        fields.map_or(Type::Error, Type::record)
    }

    /// Makes what starts a flow by events: a rule, and a role that may start it.
    pub fn started_by_events(&mut self, def: Def<'a>, item: &'a FlowItem, events: &[EventTrigger]) {
        for event in events {
            let Some(construct) = self.trigger("flow_of_eventbridge") else { return };
            let Some(channel) = self.program.channel(event.channel).cloned() else { continue };
            let span = item.name.span;
            let index = i64::try_from(event.index).unwrap_or(i64::MAX);
            let start = vec![
                ("flow".to_owned(), Expr::new(ExprKind::FlowArn(item.name.text.clone()), Type::Arn, Stage::Apply, span)),
                ("index".to_owned(), Expr::int(index, span)),
            ];
            let name = if events.len() == 1 { item.name.text.clone() } else { format!("{}_{}", item.name.text, channel.name) };
            let owner = self.owner(&name, def.item.doc.as_deref(), span);
            let scope = Scope { owner: Some(owner), ..Scope::new(def.module) };
            let args = vec![Arg::named("channel", channel.value), Arg::named("start", Expr::record(start, span))];
            let around = self.guard.clone();
            if let Some(guard) = channel.when {
                self.guard = Guard::within(around.clone(), guard.condition, guard.text, guard.item, guard.span);
            }
            self.construct(construct, args, &scope, span);
            self.guard = around;
        }
    }
}
