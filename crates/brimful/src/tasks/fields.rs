//! What a task is to be: the fields of `tasks.task.add` and `tasks.task.update`.

use serde_json::{Map, Value};

use super::field::Field;
use super::filter::YesNo;
use super::moment::Moment;
use super::value::{Mark, Priority, Status};

/// The fields of a task that is to be made or changed. What is not named stays as it is.
///
/// ```
/// use brimful::tasks::{Priority, TaskFields};
///
/// let fields = TaskFields::new()
///     .title("Call Ann")
///     .responsible(5)
///     .deadline("2026-12-01T18:00:00+03:00".parse().unwrap())
///     .priority(Priority::High)
///     .tags(["hot"]);
/// # let _ = fields;
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskFields(Map<String, Value>);

impl TaskFields {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `TITLE`, without which no task is made.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        self.set(&Field::TITLE, title.into())
    }

    /// `DESCRIPTION`
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        self.set(&Field::DESCRIPTION, description.into())
    }

    /// `RESPONSIBLE_ID`, without which no task is made.
    #[must_use]
    pub fn responsible(self, user: u64) -> Self {
        self.set(&Field::RESPONSIBLE_ID, user)
    }

    /// `CREATED_BY`; the user who asks unless said otherwise.
    #[must_use]
    pub fn created_by(self, user: u64) -> Self {
        self.set(&Field::CREATED_BY, user)
    }

    /// `ACCOMPLICES`: all of them. None is sent as an empty list, which takes them away.
    #[must_use]
    pub fn accomplices(self, users: impl IntoIterator<Item = u64>) -> Self {
        self.set(&Field::ACCOMPLICES, list(users))
    }

    /// `AUDITORS`: all of them.
    #[must_use]
    pub fn auditors(self, users: impl IntoIterator<Item = u64>) -> Self {
        self.set(&Field::AUDITORS, list(users))
    }

    /// `TAGS`: all of them.
    #[must_use]
    pub fn tags<S: Into<String>>(self, tags: impl IntoIterator<Item = S>) -> Self {
        self.set(&Field::TAGS, list(tags.into_iter().map(Into::into)))
    }

    /// `DEADLINE`
    #[must_use]
    pub fn deadline(self, deadline: Moment) -> Self {
        self.set(&Field::DEADLINE, deadline)
    }

    /// Takes the deadline away.
    #[must_use]
    pub fn no_deadline(self) -> Self {
        self.set(&Field::DEADLINE, "")
    }

    /// `START_DATE_PLAN` and `END_DATE_PLAN`
    #[must_use]
    pub fn plan(self, start: Moment, end: Moment) -> Self {
        self.set(&Field::START_DATE_PLAN, start)
            .set(&Field::END_DATE_PLAN, end)
    }

    /// `PRIORITY`
    #[must_use]
    pub fn priority(self, priority: Priority) -> Self {
        self.set(&Field::PRIORITY, priority)
    }

    /// `MARK`
    #[must_use]
    pub fn mark(self, mark: Mark) -> Self {
        self.set(&Field::MARK, mark)
    }

    /// `STATUS`; [`Tasks::act`](super::Tasks::act) does what belongs to a change of it, too.
    #[must_use]
    pub fn status(self, status: Status) -> Self {
        self.set(&Field::STATUS, status)
    }

    /// `PARENT_ID`
    #[must_use]
    pub fn parent(self, task: u64) -> Self {
        self.set(&Field::PARENT_ID, task)
    }

    /// `GROUP_ID`: the project.
    #[must_use]
    pub fn group(self, project: u64) -> Self {
        self.set(&Field::GROUP_ID, project)
    }

    /// `STAGE_ID`
    #[must_use]
    pub fn stage(self, stage: u64) -> Self {
        self.set(&Field::STAGE_ID, stage)
    }

    /// `TIME_ESTIMATE`, in seconds.
    #[must_use]
    pub fn time_estimate(self, seconds: u64) -> Self {
        self.set(&Field::TIME_ESTIMATE, seconds)
    }

    /// `ALLOW_TIME_TRACKING`
    #[must_use]
    pub fn time_tracking(self, is: YesNo) -> Self {
        self.set(&Field::ALLOW_TIME_TRACKING, is.letter())
    }

    /// `TASK_CONTROL`: whoever set it has to accept the work.
    #[must_use]
    pub fn task_control(self, is: YesNo) -> Self {
        self.set(&Field::TASK_CONTROL, is.letter())
    }

    /// `UF_CRM_TASK`: what it belongs to in the CRM, `D_7` being deal 7.
    #[must_use]
    pub fn crm<S: Into<String>>(self, elements: impl IntoIterator<Item = S>) -> Self {
        self.set(
            &Field::UF_CRM_TASK,
            list(elements.into_iter().map(Into::into)),
        )
    }

    /// Any field, user fields among them. Priorities and the like are sent by their codes, which is what they are as a
    /// [`Value`]; serialised for people they are words.
    #[must_use]
    pub fn set(mut self, field: &Field, value: impl Into<Value>) -> Self {
        self.0.insert(field.name().to_owned(), value.into());
        self
    }

    pub(super) fn into_json(self) -> Value {
        Value::Object(self.0)
    }
}

fn list<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::Array(items.into_iter().map(Into::into).collect())
}
