//! The outcome of a call, as a line of JSON and as a count.

use std::fmt;

use brimful::Outcome;
use serde::{Deserialize, Serialize};

use crate::format::{self, count};
use crate::json_text;
use crate::printer::turns_text;
use crate::redact::redact;

/// The outcome of a call, without its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// It ran and has a result.
    Done,
    /// The portal answered with an error.
    Failed,
    /// It certainly did not run.
    NotRun,
    /// It may have run.
    Unknown,
}

impl Kind {
    /// The word for it in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::NotRun => "not run",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done(_) => Self::Done,
            Outcome::NotRun(_) => Self::NotRun,
            // With an empty reference the portal ran something else than what was asked for.
            Outcome::Failed(_) | Outcome::EmptyReference(_) => Self::Failed,
            // What is neither of these is nothing that may be repeated.
            _ => Self::Unknown,
        }
    }
}

#[derive(Serialize)]
struct OutcomeMember {
    outcome: Kind,
}

#[derive(Serialize)]
struct FailedCall<'a> {
    error: &'a str,
    error_description: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    validation: &'a [String],
}

#[derive(Serialize)]
struct Reason<'a> {
    reason: &'a str,
}

/// Where a result stands in its list, as the portal says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Paging {
    /// How many rows match in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// Where the next page starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<u64>,
}

impl Paging {
    /// Whether there are more rows than those of the result.
    pub(crate) fn is_cut(self, outcome: &Outcome) -> bool {
        self.next.is_some() && outcome.done().is_some()
    }
}

/// What is said of results that are a page of several: of `method` if it is the same for all.
pub(crate) fn cut_lists(count: u64, method: Option<&str>) -> Option<String> {
    let what = match count {
        0 => return None,
        1 => "1 result is one page of several, its".to_owned(),
        _ => format!(
            "{} results are one page of several each, their",
            format::count(count)
        ),
    };
    let all = method.unwrap_or("METHOD");
    Some(format!(
        "{what} next page starts at \"next\"; brimful export {all} reads all rows"
    ))
}

/// Appends the line of an outcome, with its end: what `head` has (an object), how the call ended, and the result as the
/// portal wrote it, or the error, or the reason.
pub(crate) fn write(out: &mut Vec<u8>, head: &impl Serialize, outcome: &Outcome) {
    write_as(out, head, Kind::of(outcome), outcome, Paging::default());
}

/// Appends the line of a call that is about to be made: what it says is true if the run ends before its answer comes.
pub(crate) fn write_unanswered(out: &mut Vec<u8>, head: &impl Serialize) {
    let unknown = Outcome::Unknown("the run ended before its answer came".to_owned());
    write(out, head, &unknown);
}

/// The same as [`write`], where the caller knows better how the call ended.
pub(crate) fn write_as(
    out: &mut Vec<u8>,
    head: &impl Serialize,
    kind: Kind,
    outcome: &Outcome,
    paging: Paging,
) {
    members(out, head);
    out.push(b',');
    members(out, &OutcomeMember { outcome: kind });
    match outcome {
        Outcome::Done(result) => {
            out.extend_from_slice(b",\"result\":");
            json_text::write_one_line(out, result.get().as_bytes());
            if paging != Paging::default() {
                out.push(b',');
                members(out, &paging);
            }
        }
        Outcome::Failed(error) => {
            out.push(b',');
            let validation: Vec<String> = error.validation.iter().map(|said| kept(said)).collect();
            let failed = FailedCall {
                error: &kept(error.code.as_str()),
                error_description: &kept(&error.description),
                validation: &validation,
            };
            words(out, &failed);
        }
        Outcome::NotRun(why) => reason(out, &why.to_string()),
        Outcome::EmptyReference(empty) => reason(out, &empty.to_string()),
        Outcome::Unknown(why) => reason(out, why),
        _ => {}
    }
    out.extend_from_slice(b"}\n");
}

fn reason(out: &mut Vec<u8>, why: &str) {
    out.push(b',');
    words(out, &Reason { reason: &kept(why) });
}

/// The longest text of an error that is kept whole, in characters: a portal may send megabytes with each.
const LONGEST: usize = 4_000;

/// What a portal says of an error: without secrets, and not without end.
fn kept(text: &str) -> String {
    let text = redact(text);
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{}… and {more} characters more", &text[..end])
        }
    }
}

