//! What hands a stream its events: a construct of `std.aws.triggers` for each kind of source, and for buckets one more for
//! all notifications of each, since these are one setting of it.

use super::Builder;
use crate::check::{Arg, Checker, Scope, snake};
use crate::library::TRIGGERS;
use crate::program::{Expr, ExprKind, Guard, Refused, Service, Stage, Start, Stream, Subject, TextPart, Type, Value};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use serde_json::Value as Json;

/// A notification that a stream asks a bucket for.
#[derive(Debug, Clone)]
pub(crate) struct Notified {
    stream: String,
    bucket: Expr,
    prefix: Expr,
    function: Expr,
    guard: Option<Guard>,
    /// The stream's name.
    span: Span,
}

impl<'a> Checker<'a> {
    /// A construct of `std.aws.triggers`.
    pub(crate) fn trigger(&self, name: &str) -> Option<Def<'a>> {
        let module = self.names.by_path(TRIGGERS)?;
        self.names.module(module)?.callables.get(name)?.first().copied()
    }

    /// Makes what hands the stream its events.
    pub(super) fn subscribe(&mut self, of: &Builder<'a>, stream: &Stream, doc: Option<&str>) {
        let span = stream.span;
        let Some(construct) = self.trigger(of.service.word()) else { return };
        let function = Expr::new(ExprKind::FunctionArn(of.function), Type::Arn, Stage::Apply, span);
        let subscription = subscription(stream, function.clone());
        let owner = self.owner(&stream.name, doc, span);
        let scope = Scope { owner: Some(owner), ..Scope::new(of.module) };
        let mut args = vec![Arg::named("stream", subscription)];
        match stream.subject {
            Subject::Channel(id) => {
                let Some(channel) = self.program.channel(id) else { return };
                args.push(Arg::named("channel", channel.value.clone()));
            }
            Subject::Created(id) => {
                let Some(table) = self.program.table(id) else { return };
                let (bucket, prefix) = (table.bucket.clone(), table.prefix.clone());
                args.push(Arg::named("bucket", bucket.clone()));
                let guard = self.guard.clone();
                self.notified.push(Notified { stream: stream.name.clone(), bucket, prefix, function, guard, span });
            }
        }
        self.construct(construct, args, &scope, span);
    }

    /// The notifications of all buckets, each bucket's at once.
    pub fn notifications(&mut self) {
        let mut asked = std::mem::take(&mut self.notified);
        while !asked.is_empty() {
            let first = asked.remove(0);
            let (same, others): (Vec<Notified>, Vec<Notified>) =
                asked.into_iter().partition(|other| other.bucket.kind == first.bucket.kind);
            asked = others;
            let all: Vec<&Notified> = std::iter::once(&first).chain(&same).collect();
            self.bucket_notifications(&first, &all);
        }
    }

    fn bucket_notifications(&mut self, first: &Notified, all: &[&Notified]) {
        let condition = |of: &Notified| of.guard.as_ref().map(|guard| guard.condition.clone());
        if let Some(other) = all.iter().find(|other| condition(other) != condition(first)) {
            let text = |of: &Notified| of.guard.as_ref().map_or("without a condition".to_owned(), |guard| format!("`when {}`", guard.text));
            self.report(
                Diagnostic::new(
                    codes::NOTIFICATIONS_WHEN,
                    format!("`{}` and `{}` listen to one bucket, under two conditions", first.stream, other.stream),
                )
                .primary(other.span, text(other))
                .secondary(first.span, text(first))
                .note("all notifications of a bucket are one setting of it, which is there or not")
                .help("give both streams the same condition"),
            );
            return;
        }
        let Some(construct) = self.trigger("notifications") else { return };
        let targets = all
            .iter()
            .map(|of| {
                Expr::record(
                    vec![
                        ("id".to_owned(), Expr::string(of.stream.clone(), of.span)),
                        ("function".to_owned(), of.function.clone()),
                        ("prefix".to_owned(), folder(&of.prefix)),
                    ],
                    of.span,
                )
            })
            .collect();
        let targets = Expr::list(targets, Type::Json, first.span);
        let owner = self.owner(&self.bucket_name(first), None, first.span);
        let scope = Scope { owner: Some(owner), ..Scope::new(0) };
        let args = vec![Arg::named("bucket", first.bucket.clone()), Arg::named("targets", targets)];
        let cause = std::mem::replace(&mut self.cause, first.span);
        let around = std::mem::replace(&mut self.guard, first.guard.clone());
        self.construct(construct, args, &scope, first.span);
        self.cause = cause;
        self.guard = around;
    }

    /// What a bucket is called in the names of what is made for it: it must not change when another stream listens.
    fn bucket_name(&self, of: &Notified) -> String {
        match &of.bucket.kind {
            ExprKind::Value(Value::String(name)) => snake(name),
            ExprKind::Param(name) => name.clone(),
            ExprKind::Attribute { resource, .. } => {
                self.program.resource(*resource).map_or_else(|| of.stream.clone(), |resource| resource.name.clone())
            }
            _ => of.stream.clone(),
        }
    }
}

