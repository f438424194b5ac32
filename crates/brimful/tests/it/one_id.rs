//! A value that is not an ID is not sent as one, and a record that does not exist is told apart from one that does.

use brimful::{Batch, Checks, NotRun, Outcome};
use brimful_portal::{Fault, FaultTiming, PortalConfig};
use serde_json::{Value, json};
use tokio::time::Duration;

use crate::support::{builder, portal, unlimited};

fn leads_and_deals() -> PortalConfig {
    PortalConfig::unlimited()
        .rows("crm.lead", 60)
        .rows("crm.deal", 60)
        .rows("user", 5)
        .rows("tasks.task", 5)
        .rows("department", 3)
}

/// To a portal each of these is the number of a record.
fn no_ids() -> Vec<Value> {
    vec![
        json!([6, 7]),
        json!({"0": 6}),
        json!(true),
        json!(25.9),
        json!("9,10"),
        json!("5abc"),
        json!("2026-01-01"),
        json!("01"),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_is_not_an_id_changes_no_record() {
    let portal = portal(leads_and_deals());
    let client = unlimited(&portal);
    for id in no_ids() {
        let error = client.call("crm.lead.delete", json!({ "id": id })).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("a whole number such as 42"), "{error}");

        let update = json!({"id": id, "fields": {"TITLE": "changed"}});
        let each = client.call_each("crm.deal.update", [update.clone()]);
        match &each.collect().await[0].outcome {
            Outcome::NotRun(NotRun::Refused(why)) => {
                assert!(why.contains("id of crm.deal"), "{why}");
            }
            other => panic!("{id}: {other:?}"),
        }

        let mut batch = Batch::new();
        batch.add("a", "crm.deal.update", update).unwrap();
        let error = client.batch(batch).await.unwrap_err().to_string();
        assert!(error.contains("a whole number such as 42"), "{error}");
    }
    for id in ["01", "+1", "5abc", "9,10"] {
        let found = client.get_by_id("crm.lead.get", [id]).collect().await;
        match found.unwrap().get(id) {
            Some(Outcome::NotRun(NotRun::Refused(why))) => {
                assert!(why.contains("is not an ID"), "{why}");
            }
            other => panic!("{id}: {other:?}"),
        }
    }
    assert_eq!(portal.stats().requests, 0);
}

#[tokio::test(start_paused = true)]
async fn without_checks_everything_is_sent_as_an_id() {
    let portal = portal(leads_and_deals());
    let client = builder(&portal).checks(Checks::Off).build().unwrap();
    client
        .call("crm.lead.delete", json!({"id": [6, 7]}))
        .await
        .unwrap();
    let found = client
        .get_by_id("crm.lead.get", ["02"])
        .collect()
        .await
        .unwrap();
    assert!(found.get("02").unwrap().done().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_reference_to_a_date_is_not_an_id() {
    let portal = portal(leads_and_deals());
    for id in ["$result[deal][DATE_CREATE]", "5$result[deal][DATE_CREATE]"] {
        let mut batch = Batch::new();
        batch.add("deal", "crm.deal.get", json!({"id": 5})).unwrap();
        let update = json!({"id": id, "fields": {"TITLE": "changed"}});
        batch.add("write", "crm.deal.update", update).unwrap();
        let reply = unlimited(&portal).batch(batch).await.unwrap();
        match reply.get("write") {
            Some(Outcome::NotRun(NotRun::EmptyReference(why))) => {
                assert!(why.contains("takes the number of an ID"), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_found_whatever_empty_result_the_portal_returns() {
    let portal = portal(leads_and_deals());
    let client = unlimited(&portal);
    for (method, field) in [
        ("tasks.task.get", None),
        ("crm.lead.get", None),
        ("user.get", None),
        ("department.get", None),
        ("crm.deal.list", Some("filter[ID]")),
    ] {
        let get = client.get_by_id(method, [1_u64, 99_999_999]);
        let get = match field {
            Some(field) => get.id_field(field),
            None => get,
        };
        let found = get.collect().await.unwrap();
        assert!(
            found.get(1).unwrap().done().is_some(),
            "{method}: {found:?}"
        );
        match found.get(99_999_999) {
            Some(Outcome::Failed(error)) => {
                assert!(
                    error.description.to_lowercase().contains("not found"),
                    "{method}: {error}"
                );
            }
            other => panic!("{method}: {other:?}"),
        }
    }
    let rows = client
        .get_by_id("crm.deal.productrows.get", [1])
        .collect()
        .await
        .unwrap();
    assert!(rows.get(1).unwrap().done().is_some(), "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn an_id_goes_where_the_method_reads_it_and_is_given_once() {
    let portal = portal(leads_and_deals());
    let client = unlimited(&portal);
    let by_id = client
        .get_by_id("crm.deal.list", [5, 6])
        .id_field("ID")
        .collect()
        .await;
    let error = by_id.unwrap_err().to_string();
    assert!(error.contains("did you mean filter[ID]?"), "{error}");
    let twice = client
        .get_by_id("crm.lead.get", [1])
        .params(json!({"ID": 2}))
        .collect()
        .await;
    let error = twice.unwrap_err().to_string();
    assert!(error.contains("leave it out there"), "{error}");
    assert_eq!(portal.stats().requests, 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_writes_whose_first_answer_is_lost_says_that_they_may_have_run() {
    for fault in [
        Fault::Reset(FaultTiming::AfterWork),
        Fault::Status(502, FaultTiming::AfterWork),
        Fault::Html(FaultTiming::AfterWork),
        Fault::Truncated,
    ] {
        let portal = portal(leads_and_deals());
        portal.faults().push(fault.clone());
        let mut batch = Batch::new();
        for n in 0..3 {
            let params = json!({"fields": {"TITLE": format!("n{n}")}});
            batch.add(format!("c{n}"), "crm.lead.add", params).unwrap();
        }
        let reply = unlimited(&portal).batch(batch).await.unwrap();
        assert!(reply.stopped().is_some(), "{fault:?}");
        for (label, outcome) in reply.iter() {
            assert!(
                matches!(outcome, Outcome::Unknown(_)),
                "{fault:?}: {label}: {outcome:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_stopped_keeps_the_outcomes_that_came() {
    let portal = portal(leads_and_deals().latency(Duration::from_secs(1)));
    let mut batch = Batch::new();
    for n in 0..130 {
        let params = json!({"fields": {"TITLE": format!("n{n}")}});
        batch.add(format!("c{n}"), "crm.lead.add", params).unwrap();
    }
    let batch = batch.stop_on(tokio::time::sleep(Duration::from_millis(1_500)));
    let reply = unlimited(&portal).batch(batch).await.unwrap();
    assert!(reply.stopped().is_some());
    let outcomes = reply.into_outcomes();
    assert!(
        outcomes[..50]
            .iter()
            .all(|outcome| outcome.done().is_some())
    );
    assert!(
        outcomes[50..100]
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Unknown(_)))
    );
    assert!(
        outcomes[100..]
            .iter()
            .all(|outcome| matches!(outcome, Outcome::NotRun(_)))
    );
}
