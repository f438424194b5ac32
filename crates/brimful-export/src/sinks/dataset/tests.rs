//! Datasets in a storage that fails after any number of operations.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use brimful::Page;
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::*;
use crate::schema::{Plan, Types};
use crate::writer::RowWriter;

/// Objects in memory, which are there for so many operations and then no more, as for a process that is killed.
#[derive(Clone, Default)]
struct Memory {
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    left: Arc<AtomicUsize>,
}

impl Memory {
    fn operation(&self) -> Result<(), String> {
        let left = &self.left;
        let one_less = |left: usize| left.checked_sub(1);
        let counted = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        counted.map(drop).map_err(|_| "killed".to_owned())
    }
}

impl Objects for Memory {
    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), String> {
        self.operation()?;
        self.objects.lock().insert(name.to_owned(), bytes);
        Ok(())
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        self.operation()?;
        Ok(self.objects.lock().get(name).cloned())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), String> {
        self.operation()?;
        let mut objects = self.objects.lock();
        if let Some(bytes) = objects.remove(from) {
            objects.insert(to.to_owned(), bytes);
        }
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), String> {
        self.operation()?;
        self.objects.lock().remove(name);
        Ok(())
    }

    #[cfg(feature = "sync")]
    fn list(&self) -> Result<Vec<super::objects::StoredObject>, String> {
        let objects = self.objects.lock();
        let found = objects
            .iter()
            .map(|(name, bytes)| super::objects::StoredObject {
                name: name.clone(),
                stamp: bytes.len().to_string(),
            });
        Ok(found.collect())
    }
}

/// Rows of a run: so many from `first` on, a page of five at a time.
fn export(memory: &Memory, rows: u64) -> Result<(), ExportError> {
    let options = StoreOptions {
        table: "crm_deal".to_owned(),
        command: format!("crm.deal.list of {rows}"),
        resume: true,
        ..StoreOptions::default()
    };
    let by = "CLOSEDATE:month".parse().ok();
    let mut sink = DatasetSink::new(Box::new(memory.clone()), by, String::new(), options)?;
    sink.rows_at_once = 10;
    sink.partitions_at_once = 5;
    let plan = Plan {
        entity: "crm.deal".to_owned(),
        id_field: "ID".to_owned(),
        types: Types::Portal,
        fields: fields(),
        ..Plan::default()
    };
    let mut writer = RowWriter::new(Box::new(sink), plan);
    let first = writer.resumed().map_or(1, |(_, last)| last + 1);
    let row = |id: u64| {
        let date = match id % 7 {
            0 => "never".to_owned(),
            one => format!("2026-{one:02}-01"),
        };
        (
            Some(id),
            // A field comes in the middle of a page, behind a row with a value that does not fit.
            if id < 22 {
                format!("{{\"ID\":\"{id}\",\"CLOSEDATE\":\"{date}\"}}")
            } else {
                format!("{{\"ID\":\"{id}\",\"CLOSEDATE\":\"{date}\",\"UF_CRM_1\":\"new\"}}")
            },
        )
    };
    let ids: Vec<u64> = (first..=rows).collect();
    for ids in ids.chunks(5) {
        let page: Page = ids.iter().map(|id| row(*id)).collect();
        writer.write_page(&page, &mut Vec::new())?;
    }
    writer.finish(&mut std::io::sink())
}

fn fields() -> brimful::Fields {
    let field = |kind: &str| serde_json::json!({"type": kind, "title": kind});
    let fields = serde_json::json!({"ID": field("integer"), "CLOSEDATE": field("date")});
    let call = brimful::FieldsCall::of("crm.deal");
    call.read(&fields).unwrap()
}

