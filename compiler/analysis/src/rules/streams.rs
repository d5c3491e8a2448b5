//! Streams (05, 06, 07): loops, records that may be lost, leases, and what AWS would refuse.

use super::durations::text;
use super::places::{Place, visible};
use super::senders::{listeners, nobody_sends};
use super::{constant, functions};
use crate::limits::{self, Limit};
use crate::program::{
    Channel, DeadLetter, Env, Expr, InvalidPolicy, Program, Refused, Service, Stream, Subject, TableId, Target,
};
use flow_diagnostics::{Code, Diagnostic, Diagnostics, Span, codes};

/// Rules about each stream by itself.
pub(super) fn each(program: &Program, diagnostics: &mut Diagnostics) {
    for stream in &program.streams {
        batches(stream, diagnostics);
        retries(program, stream, diagnostics);
        visibility(program, stream, diagnostics);
    }
}

/// Rules about streams and what is around them.
pub(super) fn together(program: &Program, diagnostics: &mut Diagnostics) {
    for stream in &program.streams {
        feeds_itself(program, stream, diagnostics);
        starts_what_feeds_it(program, stream, diagnostics);
        lease(program, stream, diagnostics);
        lost(program, stream, diagnostics);
        same_outage(stream, diagnostics);
    }
    for listener in listeners(program) {
        nobody_sends(program, &listener, diagnostics);
    }
    overlapping(program, diagnostics);
}

fn channel_of<'p>(program: &'p Program, stream: &Stream) -> Option<&'p Channel> {
    match stream.subject {
        Subject::Channel(id) => program.channel(id),
        Subject::Created(_) => None,
    }
}

/// A setting against its limit.
fn within(value: Option<&Expr>, limit: &Limit, code: Code, stream: &Stream, what: &str, help: &str, diagnostics: &mut Diagnostics) {
    let Some((value, number)) = value.and_then(|value| Some((value, constant::seconds(value)?))) else { return };
    if limit.allows(number) {
        return;
    }
    let shown = match &value.kind {
        crate::program::ExprKind::Value(crate::program::Value::Duration(_)) => text(number),
        _ => limits::thousands(number),
    };
    diagnostics.push(
        Diagnostic::new(code, format!("`{}` asks for {what} {shown}", stream.name))
            .primary(value.span, "")
            .secondary(stream.subject_span, format!("of {}", stream.service.title()))
            .note(limit.note())
            .help(help),
    );
}

fn batches(stream: &Stream, diagnostics: &mut Diagnostics) {
    let settings = &stream.settings;
    within(settings.batch.as_ref(), &limits::BATCH_SIZE, codes::BATCH_SIZE, stream, "a batch of", "write `batch = 1000` or the like", diagnostics);
    within(settings.window.as_ref(), &limits::BATCH_WINDOW, codes::BATCH_WINDOW, stream, "a window of", "write `window = 5m` or less", diagnostics);
    let (limit, what) = match stream.service {
        Service::Sqs => (&limits::MAXIMUM_CONCURRENCY, "functions at once:"),
        _ => (&limits::PARALLELIZATION, "batches of a shard at once:"),
    };
    let help = format!("write a number from {} to {}", limit.min, limits::thousands(limit.max));
    within(settings.parallel.as_ref(), limit, codes::PARALLEL, stream, what, &help, diagnostics);
    let age = if stream.service.is_ordered() { &limits::MAPPING_AGE } else { &limits::ASYNC_AGE };
    let help = format!("write a duration from {} to {}", text(age.min), text(age.max));
    within(settings.max_age.as_ref(), age, codes::RECORD_AGE, stream, "an age of", &help, diagnostics);
    // Without a window Lambda takes what one call of the queue gives.
    let number = settings.batch.as_ref().and_then(constant::whole).unwrap_or(0);
    let no_window = match &settings.window {
        None => true,
        Some(window) => constant::seconds(window) == Some(0),
    };
    if stream.service == Service::Sqs && no_window && limits::BATCH_SIZE.allows(number) && !limits::BATCH_SIZE_FIFO.allows(number) {
        let batch = settings.batch.as_ref().map_or(stream.span, |batch| batch.span);
        diagnostics.push(
            Diagnostic::new(codes::BATCH_SIZE, format!("a batch of {} messages has no window to fill in", limits::thousands(number)))
                .primary(batch, "more than 10")
                .note(limits::BATCH_SIZE_FIFO.note())
                .help("write `window = 5s` beside it")
                .help("or `batch = 10`"),
        );
    }
}

