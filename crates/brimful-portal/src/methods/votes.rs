//! `vote.*`: a vote that is sent into a chat, and what people choose there.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::chats::{keep, kept, refused, say, word, writer};
use crate::context::{Call, MethodError, Output, moment};
use crate::data::PortalData;
use crate::data::entities::{CHAT, USER};
use crate::data::records::{self, RecordTable};
use crate::methods::method::{Handler, Method, read, write};

const VOTES: &str = "vote";
const BALLOTS: &str = "vote.ballot";
/// What a vote in a message is attached to.
const ATTACHED_TO: &str = "Bitrix\\Vote\\Attachment\\ImMessageConnector";

/// The methods.
pub(crate) fn methods() -> impl Iterator<Item = Method> {
    [
        write!("vote", "vote.integration.im.send", send),
        read!("vote", "vote.attachedvote.get", get),
        read!("vote", "vote.attachedvote.getmany", get_many),
        read!("vote", "vote.attachedvote.getwithvoted", with_voted),
        read!("vote", "vote.attachedvote.getanswervoted", voted_for),
        write!("vote", "vote.attachedvote.vote", choose),
        write!("vote", "vote.attachedvote.recall", recall),
        write!("vote", "vote.attachedvote.stop", switch::<true>),
        write!("vote", "vote.attachedvote.resume", switch::<false>),
        read!("vote", "vote.attachedvote.download", download),
    ]
    .into_iter()
}

fn table(state: &PortalData) -> Option<&RecordTable> {
    state.record_table(VOTES)
}

fn number(row: &Map<String, Json>, name: &str) -> i64 {
    row.get(name).and_then(Json::as_i64).unwrap_or(0)
}

fn wrong(text: &str) -> MethodError {
    refused("400", text)
}

