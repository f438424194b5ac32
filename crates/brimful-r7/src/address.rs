//! The address of an R7-Office portal.

use std::fmt;

use brimful::Error;
use brimful::client_parts::{Route, route};
use url::Url;

/// The address of a portal, without anything secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Without a slash at its end.
    base: String,
    url: Url,
}

impl Address {
    /// Reads `https://office.example.com`, with or without `/api/2.0/` at its end. An error does not repeat
    /// the text: it may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |what: &str| {
            Error::config(format!(
                "the portal's address {what}. Write https://office.example.com"
            ))
        };
        let text = text.trim();
        if !text.contains("://") {
            return Err(wrong("has no scheme"));
        }
        let mut url =
            Url::parse(text).map_err(|error| wrong(&format!("is not a URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("does not start with https:"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "contains a user: give the user and the password separately",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("contains a ? or a #"));
        }
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/api/2.0").unwrap_or(path).to_owned();
        url.set_path(&path);
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, url })
    }

    /// The address of a path from `/api/2.0/` on, with its query.
    pub(super) fn to(&self, path: &str) -> Result<Url, Error> {
        Url::parse(&format!("{}{path}", self.base))
            .map_err(|error| Error::config(format!("the path does not make a URL: {error}")))
    }

    /// Whether the system's proxy is used on the way there.
    pub(super) fn route(&self) -> Route {
        route(&self.url)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_end_in_the_root_of_the_api_or_before_it() {
        for text in [
            "https://office.test",
            "https://office.test/",
            " https://office.test/api/2.0/",
        ] {
            let address = Address::parse(text).unwrap();
            let to = address.to("/api/2.0/people").unwrap();
            assert_eq!(to.as_str(), "https://office.test/api/2.0/people");
        }
        let under = Address::parse("http://test:8080/office/").unwrap();
        let to = under.to("/api/2.0/group").unwrap();
        assert_eq!(to.as_str(), "http://test:8080/office/api/2.0/group");
    }

    #[test]
    fn an_address_that_is_wrong_is_refused_and_not_repeated() {
        for text in [
            "office.test/s3cr3t",
            "https://anna:s3cr3t@office.test",
            "https://office.test/?asc_auth_key=s3cr3t",
            "ftp://office.test/s3cr3t",
            "https://",
        ] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }
}
