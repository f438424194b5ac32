//! Secrets are cut out of every text that leaves the program on standard error.
//!
//! The client never shows a webhook's code. But what the user typed comes back in messages of the command line's
//! parser, and libraries log what they like: nothing may depend on each of them being careful.

use std::sync::{Mutex, OnceLock, PoisonError};

/// What stands where a code would, in examples.
const PLACEHOLDER: &str = "code";

/// What stands in place of a secret.
const MASK: &str = "…";

/// Codes shorter than this are not hidden wherever they occur, only in an address: `demo` is a word.
const SHORTEST_SECRET: usize = 8;

static CODE: OnceLock<String> = OnceLock::new();

/// Tokens and passwords.
static SECRETS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Remembers a token or a password, so that it is hidden wherever it occurs.
pub(crate) fn remember_secret(secret: &str) {
    if secret.len() >= SHORTEST_SECRET {
        let mut secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.push(secret.to_owned());
    }
}

/// Remembers the webhook code in `address`, so that it is hidden even where it stands alone.
pub(crate) fn remember(address: &str) {
    let address = address.replace('\\', "/");
    let mut rest = address.as_str();
    while let Some(code) = next_code(&mut rest) {
        if code.len() >= SHORTEST_SECRET {
            // The first one stays; a program run has one portal.
            let _ = CODE.set(code.to_owned());
        }
    }
}

/// `text` without webhook codes and tokens.
pub(crate) fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(code) = {
        let before = rest;
        let code = next_code(&mut rest);
        if let Some(code) = code {
            let kept = before.len() - rest.len() - code.len();
            out.push_str(&before[..kept]);
        }
        code
    } {
        debug_assert!(!code.is_empty());
        out.push_str(MASK);
    }
    out.push_str(rest);
    for name in [
        "access_token",
        "refresh_token",
        "auth",
        "client_secret",
        "asc_auth_key",
    ] {
        out = without_values(&out, name);
    }
    for secret in SECRETS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
    {
        out = without(&out, secret);
    }
    match CODE.get() {
        Some(code) => without(&out, code),
        None => out,
    }
}

/// Masks a secret in any case of its letters: hosts are written in small ones, and some texts in capitals.
fn without(text: &str, secret: &str) -> String {
    let (lower, secret) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    // Small letters of ASCII have their capitals' places.
    for (start, found) in lower.match_indices(&secret) {
        out.push_str(&text[end..start]);
        out.push_str(MASK);
        end = start + found.len();
    }
    out.push_str(&text[end..]);
    out
}

/// Finds the next `rest/USER/CODE` in `rest` and moves `rest` behind it.
fn next_code<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let mut from = 0;
    loop {
        let at = from + rest[from..].find("rest/")?;
        from = at + "rest/".len();
        let text = &rest[from..];
        let text = text.strip_prefix("api/").unwrap_or(text);
        let Some((user, after)) = text.split_once('/') else {
            continue;
        };
        let code = &after[..after.find(is_end).unwrap_or(after.len())];
        if user.is_empty() || user.contains(is_end) || matches!(code, "" | PLACEHOLDER) {
            continue;
        }
        let end = rest.len() - after.len() + code.len();
        *rest = &rest[end..];
        return Some(code);
    }
}

fn is_end(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "/?#'\"`<>,;()[]{}&\\".contains(c)
}

/// Masks what follows `name=`, `name: ` and `"name":"`.
fn without_values(text: &str, name: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = rest.split_at(at + name.len());
        out.push_str(before);
        rest = after;
        let sign = after.trim_start_matches(['"', '\'', '\\']);
        let Some(value) = sign.strip_prefix(['=', ':']) else {
            continue;
        };
        // `brimful::auth::token` is where a line of the log comes from.
        if value.starts_with(':') {
            continue;
        }
        let value = value.trim_start_matches([' ', '"', '\'', '\\']);
        let length = value.find(is_end).unwrap_or(value.len());
        if length > 0 {
            out.push_str(&after[..after.len() - value.len()]);
            out.push_str(MASK);
            rest = &value[length..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_webhook_is_cut_out_of_an_address() {
        assert_eq!(
            redact("unexpected argument 'https://p.bitrix24.ru/rest/1/abc123/' found"),
            "unexpected argument 'https://p.bitrix24.ru/rest/1/…/' found"
        );
        assert_eq!(
            redact("POST /rest/api/7/abc123/tasks.task.list"),
            "POST /rest/api/7/…/tasks.task.list"
        );
    }

    #[test]
    fn every_address_in_a_text_is_treated() {
        assert_eq!(
            redact("rest/1/aaa and rest/2/bbb/crm.lead.list?x"),
            "rest/1/… and rest/2/…/crm.lead.list?x"
        );
    }

    #[test]
    fn tokens_are_cut_out_of_queries_and_json() {
        assert_eq!(redact("?auth=abc&start=0"), "?auth=…&start=0");
        assert_eq!(
            redact(r#"{"access_token":"abc"}"#),
            r#"{"access_token":"…"}"#
        );
    }

    #[test]
    fn a_text_without_secrets_stays_as_it_is() {
        for text in [
            "the rest/ of it",
            "rest/1/",
            "authorisation failed",
            "brimful::auth::token: the tokens were refreshed",
            "https://p.ru/rest/1/…/",
            "https://portal.bitrix24.ru/rest/1/code/",
            "",
        ] {
            assert_eq!(redact(text), text);
        }
    }
}
