//! A download, as it is asked for.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use url::Url;

use super::stream::FileStream;
use crate::auth::{host_of, may_follow};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Execution};

impl Client {
    /// The file behind a link that a method has returned: `DOWNLOAD_URL` of `disk.*`, `downloadUrl` and `urlMachine` of
    /// the CRM, absolute or not. Such a link is signed, and holds a secret: it is in no error and no log.
    ///
    /// ```no_run
    /// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
    /// let file = client.call("disk.file.get", serde_json::json!({"id": 42})).await?;
    /// let link = file.result::<serde_json::Value>().unwrap()["DOWNLOAD_URL"].as_str().unwrap().to_owned();
    /// let got = client.download(&link).to_file("contract.pdf").await?;
    /// println!("{} bytes of {:?}", got.bytes, got.name);
    /// # Ok(())
    /// # }
    /// ```
    pub fn download(&self, link: &str) -> Download {
        Download {
            client: self.clone(),
            link: link.to_owned(),
            hosts: Hosts::default(),
            size: None,
        }
    }
}

/// A file to be fetched. If the connection breaks off it goes on where it was, as far as the server lets it.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let link = "/bitrix/tools/…";
/// let bytes = client.download(link).expect_size(10_240).bytes().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is fetched before it is told where to"]
pub struct Download {
    client: Client,
    link: String,
    hosts: Hosts,
    size: Option<u64>,
}

/// Where files may be fetched from.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts {
    further: Vec<String>,
    any: bool,
}

/// What was fetched.
///
/// ```no_run
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// let got = client.download("/bitrix/tools/…").to_file("contract.pdf").await?;
/// println!("{} bytes, {:?}", got.bytes, got.media_type);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// How many bytes.
    pub bytes: u64,
    /// The file's name as the server gives it, without any folder.
    pub name: Option<String>,
    /// What it is, as the server says.
    pub media_type: Option<String>,
}

impl Download {
    /// Another host than the portal's that the file may come from, or be redirected to: `cdn.bitrix24.ru`.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.further.push(host.into());
        self
    }

    /// Any host, wherever the link leads.
    pub fn any_host(mut self) -> Self {
        self.hosts.any = true;
        self
    }

    /// How many bytes the file has (`SIZE`): any other number of them is an error.
    pub fn expect_size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// Asks for the file. It is read from what this returns, piece by piece.
    pub async fn open(self) -> Result<FileStream, Error> {
        let session = self.client.session();
        let at = |error: Error| error.at(&session.auth, "download");
        let url = self
            .hosts
            .find(&session.auth.origin(), &self.link)
            .map_err(at)?;
        FileStream::open(self.client.clone(), self.hosts.clone(), url, self.size).await
    }

    /// The whole file, in memory.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let mut file = self.open().await?;
        let mut whole = BytesMut::new();
        while let Some(piece) = file.next_piece().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Writes the file to `out`, piece by piece. If this fails, `out` has the beginning of the file.
    pub async fn to_writer(self, out: &mut (impl AsyncWrite + Unpin)) -> Result<Downloaded, Error> {
        let mut file = self.open().await?;
        let at = file.place();
        while let Some(piece) = file.next_piece().await? {
            out.write_all(&piece)
                .await
                .map_err(|error| unwritable("what it is written to", error, &at))?;
        }
        out.flush()
            .await
            .map_err(|error| unwritable("what it is written to", error, &at))?;
        Ok(file.account())
    }

    /// Writes the file to a path. It has another name, `NAME.partial`, until it is whole; if this fails there is neither.
    pub async fn to_file(self, path: impl AsRef<Path>) -> Result<Downloaded, Error> {
        let path = path.as_ref().to_owned();
        let partial = partial(&path);
        let at = self.client.portal();
        let unwritable = |error| unwritable(&path.display().to_string(), error, &at);
        let mut file = tokio::fs::File::create(&partial)
            .await
            .map_err(unwritable)?;
        let written = async {
            let account = self.to_writer(&mut file).await?;
            file.sync_all().await.map_err(unwritable)?;
            tokio::fs::rename(&partial, &path)
                .await
                .map_err(unwritable)?;
            Ok(account)
        };
        let written = written.await;
        if written.is_err() {
            // The error is what matters.
            let _ = tokio::fs::remove_file(&partial).await;
        }
        written
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".partial");
    name.into()
}

fn unwritable(what: &str, error: std::io::Error, portal: &str) -> Error {
    Error::new(
        ErrorKind::Io,
        Execution::NotRun,
        format!("{what} could not be written: {error}"),
    )
    .with_source(error)
    .at(&portal, "download")
}

impl Hosts {
    /// The address of a link, if it leads to where a file may come from.
    pub(super) fn find(&self, portal: &Url, link: &str) -> Result<Url, Error> {
        if link.trim().is_empty() {
            return Err(Error::config(
                "the link is empty: to a webhook the CRM gives none, so take urlMachine of crm.item.* or disk.file.get",
            ));
        }
        let url = portal
            .join(link.trim())
            .map_err(|error| Error::config(format!("the link is not a URL ({error})")))?;
        self.permit(portal, &url)?;
        Ok(url)
    }

    /// Whether a file of the portal may come from there.
    pub(super) fn permit(&self, portal: &Url, url: &Url) -> Result<(), Error> {
        let host = url.host_str().unwrap_or_default();
        let named = |name: &String| {
            name.eq_ignore_ascii_case(host) || name.eq_ignore_ascii_case(&host_of(url))
        };
        let theirs = portal.host_str() == Some(host);
        if !(theirs || self.any || self.further.iter().any(named)) {
            return Err(Error::config(format!(
                "the file is at {}, which is not the portal's host: Download::allow_host lets it come from there",
                host_of(url)
            )));
        }
        if !may_follow(portal, url) {
            return Err(Error::config(format!(
                "the file is at {} by plain {}, where no signed link is sent",
                host_of(url),
                url.scheme()
            )));
        }
        Ok(())
    }
}

/// Without the link.
impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("hosts", &self.hosts)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
