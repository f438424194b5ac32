//! Writes rows of Bitrix24 lists as typed columns, to files and databases.
//!
//! A [`Plan`] says what is known of a list before its first row: above all the portal's field metadata, from which the
//! types of the columns follow. A [`RowWriter`] takes pages of rows, reads the values of each column, and hands them to
//! the writer of a file format or to a store. A value that does not fit its column leaves NULL there, and becomes a
//! [`Misfit`] with its row, field and text.
//!
//! ```
//! use brimful::Page;
//! use brimful_export::{FileFormat, FileOptions, Plan, RowWriter};
//!
//! let plan = Plan {
//!     id_field: "ID".to_owned(),
//!     ..Plan::default()
//! };
//! let mut writer = RowWriter::to_file(FileFormat::Csv, &FileOptions::default(), plan)?;
//! let page: Page = [(Some(7), r#"{"ID":"7","TITLE":"Repair, office"}"#.to_owned())]
//!     .into_iter()
//!     .collect();
//! let mut file = Vec::new();
//! writer.write_page(&page, &mut file)?;
//! writer.finish(&mut file)?;
//! assert_eq!(String::from_utf8_lossy(&file), "ID,TITLE\r\n7,\"Repair, office\"\r\n");
//! # Ok::<(), brimful_export::ExportError>(())
//! ```

mod cell;
mod column_names;
mod compress;
mod decode;
mod error;
mod format;
mod labels;
mod list_plan;
mod misfit;
#[cfg(feature = "arrow")]
mod picked;
#[cfg(feature = "arrow")]
mod record_batches;
mod row;
mod schema;
mod sinks;
mod store;
#[cfg(feature = "sync")]
pub mod sync;
mod writer;

pub use cell::{Cell, DECIMAL_PRECISION, DECIMAL_SCALE, Decimal, Moment, MultiValue};
pub use column_names::ColumnNames;
pub use compress::Compressor;
pub use error::ExportError;
// The program has checksums of what it writes too.
#[doc(hidden)]
pub use flate2::Crc;
pub use format::{Compression, DatasetPlace, FileFormat, FileKind, PartitionBy, PartitionEvery};
pub use labels::{Description, describe};
pub use misfit::Misfit;
#[cfg(feature = "arrow")]
pub use record_batches::RecordBatches;
pub use schema::{
    Column, ColumnChoice, ColumnType, Dictionary, Plan, ScalarType, Schema, Source, Types,
};
#[cfg(feature = "xlsx")]
pub use sinks::caught_panics::is_panic_caught;
pub use sinks::{ChangedTypes, FileOptions, Headers, StoreOptions};
pub use store::Store;
pub use writer::RowWriter;
