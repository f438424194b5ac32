//! Whether a method reads or writes: what may be repeated, listed, and fetched by ID.

use crate::error::Error;

/// What a method does to the portal's data. It decides whether a call with an unknown outcome may be repeated, and
/// whether a list or a fetch by ID may call the method at all.
///
/// ```
/// use brimful::Effect;
/// assert_eq!(Effect::of("crm.lead.list"), Effect::Read);
/// assert_eq!(Effect::of("crm.lead.add"), Effect::Write);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It only reads.
    Read,
    /// It writes, or its name does not say that it reads.
    Write,
}

impl Effect {
    /// The effect of a method, by the verb of its name and a table of exceptions. Letters may have any case. A name that
    /// doesn't say that it reads counts as a write: a mistake then costs an error, never a doubled write.
    pub fn of(method: &str) -> Self {
        of(method)
    }

    /// Refuse a method that isn't known to read.
    ///
    /// # Errors
    /// A configuration error that names the method and how to call it: `what` is the job that only reads, such as
    /// "a list".
    ///
    /// ```
    /// use brimful::Effect;
    /// assert!(Effect::refuse_unless_reading("crm.item.list", "a list").is_ok());
    /// let refused = Effect::refuse_unless_reading("crm.item.delete", "a list").unwrap_err();
    /// assert!(refused.to_string().contains("crm.item.delete changes data: a list only reads"));
    /// ```
    pub fn refuse_unless_reading(method: &str, what: &str) -> Result<(), Error> {
        match of(method) {
            Self::Read => Ok(()),
            Self::Write => {
                // Of a method that is not in the catalogue nobody can say that it does.
                let may = if brimful_protocol::catalogue::find(method).is_some() {
                    "changes data"
                } else {
                    "may change data"
                };
                Err(Error::config(format!(
                    "{method} {may}: {what} only reads. Call it with: brimful call {method}"
                )))
            }
        }
    }
}

/// The last words of names that read. `get…`, `search…` and `find…` do too.
const READING_WORDS: &[&str] = &[
    "aggregate",
    "children",
    "count",
    "countbyfilter",
    "current",
    "documentation",
    "events",
    "fields",
    "info",
    "instances",
    "items",
    "list",
    "methods",
    "openapi",
    "profile",
    "scope",
    "scopes",
    "tail",
    "time",
    "types",
];

/// The beginnings of last words that read.
const READING_VERBS: &[&str] = &["get", "search", "find"];

/// What makes a write of a getter: `getOrCreate`, `getAndClear`.
const WRITING_TAILS: &[&str] = &["create", "generate", "clear", "delete", "remove"];

