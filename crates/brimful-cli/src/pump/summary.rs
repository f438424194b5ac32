//! What is said at the end of a list.

use std::time::Duration;

use brimful::{ListReport, Proof, Verification};

use unicode_width::UnicodeWidthStr;

use crate::format::{self, counted};
use crate::output::Written;
use crate::printer::clean;
use crate::table::{line, widths};

/// The second column of the table is not made narrower.
const NARROWEST: usize = 20;
/// Differences that are named one by one.
const MAX_DIFFERENCES: usize = 10;

/// What an interrupted run has left.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowsBefore {
    pub(crate) rows: u64,
    /// Rows that are counted and not shown among them; `None`: that is not known.
    pub(crate) hidden: Option<u64>,
}

/// What is there now with its proof, and what it took; then what was counted, where that says more. `before`: what was
/// there from an interrupted run. Rows in columns have a table of it, in lines of at most `width` places.
pub(crate) fn lines(
    noun: &str,
    report: &ListReport,
    before: RowsBefore,
    written: &Written,
    width: usize,
) -> Vec<String> {
    let rows = counted(report.rows + before.rows, noun);
    let resumed = if before.rows > 0 {
        format!(" ({} of them from before)", format::count(before.rows))
    } else {
        String::new()
    };
    let result = format!(
        "{rows}{resumed} in {}: {}",
        format::duration(report.elapsed),
        written.description(),
    );
    let commands = counted(report.commands, "commands");
    let retries = counted(report.retries, "retries");
    let requests = counted(report.requests, "requests");
    let waits = waits(report);
    let way = format!("{}{}", report.strategy, proof(report));
    let mut lines = vec![result];
    if written.columns.is_some() {
        let mut entries = vec![
            (
                "requests",
                format!(
                    "{} with {commands}, {retries}",
                    format::count(report.requests)
                ),
            ),
            ("read by", way),
        ];
        if !waits.is_empty() {
            entries.push(("waited", waits.join(", ")));
        }
        lines.extend(table(entries, written, width));
    } else {
        let effort = [vec![requests, commands, retries], waits_in_words(waits)].concat();
        lines.push(format!("{}; {way}", effort.join(", ")));
    }
    let hidden = report.hidden.saturating_add(before.hidden.unwrap_or(0));
    if hidden > 0 {
        lines.push(format!(
            "{} counted but not shown to this user (rights?)",
            are(hidden, noun)
        ));
    }
    if before.rows > 0 && before.hidden.is_none() {
        lines.push(
            "rows that are counted but not shown were looked for only after the rows from before"
                .to_owned(),
        );
    }
    if let Some(verification) = &report.verification {
        lines.extend(verified(verification, report.hidden));
    }
    lines
}

/// What was waited for, and how long.
fn waits(report: &ListReport) -> Vec<String> {
    let waits = [
        (report.waited_for_limit, "the rate limit"),
        (report.waited_for_operating, "the method's operating time"),
    ];
    let waits = waits
        .into_iter()
        .filter(|(wait, _)| *wait >= Duration::from_millis(50));
    waits
        .map(|(wait, what)| format!("{} for {what}", format::duration(wait.min(report.elapsed))))
        .collect()
}

fn waits_in_words(waits: Vec<String>) -> Vec<String> {
    let waits = waits.into_iter();
    waits.map(|wait| format!("waited {wait}")).collect()
}

