//! What all stores do in the same way.

use brimful_export::Store;

use super::*;

/// The stores that are there, each with its kind: files in `folder`, and the servers that `./test` has started.
fn stores(folder: &tempfile::TempDir, name: &str) -> Vec<(&'static str, Store)> {
    let mut stores = Vec::new();
    let mut add = |kind, url: String| stores.push((kind, url.parse().unwrap()));
    let file = |ending: &str| folder.path().join(format!("{name}.{ending}"));
    if cfg!(feature = "sqlite") {
        add("sqlite", format!("sqlite:{}", file("db").display()));
    }
    if cfg!(feature = "adbc") && std::env::var_os("BRIMFUL_DUCKDB_LIBRARY").is_some() {
        add("duckdb", format!("duckdb:{}", file("duckdb").display()));
    }
    for (kind, is) in [
        ("postgres", cfg!(feature = "postgres")),
        ("mysql", cfg!(feature = "mysql")),
        ("clickhouse", cfg!(feature = "clickhouse")),
    ] {
        let variable = format!("BRIMFUL_TEST_{}", kind.to_ascii_uppercase());
        if let (true, Ok(url)) = (is, std::env::var(variable)) {
            add(kind, url);
        }
    }
    stores
}

/// Writes a page as a run that begins with the first row.
fn write(store: &Store, table: &str, page: &Page) -> Result<u64, brimful_export::ExportError> {
    let options = StoreOptions {
        resume: false,
        ..options(table)
    };
    let mut writer = store.open(options, plan())?;
    writer.write_page(page, &mut Vec::new())?;
    writer.finish(&mut std::io::sink())?;
    Ok(writer.misfits())
}

#[test]
fn values_that_a_store_cannot_hold_are_recorded_and_the_others_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, store) in stores(&folder, "awkward") {
        // A NUL is too much for PostgreSQL, and a moment after 9999 for MySQL and ClickHouse.
        let misfits = match kind {
            "sqlite" | "duckdb" => 3,
            _ => 4,
        };
        let options = StoreOptions {
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
fn names_that_a_store_cannot_have_are_changed_the_same_way_in_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let long = "n".repeat(70);
    let names = [
        format!("UF_{long}a"),
        format!("UF_{long}b"),
        "\u{422}\u{418}\u{41f}".repeat(30),
        "Title".to_owned(),
        "title".to_owned(),
        "_deleted_at".to_owned(),
        "_version".to_owned(),
        String::new(),
        "a\0b".to_owned(),
        "a ".to_owned(),
        " a".to_owned(),
        "a`b\"c'd\\e".to_owned(),
        "\u{1f600}".to_owned(),
        "select".to_owned(),
        "PHONE__FIRST".to_owned(),
    ];
    let page = |names: &mut dyn Iterator<Item = &String>| -> Page {
        let fields = names.map(|name| {
            let (name, value) = (json!(name), json!(format!("value of {}", name.len())));
            format!("{name}:{value}")
        });
        let fields: Vec<String> = fields.collect();
        let row = format!("{{\"ID\":\"1\",\"TITLE\":\"t\",{}}}", fields.join(","));
        [(Some(1), row)].into_iter().collect()
    };
    for (_, store) in stores(&folder, "names") {
        let table = "contract_odd_names";
        let columns = |names: &mut dyn Iterator<Item = &String>| {
            let options = StoreOptions {
                resume: false,
                ..options(table)
            };
            let mut writer = store.open(options, plan()).unwrap();
            let written = writer.write_page(&page(names), &mut Vec::new());
            let ended = written.and_then(|()| writer.finish(&mut std::io::sink()));
            ended.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(writer.misfits(), 0, "{store}");
            let schema = writer.schema().unwrap();
            let columns = schema.columns.iter();
            let mut columns: Vec<(String, String)> = columns
                .map(|column| (schema.fields[column.field].clone(), column.name.clone()))
                .collect();
            columns.sort();
            columns
        };
        let first = columns(&mut names.iter());
        assert_eq!(columns(&mut names.iter().rev()), first, "{store}");
    }
}

#[test]
fn more_columns_than_a_store_has_are_refused_with_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let fields: Vec<String> = (0..4_200).map(|n| format!("\"UF_{n}\":\"{n}\"")).collect();
    let row = format!("{{\"ID\":\"1\",{}}}", fields.join(","));
    let page: Page = [(Some(1), row)].into_iter().collect();
    for (kind, store) in stores(&folder, "wide") {
        let limit = match kind {
            "sqlite" => "2000",
            "postgres" => "1600",
            "mysql" => "1,017",
            _ => continue,
        };
        let Err(error) = write(&store, "contract_too_wide", &page) else {
            panic!("{store} takes them");
        };
        assert!(
            matches!(error, brimful_export::ExportError::TooManyColumns { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(limit), "{error}");
    }
}
