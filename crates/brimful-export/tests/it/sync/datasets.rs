//! The same in folders of Parquet files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use brimful_export::DatasetPlace;
use brimful_export::sync::{status, verify};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::histories::{DEALS, Kind, TASKS, play_on};
use super::*;

pub(super) fn folder_of(bench: &Bench) -> PathBuf {
    bench.folder.path().join("portal")
}

pub(super) fn dataset(bench: &Bench) -> Store {
    Store::Dataset {
        place: DatasetPlace::Folder(folder_of(bench)),
        partition_by: None,
    }
}

/// The batches of all files of a table, as any reader finds them.
pub(super) fn batches(folder: &std::path::Path, table: &str) -> Vec<RecordBatch> {
    let Ok(files) = folder.join(table).read_dir() else {
        return Vec::new();
    };
    let mut names: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    names.retain(|name| {
        let file = name.file_name().unwrap().to_str().unwrap();
        file.ends_with(".parquet") && !file.starts_with('_')
    });
    names.sort();
    names
        .into_iter()
        .flat_map(|name| {
            let file = std::fs::File::open(name).unwrap();
            ParquetRecordBatchReaderBuilder::try_new(file)
                .unwrap()
                .build()
                .unwrap()
        })
        .map(Result::unwrap)
        .collect()
}

/// Each ID, and whether its row is marked as deleted. Fails where an ID has two rows.
fn rows(folder: &std::path::Path, table: &str, id: &str) -> BTreeMap<i64, bool> {
    let mut rows = BTreeMap::new();
    for batch in batches(folder, table) {
        let ids = batch.column_by_name(id).unwrap();
        let marks = batch.column_by_name("_deleted_at").unwrap();
        for row in 0..batch.num_rows() {
            let id = ids.as_primitive::<Int64Type>().value(row);
            assert_eq!(rows.insert(id, marks.is_valid(row)), None, "ID {id} twice");
        }
    }
    rows
}

/// The values of a column of texts or whole numbers, by ID.
fn values(folder: &std::path::Path, table: &str, column: &str) -> BTreeMap<i64, Option<String>> {
    let mut values = BTreeMap::new();
    for batch in batches(folder, table) {
        let ids = batch
            .column_by_name("ID")
            .unwrap()
            .as_primitive::<Int64Type>();
        let column = batch.column_by_name(column).unwrap();
        for row in 0..batch.num_rows() {
            let value = column
                .is_valid(row)
                .then(|| match column.as_string_opt::<i32>() {
                    Some(texts) => texts.value(row).to_owned(),
                    None => column.as_primitive::<Int64Type>().value(row).to_string(),
                });
            values.insert(ids.value(row), value);
        }
    }
    values
}

async fn assert_verified(bench: &Bench, store: &Store, entity: &str) {
    let run = bench.run(store, &[entity]);
    let verification = verify(&run, usize::MAX).await.unwrap().remove(0).1.unwrap();
    assert!(verification.is_equal(), "{verification:?}");
    assert_eq!(verification.compared, verification.in_portal);
}

async fn play(kind: &Kind, table: &str, id: &str, seed: u64) {
    let store = |bench: &Bench| dataset(bench);
    let look = |store: &Store| {
        if let Store::Dataset {
            place: DatasetPlace::Folder(folder),
            ..
        } = store
        {
            rows(folder, table, id);
        }
    };
    let bench = play_on(kind, seed, store, look).await;
    assert_verified(&bench, &dataset(&bench), kind.entity).await;
    let live = rows(&folder_of(&bench), table, id);
    let live = live.values().filter(|is_deleted| !**is_deleted).count() as u64;
    let tables = status(&dataset(&bench)).await.unwrap();
    assert_eq!(tables[0].rows, live);
}

