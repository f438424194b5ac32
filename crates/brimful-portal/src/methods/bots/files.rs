//! Files in chats: `imbot.v2.File.*`, `im.v2.File.*` and `im.disk.*`. A chat has a folder of its own in the shared storage.

use super::chats::dialog;
use super::{
    Array, CHAT, Call, Cow, Handler, MESSAGE, Method, MethodError, Output, PortalData, Value,
    fields, named, read, refused, text, user, word, write,
};
use crate::data::entities::DISK_OBJECT;
use crate::data::files::SHARED_STORAGE;
use crate::data::records::messenger::CHAT_FILES;
use crate::methods::chats::{self, int};
use crate::methods::disk::{self, FILE_URL, UNSIGNED_DOWNLOAD};

pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("imbot", "imbot.v2.file.upload", upload_as_bot),
        read!("imbot", "imbot.v2.file.download", download_as_bot),
        write!("im", "im.v2.file.upload", upload),
        read!("im", "im.v2.file.download", download),
        write!("im", "im.disk.folder.get", folder_of_chat),
        write!("im", "im.disk.file.commit", commit),
        write!("im", "im.disk.file.delete", delete),
        write!("im", "im.disk.file.save", save),
    ]
    .into_iter()
}

/// The name of the folder that a chat has.
fn folder_name(chat: u64) -> String {
    format!("Chat {chat}")
}

/// The folder with this name in the shared storage, which is made if it is not there.
fn folder(state: &mut PortalData, call: &mut Call<'_>, name: &str) -> Option<u64> {
    let objects = state.table(DISK_OBJECT);
    let is_it = |id: &&u64| {
        let row = objects.row(**id);
        word(&row, "NAME") == name && word(&row, "TYPE") == "folder"
    };
    if let Some(id) = objects.written().iter().find(is_it) {
        return Some(*id);
    }
    let params = std::mem::take(&mut call.params);
    call.params.insert("id", SHARED_STORAGE as i64);
    call.params
        .insert("data", Array::from_iter([("NAME", name)]));
    let made = disk::add_folder_to_storage(state, call).ok();
    call.params = params;
    u64::try_from(made?.deepest(&["ID"]).to_int()).ok()
}

/// Stores a file in the folder of a chat, and says so in the chat: the file and the message.
fn store(
    state: &mut PortalData,
    call: &mut Call<'_>,
    (chat, author): (u64, u64),
    fields: &Array,
) -> Result<(u64, u64), MethodError> {
    let (name, content) = (text(fields, "name"), text(fields, "content"));
    if name.is_empty() || content.is_empty() {
        return Err(refused("FILE_EMPTY", "File name or content is empty"));
    }
    if disk::decoded(&content).is_none() {
        return Err(refused("FILE_INVALID_CONTENT", "Invalid base64 content"));
    }
    let folder = folder(state, call, &folder_name(chat));
    let folder = folder.ok_or_else(|| refused("FILE_FOLDER_ERROR", "Failed to get chat folder"))?;
    let params = std::mem::take(&mut call.params);
    call.params.insert("id", folder as i64);
    call.params
        .insert("data", Array::from_iter([("NAME", name)]));
    call.params.insert("fileContent", content);
    call.params.insert("generateUniqueName", true);
    let stored = disk::upload(state, call);
    call.params = params;
    let stored = stored.map_err(|_| refused("FILE_UPLOAD_FAILED", "File upload failed"))?;
    let file = u64::try_from(stored.deepest(&["ID"]).to_int()).unwrap_or(0);
    let message = attach(state, call, (chat, author), file, &text(fields, "message"));
    Ok((file, message))
}

/// Notes that a file is in a chat, in a message of its own.
fn attach(
    state: &mut PortalData,
    call: &Call<'_>,
    (chat, author): (u64, u64),
    file: u64,
    message: &str,
) -> u64 {
    let message = chats::say(state, call, chat, author, message);
    let key = [
        ("chatId", Value::Int(chat as i64)),
        ("fileId", Value::Int(file as i64)),
    ];
    let values = [("messageId", Value::Int(message as i64))];
    chats::keep(state, call, CHAT_FILES, &key, values);
    message
}

