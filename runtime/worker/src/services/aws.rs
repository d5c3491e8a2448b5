//! Services of AWS. Clients are made when they are first needed; region, credentials and endpoint come from the
//! environment, as AWS's own tools read it.

use super::batches::{Limits, in_batches};
use async_trait::async_trait;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use flow_engine::stream::{Address, Claim, Ending, Message, REASON_LIMIT, SendError, Services, Taken};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::OnceCell;

/// Entries and bytes of a batch of SQS and SNS (256 KiB: what every queue takes), of EventBridge, and of Kinesis.
const QUEUE: Limits = Limits { count: 10, bytes: 262_144, calls: 8 };
/// Of FIFO queues and topics one after the other.
const ORDERED: Limits = Limits { calls: 1, ..QUEUE };
const STREAM: Limits = Limits { count: 500, bytes: 5 << 20, calls: 2 };
/// Executions are started one by one.
const ONE: Limits = Limits { count: 1, bytes: usize::MAX, calls: 4 };

/// See the module.
#[derive(Debug, Default)]
pub struct Aws {
    config: OnceCell<SdkConfig>,
    sqs: OnceCell<aws_sdk_sqs::Client>,
    sns: OnceCell<aws_sdk_sns::Client>,
    bus: OnceCell<aws_sdk_eventbridge::Client>,
    kinesis: OnceCell<aws_sdk_kinesis::Client>,
    sfn: OnceCell<aws_sdk_sfn::Client>,
    dynamodb: OnceCell<aws_sdk_dynamodb::Client>,
}

impl Aws {
    async fn config(&self) -> &SdkConfig {
        self.config
            .get_or_init(|| async {
                let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
                aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await
            })
            .await
    }

    async fn to_queue(&self, url: &str, messages: &[&Message]) -> Vec<Result<(), SendError>> {
        let client = self.sqs.get_or_init(|| async { aws_sdk_sqs::Client::new(self.config().await) }).await;
        let mut request = client.send_message_batch().queue_url(url);
        for (number, message) in messages.iter().enumerate() {
            let mut entry = aws_sdk_sqs::types::SendMessageBatchRequestEntry::builder()
                .id(number.to_string())
                .message_body(&message.body);
            if url.ends_with(".fifo") {
                entry = entry
                    .message_group_id(message.group.as_deref().unwrap_or("flow"))
                    .message_deduplication_id(&message.id);
            }
            match entry.build() {
                Ok(entry) => request = request.entries(entry),
                Err(error) => return all(messages, true, error),
            }
        }
        match request.send().await {
            Ok(answer) => by_id(
                messages.len(),
                answer.failed().iter().map(|failed| (failed.id(), failed.sender_fault(), failed.code(), failed.message())),
            ),
            Err(error) => refused(messages, &error, DisplayErrorContext(&error)),
        }
    }

    async fn to_topic(&self, arn: &str, messages: &[&Message]) -> Vec<Result<(), SendError>> {
        let client = self.sns.get_or_init(|| async { aws_sdk_sns::Client::new(self.config().await) }).await;
        let mut request = client.publish_batch().topic_arn(arn);
        for (number, message) in messages.iter().enumerate() {
            let mut entry =
                aws_sdk_sns::types::PublishBatchRequestEntry::builder().id(number.to_string()).message(&message.body);
            if arn.ends_with(".fifo") {
                entry = entry
                    .message_group_id(message.group.as_deref().unwrap_or("flow"))
                    .message_deduplication_id(&message.id);
            }
            match entry.build() {
                Ok(entry) => request = request.publish_batch_request_entries(entry),
                Err(error) => return all(messages, true, error),
            }
        }
        match request.send().await {
            Ok(answer) => by_id(
                messages.len(),
                answer.failed().iter().map(|failed| (failed.id(), failed.sender_fault(), failed.code(), failed.message())),
            ),
            Err(error) => refused(messages, &error, DisplayErrorContext(&error)),
        }
    }

    async fn to_bus(&self, (name, source, kind): (&str, &str, &str), messages: &[&Message]) -> Vec<Result<(), SendError>> {
        let client = self.bus.get_or_init(|| async { aws_sdk_eventbridge::Client::new(self.config().await) }).await;
        let entries = messages.iter().map(|message| {
            aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
                .event_bus_name(name)
                .source(source)
                .detail_type(kind)
                .detail(&message.body)
                .build()
        });
        match client.put_events().set_entries(Some(entries.collect())).send().await {
            Ok(answer) => in_order(messages, answer.entries().iter().map(|entry| (entry.error_code(), entry.error_message()))),
            Err(error) => refused(messages, &error, DisplayErrorContext(&error)),
        }
    }

