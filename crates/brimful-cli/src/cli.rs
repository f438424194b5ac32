//! The command line: what can be said, and how it is read. What it does is in [`crate::commands`].

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use brimful_portal::{Churn, Faults, HiddenRows, SpecError};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::access_arg::{self, AppArg, RightsArg, TokenArg, WebhookArg};
use crate::bulk_args::{BatchArgs, EachOption, GetArgs, LimitOption};
use crate::catalogue_args::{FieldsArgs, LimitsArgs, MethodsArgs};
use crate::limit::LimitArg;
use crate::login_args::{LoginArgs, LogoutArgs};
use crate::output::Destination;
use crate::params::Param;
use crate::portal_arg::PortalArg;
#[cfg(feature = "r7")]
use crate::r7_args::{R7Args, R7EmulatorArgs};
use crate::rows_arg::{LoadArg, ReplyArg, RowsArg};
use crate::tasks_args::TasksArgs;
use crate::{duration, env_vars, filter, method, params, portal_arg};

const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  failed before anything was done
    2  wrong usage
    3  not all of it is done: a list broke off, calls failed or may have run; what there is is kept
  130  ended by Ctrl-C (143 by SIGTERM); what arrived is kept in NAME.partial";

const ENVIRONMENT: &str = "\
Environment:
  BRIMFUL_PORTAL         the portal, where --portal is not given
  BRIMFUL_CLIENT_ID      the application of a login, where --client-id is not given
  BRIMFUL_CLIENT_SECRET  its secret
  BRIMFUL_LOG            a filter of the log, such as brimful=debug
  NO_COLOR               messages without colour";

/// Takes whole lists out of Bitrix24, exactly as fast as the portal allows.
///
/// Nothing is lost and nothing comes twice, even while others change the list, and the end says what happened.
#[derive(Debug, Parser)]
#[command(name = "brimful", version, propagate_version = false, after_help = format!("{EXIT_CODES}\n\n{ENVIRONMENT}"))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command knows.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Say nothing but errors
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Messages"
    )]
    pub(crate) quiet: bool,
    /// Log what is done, and what lies behind an error; -vv logs more
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Messages")]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Export(ExportArgs),
    Get(GetArgs),
    Call(CallArgs),
    Batch(BatchArgs),
    Fields(FieldsArgs),
    Methods(MethodsArgs),
    Limits(LimitsArgs),
    Login(LoginArgs),
    Logout(LogoutArgs),
    Portal(Box<PortalArgs>),
    Tasks(Box<TasksArgs>),
    #[cfg(feature = "r7")]
    R7(R7Args),
    Completions(CompletionsArgs),
}

/// Export a whole list to a file, in the order of its IDs
#[derive(Debug, Args)]
#[command(after_help = format!("\
Examples:
  brimful export crm.lead.list --portal demo -o leads.jsonl
  brimful export crm.deal.list --select ID,TITLE --filter '>ID=100' -o deals.jsonl
  brimful export crm.item.list --param entityTypeId=128 -o items.jsonl
  brimful export tasks.task.list --filter '@STATUS=2,3' -o - | jq .title

{EXIT_CODES}"))]
pub(crate) struct ExportArgs {
    /// The method of the list, such as crm.lead.list
    #[arg(value_parser = method::parse)]
    pub(crate) method: String,
    /// Where the rows go; - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Destination,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    /// The fields of the rows, with commas between them; the ID is always among them
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// A condition: a prefix, a field, = and a value; @FIELD=A,B is one of several
    #[arg(long, value_name = "CONDITION", value_parser = filter::parse)]
    pub(crate) filter: Vec<filter::Condition>,
    #[command(flatten)]
    pub(crate) params: ParamsOption,
    /// How the rows are written
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    pub(crate) format: Format,
    /// How the list is walked
    #[arg(long, value_enum, default_value_t = WalkArg::Auto)]
    pub(crate) walk: WalkArg,
    /// Leave out rows that appear above the highest ID of the start
    #[arg(long)]
    pub(crate) no_tail: bool,
    /// What the portal allows: requests at once and requests a second, or the name of a tariff
    ///
    /// standard is 50,2 and holds for all cloud tariffs but enterprise, which has 250,5; a self-hosted portal has none:
    /// off. The portal `demo` takes the same limit.
    #[arg(long, value_name = "X,Y|TARIFF|off", default_value = "50,2")]
    pub(crate) limit: LimitArg,
}

/// Call a method once and print its reply, or once for every line of a file
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful call user.current
  brimful call crm.lead.get --param id=42 --result
  brimful call crm.lead.add --param 'fields[TITLE]=From the command line'
  brimful call task.elapseditem.getlist --json '[{\"ID\":\"asc\"}]'
  brimful call crm.lead.add --each leads.jsonl -o outcomes.jsonl --param 'fields[SOURCE_ID]=WEB'
  brimful call crm.lead.delete --each ids.jsonl -o outcomes.jsonl --resume")]
