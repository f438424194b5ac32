//! Items.

use super::Portal;

fn items() -> Portal {
    Portal::with(&[
        ("128", 120, 0.0),
        ("deal", 30, 0.0),
        ("contact", 5, 0.0),
        ("company", 5, 0.0),
    ])
}

#[test]
fn pages_overshoot_into_an_empty_list_and_only_minus_one_stops_the_count() {
    let mut portal = items();
    let list = |portal: &mut Portal, start: &str| {
        let (ids, next, total) =
            portal.page("crm.item.list", &format!("entityTypeId=128&start={start}"));
        (ids.len(), next, total)
    };
    assert_eq!(list(&mut portal, "0"), (50, Some(50), Some(120)));
    assert_eq!(list(&mut portal, "75"), (50, Some(100), Some(120)));
    assert_eq!(list(&mut portal, "100"), (20, None, Some(120)));
    assert_eq!(list(&mut portal, "500"), (0, None, Some(120)));
    assert_eq!(list(&mut portal, "-1"), (50, None, None));
    assert_eq!(list(&mut portal, "-2"), (50, Some(50), Some(120)));
}

#[test]
fn values_are_typed_and_names_are_in_camel_case() {
    let mut portal = items();
    let item = portal.json("crm.item.list", "entityTypeId=128&filter[id]=7")["items"][0].clone();
    assert_eq!(
        (&item["id"], &item["entityTypeId"]),
        (&7.into(), &128.into())
    );
    assert!(item["opportunity"].is_number() && item["assignedById"].is_number());
    assert!(item["createdTime"].as_str().unwrap().ends_with("+03:00"));
    assert!(item["ufCrm1_1700000004"] == "Y" || item["ufCrm1_1700000004"] == "N");
    let original = portal.json(
        "crm.item.list",
        "entityTypeId=128&filter[id]=7&useOriginalUfNames=Y",
    )["items"][0]
        .clone();
    assert_eq!(original["UF_CRM_1_1700000004"], item["ufCrm1_1700000004"]);
}

#[test]
fn names_may_be_camel_or_upper_case() {
    let mut portal = items();
    for filter in [
        "filter[>id]=100&filter[<=id]=103",
        "filter[>ID]=100&filter[<=ID]=103",
    ] {
        assert_eq!(
            portal.ids("crm.item.list", &format!("entityTypeId=128&{filter}")),
            [101, 102, 103]
        );
    }
    assert_eq!(
        portal.ids(
            "crm.item.list",
            "entityTypeId=128&order[id]=desc&filter[@id][]=3&filter[@id][]=9"
        ),
        [9, 3]
    );
    let keys = portal.json(
        "crm.item.list",
        "entityTypeId=2&select[]=TITLE&select[]=stageId",
    )["items"][0]
        .clone();
    assert_eq!(
        keys.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["id", "title", "stageId"]
    );
}

#[test]
fn groups_nest_with_their_own_logic() {
    let mut portal = items();
    for (filter, expected) in [
        (
            "filter[logic]=OR&filter[0][id]=3&filter[1][id]=8",
            vec![3, 8],
        ),
        (
            "filter[0][logic]=OR&filter[0][0][id]=3&filter[0][1][id]=8&filter[>id]=5",
            vec![8],
        ),
        ("filter[0][id]=3&filter[1][id]=8", vec![]),
        ("filter[!@id][]=1&filter[<id]=4", vec![2, 3]),
        ("filter[!id]=2&filter[<id]=4", vec![1, 3]),
    ] {
        assert_eq!(
            portal.ids("crm.item.list", &format!("entityTypeId=128&{filter}")),
            expected,
            "{filter}"
        );
    }
}

