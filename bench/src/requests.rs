//! How many requests and commands a list takes, against the fewest that pages of 50 and batches of 50 allow.

use brimful::Client;
use brimful_portal::{Portal, PortalConfig};

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(crate) async fn run() -> Result<(), Failure> {
    println!("requests: commands / (rows / 50) and requests / (rows / 2500)");
    for rows in [10_000, 100_000, 300_000] {
        for gaps in [0.0, 0.3, 0.5, 0.9, 0.99] {
            let config = PortalConfig::unlimited().sparse_rows("crm.lead", rows, gaps);
            list(
                &format!("{rows} rows, {:.0} % of the IDs missing", gaps * 100.0),
                config,
            )
            .await?;
        }
    }
    // A folder of real rows may be given: what a portal really has is not an even spread.
    if let Some(file) = std::env::var_os("BRIMFUL_BENCH_LEADS") {
        let rows = std::fs::read_to_string(file)?;
        let rows = rows
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<Vec<_>, _>>()?;
        list(
            "real leads",
            PortalConfig::unlimited().load("crm.lead", rows),
        )
        .await?;
    }
    Ok(())
}

async fn list(name: &str, config: PortalConfig) -> Result<(), Failure> {
    let portal = Portal::new(config)?;
    let server = portal.bind("127.0.0.1:0").await?;
    for limit in [Some(brimful::Limit::STANDARD), None] {
        // With a limit the client keeps little in flight, without one as much as it may.
        let generous = limit.map(|limit| brimful::Limit {
            burst: 1e6,
            ..limit
        });
        let client = Client::builder(server.webhook_url())
            .limit(generous)
            .build()?;
        let mut pages = client
            .list("crm.lead.list")
            .select(["ID", "TITLE"])
            .pages()?;
        while pages.next_page().await?.is_some() {}
        let report = pages.report().cloned().unwrap_or_default();
        let rows = report.rows as f64;
        println!(
            "  {name:<40} {:>6} commands {:.4}   {:>4} requests {:.3}   {}",
            report.commands,
            report.commands as f64 / (rows / 50.0),
            report.requests,
            report.requests as f64 / (rows / 2500.0),
            if limit.is_some() {
                "with a limit"
            } else {
                "without"
            },
        );
    }
    server.shut_down().await?;
    Ok(())
}
