//! `brimful portal`: the emulator on a port, until somebody ends it.

mod access;
pub(super) mod data;

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use brimful_portal::{
    AuthStatuses, Churn, Costs, ENTITY_NAMES, Faults, HiddenRows, LimiterGeneration,
    OperatingLimit, Portal, PortalConfig, RateLimit, Scenario, SecondsFormat, Server, SpecError,
    Stats, Tls, Webhook,
};
use clap::{Args, ValueEnum};
use tokio::task::JoinHandle;

use crate::args::RateArg;
use crate::args::time;
use crate::commands::demo;
use crate::commands::show;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::format::{count, counted};
use crate::interrupt::Interrupts;
use crate::printer::Printer;
#[cfg(feature = "r7")]
use crate::r7_args::R7EmulatorArgs;
use crate::stdout;
use access::{AppArg, RightsArg, TokenArg, WebhookArg};
use data::{LoadOptions, ReplyArg, RowsArg, r7_entity};

/// Run a portal emulator: made-up or loaded rows, with the limits of a real portal
#[derive(Debug, Args)]
#[command(long_about = about())]
#[command(after_help = "\
Examples:
  brimful portal
  brimful portal --rows crm.deal=1000000 --gaps 0.3 --rate off
  brimful portal --load crm.lead=leads.jsonl --port 0
  brimful portal --data portal.db
  brimful portal --tls --tls-ca ca.pem
  brimful portal --faults '503:5%, reset-after:every=7, slow-body=2s on=batch; seed=42'
  brimful portal --rows lead=100000 --churn 'lead:insert=5 update=20 delete=2'
  brimful portal --scenario 'sales:language=en pace=600'
  brimful portal --app local.app:secret:http://localhost:8080/ --token-ttl 1min
  brimful portal --webhook 2:few:crm,user --rights 2=own
  brimful portal --rows r7.people=10000 --r7-token secret
  brimful portal --latency 50ms --cost-count 1us --cost-skip 1us --cost-row 20us")]
