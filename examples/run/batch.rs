//! The `batch` page in the documentation of Bitrix24, program by program, on an emulated portal in this process:
//! `cargo run --example batch -- NAME`; without a name, a list of them.

use brimful_examples::portal::{Demo, PHONE};
use brimful_examples::{batch, run_by_name};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let demo = Demo::start().await?;
    run_by_name!("batch",
        by_address => batch::by_address::run(&demo.webhook).await?,
        department => batch::department::run(&demo.client).await?,
        four_commands => batch::four_commands::run(&demo.client, "Иван").await?,
        items_of_deal => batch::items_of_deal::run(&demo.client, 7).await?,
        related_item => batch::related_item::run(&demo.client, 7).await?,
        budget_of_another_deal => batch::budget_of_another_deal::run(&demo.client, 2, 4).await?,
        comments => batch::comments::run(&demo.client).await?,
        numbered => batch::numbered::run(&demo.client).await?,
        three_pages => batch::three_pages::run(&demo.client).await?,
        contact_by_phone => batch::contact_by_phone::run(&demo.client, PHONE).await?,
    );
    demo.stop().await
}
