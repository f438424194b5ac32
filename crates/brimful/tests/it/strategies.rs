//! Every way of walking a list, against the emulator.

use std::time::Duration;

use brimful::{ErrorKind, Proof, Walk};
use brimful_portal::{Costs, Fault, FaultRule, FaultTiming, PortalConfig};
use serde_json::{Map, Value, json};

use crate::support::{assert_faults_played, client, ids, ids_page_by_page, portal, unlimited};

#[tokio::test(start_paused = true)]
async fn a_list_walked_by_id_is_the_same_in_every_way_and_says_up_to_where_it_is_complete() {
    let portal = portal(PortalConfig::unlimited().sparse_rows("crm.lead", 3_210, 0.3));
    let expected = ids_page_by_page(&portal, "crm.lead.list").await;
    for (walk, name) in [
        (Walk::Auto, "ID lanes"),
        (Walk::Lanes, "ID lanes"),
        (Walk::Chain, "chain by ID"),
        (Walk::Windows, "ID windows"),
    ] {
        let list = unlimited(&portal).list("crm.lead.list").walk(walk);
        let (rows, report) = ids(list).await.unwrap();
        assert_eq!(rows, expected, "{name}");
        assert_eq!(report.strategy, name);
        let last = *expected.last().unwrap();
        assert_eq!(report.proof, Proof::UpTo(last));
        let resume = report.resume.unwrap();
        assert_eq!(
            (resume.after, resume.filter.as_deref()),
            (last, Some(">ID"))
        );
        assert!(report.as_of.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn lists_by_the_places_of_their_pages_say_that_the_portal_counts_as_many_rows() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 420));
    for (walk, name) in [
        (Walk::Pages, "counted pages"),
        (Walk::Next, "pages by next"),
    ] {
        let list = unlimited(&portal).list("crm.lead.list").walk(walk);
        let (mut rows, report) = ids(list).await.unwrap();
        rows.sort_unstable();
        assert_eq!(rows, (1..=420).collect::<Vec<_>>());
        assert_eq!(report.strategy, name);
        assert_eq!((report.proof, report.resume), (Proof::Counted(420), None));
    }
}

