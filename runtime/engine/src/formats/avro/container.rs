//! The container of Avro: a header with the file's schema, and blocks of records, each perhaps compressed.
//! <https://avro.apache.org/docs/1.12.0/specification/#object-container-files>

use crate::failure::{Fault, Result, failure};
use crate::read::ByteStream;
use bytes::{Buf, Bytes, BytesMut};
use flow_plan::ErrorName;
use futures::{Stream, StreamExt, TryStreamExt};
use serde_json::Value;
use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::ops::Range;

/// Bytes of blocks that one thread decodes at a time.
const CHUNK: usize = 1 << 20;
/// The longest block, compressed or not, and the longest header.
const BLOCK_LIMIT: usize = 256 << 20;
const HEADER_LIMIT: usize = 16 << 20;

/// The header of a file.
#[derive(Debug, Clone)]
pub struct Header {
    /// The schema of its records, as JSON.
    pub schema: String,
    /// How its blocks are compressed.
    pub codec: Codec,
    /// What stands between two blocks.
    pub sync: [u8; 16],
}

impl Header {
    /// The names of the record's fields, in their order.
    pub fn fields(&self) -> Vec<String> {
        let schema: Value = serde_json::from_str(&self.schema).unwrap_or_default();
        let fields = schema.get("fields").and_then(Value::as_array);
        let name = |field: &Value| field.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        fields.map(|fields| fields.iter().map(name).collect()).unwrap_or_default()
    }

    /// The header of the same file without compression.
    pub fn plain(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.schema.len() + 64);
        put_header(&mut out, &self.schema, "null", &self.sync);
        out
    }
}

/// Writes a header.
pub fn put_header(out: &mut Vec<u8>, schema: &str, codec: &str, sync: &[u8; 16]) {
    out.extend_from_slice(b"Obj\x01");
    put_long(out, 2);
    for text in ["avro.schema", schema, "avro.codec", codec] {
        put_long(out, text.len() as i64);
        out.extend_from_slice(text.as_bytes());
    }
    put_long(out, 0);
    out.extend_from_slice(sync);
}

/// Writes a number as Avro does: zigzag, seven bits a byte.
pub fn put_long(out: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest >= 0x80 {
        #[expect(clippy::cast_possible_truncation, reason = "seven bits of it")]
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "seven bits are left")]
    out.push(rest as u8);
}

/// A codec of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// As they are.
    Null,
    /// Deflate, without a header.
    Deflate,
    /// Snappy, with a checksum.
    Snappy,
    /// Zstandard.
    Zstd,
}

impl Codec {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" | "" => Codec::Null,
            "deflate" => Codec::Deflate,
            "snappy" => Codec::Snappy,
            "zstandard" => Codec::Zstd,
            _ => return None,
        })
    }

    /// Its name in a header.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Null => "null",
            Codec::Deflate => "deflate",
            Codec::Snappy => "snappy",
            Codec::Zstd => "zstandard",
        }
    }

    /// Compresses a block.
    pub fn compress(self, block: &[u8]) -> io::Result<Cow<'_, [u8]>> {
        Ok(match self {
            Codec::Null => Cow::Borrowed(block),
            Codec::Deflate => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(block)?;
                encoder.finish()?.into()
            }
            Codec::Zstd => zstd::encode_all(block, 3)?.into(),
            Codec::Snappy => {
                let mut out = snap::raw::Encoder::new().compress_vec(block).map_err(io::Error::other)?;
                let mut crc = flate2::Crc::new();
                crc.update(block);
                out.extend_from_slice(&crc.sum().to_be_bytes());
                out.into()
            }
        })
    }

    /// Decompresses a block, behind what is in `out`.
    pub fn decompress(self, block: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let bounded = |reader: &mut dyn Read, out: &mut Vec<u8>| {
            let before = out.len();
            reader.take(BLOCK_LIMIT as u64 + 1).read_to_end(out).map_err(|error| error.to_string())?;
            if out.len() - before > BLOCK_LIMIT { Err(too_long()) } else { Ok(()) }
        };
        match self {
            Codec::Null => {
                out.extend_from_slice(block);
                Ok(())
            }
            Codec::Deflate => bounded(&mut flate2::read::DeflateDecoder::new(block), out),
            Codec::Zstd => {
                bounded(&mut zstd::stream::read::Decoder::new(block).map_err(|error| error.to_string())?, out)
            }
            Codec::Snappy => {
                let (text, sum) = block.split_last_chunk::<4>().ok_or("it has no checksum")?;
                let length = snap::raw::decompress_len(text).map_err(|error| error.to_string())?;
                if length > BLOCK_LIMIT {
                    return Err(too_long());
                }
                let found = snap::raw::Decoder::new().decompress_vec(text).map_err(|error| error.to_string())?;
                let mut crc = flate2::Crc::new();
                crc.update(&found);
                if crc.sum() != u32::from_be_bytes(*sum) {
                    return Err("its checksum is wrong".to_owned());
                }
                out.extend_from_slice(&found);
                Ok(())
            }
        }
    }
}

