//! Services in memory that fail when they are told to.

use crate::stream::{Address, Claim, Ending, Message, SendError, Services, Taken};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// What fails.
#[derive(Debug, Default, Clone)]
pub struct Fails {
    /// Everything sent to this queue.
    pub send_to: Option<String>,
    /// Messages with a text in their body, and whether for ever.
    pub bodies: Vec<(String, bool)>,
    /// The ledger.
    pub ledger: bool,
    /// Sending never ends.
    pub hangs: bool,
    /// The n-th, 2n-th, … message and claim.
    pub every: Option<usize>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Fake {
    sent: Mutex<Vec<(Address, Message)>>,
    ledger: Mutex<BTreeMap<String, (String, String)>>,
    fails: Mutex<Fails>,
    count: Mutex<usize>,
}

impl Fake {
    pub fn fail(&self, fails: Fails) {
        *self.fails.lock().unwrap() = fails;
    }

    pub fn to(&self, to: &Address) -> Vec<Message> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|(address, _)| address == to).map(|(_, message)| message.clone()).collect()
    }

    pub fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    pub fn put(&self, key: &str, status: &str, owner: &str) {
        self.ledger.lock().unwrap().insert(key.into(), (status.into(), owner.into()));
    }

    /// `KEY STATUS`
    pub fn ledger(&self) -> Vec<String> {
        self.ledger.lock().unwrap().iter().map(|(key, (status, _))| format!("{key} {status}")).collect()
    }

    fn turn(&self, every: Option<usize>) -> bool {
        let mut count = self.count.lock().unwrap();
        *count += 1;
        every.is_some_and(|every| count.is_multiple_of(every))
    }
}

#[async_trait]
impl Services for Fake {
    async fn send(&self, to: &Address, messages: &[Message]) -> Vec<Result<(), SendError>> {
        let fails = self.fails.lock().unwrap().clone();
        if fails.hangs {
            std::future::pending::<()>().await;
        }
        let error = |permanent| Err(SendError { permanent, reason: "told to".into() });
        messages
            .iter()
            .map(|message| {
                if matches!(to, Address::Queue(url) if Some(url) == fails.send_to.as_ref()) || self.turn(fails.every) {
                    return error(false);
                }
                let letter = matches!(to, Address::Queue(url) if url.ends_with("dlq"));
                if let Some((_, permanent)) = fails.bodies.iter().find(|(text, _)| !letter && message.body.contains(text)) {
                    return error(*permanent);
                }
                self.sent.lock().unwrap().push((to.clone(), message.clone()));
                Ok(())
            })
            .collect()
    }

    async fn take(&self, _: &str, claim: &Claim) -> Result<Taken, String> {
        let fails = self.fails.lock().unwrap().clone();
        if fails.ledger || self.turn(fails.every) {
            return Err("told to".into());
        }
        let mut ledger = self.ledger.lock().unwrap();
        match ledger.get(&claim.key) {
            Some((status, _)) if status == "DONE" => return Ok(Taken::Done),
            Some((status, owner)) if status == "INFLIGHT" => {
                if *owner != claim.owner {
                    return Ok(Taken::Others);
                }
                if !claim.again {
                    return Ok(Taken::Own);
                }
            }
            _ => {}
        }
        ledger.insert(claim.key.clone(), ("INFLIGHT".into(), claim.owner.clone()));
        Ok(Taken::Now)
    }

    async fn settle(&self, _: &str, claim: &Claim, ending: &Ending) -> Result<(), String> {
        let status = if matches!(ending, Ending::Done(_)) { "DONE" } else { "ERROR" };
        self.put(&claim.key, status, &claim.owner);
        Ok(())
    }
}
