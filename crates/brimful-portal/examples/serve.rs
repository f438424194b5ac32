//! The portals that `interop/run` lets other people's clients loose on, each over http and over https.
//!
//!     cargo run -p brimful-portal --example serve -- CA_FILE
//!
//! writes the authority's certificate to the file and one line of JSON to standard output,
//! `{"ca": …, "portal": {"http": …, "https": …}, …}`, and ends when standard input does. Every row is a function of its
//! ID, so that a client's checks can say what has to come.

use std::error::Error;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::time::Duration;

use brimful_portal::{
    AccessToken, Costs, LimiterGeneration, OperatingLimit, Portal, PortalConfig, RateLimit, Server,
    Tls, Webhook,
};
use serde_json::{Map, Value, json};

type Row = Map<String, Value>;

const LEADS: u64 = 1234;
const CONTACTS: u64 = 60;
const TASKS: u64 = 175;
const ITEMS: u64 = 120;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let ca = std::env::args().nth(1).ok_or("usage: serve CA_FILE")?;
    let tls = Tls::made_for(["localhost", "127.0.0.1"])?;
    tls.write_ca(&ca)?;
    let mut said = json!({ "ca": ca });
    let mut servers = Vec::new();
    let mut home = String::new();
    for (name, config) in portals() {
        // The portal that was renamed is the first one now.
        let config = if name == "moved" {
            config.moved_to(home.clone())
        } else {
            config
        };
        let portal = Portal::new(config)?;
        let here = (Ipv4Addr::LOCALHOST, 0);
        let plain = portal.bind(here).await?;
        let secure = portal.bind_tls(here, tls.clone()).await?;
        if home.is_empty() {
            home = secure.origin();
        }
        said[name] = json!({ "http": plain.webhook_url(), "https": secure.webhook_url() });
        servers.extend([plain, secure]);
    }
    writeln!(io::stdout(), "{said}")?;
    // The program that started this one holds the other end of standard input: when it ends, so does the portal.
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    servers.into_iter().for_each(drop::<Server>);
    Ok(())
}

fn portals() -> [(&'static str, PortalConfig); 4] {
    [
        // All that there is to ask for, and nothing that holds callers back.
        ("portal", with_data(PortalConfig::unlimited())),
        // Five requests at once and twenty a second: a bucket that is full in no time, and empty again.
        (
            "limited",
            with_data(PortalConfig::unlimited()).rate_limit(RateLimit::new(5.0, 20.0)),
        ),
        ("moved", PortalConfig::unlimited()),
        // A call takes 0.15 seconds, and after more than 0.25 of a method it is blocked.
        (
            "operating",
            with_data(PortalConfig::unlimited())
                .costs(Costs {
                    call: Duration::from_millis(150),
                    ..Costs::default()
                })
                .operating_limit(OperatingLimit {
                    time: Duration::from_millis(250),
                    generation: LimiterGeneration::Expiring,
                }),
        ),
    ]
}

fn with_data(config: PortalConfig) -> PortalConfig {
    config
        .webhook(Webhook::new(1, "narrow").scopes(["user"]))
        .token(AccessToken::new("good-token", "local.interop", 1))
        .token(AccessToken::new("old-token", "local.interop", 1).lifetime(Duration::ZERO))
        .load("lead", (0..LEADS).map(lead).collect())
        .load("contact", (1..=CONTACTS).map(contact).collect())
        .load("task", (1..=TASKS).map(task).collect())
        .load("1032", (1..=ITEMS).map(item).collect())
        .rows("deal", 250)
        .rows("company", 50)
        .rows("user", 12)
        .rows("department", 75)
}

/// IDs 1, 4, 7… to 3,700.
fn lead(place: u64) -> Row {
    let id = 3 * place + 1;
    let status = ["NEW", "IN_PROCESS", "CONVERTED"][(place % 3) as usize];
    row(json!({
        "ID": id,
        "TITLE": format!("Lead {id}"),
        "NAME": format!("Имя {id} <b>&\"'/"),
        "STATUS_ID": status,
        "OPPORTUNITY": format!("{id}.50"),
        "CURRENCY_ID": "RUB",
    }))
}

fn contact(id: u64) -> Row {
    row(json!({
        "ID": id,
        "NAME": format!("Contact {id}"),
        "PHONE": [{ "ID": (1000 + id).to_string(), "VALUE_TYPE": "WORK", "VALUE": format!("+7900{id:07}"), "TYPE_ID": "PHONE" }],
    }))
}

fn task(id: u64) -> Row {
    row(
        json!({ "ID": id, "TITLE": format!("Task {id}"), "RESPONSIBLE_ID": 1, "CREATED_BY": 1, "STATUS": 2 }),
    )
}

fn item(id: u64) -> Row {
    row(json!({ "ID": id, "TITLE": format!("Item {id}"), "OPPORTUNITY": id * 10 }))
}

fn row(fields: Value) -> Row {
    match fields {
        Value::Object(fields) => fields,
        _ => Row::new(),
    }
}