/// `vote.Integration.Im.send(chatId, IM_MESSAGE_VOTE_DATA)`: one question with 2 to 10 answers.
fn send(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const FEWEST: usize = 2;
    const MOST: usize = 10;
    let chat = call.text("chatId").parse().ok();
    let chat = chat.filter(|&id| state.table(CHAT).contains(id));
    let chat = chat.ok_or_else(|| refused("403", "Insufficient rights to create a survey"))?;
    let data = call.params.get_ignoring_case("IM_MESSAGE_VOTE_DATA");
    let data = data.and_then(Value::as_array).cloned().unwrap_or_default();
    let questions = data.get("QUESTIONS").and_then(Value::as_array).cloned();
    let questions = questions.unwrap_or_default();
    if questions.is_empty() {
        return Err(wrong("Please enter a question and answer options"));
    }
    if questions.len() > 1 {
        return Err(wrong("Maximum number of questions: 1"));
    }
    let mut kept_questions = Vec::new();
    for question in questions.values() {
        let title = question
            .get("QUESTION")
            .map(Value::to_text)
            .unwrap_or_default();
        let answers = question.get("ANSWERS").and_then(Value::as_array);
        let answers: Vec<String> = answers
            .into_iter()
            .flat_map(Array::values)
            .filter_map(|answer| answer.get("MESSAGE").map(Value::to_text))
            .collect();
        if title.is_empty() {
            return Err(wrong("Please enter a question and answer options"));
        }
        if answers.len() < FEWEST {
            return Err(wrong("Minimum number of answers: 2"));
        }
        if answers.len() > MOST {
            return Err(wrong("Maximum number of answers: 10"));
        }
        let kind = question.get("FIELD_TYPE").map_or(0, Value::to_int);
        kept_questions.push(serde_json::json!({"title": title, "kind": kind, "answers": answers}));
    }
    let title = kept_questions[0]["title"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let message = say(state, call, chat, call.user, &title);
    let flag = |name: &str| data.get(name).map_or(0, Value::to_int);
    let mut given = Array::new();
    given.insert("chatId", chat as i64);
    given.insert("messageId", message as i64);
    given.insert("questions", Value::from(Json::Array(kept_questions)));
    given.insert("anonymity", flag("ANONYMITY"));
    given.insert("options", flag("OPTIONS"));
    let by = writer(call);
    let vote = records::place(VOTES).map_or(0, |place| state.records[place].add(&given, by));
    let mut answer = Array::from_iter([("messageId", message as i64)]);
    answer.insert("voteId", vote as i64);
    Ok(Output::value(&Value::Array(answer)))
}

/// The vote that a call names: by itself, by the message that it is in, or by its signed name.
fn named(state: &PortalData, call: &Call<'_>) -> Result<(u64, Map<String, Json>), MethodError> {
    let signed = call.text("signedAttachId");
    let id = match call.text("attachId") {
        id if id.is_empty() => signed.split('.').next().unwrap_or_default().to_owned(),
        id => id,
    };
    let message = call.text("entityId");
    let is_it = |(vote, row): &(u64, &Map<String, Json>)| {
        vote.to_string() == id || (id.is_empty() && number(row, "messageId").to_string() == message)
    };
    let found = table(state).and_then(|table| table.rows().find(is_it));
    let found = found.map(|(vote, row)| (vote, row.clone()));
    found.ok_or_else(|| refused("ATTACH_NOT_FOUND", "Attach not found"))
}

/// What people have chosen: the users, and the answers of each by question.
fn ballots(state: &PortalData, vote: u64) -> Vec<(u64, Array)> {
    let table = state.record_table(BALLOTS);
    let rows = table.into_iter().flat_map(RecordTable::rows);
    let of = rows.filter(|(_, row)| number(row, "voteId") == vote as i64);
    of.map(|(_, row)| {
        let answers = row.get("answers").cloned().map(Value::from);
        let answers = answers.as_ref().and_then(Value::as_array).cloned();
        (number(row, "userId") as u64, answers.unwrap_or_default())
    })
    .collect()
}

/// The number of an answer: its vote has the first ten for itself.
fn answer_id(vote: u64, place: usize) -> u64 {
    vote * 10 + place as u64
}

fn has_chosen(answers: &Array, question: u64, answer: u64) -> bool {
    let chosen = answers.get(&question.to_string()).and_then(Value::as_array);
    chosen.is_some_and(|chosen| chosen.values().any(|one| one.to_int() == answer as i64))
}

fn answer_of(state: &PortalData, vote: u64, place: usize, text: &str, at: &str) -> Array {
    let id = answer_id(vote, place);
    let chosen = ballots(state, vote);
    let count = chosen
        .iter()
        .filter(|(_, answers)| has_chosen(answers, vote, id))
        .count();
    let all = chosen.len().max(1);
    let mut answer = Array::new();
    answer.insert("ID", id.to_string());
    answer.insert("ACTIVE", "Y");
    answer.insert("TIMESTAMP_X", at);
    answer.insert("QUESTION_ID", vote.to_string());
    answer.insert("C_SORT", ((place + 1) * 10).to_string());
    answer.insert("IMAGE_ID", Value::Null);
    answer.insert("MESSAGE", text);
    answer.insert("MESSAGE_TYPE", "text");
    answer.insert("COUNTER", count.to_string());
    answer.insert("FIELD_TYPE", "0");
    answer.insert("PERCENT", (count * 100 / all) as i64);
    answer
}

fn describe(state: &PortalData, (vote, row): &(u64, Map<String, Json>), call: &Call<'_>) -> Array {
    let at = moment::text(call.seconds());
    let chosen = ballots(state, *vote);
    let mut questions = Array::new();
    let known = row.get("questions").and_then(Json::as_array);
    for question in known.into_iter().flatten() {
        let answers = question["answers"].as_array();
        let answers = answers
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(place, text)| {
                let text = text.as_str().unwrap_or_default();
                let key = answer_id(*vote, place).to_string();
                (key, answer_of(state, *vote, place, text, &at))
            });
        let answers: Array = answers
            .map(|(key, answer)| (brimful_protocol::Key::from(key.as_str()), answer))
            .collect();
        let mut about = Array::new();
        about.insert("ID", vote.to_string());
        about.insert("ACTIVE", "Y");
        about.insert("TIMESTAMP_X", at.as_str());
        about.insert("VOTE_ID", vote.to_string());
        about.insert("C_SORT", "10");
        about.insert("COUNTER", chosen.len().to_string());
        about.insert("QUESTION", question["title"].as_str().unwrap_or_default());
        about.insert("QUESTION_TYPE", "text");
        about.insert("IMAGE_ID", Value::Null);
        about.insert("DIAGRAM", "Y");
        about.insert("DIAGRAM_TYPE", "histogram");
        about.insert("REQUIRED", "N");
        about.insert("FIELD_TYPE", question["kind"].to_string());
        about.insert(
            "FIELD_NAME",
            format!("bx_vote_event[{vote}][BALLOT][{vote}]"),
        );
        about.insert("IMAGE", Value::Null);
        about.insert("ANSWERS", answers);
        questions.insert(vote.to_string().as_str(), about);
    }
    let is_stopped = row.get("isStopped").is_some_and(|is| *is == true);
    let own = kept(state, BALLOTS, &[vote.to_string(), call.user.to_string()]);
    let mut attach = Array::new();
    attach.insert("ID", *vote as i64);
    attach.insert("VOTE_ID", *vote as i64);
    attach.insert("COUNTER", chosen.len() as i64);
    attach.insert("QUESTIONS", questions);
    attach.insert("ANONYMITY", number(row, "anonymity"));
    attach.insert("OPTIONS", number(row, "options"));
    attach.insert(
        "userAnswerMap",
        own.get("answers").cloned().unwrap_or_default(),
    );
    attach.insert("canEdit", number(row, "author") == call.user as i64);
    attach.insert("canVote", !is_stopped);
    attach.insert("canRevoke", !is_stopped && !own.is_empty());
    attach.insert("isVoted", !own.is_empty());
    attach.insert("isFinished", is_stopped);
    attach.insert("entityId", number(row, "messageId"));
    attach.insert("signedAttachId", format!("{vote}.signed"));
    attach
}

