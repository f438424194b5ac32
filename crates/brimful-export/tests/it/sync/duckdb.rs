//! The same in files of DuckDB, whose library is in `BRIMFUL_DUCKDB_LIBRARY`: `./test` gets it, and without it there is
//! nothing to test.

use brimful_export::sync::{status, verify};

use super::histories::{DEALS, TASKS, play_on};
use super::*;
use crate::adbc_reader::AdbcDriver;

pub(super) fn has_library() -> bool {
    std::env::var_os("BRIMFUL_DUCKDB_LIBRARY").is_some()
}

pub(super) fn duckdb(bench: &Bench) -> Store {
    Store::Duckdb(bench.folder.path().join("portal.duckdb"))
}

/// Rows of a query as texts, as any program reads them.
pub(super) fn rows(bench: &Bench, sql: &str) -> Vec<Vec<String>> {
    let library = std::env::var_os("BRIMFUL_DUCKDB_LIBRARY").unwrap();
    let sql = format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({sql}) q");
    let file = bench.folder.path().join("portal.duckdb");
    let rows = AdbcDriver::duckdb(library.as_ref()).rows(&file, &sql);
    let texts = |row: Vec<Option<String>>| {
        let cells = row.into_iter();
        cells
            .map(|cell| cell.unwrap_or_else(|| "NULL".to_owned()))
            .collect()
    };
    rows.into_iter().map(texts).collect()
}

async fn assert_verified(bench: &Bench, entity: &str) {
    let run = bench.run(&duckdb(bench), &[entity]);
    let verification = verify(&run, usize::MAX).await.unwrap().remove(0).1.unwrap();
    assert!(verification.is_equal(), "{entity}: {verification:?}");
    assert_eq!(verification.compared, verification.in_portal, "{entity}");
}

#[tokio::test(start_paused = true)]
async fn after_random_histories_a_file_of_duckdb_equals_the_portal() {
    if !has_library() {
        return;
    }
    for (kind, seeds) in [(&DEALS, 500..506), (&TASKS, 600..604)] {
        for seed in seeds {
            let bench = play_on(kind, seed, duckdb, |_| {}).await;
            assert_verified(&bench, kind.entity).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn several_entities_share_a_file_of_duckdb_and_are_brought_up_to_date() {
    if !has_library() {
        return;
    }
    let kinds = ["deal", "lead", "contact", "company", "user"];
    let config = kinds.iter().fold(PortalConfig::new(), |config, kind| {
        config.rows(*kind, 3_000)
    });
    let bench = Bench::new(config);
    let names = [
        "crm.deal",
        "crm.lead",
        "crm.contact",
        "crm.company",
        "users",
        "currencies",
    ];
    let labels = SyncOptions {
        labels: true,
        ..SyncOptions::default()
    };
    let run = bench.run(&duckdb(&bench), &names).options(labels);
    for round in 0..3 {
        for (name, result) in run.run().await.unwrap().entities {
            let report = result.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(
                report.written > 0,
                round == 0 || name == "crm.deal",
                "{name}"
            );
        }
        let change = json!({"id": 7, "fields": {"TITLE": format!("it's \\ {round}")}});
        bench.call("crm.deal.update", change).await;
        bench
            .call("crm.deal.delete", json!({"id": 9 + round}))
            .await;
        pass(60).await;
    }
    let report = run.run().await.unwrap();
    let deals = report.entities[0].1.as_ref().unwrap();
    assert_eq!((deals.written, deals.deleted, deals.rows), (1, 1, 2_997));
    for name in names {
        assert_verified(&bench, name).await;
    }
    let marked = "SELECT \"ID\" FROM crm_deal WHERE _deleted_at IS NOT NULL ORDER BY \"ID\"";
    assert_eq!(rows(&bench, marked), [["9"], ["10"], ["11"]]);
    let title =
        "SELECT \"TITLE\", \"STAGE_ID__LABEL\" IS NOT NULL FROM crm_deal_labeled WHERE \"ID\" = 7";
    assert_eq!(rows(&bench, title), [["it's \\ 2", "true"]]);
    let tables = status(&duckdb(&bench)).await.unwrap();
    let deals = tables.iter().find(|table| table.table == "crm_deal");
    let deals = deals.unwrap();
    assert_eq!(
        (deals.rows, deals.deleted, deals.failed.as_ref()),
        (2_997, 3, None)
    );
    assert!(deals.loaded.deletes.is_some());
    let hard = SyncOptions {
        deletes: Deletes::Hard,
        ..labels
    };
    bench.call("crm.deal.delete", json!({"id": 100})).await;
    let run = bench.run(&duckdb(&bench), &["crm.deal"]).options(hard);
    run.run().await.unwrap().entities.remove(0).1.unwrap();
    let gone = "SELECT count(*) FROM crm_deal WHERE \"ID\" = 100";
    assert_eq!(rows(&bench, gone), [["0"]]);
}

#[tokio::test(start_paused = true)]
async fn a_new_field_is_a_column_of_a_table_of_duckdb_and_values_that_do_not_fit_are_recorded() {
    if !has_library() {
        return;
    }
    let rows_of_portal: Vec<_> = [
        r#"{"ID": "1", "TITLE": "a", "OPPORTUNITY": "lots"}"#,
        r#"{"ID": "2", "TITLE": "b"}"#,
    ]
    .iter()
    .map(|row| serde_json::from_str(row).unwrap())
    .collect();
    let bench = Bench::new(PortalConfig::new().load("deal", rows_of_portal));
    let run = bench.run(&duckdb(&bench), &["crm.deal"]);
    let report = run.run().await.unwrap().entities.remove(0).1.unwrap();
    assert!(report.misfits > 0);
    let recorded = "SELECT count(*) FROM _brimful_errors";
    assert_eq!(rows(&bench, recorded), [[report.misfits.to_string()]]);
    let field = json!({"fields": {"FIELD_NAME": "LOCAL_NUMBER", "USER_TYPE_ID": "integer"}});
    bench.call("crm.deal.userfield.add", field).await;
    let change = json!({"id": 1, "fields": {"OPPORTUNITY": 5, "UF_CRM_LOCAL_NUMBER": 77}});
    bench.call("crm.deal.update", change).await;
    pass(60).await;
    let report = run.run().await.unwrap().entities.remove(0).1.unwrap();
    assert!(report.is_full);
    assert_eq!(rows(&bench, recorded), [["0"]]);
    let value = "SELECT \"UF_CRM_LOCAL_NUMBER\" FROM crm_deal ORDER BY \"ID\"";
    assert_eq!(rows(&bench, value), [["77"], ["NULL"]]);
    assert_verified(&bench, "crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn a_title_that_has_changed_is_the_comment_of_its_column_with_the_next_run() {
    if !has_library() {
        return;
    }
    let titled = |title: &str| {
        let fields =
            json!({"ID": {}, "DATE_MODIFY": {}, "TITLE": {"type": "string", "title": title}});
        let fields = fields.as_object().unwrap().clone();
        Bench::new(PortalConfig::new().rows("deal", 20).fields("deal", fields))
    };
    let (first, second) = (titled("First"), titled("Second"));
    let store = duckdb(&first);
    for (bench, title) in [(&first, "First"), (&second, "Second")] {
        let run = bench.run(&store, &["crm.deal"]).run().await;
        let report = run.unwrap().entities.remove(0).1.unwrap();
        assert_eq!(report.is_full, title == "First");
        let comment = "SELECT comment FROM duckdb_columns() WHERE table_name = 'crm_deal' AND column_name = 'TITLE'";
        assert_eq!(rows(&first, comment), [[title]]);
    }
}
