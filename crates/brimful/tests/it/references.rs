//! References between the commands of a batch: a command whose reference finds nothing changes nothing.

use std::sync::{Arc, Mutex};

use brimful::{Batch, ErrorKind, Execution, NotRun, OnError, Outcome, References};
use brimful_portal::{Portal, PortalConfig};
use brimful_protocol::batch::parse_command;
use brimful_protocol::json as php_json;
use serde_json::{Map, Value, json};

use crate::support::{portal, scripted, unlimited};

fn row(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// Ann has no company, Bob has the third of three.
fn contacts_and_companies() -> Portal {
    let companies = (1..=3)
        .map(|id| {
            row(&json!({"ID": id.to_string(), "TITLE": format!("Company {id}"), "COMMENTS": "old"}))
        })
        .collect();
    let contacts = vec![
        row(&json!({"ID": "1", "NAME": "Ann", "COMPANY_ID": null})),
        row(&json!({"ID": "2", "NAME": "Bob", "COMPANY_ID": "3"})),
    ];
    portal(
        PortalConfig::unlimited()
            .load("crm.company", companies)
            .load("crm.contact", contacts),
    )
}

async fn comments(portal: &Portal) -> Vec<String> {
    let client = unlimited(portal);
    let mut comments = Vec::new();
    for id in 1..=3 {
        let reply = client.call("crm.company.get", json!({ "id": id })).await;
        let company: Value = reply.unwrap().result().unwrap();
        comments.push(company["COMMENTS"].as_str().unwrap().to_owned());
    }
    comments
}

/// Marks the company of a contact as an important one, and reads it.
fn mark_company_of(contact: u64) -> Batch {
    let mut batch = Batch::new();
    let who = batch
        .add("who", "crm.contact.get", json!({ "id": contact }))
        .unwrap();
    let company = who.result().field("COMPANY_ID").unwrap();
    batch
        .add(
            "vip",
            "crm.company.update",
            json!({"id": company, "fields": {"COMMENTS": "VIP"}}),
        )
        .unwrap();
    batch
        .add("read", "crm.company.get", json!({ "id": company }))
        .unwrap();
    batch
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_reference_finds_nothing_is_not_run_and_says_which() {
    let portal = contacts_and_companies();
    let reply = unlimited(&portal).batch(mark_company_of(1)).await.unwrap();
    assert!(reply.get("who").unwrap().done().is_some());
    for label in ["vip", "read"] {
        match reply.get(label) {
            Some(Outcome::NotRun(NotRun::EmptyReference(reason))) => {
                assert_eq!(reason, "$result[who][COMPANY_ID] is null");
            }
            other => panic!("{label}: {other:?}"),
        }
    }
    let error = reply.result::<bool>("vip").unwrap_err();
    assert_eq!(error.command(), Some("vip"));
    assert!(
        error
            .to_string()
            .contains("$result[who][COMPANY_ID] is null"),
        "{error}"
    );
    assert_eq!(comments(&portal).await, ["old", "old", "old"]);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_reference_finds_something_is_run_in_the_next_request() {
    let portal = contacts_and_companies();
    let reply = unlimited(&portal).batch(mark_company_of(2)).await.unwrap();
    let read: Value = reply.result("read").unwrap();
    assert_eq!(
        (&read["TITLE"], &read["COMMENTS"]),
        (&json!("Company 3"), &json!("VIP"))
    );
    assert_eq!(
        portal.stats().requests,
        2,
        "the read came after the write, in its request"
    );
    assert_eq!(comments(&portal).await, ["old", "old", "VIP"]);
}

#[tokio::test(start_paused = true)]
async fn in_one_request_the_portal_runs_the_write_and_its_outcome_says_so() {
    let portal = contacts_and_companies();
    let batch = mark_company_of(1).references(References::Portal);
    let reply = unlimited(&portal).batch(batch).await.unwrap();
    assert_eq!(portal.stats().requests, 1);
    match reply.get("vip") {
        Some(Outcome::EmptyReference(empty)) => {
            assert_eq!(empty.reason, "$result[who][COMPANY_ID] is null");
            assert!(empty.answer.is_ok());
        }
        other => panic!("{other:?}"),
    }
    // What the portal makes of a contact in the place of an ID.
    assert_eq!(comments(&portal).await, ["VIP", "old", "old"]);
    let found = mark_company_of(2).references(References::Portal);
    let reply = unlimited(&portal).batch(found).await.unwrap();
    assert!(
        reply.iter().all(|(_, outcome)| outcome.done().is_some()),
        "{reply:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn reads_share_a_request_and_one_with_an_empty_reference_is_marked() {
    for (contact, requests) in [(1, 1), (2, 1)] {
        let portal = contacts_and_companies();
        let mut batch = Batch::new();
        let who = batch
            .add("who", "crm.contact.get", json!({ "id": contact }))
            .unwrap();
        let company = who.result().field("COMPANY_ID").unwrap();
        let read = batch
            .add("read", "crm.company.get", json!({ "id": company }))
            .unwrap();
        let title = read.result().field("TITLE").unwrap();
        batch
            .add(
                "same",
                "crm.company.list",
                json!({"filter": {"=TITLE": title}}),
            )
            .unwrap();
        let reply = unlimited(&portal).batch(batch).await.unwrap();
        assert_eq!(portal.stats().requests, requests);
        if contact == 2 {
            assert_eq!(reply.result::<Value>("same").unwrap()[0]["ID"], "3");
            continue;
        }
        let Some(Outcome::EmptyReference(read)) = reply.get("read") else {
            panic!("{reply:?}");
        };
        assert_eq!(read.reason, "$result[who][COMPANY_ID] is null");
        let Some(Outcome::EmptyReference(same)) = reply.get("same") else {
            panic!("{reply:?}");
        };
        assert!(same.reason.contains("refers to \"read\""), "{same}");
        let error = reply.result::<Value>("read").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EmptyReference, "{error}");
        assert_eq!(error.execution(), Execution::Ran, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_empty_reference_was_left_to_the_portal_is_said_to_have_run() {
    let portal = contacts_and_companies();
    let batch = mark_company_of(1).references(References::Portal);
    let reply = unlimited(&portal).batch(batch).await.unwrap();
    let (label, _) = reply
        .iter()
        .find(|(_, outcome)| matches!(outcome, Outcome::EmptyReference(_)))
        .unwrap();
    let error = reply.result::<Value>(label).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EmptyReference, "{error}");
    assert_eq!(error.execution(), Execution::Ran, "{error}");
    assert_eq!(error.method(), Some("crm.company.update"));
}

#[tokio::test(start_paused = true)]
async fn what_refers_to_a_failure_says_what_failed() {
    let portal = contacts_and_companies();
    let mut batch = Batch::new();
    batch
        .add("who", "crm.contact.get", json!({"id": 99}))
        .unwrap();
    let write = json!({"id": "$result[who][COMPANY_ID]", "fields": {"COMMENTS": "VIP"}});
    batch.add("vip", "crm.company.update", write).unwrap();
    batch
        .add("read", "crm.company.get", json!({"id": "$result[vip]"}))
        .unwrap();
    let reply = unlimited(&portal).batch(batch).await.unwrap();
    let Some(Outcome::NotRun(why)) = reply.get("vip") else {
        panic!("{reply:?}");
    };
    assert_eq!(
        why.to_string(),
        "it refers to \"who\", which failed: Not found"
    );
    let Some(Outcome::NotRun(why)) = reply.get("read") else {
        panic!("{reply:?}");
    };
    assert_eq!(why.to_string(), "it refers to \"vip\", which was not run");
    assert_eq!(comments(&portal).await, ["old", "old", "old"]);
}

/// A command that was sent: its label and its parameters.
type SentCommand = (String, Value);

/// The requests of a batch, each its commands, as a portal whose new records have the IDs 101, 102, … got them.
async fn requests_of(batch: Batch) -> (Vec<Vec<SentCommand>>, brimful::BatchReply) {
    let sent: Arc<Mutex<Vec<Vec<SentCommand>>>> = Arc::default();
    let noted = Arc::clone(&sent);
    let client = scripted(move |_, body| {
        let mut requests = noted.lock().unwrap();
        let before: usize = requests.iter().map(Vec::len).sum();
        let mut commands = Vec::new();
        let mut results = Map::new();
        for (label, command) in body["cmd"].as_object().unwrap() {
            let (_, params) = parse_command(command.as_str().unwrap());
            let params = serde_json::from_str(&php_json::to_string(&params.into())).unwrap();
            commands.push((label.clone(), params));
            results.insert(label.clone(), json!(100 + before + commands.len()));
        }
        requests.push(commands);
        Ok((200, json!({"result": {"result": results}}).to_string()))
    });
    let reply = client
        .limit(None)
        .build()
        .unwrap()
        .batch(batch)
        .await
        .unwrap();
    let sent = sent.lock().unwrap().clone();
    (sent, reply)
}

#[tokio::test(start_paused = true)]
async fn each_level_of_dependent_writes_is_a_request_and_independent_ones_share_it() {
    let mut batch = Batch::new();
    for n in 0..60 {
        let contact = batch
            .add(
                format!("c{n}"),
                "crm.contact.add",
                json!({"fields": {"NAME": n}}),
            )
            .unwrap();
        let deal = batch
            .add(
                format!("d{n}"),
                "crm.deal.add",
                json!({"fields": {"TITLE": format!("[contact={}]", contact.result()), "CONTACT_ID": contact.result()}}),
            )
            .unwrap();
        batch
            .add(
                format!("t{n}"),
                "crm.timeline.comment.add",
                json!({"fields": {"ENTITY_ID": deal.result()}}),
            )
            .unwrap();
    }
    let (requests, reply) = requests_of(batch).await;
    assert!(
        reply.iter().all(|(_, outcome)| outcome.done().is_some()),
        "{reply:?}"
    );
    let labels: Vec<&str> = reply.iter().map(|(label, _)| label).collect();
    let in_order: Vec<String> = (0..60)
        .flat_map(|n| [format!("c{n}"), format!("d{n}"), format!("t{n}")])
        .collect();
    assert_eq!(labels, in_order);
    // 180 commands are four groups of fifty at the most, of three levels each.
    assert!(requests.len() <= 12, "{}", requests.len());
    for n in 0..60 {
        let contact: u64 = reply.result(format!("c{n}")).unwrap();
        let deal: u64 = reply.result(format!("d{n}")).unwrap();
        let sent = |label: String| {
            let all = requests.iter().flatten();
            all.clone()
                .find(|(sent, _)| *sent == label)
                .unwrap()
                .1
                .clone()
        };
        assert_eq!(
            sent(format!("d{n}"))["fields"],
            json!({"TITLE": format!("[contact={contact}]"), "CONTACT_ID": contact.to_string()})
        );
        assert_eq!(
            sent(format!("t{n}"))["fields"]["ENTITY_ID"],
            deal.to_string()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_but_an_add_goes_ahead_of_a_write_that_waits() {
    let mut batch = Batch::new();
    let add = |title: &str| json!({"fields": {"TITLE": title}});
    batch.add("a", "crm.contact.add", add("a")).unwrap();
    batch
        .add(
            "b",
            "crm.deal.add",
            json!({"fields": {"CONTACT_ID": "$result[a]"}}),
        )
        .unwrap();
    batch.add("c", "crm.contact.add", add("c")).unwrap();
    batch
        .add(
            "d",
            "crm.deal.update",
            json!({"id": "$result[b]", "fields": {"TITLE": "d"}}),
        )
        .unwrap();
    batch.add("e", "crm.contact.add", add("e")).unwrap();
    batch.add("f", "crm.deal.list", json!({})).unwrap();
    let (requests, _) = requests_of(batch).await;
    let labels: Vec<Vec<&str>> = requests
        .iter()
        .map(|commands| commands.iter().map(|(label, _)| label.as_str()).collect())
        .collect();
    assert_eq!(labels, [vec!["a", "c"], vec!["b"], vec!["d", "e", "f"]]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_halts_ends_at_an_empty_reference() {
    let portal = contacts_and_companies();
    let mut batch = Batch::new().on_error(OnError::Halt);
    batch
        .add("who", "crm.contact.get", json!({"id": 1}))
        .unwrap();
    let company = "$result[who][COMPANY_ID]";
    batch
        .add("read", "crm.company.get", json!({ "id": company }))
        .unwrap();
    let all = json!({"id": 2, "fields": {"COMMENTS": "new"}});
    batch.add("write", "crm.company.update", all).unwrap();
    let reply = unlimited(&portal).batch(batch).await.unwrap();
    assert!(
        matches!(reply.get("read"), Some(Outcome::EmptyReference(_))),
        "{reply:?}"
    );
    match reply.get("write") {
        Some(Outcome::NotRun(NotRun::Halted(label))) => assert_eq!(label, "read"),
        other => panic!("{other:?}"),
    }
    let error = reply.result::<Value>("write").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Halted, "{error}");
    assert_eq!(error.execution(), Execution::NotRun, "{error}");
    assert_eq!(comments(&portal).await, ["old", "old", "old"]);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_looks_like_a_reference_is_only_a_value() {
    let title = "the $total due, $result[who][ID]";
    let contact = row(&json!({"ID": "2", "NAME": title, "COMPANY_ID": "3"}));
    let company = row(&json!({"ID": "3", "TITLE": "x"}));
    let portal = portal(
        PortalConfig::unlimited()
            .load("crm.contact", vec![contact])
            .load("crm.company", vec![company]),
    );
    let mut batch = Batch::new();
    let who = batch
        .add("who", "crm.contact.get", json!({"id": 2}))
        .unwrap();
    let name = who.result().field("NAME").unwrap();
    batch
        .add(
            "rename",
            "crm.company.update",
            json!({"id": 3, "fields": {"TITLE": name}}),
        )
        .unwrap();
    batch
        .add("read", "crm.company.get", json!({"id": 3}))
        .unwrap();
    let reply = unlimited(&portal).batch(batch).await.unwrap();
    assert_eq!(reply.result::<Value>("read").unwrap()["TITLE"], title);
}

#[tokio::test(start_paused = true)]
async fn the_view_of_bx_rest_gives_an_error_where_a_reference_finds_nothing() {
    let portal = contacts_and_companies();
    let company = "$result[who][COMPANY_ID]";
    let results = unlimited(&portal)
        .call_batch(
            [
                ("who", "crm.contact.get", json!({"id": 1})),
                (
                    "vip",
                    "crm.company.update",
                    json!({"id": company, "fields": {"COMMENTS": "VIP"}}),
                ),
                ("read", "crm.company.get", json!({ "id": company })),
            ],
            OnError::Continue,
        )
        .await
        .unwrap();
    for label in ["vip", "read"] {
        let error = results.get(label).unwrap().error().unwrap().to_string();
        assert!(
            error.contains("$result[who][COMPANY_ID] is null"),
            "{error}"
        );
    }
    assert_eq!(comments(&portal).await, ["old", "old", "old"]);
}
