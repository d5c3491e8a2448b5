//! Rows of a table as checked batches, in a fixed order: folders by name, objects by name, records as they stand.
//!
//! Chunks are decoded and checked by several threads and put back in order; keys are compared in that order, so
//! that of two records with one key the later one is the bad one, in every run. Of appended rows (see
//! [`crate::publish::append`]) the later one is left out without a word, since it is the same row delivered twice.

use crate::check::Checks;
use crate::failure::{Fault, Result, defect, failure, store_failure};
use crate::formats::avro::AvroReader;
use crate::formats::avro::container::{self, Blocks};
use crate::formats::csv::{CsvReader, Dialect};
use crate::formats::jsonl::JsonlReader;
use crate::formats::{BadRecord, Decoded, parquet};
use crate::keys::{KeyHasher, Keys};
use crate::partition::Value;
use crate::read::discover::{Folder, ObjectRef, TablePlace, join};
use crate::read::elements::{Elements, elements};
use crate::read::plain::{ByteStream, peek, plain};
use crate::read::split::{Cut, Lines, split};
use crate::tally::Tally;
use crate::types::computed_schema;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatchOptions;
use bytes::Bytes;
use flow_plan::{ErrorName, Field, Format, Schema, Table};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Objects whose first bytes are asked for ahead.
const AHEAD: usize = 4;
/// Parts the hashes of one folder's keys from another's.
const FOLDER: u64 = 0x9e37_79b9_7f4a_7c15;

/// A table whose rows are read and checked.
#[derive(Debug)]
pub struct CheckedRows {
    /// The table.
    pub table: Table,
    /// Its schema.
    pub schema: Schema,
    /// Where it lies.
    pub place: TablePlace,
    /// What is read.
    pub folders: Vec<Folder>,
    /// The schema's checks.
    pub checks: Checks,
    /// Whether keys are compared.
    pub unique: bool,
    /// Chunks that are decoded at the same time.
    pub threads: usize,
}

impl CheckedRows {
    /// Fields that lie in the objects, not in the folders' names.
    fn object_fields(&self) -> Vec<Field> {
        object_fields(&self.table, &self.schema)
    }
}

/// The schema's fields that lie in the table's objects.
pub fn object_fields(table: &Table, schema: &Schema) -> Vec<Field> {
    schema
        .fields
        .iter()
        .filter(|field| {
            !table
                .partitions
                .iter()
                .any(|partition| partition.in_schema && partition.name == field.name)
        })
        .cloned()
        .collect()
}

/// One piece of work for a thread.
struct Unit {
    folder: usize,
    object: Arc<str>,
    index: u32,
    payload: Payload,
}

enum Payload {
    Jsonl(Arc<JsonlReader>, Lines),
    /// Elements of a JSON array.
    Json(Arc<JsonlReader>, Elements),
    Csv(Arc<CsvReader>, Lines),
    Avro(Arc<AvroReader>, Blocks),
    Parquet(RecordBatch, u64),
}

impl Payload {
    /// What the numbers of its records count.
    fn unit(&self) -> &'static str {
        match self {
            Payload::Jsonl(..) | Payload::Csv(..) => "line",
            Payload::Json(..) | Payload::Avro(..) | Payload::Parquet(..) => "record",
        }
    }
}

struct Read {
    unit: &'static str,
    folder: usize,
    object: Arc<str>,
    index: u32,
    total: u64,
    decoded: Decoded,
    /// A row's text: the chunk that `spans` point into.
    text: Bytes,
    keys: Vec<[u64; 2]>,
    /// Whether rows were appended, so that one may be there several times.
    appended: bool,
}

/// Reads all rows, with all fields of the schema. Bad ones go to `tally`, and keys into `keys`.
pub fn read_rows(source: Arc<CheckedRows>, tally: Arc<Tally>, keys: Keys) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let objects = source.folders.iter().flat_map(|folder| &folder.objects);
    let names: Arc<[Arc<str>]> = objects.map(|object| Arc::from(object.key.as_str())).collect();
    Ok(chunks(source)?
        .try_filter_map({
            let mut keys = keys;
            move |read| {
                let batch = finish(read, &mut keys, &tally, &names);
                async move { batch }
            }
        })
        .boxed())
}

