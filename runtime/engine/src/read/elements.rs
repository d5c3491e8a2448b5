//! Splitting an object that is a JSON array into chunks of whole elements, so that several threads can read it and none
//! holds all of it.
//!
//! Only brackets, quotes and commas are looked at; whether an element is JSON is found out by whoever reads it.

use crate::failure::{Result, failure};
use crate::read::split::{CHUNK, RECORD_LIMIT};
use bytes::{Buf, Bytes, BytesMut};
use flow_plan::ErrorName;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use std::ops::Range;

/// Whole elements, with the number (from 1) of the first.
#[derive(Debug, Clone)]
pub struct Elements {
    /// The text in which they stand.
    pub bytes: Bytes,
    /// Where each stands.
    pub spans: Vec<Range<usize>>,
    /// The number of the first.
    pub first: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the `[`.
    Before,
    /// Among the elements.
    Within,
    /// After the `]`.
    After,
}

struct Splitter<S> {
    input: S,
    pending: BytesMut,
    /// Bytes of `pending` that are looked at.
    scanned: usize,
    state: State,
    /// Brackets that stand open within the element.
    depth: usize,
    quoted: bool,
    escaped: bool,
    /// Where the element begins.
    start: usize,
    spans: Vec<Range<usize>>,
    /// The number of the first element of `spans`.
    first: u64,
    object: String,
    done: bool,
}

/// Splits `input`, the bytes of `object`, which begins with a `[`.
pub fn elements(input: BoxStream<'static, Result<Bytes>>, object: String) -> impl Stream<Item = Result<Elements>> {
    let splitter = Splitter {
        input,
        pending: BytesMut::new(),
        scanned: 0,
        state: State::Before,
        depth: 0,
        quoted: false,
        escaped: false,
        start: 0,
        spans: Vec::new(),
        first: 1,
        object,
        done: false,
    };
    futures::stream::unfold(splitter, |mut splitter| async move {
        let next = splitter.next().await?;
        if next.is_err() {
            splitter.done = true;
            splitter.spans.clear();
        }
        Some((next, splitter))
    })
}

impl<S: Stream<Item = Result<Bytes>> + Unpin> Splitter<S> {
    async fn next(&mut self) -> Option<Result<Elements>> {
        while !self.done {
            match self.input.next().await {
                Some(Ok(bytes)) => {
                    self.pending.extend_from_slice(&bytes);
                    if let Err(fault) = self.scan() {
                        return Some(Err(fault));
                    }
                    if self.start >= CHUNK && !self.spans.is_empty() {
                        return Some(Ok(self.take()));
                    }
                    if self.pending.len() - self.start > RECORD_LIMIT {
                        return Some(Err(self.corrupt(format_args!(
                            "has a record of more than {} MiB, its record {}: it is not what its table's format says",
                            RECORD_LIMIT >> 20,
                            self.number()
                        ))));
                    }
                }
                Some(Err(fault)) => return Some(Err(fault)),
                None => {
                    self.done = true;
                    if self.state != State::After {
                        return Some(Err(self.corrupt(format_args!(
                            "breaks off in record {}: the `]` of its array is missing. Write the whole object again, \
                             then run the step again",
                            self.number()
                        ))));
                    }
                }
            }
        }
        (!self.spans.is_empty()).then(|| Ok(self.take()))
    }

    /// The number of the element that is being read.
    fn number(&self) -> u64 {
        self.first + self.spans.len() as u64
    }

    fn corrupt(&self, what: std::fmt::Arguments<'_>) -> crate::failure::Fault {
        failure(ErrorName::CorruptObject, format!("`{}` {what}", self.object))
    }