#[tokio::test(start_paused = true)]
async fn after_random_histories_of_deals_the_folder_equals_the_portal() {
    for seed in 300..315 {
        play(&DEALS, "crm_deal", "ID", seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_random_histories_of_tasks_the_folder_equals_the_portal() {
    for seed in 400..410 {
        play(&TASKS, "tasks_task", "id", seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_folder_is_filled_brought_up_to_date_and_written_only_where_rows_changed() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 60_000));
    let (store, folder) = (dataset(&bench), folder_of(&bench));
    let run = bench.run(&store, &["crm.deal", "currencies"]);
    let sync = || async {
        let mut report = run.run().await.unwrap();
        (
            report.entities.remove(0).1.unwrap(),
            report.entities.remove(0).1.unwrap(),
        )
    };
    let (deals, currencies) = sync().await;
    assert_eq!((deals.written, deals.rows), (60_000, 60_000));
    assert!(currencies.written > 0);
    let parts = || {
        use std::os::unix::fs::MetadataExt as _;
        let mut names: Vec<(String, [i64; 3])> = folder
            .join("crm_deal")
            .read_dir()
            .unwrap()
            .map(|file| {
                let file = file.unwrap();
                let about = file.metadata().unwrap();
                // The number of a file that was replaced may be given to another one.
                let written = [about.ino() as i64, about.mtime(), about.mtime_nsec()];
                (file.file_name().into_string().unwrap(), written)
            })
            .filter(|(name, _)| name.ends_with(".parquet"))
            .collect();
        names.sort();
        names
    };
    let first = parts();
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "part-000000.parquet",
            "part-000001.parquet",
            "part-000002.parquet"
        ]
    );
    pass(60).await;
    let (deals, currencies) = sync().await;
    assert_eq!((deals.written, currencies.written), (0, 0));
    assert_eq!(parts(), first);
    let change = json!({"id": 30_000, "fields": {"TITLE": "changed"}});
    bench.call("crm.deal.update", change).await;
    bench.call("crm.deal.delete", json!({"id": 30_001})).await;
    pass(60).await;
    let (deals, _) = sync().await;
    assert_eq!((deals.written, deals.deleted, deals.rows), (1, 1, 59_999));
    let second = parts();
    assert_eq!((&first[0], &first[2]), (&second[0], &second[2]));
    assert_ne!(first[1], second[1]);
    let marked = rows(&folder, "crm_deal", "ID");
    assert_eq!(
        (marked.len(), marked[&30_001], marked[&30_000]),
        (60_000, true, false)
    );
    let titles = values(&folder, "crm_deal", "TITLE");
    assert_eq!(titles[&30_000].as_deref(), Some("changed"));
    assert!(titles[&30_001].is_some());
    assert_verified(&bench, &store, "crm.deal").await;
    assert_verified(&bench, &store, "currencies").await;
    let tables = status(&store).await.unwrap();
    let deals = tables
        .iter()
        .find(|table| table.table == "crm_deal")
        .unwrap();
    assert_eq!((deals.rows, deals.deleted), (59_999, 1));
    assert!(deals.loaded.deletes.is_some() && deals.failed.is_none());
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_folder_may_be_deleted_for_good() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 300));
    let (store, folder) = (dataset(&bench), folder_of(&bench));
    let run = bench.run(&store, &["crm.deal"]);
    run.run().await.unwrap();
    bench.call("crm.deal.delete", json!({"id": 9})).await;
    pass(60).await;
    let hard = SyncOptions {
        deletes: Deletes::Hard,
        ..SyncOptions::default()
    };
    let report = bench.run(&store, &["crm.deal"]).options(hard).run().await;
    let deals = report.unwrap().entities.remove(0).1.unwrap();
    assert_eq!((deals.deleted, deals.rows), (1, 299));
    let found = rows(&folder, "crm_deal", "ID");
    assert_eq!((found.len(), found.contains_key(&9)), (299, false));
    assert_verified(&bench, &store, "crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn a_new_field_is_a_column_of_every_file() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 26_000));
    let (store, folder) = (dataset(&bench), folder_of(&bench));
    let run = bench.run(&store, &["crm.deal"]);
    run.run().await.unwrap();
    let field = json!({"fields": {"FIELD_NAME": "LOCAL_NUMBER", "USER_TYPE_ID": "integer"}});
    bench.call("crm.deal.userfield.add", field).await;
    let change = json!({"id": 5, "fields": {"UF_CRM_LOCAL_NUMBER": 77}});
    bench.call("crm.deal.update", change).await;
    pass(60).await;
    let report = run.run().await.unwrap();
    let report = report.entities[0].1.as_ref().unwrap();
    assert_eq!((report.is_full, report.written), (true, 1));
    let found = values(&folder, "crm_deal", "UF_CRM_LOCAL_NUMBER");
    assert_eq!(
        (found.len(), found[&5].as_deref(), &found[&25_999]),
        (26_000, Some("77"), &None)
    );
    assert_verified(&bench, &store, "crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn two_syncs_of_one_folder_do_not_run_at_once_and_an_export_does_not_end_one() {
    let bench = Bench::new(
        PortalConfig::new()
            .rows("deal", 3_000)
            .latency(Duration::from_millis(200)),
    );
    let store = dataset(&bench);
    let (first, second) = (
        bench.run(&store, &["crm.deal"]),
        bench.run(&store, &["crm.deal"]),
    );
    let (first, second) = tokio::join!(first.run(), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        second.run().await
    });
    assert!(first.is_ok());
    assert!(
        matches!(second, Err(SyncError::Locked { .. })),
        "{second:?}"
    );
    let command = json!({"portal": "portal.test", "method": "crm.deal.list", "params": {}});
    let options = StoreOptions {
        table: "crm_deal".to_owned(),
        command: command.to_string(),
        resume: false,
        ..StoreOptions::default()
    };
    let error = store
        .open(options, Plan::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("kept in sync"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_folder_with_an_export_is_not_taken_for_one_that_is_kept_in_sync() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 100));
    let store = dataset(&bench);
    let _ = export(&bench.client, "crm.deal", &store).await;
    let report = bench.run(&store, &["crm.deal"]).run().await.unwrap();
    let error = report.entities[0].1.as_ref().unwrap_err().to_string();
    assert!(error.contains("holds an export"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn values_that_do_not_fit_and_labels_are_in_files_beside_the_rows() {
    let rows: Vec<_> = [
        r#"{"ID": "1", "TITLE": "a", "STAGE_ID": "NEW", "CLOSEDATE": "never"}"#,
        r#"{"ID": "2", "TITLE": "b", "STAGE_ID": "WON"}"#,
    ]
    .iter()
    .map(|row| serde_json::from_str(row).unwrap())
    .collect();
    let bench = Bench::new(PortalConfig::new().load("deal", rows));
    let (store, folder) = (dataset(&bench), folder_of(&bench));
    let options = SyncOptions {
        labels: true,
        ..SyncOptions::default()
    };
    let run = bench.run(&store, &["crm.deal"]).options(options);
    let report = run.run().await.unwrap();
    let report = report.entities[0].1.as_ref().unwrap();
    let errors = folder.join("crm_deal/_brimful_errors.jsonl");
    assert!(report.misfits > 0, "a value does not fit");
    let recorded = std::fs::read_to_string(&errors).unwrap();
    assert_eq!(
        recorded.lines().count() as u64,
        report.misfits,
        "{recorded}"
    );
    assert_eq!(status(&store).await.unwrap()[0].misfits, report.misfits);
    let change = json!({"id": 1, "fields": {"CLOSEDATE": "2026-01-05"}});
    bench.call("crm.deal.update", change).await;
    run.run().await.unwrap();
    assert_eq!(status(&store).await.unwrap()[0].misfits, 0);
    let labels = std::fs::File::open(folder.join("crm_deal/_brimful_labels.parquet")).unwrap();
    let labels = ParquetRecordBatchReaderBuilder::try_new(labels)
        .unwrap()
        .build()
        .unwrap();
    let batch = labels.map(Result::unwrap).next().unwrap();
    assert_eq!(batch.schema().field(2).name(), "label");
    assert!(batch.num_rows() > 3);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_with_an_error_keeps_what_came_and_the_next_one_goes_on_there() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 20_000));
    let store = dataset(&bench);
    // Fewer rows than a file is written with, and then the portal is gone.
    bench.portal.faults().set("503:after=3").unwrap();
    let run = bench.run(&store, &["crm.deal"]);
    let failed = run.run().await.unwrap().entities.remove(0).1;
    assert!(failed.is_err(), "{failed:?}");
    bench.portal.faults().clear();
    let report = run.run().await.unwrap().entities.remove(0).1.unwrap();
    assert_eq!(report.rows, 20_000);
    assert!(report.read < 20_000, "it went on: {}", report.read);
}

/// What is done to a file of a table.
type Harm = fn(&std::path::Path);

#[tokio::test(start_paused = true)]
async fn files_that_are_lost_or_others_are_seen_and_their_rows_come_back() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 26_000));
    let (store, folder) = (dataset(&bench), folder_of(&bench));
    let run = bench.run(&store, &["crm.deal"]);
    run.run().await.unwrap();
    let first = folder.join("crm_deal/part-000000.parquet");
    std::fs::copy(&first, bench.folder.path().join("backup")).unwrap();
    let change = json!({"id": 7, "fields": {"TITLE": "changed"}});
    bench.call("crm.deal.update", change).await;
    pass(60).await;
    run.run().await.unwrap();
    let harms: [(&str, Harm); 3] = [
        ("is gone, and 24999 rows with it", |first| {
            std::fs::remove_file(first).unwrap();
        }),
        ("is not the file that the last sync wrote", |first| {
            let backup = first.parent().unwrap().parent().unwrap().parent().unwrap();
            std::fs::copy(backup.join("backup"), first).unwrap();
        }),
        ("cannot be read", |first| {
            std::fs::write(first, "no rows").unwrap();
        }),
    ];
    for (word, harm) in harms {
        harm(&first);
        let trouble = status(&store).await.unwrap()[0].trouble.clone().unwrap();
        assert!(trouble.contains(word), "{trouble}");
        let verification = verify(&run, usize::MAX).await.unwrap().remove(0).1.unwrap();
        assert!(!verification.is_explained(), "{word}");
        // Nothing of it depends on whether deletes are looked for.
        let options = SyncOptions {
            deletes: Deletes::Off,
            ..SyncOptions::default()
        };
        let again = bench.run(&store, &["crm.deal"]).options(options);
        let report = again.run().await.unwrap().entities.remove(0).1.unwrap();
        assert!(report.is_full, "{word}");
        assert_verified(&bench, &store, "crm.deal").await;
        assert_eq!(status(&store).await.unwrap()[0].trouble, None, "{word}");
    }
    // A copy of the folder has other times, and the same content.
    let bytes = std::fs::read(&first).unwrap();
    std::fs::write(&first, bytes).unwrap();
    assert_eq!(status(&store).await.unwrap()[0].trouble, None);
    // Readers would take the rows of such files for rows of the table.
    for name in ["part-000007.parquet", "mine.parquet"] {
        let stranger = folder.join("crm_deal").join(name);
        std::fs::copy(&first, &stranger).unwrap();
        let trouble = status(&store).await.unwrap()[0].trouble.clone().unwrap();
        assert!(
            trouble.contains(name) && trouble.contains("move it"),
            "{trouble}"
        );
        let verification = verify(&run, 0).await.unwrap().remove(0).1.unwrap();
        assert!(!verification.is_explained(), "{name}");
        std::fs::remove_file(stranger).unwrap();
    }
    assert_verified(&bench, &store, "crm.deal").await;
}