fn retries(program: &Program, stream: &Stream, diagnostics: &mut Diagnostics) {
    let Some((value, number)) = stream.retries.as_ref().and_then(|value| Some((value, constant::whole(value)?))) else { return };
    if stream.service == Service::Sqs {
        let Some(channel) = channel_of(program, stream) else { return };
        let Some(receives) = channel.whole("receives") else { return };
        if receives == number + 1 {
            return;
        }
        let times = |number: u64| if number == 1 { "once".to_owned() } else { format!("{number} times") };
        diagnostics.push(
            Diagnostic::new(
                codes::STREAM_RETRIES,
                format!("`{}` hands a message out {}, and this asks for {}", channel.name, times(receives), times(number + 1)),
            )
            .primary(value.span, format!("the first time, and {number} more"))
            .secondary(channel.span, format!("`receives = {receives}`"))
            .note("how often a message comes is settled by its queue, which then puts it aside")
            .help(format!("write `receives = {}` in the queue", number + 1))
            .help(format!("or `retry {}` here", receives.saturating_sub(1))),
        );
        return;
    }
    let limit = if stream.service.is_ordered() { &limits::MAPPING_RETRIES } else { &limits::ASYNC_RETRIES };
    if !limit.allows(number) {
        let diagnostic = Diagnostic::new(codes::STREAM_RETRIES, format!("{} is not tried again {} times", stream.service.title(), limits::thousands(number)))
            .primary(value.span, "")
            .secondary(stream.subject_span, format!("of {}", stream.service.title()))
            .note(limit.note());
        diagnostics.push(if stream.service.is_ordered() {
            diagnostic.help("write `retry 10000` or less")
        } else {
            diagnostic
                .help("write `retry 2` or less")
                .help("or send what comes to a queue, which hands it out as often as it says")
        });
    }
}

/// A message that is still at work when its queue shows it again is worked on twice.
fn visibility(program: &Program, stream: &Stream, diagnostics: &mut Diagnostics) {
    let Some(channel) = channel_of(program, stream).filter(|channel| channel.service == Service::Sqs) else { return };
    let (Some(visibility), Some(function)) = (channel.seconds("visibility"), program.function(stream.function)) else { return };
    let timeout = u64::from(function.timeout_s);
    let wanted = timeout * 6;
    const SOURCE: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html, checked 2026-09";
    if visibility < timeout {
        diagnostics.push(
            Diagnostic::new(
                codes::VISIBILITY,
                format!("messages of `{}` come back after {}, while `{}` may be at work for {}", channel.name, text(visibility), stream.name, text(timeout)),
            )
            .primary(stream.span, format!("its function may run for {}", text(timeout)))
            .secondary(channel.span, format!("shows a message again after {}", text(visibility)))
            .note(format!("a message that comes back is worked on twice, at the same time; AWS refuses the mapping ({SOURCE})"))
            .help(format!("write `visibility = {}` in the queue, six times the timeout", functions::literal(wanted)))
            .help(format!("or a shorter timeout here: `using = lambda(timeout = {})`", functions::literal((visibility / 6).max(1)))),
        );
    } else if visibility < wanted {
        diagnostics.push(
            Diagnostic::new(
                codes::VISIBILITY_SHORT,
                format!("messages of `{}` come back after {}, less than six times the timeout of `{}`", channel.name, text(visibility), stream.name),
            )
            .primary(stream.span, format!("its function may run for {}", text(timeout)))
            .secondary(channel.span, format!("shows a message again after {}", text(visibility)))
            .note(format!(
                "where many functions are at work, Lambda lets a batch wait and asks for it again: that counts as received, and \
                 good messages end among the dead ({SOURCE})"
            ))
            .help(format!("write `visibility = {}` in the queue", functions::literal(wanted))),
        );
    }
}

