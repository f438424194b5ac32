//! The environment variables that the program reads, all of them.

/// The portal to use when `--portal` is not given: the address of an incoming webhook, or `demo`.
pub(crate) const PORTAL: &str = "BRIMFUL_PORTAL";

/// The filter of the log, in the syntax of `tracing-subscriber`: `brimful=debug`. It overrules `-v`.
pub(crate) const LOG: &str = "BRIMFUL_LOG";

/// Set to anything, messages have no colour (<https://no-color.org>).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// The value of a variable; unset and empty are the same.
pub(crate) fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
