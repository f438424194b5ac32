//! What calls add to the CRM itself: user fields, funnels, smart processes.

use super::Portal;

#[test]
fn a_user_field_is_changed_and_deleted_with_its_values() {
    let mut portal = Portal::with(&[("deal", 2, 0.0)]);
    let add = |name: &str| {
        format!(
            "fields[FIELD_NAME]={name}&fields[USER_TYPE_ID]=string&fields[SETTINGS][ROWS]=3&fields[SETTINGS][SIZE]=9"
        )
    };
    let first = portal.json("crm.deal.userfield.add", &add("FIRST"));
    let second = portal.json("crm.deal.userfield.add", &add("SECOND"));
    portal.json(
        "crm.deal.update",
        "id=1&fields[UF_CRM_FIRST]=a&fields[UF_CRM_SECOND]=b",
    );
    let changed = portal.json(
        "crm.deal.userfield.update",
        &format!("id={second}&fields[SORT]=250&fields[MANDATORY]=Y&fields[SETTINGS][ROWS]=5&fields[EDIT_FORM_LABEL][ru]=Второе&fields[FIELD_NAME]=OTHER"),
    );
    assert_eq!(changed, true);
    let field = portal.json("crm.deal.userfield.get", &format!("id={second}"));
    assert_eq!(
        (&field["SORT"], &field["MANDATORY"]),
        (&"250".into(), &"Y".into())
    );
    assert_eq!(
        (&field["SETTINGS"]["ROWS"], &field["SETTINGS"]["SIZE"]),
        (&"5".into(), &"9".into())
    );
    assert_eq!(field["EDIT_FORM_LABEL"]["ru"], "Второе");
    assert_eq!(field["FIELD_NAME"], "UF_CRM_SECOND");
    portal.json("crm.deal.userfield.delete", &format!("id={first}"));
    let deal = portal.json("crm.deal.get", "id=1");
    assert!(deal.get("UF_CRM_FIRST").is_none());
    assert_eq!(deal["UF_CRM_SECOND"], "b");
    let again = portal.json("crm.deal.userfield.get", &format!("id={second}"));
    assert_eq!(again["ID"], second.to_string());
    for method in ["crm.deal.userfield.delete", "crm.deal.userfield.update"] {
        let (_, code, text) = portal.error(method, &format!("id={first}&fields[SORT]=1"));
        assert_eq!(code, "ERROR_NOT_FOUND");
        assert_eq!(text, format!("The entity with ID '{first}' is not found."));
    }
    assert_eq!(
        portal.error("crm.deal.userfield.delete", "id=0").2,
        "ID is not defined or invalid."
    );
}

#[test]
fn the_values_of_an_enumeration_are_changed_deleted_and_added() {
    let mut portal = Portal::with(&[]);
    let id = portal.json(
        "crm.lead.userfield.add",
        "fields[FIELD_NAME]=KIND&fields[USER_TYPE_ID]=enumeration&fields[LIST][0][VALUE]=a&fields[LIST][1][VALUE]=b",
    );
    let list = |portal: &mut Portal| {
        let field = portal.json("crm.lead.userfield.get", &format!("id={id}"));
        let rows = field["LIST"].as_array().unwrap().clone();
        let pair = |row: &serde_json::Value| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            (text("ID"), text("VALUE"))
        };
        rows.iter().map(pair).collect::<Vec<_>>()
    };
    let before = list(&mut portal);
    portal.json(
        "crm.lead.userfield.update",
        &format!(
            "id={id}&fields[LIST][0][ID]={}&fields[LIST][0][VALUE]=A&fields[LIST][1][ID]={}&fields[LIST][1][DEL]=Y&fields[LIST][2][VALUE]=c",
            before[0].0, before[1].0
        ),
    );
    let after = list(&mut portal);
    let values: Vec<&str> = after.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["A", "c"]);
    assert_eq!(after[0].0, before[0].0);
    assert!(!before.iter().any(|(id, _)| *id == after[1].0));
}

