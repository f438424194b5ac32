//! Methods that only applications may call.

use super::*;
use crate::context::settings::AccessToken;
use crate::methods::refused_callers;

fn config() -> PortalConfig {
    PortalConfig::unlimited()
        .starts_at_unix(NOON)
        .token(AccessToken::new("t1", "app.1", 1))
}

/// Calls a method as the application does.
async fn as_app(portal: &Portal, method: &str, params: Json) -> Heard {
    let address = format!("/rest/{method}?auth=t1");
    post(portal, &address, "application/json", &params.to_string()).await
}

#[tokio::test]
async fn a_webhook_is_refused_with_the_code_the_status_and_the_text_of_the_page() {
    let portal = portal(config());
    for (method, status, code, text) in [
        (
            "placement.bind",
            403,
            "WRONG_AUTH_TYPE",
            "Current authorization type is denied for this method Application context required",
        ),
        (
            "app.option.get",
            400,
            "AccessException",
            "Application context required",
        ),
        (
            "bizproc.robot.list",
            400,
            "ACCESS_DENIED",
            "Application context required",
        ),
        (
            "entity.section.add",
            400,
            "ACCESS_DENIED",
            "Access denied! Application context required",
        ),
        (
            "crm.activity.configurable.get",
            400,
            "ERROR_WRONG_CONTEXT",
            "Method call is only possible in the context of an application",
        ),
        (
            "telephony.externalCall.register",
            403,
            "WRONG_AUTH_TYPE",
            "Current authorization type is denied for this method.",
        ),
    ] {
        let refused = call(&portal, method, json!({})).await;
        let said = refused.json();
        assert_eq!(
            (
                refused.status,
                said["error"].as_str(),
                said["error_description"].as_str()
            ),
            (status, Some(code), Some(text)),
            "{method}"
        );
        let inside = batch(&portal, json!({ "a": method })).await;
        let inside = &inside["result_error"]["a"];
        assert_eq!(
            (&inside["error"], &inside["error_description"]),
            (&said["error"], &said["error_description"])
        );
    }
}

#[tokio::test]
async fn every_method_of_the_table_is_refused_to_webhooks_and_to_no_application() {
    let portal = portal(config());
    let known = call(&portal, "methods", json!({})).await.result();
    let known: Vec<String> = serde_json::from_value(known).unwrap();
    let is_known = |name: &str| known.iter().any(|one| one.eq_ignore_ascii_case(name));
    let of_portal = refused_callers::methods_of_applications().filter(|(name, _)| is_known(name));
    let mut count = 0;
    for (name, refusal) in of_portal {
        let refusal = refusal.error();
        let said = call(&portal, name, json!({})).await.json();
        assert_eq!(said["error"], refusal.code, "{name}");
        assert_eq!(said["error_description"], refusal.description, "{name}");
        let said = as_app(&portal, name, json!({})).await.json();
        assert_ne!(
            (said["error"].as_str(), said["error_description"].as_str()),
            (Some(&*refusal.code), Some(&*refusal.description)),
            "{name}"
        );
        count += 1;
    }
    assert!(count > 90, "{count}");
}

#[tokio::test]
async fn what_a_webhook_was_refused_has_not_happened_and_an_application_does_it() {
    let portal = portal(config());
    let place = json!({"PLACEMENT": "REST_APP_URI", "HANDLER": "https://app.test/h"});
    assert_eq!(
        call(&portal, "placement.bind", place.clone()).await.status,
        403
    );
    let bound = as_app(&portal, "placement.get", json!({})).await;
    assert_eq!(bound.result(), json!([]));
    let done = as_app(&portal, "placement.bind", place).await;
    assert_eq!(done.result(), json!(true), "{}", done.body);
    let bound = as_app(&portal, "placement.get", json!({})).await.result();
    assert_eq!(bound[0]["placement"], "REST_APP_URI", "{bound}");
}

#[tokio::test]
async fn a_reply_that_was_given_for_a_method_of_applications_is_served_to_webhooks() {
    let portal = portal(config().reply("placement.get", json!([1])));
    let served = call(&portal, "placement.get", json!({})).await;
    assert_eq!(served.result(), json!([1]));
}

#[tokio::test]
async fn each_application_has_a_code_and_a_number_of_its_own() {
    let config = PortalConfig::unlimited()
        .token(crate::AccessToken::new("t1", "local.one", 1))
        .token(crate::AccessToken::new("t2", "local.two", 1));
    let portal = Portal::new(config).unwrap();
    let [one, two] = [
        get(&portal, "/rest/app.info?auth=t1").await.result(),
        get(&portal, "/rest/app.info?auth=t2").await.result(),
    ];
    assert_eq!(
        (&one["CODE"], &two["CODE"]),
        (&json!("local.one"), &json!("local.two"))
    );
    assert_ne!(one["ID"], two["ID"]);
}