/// Members whose values are a portal's words: characters that a terminal shows in another order than they stand are
/// written as escapes, which are the same text to a reader of the JSON.
fn words(out: &mut Vec<u8>, object: &impl Serialize) {
    let start = out.len();
    members(out, object);
    let written = String::from_utf8_lossy(&out[start..]).into_owned();
    if written.contains(turns_text) {
        out.truncate(start);
        for c in written.chars() {
            if turns_text(c) {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            } else {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

/// The members of an object, without its closing brace; the first ones open it.
fn members(out: &mut Vec<u8>, object: &impl Serialize) {
    let opened = out.last() != Some(&b',');
    // What is written here has text keys and no other values than text and numbers.
    let json = serde_json::to_vec(object).unwrap_or_else(|_| b"{}".to_vec());
    let inside = json.strip_suffix(b"}").unwrap_or(&json);
    let inside = if opened {
        inside
    } else {
        inside.strip_prefix(b"{").unwrap_or(inside)
    };
    out.extend_from_slice(inside);
}

/// How many calls ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) not_run: u64,
    pub(crate) unknown: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, kind: Kind) {
        *match kind {
            Kind::Done => &mut self.done,
            Kind::Failed => &mut self.failed,
            Kind::NotRun => &mut self.not_run,
            Kind::Unknown => &mut self.unknown,
        } += 1;
    }

    pub(crate) fn all(self) -> u64 {
        self.done + self.failed + self.not_run + self.unknown
    }

    /// Whether asking again would bring nothing else: what has no result was refused.
    pub(crate) fn is_settled(self) -> bool {
        self.not_run == 0 && self.unknown == 0
    }

    /// Whether every call has a result.
    pub(crate) fn is_done(self) -> bool {
        self.done == self.all()
    }
}

/// `19,990 done, 10 failed`
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} done", count(self.done))?;
        for (number, what) in [
            (self.failed, "failed"),
            (self.not_run, "not run"),
            (self.unknown, "unknown"),
        ] {
            if number > 0 {
                write!(f, ", {} {what}", count(number))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use brimful::NotRun;
    use serde_json::{json, value::RawValue};

    use super::*;

    fn line(outcome: &Outcome) -> String {
        let mut out = b"before\n".to_vec();
        write(&mut out, &json!({"line": 7}), outcome);
        String::from_utf8(out.split_off(7)).unwrap()
    }

    #[test]
    fn a_result_is_as_the_portal_wrote_it() {
        let result = RawValue::from_string("{\"ID\": \"1\",\n \"N\": 1.10}".to_owned()).unwrap();
        assert_eq!(
            line(&Outcome::Done(result)),
            "{\"line\":7,\"outcome\":\"done\",\"result\":{\"ID\":\"1\",\"N\":1.10}}\n"
        );
    }

    #[test]
    fn a_page_of_a_list_says_where_the_next_one_starts() {
        let result = RawValue::from_string("[{}]".to_owned()).unwrap();
        let outcome = Outcome::Done(result);
        let paging = Paging {
            total: Some(120),
            next: Some(50),
        };
        let mut out = Vec::new();
        write_as(&mut out, &json!({"line": 7}), Kind::Done, &outcome, paging);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"line\":7,\"outcome\":\"done\",\"result\":[{}],\"total\":120,\"next\":50}\n"
        );
        assert!(paging.is_cut(&outcome));
        assert_eq!(cut_lists(0, None), None);
    }

    #[test]
    fn what_a_portal_says_of_an_error_is_cut_and_turns_no_text_round() {
        let described = |code: &str, description: String| {
            let error = json!({"error": code, "error_description": description}).to_string();
            line(&Outcome::Failed(
                serde_json::from_str::<brimful_protocol::ApiError>(&error).unwrap(),
            ))
        };
        let long = described("E", "x".repeat(1_000_000));
        assert!(long.len() < 5_000, "{}", long.len());
        assert!(long.contains("… and 996000 characters more"));
        let turned = described("E", "a\u{202e}b\u{1b}[31m".to_owned());
        assert!(turned.contains(r"a\u202eb\u001b[31m"), "{turned}");
        let read: serde_json::Value = serde_json::from_str(&turned).unwrap();
        assert_eq!(read["error_description"], "a\u{202e}b\u{1b}[31m");
        let secret = described("https://p.ru/rest/1/s3cr3tc0de/", String::new());
        assert!(!secret.contains("s3cr3tc0de"), "{secret}");
    }

    #[test]
    fn an_outcome_that_is_none_says_why() {
        assert_eq!(
            line(&Outcome::NotRun(NotRun::NoCommand)),
            "{\"line\":7,\"outcome\":\"not_run\",\"reason\":\"no command was built\"}\n"
        );
        assert_eq!(
            line(&Outcome::Unknown(
                "https://p.ru/rest/1/s3cr3t/ timed \"out\"".to_owned()
            )),
            "{\"line\":7,\"outcome\":\"unknown\",\"reason\":\"https://p.ru/rest/1/…/ timed \\\"out\\\"\"}\n"
        );
    }

    #[test]
    fn a_tally_names_what_there_is() {
        let mut tally = Tally::default();
        for _ in 0..1_200 {
            tally.add(Kind::Done);
        }
        assert!(tally.is_done());
        tally.add(Kind::Unknown);
        assert_eq!(tally.to_string(), "1,200 done, 1 unknown");
        assert!(!tally.is_done());
    }
}