/// For how long, at least, a record is tried again after it was first taken; `None` where that is not known.
fn horizon(program: &Program, stream: &Stream) -> Option<u64> {
    let retries = stream.retries.as_ref().map(constant::whole);
    match stream.service {
        // After one minute, then after two more
        // (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html, 2026-09).
        Service::S3 | Service::Sns | Service::EventBridge => match retries.unwrap_or(Some(2))? {
            0 => Some(0),
            1 => Some(60),
            _ => Some(180),
        },
        Service::Sqs => {
            let channel = channel_of(program, stream)?;
            let receives = match retries {
                Some(retries) => retries? + 1,
                None => channel.whole("receives")?,
            };
            Some(receives.saturating_sub(1) * channel.seconds("visibility")?)
        }
        // Until the record is too old, unless it says how often.
        Service::Kinesis | Service::DynamoDb => stream.settings.max_age.as_ref().and_then(constant::seconds),
    }
}

fn lease(program: &Program, stream: &Stream, diagnostics: &mut Diagnostics) {
    let Some(idempotent) = &stream.idempotent else { return };
    let at = idempotent.lease_span.unwrap_or(idempotent.span);
    let lease = idempotent.lease_s;
    let timeout = program.function(stream.function).map_or(0, |function| u64::from(function.timeout_s));
    if lease < timeout {
        diagnostics.push(
            Diagnostic::new(codes::LEASE, format!("a record is free again after {}, while the function may be at work for {}", text(lease), text(timeout)))
                .primary(at, format!("a lease of {}", text(lease)))
                .secondary(stream.span, format!("its function may run for {}", text(timeout)))
                .note("a record that comes again meanwhile is then worked on twice, which the ledger is there to prevent")
                .help(format!("write `lease = {}`, or leave it out: it is the function's timeout", functions::literal(timeout))),
        );
        return;
    }
    let Some(horizon) = horizon(program, stream) else { return };
    if lease > horizon && idempotent.lease_span.is_some() {
        diagnostics.push(
            Diagnostic::new(codes::LEASE, format!("a record stays leased for {}, longer than it is tried again: {}", text(lease), text(horizon)))
                .primary(at, format!("a lease of {}", text(lease)))
                .secondary(stream.subject_span, format!("{} has given up after {}", stream.service.title(), text(horizon)))
                .note(
                    "a function that is stopped in the middle of its work leaves the lease behind: whoever sends the record \
                     again before it is over finds it skipped, and it is lost without a word",
                )
                .help(format!("write `lease = {}`, or leave it out: it is the function's timeout", functions::literal(timeout.max(1)))),
        );
    }
}

