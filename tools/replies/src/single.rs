//! One call: what a portal has to hold to answer it, and how it is asked.

use std::fmt;

use serde_json::{Map, Value as Json, json};

use crate::catalogue;
use crate::compare::Rules;
use crate::exchange::Verdict;
use crate::page::{Counts, ListFixture, RecordedPage, RowSource};
use crate::setting::{Row, Setting, row};

/// A call as it was made, alone or in a batch, and what came.
pub(crate) struct Command<'r> {
    pub(crate) method: String,
    /// Its place among all commands of the conversation.
    pub(crate) place: usize,
    /// Its label in a batch.
    pub(crate) label: Option<String>,
    /// The parameters, where they were kept.
    pub(crate) given: Row,
    pub(crate) result: &'r Json,
    pub(crate) counts: Counts,
}

/// How a call is made.
pub(crate) struct Plan {
    /// After `api/` in REST 3.0.
    pub(crate) method: String,
    params: Row,
    page: Option<RecordedPage>,
    pub(crate) rules: Rules,
    pub(crate) how: How,
}

/// Where a reply of the emulator comes from, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// What was recorded is served as it is: nothing of the emulator is checked but the envelope.
    Replayed,
    /// The rows of the reply are served by the rules for lists of its kind.
    RowsServed,
    /// The rows of the reply are loaded, and a modelled list gives them out.
    RowsLoaded,
    /// A model made the reply.
    Modelled,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replayed => "replayed",
            Self::RowsServed => "rows served",
            Self::RowsLoaded => "rows loaded",
            Self::Modelled => "modelled",
        })
    }
}

impl Command<'_> {
    /// Whether this is the end of a list of which other pages come elsewhere: there are more rows than it shows, and no
    /// page after it.
    pub(crate) fn is_last_page(&self) -> bool {
        self.counts.next.is_none() && self.counts.total.is_some()
    }
}

/// The item type that is taken where a reply does not say which one it is.
const SOME_TYPE: i64 = 1032;

impl Plan {
    fn modelled(command: &Command<'_>, params: Row) -> Self {
        Self {
            method: command.method.clone(),
            params,
            page: None,
            rules: Rules {
                values: true,
                ..Rules::default()
            },
            how: How::Modelled,
        }
    }

    /// The parameters, once all rows are known.
    pub(crate) fn params(&self, command: &Command<'_>, setting: &Setting) -> Result<Row, String> {
        if !command.given.is_empty() {
            return Ok(command.given.clone());
        }
        let mut params = self.params.clone();
        if let Some(page) = &self.page {
            let controls = catalogue::find(&command.method).is_some_and(|known| {
                known.paging == brimful_protocol::catalogue::Paging::Controller
            });
            params.extend(page.params(&setting.lists[page.list], controls)?);
        }
        Ok(params)
    }
}

/// Puts what a call returned into the setting. What is a list is loaded as rows; what is modelled is loaded as records;
/// anything else is served as it was recorded.
pub(crate) fn settle(setting: &mut Setting, command: &Command<'_>) -> Result<Plan, Verdict> {
    if let Some(path) = no_list(command) {
        return Err(Verdict::Differs(path));
    }
    let name = command.method.to_ascii_lowercase();
    if setting.replays(&name) {
        return Ok(recorded(setting, command));
    }
    if setting.models(&name)
        && let Some(plan) = modelled(setting, command, &name)
    {
        setting.works_out(&name);
        return Ok(plan);
    }
    if let Some(plan) = listed(setting, command) {
        setting.works_out(&name);
        return Ok(plan);
    }
    Ok(recorded(setting, command))
}

/// Where rows should be and something else is: what a portal wraps under a key is a list, even an empty one.
fn no_list(command: &Command<'_>) -> Option<String> {
    use brimful_protocol::catalogue::Shape;
    let known = catalogue::find(&command.method)?;
    let key = known.key.filter(|_| known.shape == Shape::Wrapped)?;
    let lists = known.name.to_ascii_lowercase().ends_with(".list");
    let rows = command.result.get(key).filter(|_| lists)?;
    let (what, is_list) = match rows {
        Json::Array(_) => ("a list", true),
        Json::Object(_) => ("an object", false),
        _ => ("a scalar", false),
    };
    (!is_list).then(|| format!("result.{key}: expected {what}, got a list"))
}