#[test]
fn users_have_user_fields_of_their_own() {
    let mut portal = Portal::with(&[]);
    let id = portal.json(
        "user.userfield.add",
        "fields[FIELD_NAME]=UF_DEALS&fields[USER_TYPE_ID]=integer",
    );
    let listed = portal.json("user.userfield.list", "filter[FIELD_NAME]=UF_USR_DEALS");
    assert_eq!(
        (&listed[0]["ID"], &listed[0]["ENTITY_ID"]),
        (&id.to_string().into(), &"USER".into())
    );
    portal.json("user.userfield.update", &format!("id={id}&fields[SORT]=7"));
    let listed = portal.json("user.userfield.list", "filter[FIELD_NAME]=UF_USR_DEALS");
    assert_eq!(listed[0]["SORT"], "7");
    portal.json("user.userfield.delete", &format!("id={id}"));
    assert_eq!(
        portal.json("user.userfield.list", "filter[FIELD_NAME]=UF_USR_DEALS"),
        serde_json::json!([])
    );
}

#[test]
fn a_new_funnel_has_stages_and_takes_deals() {
    let mut portal = Portal::with(&[]);
    let added = portal.json(
        "crm.category.add",
        "entityTypeId=2&fields[name]=Оптовая&fields[sort]=-5",
    );
    let category = &added["category"];
    let id = category["id"].as_i64().unwrap();
    assert_eq!(
        (&category["sort"], &category["isDefault"]),
        (&0.into(), &"N".into())
    );
    let stages = portal.json("crm.dealcategory.stage.list", &format!("id={id}"));
    assert_eq!(stages[0]["STATUS_ID"], format!("C{id}:NEW"));
    let deal = portal.json(
        "crm.deal.add",
        &format!("fields[TITLE]=a&fields[CATEGORY_ID]={id}"),
    );
    let read = portal.json("crm.deal.get", &format!("id={deal}"));
    assert_eq!(read["STAGE_ID"], format!("C{id}:NEW"));
    let (_, code, text) = portal.error("crm.category.delete", &format!("entityTypeId=2&id={id}"));
    assert_eq!(
        (code.as_str(), text.as_str()),
        ("0", "Deals related to the funnel Оптовая found")
    );
    portal.json("crm.deal.delete", &format!("id={deal}"));
    let renamed = portal.json(
        "crm.category.update",
        &format!("entityTypeId=2&id={id}&fields[name]=Розница"),
    );
    assert_eq!(renamed["category"]["name"], "Розница");
    let gone = portal.json("crm.category.delete", &format!("entityTypeId=2&id={id}"));
    assert_eq!(gone, serde_json::Value::Null);
    assert_eq!(
        portal
            .error("crm.category.get", &format!("entityTypeId=2&id={id}"))
            .1,
        "NOT_FOUND"
    );
    assert_eq!(
        portal.json("crm.dealcategory.stage.list", &format!("id={id}")),
        serde_json::json!([])
    );
}

#[test]
fn the_default_funnel_stays_and_leads_have_none() {
    let mut portal = Portal::with(&[]);
    assert_eq!(
        portal.error("crm.category.delete", "entityTypeId=2&id=0"),
        (
            400,
            "0".to_owned(),
            "Default deal category cannot be deleted".to_owned()
        )
    );
    assert_eq!(
        portal
            .error("crm.category.delete", "entityTypeId=128&id=1")
            .2,
        "This funnel is the default funnel"
    );
    assert_eq!(
        portal.error("crm.category.list", "entityTypeId=1").1,
        "ENTITY_TYPE_NOT_SUPPORTED"
    );
    assert_eq!(
        portal
            .error("crm.category.add", "entityTypeId=2&fields[sort]=1")
            .2,
        "Field 'NAME' is required"
    );
    let added = portal.json(
        "crm.category.add",
        "entityTypeId=128&fields[name]=b&fields[isDefault]=Y",
    );
    let id = added["category"]["id"].as_i64().unwrap();
    let listed = portal.json("crm.category.list", "entityTypeId=128");
    let defaults: Vec<i64> = listed["categories"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["isDefault"] == "Y")
        .map(|row| row["id"].as_i64().unwrap())
        .collect();
    assert_eq!(defaults, [id]);
}

