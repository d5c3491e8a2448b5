//! References to items that exist only where a condition holds (07): from nowhere else.

use crate::program::{
    ChannelId, Entry, Expr, Facts, Flow, FlowParam, Guard, Items, PolicyStatement, Program, ResourceKind, Schedule, Stage,
    Statement, Step, Stream, Subject, TableId, Target, Unsure,
};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// Who names something.
struct Holder<'p> {
    /// "flow `nightly`", "step `tell` of flow `nightly`".
    title: String,
    guard: Option<&'p Guard>,
    /// Its name's place.
    span: Span,
    /// How a condition is put on it.
    help: &'static str,
}

/// Every reference of a program.
pub(super) fn references(program: &Program, diagnostics: &mut Diagnostics) {
    let mut told = Told { program, diagnostics, at: Vec::new() };
    for resource in &program.resources {
        let guard = resource.when.as_ref();
        let holder = Holder {
            title: format!("`{}`", resource.name),
            guard,
            span: resource.span,
            help: "after the item that makes it",
        };
        let facts = Facts::of(guard.map(|guard| &guard.condition));
        Entry::each_expression(resource.body(), &mut |expr| told.expr(expr, &facts, &holder));
        resource.each.iter().for_each(|each| told.expr(&each.values, &facts, &holder));
        if let ResourceKind::Role { role_name, statements, .. } = &resource.kind {
            told.expr(role_name, &facts, &holder);
            told.statements(statements, &facts, &holder);
        }
    }
    for table in &program.tables {
        let guard = table.when.as_ref();
        let holder =
            Holder { title: format!("table `{}`", table.name), guard, span: table.span, help: "after the table" };
        let facts = Facts::of(guard.map(|guard| &guard.condition));
        for expr in [&table.bucket, &table.prefix] {
            told.expr(expr, &facts, &holder);
        }
        told.statements(&table.read, &facts, &holder);
        told.statements(&table.write, &facts, &holder);
    }
    for schedule in &program.schedules {
        told.schedule(schedule, &Facts::default());
    }
    for output in &program.outputs {
        let guard = output.when.as_ref();
        let holder =
            Holder { title: format!("output `{}`", output.name), guard, span: output.span, help: "after the output" };
        told.expr(&output.value, &Facts::of(guard.map(|guard| &guard.condition)), &holder);
    }
    for channel in &program.channels {
        let guard = channel.when.as_ref();
        let kind = channel.kind.noun();
        let holder = Holder { title: format!("{kind} `{}`", channel.name), guard, span: channel.span, help: "after the item" };
        told.expr(&channel.value, &Facts::of(guard.map(|guard| &guard.condition)), &holder);
    }
    for flow in &program.flows {
        told.flow(flow);
    }
    for stream in &program.streams {
        told.stream(stream);
    }
}

struct Told<'p, 'd> {
    program: &'p Program,
    diagnostics: &'d mut Diagnostics,
    /// Each place is told once for each guard.
    at: Vec<(Span, Span)>,
}

