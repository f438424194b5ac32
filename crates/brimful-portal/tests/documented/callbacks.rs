//! What the JavaScript library with callbacks sends: forms, an array `[method, parameters]` made a command, and the
//! errors that its users look for.

use brimful_portal::{Fault, PortalConfig, RateLimit};
use serde_json::json;

use crate::support::{Caller, config, ids, rows};

fn crm() -> Caller {
    Caller::new(
        config()
            .load(
                "lead",
                rows(json!([
                    { "ID": 1, "TITLE": "First", "NAME": "Ann", "DATE_CREATE": "2024-01-01T10:00:00+03:00",
                      "EMAIL": [{ "ID": "5", "VALUE_TYPE": "WORK", "VALUE": "ann@example.com", "TYPE_ID": "EMAIL" }] },
                    { "ID": 2, "TITLE": "Second", "NAME": "Bob", "COMPANY_ID": 9 },
                    { "ID": 12345, "TITLE": "Third", "NAME": "Cid" },
                ])),
            )
            .load("company", rows(json!([{ "ID": 9, "TITLE": "Nine" }])))
            .load(
                "deal",
                rows(json!([
                    { "ID": 1, "TITLE": "A", "STAGE_ID": "NEW", "OPPORTUNITY": 5, "CURRENCY_ID": "BYN" },
                    { "ID": 2, "TITLE": "B", "STAGE_ID": "WON" },
                ])),
            ),
    )
}

#[tokio::test]
async fn a_list_is_filtered_selected_and_sorted() {
    let params = json!({
        "filter": { ">ID": 0 }, "select": ["ID", "NAME", "EMAIL"], "order": { "ID": "DESC" }, "start": 0, "limit": 50,
    });
    let portal = crm();
    for heard in [
        portal.form("crm.lead.list", params.clone()).await,
        portal.json("crm.lead.list", params).await,
    ] {
        let body = heard.json();
        assert_eq!(ids(&body["result"]), [12345, 2, 1]);
        assert_eq!(
            body["result"][0],
            json!({ "ID": "12345", "NAME": "Cid" }),
            "who has no e-mail lacks the field"
        );
        assert_eq!(body["result"][2]["EMAIL"][0]["VALUE"], "ann@example.com");
        assert_eq!((&body["total"], body.get("next")), (&json!(3), None));
    }
}

#[tokio::test]
async fn a_filter_by_a_field_that_leads_do_not_have_filters_nothing() {
    let params = json!({
        "filter": { ">CREATED_DATE": "2025-01-01" }, "select": ["ID", "NAME", "EMAIL", "PHONE"], "order": { "ID": "DESC" },
    });
    let leads = crm().form("crm.lead.list", params).await.result();
    assert_eq!(ids(&leads), [12345, 2, 1]);
}

#[tokio::test]
async fn a_batch_of_gets_and_a_list_has_a_result_for_each() {
    let batch = crm()
        .batch([
            ("lead_1", "crm.lead.get", json!({ "id": 1 })),
            ("lead_2", "crm.lead.get", json!({ "id": 2 })),
            ("leads", "crm.lead.list", json!({ "filter": { ">ID": 0 } })),
        ])
        .await;
    let result = &batch["result"];
    assert_eq!(
        (&result["lead_1"]["ID"], &result["lead_2"]["ID"]),
        (&json!("1"), &json!("2"))
    );
    assert_eq!(ids(&result["leads"]), [1, 2, 12345]);
    assert_eq!(batch["result_total"], json!({ "leads": 3 }));
}

#[tokio::test]
async fn a_lead_is_got_changed_and_deleted() {
    let portal = crm();
    let id = json!({ "id": 12345 });
    assert_eq!(
        portal.form("crm.lead.get", id.clone()).await.result()["NAME"],
        "Cid"
    );
    let change = json!({ "id": 12345, "fields": { "NAME": "Новое", "STATUS_ID": "IN_PROCESS" } });
    assert_eq!(portal.form("crm.lead.update", change).await.result(), true);
    let lead = portal.form("crm.lead.get", id.clone()).await.result();
    assert_eq!(
        (&lead["NAME"], &lead["STATUS_ID"]),
        (&json!("Новое"), &json!("IN_PROCESS"))
    );
    assert_eq!(
        portal.form("crm.lead.delete", id.clone()).await.result(),
        true
    );
    let gone = portal.form("crm.lead.get", id).await;
    assert_eq!(
        (gone.status, gone.json()),
        (
            400,
            json!({ "error": "", "error_description": "Not found" })
        )
    );
}

#[tokio::test]
async fn a_lead_is_added_with_its_phones_and_e_mails() {
    let portal = crm();
    let fields = json!({
        "NAME": "Ян", "EMAIL": [{ "VALUE": "jan@example.com", "VALUE_TYPE": "WORK" }],
        "PHONE": [{ "VALUE": "+375290000000", "VALUE_TYPE": "WORK" }],
    });
    let id = portal
        .form("crm.lead.add", json!({ "fields": fields }))
        .await
        .result();
    let lead = portal
        .form("crm.lead.get", json!({ "id": id }))
        .await
        .result();
    assert_eq!(lead["NAME"], "Ян");
    let phone = &lead["PHONE"][0];
    assert_eq!(
        (&phone["VALUE"], &phone["VALUE_TYPE"], &phone["TYPE_ID"]),
        (&json!("+375290000000"), &json!("WORK"), &json!("PHONE"))
    );
    assert_eq!(lead["EMAIL"][0]["VALUE"], "jan@example.com");
}

