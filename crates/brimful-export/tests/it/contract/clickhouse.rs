//! ClickHouse, old or new: the server in `BRIMFUL_TEST_CLICKHOUSE`, which `./test` starts; without one there is nothing to test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use brimful::reqwest::{self, Url};
use brimful_export::{RowWriter, Store};

use super::*;

pub(super) struct Server {
    store: Store,
    url: Url,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    /// The server, without the table of a test.
    pub(super) fn find(table: &str) -> Option<Self> {
        let text = std::env::var("BRIMFUL_TEST_CLICKHOUSE").ok()?;
        let builder = brimful::HttpOptions::reqwest_builder().unwrap();
        let server = Self {
            store: text.parse().unwrap(),
            url: Url::parse(&text).unwrap(),
            client: builder.pool_max_idle_per_host(0).build().unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        };
        server.text(&format!("DROP TABLE IF EXISTS {table}"));
        Some(server)
    }

    /// What the server answers to a statement, without the end of its last line.
    pub(super) fn text(&self, sql: &str) -> String {
        let host = (self.url.host_str().unwrap(), self.url.port().unwrap());
        let password = self.url.password().unwrap_or_default().replace("%20", " ");
        let request = self
            .client
            .post(format!("http://{}:{}/", host.0, host.1))
            .header("X-ClickHouse-User", self.url.username())
            .header("X-ClickHouse-Key", password)
            .body(sql.to_owned());
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let is_good = answer.status().is_success();
            let text = answer.text().await.unwrap();
            assert!(is_good, "{sql}: {text}");
            text.trim_end_matches('\n').to_owned()
        })
    }

    fn write(&self, table: &str, plan: Plan, page: &Page) -> RowWriter {
        let mut writer = self.store.open(options(table), plan).unwrap();
        writer.write_page(page, &mut Vec::new()).unwrap();
        writer.finish(&mut std::io::sink()).unwrap();
        writer
    }

    /// Another database of the same server.
    pub(super) fn in_database(&self, name: &str) -> Store {
        let mut url = self.url.clone();
        url.set_path(name);
        url.as_str().parse().unwrap()
    }

    /// The address of the same server by another port, and with another password.
    fn at(&self, port: u16, password: Option<&str>) -> Store {
        let mut url = self.url.clone();
        url.set_port(Some(port)).unwrap();
        if password.is_some() {
            url.set_password(password).unwrap();
        }
        url.as_str().parse().unwrap()
    }
}

#[test]
fn a_table_of_clickhouse_holds_the_rows_and_what_does_not_fit() {
    let Some(server) = Server::find("contract_rows") else {
        return;
    };
    for _ in 0..2 {
        assert_eq!(server.write("contract_rows", plan(), &rows()).misfits(), 1);
    }
    let columns = COLUMNS.map(|name| match name {
        "DATE_CREATE" => {
            "replaceAll(ifNull(toString(DATE_CREATE), ''), ' ', 'T') || if(DATE_CREATE IS NULL, '', 'Z')".to_owned()
        }
        "UF_CRM_1700000000007" => {
            "if(empty(UF_CRM_1700000000007), '', toString(UF_CRM_1700000000007))".to_owned()
        }
        name => format!("ifNull(toString({name}), '')"),
    });
    let sql = format!(
        "SELECT {} FROM contract_rows FINAL ORDER BY ID FORMAT JSONCompact",
        columns.join(", ")
    );
    let answer: serde_json::Value = serde_json::from_str(&server.text(&sql)).unwrap();
    let found: Vec<Vec<String>> = serde_json::from_value(answer["data"].clone()).unwrap();
    let is_old = server
        .text("SELECT type FROM system.columns WHERE table = 'contract_rows' AND name = 'CLOSED'")
        .contains("UInt8");
    let as_stored = |place, cell: &str| match (place, cell) {
        (3, "true") if is_old => "1".to_owned(),
        (3, "false") if is_old => "0".to_owned(),
        (2 | 8, amount) if amount.contains('.') && is_old => {
            let behind = amount.split('.').nth(1).unwrap().len();
            format!("{amount}{}", "0".repeat(4 - behind))
        }
        (2 | 8, amount) if amount.contains('.') => amount
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        _ => cell.to_owned(),
    };
    assert_eq!(found, expected(as_stored));
    let misfit = server.text(
        "SELECT count(), min(id), min(field), min(value) FROM _brimful_errors FINAL \
         WHERE `table` = 'contract_rows' AND run = (SELECT max(run) FROM _brimful_state WHERE `table` = 'contract_rows') \
         FORMAT TabSeparatedRaw",
    );
    assert_eq!(misfit, "1\t9007199254740993\tCLOSEDATE\t\"0000-00-00\"");
}

