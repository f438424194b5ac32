//! Batches: names, dependencies, values of other replies, and what becomes of single items.

use std::io;
use std::sync::{Arc, Mutex};

use brimful::{Error, ErrorKind, Execution};
use brimful_r7::{BatchRecorder, Item, Reply, reply_of};
use serde_json::{Value, json};

use super::{RecordingTransport, builder, client, office, scripted};

#[tokio::test(start_paused = true)]
async fn the_two_requests_of_the_documentation_are_answered_by_name() {
    let portal = office(10);
    let replies = client(&portal)
        .batch()
        .item(Item::get("/api/2.0/people/@self").name("me"))
        .item(Item::get("/api/2.0/group").name("groups"))
        .send()
        .await
        .unwrap();
    let me: Value = replies.reply("me").unwrap().result().unwrap();
    let groups: Vec<Value> = replies.reply("groups").unwrap().result().unwrap();
    assert!(groups.iter().any(|group| *group == me["groups"][0]));
    assert!(replies.is_ok());
}

#[tokio::test(start_paused = true)]
async fn independent_items_go_side_by_side_and_dependent_ones_in_one_request() {
    let portal = office(10);
    let client = client(&portal);
    let replies = client
        .batch()
        .item(Item::get("group").name("a"))
        .item(Item::get("people/@self").name("b"))
        .item(Item::get("people").name("c").after("b"))
        .send()
        .await
        .unwrap();
    assert_eq!((replies.requests(), portal.stats().requests), (2, 2));
    let replies = client
        .batch()
        .concurrent_requests(1)
        .item(Item::get("group"))
        .item(Item::get("people/@self"))
        .send()
        .await
        .unwrap();
    assert_eq!(replies.requests(), 1);
    let names: Vec<_> = replies.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["item 1", "item 2"]);
}

