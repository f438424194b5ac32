//! What can be kept in sync: entities, each with its list, its fields and how its changes are found.

mod known;

use brimful::protocol::catalogue::{self, Keyset, KeysetForm};
use brimful::{Fields, FieldsCall};
use serde_json::{Map, Value, json};

use super::parents::{self, ParentDescription, Parents};
use super::{NarrowedBy, SyncError};
use crate::schema::Plan;
use known::ENTITIES;

/// How the rows are found that have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeCursor {
    /// By the time of their last change.
    Time {
        /// The field in the filter, such as `DATE_MODIFY`.
        filter: &'static str,
        /// The field in a row; tasks spell it differently.
        row: &'static str,
    },
    /// By their ID: rows are added and hardly ever changed.
    Id,
    /// By the records that they belong to: the rows of those that have changed are read again.
    Parents,
    /// Not at all: the list is read in full, and compared with the store.
    Full,
}

impl ChangeCursor {
    const fn time(filter: &'static str, row: &'static str) -> Self {
        Self::Time { filter, row }
    }
}

/// The time of the last activity: what happens to a record and does not date its last change, as a comment or a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ActivityFields {
    /// The field in the filter, such as `ACTIVITY_DATE`.
    pub(crate) filter: &'static str,
    /// The field in a row.
    pub(crate) row: &'static str,
    /// Whether the list takes conditions on it and on the time of the last change together. That of tasks passes this one
    /// over then.
    pub(crate) is_beside_changed: bool,
}

/// What stands behind the colon in names such as `crm.item:128`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Argument {
    /// The parameter of the list that takes it. A dot leads into an object: `filter.iblockId`.
    parameter: &'static str,
    /// An example of it.
    example: &'static str,
}

/// An entity that is known beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityDescription {
    /// The name on the command line and in `brimful.toml`.
    pub name: &'static str,
    /// Other names.
    pub other_names: &'static [&'static str],
    /// What it is, for people.
    pub title: &'static str,
    /// The method of its list.
    pub method: &'static str,
    argument: Option<Argument>,
    /// The fields that are asked for; those of the list by itself if empty.
    select: &'static [&'static str],
    /// How its changes are found.
    pub cursor: ChangeCursor,
    /// The field with the time of the last activity, where its rows have one.
    activity: Option<ActivityFields>,
    /// Fields in rows whose changes no time tells of: how many comments are unread, sums of product rows.
    undated: &'static [&'static str],
    /// Whether it is small, and others refer to it: such lists are read first.
    pub is_dictionary: bool,
    /// The records that its rows belong to, where they are listed for one of them at a time.
    parents: Option<ParentDescription>,
    /// Its fields and their types, where no method of the portal tells them.
    fields: &'static [(&'static str, &'static str)],
}

impl EntityDescription {
    /// The name with an example of what stands behind the colon.
    pub fn usage(&self) -> String {
        match self.argument {
            Some(argument) => format!("{}:{}", self.name, argument.example),
            None => self.name.to_owned(),
        }
    }
}

/// All entities that are known beforehand. Beside them any list of the catalogue can be named by its method.
pub fn entities() -> &'static [EntityDescription] {
    ENTITIES
}

/// An entity that is to be kept in sync: which list, into which table.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncEntity {
    /// The name that was given, such as `crm.item:128`.
    pub name: String,
    /// The table of its rows.
    pub table: String,
    /// The method of its list.
    pub method: String,
    /// The parameters of its list: select, filter, the type of items.
    pub params: Map<String, Value>,
    /// How its changes are found.
    pub cursor: ChangeCursor,
    /// Whether it is small, and others refer to it.
    pub is_dictionary: bool,
    activity: Option<ActivityFields>,
    undated: &'static [&'static str],
    /// The records that its rows belong to, where they are listed for one of them at a time.
    pub(crate) parents: Option<Parents>,
    /// Its fields and their types, where no method of the portal tells them.
    fields: &'static [(&'static str, &'static str)],
    /// The fields that are kept; `None`: all.
    selected: Option<Vec<String>>,
    /// Whether its list has conditions that somebody wrote.
    is_filtered: bool,
}

impl std::str::FromStr for SyncEntity {
    type Err = SyncError;

