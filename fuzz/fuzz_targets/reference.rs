//! References in the values of a command: replaced without a fall, and nothing but what holds a `$` changes.
//!
//! An input is the results so far as a line of JSON, and after it the command.

#![no_main]

use brimful_protocol::{Value, batch, json, reference};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (results, command) = input.split_once('\n').unwrap_or(("{}", input));
    let Ok(Value::Array(results)) = serde_json::from_str::<Value>(results) else {
        return;
    };
    let (_, params) = batch::parse_command(command);
    let mut params = Value::Array(params);
    let before = json::to_string(&params);
    reference::substitute(&mut params, &results);
    let after = json::to_string(&params);
    if !before.contains('$') {
        assert_eq!(before, after);
    }
    let mut text = Value::Text(command.to_owned());
    reference::substitute(&mut text, &results);
    // What stands for nothing at all leaves the text, so that the second time is like the first.
    let mut none = Value::Text(command.to_owned());
    reference::substitute(&mut none, &brimful_protocol::Array::new());
    assert_eq!(none.as_str(), Some(command));
});
