//! Legacy CRM lists.

use super::Portal;

#[test]
fn a_list_has_pages_of_fifty_a_total_and_a_next() {
    let mut portal = Portal::with(&[("deal", 120, 0.0)]);
    let (ids, next, total) = portal.page("crm.deal.list", "");
    assert_eq!(ids, (1..=50).collect::<Vec<_>>());
    assert_eq!((next, total), (Some(50), Some(120)));
    let (ids, next, total) = portal.page("crm.deal.list", "start=100");
    assert_eq!(ids, (101..=120).collect::<Vec<_>>());
    assert_eq!((next, total), (None, Some(120)));
}

#[test]
fn start_is_rounded_down_to_a_page() {
    let mut portal = Portal::with(&[("lead", 120, 0.0)]);
    assert_eq!(
        portal.page("crm.lead.list", "start=99"),
        portal.page("crm.lead.list", "start=50")
    );
}

#[test]
fn a_negative_start_counts_nothing_and_says_total_0() {
    let mut portal = Portal::with(&[("lead", 120, 0.0)]);
    for start in ["-1", "-50"] {
        let (ids, next, total) = portal.page("crm.lead.list", &format!("start={start}"));
        assert_eq!((ids.len(), next, total), (50, None, Some(0)));
    }
}

#[test]
fn a_start_beyond_the_end_serves_the_first_page_again() {
    let mut portal = Portal::with(&[("lead", 120, 0.0)]);
    for start in [150, 1_000_000] {
        assert_eq!(
            portal.page("crm.lead.list", &format!("start={start}")),
            portal.page("crm.lead.list", "")
        );
    }
}

/// Leads whose fields are known.
fn leads() -> Portal {
    Portal::loaded(
        "lead",
        r#"[
            {"ID": "10", "TITLE": "Alpha", "OPPORTUNITY": "100.00", "STATUS_ID": "NEW", "CONTACT_ID": "3",
             "DATE_CREATE": "2024-01-10T10:00:00+03:00", "PHONE": [{"ID": "1", "VALUE": "+79990000001"}]},
            {"ID": 20, "TITLE": "beta alpha", "OPPORTUNITY": "250.50", "STATUS_ID": "JUNK", "CONTACT_ID": null,
             "DATE_CREATE": "2024-02-10T10:00:00+03:00"},
            {"ID": "5", "TITLE": "Гамма", "OPPORTUNITY": "0.00", "STATUS_ID": "NEW", "CONTACT_ID": "0",
             "DATE_CREATE": "2024-03-10T10:00:00+03:00"},
            {"ID": "30", "TITLE": "", "STATUS_ID": "IN_PROCESS", "DATE_CREATE": ""}
        ]"#,
    )
}

#[test]
fn filters_understand_every_prefix() {
    let mut portal = leads();
    for (filter, expected) in [
        ("filter[ID]=10", vec![10]),
        ("filter[=ID]=10", vec![10]),
        ("filter[>ID]=10", vec![20, 30]),
        ("filter[>=ID]=10", vec![10, 20, 30]),
        ("filter[<ID]=10", vec![5]),
        ("filter[<=ID]=10&filter[>ID]=5", vec![10]),
        ("filter[!ID]=10", vec![5, 20, 30]),
        ("filter[!=ID]=10", vec![5, 20, 30]),
        ("filter[ID][]=10&filter[ID][]=30", vec![10, 30]),
        ("filter[@ID][]=10&filter[@ID][]=31", vec![10]),
        ("filter[!@ID][]=10&filter[!@ID][]=30", vec![5, 20]),
        ("filter[!ID][]=10&filter[!ID][]=30", vec![5, 20]),
        ("filter[%25TITLE]=ALPHA", vec![10, 20]),
        ("filter[!%25TITLE]=alpha", vec![5, 30]),
        ("filter[=%25TITLE]=alpha", vec![10]),
        ("filter[%25=TITLE]=%25alpha", vec![10, 20]),
        ("filter[?TITLE]=гамма", vec![5]),
        ("filter[TITLE]=alpha", vec![10]),
        ("filter[TITLE]=", vec![30]),
        ("filter[!TITLE]=", vec![5, 10, 20]),
        ("filter[>OPPORTUNITY]=100", vec![20]),
        ("filter[>=OPPORTUNITY]=100", vec![10, 20]),
        ("filter[OPPORTUNITY]=250.5", vec![20]),
        ("filter[OPPORTUNITY]=0", vec![5, 30]),
        ("filter[CONTACT_ID]=0", vec![5, 20, 30]),
        ("filter[!CONTACT_ID]=0", vec![10]),
        ("filter[!CONTACT_ID]=3", vec![5, 20, 30]),
        ("filter[%25CONTACT_ID]=3", vec![10]),
        ("filter[%25STATUS_ID]=NE", vec![]),
        ("filter[STATUS_ID]=NEW", vec![5, 10]),
        (
            "filter[STATUS_ID][]=NEW&filter[STATUS_ID][]=JUNK",
            vec![5, 10, 20],
        ),
        ("filter[>DATE_CREATE]=2024-02-01", vec![5, 20]),
        ("filter[<DATE_CREATE]=2024-02-10T07:00:00Z", vec![10]),
        (
            "filter[<=DATE_CREATE]=2024-02-10T10:00:00+03:00",
            vec![10, 20],
        ),
        ("filter[+<DATE_CREATE]=2024-02-01", vec![10, 30]),
        ("filter[PHONE]=+79990000001", vec![10]),
    ] {
        assert_eq!(portal.ids("crm.lead.list", filter), expected, "{filter}");
    }
}

