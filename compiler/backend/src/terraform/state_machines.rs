//! `state_machines.tf`: each flow's state machine, its log group, and the values that fill its definition.

use super::existence::{attribute, condition};
use super::files::Draft;
use super::hcl::{BodyExt, Part, block, call, choose, ident, index, list, member, object, path, string, text, var};
use super::names::FlowNames;
use super::{Machine, Scope, Unlowered};
use flow_analysis::limits::{Limit, MACHINE_NAME};
use flow_analysis::program::{Facts, Flow, Log};
use hcl_edit::expr::{Expression, ForExpr, ForIntro};

pub(crate) fn state_machines(scope: &Scope<'_>, machines: &[Machine]) -> Result<Draft, Unlowered> {
    let mut draft = Draft::new("state_machines.tf", "");
    for (index, flow) in scope.program().flows.iter().enumerate() {
        let machine = machines.iter().find(|machine| machine.flow == flow.name);
        if let (Some(names), Some(machine)) = (scope.names.flow(index), machine) {
            add(scope, &mut draft, flow, names, machine)?;
        }
    }
    Ok(draft)
}

fn add(
    scope: &Scope<'_>,
    draft: &mut Draft,
    flow: &Flow,
    names: &FlowNames,
    machine: &Machine,
) -> Result<(), Unlowered> {
    let name = scope.machine_name(flow)?;
    let values = format!("{}_values", names.machine);
    let definition = file(scope, draft, names, machine)?;
    let guard = condition(&flow.when);
    let facts = Facts::of(guard);
    let filled = if machine.substitutions.is_empty() {
        object::<&str>([])
    } else {
        let table = machine.substitutions.iter().map(|entry| {
            let value = scope.value_or(&entry.value, &facts, Expression::null())?;
            Ok((&entry.name, if entry.json { call("jsonencode", [value]) } else { value }))
        });
        let table = object(table.collect::<Result<Vec<_>, Unlowered>>()?);
        let mut locals = block("locals", &[]);
        locals.body.set(&values, scope.guarded(table, guard, Expression::null())?);
        draft.body.add_with(
            &format!("Deploy values of flow `{}`: each fills the string `${{name}}` of its definition.", flow.name),
            locals,
        );
        escaped(&values)
    };

    let mut resource = block("resource", &["aws_sfn_state_machine", &names.machine]);
    let body = &mut resource.body;
    scope.count(body, guard)?;
    body.set("name", name.clone());
    body.set("role_arn", match &flow.own.role {
        Some(role) => scope.expression(role)?,
        None => attribute("aws_iam_role", &names.role, names.counted, ["arn"]),
    });
    body.set("type", string(if flow.express { "EXPRESS" } else { "STANDARD" }));
    let note = if machine.substitutions.is_empty() {
        "The definition names no deploy values."
    } else {
        "Values go in as the inside of a JSON string, so that quotes and backslashes stay what they are."
    };
    body.set_with(note, "definition", call("templatefile", [definition, filled]));
    let logs = flow.own.log != Log::Off;
    if logs {
        let mut logging = block("logging_configuration", &[]);
        logging.body.set("level", string(&flow.own.log.word().to_ascii_uppercase()));
        logging.body.set_with(
            "Inputs and results of states may hold what the log's readers should not see.",
            "include_execution_data",
            false,
        );
        let group = attribute("aws_cloudwatch_log_group", &names.logs, names.counted, ["arn"]);
        logging.body.set("log_destination", text([group.into(), ":*".into()]));
        body.add(logging);
    }
    let mut tracing = block("tracing_configuration", &[]);
    tracing.body.set("enabled", true);
    body.add(tracing);
    if let Some(tags) = &flow.own.tags {
        body.set("tags", scope.expression(tags)?);
    }
    if flow.own.role.is_none() {
        body.set_with(
            "Step Functions tries the log's permissions when the state machine is created.",
            "depends_on",
            list([path(["aws_iam_role_policy", &names.role])]),
        );
    }
    let doc = flow.doc.as_deref().map(|doc| format!("\n{doc}")).unwrap_or_default();
    draft.body.add_with(&format!("Flow `{}`{doc}", flow.name), resource);

    if !logs {
        return Ok(());
    }
    // Groups of this prefix are spared CloudWatch's limit on resource policies.
    let mut group = block("resource", &["aws_cloudwatch_log_group", &names.logs]);
    scope.count(&mut group.body, guard)?;
    group.body.set("name", text(["/aws/vendedlogs/states/".into(), name.into()]));
    group.body.set("retention_in_days", var(&scope.names.variable("log_retention_days")));
    if let Some(tags) = &flow.own.tags {
        group.body.set("tags", scope.expression(tags)?);
    }
    draft.body.add(group);
    Ok(())
}

