//! The portal that the examples run on: a small one, in the same process.

use brimful::Client;
use brimful_portal::{AccessToken, Portal, PortalConfig, Server};
use serde_json::{Map, Value, json};

/// The access token that the portal knows besides its webhook.
pub const TOKEN: &str = "an-access-token";

/// The phone number of one of the contacts.
pub const PHONE: &str = "+79990001122";

/// A portal with 120 leads, 80 deals and what belongs to them. It listens on a free port of this machine until it is
/// dropped.
///
/// # Errors
/// No port is free.
pub async fn start() -> anyhow::Result<Server> {
    let config = PortalConfig::unlimited()
        .rows("lead", 120)
        .rows("deal", 80)
        .rows("company", 12)
        .rows("user", 9)
        .rows("department", 5)
        .rows("task", 30)
        .rows("activity", 200)
        .rows("contact", 60)
        .load("191", items_of_deal_7())
        .rows("128", 40)
        .token(AccessToken::new(TOKEN, "local.app", 1));
    let server = Portal::new(config)?.bind("127.0.0.1:0").await?;
    let client = Client::builder(server.webhook_url().as_str())
        .limit(None)
        .build()?;
    let contact = json!({"id": 5, "fields": {
        "COMPANY_ID": 3,
        "PHONE": [{"VALUE": PHONE, "VALUE_TYPE": "WORK"}],
    }});
    client.call("crm.contact.update", contact).await?;
    Ok(server)
}

/// The portal of the examples with a client for it.
#[derive(Debug)]
pub struct Demo {
    server: Server,
    /// A client that calls by the webhook.
    pub client: Client,
    /// The webhook's address.
    pub webhook: String,
    /// The portal's address, without a webhook.
    pub address: String,
}

impl Demo {
    /// Starts the portal.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> anyhow::Result<Self> {
        let server = start().await?;
        let webhook = server.webhook_url();
        Ok(Self {
            client: Client::builder(webhook.as_str()).build()?,
            address: server.origin(),
            webhook,
            server,
        })
    }

    /// Stops the portal.
    ///
    /// # Errors
    /// The server failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        Ok(self.server.shut_down().await?)
    }
}

/// More items of a smart process than fit on a page, all of one deal.
fn items_of_deal_7() -> Vec<Map<String, Value>> {
    (1..=130)
        .filter_map(
            |id| match json!({"id": id, "title": format!("Item {id}"), "parentId2": 7}) {
                Value::Object(item) => Some(item),
                _ => None,
            },
        )
        .collect()
}
