//! `local.json`: one environment's values for what Terraform would fill in, and how opaque tasks run on a laptop.

mod streams;

use crate::asl::jsonata::{DeployValues, Deployed, Scope};
use crate::asl::{self, AslOutput};
use crate::evaluate::Evaluator;
use crate::plan::PlanOutput;
use crate::substitutions::{Encoding, Substitutions};
use flow_analysis::program::{Expr, ExprKind, Flow, Program, Step, TableId, Type};
use flow_diagnostics::FileSet;
use flow_plan::{
    LocalAbsence, LocalAwait, LocalFlow, LocalFunction, LocalParam, LocalRun, LocalShape, LocalTable, LocalTask, PLAN_VERSION, TableRole,
};
use indexmap::IndexMap;
use serde_json::Value as Json;

/// What a local run of the program needs. `env` is the environment, if the program has any.
pub fn local(
    program: &Program,
    files: &FileSet,
    env: Option<&str>,
    plan: &PlanOutput,
    machines: &[AslOutput],
    table: &Substitutions,
) -> LocalRun {
    let values = Evaluator::new(program, Some(env));
    let text = |expr: &Expr| values.text(expr).unwrap_or_default();
    LocalRun {
        version: PLAN_VERSION,
        env: env.map(str::to_owned),
        flows: program
            .flows
            .iter()
            .zip(machines)
            .filter(|(flow, _)| absence(flow, &values).is_none())
            .map(|(flow, machine)| (flow.name.clone(), local_flow(program, flow, machine, table, &values)))
            .collect(),
        absent: program.flows.iter().filter_map(|flow| Some((flow.name.clone(), absence(flow, &values)?))).collect(),
        slots: plan
            .slots
            .iter()
            .map(|slot| {
                // A name that is looked up by what stands behind its last `/`.
                let local = slot.local.as_ref().map(|name| format!("local/{name}"));
                (slot.name.clone(), local.unwrap_or_else(|| text(&slot.value)))
            })
            .collect(),
        functions: program
            .functions
            .iter()
            .filter(|function| function.stream.is_none())
            .map(|function| {
                let entry = LocalFunction {
                    name: function.name.clone(),
                    memory_mb: function.memory_mb,
                    timeout_s: function.timeout_s,
                };
                (values.function_arn(&function.name), entry)
            })
            .collect(),
        tables: program
            .tables
            .iter()
            .map(|table| {
                let entry = LocalTable {
                    bucket: text(&table.bucket),
                    prefix: text(&table.prefix).trim_matches('/').to_owned(),
                    role: match table.role {
                        flow_analysis::program::TableRole::Source => TableRole::Source,
                        flow_analysis::program::TableRole::Sink => TableRole::Sink,
                    },
                };
                (table.name.clone(), entry)
            })
            .collect(),
        secrets: program.secrets.iter().map(|secret| secret.name.clone()).collect(),
        streams: streams::streams(program, files, &values),
    }
}

/// Why there is no such flow in the environment, if there is none.
fn absence(flow: &Flow, values: &Evaluator<'_>) -> Option<LocalAbsence> {
    let guard = flow.when.as_ref()?;
    if values.condition(&guard.condition) != Some(false) {
        return None;
    }
    let mut named = IndexMap::new();
    guard.condition.walk(&mut |part| {
        let name = match &part.kind {
            ExprKind::Param(name) => name.clone(),
            ExprKind::EnvName => "env.name".to_owned(),
            _ => return,
        };
        if let Some(value) = values.value(part) {
            named.insert(name, value);
        }
    });
    Some(LocalAbsence { when: guard.text.clone(), values: named })
}

fn local_flow(
    program: &Program,
    flow: &Flow,
    machine: &AslOutput,
    table: &Substitutions,
    values: &Evaluator<'_>,
) -> LocalFlow {
    let holds = |toggles: &[(Expr, bool)]| {
        toggles.iter().all(|(toggle, value)| values.condition(toggle).unwrap_or(false) == *value)
    };
    let chosen = machine.variants.iter().find(|variant| holds(&variant.toggles)).or(machine.variants.first());
    LocalFlow {
        definition: chosen.map_or_else(String::new, |variant| variant.file.clone()),
        source_map: crate::source_map_file(&flow.name),
        arn: values.machine_arn(&flow.name),
        params: flow
            .params
            .iter()
            .filter_map(|param| {
                let variable = flow.variable(param.variable)?;
                Some(LocalParam {
                    name: variable.name.clone(),
                    ty: plain(&variable.ty).display(program),
                    optional: param.default.is_some() || variable.ty.is_optional(),
                    doc: param.doc.clone(),
                })
            })
            .collect(),
        substitutions: machine
            .substitutions
            .iter()
            .filter_map(|name| {
                let entry = table.get(name)?;
                let value = match entry.encoding {
                    Encoding::Text => values.text(&entry.expr).unwrap_or_default(),
                    Encoding::Json => values.value(&entry.expr).unwrap_or(Json::Null).to_string(),
                };
                Some((name.clone(), value))
            })
            .collect(),
        tasks: local_tasks(program, flow, values),
        awaits: flow
            .steps()
            .into_iter()
            .filter(|step| step.call.is_callback())
            .map(|step| (step.name.clone(), awaited(program, step)))
            .collect(),
    }
}

