//! How many events an execution writes (06). A Standard execution that writes its 25,000th fails there, whatever it does.
//!
//! What is counted is a run in which nothing fails, on its longest path; a list whose length is not known counts as
//! empty. So what is warned of needs no bad luck: a `poll` that looks as often as it may.

use super::constant;
use crate::limits::{self, thousands};
use crate::program::{Flow, ForEach, Items, Poll, Statement, Step};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// Events, and the loop that writes most of them.
#[derive(Debug, Clone, Default)]
struct Count {
    events: u64,
    /// How many of them, where, and how they come together.
    most: Option<(u64, Span, String)>,
}

/// Entering and leaving a state.
const STATE: u64 = 2;

/// Flows, and iterations that are executions of their own, whose history may overflow.
pub(super) fn overflow(flow: &Flow, diagnostics: &mut Diagnostics) {
    warn(&format!("an execution of `{}`", flow.name), sequence(&flow.body), diagnostics);
    flow.walk(&mut |statement| {
        if let Statement::For(of) = statement
            && of.distributed
        {
            warn(&format!("an iteration of `{}`", of.head.name), sequence(&of.inner.body), diagnostics);
        }
    });
}

fn warn(what: &str, count: Count, diagnostics: &mut Diagnostics) {
    let Some((_, span, sum)) = count.most.filter(|_| count.events >= limits::HISTORY_EVENTS.max) else { return };
    diagnostics.push(
        Diagnostic::new(
            codes::HISTORY,
            format!("{what} may write {} events, more than its history holds", thousands(count.events)),
        )
        .primary(span, sum)
        .note(limits::HISTORY_EVENTS.note())
        .note("at that event the execution fails, and neither `catch` nor `on failure` is run")
        .help("look less often, or for less long: a larger `every`, a smaller `max`")
        .help("or put what is repeated into a flow of its own and `call` it: each execution has a history of its own"),
    );
}

fn sequence(statements: &[Statement]) -> Count {
    let mut total = Count::default();
    for statement in statements {
        let part = one(statement);
        total.events = total.events.saturating_add(part.events);
        total.most = larger(total.most, part.most);
    }
    total
}

fn one(statement: &Statement) -> Count {
    let plain = |events| Count { events, most: None };
    match statement {
        Statement::Step(step) => plain(of_step(step)),
        Statement::If { .. } | Statement::Match(_) => {
            let blocks = statement.blocks().into_iter().map(|block| sequence(block.statements));
            let longest = blocks.max_by_key(|count| count.events).unwrap_or_default();
            Count { events: longest.events.saturating_add(STATE), ..longest }
        }
        Statement::Parallel(_) => {
            // Started, succeeded; all branches write into one history.
            let mut total = plain(STATE + 2);
            for block in statement.blocks() {
                let branch = sequence(block.statements);
                total.events = total.events.saturating_add(branch.events);
                total.most = larger(total.most, branch.most);
            }
            total
        }
        Statement::For(of) => of_loop(of),
        Statement::Poll(of) => of_poll(of),
        Statement::Try { body, .. } => sequence(body),
        Statement::Wait { .. } => plain(STATE),
        Statement::Let { .. } | Statement::Fail(_) | Statement::Return { .. } | Statement::Continue { .. } => plain(0),
    }
}

/// Entered, scheduled, started, (submitted,) succeeded, left.
fn of_step(step: &Step) -> u64 {
    let resource = &step.call.resource;
    let waits = step.call.is_callback() || resource.contains(".sync");
    let guard = if step.when.is_some() { STATE } else { 0 };
    STATE + 3 + u64::from(waits) + guard
}

fn of_loop(of: &ForEach) -> Count {
    if of.distributed {
        // Run started, run succeeded; the iterations write elsewhere.
        return Count { events: STATE + 4, most: None };
    }
    let items = match &of.items {
        Items::List(list) => constant::items(list).unwrap_or(0),
        Items::Reader(_) => 0,
    };
    // Iteration started, succeeded.
    let each = sequence(&of.inner.body);
    repeated(items, each, 2, STATE + 2, of.head.span, "items")
}

/// The body, the Choice and the Wait, as often as it looks.
fn of_poll(of: &Poll) -> Count {
    let looks = constant::whole(of.max.most()).unwrap_or(0);
    repeated(looks, sequence(&of.body), 2 * STATE, 0, of.span, "looks")
}

fn repeated(times: u64, each: Count, more: u64, around: u64, span: Span, what: &str) -> Count {
    let each_events = each.events.saturating_add(more);
    let events = each_events.saturating_mul(times).saturating_add(around);
    let sum = format!("{} {what} × {} events = {}", thousands(times), thousands(each_events), thousands(events));
    let inner = each.most.map(|(events, span, sum)| (events.saturating_mul(times), span, sum));
    Count { events, most: larger(inner, Some((events, span, sum))) }
}

fn larger(a: Option<(u64, Span, String)>, b: Option<(u64, Span, String)>) -> Option<(u64, Span, String)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.0 > a.0 { b } else { a }),
        (a, b) => a.or(b),
    }
}
