//! Projects, their tasks and milestones.

use brimful_r7_protocol::Moment;
use serde_json::{Value as Json, json};

use super::api::{Call, Output};
use super::crm::date;
use super::failure::Failure;
use super::list::{COUNTED, IN_MEMORY, Manner};
use super::params;
use super::store::{Kind, Row, Store};
use brimful_portal::extension::samples;

const OPEN: i64 = 1;
const STATUSES: &[(&str, i64)] = &[("open", 1), ("closed", 2)];

/// The project with this number.
pub(super) fn generate(store: &Store, number: u64) -> Row {
    let kind = Kind::Project;
    let about = store.pick(kind, number, "about", samples::SUBJECTS);
    let whom = store.pick(kind, number, "whom", samples::COMPANIES);
    let person = store.person_of(kind, number, "responsible");
    let mut row = Row::new();
    row.insert("id".to_owned(), number.into());
    row.insert("title".to_owned(), format!("{about}{whom}").into());
    row.insert("description".to_owned(), "".into());
    row.insert("status".to_owned(), 0.into());
    row.insert("responsible".to_owned(), store.person(person));
    row.insert("canEdit".to_owned(), true.into());
    row.insert("isPrivate".to_owned(), false.into());
    row.insert(
        "created".to_owned(),
        store.moment(store.made_at(kind, number)),
    );
    row
}

/// The task with this number.
pub(super) fn task(store: &Store, number: u64) -> Row {
    let kind = Kind::Task;
    let about = store.pick(kind, number, "about", samples::CHORES);
    let whom = store.pick(kind, number, "whom", samples::COMPANIES);
    let project = 1 + store.draw(
        kind,
        number,
        "project",
        store.generated(Kind::Project).max(1),
    );
    let made = store.made_at(kind, number);
    let responsible = store.person(store.person_of(kind, number, "responsible"));
    let status = if store.draw(kind, number, "closed", 3) == 0 {
        2
    } else {
        OPEN
    };
    let mut row = Row::new();
    row.insert("id".to_owned(), number.into());
    row.insert("title".to_owned(), format!("{about}{whom}").into());
    row.insert("description".to_owned(), "".into());
    row.insert(
        "priority".to_owned(),
        store.draw(kind, number, "priority", 2).into(),
    );
    row.insert("status".to_owned(), status.into());
    row.insert("responsible".to_owned(), responsible.clone());
    row.insert("responsibles".to_owned(), json!([responsible]));
    row.insert("projectOwner".to_owned(), owner(store, project));
    let milestones = store.generated(Kind::Milestone);
    if milestones > 0 && store.draw(kind, number, "has milestone", 2) == 0 {
        let milestone = 1 + store.draw(kind, number, "milestone", milestones);
        row.insert("milestoneId".to_owned(), milestone.into());
    }
    let within = store.draw(kind, number, "deadline", 60) as i64;
    row.insert("deadline".to_owned(), store.moment(made + within * 86_400));
    row.insert("created".to_owned(), store.moment(made));
    let author = store.person(store.person_of(kind, number, "author"));
    row.insert("createdBy".to_owned(), author);
    row.insert("updated".to_owned(), store.moment(made + 3_600));
    row
}

/// A project as its tasks tell it.
fn owner(store: &Store, project: u64) -> Json {
    let row = store.get(Kind::Project, project).unwrap_or_default();
    let title = row.get("title").cloned().unwrap_or_default();
    json!({ "id": project, "title": title, "status": 0, "isPrivate": false })
}

/// The milestone with this number.
pub(super) fn milestone(store: &Store, number: u64) -> Row {
    let kind = Kind::Milestone;
    let project = 1 + store.draw(
        kind,
        number,
        "project",
        store.generated(Kind::Project).max(1),
    );
    let made = store.made_at(kind, number);
    let mut row = Row::new();
    row.insert("id".to_owned(), number.into());
    row.insert("title".to_owned(), format!("Этап {number}").into());
    row.insert("projectOwner".to_owned(), owner(store, project));
    row.insert("deadline".to_owned(), store.moment(made + 90 * 86_400));
    row.insert("status".to_owned(), 0.into());
    row.insert("created".to_owned(), store.moment(made));
    row
}