/// `crm.deal.list` → `deal`, for the records that have methods of their own.
fn legacy_entity<'n>(name: &'n str, verb: &str) -> Option<&'n str> {
    let entity = name.strip_prefix("crm.")?.strip_suffix(verb)?;
    ["lead", "deal", "contact", "company", "quote", "activity"]
        .contains(&entity)
        .then_some(entity)
}

fn modelled(setting: &mut Setting, command: &Command<'_>, name: &str) -> Option<Plan> {
    if let Some(entity) = legacy_entity(name, ".list") {
        let select = select(&rows(command.result, None)?, str::to_owned);
        return list(setting, command, entity, ("ID", "ID"), None, select);
    }
    if let Some(entity) = legacy_entity(name, ".get") {
        return get(setting, command, entity);
    }
    if let Some(entity) = legacy_entity(name, ".fields") {
        setting.fields(entity, command.result.as_object()?);
        return Some(Plan::modelled(command, Map::new()));
    }
    if let Some((owner, to)) = link(name) {
        return links(setting, command, owner, to);
    }
    match name {
        "tasks.task.list" => tasks(setting, command),
        "user.get" => {
            list(setting, command, "user", ("ID", "ID"), None, Map::new()).map(|mut plan| {
                // It sorts by two parameters of its own, and by the ID if there are none.
                plan.page.iter_mut().for_each(RecordedPage::clear_sort);
                plan
            })
        }
        "crm.item.list" => items(setting, command),
        "crm.item.add" => item_add(setting, command),
        "crm.item.get" => item(setting, command),
        "crm.status.entity.items" => {
            let dictionary = format!("DICTIONARY_{}", setting.loaded("status"));
            statuses(setting, command, &dictionary)?;
            let params = row([("entityId", json!(dictionary))]);
            Some(Plan::modelled(command, params))
        }
        "crm.dealcategory.stage.list" => {
            let id = command.given.get("ID").or_else(|| command.given.get("id"));
            let id = id.map(text).or_else(|| command.label.clone())?;
            let id: u64 = id.parse().ok()?;
            let dictionary = match id {
                0 => "DEAL_STAGE".to_owned(),
                id => format!("DEAL_STAGE_{id}"),
            };
            statuses(setting, command, &dictionary)?;
            Some(Plan::modelled(command, row([("ID", json!(id))])))
        }
        "crm.category.list" => {
            let rows = rows(command.result, Some("categories"))?;
            let of = rows.first()?.get("entityTypeId")?.clone();
            setting.load("category", rows);
            Some(Plan::modelled(command, row([("entityTypeId", of)])))
        }
        _ => None,
    }
}

