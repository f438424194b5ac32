//! `brimful login`: a user lets an application in, and its tokens are kept.

pub(super) mod file;
mod listener;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use brimful::protocol::{Value, query};
use brimful::{
    AppCredentials, Authorization, Authorize, Client, Error, ErrorKind, OAuth, PortalAddress,
};
use clap::Args;
use serde_json::json;
use tokio::time::timeout;

use crate::args::portal::PortalArg;
use crate::args::portal::PortalOption;
use crate::args::time;
use crate::commands::prompt::{Echo, line};
use crate::commands::show;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format;
use crate::interrupt::Interrupts;
use crate::printer::Printer;
use crate::{env_vars, redact};
use file::{App, LoginFile};
use listener::LoginListener;

/// Log in to a portal with OAuth, so that commands call for a user and no webhook is needed
///
/// Prints an address to open in a browser, where you let the application in. The portal then sends the browser to the
/// application's own address, which has to be http://localhost:8917/ in its settings: the command waits for the answer
/// there. Tokens are kept in a file that only its owner can read. From then on the address of the portal is enough:
/// --portal https://example.bitrix24.ru.
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
    #[arg(long, value_name = "TIME", default_value = "5min", value_parser = time::parse)]
    pub(crate) wait: Duration,
    /// The server that gives out tokens, where it is none of Bitrix24's
    #[arg(long, value_name = "URL")]
    pub(crate) token_server: Option<String>,
}

/// How long a code is good for.
const CODE_LIFETIME: Duration = Duration::from_secs(30);

pub(crate) async fn run(args: &LoginArgs, printer: Printer) -> Result<Exit, Failure> {
    if let Some(server) = &args.token_server
        && !server.contains("://")
    {
        return Err(
            Failure::usage("the address of the token server has no scheme")
                .hint(format!("--token-server https://{server}")),
        );
    }
    if args.client_id.trim().is_empty() {
        return Err(Failure::usage("there is no client_id")
            .hint("--client-id is the code of the application, such as local.64b7e3"));
    }
    let portal = portal(&args.portal)?;
    let path = path(&args.portal, &portal)?;
    let mut interrupts = Interrupts::catch()?;
    tokio::select! {
        end = log_in(args, &portal, path, printer) => end,
        exit = interrupts.next() => Err(Failure::new(exit, "interrupted: you are not logged in")),
    }
}

async fn log_in(
    args: &LoginArgs,
    portal: &PortalAddress,
    path: PathBuf,
    printer: Printer,
) -> Result<Exit, Failure> {
    let app = App {
        client_id: args.client_id.clone(),
        client_secret: secret(args, printer).await?,
        token_server: args.token_server.clone(),
    };
    let is_usual = args.portal.token_file.is_none();
    let file = LoginFile::new(path, app).make_folder(is_usual);
    // A code is good for one exchange.
    file.try_out().map_err(|error| {
        Failure::failed(error.to_string()).hint("--token-file says where else the tokens may be")
    })?;
    let credentials = file.app().credentials();
    let authorize = credentials
        .authorize(&portal.to_string())
        .map_err(|error| Failure::of(&error))?;
    let answer = answer(args, &authorize, printer).await?;
    let exchanged = timeout(CODE_LIFETIME, credentials.exchange(&answer)).await;
    let exchanged = exchanged.map_err(|_| {
        Failure::failed("the code expired before the server that gives out tokens answered")
            .hint("try again later: brimful login asks for a new code")
    })?;
    let tokens = exchanged.map_err(|error| not_exchanged(&error, args, portal))?;
    if tokens.portal.host() != portal.host() {
        printer.warning(&format!("the portal calls itself {}", tokens.portal.host()));
    }
    let who = sign(credentials, tokens, file.clone()).await?;
    printer.note(&format!("logged in to {} as {who}", portal.host()));
    printer.note(&format!("the tokens are in {}", file.path().display()));
    Ok(Exit::Done)
}

/// The server that gives out tokens gave none, or was not asked.
fn not_exchanged(error: &Error, args: &LoginArgs, portal: &PortalAddress) -> Failure {
    let failure = Failure::of(error);
    let is_answer = error.api_error().is_some();
    match error.kind() {
        ErrorKind::Transport if args.token_server.is_none() && is_on_this_machine(portal) => {
            let address = portal.to_string();
            let address = address.trim_end_matches("rest/");
            failure.hint(format!(
                "the code came without the address of the token server; a portal on this machine is its own: \
                 --token-server {address}"
            ))
        }
        ErrorKind::Transport => {
            let hint = failure.hint.as_deref().unwrap_or_default();
            let hint = hint.replace("the portal", "the token server");
            failure.hint(hint)
        }
        // It was refused before it was sent, and the message says what to do.
        ErrorKind::Config if !is_answer => failure
            .hint("if your portal does have its tokens from there, name it: --token-server URL"),
        _ => Failure {
            exit: Exit::Failed,
            ..failure
        }
        .hint(
            "a code is good for 30 seconds and one exchange; are client_id and client_secret those of one application?",
        ),
    }
}

fn is_on_this_machine(portal: &PortalAddress) -> bool {
    let host = portal.host();
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|own| host.starts_with(own))
}

