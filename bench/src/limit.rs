//! How long a job of 81 requests takes against X=50, Y=2, in real time over HTTP: ideal, ours, refusals.

use std::time::{Duration, Instant};

use brimful::Client;
use brimful_portal::{Portal, PortalConfig};

pub(crate) async fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    println!("limit: 200,000 rows against X=50, Y=2, in real time");
    let jobs = [5, 50, 300]
        .map(|latency| tokio::spawn(async move { job(latency).await.map_err(|e| e.to_string()) }));
    for job in jobs {
        println!("{}", job.await??);
    }
    Ok(())
}

#[allow(
    clippy::disallowed_methods,
    reason = "a measurement takes the time of the wall"
)]
async fn job(latency: u64) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let config = PortalConfig::new()
        .rows("crm.lead", 200_000)
        .latency(Duration::from_millis(latency * 3 / 4))
        .jitter(Duration::from_millis(latency / 2));
    let portal = Portal::new(config)?;
    let server = portal.bind("127.0.0.1:0").await?;
    let client = Client::builder(server.webhook_url()).build()?;
    let started = Instant::now();
    let mut pages = client
        .list("crm.lead.list")
        .select(["ID", "TITLE"])
        .pages()?;
    while pages.next_page().await?.is_some() {}
    let took = started.elapsed().as_secs_f64();
    let requests = client.stats().requests as f64;
    let ideal = (requests - 50.0) / 2.0;
    let refusals = portal.stats().refusals();
    server.shut_down().await?;
    Ok(format!(
        "  latency {latency:>3} ms: {requests} requests, ideal {ideal:.1} s, took {took:.2} s ({:.3} of the ideal), {refusals} refusals",
        took / ideal
    ))
}
