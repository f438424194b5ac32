//! R7-Office as its documentation and its published code say it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use brimful_protocol::query::escaped;
use bytes::Bytes;
use http::{Method, Request, Response};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value as Json, json};

use brimful_portal::{Fault, FaultRule, Portal, PortalConfig, Reply};
use brimful_r7_portal::{R7Config, RateLimit};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// 2026-03-01T10:00:00.75+03:00
const NOON: f64 = 1_772_348_400.75;

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

fn office() -> Portal {
    Portal::new(
        PortalConfig::unlimited().starts_at_unix(NOON).extension(
            R7Config::unlimited()
                .people(40)
                .rows("contact", 30)
                .rows("task", 60),
        ),
    )
    .unwrap()
}

fn with(office: R7Config) -> Portal {
    Portal::new(PortalConfig::unlimited().extension(office.people(40))).unwrap()
}

/// What a response holds that these tests look at.
#[derive(Debug)]
struct TestResponse {
    status: u16,
    body: String,
    response: Response<Bytes>,
}

impl TestResponse {
    fn of(reply: Reply) -> Self {
        let response = reply.response().expect("a whole response");
        Self {
            status: response.status().as_u16(),
            body: String::from_utf8(response.body().to_vec()).unwrap(),
            response,
        }
    }

    fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> &str {
        let value = self.response.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

/// Sends a request with the token `demo`.
async fn send(
    portal: &Portal,
    verb: Method,
    uri: &str,
    media_type: &str,
    body: &str,
) -> TestResponse {
    let mut request = Request::builder()
        .method(verb)
        .uri(uri)
        .header("authorization", "demo");
    if !media_type.is_empty() {
        request = request.header("content-type", media_type);
    }
    let request = request
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    TestResponse::of(portal.handle(request, HERE).await)
}

async fn get(portal: &Portal, path: &str) -> TestResponse {
    send(portal, Method::GET, &format!("/api/2.0/{path}"), "", "").await
}

async fn batch(portal: &Portal, items: &Json) -> TestResponse {
    let body = format!("batch={}", escaped(&items.to_string()));
    send(portal, Method::POST, "/api/2.0/batch", FORM, &body).await
}

/// The statuses of a batch's items, by name.
async fn statuses(portal: &Portal, items: &Json) -> Vec<(String, u64)> {
    let response = batch(portal, items).await;
    let replies = response.json()["response"].as_array().unwrap().clone();
    replies
        .iter()
        .map(|reply| {
            let name = reply["name"].as_str().unwrap_or("").to_owned();
            (name, reply["status"].as_u64().unwrap_or(0))
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_envelope_leaves_out_what_is_zero_and_keeps_the_order_of_its_fields() {
    let portal = office();
    let one = get(&portal, "people/@self").await;
    assert!(
        one.body
            .starts_with(r#"{"count":1,"status":0,"statusCode":200,"response":{"id":"#),
        "{}",
        one.body
    );
    let list = get(
        &portal,
        "crm/contact/filter?count=10&startIndex=10&fields=id",
    )
    .await;
    assert!(
        list.body.starts_with(
            r#"{"count":10,"startIndex":10,"nextIndex":21,"total":30,"status":0,"statusCode":200,"#
        ),
        "{}",
        list.body
    );
    let none = get(&portal, "crm/opportunity/filter").await;
    assert_eq!(none.body, r#"{"status":0,"statusCode":200,"response":[]}"#);
}

#[tokio::test(start_paused = true)]
async fn slashes_are_escaped_and_letters_are_not() {
    let response = get(&office(), "people/@self").await;
    assert!(
        response
            .body
            .contains(r#""avatar":"\/data\/0\/userphotos\/"#),
        "{}",
        response.body
    );
    let name = response.json()["response"]["displayName"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(response.body.contains(&name));
}

#[tokio::test(start_paused = true)]
async fn dates_have_seven_digits_of_a_second_and_an_offset() {
    let response = get(&office(), "project/task/filter?count=1").await;
    let created = response.json()["response"][0]["created"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(created.ends_with(".0000000+03:00"), "{created}");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_read_from_query_form_and_cookie_and_not_from_a_bare_body() {
    let portal = office();
    let items = json!([{"relativeUrl": "/api/2.0/people/@self"}]);
    let text = items.to_string();
    assert_eq!(batch(&portal, &items).await.json()["count"], 1);
    let uri = format!("/api/2.0/batch.json?batch={}", escaped(&text));
    let by_get = send(&portal, Method::GET, &uri, "", "").await;
    assert_eq!(
        (by_get.status, by_get.json()["statusCode"].clone()),
        (200, json!(200))
    );
    let bare = send(
        &portal,
        Method::POST,
        "/api/2.0/batch",
        "application/json",
        &text,
    )
    .await;
    assert_eq!(bare.status, 200);
    assert_eq!(bare.json()["status"], 0);
    assert_eq!(bare.json()["error"]["message"], "no batch specified");
    let lenient = with(R7Config::new().raw_batches());
    let bare = send(
        &lenient,
        Method::POST,
        "/api/2.0/batch",
        "application/json",
        &text,
    )
    .await;
    assert_eq!((bare.status, bare.json()["count"].clone()), (201, json!(1)));
    let numbered =
        "[0][relativeUrl]=api%2F2.0%2Fgroup&[0][method]=get&[1].RelativeUrl=api%2F2.0%2Fpeople";
    let numbered = send(&portal, Method::POST, "/api/2.0/batch", FORM, numbered).await;
    assert_eq!(numbered.json()["count"], 2);
    let request = Request::post("/api/2.0/batch")
        .header(
            "cookie",
            "asc_auth_key=demo; batch=[{\"relativeUrl\":\"api/2.0/group\"}]",
        )
        .body(Bytes::new())
        .unwrap();
    assert_eq!(
        TestResponse::of(portal.handle(request, HERE).await).json()["count"],
        1
    );
}

#[tokio::test(start_paused = true)]
async fn an_item_is_answered_with_its_name_a_status_headers_and_a_body_as_text() {
    let response = batch(
        &office(),
        &json!([{"name": "me", "relativeUrl": "api/2.0/people/@self"}]),
    )
    .await;
    assert_eq!(response.status, 201);
    assert!(
        response
            .body
            .contains(r#"[{"name":"me","status":200,"headers":{"#),
        "{}",
        response.body
    );
    let reply = response.json()["response"][0].clone();
    assert_eq!(
        reply["headers"]["content-Type"],
        "application/json; charset=utf-8"
    );
    let data: Json = serde_json::from_str(reply["data"].as_str().unwrap()).unwrap();
    assert_eq!(data["response"]["isOwner"], true);
}

#[tokio::test(start_paused = true)]
async fn items_run_in_the_order_of_order_and_before_and_after_mean_nothing() {
    let task = |name: &str, order: i64| {
        json!({"name": name, "method": "post", "relativeUrl": "api/2.0/project/1/task", "order": order,
               "body": format!("title={name}"), "after": ["c"], "before": ["a"], "headers": [{"X": "y"}]})
    };
    let items = json!([task("a", 2), task("b", 1), task("c", 2), task("d", 0)]);
    let portal = office();
    let response = batch(&portal, &items).await;
    let replies = response.json()["response"].as_array().unwrap().clone();
    let names: Vec<&Json> = replies.iter().map(|reply| &reply["name"]).collect();
    assert_eq!(names, ["d", "b", "a", "c"]);
    let ids: Vec<i64> = replies
        .iter()
        .map(|reply| {
            let data: Json = serde_json::from_str(reply["data"].as_str().unwrap()).unwrap();
            data["response"]["id"].as_i64().unwrap()
        })
        .collect();
    assert_eq!(ids, [61, 62, 63, 64]);
}

#[tokio::test(start_paused = true)]
async fn items_that_fail_stop_no_others() {
    let portal = office();
    let items = json!([
        {"name": "nowhere", "relativeUrl": "/products/people"},
        {"name": "nested", "relativeUrl": "api/2.0/batch", "method": "POST"},
        {"name": "nobody", "relativeUrl": "api/2.0/people/nobody"},
        {"name": "self", "relativeUrl": "api/2.0/group/@self"},
        {"name": "fine", "RelativeUrl": "/api/2.0/people/@self", "Method": ""},
    ]);
    let expected = [
        ("", 0),
        ("nested", 404),
        ("nobody", 404),
        ("self", 400),
        ("fine", 200),
    ]
    .map(|(name, status)| (name.to_owned(), status));
    assert_eq!(statuses(&portal, &items).await, expected);
    let response = batch(&portal, &items).await;
    assert_eq!(response.json()["response"][0], Json::Null);
    let documented = with(R7Config::new().documented_group_self());
    assert_eq!(get(&documented, "group/@self").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_made_a_request_fails_the_whole_batch_and_is_written_twice() {
    for item in [
        json!({"name": "a"}),
        json!({"relativeUrl": "api/2.0/people", "method": "POST", "body": "{}", "bodyContentType": "application/json"}),
        json!({"relativeUrl": "api/2.0/people?updatedSince=yesterday"}),
    ] {
        let portal = office();
        let first = json!({"relativeUrl": "api/2.0/crm/contact/5", "method": "DELETE"});
        let response = batch(&portal, &json!([first, item])).await;
        assert_eq!(response.status, 500);
        let (half, other) = response.body.split_at(response.body.len() / 2);
        assert_eq!(half, other);
        let error: Json = serde_json::from_str(half).unwrap();
        assert_eq!(
            (error["status"].clone(), error["statusCode"].clone()),
            (json!(1), json!(500))
        );
        assert_eq!(
            get(&portal, "crm/contact/5").await.status,
            404,
            "what came before it has run"
        );
    }
    let malformed = send(&office(), Method::POST, "/api/2.0/batch", FORM, "batch=[{").await;
    assert_eq!(
        (malformed.status, malformed.header("content-type")),
        (500, "text/html; charset=utf-8")
    );
}

#[tokio::test(start_paused = true)]
async fn the_outer_query_pages_the_list_of_replies() {
    let portal = with(R7Config::new().limit(None).largest_page(3));
    let items: Vec<Json> = (0..5)
        .map(|n| json!({"name": n.to_string(), "relativeUrl": "api/2.0/group"}))
        .collect();
    let response = batch(&portal, &items.into()).await.json();
    assert_eq!(
        (response["count"].clone(), response["total"].clone()),
        (json!(3), json!(5))
    );
}

#[tokio::test(start_paused = true)]
async fn errors_have_an_envelope_and_a_status_by_their_kind() {
    let portal = office();
    for (path, status) in [
        ("people/nobody", 404),
        ("nothing", 404),
        ("group/odd", 400),
        ("crm/contact/odd", 400),
        ("people/filter?isAdministrator=perhaps", 400),
        ("people?count=many", 400),
        ("crm/contact/filter?contactListView=9", 400),
    ] {
        let response = get(&portal, path).await;
        let json = response.json();
        assert_eq!(
            (response.status, json["statusCode"].as_u64()),
            (status, Some(u64::from(status))),
            "{path}"
        );
        assert_eq!(json["status"], 1);
        assert!(
            json["error"]["message"].is_string() && json["response"].is_null(),
            "{path}"
        );
    }
    let owner = get(&portal, "people/@self").await.json()["response"]["id"].clone();
    let uri = format!("/api/2.0/people/{}", owner.as_str().unwrap());
    assert_eq!(
        send(&portal, Method::DELETE, &uri, "", "").await.status,
        403
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_not_logged_in_hears_so_in_plain_text() {
    let portal = office();
    let request = Request::get("/api/2.0/people").body(Bytes::new()).unwrap();
    let response = TestResponse::of(portal.handle(request, HERE).await);
    assert_eq!(
        (response.status, response.body.as_str()),
        (401, "Unauthorized")
    );
    assert_eq!(response.header("www-authenticate"), "");
    let request = Request::get("/api/2.0/people")
        .header("authorization", "wrong")
        .body(Bytes::new())
        .unwrap();
    assert!(
        TestResponse::of(portal.handle(request, HERE).await)
            .header("www-authenticate")
            .starts_with("Basic")
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_gives_a_token_that_holds_for_its_time() {
    let portal = with(R7Config::new().token_ttl(Duration::from_secs(60)));
    let login = |password: &str| format!("userName=demo&password={password}");
    let path = "/api/2.0/authentication";
    let response = send(&portal, Method::POST, path, FORM, &login("demo")).await;
    assert_eq!(response.status, 201);
    let token = response.json()["response"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(response.header("set-cookie").contains(&token));
    let by_query = format!("/api/2.0/people/@self?asc_auth_key={token}");
    let ask = || Request::get(&by_query).body(Bytes::new()).unwrap();
    assert_eq!(
        TestResponse::of(portal.handle(ask(), HERE).await).status,
        200
    );
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(
        TestResponse::of(portal.handle(ask(), HERE).await).status,
        401
    );
    for attempt in 0..6 {
        let response = send(&portal, Method::POST, path, FORM, &login("wrong")).await;
        let message = response.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(response.status, 500, "bad credentials are in no table");
        let expected = if attempt < 5 {
            "User authentication failed"
        } else {
            "Login Fail. Too many attempts"
        };
        assert_eq!(message, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_inside_a_batch_logs_the_others_out() {
    let items = json!([
        {"name": "before", "relativeUrl": "api/2.0/people/@self"},
        {"name": "login", "method": "POST", "relativeUrl": "api/2.0/authentication", "body": "userName=demo&password=demo"},
        {"name": "after", "relativeUrl": "api/2.0/people/@self"},
    ]);
    let portal = office();
    let expected = [("before", 200), ("login", 201), ("after", 403)]
        .map(|(name, status)| (name.to_owned(), status));
    assert_eq!(statuses(&portal, &items).await, expected);
    assert_eq!(get(&portal, "people/@self").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn pages_are_cut_at_the_largest_and_people_filter_never_tells_the_next() {
    let portal = with(R7Config::new().limit(None).largest_page(25));
    let all = get(&portal, "people/filter?count=5000").await.json();
    assert_eq!(
        (all["count"].clone(), all["total"].clone()),
        (json!(25), json!(40))
    );
    assert!(all["nextIndex"].is_null());
    let groups = get(&portal, "people?count=10&startIndex=5").await.json();
    assert_eq!(groups["nextIndex"], 16, "one too far");
    let beyond = get(&portal, "people/filter?startIndex=100").await.json();
    assert_eq!(
        (beyond["response"].clone(), beyond["total"].clone()),
        (json!([]), json!(40))
    );
}

#[tokio::test(start_paused = true)]
async fn lists_are_filtered_sorted_and_cut() {
    let portal = office();
    let rows = |response: TestResponse| response.json()["response"].as_array().unwrap().clone();
    let all = rows(get(&portal, "people/filter").await);
    let one = all[7].clone();
    let user = one["userName"].as_str().unwrap();
    for path in [
        format!(
            "people/filter?filterBy=userName&filterValue={}",
            user.to_uppercase()
        ),
        format!("people/filter?filterBy=userName&filterOp=startsWith&filterValue=nobody,{user}"),
        format!("people/filter?filterBy=email&filterOp=contains&filterValue[]={user}"),
        format!("people/filter?filterValue={user},ignored"),
        format!("people/search?query={user}"),
        format!("people/email?email={user}@example.com"),
        format!("people/{user}"),
        format!("people/{}", one["id"].as_str().unwrap()),
    ] {
        let response = get(&portal, &path).await.json()["response"].clone();
        let first = if response.is_array() {
            response[0].clone()
        } else {
            response
        };
        assert_eq!(first["id"], one["id"], "{path}");
    }
    let group = one["groups"][0]["id"].as_str().unwrap();
    let members = rows(get(&portal, &format!("people/filter?groupId={group}&fields=id")).await);
    assert!(members.iter().any(|row| *row == json!({"id": one["id"]})));
    let sorted = rows(
        get(
            &portal,
            "people/filter?sortBy=lastname,firstname&sortOrder=descending",
        )
        .await,
    );
    let names: Vec<String> = sorted
        .iter()
        .map(|row| row["lastName"].as_str().unwrap().to_lowercase())
        .collect();
    assert!(names.is_sorted_by(|a, b| a >= b));
    let up = rows(get(&portal, "people/filter?sortBy=lastname&sortOrder=desc").await);
    let names: Vec<String> = up
        .iter()
        .map(|row| row["lastName"].as_str().unwrap().to_lowercase())
        .collect();
    assert!(names.is_sorted(), "only the exact word flips the order");
    let open = rows(get(&portal, "project/task/filter?status=open&projectid=1").await);
    assert!(
        open.iter()
            .all(|row| row["status"] == 1 && row["projectOwner"]["id"] == 1)
    );
    let newest = rows(get(&portal, "crm/contact/filter?count=2").await);
    assert_eq!(
        (newest[0]["id"].clone(), newest[1]["id"].clone()),
        (json!(30), json!(29))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_read_back() {
    let portal = office();
    let post = |path: &str, body: &str| {
        let (portal, uri, body) = (portal.clone(), format!("/api/2.0/{path}"), body.to_owned());
        async move { send(&portal, Method::POST, &uri, FORM, &body).await }
    };
    let person = post(
        "people",
        "firstname=Anna&lastname=Kim&email=a%40example.com",
    )
    .await;
    assert_eq!(person.status, 201);
    let id = person.json()["response"]["id"].as_str().unwrap().to_owned();
    let contacts = "contacts[0].Type=skype&contacts[0].Value=anna&contacts[1][Type]=msn&contacts[1][Value]=kim";
    assert_eq!(
        post(&format!("people/{id}/contacts"), contacts)
            .await
            .status,
        201
    );
    let uri = format!("/api/2.0/people/{id}/contacts");
    send(
        &portal,
        Method::DELETE,
        &uri,
        FORM,
        "contacts[0].type=msn&contacts[0].value=kim",
    )
    .await;
    let uri = format!("/api/2.0/people/{id}");
    let body = r#"{"title": "Engineer", "disable": true}"#;
    let changed = send(&portal, Method::PUT, &uri, "application/json", body)
        .await
        .json()["response"]
        .clone();
    assert_eq!(
        changed["contacts"],
        json!([{"type": "skype", "value": "anna"}])
    );
    assert_eq!(
        (changed["title"].clone(), changed["status"].clone()),
        (json!("Engineer"), json!(2))
    );
    assert_eq!(
        send(&portal, Method::DELETE, &uri, "", "").await.status,
        200
    );
    assert_eq!(get(&portal, &format!("people/{id}")).await.status, 404);
    let task = post(
        "project/1/task",
        "title=Call&deadline=2026-03-01T10-00-00.0000000Z",
    )
    .await;
    let task = task.json()["response"].clone();
    assert_eq!(task["deadline"], "2026-03-01T13:00:00.0000000+03:00");
    let uri = format!("/api/2.0/project/task/{}/status", task["id"]);
    let closed = send(&portal, Method::PUT, &uri, FORM, "status=Closed").await;
    assert_eq!(closed.json()["response"]["status"], 2);
    assert_eq!(
        send(&portal, Method::PUT, &uri, FORM, "status=odd")
            .await
            .status,
        400
    );
    assert_eq!(post("crm/contact/company", "").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn the_501st_request_in_ten_seconds_is_refused_and_hears_when_to_come_again() {
    let portal = Portal::new(
        PortalConfig::new().extension(R7Config::new().people(3).limit(RateLimit::DOCUMENTED)),
    )
    .unwrap();
    for _ in 0..500 {
        assert_eq!(get(&portal, "people/@self").await.status, 200);
    }
    tokio::time::sleep(Duration::from_millis(3500)).await;
    let refused = get(&portal, "people/@self").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "7"));
    let elsewhere = Request::get("/api/2.0/people/@self")
        .header("authorization", "demo")
        .body(Bytes::new())
        .unwrap();
    let other = Ipv4Addr::new(10, 0, 0, 9).into();
    assert_eq!(
        TestResponse::of(portal.handle(elsewhere, other).await).status,
        200
    );
    let bitrix24 = Request::get("/rest/1/demo/server.time").body(Bytes::new());
    let response = TestResponse::of(portal.handle(bitrix24.unwrap(), HERE).await);
    assert_eq!(response.status, 200, "Bitrix24 has a limit of its own");
    tokio::time::sleep(Duration::from_millis(6500)).await;
    assert_eq!(get(&portal, "people/@self").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn faults_are_played_on_r7_office_in_its_own_words() {
    let portal = office();
    portal
        .faults()
        .add(FaultRule::every(1, Fault::QueryLimit).on("r7.people.*"));
    let limited = get(&portal, "people/@self").await;
    assert_eq!((limited.status, limited.header("retry-after")), (503, "1"));
    assert_eq!(get(&portal, "group").await.status, 200);
    portal.faults().clear();
    portal.faults().push(Fault::ExpiredToken);
    assert_eq!(get(&portal, "group").await.body, "Unauthorized");
}

#[tokio::test(start_paused = true)]
async fn xml_comes_only_where_the_path_asks_for_it() {
    let portal = office();
    let response = get(&portal, "people/@self.xml").await;
    assert_eq!(response.header("content-type"), "text/xml; charset=utf-8");
    assert!(
        response
            .body
            .contains("<result><count>1</count><status>0</status>"),
        "{}",
        response.body
    );
    let items = json!([{"relativeUrl": "api/2.0/group.xml"}]);
    let data = batch(&portal, &items).await.json()["response"][0]["data"].clone();
    assert!(data.as_str().unwrap().starts_with("<?xml"));
}

#[tokio::test(start_paused = true)]
async fn loaded_rows_without_the_fields_that_lists_filter_by_match_no_filter() {
    let loaded = || vec![json!({"id": 1, "title": "a"}).as_object().unwrap().clone()];
    let portal = with(
        R7Config::new()
            .load("contact", loaded())
            .load("task", loaded()),
    );
    for path in [
        "crm/contact/filter?responsibleid=x",
        "project/task/filter?projectid=1",
        "project/task/filter?departament=x",
        "project/task/filter?myProjects=true",
    ] {
        let response = get(&portal, path).await;
        let rows = &response.json()["response"];
        assert_eq!((response.status, rows), (200, &json!([])), "{path}");
    }
}

#[test]
fn data_that_is_unknown_is_refused_by_name() {
    let start = |office| Portal::new(PortalConfig::new().extension(office));
    let error = start(R7Config::new().rows("nothing", 1)).unwrap_err();
    assert!(error.to_string().contains("r7.nothing"), "{error}");
    assert!(start(R7Config::new().people(u64::MAX)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: RngSeed::Fixed(4), ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sent_is_answered_and_only_batches_and_logins_may_break(
        verb in proptest::sample::select(vec!["GET", "POST", "PUT", "DELETE", "PATCH"]),
        path in proptest::sample::select(vec![
            "people", "people/filter", "people/@self", "people/x/contacts", "people/search", "people/status/all", "group",
            "group/@self", "crm/contact/filter", "crm/contact/person", "crm/contact/7", "project/task/filter",
            "project/1/task", "project/task/7/status", "project/task/7", "project/filter", "", "///", "%00/é",
        ]),
        query in "(count|startIndex|sortBy|filterBy|filterOp|filterValue|fields|updatedSince|status|contactListView)=[a-z0-9,.\\-]{0,12}(&(sortOrder=descending|fields\\[\\]=id|filterValue\\[\\]=a|filterBy=groups\\.id))?",
        media_type in proptest::sample::select(vec!["", FORM, "application/json", "multipart/form-data"]),
        body in "(contacts|title|firstname|status)?(\\[[0-9a-z]{0,3}\\]|\\.[a-z]{0,4}){0,4}=?[\\PC]{0,20}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let response = runtime.block_on(async {
            let uri = format!("/api/2.0/{}?{query}", path.replace('é', "%C3%A9"));
            send(&office(), verb.parse().unwrap(), &uri, media_type, &body).await
        });
        prop_assert!(response.status < 500, "{}", response.body);
        prop_assert!(response.header("content-type") != "application/json; charset=utf-8" || response.json().is_object());
    }

    #[test]
    fn whatever_a_batch_holds_it_is_answered(
        items in proptest::collection::vec(
            ("(/?api/2\\.0/)?[a-z@/]{0,12}", "[A-Za-z]{0,6}", "[\\PC]{0,20}", any::<i8>()),
            0..6,
        ),
        junk in "[\\PC]{0,10}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let items: Vec<Json> = items
            .into_iter()
            .map(|(url, verb, body, order)| json!({"relativeUrl": url, "method": verb, "body": body, "order": order}))
            .collect();
        let (whole, broken) = runtime.block_on(async {
            let portal = office();
            let whole = batch(&portal, &items.into()).await;
            let body = format!("batch={}", escaped(&junk));
            (whole, send(&portal, Method::POST, "/api/2.0/batch", FORM, &body).await)
        });
        prop_assert!(matches!(whole.status, 200 | 201 | 500), "{}", whole.body);
        prop_assert!(matches!(broken.status, 200 | 201 | 500), "{}", broken.body);
    }
}

#[tokio::test(start_paused = true)]
async fn a_local_demo_token_and_password_let_no_page_of_another_site_in() {
    let portal = with(R7Config::new().token("s3cret", 1).demo_is_local());
    let login = "userName=demo&password=demo";
    let ask = async |headers: &[(&str, &str)], verb: Method, path: &str, body: &str| {
        let mut request = Request::builder()
            .method(verb)
            .uri(format!("/api/2.0/{path}"))
            .header("host", "127.0.0.1:8024")
            .header("content-type", FORM);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::copy_from_slice(body.as_bytes()));
        TestResponse::of(portal.handle(request.unwrap(), HERE).await).status
    };
    let me = "people/@self";
    let foreign = ("origin", "https://evil.test");
    for (headers, by_demo, by_login) in [(&[][..], 200, 201), (&[foreign][..], 401, 500)] {
        let by_query = format!("{me}?asc_auth_key=demo");
        assert_eq!(ask(headers, Method::GET, &by_query, "").await, by_demo);
        for scheme in ["demo", "Bearer demo", "Basic ZGVtbzpkZW1v"] {
            let headers = [headers, &[("authorization", scheme)]].concat();
            let status = ask(&headers, Method::GET, me, "").await;
            assert_eq!(status, by_demo, "{headers:?}");
        }
        let status = ask(headers, Method::POST, "authentication", login).await;
        assert_eq!(status, by_login, "{headers:?}");
        let headers = [headers, &[("authorization", "s3cret")]].concat();
        assert_eq!(ask(&headers, Method::GET, me, "").await, 200);
    }
}
