//! Methods that a portal hears and answers without keeping anything: what they need is checked, and the answer is the
//! same for all.

use std::borrow::Cow;

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method};

/// A method of this kind.
struct HeardMethod {
    name: &'static str,
    scope: &'static str,
    /// The parameters it needs: name, code and text of the refusal.
    needs: &'static [(&'static str, &'static str, &'static str)],
    /// JSON.
    answer: &'static str,
}

const fn heard(
    scope: &'static str,
    name: &'static str,
    needs: &'static [(&'static str, &'static str, &'static str)],
    answer: &'static str,
) -> HeardMethod {
    HeardMethod {
        name,
        scope,
        needs,
        answer,
    }
}

const NO_NOTIFICATION: (&str, &str, &str) =
    ("NOTIFY_ID", "ID_ERROR", "Notification ID can't be empty");
const NO_MESSAGE: (&str, &str, &str) = (
    "MESSAGE_ID",
    "MESSAGE_ID_ERROR",
    "Message ID can't be empty",
);
const NO_CHAT: (&str, &str, &str) = ("CHAT_ID", "CHAT_ID_EMPTY", "Chat ID can't be empty");
const NO_CONNECTOR: (&str, &str, &str) = (
    "CONNECTOR",
    "ERROR_ARGUMENT",
    "Argument 'CONNECTOR' is null or empty",
);
const NO_LINE: (&str, &str, &str) = ("LINE", "ERROR_ARGUMENT", "Argument 'LINE' is null or empty");
const NO_MESSAGES: (&str, &str, &str) = (
    "MESSAGES",
    "ERROR_ARGUMENT",
    "Argument 'MESSAGES' is null or empty",
);
const TO_LINE: &[(&str, &str, &str)] = &[NO_CONNECTOR, NO_LINE, NO_MESSAGES];
const RECEIVED: &str = r#"{"SUCCESS":true,"DATA":[]}"#;

