//! What every format and store promises, run for each of them and read back with a reader of its own: the same rows, in
//! their order, NULL where there is nothing, and no value lost.

use std::sync::Arc;

use brimful::{Client, Page};
use brimful_export::{FileFormat, FileOptions, Misfit, Plan, RowWriter};
use brimful_portal::{Portal, PortalConfig};
use serde_json::json;

/// The columns of the test, in their order.
const COLUMNS: [&str; 10] = [
    "ID",
    "TITLE",
    "OPPORTUNITY",
    "CLOSED",
    "DATE_CREATE",
    "CLOSEDATE",
    "UF_CRM_1700000000003",
    "UF_CRM_1700000000007",
    "UF_CRM_1700000000008",
    "UF_CRM_1700000000008__CURRENCY",
];

/// As every format reads back; moments in UTC, lists as JSON.
const ROWS: [[&str; 10]; 3] = [
    [
        "1",
        "a,\"b\"\r\nЖ",
        "100.10",
        "false",
        "2026-01-02T00:04:05Z",
        "2026-02-03",
        "0.5",
        "[1,2]",
        "5.00",
        "EUR",
    ],
    ["2", "", "", "", "", "", "", "", "", ""],
    [
        "9007199254740993",
        "c",
        "-0.1234",
        "true",
        "",
        "",
        "",
        "[]",
        "",
        "",
    ],
];

/// Rows as a portal writes them. The last one has a date that is none.
fn rows() -> Page {
    let rows = [
        (
            1,
            json!({"ID": "1", "TITLE": "a,\"b\"\r\nЖ", "OPPORTUNITY": "100.10", "CLOSED": "N",
            "DATE_CREATE": "2026-01-02T03:04:05+03:00", "CLOSEDATE": "2026-02-03T00:00:00+03:00",
            "UF_CRM_1700000000003": "0.5", "UF_CRM_1700000000007": [1, "2"],
            "UF_CRM_1700000000008": "5.00|EUR"}),
        ),
        (
            2,
            json!({"ID": "2", "TITLE": "", "OPPORTUNITY": null, "CLOSED": "", "DATE_CREATE": "",
            "CLOSEDATE": null, "UF_CRM_1700000000003": "", "UF_CRM_1700000000007": [],
            "UF_CRM_1700000000008": ""}),
        ),
        (
            9_007_199_254_740_993,
            json!({"ID": "9007199254740993", "TITLE": "c", "OPPORTUNITY": "-0.1234", "CLOSED": "Y",
            "DATE_CREATE": null, "CLOSEDATE": "0000-00-00", "UF_CRM_1700000000003": null,
            "UF_CRM_1700000000007": false, "UF_CRM_1700000000008": null}),
        ),
    ];
    rows.into_iter()
        .map(|(id, row)| (Some(id), row.to_string()))
        .collect()
}

/// The plan of a list of deals.
fn plan() -> Plan {
    plan_of("crm.deal")
}

/// A plan with the fields that a portal tells.
fn plan_of(entity: &str) -> Plan {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let fields = runtime.block_on(async {
        let portal = Portal::new(PortalConfig::unlimited()).unwrap();
        let server = portal.bind("127.0.0.1:0").await.unwrap();
        let client = Client::builder(server.webhook_url()).build().unwrap();
        client.fields(entity, json!({})).await.unwrap()
    });
    Plan {
        entity: entity.to_owned(),
        fields,
        id_field: "ID".to_owned(),
        ..Plan::default()
    }
}

/// The file of a format, and what did not fit.
fn file(format: FileFormat) -> (Vec<u8>, Vec<Misfit>) {
    let mut writer = RowWriter::to_file(format, &FileOptions::default(), plan()).unwrap();
    let mut file = Vec::new();
    writer.write_page(&rows(), &mut file).unwrap();
    writer.finish(&mut file).unwrap();
    (file, writer.take_misfits())
}

fn check_misfits(misfits: &[Misfit]) {
    let mut line = Vec::new();
    assert_eq!(misfits.len(), 1);
    misfits[0].write_line(&mut line);
    assert_eq!(
        String::from_utf8(line).unwrap(),
        "{\"id\":\"9007199254740993\",\"field\":\"CLOSEDATE\",\"value\":\"0000-00-00\",\"reason\":\"it is not a date\"}\n"
    );
}

/// The rows as they are expected, changed by `change` where a format shows a column in a way of its own.
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
fn options(table: &str) -> brimful_export::StoreOptions {
    brimful_export::StoreOptions {
        table: table.to_owned(),
        command: "crm.deal.list".to_owned(),
        resume: true,
    }
}

