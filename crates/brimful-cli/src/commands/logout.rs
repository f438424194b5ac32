//! `brimful logout`: the tokens of a portal are forgotten.

use clap::Args;

use super::login::{path, portal};
use crate::args::PortalOption;
use crate::commands::login::file::LoginFile;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Printer;

/// Forget the tokens of a portal
///
/// The file is removed. The portal still lets the application in: that is taken back in the portal.
#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    pub(crate) portal: PortalOption,
}

pub(crate) fn run(args: &LogoutArgs, printer: Printer) -> Result<Exit, Failure> {
    let file = match (args.portal.address(), &args.portal.token_file) {
        (_, Some(file)) => {
            // What was named by mistake is not removed.
            LoginFile::find(file).map_err(|failure| failure.hint("it is not removed"))?;
            file.clone()
        }
        _ => path(&args.portal, &portal(&args.portal)?)?,
    };
    let name = file.display();
    match std::fs::remove_file(&file) {
        Ok(()) => {
            printer.note(&format!("{name} is removed"));
            Ok(Exit::Done)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            printer.note(&format!("you were not logged in: there is no {name}"));
            Ok(Exit::Done)
        }
        Err(error) => Err(Failure::failed(format!("could not remove {name}: {error}"))),
    }
}