/// `vote.AttachedVote.get`
fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let vote = named(state, call)?;
    let answer = Array::from_iter([("attach", describe(state, &vote, call))]);
    Ok(Output::value(&Value::Array(answer)))
}

/// `vote.AttachedVote.getMany(moduleId, entityType, entityIds)`: those of messages.
fn get_many(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let ids = call.params.get("entityIds").and_then(Value::as_array);
    let ids: Vec<i64> = ids
        .into_iter()
        .flat_map(Array::values)
        .map(Value::to_int)
        .collect();
    let kind = call.text("entityType");
    let is_of_messages = kind.is_empty() || kind.trim_start_matches('\\') == ATTACHED_TO;
    let rows = table(state).into_iter().flat_map(RecordTable::rows);
    let rows = rows.filter(|(_, row)| is_of_messages && ids.contains(&number(row, "messageId")));
    let items = rows.map(|(vote, row)| describe(state, &(vote, row.clone()), call));
    let answer = Array::from_iter([("items", items.collect::<Value>())]);
    Ok(Output::value(&Value::Array(answer)))
}

fn person(state: &PortalData, id: u64) -> Array {
    let row = state.table(USER).get(id);
    let of = |name: &str| row.as_ref().map(|row| word(row, name)).unwrap_or_default();
    let mut person = Array::from_iter([("ID", id as i64)]);
    person.insert("NAME", [of("NAME"), of("LAST_NAME")].join(" ").trim());
    person.insert("IMAGE", "");
    person.insert("WORK_POSITION", of("WORK_POSITION"));
    person
}

/// `vote.AttachedVote.getWithVoted`: with the people behind each answer.
fn with_voted(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let vote = named(state, call)?;
    let chosen = ballots(state, vote.0);
    let mut by_answer = Array::new();
    for (user, answers) in &chosen {
        let of = answers
            .values()
            .filter_map(Value::as_array)
            .flat_map(Array::values);
        for answer in of {
            let key = answer.to_text();
            let known = by_answer.get(&key).and_then(Value::as_array).cloned();
            let mut people: Vec<Value> = known.unwrap_or_default().values().cloned().collect();
            people.push(Value::Array(person(state, *user)));
            by_answer.insert(key.as_str(), people.into_iter().collect::<Value>());
        }
    }
    let mut answer = Array::from_iter([("attach", describe(state, &vote, call))]);
    answer.insert("voted", by_answer);
    Ok(Output::value(&Value::Array(answer)))
}