fn expected(change: impl Fn(usize, &str) -> String) -> Vec<Vec<String>> {
    let row = |row: &[&str; 10]| {
        let cells = row.iter().enumerate();
        // A list that is empty is nothing.
        cells
            .map(|(place, cell)| change(place, if *cell == "[]" { "" } else { cell }))
            .collect()
    };
    ROWS.iter().map(row).collect()
}

#[test]
fn csv_holds_the_rows() {
    let (file, misfits) = file(FileFormat::Csv);
    check_misfits(&misfits);
    let mut reader = csv::Reader::from_reader(file.as_slice());
    assert_eq!(
        reader.headers().unwrap().iter().collect::<Vec<_>>(),
        COLUMNS
    );
    let found: Vec<Vec<String>> = reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect();
    // CSV has the clock of the portal.
    let zone = |place, cell: &str| match (place, cell) {
        (4, "2026-01-02T00:04:05Z") => "2026-01-02T03:04:05+03:00".to_owned(),
        _ => cell.to_owned(),
    };
    assert_eq!(found, expected(zone));
}

#[cfg(feature = "xlsx")]
#[test]
fn a_workbook_holds_the_rows_as_numbers_and_dates() {
    use calamine::{Data, Reader, Xlsx};
    let (file, misfits) = file(FileFormat::Xlsx);
    check_misfits(&misfits);
    let mut workbook: Xlsx<_> =
        calamine::open_workbook_from_rs(std::io::Cursor::new(file)).unwrap();
    let sheet = workbook.worksheet_range("rows").unwrap();
    let rows: Vec<&[Data]> = sheet.rows().collect();
    let header: Vec<String> = rows[0].iter().map(ToString::to_string).collect();
    assert_eq!(header, COLUMNS);
    assert_eq!(rows[1][0], Data::Float(1.0));
    assert_eq!(rows[1][2], Data::Float(100.1));
    assert_eq!(rows[1][3], Data::Bool(false));
    let Data::DateTime(moment) = &rows[1][4] else {
        panic!("no date: {:?}", rows[1][4]);
    };
    // 2026-01-02 03:04:05 on the portal's clock.
    assert!(
        (moment.as_f64() - 46_024.127_835_65).abs() < 1e-6,
        "{moment:?}"
    );
    assert_eq!(rows[1][5].to_string(), "46056");
    assert_eq!(rows[1][7], Data::String("[1,2]".to_owned()));
    assert!(rows[2][1..].iter().all(|cell| *cell == Data::Empty));
    // Excel would round it.
    assert_eq!(rows[3][0], Data::String("9007199254740993".to_owned()));
}

#[cfg(feature = "xlsx")]
#[test]
fn a_text_that_is_too_long_for_excel_is_cut_and_kept_whole_elsewhere() {
    let mut writer = RowWriter::to_file(FileFormat::Xlsx, &FileOptions::default(), plan()).unwrap();
    let long = "x".repeat(200_000);
    let row = (Some(1), json!({"ID": "1", "TITLE": long}).to_string());
    let mut file = Vec::new();
    writer
        .write_page(&[row].into_iter().collect(), &mut file)
        .unwrap();
    writer.finish(&mut file).unwrap();
    let misfits = writer.take_misfits();
    assert_eq!(misfits[0].value.get().len(), 200_002);
}

#[cfg(feature = "parquet")]
mod columnar {
    use std::io::Cursor;

    use arrow_array::cast::AsArray;
    use arrow_array::types::{
        Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
    };
    use arrow_array::{Array, RecordBatch};

    use super::*;

    fn check(batch: &RecordBatch) {
        let schema = batch.schema();
        let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        assert_eq!(names, COLUMNS);
        let title = schema.field(1).metadata().get("title").cloned();
        assert!(title.is_some_and(|title| !title.is_empty()));
        assert_eq!(batch.num_rows(), 3);
        assert_eq!(
            batch
                .column(0)
                .as_primitive::<Int64Type>()
                .values()
                .as_ref(),
            [1, 2, 9_007_199_254_740_993]
        );
        assert_eq!(batch.column(1).as_string::<i32>().value(0), ROWS[0][1]);
        let amounts = batch.column(2).as_primitive::<Decimal128Type>();
        assert_eq!((amounts.value(0), amounts.value(2)), (1_001_000, -1_234));
        assert!(!batch.column(3).as_boolean().value(0));
        let moments = batch.column(4).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(moments.value(0), 1_767_312_245_000_000);
        assert_eq!(
            batch.column(5).as_primitive::<Date32Type>().value(0),
            20_487
        );
        assert!((batch.column(6).as_primitive::<Float64Type>().value(0) - 0.5).abs() < 1e-9);
        let list = batch.column(7).as_list::<i32>().value(0);
        assert_eq!(list.as_primitive::<Int64Type>().values().as_ref(), [1, 2]);
        assert_eq!(batch.column(9).as_string::<i32>().value(0), "EUR");
        for column in &batch.columns()[1..] {
            assert!(column.is_null(1));
        }
        assert!(batch.column(5).is_null(2));
    }