/// What is gone, or stuck, where nothing says what becomes of it.
fn lost(program: &Program, stream: &Stream, diagnostics: &mut Diagnostics) {
    let title = stream.service.title();
    let invalid = match stream.subject {
        Subject::Created(id) => program.table(id).map(|table| &table.invalid),
        Subject::Channel(_) => None,
    };
    match &stream.refused {
        Refused::DeadLetter(_) => {}
        // What fails goes back to the queue, and from there to its dead letters; only what cannot succeed is dropped.
        Refused::Drop(_) | Refused::Return if stream.service == Service::Sqs => {}
        Refused::Drop(span) => {
            let (given_up, note) = if stream.service.is_ordered() {
                let times = match stream.retries.as_ref().and_then(constant::whole) {
                    Some(retries) => format!("after {} attempts", retries + 1),
                    None => "when they are too old".to_owned(),
                };
                (times, "the mapping has nowhere to send a batch that it gives up")
            } else {
                ("after its retries".to_owned(), "Lambda has nowhere to send an event that it gives up")
            };
            diagnostics.push(
                Diagnostic::new(codes::EVENTS_LOST, format!("good records of `{}` are lost too, where what it writes to is out of order for a while", stream.name))
                    .primary(*span, "what fails is left out")
                    .secondary(stream.subject_span, format!("{title} gives a record up {given_up}"))
                    .note(note)
                    .help("write `then dead_letter(failed)`, with `resource failed = sqs.queue {}`"),
            );
        }
        Refused::Return if stream.service.is_ordered() => {
            let at = stream.on_error.unwrap_or(stream.span);
            let (message, note) = match stream.retries.as_ref().map(constant::whole) {
                Some(retries) => (
                    format!("a batch of `{}` that fails {}is lost", stream.name, retries.map_or(String::new(), |retries| format!("{} times ", retries + 1))),
                    "the mapping gives it up and goes on with the next one",
                ),
                None => (
                    format!("a record of `{}` that cannot succeed holds up all behind it", stream.name),
                    "its batch is tried again until the record is too old, a day or more; then it is lost",
                ),
            };
            diagnostics.push(
                Diagnostic::new(codes::EVENTS_LOST, message)
                    .primary(at, if stream.on_error.is_some() { "no `then`" } else { "no `on_error`" })
                    .secondary(stream.subject_span, format!("{title} keeps the order of its records"))
                    .note(note)
                    .help("write `on_error = retry 3 then dead_letter(failed)`, with `resource failed = sqs.queue {}`"),
            );
        }
        Refused::Return if matches!(invalid, Some(InvalidPolicy::Drop | InvalidPolicy::Quarantine { .. })) && stream.on_error.is_some() => {}
        Refused::Return => {
            let at = stream.on_error.unwrap_or(stream.span);
            let attempts = stream.retries.as_ref().map_or(Some(2), constant::whole).map_or(3, |retries| retries + 1);
            let attempts = if attempts == 1 { "once".to_owned() } else { format!("{attempts} times") };
            diagnostics.push(
                Diagnostic::new(codes::EVENTS_LOST, format!("an event of `{}` that fails {attempts} is lost", stream.name))
                    .primary(at, if stream.on_error.is_some() { "no `then`" } else { "no `on_error`" })
                    .secondary(stream.subject_span, format!("{title} hands each event over once, and Lambda tries it again"))
                    .note("then nothing remembers it: no queue holds it, and no log has its text")
                    .help("write `on_error = retry 2 then dead_letter(failed)`, with `resource failed = sqs.queue {}`"),
            );
        }
    }
}

/// Records that are given up after some retries, in the outage in which their dead letters cannot be written either.
fn same_outage(stream: &Stream, diagnostics: &mut Diagnostics) {
    let Refused::DeadLetter(dead) = &stream.refused else { return };
    // A queue keeps what fails; an object that nobody was told of is still there.
    if dead.kind != "folder" || matches!(stream.service, Service::Sqs | Service::S3) {
        return;
    }
    let Some((_, written)) = stream.writes().into_iter().next() else { return };
    let attempts = match &stream.retries {
        Some(retries) => constant::whole(retries).map(|retries| retries + 1),
        None if stream.service.is_ordered() => return,
        None => Some(3),
    };
    let after = attempts.map_or("some attempts".to_owned(), |attempts| format!("{attempts} attempts"));
    let diagnostic = Diagnostic::new(codes::SAME_OUTAGE, format!("records of `{}` are lost in an outage of S3", stream.name))
        .primary(dead.span, "a folder in S3, which is out of order too")
        .secondary(written, format!("fails in such an outage, and is given up after {after}"))
        .note("what is given up is sent to the dead letters once; where that fails too, nothing remembers the record");
    diagnostics.push(match stream.service.is_ordered() {
        true => diagnostic
            .help("leave `retry` out: `on_error = dead_letter(…)` tries what S3 does not take until the record is too old, a day or more")
            .help("or write `dead_letter(failed)` with `resource failed = sqs.queue {}`"),
        false => diagnostic.help("write `dead_letter(failed)` with `resource failed = sqs.queue {}`"),
    });
}

/// Where the objects of a stream's table lie.
fn listens(program: &Program, env: Option<&Env>, stream: &Stream) -> Option<(TableId, Place)> {
    let Subject::Created(id) = stream.subject else { return None };
    let table = program.table(id)?;
    Some((id, Place::of(program, env, &table.bucket, &table.prefix)?))
}

