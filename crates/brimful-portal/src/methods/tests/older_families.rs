//! Families of methods that have newer ones, and smaller ones beside them: what one method writes another reads.

use super::Portal;

const INVOICE: &str = "fields[ORDER_TOPIC]=One&fields[PERSON_TYPE_ID]=2&fields[PAY_SYSTEM_ID]=2&\
                       fields[PRODUCT_ROWS][0][PRODUCT_NAME]=A&fields[PRODUCT_ROWS][0][PRICE]=100&\
                       fields[PRODUCT_ROWS][0][QUANTITY]=2&fields[RESPONSIBLE_ID]=1";

#[test]
fn the_amount_of_an_older_invoice_is_that_of_its_rows_and_a_status_pays_it() {
    Portal::with(&[("user", 5, 0.0)]).steps(&[
        (
            "crm.invoice.add",
            "fields[ORDER_TOPIC]=One",
            "! The field PERSON_TYPE_ID is required.",
        ),
        ("crm.invoice.add", INVOICE, "1"),
        (
            "crm.invoice.get",
            "id=1",
            r#"{"PRICE":"200.00","PAYED":"N","STATUS_ID":"N","PRODUCT_ROWS":[{"PRICE":"100"}]}"#,
        ),
        ("crm.invoice.update", "id=1&fields[STATUS_ID]=P", "true"),
        (
            "crm.invoice.list",
            "filter[>PRICE]=100",
            r#"[{"ID":"1","PAYED":"Y","DATE_PAYED":"*"}]"#,
        ),
        ("crm.invoice.list", "filter[>PRICE]=300", "[]"),
        (
            "crm.invoice.recurring.add",
            "fields[INVOICE_ID]=1&fields[PARAMS][PERIOD]=day",
            "1",
        ),
        (
            "crm.invoice.recurring.expose",
            "id=1",
            r#"{"INVOICE_ID":2}"#,
        ),
        (
            "crm.invoice.get",
            "id=2",
            r#"{"ORDER_TOPIC":"One","STATUS_ID":"N","PRICE":"200.00"}"#,
        ),
        (
            "crm.invoice.recurring.get",
            "id=1",
            r#"{"COUNTER_REPEAT":"1"}"#,
        ),
        ("crm.invoice.getexternallink", "id=9", "! Not found"),
        ("crm.invoice.delete", "id=1", "true"),
        ("crm.invoice.get", "id=1", "! Not found"),
        (
            "crm.paysystem.list",
            "filter[HANDLER]=bill",
            r#"[{"ID":"2"}]"#,
        ),
        (
            "crm.persontype.list",
            "",
            r#"[{"NAME":"CRM_CONTACT"},{"NAME":"CRM_COMPANY"}]"#,
        ),
    ]);
    let listed = Portal::with(&[]).json("crm.invoice.fields", "");
    assert_eq!(listed["ORDER_TOPIC"]["isRequired"], true);
}

#[test]
fn statuses_and_user_fields_of_older_invoices_are_kept_apart_from_others() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        (
            "crm.invoice.status.list",
            "",
            r#"[{"STATUS_ID":"N"},{"STATUS_ID":"S"},{"STATUS_ID":"P"},{"STATUS_ID":"D"}]"#,
        ),
        (
            "crm.invoice.userfield.add",
            "fields[FIELD_NAME]=NOTE&fields[USER_TYPE_ID]=string",
            "1",
        ),
        (
            "crm.invoice.userfield.get",
            "id=1",
            r#"{"ENTITY_ID":"CRM_INVOICE","FIELD_NAME":"UF_CRM_NOTE"}"#,
        ),
        ("crm.requisite.userfield.list", "", "[]"),
        (
            "crm.invoice.userfield.add",
            "fields[FIELD_NAME]=NOTE&fields[USER_TYPE_ID]=string",
            "!ERROR_CORE CRM_INVOICE object already exists",
        ),
        ("crm.invoice.userfield.delete", "id=1", "true"),
    ]);
    let added = portal.json(
        "crm.invoice.status.add",
        "fields[STATUS_ID]=W&fields[NAME]=Waits",
    );
    let id = format!("id={added}");
    portal.steps(&[
        (
            "crm.status.list",
            "filter[STATUS_ID]=W",
            r#"[{"ENTITY_ID":"INVOICE_STATUS","NAME":"Waits"}]"#,
        ),
        (
            "crm.invoice.status.update",
            &format!("{id}&fields[NAME]=Rests"),
            "true",
        ),
        ("crm.invoice.status.get", &id, r#"{"NAME":"Rests"}"#),
        ("crm.invoice.status.get", "id=1", "! Not found"),
        ("crm.invoice.status.delete", &id, "true"),
    ]);
}