#[test]
fn unknown_and_lower_case_fields_and_groups_do_not_filter() {
    let mut portal = leads();
    for filter in [
        "filter[NO_SUCH]=1",
        "filter[id]=10",
        "filter[LOGIC]=OR",
        "filter[0][ID]=10",
    ] {
        assert_eq!(portal.ids("crm.lead.list", filter).len(), 4, "{filter}");
    }
}

#[test]
fn a_date_that_cannot_be_read_asks_for_rows_without_one() {
    assert_eq!(
        leads().ids("crm.lead.list", "filter[>DATE_CREATE]=soon"),
        [30]
    );
}

#[test]
fn a_list_of_rows_where_an_id_is_expected_is_1_and_an_empty_one_is_0() {
    let mut portal = Portal::with(&[("deal", 10, 0.0)]);
    assert_eq!(
        portal.ids("crm.deal.list", "filter[>ID][0][ID]=77"),
        (2..=10).collect::<Vec<_>>()
    );
    let mut empty = brimful_protocol::Array::new();
    empty.insert(">ID", brimful_protocol::Array::new());
    assert_eq!(
        portal.ids_with("crm.deal.list", "filter", empty),
        (1..=10).collect::<Vec<_>>()
    );
}

#[test]
fn parameters_are_found_in_any_case_and_with_the_old_ar() {
    let mut portal = leads();
    for name in ["filter", "FILTER", "Filter", "arFilter"] {
        assert_eq!(
            portal.ids("crm.lead.list", &format!("{name}[ID]=10")),
            [10],
            "{name}"
        );
    }
    assert_eq!(
        portal.ids("crm.lead.list", "ORDER[ID]=desc"),
        [30, 20, 10, 5]
    );
}

#[test]
fn rows_are_sorted_by_several_keys_then_by_id() {
    let mut portal = leads();
    for (order, expected) in [
        ("order[ID]=DESC", vec![30, 20, 10, 5]),
        ("order[TITLE]=ASC", vec![30, 10, 20, 5]),
        ("order[OPPORTUNITY]=desc", vec![20, 10, 5, 30]),
        ("order[STATUS_ID]=ASC&order[ID]=DESC", vec![30, 20, 10, 5]),
        ("order[NO_SUCH]=ASC&order[ID]=DESC", vec![30, 20, 10, 5]),
    ] {
        assert_eq!(portal.ids("crm.lead.list", order), expected, "{order}");
    }
}

#[test]
fn everything_is_a_string_and_a_date_that_is_not_set_is_empty() {
    let row = &leads().json("crm.lead.list", "filter[ID]=30&select[]=*")[0];
    assert_eq!(row["ID"], "30");
    assert_eq!(row["DATE_CREATE"], "");
    assert_eq!(row["DATE_CLOSED"], "");
    assert_eq!(row["CONTACT_ID"], serde_json::Value::Null);
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    for row in portal
        .json("crm.deal.list", "select[]=*&select[]=UF_*")
        .as_array()
        .unwrap()
    {
        for (name, value) in row.as_object().unwrap() {
            assert!(
                value.is_string() || value.is_null() || value.is_array(),
                "{name}: {value}"
            );
        }
        let amount = row["OPPORTUNITY"].as_str().unwrap();
        assert_eq!(amount.split_once('.').unwrap().1.len(), 2, "{amount}");
    }
}