fn is_of(row: &Row, name: &str, person: &str) -> bool {
    let who = row.get(name).and_then(|who| who["id"].as_str());
    who.is_some_and(|id| id.eq_ignore_ascii_case(person))
}

/// `GET project/filter` and `GET project/milestone/filter`
pub(super) fn titled_filter(call: &mut Call<'_>, kind: Kind) -> Result<Output, Failure> {
    let manner = Manner {
        search: &["title", "description"],
        ..COUNTED
    };
    let query = call.list()?;
    Ok(Output::List(query.run(call.store, kind, manner, None)))
}

/// `GET project/@self` and `GET project/task/@self`: those that the caller is responsible for.
pub(super) fn own(call: &mut Call<'_>, kind: Kind) -> Result<Output, Failure> {
    let me = call.store.person(call.person);
    let me = me["id"].as_str().unwrap_or_default();
    let keep = |row: &Row| is_of(row, "responsible", me);
    let query = call.list()?;
    Ok(Output::List(query.run(
        call.store,
        kind,
        IN_MEMORY,
        Some(&keep),
    )))
}

/// `GET project/task/filter`
pub(super) fn task_filter(call: &mut Call<'_>) -> Result<Output, Failure> {
    let query = call.list()?;
    let given = &call.query;
    let project = params::number(given, "projectid")?.filter(|id| *id > 0);
    let milestone = params::number(given, "milestone")?.filter(|id| *id > 0);
    let none = params::flag(given, "nomilestone")?.unwrap_or(false);
    let status = params::one_of(given, "status", STATUSES)?;
    let mine = params::flag(given, "myProjects")?.unwrap_or(false);
    let participant = params::text(given, "participant");
    let creator = params::text(given, "creator");
    // As the server spells it.
    let department = params::text(given, "departament");
    let (from, to) = (date(given, "deadlineStart")?, date(given, "deadlineStop")?);
    let store = &*call.store;
    let me = store.person(call.person);
    let me = me["id"].as_str().unwrap_or_default();
    let restricted = project.is_some()
        || milestone.is_some()
        || none
        || status.is_some()
        || mine
        || participant.is_some()
        || creator.is_some()
        || department.is_some()
        || from.is_some()
        || to.is_some();
    let keep = |row: &Row| {
        let number = |name: &str| row.get(name).and_then(Json::as_i64);
        let of = row["projectOwner"]["id"].as_i64();
        let deadline = row
            .get("deadline")
            .and_then(|text| text.as_str()?.parse::<Moment>().ok());
        let in_department = |group: &str| {
            let who = row["responsible"]["id"].as_str().unwrap_or_default();
            let person = store.find(Kind::Person, who);
            let person = person.and_then(|number| store.get(Kind::Person, number));
            let groups = person.and_then(|person| person.get("groups")?.as_array().cloned());
            groups.is_some_and(|groups| groups.iter().any(|one| one["id"] == group))
        };
        project.is_none_or(|project| of == Some(project))
            && milestone.is_none_or(|milestone| number("milestoneId") == Some(milestone))
            && (!none || number("milestoneId").is_none())
            && status.is_none_or(|status| number("status") == Some(status))
            && (!mine
                || of
                    .and_then(|id| store.get(Kind::Project, id as u64))
                    .is_some_and(|project| is_of(&project, "responsible", me)))
            && participant
                .as_ref()
                .is_none_or(|id| is_of(row, "responsible", id))
            && creator
                .as_ref()
                .is_none_or(|id| is_of(row, "createdBy", id))
            && department.as_ref().is_none_or(|id| in_department(id))
            && from.is_none_or(|from| deadline.is_some_and(|at| at.unix() >= from))
            && to.is_none_or(|to| deadline.is_some_and(|at| at.unix() <= to))
    };
    let manner = Manner {
        search: &["title", "description"],
        ..COUNTED
    };
    let keep: Option<&dyn Fn(&Row) -> bool> = if restricted { Some(&keep) } else { None };
    Ok(Output::List(query.run(store, Kind::Task, manner, keep)))
}

fn number(store: &Store, kind: Kind, name: &str, id: &str) -> Result<u64, Failure> {
    if id.parse::<i64>().is_err() {
        return Err(Failure::conversion(name, id));
    }
    store.find(kind, id).ok_or_else(Failure::item_not_found)
}

