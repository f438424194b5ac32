//! `imbot.v2.Chat.*`: what bots do with chats.

use super::{
    Array, CHAT, Call, Cow, Handler, Method, MethodError, Output, PortalData, Value, done, fields,
    is_yes, named, read, refused, text, user, write,
};
use crate::context::moment;
use crate::methods::chats::{self, ChatDetails, insert, int, members, word};

pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("imbot", "imbot.v2.chat.add", add),
        read!("imbot", "imbot.v2.chat.get", get),
        write!("imbot", "imbot.v2.chat.update", update),
        write!("imbot", "imbot.v2.chat.leave", leave),
        write!("imbot", "imbot.v2.chat.setowner", set_owner),
        write!("imbot", "imbot.v2.chat.user.add", add_members),
        write!("imbot", "imbot.v2.chat.user.delete", delete_member),
        read!("imbot", "imbot.v2.chat.user.list", list_members),
        write!("imbot", "imbot.v2.chat.manager.add", manage::<true>),
        write!("imbot", "imbot.v2.chat.manager.delete", manage::<false>),
        read!("imbot", "imbot.v2.chat.inputaction.notify", notify),
        write!(
            "imbot",
            "imbot.v2.chat.textfield.enabled",
            switch_text_field
        ),
    ]
    .into_iter()
}

/// Where a bot speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialog {
    Chat(u64),
    /// The chat with one user.
    Private(u64),
}

impl Dialog {
    /// The number that messages of the dialog have as that of their chat.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Chat(id) | Self::Private(id) => id,
        }
    }
}

pub(super) fn denied() -> MethodError {
    refused("ACCESS_DENIED", "Access denied")
}

/// The dialog that a call names, of which the bot must be a member.
pub(super) fn dialog(state: &PortalData, call: &Call<'_>, bot: u64) -> Result<Dialog, MethodError> {
    let named = call.text("dialogId");
    if let Some(chat) = named.strip_prefix("chat") {
        let chat = chat.parse().ok();
        let chat = chat.filter(|&id| state.table(CHAT).contains(id) && is_member(state, id, bot));
        return chat.map(Dialog::Chat).ok_or_else(denied);
    }
    let user = named.parse().ok().filter(|&id| user(state, id).is_some());
    let chat = user.map(|user| chats::private_chat(bot, user));
    chat.map(Dialog::Private).ok_or_else(denied)
}

pub(super) fn is_member(state: &PortalData, chat: u64, bot: u64) -> bool {
    members(state, chat).contains(&(bot as i64))
}

/// The chat that a call names; with one user there is none.
fn chat(state: &PortalData, call: &Call<'_>, bot: u64) -> Result<u64, MethodError> {
    match dialog(state, call, bot)? {
        Dialog::Chat(chat) => Ok(chat),
        Dialog::Private(_) => Err(denied()),
    }
}

fn ids(value: Option<&Value>) -> Vec<u64> {
    let ids = value
        .and_then(Value::as_array)
        .into_iter()
        .flat_map(Array::values);
    ids.filter_map(|id| u64::try_from(id.to_int()).ok())
        .collect()
}

/// `imbot.v2.Chat.add(botId, fields)`
fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let fields = fields(call);
    let owner = text(&fields, "ownerId").parse().unwrap_or(bot);
    let now = || Value::Text(moment::text(call.seconds()));
    let id = insert(
        state,
        CHAT,
        [
            ("TITLE", text(&fields, "title").into()),
            ("OWNER", Value::Int(owner as i64)),
            ("COUNTER", Value::Int(0)),
            ("PINNED", Value::Bool(false)),
            ("UNREAD", Value::Bool(false)),
            ("DATE_CREATE", now()),
            ("DATE_UPDATE", now()),
            ("TEXT", text(&fields, "message").into()),
        ],
    );
    let mut others = ids(fields.get("userIds"));
    others.push(bot);
    state.chat_members.entry(id).or_default().extend(others);
    set(state, call, id, &fields);
    let message = text(&fields, "message");
    if !message.is_empty() {
        chats::say(state, call, id, bot, &message);
    }
    let mut answer = Array::new();
    answer.insert("chat", describe(state, id, bot));
    let users = members(state, id).into_iter();
    let users = users.filter(|&user| user != bot as i64);
    let users = users.filter_map(|id| user(state, u64::try_from(id).ok()?));
    answer.insert("users", users.collect::<Value>());
    Ok(Output::value(&Value::Array(answer)))
}

