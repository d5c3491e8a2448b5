//! The nightly load as the checker gives it, built by hand.

mod exprs;

pub use exprs::*;

use flow_analysis::program::*;
use flow_diagnostics::{FileId, FileSet, Span};

/// Where things stand in the text, for source maps.
const TEXT: &str = "flow nightly(run_date: Date) {\n  step validate\n  step copy\n  step compute\n  step dbt\n  step undo\n  step export\n  step announce\n  step alert\n}\n";

pub fn files() -> FileSet {
    let mut files = FileSet::default();
    files.add("nightly.flow", TEXT.to_owned());
    files
}

pub fn span(word: &str) -> Span {
    let start = TEXT.find(word).unwrap_or(0);
    let start = u32::try_from(start).unwrap();
    Span::new(FileId(0), start, start + u32::try_from(word.len()).unwrap())
}

pub fn expr(kind: ExprKind, ty: Type, stage: Stage) -> Expr {
    Expr { kind, ty, stage, span: span("flow") }
}

pub fn report() -> Type {
    Type::Record(["rows_in", "rows_out", "rows_invalid", "files", "bytes", "milliseconds"].map(|name| (name.to_owned(), Type::Int)).into())
}

pub fn error() -> Type {
    Type::Record(["step", "name", "cause"].map(|name| (name.to_owned(), Type::String)).into())
}

pub fn run_date() -> Expr {
    var(0, Type::Date)
}

pub fn table(id: u32) -> Expr {
    let partitions = if id < 2 { vec![("dt".to_owned(), run_date())] } else { Vec::new() };
    expr(ExprKind::Table(TablePlace { table: TableId(id), partitions }), Type::TableRef, Stage::Run)
}

fn target(id: u32, replace: TargetReplace) -> Expr {
    expr(ExprKind::Target(TargetPlace { table: TableId(id), replace }), Type::Target, Stage::Run)
}

fn network(name: &str, ty: Type) -> Expr {
    field(expr(ExprKind::Param("network".to_owned()), network_type(), Stage::Plan), name, ty)
}

fn network_type() -> Type {
    let texts = || Type::List(Box::new(Type::String));
    Type::record(vec![
        ("subnets".to_owned(), texts()),
        ("security_groups".to_owned(), texts()),
        ("assign_public_ip".to_owned(), Type::Optional(Box::new(Type::Bool))),
    ])
}

/// A task of the generic binary.
pub fn worker(task: &str, function: u32, payload: Vec<(&str, Expr)>) -> TaskCall {
    let mut fields = vec![("operation", text(task))];
    fields.extend(payload);
    let arn = expr(ExprKind::FunctionArn(FunctionId(function)), Type::Arn, Stage::Apply);
    TaskCall {
        expects: Vec::new(),
        when: None,
        task: task.to_owned(),
        resource: "arn:aws:states:::lambda:invoke".to_owned(),
        arguments: record(vec![("FunctionName", arn), ("Payload", record(fields))]),
        output: Some(field(expr(ExprKind::TaskResult, Type::Json, Stage::Run), "Payload", report())),
        ty: report(),
        statements: Vec::new(),
        raises: Vec::new(),
        idempotent: true,
        at_once: None,
        credentials: None,
        reads: Vec::new(),
        writes: Vec::new(),
        function: Some(FunctionId(function)),
        flow: None,
        local: None,
    }
}

pub fn slack(message: Expr) -> TaskCall {
    let secret = || expr(ExprKind::SecretName(SecretId(0)), Type::String, Stage::Plan);
    let arn = || expr(ExprKind::SecretArn(SecretId(0)), Type::Arn, Stage::Apply);
    let arguments = record(vec![("secret", secret()), ("webhook", arn()), ("text", message)]);
    let mut call = worker("handler", 0, vec![("handler", text("slack.post")), ("arguments", arguments)]);
    call.idempotent = false;
    call
}

pub fn step(name: &str, call: TaskCall, result: u32, timeout: i64) -> Step {
    Step {
        name: name.to_owned(),
        doc: None,
        retry: if call.idempotent { vec![transient()] } else { Vec::new() },
        call,
        timeout: seconds(timeout),
        heartbeat: None,
        when: None,
        result: VariableId(result),
        span: span(&format!("step {name}")),
        name_span: span(name),
    }
}

