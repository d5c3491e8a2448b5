//! Streams as the plan has them.

use super::{Rows, Slots, schema_name};
use flow_analysis::program::{
    self, Channel, DeadLetter, Decode, Expr, InvalidPolicy, Program, Refused, Service, Subject, TablePlace, Target,
    TargetPlace, TargetReplace, Value,
};
use flow_plan::{
    Destination, Idempotent, Location, PartitionValue, Replace, Stream, StreamAction, StreamSource, StreamTarget, StreamUnit,
    TableRef, Text,
};
use indexmap::IndexMap;

/// What a stream does with each batch; `None` where the checker has seen an error.
pub(super) fn lower(
    program: &Program,
    stream: &program::Stream,
    slots: &mut Slots<'_>,
    rows: &mut Rows<'_>,
) -> Option<Stream> {
    let mut lower = Lower { program, stream, slots, rows };
    Some(Stream {
        doc: stream.doc.clone(),
        from: lower.source()?,
        schema: schema_name(program, stream.schema),
        patterns: stream.patterns.clone(),
        idempotent: lower.idempotent(),
        actions: stream.actions.iter().map(|action| lower.action(action)).collect::<Option<_>>()?,
        refused: lower.refused()?,
    })
}

struct Lower<'a, 's, 'p, 'r, 'f> {
    program: &'a Program,
    stream: &'a program::Stream,
    slots: &'s mut Slots<'p>,
    rows: &'r mut Rows<'f>,
}

