//! References between the commands of a batch: point by point what the portal does with them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod deterministic;

use brimful_protocol::reference::substitute;
use brimful_protocol::{Array, Reference, Value, json};
use proptest::prelude::*;

fn value(json: serde_json::Value) -> Value {
    json.into()
}

/// The accumulators after a few commands.
fn results() -> Array {
    let results = value(serde_json::json!({
        "result": {
            "leads": [{"ID": "7", "TITLE": "first", "OPPORTUNITY": 1.5, "CLOSED": false, "NOTE": null},
                      {"ID": "9", "TITLE": "second", "TAGS": ["a", "b"]}],
            "count": 12,
            "name": "Иван",
            "code": "abc",
            "empty": [],
            "3": {"id": 5},
            "yes": true,
            "nothing": null,
        },
        "next": {"leads": 50},
        "total": {"leads": 2513},
        "time": {"leads": {"start": 1}},
        "error": {"bad": {"error": "NOT_FOUND", "error_description": "no such thing"}},
    }));
    results.as_array().unwrap().clone()
}

fn substituted(text: &str) -> Value {
    let mut value = Value::from(text);
    substitute(&mut value, &results());
    value
}

fn shown(text: &str) -> String {
    json::to_string(&substituted(text))
}

mod the_walk {
    use super::*;

