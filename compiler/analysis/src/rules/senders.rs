//! Who sends what streams and flows listen to (05): somebody, in each environment in which they listen.

use super::constant;
use crate::program::{Channel, ChannelId, Env, Expr, Guard, Program, Service, Stream, Subject, TableRole, Target};
use flow_diagnostics::{Diagnostic, Diagnostics, Span, codes};

/// A stream, or a flow that events start.
pub(super) struct Listener<'p> {
    name: &'p str,
    channel: ChannelId,
    guard: Option<&'p Guard>,
    /// Where it says what it listens to.
    span: Span,
}

/// All that listen to a channel.
pub(super) fn listeners(program: &Program) -> Vec<Listener<'_>> {
    let streams = program.streams.iter().filter_map(|stream| match stream.subject {
        Subject::Channel(channel) => {
            Some(Listener { name: &stream.name, channel, guard: stream.when.as_ref(), span: stream.subject_span })
        }
        Subject::Created(_) => None,
    });
    let flows = program.flows.iter().flat_map(|flow| {
        flow.events.iter().map(|event| Listener {
            name: &flow.name,
            channel: event.channel,
            guard: flow.when.as_ref(),
            span: event.span,
        })
    });
    streams.chain(flows).collect()
}

/// A channel of this program to which nothing is sent, or not everywhere where somebody listens.
pub(super) fn nobody_sends(program: &Program, listener: &Listener<'_>, diagnostics: &mut Diagnostics) {
    let Some(channel) = program.channel(listener.channel) else { return };
    let senders: Vec<(&Stream, Span)> = program
        .streams
        .iter()
        .flat_map(|stream| stream.sends().map(move |send| (stream, send)))
        .filter(|(_, send)| match &send.to {
            Target::Channel(id) => *id == listener.channel || program.channel(*id).is_some_and(|sent| same_events(sent, channel)),
            Target::Flow(_) => false,
        })
        .map(|(stream, send)| (stream, send.span))
        .collect();
    let name = &channel.name;
    if senders.is_empty() {
        if channel.role == TableRole::Sink && !channel.mentioned {
            diagnostics.push(
                Diagnostic::new(codes::NOBODY_SENDS, format!("`{}` listens to `{name}`, to which nothing is sent", listener.name))
                    .primary(listener.span, "nothing will come")
                    .secondary(channel.span, "declared as a sink: what this program sends to")
                    .note("it would be deployed and watched for nothing")
                    .help(format!("send to it in another stream: `each … send to {name}`"))
                    .help(format!("or, if others send to it, declare it as `source {name}`")),
            );
        }
        return;
    }
    let there = |env: Option<&Env>, guard: Option<&Guard>| match guard {
        Some(guard) => constant::holds(program, env, &guard.condition),
        None => Some(true),
    };
    for env in constant::environments(program) {
        let listens = there(env, listener.guard) == Some(true) && there(env, channel.when.as_ref()) == Some(true);
        let silent = senders.iter().all(|(stream, _)| there(env, stream.when.as_ref()) == Some(false));
        if !listens || !silent {
            continue;
        }
        let Some((sender, guard, span)) = senders.iter().find_map(|(stream, span)| Some((*stream, stream.when.as_ref()?, *span))) else {
            continue;
        };
        let wherever = env.map_or(String::new(), |env| format!(" in `{}`", env.name));
        diagnostics.push(
            Diagnostic::new(codes::NOBODY_SENDS, format!("`{}` listens to `{name}`{wherever}, where nothing sends to it", listener.name))
                .primary(listener.span, "nothing will come")
                .secondary(span, format!("`{}` sends, `when {}` alone", sender.name, guard.text))
                .note("one of two switches is on, and the other is not: it is deployed and watched for nothing")
                .help(format!("let `{}` hold there too", guard.text))
                .help(format!("or, if others send to it as well, allow it: `@allow({}, \"…\")`", codes::NOBODY_SENDS)),
        );
        return;
    }
}

/// Whether what is sent to one bus is what another declaration hears.
fn same_events(sent: &Channel, heard: &Channel) -> bool {
    let constant = |channel: &Channel, field: &str| channel.field(field).and_then(Expr::text).map(str::to_owned);
    sent.service == Service::EventBridge
        && heard.service == Service::EventBridge
        && ["name", "source", "detail_type"]
            .iter()
            .all(|field| constant(sent, field).is_some_and(|text| constant(heard, field) == Some(text)))
}