/// Methods that read although their last word doesn't say so. Each stands with the page under `api-reference/` of the
/// vendor's documentation (github.com/bitrix24/b24restdocs) that says what it returns. A `*` stands for one word or more.
const READS: &[(&str, &str)] = &[
    ("access.name", "common/system/access-name"),
    (
        "calendar.event.get.nearest",
        "calendar/calendar-event/calendar-event-get-nearest",
    ),
    (
        "catalog.catalog.isoffers",
        "catalog/catalog/catalog-catalog-is-offers",
    ),
    (
        "catalog.document.mode.status",
        "catalog/document/catalog-document-mode-status",
    ),
    (
        "catalog.product.download",
        "catalog/product/catalog-product-download",
    ),
    (
        "catalog.product.offer.download",
        "catalog/product/offer/catalog-product-offer-download",
    ),
    (
        "catalog.product.service.download",
        "catalog/product/service/catalog-product-service-download",
    ),
    (
        "catalog.product.sku.download",
        "catalog/product/sku/catalog-product-sku-download",
    ),
    (
        "crm.calllist.statuslist",
        "crm/call-list/crm-calllist-statuslist",
    ),
    (
        "crm.dealcategory.status",
        "crm/outdated/category-old/crm-deal-category-status",
    ),
    ("crm.enum.*", "crm/auxiliary/enum/index"),
    (
        "crm.requisite.preset.countries",
        "crm/requisites/presets/crm-requisite-preset-countries",
    ),
    (
        "crm.requisite.preset.field.availabletoadd",
        "crm/requisites/presets/fields/crm-requisite-preset-field-available-to-add",
    ),
    (
        "humanresources.employee.multidepartment",
        "departments/employee/humanresources-employee-multidepartment",
    ),
    (
        "humanresources.employee.subordinates",
        "departments/employee/humanresources-employee-subordinates",
    ),
    (
        "im.v2.file.download",
        "chat-bots/chat-bots-v2/im.v2/files/file-download",
    ),
    (
        "imbot.v2.file.download",
        "chat-bots/chat-bots-v2/imbot.v2/files/file-download",
    ),
    (
        "imconnector.status",
        "imopenlines/imconnector/imconnector-status",
    ),
    (
        "landing.landing.resolveidbypublicurl",
        "landing/page/methods/landing-landing-resolve-id-by-public-url",
    ),
    (
        "landing.repo.checkcontent",
        "landing/user-blocks/landing-repo-check-content",
    ),
    (
        "landing.role.isenabled",
        "landing/rights/landing-role-is-enabled",
    ),
    (
        "landing.site.fullexport",
        "landing/site/landing-site-full-export",
    ),
    (
        "lists.element.get.file.url",
        "lists/elements/lists-element-get-file-url",
    ),
    (
        "lists.get.iblock.type.id",
        "lists/lists/lists-get-iblock-type-id",
    ),
    (
        "log.blogpost.getusers.important",
        "log/log-blogpost-getusers-important",
    ),
    ("mail.mailbox.senders", "mail/mailbox/mail-mailbox-senders"),
    ("mail.message.thread", "mail/message/mail-message-thread"),
    (
        "mail.recipient.listcontacts",
        "mail/recipient/mail-recipient-listcontacts",
    ),
    (
        "mail.recipient.listemployees",
        "mail/recipient/mail-recipient-listemployees",
    ),
    (
        "rpa.stage.listfortype",
        "outdated/rpa/stage/rpa-stage-list-for-type",
    ),
    (
        "rpa.timeline.listforitem",
        "outdated/rpa/timeline/rpa-timeline-list-for-item",
    ),
    (
        "sonet_group.feature.access",
        "sonet-group/sonet-group-feature-access",
    ),
    (
        "sonet_group.user.groups",
        "sonet-group/sonet-group-user-groups",
    ),
    (
        "task.checklistitem.isactionallowed",
        "tasks/checklist-item/task-checklist-item-is-action-allowed",
    ),
    (
        "task.commentitem.isactionallowed",
        "tasks/comment-item/task-comment-item-is-action-allowed",
    ),
    (
        "task.elapseditem.isactionallowed",
        "tasks/elapsed-item/task-elapsed-item-is-action-allowed",
    ),
    (
        "task.item.isactionallowed",
        "tasks/deprecated/task-item/task-item-is-action-allowed",
    ),
    (
        "task.stages.canmovetask",
        "tasks/stages/task-stages-can-move-task",
    ),
    (
        "tasks.flow.flow.isexists",
        "tasks/flow/tasks-flow-flow-is-exists",
    ),
    (
        "timeman.networkrange.check",
        "timeman/networkrange/timeman-networkrange-check",
    ),
    ("timeman.settings", "timeman/base/timeman-settings"),
    ("timeman.status", "timeman/base/timeman-status"),
    ("user.access", "common/users/user-access"),
    ("user.admin", "common/users/user-admin"),
    (
        "userconsent.agreement.text",
        "user-consent/user-consent-agreement-text",
    ),
    (
        "vote.attachedvote.download",
        "vote/vote.attachedvote.download",
    ),
    (
        "voximplant.sip.connector.status",
        "telephony/voximplant/sip/voximplant-sip-connector-status",
    ),
    (
        "voximplant.sip.status",
        "telephony/voximplant/sip/voximplant-sip-status",
    ),
];