    #[test]
    fn a_parquet_file_holds_the_rows() {
        let (file, misfits) = file(FileFormat::Parquet);
        check_misfits(&misfits);
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(
            bytes::Bytes::from(file),
            1024,
        );
        let batches: Vec<_> = reader.unwrap().map(Result::unwrap).collect();
        assert_eq!(batches.len(), 1);
        check(&batches[0]);
    }

    #[test]
    fn an_arrow_file_holds_the_rows() {
        let (file, misfits) = file(FileFormat::Arrow);
        check_misfits(&misfits);
        let mut reader = arrow_ipc::reader::FileReader::try_new(Cursor::new(file), None).unwrap();
        check(&reader.next().unwrap().unwrap());
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use brimful_export::Store;

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
        let other = brimful_export::StoreOptions {
            command: "crm.deal.list with a filter".to_owned(),
            ..options("crm_deal")
        };
        assert_eq!(store.open(other, plan()).unwrap().resumed(), None);
        let again = brimful_export::StoreOptions {
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
}

/// Rows that few formats and stores can hold as they are.
fn awkward_rows() -> Page {
    let long = "я".repeat(200_000);
    let rows = [
        r#"{"ID":"1","TITLE":"a\u0000b"}"#.to_owned(),
        r#"{"ID":"2","DATE_CREATE":"9999-12-31T23:59:59-12:00"}"#.to_owned(),
        r#"{"ID":"3","DATE_CREATE":"0000-01-01T00:00:00+00:00"}"#.to_owned(),
        r#"{"ID":"4","OPPORTUNITY":"1234567890123456789012345678901234567890.5"}"#.to_owned(),
        r#"{"ID":"5","TITLE":"\ud800"}"#.to_owned(),
        format!("{{\"ID\":\"6\",\"TITLE\":\"{long}\"}}"),
    ];
    (1..).map(Some).zip(rows).collect()
}

/// A plan whose columns are there although not every row has them.
fn plan_of_awkward_rows() -> Plan {
    Plan {
        select: ["ID", "TITLE", "DATE_CREATE", "OPPORTUNITY"]
            .map(str::to_owned)
            .to_vec(),
        ..plan()
    }
}

#[test]
fn values_that_a_file_cannot_hold_are_recorded_and_the_others_are_written() {
    let mut formats = vec![(FileFormat::Csv, &["3", "4", "5"][..])];
    if cfg!(feature = "parquet") {
        formats.push((FileFormat::Parquet, &["3", "4", "5"]));
        formats.push((FileFormat::Arrow, &["3", "4", "5"]));
    }
    if cfg!(feature = "xlsx") {
        formats.push((FileFormat::Xlsx, &["3", "4", "5", "6"]));
    }
    for (format, expected) in formats {
        let plan = plan_of_awkward_rows();
        let mut writer = RowWriter::to_file(format, &FileOptions::default(), plan).unwrap();
        let mut file = Vec::new();
        writer.write_page(&awkward_rows(), &mut file).unwrap();
        writer.finish(&mut file).unwrap();
        let mut ids: Vec<String> = writer
            .take_misfits()
            .iter()
            .map(|misfit| misfit.id.as_ref().unwrap().get().replace('"', ""))
            .collect();
        ids.sort();
        assert_eq!(ids, expected, "{format:?}");
    }
}

#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
#[test]
fn values_that_a_store_cannot_hold_are_recorded_and_the_others_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut stores = Vec::new();
    if cfg!(feature = "sqlite") {
        let path = folder.path().join("awkward.db");
        stores.push((format!("sqlite:{}", path.display()), 3));
    }
    // A NUL is too much for PostgreSQL, and a moment after 9999 for MySQL.
    for (variable, is, misfits) in [
        ("BRIMFUL_TEST_POSTGRES", cfg!(feature = "postgres"), 4),
        ("BRIMFUL_TEST_MYSQL", cfg!(feature = "mysql"), 4),
    ] {
        if let (true, Ok(url)) = (is, std::env::var(variable)) {
            stores.push((url, misfits));
        }
    }
    for (url, misfits) in stores {
        let store: brimful_export::Store = url.parse().unwrap();
        let options = brimful_export::StoreOptions {
            resume: false,
            ..options("contract_awkward")
        };
        let mut writer = store.open(options, plan_of_awkward_rows()).unwrap();
        writer.write_page(&awkward_rows(), &mut Vec::new()).unwrap();
        writer.finish(&mut std::io::sink()).unwrap();
        assert_eq!(writer.misfits(), misfits, "{store}");
        assert_eq!(writer.stored(), Some((6, Some(6))), "{store}");
    }
}

#[test]
fn a_field_that_no_first_row_had_is_not_lost_in_a_file() {
    let mut writer = RowWriter::to_file(FileFormat::Csv, &FileOptions::default(), plan()).unwrap();
    for row in [r#"{"ID":"1"}"#, r#"{"ID":"2","UF_LATE":"x"}"#] {
        let page = [(None, row.to_owned())].into_iter().collect();
        writer.write_page(&page, &mut Vec::new()).unwrap();
    }
    let misfits = writer.take_misfits();
    assert_eq!(
        (misfits[0].field.as_str(), misfits[0].value.get()),
        ("UF_LATE", "\"x\"")
    );
}

#[test]
fn multifields_have_their_first_value_in_a_column_of_its_own() {
    let plan = Plan {
        select: vec!["ID".to_owned(), "PHONE".to_owned()],
        labels: [(
            "TYPE_ID".to_owned(),
            Arc::new(
                [("CLIENT".to_owned(), "Client".to_owned())]
                    .into_iter()
                    .collect(),
            ),
        )]
        .into_iter()
        .collect(),
        ..plan_of("crm.contact")
    };
    let mut writer = RowWriter::to_file(FileFormat::Csv, &FileOptions::default(), plan).unwrap();
    let rows = [
        (Some(1), r#"{"ID":"1","TYPE_ID":"CLIENT"}"#.to_owned()),
        (Some(2), r#"{"ID":"2","TYPE_ID":"OTHER","PHONE":[{"ID":"5","VALUE_TYPE":"WORK","VALUE":"+7 900","TYPE_ID":"PHONE"}]}"#.to_owned()),
    ];
    let mut file = Vec::new();
    writer
        .write_page(&rows.into_iter().collect(), &mut file)
        .unwrap();
    let mut reader = csv::Reader::from_reader(file.as_slice());
    let header: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        header,
        ["ID", "PHONE", "PHONE__FIRST", "TYPE_ID", "TYPE_ID__LABEL"]
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(
        rows[0].iter().collect::<Vec<_>>(),
        ["1", "", "", "CLIENT", "Client"]
    );
    assert_eq!(&rows[1][2], "+7 900");
}

/// Against the server in `BRIMFUL_TEST_POSTGRES`, which `./test` starts for it; without one there is nothing to test.
#[cfg(feature = "postgres")]
mod postgres {
    use brimful_export::Store;

    use super::*;

    struct Server {
        store: Store,
        client: tokio_postgres::Client,
        runtime: tokio::runtime::Runtime,
    }

    impl Server {
        fn find() -> Option<Self> {
            let url = std::env::var("BRIMFUL_TEST_POSTGRES").ok()?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let (client, connection) = runtime
                .block_on(tokio_postgres::connect(&url, tokio_postgres::NoTls))
                .unwrap();
            runtime.spawn(connection);
            Some(Self {
                store: url.parse().unwrap(),
                client,
                runtime,
            })
        }

        fn execute(&self, sql: &str) {
            self.runtime
                .block_on(self.client.batch_execute(sql))
                .unwrap();
        }

        /// The one value that a query has, as text.
        fn text(&self, sql: &str) -> Option<String> {
            let rows = self.runtime.block_on(self.client.query(sql, &[])).unwrap();
            rows.first().and_then(|row| row.get(0))
        }

        fn write(&self, table: &str, page: &Page) -> RowWriter {
            let mut writer = self.store.open(options(table), plan()).unwrap();
            writer.write_page(page, &mut Vec::new()).unwrap();
            writer.finish(&mut std::io::sink()).unwrap();
            writer
        }
    }

    #[test]
    fn a_table_of_postgresql_holds_the_rows_and_what_does_not_fit() {
        let Some(server) = Server::find() else { return };
        server.execute("DROP TABLE IF EXISTS contract_rows");
        for _ in 0..2 {
            assert_eq!(server.write("contract_rows", &rows()).misfits(), 1);
        }
        let columns = COLUMNS.map(|name| match name {
            "DATE_CREATE" => {
                "to_char(date_create AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                    .to_owned()
            }
            "UF_CRM_1700000000007" => "array_to_json(uf_crm_1700000000007)::text".to_owned(),
            name => format!("{name}::text"),
        });
        let sql = format!(
            "SELECT {} FROM contract_rows ORDER BY id",
            columns.join(", ")
        );
        let found = server
            .runtime
            .block_on(server.client.query(&sql, &[]))
            .unwrap();
        let found: Vec<Vec<String>> = found
            .iter()
            .map(|row| {
                (0..10)
                    .map(|place| row.get::<_, Option<String>>(place).unwrap_or_default())
                    .collect()
            })
            .collect();
        assert_eq!(found, expected(|_, cell| cell.to_owned()));
        let misfit = server.text(
            "SELECT concat_ws(' ', count(*), min(id), min(field), min(value)) FROM _brimful_errors WHERE \"table\" = 'contract_rows'",
        );
        assert_eq!(
            misfit.unwrap(),
            "1 9007199254740993 CLOSEDATE \"0000-00-00\""
        );
        let title = server.text("SELECT col_description('contract_rows'::regclass, 1)");
        assert!(title.is_some());
    }

    #[test]
    fn a_text_with_a_nul_is_recorded_and_not_stored() {
        let Some(server) = Server::find() else { return };
        server.execute("DROP TABLE IF EXISTS contract_nul");
        let rows = [
            (Some(1), "{\"ID\":\"1\",\"TITLE\":\"a\\u0000b\"}".to_owned()),
            (
                Some(2),
                "{\"ID\":\"2\",\"TITLE\":\"a\\\\N\\tb\\n\"}".to_owned(),
            ),
        ];
        let writer = server.write("contract_nul", &rows.into_iter().collect());
        assert_eq!(writer.misfits(), 1);
        assert_eq!(
            server.text("SELECT title FROM contract_nul WHERE id = 1"),
            None
        );
        let kept = server.text("SELECT title FROM contract_nul WHERE id = 2");
        assert_eq!(kept.as_deref(), Some("a\\N\tb\n"));
    }

    #[test]
    fn a_field_that_appears_later_becomes_a_column_of_postgresql() {
        let Some(server) = Server::find() else { return };
        server.execute("DROP TABLE IF EXISTS contract_new");
        let mut writer = server.store.open(options("contract_new"), plan()).unwrap();
        for row in [
            r#"{"ID":"1"}"#,
            r#"{"ID":"2","UF_LATE":"x"}"#,
            r#"{"ID":"1"}"#,
        ] {
            let page = [(None, row.to_owned())].into_iter().collect();
            writer.write_page(&page, &mut Vec::new()).unwrap();
        }
        writer.finish(&mut std::io::sink()).unwrap();
        let late = server.text(
            "SELECT string_agg(id || coalesce(uf_late, ''), ' ' ORDER BY id) FROM contract_new",
        );
        assert_eq!(late.as_deref(), Some("1 2x"));
    }

    #[test]
    fn an_interrupted_run_to_postgresql_is_resumed() {
        let Some(server) = Server::find() else { return };
        server.execute("DROP TABLE IF EXISTS contract_resume");
        let table = "contract_resume";
        let mut writer = server.store.open(options(table), plan()).unwrap();
        writer.write_page(&rows(), &mut Vec::new()).unwrap();
        writer.pause().unwrap();
        drop(writer);
        let writer = server.store.open(options(table), plan()).unwrap();
        assert_eq!(writer.resumed(), Some((3, 9_007_199_254_740_993)));
        assert_eq!(writer.misfits(), 1);
        drop(writer);
        server.write(table, &rows());
        let writer = server.store.open(options(table), plan()).unwrap();
        assert_eq!(writer.resumed(), None, "it is finished");
    }

    #[test]
    fn a_connection_that_the_server_ends_is_made_again_and_no_row_is_lost() {
        let Some(server) = Server::find() else { return };
        server.execute("DROP TABLE IF EXISTS contract_lost");
        let mut writer = server.store.open(options("contract_lost"), plan()).unwrap();
        let page = |id: u64| -> Page {
            [(Some(id), format!("{{\"ID\":\"{id}\"}}"))]
                .into_iter()
                .collect()
        };
        writer.write_page(&page(1), &mut Vec::new()).unwrap();
        writer.pause().unwrap();
        writer.write_page(&page(2), &mut Vec::new()).unwrap();
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'brimful' AND query LIKE \
             '%contract_lost%'",
        );
        writer.finish(&mut std::io::sink()).unwrap();
        let found = server.text("SELECT string_agg(id::text, ' ' ORDER BY id) FROM contract_lost");
        assert_eq!(found.as_deref(), Some("1 2"));
    }

    #[test]
    fn a_column_of_another_type_is_refused_with_the_statement_that_changes_it() {
        let Some(server) = Server::find() else { return };
        server.execute("DROP TABLE IF EXISTS contract_type; CREATE TABLE contract_type (id bigint PRIMARY KEY, title integer)");
        let mut writer = server.store.open(options("contract_type"), plan()).unwrap();
        let error = writer
            .write_page(&rows(), &mut Vec::new())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("ALTER TABLE \"contract_type\" ALTER \"title\" TYPE text"),
            "{error}"
        );
    }

    #[test]
    fn a_view_of_postgresql_has_the_labels_and_stays_when_the_export_is_repeated() {
        let Some(server) = Server::find() else { return };
        server.execute(
            "DROP VIEW IF EXISTS contract_labels_labeled CASCADE; DROP TABLE IF EXISTS contract_labels, contract_labels_labels",
        );
        let dictionary = |entries: &[(&str, &str)]| {
            let entries = entries.iter();
            let entries = entries.map(|(code, label)| ((*code).to_owned(), (*label).to_owned()));
            Arc::new(entries.collect())
        };
        let labelled = |sized: &str| Plan {
            labels: [
                (
                    "TYPE_ID".to_owned(),
                    dictionary(&[("SALE", "It's a \\ sale")]),
                ),
                (
                    "UF_CRM_1700000000007".to_owned(),
                    dictionary(&[("1", "small"), ("2", sized)]),
                ),
            ]
            .into_iter()
            .collect(),
            ..plan()
        };
        let write = |plan: Plan| {
            let mut writer = server.store.open(options("contract_labels"), plan).unwrap();
            let row = r#"{"ID":"1","TYPE_ID":"SALE","UF_CRM_1700000000007":["2","9","1"]}"#;
            let page = [(Some(1), row.to_owned())].into_iter().collect();
            writer.write_page(&page, &mut Vec::new()).unwrap();
            writer.finish(&mut std::io::sink()).unwrap();
        };
        let shown = || {
            server
                .text("SELECT type_id__label || uf_crm_1700000000007__label::text FROM contract_labels_labeled")
                .unwrap()
        };
        write(labelled("large"));
        assert_eq!(shown(), "It's a \\ sale{large,NULL,small}");
        server.execute(
            "CREATE VIEW contract_labels_report AS SELECT id FROM contract_labels_labeled",
        );
        write(labelled("big"));
        assert_eq!(shown(), "It's a \\ sale{big,NULL,small}");
    }

    #[test]
    fn a_server_that_is_not_there_is_told_without_the_password() {
        let store: Store = "postgres://me:s3cret@127.0.0.1:9/db".parse().unwrap();
        let error = store
            .open(options("crm_deal"), plan())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("postgres://me@127.0.0.1:9/db: ") && !error.contains("s3cret"),
            "{error}"
        );
    }
}