pub(crate) struct PortalArgs {
    /// The port; 0 takes any that is free
    #[arg(long, default_value_t = 8024)]
    pub(crate) port: u16,
    /// The address to listen on; anything but this machine's own lets others in
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) listen: IpAddr,
    /// Let programs on other machines use /_portal/: they send "Authorization: Bearer TOKEN"
    #[arg(long, value_name = "TOKEN", value_parser = access::code)]
    pub(crate) admin_token: Option<String>,
    /// Speak HTTPS, HTTP/1.1 and HTTP/2, with a certificate made on the spot for localhost and the address
    #[arg(long)]
    pub(crate) tls: bool,
    /// Where to write the certificate of the authority that vouches for it, for clients to trust
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// One more name that clients reach it by
    #[arg(long, value_name = "NAME", requires = "tls")]
    pub(crate) tls_name: Vec<String>,

    /// Make up so many rows of an entity; without --rows and --load those of the portal demo
    #[arg(long, value_name = "ENTITY=N", help_heading = "Data")]
    pub(crate) rows: Vec<RowsArg>,
    /// Leave out this share of the IDs between made-up rows, from 0 to 0.99
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share, help_heading = "Data")]
    pub(crate) gaps: f64,
    #[command(flatten)]
    pub(crate) load: LoadOptions,
    /// Answer calls of a method with a result or a whole reply from a file in JSON, whatever is asked
    #[arg(long, value_name = "METHOD=FILE", help_heading = "Data")]
    pub(crate) reply: Vec<ReplyArg>,
    /// Keep everything that is written in this file (SQLite); once it has data, it takes the place of --rows and --load
    #[cfg(feature = "sqlite")]
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    pub(crate) data: Option<PathBuf>,
    /// Run a company that has worked up to now and goes on: sales, or 'sales:language=en pace=60 days=30; seed=7'
    ///
    /// Leads come in, are called and become deals, deals move through their stages, tasks are done, and applications get
    /// the events of all that. The pace 60 makes an hour of its work a minute. Without --rows it has its employees alone.
    #[arg(long, value_name = "SPEC", value_parser = scenario, help_heading = "Data")]
    pub(crate) scenario: Option<Scenario>,
    /// The seed of made-up rows
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Data")]
    pub(crate) seed: u64,

    /// The user of the webhook
    #[arg(long, value_name = "ID", default_value_t = 1, help_heading = "Access")]
    pub(crate) user: u64,
    /// The code of the webhook; if not given, demo, or a random one where rows or replies were loaded
    ///
    /// Beside a random one, demo goes on letting in programs on this machine, and no page of another site in a browser.
    #[arg(long, value_parser = access::code, help_heading = "Access")]
    pub(crate) code: Option<String>,
    /// What the webhook, the tokens and the applications may call, with commas between; everything if not given
    #[arg(
        long,
        value_name = "SCOPES",
        value_delimiter = ',',
        help_heading = "Access"
    )]
    pub(crate) scopes: Vec<String>,
    /// One more webhook, with its own scopes if need be: 2:abc or 2:abc:crm,user
    #[arg(long, value_name = "USER:CODE[:SCOPES]", help_heading = "Access")]
    pub(crate) webhook: Vec<WebhookArg>,
    /// Which records a user sees: all, if not said, those of the own department, or the own ones
    #[arg(long, value_name = "USER=own|department|all", help_heading = "Access")]
    pub(crate) rights: Vec<RightsArg>,
    /// An application for which the portal's OAuth server gives out tokens, and where its users are sent back to
    #[arg(long, value_name = "ID:SECRET[:URL]", help_heading = "Access")]
    pub(crate) app: Vec<AppArg>,
    /// This user is signed in and lets every application in: no page is shown
    #[arg(long, value_name = "USER", requires = "app", help_heading = "Access")]
    pub(crate) signed_in: Option<u64>,
    /// Tell every application that it was installed, with its first tokens, as soon as the portal listens
    #[arg(long, requires = "app", help_heading = "Access")]
    pub(crate) install: bool,
    /// Post events to handlers on this host too, such as app in a network of containers; * is every host
    #[arg(long, value_name = "HOST", help_heading = "Access")]
    pub(crate) handler_host: Vec<String>,
    /// Write a line of JSON for every event that is posted to a handler, or is not, to this file
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    pub(crate) events_log: Option<PathBuf>,
    /// How long the tokens of applications are valid
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time::parse, help_heading = "Access")]
    pub(crate) token_ttl: Duration,
    /// An access token that is always valid, its application and its user (1 if not given)
    #[arg(long, value_name = "TOKEN:APP[:USER]", help_heading = "Access")]
    pub(crate) token: Vec<TokenArg>,
    /// The address by which the portal calls itself to applications, if not by that of the request
    #[arg(long, value_name = "URL", help_heading = "Access")]
    pub(crate) address: Option<String>,
    #[cfg(feature = "r7")]
    #[command(flatten)]
    pub(crate) r7: R7EmulatorArgs,

    /// Choose the HTTP statuses of authorisation errors: those of the documentation, or of the server's code
    #[arg(long, value_enum, default_value_t = StatusesArg::Code, help_heading = "Access")]
    pub(crate) statuses: StatusesArg,

    /// How many requests may come at once, and how many a second; standard is 50,2, enterprise 250,5
    #[arg(
        long = "rate",
        value_name = "X,Y|TARIFF|off",
        default_value = "50,2",
        alias = "limit",
        help_heading = "Limits"
    )]
    pub(crate) limit: RateArg,
    /// Count refused requests as well
    #[arg(long, help_heading = "Limits")]
    pub(crate) count_refused: bool,
    /// Which server limits the operating time of methods
    #[arg(long, value_enum, default_value_t = LimiterArg::October2026, help_heading = "Limits")]
    pub(crate) limiter: LimiterArg,
    /// How long a method may work in ten minutes
    #[arg(long, value_name = "TIME", default_value = "480s", value_parser = time::parse, help_heading = "Limits")]
    pub(crate) operating: Duration,
    /// How far back operating time is summed up; a ban lasts half as long
    #[arg(long, value_name = "TIME", default_value = "600s", value_parser = time::parse, help_heading = "Limits")]
    pub(crate) operating_window: Duration,
    /// When a request is cut off
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time::parse, help_heading = "Limits")]
    pub(crate) wall: Duration,
    /// The largest body that is read, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20, help_heading = "Limits")]
    pub(crate) body_limit: usize,

    /// Inject faults, such as '503:5%, reset-after:every=7; seed=42'; may be given several times
    ///
    /// Faults: 503, 429, expired-token, any status from 400 to 599 with -before or -after (the work), html-, empty- and
    /// reset- with the same, truncated, half-body, slow-body=5s, latency=50ms±20ms, redirect=URL (on this machine), skew=+90s. When: 5%,
    /// every=7, times=3, after=10, on=METHOD|METHOD. seed=42 makes chance another one. /_portal/faults shows and
    /// changes them.
    ///
    /// Faults of single calls and of single commands of a batch: empty-page, short-page, short-total=100, endless-next,
    /// ignore-start, operating-reset=1h, operating=470s.
    #[arg(long, value_name = "SPEC", value_parser = faults, help_heading = "Fault injection")]
    pub(crate) faults: Vec<String>,
    /// Change rows all the while, as other people do: 'lead:insert=5 update=20 delete=2' a second
    ///
    /// 30/m and 100/h are a minute and an hour. /_portal/churn shows and changes it.
    #[arg(long, value_name = "SPEC", value_parser = churn, help_heading = "Fault injection")]
    pub(crate) churn: Vec<String>,
    /// Hide rows that lists count, as access rights do: IDs such as '100-399,5' of every list, or 'crm.deal:100-399'
    ///
    /// Rows are taken out after a page was cut: it has fewer than 50 rows, next and total stay. /_portal/hide shows and
    /// changes it.
    #[arg(long, value_name = "RANGE", value_parser = hidden_rows, help_heading = "Fault injection")]
    pub(crate) hide: Vec<String>,
    /// The portal was renamed: every request is answered 302 with the same path there
    #[arg(long, value_name = "URL", help_heading = "Fault injection")]
    pub(crate) moved_to: Option<String>,

    /// How long every request takes at least
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = time::parse, help_heading = "Time")]
    pub(crate) latency: Duration,
    /// What chance adds to that at the most
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = time::parse, help_heading = "Time")]
    pub(crate) jitter: Duration,
    /// How long every call takes, commands of a batch included
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = time::parse, help_heading = "Time")]
    pub(crate) cost_call: Duration,
    /// How long every row returned takes
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = time::parse, help_heading = "Time")]
    pub(crate) cost_row: Duration,
    /// How long every row counted for total takes
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = time::parse, help_heading = "Time")]
    pub(crate) cost_count: Duration,
    /// How long every row skipped for start takes
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = time::parse, help_heading = "Time")]
    pub(crate) cost_skip: Duration,
    /// By how much the portal's clock is fast, or with a minus slow
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = time::parse_skew, allow_hyphen_values = true, help_heading = "Time")]
    pub(crate) skew: f64,
    /// What the portal's clock shows at the start, in Unix seconds; the time of day if not given
    #[arg(long, value_name = "SECONDS", help_heading = "Time")]
    pub(crate) starts_at: Option<u32>,
    /// The zone of the portal's clock
    #[arg(long, value_name = "OFFSET", default_value = "+03:00", value_parser = time::parse_zone, allow_hyphen_values = true, help_heading = "Time")]
    pub(crate) zone: i32,
    /// How time shows its seconds
    #[arg(long, value_enum, default_value_t = SecondsArg::Whole, help_heading = "Time")]
    pub(crate) seconds: SecondsArg,
}

