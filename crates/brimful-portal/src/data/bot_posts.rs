//! What is posted to bots: to the addresses that they were registered with, and not to handlers that applications have
//! bound to events.

use serde_json::{Map, Value as Json, json};

use super::changes::Changes;
use super::records;

/// The kind of records that bots are.
const BOTS: &str = "imbot";

/// Something that a bot is told of.
#[derive(Debug, Clone)]
pub(crate) struct BotPost {
    pub(crate) bot: PostedBot,
    /// `ONIMBOTMESSAGEADD`
    pub(crate) event: &'static str,
    /// Where it is posted to.
    pub(crate) handler: String,
    /// What it says, without what says which bot it is for.
    pub(crate) data: Map<String, Json>,
    pub(crate) form: BotPostForm,
}

/// How the data of a post name the bot, and give it a token.
#[derive(Debug, Clone)]
pub(crate) enum BotPostForm {
    /// `data[BOT][ID]`, of `imbot.register`
    UnderBot,
    /// `data[COMMAND][ID]`, with what was called: the number of the command and what is said of it
    UnderCommand(u64, Map<String, Json>),
    /// `data[bot]`, of `imbot.v2.Bot.register`
    Newer,
    /// No token: the bot is gone.
    Nameless,
}

/// What a post says of its bot.
#[derive(Debug, Clone)]
pub(crate) struct PostedBot {
    pub(crate) id: u64,
    pub(crate) code: String,
    /// The application that the bot belongs to, or the key that a webhook has registered it with.
    pub(crate) application: String,
}

impl PostedBot {
    /// The bot of a row.
    pub(crate) fn of(id: u64, row: &Map<String, Json>) -> Self {
        let keys = ["OWNER", "APPLICATION", "CLIENT_ID"];
        let application = keys.iter().map(|name| text(row, name));
        Self {
            id,
            code: text(row, "CODE").to_owned(),
            application: application
                .into_iter()
                .find(|key| !key.is_empty())
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

/// The address that a bot has for an event: its own, or that for all events.
pub(crate) fn handler(row: &Map<String, Json>, name: &str) -> String {
    let own = text(row, name);
    let all = text(row, "EVENT_HANDLER");
    if own.is_empty() { all } else { own }.to_owned()
}

fn text<'r>(row: &'r Map<String, Json>, name: &str) -> &'r str {
    row.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// Whether the bot of a row is one of `imbot.v2.*`.
pub(crate) fn is_newer(row: &Map<String, Json>) -> bool {
    !text(row, "OWNER").is_empty()
}

/// What is to be posted to bots of changes: what calls have told them, and that they are gone.
pub(crate) fn of_changes(changes: &Changes) -> Vec<BotPost> {
    let mut posts = changes.bot_posts.clone();
    let kind = records::place(BOTS);
    let gone = changes.gone.iter();
    let gone = gone.filter(|(place, ..)| Some(*place) == kind);
    posts.extend(gone.filter_map(|(_, id, row)| gone_bot(*id, row)));
    posts
}

/// That a bot is gone, if it is posted to.
fn gone_bot(id: u64, row: &Map<String, Json>) -> Option<BotPost> {
    let bot = PostedBot::of(id, row);
    if is_newer(row) {
        return (text(row, "EVENT_MODE") == "webhook").then(|| BotPost {
            bot,
            event: "ONIMBOTV2DELETE",
            handler: handler(row, "EVENT_HANDLER"),
            data: Map::new(),
            form: BotPostForm::Newer,
        });
    }
    let data = [
        ("BOT_ID".to_owned(), json!(id.to_string())),
        ("BOT_CODE".to_owned(), json!(bot.code)),
    ];
    let handler = handler(row, "EVENT_BOT_DELETE");
    (!handler.is_empty()).then(|| BotPost {
        bot,
        event: "ONIMBOTDELETE",
        handler,
        data: Map::from_iter(data),
        form: BotPostForm::Nameless,
    })
}
