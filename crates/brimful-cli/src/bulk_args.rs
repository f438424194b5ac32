//! The command line of many calls: `brimful get`, `brimful batch`, and `--each` of `brimful call`.

#![allow(
    clippy::doc_markdown,
    rustdoc::broken_intra_doc_links,
    reason = "the help of a program has no markup"
)]

use std::path::PathBuf;

use clap::Args;

use crate::cli::{ParamsOption, PortalOption};
use crate::limit::LimitArg;
use crate::output::Destination;
use crate::params::Param;
use crate::{filter, method, params};

/// Fetch items by their IDs, 50 in a request
///
/// Every ID gets a line, in the order given; an ID that is given twice is asked for once. The line is
/// {"id":7,"outcome":"done","result":…} with the result as the portal wrote it, or {"id":8,"outcome":"failed",
/// "error":…,"error_description":…}. With --result a line is the result alone, and what failed is said on standard
/// error. If not all IDs have a result, the exit code is 3.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful get crm.deal.get 7 12 40
  brimful get crm.deal.get 7,12,40 --result | jq -r .TITLE
  brimful get crm.lead.get --ids ids.txt -o leads.jsonl
  brimful get tasks.task.get 7 --param 'select[]=ID' --param 'select[]=TITLE'
  brimful get crm.activity.list 7 8 --id-param 'filter[OWNER_ID]' --param 'filter[OWNER_TYPE_ID]=2'
  brimful get crm.deal.productrows.get --from crm.deal.list --filter STAGE_ID=WON -o rows.jsonl
  brimful get crm.item.get --from crm.item.list --from-param entityTypeId=128 --param entityTypeId=128")]
pub(crate) struct GetArgs {
    /// The method, such as crm.deal.get
    #[arg(value_parser = method::parse)]
    pub(crate) method: String,
    /// The IDs, with commas or spaces between them
    #[arg(value_name = "ID", value_delimiter = ',')]
    pub(crate) given: Vec<String>,
    /// IDs from a file, one a line; - reads them from standard input
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub(crate) ids: Option<PathBuf>,
    /// The IDs are those of a list, such as crm.deal.list: items are fetched while it is read
    #[arg(long, value_name = "METHOD", conflicts_with = "given", value_parser = method::parse)]
    pub(crate) from: Option<String>,
    /// A condition of that list, as in export
    #[arg(long, value_name = "CONDITION", requires = "from", value_parser = filter::parse)]
    pub(crate) filter: Vec<filter::Condition>,
    /// Another parameter of that list
    #[arg(long, value_name = "NAME=VALUE", requires = "from", value_parser = params::parse)]
    pub(crate) from_param: Vec<Param>,
    /// Where the lines go; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: Destination,
    /// Lines are results alone; what failed is said on standard error
    #[arg(long)]
    pub(crate) result: bool,
    /// The parameter that takes the ID, where it is not the usual one
    #[arg(long, value_name = "NAME")]
    pub(crate) id_param: Option<String>,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) params: ParamsOption,
    #[command(flatten)]
    pub(crate) limit: LimitOption,
}

/// Run the commands of a file, 50 in a request; later ones may use results of earlier ones
///
/// FILE is a JSON object of commands by their names, which run in its order. A command is "method?query" with a query
/// as in an address, or {"method": …, "params": {…}}, or [method, params]. $result[NAME][ID] in a value is what the
/// command NAME has returned; NAME has to go out in the same request, which is 50 commands. Every command gets a line:
/// {"name":…,"outcome":"done","result":…}, or "failed" with the portal's error, "not_run" where it certainly did not
/// run, "unknown" where it may have. If not all are done, the exit code is 3.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful batch commands.json
  brimful batch commands.json --halt -o outcomes.jsonl
  echo '{\"me\": \"user.current\", \"my\": \"crm.deal.list?filter[ASSIGNED_BY_ID]=$result[me][ID]\"}' | brimful batch -")]
pub(crate) struct BatchArgs {
    /// The commands; - reads them from standard input
    pub(crate) file: PathBuf,
    /// Run nothing after a command that failed
    #[arg(long)]
    pub(crate) halt: bool,
    /// Where the outcomes go; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: Destination,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) limit: LimitOption,
}

/// What `brimful call` knows of many calls.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many calls")]
pub(crate) struct EachOption {
    /// Call the method for every line of a file, which has the parameters as a JSON object; - is standard input
    ///
    /// What --param and --json give is common to all calls; a line lies over it. Every line gets its outcome, in the
    /// order of the lines: {"line":1,"call":…,"outcome":"done","result":…}, or "failed" with the portal's error,
    /// "not_run" where it certainly did not run, "unknown" where it may have. If not all are done, the exit code is 3.
    #[arg(long, value_name = "FILE", requires = "output")]
    pub(crate) each: Option<PathBuf>,
    /// Where the outcomes go; - is standard output
    #[arg(short, long, value_name = "FILE", requires = "each")]
    pub(crate) output: Option<Destination>,
    /// Go on with the outcomes there are: only lines that are not done are called
    #[arg(long, requires = "each")]
    pub(crate) resume: bool,
    /// Call lines again that may have run, too
    #[arg(long, requires = "resume")]
    pub(crate) retry_unknown: bool,
}

/// What a portal allows.
#[derive(Debug, Args)]
pub(crate) struct LimitOption {
    /// What the portal allows: requests at once and requests a second, or the name of a tariff; see export
    #[arg(long = "limit", value_name = "X,Y|TARIFF|off", default_value = "50,2")]
    pub(crate) rate: LimitArg,
}
