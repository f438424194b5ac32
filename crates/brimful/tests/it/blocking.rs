//! Over a socket: a blocking client has a clock that nobody pauses.

use brimful::blocking::Client;
use brimful::{Batch, Outcome};
use brimful_portal::{Portal, PortalConfig};
use serde_json::{Value, json};

/// A portal on a port, on a thread of its own.
struct Served {
    url: String,
    runtime: tokio::runtime::Runtime,
}

fn served() -> Served {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let config = PortalConfig::unlimited()
        .rows("crm.lead", 1_234)
        .rows("task", 30);
    let server = runtime
        .block_on(Portal::new(config).unwrap().bind("127.0.0.1:0"))
        .unwrap();
    let url = server.webhook_url();
    // It is served as long as the runtime lives.
    std::mem::forget(server);
    Served { url, runtime }
}

fn use_it(url: &str) {
    let client = Client::builder(url).limit(None).build_blocking().unwrap();
    read_lists(&client);
    write_many(&client);
    get_items(&client);
    load_files(&client);
    read_tasks(&client);
    call_otherwise(&client);
}

/// Reads a list as rows, as pages and with its report.
fn read_lists(client: &Client) {
    let ids: Vec<String> = client
        .list("crm.lead.list")
        .select(["ID"])
        .rows::<Value>()
        .unwrap()
        .map(|row| row.unwrap()["ID"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        ids,
        (1..=1_234).map(|id| id.to_string()).collect::<Vec<_>>()
    );
    let mut pages = client.list("crm.lead.list").select(["ID"]).pages().unwrap();
    assert_eq!(
        pages
            .by_ref()
            .map(|page| page.unwrap().len())
            .sum::<usize>(),
        1_234
    );
    assert_eq!(pages.report().unwrap().rows, 1_234);
    let (rows, report) = client
        .list("crm.lead.list")
        .collect_with_report::<Value>()
        .unwrap();
    assert_eq!((rows.len(), report.rows), (1_234, 1_234));
}

/// Makes a call for each of many items.
fn write_many(client: &Client) {
    let items = (0..60).map(|n| json!({"fields": {"TITLE": format!("n{n}")}}));
    let outcomes = client.call_each("crm.lead.add", items.clone()).collect();
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome.outcome, Outcome::Done(_)))
    );
    let one_by_one = client.call_each("crm.lead.add", items).outcomes();
    assert_eq!(one_by_one.count(), 60);
    let touch = [json!({"id": 1, "fields": {"OPENED": "Y"}})];
    let touched = client.call_each("crm.lead.update", touch).idempotent();
    assert!(touched.collect()[0].done().is_some());
}

/// Gets items by their IDs, and by those of a list.
fn get_items(client: &Client) {
    let found = client.get_by_id("crm.lead.get", [7_u64, 3, 7]).collect();
    let found = found.unwrap();
    let first = found.iter().map(|(id, _)| id.as_str().to_owned());
    assert_eq!(first.collect::<Vec<_>>(), ["7", "3", "7"]);
    let fetched = client
        .get_by_id("crm.lead.get", 1..=60_u64)
        .stream()
        .unwrap();
    assert_eq!(
        fetched
            .filter(|found| found.outcome.done().is_some())
            .count(),
        60
    );
    let of_list = || {
        client
            .list_and_get("crm.lead.list", "crm.lead.get")
            .list(|list| list.resume_after(1_100))
            .filter(json!({"<=ID": 1_170}))
    };
    let (leads, report) = of_list().collect_with_report().unwrap();
    assert_eq!((leads.len(), report.rows), (70, 70));
    assert!(of_list().stream().unwrap().all(|found| found.is_ok()));
}

/// Uploads a file, and downloads it whole and to a writer.
fn load_files(client: &Client) {
    let file = brimful::FileData::new("a.txt", "0123456789").upload_params(1);
    let file: Value = client
        .call("disk.folder.uploadfile", file)
        .unwrap()
        .result()
        .unwrap();
    let link = file["DOWNLOAD_URL"].as_str().unwrap();
    assert_eq!(client.download(link).bytes().unwrap(), "0123456789");
    let mut copy = Vec::new();
    let written = client
        .download(link)
        .expect_size(10)
        .to_writer(&mut copy)
        .unwrap();
    assert_eq!(
        (copy.as_slice(), written.bytes),
        (b"0123456789".as_slice(), 10)
    );
}

/// Reads a list of REST 3.0.
fn read_tasks(client: &Client) {
    let tasks = client.rest3().list("tasks.task.list").select(["id"]);
    assert_eq!(tasks.collect::<Value>().unwrap().len(), 30);
    assert!(client.rest3().openapi().is_ok());
}

/// Makes a batch and single calls.
fn call_otherwise(client: &Client) {
    let mut batch = Batch::new();
    let user = batch.add("user", "user.current", json!({})).unwrap();
    let reply = client.batch(batch).unwrap();
    assert!(reply.get(&user).unwrap().done().is_some());
    let page = client.call_method("crm.lead.list", json!({}));
    assert!(page.has_more() && page.next().unwrap().error().is_none());
    assert!(
        client
            .fields("crm.lead", json!({}))
            .unwrap()
            .contains_key("TITLE")
    );
    let _gently = client.slow(1);
    assert!(client.call("crm.lead.get", json!({"id": 99_999})).is_err());
    assert!(client.stats().requests > 5);
}

#[test]
fn everything_can_be_waited_for() {
    let served = served();
    use_it(&served.url);
    served.runtime.shutdown_background();
}

#[tokio::test]
async fn inside_another_runtime_too() {
    let served = std::thread::spawn(served).join().unwrap();
    use_it(&served.url);
    served.runtime.shutdown_background();
}

#[test]
fn threads_share_one_client() {
    let served = served();
    let client = Client::builder(&served.url)
        .limit(None)
        .build_blocking()
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let rows = client.list("crm.lead.list").collect::<Value>().unwrap();
                assert_eq!(rows.len(), 1_234);
            });
        }
    });
    served.runtime.shutdown_background();
}
