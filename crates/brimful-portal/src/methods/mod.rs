//! The registry of methods.

#![allow(
    clippy::unnecessary_wraps,
    clippy::result_large_err,
    reason = "a handler returns a result, and errors are as large as the contract says"
)]

mod crm;
mod departments;
mod disk;
mod files;
mod fixtures;
mod im;
pub(crate) mod method;
mod offline_events;
mod params;
pub(crate) mod registry;
pub(crate) mod rest3;
mod rights;
mod system;
pub(crate) mod tasks;
#[cfg(test)]
mod tests;
mod users;

pub(crate) use crm::item::not_found as element_not_found;
pub(crate) use files::DOWNLOAD_URL;
pub(crate) use params::{legacy_error, strings};

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::data::entities::{ACTIVITY, COMPANY, CONTACT, DEAL, LEAD, PRODUCT_ROW, QUOTE, STATUS};
use crate::methods::method::{Handler, Method};

/// Looks a method up by its name in lower case.
pub(crate) fn find(name: &str) -> Option<&'static Method> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static Method>> = OnceLock::new();
    BY_NAME
        .get_or_init(|| all().iter().map(|method| (method.name, method)).collect())
        .get(name)
        .copied()
}

/// All methods, sorted by name.
pub(crate) fn all() -> &'static [Method] {
    static ALL: OnceLock<Vec<Method>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut methods = Vec::new();
        legacy_crm(&mut methods);
        crm_links(&mut methods);
        crm_items(&mut methods);
        crm_fields(&mut methods);
        task(&mut methods);
        older_task(&mut methods);
        portal(&mut methods);
        methods.sort_unstable_by_key(|method: &Method| method.name);
        methods
    })
}

/// A method that only reads.
macro_rules! read {
    ($scope:literal, $name:expr, $handler:expr) => {
        Method {
            name: $name,
            scope: $scope,
            handler: Handler::Read($handler),
        }
    };
}

/// A method that changes something.
macro_rules! write {
    ($scope:literal, $name:expr, $handler:expr) => {
        Method {
            name: $name,
            scope: $scope,
            handler: Handler::Write($handler),
        }
    };
}

fn legacy_crm(methods: &mut Vec<Method>) {
    use crm::legacy;
    macro_rules! entity {
        ($name:literal, $entity:ident) => {
            methods.extend([
                read!(
                    "crm",
                    concat!("crm.", $name, ".list"),
                    legacy::list::<$entity>
                ),
                read!(
                    "crm",
                    concat!("crm.", $name, ".get"),
                    legacy::get::<$entity>
                ),
                read!(
                    "crm",
                    concat!("crm.", $name, ".fields"),
                    legacy::fields::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".add"),
                    legacy::add::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".update"),
                    legacy::update::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".delete"),
                    legacy::delete::<$entity>
                ),
            ]);
        };
    }
    entity!("lead", LEAD);
    entity!("deal", DEAL);
    entity!("contact", CONTACT);
    entity!("company", COMPANY);
    entity!("quote", QUOTE);
    methods.extend([
        read!("crm", "crm.activity.list", crm::activity::list),
        read!("crm", "crm.activity.get", crm::activity::get),
        read!("crm", "crm.activity.fields", legacy::fields::<ACTIVITY>),
        write!("crm", "crm.activity.add", crm::activity::add),
        write!("crm", "crm.activity.update", crm::activity::update),
        write!("crm", "crm.activity.delete", legacy::delete::<ACTIVITY>),
    ]);
}

fn crm_links(methods: &mut Vec<Method>) {
    use crm::links;
    macro_rules! ends {
        ($name:literal, $from:ident, $to:ident) => {
            methods.extend([
                read!(
                    "crm",
                    concat!("crm.", $name, ".items.get"),
                    links::get::<$from, $to>
                ),
                read!(
                    "crm",
                    concat!("crm.", $name, ".fields"),
                    links::fields::<$to>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".items.set"),
                    links::set::<$from, $to>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".items.delete"),
                    links::clear::<$from, $to>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".add"),
                    links::add::<$from, $to>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".delete"),
                    links::remove::<$from, $to>
                ),
            ]);
        };
    }
    ends!("lead.contact", LEAD, CONTACT);
    ends!("deal.contact", DEAL, CONTACT);
    ends!("quote.contact", QUOTE, CONTACT);
    ends!("company.contact", COMPANY, CONTACT);
    ends!("contact.company", CONTACT, COMPANY);
}

