//! Runs of one task at the same time (05), where what it runs takes so many and no more: a job of Glue refuses the next
//! one with `Glue.ConcurrentRunsExceededException`.

use super::constant;
use crate::program::{Flow, Statement, Step};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// Branches and iterations in which a task runs more often at once than it says that it may.
pub(super) fn runs(flow: &Flow, diagnostics: &mut Diagnostics) {
    let mut reported: Vec<&str> = Vec::new();
    flow.walk(&mut |statement| {
        let (Statement::Parallel(_) | Statement::For(_)) = statement else { return };
        for step in super::visit::steps_in(std::slice::from_ref(statement)) {
            let Some(bound) = step.call.at_once else { continue };
            let task = step.call.task.as_str();
            let most = at_once(std::slice::from_ref(statement), task);
            if most <= bound || reported.contains(&task) {
                continue;
            }
            reported.push(task);
            diagnostics.push(said(statement, step, most, bound));
        }
    });
}

fn said(around: &Statement, step: &Step, most: u64, bound: u64) -> Diagnostic {
    let task = &step.call.task;
    let runs = |number: u64| if number == 1 { "1 run".to_owned() } else { format!("{number} runs") };
    let diagnostic = Diagnostic::new(
        codes::TOO_MANY_AT_ONCE,
        format!("`{task}` runs {most} times at once, and takes {} at the same time", runs(bound)),
    )
    .primary(step.name_span, format!("one of {most}"));
    let diagnostic = match around.head() {
        Some(head) => diagnostic.secondary(head.name_span, "what is in here runs at the same time"),
        None => diagnostic,
    };
    diagnostic
        .note("the service refuses the run that is one too many, and the step fails unless a retry outlasts the others")
        .help(format!("let `{task}` take as many: `concurrent = {most}` where it is declared"))
        .help("or let the steps come one after the other")
}

/// How many runs of a task some statements, which come one after the other, have at the same time at most.
fn at_once(statements: &[Statement], task: &str) -> u64 {
    let of = |statement: &Statement| match statement {
        Statement::Step(step) => u64::from(step.call.task == task),
        Statement::Parallel(of) => of.branches.iter().map(|branch| at_once(&branch.inner.body, task)).sum(),
        Statement::For(of) => {
            // Without a bound there may be as many iterations at once as there are items, which nobody knows here.
            let wide = of.max.as_ref().and_then(constant::whole).unwrap_or(1);
            wide.saturating_mul(at_once(&of.inner.body, task))
        }
        other => other.blocks().into_iter().map(|block| at_once(block.statements, task)).max().unwrap_or(0),
    };
    statements.iter().map(of).max().unwrap_or(0)
}