#[tokio::test]
async fn deals_of_a_stage_are_listed_and_one_is_added_in_any_currency() {
    let portal = crm();
    let list = json!({ "filter": { "STAGE_ID": "NEW" }, "select": ["ID", "TITLE", "OPPORTUNITY", "CURRENCY_ID"] });
    assert_eq!(
        portal.form("crm.deal.list", list).await.result(),
        json!([{ "ID": "1", "TITLE": "A", "OPPORTUNITY": "5.00", "CURRENCY_ID": "BYN" }])
    );
    let fields = json!({ "TITLE": "New one", "STAGE_ID": "NEW", "OPPORTUNITY": 100_000, "CURRENCY_ID": "BYN" });
    let id = portal
        .form("crm.deal.add", json!({ "fields": fields }))
        .await
        .result();
    let deal = portal
        .form("crm.deal.get", json!({ "id": id }))
        .await
        .result();
    assert_eq!(
        (
            &deal["OPPORTUNITY"],
            &deal["CURRENCY_ID"],
            &deal["STAGE_ID"]
        ),
        (&json!("100000.00"), &json!("BYN"), &json!("NEW"))
    );
}

#[tokio::test]
async fn the_errors_that_callers_tell_apart_have_their_codes() {
    let portal = crm();
    let fields = json!({ "fields": { "NAME": "Ann" } });
    portal.0.faults().push(Fault::QueryLimit);
    let refused = portal.form("crm.lead.add", fields.clone()).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (503, &json!("QUERY_LIMIT_EXCEEDED"))
    );
    let nobody = portal.address("/rest/crm.lead.add?fields[NAME]=Ann").await;
    assert_eq!(
        (nobody.status, &nobody.json()["error"]),
        (401, &json!("NO_AUTH_FOUND"))
    );
    let stranger = portal
        .address("/rest/crm.lead.add?auth=none&fields[NAME]=Ann")
        .await;
    let code = stranger.json()["error"].as_str().unwrap().to_uppercase();
    assert_eq!((stranger.status, code.as_str()), (401, "INVALID_TOKEN"));
    assert!(portal.form("crm.lead.add", fields).await.result().is_u64());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_refused_for_the_rate_succeeds_a_second_later() {
    let portal = Caller::new(PortalConfig::new().rate_limit(RateLimit::STANDARD));
    let mut tries = 0;
    while portal.form("crm.lead.list", json!({})).await.status == 200 {
        tries += 1;
        assert!(tries < 100, "the bucket never fills");
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(portal.form("crm.lead.list", json!({})).await.status, 200);
}

#[tokio::test]
async fn pages_follow_each_other_until_there_is_no_next() {
    let portal = Caller::new(config().rows("lead", 120));
    let mut all: Vec<u64> = Vec::new();
    let mut start = 0;
    loop {
        let params = json!({ "filter": { ">ID": 0 }, "select": ["ID", "NAME"], "start": start, "limit": 50 });
        let body = portal.form("crm.lead.list", params).await.json();
        let page = ids(&body["result"]);
        all.extend(&page);
        if page.len() < 50 || body.get("next").is_none() {
            break;
        }
        start += 50;
    }
    assert_eq!(all, (1..=120).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_lead_is_made_with_a_contact_and_has_it_once() {
    let portal = crm();
    let contact = portal
        .form("crm.contact.add", json!({ "fields": { "NAME": "Eve" } }))
        .await
        .result();
    let fields = json!({ "TITLE": "Eve's", "CONTACT_ID": contact });
    let lead = portal
        .form("crm.lead.add", json!({ "fields": fields }))
        .await
        .result();
    let link = json!({ "id": lead, "fields": { "CONTACT_ID": contact } });
    let linked = portal.form("crm.lead.contact.add", link).await;
    assert_eq!(
        linked.result(),
        false,
        "it was linked when the lead was made"
    );
    let contacts = portal
        .form("crm.lead.contact.items.get", json!({ "id": lead }))
        .await
        .result();
    assert_eq!(
        contacts,
        json!([{ "CONTACT_ID": contact, "SORT": 10, "ROLE_ID": 0, "IS_PRIMARY": "Y" }])
    );
    let bare = portal
        .form("crm.lead.add", json!({ "fields": { "TITLE": "Bare" } }))
        .await
        .result();
    let link = json!({ "id": bare, "fields": { "CONTACT_ID": contact } });
    assert_eq!(
        portal.form("crm.lead.contact.add", link).await.result(),
        true
    );
}

#[tokio::test]
async fn what_belongs_to_a_lead_comes_in_one_batch() {
    let batch = crm()
        .batch([
            ("lead", "crm.lead.get", json!({ "id": 2 })),
            ("contacts", "crm.lead.contact.items.get", json!({ "id": 2 })),
            (
                "company",
                "crm.company.get",
                json!({ "id": "$result[lead][COMPANY_ID]" }),
            ),
        ])
        .await;
    assert_eq!(batch["result"]["lead"]["COMPANY_ID"], "9");
    assert_eq!(batch["result"]["contacts"], json!([]));
    assert_eq!(batch["result"]["company"]["TITLE"], "Nine");
}
