//! `token_func`: an application that gets its access tokens from somewhere else. The function is asked for the first
//! token and for another when the portal says that it has expired, once for all calls that wait. An application that
//! refreshes its tokens by itself uses [`brimful::OAuth`].

use brimful::{Client, Error};
use serde_json::{Value, json};

/// Asks whoever gives out tokens in your house.
async fn new_token() -> Result<String, std::io::Error> {
    Ok(crate::portal::TOKEN.to_owned())
}

/// The user in whose name the token is; `portal` is the portal's address, such as `https://example.bitrix24.ru`.
pub async fn run(portal: &str) -> Result<Value, Error> {
    let bitrix = Client::builder(portal).token_with(new_token).build()?;
    bitrix.call("user.current", json!({})).await?.result()
}
