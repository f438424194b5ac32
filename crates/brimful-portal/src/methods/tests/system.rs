//! The registry and what the portal says about itself.

use super::Portal;
use crate::data::{Data, DataError, ENTITY_NAMES, Load, PortalData, Rows};
use crate::methods::{all, find};

#[test]
fn methods_are_found_by_their_names_in_lower_case_and_each_is_there_once() {
    assert!(all().windows(2).all(|pair| pair[0].name < pair[1].name));
    assert!(
        all()
            .iter()
            .all(|method| method.name == method.name.to_lowercase())
    );
    assert!(find("crm.lead.list").is_some());
    assert!(find("no.such.method").is_none());
}

#[test]
fn every_method_is_a_documented_one() {
    for method in all() {
        let ours = [
            "methods",
            "scope",
            "profile",
            "user.admin",
            "crm.item.fields",
            "department.delete",
            // Of older documentation.
            "crm.dealcategory.stage.list",
            "crm.status.entity.types",
            "crm.status.fields",
        ];
        let known = brimful_protocol::catalogue::find(&method.name).is_some();
        assert!(known || ours.contains(&&*method.name), "{}", method.name);
    }
}

#[test]
fn every_method_survives_calls_with_nothing_and_with_nonsense() {
    let mut portal = Portal::with(&[("deal", 5, 0.2), ("task", 5, 0.0), ("128", 5, 0.0)]);
    for method in all() {
        for params in [
            "",
            "id=1",
            "id=-1&entityTypeId=-1&taskId=-1&start=-9223372036854775808",
            "id[]=1&fields=1&filter=1&order=1&select=1&start=99999999999999999999",
            "entityTypeId=128&id=1&filter[0][0][0]=1&order[0][]=1&select[][]=1&fields[0][]=1",
            "entityTypeId=2&filter[%]=1&filter[!]=&filter[]=1&order[]=ASC&taskId=1&fields[TITLE][]=1",
            "filter[>ID]=99999999999999999999&filter[<ID]=-99999999999999999999&filter[@ID][][]=1",
            "type=PHONE&values[]=1&items[][]=1&fields[CONTACT_ID]=0&FILTER[>ID]=",
        ] {
            drop(portal.call(&method.name, params));
        }
    }
}

#[test]
fn the_portal_knows_itself() {
    let mut portal = Portal::with(&[]);
    assert_eq!(portal.json("server.time", ""), "2026-05-04T12:00:00+03:00");
    assert_eq!(portal.json("profile", "")["ID"], "1");
    assert_eq!(portal.json("user.current", "")["ID"], "1");
    assert_eq!(portal.json("app.info", "")["STATUS"], "L");
    assert!(
        portal
            .json("scope", "")
            .as_array()
            .unwrap()
            .contains(&"crm".into())
    );
    assert!(
        portal
            .json("methods", "")
            .as_array()
            .unwrap()
            .contains(&"crm.lead.list".into())
    );
}

#[test]
fn dictionaries_are_filtered() {
    let mut portal = Portal::with(&[]);
    let stages = portal.json("crm.status.list", "filter[ENTITY_ID]=DEAL_STAGE_5");
    assert_eq!(stages[0]["STATUS_ID"], "C5:NEW");
    let categories = portal.json("crm.category.list", "entityTypeId=2");
    assert_eq!(categories["categories"][2]["id"], 5);
    assert_eq!(
        portal.json("crm.status.entity.items", "entityId=STATUS")[0]["STATUS_ID"],
        "NEW"
    );
}

#[test]
fn data_that_makes_no_sense_is_refused_with_a_reason() {
    let rows = |entity: &str, rows| Data {
        rows: vec![Rows {
            entity: entity.to_owned(),
            rows,
            gaps: f64::NAN,
        }],
        ..Data::default()
    };
    assert_eq!(
        PortalData::new(rows("dael", 1)).unwrap_err(),
        DataError::UnknownEntity("dael".to_owned())
    );
    assert!(matches!(
        PortalData::new(rows("deal", u64::MAX)),
        Err(DataError::TooManyRows { .. })
    ));
    for gaps in [7.0, 0.995, -0.1, f64::NAN, f64::INFINITY] {
        let mut data = rows("deal", 1);
        data.rows[0].gaps = gaps;
        let error = PortalData::new(data).unwrap_err().to_string();
        assert!(error.contains("from 0 to 0.99"), "{error}");
    }
    for name in ENTITY_NAMES.split(", ") {
        let mut data = rows(name, 1);
        data.rows[0].gaps = 0.0;
        assert!(PortalData::new(data).is_ok(), "{name}");
    }
    let nameless: Vec<serde_json::Map<_, _>> = serde_json::from_str(r#"[{"TITLE": "x"}]"#).unwrap();
    let data = Data {
        loads: vec![Load {
            entity: "lead".to_owned(),
            rows: nameless.into(),
        }],
        ..Data::default()
    };
    assert_eq!(
        PortalData::new(data).unwrap_err(),
        DataError::NoId {
            entity: "lead".to_owned(),
            row: 1
        }
    );
}

#[test]
fn dictionaries_of_languages_and_icons_come_with_their_count() {
    let mut portal = Portal::with(&[]);
    for (method, key) in [
        ("catalog.priceTypeLang.getLanguages", "languages"),
        ("sale.statusLang.getListLangs", "langs"),
        ("crm.timeline.icon.list", "icons"),
        ("crm.timeline.logo.list", "logos"),
    ] {
        let output = portal.call(method, "").unwrap();
        let result: serde_json::Value = serde_json::from_slice(&output.json).unwrap();
        let count = result[key].as_array().unwrap().len() as i64;
        assert_eq!(output.total, Some(count), "{method}");
    }
}
