//! Tables between steps (05): read before written, read by the step that writes them.
//!
//! When is reading a sink wrong?
//! - Nothing in the program writes it: an error, since then it is not this program's table (declare a `source`).
//! - A step of the same flow writes it, but no write can come before the read, and the partitions read are not
//!   plainly others than those written: a warning, since the read sees what the *last* execution left.
//! - Otherwise (another flow fills it, or a write comes first on some path): right.

use crate::graph::FlowGraph;
use crate::program::{
    Expr, ExprKind, Flow, Program, Step, Stream, TableId, TableRole, TargetPlace, TargetReplace,
};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// A sink that a step reads although this flow fills it only later.
pub(super) fn read_before_written(
    program: &Program,
    flow: &Flow,
    graph: &FlowGraph,
    diagnostics: &mut Diagnostics,
) {
    let steps = flow.steps();
    for reader in &steps {
        for id in &reader.call.reads {
            let Some(table) = program.table(*id).filter(|table| table.role == TableRole::Sink) else { continue };
            let writers: Vec<&&Step> = steps.iter().filter(|step| step.call.writes.contains(id)).collect();
            let Some(at) = graph.step(&reader.name) else { continue };
            let before = |writer: &Step| {
                writer.name == reader.name
                    || graph.step(&writer.name).is_some_and(|from| graph.leads_to(from, at))
            };
            if writers.iter().any(|writer| before(writer)) {
                continue;
            }
            // In text order the first later writer that touches the same partitions.
            let Some(writer) = writers.iter().find(|writer| may_overlap(reader, writer, *id)) else { continue };
            diagnostics.push(
                Diagnostic::new(
                    codes::READ_BEFORE_WRITE,
                    format!("step `{}` reads `{}` before `{}` writes it", reader.name, table.name, writer.name),
                )
                .primary(reader.name_span, format!("reads `{}`", table.name))
                .secondary(writer.name_span, format!("writes `{}` only here", table.name))
                .note(format!(
                    "`{}` sees what the last execution left in `{}`; at the first execution there is nothing",
                    reader.name, table.name
                ))
                .help(format!("move `{}` after `{}`", reader.name, writer.name))
                .help("if the rows of the last execution are meant, read them from a `source` at the same place"),
            );
        }
    }
}

/// A sink that steps read and nothing in the program writes.
pub(super) fn never_written(program: &Program, diagnostics: &mut Diagnostics) {
    for (at, table) in program.tables.iter().enumerate() {
        let id = TableId(u32::try_from(at).unwrap_or(u32::MAX));
        if table.role != TableRole::Sink {
            continue;
        }
        let all: Vec<&Step> = program.flows.iter().flat_map(Flow::steps).collect();
        let by_stream = |stream: &Stream| stream.writes().iter().any(|(place, _)| place.table == id);
        if all.iter().any(|step| step.call.writes.contains(&id)) || program.streams.iter().any(by_stream) {
            continue;
        }
        let step = all.iter().find(|step| step.call.reads.contains(&id)).map(|step| step.name_span);
        let stream = || program.streams.iter().find(|stream| stream.reads().contains(&id)).map(|stream| stream.span);
        let Some(reader) = step.or_else(stream) else { continue };
        diagnostics.push(
            Diagnostic::new(
                codes::SINK_NEVER_WRITTEN,
                format!("`{}` is read, but no step of this program writes it", table.name),
            )
            .primary(reader, format!("reads `{}`", table.name))
            .secondary(table.span, "declared as a sink: a table that this program writes")
            .note("it would find no rows, or rows that something else wrote")
            .help(format!("write it in an earlier step: `… into {}`", table.name))
            .help(format!("or, if another program fills it, declare it as `source {}`", table.name)),
        );
    }
}

/// Who writes a table: a step of a flow, a stream.
struct Writer<'p> {
    name: &'p str,
    span: Span,
    /// The key by which it appends; `None` where it replaces.
    key: Option<&'p [String]>,
}

fn writers(program: &Program, table: TableId) -> Vec<Writer<'_>> {
    let steps = program.flows.iter().flat_map(Flow::steps).filter(|step| step.call.writes.contains(&table));
    let mut found: Vec<Writer<'_>> =
        steps.map(|step| Writer { name: &step.name, span: step.name_span, key: step_appends(step, table) }).collect();
    for stream in &program.streams {
        for (place, span) in stream.writes().into_iter().filter(|(place, _)| place.table == table) {
            let key = match &place.replace {
                TargetReplace::Append { key, .. } => Some(key.as_slice()),
                _ => None,
            };
            found.push(Writer { name: &stream.name, span, key });
        }
    }
    found
}

