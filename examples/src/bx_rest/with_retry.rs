//! The original tries three times when the rate limit is exceeded. The client does so by itself: a refused call waits
//! and is sent again, a call that may have run is not.

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
