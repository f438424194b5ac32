//! How fast rows are cut out of a batch reply: `cargo run --release -p brimful-protocol --example scan`.
//!
//! The replies are built here: 50 commands of 50 leads, as `crm.lead.list` with all its fields writes them. One that was
//! saved can be named too: the reply to a batch with the labels `p0` to `p49`. The best of several passes is the number
//! to compare, since other work on the machine can only slow a pass down.
//!
//! `--once PATH` takes one hot path of the wire once, within the function `counted`, for a tool that counts
//! instructions: `bench/instructions` does that and knows the names.
#![expect(clippy::print_stdout, reason = "the measurement is the output")]

use std::hint::black_box;
use std::time::Duration;

use brimful_protocol::rows::{self, PageOutcome, Place};
use brimful_protocol::{Array, Envelope, Value, batch, json, query};
use bytes::Bytes;
use tokio::time::Instant;

const COMMANDS: u64 = 50;
const ROWS: u64 = 50;
const PASSES: u32 = 400;

fn main() {
    let labels: Vec<String> = (0..COMMANDS).map(|i| format!("p{i}")).collect();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [once, path] = &arguments[..]
        && once == "--once"
    {
        return take_once(path, &labels);
    }
    if let Some(file) = arguments.first() {
        let body = std::fs::read(file).unwrap_or_default();
        measure(file, "as saved", &body.into(), &labels);
    }
    for (name, lead) in [("leads, Russian", RUSSIAN), ("leads, English", ENGLISH)] {
        measure(name, "ID first", &reply(lead, IdAt::First), &labels);
        measure(name, "ID last", &reply(lead, IdAt::Last), &labels);
    }
}

/// Takes one hot path.
fn take_once(path: &str, labels: &[String]) {
    let body = reply(RUSSIAN, IdAt::First);
    let place = Place {
        key: None,
        id: Some("ID"),
    };
    match path {
        "cut-rows" => {
            let batch = second(|| rows::read_batch(&body, labels, place));
            assert!(
                batch.is_ok_and(
                    |batch| batch.outcomes.iter().map(rows_with_id).sum::<usize>() == 2500
                )
            );
        }
        "walk-fields" => {
            let batch = rows::read_batch(&body, labels, place);
            let pages = batch.map_or_else(|_| Vec::new(), |batch| batch.outcomes);
            assert_eq!(second(|| fields_of(&pages)), 92_500);
        }
        "read-envelope" => assert!(second(|| Envelope::parse(&body).is_ok())),
        "encode-batch" => {
            let params = commands(labels);
            assert!(second(|| query::encode(&params)).len() > 1000);
        }
        "decode-batch" => {
            let sent = query::encode(&commands(labels));
            assert_eq!(second(|| query::decode(sent.as_bytes())).len(), 2);
        }
        "write-json" => {
            let page: Value = (1..=ROWS)
                .map(|id| Value::Array(lead(id, RUSSIAN, IdAt::First)))
                .collect();
            assert!(second(|| json::to_string(&page)).len() > 1000);
        }
        _ => panic!("no hot path {path}"),
    }
}

/// The one function whose instructions count.
#[inline(never)]
fn counted<T>(path: impl Fn() -> T) -> T {
    black_box(path())
}

/// Counts the second run of a path: the first tidies up what the preparations have left in the allocator.
fn second<T>(path: impl Fn() -> T) -> T {
    drop(black_box(path()));
    counted(path)
}

/// The parameters of a batch of lists.
fn commands(labels: &[String]) -> serde_json::Value {
    let command = |label: &String| {
        let params = serde_json::json!({
            "filter": {">ID": 12_345, "=%TITLE": "Заявка%", "STATUS_ID": ["NEW", "IN_PROCESS"]},
            "select": ["ID", "TITLE", "OPPORTUNITY", "DATE_CREATE", "UF_CRM_1234567"],
            "order": {"ID": "ASC"},
            "start": -1,
        });
        (
            label.clone(),
            batch::command("crm.lead.list", &params).into(),
        )
    };
    let commands: serde_json::Map<String, serde_json::Value> = labels.iter().map(command).collect();
    serde_json::json!({"halt": 0, "cmd": commands})
}

fn measure(rows: &str, shape: &str, body: &Bytes, labels: &[String]) {
    let place = Place {
        key: None,
        id: Some("ID"),
    };
    let mut best = Duration::MAX;
    let mut found = 0;
    for _ in 0..PASSES {
        let start = Instant::now();
        let batch = black_box(rows::read_batch(black_box(body), labels, place));
        best = best.min(start.elapsed());
        found = batch.map_or(0, |batch| batch.outcomes.iter().map(rows_with_id).sum());
    }
    let megabytes = body.len() as f64 / 1e6;
    let speed = megabytes / best.as_secs_f64();
    let (fields, fields_best) = walk_fields(body, labels, place);
    println!("  each field: {fields} in {fields_best:.2?}");
    println!("{rows}, {shape}: {found} rows, {megabytes:.2} MB in {best:.2?}: {speed:.0} MB/s");
}

