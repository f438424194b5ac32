//! The tables of `docs/lists.md` say what the model measures. `BRIMFUL_WRITE_PAGES=1` writes them.

use super::{costs, offset};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lists.md");

/// The page with other rows in the table that has this header.
fn with_rows(page: &str, header: &str, rows: &[String]) -> String {
    let mut lines = page.lines();
    let mut written = Vec::new();
    for line in lines.by_ref() {
        written.push(line.to_owned());
        if line.trim() == header {
            break;
        }
    }
    let separator = lines.next().expect("the page has a table with the header");
    let indent = separator.len() - separator.trim_start().len();
    written.push(separator.to_owned());
    let rows = rows
        .iter()
        .map(|row| format!("{}{row}", &separator[..indent]));
    written.extend(rows);
    let rest = lines.skip_while(|line| line.trim_start().starts_with('|'));
    written.extend(rest.map(str::to_owned));
    written.join("\n") + "\n"
}

#[test]
fn the_tables_of_the_page_of_lists_are_what_the_model_measures() {
    // A package has no page.
    let Ok(written) = std::fs::read_to_string(PAGE) else {
        return;
    };
    let mut page = written.clone();
    for (header, rows) in [
        (
            "| rows | all shown | one hidden in the middle | neighbours in the middle | the newest | the oldest | one in 97 | one in 10 | one in 3 | one in 97, not at an end | one in 20, not at an end |",
            costs::table_of_hidden_rows(),
        ),
        (
            "| rows | IDs without gaps | every second ID | one ID in 20 | no gaps, all shown |",
            costs::table_of_blocks(),
        ),
        (
            "| rows | all shown | one hidden | 300 neighbours (a quarter up to 1,000 rows) | one in 97 | one in 10 |",
            offset::costs::table_of_hidden_rows(),
        ),
    ] {
        assert!(rows.len() > 2, "{rows:?}");
        page = with_rows(&page, header, &rows);
    }
    if std::env::var_os("BRIMFUL_WRITE_PAGES").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    assert!(
        page == std::fs::read_to_string(PAGE).unwrap(),
        "tables of docs/lists.md are out of date: BRIMFUL_WRITE_PAGES=1 writes them"
    );
}
