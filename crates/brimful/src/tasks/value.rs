//! The codes of tasks and the words for them: statuses, priorities, marks.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// A text that is not one of the known words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a {what}: there are {known}")]
pub struct UnknownValue {
    given: String,
    what: &'static str,
    known: String,
}

/// An enum of codes: each has a number or a letter of the wire, and a word.
macro_rules! words {
    (
        $(#[$doc:meta])* $name:ident, $what:literal, $code:ty,
        $($(#[$variant_doc:meta])* $variant:ident = $value:literal, $word:literal $(| $alias:literal)*;)+
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code that it has on the wire.
            pub fn code(self) -> $code {
                match self {
                    $(Self::$variant => $value,)+
                }
            }

            /// The word for it, in lower case with hyphens.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $name {
            type Err = UnknownValue;

            /// Reads a word, with hyphens or underscores, or a code.
            fn from_str(text: &str) -> Result<Self, UnknownValue> {
                let given = text.trim().to_ascii_lowercase().replace('_', "-");
                for one in Self::ALL {
                    let aliases: &[&str] = match one {
                        $(Self::$variant => &[$word, $($alias),*],)+
                    };
                    if aliases.contains(&given.as_str()) || one.code().to_string().eq_ignore_ascii_case(&given) {
                        return Ok(*one);
                    }
                }
                let known: Vec<&str> = Self::ALL.iter().map(|one| one.word()).collect();
                Err(UnknownValue {
                    given: text.to_owned(),
                    what: $what,
                    known: known.join(", "),
                })
            }
        }

        impl Serialize for $name {
            /// Writes the code, which is what portals take; the word for people is [`word`](Self::word).
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.code().serialize(serializer)
            }
        }

        impl From<$name> for Value {
            fn from(one: $name) -> Self {
                one.code().into()
            }
        }
    };
}

/// What a code of the wire means, as a number or a text, or a word of REST 3.0.
pub(super) fn of<T: FromStr>(value: &Value) -> Option<T> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

words! {
    /// The status that is stored with a task: `REAL_STATUS` in filters, `status` in rows (documentation of
    /// `tasks.task.list`).
    ///
    /// ```
    /// use brimful::tasks::Status;
    ///
    /// assert_eq!("in-progress".parse::<Status>().unwrap(), Status::InProgress);
    /// assert_eq!(Status::InProgress.code(), 3);
    /// ```
    Status, "status", i64,
    /// 1: new; portals write it no more.
    New = 1, "new";
    /// 2: waits to be begun.
    Pending = 2, "pending";
    /// 3: somebody works on it.
    InProgress = 3, "in-progress";
    /// 4: done, says who did it; its creator has to accept that.
    AwaitingControl = 4, "awaiting-control" | "supposedly-completed";
    /// 5: done.
    Completed = 5, "completed";
    /// 6: put off.
    Deferred = 6, "deferred";
    /// 7: refused by who was to do it.
    Declined = 7, "declined";
}

words! {
    /// The status that follows from the stored one, the clock and who reads: `STATUS` in filters, `subStatus` in rows.
    ///
    /// An overdue task is [`Overdue`](Self::Overdue) and nothing else, whatever is stored: a filter by
    /// [`InProgress`](Self::InProgress) of this status leaves the overdue, unseen and nearly overdue ones out.
    SubStatus, "status", i64,
    /// -3: due within a day.
    DueSoon = -3, "due-soon";
    /// -2: not looked at yet by who reads.
    Unseen = -2, "unseen";
    /// -1: the deadline has passed.
    Overdue = -1, "overdue";
    /// 1: as stored.
    New = 1, "new";
    /// 2: as stored.
    Pending = 2, "pending";
    /// 3: as stored.
    InProgress = 3, "in-progress";
    /// 4: as stored.
    AwaitingControl = 4, "awaiting-control" | "supposedly-completed";
    /// 5: as stored.
    Completed = 5, "completed";
    /// 6: as stored.
    Deferred = 6, "deferred";
    /// 7: as stored.
    Declined = 7, "declined";
}

words! {
    /// How urgent a task is.
    Priority, "priority", i64,
    /// 0.
    Low = 0, "low";
    /// 1: what a task has if nobody says otherwise.
    Average = 1, "average";
    /// 2.
    High = 2, "high";
}

words! {
    /// How the creator of a task rates the work.
    Mark, "mark", &'static str,
    /// `P`.
    Positive = "P", "positive";
    /// `N`.
    Negative = "N", "negative";
}

words! {
    /// What somebody has to do with a task: `ROLE` in filters, for the user who asks.
    Role, "role", &'static str,
    /// Is to do it.
    Responsible = "R", "responsible";
    /// Helps to do it.
    Accomplice = "A", "accomplice";
    /// Looks on.
    Auditor = "U", "auditor";
    /// Set it.
    Originator = "O", "originator" | "creator";
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_code_is_read_as_a_number_a_text_or_a_word_of_rest_3() {
        for value in [
            json!(3),
            json!("3"),
            json!("in_progress"),
            json!("In-Progress"),
        ] {
            assert_eq!(of::<Status>(&value), Some(Status::InProgress), "{value}");
        }
        assert_eq!(
            of::<Status>(&json!("supposedly_completed")),
            Some(Status::AwaitingControl)
        );
        assert_eq!(of::<SubStatus>(&json!("-1")), Some(SubStatus::Overdue));
        assert_eq!(of::<Mark>(&json!("P")), Some(Mark::Positive));
        for value in [json!(""), json!(null), json!("-9"), json!([3])] {
            assert_eq!(of::<Status>(&value), None, "{value}");
        }
    }

    #[test]
    fn a_value_is_written_as_the_code_that_portals_take() {
        let written = json!([
            Status::InProgress,
            SubStatus::Overdue,
            Priority::High,
            Mark::Negative,
            Role::Auditor
        ]);
        assert_eq!(written, json!([3, -1, 2, "N", "U"]));
        assert_eq!(Value::from(Mark::Negative), json!("N"));
    }

    #[test]
    fn a_word_that_is_not_known_is_answered_with_those_that_are() {
        let error = "done".parse::<Status>().unwrap_err().to_string();
        assert_eq!(
            error,
            "\"done\" is not a status: there are new, pending, in-progress, awaiting-control, completed, deferred, declined"
        );
    }
}
