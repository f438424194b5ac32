//! An export inside of another program, which has a client already: the Python package.

use std::ffi::OsString;

use brimful::{Client, Error};
use clap::Parser;

use crate::cli::{Cli, Command};
use crate::commands::export;
pub use crate::commands::export::Exported;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::printer::{LogFormat, Printer, Volume};

/// Why an export failed.
#[derive(Debug, Clone)]
pub struct ExportFailure {
    /// What failed, what is kept of it, and what to do.
    pub message: String,
    /// Whether the options ask for something impossible. Nothing was sent then.
    pub is_usage: bool,
    /// Whether rows that came before are kept.
    pub is_incomplete: bool,
    /// What the client said, if it was the client.
    pub error: Option<Error>,
}

/// Exports a list as `brimful export` does. `arguments` are those of that command, from the method on, without those that
/// name the portal and its rate. Nothing is printed. Dropping the future stops the export; rows that have come stay in
/// the partial file.
///
/// # Errors
/// Whatever makes the program fail.
pub async fn export(client: Client, arguments: Vec<OsString>) -> Result<Exported, ExportFailure> {
    let words = ["brimful", "export"].map(OsString::from);
    let cli = Cli::try_parse_from(words.into_iter().chain(arguments));
    let cli = cli.map_err(|error| Failure::usage(usage(&error)))?;
    let Command::Export(args) = cli.command else {
        return Err(Failure::usage("this is not an export").into());
    };
    let printer = Printer::new(Volume::Silent, LogFormat::Text);
    let prepared = export::prepare(&args, printer)?;
    let mut interrupts = Interrupts::never();
    let exported = export::write(&args, prepared, &client, &mut interrupts, printer).await?;
    // Standard output, whose reader may have had enough, is not among the destinations of a library.
    exported.ok_or_else(|| Failure::failed("the output was closed").into())
}

/// What the parser of the command line says, without its advice on how the program is used.
fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let ends = ["\n\nUsage:", "\n\nFor more information"];
    let end = ends.iter().filter_map(|end| text.find(end)).min();
    let said = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    said.trim_start_matches("error: ").trim().to_owned()
}

impl From<Failure> for ExportFailure {
    fn from(failure: Failure) -> Self {
        let mut message = failure.message;
        for more in [
            failure.kept.map(|kept| format!("kept: {kept}")),
            failure.hint,
        ]
        .into_iter()
        .flatten()
        {
            message.push_str("; ");
            message.push_str(&more);
        }
        Self {
            message,
            is_usage: failure.exit == Exit::Usage,
            is_incomplete: failure.exit == Exit::Incomplete,
            error: failure.error,
        }
    }
}
