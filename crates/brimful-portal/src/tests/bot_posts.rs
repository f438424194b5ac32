//! Bots are posted to at the addresses that they were registered with.

use super::events::{Handler, as_app, config};
use super::*;

/// Registers a bot of the older API for the application, and says its number.
async fn older_bot(portal: &Portal, fields: Json) -> String {
    let bot = as_app(portal, "t1", "imbot.register", fields).await;
    bot["result"].to_string()
}

async fn say(portal: &Portal, dialog: &str, text: &str) -> Json {
    let said = json!({"DIALOG_ID": dialog, "MESSAGE": text});
    as_app(portal, "t7", "im.message.add", said).await["result"].clone()
}

#[tokio::test]
async fn a_bot_is_welcomed_told_of_messages_and_commands_and_answers_as_itself() {
    let portal = Portal::new(config()).unwrap();
    let mut handler = Handler::start("200 OK").await;
    let mut commands = Handler::start("200 OK").await;
    let bot =
        json!({"CODE": "helper", "EVENT_HANDLER": handler.url(), "PROPERTIES": {"NAME": "Helper"}});
    let bot = older_bot(&portal, bot).await;
    let command = json!({
        "BOT_ID": bot, "COMMAND": "help", "EVENT_COMMAND_ADD": commands.url(),
        "LANG": {"en": {"TITLE": "Helps", "PARAMS": ""}}
    });
    as_app(&portal, "t1", "imbot.command.register", command).await;
    let message = say(&portal, &bot, "Hello").await;

    let joined = handler.next().await;
    assert_eq!(joined["event"], "ONIMBOTJOINCHAT");
    assert_eq!(joined["data"]["PARAMS"]["CHAT_TYPE"], "P");
    let heard = handler.next().await;
    assert_eq!(heard["event"], "ONIMBOTMESSAGEADD");
    let said = &heard["data"]["PARAMS"];
    assert_eq!(
        (&said["MESSAGE"], &said["DIALOG_ID"], &said["TO_USER_ID"]),
        (&json!("Hello"), &json!("7"), &json!(bot))
    );
    assert_eq!(said["MESSAGE_ID"], message.to_string());
    let user = &heard["data"]["USER"];
    assert_eq!((&user["ID"], &user["IS_BOT"]), (&json!("7"), &json!("N")));
    assert_eq!(heard["auth"]["user_id"], "7");
    let of_bot = &heard["data"]["BOT"][&bot];
    assert_eq!(
        (&of_bot["BOT_CODE"], &of_bot["user_id"]),
        (&json!("helper"), &json!(bot))
    );
    assert_eq!(of_bot["AUTH"]["access_token"], of_bot["access_token"]);
    let token = of_bot["access_token"].as_str().unwrap();
    let answer = json!({"BOT_ID": bot, "DIALOG_ID": "7", "MESSAGE": "Good day"});
    let answer = as_app(&portal, token, "imbot.message.add", answer).await;
    assert!(answer["result"].is_u64(), "{answer}");

    say(&portal, &bot, "/help me out").await;
    let called = commands.next().await;
    assert_eq!(called["event"], "ONIMCOMMANDADD");
    let command = called["data"]["COMMAND"].as_object().unwrap();
    let (_, command) = command.iter().next().unwrap();
    assert_eq!(
        (
            &command["COMMAND"],
            &command["COMMAND_PARAMS"],
            &command["BOT_ID"]
        ),
        (&json!("help"), &json!("me out"), &json!(bot))
    );
    as_app(&portal, "t1", "imbot.unregister", json!({"BOT_ID": bot})).await;
    let gone = handler.next().await;
    assert_eq!(
        (&gone["event"], &gone["data"]),
        (
            &json!("ONIMBOTDELETE"),
            &json!({"BOT_ID": bot, "BOT_CODE": "helper"})
        )
    );
}

