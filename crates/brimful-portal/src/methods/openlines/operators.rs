//! Operators of conversations (`imopenlines.operator.*`): who answers, hands a conversation on, gives it back or ends it.

use std::borrow::Cow;

use brimful_protocol::Value;

use super::sessions::join_chat;
use super::{
    ANSWERED, CLOSED, NEW, check_open_line, last_conversation_of_chat, named_chat, text,
    update_last_conversation,
};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::methods::chats::refused;
use crate::methods::method::{Handler, Method, write};

/// The methods.
pub(super) fn methods() -> [Method; 10] {
    [
        write!("imopenlines", "imopenlines.session.intercept", take_over),
        write!("imopenlines", "imopenlines.operator.answer", take_over),
        write!("imopenlines", "imopenlines.operator.transfer", transfer),
        write!("imopenlines", "imopenlines.bot.session.transfer", transfer),
        write!("imopenlines", "imopenlines.bot.session.operator", give_back),
        write!("imopenlines", "imopenlines.operator.skip", give_back),
        write!("imopenlines", "imopenlines.operator.finish", close::<false>),
        write!(
            "imopenlines",
            "imopenlines.bot.session.finish",
            close::<false>
        ),
        write!(
            "imopenlines",
            "imopenlines.operator.another.finish",
            close::<false>
        ),
        write!("imopenlines", "imopenlines.operator.spam", close::<true>),
    ]
}

/// `imopenlines.operator.answer` and `imopenlines.session.intercept`: the caller is the operator.
fn take_over(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    if call.method.ends_with(".intercept") {
        let chat = named_chat(call)?;
        last_conversation_of_chat(state, &chat).ok_or_else(wrong_operator)?;
    }
    join_chat(state, call)?;
    let values = [
        ("OPERATOR_ID", Value::Int(call.user as i64)),
        ("STATUS", ANSWERED.into()),
    ];
    update_last_conversation(state, call, &values)
}

/// The refusal of an operator who cannot take the conversation.
fn wrong_operator() -> MethodError {
    refused("OPERATOR_WRONG", "You cannot redirect to this operator")
}

/// `imopenlines.operator.transfer` and `imopenlines.bot.session.transfer`: to a user, or to another line.
fn transfer(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let chat = named_chat(call)?;
    let [user, queue, to] = ["USER_ID", "QUEUE_ID", "TRANSFER_ID"].map(|name| call.text(name));
    let queue = match to.strip_prefix("queue") {
        Some(line) => line.to_owned(),
        None => queue,
    };
    let user = if user.is_empty() && !to.starts_with("queue") {
        to
    } else {
        user
    };
    if !queue.is_empty() {
        return update_last_conversation(
            state,
            call,
            &[("LINE_ID", queue.into()), ("STATUS", NEW.into())],
        );
    }
    // Bots may hand a conversation over to nobody in particular.
    if user.is_empty() && call.method.contains(".operator.") {
        let text = "Queue ID or User ID can't be empty";
        return Err(refused("TRANSFER_ID_EMPTY", text));
    }
    let number = user.parse::<u64>().unwrap_or(0);
    let is_there = user.is_empty() || state.table(USER).contains(number);
    if !is_there && last_conversation_of_chat(state, &chat).is_some() {
        return Err(wrong_operator());
    }
    update_last_conversation(state, call, &[("OPERATOR_ID", Value::Int(number as i64))])
}

/// `imopenlines.operator.skip` and `imopenlines.bot.session.operator`: it waits for the next operator.
///
/// # Errors
/// A conversation that is over waits for nobody.
fn give_back(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    check_open_line(state, call)?;
    let last = last_conversation_of_chat(state, &call.text("CHAT_ID"));
    if last.is_some_and(|(_, row)| text(&row, "STATUS") == CLOSED) {
        let text = "Insufficient permissions to remove participants from the chat";
        return Err(refused("ACCESS_DENIED_KICK", text));
    }
    let values = [("OPERATOR_ID", Value::Int(0)), ("STATUS", NEW.into())];
    update_last_conversation(state, call, &values)
}

/// `imopenlines.operator.finish` and the like, and `imopenlines.operator.spam`
fn close<const SPAM: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    check_open_line(state, call)?;
    let values = [("STATUS", Value::from(CLOSED)), ("SPAM", Value::Bool(SPAM))];
    update_last_conversation(state, call, &values)
}
