//! Files behind links that methods have returned.

use std::path::PathBuf;
use std::sync::Arc;

use brimful::{Downloaded, FileStream};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::Mutex as AsyncMutex;

use crate::pending::{Output, Pending};

/// What is to be fetched.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct FileRequest {
    link: String,
    allow_hosts: Vec<String>,
    any_host: bool,
    size: Option<u64>,
}

impl FileRequest {
    fn download(self, client: &brimful::Client) -> brimful::Download {
        let mut download = client.download(&self.link);
        for host in self.allow_hosts {
            download = download.allow_host(host);
        }
        if self.any_host {
            download = download.any_host();
        }
        match self.size {
            Some(bytes) => download.expect_size(bytes),
            None => download,
        }
    }
}

/// Fetches a file to a path: how many bytes, its name and its media type.
pub(crate) fn fetch(
    client: brimful::Client,
    request: FileRequest,
    path: PathBuf,
) -> PyResult<Pending> {
    Pending::start(async move {
        let downloaded = request.download(&client).to_file(path).await?;
        Ok(Output::object(move |py| {
            let Downloaded {
                bytes,
                name,
                media_type,
                ..
            } = downloaded;
            (bytes, name, media_type).into_pyobject(py)
        }))
    })
}

/// Asks for a file, whose pieces are read one by one.
pub(crate) fn open(client: brimful::Client, request: FileRequest) -> PyResult<Pending> {
    Pending::start(async move {
        let stream = request.download(&client).open().await?;
        let opened = OpenedFile {
            name: stream.name().map(str::to_owned),
            media_type: stream.media_type().map(str::to_owned),
            stream: Arc::new(AsyncMutex::new(stream)),
        };
        Ok(Output::object(move |py| Bound::new(py, opened)))
    })
}

/// A file on its way.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct OpenedFile {
    stream: Arc<AsyncMutex<FileStream>>,
    name: Option<String>,
    media_type: Option<String>,
}

#[pymethods]
impl OpenedFile {
    /// The next piece; nothing after the last.
    fn next_piece(&self) -> PyResult<Pending> {
        let stream = Arc::clone(&self.stream);
        Pending::start(async move {
            let piece = stream.lock().await.next_piece().await?;
            Ok(piece.map_or(Output::Nothing, |piece| Output::Bytes(piece.to_vec())))
        })
    }

    /// Its name and its media type, as the server says.
    fn facts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (&self.name, &self.media_type).into_pyobject(py)
    }
}
