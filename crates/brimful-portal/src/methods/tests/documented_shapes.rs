//! Keys and values that the documentation shows in replies.

use serde_json::{Value as Json, json};

use super::Portal;

#[test]
fn the_messenger_says_when_a_user_was_active_and_all_his_phones() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.json(
        "user.update",
        "ID=2&WORK_PHONE=+11234567890&UF_PHONE_INNER=21&PERSONAL_MOBILE=+19",
    );
    let user = portal.json("im.user.get", "ID=2");
    let seen = user["last_activity_date"].as_str().unwrap();
    assert!(seen.starts_with("20") && seen.contains('T'), "{user}");
    assert_eq!(
        user["phones"],
        json!({"work_phone": "+11234567890", "personal_mobile": "+19", "inner_phone": "21"})
    );
    assert_eq!(portal.error("im.user.get", "ID=99").1, "USER_NOT_EXISTS");
}

#[test]
fn users_have_the_dates_that_are_empty_and_the_one_who_calls_no_time_of_change() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    for (method, params) in [("user.get", "ID=2"), ("user.search", "FILTER[ID]=2")] {
        let user = portal.json(method, params)[0].clone();
        assert_eq!(user["PERSONAL_BIRTHDAY"], "", "{method}");
        assert_eq!(user["UF_EMPLOYMENT_DATE"], "", "{method}");
        assert_eq!(user["TIMESTAMP_X"], json!({}), "{method}");
    }
    let own = portal.json("user.current", "");
    assert_eq!(own["PERSONAL_BIRTHDAY"], "");
    assert!(own.get("TIMESTAMP_X").is_none());
    let few = portal.json("user.get", "select[]=NAME")[0].clone();
    assert!(few.get("PERSONAL_BIRTHDAY").is_none());
    portal.json("user.update", "ID=2&PERSONAL_BIRTHDAY=2018-07-14");
    let user = portal.json("user.get", "ID=2")[0].clone();
    let day = user["PERSONAL_BIRTHDAY"].as_str().unwrap();
    assert!(day.starts_with("2018-07-14"), "{day}");
}

#[test]
fn a_recent_chat_says_what_may_be_done_in_it_and_is_nobodys_dialog() {
    let mut portal = Portal::with(&[]);
    portal.json("im.chat.add", "TITLE=a&ENTITY_TYPE=CRM&ENTITY_ID=DEAL|5");
    let chat = portal.json("im.recent.get", "")[0].clone();
    assert_eq!(chat["user"], json!({"id": 0}));
    let about = &chat["chat"];
    assert_eq!(about["contains_collaber"], false);
    assert_eq!(about["restrictions"]["leave_owner"], true);
    assert_eq!(about["permissions"]["manage_settings"], "owner");
    assert_eq!(
        about["entity_link"],
        json!({"type": "CRM", "url": "", "id": "DEAL|5"})
    );
}

#[test]
fn funnels_are_listed_in_the_order_of_their_sort() {
    let mut portal = Portal::with(&[]);
    let added = portal.json(
        "crm.category.add",
        "entityTypeId=2&fields[name]=First&fields[sort]=20",
    );
    let listed = portal.json("crm.category.list", "entityTypeId=2");
    let rows = listed["categories"].as_array().unwrap();
    assert_eq!(rows[0]["id"], added["category"]["id"]);
    let sorts: Vec<i64> = rows
        .iter()
        .map(|row| row["sort"].as_i64().unwrap())
        .collect();
    assert!(sorts.is_sorted(), "{sorts:?}");
}

