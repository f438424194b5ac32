//! `Authorization: Basic`: a user and a password in base64.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// What follows `Basic ` in the header.
///
/// ```
/// assert_eq!(brimful_r7_protocol::basic::encode("anna", "secret"), "YW5uYTpzZWNyZXQ=");
/// ```
pub fn encode(user: &str, password: &str) -> String {
    BASE64_STANDARD.encode(format!("{user}:{password}"))
}

/// The user and the password; `None` if it is not base64, or has no colon. The password begins after the first colon,
/// and the server refuses one that has another.
pub fn decode(text: &str) -> Option<(String, String)> {
    let bytes = BASE64_STANDARD.decode(text.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
