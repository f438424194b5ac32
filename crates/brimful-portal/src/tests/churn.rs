//! What other people do to the rows while a client reads them.

use std::time::Duration;

use super::*;
use crate::context::churn::{Churn, ChurnAction};
use crate::context::settings::Costs;
use crate::data::DataError;

fn with(churn: &str) -> Portal {
    let config = PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .rows("lead", 500);
    portal(config.churn(Churn::parse(churn).unwrap()))
}

/// The IDs and titles of all leads.
async fn leads(portal: &Portal) -> Vec<(u64, String)> {
    let mut leads: Vec<(u64, String)> = Vec::new();
    loop {
        let after = leads.last().map_or(0, |lead| lead.0);
        let params = json!({ "filter": { ">ID": after }, "select": ["ID", "TITLE"], "start": -1 });
        let page = call(portal, "crm.lead.list", params).await.result();
        let page = page.as_array().unwrap();
        let text = |row: &Json, name: &str| row[name].as_str().unwrap().to_owned();
        leads.extend(
            page.iter()
                .map(|row| (text(row, "ID").parse().unwrap(), text(row, "TITLE"))),
        );
        if page.len() < 50 {
            return leads;
        }
    }
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn rows_come_change_and_go_so_often_a_second_by_the_portals_clock() {
    let portal = with("lead:insert=5 update=2 delete=1; seed=7");
    let before = leads(&portal).await;
    assert_eq!(
        leads(&portal).await,
        before,
        "while the clock stands nothing changes"
    );
    pass(10).await;
    let after = leads(&portal).await;
    assert_eq!(after.len(), 500 + 50 - 10);
    assert_eq!(portal.stats().churned, 80);
    let new = after
        .iter()
        .filter(|(_, title)| title.starts_with("New "))
        .count();
    let changed = after
        .iter()
        .filter(|(_, title)| title.starts_with("Changed "))
        .count();
    assert!(
        (40..=50).contains(&new) && (15..=20).contains(&changed),
        "{new} {changed}"
    );
    assert!(
        after.iter().any(|(id, _)| *id == 550),
        "new rows come above the highest ID"
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_does_the_same_however_often_the_portal_is_asked() {
    let often = with("lead:insert=3 update=7 delete=2; seed=7");
    for _ in 0..30 {
        pass(1).await;
        call(&often, "profile", json!({})).await;
    }
    let once = with("lead:insert=3 update=7 delete=2; seed=7");
    let other = with("lead:insert=3 update=7 delete=2; seed=8");
    pass(30).await;
    // The first portal is 30 seconds older than the others by now.
    let (once, other) = (leads(&once).await, leads(&other).await);
    often.set_churn(Churn::new()).unwrap();
    assert_eq!(leads(&often).await, once);
    assert_ne!(once, other);
}

#[tokio::test(start_paused = true)]
async fn rows_change_between_the_commands_of_a_batch() {
    let costs = Costs {
        call: Duration::from_secs(1),
        ..Costs::default()
    };
    let config = PortalConfig::unlimited().rows("lead", 5).costs(costs);
    let portal = portal(config.churn(Churn::new().with("lead", ChurnAction::Insert, 1.0)));
    let count = command("crm.lead.list", json!({ "select": ["ID"] }));
    let totals = batch(&portal, json!([count, count, count])).await["result_total"].clone();
    assert_eq!(totals, json!([5, 6, 7]));
}

#[tokio::test(start_paused = true)]
async fn every_entity_can_churn_and_users_are_not_deleted() {
    let mut config = PortalConfig::unlimited();
    let entities = [
        "lead",
        "deal",
        "contact",
        "company",
        "task",
        "activity",
        "department",
        "128",
        "1032",
        "user",
    ];
    let mut churn = Churn::new();
    for entity in entities {
        config = config.rows(entity, 3);
        for change in [
            ChurnAction::Insert,
            ChurnAction::Update,
            ChurnAction::Delete,
        ] {
            if (entity, change) != ("user", ChurnAction::Delete) {
                churn = churn.with(entity, change, 1.0);
            }
        }
    }
    let portal = portal(config.churn(churn));
    pass(5).await;
    call(&portal, "profile", json!({})).await;
    assert_eq!(portal.stats().churned, 5 * (9 * 3 + 2));
    let refused = Churn::parse("user:delete=1").unwrap();
    let error = portal.set_churn(refused).unwrap_err();
    assert_eq!(error, DataError::UnknownEntity("user".to_owned()));
    let unknown = PortalConfig::new().churn(Churn::parse("invoice:insert=1").unwrap());
    assert!(Portal::new(unknown).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_table_that_runs_empty_stays_empty() {
    let portal = with("lead:delete=1000");
    pass(10).await;
    assert_eq!(leads(&portal).await, []);
    assert_eq!(portal.stats().churned, 500);
}

#[tokio::test(start_paused = true)]
async fn after_a_long_sleep_only_the_last_changes_are_made() {
    let portal = with("lead:update=10000");
    pass(86_400).await;
    call(&portal, "crm.lead.list", json!({})).await;
    assert_eq!(portal.stats().churned, 100_000);
}
