//! How many requests a list of tasks takes, by REST 3.0 and by the older REST, against what is allowed.

use brimful::Client;
use brimful::tasks::{Field, RestVersion};
use brimful_portal::{Portal, PortalConfig};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const TASKS: u64 = 100_000;

pub(crate) async fn run() -> Result<(), Failure> {
    println!("tasks: {TASKS} of them, with the fields that are usually asked for");
    for gaps in [0.0, 0.3, 0.9] {
        let config = PortalConfig::unlimited().sparse_rows("tasks.task", TASKS, gaps);
        let server = Portal::new(config)?.bind("127.0.0.1:0").await?;
        for rest in [RestVersion::Rest3, RestVersion::Rest2] {
            // With a limit the client keeps little in flight, and here it is never reached.
            let generous = brimful::Limit {
                burst: 1e6,
                ..brimful::Limit::STANDARD
            };
            let client = Client::builder(server.webhook_url())
                .limit(generous)
                .build()?;
            let list = client
                .tasks()
                .list()
                .select(Field::USUAL)
                .rest_version(rest);
            let mut pages = list.pages().await?;
            let mut rows = 0;
            while let Some(page) = pages.next_page().await? {
                rows += page.len() as u64;
            }
            if rows != TASKS {
                return Err(format!("{rows} tasks of {TASKS}").into());
            }
            let requests = pages.report().map_or(0, |report| report.list.requests);
            let allowed = match rest {
                RestVersion::Rest3 => TASKS as f64 / 1000.0 + 2.0,
                RestVersion::Rest2 => 1.05 * TASKS as f64 / 2500.0 + 3.0,
            };
            println!(
                "  {:.0} % of the IDs missing, by {rest}: {requests:>3} requests ({:.3} of the {allowed} allowed)",
                gaps * 100.0,
                requests as f64 / allowed
            );
        }
        server.shut_down().await?;
    }
    Ok(())
}
