//! Rules over programs built by hand: each rule with what it refuses and, as often, what it must let pass.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::fixture::*;
use crate::graph::{Edge, FlowGraph, Node};
use crate::program::*;

/// `in` → a → b, each step after what it reads.
fn clean() -> Vec<Statement> {
    vec![run(step("first", &[3], &[0])), run(step("second", &[0], &[1]))]
}

#[test]
fn a_plain_flow_is_clean() {
    assert!(messages(&with(flow(clean()))).is_empty());
}

#[test]
fn statements_after_the_end() {
    let mut body = clean();
    body.push(fail());
    body.push(run(step("late", &[3], &[2])));
    assert_eq!(messages(&with(flow(body))), ["0501 step `late` can never run"]);

    let ended = guarded(vec![run(step("x", &[3], &[0])), finish()], vec![(&[], vec![fail()])]);
    assert_eq!(codes(&with(flow(vec![ended, run(step("late", &[], &[2]))]))), [501]);

    // `continue` goes on after the `try`.
    let goes_on = guarded(
        vec![run(step("x", &[3], &[0])), finish()],
        vec![(&[], vec![Statement::Continue { span: at() }])],
    );
    assert!(codes(&with(flow(vec![goes_on, run(step("late", &[], &[2]))]))).is_empty());
}

#[test]
fn handlers_that_never_run() {
    let idle = guarded(vec![fail()], vec![(&[], vec![fail()])]);
    assert_eq!(codes(&with(flow(vec![idle]))), [502]);

    let hidden = guarded(vec![run(step("x", &[3], &[0]))], vec![
        (&[], vec![fail()]),
        (&["Flow.StoreFailed"], vec![fail()]),
    ]);
    assert_eq!(codes(&with(flow(vec![hidden]))), [504]);

    let typo = guarded(vec![run(step("x", &[3], &[0]))], vec![(&["Flow.StoreFaild"], vec![fail()])]);
    assert_eq!(messages(&with(flow(vec![typo]))), ["0503 no step in this `try` raises `Flow.StoreFaild`"]);

    for always in ["States.Timeout", "States.TaskFailed", "Lambda.Unknown", "Sandbox.Timedout"] {
        let fine = guarded(vec![run(step("x", &[3], &[0]))], vec![(&[always], vec![fail()])]);
        assert!(codes(&with(flow(vec![fine]))).is_empty(), "{always}");
    }
    let never = guarded(vec![run(step("x", &[3], &[0]))], vec![(&["States.Runtime"], vec![fail()])]);
    assert_eq!(codes(&with(flow(vec![never]))), [505]);

    // A function of someone else raises what it likes.
    let mut foreign = step("x", &[], &[]);
    foreign.call.function = None;
    let fine = guarded(vec![run(foreign)], vec![(&["TheirError"], vec![fail()])]);
    assert!(codes(&with(flow(vec![fine]))).is_empty());
}

#[test]
fn failures_that_end_as_success() {
    let mut quiet = flow(clean());
    quiet.on_failure = Some(handler(vec![run(step("alert", &[], &[])), finish()]));
    assert_eq!(codes(&with(quiet)), [511]);

    let mut loud = flow(clean());
    loud.on_failure = Some(handler(vec![run(step("alert", &[], &[])), fail()]));
    assert!(codes(&with(loud)).is_empty());

    let broad = guarded(vec![run(step("x", &[3], &[0]))], vec![(&[], vec![finish()])]);
    assert_eq!(codes(&with(flow(vec![broad]))), [511]);
    let chosen = guarded(vec![run(step("x", &[3], &[0]))], vec![(&["Flow.StoreFailed"], vec![finish()])]);
    assert!(codes(&with(flow(vec![chosen]))).is_empty());
}

#[test]
fn tables_before_their_rows() {
    let late = flow(vec![run(step("reader", &[0], &[1])), run(step("writer", &[3], &[0]))]);
    assert_eq!(messages(&with(late)), ["0507 step `reader` reads `a` before `writer` writes it"]);

    let never = flow(vec![run(step("reader", &[0], &[1]))]);
    assert_eq!(messages(&with(never)), ["0506 `a` is read, but no step of this program writes it"]);

    // Another flow fills it.
    let mut two = with(flow(vec![run(step("reader", &[0], &[1]))]));
    two.flows.push(Flow { name: "g".to_owned(), ..flow(vec![run(step("writer", &[3], &[0]))]) });
    assert!(codes(&two).is_empty());

    // Another partition: yesterday's.
    let mut reader = step("reader", &[], &[1]);
    reader.call.reads.push(TableId(0));
    let yesterday = ExprKind::Table(TablePlace {
        table: TableId(0),
        partitions: vec![("dt".to_owned(), text("yesterday"))],
    });
    reader.call.arguments = expr(ExprKind::List(vec![expr(yesterday)]));
    let mut writer = step("writer", &[3], &[]);
    writer.call.writes.push(TableId(0));
    let today = ExprKind::Target(TargetPlace {
        table: TableId(0),
        replace: TargetReplace::Named(vec![("dt".to_owned(), text("today"))]),
    });
    writer.call.arguments = expr(ExprKind::List(vec![expr(today)]));
    assert!(codes(&with(flow(vec![run(reader), run(writer)]))).is_empty());
}

