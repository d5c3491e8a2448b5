//! Queues, streams, topics and buses: `source NAME: Queue<T> = sqs.queue { … }`.

use crate::check::{Because, Checker, Scope};
use crate::program::{Channel, ChannelId, ChannelKind, Decode, Expr, ExprKind, SchemaId, Service, Stage, TableRole, Type};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{ItemKind, TableItem, TypeKind};

/// Whether a `source` or `sink` is written as a channel: `Queue<…>`.
pub(crate) fn is_channel(item: &TableItem) -> bool {
    match &item.ty.kind {
        TypeKind::Named { path, arguments, .. } => match path.segments.as_slice() {
            [name] => arguments.len() == 1 && ChannelKind::ALL.iter().any(|(known, _)| *known == name.text),
            _ => false,
        },
        _ => false,
    }
}

impl<'a> Checker<'a> {
    /// The channel that an item declares; `None` after a report.
    pub fn channel(&mut self, def: Def<'a>) -> Option<ChannelId> {
        if let Some(known) = self.channels.get(&def.key()) {
            return *known;
        }
        let (item, role) = match &def.item.kind {
            ItemKind::Source(item) => (item, TableRole::Source),
            ItemKind::Sink(item) => (item, TableRole::Sink),
            _ => return None,
        };
        if !self.open.insert(def.key()) {
            self.report_circle(def);
            self.channels.insert(def.key(), None);
            return None;
        }
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let when = self.guard_of(def);
        let around = std::mem::replace(&mut self.guard, when.clone());
        let channel = self.checked_channel(def, item, role).map(|channel| Channel { when, ..channel });
        self.guard = around;
        self.cause = cause;
        self.open.remove(&def.key());
        let id = channel.map(|channel| {
            let id = ChannelId(u32::try_from(self.program.channels.len()).unwrap_or(u32::MAX));
            self.program.channels.push(channel);
            id
        });
        self.channels.insert(def.key(), id);
        id
    }

    fn checked_channel(&mut self, def: Def<'a>, item: &'a TableItem, role: TableRole) -> Option<Channel> {
        if let Some(each) = &item.each {
            self.report(
                Diagnostic::new(codes::BAD_TYPE, "`for` makes tables, one for each case of a union")
                    .primary(each.variable.span, "")
                    .help("a queue holds all cases: leave `for …` out, and name the union in the type"),
            );
            return None;
        }
        let Type::Channel(kind, schema) = self.ty(&item.ty, def.module, &[]) else { return None };
        let want = self.prelude_type("Channel");
        let owner = self.owner(&item.name.text, def.item.doc.as_deref(), item.name.span);
        let scope = Scope { owner: Some(owner), ..Scope::new(def.module) };
        let value = match item.existing {
            Some(_) => self.existing_value(&item.value, &scope, &Type::Json),
            None => self.expr(&item.value, &scope, None),
        };
        if value.is_error() {
            return None;
        }
        let service = match &value.kind {
            ExprKind::Record(_) => value.entry("kind").and_then(Expr::text),
            _ => None,
        };
        let known = Service::CHANNELS.iter().find(|(word, ..)| Some(*word) == service);
        let Some((_, service, of)) = known else {
            let shown = self.a(&value.ty);
            self.report(
                Diagnostic::new(codes::CHANNEL_KIND, format!("a `{}` is made by a construct of one, this is {shown}", kind.name()))
                    .primary(item.value.span, "")
                    .secondary(item.ty.span, "declared so")
                    .help(format!("write `{}`", example(kind))),
            );
            return None;
        };
        self.fit(value.clone(), &want, item.value.span, None);
        if *of != kind {
            self.report(
                Diagnostic::new(
                    codes::CHANNEL_KIND,
                    format!("this is a {} of {}, and `{}` is declared as a `{}`", of.noun(), service.title(), item.name.text, kind.name()),
                )
                .primary(item.value.span, format!("a `{}<…>`", of.name()))
                .secondary(item.ty.span, "declared so")
                .help(format!("write `{}: {}<…>`", item.name.text, of.name()))
                .help(format!("or make one: `{}`", example(kind))),
            );
            return None;
        }
        let decode = self.decode(&value, item.name.span)?;
        self.change_fits(item, schema, decode)?;
        if role == TableRole::Sink && *service == Service::DynamoDb {
            self.report(
                Diagnostic::new(codes::CHANNEL_KIND, format!("`{}` holds the changes of a table, to which nothing is sent", item.name.text))
                    .primary(item.name.span, "declared as a sink")
                    .note("DynamoDB writes it: a change is there because a row of the table has changed")
                    .help(format!("write `source {}: …`", item.name.text)),
            );
            return None;
        }
        let read = value.entry("read").map(|list| self.statements(list)).unwrap_or_default();
        let send = value.entry("send").map(|list| self.statements(list)).unwrap_or_default();
        Some(Channel {
            name: item.name.text.clone(),
            doc: def.item.doc.clone(),
            role,
            kind,
            service: *service,
            schema,
            decode,
            value,
            existing: item.existing.is_some(),
            read,
            send,
            mentioned: false,
            when: None,
            span: item.name.span,
        })
    }

