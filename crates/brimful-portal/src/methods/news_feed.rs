//! What the news feed tells of posts and comments: who has read an important post, and what a user has commented.

use std::borrow::Cow;

use brimful_protocol::{Array, Value};
use serde_json::{Map, Value as Json};

use super::params::legacy_error;
use super::record_rows::{given_number, number, numbers, row, rows, text};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::entities::USER;
use crate::methods::method::{Handler, Method, read};

const POSTS: &str = "log.blogpost";
const COMMENTS: &str = "log.blogcomment";

/// The methods.
pub(super) fn methods() -> impl Iterator<Item = Method> {
    [
        read!("log", "log.blogpost.getusers.important", readers),
        read!("log", "log.blogcomment.user.get", comments_of_user),
    ]
    .into_iter()
}

/// `log.blogpost.getusers.important(POST_ID)`: no method says that a post was read, so it is those that a loaded row names.
fn readers(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let post = row(state, POSTS, given_number(call, "POST_ID"));
    let post = post.ok_or_else(|| legacy_error("Wrong post ID"))?;
    let readers = post.get("READERS").cloned().map(Value::from);
    let readers = numbers(readers.as_ref()).into_iter();
    let readers: Value = readers.map(|user| user.to_string()).collect();
    Ok(Output::value(&readers))
}

/// `log.blogcomment.user.get(USER_ID, FIRST_ID, LAST_ID, LIMIT)`: of the caller if no user is named.
fn comments_of_user(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    const MOST: usize = 100;
    let user = match given_number(call, "USER_ID") {
        user if state.table(USER).contains(user) => user,
        _ => call.user,
    };
    let (first, last) = (
        given_number(call, "FIRST_ID"),
        given_number(call, "LAST_ID"),
    );
    let limit = usize::try_from(given_number(call, "LIMIT")).unwrap_or(MOST);
    let limit = if (1..=MOST).contains(&limit) {
        limit
    } else {
        MOST
    };
    let is_wanted = |(id, row): &(u64, &Map<String, Json>)| {
        number(row, "AUTHOR_ID") == user && *id > first && (last == 0 || *id < last)
    };
    let comments = rows(state, COMMENTS).filter(is_wanted).take(limit);
    let comments: Value = comments
        .map(|(id, row)| {
            let mut comment = Array::from_iter([("id", id as i64), ("comment_id", id as i64)]);
            comment.insert("log_id", number(row, "POST_ID") as i64);
            comment.insert("date", text(row, "DATE_CREATE"));
            comment.insert("text", text(row, "TEXT"));
            comment.insert("attach", Array::new());
            comment
        })
        .collect();
    let mut answer = Array::from_iter([("comments", comments)]);
    answer.insert("files", Array::new());
    Ok(Output::value(&Value::Array(answer)))
}
