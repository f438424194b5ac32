//! A list: what to ask for.

use brimful::protocol::query::escaped;
use brimful_r7_protocol::{LARGEST_PAGE, Moment, absolute};

use super::client::Client;
use super::filter::Filter;
use super::operand::Operand;
use super::walk::Pages;
use brimful::Error;

/// A whole list: which rows, which of their properties, in which order.
#[derive(Debug, Clone)]
pub struct List {
    client: Client,
    path: String,
    params: Vec<(String, String)>,
    fields: Vec<String>,
    sort: Vec<String>,
    descending: bool,
    filter: Option<Filter>,
    wrong: Option<String>,
    pub(super) page_size: u64,
    pub(super) pages_a_request: usize,
    pub(super) requests_at_once: usize,
}

/// A request holds so many pages: what comes in one reply is held in memory whole.
const PAGES_A_REQUEST: usize = 4;
const REQUESTS_AT_ONCE: usize = 2;

impl List {
    pub(super) fn new(client: Client, path: String) -> Self {
        Self {
            client,
            path,
            params: Vec::new(),
            fields: Vec::new(),
            sort: Vec::new(),
            descending: false,
            filter: None,
            wrong: None,
            page_size: LARGEST_PAGE,
            pages_a_request: PAGES_A_REQUEST,
            requests_at_once: REQUESTS_AT_ONCE,
        }
    }

    /// A parameter of the list's own: `employeeStatus` of `people/filter`, `projectid` of `project/task/filter`.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Operand>) -> Self {
        let name = name.into();
        match value.into() {
            Operand::Value(serde_json::Value::String(text)) => self.params.push((name, text)),
            Operand::Value(value) if value.is_number() || value.is_boolean() => {
                self.params.push((name, value.to_string()));
            }
            _ => self.wrong = Some(format!("the parameter {name} is no text, number or flag")),
        }
        self
    }

    /// The properties of the rows; all unless said otherwise. The `id` is always among them: rows are told apart by it.
    #[must_use]
    pub fn fields<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.fields = fields.into_iter().map(Into::into).collect();
        self
    }

    /// The properties that rows are sorted by, the first one first.
    #[must_use]
    pub fn sort_by<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.sort = fields.into_iter().map(Into::into).collect();
        self
    }

    /// The other way round.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// A condition, or a text to search for.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Only what was changed since.
    #[must_use]
    pub fn updated_since(mut self, moment: Moment) -> Self {
        self.params
            .push(("updatedSince".to_owned(), moment.to_string()));
        self
    }

    /// So many rows to a page: from 1 to 1000, which is what the server gives at most.
    #[must_use]
    pub fn page_size(mut self, rows: u64) -> Self {
        self.page_size = rows.clamp(1, LARGEST_PAGE);
        self
    }

    /// So many pages in a request; 4 unless said otherwise.
    #[must_use]
    pub fn pages_a_request(mut self, pages: usize) -> Self {
        self.pages_a_request = pages.clamp(1, 100);
        self
    }

    /// So many requests at once; 2 unless said otherwise. As many replies are held in memory.
    #[must_use]
    pub fn requests_at_once(mut self, requests: usize) -> Self {
        self.requests_at_once = requests.clamp(1, 64);
        self
    }

    /// The pages of the list, in its order.
    ///
    /// # Errors
    /// What is asked for cannot be said to the portal.
    pub fn pages(self) -> Result<Pages, Error> {
        let query = self.query()?;
        let client = self.client.clone();
        Ok(Pages::new(client, self, query))
    }

    /// The path and the query, up to where a page is named.
    fn query(&self) -> Result<String, Error> {
        if let Some(wrong) = &self.wrong {
            return Err(Error::config(wrong.clone()));
        }
        let mut query = absolute(&self.path);
        let mut add = |name: &str, value: &str| {
            query.push(if query.contains('?') { '&' } else { '?' });
            query.push_str(&escaped(name));
            query.push('=');
            query.push_str(&escaped(value));
        };
        for (name, value) in &self.params {
            let taken = [
                "count",
                "startIndex",
                "fields",
                "sortBy",
                "sortOrder",
                "filterBy",
            ];
            if let Some(taken) = taken.iter().find(|taken| taken.eq_ignore_ascii_case(name)) {
                return Err(Error::config(format!(
                    "{taken} is the list's own parameter: the builder has a method for it"
                )));
            }
            add(name, value);
        }
        if !self.fields.is_empty() {
            let mut fields = self.fields.clone();
            if !fields.iter().any(|field| field.eq_ignore_ascii_case("id")) {
                fields.insert(0, "id".to_owned());
            }
            add("fields", &fields.join(","));
        }
        if !self.sort.is_empty() {
            add("sortBy", &self.sort.join(","));
            if self.descending {
                // The only spelling that the server takes.
                add("sortOrder", "descending");
            }
        }
        if let Some(filter) = &self.filter {
            for (name, value) in filter.params()? {
                add(name, &value);
            }
        }
        query.push(if query.contains('?') { '&' } else { '?' });
        Ok(query)
    }
}
