//! Lists by ID on portals whose pages are shorter than they ought to be: whole all the same, and the report says what
//! is not shown.

use std::time::Duration;

use brimful_portal::{Fault, FaultRule, HiddenRows, Portal, PortalConfig};

use crate::support::{client, ids, portal};

fn hiding(entity: &str, rows: u64, hidden: &str) -> Portal {
    portal(
        PortalConfig::new()
            .rows(entity, rows)
            .latency(Duration::from_millis(50))
            .hide(HiddenRows::parse(hidden).unwrap()),
    )
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_batch_that_arrives_empty_once_costs_no_row() {
    for spoilt in [0, 1, 2, 7, 60, 130, 200, 300, 399] {
        let portal = portal(PortalConfig::new().rows("lead", 20_000));
        portal.faults().add(
            FaultRule::every(1, Fault::EmptyPage)
                .on("crm.lead.list")
                .after(spoilt)
                .times(1),
        );
        let (came, report) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
            .await
            .unwrap();
        assert_eq!(came, (1..=20_000).collect::<Vec<_>>(), "page {spoilt}");
        assert_eq!(report.hidden, 0, "page {spoilt}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_loses_some_rows_once_costs_no_row() {
    for spoilt in [0, 1, 5, 80, 250] {
        let portal = portal(PortalConfig::new().rows("lead", 20_000));
        portal.faults().add(
            FaultRule::every(1, Fault::ShortPage)
                .on("crm.lead.list")
                .after(spoilt)
                .times(1),
        );
        let (came, _) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
            .await
            .unwrap();
        assert_eq!(came, (1..=20_000).collect::<Vec<_>>(), "page {spoilt}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_row_that_rights_take_out_of_a_page_hides_no_other() {
    for hidden in 1..=230 {
        let portal = hiding("lead", 230, &hidden.to_string());
        let (came, _) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
            .await
            .unwrap();
        let seen: Vec<u64> = (1..=230).filter(|id| *id != hidden).collect();
        assert_eq!(came, seen, "row {hidden} is hidden");
    }
}

#[tokio::test(start_paused = true)]
async fn neighbours_that_are_not_shown_are_counted_and_the_others_come() {
    let portal = hiding("lead", 3_000, "1000-1299");
    let (came, report) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
        .await
        .unwrap();
    let seen: Vec<u64> = (1..1_000).chain(1_300..=3_000).collect();
    assert_eq!(came, seen);
    assert_eq!(report.hidden, 300);
}

#[tokio::test(start_paused = true)]
async fn tasks_of_which_one_in_97_is_hidden_take_at_most_half_as_many_requests_again() {
    let requests = async |hidden: &str| {
        let portal = hiding("task", 20_000, hidden);
        let (came, report) = ids(client(&portal).list("tasks.task.list").select(["ID"]))
            .await
            .unwrap();
        (came.len(), report)
    };
    let hidden: Vec<String> = (1..=20_000).step_by(97).map(|id| id.to_string()).collect();
    let (rows, clean) = requests("").await;
    assert_eq!(rows, 20_000);
    let (rows, report) = requests(&hidden.join(",")).await;
    assert_eq!(rows, 20_000 - hidden.len());
    assert_eq!(report.hidden, hidden.len() as u64);
    assert!(
        report.requests as f64 <= 1.5 * clean.requests as f64,
        "{} requests, {} for a clean list",
        report.requests,
        clean.requests
    );
}

#[tokio::test(start_paused = true)]
async fn a_verified_list_names_the_ranges_that_were_counted() {
    let portal = portal(PortalConfig::new().rows("lead", 10_000));
    let list = client(&portal).list("crm.lead.list").select(["ID"]);
    let (came, report) = ids(list.verify()).await.unwrap();
    assert_eq!(came.len(), 10_000);
    let verification = report.verification.unwrap();
    assert!(verification.ranges >= 2, "{verification:?}");
    assert_eq!(verification.differences, []);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_not_walked_by_id_cannot_be_verified() {
    let portal = portal(PortalConfig::new().rows("lead", 100));
    let list = client(&portal)
        .list("crm.lead.list")
        .param("order", serde_json::json!({"TITLE": "ASC"}));
    let refused = ids(list.verify()).await.unwrap_err();
    assert!(
        refused.to_string().contains("not walked by ID"),
        "{refused}"
    );
}