/// Methods that write although their last word reads, with the page that says so, or what portals do where the page
/// says less.
const WRITES: &[(&str, &str)] = &[
    // Makes a public link where the file has none.
    (
        "disk.file.getexternallink",
        "disk/file/disk-file-get-external-link",
    ),
    (
        "disk.folder.getexternallink",
        "disk/folder/disk-folder-get-external-link",
    ),
    // "If the storage does not exist, it creates one."
    (
        "disk.storage.getforapp",
        "disk/storage/disk-storage-get-for-app",
    ),
    // Events are deleted as they are read, unless clear=0.
    ("event.offline.get", "events/event-offline-get"),
    // Marks notifications as read.
    (
        "im.notify.read.list",
        "chats/notifications/im-notify-read-list",
    ),
    // Both confirm the events below their offset.
    (
        "im.v2.event.get",
        "chat-bots/chat-bots-v2/im.v2/events/event-get",
    ),
    (
        "imbot.v2.event.get",
        "chat-bots/chat-bots-v2/imbot.v2/events/event-get",
    ),
    // Passes the payment system on to the payment.
    (
        "salescenter.payment.getpublicurl",
        "crm/universal/payment/salescenter-payment-get-public-url",
    ),
];

/// The effect of `method`: see [`Effect::of`].
pub(crate) fn of(method: &str) -> Effect {
    let method = method.to_ascii_lowercase();
    if listed(WRITES, &method) {
        return Effect::Write;
    }
    let last = method.rsplit('.').next().unwrap_or_default();
    let getter = READING_VERBS.iter().any(|verb| last.starts_with(verb))
        && !WRITING_TAILS.iter().any(|tail| last.contains(tail));
    if getter || READING_WORDS.contains(&last) || listed(READS, &method) {
        Effect::Read
    } else {
        Effect::Write
    }
}

fn listed(table: &[(&str, &str)], method: &str) -> bool {
    table.iter().any(|(name, _)| match name.strip_suffix('*') {
        Some(branch) => method
            .strip_prefix(branch)
            .is_some_and(|rest| !rest.is_empty()),
        None => *name == method,
    })
}

/// Whether a call of `method` changes anything. A batch does what its commands do, which are told beside it.
pub(crate) fn writes(method: &str) -> bool {
    method != "batch" && of(method) == Effect::Write
}

#[cfg(test)]
mod tests {
    use brimful_protocol::catalogue;

    use super::*;

    /// The beginnings of last words that write: every method of the catalogue begins so, or reads.
    const WRITING_VERBS: &[&str] = &[
        "activate",
        "add",
        "all",
        "answer",
        "apply",
        "approve",
        "archive",
        "attach",
        "batchimport",
        "bind",
        "bot",
        "cancel",
        "change",
        "clear",
        "clone",
        "close",
        "command",
        "commit",
        "complete",
        "conduct",
        "confirm",
        "convert",
        "copy",
        "create",
        "deactivate",
        "debug",
        "defer",
        "delegate",
        "delete",
        "delivery",
        "disapprove",
        "do",
        "down",
        "edit",
        "enable",
        "end",
        "error",
        "execute",
        "expose",
        "favorite",
        "fill",
        "finish",
        "forcecommonscope",
        "forward",
        "hide",
        "import",
        "intercept",
        "invite",
        "invoice",
        "join",
        "kill",
        "leave",
        "like",
        "log",
        "mark",
        "merge",
        "messages",
        "modify",
        "move",
        "mute",
        "notify",
        "open",
        "operator",
        "pause",
        "pay",
        "pin",
        "publication",
        "read",
        "recall",
        "register",
        "remove",
        "rename",
        "renew",
        "reply",
        "request",
        "reset",
        "restore",
        "resume",
        "rights",
        "run",
        "save",
        "send",
        "set",
        "share",
        "show",
        "silent",
        "skip",
        "spam",
        "start",
        "stop",
        "subscribe",
        "terminate",
        "test",
        "transfer",
        "trigger",
        "unbind",
        "unbinding",
        "unconfirm",
        "unfavorite",
        "unlike",
        "unmute",
        "unpay",
        "unpin",
        "unpublic",
        "unread",
        "unregister",
        "unset",
        "unsubscribe",
        "up",
        "update",
        "upload",
        "vote",
        "writing",
    ];