/// Against the server in `BRIMFUL_TEST_MYSQL`, which `./test` starts for it; without one there is nothing to test.
#[cfg(feature = "mysql")]
mod mysql_server {
    use brimful_export::{Store, StoreOptions};
    use mysql::prelude::Queryable;

    use super::*;

    struct Server {
        store: Store,
        connection: mysql::Conn,
    }

    impl Server {
        fn find(table: &str) -> Option<Self> {
            let url = std::env::var("BRIMFUL_TEST_MYSQL").ok()?;
            let mut connection = mysql::Conn::new(mysql::Opts::from_url(&url).unwrap()).unwrap();
            connection
                .query_drop(format!("DROP TABLE IF EXISTS {table}"))
                .unwrap();
            Some(Self {
                store: url.parse().unwrap(),
                connection,
            })
        }

        /// The one value that a query has, as text.
        fn text(&mut self, sql: &str) -> Option<String> {
            let found: Option<Option<String>> = self.connection.query_first(sql).unwrap();
            found.flatten()
        }

        fn write(&self, table: &str, plan: Plan, page: &Page) -> RowWriter {
            let mut writer = self.store.open(options(table), plan).unwrap();
            writer.write_page(page, &mut Vec::new()).unwrap();
            writer.finish(&mut std::io::sink()).unwrap();
            writer
        }
    }