pub fn statement(step: Step) -> Statement {
    Statement::Step(Box::new(step))
}

fn transient() -> RetryRule {
    RetryRule {
        errors: ["Lambda.TooManyRequestsException", "Flow.StoreFailed", "States.Timeout"].map(str::to_owned).into(),
        interval_s: 2,
        attempts: 4,
        backoff: 2.0,
        max_delay_s: Some(60),
        jitter: true,
    }
}

fn dbt() -> TaskCall {
    let command = |target: Expr| list(vec![text("dbt"), text("build"), text("--target"), target]);
    let env = expr(ExprKind::EnvName, Type::String, Stage::Plan);
    let attribute = |resource, ty| {
        expr(
            ExprKind::Attribute { resource: ResourceId(resource), instance: Instance::Only, path: vec!["arn".to_owned()] },
            ty,
            Stage::Apply,
        )
    };
    let public = expr(
        ExprKind::If(
            Box::new(expr(
                ExprKind::Coalesce(
                    Box::new(network("assign_public_ip", Type::Optional(Box::new(Type::Bool)))),
                    Box::new(value(Value::Bool(false), Type::Bool)),
                ),
                Type::Bool,
                Stage::Plan,
            )),
            Box::new(text("ENABLED")),
            Box::new(text("DISABLED")),
        ),
        Type::String,
        Stage::Plan,
    );
    let texts = || Type::List(Box::new(Type::String));
    let arguments = |target: Expr| {
        record(vec![
            ("LaunchType", text("FARGATE")),
            ("Cluster", attribute(0, Type::String)),
            ("TaskDefinition", attribute(1, Type::String)),
            (
                "NetworkConfiguration",
                record(vec![(
                    "AwsvpcConfiguration",
                    record(vec![
                        ("Subnets", network("subnets", texts())),
                        ("SecurityGroups", network("security_groups", texts())),
                        ("AssignPublicIp", public.clone()),
                    ]),
                )]),
            ),
            (
                "Overrides",
                record(vec![(
                    "ContainerOverrides",
                    list(vec![record(vec![("Name", text("dbt_build")), ("Command", command(target))])]),
                )]),
            ),
        ])
    };
    TaskCall {
        expects: Vec::new(),
        when: None,
        task: "dbt_build".to_owned(),
        resource: "arn:aws:states:::ecs:runTask.sync".to_owned(),
        arguments: arguments(env),
        output: None,
        ty: Type::Json,
        statements: Vec::new(),
        raises: Vec::new(),
        idempotent: false,
        at_once: None,
        credentials: None,
        reads: vec![TableId(2)],
        writes: Vec::new(),
        function: None,
        flow: None,
        local: Some(LocalTask {
            packages: vec!["dbt-core".to_owned(), "dbt-duckdb".to_owned()],
            arguments: arguments(text("local")),
        }),
    }
}

pub fn variable(name: &str, ty: Type, kind: VariableKind) -> Variable {
    Variable { name: name.to_owned(), ty, kind, span: span("flow") }
}

/// `tick.time.date - 1d`.
fn day_before(tick: u32) -> Expr {
    let date = Lowering {
        name: "date".to_owned(),
        pattern: None,
        hides: false,
        params: vec!["at".to_owned()],
        deploy: None,
        run: Some("$substring({at}, 0, 10)".to_owned()),
        row: Some("date_of_timestamp".to_owned()),
        aggregate: None,
        window: None,
    };
    let tick = var(tick, Type::record(vec![("time".to_owned(), Type::Timestamp)]));
    let time = field(tick, "time", Type::Timestamp);
    let day = expr(ExprKind::Call { function: date.into(), arguments: vec![time] }, Type::Date, Stage::Run);
    expr(
        ExprKind::Binary(Binary::SubtractFromDate, Box::new(day), Box::new(seconds(86_400))),
        Type::Date,
        Stage::Run,
    )
}

