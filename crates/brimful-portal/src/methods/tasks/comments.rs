//! `task.commentitem.*`: older methods, which take their parameters by their order, whatever they are called.

use brimful_protocol::{Array, Value};
use serde_json::Value as Json;

use super::history;
use super::positional::{arguments, array, check_task_number, failed, task};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::comments::Comment;
use crate::data::entities::{TASK, USER};
use crate::data::{self, PortalData};
use crate::methods::records;

/// The fields that a comment is added with.
const WRITTEN: [&str; 4] = [
    "POST_MESSAGE",
    "AUTHOR_ID",
    "POST_DATE",
    "UF_FORUM_MESSAGE_DOC",
];

/// `task.commentitem.add(TASKID, {POST_MESSAGE, AUTHOR_ID})` gives the ID of the comment.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    check_task_number(arguments.first().copied(), "ctaskcommentitem")?;
    let task = task(state, arguments.first().copied())?;
    let fields = array(&arguments, 1);
    let mut names = fields.into_iter().flat_map(Array::iter);
    let unknown = names.find_map(|(name, _)| {
        let name = name.to_text();
        (!WRITTEN.contains(&name.as_str())).then_some(name)
    });
    if let Some(name) = unknown {
        return Err(wrong_key("add", 1, "arFields", &name));
    }
    let text = |name: &str| {
        fields
            .and_then(|fields| fields.get(name))
            .map(Value::to_text)
    };
    let message = text("POST_MESSAGE").unwrap_or_default();
    if message.is_empty() {
        return Err(failed("comment text is empty"));
    }
    let author = text("AUTHOR_ID").and_then(|id| id.parse().ok());
    let (author, now) = (author.unwrap_or(call.user), call.seconds());
    let id = state.comments.add(task, author, now, message);
    history::note(state, task, call, "COMMENT", id.to_string().into());
    let table = state.table_mut(TASK);
    if let Some(field) = table.schema.legacy("COMMENTS_COUNT") {
        let count = table.row(task).cell(field).to_int().unwrap_or(0);
        table.update(task, [(field, Value::Int(count + 1))]);
    }
    Ok(Output::value(&Value::Int(id as i64)))
}

/// `task.commentitem.get(TASKID, ITEMID)`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    let task = task(state, arguments.first().copied())?;
    let id = arguments.get(1).map_or(0, |id| id.to_int());
    let comment = state
        .comments
        .of(task)
        .iter()
        .find(|one| one.id as i64 == id);
    let comment = comment.ok_or_else(|| failed("not found or not accessible"))?;
    Ok(Output::value(&Value::Array(describe(state, comment))))
}

/// `task.commentitem.update(TASKID, ITEMID, {POST_MESSAGE})`
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    let (task, id) = (task(state, arguments.first().copied())?, item(&arguments));
    let message = array(&arguments, 2).and_then(|fields| fields.get("POST_MESSAGE"));
    let message = message.map(Value::to_text).unwrap_or_default();
    if message.is_empty() {
        return Err(failed("comment text is empty"));
    }
    let comment = state.comments.find(task, id);
    comment
        .ok_or_else(|| failed("not found or not accessible"))?
        .message = message;
    Ok(Output::value(&Value::Bool(true)))
}

