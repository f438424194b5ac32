//! What users set in the messenger is what its lists show.

use super::Portal;

fn portal() -> Portal {
    let mut portal = Portal::with(&[("user", 5, 0.0)]);
    portal.json(
        "im.chat.add",
        "TITLE=Sales&USERS[]=2&DESCRIPTION=Deals&COLOR=MINT",
    );
    portal
}

#[test]
fn what_is_set_of_a_chat_is_shown_with_it() {
    portal().steps(&[
        (
            "im.dialog.get",
            "DIALOG_ID=chat1",
            r##"{"description":"Deals","color":"#4ba984","role":"owner","user_counter":2,"mute_list":[]}"##,
        ),
        ("im.chat.updatecolor", "CHAT_ID=1&COLOR=SAND", "true"),
        ("im.chat.updatecolor", "CHAT_ID=1&COLOR=SAND", "!WRONG_REQUEST"),
        ("im.chat.updatecolor", "CHAT_ID=1&COLOR=NONE", "!WRONG_COLOR This color currently unavailable"),
        ("im.chat.updateavatar", "CHAT_ID=1&AVATAR=SGVsbG8=", "true"),
        ("im.chat.updateavatar", "CHAT_ID=1", "!AVATAR_ERROR"),
        ("im.chat.mute", "CHAT_ID=1&MUTE=Y", "true"),
        ("imbot.chat.setmanager", "CHAT_ID=1&USER_ID=2", "true"),
        (
            "im.dialog.get",
            "DIALOG_ID=chat1",
            r##"{"color":"#ba9c7b","avatar":"/upload/im/chat1/avatar.png","mute_list":[1],"manager_list":[1,2]}"##,
        ),
        ("im.chat.mute", "CHAT_ID=1&MUTE=N", "true"),
        ("im.dialog.get", "DIALOG_ID=chat1", r#"{"mute_list":[]}"#),
        ("im.chat.mute", "", "!CHAT_ID_EMPTY"),
    ]);
}

#[test]
fn a_dialog_is_pinned_unread_or_hidden_until_somebody_writes_in_it() {
    portal().steps(&[
        ("im.recent.pin", "DIALOG_ID=chat1", "true"),
        ("im.recent.unread", "DIALOG_ID=chat1", "true"),
        (
            "im.recent.list",
            "",
            r#"{"items":[{"id":"chat1","pinned":true,"unread":true}]}"#,
        ),
        ("im.recent.pin", "DIALOG_ID=chat1&PIN=N", "true"),
        ("im.recent.unread", "DIALOG_ID=chat1&ACTION=N", "true"),
        (
            "im.recent.list",
            "",
            r#"{"items":[{"pinned":false,"unread":false}]}"#,
        ),
        ("im.dialog.unread", "DIALOG_ID=chat1", "!MESSAGE_ID_ERROR"),
        ("im.dialog.unread", "DIALOG_ID=chat1&MESSAGE_ID=1", "true"),
        ("im.recent.list", "", r#"{"items":[{"unread":true}]}"#),
        ("im.recent.hide", "DIALOG_ID=chat1", "true"),
        ("im.recent.list", "", r#"{"items":[]}"#),
        ("im.message.add", "DIALOG_ID=chat1&MESSAGE=Hello", "1"),
        (
            "im.recent.list",
            "",
            r#"{"items":[{"id":"chat1","message":{"text":"Hello"}}]}"#,
        ),
        ("im.recent.hide", "", "!DIALOG_ID_EMPTY"),
    ]);
}

#[test]
fn who_likes_a_message_is_said_with_it() {
    portal().steps(&[
        ("im.message.add", "DIALOG_ID=chat1&MESSAGE=Hello", "1"),
        ("im.message.like", "MESSAGE_ID=1&ACTION=plus", "true"),
        (
            "im.message.like",
            "MESSAGE_ID=1&ACTION=plus",
            "!WITHOUT_CHANGES Action completed without changes",
        ),
        (
            "im.dialog.messages.get",
            "DIALOG_ID=chat1",
            r#"{"messages":[{"params":{"LIKE":[1]}}]}"#,
        ),
        ("im.message.like", "MESSAGE_ID=1", "true"),
        (
            "im.dialog.messages.get",
            "DIALOG_ID=chat1",
            r#"{"messages":[{"params":[]}]}"#,
        ),
        ("im.message.like", "", "!MESSAGE_ID_ERROR"),
    ]);
}

#[test]
fn a_shared_message_becomes_what_it_is_shared_as() {
    portal().steps(&[
        ("im.message.add", "DIALOG_ID=chat1&MESSAGE=Call them", "1"),
        (
            "im.message.share",
            "MESSAGE_ID=1&DIALOG_ID=chat1&TYPE=TASK",
            "true",
        ),
        (
            "tasks.task.get",
            "taskId=1",
            r#"{"task":{"title":"Call them"}}"#,
        ),
        (
            "im.message.share",
            "MESSAGE_ID=1&DIALOG_ID=chat1&TYPE=CHAT",
            "true",
        ),
        (
            "im.dialog.get",
            "DIALOG_ID=chat2",
            r#"{"name":"Call them"}"#,
        ),
        (
            "im.message.share",
            "MESSAGE_ID=1&DIALOG_ID=chat1&TYPE=POST",
            "true",
        ),
        ("log.blogpost.get", "", r#"[{"DETAIL_TEXT":"Call them"}]"#),
        (
            "im.message.share",
            "MESSAGE_ID=1&DIALOG_ID=chat1&TYPE=POEM",
            "!PARAMS_ERROR Incorrect params",
        ),
    ]);
}

#[test]
fn notifications_are_read_answered_and_replaced_by_those_with_their_tag() {
    portal().steps(&[
        ("im.notify.personal.add", "USER_ID=1&MESSAGE=One&TAG=A", "1"),
        (
            "im.notify.system.add",
            "USER_ID=1&MESSAGE=Two&SUB_TAG=B",
            "2",
        ),
        (
            "im.notify.get",
            "",
            r#"{"total_unread_count":2,"notifications":[
                {"id":2,"notify_type":4,"notify_sub_tag":"MP|local.app|B","notify_read":"N"},
                {"id":1,"notify_type":2,"notify_tag":"MP|local.app|A","notify_read":"N"}]}"#,
        ),
        ("im.notify.read", "ID=2&ONLY_CURRENT=Y", "true"),
        (
            "im.notify.get",
            "",
            r#"{"total_unread_count":1,"notifications":[{"notify_read":"Y"},{"notify_read":"N"}]}"#,
        ),
        ("im.notify.read", "ID=2&ACTION=N", "true"),
        (
            "im.notify.answer",
            "NOTIFY_ID=1&ANSWER_TEXT=Yes",
            r#"{"result_message":["*"]}"#,
        ),
        (
            "im.notify.get",
            "",
            r#"{"notifications":[{"notify_read":"N"},{"notify_read":"Y"}]}"#,
        ),
        ("im.notify.answer", "NOTIFY_ID=1", "!ANSWER_TEXT_ERROR"),
        (
            "im.notify.personal.add",
            "USER_ID=1&MESSAGE=Three&TAG=A",
            "3",
        ),
        (
            "im.notify.get",
            "",
            r#"{"notifications":[{"id":3},{"id":2}]}"#,
        ),
        (
            "im.notify.confirm",
            "NOTIFY_ID=2&NOTIFY_VALUE=Y",
            r#"{"result_message":["*"]}"#,
        ),
        ("im.notify.confirm", "NOTIFY_ID=2", "!NOTIFY_VALUE_ERROR"),
        ("im.notify.get", "", r#"{"notifications":[{"id":3}]}"#),
        ("im.notify.read.list", "IDS[]=3", "true"),
        ("im.notify.get", "", r#"{"total_unread_count":0}"#),
        ("im.notify.read.list", "", "!PARAMS_ERROR No IDS param"),
        ("im.notify.personal.add", "USER_ID=2&MESSAGE=Other", "4"),
        ("im.chat.add", "TITLE=Team", "2"),
        ("im.message.add", "DIALOG_ID=chat2&MESSAGE=Hi", "5"),
        ("im.notify.delete", "ID=4", "true"),
        ("im.notify.delete", "ID=5", "true"),
        (
            "im.dialog.messages.get",
            "DIALOG_ID=chat2",
            r#"{"messages":[{"id":5}]}"#,
        ),
        ("im.notify.delete", "TAG=A&CLIENT_ID=another", "true"),
        ("im.notify.get", "", r#"{"notifications":[{"id":3}]}"#),
        ("im.notify.delete", "TAG=A", "true"),
        ("im.notify.get", "", r#"{"notifications":[]}"#),
        (
            "im.notify.read.all",
            "",
            r#"{"result":true,"newCounter":0}"#,
        ),
    ]);
}

#[test]
fn a_file_of_the_drive_is_put_into_a_chat_saved_and_deleted() {
    let mut portal = portal();
    portal.json(
        "disk.storage.uploadfile",
        "id=1&data[NAME]=a.txt&fileContent=SGVsbG8=",
    );
    let files = portal.json("disk.storage.getchildren", "id=1");
    let file = files[0]["ID"].as_str().unwrap().to_owned();
    let commit = format!("CHAT_ID=1&FILE_ID={file}&MESSAGE=See");
    let shown = format!(
        r#"{{"FILES":{{"upload{file}":{{"name":"a.txt","size":5,"chatId":1}}}},"MESSAGE_ID":1}}"#
    );
    let saved = r#"{"folder":{"name":"Saved Files"},"file":{"name":"a.txt"}}"#;
    portal.steps(&[
        (
            "im.disk.file.commit",
            "CHAT_ID=1",
            "!FILES_ERROR List of files is not specified",
        ),
        (
            "im.disk.file.commit",
            "CHAT_ID=1&FILE_ID=999",
            "!SAVE_ERROR",
        ),
        ("im.disk.file.commit", &commit, &shown),
        (
            "im.dialog.messages.get",
            "DIALOG_ID=chat1",
            r#"{"messages":[{"text":"See"}]}"#,
        ),
        ("im.disk.file.save", &format!("FILE_ID={file}"), saved),
        ("im.disk.file.save", "FILE_ID=999", "!FILE_SAVE_ERROR"),
        (
            "im.disk.file.delete",
            &format!("CHAT_ID=1&FILE_ID={file}"),
            "true",
        ),
        (
            "im.dialog.messages.get",
            "DIALOG_ID=chat1",
            r#"{"messages":[]}"#,
        ),
        ("disk.file.get", &format!("id={file}"), "!ERROR_NOT_FOUND"),
        ("im.disk.file.delete", "CHAT_ID=1", "!FILE_ID_EMPTY"),
        ("im.disk.folder.get", "CHAT_ID=9", "!ACCESS_ERROR"),
    ]);
    let folder = portal.json("im.disk.folder.get", "CHAT_ID=1");
    assert_eq!(folder, portal.json("im.disk.folder.get", "CHAT_ID=1"));
}

#[test]
fn a_message_to_somebody_is_among_the_recent_dialogs_of_both_and_counts_as_unread() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    portal.steps(&[
        ("im.recent.get", "", "[]"),
        ("im.message.add", "DIALOG_ID=2&MESSAGE=Hello", "1"),
        (
            "im.recent.get",
            "",
            r#"[{"id":"2","type":"user","message":{"id":1,"text":"Hello","author_id":1},"counter":0,"user":{"id":2}}]"#,
        ),
        ("im.counters.get", "", r#"{"TYPE":{"ALL":0,"DIALOG":0},"DIALOG":[]}"#),
        ("im.recent.hide", "DIALOG_ID=2", "true"),
        ("im.recent.list", "", r#"{"items":[],"hasMore":false}"#),
    ]);
    let chat = super::super::chats::private_chat(3, 1);
    let place = portal
        .state
        .table(crate::data::entities::MESSAGE)
        .schema
        .legacy("CHAT_ID");
    let author = portal
        .state
        .table(crate::data::entities::MESSAGE)
        .schema
        .legacy("AUTHOR_ID");
    let mut record = crate::data::table::Record::default();
    record.set(place.unwrap(), brimful_protocol::Value::Int(chat as i64));
    record.set(author.unwrap(), brimful_protocol::Value::Int(3));
    portal
        .state
        .table_mut(crate::data::entities::MESSAGE)
        .insert(record);
    portal.steps(&[
        (
            "im.recent.list",
            "",
            r#"{"items":[{"id":"3","counter":1}]}"#,
        ),
        (
            "im.counters.get",
            "",
            r#"{"TYPE":{"ALL":1,"DIALOG":1,"MESSENGER":1},"DIALOG":{"3":1}}"#,
        ),
    ]);
}

#[test]
fn a_dialog_says_what_may_be_done_in_it_and_who_has_read_its_last_message() {
    portal().steps(&[
        ("im.message.add", "DIALOG_ID=chat1&MESSAGE=Hello", "1"),
        (
            "im.dialog.get",
            "DIALOG_ID=chat1",
            r#"{"restrictions":{"avatar":true,"path":true,"path_title":true},"permissions":{"can_post":"member"},
                "entity_link":{"type":"","url":"","id":""},"is_new":false,"readed_list":[],
                "last_message_views":{"message_id":1,"first_viewers":[],"count_of_viewers":0}}"#,
        ),
    ]);
}
