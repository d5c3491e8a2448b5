//! An object's bytes as its format has them: decompressed, where it is compressed with gzip or zstd as a whole.
//!
//! Which it is, is told by its first bytes and not by its name: no text begins with them.

use crate::failure::{Result, failure};
use bytes::{Bytes, BytesMut};
use flow_plan::ErrorName;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use std::io::Write;

/// The bytes of an object, as they come.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

/// Compressed bytes that are taken at a time: what comes out of so many is bounded.
const PIECE: usize = 4096;

/// Reads until `enough` of the beginning is there, or all; gives it, and the whole stream.
pub async fn peek(mut input: ByteStream, enough: impl Fn(&[u8]) -> bool) -> Result<(Bytes, ByteStream)> {
    let mut head = BytesMut::new();
    while !enough(&head) {
        match input.try_next().await? {
            Some(bytes) => head.extend_from_slice(&bytes),
            None => break,
        }
    }
    let head = head.freeze();
    let whole = futures::stream::iter([Ok(head.clone())]).chain(input);
    Ok((head, whole.boxed()))
}

/// Decompresses what is compressed, and leaves the rest as it is.
pub async fn plain(input: ByteStream, object: &str) -> Result<ByteStream> {
    let (head, input) = peek(input, |head| head.len() >= 4).await?;
    let decoder = if head.starts_with(b"\x1f\x8b") {
        Decoder::Gzip(Box::new(flate2::write::MultiGzDecoder::new(Vec::new())))
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        match zstd::stream::write::Decoder::new(Vec::new()) {
            Ok(decoder) => Decoder::Zstd(Box::new(decoder)),
            Err(error) => return Err(broken(object, "zstd", &error)),
        }
    } else {
        return Ok(input);
    };
    let state = State { input, decoder: Some(decoder), waiting: Bytes::new(), object: object.to_owned() };
    Ok(futures::stream::try_unfold(state, |mut state| async move {
        Ok(state.next().await?.map(|bytes| (bytes, state)))
    })
    .boxed())
}

enum Decoder {
    Gzip(Box<flate2::write::MultiGzDecoder<Vec<u8>>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Vec<u8>>>),
}

struct State {
    input: ByteStream,
    /// `None` at the end.
    decoder: Option<Decoder>,
    waiting: Bytes,
    object: String,
}

impl State {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if self.waiting.is_empty() {
                match self.input.try_next().await? {
                    Some(bytes) => self.waiting = bytes,
                    None => return self.finish(),
                }
            }
            let piece = self.waiting.split_to(PIECE.min(self.waiting.len()));
            let Some(decoder) = &mut self.decoder else { return Ok(None) };
            let (name, written, out) = match decoder {
                Decoder::Gzip(decoder) => ("gzip", decoder.write_all(&piece), decoder.get_mut()),
                Decoder::Zstd(decoder) => ("zstd", decoder.write_all(&piece), decoder.get_mut()),
            };
            written.map_err(|error| broken(&self.object, name, &error))?;
            if !out.is_empty() {
                return Ok(Some(std::mem::take(out).into()));
            }
        }
    }

    fn finish(&mut self) -> Result<Option<Bytes>> {
        let Some(decoder) = self.decoder.take() else { return Ok(None) };
        let (name, rest) = match decoder {
            Decoder::Gzip(decoder) => ("gzip", decoder.finish()),
            Decoder::Zstd(decoder) => ("zstd", decoder.finish()),
        };
        let rest = rest.map_err(|error| broken(&self.object, name, &error))?;
        Ok((!rest.is_empty()).then(|| rest.into()))
    }
}

fn broken(object: &str, name: &str, error: &std::io::Error) -> crate::failure::Fault {
    failure(
        ErrorName::CorruptObject,
        format!(
            "`{object}` is compressed with {name} and cannot be decompressed: {error}; write the whole object again, or \
             remove it, then run the step again"
        ),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn run(bytes: &[u8], piece: usize) -> Result<Vec<u8>> {
        let pieces: Vec<_> = bytes.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let plain = plain(futures::stream::iter(pieces).boxed(), "a.gz").await?;
            plain.try_fold(Vec::new(), |mut all, bytes| async move {
                all.extend_from_slice(&bytes);
                Ok(all)
            })
            .await
        })
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compressed_objects_are_read_as_plain_ones() {
        let text: Vec<u8> = (0..20_000).flat_map(|row| format!("{{\"row\":{row}}}\n").into_bytes()).collect();
        let mut twice = gzip(&text);
        twice.extend(gzip(&text));
        for piece in [1, 1000, 1 << 20] {
            assert_eq!(run(&gzip(&text), piece).unwrap(), text);
            assert_eq!(run(&zstd::encode_all(text.as_slice(), 3).unwrap(), piece).unwrap(), text);
            assert_eq!(run(&text, piece).unwrap(), text);
            // Several members, one behind the other, as `cat a.gz b.gz` makes them.
            assert_eq!(run(&twice, piece).unwrap(), [text.as_slice(), text.as_slice()].concat());
        }
        assert_eq!(run(b"", 1).unwrap(), b"");
    }

    #[test]
    fn what_breaks_off_is_refused() {
        let text: Vec<u8> = (0..20_000).flat_map(|row| format!("{{\"row\":{row}}}\n").into_bytes()).collect();
        for whole in [gzip(&text), zstd::encode_all(text.as_slice(), 3).unwrap()] {
            for end in [whole.len() / 2, whole.len() - 1] {
                let reason = run(&whole[..end], 1000).unwrap_err().to_string();
                assert!(reason.contains("`a.gz` is compressed with") && reason.contains("cannot be decompressed"), "{reason}");
            }
            let mut damaged = whole.clone();
            let middle = damaged.len() / 2;
            damaged[middle] ^= 0x55;
            damaged[middle + 1] ^= 0x55;
            assert!(run(&damaged, 1000).is_err());
        }
    }
}
