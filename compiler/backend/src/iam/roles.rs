//! The roles of a program: one for each function, each flow, each scheduled flow, and those that constructs ask for.

use super::{Document, Places, Statement};
use crate::terraform::existence::{attribute, condition, schedule_role_guard};
use crate::terraform::hcl::{Part, binary, string, text};
use crate::terraform::{Scope, Unlowered, fact_path};
use flow_analysis::limits::ROLE_NAME;
use flow_analysis::program::{
    AwsFact, Expr, Facts, Flow, Function, FunctionId, Guard, InvalidPolicy, Items, Log, PolicyStatement, Program, ResourceKind,
    Statement as FlowStatement, Step, Table, TableId, walk_statements,
};
use hcl_edit::expr::{BinaryOperator, Expression};

/// A role with one inline policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its label in Terraform.
    pub label: String,
    /// Its name in AWS.
    pub name: Expression,
    /// The service that assumes it: `lambda.amazonaws.com`.
    pub service: String,
    /// What it is for.
    pub doc: String,
    /// What it may do.
    pub document: Document,
    /// Where it exists, if not everywhere.
    pub when: Option<Expr>,
    /// Whether the program is given the role of others: then only the document says what it needs.
    pub of_others: bool,
}

/// Every role of the program, functions' first, then flows', schedules', and those of constructs.
///
/// # Errors
/// A statement whose resources are not of the deploy stage.
pub fn roles(scope: &Scope<'_>, places: &Places<'_>) -> Result<Vec<Role>, Unlowered> {
    let program = scope.program();
    let mut roles = Vec::new();
    for (index, function) in program.functions.iter().enumerate() {
        roles.extend(function_role(scope, places, index, function)?);
    }
    for (index, flow) in program.flows.iter().enumerate() {
        roles.extend(flow_role(scope, places, index, flow)?);
        roles.extend(schedule_role(scope, places, index, flow)?);
    }
    for resource in &program.resources {
        let ResourceKind::Role { role_name, service, statements } = &resource.kind else { continue };
        if resource.when.as_ref().is_some_and(Guard::never) {
            continue;
        }
        let when = condition(&resource.when).cloned();
        let facts = Facts::of(when.as_ref());
        let mut document = Document::default();
        for statement in statements {
            document.add(Statement::from_program(scope, statement, None, places, &facts)?);
        }
        // Names of constructs are const; another one is used as it is.
        let name = match scope.expression(role_name)? {
            Expression::String(name) => scope.names.role(&name),
            other => text([Part::Value(scope.names.role("")), Part::Value(other)]),
        };
        roles.push(Role {
            label: resource.name.clone(),
            name,
            service: service.clone(),
            doc: resource
                .doc
                .clone()
                .map_or_else(|| places.words(resource.span), |doc| format!("{doc}\n{}", places.words(resource.span))),
            document,
            when,
            of_others: false,
        });
    }
    Ok(roles)
}

/// What a function needs to attach itself to a network.
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html (2026-11)
const ATTACHING: [&str; 6] = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
];

