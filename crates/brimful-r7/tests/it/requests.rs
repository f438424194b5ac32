//! Single requests.

use brimful::{ErrorKind, Execution};
use brimful_r7::{Item, reply_of};
use serde_json::{Value, json};

use super::{client, office};

#[tokio::test(start_paused = true)]
async fn a_get_returns_what_is_in_the_envelope() {
    let portal = office(10);
    let reply = client(&portal).get("people/@self").await.unwrap();
    let me: Value = reply.result().unwrap();
    assert_eq!(reply.status(), 200);
    assert!(me["isOwner"].as_bool().unwrap());
    assert_eq!(reply.pointer("/response/id"), Some(&me["id"]));
    let made = me["birthday"].as_str().unwrap();
    let moment: brimful_r7::Moment = made.parse().unwrap();
    assert_eq!(moment.to_string(), made, "seven digits of a second");
}

#[tokio::test(start_paused = true)]
async fn a_path_may_be_written_from_its_root_or_without_it() {
    let portal = office(10);
    let client = client(&portal);
    for path in [
        "people/@self",
        "api/2.0/people/@self",
        "/api/2.0/people/@self.json",
    ] {
        assert_eq!(client.get(path).await.unwrap().status(), 200, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn nested_fields_are_sent_as_a_form_and_as_json_alike() {
    let portal = office(10);
    let client = client(&portal);
    let me: Value = client.get("people/@self").await.unwrap().result().unwrap();
    let contacts =
        json!({"contacts": [{"Type": "skype", "Value": "я & ты"}, {"Type": "msn", "Value": "b"}]});
    let change = || Item::put("people/{userid}/contacts").path("userid", me["id"].clone());
    let sent = client.send(change().form(contacts.clone())).await.unwrap();
    let by_form: Value = sent.result().unwrap();
    let sent = client.send(change().json(contacts)).await.unwrap();
    let by_json: Value = sent.result().unwrap();
    let expected = json!([{"type": "skype", "value": "я & ты"}, {"type": "msn", "value": "b"}]);
    assert_eq!(by_form["contacts"], expected);
    assert_eq!(by_json["contacts"], expected);
}

#[tokio::test(start_paused = true)]
async fn a_successful_post_is_a_201() {
    let portal = office(10);
    let person = json!({"firstname": "Анна", "lastname": "Ким", "email": "anna@example.com"});
    let reply = client(&portal)
        .send(Item::post("people").form(person))
        .await
        .unwrap();
    assert_eq!(reply.status(), 201);
    assert_eq!(reply.pointer("/response/displayName").unwrap(), "Анна Ким");
}

#[tokio::test(start_paused = true)]
async fn what_the_portal_refuses_is_an_error_with_its_message() {
    let portal = office(10);
    let client = client(&portal);
    for (path, kind, ran, message) in [
        (
            "people/nobody",
            ErrorKind::NotFound,
            Execution::Ran,
            "Item not found",
        ),
        (
            "nothing/here",
            ErrorKind::MethodNotFound,
            Execution::NotRun,
            "Method not found",
        ),
        ("group/@self", ErrorKind::Api, Execution::Ran, "@self"),
        (
            "people/filter?employeeStatus=odd",
            ErrorKind::Api,
            Execution::Ran,
            "odd",
        ),
    ] {
        let error = client.get(path).await.unwrap_err();
        assert_eq!((error.kind(), error.execution()), (kind, ran), "{error}");
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.to_string().starts_with("GET "), "{error}");
    }
    assert_eq!(portal.stats().requests, 4, "none was repeated");
}

#[tokio::test(start_paused = true)]
async fn a_value_of_another_reply_is_refused_outside_a_batch() {
    let portal = office(10);
    let item = Item::get("people/{id}").path("id", reply_of("me").pointer("/response/id"));
    let error = client(&portal).send(item).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(portal.stats().requests, 0);
}
