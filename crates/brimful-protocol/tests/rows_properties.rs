//! Rows are what `serde_json` sees in the same reply, and nothing that comes makes the reader fall over.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod deterministic;

use brimful_protocol::EnvelopeError;
use brimful_protocol::rows::{self, Page, PageOutcome, Place, RowsError, read_batch, read_list};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const PLAIN: Place<'_> = Place {
    key: None,
    id: Some("ID"),
};

fn under(key: &str) -> Place<'_> {
    Place {
        key: Some(key),
        id: Some("id"),
    }
}

fn body(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn ids(page: &Page) -> Vec<Option<u64>> {
    page.ids().collect()
}

fn labels(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// A batch reply whose `result` is made of these five parts.
fn parts(result: &str, error: &str, total: &str, next: &str, time: &str) -> String {
    format!(
        r#"{{"result":{{"result":{result},"result_error":{error},"result_total":{total},"result_next":{next},"result_time":{time}}},"time":{{"operating":0.5}}}}"#
    )
}

fn field() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<i32>().prop_map(|i| json!(f64::from(i) / 8.0)),
        any::<String>().prop_map(Json::from),
        "[\"\\\\\\[\\]{},: я\u{1}]{0,20}".prop_map(Json::from),
    ];
    scalar.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|o| Json::Object(o.into_iter().collect())),
        ]
    })
}

/// A row with an ID somewhere in it, or without one.
fn row() -> impl Strategy<Value = Json> {
    let id = prop_oneof![
        any::<u64>().prop_map(|id| Some(json!(id))),
        any::<u64>().prop_map(|id| Some(json!(id.to_string()))),
        Just(None),
    ];
    let before = proptest::collection::vec(("[A-HJ-Z_\"\\\\я]{1,8}", field()), 0..4);
    let after = proptest::collection::vec(("[A-HJ-Z_\"\\\\я]{1,8}", field()), 0..4);
    (before, id, after).prop_map(|(before, id, after)| {
        let id = id.map(|id| ("ID".to_owned(), id));
        Json::Object(before.into_iter().chain(id).chain(after).collect())
    })
}

