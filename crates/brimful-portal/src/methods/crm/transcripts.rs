//! `crm.activity.call.getTranscript`: what was said in a call.
//!
//! Nothing here listens to calls: an activity has a transcript if one was loaded as a `crm.activity.transcript`.

use brimful_protocol::{Array, Value};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::ACTIVITY;
use crate::data::records::crm_parts::TRANSCRIPTS;
use crate::methods::chats::{int, refused};
use crate::methods::record_rows::{given_number, row, text};

pub(crate) fn of_call(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let id = given_number(call, "activityId");
    let activity = state.table(ACTIVITY).get(id);
    let is_of_record = activity.is_some_and(|activity| int(&activity, "OWNER_ID") > 0);
    if !is_of_record {
        return Err(refused("NOT_FOUND", "Element not found"));
    }
    let transcript = row(state, TRANSCRIPTS, id).map(|row| text(row, "transcription"));
    let transcript = transcript.filter(|text| !text.is_empty());
    Ok(Output::value(&match transcript {
        Some(text) => Value::Array(Array::from_iter([("transcription", text)])),
        None => Value::Null,
    }))
}