    /// Reads the name of an entity, such as `crm.deal` or `crm.item:128`, or the name of the method of a list.
    fn from_str(text: &str) -> Result<Self, SyncError> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name.trim(), Some(argument.trim())),
            None => (text.trim(), None),
        };
        let lower = name.to_ascii_lowercase();
        let known = ENTITIES.iter().find(|known| {
            known.name == lower || known.other_names.contains(&lower.as_str()) || {
                // A list by its method is the entity too, unless it needs more than that.
                known.argument.is_none() && known.method.eq_ignore_ascii_case(&lower)
            }
        });
        match known {
            Some(known) => Self::of_description(known, argument),
            None => Self::of_method(name, argument),
        }
    }
}

impl SyncEntity {
    fn of_description(
        known: &'static EntityDescription,
        argument: Option<&str>,
    ) -> Result<Self, SyncError> {
        let mut params = Map::new();
        let mut name = known.name.to_owned();
        match (known.argument, argument) {
            (Some(wanted), Some(given)) => {
                let Ok(number) = given.parse::<u64>() else {
                    return Err(SyncError::Usage(format!(
                        "{name}:{given}: {given} is not a number; write {}",
                        known.usage()
                    )));
                };
                name = format!("{name}:{number}");
                match known.parents.and_then(|parents| parents.type_parameter) {
                    Some((parameter, names)) => {
                        let Some(type_name) = names.of(number) else {
                            return Err(SyncError::Usage(format!(
                                "{name}: records of the type {number} have no such rows; 1 are leads, 2 deals, 7 quotes, 31 \
                                 invoices, 128 and above smart processes"
                            )));
                        };
                        parents::put(&mut params, parameter, json!(type_name));
                    }
                    None => parents::put(&mut params, wanted.parameter, json!(number)),
                }
                if known.method.starts_with("lists.") {
                    params.insert("IBLOCK_TYPE_ID".to_owned(), json!("lists"));
                }
            }
            (Some(_), None) => {
                return Err(SyncError::Usage(format!(
                    "{name} needs a number: write {}",
                    known.usage()
                )));
            }
            (None, Some(given)) => {
                return Err(SyncError::Usage(format!(
                    "{name}:{given}: {name} takes nothing behind a colon"
                )));
            }
            (None, None) => {}
        }
        if !known.select.is_empty() {
            let select = catalogue::find(known.method).and_then(|method| method.select);
            params.insert(select.unwrap_or("select").to_owned(), json!(known.select));
        }
        let parents = known.parents.map(|description| {
            let list = match description.type_parameter.and(argument) {
                Some(number) => format!("{}:{number}", description.entity),
                None => description.entity.to_owned(),
            };
            let list = Box::new(list.parse()?);
            Ok::<_, SyncError>(Parents { list, description })
        });
        Ok(Self {
            table: Plan::table_of_list(known.method, argument),
            name,
            method: known.method.to_owned(),
            params,
            cursor: known.cursor,
            activity: known.activity,
            undated: known.undated,
            is_dictionary: known.is_dictionary,
            parents: parents.transpose()?,
            fields: known.fields,
            selected: None,
            is_filtered: false,
        })
    }

    /// Any list of the catalogue. What its changes are is not known, so it is read in full.
    fn of_method(name: &str, argument: Option<&str>) -> Result<Self, SyncError> {
        let method = catalogue::find(name);
        let Some(method) = method.filter(|method| method.list && method.rest == 2) else {
            return Err(SyncError::UnknownEntity {
                name: name.to_owned(),
                near: nearest(name),
            });
        };
        if let Some(known) = ENTITIES.iter().find(|known| known.method == method.name) {
            return Err(SyncError::Usage(format!(
                "{name} needs a number: write {}",
                known.usage()
            )));
        }
        if let Some(argument) = argument {
            return Err(SyncError::Usage(format!(
                "{name}:{argument}: {name} takes nothing behind a colon"
            )));
        }
        Ok(Self {
            name: method.name.to_owned(),
            table: Plan::table_of_list(method.name, None),
            method: method.name.to_owned(),
            params: Map::new(),
            cursor: ChangeCursor::Full,
            activity: None,
            undated: &[],
            is_dictionary: false,
            parents: None,
            fields: &[],
            selected: None,
            is_filtered: false,
        })
    }

