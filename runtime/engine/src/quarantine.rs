//! The quarantine: bad records as JSONL, in folders like those that they came from, published like any result.
//!
//! A line is `{"file", "line", "field", "reason", "record"}`. A request replaces the quarantine of the folders that
//! it reads, also where they have no bad records any more.

use crate::failure::Result;
use crate::formats::encode::Encoded;
use crate::publish::{Base, begin, publish};
use crate::read::{Folder, TablePlace};
use crate::tally::Tally;
use flow_plan::{Format, Replace, Table};
use std::collections::BTreeMap;

/// The fingerprint of a quarantine's lines; it changes if they do.
const SCHEMA: &str = "quarantine-1";

/// A quarantine whose records are noted, before the data is read.
#[derive(Debug)]
pub struct Quarantine {
    base: Base,
}

impl Quarantine {
    /// Notes the state of a table's quarantine.
    pub async fn begin(place: TablePlace, table: &Table) -> Result<Self> {
        let wanted = vec![None; table.partitions.len()];
        let base = begin(place, table, &wanted, &Replace::Present(indexmap::IndexMap::new())).await?;
        Ok(Quarantine { base })
    }

    /// Publishes the bad records of those folders that are `new`.
    pub async fn publish(
        self,
        table_name: &str,
        folders: &[Folder],
        tally: &Tally,
        mut new: impl FnMut(&Folder) -> bool,
    ) -> Result<()> {
        let mut bad = tally.take_quarantine()?;
        let mut results: BTreeMap<String, Vec<Encoded>> = BTreeMap::new();
        for (position, folder) in folders.iter().enumerate().filter(|(_, folder)| new(folder)) {
            match bad.remove(&position) {
                Some(object) => {
                    results.insert(folder.relative.clone(), vec![object]);
                }
                None if self.base.has(&folder.relative) => {
                    results.insert(folder.relative.clone(), Vec::new());
                }
                None => {}
            }
        }
        if results.is_empty() {
            return Ok(());
        }
        let name = format!("the quarantine of {table_name}");
        publish(self.base, &name, SCHEMA, Format::Jsonl, results).await?;
        Ok(())
    }
}