#[test]
fn a_smart_process_is_made_takes_items_and_is_deleted_when_it_is_empty() {
    let mut portal = Portal::with(&[]);
    let added = portal.json(
        "crm.type.add",
        "fields[title]=Ремонт&fields[isStagesEnabled]=Y&fields[relations][parent][0][entityTypeId]=3",
    );
    let kind = &added["type"];
    let (id, entity_type) = (
        kind["id"].as_i64().unwrap(),
        kind["entityTypeId"].as_i64().unwrap(),
    );
    assert!(
        entity_type >= 1_030 && entity_type % 2 == 0,
        "{entity_type}"
    );
    assert_eq!(
        (&kind["isStagesEnabled"], &kind["isClientEnabled"]),
        (&"Y".into(), &"N".into())
    );
    assert_eq!(kind["relations"]["parent"][0]["entityTypeId"], 3);
    let listed = portal.json("crm.type.list", "filter[title]=Ремонт");
    assert_eq!(listed["types"][0]["id"], id);
    assert!(listed["types"][0].get("relations").is_none());
    let item = portal.json(
        "crm.item.add",
        &format!("entityTypeId={entity_type}&fields[title]=a"),
    );
    let item = item["item"]["id"].as_i64().unwrap();
    assert_eq!(
        portal.error("crm.type.delete", &format!("id={id}")),
        (
            400,
            "BX_ERROR".to_owned(),
            "You cannot delete an entity type that has elements".to_owned()
        )
    );
    let changed = portal.json("crm.type.update", &format!("id={id}&fields[title]=Сервис"));
    assert_eq!(changed["type"]["title"], "Сервис");
    portal.json(
        "crm.item.delete",
        &format!("entityTypeId={entity_type}&id={item}"),
    );
    portal.json("crm.type.delete", &format!("id={id}"));
    assert_eq!(
        portal
            .error("crm.item.list", &format!("entityTypeId={entity_type}"))
            .1,
        "NOT_FOUND"
    );
    let (_, code, _) = portal.error("crm.type.get", &format!("id={id}"));
    assert_eq!(code, "NOT_FOUND");
}

#[test]
fn a_smart_process_has_a_title_and_a_number_that_is_free_and_allowed() {
    let mut portal = Portal::with(&[]);
    for number in ["1031", "127", "193", "128"] {
        let call = format!("fields[title]=a&fields[entityTypeId]={number}");
        assert_eq!(
            portal.error("crm.type.add", &call).1,
            "INVALID_ARG_VALUE",
            "{number}"
        );
    }
    assert_eq!(portal.error("crm.type.add", "fields[code]=a").0, 400);
    assert_eq!(portal.error("crm.type.add", "").1, "100");
    let fields = portal.json("crm.type.fields", "");
    assert_eq!(
        fields["fields"]["entityTypeId"]["upperName"],
        "ENTITY_TYPE_ID"
    );
    assert_eq!(fields["fields"]["title"]["isRequired"], true);
}

#[test]
fn a_relation_gives_the_child_a_field_that_names_its_parent() {
    let mut portal = Portal::with(&[]);
    let field = r#"{"fields":{"parentId1030":{"type":"crm_entity","title":"Ремонт",
                    "settings":{"parentEntityTypeId":1030},"upperName":"PARENT_ID_1030"}}}"#;
    portal.steps(&[
        (
            "crm.type.add",
            "fields[title]=Ремонт&fields[entityTypeId]=1030&fields[relations][child][0][entityTypeId]=2\
             &fields[relations][parent][0][entityTypeId]=3",
            r#"{"type":{"entityTypeId":1030}}"#,
        ),
        ("crm.item.fields", "entityTypeId=2", field),
        (
            "crm.deal.fields",
            "",
            r#"{"PARENT_ID_1030":{"type":"crm_entity","isReadOnly":false,"settings":{"parentEntityTypeId":1030}}}"#,
        ),
        (
            "crm.item.fields",
            "entityTypeId=1030",
            r#"{"fields":{"parentId3":{"type":"crm_entity","title":"Контакт"}}}"#,
        ),
        (
            "crm.item.add",
            "entityTypeId=2&fields[title]=a&fields[parentId1030]=7",
            r#"{"item":{"id":1,"parentId1030":7}}"#,
        ),
        ("crm.deal.add", "fields[TITLE]=b&fields[PARENT_ID_1030]=8", "2"),
        ("crm.deal.get", "id=2", r#"{"PARENT_ID_1030":"8"}"#),
        (
            "crm.item.list",
            "entityTypeId=2&filter[parentId1030]=7",
            r#"{"items":[{"id":1}]}"#,
        ),
        (
            "crm.deal.list",
            "filter[PARENT_ID_1030]=8&select[]=ID",
            r#"[{"ID":"2"}]"#,
        ),
        (
            "crm.type.list",
            "filter[entityTypeId]=1030",
            r#"{"types":[{"title":"Ремонт"}]}"#,
        ),
    ]);
    let types = portal.json("crm.type.list", "filter[entityTypeId]=1030");
    let id = &types["types"][0]["id"];
    portal.steps(&[(
        "crm.type.update",
        &format!("id={id}&fields[relations][parent][0][entityTypeId]=3"),
        r#"{"type":{"relations":{"child":[]}}}"#,
    )]);
    let fields = portal.json("crm.deal.fields", "");
    assert!(fields.get("PARENT_ID_1030").is_none());
}

