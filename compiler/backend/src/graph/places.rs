//! What the boxes of a flow say, and in which frame each stands.
//!
//! The statements are gone through in the order in which [`flow_analysis::graph::FlowGraph`] makes its nodes, so that
//! the n-th place is of the n-th node; start, joins, tables and the end of the text have none.

use super::Drawing;
use flow_analysis::program::{
    Program,
    Expr, ExprKind, Fail, Flow, ForEach, Head, Inner, Items, Match, Parallel, Poll, RetryRule, Statement, Step, Value,
};
use flow_diagnostics::{FileSet, Span};
use std::collections::{BTreeMap, VecDeque};

/// The longest piece of a program that a box shows, in characters.
const LONGEST: usize = 60;

/// What a box says, and where it stands.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Lines of its text.
    pub(super) text: Vec<String>,
    /// The frame around it.
    pub(super) frame: Option<usize>,
    /// What of the program it shows.
    pub(super) span: Option<Span>,
    /// The name of the step, `parallel` or `for`; empty for what has none.
    pub(super) name: String,
}

pub(super) struct Places {
    places: VecDeque<Place>,
    /// The frame around each `parallel` and `for`, and its place, by its name.
    heads: BTreeMap<String, (Option<usize>, Span)>,
}

impl Places {
    /// Goes through a flow, adding the frames that it needs to the drawing.
    pub(super) fn of(drawing: &mut Drawing, files: &FileSet, flow: &Flow, frame: Option<usize>) -> Places {
        let places = Places { places: VecDeque::new(), heads: BTreeMap::new() };
        let mut walk = Walk { places, drawing, files, flow, inner: 0 };
        walk.block(&flow.body, frame);
        if let Some(handler) = &flow.on_failure {
            let around = walk.drawing.frame("on failure".to_owned(), frame);
            walk.block(&handler.body, Some(around));
        }
        walk.places
    }

    /// The place of the next node.
    pub(super) fn next(&mut self) -> Option<Place> {
        self.places.pop_front()
    }

    /// The frame around a `parallel` or `for`, and its place, if there is one of this name.
    pub(super) fn around(&self, name: &str) -> Option<(Option<usize>, Span)> {
        self.heads.get(name).copied()
    }
}

struct Walk<'a> {
    places: Places,
    drawing: &'a mut Drawing,
    files: &'a FileSet,
    flow: &'a Flow,
    /// How many branches and iterations are around: in one, a `return` is no end of the flow.
    inner: usize,
}

impl Walk<'_> {
    fn add(&mut self, text: Vec<String>, frame: Option<usize>, span: Span) {
        self.named(text, frame, span, "");
    }

    fn named(&mut self, text: Vec<String>, frame: Option<usize>, span: Span, name: &str) {
        self.places.places.push_back(Place { text, frame, span: Some(span), name: name.to_owned() });
    }

    /// The choice before a step with `when`.
    fn guard(&mut self, when: Option<&Expr>, frame: Option<usize>) {
        if let Some(when) = when {
            self.add(vec![format!("when {}", self.say(when))], frame, when.span);
        }
    }

    fn block(&mut self, statements: &[Statement], frame: Option<usize>) {
        for statement in statements {
            self.statement(statement, frame);
        }
    }

    fn statement(&mut self, statement: &Statement, frame: Option<usize>) {
        match statement {
            Statement::Step(step) => {
                self.guard(step.when.as_ref(), frame);
                self.named(self.step(step), frame, step.span, &step.name);
            }
            Statement::Let { .. } | Statement::Continue { .. } => {}
            Statement::If { condition, then, otherwise, .. } => {
                self.add(vec![format!("if {}", self.say(condition))], frame, condition.span);
                self.block(then, frame);
                self.block(otherwise, frame);
            }
            Statement::Match(of) => self.choice(of, frame),
            Statement::Parallel(of) => self.parallel(of, frame),
            Statement::For(of) => self.each(of, frame),
            Statement::Poll(of) => self.poll(of, frame),
            Statement::Try { body, catches, .. } => {
                self.block(body, frame);
                for caught in catches {
                    self.block(&caught.handler.body, frame);
                }
            }
            Statement::Fail(Fail::New { name, span, .. }) => self.add(vec![format!("fail {name}")], frame, *span),
            Statement::Fail(Fail::Again { span, .. }) => {
                self.add(vec!["fail with what was caught".to_owned()], frame, *span);
            }
            Statement::Return { .. } if self.inner > 0 => {}
            Statement::Return { value, span } => {
                let text = value.as_ref().map_or("return".to_owned(), |value| format!("return {}", source(self.files, value.span)));
                self.add(vec![text], frame, *span);
            }
            Statement::Wait { value, until, span } => {
                let until = if *until { "until " } else { "" };
                self.add(vec![format!("wait {until}{}", self.say(value))], frame, *span);
            }
        }
    }

    fn step(&self, step: &Step) -> Vec<String> {
        let mut text = vec![step.name.clone()];
        text.push(match &step.call.flow {
            Some(flow) => format!("flow {flow}"),
            None => step.call.task.clone(),
        });
        text.push(format!("timeout {}", self.say(&step.timeout)));
        text.extend(step.heartbeat.iter().map(|heartbeat| format!("heartbeat {}", self.say(heartbeat))));
        text.extend(retries(&step.retry));
        text
    }

    fn choice(&mut self, of: &Match, frame: Option<usize>) {
        self.add(vec![format!("match {}", self.say(&of.value))], frame, of.span);
        for arm in &of.arms {
            self.block(&arm.body, frame);
        }
        self.block(of.otherwise.as_deref().unwrap_or_default(), frame);
    }

    fn parallel(&mut self, of: &Parallel, frame: Option<usize>) {
        self.head(&of.head, if of.task { "task of steps" } else { "parallel" }.to_owned(), frame);
        for branch in &of.branches {
            let title = if of.task { format!("inside {}", of.head.name) } else { format!("branch {}", branch.name) };
            self.inner(title, &branch.inner, frame);
        }
    }

    fn each(&mut self, of: &ForEach, frame: Option<usize>) {
        let item = self.flow.variable(of.item).map_or("item", |variable| variable.name.as_str());
        let items = match &of.items {
            Items::List(list) => self.say(list),
            Items::Reader(reader) => {
                let resource = reader.resource.rsplit(':').next().unwrap_or_default();
                format!("what {resource} reads")
            }
        };
        let max = of.max.as_ref().map(|max| format!(", {} at once", self.say(max))).unwrap_or_default();
        let title = format!("for {item} in {items}");
        self.head(&of.head, format!("{title}{max}"), frame);
        self.inner(title, &of.inner, frame);
    }

    /// The box of a `parallel` or a `for`.
    fn head(&mut self, head: &Head, what: String, frame: Option<usize>) {
        self.guard(head.when.as_ref(), frame);
        let mut text = vec![head.name.clone(), what];
        text.extend(retries(&head.retry));
        self.places.heads.insert(head.name.clone(), (frame, head.span));
        self.named(text, frame, head.span, &head.name);
    }

    fn inner(&mut self, title: String, inner: &Inner, frame: Option<usize>) {
        let around = self.drawing.frame(title, frame);
        self.inner += 1;
        self.block(&inner.body, Some(around));
        self.inner -= 1;
    }

    fn poll(&mut self, of: &Poll, frame: Option<usize>) {
        let (interval, max) = (self.say(of.interval.most()), self.say(of.max.most()));
        let order = if of.waits_first { "after" } else { "every" };
        let text = vec![format!("poll {order} {interval}, at most {max} times"), format!("until {}", self.say(&of.until))];
        self.add(text, frame, of.span);
        let around = self.drawing.frame("poll".to_owned(), frame);
        self.block(&of.body, Some(around));
        self.block(of.otherwise.as_deref().unwrap_or_default(), frame);
    }

    fn say(&self, expr: &Expr) -> String {
        say(self.files, expr)
    }
}