/// Keeps the tokens, and asks the portal whose they are.
async fn sign(
    credentials: AppCredentials,
    tokens: brimful::Tokens,
    file: LoginFile,
) -> Result<String, Failure> {
    let user = tokens.user_id;
    let oauth = OAuth::begin(credentials, tokens, file)
        .await
        .map_err(|error| Failure::of(&error))?;
    let client = Client::builder(oauth)
        .build()
        .map_err(|error| Failure::of(&error))?;
    let profile = match client.call("profile", json!({})).await {
        Ok(profile) => profile.result::<serde_json::Value>().unwrap_or_default(),
        // The tokens are good for something else.
        Err(_) => serde_json::Value::Null,
    };
    Ok(crate::commands::limits::describe_user(&profile, user))
}

/// The portal's address, without a webhook.
pub(super) fn portal(portal: &PortalOption) -> Result<PortalAddress, Failure> {
    const LOOKS: &str = "give the portal's address with --portal: https://example.bitrix24.ru";
    match portal.address() {
        Some(PortalArg::Address(address)) => {
            address
                .parse()
                .map_err(|error: brimful::PortalAddressError| {
                    Failure::usage(error.to_string()).hint(LOOKS)
                })
        }
        Some(PortalArg::Demo) => Err(Failure::usage("the demo portal knows no application")
            .hint("brimful portal --app ID:SECRET:http://localhost:8917/ runs one that does")),
        Some(PortalArg::Unset) | None => Err(Failure::usage("no portal is given").hint(LOOKS)),
    }
}

/// The file of the login.
pub(super) fn path(option: &PortalOption, portal: &PortalAddress) -> Result<PathBuf, Failure> {
    match &option.token_file {
        Some(file) => Ok(file.clone()),
        None => file::usual(portal),
    }
}

/// The secret: from the environment, from the user at the terminal, or from the program before the pipe.
async fn secret(args: &LoginArgs, printer: Printer) -> Result<String, Failure> {
    let secret = if let Some(secret) = env_vars::read(env_vars::CLIENT_SECRET) {
        secret
    } else {
        let question = format!("client_secret of {}: ", args.client_id);
        line(question, Echo::Off, printer).await?
    };
    let secret = secret.trim().to_owned();
    if secret.is_empty() {
        return Err(Failure::usage("there is no client_secret").hint(format!(
            "put it into {}, or write it to standard input",
            env_vars::CLIENT_SECRET
        )));
    }
    redact::remember_secret(&secret);
    Ok(secret)
}

/// What the portal answers through the browser, or the user who copies it.
async fn answer(
    args: &LoginArgs,
    authorize: &Authorize,
    printer: Printer,
) -> Result<Authorization, Failure> {
    let given = match args.code.as_deref() {
        None => {
            let listener = LoginListener::bind(args.port).await.map_err(|error| {
                Failure::failed(format!("could not listen on port {}: {error}", args.port)).hint(
                    "--port takes another one, which has to be that of the application's address; --code needs none",
                )
            })?;
            show(args, authorize, printer)?;
            printer.note(&format!(
                "waiting for the answer at http://localhost:{}/",
                args.port
            ));
            let came = timeout(args.wait, listener.answer(authorize)).await;
            let query = came.map_err(|_| {
                Failure::failed(format!(
                    "no answer came within {}",
                    format::duration(args.wait)
                ))
                .hint(format!(
                    "is http://localhost:{}/ the address in the application's settings? --code does without it",
                    args.port
                ))
            })?;
            return authorize.answer(&query).map_err(|error| refused(&error));
        }
        Some("-") => {
            show(args, authorize, printer)?;
            let question = "the code, or the address that you were sent to: ".to_owned();
            line(question, Echo::On, printer).await?
        }
        Some(code) => code.to_owned(),
    };
    let given = given.trim();
    let query = match given.split_once('?') {
        Some((_, query)) if args.code.as_deref() == Some("-") => query.to_owned(),
        // The address was asked for in another run, with a state of its own.
        Some((_, query)) => with_state(query, authorize),
        None if given.is_empty() || given.contains("://") => {
            return Err(Failure::usage("there is no code in what --code was given").hint(
                "paste the whole address that the browser was sent to, ?code=… included, or the code alone",
            ));
        }
        None => format!(
            "code={}&state={}",
            query::escaped(given),
            authorize.state().expose()
        ),
    };
    authorize.answer(&query).map_err(|error| refused(&error))
}

/// The answer brings no code. To log in again, which is the hint of other commands, is what was just tried.
fn refused(error: &brimful::Error) -> Failure {
    let failure = Failure::of(error);
    let message = failure.message.trim_end().to_owned();
    Failure { message, ..failure }.hint(
        "the portal gives a code to users who let the application in, and may keep that from some of its users",
    )
}

/// A query with the state that is asked for here.
fn with_state(text: &str, authorize: &Authorize) -> String {
    let mut params = query::decode(text.as_bytes());
    params.insert("state", Value::Text(authorize.state().expose().to_owned()));
    let pairs = params.iter().map(|(name, value)| {
        let value = value.to_text();
        format!("{name}={}", query::escaped(&value))
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// The address is data: it can be piped to whatever opens it.
fn show(args: &LoginArgs, authorize: &Authorize, printer: Printer) -> Result<(), Failure> {
    printer.note("open this address and let the application in:");
    printer
        .data(authorize.url().as_bytes())
        .map_err(show::unwritable)?;
    if args.open
        && let Err(error) = open(authorize.url())
    {
        printer.warning(&format!("no browser could be started: {error}"));
    }
    Ok(())
}

fn open(url: &str) -> std::io::Result<()> {
    let (program, args): (_, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    let command = command.args(args).arg(url);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
}