    /// Looks for elements in what has come since.
    fn scan(&mut self) -> Result<()> {
        for at in self.scanned..self.pending.len() {
            let Some(byte) = self.pending.get(at).copied() else { break };
            if self.escaped {
                self.escaped = false;
                continue;
            }
            if self.quoted {
                self.escaped = byte == b'\\';
                self.quoted = byte != b'"';
                continue;
            }
            match (self.state, byte) {
                (State::Before, b'[') => {
                    self.state = State::Within;
                    self.start = at + 1;
                }
                (State::Before, _) => {}
                (State::Within, b'"') => self.quoted = true,
                (State::Within, b'[' | b'{') => self.depth += 1,
                (State::Within, b']') if self.depth == 0 => {
                    // `[]` has no element, `[1,]` has a second one, which is nothing.
                    if self.number() > 1 || !self.is_blank(at) {
                        self.spans.push(self.start..at);
                    }
                    self.state = State::After;
                    self.start = at + 1;
                }
                (State::Within, b']' | b'}') => self.depth = self.depth.saturating_sub(1),
                (State::Within, b',') if self.depth == 0 => {
                    self.spans.push(self.start..at);
                    self.start = at + 1;
                }
                (State::Within, _) => {}
                (State::After, byte) if byte.is_ascii_whitespace() => {}
                (State::After, _) => {
                    return Err(self.corrupt(format_args!(
                        "goes on after the `]` of its array: it holds one array, or one JSON object a line"
                    )));
                }
            }
        }
        self.scanned = self.pending.len();
        Ok(())
    }

    fn is_blank(&self, end: usize) -> bool {
        self.pending.get(self.start..end).is_none_or(|text| text.trim_ascii().is_empty())
    }

    fn take(&mut self) -> Elements {
        let spans = std::mem::take(&mut self.spans);
        let first = self.first;
        self.first += spans.len() as u64;
        let bytes = self.pending.copy_to_bytes(self.start);
        self.scanned -= self.start;
        self.start = 0;
        Elements { bytes, spans, first }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn run(text: &[u8], piece: usize) -> Result<Vec<(u64, String)>> {
        let pieces: Vec<_> = text.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found: Vec<Result<Elements>> =
            runtime.block_on(elements(futures::stream::iter(pieces).boxed(), "o".into()).collect());
        let mut all = Vec::new();
        for found in found {
            let found = found?;
            let text = |span: &Range<usize>| String::from_utf8_lossy(found.bytes[span.clone()].trim_ascii()).into_owned();
            all.extend((found.first..).zip(found.spans.iter().map(text)));
        }
        Ok(all)
    }

    #[test]
    fn elements_are_the_same_however_they_arrive() {
        let text = br#" [ {"a":"],\"[{"} , [1,[2]] ,3,
          "x\\", {"b":{"c":[]}} ] "#;
        for piece in [1, 2, 7, 1000] {
            let found: Vec<String> = run(text, piece).unwrap().into_iter().map(|(_, text)| text).collect();
            assert_eq!(found, [r#"{"a":"],\"[{"}"#, "[1,[2]]", "3", r#""x\\""#, r#"{"b":{"c":[]}}"#]);
        }
        assert_eq!(run(b"[]", 9).unwrap(), []);
        assert_eq!(run(b"[ \n]", 1).unwrap(), []);
        assert_eq!(run(b"[1,]", 9).unwrap(), [(1, "1".to_owned()), (2, String::new())]);
    }

    #[test]
    fn chunks_number_their_elements() {
        let element = format!("{{\"x\":\"{}\"}}", "y".repeat(999));
        let text = format!("[{}]", vec![element.as_str(); 5000].join(",\n"));
        let found = run(text.as_bytes(), 65_536).unwrap();
        assert_eq!(found.len(), 5000);
        assert!(found.iter().zip(1..).all(|((number, text), expected)| *number == expected && *text == element));
    }

    #[test]
    fn what_is_no_array_is_refused() {
        let reason = |text: &[u8]| run(text, 9).unwrap_err().to_string();
        assert!(reason(br#"[{"a":1},{"a""#).contains("`o` breaks off in record 2"));
        assert!(reason(b"[1] [2]").contains("goes on after the `]`"));
    }
}
