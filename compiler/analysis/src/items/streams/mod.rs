//! Streams: `stream NAME from SOURCE { … }`. What it listens to here; its settings, statements and what it is deployed
//! with in the files beside.

mod channel;
mod each;
mod failures;
mod filter;
mod ledger;
mod run;
mod settings;
mod triggers;

pub(crate) use channel::is_channel;
pub(crate) use triggers::Notified;

use crate::check::{Checker, Local, RowPlace, Scope};
use crate::items::function::Size;
use crate::items::schema::row_scope;
use crate::program::{
    Expr, ExprKind, Function, FunctionId, PolicyStatement, SchemaId, Service, Stage, Stream, StreamAction, Subject, Type,
};
use crate::resolve::Def;
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::{self, ItemKind, Name, StreamItem, StreamStatementKind};

/// A stream under way.
pub(super) struct Builder<'a> {
    pub item: &'a StreamItem,
    pub module: usize,
    pub subject: Subject,
    /// What it is called: the table or channel.
    pub source: &'a Name,
    pub service: Service,
    pub schema: SchemaId,
    pub function: FunctionId,
    /// The timeout of its function, seconds.
    pub timeout_s: u32,
}

impl<'a> Checker<'a> {
    /// The stream that an item declares.
    pub fn stream(&mut self, def: Def<'a>) {
        let ItemKind::Stream(item) = &def.item.kind else { return };
        let cause = std::mem::replace(&mut self.cause, item.name.span);
        let when = self.guard_of(def);
        let around = std::mem::replace(&mut self.guard, when);
        self.checked_stream(def, item);
        self.guard = around;
        self.cause = cause;
    }

    fn checked_stream(&mut self, def: Def<'a>, item: &'a StreamItem) {
        let Some((subject, source)) = self.subject(&item.source, def.module) else { return };
        let (service, schema) = match subject {
            Subject::Created(table) => match self.program.table(table) {
                Some(table) => (Service::S3, table.schema),
                None => return,
            },
            Subject::Channel(channel) => match self.program.channel(channel) {
                Some(channel) => (channel.service, channel.schema),
                None => return,
            },
        };
        let Some(Size { memory_mb, timeout_s, storage_mb, network }) = self.stream_compute(item, def.module) else { return };
        let function = FunctionId(u32::try_from(self.program.functions.len()).unwrap_or(u32::MAX));
        let name = item.name.text.clone();
        let workers = name == "worker" || name.starts_with("worker-");
        self.program.functions.push(Function {
            name: if workers { format!("{name}-stream") } else { name.clone() },
            memory_mb,
            timeout_s,
            storage_mb,
            network,
            reads: Vec::new(),
            writes: Vec::new(),
            statements: Vec::new(),
            steps: Vec::new(),
            stream: Some(name.clone()),
            span: item.name.span,
        });
        let builder = Builder { item, module: def.module, subject, source, service, schema, function, timeout_s };
        let (settings, patterns) = self.stream_settings(&builder);
        let (retries, refused, on_error) = self.on_error(&builder);
        let mut idempotent = None;
        let mut actions = Vec::new();
        let mut broken = false;
        for statement in &item.body {
            match &statement.kind {
                StreamStatementKind::Idempotent { keys, ledger, fields } => {
                    let made = self.idempotent(&builder, keys, ledger, fields, statement.span);
                    let first: Option<&crate::program::Idempotent> = idempotent.as_ref();
                    if let Some(first) = first {
                        let first = first.span;
                        self.report(
                            Diagnostic::new(codes::DUPLICATE_ARGUMENT, "`idempotent` is said twice")
                                .primary(statement.span, "said again")
                                .secondary(first, "said here")
                                .help("write all parts of the key in one: `idempotent by a, b into ledger`"),
                        );
                    } else {
                        broken |= made.is_none();
                        idempotent = made;
                    }
                }
                StreamStatementKind::Each { .. } => match self.each(&builder, statement) {
                    Some(send) => actions.push(StreamAction::Send(Box::new(send))),
                    None => broken = true,
                },
                StreamStatementKind::Run { action, modifiers } => {
                    match self.stream_run(&builder, action, modifiers, statement.span) {
                        Some(run) => actions.push(StreamAction::Run(run)),
                        None => broken = true,
                    }
                }
                StreamStatementKind::Broken => broken = true,
            }
        }
        if actions.is_empty() && !broken {
            self.report(
                Diagnostic::new(codes::STREAM_EMPTY, format!("the stream `{name}` does nothing with what comes"))
                    .primary(item.name.span, "no `each` and no `run`")
                    .help(format!("send it on: `each {} send to QUEUE`", each::units(service).first().copied().unwrap_or("record")))
                    .help(format!("or keep it: `run TRANSFORM({}) append to SINK key (…)`", self.files.slice(item.source.span))),
            );
        }
        let when = self.guard.clone();
        let stream = Stream {
            name,
            doc: def.item.doc.clone(),
            subject,
            service,
            schema,
            settings,
            patterns,
            idempotent,
            actions,
            retries,
            refused,
            on_error,
            function,
            when,
            span: item.name.span,
            subject_span: item.source.span,
        };
        self.rows_are_whole(&stream);
        self.permissions(&stream);
        self.subscribe(&builder, &stream, def.item.doc.as_deref());
        self.program.streams.push(stream);
    }

