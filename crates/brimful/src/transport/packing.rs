//! How the body of an answer is packed, and its bytes as they were before.
//!
//! It is done here and not by the HTTP library, which knows `gzip` in small letters alone and the first part of a body of
//! several.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};

use super::{TransportError, TransportErrorKind};

/// Asks for a packed answer, unless the caller has said what is to come.
pub(super) fn accept(headers: &mut HeaderMap) {
    headers
        .entry(ACCEPT_ENCODING)
        .or_insert(HeaderValue::from_static("gzip"));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
}

impl Packing {
    /// What the headers of an answer say. Those that are true of the packed body alone are taken out.
    pub(super) fn take(headers: &mut HeaderMap) -> Result<Self, TransportError> {
        let mut packings = Vec::new();
        for value in headers.get_all(CONTENT_ENCODING) {
            let names = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            let names = names.split(',').map(str::trim);
            packings.extend(
                names
                    .filter(|name| !name.is_empty() && *name != "identity")
                    .map(str::to_owned),
            );
        }
        let names: Vec<&str> = packings.iter().map(String::as_str).collect();
        match names.as_slice() {
            [] => Ok(Self::None),
            ["gzip" | "x-gzip"] => {
                headers.remove(CONTENT_ENCODING);
                headers.remove(CONTENT_LENGTH);
                Ok(Self::Gzip)
            }
            names => Err(TransportError {
                kind: TransportErrorKind::Packing,
                source: Some(names.join(", ").into()),
            }),
        }
    }

    /// What puts together a body, in `buffer` and of at most `most` bytes.
    pub(super) fn unpacker(self, buffer: Vec<u8>, most: usize) -> Unpacker {
        let body = Body {
            bytes: buffer,
            most,
        };
        match self {
            Self::None => Unpacker::None(body),
            Self::Gzip => Unpacker::Gzip {
                decoder: Box::new(MultiGzDecoder::new(body)),
                is_empty: true,
            },
        }
    }
}

/// Puts the body of an answer together.
pub(super) enum Unpacker {
    None(Body),
    Gzip {
        decoder: Box<MultiGzDecoder<Body>>,
        /// Nothing has come: an answer without a body is not packed, whatever its headers say.
        is_empty: bool,
    },
}

impl Unpacker {
    /// Takes what has come.
    pub(super) fn put(&mut self, chunk: &[u8]) -> Result<(), TransportError> {
        match self {
            Self::None(body) => body.write_all(chunk),
            Self::Gzip { decoder, is_empty } => {
                *is_empty &= chunk.is_empty();
                decoder.write_all(chunk)
            }
        }
        .map_err(|error| self.failure(error))
    }

    /// What is unpacked so far.
    pub(super) fn take(&mut self) -> Result<Vec<u8>, TransportError> {
        if let Self::Gzip { decoder, .. } = self {
            decoder.flush().map_err(broken)?;
        }
        Ok(std::mem::take(&mut self.body_mut().bytes))
    }

    /// The whole body, or the rest of it.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, TransportError> {
        if let Self::Gzip {
            decoder,
            is_empty: false,
        } = &mut self
            && let Err(error) = decoder.try_finish()
        {
            return Err(self.failure(error));
        }
        Ok(std::mem::take(&mut self.body_mut().bytes))
    }

    fn body_mut(&mut self) -> &mut Body {
        match self {
            Self::None(body) => body,
            Self::Gzip { decoder, .. } => decoder.get_mut(),
        }
    }

    fn failure(&mut self, error: io::Error) -> TransportError {
        if error.kind() != io::ErrorKind::FileTooLarge {
            return broken(error);
        }
        let most = self.body_mut().most;
        TransportError {
            kind: TransportErrorKind::TooLarge,
            source: Some(format!("more than {most} bytes").into()),
        }
    }
}

fn broken(error: io::Error) -> TransportError {
    TransportError {
        kind: TransportErrorKind::Broken,
        source: Some(Box::new(error)),
    }
}

/// The bytes of a body, as many as are taken at most.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Body {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if more.len() > self.most - self.bytes.len().min(self.most) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(packed: &[u8], piece: usize, most: usize) -> Result<Vec<u8>, TransportError> {
        let mut unpacker = Packing::Gzip.unpacker(Vec::new(), most);
        for chunk in packed.chunks(piece) {
            unpacker.put(chunk)?;
        }
        unpacker.finish()
    }

    #[test]
    fn a_body_of_several_members_is_unpacked_whole_wherever_it_is_cut() {
        let body = [packed(b"{\"result\":"), packed(b""), packed(b"[1,2,3]}")].concat();
        for piece in 1..=body.len() {
            let text = unpacked(&body, piece, 1000).unwrap();
            assert_eq!(text, b"{\"result\":[1,2,3]}", "in pieces of {piece}");
        }
    }

    #[test]
    fn a_body_that_breaks_off_or_is_none_is_broken_and_an_empty_one_is_empty() {
        let body = packed(b"{\"result\":[1,2,3]}");
        for end in 1..body.len() {
            let error = unpacked(&body[..end], 7, 1000).unwrap_err();
            assert_eq!(error.kind, TransportErrorKind::Broken, "{end}");
        }
        assert!(unpacked(b"{\"result\":1}", 7, 1000).is_err());
        assert_eq!(unpacked(b"", 7, 1000).unwrap(), b"");
    }

    #[test]
    fn a_body_is_cut_at_its_largest_size_before_it_is_in_memory() {
        let bomb = packed(&vec![b'a'; 10_000_000]);
        let error = unpacked(&bomb, bomb.len(), 100_000).unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::TooLarge);
        assert_eq!(unpacked(&packed(b"12345"), 3, 5).unwrap(), b"12345");
        assert!(unpacked(&packed(b"123456"), 3, 5).is_err());
    }

    #[test]
    fn packings_are_known_in_every_spelling_and_others_are_named() {
        let packing = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("9"));
            for value in values {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
            }
            let packing = Packing::take(&mut headers).map_err(|error| error.description());
            (packing, headers.len())
        };
        for value in ["gzip", "GZIP", "x-gzip", " Gzip ", "identity, X-GZip"] {
            assert_eq!(packing(&[value]), (Ok(Packing::Gzip), 0), "{value}");
        }
        assert_eq!(packing(&[]), (Ok(Packing::None), 1));
        assert_eq!(packing(&["identity"]).0, Ok(Packing::None));
        for values in [&["br"][..], &["gzip, zstd"], &["gzip", "gzip"]] {
            let said = packing(values).0.unwrap_err();
            let name = values.join(", ");
            assert!(said.ends_with(&format!(": {name}")), "{said}");
        }
    }
}
