//! Exports to files that are killed and resumed.

use super::{check_bytes, check_rows, check_rows_after, kill_when_stored, unique};
use crate::support::{Running, Workspace};

#[test]
fn a_killed_export_to_json_lines_has_the_bytes_of_an_undisturbed_one() {
    check_bytes("deals.jsonl", 1);
}

#[test]
fn a_killed_export_to_csv_has_the_bytes_of_an_undisturbed_one() {
    check_bytes("deals.csv", 2);
}

#[test]
fn a_killed_export_to_a_compressed_file_has_the_bytes_of_an_undisturbed_one() {
    check_bytes("deals.csv.gz", 3);
}

#[cfg(feature = "parquet")]
#[test]
fn a_killed_export_to_parquet_has_the_bytes_of_an_undisturbed_one() {
    check_bytes("deals.parquet", 4);
}

#[cfg(feature = "parquet")]
#[test]
fn a_killed_export_to_arrow_has_the_bytes_of_an_undisturbed_one() {
    check_bytes("deals.arrow", 5);
}

#[test]
fn a_killed_export_of_rows_that_others_change_lacks_none() {
    const TO: [&str; 2] = ["-o", "deals.csv"];
    let first = |workspace: &Workspace, portal: &Running| {
        let size = |name: &str| std::fs::metadata(workspace.path(name)).map_or(0, |of| of.len());
        kill_when_stored(workspace, portal, &TO, || {
            size("deals.csv.partial") > 100_000
        });
    };
    let said = check_rows_after(first, &TO, 6, |workspace| {
        let text = std::fs::read_to_string(workspace.path("deals.csv")).unwrap();
        let cells = |line: &str| {
            let (id, rest) = line.split_once(',').unwrap();
            let title = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split("\",").next().unwrap().replace("\"\"", "\""),
                None => rest.split(',').next().unwrap().to_owned(),
            };
            (id.parse().unwrap(), title)
        };
        unique(text.lines().skip(1).map(cells))
    });
    assert!(said.contains("resuming after ID "), "{said}");
}

#[cfg(feature = "xlsx")]
#[test]
fn a_killed_export_to_excel_lacks_no_row() {
    use calamine::{Data, Reader};
    check_rows(&["-o", "deals.xlsx"], 7, |workspace| {
        let mut book: calamine::Xlsx<_> =
            calamine::open_workbook(workspace.path("deals.xlsx")).unwrap();
        let (_, sheet) = book.worksheets().remove(0);
        let row = |row: &[Data]| match row {
            [Data::Float(id), Data::String(title), ..] => (*id as u64, title.clone()),
            other => panic!("{other:?}"),
        };
        unique(sheet.rows().skip(1).map(row))
    });
}
