//! Syncs into ClickHouse whose statements are refused: something between the program and the server in
//! `BRIMFUL_TEST_CLICKHOUSE` answers in the server's place.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use brimful::reqwest::Url;

use super::clickhouse::{answer, database, server};
use super::*;
use crate::contract::clickhouse::read_request;

/// What is refused: statements that have all of these words, so often.
type Refused = Arc<Mutex<(Vec<&'static str>, usize)>>;

/// Passes statements on to the server, and refuses some of them. Returns the store by this way.
fn refusing(url: &Url, store: &Store) -> (Store, Refused) {
    let refused = Refused::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut way = Url::parse(&address(url, store)).unwrap();
    way.set_port(Some(listener.local_addr().unwrap().port()))
        .unwrap();
    let to = (
        url.host_str().unwrap().to_owned(),
        url.port_or_known_default().unwrap_or(8123),
    );
    let said = Arc::clone(&refused);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (to, said) = (to.clone(), Arc::clone(&said));
            std::thread::spawn(move || pass_on(client.unwrap(), &to, &said));
        }
    });
    (way.as_str().parse().unwrap(), refused)
}

/// The address of a store, which has the password.
fn address(url: &Url, store: &Store) -> String {
    let mut url = url.clone();
    let shown = Url::parse(&store.to_string()).unwrap();
    url.set_path(shown.path());
    url.into()
}

fn pass_on(mut client: TcpStream, to: &(String, u16), refused: &Refused) {
    let request = read_request(&mut client);
    let text = String::from_utf8_lossy(&request);
    let is_refused = {
        let (words, left) = &mut *refused.lock().unwrap();
        let meets = *left > 0 && words.iter().all(|word| text.contains(word));
        *left -= usize::from(meets);
        meets
    };
    if is_refused {
        let body = "Code: 241, e.displayText() = DB::Exception: Memory limit exceeded, e.what() = DB::Exception";
        let head = "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length";
        let _ = write!(client, "{head}: {}\r\n\r\n{body}", body.len());
        return;
    }
    let mut server = TcpStream::connect((to.0.as_str(), to.1)).unwrap();
    server.write_all(&request).unwrap();
    let mut answer = Vec::new();
    // The request asks for the end of the connection behind the answer.
    let _ = server.read_to_end(&mut answer);
    let _ = client.write_all(&answer);
}

#[tokio::test(start_paused = true)]
async fn what_the_server_refuses_to_store_comes_with_the_next_run() {
    let Some(url) = server() else { return };
    let statements: [&[&str]; 5] = [
        &["INSERT", "_brimful_stage_"],
        &["INSERT INTO `crm_deal`", "_brimful_stage_"],
        &["INSERT INTO `crm_deal`", "toDateTime("],
        &["INSERT INTO _brimful_coverage"],
        &["INSERT INTO _brimful_state"],
    ];
    for (place, words) in statements.into_iter().enumerate() {
        for times in [1, usize::MAX] {
            let name = format!("sync_refused_{place}_{}", u8::from(times == 1));
            let store = database(&url, &name);
            let (way, refused) = refusing(&url, &store);
            let bench = Bench::new(PortalConfig::new().rows("deal", 300));
            let run = bench.run(&way, &["crm.deal"]);
            let result = run.run().await.unwrap().entities.remove(0).1;
            assert!(result.is_ok(), "{result:?}");
            pass(60).await;
            let change = json!({"id": 7, "fields": {"TITLE": "changed"}});
            bench.call("crm.deal.update", change).await;
            bench.call("crm.deal.delete", json!({"id": 9})).await;
            pass(60).await;

            *refused.lock().unwrap() = (words.to_vec(), times);
            let failed = run.run().await.unwrap().entities.remove(0).1;
            assert!(failed.is_err(), "{words:?}");
            refused.lock().unwrap().1 = 0;
            let result = run.run().await.unwrap().entities.remove(0).1;
            assert_eq!(result.unwrap().rows, 299, "{words:?}");
            let stored = "SELECT groupArray(ID) FROM (SELECT ID FROM crm_deal FINAL WHERE ID = 7 AND TITLE = 'changed' OR \
                          isNotNull(_deleted_at) ORDER BY ID)";
            assert_eq!(answer(&url, &name, stored), "[7,9]", "{words:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_a_run_could_not_delete_are_deleted_by_the_next_one() {
    let Some(url) = server() else { return };
    let store = database(&url, "sync_undeleted");
    let (way, refused) = refusing(&url, &store);
    let bench = Bench::new(PortalConfig::new().rows("deal", 300));
    let run = bench.run(&way, &["crm.deal"]).options(SyncOptions {
        deletes: Deletes::Hard,
        ..SyncOptions::default()
    });
    run.run().await.unwrap();
    bench.call("crm.deal.delete", json!({"id": 9})).await;
    *refused.lock().unwrap() = (vec!["ALTER TABLE `crm_deal` DELETE"], usize::MAX);
    assert!(run.run().await.unwrap().entities.remove(0).1.is_err());
    refused.lock().unwrap().1 = 0;
    let report = run.run().await.unwrap().entities.remove(0).1.unwrap();
    assert_eq!(report.rows, 299);
    let left = "SELECT count() FROM crm_deal WHERE ID = 9";
    assert_eq!(answer(&url, "sync_undeleted", left), "0");
}