/// `task.commentitem.delete(TASKID, ITEMID)`
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    let (task, id) = (task(state, arguments.first().copied())?, item(&arguments));
    if !state.comments.delete(task, id) {
        return Err(failed("not found or not accessible"));
    }
    let table = state.table_mut(TASK);
    if let Some(field) = table.schema.legacy("COMMENTS_COUNT") {
        let count = table.row(task).cell(field).to_int().unwrap_or(1);
        table.update(task, [(field, Value::Int((count - 1).max(0)))]);
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// The ID in the second place.
fn item(arguments: &[&Value]) -> u64 {
    let id = arguments.get(1).map_or(0, |id| id.to_int());
    u64::try_from(id).unwrap_or(0)
}

/// `task.commentitem.getlist(TASKID, ORDER, FILTER)`: all of them, without pages, the newest first where no order is asked
/// for.
pub(crate) fn get_list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = arguments(call);
    let task = task(state, arguments.first().copied())?;
    let mut comments: Vec<&Comment> = state.comments.of(task).iter().collect();
    if let Some(filter) = array(&arguments, 2) {
        for (key, wanted) in filter.iter() {
            let key = key.to_text();
            let name = key.trim_start_matches(['>', '<', '=', '!']);
            let sign = &key[..key.len() - name.len()];
            let field = CommentField::named(name)
                .ok_or_else(|| wrong_key("getlist", 2, "arFilter", &key))?;
            let wanted: Vec<i64> = match wanted {
                Value::Array(values) => values.values().map(|value| field.number(value)).collect(),
                single => vec![field.number(single)],
            };
            let holds = |value: i64| match (sign, wanted.as_slice()) {
                (">=", [wanted]) => value >= *wanted,
                ("<=", [wanted]) => value <= *wanted,
                (">", [wanted]) => value > *wanted,
                ("<", [wanted]) => value < *wanted,
                ("!" | "!=", wanted) => !wanted.contains(&value),
                (_, wanted) => wanted.contains(&value),
            };
            comments.retain(|comment| holds(field.of(comment)));
        }
    }
    let mut order = Vec::new();
    for (key, way) in array(&arguments, 1).into_iter().flat_map(Array::iter) {
        let key = key.to_text();
        let field =
            CommentField::named(&key).ok_or_else(|| wrong_key("getlist", 1, "arOrder", &key))?;
        let down = way.to_text().to_ascii_lowercase().starts_with("desc");
        order.push((field, down));
    }
    if order.is_empty() {
        order.push((CommentField::Id, true));
    }
    comments.sort_by(|one, other| {
        let by = order.iter().map(|(field, down)| {
            let ordering = field.of(one).cmp(&field.of(other));
            if *down { ordering.reverse() } else { ordering }
        });
        by.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    let rows = comments.into_iter().map(|comment| describe(state, comment));
    Ok(Output::value(&rows.collect::<Value>()))
}

/// What comments are sorted and filtered by.
#[derive(Debug, Clone, Copy)]
enum CommentField {
    Id,
    Author,
    Posted,
}

impl CommentField {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "ID" => Self::Id,
            "AUTHOR_ID" | "AUTHOR_NAME" | "AUTHOR_EMAIL" => Self::Author,
            "POST_DATE" => Self::Posted,
            _ => return None,
        })
    }

    fn of(self, comment: &Comment) -> i64 {
        match self {
            Self::Id => comment.id as i64,
            Self::Author => comment.author as i64,
            Self::Posted => comment.posted,
        }
    }

    fn number(self, value: &Value) -> i64 {
        match self {
            Self::Posted => moment::parse(&value.to_text(), 0).unwrap_or(0),
            Self::Id | Self::Author => value.to_int(),
        }
    }
}

fn wrong_key(method: &str, place: usize, name: &str, key: &str) -> MethodError {
    let text = format!(
        "TASKS_ERROR_EXCEPTION_#256; Param #{place} ({name}) for method ctaskcommentitem::{method}() must not contain key \"{key}\".; 256/TE/WRONG_ARGUMENTS"
    );
    MethodError::new(400, "ERROR_CORE", text)
}

fn describe(state: &PortalData, comment: &Comment) -> Array {
    let users = state.table(USER);
    let text = |name: &str| {
        let row = users.get(comment.author)?;
        row.cell(users.schema.legacy(name)?).to_text()
    };
    let name = ["NAME", "LAST_NAME"].map(|name| text(name).unwrap_or_default());
    let mut row = Array::new();
    row.insert("POST_MESSAGE_HTML", Value::Null);
    row.insert("ID", comment.id.to_string());
    row.insert("AUTHOR_ID", comment.author.to_string());
    row.insert("AUTHOR_NAME", name.join(" ").trim());
    row.insert("AUTHOR_EMAIL", text("EMAIL").unwrap_or_default());
    row.insert("POST_DATE", moment::text(comment.posted));
    row.insert("POST_MESSAGE", comment.message.as_str());
    row.insert("ATTACHED_OBJECTS", Array::new());
    row
}

/// `tasks.task.result.addFromComment`: the result is of the task of the comment, and says what it says.
pub(crate) fn make_result(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = call.params.get_ignoring_case("commentId");
    let id = id.map_or(0, Value::to_int);
    let comment = {
        let mut comments = state.comments.all();
        let found = comments.find(|(_, comment)| comment.id as i64 == id);
        found.map(|(task, comment)| (task, comment.message.clone()))
    };
    let Some((task, message)) = comment else {
        return records::write(state, call);
    };
    call.params.insert("taskId", task as i64);
    let output = records::write(state, call)?;
    let place = data::records::place("tasks.task.result");
    let table = place.and_then(|place| state.records.get_mut(place));
    let Some(table) = table else {
        return Ok(output);
    };
    let number = table.last();
    let text = || Json::from(message.as_str());
    table.set(number, &[("text", text()), ("formattedText", text())]);
    let row = table.get(number).cloned().unwrap_or_default();
    Ok(Output::value(&Value::from(Json::Object(row))))
}
