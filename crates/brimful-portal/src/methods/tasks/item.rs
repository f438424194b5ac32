//! `task.item.*`: the methods of tasks before `tasks.task.*`. They take their parameters by their order, do what those do,
//! and answer in their own way. What they answer is not documented method by method: here it is what
//! `task.checklistitem.*` and `task.elapseditem.*` answer, which are documented.

use brimful_protocol::{Array, Value, catalogue};

use super::positional::{array, failed, given, task};
use super::{actions, attachments, permitted};
use crate::context::moment;
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::TASK;
use crate::data::list::plan::Plan;
use crate::data::list::shape::Shape;
use crate::data::records;
use crate::methods::all;
use crate::methods::crm::legacy_filter;

/// A method of `tasks.task.*` that changes something.
type Action = fn(&mut PortalData, &mut Call<'_>) -> Result<Output, MethodError>;

fn nothing() -> Output {
    Output::value(&Value::Null)
}

/// The names of the parameters of a method are passed over: only their places count.
fn owned(call: &Call<'_>, names: &[&str]) -> Result<Vec<Value>, MethodError> {
    let arguments = given(call, names)?;
    Ok(arguments.into_iter().cloned().collect())
}

/// Carries out an action on the task that the first parameter names, with these parameters.
fn carry_out(
    state: &mut PortalData,
    call: &mut Call<'_>,
    id: u64,
    params: impl IntoIterator<Item = (&'static str, Value)>,
    action: Action,
) -> Result<Output, MethodError> {
    let mut named = Array::from_iter([("taskId", id as i64)]);
    for (name, value) in params {
        named.insert(name, value);
    }
    call.params = named;
    action(state, call)
}

/// `task.item.add(TASKDATA)`: the ID of the task.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let fields = owned(call, &["arNewTaskData"])?;
    call.params = Array::from_iter([("fields", fields[0].clone())]);
    let added = actions::add(state, call)?;
    let id = added.deepest(&["task", "id"]).to_int();
    Ok(Output::value(&Value::Int(id)))
}

/// `task.item.update(TASKID, TASKDATA)`
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let given = owned(call, &["taskId", "arNewTaskData"])?;
    let id = task(state, given.first())?;
    let fields = [("fields", given[1].clone())];
    carry_out(state, call, id, fields, actions::update)?;
    Ok(nothing())
}

/// `task.item.delete(TASKID)`
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let given = owned(call, &["taskId"])?;
    let id = task(state, given.first())?;
    carry_out(state, call, id, [], actions::delete)?;
    Ok(nothing())
}

/// `task.item.startexecution(TASKID)` and the like: a status, where the status that the task has allows the action.
pub(crate) fn act<const STATUS: i64>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let given = owned(call, &["taskId"])?;
    let id = task(state, given.first())?;
    let action = call.method.rsplit('.').next().unwrap_or_default();
    let action = if action == "startexecution" {
        "start"
    } else {
        action
    };
    if !permitted::may(state, id, action) {
        let text = "TASKS_ERROR_EXCEPTION_#4; Action on the task is not allowed; 4/TE/ACTION_NOT_ALLOWED<br>";
        return Err(MethodError::new(400, "ERROR_CORE", text));
    }
    carry_out(state, call, id, [], actions::act::<STATUS>)?;
    Ok(nothing())
}

/// `task.item.delegate(TASKID, USERID)`
pub(crate) fn delegate(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let given = owned(call, &["taskId", "newResponsibleId"])?;
    let id = task(state, given.first())?;
    let user = [("userId", given[1].clone())];
    carry_out(state, call, id, user, actions::delegate)?;
    Ok(nothing())
}

/// `task.item.addtofavorite(TASKID, PARAMS)` and `task.item.deletefromfavorite`
pub(crate) fn favorite<const YES: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let given = owned(call, &["taskId"])?;
    let id = task(state, given.first())?;
    carry_out(state, call, id, [], actions::favorite::<YES>)
}

