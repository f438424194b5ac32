use std::time::Duration;

use brimful::list::Tail;
use brimful::{ErrorKind, Limit, Page, Walk};
use brimful_portal::{
    Costs, Fault, FaultRule, FaultTiming, LimiterGeneration, OperatingLimit, PortalConfig,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{
    assert_faults_played, builder, client, ids, ids_page_by_page, portal, scripted, unlimited,
};

fn sparse(rows: u64) -> PortalConfig {
    PortalConfig::unlimited()
        .sparse_rows("crm.lead", rows, 0.3)
        .sparse_rows("crm.deal", 300, 0.3)
}

#[tokio::test(start_paused = true)]
async fn every_row_comes_once_in_id_order() {
    let portal = portal(sparse(12_345));
    let (rows, report) = ids(unlimited(&portal).list("crm.lead.list")).await.unwrap();
    assert_eq!(rows, ids_page_by_page(&portal, "crm.lead.list").await);
    assert_eq!(report.rows, 12_345);
    assert_eq!(report.strategy, "ID lanes");
    assert_eq!(report.complete_to, rows.last().copied());
    assert_eq!(report.retries, 0);
}

#[tokio::test(start_paused = true)]
async fn lists_around_a_page_are_whole() {
    for rows in [0, 1, 49, 50, 51, 99, 100, 101, 2_500, 2_550, 2_551] {
        let portal = portal(PortalConfig::unlimited().rows("crm.lead", rows));
        let (came, _) = ids(unlimited(&portal).list("crm.lead.list")).await.unwrap();
        assert_eq!(came, (1..=rows).collect::<Vec<_>>(), "{rows} rows");
    }
}

#[tokio::test(start_paused = true)]
async fn a_small_list_takes_one_request() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 49));
    let (_, report) = ids(unlimited(&portal).list("crm.lead.list")).await.unwrap();
    assert_eq!((report.requests, report.commands), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn rows_are_passed_on_as_the_portal_wrote_them() {
    let portal = portal(sparse(120));
    let client = unlimited(&portal);
    let mut pages = client
        .list("crm.lead.list")
        .select(["ID", "TITLE", "UF_*"])
        .pages()
        .unwrap();
    let mut rows = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        rows.extend(page.iter().map(|row| row.json.to_owned()));
    }
    let reply = client
        .call(
            "crm.lead.list",
            json!({"select": ["ID", "TITLE", "UF_*"], "order": {"ID": "ASC"}}),
        )
        .await
        .unwrap();
    let direct: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(reply.raw().get()).unwrap();
    assert_eq!(
        rows[..50],
        direct
            .iter()
            .map(|row| row.get().to_owned())
            .collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn typed_rows_are_collected() {
    #[derive(serde::Deserialize)]
    struct Lead {
        #[serde(rename = "ID", deserialize_with = "brimful::protocol::scalar::id")]
        id: u64,
        #[serde(rename = "TITLE")]
        title: String,
    }
    let portal = portal(sparse(777));
    let (leads, report) = unlimited(&portal)
        .list("crm.lead.list")
        .select(["ID", "TITLE"])
        .collect_with_report::<Lead>()
        .await
        .unwrap();
    assert_eq!(leads.len(), 777);
    assert!(leads.windows(2).all(|w| w[0].id < w[1].id));
    assert!(leads.iter().all(|lead| !lead.title.is_empty()));
    assert_eq!(report.rows, 777);
}

#[tokio::test(start_paused = true)]
async fn the_filter_and_the_callers_own_bounds_are_kept() {
    let portal = portal(sparse(5_000));
    let client = unlimited(&portal);
    let all = ids_page_by_page(&portal, "crm.lead.list").await;
    let list = client
        .list("crm.lead.list")
        .filter(json!({">ID": 500, "<=ID": "4000"}));
    let (rows, _) = ids(list).await.unwrap();
    assert_eq!(
        rows,
        all.iter()
            .copied()
            .filter(|id| (501..=4000).contains(id))
            .collect::<Vec<_>>()
    );

    let list = client
        .list("crm.lead.list")
        .params(json!({"FILTER": {"@ID": [all[3], all[77], all[4_000]]}}));
    let (rows, _) = ids(list).await.unwrap();
    assert_eq!(rows, [all[3], all[77], all[4_000]]);
}

#[tokio::test(start_paused = true)]
async fn items_and_tasks_are_walked_by_their_own_spelling_of_the_id() {
    let portal = portal(
        PortalConfig::unlimited()
            .sparse_rows("crm.deal", 3_000, 0.5)
            .rows("tasks.task", 2_700),
    );
    let client = unlimited(&portal);
    let (deals, report) = ids(client.list("crm.item.list").param("entityTypeId", 2))
        .await
        .unwrap();
    assert_eq!(report.strategy, "ID lanes");
    assert_eq!(deals, ids_page_by_page(&portal, "crm.deal.list").await);
    let (tasks, report) = ids(client.list("tasks.task.list").select(["ID", "TITLE"]))
        .await
        .unwrap();
    assert_eq!(report.strategy, "ID lanes");
    assert_eq!(tasks, (1..=2_700).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_walked_by_id_comes_by_counted_pages() {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("user", 420)
            .rows("department", 130),
    );
    let client = unlimited(&portal);
    for (method, rows) in [("user.search", 420), ("department.get", 130)] {
        let (came, report) = ids(client.list(method)).await.unwrap();
        assert_eq!(report.strategy, "counted pages", "{method}");
        assert_eq!(came.len(), rows, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_of_the_callers_is_kept_by_counted_pages() {
    let portal = portal(sparse(1_000));
    let list = unlimited(&portal)
        .list("crm.deal.list")
        .params(json!({"order": {"ID": "DESC"}}));
    let (rows, report) = ids(list).await.unwrap();
    assert_eq!(report.strategy, "counted pages");
    let mut expected = ids_page_by_page(&portal, "crm.deal.list").await;
    expected.reverse();
    assert_eq!(rows, expected);
}

#[tokio::test(start_paused = true)]
async fn rows_deleted_between_counted_pages_do_not_hide_others() {
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 4_000));
    let client = unlimited(&portal);
    let mut pages = client
        .list("crm.deal.list")
        .walk(Walk::Pages)
        .pages()
        .unwrap();
    let first = pages.next_page().await.unwrap().unwrap();
    assert_eq!(first.len(), 50);
    let gone: Vec<u64> = (1..=30).collect();
    for id in &gone {
        client
            .call("crm.deal.delete", json!({"id": id}))
            .await
            .unwrap();
    }
    let mut came: Vec<u64> = first.ids().flatten().collect();
    while let Some(page) = pages.next_page().await.unwrap() {
        came.extend(page.ids().flatten());
    }
    came.sort_unstable();
    assert!(came.windows(2).all(|w| w[0] != w[1]), "each once");
    for id in 31..=4_000 {
        assert!(
            came.binary_search(&id).is_ok(),
            "{id} was there throughout and did not come"
        );
    }
}

/// The central promise: what is there throughout comes exactly once, with the values that the portal has.
#[tokio::test(start_paused = true)]
async fn rows_that_exist_throughout_come_exactly_once_while_others_come_and_go() {
    let portal = portal(sparse(20_000));
    let client = unlimited(&portal);
    let before = ids_page_by_page(&portal, "crm.lead.list").await;
    let mut random = fastrand::Rng::with_seed(11);
    let mut pages = client
        .list("crm.lead.list")
        .select(["ID", "TITLE"])
        .pages()
        .unwrap();
    let mut rows: Vec<(u64, String)> = Vec::new();
    let mut gone = Vec::new();
    let mut added = 0;
    while let Some(page) = pages.next_page().await.unwrap() {
        rows.extend(
            page.iter()
                .map(|row| (row.id.unwrap(), row.json.to_owned())),
        );
        for _ in 0..3 {
            let victim = before[random.usize(..before.len())];
            if client
                .call("crm.lead.delete", json!({"id": victim}))
                .await
                .is_ok()
            {
                gone.push(victim);
            }
            client
                .call("crm.lead.add", json!({"fields": {"TITLE": "new"}}))
                .await
                .unwrap();
            added += 1;
        }
    }
    assert!(
        gone.len() > 500 && added > 500,
        "the portal did change meanwhile"
    );
    assert!(
        rows.windows(2).all(|w| w[0].0 < w[1].0),
        "in ID order, each once"
    );
    let came: std::collections::HashMap<u64, String> = rows.into_iter().collect();
    let lasting: Vec<u64> = before
        .iter()
        .copied()
        .filter(|id| !gone.contains(id))
        .collect();
    for id in &lasting {
        assert!(
            came.contains_key(id),
            "{id} was there throughout and did not come"
        );
    }
    for id in lasting.iter().step_by(50) {
        let reply = client
            .call("crm.lead.get", json!({"id": id}))
            .await
            .unwrap();
        let lead: Value = reply.result().unwrap();
        let row: Value = serde_json::from_str(&came[id]).unwrap();
        assert_eq!(row["TITLE"], lead["TITLE"]);
    }
    let last = before.last().unwrap();
    assert!(
        pages.report().unwrap().complete_to.unwrap() > *last,
        "what was added was swept up"
    );
}

#[tokio::test(start_paused = true)]
async fn the_tail_can_be_left() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 3_000));
    let client = unlimited(&portal);
    let mut pages = client
        .list("crm.lead.list")
        .tail(Tail::Leave)
        .pages()
        .unwrap();
    let mut rows = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        client
            .call("crm.lead.add", json!({"fields": {"TITLE": "late"}}))
            .await
            .unwrap();
        rows.extend(Page::ids(&page).flatten());
    }
    assert_eq!(rows, (1..=3_000).collect::<Vec<_>>());
    assert_eq!(pages.report().unwrap().complete_to, Some(3_000));
}