    /// Keeps only the rows that meet conditions: `{">=DATE_CREATE": "2026-01-01"}`, as the list of the entity takes them.
    /// A row that stops meeting them is one that is gone.
    ///
    /// # Errors
    /// A condition is on the ID, or on the time of the last change: by those changes are found. Or the rows are listed
    /// for one record at a time.
    pub fn with_filter(mut self, conditions: Map<String, Value>) -> Result<Self, SyncError> {
        self.refuse_for_parents("filter")?;
        let id = self.keyset().map(|keyset| keyset.filter);
        let changed = match self.cursor {
            ChangeCursor::Time { filter, .. } => Some(filter),
            _ => None,
        };
        for name in conditions.keys() {
            let field = name.trim_start_matches(['!', '<', '>', '=', '%', '@', '?']);
            let is =
                |other: Option<&str>| other.is_some_and(|other| other.eq_ignore_ascii_case(field));
            if is(id) || is(changed) {
                return Err(SyncError::Usage(format!(
                    "{}: the filter has {name}, and by {field} the sync finds changes itself; filter by another field, such \
                     as the time of creation",
                    self.name
                )));
            }
        }
        let parameter = self.filter_parameter();
        let filter = self.params.entry(parameter).or_insert_with(|| json!({}));
        if let Some(filter) = filter.as_object_mut() {
            filter.extend(conditions);
        }
        self.is_filtered = true;
        Ok(self)
    }

    fn refuse_for_parents(&self, setting: &str) -> Result<(), SyncError> {
        match &self.parents {
            Some(parents) => Err(SyncError::Usage(format!(
                "{}: its rows are listed for one record of {} at a time, and all of them are kept; leave {setting} out",
                self.name, parents.list.name
            ))),
            None => Ok(()),
        }
    }

    /// Its fields, where they are described and not asked for.
    pub(crate) fn described_fields(&self) -> Option<Result<Fields, brimful::Error>> {
        if self.fields.is_empty() {
            return None;
        }
        let fields = self.fields.iter();
        let fields: Map<String, Value> = fields
            .map(|(name, kind)| ((*name).to_owned(), json!({"type": kind})))
            .collect();
        // Names are as they are described.
        Some(FieldsCall::of("").read(&Value::Object(fields)))
    }

