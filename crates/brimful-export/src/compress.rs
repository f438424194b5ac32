//! Compresses a file as a whole.

use std::io::{self, Write};

use flate2::write::GzEncoder;

use crate::format::Compression;

/// What comes out depends on the sizes of what goes in, so it always goes in by as many bytes: a file is the same in every
/// run then, however its rows have arrived.
const FED_AT_ONCE: usize = 1 << 16;

/// A compressor: bytes in, compressed bytes out.
pub struct Compressor {
    encoder: Encoder,
    /// Bytes that have not gone in.
    waiting: Vec<u8>,
}

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    #[cfg(feature = "zstd")]
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Compressor")
    }
}

impl Compressor {
    /// Starts a compressed file.
    pub fn new(compression: Compression) -> io::Result<Self> {
        let encoder = match compression {
            Compression::Gzip => {
                Encoder::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::default()))
            }
            #[cfg(feature = "zstd")]
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3)?;
                encoder.include_checksum(true)?;
                Encoder::Zstd(encoder)
            }
            #[cfg(not(feature = "zstd"))]
            Compression::Zstd => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(Self {
            encoder,
            waiting: Vec::with_capacity(FED_AT_ONCE),
        })
    }

    /// Takes `block` in, and gives what is compressed so far and was not given before.
    pub fn write(&mut self, block: &[u8]) -> io::Result<Vec<u8>> {
        let missing = FED_AT_ONCE - self.waiting.len();
        let (first, rest) = block.split_at(missing.min(block.len()));
        self.waiting.extend_from_slice(first);
        if self.waiting.len() == FED_AT_ONCE {
            self.encoder.take(&self.waiting)?;
            self.waiting.clear();
            let mut whole = rest.chunks_exact(FED_AT_ONCE);
            for chunk in whole.by_ref() {
                self.encoder.take(chunk)?;
            }
            self.waiting.extend_from_slice(whole.remainder());
        }
        Ok(self.encoder.compressed())
    }

    /// Ends the file, and gives the rest of it.
    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        self.encoder.take(&self.waiting)?;
        match self.encoder {
            Encoder::Gzip(encoder) => encoder.finish(),
            #[cfg(feature = "zstd")]
            Encoder::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl Encoder {
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.write_all(bytes),
            #[cfg(feature = "zstd")]
            Self::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    /// What has come out since the last call.
    fn compressed(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Gzip(encoder) => encoder.get_mut(),
            #[cfg(feature = "zstd")]
            Self::Zstd(encoder) => encoder.get_mut(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_gzip_file_is_the_rows_again_when_it_is_decompressed() {
        let mut compressor = Compressor::new(Compression::Gzip).unwrap();
        let mut file = compressor.write(b"a,b\n").unwrap();
        file.extend(compressor.write(&b"1,2\n".repeat(100_000)).unwrap());
        file.extend(compressor.finish().unwrap());
        let mut text = String::new();
        flate2::read::GzDecoder::new(file.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text.len(), 4 + 400_000);
    }

    #[test]
    fn a_compressed_file_has_the_same_bytes_however_its_rows_arrive() {
        let rows: Vec<u8> = (0..60_000)
            .flat_map(|n: u32| format!("{n},{}\n", n % 97).into_bytes())
            .collect();
        let compressed = |compression, sizes: &[usize]| {
            let mut compressor = Compressor::new(compression).unwrap();
            let (mut file, mut rest) = (Vec::new(), rows.as_slice());
            for size in sizes.iter().cycle() {
                let (block, behind) = rest.split_at((*size).min(rest.len()));
                file.extend(compressor.write(block).unwrap());
                rest = behind;
                if rest.is_empty() {
                    break;
                }
            }
            file.extend(compressor.finish().unwrap());
            file
        };
        let mut formats = vec![Compression::Gzip];
        if cfg!(feature = "zstd") {
            formats.push(Compression::Zstd);
        }
        for compression in formats {
            let whole = compressed(compression, &[rows.len()]);
            assert!(compressed(compression, &[1_000, 77, 200_000, 5]) == whole);
            assert!(compressed(compression, &[FED_AT_ONCE, 1]) == whole);
        }
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn a_zstd_file_is_the_rows_again_when_it_is_decompressed() {
        let mut compressor = Compressor::new(Compression::Zstd).unwrap();
        let mut file = compressor.write(b"a,b\n").unwrap();
        file.extend(compressor.finish().unwrap());
        assert_eq!(zstd::decode_all(file.as_slice()).unwrap(), b"a,b\n");
    }
}