pub fn flow() -> Flow {
    let rollback = expr(ExprKind::Param("rollback".to_owned()), Type::Bool, Stage::Plan);
    let staged = || target(1, TargetReplace::Named(vec![("dt".to_owned(), run_date())]));
    let one_percent = value(Value::Float(0.01), Type::Share);
    let undo = Step { when: Some(rollback), ..step("undo", worker("clear", 0, vec![("table", table(1))]), 7, 900) };
    let inputs = record(vec![(
        "stays",
        expr(ExprKind::Table(TablePlace { table: TableId(1), partitions: Vec::new() }), Type::TableRef, Stage::Const),
    )]);
    let compute = vec![
        ("transform", text("readmission_rate")),
        ("inputs", inputs),
        ("into", target(2, TargetReplace::Present(Vec::new()))),
        ("max_invalid", value(Value::None, Type::None)),
    ];
    let attempt = vec![
        statement(step("copy", worker("copy", 0, vec![("table", table(0)), ("into", staged())]), 2, 900)),
        statement(step("compute", worker("run", 1, compute), 3, 600)),
        statement(step("dbt", dbt(), 4, 3600)),
    ];
    let cause = |id| field(var(id, error()), "cause", Type::String);
    Flow {
        when: None,
        name: "nightly".to_owned(),
        doc: Some("The nightly load.".to_owned()),
        params: vec![FlowParam { variable: VariableId(0), default: None, doc: None, checks: Vec::new() }],
        result: None,
        triggers: vec![Trigger {
            schedule: Schedule::new(text("cron(0 2 * * ? *)"), text("UTC"), span("flow")),
            binding: Some(VariableId(10)),
            values: vec![(VariableId(0), day_before(10))],
            span: span("flow"),
        }],
        timeout_s: Some(10_800),
        express: false,
        events: Vec::new(),
        own: flow_analysis::program::Own::default(),
        variables: vec![
            variable("run_date", Type::Date, VariableKind::Param),
            variable("validate", report(), VariableKind::Step),
            variable("copy", report(), VariableKind::Step),
            variable("compute", report(), VariableKind::Step),
            variable("dbt", Type::Json, VariableKind::Step),
            variable("export", report(), VariableKind::Step),
            variable("announce", Type::Json, VariableKind::Step),
            variable("undo", report(), VariableKind::Step),
            variable("error", error(), VariableKind::Error),
            variable("error_2", error(), VariableKind::Error),
            variable("tick", Type::Json, VariableKind::Trigger),
            variable("alert", Type::Json, VariableKind::Step),
        ],
        on_failure: Some(Handler {
            binding: VariableId(8),
            body: vec![
                statement(step(
                    "alert",
                    slack(join(vec![
                        lit("Load of "),
                        put(run_date()),
                        lit(" failed in "),
                        put(field(var(8, error()), "step", Type::String)),
                        lit(": "),
                        put(cause(8)),
                    ])),
                    11,
                    60,
                )),
                Statement::Fail(Fail::New {
                    name: "LoadFailed".to_owned(),
                    cause: Some(join(vec![put(cause(8))])),
                    span: span("flow"),
                }),
            ],
            span: span("flow"),
        }),
        body: vec![
            statement(step(
                "validate",
                worker("validate", 0, vec![("table", table(0)), ("max_invalid", one_percent)]),
                1,
                900,
            )),
            Statement::Try {
                body: attempt,
                catches: vec![Catch {
                    errors: Vec::new(),
                    handler: Handler {
                        binding: VariableId(9),
                        body: vec![
                            statement(undo),
                            Statement::Fail(Fail::Again { error: VariableId(9), span: span("flow") }),
                        ],
                        span: span("flow"),
                    },
                }],
                span: span("flow"),
            },
            statement(step(
                "export",
                worker("copy", 0, vec![("table", table(2)), ("into", target(3, TargetReplace::All))]),
                5,
                900,
            )),
            statement(step(
                "announce",
                slack(join(vec![
                    lit("Loaded "),
                    put(field(var(3, report()), "rows_out", Type::Int)),
                    lit(" rows for "),
                    put(run_date()),
                ])),
                6,
                60,
            )),
        ],
        span: span("flow nightly"),
    }
}

