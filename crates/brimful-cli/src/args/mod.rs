//! Argument groups that several commands share, and the values that are read from arguments.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "the help of a program has no markup"
)]

pub(crate) mod filter;
pub(crate) mod method;
pub(crate) mod params;
pub(crate) mod portal;
pub(crate) mod rate;
pub(crate) mod time;

pub(crate) use params::ParamsOption;
pub(crate) use portal::PortalOption;
#[cfg(feature = "sync")]
pub(crate) use rate::PortalLimits;
pub(crate) use rate::{RateArg, RateOption};
pub(crate) use time::DeadlineOption;

/// Reads a whole number.
pub(crate) fn whole_number(text: &str) -> Result<u64, String> {
    let text = text.trim();
    text.parse()
        .map_err(|_| "a whole number, such as 5, is expected".to_owned())
}

/// The exit codes, for help texts. [`crate::exit::Exit`] is where they are made.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  failed; nothing was changed or written
    2  wrong usage
    3  incomplete: a list broke off, or calls failed or may have run; partial results are kept
  130  interrupted by Ctrl-C (143: SIGTERM, 129: SIGHUP); partial results are kept in NAME.partial";
