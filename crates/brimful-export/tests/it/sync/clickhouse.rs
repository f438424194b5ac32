//! What a sync does in ClickHouse alone: the server in `BRIMFUL_TEST_CLICKHOUSE`, which `./test` starts; without one there
//! is nothing to test.

use brimful::reqwest::Url;
use brimful_export::sync::{status, verify};

use super::*;

/// The address of the server.
pub(super) fn server() -> Option<Url> {
    let url = std::env::var("BRIMFUL_TEST_CLICKHOUSE").ok()?;
    Some(Url::parse(&url).unwrap())
}

/// What the server answers to a statement in a database.
pub(super) fn answer(url: &Url, database: &str, sql: &str) -> String {
    let host = (url.host_str().unwrap(), url.port().unwrap());
    let address = format!("http://{}:{}/?database={database}", host.0, host.1);
    let password = url.password().unwrap_or_default().replace("%20", " ");
    let (user, sql) = (url.username().to_owned(), sql.to_owned());
    // The clock of the tests is paused, and the server's is not.
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let builder = brimful::HttpOptions::reqwest_builder().unwrap();
            let request = builder.build().unwrap().post(address);
            let request = request
                .header("X-ClickHouse-User", user)
                .header("X-ClickHouse-Key", password);
            let answer = request.body(sql.clone()).send().await.unwrap();
            let is_good = answer.status().is_success();
            let text = answer.text().await.unwrap();
            assert!(is_good, "{sql}: {text}");
            text.trim_end().to_owned()
        })
    });
    asked.join().unwrap()
}

