//! What comes into a table whose schema redacts, and was not computed as rows of that schema: a transform that gives them
//! redacts, a copy or a message does not.

use super::pii;
use crate::program::{Flow, Program, SchemaId, StreamTarget, TableId, TableRole, Target};
use flow_diagnostics::{codes, Diagnostic, Diagnostics, Span};

/// Ways into a table, queue or stream past the redaction of its schema.
pub(super) fn passed_by(program: &Program, diagnostics: &mut Diagnostics) {
    let mut tell = |into: SchemaId, who: String, at: Span, help: String| {
        let Some(schema) = program.schema(into) else { return };
        let Some(redaction) = schema.redactions.first() else { return };
        diagnostics.push(
            Diagnostic::new(codes::PAST_REDACTION, format!("{who} past what `{}` redacts", schema.name))
                .primary(at, match redaction.fields.as_slice() {
                    [only] => format!("`{only}` stays as it is"),
                    all => format!("`{}` stay as they are", all.join("`, `")),
                })
                .secondary(redaction.span, "redacted by who computes rows of this schema")
                .help(help),
        );
    };
    for step in program.flows.iter().flat_map(Flow::steps) {
        let own = |id: Option<&TableId>| id.and_then(|id| program.table(*id)).is_some_and(|table| table.role == TableRole::Sink);
        let copied = step.call.arguments.entry("Payload").and_then(|payload| payload.entry("operation")).and_then(|name| name.text()) == Some("copy");
        for (from, into, what) in pii::handovers(program, step) {
            // What a sink of this program holds was redacted when it was written.
            if from == into && (!copied || own(step.call.reads.first())) {
                continue;
            }
            let help = match program.schema(into) {
                Some(schema) => format!("write a transform that gives a `Table<{}>`, and `run` it", schema.name),
                None => continue,
            };
            tell(into, format!("step `{}` {what},", step.name), step.name_span, help);
        }
    }
    for stream in &program.streams {
        for run in stream.runs() {
            let Some(output) = program.transform(run.transform).map(|transform| transform.output) else { continue };
            let redacts = |id: SchemaId| program.schema(id).is_some_and(|schema| !schema.redactions.is_empty());
            let places = match &run.into {
                StreamTarget::Table(place) => vec![place],
                StreamTarget::Family { cases, .. } if !redacts(output) => cases.iter().map(|(_, place)| place).collect(),
                StreamTarget::Family { .. } => Vec::new(),
            };
            let into = places.into_iter().filter_map(|place| program.table(place.table)).find(|table| table.schema != output && redacts(table.schema));
            if let (Some(table), Some(schema)) = (into, into.and_then(|table| program.schema(table.schema))) {
                let who = format!("stream `{}` writes `{}`", stream.name, table.name);
                tell(table.schema, who, run.span, format!("let the transform give a `Table<{}>`", schema.name));
            }
        }
        for send in stream.sends() {
            let Target::Channel(id) = &send.to else { continue };
            let Some(channel) = program.channel(*id) else { continue };
            let who = format!("stream `{}` sends to `{}`", stream.name, channel.name);
            tell(channel.schema, who, send.span, "send a schema without personal fields".to_owned());
        }
    }
}
