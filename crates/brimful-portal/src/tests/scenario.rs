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

async fn rows(portal: &Portal, method: &str, params: serde_json::Value) -> Vec<serde_json::Value> {
    let mut rows = Vec::new();
    loop {
        let mut params = params.clone();
        params["start"] = json!(rows.len());
        let heard = call(portal, method, params).await.json();
        rows.extend(heard["result"].as_array().unwrap().iter().cloned());
        if heard["next"].is_null() {
            return rows;
        }
    }
}

fn text(row: &serde_json::Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(start_paused = true)]
async fn those_who_buy_are_companies_with_contacts_and_some_buy_again() {
    let portal = living("sales:days=30; seed=7");
    let all = json!({"select": ["*", "EMAIL", "PHONE"]});
    let companies = rows(&portal, "crm.company.list", all.clone()).await;
    let titles: std::collections::BTreeSet<String> =
        companies.iter().map(|row| text(row, "TITLE")).collect();
    assert!(titles.len() > 5, "{titles:?}");
    assert_eq!(titles.len(), companies.len(), "a company is there once");
    for contact in rows(&portal, "crm.contact.list", all.clone()).await {
        assert_ne!(text(&contact, "COMPANY_ID"), "", "{contact}");
        assert!(contact["EMAIL"][0]["VALUE"].is_string(), "{contact}");
    }
    let deals = rows(&portal, "crm.deal.list", json!({"select": ["*"]})).await;
    let mut by_contact = std::collections::BTreeMap::new();
    for deal in &deals {
        assert!(
            titles.contains(text(deal, "TITLE").split_once(": ").unwrap().1),
            "{deal}"
        );
        assert_ne!(text(deal, "LEAD_ID"), "", "{deal}");
        assert_ne!(text(deal, "OPPORTUNITY"), "0.00", "{deal}");
        *by_contact.entry(text(deal, "CONTACT_ID")).or_insert(0) += 1;
        if text(deal, "STAGE_ID") == "WON" {
            assert_eq!(
                text(deal, "CLOSEDATE")[..10],
                text(deal, "DATE_MODIFY")[..10],
                "{deal}"
            );
        }
    }
    assert!(
        by_contact.values().any(|deals| *deals > 1),
        "{by_contact:?}"
    );
    let products = call(
        &portal,
        "crm.deal.productrows.get",
        json!({"id": deals[0]["ID"]}),
    )
    .await;
    let row = &products.result()[0];
    assert_ne!(row["PRODUCT_ID"].as_i64(), Some(0), "{row}");
}

#[tokio::test(start_paused = true)]
async fn people_work_by_day_and_the_funnel_has_leads_in_every_stage() {
    let portal = living("sales:days=30; seed=7");
    let leads = rows(&portal, "crm.lead.list", json!({"select": ["*"]})).await;
    for status in ["NEW", "IN_PROCESS", "PROCESSED", "CONVERTED", "JUNK"] {
        assert!(
            leads.iter().any(|lead| lead["STATUS_ID"] == status),
            "{status}"
        );
    }
    let converted = leads.iter().filter(|lead| lead["STATUS_ID"] == "CONVERTED");
    for lead in converted {
        assert!(!text(lead, "DATE_CLOSED").is_empty(), "{lead}");
        // Moscow's time; steps of the last hours are moved to before now.
        let hour: u32 = text(lead, "DATE_CLOSED")[11..13].parse().unwrap();
        assert!((9..18).contains(&hour), "{lead}");
    }
    let calls = rows(&portal, "voximplant.statistic.get", json!({})).await;
    let types: std::collections::BTreeSet<String> =
        calls.iter().map(|row| text(row, "CALL_TYPE")).collect();
    assert_eq!(types.into_iter().collect::<Vec<_>>(), ["1", "2"]);
    assert!(
        calls.iter().all(|row| !row["CRM_ACTIVITY_ID"].is_null()),
        "{calls:?}"
    );
    let task = json!({"select": ["ID", "DEADLINE", "DESCRIPTION", "UF_CRM_TASK"]});
    let tasks = call(&portal, "tasks.task.list", task).await.result();
    let task = &tasks["tasks"][0];
    assert!(
        task["deadline"].is_string() && task["description"] != "",
        "{task}"
    );
    assert!(
        text(&task["ufCrmTask"], "0").starts_with("D_") || task["ufCrmTask"][0].is_string(),
        "{task}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_staff_of_a_company_has_names_of_one_language_one_director_and_a_head_of_sales() {
    for (spec, director) in [
        ("sales:days=0; seed=7", "Генеральный директор"),
        ("sales:language=en days=0; seed=7", "Managing director"),
    ] {
        let portal = living(spec);
        let users = rows(&portal, "user.get", json!({})).await;
        let posts: Vec<String> = users.iter().map(|row| text(row, "WORK_POSITION")).collect();
        assert_eq!(
            posts.iter().filter(|post| *post == director).count(),
            1,
            "{posts:?}"
        );
        let is_english = director.is_ascii();
        for user in &users {
            assert_eq!(text(user, "LAST_NAME").is_ascii(), is_english, "{user}");
        }
        let departments = call(&portal, "department.get", json!({})).await.result();
        let heads: Vec<String> = departments
            .as_array()
            .unwrap()
            .iter()
            .take(2)
            .map(|row| text(row, "UF_HEAD"))
            .collect();
        assert_eq!(heads, ["1", "2"], "{departments}");
    }
}
