//! Statements over HTTP: where the server is, what it answers, and whether it answered.

use std::time::Duration;

use brimful::reqwest::{self, StatusCode, Url};
use percent_encoding::percent_decode_str;

use crate::sinks::writer_runtime::with_causes;

/// Why a statement was not carried out.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server said so.
    Said(String),
    /// There was no answer: it may have been carried out.
    NoAnswer(String),
}

/// A server of ClickHouse, and who comes to it.
pub(super) struct Server {
    pub(super) client: reqwest::Client,
    pub(super) url: Url,
    pub(super) user: String,
    pub(super) password: String,
    /// How long it may take to answer.
    pub(super) patience: Duration,
    /// Whether it has answered once.
    pub(super) has_answered: bool,
}

impl Server {
    /// Has a statement carried out. `data` is what it inserts.
    pub(super) async fn execute(
        &self,
        sql: &str,
        data: Option<Vec<u8>>,
    ) -> Result<String, Refusal> {
        let mut url = self.url.clone();
        let body = match data {
            Some(data) => {
                url.query_pairs_mut().append_pair("query", sql);
                data
            }
            None => sql.as_bytes().to_vec(),
        };
        let request = self
            .client
            .post(url)
            .timeout(self.patience)
            .header("X-ClickHouse-User", &self.user)
            .header("X-ClickHouse-Key", &self.password)
            .body(body);
        let no_answer =
            |error: reqwest::Error| Refusal::NoAnswer(with_causes(&error.without_url()));
        let answer = request.send().await.map_err(no_answer)?;
        let status = answer.status();
        let text = answer.text().await.map_err(no_answer)?;
        if status.is_success() {
            return Ok(text);
        }
        let is_proxy = matches!(
            status,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
        );
        if is_proxy && !text.contains("DB::Exception") {
            return Err(Refusal::NoAnswer(format!("the server answers {status}")));
        }
        Err(Refusal::Said(said(status, &text)))
    }
}

/// What the server said, without what only its makers understand.
fn said(status: StatusCode, text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return format!("the server answers {status}");
    }
    let text = text
        .split_once("DB::Exception: ")
        .map_or(text, |(_, text)| text);
    let end = [", e.what()", ". (", "\n"]
        .iter()
        .filter_map(|end| text.find(end))
        .min();
    let text = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
    text.chars().take(1_000).collect()
}

/// The address of the server, and who comes: the user and the password.
pub(super) fn address(url: &str) -> Result<(Url, String, String), String> {
    let parsed = Url::parse(url).map_err(|_| "this is not the address of a server".to_owned())?;
    let mut secure = false;
    for (name, value) in parsed.query_pairs() {
        match (name.as_ref(), value.as_ref()) {
            ("secure", "1" | "true") => secure = true,
            ("secure", "0" | "false") => {}
            _ => {
                return Err(format!(
                    "{name} is not known in the address; secure=true is for HTTPS"
                ));
            }
        }
    }
    let host = parsed
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or("the address names no server: write it as clickhouse://USER@HOST:8123/DATABASE")?;
    let port = parsed.port().unwrap_or(if secure { 8443 } else { 8123 });
    let scheme = if secure { "https" } else { "http" };
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let database = plain(parsed.path().trim_start_matches('/'));
    let mut http = Url::parse(&format!("{scheme}://{host}:{port}/"))
        .map_err(|_| "this is not the address of a server".to_owned())?;
    if !database.is_empty() {
        http.query_pairs_mut().append_pair("database", &database);
    }
    let user = match parsed.username() {
        "" => "default".to_owned(),
        user => plain(user),
    };
    let password = match parsed.password() {
        Some(password) => plain(password),
        None => std::env::var("CLICKHOUSE_PASSWORD").unwrap_or_default(),
    };
    Ok((http, user, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_parts_without_the_password_in_the_url() {
        let (url, user, password) =
            address("clickhouse://me:s3cr%40t@db.example.com/bi?secure=true").unwrap();
        assert_eq!(url.as_str(), "https://db.example.com:8443/?database=bi");
        assert_eq!((user.as_str(), password.as_str()), ("me", "s3cr@t"));
        let (url, user, _) = address("clickhouse://localhost").unwrap();
        assert_eq!(url.as_str(), "http://localhost:8123/");
        assert_eq!(user, "default");
        assert!(address("clickhouse://h/?sslmode=require").is_err());
    }

    #[test]
    fn what_the_server_says_is_shown_without_its_ends() {
        let text = "Code: 516, e.displayText() = DB::Exception: Wrong password for user me, e.what() = DB::Exception";
        assert_eq!(said(StatusCode::OK, text), "Wrong password for user me");
        let text = "Code: 60. DB::Exception: Table default.a does not exist. (UNKNOWN_TABLE) (version 24.8.1.1)";
        assert_eq!(said(StatusCode::OK, text), "Table default.a does not exist");
    }
}