#[tokio::test(start_paused = true)]
async fn a_line_that_loses_four_replies_in_ten_still_gives_every_row_once() {
    let portal = portal(sparse(40_000));
    let expected = ids_page_by_page(&portal, "crm.lead.list").await;
    for (seed, fault) in [
        Fault::Reset(FaultTiming::BeforeWork),
        Fault::Reset(FaultTiming::AfterWork),
        Fault::Truncated,
        Fault::HalfBody,
        Fault::Html(FaultTiming::AfterWork),
        Fault::Status(502, FaultTiming::AfterWork),
        Fault::Status(500, FaultTiming::BeforeWork),
        Fault::Empty(FaultTiming::AfterWork),
    ]
    .into_iter()
    .enumerate()
    {
        portal
            .faults()
            .add(FaultRule::chance(0.05, seed as u64, fault));
    }
    let (rows, report) = ids(unlimited(&portal).list("crm.lead.list")).await.unwrap();
    assert_eq!(rows, expected);
    assert!(report.retries > 0);
    assert_faults_played(&portal);
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_dies_in_the_middle_gives_an_error_with_what_came_so_far() {
    let portal = portal(sparse(40_000));
    let client = unlimited(&portal);
    let mut pages = client.list("crm.lead.list").pages().unwrap();
    let mut rows = 0;
    let error = loop {
        match pages.next_page().await {
            Ok(Some(page)) => {
                rows += page.len();
                portal.faults().clear();
                portal.faults().add(FaultRule::every(
                    1,
                    Fault::Status(502, FaultTiming::BeforeWork),
                ));
            }
            Ok(None) => panic!("a list cut short ended as if it were whole"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.report().unwrap().rows, rows as u64);
    assert!(
        error
            .to_string()
            .contains("crm.lead.list at https://portal.test/rest/1/…/"),
        "{error}"
    );
    assert!(
        pages.next_page().await.unwrap().is_none(),
        "after the error there is nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn parameters_that_make_no_list_are_refused_by_name() {
    let portal = portal(sparse(10));
    let client = client(&portal);
    for (params, says) in [
        (json!({"start": 50}), "start"),
        (
            json!({"filter": {"STAGE_ID": []}}),
            "STAGE_ID is an empty list",
        ),
        (
            json!({"filter": {"A": {"B": null}}}),
            "null as filter[A][B]",
        ),
        (json!({"filter": {">ID": "many"}}), ">ID"),
        (json!([1, 2]), "[1,2]"),
    ] {
        let error = client
            .list("crm.deal.list")
            .params(params)
            .pages()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(portal.stats().requests, 0);
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_is_a_list_of_groups_is_kept() {
    let portal = portal(PortalConfig::unlimited().rows("crm.deal", 500));
    let list = unlimited(&portal).list("crm.item.list").params(json!({
        "entityTypeId": 2,
        "filter": [{"logic": "OR", "0": {"id": 5}, "1": {"id": 77}}],
    }));
    let (rows, report) = ids(list).await.unwrap();
    assert_eq!(rows, [5, 77]);
    assert_eq!(report.strategy, "ID lanes");
}

#[derive(serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct InProgress {
    status_id: &'static str,
}

#[tokio::test(start_paused = true)]
async fn parameters_are_whatever_can_be_written_as_json() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 120));
    let all = unlimited(&portal).list("crm.lead.list");
    let filter = InProgress { status_id: "NEW" };
    let new: Vec<Value> = all.clone().filter(&filter).collect().await.unwrap();
    let same: Vec<Value> = all
        .filter(json!({"STATUS_ID": "NEW"}))
        .collect()
        .await
        .unwrap();
    assert!(!new.is_empty() && new == same, "{} rows", new.len());
}

#[tokio::test(start_paused = true)]
async fn a_parameter_beside_parameters_that_are_not_an_object_is_an_error() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 10));
    let list = unlimited(&portal).list("crm.lead.list");
    let error = list.params([1, 2]).param("filter", 3).pages().unwrap_err();
    assert!(error.to_string().contains("not an object"), "{error}");
    assert_eq!(portal.stats().requests, 0);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_does_not_fit_is_named_with_its_method_field_and_value() {
    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    struct Lead {
        #[expect(dead_code, reason = "only decoded")]
        title: u64,
    }
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 10));
    let list = unlimited(&portal).list("crm.lead.list");
    let said = list.collect::<Lead>().await.unwrap_err().to_string();
    for part in [
        "crm.lead.list",
        "the row 1",
        "TITLE is \"",
        "brimful::protocol::scalar",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_of_the_wrong_type_is_refused() {
    let portal = portal(sparse(10));
    let error = unlimited(&portal)
        .list("crm.lead.list")
        .filter(json!("STAGE_ID=NEW"))
        .pages()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("filter"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_parameter_of_a_list_by_pages_keeps_its_spelling() {
    let portal = portal(PortalConfig::unlimited().rows("department", 130));
    let list = unlimited(&portal)
        .list("department.get")
        .params(json!({"FILTER": {"ID": 3}}));
    let (rows, _) = ids(list).await.unwrap();
    assert_eq!(rows, [3]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_waits_for_operating_time_ends_at_its_deadline() {
    let costs = Costs {
        call: Duration::from_secs(1),
        ..Costs::default()
    };
    let portal = portal(
        PortalConfig::unlimited()
            .rows("crm.lead", 20_000)
            .costs(costs)
            .operating_limit(OperatingLimit {
                time: Duration::from_secs(60),
                generation: LimiterGeneration::Expiring,
            }),
    );
    let started = Instant::now();
    let client = unlimited(&portal).with_deadline(Duration::from_secs(100));
    let error = ids(client.list("crm.lead.list").select(["ID"]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    assert!(
        started.elapsed() < Duration::from_secs(102),
        "{:?}",
        started.elapsed()
    );
    assert!(error.report().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_list_that_waits_for_its_first_slot_ends_at_its_deadline() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 20_000));
    let client = builder(&portal)
        .limit(Limit::new(1.0, 0.001))
        .build()
        .unwrap();
    client.call("user.current", json!({})).await.unwrap();
    let started = Instant::now();
    let error = ids(client
        .with_deadline(Duration::from_secs(10))
        .list("crm.lead.list"))
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    assert!(
        started.elapsed() < Duration::from_secs(11),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_calls_nothing_that_writes() {
    let client = scripted(|_, _| panic!("nothing is sent")).build().unwrap();
    for method in [
        "crm.item.delete",
        "sonet_group.user.add",
        "vote.AttachedVote.stop",
    ] {
        for walk in [Walk::Auto, Walk::Whole, Walk::Pages] {
            let refused = client.list(method).walk(walk).pages().unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Config);
            assert_eq!(
                refused.to_string(),
                format!(
                    "{method} changes data: a list only reads. Call it with: brimful call {method}"
                )
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_that_returns_no_list_is_refused_with_the_command_that_shows_it() {
    let client = scripted(|_, _| panic!("nothing is sent")).build().unwrap();
    for (method, command) in [
        ("crm.lead.fields", "brimful fields crm.lead"),
        ("user.current", "brimful call user.current"),
        ("server.time", "brimful call server.time"),
        ("crm.item.get", "brimful call crm.item.get"),
    ] {
        let refused = client.list(method).pages().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config);
        let said = refused.to_string();
        assert!(said.contains("does not return a list"), "{said}");
        assert!(said.ends_with(command), "{said}");
    }
}
