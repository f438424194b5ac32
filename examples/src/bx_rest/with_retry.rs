//! The document tries three times when the limit is exceeded. The client does so by itself: what was refused waits for
//! its turn and is sent again, what may have run is not.

use std::time::Duration;

use brimful::{Client, Error, Retry};
use serde_json::{Value, json};

/// The leads of the first page; `webhook` is the address of an incoming webhook.
pub async fn run(webhook: &str) -> Result<Vec<Value>, Error> {
    let bitrix = Client::builder(webhook)
        .retry(
            Retry::default()
                .attempts(3)
                .delays(Duration::from_secs(1), Duration::from_secs(5)),
        )
        .build()?;
    bitrix.call("crm.lead.list", json!({})).await?.items()
}
