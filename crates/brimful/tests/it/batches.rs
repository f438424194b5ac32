use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brimful::{
    AnsweredCommand, Batch, BatchRecorder, Client, ErrorKind, Execution, LateCommand, OnError,
    Outcome, TransportErrorKind,
};
use brimful_portal::{
    Costs, Fault, FaultRule, FaultTiming, LimiterGeneration, OperatingLimit, Portal, PortalConfig,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{client, portal, scripted, unlimited};

fn leads() -> PortalConfig {
    PortalConfig::new().rows("crm.lead", 100)
}

fn batch<'a>(commands: impl IntoIterator<Item = (&'a str, &'a str, Value)>) -> Batch {
    let mut batch = Batch::new();
    for (label, method, params) in commands {
        batch.add(label, method, params).unwrap();
    }
    batch
}

async fn count(client: &Client, method: &str) -> u64 {
    let reply = client.call(method, json!({"select": ["ID"]})).await;
    reply.unwrap().total().unwrap()
}

#[tokio::test(start_paused = true)]
async fn there_is_one_outcome_for_each_command_in_order() {
    let portal = portal(leads());
    let mut batch = Batch::new();
    for id in 1..=120 {
        let id_of = if id % 7 == 0 { 99_999 } else { id % 100 + 1 };
        batch
            .add(format!("c{id}"), "crm.lead.get", json!({ "id": id_of }))
            .unwrap();
    }
    let reply = client(&portal).batch(batch).await.unwrap();
    assert_eq!(reply.iter().count(), 120);
    for ((label, outcome), id) in reply.iter().zip(1..) {
        assert_eq!(label, format!("c{id}"));
        match outcome {
            Outcome::Done(lead) => {
                let lead: Value = serde_json::from_str(lead.get()).unwrap();
                assert_eq!(lead["ID"], (id % 100 + 1).to_string());
            }
            Outcome::Failed(_) => assert_eq!(id % 7, 0),
            other => panic!("{other:?}"),
        }
    }
    assert!(reply.stopped().is_none());
    assert_eq!(portal.stats().requests, 3);
}

