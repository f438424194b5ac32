//! The README of `fast_bitrix24`, program by program, on an emulated portal in this process:
//! `cargo run --example fast_bitrix24 -- NAME`; without a name, a list of them.

use brimful_examples::portal::Demo;
use brimful_examples::{fast_bitrix24, run_by_name};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let demo = Demo::start().await?;
    run_by_name!("fast_bitrix24",
        whole_list => fast_bitrix24::whole_list::run(&demo.client).await?,
        deals_at_work => fast_bitrix24::deals_at_work::run(&demo.client).await?,
        contacts_of_deals => fast_bitrix24::contacts_of_deals::run(&demo.client).await?,
        rename_deals => fast_bitrix24::rename_deals::run(&demo.client).await?,
        raw_calls => fast_bitrix24::raw_calls::run(&demo.client).await?,
        batch_of_two => fast_bitrix24::batch_of_two::run(&demo.client).await?,
        one_call => fast_bitrix24::one_call::run(&demo.client).await?,
        sorted => fast_bitrix24::sorted::run(&demo.client).await?,
        tokens => fast_bitrix24::tokens::run(&demo.address).await?,
        settings => fast_bitrix24::settings::run(&demo.webhook).await?,
        what_is_sent => fast_bitrix24::what_is_sent::run(&demo.client).await?,
        without_async => tokio::task::block_in_place(|| fast_bitrix24::without_async::run(&demo.webhook))?,
    );
    demo.stop().await
}
