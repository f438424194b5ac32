//! How many requests a list of R7-Office takes, against the fewest that pages of 1000 allow when each is a request.

use brimful_portal::{Portal, PortalConfig};
use brimful_r7::{Client, Credential};
use brimful_r7_portal::R7Config;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const PEOPLE: u64 = 10_000;

pub(crate) async fn run() -> Result<(), Failure> {
    println!("r7: people by batches of pages of 1000");
    let portal = Portal::new(PortalConfig::new().extension(R7Config::new().people(PEOPLE)))?;
    let server = portal.bind("127.0.0.1:0").await?;
    for pages in [1, 4, 10] {
        let client = Client::builder(server.origin())
            .credential(Credential::token("demo"))
            .build()?;
        let mut people = client
            .list("people/filter")
            .pages_per_request(pages)
            .pages()?;
        let mut rows = 0;
        while let Some(page) = people.next_page().await? {
            rows += page.len() as u64;
        }
        if rows != PEOPLE {
            return Err(format!("{rows} people of {PEOPLE}").into());
        }
        let allowed = PEOPLE / 1000 + 2;
        println!(
            "  {rows} people, {pages:>2} pages to a request: {:>2} requests ({:.2} of the {allowed} allowed)",
            client.requests_sent(),
            client.requests_sent() as f64 / allowed as f64
        );
    }
    server.shut_down().await?;
    Ok(())
}