#[test]
fn texts_of_all_kinds_are_the_same_in_clickhouse() {
    let Some(server) = Server::find("contract_texts") else {
        return;
    };
    let long = "я".repeat(200_000);
    let texts = ["a\0b", "a\\N\tb\n\r'\"", "😀 \\", "\\N", long.as_str()];
    let page: Page = texts
        .iter()
        .zip(1..)
        .map(|(text, id)| (Some(id), json!({"ID": id, "TITLE": text}).to_string()))
        .collect();
    assert_eq!(server.write("contract_texts", plan(), &page).misfits(), 0);
    let answer = server.text("SELECT TITLE FROM contract_texts ORDER BY ID FORMAT JSONCompact");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let found: Vec<(String,)> = serde_json::from_value(answer["data"].clone()).unwrap();
    let found: Vec<&str> = found.iter().map(|(text,)| text.as_str()).collect();
    assert_eq!(found, texts);
}

#[test]
fn a_field_that_appears_later_becomes_a_column_of_clickhouse_and_an_old_row_is_updated() {
    let Some(server) = Server::find("contract_new") else {
        return;
    };
    let page = |row: &str| -> Page { [(None, row.to_owned())].into_iter().collect() };
    let first = page(r#"{"ID":"1","TITLE":"old"}"#);
    server.write("contract_new", plan(), &first);
    let mut writer = server.store.open(options("contract_new"), plan()).unwrap();
    for row in [
        r#"{"ID":"2"}"#,
        r#"{"ID":"3","UF_LATE":"x"}"#,
        r#"{"ID":"1","TITLE":"new"}"#,
    ] {
        writer.write_page(&page(row), &mut Vec::new()).unwrap();
    }
    writer.finish(&mut std::io::sink()).unwrap();
    let found = server.text(
        "SELECT ID, ifNull(TITLE, ''), ifNull(UF_LATE, '') FROM contract_new FINAL ORDER BY ID FORMAT CSV",
    );
    assert_eq!(found, "1,\"new\",\"\"\n2,\"\",\"\"\n3,\"\",\"x\"");
}

#[test]
fn a_view_of_clickhouse_has_the_labels() {
    let Some(server) = Server::find("contract_labels") else {
        return;
    };
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
            ("STAGE_ID".to_owned(), dictionary(&[])),
        ]
        .into_iter()
        .collect(),
        ..plan()
    };
    let row =
        r#"{"ID":"1","TYPE_ID":"SALE","STAGE_ID":"NEW","UF_CRM_1700000000007":["2","9","1"]}"#;
    let page: Page = [(Some(1), row.to_owned())].into_iter().collect();
    let shown = || {
        server.text(
            "SELECT TYPE_ID__LABEL, toString(UF_CRM_1700000000007__LABEL), ifNull(STAGE_ID__LABEL, '-') \
             FROM contract_labels_labeled FORMAT TabSeparatedRaw",
        )
    };
    for sized in ["large", "big"] {
        server.write("contract_labels", labelled(sized), &page);
        assert_eq!(
            shown(),
            format!("It's a \\ sale\t['{sized}',NULL,'small']\t-")
        );
    }
}

/// A way to the server that breaks off in connections of these numbers: before the server has the request, or before the
/// client has the answer.
fn breaking_proxy(
    server: &Server,
    before: Vec<usize>,
    after: Vec<usize>,
) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = (
        server.url.host_str().unwrap().to_owned(),
        server.url.port().unwrap(),
    );
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let number = count.fetch_add(1, Ordering::SeqCst);
            let mut client = client.unwrap();
            let request = read_request(&mut client);
            if before.contains(&number) {
                continue;
            }
            let mut server = TcpStream::connect((to.0.as_str(), to.1)).unwrap();
            server.write_all(&request).unwrap();
            let mut answer = Vec::new();
            // The request asks for the end of the connection behind the answer.
            let _ = server.read_to_end(&mut answer);
            if !after.contains(&number) {
                let _ = client.write_all(&answer);
            }
        }
    });
    (port, seen)
}

/// A whole request, changed so that there is one to a connection.
pub(crate) fn read_request(client: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut block = vec![0; 65_536];
    loop {
        let head_end = request.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = head_end {
            let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if request.len() >= end + 4 + length {
                let mut whole = request[..end].to_vec();
                whole.extend_from_slice(b"\r\nConnection: close");
                whole.extend_from_slice(&request[end..]);
                return whole;
            }
        }
        let read = client.read(&mut block).unwrap();
        if read == 0 {
            return request;
        }
        request.extend_from_slice(&block[..read]);
    }
}

