//! Records as integrations write them: with few fields, by more than one name, and gone with what they belong to.

use serde_json::json;

use super::*;

#[test]
fn an_item_of_a_basket_needs_its_order_product_name_currency_and_quantity_alone() {
    let mut portal = Portal::with(&[]);
    let item = "fields[orderId]=1&fields[productId]=0&fields[currency]=USD&fields[quantity]=1";
    let error = portal.error("sale.basketitem.add", item);
    assert_eq!(error.2, "Required fields: name");
    let item = format!("{item}&fields[name]=Cable");
    let added = portal.json("sale.basketitem.add", &item)["basketItem"].clone();
    assert_eq!(
        (&added["canBuy"], &added["name"]),
        (&json!("Y"), &json!("Cable"))
    );
    let fields = portal.json("sale.basketitem.getFields", "")["basketItem"].clone();
    assert_eq!(fields["price"]["type"], "double");
    assert_eq!(
        fields["properties"],
        json!(null),
        "rows have it, the description has not"
    );
    assert_eq!(added["properties"], json!([]));
}

#[test]
fn a_calendar_event_takes_its_time_in_unix_seconds_too() {
    let mut portal = Portal::with(&[]);
    let event = "type=user&ownerId=1&name=Call";
    let error = portal.error("calendar.event.add", event);
    assert!(error.2.contains("\"from\""), "{error:?}");
    let times = format!("{event}&from_ts={NOW}&to_ts={}", NOW + 60);
    let id = portal.json("calendar.event.add", &times);
    let event = portal.json("calendar.event.getbyid", &format!("id={id}"));
    assert_eq!(event["DATE_FROM"], "04.05.2026 12:00:00");
    assert_eq!(event["DATE_TO"], "04.05.2026 12:01:00");
}

#[test]
fn an_activity_without_somebody_responsible_gets_who_is_responsible_for_its_owner() {
    let mut portal = Portal::with(&[("deal", 5, 0.0)]);
    portal.json("crm.deal.update", "id=2&fields[ASSIGNED_BY_ID]=1");
    let activity = "fields[OWNER_TYPE_ID]=2&fields[TYPE_ID]=2&fields[SUBJECT]=Call\
                    &fields[COMMUNICATIONS][0][VALUE]=%2B79991112233";
    let id = portal.json(
        "crm.activity.add",
        &format!("{activity}&fields[OWNER_ID]=2"),
    );
    let added = portal.json("crm.activity.get", &format!("id={id}"));
    assert_eq!(added["RESPONSIBLE_ID"], "1");
    let error = portal.error(
        "crm.activity.add",
        &format!("{activity}&fields[OWNER_ID]=99"),
    );
    assert_eq!(
        error.2,
        "The field RESPONSIBLE_ID is not defined or invalid."
    );
}

#[test]
fn a_storage_takes_its_properties_and_elements_with_it() {
    let mut portal = Portal::with(&[]);
    portal.json("entity.add", "ENTITY=menu&NAME=Menu");
    let property = "ENTITY=menu&PROPERTY=price&NAME=Price";
    portal.json("entity.item.property.add", property);
    portal.json("entity.item.add", "ENTITY=menu&NAME=Soup");
    portal.json("entity.delete", "ENTITY=menu");
    portal.json("entity.add", "ENTITY=menu&NAME=Menu");
    assert_eq!(portal.json("entity.item.get", "ENTITY=menu"), json!([]));
    assert_eq!(
        portal.json("entity.item.property.add", property),
        json!(true)
    );
}

#[test]
fn a_line_of_sip_gets_numbers_and_its_server_and_login_are_asked_for() {
    let mut portal = Portal::with(&[]);
    let line = portal.json("voximplant.sip.add", "SERVER=sip.example&LOGIN=one");
    assert_eq!(
        (
            &line["ID"],
            &line["CONFIG_ID"],
            &line["REG_ID"],
            &line["TYPE"]
        ),
        (&json!("1"), &json!("1"), &json!(1), &json!("cloud"))
    );
    let second = portal.json("voximplant.sip.add", "SERVER=sip.example&LOGIN=two");
    assert_eq!(second["CONFIG_ID"], "2");
    let error = portal.error("voximplant.sip.add", "LOGIN=three");
    assert_eq!(
        (error.1.as_str(), error.2.as_str()),
        ("CHECK_FIELDS_ERROR", "Server address not specified")
    );
    portal.json("voximplant.sip.delete", "CONFIG_ID=1");
    assert_eq!(
        portal
            .json("voximplant.sip.get", "")
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_fields_of_a_preset_are_described_without_naming_one() {
    let mut portal = Portal::with(&[]);
    let fields = portal.json("crm.requisite.preset.field.fields", "");
    assert!(fields["FIELD_NAME"].is_object(), "{fields}");
}

#[test]
fn a_new_portal_has_a_delivery_and_the_stages_of_a_plan() {
    let mut portal = Portal::with(&[]);
    assert_eq!(
        portal.json("sale.delivery.getlist", "")[0]["NAME"],
        "Без доставки"
    );
    let stages = portal.json("task.stages.get", "entityId=0");
    assert_eq!(stages["1"]["SYSTEM_TYPE"], "NEW");
}

#[test]
fn a_link_of_requisites_is_read_and_taken_back() {
    let mut portal = Portal::with(&[("deal", 5, 0.0)]);
    portal.json(
        "crm.requisite.link.register",
        "fields[ENTITY_TYPE_ID]=2&fields[ENTITY_ID]=3&fields[REQUISITE_ID]=4&fields[BANK_DETAIL_ID]=5\
         &fields[MC_REQUISITE_ID]=6&fields[MC_BANK_DETAIL_ID]=7",
    );
    let link = portal.json("crm.requisite.link.get", "entityTypeId=2&entityId=3");
    assert_eq!(link["REQUISITE_ID"], "4");
    let error = portal.error("crm.requisite.link.get", "entityTypeId=2");
    assert_eq!(error.2, "entityId is not defined or invalid.");
    assert_eq!(
        portal.json("crm.requisite.link.unregister", "entityTypeId=2&entityId=3"),
        json!(true)
    );
    let error = portal.error("crm.requisite.link.get", "entityTypeId=2&entityId=3");
    assert_eq!((error.1.as_str(), error.2.as_str()), ("", "Not found"));
}