#[test]
fn a_configured_field_is_one_of_the_records_of_its_type() {
    let mut portal = Portal::with(&[]);
    let kind = portal.json(
        "crm.type.add",
        "fields[title]=One&fields[entityTypeId]=1040",
    );
    let id = &kind["type"]["id"];
    let name = format!("UF_CRM_{id}_SIZE");
    let add = format!(
        "moduleId=crm&field[entityId]=CRM_{id}&field[fieldName]={name}&field[userTypeId]=enumeration&field[multiple]=Y\
         &field[editFormLabel][en]=Size&field[enum][0][value]=Small&field[enum][0][sort]=100&field[enum][1][value]=Large"
    );
    portal.steps(&[
        (
            "userfieldconfig.add",
            "field[entityId]=CRM_1",
            "!100 Could not find value for parameter {moduleId}",
        ),
        (
            "userfieldconfig.add",
            "moduleId=crm&field[entityId]=CRM_DEAL&field[fieldName]=UF_CRM_A",
            "! The 'USER_TYPE_ID' field is not found",
        ),
        (
            "userfieldconfig.add",
            "moduleId=crm&field[entityId]=CRM_1&field[fieldName]=UF_OTHER&field[userTypeId]=string",
            "! You cannot create custom fields",
        ),
        (
            "userfieldconfig.add",
            &add,
            r#"{"field":{"id":"1","userTypeId":"enumeration","settings":{"DISPLAY":"LIST"},
                "languageId":{"en":"en"},"editFormLabel":{"en":"Size","ru":null},"helpMessage":{"en":null},
                "enum":[{"id":"*","userFieldId":"1","value":"Small","def":"N","sort":"100","xmlId":"*"},
                        {"value":"Large","sort":"500"}]}}"#,
        ),
        ("userfieldconfig.add", &add, "! already exists"),
        (
            "crm.item.add",
            &format!("entityTypeId=1040&fields[title]=a&fields[ufCrm{id}Size]=1"),
            "!100 Expected iterable value",
        ),
    ]);
    let listed = portal.json("userfieldconfig.list", "moduleId=crm");
    assert!(listed["fields"][0].get("enum").is_none(), "{listed}");
    let fields = portal.json("crm.item.fields", "entityTypeId=1040");
    let has = |fields: &serde_json::Value| {
        let fields = fields["fields"].as_object().unwrap();
        fields
            .values()
            .any(|field| field["upperName"] == name.as_str())
    };
    assert!(has(&fields), "{fields}");
    portal.steps(&[("userfieldconfig.delete", "moduleId=crm&id=1", "null")]);
    let fields = portal.json("crm.item.fields", "entityTypeId=1040");
    assert!(!has(&fields), "{fields}");
}

#[test]
fn fields_of_a_module_that_has_none_are_refused() {
    let none = "! No settings for UserFieldAccess";
    let field = "&field[entityId]=CRM_DEAL&field[fieldName]=UF_CRM_X&field[userTypeId]=string";
    Portal::with(&[]).steps(&[
        (
            "userfieldconfig.add",
            &format!("moduleId=nope{field}"),
            none,
        ),
        ("userfieldconfig.list", "moduleId=nope", none),
        ("userfieldconfig.get", "moduleId=nope&id=1", none),
        ("userfieldconfig.list", "", "!100"),
    ]);
}