#[test]
fn tables_into_themselves() {
    assert_eq!(codes(&with(flow(vec![run(step("first", &[3], &[0])), run(step("again", &[0], &[0]))]))), [509]);
    let mut copy = step("again", &[0], &[0]);
    copy.call.task = "copy".to_owned();
    assert_eq!(codes(&with(flow(vec![run(step("first", &[3], &[0])), run(copy)]))), [508]);
}

#[test]
fn retries() {
    let mut once = step("x", &[3], &[0]);
    once.call.idempotent = false;
    assert!(codes(&with(flow(vec![run(once.clone())]))).is_empty());
    once.retry = vec![retry(2)];
    assert_eq!(messages(&with(flow(vec![run(once)]))), ["0510 step `x` is retried, but `run` is not idempotent"]);

    for rule in [
        RetryRule { interval_s: 0, ..retry(1) },
        RetryRule { backoff: 0.5, ..retry(1) },
        RetryRule { max_delay_s: Some(2), ..retry(1) },
        RetryRule { max_delay_s: Some(31_622_400), ..retry(1) },
        RetryRule { attempts: 100_000_000, interval_s: 1, ..retry(1) },
    ] {
        let mut bad = step("x", &[3], &[0]);
        bad.retry = vec![rule];
        assert_eq!(codes(&with(flow(vec![run(bad)]))), [616]);
    }
}

#[test]
fn schedules() {
    let scheduled = |expression: &str, zone: &str| {
        let mut flow = flow(clean());
        flow.timeout_s = Some(1_800);
        flow.triggers.push(trigger(expression, zone));
        codes(&with(flow))
    };
    assert!(scheduled("cron(0 2 * * ? *)", "UTC").is_empty());
    assert_eq!(scheduled("cron(0 2 * * *)", "UTC"), [602]);
    assert_eq!(scheduled("cron(0 25 * * ? *)", "UTC"), [603]);
    assert_eq!(scheduled("cron(0 2 * * * *)", "UTC"), [604]);
    assert_eq!(scheduled("cron(0 2 30 2 ? *)", "UTC"), [605]);
    assert_eq!(scheduled("daily", "UTC"), [606]);
    assert_eq!(scheduled("rate(30 seconds)", "UTC"), [607]);
    assert_eq!(scheduled("cron(0 2 * * ? *)", "Berlin"), [608]);
    assert_eq!(scheduled("cron(30 2 * * ? *)", "Europe/Berlin"), [609]);
    assert!(scheduled("cron(0 * * * ? *)", "Europe/Berlin").is_empty());
    assert!(scheduled("cron(30 4 * * ? *)", "Europe/Berlin").is_empty());
}

#[test]
fn a_schedule_is_checked_with_the_value_of_each_environment() {
    let mut flow = flow(clean());
    flow.timeout_s = Some(1_800);
    flow.triggers.push(trigger("", "UTC"));
    flow.triggers[0].schedule.expression = expr(ExprKind::Text(vec![
        TextPart::Text("cron(".to_owned()),
        TextPart::Expr(expr(ExprKind::Param("when".to_owned()))),
        TextPart::Text(")".to_owned()),
    ]));
    let mut program = with(flow);
    for (name, value) in [("dev", "0 2 * * ? *"), ("prod", "0 2 * * *")] {
        let values = vec![("when".to_owned(), text(value))];
        program.envs.push(Env { name: name.to_owned(), values, span: at() });
    }
    assert_eq!(codes(&program), [602]);
}

#[test]
fn durations() {
    let mut long = step("x", &[3], &[0]);
    long.retry = vec![retry(4)];
    let mut short = flow(vec![run(long.clone())]);
    short.timeout_s = Some(3_600);
    assert_eq!(messages(&with(short)), [
        "0619 step `x` may need 1h 15m 30s with its retries, but the whole flow is stopped after 1h"
    ]);
    // Several steps that could not all use all their retries: not judged.
    let mut sane = flow(vec![run(long.clone()), run(Step { name: "y".to_owned(), ..long.clone() })]);
    sane.timeout_s = Some(7_200);
    sane.triggers.push(trigger("cron(0 2 * * ? *)", "UTC"));
    assert!(codes(&with(sane)).is_empty());

    let mut often = flow(vec![run(long)]);
    often.triggers.push(trigger("rate(1 hour)", "UTC"));
    assert_eq!(messages(&with(often.clone())), [
        "0620 executions of `f` may overlap: it may take 1h 15m 30s, and starts every 1h"
    ]);
    often.timeout_s = Some(31_536_001);
    assert!(codes(&with(often)).contains(&618));
}