#[tokio::test(start_paused = true)]
async fn users_are_walked_by_id_with_the_two_words_that_they_are_sorted_by() {
    let portal = portal(PortalConfig::unlimited().sparse_rows("user", 420, 0.2));
    let client = unlimited(&portal);
    let (all, report) = ids(client.list("user.get")).await.unwrap();
    assert_eq!((report.strategy, all.len()), ("ID lanes", 420));
    assert!(all.is_sorted());
    let list = client
        .list("user.get")
        .params(json!({"filter": {">ID": 100}, "sort": "ID", "order": "asc"}));
    let (some, report) = ids(list).await.unwrap();
    assert_eq!(report.strategy, "ID lanes");
    assert_eq!(
        some,
        all.iter()
            .copied()
            .filter(|id| *id > 100)
            .collect::<Vec<_>>()
    );
    // A condition beside the filter counts for nothing as soon as there is one.
    for params in [
        json!({">ID": 100}),
        json!({"sort": "LAST_NAME", "order": "ASC"}),
    ] {
        let (_, report) = ids(client.list("user.get").params(params)).await.unwrap();
        assert_eq!(report.strategy, "counted pages");
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_of_rest_3_come_by_ranges_of_ids_a_thousand_at_a_time() {
    let portal = portal(
        PortalConfig::new()
            .sparse_rows("tasks.task", 20_000, 0.4)
            .latency(Duration::from_millis(30)),
    );
    let client = client(&portal);
    let list = client.rest3().list("tasks.task.list").select(["title"]);
    let (rows, report) = ids(list).await.unwrap();
    let (older, _) = ids(client.list("tasks.task.list").select(["ID"]))
        .await
        .unwrap();
    assert_eq!(rows, older);
    assert_eq!((report.strategy, rows.len()), ("ID lanes", 20_000));
    assert!(report.requests <= 28, "{}", report.requests);
    assert_eq!(portal.stats().refusals(), 0);
}

#[tokio::test(start_paused = true)]
async fn where_requests_are_limited_sparse_tasks_take_no_more_of_them_than_dense_ones() {
    for gaps in [0.0, 0.3, 0.9] {
        let config = PortalConfig::new()
            .sparse_rows("tasks.task", 20_000, gaps)
            .latency(Duration::from_millis(100));
        let portal = portal(config);
        let list = client(&portal).rest3().list("tasks.task.list");
        let (rows, report) = ids(list.select(["title"])).await.unwrap();
        assert_eq!(rows.len(), 20_000);
        let requests = report.requests;
        assert!(requests <= 22, "{requests} with {gaps} of the IDs missing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_of_rest_3_is_kept_be_it_a_list_or_a_group() {
    let portal = portal(PortalConfig::unlimited().rows("eventlog", 2_500));
    let client = unlimited(&portal);
    for filter in [
        json!([["id", ">", 100]]),
        json!({"logic": "and", "conditions": [["id", ">", 100]]}),
    ] {
        let list = client.list("main.eventlog.list").filter(filter.clone());
        match ids(list).await {
            Ok((rows, _)) => assert_eq!(rows, (101..=2_500).collect::<Vec<_>>(), "{filter}"),
            Err(error) => panic!("{filter}: {error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tail_goes_up_its_cursor_from_the_row_that_is_named() {
    let portal = portal(PortalConfig::unlimited().rows("eventlog", 2_500));
    let client = unlimited(&portal);
    let (rows, report) = ids(client.list("main.eventlog.tail")).await.unwrap();
    assert_eq!(rows, (1..=2_500).collect::<Vec<_>>());
    assert_eq!(
        (report.strategy, report.proof),
        ("tail", Proof::UpTo(2_500))
    );
    let (rows, _) = ids(client.list("main.eventlog.tail").resume_after(2_400))
        .await
        .unwrap();
    assert_eq!(rows, (2_401..=2_500).collect::<Vec<_>>());
    let cursor = json!({"field": "id", "value": 2_450});
    let (rows, _) = ids(client.list("main.eventlog.tail").param("cursor", cursor))
        .await
        .unwrap();
    assert_eq!(rows, (2_451..=2_500).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn older_task_methods_come_by_the_pages_of_nav_params() {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("tasks.task", 10)
            .rows("elapsed", 330),
    );
    let client = unlimited(&portal);
    let (rows, report) = ids(client.list("task.elapseditem.getlist")).await.unwrap();
    assert_eq!(rows, (1..=330).collect::<Vec<_>>());
    assert_eq!(report.proof, Proof::EqualPasses(330));
    let list = client
        .list("task.elapseditem.getlist")
        .params(json!([{"ID": "desc"}, {">ID": 100}, ["ID", "SECONDS"]]));
    let (mut rows, _) = ids(list).await.unwrap();
    assert_eq!(rows[0], 330);
    rows.reverse();
    assert_eq!(rows, (101..=330).collect::<Vec<_>>());
    let list = client
        .list("task.elapseditem.getlist")
        .params(json!({"TASKID": 3, "FILTER": {}}));
    let (of_one, _) = ids(list).await.unwrap();
    assert!(!of_one.is_empty() && of_one.len() < 330);
}

#[tokio::test(start_paused = true)]
async fn tasks_of_the_oldest_methods_come_whole_too() {
    let portal = portal(PortalConfig::unlimited().rows("tasks.task", 170));
    let client = unlimited(&portal);
    for method in ["task.item.list", "task.items.getlist"] {
        let (rows, _) = ids(client.list(method)).await.unwrap();
        assert_eq!(rows, (1..=170).collect::<Vec<_>>(), "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_an_older_task_method_does_not_have_is_named() {
    let portal = portal(PortalConfig::unlimited().rows("elapsed", 10));
    let list = unlimited(&portal)
        .list("task.elapseditem.getlist")
        .param("FITLER", json!({}));
    let error = list.pages().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("FITLER"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_chat_come_from_the_last_to_the_first() {
    let portal = portal(
        PortalConfig::unlimited()
            .rows("user", 5)
            .rows("chat", 2)
            .rows("message", 500),
    );
    let client = unlimited(&portal);
    let list = client
        .list("im.dialog.messages.get")
        .param("DIALOG_ID", "chat1");
    let (rows, report) = ids(list).await.unwrap();
    assert!(rows.len() > 100 && rows.is_sorted_by(|one, next| one > next));
    assert_eq!(report.strategy, "pages by cursor");
    assert_eq!(report.proof, Proof::UpTo(rows[0]));
    assert_eq!(report.resume.unwrap().after, rows[0]);
    let list = client
        .list("im.dialog.messages.get")
        .param("DIALOG_ID", "chat1")
        .resume_after(rows[99]);
    let (rest, _) = ids(list).await.unwrap();
    assert_eq!(rest, rows[..99]);
}

#[tokio::test(start_paused = true)]
async fn recent_chats_come_by_limit_and_offset() {
    let portal = portal(PortalConfig::unlimited().rows("user", 5).rows("chat", 130));
    let mut pages = unlimited(&portal).list("im.recent.list").pages().unwrap();
    let mut rows = 0;
    while let Some(page) = pages.next_page().await.unwrap() {
        rows += page.len();
    }
    assert_eq!(rows, 130);
    assert_eq!(pages.report().unwrap().strategy, "pages");
}

fn rows(count: u64) -> Vec<Map<String, Value>> {
    (1..=count)
        .map(
            |id| match json!({"ID": id.to_string(), "TITLE": format!("Page {id}")}) {
                Value::Object(row) => row,
                _ => Map::new(),
            },
        )
        .collect()
}

#[tokio::test(start_paused = true)]
async fn limit_and_offset_inside_of_a_parameter_are_found_by_the_catalogue() {
    for count in [0, 12, 50, 130] {
        let config = PortalConfig::unlimited().load_rows_of("im.search.chat.list", rows(count));
        let list = unlimited(&portal(config)).list("im.search.chat.list");
        let (came, _) = ids(list.param("FIND", "Page")).await.unwrap();
        assert_eq!(came, (1..=count).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_pages_is_what_one_call_returns() {
    let stages = json!({"20": {"ID": "20", "TITLE": "Done"}, "9": {"ID": "9", "TITLE": "New"}});
    let portal = portal(
        PortalConfig::unlimited()
            .rows("crm.deal", 60)
            .reply("task.stages.get", stages),
    );
    let client = unlimited(&portal);
    let list = client.list("task.stages.get").param("entityId", 0);
    let (rows, report) = ids(list).await.unwrap();
    assert_eq!(rows, [9, 20], "a map has no order but that of its IDs");
    assert_eq!(
        (report.strategy, report.proof),
        ("one call", Proof::OneReply)
    );
    assert_eq!(report.requests, 1);
    let error = ids(client.list("crm.deal.list").walk(Walk::Whole))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Incomplete,
        "60 deals do not come at once"
    );
}

#[tokio::test(start_paused = true)]
async fn the_oldest_spellings_of_parameters_are_understood() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 200));
    let client = unlimited(&portal);
    for params in [
        json!({"arFilter": {">ID": 150}, "arSelect": ["TITLE"], "arOrder": {"ID": "ASC"}}),
        json!({"FILTER": {">ID": 150}, "SELECT": ["TITLE"], "ORDER": {"id": "asc"}}),
        json!({"Filter": {">ID": 150}}),
    ] {
        let (rows, report) = ids(client.list("crm.lead.list").params(params.clone()))
            .await
            .unwrap();
        assert_eq!(rows, (151..=200).collect::<Vec<_>>(), "{params}");
        assert_eq!(report.strategy, "ID lanes", "{params}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_its_deadline_ends_keeps_what_came_and_is_gone_on_with_from_there() {
    let config = PortalConfig::unlimited().sparse_rows("crm.lead", 20_000, 0.3);
    let portal = portal(config.latency(Duration::from_secs(1)));
    let expected = ids_page_by_page(&portal, "crm.lead.list").await;
    let client = unlimited(&portal);
    let hurried = client.with_deadline(Duration::from_millis(3_500));
    let mut pages = hurried
        .list("crm.lead.list")
        .walk(Walk::Chain)
        .pages()
        .unwrap();
    let mut rows: Vec<u64> = Vec::new();
    let error = loop {
        match pages.next_page().await {
            Ok(page) => rows.extend(
                page.expect("a list longer than its deadline")
                    .ids()
                    .flatten(),
            ),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
    let after = error.report().unwrap().resume.as_ref().unwrap().after;
    assert_eq!(rows.last(), Some(&after));
    assert!(rows.len() > 2_000, "{} rows", rows.len());
    rows.extend(
        ids(client.list("crm.lead.list").resume_after(after))
            .await
            .unwrap()
            .0,
    );
    assert_eq!(rows, expected);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_broke_off_is_gone_on_with_where_its_report_says() {
    let portal = portal(PortalConfig::unlimited().sparse_rows("crm.lead", 20_000, 0.3));
    let expected = ids_page_by_page(&portal, "crm.lead.list").await;
    for walk in [Walk::Auto, Walk::Windows, Walk::Chain] {
        let client = unlimited(&portal);
        let mut pages = client.list("crm.lead.list").walk(walk).pages().unwrap();
        let mut rows: Vec<u64> = Vec::new();
        let error = loop {
            match pages.next_page().await {
                Ok(Some(page)) => {
                    rows.extend(page.ids().flatten());
                    portal.faults().clear();
                    let down = Fault::Status(502, FaultTiming::BeforeWork);
                    portal.faults().add(FaultRule::every(1, down));
                }
                Ok(None) => panic!("a list cut short ended as if it were whole"),
                Err(error) => break error,
            }
        };
        portal.faults().clear();
        let report = error.report().unwrap();
        let last = *rows.last().unwrap();
        assert_eq!(report.proof, Proof::UpTo(last));
        assert_eq!(report.complete_to, None, "it was not read to its end");
        let after = report.resume.as_ref().unwrap().after;
        assert_eq!(after, last);
        let rest = client.list("crm.lead.list").walk(walk).resume_after(after);
        rows.extend(ids(rest).await.unwrap().0);
        assert_eq!(rows, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_come_in_the_order_of_its_ids_cannot_be_gone_on_with() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 10));
    let client = unlimited(&portal);
    for list in [
        client.list("department.get"),
        client.list("crm.lead.list").walk(Walk::Pages),
        client
            .list("crm.lead.list")
            .param("order", json!({"ID": "DESC"})),
    ] {
        let error = list.resume_after(5).pages().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}

/// A command takes 2.5 s on the portal, so that a full batch would take 125 s and is cut after 60.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_cut_at_sixty_seconds_is_asked_again_with_fewer_commands() {
    for walk in [Walk::Lanes, Walk::Windows, Walk::Pages] {
        let costs = Costs {
            row: Duration::from_millis(50),
            ..Costs::default()
        };
        let config = PortalConfig::unlimited()
            .rows("crm.lead", 5_000)
            .costs(costs);
        let portal = portal(config);
        // The first request is a fast one: the client has no reason yet to ask for little.
        let list = unlimited(&portal)
            .list("crm.lead.list")
            .select(["ID"])
            .walk(walk);
        let (mut rows, report) = ids(list).await.unwrap();
        rows.sort_unstable();
        assert_eq!(rows, (1..=5_000).collect::<Vec<_>>());
        assert!(report.retries <= 4, "{walk:?}: {} retries", report.retries);
    }
}

/// The method is fast at first and then slow: what was learned of its speed does not hold.
#[tokio::test(start_paused = true)]
async fn a_list_that_suddenly_takes_too_long_is_not_repeated_as_it_was() {
    let config = PortalConfig::unlimited()
        .rows("crm.lead", 30_000)
        .latency(Duration::from_millis(100));
    let portal = portal(config);
    let cut = || FaultRule::every(1, Fault::Status(504, FaultTiming::BeforeWork));
    let slow = FaultRule::every(1, Fault::Delay(Duration::from_secs(60)));
    portal.faults().add(slow.after(3).times(3));
    portal.faults().add(cut().after(3).times(3));
    let started = tokio::time::Instant::now();
    let list = unlimited(&portal).list("crm.lead.list").select(["ID"]);
    let (rows, report) = ids(list).await.unwrap();
    assert_eq!(rows.len(), 30_000);
    assert!(report.retries <= 6, "{}", report.retries);
    assert_faults_played(&portal);
    assert!(
        started.elapsed() < Duration::from_secs(300),
        "{:?}",
        started.elapsed()
    );
}