/// The table of a run whose rows have columns: what is given, and what the file or store has.
fn table(entries: Vec<(&'static str, String)>, written: &Written, width: usize) -> Vec<String> {
    let columns = written.columns.map(|columns| format::count(columns as u64));
    let columns = columns.map(|columns| ("columns", columns));
    let misfits = misfits(written).map(|misfits| ("misfits", misfits));
    let entries: Vec<_> = columns.into_iter().chain(entries).chain(misfits).collect();
    let names = entries
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0);
    let indent = names + 4;
    let room = width.saturating_sub(indent).max(NARROWEST);
    let mut lines = Vec::new();
    for (name, text) in &entries {
        let mut name = *name;
        for part in wrapped(text, room) {
            lines.push(format!("  {name:names$}  {part}"));
            name = "";
        }
    }
    let by_field: Vec<Vec<String>> = written
        .misfits_by_field
        .iter()
        .map(|(field, reason, count)| {
            vec![clean(field), format::count(*count), (*reason).to_owned()]
        })
        .collect();
    let widths = widths(&by_field);
    let fits = widths.iter().map(|width| width + 2).sum::<usize>() <= room.saturating_add(2);
    for row in &by_field {
        if fits {
            lines.push(format!("{:indent$}{}", "", line(row, &widths)));
            continue;
        }
        lines.push(format!("{:indent$}{}  {}", "", row[0], row[1]));
        for part in wrapped(&row[2], room - 2) {
            lines.push(format!("{:indent$}  {part}", ""));
        }
    }
    lines
}

/// A text in lines of at most `width` places, broken between words. A longer word has a line of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut();
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn are(count: u64, noun: &str) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(count, noun))
}

