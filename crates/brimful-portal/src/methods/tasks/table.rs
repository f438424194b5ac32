//! The methods of tasks, and what handles each.

use std::borrow::Cow;

use super::{
    access, act, add, attachments, checklist, comments, counters, delegate, delete, dependences,
    elapsed, favorite, flag, flows, get, get_fields, history, item, list, older, stages, update,
    user_fields, watch,
};
use crate::methods::method::{Handler, Method, read, write};

pub(crate) fn methods() -> Vec<Method> {
    let mut methods = Vec::new();
    tasks(&mut methods);
    older_items(&mut methods);
    parts(&mut methods);
    methods
}

/// `tasks.task.*`.
fn tasks(methods: &mut Vec<Method>) {
    methods.extend([
        read!("task", "tasks.task.list", list),
        read!("task", "tasks.task.get", get),
        read!("task", "tasks.task.getfields", get_fields),
        read!("task", "tasks.task.getaccess", access),
        write!("task", "tasks.task.add", add),
        write!("task", "tasks.task.files.attach", attachments::attach_file),
        write!("task", "tasks.task.update", update),
        write!("task", "tasks.task.delete", delete),
        write!("task", "tasks.task.start", act::<3>),
        write!("task", "tasks.task.pause", act::<2>),
        write!("task", "tasks.task.renew", act::<2>),
        write!("task", "tasks.task.disapprove", act::<2>),
        write!("task", "tasks.task.complete", act::<5>),
        write!("task", "tasks.task.approve", act::<5>),
        write!("task", "tasks.task.defer", act::<6>),
        write!("task", "tasks.task.favorite.add", favorite::<true>),
        write!("task", "tasks.task.favorite.remove", favorite::<false>),
        write!("task", "tasks.task.delegate", delegate),
        write!("task", "tasks.task.startwatch", watch::<true>),
        write!("task", "tasks.task.stopwatch", watch::<false>),
        write!("task", "tasks.task.mute", flag::<false, true>),
        write!("task", "tasks.task.unmute", flag::<false, false>),
        write!("task", "tasks.task.pin", flag::<true, true>),
        write!("task", "tasks.task.unpin", flag::<true, false>),
        read!("task", "tasks.task.counters.get", counters::get),
        read!("task", "tasks.task.history.list", history::list),
        write!(
            "task",
            "tasks.task.result.addfromcomment",
            comments::make_result
        ),
    ]);
}

/// Methods of tasks as a whole that take their parameters by their order.
fn older_items(methods: &mut Vec<Method>) {
    methods.extend([
        write!("task", "task.item.add", item::add),
        write!("task", "task.item.update", item::update),
        write!("task", "task.item.delete", item::delete),
        write!("task", "task.item.startexecution", item::act::<3>),
        write!("task", "task.item.renew", item::act::<2>),
        write!("task", "task.item.disapprove", item::act::<2>),
        write!("task", "task.item.complete", item::act::<5>),
        write!("task", "task.item.approve", item::act::<5>),
        write!("task", "task.item.defer", item::act::<6>),
        write!("task", "task.item.delegate", item::delegate),
        write!("task", "task.item.addtofavorite", item::favorite::<true>),
        write!(
            "task",
            "task.item.deletefromfavorite",
            item::favorite::<false>
        ),
        read!("task", "task.item.getdata", item::data),
        read!("task", "task.item.getdescription", item::description),
        read!("task", "task.item.getdependson", item::depends_on),
        read!("task", "task.item.getfiles", item::files),
        write!("task", "task.item.addfile", item::add_file),
        write!("task", "task.item.deletefile", item::delete_file),
        read!("task", "task.item.getallowedactions", item::allowed_numbers),
        read!(
            "task",
            "task.item.getallowedtaskactionsasstrings",
            item::allowed_names
        ),
        read!("task", "task.item.isactionallowed", item::is_allowed),
        read!("task", "task.item.userfield.getlist", user_fields::list),
        read!("task", "task.item.userfield.get", user_fields::get),
        write!("task", "task.item.userfield.add", user_fields::add),
        write!("task", "task.item.userfield.update", user_fields::update),
        write!("task", "task.item.userfield.delete", user_fields::delete),
        read!("task", "task.item.list", older::list),
        read!("task", "task.item.getmanifest", item::manifest),
    ]);
}

/// Methods of what belongs to tasks, such as checklists and comments; most take their parameters by their order.
fn parts(methods: &mut Vec<Method>) {
    methods.extend([
        read!("task", "tasks.flow.flow.isexists", flows::exists),
        read!("task", "task.logitem.list", item::log),
        write!("task", "task.comment.add", item::comment),
        read!(
            "task",
            "task.commentitem.isactionallowed",
            item::comment_is_allowed
        ),
        write!("task", "task.dependence.add", dependences::add),
        write!(
            "task",
            "task.checklistitem.moveafteritem",
            checklist::move_after
        ),
        read!(
            "task",
            "task.checklistitem.isactionallowed",
            checklist::is_allowed
        ),
        read!(
            "task",
            "task.elapseditem.isactionallowed",
            elapsed::is_allowed
        ),
        read!("task", "task.elapseditem.getlist", elapsed::get_list),
        read!("task", "task.elapseditem.get", elapsed::get),
        write!("task", "task.elapseditem.add", elapsed::add),
        write!("task", "task.elapseditem.update", elapsed::update),
        write!("task", "task.elapseditem.delete", elapsed::delete),
        read!("task", "task.checklistitem.getlist", checklist::get_list),
        read!("task", "task.checklistitem.get", checklist::get),
        write!("task", "task.checklistitem.add", checklist::add),
        write!("task", "task.checklistitem.update", checklist::update),
        write!("task", "task.checklistitem.delete", checklist::delete),
        write!(
            "task",
            "task.checklistitem.complete",
            checklist::tick::<true>
        ),
        write!("task", "task.checklistitem.renew", checklist::tick::<false>),
        read!("task", "task.items.getlist", older::get_list),
        write!("task", "task.commentitem.add", comments::add),
        write!("task", "task.commentitem.update", comments::update),
        write!("task", "task.commentitem.delete", comments::delete),
        read!("task", "task.commentitem.get", comments::get),
        read!("task", "task.commentitem.getlist", comments::get_list),
        read!("task", "task.stages.canmovetask", stages::can_move),
    ]);
}