/// How `time` shows its seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SecondsArg {
    /// start and processing are whole, as since 2026
    Whole,
    /// All are fractions, as before
    Fractional,
}

/// Whose statuses authorisation errors have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusesArg {
    /// As some pages of the documentation have it: 403 for a wrong webhook
    Docs,
    /// As in the server's code: 401
    Code,
}

/// The generations of the operating limiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LimiterArg {
    /// A method is blocked until its oldest minutes expire
    #[value(name = "2026-05")]
    May2026,
    /// A method is blocked for five minutes; a batch counts half
    #[value(name = "2026-10")]
    October2026,
    /// Operating time is not limited
    Off,
}

pub(crate) async fn run(args: &PortalArgs, printer: Printer) -> Result<Exit, Failure> {
    let portal = Portal::new(config(args)?).map_err(|error| Failure::usage(error.to_string()))?;
    let hides_address = stdout::is_closed(&std::io::stdout());
    if hides_address {
        check_known_address(args)?;
    }
    let mut interrupts = Interrupts::catch()?;
    let address = SocketAddr::new(args.listen, args.port);
    let bound = match tls(args)? {
        Some(tls) => portal.bind_tls(address, tls).await,
        None => portal.bind(address).await,
    };
    let server = bound.map_err(|error| {
        Failure::failed(format!("could not listen on {address}: {error}"))
            .hint("--port 0 takes any port that is free")
    })?;
    // A portal that runs in the background needs no standard output where its address is known.
    if !hides_address {
        printer
            .data(server.webhook_url().as_bytes())
            .map_err(show::unwritable)?;
    }
    introduce(args, &portal, &server, printer);
    let events_log = events_log(args, &portal, printer)?;
    let living = portal.scenario().map(|scenario| {
        printer.note(&format!("a company works here: {scenario}"));
        let portal = portal.clone();
        tokio::spawn(async move { portal.keep_living().await })
    });
    tokio::select! {
        () = install(args, &portal, printer) => interrupts.next().await,
        exit = interrupts.next() => exit,
    };
    if let Some(living) = living {
        living.abort();
    }
    let stats = portal.stats();
    tokio::select! {
        ended = server.shut_down() => ended.map_err(|error| Failure::failed(format!("the portal broke: {error}")))?,
        // The second time there is no waiting for requests in flight.
        exit = interrupts.next() => return Ok(exit),
    }
    // The portal is gone, so the log has its last line soon, unless a handler keeps it waiting.
    drop(portal);
    if let Some(log) = events_log {
        let _ = tokio::time::timeout(Duration::from_secs(1), log).await;
    }
    printer.note(&account(&stats));
    Ok(Exit::Done)
}