fn function_role(
    scope: &Scope<'_>,
    places: &Places<'_>,
    index: usize,
    function: &Function,
) -> Result<Option<Role>, Unlowered> {
    let id = FunctionId(u32::try_from(index).unwrap_or(u32::MAX));
    let Some(names) = scope.names.function(id).filter(|_| !scope.function_never(id)) else { return Ok(None) };
    let program = scope.program();
    let when = scope.function_guard(id);
    let facts = Facts::of(when.as_ref());
    let mut document = Document::default();
    // What a table that may not exist allows, goes with it.
    let mut allow = |table: &Table, statement: &PolicyStatement, cause: String| -> Result<(), Unlowered> {
        let own = condition(&table.when).filter(|own| !facts.implies(own));
        let facts = own.map_or_else(|| facts.clone(), |own| facts.with(own, true));
        let mut made = Statement::from_program(scope, statement, Some(cause), places, &facts)?;
        if let Some(own) = own {
            let own = scope.expression(own)?;
            made.guard = Some(match made.guard {
                Some(guard) => binary(own, BinaryOperator::And, guard),
                None => own,
            });
        }
        document.add(made);
        Ok(())
    };
    let users = |table: TableId, pick: fn(&Step) -> &[TableId]| step_names(program, id, table, pick);
    for table_id in &function.reads {
        let Some(table) = program.table(*table_id) else { continue };
        let cause = cause(places, table, "read by", &users(*table_id, |step| &step.call.reads));
        for statement in &table.read {
            allow(table, statement, cause.clone())?;
        }
        if let InvalidPolicy::Quarantine { write, .. } = &table.invalid {
            let cause = format!("{}: its bad records", places.words(table.span));
            for statement in write {
                allow(table, statement, cause.clone())?;
            }
        }
    }
    for table_id in &function.writes {
        let Some(table) = program.table(*table_id) else { continue };
        let cause = cause(places, table, "written by", &users(*table_id, |step| &step.call.writes));
        for statement in table.write.iter().chain(&table.read) {
            allow(table, statement, cause.clone())?;
        }
    }
    for statement in &function.statements {
        document.add(Statement::from_program(scope, statement, None, places, &facts)?);
    }
    if function.network.is_some() {
        document.add(Statement::new(ATTACHING, vec![string("*")], "attaching itself to the network"));
    }
    let logs = attribute("aws_cloudwatch_log_group", &names.logs, when.is_some(), ["arn"]);
    document.add(Statement::new(
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        vec![text([Part::Value(logs), ":*".into()])],
        "its own log group",
    ));
    document.add(Statement::new(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], vec![string("*")], "traces"));
    Ok(Some(Role {
        label: names.role.clone(),
        name: scope.names.role(&format!("{}-function", function.name)),
        service: "lambda.amazonaws.com".to_owned(),
        doc: match &function.stream {
            Some(stream) => format!("Stream `{stream}`: what it reads, writes and sends to, and nothing else."),
            None => format!("Function `{}`: the tables and secrets of its steps, and no others.", function.name),
        },
        document,
        when,
        of_others: false,
    }))
}

fn cause(places: &Places<'_>, table: &Table, verb: &str, steps: &[String]) -> String {
    let place = places.words(table.span);
    if steps.is_empty() { place } else { format!("{place}: {verb} {}", steps.join(", ")) }
}

/// Steps of a function that touch a table, as `step` or, where the program has several flows, `flow.step`.
fn step_names(program: &Program, id: FunctionId, table: TableId, pick: fn(&Step) -> &[TableId]) -> Vec<String> {
    let several = program.flows.len() > 1;
    let stream = program.function(id).and_then(|function| function.stream.as_ref());
    let mut names: Vec<String> = stream.map(|stream| format!("stream {stream}")).into_iter().collect();
    for flow in &program.flows {
        for_each_step(flow, &mut |step| {
            if step.call.function == Some(id) && pick(step).contains(&table) {
                names.push(if several { format!("{}.{}", flow.name, step.name) } else { step.name.clone() });
            }
        });
    }
    names
}

fn flow_role(scope: &Scope<'_>, places: &Places<'_>, index: usize, flow: &Flow) -> Result<Option<Role>, Unlowered> {
    let Some(names) = scope.names.flow(index) else { return Ok(None) };
    let when = condition(&flow.when).cloned();
    let facts = Facts::of(when.as_ref());
    let mut document = Document::default();
    let mut failure = None;
    for_each_step(flow, &mut |step| {
        let cause = format!("{} step {}", places.line(step.name_span), step.name);
        if let Some((id, function)) = step.call.function.and_then(|id| Some((id, scope.names.function(id)?))) {
            let counted = scope.function_guard(id).is_some();
            let arn = attribute("aws_lambda_function", &function.function, counted, ["arn"]);
            document.add(Statement::new(["lambda:InvokeFunction"], vec![arn], cause.clone()));
        }
        for statement in &step.call.statements {
            match Statement::from_program(scope, statement, Some(cause.clone()), places, &facts) {
                Ok(statement) => document.add(statement),
                Err(error) => failure = Some(error),
            }
        }
    });
    if let Some(error) = failure {
        return Err(error);
    }
    loops(scope, places, flow, &mut document)?;
    // https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html (2026-09)
    let log = Statement::new(
        [
            "logs:CreateLogDelivery",
            "logs:GetLogDelivery",
            "logs:UpdateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:DescribeResourcePolicies",
            "logs:DescribeLogGroups",
        ],
        vec![string("*")],
        "delivery of its log",
    );
    if flow.own.log != Log::Off {
        document.add(log);
    }
    document.add(Statement::new(
        ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"],
        vec![string("*")],
        "traces",
    ));
    Ok(Some(Role {
        label: names.role.clone(),
        name: role_name(scope, flow, "flow")?,
        service: "states.amazonaws.com".to_owned(),
        doc: format!("Flow `{}`: starts what its steps name.", flow.name),
        document,
        when,
        of_others: flow.own.role.is_some(),
    }))
}

