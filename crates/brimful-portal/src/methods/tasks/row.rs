//! How a task is written: its fields in camel case, then the people and the project behind its IDs.

use std::collections::HashSet;

use brimful_protocol::json;

use super::filter::Reader;
use super::status::StatusFields;
use crate::context::Call;
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::{TASK, USER};
use crate::data::list::plan::Plan;
use crate::data::list::shape::Shape;
use crate::data::schema::{Field, ID};
use crate::data::table::Row;
use crate::methods::record_rows;

/// What of a task is written.
pub(super) struct TaskPlan<'s> {
    state: &'s PortalData,
    plan: Plan<'s>,
    tags: Option<usize>,
    group: Option<usize>,
    creator: Option<usize>,
    responsible: Option<usize>,
    accomplices: Option<usize>,
    auditors: Option<usize>,
    /// The status by the clock, if the status is asked for.
    clockwork: Option<StatusFields>,
    further: Further,
}

/// What a list of tasks has beside their fields where a call asks for it.
#[derive(Default)]
pub(super) struct Further {
    /// The tasks that have a result, where results are asked for.
    with_result: Option<HashSet<u64>>,
    timer: bool,
    /// The field with the description, where it is asked for as people see it.
    parsed: Option<usize>,
    counters: Option<StatusFields>,
}

impl Further {
    pub(super) fn of(state: &PortalData, call: &Call<'_>, select: &[&str], reader: Reader) -> Self {
        let params = call.params.get("params");
        let is_asked = |name: &str| {
            let flag = params.and_then(|params| params.get(name));
            flag.is_some_and(|flag| flag.is_truthy() && flag.to_text() != "N")
        };
        let with_result = is_asked("WITH_RESULT_INFO").then(|| {
            let results = record_rows::rows(state, "tasks.task.result");
            results
                .map(|(_, row)| record_rows::number(row, "taskId"))
                .collect()
        });
        let schema = &state.table(TASK).schema;
        let has_counters = select.contains(&"COUNTERS");
        Self {
            with_result,
            timer: is_asked("WITH_TIMER_INFO"),
            parsed: is_asked("WITH_PARSED_DESCRIPTION")
                .then(|| schema.legacy("DESCRIPTION"))
                .flatten(),
            counters: has_counters
                .then(|| StatusFields::new(schema, reader))
                .flatten(),
        }
    }

    fn write(&self, out: &mut Vec<u8>, row: &Row<'_>) {
        if let Some(with_result) = &self.with_result {
            let has = if with_result.contains(&row.id) {
                "Y"
            } else {
                "N"
            };
            out.extend_from_slice(
                format!(
                    ",\"taskRequireResult\":\"N\",\"taskHasOpenResult\":\"{has}\",\"taskHasResult\":\"{has}\""
                )
                .as_bytes(),
            );
        }
        if self.timer {
            out.extend_from_slice(b",\"timeElapsed\":null,\"timerIsRunningForCurrentUser\":\"N\"");
        }
        if let Some(at) = self.parsed {
            out.extend_from_slice(b",\"parsedDescription\":");
            json::write_string(out, &row.cell(at).to_text().unwrap_or_default());
        }
        if let Some(status) = &self.counters {
            // A task that is overdue counts.
            let expired = i64::from(status.of(row) == -1);
            let color = if expired > 0 { "danger" } else { "gray" };
            out.extend_from_slice(
                format!(
                    ",\"counter\":{{\"counters\":{{\"expired\":{expired},\"newComments\":0,\"projectExpired\":0,\
                     \"projectNewComments\":0,\"mutedExpired\":0,\"mutedNewComments\":0}},\"color\":\"{color}\",\
                     \"value\":{expired}}}"
                )
                .as_bytes(),
            );
        }
    }
}

/// Fields that only a select by name brings.
fn is_extra(field: &Field) -> bool {
    matches!(&*field.name, "TAGS" | "CHECKLIST")
}

impl<'s> TaskPlan<'s> {
    /// The plan for a `select` of upper-case names; one without any valid name is the full default.
    pub(super) fn new(state: &'s PortalData, select: &[&str], reader: Reader) -> Self {
        let table = state.table(TASK);
        let schema = &table.schema;
        let standard = || {
            let all = schema.fields().iter().enumerate();
            all.filter(|(_, field)| !field.is_user_field() && !is_extra(field))
                .map(|(at, _)| at)
        };
        let mut chosen: Vec<usize> = Vec::new();
        for name in select {
            match *name {
                "*" => chosen.extend(standard()),
                "UF_*" => {}
                name => chosen.extend(schema.legacy(name)),
            }
        }
        if chosen.is_empty() {
            chosen.extend(standard());
        } else if select.contains(&"UF_*") {
            let all = schema.fields().iter().enumerate();
            chosen.extend(
                all.filter(|(_, field)| field.is_user_field())
                    .map(|(at, _)| at),
            );
        }
        let beside = |name: &str| schema.legacy(name).filter(|at| !chosen.contains(at));
        let has_text = schema
            .legacy("DESCRIPTION")
            .is_some_and(|at| chosen.contains(&at));
        // How a description is written comes with it.
        if let Some(at) = beside("DESCRIPTION_IN_BBCODE").filter(|_| has_text) {
            chosen.push(at);
        }
        if !chosen.contains(&ID) {
            chosen.insert(0, ID);
        }
        let asked = |name: &str| schema.legacy(name).filter(|at| chosen.contains(at));
        Self {
            state,
            tags: asked("TAGS"),
            group: asked("GROUP_ID"),
            creator: asked("CREATED_BY"),
            responsible: asked("RESPONSIBLE_ID"),
            accomplices: asked("ACCOMPLICES"),
            auditors: asked("AUDITORS"),
            clockwork: asked("STATUS").and_then(|_| StatusFields::new(schema, reader)),
            further: Further::default(),
            plan: Plan::new(
                table,
                Shape::Task,
                chosen
                    .iter()
                    .copied()
                    .filter(|&at| schema.get(at).name != "TAGS"),
            ),
        }
    }

