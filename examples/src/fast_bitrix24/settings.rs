//! The options of the constructor of `fast_bitrix24`, and `slow`.

use std::time::Duration;

use brimful::{Client, Error, HttpOptions, Limit, Retry};
use serde_json::{Value, json};

/// `request_pool_size=20, requests_per_second=1.0, batch_size=20, operating_time_limit=100`: for a portal under load.
pub fn gentle(webhook: &str) -> Result<Client, Error> {
    Client::builder(webhook)
        .limit(Limit::new(20.0, 1.0))
        .batch_size(20)
        .operating_limit(Duration::from_secs(100))
        .retry(Retry::default().attempts(30))
        .build()
}

/// `request_pool_size=250, requests_per_second=5`: the limit of the Enterprise tariff.
pub fn enterprise(webhook: &str) -> Result<Client, Error> {
    Client::builder(webhook).limit(Limit::ENTERPRISE).build()
}

/// `ssl=False`: a self-hosted portal with a certificate of its own. It is safer to use
/// [`HttpOptions::ca_file`].
pub fn any_certificate(webhook: &str) -> Result<Client, Error> {
    Client::builder(webhook)
        .http(HttpOptions::new().danger_accept_invalid_certs())
        .build()
}

/// `with bx.slow():` and `verbose=True`: one request at a time while the guard lives, and a line for every page.
pub async fn run(webhook: &str) -> Result<usize, Error> {
    let bitrix = gentle(webhook)?;
    let _slow = bitrix.slow(1);
    let leads = bitrix
        .list("crm.lead.list")
        .filter(json!({"<=ID": 100}))
        .on_progress(|progress| println!("{} rows so far", progress.rows))
        .collect::<Value>()
        .await?;
    Ok(leads.len())
}