/// `GET project/{id}` and `GET project/task/{id}`
pub(super) fn get(call: &mut Call<'_>, kind: Kind, id: &str) -> Result<Output, Failure> {
    let number = number(call.store, kind, "id", id)?;
    let row = call.store.get(kind, number);
    row.map(Output::one).ok_or_else(Failure::item_not_found)
}

/// `POST project/{id}/task`
pub(super) fn add_task(call: &mut Call<'_>, project: &str) -> Result<Output, Failure> {
    let project = number(call.store, Kind::Project, "projectid", project)?;
    if params::text(&call.body, "title").is_none() {
        return Err(Failure::argument(
            "Value cannot be null. Parameter name: title",
        ));
    }
    let number = call.store.next(Kind::Task);
    let author = call.store.person(call.person);
    let mut row = Row::new();
    row.insert("id".to_owned(), number.into());
    row.insert("title".to_owned(), "".into());
    row.insert("description".to_owned(), "".into());
    row.insert("priority".to_owned(), 0.into());
    row.insert("status".to_owned(), OPEN.into());
    row.insert("responsibles".to_owned(), json!([]));
    row.insert("projectOwner".to_owned(), owner(call.store, project));
    row.insert("created".to_owned(), call.store.moment(call.now));
    row.insert("createdBy".to_owned(), author);
    change(call, &mut row)?;
    call.store.put(Kind::Task, number, row.clone());
    Ok(Output::one(row))
}

/// `PUT project/task/{id}`
pub(super) fn update_task(call: &mut Call<'_>, id: &str) -> Result<Output, Failure> {
    let number = number(call.store, Kind::Task, "taskid", id)?;
    let mut row = call
        .store
        .get(Kind::Task, number)
        .ok_or_else(Failure::item_not_found)?;
    change(call, &mut row)?;
    call.store.put(Kind::Task, number, row.clone());
    Ok(Output::one(row))
}

/// `PUT project/task/{id}/status`
pub(super) fn set_status(call: &mut Call<'_>, id: &str) -> Result<Output, Failure> {
    let number = number(call.store, Kind::Task, "taskid", id)?;
    let mut row = call
        .store
        .get(Kind::Task, number)
        .ok_or_else(Failure::item_not_found)?;
    let status = params::one_of(&call.body, "status", STATUSES)?
        .filter(|status| [1, 2].contains(status))
        .ok_or_else(|| Failure::conversion("status", ""))?;
    row.insert("status".to_owned(), status.into());
    row.insert("updated".to_owned(), call.store.moment(call.now));
    call.store.put(Kind::Task, number, row.clone());
    Ok(Output::one(row))
}

/// `DELETE project/task/{id}`
pub(super) fn delete_task(call: &mut Call<'_>, id: &str) -> Result<Output, Failure> {
    let number = number(call.store, Kind::Task, "taskid", id)?;
    let row = call
        .store
        .get(Kind::Task, number)
        .ok_or_else(Failure::item_not_found)?;
    call.store.delete(Kind::Task, number);
    Ok(Output::one(row))
}

fn change(call: &Call<'_>, row: &mut Row) -> Result<(), Failure> {
    for name in ["title", "description"] {
        if let Some(text) = params::text(&call.body, name) {
            row.insert(name.to_owned(), text.into());
        }
    }
    for (param, name) in [("priority", "priority"), ("milestoneid", "milestoneId")] {
        if let Some(number) = params::number(&call.body, param)? {
            row.insert(name.to_owned(), number.into());
        }
    }
    if let Some(deadline) = date(&call.body, "deadline")? {
        row.insert("deadline".to_owned(), call.store.moment(deadline));
    }
    let responsibles = params::several(&call.body, "responsibles");
    if !responsibles.is_empty() {
        let people: Option<Vec<Json>> = responsibles
            .iter()
            .map(|id| {
                call.store
                    .find(Kind::Person, id)
                    .map(|number| call.store.person(number))
            })
            .collect();
        let people = people.ok_or_else(Failure::item_not_found)?;
        row.insert("responsible".to_owned(), people[0].clone());
        row.insert("responsibles".to_owned(), people.into());
    }
    row.insert("updated".to_owned(), call.store.moment(call.now));
    Ok(())
}
