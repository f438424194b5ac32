//! Projects, their tasks and milestones.

use brimful_portal::extension::samples;
use serde_json::{Value as Json, json};

use crate::api_failure::ApiFailure;
use crate::call::{Call, Output};
use crate::group;
use crate::list::{COUNTED, Conditions, IN_MEMORY, ListBehaviour};
use crate::params;
use crate::row::{Row, copy_texts, nested, number, row, set, time};
use crate::store::{Entity, Store};

const OPEN: i64 = 1;
const CLOSED: i64 = 2;
const STATUSES: &[(&str, i64)] = &[("open", OPEN), ("closed", CLOSED)];

const SEARCHED: ListBehaviour = ListBehaviour {
    search: &["title", "description"],
    ..COUNTED
};

/// Generates a project.
pub(super) fn generate(store: &Store, number: u64) -> Row {
    let sample = store.sample(Entity::Project, number);
    row(json!({
        "id": number,
        "title": sample.title(samples::SUBJECTS),
        "description": "",
        "status": 0,
        "responsible": sample.person("responsible"),
        "canEdit": true,
        "isPrivate": false,
        "created": store.moment(sample.made_at()),
    }))
}

/// Generates a task.
pub(super) fn generate_task(store: &Store, number: u64) -> Row {
    let sample = store.sample(Entity::Task, number);
    let project = 1 + sample.draw("project", store.generated(Entity::Project).max(1));
    let made = sample.made_at();
    let responsible = sample.person("responsible");
    let within = sample.draw("deadline", 60) as i64;
    let milestones = store.generated(Entity::Milestone);
    let mut task = row(json!({
        "id": number,
        "title": sample.title(samples::CHORES),
        "description": "",
        "priority": sample.draw("priority", 2),
        "status": if sample.draw("closed", 3) == 0 { CLOSED } else { OPEN },
        "responsible": responsible,
        "responsibles": [responsible],
        "projectOwner": project_summary(store, project),
        "milestoneId": 1 + sample.draw("milestone", milestones),
        "deadline": store.moment(made + within * 86_400),
        "created": store.moment(made),
        "createdBy": sample.person("author"),
        "updated": store.moment(made + 3_600),
    }));
    if milestones == 0 || sample.draw("has milestone", 2) != 0 {
        task.shift_remove("milestoneId");
    }
    task
}

/// A project as its tasks show it.
fn project_summary(store: &Store, project: u64) -> Json {
    let row = store.get(Entity::Project, project).unwrap_or_default();
    let title = row.get("title").cloned().unwrap_or_default();
    json!({ "id": project, "title": title, "status": 0, "isPrivate": false })
}

/// Generates a milestone.
pub(super) fn generate_milestone(store: &Store, number: u64) -> Row {
    let sample = store.sample(Entity::Milestone, number);
    let project = 1 + sample.draw("project", store.generated(Entity::Project).max(1));
    let made = sample.made_at();
    row(json!({
        "id": number,
        "title": format!("Этап {number}"),
        "projectOwner": project_summary(store, project),
        "deadline": store.moment(made + 90 * 86_400),
        "status": 0,
        "created": store.moment(made),
    }))
}

/// Whether a property names this person.
fn names(row: &Row, name: &str, person: &str) -> bool {
    let id = nested(row, name, "id").and_then(Json::as_str);
    id.is_some_and(|id| id.eq_ignore_ascii_case(person))
}

/// `GET project/filter` and `GET project/milestone/filter`
pub(super) fn filter(call: &Call<'_>, entity: Entity) -> Result<Output, ApiFailure> {
    call.select(entity, SEARCHED, &Conditions::new())
}

/// `GET project/@self` and `GET project/task/@self`: those that the caller is responsible for.
pub(super) fn own(call: &Call<'_>, entity: Entity) -> Result<Output, ApiFailure> {
    let caller = call.caller_id();
    let own: Conditions<'_> = vec![Box::new(|row| names(row, "responsible", &caller))];
    call.select(entity, IN_MEMORY, &own)
}