/// What is said of a file in a chat.
fn describe(state: &PortalData, chat: u64, file: u64) -> Array {
    let row = state.table(DISK_OBJECT).row(file);
    let name = word(&row, "NAME");
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let mut about = Array::new();
    about.insert("id", file as i64);
    about.insert("chatId", chat as i64);
    about.insert("extension", extension);
    about.insert("size", int(&row, "SIZE"));
    about.insert("name", name);
    about
}

fn uploaded(state: &PortalData, call: &Call<'_>, chat: u64, stored: (u64, u64)) -> Output {
    let mut answer = Array::from_iter([("file", describe(state, chat, stored.0))]);
    answer.insert("messageId", stored.1 as i64);
    answer.insert("chatId", chat as i64);
    answer.insert("dialogId", call.text("dialogId"));
    Output::value(&Value::Array(answer))
}

/// `imbot.v2.File.upload(botId, dialogId, fields)`
fn upload_as_bot(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let bot = named(state, call)?;
    let chat = dialog(state, call, bot)?.number();
    let fields = fields(call);
    let stored = store(state, call, (chat, bot), &fields)?;
    Ok(uploaded(state, call, chat, stored))
}

/// The chat that a user names by `dialogId` or `CHAT_ID`.
fn chat_of_user(state: &PortalData, call: &Call<'_>) -> Result<u64, MethodError> {
    let named = match call.text("CHAT_ID") {
        id if id.is_empty() => match call.text("DIALOG_ID") {
            id if id.is_empty() => call.text("dialogId"),
            id => id,
        },
        id => format!("chat{id}"),
    };
    if named.is_empty() {
        return Err(refused("CHAT_ID_EMPTY", "Chat ID can't be empty"));
    }
    let chat = if let Some(chat) = named.strip_prefix("chat") {
        let chat = chat.parse().ok();
        chat.filter(|&id| state.table(CHAT).contains(id))
    } else {
        let other = named.parse().ok().filter(|&id| user(state, id).is_some());
        other.map(|other| chats::private_chat(call.user, other))
    };
    chat.ok_or_else(|| {
        let text = "You do not have access to the specified dialog";
        MethodError::new(403, "ACCESS_ERROR", text)
    })
}

/// `im.v2.File.upload(dialogId, fields)`
fn upload(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let chat = chat_of_user(state, call)?;
    let (author, fields) = (call.user, fields(call));
    let stored = store(state, call, (chat, author), &fields)?;
    Ok(uploaded(state, call, chat, stored))
}

/// The file that a call names.
fn file(state: &PortalData, call: &Call<'_>) -> Option<u64> {
    let id = match call.text("fileId") {
        id if id.is_empty() => call.text("FILE_ID"),
        id => id,
    };
    id.parse().ok().filter(|&id| {
        let row = state.table(DISK_OBJECT).get(id);
        row.is_some_and(|row| word(&row, "TYPE") != "folder")
    })
}

fn link(state: &PortalData, call: &Call<'_>) -> Result<Output, MethodError> {
    let id = file(state, call);
    let id = id.ok_or_else(|| refused("FILE_NOT_FOUND", "File not found"))?;
    let link = format!("{UNSIGNED_DOWNLOAD}{id}");
    let answer = Array::from_iter([(FILE_URL, link)]);
    Ok(Output::value(&Value::Array(answer)))
}

/// `imbot.v2.File.download(botId, fileId)`
fn download_as_bot(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    named(state, call)?;
    link(state, call)
}

/// `im.v2.File.download(fileId)`
fn download(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    link(state, call)
}

/// `im.disk.folder.get(CHAT_ID)`: where the files of a chat belong.
fn folder_of_chat(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let chat = chat_of_user(state, call)?;
    let folder = folder(state, call, &folder_name(chat));
    let folder = folder.ok_or_else(|| refused("INTERNAL_ERROR", "Server error"))?;
    let answer = Array::from_iter([("ID", folder as i64)]);
    Ok(Output::value(&Value::Array(answer)))
}