    #[test]
    fn a_table_of_mysql_holds_the_rows_and_what_does_not_fit() {
        let Some(mut server) = Server::find("contract_rows") else {
            return;
        };
        for _ in 0..2 {
            assert_eq!(server.write("contract_rows", plan(), &rows()).misfits(), 1);
        }
        let columns = COLUMNS.map(|name| match name {
            "DATE_CREATE" => "DATE_FORMAT(DATE_CREATE, '%Y-%m-%dT%H:%i:%sZ')".to_owned(),
            name => format!("CAST({name} AS CHAR)"),
        });
        let sql = format!(
            "SELECT {} FROM contract_rows ORDER BY id",
            columns.join(", ")
        );
        let found: Vec<mysql::Row> = server.connection.query(sql).unwrap();
        let found: Vec<Vec<String>> = found
            .into_iter()
            .map(|row| {
                let cells = row.unwrap().into_iter();
                cells
                    .map(|cell| mysql::from_value::<Option<String>>(cell).unwrap_or_default())
                    .collect()
            })
            .collect();
        let as_stored = |place, cell: &str| match (place, cell) {
            (3, "true") => "1".to_owned(),
            (3, "false") => "0".to_owned(),
            (2 | 8, amount) if amount.contains('.') => {
                let behind = amount.split('.').nth(1).unwrap().len();
                format!("{amount}{}", "0".repeat(4 - behind))
            }
            _ => cell.to_owned(),
        };
        assert_eq!(found, expected(as_stored));
        let misfit = server.text(
            "SELECT concat_ws(' ', count(*), min(id), min(field), min(value)) FROM _brimful_errors WHERE `table` = 'contract_rows'",
        );
        assert_eq!(
            misfit.unwrap(),
            "1 9007199254740993 CLOSEDATE \"0000-00-00\""
        );
        let title = server.text(
            "SELECT column_comment FROM information_schema.columns WHERE table_name = 'contract_rows' AND column_name = 'TITLE'",
        );
        assert!(title.is_some_and(|title| !title.is_empty()));
    }

