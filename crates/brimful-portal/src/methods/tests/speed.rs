//! How fast lists are. Run with `cargo test --release -p brimful-portal -- --ignored --nocapture speed`.

use std::time::Duration;

use tokio::time::Instant;

use super::Portal;

const TWELVE: &str = "select[]=ID&select[]=TITLE&select[]=STAGE_ID&select[]=OPPORTUNITY&select[]=CURRENCY_ID\
    &select[]=ASSIGNED_BY_ID&select[]=CONTACT_ID&select[]=COMPANY_ID&select[]=DATE_CREATE&select[]=DATE_MODIFY\
    &select[]=COMMENTS&select[]=OPENED";

#[test]
#[ignore = "prints times, asserts nothing"]
fn speed_of_lists() {
    for gaps in [0.0, 0.5] {
        let started = Instant::now();
        let mut portal = Portal::with(&[
            ("deal", 10_000_000, gaps),
            ("contact", 1_000_000, gaps),
            ("company", 100_000, gaps),
            ("task", 1_000_000, gaps),
        ]);
        println!("start with gaps {gaps}: {:?}", started.elapsed());
        for (method, params) in [
            ("crm.deal.list", "select[]=ID".to_owned()),
            ("crm.deal.list", TWELVE.to_owned()),
            ("crm.deal.list", "select[]=*&select[]=UF_*".to_owned()),
            (
                "crm.contact.list",
                "select[]=ID&select[]=NAME&select[]=PHONE&select[]=EMAIL".to_owned(),
            ),
        ] {
            let pages = 10;
            let mut bytes = 0;
            let mut best = Duration::MAX;
            for _ in 0..400 {
                let started = Instant::now();
                bytes = 0;
                for page in 0..pages {
                    let from = page * 211;
                    let upto = from + 5_000;
                    let params =
                        format!("{params}&filter[>ID]={from}&filter[<=ID]={upto}&start=-1");
                    bytes += portal
                        .call(method, &params)
                        .map_or(0, |output| output.json.len());
                }
                best = best.min(started.elapsed() / pages);
            }
            let row = best / 50;
            println!(
                "{method} {:>4} bytes a row: {best:?} a page, {row:?} a row",
                bytes as u32 / pages / 50
            );
        }
        for (method, params) in [
            ("crm.deal.list", "start=5000000"),
            ("crm.deal.list", "filter[STAGE_ID]=WON"),
            ("crm.deal.list", "filter[>DATE_CREATE]=2023-01-01"),
            ("crm.deal.list", "filter[%25TITLE]=crm&filter[<ID]=1000000"),
            ("crm.deal.list", "order[DATE_MODIFY]=DESC"),
        ] {
            let started = Instant::now();
            let (_, _, total) = portal.page(method, params);
            println!("{method}?{params}: {total:?} in {:?}", started.elapsed());
        }
    }
}
