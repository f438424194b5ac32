//! Writes that are refused, with the codes and texts of the documentation.

use super::*;

#[test]
fn an_item_is_refused_a_value_that_its_field_cannot_have() {
    let mut portal = Portal::with(&[("deal", 2, 0.0), ("user", 3, 0.0)]);
    for (field, value) in [
        ("begindate", "nonsense"),
        ("assignedById", "987654"),
        ("opportunity", "abc"),
        ("sourceId", "NOPE"),
    ] {
        for (method, named) in [("crm.item.add", ""), ("crm.item.update", "id=1&")] {
            let params = format!("{named}entityTypeId=2&fields[{field}]={value}");
            let (_, code, text) = portal.error(method, &params);
            assert_eq!(code, "CRM_FIELD_ERROR_VALUE_NOT_VALID", "{method} {field}");
            assert_eq!(text, format!("Invalid value for field \"{field}\""));
        }
    }
    let right = "entityTypeId=2&fields[begindate]=2026-05-01&fields[assignedById]=2\
                 &fields[opportunity]=12.5&fields[sourceId]=CALL";
    let added = portal.json("crm.item.add", right);
    assert_eq!(added["item"]["opportunity"], 12.5);
    assert_eq!(added["item"]["assignedById"], 2);
}

#[test]
fn a_user_needs_an_address_of_email_that_nobody_has() {
    let mut portal = Portal::with(&[("user", 2, 0.0)]);
    portal.steps(&[
        ("user.add", "NAME=a", "!ERROR_ARGUMENT wrong_email"),
        ("user.add", "EMAIL=bad", "!ERROR_ARGUMENT wrong_email"),
        ("user.add", "EMAIL=new@example.com", "3"),
        (
            "user.add",
            "EMAIL=New@example.com",
            "!ERROR_ARGUMENT A user with this email already exists",
        ),
        (
            "user.add",
            "EMAIL=other@example.com&EXTRANET=Y",
            "!ERROR_ARGUMENT no_extranet_field",
        ),
        ("user.update", "ID=99&NAME=a", "!ERROR_CORE access_denied"),
        ("user.get", "ID=3", r#"[{"EMAIL":"new@example.com"}]"#),
    ]);
    assert_eq!(
        portal.page("user.get", "").2,
        Some(3),
        "nobody else was added"
    );
}

#[test]
fn a_lead_says_when_it_was_closed() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        ("crm.lead.add", "fields[TITLE]=a", "1"),
        ("crm.lead.get", "id=1", r#"{"DATE_CLOSED":""}"#),
        (
            "crm.lead.update",
            "id=1&fields[STATUS_ID]=CONVERTED",
            "true",
        ),
        (
            "crm.lead.get",
            "id=1",
            r#"{"DATE_CLOSED":"2026-05-04T12:00:00+03:00"}"#,
        ),
        ("crm.lead.update", "id=1&fields[STATUS_ID]=NEW", "true"),
        ("crm.lead.get", "id=1", r#"{"DATE_CLOSED":""}"#),
        ("crm.lead.add", "fields[STATUS_ID]=JUNK", "2"),
        (
            "crm.lead.get",
            "id=2",
            r#"{"DATE_CLOSED":"2026-05-04T12:00:00+03:00"}"#,
        ),
    ]);
}

#[test]
fn a_quote_begins_as_a_draft() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        ("crm.quote.add", "fields[TITLE]=a", "1"),
        (
            "crm.quote.get",
            "id=1",
            r#"{"STATUS_ID":"DRAFT","CLOSED":"N"}"#,
        ),
    ]);
}