/// `task.item.getdata(TASKID)`: all fields.
pub(crate) fn data(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = task(state, given(call, &["taskId"])?.first().copied())?;
    let table = state.table(TASK);
    let fields = legacy_filter::select(&table.schema, &["*"]);
    let plan = Plan::new(table, Shape::Task, fields).with_upper_names();
    Ok(Output::value(&plan.output(None, &[id]).deepest(&["0"])))
}

/// `task.item.getdescription(TASKID, FORMAT)`: as it was written, as HTML, or as plain text.
pub(crate) fn description(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const RAW: i64 = 1;
    const PLAIN: i64 = 3;
    let arguments = given(call, &["taskId"])?;
    let id = task(state, arguments.first().copied())?;
    let table = state.table(TASK);
    let cell = table
        .schema
        .legacy("DESCRIPTION")
        .map(|at| table.row(id).cell(at).to_text());
    let text = cell.flatten().unwrap_or_default();
    let text = match arguments.get(1).map(|format| format.to_int()) {
        Some(RAW) => text,
        Some(PLAIN) => without_tags(&text),
        _ => text.replace('\n', "<br />\n"),
    };
    Ok(Output::value(&text.into()))
}

/// A text without the tags of HTML in it.
fn without_tags(text: &str) -> String {
    let mut parts = text.split('<');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('>') {
            Some((_, rest)) => plain.push_str(rest),
            None => plain.extend(["<", part]),
        }
    }
    plain
}

/// `task.item.getdependson(TASKID)`: the tasks that it waits for.
pub(crate) fn depends_on(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = task(state, given(call, &["taskId"])?.first().copied())?;
    let links = state.record_table("task.dependence");
    let rows = links.into_iter().flat_map(records::RecordTable::rows);
    let to_it = rows.filter(|(_, row)| {
        let to = row.get("taskIdTo").cloned().map(Value::from);
        to.is_some_and(|to| to.to_int() == id as i64)
    });
    let from = to_it.filter_map(|(_, row)| row.get("taskIdFrom").cloned());
    let ids = from.map(|id| Value::Int(Value::from(id).to_int()));
    Ok(Output::value(&ids.collect::<Value>()))
}

/// `task.item.getfiles(TASKID)`: the files that are attached, as `task.commentitem.*` describes those of comments.
pub(crate) fn files(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = task(state, given(call, &["taskId"])?.first().copied())?;
    let files = attachments::attached_to(state, id).into_iter();
    let files = files.map(|attachment| attachments::describe(state, attachment));
    Ok(Output::value(&files.collect::<Value>()))
}

/// `task.item.addfile(TASK_ID, {NAME, CONTENT})`: the ID of the attachment.
pub(crate) fn add_file(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let given = owned(call, &["taskId", "fileParameters"])?;
    let id = task(state, given.first())?;
    let file = given[1]
        .as_array()
        .ok_or_else(|| failed("no file is given"))?;
    let attachment = attachments::attach_content(state, call, id, file)?;
    let answer = Array::from_iter([("ATTACHMENT_ID", attachment as i64)]);
    Ok(Output::value(&Value::Array(answer)))
}

/// `task.item.deletefile(TASK_ID, ATTACHMENT_ID)`
pub(crate) fn delete_file(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let given = owned(call, &["taskId", "attachmentId"])?;
    let id = task(state, given.first())?;
    let attachment = u64::try_from(given[1].to_int()).unwrap_or(0);
    if !attachments::detach(state, id, attachment) {
        return Err(failed("attachment not found"));
    }
    Ok(Output::value(&Value::Bool(true)))
}

/// `task.item.getallowedactions(TASKID)`: the numbers of the actions.
pub(crate) fn allowed_numbers(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = task(state, given(call, &["taskId"])?.first().copied())?;
    let allowed = (1..).zip(permitted::NUMBERED);
    let allowed = allowed.filter(|(_, (_, action))| permitted::may(state, id, action));
    let numbers: Value = allowed.map(|(number, _)| Value::Int(number)).collect();
    Ok(Output::value(&numbers))
}

