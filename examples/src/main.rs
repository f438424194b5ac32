//! Runs one of the examples on a portal inside this process.
#![allow(clippy::print_stdout, reason = "the examples print what they find")]

use brimful::Client;
use brimful_examples::portal::{self, PHONE};
use brimful_examples::{batch, bx_rest, fast_bitrix24};

/// The examples, each by its name, with what it is called with.
macro_rules! examples {
    ($wanted:ident: $($group:ident::$name:ident => $run:expr,)*) => {
        match $wanted {
            $(stringify!($name) => println!("{}", serde_json::to_string_pretty(&$run)?),)*
            _ => {
                println!("cargo run -p brimful-examples -- NAME, where NAME is one of");
                $(println!("  {:<24} {}", stringify!($name), stringify!($group));)*
            }
        }
    };
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let wanted = wanted.as_str();
    let server = portal::start().await?;
    let webhook = server.webhook_url();
    let bitrix = &Client::builder(webhook.as_str()).build()?;
    let address = format!("http://{}", server.address());
    examples!(wanted:
        fast_bitrix24::whole_list => fast_bitrix24::whole_list::run(bitrix).await?,
        fast_bitrix24::deals_at_work => fast_bitrix24::deals_at_work::run(bitrix).await?,
        fast_bitrix24::contacts_of_deals => fast_bitrix24::contacts_of_deals::run(bitrix).await?,
        fast_bitrix24::rename_deals => fast_bitrix24::rename_deals::run(bitrix).await?,
        fast_bitrix24::raw_calls => fast_bitrix24::raw_calls::run(bitrix).await?,
        fast_bitrix24::batch_of_two => fast_bitrix24::batch_of_two::run(bitrix).await?,
        fast_bitrix24::one_call => fast_bitrix24::one_call::run(bitrix).await?,
        fast_bitrix24::sorted => fast_bitrix24::sorted::run(bitrix).await?,
        fast_bitrix24::tokens => fast_bitrix24::tokens::run(&address).await?,
        fast_bitrix24::settings => fast_bitrix24::settings::run(&webhook).await?,
        fast_bitrix24::what_is_sent => fast_bitrix24::what_is_sent::run(bitrix).await?,
        fast_bitrix24::without_async => {
            tokio::task::block_in_place(|| fast_bitrix24::without_async::run(&webhook))?
        },
        batch::by_address => batch::by_address::run(&webhook).await?,
        batch::department => batch::department::run(bitrix).await?,
        batch::four_commands => batch::four_commands::run(bitrix, "Иван").await?,
        batch::items_of_deal => batch::items_of_deal::run(bitrix, 7).await?,
        batch::related_item => batch::related_item::run(bitrix, 7).await?,
        batch::budget_of_another_deal => {
            batch::budget_of_another_deal::run(bitrix, 2, 4).await?
        },
        batch::comments => batch::comments::run(bitrix).await?,
        batch::numbered => batch::numbered::run(bitrix).await?,
        batch::three_pages => batch::three_pages::run(bitrix).await?,
        batch::contact_by_phone => batch::contact_by_phone::run(bitrix, PHONE).await?,
        bx_rest::call_method => bx_rest::call_method::run(bitrix).await,
        bx_rest::call_batch => bx_rest::call_batch::run(bitrix).await?,
        bx_rest::leads => bx_rest::leads::run(bitrix).await?,
        bx_rest::deals => bx_rest::deals::run(bitrix).await?,
        bx_rest::errors => bx_rest::errors::run(bitrix).await,
        bx_rest::with_retry => bx_rest::with_retry::run(&webhook).await?,
        bx_rest::all_leads => bx_rest::all_leads::run(bitrix).await?,
        bx_rest::kept_leads => bx_rest::kept_leads::run(&webhook).await?,
        bx_rest::lead_with_contact => bx_rest::lead_with_contact::run(bitrix).await?,
        bx_rest::lead_with_related => bx_rest::lead_with_related::run(bitrix, 12).await?,
    );
    server.shut_down().await?;
    Ok(())
}