/// The IDs in all Parquet files that readers see, and how many values did not fit.
fn found(memory: &Memory) -> (Vec<i64>, usize) {
    let (mut ids, mut misfits) = (Vec::new(), 0);
    for (name, bytes) in memory.objects.lock().iter() {
        if name.starts_with(ERRORS) {
            misfits += String::from_utf8_lossy(bytes).lines().count();
        }
        if name.starts_with('_') {
            continue;
        }
        let bytes = bytes::Bytes::from(bytes.clone());
        for batch in ParquetRecordBatchReader::try_new(bytes, 1024).unwrap() {
            let batch = batch.unwrap();
            ids.extend(batch.column(0).as_primitive::<Int64Type>().values().iter());
        }
    }
    ids.sort_unstable();
    (ids, misfits)
}

/// The names of the files, without the part that is another one for every process.
fn names(memory: &Memory) -> Vec<String> {
    let without_writer = |name: &String| match name.rsplit_once('.') {
        // Parts of an export have a number, that of the run, and one of the process; those of a sync a number alone.
        Some((stem, ending)) if stem.matches('-').count() >= 3 => {
            let (stem, _writer) = stem.rsplit_once('-').unwrap();
            format!("{stem}.{ending}")
        }
        _ => name.clone(),
    };
    memory.objects.lock().keys().map(without_writer).collect()
}

#[test]
fn of_two_runs_at_once_the_earlier_one_ends_and_no_row_is_there_twice() {
    let memory = Memory::default();
    memory.left.store(usize::MAX, Ordering::SeqCst);
    let open = || {
        let options = StoreOptions {
            table: "crm_deal".to_owned(),
            command: "crm.deal.list".to_owned(),
            resume: true,
            ..StoreOptions::default()
        };
        let sink = DatasetSink::new(Box::new(memory.clone()), None, String::new(), options);
        let plan = Plan {
            fields: fields(),
            ..Plan::of_list("crm.deal.list")
        };
        RowWriter::new(Box::new(sink.unwrap()), plan)
    };
    let page = || -> Page {
        (1..=3)
            .map(|id| (Some(id), format!("{{\"ID\":\"{id}\"}}")))
            .collect()
    };
    let (mut first, mut second) = (open(), open());
    first.write_page(&page(), &mut Vec::new()).unwrap();
    second.write_page(&page(), &mut Vec::new()).unwrap();
    let error = first.finish(&mut std::io::sink()).unwrap_err().to_string();
    assert!(
        error.contains("another export has begun to write"),
        "{error}"
    );
    second.finish(&mut std::io::sink()).unwrap();
    assert_eq!(found(&memory).0, [1, 2, 3]);
}

#[test]
fn rows_are_in_folders_of_their_months_and_a_run_replaces_the_one_before() {
    let memory = Memory::default();
    memory.left.store(usize::MAX, Ordering::SeqCst);
    export(&memory, 7).unwrap();
    assert_eq!(
        names(&memory),
        [
            "CLOSEDATE_month=2026-01/part-00001-1.parquet",
            "CLOSEDATE_month=2026-02/part-00002-1.parquet",
            "CLOSEDATE_month=2026-03/part-00003-1.parquet",
            "CLOSEDATE_month=2026-04/part-00004-1.parquet",
            "CLOSEDATE_month=2026-05/part-00005-1.parquet",
            "CLOSEDATE_month=2026-06/part-00006-1.parquet",
            "CLOSEDATE_month=__HIVE_DEFAULT_PARTITION__/part-00007-1.parquet",
            "_brimful_errors/part-00008-1.jsonl",
            "_brimful_state.json",
        ]
    );
    export(&memory, 2).unwrap();
    assert_eq!(
        names(&memory),
        [
            "CLOSEDATE_month=2026-01/part-00001-2.parquet",
            "CLOSEDATE_month=2026-02/part-00002-2.parquet",
            "_brimful_state.json",
        ]
    );
    export(&memory, 0).unwrap();
    assert_eq!(found(&memory).0, Vec::<i64>::new());
}