    async fn to_stream(&self, name: &str, messages: &[&Message]) -> Vec<Result<(), SendError>> {
        let client = self.kinesis.get_or_init(|| async { aws_sdk_kinesis::Client::new(self.config().await) }).await;
        let mut request = client.put_records().stream_name(name);
        for message in messages {
            // A partition key has 256 characters at most, and one at least.
            let key: String = message.key.chars().take(256).collect();
            let entry = aws_sdk_kinesis::types::PutRecordsRequestEntry::builder()
                .data(aws_sdk_kinesis::primitives::Blob::new(message.body.as_bytes()))
                .partition_key(if key.is_empty() { message.id.clone() } else { key })
                .build();
            match entry {
                Ok(entry) => request = request.records(entry),
                Err(error) => return all(messages, true, error),
            }
        }
        match request.send().await {
            Ok(answer) => in_order(messages, answer.records().iter().map(|entry| (entry.error_code(), entry.error_message()))),
            Err(error) => refused(messages, &error, DisplayErrorContext(&error)),
        }
    }

    async fn to_flow(&self, arn: &str, messages: &[&Message]) -> Vec<Result<(), SendError>> {
        let client = self.sfn.get_or_init(|| async { aws_sdk_sfn::Client::new(self.config().await) }).await;
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            let started = client.start_execution().state_machine_arn(arn).name(&message.id).input(&message.body).send().await;
            outcomes.push(match started {
                Ok(_) => Ok(()),
                // It was started by an earlier delivery of the record.
                Err(error) if error.code() == Some("ExecutionAlreadyExists") => Ok(()),
                Err(error) => Err(SendError {
                    permanent: matches!(error.code(), Some("InvalidExecutionInput" | "InvalidName")),
                    reason: DisplayErrorContext(&error).to_string(),
                }),
            });
        }
        outcomes
    }

    async fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| async { aws_sdk_dynamodb::Client::new(self.config().await) }).await
    }
}

fn limits(address: &str) -> Limits {
    if address.ends_with(".fifo") { ORDERED } else { QUEUE }
}

fn all(messages: &[&Message], permanent: bool, error: impl std::fmt::Display) -> Vec<Result<(), SendError>> {
    vec![Err(SendError { permanent, reason: error.to_string() }); messages.len()]
}

/// A call that failed as a whole. What the service finds wrong with a single message is wrong for ever.
fn refused(messages: &[&Message], error: &impl ProvideErrorMetadata, shown: impl std::fmt::Display) -> Vec<Result<(), SendError>> {
    const WRONG: [&str; 8] = [
        "BatchRequestTooLong",
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "InvalidMessageContents",
        "InvalidParameterValue",
        "InvalidParameter",
        "InvalidArgumentException",
        "ValidationException",
        "MessageTooLong",
    ];
    all(messages, messages.len() == 1 && error.code().is_some_and(|code| WRONG.contains(&code)), shown)
}

/// Outcomes by the number that each entry has as its id.
fn by_id<'a>(
    count: usize,
    failed: impl Iterator<Item = (&'a str, bool, &'a str, Option<&'a str>)>,
) -> Vec<Result<(), SendError>> {
    let mut outcomes = vec![Ok(()); count];
    for (id, sender_fault, code, message) in failed {
        if let Some(outcome) = id.parse::<usize>().ok().and_then(|number| outcomes.get_mut(number)) {
            let reason = format!("{code}: {}", message.unwrap_or_default());
            *outcome = Err(SendError { permanent: sender_fault, reason });
        }
    }
    outcomes
}

/// Outcomes in the order of what was sent.
fn in_order<'a>(
    messages: &[&Message],
    mut answers: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
) -> Vec<Result<(), SendError>> {
    messages
        .iter()
        .map(|_| match answers.next() {
            Some((None, _)) => Ok(()),
            Some((Some(code), message)) => Err(SendError {
                permanent: matches!(code, "MalformedDetail" | "InvalidArgument" | "InvalidJson"),
                reason: format!("{code}: {}", message.unwrap_or_default()),
            }),
            None => Err(SendError { permanent: false, reason: "no answer".into() }),
        })
        .collect()
}

