//! `brimful init`: writes `brimful.toml`, the file that `brimful sync` reads.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use brimful_export::Store;
use brimful_export::sync::{SyncEntity, SyncError};
use clap::Args;

use super::prompt::{Echo, line};
use super::sync::config::USUAL_NAME;
use super::sync::{failure_of, store};
use crate::args::{EXIT_CODES, time};
use crate::env_vars;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::Printer;

/// Write brimful.toml, the file that brimful sync reads: what is not given is asked for
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  brimful init
  brimful init --to postgres://me@host/bi --every 15m crm.deal crm.contact stages users

{EXIT_CODES}"))]
pub(crate) struct InitArgs {
    /// The entities that are kept in sync
    #[arg(value_name = "ENTITY")]
    entities: Vec<String>,
    /// The variable of the environment that has the address of the webhook; BRIMFUL_PORTAL if not given
    #[arg(long, value_name = "NAME", conflicts_with = "portal")]
    webhook_env: Option<String>,
    /// The address of a portal after a login, such as https://example.bitrix24.ru, or demo
    // A webhook is a secret and does not belong into the file, so this takes nothing from the environment.
    #[arg(long, value_name = "URL|demo")]
    portal: Option<String>,
    /// The database, such as sqlite:portal.db
    #[arg(long, value_name = "STORE")]
    to: Option<String>,
    /// Have brimful sync stay, and begin a run so often
    #[arg(long, value_name = "TIME")]
    every: Option<String>,
    /// Have labels of stages, users and list values stored too
    #[arg(long)]
    labels: bool,
    /// Write to this file
    #[arg(short, long, value_name = "FILE", default_value = USUAL_NAME)]
    output: PathBuf,
}

/// What the file says.
struct Settings {
    portal: String,
    to: String,
    entities: Vec<String>,
    every: Option<String>,
    labels: bool,
}

pub(crate) async fn run(args: &InitArgs, printer: Printer) -> Result<Exit, Failure> {
    if args.output.exists() {
        return Err(
            Failure::usage(format!("{} is there already", args.output.display()))
                .hint("change it by hand, or write to another file with -o"),
        );
    }
    let settings = settings(args, printer).await?;
    write_new(&args.output, &settings.text())?;
    printer.note(&format!("{} is written", args.output.display()));
    let config = if args.output == Path::new(USUAL_NAME) {
        String::new()
    } else {
        format!(" --config {}", args.output.display())
    };
    printer.hint(&format!("brimful sync{config}"));
    Ok(Exit::Done)
}

async fn settings(args: &InitArgs, printer: Printer) -> Result<Settings, Failure> {
    let asks = std::io::stdin().is_terminal();
    let portal = match (&args.portal, &args.webhook_env) {
        (Some(portal), _) if portal.contains("/rest/") => {
            return Err(Failure::usage(
                "the address of a webhook is a secret and does not go into the file",
            )
            .hint("keep it in the environment: export BRIMFUL_PORTAL=…, and name the variable with --webhook-env"));
        }
        (Some(portal), _) => format!("portal = {}", quoted(portal)),
        (None, Some(name)) => format!("webhook-env = {}", quoted(name)),
        (None, None) => format!("webhook-env = {}", quoted(env_vars::PORTAL)),
    };
    let to = match &args.to {
        Some(to) => named_store(to)?,
        None if asks => {
            let usual = "sqlite:portal.db";
            let question = format!("The database ({usual}): ");
            ask(&question, usual, printer, named_store).await?
        }
        None => {
            return Err(Failure::usage("no database is given")
                .hint("name one with --to, such as --to sqlite:portal.db"));
        }
    };
    let entities = if !args.entities.is_empty() {
        known_entities(args.entities.clone())?
    } else if asks {
        let usual = "crm.deal crm.contact crm.company stages users";
        let question = format!("The entities ({usual}): ");
        let read = |typed: &str| {
            let names = typed.split([' ', ',']).filter(|name| !name.is_empty());
            known_entities(names.map(str::to_owned).collect())
        };
        ask(&question, usual, printer, read).await?
    } else {
        return Err(Failure::usage("no entities are given").hint(
            "name them, as in brimful init --to sqlite:portal.db crm.deal users; brimful sync --list shows them",
        ));
    };
    let every = match &args.every {
        Some(every) => interval(every)?,
        None if asks => {
            let question = "Begin a run every (never: one run a command): ";
            ask(question, "never", printer, interval).await?
        }
        None => None,
    };
    Ok(Settings {
        portal,
        to,
        entities,
        every,
        labels: args.labels,
    })
}

