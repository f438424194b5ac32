//! A task, as its row is understood.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::lenient::{self, Row};
use super::moment::Moment;
use super::value::{Mark, Priority, Status, SubStatus};

/// A task. What was not asked for, what has no value, and what is not understood is `None`; the last of these and all
/// that has no place here (user fields, permissions) is in [`other`](Self::other), as it came.
///
/// ```
/// use brimful::tasks::{Status, SubStatus, Task};
///
/// let task: Task = serde_json::from_str(
///     r#"{"id":"434","title":"Report","status":"3","subStatus":"-1","groupId":"0","deadline":"2026-05-04T20:00:00+03:00",
///         "creator":{"id":"1","name":"Ann Kim"},"tags":[],"favorite":"N","ufAuto101":"north"}"#,
/// )
/// .unwrap();
/// assert_eq!((task.id, task.status, task.sub_status), (434, Some(Status::InProgress), Some(SubStatus::Overdue)));
/// assert_eq!((task.group_id, task.favorite), (None, Some(false)));
/// assert_eq!(task.creator.unwrap().name.unwrap(), "Ann Kim");
/// assert_eq!(task.other["ufAuto101"], "north");
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Task {
    /// `ID`
    pub id: u64,
    /// `TITLE`
    pub title: Option<String>,
    /// `DESCRIPTION`
    pub description: Option<String>,
    /// `STATUS`: the status that is stored.
    pub status: Option<Status>,
    /// The status by the clock, for who reads. REST 3.0 has none.
    pub sub_status: Option<SubStatus>,
    /// `PRIORITY`
    pub priority: Option<Priority>,
    /// `MARK`
    pub mark: Option<Mark>,
    /// `PARENT_ID`
    pub parent_id: Option<u64>,
    /// `GROUP_ID`: the project; none where a portal writes 0.
    pub group_id: Option<u64>,
    /// `STAGE_ID`
    pub stage_id: Option<u64>,
    /// `FLOW_ID`
    pub flow_id: Option<u64>,
    /// `CREATED_BY`
    pub created_by: Option<u64>,
    /// `RESPONSIBLE_ID`
    pub responsible_id: Option<u64>,
    /// `CHANGED_BY`
    pub changed_by: Option<u64>,
    /// `STATUS_CHANGED_BY`
    pub status_changed_by: Option<u64>,
    /// `CLOSED_BY`
    pub closed_by: Option<u64>,
    /// `ACCOMPLICES`
    pub accomplices: Vec<u64>,
    /// `AUDITORS`
    pub auditors: Vec<u64>,
    /// `TAGS`
    pub tags: Vec<Tag>,
    /// `DEADLINE`
    pub deadline: Option<Moment>,
    /// `CREATED_DATE`
    pub created: Option<Moment>,
    /// `CHANGED_DATE`
    pub changed: Option<Moment>,
    /// `STATUS_CHANGED_DATE`
    pub status_changed: Option<Moment>,
    /// `CLOSED_DATE`
    pub closed: Option<Moment>,
    /// `ACTIVITY_DATE`
    pub activity: Option<Moment>,
    /// `DATE_START`
    pub started: Option<Moment>,
    /// `START_DATE_PLAN`
    pub start_plan: Option<Moment>,
    /// `END_DATE_PLAN`
    pub end_plan: Option<Moment>,
    /// `VIEWED_DATE`
    pub viewed: Option<Moment>,
    /// `COMMENTS_COUNT`
    pub comments_count: Option<i64>,
    /// `NEW_COMMENTS_COUNT`
    pub new_comments_count: Option<i64>,
    /// `TIME_ESTIMATE`, in seconds.
    pub time_estimate: Option<i64>,
    /// `TIME_SPENT_IN_LOGS`, in seconds.
    pub time_spent: Option<i64>,
    /// `FAVORITE`
    pub favorite: Option<bool>,
    /// `NOT_VIEWED`
    pub not_viewed: Option<bool>,
    /// `REPLICATE`
    pub replicates: Option<bool>,
    /// `TASK_CONTROL`: its creator has to accept the work.
    pub task_control: Option<bool>,
    /// `ALLOW_CHANGE_DEADLINE`
    pub allow_change_deadline: Option<bool>,
    /// `ALLOW_TIME_TRACKING`
    pub allow_time_tracking: Option<bool>,
    /// Who set it; comes with `CREATED_BY`. REST 3.0 has it under another name.
    pub creator: Option<Person>,
    /// The person responsible; comes with `RESPONSIBLE_ID`.
    pub responsible: Option<Person>,
    /// The project; comes with `GROUP_ID`.
    pub group: Option<Group>,
    /// `UF_CRM_TASK`: what it belongs to in the CRM, `D_7` being deal 7.
    pub crm: Vec<String>,
    /// Everything else, by the keys of the row.
    pub other: Map<String, Value>,
}

/// A user beside a task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Person {
    /// The user's ID.
    pub id: u64,
    /// First and last name.
    pub name: Option<String>,
    /// What the user is in the company.
    pub work_position: Option<String>,
}

/// A project beside a task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Group {
    /// The project's ID.
    pub id: u64,
    /// Its name.
    pub name: Option<String>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tag {
    /// Its ID, where the portal tells it.
    pub id: Option<u64>,
    /// The tag.
    pub title: String,
}