    /// What follows `from`.
    fn subject(&mut self, source: &'a ast::Expr, module: usize) -> Option<(Subject, &'a Name)> {
        let (name, created) = match &source.kind {
            ast::ExprKind::Name(name) => (name, None),
            ast::ExprKind::Field { target, name: field, optional: false } => match &target.kind {
                ast::ExprKind::Name(name) => (name, Some(field)),
                _ => return self.no_subject(source.span),
            },
            ast::ExprKind::Broken => return None,
            _ => return self.no_subject(source.span),
        };
        let Some(def) = self.names.value_named(module, &name.text) else {
            if self.names.is_broken(module, &name.text) {
                return None;
            }
            let known: Vec<&str> = self.names.value_names(module).collect();
            let diagnostic = Diagnostic::new(codes::UNKNOWN_NAME, format!("there is no source `{}`", name.text))
                .primary(name.span, "not found");
            let diagnostic = Self::suggest(diagnostic, &name.text, name.span, &known, "there are");
            self.report(diagnostic);
            return None;
        };
        let (ItemKind::Source(item) | ItemKind::Sink(item)) = &def.item.kind else {
            let diagnostic = Diagnostic::new(codes::STREAM_SOURCE, format!("`{}` is {}, which has no events of a known type", name.text, def.kind()))
                .primary(source.span, def.kind())
                .note("a stream knows the type of what comes");
            let diagnostic = match &def.item.kind {
                ItemKind::Resource(_) => diagnostic
                    .help(format!("declare what its messages are: `source {}: Queue<T> = sqs.queue {{ … }}`", name.text)),
                _ => diagnostic.help("name a `source` or a `sink`"),
            };
            self.report(diagnostic);
            return None;
        };
        if is_channel(item) {
            let id = self.channel(def)?;
            if let Some(field) = created {
                let kind = self.program.channel(id).map_or("queue", |channel| channel.kind.noun());
                self.report(
                    Diagnostic::new(codes::STREAM_SOURCE, format!("`{}` is a {kind}: what comes is its messages", name.text))
                        .primary(field.span, "objects are created in tables alone")
                        .help(format!("write `from {}`", name.text)),
                );
                return None;
            }
            return Some((Subject::Channel(id), name));
        }
        if item.each.is_some() {
            self.no_single_table(def, source.span);
            return None;
        }
        let id = self.table(def)?;
        match created {
            Some(field) if field.text == "created" => {
                if item.existing.is_some() {
                    self.bucket_of_others(item, source.span);
                }
                Some((Subject::Created(id), name))
            }
            Some(field) => {
                self.report(
                    Diagnostic::new(codes::STREAM_SOURCE, format!("a table has no events `{}`", field.text))
                        .primary(field.span, "")
                        .help(format!("write `from {}.created`: its new objects", name.text)),
                );
                None
            }
            None => {
                self.report(
                    Diagnostic::new(codes::STREAM_SOURCE, format!("`{}` is a table, of which a stream is told by its new objects", name.text))
                        .primary(source.span, "a table")
                        .help(format!("write `from {}.created`", name.text)),
                );
                None
            }
        }
    }

