//! The methods of REST 3.0.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::dto::Dto;
use super::event_log::EVENT_LOG_DTO;
use super::fields::FIELD_DTO;
use super::task_fields::TASK_DTO;
use super::{
    call_followups, communications, documentation, error, event_log, fields, mail, note_files,
    notes, object_fields, structure, task_results, tasks, working_time,
};
use crate::context::MethodError;
use crate::context::settings::Scopes;
use crate::methods::method::{Handler, Method};
use crate::methods::records;

/// A method, and what is said about it.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(super) title: &'static str,
    pub(super) params: &'static [Param],
    /// What it returns items of.
    pub(super) dto: Option<&'static Dto>,
    pub(crate) wrapping: ResultWrapping,
}

/// A parameter, as the documentation shows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) required: bool,
}

/// How the result is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultWrapping {
    /// As `result`, with `time` beside it.
    Result,
    /// As the whole body.
    Bare,
}

impl Endpoint {
    /// Whether the scopes let the method be called: its module, its controller or itself must be among them.
    pub(crate) fn permit(&self, scopes: &Scopes) -> Result<(), MethodError> {
        let name = &self.method.name;
        let ends = name.match_indices('.').map(|(at, _)| at);
        let allowed = self.method.scope.is_empty()
            || ends
                .chain([name.len()])
                .any(|end| scopes.allow(&name[..end]));
        if allowed {
            Ok(())
        } else {
            Err(error::insufficient_scope())
        }
    }
}

/// Looks a method up by its name in lower case, or by another that it goes by.
pub(crate) fn find(name: &str) -> Option<&'static Endpoint> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static Endpoint>> = OnceLock::new();
    let name = match name {
        "documentation" => "rest.documentation.openapi",
        "scopes" => "rest.scope.list",
        name => name,
    };
    BY_NAME
        .get_or_init(|| {
            let of_records = of_records().iter().map(|one| (&*one.method.name, one));
            let own = ALL.iter().map(|one| (&*one.method.name, one));
            of_records.chain(own).collect()
        })
        .get(name)
        .copied()
}

/// The methods of records, which are described in `data/records`.
fn of_records() -> &'static [Endpoint] {
    static ENDPOINTS: OnceLock<Vec<Endpoint>> = OnceLock::new();
    ENDPOINTS.get_or_init(|| {
        let own: Vec<Method> = object_fields::methods()
            .chain(structure::methods())
            .chain(communications::methods())
            .chain(notes::methods())
            .chain(note_files::methods())
            .chain(call_followups::methods())
            .chain(task_results::methods())
            .chain(working_time::methods())
            .chain(mail::methods())
            .chain(tasks::methods())
            .collect();
        // A kind of records may have a method of its own in the place of a usual one.
        let usual: Vec<Method> = records::rest3_methods()
            .filter(|method| own.iter().all(|own| own.name != method.name))
            .collect();
        usual.into_iter().chain(own).map(served).collect()
    })
}

const fn optional(name: &'static str, kind: &'static str) -> Param {
    Param {
        name,
        kind,
        required: false,
    }
}

const fn required(name: &'static str, kind: &'static str) -> Param {
    Param {
        name,
        kind,
        required: true,
    }
}

const SELECT: Param = optional("select", "array");
const FILTER: Param = optional("filter", "array");
const ORDER: Param = optional("order", "object");
const PAGINATION: Param = optional("pagination", "object");
const CURSOR: Param = optional("cursor", "object");
const ID: Param = required("id", "integer");
const FIELDS: Param = required("fields", "object");
const NAME: Param = required("name", "string");

pub(super) const fn endpoint(
    name: &'static str,
    scope: &'static str,
    handler: Handler,
    title: &'static str,
    params: &'static [Param],
    dto: Option<&'static Dto>,
) -> Endpoint {
    Endpoint {
        method: Method {
            name: Cow::Borrowed(name),
            scope,
            handler,
        },
        title,
        params,
        dto,
        wrapping: ResultWrapping::Result,
    }
}

/// The endpoint of a method of the fixtures or of records. Nothing is said of its parameters.
pub(crate) fn served(method: Method) -> Endpoint {
    Endpoint {
        method,
        title: "Rows or a result that the portal was given or keeps",
        params: &[],
        dto: None,
        wrapping: ResultWrapping::Result,
    }
}

impl Endpoint {
    const fn bare(mut self) -> Self {
        self.wrapping = ResultWrapping::Bare;
        self
    }
}

/// All methods, sorted by name.
pub(super) static ALL: &[Endpoint] = &[
    endpoint(
        "main.eventlog.field.get",
        "main",
        Handler::Read(fields::get::<{ fields::EVENT_LOG }>),
        "A field of the event log",
        &[NAME, SELECT],
        Some(&FIELD_DTO),
    ),
    endpoint(
        "main.eventlog.field.list",
        "main",
        Handler::Read(fields::list::<{ fields::EVENT_LOG }>),
        "The fields of the event log",
        &[SELECT],
        Some(&FIELD_DTO),
    ),
    endpoint(
        "main.eventlog.get",
        "main",
        Handler::Read(event_log::get),
        "An entry of the event log",
        &[ID, SELECT],
        Some(&EVENT_LOG_DTO),
    ),
    endpoint(
        "main.eventlog.list",
        "main",
        Handler::Read(event_log::list),
        "The entries of the event log",
        &[SELECT, FILTER, ORDER, PAGINATION],
        Some(&EVENT_LOG_DTO),
    ),
    endpoint(
        "main.eventlog.tail",
        "main",
        Handler::Read(event_log::tail),
        "The entries of the event log after a cursor",
        &[SELECT, FILTER, CURSOR],
        Some(&EVENT_LOG_DTO),
    ),
    endpoint(
        "rest.documentation.openapi",
        "",
        Handler::Read(documentation::openapi),
        "The methods of REST 3.0 in the OpenAPI format",
        &[],
        None,
    )
    .bare(),
    endpoint(
        "rest.scope.list",
        "",
        Handler::Read(documentation::scopes),
        "The methods of REST 3.0 and their scopes",
        &[
            optional("filterModule", "string"),
            optional("filterController", "string"),
            optional("filterMethod", "string"),
        ],
        None,
    ),
    endpoint(
        "tasks.task.add",
        "tasks",
        Handler::Write(tasks::add),
        "Adds a task",
        &[FIELDS],
        Some(&TASK_DTO),
    ),
    endpoint(
        "tasks.task.delete",
        "tasks",
        Handler::Write(tasks::delete),
        "Deletes a task",
        &[ID],
        None,
    ),
    endpoint(
        "tasks.task.field.get",
        "tasks",
        Handler::Read(fields::get::<{ fields::TASK }>),
        "A field of tasks",
        &[NAME, SELECT],
        Some(&FIELD_DTO),
    ),
    endpoint(
        "tasks.task.field.list",
        "tasks",
        Handler::Read(fields::list::<{ fields::TASK }>),
        "The fields of tasks",
        &[SELECT],
        Some(&FIELD_DTO),
    ),
    endpoint(
        "tasks.task.get",
        "tasks",
        Handler::Read(tasks::get),
        "A task",
        &[ID, SELECT],
        Some(&TASK_DTO),
    ),
    endpoint(
        "tasks.task.list",
        "tasks",
        Handler::Read(tasks::list),
        "The tasks",
        &[SELECT, FILTER, ORDER, PAGINATION],
        Some(&TASK_DTO),
    ),
    endpoint(
        "tasks.task.update",
        "tasks",
        Handler::Write(tasks::update),
        "Changes a task",
        &[ID, FIELDS],
        None,
    ),
];