/// A prefix as a notification has it, with a slash at its end.
fn folder(prefix: &Expr) -> Expr {
    match prefix.text() {
        Some(text) if text.trim_matches('/').is_empty() => Expr { ty: Type::String, ..Expr::string("", prefix.span) },
        Some(text) => Expr::string(format!("{}/", text.trim_matches('/')), prefix.span),
        None => {
            let parts = vec![TextPart::Expr(prefix.clone()), TextPart::Text("/".to_owned())];
            Expr::new(ExprKind::Text(parts), Type::String, prefix.stage, prefix.span)
        }
    }
}

/// The record that a construct of `std.aws.triggers` takes.
fn subscription(stream: &Stream, function: Expr) -> Expr {
    let span = stream.span;
    let mut entries = vec![("function".to_owned(), function)];
    let settings = &stream.settings;
    let mut put = |name: &str, value: Option<Expr>| {
        if let Some(value) = value {
            entries.push((name.to_owned(), value));
        }
    };
    let default = match stream.service {
        Service::Sqs => Some(10),
        Service::Kinesis | Service::DynamoDb => Some(100),
        _ => None,
    };
    put("batch", settings.batch.clone().or(default.map(|batch| Expr::int(batch, span))));
    put("window", settings.window.clone());
    let at_once: Vec<Expr> =
        settings.parallel.iter().filter(|_| stream.service == Service::Sqs).cloned().collect();
    put("at_once", Some(Expr::list(at_once, Type::Int, span)));
    put("parallel", settings.parallel.clone().filter(|_| stream.service != Service::Sqs));
    let word = |text: &str| Some(Expr::string(text, span));
    put("start", match &settings.start {
        None | Some(Start::Latest) => word("LATEST"),
        Some(Start::Earliest) => word("TRIM_HORIZON"),
        Some(Start::At(_)) => word("AT_TIMESTAMP"),
    });
    put("since", match &settings.start {
        Some(Start::At(at)) => Some(at.clone()),
        _ => None,
    });
    put("bisect", settings.bisect.clone().or_else(|| Some(Expr::bool(true, span))));
    // What Lambda does by itself, said so that it is seen.
    let retries = stream.retries.clone().or_else(|| (!stream.service.is_polled()).then(|| Expr::int(2, span)));
    put("retries", retries);
    put("max_age", settings.max_age.clone());
    let texts: Vec<Expr> = stream.patterns.iter().map(|pattern| Expr::string(pattern.to_string(), span)).collect();
    let filters = if texts.is_empty() { Vec::new() } else { vec![Expr::list(texts, Type::String, span)] };
    put("filters", Some(Expr::list(filters, Type::List(Box::new(Type::String)), span)));
    // A topic looks at the message, a rule at the event's detail.
    let pattern = match (stream.service, stream.patterns.first()) {
        (Service::Sns, Some(pattern)) => Some(pattern),
        (Service::EventBridge, Some(pattern)) => pattern.get("detail"),
        _ => None,
    };
    put("pattern", pattern.map(|pattern| literal(pattern, span)));
    let given_up: Vec<Expr> = match &stream.refused {
        Refused::DeadLetter(dead) => dead.value.entry("arn").cloned().into_iter().collect(),
        Refused::Return | Refused::Drop(_) => Vec::new(),
    };
    put("destinations", Some(Expr::list(given_up, Type::Arn, span)));
    Expr::record(entries, span)
}

/// JSON as an expression.
fn literal(json: &Json, span: Span) -> Expr {
    let value = |value: Value, ty: Type| Expr::value(value, ty, span);
    match json {
        Json::Null => Expr { ty: Type::Json, ..Expr::none(span) },
        Json::Bool(known) => Expr::bool(*known, span),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Expr::int(number, span),
            None => value(Value::Float(number.as_f64().unwrap_or_default()), Type::Float),
        },
        Json::String(text) => Expr::string(text.clone(), span),
        Json::Array(items) => Expr::list(items.iter().map(|item| literal(item, span)).collect(), Type::Json, span),
        Json::Object(fields) => {
            Expr::record(fields.iter().map(|(name, field)| (name.clone(), literal(field, span))).collect(), span)
        }
    }
}
