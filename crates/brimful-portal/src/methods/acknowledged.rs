//! Methods that are acknowledged and change nothing here: their parameters are checked, and the answer is a constant.

use std::borrow::Cow;

use brimful_protocol::Value;

use crate::context::{Call, MethodError, Output, errors};
use crate::data::PortalData;
use crate::methods::method::{Handler, Method};

/// A method, what it needs, and its answer.
struct AcknowledgedMethod {
    name: &'static str,
    scope: &'static str,
    /// The parameters it needs: name (or names, of which one will do), code and text of the refusal.
    needs: &'static [(&'static str, &'static str, &'static str)],
    /// JSON.
    answer: &'static str,
}

const fn acknowledged(
    scope: &'static str,
    name: &'static str,
    needs: &'static [(&'static str, &'static str, &'static str)],
    answer: &'static str,
) -> AcknowledgedMethod {
    AcknowledgedMethod {
        name,
        scope,
        needs,
        answer,
    }
}

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

const METHODS: &[AcknowledgedMethod] = &[
    acknowledged(
        "imopenlines",
        "imopenlines.message.quick.save",
        &[NO_CHAT, NO_MESSAGE],
        "true",
    ),
    acknowledged(
        "imopenlines",
        "imopenlines.network.message.add",
        &[
            ("CODE", "IMOL_NETWORK_CODE", "Line code can't be empty"),
            ("USER_ID", "USER_ID_EMPTY", "User ID can't be empty"),
            ("MESSAGE", "MESSAGE_EMPTY", "Message can't be empty"),
        ],
        "true",
    ),
    acknowledged(
        "imbot",
        "imbot.chat.sendtyping",
        &[("DIALOG_ID", "DIALOG_ID_EMPTY", "Dialog ID can't be empty")],
        "true",
    ),
    acknowledged("im", "im.v2.event.subscribe", &[], "true"),
    acknowledged("im", "im.v2.event.unsubscribe", &[], "true"),
    acknowledged(
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
    acknowledged(
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
    acknowledged(
        "imopenlines",
        "imopenlines.network.join",
        &[("CODE", "CODE", "You entered an invalid code")],
        "603",
    ),
    acknowledged(
        "im",
        "im.message.command",
        &[
            NO_MESSAGE,
            ("BOT_ID", "BOT_ID_ERROR", "Bot ID can't be empty"),
            ("COMMAND", "COMMAND_ERROR", "Command can't be empty"),
        ],
        "true",
    ),
    acknowledged(
        "imconnector",
        "imconnector.send.status.delivery",
        TO_LINE,
        RECEIVED,
    ),
    acknowledged(
        "imconnector",
        "imconnector.send.status.reading",
        TO_LINE,
        RECEIVED,
    ),
    acknowledged(
        "imconnector",
        "imconnector.connector.data.set",
        &[NO_CONNECTOR, NO_LINE],
        "true",
    ),
    acknowledged(
        "imconnector",
        "imconnector.chat.name.set",
        &[NO_CONNECTOR, NO_LINE],
        r#"{"SUCCESS":true,"DATA":{"RESULT":{}}}"#,
    ),
    acknowledged(
        "telephony",
        "telephony.call.attachtranscription",
        &[
            ("CALL_ID", "ERROR_CORE", "CALL_ID should be set"),
            ("MESSAGES", "ERROR_CORE", "MESSAGES should be an array"),
        ],
        r#"{"TRANSCRIPT_ID":1}"#,
    ),
    acknowledged(
        "timeman",
        "timeman.timecontrol.report.add",
        &[("TEXT", "TEXT_EMPTY", "Text can't be empty")],
        "true",
    ),
    acknowledged(
        "userconsent",
        "userconsent.agreement.text",
        &[("id", "ERROR_ARGUMENT", "Argument 'ID' is null or empty")],
        r#"{"LABEL":"Нажимая кнопку, я соглашаюсь на обработку персональных данных","TEXT":"Согласие на обработку персональных данных"}"#,
    ),
    acknowledged(
        "biconnector",
        "biconnector.dataset.fields.update",
        &[("id", "VALIDATION_ID_NOT_PROVIDED", "ID is missing.")],
        "true",
    ),
    acknowledged(
        "bizproc",
        "bizproc.event.send",
        &[("EVENT_TOKEN", "ACCESS_DENIED", "Access denied!")],
        "true",
    ),
    acknowledged(
        "humanresources.hcmlink",
        "humanresources.hcmlink.job.update",
        &[("id", "0", "Operation failed")],
        "true",
    ),
    acknowledged(
        "humanresources.hcmlink",
        "humanresources.hcmlink.job.status.get",
        &[("id", "0", "Operation failed")],
        r#"{"alive":true}"#,
    ),
    acknowledged(
        "humanresources.hcmlink",
        "humanresources.hcmlink.field.value.set",
        &[("data", "0", "Parameter 'data' must be a non empty array")],
        r#"{"status":"ok","errors":[]}"#,
    ),
    acknowledged(
        "crm",
        "crm.automation.trigger",
        &[("target", "", "Target is not set.")],
        "true",
    ),
    acknowledged(
        "sale",
        "sale.delivery.request.update",
        &[
            (
                "DELIVERY_ID",
                "DELIVERY_ID_NOT_SPECIFIED",
                "Delivery service identifier not specified",
            ),
            (
                "REQUEST_ID",
                "REQUEST_ID_NOT_SPECIFIED",
                "Delivery request identifier not specified",
            ),
        ],
        "true",
    ),
    acknowledged(
        "sale",
        "sale.delivery.request.delete",
        &[
            (
                "DELIVERY_ID",
                "DELIVERY_ID_NOT_SPECIFIED",
                "Delivery service identifier not specified",
            ),
            (
                "REQUEST_ID",
                "REQUEST_ID_NOT_SPECIFIED",
                "Delivery request identifier not specified",
            ),
        ],
        "true",
    ),
    acknowledged(
        "sale",
        "sale.delivery.request.sendmessage",
        &[
            (
                "DELIVERY_ID",
                "DELIVERY_ID_NOT_SPECIFIED",
                "Delivery service identifier not specified",
            ),
            (
                "REQUEST_ID",
                "REQUEST_ID_NOT_SPECIFIED",
                "Delivery request identifier not specified",
            ),
            (
                "ADDRESSEE",
                "ADDRESSEE_IS_NOT_SPECIFIED",
                "Message recipient not specified",
            ),
        ],
        "true",
    ),
];

/// The methods of this kind.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    METHODS.iter().map(|method| Method {
        name: Cow::Borrowed(method.name),
        scope: method.scope,
        handler: Handler::Read(answer),
    })
}

fn answer(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let method = METHODS.iter().find(|method| call.method == method.name);
    let method = method.ok_or_else(errors::method_not_found)?;
    for &(param, code, text) in method.needs {
        let is_given = |name: &str| {
            let value = call.params.get_ignoring_case(name);
            value.is_some_and(Value::is_truthy)
        };
        if !param.split('|').any(is_given) {
            return Err(MethodError::new(400, code, text));
        }
    }
    Ok(Output::json(method.answer.as_bytes().to_vec()))
}
