//! Lists that are read by the places of their pages: whole and proved, or an error that says why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use brimful::{Error, ErrorKind, List, ListReport, Proof, Walk};
use brimful_portal::PortalConfig;
use serde_json::{Map, Value, json};

use crate::support::{portal, scripted, unlimited};

/// A portal with one list, which `page` answers command by command, from `start` or `OFFSET`.
fn list_of(
    method: &str,
    page: impl FnMut(u64) -> Value + Send + 'static,
) -> (List, Arc<Mutex<usize>>) {
    let asked = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&asked);
    let page = Mutex::new(page);
    let client = scripted(move |_, body| {
        let mut page = page.lock().unwrap();
        let mut answer = |start: u64| {
            *counter.lock().unwrap() += 1;
            page(start)
        };
        let Some(commands) = body["cmd"].as_object() else {
            let reply = answer(body["start"].as_u64().unwrap_or(0));
            return Ok((200, reply.to_string()));
        };
        let mut parts: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for (label, command) in commands {
            let query = command.as_str().unwrap().split_once('?').unwrap().1;
            let mut params = url::form_urlencoded::parse(query.as_bytes());
            let start = params.find(|(name, _)| matches!(&**name, "start" | "OFFSET"));
            // The newest row is asked for without a count.
            let start = start.map_or(0, |(_, start)| start.parse().unwrap_or(NEWEST));
            let reply = answer(start);
            for (part, key) in [
                ("result", "result"),
                ("result_next", "next"),
                ("result_total", "total"),
            ] {
                if let Some(value) = reply.get(key) {
                    parts
                        .entry(part)
                        .or_default()
                        .insert(label.clone(), value.clone());
                }
            }
        }
        Ok((200, json!({ "result": parts }).to_string()))
    });
    let client = client.limit(None).build().unwrap();
    (client.list(method), asked)
}

async fn rows(list: List) -> Result<(Vec<Value>, ListReport), Error> {
    list.collect_with_report::<Value>().await
}

/// The place that stands for the newest row, wherever it is.
const NEWEST: u64 = i64::MAX as u64;

/// The rows of a page, where the next one begins, and how many there are.
fn cut(rows: &[Value], start: u64) -> Value {
    if start == NEWEST {
        let newest = rows
            .iter()
            .max_by_key(|row| text_of(row).parse::<u64>().ok());
        return json!({ "result": newest.map_or_else(Vec::new, |row| vec![row]) });
    }
    let start = start as usize / 50 * 50;
    let page: Vec<&Value> = rows.iter().skip(start).take(50).collect();
    let mut reply = json!({"result": page, "total": rows.len()});
    if start + 50 < rows.len() {
        reply["next"] = json!(start + 50);
    }
    reply
}

fn numbered(ids: impl IntoIterator<Item = u64>) -> Vec<Value> {
    ids.into_iter()
        .map(|id| json!({"ID": id.to_string()}))
        .collect()
}

fn text_of(row: &Value) -> String {
    row["ID"].as_str().unwrap().to_owned()
}

const DEALS: &str = "crm.deal.list";

/// Reads lists during which as many rows are added as deleted; how many came whole.
async fn read_while_rows_come_and_go(
    method: &str,
    runs: u64,
    id: fn(u64) -> String,
    how: impl Fn(List) -> List,
) -> u64 {
    let mut whole = 0;
    for seed in 0..runs {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut there: Vec<Value> = (0..430).map(|n| json!({"ID": id(n)})).collect();
        let lasting: Arc<Mutex<BTreeSet<String>>> =
            Arc::new(Mutex::new(there.iter().map(text_of).collect()));
        let left = Arc::clone(&lasting);
        let (mut next, mut changes) = (1_000, random.u64(1..12));
        let (list, _) = list_of(method, move |start| {
            if changes > 0 && random.u8(..3) == 0 {
                changes -= 1;
                let gone = there.remove(random.usize(..there.len()));
                left.lock().unwrap().remove(&text_of(&gone));
                let at = random.usize(..=there.len());
                there.insert(at, json!({"ID": id(next)}));
                next += 1;
            }
            cut(&there, start)
        });
        match rows(how(list)).await {
            Ok((came, report)) => {
                whole += 1;
                let texts: BTreeSet<String> = came.iter().map(text_of).collect();
                assert_eq!(texts.len(), came.len(), "seed {seed}: a row came twice");
                let lasting = lasting.lock().unwrap();
                let missing: Vec<_> = lasting.difference(&texts).collect();
                assert!(missing.is_empty(), "seed {seed}: {missing:?}");
                assert_ne!(report.proof, Proof::None, "{report:?}");
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Incomplete, "{error}"),
        }
    }
    whole
}

