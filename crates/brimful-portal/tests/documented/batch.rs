//! The method `batch`: what its page shows, and what the comments below it do.

use serde_json::json;

use crate::support::{Caller, TOKEN, command, config, ids, rows};

fn office() -> Caller {
    Caller::new(
        config()
            .load(
                "user",
                rows(json!([
                    { "ID": 1, "ACTIVE": true, "NAME": "Вера", "LAST_NAME": "", "EMAIL": "vera@example.com",
                      "PERSONAL_BIRTHDAY": "1980-02-03T00:00:00+03:00", "UF_DEPARTMENT": [32] },
                    { "ID": 7, "ACTIVE": true, "NAME": "Tester2", "LAST_NAME": "Two", "EMAIL": "t2@example.com",
                      "UF_DEPARTMENT": [33] },
                ])),
            )
            .load(
                "department",
                rows(json!([
                    { "ID": 31, "NAME": "Head office", "SORT": 500 },
                    { "ID": 32, "NAME": "Отдел печати", "SORT": 500, "PARENT": 31, "UF_HEAD": 7 },
                    { "ID": 33, "NAME": "Shop", "SORT": 500, "PARENT": 31 },
                ])),
            )
            .load(
                "deal",
                rows(json!([
                    { "ID": 2, "TITLE": "Printing", "OPPORTUNITY": "1500.50" },
                    { "ID": 4, "TITLE": "Paper", "OPPORTUNITY": "1.00" },
                ])),
            ),
    )
}

#[tokio::test]
async fn a_batch_in_an_address_is_encoded_twice_and_answered_in_xml() {
    let address = format!(
        "/rest/batch.xml?auth={TOKEN}&halt=0&cmd[get_user]=user.current%3F\
         &cmd[get_department]=department.get%3FID%3D%2524result%255Bget_user%255D%255BUF_DEPARTMENT%255D"
    );
    let heard = office().address(&address).await;
    assert_eq!(heard.status, 200);
    let body = &heard.body;
    assert!(
        body.starts_with("<response><result><result><get_user><ID>1</ID>"),
        "{body}"
    );
    for part in [
        "<ACTIVE>1</ACTIVE>",
        "<EMAIL>vera@example.com</EMAIL>",
        "<NAME>Вера</NAME>",
        "<LAST_NAME/>",
        "<PERSONAL_BIRTHDAY>1980-02-03T00:00:00+03:00</PERSONAL_BIRTHDAY>",
        "<UF_DEPARTMENT><item>32</item></UF_DEPARTMENT>",
        "<get_department><item><ID>32</ID><NAME>Отдел печати</NAME><SORT>500</SORT><PARENT>31</PARENT>\
         <UF_HEAD>7</UF_HEAD></item></get_department></result>",
        "<result_error/><result_total><get_department>1</get_department></result_total><result_next/>",
    ] {
        assert!(body.contains(part), "{part} is not in {body}");
    }
}

#[tokio::test]
async fn a_batch_in_a_json_body_may_hold_spaces_and_references_as_they_are() {
    let portal = office();
    let batch = portal
        .json(
            "batch",
            json!({
                "halt": 0,
                "cmd": {
                    "user": "user.get?ID=1",
                    "first": "crm.lead.add?fields[TITLE]=A first lead",
                    "by_name": "user.search?NAME=Tester2",
                    "assigned": "crm.lead.add?fields[TITLE]=Lead of a tester\
                                 &fields[ASSIGNED_BY_ID]=$result[by_name][0][ID]",
                }
            }),
        )
        .await
        .result();
    assert_eq!(batch["result_error"], json!([]));
    assert_eq!(ids(&batch["result"]["user"]), [1]);
    assert_eq!(ids(&batch["result"]["by_name"]), [7]);
    assert_eq!(
        batch["result_total"],
        json!({ "user": 1, "by_name": 1 }),
        "adds have no total"
    );
    let (first, assigned) = (&batch["result"]["first"], &batch["result"]["assigned"]);
    assert!(first.is_u64() && assigned.is_u64());
    let lead = portal
        .json("crm.lead.get", json!({ "id": assigned }))
        .await
        .result();
    assert_eq!(
        (&lead["TITLE"], &lead["ASSIGNED_BY_ID"]),
        (&json!("Lead of a tester"), &json!("7"))
    );
}

