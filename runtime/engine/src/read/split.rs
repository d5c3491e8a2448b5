//! Splitting an object's bytes into chunks of whole records, so that several threads can read one object.

use crate::failure::{Result, failure};
use bytes::{Bytes, BytesMut};
use flow_plan::ErrorName;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use memchr::{memchr_iter, memrchr};

/// A chunk is given as soon as it holds so many bytes.
pub const CHUNK: usize = 2 << 20;
/// The longest record.
pub const RECORD_LIMIT: usize = 64 << 20;

/// Whole records, with the line (from 1) of the first.
#[derive(Debug, Clone)]
pub struct Lines {
    /// The text, its last line break included (but for an object's last chunk).
    pub bytes: Bytes,
    /// The line at which it begins.
    pub line: u64,
}

/// Where records may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// At every line break.
    Lines,
    /// At a line break outside of these quotes (RFC 4180): where the number of quotes so far is even.
    Quoted(u8),
}

struct Splitter<S> {
    input: S,
    pending: BytesMut,
    /// Bytes of `pending` whose quotes are counted.
    counted: usize,
    /// The last cut found in `pending[..counted]`.
    cut_at: usize,
    within_quotes: bool,
    line: u64,
    cut: Cut,
    object: String,
    done: bool,
}

/// Splits `input`, the bytes of `object`.
pub fn split(input: BoxStream<'static, Result<Bytes>>, object: String, cut: Cut) -> impl Stream<Item = Result<Lines>> {
    let splitter = Splitter {
        input,
        pending: BytesMut::new(),
        counted: 0,
        cut_at: 0,
        within_quotes: false,
        line: 1,
        cut,
        object,
        done: false,
    };
    futures::stream::unfold(splitter, |mut splitter| async move {
        let next = splitter.next().await?;
        if next.is_err() {
            splitter.done = true;
        }
        Some((next, splitter))
    })
}

impl<S: Stream<Item = Result<Bytes>> + Unpin> Splitter<S> {
    async fn next(&mut self) -> Option<Result<Lines>> {
        while !self.done {
            match self.input.next().await {
                Some(Ok(bytes)) => {
                    self.pending.extend_from_slice(&bytes);
                    self.count();
                    if self.pending.len() >= CHUNK && self.cut_at > 0 {
                        return Some(Ok(self.take(self.cut_at)));
                    }
                    if self.pending.len() > RECORD_LIMIT {
                        return Some(Err(failure(
                            ErrorName::CorruptObject,
                            format!(
                                "`{}` has a record of more than {} MiB at line {}: it is not what its table's format \
                                 says",
                                self.object,
                                RECORD_LIMIT >> 20,
                                self.line
                            ),
                        )));
                    }
                }
                Some(Err(fault)) => return Some(Err(fault)),
                None => self.done = true,
            }
        }
        let rest = self.pending.len();
        (rest > 0).then(|| Ok(self.take(rest)))
    }

    /// Looks for the last cut in what has come since.
    fn count(&mut self) {
        let Some(new) = self.pending.get(self.counted..) else { return };
        match self.cut {
            Cut::Lines => {
                if let Some(at) = memrchr(b'\n', new) {
                    self.cut_at = self.counted + at + 1;
                }
            }
            Cut::Quoted(quote) => {
                for at in memchr::memchr2_iter(quote, b'\n', new) {
                    match new.get(at) {
                        Some(byte) if *byte == quote => self.within_quotes = !self.within_quotes,
                        _ if !self.within_quotes => self.cut_at = self.counted + at + 1,
                        _ => {}
                    }
                }
            }
        }
        self.counted = self.pending.len();
    }

    fn take(&mut self, length: usize) -> Lines {
        let bytes = self.pending.split_to(length).freeze();
        self.counted = self.pending.len();
        self.cut_at = 0;
        let line = self.line;
        self.line += memchr_iter(b'\n', &bytes).count() as u64;
        Lines { bytes, line }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn run(pieces: Vec<Vec<u8>>, cut: Cut) -> Vec<(u64, Vec<u8>)> {
        let input = futures::stream::iter(pieces.into_iter().map(|piece| Ok(Bytes::from(piece)))).boxed();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            split(input, "o".into(), cut)
                .map(|lines| lines.map(|lines| (lines.line, lines.bytes.to_vec())).unwrap())
                .collect()
                .await
        })
    }

    #[test]
    fn chunks_join_to_the_whole_and_count_lines() {
        let line = format!("{}\n", "x".repeat(999));
        let whole = line.repeat(5000) + "last";
        let pieces = whole.as_bytes().chunks(100_003).map(<[u8]>::to_vec).collect();
        let chunks = run(pieces, Cut::Lines);
        assert!(chunks.len() > 1);
        let joined: Vec<u8> = chunks.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        assert_eq!(joined, whole.as_bytes());
        let mut expected = 1;
        for (line, bytes) in chunks {
            assert_eq!(line, expected);
            expected += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
    }

    #[test]
    fn a_line_break_in_quotes_is_no_cut() {
        let record = format!("\"{}\n{}\",1\n", "a".repeat(700_000), "b".repeat(700_000));
        let whole = record.repeat(4);
        let pieces = whole.as_bytes().chunks(65_536).map(<[u8]>::to_vec).collect();
        for (_, chunk) in run(pieces, Cut::Quoted(b'"')) {
            assert!(chunk.starts_with(b"\"a") && chunk.ends_with(b",1\n"));
        }
    }
}
