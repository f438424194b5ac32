//! Add comments of several people in one batch. Every command has its own outcome, which says what failed and why.

use brimful::{Client, Error, Outcome};
use serde_json::json;

/// A line for each comment.
pub async fn run(bitrix: &Client) -> Result<Vec<String>, Error> {
    let comments = [
        (23, 1, "Done"),
        (999_999, 2, "Which task?"),
        (24, 2, "Looks good"),
    ];
    let calls = comments
        .map(|(task, author, text)| json!([task, {"POST_MESSAGE": text, "AUTHOR_ID": author}]));
    let outcomes = bitrix
        .call_each("task.commentitem.add", calls)
        .collect()
        .await;
    let lines = comments
        .iter()
        .zip(outcomes)
        .map(|((task, _, _), item)| match item.outcome {
            Outcome::Done(id) => format!("task {task}: comment {}", id.get()),
            Outcome::Failed(error) => format!("task {task}: {error}"),
            other => format!("task {task}: {other:?}"),
        })
        .collect();
    Ok(lines)
}
