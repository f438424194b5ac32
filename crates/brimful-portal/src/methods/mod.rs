//! The registry of methods.

#![allow(
    clippy::unnecessary_wraps,
    clippy::result_large_err,
    reason = "a handler returns a result, and errors are as large as the contract says"
)]

pub(crate) mod acknowledged;
mod analytics;
mod bizproc;
mod bookings;
mod bots;
mod calendar;
mod calendar_events;
mod card_settings;
mod catalogue;
mod catalogue_files;
mod chats;
mod connectors;
mod constants;
mod crm;
mod deliveries;
mod departments;
mod disk;
mod documents;
mod events;
mod fixtures;
mod im;
mod landing_blocks;
mod landing_copies;
mod landing_templates;
mod list_fields;
mod messages;
mod messenger;
pub(crate) mod method;
mod news_feed;
mod notifications;
mod offline_events;
mod openlines;
mod options;
mod orders;
mod owners;
mod params;
mod personnel_links;
mod portal_settings;
mod push_and_pull;
mod record_rows;
mod records;
pub(crate) mod refused_callers;
pub(crate) mod registry;
pub(crate) mod rest3;
mod rights;
mod rpa;
mod scrum;
mod shop;
mod signing;
mod site_settings;
mod storages;
mod system;
pub(crate) mod tasks;
mod telephony;
#[cfg(test)]
mod tests;
mod time_control;
mod users;
mod votes;
mod voximplant;
mod workday;
mod workgroups;

pub(crate) use crm::item::not_found as element_not_found;
pub(crate) use crm::record_files::{STORED_FILE, stored as stored_file};
pub(crate) use disk::{
    DOWNLOAD_URL, FILE_URL, OWN_ADDRESS, UNSIGNED, UNSIGNED_DOWNLOAD, UPLOAD_URL,
};
pub(crate) use params::{legacy_error, strings};

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use crate::methods::method::{Handler, Method, read, write};

/// Looks a method up by its name in lower case.
pub(crate) fn find(name: &str) -> Option<&'static Method> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static Method>> = OnceLock::new();
    BY_NAME
        .get_or_init(|| all().iter().map(|method| (&*method.name, method)).collect())
        .get(name)
        .copied()
}

/// All methods, sorted by name.
pub(crate) fn all() -> &'static [Method] {
    static ALL: OnceLock<Vec<Method>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut methods = Vec::new();
        methods.extend(crm::methods());
        methods.extend(crm::todo_activities::methods());
        methods.extend(crm::record_files::methods());
        methods.extend(crm::configurable_activities::methods());
        task(&mut methods);
        older_task_items(&mut methods);
        older_task_parts(&mut methods);
        users_and_departments(&mut methods);
        workgroups_and_workflows(&mut methods);
        crm_dictionaries_and_sales(&mut methods);
        chats_and_connectors(&mut methods);
        events_and_system(&mut methods);
        telephony_methods(&mut methods);
        message_methods(&mut methods);
        application_methods(&mut methods);
        messenger(&mut methods);
        cards(&mut methods);
        disk_objects(&mut methods);
        disk_folders_and_storages(&mut methods);
        methods.extend(bookings::methods());
        methods.extend(bots::methods());
        methods.extend(calendar_events::methods());
        methods.extend(catalogue::methods());
        methods.extend(catalogue_files::methods());
        methods.extend(openlines::methods());
        methods.extend(deliveries::methods());
        methods.extend(documents::methods());
        methods.extend(landing_blocks::methods());
        methods.extend(landing_copies::methods());
        methods.extend(landing_templates::methods());
        methods.extend(time_control::methods());
        methods.extend(rpa::methods());
        methods.extend(scrum::methods());
        methods.extend(site_settings::methods());
        methods.extend(votes::methods());
        methods.extend(constants::methods());
        methods.extend(acknowledged::methods());
        methods.extend(portal_settings::methods());
        methods.extend(orders::methods());
        methods.extend(news_feed::methods());
        methods.extend(push_and_pull::methods());
        methods.extend(personnel_links::methods());
        methods.extend(signing::methods());
        // A kind of records may have a method of its own in the place of a usual one.
        let own: HashSet<String> = methods
            .iter()
            .map(|method: &Method| method.name.to_string())
            .collect();
        methods.extend(records::methods().filter(|method| !own.contains(&*method.name)));
        methods.sort_unstable_by(|one: &Method, other| one.name.cmp(&other.name));
        methods
    })
}

