//! What is said at the end of a list.

use std::time::Duration;

use brimful::{ListReport, Proof, Verification};

use crate::format::{self, counted};
use crate::output::Written;

/// Differences that are named one by one.
const MAX_DIFFERENCES: usize = 10;

/// What is there now with its proof, and what it took; then what was counted, where that says more. `before` rows were there from an interrupted run.
pub(crate) fn lines(
    noun: &str,
    report: &ListReport,
    before: u64,
    written: &Written,
) -> Vec<String> {
    let rows = counted(report.rows + before, noun);
    let resumed = if before > 0 {
        format!(" ({} of them from before)", format::count(before))
    } else {
        String::new()
    };
    let result = format!(
        "{rows}{resumed} in {}: {}",
        format::duration(report.elapsed),
        written.description(),
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
    let mut lines = vec![
        result,
        format!(
            "{}; {}{}",
            effort.join(", "),
            report.strategy,
            proof(report)
        ),
    ];
    if report.hidden > 0 {
        lines.push(format!(
            "{} counted but not shown to this user (rights?)",
            are(report.hidden, noun)
        ));
    }
    if let Some(verification) = &report.verification {
        lines.extend(verified(verification));
    }
    lines
}

fn are(count: u64, noun: &str) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(count, noun))
}

/// What the portal's counts said.
fn verified(verification: &Verification) -> Vec<String> {
    let ranges = counted(verification.ranges, "ranges");
    let differences = &verification.differences;
    if differences.is_empty() {
        return vec![format!(
            "verified: {ranges} of IDs have as many rows as the portal counts"
        )];
    }
    let mut lines = vec![format!(
        "verified: {ranges} of IDs, of which {} differed from the portal's count at first",
        format::count(differences.len() as u64)
    )];
    for difference in differences.iter().take(MAX_DIFFERENCES) {
        let counted = difference.counted.map_or_else(
            || "no count".to_owned(),
            |counted| format!("{} counted", format::count(counted)),
        );
        let what = match difference.counted {
            Some(counted) if counted < difference.came => "some were deleted meanwhile",
            _ => "read again",
        };
        lines.push(format!(
            "  IDs {} to {}: {counted}, {} came ({what})",
            difference.after + 1,
            difference.up_to,
            format::count(difference.came),
        ));
    }
    lines
}

/// What is said of values that did not fit their columns.
pub(crate) fn misfits(written: &Written) -> Option<String> {
    let (count, place) = written.misfits.as_ref()?;
    let verb = if *count == 1 { "does" } else { "do" };
    Some(format!(
        "{} {verb} not fit the type of the column, and NULL is there instead: {place} has each with row and field",
        counted(*count, "values")
    ))
}

/// The line of a run that was asked for the first rows alone.
pub(crate) fn first_rows(rows: u64, noun: &str, written: &Written) -> String {
    format!(
        "the first {}: {}",
        counted(rows, noun),
        written.description()
    )
}

/// What is proved of the rows, in plain words.
fn proof(report: &ListReport) -> String {
    match report.proof {
        // There was no row, and nothing is to be proved.
        Proof::UpTo(0) => String::new(),
        Proof::UpTo(id) => format!(", complete to ID {id} (proved by ID)"),
        Proof::Counted(_) => ", as many rows as the portal counts".to_owned(),
        Proof::EqualPasses(_) => ", proved by equal passes".to_owned(),
        Proof::OneReply => ", all in one reply".to_owned(),
        _ => ", not proved: the list has neither IDs to go by nor a count".to_owned(),
    }
}