    #[test]
    fn texts_of_all_kinds_are_the_same_in_mysql() {
        let Some(mut server) = Server::find("contract_texts") else {
            return;
        };
        let long = "я".repeat(200_000);
        let texts = ["a\0b", "a\\N\tb\n\r'\"", "😀 \\", "\\N", long.as_str()];
        let page: Page = texts
            .iter()
            .zip(1..)
            .map(|(text, id)| {
                let row = serde_json::json!({"ID": id, "TITLE": text});
                (Some(id), row.to_string())
            })
            .collect();
        assert_eq!(server.write("contract_texts", plan(), &page).misfits(), 0);
        let found: Vec<String> = server
            .connection
            .query("SELECT title FROM contract_texts ORDER BY id")
            .unwrap();
        assert_eq!(found, texts);
    }

    #[test]
    fn a_field_that_appears_later_becomes_a_column_of_mysql_and_an_old_row_is_updated() {
        let Some(mut server) = Server::find("contract_new") else {
            return;
        };
        let mut writer = server.store.open(options("contract_new"), plan()).unwrap();
        for row in [
            r#"{"ID":"1"}"#,
            r#"{"ID":"2","UF_LATE":"x"}"#,
            r#"{"ID":"1","UF_LATE":"y"}"#,
            r#"{"ID":"3"}"#,
        ] {
            let page = [(None, row.to_owned())].into_iter().collect();
            writer.write_page(&page, &mut Vec::new()).unwrap();
        }
        writer.finish(&mut std::io::sink()).unwrap();
        let late = server.text(
            "SELECT group_concat(concat(id, coalesce(uf_late, '')) ORDER BY id SEPARATOR ' ') FROM contract_new",
        );
        assert_eq!(late.as_deref(), Some("1y 2x 3"));
    }

