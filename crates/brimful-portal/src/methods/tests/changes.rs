//! What is written is read back, by either family, and IDs never come back.

use super::{NOW, Portal};
use crate::context::moment;

#[test]
fn an_added_row_is_above_every_id_ever_used() {
    let mut portal = Portal::with(&[("deal", 100, 0.5)]);
    let (last, _, _) = portal.page("crm.deal.list", "order[ID]=DESC");
    let highest = last[0];
    let added = portal.json("crm.deal.add", "fields[TITLE]=One");
    assert_eq!(added, highest + 1);
    assert_eq!(portal.json("crm.deal.delete", &format!("id={added}")), true);
    assert_eq!(
        portal.json("crm.deal.add", "fields[TITLE]=Two"),
        highest + 2
    );
    assert_eq!(portal.page("crm.deal.list", "").2, Some(101));
}

#[test]
fn a_deleted_row_is_gone_from_lists_counts_and_gets() {
    let mut portal = Portal::with(&[("lead", 120, 0.0)]);
    portal.json("crm.lead.delete", "id=60");
    assert_eq!(portal.error("crm.lead.get", "id=60").2, "Not found");
    assert_eq!(portal.error("crm.lead.delete", "id=60").2, "Not found");
    assert_eq!(
        portal.page("crm.lead.list", "filter[>ID]=58").0[..2],
        [59, 61]
    );
    assert_eq!(portal.page("crm.lead.list", "").2, Some(119));
    assert_eq!(
        portal.page("crm.lead.list", "start=50").0[..10],
        [51, 52, 53, 54, 55, 56, 57, 58, 59, 61]
    );
}

#[test]
fn an_update_changes_what_it_names_and_the_date() {
    let mut portal = Portal::with(&[("deal", 10, 0.0)]);
    let before = portal.json("crm.deal.get", "id=5");
    assert_eq!(
        portal.json(
            "crm.deal.update",
            "id=5&fields[OPPORTUNITY]=19999.99&fields[STAGE_ID]=WON"
        ),
        true
    );
    let after = portal.json("crm.deal.get", "id=5");
    assert_eq!(after["OPPORTUNITY"], "19999.99");
    assert_eq!(
        (&after["STAGE_SEMANTIC_ID"], &after["CLOSED"]),
        (&"S".into(), &"Y".into())
    );
    assert_eq!(after["DATE_MODIFY"], moment::text(NOW));
    assert_eq!(after["TITLE"], before["TITLE"]);
    assert_eq!(
        portal.ids("crm.deal.list", "filter[OPPORTUNITY]=19999.99"),
        [5]
    );
}

#[test]
fn read_only_and_unknown_fields_are_not_written() {
    let mut portal = Portal::with(&[("lead", 3, 0.0)]);
    portal.json(
        "crm.lead.update",
        "id=2&fields[ID]=9&fields[DATE_CREATE]=2001-01-01&fields[NO_SUCH]=1",
    );
    let lead = portal.json("crm.lead.get", "id=2");
    assert_eq!(lead["ID"], "2");
    assert!(lead["DATE_CREATE"].as_str().unwrap().starts_with("20"));
    assert_ne!(lead["DATE_CREATE"].as_str().unwrap()[..4], *"2001");
}

#[test]
fn what_one_family_writes_the_other_reads() {
    let mut portal = Portal::with(&[("contact", 1, 0.0)]);
    let id = portal.json(
        "crm.contact.add",
        "fields[NAME]=Ann&fields[PHONE][0][VALUE]=+7 900 1&fields[PHONE][0][VALUE_TYPE]=MOBILE\
         &fields[UF_CRM_1700000000005]=1&fields[UF_CRM_1700000000006]=2&fields[BIRTHDATE]=1990-02-03",
    );
    let item = &portal.json("crm.item.get", &format!("entityTypeId=3&id={id}"))["item"];
    assert_eq!(
        (&item["name"], &item["hasPhone"]),
        (&"Ann".into(), &"Y".into())
    );
    assert_eq!(item["fm"][0]["value"], "+7 900 1");
    assert_eq!(item["fm"][0]["typeId"], "PHONE");
    assert_eq!(item["ufCrm_1700000000005"], "Y");
    assert_eq!(item["ufCrm_1700000000006"], 2);
    assert_eq!(item["birthdate"], "1990-02-03T00:00:00+03:00");

    let item = &portal.json(
        "crm.item.add",
        "entityTypeId=2&fields[title]=Two&fields[opportunity]=10.5",
    )["item"];
    assert_eq!(
        (&item["title"], &item["opportunity"]),
        (&"Two".into(), &10.5.into())
    );
    let deal = portal.json("crm.deal.get", &format!("id={}", item["id"]));
    assert_eq!(
        (&deal["TITLE"], &deal["OPPORTUNITY"]),
        (&"Two".into(), &"10.50".into())
    );
    assert_eq!(
        portal
            .json(
                "crm.item.delete",
                &format!("entityTypeId=2&id={}", item["id"])
            )
            .to_string(),
        "[]"
    );
    assert_eq!(
        portal
            .error("crm.deal.get", &format!("id={}", item["id"]))
            .2,
        "Not found"
    );
}

