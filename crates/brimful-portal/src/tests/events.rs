//! Events are posted to real handlers on this machine, and wait in queues for those who fetch them.

use std::net::SocketAddr;

use brimful_protocol::json as php;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::context::settings::AccessToken;
use crate::{App, DeliveryOutcome};

/// A handler on this machine: what it is posted, in the order in which it comes.
pub(super) struct Handler {
    address: SocketAddr,
    pub(super) heard: UnboundedReceiver<Json>,
}

impl Handler {
    /// Answers every request with `status`.
    pub(super) async fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, heard) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = Vec::new();
                let mut part = [0; 4096];
                let body = loop {
                    let read = stream.read(&mut part).await.unwrap();
                    assert_ne!(read, 0, "the request ended early");
                    bytes.extend_from_slice(&part[..read]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else {
                        continue;
                    };
                    assert!(head.contains("Content-Type: application/x-www-form-urlencoded"));
                    let length = head.split("Content-Length: ").nth(1).unwrap();
                    let length: usize = length.lines().next().unwrap().parse().unwrap();
                    if body.len() == length {
                        break body.to_owned();
                    }
                };
                let event = php::to_string(&query::decode(body.as_bytes()).into());
                let reply = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                // What it was told counts only once it has answered.
                stream.write_all(reply.as_bytes()).await.unwrap();
                if told.send(serde_json::from_str(&event).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { address, heard }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/handler?x=1", self.address)
    }

    pub(super) async fn next(&mut self) -> Json {
        self.heard.recv().await.unwrap()
    }
}

pub(super) fn config() -> PortalConfig {
    PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .rows("deal", 5)
        .app(App::new("app.1", "s3cret", "http://127.0.0.1:1/"))
        .token(AccessToken::new("t1", "app.1", 1))
        .token(AccessToken::new("t7", "app.1", 7))
}

/// Calls a method as the application does, for the user of the token.
pub(super) async fn as_app(portal: &Portal, token: &str, method: &str, mut params: Json) -> Json {
    params["auth"] = json!(token);
    let heard = post(
        portal,
        &format!("/rest/{method}"),
        "application/json",
        &params.to_string(),
    )
    .await;
    heard.json()
}

async fn bind(portal: &Portal, event: &str, handler: &str) {
    let bound = json!({ "event": event, "handler": handler });
    let answer = as_app(portal, "t1", "event.bind", bound).await;
    assert_eq!(answer["result"], true, "{answer}");
}

#[tokio::test]
async fn a_handler_is_posted_what_was_added_with_a_token_of_the_user_who_did_it() {
    let portal = Portal::new(config()).unwrap();
    let mut handler = Handler::start("200 OK").await;
    bind(&portal, "OnCrmDealAdd", &handler.url()).await;
    let added = as_app(
        &portal,
        "t7",
        "crm.deal.add",
        json!({"fields": {"TITLE": "a"}}),
    )
    .await;
    assert_eq!(added["result"], 6);
    let event = handler.next().await;
    assert_eq!(event["event"], "ONCRMDEALADD");
    assert_eq!(event["event_handler_id"], "1");
    assert_eq!(event["data"], json!({"FIELDS": {"ID": "6"}}));
    assert_eq!(event["ts"], "1772348400");
    let auth = event["auth"].as_object().unwrap();
    let mut names: Vec<&str> = auth.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "access_token",
            "application_token",
            "client_endpoint",
            "domain",
            "expires_in",
            "member_id",
            "scope",
            "server_endpoint",
            "status",
            "user_id"
        ]
    );
    assert_eq!(
        (&auth["scope"], &auth["status"], &auth["user_id"]),
        (&json!("crm"), &json!("L"), &json!("7"))
    );
    assert_eq!(auth["expires_in"], "3600");
    let token = auth["access_token"].as_str().unwrap();
    let read = as_app(&portal, token, "crm.deal.get", json!({"id": 6})).await;
    assert_eq!(read["result"]["TITLE"], "a");
}