fn crm_items(methods: &mut Vec<Method>) {
    use crm::{categories, dictionary, duplicates, item, legacy, statuses, types};
    methods.extend([
        read!("crm", "crm.item.list", item::list),
        read!("crm", "crm.item.get", item::get),
        read!("crm", "crm.item.fields", item::fields),
        write!("crm", "crm.item.add", item::add),
        write!("crm", "crm.item.import", item::import),
        write!("crm", "crm.item.batchimport", item::batch_import),
        write!("crm", "crm.item.update", item::update),
        write!("crm", "crm.item.delete", item::delete),
        read!("crm", "crm.type.list", types::list),
        read!("crm", "crm.type.get", types::get),
        read!(
            "crm",
            "crm.type.getbyentitytypeid",
            types::get_by_entity_type_id
        ),
        read!("crm", "crm.category.list", categories::list),
        read!("crm", "crm.category.get", categories::get),
        read!("crm", "crm.dealcategory.list", categories::deals),
        read!("crm", "crm.dealcategory.get", categories::deal),
        read!("crm", "crm.dealcategory.default.get", categories::default),
        read!("crm", "crm.dealcategory.status", categories::dictionary),
        read!(
            "crm",
            "crm.dealcategory.stage.list",
            categories::deal_stages
        ),
        read!("crm", "crm.status.list", statuses::list),
        read!("crm", "crm.status.get", legacy::get::<STATUS>),
        read!("crm", "crm.status.fields", crm::statuses::fields),
        write!("crm", "crm.status.add", statuses::add),
        write!("crm", "crm.status.update", statuses::update),
        write!("crm", "crm.status.delete", statuses::delete),
        read!("crm", "crm.status.entity.items", statuses::items),
        read!("crm", "crm.status.entity.types", statuses::types),
        read!("crm", "crm.currency.list", dictionary::currencies),
        read!("crm", "crm.enum.ownertype", dictionary::owner_types),
        read!("crm", "crm.duplicate.findbycomm", duplicates::find_by_comm),
    ]);
}

/// What the records have beside their own fields.
fn crm_fields(methods: &mut Vec<Method>) {
    use crm::{legacy, product_rows, stage_history, user_fields};
    macro_rules! user_fields {
        ($name:literal, $entity:ident) => {
            methods.extend([
                read!(
                    "crm",
                    concat!("crm.", $name, ".userfield.list"),
                    user_fields::list::<$entity>
                ),
                read!(
                    "crm",
                    concat!("crm.", $name, ".userfield.get"),
                    user_fields::get::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".userfield.add"),
                    user_fields::add::<$entity>
                ),
            ]);
        };
    }
    macro_rules! product_rows {
        ($name:literal, $entity:ident) => {
            methods.extend([
                read!(
                    "crm",
                    concat!("crm.", $name, ".productrows.get"),
                    product_rows::get::<$entity>
                ),
                write!(
                    "crm",
                    concat!("crm.", $name, ".productrows.set"),
                    product_rows::set::<$entity>
                ),
            ]);
        };
    }
    user_fields!("lead", LEAD);
    user_fields!("deal", DEAL);
    user_fields!("contact", CONTACT);
    user_fields!("company", COMPANY);
    user_fields!("quote", QUOTE);
    product_rows!("lead", LEAD);
    product_rows!("deal", DEAL);
    product_rows!("quote", QUOTE);
    methods.extend([
        read!("crm", "crm.productrow.list", legacy::list::<PRODUCT_ROW>),
        read!(
            "crm",
            "crm.productrow.fields",
            legacy::fields::<PRODUCT_ROW>
        ),
        read!("crm", "crm.stagehistory.list", stage_history::list),
    ]);
}