    fn last_word(method: &str) -> String {
        let method = method.to_ascii_lowercase();
        method.rsplit('.').next().unwrap_or_default().to_owned()
    }

    fn has_a_writing_verb(method: &str) -> bool {
        let last = last_word(method);
        // "documentation" does not do anything.
        !READING_WORDS.contains(&last.as_str())
            && WRITING_VERBS.iter().any(|verb| last.starts_with(verb))
    }

    #[test]
    fn lists_and_getters_read_and_everything_else_writes() {
        for method in [
            "crm.lead.list",
            "crm.item.get",
            "user.current",
            "tasks.task.getFields",
            "server.time",
            "scope",
        ] {
            assert_eq!(of(method), Effect::Read, "{method}");
        }
        for method in [
            "crm.lead.add",
            "tasks.task.start",
            "crm.item.update",
            "im.notify",
            "something.unheard.of",
        ] {
            assert_eq!(of(method), Effect::Write, "{method}");
        }
    }

    #[test]
    fn a_getter_that_creates_or_clears_writes() {
        for method in ["my.thing.getOrCreate", "my.queue.getAndClear"] {
            assert_eq!(of(method), Effect::Write, "{method}");
        }
    }

    #[test]
    fn no_method_of_the_catalogue_with_a_writing_verb_reads_and_every_other_one_does() {
        let mut wrong = Vec::new();
        for known in catalogue::all() {
            let exception = listed(WRITES, &known.name.to_ascii_lowercase())
                || listed(READS, &known.name.to_ascii_lowercase());
            let writes = of(known.name) == Effect::Write;
            if !exception && writes != has_a_writing_verb(known.name) {
                wrong.push(known.name);
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn every_exception_to_the_verbs_is_one_is_sorted_and_names_its_page() {
        for table in [READS, WRITES] {
            assert!(table.is_sorted(), "{table:?}");
        }
        for (name, page) in READS.iter().chain(WRITES) {
            assert_eq!(*name, name.to_ascii_lowercase());
            assert!(page.contains('/') && !page.contains(".md"), "{name}");
            let last = last_word(name);
            let reads_by_its_verb = READING_WORDS.contains(&last.as_str())
                || READING_VERBS.iter().any(|verb| last.starts_with(verb));
            assert_eq!(listed(WRITES, name), reads_by_its_verb, "{name}");
        }
    }

    #[test]
    fn methods_that_read_under_unusual_names_read() {
        for method in [
            "crm.enum.ownertype",
            "crm.enum.settings.mode",
            "calendar.event.getbyid",
            "crm.type.getByEntityTypeId",
            "disk.rights.getTasks",
            "crm.item.productrow.getAvailableForPayment",
            "landing.site.getFolders",
            "sonet_group.user.groups",
            "mail.message.thread",
            "PROFILE",
        ] {
            assert_eq!(of(method), Effect::Read, "{method}");
        }
    }

    #[test]
    fn an_offline_event_is_deleted_as_it_is_read() {
        assert_eq!(of("event.offline.get"), Effect::Write);
    }

    #[test]
    fn a_method_that_writes_is_refused_where_only_reading_is_meant() {
        assert!(Effect::refuse_unless_reading("crm.item.list", "a list").is_ok());
        let known = Effect::refuse_unless_reading("crm.item.delete", "a list").unwrap_err();
        assert_eq!(
            known.to_string(),
            "crm.item.delete changes data: a list only reads. Call it with: brimful call crm.item.delete"
        );
        let unknown = Effect::refuse_unless_reading("my.rows.collect", "a list").unwrap_err();
        assert!(unknown.to_string().contains("may change data"), "{unknown}");
    }
}