#[test]
fn a_run_that_is_killed_after_any_operation_is_resumed_without_a_row_lost_or_doubled() {
    let mut killed = 0;
    for first in 0.. {
        let memory = Memory::default();
        memory.left.store(usize::MAX, Ordering::SeqCst);
        if first % 2 == 0 {
            // What was there before is there until it is replaced.
            export(&memory, 12).unwrap();
        }
        memory.left.store(first, Ordering::SeqCst);
        if export(&memory, 43).is_ok() {
            break;
        }
        killed += 1;
        // The next one is killed too, at another moment.
        memory.left.store(first * 7 % 31, Ordering::SeqCst);
        let _ = export(&memory, 43);
        memory.left.store(usize::MAX, Ordering::SeqCst);
        export(&memory, 43).unwrap();
        let (ids, misfits) = found(&memory);
        assert_eq!(ids, (1..=43).collect::<Vec<i64>>(), "after {first}");
        assert_eq!(misfits, 6, "after {first}");
        assert!(
            names(&memory).iter().all(|name| !name.starts_with(NEW)),
            "{first}: {:?}",
            names(&memory)
        );
    }
    assert!(killed > 50, "{killed}");
}

#[test]
fn the_parts_of_an_interrupted_run_are_not_dropped_by_another_command() {
    let memory = Memory::default();
    memory.left.store(60, Ordering::SeqCst);
    assert!(export(&memory, 43).is_err());
    memory.left.store(usize::MAX, Ordering::SeqCst);
    let before = names(&memory);
    let refused = export(&memory, 20).unwrap_err();
    assert!(
        matches!(refused, ExportError::InterruptedRun { .. }),
        "{refused}"
    );
    assert_eq!(names(&memory), before);
    export(&memory, 43).unwrap();
    assert_eq!(found(&memory).0, (1..=43).collect::<Vec<i64>>());
}

/// A run of a sync: rows with their titles, and IDs that are gone.
#[cfg(feature = "sync")]
fn sync(memory: &Memory, rows: &[(u64, &str)], gone: &[u64]) -> Result<(), ExportError> {
    use super::synced::{BesideParts, GoneKeys};
    use crate::sinks::run_state::SyncWrites;
    let mut sink = synced_dataset(memory)?;
    sink.state_mut().sync = Some(SyncWrites::default());
    let plan = Plan {
        id_field: "ID".to_owned(),
        fields: fields(),
        ..Plan::default()
    };
    let mut writer = RowWriter::new(Box::new(sink), plan);
    let rows = rows.iter().map(|(id, title)| {
        let row = format!("{{\"ID\":\"{id}\",\"TITLE\":\"{title}\"}}");
        (Some(*id), row)
    });
    writer.write_page(&rows.collect(), &mut Vec::new())?;
    let sink = writer.store().and_then(|sink| sink.synced_dataset());
    sink.unwrap().put_beside(BesideParts {
        command: SYNC.to_owned(),
        sync: serde_json::json!({}),
        coverage: None,
        gone: Some(GoneKeys {
            ids: gone.iter().map(u64::to_string).collect(),
            marked_at: None,
        }),
    });
    writer.store_waiting()
}

#[cfg(feature = "sync")]
const SYNC: &str = r#"{"portal":"a","sync":"crm.deal","method":"crm.deal.list"}"#;

#[cfg(feature = "sync")]
fn synced_dataset(memory: &Memory) -> Result<super::synced::SyncedDataset, ExportError> {
    let options = StoreOptions {
        table: "crm_deal".to_owned(),
        command: SYNC.to_owned(),
        resume: false,
        ..StoreOptions::default()
    };
    super::synced::SyncedDataset::new(Box::new(memory.clone()), String::new(), options)
}