const HEARD: &[HeardMethod] = &[
    heard(
        "imopenlines",
        "imopenlines.operator.answer",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.operator.finish",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.operator.another.finish",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.operator.skip",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.operator.spam",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.operator.transfer",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.session.intercept",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.session.join",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.session.mode.pin",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.session.mode.silent",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.session.start",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.bot.session.finish",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.bot.session.operator",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.bot.session.transfer",
        &[NO_CHAT],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.message.quick.save",
        &[NO_CHAT, NO_MESSAGE],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.message.session.start",
        &[NO_CHAT, NO_MESSAGE],
        "true",
    ),
    heard(
        "imopenlines",
        "imopenlines.network.message.add",
        &[
            ("CODE", "IMOL_NETWORK_CODE", "Line code can't be empty"),
            ("USER_ID", "USER_ID_EMPTY", "User ID can't be empty"),
            ("MESSAGE", "MESSAGE_EMPTY", "Message can't be empty"),
        ],
        "true",
    ),
    heard(
        "imbot",
        "imbot.chat.sendtyping",
        &[("DIALOG_ID", "DIALOG_ID_EMPTY", "Dialog ID can't be empty")],
        "true",
    ),
    heard("im", "im.v2.event.subscribe", &[], "true"),
    heard("im", "im.v2.event.unsubscribe", &[], "true"),
    heard(
        "im",
        "im.disk.file.delete",
        &[
            NO_CHAT,
            ("FILE_ID", "FILE_ID_EMPTY", "File ID can't be empty"),
        ],
        "true",
    ),
    heard(
        "bizproc",
        "bizproc.activity.log",
        &[
            ("EVENT_TOKEN", "ACCESS_DENIED", "Access denied!"),
            (
                "LOG_MESSAGE",
                "ERROR_EMPTY_LOG_MESSAGE",
                "Empty log message!",
            ),
        ],
        "true",
    ),
    heard(
        "messageservice",
        "messageservice.message.status.update",
        &[
            (
                "CODE",
                "ERROR_SENDER_VALIDATION_FAILURE",
                "Empty sender code!",
            ),
            (
                "MESSAGE_ID",
                "ERROR_MESSAGE_NOT_FOUND",
                "Message not found!",
            ),
            (
                "STATUS",
                "ERROR_MESSAGE_STATUS_INCORRECT",
                "Message status incorrect!",
            ),
        ],
        "true",
    ),
    heard(
        "im",
        "im.notify.answer",
        &[
            NO_NOTIFICATION,
            (
                "ANSWER_TEXT",
                "ANSWER_TEXT_ERROR",
                "ANSWER_TEXT can't be empty",
            ),
        ],
        r#"{"result_message":["Your response has been successfully sent."]}"#,
    ),
    heard(
        "im",
        "im.notify.confirm",
        &[
            NO_NOTIFICATION,
            (
                "NOTIFY_VALUE",
                "NOTIFY_VALUE_ERROR",
                "Notification Value can't be empty",
            ),
        ],
        r#"{"result_message":["Invitation accepted"]}"#,
    ),
    heard(
        "im",
        "im.notify.read.all",
        &[],
        r#"{"result":true,"newCounter":0}"#,
    ),
    heard("im", "im.message.like", &[NO_MESSAGE], "true"),
    heard(
        "im",
        "im.message.command",
        &[
            NO_MESSAGE,
            ("BOT_ID", "BOT_ID_ERROR", "Bot ID can't be empty"),
            ("COMMAND", "COMMAND_ERROR", "Command can't be empty"),
        ],
        "true",
    ),
    heard(
        "im",
        "im.message.share",
        &[
            NO_MESSAGE,
            ("DIALOG_ID", "DIALOG_ID_EMPTY", "Dialog ID can't be empty"),
            ("TYPE", "PARAMS_ERROR", "Incorrect params"),
        ],
        "true",
    ),
    heard(
        "imconnector",
        "imconnector.send.messages",
        TO_LINE,
        RECEIVED,
    ),
    heard(
        "imconnector",
        "imconnector.update.messages",
        TO_LINE,
        RECEIVED,
    ),
    heard(
        "imconnector",
        "imconnector.delete.messages",
        TO_LINE,
        RECEIVED,
    ),
    heard(
        "imconnector",
        "imconnector.send.status.delivery",
        TO_LINE,
        RECEIVED,
    ),
    heard(
        "imconnector",
        "imconnector.send.status.reading",
        TO_LINE,
        RECEIVED,
    ),
    heard(
        "imconnector",
        "imconnector.connector.data.set",
        &[NO_CONNECTOR, NO_LINE],
        "true",
    ),
    heard(
        "imconnector",
        "imconnector.chat.name.set",
        &[NO_CONNECTOR, NO_LINE],
        r#"{"SUCCESS":true,"DATA":{"RESULT":{}}}"#,
    ),
    heard(
        "",
        "event.offline.error",
        &[("process_id", "PROCESS_ID_REQUIRED", "Process ID required")],
        "true",
    ),
    heard(
        "telephony",
        "telephony.call.attachtranscription",
        &[
            ("CALL_ID", "ERROR_CORE", "CALL_ID should be set"),
            ("MESSAGES", "ERROR_CORE", "MESSAGES should be an array"),
        ],
        r#"{"TRANSCRIPT_ID":1}"#,
    ),
    heard(
        "timeman",
        "timeman.timecontrol.report.add",
        &[("TEXT", "TEXT_EMPTY", "Text can't be empty")],
        "true",
    ),
    heard(
        "userconsent",
        "userconsent.agreement.text",
        &[("id", "ERROR_ARGUMENT", "Argument 'ID' is null or empty")],
        r#"{"LABEL":"Нажимая кнопку, я соглашаюсь на обработку персональных данных","TEXT":"Согласие на обработку персональных данных"}"#,
    ),
    heard(
        "biconnector",
        "biconnector.dataset.fields.update",
        &[("id", "VALIDATION_ID_NOT_PROVIDED", "ID is missing.")],
        "true",
    ),
];

/// The methods of this kind.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    HEARD.iter().map(|heard| Method {
        name: Cow::Borrowed(heard.name),
        scope: heard.scope,
        handler: Handler::Read(answer),
    })
}

fn answer(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let heard = HEARD.iter().find(|heard| call.method == heard.name);
    let heard = heard.ok_or_else(errors::method_not_found)?;
    for &(param, code, text) in heard.needs {
        let given = call.params.get_ignoring_case(param);
        if given.is_none_or(|value| !value.is_truthy()) {
            return Err(MethodError::new(400, code, text));
        }
    }
    Ok(Output::json(heard.answer.as_bytes().to_vec()))
}