    /// Whether somebody wrote conditions or fields for its list, which may have names that it doesn't know.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.is_filtered || self.selected.is_some()
    }

    /// What narrows it, each with the parameters of the list that say it.
    pub(crate) fn narrowed_by(&self) -> Vec<(NarrowedBy, Value)> {
        let select = catalogue::find(&self.method).and_then(|method| method.select);
        let filter = self.is_filtered.then_some(self.filter_parameter());
        let select = select.filter(|_| self.selected.is_some());
        let both = [(NarrowedBy::Filter, filter), (NarrowedBy::Select, select)];
        let both = both.into_iter();
        both.filter_map(|(setting, parameter)| {
            // Some methods name the fields of one type, which stands beside the conditions.
            let mut params = self.params.clone();
            params.retain(|name, value| {
                parameter == Some(name.as_str()) || !(value.is_object() || value.is_array())
            });
            parameter.map(|_| (setting, Value::Object(params)))
        })
        .collect()
    }

    /// Keeps only these fields of its rows, and the ID.
    ///
    /// # Errors
    /// The list of the entity cannot be asked for fields.
    pub fn with_select(mut self, fields: Vec<String>) -> Result<Self, SyncError> {
        self.refuse_for_parents("select")?;
        let known = catalogue::find(&self.method).and_then(|method| method.select);
        let Some(parameter) = known else {
            return Err(SyncError::Usage(format!(
                "{}: {} takes no choice of fields; leave select out",
                self.name, self.method
            )));
        };
        let mut select: Vec<String> = vec![self.id_filter_field().to_owned()];
        if self.method == "catalog.product.list" {
            select.push("iblockId".to_owned());
        }
        for field in fields {
            if !select
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&field))
            {
                select.push(field);
            }
        }
        self.params.insert(parameter.to_owned(), json!(select));
        self.selected = Some(select);
        Ok(self)
    }

    /// Keeps the rows in this table instead of the one that is named after the entity.
    ///
    /// # Errors
    /// The name is not one of letters, digits and `_`, or one of the sync's own.
    pub fn with_table(mut self, table: &str) -> Result<Self, SyncError> {
        let is_word = table.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && table.starts_with(|c: char| c.is_ascii_alphabetic());
        if !is_word || table.len() > 60 {
            return Err(SyncError::Usage(format!(
                "{}: {table:?} is not a name for a table; it takes letters, digits and _, begins with a letter, and has at \
                 most 60 characters",
                self.name
            )));
        }
        self.table = table.to_ascii_lowercase();
        Ok(self)
    }

    /// An entity as a store has it: the name, the parameters of its list, the table.
    pub(crate) fn stored(
        name: &str,
        params: Option<&Value>,
        table: &str,
    ) -> Result<Self, SyncError> {
        let mut entity: Self = name.parse()?;
        table.clone_into(&mut entity.table);
        let Some(params) = params.and_then(Value::as_object) else {
            return Ok(entity);
        };
        let select = catalogue::find(&entity.method).and_then(|method| method.select);
        if let Some(select) = select
            && params.get(select) != entity.params.get(select)
            && let Some(fields) = params.get(select).and_then(Value::as_array)
        {
            let fields = fields.iter().filter_map(Value::as_str).map(str::to_owned);
            entity.selected = Some(fields.collect());
        }
        entity.params.clone_from(params);
        Ok(entity)
    }

    /// The field with the time of the last activity, if the portal describes it. Conditions that somebody wrote on it would
    /// be replaced by those of the sync, so with them it isn't asked for.
    pub(crate) fn activity(&self, described: &Fields) -> Option<ActivityFields> {
        let activity = self.activity?;
        let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
        let wanted = plain(activity.filter);
        let filter = self.params.get(self.filter_parameter());
        let conditions = filter.and_then(Value::as_object);
        let mut conditions = conditions.into_iter().flat_map(Map::keys);
        let is_free = !conditions.any(|name| plain(name).ends_with(&wanted));
        let is_described = described.keys().any(|name| plain(name) == wanted)
            // Where somebody chose the fields, the others are no longer among them.
            || (self.selected.is_some() && !described.is_empty());
        (is_free && is_described).then_some(activity)
    }

    /// The field of a row with the time of its last activity.
    pub(crate) fn activity_field(&self) -> Option<&'static str> {
        self.activity.map(|activity| activity.row)
    }

    /// Whether no time tells when this field has changed.
    pub(crate) fn is_undated(&self, field: &str) -> bool {
        self.undated
            .iter()
            .any(|name| name.eq_ignore_ascii_case(field))
    }

    /// Of the fields that the portal has those that are kept.
    pub(crate) fn kept(&self, mut fields: Fields) -> Fields {
        if let Some(selected) = &self.selected {
            let is_selected = |name: &str| {
                // The lists of tasks spell their fields in two ways.
                let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
                selected.iter().any(|field| plain(field) == plain(name))
            };
            fields.retain(|name, _| is_selected(name));
        }
        fields
    }

    /// The catalogue's name of the parameter with the conditions of the list.
    pub(crate) fn filter_parameter(&self) -> &'static str {
        let known = catalogue::find(&self.method).and_then(|method| method.filter);
        known.unwrap_or("filter")
    }

    /// How the list is filtered by ID, if that is possible.
    pub(crate) fn keyset(&self) -> Option<Keyset> {
        if self.parents.is_some() {
            return None;
        }
        let keyset = catalogue::find(&self.method).and_then(|method| method.keyset);
        keyset.filter(|keyset| keyset.form != KeysetForm::Triples)
    }

    /// Whether the portal may count the rows of the list that meet a condition on the ID: it is not known to refuse.
    pub(crate) fn is_counted(&self) -> bool {
        self.keyset().is_some()
            && catalogue::find(&self.method).is_some_and(|method| method.total != Some(false))
    }

    /// Has the list in the order of its IDs, as far as it can be sorted.
    pub(crate) fn order_by_id(&self, params: &mut Map<String, Value>) {
        let Some(keyset) = self.keyset() else {
            return;
        };
        let order = catalogue::find(&self.method).and_then(|method| method.order);
        let order = order.unwrap_or("order").to_owned();
        if keyset.form == KeysetForm::Sort {
            params.insert("sort".to_owned(), json!(keyset.filter));
            params.insert(order, json!("ASC"));
        } else {
            params.insert(order, json!({keyset.filter: "ASC"}));
        }
    }

    /// The field with the ID in a row.
    pub(crate) fn id_field(&self) -> &'static str {
        Plan::id_field_of_list(&self.method)
    }

    /// The field by which conditions and selects name the ID; some lists write it in another case than their rows.
    pub(crate) fn id_filter_field(&self) -> &'static str {
        self.keyset()
            .map_or(self.id_field(), |keyset| keyset.filter)
    }

    /// The parameters of the list with conditions on top of its own.
    pub(crate) fn params_with(&self, conditions: &[(String, Value)]) -> Map<String, Value> {
        let mut params = self.params.clone();
        if conditions.is_empty() {
            return params;
        }
        let filter = params
            .entry(self.filter_parameter())
            .or_insert_with(|| json!({}));
        if let Some(filter) = filter.as_object_mut() {
            for (name, value) in conditions {
                filter.insert(name.clone(), value.clone());
            }
        }
        params
    }

    /// The parameters of the list of IDs alone, with conditions.
    pub(crate) fn id_params(&self, conditions: &[(String, Value)]) -> Map<String, Value> {
        let mut params = self.params_with(conditions);
        if let Some(select) = catalogue::find(&self.method).and_then(|method| method.select) {
            let mut fields = vec![self.id_filter_field()];
            // Lists of products refuse to go without it.
            if self.method == "catalog.product.list" {
                fields.push("iblockId");
            }
            params.insert(select.to_owned(), json!(fields));
        }
        params
    }
}

