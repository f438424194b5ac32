//! The commands, one file each.

mod call;
mod completions;
mod export;
mod portal;
mod r7;
mod tasks;

use brimful::Client;
use brimful_portal::Server;

use crate::cli::{Command, PortalOption};
use crate::demo;
use crate::exit::Exit;
use crate::hint::Failure;
use crate::limit::LimitArg;
use crate::portal_arg::PortalArg;
use crate::printer::Printer;

/// Does what the command line says.
pub(crate) async fn run(command: Command, printer: Printer) -> Result<Exit, Failure> {
    match command {
        Command::Export(args) => export::run(&args, printer).await,
        Command::Call(args) => call::run(&args, printer).await,
        Command::Portal(args) => portal::run(&args, printer).await,
        Command::Tasks(args) => tasks::run(&args, printer).await,
        Command::R7(args) => r7::run(&args, printer).await,
        Command::Completions(args) => completions::run(&args),
    }
}

/// A client of the portal, and the portal itself if it is in this process. It lives as long as this.
struct Connection {
    client: Client,
    _demo: Option<Server>,
}

async fn connect(
    portal: &PortalOption,
    limit: LimitArg,
    printer: Printer,
) -> Result<Connection, Failure> {
    let Some(portal) = &portal.address else {
        return Err(Failure::usage("no portal is given").hint(
            "give the address of a webhook with --portal or in BRIMFUL_PORTAL; --portal demo is one to try it on",
        ));
    };
    let (address, demo) = match portal {
        PortalArg::Address(address) => (address.clone(), None),
        PortalArg::Demo => {
            let server = demo::start(limit).await?;
            printer.note(&demo::description(&server, limit));
            (server.webhook_url(), Some(server))
        }
    };
    let client = Client::builder(address)
        .limit(limit.for_client())
        .build()
        .map_err(|error| {
            let failure = Failure::of(&error);
            if failure.hint.is_some() {
                return failure;
            }
            failure.hint("the address of a webhook is made in the portal, under Developer resources, Inbound webhook")
        })?;
    Ok(Connection {
        client,
        _demo: demo,
    })
}