pub(crate) struct CallArgs {
    /// The method, such as crm.lead.get
    #[arg(value_parser = method::parse)]
    pub(crate) method: String,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) params: ParamsOption,
    /// Print the result alone, without total, next and time
    #[arg(long, conflicts_with = "each")]
    pub(crate) result: bool,
    /// The call may be made twice without harm: it is repeated where nobody knows whether it ran
    #[arg(long)]
    pub(crate) idempotent: bool,
    #[command(flatten)]
    pub(crate) limit: LimitOption,
    #[command(flatten)]
    pub(crate) each: EachOption,
}

#[derive(Debug, Args)]
pub(crate) struct PortalOption {
    /// The portal: the address of an incoming webhook, or of a portal after a login, or demo for one inside this process
    // The value may come from the environment and is a secret: help must not show it.
    #[arg(
        long = "portal",
        value_name = "URL|demo",
        env = env_vars::PORTAL,
        hide_env_values = true,
        value_parser = portal_arg::parse,
    )]
    pub(crate) address: Option<PortalArg>,
    /// The tokens of a login, where they are not in their usual place
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ParamsOption {
    /// A parameter: numbers, booleans, lists and objects as JSON, anything else as text; may be nested: `a[b]=1`
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = params::parse)]
    pub(crate) params: Vec<Param>,
    /// Parameters as a JSON object, under the others; @FILE or - reads them from there
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) json: Option<String>,
}

/// The formats of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// JSON Lines: every row is a line, as the portal wrote it
    Jsonl,
}

/// The ways to walk a list.
#[allow(clippy::doc_markdown, reason = "the help of a program has no markup")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WalkArg {
    /// By ID where the method filters and sorts by ID, by its own kind of pages otherwise
    Auto,
    /// By ID, in several chains of pages at once
    Lanes,
    /// By ID, in one chain of pages
    Chain,
    /// By ID, in windows that hold no more rows than a page
    Windows,
    /// By the place of the pages: start, NAV_PARAMS, LIMIT and OFFSET, or pagination
    Pages,
    /// By next, one page after the other
    Next,
    /// By pages with NAV_PARAMS, where the catalogue does not know the method
    NavParams,
    /// By pages with LIMIT and OFFSET, where the catalogue does not know the method
    LimitOffset,
    /// By the cursor that each page gives for the next one
    Cursor,
    /// By one call, whose rows are the list
    Whole,
}

