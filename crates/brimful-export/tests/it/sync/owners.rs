//! Whose a table is: rows of users, of exports, of other portals, and of a portal that has moved.

use brimful_export::ExportError;

use super::*;

/// What an export of a list into the store says of itself.
fn export_of(portal: &str, method: &str, table: &str) -> StoreOptions {
    StoreOptions {
        table: table.to_owned(),
        command: json!({"portal": portal, "method": method, "params": {}}).to_string(),
        resume: false,
        ..StoreOptions::default()
    }
}

/// Writes a row as an export does.
async fn export_row(bench: &Bench, options: StoreOptions) -> Result<(), ExportError> {
    let store = bench.store();
    let written = tokio::task::spawn_blocking(move || {
        let page: brimful::Page = [(Some(1), r#"{"ID": "1"}"#.to_owned())]
            .into_iter()
            .collect();
        let plan = Plan {
            id_field: "ID".to_owned(),
            ..Plan::default()
        };
        let mut writer = store.open(options, plan)?;
        writer.write_page(&page, &mut Vec::new())?;
        writer.finish(&mut std::io::sink())
    });
    written.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_table_with_rows_that_nobody_of_ours_wrote_is_left_alone() {
    let bench = Bench::new(PortalConfig::new().rows("lead", 60).rows("user", 5));
    // There is a store, and a table beside those of its own.
    bench.sync("users").await.unwrap();
    change_by_hand(
        &bench,
        "CREATE TABLE crm_lead (ID integer PRIMARY KEY, TITLE text); INSERT INTO crm_lead VALUES (1, 'keep me')",
    );
    let refused = bench.sync("crm.lead").await.unwrap_err();
    let remedy = "ALTER TABLE \"crm_lead\" RENAME TO \"crm_lead_mine\"";
    assert!(
        matches!(&refused, SyncError::UnfitTable { entity, .. } if entity == "crm.lead"),
        "{refused}"
    );
    assert!(refused.to_string().ends_with(remedy), "{refused}");
    let options = export_of("portal.test", "crm.lead.list", "crm_lead");
    let refused = export_row(&bench, options).await.unwrap_err();
    assert!(
        matches!(refused, ExportError::UnfitTable { .. }),
        "{refused}"
    );
    assert!(refused.to_string().ends_with(remedy), "{refused}");
    assert_eq!(bench.rows("SELECT * FROM crm_lead"), [["1", "keep me"]]);
    change_by_hand(&bench, remedy);
    bench.sync("crm.lead").await.unwrap();
    bench.assert_equal("crm.lead").await;
    // A table without rows is one that was made for ours.
    change_by_hand(
        &bench,
        "DROP TABLE crm_lead; DELETE FROM _brimful_state; CREATE TABLE crm_lead (ID integer PRIMARY KEY, TITLE text)",
    );
    bench.sync("crm.lead").await.unwrap();
    bench.assert_equal("crm.lead").await;
}

#[tokio::test(start_paused = true)]
async fn a_sync_goes_on_with_the_table_of_an_export_of_the_same_list_and_no_other() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 60).rows("lead", 60));
    let address = "https://portal.test/rest/1/…/";
    let of_deals = export_of(address, "crm.deal.list", "crm_deal");
    export_row(&bench, of_deals).await.unwrap();
    bench.sync("crm.deal").await.unwrap();
    bench.assert_equal("crm.deal").await;
    let of_leads = export_of(address, "crm.lead.list", "crm_contact");
    export_row(&bench, of_leads).await.unwrap();
    let refused = bench.sync("crm.contact").await.unwrap_err().to_string();
    assert!(refused.contains("rows of crm.lead.list"), "{refused}");
    let other = export_of("https://other.test/rest/1/…/", "crm.lead.list", "crm_lead");
    export_row(&bench, other).await.unwrap();
    let refused = bench.sync("crm.lead").await.unwrap_err();
    assert!(
        matches!(&refused, SyncError::OtherPortal { theirs, .. } if theirs == "other.test"),
        "{refused}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_has_moved_keeps_its_tables_when_it_is_said_to_be_the_same() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 120));
    bench.sync("crm.deal").await.unwrap();
    bench.call("crm.deal.delete", json!({"id": 9})).await;
    bench.sync("crm.deal").await.unwrap();
    let moved = |same_portal| {
        let options = SyncOptions {
            same_portal,
            ..SyncOptions::default()
        };
        let run = bench.run(&bench.store(), &["crm.deal"]);
        run.portal("new.bitrix24.ru").options(options)
    };
    let refused = moved(false).run().await.unwrap().entities.remove(0).1;
    let refused = refused.unwrap_err();
    assert!(
        matches!(&refused, SyncError::OtherPortal { ours, .. } if ours == "new.bitrix24.ru"),
        "{refused}"
    );
    let report = moved(true).run().await.unwrap().entities.remove(0).1;
    assert!(report.unwrap().is_full);
    // What was deleted before stays known, and the new name is.
    let marked = "SELECT count(*) FROM crm_deal WHERE _deleted_at IS NOT NULL";
    assert_eq!(bench.value(marked), "1");
    assert!(moved(false).run().await.unwrap().entities[0].1.is_ok());
    bench.assert_equal("crm.deal").await;
}