/// Refuses a portal whose address nobody would learn.
fn check_known_address(args: &PortalArgs) -> Result<(), Failure> {
    if args.port != 0 && (args.code.is_some() || !has_own_data(args)) {
        return Ok(());
    }
    Err(Failure::failed(
        "the address of the portal is told on standard output alone, and that is closed",
    )
    .hint(
        "write standard output to a file, or choose the address yourself: --port 8024 --code CODE",
    ))
}

/// Says what the portal has and who may call it.
fn introduce(args: &PortalArgs, portal: &Portal, server: &Server, printer: Printer) {
    if !args.listen.is_loopback() {
        printer.warning(&format!(
            "{} is not this machine alone: everybody who reaches it and knows the code can read and change the portal",
            args.listen
        ));
    }
    printer.note(&format!("portal with {}; Ctrl-C ends it", args.limit));
    printer.note(&format!("{}; {}", holdings(portal), webhooks(args)));
    printer.note(&format!(
        "watch what it is asked: {}/_portal/",
        server.origin()
    ));
    if let Some(path) = data_file(args) {
        let path = path.display();
        printer.note(&if portal.has_data_of_before() {
            format!("the data are those of {path}: --rows, --load and --seed are for a new file")
        } else {
            format!("everything that is written is kept in {path}")
        });
    }
    if args.code.is_none() && has_own_data(args) {
        printer.note("the code of the webhook is random, because the portal has data of yours: --code sets it; demo lets in programs on this machine, and no web page");
    }
    let entities = args.rows.iter().map(|rows| &rows.entity);
    let mut entities = entities.chain(args.load.files.iter().map(|load| &load.entity));
    if entities.any(|entity| r7_entity(entity).is_some()) {
        let origin = server.origin();
        let loads = args.load.files.iter().map(|load| &load.entity);
        let whom = if loads.into_iter().any(|entity| r7_entity(entity).is_some()) {
            " programs on this machine, and no web page"
        } else {
            ""
        };
        printer.note(&format!(
            "R7-Office at {origin}/api/2.0/; the token demo lets in{whom}"
        ));
    }
    for app in &args.app {
        let origin = server.origin();
        printer.note(&format!(
            "application {id}: {origin}/oauth/authorize/?client_id={id} lets it in, {origin}/oauth/token/ gives it tokens",
            id = app.client_id
        ));
    }
}

