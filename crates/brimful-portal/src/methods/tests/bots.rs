//! `imbot.v2.*`: bots, their commands, their chats, and what they say there.

use super::Portal;

const BOT: &str = "botId=1000001";

fn portal() -> Portal {
    let mut portal = Portal::with(&[("user", 5, 0.0)]);
    let register = "fields[code]=helper&fields[properties][name]=Helper&fields[type]=personal";
    portal.json("imbot.v2.Bot.register", register);
    portal.json(
        "imbot.v2.Chat.add",
        &format!("{BOT}&fields[title]=Help&fields[userIds][]=1&fields[userIds][]=2"),
    );
    portal
}

fn of_bot(params: &str) -> String {
    format!("{BOT}&{params}")
}

#[test]
fn a_bot_is_registered_once_changed_and_unregistered() {
    portal().steps(&[
        ("imbot.v2.Bot.register", "fields[code]=helper", "!BOT_PROPERTIES_REQUIRED"),
        ("imbot.v2.Bot.register", "", "!BOT_CODE_REQUIRED Bot code is required"),
        (
            "imbot.v2.Bot.register",
            "fields[code]=helper&fields[properties][name]=Other",
            r#"{"bot":{"id":1000001,"type":"personal","eventMode":"fetch","countChat":1,"countUser":2},
                "users":[{"id":1000001,"name":"Helper","bot":true,"type":"bot","lastActivityDate":"2026-05-04T12:00:00+03:00"}]}"#,
        ),
        (
            "imbot.v2.Bot.register",
            "fields[code]=b&fields[properties][name]=B&fields[type]=human",
            "!BOT_INVALID_TYPE",
        ),
        (
            "imbot.v2.Bot.register",
            "fields[code]=b&fields[properties][name]=B&fields[eventMode]=webhook",
            "!BOT_WEBHOOK_URL_REQUIRED",
        ),
        (
            "imbot.v2.Bot.update",
            &of_bot("fields[properties][workPosition]=Guide&fields[isHidden]=true"),
            r#"{"bot":{"isHidden":true},"users":[{"name":"Helper","workPosition":"Guide"}]}"#,
        ),
        ("imbot.v2.Bot.get", "code=helper", r#"{"bot":{"id":1000001,"isHidden":true}}"#),
        ("imbot.v2.Bot.get", "", "!PARAMS_REQUIRED"),
        ("imbot.v2.Bot.list", "", r#"{"bots":[{"id":1000001}],"hasNextPage":false}"#),
        ("imbot.v2.Bot.list", "filter[type]=bot", r#"{"bots":[]}"#),
        ("imbot.bot.list", "", r#"{"1000001":{"NAME":"Helper","CODE":"helper"}}"#),
        ("im.user.get", "ID=1000001", r#"{"name":"Helper","bot":true}"#),
        ("imbot.v2.Bot.unregister", "", "!BOT_ID_REQUIRED"),
        ("imbot.v2.Bot.unregister", BOT, r#"{"result":true}"#),
        ("imbot.v2.Bot.get", BOT, "!BOT_NOT_FOUND"),
    ]);
}

#[test]
fn a_bot_rules_the_chats_that_it_owns() {
    portal().steps(&[
        (
            "imbot.v2.Chat.get",
            &of_bot("dialogId=chat1"),
            r##"{"chat":{"id":1,"name":"Help","owner":1000001,"role":"owner","userCounter":3,"color":"#4ba984"}}"##,
        ),
        ("imbot.v2.Chat.get", &of_bot("dialogId=chat9"), "!ACCESS_DENIED"),
        ("imbot.v2.Chat.update", &of_bot("dialogId=chat1&fields[title]=Desk&fields[color]=azure"), r#"{"result":true}"#),
        ("im.dialog.get", "DIALOG_ID=chat1", r##"{"name":"Desk","color":"#29619b"}"##),
        ("imbot.v2.Chat.User.add", &of_bot("dialogId=chat1&userIds[]=3"), r#"{"result":true}"#),
        ("imbot.v2.Chat.User.delete", &of_bot("dialogId=chat1&userId=2"), r#"{"result":true}"#),
        ("imbot.v2.Chat.User.list", &of_bot("dialogId=chat1"), r#"[{"id":1},{"id":3},{"id":1000001,"bot":true}]"#),
        ("imbot.v2.Chat.User.delete", &of_bot("dialogId=chat1&userId=5"), r#"{"result":true}"#),
        ("user.update", "ID=4&ACTIVE=N", "true"),
        ("imbot.v2.Chat.User.add", &of_bot("dialogId=chat1&userIds[]=4"), r#"{"result":true}"#),
        ("im.chat.user.list", "CHAT_ID=1", "[1000001,1,3]"),
        ("imbot.v2.Chat.Manager.add", &of_bot("dialogId=chat1"), "!EMPTY_USER_IDS"),
        ("imbot.v2.Chat.Manager.add", &of_bot("dialogId=chat1&userIds[]=3&userIds[]=5"), r#"{"result":true}"#),
        ("imbot.v2.Chat.get", &of_bot("dialogId=chat1"), r#"{"chat":{"managerList":[3]}}"#),
        ("imbot.v2.Chat.Manager.delete", &of_bot("dialogId=chat1&userIds[]=3"), r#"{"result":true}"#),
        ("imbot.v2.Chat.TextField.enabled", &of_bot("dialogId=chat1&enabled=false"), r#"{"result":true}"#),
        ("imbot.v2.Chat.get", &of_bot("dialogId=chat1"), r#"{"chat":{"managerList":[],"textFieldEnabled":"N"}}"#),
        ("imbot.v2.Chat.InputAction.notify", &of_bot("dialogId=chat1"), r#"{"result":true}"#),
        ("imbot.v2.Chat.setOwner", &of_bot("dialogId=chat1&userId=1"), r#"{"result":true}"#),
        ("imbot.v2.Chat.setOwner", &of_bot("dialogId=chat1&userId=3"), "!ACCESS_DENIED"),
        ("imbot.v2.Chat.leave", &of_bot("dialogId=chat1"), r#"{"result":true}"#),
        ("imbot.v2.Chat.get", &of_bot("dialogId=chat1"), "!ACCESS_DENIED"),
    ]);
}

#[test]
fn a_bot_changes_what_it_says_and_marks_what_others_say() {
    portal().steps(&[
        (
            "imbot.v2.Chat.Message.send",
            &of_bot("dialogId=chat1"),
            "!EMPTY_MESSAGE Message is empty",
        ),
        (
            "imbot.v2.Chat.Message.send",
            &of_bot("dialogId=chat1&fields[message]=Hello"),
            r#"{"id":1,"uuidMap":[]}"#,
        ),
        ("im.message.add", "DIALOG_ID=chat1&MESSAGE=Hi", "2"),
        (
            "imbot.v2.Chat.Message.update",
            &of_bot("messageId=1&fields[message]=Welcome"),
            r#"{"result":true}"#,
        ),
        (
            "imbot.v2.Chat.Message.update",
            &of_bot("messageId=2&fields[message]=Bye"),
            "!ACCESS_DENIED",
        ),
        (
            "imbot.v2.Chat.Message.get",
            &of_bot("messageId=1"),
            r#"{"message":{"text":"Welcome","chatId":1},"user":{"bot":true}}"#,
        ),
        (
            "imbot.v2.Chat.Message.getContext",
            &of_bot("messageId=1&range=1"),
            r#"{"messages":[{"id":1},{"id":2}],"hasNextPage":false}"#,
        ),
        (
            "imbot.v2.Chat.Message.getContext",
            &of_bot("messageId=9"),
            "!MESSAGE_NOT_FOUND",
        ),
        (
            "imbot.v2.Chat.Message.read",
            &of_bot("dialogId=chat1&messageId=1"),
            r#"{"chatId":1,"lastId":1,"counter":1,"viewedMessages":[1]}"#,
        ),
        (
            "imbot.v2.Chat.Message.read",
            &of_bot("dialogId=chat1"),
            r#"{"lastId":2,"counter":0,"viewedMessages":[2]}"#,
        ),
        (
            "imbot.v2.Chat.Message.read",
            &of_bot("dialogId=chat1"),
            r#"{"lastId":2,"counter":0,"viewedMessages":[]}"#,
        ),
        (
            "imbot.v2.Chat.Message.Reaction.add",
            &of_bot("messageId=2&reaction=like"),
            r#"{"result":true}"#,
        ),
        (
            "imbot.v2.Chat.Message.Reaction.add",
            &of_bot("messageId=2&reaction=like"),
            "!REACTION_ALREADY_SET",
        ),
        (
            "imbot.v2.Chat.Message.Reaction.add",
            &of_bot("messageId=2&reaction=smirk"),
            "!REACTION_NOT_FOUND",
        ),
        (
            "im.dialog.messages.get",
            "DIALOG_ID=chat1&LIMIT=1",
            r#"{"messages":[{"id":2,"params":{"LIKE":[1000001]}}]}"#,
        ),
        (
            "imbot.v2.Chat.Message.Reaction.delete",
            &of_bot("messageId=2&reaction=like"),
            r#"{"result":true}"#,
        ),
        (
            "imbot.v2.Chat.Message.delete",
            &of_bot("messageId=2"),
            r#"{"result":true}"#,
        ),
        (
            "im.dialog.messages.get",
            "DIALOG_ID=chat1",
            r#"{"messages":[{"id":1,"text":"Welcome"}]}"#,
        ),
    ]);
}

#[test]
fn what_a_bot_says_to_one_user_is_in_no_chat_of_others() {
    portal().steps(&[
        (
            "imbot.v2.Chat.Message.send",
            &of_bot("dialogId=1&fields[message]=For you alone"),
            r#"{"id":1}"#,
        ),
        (
            "im.dialog.messages.get",
            "DIALOG_ID=chat1",
            r#"{"messages":[]}"#,
        ),
        (
            "im.dialog.messages.get",
            "DIALOG_ID=1000001",
            r#"{"messages":[{"id":1,"text":"For you alone"}]}"#,
        ),
        ("im.message.add", "DIALOG_ID=1000001&MESSAGE=Thanks", "2"),
        (
            "imbot.v2.Chat.Message.read",
            &of_bot("dialogId=1"),
            r#"{"lastId":2,"viewedMessages":[1,2]}"#,
        ),
    ]);
}

#[test]
fn a_command_is_registered_once_translated_and_answered() {
    portal().steps(&[
        ("imbot.v2.Command.register", BOT, "!COMMAND_REQUIRED Command is required"),
        ("imbot.v2.Command.register", &of_bot("fields[command]=help"), "!COMMAND_TITLE_REQUIRED"),
        (
            "imbot.v2.Command.register",
            &of_bot("fields[command]=help&fields[title][en]=Show help&fields[params][en]=query"),
            r#"{"command":{"id":1,"botId":1000001,"command":"/help","common":false}}"#,
        ),
        ("imbot.v2.Command.register", &of_bot("fields[command]=help"), r#"{"command":{"id":1}}"#),
        ("imbot.v2.Command.update", &of_bot("commandId=1&fields[common]=true"), r#"{"command":{"common":true}}"#),
        ("imbot.v2.Command.update", &of_bot("commandId=7"), "!COMMAND_NOT_FOUND"),
        (
            "imbot.v2.Command.list",
            BOT,
            r#"{"commands":[{"command":"/help","title":"Show help","params":"query","category":"Helper"}]}"#,
        ),
        ("im.message.add", "DIALOG_ID=chat1&MESSAGE=/help", "1"),
        (
            "imbot.v2.Command.answer",
            &of_bot("commandId=1&messageId=1&dialogId=chat1&fields[message]=Ask me"),
            r#"{"result":true}"#,
        ),
        ("imbot.command.answer", "COMMAND_ID=1&MESSAGE_ID=1&MESSAGE=Or them", "3"),
        ("imbot.command.answer", "COMMAND_ID=1&MESSAGE_ID=1", "!MESSAGE_EMPTY"),
        ("im.dialog.messages.get", "DIALOG_ID=chat1&LIMIT=2", r#"{"messages":[{"text":"Or them"},{"text":"Ask me"}]}"#),
        ("imbot.v2.Command.unregister", &of_bot("commandId=1"), r#"{"result":true}"#),
        ("imbot.v2.Command.list", BOT, r#"{"commands":[]}"#),
    ]);
}

#[test]
fn a_file_that_a_bot_uploads_is_on_the_drive() {
    let mut portal = portal();
    let content = "dialogId=chat1&fields[name]=a.txt&fields[content]=SGVsbG8=";
    let uploaded = portal.json("imbot.v2.File.upload", &of_bot(content));
    let file = uploaded["file"]["id"].as_u64().unwrap();
    assert_eq!(uploaded["file"]["size"], 5);
    portal.steps(&[
        (
            "imbot.v2.File.upload",
            &of_bot("dialogId=chat1"),
            "!FILE_EMPTY",
        ),
        (
            "disk.file.get",
            &format!("id={file}"),
            r#"{"NAME":"a.txt"}"#,
        ),
        (
            "imbot.v2.File.download",
            &of_bot(&format!("fileId={file}")),
            r#"{"downloadUrl":"*"}"#,
        ),
        (
            "imbot.v2.File.download",
            &of_bot("fileId=999"),
            "!FILE_NOT_FOUND",
        ),
        (
            "im.v2.File.upload",
            content,
            r#"{"file":{"extension":"txt"},"chatId":1}"#,
        ),
    ]);
}

#[test]
fn a_bot_asks_for_what_it_has_not_heard_and_confirms_it_by_an_offset() {
    let mut portal = Portal::with(&[("user", 5, 0.0)]);
    portal.json(
        "imbot.v2.Bot.register",
        "fields[code]=helper&fields[properties][name]=Helper",
    );
    let added = "imbot.v2.Command.register";
    portal.json(
        added,
        &of_bot("fields[command]=help&fields[title][en]=Help"),
    );
    let chat = portal
        .json("im.chat.add", "TITLE=Desk&USERS[]=2")
        .to_string();
    portal.json(
        "im.chat.user.add",
        &format!("CHAT_ID={chat}&USERS[]=1000001"),
    );
    for text in [
        "Anybody?",
        "[USER=1000001]Helper[/USER], hello",
        "/help me out",
    ] {
        portal.json(
            "im.message.add",
            &format!("DIALOG_ID=chat{chat}&MESSAGE={text}"),
        );
    }
    let private = portal
        .json("im.message.add", "DIALOG_ID=1000001&MESSAGE=Hi")
        .to_string();
    let heard = portal.json("imbot.v2.Event.get", BOT);
    let types: Vec<&str> = heard["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "ONIMBOTV2JOINCHAT",
            "ONIMBOTV2MESSAGEADD",
            "ONIMBOTV2COMMANDADD",
            "ONIMBOTV2MESSAGEADD"
        ]
    );
    let [joined, named, command, alone] = [0, 1, 2, 3].map(|i| &heard["events"][i]["data"]);
    assert_eq!(joined["dialogId"], format!("chat{chat}"));
    assert_eq!(
        (&joined["bot"]["code"], &joined["user"]["id"]),
        (&"helper".into(), &1.into())
    );
    assert_eq!(named["chat"]["name"], "Desk");
    assert!(named["chat"].get("role").is_none());
    assert_eq!(
        (
            &command["command"]["command"],
            &command["command"]["params"]
        ),
        (&"/help".into(), &"me out".into())
    );
    assert_eq!(
        (&alone["message"]["text"], &alone["chat"]["type"]),
        (&"Hi".into(), &"private".into())
    );
    let second = heard["events"][1]["eventId"].as_u64().unwrap();
    portal.steps(&[
        (
            "imbot.v2.Event.get",
            &of_bot(&format!("offset={second}&limit=2")),
            r#"{"events":[{"type":"ONIMBOTV2MESSAGEADD"},{"type":"ONIMBOTV2COMMANDADD"}],"hasMore":true}"#,
        ),
        ("imbot.v2.Event.get", &of_bot("offset=99"), r#"{"events":[],"nextOffset":99,"hasMore":false}"#),
        ("im.message.update", &format!("MESSAGE_ID={private}&MESSAGE=Hello"), "true"),
        ("im.message.delete", &format!("MESSAGE_ID={private}"), "true"),
        (
            "imbot.v2.Event.get",
            BOT,
            r#"{"events":[{"type":"ONIMBOTV2MESSAGEUPDATE","data":{"message":{"text":"Hello"}}},
                          {"type":"ONIMBOTV2MESSAGEDELETE","data":{"messageId":"*"}}]}"#,
        ),
        ("imbot.v2.Event.get", "", "!BOT_ID_REQUIRED Bot ID is required"),
        ("imbot.v2.Event.get", "botId=7", "!BOT_NOT_FOUND Bot not found"),
    ]);
}

#[test]
fn a_bot_hears_of_reactions_to_its_messages_and_a_personal_one_of_every_message() {
    let mut portal = portal();
    let said = portal.json(
        "imbot.v2.Chat.Message.send",
        &of_bot("dialogId=chat1&fields[message]=Hello"),
    );
    let said = said["id"].to_string();
    portal.json("im.message.add", "DIALOG_ID=chat1&MESSAGE=Good day");
    portal.json("im.message.like", &format!("MESSAGE_ID={said}&ACTION=plus"));
    portal.json(
        "im.message.like",
        &format!("MESSAGE_ID={said}&ACTION=minus"),
    );
    portal.steps(&[(
        "imbot.v2.Event.get",
        BOT,
        r#"{"events":[
            {"type":"ONIMBOTV2MESSAGEADD","data":{"message":{"text":"Good day"}}},
            {"type":"ONIMBOTV2REACTIONCHANGE","data":{"reaction":"like","action":"add","user":{"id":1}}},
            {"type":"ONIMBOTV2REACTIONCHANGE","data":{"action":"delete"}}
        ]}"#,
    )]);
}

#[test]
fn a_bot_that_is_posted_to_has_nothing_to_ask_for() {
    let mut portal = Portal::with(&[("user", 5, 0.0)]);
    let register = "fields[code]=helper&fields[properties][name]=Helper&fields[eventMode]=webhook\
                    &fields[webhookUrl]=https://bot.example/handler";
    portal.json("imbot.v2.Bot.register", register);
    portal.json("im.message.add", "DIALOG_ID=1000001&MESSAGE=Hi");
    portal.steps(&[("imbot.v2.Event.get", BOT, r#"{"events":[],"nextOffset":0}"#)]);
}