/// The lines of the box where a flow starts: its schedules too.
pub(super) fn start(program: &Program, files: &FileSet, flow: &Flow) -> Vec<String> {
    let schedules = flow.triggers.iter().map(|trigger| {
        let schedule = &trigger.schedule;
        let times = format!("{} {}", say(files, &schedule.expression), say(files, &schedule.timezone));
        let when = schedule.when.as_ref().map(|guard| format!(" when {}", short(&guard.text))).unwrap_or_default();
        match &schedule.name {
            Some(name) => format!("on {name}: {times}{when}"),
            None => format!("on {times}"),
        }
    });
    let events = flow.events.iter().filter_map(|event| {
        let channel = program.channel(event.channel)?;
        let when = channel.when.as_ref().map(|guard| format!(" when {}", short(&guard.text))).unwrap_or_default();
        Some(format!("on {}{when}", channel.name))
    });
    let when = flow.when.iter().map(|guard| format!("when {}", short(&guard.text)));
    std::iter::once(format!("start {}", flow.name)).chain(when).chain(schedules).chain(events).collect()
}

/// A constant by its value, anything else as it was written.
fn say(files: &FileSet, expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Value(Value::Duration(micros)) => duration(*micros),
        ExprKind::Value(Value::Int(number)) => number.to_string(),
        ExprKind::Value(Value::String(text)) => short(text),
        _ => source(files, expr.span),
    }
}

/// A piece of a program, on one line.
pub(super) fn source(files: &FileSet, span: Span) -> String {
    short(files.slice(span))
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// Rules of a retry, a line each: `retry 3× States.TaskFailed, …`.
fn retries(rules: &[RetryRule]) -> impl Iterator<Item = String> + '_ {
    rules.iter().filter(|rule| rule.attempts > 0).map(|rule| match rule.errors.as_slice() {
        [] => format!("retry {}×", rule.attempts),
        [all] if all == "States.ALL" => format!("retry {}×", rule.attempts),
        [one] => format!("retry {}× {one}", rule.attempts),
        [first, rest @ ..] => format!("retry {}× {first} and {} more", rule.attempts, rest.len()),
    })
}

/// `1h 30m`, in the units of the language.
fn duration(micros: i64) -> String {
    let units = [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];
    let mut rest = micros.unsigned_abs();
    let mut parts = Vec::new();
    for (unit, size) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!("{count}{unit}"));
        }
    }
    let sign = if micros < 0 { "-" } else { "" };
    if parts.is_empty() { "0s".to_owned() } else { format!("{sign}{}", parts.join(" ")) }
}