#[test]
fn items_of_a_deal_are_found_by_their_parent() {
    let mut portal = items();
    let parents = portal.json(
        "crm.item.list",
        "entityTypeId=128&select[]=parentId2&filter[!parentId2]=0",
    );
    let parent = parents["items"][0]["parentId2"].clone();
    let found = portal.json(
        "crm.item.list",
        &format!("entityTypeId=128&filter[parentId2]={parent}"),
    );
    assert!(!found["items"].as_array().unwrap().is_empty());
    assert!(
        found["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["parentId2"] == parent)
    );
}

#[test]
fn what_is_not_understood_is_an_error() {
    let mut portal = items();
    let mut error =
        |params: &str| portal.error("crm.item.list", &format!("entityTypeId=128&{params}"));
    let invalid = |text: &str| (400, "INVALID_ARG_VALUE".to_owned(), text.to_owned());
    assert_eq!(
        error("filter[>id][0][id]=1"),
        invalid("Invalid filter: field '>ID' has invalid value"),
        "a chain that dangles stops"
    );
    assert_eq!(
        error("filter[><id][]=1"),
        invalid("Invalid filter: field '><ID' has invalid value")
    );
    assert_eq!(
        error("filter[noSuch]=1"),
        invalid("Invalid filter: field 'noSuch' is not allowed in filter")
    );
    assert_eq!(error("filter[0][noSuch]=1").1, "INVALID_ARG_VALUE");
    assert_eq!(error("order[noSuch]=ASC").1, "INVALID_ARG_VALUE");
    assert_eq!(error("order[id]=up").1, "INVALID_ARG_VALUE");
    assert_eq!(portal.error("crm.item.list", "").1, "100");
    assert_eq!(
        portal.error("crm.item.list", "").2,
        "Could not find value for parameter {entityTypeId}"
    );
    assert_eq!(
        portal.error("crm.item.list", "entityTypeId=555"),
        (
            400,
            "NOT_FOUND".to_owned(),
            "Smart process not found".to_owned()
        )
    );
    assert_eq!(
        portal.error("crm.item.get", "entityTypeId=2").2,
        "Could not find value for parameter {id}"
    );
    assert_eq!(
        portal.error("crm.item.get", "entityTypeId=2&id=99").1,
        "NOT_FOUND"
    );
    assert_eq!(
        portal.error("crm.item.add", "entityTypeId=2").2,
        "Could not find value for parameter {fields}"
    );
}

#[test]
fn contacts_and_companies_have_their_phones_in_fm() {
    let mut portal = items();
    let item = portal.json("crm.item.get", "entityTypeId=3&id=1")["item"].clone();
    assert!(item["fm"].is_array());
    assert!(item.get("phone").is_none());
    let added = portal.json(
        "crm.item.add",
        "entityTypeId=3&fields[name]=A&fields[fm][0][typeId]=EMAIL&fields[fm][0][valueType]=HOME&fields[fm][0][value]=a@b.example",
    );
    assert_eq!(added["item"]["fm"][0]["valueType"], "HOME");
    let found = portal.json(
        "crm.duplicate.findbycomm",
        "type=EMAIL&values[]=A@b.example&entity_type=CONTACT",
    );
    assert_eq!(found["CONTACT"][0], added["item"]["id"]);
}

#[test]
fn fields_name_their_upper_case_names() {
    let fields = items().json("crm.item.fields", "entityTypeId=128");
    assert_eq!(
        fields["fields"]["assignedById"]["upperName"],
        "ASSIGNED_BY_ID"
    );
    assert_eq!(
        fields["fields"]["ufCrm1_1700000005"]["upperName"],
        "UF_CRM_1_1700000005"
    );
    assert_eq!(fields["fields"]["ufCrm1_1700000005"]["isMultiple"], true);
}

#[test]
fn smart_processes_are_listed_and_loading_makes_new_ones() {
    let mut portal = items();
    let types = portal.json("crm.type.list", "");
    let listed: Vec<i64> = types["types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["entityTypeId"].as_i64().unwrap())
        .collect();
    assert_eq!(listed, [128, 191]);
    let mut portal = Portal::loaded(
        "177",
        r#"[{"id": 4, "title": "x", "ufCrm9_1700000001": 5}]"#,
    );
    let item = portal.json("crm.item.get", "entityTypeId=177&id=4")["item"].clone();
    assert_eq!(
        (&item["title"], &item["entityTypeId"]),
        (&"x".into(), &177.into())
    );
    assert_eq!(
        portal.json("crm.type.getByEntityTypeId", "entityTypeId=177")["type"]["entityTypeId"],
        177
    );
    assert_eq!(
        portal.json("crm.item.add", "entityTypeId=177&fields[title]=y")["item"]["id"],
        5
    );
}

#[test]
fn the_provider_of_a_generated_activity_is_that_of_its_type() {
    let mut portal = Portal::with(&[("deal", 9, 0.0), ("activity", 60, 0.0)]);
    let rows = portal.json("crm.activity.list", "start=0");
    let mut seen = std::collections::BTreeSet::new();
    for row in rows.as_array().unwrap() {
        let provider = match row["TYPE_ID"].as_str().unwrap() {
            "1" => ("CRM_MEETING", "MEETING"),
            "2" => ("VOXIMPLANT_CALL", "CALL"),
            "3" => ("CRM_TASKS_TASK", "TASKS_TASK"),
            "4" => ("CRM_EMAIL", "EMAIL"),
            _ => ("CRM_TODO", "TODO"),
        };
        let of = |name: &str| row[name].as_str().unwrap().to_owned();
        assert_eq!(
            (of("PROVIDER_ID"), of("PROVIDER_TYPE_ID")),
            (provider.0.to_owned(), provider.1.to_owned())
        );
        seen.insert(of("TYPE_ID"));
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[test]
fn items_refuse_currencies_funnels_and_stages_that_there_are_not_and_single_values_for_many() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    let refused = |field: &str| {
        format!("!CRM_FIELD_ERROR_VALUE_NOT_VALID Invalid value for field \"{field}\"")
    };
    portal.json("crm.item.add", "entityTypeId=2&fields[title]=a");
    for (params, field) in [
        ("fields[currencyId]=ZZZ", "currencyId"),
        ("fields[categoryId]=777", "categoryId"),
        ("fields[stageId]=NOPE", "stageId"),
    ] {
        let refused = refused(field);
        portal.steps(&[
            (
                "crm.item.add",
                &format!("entityTypeId=2&{params}"),
                &refused,
            ),
            (
                "crm.item.update",
                &format!("entityTypeId=2&id=1&{params}"),
                &refused,
            ),
            (
                "crm.item.import",
                &format!("entityTypeId=2&{params}"),
                &refused,
            ),
        ]);
    }
    portal.steps(&[
        (
            "crm.item.add",
            "entityTypeId=2&fields[contactIds]=x",
            "!100 Expected iterable value for multiple field, but got string instead",
        ),
        (
            "crm.item.add",
            "entityTypeId=1&fields[currencyId]=ZZZ",
            &refused("currencyId"),
        ),
        (
            "crm.item.batchImport",
            "entityTypeId=2&data[0][currencyId]=ZZZ&data[1][currencyId]=USD",
            r#"{"items":[{"error":"CRM_FIELD_ERROR_VALUE_NOT_VALID"},{"item":{"id":2}}]}"#,
        ),
        (
            "crm.item.update",
            "entityTypeId=2&id=1&fields[currencyId]=EUR&fields[contactIds]=",
            r#"{"item":{"currencyId":"EUR","contactIds":[]}}"#,
        ),
    ]);
}
