//! Log what is sent. The client logs through `tracing`; secrets are never in the log.

use brimful::{Client, Error};
use serde_json::json;
use tracing::Level;

/// Calls a method with the log on.
pub async fn run(bitrix: &Client) -> Result<(), Error> {
    let log = tracing_subscriber::fmt()
        .with_max_level(Level::DEBUG)
        .with_writer(std::io::stderr)
        .finish();
    let _listening = tracing::subscriber::set_default(log);
    bitrix.call("user.current", json!({})).await?;
    Ok(())
}
