//! The emulator itself: CPU of a full batch, small calls a second, start with ten million rows.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use brimful_portal::{Portal, PortalConfig};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::throughput::FIELDS;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CONNECTIONS: usize = 32;
const CALLS: usize = 5_000;

#[allow(
    clippy::disallowed_methods,
    reason = "a measurement takes the time of the wall"
)]
pub(crate) async fn run() -> Result<(), Failure> {
    println!("portal: cost model off, no limits");
    start()?;
    batch().await?;
    small_calls().await
}

#[allow(
    clippy::disallowed_methods,
    reason = "a measurement takes the time of the wall"
)]
fn start() -> Result<(), Failure> {
    for gaps in [0.0, 0.3] {
        let before = resident()?;
        let started = Instant::now();
        let portal =
            Portal::new(PortalConfig::unlimited().sparse_rows("crm.deal", 10_000_000, gaps))?;
        let took = started.elapsed();
        println!(
            "  start with 10,000,000 deals, {:.0} % of the IDs missing: {:.1} ms ({:.2} of the 100 ms allowed), {:.1} MiB more ({:.2} of the 50 MiB allowed)",
            gaps * 100.0,
            took.as_secs_f64() * 1e3,
            took.as_secs_f64() / 0.1,
            (resident()? - before) / 1024.0,
            (resident()? - before) / 1024.0 / 50.0,
        );
        drop(portal);
    }
    Ok(())
}

fn resident() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

#[allow(
    clippy::disallowed_methods,
    reason = "a measurement takes the time of the wall"
)]
async fn batch() -> Result<(), Failure> {
    let portal = Portal::new(PortalConfig::unlimited().rows("crm.lead", 1_000_000))?;
    let cmd: Map<String, Value> = (0..50)
        .map(|i| {
            let params = json!({"select": FIELDS, "order": {"ID": "ASC"}, "filter": {">ID": i * 20_000}, "start": -1});
            (format!("p{i}"), Value::String(brimful::protocol::batch::command("crm.lead.list", &params)))
        })
        .collect();
    let body = bytes::Bytes::from(json!({ "cmd": cmd }).to_string());
    let path = format!("{}batch", portal.webhook_path());
    let mut best = Duration::MAX;
    let mut size = 0;
    for _ in 0..200 {
        let request = http::Request::post(&path)
            .header("content-type", "application/json")
            .body(body.clone())?;
        let started = Instant::now();
        let reply = portal.handle(request, PEER).await;
        best = best.min(started.elapsed());
        size = reply.response().map_or(0, |response| response.body().len());
    }
    println!(
        "  a batch of 50 lists of 50 rows of 12 fields ({} kB): {:.2} ms ({:.2} of the 3 ms allowed)",
        size / 1000,
        best.as_secs_f64() * 1e3,
        best.as_secs_f64() / 3e-3
    );
    Ok(())
}

#[allow(
    clippy::disallowed_methods,
    reason = "a measurement takes the time of the wall"
)]
async fn small_calls() -> Result<(), Failure> {
    let portal = Portal::new(PortalConfig::unlimited().rows("crm.lead", 1_000))?;
    let server = portal.bind("127.0.0.1:0").await?;
    let address = server.address();
    let path = format!("{}crm.lead.get?id=7", portal.webhook_path());
    let started = Instant::now();
    let callers: Vec<_> = (0..CONNECTIONS)
        .map(|_| tokio::spawn(caller(address, path.clone())))
        .collect();
    for caller in callers {
        caller.await??;
    }
    let rate = (CONNECTIONS * CALLS) as f64 / started.elapsed().as_secs_f64();
    println!(
        "  crm.lead.get over HTTP, caller included: {rate:.0} calls/s ({:.2} of the 20,000 asked for)",
        rate / 20_000.0
    );
    server.shut_down().await?;
    Ok(())
}

/// A caller that costs next to nothing, so that the portal is what is measured.
async fn caller(address: std::net::SocketAddr, path: String) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut buffer = vec![0; 64 << 10];
    for _ in 0..CALLS {
        stream.write_all(request.as_bytes()).await?;
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await?;
            if read == 0 {
                return Err("the portal closed the connection".into());
            }
            filled += read;
            if whole(&buffer[..filled])? {
                break;
            }
        }
    }
    Ok(())
}

fn whole(reply: &[u8]) -> Result<bool, Failure> {
    let Some(head) = reply.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(false);
    };
    let text = std::str::from_utf8(&reply[..head])?;
    let length = text
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length:")
                .map(|n| n.trim().to_owned())
        })
        .ok_or("a reply without a length")?;
    Ok(reply.len() >= head + 4 + length.parse::<usize>()?)
}
