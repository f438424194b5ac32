//! What is said at the end of a list.

use std::time::Duration;

use brimful::{ListReport, Proof};

use crate::format::{self, counted};
use crate::output::Written;

/// Two lines: what is there now with its proof, and what it took. `before` rows were there from an interrupted run.
pub(crate) fn lines(
    noun: &str,
    report: &ListReport,
    before: u64,
    written: &Written,
) -> [String; 2] {
    let rows = counted(report.rows + before, noun);
    let resumed = if before > 0 {
        format!(" ({} of them from before)", format::count(before))
    } else {
        String::new()
    };
    let result = format!(
        "{rows}{resumed} in {}: {} ({})",
        format::duration(report.elapsed),
        written.name,
        format::bytes(written.bytes),
    );
    let mut effort = vec![
        counted(report.requests, "requests"),
        counted(report.commands, "commands"),
        counted(report.retries, "retries"),
    ];
    if report.waited_for_limit >= Duration::from_millis(50) {
        effort.push(format!(
            "waited {} for the rate limit",
            format::duration(report.waited_for_limit.min(report.elapsed))
        ));
    }
    if report.waited_for_operating >= Duration::from_millis(50) {
        effort.push(format!(
            "waited {} for the method's operating time",
            format::duration(report.waited_for_operating.min(report.elapsed))
        ));
    }
    [
        result,
        format!(
            "{}; {}{}",
            effort.join(", "),
            report.strategy,
            proof(report)
        ),
    ]
}

/// The line of a run that was asked for the first rows alone.
pub(crate) fn first_rows(rows: u64, noun: &str, written: &Written) -> String {
    format!(
        "the first {}: {} ({})",
        counted(rows, noun),
        written.name,
        format::bytes(written.bytes)
    )
}

/// What is proved of the rows, in plain words.
fn proof(report: &ListReport) -> String {
    match report.proof {
        // There was no row, and nothing is to be proved.
        Proof::UpTo(0) => String::new(),
        Proof::UpTo(id) => format!(", complete to ID {id} (proved by ID)"),
        Proof::Counted(_) => ", as many rows as the portal counts".to_owned(),
        Proof::OneReply => ", all in one reply".to_owned(),
        _ => ", not proved: the list has neither IDs to go by nor a count".to_owned(),
    }
}
