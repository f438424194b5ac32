//! Replies as XML: the same values as in JSON, without types. An integer key is `item`, true is 1, false and null are
//! empty elements.

use brimful_protocol::{Array, Key, Value};

/// The document whose root holds `value`.
pub(crate) fn document(value: &Value) -> String {
    let mut out = String::new();
    element(&mut out, "response", value);
    out
}

fn element(out: &mut String, name: &str, value: &Value) {
    let empty = match value {
        Value::Null | Value::Bool(false) => true,
        Value::Text(text) => text.is_empty(),
        Value::Array(array) => array.is_empty(),
        Value::Bool(true) | Value::Int(_) | Value::Float(_) => false,
    };
    out.push('<');
    out.push_str(name);
    if empty {
        out.push_str("/>");
        return;
    }
    out.push('>');
    match value {
        Value::Array(array) => children(out, array),
        scalar => text(out, &scalar.to_text()),
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn children(out: &mut String, array: &Array) {
    for (key, value) in array.iter() {
        match key {
            Key::Int(_) => element(out, "item", value),
            Key::Text(name) => element(out, &tag(name), value),
        }
    }
}

fn text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#039;"),
            // No XML document may hold these, escaped or not.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => out.push('\u{FFFD}'),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
}

/// A key as the name of an element. The portal does not care; a document that parses does.
fn tag(name: &str) -> String {
    let letter = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut tag: String = name
        .chars()
        .map(|c| if letter(c) { c } else { '_' })
        .collect();
    if !tag.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        tag.insert(0, '_');
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> String {
        document(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn integer_keys_are_items_and_nothing_has_a_type() {
        let json = r#"{"result":{"get_user":{"ID":"1","ACTIVE":true,"LAST_NAME":"","UF_DEPARTMENT":[128],"FIRED":false,"X":null}},
            "result_error":[],"total":7,"share":0.5}"#;
        assert_eq!(
            of(json),
            "<response><result><get_user><ID>1</ID><ACTIVE>1</ACTIVE><LAST_NAME/><UF_DEPARTMENT><item>128</item>\
             </UF_DEPARTMENT><FIRED/><X/></get_user></result><result_error/><total>7</total><share>0.5</share></response>"
        );
    }

    #[test]
    fn text_and_names_never_break_the_document() {
        assert_eq!(
            of(r#"{"a<b>c":"<&>\"'\u0001","1a":"x","":"y"}"#),
            "<response><a_b_c>&lt;&amp;&gt;&quot;&#039;\u{FFFD}</a_b_c><_1a>x</_1a><_>y</_></response>"
        );
    }
}
