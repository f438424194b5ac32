//! `batch`: labels, failures, references, the time of commands.

use super::*;
use crate::context::settings::{Costs, Webhook};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_batch_without_commands_is_five_empty_lists() {
    let portal = plain();
    let empty = json!({"result": [], "result_error": [], "result_total": [], "result_next": [], "result_time": []});
    for params in [
        json!({}),
        json!({"cmd": []}),
        json!({"cmd": "test.echo"}),
        json!({"cmd": null, "halt": 1}),
    ] {
        assert_eq!(call(&portal, "batch", params).await.result(), empty);
    }
    let heard = call(&portal, "batch", json!({})).await;
    let start = r#"{"result":{"result":[],"result_error":[],"result_total":[],"result_next":[],"result_time":[]},"time":{"#;
    assert!(heard.body.starts_with(start), "{}", heard.body);
}

#[tokio::test(start_paused = true)]
async fn each_part_is_a_list_or_an_object_by_the_labels_that_are_in_it() {
    let fail = command("test.fail", json!({"code": "X", "text": "no"}));
    let rows = command("test.rows", json!({"count": 1}));
    let parts = batch(&plain(), json!([fail, rows])).await;
    assert_eq!(
        parts["result_error"],
        json!([{"error": "X", "error_description": "no"}])
    );
    assert!(parts["result"]["1"].is_array() && parts["result_total"] == json!({"1": 120}));
    assert_eq!(parts["result_next"], json!([]));
    assert!(parts["result_time"]["1"]["start"].is_i64());
    let parts = batch(&plain(), json!([rows, fail])).await;
    assert_eq!(parts["result"].as_array().unwrap().len(), 1);
    assert_eq!(parts["result_total"], json!([120]));
    assert_eq!(
        parts["result_error"],
        json!({"1": {"error": "X", "error_description": "no"}})
    );
    let parts = batch(
        &plain(),
        json!({"b": command("test.rows", json!({})), "a": rows}),
    )
    .await;
    assert_eq!(parts["result_next"], json!({"b": 50}));
    assert_eq!(
        parts["result"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["b", "a"]
    );
}

#[tokio::test(start_paused = true)]
async fn commands_come_as_forms_with_names_in_any_case() {
    let body = "HALT=0&Cmd[a]=test.echo%3Fx%3D1%2526y&CMD2=1";
    let heard = post(
        &plain(),
        "/rest/1/demo/batch.json",
        "application/x-www-form-urlencoded",
        body,
    )
    .await;
    assert_eq!(heard.result()["result"], json!({"a": {"x": "1&y"}}));
}

#[tokio::test(start_paused = true)]
async fn more_than_fifty_commands_run_the_first_fifty_and_fail_the_rest() {
    let portal = plain();
    let commands: Vec<_> = (0..53)
        .map(|i| command("test.raw", json!({ "value": i })))
        .collect();
    let heard = call(&portal, "batch", json!({ "cmd": commands })).await;
    let parts = heard.result();
    assert_eq!(
        (heard.status, parts["result"].as_array().unwrap().len()),
        (200, 50)
    );
    let error = json!({"error": "ERROR_BATCH_LENGTH_EXCEEDED", "error_description": "Max batch length exceeded"});
    assert_eq!(
        parts["result_error"],
        json!({"50": error, "51": error, "52": error})
    );
    assert_eq!(
        (portal.stats().commands, portal.stats().calls("test.raw")),
        (50, 50)
    );
    let halted = call(&portal, "batch", json!({ "cmd": commands, "halt": 1 }))
        .await
        .result();
    assert_eq!(halted["result_error"], json!({ "50": error }));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_a_string_is_passed_over_and_still_counts_towards_fifty() {
    let object = json!({"method": "test.echo", "params": {}});
    let parts = batch(
        &plain(),
        json!({"a": object, "b": "test.echo", "c": 5, "d": null, "e": ["test.echo"]}),
    )
    .await;
    assert_eq!(
        (&parts["result"], &parts["result_error"]),
        (&json!({"b": []}), &json!([]))
    );
    let mut commands = vec![json!(1); 49];
    commands.extend([json!("test.echo"), json!("test.echo")]);
    let parts = batch(&plain(), json!(commands)).await;
    assert_eq!(parts["result"], json!({"49": []}));
    assert_eq!(
        parts["result_error"]["50"]["error"],
        "ERROR_BATCH_LENGTH_EXCEEDED"
    );
}

#[tokio::test(start_paused = true)]
async fn halt_is_php_truthiness_and_keeps_the_failure_that_stopped_it() {
    let commands =
        json!({"a": "test.echo", "b": "test.fail?code=", "c": "test.echo", "d": "no.such"});
    for (halt, stops) in [
        (json!(1), true),
        (json!(true), true),
        (json!("1"), true),
        (json!("N"), true),
        (json!("false"), true),
        (json!([0]), true),
        (json!(0), false),
        (json!(false), false),
        (json!("0"), false),
        (json!(""), false),
        (json!(null), false),
    ] {
        let parts = call(&plain(), "batch", json!({"cmd": commands, "Halt": halt}))
            .await
            .result();
        let labels = |part: &str| {
            parts[part]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
                .join(" ")
        };
        let expected = if stops { ("a", "b") } else { ("a c", "b d") };
        assert_eq!(
            (labels("result").as_str(), labels("result_error").as_str()),
            expected,
            "{halt}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_may_not_hold_a_batch_a_download_or_an_upload() {
    let parts = batch(
        &plain(),
        json!({"a": "batch?cmd[]=test.echo", "b": "download", "c": "upload?x=1"}),
    )
    .await;
    for label in ["a", "b", "c"] {
        assert_eq!(
            parts["result_error"][label]["error"],
            "ERROR_BATCH_METHOD_NOT_ALLOWED"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_not_a_methods_name_is_not_found() {
    let commands = json!({"a": "/test.echo", "b": "test.echo.json", "c": "", "d": "?x=1", "e": "Test.Echo?x=1"});
    let parts = batch(&plain(), commands).await;
    let error =
        json!({"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"});
    assert_eq!(
        parts["result_error"],
        json!({"a": error, "b": error, "c": error, "d": error})
    );
    assert_eq!(parts["result"], json!({"e": {"x": "1"}}));
}

#[tokio::test(start_paused = true)]
async fn a_missing_scope_fails_its_command_without_a_word() {
    let portal =
        portal(PortalConfig::unlimited().webhooks([Webhook::new(1, "demo").scopes(["task"])]));
    let parts = batch(&portal, json!({"a": "test.rows", "b": "test.echo"})).await;
    assert_eq!(
        parts["result_error"],
        json!({"a": {"error": "insufficient_scope", "error_description": ""}})
    );
    assert_eq!(parts["result"], json!({"b": []}));
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_fail_the_whole_batch() {
    let heard = post(
        &plain(),
        "/rest/1/wrong/batch",
        "application/json",
        r#"{"cmd":["test.echo"]}"#,
    )
    .await;
    assert_eq!(
        (heard.status, heard.json()["error"].as_str()),
        (401, Some("INVALID_CREDENTIALS"))
    );
}

/// What `value` becomes in a command after a page of rows, an object of items, a failure and a null.
async fn substituted(value: &str) -> Json {
    let commands = json!({
        "rows": command("test.rows", json!({"from": 10, "count": 50})),
        "short": command("test.items", json!({"from": 1, "count": 2})),
        "bad": command("test.fail", json!({"code": "E", "text": "why"})),
        "null": "test.raw",
        "text": command("test.raw", json!({"value": "abc"})),
        "out": command("test.echo", json!({"filter": {">ID": value}})),
    });
    batch(&plain(), commands).await["result"]["out"]["filter"][">ID"].clone()
}

#[tokio::test(start_paused = true)]
async fn references_reach_into_rows_items_counts_errors_and_times() {
    for (reference, value) in [
        ("$result[rows][49][ID]", json!("59")),
        ("$result[short][items][1][ID]", json!("2")),
        ("$total[rows]", json!(120)),
        ("$next[rows]", json!(50)),
        ("$error[bad][error]", json!("E")),
        ("$error_description[bad]", json!("why")),
        ("$time[rows][start]", json!(1_772_348_400)),
        ("$result[text][1]", json!("b")),
        (
            "ID $result[rows][0][ID] and $total[rows] !",
            json!("ID 10 and 120 !"),
        ),
        ("$result[rows][0][ID],$result[rows][1][ID]_x", json!("10")),
        ("$RESULT[rows][0][ID]", json!(null)),
        ("$nothing[rows]", json!("$nothing[rows]")),
        ("x $result[rows][0] y", json!("x $result[rows][0] y")),
    ] {
        assert_eq!(substituted(reference).await, value, "{reference}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reference_that_dangles_is_the_deepest_value_on_its_way() {
    let page = substituted("$result[rows][50][ID]").await;
    assert_eq!(
        (page.as_array().unwrap().len(), &page[0]["ID"]),
        (50, &json!("10"))
    );
    assert_eq!(substituted("$result[rows][0][NO]").await["ID"], "10");
    let items = substituted("$result[short][items][49][ID]").await;
    assert_eq!(items.as_array().unwrap().len(), 2);
    let all = substituted("$result[missing][49][ID]").await;
    assert_eq!(
        all.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["rows", "short", "null", "text"]
    );
    assert_eq!(
        substituted("$result[null][x]").await,
        all,
        "null is missing"
    );
    assert_eq!(
        substituted("$total[bad]").await,
        json!({"rows": 120, "short": 120})
    );
}

#[tokio::test(start_paused = true)]
async fn keys_are_never_substituted_and_before_an_error_its_description_is_read_as_error() {
    let commands =
        json!({"a": "test.raw?value=v", "b": "test.echo?x[$result[a]]=1&y=$error_description[a]"});
    let parts = batch(&plain(), commands).await;
    assert_eq!(
        parts["result"]["b"],
        json!({"x": {"$result[a": "1"}, "y": []})
    );
}

#[tokio::test(start_paused = true)]
async fn data_that_says_error_itself_fails_its_command() {
    let value = json!({"error": "E", "error_description": "d", "more": "m"});
    let parts = batch(
        &plain(),
        json!({"a": command("test.raw", json!({ "value": value }))}),
    )
    .await;
    assert_eq!(
        (&parts["result_error"]["a"], &parts["result"]),
        (&value, &json!([]))
    );
}

#[tokio::test(start_paused = true)]
async fn commands_take_their_time_one_after_the_other() {
    let costs = Costs {
        call: Duration::from_millis(250),
        ..Costs::default()
    };
    let portal = portal(PortalConfig::unlimited().starts_at_unix(NOON).costs(costs));
    let began = tokio::time::Instant::now();
    let work = command("test.work", json!({"seconds": 1.75}));
    let heard = call(
        &portal,
        "batch",
        json!({"cmd": {"a": work, "b": "test.echo", "c": work}}),
    )
    .await;
    assert_eq!(began.elapsed(), Duration::from_millis(4250));
    let times = heard.result()["result_time"].clone();
    assert_eq!(
        (times["a"]["finish"].as_f64(), times["c"]["finish"].as_f64()),
        (Some(NOON + 2.0), Some(NOON + 4.25))
    );
    assert_eq!(
        (&times["a"]["processing"], &times["b"]["processing"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(heard.json()["time"]["processing"], 4);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_cut_off_after_sixty_seconds_and_what_came_before_stays_done() {
    let portal = plain();
    let began = tokio::time::Instant::now();
    let commands = vec![command("test.work", json!({"seconds": 13})); 10];
    let heard = call(&portal, "batch", json!({ "cmd": commands })).await;
    assert_eq!((heard.status, began.elapsed().as_secs()), (504, 60));
    assert_eq!(
        portal.stats().calls("test.work"),
        5,
        "the fifth was running when the time was up"
    );
}

#[tokio::test(start_paused = true)]
async fn the_parameters_of_the_server_are_not_those_of_a_command() {
    let parts = batch(
        &plain(),
        json!({"a": "test.echo?auth=x&start=50&sessid=1&a=b"}),
    )
    .await;
    assert_eq!(parts["result"]["a"], json!({"start": "50", "a": "b"}));
}

#[tokio::test(start_paused = true)]
async fn a_batch_in_xml_has_an_element_for_each_label() {
    let uri = "/rest/1/demo/batch.xml?cmd[one]=test.raw%3Fvalue%3D5&cmd[two]=test.raw";
    let heard = get(&plain(), uri).await;
    let start = "<response><result><result><one>5</one><two/></result><result_error/><result_total/><result_next/><result_time><one><start>";
    assert!(heard.body.starts_with(start), "{}", heard.body);
}
