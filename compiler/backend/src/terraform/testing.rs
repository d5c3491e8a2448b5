//! A small program like the nightly load, built by hand, and Terraform where it is [`installed`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod installed;

pub(crate) use installed::{plugins, terraform, write};

use super::{Machine, Parts, Substitution, Variant};
use flow_analysis::program::*;
use flow_diagnostics::{FileId, FileSet, Span};

const TEXT: &str = r#"
env dev  { raw = "dpc-raw-dev" }
param raw: s3.BucketName
param network: ecs.Network
secret slack: { webhook_url: String }
source encounters: Table<Encounter> = s3.table { bucket = raw }
sink staged: Table<Encounter> = s3.table { bucket = raw }
task dbt_build(target: String) = ecs.fargate {
}
flow nightly(run_date: Date) {
  on cron("0 2 * * ? *", timezone = "UTC")
  step alert = notify.slack(slack, "…")
  step copy    = copy(encounters[dt = run_date]) into staged[dt = run_date]
  step dbt     = dbt_build(target = env.name)
}
"#;

pub(crate) fn span(word: &str) -> Span {
    let start = u32::try_from(TEXT.find(word).expect(word)).unwrap();
    Span::new(FileId(0), start, start + 1)
}

pub(crate) fn files() -> FileSet {
    let mut files = FileSet::default();
    files.add("examples/nightly/nightly.flow", TEXT.to_owned());
    files
}

pub(crate) fn expr(kind: ExprKind, ty: Type, stage: Stage) -> Expr {
    Expr { kind, ty, stage, span: span("env dev") }
}

pub(crate) fn text(value: &str) -> Expr {
    expr(ExprKind::Value(Value::String(value.to_owned())), Type::String, Stage::Const)
}

pub(crate) fn int(value: i64) -> Expr {
    expr(ExprKind::Value(Value::Int(value)), Type::Int, Stage::Const)
}

pub(crate) fn param(name: &str, ty: Type) -> Expr {
    expr(ExprKind::Param(name.to_owned()), ty, Stage::Plan)
}

pub(crate) fn aws(fact: AwsFact) -> Expr {
    expr(ExprKind::Aws(fact), Type::String, Stage::Plan)
}

pub(crate) fn env_name() -> Expr {
    expr(ExprKind::EnvName, Type::String, Stage::Plan)
}

pub(crate) fn template(parts: impl IntoIterator<Item = TextPart>) -> Expr {
    expr(ExprKind::Text(parts.into_iter().collect()), Type::String, Stage::Apply)
}

pub(crate) fn lit(value: &str) -> TextPart {
    TextPart::Text(value.to_owned())
}

pub(crate) fn put(value: Expr) -> TextPart {
    TextPart::Expr(value)
}

pub(crate) fn attribute(resource: u32, path: &str) -> Expr {
    expr(
        ExprKind::Attribute { resource: ResourceId(resource), instance: Instance::Only, path: path.split('.').map(str::to_owned).collect() },
        Type::String,
        Stage::Apply,
    )
}

pub(crate) fn record<const N: usize>(fields: [(&str, Expr); N]) -> Expr {
    let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    expr(ExprKind::Record(fields), Type::Json, Stage::Apply)
}

pub(crate) fn list<const N: usize>(items: [Expr; N]) -> Expr {
    expr(ExprKind::List(items.into()), Type::List(Box::new(Type::Json)), Stage::Apply)
}

pub(crate) fn call<const N: usize>(name: &str, params: &[&str], deploy: &str, arguments: [Expr; N]) -> Expr {
    let lowering = Lowering {
        name: name.to_owned(),
        pattern: None,
        hides: false,
        params: params.iter().map(|param| (*param).to_owned()).collect(),
        deploy: Some(deploy.to_owned()),
        run: None,
        row: None,
        aggregate: None,
        window: None,
    };
    expr(ExprKind::Call { function: lowering.into(), arguments: arguments.into() }, Type::String, Stage::Apply)
}

pub(crate) fn statement<const N: usize>(actions: &[&str], resources: [Expr; N], cause: &str) -> PolicyStatement {
    PolicyStatement {
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: resources.into(),
        conditions: Vec::new(),
        cause: span(cause),
    }
}

fn bucket_name() -> Type {
    Type::Nominal { name: "BucketName".to_owned(), base: Type::String.into() }
}