/// Methods of tasks as a whole that take their parameters by their order.
fn older_task_items(methods: &mut Vec<Method>) {
    use tasks::{item, older, user_fields};
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

/// Methods of what belongs to tasks, such as checklists, that take their parameters by their order.
fn older_task_parts(methods: &mut Vec<Method>) {
    use tasks::{checklist, dependences, elapsed, flows, item, older};
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
    ]);
}

fn task(methods: &mut Vec<Method>) {
    methods.extend([
        read!("task", "tasks.task.list", tasks::list),
        read!("task", "tasks.task.get", tasks::get),
        read!("task", "tasks.task.getfields", tasks::get_fields),
        read!("task", "tasks.task.getaccess", tasks::access),
        write!("task", "tasks.task.add", tasks::add),
        write!(
            "task",
            "tasks.task.files.attach",
            tasks::attachments::attach_file
        ),
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

/// Users and departments.
fn users_and_departments(methods: &mut Vec<Method>) {
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
        read!("user", "user.current", users::current),
        read!("", "user.admin", system::admin),
    ]);
}

/// Workgroups, workflows and lists.
fn workgroups_and_workflows(methods: &mut Vec<Method>) {
    methods.extend([
        read!(
            "lists",
            "lists.get.iblock.type.id",
            list_fields::type_of_list
        ),
        read!(
            "lists",
            "lists.element.get.file.url",
            list_fields::file_urls
        ),
        read!("lists", "lists.field.get", list_fields::get),
        write!("lists", "lists.field.add", list_fields::add),
        write!("lists", "lists.element.add", list_fields::add_element),
        write!("lists", "lists.field.update", list_fields::update),
        write!("lists", "lists.field.delete", list_fields::delete),
        read!(
            "sonet_group",
            "sonet_group.user.get",
            workgroups::list_members
        ),
        read!(
            "sonet_group",
            "sonet_group.user.groups",
            workgroups::own_groups
        ),
        write!(
            "sonet_group",
            "sonet_group.user.add",
            workgroups::add_members
        ),
        write!(
            "sonet_group",
            "sonet_group.user.invite",
            workgroups::add_members
        ),
        write!(
            "sonet_group",
            "sonet_group.user.update",
            workgroups::change_role
        ),
        write!(
            "sonet_group",
            "sonet_group.user.delete",
            workgroups::delete_members
        ),
        write!(
            "sonet_group",
            "sonet_group.user.request",
            workgroups::ask_to_join
        ),
        write!("sonet_group", "sonet_group.setowner", workgroups::set_owner),
        read!(
            "sonet_group",
            "sonet_group.feature.access",
            workgroups::feature_access
        ),
        write!("bizproc", "bizproc.task.complete", bizproc::complete_task),
        write!("bizproc", "bizproc.task.delegate", bizproc::delegate_tasks),
        write!("bizproc", "bizproc.workflow.start", bizproc::start),
        write!("bizproc", "bizproc.workflow.terminate", bizproc::terminate),
        write!("bizproc", "bizproc.workflow.kill", bizproc::terminate),
        read!("bizproc", "bizproc.workflow.instances", bizproc::instances),
        read!(
            "socialnetwork",
            "socialnetwork.api.workgroup.list",
            workgroups::list
        ),
        read!(
            "socialnetwork",
            "socialnetwork.api.workgroup.get",
            workgroups::get
        ),
    ]);
}

/// Currencies, bindings and lists of calls in the CRM, what is sold with it, and its calls.
fn crm_dictionaries_and_sales(methods: &mut Vec<Method>) {
    methods.extend([
        read!("crm", "crm.currency.get", crm::currencies::get),
        read!("crm", "crm.currency.base.get", crm::currencies::base),
        read!(
            "crm",
            "crm.deal.recurring.fields",
            crm::recurring_deals::fields
        ),
        write!("crm", "crm.currency.base.set", crm::currencies::set_base),
        write!("crm", "crm.currency.delete", crm::currencies::delete),
        read!(
            "userfieldconfig",
            "userfieldconfig.get",
            crm::field_configs::read
        ),
        read!(
            "userfieldconfig",
            "userfieldconfig.list",
            crm::field_configs::read
        ),
        write!(
            "userfieldconfig",
            "userfieldconfig.add",
            crm::field_configs::add
        ),
        write!(
            "userfieldconfig",
            "userfieldconfig.update",
            crm::field_configs::update
        ),
        write!(
            "userfieldconfig",
            "userfieldconfig.delete",
            crm::field_configs::delete
        ),
        read!(
            "crm",
            "crm.currency.localizations.get",
            crm::currencies::localizations
        ),
        write!(
            "crm",
            "crm.currency.localizations.set",
            crm::currencies::localize
        ),
        write!(
            "crm",
            "crm.currency.localizations.delete",
            crm::currencies::delete_localizations
        ),
        read!("biconnector", "biconnector.source.get", analytics::source),
        write!(
            "crm",
            "crm.activity.binding.move",
            crm::activity_bindings::move_to
        ),
        write!("crm", "crm.calllist.add", crm::call_lists::write),
        write!("crm", "crm.calllist.update", crm::call_lists::write),
        read!("crm", "crm.calllist.items.get", crm::call_lists::items),
        read!(
            "sale",
            "sale.paysystem.settings.get",
            shop::pay_system_settings
        ),
        read!(
            "sale",
            "sale.paysystem.settings.payment.get",
            shop::pay_system_settings
        ),
        write!("sale", "sale.delivery.add", shop::add_delivery),
        read!(
            "calendar",
            "calendar.accessibility.get",
            calendar::accessibility
        ),
        read!(
            "telephony",
            "telephony.externalcall.searchcrmentities",
            telephony::find_records
        ),
        read!(
            "telephony",
            "telephony.externalcall.attachrecord",
            telephony::attach_record
        ),
    ]);
}

/// Chats, notifications and connectors.
fn chats_and_connectors(methods: &mut Vec<Method>) {
    methods.extend([
        read!("im", "im.recent.list", im::recent),
        read!("im", "im.recent.get", im::recent_alone),
        read!("im", "im.notify.get", im::notifications),
        read!("im", "im.notify.history.search", im::find_notifications),
        read!("im", "im.dialog.messages.search", im::find_messages),
        read!("imconnector", "imconnector.list", connectors::list),
        read!("imconnector", "imconnector.status", connectors::status),
        write!("im", "im.chat.get", messages::chat_of_object),
        read!("im", "im.dialog.messages.get", im::messages),
    ]);
}

/// Events, and what a portal says of itself.
fn events_and_system(methods: &mut Vec<Method>) {
    methods.extend([
        write!("", "event.bind", events::bind),
        write!("", "event.unbind", events::unbind),
        read!("", "event.get", events::get),
        write!("", "event.offline.get", offline_events::get),
        read!("", "event.offline.list", offline_events::list),
        write!("", "event.offline.clear", offline_events::clear),
        write!("", "event.offline.error", offline_events::fail),
        read!("", "profile", system::profile),
        read!("", "app.info", system::app),
        read!("", "server.time", system::time),
        read!("", "methods", system::methods),
        read!("", "scope", system::scope),
    ]);
}

/// What the drive does with folders and files alike.
fn disk_objects(methods: &mut Vec<Method>) {
    use disk::{DiskObject::File, DiskObject::Folder};
    macro_rules! objects {
        ($name:literal, $kind:ident) => {
            methods.extend([
                read!(
                    "disk",
                    concat!("disk.", $name, ".get"),
                    disk::get::<{ $kind as u8 }>
                ),
                write!(
                    "disk",
                    concat!("disk.", $name, ".rename"),
                    disk::rename::<{ $kind as u8 }>
                ),
                write!(
                    "disk",
                    concat!("disk.", $name, ".copyto"),
                    disk::copy::<{ $kind as u8 }>
                ),
                write!(
                    "disk",
                    concat!("disk.", $name, ".moveto"),
                    disk::move_to::<{ $kind as u8 }>
                ),
                write!(
                    "disk",
                    concat!("disk.", $name, ".markdeleted"),
                    disk::mark_deleted::<{ $kind as u8 }>
                ),
                write!(
                    "disk",
                    concat!("disk.", $name, ".restore"),
                    disk::restore::<{ $kind as u8 }>
                ),
                read!(
                    "disk",
                    concat!("disk.", $name, ".getexternallink"),
                    disk::external_link::<{ $kind as u8 }>
                ),
            ]);
        };
    }
    objects!("folder", Folder);
    objects!("file", File);
}

/// What the drive does with folders, files or storages alone.
fn disk_folders_and_storages(methods: &mut Vec<Method>) {
    use disk::{DiskObject::File, DiskObject::Folder};
    methods.extend([
        read!("disk", "disk.folder.getchildren", disk::folder_children),
        write!("disk", "disk.folder.addsubfolder", disk::add_folder),
        write!("disk", "disk.folder.uploadfile", disk::upload),
        write!(
            "disk",
            "disk.folder.deletetree",
            disk::delete::<{ Folder as u8 }>
        ),
        read!("disk", "disk.folder.sharetouser", disk::share),
        write!("disk", "disk.file.delete", disk::delete::<{ File as u8 }>),
        write!("disk", "disk.file.uploadversion", disk::upload_version),
        read!("disk", "disk.file.getversions", disk::versions),
        write!(
            "disk",
            "disk.file.restorefromversion",
            disk::restore_version
        ),
        read!("disk", "disk.file.search", disk::search),
        read!("disk", "disk.version.get", disk::version),
        read!("disk", "disk.attachedobject.get", disk::attached),
        write!("disk", "disk.storage.getlist", disk::storages),
        write!(
            "disk",
            "disk.storage.getforapp",
            disk::storage_of_application
        ),
        write!("disk", "disk.storage.rename", disk::rename_storage),
        read!("disk", "disk.storage.getchildren", disk::storage_children),
        write!(
            "disk",
            "disk.storage.addfolder",
            disk::add_folder_to_storage
        ),
        write!("disk", "disk.storage.uploadfile", disk::upload_to_storage),
    ]);
}

/// Calls and telephone lines.
fn telephony_methods(methods: &mut Vec<Method>) {
    methods.extend([
        read!("telephony", "voximplant.line.get", voximplant::lines),
        read!(
            "telephony",
            "voximplant.line.outgoing.get",
            voximplant::outgoing
        ),
        write!(
            "telephony",
            "voximplant.line.outgoing.set",
            voximplant::set_outgoing
        ),
        write!(
            "telephony",
            "voximplant.line.outgoing.sip.set",
            voximplant::set_outgoing_sip
        ),
        read!("telephony", "voximplant.user.get", voximplant::users),
        write!(
            "telephony",
            "voximplant.user.activatephone",
            voximplant::switch_phone::<true>
        ),
        write!(
            "telephony",
            "voximplant.user.deactivatephone",
            voximplant::switch_phone::<false>
        ),
        read!(
            "telephony",
            "voximplant.callback.start",
            voximplant::call_back
        ),
        read!(
            "telephony",
            "voximplant.infocall.startwithtext",
            voximplant::inform
        ),
        read!(
            "telephony",
            "voximplant.infocall.startwithsound",
            voximplant::inform
        ),
        write!(
            "telephony",
            "telephony.externalcall.register",
            telephony::register
        ),
        write!(
            "telephony",
            "telephony.externalcall.finish",
            telephony::finish
        ),
        read!("telephony", "telephony.externalcall.show", telephony::card),
        read!("telephony", "telephony.externalcall.hide", telephony::card),
    ]);
}

/// Messages and notifications, written by users and bots.
fn message_methods(methods: &mut Vec<Method>) {
    methods.extend([
        write!("im", "im.message.add", messages::add),
        write!("im", "im.message.update", messages::update),
        write!("im", "im.message.delete", messages::delete),
        write!("im", "im.notify", notifications::add),
        write!("im", "im.notify.personal.add", notifications::add),
        write!("im", "im.notify.system.add", notifications::add),
        write!("im", "im.notify.delete", notifications::delete_named),
        write!("im", "im.notify.answer", notifications::answer),
        write!("im", "im.notify.confirm", notifications::confirm),
        write!("im", "im.notify.read.all", notifications::read_all),
        write!("im", "im.message.like", messages::like),
        write!("im", "im.message.share", messages::share),
        write!("imbot", "imbot.message.like", messages::like),
        write!("im", "im.chat.add", messages::add_chat),
        write!("im", "im.chat.updatetitle", messages::rename_chat),
        read!("imbot", "imbot.bot.list", messages::bots),
        write!("imbot", "imbot.message.add", messages::add_as_bot),
        write!("imbot", "imbot.message.update", messages::update),
        write!("imbot", "imbot.message.delete", messages::delete),
    ]);
}

/// What applications write and keep, beside the records that they register.
fn application_methods(methods: &mut Vec<Method>) {
    methods.extend([
        write!("entity", "entity.rights", storages::rights),
        write!(
            "sale",
            "sale.shipmentpropertyvalue.modify",
            shop::set_shipment_values
        ),
        read!(
            "crm",
            "crm.userfield.settings.fields",
            crm::field_settings::fields
        ),
        read!("task", "task.stages.canmovetask", tasks::stages::can_move),
        write!(
            "task",
            "tasks.task.result.addfromcomment",
            tasks::comments::make_result
        ),
        write!("sale", "sale.paysystem.pay.payment", shop::pay),
        write!(
            "pay_system",
            "sale.paysystem.pay.invoice",
            shop::pay_invoice
        ),
        write!("sale", "sale.propertyvalue.modify", shop::set_order_values),
        read!(
            "salescenter",
            "salescenter.payment.getpublicurl",
            shop::payment_url
        ),
        read!(
            "crm",
            "crm.product.property.settings.fields",
            crm::product_properties::settings
        ),
        read!(
            "crm",
            "crm.activity.call.gettranscript",
            crm::transcripts::of_call
        ),
        read!("sale", "sale.cashbox.check.apply", shop::apply_check),
        read!("", "app.option.get", options::get_for_all),
        write!("", "app.option.set", options::set_for_all),
        read!("", "user.option.get", options::get_for_user),
        write!("", "user.option.set", options::set_for_user),
    ]);
}

fn messenger(methods: &mut Vec<Method>) {
    methods.extend([
        read!("im", "im.user.get", messenger::user_by_id),
        read!("im", "im.user.list.get", messenger::users_by_id),
        read!("im", "im.user.status.get", messenger::own_status),
        write!("im", "im.user.status.set", messenger::set_status),
        read!("im", "im.user.status.idle.start", messenger::acknowledged),
        read!("im", "im.user.status.idle.end", messenger::acknowledged),
        read!("im", "im.department.get", messenger::departments),
        read!("im", "im.department.managers.get", messenger::managers),
        read!("im", "im.department.employees.get", messenger::employees),
        read!("im", "im.department.colleagues.list", messenger::colleagues),
        read!("im", "im.search.user.list", messenger::find_users),
        read!(
            "im",
            "im.search.department.list",
            messenger::find_departments
        ),
        read!("im", "im.search.chat.list", messenger::find_chats),
        read!("im", "im.search.last.get", messenger::last_searched),
        write!("im", "im.search.last.add", messenger::add_last_searched),
        write!(
            "im",
            "im.search.last.delete",
            messenger::delete_last_searched
        ),
        read!("im", "im.dialog.get", messenger::dialog_by_id),
        read!("im", "im.dialog.read", messenger::read),
        read!("im", "im.dialog.read.all", messenger::acknowledged),
        write!("im", "im.dialog.unread", messenger::unread_from),
        read!("im", "im.dialog.writing", messenger::writing),
        read!("im", "im.dialog.users.list", messenger::dialog_members),
        write!("im", "im.recent.pin", messenger::pin),
        write!("im", "im.recent.unread", messenger::mark_unread),
        write!("im", "im.recent.hide", messenger::hide),
        read!("im", "im.chat.user.list", messenger::chat_members),
        write!("im", "im.chat.user.add", messenger::add_members),
        write!("im", "im.chat.user.delete", messenger::delete_member),
        write!("im", "im.chat.setowner", messenger::set_owner),
        // A bot does with chats what a user does.
        write!("imbot", "imbot.chat.add", messages::add_chat),
        write!("imbot", "imbot.chat.get", messages::chat_of_object),
        write!("imbot", "imbot.chat.updatetitle", messages::rename_chat),
        read!("imbot", "imbot.chat.user.list", messenger::chat_members),
        write!("imbot", "imbot.chat.user.add", messenger::add_members),
        write!("imbot", "imbot.chat.user.delete", messenger::delete_member),
        write!("imbot", "imbot.chat.setowner", messenger::set_owner),
        write!("imbot", "imbot.chat.leave", messenger::leave),
        write!("imbot", "imbot.chat.updatecolor", messenger::recolor),
        write!("imbot", "imbot.chat.updateavatar", messenger::change_avatar),
        write!("imbot", "imbot.chat.setmanager", messenger::set_manager),
        read!("imbot", "imbot.dialog.get", messenger::dialog_by_id),
        write!("im", "im.chat.leave", messenger::leave),
        write!("im", "im.chat.mute", messenger::mute),
        write!("im", "im.chat.updatecolor", messenger::recolor),
        write!("im", "im.chat.updateavatar", messenger::change_avatar),
        write!("im", "im.notify.read", notifications::read),
        write!("im", "im.notify.read.list", notifications::read_list),
        read!("timeman", "timeman.status", workday::status),
        read!("timeman", "timeman.settings", workday::settings),
        write!("timeman", "timeman.open", workday::open),
        write!("timeman", "timeman.pause", workday::pause),
        write!("timeman", "timeman.close", workday::close),
        read!("", "feature.get", system::feature),
        read!("", "method.get", system::method),
        read!("", "access.name", system::access_names),
        read!("user", "user.access", system::has_access),
    ]);
}

fn cards(methods: &mut Vec<Method>) {
    macro_rules! card {
        ($name:literal) => {
            methods.extend([
                read!(
                    "crm",
                    concat!($name, ".details.configuration.get"),
                    card_settings::get
                ),
                write!(
                    "crm",
                    concat!($name, ".details.configuration.set"),
                    card_settings::set
                ),
                write!(
                    "crm",
                    concat!($name, ".details.configuration.reset"),
                    card_settings::reset
                ),
                write!(
                    "crm",
                    concat!($name, ".details.configuration.forcecommonscopeforall"),
                    card_settings::reset_for_all_users
                ),
            ]);
        };
    }
    card!("crm.lead");
    card!("crm.deal");
    card!("crm.contact");
    card!("crm.company");
    card!("crm.item");
}
