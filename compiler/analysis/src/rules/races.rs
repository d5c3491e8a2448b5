//! Tables that several steps touch at once (05): in the branches of a `parallel`, in the iterations of a `for`.
//!
//! Two writers of the same partitions race: the last one stands, and which one that is nobody knows. So do a writer
//! and a reader. Steps that name different values of a partition column do not meet.

use super::tables::{apart, places_read, places_written};
use super::visit::steps_in;
use crate::program::{
    Expr, ExprKind, Flow, ForEach, Parallel, Program, Statement, Step, TableId, VariableId, walk_statements,
};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// What a step does with a table.
struct Access<'p> {
    step: &'p Step,
    table: TableId,
    writes: bool,
    /// Whether it writes by adding rows.
    adds: bool,
    /// Partition values of each place; none where the table is named as a whole, or by a flow that is called.
    places: Vec<&'p [(String, Expr)]>,
}

/// Branches that write the same table, or write and read it.
pub(super) fn branches(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    flow.walk(&mut |statement| {
        if let Statement::Parallel(of) = statement {
            between(program, of, diagnostics);
        }
    });
}

fn between(program: &Program, of: &Parallel, diagnostics: &mut Diagnostics) {
    let accesses: Vec<(&str, Vec<Access<'_>>)> =
        of.branches.iter().map(|branch| (branch.name.as_str(), all(program, &branch.inner.body))).collect();
    let mut reported: Vec<TableId> = Vec::new();
    for (at, (name, first)) in accesses.iter().enumerate() {
        for (other, second) in accesses.iter().skip(at + 1) {
            let pairs = first.iter().flat_map(|a| second.iter().map(move |b| (a, b)));
            for (a, b) in pairs {
                if a.table != b.table || !(a.writes || b.writes) || reported.contains(&a.table) {
                    continue;
                }
                // Rows that two branches add are all there in the end.
                let both_append = a.adds && b.adds;
                if both_append || !meet(&a.places, &b.places) {
                    continue;
                }
                reported.push(a.table);
                let table = program.table(a.table).map_or("", |table| table.name.as_str());
                let verb = |writes: bool| if writes { "writes" } else { "reads" };
                let message = if a.writes && b.writes {
                    format!("branches `{name}` and `{other}` both write `{table}`")
                } else {
                    let (writer, reader) = if a.writes { (name, other) } else { (other, name) };
                    format!("branch `{reader}` reads `{table}` while branch `{writer}` writes it")
                };
                diagnostics.push(
                    Diagnostic::new(codes::RACE, message)
                        .primary(b.step.name_span, format!("{} `{table}`", verb(b.writes)))
                        .secondary(a.step.name_span, format!("{} `{table}`, at the same time", verb(a.writes)))
                        .note("branches run at once: which comes first differs from one execution to the next")
                        .help("let one of them come after the `parallel`")
                        .help("or name different partitions in each"),
                );
            }
        }
    }
}

/// Iterations that all write one place.
pub(super) fn iterations(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    flow.walk(&mut |statement| {
        if let Statement::For(of) = statement {
            within(program, of, diagnostics);
        }
    });
}

fn within(program: &Program, of: &ForEach, diagnostics: &mut Diagnostics) {
    if of.max.as_ref().and_then(super::constant::whole) == Some(1) {
        return;
    }
    let own = own_variables(of);
    let differs = |place: &[(String, Expr)]| {
        place.iter().any(|(_, value)| {
            value.any(&|part| matches!(&part.kind, ExprKind::Variable(id) | ExprKind::Raw(id) if own.contains(id)))
        })
    };
    let mut reported: Vec<TableId> = Vec::new();
    for access in all(program, &of.inner.body) {
        // Which partitions a result has is not known before it is computed.
        let open = access.step.call.arguments.any(&|part| {
            matches!(&part.kind, ExprKind::Target(place) if place.table == access.table
                && matches!(place.replace, crate::program::TargetReplace::Present(_)))
        });
        let same = access.places.is_empty() || access.places.iter().any(|place| !differs(place));
        if !access.writes || access.adds || open || !same || access.step.call.flow.is_some() || reported.contains(&access.table) {
            continue;
        }
        reported.push(access.table);
        let table = program.table(access.table).map_or("", |table| table.name.as_str());
        diagnostics.push(
            Diagnostic::new(codes::ITERATIONS_RACE, format!("every iteration writes the same place of `{table}`"))
                .primary(access.step.name_span, format!("writes `{table}`"))
                .secondary(of.head.name_span, "several iterations at once")
                .note("one replaces what another has written: at the end there are the rows of one item, nobody knows which")
                .help(format!("name a partition that differs: `into {table}[column = item]`"))
                .help("or read all items in one step"),
        );
    }
}

/// Variables that differ from one iteration to the next.
fn own_variables(of: &ForEach) -> Vec<VariableId> {
    let mut own: Vec<VariableId> = std::iter::once(of.item).chain(of.index).collect();
    walk_statements(&of.inner.body, &mut |statement| {
        match statement {
            Statement::Step(step) => own.push(step.result),
            Statement::Let { variable, .. } => own.push(*variable),
            Statement::For(of) => own.extend(std::iter::once(of.item).chain(of.index)),
            _ => {}
        }
        own.extend(statement.head().and_then(|head| head.result));
    });
    own
}

/// Everything that some statements do with tables, flows that they call included.
fn all<'p>(program: &'p Program, statements: &'p [Statement]) -> Vec<Access<'p>> {
    let mut found = Vec::new();
    for step in steps_in(statements) {
        let called = step.call.flow.as_deref().map(|name| called(program, name)).unwrap_or_default();
        let own = [(&step.call.reads, false), (&step.call.writes, true)];
        for (tables, writes) in own {
            for table in tables.iter().copied() {
                let places = if writes { places_written(step, table) } else { places_read(step, table) };
                let adds = writes && super::tables::appends(step, table);
                found.push(Access { step, table, writes, adds, places });
            }
        }
        found.extend(called.into_iter().map(|(table, writes, adds)| Access { step, table, writes, adds, places: Vec::new() }));
    }
    found
}

/// What a flow, and those that it calls, do with tables.
fn called(program: &Program, name: &str) -> Vec<(TableId, bool, bool)> {
    let mut found = Vec::new();
    let mut open = vec![name];
    let mut seen: Vec<&str> = Vec::new();
    while let Some(name) = open.pop() {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let Some(flow) = program.flows.iter().find(|flow| flow.name == name) else { continue };
        for step in flow.steps() {
            found.extend(step.call.reads.iter().map(|table| (*table, false, false)));
            found.extend(step.call.writes.iter().map(|table| (*table, true, super::tables::appends(step, *table))));
            open.extend(step.call.flow.as_deref());
        }
    }
    found
}

/// Whether two lists of places may have a partition in common.
fn meet(a: &[&[(String, Expr)]], b: &[&[(String, Expr)]]) -> bool {
    a.is_empty() || b.is_empty() || a.iter().any(|a| b.iter().any(|b| !apart(a, b)))
}