#[test]
fn a_select_names_the_columns_in_their_order_and_the_id_comes_first_unless_named() {
    let mut portal = leads();
    let keys = |json: &serde_json::Value| -> Vec<String> {
        json[0].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(
        keys(&portal.json("crm.lead.list", "select[]=TITLE&select[]=STATUS_ID")),
        ["ID", "TITLE", "STATUS_ID"]
    );
    assert_eq!(
        keys(&portal.json("crm.lead.list", "select[]=TITLE&select[]=ID")),
        ["TITLE", "ID"]
    );
    let all = keys(&portal.json("crm.lead.list", "select[]=*"));
    assert!(
        all.contains(&"TITLE".to_owned())
            && !all
                .iter()
                .any(|name| name.starts_with("UF_") || name == "PHONE")
    );
    assert!(
        keys(&portal.json("crm.lead.list", "select[]=UF_*"))
            .iter()
            .skip(1)
            .all(|name| name.starts_with("UF_"))
    );
    assert_eq!(keys(&portal.json("crm.lead.list", "select[]=NO_SUCH")), all);
}

#[test]
fn loaded_values_stay_as_given_and_unknown_columns_can_be_selected_and_filtered() {
    let mut portal = Portal::loaded(
        "lead",
        r#"[{"ID": 7, "TITLE": "a/b", "UF_CRM_OWN": ["x", 2], "UF_CRM_ONE": "y"}]"#,
    );
    let output = portal
        .call(
            "crm.lead.list",
            "select[]=TITLE&select[]=UF_CRM_OWN&filter[UF_CRM_ONE]=y",
        )
        .unwrap();
    assert_eq!(
        String::from_utf8(output.json).unwrap(),
        r#"[{"ID":"7","TITLE":"a\/b","UF_CRM_OWN":["x",2]}]"#
    );
}

#[test]
fn get_answers_with_all_fields_and_errors_have_no_code() {
    let mut portal = leads();
    let lead = portal.json("crm.lead.get", "id=10");
    assert_eq!(
        (&lead["ID"], &lead["TITLE"]),
        (&"10".into(), &"Alpha".into())
    );
    assert_eq!(lead["PHONE"][0]["VALUE"], "+79990000001");
    assert!(lead.get("EMAIL").is_none());
    assert_eq!(
        portal.error("crm.lead.get", "ID=11"),
        (400, String::new(), "Not found".to_owned())
    );
    let invalid = (
        400,
        String::new(),
        "ID is not defined or invalid.".to_owned(),
    );
    assert_eq!(portal.error("crm.lead.get", ""), invalid);
    assert_eq!(portal.error("crm.lead.get", "id=x"), invalid);
}

#[test]
fn fields_say_what_they_are() {
    let fields = leads().json("crm.lead.fields", "");
    assert_eq!(fields["ID"]["isReadOnly"], true);
    assert_eq!(fields["STATUS_ID"]["statusType"], "STATUS");
    assert_eq!(fields["PHONE"]["type"], "crm_multifield");
    assert_eq!(fields["UF_CRM_1700000000006"]["items"][0]["ID"], "1");
    assert_eq!(fields["UF_CRM_1700000000006"]["isDynamic"], true);
    assert!(fields.get("ENTITY_TYPE_ID").is_none());
}

#[test]
fn rows_references_and_starts_agree() {
    let mut portal = Portal::with(&[("deal", 60, 0.3)]);
    let output = portal
        .call("crm.deal.list", "select[]=ID&start=-1")
        .unwrap();
    let all: Vec<serde_json::Value> = serde_json::from_slice(&output.json).unwrap();
    assert_eq!(output.rows.starts.len(), all.len());
    for (i, row) in all.iter().enumerate() {
        assert_eq!(
            output.deepest(&[&i.to_string(), "ID"]).to_text(),
            row["ID"].as_str().unwrap()
        );
    }
}

#[test]
fn work_is_charged_by_the_row_the_count_and_the_skip() {
    use crate::context::settings::Costs;
    use std::time::Duration;
    let mut portal = Portal::with(&[("deal", 1_000, 0.0)]);
    let micros = Duration::from_micros;
    portal.costs = Costs {
        call: micros(1_000_000),
        row: micros(10_000),
        count: micros(100),
        skip: micros(1),
    };
    for (params, expected) in [
        ("start=-1", 50 * 10_000),
        ("", 50 * 10_000 + 1_000 * 100),
        ("start=500", 50 * 10_000 + 1_000 * 100 + 500),
        ("filter[ID]=7", 10_000 + 100),
    ] {
        portal.cost = Duration::ZERO;
        portal.ids("crm.deal.list", params);
        assert_eq!(portal.cost, micros(expected), "{params}");
    }
}

#[test]
fn multifields_are_lists_and_params_an_array() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        (
            "crm.contact.add",
            "fields[NAME]=a&fields[EMAIL]=nobody",
            "!ERROR_CORE The field \"E-mail\" contains an invalid address",
        ),
        (
            "crm.contact.add",
            "fields[NAME]=a&fields[EMAIL][0][VALUE]=nobody&fields[EMAIL][0][VALUE_TYPE]=WORK",
            "!ERROR_CORE The field \"Work e-mail\" contains an invalid address",
        ),
        (
            "crm.company.add",
            "fields[TITLE]=a&fields[EMAIL][0][VALUE]=nobody",
            "!ERROR_CORE The \"E-mail\" field contains an invalid address",
        ),
        // A text that is not a list is passed over.
        (
            "crm.contact.add",
            "fields[NAME]=a&fields[EMAIL]=a@example.com&fields[PHONE]=123",
            "1",
        ),
        (
            "crm.contact.get",
            "id=1",
            r#"{"HAS_EMAIL":"N","HAS_PHONE":"N"}"#,
        ),
        (
            "crm.contact.update",
            "id=1&fields[EMAIL][0][VALUE]=a@example.com",
            "true",
        ),
        (
            "crm.contact.get",
            "id=1",
            r#"{"HAS_EMAIL":"Y","EMAIL":[{"VALUE":"a@example.com","VALUE_TYPE":"WORK"}]}"#,
        ),
        (
            "crm.contact.add",
            "fields[NAME]=a&params=x",
            "! Parameter 'params' must be array.",
        ),
        (
            "crm.lead.update",
            "id=1&fields[TITLE]=a&params=x",
            "! Not found",
        ),
    ]);
}