/// What the portal's counts said.
fn verified(verification: &Verification, hidden: u64) -> Vec<String> {
    let ranges = counted(verification.ranges, "ranges");
    let differences = &verification.differences;
    let have = if verification.ranges == 1 {
        "has"
    } else {
        "have"
    };
    if differences.is_empty() {
        return vec![match hidden {
            0 if verification.ranges == 0 => {
                "verified: no range of IDs was left to count, each row came from both ends"
                    .to_owned()
            }
            _ if verification.ranges == 0 => {
                "verified: each row came from both ends, and where rows are counted and not shown, the pages agree"
                    .to_owned()
            }
            0 => format!("verified: {ranges} of IDs {have} as many rows as the portal counts"),
            _ => format!(
                "verified: {ranges} of IDs {have} as many rows as the portal counts, together with those that are not shown"
            ),
        }];
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
fn misfits(written: &Written) -> Option<String> {
    let (count, place) = written.misfits.as_ref()?;
    let verb = if *count == 1 { "does" } else { "do" };
    Some(format!(
        "{} {verb} not fit the type of the column, and NULL is there instead: {place} has each with row and field",
        counted(*count, "values")
    ))
}

/// The lines of a run that was asked for the first rows alone.
pub(crate) fn first_rows(rows: u64, noun: &str, written: &Written, width: usize) -> Vec<String> {
    let mut lines = vec![format!(
        "the first {}: {}",
        counted(rows, noun),
        written.description()
    )];
    if written.columns.is_some() {
        lines.extend(table(Vec::new(), written, width));
    }
    lines
}

/// What is proved of the rows, in plain words.
fn proof(report: &ListReport) -> String {
    match report.proof {
        Proof::UpTo(0) => ", complete: no rows (proved by ID)".to_owned(),
        Proof::UpTo(id) => format!(", complete to ID {id} (proved by ID)"),
        Proof::NothingBeside(_) => ", and the portal shows no rows beside these".to_owned(),
        Proof::Counted(_) => ", as many rows as the portal counts".to_owned(),
        Proof::EqualPasses(_) => ", proved by equal passes".to_owned(),
        Proof::OneReply => ", all in one reply".to_owned(),
        _ if report.rows == 0 => {
            ", not proved: no rows came, and the portal gives no count".to_owned()
        }
        _ => ", not proved: the list has no IDs to go by, or no count".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Written {
        Written {
            columns: Some(34),
            misfits: Some((1_015, "deals.csv.errors.jsonl".to_owned())),
            misfits_by_field: vec![
                ("CLOSEDATE".to_owned(), "it is not a date", 1_012),
                ("UF_CRM_1700000000008".to_owned(), "it is not an amount", 3),
            ],
            ..Written::file("deals.csv".to_owned(), 32_500_000)
        }
    }

    fn report() -> ListReport {
        let mut report = ListReport::default();
        report.rows = 61_208;
        report.requests = 19;
        report.commands = 875;
        report.strategy = "ID lanes";
        report.proof = Proof::UpTo(61_208);
        report.elapsed = Duration::from_secs(20);
        report.waited_for_limit = Duration::from_secs(7);
        report
    }

    #[test]
    fn a_run_with_columns_ends_with_a_table_that_has_the_misfits_of_each_field() {
        let lines = lines("deals", &report(), before(None), &written(), usize::MAX);
        assert_eq!(
            lines.join("\n"),
            "78,758 deals (17,550 of them from before) in 20.0 s: deals.csv (32.5 MB)\n  \
             columns   34\n  \
             requests  19 with 875 commands, 0 retries\n  \
             read by   ID lanes, complete to ID 61208 (proved by ID)\n  \
             waited    7.0 s for the rate limit\n  \
             misfits   1,015 values do not fit the type of the column, and NULL is there instead: deals.csv.errors.jsonl \
             has each with row and field\n            \
             CLOSEDATE             1,012  it is not a date\n            \
             UF_CRM_1700000000008  3      it is not an amount\n\
             rows that are counted but not shown were looked for only after the rows from before"
        );
    }

    fn before(hidden: Option<u64>) -> RowsBefore {
        RowsBefore {
            rows: 17_550,
            hidden,
        }
    }

    #[test]
    fn hidden_rows_of_an_interrupted_run_are_added_to_those_of_this_one() {
        let mut report = report();
        report.hidden = 3;
        let file = Written::file("deals.jsonl".to_owned(), 0);
        let said = lines("deals", &report, before(Some(4)), &file, 80).join("\n");
        assert!(said.contains("7 deals are counted but not shown"), "{said}");
        assert!(!said.contains("looked for only after"), "{said}");
        let said = lines("deals", &report, before(None), &file, 80).join("\n");
        assert!(said.contains("3 deals are counted but not shown"), "{said}");
        assert!(said.contains("looked for only after"), "{said}");
    }

    #[test]
    fn an_empty_list_says_that_it_is_proved_to_be_empty() {
        let mut report = report();
        (report.rows, report.proof) = (0, Proof::UpTo(0));
        let file = Written::file("deals.jsonl".to_owned(), 0);
        let lines = lines("deals", &report, RowsBefore::default(), &file, 40);
        assert!(
            lines[1].ends_with("ID lanes, complete: no rows (proved by ID)"),
            "{lines:?}"
        );
    }

    #[test]
    fn the_table_fits_a_terminal_of_40_columns() {
        let lines = lines("deals", &report(), RowsBefore::default(), &written(), 40);
        for line in &lines[1..] {
            assert!(line.width() <= 40, "{line}");
        }
        assert_eq!(
            lines[lines.len() - 4..],
            [
                "            CLOSEDATE  1,012",
                "              it is not a date",
                "            UF_CRM_1700000000008  3",
                "              it is not an amount",
            ]
        );
    }

    #[test]
    fn a_verified_list_says_in_how_many_ranges_and_that_hidden_rows_are_among_those_counted() {
        let mut verification = Verification::default();
        verification.ranges = 1;
        assert_eq!(
            verified(&verification, 0),
            ["verified: 1 range of IDs has as many rows as the portal counts"]
        );
        verification.ranges = 14;
        assert_eq!(
            verified(&verification, 3),
            [
                "verified: 14 ranges of IDs have as many rows as the portal counts, together with those that are not shown"
            ]
        );
    }

    #[test]
    fn rows_without_columns_have_two_lines() {
        let file = Written::file("deals.jsonl".to_owned(), 32_500_000);
        assert_eq!(
            lines("deals", &report(), RowsBefore::default(), &file, 40),
            [
                "61,208 deals in 20.0 s: deals.jsonl (32.5 MB)",
                "19 requests, 875 commands, 0 retries, waited 7.0 s for the rate limit; ID lanes, complete to ID 61208 \
                 (proved by ID)"
            ]
        );
    }
}