/// A table is appended to, or replaced: an `into` or a `clear` would not know which of the appended rows it has seen.
pub(super) fn appended_and_replaced(program: &Program, diagnostics: &mut Diagnostics) {
    for (at, table) in program.tables.iter().enumerate() {
        let id = TableId(u32::try_from(at).unwrap_or(u32::MAX));
        let writers = writers(program, id);
        let Some((appends, first)) = writers.iter().find_map(|writer| Some((writer, writer.key?))) else { continue };
        if let Some(other) = writers.iter().find(|writer| writer.key.is_none()) {
            let name = &table.name;
            diagnostics.push(
                Diagnostic::new(
                    codes::APPEND_AND_REPLACE,
                    format!("`{name}` is appended to by `{}` and replaced by `{}`", appends.name, other.name),
                )
                .primary(other.span, "replaces what is there")
                .secondary(appends.span, "adds to what is there")
                .note(
                    "appended rows have no order in time: a step that replaces them cannot know whether those that \
                     come at the same moment belong to the old rows or to the new ones",
                )
                .help("append to one sink, and replace another from it"),
            );
            continue;
        }
        if let Some((other, second)) = writers.iter().find_map(|writer| Some((writer, writer.key.filter(|key| *key != first)?))) {
            let shown = |key: &[String]| match key {
                [] => "`at_least_once`".to_owned(),
                key => format!("`key ({})`", key.join(", ")),
            };
            diagnostics.push(
                Diagnostic::new(
                    codes::APPEND_AND_REPLACE,
                    format!("rows are appended to `{}` in two ways", table.name),
                )
                .primary(other.span, shown(second))
                .secondary(appends.span, shown(first))
                .note("who reads the table drops rows that are there twice by one key")
                .help("write the same key in both"),
            );
        }
    }
}

/// The key by which a step appends to a table; `None` where it does not append.
fn step_appends(step: &Step, table: TableId) -> Option<&[String]> {
    let mut found = None;
    step.call.arguments.walk(&mut |expr| {
        if let ExprKind::Target(TargetPlace { table: at, replace: TargetReplace::Append { key, .. } }) = &expr.kind
            && *at == table
        {
            found = Some(key.as_slice());
        }
    });
    found
}

/// Whether a step adds rows to a table, and leaves those that are there.
pub(super) fn appends(step: &Step, table: TableId) -> bool {
    step_appends(step, table).is_some()
}

/// `copy(x) into x`.
pub(super) fn copied_into_itself(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    for step in flow.steps().into_iter().filter(|step| step.call.task == "copy") {
        let Some((id, name)) = read_and_written_table(program, step) else { continue };
        if !may_overlap(step, step, id) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(codes::COPY_INTO_ITSELF, format!("step `{}` copies `{name}` into itself", step.name))
                .primary(step.span, format!("reads and replaces `{name}`"))
                .note("a copy that replaces its own rows changes nothing at best")
                .help("copy into another sink, or name different partitions on both sides"),
        );
    }
}

/// A step that reads rows which it replaces.
pub(super) fn read_and_written(program: &Program, flow: &Flow, diagnostics: &mut Diagnostics) {
    for step in flow.steps() {
        // A task of the generic binary that publishes: what another task does with its table is its own affair.
        if step.call.function.is_none() || step.call.task == "copy" {
            continue;
        }
        let Some((id, name)) = read_and_written_table(program, step) else { continue };
        if !may_overlap(step, step, id) {
            continue;
        }
        let does = if appends(step, id) { "appends to it" } else { "replaces it" };
        diagnostics.push(
            Diagnostic::new(
                codes::READS_WHAT_IT_WRITES,
                format!("step `{}` reads `{name}` and {does}", step.name),
            )
            .primary(step.name_span, format!("reads and writes `{name}`"))
            .note(
                "if the step is run again after it published (a retry, a second start), it reads its own result, \
                 and the rows change a second time",
            )
            .help("write into a sink of its own, or name different partitions on both sides"),
        );
    }
}

fn read_and_written_table<'p>(program: &'p Program, step: &Step) -> Option<(TableId, &'p str)> {
    let id = step.call.reads.iter().find(|id| step.call.writes.contains(id))?;
    Some((*id, &program.table(*id)?.name))
}

/// Whether what one step reads of a table may be among what another writes of it: not if both name a partition
/// column and give it different values.
fn may_overlap(reader: &Step, writer: &Step, table: TableId) -> bool {
    let read = places_read(reader, table);
    let mut written = targets(writer, table);
    if writer.name != reader.name {
        // What `clear` empties.
        written.extend(places_read(writer, table));
    }
    if read.is_empty() || written.is_empty() {
        return true;
    }
    read.iter().any(|place| written.iter().any(|values| !apart(place, values)))
}

/// Partition values of each place of a table among a step's arguments.
pub(super) fn places_read(step: &Step, table: TableId) -> Vec<&[(String, Expr)]> {
    let mut found: Vec<&[(String, Expr)]> = Vec::new();
    step.call.arguments.walk(&mut |expr| {
        if let ExprKind::Table(place) = &expr.kind
            && place.table == table
        {
            found.push(&place.partitions);
        }
    });
    found
}

/// Partition values of each place that a step writes: its `into`, or else what it empties.
pub(super) fn places_written(step: &Step, table: TableId) -> Vec<&[(String, Expr)]> {
    let targets = targets(step, table);
    if targets.is_empty() { places_read(step, table) } else { targets }
}

fn targets(step: &Step, table: TableId) -> Vec<&[(String, Expr)]> {
    let mut found: Vec<&[(String, Expr)]> = Vec::new();
    step.call.arguments.walk(&mut |expr| {
        if let ExprKind::Target(TargetPlace { table: at, replace }) = &expr.kind
            && *at == table
        {
            found.push(match replace {
                TargetReplace::All => &[],
                TargetReplace::Named(values)
                | TargetReplace::Present(values)
                | TargetReplace::Append { values, .. } => values,
            });
        }
    });
    found
}

/// Whether two places name a partition column and give it different values.
pub(super) fn apart(one: &[(String, Expr)], other: &[(String, Expr)]) -> bool {
    one.iter().any(|(column, value)| {
        other.iter().any(|(same, written)| column == same && value.kind != written.kind)
    })
}
