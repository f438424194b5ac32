//! The command line of what a portal has: `brimful fields`, `brimful methods`, `brimful limits`.

#![allow(clippy::doc_markdown, reason = "the help of a program has no markup")]

use clap::Args;

use crate::bulk_args::LimitOption;
use crate::cli::{ParamsOption, PortalOption};
use crate::portal_arg::PortalArg;
use crate::{method, portal_arg};

/// Show the fields of an entity: names, types, what is required
///
/// A table on a terminal, a JSON object for every field in a pipe.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful fields crm.deal
  brimful fields crm.item --param entityTypeId=128
  brimful fields tasks.task | jq -r 'select(.required).name'
  brimful fields tasks.task --rest3")]
pub(crate) struct FieldsArgs {
    /// The entity, such as crm.deal, or one of its methods
    #[arg(value_parser = method::parse)]
    pub(crate) entity: String,
    /// Ask REST 3.0
    #[arg(long)]
    pub(crate) rest3: bool,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) params: ParamsOption,
}

/// Show the methods that are known: what they need, how their lists are read, whether they write
///
/// They come from a catalogue that is built in. A table on a terminal, a JSON object for every method in a pipe.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful methods crm.deal
  brimful methods '*.list'
  brimful methods --portal demo | jq -r 'select(.available).method'")]
pub(crate) struct MethodsArgs {
    /// A part of the name; with * it is the whole name
    pub(crate) pattern: Option<String>,
    /// Ask this portal which of them may be called there, and which others it has
    #[arg(long, value_name = "URL|demo", value_parser = portal_arg::parse)]
    pub(crate) portal: Option<PortalArg>,
    /// Ask the portal of BRIMFUL_PORTAL
    #[arg(long, conflicts_with = "portal")]
    pub(crate) available: bool,
}

/// Show what a portal allows and how much of it is used
///
/// One call asks who one is, and one what one may call. The portal tells the operating time of a method with its
/// replies: methods that only read can be named, and are called once without parameters. A table on a terminal, a JSON
/// object in a pipe.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  brimful limits
  brimful limits crm.deal.list tasks.task.list
  brimful limits | jq '.methods[] | select(.operating > 240)'")]
pub(crate) struct LimitsArgs {
    /// Methods whose operating time is asked for
    #[arg(value_name = "METHOD", value_parser = method::parse)]
    pub(crate) methods: Vec<String>,
    #[command(flatten)]
    pub(crate) portal: PortalOption,
    #[command(flatten)]
    pub(crate) limit: LimitOption,
}
