//! A batch on the wire, and which reply belongs to which item.

use std::collections::HashMap;

use brimful::{Error, ErrorKind, Execution};
use brimful_r7_protocol::{Envelope, Item as Wire, ItemReply, Problem, read_replies};
use bytes::Bytes;

use crate::item::PreparedItem;
use crate::outcome::{BodyError, refusal, unauthorized};

/// An item as it goes out.
#[derive(Debug, Clone)]
pub(crate) struct OutgoingItem {
    pub(crate) name: String,
    pub(crate) request: PreparedItem,
}

/// The replies in the order in which the items were carried out; `None` for an item whose address leads nowhere.
pub(crate) type Replies = Vec<Option<ItemReply>>;

/// The items as the value `batch`. Their `order` is that in which they stand.
pub(crate) fn write(sent: &[OutgoingItem]) -> Result<String, Error> {
    let items: Vec<Wire> = sent
        .iter()
        .zip(0..)
        .map(|(sent, order)| {
            let (content_type, body) = sent.request.body.clone().unzip();
            Wire {
                name: Some(sent.name.clone()),
                method: sent.request.method.to_string(),
                relative_url: Some(sent.request.path.clone()),
                body_content_type: content_type,
                body,
                order,
            }
        })
        .collect();
    serde_json::to_string(&items)
        .map_err(|error| Error::config(format!("the batch cannot be written: {error}")))
}

/// The replies in the answer to a batch.
pub(crate) fn read(body: &Bytes) -> Result<Replies, BodyError> {
    let envelope = Envelope::parse(body).map_err(BodyError::Envelope)?;
    if let Some(problem) = envelope.problem() {
        let status = envelope.status_code;
        return Err(BodyError::Problem { status, problem });
    }
    let response = envelope.response.map_or("[]", |response| response.get());
    read_replies(response).map_err(|error| {
        BodyError::Shape(format!("something that is not a list of replies: {error}"))
    })
}

/// The outcome of each item: the status and the body of its own answer, or an error. Replies are matched by name; one
/// that has lost its name is known by its place.
pub(crate) fn outcomes(
    sent: &[OutgoingItem],
    replies: Replies,
) -> Vec<Result<(u16, Bytes), Error>> {
    let whole = replies.len() == sent.len();
    let mut nameless = Vec::new();
    let mut named = HashMap::new();
    for (place, reply) in replies.into_iter().enumerate() {
        match reply {
            Some(ItemReply {
                name: Some(name),
                status,
                data,
                ..
            }) => {
                named.insert(name, (status, data));
            }
            _ => nameless.push(place),
        }
    }
    sent.iter()
        .enumerate()
        .map(|(place, sent)| {
            let outcome = match named.remove(&sent.name) {
                Some((status, data)) => outcome(status, data.unwrap_or_default()),
                None if whole && nameless.contains(&place) => Err(Error::new(
                    ErrorKind::MethodNotFound,
                    Execution::NotRun,
                    "the portal has nothing at this address",
                )),
                None => Err(Error::new(
                    ErrorKind::Incomplete,
                    Execution::Unknown,
                    "the reply to the batch has none to this item",
                )),
            };
            outcome.map_err(|error| error.in_command(&sent.name))
        })
        .collect()
}

fn outcome(status: u16, data: String) -> Result<(u16, Bytes), Error> {
    let body = Bytes::from(data);
    let envelope = Envelope::parse(&body);
    let problem = envelope.as_ref().ok().and_then(Envelope::problem);
    match (status, problem) {
        (401, _) => Err(unauthorized()),
        (200..=299, None) => Ok((status, body)),
        (200..=299, Some(problem)) => {
            let inner = envelope.map_or(status, |envelope| envelope.status_code);
            Err(refusal(inner, &problem))
        }
        (status, Some(problem)) => Err(refusal(status, &problem)),
        (status, None) => Err(refusal(
            status,
            &Problem {
                message: String::new(),
                hresult: 0,
                kind: None,
            },
        )),
    }
}

/// The error of an item that succeeded and whose body is not what was asked for.
pub(crate) fn body_error(status: u16, error: BodyError) -> Error {
    let decode = |what: String| {
        Error::new(
            ErrorKind::Decode,
            Execution::Ran,
            format!("the portal answered {status} with {what}"),
        )
    };
    match error {
        BodyError::Problem { status, problem } => refusal(status, &problem),
        BodyError::Envelope(error) => decode(error.to_string()),
        BodyError::Shape(what) => decode(what),
    }
}