impl<'p> Told<'p, '_> {
    fn expr(&mut self, expr: &Expr, facts: &Facts, holder: &Holder<'_>) {
        for unsure in self.program.unsure(expr, facts) {
            self.report(&unsure, holder);
        }
    }

    fn statements(&mut self, statements: &[PolicyStatement], facts: &Facts, holder: &Holder<'_>) {
        for statement in statements {
            let values = statement.conditions.iter().flat_map(|condition| &condition.values);
            statement.resources.iter().chain(values).for_each(|expr| self.expr(expr, facts, holder));
        }
    }

    fn tables(&mut self, tables: &[TableId], facts: &Facts, holder: &Holder<'_>) {
        for id in tables {
            let guard = self.program.table(*id).and_then(|table| table.when.as_ref());
            if let Some(guard) = guard.filter(|guard| !facts.implies(&guard.condition)) {
                self.report(&Unsure { guard, span: holder.span }, holder);
            }
        }
    }

    fn schedule(&mut self, schedule: &Schedule, facts: &Facts) {
        let guard = schedule.when.as_ref();
        let title = schedule.name.as_ref().map_or("the trigger".to_owned(), |name| format!("schedule `{name}`"));
        let holder = Holder { title, guard, span: schedule.span, help: "after the schedule" };
        let facts = match guard {
            Some(guard) => facts.with(&guard.condition, true),
            None => facts.clone(),
        };
        let optional = [&schedule.start, &schedule.end, &schedule.enabled, &schedule.dead_letter];
        for expr in [&schedule.expression, &schedule.timezone].into_iter().chain(optional.into_iter().flatten()) {
            self.expr(expr, &facts, &holder);
        }
    }

    fn flow(&mut self, flow: &'p Flow) {
        let guard = flow.when.as_ref();
        let facts = Facts::of(guard.map(|guard| &guard.condition));
        let holder = Holder { title: format!("flow `{}`", flow.name), guard, span: flow.span, help: "after the flow" };
        for FlowParam { default, .. } in &flow.params {
            default.iter().for_each(|default| self.expr(default, &facts, &holder));
        }
        flow.own.expressions().for_each(|value| self.expr(value, &facts, &holder));
        for trigger in &flow.triggers {
            trigger.values.iter().for_each(|(_, value)| self.expr(value, &facts, &holder));
            if trigger.schedule.name.is_none() {
                self.schedule(&trigger.schedule, &facts);
            }
        }
        for event in &flow.events {
            event.values.iter().for_each(|(_, value)| self.expr(value, &facts, &holder));
        }
        self.block(&flow.body, &facts, &holder);
        if let Some(handler) = &flow.on_failure {
            self.block(&handler.body, &facts, &holder);
        }
    }

    /// What a stream listens to, sends to, writes and remembers in.
    fn stream(&mut self, stream: &'p Stream) {
        let guard = stream.when.as_ref();
        let facts = Facts::of(guard.map(|guard| &guard.condition));
        let holder =
            Holder { title: format!("stream `{}`", stream.name), guard, span: stream.span, help: "after the stream" };
        for expr in stream.expressions() {
            self.expr(expr, &facts, &holder);
        }
        let mut channels: Vec<ChannelId> = stream
            .sends()
            .filter_map(|send| match &send.to {
                Target::Channel(id) => Some(*id),
                Target::Flow(_) => None,
            })
            .collect();
        if let Subject::Channel(id) = stream.subject {
            channels.push(id);
        }
        for id in channels {
            let guard = self.program.channel(id).and_then(|channel| channel.when.as_ref());
            if let Some(guard) = guard.filter(|guard| !facts.implies(&guard.condition)) {
                self.report(&Unsure { guard, span: stream.span }, &holder);
            }
        }
        if let Some(function) = self.program.function(stream.function) {
            self.statements(&function.statements, &facts, &holder);
        }
        let mut tables = stream.reads();
        tables.extend(stream.writes().iter().map(|(place, _)| place.table));
        self.tables(&tables, &facts, &holder);
    }

    fn block(&mut self, statements: &'p [Statement], facts: &Facts, flow: &Holder<'p>) {
        for statement in statements {
            self.statement(statement, facts, flow);
        }
    }

    fn statement(&mut self, statement: &'p Statement, facts: &Facts, flow: &Holder<'p>) {
        match statement {
            Statement::Step(step) => self.step(step, facts, flow),
            Statement::If { condition, then, otherwise, .. } => {
                self.expr(condition, facts, flow);
                self.block(then, &toggled(facts, condition, true), flow);
                self.block(otherwise, &toggled(facts, condition, false), flow);
            }
            other => {
                let when = other.head().and_then(|head| head.when.as_ref());
                let facts = when.map_or_else(|| facts.clone(), |when| toggled(facts, when, true));
                for expr in other.expressions().into_iter().chain(other.outputs()) {
                    self.expr(expr, &facts, flow);
                }
                if let Statement::For(of) = other
                    && let Items::Reader(reader) = &of.items
                {
                    self.statements(&reader.statements, &facts, flow);
                }
                for block in other.blocks() {
                    self.block(block.statements, &facts, flow);
                }
            }
        }
    }

    fn step(&mut self, step: &'p Step, facts: &Facts, flow: &Holder<'p>) {
        let facts = step.when.as_ref().map_or_else(|| facts.clone(), |when| toggled(facts, when, true));
        let holder = Holder {
            title: format!("step `{}`", step.name),
            guard: flow.guard,
            span: step.name_span,
            help: "on the step, or after the flow",
        };
        let mut facts = facts;
        if let Some(guard) = &step.call.when
            && !facts.implies(&guard.condition)
        {
            self.report(&Unsure { guard, span: step.name_span }, &holder);
            // What the task names is its own affair.
            facts = facts.with(&guard.condition, true);
        }
        for expr in [&step.call.arguments, &step.timeout].into_iter().chain(&step.call.output).chain(&step.heartbeat) {
            self.expr(expr, &facts, &holder);
        }
        self.statements(&step.call.statements, &facts, &holder);
        self.tables(&step.call.reads, &facts, &holder);
        self.tables(&step.call.writes, &facts, &holder);
    }

    fn report(&mut self, unsure: &Unsure<'_>, holder: &Holder<'_>) {
        let guard = unsure.guard;
        // What the library wrote is told at the item that asks for it.
        let span = if unsure.span.file == holder.span.file { unsure.span } else { holder.span };
        // One step may name an item in its arguments, its policy and its tables: one mistake.
        if self.at.iter().any(|(at, of)| of.key() == guard.span.key() && (at.key() == holder.span.key())) {
            return;
        }
        self.at.push((holder.span, guard.span));
        let message = format!("{} names {}, which may not exist", holder.title, guard.item);
        let mut diagnostic = Diagnostic::new(codes::MAY_NOT_EXIST, message)
            .primary(span, format!("exists only where `{}` holds", guard.text))
            .secondary(guard.span, format!("`when {}`", guard.text));
        diagnostic = match holder.guard {
            Some(own) => diagnostic.note(format!("`when {}` does not make sure that `{}` holds", own.text, guard.text)),
            None => diagnostic,
        };
        let diagnostic = diagnostic.help(format!("write `when {}` {}", guard.text, holder.help));
        // A table, a call or a task is no value that another could stand for.
        let value = guard.item.starts_with("resource") || guard.item.starts_with("secret");
        self.diagnostics.push(if value {
            diagnostic.help(format!("or choose the value: `if {} {{ … }} else {{ … }}`", guard.text))
        } else {
            diagnostic
        });
    }
}

/// Conditions of the run stage say nothing about what is deployed.
fn toggled(facts: &Facts, condition: &Expr, value: bool) -> Facts {
    if condition.stage <= Stage::Plan { facts.with(condition, value) } else { facts.clone() }
}
