//! The documentation of `BX.rest`, program by program, on an emulated portal in this process:
//! `cargo run --example bx_rest -- NAME`; without a name, a list of them.

use brimful_examples::portal::Demo;
use brimful_examples::{bx_rest, run_by_name};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let demo = Demo::start().await?;
    run_by_name!("bx_rest",
        call_method => bx_rest::call_method::run(&demo.client).await,
        call_batch => bx_rest::call_batch::run(&demo.client).await?,
        leads => bx_rest::leads::run(&demo.client).await?,
        deals => bx_rest::deals::run(&demo.client).await?,
        errors => bx_rest::errors::run(&demo.client).await,
        with_retry => bx_rest::with_retry::run(&demo.webhook).await?,
        all_leads => bx_rest::all_leads::run(&demo.client).await?,
        kept_leads => bx_rest::kept_leads::run(&demo.webhook).await?,
        lead_with_contact => bx_rest::lead_with_contact::run(&demo.client).await?,
        lead_with_related => bx_rest::lead_with_related::run(&demo.client, 12).await?,
    );
    demo.stop().await
}