#[async_trait]
impl Services for Aws {
    async fn send(&self, to: &Address, messages: &[Message]) -> Vec<Result<(), SendError>> {
        match to {
            Address::Queue(url) => in_batches(messages, limits(url), |batch| Box::pin(async move { self.to_queue(url, &batch).await })).await,
            Address::Topic(arn) => in_batches(messages, limits(arn), |batch| Box::pin(async move { self.to_topic(arn, &batch).await })).await,
            Address::Bus { name, source, detail_type } => {
                let to = (name.as_str(), source.as_str(), detail_type.as_str());
                in_batches(messages, QUEUE, |batch| Box::pin(async move { self.to_bus(to, &batch).await })).await
            }
            Address::Stream(name) => in_batches(messages, STREAM, |batch| Box::pin(async move { self.to_stream(name, &batch).await })).await,
            Address::Flow(arn) => in_batches(messages, ONE, |batch| Box::pin(async move { self.to_flow(arn, &batch).await })).await,
        }
    }

    async fn take(&self, ledger: &str, claim: &Claim) -> Result<Taken, String> {
        let now = now();
        let mut free = "attribute_not_exists(pk) OR #status = :error OR (attribute_exists(#expires) AND #expires < :now)".to_owned();
        if claim.again {
            free.push_str(" OR (#status = :inflight AND #owner = :owner)");
        }
        let taken = self
            .dynamodb()
            .await
            .update_item()
            .table_name(ledger)
            .key("pk", text(&claim.key))
            .update_expression(
                "SET #status = :inflight, #expires = :lease, #attempts = if_not_exists(#attempts, :zero) + :one, \
                 #owner = :owner, #updated = :now REMOVE #reason",
            )
            .condition_expression(free)
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#attempts", "attempts")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#updated", "updated_at")
            .expression_attribute_names("#reason", "reason")
            .expression_attribute_values(":inflight", text("INFLIGHT"))
            .expression_attribute_values(":error", text("ERROR"))
            .expression_attribute_values(":owner", text(&claim.owner))
            .expression_attribute_values(":lease", number(now.saturating_add(claim.lease_s)))
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match taken {
            Ok(_) => Ok(Taken::Now),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(found)) => {
                    let attribute = |name| found.item().and_then(|item| item.get(name)).and_then(|value| value.as_s().ok());
                    Ok(match (attribute("status").map(String::as_str), attribute("owner")) {
                        (Some("DONE"), _) => Taken::Done,
                        (_, Some(owner)) if *owner == claim.owner => Taken::Own,
                        _ => Taken::Others,
                    })
                }
                _ => Err(DisplayErrorContext(&error).to_string()),
            },
        }
    }

    async fn settle(&self, ledger: &str, claim: &Claim, ending: &Ending) -> Result<(), String> {
        let now = now();
        let request = self
            .dynamodb()
            .await
            .update_item()
            .table_name(ledger)
            .key("pk", text(&claim.key))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#updated", "updated_at")
            .expression_attribute_names("#reason", "reason")
            .expression_attribute_values(":owner", text(&claim.owner))
            .expression_attribute_values(":now", number(now));
        let request = match ending {
            Ending::Done(None) => request
                .update_expression("SET #status = :status, #updated = :now REMOVE #expires, #reason")
                .expression_attribute_values(":status", text("DONE")),
            Ending::Done(Some(keep)) => request
                .update_expression("SET #status = :status, #updated = :now, #expires = :end REMOVE #reason")
                .expression_attribute_values(":status", text("DONE"))
                .expression_attribute_values(":end", number(now.saturating_add(*keep))),
            Ending::Failed(reason) => request
                .update_expression("SET #status = :status, #updated = :now, #expires = :end, #reason = :reason")
                .expression_attribute_values(":status", text("ERROR"))
                .expression_attribute_values(":end", number(now.saturating_sub(1)))
                .expression_attribute_values(":reason", text(&reason.chars().take(REASON_LIMIT).collect::<String>())),
        };
        match request.send().await {
            Ok(_) => Ok(()),
            // Another has taken it since: it is theirs.
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(()),
            Err(error) => Err(DisplayErrorContext(&error).to_string()),
        }
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