#[cfg(feature = "sync")]
#[test]
fn a_sync_that_is_killed_after_any_operation_leaves_one_row_an_id_and_knows_which() {
    type Run = (&'static [(u64, &'static str)], &'static [u64]);
    const RUNS: [Run; 3] = [
        (&[(1, "a"), (2, "a"), (25_001, "a"), (60_000, "a")], &[]),
        (&[(2, "b"), (3, "b"), (25_002, "b"), (60_000, "a")], &[1]),
        (&[(25_001, "c"), (90_000, "c")], &[2, 60_000]),
    ];
    let mut killed = 0;
    for operations in 0.. {
        let memory = Memory::default();
        memory.left.store(operations, Ordering::SeqCst);
        let mut was_killed = false;
        for (rows, gone) in RUNS {
            while sync(&memory, rows, gone).is_err() {
                was_killed = true;
                memory.left.store(usize::MAX, Ordering::SeqCst);
                let (there, _) = found(&memory);
                let mut once = there.clone();
                once.dedup();
                assert_eq!(there, once, "after {operations}");
                let mut known: Vec<i64> = Vec::new();
                let mut sink = synced_dataset(&memory).unwrap();
                sink.ids(&mut |id| known.push(id.parse().unwrap())).unwrap();
                assert_eq!(known, there, "after {operations}");
            }
        }
        assert_eq!(
            found(&memory).0,
            [3, 25_001, 25_002, 90_000],
            "{operations}"
        );
        killed += u32::from(was_killed);
        if !was_killed {
            break;
        }
    }
    assert!(killed > 20, "{killed}");
}

/// Opens the table, has it take a page and keys that are gone, and stores all of it.
#[cfg(feature = "sync")]
fn sync_page(
    memory: &Memory,
    fields: brimful::Fields,
    rows: &[&str],
    gone: &[&str],
) -> Result<RowWriter, ExportError> {
    use super::synced::{BesideParts, GoneKeys};
    use crate::sinks::run_state::SyncWrites;
    let mut sink = synced_dataset(memory)?;
    sink.state_mut().sync = Some(SyncWrites::default());
    let plan = Plan {
        id_field: "ID".to_owned(),
        fields,
        ..Plan::default()
    };
    let mut writer = RowWriter::new(Box::new(sink), plan);
    let page: Page = rows.iter().map(|row| (None, (*row).to_owned())).collect();
    writer.write_page(&page, &mut Vec::new())?;
    let dataset = writer.store().and_then(|sink| sink.synced_dataset());
    dataset.unwrap().put_beside(BesideParts {
        command: SYNC.to_owned(),
        sync: serde_json::json!({}),
        coverage: None,
        gone: Some(GoneKeys {
            ids: gone.iter().map(|id| (*id).to_owned()).collect(),
            marked_at: Some(7),
        }),
    });
    writer.store_waiting()?;
    Ok(writer)
}

#[cfg(feature = "sync")]
fn read(fields: &serde_json::Value) -> brimful::Fields {
    brimful::FieldsCall::of("crm.deal").read(fields).unwrap()
}

#[cfg(feature = "sync")]
fn ids(memory: &Memory) -> Vec<String> {
    let mut ids = Vec::new();
    let mut sink = synced_dataset(memory).unwrap();
    sink.ids(&mut |id| ids.push(id.to_owned())).unwrap();
    ids
}

#[cfg(feature = "sync")]
#[test]
fn rows_whose_ids_are_texts_of_digits_are_found_when_they_are_gone() {
    let memory = Memory::default();
    memory.left.store(usize::MAX, Ordering::SeqCst);
    let fields = serde_json::json!({"ID": {"type": "string"}, "TITLE": {"type": "string"}});
    let rows = [
        r#"{"ID":"7","TITLE":"a"}"#,
        r#"{"ID":"070","TITLE":"b"}"#,
        r#"{"ID":"60000","TITLE":"c"}"#,
    ];
    sync_page(&memory, read(&fields), &rows, &[]).unwrap();
    assert_eq!(ids(&memory), ["070", "60000", "7"]);
    sync_page(&memory, read(&fields), &rows[..1], &["60000"]).unwrap();
    assert_eq!(ids(&memory), ["070", "7"]);
    // No part is made for the number that such a text would be.
    assert_eq!(
        names(&memory),
        ["_brimful_state.json", "part-000000.parquet"]
    );
}

