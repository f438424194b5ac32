//! `Authorization: Basic`: a user and a password in base64.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What follows `Basic ` in the header.
///
/// ```
/// assert_eq!(brimful_r7_protocol::basic::encode("anna", "secret"), "YW5uYTpzZWNyZXQ=");
/// ```
pub fn encode(user: &str, password: &str) -> String {
    let text = format!("{user}:{password}");
    let mut out = String::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.as_bytes().chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            if i <= chunk.len() {
                out.push(LETTERS[(bits >> (18 - 6 * i) & 63) as usize] as char);
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// The user and the password; nothing where it is no base64, or has no colon. The password begins after the first
/// colon, and the server refuses one that has another.
pub fn decode(text: &str) -> Option<(String, String)> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut length) = (0_u32, 0);
    for b in text.trim().trim_end_matches('=').bytes() {
        let value = LETTERS.iter().position(|&letter| letter == b)?;
        bits = bits << 6 | value as u32;
        length += 6;
        if length >= 8 {
            length -= 8;
            bytes.push((bits >> length & 255) as u8);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