fn raw() -> Expr {
    param("raw", bucket_name())
}

fn table(name: &str, prefix: &str, role: TableRole, invalid: InvalidPolicy) -> Table {
    let objects = || {
        template([lit("arn:"), put(aws(AwsFact::Partition)), lit(":s3:::"), put(raw()), lit(&format!("/{prefix}/*"))])
    };
    let mut list_bucket = statement(
        &["s3:ListBucket"],
        [template([lit("arn:"), put(aws(AwsFact::Partition)), lit(":s3:::"), put(raw())])],
        name,
    );
    list_bucket.conditions.push(PolicyCondition {
        test: "StringLike".to_owned(),
        variable: "s3:prefix".to_owned(),
        values: vec![text(&format!("{prefix}/*"))],
    });
    Table {
        when: None,
        name: name.to_owned(),
        doc: None,
        role,
        schema: SchemaId(0),
        bucket: raw(),
        prefix: text(prefix),
        format: TableFormat::Jsonl,
        partitions: Vec::new(),
        invalid,
        catalog: None,
        read: vec![statement(&["s3:GetObject"], [objects()], name), list_bucket],
        write: vec![statement(&["s3:PutObject", "s3:DeleteObject"], [objects()], name)],
        span: span(name),
    }
}

fn step(name: &str, call: TaskCall, result: u32) -> Statement {
    Statement::Step(Box::new(Step {
        name: name.to_owned(),
        doc: None,
        call,
        timeout: int(900),
        heartbeat: None,
        retry: Vec::new(),
        when: None,
        result: VariableId(result),
        span: span(&format!("step {name}")),
        name_span: span(&format!("step {name}")),
    }))
}

fn task(task: &str, resource: &str, function: Option<FunctionId>) -> TaskCall {
    TaskCall {
        expects: Vec::new(),
        when: None,
        task: task.to_owned(),
        resource: resource.to_owned(),
        arguments: record([]),
        output: None,
        ty: Type::Json,
        statements: Vec::new(),
        raises: Vec::new(),
        idempotent: true,
        at_once: None,
        credentials: None,
        reads: Vec::new(),
        writes: Vec::new(),
        function,
        flow: None,
        local: None,
    }
}

fn variable(name: &str, ty: Type, kind: VariableKind) -> Variable {
    Variable { name: name.to_owned(), ty, kind, span: span("flow nightly") }
}

fn aws_resource<const N: usize>(ty: &str, name: &str, cause: &str, body: [Entry; N]) -> Resource {
    Resource {
        each: None,
        when: None,
        kind: ResourceKind::Aws { ty: ty.to_owned(), body: body.into() },
        name: name.to_owned(),
        doc: None,
        span: span(cause),
    }
}

fn set(name: &str, value: Expr) -> Entry {
    Entry::Attribute(name.to_owned(), value)
}

