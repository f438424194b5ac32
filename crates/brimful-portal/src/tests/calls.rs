//! Single calls: addresses, parameters, credentials, envelopes.

use super::*;
use crate::context::settings::{AccessToken, AuthStatuses, SecondsFormat, Webhook};

#[tokio::test(start_paused = true)]
async fn an_unknown_method_is_404_before_the_credentials_are_looked_at() {
    let portal = plain();
    for uri in [
        "/rest/1/wrong/no.such",
        "/rest/no.such?auth=wrong",
        "/rest/no.such",
        "/rest/1/demo/",
        "/rest/1/demo",
    ] {
        let heard = get(&portal, uri).await;
        assert_eq!(heard.status, 404, "{uri}");
        assert_eq!(
            heard.body,
            r#"{"error":"ERROR_METHOD_NOT_FOUND","error_description":"Method not found!"}"#
        );
    }
}

#[tokio::test(start_paused = true)]
async fn authorisation_errors_have_the_statuses_of_the_documentation_or_of_the_code() {
    let config = PortalConfig::unlimited()
        .webhook(Webhook::new(7, "narrow").scopes(["task"]))
        .token(AccessToken::new("old", "app.1", 1).lifetime(std::time::Duration::ZERO));
    let cases = [
        (
            "/rest/test.echo",
            "NO_AUTH_FOUND",
            "Wrong authorization data",
            401,
            401,
        ),
        (
            "/rest/1/wrong/test.echo",
            "INVALID_CREDENTIALS",
            "Invalid request credentials",
            403,
            401,
        ),
        (
            "/rest/2/demo/test.echo",
            "INVALID_CREDENTIALS",
            "Invalid request credentials",
            403,
            401,
        ),
        (
            "/rest/test.echo?auth=nobody",
            "invalid_token",
            "Unable to get application by token",
            401,
            401,
        ),
        (
            "/rest/test.echo?auth=old",
            "expired_token",
            "The access token provided has expired",
            401,
            401,
        ),
        (
            "/rest/7/narrow/test.rows",
            "insufficient_scope",
            "The request requires higher privileges than provided by the access token",
            403,
            401,
        ),
    ];
    for (uri, code, text, docs, of_code) in cases {
        for (statuses, status) in [(AuthStatuses::Docs, docs), (AuthStatuses::Code, of_code)] {
            let heard = get(&portal(config.clone().statuses(statuses)), uri).await;
            assert_eq!(
                heard.json(),
                json!({"error": code, "error_description": text}),
                "{uri}"
            );
            assert_eq!(heard.status, status, "{uri}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_come_in_the_path_in_parameters_and_in_a_header() {
    let portal = portal(
        PortalConfig::unlimited()
            .webhook(Webhook::new(3, "s3").login("olga"))
            .token(AccessToken::new("t0ken", "app.1", 5)),
    );
    for uri in [
        "/rest/1/demo/test.echo",
        "/rest/olga/s3/test.echo",
        "/rest/test.echo?aplogin=3&ap=s3",
        "/rest/test.echo?auth=t0ken",
        "/rest/test.echo?access_token=t0ken",
    ] {
        assert_eq!(get(&portal, uri).await.result(), json!([]), "{uri}");
    }
    let post = post(
        &portal,
        "/rest/test.echo",
        "application/json",
        r#"{"auth":"t0ken","a":1}"#,
    )
    .await;
    assert_eq!(post.result(), json!({"a": 1}));
    assert_eq!(post.header("x-bitrix-rest-application"), "app.1");
    let bearer =
        Request::get("/rest/test.echo?auth=wrong").header(header::AUTHORIZATION, "Bearer t0ken");
    assert_eq!(
        Heard::of(
            portal
                .handle(bearer.body(Bytes::new()).unwrap(), HERE)
                .await
        )
        .status,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn methods_are_found_in_any_case_and_with_any_ending() {
    let portal = plain();
    for method in [
        "test.echo",
        "Test.ECHO",
        "test.echo/",
        "test.echo.json",
        "test.echo.json/",
    ] {
        assert_eq!(
            call(&portal, method, json!({"a": [true, null]}))
                .await
                .result(),
            json!({"a": [true, null]})
        );
    }
}

#[tokio::test(start_paused = true)]
async fn malformed_json_is_swallowed_and_the_query_alone_counts() {
    let heard = post(
        &plain(),
        "/rest/1/demo/test.echo?a=1",
        "application/json",
        r#"{"a":2,"b":"#,
    )
    .await;
    assert_eq!((heard.status, heard.result()), (200, json!({"a": "1"})));
}

#[tokio::test(start_paused = true)]
async fn parameters_are_those_of_the_query_and_the_body_without_those_of_the_server() {
    let uri = "/rest/1/demo/test.echo?filter[A]=1&start=50&sessid=x&auth=y&token=z";
    let heard = post(
        &plain(),
        uri,
        "text/plain",
        "&&filter[%3EID]=7&select[]=ID&state=s&",
    )
    .await;
    assert_eq!(
        heard.result(),
        json!({"filter": {">ID": "7"}, "start": "50", "select": ["ID"]})
    );
    let positional = call(&plain(), "test.echo", json!([{"ID": "asc"}, [], ["ID"]])).await;
    assert_eq!(positional.result(), json!([{"ID": "asc"}, [], ["ID"]]));
}

#[tokio::test(start_paused = true)]
async fn bodies_too_deep_or_too_large_are_errors_in_json() {
    let portal = portal(PortalConfig::unlimited().body_limit(30_000));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let heard = post(&portal, "/rest/1/demo/test.echo", "application/json", &deep).await;
    assert_eq!(
        (heard.status, heard.json()["error"].as_str()),
        (400, Some("INVALID_REQUEST"))
    );
    let heard = post(
        &portal,
        "/rest/1/demo/test.echo",
        "application/json",
        &"x".repeat(30_001),
    )
    .await;
    assert_eq!(
        (heard.status, heard.json()["error"].as_str()),
        (413, Some("REQUEST_ENTITY_TOO_LARGE"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_php_array_is_a_list_only_with_the_keys_0_to_n() {
    let portal = plain();
    for (params, result) in [
        ("", "[]"),
        ("0=a&1=b", r#"["a","b"]"#),
        ("1=a&2=b", r#"{"1":"a","2":"b"}"#),
        ("1=b&0=a", r#"{"1":"b","0":"a"}"#),
        ("0=a&x=b", r#"{"0":"a","x":"b"}"#),
        ("a[5]=x&a[]=y", r#"{"a":{"5":"x","6":"y"}}"#),
    ] {
        let heard = get(&portal, &format!("/rest/1/demo/test.echo?{params}")).await;
        assert!(
            heard
                .body
                .starts_with(&format!("{{\"result\":{result},\"time\":")),
            "{params}: {}",
            heard.body
        );
    }
}

#[tokio::test(start_paused = true)]
async fn html_characters_are_escaped_and_others_are_raw() {
    let heard = call(
        &plain(),
        "test.raw",
        json!({"value": "<a href=\"/x\">&'Ж\u{1F600}\u{2028}</a>"}),
    )
    .await;
    let expected = r#""\u003Ca href=\u0022\/x\u0022\u003E\u0026\u0027Ж😀\u2028\u003C\/a\u003E""#;
    assert!(
        heard.body.starts_with(&format!("{{\"result\":{expected},")),
        "{}",
        heard.body
    );
}

#[tokio::test(start_paused = true)]
async fn the_envelope_is_result_next_total_time_with_whole_seconds() {
    let portal = portal(PortalConfig::unlimited().starts_at_unix(NOON));
    let heard = call(&portal, "test.work", json!({"seconds": 1.5})).await;
    assert_eq!(
        heard.body,
        "{\"result\":true,\"time\":{\"start\":1772348400,\"finish\":1772348402.25,\"duration\":2.25,\"processing\":1,\
         \"date_start\":\"2026-03-01T10:00:00+03:00\",\"date_finish\":\"2026-03-01T10:00:02+03:00\"}}"
    );
    let heard = call(&portal, "test.rows", json!({"count": 50})).await;
    let envelope: serde_json::Map<String, Json> = serde_json::from_str(&heard.body).unwrap();
    assert_eq!(
        envelope.keys().collect::<Vec<_>>(),
        ["result", "next", "total", "time"]
    );
    assert_eq!(
        (&envelope["next"], &envelope["total"]),
        (&json!(50), &json!(120))
    );
}

#[tokio::test(start_paused = true)]
async fn older_portals_show_fractions_of_seconds() {
    let portal = portal(
        PortalConfig::unlimited()
            .starts_at_unix(NOON)
            .seconds(SecondsFormat::Fractional)
            .zone_seconds(0)
            .skew_seconds(-0.25),
    );
    let time = call(&portal, "test.work", json!({"seconds": 0.125}))
        .await
        .json()["time"]
        .clone();
    assert_eq!(
        time,
        json!({"start": NOON - 0.25, "finish": NOON - 0.125, "duration": 0.125, "processing": 0.125,
            "date_start": "2026-03-01T07:00:00+00:00", "date_finish": "2026-03-01T07:00:00+00:00"})
    );
}

#[tokio::test(start_paused = true)]
async fn replies_carry_the_headers_of_the_rest_module() {
    let heard = call(&plain(), "test.echo", json!({})).await;
    assert_eq!(
        heard.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(heard.header("access-control-allow-origin"), "*");
    assert_eq!(
        heard.header("access-control-allow-headers"),
        "origin, content-type, accept"
    );
    assert_eq!(heard.header("x-content-type-options"), "nosniff");
    assert_eq!(heard.header("retry-after"), "");
}

#[tokio::test(start_paused = true)]
async fn xml_has_the_same_values_under_response() {
    let portal = plain();
    let heard = post(
        &portal,
        "/rest/1/demo/test.raw.xml",
        "application/json",
        r#"{"value":{"a":["<",true,null],"total":"2"}}"#,
    )
    .await;
    assert_eq!(heard.header("content-type"), "text/xml; charset=utf-8");
    let expected = "<response><result><a><item>&lt;</item><item>1</item><item/></a></result><total>2</total><time><start>";
    assert!(heard.body.starts_with(expected), "{}", heard.body);
    let error = get(&portal, "/rest/1/demo/no.such.xml").await;
    assert_eq!(
        error.body,
        "<response><error>ERROR_METHOD_NOT_FOUND</error><error_description>Method not found!</error_description></response>"
    );
}

#[tokio::test(start_paused = true)]
async fn error_codes_may_be_empty_zero_or_a_number_in_text() {
    for code in ["", "0", "100"] {
        let heard = call(
            &plain(),
            "test.fail",
            json!({"code": code, "text": "Bad", "argument": "x"}),
        )
        .await;
        assert_eq!(heard.status, 400);
        assert_eq!(
            heard.body,
            format!(r#"{{"error":"{code}","error_description":"Bad","argument":"x"}}"#)
        );
    }
    let heard = call(
        &plain(),
        "test.fail",
        json!({"code": "ERROR_CORE", "status": 500, "text": ""}),
    )
    .await;
    assert_eq!(
        (heard.status, heard.body.as_str()),
        (500, r#"{"error":"ERROR_CORE","error_description":""}"#)
    );
}

#[tokio::test(start_paused = true)]
async fn data_that_says_error_itself_comes_back_with_200_and_without_time() {
    let value = json!({"error": "ERROR_X", "error_description": "no", "further": 1});
    let heard = call(&plain(), "test.raw", json!({ "value": value })).await;
    assert_eq!((heard.status, heard.json()), (200, value));
    for harmless in [
        json!({"error": "", "error_description": "no"}),
        json!({"error": "X", "error_description": "0"}),
    ] {
        let heard = call(&plain(), "test.raw", json!({ "value": harmless })).await;
        assert_eq!(heard.result(), harmless);
        assert!(heard.json()["time"].is_object());
    }
}

#[tokio::test(start_paused = true)]
async fn next_and_total_are_lifted_out_of_any_array() {
    let portal = plain();
    let lifted = |value: Json| {
        let portal = portal.clone();
        async move {
            let mut json = call(&portal, "test.raw", json!({ "value": value }))
                .await
                .json();
            json.as_object_mut().unwrap().shift_remove("time");
            json
        }
    };
    assert_eq!(
        lifted(json!({"a": 1, "next": "50", "total": 7})).await,
        json!({"result": {"a": 1}, "next": 50, "total": 7})
    );
    assert_eq!(
        lifted(json!({"next": null, "total": null})).await,
        json!({"result": {"next": null}, "total": 0})
    );
    assert_eq!(
        lifted(json!({"0": "x", "total": 1})).await,
        json!({"result": ["x"], "total": 1})
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_rest_api_is_a_page_and_rest_3_says_so_in_its_own_form() {
    let portal = plain();
    let page = get(&portal, "/stream/").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (404, "text/html; charset=utf-8")
    );
    let v3 = post(
        &portal,
        "/rest/api/1/demo/crm.lead.list",
        "application/json",
        "{}",
    )
    .await;
    assert_eq!(v3.status, 404);
    assert_eq!(
        v3.json()["error"]["code"],
        "BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_is_cut_off_after_sixty_seconds_and_its_work_stays_done() {
    let portal = plain();
    let began = tokio::time::Instant::now();
    let heard = call(&portal, "test.work", json!({"seconds": 61})).await;
    assert_eq!(
        (heard.status, heard.header("content-type")),
        (504, "text/html; charset=utf-8")
    );
    assert_eq!(began.elapsed().as_secs(), 60);
    assert_eq!(
        (portal.stats().cut_off, portal.stats().calls("test.work")),
        (1, 1)
    );
    assert_eq!(
        call(&portal, "test.work", json!({"seconds": 60}))
            .await
            .status,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn work_goes_on_when_the_caller_stops_waiting() {
    let portal = plain();
    let commands = json!([
        command("test.work", json!({"seconds": 5})),
        command("test.other", json!({}))
    ]);
    let given_up =
        tokio::time::timeout(std::time::Duration::from_secs(1), batch(&portal, commands)).await;
    assert!(given_up.is_err());
    assert_eq!(portal.stats().calls("test.other"), 0);
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(
        (portal.stats().calls("test.other"), portal.stats().in_flight),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_defect_of_a_method_is_a_page_and_the_portal_lives_on() {
    let portal = plain();
    assert_eq!(call(&portal, "test.panic", json!({})).await.status, 500);
    assert_eq!(call(&portal, "test.work", json!({})).await.status, 200);
    assert_eq!(portal.stats().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn latency_passes_before_every_call_and_jitter_by_the_seed() {
    let ms = std::time::Duration::from_millis;
    let portal = portal(
        PortalConfig::unlimited()
            .latency(ms(30))
            .jitter(ms(10))
            .seed(4),
    );
    let mut taken = Vec::new();
    for _ in 0..20 {
        let began = tokio::time::Instant::now();
        call(&portal, "test.echo", json!({})).await;
        taken.push(began.elapsed().as_millis());
    }
    assert!(taken.iter().all(|ms| (30..=41).contains(ms)), "{taken:?}");
    assert!(taken.iter().min() < taken.iter().max());
}

#[tokio::test(start_paused = true)]
async fn a_renamed_portal_sends_everybody_to_its_new_address() {
    let portal = portal(PortalConfig::unlimited().moved_to("https://new.test/"));
    let heard = get(&portal, "/rest/1/demo/test.echo?a=1").await;
    assert_eq!(
        (heard.status, heard.header("location")),
        (302, "https://new.test/rest/1/demo/test.echo?a=1")
    );
}

#[tokio::test(start_paused = true)]
async fn costs_and_walls_beyond_all_clocks_are_only_long() {
    let costs = crate::context::settings::Costs {
        call: std::time::Duration::MAX,
        ..Default::default()
    };
    let config = PortalConfig::unlimited().costs(costs);
    assert_eq!(
        call(&portal(config), "test.echo", json!({})).await.status,
        504
    );
    let config = PortalConfig::unlimited().wall(std::time::Duration::MAX);
    assert_eq!(
        call(&portal(config), "test.work", json!({"seconds": 100}))
            .await
            .status,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn no_request_however_strange_is_a_500() {
    const PIECES: [&str; 28] = [
        "/",
        "rest",
        "1",
        "demo",
        "batch",
        "test.rows",
        "test.echo",
        ".xml",
        ".json",
        "?",
        "&",
        "=",
        "cmd",
        "[",
        "]",
        "a",
        "$result[a][0][ID]",
        "%5B",
        "%",
        "%00",
        "%ff",
        "{",
        "}",
        "\"",
        ":",
        ",",
        "halt",
        "test.raw%3Fvalue%3D",
    ];
    const MEDIA: [&str; 4] = [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=a",
        "application/x-www-form-urlencoded",
    ];
    let portal = plain();
    let mut chance = fastrand::Rng::with_seed(20_260_301);
    let mut strange = |most: usize| -> String {
        (0..chance.usize(..most))
            .map(|_| PIECES[chance.usize(..PIECES.len())])
            .collect()
    };
    let uris: Vec<String> = (0..3000).map(|_| strange(12)).collect();
    let bodies: Vec<String> = (0..3000).map(|_| strange(40)).collect();
    for (i, (uri, body)) in uris.iter().zip(&bodies).enumerate() {
        let start = ["/rest/1/demo/batch", "/rest/1/demo/batch?", "/rest/", "/"][i % 4];
        let Ok(uri) = format!("{start}{uri}").parse::<http::Uri>() else {
            continue;
        };
        let body = format!(
            "{}{body}",
            ["", "cmd[a]=test.rows&cmd[]=test.echo%3Fx=$"][i % 2]
        );
        let heard = post(&portal, &uri.to_string(), MEDIA[i / 4 % 4], &body).await;
        assert!(
            matches!(heard.status, 200..500),
            "{uri} {body}: {}",
            heard.body
        );
    }
    assert!(
        portal.stats().calls("batch") > 100 && portal.stats().commands > 50,
        "{:?}",
        portal.stats()
    );
}

#[tokio::test]
async fn every_date_is_in_the_zone_of_the_portal() {
    let ask = async |zone: i32| {
        let config = PortalConfig::unlimited()
            .starts_at_unix(NOON)
            .zone_seconds(zone);
        let portal = portal(config.rows("lead", 3).rows("task", 3));
        let lead = call(&portal, "crm.lead.get", json!({ "id": 2 }))
            .await
            .result();
        let created = lead["DATE_CREATE"].as_str().unwrap().to_owned();
        // Without a zone, a date in a filter is the portal's.
        let filter = json!({ ">=DATE_CREATE": &created[..19], "<=DATE_CREATE": &created[..19] });
        let found = call(&portal, "crm.lead.list", json!({ "filter": filter }))
            .await
            .result();
        assert!(
            found.as_array().unwrap().iter().any(|row| row["ID"] == "2"),
            "{zone}"
        );
        let task = call(&portal, "tasks.task.get", json!({ "taskId": 2 }))
            .await
            .result();
        let task = task["task"]["createdDate"].as_str().unwrap().to_owned();
        let time = call(&portal, "server.time", json!({})).await.result();
        [created, task, time.as_str().unwrap().to_owned()]
    };
    let (moscow, west) = (ask(3 * 3600).await, ask(-12_600).await);
    for (moscow, west) in moscow.iter().zip(&west) {
        assert!(moscow.ends_with("+03:00"), "{moscow}");
        assert!(west.ends_with("-03:30"), "{west}");
    }
    assert_eq!(moscow[2], "2026-03-01T10:00:00+03:00");
    assert_eq!(west[2], "2026-03-01T03:30:00-03:30");
}

#[tokio::test(start_paused = true)]
async fn generated_rows_reach_up_to_the_day_on_which_the_portal_starts() {
    // 2026-11-27T12:00:00Z, and later on the same day.
    for moment in [1_795_780_800.0, 1_795_801_000.0] {
        let config = PortalConfig::unlimited()
            .rows("crm.deal", 20_000)
            .starts_at_unix(moment)
            .rows_up_to_now();
        let portal = Portal::new(config).unwrap();
        let count = async |filter: &str| {
            let uri = format!("/rest/1/demo/crm.deal.list?filter[{filter}");
            get(&portal, &uri).await.json()["total"].as_u64().unwrap()
        };
        assert_eq!(count("%3E%3DDATE_CREATE]=2020-01-01").await, 20_000);
        // The same at noon and in the evening.
        assert_eq!(count("%3E%3DDATE_CREATE]=2026-01-01").await, 2_617);
        assert_eq!(count("%3E%3DDATE_MODIFY]=2026-11-28").await, 0);
        let without = Portal::new(
            PortalConfig::unlimited()
                .rows("crm.deal", 10)
                .starts_at_unix(moment),
        );
        let uri = "/rest/1/demo/crm.deal.list?filter[%3E%3DDATE_CREATE]=2025-01-01";
        let heard = get(&without.unwrap(), uri).await;
        assert_eq!(heard.json()["total"], 0, "only where it is asked for");
    }
}