fn walk_fields(body: &Bytes, labels: &[String], place: Place<'_>) -> (usize, Duration) {
    let mut best = Duration::MAX;
    let mut fields = 0;
    let Ok(batch) = rows::read_batch(body, labels, place) else {
        return (0, best);
    };
    for _ in 0..PASSES {
        let start = Instant::now();
        fields = fields_of(&batch.outcomes);
        best = best.min(start.elapsed());
    }
    (fields, best)
}

fn fields_of(pages: &[PageOutcome]) -> usize {
    let mut fields = 0;
    for outcome in pages {
        if let PageOutcome::Page { page, .. } = outcome {
            for row in page.iter() {
                let whole = rows::each_field(row.json, |name, json| {
                    fields += usize::from(!black_box(name).is_empty() && !json.is_empty());
                });
                black_box(whole);
            }
        }
    }
    fields
}

fn rows_with_id(outcome: &PageOutcome) -> usize {
    match outcome {
        PageOutcome::Page { page, .. } => page.ids().flatten().count(),
        _ => 0,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum IdAt {
    First,
    Last,
}

/// What differs between leads of two languages: title, name, comment.
type Words = [&'static str; 3];

const RUSSIAN: Words = [
    "Заявка с сайта: ремонт под ключ",
    "Константин Константинопольский",
    "Просил перезвонить после обеда, <b>срочно</b>",
];
const ENGLISH: Words = [
    "Enquiry from the site: turnkey repairs",
    "Konstantin",
    "Call back after lunch, <b>urgent</b>",
];

fn reply(words: Words, id_at: IdAt) -> Bytes {
    let mut results = Array::new();
    let mut totals = Array::new();
    let mut times = Array::new();
    for command in 0..COMMANDS {
        let label = format!("p{command}");
        let page: Value = (0..ROWS)
            .map(|row| Value::Array(lead(command * ROWS + row + 1, words, id_at)))
            .collect();
        results.insert(label.as_str(), page);
        totals.insert(label.as_str(), 0);
        times.insert(label.as_str(), time());
    }
    let parts: [(&str, Value); 5] = [
        ("result", results.into()),
        ("result_error", Array::new().into()),
        ("result_total", totals.into()),
        ("result_next", Array::new().into()),
        ("result_time", times.into()),
    ];
    let envelope: [(&str, Value); 2] = [
        ("result", parts.into_iter().collect::<Array>().into()),
        ("time", time().into()),
    ];
    json::to_string(&envelope.into_iter().collect::<Array>().into()).into()
}

fn lead(id: u64, [title, name, comments]: Words, id_at: IdAt) -> Array {
    let mut lead = Array::new();
    let id = id.to_string();
    if id_at == IdAt::First {
        lead.insert("ID", id.as_str());
    }
    let fields: [(&str, &str); 36] = [
        ("TITLE", title),
        ("HONORIFIC", ""),
        ("NAME", name),
        ("SECOND_NAME", ""),
        ("LAST_NAME", ""),
        ("COMPANY_TITLE", ""),
        ("COMPANY_ID", ""),
        ("CONTACT_ID", ""),
        ("IS_RETURN_CUSTOMER", "N"),
        ("BIRTHDATE", ""),
        ("SOURCE_ID", "WEBFORM"),
        ("SOURCE_DESCRIPTION", ""),
        ("STATUS_ID", "NEW"),
        ("STATUS_DESCRIPTION", ""),
        ("POST", ""),
        ("COMMENTS", comments),
        ("CURRENCY_ID", "RUB"),
        ("OPPORTUNITY", "125000.00"),
        ("IS_MANUAL_OPPORTUNITY", "N"),
        ("HAS_PHONE", "Y"),
        ("HAS_EMAIL", "N"),
        ("HAS_IMOL", "N"),
        ("ASSIGNED_BY_ID", "19"),
        ("CREATED_BY_ID", "19"),
        ("MODIFY_BY_ID", "19"),
        ("DATE_CREATE", "2026-03-05T14:15:09+03:00"),
        ("DATE_MODIFY", "2026-03-06T09:01:44+03:00"),
        ("DATE_CLOSED", ""),
        ("STATUS_SEMANTIC_ID", "P"),
        ("OPENED", "Y"),
        ("ORIGINATOR_ID", ""),
        ("ORIGIN_ID", ""),
        ("MOVED_BY_ID", "19"),
        ("MOVED_TIME", "2026-03-05T14:15:09+03:00"),
        ("UTM_SOURCE", "yandex"),
        ("LAST_ACTIVITY_TIME", "2026-03-05T14:15:09+03:00"),
    ];
    for (key, value) in fields {
        lead.insert(
            key,
            if value.is_empty() && key.ends_with("_ID") {
                Value::Null
            } else {
                value.into()
            },
        );
    }
    if id_at == IdAt::Last {
        lead.insert("ID", id.as_str());
    }
    lead
}

fn time() -> Array {
    let mut time = Array::new();
    time.insert("start", 1_772_709_309);
    time.insert("finish", 1_772_709_309.52);
    time.insert("duration", 0.52);
    time.insert("processing", 0);
    time.insert("date_start", "2026-03-05T14:15:09+03:00");
    time.insert("date_finish", "2026-03-05T14:15:09+03:00");
    time.insert("operating_reset_at", 1_772_709_909);
    time.insert("operating", 0);
    time
}
