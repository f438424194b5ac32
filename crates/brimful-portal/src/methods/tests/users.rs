//! Users and departments.

use super::Portal;

#[test]
fn start_is_a_true_offset_and_an_empty_page_has_no_total() {
    let mut portal = Portal::with(&[("user", 120, 0.0)]);
    let (ids, next, total) = portal.page("user.get", "start=7");
    assert_eq!(
        (ids[0], ids.len(), next, total),
        (8, 50, Some(57), Some(120))
    );
    let (ids, next, total) = portal.page("user.get", "start=119");
    assert_eq!((ids, next, total), (vec![120], None, Some(120)));
    assert_eq!(portal.page("user.get", "start=500"), (vec![], None, None));
    assert_eq!(portal.json("user.get", "ID=9999").to_string(), "[]");
}

#[test]
fn filters_have_prefixes_and_lie_in_filter_or_beside_it() {
    let mut portal = Portal::with(&[("user", 20, 0.0)]);
    assert_eq!(portal.ids("user.get", "ID=7"), [7]);
    assert_eq!(portal.ids("user.get", "id=7"), [7]);
    assert_eq!(portal.ids("user.get", "FILTER[>ID]=17"), [18, 19, 20]);
    assert_eq!(
        portal.ids("user.get", "FILTER[>ID]=17&ID=3"),
        [18, 19, 20],
        "beside FILTER nothing counts"
    );
    assert_eq!(
        portal.ids(
            "user.get",
            "FILTER[@ID][]=3&FILTER[@ID][]=4&sort=ID&order=DESC"
        ),
        [4, 3]
    );
    assert_eq!(portal.ids("user.get", "FILTER[NO_SUCH]=3").len(), 20);
    assert_eq!(portal.ids("user.get", "FILTER[ACTIVE]=true").len(), 20);
    assert_eq!(
        portal.ids("user.get", "FILTER[>ID][0][ID]=9").len(),
        19,
        "a list of rows is 1"
    );
    assert_eq!(
        portal.ids("user.get", "FILTER[>ID][x]=9").len(),
        0,
        "without an element 0 it is false"
    );
}

#[test]
fn a_user_has_a_true_boolean_and_no_nulls() {
    let user = &Portal::with(&[]).json("user.get", "ID=1")[0];
    assert_eq!((&user["ID"], &user["ACTIVE"]), (&"1".into(), &true.into()));
    assert!(user["UF_DEPARTMENT"][0].is_number());
    assert_eq!(user["TIMESTAMP_X"].to_string(), "{}");
    assert!(
        user.as_object()
            .unwrap()
            .values()
            .all(|value| !value.is_null())
    );
}

#[test]
fn users_are_searched_for_by_the_beginnings_of_their_names() {
    let mut portal = Portal::with(&[("user", 40, 0.0)]);
    let name = portal.json("user.get", "ID=5")[0]["LAST_NAME"]
        .as_str()
        .unwrap()
        .to_owned();
    let part: String = name.chars().take(3).collect();
    assert!(
        portal
            .ids("user.search", &format!("FIND={part}"))
            .contains(&5)
    );
    assert!(
        portal
            .ids("user.search", &format!("LAST_NAME={part}"))
            .contains(&5)
    );
    assert!(portal.ids("user.search", "FIND=nobody").is_empty());
}

#[test]
fn departments_ignore_prefixes_and_serve_page_1_beyond_the_end() {
    let mut portal = Portal::with(&[("department", 60, 0.0)]);
    assert_eq!(portal.ids("department.get", ">ID=30")[0], 1);
    assert_eq!(portal.ids("department.get", "FILTER[>ID]=30")[0], 1);
    assert_eq!(portal.ids("department.get", "ID=30"), [30]);
    assert_eq!(portal.ids("department.get", "FILTER[ID]=30"), [30]);
    assert_eq!(
        portal.ids("department.get", "filter[ID]=30").len(),
        50,
        "the wrapper is in upper case"
    );
    assert_eq!(portal.ids("department.get", "sort=ID&order=DESC")[0], 60);
    assert_eq!(portal.ids("department.get", "start=5000")[0], 1);
}