#[tokio::test]
async fn events_come_to_a_handler_in_the_order_in_which_they_happened() {
    let portal = Portal::new(config()).unwrap();
    let mut handler = Handler::start("200 OK").await;
    for event in ["ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE"] {
        bind(&portal, event, &handler.url()).await;
    }
    let commands = json!({
        "a": command("crm.deal.add", json!({"fields": {"TITLE": "a"}})),
        "b": command("crm.deal.update", json!({"id": 2, "fields": {"TITLE": "b"}})),
        "c": command("crm.item.update", json!({"entityTypeId": 2, "id": 3, "fields": {"title": "c"}})),
        "d": command("crm.deal.delete", json!({"id": 2})),
        "e": command("crm.deal.delete", json!({"id": 99})),
        "f": command("crm.lead.add", json!({"fields": {"TITLE": "f"}})),
    });
    batch(&portal, commands).await;
    let mut told = Vec::new();
    for _ in 0..4 {
        let event = handler.next().await;
        told.push(format!(
            "{} {}",
            event["event"].as_str().unwrap(),
            event["data"]["FIELDS"]["ID"].as_str().unwrap()
        ));
    }
    assert_eq!(
        told,
        [
            "ONCRMDEALADD 6",
            "ONCRMDEALUPDATE 2",
            "ONCRMDEALUPDATE 3",
            "ONCRMDEALDELETE 2"
        ]
    );
}

#[tokio::test]
async fn each_kind_of_rows_is_spoken_of_as_documented() {
    let portal = Portal::new(config().rows("task", 3).rows("company", 1)).unwrap();
    let mut handler = Handler::start("200 OK").await;
    for event in [
        "ONTASKUPDATE",
        "ONTASKCOMMENTADD",
        "ONCRMDYNAMICITEMADD",
        "ONUSERADD",
        "ONCRMREQUISITEADD",
        "ONCALENDARSECTIONADD",
    ] {
        bind(&portal, event, &handler.url()).await;
    }
    for (method, params, data) in [
        (
            "tasks.task.update",
            json!({"taskId": 2, "fields": {"TITLE": "x"}}),
            json!({"FIELDS_BEFORE": {"ID": "2"}, "FIELDS_AFTER": {"ID": "2"},
                "IS_ACCESSIBLE_BEFORE": "undefined", "IS_ACCESSIBLE_AFTER": "undefined"}),
        ),
        (
            "task.commentitem.add",
            json!([2, {"POST_MESSAGE": "x"}]),
            json!({"FIELDS_BEFORE": "undefined", "FIELDS_AFTER": {"ID": "2", "TASK_ID": "2"},
                "IS_ACCESSIBLE_BEFORE": "undefined", "IS_ACCESSIBLE_AFTER": "undefined"}),
        ),
        (
            "crm.item.add",
            json!({"entityTypeId": 128, "fields": {"title": "x"}}),
            json!({"FIELDS": {"ID": "1", "ENTITY_TYPE_ID": "128"}}),
        ),
        (
            "crm.requisite.add",
            json!({"fields": {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 1, "PRESET_ID": 1, "NAME": "x"}}),
            json!({"FIELDS": {"ID": "1"}}),
        ),
    ] {
        let heard = call(&portal, method, params).await;
        assert_eq!(heard.status, 200, "{method}: {}", heard.body);
        // A comment on a task changes the task too.
        let told = [
            handler.next().await,
            if method == "task.commentitem.add" {
                handler.next().await
            } else {
                Json::Null
            },
        ];
        assert!(
            told.iter().any(|event| event["data"] == data),
            "{method}: {told:?}"
        );
    }
    let user = json!({"EMAIL": "new@example.com", "NAME": "Klaus"});
    let heard = call(&portal, "user.add", user).await;
    let event = handler.next().await;
    assert_eq!(event["data"]["ID"], heard.result().to_string());
    assert_eq!(event["data"]["NAME"], "Klaus");
}

