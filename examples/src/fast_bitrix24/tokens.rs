//! `token_func`: a function supplies access tokens. It is called for the first token, and again when the portal says
//! that the token has expired, once for all calls that wait. [`brimful::OAuth`] refreshes tokens without such a
//! function.

use brimful::{Client, Error};
use serde_json::{Value, json};

/// Stands in for the service that issues your tokens.
async fn new_token() -> Result<String, std::io::Error> {
    Ok(crate::portal::TOKEN.to_owned())
}

/// The user of the token; `portal` is the portal's address, such as `https://example.bitrix24.ru`.
pub async fn run(portal: &str) -> Result<Value, Error> {
    let bitrix = Client::builder(portal).token_with(new_token).build()?;
    bitrix.call("user.current", json!({})).await?.result()
}
