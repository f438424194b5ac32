//! IDs as large as there can be.

use super::*;

const LARGEST: i64 = i64::MAX;

#[test]
fn rows_are_added_beside_one_with_the_largest_id() {
    for entity in [
        "lead",
        "deal",
        "contact",
        "company",
        "task",
        "user",
        "department",
    ] {
        let rows = format!(
            r#"[{{"ID":"{LARGEST}","NAME":"n","TITLE":"t"}},{{"ID":"5","NAME":"n","TITLE":"t"}}]"#
        );
        let mut portal = Portal::loaded(entity, &rows);
        let (method, params) = match entity {
            "task" => ("tasks.task.add", "fields[TITLE]=t&fields[RESPONSIBLE_ID]=1"),
            "user" => ("user.add", "EMAIL=a@b.c"),
            "department" => ("department.add", "NAME=n&PARENT=5"),
            "lead" => ("crm.lead.add", "fields[TITLE]=t"),
            "deal" => ("crm.deal.add", "fields[TITLE]=t"),
            "contact" => ("crm.contact.add", "fields[NAME]=t"),
            _ => ("crm.company.add", "fields[TITLE]=t"),
        };
        for below in 1..=3 {
            // No two users have the same address of e-mail.
            let params = params.replace("a@", &format!("a{below}@"));
            let added = portal.json(method, &params);
            let id = match added["task"]["id"].as_str() {
                Some(id) => id.parse().unwrap(),
                None => added.as_i64().unwrap(),
            };
            assert_eq!(id, LARGEST - below, "{entity}");
        }
    }
}

#[test]
fn lists_are_filtered_and_sorted_around_the_largest_ids() {
    let rows = format!(
        r#"[{{"ID":"1","TITLE":"a"}},{{"ID":"{}","TITLE":"b"}},{{"ID":"{LARGEST}","TITLE":"c"}}]"#,
        LARGEST - 1
    );
    let mut portal = Portal::loaded("lead", &rows);
    let (one, two) = (LARGEST as u64 - 1, LARGEST as u64);
    for (params, ids) in [
        ("", vec![1, one, two]),
        ("order[ID]=DESC", vec![two, one, 1]),
        ("filter[>ID]=9223372036854775806", vec![two]),
        ("filter[>ID]=9223372036854775807", vec![]),
        ("filter[>ID]=9223372036854775808", vec![]),
        ("filter[>=ID]=9223372036854775807", vec![two]),
        ("filter[<ID]=9223372036854775807", vec![1, one]),
        ("filter[<=ID]=9223372036854775807", vec![1, one, two]),
        ("filter[<=ID]=99999999999999999999", vec![1, one, two]),
        ("filter[>ID]=-9223372036854775808", vec![1, one, two]),
        ("filter[ID]=9223372036854775807", vec![two]),
        (
            "filter[@ID][]=9223372036854775807&filter[@ID][]=1",
            vec![1, two],
        ),
        ("filter[TITLE]=c", vec![two]),
        ("start=-1&filter[>ID]=5&order[ID]=DESC", vec![two, one]),
    ] {
        assert_eq!(portal.ids("crm.lead.list", params), ids, "{params}");
    }
    let last = portal.page("crm.lead.list", "start=9223372036854775807");
    assert_eq!((last.0.len(), last.2), (3, Some(3)));
    assert_eq!(
        portal.json("crm.lead.get", "id=9223372036854775807")["TITLE"],
        "c"
    );
    portal.json("crm.lead.delete", "id=9223372036854775807");
    assert_eq!(portal.ids("crm.lead.list", "order[ID]=DESC"), [one, 1]);
}