/// Run a portal emulator: made-up or loaded rows, with the limits of a real portal
///
/// The address to use is the first line on standard output. Entities are lead, deal, contact, company, task, user and
/// department (crm.lead and tasks.task do as well), and the entityTypeId of a smart process.
#[cfg_attr(
    feature = "r7",
    doc = " R7-Office is at /api/2.0/ of the same address, with r7.people, r7.group, r7.contact, r7.opportunity, r7.crmtask,",
    doc = " r7.case, r7.project, r7.task and r7.milestone."
)]
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful portal
  brimful portal --rows crm.deal=1000000 --gaps 0.3 --limit off
  brimful portal --load crm.lead=leads.jsonl --port 0
  brimful portal --tls --tls-ca ca.pem
  brimful portal --faults '503:5%, reset-after:every=7, slow-body=2s on=batch; seed=42'
  brimful portal --rows lead=100000 --churn 'lead:insert=5 update=20 delete=2'
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
    /// Speak HTTPS, HTTP/1.1 and HTTP/2, with a certificate made on the spot for localhost and the address
    #[arg(long)]
    pub(crate) tls: bool,
    /// Where to write the certificate of the authority that vouches for it, for clients to trust
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// One more name that clients reach it by
    #[arg(long, value_name = "NAME", requires = "tls")]
    pub(crate) tls_name: Vec<String>,

    /// So many made-up rows of an entity; without --rows and --load those of the portal demo
    #[arg(long, value_name = "ENTITY=N", help_heading = "Data")]
    pub(crate) rows: Vec<RowsArg>,
    /// The share of IDs that are missing between made-up rows
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share, help_heading = "Data")]
    pub(crate) gaps: f64,
    /// The rows of an entity, or those behind a list method such as sale.order.list, from a file in JSON Lines
    #[arg(long, value_name = "ENTITY|METHOD=FILE", help_heading = "Data")]
    pub(crate) load: Vec<LoadArg>,
    /// What a method answers, whatever it is asked: a result or a whole reply from a file in JSON
    #[arg(long, value_name = "METHOD=FILE", help_heading = "Data")]
    pub(crate) reply: Vec<ReplyArg>,
    /// The seed of made-up rows
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Data")]
    pub(crate) seed: u64,

    /// The user of the webhook
    #[arg(long, value_name = "ID", default_value_t = 1, help_heading = "Access")]
    pub(crate) user: u64,
    /// The code of the webhook
    #[arg(long, default_value = "demo", value_parser = access_arg::code, help_heading = "Access")]
    pub(crate) code: String,
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
    /// How long the tokens of applications are valid
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration::parse, help_heading = "Access")]
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

    /// Whose HTTP statuses authorisation errors have
    #[arg(long, value_enum, default_value_t = StatusesArg::Docs, help_heading = "Access")]
    pub(crate) statuses: StatusesArg,

    /// How many requests may come at once, and how many a second; standard is 50,2, enterprise 250,5
    #[arg(
        long,
        value_name = "X,Y|TARIFF|off",
        default_value = "50,2",
        help_heading = "Limits"
    )]
    pub(crate) limit: LimitArg,
    /// Refused requests count as well: who keeps knocking is not let in
    #[arg(long, help_heading = "Limits")]
    pub(crate) count_refused: bool,
    /// Which server limits the operating time of methods
    #[arg(long, value_enum, default_value_t = LimiterArg::October2026, help_heading = "Limits")]
    pub(crate) limiter: LimiterArg,
    /// How long a method may work in ten minutes
    #[arg(long, value_name = "TIME", default_value = "480s", value_parser = duration::parse, help_heading = "Limits")]
    pub(crate) operating: Duration,
    /// When a request is cut off
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::parse, help_heading = "Limits")]
    pub(crate) wall: Duration,
    /// The largest body that is read, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20, help_heading = "Limits")]
    pub(crate) body_limit: usize,

    /// What goes wrong, such as '503:5%, reset-after:every=7; seed=42'; may be given several times
    ///
    /// Faults: 503, 429, expired-token, any status from 400 to 599 with -before or -after (the work), html-, empty- and
    /// reset- with the same, truncated, half-body, slow-body=5s, latency=50ms±20ms, redirect=URL, skew=+90s. When: 5%,
    /// every=7, times=3, after=10, on=METHOD|METHOD. seed=42 makes chance another one. /_portal/faults shows and
    /// changes them.
    ///
    /// Faults of single calls and of single commands of a batch: empty-page, short-page, short-total=100, endless-next,
    /// ignore-start, operating-reset=1h, operating=470s.
    #[arg(long, value_name = "SPEC", value_parser = faults, help_heading = "Trouble")]
    pub(crate) faults: Vec<String>,
    /// What other people do to the rows all the while, such as 'lead:insert=5 update=20 delete=2' a second
    ///
    /// 30/m and 100/h are a minute and an hour. /_portal/churn shows and changes it.
    #[arg(long, value_name = "SPEC", value_parser = churn, help_heading = "Trouble")]
    pub(crate) churn: Vec<String>,
    /// Hide rows that lists count, as access rights do: IDs such as '100-399,5' of every list, or 'crm.deal:100-399'
    ///
    /// Rows are taken out after a page was cut: it has fewer than 50 rows, next and total stay. /_portal/hide shows and
    /// changes it.
    #[arg(long, value_name = "RANGE", value_parser = hidden_rows, help_heading = "Trouble")]
    pub(crate) hide: Vec<String>,
    /// The portal was renamed: every request is answered 302 with the same path there
    #[arg(long, value_name = "URL", help_heading = "Trouble")]
    pub(crate) moved_to: Option<String>,

    /// How long every request takes at least
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse, help_heading = "Time")]
    pub(crate) latency: Duration,
    /// What chance adds to that at the most
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse, help_heading = "Time")]
    pub(crate) jitter: Duration,
    /// How long every call takes, commands of a batch included
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse, help_heading = "Time")]
    pub(crate) cost_call: Duration,
    /// How long every row returned takes
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse, help_heading = "Time")]
    pub(crate) cost_row: Duration,
    /// How long every row counted for total takes
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse, help_heading = "Time")]
    pub(crate) cost_count: Duration,
    /// How long every row skipped for start takes
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse, help_heading = "Time")]
    pub(crate) cost_skip: Duration,
    /// By how much the portal's clock is fast, or with a minus slow
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse_skew, allow_hyphen_values = true, help_heading = "Time")]
    pub(crate) skew: f64,
    /// What the portal's clock shows at the start, in Unix seconds; the time of day if not given
    #[arg(long, value_name = "SECONDS", help_heading = "Time")]
    pub(crate) starts_at: Option<u32>,
    /// The zone of the portal's clock
    #[arg(long, value_name = "OFFSET", default_value = "+03:00", value_parser = duration::parse_zone, allow_hyphen_values = true, help_heading = "Time")]
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
    /// As documented: 403 for a wrong webhook
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

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful completions bash > ~/.local/share/bash-completion/completions/brimful
  brimful completions zsh > ~/.zfunc/_brimful")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|share| (0.0..1.0).contains(share))
        .ok_or_else(|| "a share is from 0 to less than 1, such as 0.3".to_owned())
}

fn faults(text: &str) -> Result<String, SpecError> {
    Faults::parse(text).map(|_| text.to_owned())
}

fn hidden_rows(text: &str) -> Result<String, SpecError> {
    HiddenRows::parse(text).map(|_| text.to_owned())
}

fn churn(text: &str) -> Result<String, SpecError> {
    Churn::parse(text).map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