#[tokio::test(start_paused = true)]
async fn a_command_refers_to_the_result_of_an_earlier_one() {
    let portal = portal(leads());
    let mut batch = Batch::new().on_error(OnError::Halt);
    let first = batch
        .add(
            "first",
            "crm.lead.list",
            json!({"order": {"ID": "DESC"}, "start": 0}),
        )
        .unwrap();
    let id = first.result().index(0).field("ID").unwrap();
    batch
        .add("again", "crm.lead.get", json!({ "id": id }))
        .unwrap();
    let reply = client(&portal).batch(batch).await.unwrap();
    assert_eq!(reply.result::<Value>("again").unwrap()["ID"], "100");
    assert_eq!(reply.total(&first), Some(100));
    assert_eq!(reply.next(&first), Some(50));
    assert_eq!(portal.stats().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_failure_in_a_halting_batch_is_not_run() {
    let portal = portal(leads());
    let mut batch = Batch::new().on_error(OnError::Halt);
    for (label, id) in [("a", 1), ("b", 99_999), ("c", 2)] {
        batch
            .add(label, "crm.lead.get", json!({ "id": id }))
            .unwrap();
    }
    for i in 0..60 {
        batch
            .add(format!("d{i}"), "crm.lead.get", json!({"id": 1}))
            .unwrap();
    }
    let outcomes = client(&portal).batch(batch).await.unwrap().into_outcomes();
    assert!(matches!(outcomes[0], Outcome::Done(_)));
    assert!(matches!(outcomes[1], Outcome::Failed(_)));
    assert!(
        outcomes[2..]
            .iter()
            .all(|o| matches!(o, Outcome::NotRun(_)))
    );
    assert_eq!(portal.stats().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn a_reference_across_two_requests_is_replaced_by_its_value() {
    let portal = portal(leads());
    let mut batch = Batch::new();
    for id in 1..=50 {
        batch
            .add(format!("c{id}"), "crm.lead.get", json!({ "id": id }))
            .unwrap();
    }
    batch
        .add("far", "crm.lead.get", json!({"id": "$result[c3][ID]"}))
        .unwrap();
    let reply = client(&portal).batch(batch).await.unwrap();
    assert_eq!(reply.result::<Value>("far").unwrap()["ID"], "3");
    assert_eq!(portal.stats().requests, 2);
}

#[test]
fn what_no_portal_could_make_sense_of_is_refused_by_name() {
    let refusal = |label: &str, method: &str, params: Value| {
        let mut batch = batch([("there", "crm.lead.get", json!({"id": 1}))]);
        batch.add(label, method, params).unwrap_err().to_string()
    };
    let get = "crm.lead.get";
    assert!(refusal("there", get, json!({})).contains("two commands"));
    assert!(refusal("a b", get, json!({})).contains("\"a b\""));
    assert!(refusal("", get, json!({})).contains("empty"));
    assert!(refusal("x", "Batch", json!({})).contains("portals refuse it"));
    let unknown = refusal("x", get, json!({"id": "$result[nobody][ID]"}));
    assert!(unknown.contains("\"nobody\""), "{unknown}");
    let accident = refusal(
        "x",
        "crm.lead.add",
        json!({"fields": {"TITLE": "the $total due"}}),
    );
    assert!(accident.contains("the $total due"), "{accident}");
}

#[tokio::test(start_paused = true)]
async fn what_refers_to_a_failure_is_not_run_and_all_else_is() {
    // A portal by itself would give the second command the whole map of results as its contact.
    let portal = portal(leads());
    let client = client(&portal);
    let batch = batch([
        ("contact", "crm.contact.get", json!({"id": 99_999})),
        (
            "deal",
            "crm.deal.add",
            json!({"fields": {"CONTACT_ID": "$result[contact][ID]"}}),
        ),
        ("lead", "crm.lead.get", json!({"id": 5})),
        ("again", "crm.lead.get", json!({"id": "$result[lead][ID]"})),
    ]);
    let reply = client.batch(batch).await.unwrap();
    assert!(matches!(reply.get("contact"), Some(Outcome::Failed(_))));
    assert!(matches!(reply.get("deal"), Some(Outcome::NotRun(_))));
    assert_eq!(reply.result::<Value>("again").unwrap()["ID"], "5");
    assert_eq!(count(&client, "crm.deal.list").await, 0);
    let error = reply.result::<Value>("contact").unwrap_err();
    assert_eq!(error.command(), Some("contact"));
    assert_eq!(error.execution(), Execution::Ran);
}

#[tokio::test(start_paused = true)]
async fn a_command_refused_inside_a_batch_is_sent_again_with_what_its_references_stood_for() {
    // A call takes two seconds, and a method may use one.
    let config = PortalConfig::unlimited()
        .costs(Costs {
            call: Duration::from_secs(2),
            ..Costs::default()
        })
        .operating_limit(OperatingLimit {
            time: Duration::from_secs(1),
            generation: LimiterGeneration::Expiring,
        });
    let portal = portal(config);
    let client = unlimited(&portal);
    client
        .batch(batch([(
            "deal",
            "crm.deal.add",
            json!({"fields": {"TITLE": "first"}}),
        )]))
        .await
        .unwrap();
    let mut batch = Batch::new();
    let contact = batch
        .add(
            "contact",
            "crm.contact.add",
            json!({"fields": {"NAME": "Ann"}}),
        )
        .unwrap();
    let deal = batch
        .add(
            "deal",
            "crm.deal.add",
            json!({"fields": {"CONTACT_ID": contact.result()}}),
        )
        .unwrap();
    batch
        .add("read", "crm.deal.get", json!({"id": deal.result()}))
        .unwrap();
    let reply = client.batch(batch).await.unwrap();
    let contact: u64 = reply.result(&contact).unwrap();
    let deal: Value = reply.result("read").unwrap();
    assert_eq!(deal["CONTACT_ID"], contact.to_string());
    assert_eq!(
        count(&client, "crm.contact.list").await,
        1,
        "not added again"
    );
    assert_eq!(count(&client, "crm.deal.list").await, 2);
    // The portal names a reset ten minutes ahead, which may be wrong: a call finds out after 1, 3 and 7 minutes.
    assert_eq!(portal.stats().refused_by_operating, 1 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_late_command_is_built_from_what_came_before_it() {
    let portal = portal(leads().rows("crm.contact", 5));
    let client = client(&portal);
    let mut batch = Batch::new();
    let lead = batch.add("lead", "crm.lead.get", json!({"id": 7})).unwrap();
    let of_lead = lead.clone();
    batch
        .late("comment", move |before| {
            let lead: Value = before.result(&of_lead)?;
            let title = format!("{} and more", lead["TITLE"].as_str().unwrap_or_default());
            Ok(LateCommand::new(
                "crm.lead.update",
                json!({"id": lead["ID"], "fields": {"TITLE": title}}),
            ))
        })
        .unwrap();
    batch
        .add("after", "crm.lead.get", json!({"id": 7}))
        .unwrap();
    let reply = client.batch(batch).await.unwrap();
    let before: Value = reply.result(&lead).unwrap();
    let after: Value = reply.result("after").unwrap();
    let expected = format!("{} and more", before["TITLE"].as_str().unwrap());
    assert_eq!(after["TITLE"], expected);
    assert_eq!(
        portal.stats().requests,
        2,
        "the late one and what follows it share a request"
    );
}

#[tokio::test(start_paused = true)]
async fn late_commands_in_a_row_share_a_request() {
    let portal = portal(leads());
    let mut batch = Batch::new();
    batch.add("list", "crm.lead.list", json!({})).unwrap();
    for i in 0..49 {
        batch
            .late(format!("l{i}"), move |before| {
                let leads: Vec<Value> = before.result("list")?;
                Ok(LateCommand::new(
                    "crm.lead.get",
                    json!({"id": leads[i]["ID"]}),
                ))
            })
            .unwrap();
    }
    let reply = client(&portal).batch(batch).await.unwrap();
    assert!(reply.iter().all(|(_, outcome)| outcome.done().is_some()));
    assert_eq!(portal.stats().requests, 2);
}

#[tokio::test(start_paused = true)]
async fn a_late_command_that_cannot_be_built_ends_the_batch_with_its_error() {
    let portal = portal(leads());
    let mut batch = batch([("gone", "crm.lead.get", json!({"id": 99_999}))]);
    batch
        .late("next", |before| {
            let lead: Value = before.result("gone")?;
            Ok(LateCommand::new("crm.lead.get", lead))
        })
        .unwrap();
    batch
        .add("after", "crm.lead.get", json!({"id": 1}))
        .unwrap();
    let reply = client(&portal).batch(batch).await.unwrap();
    assert!(matches!(reply.get("gone"), Some(Outcome::Failed(_))));
    assert!(matches!(reply.get("next"), Some(Outcome::NotRun(_))));
    assert!(matches!(reply.get("after"), Some(Outcome::NotRun(_))));
    assert_eq!(reply.stopped().unwrap().command(), Some("gone"));
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_is_unknown_and_what_does_not_depend_on_it_is_run() {
    let portal = portal(PortalConfig::unlimited());
    let client = unlimited(&portal);
    client.call("user.current", json!({})).await.unwrap();
    portal.faults().push(Fault::Reset(FaultTiming::AfterWork));
    let mut batch = Batch::new();
    for n in 0..75 {
        let params = json!({"fields": {"TITLE": format!("n{n}")}});
        batch.add(format!("c{n}"), "crm.lead.add", params).unwrap();
    }
    let outcomes = client.batch(batch).await.unwrap().into_outcomes();
    assert!(
        outcomes[..50]
            .iter()
            .all(|o| matches!(o, Outcome::Unknown(_)))
    );
    assert!(outcomes[50..].iter().all(|o| o.done().is_some()));
    assert_eq!(count(&client, "crm.lead.list").await, 75, "nothing twice");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_never_gets_through_is_an_error_and_nothing_ran() {
    let portal = portal(PortalConfig::unlimited());
    portal.faults().add(FaultRule::every(1, Fault::QueryLimit));
    let client = unlimited(&portal).with_deadline(Duration::from_secs(30));
    let error = client
        .batch(batch([("add", "crm.lead.add", json!({"fields": {}}))]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert_eq!(error.execution(), Execution::NotRun);
    assert_eq!(portal.stats().commands, 0);
}

#[tokio::test(start_paused = true)]
async fn commands_whose_request_failed_are_reported_as_they_are() {
    async fn outcome_of(fault: Fault) -> (Portal, Outcome) {
        let portal = portal(PortalConfig::unlimited());
        let client = unlimited(&portal);
        client.call("user.current", json!({})).await.unwrap();
        let mut batch = Batch::new();
        batch.add("first", "crm.lead.list", json!({})).unwrap();
        for n in 0..50 {
            batch
                .add(format!("c{n}"), "crm.lead.add", json!({"fields": {}}))
                .unwrap();
        }
        portal.faults().push(Fault::Delay(Duration::ZERO));
        portal.faults().push(fault);
        let mut reply = client.batch(batch).await.unwrap().into_outcomes();
        (portal, reply.pop().unwrap())
    }
    let (_, refused) = outcome_of(Fault::ExpiredToken).await;
    assert!(matches!(refused, Outcome::Failed(_)), "{refused:?}");
    let (_, lost) = outcome_of(Fault::Reset(FaultTiming::BeforeWork)).await;
    assert!(matches!(lost, Outcome::Unknown(_)), "{lost:?}");
}

#[tokio::test(start_paused = true)]
async fn a_null_in_a_late_command_is_not_lost() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 10));
    let client = unlimited(&portal);
    let mut batch = Batch::new();
    batch.add("lead", "crm.lead.get", json!({"id": 7})).unwrap();
    batch
        .late("clear", |_| {
            Ok(LateCommand::new(
                "crm.lead.update",
                json!({"id": 7, "fields": {"COMMENTS": null}}),
            ))
        })
        .unwrap();
    let reply = client.batch(batch).await.unwrap();
    assert!(
        matches!(reply.get("clear"), Some(Outcome::NotRun(_))),
        "{reply:?}"
    );
    let error = reply.stopped().unwrap();
    assert!(error.to_string().contains("fields[COMMENTS]"), "{error}");
    assert_eq!(error.command(), Some("clear"));
}

#[tokio::test(start_paused = true)]
async fn a_text_of_a_late_command_that_a_portal_would_replace_is_named() {
    for text in ["the $total due", "as in $result[nobody][ID]"] {
        let portal = portal(PortalConfig::unlimited().rows("crm.lead", 10));
        let client = unlimited(&portal);
        let mut batch = Batch::new();
        batch.add("lead", "crm.lead.get", json!({"id": 7})).unwrap();
        batch
            .late("title", move |_| {
                Ok(LateCommand::new(
                    "crm.lead.update",
                    json!({"id": 7, "fields": {"TITLE": text}}),
                ))
            })
            .unwrap();
        let reply = client.batch(batch).await.unwrap();
        assert!(
            matches!(reply.get("title"), Some(Outcome::NotRun(_))),
            "{reply:?}"
        );
        let error = reply.stopped().expect("an error").to_string();
        assert!(error.contains("title"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_was_not_run_fails_with_the_kind_of_what_kept_it_from_running() {
    let client = scripted(|n, _| match n {
        0 => {
            let results: serde_json::Map<String, Value> =
                (0..50).map(|n| (format!("c{n}"), json!(1))).collect();
            Ok((200, json!({"result": {"result": results}}).to_string()))
        }
        _ => Err(TransportErrorKind::Connect),
    })
    .limit(None)
    .build()
    .unwrap();
    let labels: Vec<String> = (0..150).map(|n| format!("c{n}")).collect();
    let commands = labels
        .iter()
        .map(|label| (label.as_str(), "crm.lead.add", json!({"fields": {}})));
    let reply = client.batch(batch(commands)).await.unwrap();
    for label in ["c50", "c149"] {
        let error = reply.result::<Value>(label).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{label}: {error}");
        assert_eq!(error.execution(), Execution::NotRun, "{label}: {error}");
        assert_eq!(error.method(), Some("crm.lead.add"), "{label}: {error}");
        assert_eq!(error.command(), Some(label), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_in_a_batch_is_not_lost_whatever_its_name() {
    let portal = portal(PortalConfig::unlimited().rows("crm.lead", 10));
    let client = unlimited(&portal);
    let mut batch = Batch::new();
    batch
        .add(
            "rows",
            "crm.lead.productrows.set",
            json!({"id": 7, "rows": []}),
        )
        .unwrap();
    let error = client.batch(batch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("rows"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_commands_are_refused_ends_at_its_deadline() {
    let refused = r#"{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}"#;
    let body = format!(r#"{{"result":{{"result":[],"result_error":{{"a":{refused}}}}}}}"#);
    let client = scripted(move |_, _| Ok((200, body.clone())))
        .build()
        .unwrap()
        .with_deadline(Duration::from_secs(60));
    let mut batch = Batch::new();
    batch.add("a", "crm.lead.get", json!({"id": 1})).unwrap();
    let started = Instant::now();
    let _ = client.batch(batch).await;
    assert!(
        started.elapsed() < Duration::from_secs(61),
        "{:?}",
        started.elapsed()
    );
}

/// What a recorder was told, in its order.
#[derive(Clone, Default)]
struct RecordedRequests {
    log: Arc<Mutex<Vec<String>>>,
    /// After so many requests nothing can be recorded any more.
    records_left: Option<usize>,
}

impl BatchRecorder for RecordedRequests {
    fn before_sending(&mut self, labels: &[&str]) -> io::Result<()> {
        if let Some(left) = &mut self.records_left {
            *left = left.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
        }
        self.log.lock().unwrap().push(format!("sends {labels:?}"));
        Ok(())
    }

    fn answered(&mut self, commands: &[AnsweredCommand<'_>]) {
        for AnsweredCommand { label, outcome, .. } in commands {
            let what = match outcome {
                Outcome::Done(_) => "done",
                Outcome::Failed(_) => "failed",
                _ => "something else",
            };
            self.log.lock().unwrap().push(format!("{label}: {what}"));
        }
    }
}

fn adds_and_a_link() -> Batch {
    let lead = |title: &str| json!({"fields": {"TITLE": title}});
    batch([
        ("a", "crm.lead.add", lead("one")),
        ("b", "crm.lead.get", json!({"id": 99_999})),
        ("c", "crm.lead.delete", json!({"id": "$result[a]"})),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_recorder_is_told_of_each_request_before_it_goes_out_and_of_its_outcomes_before_the_next()
{
    let portal = portal(leads());
    let told = RecordedRequests::default();
    let batch = adds_and_a_link().record_with(told.clone());
    client(&portal).batch(batch).await.unwrap();
    let log = told.log.lock().unwrap().clone();
    let expected = [
        r#"sends ["a", "b"]"#,
        "a: done",
        "b: failed",
        r#"sends ["c"]"#,
        "c: done",
    ];
    assert_eq!(log, expected);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_not_sent_and_ends_the_batch() {
    let portal = portal(leads());
    let told = RecordedRequests {
        records_left: Some(1),
        ..RecordedRequests::default()
    };
    let batch = adds_and_a_link().record_with(told);
    let reply = client(&portal).batch(batch).await.unwrap();
    assert!(matches!(reply.get("a"), Some(Outcome::Done(_))));
    assert!(matches!(reply.get("c"), Some(Outcome::NotRun(_))));
    let stopped = reply.stopped().unwrap();
    assert_eq!(stopped.kind(), ErrorKind::Io);
    assert_eq!(stopped.execution(), Execution::NotRun);
    assert_eq!(portal.stats().requests, 1);
}
