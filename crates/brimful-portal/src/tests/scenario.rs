//! A company that works while the portal runs.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::Scenario;

fn living(spec: &str) -> Portal {
    portal(
        PortalConfig::unlimited()
            .rows("user", 5)
            .starts_at_unix(1_777_885_200.0)
            .scenario(Scenario::parse(spec).unwrap()),
    )
}

async fn total(portal: &Portal, method: &str, params: serde_json::Value) -> u64 {
    let heard = call(portal, method, params).await;
    heard.json()["total"].as_u64().unwrap()
}

async fn deals(portal: &Portal) -> serde_json::Value {
    let heard = call(portal, "crm.deal.list", json!({"select": ["*"]})).await;
    heard.result()
}

#[tokio::test(start_paused = true)]
async fn a_company_has_a_history_up_to_now_that_its_seed_makes() {
    let portal = living("sales:days=20; seed=7");
    let leads = total(&portal, "crm.lead.list", json!({})).await;
    let won = json!({"filter": {"STAGE_ID": "WON"}});
    assert!(leads > 100, "{leads}");
    assert!(total(&portal, "crm.deal.list", won).await > 0);
    assert!(total(&portal, "crm.activity.list", json!({})).await > 50);
    let late = json!({"filter": {">DATE_CREATE": "2026-05-04T12:00:01+03:00"}});
    assert_eq!(total(&portal, "crm.lead.list", late).await, 0);
    let same = living("sales:days=20; seed=7");
    assert_eq!(deals(&portal).await, deals(&same).await);
    let other = living("sales:days=20; seed=8");
    assert_ne!(deals(&portal).await, deals(&other).await);
}

#[tokio::test(start_paused = true)]
async fn a_company_goes_on_at_its_pace_by_the_clock_of_the_portal() {
    let portal = living("sales:days=1 pace=3600; seed=7");
    let before = total(&portal, "crm.lead.list", json!({})).await;
    tokio::time::sleep(Duration::from_secs(48)).await;
    let after = total(&portal, "crm.lead.list", json!({})).await;
    // Two days of a company.
    assert!(
        (before + 15..before + 80).contains(&after),
        "{before} {after}"
    );
    let new = call(&portal, "crm.lead.list", json!({"order": {"ID": "DESC"}})).await;
    let created = new.result()[0]["DATE_CREATE"].as_str().unwrap().to_owned();
    assert!(created.starts_with("2026-05-04T12:00:"), "{created}");
}

#[tokio::test(start_paused = true)]
async fn applications_are_told_of_what_a_company_does() {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("user", 5)
            .app(crate::App::new("app.one", "secret", "https://app.test/"))
            .token(crate::AccessToken::new("t0ken", "app.one", 1))
            .scenario(Scenario::parse("sales:days=0 pace=3600; seed=7").unwrap()),
    );
    let bind = "/rest/event.bind?auth=t0ken&event=ONCRMLEADADD&event_type=offline";
    assert_eq!(get(&portal, bind).await.result(), json!(true));
    let living = portal.clone();
    let heart = tokio::spawn(async move { living.keep_living().await });
    tokio::time::sleep(Duration::from_secs(24)).await;
    heart.abort();
    let waiting = get(&portal, "/rest/event.offline.list?auth=t0ken").await;
    assert!(
        waiting.json()["total"].as_u64().unwrap() > 5,
        "{}",
        waiting.body
    );
}

#[tokio::test(start_paused = true)]
async fn an_english_company_has_english_names() {
    let portal = living("sales:language=en days=5; seed=1");
    let heard = call(&portal, "crm.lead.list", json!({"select": ["TITLE"]})).await;
    let rows = heard.result().as_array().unwrap().clone();
    let titles = rows.iter().map(|row| row["TITLE"].as_str().unwrap());
    assert!(titles.into_iter().all(str::is_ascii), "{rows:?}");
}
