//! Replies as a client reads them: rows are cut out of what is JSON, and each of them is JSON; nothing else is read.

#![no_main]

use brimful_protocol::rows::{Page, PageOutcome, Place, read_batch, read_list, row_id};
use brimful_protocol::{Envelope, batch::BatchReply};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

const PLACES: [Place<'_>; 3] = [
    Place {
        key: None,
        id: Some("ID"),
    },
    Place {
        key: Some("items"),
        id: Some("id"),
    },
    Place {
        key: None,
        id: None,
    },
];

fuzz_target!(|input: &[u8]| {
    let body = Bytes::copy_from_slice(input);
    let labels = ["a", "0", "1", "p\"2"].map(str::to_owned);
    // The mark that some PHP files put before their output is forgiven.
    let text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let is_json = serde_json::from_slice::<IgnoredAny>(text).is_ok();
    for place in PLACES {
        if let Ok(reply) = read_list(&body, place) {
            assert!(is_json);
            check(&reply.page);
        }
        if let Ok(reply) = read_batch(&body, &labels, place) {
            assert!(is_json);
            assert_eq!(reply.outcomes.len(), labels.len());
            for outcome in &reply.outcomes {
                if let PageOutcome::Page { page, .. } = outcome {
                    check(page);
                }
            }
        }
    }
    if let Ok(envelope) = Envelope::parse(input)
        && let Some(result) = envelope.result
    {
        let _ = BatchReply::parse(result);
    }
});

fn check(page: &Page) {
    for row in page.iter() {
        assert!(
            serde_json::from_str::<IgnoredAny>(row.json).is_ok(),
            "{}",
            row.json
        );
        let _ = row_id(row.json, "ID");
    }
    let copy = page.detached();
    assert!(copy.raw().eq(page.raw()));
    assert!(copy.ids().eq(page.ids()));
}
