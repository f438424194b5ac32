//! Text that the command line names: that of a file, or of standard input where the name is `-`.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;

use crate::failure::Failure;
use crate::output::Destination;
use crate::output::partial;
use crate::stdout;

/// The byte order mark that Windows writes before text, to say that it is UTF-8. It is not part of the text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Standard input, unless it was closed before the program began: an empty one would be taken for nothing to do.
pub(crate) fn stdin() -> Result<io::Stdin, Failure> {
    let stdin = io::stdin();
    if stdout::is_closed(&stdin) {
        return Err(
            Failure::usage("standard input is closed, so there is nothing to read").hint(
                "give the input in a pipe or with < FILE, or name the file in the place of -",
            ),
        );
    }
    Ok(stdin)
}

/// The input's name in messages.
pub(crate) fn display_name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// The most bytes of a file that is read as a whole.
const LARGEST: u64 = 256 << 20;
/// The most bytes of a line: a file of 48 MB in base64.
const LONGEST_LINE: u64 = 64 << 20;

/// The whole text.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    read_within(path, LARGEST)
}

fn read_within(path: &Path, most: u64) -> Result<String, Failure> {
    let name = display_name(path);
    let (text, read) = if is_stdin(path) {
        read_text_up_to(stdin()?, most)
            .map_err(|error| Failure::failed(format!("could not read {name}: {error}")))?
    } else {
        File::open(path)
            .and_then(|file| read_text_up_to(file, most))
            .map_err(|error| unreadable(path, &error))?
    };
    if read > most {
        return Err(Failure::usage(format!(
            "{name} is larger than {} MiB, the most that is read at once",
            most >> 20
        ))
        .hint("split it, and run the command for each part"));
    }
    Ok(match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => text.to_owned(),
        None => text,
    })
}

/// A file that cannot be read, with what may have been meant.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let name = display_name(path);
    let failure = Failure::usage(format!("could not read {name}: {error}"));
    if error.kind() == io::ErrorKind::InvalidData {
        return failure.hint(format!(
            "save it as UTF-8; in Windows PowerShell: Get-Content {name} | Out-File -Encoding utf8 NEW-FILE"
        ));
    }
    match name.strip_prefix('@') {
        _ if error.kind() != io::ErrorKind::NotFound => failure,
        Some(file) => failure.hint(format!("the file is named without an @ here: {file}")),
        None if name.starts_with(['{', '[']) => {
            failure.hint("the name of a file is expected here; - reads from standard input")
        }
        None => failure,
    }
}

/// A text of at most `most` bytes, and how many were read: one more where there are more.
pub(crate) fn read_text_up_to(from: impl Read, most: u64) -> io::Result<(String, u64)> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    let read = bytes.len() as u64;
    if read > most {
        return Ok((String::new(), read));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"))?;
    Ok((text, read))
}

/// Appends the next line, with its end, to `line`. Returns how many bytes there were; 0 at the end of the input.
///
/// # Errors
/// The input cannot be read, or the line is longer than 64 MiB: no line that is meant is.
pub(crate) fn read_line(
    from: &mut (impl BufRead + ?Sized),
    line: &mut Vec<u8>,
) -> io::Result<usize> {
    line_within(from, line, LONGEST_LINE)
}

fn line_within(
    from: &mut (impl BufRead + ?Sized),
    line: &mut Vec<u8>,
    most: u64,
) -> io::Result<usize> {
    let read = from.take(most + 1).read_until(b'\n', line)?;
    if read as u64 > most {
        let why = format!("a line is longer than {} MiB", most >> 20);
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(read)
}

/// Takes the byte order mark off the first line of a text.
pub(crate) fn strip_byte_order_mark(first: &mut Vec<u8>) {
    if first.starts_with(BYTE_ORDER_MARK.as_bytes()) {
        first.drain(..BYTE_ORDER_MARK.len());
    }
}

/// Refuses an output that is the input too.
pub(crate) fn refuse_same_file(input: &Path, output: &Destination) -> Result<(), Failure> {
    let Destination::File(output) = output else {
        return Ok(());
    };
    let (target, partial) = partial::places(output);
    let file = |path: &Path| path.canonicalize().ok().filter(|path| path.is_file());
    let Some(read) = file(input) else {
        return Ok(());
    };
    if [target, partial]
        .iter()
        .any(|place| file(place).as_ref() == Some(&read))
    {
        return Err(
            Failure::usage(format!("{} is both input and output", input.display()))
                .hint("name another file with -o"),
        );
    }
    Ok(())
}

/// Refuses an output that is the file of `--json @FILE` too.
pub(crate) fn refuse_json_as_output(
    json: Option<&str>,
    output: Option<&Destination>,
) -> Result<(), Failure> {
    match (json.and_then(|json| json.strip_prefix('@')), output) {
        (Some(file), Some(output)) => refuse_same_file(Path::new(file), output),
        _ => Ok(()),
    }
}

/// Refuses standard input as both the file and the JSON of `--json`: it comes once.
pub(crate) fn refuse_stdin_twice(path: &Path, json: Option<&str>) -> Result<(), Failure> {
    if is_stdin(path) && json == Some("-") {
        return Err(
            Failure::usage("standard input is named twice: as the file and by --json -")
                .hint("--json @FILE reads the parameters from a file"),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_ends_at_the_cap() {
        let mut zeros = io::BufReader::new(io::repeat(0));
        let mut line = Vec::new();
        let error = line_within(&mut zeros, &mut line, 3 << 20).unwrap_err();
        assert_eq!(error.to_string(), "a line is longer than 3 MiB");
        assert!(line.len() <= (3 << 20) + 1);
        let mut two: &[u8] = b"ab\ncd";
        for expected in ["ab\n", "cd", ""] {
            line.clear();
            assert_eq!(line_within(&mut two, &mut line, 3).unwrap(), expected.len());
            assert_eq!(line, expected.as_bytes());
        }
    }

    #[test]
    fn a_text_without_an_end_ends_at_the_cap() {
        let (_, read) = read_text_up_to(io::repeat(b'x'), 1000).unwrap();
        assert_eq!(read, 1001);
        assert_eq!(
            read_text_up_to(&b"abc"[..], 3).unwrap(),
            ("abc".to_owned(), 3)
        );
        assert!(read_text_up_to(&b"\xff"[..], 3).is_err());
    }
}