#[tokio::test]
async fn items_of_a_deal_are_read_page_by_page_until_one_is_empty() {
    let mut items: Vec<_> = (1..=120)
        .map(|id| json!({ "ID": id, "TITLE": format!("Item {id}"), "PARENT_ID_2": 2 }))
        .collect();
    items.push(json!({ "ID": 121, "TITLE": "Of another deal", "PARENT_ID_2": 4 }));
    let portal = Caller::new(config().load("191", rows(json!(items))));
    let mut found = Vec::new();
    for start in [0, 50, 100, 150] {
        let params = json!({ "entityTypeId": 191, "filter": { "parentId2": 2 }, "select": ["ID"], "start": start });
        let batch = portal.batch([("item_list", "crm.item.list", params)]).await;
        let page = &batch["result"]["item_list"]["items"];
        assert_eq!(batch["result_total"]["item_list"], 120);
        if page.as_array().unwrap().is_empty() {
            assert_eq!(start, 150);
            break;
        }
        assert_eq!(page[0], json!({ "id": page[0]["id"] }), "only the ID");
        found.extend(ids(page));
    }
    assert_eq!(found, (1..=120).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_reference_with_too_many_results_reaches_nothing_and_the_list_ignores_it() {
    let portal = Caller::new(
        config()
            .load(
                "128",
                rows(json!([{ "ID": 5, "TITLE": "A", "PARENT_ID_2": 2 }])),
            )
            .load(
                "191",
                rows(json!([{ "ID": 8, "TITLE": "B" }, { "ID": 9, "TITLE": "C" }])),
            ),
    );
    let batch = portal
        .batch([
            (
                "item_list",
                "crm.item.list",
                json!({ "entityTypeId": 128, "filter": { "parentId2": 2 }, "select": ["ID"] }),
            ),
            (
                "item_get",
                "crm.item.list",
                json!({ "entityTypeId": 191, "id": "$result[result][result][item_list][items][0]" }),
            ),
        ])
        .await;
    assert_eq!(ids(&batch["result"]["item_list"]["items"]), [5]);
    assert_eq!(ids(&batch["result"]["item_get"]["items"]), [8, 9]);
    assert_eq!(batch["result_error"], json!([]));
}

#[tokio::test]
async fn a_type_that_no_portal_has_is_an_error_of_its_command() {
    let params = json!({ "entityTypeId": 111, "filter": { "parentId2": 2 }, "select": ["ID"] });
    let batch = office()
        .batch([("add_lead", "crm.item.list", params)])
        .await;
    assert_eq!(batch["result"], json!([]));
    assert_eq!(batch["result_error"]["add_lead"]["error"], "NOT_FOUND");
}

#[tokio::test]
async fn what_one_command_read_another_writes() {
    let portal = office();
    let read = command("crm.deal.get", &json!({ "ID": 2 }));
    let write = command(
        "crm.deal.update",
        &json!({ "ID": 4, "fields": { "OPPORTUNITY": "$result[request1][OPPORTUNITY]" } }),
    );
    let params =
        brimful_protocol::query::encode(&json!({ "cmd": { "request1": read, "request2": write } }));
    let batch = portal.get(&format!("batch?{params}")).await.result();
    assert_eq!(batch["result"]["request2"], true);
    let deal = portal.get("crm.deal.get?ID=4").await.result();
    assert_eq!(deal["OPPORTUNITY"], "1500.50");
}

#[tokio::test]
async fn without_the_second_encoding_a_command_loses_all_after_its_first_parameter() {
    let portal = office();
    let batch = portal
        .get(
            "batch?cmd[request1]=crm.deal.get?ID=2\
             &cmd[request2]=crm.deal.update?ID=4&fields[OPPORTUNITY]=$result[request1][OPPORTUNITY]",
        )
        .await
        .result();
    assert_eq!(batch["result"]["request1"]["ID"], "2");
    assert_eq!(
        batch["result_error"]["request2"]["error_description"],
        "Parameter 'fields' must be array."
    );
    let deal = portal.get("crm.deal.get?ID=4").await.result();
    assert_eq!(deal["OPPORTUNITY"], "1.00", "nothing was written");
}

#[tokio::test]
async fn pages_of_several_lists_come_in_one_batch() {
    let portal = Caller::new(config().rows("deal", 80).rows("contact", 3));
    let page = |start: u32| json!({ "start": start });
    let batch = portal
        .batch([
            ("one", "crm.deal.list", page(0)),
            ("two", "crm.deal.list", page(50)),
            ("other", "crm.contact.list", page(0)),
        ])
        .await;
    let count = |label: &str| batch["result"][label].as_array().unwrap().len();
    assert_eq!((count("one"), count("two"), count("other")), (50, 30, 3));
    assert_eq!(
        batch["result_total"],
        json!({ "one": 80, "two": 80, "other": 3 })
    );
    assert_eq!(batch["result_next"], json!({ "one": 50 }));
}

#[tokio::test]
async fn a_contact_is_found_by_its_phone_and_its_company_through_it() {
    let portal = Caller::new(
        config()
            .load(
                "contact",
                rows(json!([
                    { "ID": 11, "NAME": "Ann", "COMPANY_ID": 21, "PHONE": [
                        { "ID": "1", "VALUE_TYPE": "WORK", "VALUE": "+7 (900) 123-45-67", "TYPE_ID": "PHONE" }] },
                    { "ID": 12, "NAME": "Bob", "COMPANY_ID": 22 },
                ])),
            )
            .load(
                "company",
                rows(json!([{ "ID": 21, "TITLE": "Ann & Co" }, { "ID": 22, "TITLE": "Bob's" }])),
            ),
    );
    let find = json!({ "entity_type": "CONTACT", "type": "PHONE", "values": ["+79001234567"] });
    let get = json!({ "id": "$result[find_contact][CONTACT][0]" });
    let company = json!({ "id": "$result[get_contact][COMPANY_ID]", "select": ["*"] });
    let batch = portal
        .batch([
            ("find_contact", "crm.duplicate.findbycomm", find),
            ("get_contact", "crm.contact.get", get),
            ("get_company", "crm.company.get", company),
        ])
        .await;
    assert_eq!(batch["result"]["find_contact"], json!({ "CONTACT": [11] }));
    assert_eq!(batch["result"]["get_contact"]["NAME"], "Ann");
    assert_eq!(batch["result"]["get_company"]["TITLE"], "Ann & Co");
    assert_eq!(batch["result_error"], json!([]));
}

#[tokio::test]
async fn numbered_commands_come_back_as_a_list_and_named_ones_as_a_map() {
    let portal = office();
    let numbered = portal
        .json("batch", json!({ "cmd": ["user.current", "crm.deal.list"] }))
        .await
        .result();
    assert!(numbered["result"].is_array());
    let gap = portal
        .json(
            "batch",
            json!({ "cmd": { "1": "user.current", "2": "crm.deal.list" } }),
        )
        .await
        .result();
    assert!(gap["result"].is_object());
}

#[tokio::test]
async fn comments_of_several_people_do_not_disturb_each_other_in_a_batch() {
    let portal = Caller::new(config().load(
        "task",
        rows(json!([{ "ID": 3, "TITLE": "Talk", "CREATED_BY": 1, "RESPONSIBLE_ID": 1 }])),
    ));
    let comment = |author: u32| json!({ "TASKID": 3, "FIELDS": { "POST_MESSAGE": format!("from {author}"), "AUTHOR_ID": author } });
    let batch = portal
        .batch([
            ("a", "task.commentitem.add", comment(1)),
            ("b", "task.commentitem.add", comment(2)),
        ])
        .await;
    assert_eq!(batch["result"], json!({ "a": 2, "b": 3 }));
    let list = portal.get("task.commentitem.getlist?0=3").await.result();
    assert_eq!(
        (&list[0]["POST_MESSAGE"], &list[0]["AUTHOR_ID"]),
        (&json!("from 2"), &json!("2"))
    );
}

#[tokio::test]
async fn a_batch_in_a_batch_is_refused() {
    let batch = office()
        .json(
            "batch",
            json!({ "cmd": { "inner": "batch?cmd[x]=profile" } }),
        )
        .await
        .result();
    assert_eq!(
        batch["result_error"]["inner"]["error"],
        "ERROR_BATCH_METHOD_NOT_ALLOWED"
    );
}