/// `task.item.getallowedtaskactionsasstrings(TASKID)`: the names of all actions, and whether each is allowed.
pub(crate) fn allowed_names(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let id = task(state, given(call, &["taskId"])?.first().copied())?;
    let actions = permitted::NUMBERED.into_iter();
    let actions = actions.map(|(name, action)| (name, permitted::may(state, id, action)));
    Ok(Output::value(&Value::Array(actions.collect())))
}

/// `task.item.isactionallowed(TASKID, ACTIONID)`
pub(crate) fn is_allowed(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let arguments = given(call, &["taskId", "actionId"])?;
    let id = task(state, arguments.first().copied())?;
    let number = arguments.get(1).map_or(0, |number| number.to_int());
    let at = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    let action = at.and_then(|at| permitted::NUMBERED.get(at));
    let may = action.is_some_and(|(_, action)| permitted::may(state, id, action));
    Ok(Output::value(&Value::Bool(may)))
}

/// `task.logitem.list(ID)`: the history of the task, the oldest change first.
pub(crate) fn log(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = task(state, given(call, &["taskId"])?.first().copied())?;
    let entries = state.history.of(id).map(|change| {
        let mut entry = Array::new();
        entry.insert("CREATED_DATE", moment::text(change.at));
        entry.insert("USER_ID", change.user.to_string());
        entry.insert("TASK_ID", id.to_string());
        entry.insert("FIELD", change.field.as_str());
        entry.insert("FROM_VALUE", change.from.clone());
        entry.insert("TO_VALUE", change.to.clone());
        entry
    });
    Ok(Output::value(&entries.collect::<Value>()))
}

/// `task.comment.add(TASKID, COMMENTTEXT)`: the ID of the comment. The text may stand in the fields of a comment.
pub(crate) fn comment(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let given = owned(call, &["taskId", "commentText"])?;
    let text = match array(&given.iter().collect::<Vec<_>>(), 1) {
        Some(fields) => fields.get("POST_MESSAGE").map(Value::to_text),
        None => Some(given[1].to_text()),
    };
    let fields = Array::from_iter([("POST_MESSAGE", text.unwrap_or_default())]);
    let mut params = Array::new();
    params.insert("TASKID", given[0].clone());
    params.insert("FIELDS", fields);
    call.params = params;
    super::comments::add(state, call)
}

/// `task.commentitem.isactionallowed(TASKID, ITEMID, ACTIONID)`: 1 adds a comment, 2 changes it, 3 deletes it. A comment
/// that is not there can't be changed or deleted.
pub(crate) fn comment_is_allowed(
    state: &PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let arguments = given(call, &["taskId", "itemId", "actionId"])?;
    let number = |place: usize| arguments.get(place).map_or(0, |value| value.to_int());
    let task = u64::try_from(number(0)).unwrap_or(0);
    let is_there = state
        .comments
        .of(task)
        .iter()
        .any(|one| one.id as i64 == number(1));
    let may = state.table(TASK).contains(task)
        && match number(2) {
            1 => true,
            2 | 3 => is_there,
            _ => false,
        };
    Ok(Output::value(&Value::Bool(may)))
}

/// `task.item.getmanifest`: the methods of `task.item`, and what the catalogue knows of their parameters.
pub(crate) fn manifest(_: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let described = |name: &str| {
        let known = catalogue::find(&format!("task.item.{name}"));
        let params = known.map_or("", |known| known.params).split(',');
        let params = params.filter(|param| !matches!(*param, "" | "Name"));
        let params: Value = params
            .map(|param| Array::from_iter([("description", param)]))
            .collect();
        Array::from_iter([("params", params)])
    };
    let names = all().iter();
    let names = names.filter_map(|method| method.name.strip_prefix("task.item."));
    let methods: Array = names.map(|name| (name, described(name))).collect();
    let mut manifest = Array::new();
    manifest.insert("Manifest version", "1.1");
    manifest.insert(
        "Warning",
        "don't rely on format of this manifest, it can be changed without any notification",
    );
    manifest.insert("REST: shortname alias to class", "item");
    manifest.insert("REST: available methods", methods);
    Ok(Output::value(&Value::Array(manifest)))
}
