//! The portal on the command line. Its address is a secret, so it is not even debugged.

use std::fmt;
use std::path::PathBuf;

use clap::Args;

use crate::{env_vars, redact};

#[derive(Debug, Clone, Args)]
pub(crate) struct PortalOption {
    /// Use this portal: the address of an incoming webhook, or of a portal after a login; demo is one inside this process
    // The value may come from the environment and is a secret: help must not show it.
    #[arg(
        long = "portal",
        value_name = "URL|demo",
        env = env_vars::PORTAL,
        hide_env_values = true,
        value_parser = parse,
    )]
    pub(crate) address: Option<PortalArg>,
    /// Take the tokens of a login from this file, where they are not in their usual place
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

impl PortalOption {
    /// The portal, if one is given.
    pub(crate) fn address(&self) -> Option<&PortalArg> {
        self.address
            .as_ref()
            .filter(|address| **address != PortalArg::Unset)
    }
}

/// What `--portal` says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PortalArg {
    /// The emulator inside this process.
    Demo,
    /// Nothing: a variable of the environment that is set, and empty.
    Unset,
    /// A webhook's address, not yet looked at.
    Address(String),
}

impl PortalArg {
    /// Whether it is the emulator inside this process.
    #[cfg(feature = "sync")]
    pub(crate) fn is_demo(&self) -> bool {
        matches!(self, Self::Demo)
    }
}

/// Takes anything: the client says what is wrong with an address, without repeating it.
///
/// # Errors
/// One word, which may be the code of a webhook. It is not repeated.
pub(crate) fn parse(text: &str) -> Result<PortalArg, String> {
    redact::remember(text);
    let name = text.trim();
    if name.is_empty() {
        return Ok(PortalArg::Unset);
    }
    if name.trim_end_matches('/').eq_ignore_ascii_case("demo") {
        return Ok(PortalArg::Demo);
    }
    if is_variable(name) {
        return Err(
            "it is the name of a variable, which the shell has not replaced: cmd knows %NAME%, PowerShell $env:NAME, \
             and other shells \"$NAME\"; BRIMFUL_PORTAL is read without --portal too"
                .to_owned(),
        );
    }
    if let Some(scheme) = ["https", "http"]
        .into_iter()
        .find(|scheme| name.starts_with(&format!("{scheme}//")))
    {
        return Err(format!("its colon is missing: it begins with {scheme}://"));
    }
    if is_one_word(name) {
        redact::remember_secret(name);
        return Err(
            "it is not an address: a webhook's looks like https://example.bitrix24.ru/rest/1/code/, and a portal's like \
             https://example.bitrix24.ru"
                .to_owned(),
        );
    }
    Ok(PortalArg::Address(text.to_owned()))
}

/// Whether a text is a variable of a shell: `%NAME%`, `$env:NAME`, `$NAME`, `${NAME}`.
fn is_variable(text: &str) -> bool {
    let inside = text
        .strip_prefix('%')
        .and_then(|text| text.strip_suffix('%'))
        .or_else(|| text.strip_prefix('$'));
    inside.is_some_and(|name| {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '{' | '}');
        !name.is_empty() && name.chars().all(sound)
    })
}

/// Whether a text has nothing of an address in it. It may be the code of a webhook.
fn is_one_word(text: &str) -> bool {
    !text.contains(['.', ':', '/', '\\']) && text != "localhost"
}

impl fmt::Debug for PortalArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demo => f.write_str("Demo"),
            Self::Unset => f.write_str("Unset"),
            Self::Address(_) => f.write_str("Address(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_has_not_replaced_is_said_to_be_a_variable() {
        for text in [
            "%BRIMFUL_PORTAL%",
            "$env:BRIMFUL_PORTAL",
            "$BRIMFUL_PORTAL",
            "${PORTAL}",
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains("variable"), "{text}: {said}");
        }
        assert!(
            parse("http//portal.test/rest/1/x/")
                .unwrap_err()
                .contains("http://")
        );
        for text in ["https://portal.test/rest/1/x/", "portal.test", "demo", " "] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }
}
