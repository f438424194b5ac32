//! Compresses a file as a whole.

use std::io::{self, Write};

use flate2::write::GzEncoder;

use crate::format::Compression;

/// A compressor: bytes in, compressed bytes out.
pub struct Compressor(Inner);

enum Inner {
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
        Ok(Self(match compression {
            Compression::Gzip => {
                Inner::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::default()))
            }
            #[cfg(feature = "zstd")]
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3)?;
                encoder.include_checksum(true)?;
                Inner::Zstd(encoder)
            }
            #[cfg(not(feature = "zstd"))]
            Compression::Zstd => return Err(io::ErrorKind::Unsupported.into()),
        }))
    }

    /// Takes `block` in, and gives what is compressed so far and was not given before.
    pub fn write(&mut self, block: &[u8]) -> io::Result<Vec<u8>> {
        Ok(match &mut self.0 {
            Inner::Gzip(encoder) => {
                encoder.write_all(block)?;
                std::mem::take(encoder.get_mut())
            }
            #[cfg(feature = "zstd")]
            Inner::Zstd(encoder) => {
                encoder.write_all(block)?;
                std::mem::take(encoder.get_mut())
            }
        })
    }

    /// Ends the file, and gives the rest of it.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self.0 {
            Inner::Gzip(encoder) => encoder.finish(),
            #[cfg(feature = "zstd")]
            Inner::Zstd(encoder) => encoder.finish(),
        }
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

    #[cfg(feature = "zstd")]
    #[test]
    fn a_zstd_file_is_the_rows_again_when_it_is_decompressed() {
        let mut compressor = Compressor::new(Compression::Zstd).unwrap();
        let mut file = compressor.write(b"a,b\n").unwrap();
        file.extend(compressor.finish().unwrap());
        assert_eq!(zstd::decode_all(file.as_slice()).unwrap(), b"a,b\n");
    }
}