#[cfg(feature = "sync")]
#[test]
fn columns_stay_although_all_files_that_had_them_are_lost() {
    let memory = Memory::default();
    memory.left.store(usize::MAX, Ordering::SeqCst);
    let kinds = [
        "string",
        "double",
        "money",
        "datetime",
        "date",
        "boolean",
        "crm_multifield",
    ];
    let mut fields = serde_json::json!({"ID": {"type": "integer"}});
    for (place, kind) in kinds.iter().enumerate() {
        fields[format!("A{place}")] = serde_json::json!({"type": kind});
        fields[format!("B{place}")] = serde_json::json!({"type": kind, "isMultiple": true});
    }
    let mut row = fields.clone();
    for (name, value) in row.as_object_mut().unwrap() {
        // Most of them do not fit, and have a column anyway.
        *value = serde_json::json!(if name == "ID" { "1" } else { "x" });
    }
    sync_page(&memory, read(&fields), &[&row.to_string()], &[]).unwrap();
    let columns = || {
        let objects = memory.objects.lock();
        let bytes = bytes::Bytes::from(objects["part-000000.parquet"].clone());
        let reader = ParquetRecordBatchReader::try_new(bytes, 10).unwrap();
        let schema = arrow_array::RecordBatchReader::schema(&reader);
        let fields = schema.fields().iter();
        fields
            .map(|field| (field.name().clone(), field.data_type().clone()))
            .collect::<Vec<_>>()
    };
    let before = columns();
    assert!(before.len() > 2 * kinds.len(), "{before:?}");
    memory.objects.lock().remove("part-000000.parquet");
    let fields = serde_json::json!({"ID": {"type": "integer"}});
    sync_page(&memory, read(&fields), &[r#"{"ID":"2"}"#], &[]).unwrap();
    assert_eq!(columns(), before);
}

#[cfg(feature = "sync")]
#[test]
fn after_a_write_that_failed_nothing_more_is_written() {
    let memory = Memory::default();
    memory.left.store(usize::MAX, Ordering::SeqCst);
    let fields = || read(&serde_json::json!({"ID": {"type": "integer"}}));
    let mut writer = sync_page(&memory, fields(), &[r#"{"ID":"1"}"#], &[]).unwrap();
    let page: Page = [(None, r#"{"ID":"2"}"#.to_owned())].into_iter().collect();
    writer.write_page(&page, &mut Vec::new()).unwrap();
    memory.left.store(1, Ordering::SeqCst);
    let dataset = writer.store().and_then(|sink| sink.synced_dataset());
    assert!(dataset.unwrap().flush().is_err());
    memory.left.store(usize::MAX, Ordering::SeqCst);
    let refused = writer.write_page(&page, &mut Vec::new()).unwrap_err();
    assert!(
        refused.to_string().contains("an earlier write"),
        "{refused}"
    );
    let dataset = writer.store().and_then(|sink| sink.synced_dataset());
    assert!(dataset.unwrap().flush().is_err());
    drop(writer);
    sync_page(&memory, fields(), &[r#"{"ID":"3"}"#], &[]).unwrap();
    assert_eq!(ids(&memory), ["1", "3"]);
}

#[cfg(feature = "sync")]
#[test]
fn values_that_did_not_fit_of_rows_with_any_id_are_forgotten_when_the_row_comes_again() {
    let memory = Memory::default();
    memory.left.store(usize::MAX, Ordering::SeqCst);
    let fields = serde_json::json!({"ID": {"type": "string"}, "CLOSEDATE": {"type": "date"}});
    let rows = [
        r#"{"ID":"USD","CLOSEDATE":"never"}"#,
        r#"{"ID":"7","CLOSEDATE":"never"}"#,
        r#"{"ID":null,"CLOSEDATE":"2026-01-05"}"#,
    ];
    let errors = || {
        let objects = memory.objects.lock();
        String::from_utf8(objects["_brimful_errors.jsonl"].clone()).unwrap()
    };
    for _ in 0..2 {
        let mut writer = sync_page(&memory, read(&fields), &rows, &[]).unwrap();
        assert_eq!(errors().matches('\n').count(), 3, "{}", errors());
        let dataset = writer.store().and_then(|sink| sink.synced_dataset());
        let dataset = dataset.unwrap();
        dataset.forget_errors(&["USD".to_owned(), "7".to_owned()], true);
        dataset.flush().unwrap();
        assert_eq!(errors(), "");
    }
}