    /// The same with what a call asks for beside fields.
    pub(super) fn with(self, further: Further) -> Self {
        Self { further, ..self }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, row: &Row<'_>) {
        self.plan.write_open(out, row);
        if let Some(at) = self.tags {
            out.extend_from_slice(b",\"tags\":");
            write_tags(out, row.cell(at));
        }
        for (name, at) in [
            ("accomplicesData", self.accomplices),
            ("auditorsData", self.auditors),
        ] {
            if let Some(at) = at {
                out.extend_from_slice(format!(",\"{name}\":").as_bytes());
                self.write_people(out, row.cell(at));
            }
        }
        out.extend_from_slice(b",\"group\":");
        self.write_group(out, row);
        for (name, at) in [("creator", self.creator), ("responsible", self.responsible)] {
            if let Some(at) = at {
                out.extend_from_slice(format!(",\"{name}\":").as_bytes());
                match row.cell(at).to_int() {
                    Some(id) if id > 0 => self.write_person(out, id),
                    _ => out.extend_from_slice(b"[]"),
                }
            }
        }
        self.further.write(out, row);
        if let Some(clockwork) = &self.clockwork {
            out.extend_from_slice(b",\"subStatus\":\"");
            json::write_int(out, clockwork.of(row));
            out.push(b'"');
        }
        out.push(b'}');
    }

    fn write_group(&self, out: &mut Vec<u8>, row: &Row<'_>) {
        let group = self
            .group
            .and_then(|at| row.cell(at).to_int())
            .filter(|&id| id > 0);
        let Some(id) = group else {
            return out.extend_from_slice(b"[]");
        };
        out.extend_from_slice(
            format!(
                "{{\"id\":\"{id}\",\"name\":\"Проект {id}\",\"opened\":false,\"membersCount\":1,\
                 \"image\":\"\\/bitrix\\/images\\/socialnetwork\\/workgroup\\/bag.png\",\"additionalData\":[]}}"
            )
            .as_bytes(),
        );
    }

    fn write_person(&self, out: &mut Vec<u8>, id: i64) {
        let users = self.state.table(USER);
        let row = u64::try_from(id).ok().and_then(|id| users.get(id));
        let text = |name: &str| {
            let cell = row
                .as_ref()
                .and_then(|row| Some(row.cell(users.schema.legacy(name)?)));
            cell.and_then(Cell::to_text).unwrap_or_default()
        };
        out.extend_from_slice(format!("{{\"id\":\"{id}\",\"name\":").as_bytes());
        json::write_string(
            out,
            format!("{} {}", text("NAME"), text("LAST_NAME")).trim(),
        );
        out.extend_from_slice(
            format!(
                ",\"link\":\"\\/company\\/personal\\/user\\/{id}\\/\",\
                 \"icon\":\"\\/bitrix\\/images\\/tasks\\/default_avatar.png\",\"workPosition\":"
            )
            .as_bytes(),
        );
        json::write_string(out, &text("WORK_POSITION"));
        out.push(b'}');
    }

    /// People by their ID; `[]` if there are none.
    fn write_people(&self, out: &mut Vec<u8>, people: Cell<'_>) {
        write_map(out, people, |out, person| {
            let id = person.to_int().unwrap_or(0);
            json::write_int(out, id);
            out.extend_from_slice(b"\":");
            self.write_person(out, id);
        });
    }
}

/// Tags by an ID; `[]` if there are none.
fn write_tags(out: &mut Vec<u8>, tags: Cell<'_>) {
    let mut id = 0;
    write_map(out, tags, |out, tag| {
        id += 1;
        out.extend_from_slice(format!("{id}\":{{\"id\":{id},\"title\":").as_bytes());
        json::write_string(out, &tag.to_text().unwrap_or_default());
        out.push(b'}');
    });
}

fn write_map(out: &mut Vec<u8>, values: Cell<'_>, mut entry: impl FnMut(&mut Vec<u8>, Cell<'_>)) {
    let mut empty = true;
    values.any(|value| {
        out.extend_from_slice(if empty { b"{\"" } else { b",\"" });
        empty = false;
        entry(out, value);
        false
    });
    out.extend_from_slice(if empty { b"[]" } else { b"}" });
}