#[test]
fn a_currency_is_read_with_how_each_language_writes_it() {
    let mut portal = Portal::with(&[]);
    let dollar = portal.json("crm.currency.get", "id=USD");
    let english = &dollar["LANG"]["en"];
    assert_eq!(
        (&english["FULL_NAME"], &english["THOUSANDS_VARIANT"]),
        (&json!("United States Dollar"), &json!("C"))
    );
    assert_eq!(dollar["LANG"]["ru"]["FULL_NAME"], dollar["FULL_NAME"]);
    portal.json(
        "crm.currency.localizations.set",
        "id=USD&localizations[de][FULL_NAME]=US-Dollar",
    );
    let dollar = portal.json("crm.currency.get", "id=USD");
    assert_eq!(dollar["LANG"]["de"]["FULL_NAME"], "US-Dollar");
    let listed = portal.json("crm.currency.list", "");
    assert!(listed[0].get("LANG").is_none());
    assert_eq!(portal.error("crm.currency.get", "id=QQQ").0, 400);
}

#[test]
fn the_parameters_of_recurring_deals_are_described_and_complete() {
    let mut portal = Portal::with(&[("deal", 2, 0.0)]);
    let fields = portal.json("crm.deal.recurring.fields", "");
    let mode = &fields["PARAMS"]["definition"]["MODE"];
    assert_eq!(
        (&mode["type"], &mode["title"]),
        (&json!("string"), &json!("Repetition mode"))
    );
    let id = portal.json(
        "crm.deal.recurring.add",
        "fields[DEAL_ID]=1&fields[PARAMS][MODE]=multiple&fields[PARAMS][MULTIPLE_TYPE]=month",
    );
    let params = portal.json("crm.deal.recurring.get", &format!("id={id}"))["PARAMS"].clone();
    assert_eq!(params["MULTIPLE_TYPE"], "month");
    assert_eq!(params["SINGLE_BEFORE_START_DATE_VALUE"], 0);
    assert_eq!(params["SINGLE_BEFORE_START_DATE_TYPE"], Json::Null);
    assert_eq!(params.as_object().unwrap().len(), 9);
}

#[test]
fn flags_of_a_configurable_activity_are_booleans_however_they_were_sent() {
    let mut portal = Portal::with(&[("deal", 2, 0.0)]);
    let add = "ownerTypeId=2&ownerId=1&fields[completed]=N&fields[isIncomingChannel]=Y&layout[icon][code]=call";
    let added = portal.json("crm.activity.configurable.add", add);
    let of = format!("id={}", added["activity"]["id"]);
    let read = portal.json("crm.activity.configurable.get", &of);
    let fields = &read["activity"]["fields"];
    assert_eq!(
        fields,
        &json!({
            "typeId": "CONFIGURABLE", "completed": false, "deadline": null, "pingOffsets": [],
            "isIncomingChannel": true, "responsibleId": 1, "badgeCode": "", "originatorId": null, "originId": null,
        })
    );
    portal.json(
        "crm.activity.configurable.update",
        &format!("{of}&fields[completed]=1&fields[badgeCode]=hot"),
    );
    let read = portal.json("crm.activity.configurable.get", &of);
    let fields = &read["activity"]["fields"];
    assert_eq!(
        (
            &fields["completed"],
            &fields["isIncomingChannel"],
            &fields["badgeCode"]
        ),
        (&json!(true), &json!(true), &json!("hot"))
    );
    assert_eq!(
        portal.error("crm.activity.configurable.get", "id=99").1,
        "NOT_FOUND"
    );
}

