//! Addresses as people type them: `…/crm.lead.list?filter[>ID]=5`.
//!
//! The server in front of a portal takes `<`, `>`, `"` and any byte above 127 in an address as they are; the HTTP
//! library here takes them for an error. So they are escaped in the request line before it is read. Over HTTP/2 that
//! cannot be done: there such a request is reset, as the library does it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A listener whose connections forgive what is typed into an address.
pub(crate) struct LenientListener<L>(pub(crate) L);

impl<L: Listener<Addr = SocketAddr>> Listener for LenientListener<L> {
    type Io = Connection<L::Io>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (io, peer) = self.0.accept().await;
        (Connection::new(io), peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A connection on which request lines are escaped as they come.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    lines: Lines,
    /// Escaped bytes that the reader had no room for.
    waiting: Vec<u8>,
    /// How many bytes came so far.
    received: Arc<AtomicU64>,
}

/// Where in the requests a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// The next byte begins a request: nothing was read yet, or a reply was written since.
    Before,
    /// Inside a request line.
    Inside,
    /// In the headers or the body.
    Past,
    /// HTTP/2 has no lines.
    None,
}

impl<S> Connection<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            lines: Lines::Before,
            waiting: Vec::new(),
            received: Arc::default(),
        }
    }

    /// Counts the bytes that come.
    pub(super) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }
}

impl Lines {
    /// What to read in place of `bytes`, if it is anything else.
    fn escaped(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if *self == Self::Before {
            *self = match bytes.first() {
                None => Self::Before,
                Some(_) if bytes.starts_with(b"PRI ") => Self::None,
                // An empty line may come before a request line.
                Some(b'A'..=b'Z' | b'\r' | b'\n') => Self::Inside,
                Some(_) => Self::Past,
            };
        }
        if *self != Self::Inside {
            return None;
        }
        let start = bytes
            .iter()
            .position(|byte| !matches!(byte, b'\r' | b'\n'))
            .unwrap_or(bytes.len());
        let end = memchr::memchr(b'\n', &bytes[start..]).map(|length| start + length);
        if end.is_some() {
            *self = Self::Past;
        }
        let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        if !line.iter().copied().any(needs_escape) {
            return None;
        }
        let mut out = Vec::with_capacity(bytes.len() + 64);
        for byte in line {
            if needs_escape(*byte) {
                out.extend_from_slice(format!("%{byte:02X}").as_bytes());
            } else {
                out.push(*byte);
            }
        }
        out.extend_from_slice(rest);
        Some(out)
    }
}

fn needs_escape(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'"' | 128..)
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.waiting.is_empty() {
            let before = buffer.filled().len();
            std::task::ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
            let came = buffer.filled().len().saturating_sub(before);
            this.received.fetch_add(came as u64, Ordering::Relaxed);
            let Some(escaped) = this.lines.escaped(&buffer.filled()[before..]) else {
                return Poll::Ready(Ok(()));
            };
            buffer.set_filled(before);
            this.waiting = escaped;
        }
        let fits = this.waiting.len().min(buffer.remaining());
        buffer.put_slice(&this.waiting[..fits]);
        this.waiting.drain(..fits);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.replied();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.replied();
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S> Connection<S> {
    /// A client that does not send requests ahead sends the next one when it has heard the reply.
    fn replied(&mut self) {
        if self.lines == Lines::Past {
            self.lines = Lines::Before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &mut Lines, bytes: &str) -> String {
        let escaped = lines.escaped(bytes.as_bytes());
        String::from_utf8(escaped.unwrap_or_else(|| bytes.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn a_request_line_is_escaped_and_what_follows_it_is_not() {
        let mut lines = Lines::Before;
        assert_eq!(
            read(
                &mut lines,
                "GET /rest/a?filter[>ID]=\"Жар\" HTTP/1.1\r\nX: <\"Ж\">\r\n\r\n"
            ),
            "GET /rest/a?filter[%3EID]=%22%D0%96%D0%B0%D1%80%22 HTTP/1.1\r\nX: <\"Ж\">\r\n\r\n"
        );
        assert_eq!(read(&mut lines, "GET /a>b"), "GET /a>b");
    }

    #[test]
    fn a_line_that_comes_in_pieces_is_escaped_in_pieces() {
        let mut lines = Lines::Before;
        assert_eq!(read(&mut lines, "\r\nGET /a<"), "\r\nGET /a%3C");
        assert_eq!(read(&mut lines, ">b HTT"), "%3Eb HTT");
        assert_eq!(read(&mut lines, "P/1.1\r\n<"), "P/1.1\r\n<");
        assert_eq!(read(&mut lines, ">"), ">");
    }

    #[test]
    fn http_2_is_left_alone() {
        let mut lines = Lines::Before;
        for bytes in ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n<", "GET /<"] {
            assert_eq!(read(&mut lines, bytes), bytes);
        }
    }
}