#[tokio::test(start_paused = true)]
async fn an_item_takes_a_value_of_an_earlier_reply() {
    let portal = office(10);
    let replies = client(&portal)
        .batch()
        .item(
            Item::post("people/{userid}/contacts")
                .name("contacts")
                .path("userid", reply_of("me").pointer("/response/id"))
                .form(json!({"contacts": [{"Type": "skype"}]}))
                .set(
                    "/contacts/0/Value",
                    reply_of("me").pointer("/response/userName"),
                ),
        )
        .item(Item::get("people/@self").name("me"))
        .send()
        .await
        .unwrap();
    assert_eq!(replies.requests(), 2);
    let name = replies
        .reply("me")
        .unwrap()
        .pointer("/response/userName")
        .cloned();
    let changed = replies.reply("contacts").unwrap();
    assert_eq!(changed.status(), 201);
    assert_eq!(changed.pointer("/response/contacts/1/value").cloned(), name);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_needs_a_missing_value_is_not_sent() {
    let portal = office(10);
    let replies = client(&portal)
        .batch()
        .item(Item::get("people/nobody").name("who"))
        .item(
            Item::delete("people/{id}")
                .name("a")
                .path("id", reply_of("who").pointer("/response/id")),
        )
        .item(Item::get("people/@self").name("me"))
        .item(
            Item::delete("people/{id}")
                .name("b")
                .path("id", reply_of("me").pointer("/response/odd")),
        )
        .item(Item::get("group").name("c").after("who"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        replies.reply("who").unwrap_err().kind(),
        ErrorKind::NotFound
    );
    for (name, why) in [("a", "\"who\""), ("b", "/response/odd")] {
        let error = replies.reply(name).unwrap_err();
        assert_eq!(error.execution(), Execution::NotRun);
        assert!(error.to_string().contains(why), "{error}");
    }
    assert!(
        replies.reply("c").is_ok(),
        "after is an order, and no condition"
    );
}

#[tokio::test(start_paused = true)]
async fn an_item_that_fails_does_not_stop_the_others() {
    let portal = office(10);
    let replies = client(&portal)
        .batch()
        .concurrent_requests(1)
        .item(Item::get("people/nobody").name("a"))
        .item(Item::get("people/@self").name("b"))
        .item(Item::get("batch").name("c"))
        .send()
        .await
        .unwrap();
    let error = replies.reply("a").unwrap_err();
    assert_eq!(error.command(), Some("a"));
    assert!(replies.reply("b").is_ok());
    assert_eq!(
        replies.reply("c").unwrap_err().kind(),
        ErrorKind::MethodNotFound
    );
}

#[tokio::test(start_paused = true)]
async fn an_item_of_another_format_is_not_parsed() {
    let portal = office(3);
    let replies = client(&portal)
        .batch()
        .item(Item::get("people/@self.xml").name("xml"))
        .send()
        .await
        .unwrap();
    let reply = replies.reply("xml").unwrap();
    assert!(reply.body().starts_with(b"<?xml"));
    assert!(reply.raw().is_none());
    let error = reply.result::<Value>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(
        error.to_string().contains("GET people/@self.xml"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_error_of_an_item_is_there_however_often_it_is_asked_for() {
    let portal = office(3);
    let replies = client(&portal)
        .batch()
        .item(Item::get("people/nobody").name("a"))
        .item(Item::get("people/@self").name("b"))
        .send()
        .await
        .unwrap();
    let first = replies.reply("a").unwrap_err().to_string();
    assert_eq!(replies.reply("a").unwrap_err().to_string(), first);
    assert_eq!(replies.len(), 2);
    assert!(!replies.is_ok());
    let error = replies.reply("b").unwrap().result::<u32>().unwrap_err();
    assert!(error.to_string().contains("GET people/@self"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn large_batches_are_split_and_keep_their_order() {
    let portal = office(500);
    let items = (0..250).map(|n| {
        let item = Item::get(format!("people/filter?count=1&startIndex={n}")).name(n.to_string());
        if n > 0 {
            item.after((n - 1).to_string())
        } else {
            item
        }
    });
    let replies = client(&portal).batch().items(items).send().await.unwrap();
    assert_eq!((replies.requests(), replies.len()), (3, 250));
    assert!(replies.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_empty_batch_sends_no_request() {
    let portal = office(1);
    let replies = client(&portal).batch().send().await.unwrap();
    assert!(replies.is_empty());
    assert_eq!(portal.stats().requests, 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_sent_as_a_form_field_and_bodies_have_a_charset() {
    let portal = office(3);
    let listening = RecordingTransport::to(&portal);
    let client = builder(&portal)
        .transport(listening.clone())
        .build()
        .unwrap();
    let item = Item::post("crm/contact/company").json(json!({"companyName": "ООО «Ромашка»"}));
    assert!(client.batch().item(item).send().await.unwrap().is_ok());
    let request = &listening.requests()[0];
    assert_eq!(request.url.path(), "/api/2.0/batch.json");
    assert_eq!(
        request.headers["content-type"],
        "application/x-www-form-urlencoded; charset=utf-8"
    );
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    assert!(body.starts_with("batch=%5B%7B"), "{body}");
    assert!(body.contains("charset%3Dutf-8"), "{body}");
}

fn reply(items: &Value) -> (u16, String) {
    let envelope = json!({"status": 0, "statusCode": 201, "response": items});
    (201, envelope.to_string())
}

#[tokio::test(start_paused = true)]
async fn replies_are_matched_by_name_and_an_unknown_address_by_its_position() {
    let data = |n: u32| json!({"status": 0, "statusCode": 200, "response": n}).to_string();
    let client = scripted(move |_| {
        reply(&json!([
            {"name": "c", "status": 200, "data": data(3)},
            null,
            {"name": "a", "status": 200, "data": data(1)},
        ]))
    });
    let replies = client
        .batch()
        .concurrent_requests(1)
        .items(["a", "b", "c"].map(|name| Item::get("x").name(name)))
        .send()
        .await
        .unwrap();
    assert_eq!(replies.reply("a").unwrap().result::<u32>().unwrap(), 1);
    assert_eq!(replies.reply("c").unwrap().result::<u32>().unwrap(), 3);
    let error = replies.reply("b").unwrap_err();
    assert_eq!(
        (error.kind(), error.execution()),
        (ErrorKind::MethodNotFound, Execution::NotRun)
    );
}

#[tokio::test(start_paused = true)]
async fn an_item_without_a_reply_in_the_batch_may_have_run() {
    let client = scripted(|_| reply(&json!([])));
    let replies = client
        .batch()
        .item(Item::post("people").name("a"))
        .send()
        .await
        .unwrap();
    assert_eq!(replies.unknown().collect::<Vec<_>>(), ["a"]);
    assert_eq!(
        replies.reply("a").unwrap_err().execution(),
        Execution::Unknown
    );
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_whole_batch_is_read_up_to_the_end_of_its_first_copy() {
    let client = scripted(|_| {
        let error =
            json!({"status": 1, "statusCode": 500, "error": {"message": "broken", "hresult": 1}});
        (500, format!("{error}{error}"))
    });
    let replies = client
        .batch()
        .item(Item::post("people").name("a"))
        .send()
        .await
        .unwrap();
    let error = replies.reply("a").unwrap_err();
    assert!(error.to_string().contains("broken"), "{error}");
    assert_eq!(error.execution(), Execution::Unknown);
}

#[tokio::test(start_paused = true)]
async fn no_batch_specified_is_an_error_although_its_status_is_0() {
    let client = scripted(|_| {
        (
            200,
            json!({"status": 0, "error": {"message": "no batch specified"}}).to_string(),
        )
    });
    let replies = client
        .batch()
        .item(Item::get("people").name("a"))
        .send()
        .await
        .unwrap();
    let error = replies.reply("a").unwrap_err();
    assert_eq!(
        (error.kind(), error.execution()),
        (ErrorKind::Config, Execution::NotRun)
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
    fn before_sending(&mut self, names: &[&str]) -> io::Result<()> {
        if let Some(left) = &mut self.records_left {
            *left = left.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
        }
        self.log.lock().unwrap().push(format!("sends {names:?}"));
        Ok(())
    }

    fn answered(&mut self, items: &[(&str, Result<&Reply, &Error>)]) {
        for (name, outcome) in items {
            let what = if outcome.is_ok() { "done" } else { "failed" };
            self.log.lock().unwrap().push(format!("{name}: {what}"));
        }
    }
}

fn two_requests() -> [Item; 3] {
    [
        Item::get("people/@self").name("me"),
        Item::get("people/nobody").name("nobody").after("me"),
        Item::get("people/{id}")
            .name("again")
            .path("id", reply_of("me").pointer("/response/id")),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_recorder_is_told_of_each_request_before_it_goes_out_and_of_its_outcomes_before_the_next()
{
    let portal = office(10);
    let told = RecordedRequests::default();
    let batch = client(&portal).batch().items(two_requests());
    batch.record_with(told.clone()).send().await.unwrap();
    let log = told.log.lock().unwrap().clone();
    let expected = [
        r#"sends ["me", "nobody"]"#,
        "me: done",
        "nobody: failed",
        r#"sends ["again"]"#,
        "again: done",
    ];
    assert_eq!(log, expected);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_not_sent() {
    let portal = office(10);
    let told = RecordedRequests {
        records_left: Some(1),
        ..RecordedRequests::default()
    };
    let batch = client(&portal).batch().items(two_requests());
    let replies = batch.record_with(told).send().await.unwrap();
    assert!(replies.reply("me").is_ok());
    let error = replies.reply("again").unwrap_err();
    assert_eq!(
        (error.kind(), error.execution()),
        (ErrorKind::Io, Execution::NotRun)
    );
    assert_eq!(portal.stats().requests, 1);
}
