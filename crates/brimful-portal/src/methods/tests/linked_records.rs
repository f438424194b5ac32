//! Contacts of companies, companies of contacts, and items of smart processes that are the parents of other records.

use serde_json::{Value, json};

use super::Portal;

fn names(fields: &Value) -> Vec<&str> {
    fields
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn fields_of_a_link_are_its_end_its_place_and_whether_it_is_the_first() {
    let mut portal = Portal::with(&[("contact", 2, 0.0)]);
    let of_contact = portal.json("crm.contact.company.fields", "");
    assert_eq!(names(&of_contact), ["SORT", "IS_PRIMARY", "COMPANY_ID"]);
    assert_eq!(of_contact["COMPANY_ID"]["isRequired"], true);
    for method in ["crm.company", "crm.deal", "crm.lead", "crm.quote"] {
        let fields = portal.json(&format!("{method}.contact.fields"), "");
        assert_eq!(names(&fields), ["SORT", "IS_PRIMARY", "CONTACT_ID"]);
    }
}

#[test]
fn company_ids_of_a_contact_are_its_companies() {
    let mut portal = Portal::with(&[("contact", 2, 0.0), ("company", 9, 0.0)]);
    let described = &portal.json("crm.contact.fields", "")["COMPANY_IDS"];
    assert_eq!(
        (&described["type"], &described["isMultiple"]),
        (&json!("crm_company"), &json!(true))
    );
    let given = "fields[NAME]=Ann&fields[COMPANY_IDS][]=4&fields[COMPANY_IDS][]=6";
    let id = portal.json("crm.contact.add", given);
    let links = portal.json("crm.contact.company.items.get", &format!("id={id}"));
    assert_eq!(
        links,
        json!([
            {"COMPANY_ID": 4, "SORT": 10, "ROLE_ID": 0, "IS_PRIMARY": "Y"},
            {"COMPANY_ID": 6, "SORT": 20, "ROLE_ID": 0, "IS_PRIMARY": "N"},
        ])
    );
    let shown = portal.json("crm.contact.get", &format!("id={id}"));
    assert_eq!(shown["COMPANY_ID"], "4");
    assert!(shown.get("COMPANY_IDS").is_none());
    let item = portal.json("crm.item.get", &format!("entityTypeId=3&id={id}"));
    assert_eq!(item["item"]["companyIds"], json!([4, 6]));
    portal.json(
        "crm.contact.update",
        &format!("id={id}&fields[COMPANY_ID]=9"),
    );
    let item = portal.json("crm.item.get", &format!("entityTypeId=3&id={id}"));
    assert_eq!(item["item"]["companyIds"], json!([9]));
}

#[test]
fn contacts_are_written_to_a_company_under_contact_id() {
    let mut portal = Portal::with(&[("contact", 9, 0.0), ("company", 2, 0.0)]);
    let described = &portal.json("crm.company.fields", "")["CONTACT_ID"];
    assert_eq!(
        (&described["type"], &described["isMultiple"]),
        (&json!("crm_contact"), &json!(true))
    );
    let given = "fields[TITLE]=Acme&fields[CONTACT_ID][]=3&fields[CONTACT_ID][]=5";
    let id = portal.json("crm.company.add", given);
    let links = portal.json("crm.company.contact.items.get", &format!("id={id}"));
    let linked: Vec<&Value> = links
        .as_array()
        .unwrap()
        .iter()
        .map(|link| &link["CONTACT_ID"])
        .collect();
    assert_eq!(linked, [3, 5]);
    let shown = portal.json("crm.company.get", &format!("id={id}"));
    assert!(shown.get("CONTACT_ID").is_none());
    let item = portal.json("crm.item.get", &format!("entityTypeId=4&id={id}"));
    assert_eq!(item["item"]["contactIds"], json!([3, 5]));
}

/// A portal with a smart process whose items are parents of contacts and children of leads; and its `entityTypeId`.
fn with_relations() -> (Portal, u64, u64) {
    let mut portal = Portal::with(&[("contact", 2, 0.0), ("lead", 3, 0.0)]);
    let made = portal.json(
        "crm.type.add",
        "fields[title]=Equipment&fields[relations][child][0][entityTypeId]=3\
         &fields[relations][parent][0][entityTypeId]=1",
    );
    let made = &made["type"];
    let number = |name: &str| made[name].as_u64().unwrap();
    let (id, entity_type) = (number("id"), number("entityTypeId"));
    (portal, id, entity_type)
}

#[test]
fn relations_of_a_smart_process_are_fields_of_the_records_that_they_link() {
    let (mut portal, _, entity_type) = with_relations();
    let name = format!("PARENT_ID_{entity_type}");
    let described = &portal.json("crm.contact.fields", "")[&name];
    assert_eq!(
        (&described["type"], &described["title"]),
        (&json!("crm_entity"), &json!("Equipment"))
    );
    assert_eq!(
        described["settings"],
        json!({"parentEntityTypeId": entity_type})
    );
    let items = portal.json("crm.item.fields", &format!("entityTypeId={entity_type}"));
    assert_eq!(items["fields"]["parentId1"]["upperName"], "PARENT_ID_1");
    let given = format!("entityTypeId={entity_type}&fields[title]=Lathe&fields[parentId1]=2");
    let item = portal.json("crm.item.add", &given)["item"].clone();
    assert_eq!(item["parentId1"], 2);
    let given = format!("fields[NAME]=Ann&fields[{name}]={}", item["id"]);
    let contact = portal.json("crm.contact.add", &given);
    let shown = portal.json("crm.contact.get", &format!("id={contact}"));
    assert_eq!(shown[&name], item["id"].to_string());
    let found = portal.json(
        "crm.contact.list",
        &format!("filter[{name}]={}&select[]=ID", item["id"]),
    );
    assert_eq!(found, json!([{"ID": contact.to_string()}]));
}

#[test]
fn records_lose_the_field_of_a_relation_that_ends() {
    let (mut portal, id, entity_type) = with_relations();
    let name = format!("PARENT_ID_{entity_type}");
    let given = format!("id={id}&fields[relations][child][0][entityTypeId]=4");
    portal.json("crm.type.update", &given);
    assert!(
        portal
            .json("crm.contact.fields", "")
            .get(name.as_str())
            .is_none()
    );
    assert!(
        portal
            .json("crm.company.fields", "")
            .get(name.as_str())
            .is_some()
    );
    portal.json("crm.type.delete", &format!("id={id}"));
    assert!(
        portal
            .json("crm.company.fields", "")
            .get(name.as_str())
            .is_none()
    );
}

#[test]
fn a_relation_of_smart_processes_shows_at_both_of_them_until_one_of_them_ends_it() {
    let (mut portal, parent, parent_type) = with_relations();
    let given = format!(
        "fields[title]=Repair&fields[relations][parent][0][entityTypeId]={parent_type}\
         &fields[relations][parent][0][isChildrenListEnabled]=Y"
    );
    let child = portal.json("crm.type.add", &given)["type"].clone();
    let shown = portal.json("crm.type.get", &format!("id={parent}"));
    assert_eq!(
        shown["type"]["relations"]["child"],
        json!([
            {"entityTypeId": 3, "isChildrenListEnabled": "N", "isPredefined": "N"},
            {"entityTypeId": child["entityTypeId"], "isChildrenListEnabled": "Y", "isPredefined": "N"},
        ])
    );
    let given = format!("id={parent}&fields[relations][child][0][entityTypeId]=3");
    portal.json("crm.type.update", &given);
    let shown = portal.json("crm.type.get", &format!("id={}", child["id"]));
    assert_eq!(shown["type"]["relations"]["parent"], json!([]));
}

#[test]
fn a_smart_process_is_deleted_by_its_id_and_nothing_is_deleted_without_one() {
    let (mut portal, id, entity_type) = with_relations();
    portal.steps(&[
        (
            "crm.type.delete",
            &format!("entityTypeId={entity_type}"),
            "null",
        ),
        (
            "crm.type.delete",
            &format!("id={entity_type}"),
            "!0 Smart process not found",
        ),
        ("crm.type.delete", &format!("id={id}"), "[]"),
    ]);
}

#[test]
fn a_link_of_a_contact_and_a_company_shows_from_both_sides() {
    let mut portal = Portal::with(&[]);
    let ann = portal
        .json("crm.contact.add", "fields[NAME]=Ann")
        .to_string();
    let bob = portal
        .json("crm.contact.add", "fields[NAME]=Bob")
        .to_string();
    let acme = portal
        .json("crm.company.add", "fields[TITLE]=Acme")
        .to_string();
    let beta = portal
        .json("crm.company.add", "fields[TITLE]=Beta")
        .to_string();
    let of = |id: &str| format!("id={id}");
    portal.steps(&[
        (
            "crm.contact.company.add",
            &format!("id={ann}&fields[COMPANY_ID]={acme}"),
            "true",
        ),
        (
            "crm.company.contact.items.get",
            &of(&acme),
            &format!(r#"[{{"CONTACT_ID":{ann},"SORT":10,"ROLE_ID":0,"IS_PRIMARY":"Y"}}]"#),
        ),
        (
            "crm.company.contact.items.set",
            &format!("id={acme}&items[0][CONTACT_ID]={ann}&items[1][CONTACT_ID]={bob}"),
            "true",
        ),
        (
            "crm.contact.get",
            &of(&bob),
            &format!(r#"{{"COMPANY_ID":"{acme}"}}"#),
        ),
        (
            "crm.contact.company.add",
            &format!("id={bob}&fields[COMPANY_ID]={beta}&fields[IS_PRIMARY]=Y"),
            "true",
        ),
        (
            "crm.company.contact.items.get",
            &of(&beta),
            &format!(r#"[{{"CONTACT_ID":{bob},"IS_PRIMARY":"Y"}}]"#),
        ),
        (
            "crm.company.contact.delete",
            &format!("id={acme}&fields[CONTACT_ID]={bob}"),
            "true",
        ),
        (
            "crm.contact.company.items.get",
            &of(&bob),
            &format!(r#"[{{"COMPANY_ID":{beta},"IS_PRIMARY":"Y"}}]"#),
        ),
        (
            "crm.contact.update",
            &format!("id={ann}&fields[COMPANY_ID]={beta}"),
            "true",
        ),
        ("crm.company.contact.items.get", &of(&acme), "[]"),
        (
            "crm.company.contact.items.get",
            &of(&beta),
            &format!(r#"[{{"CONTACT_ID":{ann}}},{{"CONTACT_ID":{bob}}}]"#),
        ),
        ("crm.company.contact.items.delete", &of(&beta), "true"),
        ("crm.contact.get", &of(&ann), r#"{"COMPANY_ID":null}"#),
    ]);
}

#[test]
fn a_deleted_contact_is_not_a_contact_of_its_company() {
    let mut portal = Portal::with(&[("contact", 9, 0.0), ("company", 2, 0.0)]);
    portal.steps(&[
        (
            "crm.company.contact.items.set",
            "id=2&items[0][CONTACT_ID]=3&items[1][CONTACT_ID]=5",
            "true",
        ),
        ("crm.contact.delete", "id=3", "true"),
        (
            "crm.company.contact.items.get",
            "id=2",
            r#"[{"CONTACT_ID":5,"IS_PRIMARY":"Y"}]"#,
        ),
        (
            "crm.item.get",
            "entityTypeId=4&id=2",
            r#"{"item":{"contactIds":[5]}}"#,
        ),
    ]);
}

#[test]
fn links_are_refused_as_documented() {
    let owner = "! The parameter ownerEntityID is invalid or not defined.";
    let quoted = "! The parameter 'ownerEntityID' is invalid or not defined.";
    Portal::with(&[("contact", 9, 0.0), ("company", 2, 0.0), ("deal", 2, 0.0)]).steps(&[
        ("crm.contact.company.items.get", "id=0", owner),
        ("crm.contact.company.add", "fields[COMPANY_ID]=1", quoted),
        (
            "crm.contact.company.add",
            "id=99&fields[COMPANY_ID]=1",
            "! Not found.",
        ),
        (
            "crm.contact.company.add",
            "id=1",
            "! The parameter 'fields' must be array.",
        ),
        (
            "crm.company.contact.delete",
            "id=1",
            "! The parameter 'item' must be array.",
        ),
        (
            "crm.company.contact.add",
            "id=1&fields[CONTACT_ID]=0",
            "! The parameter 'fields' is not valid.",
        ),
        (
            "crm.company.contact.items.set",
            "id=1",
            "! The parameter items must be array.",
        ),
        ("crm.company.contact.items.get", "id=99", "[]"),
        ("crm.deal.contact.items.get", "id=99", "! Not found."),
        ("crm.deal.contact.items.delete", "id=99", "! Not found"),
        (
            "crm.lead.contact.items.get",
            "id=99",
            "!NOT_FOUND Not found.",
        ),
    ]);
}