#[test]
fn dictionaries_say_what_their_stages_mean_and_refuse_what_they_do_not_know() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        (
            "crm.status.list",
            "filter[ENTITY_ID]=DEAL_STAGE&filter[STATUS_ID][0]=NEW&filter[STATUS_ID][1]=WON&filter[STATUS_ID][2]=LOSE",
            r#"[{"STATUS_ID":"NEW","EXTRA":{"SEMANTICS":"process","COLOR":"*"}},
                {"STATUS_ID":"WON","EXTRA":{"SEMANTICS":"success"}},
                {"STATUS_ID":"LOSE","EXTRA":{"SEMANTICS":"failure"}}]"#,
        ),
        ("crm.status.get", "id=0", "! Invalid identifier."),
        ("crm.status.get", "id=99999", "! Status is not found."),
        (
            "crm.status.add",
            "fields[NAME]=a",
            "! The field ENTITY_ID is required.",
        ),
        (
            "crm.status.add",
            "fields[ENTITY_ID]=SOURCE&fields[STATUS_ID]=A",
            "! The field Title is required.",
        ),
        (
            "crm.status.add",
            "fields[ENTITY_ID]=NOPE&fields[STATUS_ID]=A&fields[NAME]=a",
            "! Specified entity type is not supported.",
        ),
        (
            "crm.status.add",
            "fields[ENTITY_ID]=SOURCE&fields[STATUS_ID]=WEB&fields[NAME]=a",
            "!ERROR_CORE The specified status ID already exists.",
        ),
    ]);
    let sources = portal.json("crm.status.list", "filter[ENTITY_ID]=SOURCE");
    assert!(sources[0].get("EXTRA").is_none(), "{sources}");
    let types = portal.json("crm.status.entity.types", "");
    let deals = types.as_array().unwrap().iter();
    let deals = deals.clone().find(|row| row["ID"] == "DEAL_STAGE").unwrap();
    assert_eq!(deals["SEMANTIC_INFO"]["FINAL_SUCCESS_FIELD"], "WON");
    assert_eq!(deals["ENTITY_TYPE_ID"], 2);
}

#[test]
fn fields_that_are_one_of_many_are_said_to_be_deprecated() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        (
            "crm.deal.fields",
            "",
            r#"{"CONTACT_ID":{"isDeprecated":true},"CONTACT_IDS":{"isMultiple":true}}"#,
        ),
        (
            "crm.contact.fields",
            "",
            r#"{"COMPANY_ID":{"isDeprecated":true},"COMPANY_IDS":{"type":"crm_company","isMultiple":true}}"#,
        ),
        (
            "crm.company.fields",
            "",
            r#"{"CONTACT_ID":{"type":"crm_contact","isMultiple":true}}"#,
        ),
        ("crm.vat.fields", "", r#"{"RATE":{"type":"double","size":"18,2"}}"#),
        (
            "crm.automatedsolution.fields",
            "",
            r#"{"typeIds":{"upperName":"TYPE_IDS","isMultiple":true}}"#,
        ),
    ]);
}
