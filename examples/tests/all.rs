//! Every example does what it says, on a portal of its own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use brimful::Client;
use brimful_examples::portal::{self, PHONE};
use brimful_examples::{batch, bx_rest, fast_bitrix24, own_tests};
use brimful_portal::Server;
use serde_json::{Value, json};

async fn demo() -> (Server, String, Client) {
    let server = portal::start().await.unwrap();
    let webhook = server.webhook_url();
    let client = Client::builder(webhook.as_str()).build().unwrap();
    (server, webhook, client)
}

async fn get(bitrix: &Client, method: &str, id: u64) -> Value {
    let reply = bitrix.call(method, json!({"id": id})).await.unwrap();
    reply.result().unwrap()
}

#[tokio::test]
async fn lists_are_complete_and_ordered_by_id() {
    let (_server, webhook, bitrix) = demo().await;
    let leads = fast_bitrix24::whole_list::run(&bitrix).await.unwrap();
    let ids: Vec<u64> = leads.iter().map(|lead| lead.id.parse().unwrap()).collect();
    assert_eq!(ids, (1..=120).collect::<Vec<_>>());

    let open = fast_bitrix24::deals_at_work::run(&bitrix).await.unwrap();
    let counted = bitrix
        .call("crm.deal.list", json!({"filter": {"CLOSED": "N"}}))
        .await
        .unwrap();
    assert_eq!(Some(open.len() as u64), counted.total());
    assert!(open.len() > 50, "the list has more than one page");

    let largest = fast_bitrix24::sorted::run(&bitrix).await.unwrap();
    let sums: Vec<f64> = largest
        .iter()
        .map(|deal| deal.opportunity.parse().unwrap())
        .collect();
    assert_eq!(sums.len(), 80);
    assert!(sums.is_sorted_by(|one, next| one >= next));

    let items = batch::items_of_deal::run(&bitrix, 7).await.unwrap();
    assert_eq!(items, (1..=130).collect::<Vec<_>>());
    let leads = bx_rest::all_leads::run(&bitrix).await.unwrap();
    assert_eq!(leads.len(), 120);
    assert_eq!(fast_bitrix24::settings::run(&webhook).await.unwrap(), 100);
    assert_eq!(bx_rest::with_retry::run(&webhook).await.unwrap().len(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_program_is_tested_without_a_socket() {
    assert_eq!(own_tests::in_process().await.unwrap(), 5_000);
}

#[tokio::test]
async fn a_program_is_tested_on_a_free_port() {
    assert_eq!(own_tests::on_a_free_port().await.unwrap(), 120);
}

#[test]
fn the_blocking_client_reads_the_same_list() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_server, webhook, _) = runtime.block_on(demo());
    assert_eq!(fast_bitrix24::without_async::run(&webhook).unwrap(), 120);
}

#[tokio::test]
async fn a_call_succeeds_with_a_log_subscriber() {
    let (_server, _, bitrix) = demo().await;
    fast_bitrix24::what_is_sent::run(&bitrix).await.unwrap();
}

#[tokio::test]
async fn clients_with_other_settings_call_the_portal() {
    let (_server, webhook, _) = demo().await;
    for client in [
        fast_bitrix24::settings::gentle(&webhook),
        fast_bitrix24::settings::enterprise(&webhook),
        fast_bitrix24::settings::any_certificate(&webhook),
    ] {
        let me = client.unwrap().call("user.current", json!({})).await;
        assert_eq!(me.unwrap().result::<Value>().unwrap()["ID"], "1");
    }
}

#[tokio::test]
async fn every_deal_has_its_contacts() {
    let (_server, _, bitrix) = demo().await;
    let contacts = fast_bitrix24::contacts_of_deals::run(&bitrix)
        .await
        .unwrap();
    assert_eq!(contacts.len(), 80);
    let of_one = get(&bitrix, "crm.deal.contact.items.get", 12).await;
    assert_eq!(json!(contacts["12"]), of_one);
}

#[tokio::test]
async fn every_deal_is_renamed_once() {
    let (_server, _, bitrix) = demo().await;
    let title = get(&bitrix, "crm.deal.get", 33).await["TITLE"].clone();
    let (renamed, others) = fast_bitrix24::rename_deals::run(&bitrix).await.unwrap();
    assert_eq!((renamed, others), (80, vec![]));
    let after = get(&bitrix, "crm.deal.get", 33).await;
    assert_eq!(after["TITLE"], format!("33 - {}", title.as_str().unwrap()));
}

#[tokio::test]
async fn raw_parameters_arrive_as_they_are() {
    let (_server, _, bitrix) = demo().await;
    let comment = json!({"id": 23, "fields": {"COMMENTS": "to be erased"}});
    bitrix.call("crm.lead.update", comment).await.unwrap();
    let (lead, comment) = fast_bitrix24::raw_calls::run(&bitrix).await.unwrap();
    assert_eq!(lead["COMMENTS"], "");
    let found = bitrix
        .call("task.commentitem.get", json!([23, comment]))
        .await
        .unwrap();
    let found: Value = found.result().unwrap();
    assert_eq!(found["POST_MESSAGE"], "A comment on the task");
    let id = fast_bitrix24::one_call::run(&bitrix).await.unwrap();
    assert_eq!(get(&bitrix, "crm.lead.get", id).await["TITLE"], "Plop");
}

#[tokio::test]
async fn a_token_function_supplies_the_token() {
    let (server, _, _) = demo().await;
    let address = format!("http://{}", server.address());
    let me = fast_bitrix24::tokens::run(&address).await.unwrap();
    assert_eq!(me["ID"], "1");
}

#[tokio::test]
async fn commands_of_a_batch_use_each_others_results() {
    let (_server, webhook, bitrix) = demo().await;
    let activities = fast_bitrix24::batch_of_two::run(&bitrix).await.unwrap();
    assert!(!activities.is_empty());
    assert!(
        activities
            .iter()
            .all(|activity| activity["OWNER_ID"] == "1")
    );

    let me = bitrix.call("user.current", json!({})).await.unwrap();
    let mine = me.result::<Value>().unwrap()["UF_DEPARTMENT"].clone();
    let departments = batch::department::run(&bitrix).await.unwrap();
    assert_eq!(departments.len(), mine.as_array().unwrap().len());
    assert_eq!(departments[0]["ID"], mine[0].to_string());
    let xml = batch::by_address::run(&webhook).await.unwrap();
    let department = format!("<get_department><item><ID>{}</ID>", mine[0]);
    assert!(xml.contains(&department), "{xml}");

    let name = get(&bitrix, "user.get", 4).await[0]["NAME"].clone();
    let [first, second] = batch::four_commands::run(&bitrix, name.as_str().unwrap())
        .await
        .unwrap();
    let first = get(&bitrix, "crm.lead.get", first).await;
    assert_eq!(first["TITLE"], "Test & Title");
    let assigned = get(&bitrix, "crm.lead.get", second).await["ASSIGNED_BY_ID"].clone();
    let user = get(
        &bitrix,
        "user.get",
        assigned.as_str().unwrap().parse().unwrap(),
    )
    .await;
    assert_eq!(user[0]["NAME"], name);

    let item = batch::related_item::run(&bitrix, 7).await.unwrap();
    assert_eq!(item["title"], "Item 1");
    let sum = batch::budget_of_another_deal::run(&bitrix, 2, 4)
        .await
        .unwrap();
    assert_eq!(sum, get(&bitrix, "crm.deal.get", 2).await["OPPORTUNITY"]);
    assert_eq!(
        batch::three_pages::run(&bitrix).await.unwrap(),
        [50, 30, 50]
    );
    let (contact, company) = batch::contact_by_phone::run(&bitrix, PHONE).await.unwrap();
    assert_eq!((&contact["ID"], &company["ID"]), (&json!("5"), &json!("3")));
}

#[tokio::test]
async fn each_item_of_a_batch_has_its_own_outcome() {
    let (_server, _, bitrix) = demo().await;
    let lines = batch::comments::run(&bitrix).await.unwrap();
    assert!(lines[0].starts_with("task 23: comment "), "{lines:?}");
    assert!(lines[1].starts_with("task 999999: "), "{lines:?}");
    assert!(!lines[1].contains("comment "), "{lines:?}");
    assert!(lines[2].starts_with("task 24: comment "), "{lines:?}");
    let leads = batch::numbered::run(&bitrix).await.unwrap();
    let id = |lead: &Option<Value>| lead.as_ref().map(|lead| lead["ID"].clone());
    assert_eq!(
        leads.iter().map(id).collect::<Vec<_>>(),
        [Some(json!("3")), None, Some(json!("1"))]
    );
}

#[tokio::test]
async fn results_offer_the_methods_of_bx_rest() {
    let (_server, webhook, bitrix) = demo().await;
    let newest = bx_rest::call_method::run(&bitrix).await;
    assert_eq!(newest[0]["ID"], "120");
    let data = bx_rest::call_batch::run(&bitrix).await.unwrap();
    assert_eq!(
        (&data["lead_1"]["ID"], &data["lead_2"]["ID"]),
        (&json!("1"), &json!("2"))
    );
    assert_eq!(data["leads"].as_array().unwrap().len(), 50);
    let said = bx_rest::errors::run(&bitrix).await;
    assert!(said.starts_with("the portal refused"), "{said}");
    assert_eq!(bx_rest::kept_leads::run(&webhook).await.unwrap(), 1);
}

#[tokio::test]
async fn leads_and_deals_are_added_updated_and_deleted() {
    let (_server, _, bitrix) = demo().await;
    let lead = bx_rest::leads::run(&bitrix).await.unwrap();
    assert_eq!(
        (&lead["NAME"], &lead["STATUS_ID"]),
        (&json!("Pyotr"), &json!("IN_PROCESS"))
    );
    assert_eq!(lead["EMAIL"][0]["VALUE"], "ivan@example.com");
    let gone = bitrix.call("crm.lead.get", json!({"id": lead["ID"]})).await;
    assert!(gone.is_err());
    let (id, deals) = bx_rest::deals::run(&bitrix).await.unwrap();
    let id = json!(id.to_string());
    assert!(deals.iter().any(|deal| deal["ID"] == id));

    let (lead, contact) = bx_rest::lead_with_contact::run(&bitrix).await.unwrap();
    let linked = get(&bitrix, "crm.lead.contact.items.get", lead).await;
    assert_eq!(linked[0]["CONTACT_ID"], contact);
}

#[tokio::test]
async fn a_late_command_is_sent_only_where_there_is_something_to_ask() {
    let (_server, _, bitrix) = demo().await;
    let leads = bitrix
        .list("crm.lead.list")
        .select(["ID", "COMPANY_ID"])
        .collect::<Value>()
        .await
        .unwrap();
    let one = |with: bool| {
        let found = leads
            .iter()
            .find(|lead| lead["COMPANY_ID"].is_string() == with);
        found.unwrap()["ID"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let related = bx_rest::lead_with_related::run(&bitrix, one(true)).await;
    let (lead, _, company) = related.unwrap();
    assert_eq!(lead["COMPANY_ID"], company.unwrap()["ID"]);
    let related = bx_rest::lead_with_related::run(&bitrix, one(false)).await;
    assert_eq!(related.unwrap().2, None);
}