#[tokio::test]
async fn a_handler_that_fails_is_not_told_again_and_all_deliveries_are_listed() {
    let portal = Portal::new(config()).unwrap();
    let mut handler = Handler::start("500 Oops").await;
    let mut deliveries = portal.listen_to_events();
    bind(&portal, "ONCRMDEALADD", &handler.url()).await;
    bind(&portal, "ONCRMDEALADD", "http://example.com/").await;
    call(&portal, "crm.deal.add", json!({"fields": {"TITLE": "a"}})).await;
    let mut heard = [
        deliveries.next().await.unwrap(),
        deliveries.next().await.unwrap(),
    ];
    heard.sort_by_key(|delivery| delivery.status);
    let [elsewhere, refused] = heard;
    assert_eq!(elsewhere.outcome, DeliveryOutcome::NotSent);
    assert_eq!(
        (refused.outcome, refused.status),
        (DeliveryOutcome::Refused, Some(500))
    );
    handler.next().await;
    let shown = get(&portal, "/_portal/events").await.json();
    assert_eq!(shown.as_array().unwrap().len(), 2);
    let refused = shown
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["status"] == 500);
    let refused = refused.unwrap();
    assert_eq!(refused["outcome"], "refused");
    assert_eq!(refused["application"], "app.1");
    assert_eq!(refused["form"]["data"]["FIELDS"]["ID"], "6");
    assert_eq!(refused["form"]["auth"]["access_token"], "***");
    // The next event comes once, and the failed one does not come before it.
    call(&portal, "crm.deal.add", json!({"fields": {"TITLE": "b"}})).await;
    assert_eq!(handler.next().await["data"]["FIELDS"]["ID"], "7");
    let request = Request::delete("/_portal/events")
        .body(Bytes::new())
        .unwrap();
    let _ = portal.handle(request, HERE).await;
    assert!(portal.event_deliveries().is_empty());
}

#[tokio::test]
async fn bindings_belong_to_their_application_and_are_listed_and_taken_back() {
    let config = config().token(AccessToken::new("other", "app.2", 1));
    let portal = Portal::new(config).unwrap();
    for (event, handler, user) in [
        ("onCrmLeadAdd", "http://localhost/a", 0),
        ("ONCRMLEADADD", "http://localhost/a", 15),
        ("ONTASKADD", "http://localhost/b", 0),
    ] {
        let bound = json!({ "event": event, "handler": handler, "auth_type": user });
        assert_eq!(
            as_app(&portal, "t1", "event.bind", bound).await["result"],
            true
        );
    }
    let offline =
        json!({ "event": "ONCRMLEADADD", "event_type": "offline", "auth_connector": "c" });
    assert_eq!(
        as_app(&portal, "t1", "event.bind", offline).await["result"],
        true
    );
    let bound = as_app(&portal, "t1", "event.get", json!({})).await;
    assert_eq!(
        bound["result"],
        json!([
            {"event": "ONCRMLEADADD", "handler": "http://localhost/a", "auth_type": "0", "offline": 0},
            {"event": "ONCRMLEADADD", "handler": "http://localhost/a", "auth_type": "15", "offline": 0},
            {"event": "ONTASKADD", "handler": "http://localhost/b", "auth_type": "0", "offline": 0},
            {"event": "ONCRMLEADADD", "connector_id": "c", "offline": 1},
        ])
    );
    let others = as_app(&portal, "other", "event.get", json!({})).await;
    assert_eq!(others["result"], json!([]));
    let none = as_app(
        &portal,
        "other",
        "event.unbind",
        json!({"event": "ONCRMLEADADD"}),
    )
    .await;
    assert_eq!(none["result"], json!({"count": 0}));
    let one = json!({"event": "ONCRMLEADADD", "handler": "http://localhost/a", "auth_type": 0});
    let one = as_app(&portal, "t1", "event.unbind", one).await;
    assert_eq!(one["result"], json!({"count": 1}));
    let unknown = json!({"event": "ONNOTHING", "handler": "http://localhost/a"});
    let unknown = as_app(&portal, "t1", "event.bind", unknown).await;
    assert_eq!(unknown["error"], "ERROR_EVENT_NOT_FOUND");
    let by_webhook = json!({"event": "ONTASKADD", "handler": "http://localhost/a"});
    let by_webhook = call(&portal, "event.bind", by_webhook).await;
    assert_eq!(
        (by_webhook.status, &by_webhook.json()["error"]),
        (403, &json!("WRONG_AUTH_TYPE"))
    );
}