    /// Notifications are one setting of a bucket: whoever sets it last has set it for all.
    fn bucket_of_others(&mut self, item: &ast::TableItem, span: Span) {
        self.report(
            Diagnostic::new(codes::BUCKET_OF_OTHERS, format!("the notifications of the bucket of `{}` may be others'", item.name.text))
                .primary(span, "asks the bucket to tell of its objects")
                .secondary(item.existing.unwrap_or(item.name.span), "owned by others")
                .note(
                    "all notifications of a bucket are one setting: this deployment would take away those that others have made, \
                     and theirs would take away this one",
                )
                .help("let the owner send its events to EventBridge, and listen there: `source … : Bus<T> = eventbridge.events { source = \"aws.s3\", … }`")
                .help("or, if nobody else asks it, say so: `@allow(FLOW0760, \"…\")` above the stream"),
        );
    }

    /// Columns that stand in the names of folders are not in the objects whose rows come.
    fn rows_are_whole(&mut self, stream: &Stream) {
        let Subject::Created(id) = stream.subject else { return };
        let Some(table) = self.program.table(id).filter(|_| stream.reads_rows()) else { return };
        let Some(partition) = table.partitions.iter().find(|partition| partition.in_schema).cloned() else { return };
        let name = table.name.clone();
        self.report(
            Diagnostic::new(codes::STREAM_SOURCE, format!("rows of new objects of `{name}` lack `{}`, a field of their schema", partition.name))
                .primary(stream.subject_span, "rows as they stand in the objects")
                .secondary(partition.span, "stands in the folder's name alone")
                .note("a stream is told of objects, and reads what is in them")
                .help(format!("leave `{}` out of the schema, and write `partition = [{}: …]`", partition.name, partition.name))
                .help("or send the objects on, `each object send … to …`, without reading their rows"),
        );
    }

    fn no_subject(&mut self, span: Span) -> Option<(Subject, &'a Name)> {
        self.report(
            Diagnostic::new(codes::STREAM_SOURCE, "a stream listens to a `source` or a `sink`, by its name")
                .primary(span, "")
                .help("declare it: `source events: Queue<T> = sqs.queue { … }`, and write `from events`")
                .help("or listen to the new objects of a table: `from TABLE.created`"),
        );
        None
    }

    /// The names of a row expression: the columns, or `binding` for the row, and the facts of the record.
    fn stream_scope(&self, of: &Builder<'a>, binding: Option<&Name>, rows: bool) -> Scope {
        let columns = self.program.schema(of.schema).map(|schema| schema.fields.clone()).unwrap_or_default();
        let root = of.service.fact_root();
        let facts = self.facts(of, rows);
        let mut scope = Scope { rows: RowPlace::Row, ..Scope::new(of.module) };
        scope.declare(root, Local::Value(facts.clone()));
        match binding {
            Some(binding) if rows => {
                let row = self.row(of);
                scope.declare(&binding.text, Local::Value(row));
            }
            Some(binding) => scope.declare(&binding.text, Local::Value(facts)),
            None if rows => {
                // A column hides the facts where it has their name; with `as` there is a name for each.
                let inner = row_scope(of.module, &columns, RowPlace::Row);
                for (name, local) in inner.locals.since(0) {
                    scope.declare(&name, local);
                }
            }
            None => {}
        }
        scope
    }

    /// The row as a value.
    fn row(&self, of: &Builder<'a>) -> Expr {
        let columns = self.program.schema(of.schema).map(|schema| schema.fields.clone()).unwrap_or_default();
        let entries = columns
            .into_iter()
            .map(|field| {
                let column = Expr::new(ExprKind::Column(field.name.clone()), field.ty, Stage::Row, field.span);
                (field.name, column)
            })
            .collect();
        Expr { ty: Type::Row(of.schema), stage: Stage::Row, ..Expr::record(entries, of.source.span) }
    }