/// Begins to write the log of events, if there is to be one. The task ends with the portal.
fn events_log(
    args: &PortalArgs,
    portal: &Portal,
    printer: Printer,
) -> Result<Option<JoinHandle<()>>, Failure> {
    let Some(path) = &args.events_log else {
        return Ok(None);
    };
    let unwritable = {
        let path = path.display().to_string();
        move |error| format!("could not write {path}: {error}")
    };
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| Failure::failed(unwritable(error)))?;
    let mut deliveries = portal.listen_to_events();
    Ok(Some(tokio::spawn(async move {
        while let Some(delivery) = deliveries.next().await {
            let Ok(mut line) = serde_json::to_vec(&delivery) else {
                continue;
            };
            line.push(b'\n');
            if let Err(error) = file.write_all(&line) {
                printer.warning(&unwritable(error));
                return;
            }
        }
    })))
}

/// Tells the applications that they are installed, if they are to be told.
async fn install(args: &PortalArgs, portal: &Portal, printer: Printer) {
    if !args.install {
        return;
    }
    for app in &args.app {
        let user = args.signed_in.unwrap_or(args.user);
        match portal.install(&app.client_id, user).await {
            Ok(()) => printer.note(&format!("application {} was installed", app.client_id)),
            Err(error) => printer.warning(&format!(
                "application {} was not told of its installation: {error}",
                app.client_id
            )),
        }
    }
}

/// What the portal has, the most first.
fn holdings(portal: &Portal) -> String {
    const MOST: usize = 6;
    let mut rows = portal.row_counts();
    rows.retain(|(entity, _)| !matches!(entity.as_str(), "status" | "diskobject" | "eventlog"));
    rows.sort_by_key(|kind| std::cmp::Reverse(kind.1));
    let others = rows.len().saturating_sub(MOST);
    let mut named: Vec<String> = rows
        .iter()
        .take(MOST)
        .map(|(entity, rows)| format!("{entity} {}", count(*rows)))
        .collect();
    if others > 0 {
        named.push(format!("{others} more"));
    }
    if named.is_empty() {
        return "no rows".to_owned();
    }
    format!("rows: {}", named.join(", "))
}

/// Whose webhooks there are.
fn webhooks(args: &PortalArgs) -> String {
    let mut users = vec![args.user];
    users.extend(args.webhook.iter().map(|hook| hook.0.user()));
    users.dedup();
    let users: Vec<String> = users.iter().map(u64::to_string).collect();
    let word = if users.len() == 1 { "user" } else { "users" };
    format!("webhooks of {word} {}", users.join(", "))
}

