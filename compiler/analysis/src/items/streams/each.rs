//! `each line as l where C send VALUE to TARGET`.

use super::{Builder, is_channel};
use crate::check::{Because, Checker, Scope, facts, fits};
use crate::program::{ChannelId, Expr, ExprKind, SchemaField, Send, Service, Stage, TableRole, Target, Type};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ItemKind, Name, StreamStatement, StreamStatementKind};

/// What may follow `each`; the first is the one to write.
pub(super) fn units(service: Service) -> &'static [&'static str] {
    match service {
        Service::S3 => &["line", "object", "record"],
        Service::Sqs | Service::Sns => &["message", "record"],
        Service::Kinesis | Service::DynamoDb => &["record"],
        Service::EventBridge => &["event", "record"],
    }
}

/// What something is sent to, with what it takes.
struct Taker {
    target: Target,
    name: String,
    fields: Vec<(String, Type)>,
    /// Fields that may be left out.
    optional: Vec<String>,
    /// What it is, for messages: "`events` (`Queue<Order>`)".
    title: String,
    span: Span,
    /// The columns of the key of a stream's records.
    key: Option<String>,
}

impl<'a> Checker<'a> {
    pub(super) fn each(&mut self, of: &Builder<'a>, statement: &'a StreamStatement) -> Option<Send> {
        let StreamStatementKind::Each { unit, binding, condition, value, target } = &statement.kind else { return None };
        let whole = self.unit(of, unit)?;
        let scope = self.stream_scope(of, binding.as_ref(), !whole);
        let mut inner = scope.clone();
        let mut good = true;
        let condition = match condition {
            Some(ast) => {
                let condition = self.condition(ast, &scope, "of `where`");
                inner = scope.knowing(&facts(ast, true));
                good &= !condition.is_error() && self.row_stage(&condition, Because::new(unit.span, "looked at for each"));
                Some(condition)
            }
            None => None,
        };
        let taker = self.taker(of, target);
        let Some(taker) = taker else {
            // What is sent is looked at all the same.
            if let Some(value) = value {
                self.expr(value, &inner, None);
            }
            return None;
        };
        let sent = match value {
            Some(ast) => self.sent(ast, &taker, &inner, unit.span).map(Some),
            None if whole => self.facts_fit(of, &taker, unit.span).map(Some),
            None => self.rows_fit(of, &taker, unit.span),
        };
        let value = sent?;
        if !good {
            return None;
        }
        let key = taker.key.as_ref().and_then(|column| match &value {
            Some(value) => value.entry(column).cloned(),
            None => self.row(of).entry(column).cloned(),
        });
        Some(Send { whole, condition, value, to: taker.target, key, span: statement.span })
    }

    /// Whether records are meant rather than their rows.
    fn unit(&mut self, of: &Builder<'a>, unit: &Name) -> Option<bool> {
        let known = units(of.service);
        if known.contains(&unit.text.as_str()) {
            return Some(unit.text == "object");
        }
        let what = match of.service {
            Service::S3 => "new objects are sent on line by line, or whole",
            Service::Sqs | Service::Sns => "what comes is messages",
            Service::Kinesis | Service::DynamoDb => "what comes is records",
            Service::EventBridge => "what comes is events",
        };
        let diagnostic = Diagnostic::new(codes::STREAM_UNIT, format!("`{}` gives nothing called `{}`", of.source.text, unit.text))
            .primary(unit.span, what)
            .secondary(of.item.source.span, format!("of {}", of.service.title()));
        let first = known.first().copied().unwrap_or("record");
        let diagnostic = diagnostic.help(format!("write `each {first} …`")).fix(format!("write `{first}`"), unit.span, first);
        self.report(match of.service {
            Service::S3 => diagnostic.help("or `each object …` for the objects themselves, whose rows are not read"),
            _ => diagnostic,
        });
        None
    }

