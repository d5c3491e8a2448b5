//! Programs built by hand, for the tests of rules: one line of "text" per statement, so that spans differ.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::program::*;
use flow_diagnostics::{Diagnostics, FileId, Span};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A place of its own.
pub fn at() -> Span {
    let start = NEXT.fetch_add(10, Ordering::Relaxed);
    Span::new(FileId(0), start, start + 5)
}

pub fn expr(kind: ExprKind) -> Expr {
    Expr { kind, ty: Type::Json, stage: Stage::Const, span: at() }
}

pub fn text(value: &str) -> Expr {
    expr(ExprKind::Value(Value::String(value.to_owned())))
}

pub fn int(value: i64) -> Expr {
    expr(ExprKind::Value(Value::Int(value)))
}

pub fn program() -> Program {
    Program {
        project: Project {
            name: "p".to_owned(),
            prefix: None,
            role_prefix: None,
            region: "us-east-1".to_owned(),
            tags: Vec::new(),
            module: false,
            backend: None,
            versions: Default::default(),
            untagged: Vec::new(),
            doc: None,
            span: at(),
        },
        envs: Vec::new(),
        params: Vec::new(),
        secrets: Vec::new(),
        schemas: vec![Schema { name: "S".to_owned(), doc: None, fields: Vec::new(), checks: Vec::new(), redactions: Vec::new(), span: at() }],
        unions: Vec::new(),
        tables: Vec::new(),
        transforms: Vec::new(),
        resources: Vec::new(),
        functions: vec![Function {
            name: "worker".to_owned(),
            memory_mb: 1_024,
            timeout_s: 900,
            storage_mb: 512,
            network: None,
            reads: Vec::new(),
            writes: Vec::new(),
            statements: Vec::new(),
            steps: vec!["f.a".to_owned()],
            stream: None,
            span: at(),
        }],
        flows: Vec::new(),
        channels: Vec::new(),
        streams: Vec::new(),
        schedules: Vec::new(),
        outputs: Vec::new(),
        packages: Vec::new(),
        tests: Vec::new(),
    }
}

pub fn table(name: &str, role: TableRole, bucket: Expr, prefix: &str) -> Table {
    Table {
        when: None,
        name: name.to_owned(),
        doc: None,
        role,
        schema: SchemaId(0),
        bucket,
        prefix: text(prefix),
        format: TableFormat::Jsonl,
        partitions: Vec::new(),
        invalid: InvalidPolicy::Fail,
        catalog: None,
        read: Vec::new(),
        write: Vec::new(),
        span: at(),
    }
}

/// A step on the generic binary that reads and writes these tables.
pub fn step(name: &str, reads: &[u32], writes: &[u32]) -> Step {
    let place = |id: &u32| expr(ExprKind::Table(TablePlace { table: TableId(*id), partitions: Vec::new() }));
    let target =
        |id: &u32| expr(ExprKind::Target(TargetPlace { table: TableId(*id), replace: TargetReplace::All }));
    let arguments = reads.iter().map(place).chain(writes.iter().map(target)).collect();
    Step {
        name: name.to_owned(),
        doc: None,
        call: TaskCall {
            expects: Vec::new(),
            when: None,
            task: "run".to_owned(),
            resource: "arn:aws:states:::lambda:invoke".to_owned(),
            arguments: expr(ExprKind::List(arguments)),
            output: None,
            ty: Type::Json,
            statements: Vec::new(),
            raises: vec!["Flow.StoreFailed".to_owned()],
            idempotent: true,
            at_once: None,
            credentials: None,
            reads: reads.iter().map(|id| TableId(*id)).collect(),
            writes: writes.iter().map(|id| TableId(*id)).collect(),
            function: Some(FunctionId(0)),
            flow: None,
            local: None,
        },
        timeout: int(900),
        heartbeat: None,
        retry: Vec::new(),
        when: None,
        result: VariableId(0),
        span: at(),
        name_span: at(),
    }
}

pub fn run(step: Step) -> Statement {
    Statement::Step(Box::new(step))
}

pub fn fail() -> Statement {
    Statement::Fail(Fail::New { name: "Bad".to_owned(), cause: None, span: at() })
}

pub fn finish() -> Statement {
    Statement::Return { value: None, span: at() }
}

pub fn handler(body: Vec<Statement>) -> Handler {
    Handler { binding: VariableId(0), body, span: at() }
}

pub fn guarded(body: Vec<Statement>, catches: Vec<(&[&str], Vec<Statement>)>) -> Statement {
    let catches = catches
        .into_iter()
        .map(|(errors, body)| Catch {
            errors: errors.iter().map(|name| (*name).to_owned()).collect(),
            handler: handler(body),
        })
        .collect();
    Statement::Try { body, catches, span: at() }
}

pub fn flow(body: Vec<Statement>) -> Flow {
    Flow {
        when: None,
        name: "f".to_owned(),
        doc: None,
        params: Vec::new(),
        result: None,
        triggers: Vec::new(),
        events: Vec::new(),
        timeout_s: None,
        express: false,
        own: crate::program::Own::default(),
        variables: Vec::new(),
        on_failure: None,
        body,
        span: at(),
    }
}

pub fn trigger(expression: &str, timezone: &str) -> Trigger {
    Trigger {
        schedule: Schedule::new(text(expression), text(timezone), at()),
        binding: None,
        values: Vec::new(),
        span: at(),
    }
}

pub fn retry(attempts: u32) -> RetryRule {
    RetryRule {
        errors: vec!["States.TaskFailed".to_owned()],
        interval_s: 2,
        attempts,
        backoff: 2.0,
        max_delay_s: Some(60),
        jitter: true,
    }
}

pub fn with(flow: Flow) -> Program {
    let mut program = program();
    for name in ["a", "b", "c"] {
        let span = at();
        program.tables.push(Table { span, ..table(name, TableRole::Sink, text("bucket"), name) });
    }
    program.tables.push(table("in", TableRole::Source, text("other"), "in"));
    program.flows.push(flow);
    program
}

/// `0501 message` for each diagnostic, by place.
pub fn messages(program: &Program) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    super::check(program, &mut diagnostics);
    diagnostics.sorted().iter().map(|one| format!("{:04} {}", one.code.number, one.message)).collect()
}

/// Codes alone, in order.
pub fn codes(program: &Program) -> Vec<u16> {
    let mut diagnostics = Diagnostics::default();
    super::check(program, &mut diagnostics);
    let mut found: Vec<u16> = diagnostics.sorted().iter().map(|one| one.code.number).collect();
    found.sort_unstable();
    found
}