#[tokio::test]
async fn a_user_who_is_not_an_administrator_binds_for_himself_only() {
    let config = config().user_rights(7, crate::Rights::Own);
    let portal = Portal::new(config).unwrap();
    for (params, text) in [
        (
            json!({"event": "ONTASKADD", "handler": "http://localhost/", "auth_type": 1}),
            "Access denied! Event binding with AUTH_TYPE requires administrator access rights",
        ),
        (
            json!({"event": "ONTASKADD", "event_type": "offline"}),
            "Access denied! Offline events binding requires administrator access rights",
        ),
    ] {
        let refused = as_app(&portal, "t7", "event.bind", params).await;
        assert_eq!(refused["error"], "ACCESS_DENIED");
        assert_eq!(refused["error_description"], text);
    }
    let own = json!({"event": "ONTASKADD", "handler": "http://localhost/", "auth_type": 7});
    assert_eq!(
        as_app(&portal, "t7", "event.bind", own).await["result"],
        true
    );
}

#[tokio::test]
async fn the_offline_queue_has_each_changed_row_once_and_not_what_its_connector_did() {
    let portal = Portal::new(config()).unwrap();
    let mut handler = Handler::start("200 OK").await;
    for connector in ["", "c"] {
        let bound = json!({"event": "ONCRMDEALUPDATE", "event_type": "offline", "auth_connector": connector});
        assert_eq!(
            as_app(&portal, "t1", "event.bind", bound).await["result"],
            true
        );
    }
    bind(&portal, "ONOFFLINEEVENT", &handler.url()).await;
    let update = |id: u64, connector: &str| json!({"id": id, "fields": {"TITLE": "x"}, "auth_connector": connector});
    as_app(&portal, "t1", "crm.deal.update", update(2, "")).await;
    let notice = handler.next().await;
    assert_eq!(notice["event"], "ONOFFLINEEVENT");
    assert!(notice["auth"]["refresh_token"].is_string());
    as_app(&portal, "t1", "crm.deal.update", update(2, "")).await;
    as_app(&portal, "t1", "crm.deal.update", update(3, "c")).await;
    let queue = |connector: &'static str| {
        let portal = portal.clone();
        async move {
            let asked = json!({"auth_connector": connector});
            let list = as_app(&portal, "t1", "event.offline.list", asked).await;
            let rows = list["result"].as_array().unwrap().clone();
            let described = rows.iter().map(|row| {
                format!(
                    "{} {}",
                    row["EVENT_NAME"].as_str().unwrap(),
                    row["EVENT_DATA"]
                )
            });
            described.collect::<Vec<String>>()
        }
    };
    let of = |id: u64| format!("ONCRMDEALUPDATE {{\"FIELDS\":{{\"ID\":\"{id}\"}}}}");
    assert_eq!(queue("").await, [of(2), of(3)]);
    assert_eq!(queue("c").await, [of(2)]);
    let got = as_app(&portal, "t1", "event.offline.get", json!({})).await;
    assert_eq!(got["result"]["events"].as_array().unwrap().len(), 2);
    assert!(queue("").await.is_empty());
    assert_eq!(queue("c").await, [of(2)]);
    as_app(&portal, "t1", "crm.deal.update", update(2, "c")).await;
    assert_eq!(queue("").await, [of(2)]);
}