/// Reads all rows as they were decoded and checked, with the lines of the good ones and the bad ones.
pub fn read_decoded(source: Arc<CheckedRows>) -> Result<BoxStream<'static, Result<Decoded>>> {
    Ok(chunks(source)?.map_ok(|read| read.decoded).boxed())
}

/// Chunks of decoded and checked rows, in order.
fn chunks(source: Arc<CheckedRows>) -> Result<BoxStream<'static, Result<Read>>> {
    let objects: Vec<(u32, usize, ObjectRef)> = source
        .folders
        .iter()
        .enumerate()
        .flat_map(|(folder, found)| found.objects.iter().map(move |object| (folder, object.clone())))
        .zip(0..)
        .map(|((folder, object), index)| (index, folder, object))
        .collect();
    let unique = if source.unique { KeyHasher::new(&source.schema)?.map(Arc::new) } else { None };
    let hashers: Arc<[Option<Arc<KeyHasher>>]> = source
        .folders
        .iter()
        .map(|folder| match &folder.marker {
            Some(marker) => Ok(KeyHasher::named(&source.schema, &marker.key)?.map(Arc::new)),
            None => Ok(unique.clone()),
        })
        .collect::<Result<_>>()?;
    let opening = Arc::clone(&source);
    let schema = computed_schema(&source.schema.fields);
    let threads = source.threads;
    Ok(futures::stream::iter(objects)
        .map(move |(index, folder, object)| open(Arc::clone(&opening), index, folder, object))
        .buffered(AHEAD)
        .try_flatten()
        .map(move |unit| {
            let (source, schema, hashers) = (Arc::clone(&source), Arc::clone(&schema), Arc::clone(&hashers));
            async move {
                let unit = unit?;
                let hasher = hashers.get(unit.folder).cloned().flatten();
                tokio::task::spawn_blocking(move || decode(&source, schema, hasher.as_deref(), unit))
                    .await
                    .map_err(defect)?
            }
        })
        .buffered(threads + 1)
        .boxed())
}

async fn open(
    source: Arc<CheckedRows>,
    index: u32,
    folder: usize,
    object: ObjectRef,
) -> Result<BoxStream<'static, Result<Unit>>> {
    let shown = join(&source.place.bucket, &object.key);
    let path = source.place.path(&object.key)?;
    let fields = source.object_fields();
    let key: Arc<str> = Arc::from(object.key.as_str());
    let unit = move |payload| Unit {
        folder,
        object: Arc::clone(&key),
        index,
        payload,
    };
    if let Format::Parquet { .. } = source.table.format {
        let store = Arc::clone(&source.place.store);
        let batches = parquet::open(store, path, object.bytes, shown, fields.into()).await?;
        let mut row = 1;
        return Ok(batches
            .map_ok(move |batch| {
                let first = row;
                row += batch.num_rows() as u64;
                unit(Payload::Parquet(batch, first))
            })
            .boxed());
    }
    let found = source.place.store.get(&path).await.map_err(|error| match error {
        object_store::Error::NotFound { .. } => Fault::Vanished { object: shown.clone() },
        other => store_failure("read", &shown, &other),
    })?;
    let named = shown.clone();
    let bytes = found
        .into_stream()
        .map_err(move |error| store_failure("read", &named, &error))
        .boxed();
    if let Format::Avro { .. } = source.table.format {
        let Some((header, rest)) = container::open(bytes, &shown).await? else {
            return Ok(futures::stream::empty().boxed());
        };
        let sync = header.sync;
        let reader = Arc::new(AvroReader::new(header, &fields, source.schema.avro.as_ref(), &shown)?);
        let chunks = container::blocks(rest, sync, shown);
        return Ok(chunks.map_ok(move |blocks| unit(Payload::Avro(Arc::clone(&reader), blocks))).boxed());
    }
    text_units(&source.table, &fields, bytes, shown, unit).await
}