impl Task {
    /// A row of the older REST, understood; nothing without an ID.
    pub(super) fn of(row: Map<String, Value>) -> Option<Self> {
        let mut row = Row(row);
        Some(Self {
            id: row.id("id")?,
            title: row.text("title"),
            description: row.text("description"),
            status: row.word("status"),
            sub_status: row.word("subStatus"),
            priority: row.word("priority"),
            mark: row.word("mark"),
            parent_id: row.id("parentId").filter(|id| *id > 0),
            group_id: row.id("groupId").filter(|id| *id > 0),
            stage_id: row.id("stageId").filter(|id| *id > 0),
            flow_id: row.id("flowId").filter(|id| *id > 0),
            created_by: row.id("createdBy").filter(|id| *id > 0),
            responsible_id: row.id("responsibleId").filter(|id| *id > 0),
            changed_by: row.id("changedBy").filter(|id| *id > 0),
            status_changed_by: row.id("statusChangedBy").filter(|id| *id > 0),
            closed_by: row.id("closedBy").filter(|id| *id > 0),
            accomplices: row.list("accomplices", lenient::id),
            auditors: row.list("auditors", lenient::id),
            tags: row.list("tags", tag),
            deadline: row.moment("deadline"),
            created: row.moment("createdDate"),
            changed: row.moment("changedDate"),
            status_changed: row.moment("statusChangedDate"),
            closed: row.moment("closedDate"),
            activity: row.moment("activityDate"),
            started: row.moment("dateStart"),
            start_plan: row.moment("startDatePlan"),
            end_plan: row.moment("endDatePlan"),
            viewed: row.moment("viewedDate"),
            comments_count: row.number("commentsCount"),
            new_comments_count: row.number("newCommentsCount"),
            time_estimate: row.number("timeEstimate"),
            time_spent: row.number("timeSpentInLogs"),
            favorite: row.flag("favorite"),
            not_viewed: row.flag("notViewed"),
            replicates: row.flag("replicate"),
            task_control: row.flag("taskControl"),
            allow_change_deadline: row.flag("allowChangeDeadline"),
            allow_time_tracking: row.flag("allowTimeTracking"),
            creator: row.object("creator", person),
            responsible: row.object("responsible", person),
            group: row.object("group", group),
            crm: row.list("ufCrmTask", lenient::text),
            other: row.0,
        })
    }
}

fn person(mut row: Row) -> Option<Person> {
    Some(Person {
        id: row.id("id")?,
        name: row.text("name"),
        work_position: row.text("workPosition"),
    })
}

fn group(mut row: Row) -> Option<Group> {
    Some(Group {
        id: row.id("id")?,
        name: row.text("name"),
    })
}

/// A tag as an object of an ID and a title, or as its title alone.
fn tag(value: &Value) -> Option<Tag> {
    match value {
        Value::Object(map) => {
            let mut row = Row(map.clone());
            Some(Tag {
                id: row.id("id"),
                title: row.text("title")?,
            })
        }
        other => Some(Tag {
            id: None,
            title: lenient::text(other)?,
        }),
    }
}

impl<'de> Deserialize<'de> for Task {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Map::deserialize(deserializer)?;
        Self::of(row).ok_or_else(|| serde::de::Error::custom("a task without an ID"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(row: Value) -> Task {
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn lists_come_as_arrays_as_maps_by_id_and_as_nothing() {
        let full = task(json!({
            "id": 1, "auditors": {"5": "5", "7": 7}, "accomplices": ["3"],
            "tags": {"11": {"id": 11, "title": "hot"}, "12": {"id": "12", "title": "cold"}},
            "ufCrmTask": ["D_7", "C_2"],
        }));
        assert_eq!((full.auditors, full.accomplices), (vec![5, 7], vec![3]));
        assert_eq!(full.tags[1].title, "cold");
        assert_eq!(full.tags[1].id, Some(12));
        assert_eq!(full.crm, ["D_7", "C_2"]);
        assert!(full.other.is_empty());
        let empty = task(json!({
            "id": "1", "auditors": [], "accomplices": "", "tags": null, "creator": [], "group": [], "ufCrmTask": false,
        }));
        assert!(empty.auditors.is_empty() && empty.tags.is_empty());
        assert_eq!((empty.creator, empty.group), (None, None));
        // A flag for a list is not understood, and stays.
        assert_eq!(empty.other["ufCrmTask"], false);
    }

    #[test]
    fn nothing_is_lost_that_is_not_understood() {
        let row = json!({
            "id": "7", "status": "99", "deadline": "01.12.2026", "groupId": "x", "favorite": "?", "newCommentsCount": 0,
            "ufAuto_1": [1], "action": {"edit": true},
        });
        let task = task(row);
        assert_eq!(
            (task.status, task.deadline, task.favorite),
            (None, None, None)
        );
        assert_eq!(task.new_comments_count, Some(0));
        for key in [
            "status", "deadline", "groupId", "favorite", "ufAuto_1", "action",
        ] {
            assert!(task.other.contains_key(key), "{key}");
        }
    }

    #[test]
    fn a_row_without_an_id_is_not_a_task() {
        for row in [json!({}), json!({"ID": "7"}), json!({"id": ""}), json!([])] {
            assert!(serde_json::from_value::<Task>(row).is_err());
        }
    }
}
