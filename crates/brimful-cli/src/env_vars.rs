//! The environment variables that the program reads, all of them.

/// The portal to use when `--portal` is not given: the address of an incoming webhook, or `demo`.
pub(crate) const PORTAL: &str = "BRIMFUL_PORTAL";

/// The `client_id` of the application that `brimful login` lets in.
pub(crate) const CLIENT_ID: &str = "BRIMFUL_CLIENT_ID";

/// Its `client_secret`. There is no option for it: arguments are seen by others.
pub(crate) const CLIENT_SECRET: &str = "BRIMFUL_CLIENT_SECRET";

/// The R7-Office portal where `--portal` of `brimful r7` is not given: its address, or `demo`.
#[cfg(feature = "r7")]
pub(crate) const R7_PORTAL: &str = "BRIMFUL_R7_PORTAL";

/// A token of R7-Office.
#[cfg(feature = "r7")]
pub(crate) const R7_TOKEN: &str = "BRIMFUL_R7_TOKEN";

/// A user of R7-Office, whose password is in [`R7_PASSWORD`].
#[cfg(feature = "r7")]
pub(crate) const R7_USER: &str = "BRIMFUL_R7_USER";

/// The password of that user.
#[cfg(feature = "r7")]
pub(crate) const R7_PASSWORD: &str = "BRIMFUL_R7_PASSWORD";

/// The code of the second factor, where R7-Office asks that user for one.
#[cfg(feature = "r7")]
pub(crate) const R7_CODE: &str = "BRIMFUL_R7_CODE";

/// The filter of the log, in the syntax of `tracing-subscriber`: `brimful=debug`. It overrules `-v`.
pub(crate) const LOG: &str = "BRIMFUL_LOG";

/// Set to anything, messages have no colour (<https://no-color.org>).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// The value of a variable; unset and empty are the same.
pub(crate) fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