/// The name of a store that may stand in the file.
fn named_store(to: &str) -> Result<String, Failure> {
    keeps_its_password(&store(to, None)?, to)?;
    Ok(to.to_owned())
}

/// Names of entities, all of which are known.
fn known_entities(names: Vec<String>) -> Result<Vec<String>, Failure> {
    for name in &names {
        let known: Result<SyncEntity, SyncError> = name.parse();
        known.map_err(|error| failure_of(&error))?;
    }
    Ok(names)
}

/// How often a run begins; `None` for never.
fn interval(every: &str) -> Result<Option<String>, Failure> {
    if every == "never" {
        return Ok(None);
    }
    time::parse_interval(every).map_err(|error| Failure::usage(format!("{every}: {error}")))?;
    Ok(Some(every.to_owned()))
}

/// Asks until what is typed can be taken, and says what is wrong with it. An empty line is `usual`.
async fn ask<T>(
    question: &str,
    usual: &str,
    printer: Printer,
    read: impl Fn(&str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    loop {
        let typed = answer(question, usual, printer).await?;
        match read(&typed) {
            Ok(value) => return Ok(value),
            Err(failure) => printer.failure(&failure),
        }
    }
}

/// What is typed, or `usual` for an empty line.
async fn answer(question: &str, usual: &str, printer: Printer) -> Result<String, Failure> {
    let typed = line(question.to_owned(), Echo::On, printer).await?;
    let typed = typed.trim();
    Ok(if typed.is_empty() { usual } else { typed }.to_owned())
}

/// A password is not written into a file that others may read.
fn keeps_its_password(store: &Store, address: &str) -> Result<(), Failure> {
    let secret = address
        .split_once("://")
        .and_then(|(_, rest)| rest.rsplit_once('@'))
        .is_some_and(|(user, _)| user.contains(':'))
        || address.contains("password=");
    if secret {
        return Err(Failure::usage(format!(
            "the address of {store} has a password, which does not go into the file"
        ))
        .hint("leave it out, and set PGPASSWORD, MYSQL_PWD or CLICKHOUSE_PASSWORD; or write to-env by hand"));
    }
    Ok(())
}

impl Settings {
    fn text(&self) -> String {
        let mut text = String::from(
            "# What brimful sync keeps equal to the portal. docs/sync.md explains the settings.\n",
        );
        if let Some(every) = &self.every {
            let _ = writeln!(text, "every = {}", quoted(every));
        }
        let entities: Vec<String> = self.entities.iter().map(|name| quoted(name)).collect();
        let _ = write!(
            text,
            "\n[sync]\n{}\nto = {}\nentities = [{}]\nlabels = {}\n\
             # Rows that the portal no longer has: \"soft\" marks them, \"hard\" deletes them, \"off\" leaves them.\n\
             deletes = \"soft\"\n",
            self.portal,
            quoted(&self.to),
            entities.join(", "),
            self.labels,
        );
        let _ = write!(
            text,
            "\n# Rows that meet conditions, fields that are kept, the name of the table:\n\
             # [sync.entity.{}]\n\
             # filter = {{ \">=DATE_CREATE\" = \"2026-01-01\" }}\n\
             # select = [\"TITLE\", \"STAGE_ID\"]\n\
             # table = \"my_table\"\n",
            quoted(self.entities.first().map_or("crm.deal", String::as_str)),
        );
        text
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let failed = |error: std::io::Error| {
        Failure::failed(format!("could not write {}: {error}", path.display()))
    };
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| {
            let _ = std::fs::remove_file(path);
            failed(error)
        })
}