/// A stream that writes objects below the prefix whose objects it is told of.
fn feeds_itself(program: &Program, stream: &Stream, diagnostics: &mut Diagnostics) {
    for env in constant::environments(program) {
        let Some((listened, place)) = listens(program, env, stream) else { return };
        let name = program.table(listened).map_or("", |table| table.name.as_str());
        let written = stream.writes().into_iter().find_map(|(target, span)| {
            let table = program.table(target.table)?;
            let at = Place::of(program, env, &table.bucket, &table.prefix)?;
            at.within(&place).then(|| (format!("writes `{}`", table.name), span, at))
        });
        let refused = match &stream.refused {
            Refused::DeadLetter(DeadLetter { kind, value, span, .. }) if kind == "folder" => {
                let (bucket, prefix) = (value.entry("bucket"), value.entry("prefix"));
                bucket
                    .zip(prefix)
                    .and_then(|(bucket, prefix)| Place::of(program, env, bucket, prefix))
                    .filter(|at| at.within(&place))
                    .map(|at| ("writes its dead letters".to_owned(), *span, at))
            }
            _ => None,
        };
        let Some((what, span, at)) = written.or(refused) else { continue };
        let folder = match visible(&at.folder) {
            folder if folder.is_empty() => "the whole bucket".to_owned(),
            folder => format!("`{folder}`"),
        };
        diagnostics.push(
            Diagnostic::new(codes::STREAM_LOOP, format!("`{}` {what} where it is told of every new object", stream.name))
                .primary(span, format!("writes below {folder}"))
                .secondary(stream.subject_span, format!("listens to `{name}`"))
                .note("each object that it writes is an event for it, which writes another object, for ever; each is paid for")
                .help("write below another prefix, or better into another bucket"),
        );
        return;
    }
}

/// A stream that starts a flow which writes the table that the stream listens to, or sends what comes back.
fn starts_what_feeds_it(program: &Program, stream: &Stream, diagnostics: &mut Diagnostics) {
    let Subject::Created(listened) = stream.subject else { return };
    for send in stream.sends() {
        let Target::Flow(name) = &send.to else { continue };
        let Some(flow) = program.flows.iter().find(|flow| flow.name == *name) else { continue };
        let Some(step) = flow.steps().into_iter().find(|step| step.call.writes.contains(&listened)) else { continue };
        let table = program.table(listened).map_or("", |table| table.name.as_str());
        diagnostics.push(
            Diagnostic::new(codes::STREAM_LOOP, format!("`{}` starts `{name}`, which writes `{table}`, to which the stream listens", stream.name))
                .primary(send.span, format!("starts `{name}`"))
                .secondary(step.name_span, format!("writes `{table}`"))
                .secondary(stream.subject_span, format!("listens to `{table}`"))
                .note("each execution writes objects that start the next one, for ever")
                .help("let the flow write another table"),
        );
        return;
    }
}

/// Notifications of one bucket may not overlap: S3 refuses them.
fn overlapping(program: &Program, diagnostics: &mut Diagnostics) {
    for (at, first) in program.streams.iter().enumerate() {
        for second in program.streams.iter().skip(at + 1) {
            for env in constant::environments(program) {
                let (Some((one, a)), Some((other, b))) = (listens(program, env, first), listens(program, env, second)) else { continue };
                if !a.within(&b) && !b.within(&a) {
                    continue;
                }
                let message = if one == other {
                    format!("`{}` and `{}` both listen to the new objects of one table", first.name, second.name)
                } else {
                    format!("`{}` and `{}` listen to prefixes of which one lies in the other", first.name, second.name)
                };
                notifications_overlap(message, first.subject_span, second.subject_span, diagnostics);
                break;
            }
        }
    }
}

fn notifications_overlap(message: String, first: Span, second: Span, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(codes::NOTIFICATIONS_OVERLAP, message)
            .primary(second, "told of the same objects")
            .secondary(first, "told here already")
            .note(
                "S3 tells of an object once, and refuses notifications whose prefixes overlap \
                 (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html, checked 2026-09)",
            )
            .help("do both in one stream, or send the objects on to a queue or a topic of two readers"),
    );
}
