//! The recipes in docs/recipes.md for the emulated portal do what they say.

use brimful_portal::PortalConfig;

use crate::support::{Workspace, portal, stderr};

/// The lines of code of the section with this heading.
fn lines_of(heading: &str) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recipes.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text
        .split("\n## ")
        .find(|section| section.starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("there is no recipe {heading}"));
    let lines = section.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(str::to_owned).collect()
}

/// Runs the commands of a recipe that are of this program. Gives the other ones.
fn run(workspace: &Workspace, heading: &str) -> Vec<String> {
    let mut others = Vec::new();
    for line in lines_of(heading) {
        let Some(rest) = line.strip_prefix("brimful ") else {
            others.push(line);
            continue;
        };
        let script = format!("exec {} {rest}", env!("CARGO_BIN_EXE_brimful"));
        let output = std::process::Command::new("bash")
            .args(["-c", &script])
            .current_dir(workspace.path("."))
            .env_remove("BRIMFUL_PORTAL")
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {}", stderr(&output));
    }
    others
}

#[cfg(feature = "xlsx")]
#[test]
fn deals_with_names_are_a_workbook() {
    use calamine::Reader;
    let workspace = Workspace::new();
    run(
        &workspace,
        "Deals with the names of stages and people, in Excel",
    );
    let mut book: calamine::Xlsx<_> =
        calamine::open_workbook(workspace.path("deals.xlsx")).unwrap();
    let (_, sheet) = book.worksheets().remove(0);
    assert!(sheet.height() > 1, "{}", sheet.height());
}

#[cfg(feature = "sqlite")]
#[test]
fn a_database_for_reports_answers_the_question() {
    let workspace = Workspace::new();
    let others = run(&workspace, "A database for reports");
    let [question] = others.as_slice() else {
        panic!("{others:?}");
    };
    let sql = question.strip_prefix("sqlite3 portal.db '").unwrap();
    let sql = sql.strip_suffix('\'').unwrap();
    let database = rusqlite::Connection::open(workspace.path("portal.db")).unwrap();
    let mut select = database.prepare(sql).unwrap();
    let rows = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
    assert!(rows.map(Result::unwrap).count() > 100);
}

/// On the server in `BRIMFUL_TEST_POSTGRES`, which `./test` starts, in a schema of its own.
#[cfg(feature = "postgres")]
#[test]
fn deals_with_their_contacts_products_and_people_are_one_query() {
    let Ok(server) = std::env::var("BRIMFUL_TEST_POSTGRES") else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connecting = tokio_postgres::connect(&server, tokio_postgres::NoTls);
    let (client, connection) = runtime.block_on(connecting).unwrap();
    runtime.spawn(connection);
    let schema = "DROP SCHEMA IF EXISTS recipe CASCADE; SET search_path TO recipe";
    runtime.block_on(client.batch_execute(schema)).unwrap();
    let config = PortalConfig::unlimited()
        .rows("deal", 60)
        .rows("contact", 30)
        .rows("productrow", 200)
        .rows("user", 9);
    let portal = portal(config);
    let lines = lines_of("Deals with their contacts, products and people, in PostgreSQL");
    let [sync, question] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    let mark = if server.contains('?') { '&' } else { '?' };
    let store = format!("{server}{mark}options=-csearch_path%3Drecipe");
    let sync = sync.replace("postgres://bi@localhost/bi", &store);
    let mut args: Vec<&str> = sync.split(' ').skip(1).collect();
    let url = portal.url();
    args.extend(["--portal", &url]);
    let output = Workspace::new().run(&args);
    assert!(output.status.success(), "{}", stderr(&output));
    let (_, sql) = question.split_once('"').unwrap();
    let rows = runtime.block_on(client.query(sql.trim_end_matches('"'), &[]));
    let rows = rows.unwrap().len();
    assert!(rows > 50, "{rows} rows");
    let schema = "DROP SCHEMA recipe CASCADE";
    runtime.block_on(client.batch_execute(schema)).unwrap();
}

#[cfg(feature = "parquet")]
#[test]
fn deals_are_a_parquet_file() {
    let workspace = Workspace::new();
    run(&workspace, "Parquet, for pandas, polars and DuckDB");
    let file = std::fs::read(workspace.path("deals.parquet")).unwrap();
    assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
}

#[test]
fn a_long_run_has_a_report() {
    let workspace = Workspace::new();
    run(&workspace, "What happened in a long run");
    let page = std::fs::read_to_string(workspace.path("run.html")).unwrap();
    assert!(page.contains("crm.deal.list"));
}