fn sink(name: &str, prefix: &str) -> Table {
    Table {
        when: None,
        name: name.to_owned(),
        doc: None,
        role: TableRole::Sink,
        schema: SchemaId(0),
        bucket: expr(ExprKind::Param("processed".to_owned()), Type::String, Stage::Plan),
        prefix: text(prefix),
        format: TableFormat::Parquet { compression: "zstd".to_owned() },
        partitions: vec![Partition { name: "dt".to_owned(), ty: Type::Date, in_schema: false, span: span("flow") }],
        invalid: InvalidPolicy::Fail,
        catalog: None,
        read: Vec::new(),
        write: Vec::new(),
        span: span("flow"),
    }
}

fn param(name: &str, ty: Type, default: Option<Expr>) -> Param {
    Param { name: name.to_owned(), doc: None, ty, default, validations: Vec::new(), span: span("flow") }
}

fn function(name: &str, memory_mb: u32) -> Function {
    Function {
        name: name.to_owned(),
        memory_mb,
        timeout_s: 900,
        storage_mb: 512,
        network: None,
        reads: Vec::new(),
        writes: Vec::new(),
        statements: Vec::new(),
        steps: Vec::new(),
        stream: None,
            span: span("flow"),
    }
}

fn resource(ty: &str, name: &str) -> Resource {
    let body = vec![Entry::Attribute("name".to_owned(), text(name))];
    Resource {
        each: None,
        when: None,
        kind: ResourceKind::Aws { ty: ty.to_owned(), body },
        name: name.to_owned(),
        doc: None,
        span: span("flow"),
    }
}

pub fn program() -> Program {
    let secret = |attribute: &str, ty| {
        expr(
            ExprKind::Attribute { resource: ResourceId(2), instance: Instance::Only, path: vec![attribute.to_owned()] },
            ty,
            Stage::Apply,
        )
    };
    Program {
        project: Project {
            name: "dpc".to_owned(),
            prefix: None,
            role_prefix: None,
            region: "us-east-1".to_owned(),
            tags: Vec::new(),
            module: false,
            backend: None,
            versions: Default::default(),
            untagged: Vec::new(),
            doc: None,
            span: span("flow"),
        },
        envs: vec![Env {
            name: "dev".to_owned(),
            values: vec![
                ("raw".to_owned(), text("dpc-raw-dev")),
                ("processed".to_owned(), text("dpc-processed-dev")),
            ],
            span: span("flow"),
        }],
        params: vec![
            param("raw", Type::String, None),
            param("processed", Type::String, None),
            param("network", network_type(), None),
            param("rollback", Type::Bool, Some(value(Value::Bool(false), Type::Bool))),
        ],
        secrets: vec![Secret {
            when: None,
            name: "slack".to_owned(),
            doc: None,
            ty: Type::record(vec![("webhook_url".to_owned(), Type::String)]),
            arn: secret("arn", Type::Arn),
            secret_name: secret("name", Type::String),
            span: span("flow"),
        }],
        schemas: vec![Schema {
            name: "Encounter".to_owned(),
            doc: None,
            fields: vec![SchemaField {
                name: "encounter_id".to_owned(),
                ty: Type::String,
                key: true,
                pii: false,
                doc: None,
                default: None,
                span: span("flow"),
            }],
            checks: Vec::new(),
            redactions: Vec::new(),
            span: span("flow"),
        }],
        unions: Vec::new(),
        tables: vec![
            Table {
                role: TableRole::Source,
                bucket: expr(ExprKind::Param("raw".to_owned()), Type::String, Stage::Plan),
                format: TableFormat::Jsonl,
                ..sink("encounters", "encounters")
            },
            sink("staged", "staged/encounters"),
            sink("readmissions", "mart/readmissions"),
            sink("extract", "export/readmissions"),
        ],
        transforms: Vec::new(),
        resources: vec![
            resource("aws_ecs_cluster", "dbt_build_cluster"),
            resource("aws_ecs_task_definition", "dbt_build_definition"),
            resource("aws_secretsmanager_secret", "slack_secret"),
        ],
        functions: vec![function("worker", 1024), function("worker-2gb", 2048)],
        flows: vec![flow()],
        channels: Vec::new(),
        streams: Vec::new(),
        schedules: Vec::new(),
        outputs: Vec::new(),
        packages: Vec::new(),
        tests: Vec::new(),
    }
}