#[tokio::test]
async fn a_bot_in_a_chat_hears_what_names_it_and_a_supervisor_all_of_it() {
    let portal = Portal::new(config()).unwrap();
    let mut plain = Handler::start("200 OK").await;
    let mut supervisor = Handler::start("200 OK").await;
    let bot =
        json!({"CODE": "plain", "EVENT_HANDLER": plain.url(), "PROPERTIES": {"NAME": "Plain"}});
    let bot = older_bot(&portal, bot).await;
    let other = json!({
        "CODE": "all", "TYPE": "S", "EVENT_HANDLER": supervisor.url(), "PROPERTIES": {"NAME": "All"}
    });
    let other = older_bot(&portal, other).await;
    let chat = json!({"TITLE": "Desk", "USERS": [1, 7]});
    let chat = as_app(&portal, "t1", "im.chat.add", chat).await["result"].clone();
    let users = json!({"CHAT_ID": chat, "USERS": [bot, other]});
    as_app(&portal, "t1", "im.chat.user.add", users).await;
    let dialog = format!("chat{chat}");
    let unnamed = say(&portal, &dialog, "Anybody?").await;
    let named = format!("[USER={bot}]Plain[/USER], what now?");
    say(&portal, &dialog, &named).await;
    let change = json!({"MESSAGE_ID": unnamed, "MESSAGE": "Anybody there?"});
    as_app(&portal, "t7", "im.message.update", change).await;
    as_app(
        &portal,
        "t7",
        "im.message.delete",
        json!({"MESSAGE_ID": unnamed}),
    )
    .await;

    let joined = plain.next().await;
    assert_eq!(joined["event"], "ONIMBOTJOINCHAT");
    assert_eq!(joined["data"]["PARAMS"]["DIALOG_ID"], dialog);
    let heard = plain.next().await["data"]["PARAMS"].clone();
    assert_eq!(
        (&heard["MESSAGE"], &heard["MESSAGE_ORIGINAL"]),
        (&json!("what now?"), &json!(named))
    );
    assert_eq!(
        (&heard["CHAT_TITLE"], &heard["MENTIONED_LIST"][&bot]),
        (&json!("Desk"), &json!(bot))
    );
    let mut told = Vec::new();
    for _ in 0..5 {
        let event = supervisor.next().await;
        told.push(event["event"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        told,
        [
            "ONIMBOTJOINCHAT",
            "ONIMBOTMESSAGEADD",
            "ONIMBOTMESSAGEADD",
            "ONIMBOTMESSAGEUPDATE",
            "ONIMBOTMESSAGEDELETE"
        ]
    );
    assert!(
        plain.heard.try_recv().is_err(),
        "a plain bot hears of no changes"
    );
}

#[tokio::test]
async fn a_bot_of_the_newer_api_in_webhook_mode_is_posted_to_with_texts_alone() {
    let portal = Portal::new(config()).unwrap();
    let mut handler = Handler::start("200 OK").await;
    let fields = json!({"fields": {
        "code": "newer", "properties": {"name": "Newer"}, "eventMode": "webhook", "webhookUrl": handler.url()
    }});
    let bot = as_app(&portal, "t1", "imbot.v2.Bot.register", fields).await;
    let bot = bot["result"]["bot"]["id"].to_string();
    say(&portal, &bot, "Hello").await;
    let heard = handler.next().await;
    assert_eq!(heard["event"], "ONIMBOTV2MESSAGEADD");
    let data = &heard["data"];
    assert_eq!(
        (&data["bot"]["id"], &data["bot"]["code"]),
        (&json!(bot), &json!("newer"))
    );
    assert!(data["bot"]["auth"]["refresh_token"].is_string());
    assert_eq!(
        (
            &data["message"]["text"],
            &data["message"]["isSystem"],
            &data["message"]["forward"]
        ),
        (&json!("Hello"), &json!("0"), &json!(""))
    );
    assert_eq!(data["user"]["active"], "1");
    as_app(
        &portal,
        "t1",
        "imbot.v2.Bot.unregister",
        json!({"botId": bot}),
    )
    .await;
    let gone = handler.next().await;
    assert_eq!(gone["event"], "ONIMBOTV2DELETE");
    assert_eq!(gone["data"]["bot"]["id"], bot);
}
