//! The same names for programs that are not asynchronous.

use brimful_r7::Item;
use serde_json::Value;

use super::{builder, office};

#[test]
fn a_program_that_is_not_asynchronous_sends_batches_and_reads_lists() {
    let portal = office(130);
    let client = builder(&portal).build_blocking().unwrap();
    assert_eq!(client.get("people/@self").unwrap().status(), 200);
    let replies = client
        .batch()
        .item(Item::get("group").name("groups"))
        .item(Item::get("people/@self").name("me"))
        .send()
        .unwrap();
    assert_eq!(replies.reply("groups").unwrap().status(), 200);
    assert_eq!(client.requests_sent(), portal.stats().requests);

    let mut pages = client.list("people/filter").page_size(50).pages().unwrap();
    let rows: usize = pages.by_ref().map(|page| page.unwrap().len()).sum();
    assert_eq!((rows, pages.report().rows), (130, 130));
    let people: Vec<Value> = client
        .list("people/filter")
        .pages()
        .unwrap()
        .collect()
        .unwrap();
    assert_eq!(people.len(), 130);
}

#[test]
fn inside_another_runtime_a_blocking_client_works_too() {
    let portal = office(3);
    let client = builder(&portal).build_blocking().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let status = runtime.block_on(async { client.get("people/@self").unwrap().status() });
    assert_eq!(status, 200);
}