#[tokio::test(start_paused = true)]
async fn a_file_with_a_copy_of_another_one_gives_no_id_twice_and_takes_no_row_for_deleted() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 26_000));
    let (store, folder) = (dataset(&bench), folder_of(&bench));
    let run = bench.run(&store, &["crm.deal"]);
    run.run().await.unwrap();
    let part = |number: u32| folder.join(format!("crm_deal/part-00000{number}.parquet"));
    std::fs::copy(part(0), part(1)).unwrap();
    for turn in 0..2 {
        pass(60).await;
        let report = run.run().await.unwrap().entities.remove(0).1.unwrap();
        assert_eq!((report.rows, report.deleted), (26_000, 0), "{turn}");
        let found = rows(&folder, "crm_deal", "ID");
        assert_eq!(found.len(), 26_000);
        assert!(found.values().all(|is_deleted| !is_deleted));
        assert_verified(&bench, &store, "crm.deal").await;
        assert_eq!(status(&store).await.unwrap()[0].trouble, None);
    }
    assert_eq!(names_aside(&folder).len(), 1);
}

/// The files that a sync has kept by another name.
fn names_aside(folder: &std::path::Path) -> Vec<String> {
    let files = folder.join("crm_deal").read_dir().unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains(".aside")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_copy_in_the_place_of_a_file_that_there_was_not_stays_until_rows_for_that_place_come() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 24_998));
    let (store, folder) = (dataset(&bench), folder_of(&bench));
    let run = bench.run(&store, &["crm.deal"]);
    run.run().await.unwrap();
    let second = folder.join("crm_deal/part-000001.parquet");
    std::fs::copy(folder.join("crm_deal/part-000000.parquet"), &second).unwrap();
    let copy = std::fs::read(&second).unwrap();
    pass(60).await;
    let report = run.run().await.unwrap().entities.remove(0).1.unwrap();
    assert!(report.has_strange_files && !report.is_full, "{report:?}");
    assert_eq!(std::fs::read(&second).unwrap(), copy);
    let trouble = status(&store).await.unwrap()[0].trouble.clone().unwrap();
    assert!(
        trouble.contains("move it") && !trouble.contains("run brimful sync"),
        "{trouble}"
    );
    for title in ["24999", "25000", "25001"] {
        let deal = json!({"fields": {"TITLE": title}});
        bench.call("crm.deal.add", deal).await;
    }
    pass(60).await;
    let report = run.run().await.unwrap().entities.remove(0).1.unwrap();
    assert!(!report.has_strange_files, "{report:?}");
    assert_eq!((report.written, report.rows), (3, 25_001));
    assert_eq!(rows(&folder, "crm_deal", "ID").len(), 25_001);
    assert_verified(&bench, &store, "crm.deal").await;
    assert_eq!(status(&store).await.unwrap()[0].trouble, None);
    let aside = names_aside(&folder);
    let aside = std::fs::read(folder.join("crm_deal").join(&aside[0])).unwrap();
    assert!(aside == copy);
}

