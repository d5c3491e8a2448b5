//! Environments of containers (08): what the definition has, what a run puts over it, what the image reads.

use crate::program::{Entry, Expr, ExprKind, Flow, Program, ResourceKind, Step};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// Variables of an environment: those whose names are known, and whether these are all.
#[derive(Debug, Default)]
struct Environment {
    names: Vec<(String, Span)>,
    whole: bool,
}

/// A name that stands twice: in the environment of one run, or there and in the definition.
pub(super) fn given_twice(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    for step in containers(flow) {
        let (run, baked) = (of_run(step), of_definition(program, step));
        let at = |span: Span| if span.file == step.span.file { span } else { step.name_span };
        for (index, (name, span)) in run.names.iter().enumerate() {
            let earlier = run.names.iter().take(index).find(|(other, _)| other == name);
            let (other, words) = match (earlier, baked.names.iter().find(|(other, _)| other == name)) {
                (Some(earlier), _) => (earlier.1, "given here already"),
                (None, Some(baked)) => (baked.1, "the definition has it too"),
                (None, None) => continue,
            };
            let mut diagnostic =
                Diagnostic::new(codes::VARIABLE_TWICE, format!("`{name}` is given to the container of step `{}` twice", step.name))
                    .primary(at(*span), "this one is meant, if ECS takes the last");
            if other.file == step.span.file {
                diagnostic = diagnostic.secondary(other, words);
            }
            diagnostics.push(
                diagnostic
                    .note("both are listed in the container's environment; that the last one holds is documented nowhere")
                    .help("remove one of them, or give them different names"),
            );
        }
    }
}

/// A name that the image reads, and that nobody gives it.
pub(super) fn missing(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    let mut seen: Vec<&str> = Vec::new();
    for step in containers(flow) {
        let (run, baked) = (of_run(step), of_definition(program, step));
        if !run.whole || !baked.whole || step.call.expects.is_empty() || seen.contains(&step.call.task.as_str()) {
            continue;
        }
        let given: Vec<&str> = run.names.iter().chain(&baked.names).map(|(name, _)| name.as_str()).collect();
        let lacks: Vec<&str> =
            step.call.expects.iter().map(String::as_str).filter(|name| !given.contains(name)).collect();
        if lacks.is_empty() {
            continue;
        }
        seen.push(&step.call.task);
        let listed = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let has = if given.is_empty() { "nothing".to_owned() } else { listed(&given) };
        diagnostics.push(
            Diagnostic::new(
                codes::VARIABLE_MISSING,
                format!("the container of step `{}` reads {}, and is not given {}", step.name, listed(&lacks), if lacks.len() == 1 { "it" } else { "them" }),
            )
            .primary(step.name_span, format!("its environment has {has}"))
            .note(format!("`expects` of `{}` says what the image reads; what is missing is found out in the middle of a run", step.call.task))
            .help(format!("give it in `environment`, of the definition or of the run: `{{ name: \"{}\", value: … }}`", lacks.first().unwrap_or(&"NAME"))),
        );
    }
}

fn containers(flow: &Flow) -> Vec<&Step> {
    flow.steps().into_iter().filter(|step| step.call.resource.contains(":ecs:runTask")).collect()
}

/// What a run puts over the definition's.
fn of_run(step: &Step) -> Environment {
    let overrides = step.call.arguments.entry("Overrides").and_then(|value| value.entry("ContainerOverrides"));
    let mut found = Environment { whole: true, ..Environment::default() };
    for container in overrides.map(Expr::elements).unwrap_or_default() {
        container.entry("Environment").iter().for_each(|list| add(list, &mut found));
    }
    found
}

/// What the definition has, where it is one of this program.
fn of_definition(program: &Program, step: &Step) -> Environment {
    let mut found = Environment::default();
    let Some(definition) = step.call.arguments.entry("TaskDefinition") else { return found };
    definition.walk(&mut |part| {
        let ExprKind::Attribute { resource, .. } = &part.kind else { return };
        let Some(ResourceKind::Aws { ty, body }) = program.resource(*resource).map(|resource| &resource.kind) else { return };
        if ty != "aws_ecs_task_definition" {
            return;
        }
        let Some(written) = Entry::attribute(body, "container_definitions") else { return };
        found.whole = true;
        let mut known = false;
        written.walk(&mut |part| {
            if let ExprKind::List(containers) = &part.kind
                && !known
            {
                known = true;
                for container in containers {
                    match &container.kind {
                        ExprKind::Record(_) => container.entry("environment").iter().for_each(|list| add(list, &mut found)),
                        _ => found.whole = false,
                    }
                }
            }
        });
        found.whole &= known;
    });
    found
}

/// The names of a list of `{ name, value }`.
fn add(list: &Expr, found: &mut Environment) {
    let ExprKind::List(items) = &list.kind else {
        found.whole = false;
        return;
    };
    for item in items {
        match item.entry("name").or_else(|| item.entry("Name")).and_then(Expr::text) {
            Some(name) => found.names.push((name.to_owned(), item.span)),
            None => found.whole = false,
        }
    }
}
