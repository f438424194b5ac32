//! Measurements, reported as ratios: `cargo run --release -p brimful-bench -- [requests|limit|throughput|memory|portal|r7|tasks]…`.
//!
//! What is timed here is not tested elsewhere: a number that depends on the machine is reported and never asserted.

#![allow(clippy::print_stdout, reason = "a measurement prints")]

mod limit;
mod memory;
mod portal;
mod r7;
mod requests;
mod tasks;
mod throughput;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    if wanted.first().is_some_and(|first| first == memory::CHILD) {
        return memory::child().await;
    }
    if wanted.is_empty() {
        wanted = [
            "requests",
            "limit",
            "throughput",
            "memory",
            "portal",
            "r7",
            "tasks",
        ]
        .map(str::to_owned)
        .to_vec();
    }
    for name in wanted {
        match name.as_str() {
            "requests" => requests::run().await?,
            "limit" => limit::run().await?,
            "throughput" => throughput::run().await?,
            "memory" => memory::run()?,
            "portal" => portal::run().await?,
            "r7" => r7::run().await?,
            "tasks" => tasks::run().await?,
            other => {
                return Err(format!(
                    "no measurement {other:?}: requests, limit, throughput, memory, portal, r7, tasks"
                )
                .into());
            }
        }
    }
    Ok(())
}
