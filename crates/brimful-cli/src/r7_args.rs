//! The command line of `brimful r7`: what can be said about R7-Office.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use brimful_r7::RateLimit;
use clap::{Args, Subcommand, ValueEnum};

use crate::args::params::Param;
use crate::args::portal::PortalArg;
use crate::args::time::parse_deadline;
use crate::args::{params, portal};
use crate::output::Destination;
use crate::{env_vars, redact};

/// Call R7-Office (ONLYOFFICE Community Server): requests, batches and whole lists
///
/// Authenticate with --token, or with --user and a password in the environment.
#[derive(Debug, Args)]
#[command(after_help = format!("\
Environment:
  {portal}    the portal, where --portal is not given
  {token}     the token, where --token is not given
  {user}      the user, where --user is not given
  {password}  the user's password
  {code}      the code of the second factor, where the portal asks for one",
    portal = env_vars::R7_PORTAL, token = env_vars::R7_TOKEN, user = env_vars::R7_USER,
    password = env_vars::R7_PASSWORD, code = env_vars::R7_CODE))]
pub(crate) struct R7Args {
    #[command(subcommand)]
    pub(crate) command: R7Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum R7Command {
    Call(R7CallArgs),
    Batch(R7BatchArgs),
    Export(R7ExportArgs),
}

/// Send one request and print its reply
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful r7 call GET people/@self --portal demo
  brimful r7 call GET people/filter --param filterValue=Анна --param count=5 --result
  brimful r7 call POST people/anna.kim/contacts --param 'contacts[][Type]=skype' --param 'contacts[][Value]=anna'
  brimful r7 call PUT project/task/7/status --data '{\"status\": \"Closed\"}'")]
pub(crate) struct R7CallArgs {
    /// GET, POST, PUT or DELETE
    #[arg(value_name = "METHOD", value_parser = verb)]
    pub(crate) verb: String,
    /// The path behind /api/2.0/
    pub(crate) path: String,
    #[command(flatten)]
    pub(crate) portal: R7PortalOption,
    /// A parameter: of the query of a GET or DELETE, of the form of a POST or PUT; may be nested: `a[b]=1`
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = params::parse)]
    pub(crate) params: Vec<Param>,
    /// The body as JSON; @FILE or - reads it from there. Parameters are those of the query then
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) data: Option<String>,
    /// Print what is in the reply alone, without count, total and status
    #[arg(long)]
    pub(crate) result: bool,
}

/// Send the requests of a file as a batch, in the order of their dependencies
///
/// FILE is a JSON array of items as in the documentation: method, relativeUrl, body, bodyContentType, name, order. An
/// item may also have "after" (the name of another item, or several) and "from", which fills a gap of its address with a
/// value of another item's reply: {"userid": {"item": "me", "pointer": "/response/id"}}. A body that is an object goes
/// out as a form. A line of JSON is written for every item.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful r7 batch examples/r7/profile-and-groups.json --portal demo
  brimful r7 batch examples/r7/contacts.json --portal demo -o replies.jsonl")]
pub(crate) struct R7BatchArgs {
    /// The items; - reads them from standard input
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) portal: R7PortalOption,
    /// Write the replies to this file; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: Destination,
    /// Send at most N requests at once for items that do not depend on each other; with 1, as few requests as possible
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) at_once: u16,
}

/// Export a whole list to a file
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful r7 export people/filter --portal demo -o people.jsonl
  brimful r7 export people/filter --fields displayName,email --filter department=Marketing -o people.jsonl
  brimful r7 export crm/contact/filter --search Contoso --sort created --descending -o contacts.jsonl
  brimful r7 export project/task/filter --param status=open -o - | jq .title")]
