//! What must be deployed before what (07): attributes are known after their owner is made, so that no two wait for each
//! other.

use crate::program::{
    Entry, Expr, ExprKind, Flow, FlowFact, Function, Items, PolicyStatement, Program, Resource, ResourceId,
    ResourceKind, Statement,
};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// Something that is deployed and has attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing<'p> {
    Flow(&'p str),
    Resource(ResourceId),
}

/// That one thing names an attribute of another.
#[derive(Debug, Clone, Copy)]
struct Need<'p> {
    thing: Thing<'p>,
    /// Where it says so, in the user's text.
    span: Span,
    /// Whether it is a `call`, whose circles are told as such.
    call: bool,
}

/// Things that are deployed after themselves.
pub(super) fn circles(program: &Program, diagnostics: &mut Diagnostics) {
    let things = program
        .flows
        .iter()
        .map(|flow| Thing::Flow(&flow.name))
        .chain((0..program.resources.len()).filter_map(|at| Some(Thing::Resource(ResourceId(u32::try_from(at).ok()?)))));
    let mut told: Vec<Thing<'_>> = Vec::new();
    for thing in things {
        if told.contains(&thing) {
            continue;
        }
        let Some(circle) = circle(program, thing) else { continue };
        if circle.iter().all(|need| need.call) {
            continue;
        }
        told.extend(circle.iter().map(|need| need.thing));
        let names: Vec<String> =
            std::iter::once(thing).chain(circle.iter().map(|need| need.thing)).map(|thing| title(program, thing)).collect();
        let message = match circle.as_slice() {
            [_] => format!("{} would be deployed after itself", title(program, thing)),
            _ => format!("these would be deployed after each other, in a circle: {}", names.join(" → ")),
        };
        let mut diagnostic = Diagnostic::new(codes::DEPLOY_CIRCLE, message);
        for (at, need) in circle.iter().enumerate() {
            let label = format!("needs {}", title(program, need.thing));
            diagnostic =
                if at == 0 { diagnostic.primary(need.span, label) } else { diagnostic.secondary(need.span, label) };
        }
        diagnostics.push(
            diagnostic
                .note("an attribute is known after its owner is made, and neither can be made first")
                .help("write the name out where one names the other: `\"{project.name}-{env.name}-NAME\"`"),
        );
    }
}

fn title(program: &Program, thing: Thing<'_>) -> String {
    match thing {
        Thing::Flow(name) => format!("flow `{name}`"),
        Thing::Resource(id) => format!("`{}`", program.resource(id).map_or("?", |resource| resource.name.as_str())),
    }
}

/// The needs that lead from a thing back to it.
fn circle<'p>(program: &'p Program, thing: Thing<'p>) -> Option<Vec<Need<'p>>> {
    let mut seen: Vec<Thing<'_>> = Vec::new();
    let mut open: Vec<Vec<Need<'p>>> = vec![Vec::new()];
    while let Some(way) = open.pop() {
        for need in needs(program, way.last().map_or(thing, |need| need.thing)) {
            let mut next = way.clone();
            next.push(need);
            if need.thing == thing {
                return Some(next);
            }
            if !seen.contains(&need.thing) {
                seen.push(need.thing);
                open.push(next);
            }
        }
    }
    None
}

fn needs<'p>(program: &'p Program, thing: Thing<'p>) -> Vec<Need<'p>> {
    let mut found = Vec::new();
    match thing {
        Thing::Resource(id) => {
            if let Some(resource) = program.resource(id) {
                of_resource(resource, &mut found);
            }
        }
        Thing::Flow(name) => {
            if let Some(flow) = program.flows.iter().find(|flow| flow.name == name) {
                of_flow(program, flow, &mut found);
            }
        }
    }
    found
}

fn of_resource<'p>(resource: &'p Resource, found: &mut Vec<Need<'p>>) {
    Entry::each_expression(resource.body(), &mut |expr| of_expr(expr, resource.span, false, found));
    resource.each.iter().for_each(|each| of_expr(&each.values, resource.span, false, found));
    for entry in resource.body() {
        if let Entry::DependsOn(list) = entry {
            let needs = list.iter().map(|id| Need { thing: Thing::Resource(*id), span: resource.span, call: false });
            found.extend(needs);
        }
    }
    // Its policy is made after it.
    if let ResourceKind::Role { role_name, .. } = &resource.kind {
        of_expr(role_name, resource.span, false, found);
    }
}

/// A state machine is made after its role's policy.
fn of_flow<'p>(program: &'p Program, flow: &'p Flow, found: &mut Vec<Need<'p>>) {
    flow.own.expressions().for_each(|expr| of_expr(expr, flow.span, false, found));
    flow.walk(&mut |statement| {
        let call = matches!(statement, Statement::Step(step) if step.call.flow.is_some());
        for expr in statement.expressions() {
            of_expr(expr, statement.span(), call, found);
        }
        match statement {
            Statement::Step(step) => {
                of_statements(&step.call.statements, step.span, call, found);
                if let Some(function) = step.call.function.and_then(|id| program.function(id)) {
                    of_function(program, function, step.span, found);
                }
            }
            Statement::For(of) => {
                if let Items::Reader(reader) = &of.items {
                    of_statements(&reader.statements, of.head.span, false, found);
                }
            }
            _ => {}
        }
    });
}

/// Every function has the places of all tables in its environment.
fn of_function<'p>(program: &'p Program, function: &'p Function, at: Span, found: &mut Vec<Need<'p>>) {
    for table in &program.tables {
        of_expr(&table.bucket, at, false, found);
        of_expr(&table.prefix, at, false, found);
    }
    of_statements(&function.statements, at, false, found);
}

fn of_statements<'p>(statements: &'p [PolicyStatement], at: Span, call: bool, found: &mut Vec<Need<'p>>) {
    for statement in statements {
        let values = statement.conditions.iter().flat_map(|condition| &condition.values);
        statement.resources.iter().chain(values).for_each(|expr| of_expr(expr, at, call, found));
    }
}

fn of_expr<'p>(expr: &'p Expr, at: Span, call: bool, found: &mut Vec<Need<'p>>) {
    expr.walk(&mut |part| {
        let thing = match &part.kind {
            ExprKind::Attribute { resource, .. } => Thing::Resource(*resource),
            // A flow's role and log group are made before it.
            ExprKind::FlowArn(flow) | ExprKind::FlowFact(flow, FlowFact::Name) => Thing::Flow(flow),
            _ => return,
        };
        let span = if part.span.file == at.file { part.span } else { at };
        found.push(Need { thing, span, call });
    });
}
