//! Settings of a stream: `batch`, `window`, `parallel`, `start` …, as far as its source has them.

use super::Builder;
use crate::check::{Because, Checker, Scope};
use crate::items::function::Size;
use crate::program::{Expr, Service, Stage, Start, StreamSettings, Type, Value};
use flow_diagnostics::{codes, Diagnostic};
use flow_syntax::ast::{self, Field, StreamItem};

/// The settings of a source, in the order in which messages list them.
fn known(service: Service) -> &'static [&'static str] {
    match service {
        Service::Sqs => &["batch", "window", "parallel", "filter", "using", "on_error"],
        Service::Kinesis | Service::DynamoDb => {
            &["batch", "window", "parallel", "start", "filter", "bisect", "max_age", "using", "on_error"]
        }
        Service::Sns | Service::EventBridge => &["filter", "max_age", "using", "on_error"],
        Service::S3 => &["max_age", "using", "on_error"],
    }
}

/// Settings of any source.
const ALL: &[&str] = &["batch", "window", "parallel", "start", "filter", "bisect", "max_age", "using", "on_error"];

impl<'a> Checker<'a> {
    /// Memory, timeout and storage of the stream's function.
    pub(super) fn stream_compute(&mut self, item: &'a StreamItem, module: usize) -> Option<Size> {
        match item.settings.iter().find(|field| field.name.text == "using") {
            Some(field) => self.compute(Some(field), &Scope::new(module)),
            None => Some(Size { memory_mb: 1024, timeout_s: 60, storage_mb: 512, network: None }),
        }
    }

    /// All settings but `using`, with the patterns of `filter`.
    pub(super) fn stream_settings(&mut self, of: &Builder<'a>) -> (StreamSettings, Vec<serde_json::Value>) {
        let mut settings = StreamSettings::default();
        let mut patterns = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for field in &of.item.settings {
            let name = field.name.text.as_str();
            if seen.contains(&name) {
                self.duplicate_field(field, &of.item.settings);
                continue;
            }
            seen.push(name);
            if !known(of.service).contains(&name) {
                self.unknown_stream_setting(of, field);
                continue;
            }
            match name {
                "batch" => settings.batch = self.setting(field, of, &Type::Int),
                "window" => settings.window = self.setting(field, of, &Type::Duration),
                "parallel" => settings.parallel = self.setting(field, of, &Type::Int),
                "bisect" => settings.bisect = self.setting(field, of, &Type::Bool),
                "max_age" => settings.max_age = self.setting(field, of, &Type::Duration),
                "start" => settings.start = self.start(field, of),
                "filter" => patterns = self.filter(field, of),
                _ => {}
            }
        }
        (settings, patterns)
    }

    fn setting(&mut self, field: &'a Field, of: &Builder<'a>, ty: &Type) -> Option<Expr> {
        let value = self.check(&field.value, &Scope::new(of.module), ty, None);
        let because = Because::new(field.name.span, "settled when the stream is deployed");
        if !self.stage(&value, Stage::Plan, because) || value.is_error() {
            return None;
        }
        if matches!(value.constant(), Some(Value::Duration(_))) {
            self.seconds(&value);
        }
        Some(value)
    }

    /// `latest`, `earliest`, `t"…"`.
    fn start(&mut self, field: &'a Field, of: &Builder<'a>) -> Option<Start> {
        if matches!(field.value.kind, ast::ExprKind::Timestamp(_)) {
            if of.service == Service::DynamoDb {
                self.report(
                    Diagnostic::new(codes::STREAM_SETTING, "the changes of a table are read from `latest` or `earliest`")
                        .primary(field.value.span, "an instant")
                        .note("a stream of DynamoDB has no position of a time; one of Kinesis has")
                        .help("write `start = earliest`, and leave out what is older in a transform"),
                );
                return None;
            }
            let at = self.expr(&field.value, &Scope::new(of.module), None);
            return (!at.is_error()).then_some(Start::At(at));
        }
        let words = Type::literals(vec!["latest".to_owned(), "earliest".to_owned()]);
        let value = self.check(&field.value, &Scope::new(of.module), &words, None);
        let because = Because::new(field.name.span, "where a stream is read from is written out");
        if !self.stage(&value, Stage::Const, because) {
            return None;
        }
        match value.text()? {
            "latest" => Some(Start::Latest),
            _ => Some(Start::Earliest),
        }
    }

    fn unknown_stream_setting(&mut self, of: &Builder<'a>, field: &'a Field) {
        let name = field.name.text.as_str();
        let names = known(of.service);
        let title = of.service.title();
        let diagnostic = Diagnostic::new(codes::STREAM_SETTING, format!("a stream of {title} has no `{name}`"))
            .primary(field.name.span, if ALL.contains(&name) { "of other sources" } else { "not found" })
            .secondary(of.item.source.span, format!("what comes is of {title}"));
        let diagnostic = match (name, of.service) {
            ("batch" | "window" | "parallel", Service::S3 | Service::Sns | Service::EventBridge) => diagnostic
                .note(format!("{title} hands over one event at a time, and Lambda runs as many at once as come"))
                .help("send what comes to a queue, and let another stream take it from there in batches"),
            ("start", _) => diagnostic
                .note("there is nothing to go back to: what comes is handed over once")
                .help("leave it out"),
            ("bisect", _) => diagnostic
                .note("only a batch of records in an order is halved; elsewhere each record fails for itself")
                .help("leave it out"),
            ("filter", Service::S3) => diagnostic
                .note("what is in an object is known after it was read")
                .help("write `where …` in the `each`, or in the transform"),
            ("max_age", Service::Sqs) => diagnostic
                .note("for how long a message is kept is the queue's affair")
                .help("write it there: `sqs.queue { retention = 4d }`"),
            ("retry", _) => diagnostic.help("write `on_error = retry 3 then dead_letter(QUEUE)`"),
            ("timeout" | "memory", _) => diagnostic.help(format!("write `using = lambda({name} = …)`")),
            ("tumbling", _) => diagnostic
                .note("a batch is all that a function knows of: windows over time are made of what is appended")
                .help("append the records to a table, and sum them up in a flow"),
            _ => Self::suggest(diagnostic, name, field.name.span, names, "there are"),
        };
        self.report(diagnostic);
    }
}
