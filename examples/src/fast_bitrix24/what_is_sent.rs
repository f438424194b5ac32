//! Log what is sent. The client logs through `tracing`; secrets are never in the log.

use brimful::{Client, Error};
use serde_json::json;
use tracing_subscriber::EnvFilter;

/// Calls a method with the log on.
pub async fn run(bitrix: &Client) -> Result<(), Error> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("brimful=debug"))
        .with_writer(std::io::stderr)
        .finish();
    let _listening = tracing::subscriber::set_default(log);
    bitrix.call("user.current", json!({})).await?;
    Ok(())
}