/// What a step waits for: its declared type, or, where its task makes the result of what comes back, whatever that is.
fn awaited(program: &Program, step: &Step) -> LocalAwait {
    let ty = if step.call.output.is_some() { &Type::Json } else { &step.call.ty };
    let mut text = ty.display(program);
    if let Type::Nominal { base, .. } = ty {
        text = format!("{text} = {}", base.display(program));
    }
    LocalAwait { ty: text, shape: shape(program, ty), raises: step.call.raises.clone() }
}

fn shape(program: &Program, ty: &Type) -> LocalShape {
    let inner = |ty: &Type| Box::new(shape(program, ty));
    match ty {
        Type::Bool => LocalShape::Bool,
        Type::Int | Type::Size => LocalShape::Int,
        Type::Float | Type::Duration | Type::Share => LocalShape::Number,
        Type::String | Type::Arn | Type::Bytes | Type::Decimal(..) => LocalShape::Text,
        Type::Date => LocalShape::Date,
        Type::Timestamp => LocalShape::Timestamp,
        Type::Literals(cases) => LocalShape::Literals(cases.to_vec()),
        Type::List(element) => LocalShape::List(inner(element)),
        Type::Map(value) => LocalShape::Map(inner(value)),
        Type::Optional(value) => LocalShape::Optional(inner(value)),
        Type::Nominal { base, .. } => shape(program, base),
        Type::Record(fields) => {
            LocalShape::Record(fields.iter().map(|(name, ty)| (name.clone(), shape(program, ty))).collect())
        }
        Type::Row(id) => {
            let fields = program.schema(*id).map(|schema| schema.fields.as_slice()).unwrap_or_default();
            LocalShape::Record(fields.iter().map(|field| (field.name.clone(), shape(program, &field.ty))).collect())
        }
        _ => LocalShape::Any,
    }
}

/// Tasks that have a way to run on a laptop, by their state's name.
/// A type without its name: what is written for a value of it here is read as one of what it stands for.
fn plain(ty: &Type) -> Type {
    match ty {
        Type::Nominal { base, .. } => plain(base),
        Type::Optional(inner) => Type::Optional(Box::new(plain(inner))),
        Type::List(element) => Type::List(Box::new(plain(element))),
        other => other.clone(),
    }
}

fn local_tasks(program: &Program, flow: &Flow, values: &Evaluator<'_>) -> IndexMap<String, LocalTask> {
    let mut tasks = IndexMap::new();
    let variables = asl::variables(flow);
    for step in flow.steps() {
        if let Some(task) = local_task(program, step, &variables, values) {
            tasks.insert(step.name.clone(), task);
        }
    }
    tasks
}

fn local_task(program: &Program, step: &Step, variables: &[String], values: &Evaluator<'_>) -> Option<LocalTask> {
    let local = step.call.local.as_ref()?;
    let name = |id: TableId| program.table(id).map_or_else(String::new, |table| table.name.clone());
    let mut deploy = Known(values);
    let mut scope = Scope { variables, instead: Vec::new(), tables: &name, deploy: &mut deploy };
    Some(LocalTask {
        task: step.call.task.clone(),
        kind: "python".to_owned(),
        packages: local.packages.clone(),
        arguments: asl::tree(&local.arguments, "arguments", &mut scope),
        reads: step.call.reads.iter().map(|id| name(*id)).collect(),
        writes: step.call.writes.iter().map(|id| name(*id)).collect(),
    })
}

/// In local runs the arguments hold the values themselves.
pub(crate) struct Known<'a>(pub &'a Evaluator<'a>);

impl DeployValues for Known<'_> {
    fn value(&mut self, expr: &Expr, _: &str) -> Deployed {
        Deployed::Known(self.0.value(expr).unwrap_or(Json::Null))
    }

    fn whole(&mut self, _: &Expr, _: &str) -> Option<String> {
        None
    }
}
