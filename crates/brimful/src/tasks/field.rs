//! The fields of tasks, for `select`: their names in the documentation, and what they are in REST 3.0.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A field of a task, as `select` and filters name it; or [`ALL`](Field::ALL), or [`USER_FIELDS`](Field::USER_FIELDS).
///
/// A wrong name is refused here: a portal ignores such names, and where none is left it sends everything.
///
/// ```
/// use brimful::tasks::Field;
///
/// assert_eq!("RESPONSIBLE_ID".parse::<Field>().unwrap(), Field::RESPONSIBLE_ID);
/// assert_eq!("responsibleId".parse::<Field>().unwrap(), Field::RESPONSIBLE_ID);
/// assert!("CREATED_BY_USER.NAME".parse::<Field>().is_err());
/// assert_eq!(Field::user("UF_AUTO_101").unwrap().name(), "UF_AUTO_101");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field(Cow<'static, str>);

/// A name that no field of a task has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a field of a task: fields are called TITLE or responsibleId as in the documentation, and user fields UF_…"
)]
pub struct UnknownField(String);

/// How a value of REST 3.0 is written in the older REST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OlderForm {
    /// Numbers as texts.
    Text,
    /// The same, and 0 where there is none.
    NumberOrZero,
    /// `Y` or `N`.
    Flag,
    /// The code of a word.
    Status,
    Priority,
    Mark,
}

macro_rules! fields {
    ($($constant:ident $(= $rest3:literal as $older:ident)?;)+) => {
        impl Field {
            $(
                #[doc = concat!("`", stringify!($constant), "`")]
                pub const $constant: Self = Self(Cow::Borrowed(stringify!($constant)));
            )+
        }

        const NAMES: &[&str] = &[$(stringify!($constant)),+];
        const REST3: &[(&str, &str, OlderForm)] = &[$($((stringify!($constant), $rest3, OlderForm::$older),)?)+];
    };
}

fields! {
    ID = "id" as Text;
    PARENT_ID = "parentId" as NumberOrZero;
    TITLE = "title" as Text;
    DESCRIPTION = "description" as Text;
    MARK = "mark" as Mark;
    PRIORITY = "priority" as Priority;
    STATUS = "status" as Status;
    MULTITASK = "isMultitask" as Flag;
    NOT_VIEWED;
    REPLICATE = "replicate" as Flag;
    STAGE_ID = "stageId" as NumberOrZero;
    SPRINT_ID;
    BACKLOG_ID;
    CREATED_BY = "creatorId" as Text;
    CREATED_DATE = "created" as Text;
    RESPONSIBLE_ID = "responsibleId" as Text;
    ACCOMPLICES;
    AUDITORS;
    CHANGED_BY = "changedById" as Text;
    CHANGED_DATE = "changed" as Text;
    STATUS_CHANGED_BY = "statusChangedById" as Text;
    STATUS_CHANGED_DATE = "statusChanged" as Text;
    CLOSED_BY = "closedById" as NumberOrZero;
    CLOSED_DATE = "closed" as Text;
    ACTIVITY_DATE = "activity" as Text;
    DATE_START = "started" as Text;
    DEADLINE = "deadline" as Text;
    START_DATE_PLAN = "startPlan" as Text;
    END_DATE_PLAN = "endPlan" as Text;
    GUID = "guid" as Text;
    XML_ID = "xmlId" as Text;
    COMMENTS_COUNT;
    SERVICE_COMMENTS_COUNT;
    NEW_COMMENTS_COUNT;
    ALLOW_CHANGE_DEADLINE = "allowsChangeDeadline" as Flag;
    ALLOW_TIME_TRACKING = "allowsTimeTracking" as Flag;
    TASK_CONTROL = "needsControl" as Flag;
    ADD_IN_REPORT = "addInReport" as Flag;
    FORKED_BY_TEMPLATE_ID = "forkedByTemplateId" as Text;
    TIME_ESTIMATE = "estimatedTime" as NumberOrZero;
    TIME_SPENT_IN_LOGS;
    MATCH_WORK_TIME = "matchesWorkTime" as Flag;
    FORUM_TOPIC_ID;
    FORUM_ID;
    SITE_ID = "siteId" as Text;
    SUBORDINATE;
    FAVORITE;
    EXCHANGE_ID = "exchangeId" as Text;
    EXCHANGE_MODIFIED = "exchangeModified" as Text;
    OUTLOOK_VERSION = "outlookVersion" as Text;
    VIEWED_DATE;
    SORTING;
    DURATION_PLAN;
    DURATION_FACT;
    DURATION_TYPE = "durationType" as Text;
    IS_MUTED;
    IS_PINNED;
    IS_PINNED_IN_GROUP;
    FLOW_ID = "flowId" as Text;
    DESCRIPTION_IN_BBCODE;
    GROUP_ID = "groupId" as NumberOrZero;
    TAGS;
    CHECKLIST;
    UF_CRM_TASK;
    UF_TASK_WEBDAV_FILES;
    UF_MAIL_MESSAGE;
}