impl Scope<'_> {
    /// The flow with this name.
    pub(crate) fn flow_named(&self, name: &str) -> Option<&Flow> {
        self.program().flows.iter().find(|flow| flow.name == name)
    }

    /// What a flow's state machine is called: what the program says, or `<project>-<env>-<flow>`.
    pub(crate) fn machine_name(&self, flow: &Flow) -> Result<Expression, Unlowered> {
        match &flow.own.name {
            Some(name) => self.expression(name),
            None => Ok(self.names.physical(&flow.name, &MACHINE_NAME)),
        }
    }

    /// What belongs to it, by its name too: `<machine>-failed`.
    pub(crate) fn machine_thing(&self, flow: &Flow, thing: &str, limit: &Limit) -> Result<Expression, Unlowered> {
        match &flow.own.name {
            Some(name) => Ok(text([Part::Value(self.expression(name)?), Part::Text(format!("-{thing}"))])),
            None => Ok(self.names.physical(&format!("{}-{thing}", flow.name), limit)),
        }
    }
}

/// The path of the definition: one file, or the one that the toggles choose.
fn file(scope: &Scope<'_>, draft: &mut Draft, names: &FlowNames, machine: &Machine) -> Result<Expression, Unlowered> {
    let beside = |name: Expression| text([path(["path", "module"]).into(), "/".into(), name.into()]);
    Ok(match (machine.toggles.as_slice(), machine.variants.as_slice()) {
        (_, []) => beside(string(&format!("{}.asl.json", machine.flow))),
        ([], [only, ..]) | (_, [only]) => beside(string(&only.file)),
        ([toggle], [first, second]) => {
            let (on, off) = if first.values == [true] { (first, second) } else { (second, first) };
            choose(scope.expression(toggle)?, beside(string(&on.file)), beside(string(&off.file)))
        }
        (toggles, variants) => {
            let key = |values: &[bool]| values.iter().map(bool::to_string).collect::<Vec<_>>().join(" ");
            let table = object(variants.iter().map(|variant| (key(&variant.values), string(&variant.file))));
            let states = toggles.iter().map(|toggle| scope.expression(toggle)).collect::<Result<Vec<_>, _>>()?;
            let conditions = toggles.iter().map(|toggle| scope.text(toggle)).collect::<Result<Vec<_>, _>>()?;
            let label = format!("{}_variants", names.machine);
            let mut locals = block("locals", &[]);
            locals.body.set(&label, table);
            draft.body.add_with(
                &format!("Definitions of flow `{}`, by the values of: {}", machine.flow, conditions.join(", ")),
                locals,
            );
            beside(index(member(path(["local"]), [label.as_str()]), call("join", [string(" "), list(states)])))
        }
    })
}

/// `{ for name, value in local.values : name => <value as the inside of a JSON string> }`.
fn escaped(values: &str) -> Expression {
    let value = || Expression::Variable(ident("value"));
    let quote = || string("\"");
    let inside = call("trimsuffix", [call("trimprefix", [call("jsonencode", [value()]), quote()]), quote()]);
    let mut intro = ForIntro::new(ident("value"), member(path(["local"]), [values]));
    intro.key_var = Some(ident("name"));
    let mut each = ForExpr::new(intro, inside);
    each.key_expr = Some(Expression::Variable(ident("name")));
    each.into()
}
