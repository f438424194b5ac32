//! Tasks of REST 3.0 in the shape of the older REST, so that a list has one shape whichever it came by.

use brimful_protocol::rows::Page;
use serde_json::{Map, Value};

use super::field::{Field, OlderForm};
use super::value::{self as task_value, Mark, Priority, Status};
use crate::error::Error;
use crate::json;

/// What is asked for, and how it is called here and there.
#[derive(Debug, Clone)]
pub(super) struct RowTranslation {
    fields: Vec<(String, &'static str, OlderForm)>,
}

impl RowTranslation {
    /// Of the fields; nothing where REST 3.0 lacks one of them.
    pub(super) fn of(select: &[Field]) -> Option<Self> {
        let mut fields = vec![("id".to_owned(), "id", OlderForm::Text)];
        for field in select.iter().filter(|field| **field != Field::ID) {
            let (rest3, older) = field.rest3()?;
            fields.push((field.key(), rest3, older));
        }
        Some(Self { fields })
    }

    /// The names for `select`.
    pub(super) fn select(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|(_, rest3, _)| *rest3)
    }

    /// A page in the older shape.
    pub(super) fn page(&self, page: &Page) -> Result<Page, Error> {
        page.iter()
            .map(|row| {
                let given: Map<String, Value> = json::decode(row.json, "a row of tasks.task.list")?;
                Ok((row.id, Value::Object(self.row(&given)).to_string()))
            })
            .collect()
    }

    fn row(&self, given: &Map<String, Value>) -> Map<String, Value> {
        let value = |rest3: &str, older| {
            let value = given.get(rest3).unwrap_or(&Value::Null);
            written(value, older)
        };
        self.fields
            .iter()
            .map(|(key, rest3, older)| (key.clone(), value(rest3, *older)))
            .collect()
    }
}

/// A value as the older REST writes it. One that is not as documented stays as it is.
fn written(value: &Value, older: OlderForm) -> Value {
    let text = |text: String| Value::String(text);
    let code =
        |code: Option<i64>| code.map_or_else(|| value.clone(), |code| text(code.to_string()));
    match (older, value) {
        (OlderForm::Text | OlderForm::NumberOrZero, Value::Number(number)) => {
            text(number.to_string())
        }
        (OlderForm::NumberOrZero, Value::Null) => text("0".to_owned()),
        (OlderForm::Flag, Value::Bool(flag)) => text(if *flag { "Y" } else { "N" }.to_owned()),
        (OlderForm::Status, _) => code(task_value::of(value).map(Status::code)),
        (OlderForm::Priority, _) => code(task_value::of(value).map(Priority::code)),
        (OlderForm::Mark, Value::String(word)) if word == "none" => Value::Null,
        (OlderForm::Mark, _) => {
            task_value::of::<Mark>(value).map_or_else(|| value.clone(), Value::from)
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_of_rest_3_is_written_as_the_older_rest_does() {
        let fields = [
            Field::TITLE,
            Field::STATUS,
            Field::PRIORITY,
            Field::MARK,
            Field::CREATED_BY,
            Field::GROUP_ID,
            Field::DEADLINE,
            Field::CREATED_DATE,
            Field::TASK_CONTROL,
        ];
        let translation = RowTranslation::of(&fields).unwrap();
        let select: Vec<&str> = translation.select().collect();
        assert_eq!(
            select,
            [
                "id",
                "title",
                "status",
                "priority",
                "mark",
                "creatorId",
                "groupId",
                "deadline",
                "created",
                "needsControl"
            ]
        );
        let row = json!({
            "id": 7, "title": "Call \"Ann\"", "status": "in_progress", "priority": "average", "mark": "positive",
            "creatorId": 5, "groupId": null, "deadline": null, "created": "2026-01-01T00:00:00+03:00",
            "needsControl": true,
        });
        let page: Page = [(Some(7), row.to_string())].into_iter().collect();
        let page = translation.page(&page).unwrap();
        assert_eq!(
            page.get(0).unwrap().json,
            json!({
                "id": "7", "title": "Call \"Ann\"", "status": "3", "priority": "1", "mark": "P", "createdBy": "5",
                "groupId": "0", "deadline": null, "createdDate": "2026-01-01T00:00:00+03:00", "taskControl": "Y",
            })
            .to_string()
        );
        assert_eq!(page.ids().next(), Some(Some(7)));
    }

    #[test]
    fn what_rest_3_lacks_is_not_translated() {
        for field in [
            Field::ALL,
            Field::USER_FIELDS,
            Field::TAGS,
            Field::FAVORITE,
            Field::UF_CRM_TASK,
        ] {
            assert!(
                RowTranslation::of(&[Field::TITLE, field.clone()]).is_none(),
                "{field}"
            );
        }
    }
}