/// A row as portals write most of them: strings and `null`, no blanks, few escapes.
fn usual_row() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        6 => Just("null".to_owned()),
        6 => "[A-Za-zя ,:{}.-]{0,20}".prop_map(|text| format!("\"{text}\"")),
        1 => Just(r#""a\/b \u0022c\u0022 \\""#.to_owned()),
        1 => Just("\",\"".replace('"', "\\\"")).prop_map(|text| format!("\"{text}\"")),
        1 => any::<u32>().prop_map(|number| number.to_string()),
        1 => Just(r#"[{"ID":"5","VALUE":"x"}]"#.to_owned()),
    ];
    let members = proptest::collection::vec(("[A-HJ-Z_]{1,12}", value), 0..12);
    (members, 1u32..9_999_999, 0usize..12).prop_map(|(mut members, id, at)| {
        members.insert(
            at.min(members.len()),
            ("ID".to_owned(), format!("\"{id}\"")),
        );
        let members: Vec<String> = members
            .into_iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

#[derive(Debug, Clone)]
enum Command {
    Rows(Vec<Json>, Option<u64>, Option<u64>),
    Fails(String),
    NotRun,
}

fn command() -> impl Strategy<Value = Command> {
    let count = || proptest::option::of(0u64..10_000);
    prop_oneof![
        4 => (proptest::collection::vec(row(), 0..5), count(), count()).prop_map(|(r, n, t)| Command::Rows(r, n, t)),
        1 => any::<String>().prop_map(Command::Fails),
        1 => Just(Command::NotRun),
    ]
}

/// A PHP array: a list where its keys count from 0, a map otherwise, and a list when empty.
fn php_array(entries: Vec<(String, Json)>) -> Json {
    if entries
        .iter()
        .enumerate()
        .all(|(i, (key, _))| *key == i.to_string())
    {
        return entries.into_iter().map(|(_, value)| value).collect();
    }
    Json::Object(entries.into_iter().collect())
}

/// What `serde_json` makes of the ID of a row.
fn id_of(row: &Json) -> Option<u64> {
    let id = row.get("ID")?;
    id.as_u64().or_else(|| id.as_str()?.parse().ok())
}

proptest! {
    #![proptest_config(deterministic::cases(512))]

    #[test]
    fn rows_cut_out_of_a_batch_are_what_serde_json_sees(
        commands in proptest::collection::vec(command(), 0..6),
        wrapped in any::<bool>(),
        numbered in any::<bool>(),
        pretty in any::<bool>(),
    ) {
        let label = |i: usize| if numbered { i.to_string() } else { format!("p\"{i}") };
        let mut parts = [const { Vec::new() }; 4];
        for (i, command) in commands.iter().enumerate() {
            match command {
                Command::Rows(rows, next, total) => {
                    let rows = Json::from(rows.clone());
                    parts[0].push((label(i), if wrapped { json!({"items": rows}) } else { rows }));
                    parts[2].extend(total.map(|total| (label(i), json!(total))));
                    parts[3].extend(next.map(|next| (label(i), json!(next))));
                }
                Command::Fails(text) => parts[1].push((label(i), json!({"error": "", "error_description": text}))),
                Command::NotRun => {}
            }
        }
        let [result, error, total, next] = parts.map(php_array);
        let reply = json!({
            "result": {"result": result, "result_error": error, "result_total": total, "result_next": next, "result_time": []},
            "time": {"start": 1},
        });
        let text = if pretty { serde_json::to_string_pretty(&reply) } else { serde_json::to_string(&reply) }.unwrap();
        let names: Vec<String> = (0..commands.len()).map(label).collect();
        let place = Place { key: wrapped.then_some("items"), id: Some("ID") };
        let read = read_batch(&text.into(), &names, place).unwrap();
        prop_assert_eq!(read.outcomes.len(), commands.len());
        for (outcome, command) in read.outcomes.iter().zip(&commands) {
            match (outcome, command) {
                (PageOutcome::Page { page, next, total, .. }, Command::Rows(rows, n, t)) => {
                    prop_assert_eq!((next, total), (n, t));
                    let cut: Vec<Json> = page.iter().map(|row| row.parse().unwrap()).collect();
                    prop_assert_eq!(&cut, rows);
                    prop_assert_eq!(ids(page), rows.iter().map(id_of).collect::<Vec<_>>());
                    let copy = page.detached();
                    prop_assert_eq!(copy.raw().collect::<Vec<_>>(), page.raw().collect::<Vec<_>>());
                }
                (PageOutcome::Error(error), Command::Fails(text)) => prop_assert_eq!(&error.description, text),
                (PageOutcome::NotRun, Command::NotRun) => {}
                (outcome, command) => prop_assert!(false, "{:?} for {:?}", outcome, command),
            }
        }
    }

    #[test]
    fn a_reply_is_accepted_exactly_when_serde_json_accepts_it(
        rows in r#"([\[\]{}",:\\ 0-9.eE+-]|true|false|null|"[a-z]{0,3}"|"\\[\\"/bfnrtux0-9a-f]{1,5}"|-?[0-9]{1,3}(\.[0-9]{0,2})?([eE][+-]?[0-9]?)?|"ID":|я|\u{1}){0,10}"#,
    ) {
        let text = format!(r#"{{"result":[{rows}]}}"#);
        let sound = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        match read_list(&body(&text), PLAIN) {
            Ok(_) => prop_assert!(sound),
            Err(RowsError::Envelope(EnvelopeError::NoResult(_)) | RowsError::Api(_) | RowsError::NoRows(_)) => prop_assert!(sound),
            Err(_) => prop_assert!(!sound, "{}", text),
        }
    }

    #[test]
    fn a_long_reply_of_usual_rows_is_read_as_serde_json_reads_it_wherever_a_byte_of_it_is_changed(
        rows in proptest::collection::vec(usual_row(), 5..80),
        change in proptest::option::of((any::<proptest::sample::Index>(), prop_oneof![
            4 => proptest::sample::select(b"\"\\:,{}[]n0 \n\t\x01".as_slice()),
            1 => 0u8..0x80,
        ])),
    ) {
        let mut bytes = format!(r#"{{"result":[{}],"total":7}}"#, rows.join(",")).into_bytes();
        if let Some((at, byte)) = change {
            let at = at.index(bytes.len());
            // A letter of another alphabet stays whole, so that the text stays one.
            if bytes[at] < 0x80 {
                bytes[at] = byte;
            }
        }
        let read = read_list(&bytes.clone().into(), PLAIN);
        let Ok(seen) = serde_json::from_slice::<Json>(&bytes) else {
            // What serde_json refuses may be a name twice or a number too large, which are still JSON.
            let sound = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
            prop_assert!(sound || read.is_err());
            return Ok(());
        };
        let Some(rows) = seen["result"].as_array() else {
            return Ok(());
        };
        let reply = read.unwrap();
        let cut: Vec<Json> = reply.page.iter().map(|row| row.parse().unwrap()).collect();
        prop_assert_eq!(&cut, rows);
        for (row, seen) in reply.page.iter().zip(rows) {
            let mut fields = serde_json::Map::new();
            let whole = rows::each_value(row.json, |name, value| {
                let read: Json = serde_json::from_str(value.json()).unwrap();
                let is_plain = read.is_string() && !value.json().contains('\\');
                assert_eq!(value.plain_text(), read.as_str().filter(|_| is_plain));
                fields.insert(name.to_owned(), read);
            });
            let has_escaped_name = seen.as_object().is_none_or(|fields| fields.keys().any(|name| {
                !row.json.contains(&format!("\"{name}\""))
            }));
            if !has_escaped_name {
                prop_assert!(whole);
            }
            if whole {
                prop_assert_eq!(&Json::Object(fields), seen);
            }
            let ids = seen.as_object().map_or(0, |row| {
                row.keys().filter(|name| name.eq_ignore_ascii_case("ID")).count()
            });
            let id = seen.get("ID").and_then(Json::as_str);
            let usual_id = id.filter(|id| !id.starts_with(['0', '+']));
            let id = usual_id.and_then(|id| id.parse::<u64>().ok());
            if whole && ids == 1 && id.is_some() {
                prop_assert_eq!(row.id, id);
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_fall_over(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let body = Bytes::from(bytes);
        let _ = read_list(&body, PLAIN);
        let _ = read_batch(&body, &labels(&["a", "0"]), under("items"));
    }

    #[test]
    fn a_reply_with_one_byte_changed_does_not_either(at in 0usize..200, byte in any::<u8>(), cut in 0usize..200) {
        let mut bytes = parts(r#"{"a":{"items":[{"id":"1","T":"я"}]},"0":[]}"#, r#"{"c":{"error":"X"}}"#, r#"{"a":1}"#, "[]", "[]").into_bytes();
        let place = at % bytes.len();
        bytes[place] = byte;
        bytes.truncate(bytes.len() - cut.saturating_sub(150).min(bytes.len()));
        let body = Bytes::from(bytes);
        let _ = read_list(&body, under("items"));
        let _ = read_batch(&body, &labels(&["a", "0"]), under("items"));
    }

    #[test]
    fn row_id_never_falls_over(row in any::<String>(), field in any::<String>()) {
        let _ = rows::row_id(&row, &field);
    }
}
