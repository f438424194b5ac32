//! Checks the emulator against replies of real portals.
//!
//!     cargo run -p brimful-replies -- FOLDER
//!
//! The folder holds replies in files `NAME.response.json` (one, or a list of those of one conversation), perhaps with the
//! request beside them in `NAME.request.json` (`{"method": …, "params": {…}}`), and perhaps documented ones in
//! `documented.jsonl`, a line `{"method": …, "reply": {…}}` each. For each the call is worked out, a portal is loaded with
//! the rows that are in the reply, the call is made, and what comes is compared: keys, types, nesting, `[]` against `{}`,
//! `next`, `total` and the parts of `time`; and loaded values with what they were.
//!
//! First the model itself is to make the reply: a conversation writes by its own methods what the reply has, and makes the
//! call (`conversation`). Only where that is not known, or ends in something else, the rows of the reply are loaded, or what
//! was recorded is replayed; the line says what the model answered instead.
//!
//! A line says of each `same`, `differs: …` or `not known: …`, and the last lines how many there were, by kinds of methods.
//! Of those that are the same it is said how they came about: a model made the reply, the rows of the reply were served as
//! a list, or what was recorded was merely replayed. The first number is the one that counts: a reply that is replayed is
//! the same whatever the emulator models. The exit code is 1 if any differs.

mod batch;
mod catalogue;
mod compare;
mod conversation;
mod count;
mod exchange;
mod folder;
mod model_reply;
mod page;
mod portal;
mod setting;
mod single;
mod told;

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use conversation::ConversationOutcome;
use count::Count;
use exchange::Verdict;
use folder::Recording;
use single::How;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: replies FOLDER")?;
    let mut out = io::stdout().lock();
    let modelled = portal::modelled().await;
    let mut count = Count::default();
    for recording in folder::read(Path::new(&folder))? {
        let (verdict, otherwise) = check(&recording, &modelled).await;
        count.add(&recording, &verdict, otherwise.is_some());
        write!(out, "{}: {verdict}", recording.name)?;
        match otherwise {
            Some(difference) => writeln!(out, "; the model answers otherwise: {difference}")?,
            None => writeln!(out)?,
        }
    }
    write!(out, "{count}")?;
    Ok(if count.all.differ > 0 || count.all.same() == 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The verdict, and what the model answered where that was not the reply.
async fn check(recording: &Recording, modelled: &[String]) -> (Verdict, Option<String>) {
    let otherwise = match conversation::hold(recording, modelled).await {
        ConversationOutcome::Same(left_out) => {
            return (Verdict::Same(How::Modelled, left_out), None);
        }
        ConversationOutcome::Otherwise(difference) => Some(difference),
        ConversationOutcome::Unknown => None,
    };
    let verdict = match exchange::work_out(recording, modelled) {
        Ok(exchange) => exchange.verdict(recording).await,
        Err(verdict) => verdict,
    };
    // What a model makes of loaded records is the model's.
    let otherwise = otherwise.filter(|_| !matches!(verdict, Verdict::Same(How::Modelled, _)));
    (verdict, otherwise)
}
