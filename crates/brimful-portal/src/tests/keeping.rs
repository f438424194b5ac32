//! All data are kept in a file, given out and taken as a snapshot, and put back to the start.

use super::*;
use crate::context::settings::AccessToken;
use crate::{App, DataError};

/// One of every kind of thing that a portal keeps.
const WRITES: &[(&str, &str)] = &[
    (
        "crm.deal.add",
        "fields[TITLE]=a&fields[OPPORTUNITY]=12.50&fields[CONTACT_IDS][0]=1",
    ),
    ("crm.deal.update", "id=2&fields[TITLE]=%D0%B1"),
    ("crm.deal.delete", "id=3"),
    (
        "crm.deal.contact.items.set",
        "id=2&items[0][CONTACT_ID]=2&items[0][IS_PRIMARY]=Y",
    ),
    (
        "crm.deal.userfield.add",
        "fields[FIELD_NAME]=COLOUR&fields[USER_TYPE_ID]=string&fields[EDIT_FORM_LABEL][ru]=x",
    ),
    ("crm.deal.update", "id=4&fields[UF_CRM_COLOUR]=red"),
    (
        "crm.deal.productrows.set",
        "id=2&rows[0][PRODUCT_NAME]=p&rows[0][PRICE]=5&rows[0][QUANTITY]=2",
    ),
    (
        "crm.contact.add",
        "fields[NAME]=n&fields[PHONE][0][VALUE]=%2B7&fields[PHONE][0][VALUE_TYPE]=WORK",
    ),
    ("crm.category.add", "entityTypeId=2&fields[name]=funnel"),
    (
        "crm.status.add",
        "fields[ENTITY_ID]=SOURCE&fields[STATUS_ID]=NEW1&fields[NAME]=n",
    ),
    (
        "crm.type.add",
        "fields[title]=process&fields[entityTypeId]=1038",
    ),
    ("crm.item.add", "entityTypeId=1038&fields[title]=one"),
    ("crm.item.add", "entityTypeId=1038&fields[title]=two"),
    ("crm.item.delete", "entityTypeId=1038&id=2"),
    (
        "crm.requisite.add",
        "fields[ENTITY_TYPE_ID]=3&fields[ENTITY_ID]=1&fields[PRESET_ID]=1&fields[NAME]=x",
    ),
    ("crm.currency.base.set", "id=USD"),
    ("app.option.set", "options[key]=value"),
    ("user.option.set", "options[mine]=1"),
    ("im.user.status.set", "STATUS=dnd"),
    ("im.chat.add", "TITLE=chat&USERS[0]=2"),
    ("timeman.open", ""),
    ("task.commentitem.add", "0=2&1[POST_MESSAGE]=hello"),
    ("tasks.task.update", "taskId=2&fields[TITLE]=new"),
    (
        "disk.folder.uploadfile",
        "id=1&data[NAME]=f.txt&fileContent[0]=f.txt&fileContent[1]=aGVsbG8=",
    ),
    ("event.bind", "event=ONCRMLEADADD&event_type=offline"),
    ("crm.lead.add", "fields[TITLE]=queued"),
    ("my.thing.add", "fields[price]=7"),
    ("my.thing.delete", "id=1"),
];

/// What shows them.
const READS: &[(&str, &str)] = &[
    ("crm.deal.list", "order[ID]=ASC&select[0]=*&select[1]=UF_*"),
    ("crm.deal.contact.items.get", "id=2"),
    ("crm.deal.userfield.list", ""),
    ("crm.deal.productrows.get", "id=2"),
    ("crm.contact.get", "id=6"),
    ("crm.category.list", "entityTypeId=2"),
    ("crm.status.list", "filter[ENTITY_ID]=SOURCE"),
    ("crm.type.list", ""),
    ("crm.item.list", "entityTypeId=1038"),
    ("crm.requisite.list", ""),
    ("crm.currency.base.get", ""),
    ("app.option.get", ""),
    ("user.option.get", ""),
    ("im.user.status.get", ""),
    ("im.chat.user.list", "CHAT_ID=1"),
    ("timeman.status", ""),
    ("task.commentitem.getlist", "0=2"),
    ("tasks.task.history.list", "taskId=2"),
    ("disk.folder.getchildren", "id=1"),
    ("event.get", ""),
    ("event.offline.list", ""),
    ("crm.stagehistory.list", "entityTypeId=1"),
    ("my.thing.list", ""),
];

