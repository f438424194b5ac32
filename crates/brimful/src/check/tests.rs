//! What is refused before it is sent, and what is let through.

use serde_json::json;

use super::*;

fn refusal(method: &str, params: &Value, carrier: Carrier) -> Option<String> {
    call(method, params, carrier)
        .err()
        .map(|error| error.to_string())
}

#[test]
fn what_cannot_be_meant_is_named_with_what_to_write_instead() {
    for (params, named) in [
        (
            json!({"select": "ID"}),
            "select of crm.lead.list is \"ID\": it is a list",
        ),
        (json!({"SELECT": {"ID": 1}}), "SELECT"),
        (
            json!({"filter": "ID>5"}),
            "filter of crm.lead.list is \"ID>5\": it is a map",
        ),
        (json!({"filter": ["ID", ">", 5]}), "filter"),
        (json!({"order": "ID"}), "order"),
        (json!({"order": ["ID"]}), "order"),
        (json!({"start": [1]}), "start"),
        (json!({"start": "next"}), "start"),
        (json!({"select": [["ID"]]}), "select"),
        (
            json!({"order": {"TITLE": "up"}}),
            "order[TITLE] of crm.lead.list is \"up\": it is \"ASC\" or \"DESC\"",
        ),
        (json!({"order": {"ID": 1}}), "order[ID]"),
        (json!({"filters": {"ID": 1}}), "did you mean filter?"),
        (json!({"fitler": {"ID": 1}}), "did you mean filter?"),
        (json!({"where": {"ID": 1}}), "did you mean filter?"),
        (json!({"selct": ["ID"]}), "did you mean select?"),
        (json!({"sort": "ID"}), "did you mean order?"),
        (json!({"limit": 10}), "crm.lead.list has no parameter limit"),
        (
            json!({"STAGE_ID": "WON"}),
            r#"no parameter STAGE_ID, and the portal would pass it over: a condition stands in its filter, {"filter": {"STAGE_ID":"WON"}}"#,
        ),
        (json!({"ID": 5}), r#"{"filter": {"ID":5}}"#),
        (json!({"offset": 50}), "a page has 50 rows, and start says"),
        (json!({"page": 2}), "a page has 50 rows"),
        (json!({"halt": 1}), "no parameter halt"),
        (json!({"entityTypeId": 2}), "no parameter entityTypeId"),
        (json!({"auth": "x"}), "auth does not reach crm.lead.list"),
        (json!({"filter": {"ID": true}}), "ID is true"),
        (json!({"filter": {"ID": "5;6"}}), "is not a number"),
        (json!({"filter": {"=>ID": 5}}), "write >=ID"),
        (
            json!({"filter": {"0": {"CATEGORY_ID": "a"}}}),
            "CATEGORY_ID",
        ),
        (json!("ID"), "object of named parameters"),
    ] {
        let said = refusal("crm.lead.list", &params, Carrier::Json)
            .unwrap_or_else(|| panic!("{params} passed"));
        assert!(said.contains(named), "{said}");
    }
    let fields = refusal("crm.lead.add", &json!({"fields": ["TITLE"]}), Carrier::Json).unwrap();
    assert!(fields.contains("fields of crm.lead.add"), "{fields}");
}

#[test]
fn what_the_documentation_of_a_list_does_not_have_is_refused_for_every_list() {
    let lists = catalogue::all()
        .iter()
        .filter(|known| known.list && known.rest == 2 && known.source.is_some());
    let mut checked = 0;
    for known in lists {
        for wish in [Wish::OneCall, Wish::WholeList] {
            if wish == Wish::OneCall
                && known.filter.is_none()
                && known.paging == catalogue::Paging::None
            {
                continue;
            }
            for name in ["QX_NOSUCH", "qxNosuch"] {
                let params = json!({ name: "1" });
                let given = check(known.name, &params, Carrier::Json, wish).err();
                let takes_fields =
                    known.filter == Some("FILTER") && known.name.starts_with("user.");
                assert_eq!(given.is_none(), takes_fields, "{} {given:?}", known.name);
            }
        }
        for name in known.parameters() {
            let nothing = json!({ name: null });
            assert_eq!(
                refusal(known.name, &nothing, Carrier::Json),
                None,
                "{}",
                known.name
            );
        }
        checked += 1;
    }
    assert!(checked > 250, "{checked}");
}

#[test]
fn a_filter_or_an_order_is_refused_where_a_list_has_none() {
    for (method, params, named) in [
        (
            "crm.currency.list",
            json!({"filter": {"CURRENCY": "EUR"}}),
            "no parameter filter, and the portal would pass it over: its parameters are order",
        ),
        (
            "crm.enum.ownertype",
            json!({"filter": {"ID": 1}}),
            "it takes no parameters",
        ),
        (
            "crm.enum.ownertype",
            json!({"order": {"ID": "ASC"}}),
            "sort its rows",
        ),
        (
            "lists.get",
            json!({"order": {"ID": "ASC"}}),
            "it sorts by IBLOCK_ORDER",
        ),
        (
            "voximplant.user.get",
            json!({"ID": 1}),
            "its parameters are USER_ID",
        ),
        (
            "landing.site.getList",
            json!({"filter": {"ID": 1}}),
            "its filter is params[filter]",
        ),
        (
            "landing.site.getList",
            json!({"ACTIVE": "Y"}),
            r#"{"params": {"filter": {"ACTIVE":"Y"}}}"#,
        ),
    ] {
        let said = refusal(method, &params, Carrier::Json)
            .unwrap_or_else(|| panic!("{method} {params} passed"));
        assert!(said.contains(named), "{said}");
    }
}

#[test]
fn a_select_is_refused_by_every_list_that_has_none() {
    let lists = catalogue::all()
        .iter()
        .filter(|known| known.list && known.rest == 2 && known.source.is_some());
    let (mut refused, mut taken) = (0, 0);
    for known in lists {
        for (name, wish) in [("select", Wish::OneCall), ("SELECT", Wish::WholeList)] {
            let params = json!({ name: ["ID"] });
            let given = check(known.name, &params, Carrier::Json, wish);
            let by_name = known.select.is_some_and(|place| !place.contains('['));
            let by_place = known.paging == catalogue::Paging::NavParams;
            assert_eq!(
                given.is_ok(),
                by_name || by_place,
                "{} {given:?}",
                known.name
            );
            *(if given.is_ok() {
                &mut taken
            } else {
                &mut refused
            }) += 1;
        }
    }
    assert!(refused > 300 && taken > 150, "{refused} {taken}");
    for (method, named) in [
        (
            "crm.status.list",
            "no parameter select, and the portal would pass it over: its rows come with all their fields",
        ),
        ("landing.template.getlist", "it selects by params[select]"),
    ] {
        let said = refusal(method, &json!({"select": ["ID"]}), Carrier::Json).unwrap();
        assert!(said.contains(named), "{said}");
    }
    // Nothing is asked for.
    assert_eq!(
        refusal("crm.status.list", &json!({"select": []}), Carrier::Json),
        None
    );
}

#[test]
fn a_condition_without_a_value_is_refused() {
    for value in [json!([]), json!({}), json!(null), json!([1, null])] {
        for key in ["STAGE_ID", "%TITLE", "@ID", "!=ASSIGNED_BY_ID"] {
            for (method, params) in [
                ("crm.deal.list", json!({"filter": {key: value}})),
                (
                    "crm.deal.list",
                    json!({"FILTER": {"LOGIC": "OR", "0": {key: value}}}),
                ),
                ("no.such.list", json!({"filter": {key: value}})),
                (
                    "landing.site.getList",
                    json!({"params": {"filter": {key: value}}}),
                ),
            ] {
                for carrier in [Carrier::Json, Carrier::Query] {
                    assert!(
                        refusal(method, &params, carrier).is_some(),
                        "{method} {params}"
                    );
                }
            }
        }
    }
    let said = refusal(
        "crm.deal.list",
        &json!({"filter": {"%TITLE": {}}}),
        Carrier::Json,
    )
    .unwrap();
    assert!(
        said.contains("%TITLE is an empty object") && said.contains("leave the condition out"),
        "{said}"
    );
    let empty = json!({"filter": {"TITLE": "", "@ID": [1]}, "select": []});
    assert_eq!(refusal("crm.deal.list", &empty, Carrier::Json), None);
}

#[test]
fn departments_are_compared_for_equality_alone() {
    for (params, named) in [
        (json!({">ID": 1}), "it compares for equality alone"),
        (
            json!({"FILTER": {">ID": 1}}),
            "it compares for equality alone",
        ),
        (
            json!({"@ID": [1, 2]}),
            "give ID a list of values, such as [1, 2]",
        ),
        (json!({"=ID": 1}), "write ID"),
        (json!({"name": "x"}), "did you mean NAME?"),
        (json!({"PARENTS": 1}), "did you mean PARENT?"),
        (
            json!({"COLOUR_OF": 1}),
            "its conditions are ID, NAME, SORT, PARENT, UF_HEAD",
        ),
        (json!({"ID": "2,3"}), "ID"),
        (json!({"PARENT": "abc"}), "PARENT"),
        (json!({"filter": {"ID": 1}}), "no parameter filter"),
    ] {
        let said = refusal("department.get", &params, Carrier::Json)
            .unwrap_or_else(|| panic!("{params} passed"));
        assert!(said.contains(named), "{said}");
    }
    for params in [
        json!({"ID": [1, 2]}),
        json!({"NAME": "Sales", "sort": "NAME", "order": "DESC", "START": 50}),
        json!({"FILTER": {"PARENT": 1}}),
        json!({"SORT": 500}),
    ] {
        assert_eq!(
            refusal("department.get", &params, Carrier::Json),
            None,
            "{params}"
        );
    }
}

#[test]
fn a_parameter_that_a_portal_takes_for_itself_is_refused_unless_the_method_documents_it() {
    for name in [
        "auth",
        "access_token",
        "aplogin",
        "ap",
        "sessid",
        "state",
        "token",
    ] {
        for method in ["crm.lead.add", "crm.lead.list", "some.other.method"] {
            let said = refusal(method, &json!({ name: "x" }), Carrier::Json).unwrap();
            assert!(
                said.contains(&format!("{name} does not reach {method}")),
                "{said}"
            );
        }
    }
    let documented = json!({"auth_connector": "x"});
    assert_eq!(
        refusal("event.offline.list", &documented, Carrier::Json),
        None
    );
    assert_eq!(
        refusal("crm.lead.add", &json!({"TOKEN": 1}), Carrier::Json),
        None
    );
}

#[test]
fn numbers_that_a_portal_does_not_describe_are_numbers() {
    for (method, params) in [
        (
            "tasks.task.list",
            json!({"filter": {"STATUS": "in-progress"}}),
        ),
        ("tasks.task.list", json!({"filter": {"REAL_STATUS": "2,3"}})),
        (
            "tasks.task.list",
            json!({"filter": {"::SUBFILTER-1": {"@REAL_STATUS": "2,3"}}}),
        ),
        ("user.get", json!({"UF_DEPARTMENT": "1,2"})),
        ("user.get", json!({"FILTER": {"UF_DEPARTMENT": true}})),
        ("crm.deal.list", json!({"filter": {"ID": [true]}})),
    ] {
        assert!(
            refusal(method, &params, Carrier::Json).is_some(),
            "{params}"
        );
    }
    for (method, params) in [
        (
            "tasks.task.list",
            json!({"filter": {"@STATUS": [2, "3"], "!REAL_STATUS": "-1"}}),
        ),
        ("user.get", json!({"UF_DEPARTMENT": [1, 2], "ACTIVE": true})),
        ("crm.deal.list", json!({"filter": {"ID": [1, 2]}})),
    ] {
        assert_eq!(refusal(method, &params, Carrier::Json), None, "{params}");
    }
}

#[test]
fn what_portals_take_passes() {
    for (method, params) in [
        (
            "crm.lead.list",
            json!({"select": ["ID"], "filter": {"0": {"logic": "OR"}}, "order": {"ID": "ASC"}, "start": -1}),
        ),
        (
            "crm.lead.list",
            json!({"select": {"0": "ID"}, "filter": [], "order": [], "start": "50"}),
        ),
        (
            "user.get",
            json!({"sort": "ID", "order": "ASC", "FILTER": {">ID": 1}}),
        ),
        ("task.item.list", json!([{"ID": "asc"}, {}, ["ID"]])),
        ("tasks.task.list", json!({"filter": [["id", ">", 5]]})),
        (
            "crm.lead.update",
            json!({"id": 1, "fields": {"COMMENTS": null}}),
        ),
        ("landing.block.update", json!({"fields": {"a": 1}})),
        (
            "crm.lead.list",
            json!({"order": {"ID": "nulls,asc"}, "entityTypeId": null, "x": []}),
        ),
        ("department.get", json!({"sort": "NAME", "order": "DESC"})),
        (
            "im.dialog.messages.get",
            json!({"DIALOG_ID": 1, "LIMIT": 10}),
        ),
    ] {
        assert_eq!(
            refusal(method, &params, Carrier::Json),
            None,
            "{method} {params}"
        );
    }
}

#[test]
fn what_is_not_a_number_is_not_an_id_of_one_thing() {
    for id in [
        json!([6, 7]),
        json!([6]),
        json!({"0": 6}),
        json!(true),
        json!(false),
        json!(25.9),
        json!("9,10"),
        json!("5abc"),
        json!("23;24"),
        json!("2026-01-01"),
        json!("01"),
        json!("+1"),
        json!("1e3"),
        json!(""),
        json!(" "),
        json!("null"),
        json!(-1),
        json!("-1"),
        json!(-1.0),
        json!("$result[a][ID]"),
    ] {
        for (method, name) in [
            ("crm.lead.delete", "id"),
            ("crm.deal.update", "ID"),
            ("crm.item.list", "entityTypeId"),
            ("tasks.task.update", "taskId"),
            ("disk.file.get", "id"),
        ] {
            let said = refusal(method, &json!({ name: id }), Carrier::Json)
                .unwrap_or_else(|| panic!("{method} {id} passed"));
            assert!(said.contains("a whole number such as 42"), "{said}");
        }
    }
}

#[test]
fn a_number_is_an_id_of_one_thing_and_other_values_are_where_they_are_documented() {
    for (method, params) in [
        ("crm.lead.delete", json!({"id": 6})),
        ("crm.lead.delete", json!({"id": " 6 "})),
        ("crm.lead.get", json!({"id": 6.0})),
        ("crm.category.get", json!({"entityTypeId": 2, "id": 0})),
        (
            "crm.activity.todo.add",
            json!({"ownerId": 1, "parentActivityId": null}),
        ),
        ("department.get", json!({"ID": null})),
        ("crm.currency.get", json!({"id": "EUR"})),
        ("im.dialog.get", json!({"DIALOG_ID": "chat5"})),
        (
            "crm.status.list",
            json!({"filter": {"ENTITY_ID": "STATUS"}}),
        ),
        ("department.get", json!({"ID": [1, 2]})),
        (
            "lists.element.get",
            json!({"IBLOCK_ID": 5, "ELEMENT_ID": [1, 2]}),
        ),
        ("some.other.method", json!({"id": [1, 2]})),
    ] {
        assert_eq!(refusal(method, &params, Carrier::Json), None, "{params}");
    }
    let refers = json!({"id": "$result[a][ID]"});
    assert_eq!(refusal("crm.lead.delete", &refers, Carrier::Query), None);
}

#[test]
fn null_is_not_an_id_of_one_thing() {
    for (method, name) in [
        ("crm.lead.get", "id"),
        ("crm.lead.update", "ID"),
        ("tasks.task.update", "taskId"),
        ("task.checklistitem.delete", "ITEMID"),
        ("lists.element.delete", "IBLOCK_ID"),
    ] {
        let said = refusal(method, &json!({ name: null }), Carrier::Json);
        let said = said.unwrap_or_else(|| panic!("{method} {name} passed"));
        assert!(
            said.contains("is null: it is the ID of one thing"),
            "{said}"
        );
    }
}

#[test]
fn what_would_vanish_in_a_batch_is_refused_there() {
    let said = refusal(
        "crm.lead.list",
        &json!({"filter": {"@ID": []}}),
        Carrier::Query,
    )
    .unwrap();
    assert!(
        said.contains("the empty list as filter[@ID] of crm.lead.list"),
        "{said}"
    );
    let said = refusal(
        "crm.lead.update",
        &json!({"id": 1, "fields": {"COMMENTS": null}}),
        Carrier::Query,
    )
    .unwrap();
    assert!(said.contains("null as fields[COMMENTS]"), "{said}");
    assert!(
        refusal("task.item.list", &json!([1, 2]), Carrier::Query)
            .unwrap()
            .contains("lose its order")
    );
    let by_false = json!({"FILTER": {"PROPERTY_5": false}});
    let said = refusal("lists.element.get", &by_false, Carrier::Query).unwrap();
    assert!(said.contains("would arrive as 0"), "{said}");
    for (method, params) in [
        ("crm.lead.list", json!({"filter": {}, "select": null})),
        ("crm.lead.list", json!({"filter": {"OPENED": true}})),
        ("user.get", json!({"FILTER": {"ACTIVE": false}})),
    ] {
        assert_eq!(refusal(method, &params, Carrier::Query), None);
    }
}

#[test]
fn an_address_is_not_a_method() {
    for method in [
        "",
        "https://portal/rest/1/x/",
        "crm.lead.list?start=0",
        "crm lead",
        "сделки",
    ] {
        assert!(name(method).is_err(), "{method}");
    }
}

#[test]
fn all_fields_of_all_rows_are_worth_a_warning() {
    let said = |params: Value| everything("crm.lead.list", params.as_object().unwrap());
    assert!(said(json!({"select": ["*", "UF_*"]})).is_some());
    assert!(said(json!({"select": ["*"], "filter": {}})).is_some());
    assert!(said(json!({"select": ["*"], "filter": {">ID": 5}})).is_none());
    assert!(said(json!({"select": ["ID"]})).is_none());
}

#[test]
fn a_parameter_with_two_values_in_two_spellings_is_refused() {
    let both = json!({"ID": 2, "id": 3, "fields": {}});
    let error = call("crm.lead.update", &both, Carrier::Json).unwrap_err();
    assert!(
        error.to_string().contains("leave one of them out"),
        "{error}"
    );
    let filters = json!({"filter": {"ID": 2}, "FILTER": {"ID": 3}});
    assert!(list("crm.lead.list", &filters).is_err());
    let same = json!({"ID": 2, "id": 2, "fields": {}});
    assert!(call("crm.lead.update", &same, Carrier::Json).is_ok());
}

#[test]
fn a_sign_that_stands_twice_is_refused() {
    for condition in ["!!ID", "!!STAGE_ID", "!!=ID"] {
        let params = json!({"filter": {condition: 5}});
        let said = refusal("crm.deal.list", &params, Carrier::Json);
        let said = said.unwrap_or_else(|| panic!("{condition} passed"));
        assert!(said.contains("is not a condition"), "{said}");
    }
}
