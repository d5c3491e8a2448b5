//! Bad records: counted by reason, the first one remembered, and kept as JSONL for the quarantine.

use crate::failure::{Result, defect, failure};
use crate::formats::encode::{Encoded, Spool};
use crate::formats::{BadRecord, Problem};
use flow_plan::{ErrorName, Invalid};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// A line of the quarantine.
#[derive(Debug, Serialize)]
struct QuarantinedRecord<'a> {
    file: &'a str,
    line: u64,
    field: Option<&'a str>,
    reason: &'a str,
    record: &'a str,
}

/// What a request has read of one table.
#[derive(Debug)]
pub struct Tally {
    table: String,
    quarantine: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    read: u64,
    invalid: u64,
    kinds: BTreeMap<String, u64>,
    /// The object, what its records are counted by, and the record.
    first: Option<(String, &'static str, BadRecord)>,
    spools: BTreeMap<usize, (Spool, u64)>,
}

/// The counts of a [`Tally`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records, the bad ones included.
    pub read: u64,
    /// Bad records.
    pub invalid: u64,
}

impl Counts {
    /// Both together.
    pub fn and(self, other: Counts) -> Counts {
        Counts { read: self.read + other.read, invalid: self.invalid + other.invalid }
    }
}

impl Tally {
    /// Nothing read yet of `table`.
    pub fn new(table: &str, policy: &Invalid) -> Self {
        Tally {
            table: table.to_owned(),
            quarantine: matches!(policy, Invalid::Quarantine { .. }),
            state: Mutex::new(State::default()),
        }
    }

    /// Adds a chunk: `total` records of an object in a folder, `bad` of them bad. `unit` is what their numbers count:
    /// lines, records.
    pub fn add(&self, folder: usize, object: &str, total: u64, bad: &[BadRecord], unit: &'static str) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.read += total;
        state.invalid += bad.len() as u64;
        for record in bad {
            *state.kinds.entry(kind_of(&record.problem)).or_default() += 1;
            if state.first.is_none() {
                state.first = Some((object.to_owned(), unit, record.clone()));
            }
            if self.quarantine {
                let line = serde_json::to_vec(&QuarantinedRecord {
                    file: object,
                    line: record.line,
                    field: record.problem.field.as_deref(),
                    reason: &record.problem.reason,
                    record: &record.record,
                })
                .map_err(defect)?;
                let (spool, rows) = state.spools.entry(folder).or_default();
                spool
                    .write_all(&line)
                    .and_then(|()| spool.write_all(b"\n"))
                    .map_err(|error| crate::failure::spool_failure(&error))?;
                *rows += 1;
            }
        }
        Ok(())
    }

    /// Records that were trusted and not looked at.
    pub fn trust(&self, rows: u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).read += rows;
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Counts {
            read: state.read,
            invalid: state.invalid,
        }
    }

    /// The quarantine's object of each folder that has bad records.
    pub fn take_quarantine(&self) -> Result<BTreeMap<usize, Encoded>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.spools)
            .into_iter()
            .map(|(folder, (spool, rows))| Ok((folder, spool.finish(rows)?)))
            .collect()
    }

    /// The failure of policy `fail`, if there is a bad record.
    pub fn refuse(&self) -> Result<()> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((object, unit, bad)) = &state.first else { return Ok(()) };
        let more = match state.invalid - 1 {
            0 => String::new(),
            1 => "; 1 more record is bad".into(),
            more => format!("; {more} more records are bad"),
        };
        Err(failure(
            ErrorName::InvalidRecord,
            format!(
                "`{object}` {unit} {}{}: {}{more}. Table `{}` fails at bad records: mend the data, or let the table \
                 `quarantine` or `drop` them",
                bad.line,
                field_of(&bad.problem),
                bad.problem.reason,
                self.table
            ),
        ))
    }

    /// The failure of more bad records, in all tables together, than `max_invalid` allows.
    pub fn too_many(tallies: &[&Tally], max_invalid: Option<f64>) -> Result<()> {
        let Some(limit) = max_invalid else { return Ok(()) };
        let (mut read, mut invalid) = (0, 0);
        let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
        let mut first = String::new();
        for tally in tallies {
            let state = tally.state.lock().unwrap_or_else(PoisonError::into_inner);
            read += state.read;
            invalid += state.invalid;
            for (kind, count) in &state.kinds {
                *kinds.entry(kind.clone()).or_default() += count;
            }
            if let (true, Some((object, unit, bad))) = (first.is_empty(), &state.first) {
                first = format!("`{object}` {unit} {}{}: {}", bad.line, field_of(&bad.problem), bad.problem.reason);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a share; fewer records than 2^53")]
        let share = if read == 0 { 0.0 } else { invalid as f64 / read as f64 };
        if share <= limit {
            return Ok(());
        }
        let mut kinds: Vec<_> = kinds.iter().collect();
        kinds.sort_by(|left, right| right.1.cmp(left.1).then(left.0.cmp(right.0)));
        let reasons: Vec<_> = kinds.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
        let tables: Vec<_> = tallies.iter().map(|tally| format!("`{}`", tally.table)).collect();
        Err(failure(
            ErrorName::TooManyInvalid,
            format!(
                "{invalid} of {read} records of table{} {} are bad, {} %, more than the {} % that `max_invalid` \
                 allows: {}. The first: {first}",
                if tables.len() == 1 { "" } else { "s" },
                tables.join(", "),
                percent(share),
                percent(limit),
                reasons.join(", ")
            ),
        ))
    }
}

fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn field_of(problem: &Problem) -> String {
    problem
        .field
        .as_ref()
        .map_or_else(String::new, |field| format!(", field `{field}`"))
}

fn kind_of(problem: &Problem) -> String {
    match &problem.field {
        Some(field) => format!("{} (`{field}`)", problem.kind),
        None => problem.kind.to_owned(),
    }
}