/// The units of an object that is text.
async fn text_units(
    table: &Table,
    fields: &[Field],
    bytes: ByteStream,
    shown: String,
    unit: impl Fn(Payload) -> Unit + Send + 'static,
) -> Result<BoxStream<'static, Result<Unit>>> {
    let bytes = plain(bytes, &shown).await?;
    let (head, bytes) = peek(bytes, |head| head.len() >= 4 && first_byte(head).is_some()).await?;
    is_text(&head, table.format, &shown)?;
    if table.format == Format::Json && first_byte(&head) == Some(b'[') {
        let reader = Arc::new(JsonlReader::new(fields));
        let chunks = elements(bytes, shown);
        return Ok(chunks.map_ok(move |chunk| unit(Payload::Json(Arc::clone(&reader), chunk))).boxed());
    }
    let Format::Csv { header, separator, quote } = table.format else {
        let reader = Arc::new(JsonlReader::new(fields));
        let chunks = split(bytes, shown, Cut::Lines);
        return Ok(chunks.map_ok(move |lines| unit(Payload::Jsonl(Arc::clone(&reader), lines))).boxed());
    };
    let dialect = Dialect::new(separator, quote)?;
    let mut chunks = Box::pin(split(bytes, shown.clone(), Cut::Quoted(dialect.quote)));
    let Some(mut first) = chunks.next().await.transpose()? else {
        return Ok(futures::stream::empty().boxed());
    };
    let reader = if header {
        let (head, line) = cut_header(&mut first, dialect.quote);
        let reader = CsvReader::with_header(fields, dialect, &head, &shown)?;
        first.line = line;
        reader
    } else {
        CsvReader::without_header(fields, dialect)
    };
    let reader = Arc::new(reader);
    let chunks = futures::stream::iter([Ok(first)]).chain(chunks);
    Ok(chunks.map_ok(move |lines| unit(Payload::Csv(Arc::clone(&reader), lines))).boxed())
}

/// The first byte of a text that is no white space, a byte order mark left aside.
fn first_byte(head: &[u8]) -> Option<u8> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    head.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Refuses an object that begins as a file of another kind does: each of its lines would be a bad record, with a
/// reason that does not help.
fn is_text(head: &[u8], format: Format, shown: &str) -> Result<()> {
    const KINDS: [(&[u8], &str, &str); 6] = [
        (b"BZh", "compressed with bzip2", "store it plain, or compressed with gzip or zstd"),
        (b"PK\x03\x04", "a ZIP archive", "store the files in it one by one"),
        (b"PAR1", "a Parquet file", "write `format = parquet` for this table"),
        (b"Obj\x01", "an Avro file", "write `format = avro` for this table"),
        (b"\xff\xfe", "UTF-16 text", "store it as UTF-8"),
        (b"\xfe\xff", "UTF-16 text", "store it as UTF-8"),
    ];
    let wanted = match format {
        Format::Csv { .. } => "CSV",
        Format::Json => "JSON",
        _ => "JSON lines",
    };
    let Some((_, found, help)) = KINDS.iter().find(|(magic, ..)| head.starts_with(magic)) else { return Ok(()) };
    Err(failure(
        ErrorName::CorruptObject,
        format!("object `{shown}` is {found}, expected {wanted} in UTF-8: {help}"),
    ))
}

/// Takes the first record off a chunk; also gives the line of the next one.
fn cut_header(first: &mut Lines, quote: u8) -> (Bytes, u64) {
    let mut quoted = false;
    let end = first.bytes.iter().position(|byte| {
        quoted ^= *byte == quote;
        *byte == b'\n' && !quoted
    });
    let head = first.bytes.split_to(end.map_or(first.bytes.len(), |end| end + 1));
    let line = first.line + head.iter().filter(|byte| **byte == b'\n').count() as u64;
    (head, line)
}

