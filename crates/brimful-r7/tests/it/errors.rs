//! What goes wrong on the way, and what of it is repeated.

use brimful::{ErrorKind, Execution};
use brimful_portal::{Fault, FaultTiming};
use brimful_r7::Item;
use serde_json::json;

use super::{client, office};

fn lost() -> Vec<Fault> {
    vec![
        Fault::Status(500, FaultTiming::BeforeWork),
        Fault::Status(502, FaultTiming::AfterWork),
        Fault::Status(504, FaultTiming::BeforeWork),
        Fault::Html(FaultTiming::BeforeWork),
        Fault::Html(FaultTiming::AfterWork),
        Fault::Empty(FaultTiming::AfterWork),
        Fault::Reset(FaultTiming::BeforeWork),
        Fault::Reset(FaultTiming::AfterWork),
        Fault::Truncated,
        Fault::HalfBody,
    ]
}

#[tokio::test(start_paused = true)]
async fn a_read_is_retried_after_every_kind_of_lost_answer() {
    for fault in lost() {
        let portal = office(10);
        portal.faults().push(fault.clone());
        let reply = client(&portal).get("people/@self").await;
        assert!(reply.is_ok(), "{fault}: {reply:?}");
        assert_eq!(portal.stats().requests, 2, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_with_an_unknown_outcome_is_not_retried() {
    let person = json!({"firstname": "Анна", "lastname": "Ким", "email": "anna@example.com"});
    for fault in lost() {
        let portal = office(10);
        portal.faults().push(fault.clone());
        let item = Item::post("people").form(person.clone());
        let error = client(&portal).send(item).await.unwrap_err();
        assert_eq!(error.execution(), Execution::Unknown, "{fault}: {error}");
        assert_eq!(portal.stats().requests, 1, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_refused_by_the_rate_limit_is_retried() {
    for fault in [Fault::QueryLimit, Fault::OperatingLimit] {
        let portal = office(10);
        portal.faults().push(fault);
        let person = json!({"firstname": "Анна", "lastname": "Ким", "email": "anna@example.com"});
        let reply = client(&portal)
            .send(Item::post("people").form(person))
            .await;
        assert_eq!(reply.unwrap().status(), 201);
        let people = client(&portal).get("people/filter?count=1").await.unwrap();
        assert_eq!(people.total(), Some(11), "once");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_batch_its_writes_are_unknown_and_its_reads_are_sent_again() {
    for fault in lost() {
        let portal = office(10);
        portal.faults().push(fault.clone());
        let replies = client(&portal)
            .batch()
            .concurrent_requests(1)
            .item(Item::get("people/@self").name("before"))
            .item(Item::delete("people/nobody").name("a").after("before"))
            .item(Item::delete("people/nobody").name("b"))
            .item(Item::get("group").name("after").after("a"))
            .send()
            .await
            .unwrap();
        assert_eq!(
            replies.unknown().collect::<Vec<_>>(),
            ["a", "b", "after"],
            "{fault}"
        );
        assert!(replies.reply("before").is_ok());
        let error = replies.reply("a").unwrap_err();
        assert!(error.to_string().contains("it may have run"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_after_a_write_with_an_unknown_outcome_is_not_sent() {
    let portal = office(10);
    portal.faults().push(Fault::Reset(FaultTiming::AfterWork));
    let replies = client(&portal)
        .batch()
        .items_per_request(1)
        .item(Item::delete("people/nobody").name("a"))
        .item(Item::delete("people/nobody").name("b").after("a"))
        .send()
        .await
        .unwrap();
    let error = replies.reply("b").unwrap_err();
    assert_eq!(error.execution(), Execution::NotRun);
    assert!(
        error.to_string().contains("may still be running"),
        "{error}"
    );
    assert_eq!(portal.stats().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_token_is_an_authentication_error() {
    let portal = office(10);
    let client = super::builder(&portal)
        .credential(brimful_r7::Credential::token("s3cr3t-token"))
        .build()
        .unwrap();
    let error = client.get("people").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.execution()),
        (ErrorKind::Auth, Execution::NotRun)
    );
    assert_eq!(portal.stats().requests, 1, "it would be the same next time");
    let replies = client
        .batch()
        .item(Item::post("people").name("a"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        replies.reply("a").unwrap_err().execution(),
        Execution::NotRun
    );
    for shown in [
        format!("{error}"),
        format!("{error:?}"),
        format!("{client:?}"),
    ] {
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_login_inside_a_batch_later_items_are_unauthorized() {
    let portal = office(10);
    let login = json!({"userName": "demo", "password": "demo"});
    let replies = client(&portal)
        .batch()
        .item(Item::post("authentication").name("login").form(login))
        .item(Item::get("people/@self").name("me").after("login"))
        .send()
        .await
        .unwrap();
    assert_eq!(replies.reply("login").unwrap().status(), 201);
    assert_eq!(
        replies.reply("me").unwrap_err().kind(),
        ErrorKind::AccessDenied
    );
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_an_error_that_names_the_new_host() {
    let portal = office(1);
    portal
        .faults()
        .push(Fault::Redirect(Some("https://new.test".to_owned())));
    let error = client(&portal).get("people").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("new.test"), "{error}");
}
