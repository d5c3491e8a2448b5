//! Keys: no two records that one request reads may have the same `@key`.
//!
//! Kept is a set of hashes, not of keys: the first 128 bits of the SHA-256 of the key's columns in Arrow's row
//! format. That bounds memory to some 50 bytes a record whatever the keys are, and a false alarm would need two keys
//! with one hash, which nobody is able to find, and which happens by chance once in 10^20 reads of a
//! thousand million records. The set's memory counts towards the engine's bound: where it does not fit, the
//! request fails with `Flow.OutOfMemory` instead of being killed.

use crate::check::shown;
use crate::failure::{Result, defect, query_failure};
use crate::formats::Problem;
use crate::formats::cell::kind;
use crate::types::{Texts, arrow_type};
use crate::lower::bad_plan;
use arrow::compute::cast;
use arrow::datatypes::DataType as ArrowType;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use flow_plan::{Field, Schema};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Bytes of an entry of the set, its control byte and load factor included.
const ENTRY: usize = 30;
/// Bits of an entry's place that tell the line.
const LINE_BITS: u32 = 40;

/// Hashes the key columns of batches.
#[derive(Debug)]
pub struct KeyHasher {
    columns: Vec<String>,
    types: Vec<ArrowType>,
    converter: RowConverter,
}

impl KeyHasher {
    /// The hasher of a schema's keys; `None` where it has none.
    pub fn new(schema: &Schema) -> Result<Option<Self>> {
        Self::of(schema.fields.iter().filter(|field| field.key).collect())
    }

    /// The hasher of the columns `names`; `None` where there are none.
    pub fn named(schema: &Schema, names: &[String]) -> Result<Option<Self>> {
        let find = |name: &String| {
            schema
                .fields
                .iter()
                .find(|field| field.name == *name)
                .ok_or_else(|| bad_plan(format_args!("rows are appended by the key `{name}`, which they do not have")))
        };
        Self::of(names.iter().map(find).collect::<Result<_>>()?)
    }

    fn of(keys: Vec<&Field>) -> Result<Option<Self>> {
        if keys.is_empty() {
            return Ok(None);
        }
        let types: Vec<ArrowType> =
            keys.iter().map(|field| arrow_type(&field.data_type, Texts::Computed)).collect();
        let fields = types.iter().cloned().map(SortField::new).collect();
        Ok(Some(KeyHasher {
            columns: keys.iter().map(|field| field.name.clone()).collect(),
            types,
            converter: RowConverter::new(fields).map_err(defect)?,
        }))
    }

    /// The hash of each row's key.
    pub fn hash(&self, batch: &RecordBatch) -> Result<Vec<[u64; 2]>> {
        let columns = self
            .columns
            .iter()
            .filter_map(|name| batch.column_by_name(name).cloned())
            .zip(&self.types)
            .map(|(column, wanted)| cast(&column, wanted).map_err(defect))
            .collect::<Result<Vec<_>>>()?;
        let rows = self.converter.convert_columns(&columns).map_err(defect)?;
        Ok(rows
            .iter()
            .map(|row| {
                let digest = Sha256::digest(row.as_ref());
                let half = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
                let (high, rest) = digest.split_at(8);
                [half(high), half(rest.get(..8).unwrap_or_default())]
            })
            .collect())
    }
}

/// The keys that a request has read.
#[derive(Debug)]
pub struct Keys {
    columns: Vec<String>,
    /// Hash to object (24 bits) and line (40 bits).
    places: HashMap<[u64; 2], u64, BuildHasherDefault<Uniform>>,
    reservation: MemoryReservation,
}

impl Keys {
    /// No keys yet; memory is taken from `pool`.
    pub fn new(schema: &Schema, pool: &Arc<dyn MemoryPool>) -> Self {
        Keys {
            columns: schema
                .fields
                .iter()
                .filter(|field| field.key)
                .map(|field| field.name.clone())
                .collect(),
            places: HashMap::default(),
            reservation: MemoryConsumer::new("keys").register(pool),
        }
    }

    /// Adds a key; if it was there, its first place: object and line.
    pub fn insert(&mut self, key: [u64; 2], object: u32, line: u64) -> Result<Option<(u32, u64)>> {
        let place = (u64::from(object) << LINE_BITS) | (line & ((1 << LINE_BITS) - 1));
        let before = self.places.capacity();
        if self.places.len() == before {
            self.reservation
                .try_resize((before.max(1024)) * 2 * ENTRY)
                .map_err(query_failure)?;
        }
        match self.places.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(place);
                Ok(None)
            }
            Entry::Occupied(entry) => {
                let first = *entry.get();
                let object = u32::try_from(first >> LINE_BITS).unwrap_or(u32::MAX);
                Ok(Some((object, first & ((1 << LINE_BITS) - 1))))
            }
        }
    }

    /// What is wrong with a row whose key was there before.
    pub fn problem(&self, batch: &RecordBatch, row: usize, object: &str, line: u64) -> Problem {
        let key: Vec<_> = self
            .columns
            .iter()
            .filter_map(|name| Some(format!("`{name}` {}", shown(batch.column_by_name(name)?, row))))
            .collect();
        Problem {
            field: self.columns.first().cloned(),
            kind: kind::DUPLICATE,
            reason: format!("duplicate key: {} stands first in `{object}` at line {line}", key.join(", ")),
        }
    }
}

/// A hasher for what is already a hash.
#[derive(Debug, Default)]
pub struct Uniform(u64);

impl Hasher for Uniform {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // An array of integers arrives as its bytes: the last eight of them are as good as any.
        for chunk in bytes.chunks(8) {
            self.0 = chunk.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn write_usize(&mut self, _: usize) {}

}
