//! The client that a command calls with: by a webhook, by a login, or of the emulator in this process.

use std::path::PathBuf;

use brimful::{Client, Credential, OAuth, PortalAddress};
use brimful_portal::Server;

use crate::args::portal::PortalArg;
use crate::args::portal::PortalOption;
use crate::args::rate::RateArg;
use crate::commands::demo;
use crate::commands::login::file::{self as login_file, LoginFile};
use crate::failure::Failure;
use crate::printer::Printer;

/// A client of the portal, and the portal itself if it is in this process. It lives as long as this.
pub(crate) struct Connection {
    pub(crate) client: Client,
    _demo: Option<Server>,
}

pub(crate) async fn connect(
    portal: &PortalOption,
    limit: RateArg,
    printer: Printer,
) -> Result<Connection, Failure> {
    let (credential, demo): (Credential, _) = match portal.address() {
        Some(PortalArg::Demo) => {
            let server = demo::start(limit).await?;
            printer.note(&demo::description(&server, limit));
            (server.webhook_url().into(), Some(server))
        }
        Some(PortalArg::Address(address)) => {
            match (address.parse::<PortalAddress>(), &portal.token_file) {
                (Ok(address), file) => (login(&address, file.clone(), printer).await?.into(), None),
                (Err(error), Some(_)) => {
                    return Err(Failure::usage(error.to_string())
                        .hint("with --token-file the portal is named without a webhook"));
                }
                (Err(_), None) => (address.into(), None),
            }
        }
        Some(PortalArg::Unset) | None => match &portal.token_file {
            Some(file) => (kept(file.clone(), printer).await?.into(), None),
            None => {
                return Err(Failure::usage("no portal is given").hint(
                    "give the address of a webhook with --portal or in BRIMFUL_PORTAL; --portal demo is one to try it on",
                ));
            }
        },
    };
    let client = Client::builder(credential)
        .limit(limit.limit())
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

/// The login of a portal.
async fn login(
    portal: &PortalAddress,
    file: Option<PathBuf>,
    printer: Printer,
) -> Result<OAuth, Failure> {
    let told = file.is_some();
    let path = file.map_or_else(|| login_file::usual(portal), Ok)?;
    if !told && !path.exists() {
        return Err(Failure::usage(format!("you are not logged in to {}", portal.host())).hint(
            "brimful login lets an application in, or give the address of a webhook, such as https://example.bitrix24.ru/rest/1/code/",
        ));
    }
    let oauth = kept(path.clone(), printer).await?;
    let theirs = oauth.tokens().portal.host();
    if told && theirs != portal.host() {
        return Err(Failure::usage(format!(
            "the tokens in {} are those of {theirs}, not of {}",
            path.display(),
            portal.host()
        )));
    }
    Ok(oauth)
}

/// The login in a file.
async fn kept(path: PathBuf, printer: Printer) -> Result<OAuth, Failure> {
    let Some(file) = LoginFile::find(&path)? else {
        return Err(
            Failure::usage(format!("there are no tokens in {}", path.display()))
                .hint("brimful login puts them there"),
        );
    };
    if login_file::is_open_to_others(&path) {
        let name = path.display();
        printer.warning(&format!(
            "others than its owner can read the tokens in {name}: chmod 600 {name}"
        ));
    }
    OAuth::load(file.app().credentials(), file)
        .await
        .map_err(|error| Failure::of(&error))
}
