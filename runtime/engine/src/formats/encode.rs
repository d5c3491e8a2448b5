//! Encoding rows into objects, in temporary files, so that their names (which hold their hash) are known before
//! anything is written to the store.
//!
//! The bytes depend on the rows and their order alone: rows are written in batches of a fixed size however they
//! arrive, and an object is closed after the batch with which it reaches [`OBJECT_BYTES`].

use crate::failure::{Result, defect, failure, spool_failure};
use crate::formats::avro::write::AvroWriter;
use crate::formats::csv::{self, Dialect};
use crate::formats::jsonl::{self, Parts};
use crate::types::{Texts, arrow_field, hex};
use arrow::array::{Array, ArrayRef};
use arrow::compute::{BatchCoalescer, cast};
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use arrow::row::{RowConverter, SortField};
use flow_plan::{Compression, ErrorName, Field, Format};
use object_store::{Attribute, Attributes, PutMode, PutOptions};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression as ParquetCompression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use tempfile::SpooledTempFile;

/// An object is closed when it has so many bytes.
pub const OBJECT_BYTES: u64 = 128 << 20;
/// Rows that are written at a time.
const BATCH: usize = 8192;
/// Rows of a row group of Parquet.
const ROW_GROUP: usize = 1_048_576;
/// Values of a column that are looked at before it is written.
const SAMPLE: usize = 1024;
/// Bytes of an object that stay in memory.
const IN_MEMORY: usize = 1 << 20;

/// Bytes in the making: in memory while they are few, in a temporary file otherwise, hashed as they come.
pub struct Spool {
    file: SpooledTempFile,
    digest: Sha256,
    bytes: u64,
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Spool({} bytes)", self.bytes)
    }
}

impl Default for Spool {
    fn default() -> Self {
        Spool {
            file: SpooledTempFile::new(IN_MEMORY),
            digest: Sha256::new(),
            bytes: 0,
        }
    }
}

impl Write for Spool {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.digest.update(buffer.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Spool {
    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The finished object.
    pub fn finish(self, rows: u64) -> Result<Encoded> {
        Ok(Encoded {
            sha256: hex(&self.digest.finalize()),
            bytes: self.bytes,
            rows,
            file: self.file,
        })
    }
}

/// An object that is ready to be written.
pub struct Encoded {
    file: SpooledTempFile,
    /// Its size.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoded({} rows, {} bytes, {})", self.rows, self.bytes, self.sha256)
    }
}

impl Encoded {
    /// Its bytes.
    pub fn read(&mut self) -> Result<bytes::Bytes> {
        let mut buffer = Vec::with_capacity(usize::try_from(self.bytes).unwrap_or_default());
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.read_to_end(&mut buffer))
            .map_err(|error| spool_failure(&error))?;
        Ok(buffer.into())
    }
}

/// The ending of an object's name.
pub fn extension(format: Format) -> &'static str {
    match format {
        Format::Jsonl => "jsonl",
        Format::Json => "json",
        Format::Avro { .. } => "avro",
        Format::Parquet { .. } => "parquet",
        Format::Csv { .. } => "csv",
    }
}

/// How an object is put: with the media type of its contents.
pub fn put_options(format: Format, mode: PutMode) -> PutOptions {
    let content = match format {
        Format::Jsonl => "application/x-ndjson",
        Format::Json => "application/json",
        Format::Avro { .. } => "avro/binary",
        Format::Parquet { .. } => "application/vnd.apache.parquet",
        Format::Csv { .. } => "text/csv",
    };
    let attributes = Attributes::from_iter([(Attribute::ContentType, content)]);
    PutOptions { mode, attributes, ..PutOptions::default() }
}

/// Encodes the rows of one partition folder.
pub struct Encoder {
    format: Format,
    fields: Arc<[Field]>,
    /// The Avro of the objects, where they are Avro.
    avro: Option<Arc<serde_json::Value>>,
    schema: SchemaRef,
    pending: BatchCoalescer,
    open: Option<Open>,
    done: Vec<Encoded>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoder({:?}, {} objects)", self.format, self.done.len())
    }
}

struct Open {
    writer: Writer,
    rows: u64,
}

enum Writer {
    Text(Spool),
    Parquet(Box<ArrowWriter<Spool>>),
    Avro(Box<AvroWriter>),
}

impl Encoder {
    /// An encoder for rows of these fields. `avro` is their schema where the format is Avro.
    pub fn new(format: Format, fields: Arc<[Field]>, avro: Option<Arc<serde_json::Value>>) -> Self {
        let schema = Arc::new(ArrowSchema::new(
            fields
                .iter()
                .map(|field| {
                    let arrow = arrow_field(field, Texts::Stored);
                    let doc = field.doc.as_ref().map(|doc| ("description".to_owned(), doc.clone()));
                    let personal = field.pii.then(|| ("pii".to_owned(), "true".to_owned()));
                    arrow.with_metadata(doc.into_iter().chain(personal).collect())
                })
                .collect::<Vec<_>>(),
        ));
        Encoder {
            format,
            pending: BatchCoalescer::new(Arc::clone(&schema), BATCH),
            fields,
            avro,
            schema,
            open: None,
            done: Vec::new(),
        }
    }

