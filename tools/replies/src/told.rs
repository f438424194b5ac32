//! What a reply tells of the portal that gave it: by the parts of its `time`, how old it is.

use brimful_portal::{AccessToken, OperatingReset, PortalConfig, SecondsFormat};
use serde_json::Value as Json;

/// A portal like the one that gave these replies, without data and without a limit to the rate of requests.
pub(crate) fn portal(replies: &[Json]) -> PortalConfig {
    let mut times = Vec::new();
    for reply in replies {
        times.extend(reply.get("time"));
        if let Some(Json::Object(commands)) = reply.pointer("/result/result_time") {
            times.extend(commands.values());
        }
    }
    let has = |key: &str| times.iter().any(|time| time.get(key).is_some());
    let is_whole = |key: &str| {
        let told = times.iter().find_map(|time| time.get(key));
        told.is_some_and(|seconds| seconds.is_i64() || seconds.is_u64())
    };
    let seconds = match (is_whole("start"), is_whole("processing")) {
        _ if times.is_empty() => SecondsFormat::Whole,
        (true, true) => SecondsFormat::Whole,
        (true, false) => SecondsFormat::WholeStart,
        (false, _) => SecondsFormat::Fractional,
    };
    let reset = if has("operating_reset_at") {
        OperatingReset::Shown
    } else {
        OperatingReset::Hidden
    };
    let config = PortalConfig::new()
        .token(AccessToken::new(crate::portal::TOKEN, "local.app", 1))
        .rate_limit(None)
        .seconds(seconds)
        .operating_reset(reset);
    if has("operating") || times.is_empty() {
        config
    } else {
        config.operating_limit(None)
    }
}
