//! Streams in local runs: their functions, and what each is handed events from. Queues and the like go by the names that
//! they have in the program.

use crate::asl;
use crate::evaluate::Evaluator;
use flow_analysis::program::{Expr, Program, Refused, Service, Start, Stream, Subject};
use flow_diagnostics::FileSet;
use flow_plan::{LocalFunction, LocalStream, LocalSubject};
use indexmap::IndexMap;

/// The streams that exist in the environment.
pub(super) fn streams(program: &Program, files: &FileSet, values: &Evaluator<'_>) -> IndexMap<String, LocalStream> {
    let there = |stream: &&Stream| {
        stream.when.as_ref().and_then(|guard| values.condition(&guard.condition)) != Some(false)
    };
    let streams = program.streams.iter().filter(there);
    streams.filter_map(|stream| Some((stream.name.clone(), local_stream(program, files, stream, values)?))).collect()
}

fn local_stream(program: &Program, files: &FileSet, stream: &Stream, values: &Evaluator<'_>) -> Option<LocalStream> {
    let function = program.function(stream.function)?;
    let number = |value: &Option<Expr>| {
        let value = values.value(value.as_ref()?)?;
        value.as_u64().and_then(|number| u32::try_from(number).ok())
    };
    let channel = match stream.subject {
        Subject::Channel(id) => Some(program.channel(id)?),
        Subject::Created(_) => None,
    };
    let from = match (stream.subject, channel) {
        (Subject::Created(id), _) => {
            let table = program.table(id)?;
            LocalSubject::Bucket {
                bucket: values.text(&table.bucket).unwrap_or_default(),
                prefix: values.text(&table.prefix).unwrap_or_default().trim_matches('/').to_owned(),
            }
        }
        (Subject::Channel(_), channel) => {
            let name = channel?.name.clone();
            match stream.service {
                Service::Sqs => LocalSubject::Queue { name },
                Service::Kinesis => LocalSubject::Stream { name },
                Service::DynamoDb => LocalSubject::Changes { table: name },
                Service::Sns => LocalSubject::Topic { name },
                Service::EventBridge => LocalSubject::Bus { name },
                Service::S3 => return None,
            }
        }
    };
    let retries = number(&stream.retries);
    let (batch, receives) = match stream.service {
        Service::Sqs => {
            let of_queue = channel.and_then(|channel| channel.whole("receives")).and_then(|times| u32::try_from(times).ok());
            (10, of_queue.or(retries.map(|retries| retries.saturating_add(1))))
        }
        Service::Kinesis | Service::DynamoDb => (100, retries.map(|retries| retries.saturating_add(1))),
        Service::S3 | Service::Sns | Service::EventBridge => (1, Some(retries.unwrap_or(2).saturating_add(1))),
    };
    Some(LocalStream {
        function: LocalFunction {
            name: function.name.clone(),
            memory_mb: function.memory_mb,
            timeout_s: function.timeout_s,
        },
        from,
        batch: if stream.service.is_polled() { number(&stream.settings.batch).unwrap_or(batch) } else { batch },
        start: match &stream.settings.start {
            _ if !stream.service.is_ordered() => None,
            None | Some(Start::Latest) => Some("latest".to_owned()),
            Some(Start::Earliest) => Some("trim_horizon".to_owned()),
            Some(Start::At(at)) => values.text(at),
        },
        receives,
        dead_letter: match (stream.service, &stream.refused) {
            // Its own redrive.
            (Service::Sqs, _) => channel.filter(|channel| channel.field("dead").is_some()).map(|channel| format!("{}-dead", channel.name)),
            (_, Refused::DeadLetter(dead)) if dead.kind == "sqs" => Some(dead.name.clone()),
            _ => None,
        },
        source: Some(asl::place(files, stream.span)),
    })
}