fn decode(source: &CheckedRows, schema: SchemaRef, hasher: Option<&KeyHasher>, unit: Unit) -> Result<Read> {
    let counted = unit.payload.unit();
    let (mut decoded, text) = match unit.payload {
        Payload::Jsonl(reader, lines) => (reader.read(&lines.bytes, lines.line)?, lines.bytes),
        Payload::Json(reader, chunk) => {
            let spans = chunk.spans.iter().cloned().zip(chunk.first..);
            (reader.read_spans(&chunk.bytes, spans, chunk.spans.len())?, chunk.bytes)
        }
        Payload::Csv(reader, lines) => (reader.read(&lines.bytes, lines.line)?, lines.bytes),
        Payload::Avro(reader, blocks) => (reader.read(&blocks)?, Bytes::new()),
        Payload::Parquet(batch, first) => (
            parquet::conform(&batch, &source.object_fields(), first)?,
            Bytes::new(),
        ),
    };
    let total = (decoded.batch.num_rows() + decoded.bad.len()) as u64;
    let values = source
        .folders
        .get(unit.folder)
        .map(|folder| folder.values.as_slice())
        .unwrap_or_default();
    decoded.batch = with_partitions(&source.table, &source.schema, values, &decoded.batch, schema)?;
    let failing = source.checks.failing(&decoded.batch)?;
    if !failing.is_empty() {
        let rows: BTreeSet<usize> = failing.keys().copied().collect();
        for (row, problem) in failing {
            let record = record_text(&decoded, &text, row);
            let line = decoded.lines.get(row).copied().unwrap_or_default();
            decoded.bad.push(BadRecord { line, problem, record });
        }
        without(&mut decoded, &rows)?;
        decoded.bad.sort_by_key(|bad| bad.line);
    }
    let mut keys = match hasher {
        Some(hasher) => hasher.hash(&decoded.batch)?,
        None => Vec::new(),
    };
    let appended = source.folders.get(unit.folder).is_some_and(|folder| folder.marker.is_some());
    if appended {
        // A partition's rows are the same whatever is read beside it.
        let folder = (unit.folder as u64 + 1).wrapping_mul(FOLDER);
        keys.iter_mut().for_each(|[high, _]| *high ^= folder);
    }
    Ok(Read {
        unit: counted,
        folder: unit.folder,
        object: unit.object,
        index: unit.index,
        total,
        decoded,
        text,
        keys,
        appended,
    })
}

/// Adds the partition columns that are fields of the schema.
pub fn with_partitions(
    table: &Table,
    schema: &Schema,
    values: &[Value],
    batch: &RecordBatch,
    arrow: SchemaRef,
) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    let columns = schema
        .fields
        .iter()
        .map(|field| {
            let partition = table
                .partitions
                .iter()
                .zip(values)
                .find(|(partition, _)| partition.in_schema && partition.name == field.name);
            match partition {
                Some((_, value)) => Ok(value.repeat(&field.data_type, rows)),
                None => batch
                    .column_by_name(&field.name)
                    .cloned()
                    .ok_or_else(|| defect(format_args!("the column `{}` was not read", field.name))),
            }
        })
        .collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(arrow, columns, &options).map_err(defect)
}

fn record_text(decoded: &Decoded, text: &Bytes, row: usize) -> String {
    match decoded.spans.get(row).and_then(|span| text.get(span.clone())) {
        Some(text) => String::from_utf8_lossy(text.trim_ascii()).into_owned(),
        None => parquet::row_text(&decoded.batch, row),
    }
}

/// Takes rows out of what was decoded.
fn without(decoded: &mut Decoded, rows: &BTreeSet<usize>) -> Result<()> {
    let keep: Vec<bool> = (0..decoded.batch.num_rows()).map(|row| !rows.contains(&row)).collect();
    let mut kept = keep.iter();
    decoded.lines.retain(|_| kept.next().copied().unwrap_or(false));
    let mut kept = keep.iter();
    decoded.spans.retain(|_| kept.next().copied().unwrap_or(false));
    decoded.batch = filter_record_batch(&decoded.batch, &BooleanArray::from(keep)).map_err(defect)?;
    Ok(())
}

/// In order: looks for keys that were there before, and counts.
fn finish(read: Read, keys: &mut Keys, tally: &Tally, names: &[Arc<str>]) -> Result<Option<RecordBatch>> {
    let mut decoded = read.decoded;
    let mut twice = BTreeSet::new();
    let mut again = 0;
    for (row, (key, line)) in read.keys.iter().zip(&decoded.lines).enumerate() {
        let Some((object, first)) = keys.insert(*key, read.index, *line)? else { continue };
        if read.appended {
            again += 1;
            twice.insert(row);
            continue;
        }
        let object = names.get(object as usize).map_or("", |name| name.as_ref());
        let problem = keys.problem(&decoded.batch, row, object, first);
        decoded.bad.push(BadRecord {
            line: *line,
            problem,
            record: record_text(&decoded, &read.text, row),
        });
        twice.insert(row);
    }
    if !twice.is_empty() {
        without(&mut decoded, &twice)?;
        decoded.bad.sort_by_key(|bad| bad.line);
    }
    tally.add(read.folder, &read.object, read.total - again, &decoded.bad, read.unit)?;
    Ok((decoded.batch.num_rows() > 0).then_some(decoded.batch))
}
