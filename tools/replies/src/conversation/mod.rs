//! Conversations that bring a model to make a reply: what is called first, the call itself, and what must come.
//!
//! Where they come from: [`table`] has those of single methods, in `conversations.txt`; [`kinds`] works them out from the
//! emulator's own descriptions of its records. Nothing in them depends on the text of one reply: what a record of the
//! reply has is written by the model's own methods, and read back.

mod kinds;
mod speaker;
mod table;

use std::collections::BTreeSet;

use brimful_portal::Portal;
use serde_json::{Map, Value as Json};

use crate::compare::{LeftOut, Rules};
use crate::folder::Recording;
use crate::{catalogue, model_reply, told};

/// Calls that end with the one whose reply was recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conversation {
    pub(crate) steps: Vec<Step>,
    pub(crate) expectation: Expectation,
    /// Whether nothing is known of what the call takes: a refusal says nothing then.
    pub(crate) is_guess: bool,
}

/// A call of a conversation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    /// The name under which later calls find its result.
    pub(crate) name: String,
    /// The list in the reply for each row of which it is made; the row is `$row`.
    pub(crate) each: Option<String>,
    /// After `api/` in REST 3.0.
    pub(crate) method: String,
    /// Parameters, with texts that begin with `$` in the place of what they stand for.
    pub(crate) params: Json,
    /// Whether the conversation goes on if the call is refused.
    pub(crate) may_fail: bool,
}

/// What is compared, and how closely.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expectation {
    /// Where in the result the record, the rows or the descriptions of fields are.
    pub(crate) at: Vec<String>,
    pub(crate) shape: Shape,
    /// Fields of a record that the conversation wrote: their values must come back.
    pub(crate) written: BTreeSet<String>,
    /// Fields that the model says a record has: a document may leave them out, and that is told.
    pub(crate) described: BTreeSet<String>,
}

/// What a result has where it is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing that is known more closely.
    #[default]
    Whole,
    /// One record.
    Record,
    /// A list of records.
    Rows,
    /// Descriptions of fields by their names, or a list of them.
    Fields,
}

/// The outcomes of the conversations about a reply.
pub(crate) enum ConversationOutcome {
    /// The model made the reply; what the document leaves out.
    Same(LeftOut),
    /// The model answered something else.
    Otherwise(String),
    /// Nothing is known of how to bring the model to it.
    Unknown,
}

/// The parts of a reply that a conversation is about.
pub(crate) struct RecordedReply<'r> {
    pub(crate) method: &'r str,
    pub(crate) reply: &'r Json,
    pub(crate) result: &'r Json,
}

/// Holds the conversations that are known of a recorded reply, until the model makes it.
pub(crate) async fn hold(recording: &Recording, modelled: &[String]) -> ConversationOutcome {
    let [reply] = recording.replies.as_slice() else {
        return ConversationOutcome::Unknown;
    };
    let (Some(method), Some(result)) = (recording.method.as_deref(), reply.get("result")) else {
        return ConversationOutcome::Unknown;
    };
    let told = RecordedReply {
        method,
        reply,
        result,
    };
    let mut otherwise = None;
    for conversation in conversations(&told, modelled) {
        match speak(&conversation, &told, recording).await {
            Ok(left_out) => return ConversationOutcome::Same(left_out),
            Err(ConversationFailure::Refused(_)) if conversation.is_guess => {}
            Err(
                ConversationFailure::Refused(difference) | ConversationFailure::Differs(difference),
            ) => {
                otherwise.get_or_insert(difference);
            }
        }
    }
    otherwise.map_or(ConversationOutcome::Unknown, ConversationOutcome::Otherwise)
}

fn conversations(told: &RecordedReply<'_>, modelled: &[String]) -> Vec<Conversation> {
    let name = told.method.to_ascii_lowercase();
    let known = table::find(&name);
    if !known.is_empty() {
        return known;
    }
    let of_kind = kinds::find(&name, told);
    if !of_kind.is_empty() {
        return of_kind;
    }
    if catalogue::is_rest_3(&name) || !modelled.contains(&name) {
        return Vec::new();
    }
    vec![plain(told)]
}

