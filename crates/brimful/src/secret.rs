//! Texts that nobody may see: tokens, codes, the secret of an application.

use std::fmt;

use subtle::ConstantTimeEq;

/// A secret text. `Debug` does not show it, there is no `Display`, and it is compared in constant time.
///
/// ```
/// let secret = brimful::Secret::new("s3cr3t");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert!(secret.matches("s3cr3t"));
/// ```
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Keeps `text` out of sight.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for code that has to send or store it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `text` is this secret. How long that takes says nothing of how much of it is right: this is how to check
    /// the `application_token` of an event.
    ///
    /// ```
    /// # let kept = brimful::Secret::new("51856fefc120afa4b628cc82d3935cce");
    /// let form = b"event=ONCRMLEADADD&auth[application_token]=51856fefc120afa4b628cc82d3935cce";
    /// let form = brimful::protocol::query::decode(form);
    /// let given = form.get("auth").and_then(|auth| auth.as_array()?.get("application_token"));
    /// assert!(given.is_some_and(|given| kept.matches(&given.to_text())));
    /// ```
    pub fn matches(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Secret {}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