    /// Adds rows; columns are taken by name.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = self
            .schema
            .fields()
            .iter()
            .map(|field| {
                let column = batch
                    .column_by_name(field.name())
                    .ok_or_else(|| defect(format_args!("a row without the column `{}`", field.name())))?;
                if column.data_type() == field.data_type() {
                    return Ok(Arc::clone(column));
                }
                cast(column, field.data_type()).map_err(defect)
            })
            .collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch =
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(defect)?;
        self.pending.push_batch(batch).map_err(defect)?;
        self.drain()
    }

    fn drain(&mut self) -> Result<()> {
        while let Some(batch) = self.pending.next_completed_batch() {
            self.write(&batch)?;
        }
        Ok(())
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.open.is_none() {
            let writer = self.start(batch)?;
            self.open = Some(Open { writer, rows: 0 });
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let before = open.rows;
        open.rows += batch.num_rows() as u64;
        let bytes = match &mut open.writer {
            Writer::Parquet(writer) => {
                writer.write(batch).map_err(write_failure)?;
                (writer.bytes_written() + writer.in_progress_size()) as u64
            }
            Writer::Avro(writer) => {
                writer.write(batch)?;
                writer.bytes()
            }
            Writer::Text(spool) => {
                match self.format {
                    Format::Csv { separator, quote, .. } => csv::write(spool, batch, Dialect::new(separator, quote)?)?,
                    Format::Json => jsonl::write(spool, batch, &self.fields, Parts::Array(before))?,
                    _ => jsonl::write(spool, batch, &self.fields, Parts::Lines)?,
                }
                spool.bytes
            }
        };
        if bytes >= OBJECT_BYTES { self.close() } else { Ok(()) }
    }

    fn start(&self, first: &RecordBatch) -> Result<Writer> {
        let mut spool = Spool::default();
        Ok(match self.format {
            Format::Jsonl | Format::Json => Writer::Text(spool),
            Format::Csv { header, separator, quote } => {
                if header {
                    csv::write_header(&mut spool, &self.schema, Dialect::new(separator, quote)?)?;
                }
                Writer::Text(spool)
            }
            Format::Avro { compression } => {
                let Some(avro) = &self.avro else {
                    return Err(failure(ErrorName::BadPlan, "the plan has no Avro of the schema of an Avro table".to_owned()));
                };
                Writer::Avro(Box::new(AvroWriter::new(spool, avro, &self.schema, compression)?))
            }
            Format::Parquet { compression } => {
                let compression = match compression {
                    Compression::Zstd => ParquetCompression::ZSTD(ZstdLevel::try_new(3).map_err(defect)?),
                    Compression::Snappy => ParquetCompression::SNAPPY,
                    Compression::None => ParquetCompression::UNCOMPRESSED,
                };
                let mut properties = WriterProperties::builder()
                    .set_compression(compression)
                    .set_max_row_group_row_count(Some(ROW_GROUP))
                    .set_created_by(concat!("flow ", env!("CARGO_PKG_VERSION")).to_owned());
                for (field, column) in self.fields.iter().zip(first.columns()) {
                    if !field.key && !is_distinct(column)? {
                        continue;
                    }
                    // Nearly every value is there once: a dictionary would be built only to be given up.
                    properties = properties.set_column_dictionary_enabled(field.name.as_str().into(), false);
                }
                let options = ArrowWriterOptions::new().with_properties(properties.build());
                let writer = ArrowWriter::try_new_with_options(spool, Arc::clone(&self.schema), options)
                    .map_err(write_failure)?;
                Writer::Parquet(Box::new(writer))
            }
        })
    }

    fn close(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let spool = match open.writer {
            Writer::Text(mut spool) => {
                if self.format == Format::Json {
                    spool.write_all(b"]\n").map_err(|error| spool_failure(&error))?;
                }
                spool
            }
            Writer::Avro(writer) => writer.into_inner(),
            Writer::Parquet(writer) => writer.into_inner().map_err(write_failure)?,
        };
        self.done.push(spool.finish(open.rows)?);
        Ok(())
    }

    /// The objects, in the order of their rows; none without rows.
    pub fn finish(mut self) -> Result<Vec<Encoded>> {
        self.pending.finish_buffered_batch().map_err(defect)?;
        self.drain()?;
        self.close()?;
        Ok(self.done)
    }
}

/// Whether nearly all of the first values of a column differ. What an object's bytes are follows from its rows alone, so
/// its first rows may decide it.
fn is_distinct(column: &ArrayRef) -> Result<bool> {
    if column.data_type().is_nested() || column.len() < SAMPLE / 4 {
        return Ok(false);
    }
    let sample = column.slice(0, column.len().min(SAMPLE));
    let converter = RowConverter::new(vec![SortField::new(sample.data_type().clone())]).map_err(defect)?;
    let rows = converter.convert_columns(std::slice::from_ref(&sample)).map_err(defect)?;
    let distinct: HashSet<_> = rows.iter().collect();
    Ok(distinct.len() * 10 > sample.len() * 9)
}

fn write_failure(error: parquet::errors::ParquetError) -> crate::failure::Fault {
    if let parquet::errors::ParquetError::External(inner) = &error
        && let Some(error) = inner.downcast_ref::<io::Error>()
    {
        return spool_failure(error);
    }
    defect(error)
}
