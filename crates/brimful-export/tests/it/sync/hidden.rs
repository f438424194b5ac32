//! Rows that the portal counts and does not show: their changes come as soon as they are shown again. And lists without a
//! row.

use brimful_export::sync::verify;
use brimful_portal::{Fault, FaultRule, HiddenRows};

use super::*;

async fn change(bench: &Bench, ids: std::ops::RangeInclusive<u64>) {
    for id in ids {
        let fields = json!({"TITLE": format!("changed {id}")});
        let params = json!({"id": id, "fields": fields});
        bench.call("crm.deal.update", params).await;
    }
}

#[tokio::test(start_paused = true)]
async fn changes_of_rows_that_are_hidden_for_a_time_come_when_they_are_shown_again() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 400));
    let first = bench.sync("crm.deal").await.unwrap();
    assert_eq!(first.hidden, 0);
    pass(1800).await;
    change(&bench, 10..=19).await;
    pass(1800).await;
    let hidden = HiddenRows::parse("crm.deal:10-20").unwrap();
    bench.portal.hide(hidden).unwrap();
    let report = bench.sync("crm.deal").await.unwrap();
    assert_eq!((report.read, report.hidden), (0, 10));
    pass(3600).await;
    bench.portal.hide(HiddenRows::none()).unwrap();
    let report = bench.sync("crm.deal").await.unwrap();
    assert_eq!((report.written, report.hidden), (10, 0));
    bench.assert_equal("crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn changes_on_pages_that_come_empty_or_short_by_mistake_come_with_the_next_run() {
    for fault in [Fault::EmptyPage, Fault::ShortPage] {
        let bench = Bench::new(PortalConfig::new().rows("deal", 400));
        bench.sync("crm.deal").await.unwrap();
        pass(1800).await;
        change(&bench, 10..=19).await;
        pass(1800).await;
        bench
            .portal
            .faults()
            .add(FaultRule::every(1, fault.clone()).on("crm.deal.list"));
        let report = bench.sync("crm.deal").await.unwrap();
        assert!(report.written < 10, "the fault was not played");
        assert!(report.hidden > 0);
        bench.portal.faults().clear();
        pass(3600).await;
        bench.sync("crm.deal").await.unwrap();
        bench.assert_equal("crm.deal").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_a_row_is_equal_to_the_portal_after_a_sync() {
    let bench = Bench::new(PortalConfig::new().rows("user", 1));
    let run = bench.run(&bench.store(), &["calls", "users"]);
    let verified = async || verify(&run, 100).await.unwrap();
    run.run().await.unwrap();
    for (entity, verification) in verified().await {
        assert!(verification.unwrap().is_equal(), "{entity}");
    }
    // A list that was never read is not taken for one of these.
    let other = bench.run(&bench.store(), &["workgroups"]);
    assert!(verify(&other, 100).await.unwrap().remove(0).1.is_err());
}
