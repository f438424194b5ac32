//! What a task is to be: the fields of `tasks.task.add` and `tasks.task.update`.

use serde::Serialize;
use serde_json::{Map, Value};

use super::field::Field;
use super::filter::YesNo;
use super::moment::Moment;
use super::value::{Mark, Priority, Status};
use crate::error::Error;
use crate::json;

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
#[derive(Debug, Clone)]
pub struct TaskFields(Result<Map<String, Value>, Error>);

impl Default for TaskFields {
    fn default() -> Self {
        Self(Ok(Map::new()))
    }
}

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

    /// `TASK_CONTROL`: its creator has to accept the work.
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

    /// Any field, user fields among them. A value that cannot be written as JSON is the error with which the task is not
    /// made or changed.
    #[must_use]
    pub fn set(mut self, field: &Field, value: impl Serialize) -> Self {
        let Ok(fields) = &mut self.0 else {
            return self;
        };
        match json::to_value(value, &format!("the field {}", field.name())) {
            Ok(value) => {
                fields.insert(field.name().to_owned(), value);
            }
            Err(error) => self.0 = Err(error),
        }
        self
    }

    pub(super) fn into_json(self) -> Result<Value, Error> {
        self.0.map(Value::Object)
    }
}

/// Several values of a field.
fn list<T>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    items.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_takes_anything_that_can_be_written_as_json() {
        let field = Field::user("UF_AUTO_1").unwrap();
        let fields = TaskFields::new().set(&Field::MARK, Some(Mark::Positive));
        let fields = fields.set(&field, [Priority::High, Priority::Low]);
        let written = json!({"MARK": "P", "UF_AUTO_1": [2, 0]});
        assert_eq!(fields.into_json().unwrap(), written);
    }

    #[test]
    fn a_number_that_json_does_not_have_is_refused_with_its_place() {
        let field = Field::user("UF_AUTO_1").unwrap();
        let fields = TaskFields::new()
            .set(&field, json!([1]))
            .set(&field, [1.0, f64::INFINITY]);
        assert_eq!(
            fields.title("later").into_json().unwrap_err().to_string(),
            "the field UF_AUTO_1 cannot be written as JSON: 1 is inf, and JSON has no such number"
        );
    }
}