fn text(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The rows of a result, if it is nothing but a list of them.
fn rows(result: &Json, key: Option<&str>) -> Option<Vec<Row>> {
    let list = match key {
        None => result,
        Some(key) => result.as_object().filter(|map| map.len() == 1)?.get(key)?,
    };
    let row = |row: &Json| row.as_object().cloned();
    list.as_array()?.iter().map(row).collect()
}

/// `select` with all the keys that rows have.
fn select(rows: &[Row], name: impl Fn(&str) -> String) -> Row {
    let mut names: Vec<String> = Vec::new();
    for key in rows.iter().flat_map(Map::keys) {
        let name = name(key);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    row([("select", json!(names))])
}

/// The rows of a list of an entity.
fn list(
    setting: &mut Setting,
    command: &Command<'_>,
    entity: &str,
    (id, filter_id): (&'static str, &'static str),
    key: Option<&str>,
    params: Row,
) -> Option<Plan> {
    let rows = rows(command.result, key)?;
    let source = RowSource::Entity(entity.to_owned());
    let page = page(setting, source, (id, filter_id), &rows, command.counts)?;
    Some(Plan {
        page: Some(page),
        how: How::RowsLoaded,
        ..Plan::modelled(command, params)
    })
}

fn page(
    setting: &mut Setting,
    source: RowSource,
    (id, filter_id): (&'static str, &'static str),
    rows: &[Row],
    counts: Counts,
) -> Option<RecordedPage> {
    let known = setting.lists.iter().position(|list| list.source == source);
    let place = known.unwrap_or_else(|| {
        setting.lists.push(ListFixture {
            source,
            id,
            filter_id,
            rows: Vec::new(),
            total: 0,
        });
        setting.lists.len() - 1
    });
    setting.lists[place].add(place, rows, counts)
}

fn get(setting: &mut Setting, command: &Command<'_>, entity: &str) -> Option<Plan> {
    let record = command.result.as_object()?;
    let id = record.get("ID")?.clone();
    setting.bare_fields(entity, record);
    setting.load(entity, [record.clone()]);
    Some(Plan::modelled(command, row([("ID", id)])))
}

/// `crm.deal.contact.items.get` → deals, contacts.
fn link(name: &str) -> Option<(&str, &str)> {
    let (owner, to) = name
        .strip_prefix("crm.")?
        .strip_suffix(".items.get")?
        .split_once('.')?;
    matches!(to, "contact" | "company").then_some((owner, to))
}

fn links(setting: &mut Setting, command: &Command<'_>, owner: &str, to: &str) -> Option<Plan> {
    let labelled = command.label.as_ref().and_then(|label| label.parse().ok());
    let id: u64 = labelled.unwrap_or(1);
    setting.load(owner, [row([("ID", json!(id))])]);
    let links = rows(command.result, None)?.into_iter().map(|mut link| {
        link.insert("OWNER_ID".to_owned(), json!(id));
        link
    });
    setting.load(&format!("{owner}.{to}"), links);
    Some(Plan::modelled(command, row([("id", json!(id))])))
}

fn statuses(setting: &mut Setting, command: &Command<'_>, dictionary: &str) -> Option<()> {
    let first = setting.loaded("status");
    let entries = rows(command.result, None)?;
    let entries = (first + 1..).zip(entries).map(|(id, mut entry)| {
        entry.insert("ID".to_owned(), json!(id));
        entry.insert("ENTITY_ID".to_owned(), json!(dictionary));
        entry
    });
    setting.load("status", entries);
    Some(())
}

/// Tasks: what the portal works out by itself is not loaded, but what it follows from.
fn tasks(setting: &mut Setting, command: &Command<'_>) -> Option<Plan> {
    const MADE: [&str; 5] = ["group", "creator", "responsible", "subStatus", "action"];
    let all = rows(command.result, Some("tasks"))?;
    let shown = |task: &Row| -> Row {
        let fields = task.iter().filter(|(key, _)| !MADE.contains(&key.as_str()));
        fields
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let stored = |task: &Row| -> Row {
        let mut stored = shown(task);
        if !task.contains_key("deadline") && task.get("subStatus").is_some_and(|it| it == "-1") {
            stored.insert("deadline".to_owned(), json!("2000-01-01T00:00:00+03:00"));
        }
        stored
    };
    let params = select(&all.iter().map(shown).collect::<Vec<Row>>(), upper);
    let rows: Vec<Row> = all.iter().map(stored).collect();
    let source = RowSource::Entity("task".to_owned());
    let page = page(setting, source, ("id", "ID"), &rows, command.counts)?;
    Some(Plan {
        page: Some(page),
        how: How::RowsLoaded,
        ..Plan::modelled(command, params)
    })
}

/// `responsibleId` → `RESPONSIBLE_ID`
fn upper(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

fn items(setting: &mut Setting, command: &Command<'_>) -> Option<Plan> {
    let rows = rows(command.result, Some("items"))?;
    let of = type_of(command, rows.first());
    let mut params = select(&rows, str::to_owned);
    params.insert("entityTypeId".to_owned(), json!(of));
    list(
        setting,
        command,
        &table_of(of),
        ("id", "id"),
        Some("items"),
        params,
    )
}

fn type_of(command: &Command<'_>, item: Option<&Row>) -> i64 {
    let said = item.and_then(|item| item.get("entityTypeId"));
    let said = said.or_else(|| command.given.get("entityTypeId"));
    said.and_then(Json::as_i64).unwrap_or(SOME_TYPE)
}

/// The table that has the items of a type.
fn table_of(entity_type: i64) -> String {
    let name = match entity_type {
        1 => "lead",
        2 => "deal",
        3 => "contact",
        4 => "company",
        7 => "quote",
        other => return other.to_string(),
    };
    name.to_owned()
}

fn item(setting: &mut Setting, command: &Command<'_>) -> Option<Plan> {
    let item = command.result.get("item")?.as_object()?;
    let of = type_of(command, Some(item));
    setting.bare_fields(&table_of(of), item);
    setting.load(&table_of(of), [item.clone()]);
    let params = row([("entityTypeId", json!(of)), ("id", item.get("id")?.clone())]);
    Some(Plan::modelled(command, params))
}

/// An item that is added has the fields that were sent, and others that the portal makes.
fn item_add(setting: &mut Setting, command: &Command<'_>) -> Option<Plan> {
    let item = command.result.get("item")?.as_object()?;
    let of = type_of(command, Some(item));
    setting.bare_fields(&table_of(of), item);
    let made = |key: &str| {
        let by_or_at = key.ends_with("By") || key.ends_with("Time");
        by_or_at || matches!(key, "id" | "entityTypeId")
    };
    let sent = item.iter().filter(|(key, _)| !made(key));
    let sent: Row = sent
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let params = row([("entityTypeId", json!(of)), ("fields", Json::Object(sent))]);
    Some(Plan {
        rules: Rules::default(),
        ..Plan::modelled(command, params)
    })
}

/// The rows of any list of the catalogue.
fn listed(setting: &mut Setting, command: &Command<'_>) -> Option<Plan> {
    use brimful_protocol::catalogue::{Paging, Shape};
    let known = catalogue::find(&command.method)?;
    if !matches!(known.shape, Shape::List | Shape::Wrapped)
        || (known.shape == Shape::Wrapped && known.key.is_none())
        || command.counts.total.is_some() != known.total.unwrap_or(command.counts.total.is_some())
    {
        return None;
    }
    let rows = rows(command.result, known.key)?;
    let counted = command
        .counts
        .total
        .is_none_or(|total| total == rows.len() as i64);
    let id = known.id.unwrap_or("ID");
    let filter_id = known.keyset.map_or(id, |keyset| keyset.filter);
    let method = address(&command.method);
    let source = RowSource::Method(method.clone());
    let begun = setting.lists.iter().find(|list| list.source == source);
    let ends = begun.is_some_and(|list| list.completes(&rows, command.counts.total));
    // Not what the method lists, but one of what it counts.
    if (command.counts.next.is_none() && !counted && !ends) || rows.is_empty() {
        return None;
    }
    let page = page(setting, source, (id, filter_id), &rows, command.counts)?;
    let pages = matches!(
        known.paging,
        Paging::Page | Paging::Controller | Paging::Offset
    );
    Some(Plan {
        method,
        page: pages.then_some(page),
        how: How::RowsServed,
        ..Plan::modelled(command, Map::new())
    })
}

fn address(method: &str) -> String {
    if catalogue::is_rest_3(method) {
        format!("api/{method}")
    } else {
        method.to_owned()
    }
}

fn recorded(setting: &mut Setting, command: &Command<'_>) -> Plan {
    let method = address(&command.method);
    let mut whole = row([("result", command.result.clone()), ("time", json!({}))]);
    let counts = [
        ("next", command.counts.next),
        ("total", command.counts.total),
    ];
    for (name, count) in counts {
        if let Some(count) = count {
            whole.insert(name.to_owned(), json!(count));
        }
    }
    setting.reply(command.place, &method, Json::Object(whole));
    Plan {
        method,
        how: How::Replayed,
        ..Plan::modelled(command, Map::new())
    }
}