fn schedule_role(scope: &Scope<'_>, places: &Places<'_>, index: usize, flow: &Flow) -> Result<Option<Role>, Unlowered> {
    let Some(names) = scope.names.flow(index) else { return Ok(None) };
    let mut document = Document::default();
    for trigger in &flow.triggers {
        document.add(Statement::new(
            ["states:StartExecution"],
            vec![attribute("aws_sfn_state_machine", &names.machine, names.counted, ["arn"])],
            places.words(trigger.span),
        ));
        if let Some(queue) = &trigger.schedule.dead_letter {
            let cause = format!("{}: starts that were given up", places.words(trigger.schedule.span));
            let mut given_up = Statement::new(["sqs:SendMessage"], vec![scope.expression(queue)?], cause);
            let facts = Facts::of(condition(&flow.when));
            let schedule = condition(&trigger.schedule.when).filter(|schedule| !facts.implies(schedule));
            given_up.guard = schedule.map(|schedule| scope.expression(schedule)).transpose()?;
            document.add(given_up);
        }
    }
    let name = role_name(scope, flow, "schedule")?;
    Ok((!document.is_empty()).then(|| Role {
        label: names.schedule_role.clone(),
        name,
        service: "scheduler.amazonaws.com".to_owned(),
        doc: format!("Schedules of flow `{}`: start it, nothing else.", flow.name),
        document,
        when: schedule_role_guard(flow),
        of_others: false,
    }))
}

/// A flow's role goes by the name that the program gives its state machine, else by the policy for roles.
fn role_name(scope: &Scope<'_>, flow: &Flow, thing: &str) -> Result<Expression, Unlowered> {
    match &flow.own.name {
        Some(_) => scope.machine_thing(flow, thing, &ROLE_NAME),
        None => Ok(scope.names.role(&format!("{}-{thing}", flow.name))),
    }
}

/// Calls a function for every step of a flow, those of `on failure` first.
fn for_each_step<'f>(flow: &'f Flow, visit: &mut dyn FnMut(&'f Step)) {
    for_each_statement(flow, &mut |statement| {
        if let FlowStatement::Step(step) = statement {
            visit(step);
        }
    });
}

/// Calls a function for every statement of a flow, those of `on failure` first.
fn for_each_statement<'f>(flow: &'f Flow, visit: &mut dyn FnMut(&'f FlowStatement)) {
    if let Some(handler) = &flow.on_failure {
        walk_statements(&handler.body, visit);
    }
    walk_statements(&flow.body, visit);
}

/// What Step Functions reads for a `for` by itself, and what a distributed Map takes: it starts executions of its own
/// state machine, whose ARN is written out, since the machine waits for this policy.
/// https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html (2026-09)
fn loops(scope: &Scope<'_>, places: &Places<'_>, flow: &Flow, document: &mut Document) -> Result<(), Unlowered> {
    let facts = Facts::of(condition(&flow.when));
    let machine = scope.machine_name(flow)?;
    let mut failure = None;
    for_each_statement(flow, &mut |statement| {
        let FlowStatement::For(of) = statement else { return };
        let cause = format!("{} step {}", places.line(of.head.name_span), of.head.name);
        if let Items::Reader(reader) = &of.items {
            for statement in &reader.statements {
                match Statement::from_program(scope, statement, Some(cause.clone()), places, &facts) {
                    Ok(statement) => document.add(statement),
                    Err(error) => failure = Some(error),
                }
            }
        }
        if of.distributed {
            let arn = |kind: &str, end: &str| {
                text([
                    "arn:".into(),
                    Part::Value(fact_path(AwsFact::Partition)),
                    ":states:".into(),
                    Part::Value(fact_path(AwsFact::Region)),
                    ":".into(),
                    Part::Value(account()),
                    Part::Text(format!(":{kind}:")),
                    Part::Value(machine.clone()),
                    Part::Text(end.to_owned()),
                ])
            };
            document.add(Statement::new(["states:StartExecution"], vec![arn("stateMachine", "")], cause.clone()));
            document.add(Statement::new(
                ["states:DescribeExecution", "states:StopExecution"],
                vec![arn("execution", ":*"), arn("execution", "/*:*")],
                cause,
            ));
        }
    });
    failure.map_or(Ok(()), Err)
}

/// The account, for conditions on who assumes a role.
pub(crate) fn account() -> Expression {
    fact_path(AwsFact::Account)
}
