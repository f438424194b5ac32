//! Finds out whether standard output can be written, before something is done that can't be undone.

use std::fmt;
use std::io::{self, IsTerminal, Write};

/// What to do where standard output is closed.
pub(crate) const CLOSED_HINT: &str =
    "write to a file or a pipe; to throw the output away, redirect it: > /dev/null";

/// Standard output was closed before the program began.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is closed")
    }
}

impl std::error::Error for Closed {}

/// Fails where nothing that is written to standard output arrives anywhere.
pub(crate) fn check_open() -> io::Result<()> {
    if is_closed(&io::stdout()) {
        return Err(io::Error::other(Closed));
    }
    Ok(())
}

/// Whether it is the error of [`check_open`].
pub(crate) fn is_closed_error(error: &io::Error) -> bool {
    match error.get_ref() {
        Some(cause) => cause.is::<Closed>(),
        None => false,
    }
}

/// Fails where standard output takes nothing: it is closed, its reader has gone ([`io::ErrorKind::BrokenPipe`]), or the
/// device is full.
pub(crate) fn probe() -> io::Result<()> {
    check_open()?;
    probe_file(io::stdout())
}

/// The same of a pipe or a device. A device has to take a blank, which is not part of any row or reply.
pub(crate) fn probe_file(mut file: impl Write + AsFile) -> io::Result<()> {
    match reader(&file) {
        Reader::Gone => Err(io::ErrorKind::BrokenPipe.into()),
        Reader::Device => file.write_all(b" ").and_then(|()| file.flush()),
        Reader::Unknown => Ok(()),
    }
}

/// What stands behind an output that is written as it stands.
enum Reader {
    /// A pipe that nobody reads any more.
    Gone,
    /// A device other than a terminal.
    Device,
    Unknown,
}

#[cfg(unix)]
pub(crate) use std::os::fd::AsFd as AsFile;

#[cfg(not(unix))]
pub(crate) trait AsFile {}

#[cfg(not(unix))]
impl<T> AsFile for T {}

#[cfg(unix)]
fn reader(output: &impl AsFile) -> Reader {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{FileType, fstat};
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let kind = fstat(output).map(|found| FileType::from_raw_mode(found.st_mode));
    match kind {
        Ok(FileType::CharacterDevice) if !output.as_fd().is_terminal() => Reader::Device,
        Ok(FileType::Fifo | FileType::Socket) => {
            let mut asked = [PollFd::new(output, PollFlags::OUT)];
            let told = poll(&mut asked, Some(&now));
            if told.is_ok()
                && asked[0]
                    .revents()
                    .intersects(PollFlags::ERR | PollFlags::HUP)
            {
                Reader::Gone
            } else {
                Reader::Unknown
            }
        }
        _ => Reader::Unknown,
    }
}

#[cfg(not(unix))]
fn reader(_: &impl AsFile) -> Reader {
    Reader::Unknown
}

/// Makes a pipe hold so many bytes, where the system lets it: the fewer it holds, the more often the writer and the
/// reader wait for each other. Anything else stays as it is.
#[cfg(target_os = "linux")]
pub(crate) fn enlarge_pipe(output: &impl AsFile, bytes: usize) {
    use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
    if fcntl_getpipe_size(output).is_ok_and(|now| now < bytes) {
        // A user who has many pipes may not have larger ones.
        let _ = fcntl_setpipe_size(output, bytes);
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn enlarge_pipe(_: &impl AsFile, _: usize) {}

/// Whether a standard stream, such as standard output, was closed before the program began. The runtime has then opened the null device in its
/// place, for reading and writing, so that no other file is taken for it. A program that throws an output away in the
/// same way can't be told from that; a shell's `> /dev/null` opens it for writing alone.
#[cfg(unix)]
pub(crate) fn is_closed(stream: &impl AsFile) -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
    let reads_and_writes = fcntl_getfl(stream).is_ok_and(|flags| flags.contains(OFlags::RDWR));
    reads_and_writes
        && match (fstat(stream), stat("/dev/null")) {
            (Ok(stream), Ok(null)) => {
                stream.st_mode == null.st_mode && stream.st_rdev == null.st_rdev
            }
            _ => false,
        }
}

#[cfg(not(unix))]
pub(crate) fn is_closed(_: &impl AsFile) -> bool {
    false
}
