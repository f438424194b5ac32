//! How a program that uses Brimful is tested without a portal: the emulator as the client's transport, or on a free port.

use brimful::{Client, ServiceTransport};
use brimful_portal::Portal;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Deal {
    title: String,
}

/// What is to be tested: the titles of all deals.
///
/// # Errors
/// Those of the list.
pub async fn titles(client: &Client) -> Result<Vec<String>, brimful::Error> {
    let deals = client.list("crm.deal.list").select(["TITLE"]);
    let deals: Vec<Deal> = deals.collect().await?;
    Ok(deals.into_iter().map(|deal| deal.title).collect())
}

/// Without a socket. Time is tokio's, so that a test may pause it (`#[tokio::test(start_paused = true)]`): then waits for
/// the portal's limit take no time.
///
/// # Errors
/// The program under test fails.
pub async fn in_process() -> anyhow::Result<usize> {
    let portal = Portal::new(Portal::builder().rows("deal", 5_000))?;
    // The host may have any name: nothing is looked up.
    let client = Client::builder("https://portal.test/rest/1/demo/")
        .transport(ServiceTransport::new(portal.clone()))
        .build()?;
    let titles = titles(&client).await?;
    anyhow::ensure!(
        portal.stats().commands >= 100,
        "5,000 deals are 100 pages, each a command"
    );
    Ok(titles.len())
}

/// On a free port, for code that makes its own client of an address. The portal stops when the server is dropped.
///
/// # Errors
/// No port is free, or the program under test fails.
pub async fn on_a_free_port() -> anyhow::Result<usize> {
    let server = Portal::builder().rows("deal", 120).start().await?;
    let client = Client::builder(server.webhook_url()).build()?;
    Ok(titles(&client).await?.len())
}
