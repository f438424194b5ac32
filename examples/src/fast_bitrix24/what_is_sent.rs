//! What goes over the line: the client tells `tracing`, and whoever listens sees it. Secrets are never in it.

use brimful::{Client, Error};
use serde_json::json;
use tracing_subscriber::EnvFilter;

/// Calls a method with the log switched on.
pub async fn run(bitrix: &Client) -> Result<(), Error> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("brimful=debug"))
        .with_writer(std::io::stderr)
        .finish();
    let _listening = tracing::subscriber::set_default(log);
    bitrix.call("user.current", json!({})).await?;
    Ok(())
}