#[tokio::test(start_paused = true)]
async fn deleted_rows_that_are_lost_are_counted_and_a_run_that_fails_while_it_mends_forgets_nothing()
 {
    let bench = Bench::new(PortalConfig::new().rows("deal", 26_000));
    let (store, folder) = (dataset(&bench), folder_of(&bench));
    let run = bench.run(&store, &["crm.deal"]);
    run.run().await.unwrap();
    for id in [25_500, 25_501] {
        bench.call("crm.deal.delete", json!({"id": id})).await;
    }
    pass(60).await;
    run.run().await.unwrap();
    let second = folder.join("crm_deal/part-000001.parquet");
    std::fs::write(&second, "no rows").unwrap();
    let trouble = status(&store).await.unwrap()[0].trouble.clone().unwrap();
    assert!(
        trouble.contains("1001 rows are lost with it (2 of them marked as deleted"),
        "{trouble}"
    );
    // Nothing can be written in its place.
    let in_the_way = folder.join("crm_deal/part-000001.partial");
    std::fs::create_dir(&in_the_way).unwrap();
    run.run().await.unwrap().entities.remove(0).1.unwrap_err();
    std::fs::remove_dir(in_the_way).unwrap();
    let options = SyncOptions {
        deletes: Deletes::Off,
        ..SyncOptions::default()
    };
    let again = bench.run(&store, &["crm.deal"]).options(options);
    let report = again.run().await.unwrap().entities.remove(0).1.unwrap();
    assert_eq!(report.rows, 25_998);
    assert_eq!(rows(&folder, "crm_deal", "ID").len(), 25_998);
    assert_verified(&bench, &store, "crm.deal").await;
    let aside = names_aside(&folder);
    let aside = std::fs::read(folder.join("crm_deal").join(&aside[0])).unwrap();
    assert_eq!(aside, b"no rows");
}

