//! File formats, and the endings of file names that stand for them.

use std::path::{Path, PathBuf};

use crate::error::ExportError;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
    /// JSON Lines: rows as the portal wrote them, without types.
    JsonLines,
    /// CSV as in RFC 4180, with a comma unless another delimiter is given.
    Csv,
    /// CSV with tabs.
    Tsv,
    /// An Excel workbook.
    Xlsx,
    /// Apache Parquet.
    Parquet,
    /// An Arrow IPC file, also called Feather.
    Arrow,
    /// Messages of the Singer specification, for a target that stores them.
    Singer,
}

impl FileFormat {
    /// All formats.
    pub const ALL: [Self; 7] = [
        Self::JsonLines,
        Self::Csv,
        Self::Tsv,
        Self::Xlsx,
        Self::Parquet,
        Self::Arrow,
        Self::Singer,
    ];

    /// The name on a command line, which is also the usual ending.
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Singer => "singer",
        }
    }

    /// The feature that this build lacks for the format; `None` if it can be written.
    pub fn missing_feature(self) -> Option<&'static str> {
        match self {
            Self::Xlsx if !cfg!(feature = "xlsx") => Some("xlsx"),
            Self::Parquet | Self::Arrow if !cfg!(feature = "parquet") => Some("parquet"),
            _ => None,
        }
    }

    /// Whether every row is a line or a few of its own, so that the file can be compressed as a whole, and the first
    /// part of it is of use.
    pub fn is_text(self) -> bool {
        matches!(self, Self::JsonLines | Self::Csv | Self::Tsv | Self::Singer)
    }
}

/// How a whole file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

/// What the name of a file says about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileKind {
    /// The format of the rows.
    pub format: FileFormat,
    /// How the file is compressed.
    pub compression: Option<Compression>,
}

/// The endings, and the formats that they stand for.
const ENDINGS: [(&str, FileFormat); 9] = [
    ("jsonl", FileFormat::JsonLines),
    ("ndjson", FileFormat::JsonLines),
    ("json", FileFormat::JsonLines),
    ("csv", FileFormat::Csv),
    ("tsv", FileFormat::Tsv),
    ("xlsx", FileFormat::Xlsx),
    ("parquet", FileFormat::Parquet),
    ("arrow", FileFormat::Arrow),
    ("feather", FileFormat::Arrow),
];

impl FileKind {
    /// Reads the kind off the name of a file; with `format` the ending may be any. A name without an ending is JSON
    /// Lines. Fails if the ending is not known, or if this build cannot write the format.
    pub fn of(path: &Path, format: Option<FileFormat>) -> Result<Self, ExportError> {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().to_ascii_lowercase())
            .unwrap_or_default();
        let (stem, compression) = match name.rsplit_once('.') {
            Some((stem, "gz")) => (stem, Some(Compression::Gzip)),
            Some((stem, "zst")) => (stem, Some(Compression::Zstd)),
            _ => (name.as_str(), None),
        };
        // `.jsonl` alone is a hidden file without an ending.
        let ending = stem.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
        let by_name = ending.and_then(|(_, ending)| {
            let found = ENDINGS.iter().find(|(known, _)| *known == ending);
            found.map(|(_, format)| *format)
        });
        let format = match (format, by_name, ending) {
            (Some(given), _, _) => given,
            (None, Some(found), _) => found,
            (None, None, None) if compression.is_none() => FileFormat::JsonLines,
            _ => return Err(unknown(name)),
        };
        if compression.is_some() && !format.is_text() {
            return Err(ExportError::Name(format!(
                "{name}: {} files are compressed inside, so leave the last ending out",
                format.name()
            )));
        }
        let missing = match compression {
            Some(Compression::Zstd) if !cfg!(feature = "zstd") => Some("zstd"),
            _ => format.missing_feature(),
        };
        if let Some(feature) = missing {
            return Err(ExportError::NotBuilt { name, feature });
        }
        Ok(Self {
            format,
            compression,
        })
    }
}

/// Where a dataset is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatasetPlace {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket with the beginning of the names in it: `s3://BUCKET/PREFIX/`, with `?endpoint=` and `?region=` where
    /// the environment does not name them.
    S3(String),
}

/// By which stretch of time rows are in folders of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionBy {
    /// The column, a date.
    pub column: String,
    /// How long a stretch is.
    pub every: PartitionEvery,
}

/// The length of the stretch of time that a folder has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartitionEvery {
    /// `2026`
    Year,
    /// `2026-01`
    Month,
    /// `2026-01-31`
    Day,
}

impl std::str::FromStr for PartitionBy {
    type Err = String;

    /// `DATE_CREATE:month`
    fn from_str(text: &str) -> Result<Self, String> {
        let (column, every) = text.rsplit_once(':').unwrap_or((text, "month"));
        let every = match every {
            "year" => PartitionEvery::Year,
            "month" => PartitionEvery::Month,
            "day" => PartitionEvery::Day,
            _ => {
                return Err(
                    "write it as DATE_CREATE:month; there are year, month and day".to_owned(),
                );
            }
        };
        if column.is_empty() {
            return Err("it names no column; write it as DATE_CREATE:month".to_owned());
        }
        Ok(Self {
            column: column.to_owned(),
            every,
        })
    }
}

#[cfg(feature = "parquet")]
impl PartitionEvery {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
        }
    }

    pub(crate) fn of(self, date: jiff::civil::Date) -> String {
        match self {
            Self::Year => format!("{:04}", date.year()),
            Self::Month => format!("{:04}-{:02}", date.year(), date.month()),
            Self::Day => date.to_string(),
        }
    }
}

fn unknown(name: String) -> ExportError {
    let endings: Vec<String> = ENDINGS
        .iter()
        .map(|(ending, _)| format!(".{ending}"))
        .collect();
    ExportError::UnknownEnding {
        name,
        known: endings.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Result<FileKind, ExportError> {
        FileKind::of(Path::new(name), None)
    }

    #[test]
    fn the_format_follows_from_the_name() {
        for (name, format, compression) in [
            ("rows.jsonl", FileFormat::JsonLines, None),
            ("rows", FileFormat::JsonLines, None),
            ("a.csv/rows", FileFormat::JsonLines, None),
            ("Deals.CSV", FileFormat::Csv, None),
            ("deals.csv.gz", FileFormat::Csv, Some(Compression::Gzip)),
        ] {
            let kind = kind(name).unwrap();
            assert_eq!(
                (kind.format, kind.compression),
                (format, compression),
                "{name}"
            );
        }
    }

    #[test]
    fn an_unknown_ending_is_refused_with_the_list_of_endings() {
        for name in ["rows.xls", "rows.gz", "rows.csv.zip", "rows.2026"] {
            let message = kind(name).unwrap_err().to_string();
            assert!(message.contains(".parquet"), "{name}: {message}");
        }
    }

    #[test]
    fn a_named_format_makes_the_ending_free() {
        let kind = FileKind::of(Path::new("rows.txt"), Some(FileFormat::Csv)).unwrap();
        assert_eq!(kind.format, FileFormat::Csv);
    }

    #[test]
    fn formats_that_compress_themselves_are_not_compressed_again() {
        assert!(kind("rows.parquet.gz").is_err());
    }
}