#[tokio::test]
async fn an_application_that_is_uninstalled_is_told_and_has_no_bindings_and_tokens_left() {
    let portal = Portal::new(config()).unwrap();
    let mut handler = Handler::start("200 OK").await;
    bind(&portal, "ONAPPUNINSTALL", &handler.url()).await;
    bind(&portal, "ONCRMDEALADD", &handler.url()).await;
    call(&portal, "crm.deal.add", json!({"fields": {"TITLE": "a"}})).await;
    let token = handler.next().await["auth"]["access_token"].clone();
    let token = token.as_str().unwrap();
    let request = Request::post("/_portal/apps")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from_static(
            b"{\"uninstall\": \"app.1\", \"clean\": true}",
        ))
        .unwrap();
    let heard = Heard::of(portal.handle(request, HERE).await);
    assert_eq!(heard.status, 200, "{}", heard.body);
    let event = handler.next().await;
    assert_eq!(event["event"], "ONAPPUNINSTALL");
    assert_eq!(event["data"], json!({"LANGUAGE_ID": "ru", "CLEAN": "1"}));
    assert!(event["auth"].get("access_token").is_none());
    assert!(event["auth"]["application_token"].is_string());
    let refused = as_app(&portal, token, "profile", json!({})).await;
    assert_eq!(refused["error"], "invalid_token");
    let apps = get(&portal, "/_portal/apps").await.json();
    assert_eq!(apps[0]["client_id"], "app.1");
    assert_eq!(apps[0]["events"], json!([]));
    assert!(portal.uninstall("nobody", false).is_err());
}

