//! Where the address of a request leads.

use std::borrow::Cow;

use brimful_protocol::query;

use crate::bodies::envelope::Format;
use crate::oauth::Endpoint;

/// Where an address leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A method: `/rest/{method}` or `/rest/{user}/{code}/{method}`, with `.json`, `.xml` or `/` at its end.
    Method {
        method: String,
        format: Format,
        webhook: Option<(String, String)>,
    },
    /// A method of REST 3.0: `/rest/api/{method}` or `/rest/api/{user}/{code}/{method}`, with or without `/` at its end.
    V3 {
        method: String,
        webhook: Option<(String, String)>,
    },
    /// The API of another crate: its place among them, and the name of the call for faults.
    Extension { at: usize, name: String },
    /// The OAuth server.
    OAuth(Endpoint),
    /// Not the REST API.
    Elsewhere,
}

impl Route {
    /// Reads the path of an address. Slashes side by side are one, as for the web server in front of a portal: clients
    /// put a method behind an address that ends with a slash already.
    pub(crate) fn of(path: &str) -> Self {
        let path = &*merged_slashes(path);
        let Some(rest) = path.strip_prefix("/rest/") else {
            return Endpoint::of(path).map_or(Self::Elsewhere, Self::OAuth);
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (v3, rest) = match rest.split_once('/') {
            Some((api, rest)) if decoded(api) == "api" => (true, rest),
            None if decoded(rest) == "api" => (true, ""),
            _ => (false, rest),
        };
        let mut pieces = rest.split('/').map(decoded);
        let (method, webhook) = match [pieces.next(), pieces.next(), pieces.next(), pieces.next()] {
            [Some(method), None, ..] => (method, None),
            [Some(user), Some(code), Some(method), None] => (method, Some((user, code))),
            // A webhook without a method, or a path that no method has: still the REST API's business to say so.
            _ => (String::new(), None),
        };
        if v3 {
            Self::V3 { method, webhook }
        } else {
            Self::method(method, webhook)
        }
    }

    fn method(mut method: String, webhook: Option<(String, String)>) -> Self {
        let format = match method.rsplit_once('.') {
            Some((_, "xml")) => Format::Xml,
            _ => Format::Json,
        };
        if let Some((name, "json" | "xml")) = method.rsplit_once('.') {
            method.truncate(name.len());
        }
        Self::Method {
            method,
            format,
            webhook,
        }
    }

    /// The method's name as it was spelled.
    pub(crate) fn method_name(&self) -> &str {
        match self {
            Self::Method { method, .. } | Self::V3 { method, .. } => method,
            Self::Extension { name, .. } => name,
            Self::OAuth(endpoint) => endpoint.name(),
            Self::Elsewhere => "",
        }
    }
}

/// A path without empty pieces between its slashes.
pub(crate) fn merged_slashes(path: &str) -> Cow<'_, str> {
    if !path.contains("//") {
        return path.into();
    }
    let mut merged = String::with_capacity(path.len());
    for letter in path.chars() {
        if letter != '/' || !merged.ends_with('/') {
            merged.push(letter);
        }
    }
    merged.into()
}

/// A piece of a path, where `+` is not a space.
fn decoded(piece: &str) -> String {
    if !piece.contains('%') {
        return piece.to_owned();
    }
    let unescaped = query::unescaped(piece.replace('+', "%2B").as_bytes());
    String::from_utf8_lossy(&unescaped).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(path: &str) -> (String, Format, Option<(String, String)>) {
        match Route::of(path) {
            Route::Method {
                method,
                format,
                webhook,
            } => (method, format, webhook),
            other => panic!("{other:?}"),
        }
    }

    fn hook(user: &str, code: &str) -> (String, String) {
        (user.to_owned(), code.to_owned())
    }

    #[test]
    fn every_form_of_address_leads_to_the_method() {
        for (path, name, format, webhook) in [
            ("/rest/crm.lead.list", "crm.lead.list", Format::Json, None),
            ("/rest/crm.lead.list/", "crm.lead.list", Format::Json, None),
            (
                "/rest/crm.lead.list.json",
                "crm.lead.list",
                Format::Json,
                None,
            ),
            (
                "/rest/crm.lead.list.xml/",
                "crm.lead.list",
                Format::Xml,
                None,
            ),
            (
                "/rest/1/demo/crm.lead.list",
                "crm.lead.list",
                Format::Json,
                Some(hook("1", "demo")),
            ),
            (
                "/rest/admin/s%2Fx/batch.xml",
                "batch",
                Format::Xml,
                Some(hook("admin", "s/x")),
            ),
            (
                "/rest/1/a+b/batch.JSON",
                "batch.JSON",
                Format::Json,
                Some(hook("1", "a+b")),
            ),
            (
                "/rest/1/demo/crm.lead.list.json.json",
                "crm.lead.list.json",
                Format::Json,
                Some(hook("1", "demo")),
            ),
        ] {
            assert_eq!(method(path), (name.to_owned(), format, webhook), "{path}");
        }
    }

    #[test]
    fn rest_3_has_a_door_of_its_own_and_other_paths_have_none() {
        assert_eq!(
            Route::of("/rest/api/1/demo/tasks.task.list"),
            Route::V3 {
                method: "tasks.task.list".to_owned(),
                webhook: Some(hook("1", "demo")),
            }
        );
        assert_eq!(
            Route::of("/rest/api/tasks.task.list/"),
            Route::V3 {
                method: "tasks.task.list".to_owned(),
                webhook: None,
            }
        );
        assert_eq!(
            Route::of("/rest/api/"),
            Route::V3 {
                method: String::new(),
                webhook: None,
            }
        );
        assert_eq!(Route::of("/"), Route::Elsewhere);
        assert_eq!(Route::of("/restaurant/1"), Route::Elsewhere);
        assert_eq!(method("/rest/1/demo/").0, "");
    }

    #[test]
    fn slashes_side_by_side_count_as_one() {
        for path in [
            "/rest/1/demo//profile",
            "/rest//1/demo/profile",
            "//rest/1/demo///profile//",
            "/rest/1/demo//profile.json",
        ] {
            let expected = ("profile".to_owned(), Format::Json, Some(hook("1", "demo")));
            assert_eq!(method(path), expected, "{path}");
        }
        assert_eq!(
            Route::of("/rest//api//1/demo//tasks.task.list"),
            Route::of("/rest/api/1/demo/tasks.task.list")
        );
        assert_eq!(Route::of("//oauth//token/"), Route::OAuth(Endpoint::Token));
    }
}
