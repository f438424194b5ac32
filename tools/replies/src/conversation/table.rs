//! The conversations of single methods, as `conversations.txt` has them.
//!
//! A line without an indent begins those of a method: its name, in which `{x:a,b}` stands for `a` and for `b` (`{x}` below
//! it is then the same). Indented lines are its calls: `NAME = METHOD PARAMETERS`, or `METHOD PARAMETERS`, after `each PATH:`
//! if the call is made for each row there, and after `try` if it may be refused. The parameters are JSON, perhaps none. The
//! last call is the one whose reply is compared. What stands alone between `expect` and the end of its line says where in
//! the result there are rows or descriptions of fields.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::json;

use super::{Conversation, Shape, Step};

/// The conversations about a method, whose name is in lower case.
pub(super) fn find(method: &str) -> Vec<Conversation> {
    static BY_METHOD: OnceLock<HashMap<String, Vec<Conversation>>> = OnceLock::new();
    let by_method = BY_METHOD.get_or_init(|| {
        let mut by_method: HashMap<String, Vec<Conversation>> = HashMap::new();
        for (method, conversation) in read(include_str!("../conversations.txt")) {
            by_method.entry(method).or_default().push(conversation);
        }
        by_method
    });
    by_method.get(method).cloned().unwrap_or_default()
}

/// The methods of a text, in lower case, each with a conversation. A test reads the text that is built in, so that nothing
/// in it is passed over.
fn read(text: &str) -> Vec<(String, Conversation)> {
    let mut blocks: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        match (line.starts_with(' '), blocks.last_mut()) {
            (true, Some((_, calls))) => calls.push(line.trim()),
            _ => blocks.push((line.trim(), Vec::new())),
        }
    }
    let mut read = Vec::new();
    for (head, calls) in blocks {
        for heads in alternatives(head) {
            let (method, names) = heads;
            let conversation = conversation(&calls, &names);
            read.extend(conversation.map(|known| (method.to_ascii_lowercase(), known)));
        }
    }
    read
}

type Names = Vec<(String, String)>;

/// What a head stands for, with what its variables are.
fn alternatives(head: &str) -> Vec<(String, Names)> {
    let Some((before, inside, after)) = braces(head) else {
        return vec![(head.to_owned(), Vec::new())];
    };
    let (variable, values) = inside.split_once(':').unwrap_or(("", inside));
    let mut all = Vec::new();
    for value in values.split(',') {
        for (rest, mut names) in alternatives(after) {
            names.push((variable.to_owned(), value.to_owned()));
            all.push((format!("{before}{value}{rest}"), names));
        }
    }
    all
}

fn braces(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside, after))
}

fn conversation(calls: &[&str], names: &Names) -> Option<Conversation> {
    let mut conversation = Conversation::default();
    for call in calls {
        let mut call = (*call).to_owned();
        for (name, value) in names {
            call = call.replace(&format!("{{{name}}}"), value);
        }
        match call.strip_prefix("expect ") {
            Some(what) => {
                let (shape, path) = what.split_once(' ').unwrap_or((what, ""));
                let at = path.split('.').filter(|part| !part.is_empty());
                conversation.expectation.at = at.map(str::to_owned).collect();
                conversation.expectation.shape = match shape {
                    "fields" => Shape::Fields,
                    "rows" => Shape::Rows,
                    "record" => Shape::Record,
                    _ => return None,
                };
            }
            None => conversation.steps.push(step(&call)?),
        }
    }
    Some(conversation)
}

fn step(line: &str) -> Option<Step> {
    let mut step = Step {
        name: "last".to_owned(),
        ..Step::default()
    };
    let mut rest = line;
    if let Some(call) = rest.strip_prefix("each ") {
        let (path, call) = call.split_once(": ")?;
        step.each = Some(path.trim_start_matches('$').to_owned());
        rest = call;
    }
    if let Some(call) = rest.strip_prefix("try ") {
        step.may_fail = true;
        rest = call;
    }
    let (call, params) = rest
        .split_once(" {")
        .map_or((rest, None), |(call, params)| {
            (call, Some(format!("{{{params}")))
        });
    let (call, params) = match (params, rest.split_once(" [")) {
        (None, Some((call, params))) => (call, Some(format!("[{params}"))),
        (params, _) => (call, params),
    };
    if let Some((name, method)) = call.split_once(" = ") {
        name.trim().clone_into(&mut step.name);
        method.trim().clone_into(&mut step.method);
    } else {
        call.trim().clone_into(&mut step.method);
    }
    step.params = match params {
        Some(params) => serde_json::from_str(&params).ok()?,
        None => json!({}),
    };
    Some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_built_in_conversations_is_read() {
        let text = include_str!("../conversations.txt");
        let mut method = "";
        for line in text
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        {
            let Some(call) = line.strip_prefix(' ').map(str::trim) else {
                method = line;
                continue;
            };
            // What stands for a word of each method is put in before a step is read.
            let call = ('a'..='z').fold(call.to_owned(), |call, word| {
                call.replace(&format!("{{{word}}}"), "word")
            });
            let is_read = call.starts_with("expect ") || step(&call).is_some();
            assert!(is_read, "{method}: {call}");
        }
        assert!(read(text).iter().all(|(_, known)| !known.steps.is_empty()));
    }

    #[test]
    fn a_head_with_braces_stands_for_each_of_its_methods() {
        let known =
            read("crm.{e:deal,lead}.{v:add,get}\n  x = crm.{e}.{v} {\"id\": \"$reply.ID\"}\n");
        let methods: Vec<&str> = known.iter().map(|(method, _)| method.as_str()).collect();
        assert_eq!(
            methods,
            [
                "crm.deal.add",
                "crm.deal.get",
                "crm.lead.add",
                "crm.lead.get"
            ]
        );
        let step = &known[3].1.steps[0];
        assert_eq!(
            (step.name.as_str(), step.method.as_str()),
            ("x", "crm.lead.get")
        );
        assert_eq!(step.params, json!({ "id": "$reply.ID" }));
    }
}