    #[test]
    fn follows_the_path_to_its_end() {
        assert_eq!(shown("$result[leads][1][ID]"), r#""9""#);
        assert_eq!(shown("$result[3][id]"), "5");
        assert_eq!(shown("$result[leads][1][TAGS][1]"), r#""b""#);
    }

    #[test]
    fn keeps_the_deepest_value_where_a_step_is_missing() {
        let leads = results()
            .get("result")
            .and_then(|result| result.get("leads").cloned());
        assert_eq!(Some(substituted("$result[leads][49][ID]")), leads);
        assert_eq!(
            substituted("$result[leads][0][NAME]"),
            substituted("$result[leads][0]")
        );
        assert_eq!(shown("$result[empty][49][ID]"), "[]");
        assert_eq!(
            shown("$result[count][0][ID]"),
            "12",
            "a number has no parts"
        );
    }

    #[test]
    fn stops_at_null_as_at_a_missing_step() {
        assert_eq!(
            substituted("$result[leads][0][NOTE]"),
            substituted("$result[leads][0]")
        );
        assert_eq!(substituted("$result[nothing]"), substituted("$result"));
    }

    #[test]
    fn of_a_command_that_is_missing_gives_all_results() {
        let all = results().get("result").unwrap().clone();
        assert_eq!(substituted("$result[nobody][0][ID]"), all);
        assert_eq!(substituted("$result"), all);
    }

    #[test]
    fn steps_into_strings_by_digit() {
        assert_eq!(shown("$result[code][0]"), r#""a""#);
        assert_eq!(shown("$result[code][2][0]"), r#""c""#);
        assert_eq!(
            shown("$result[code][3]"),
            r#""abc""#,
            "behind the end there is nothing"
        );
        assert_eq!(shown("$result[code][x]"), r#""abc""#);
        assert_eq!(shown("$result[leads][0][ID][0]"), r#""7""#);
    }

    #[test]
    fn steps_into_strings_by_bytes_as_php_does() {
        assert_eq!(
            shown("$result[name][0]"),
            "\"\u{fffd}\"",
            "half a letter is no text"
        );
    }

    #[test]
    fn does_not_count_from_the_end() {
        assert_eq!(
            substituted("$result[leads][-1][ID]"),
            substituted("$result[leads]")
        );
        assert_eq!(shown("$result[code][-1]"), r#""abc""#);
    }

    #[test]
    fn does_not_pluck_columns() {
        assert_eq!(
            substituted("$result[leads][ID]"),
            substituted("$result[leads]")
        );
    }

    #[test]
    fn knows_other_accumulators_than_result() {
        assert_eq!(shown("$next[leads]"), "50");
        assert_eq!(shown("$total[leads]"), "2513");
        assert_eq!(shown("$time[leads][start]"), "1");
        assert_eq!(shown("$error[bad][error]"), r#""NOT_FOUND""#);
        assert_eq!(
            shown("$error[bad][error_description]"),
            r#""no such thing""#
        );
    }

    #[test]
    fn finds_the_name_in_any_case_but_looks_it_up_as_written() {
        assert_eq!(shown("$Result[leads][0][ID]"), "null");
        assert_eq!(shown("$RESULT[count]"), "null");
        assert_eq!(
            shown("a $Result[count]"),
            r#""a $Result[count]""#,
            "null is not spliced"
        );
        assert_eq!(
            substituted("$result[LEADS][0]"),
            substituted("$result"),
            "labels have a case"
        );
    }

    #[test]
    fn ignores_what_no_accumulator_is_called() {
        for words in [
            "$",
            "$$",
            "$foo[leads]",
            "result[leads]",
            "$ result[count]",
            "100 $",
        ] {
            assert_eq!(substituted(words), Value::from(words));
        }
    }

    #[test]
    fn needs_only_the_beginning_of_a_name() {
        assert_eq!(shown("$results[count]"), "12");
        assert_eq!(shown("$error_description[bad][error]"), r#""NOT_FOUND""#);
    }

    #[test]
    fn ignores_accumulators_that_are_not_there_yet() {
        let mut at_start = Value::from("$error[bad]");
        substitute(&mut at_start, &Array::new());
        assert_eq!(at_start, Value::from("$error[bad]"));
    }
}

mod a_whole_value {
    use super::*;

    #[test]
    fn becomes_what_it_refers_to_with_its_type() {
        assert_eq!(substituted("$result[count]"), Value::Int(12));
        assert_eq!(
            substituted("$result[leads][0][OPPORTUNITY]"),
            Value::Float(1.5)
        );
        assert_eq!(substituted("$result[leads][0][CLOSED]"), Value::Bool(false));
        assert_eq!(substituted("$result[yes]"), Value::Bool(true));
        assert!(substituted("$result[leads]").as_array().unwrap().is_list());
    }

    #[test]
    fn may_have_things_glued_to_it_that_are_lost() {
        assert_eq!(
            shown("$result[leads][0][ID],$result[leads][1][ID]"),
            r#""7""#
        );
        assert_eq!(shown("$result[count]_suffix"), "12");
        assert_eq!(
            shown("$result[leads]-[1]-[ID]"),
            r#""9""#,
            "every bracket is a step"
        );
    }

    #[test]
    fn may_have_a_bracket_that_never_closes() {
        assert_eq!(shown("$result[count][x"), "12");
        assert_eq!(substituted("$result["), substituted("$result"));
    }
}

mod inside_a_text {
    use super::*;

    #[test]
    fn strings_and_numbers_are_spliced() {
        assert_eq!(
            shown("lead $result[leads][0][ID] of $total[leads]"),
            r#""lead 7 of 2513""#
        );
        assert_eq!(shown("sum $result[leads][0][OPPORTUNITY]"), r#""sum 1.5""#);
    }

    #[test]
    fn arrays_booleans_and_null_leave_the_words() {
        for reference in [
            "$result[leads]",
            "$result[yes]",
            "$result[nobody]",
            "$result[leads][0][CLOSED]",
        ] {
            let text = format!("a {reference} b");
            assert_eq!(substituted(&text), Value::from(text.as_str()));
        }
    }

    #[test]
    fn a_reference_ends_at_white_space_alone() {
        assert_eq!(
            shown("$result[count], then"),
            r#""12 then""#,
            "the comma is part of it"
        );
        assert_eq!(
            shown("$result[count]\t$next[leads]\n$total[leads]"),
            r#""12\t50\n2513""#
        );
        assert_eq!(shown("x=$result[count]"), r#""x=12""#);
        assert_eq!(
            shown("$result[count]\u{a0}b"),
            "12",
            "a hard space is none to PHP"
        );
    }

    #[test]
    fn there_is_one_reference_in_a_token() {
        assert_eq!(shown("a $result[count]$next[leads]"), r#""a 12""#);
    }

    #[test]
    fn a_dollar_before_a_reference_stays() {
        assert_eq!(shown("$$result[count]"), r#""$12""#);
    }

    #[test]
    fn what_was_spliced_is_not_read_again() {
        let mut results = Array::new();
        results.insert(
            "result",
            value(serde_json::json!({"a": "$result[b]", "b": "no"})),
        );
        let mut text = Value::from("see $result[a]");
        substitute(&mut text, &results);
        assert_eq!(text, Value::from("see $result[b]"));
    }
}

mod parameters {
    use super::*;

    #[test]
    fn are_walked_to_every_depth_and_keys_are_not_touched() {
        let mut params = value(serde_json::json!({
            "$result[count]": "$result[count]",
            "filter": {">ID": "$result[leads][1][ID]", "@ID": ["$next[leads]", "5", 5, null]},
        }));
        substitute(&mut params, &results());
        let expected = serde_json::json!({
            "$result[count]": 12,
            "filter": {">ID": "9", "@ID": [50, "5", 5, null]},
        });
        assert_eq!(params, value(expected));
    }

    #[test]
    fn may_be_replaced_by_whole_rows() {
        let mut params = value(serde_json::json!({"ids": ["$result[leads][1][TAGS]"]}));
        substitute(&mut params, &results());
        assert_eq!(json::to_string(&params), r#"{"ids":[["a","b"]]}"#);
    }
}

mod a_dangling_chain {
    use super::*;

    /// `filter[>ID]=$result[p0][49][ID]` after a page of fewer than 50 rows.
    fn last_of(page: &serde_json::Value) -> Value {
        let mut results = Array::new();
        results.insert("result", value(serde_json::json!({"p0": page})));
        let mut reference = Value::from(
            Reference::result("p0")
                .unwrap()
                .index(49)
                .field("ID")
                .unwrap()
                .to_string(),
        );
        substitute(&mut reference, &results);
        reference
    }

    #[test]
    fn asks_for_ids_over_1_after_a_short_page() {
        assert_eq!(last_of(&serde_json::json!([{"ID": "700"}])).to_int(), 1);
    }

    #[test]
    fn asks_for_ids_over_0_after_an_empty_page() {
        assert_eq!(last_of(&serde_json::json!([])).to_int(), 0);
    }

    #[test]
    fn goes_on_after_a_full_page() {
        let page: Vec<_> = (1..=50)
            .map(|id| serde_json::json!({"ID": id.to_string()}))
            .collect();
        assert_eq!(last_of(&page.into()).to_int(), 50);
    }
}

mod a_reference_is_built {
    use super::*;

    #[test]
    fn of_steps() {
        assert_eq!(
            Reference::result("p0")
                .unwrap()
                .index(49)
                .field("ID")
                .unwrap()
                .to_string(),
            "$result[p0][49][ID]"
        );
        assert_eq!(Reference::total("p0").unwrap().to_string(), "$total[p0]");
        assert_eq!(Reference::next("p0").unwrap().to_string(), "$next[p0]");
        let json = serde_json::Value::from(Reference::result("a").unwrap());
        assert_eq!(json, "$result[a]");
        assert_eq!(
            serde_json::to_value(Reference::result("a").unwrap()).unwrap(),
            "$result[a]"
        );
    }

    #[test]
    fn of_no_step_that_the_portal_could_not_follow() {
        for step in ["", "a b", "a\tb", "a\u{a0}b", "a]", "[a", "]"] {
            assert!(Reference::result(step).is_err(), "{step:?}");
            assert!(Reference::next(step).is_err(), "{step:?}");
            assert!(Reference::total(step).is_err(), "{step:?}");
            let refusal = Reference::result("a").unwrap().field(step).unwrap_err();
            assert!(refusal.to_string().contains(&format!("{step:?}")));
        }
    }

    proptest! {
        #![proptest_config(deterministic::cases(512))]

        #[test]
        fn and_leads_to_where_it_says(label in any::<String>(), field in any::<String>(), index in 0usize..3) {
            let Ok(reference) = Reference::result(&label).map(|r| r.index(index)).and_then(|r| r.field(&field)) else {
                return Ok(());
            };
            let mut row = Array::new();
            row.insert(field.as_str(), "found");
            let page: Value = (0..3).map(|_| Value::from(row.clone())).collect();
            let mut pages = Array::new();
            pages.insert(label.as_str(), page);
            let mut results = Array::new();
            results.insert("result", pages);
            let mut value = Value::from(reference.to_string());
            substitute(&mut value, &results);
            prop_assert_eq!(value, Value::from("found"));
        }
    }
}

proptest! {
    #![proptest_config(deterministic::cases(512))]

    #[test]
    fn no_text_makes_the_evaluator_fall_over(text in any::<String>()) {
        let _ = substituted(&text);
    }

    #[test]
    fn nothing_that_looks_like_a_reference_does(text in r"(\$?(result|next|total|error|Result|time)?(\[[a-z0-9\]\[-]{0,5}\]?|\$|é| ){0,5}){0,4}") {
        let _ = substituted(&text);
    }

    #[test]
    fn a_text_without_a_dollar_is_left_alone(text in "[^$]{0,40}") {
        prop_assert_eq!(substituted(&text), Value::from(text.as_str()));
    }
}

#[test]
fn past_what_a_portal_can_hold_references_stay_as_they_are_written() {
    let mut results = Array::new();
    let text = "x".repeat(1 << 20);
    results.insert("result", Array::from_iter([("a", text.as_str())]));
    let written = "$result[a] ".repeat(100);
    let mut value = Value::from(written.as_str());
    substitute(&mut value, &results);
    let replaced = value.to_text();
    assert!(replaced.starts_with(&text) && replaced.ends_with("$result[a] "));
    assert!(replaced.len() < 20 << 20, "{}", replaced.len());
    let whole: Vec<Value> = (0..100).map(|_| Value::from("$result[a]")).collect();
    let mut value: Value = whole.into_iter().collect();
    substitute(&mut value, &results);
    assert!(value.weight() < 20 << 20, "{}", value.weight());
}
