//! The command line of `brimful login` and `brimful logout`.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "the help of a program has no markup"
)]

use std::time::Duration;

use clap::Args;

use crate::cli::PortalOption;
use crate::{duration, env_vars};

/// Log in to a portal with OAuth, so that commands call for a user and no webhook is needed
///
/// An address is printed; there one lets the application in. The portal then sends the browser to the application's
/// own address, which has to be http://localhost:8917/ in its settings: there the answer is waited for. The tokens are
/// kept in a file that only its owner can read. From then on the address of the portal is enough: --portal
/// https://example.bitrix24.ru.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  brimful login --portal https://example.bitrix24.ru --client-id local.64b7e3
  brimful login --portal https://example.bitrix24.ru --client-id local.64b7e3 --code -
  brimful call user.current --portal https://example.bitrix24.ru

Environment:
  {id}      the application's client_id, where --client-id is not given
  {secret}  its client_secret; without it, it is asked for, or read from standard input",
    id = env_vars::CLIENT_ID, secret = env_vars::CLIENT_SECRET))]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    /// The application's client_id
    #[arg(long, value_name = "ID", env = env_vars::CLIENT_ID, hide_env_values = true)]
    pub(crate) client_id: String,
    /// Open the address in a browser
    #[arg(long)]
    pub(crate) open: bool,
    /// The port of the application's address, on which the answer is waited for
    #[arg(long, default_value_t = 8917, conflicts_with = "code", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
    /// Do not wait for a browser: the code, or the whole address that one was sent to; - reads it from standard input
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// How long the answer is waited for
    #[arg(long, value_name = "TIME", default_value = "5min", value_parser = duration::parse)]
    pub(crate) wait: Duration,
    /// The server that gives out tokens, where it is none of Bitrix24's
    #[arg(long, value_name = "URL")]
    pub(crate) token_server: Option<String>,
}

/// Forget the tokens of a portal
///
/// The file is removed. The portal still lets the application in: that is taken back in the portal.
#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    pub(crate) portal: PortalOption,
}