    /// What is known of a record beside its row: `record.NAME` in the plan.
    fn facts(&self, of: &Builder<'a>, rows: bool) -> Expr {
        let facts: &[(&str, Type)] = match of.service {
            Service::S3 => &[
                ("bucket", Type::String),
                ("key", Type::String),
                ("etag", Type::String),
                ("size", Type::Int),
                ("time", Type::Timestamp),
                ("line", Type::Int),
            ],
            Service::Sqs => &[("id", Type::String), ("time", Type::Timestamp), ("receives", Type::Int), ("group", Type::None)],
            Service::Sns => &[("id", Type::String), ("time", Type::Timestamp), ("subject", Type::None)],
            Service::Kinesis => &[("id", Type::String), ("time", Type::Timestamp), ("key", Type::String)],
            Service::DynamoDb => &[("id", Type::String), ("time", Type::Timestamp)],
            Service::EventBridge => &[
                ("id", Type::String),
                ("time", Type::Timestamp),
                ("source", Type::String),
                ("detail_type", Type::String),
            ],
        };
        let entries = facts
            .iter()
            .filter(|(name, _)| rows || *name != "line")
            .map(|(name, ty)| {
                // Texts that are not always there.
                let ty = if *ty == Type::None { Type::String.optional() } else { ty.clone() };
                let kind = ExprKind::Column(format!("record.{name}"));
                ((*name).to_owned(), Expr::new(kind, ty, Stage::Row, of.source.span))
            })
            .collect();
        Expr::record(entries, of.source.span)
    }

    /// What the function of a stream may do.
    fn permissions(&mut self, stream: &Stream) {
        let mut statements: Vec<PolicyStatement> = Vec::new();
        let mut allow = |list: &[PolicyStatement], cause: Span| {
            statements.extend(list.iter().map(|statement| PolicyStatement { cause, ..statement.clone() }));
        };
        if let Subject::Channel(id) = stream.subject
            && let Some(channel) = self.program.channel(id)
        {
            allow(&channel.read, stream.span);
        }
        for send in stream.sends() {
            match &send.to {
                crate::program::Target::Channel(id) => {
                    if let Some(channel) = self.program.channel(*id) {
                        allow(&channel.send, send.span);
                    }
                }
                crate::program::Target::Flow(flow) => {
                    let arn = Expr::new(ExprKind::FlowArn(flow.clone()), Type::Arn, Stage::Apply, send.span);
                    let start = PolicyStatement {
                        actions: vec!["states:StartExecution".to_owned()],
                        resources: vec![arn],
                        conditions: Vec::new(),
                        cause: send.span,
                    };
                    allow(&[start], send.span);
                }
            }
        }
        let mut lists: Vec<(Option<Expr>, Span)> = Vec::new();
        if let Some(idempotent) = &stream.idempotent {
            lists.push((idempotent.ledger.entry("write").cloned(), idempotent.span));
        }
        if let crate::program::Refused::DeadLetter(dead) = &stream.refused {
            lists.push((dead.value.entry("send").cloned(), dead.span));
            if stream.service != Service::Sqs {
                lists.push((dead.value.entry("given_up").cloned(), dead.span));
            }
        }
        for (list, cause) in lists {
            if let Some(list) = list {
                let list = self.statements(&list);
                statements.extend(list.into_iter().map(|statement| PolicyStatement { cause, ..statement }));
            }
        }
        let reads: Vec<_> = stream
            .reads()
            .into_iter()
            .filter(|table| stream.reads_rows() || Subject::Created(*table) != stream.subject)
            .collect();
        let writes: Vec<_> = stream.writes().iter().map(|(place, _)| place.table).collect();
        if let Some(function) = self.program.functions.get_mut(stream.function.0 as usize) {
            function.statements = statements;
            for table in reads {
                if !function.reads.contains(&table) {
                    function.reads.push(table);
                }
            }
            for table in writes {
                if !function.writes.contains(&table) {
                    function.writes.push(table);
                }
            }
        }
    }
}