/// `im.disk.file.commit(CHAT_ID, FILE_ID or UPLOAD_ID, MESSAGE)`: puts files of the drive into a chat.
fn commit(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let chat = chat_of_user(state, call)?;
    let given = ["FILE_ID", "DISK_ID", "UPLOAD_ID"];
    let given = given
        .iter()
        .find_map(|name| call.params.get_ignoring_case(name));
    let given = given.ok_or_else(|| refused("FILES_ERROR", "List of files is not specified"))?;
    let id = |value: &Value| {
        let text = value.to_text();
        text.trim_start_matches("disk")
            .trim_start_matches("upload")
            .parse::<u64>()
            .ok()
    };
    let ids: Vec<u64> = match given {
        Value::Array(ids) => ids.values().filter_map(id).collect(),
        one => id(one).into_iter().collect(),
    };
    let files = state.table(DISK_OBJECT);
    if ids.is_empty() || !ids.iter().all(|id| files.contains(*id)) {
        return Err(refused("SAVE_ERROR", "Error during saving file to chat"));
    }
    let (author, text) = (call.user, call.text("MESSAGE"));
    let mut shown = Array::new();
    let mut message = 0;
    for id in &ids {
        message = attach(state, call, (chat, author), *id, &text);
        let mut about = describe(state, chat, *id);
        about.insert("type", "file");
        about.insert("status", "done");
        about.insert("progress", 100);
        about.insert("authorId", author as i64);
        shown.insert(format!("upload{id}").as_str(), about);
    }
    let mut answer = Array::from_iter([("FILES", shown)]);
    let disk = ids.iter().map(|id| Value::Int(*id as i64));
    answer.insert("DISK_ID", disk.collect::<Value>());
    answer.insert("MESSAGE_ID", message as i64);
    Ok(Output::value(&Value::Array(answer)))
}

/// `im.disk.file.delete(CHAT_ID, FILE_ID)`: the message with the file goes too.
fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let [chat, file] = ["CHAT_ID", "FILE_ID"].map(|name| call.text(name));
    if chat.is_empty() {
        return Err(refused("CHAT_ID_EMPTY", "Chat ID can't be empty"));
    }
    if file.is_empty() {
        return Err(refused("FILE_ID_EMPTY", "File ID can't be empty"));
    }
    let key = [chat, file.clone()];
    let known = chats::kept(state, CHAT_FILES, &key);
    let message = known.get("messageId").map(Value::to_int);
    if let Some(message) = message.and_then(|id| u64::try_from(id).ok()) {
        state.table_mut(MESSAGE).delete(message);
        let file = file.parse().unwrap_or(0);
        state.files.forget(file);
        state.table_mut(DISK_OBJECT).delete(file);
        chats::forget(state, CHAT_FILES, &key);
    }
    Ok(chats::done())
}

/// `im.disk.file.save(FILE_ID)`: a copy among the saved files.
fn save(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const SAVED: &str = "Saved Files";
    if call.text("FILE_ID").is_empty() {
        return Err(refused("FILE_ID_EMPTY", "File ID can't be empty"));
    }
    let failed = || refused("FILE_SAVE_ERROR", "File ID can't be saved");
    let id = file(state, call).ok_or_else(failed)?;
    let folder = folder(state, call, SAVED).ok_or_else(failed)?;
    call.params = Array::from_iter([("id", id as i64), ("targetFolderId", folder as i64)]);
    let copy = disk::copy::<{ disk::DiskObject::File as u8 }>(state, call)?;
    let of = |id: i64, name: Value| {
        let mut about = Array::from_iter([("id", id)]);
        about.insert("name", name);
        about
    };
    let mut answer = Array::new();
    answer.insert("folder", of(folder as i64, SAVED.into()));
    let number = copy.deepest(&["ID"]).to_int();
    answer.insert("file", of(number, copy.deepest(&["NAME"])));
    Ok(Output::value(&Value::Array(answer)))
}
