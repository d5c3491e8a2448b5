//! Batches of messages: as many as a call takes, those that failed sent again a few times.

use flow_engine::stream::{Message, SendError};
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use std::time::Duration;

/// What one call takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries.
    pub count: usize,
    /// Bytes of all of them together; a single one that is larger goes alone, and the service decides.
    pub bytes: usize,
    /// Calls at the same time.
    pub calls: usize,
}

/// Bytes of an entry beside its body.
const ENVELOPE: usize = 512;
/// How often an entry is sent.
const ATTEMPTS: u32 = 4;
/// The wait before the second attempt; it doubles.
const BACKOFF: Duration = Duration::from_millis(100);

/// Sends messages by `call`, which says of each, in order, whether it is there.
pub async fn in_batches<'m, F>(messages: &'m [Message], limits: Limits, call: F) -> Vec<Result<(), SendError>>
where
    F: Fn(Vec<&'m Message>) -> BoxFuture<'m, Vec<Result<(), SendError>>>,
{
    let mut outcomes: Vec<Result<(), SendError>> =
        vec![Err(SendError { permanent: false, reason: "not sent".into() }); messages.len()];
    let mut waiting: Vec<usize> = (0..messages.len()).collect();
    let mut wait = BACKOFF;
    let mut alone = false;
    for attempt in 1..=ATTEMPTS {
        let limits = Limits { count: if alone { 1 } else { limits.count }, ..limits };
        let calls = cut(messages, &waiting, limits).into_iter().map(|places| {
            let batch: Vec<&Message> = places.iter().filter_map(|place| messages.get(*place)).collect();
            let answer = call(batch);
            async move { (places, answer.await) }
        });
        let answers: Vec<_> = stream::iter(calls).buffered(limits.calls.max(1)).collect().await;
        alone = false;
        for (places, answers) in answers {
            // Those of a call that failed as a whole go one by one: one of them may be to blame.
            alone |= places.len() > 1 && answers.iter().all(Result::is_err);
            for (place, answer) in places.into_iter().zip(answers) {
                if let Some(outcome) = outcomes.get_mut(place) {
                    *outcome = answer;
                }
            }
        }
        waiting.retain(|place| matches!(outcomes.get(*place), Some(Err(SendError { permanent: false, .. }))));
        if waiting.is_empty() || attempt == ATTEMPTS {
            break;
        }
        tracing::debug!(attempt, waiting = waiting.len(), "sending again");
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    outcomes
}

/// Places in batches within the limits, in order.
fn cut(messages: &[Message], places: &[usize], limits: Limits) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for place in places {
        let size = messages.get(*place).map_or(0, |message| message.body.len() + ENVELOPE);
        match batches.last_mut() {
            Some(batch) if batch.len() < limits.count && size.saturating_add(bytes) <= limits.bytes => {
                batch.push(*place);
                bytes += size;
            }
            _ => {
                batches.push(vec![*place]);
                bytes = size;
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::sync::Mutex;

    fn message(id: usize, bytes: usize) -> Message {
        Message { id: id.to_string(), body: "x".repeat(bytes), key: String::new(), group: None }
    }

    #[tokio::test]
    async fn batches_keep_to_the_limits() {
        let messages: Vec<Message> = (0..25).map(|id| message(id, if id == 12 { 5000 } else { 100 })).collect();
        let calls = Mutex::new(Vec::new());
        let outcomes = in_batches(&messages, Limits { count: 10, bytes: 5000, calls: 1 }, |batch| {
            calls.lock().unwrap().push(batch.len());
            Box::pin(async move { vec![Ok(()); batch.len()] })
        })
        .await;
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!(*calls.lock().unwrap(), [8, 4, 1, 8, 4]);
    }

    #[tokio::test]
    async fn what_failed_is_sent_again_and_nothing_else() {
        let messages: Vec<Message> = (0..12).map(|id| message(id, 10)).collect();
        let calls: Mutex<Vec<usize>> = Mutex::default();
        let outcomes = in_batches(&messages, Limits { count: 10, bytes: 1 << 20, calls: 8 }, |batch| {
            let mut calls = calls.lock().unwrap();
            let outcomes = batch
                .iter()
                .map(|message| {
                    let id: usize = message.id.parse().unwrap();
                    calls.push(id);
                    let before = calls.iter().filter(|seen| **seen == id).count();
                    let error = |permanent| Err(SendError { permanent, reason: "busy".into() });
                    match id {
                        3 if before < 3 => error(false),
                        5 => error(true),
                        7 => error(false),
                        _ => Ok(()),
                    }
                })
                .collect();
            Box::pin(async move { outcomes })
        })
        .await;
        let failed: Vec<(usize, bool)> = outcomes
            .iter()
            .enumerate()
            .filter_map(|(id, outcome)| Some((id, outcome.as_ref().err()?.permanent)))
            .collect();
        assert_eq!(failed, [(5, true), (7, false)]);
        let calls = calls.lock().unwrap();
        let count = |id| calls.iter().filter(|seen| **seen == id).count();
        assert_eq!((count(0), count(3), count(5), count(7)), (1, 3, 1, 4));
    }
}