#[test]
fn heartbeats() {
    let beating = |seconds| {
        let step = Step { heartbeat: Some(int(seconds)), ..step("x", &[3], &[0]) };
        codes(&with(flow(vec![run(step)])))
    };
    assert!(beating(60).is_empty());
    assert_eq!(beating(900), [622]);
}

#[test]
fn functions() {
    let outlives = Step { timeout: int(1_200), ..step("x", &[3], &[0]) };
    assert_eq!(codes(&with(flow(vec![run(outlives)]))), [613]);
    let mut program = with(flow(clean()));
    program.functions[0].timeout_s = 1_200;
    program.functions[0].memory_mb = 20_480;
    program.functions[0].storage_mb = 100;
    assert_eq!(codes(&program), [610, 611, 612]);
}

#[test]
fn fargate_pairs() {
    let definition = |cpu: &str, memory: &str| {
        let mut program = with(flow(clean()));
        let compatibilities = expr(ExprKind::List(vec![text("FARGATE")]));
        program.resources.push(Resource {
            each: None,
            when: None,
            kind: ResourceKind::Aws {
                ty: "aws_ecs_task_definition".to_owned(),
                body: vec![
                    Entry::Attribute("requires_compatibilities".to_owned(), compatibilities),
                    Entry::Attribute("cpu".to_owned(), text(cpu)),
                    Entry::Attribute("memory".to_owned(), text(memory)),
                ],
            },
            name: "d".to_owned(),
            doc: None,
            span: at(),
        });
        messages(&program)
    };
    assert!(definition("1024", "2048").is_empty());
    assert_eq!(definition("1024", "512"), ["0614 Fargate has no task with 1 vCPU and 512MB"]);
    assert_eq!(definition("3072", "8192"), ["0614 Fargate has no task with 3 vCPU"]);
}

#[test]
fn overrides_and_policies() {
    let mut large = step("x", &[], &[]);
    large.call.resource = "arn:aws:states:::ecs:runTask.sync".to_owned();
    large.call.function = None;
    large.call.statements = vec![PolicyStatement {
        actions: vec!["ecs:RunTask".to_owned(), "iam:PassRole".to_owned()],
        resources: vec![text("arn:aws:ecs:eu-west-1:1:task-definition/x")],
        conditions: Vec::new(),
        cause: super::fixture::at(),
    }];
    large.call.arguments = expr(ExprKind::Record(vec![("Overrides".to_owned(), text(&"x".repeat(9_000)))]));
    assert_eq!(codes(&with(flow(vec![run(large.clone())]))), [615, 712]);
    large.call.statements.push(PolicyStatement {
        actions: vec!["events:PutTargets".to_owned(), "events:PutRule".to_owned(), "events:DescribeRule".to_owned()],
        resources: vec![text("arn:aws:events:eu-west-1:1:rule/StepFunctionsGetEventsForECSTaskRule")],
        conditions: Vec::new(),
        cause: super::fixture::at(),
    });
    assert_eq!(codes(&with(flow(vec![run(large)]))), [615]);

    let mut wide = step("x", &[3], &[0]);
    for at in 0..200 {
        wide.call.statements.push(PolicyStatement {
            actions: vec!["s3:GetObject".to_owned()],
            resources: vec![text(&format!("arn:aws:s3:::bucket-{at}/*"))],
            conditions: Vec::new(),
            cause: super::fixture::at(),
        });
    }
    assert_eq!(codes(&with(flow(vec![run(wide)]))), [621]);
}

#[test]
fn names() {
    let long = step(&"x".repeat(81), &[3], &[0]);
    assert_eq!(codes(&with(flow(vec![run(long)]))), [601]);
}

#[test]
fn places() {
    let place = |bucket: &str, prefix: &str| {
        let mut program = with(flow(clean()));
        program.tables.push(table("z", TableRole::Sink, text(bucket), prefix));
        messages(&program)
    };
    assert!(place("bucket", "ab").is_empty());
    assert!(place("elsewhere", "a").is_empty());
    assert_eq!(place("bucket", "a"), ["0512 `a` and `z` lie at the same place: `a`"]);
    assert_eq!(place("bucket", "a/b"), ["0512 `z` lies inside of `a`: `a/b`"]);

    // The same parameter is the same bucket, whatever its value; a source at a sink's place is right.
    let mut program = with(flow(clean()));
    let bucket = || expr(ExprKind::Param("raw".to_owned()));
    program.tables.push(table("y", TableRole::Sink, bucket(), "m"));
    program.tables.push(table("z", TableRole::Source, bucket(), "m"));
    assert!(messages(&program).is_empty());
    program.tables.push(table("x", TableRole::Source, bucket(), "m/n"));
    assert_eq!(messages(&program), ["0512 `x` lies inside of `y`: `m/n`"]);
}