fn too_long() -> String {
    format!("it is longer than {} MiB", BLOCK_LIMIT >> 20)
}

/// A block: where its bytes stand, and how many records it says that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Within the bytes of its [`Blocks`].
    pub span: Range<usize>,
    /// Its records.
    pub records: usize,
}

/// Whole blocks.
#[derive(Debug, Clone)]
pub struct Blocks {
    /// The bytes in which they stand.
    pub bytes: Bytes,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// The number of the first block, from 1.
    pub first: u64,
    /// The number of the first record, from 1.
    pub record: u64,
}

/// Reads the header; gives what comes after it too.
pub async fn open(mut input: ByteStream, object: &str) -> Result<Option<(Header, ByteStream)>> {
    let mut head = BytesMut::new();
    loop {
        if !head.is_empty() && !head.starts_with(b"Obj\x01".get(..head.len().min(4)).unwrap_or_default()) {
            return Err(corrupt(object, "is no Avro Object Container File: it does not begin with `Obj` and a 1"));
        }
        if let Some((header, length)) = parse_header(&head).map_err(|reason| corrupt(object, &reason))? {
            head.advance(length);
            let rest = futures::stream::iter([Ok(head.freeze())]).chain(input);
            return Ok(Some((header, rest.boxed())));
        }
        if head.len() > HEADER_LIMIT {
            return Err(corrupt(object, &format!("has a header of more than {} MiB", HEADER_LIMIT >> 20)));
        }
        match input.try_next().await? {
            Some(bytes) => head.extend_from_slice(&bytes),
            None if head.is_empty() => return Ok(None),
            None => return Err(corrupt(object, "breaks off in its header")),
        }
    }
}

fn corrupt(object: &str, what: &str) -> Fault {
    failure(ErrorName::CorruptObject, format!("`{object}` {what}"))
}

/// The header and its length; `None`: more bytes are needed.
fn parse_header(bytes: &[u8]) -> Result<Option<(Header, usize)>, String> {
    let mut at = Cursor { bytes, at: 4 };
    if bytes.len() < 4 {
        return Ok(None);
    }
    let (mut schema, mut codec) = (None, String::new());
    loop {
        let Some(entries) = at.long()? else { return Ok(None) };
        if entries == 0 {
            break;
        }
        // A negative number of entries is followed by their length.
        if entries < 0 && at.long()?.is_none() {
            return Ok(None);
        }
        for _ in 0..entries.unsigned_abs() {
            let (Some(key), Some(value)) = (at.bytes()?, at.bytes()?) else { return Ok(None) };
            let value = String::from_utf8_lossy(value).into_owned();
            match key {
                b"avro.schema" => schema = Some(value),
                b"avro.codec" => codec = value,
                _ => {}
            }
        }
    }
    let Some(sync) = at.take(16).and_then(|sync| sync.first_chunk::<16>()) else { return Ok(None) };
    let schema = schema.ok_or("has no schema in its header")?;
    let codec = Codec::named(&codec).ok_or_else(|| {
        format!("is compressed with the codec `{codec}`, which is not read: write it with `deflate`, `snappy`, `zstandard` or `null`")
    })?;
    Ok(Some((Header { schema, codec, sync: *sync }, at.at)))
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    /// A number; `None`: it breaks off.
    fn long(&mut self) -> Result<Option<i64>, String> {
        let mut number: u64 = 0;
        for shift in (0..70).step_by(7) {
            let Some([byte]) = self.take(1) else { return Ok(None) };
            if shift == 63 && *byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed()));
            }
        }
        Err("has a number of more than 64 bits where a length is expected".to_owned())
    }

    fn bytes(&mut self) -> Result<Option<&'a [u8]>, String> {
        let Some(length) = self.long()? else { return Ok(None) };
        let length = usize::try_from(length).map_err(|_| "has a text of negative length in its header".to_owned())?;
        Ok(self.take(length))
    }
}

