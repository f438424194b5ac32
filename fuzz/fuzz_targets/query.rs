//! Query strings: what `parse_str` makes of anything survives `http_build_query` and another `parse_str`.

#![no_main]

use brimful_protocol::{Array, Value, json, query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    comes_back(query::decode(input));
    if let Ok(params) = serde_json::from_slice::<serde_json::Value>(input) {
        comes_back(query::decode(query::encode(&params).as_bytes()));
    }
    if let Ok(text) = std::str::from_utf8(input) {
        assert_eq!(query::unescaped(query::escaped(text).as_bytes()), input);
    }
});

fn comes_back(params: Array) {
    let text = json::to_string(&Value::Array(params));
    let params = serde_json::from_str(&text).expect("JSON that we wrote");
    let again = query::decode(query::encode(&params).as_bytes());
    assert_eq!(json::to_string(&Value::Array(again)), text);
}