pub(crate) struct R7ExportArgs {
    /// The path of the list behind /api/2.0/, such as people/filter
    pub(crate) path: String,
    /// Write the rows to this file; - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Destination,
    #[command(flatten)]
    pub(crate) portal: R7PortalOption,
    /// Ask for these fields only, with commas between them; the id is always among them
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    /// Sort the rows by these fields, with commas between them
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) sort: Vec<String>,
    /// Sort in descending order
    #[arg(long, requires = "sort")]
    pub(crate) descending: bool,
    /// Ask for the rows whose field has this value, or one of several with commas between them
    #[arg(long, value_name = "FIELD=VALUE", conflicts_with = "search", value_parser = condition)]
    pub(crate) filter: Option<(String, String)>,
    /// Compare the field in this way
    #[arg(long, value_enum, default_value_t = Comparison::Equals, requires = "filter")]
    pub(crate) compare: Comparison,
    /// Ask for the rows in which this text is found
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Give the list another parameter, such as employeeStatus=1
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = condition)]
    pub(crate) params: Vec<(String, String)>,
}

/// How a field is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Comparison {
    /// It is the value
    Equals,
    /// The value is in it
    Contains,
    /// It begins with the value
    StartsWith,
    /// It ends with the value
    EndsWith,
}

#[derive(Debug, Args)]
pub(crate) struct R7PortalOption {
    /// The portal: its address, or demo for one inside this process
    #[arg(long = "portal", value_name = "URL|demo", env = env_vars::R7_PORTAL, value_parser = portal::parse)]
    pub(crate) address: Option<PortalArg>,
    /// A token, as the portal's authentication gives it; in the environment others cannot see it
    #[arg(long, env = env_vars::R7_TOKEN, hide_env_values = true)]
    pub(crate) token: Option<Secret>,
    /// The user, where there is no token; the password is taken from the environment
    #[arg(long, env = env_vars::R7_USER)]
    pub(crate) user: Option<String>,
    /// The portal's rate limit: N requests in so many seconds; off for none
    #[arg(
        long = "rate",
        value_name = "N,SECONDS|off",
        default_value = "500,10",
        alias = "limit"
    )]
    pub(crate) limit: R7LimitArg,
    /// End after this time with exit code 3, such as 90s, 15m or 2h; the rows of a list that have come are kept
    #[arg(long, value_name = "TIME", value_parser = parse_deadline)]
    pub(crate) deadline: Option<Duration>,
}

/// What `brimful portal` can be told of its R7-Office.
#[derive(Debug, Args)]
pub(crate) struct R7EmulatorArgs {
    /// One more token of R7-Office, beside demo
    #[arg(long = "r7-token", value_name = "TOKEN", help_heading = "R7-Office")]
    pub(crate) tokens: Vec<Secret>,
    /// Take a batch of R7-Office as a bare JSON array too, as the newer documentation shows it
    #[arg(long = "r7-raw-batches", help_heading = "R7-Office")]
    pub(crate) raw_batches: bool,
    /// Know group/@self, which the documentation of R7-Office shows and its server does not know
    #[arg(long = "r7-group-self", help_heading = "R7-Office")]
    pub(crate) group_self: bool,
}

/// A token on the command line. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        redact::remember_secret(text);
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What `--limit` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct R7LimitArg(pub(crate) Option<RateLimit>);

impl FromStr for R7LimitArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("off") {
            return Ok(Self(None));
        }
        let limit = text.split_once(',').and_then(|(requests, seconds)| {
            let requests = requests.trim().parse().ok().filter(|n| *n > 0)?;
            let seconds = seconds.trim().parse().ok().filter(|n| *n > 0)?;
            Some(RateLimit {
                requests,
                within: Duration::from_secs(seconds),
            })
        });
        limit
            .map(|limit| Self(Some(limit)))
            .ok_or_else(|| "a limit is two numbers from 1 on, such as 500,10, or off".to_owned())
    }
}

fn verb(text: &str) -> Result<String, String> {
    let verb = text.to_ascii_uppercase();
    if ["GET", "POST", "PUT", "DELETE"].contains(&verb.as_str()) {
        Ok(verb)
    } else {
        Err("there are GET, POST, PUT and DELETE".to_owned())
    }
}

fn condition(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a name, = and a value, such as department=Marketing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_two_numbers_or_off() {
        let limit: R7LimitArg = "500, 10".parse().unwrap();
        assert_eq!(limit.0, Some(RateLimit::DOCUMENTED));
        assert_eq!("off".parse::<R7LimitArg>().unwrap().0, None);
        for text in ["", "500", "0,10", "500,0", "-1,1", "a,b"] {
            assert!(text.parse::<R7LimitArg>().is_err(), "{text}");
        }
    }
}