#[tokio::test(start_paused = true)]
async fn rows_whose_ids_are_texts_are_all_there_while_as_many_are_added_as_deleted() {
    let id = |n: u64| format!("D_{n}");
    let whole = read_while_rows_come_and_go(DEALS, 35, id, |list| list.walk(Walk::Pages)).await;
    assert!(whole >= 25, "{whole} of 35");
}

#[tokio::test(start_paused = true)]
async fn rows_in_an_order_of_the_callers_are_all_there_while_as_many_are_added_as_deleted() {
    let ordered = |list: List| list.param("order", json!({"TITLE": "ASC"}));
    let whole = read_while_rows_come_and_go(DEALS, 40, |n| n.to_string(), ordered).await;
    assert!(whole >= 30, "{whole} of 40");
    let by_next = |list: List| list.walk(Walk::Next);
    let whole = read_while_rows_come_and_go(DEALS, 40, |n| n.to_string(), by_next).await;
    assert!(whole >= 30, "{whole} of 40");
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_method_that_nobody_knows_are_all_there_while_as_many_are_added_as_deleted() {
    let id = |n: u64| n.to_string();
    let whole = read_while_rows_come_and_go("acme.thing.list", 40, id, |list| list).await;
    assert!(whole >= 30, "{whole} of 40");
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_read_by_pages_are_all_there_while_as_many_are_added_as_deleted() {
    let by_pages = |list: List| list.walk(Walk::Pages);
    let id = |n: u64| n.to_string();
    let whole = read_while_rows_come_and_go(DEALS, 40, id, by_pages).await;
    assert!(whole >= 30, "{whole} of 40");
}

#[tokio::test(start_paused = true)]
async fn a_total_that_is_smaller_than_what_there_is_cuts_nothing() {
    for walk in [Walk::Auto, Walk::Next] {
        for total in [50, 60, 120, 0] {
            let all = numbered(1..=173);
            let (list, _) = list_of("crm.address.list", move |start| {
                let mut reply = cut(&all, start);
                reply["total"] = json!(total);
                reply
            });
            let (came, report) = rows(list.walk(walk)).await.unwrap();
            assert_eq!(came, numbered(1..=173), "{walk:?}, total {total}");
            assert_eq!(report.proof, Proof::EqualPasses(173));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_page_is_not_the_last_one_for_its_total() {
    for count in [50, 173, 200] {
        let all = numbered(1..=count);
        let (list, _) = list_of("crm.address.list", move |start| {
            let page: Vec<&Value> = all.iter().skip(start as usize).take(50).collect();
            json!({"result": page, "total": page.len()})
        });
        let (came, _) = rows(list).await.unwrap();
        assert_eq!(came, numbered(1..=count));
    }
}

#[tokio::test(start_paused = true)]
async fn empty_pages_that_name_a_next_one_end_with_an_error_and_soon() {
    for walk in [Walk::Pages, Walk::Next] {
        for counted in [true, false] {
            let all = numbered(1..=80);
            let (list, asked) = list_of("crm.deal.list", move |start| {
                let mut reply = cut(&all, start);
                if start > 50 {
                    reply["result"] = json!([]);
                }
                reply["next"] = json!(start + 50);
                if !counted {
                    reply.as_object_mut().unwrap().remove("total");
                }
                reply
            });
            let error = rows(list.walk(walk)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Incomplete);
            assert!(error.to_string().contains("20 pages in a row"), "{error}");
            assert!(*asked.lock().unwrap() <= 60);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_that_ignores_the_place_while_a_row_is_added_ends_with_an_error_and_soon() {
    for (counted, named) in [(true, true), (true, false), (false, true), (false, false)] {
        for at in [0, 430] {
            let mut there = numbered(1..=430);
            let mut commands = 0;
            let (list, asked) = list_of("crm.deal.list", move |_| {
                commands += 1;
                if commands % 2 == 0 {
                    there.insert(
                        at.min(there.len()),
                        json!({"ID": (1_000 + commands).to_string()}),
                    );
                }
                let mut reply = cut(&there, 0);
                let parts = reply.as_object_mut().unwrap();
                if !counted {
                    parts.remove("total");
                }
                if !named {
                    parts.remove("next");
                }
                reply
            });
            let error = rows(list.walk(Walk::Pages)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Incomplete, "{error}");
            let asked = *asked.lock().unwrap();
            assert!(
                asked <= 300,
                "{asked} commands, counted {counted}, named {named}: {error}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_grows_faster_than_it_is_read_ends_with_an_error_and_soon() {
    for (walk, growth) in [(Walk::Next, 60), (Walk::Pages, 60)] {
        let mut there = numbered(1..=430);
        let (list, asked) = list_of("crm.deal.list", move |start| {
            let len = there.len() as u64;
            there.extend(numbered(len + 1..=len + growth));
            cut(&there, start)
        });
        let error = rows(list.walk(walk)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incomplete, "{error}");
        assert!(
            error.to_string().contains("grows faster than it is read"),
            "{error}"
        );
        let asked = *asked.lock().unwrap();
        assert!(asked <= 200, "{walk:?}: {asked} commands");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_grows_at_its_end_while_it_is_read_is_whole() {
    let mut there = numbered(1..=430);
    let (list, _) = list_of("crm.deal.list", move |start| {
        let len = there.len() as u64;
        there.extend(numbered(len + 1..=len + 2));
        cut(&there, start)
    });
    let (came, _) = rows(list.walk(Walk::Pages)).await.unwrap();
    assert!(came.len() >= 430);
    assert_eq!(came[..430], numbered(1..=430));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_empty_once_hides_no_row() {
    for counted in [true, false] {
        for empty in 0..12 {
            let all = numbered(1..=430);
            let mut commands = 0;
            let (list, _) = list_of("crm.deal.list", move |start| {
                commands += 1;
                let mut reply = cut(&all, start);
                if commands == empty + 1 {
                    reply = json!({"result": []});
                }
                if !counted {
                    reply.as_object_mut().unwrap().remove("total");
                }
                reply
            });
            let (came, report) = rows(list.walk(Walk::Pages)).await.unwrap();
            let ids: BTreeSet<String> = came.iter().map(text_of).collect();
            assert_eq!((came.len(), ids.len()), (430, 430), "the page {empty}");
            assert_ne!(report.proof, Proof::None);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_that_rights_have_made_short_do_not_end_a_list() {
    for hidden in [1..=1, 50..=50, 101..=150, 120..=299, 430..=430] {
        let all = numbered(1..=430);
        let is_hidden = hidden.clone();
        let (list, _) = list_of("crm.deal.list", move |start| {
            let mut reply = cut(&all, start);
            let page = reply["result"].as_array_mut().unwrap();
            page.retain(|row| !is_hidden.contains(&text_of(row).parse().unwrap()));
            reply
        });
        let (came, report) = rows(list.walk(Walk::Pages)).await.unwrap();
        let shown = numbered((1..=430).filter(|id| !hidden.contains(id)));
        assert_eq!(came, shown, "{hidden:?}");
        assert_eq!(report.proof, Proof::EqualPasses(shown.len() as u64));
        // A clean list takes three requests. One more finds out that the method passes conditions on the ID over, so that
        // rows beside those that came cannot be asked for. Where the newest row is hidden, the last page shows fewer rows
        // than are counted at every reading, and three readings must agree.
        let most = if hidden.contains(&430) { 7 } else { 5 };
        assert!(report.requests <= most, "{hidden:?}: {}", report.requests);
    }
}

#[tokio::test(start_paused = true)]
async fn chats_whose_offset_counts_hidden_ones_come_once_each() {
    for id in [|n: u64| json!(format!("chat{n}")), |n: u64| json!(n)] {
        // Of 60 places every second one has a chat that is shown.
        let all: Vec<Value> = (0..60).map(|n| json!({"id": id(n)})).collect();
        let (list, _) = list_of("im.recent.list", move |offset| {
            let page = all.iter().enumerate().skip(offset as usize).take(50);
            let shown: Vec<&Value> = page
                .filter(|(n, _)| n % 2 == 0)
                .map(|(_, row)| row)
                .collect();
            json!({"result": {"items": shown, "hasMore": offset + 50 < 60}})
        });
        let (came, report) = rows(list).await.unwrap();
        let expected: Vec<Value> = (0..60).step_by(2).map(|n| json!({"id": id(n)})).collect();
        assert_eq!(came, expected);
        assert_eq!(report.proof, Proof::EqualPasses(30));
    }
}

#[tokio::test(start_paused = true)]
async fn rows_by_their_ids_under_a_name_come_page_by_page() {
    let (list, _) = list_of("documentgenerator.template.list", |start| {
        let ids: Vec<u64> = (2..72).skip(start as usize).take(50).collect();
        let rows: BTreeMap<String, Value> = ids
            .iter()
            .map(|id| (id.to_string(), json!({"id": id.to_string()})))
            .collect();
        let mut reply = json!({"result": {"templates": rows}, "total": 70});
        if start == 0 {
            reply["next"] = json!(50);
        }
        reply
    });
    let (came, _) = rows(list).await.unwrap();
    let mut ids: Vec<u64> = came
        .iter()
        .map(|row| row["id"].as_str().unwrap().parse().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (2..72).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn equal_rows_without_an_id_all_come() {
    let all: Vec<Value> = (0..173).map(|n| json!({"CITY": n / 7})).collect();
    let expected = all.clone();
    let (list, _) = list_of("crm.address.list", move |start| cut(&all, start));
    let (mut came, _) = rows(list).await.unwrap();
    came.sort_by_key(|row| row["CITY"].as_u64());
    assert_eq!(came, expected);
}

/// The price of the proof: a second pass in full batches, and nothing where one page says that it is all.
#[tokio::test(start_paused = true)]
async fn a_clean_list_without_conditions_is_read_once() {
    // Its pages, and the newest row beside the first one.
    for (count, requests, commands) in [
        (0, 2, 5),
        (40, 1, 2),
        (130, 2, 4),
        (2_500, 2, 51),
        (7_000, 4, 141),
        (20_000, 9, 401),
    ] {
        let portal = portal(PortalConfig::unlimited().rows("crm.deal", count));
        let by_pages = unlimited(&portal).list("crm.deal.list").walk(Walk::Pages);
        let ordered = unlimited(&portal)
            .list("crm.deal.list")
            .param("order", json!({"OPPORTUNITY": "DESC"}));
        for list in [by_pages, ordered] {
            let (came, report) = rows(list).await.unwrap();
            assert_eq!(came.len() as u64, count);
            assert_eq!(
                (report.requests, report.commands),
                (requests, commands),
                "{count} rows"
            );
            assert_eq!(report.proof, Proof::Counted(count));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clean_list_with_a_condition_is_read_twice() {
    // A row may come to meet the condition while another one ceases to.
    for (count, requests, commands) in [(0, 2, 4), (40, 1, 1), (130, 3, 6), (7_000, 7, 280)] {
        let portal = portal(PortalConfig::unlimited().rows("crm.deal", count));
        let list = unlimited(&portal)
            .list("crm.deal.list")
            .walk(Walk::Pages)
            .param("filter", json!({">OPPORTUNITY": -1}));
        let (came, report) = rows(list).await.unwrap();
        assert_eq!(came.len() as u64, count);
        assert_eq!(
            (report.requests, report.commands),
            (requests, commands),
            "{count} rows"
        );
        let proof = match count {
            ..50 => Proof::Counted(count),
            _ => Proof::EqualPasses(count),
        };
        assert_eq!(report.proof, proof);
    }
}
