//! Files, each read back with a reader of its own.

use std::sync::Arc;

use brimful_export::{FileFormat, FileOptions, Misfit, RowWriter};

use super::*;

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

#[test]
fn no_two_columns_of_a_file_have_one_name() {
    let plan = plan_of("crm.contact");
    let row =
        r#"{"ID":"1","PHONE":[{"ID":"2","VALUE":"+7","VALUE_TYPE":"WORK"}],"PHONE__FIRST":"own"}"#;
    let mut writer = RowWriter::to_file(FileFormat::Csv, &FileOptions::default(), plan).unwrap();
    let page = [(Some(1), row.to_owned())].into_iter().collect();
    let mut file = Vec::new();
    writer.write_page(&page, &mut file).unwrap();
    writer.finish(&mut file).unwrap();
    let text = String::from_utf8(file).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(
        (names[0], names[1], names[3]),
        ("ID", "PHONE", "PHONE__FIRST")
    );
    assert!(names[2].starts_with("PHONE__FIRST_"), "{names:?}");
    assert!(lines.next().unwrap().ends_with(",+7,own"), "{text}");
}

/// The text of a CSV file of one row, and what did not fit.
fn csv_of(plan: Plan, row: &str) -> (String, Vec<brimful_export::Misfit>) {
    let mut writer = RowWriter::to_file(FileFormat::Csv, &FileOptions::default(), plan).unwrap();
    let page = [(Some(1), row.to_owned())].into_iter().collect();
    let mut file = Vec::new();
    writer.write_page(&page, &mut file).unwrap();
    writer.finish(&mut file).unwrap();
    (String::from_utf8(file).unwrap(), writer.take_misfits())
}

#[test]
fn a_file_field_that_is_false_has_nothing() {
    let (single, several) = ("UF_FILE", "UF_FILES");
    let mut plan = plan();
    for (name, is_multiple) in [(single, false), (several, true)] {
        let mut field = plan.fields["TITLE"].clone();
        field.kind = brimful::FieldKind::File;
        field.is_multiple = is_multiple;
        plan.fields.insert(name.to_owned(), field);
    }
    let (text, _) = csv_of(
        plan.clone(),
        r#"{"ID":"1","UF_FILE":false,"UF_FILES":false}"#,
    );
    assert_eq!(text, "ID,UF_FILE,UF_FILES\r\n1,,\r\n");
    let (text, _) = csv_of(
        plan,
        r#"{"ID":"1","UF_FILE":{"id":7},"UF_FILES":[{"id":7}]}"#,
    );
    let expected = "ID,UF_FILE,UF_FILES\r\n1,\"{\"\"id\"\":7}\",\"[{\"\"id\"\":7}]\"\r\n";
    assert_eq!(text, expected);
}

#[test]
fn what_a_phone_has_beside_its_column_is_recorded_and_the_phone_stays() {
    let phone = r#"[{"ID":"2","VALUE":"+7","VALUE_TYPE":"WORK","TYPE_ID":"PHONE","NOTE":"at night","MORE":""}]"#;
    let row = format!("{{\"ID\":\"1\",\"PHONE\":{phone}}}");
    let (text, misfits) = csv_of(plan_of("crm.contact"), &row);
    assert!(text.ends_with(",+7\r\n"), "{text}");
    assert_eq!(misfits.len(), 1);
    assert_eq!(
        (misfits[0].field.as_str(), misfits[0].value.get()),
        ("PHONE", phone)
    );
    // Nothing is recorded of one that has all of its keys.
    let known = r#"{"ID":"1","PHONE":[{"id":2,"value":"+7","valueType":"WORK","typeId":"PHONE"}]}"#;
    assert_eq!(csv_of(plan_of("crm.contact"), known).1.len(), 0);
}