    #[test]
    fn a_view_of_mysql_has_the_labels() {
        let Some(mut server) = Server::find("contract_labels") else {
            return;
        };
        let dictionary = |entries: &[(&str, &str)]| {
            let entries = entries.iter();
            let entries = entries.map(|(code, label)| ((*code).to_owned(), (*label).to_owned()));
            Arc::new(entries.collect())
        };
        let labelled = || Plan {
            labels: [
                (
                    "TYPE_ID".to_owned(),
                    dictionary(&[("SALE", "It's a \\ sale")]),
                ),
                (
                    "UF_CRM_1700000000007".to_owned(),
                    dictionary(&[("1", "small"), ("2", "large")]),
                ),
            ]
            .into_iter()
            .collect(),
            ..plan()
        };
        let row = r#"{"ID":"1","TYPE_ID":"SALE","UF_CRM_1700000000007":["2","9","1"]}"#;
        let page: Page = [(Some(1), row.to_owned())].into_iter().collect();
        for _ in 0..2 {
            server.write("contract_labels", labelled(), &page);
        }
        let shown = server.text("SELECT type_id__label FROM contract_labels_labeled");
        assert_eq!(shown.as_deref(), Some("It's a \\ sale"));
        let list = server
            .text("SELECT uf_crm_1700000000007__label FROM contract_labels_labeled")
            .unwrap();
        assert!(
            list.contains("\"small\"") && list.contains("\"large\"") && list.contains("null"),
            "{list}"
        );
    }

