//! Which events changes of rows are: names, scopes and data as the documentation has them.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use super::PortalData;
use super::changes::{Changes, RowChange};
use super::entities::{ACTIVITY, COMPANY, CONTACT, DEAL, LEAD, QUOTE, SMART, TASK, USER};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Occurrence {
    /// `ONCRMDEALADD`
    pub(crate) name: Cow<'static, str>,
    pub(crate) scope: &'static str,
    pub(crate) data: Json,
}

/// The events of one kind of rows.
struct EventFamily {
    /// The kind of records; empty for the entities with tables.
    kind: &'static str,
    /// What the names of its events begin with.
    prefix: &'static str,
    scope: &'static str,
    form: EventForm,
}

/// How the data of an event name the row.
#[derive(Clone, Copy)]
enum EventForm {
    /// `data[FIELDS][ID]`
    Fields,
    /// `data[FIELDS]` has the ID under this name.
    FieldsUnder(&'static str),
    /// `data` has the ID under this name.
    Bare(&'static str),
    /// `data[FIELDS_BEFORE]` and `data[FIELDS_AFTER]`
    BeforeAndAfter,
    /// `data[FIELDS]` has this field of the row as the ID.
    Key(&'static str),
    /// `data[FIELDS]` has the ID and these fields of the row.
    FieldsAnd(&'static [&'static str]),
    /// Only of rows that are deleted: names, and the fields of theirs.
    DeletedRow(&'static [(&'static str, &'static str)]),
    /// Only of rows that are added: these fields of theirs.
    AddedRow(&'static [&'static str]),
    /// Saved or deleted, with nothing between.
    Saved,
}

const fn family(
    kind: &'static str,
    prefix: &'static str,
    scope: &'static str,
    form: EventForm,
) -> EventFamily {
    EventFamily {
        kind,
        prefix,
        scope,
        form,
    }
}

/// The events of the entities with tables.
fn of_table(entity: usize) -> Option<EventFamily> {
    use EventForm::{BeforeAndAfter, Fields};
    Some(match entity {
        LEAD => family("", "ONCRMLEAD", "crm", Fields),
        DEAL => family("", "ONCRMDEAL", "crm", Fields),
        CONTACT => family("", "ONCRMCONTACT", "crm", Fields),
        COMPANY => family("", "ONCRMCOMPANY", "crm", Fields),
        QUOTE => family("", "ONCRMQUOTE", "crm", Fields),
        ACTIVITY => family("", "ONCRMACTIVITY", "crm", Fields),
        TASK => family("", "ONTASK", "task", BeforeAndAfter),
        SMART.. => family("", "ONCRMDYNAMICITEM", "crm", Fields),
        _ => return None,
    })
}

/// The events of records.
const OF_RECORDS: &[EventFamily] = &[
    family(
        "calendar.event",
        "ONCALENDARENTRY",
        "calendar",
        EventForm::Bare("id"),
    ),
    family(
        "calendar.section",
        "ONCALENDARSECTION",
        "calendar",
        EventForm::Bare("id"),
    ),
    family(
        "catalog.measure",
        "CATALOG.MEASURE.ON.",
        "catalog",
        EventForm::Fields,
    ),
    family(
        "catalog.price",
        "CATALOG.PRICE.ON.",
        "catalog",
        EventForm::Fields,
    ),
    family(
        "catalog.pricetype",
        "CATALOG.PRICE.TYPE.ON.",
        "catalog",
        EventForm::Fields,
    ),
    family(
        "catalog.product",
        "CATALOG.PRODUCT.ON.",
        "catalog",
        EventForm::Fields,
    ),
    family(
        "catalog.roundingrule",
        "CATALOG.ROUNDING.ON.",
        "catalog",
        EventForm::Fields,
    ),
    family(
        "crm.currency",
        "ONCRMCURRENCY",
        "crm",
        EventForm::Key("CURRENCY"),
    ),
    family("crm.invoice", "ONCRMINVOICE", "crm", EventForm::Fields),
    family("crm.measure", "ONCRMMEASURE", "crm", EventForm::Fields),
    family("crm.product", "ONCRMPRODUCT", "crm", EventForm::Fields),
    family(
        "crm.productsection",
        "ONCRMPRODUCTSECTION",
        "crm",
        EventForm::Fields,
    ),
    family("crm.requisite", "ONCRMREQUISITE", "crm", EventForm::Fields),
    family(
        "crm.requisite.bankdetail",
        "ONCRMBANKDETAIL",
        "crm",
        EventForm::Fields,
    ),
    family(
        "crm.timeline.comment",
        "ONCRMTIMELINECOMMENT",
        "crm",
        EventForm::Fields,
    ),
    family(
        "crm.requisite.userfield",
        "ONCRMREQUISITEUSERFIELD",
        "crm",
        EventForm::FieldsAnd(&["ENTITY_ID", "FIELD_NAME"]),
    ),
    family(
        "imbot",
        "ONIMBOTDELETE",
        "imbot",
        EventForm::DeletedRow(&[("BOT_ID", "ID"), ("BOT_CODE", "CODE")]),
    ),
    family(
        "log.blogpost",
        "ONLIVEFEEDPOST",
        "log",
        EventForm::FieldsUnder("POST_ID"),
    ),
    family("sale.order", "ONORDER", "sale", EventForm::Saved),
    family("sale.payment", "ONPAYMENT", "sale", EventForm::Saved),
    family(
        "sonet_group",
        "ONSONETGROUP",
        "sonet_group",
        EventForm::Fields,
    ),
    family(
        "voximplant.statistic",
        "ONVOXIMPLANTCALLEND",
        "telephony",
        EventForm::AddedRow(&[
            "CALL_ID",
            "CALL_TYPE",
            "PHONE_NUMBER",
            "PORTAL_NUMBER",
            "PORTAL_USER_ID",
            "CALL_DURATION",
            "CALL_START_DATE",
            "COST",
            "COST_CURRENCY",
            "CALL_FAILED_CODE",
            "CALL_FAILED_REASON",
            "CRM_ACTIVITY_ID",
        ]),
    ),
];

const USER_FIELDS: &[&str] = &[
    "ACTIVE",
    "EMAIL",
    "NAME",
    "LAST_NAME",
    "PERSONAL_GENDER",
    "PERSONAL_BIRTHDAY",
    "UF_DEPARTMENT",
    "DATE_REGISTER",
    "WORK_POSITION",
    "UF_EMPLOYMENT_DATE",
];

impl PortalData {
    /// The events that changes are, in the order in which an application hears of them.
    pub(crate) fn occurrences(&self, changes: &Changes) -> Vec<Occurrence> {
        let mut occurrences = Vec::new();
        for &(entity, id, change) in &changes.rows {
            if change == RowChange::Rewritten {
                continue;
            }
            if entity == USER && change == RowChange::Added {
                occurrences.push(self.user_added(id));
            }
            let Some(family) = of_table(entity) else {
                continue;
            };
            let mut occurrence = family.occurrence(id, change, None);
            if let (SMART.., Some(occurrence)) = (entity, &mut occurrence) {
                let entity_type = self.table(entity).entity_type.to_string();
                occurrence.data["FIELDS"]["ENTITY_TYPE_ID"] = json!(entity_type);
                let mut of_type = occurrence.clone();
                of_type.name = format!("{}_{entity_type}", occurrence.name).into();
                occurrences.push(of_type);
            }
            occurrences.extend(occurrence);
        }
        for &(place, id, change) in &changes.records {
            if change == RowChange::Rewritten {
                continue;
            }
            let table = &self.records[place];
            let family = OF_RECORDS
                .iter()
                .find(|family| family.kind == table.kind.name);
            if let Some(family) = family {
                let gone = || {
                    let mut gone = changes.gone.iter();
                    let row = gone.find(|(of, number, _)| (*of, *number) == (place, id));
                    row.map(|(_, _, row)| row)
                };
                let row = table.get(id).or_else(gone);
                occurrences.extend(family.occurrence(id, change, row));
            }
        }
        for &(task, id, change) in &changes.comments {
            // Comments go with their task, and are not spoken of.
            if change != RowChange::Deleted || self.table(TASK).contains(task) {
                occurrences.push(comment(task, id, change));
            }
        }
        occurrences.extend(changes.told.iter().cloned());
        occurrences
    }

    fn user_added(&self, id: u64) -> Occurrence {
        let table = self.table(USER);
        let row = table.row(id);
        let mut data = Map::from_iter([("ID".to_owned(), json!(id.to_string()))]);
        for name in USER_FIELDS {
            let field = table.schema.legacy(name);
            let text = field.and_then(|field| row.cell(field).to_text());
            if let Some(text) = text {
                data.insert((*name).to_owned(), json!(text));
            }
        }
        Occurrence {
            name: "ONUSERADD".into(),
            scope: "user",
            data: Json::Object(data),
        }
    }
}

impl EventFamily {
    /// What a change to a row is; `row` is what is left of a record.
    fn occurrence(
        &self,
        id: u64,
        change: RowChange,
        row: Option<&Map<String, Json>>,
    ) -> Option<Occurrence> {
        let id = id.to_string();
        let mut name: Cow<'static, str> = format!("{}{}", self.prefix, verb(change)).into();
        let data = match self.form {
            EventForm::Fields => json!({ "FIELDS": { "ID": id } }),
            EventForm::FieldsUnder(under) => json!({ "FIELDS": { under: id } }),
            EventForm::Bare(under) => json!({ under: id }),
            EventForm::BeforeAndAfter => before_and_after(change, json!({ "ID": id })),
            EventForm::Key(field) => json!({ "FIELDS": { "ID": row?.get(field)? } }),
            EventForm::FieldsAnd(fields) => {
                let row = row?;
                let mut data = json!({ "FIELDS": { "ID": id } });
                for field in fields {
                    data["FIELDS"][*field] = row.get(*field).cloned().unwrap_or_default();
                }
                data
            }
            EventForm::DeletedRow(_) if change != RowChange::Deleted => return None,
            EventForm::DeletedRow(fields) => {
                name = self.prefix.into();
                let row = row?;
                let pair = |(name, field): &(&str, &str)| {
                    Some(((*name).to_owned(), row.get(*field)?.clone()))
                };
                Json::Object(fields.iter().filter_map(pair).collect())
            }
            EventForm::AddedRow(_) if change != RowChange::Added => return None,
            EventForm::AddedRow(fields) => {
                name = self.prefix.into();
                let row = row?;
                let fields = fields
                    .iter()
                    .filter_map(|field| Some(((*field).to_owned(), row.get(*field)?.clone())));
                Json::Object(fields.collect())
            }
            EventForm::Saved if change == RowChange::Deleted => {
                name = format!("{}DELETED", self.prefix).into();
                json!({ "FIELDS": { "ID": id } })
            }
            EventForm::Saved if self.prefix == "ONORDER" => {
                name = "ONSALEORDERSAVED".into();
                json!({ "FIELDS": { "ID": id, "XML_ID": "", "ACTION": "save" } })
            }
            EventForm::Saved => {
                name = format!("{}ENTITYSAVED", self.prefix).into();
                json!({ "FIELDS": { "ID": id } })
            }
        };
        Some(Occurrence {
            name,
            scope: self.scope,
            data,
        })
    }
}

fn verb(change: RowChange) -> &'static str {
    match change {
        RowChange::Added => "ADD",
        RowChange::Updated | RowChange::Rewritten => "UPDATE",
        RowChange::Deleted => "DELETE",
    }
}

/// The data of events of tasks: what is not there is `undefined`.
fn before_and_after(change: RowChange, fields: Json) -> Json {
    let none = || json!("undefined");
    let (before, after, was_accessible, is_accessible) = match change {
        RowChange::Added => (none(), fields, json!("N"), none()),
        RowChange::Updated | RowChange::Rewritten => (fields.clone(), fields, none(), none()),
        RowChange::Deleted => (fields, none(), none(), json!("N")),
    };
    json!({
        "FIELDS_BEFORE": before,
        "FIELDS_AFTER": after,
        "IS_ACCESSIBLE_BEFORE": was_accessible,
        "IS_ACCESSIBLE_AFTER": is_accessible,
    })
}

fn comment(task: u64, id: u64, change: RowChange) -> Occurrence {
    let fields = json!({ "ID": id.to_string(), "TASK_ID": task.to_string() });
    let (before, after) = if change == RowChange::Added {
        (json!("undefined"), fields)
    } else {
        let mut after = fields.clone();
        let is_deletion = change == RowChange::Deleted;
        after["ACTION"] = json!(if is_deletion { "DEL" } else { "EDIT" });
        (fields, after)
    };
    Occurrence {
        name: format!("ONTASKCOMMENT{}", verb(change)).into(),
        scope: "task",
        data: json!({
            "FIELDS_BEFORE": before,
            "FIELDS_AFTER": after,
            "IS_ACCESSIBLE_BEFORE": "undefined",
            "IS_ACCESSIBLE_AFTER": "undefined",
        }),
    }
}