#[tokio::test]
async fn what_other_people_change_is_told_too() {
    let portal = Portal::new(config().starts_at_unix(NOON)).unwrap();
    let mut handler = Handler::start("200 OK").await;
    bind(&portal, "ONCRMDEALUPDATE", &handler.url()).await;
    portal
        .set_churn(crate::Churn::parse("deal:update=10000").unwrap())
        .unwrap();
    let event = loop {
        call(&portal, "crm.deal.get", json!({"id": 1})).await;
        if let Ok(event) = handler.heard.try_recv() {
            break event;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(event["event"], "ONCRMDEALUPDATE");
    assert_eq!(event["auth"]["user_id"], "1");
}

#[tokio::test]
async fn fields_types_currencies_and_bots_that_come_and_go_are_told_of() {
    let portal = Portal::new(config()).unwrap();
    for event in [
        "ONCRMDEALUSERFIELDADD",
        "ONCRMDEALUSERFIELDUPDATE",
        "ONCRMDEALUSERFIELDDELETE",
        "ONCRMTYPEADD",
        "ONCRMCURRENCYADD",
        "ONCRMCURRENCYDELETE",
        "ONCRMINVOICEADD",
        "ONIMBOTDELETE",
    ] {
        let bound = json!({"event": event, "event_type": "offline"});
        let bound = as_app(&portal, "t1", "event.bind", bound).await;
        assert_eq!(bound["result"], true, "{event}");
    }
    let field = json!({"fields": {"FIELD_NAME": "NOTE", "USER_TYPE_ID": "string"}});
    let field = as_app(&portal, "t1", "crm.deal.userfield.add", field).await["result"].clone();
    let change = json!({"id": field, "fields": {"SORT": 7}});
    as_app(&portal, "t1", "crm.deal.userfield.update", change).await;
    as_app(
        &portal,
        "t1",
        "crm.deal.userfield.delete",
        json!({"id": field}),
    )
    .await;
    as_app(
        &portal,
        "t1",
        "crm.type.add",
        json!({"fields": {"title": "Case"}}),
    )
    .await;
    let currency = json!({"fields": {"CURRENCY": "CHF", "AMOUNT_CNT": 1, "AMOUNT": 90}});
    as_app(&portal, "t1", "crm.currency.add", currency).await;
    as_app(&portal, "t1", "crm.currency.delete", json!({"id": "CHF"})).await;
    let bot = json!({
        "CODE": "helper",
        "EVENT_HANDLER": "https://bot.test/",
        "PROPERTIES": {"NAME": "Helper"}
    });
    let bot = as_app(&portal, "t1", "imbot.register", bot).await["result"].clone();
    as_app(&portal, "t1", "imbot.unregister", json!({"BOT_ID": bot})).await;
    let list = as_app(
        &portal,
        "t1",
        "event.offline.list",
        json!({"order": {"ID": "ASC"}}),
    )
    .await;
    let rows = list["result"].as_array().unwrap();
    let told = |event: &str| {
        let row = rows.iter().find(|row| row["EVENT_NAME"] == event);
        row.map_or(json!(null), |row| row["EVENT_DATA"].clone())
    };
    let of_field = json!({
        "FIELDS": {"ID": field.to_string(), "ENTITY_ID": "CRM_DEAL", "FIELD_NAME": "UF_CRM_NOTE"}
    });
    for event in [
        "ONCRMDEALUSERFIELDADD",
        "ONCRMDEALUSERFIELDUPDATE",
        "ONCRMDEALUSERFIELDDELETE",
    ] {
        assert_eq!(told(event), of_field, "{event}");
    }
    assert!(told("ONCRMTYPEADD")["FIELDS"]["ID"].is_string());
    assert_eq!(told("ONCRMCURRENCYADD"), json!({"FIELDS": {"ID": "CHF"}}));
    assert_eq!(
        told("ONCRMCURRENCYDELETE"),
        json!({"FIELDS": {"ID": "CHF"}})
    );
    assert_eq!(
        told("ONIMBOTDELETE"),
        json!({"BOT_ID": bot.to_string(), "BOT_CODE": "helper"})
    );
}

#[tokio::test]
async fn a_deal_that_moves_to_another_funnel_begins_there_and_tells_of_it() {
    let portal = Portal::new(config()).unwrap();
    let mut handler = Handler::start("200 OK").await;
    let made = json!({"entityTypeId": 2, "fields": {"name": "Rent"}});
    let made = as_app(&portal, "t1", "crm.category.add", made).await;
    let funnel = made["result"]["category"]["id"].as_u64().unwrap();
    let moved = |funnel: u64| json!({"entityTypeId": 2, "id": 2, "fields": {"categoryId": funnel}});
    as_app(&portal, "t1", "crm.item.update", moved(0)).await;
    bind(&portal, "OnCrmDealMoveToCategory", &handler.url()).await;
    // Where it is already, it does not move to.
    as_app(&portal, "t1", "crm.item.update", moved(0)).await;
    let answer = as_app(&portal, "t1", "crm.item.update", moved(funnel)).await;
    let stage = format!("C{funnel}:NEW");
    assert_eq!(
        answer["result"]["item"]["stageId"],
        json!(stage),
        "{answer}"
    );
    let event = handler.next().await;
    assert_eq!(
        (&event["event"], &event["data"]["FIELDS"]),
        (
            &json!("ONCRMDEALMOVETOCATEGORY"),
            &json!({"ID": "2", "CATEGORY_ID": funnel.to_string(), "STAGE_ID": stage})
        )
    );
}

#[tokio::test]
async fn an_event_that_could_not_be_worked_on_is_kept_apart_until_it_is_asked_for() {
    let portal = Portal::new(config()).unwrap();
    let bound = json!({"event": "ONCRMDEALUPDATE", "event_type": "offline"});
    as_app(&portal, "t1", "event.bind", bound).await;
    for id in [2, 3, 4] {
        let update = json!({"id": id, "fields": {"TITLE": "x"}});
        as_app(&portal, "t1", "crm.deal.update", update).await;
    }
    let fetch = async |params: Json| {
        let got = as_app(&portal, "t1", "event.offline.get", params).await;
        let events = got["result"]["events"].as_array().unwrap().iter();
        let ids: Vec<Json> = events.map(|event| event["ID"].clone()).collect();
        (got["result"]["process_id"].clone(), ids)
    };
    let list = async |filter: Json| {
        let params = json!({"filter": filter});
        as_app(&portal, "t1", "event.offline.list", params).await
    };
    let (process, fetched) = fetch(json!({"clear": 0, "limit": 2})).await;
    assert_eq!(fetched.len(), 2);
    let failed = json!({"process_id": process, "message_id": [fetched[0]]});
    let marked = as_app(&portal, "t1", "event.offline.error", failed).await;
    assert_eq!(marked["result"], true);
    let all = list(json!({})).await;
    assert_eq!(all["total"], 3);
    assert_eq!(all["result"][0]["ERROR"], "1");
    assert_eq!(all["result"][0]["PROCESS_ID"], process);
    assert_eq!(all["result"][2]["ERROR"], "0");
    assert_eq!(all["result"][2]["PROCESS_ID"], "");
    let of_process = list(json!({"=PROCESS_ID": process})).await;
    assert_eq!(
        (
            &of_process["total"],
            of_process["result"].as_array().unwrap().len()
        ),
        (&json!(2), 2)
    );
    let erroneous = list(json!({"ERROR": 1})).await;
    assert_eq!(erroneous["result"][0]["ID"], fetched[0]);
    assert_eq!(erroneous["total"], 1);
    assert_eq!(list(json!({"ERROR": 1, "ID": 999})).await["total"], 0);
    let again = fetch(json!({"clear": 0, "process_id": process})).await;
    assert_eq!(again, (process.clone(), vec![fetched[1].clone()]));
    let (_, waiting) = fetch(json!({})).await;
    assert_eq!(
        waiting.len(),
        1,
        "neither those of the process nor the erroneous one"
    );
    assert!(!fetched.contains(&waiting[0]));
    assert_eq!(fetch(json!({"error": 1})).await.1, [fetched[0].clone()]);
    assert!(fetch(json!({"error": 1})).await.1.is_empty());
    let unnamed = as_app(&portal, "t1", "event.offline.error", json!({})).await;
    assert_eq!(unnamed["error"], "PROCESS_ID_REQUIRED");
}

#[tokio::test]
async fn applications_are_told_of_to_dos_as_of_other_activities() {
    let portal = Portal::new(config()).unwrap();
    for event in [
        "ONCRMACTIVITYADD",
        "ONCRMACTIVITYUPDATE",
        "ONCRMACTIVITYDELETE",
    ] {
        let bound = json!({"event": event, "event_type": "offline"});
        as_app(&portal, "t1", "event.bind", bound).await;
    }
    let deal = json!({"fields": {"TITLE": "a"}});
    let deal = as_app(&portal, "t1", "crm.deal.add", deal).await["result"].clone();
    let owner = json!({"ownerTypeId": 2, "ownerId": deal, "deadline": "2026-06-01T10:00:00+03:00"});
    let added = as_app(&portal, "t1", "crm.activity.todo.add", owner.clone()).await;
    let id = added["result"]["id"].clone();
    let mut color = owner;
    color["id"] = id.clone();
    color["colorId"] = json!("1");
    as_app(&portal, "t1", "crm.activity.todo.updateColor", color).await;
    as_app(&portal, "t1", "crm.activity.delete", json!({"id": id})).await;
    let list = as_app(&portal, "t1", "event.offline.list", json!({})).await;
    let rows = list["result"].as_array().unwrap().iter();
    let names: Vec<&str> = rows
        .map(|row| row["EVENT_NAME"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "ONCRMACTIVITYADD",
            "ONCRMACTIVITYUPDATE",
            "ONCRMACTIVITYDELETE"
        ]
    );
}