#[test]
fn phones_are_added_changed_and_deleted_by_their_id() {
    let mut portal = Portal::with(&[]);
    let id = portal.json(
        "crm.lead.add",
        "fields[TITLE]=x&fields[PHONE][0][VALUE]=1&fields[PHONE][1][VALUE]=2",
    );
    let phones = portal.json("crm.lead.get", &format!("id={id}"))["PHONE"].clone();
    let (first, second) = (
        phones[0]["ID"].as_str().unwrap(),
        phones[1]["ID"].as_str().unwrap(),
    );
    portal.json(
        "crm.lead.update",
        &format!(
            "id={id}&fields[PHONE][0][ID]={first}&fields[PHONE][0][VALUE]=\
             &fields[PHONE][1][ID]={second}&fields[PHONE][1][VALUE]=22&fields[PHONE][2][VALUE]=3"
        ),
    );
    let phones = portal.json("crm.lead.get", &format!("id={id}"))["PHONE"].clone();
    let values: Vec<&str> = phones
        .as_array()
        .unwrap()
        .iter()
        .map(|phone| phone["VALUE"].as_str().unwrap())
        .collect();
    assert_eq!(values, ["22", "3"]);
    assert_eq!(phones[0]["ID"], second);
}

#[test]
fn loaded_rows_may_lie_among_generated_ones_and_win() {
    use crate::data::{Data, Load, Rows};
    let rows: Vec<serde_json::Map<_, _>> =
        serde_json::from_str(r#"[{"ID": 1000, "TITLE": "Far"}, {"ID": 3, "TITLE": "Mine"}]"#)
            .unwrap();
    let mut portal = Portal::new(Data {
        seed: 1,
        rows: vec![Rows {
            entity: "deals".to_owned(),
            rows: 5,
            gaps: 0.0,
        }],
        loads: vec![Load {
            entity: "deal".to_owned(),
            rows: rows.into(),
        }],
        ..Data::default()
    });
    assert_eq!(portal.ids("crm.deal.list", ""), [1, 2, 3, 4, 5, 1000]);
    assert_eq!(portal.json("crm.deal.get", "id=3")["TITLE"], "Mine");
    assert_eq!(portal.json("crm.deal.add", "fields[TITLE]=n"), 1001);
}

#[test]
fn contacts_are_linked_and_the_first_one_is_in_the_field() {
    let mut portal = Portal::with(&[("contact", 9, 0.0)]);
    let id = portal.json("crm.deal.add", "fields[TITLE]=x&fields[CONTACT_ID]=4");
    let get = format!("id={id}");
    let links = portal.json("crm.deal.contact.items.get", &get);
    assert_eq!(
        links.to_string(),
        r#"[{"CONTACT_ID":4,"SORT":10,"ROLE_ID":0,"IS_PRIMARY":"Y"}]"#
    );
    assert_eq!(
        portal.json(
            "crm.deal.contact.add",
            &format!("id={id}&fields[CONTACT_ID]=7&fields[IS_PRIMARY]=Y")
        ),
        true
    );
    let links = portal.json("crm.deal.contact.items.get", &get);
    assert_eq!(
        (&links[0]["IS_PRIMARY"], &links[1]["IS_PRIMARY"]),
        (&"N".into(), &"Y".into())
    );
    assert_eq!(portal.json("crm.deal.get", &get)["CONTACT_ID"], "7");
    assert_eq!(
        portal.json(
            "crm.deal.contact.delete",
            &format!("id={id}&fields[CONTACT_ID]=7")
        ),
        true
    );
    assert_eq!(portal.json("crm.deal.get", &get)["CONTACT_ID"], "4");
    portal.json("crm.deal.update", &format!("id={id}&fields[CONTACT_ID]=9"));
    assert_eq!(
        portal.json("crm.deal.contact.items.get", &get)[0]["CONTACT_ID"],
        9
    );
}