#[test]
fn what_is_pinned_in_a_timeline_is_unpinned_once_and_three_entries_at_most() {
    let comment = "fields[ENTITY_ID]=1&fields[ENTITY_TYPE]=deal&fields[COMMENT]=One";
    let pin = |item: u32| format!("id={item}&ownerTypeId=2&ownerId=1");
    Portal::with(&[("deal", 2, 0.0)]).steps(&[
        ("crm.timeline.comment.add", comment, "1"),
        ("crm.timeline.comment.add", comment, "2"),
        ("crm.timeline.comment.add", comment, "3"),
        ("crm.timeline.comment.add", comment, "4"),
        (
            "crm.timeline.item.pin",
            "id=1",
            "!100 Could not find value for parameter {ownerTypeId}",
        ),
        (
            "crm.timeline.item.pin",
            "id=1&ownerTypeId=2&ownerId=99",
            "!OWNER_NOT_FOUND",
        ),
        ("crm.timeline.item.pin", &pin(9), "!NOT_FOUND"),
        ("crm.timeline.item.pin", &pin(1), "null"),
        ("crm.timeline.item.pin", &pin(2), "null"),
        ("crm.timeline.item.pin", &pin(3), "null"),
        ("crm.timeline.item.pin", &pin(4), "!0 Only three events"),
        ("crm.timeline.item.unpin", &pin(1), "null"),
        ("crm.timeline.item.unpin", &pin(1), "!CAN_NOT_CHANGE_PINNED"),
        ("crm.timeline.item.pin", &pin(4), "null"),
        (
            "crm.timeline.layout.blocks.set",
            "entityTypeId=2&entityId=1&timelineId=1&layout[blocks][1][type]=text",
            r#"{"success":true}"#,
        ),
        (
            "crm.timeline.layout.blocks.get",
            "entityTypeId=2&entityId=1&timelineId=1",
            r#"{"layout":{"blocks":{"1":{"type":"text"}}}}"#,
        ),
        (
            "crm.timeline.layout.blocks.delete",
            "entityTypeId=2&entityId=1&timelineId=1",
            r#"{"success":true}"#,
        ),
        (
            "crm.timeline.layout.blocks.get",
            "entityTypeId=2&entityId=1&timelineId=1",
            "!NOT_FOUND",
        ),
    ]);
}

