//! What a list is filtered by.

use brimful::Error;

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

    /// The value is in it.
    pub fn contains(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(field, "contains", value)
    }

    /// It begins with the value.
    pub fn starts_with(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(field, "startsWith", value)
    }

    /// It ends with the value.
    pub fn ends_with(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(field, "endsWith", value)
    }

    /// It is there.
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

    /// Or this value.
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