/// `vote.AttachedVote.getAnswerVoted(answerId, pageNavigation)`: the people behind one answer.
fn voted_for(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const USUAL: usize = 10;
    let (vote, _) = named(state, call)?;
    let answer = call.text("answerId").parse().unwrap_or(0);
    let chosen = ballots(state, vote);
    let voted = chosen
        .iter()
        .filter(|(_, answers)| has_chosen(answers, vote, answer));
    let voted: Vec<u64> = voted.map(|(user, _)| *user).collect();
    let page = call.params.get("pageNavigation");
    let said = |name: &str| {
        let value = page
            .and_then(|page| page.get(name))
            .map_or(0, Value::to_int);
        usize::try_from(value).ok().filter(|value| *value > 0)
    };
    let (size, at) = (
        said("pageSize").unwrap_or(USUAL),
        said("currentPage").unwrap_or(1),
    );
    let items = voted
        .iter()
        .skip(size * (at - 1))
        .take(size)
        .map(|user| person(state, *user));
    let answer = Array::from_iter([("items", items.collect::<Value>())]);
    let mut output = Output::value(&Value::Array(answer));
    output.total = Some(voted.len() as i64);
    Ok(output)
}

/// `vote.AttachedVote.vote(ballot)`: `{question: [answers]}`
fn choose(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let (vote, row) = named(state, call)?;
    if row.get("isStopped").is_some_and(|is| *is == true) {
        return Err(refused("403", "The poll is inactive"));
    }
    let failed = || wrong("Failed to save the voting");
    let ballot = call.params.get("ballot").and_then(Value::as_array).cloned();
    let ballot = ballot
        .filter(|ballot| !ballot.is_empty())
        .ok_or_else(failed)?;
    let mine: Vec<i64> = row
        .get("questions")
        .and_then(|questions| questions[0]["answers"].as_array())
        .map(|answers| {
            (0..answers.len())
                .map(|place| answer_id(vote, place) as i64)
                .collect()
        })
        .unwrap_or_default();
    let chosen = ballot
        .values()
        .filter_map(Value::as_array)
        .flat_map(Array::values);
    if !{ chosen }.all(|answer| mine.contains(&answer.to_int())) {
        return Err(failed());
    }
    let key = [
        ("voteId", Value::Int(vote as i64)),
        ("userId", Value::Int(call.user as i64)),
    ];
    keep(
        state,
        call,
        BALLOTS,
        &key,
        [("answers", Value::Array(ballot))],
    );
    let vote = named(state, call)?;
    let answer = Array::from_iter([("attach", describe(state, &vote, call))]);
    Ok(Output::value(&Value::Array(answer)))
}

/// `vote.AttachedVote.recall`: the caller's choice is taken back.
fn recall(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let vote = named(state, call)?;
    let key = [vote.0.to_string(), call.user.to_string()];
    super::chats::forget(state, BALLOTS, &key);
    let answer = Array::from_iter([("attach", describe(state, &vote, call))]);
    Ok(Output::value(&Value::Array(answer)))
}

/// `vote.AttachedVote.stop` and `.resume`
fn switch<const STOP: bool>(
    state: &mut PortalData,
    call: &mut Call<'_>,
) -> Result<Output, MethodError> {
    let (vote, _) = named(state, call)?;
    let given = Array::from_iter([("isStopped", STOP)]);
    if let Some(place) = records::place(VOTES) {
        state.records[place].update(vote, &given, writer(call));
    }
    Ok(Output::value(&Value::Array(Array::new())))
}

/// `vote.AttachedVote.download`: a file with how often each answer was chosen.
fn download(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let vote = named(state, call)?;
    let described = describe(state, &vote, call);
    let questions = described.get("QUESTIONS").and_then(Value::as_array);
    let mut lines = Vec::new();
    for question in questions.into_iter().flat_map(Array::values) {
        let answers = question.get("ANSWERS").and_then(Value::as_array);
        for answer in answers.into_iter().flat_map(Array::values) {
            let of = |name: &str| answer.get(name).map(Value::to_text).unwrap_or_default();
            lines.push(format!("{};{}", of("MESSAGE"), of("COUNTER")));
        }
    }
    Ok(Output::file("vote.csv", lines.join("\n")))
}