/// A program with what the nightly load uses of infrastructure.
pub(crate) fn program() -> Program {
    let named = |thing: &str| template([lit("dpc-"), put(env_name()), lit(thing)]);
    let network = Type::Nominal {
        name: "Network".to_owned(),
        base: std::sync::Arc::new(Type::record(vec![
            ("subnets".to_owned(), Type::List(Box::new(Type::String))),
            ("security_groups".to_owned(), Type::List(Box::new(Type::String))),
            ("assign_public_ip".to_owned(), Type::Optional(Box::new(Type::Bool))),
        ])),
    };
    let itself = || expr(ExprKind::Itself, Type::String, Stage::Plan);
    let length = call("len", &["text"], "length({text})", [itself()]);
    let at_least = Expr {
        kind: ExprKind::Binary(Binary::GreaterEqual, Box::new(Expr { ty: Type::Int, ..length }), Box::new(int(3))),
        ..text("")
    };
    let container = record([
        ("name", text("dbt_build")),
        ("image", template([put(attribute(1, "repository_url")), lit(":latest")])),
        ("essential", expr(ExprKind::Value(Value::Bool(true)), Type::Bool, Stage::Const)),
        (
            "logConfiguration",
            record([
                ("logDriver", text("awslogs")),
                (
                    "options",
                    record([("awslogs-group", attribute(2, "name")), ("awslogs-region", aws(AwsFact::Region))]),
                ),
            ]),
        ),
    ]);
    let role = |name: &str, part: &str, statements: Vec<PolicyStatement>| Resource {
        each: None,
        when: None,
        kind: ResourceKind::Role { role_name: text(part), service: "ecs-tasks.amazonaws.com".to_owned(), statements },
        name: name.to_owned(),
        doc: Some("The container itself".to_owned()),
        span: span("task dbt_build"),
    };
    let resources = vec![
        aws_resource(
            "aws_ecs_cluster",
            "cluster",
            "task dbt_build",
            [
                set("name", named("")),
                Entry::Block(
                    "setting".to_owned(),
                    vec![set("name", text("containerInsights")), set("value", text("enabled"))],
                ),
            ],
        ),
        aws_resource("aws_ecr_repository", "dbt_runner", "task dbt_build", [set("name", named("-dbt-runner"))]),
        aws_resource(
            "aws_cloudwatch_log_group",
            "dbt_build_logs",
            "task dbt_build",
            [
                set("name", named("/dbt_build")),
                set("retention_in_days", int(30)),
                set("kms_key_id", expr(ExprKind::Value(Value::None), Type::None, Stage::Const)),
            ],
        ),
        role(
            "dbt_build_role",
            "dbt_build-task",
            vec![statement(
                &["s3:GetObject"],
                [template([lit("arn:aws:s3:::"), put(raw()), lit("/mart/*")])],
                "task dbt_build",
            )],
        ),
        aws_resource(
            "aws_ecs_task_definition",
            "dbt_build_definition",
            "task dbt_build",
            [
                set("family", named("-dbt_build")),
                set("cpu", text("1024")),
                set("memory", text("2048")),
                set("requires_compatibilities", list([text("FARGATE")])),
                set("network_mode", text("awsvpc")),
                set("task_role_arn", attribute(3, "arn")),
                set("container_definitions", call("json", &["value"], "jsonencode({value})", [list([container])])),
            ],
        ),
        aws_resource("aws_secretsmanager_secret", "slack_secret", "secret slack", [set("name", named("/slack"))]),
    ];
    let pass_role = PolicyStatement {
        conditions: vec![PolicyCondition {
            test: "StringEquals".to_owned(),
            variable: "iam:PassedToService".to_owned(),
            values: vec![text("ecs-tasks.amazonaws.com")],
        }],
        ..statement(&["iam:PassRole"], [attribute(3, "arn")], "step dbt")
    };
    let worker = Some(FunctionId(0));
    let copy = TaskCall {
        reads: vec![TableId(0)],
        writes: vec![TableId(1)],
        ..task("copy", "arn:aws:states:::lambda:invoke", worker)
    };
    let dbt = TaskCall {
        statements: vec![statement(&["ecs:RunTask"], [attribute(4, "arn")], "step dbt"), pass_role],
        ..task("dbt_build", "arn:aws:states:::ecs:runTask.sync", None)
    };
    let flow = Flow {
        when: None,
        name: "nightly".to_owned(),
        doc: None,
        params: vec![FlowParam { variable: VariableId(0), default: None, doc: None, checks: Vec::new() }],
        result: None,
        triggers: vec![Trigger {
            schedule: Schedule::new(text("cron(0 2 * * ? *)"), text("UTC"), span("on cron")),
            binding: None,
            values: Vec::new(),
            span: span("on cron"),
        }],
        timeout_s: Some(10800),
        express: false,
        events: Vec::new(),
        own: flow_analysis::program::Own::default(),
        variables: vec![
            variable("run_date", Type::Date, VariableKind::Param),
            variable("alert", Type::Json, VariableKind::Step),
            variable("copy", Type::Json, VariableKind::Step),
            variable("dbt", Type::Json, VariableKind::Step),
            variable("error", Type::Json, VariableKind::Error),
        ],
        on_failure: Some(Handler {
            binding: VariableId(4),
            body: vec![step("alert", task("notify.slack", "arn:aws:states:::lambda:invoke", worker), 1)],
            span: span("flow nightly"),
        }),
        body: vec![step("copy", copy, 2), step("dbt", dbt, 3)],
        span: span("flow nightly"),
    };
    Program {
        project: Project {
            name: "dpc".to_owned(),
            prefix: None,
            role_prefix: None,
            region: "us-east-1".to_owned(),
            tags: vec![("Project".to_owned(), "dpc \"learning\" ${x}".to_owned())],
            module: false,
            backend: None,
            versions: Default::default(),
            untagged: Vec::new(),
            doc: None,
            span: span("env dev"),
        },
        envs: vec![
            Env {
                name: "dev".to_owned(),
                values: vec![("raw".to_owned(), text("dpc-raw-dev"))],
                span: span("env dev"),
            },
            Env { name: "prod".to_owned(), values: vec![("raw".to_owned(), text("dpc-raw"))], span: span("env dev") },
        ],
        params: vec![
            Param {
                name: "raw".to_owned(),
                doc: Some("A bucket's name.".to_owned()),
                ty: bucket_name(),
                default: None,
                validations: vec![
                    Validation { condition: at_least, text: "len(value) >= 3".to_owned(), each: false },
                    Validation {
                        condition: Expr {
                            kind: ExprKind::Matches(Box::new(itself()), "^[a-z0-9][a-z0-9.-]*$".to_owned()),
                            ..text("")
                        },
                        text: "value matches r\"^[a-z0-9][a-z0-9.-]*$\"".to_owned(),
                    each: false,
                    },
                ],
                span: span("param raw"),
            },
            Param {
                name: "network".to_owned(),
                doc: None,
                ty: network,
                default: None,
                validations: Vec::new(),
                span: span("param network"),
            },
            Param {
                name: "since".to_owned(),
                doc: None,
                ty: Type::Optional(Box::new(Type::Date)),
                default: None,
                validations: Vec::new(),
                span: span("param network"),
            },
        ],
        secrets: vec![Secret {
            when: None,
            name: "slack".to_owned(),
            doc: None,
            ty: Type::record(vec![("webhook_url".to_owned(), Type::String)]),
            arn: attribute(5, "arn"),
            secret_name: attribute(5, "name"),
            span: span("secret slack"),
        }],
        schemas: Vec::new(),
        unions: Vec::new(),
        tables: vec![
            table(
                "encounters",
                "encounters",
                TableRole::Source,
                InvalidPolicy::Quarantine {
                    bucket: raw(),
                    prefix: text("quarantine/encounters"),
                    write: vec![statement(
                        &["s3:PutObject"],
                        [template([lit("arn:aws:s3:::"), put(raw()), lit("/quarantine/encounters/*")])],
                        "encounters",
                    )],
                },
            ),
            table("staged", "staged/encounters", TableRole::Sink, InvalidPolicy::Fail),
        ],
        transforms: Vec::new(),
        resources,
        functions: vec![Function {
            name: "worker".to_owned(),
            memory_mb: 1024,
            timeout_s: 900,
            storage_mb: 512,
            network: None,
            reads: vec![TableId(0)],
            writes: vec![TableId(1)],
            statements: vec![statement(&["secretsmanager:GetSecretValue"], [attribute(5, "arn")], "step alert")],
            steps: vec!["nightly.alert".to_owned(), "nightly.copy".to_owned()],
            stream: None,
            span: span("step copy"),
        }],
        flows: vec![flow],
        channels: Vec::new(),
        streams: Vec::new(),
        schedules: Vec::new(),
        outputs: Vec::new(),
        packages: Vec::new(),
        tests: Vec::new(),
    }
}

/// The state machine that goes with [`program`].
pub(crate) fn machines() -> Vec<Machine> {
    let network = || param("network", Type::Json);
    let subnets = expr(
        ExprKind::Field { target: Box::new(network()), name: "subnets".to_owned(), optional: false },
        Type::List(Box::new(Type::String)),
        Stage::Plan,
    );
    vec![Machine {
        flow: "nightly".to_owned(),
        toggles: Vec::new(),
        variants: vec![Variant { values: Vec::new(), file: "nightly.asl.json".to_owned() }],
        substitutions: vec![
            Substitution {
                name: "worker_arn".to_owned(),
                value: expr(ExprKind::FunctionArn(FunctionId(0)), Type::Arn, Stage::Apply),
                json: false,
            },
            Substitution { name: "network_subnets".to_owned(), value: subnets, json: true },
        ],
    }]
}

/// The module of a program with [`machines`].
pub(crate) fn module(program: &Program) -> Vec<super::File> {
    let (files, machines) = (files(), machines());
    let slots = [crate::plan::SlotValue {
        name: "encounters_bucket".to_owned(),
        value: raw(),
        streams: Vec::new(),
        local: None,
    }];
    super::module(program, &Parts { files: &files, machines: &machines, slots: &slots }).unwrap()
}