/// Sets what `fields` say of a chat beside its title.
fn set(state: &mut PortalData, call: &Call<'_>, chat: u64, fields: &Array) {
    let mut details = Vec::new();
    if let Some(description) = fields.get("description") {
        details.push(("description", description.to_text().into()));
    }
    details.extend(chats::color(&text(fields, "color")).map(|color| ("color", color.into())));
    if fields.get("avatar").is_some_and(Value::is_truthy) {
        details.push(("avatar", format!("/upload/im/chat{chat}/avatar.png").into()));
    }
    chats::set_details(state, call, chat, details);
}

/// A chat as the newer API shows it to a bot.
pub(super) fn describe(state: &PortalData, id: u64, bot: u64) -> Array {
    let row = state.table(CHAT).row(id);
    let details = ChatDetails::of(state, id);
    let (entity_type, entity_id) = details.entity();
    let (owner, bot) = (int(&row, "OWNER"), bot as i64);
    let role = if owner == bot {
        "owner"
    } else if details.managers().contains(&bot) {
        "manager"
    } else {
        "member"
    };
    let messages = chats::written_messages(state, id);
    let last = messages
        .last()
        .map_or(Value::Null, |id| Value::Int(*id as i64));
    let mut chat = Array::new();
    chat.insert("id", id as i64);
    chat.insert("dialogId", format!("chat{id}"));
    chat.insert("name", word(&row, "TITLE"));
    chat.insert("description", details.description());
    chat.insert("type", "chat");
    chat.insert("messageType", "C");
    chat.insert("owner", owner);
    chat.insert("color", details.color());
    chat.insert("avatar", details.avatar());
    chat.insert("extranet", false);
    chat.insert("containsCollaber", false);
    chat.insert("entityType", entity_type);
    chat.insert("entityId", entity_id);
    for data in ["entityData1", "entityData2", "entityData3"] {
        chat.insert(data, "");
    }
    chat.insert("entityLink", Array::new());
    chat.insert("diskFolderId", 0);
    chat.insert("role", role);
    chat.insert("permissions", Array::new());
    chat.insert("muteList", details.muted().into_iter().collect::<Value>());
    chat.insert("parentChatId", Value::Null);
    chat.insert("parentMessageId", Value::Null);
    chat.insert("isNew", messages.is_empty());
    chat.insert(
        "textFieldEnabled",
        if details.has_text_field() { "Y" } else { "N" },
    );
    chat.insert("backgroundId", Value::Null);
    chat.insert("dateCreate", word(&row, "DATE_CREATE"));
    chat.insert("lastMessageId", last.clone());
    chat.insert("lastMessageViews", "{}");
    chat.insert("lastId", last);
    chat.insert(
        "managerList",
        details.managers().into_iter().collect::<Value>(),
    );
    chat.insert("markedId", Value::Null);
    chat.insert("messageCount", messages.len() as i64);
    chat.insert("public", "");
    chat.insert("unreadId", Value::Null);
    chat.insert("userCounter", members(state, id).len() as i64);
    chat
}

/// `imbot.v2.Chat.get(botId, dialogId)`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let chat = chat(state, call, bot)?;
    let answer = Array::from_iter([("chat", describe(state, chat, bot))]);
    Ok(Output::value(&Value::Array(answer)))
}

/// `imbot.v2.Chat.update(botId, dialogId, fields)`
fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let chat = chat(state, call, bot)?;
    let fields = fields(call);
    if let Some(title) = fields.get("title") {
        write_cell(state, chat, "TITLE", title.to_text().into());
    }
    set(state, call, chat, &fields);
    Ok(done())
}

fn write_cell(state: &mut PortalData, chat: u64, name: &str, value: Value) {
    let table = state.table_mut(CHAT);
    if let Some(field) = table.schema.legacy(name) {
        table.update(chat, [(field, value)]);
    }
}

fn take_out(state: &mut PortalData, chat: u64, user: u64) {
    if let Some(members) = state.chat_members.get_mut(&chat) {
        members.remove(&user);
    }
}