    fn decode(&mut self, value: &Expr, place: Span) -> Option<Decode> {
        let Some(decode) = value.entry("decode").filter(|decode| decode.known_none() != Some(true)) else {
            return Some(Decode::Json);
        };
        if !self.stage(decode, Stage::Const, Because::new(place, "how a record becomes a row is part of the plan")) {
            return None;
        }
        match decode.entry("name").and_then(Expr::text) {
            Some("dynamodb_change") => Some(Decode::DynamoDbChange),
            Some("sns") => Some(Decode::Sns),
            Some("event_bridge") => Some(Decode::EventBridge),
            _ => None,
        }
    }

    /// Changes are `Change<T>`, and nothing else is.
    fn change_fits(&mut self, item: &'a TableItem, schema: SchemaId, decode: Decode) -> Option<()> {
        let change = self.is_change(schema);
        let shown = self.program.schema(schema).map_or_else(String::new, |schema| schema.name.clone());
        let diagnostic = match (change, decode) {
            (true, Decode::DynamoDbChange) | (false, Decode::Json | Decode::Sns | Decode::EventBridge) => return Some(()),
            (false, Decode::DynamoDbChange) => {
                Diagnostic::new(codes::CHANNEL_KIND, format!("the rows of `{}` are changes, not a `{shown}`", item.name.text))
                    .primary(item.ty.span, format!("rows of `{shown}`"))
                    .secondary(item.value.span, "gives changes of a table")
                    .note("a change has the row before and after it, the event, and the row's keys")
                    .help(format!("write `Stream<Change<{shown}>>`"))
            }
            (true, _) => Diagnostic::new(codes::CHANNEL_KIND, format!("`{}` does not say that its records are changes", item.name.text))
                .primary(item.value.span, "gives one JSON object a record")
                .secondary(item.ty.span, "rows are changes of a DynamoDB table")
                .help("write `decode = dynamodb.change`"),
        };
        self.report(diagnostic);
        None
    }

    /// Whether a schema is a `Change<T>` of the library.
    pub(super) fn is_change(&self, schema: SchemaId) -> bool {
        self.instances.iter().any(|((key, _), id)| {
            *id == schema
                && self.names.prelude.contains(&key.0)
                && self.names.module(key.0).and_then(|names| names.types.get("Change")).is_some_and(|def| def.key() == *key)
        })
    }

    /// A channel as a value: what its construct gives.
    pub fn channel_value(&mut self, def: Def<'a>, span: Span) -> Expr {
        let Some(id) = self.channel(def) else { return Expr::error(span) };
        let Some(channel) = self.program.channels.get_mut(id.0 as usize) else { return Expr::error(span) };
        channel.mentioned = true;
        let ty = Type::Channel(channel.kind, channel.schema);
        Expr { ty, span, ..channel.value.clone() }
    }
}

/// How one is made.
pub(super) fn example(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Queue => "sqs.queue { … }",
        ChannelKind::Stream => "kinesis.stream { … }",
        ChannelKind::Topic => "sns.topic { … }",
        ChannelKind::Bus => "eventbridge.events { source = \"…\", detail_type = \"…\" }",
    }
}
