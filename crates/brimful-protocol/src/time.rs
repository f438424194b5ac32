//! The `time` part of a reply.

use serde::Deserialize;

use crate::scalar;

/// What a reply says about its own time. Every field is optional: error replies carry no `time` at all, a self-hosted
/// portal without the operating limiter sends no `operating`, and `start` is an integer or a float by portal version.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Time {
    /// When the portal began, in Unix seconds; newer portals cut it to whole seconds.
    #[serde(deserialize_with = "scalar::number")]
    pub start: Option<f64>,
    /// When the portal was done, in Unix seconds.
    #[serde(deserialize_with = "scalar::number")]
    pub finish: Option<f64>,
    /// `finish - start`: up to a second too long where `start` is cut.
    #[serde(deserialize_with = "scalar::number")]
    pub duration: Option<f64>,
    /// Time inside the method, in seconds; whole seconds on newer portals.
    #[serde(deserialize_with = "scalar::number")]
    pub processing: Option<f64>,
    /// `start` as ISO 8601 in the portal's zone.
    pub date_start: Option<Box<str>>,
    /// `finish` as ISO 8601 in the portal's zone.
    pub date_finish: Option<Box<str>>,
    /// When the oldest part of `operating` expires, in Unix seconds.
    #[serde(deserialize_with = "scalar::number")]
    pub operating_reset_at: Option<f64>,
    /// Seconds of operating time that this method has used in the last ten minutes: the portal's own sum, never to be
    /// added up by a client.
    #[serde(deserialize_with = "scalar::number")]
    pub operating: Option<f64>,
}