    /// What stands right of `to`.
    fn taker(&mut self, of: &Builder<'a>, target: &'a ast::Expr) -> Option<Taker> {
        let ast::ExprKind::Name(name) = &target.kind else {
            if !matches!(target.kind, ast::ExprKind::Broken) {
                self.report(
                    Diagnostic::new(codes::SEND_TARGET, "what is sent goes to a `sink` or to a flow, by its name")
                        .primary(target.span, "")
                        .help("declare it: `sink events: Queue<T> = sqs.queue { … }`, and write `to events`"),
                );
            }
            return None;
        };
        if let Some(def) = self.names.value_named(of.module, &name.text) {
            return match &def.item.kind {
                ItemKind::Source(item) | ItemKind::Sink(item) if is_channel(item) => {
                    let id = self.channel(def)?;
                    self.channel_taker(of, id, name)
                }
                ItemKind::Source(_) | ItemKind::Sink(_) => {
                    self.report(
                        Diagnostic::new(codes::SEND_TARGET, format!("`{}` is a table, and rows are added to a table by `run`", name.text))
                            .primary(name.span, "a table")
                            .help(format!("write `run TRANSFORM({}) append to {} key (…)`", self.files.slice(of.item.source.span), name.text)),
                    );
                    None
                }
                ItemKind::Resource(_) => {
                    self.report(
                        Diagnostic::new(codes::SEND_TARGET, format!("nothing says what `{}` takes", name.text))
                            .primary(name.span, "a resource")
                            .secondary(def.item.span, "declared here")
                            .note("whoever reads what is sent knows its type, and so does the compiler")
                            .help(format!("declare it with its type: `sink {}: Queue<T> = sqs.queue {{ … }}`", name.text)),
                    );
                    None
                }
                _ => self.no_taker(name, def.kind()),
            };
        }
        let callables = self.names.callables_named(of.module, &name.text);
        if let Some(def) = callables.first() {
            return match &def.item.kind {
                ItemKind::Flow(flow) => self.flow_taker(&flow.name),
                _ => self.no_taker(name, def.kind()),
            };
        }
        if !self.names.is_broken(of.module, &name.text) {
            let known: Vec<&str> = self.names.value_names(of.module).chain(self.names.callable_names(of.module)).collect();
            let diagnostic = Diagnostic::new(codes::UNKNOWN_NAME, format!("there is no sink and no flow `{}`", name.text))
                .primary(name.span, "not found");
            let diagnostic = match crate::suggest::nearest(&name.text, known.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), name.span, near),
                None => diagnostic.help(format!("declare it: `sink {}: Queue<T> = sqs.queue {{ … }}`", name.text)),
            };
            self.report(diagnostic);
        }
        None
    }

    fn no_taker(&mut self, name: &Name, kind: &str) -> Option<Taker> {
        self.report(
            Diagnostic::new(codes::SEND_TARGET, format!("nothing can be sent to `{}`, which is {kind}", name.text))
                .primary(name.span, kind)
                .help("name a `sink` of a `Queue<T>`, `Stream<T>`, `Topic<T>` or `Bus<T>`, or a flow, which is started"),
        );
        None
    }

    fn channel_taker(&mut self, of: &Builder<'a>, id: ChannelId, name: &Name) -> Option<Taker> {
        let channel = self.program.channel(id)?;
        let (role, declared, schema, kind) = (channel.role, channel.span, channel.schema, channel.kind);
        let title = format!("`{}` (`{}`)", name.text, self.show(&Type::Channel(kind, schema)));
        if of.subject == crate::program::Subject::Channel(id) {
            self.report(
                Diagnostic::new(codes::STREAM_LOOP, format!("`{}` sends to `{}`, which it listens to", of.item.name.text, name.text))
                    .primary(name.span, "comes back to this stream")
                    .secondary(of.item.source.span, "listens here")
                    .note("each message would be sent again and again, for ever, and each time is paid for")
                    .help("send to another queue, and listen to that in another stream"),
            );
            return None;
        }
        if role == TableRole::Source {
            self.report(
                Diagnostic::new(codes::SOURCE_WRITTEN, format!("`{}` is a source, and a source is only read", name.text))
                    .primary(name.span, "sent to here")
                    .secondary(declared, "declared as a source")
                    .help(format!("declare it as `sink {}: …` if this program sends to it", name.text)),
            );
            return None;
        }
        let fields = self.program.schema(schema).map(|schema| schema.fields.clone()).unwrap_or_default();
        let keys: Vec<&SchemaField> = fields.iter().filter(|field| field.key).collect();
        let key = match keys.as_slice() {
            [key] if kind == crate::program::ChannelKind::Stream => Some(key.name.clone()),
            _ => None,
        };
        Some(Taker {
            target: Target::Channel(id),
            name: name.text.clone(),
            optional: fields.iter().filter(|field| field.ty.is_optional()).map(|field| field.name.clone()).collect(),
            fields: fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect(),
            title,
            span: declared,
            key,
        })
    }

    /// A flow is started, with what is sent as its input.
    fn flow_taker(&self, name: &Name) -> Option<Taker> {
        let flow = self.program.flows.iter().find(|flow| flow.name == name.text)?;
        let params: Vec<(String, Type, bool)> = flow
            .params
            .iter()
            .filter_map(|param| {
                let variable = flow.variable(param.variable)?;
                let optional = param.default.is_some() || variable.ty.is_optional();
                Some((variable.name.clone(), variable.ty.clone(), optional))
            })
            .collect();
        Some(Taker {
            target: Target::Flow(flow.name.clone()),
            name: flow.name.clone(),
            optional: params.iter().filter(|(.., optional)| *optional).map(|(name, ..)| name.clone()).collect(),
            fields: params.into_iter().map(|(name, ty, _)| (name, ty)).collect(),
            title: format!("the flow `{}`", flow.name),
            span: flow.span,
            key: None,
        })
    }

    /// `send VALUE`.
    fn sent(&mut self, ast: &'a ast::Expr, taker: &Taker, scope: &Scope, place: Span) -> Option<Expr> {
        let want = Type::Record(
            taker
                .fields
                .iter()
                .map(|(name, ty)| (name.clone(), if taker.optional.contains(name) { ty.clone().optional() } else { ty.clone() }))
                .collect(),
        );
        let value = self.expr(ast, scope, Some(&want));
        if value.is_error() || !self.row_stage(&value, Because::new(place, "computed for each")) {
            return None;
        }
        let because = Because::new(taker.span, format!("{} takes this", taker.title));
        if matches!(value.ty.required().base(), Type::Row(_) | Type::Record(_)) && value.ty.is_optional() {
            // `each record as c where c.new != none send c.new`.
            self.required(value, ast.span, "in what is sent")?;
            return None;
        }
        match (&value.kind, value.ty.required().base()) {
            // A whole row, or a record within one: what the taker does not know is left out.
            (ExprKind::Record(_), Type::Row(_)) | (_, Type::Row(_)) => {
                let fields = self.fields_of(&value)?;
                self.taken(taker, &fields, ast.span)
            }
            (ExprKind::Record(_) | ExprKind::Column(_) | ExprKind::Field { .. }, Type::Record(_)) => {
                let fitted = self.fit(value, &want, ast.span, Some(because));
                (!fitted.is_error()).then_some(fitted)
            }
            _ => {
                let shown = self.a(&value.ty);
                let names: Vec<&str> = taker.fields.iter().map(|(name, _)| name.as_str()).collect();
                self.report(
                    Diagnostic::new(codes::TYPE_MISMATCH, format!("{} takes a record, this is {shown}", taker.title))
                        .primary(ast.span, format!("`{}`", self.show(&value.ty)))
                        .secondary(taker.span, format!("takes {}", crate::suggest::listed(names.iter().copied())))
                        .help(format!("write `send {{ {} }}`", names.iter().map(|name| format!("{name}: …")).collect::<Vec<_>>().join(", "))),
                );
                None
            }
        }
    }

    /// The fields of a row, as values.
    fn fields_of(&self, value: &Expr) -> Option<Vec<(String, Expr)>> {
        if let ExprKind::Record(entries) = &value.kind {
            return Some(entries.clone());
        }
        let Type::Row(id) = value.ty.required().base() else { return None };
        let schema = self.program.schema(*id)?;
        let field = |field: &SchemaField| {
            let optional = value.ty.is_optional();
            let ty = if optional { field.ty.clone().optional() } else { field.ty.clone() };
            let kind = ExprKind::Field { target: Box::new(value.clone()), name: field.name.clone(), optional };
            (field.name.clone(), Expr::new(kind, ty, Stage::Row, value.span))
        };
        Some(schema.fields.iter().map(field).collect())
    }

    /// Of some fields those that the taker takes, as a record.
    fn taken(&mut self, taker: &Taker, fields: &[(String, Expr)], place: Span) -> Option<Expr> {
        let mut entries = Vec::new();
        for (name, want) in &taker.fields {
            let optional = taker.optional.contains(name);
            match fields.iter().find(|(known, _)| known == name) {
                Some((_, value)) if fits(&value.ty, want) || optional && fits(&value.ty, &want.clone().optional()) => {
                    let value = match (value.ty.required().base(), want.required().base()) {
                        (Type::Int, Type::Float) => self.float(value.clone()),
                        _ => value.clone(),
                    };
                    entries.push((name.clone(), value));
                }
                None if optional => {}
                found => {
                    self.untaken(taker, name, want, found.map(|(_, value)| value), place);
                    return None;
                }
            }
        }
        Some(Expr { stage: Stage::Row, ..Expr::record(entries, place) })
    }

    fn untaken(&mut self, taker: &Taker, name: &str, want: &Type, found: Option<&Expr>, place: Span) {
        let wanted = self.show(want);
        let diagnostic = match found {
            Some(found) => {
                let has = self.show(&found.ty);
                let diagnostic =
                    Diagnostic::new(codes::ROWS_MISMATCH, format!("what is sent does not fit {}: `{name}` is a `{has}`", taker.title))
                        .primary(place, format!("`{name}: {has}`"));
                if found.ty.is_optional() {
                    diagnostic.help(format!("leave out those without it, by `where {name} != none`, or send a record: `send {{ {name}: {name} ?? …, … }}`"))
                } else {
                    diagnostic
                }
            }
            None => Diagnostic::new(codes::ROWS_MISMATCH, format!("what is sent lacks `{name}`, which {} takes", taker.title))
                .primary(place, format!("no `{name}`")),
        };
        self.report(
            diagnostic
                .secondary(taker.span, format!("`{name}: {wanted}`"))
                .help(format!("send what fits: `send {{ {name}: …, … }} to {}`", taker.name)),
        );
    }

    /// Rows as they are; `Some(None)` where they fit without a change.
    #[expect(clippy::option_option, reason = "the row as it is, and a report, differ")]
    fn rows_fit(&mut self, of: &Builder<'a>, taker: &Taker, place: Span) -> Option<Option<Expr>> {
        let row = self.row(of);
        let fields = self.fields_of(&row)?;
        let value = self.taken(taker, &fields, place)?;
        let ExprKind::Record(entries) = &value.kind else { return None };
        let same = entries.len() == fields.len()
            && entries.iter().zip(&fields).all(|((name, value), (known, column))| name == known && value.kind == column.kind);
        Some(if same { None } else { Some(value) })
    }

    /// An object as it is: its facts.
    fn facts_fit(&mut self, of: &Builder<'a>, taker: &Taker, place: Span) -> Option<Expr> {
        let facts = self.facts(of, false);
        let fields = self.fields_of(&facts)?;
        self.taken(taker, &fields, place)
    }
}