/// The known name that `name` is a part of or has as a part, or the method that is nearest.
fn nearest(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let known = ENTITIES.iter().map(|known| known.name);
    let mut near = known.filter(|known| lower.contains(known) || known.contains(&lower));
    near.next().or_else(|| catalogue::nearest(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(name: &str) -> SyncEntity {
        name.parse().unwrap()
    }

    #[test]
    fn every_entity_is_a_list_of_the_catalogue() {
        for known in ENTITIES {
            let method = catalogue::find(known.method);
            assert!(method.is_some_and(|method| method.list), "{}", known.method);
            let name = known.usage();
            assert_eq!(entity(&name).name, name);
            for other in known.other_names {
                let with_argument = name.replacen(known.name, other, 1);
                assert_eq!(entity(&with_argument).name, name, "{other}");
            }
        }
    }

    #[test]
    fn every_cursor_is_read_in_the_order_of_ids() {
        for known in ENTITIES {
            if !matches!(known.cursor, ChangeCursor::Full | ChangeCursor::Parents) {
                let keyset = catalogue::find(known.method).and_then(|method| method.keyset);
                assert!(keyset.is_some(), "{}", known.name);
            }
        }
    }

    #[test]
    fn an_entity_may_be_of_a_type() {
        let items = entity("crm.item:128");
        assert_eq!(items.table, "crm_item_128");
        assert_eq!(items.params["entityTypeId"], 128);
        for text in ["crm.item", "crm.item:x", "crm.item.list", "tasks:1"] {
            let error = text.parse::<SyncEntity>().unwrap_err().to_string();
            assert!(
                error.contains("write") || error.contains("takes"),
                "{error}"
            );
        }
    }

    #[test]
    fn rows_of_records_know_the_list_of_the_records() {
        let rows = entity("crm.item.productrow:128");
        let parents = rows.parents.clone().unwrap();
        assert_eq!(parents.list.name, "crm.item:128");
        assert_eq!(
            parents.params_of(&rows.params, 7, 50)["filter"],
            json!({"=ownerType": "T80", "=ownerId": 7})
        );
        assert_eq!(
            entity("checklists").parents.unwrap().list.method,
            "tasks.task.list"
        );
        assert!("crm.item.productrow:4".parse::<SyncEntity>().is_err());
        assert!(rows.with_filter(Map::new()).is_err());
    }

    #[test]
    fn described_fields_have_the_names_that_rows_have() {
        let fields = entity("taskhistory").described_fields().unwrap().unwrap();
        let names: Vec<&String> = fields.keys().collect();
        assert_eq!(
            names,
            ["id", "taskId", "createdDate", "field", "value", "user"]
        );
        assert!(entity("crm.deal").described_fields().is_none());
    }

    #[test]
    fn any_list_of_the_catalogue_is_an_entity() {
        let requisites = entity("crm.requisite.list");
        assert_eq!(requisites.table, "crm_requisite");
        assert_eq!(requisites.cursor, ChangeCursor::Full);
        assert_eq!(entity("CRM.Deal.List").name, "crm.deal");
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_one() {
        let error = "crm.deals".parse::<SyncEntity>().unwrap_err().to_string();
        assert!(error.contains("did you mean"), "{error}");
        assert!("crm.deal.add".parse::<SyncEntity>().is_err());
    }

    #[test]
    fn conditions_come_on_top_of_those_of_the_entity() {
        let products = entity("catalog.product:23");
        let params = products.params_with(&[(">id".to_owned(), json!(7))]);
        assert_eq!(params["filter"], json!({"iblockId": 23, ">id": 7}));
        let ids = entity("tasks").id_params(&[]);
        assert_eq!(ids["select"], json!(["ID"]));
    }
}