/// The certificate, if there is to be one; the first of its names is the one in the address to use.
fn tls(args: &PortalArgs) -> Result<Option<Tls>, Failure> {
    if !args.tls {
        return Ok(None);
    }
    let mut names = args.tls_name.clone();
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    if !args.listen.is_unspecified() {
        names.push(args.listen.to_string());
    }
    let tls = Tls::made_for(names).map_err(|error| Failure::usage(error.to_string()))?;
    if let Some(file) = &args.tls_ca {
        tls.write_ca(file).map_err(|error| {
            let what = format!(
                "could not write the certificate of the authority to {}: {error}",
                file.display()
            );
            match error.kind() {
                ErrorKind::AlreadyExists => {
                    Failure::usage(what).hint("name another file with --tls-ca")
                }
                _ => Failure::failed(what),
            }
        })?;
    }
    Ok(Some(tls))
}

/// What `--help` says first.
fn about() -> String {
    let r7 = if cfg!(feature = "r7") {
        " R7-Office is at /api/2.0/ of the same address, with r7.people, r7.group, r7.contact, r7.opportunity, r7.crmtask, \
         r7.case, r7.project, r7.task and r7.milestone."
    } else {
        ""
    };
    format!(
        "Run a portal emulator: made-up or loaded rows, with the limits of a real portal\n\nThe address to use is the first \
         line on standard output. Entities are {ENTITY_NAMES} (crm.lead and tasks.task do as well), and the entityTypeId of \
         a smart process.{r7}"
    )
}

fn config(args: &PortalArgs) -> Result<PortalConfig, Failure> {
    let mut config = PortalConfig::new()
        .seed(args.seed)
        .token_ttl(args.token_ttl)
        .skew_seconds(args.skew)
        .zone_seconds(args.zone)
        .seconds(match args.seconds {
            SecondsArg::Whole => SecondsFormat::Whole,
            SecondsArg::Fractional => SecondsFormat::Fractional,
        })
        .wall(args.wall)
        .body_limit(args.body_limit)
        .faults(Faults::parse(&args.faults.join("\n")).map_err(|error| wrong(&error))?)
        .churn(Churn::parse(&args.churn.join("\n")).map_err(|error| wrong(&error))?)
        .hide(HiddenRows::parse(&args.hide.join("\n")).map_err(|error| wrong(&error))?)
        .statuses(match args.statuses {
            StatusesArg::Docs => AuthStatuses::Docs,
            StatusesArg::Code => AuthStatuses::Code,
        })
        .rate_limit(rate_limit(args))
        .operating_limit(operating_limit(args))
        .operating_window(args.operating_window)
        .latency(args.latency)
        .jitter(args.jitter)
        .costs(Costs {
            call: args.cost_call,
            row: args.cost_row,
            count: args.cost_count,
            skip: args.cost_skip,
        });
    if let Some(seconds) = args.starts_at {
        config = config.starts_at_unix(f64::from(seconds));
    }
    if let Some(address) = &args.moved_to {
        config = config.moved_to(address.as_str());
    }
    config = data(config, args)?;
    #[cfg(feature = "sqlite")]
    if let Some(path) = &args.data {
        config = config.data_file(path);
    }
    #[cfg(feature = "r7")]
    {
        config = super::r7::emulator::add_to(config, args)?;
    }
    Ok(access(config, args))
}

fn wrong(error: &SpecError) -> Failure {
    Failure::usage(error.to_string())
}

/// How many people work in the company of a scenario.
const EMPLOYEES: u64 = 8;

fn data(config: PortalConfig, args: &PortalArgs) -> Result<PortalConfig, Failure> {
    let mut config = config.rows_up_to_now();
    if let Some(scenario) = &args.scenario {
        config = config.scenario(scenario.clone());
        if !has_users(args) {
            config = config.rows("user", EMPLOYEES.max(args.user));
        }
    } else if args.rows.is_empty() && args.load.files.is_empty() && args.reply.is_empty() {
        config = demo::with_rows(config);
    } else if !args.app.is_empty() && !has_users(args) {
        // Somebody has to let the applications in.
        config = config.rows("user", args.signed_in.unwrap_or(1).max(args.user));
    }
    for rows in &args.rows {
        if r7_entity(&rows.entity).is_some() {
            continue;
        }
        config = config.sparse_rows(rows.entity.as_str(), rows.rows, args.gaps);
    }
    for load in &args.load.files {
        if r7_entity(&load.entity).is_some() {
            continue;
        }
        config = config.load_by_name(load.entity.as_str(), load.read(args.load.fake_names)?);
    }
    for reply in &args.reply {
        config = config.reply(reply.method.as_str(), reply.read()?);
    }
    Ok(config)
}