/// `GET project/task/filter`
pub(super) fn filter_tasks(call: &Call<'_>) -> Result<Output, ApiFailure> {
    let (store, given) = (&*call.store, &call.query);
    let project_of = |row: &Row| nested(row, "projectOwner", "id")?.as_i64();
    let mut conditions = Conditions::new();
    if let Some(project) = params::number(given, "projectid")?.filter(|id| *id > 0) {
        conditions.push(Box::new(move |row| project_of(row) == Some(project)));
    }
    if let Some(milestone) = params::number(given, "milestone")?.filter(|id| *id > 0) {
        conditions.push(Box::new(move |row| {
            number(row, "milestoneId") == Some(milestone)
        }));
    }
    if params::flag(given, "nomilestone")? == Some(true) {
        conditions.push(Box::new(|row| number(row, "milestoneId").is_none()));
    }
    if let Some(status) = params::one_of(given, "status", STATUSES)? {
        conditions.push(Box::new(move |row| number(row, "status") == Some(status)));
    }
    if params::flag(given, "myProjects")? == Some(true) {
        let caller = call.caller_id();
        conditions.push(Box::new(move |row| {
            let project = project_of(row).and_then(|id| store.get(Entity::Project, id as u64));
            project.is_some_and(|project| names(&project, "responsible", &caller))
        }));
    }
    for (param, name) in [("participant", "responsible"), ("creator", "createdBy")] {
        if let Some(person) = params::text(given, param) {
            conditions.push(Box::new(move |row| names(row, name, &person)));
        }
    }
    // The server spells it so.
    if let Some(department) = params::text(given, "departament") {
        conditions.push(Box::new(move |row| {
            let responsible = nested(row, "responsible", "id").and_then(Json::as_str);
            let person = responsible.and_then(|id| store.find(Entity::Person, id));
            let person = person.and_then(|number| store.get(Entity::Person, number));
            person.is_some_and(|person| group::has_member(&person, &department))
        }));
    }
    if let Some(from) = params::date(given, "deadlineStart")? {
        conditions.push(Box::new(move |row| {
            time(row, "deadline").is_some_and(|at| at >= from)
        }));
    }
    if let Some(to) = params::date(given, "deadlineStop")? {
        conditions.push(Box::new(move |row| {
            time(row, "deadline").is_some_and(|at| at <= to)
        }));
    }
    call.select(Entity::Task, SEARCHED, &conditions)
}

/// `GET project/{id}` and `GET project/task/{id}`
pub(super) fn get(call: &Call<'_>, entity: Entity, id: &str) -> Result<Output, ApiFailure> {
    let number = call.number(entity, "id", id)?;
    call.row(entity, number).map(Output::one)
}

/// `POST project/{id}/task`
pub(super) fn add_task(call: &mut Call<'_>, project: &str) -> Result<Output, ApiFailure> {
    let project = call.number(Entity::Project, "projectid", project)?;
    call.require(&["title"])?;
    let number = call.store.next(Entity::Task);
    let mut task = row(json!({
        "id": number,
        "title": "",
        "description": "",
        "priority": 0,
        "status": OPEN,
        "responsibles": [],
        "projectOwner": project_summary(call.store, project),
        "created": call.store.moment(call.now),
        "createdBy": call.store.person(call.person),
    }));
    change(call, &mut task)?;
    Ok(call.save(Entity::Task, number, task))
}

/// `PUT project/task/{id}`
pub(super) fn update_task(call: &mut Call<'_>, id: &str) -> Result<Output, ApiFailure> {
    let number = call.number(Entity::Task, "taskid", id)?;
    let mut task = call.row(Entity::Task, number)?;
    change(call, &mut task)?;
    Ok(call.save(Entity::Task, number, task))
}

/// `PUT project/task/{id}/status`
pub(super) fn set_status(call: &mut Call<'_>, id: &str) -> Result<Output, ApiFailure> {
    let number = call.number(Entity::Task, "taskid", id)?;
    let mut task = call.row(Entity::Task, number)?;
    let status = params::one_of(&call.body, "status", STATUSES)?
        .filter(|status| [OPEN, CLOSED].contains(status))
        .ok_or_else(|| ApiFailure::conversion("status", ""))?;
    set(&mut task, "status", status);
    set(&mut task, "updated", call.store.moment(call.now));
    Ok(call.save(Entity::Task, number, task))
}

/// `DELETE project/task/{id}`
pub(super) fn delete_task(call: &mut Call<'_>, id: &str) -> Result<Output, ApiFailure> {
    let number = call.number(Entity::Task, "taskid", id)?;
    call.delete(Entity::Task, number)
}

/// Puts what the body says into a task.
fn change(call: &Call<'_>, task: &mut Row) -> Result<(), ApiFailure> {
    copy_texts(
        &call.body,
        task,
        &[("title", "title"), ("description", "description")],
    );
    for (param, name) in [("priority", "priority"), ("milestoneid", "milestoneId")] {
        if let Some(number) = params::number(&call.body, param)? {
            set(task, name, number);
        }
    }
    if let Some(deadline) = params::date(&call.body, "deadline")? {
        set(task, "deadline", call.store.moment(deadline));
    }
    let people: Option<Vec<Json>> = params::list(&call.body, "responsibles")
        .iter()
        .map(|id| {
            let number = call.store.find(Entity::Person, id)?;
            Some(call.store.person(number))
        })
        .collect();
    let people = people.ok_or_else(ApiFailure::item_not_found)?;
    if let Some(first) = people.first() {
        set(task, "responsible", first.clone());
        set(task, "responsibles", people);
    }
    set(task, "updated", call.store.moment(call.now));
    Ok(())
}
