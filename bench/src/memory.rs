//! The most memory that an export of 1,000,000 rows takes, portal in the same process included.

use brimful::Client;
use brimful_portal::{Portal, PortalConfig};

use crate::throughput::FIELDS;

/// The argument by which the measurement calls itself.
pub(crate) const CHILD: &str = "memory-child";

pub(crate) fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    println!("memory: 1,000,000 rows of 12 fields, client and portal in one process");
    let child = std::process::Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .output()?;
    print!("{}", String::from_utf8_lossy(&child.stdout));
    if child.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&child.stderr).into())
    }
}

pub(crate) async fn child() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    for costs in [0, 1] {
        let costs = brimful_portal::Costs {
            call: std::time::Duration::from_millis(costs),
            ..Default::default()
        };
        let portal = Portal::new(
            PortalConfig::unlimited()
                .rows("crm.lead", 1_000_000)
                .costs(costs),
        )?;
        let server = portal.bind("127.0.0.1:0").await?;
        let client = Client::builder(server.webhook_url()).limit(None).build()?;
        let mut pages = client.list("crm.lead.list").select(FIELDS).pages()?;
        let mut rows = 0;
        while let Some(page) = pages.next_page().await? {
            rows += page.len();
        }
        let status = std::fs::read_to_string("/proc/self/status")?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap_or("unknown")
            .trim();
        let kib: f64 = peak.trim_end_matches(" kB").parse().unwrap_or(f64::NAN);
        println!(
            "  {rows} rows: peak {peak}, {:.2} of the 64 MiB allowed",
            kib / 65536.0
        );
        server.shut_down().await?;
    }
    Ok(())
}