#[test]
fn a_run_to_clickhouse_survives_lost_requests_and_lost_answers_and_is_resumed() {
    let Some(server) = Server::find("contract_lost") else {
        return;
    };
    let table = "contract_lost";
    let mut writer = server.store.open(options(table), plan()).unwrap();
    writer.write_page(&rows(), &mut Vec::new()).unwrap();
    writer.pause().unwrap();
    drop(writer);
    // How many requests there are until the table is ready.
    let (port, seen) = breaking_proxy(&server, vec![], vec![]);
    let mut writer = server.at(port, None).open(options(table), plan()).unwrap();
    assert_eq!(writer.resumed(), Some((3, 9_007_199_254_740_993)));
    assert_eq!(writer.misfits(), 1);
    let page = |id: u64| -> Page {
        [(Some(id), format!("{{\"ID\":\"{id}\",\"TITLE\":\"a\"}}"))]
            .into_iter()
            .collect()
    };
    writer
        .write_page(&page(9_007_199_254_740_994), &mut Vec::new())
        .unwrap();
    writer.pause().unwrap();
    let ready = seen.load(Ordering::SeqCst);
    drop(writer);
    // Of the next run the INSERT is lost, and the answer to its second attempt.
    let (port, _) = breaking_proxy(&server, vec![ready - 2], vec![ready - 1]);
    let mut writer = server.at(port, None).open(options(table), plan()).unwrap();
    assert_eq!(writer.resumed(), Some((4, 9_007_199_254_740_994)));
    writer
        .write_page(&page(9_007_199_254_740_995), &mut Vec::new())
        .unwrap();
    writer.finish(&mut std::io::sink()).unwrap();
    assert_eq!(
        server.text("SELECT count(), uniqExact(ID) FROM contract_lost FINAL FORMAT TabSeparated"),
        "5\t5"
    );
    let again = server.store.open(options(table), plan()).unwrap();
    assert_eq!(again.resumed(), None, "it is finished");
}

#[test]
fn a_column_of_another_type_and_a_table_of_others_are_refused_with_what_to_do() {
    let Some(server) = Server::find("contract_type") else {
        return;
    };
    let refused = || {
        let mut writer = server.store.open(options("contract_type"), plan()).unwrap();
        let refused = writer.write_page(&rows(), &mut Vec::new());
        refused.unwrap_err().to_string()
    };
    server.text(
        "CREATE TABLE contract_type (ID Int64, TITLE Int32, _brimful_version UInt64) \
         ENGINE = ReplacingMergeTree(_brimful_version) ORDER BY ID",
    );
    let error = refused();
    assert!(
        error.contains("ALTER TABLE `contract_type` MODIFY COLUMN `TITLE` Nullable(String)"),
        "{error}"
    );
    server.text("DROP TABLE contract_type");
    server.text("CREATE TABLE contract_type (ID Int64) ENGINE = MergeTree ORDER BY ID");
    let error = refused();
    assert!(error.contains("so it holds other rows"), "{error}");
}

#[test]
fn a_wrong_password_and_a_server_that_is_not_there_are_told_without_the_password() {
    let mut stores = vec!["clickhouse://me:s3cret@127.0.0.1:9/db".parse().unwrap()];
    if let Some(server) = Server::find("contract_password") {
        stores.push(server.at(server.url.port().unwrap(), Some("wr0ng")));
    }
    for store in stores {
        let error = store.open(options("crm_deal"), plan()).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("clickhouse://")
                && !error.contains("s3cret")
                && !error.contains("wr0ng"),
            "{error}"
        );
    }
    let store: Store = "clickhouse://me@host/db?sslmode=require".parse().unwrap();
    let error = store.open(options("crm_deal"), plan()).unwrap_err();
    assert!(error.to_string().contains("secure=true"), "{error}");
}

#[test]
fn a_moment_between_two_seconds_is_stored_without_its_fraction_in_clickhouse_and_recorded() {
    let Some(server) = Server::find("contract_fraction") else {
        return;
    };
    let row = (
        Some(1),
        r#"{"ID":"1","DATE_CREATE":"2026-01-02T03:04:05.75+03:00"}"#.to_owned(),
    );
    let writer = server.write("contract_fraction", plan(), &[row].into_iter().collect());
    assert_eq!(writer.misfits(), 1);
    let found = server.text("SELECT toString(DATE_CREATE) FROM contract_fraction");
    assert_eq!(found.trim(), "2026-01-02 00:04:05");
}
