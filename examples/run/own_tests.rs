//! How a program that uses Brimful is tested without a portal: `cargo run --example own_tests -- NAME`; without a name, a
//! list of the ways.

use brimful_examples::{own_tests, run_by_name};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run_by_name!("own_tests",
        in_process => own_tests::in_process().await?,
        on_a_free_port => own_tests::on_a_free_port().await?,
    );
    Ok(())
}