/// `imbot.v2.Chat.leave(botId, dialogId)`: a chat whose owner leaves it belongs to the member with the lowest ID.
fn leave(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let chat = chat(state, call, bot)?;
    take_out(state, chat, bot);
    if int(&state.table(CHAT).row(chat), "OWNER") == bot as i64 {
        let heir = state
            .chat_members
            .get(&chat)
            .and_then(|rest| rest.first().copied());
        write_cell(state, chat, "OWNER", Value::Int(heir.unwrap_or(0) as i64));
    }
    Ok(done())
}

/// Refuses a bot that is not the owner of a chat.
fn check_owner(state: &PortalData, chat: u64, bot: u64) -> Result<(), MethodError> {
    let owner = int(&state.table(CHAT).row(chat), "OWNER");
    if owner == bot as i64 {
        Ok(())
    } else {
        Err(denied())
    }
}

/// `imbot.v2.Chat.setOwner(botId, dialogId, userId)`
fn set_owner(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let chat = chat(state, call, bot)?;
    check_owner(state, chat, bot)?;
    let owner = call
        .text("userId")
        .parse()
        .ok()
        .filter(|&id| user(state, id).is_some());
    let owner = owner.ok_or_else(denied)?;
    write_cell(state, chat, "OWNER", Value::Int(owner as i64));
    state.chat_members.entry(chat).or_default().insert(bot);
    Ok(done())
}

/// `imbot.v2.Chat.User.add(botId, dialogId, userIds)`: users who are not active are passed over.
fn add_members(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let chat = chat(state, call, bot)?;
    let users = ids(call.params.get("userIds"));
    let is_active = |id: u64| user(state, id)?.get("active").map(Value::is_truthy);
    let users = users.into_iter().filter(|&id| is_active(id) == Some(true));
    let users: Vec<u64> = users.collect();
    state.chat_members.entry(chat).or_default().extend(users);
    Ok(done())
}

/// `imbot.v2.Chat.User.delete(botId, dialogId, userId)`: true, also for a user who is not in the chat.
fn delete_member(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let chat = chat(state, call, bot)?;
    let user = call.text("userId").parse().ok().ok_or_else(denied)?;
    take_out(state, chat, user);
    Ok(done())
}

/// `imbot.v2.Chat.User.list(botId, dialogId, order, limit)`
fn list_members(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const USUAL: usize = 50;
    const MOST: usize = 200;
    let bot = named(state, call)?;
    let chat = chat(state, call, bot)?;
    let order = call.params.get("order").and_then(Value::as_array);
    let way = order
        .and_then(|order| order.values().next())
        .map(Value::to_text);
    let limit = call.text("limit").parse().unwrap_or(USUAL).clamp(1, MOST);
    let mut users = members(state, chat);
    users.sort_unstable();
    if way.is_some_and(|way| way.eq_ignore_ascii_case("desc")) {
        users.reverse();
    }
    let users = users.into_iter().take(limit);
    let users = users.filter_map(|id| user(state, u64::try_from(id).ok()?));
    Ok(Output::value(&users.collect::<Value>()))
}

/// `imbot.v2.Chat.Manager.add(botId, dialogId, userIds)` and `.delete`: only members become managers.
fn manage<const IS_ONE: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let users = ids(call.params.get("userIds"));
    if users.is_empty() {
        return Err(refused("EMPTY_USER_IDS", "Empty user IDs"));
    }
    let chat = chat(state, call, bot)?;
    check_owner(state, chat, bot)?;
    let users = users.into_iter().filter(|&id| is_member(state, chat, id));
    let users: Vec<i64> = users.map(|id| id as i64).collect();
    chats::list_users(state, call, chat, "managers", &users, IS_ONE);
    Ok(done())
}

/// `imbot.v2.Chat.InputAction.notify(botId, dialogId)`: others see it for a moment, and nothing is kept of it.
fn notify(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    dialog(state, call, bot)?;
    Ok(done())
}

/// `imbot.v2.Chat.TextField.enabled(botId, dialogId, enabled)`
fn switch_text_field(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let dialog = dialog(state, call, bot)?;
    let enabled = call.params.get("enabled").is_none_or(is_yes);
    if let Dialog::Chat(chat) = dialog {
        chats::set_details(state, call, chat, [("textField", Value::Bool(enabled))]);
    }
    Ok(done())
}