#[test]
fn what_tables_hold() {
    let mut program = with(flow(clean()));
    let partition = |ty: Type| Partition { name: "k".to_owned(), ty, in_schema: false, span: at() };
    program.tables[0].partitions.push(partition(Type::Float));
    program.tables[1].partitions.push(partition(Type::Date));
    assert_eq!(codes(&program), [514]);

    let mut program = with(flow(clean()));
    program.schemas[0].fields.push(SchemaField {
        name: "tags".to_owned(),
        ty: Type::List(Box::new(Type::String)),
        key: false,
        pii: false,
        doc: None,
        default: None,
        span: at(),
    });
    program.tables[1].format = TableFormat::Csv { header: true, separator: ',', quote: '"' };
    assert_eq!(messages(&program), ["0515 `b` is CSV, which has no form for `tags`"]);

    let mut program = with(flow(clean()));
    program.tables[0].catalog = Some(Catalog { database: text("dpcMart"), table: text("a"), read: Vec::new(), projected: None });
    assert_eq!(messages(&program), ["0516 Athena cannot read a database named `dpcMart`"]);

    let mut program = with(flow(clean()));
    program.tables[3].invalid =
        InvalidPolicy::Quarantine { bucket: text("bucket"), prefix: text("a/bad"), write: Vec::new() };
    assert_eq!(messages(&program), ["0513 the quarantine of `in` lies inside of `a`"]);
}

#[test]
fn the_graph_of_a_flow() {
    let mut undone = flow(vec![
        run(step("first", &[3], &[0])),
        guarded(vec![run(step("second", &[0], &[1]))], vec![(&["Flow.StoreFailed"], vec![
            run(step("undo", &[], &[0])),
            fail(),
        ])]),
        run(step("third", &[1], &[2])),
    ]);
    undone.on_failure = Some(handler(vec![run(step("alert", &[], &[])), fail()]));
    let program = with(undone);
    let graph = FlowGraph::of(&program, &program.flows[0]);
    let node = |name: &str| graph.step(name).unwrap();
    assert!(graph.leads_to(node("first"), node("third")));
    assert!(graph.leads_to(node("second"), node("undo")));
    assert!(graph.leads_to(node("undo"), node("alert")));
    assert!(!graph.leads_to(node("third"), node("undo")));
    assert!(!graph.leads_to(node("first"), node("first")));
    assert_eq!(graph.writers(TableId(0)), [node("first"), node("undo")]);
    assert_eq!(graph.readers(TableId(0)), [node("second")]);
    let mut shown = Vec::new();
    for edge in graph.graph.edge_indices() {
        let (from, to) = graph.graph.edge_endpoints(edge).unwrap();
        let name = |at| match &graph.graph[at] {
            Node::Start => "start".to_owned(),
            Node::Step { name, .. } | Node::Table { name, .. } => name.clone(),
            Node::Fail { .. } => "fail".to_owned(),
            Node::Succeed { .. } => "succeed".to_owned(),
            Node::Parallel { name, .. } | Node::Each { name, .. } => name.clone(),
            Node::Join { name } => format!("end of {name}"),
            Node::Poll { .. } | Node::Choice { .. } | Node::Wait { .. } => "other".to_owned(),
        };
        let kind = match &graph.graph[edge] {
            Edge::Then => "then".to_owned(),
            Edge::Arm(_) => "when true".to_owned(),
            Edge::When(holds) => format!("when {holds}"),
            Edge::Catch(errors) => format!("catch {}", errors.join(", ")),
            Edge::Reads => "reads".to_owned(),
            Edge::Branch(name) => format!("branch {name}"),
            Edge::Again => "again".to_owned(),
            Edge::Writes => "writes".to_owned(),
        };
        shown.push(format!("{} -{kind}-> {}", name(from), name(to)));
    }
    assert_eq!(shown, [
        "start -then-> first",
        "first -then-> second",
        "second -catch Flow.StoreFailed-> undo",
        "undo -then-> fail",
        "second -then-> third",
        "first -catch -> alert",
        "undo -catch -> alert",
        "second -catch -> alert",
        "third -catch -> alert",
        "fail -catch -> alert",
        "alert -then-> fail",
        "third -then-> succeed",
        "first -writes-> a",
        "a -reads-> second",
        "undo -writes-> a",
        "second -writes-> b",
        "b -reads-> third",
        "third -writes-> c",
        "in -reads-> first",
    ]);
}
