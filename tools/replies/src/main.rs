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
//! A line says of each `same`, `differs: …` or `not known: …`, and the last two how many there were. Of those that are the
//! same it is said how they came about: a model made the reply, the rows of the reply were served as a list, or what was
//! recorded was merely replayed. The first number is the one that counts: a reply that is replayed is the same whatever
//! the emulator models. The exit code is 1 if any differs.

mod batch;
mod catalogue;
mod compare;
mod exchange;
mod folder;
mod page;
mod portal;
mod setting;
mod single;
mod told;

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use exchange::Verdict;
use folder::Recording;
use single::How;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: replies FOLDER")?;
    let mut out = io::stdout().lock();
    let (mut modelled, mut rows, mut replayed) = (0, 0, 0);
    let (mut differ, mut unknown) = (0, 0);
    for recording in folder::read(Path::new(&folder))? {
        let verdict = check(&recording).await;
        match &verdict {
            Verdict::Same(How::Modelled, _) => modelled += 1,
            Verdict::Same(How::RowsLoaded | How::RowsServed, _) => rows += 1,
            Verdict::Same(How::Replayed, _) => replayed += 1,
            Verdict::Differs(_) => differ += 1,
            Verdict::NotKnown(_) => unknown += 1,
        }
        writeln!(out, "{}: {verdict}", recording.name)?;
    }
    let same = modelled + rows + replayed;
    writeln!(
        out,
        "made by a model: {modelled} (the number that counts), from rows: {rows}, merely replayed: {replayed}"
    )?;
    writeln!(out, "{same} same, {differ} differ, {unknown} not known")?;
    Ok(if differ > 0 || same == 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn check(recording: &Recording) -> Verdict {
    match exchange::work_out(recording).await {
        Ok(exchange) => exchange.verdict(recording).await,
        Err(verdict) => verdict,
    }
}