    #[test]
    fn an_interrupted_run_to_mysql_is_resumed_and_a_lost_connection_is_made_again() {
        let Some(mut server) = Server::find("contract_resume") else {
            return;
        };
        // A database of its own, so that the connections to it are those of this test.
        server
            .connection
            .query_drop("CREATE DATABASE IF NOT EXISTS brimful_lost")
            .unwrap();
        let url = std::env::var("BRIMFUL_TEST_MYSQL").unwrap();
        let (host, _) = url.rsplit_once('/').unwrap();
        server.store = format!("{host}/brimful_lost").parse().unwrap();
        server
            .connection
            .query_drop("DROP TABLE IF EXISTS brimful_lost.contract_resume")
            .unwrap();
        let table = "contract_resume";
        let mut writer = server.store.open(options(table), plan()).unwrap();
        writer.write_page(&rows(), &mut Vec::new()).unwrap();
        writer.pause().unwrap();
        drop(writer);
        let mut writer = server.store.open(options(table), plan()).unwrap();
        assert_eq!(writer.resumed(), Some((3, 9_007_199_254_740_993)));
        assert_eq!(writer.misfits(), 1);
        let row = r#"{"ID":"9007199254740994","TITLE":"last"}"#.to_owned();
        let page: Page = [(Some(9_007_199_254_740_994), row)].into_iter().collect();
        writer.write_page(&page, &mut Vec::new()).unwrap();
        let others: Vec<u64> = server
            .connection
            .query("SELECT id FROM information_schema.processlist WHERE db = 'brimful_lost'")
            .unwrap();
        assert!(!others.is_empty());
        for other in others {
            // One of a writer that is dropped may have ended by itself.
            let _ = server.connection.query_drop(format!("KILL {other}"));
        }
        writer.finish(&mut std::io::sink()).unwrap();
        let found = server.text("SELECT count(*) FROM brimful_lost.contract_resume");
        assert_eq!(found.as_deref(), Some("4"));
        let again = StoreOptions {
            resume: true,
            ..options(table)
        };
        assert_eq!(server.store.open(again, plan()).unwrap().resumed(), None);
    }

    #[test]
    fn a_column_of_another_type_is_refused_with_the_statement_that_changes_it() {
        let Some(mut server) = Server::find("contract_type") else {
            return;
        };
        server
            .connection
            .query_drop("CREATE TABLE contract_type (id BIGINT PRIMARY KEY, title INT)")
            .unwrap();
        let mut writer = server.store.open(options("contract_type"), plan()).unwrap();
        let error = writer
            .write_page(&rows(), &mut Vec::new())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("ALTER TABLE `contract_type` MODIFY `TITLE` LONGTEXT"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_password_and_a_server_that_is_not_there_are_told_without_the_password() {
        let mut stores = vec!["mysql://me:s3cret@127.0.0.1:9/db".to_owned()];
        if let Ok(url) = std::env::var("BRIMFUL_TEST_MYSQL") {
            let host = url.split('@').next_back().unwrap();
            stores.push(format!("mysql://me:s3cret@{host}"));
        }
        for url in stores {
            let store: Store = url.parse().unwrap();
            let error = store.open(options("crm_deal"), plan()).unwrap_err();
            let error = error.to_string();
            assert!(
                error.starts_with("mysql://me@127.0.0.1:") && !error.contains("s3cret"),
                "{error}"
            );
        }
        let store: Store = "mysql://me@127.0.0.1:9".parse().unwrap();
        let error = store.open(options("crm_deal"), plan()).unwrap_err();
        assert!(error.to_string().contains("names no database"), "{error}");
    }
}
