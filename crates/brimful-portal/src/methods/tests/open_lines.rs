//! Open lines: what a connector brings is a conversation that operators take, hand on and end.

use super::Portal;

const MESSAGE: &str = "CONNECTOR=shop&LINE=7&MESSAGES[0][user][id]=u1&MESSAGES[0][user][name]=Ann&\
                       MESSAGES[0][chat][id]=c1&MESSAGES[0][chat][name]=Desk&MESSAGES[0][message][id]=m1&\
                       MESSAGES[0][message][text]=Hello";

fn portal() -> Portal {
    let mut portal = Portal::with(&[("user", 5, 0.0)]);
    portal.json("imconnector.send.messages", MESSAGE);
    portal
}

#[test]
fn a_message_of_a_connector_begins_a_conversation_and_is_changed_and_deleted() {
    let again = MESSAGE.replace("m1", "m2").replace("Hello", "Anybody");
    portal().steps(&[
        ("imconnector.send.messages", "CONNECTOR=shop", "!ERROR_ARGUMENT Argument 'LINE' is null or empty"),
        (
            "imconnector.send.messages",
            "CONNECTOR=shop&LINE=7&MESSAGES[0][user][id]=u1",
            "!ERROR_ARGUMENT The incorrect structure",
        ),
        (
            "imconnector.send.messages",
            &again,
            r#"{"SUCCESS":true,"DATA":{"RESULT":[{"SUCCESS":true,"user":"1000001","message":{"id":"m2","files":[]},"session":{"ID":"1","CHAT_ID":"1"}}]}}"#,
        ),
        (
            "imconnector.send.messages",
            &again.replace("[user][id]=u1", "[user][id]=u2&MESSAGES[0][user][skip_phone_validate]=Y&MESSAGES[0][message][date]=1777885200&MESSAGES[0][chat][url]=https://x.test/1").replace("[chat][id]=c1", "[chat][id]=c2").replace("m2", "m3"),
            r#"{"DATA":{"RESULT":[{"user":"1000002","message":{"date":{}},"chat":{"description":"Link to the original post: https://x.test/1"},"extra":{"skip_phone_validate":"Y"}}]}}"#,
        ),
        ("imopenlines.session.open", "USER_CODE=shop|7|c1|u1", r#"{"chatId":"1"}"#),
        ("imopenlines.session.open", "USER_CODE=shop|7|c1|u9", "!ACCESS_DENIED"),
        (
            "imopenlines.dialog.get",
            "USER_CODE=shop|7|c1|u1",
            r#"{"id":1,"type":"lines","name":"Ann - Desk","entity_type":"LINES","entity_id":"shop|7|c1|u1"}"#,
        ),
        ("imopenlines.dialog.get", "CHAT_ID=9", "!ACCESS_ERROR"),
        (
            "imconnector.update.messages",
            "CONNECTOR=shop&LINE=7&MESSAGES[0][message][id]=m1&MESSAGES[0][message][text]=Good day",
            r#"{"SUCCESS":true}"#,
        ),
        ("im.dialog.messages.get", "DIALOG_ID=chat1", r#"{"messages":[{"text":"Anybody"},{"text":"Good day"}]}"#),
        (
            "imconnector.delete.messages",
            "CONNECTOR=shop&LINE=7&MESSAGES[0][message][id]=m2",
            r#"{"SUCCESS":true,"DATA":{"RESULT":[{"SUCCESS":true,"message":{"id":"m2"}}]}}"#,
        ),
        (
            "imopenlines.session.history.get",
            "SESSION_ID=1",
            r#"{"chatId":1,"sessionId":1,"message":{"1":{"text":"Good day"}}}"#,
        ),
        ("imopenlines.session.history.get", "", "!MISSING_REQUIRED_PARAM"),
    ]);
}

#[test]
fn a_conversation_is_taken_judged_and_ended_and_the_next_message_begins_another() {
    let next = MESSAGE.replace("m1", "m2");
    portal().steps(&[
        (
            "imopenlines.operator.answer",
            "",
            "!CHAT_ID The specified chat identifier is incorrect",
        ),
        ("imopenlines.operator.answer", "CHAT_ID=1", "true"),
        ("imopenlines.session.mode.pinall", "", "[1]"),
        ("imopenlines.session.mode.pinall", "", "[]"),
        (
            "imopenlines.session.mode.pin",
            "CHAT_ID=1&ACTIVATE=N",
            "true",
        ),
        ("imopenlines.session.mode.unpinall", "", "[]"),
        (
            "imopenlines.operator.transfer",
            "CHAT_ID=1",
            "!TRANSFER_ID_EMPTY",
        ),
        (
            "imopenlines.operator.transfer",
            "CHAT_ID=1&TRANSFER_ID=99",
            "!OPERATOR_WRONG",
        ),
        (
            "imopenlines.operator.transfer",
            "CHAT_ID=1&USER_ID=nobody",
            "!OPERATOR_WRONG",
        ),
        (
            "imopenlines.operator.transfer",
            "CHAT_ID=1&USER_ID=2",
            "true",
        ),
        ("imopenlines.session.mode.pinall", "", "[]"),
        ("imopenlines.session.join", "CHAT_ID=1", "true"),
        (
            "imopenlines.session.head.vote",
            "SESSION_ID=1",
            "!EMPTY_VOTE_PARAMS",
        ),
        (
            "imopenlines.session.head.vote",
            "SESSION_ID=1&RATING=5&COMMENT=Fine",
            "true",
        ),
        (
            "imopenlines.session.history.get",
            "CHAT_ID=1",
            r#"{"sessionVoteHead":5,"sessionCommentHead":"Fine"}"#,
        ),
        ("imopenlines.operator.finish", "CHAT_ID=1", "true"),
        (
            "imconnector.send.messages",
            &next,
            r#"{"DATA":{"RESULT":[{"session":{"ID":"2","CHAT_ID":"1"}}]}}"#,
        ),
        ("imopenlines.session.start", "CHAT_ID=1", "true"),
        (
            "imopenlines.session.history.get",
            "CHAT_ID=1",
            r#"{"sessionId":3}"#,
        ),
    ]);
}

#[test]
fn a_conversation_belongs_to_the_lead_that_is_made_of_it() {
    portal().steps(&[
        (
            "imopenlines.crm.chat.getLastId",
            "CRM_ENTITY_TYPE=lead&CRM_ENTITY=1",
            "!CRM_CHAT_EMPTY_CRM_DATA",
        ),
        ("imopenlines.crm.lead.create", "", "!CHAT_ID"),
        ("imopenlines.crm.lead.create", "CHAT_ID=1", "true"),
        ("crm.lead.get", "id=1", r#"{"TITLE":"Ann - Desk"}"#),
        (
            "imopenlines.crm.chat.get",
            "CRM_ENTITY_TYPE=lead&CRM_ENTITY=1",
            r#"[{"CHAT_ID":"1","CONNECTOR_ID":"shop"}]"#,
        ),
        (
            "imopenlines.crm.chat.get",
            "CRM_ENTITY_TYPE=lead",
            "!ERROR_ARGUMENT Argument 'CRM_ENTITY'",
        ),
        (
            "imopenlines.crm.chat.getLastId",
            "CRM_ENTITY_TYPE=lead&CRM_ENTITY=1",
            "1",
        ),
        (
            "imopenlines.crm.chat.user.add",
            "CRM_ENTITY_TYPE=lead&CRM_ENTITY=1&USER_ID=3",
            "1",
        ),
        ("im.chat.user.list", "CHAT_ID=1", "[1,3]"),
        (
            "imopenlines.crm.chat.user.delete",
            "CRM_ENTITY_TYPE=lead&CRM_ENTITY=1&USER_ID=3",
            "1",
        ),
        ("im.chat.user.list", "CHAT_ID=1", "[1]"),
        (
            "imopenlines.crm.message.add",
            "CRM_ENTITY_TYPE=lead&CRM_ENTITY=1&USER_ID=2&CHAT_ID=1&MESSAGE=Yes",
            "2",
        ),
        (
            "imopenlines.crm.message.add",
            "CRM_ENTITY_TYPE=lead&CRM_ENTITY=2&USER_ID=2&CHAT_ID=1&MESSAGE=Yes",
            "!CHAT_NOT_IN_CRM",
        ),
    ]);
}

#[test]
fn a_history_has_the_messages_of_its_own_conversation() {
    let next = MESSAGE.replace("m1", "m2").replace("Hello", "Again");
    let third = MESSAGE.replace("m1", "m3").replace("Hello", "Still here");
    let mut portal = portal();
    portal.steps(&[
        ("imopenlines.operator.finish", "CHAT_ID=1", "true"),
        ("imconnector.send.messages", &next, r#"{"SUCCESS":true}"#),
        ("imconnector.send.messages", &third, r#"{"SUCCESS":true}"#),
        (
            "imopenlines.session.history.get",
            "SESSION_ID=1",
            r#"{"message":{"1":{"text":"Hello"}},"usersMessage":{"1":["1"]}}"#,
        ),
        (
            "imopenlines.session.history.get",
            "CHAT_ID=1",
            r#"{"sessionId":2,"message":{"2":{"text":"Again"}},"usersMessage":{"1":["2","3"]}}"#,
        ),
        (
            "imopenlines.message.session.start",
            "CHAT_ID=1&MESSAGE_ID=3",
            "true",
        ),
        (
            "imopenlines.session.history.get",
            "SESSION_ID=2",
            r#"{"usersMessage":{"1":["2"]}}"#,
        ),
        (
            "imopenlines.session.history.get",
            "SESSION_ID=3",
            r#"{"usersMessage":{"1":["3"]}}"#,
        ),
    ]);
}

#[test]
fn a_conversation_that_is_over_is_not_opened_by_an_operator_who_skips_it() {
    portal().steps(&[
        ("imopenlines.operator.skip", "CHAT_ID=1", "true"),
        ("imopenlines.operator.finish", "CHAT_ID=1", "true"),
        (
            "imopenlines.operator.skip",
            "CHAT_ID=1",
            "!ACCESS_DENIED_KICK",
        ),
        (
            "imopenlines.bot.session.operator",
            "CHAT_ID=1",
            "!ACCESS_DENIED_KICK",
        ),
    ]);
}

#[test]
fn operators_are_refused_chats_that_are_not_open_lines() {
    let mut portal = portal();
    portal.json("im.chat.add", "TITLE=Lunch&USERS[0]=2");
    for method in [
        "imopenlines.operator.answer",
        "imopenlines.operator.finish",
        "imopenlines.operator.another.finish",
        "imopenlines.operator.skip",
        "imopenlines.operator.spam",
        "imopenlines.session.start",
        "imopenlines.session.join",
        "imopenlines.session.mode.pin",
        "imopenlines.session.mode.silent",
        "imopenlines.crm.lead.create",
    ] {
        portal.steps(&[
            (method, "CHAT_ID=99", "!CHAT_ID"),
            (
                method,
                "CHAT_ID=2",
                "!CHAT_TYPE The specified chat is not an open line",
            ),
        ]);
    }
    portal.steps(&[
        ("imopenlines.session.mode.pin", "", "!CHAT_ID_EMPTY"),
        ("imopenlines.session.intercept", "", "!CHAT_ID_EMPTY"),
        (
            "imopenlines.session.intercept",
            "CHAT_ID=2",
            "!OPERATOR_WRONG",
        ),
        ("imopenlines.bot.session.finish", "", "!CHAT_ID_EMPTY"),
    ]);
}