struct Splitter {
    input: ByteStream,
    pending: BytesMut,
    /// Where the next block begins.
    at: usize,
    blocks: Vec<Block>,
    first: u64,
    record: u64,
    sync: [u8; 16],
    object: String,
    done: bool,
}

/// Splits what comes after a header.
pub fn blocks(input: ByteStream, sync: [u8; 16], object: String) -> impl Stream<Item = Result<Blocks>> {
    let splitter = Splitter {
        input,
        pending: BytesMut::new(),
        at: 0,
        blocks: Vec::new(),
        first: 1,
        record: 1,
        sync,
        object,
        done: false,
    };
    futures::stream::unfold(splitter, |mut splitter| async move {
        let next = splitter.next().await?;
        if next.is_err() {
            splitter.done = true;
            splitter.blocks.clear();
        }
        Some((next, splitter))
    })
}

impl Splitter {
    async fn next(&mut self) -> Option<Result<Blocks>> {
        while !self.done {
            match self.input.next().await {
                Some(Ok(bytes)) => {
                    self.pending.extend_from_slice(&bytes);
                    if let Err(fault) = self.scan() {
                        return Some(Err(fault));
                    }
                    if self.at >= CHUNK {
                        return Some(Ok(self.take()));
                    }
                }
                Some(Err(fault)) => return Some(Err(fault)),
                None => {
                    self.done = true;
                    if self.at < self.pending.len() {
                        return Some(Err(self.corrupt("breaks off")));
                    }
                }
            }
        }
        (!self.blocks.is_empty()).then(|| Ok(self.take()))
    }

    fn corrupt(&self, what: &str) -> Fault {
        corrupt(
            &self.object,
            &format!(
                "is no whole Avro file: its block {} {what}; write the object again, or remove it, then run the step again",
                self.first + self.blocks.len() as u64
            ),
        )
    }

    /// Looks for whole blocks.
    fn scan(&mut self) -> Result<()> {
        loop {
            let mut at = Cursor { bytes: &self.pending, at: self.at };
            let (records, length) = match (at.long(), at.long()) {
                (Ok(Some(records)), Ok(Some(length))) => (records, length),
                (Err(what), _) | (_, Err(what)) => return Err(self.corrupt(&what)),
                _ => return Ok(()),
            };
            let (Ok(records), Ok(length)) = (usize::try_from(records), usize::try_from(length)) else {
                return Err(self.corrupt("has a negative number of records or bytes"));
            };
            if length > BLOCK_LIMIT {
                return Err(self.corrupt(&format!("says that it is longer than {} MiB", BLOCK_LIMIT >> 20)));
            }
            let span = at.at..at.at + length;
            at.at = span.end;
            let Some(sync) = at.take(16) else { return Ok(()) };
            if sync != self.sync {
                return Err(self.corrupt("does not end with the file's sync marker"));
            }
            self.at = at.at;
            self.blocks.push(Block { span, records });
        }
    }

    fn take(&mut self) -> Blocks {
        let blocks = std::mem::take(&mut self.blocks);
        let (first, record) = (self.first, self.record);
        self.first += blocks.len() as u64;
        self.record += blocks.iter().map(|block| block.records as u64).sum::<u64>();
        let bytes = self.pending.copy_to_bytes(self.at);
        self.at = 0;
        Blocks { bytes, blocks, first, record }
    }
}