/// Whether the portal holds data that somebody loaded, and not only rows that are made up.
fn has_own_data(args: &PortalArgs) -> bool {
    !args.load.files.is_empty() || !args.reply.is_empty() || data_file(args).is_some()
}

/// The file that keeps what is written.
#[cfg(feature = "sqlite")]
fn data_file(args: &PortalArgs) -> Option<&Path> {
    args.data.as_deref()
}

#[cfg(not(feature = "sqlite"))]
fn data_file(_: &PortalArgs) -> Option<&Path> {
    None
}

fn has_users(args: &PortalArgs) -> bool {
    let mut entities = args.rows.iter().map(|rows| &rows.entity);
    entities.any(|entity| entity == "user")
        || args.load.files.iter().any(|load| load.entity == "user")
}

/// Who may call, and what they may see.
fn access(mut config: PortalConfig, args: &PortalArgs) -> PortalConfig {
    let hook = match &args.code {
        Some(code) => Webhook::new(args.user, code.as_str()),
        // Any web page may call a portal whose code it knows.
        None if has_own_data(args) => Webhook::new(args.user, access::random_code())
            .local_code("demo")
            .kept(),
        None => Webhook::new(args.user, "demo").closes_on_load(),
    };
    config = config.webhooks([if args.scopes.is_empty() {
        hook
    } else {
        hook.scopes(&args.scopes)
    }]);
    if let Some(token) = &args.admin_token {
        config = config.admin_token(token);
    }
    for host in &args.handler_host {
        config = config.handler_host(host);
    }
    for hook in &args.webhook {
        config = config.webhook(hook.0.clone());
    }
    for token in &args.token {
        config = config.token(token.token(&args.scopes));
    }
    for app in &args.app {
        let app = app.app(&args.scopes);
        config = config.app(match args.signed_in {
            Some(user) => app.signed_in_as(user),
            None => app,
        });
    }
    for one in &args.rights {
        config = config.user_rights(one.user, one.rights);
    }
    match &args.address {
        Some(address) => config.address(address.as_str()),
        None => config,
    }
}

fn rate_limit(args: &PortalArgs) -> Option<RateLimit> {
    let limit = demo::rate_limit(args.limit)?;
    Some(if args.count_refused {
        limit.counting_refused()
    } else {
        limit
    })
}

fn operating_limit(args: &PortalArgs) -> Option<OperatingLimit> {
    let generation = match args.limiter {
        LimiterArg::May2026 => LimiterGeneration::Expiring,
        LimiterArg::October2026 => LimiterGeneration::Banning,
        LimiterArg::Off => return None,
    };
    Some(OperatingLimit {
        generation,
        time: args.operating,
    })
}

fn account(stats: &Stats) -> String {
    format!(
        "{}, {} in batches, {} for the rate, {} for the operating time",
        counted(stats.requests, "requests"),
        counted(stats.commands, "commands"),
        counted(stats.refused_by_rate, "refusals"),
        counted(stats.refused_by_operating, "refusals"),
    )
}

fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|share| (0.0..=0.99).contains(share))
        .ok_or_else(|| "a share is from 0 to 0.99, such as 0.3".to_owned())
}

fn faults(text: &str) -> Result<String, SpecError> {
    Faults::parse(text).map(|_| text.to_owned())
}

fn hidden_rows(text: &str) -> Result<String, SpecError> {
    HiddenRows::parse(text).map(|_| text.to_owned())
}

fn scenario(text: &str) -> Result<Scenario, SpecError> {
    Scenario::parse(text)
}

fn churn(text: &str) -> Result<String, SpecError> {
    Churn::parse(text).map(|_| text.to_owned())
}
