//! Lists by ID on portals whose pages are shorter than they ought to be: whole anyway, and the report says what
//! is not shown.

use std::sync::Mutex;
use std::time::Duration;

use brimful::{ErrorKind, List, Proof};
use brimful_portal::{Fault, FaultRule, HiddenRows, Portal, PortalConfig};
use serde_json::{Map, Value, json};

use crate::support::{assert_faults_played, client, ids, portal, scripted, unlimited};

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
        assert_faults_played(&portal);
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
        assert_faults_played(&portal);
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

/// A portal with a list that `page` answers, command by command: rows, and what stands beside them.
fn answering(page: impl FnMut(&str) -> (Vec<Value>, Option<u64>) + Send + 'static) -> List {
    let page = Mutex::new(page);
    let client = scripted(move |_, body| {
        let mut page = page.lock().unwrap();
        let (mut result, mut totals) = (Map::new(), Map::new());
        for (label, command) in body["cmd"].as_object().unwrap() {
            let (rows, total) = page(command.as_str().unwrap());
            result.insert(label.clone(), json!(rows));
            totals.extend(total.map(|total| (label.clone(), json!(total))));
        }
        let parts = json!({"result": {"result": result, "result_total": totals}});
        Ok((200, parts.to_string()))
    });
    client.limit(None).build().unwrap().list("crm.deal.list")
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_counted_above_the_highest_possible_ids_end_with_an_error_and_soon() {
    let mut commands = 0;
    let list = answering(move |command| {
        commands += 1;
        assert!(commands < 10_000, "it asks without end");
        let is_first = command.contains("ASC") && !command.contains("%3C%3DID");
        let rows = if is_first && commands < 5 {
            vec![json!({"ID": "9223372036854775805"})]
        } else {
            Vec::new()
        };
        let counts = command.contains("start=0");
        (rows, counts.then_some(100))
    });
    let ended = list.collect_with_report::<Value>().await;
    assert!(ended.is_err() || ended.unwrap().1.hidden > 0);
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_that_counts_a_row_wherever_it_is_asked_ends_and_says_so() {
    let mut commands = 0;
    let list = answering(move |command| {
        commands += 1;
        assert!(commands < 10_000, "it asks without end");
        (Vec::new(), command.contains("start=0").then_some(1))
    });
    let error = list.collect::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert!(
        error.to_string().contains("counts rows and shows none"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn two_short_pages_of_the_same_length_are_not_taken_for_full_ones() {
    // 1 in 5 of the first and of the last rows is hidden, so both ends show 40 rows of 50.
    let mut hidden: Vec<u64> = (1..=1_000).filter(|id| id % 5 == 0).collect();
    hidden.extend((2_951..=3_000).filter(|id| id % 5 == 0));
    let spec: Vec<String> = hidden.iter().map(u64::to_string).collect();
    for spoilt in [25, 30, 40] {
        let portal = hiding("lead", 3_000, &spec.join(","));
        portal.faults().add(
            FaultRule::every(1, Fault::ShortPage)
                .on("crm.lead.list")
                .after(spoilt)
                .times(1),
        );
        let (came, report) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
            .await
            .unwrap();
        let shown: Vec<u64> = (1..=3_000).filter(|id| !hidden.contains(id)).collect();
        assert_eq!(came, shown, "page {spoilt}");
        assert_eq!(report.hidden, 210, "page {spoilt}");
        assert_faults_played(&portal);
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_that_is_not_counted_is_not_said_to_be_proved() {
    let (rows, report) = answering(|_| (Vec::new(), None))
        .collect_with_report::<Value>()
        .await
        .unwrap();
    assert_eq!((rows.len(), report.proof), (0, Proof::None));
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_hidden_above_the_highest_one_that_is_shown_are_counted() {
    for (rows, hidden, count) in [
        (60, "60", 1),
        (230, "221-230", 10),
        (3_000, "2990-3000", 11),
    ] {
        let portal = hiding("lead", rows, hidden);
        let (came, report) = ids(client(&portal).list("crm.lead.list").select(["ID"]))
            .await
            .unwrap();
        assert_eq!(came, (1..=rows - count).collect::<Vec<_>>());
        assert_eq!(report.hidden, count, "{hidden} of {rows}");
        assert_eq!(report.proof, Proof::UpTo(rows - count));
    }
}

#[tokio::test(start_paused = true)]
async fn small_lists_with_hidden_rows_take_half_as_many_requests_again_and_one_more_in_the_middle()
{
    for rows in [60, 130, 230, 500, 1_000, 3_000, 6_000] {
        let requests = async |hidden: Vec<u64>| {
            let spec: Vec<String> = hidden.iter().map(u64::to_string).collect();
            let portal = hiding("lead", rows, &spec.join(","));
            let (came, report) = ids(unlimited(&portal).list("crm.lead.list").select(["ID"]))
                .await
                .unwrap();
            assert_eq!(came.len(), rows as usize - hidden.len());
            assert_eq!(report.hidden, hidden.len() as u64);
            report.requests
        };
        let clean = requests(Vec::new()).await;
        let kinds = [
            vec![1],
            vec![rows / 2],
            vec![rows],
            (1..=rows).step_by(97).collect(),
            (5..=rows).step_by(10).collect(),
            (2..=rows).step_by(3).collect(),
        ];
        for hidden in kinds {
            let first = hidden[..hidden.len().min(3)].to_vec();
            // Pages tell of it once the middle is read, and then it is looked for twice.
            let is_in_the_middle = hidden == [rows / 2];
            let most = (3 * clean).div_ceil(2) + u64::from(is_in_the_middle && clean == 2);
            let requests = requests(hidden).await;
            assert!(
                requests <= most,
                "{rows} rows without {first:?}: {requests} requests, {clean} for a clean list"
            );
        }
    }
}

/// A list in which the user sees one row, on a portal that takes no order.
#[tokio::test(start_paused = true)]
async fn a_single_row_is_not_the_list_where_the_portal_counts_more() {
    let visible = |id: &u64| *id == 17 || *id > 60;
    let list = answering(move |command| {
        let above = bound_in(command, "%3EID").unwrap_or(0);
        let up_to = bound_in(command, "%3C%3DID").unwrap_or(u64::MAX);
        let rows: Vec<u64> = (1..=103)
            .filter(|id| (above + 1..=up_to).contains(id))
            .collect();
        let page = rows.iter().take(50).copied().filter(visible);
        let page = page.map(|id| json!({"ID": id.to_string()})).collect();
        let counts = command.contains("start=0");
        (page, counts.then_some(rows.len() as u64))
    });
    let ended = list.collect::<Value>().await;
    match ended {
        Ok(rows) => assert_eq!(rows.len(), 44),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Incomplete, "{error}"),
    }
}

/// The number behind a bound of the ID in a command.
fn bound_in(command: &str, bound: &str) -> Option<u64> {
    let (_, rest) = command.split_once(bound)?;
    let (_, number) = rest.split_once('=')?;
    number.split('&').next()?.parse().ok()
}
