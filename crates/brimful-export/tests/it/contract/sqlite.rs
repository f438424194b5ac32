//! SQLite.

use brimful_export::{RowWriter, Store};

use super::*;

fn store(folder: &tempfile::TempDir) -> (Store, rusqlite::Connection) {
    let path = folder.path().join("portal.db");
    let store = format!("sqlite:{}", path.display()).parse().unwrap();
    (store, rusqlite::Connection::open(path).unwrap())
}

fn write(store: &Store, page: &Page) -> RowWriter {
    let mut writer = store.open(options("crm_deal"), plan()).unwrap();
    writer.write_page(page, &mut Vec::new()).unwrap();
    writer.finish(&mut std::io::sink()).unwrap();
    writer
}

#[test]
fn a_table_holds_the_rows_and_what_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let (store, database) = store(&folder);
    for _ in 0..2 {
        assert_eq!(write(&store, &rows()).misfits(), 1);
    }
    let columns = COLUMNS
        .map(|name| format!("coalesce({name}, '')"))
        .join(", ");
    let sql = format!("SELECT {columns} FROM crm_deal ORDER BY id");
    let mut select = database.prepare(&sql).unwrap();
    let found: Vec<Vec<String>> = select
        .query_map([], |row| {
            (0..10)
                .map(|place| {
                    Ok(match row.get_ref(place)? {
                        rusqlite::types::ValueRef::Integer(value) => value.to_string(),
                        rusqlite::types::ValueRef::Real(value) => value.to_string(),
                        other => other.as_str()?.to_owned(),
                    })
                })
                .collect()
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let as_stored = |place, cell: &str| match (place, cell) {
        (2, "100.10") => "100.1".to_owned(),
        (8, "5.00") => "5".to_owned(),
        (3, "true") => "1".to_owned(),
        (3, "false") => "0".to_owned(),
        (4, "2026-01-02T00:04:05Z") => "2026-01-02T03:04:05+03:00".to_owned(),
        _ => cell.to_owned(),
    };
    assert_eq!(found, expected(as_stored));
    let misfit: (String, String, String, i64) = database
        .query_row(
            "SELECT id, field, value, count(*) FROM _brimful_errors",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    let expected = ("9007199254740993", "CLOSEDATE", "\"0000-00-00\"", 1);
    assert_eq!(
        (
            misfit.0.as_str(),
            misfit.1.as_str(),
            misfit.2.as_str(),
            misfit.3
        ),
        expected
    );
}

#[test]
fn a_new_field_becomes_a_new_column_and_an_old_row_is_updated() {
    let folder = tempfile::tempdir().unwrap();
    let (store, database) = store(&folder);
    let first = [(Some(1), r#"{"ID":"1","TITLE":"a"}"#.to_owned())];
    write(&store, &first.into_iter().collect());
    let second = [
        (Some(1), r#"{"ID":"1","TITLE":"b"}"#.to_owned()),
        (Some(2), r#"{"ID":"2","TITLE":"c","UF_NEW":"d"}"#.to_owned()),
    ];
    write(&store, &second.into_iter().collect());
    let found: String = database
        .query_row(
            "SELECT group_concat(title || coalesce(uf_new, ''), ' ') FROM crm_deal",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(found, "b cd");
}

#[test]
fn a_field_that_appears_in_the_middle_of_a_run_becomes_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let (store, database) = store(&folder);
    let mut writer = store.open(options("crm_deal"), plan()).unwrap();
    for row in [
        r#"{"ID":"1"}"#,
        r#"{"ID":"2","UF_LATE":"x"}"#,
        r#"{"ID":"3"}"#,
    ] {
        let page = [(None, row.to_owned())].into_iter().collect();
        writer.write_page(&page, &mut Vec::new()).unwrap();
    }
    writer.finish(&mut std::io::sink()).unwrap();
    let found: i64 = database
        .query_row("SELECT id FROM crm_deal WHERE uf_late = 'x'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(found, 2);
}

#[test]
fn an_interrupted_run_is_resumed_by_the_same_command_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, database) = store(&folder);
    let mut writer = store.open(options("crm_deal"), plan()).unwrap();
    assert_eq!(writer.resumed(), None);
    writer.write_page(&rows(), &mut Vec::new()).unwrap();
    writer.pause().unwrap();
    drop(writer);
    let other = StoreOptions {
        command: "crm.deal.list with a filter".to_owned(),
        drop_interrupted: true,
        ..options("crm_deal")
    };
    assert_eq!(store.open(other, plan()).unwrap().resumed(), None);
    let again = StoreOptions {
        resume: false,
        ..options("crm_deal")
    };
    assert_eq!(store.open(again, plan()).unwrap().resumed(), None);
    let mut writer = store.open(options("crm_deal"), plan()).unwrap();
    assert_eq!(writer.resumed(), Some((3, 9_007_199_254_740_993)));
    let row = r#"{"ID":"9007199254740994","TITLE":"last"}"#.to_owned();
    let page = [(Some(9_007_199_254_740_994), row)].into_iter().collect();
    writer.write_page(&page, &mut Vec::new()).unwrap();
    writer.finish(&mut std::io::sink()).unwrap();
    assert_eq!(writer.misfits(), 1, "that of the interrupted run is kept");
    let state = database.query_row("SELECT rows, finished FROM _brimful_state", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
    });
    assert_eq!(state, Ok((4, true)));
    drop(writer);
    let writer = store.open(options("crm_deal"), plan()).unwrap();
    assert_eq!(writer.resumed(), None, "it is finished");
}

#[test]
fn a_row_without_an_id_is_recorded_and_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (store, database) = store(&folder);
    let page = [
        (Some(1), r#"{"ID":"1"}"#.to_owned()),
        (None, r#"{"ID":"x"}"#.to_owned()),
    ];
    let writer = write(&store, &page.into_iter().collect());
    assert_eq!(writer.misfits(), 2);
    let count = database.query_row("SELECT count(*) FROM crm_deal", [], |row| row.get(0));
    assert_eq!(count, Ok(1_i64));
}

#[test]
fn names_that_sqlite_takes_for_the_same_are_told_apart_and_no_title_ends_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let (store, database) = store(&folder);
    let row = r#"{"ID":"1","TITLE":"a","Title":"b","_deleted_at":"c","":"d","a\u0000b":"e"}"#;
    let page: Page = [(Some(1), row.to_owned())].into_iter().collect();
    for _ in 0..2 {
        let mut plan = plan();
        let title = plan.fields.get_mut("TITLE").unwrap();
        title.title = Some("a\0b */".to_owned());
        let mut writer = store.open(options("crm_deal"), plan).unwrap();
        writer.write_page(&page, &mut Vec::new()).unwrap();
        writer.finish(&mut std::io::sink()).unwrap();
        assert_eq!(writer.misfits(), 0);
    }
    let stored: Vec<String> = database
        .query_row("SELECT * FROM crm_deal", [], |row| {
            (1..6).map(|place| row.get(place)).collect()
        })
        .unwrap();
    assert_eq!(stored, ["a", "b", "c", "d", "e"]);
    let mut names = database
        .prepare("SELECT name FROM pragma_table_info('crm_deal')")
        .unwrap();
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!((names[1].as_str(), names.len()), ("TITLE", 6));
    assert!(names[2].starts_with("Title_"), "{names:?}");
    assert!(names[3].starts_with("_deleted_at_"), "{names:?}");
    assert!(names[5].starts_with("ab_"), "{names:?}");
}

#[test]
fn dates_and_links_of_a_table_get_one_index_each() {
    let folder = tempfile::tempdir().unwrap();
    let (store, database) = store(&folder);
    for _ in 0..2 {
        write(&store, &rows()).make_indexes().unwrap();
    }
    let mut select = database
        .prepare("SELECT c.name FROM pragma_index_list('crm_deal') i, pragma_index_info(i.name) c ORDER BY 1")
        .unwrap();
    let found: Vec<String> = select
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(found, ["CLOSEDATE", "DATE_CREATE"]);
}