#[test]
fn tasks_of_sprints_have_points_epics_and_stages() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.json(
        "tasks.task.add",
        "fields[TITLE]=A&fields[RESPONSIBLE_ID]=1&fields[GROUP_ID]=4",
    );
    let epic = portal.json(
        "tasks.api.scrum.epic.add",
        "fields[groupId]=4&fields[name]=E",
    );
    let sprint = portal.json(
        "tasks.api.scrum.sprint.add",
        "fields[groupId]=4&fields[name]=S",
    );
    let sprint = format!("sprintId={}", sprint["id"]);
    let stage = portal.json(
        "tasks.api.scrum.kanban.addStage",
        &format!(
            "fields[{}&fields[name]=Doing&fields[sort]=100&fields[type]=WORK&fields[color]=aaaaaa",
            sprint.replace('=', "]=")
        ),
    );
    portal.steps(&[
        (
            "tasks.api.scrum.task.get",
            "id=1",
            r#"{"storyPoints":"","epicId":0}"#,
        ),
        (
            "tasks.api.scrum.task.update",
            "id=1&fields[epicId]=77",
            "!0 Epic not found",
        ),
        (
            "tasks.api.scrum.task.update",
            &format!("id=1&fields[epicId]={}&fields[storyPoints]=8", epic["id"]),
            "true",
        ),
        (
            "tasks.api.scrum.task.get",
            "id=1",
            r#"{"storyPoints":"8","epicId":1}"#,
        ),
        ("tasks.api.scrum.task.get", "id=9", "!0 Task not found"),
        ("tasks.api.scrum.task.get", "", "!100"),
        (
            "tasks.api.scrum.kanban.addTask",
            "taskId=1",
            "!0 Sprint id not found",
        ),
        (
            "tasks.api.scrum.kanban.addTask",
            &format!("{sprint}&taskId=1&stageId={stage}"),
            "true",
        ),
        (
            "tasks.task.get",
            "taskId=1",
            &format!(r#"{{"task":{{"stageId":"{stage}"}}}}"#),
        ),
        (
            "tasks.api.scrum.kanban.deleteTask",
            &format!("{sprint}&taskId=1"),
            "true",
        ),
        ("tasks.task.get", "taskId=1", r#"{"task":{"stageId":"0"}}"#),
    ]);
}

#[test]
fn special_pages_areas_and_rights_of_sites_are_kept() {
    Portal::with(&[]).steps(&[
        (
            "landing.syspage.set",
            "id=3",
            "!MISSING_PARAMS missing: type",
        ),
        ("landing.syspage.set", "id=3&type=personal&lid=8", "true"),
        (
            "landing.syspage.get",
            "id=3",
            r#"{"personal":{"TYPE":"personal","LANDING_ID":"8","ACTIVE":"Y"}}"#,
        ),
        (
            "landing.syspage.getSpecialPage",
            "siteId=3&type=personal&additional[SECTION]=private",
            r#""/8/?SECTION=private""#,
        ),
        ("landing.syspage.deleteForLanding", "id=8", "true"),
        ("landing.syspage.get", "id=3", "[]"),
        (
            "landing.template.setSiteRef",
            "id=3&data[1]=735&data[2]=731",
            "true",
        ),
        (
            "landing.template.getSiteRef",
            "id=3",
            r#"{"1":735,"2":731}"#,
        ),
        ("landing.template.getLandingRef", "id=3", "[]"),
        (
            "landing.role.setRights",
            "id=2",
            "!MISSING_PARAMS missing: rights",
        ),
        ("landing.role.setRights", "id=2&rights[0][]=read", "true"),
        ("landing.role.getRights", "id=2", r#"[["read"]]"#),
        ("landing.role.isEnabled", "", "true"),
        ("landing.role.enable", "mode=0", "true"),
        ("landing.role.isEnabled", "", "false"),
        (
            "landing.role.setAccessCodes",
            "id=2&codes=U1",
            "!ERROR_ARGUMENT",
        ),
    ]);
}

#[test]
fn a_vote_in_a_chat_counts_what_people_choose_until_it_is_stopped() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.json("im.chat.add", "TITLE=One");
    let vote = "chatId=1&IM_MESSAGE_VOTE_DATA[QUESTIONS][0][QUESTION]=Lunch&\
                IM_MESSAGE_VOTE_DATA[QUESTIONS][0][ANSWERS][0][MESSAGE]=Soup&\
                IM_MESSAGE_VOTE_DATA[QUESTIONS][0][ANSWERS][1][MESSAGE]=Fish";
    let one = vote
        .split("&IM_MESSAGE_VOTE_DATA[QUESTIONS][0][ANSWERS][1]")
        .next()
        .unwrap();
    portal.steps(&[
        ("vote.Integration.Im.send", "chatId=1", "!400 Please enter a question"),
        ("vote.Integration.Im.send", one, "!400 Minimum number of answers: 2"),
        ("vote.Integration.Im.send", vote, r#"{"messageId":1,"voteId":1}"#),
        ("im.dialog.messages.get", "DIALOG_ID=chat1", r#"{"messages":[{"text":"Lunch"}]}"#),
        ("vote.AttachedVote.vote", "attachId=1&ballot[1][]=99", "!400 Failed to save the voting"),
        ("vote.AttachedVote.vote", "attachId=1&ballot[1][]=11", r#"{"attach":{"COUNTER":1,"isVoted":true}}"#),
        (
            "vote.AttachedVote.get",
            "moduleId=im&entityId=1",
            r#"{"attach":{"QUESTIONS":{"1":{"QUESTION":"Lunch","ANSWERS":{"10":{"COUNTER":"0"},"11":{"COUNTER":"1","MESSAGE":"Fish"}}}}}}"#,
        ),
        ("vote.AttachedVote.getAnswerVoted", "attachId=1&answerId=11", r#"{"items":[{"ID":1}]}"#),
        ("vote.AttachedVote.getWithVoted", "attachId=1", r#"{"voted":{"11":[{"ID":1}]}}"#),
        ("vote.AttachedVote.getMany", "entityIds[]=1", r#"{"items":[{"ID":1}]}"#),
        ("vote.AttachedVote.recall", "attachId=1", r#"{"attach":{"COUNTER":0,"isVoted":false}}"#),
        ("vote.AttachedVote.stop", "attachId=1", "[]"),
        ("vote.AttachedVote.vote", "attachId=1&ballot[1][]=11", "!403 The poll is inactive"),
        ("vote.AttachedVote.resume", "attachId=1", "[]"),
        ("vote.AttachedVote.get", "attachId=7", "!ATTACH_NOT_FOUND"),
        ("vote.AttachedVote.download", "attachId=7", "!ATTACH_NOT_FOUND"),
    ]);
    let report = portal.call("vote.AttachedVote.download", "attachId=1");
    let report = report.unwrap().file.expect("a file, not JSON");
    assert_eq!(report.content, "Soup;0\nFish;0");
}

#[test]
fn letters_that_are_sent_are_found_moved_and_made_into_other_things() {
    const SEND: &str = "from=sales@example.com&to[]=ann@example.com&subject=Offer&body=See below";
    Portal::with(&[("user", 3, 0.0)]).steps(&[
        (
            "mail.message.send",
            "from=sales@example.com",
            "!BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION",
        ),
        (
            "mail.message.send",
            SEND,
            r#"{"success":true,"to":["ann@example.com"]}"#,
        ),
        (
            "mail.message.reply",
            &format!("{SEND}&replyToMessageId=1"),
            r#"{"success":true}"#,
        ),
        (
            "mail.message.thread",
            "id=2",
            r#"[{"id":1},{"id":2,"subject":"Offer"}]"#,
        ),
        (
            "mail.message.list",
            "searchQuery=offer",
            r#"{"items":[{"id":2},{"id":1,"mailboxId":1}]}"#,
        ),
        ("mail.message.list", "searchQuery=none", r#"{"items":[]}"#),
        (
            "mail.message.list",
            "dateFrom=tomorrow",
            "!BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION",
        ),
        (
            "mail.message.get",
            "id=1&select[]=subject",
            r#"{"item":{"subject":"Offer"}}"#,
        ),
        (
            "mail.message.get",
            "id=9",
            "!BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION",
        ),
        (
            "mail.message.createtask",
            "messageId=1&title=Call",
            r#"{"success":true,"taskId":1,"messageId":1}"#,
        ),
        (
            "mail.message.createchat",
            "messageId=1",
            r#"{"chatId":1,"existing":false}"#,
        ),
        (
            "mail.message.createchat",
            "messageId=1",
            r#"{"chatId":1,"existing":true}"#,
        ),
        (
            "mail.message.createfeedpost",
            "messageId=1",
            r#"{"success":true,"postId":1}"#,
        ),
        (
            "mail.message.createcalendarevent",
            "messageId=1&dateFrom=2026-04-15 10:00:00&dateTo=2026-04-15 11:00:00",
            r#"{"success":true,"eventId":1}"#,
        ),
        ("mail.message.createcrmactivity", "messageId=2", "true"),
        (
            "mail.message.get",
            "id=2",
            r#"{"item":{"bindings":[{"type":"crmActivity"}]}}"#,
        ),
        ("mail.message.removecrmactivity", "messageId=2", "true"),
        ("mail.message.get", "id=2", r#"{"item":{"bindings":[]}}"#),
        (
            "mail.message.movetofolder",
            "messageIds[]=1&action=move",
            "!BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION",
        ),
        (
            "mail.message.movetofolder",
            "messageIds[]=1&action=spam",
            r#"{"movedCount":1,"action":"spam"}"#,
        ),
        (
            "mail.message.list",
            "folder=spam",
            r#"{"items":[{"id":1}]}"#,
        ),
    ]);
}

#[test]
fn tasks_of_workflows_are_completed_once_and_handed_on() {
    let rows = r#"[{"ID":"5","STATUS":"0","USER_ID":"1","NAME":"Agree"},{"ID":"6","STATUS":"0","USER_ID":"2"}]"#;
    let rows: Vec<serde_json::Map<_, _>> = serde_json::from_str(rows).unwrap();
    let mut portal = Portal::with(&[]);
    let place = crate::data::records::place("bizproc.task").unwrap();
    portal.state.records[place].load(rows);
    portal.steps(&[
        (
            "bizproc.task.complete",
            "TASK_ID=9&STATUS=1",
            "!ERROR_TASK_VALIDATION",
        ),
        (
            "bizproc.task.complete",
            "TASK_ID=5&STATUS=8",
            "!ERROR_TASK_VALIDATION",
        ),
        ("bizproc.task.complete", "TASK_ID=5&STATUS=1", "true"),
        (
            "bizproc.task.complete",
            "TASK_ID=5&STATUS=1",
            "!ERROR_TASK_COMPLETED",
        ),
        (
            "bizproc.task.delegate",
            "TASK_IDS[]=6&FROM_USER_ID=2&TO_USER_ID=3",
            "true",
        ),
        ("bizproc.task.list", "filter[USER_ID]=3", r#"[{"ID":"6"}]"#),
        (
            "bizproc.task.list",
            "filter[STATUS]=1",
            r#"[{"ID":"5","NAME":"Agree"}]"#,
        ),
    ]);
}

#[test]
fn prices_documents_and_duplicates_are_changed_together() {
    let one = "fields[product][id]=8&fields[product][prices][0][catalogGroupId]=1&fields[product][prices][0][price]=10&\
               fields[product][prices][0][currency]=RUB";
    let dearer = one.replace("=10", "=12");
    let document = "fields[docType]=A&fields[currency]=RUB&fields[responsibleId]=1";
    Portal::loaded(
        "contact",
        r#"[{"ID":1,"NAME":"Ann"},{"ID":2,"NAME":"Anna","POST":"Boss"}]"#,
    )
    .steps(&[
        (
            "catalog.price.modify",
            "fields[product][id]=8",
            "!0 Required fields",
        ),
        (
            "catalog.price.modify",
            one,
            r#"{"prices":[{"productId":8,"price":10,"catalogGroupId":1}]}"#,
        ),
        (
            "catalog.price.modify",
            &dearer,
            r#"{"prices":[{"price":12}]}"#,
        ),
        (
            "catalog.price.list",
            "filter[productId]=8",
            r#"{"prices":[{"price":12}]}"#,
        ),
        ("catalog.document.add", document, r#""*""#),
        (
            "catalog.document.conductList",
            "documentIds[]=1&documentIds[]=9",
            "!0 Document not found",
        ),
        ("catalog.document.conductList", "documentIds[]=1", "true"),
        (
            "catalog.document.deleteList",
            "documentIds[]=1",
            "!0 as it is processed",
        ),
        ("catalog.document.cancelList", "documentIds[]=1", "true"),
        (
            "catalog.document.list",
            "",
            r#"{"documents":[{"status":"C"}]}"#,
        ),
        ("catalog.document.deleteList", "documentIds[]=1", "true"),
        ("catalog.document.list", "", r#"{"documents":[]}"#),
        (
            "crm.entity.mergeBatch",
            "params[entityIds][]=1",
            "!0 The parameter entityTypeId is required.",
        ),
        (
            "crm.entity.mergeBatch",
            "params[entityTypeId]=3&params[entityIds][]=1",
            "!0 at least two elements",
        ),
        (
            "crm.entity.mergeBatch",
            "params[entityTypeId]=3&params[entityIds][]=1&params[entityIds][]=2",
            r#"{"STATUS":"SUCCESS","ENTITY_IDS":[2]}"#,
        ),
        ("crm.contact.get", "id=1", r#"{"NAME":"Ann","POST":"Boss"}"#),
        ("crm.contact.get", "id=2", "! Not found"),
    ]);
}

#[test]
fn rest_3_says_what_may_be_done_with_a_task_and_adds_files_and_messages_to_it() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.json("task.item.add", "0[TITLE]=A&0[RESPONSIBLE_ID]=1");
    portal.json(
        "disk.storage.uploadfile",
        "id=1&data[NAME]=a.txt&fileContent=SGVsbG8=",
    );
    let files = portal.json("disk.storage.getchildren", "id=1");
    let file = files[0]["ID"].as_str().unwrap().to_owned();
    // In REST 3.0 a number is not a text.
    let mut may = |id: i64| {
        let params = brimful_protocol::Array::from_iter([("id", id)]);
        portal.call_with("tasks.task.access.get", params)
    };
    let allowed = may(1).unwrap();
    assert_eq!(allowed.to_value().get("complete"), Some(&true.into()));
    assert_eq!(allowed.to_value().get("approve"), Some(&false.into()));
    assert_eq!(
        may(9).err().unwrap().code,
        "BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION"
    );
    portal.steps(&[
        (
            "tasks.task.chat.message.send",
            "fields[taskId]=1&fields[text]=Hi",
            r#"{"result":true}"#,
        ),
        (
            "task.commentitem.getlist",
            "TASKID=1",
            r#"[{"POST_MESSAGE":"Hi"}]"#,
        ),
        (
            "tasks.task.file.attach",
            &format!("taskId=1&fileIds[]={file}"),
            r#"{"result":true}"#,
        ),
        ("task.item.getfiles", "TASK_ID=1", r#"[{"NAME":"a.txt"}]"#),
        (
            "tasks.task.chat.message.send",
            "fields[taskId]=1",
            "!BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION",
        ),
    ]);
}

#[test]
fn automated_solutions_are_not_sought_by_fields_that_they_have_not() {
    Portal::with(&[]).steps(&[
        (
            "crm.automatedsolution.add",
            "fields[title]=HR",
            r#"{"automatedSolution":{"title":"HR"}}"#,
        ),
        (
            "crm.automatedsolution.list",
            "filter[nope]=1",
            "!INVALID_ARG_VALUE field 'nope' is not allowed in filter",
        ),
        (
            "crm.automatedsolution.list",
            "order[nope]=asc",
            "!INVALID_ARG_VALUE field 'nope' is not allowed in order",
        ),
        (
            "crm.automatedsolution.list",
            "filter[=title]=HR&order[id]=desc",
            r#"{"automatedSolutions":[{"title":"HR"}]}"#,
        ),
    ]);
}
