//! Whether a method only reads: what decides if a call may be repeated when nobody knows whether it ran.

/// What a method does to the portal's data: what decides if a call may be repeated when nobody knows whether it ran.
///
/// ```
/// use brimful::Effect;
/// assert_eq!(Effect::of("crm.lead.list"), Effect::Read);
/// assert_eq!(Effect::of("crm.lead.add"), Effect::Write);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It only reads.
    Read,
    /// It writes, or its name does not say that it reads.
    Write,
}

impl Effect {
    /// The effect of a method, by its name.
    pub fn of(method: &str) -> Self {
        of(method)
    }
}

/// The effect of `method`, by its name. A name that does not say that it reads is taken for a write: the price of a
/// mistake is an error instead of a repetition, never a doubled write.
pub(crate) fn of(method: &str) -> Effect {
    const READS: &[&str] = &[
        "list",
        "getlist",
        "get",
        "getfields",
        "fields",
        "types",
        "search",
        "current",
        "count",
        "info",
        "tail",
        "findbycomm",
        "scope",
        "scopes",
        "methods",
        "time",
        "profile",
        "documentation",
        "openapi",
        "getchildren",
        "getversions",
        "getdescription",
        "countbyfilter",
        "aggregate",
        "items",
        "children",
        "instances",
        "getmany",
        "gettypes",
    ];
    // Reads that are not: an offline event is deleted as it is fetched.
    const WRITES: &[&str] = &["event.offline.get", "imbot.v2.event.get", "im.v2.event.get"];
    let method = method.to_ascii_lowercase();
    let last = method.rsplit('.').next().unwrap_or_default();
    if READS.contains(&last) && !WRITES.contains(&method.as_str()) {
        Effect::Read
    } else {
        Effect::Write
    }
}

/// Whether a call of `method` changes anything. A batch does what its commands do, which are told beside it.
pub(crate) fn writes(method: &str) -> bool {
    method != "batch" && of(method) == Effect::Write
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_getters_read_and_everything_else_writes() {
        for method in [
            "crm.lead.list",
            "crm.item.get",
            "user.current",
            "tasks.task.getFields",
            "server.time",
            "scope",
        ] {
            assert_eq!(of(method), Effect::Read, "{method}");
        }
        for method in [
            "crm.lead.add",
            "tasks.task.start",
            "crm.item.update",
            "im.notify",
            "something.unheard.of",
        ] {
            assert_eq!(of(method), Effect::Write, "{method}");
        }
    }

    #[test]
    fn an_offline_event_is_deleted_as_it_is_read() {
        assert_eq!(of("event.offline.get"), Effect::Write);
    }
}