/// Methods of tasks that take their parameters by their order.
fn older_task(methods: &mut Vec<Method>) {
    use tasks::{checklist, elapsed, older};
    methods.extend([
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
        read!("task", "task.item.list", older::list),
        read!("task", "task.items.getlist", older::get_list),
    ]);
}

fn task(methods: &mut Vec<Method>) {
    methods.extend([
        read!("task", "tasks.task.list", tasks::list),
        read!("task", "tasks.task.get", tasks::get),
        read!("task", "tasks.task.getfields", tasks::get_fields),
        write!("task", "tasks.task.add", tasks::add),
        write!("task", "tasks.task.update", tasks::update),
        write!("task", "tasks.task.delete", tasks::delete),
        write!("task", "tasks.task.start", tasks::act::<3>),
        write!("task", "tasks.task.pause", tasks::act::<2>),
        write!("task", "tasks.task.renew", tasks::act::<2>),
        write!("task", "tasks.task.disapprove", tasks::act::<2>),
        write!("task", "tasks.task.complete", tasks::act::<5>),
        write!("task", "tasks.task.approve", tasks::act::<5>),
        write!("task", "tasks.task.defer", tasks::act::<6>),
        write!("task", "tasks.task.favorite.add", tasks::favorite::<true>),
        write!(
            "task",
            "tasks.task.favorite.remove",
            tasks::favorite::<false>
        ),
        write!("task", "tasks.task.delegate", tasks::delegate),
        write!("task", "tasks.task.startwatch", tasks::watch::<true>),
        write!("task", "tasks.task.stopwatch", tasks::watch::<false>),
        write!("task", "tasks.task.mute", tasks::flag::<false, true>),
        write!("task", "tasks.task.unmute", tasks::flag::<false, false>),
        write!("task", "tasks.task.pin", tasks::flag::<true, true>),
        write!("task", "tasks.task.unpin", tasks::flag::<true, false>),
        read!("task", "tasks.task.counters.get", tasks::counters::get),
        read!("task", "tasks.task.history.list", tasks::history::list),
        write!("task", "task.commentitem.add", tasks::comments::add),
        write!("task", "task.commentitem.update", tasks::comments::update),
        write!("task", "task.commentitem.delete", tasks::comments::delete),
        read!("task", "task.commentitem.get", tasks::comments::get),
        read!(
            "task",
            "task.commentitem.getlist",
            tasks::comments::get_list
        ),
    ]);
}

fn portal(methods: &mut Vec<Method>) {
    methods.extend([
        read!("user", "user.get", users::get),
        read!("user", "user.search", users::search),
        read!("user", "user.fields", users::fields),
        write!("user", "user.add", users::add),
        write!("user", "user.update", users::update),
        read!("department", "department.get", departments::get),
        read!("department", "department.fields", departments::fields),
        write!("department", "department.add", departments::add),
        write!("department", "department.update", departments::update),
        write!("department", "department.delete", departments::delete),
        read!("disk", "disk.folder.getchildren", disk::folder_children),
        read!("disk", "disk.storage.getchildren", disk::storage_children),
        read!("disk", "disk.folder.get", disk::get),
        read!("disk", "disk.file.get", files::get),
        write!("disk", "disk.folder.uploadfile", files::upload),
        read!("im", "im.recent.list", im::recent),
        read!("im", "im.dialog.messages.get", im::messages),
        write!("", "event.offline.get", offline_events::get),
        read!("", "event.offline.list", offline_events::list),
        write!("", "event.offline.clear", offline_events::clear),
        read!("user", "user.current", users::current),
        read!("", "user.admin", system::admin),
        read!("", "profile", system::profile),
        read!("", "app.info", system::app),
        read!("", "server.time", system::time),
        read!("", "methods", system::methods),
        read!("", "scope", system::scope),
    ]);
}