/// An empty database of this name.
pub(super) fn database(url: &Url, name: &str) -> Store {
    answer(url, "default", &format!("DROP DATABASE IF EXISTS {name}"));
    answer(url, "default", &format!("CREATE DATABASE {name}"));
    let mut url = url.clone();
    url.set_path(name);
    url.as_str().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn rows_that_change_are_new_versions_and_deleted_ones_are_marked_or_gone() {
    let Some(url) = server() else { return };
    let store = database(&url, "sync_versions");
    let ask = |sql: &str| answer(&url, "sync_versions", sql);
    let bench = Bench::new(PortalConfig::new().rows("deal", 300));
    let run = |deletes, labels| {
        bench.run(&store, &["crm.deal"]).options(SyncOptions {
            deletes,
            labels,
            ..SyncOptions::default()
        })
    };
    let report = run(Deletes::Soft, true).run().await.unwrap();
    assert_eq!(report.entities[0].1.as_ref().unwrap().written, 300);
    let title = ask("SELECT TITLE FROM crm_deal FINAL WHERE ID = 9");
    pass(60).await;

    let change = json!({"id": 7, "fields": {"TITLE": "it's \\ changed"}});
    bench.call("crm.deal.update", change).await;
    bench.call("crm.deal.delete", json!({"id": 9})).await;
    let report = run(Deletes::Soft, true).run().await.unwrap();
    let report = report.entities[0].1.as_ref().unwrap();
    assert_eq!((report.written, report.deleted, report.rows), (1, 1, 299));
    let changed = ask("SELECT TITLE FROM crm_deal FINAL WHERE ID = 7 FORMAT TabSeparatedRaw");
    assert_eq!(changed, "it's \\ changed");
    let marked = ask("SELECT TITLE, toDate(_deleted_at) FROM crm_deal FINAL WHERE ID = 9");
    assert_eq!(marked, format!("{title}\t2026-11-18"));
    assert_eq!(ask("SELECT count() FROM crm_deal_labeled"), "300");

    bench.call("crm.deal.delete", json!({"id": 10})).await;
    run(Deletes::Hard, true).run().await.unwrap();
    assert_eq!(ask("SELECT count() FROM crm_deal WHERE ID = 10"), "0");
    // The one that was marked before is gone too.
    assert_eq!(ask("SELECT count() FROM crm_deal FINAL"), "298");
    let tables = status(&store).await.unwrap();
    assert_eq!((tables[0].rows, tables[0].deleted), (298, 0));
}

#[tokio::test(start_paused = true)]
async fn columns_that_the_portal_no_longer_has_keep_their_values_and_stages_of_killed_runs_go() {
    let Some(url) = server() else { return };
    let store = database(&url, "sync_columns");
    let ask = |sql: &str| answer(&url, "sync_columns", sql);
    let bench = Bench::new(PortalConfig::new().rows("deal", 50));
    let run = bench.run(&store, &["crm.deal"]);
    run.run().await.unwrap();
    ask("ALTER TABLE crm_deal ADD COLUMN UF_CRM_OLD Nullable(String)");
    ask("ALTER TABLE crm_deal UPDATE UF_CRM_OLD = 'kept' WHERE ID = 7");
    while ask(
        "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done",
    ) != "0"
    {
        std::thread::yield_now();
    }
    ask("CREATE TABLE _brimful_stage_crm_deal_1 (ID Int64) ENGINE = Memory");
    pass(60).await;
    let change = json!({"id": 7, "fields": {"TITLE": "changed"}});
    bench.call("crm.deal.update", change).await;
    run.run().await.unwrap();
    let both = ask("SELECT TITLE, UF_CRM_OLD FROM crm_deal FINAL WHERE ID = 7");
    assert_eq!(both, "changed\tkept");
    let stages = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE '_brimful_stage%'";
    assert_eq!(ask(stages), "0");
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_run_that_was_killed_before_it_stored_its_state_are_known_to_be_of_the_sync() {
    let Some(url) = server() else { return };
    let store = database(&url, "sync_claimed");
    let ask = |sql: &str| answer(&url, "sync_claimed", sql);
    let bench = Bench::new(PortalConfig::new().rows("deal", 50));
    let run = bench.run(&store, &["crm.deal"]);
    // What is written behind the rows, and before the state, is refused.
    ask("CREATE TABLE _brimful_coverage (x Int64) ENGINE = Memory");
    assert!(run.run().await.unwrap().entities.remove(0).1.is_err());
    assert_eq!(ask("SELECT count() FROM crm_deal FINAL"), "50");
    ask("DROP TABLE _brimful_coverage");
    let report = run.run().await.unwrap().entities.remove(0).1.unwrap();
    assert_eq!((report.written, report.rows), (0, 50));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changes_in_clickhouse_is_found_and_what_did_not_fit_is_forgotten_when_it_fits()
 {
    let Some(url) = server() else { return };
    let store = database(&url, "sync_verified");
    let ask = |sql: &str| answer(&url, "sync_verified", sql);
    let bench = Bench::new(PortalConfig::new().rows("deal", 50));
    let begins = |date: &str| json!({"id": 5, "fields": {"BEGINDATE": date}});
    bench.call("crm.deal.update", begins("1850-01-01")).await;
    let run = bench.run(&store, &["crm.deal"]);
    run.run().await.unwrap();
    let recorded = "SELECT field FROM _brimful_errors FINAL WHERE id = '5'";
    assert_eq!(ask(recorded), "BEGINDATE");
    pass(60).await;
    bench.call("crm.deal.update", begins("2026-01-01")).await;
    run.run().await.unwrap();
    assert_eq!(ask(recorded), "");
    assert_eq!(status(&store).await.unwrap()[0].misfits, 0);

    let verified = || async { verify(&run, 1_000).await.unwrap().remove(0).1.unwrap() };
    assert!(verified().await.is_equal(), "{:?}", verified().await);
    ask("ALTER TABLE crm_deal UPDATE TITLE = 'theirs' WHERE ID = 3");
    while ask(
        "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done",
    ) != "0"
    {
        std::thread::yield_now();
    }
    let verification = verified().await;
    assert!(!verification.is_explained());
    assert_eq!(verification.differing[0].id, "3");
    assert_eq!(verification.differing[0].columns, ["TITLE"]);
}

#[tokio::test(start_paused = true)]
async fn of_two_syncs_at_once_into_one_database_one_is_refused() {
    let Some(url) = server() else { return };
    let store = database(&url, "sync_at_once");
    let bench = Bench::new(PortalConfig::new().rows("deal", 50).rows("lead", 50));
    let (one, other) = (
        bench.run(&store, &["crm.deal"]),
        bench.run(&store, &["crm.lead"]),
    );
    let (one_ended, other_ended) = tokio::join!(one.run(), other.run());
    let refused: Vec<SyncError> = [one_ended, other_ended]
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    let text = refused[0].to_string();
    assert!(
        text.contains("another sync is running there (process "),
        "{text}"
    );
    for run in [one, other] {
        run.run().await.unwrap().entities.remove(0).1.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_killed_keeps_others_out_until_its_lease_has_expired() {
    let Some(url) = server() else { return };
    let store = database(&url, "sync_lease");
    let ask = |sql: &str| answer(&url, "sync_lease", sql);
    let bench = Bench::new(PortalConfig::new().rows("deal", 50));
    let run = bench.run(&store, &["crm.deal"]);
    run.run().await.unwrap();
    let claim = |expires: &str, version: u64| {
        ask(&format!(
            "INSERT INTO _brimful_lease (run, holder, is_held, expires, version) \
             SELECT 'killed', 'process 4711', 1, {expires}, {version}"
        ))
    };
    claim("now() + 100", 1);
    let text = run.run().await.unwrap_err().to_string();
    let words = "another sync is running there (process 4711; if it was killed, its lease ends in ";
    assert!(text.contains(words), "{text}");
    claim("now()", 2);
    run.run().await.unwrap().entities.remove(0).1.unwrap();
}

#[tokio::test(start_paused = true)]
async fn columns_that_the_server_computes_are_left_to_it() {
    let Some(url) = server() else { return };
    let store = database(&url, "sync_computed");
    let ask = |sql: &str| answer(&url, "sync_computed", sql);
    let bench = Bench::new(PortalConfig::new().rows("deal", 50));
    let run = |deletes| {
        bench.run(&store, &["crm.deal"]).options(SyncOptions {
            deletes,
            ..SyncOptions::default()
        })
    };
    run(Deletes::Soft).run().await.unwrap();
    ask("ALTER TABLE crm_deal ADD COLUMN title_length UInt64 MATERIALIZED length(TITLE)");
    ask("ALTER TABLE crm_deal ADD COLUMN title_twice String ALIAS concat(TITLE, TITLE)");
    ask("ALTER TABLE crm_deal ADD COLUMN note String DEFAULT 'none'");
    pass(60).await;
    let change = json!({"id": 7, "fields": {"TITLE": "changed"}});
    bench.call("crm.deal.update", change).await;
    bench.call("crm.deal.delete", json!({"id": 9})).await;
    let report = run(Deletes::Soft).run().await.unwrap().entities.remove(0).1;
    let report = report.unwrap();
    assert_eq!((report.written, report.deleted), (1, 1));
    let computed = "SELECT title_length, title_twice, note FROM crm_deal FINAL WHERE ID = 7";
    assert_eq!(ask(computed), "7\tchangedchanged\tnone");
    pass(60).await;
    let report = run(Deletes::Soft).run().await.unwrap().entities.remove(0).1;
    assert!(!report.as_ref().unwrap().is_full, "{report:?}");
    let verified = verify(&run(Deletes::Soft), 1_000).await.unwrap();
    assert!(
        verified[0].1.as_ref().unwrap().is_equal(),
        "{:?}",
        verified[0].1
    );
}

#[tokio::test(start_paused = true)]
async fn a_table_that_computes_a_column_of_a_field_is_refused_with_what_helps() {
    let Some(url) = server() else { return };
    let store = database(&url, "sync_computed_field");
    let ask = |sql: &str| answer(&url, "sync_computed_field", sql);
    let bench = Bench::new(PortalConfig::new().rows("deal", 50));
    let run = bench.run(&store, &["crm.deal"]);
    run.run().await.unwrap();
    ask("ALTER TABLE crm_deal DROP COLUMN COMMENTS");
    ask("ALTER TABLE crm_deal ADD COLUMN COMMENTS String MATERIALIZED 'mine'");
    pass(60).await;
    let error = run.run().await.unwrap().entities.remove(0).1.unwrap_err();
    let text = error.to_string();
    let remedy = "ALTER TABLE `crm_deal` DROP COLUMN `COMMENTS`";
    assert!(text.contains(remedy), "{text}");
    ask(remedy);
    run.run().await.unwrap().entities.remove(0).1.unwrap();
}