fn config() -> PortalConfig {
    let thing = json!({"id": 1, "price": 3});
    let Json::Object(thing) = thing else {
        unreachable!("it is written as an object")
    };
    PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .rows("deal", 5)
        .rows("contact", 5)
        .rows("task", 3)
        .rows("lead", 2)
        .load_rows_of("my.thing.list", vec![thing])
        .reply("mailservice.get", json!({"ID": "9"}))
        .app(App::new("app.1", "s3cret", "http://127.0.0.1:1/"))
        .token(AccessToken::new("t1", "app.1", 1))
}

async fn called(portal: &Portal, method: &str, params: &str) -> Json {
    let params = format!("{params}&auth=t1");
    let media_type = "application/x-www-form-urlencoded";
    let heard = post(portal, &format!("/rest/{method}"), media_type, &params).await;
    heard.json()
}

/// All that the reads show.
async fn shown(portal: &Portal) -> Vec<Json> {
    let mut shown = Vec::new();
    for (method, params) in READS {
        let reply = called(portal, method, params).await;
        assert!(reply.get("error").is_none(), "{method}: {reply}");
        shown.push(json!([method, reply["result"], reply["total"]]));
    }
    shown
}

async fn written(portal: &Portal) {
    for (method, params) in WRITES {
        let reply = called(portal, method, params).await;
        assert!(reply.get("error").is_none(), "{method}: {reply}");
    }
}

async fn admin(portal: &Portal, path: &str, body: &str) -> Heard {
    post(
        portal,
        &format!("/_portal/{path}"),
        "application/json",
        body,
    )
    .await
}

#[tokio::test]
async fn a_snapshot_has_everything_and_another_portal_takes_it() {
    let portal = Portal::new(config()).unwrap();
    let at_the_start = shown_or_missing(&portal).await;
    written(&portal).await;
    let before = shown(&portal).await;
    let snapshot = get(&portal, "/_portal/snapshot").await.body;
    let other = Portal::new(config()).unwrap();
    let heard = admin(&other, "load", &snapshot).await;
    assert_eq!(heard.status, 200, "{}", heard.body);
    for (before, after) in before.iter().zip(shown(&other).await) {
        assert_eq!(*before, after);
    }
    // IDs that were given out are not given again, and what was recorded is answered as before.
    let again = called(&other, "crm.item.add", "entityTypeId=1038&fields[title]=x").await;
    assert_eq!(again["result"]["item"]["id"], 3);
    let recorded = called(&other, "mailservice.get", "").await;
    assert_eq!(recorded["result"], json!({"ID": "9"}));
    let heard = admin(&other, "reset", "").await;
    assert_eq!(heard.status, 200, "{}", heard.body);
    assert_eq!(shown_or_missing(&other).await, at_the_start);
}

/// The same, where some of it is not there.
async fn shown_or_missing(portal: &Portal) -> Vec<Json> {
    let mut shown = Vec::new();
    for (method, params) in READS {
        let reply = called(portal, method, params).await;
        shown.push(json!([method, reply["result"], reply["error"]]));
    }
    shown
}

#[tokio::test]
async fn a_snapshot_that_makes_no_sense_changes_nothing() {
    let portal = Portal::new(config()).unwrap();
    let snapshot = get(&portal, "/_portal/snapshot").await.json();
    let rows = snapshot["rows"].as_array().unwrap();
    let mut twice = snapshot.clone();
    let row =
        json!({"store": "entity:deal", "id": 900, "body": "{\"written\":true,\"fields\":{}}"});
    twice["rows"] = rows.iter().cloned().chain([row.clone(), row]).collect();
    let mut broken = snapshot.clone();
    broken["rows"] = rows
        .iter()
        .cloned()
        .chain([json!({"store": "entity:deal", "id": 900, "body": "{"})])
        .collect();
    for (body, why) in [
        (twice.to_string(), "have the ID 900"),
        (broken.to_string(), "row 900 of entity:deal"),
        ("{}".to_owned(), "GET /_portal/snapshot makes one"),
        ("no".to_owned(), "not JSON"),
    ] {
        let heard = admin(&portal, "load", &body).await;
        assert_eq!(heard.status, 400, "{why}");
        assert!(heard.body.contains(why), "{}", heard.body);
    }
    assert_eq!(called(&portal, "crm.deal.list", "").await["total"], 5);
    let health = get(&portal, "/_portal/health").await.json();
    assert_eq!(
        (&health["status"], &health["keeps_data"]),
        (&json!("ok"), &json!(false))
    );
}