impl Field {
    /// `*`: all fields of the documentation, and no user field.
    pub const ALL: Self = Self(Cow::Borrowed("*"));
    /// `UF_*`: all user fields. A portal that is asked for nothing else sends everything but these, so the ID is asked
    /// for beside them.
    pub const USER_FIELDS: Self = Self(Cow::Borrowed("UF_*"));

    /// What a list asks for where nobody says otherwise: what most people want to see of a task, all of which REST 3.0
    /// has too.
    pub const USUAL: [Self; 11] = [
        Self::ID,
        Self::TITLE,
        Self::STATUS,
        Self::PRIORITY,
        Self::DEADLINE,
        Self::RESPONSIBLE_ID,
        Self::CREATED_BY,
        Self::GROUP_ID,
        Self::CREATED_DATE,
        Self::CHANGED_DATE,
        Self::CLOSED_DATE,
    ];

    /// A user field.
    ///
    /// # Errors
    /// The name does not begin with `UF_`, or has something in it that names of fields have not.
    pub fn user(name: impl Into<String>) -> Result<Self, UnknownField> {
        let name: String = name.into();
        let sound = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        match name.strip_prefix("UF_") {
            Some(rest) if !rest.is_empty() && rest.chars().all(sound) => Ok(Self(name.into())),
            _ => Err(UnknownField(name)),
        }
    }

    /// The name in the documentation: `RESPONSIBLE_ID`.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The key in rows: `responsibleId`. Bitrix24 makes it of the lower-cased name, so what was upper or lower case is
    /// lost.
    pub fn key(&self) -> String {
        camel(&self.0)
    }

    /// What REST 3.0 calls it, and how its values are written there; nothing where it has no such field.
    pub(super) fn rest3(&self) -> Option<(&'static str, OlderForm)> {
        let found = REST3.iter().find(|(name, ..)| *name == self.0);
        found.map(|(_, rest3, older)| (*rest3, *older))
    }
}

/// `RESPONSIBLE_ID` as rows spell it.
fn camel(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    key.push_str(&parts.next().unwrap_or_default().to_ascii_lowercase());
    for part in parts {
        let lower = part.to_ascii_lowercase();
        let mut letters = lower.chars();
        key.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        key.push_str(letters.as_str());
    }
    key
}

impl FromStr for Field {
    type Err = UnknownField;

    /// Reads a name of the documentation in any case, the key that rows have it under, or a user field.
    fn from_str(text: &str) -> Result<Self, UnknownField> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::ALL);
        }
        if text.eq_ignore_ascii_case("UF_*") {
            return Ok(Self::USER_FIELDS);
        }
        let known = |name: &&&str| text.eq_ignore_ascii_case(name) || text == camel(name);
        match NAMES.iter().find(known) {
            Some(name) => Ok(Self(Cow::Borrowed(name))),
            None => {
                Self::user(text.to_ascii_uppercase()).map_err(|_| UnknownField(text.to_owned()))
            }
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_known_by_its_name_and_by_its_key() {
        for name in NAMES {
            let field: Field = name.parse().unwrap();
            assert_eq!(field.name(), *name);
            assert_eq!(field.key().parse::<Field>().unwrap(), field, "{name}");
        }
        assert_eq!("uf_auto_1".parse::<Field>().unwrap().name(), "UF_AUTO_1");
        assert_eq!(Field::user("UF_AUTO_101").unwrap().key(), "ufAuto101");
        for name in ["", "titel", "CREATED_BY_USER.NAME", "UF_", "UF_A-B"] {
            assert!(name.parse::<Field>().is_err(), "{name}");
        }
    }

    #[test]
    fn what_a_list_usually_asks_for_is_there_in_rest_3_too() {
        for field in Field::USUAL {
            assert!(field.rest3().is_some(), "{field}");
        }
    }
}
