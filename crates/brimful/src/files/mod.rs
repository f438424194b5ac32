//! Files: fetched by the links that methods return, and made ready to go with a call.

mod download;
mod head;
mod stream;
mod upload;

pub use download::{Download, Downloaded};
pub use stream::FileStream;
pub use upload::FileData;