impl Lower<'_, '_, '_, '_, '_> {
    fn source(&mut self) -> Option<StreamSource> {
        Some(match self.stream.subject {
            Subject::Created(id) => {
                let table = self.program.table(id)?;
                StreamSource::S3 {
                    format: super::format(&table.format),
                    location: Location {
                        bucket: self.slots.text(&table.bucket, &table.name, "bucket"),
                        prefix: self.slots.text(&table.prefix, &table.name, "prefix"),
                    },
                }
            }
            Subject::Channel(id) => {
                let channel = self.program.channel(id)?;
                let decode = match channel.decode {
                    Decode::Json => flow_plan::Decode::Json,
                    Decode::DynamoDbChange => flow_plan::Decode::DynamodbChange,
                    Decode::Sns => flow_plan::Decode::Sns,
                    Decode::EventBridge => flow_plan::Decode::EventBridge,
                };
                match channel.service {
                    Service::Sqs => StreamSource::Sqs { decode },
                    Service::Kinesis => StreamSource::Kinesis { decode },
                    Service::DynamoDb => StreamSource::DynamoDb,
                    Service::EventBridge => StreamSource::EventBridge,
                    Service::Sns => StreamSource::Sns { decode },
                    Service::S3 => return None,
                }
            }
        })
    }

    /// A deploy value that this stream alone needs; `local` is what it is called in local runs.
    fn text(&mut self, value: &Expr, owner: &str, part: &str, local: Option<&str>) -> Text {
        self.slots.of_stream(value, owner, part, &self.stream.name, local)
    }

    fn idempotent(&mut self) -> Option<Idempotent> {
        let of = self.stream.idempotent.as_ref()?;
        let ledger = field(&of.ledger, "name")?;
        Some(Idempotent {
            by: of.by.iter().map(|part| self.rows.expr(self.program, part)).collect(),
            ledger: self.text(ledger, &of.name, "name", Some(&of.name)),
            lease_s: of.lease_s,
            keep_s: of.keep_s,
        })
    }

    fn action(&mut self, action: &program::StreamAction) -> Option<StreamAction> {
        Some(match action {
            program::StreamAction::Send(send) => StreamAction::Send {
                unit: if send.whole { StreamUnit::Record } else { StreamUnit::Row },
                condition: send.condition.as_ref().map(|condition| self.rows.expr(self.program, condition)),
                value: send.value.as_ref().map(|value| self.rows.expr(self.program, value)),
                to: self.destination(send)?,
            },
            program::StreamAction::Run(run) => StreamAction::Run {
                transform: self.program.transform(run.transform)?.name.clone(),
                input: run.input.clone(),
                inputs: run
                    .inputs
                    .iter()
                    .map(|(name, place)| Some((name.clone(), self.table_ref(place)?)))
                    .collect::<Option<_>>()?,
                into: match &run.into {
                    program::StreamTarget::Table(place) => StreamTarget::Table { into: self.target(place)? },
                    program::StreamTarget::Family { tag, cases } => StreamTarget::Family {
                        tag: tag.clone(),
                        cases: cases
                            .iter()
                            .map(|(case, place)| Some((case.clone(), self.target(place)?)))
                            .collect::<Option<_>>()?,
                    },
                },
            },
        })
    }

    fn table_ref(&self, place: &TablePlace) -> Option<TableRef> {
        Some(TableRef { table: self.program.table(place.table)?.name.clone(), partitions: partitions(&place.partitions)? })
    }

    fn target(&self, place: &TargetPlace) -> Option<flow_plan::Target> {
        let TargetReplace::Append { values, key } = &place.replace else { return None };
        Some(flow_plan::Target {
            table: self.program.table(place.table)?.name.clone(),
            replace: Replace::Append { partitions: partitions(values)?, key: key.clone() },
        })
    }

    fn destination(&mut self, send: &program::Send) -> Option<Destination> {
        match &send.to {
            Target::Flow(flow) => {
                let arn = Expr {
                    kind: program::ExprKind::FlowArn(flow.clone()),
                    ty: program::Type::Arn,
                    stage: program::Stage::Apply,
                    span: send.span,
                };
                Some(Destination::Flow { arn: self.text(&arn, flow, "machine", None) })
            }
            Target::Channel(id) => {
                let channel = self.program.channel(*id)?;
                self.channel(channel, send.key.as_ref())
            }
        }
    }

    fn channel(&mut self, channel: &Channel, key: Option<&Expr>) -> Option<Destination> {
        let name = channel.name.as_str();
        let constant = |field: &str| match channel.field(field).map(|value| &value.kind) {
            Some(program::ExprKind::Value(Value::String(text))) => Some(text.clone()),
            _ => None,
        };
        Some(match channel.service {
            Service::Sqs => Destination::Queue { url: self.text(channel.field("url")?, name, "url", Some(name)) },
            Service::Sns => Destination::Topic { arn: self.text(channel.field("arn")?, name, "arn", Some(name)) },
            Service::Kinesis => Destination::Stream {
                name: self.text(channel.field("name")?, name, "stream", Some(name)),
                key: key.map(|key| self.rows.expr(self.program, key)),
            },
            Service::EventBridge => Destination::Bus {
                name: self.text(channel.field("name")?, name, "bus", Some(name)),
                source: constant("source")?,
                detail_type: constant("detail_type")?,
            },
            Service::DynamoDb | Service::S3 => return None,
        })
    }

    fn refused(&mut self) -> Option<flow_plan::Refused> {
        Some(match &self.stream.refused {
            Refused::Drop(_) => flow_plan::Refused::Drop,
            Refused::DeadLetter(dead) => flow_plan::Refused::DeadLetter { to: self.dead_letter(dead)? },
            // What a table says of its bad records.
            Refused::Return => match self.stream.subject {
                Subject::Created(id) => {
                    let table = self.program.table(id)?;
                    match &table.invalid {
                        InvalidPolicy::Fail => flow_plan::Refused::Return,
                        InvalidPolicy::Drop => flow_plan::Refused::Drop,
                        InvalidPolicy::Quarantine { bucket, prefix, .. } => {
                            let owner = format!("{} quarantine", table.name);
                            let location = Location {
                                bucket: self.slots.text(bucket, &owner, "bucket"),
                                prefix: self.slots.text(prefix, &owner, "prefix"),
                            };
                            flow_plan::Refused::DeadLetter { to: Destination::Folder { location } }
                        }
                    }
                }
                Subject::Channel(_) => flow_plan::Refused::Return,
            },
        })
    }

    fn dead_letter(&mut self, dead: &DeadLetter) -> Option<Destination> {
        let name = dead.name.as_str();
        Some(match dead.kind.as_str() {
            "sqs" => Destination::Queue { url: self.text(field(&dead.value, "url")?, name, "url", Some(name)) },
            "sns" => Destination::Topic { arn: self.text(field(&dead.value, "arn")?, name, "arn", Some(name)) },
            _ => Destination::Folder {
                location: Location {
                    bucket: self.text(field(&dead.value, "bucket")?, name, "bucket", None),
                    prefix: self.text(field(&dead.value, "prefix")?, name, "prefix", None),
                },
            },
        })
    }
}

/// A field of a construct's result.
pub(crate) fn field<'e>(value: &'e Expr, name: &str) -> Option<&'e Expr> {
    match &value.kind {
        program::ExprKind::Record(entries) => entries.iter().find(|(known, _)| known == name).map(|(_, value)| value),
        _ => None,
    }
}

/// Constant values of partition columns.
fn partitions(values: &[(String, Expr)]) -> Option<IndexMap<String, PartitionValue>> {
    let value = |value: &Expr| match &value.kind {
        program::ExprKind::Value(Value::Bool(value)) => Some(PartitionValue::Bool(*value)),
        program::ExprKind::Value(Value::Int(value)) => Some(PartitionValue::Int(*value)),
        program::ExprKind::Value(Value::String(text) | Value::Date(text) | Value::Timestamp(text)) => {
            Some(PartitionValue::Text(text.clone()))
        }
        _ => None,
    };
    values.iter().map(|(name, given)| Some((name.clone(), value(given)?))).collect()
}