#[tokio::test(start_paused = true)]
async fn looking_at_a_folder_makes_none() {
    let bench = Bench::new(PortalConfig::new().rows("deal", 10));
    let (store, folder) = (dataset(&bench), folder_of(&bench));
    let run = bench.run(&store, &["crm.deal"]);
    for error in [
        status(&store).await.unwrap_err(),
        verify(&run, 10).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("no such folder"), "{error}");
    }
    assert!(!folder.exists());
    let both = bench.run(&store, &["crm.deal", "users"]);
    both.run().await.unwrap();
    std::fs::remove_dir_all(folder.join("crm_deal")).unwrap();
    assert_eq!(status(&store).await.unwrap().len(), 1);
    assert!(verify(&run, 10).await.unwrap().remove(0).1.is_err());
    assert!(!folder.join("crm_deal").exists());
    // Rows that nobody tells the portal of are not taken over.
    both.run().await.unwrap();
    std::fs::remove_file(folder.join("crm_deal/_brimful_state.json")).unwrap();
    let refused = run.run().await.unwrap().entities.remove(0).1.unwrap_err();
    assert!(refused.to_string().contains("whose rows"), "{refused}");
    // The other table is shown anyway.
    let tables = status(&store).await.unwrap();
    assert_eq!(tables.len(), 2);
    let trouble = tables[0].trouble.clone().unwrap();
    assert!(trouble.contains("whose rows"), "{trouble}");
    assert!(tables[1].rows > 0 && tables[1].trouble.is_none());
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_run_that_is_broken_off_keeps_the_folder_until_its_last_write_has_ended() {
    use std::io::Read;
    let bench = Bench::new(PortalConfig::new().rows("deal", 9_000));
    let (store, folder) = (dataset(&bench), folder_of(&bench));
    // A write that ends when it is read.
    std::fs::create_dir_all(folder.join("crm_deal")).unwrap();
    let pipe = folder.join("crm_deal/part-000000.partial");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let (began, has_begun) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let reader = std::thread::spawn(move || {
        let mut pipe = std::fs::File::open(pipe).unwrap();
        began.send(()).unwrap();
        let _ = may_go_on.recv();
        let mut all = Vec::new();
        pipe.read_to_end(&mut all).unwrap();
        all.len()
    });
    let run = bench.run(&store, &["crm.deal"]);
    tokio::select! {
        ended = run.run() => panic!("{ended:?}"),
        began = has_begun => began.unwrap(),
    }
    let second = run.run().await.unwrap_err();
    assert!(matches!(second, SyncError::Locked { .. }), "{second}");
    go_on.send(()).unwrap();
    assert!(reader.join().unwrap() > 64 << 10, "more than a pipe holds");
    std::fs::remove_file(folder.join("crm_deal/part-000000.partial")).ok();
    for _ in 0..100_000 {
        match run.run().await {
            Err(SyncError::Locked { .. }) => std::thread::yield_now(),
            ended => {
                ended.unwrap().entities.remove(0).1.unwrap();
                return;
            }
        }
    }
    panic!("the folder stays locked");
}
