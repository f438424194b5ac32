//! Methods that show what the core does with them.
#![expect(clippy::unnecessary_wraps, reason = "a handler returns a result")]

use std::borrow::Cow;
use std::time::Duration;

use brimful_protocol::{Value, json};

use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::list::plan::list_of_places;
use crate::methods::method::{Handler, Method};

pub(super) const ALL: &[Method] = &[
    Method {
        name: Cow::Borrowed("test.echo"),
        scope: "",
        handler: Handler::Read(echo),
    },
    Method {
        name: Cow::Borrowed("test.rows"),
        scope: "crm",
        handler: Handler::Read(rows),
    },
    Method {
        name: Cow::Borrowed("test.items"),
        scope: "crm",
        handler: Handler::Read(items),
    },
    Method {
        name: Cow::Borrowed("test.fail"),
        scope: "",
        handler: Handler::Write(fail),
    },
    Method {
        name: Cow::Borrowed("test.work"),
        scope: "",
        handler: Handler::Write(work),
    },
    Method {
        name: Cow::Borrowed("test.other"),
        scope: "",
        handler: Handler::Write(work),
    },
    Method {
        name: Cow::Borrowed("test.raw"),
        scope: "",
        handler: Handler::Read(raw),
    },
    Method {
        name: Cow::Borrowed("test.panic"),
        scope: "",
        handler: Handler::Write(broken),
    },
];

/// Returns its parameters.
fn echo(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(Output::value(&Value::Array(call.params.clone())))
}

/// Rows with the IDs from `from` on, `count` of them.
fn rows(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(list(call, None))
}

/// The same under `items`.
fn items(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(list(call, Some("items")))
}

fn list(call: &mut Call<'_>, key: Option<&'static str>) -> Output {
    let number = |name: &str, or: i64| call.params.get(name).map_or(or, Value::to_int);
    let (from, count) = (number("from", 1), number("count", 50));
    let ids: Vec<u64> = (from..from + count).map(|id| id as u64).collect();
    let mut output = list_of_places(key, &ids, |out, id| {
        out.extend_from_slice(b"{\"ID\":\"");
        json::write_int(out, id as i64);
        out.extend_from_slice(b"\",\"TITLE\":");
        json::write_string(out, "Lead <1> & 'co'/\u{42e}");
        out.push(b'}');
    });
    output.total = Some(120);
    output.next = (count == 50).then_some(50);
    output
}

/// Fails as told, after the work.
fn fail(_: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let text = |name: &str| {
        call.params
            .get(name)
            .map(Value::to_text)
            .unwrap_or_default()
    };
    let status = call
        .params
        .get("status")
        .map_or(400, |status| status.to_int() as u16);
    let mut error = MethodError::new(status, &text("code"), text("text"));
    if let Some(argument) = call.params.get("argument") {
        error.extra.insert("argument", argument.clone());
    }
    Err(error)
}

/// Takes `seconds`.
fn work(_: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    *call.cost += Duration::from_secs_f64(call.params.get("seconds").map_or(0.0, Value::to_float));
    Ok(Output::value(&Value::Bool(true)))
}

/// Returns the parameter `value` as it is.
fn raw(_: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    Ok(Output::value(
        call.params.get("value").unwrap_or(&Value::Null),
    ))
}

/// Has a defect.
fn broken(_: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    panic!("a defect of {}", call.user)
}
