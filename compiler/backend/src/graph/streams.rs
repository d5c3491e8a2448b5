//! Streams in a drawing: a box each, with what it listens to, sends to and writes.

use super::{Drawing, Line, LineKind, Shape, Source, place, role};
use flow_analysis::program::{
    Channel, ChannelId, DeadLetter, Program, Refused, Stream, StreamAction, Subject, TableId, Target,
};
use flow_diagnostics::FileSet;
use std::collections::BTreeMap;

/// Adds streams; `starts` are the boxes in which flows begin.
pub(super) fn add(
    drawing: &mut Drawing,
    program: &Program,
    files: &FileSet,
    streams: &[&Stream],
    tables: &mut BTreeMap<TableId, usize>,
    starts: &BTreeMap<&str, usize>,
) {
    let mut channels: BTreeMap<ChannelId, usize> = BTreeMap::new();
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    for stream in streams {
        let source = Source { flow: String::new(), name: stream.name.clone(), place: Some(place(files, stream.span)) };
        let own = drawing.add(Shape::Step, text(program, stream), None, source);
        let line = |drawing: &mut Drawing, from: usize, to: usize, kind: LineKind, label: &str| {
            let line = Line { from, to, kind, label: label.to_owned() };
            if !drawing.lines.contains(&line) {
                drawing.lines.push(line);
            }
        };
        match stream.subject {
            Subject::Created(id) => {
                let from = drawing.table(program, files, id, tables);
                line(drawing, from, own, LineKind::Data, "created");
            }
            Subject::Channel(id) => {
                if let Some(from) = channel(drawing, program, files, id, &mut channels) {
                    line(drawing, from, own, LineKind::Data, "");
                }
            }
        }
        for action in &stream.actions {
            match action {
                StreamAction::Send(send) => match &send.to {
                    Target::Channel(id) => {
                        if let Some(to) = channel(drawing, program, files, *id, &mut channels) {
                            line(drawing, own, to, LineKind::Data, "sends");
                        }
                    }
                    Target::Flow(flow) => {
                        let to = match starts.get(flow.as_str()) {
                            Some(start) => *start,
                            // A flow that is not drawn is a box of its name.
                            None => *others.entry(flow).or_insert_with(|| {
                                let source = Source { flow: flow.clone(), ..Source::default() };
                                drawing.add(Shape::Start, vec![format!("flow {flow}")], None, source)
                            }),
                        };
                        line(drawing, own, to, LineKind::Control, "starts");
                    }
                },
                StreamAction::Run(run) => {
                    for (_, input) in &run.inputs {
                        let from = drawing.table(program, files, input.table, tables);
                        line(drawing, from, own, LineKind::Data, "reads");
                    }
                    for target in run.into.places() {
                        let to = drawing.table(program, files, target.table, tables);
                        line(drawing, own, to, LineKind::Data, "appends");
                    }
                }
            }
        }
        if let Refused::DeadLetter(dead) = &stream.refused {
            let to = *others.entry(dead.name.as_str()).or_insert_with(|| dead_letters(drawing, files, dead));
            line(drawing, own, to, LineKind::Catch, "refuses");
        }
    }
}

/// What a stream is, and what it runs.
fn text(program: &Program, stream: &Stream) -> Vec<String> {
    let mut text = vec![stream.name.clone(), format!("stream of {}", stream.service.title())];
    for run in stream.runs() {
        if let Some(transform) = program.transform(run.transform) {
            text.push(format!("transform {}", transform.name));
        }
    }
    if let Some(idempotent) = &stream.idempotent {
        text.push(format!("once, by {}", idempotent.name));
    }
    text
}

fn channel(
    drawing: &mut Drawing,
    program: &Program,
    files: &FileSet,
    id: ChannelId,
    channels: &mut BTreeMap<ChannelId, usize>,
) -> Option<usize> {
    if let Some(known) = channels.get(&id) {
        return Some(*known);
    }
    let of: &Channel = program.channel(id)?;
    let source = Source { flow: String::new(), name: of.name.clone(), place: Some(place(files, of.span)) };
    let text = vec![of.name.clone(), format!("{} {}", role(of.role), of.kind.noun())];
    let at = drawing.add(Shape::Table, text, None, source);
    channels.insert(id, at);
    Some(at)
}

fn dead_letters(drawing: &mut Drawing, files: &FileSet, dead: &DeadLetter) -> usize {
    let source = Source { flow: String::new(), name: dead.name.clone(), place: Some(place(files, dead.span)) };
    drawing.add(Shape::Table, vec![dead.name.clone(), "dead letters".to_owned()], None, source)
}
