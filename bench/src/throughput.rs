//! Rows a second with no limit, client and portal in one process over loopback HTTP, into a sink.

use std::time::Instant;

use brimful::Client;
use brimful_portal::{Portal, PortalConfig};

/// Twelve fields of a lead.
pub(crate) const FIELDS: [&str; 12] = [
    "ID",
    "TITLE",
    "NAME",
    "LAST_NAME",
    "STATUS_ID",
    "SOURCE_ID",
    "OPPORTUNITY",
    "CURRENCY_ID",
    "DATE_CREATE",
    "DATE_MODIFY",
    "ASSIGNED_BY_ID",
    "OPENED",
];

#[allow(
    clippy::disallowed_methods,
    reason = "a measurement takes the time of the wall"
)]
pub(crate) async fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    println!("throughput: 12 fields, no limit, client and portal in one process");
    let portal = Portal::new(PortalConfig::unlimited().rows("crm.lead", 1_000_000))?;
    let server = portal.bind("127.0.0.1:0").await?;
    for _ in 0..3 {
        let client = Client::builder(server.webhook_url()).limit(None).build()?;
        let mut pages = client.list("crm.lead.list").select(FIELDS).pages()?;
        let started = Instant::now();
        let mut out =
            std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create("/dev/null")?);
        let (mut rows, mut bytes) = (0, 0);
        while let Some(page) = pages.next_page().await? {
            for row in page.raw() {
                std::io::Write::write_all(&mut out, row)?;
                std::io::Write::write_all(&mut out, b"\n")?;
                bytes += row.len();
            }
            rows += page.len();
        }
        let took = started.elapsed().as_secs_f64();
        println!(
            "  {rows} rows of {} bytes in {took:.2} s: {:.0} rows/s, {:.2} of the 300,000 asked for",
            bytes / rows,
            rows as f64 / took,
            rows as f64 / took / 300_000.0
        );
    }
    server.shut_down().await?;
    Ok(())
}
