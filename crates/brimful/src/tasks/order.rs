//! What tasks can be sorted by: a fixed list, and an error with the code `0` for anything else.

use std::fmt;
use std::str::FromStr;

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Smallest or earliest first.
    #[default]
    Ascending,
    /// Greatest or latest first.
    Descending,
}

impl Direction {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

/// A name that tasks cannot be sorted by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tasks cannot be sorted by {given:?}: they can by {}", names())]
pub struct NotSortable {
    given: String,
}

macro_rules! sortable {
    ($($variant:ident = $name:literal;)+) => {
        /// What tasks can be sorted by (documentation of `tasks.task.list`, and the portal's own list).
        ///
        /// ```
        /// use brimful::tasks::OrderBy;
        ///
        /// assert_eq!("deadline".parse::<OrderBy>().unwrap(), OrderBy::Deadline);
        /// assert!("DESCRIPTION".parse::<OrderBy>().is_err());
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum OrderBy {
            $(#[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl OrderBy {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in the documentation.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

sortable! {
    Id = "ID";
    Title = "TITLE";
    TimeSpentInLogs = "TIME_SPENT_IN_LOGS";
    DateStart = "DATE_START";
    CreatedDate = "CREATED_DATE";
    ChangedDate = "CHANGED_DATE";
    ClosedDate = "CLOSED_DATE";
    ActivityDate = "ACTIVITY_DATE";
    StartDatePlan = "START_DATE_PLAN";
    EndDatePlan = "END_DATE_PLAN";
    Deadline = "DEADLINE";
    RealStatus = "REAL_STATUS";
    StatusComplete = "STATUS_COMPLETE";
    Priority = "PRIORITY";
    Mark = "MARK";
    CreatedBy = "CREATED_BY";
    CreatedByLastName = "CREATED_BY_LAST_NAME";
    ResponsibleId = "RESPONSIBLE_ID";
    ResponsibleLastName = "RESPONSIBLE_LAST_NAME";
    GroupId = "GROUP_ID";
    TimeEstimate = "TIME_ESTIMATE";
    AllowChangeDeadline = "ALLOW_CHANGE_DEADLINE";
    AllowTimeTracking = "ALLOW_TIME_TRACKING";
    MatchWorkTime = "MATCH_WORK_TIME";
    Favorite = "FAVORITE";
    Sorting = "SORTING";
}

fn names() -> String {
    let names: Vec<&str> = OrderBy::ALL.iter().map(|by| by.name()).collect();
    names.join(", ")
}

impl FromStr for OrderBy {
    type Err = NotSortable;

    /// Reads a name of the documentation, in any case and with hyphens for underscores if need be.
    fn from_str(text: &str) -> Result<Self, NotSortable> {
        let name = text.trim().replace('-', "_");
        let found = Self::ALL
            .iter()
            .find(|by| by.name().eq_ignore_ascii_case(&name));
        found.copied().ok_or_else(|| NotSortable {
            given: text.to_owned(),
        })
    }
}

impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