#[test]
fn fields_that_the_tasks_of_every_portal_have_are_of_their_own_types() {
    let mut portal = Portal::with(&[]);
    let fields = portal.json("task.item.userfield.getlist", "");
    let of = |name: &str| {
        let mut all = fields.as_array().unwrap().iter();
        all.find(|field| field["FIELD_NAME"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(
        of("UF_CRM_TASK")["SETTINGS"],
        json!({"LEAD": "Y", "CONTACT": "Y", "COMPANY": "Y", "DEAL": "Y"})
    );
    let files = of("UF_TASK_WEBDAV_FILES");
    assert_eq!(
        (
            &files["USER_TYPE_ID"],
            &files["XML_ID"],
            &files["IS_SEARCHABLE"]
        ),
        (
            &json!("disk_file"),
            &json!("TASK_WEBDAV_FILES"),
            &json!("Y")
        )
    );
    let letters = of("UF_MAIL_MESSAGE");
    assert_eq!(
        (&letters["USER_TYPE_ID"], &letters["SETTINGS"]),
        (&json!("mail_message"), &json!([]))
    );
    for method in [
        "task.item.userfield.getfields",
        "task.item.userfield.gettypes",
    ] {
        assert_eq!(portal.call(method, "").unwrap().total, Some(0), "{method}");
    }
}

#[test]
fn a_lead_that_is_read_alone_has_its_communications_by_their_types() {
    let mut portal = Portal::with(&[]);
    let fields = "entityTypeId=1&fields[title]=Lead&fields[fm][0][typeId]=PHONE&fields[fm][0][valueType]=WORK&fields[fm][0][value]=+61";
    let id = portal.json("crm.item.add", fields)["item"]["id"].clone();
    let lead = portal.json("crm.item.get", &format!("entityTypeId=1&id={id}"))["item"].clone();
    assert_eq!(
        (
            &lead["phoneWork"],
            &lead["phone"],
            &lead["phoneMobile"],
            &lead["email"]
        ),
        (&json!("+61"), &json!("+61"), &json!(""), &json!(""))
    );
    assert_eq!(
        (&lead["webformId"], &lead["observers"]),
        (&json!(0), &json!([]))
    );
    for name in [
        "dateCreateShort",
        "isConvert",
        "productId",
        "shortName",
        "login",
        "skype",
    ] {
        assert_eq!(lead.get(name), Some(&Json::Null), "{name}");
    }
    assert_eq!(lead["title"], "Lead");
    assert!(lead["searchContent"].as_str().unwrap().contains("Lead"));
    assert_eq!(
        portal.error("crm.item.get", "entityTypeId=1&id=99").1,
        "NOT_FOUND"
    );
}

#[test]
fn settings_of_a_property_are_whole_and_those_of_its_section_are_texts() {
    let mut portal = Portal::with(&[]);
    let added = portal.json(
        "catalog.productProperty.add",
        "fields[iblockId]=19&fields[name]=Category&fields[propertyType]=S&fields[userType]=directory&fields[userTypeSettings][tableName]=b_hlbd_categories",
    );
    let property = &added["productProperty"];
    assert_eq!(
        property["userTypeSettings"],
        json!({"tableName": "b_hlbd_categories", "group": "N", "multiple": "N", "size": 1, "width": 0})
    );
    assert_eq!(
        (&property["colCount"], &property["rowCount"]),
        (&json!(30), &json!(1))
    );
    let id = property["id"].to_string();
    let set = portal.json(
        "catalog.productPropertySection.set",
        &format!("propertyId={id}&fields[smartFilter]=Y&fields[displayType]=F"),
    );
    let settings = &set["productPropertySection"];
    assert_eq!(
        (
            &settings["iblockId"],
            &settings["propertyId"],
            &settings["sectionId"]
        ),
        (&json!("19"), &json!(id), &json!("0"))
    );
    let read = portal.json(
        "catalog.productPropertySection.get",
        &format!("propertyId={id}"),
    );
    assert_eq!(read["productPropertySection"]["displayType"], "F");
    assert_eq!(
        portal
            .error("catalog.productPropertySection.get", "propertyId=99")
            .1,
        "0"
    );
}

#[test]
fn older_methods_answer_with_the_documented_types() {
    let mut portal = Portal::with(&[]);
    assert_eq!(portal.json("crm.dealcategory.default.get", "")["ID"], 0);
    let kind = portal.json("crm.requisite.fields", "")["RQ_IDENT_TYPE"].clone();
    assert_eq!(kind["statusType"], json!(["RQ_IDENT_TYPE_CO"]));
    let id = portal.json("crm.vat.add", "fields[NAME]=New&fields[RATE]=7");
    let changed = portal.json("crm.vat.update", &format!("id={id}&fields[NAME]=Other"));
    assert_eq!(changed, id);
    let read = portal.json("crm.vat.get", &format!("id={id}"));
    assert_eq!(read["NAME"], "Other");
}
