//! What to ask for of a list: fields, order, filter, pages.

use brimful::Error;
use brimful::protocol::query::escaped;
use brimful_r7_protocol::{LARGEST_PAGE, Moment, absolute};

use crate::client::Client;
use crate::item::ItemValue;
use crate::pages::{Pages, Paging};

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
    invalid: Option<String>,
    paging: Paging,
}

/// A request holds so many pages: what comes in one reply is held in memory whole.
const PAGES_PER_REQUEST: usize = 4;
const CONCURRENT_REQUESTS: usize = 2;

impl Client {
    /// The list at a path, whole: a builder for what to ask for and how to receive it.
    pub fn list(&self, path: impl Into<String>) -> List {
        List {
            client: self.clone(),
            path: path.into(),
            params: Vec::new(),
            fields: Vec::new(),
            sort: Vec::new(),
            descending: false,
            filter: None,
            invalid: None,
            paging: Paging {
                size: LARGEST_PAGE,
                pages_per_request: PAGES_PER_REQUEST,
                concurrent_requests: CONCURRENT_REQUESTS,
            },
        }
    }
}

impl List {
    /// A parameter of the list's own: `employeeStatus` of `people/filter`, `projectid` of `project/task/filter`.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<ItemValue>) -> Self {
        let name = name.into();
        match value.into() {
            ItemValue::Value(serde_json::Value::String(text)) => self.params.push((name, text)),
            ItemValue::Value(value) if value.is_number() || value.is_boolean() => {
                self.params.push((name, value.to_string()));
            }
            _ => {
                self.invalid = Some(format!(
                    "the parameter {name} is not a text, number or flag"
                ));
            }
        }
        self
    }

    /// The properties of the rows; all by default. The `id` is always among them: rows are identified by it.
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

    /// Sorts in descending order.
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

    /// Only rows that changed since.
    #[must_use]
    pub fn updated_since(mut self, moment: Moment) -> Self {
        self.params
            .push(("updatedSince".to_owned(), moment.to_string()));
        self
    }

    /// The rows of a page, from 1 to 1000, the most that the server returns.
    #[must_use]
    pub fn page_size(mut self, rows: u64) -> Self {
        self.paging.size = rows.clamp(1, LARGEST_PAGE);
        self
    }

    /// The pages in a request; 4 by default.
    #[must_use]
    pub fn pages_per_request(mut self, pages: usize) -> Self {
        self.paging.pages_per_request = pages.clamp(1, 100);
        self
    }

    /// The most requests in flight; 2 by default. As many replies are held in memory.
    #[must_use]
    pub fn concurrent_requests(mut self, requests: usize) -> Self {
        self.paging.concurrent_requests = requests.clamp(1, 64);
        self
    }

    /// The pages of the list, in its order.
    ///
    /// # Errors
    /// The list or its filter cannot be expressed in the API.
    pub fn pages(self) -> Result<Pages, Error> {
        let query = self.query()?;
        Ok(Pages::new(self.client, query, self.paging))
    }

    /// The path and the query, ready for the parameters of a page.
    fn query(&self) -> Result<String, Error> {
        if let Some(invalid) = &self.invalid {
            return Err(Error::config(invalid.clone()));
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

/// A condition on a property, or a text to search for.
///
/// ```
/// use brimful_r7::Filter;
/// let anna_or_ivan = Filter::starts_with("displayName", "Анна").or("Иван");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    field: Option<String>,
    op: Option<&'static str>,
    values: Vec<String>,
}

impl Filter {
    fn new(field: impl Into<String>, op: &'static str, value: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            op: Some(op),
            values: vec![value.into()],
        }
    }

    /// The property, or the one at a dotted path, has this value. Letters match in any case, here and below.
    pub fn equals(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(field, "equals", value)
    }

    /// The property contains the value.
    pub fn contains(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(field, "contains", value)
    }

    /// The property starts with the value.
    pub fn starts_with(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(field, "startsWith", value)
    }

    /// The property ends with the value.
    pub fn ends_with(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(field, "endsWith", value)
    }

    /// The property is present.
    pub fn present(field: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            op: Some("present"),
            values: Vec::new(),
        }
    }

    /// The text that lists such as `people/filter` search for.
    pub fn search(text: impl Into<String>) -> Self {
        Self {
            field: None,
            op: None,
            values: vec![text.into()],
        }
    }

    /// Or has this value.
    #[must_use]
    pub fn or(mut self, value: impl Into<String>) -> Self {
        self.values.push(value.into());
        self
    }

    /// The parameters of the query. The portal splits values at commas, and takes no more of a search than stands before
    /// the first one.
    pub(super) fn params(&self) -> Result<Vec<(&'static str, String)>, Error> {
        if let Some(value) = self.values.iter().find(|value| value.contains(',')) {
            return Err(Error::config(format!(
                "the portal splits values at commas, so it cannot filter by {value:?}"
            )));
        }
        if self.field.is_none() && self.values.len() > 1 {
            return Err(Error::config("the portal searches for one text at a time"));
        }
        let mut params = Vec::new();
        if let Some(field) = &self.field {
            params.push(("filterBy", field.clone()));
        }
        if let Some(op) = self.op {
            params.push(("filterOp", op.to_owned()));
        }
        if !self.values.is_empty() {
            params.push(("filterValue", self.values.join(",")));
        }
        Ok(params)
    }
}