#[test]
fn one_id_twice_in_loaded_rows_is_refused() {
    let row = |title: &str| match json!({"ID": "7", "TITLE": title}) {
        Json::Object(row) => row,
        _ => unreachable!("it is written as an object"),
    };
    let config = PortalConfig::new().load("lead", vec![row("a"), row("b")]);
    let refused = Portal::new(config).unwrap_err();
    assert_eq!(
        refused,
        DataError::DuplicateId {
            entity: "lead".to_owned(),
            id: 7
        }
    );
    assert_eq!(
        refused.to_string(),
        "two rows of \"lead\" have the ID 7: give every row an ID of its own"
    );
}

#[cfg(feature = "sqlite")]
mod file {
    use super::*;

    #[tokio::test]
    async fn a_file_keeps_everything_from_one_start_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portal.db");
        let first = Portal::new(config().data_file(&path)).unwrap();
        assert!(!first.has_data_of_before());
        written(&first).await;
        let before = shown(&first).await;
        let tokens = first.backend().callers.issued().stored(0.0).to_string();
        drop(first);
        let second = Portal::new(config().rows("company", 9).data_file(&path)).unwrap();
        assert!(second.has_data_of_before());
        for (before, after) in before.iter().zip(shown(&second).await) {
            assert_eq!(*before, after);
        }
        assert!(tokens.len() > 10);
        // A field that is deleted and added again is empty, after a start too.
        let fields = called(&second, "crm.deal.userfield.list", "").await;
        let id = fields["result"]
            .as_array()
            .unwrap()
            .iter()
            .find(|field| field["FIELD_NAME"] == "UF_CRM_COLOUR")
            .unwrap()["ID"]
            .clone();
        let id = id.as_str().unwrap();
        called(&second, "crm.deal.userfield.delete", &format!("id={id}")).await;
        let add = "fields[FIELD_NAME]=COLOUR&fields[USER_TYPE_ID]=string";
        called(&second, "crm.deal.userfield.add", add).await;
        drop(second);
        let third = Portal::new(config().data_file(&path)).unwrap();
        let deal = called(&third, "crm.deal.get", "id=4").await;
        assert!(
            deal["result"]["UF_CRM_COLOUR"]
                .as_str()
                .is_none_or(str::is_empty),
            "{deal}"
        );
    }

    #[tokio::test]
    async fn the_tokens_of_applications_are_good_after_a_start_and_new_ones_differ() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portal.db");
        let config = || config().app(App::new("app.2", "s", "http://127.0.0.1:1/").signed_in_as(1));
        let grant = || crate::calls::token_store::Grant {
            client_id: "app.2".to_owned(),
            user: 1,
            scopes: crate::context::settings::Scopes::All,
        };
        let hour = std::time::Duration::from_secs(3600);
        let issue = |portal: &Portal| {
            let elapsed = portal.backend().context.elapsed();
            portal
                .backend()
                .callers
                .issued()
                .issue_pair(&grant(), hour, elapsed)
                .access
        };
        let first = Portal::new(config().data_file(&path)).unwrap();
        let token = issue(&first);
        get(&first, "/rest/1/demo/profile").await;
        drop(first);
        let second = Portal::new(config().data_file(&path)).unwrap();
        let heard = get(&second, &format!("/rest/profile?auth={token}")).await;
        assert_eq!(heard.status, 200, "{}", heard.body);
        assert_ne!(issue(&second), token);
    }

    #[tokio::test]
    async fn a_snapshot_in_sqlite_is_a_file_to_start_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portal.db");
        let portal = Portal::new(config()).unwrap();
        written(&portal).await;
        let before = shown(&portal).await;
        let request = Request::get("/_portal/snapshot?format=sqlite")
            .body(Bytes::new())
            .unwrap();
        let reply = portal.handle(request, HERE).await.response().unwrap();
        assert_eq!(
            reply.headers()[header::CONTENT_TYPE],
            "application/vnd.sqlite3"
        );
        std::fs::write(&path, reply.body()).unwrap();
        let other = Portal::new(config().data_file(&path)).unwrap();
        for (before, after) in before.iter().zip(shown(&other).await) {
            assert_eq!(*before, after);
        }
    }

    #[tokio::test]
    async fn a_reset_reaches_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("portal.db");
        let first = Portal::new(config().data_file(&path)).unwrap();
        called(&first, "crm.deal.delete", "id=1").await;
        assert_eq!(admin(&first, "reset", "").await.status, 200);
        drop(first);
        let second = Portal::new(config().data_file(&path)).unwrap();
        assert_eq!(called(&second, "crm.deal.list", "").await["total"], 5);
    }
}
