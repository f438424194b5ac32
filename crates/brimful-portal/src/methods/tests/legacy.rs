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
