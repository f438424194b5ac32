//! `brimful r7`: R7-Office.

mod batch;
mod call;
pub(super) mod emulator;
mod export;
mod items;

use brimful::{Error, ErrorKind};
use brimful_r7::{Client, Credential};

use crate::args::portal::PortalArg;
use crate::commands::demo::Demo;
use crate::exit::Exit;
use crate::failure::{Failure, MORE_TIME};
use crate::printer::Printer;
use crate::r7_args::{R7Args, R7Command, R7PortalOption};
use crate::{env_vars, redact};

pub(crate) async fn run(args: &R7Args, printer: Printer) -> Result<Exit, Failure> {
    match &args.command {
        R7Command::Call(args) => call::run(args, printer).await,
        R7Command::Batch(args) => batch::run(args, printer).await,
        R7Command::Export(args) => export::run(args, printer).await,
    }
}

/// A client of the portal, and the portal itself if it is in this process. It lives as long as this.
struct Connection {
    client: Client,
    _demo: Option<Demo>,
}

async fn connect(portal: &R7PortalOption, printer: Printer) -> Result<Connection, Failure> {
    let Some(address) = portal.address.as_ref() else {
        return Err(Failure::usage("no portal is given").hint(format!(
            "give the address of the portal with --portal or in {}; --portal demo is one to try it on",
            env_vars::R7_PORTAL
        )));
    };
    let limit = portal.limit.0;
    let (address, credential, demo) = match address {
        PortalArg::Unset => (String::new(), credential(portal)?, None),
        PortalArg::Address(address) => (address.clone(), credential(portal)?, None),
        PortalArg::Demo => {
            let server = emulator::start_demo(limit).await?;
            printer.note(&emulator::demo_description(&server));
            (server.origin(), Credential::token("demo"), Some(server))
        }
    };
    let client = Client::builder(address)
        .credential(credential)
        .limit(limit)
        .build()
        .map_err(|error| failure(&error))?;
    let client = match portal.deadline {
        Some(within) => client.with_deadline(within),
        None => client,
    };
    Ok(Connection {
        client,
        _demo: demo,
    })
}

fn credential(portal: &R7PortalOption) -> Result<Credential, Failure> {
    if let Some(token) = &portal.token {
        return Ok(Credential::token(token.0.as_str()));
    }
    let (user, password) = (portal.user.clone(), env_vars::read(env_vars::R7_PASSWORD));
    match (user, password) {
        (Some(user), Some(password)) => {
            redact::remember_secret(&password);
            let credential = Credential::password(user, password);
            Ok(match env_vars::read(env_vars::R7_CODE) {
                Some(code) => credential.code(code),
                None => credential,
            })
        }
        (Some(user), None) => Err(Failure::usage(format!(
            "there is no password for {user}: put it into {}",
            env_vars::R7_PASSWORD
        ))),
        (None, _) => Err(
            Failure::usage("no user and no token are given").hint(format!(
                "put a token into {}, or a user and a password into {} and {}",
                env_vars::R7_TOKEN,
                env_vars::R7_USER,
                env_vars::R7_PASSWORD
            )),
        ),
    }
}

/// A failure of the client, with what can be done about it on such a portal.
fn failure(error: &Error) -> Failure {
    let mut failure = Failure::of(error);
    failure.hint = hint(error).map(str::to_owned);
    failure
}

fn hint(error: &Error) -> Option<&'static str> {
    Some(match error.kind() {
        ErrorKind::Auth => {
            "check the token, or the user and the password; the portal tells no difference between them"
        }
        ErrorKind::Transport => {
            "check the address, and whether this machine can reach the portal; -v shows what the network said"
        }
        ErrorKind::Decode => {
            "R7-Office answers in another way: check the address, and whether a proxy is in between"
        }
        ErrorKind::AccessDenied => "the user may not do this, or the portal's tariff is not paid",
        ErrorKind::MethodNotFound => "the portal has nothing at this path and method",
        ErrorKind::QueryLimit => {
            "others use the account from this address too: wait, or give this run less with --rate 100,10"
        }
        ErrorKind::Deadline => MORE_TIME,
        _ => return None,
    })
}