/// The call alone, on a portal where nothing was done.
fn plain(told: &RecordedReply<'_>) -> Conversation {
    let name = told.method.to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    Conversation {
        steps: vec![Step {
            method: told.method.to_owned(),
            params: Json::Object(Map::new()),
            ..Step::default()
        }],
        expectation: Expectation {
            shape: if matches!(last, "fields" | "getfields") {
                Shape::Fields
            } else {
                Shape::Whole
            },
            ..Expectation::default()
        },
        is_guess: true,
    }
}

/// Why a conversation did not end in the reply.
enum ConversationFailure {
    /// A call was refused.
    Refused(String),
    /// The model answered something else.
    Differs(String),
}

async fn speak(
    conversation: &Conversation,
    told: &RecordedReply<'_>,
    recording: &Recording,
) -> Result<LeftOut, ConversationFailure> {
    let config = told::portal(&recording.replies);
    let portal =
        Portal::new(config).map_err(|error| ConversationFailure::Refused(error.to_string()))?;
    let spoken = speaker::speak(conversation, told, &portal).await;
    let (got, expectation) = spoken.map_err(ConversationFailure::Refused)?;
    let rules = Rules {
        may_leave_out: recording.documented,
        ..Rules::default()
    };
    model_reply::compare(told.reply, &got, &expectation, rules)
        .map_err(ConversationFailure::Differs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn held(method: &str, reply: Json) -> ConversationOutcome {
        let recording = Recording {
            name: method.to_owned(),
            request: None,
            replies: vec![reply],
            method: Some(method.to_owned()),
            documented: true,
        };
        hold(&recording, &crate::portal::modelled().await).await
    }

    /// What the model answers when it is held to its own reply: the reply that it makes to a call.
    async fn made(calls: &[(&str, Json)]) -> Json {
        let portal = Portal::new(told::portal(&[])).unwrap();
        let mut reply = Json::Null;
        for (method, params) in calls {
            reply = crate::portal::ask(&portal, method, params).await.unwrap();
        }
        json!({ "result": reply["result"] })
    }

    async fn measure() -> Json {
        let fields = json!({ "code": 7, "measureTitle": "Box", "symbol": "box" });
        made(&[("catalog.measure.add", json!({ "fields": fields }))]).await
    }

    #[tokio::test]
    async fn a_record_that_the_model_makes_is_the_same() {
        let held = held("catalog.measure.add", measure().await).await;
        assert!(matches!(held, ConversationOutcome::Same(_)));
    }

    #[tokio::test]
    async fn a_field_that_the_model_lacks_is_told() {
        let mut reply = measure().await;
        reply["result"]["measure"]["colour"] = json!("red");
        let ConversationOutcome::Otherwise(difference) = held("catalog.measure.add", reply).await
        else {
            panic!("it was not told");
        };
        assert_eq!(
            difference,
            "result.measure.colour: expected a string, got nothing"
        );
    }

    #[tokio::test]
    async fn a_field_of_another_type_is_told() {
        let mut reply = measure().await;
        reply["result"]["measure"]["id"] = json!("7");
        let ConversationOutcome::Otherwise(difference) = held("catalog.measure.add", reply).await
        else {
            panic!("it was not told");
        };
        assert_eq!(
            difference,
            "result.measure.id: expected a string, got a number"
        );
    }

    #[tokio::test]
    async fn a_field_that_only_the_model_has_is_left_out_by_a_document_if_the_model_describes_it() {
        let mut reply = measure().await;
        let record = reply["result"]["measure"].as_object_mut().unwrap();
        record.remove("code");
        let ConversationOutcome::Same(left_out) = held("catalog.measure.add", reply).await else {
            panic!("it is not the same");
        };
        assert!(left_out.contains(&"code".to_owned()), "{left_out:?}");
    }

    #[tokio::test]
    async fn metadata_that_say_another_type_are_told() {
        let mut reply = made(&[("catalog.measure.getFields", json!({}))]).await;
        reply["result"]["measure"]["code"]["type"] = json!("string");
        let ConversationOutcome::Otherwise(difference) =
            held("catalog.measure.getFields", reply).await
        else {
            panic!("it was not told");
        };
        assert!(
            difference.starts_with("result.measure.code.type:"),
            "{difference}"
        );
    }

    #[tokio::test]
    async fn an_answer_without_the_key_that_wraps_it_is_told() {
        let reply = json!({ "result": { "task": { "id": "1" } } });
        assert!(matches!(
            held("tasks.task.delete", reply).await,
            ConversationOutcome::Otherwise(_)
        ));
    }
}
