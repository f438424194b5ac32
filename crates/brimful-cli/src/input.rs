//! Text that the command line names: that of a file, or of standard input where the name is `-`.

use std::io;
use std::path::Path;

use crate::failure::Failure;
use crate::output::Destination;
use crate::output::partial;

/// What Windows writes before text, to say that it is UTF-8. It is no part of the text.
const MARK: &str = "\u{feff}";

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What it is called in messages.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// The whole text.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let name = name(path);
    let text = if is_stdin(path) {
        io::read_to_string(io::stdin())
            .map_err(|error| Failure::failed(format!("could not read {name}: {error}")))?
    } else {
        std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("could not read {name}: {error}")))?
    };
    Ok(match text.strip_prefix(MARK) {
        Some(text) => text.to_owned(),
        None => text,
    })
}

/// Takes the mark off the first line of a text.
pub(crate) fn unmark(first: &mut Vec<u8>) {
    if first.starts_with(MARK.as_bytes()) {
        first.drain(..MARK.len());
    }
}

/// What is read may not be written over: whoever names one file twice has mistaken one of them.
pub(crate) fn apart(input: &Path, output: &Destination) -> Result<(), Failure> {
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
        return Err(Failure::usage(format!(
            "{} is read, so it cannot be written to",
            input.display()
        ))
        .hint("-o names another file"));
    }
    Ok(())
}

/// Standard input comes once: it is no file and `--json` in one.
pub(crate) fn once(path: &Path, json: Option<&str>) -> Result<(), Failure> {
    if is_stdin(path) && json == Some("-") {
        return Err(
            Failure::usage("standard input is to be read twice: by --json too")
                .hint("--json @FILE reads the parameters from a file"),
        );
    }
    Ok(())
}
