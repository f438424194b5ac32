//! `crm.status.*`: the entries of dictionaries, all at once. `entity.items` and the stages of `crm.dealcategory` show
//! them in three fields, with `SORT` as a number (observed; `crm.status.list` has a string there, as documented).

use brimful_protocol::{Array, Value, json};

use super::{legacy, legacy_filter};
use crate::context::{Call, MethodError, Output};
use crate::data::PortalData;
use crate::data::cell::Cell;
use crate::data::entities::STATUS;
use crate::data::list::plan::{Plan, list as write_list};
use crate::data::list::query::{Query, Work};
use crate::data::list::shape::Shape;
use crate::data::table::{Record, Row, Table};
use crate::methods::params::legacy_error;

/// `crm.status.list`
pub(crate) fn list(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(STATUS);
    let schema = &table.schema;
    let filter = legacy_filter::condition(schema, call.legacy_array("filter"), call.seconds());
    let order = legacy_filter::order(schema, call.legacy_array("order"));
    let ids = Query::new(table, filter, order).page(0, u64::MAX);
    charge(ids.len(), call);
    let plan = Plan::new(table, Shape::Legacy, 0..schema.fields().len());
    let mut output = write_list(None, &ids, |out, id| write(out, &plan, &table.row(id)));
    output.total = Some(ids.len() as i64);
    Ok(output)
}

/// `crm.status.get`
pub(crate) fn get(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(STATUS);
    let id = existing(table, call)?;
    charge(1, call);
    let plan = Plan::new(table, Shape::Legacy, 0..table.schema.fields().len());
    let mut out = Vec::new();
    write(&mut out, &plan, &table.row(id));
    Ok(Output::json(out))
}

/// The entry that a call names.
fn existing(table: &Table, call: &Call<'_>) -> Result<u64, MethodError> {
    let id = call.params.get_ignoring_case("id").map_or(0, Value::to_int);
    let id = u64::try_from(id).ok().filter(|&id| id > 0);
    let id = id.ok_or_else(|| legacy_error("Invalid identifier."))?;
    if table.contains(id) {
        Ok(id)
    } else {
        Err(legacy_error("Status is not found."))
    }
}

/// Writes an entry. Stages also show what they mean.
fn write(out: &mut Vec<u8>, plan: &Plan<'_>, row: &Row<'_>) {
    plan.write_open(out, row);
    let (dictionary, stage) = (text(row, "ENTITY_ID"), text(row, "STATUS_ID"));
    if let Some(stages) = StageDictionary::of(&dictionary) {
        let meaning = match text(row, "SEMANTICS").as_str() {
            "S" => "success",
            "F" if stage == stages.field(stages.failure) => "failure",
            "F" => "apology",
            _ => "process",
        };
        let mut extra = Array::from_iter([("SEMANTICS", meaning.to_owned())]);
        extra.insert("COLOR", text(row, "COLOR"));
        out.extend_from_slice(b",\"EXTRA\":");
        json::write(out, &Value::Array(extra));
    }
    out.push(b'}');
}

/// A dictionary of stages: what its first and last stages are called, and whose stages they are.
struct StageDictionary {
    /// The first stage, the one of success and the one of failure, without the funnel in front; empty if they are
    /// called otherwise in each funnel.
    first: &'static str,
    success: &'static str,
    failure: &'static str,
    entity_type: i64,
    /// What stands in front of the stages of a funnel, such as `C1`.
    prefix: Option<String>,
    funnel: Option<String>,
}

impl StageDictionary {
    fn of(dictionary: &str) -> Option<Self> {
        let deal = |funnel: Option<&str>| Self {
            first: "NEW",
            success: "WON",
            failure: "LOSE",
            entity_type: 2,
            prefix: funnel.map(|funnel| format!("C{funnel}")),
            funnel: Some(funnel.unwrap_or("0").to_owned()),
        };
        let plain = |first, success, failure, entity_type| Self {
            first,
            success,
            failure,
            entity_type,
            prefix: None,
            funnel: None,
        };
        let of_type = |entity_type: i64, funnel: &str| Self {
            first: "",
            success: "",
            failure: "FAIL",
            entity_type,
            prefix: Some(format!("DT{entity_type}_{funnel}")),
            funnel: Some(funnel.to_owned()),
        };
        Some(match dictionary {
            "STATUS" => plain("NEW", "CONVERTED", "JUNK", 1),
            "QUOTE_STATUS" => plain("DRAFT", "APPROVED", "DECLAINED", 7),
            "DEAL_STAGE" => deal(None),
            other => {
                if let Some(funnel) = other.strip_prefix("DEAL_STAGE_") {
                    return Some(deal(Some(funnel)));
                }
                if let Some(funnel) = other.strip_prefix("SMART_INVOICE_STAGE_") {
                    return Some(of_type(31, funnel));
                }
                if let Some(funnel) = other.strip_prefix("SMART_DOCUMENT_STAGE_") {
                    return Some(of_type(36, funnel));
                }
                let (kind, funnel) = other.strip_prefix("DYNAMIC_")?.split_once("_STAGE_")?;
                of_type(kind.parse().ok()?, funnel)
            }
        })
    }

    /// A stage with its funnel.
    fn field(&self, stage: &str) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}:{stage}"),
            None => stage.to_owned(),
        }
    }

    /// What `crm.status.entity.types` says of it.
    fn describe(&self, row: &mut Array) {
        let mut meaning = Array::new();
        if !self.first.is_empty() {
            meaning.insert("START_FIELD", self.field(self.first));
            meaning.insert("FINAL_SUCCESS_FIELD", self.field(self.success));
            meaning.insert("FINAL_UNSUCCESS_FIELD", self.field(self.failure));
            meaning.insert("FINAL_SORT", 0);
        }
        row.insert("SEMANTIC_INFO", meaning);
        if let Some(prefix) = &self.prefix {
            row.insert("PREFIX", prefix.as_str());
        }
        let Some(funnel) = &self.funnel else {
            row.insert("ENTITY_TYPE_ID", self.entity_type);
            return;
        };
        let scope = match (funnel.as_str(), self.entity_type) {
            ("0", 2) => String::new(),
            (funnel, _) => format!("category_{funnel}"),
        };
        row.insert("FIELD_ATTRIBUTE_SCOPE", scope);
        row.insert("ENTITY_TYPE_ID", self.entity_type);
        let number = funnel.parse::<i64>().unwrap_or(0);
        if self.entity_type != 2 {
            row.insert("IS_ENABLED", true);
        }
        // The funnels that were added have a text.
        let funnel = match (self.entity_type, number) {
            (2, 1..) => Value::Text(funnel.clone()),
            _ => Value::Int(number),
        };
        row.insert("CATEGORY_ID", funnel);
    }
}

/// `crm.status.fields`
pub(crate) fn fields(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let mut map = super::fields::legacy(&state.table(STATUS).schema);
    let extra = super::fields::plain("crm_status_extra", "Дополнительные поля");
    map.insert("EXTRA", extra);
    Ok(Output::value(&Value::Array(map)))
}

/// `crm.status.entity.items`
pub(crate) fn items(state: &PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let dictionary = call.params.get_ignoring_case("entityId");
    let dictionary = dictionary.map(Value::to_text).unwrap_or_default();
    if dictionary.is_empty() {
        return Err(legacy_error(
            "The parameter entityId is not defined or invalid.",
        ));
    }
    Ok(of(state, &dictionary, call))
}

/// `crm.status.entity.types`: the dictionaries that have entries.
pub(crate) fn types(state: &PortalData, _: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(STATUS);
    let mut seen: Vec<String> = Vec::new();
    for id in table.ids(1, u64::MAX) {
        let dictionary = text(&table.row(id), "ENTITY_ID");
        if !seen.contains(&dictionary) {
            seen.push(dictionary);
        }
    }
    let rows = seen.into_iter().map(|dictionary| {
        let mut row = Array::new();
        row.insert("ID", dictionary.as_str());
        row.insert("NAME", title(&dictionary));
        if dictionary.starts_with("DEAL_STAGE_") {
            row.insert("PARENT_ID", "DEAL_STAGE");
        }
        if let Some(stages) = StageDictionary::of(&dictionary) {
            stages.describe(&mut row);
        }
        row
    });
    Ok(Output::value(&rows.collect::<Value>()))
}

fn title(dictionary: &str) -> &str {
    match dictionary {
        "STATUS" => "Стадии лида",
        "SOURCE" => "Источники",
        "DEAL_TYPE" => "Типы сделки",
        stages if stages.starts_with("DEAL_STAGE") => "Стадии сделки",
        other => other,
    }
}

/// Whether a dictionary whose name begins with `dictionary` has the entry.
pub(super) fn has(state: &PortalData, dictionary: &str, entry: &str) -> bool {
    let table = state.table(STATUS);
    table.ids(1, u64::MAX).any(|id| {
        let row = table.row(id);
        text(&row, "STATUS_ID") == entry && text(&row, "ENTITY_ID").starts_with(dictionary)
    })
}

/// The entries of a dictionary in their order, in three fields.
pub(super) fn of(state: &PortalData, dictionary: &str, call: &mut Call<'_>) -> Output {
    let table = state.table(STATUS);
    let mut ids: Vec<u64> = table
        .ids(1, u64::MAX)
        .filter(|&id| text(&table.row(id), "ENTITY_ID") == dictionary)
        .collect();
    ids.sort_by_key(|&id| sort(&table.row(id)));
    charge(ids.len(), call);
    let rows: Vec<Array> = ids
        .into_iter()
        .map(|id| {
            let row = table.row(id);
            let mut entry = Array::new();
            entry.insert("NAME", text(&row, "NAME"));
            entry.insert("SORT", sort(&row));
            entry.insert("STATUS_ID", text(&row, "STATUS_ID"));
            entry
        })
        .collect();
    super::dictionary::written(None, &rows)
}

fn charge(rows: usize, call: &mut Call<'_>) {
    Work {
        rows: rows as u64,
        ..Work::default()
    }
    .charge(call);
}

fn cell<'t>(row: &Row<'t>, name: &str) -> Cell<'t> {
    let field = row.table.schema.legacy(name);
    field.map_or(Cell::Null, |field| row.cell(field))
}

fn text(row: &Row<'_>, name: &str) -> String {
    cell(row, name).to_text().unwrap_or_default()
}

fn sort(row: &Row<'_>) -> i64 {
    cell(row, "SORT").to_int().unwrap_or(0)
}

/// `crm.status.add`: an entry needs its dictionary, its ID and its name, and no other may have that ID there.
pub(crate) fn add(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table(STATUS);
    let values = legacy::values(table, call)?;
    let given = |name: &str| {
        let field = table.schema.legacy(name);
        let value = values.iter().find(|(at, _)| Some(*at) == field);
        value.map(|(_, value)| value.to_text()).unwrap_or_default()
    };
    // Both come together where both are missing.
    let missing = ["ENTITY_ID", "STATUS_ID"].into_iter();
    let missing = missing.filter(|name| given(name).is_empty());
    let missing: Vec<String> = missing
        .map(|name| format!("The field {name} is required."))
        .collect();
    if !missing.is_empty() {
        return Err(legacy_error(&missing.join("<br>")));
    }
    if !is_dictionary(state, &given("ENTITY_ID")) {
        return Err(legacy_error("Specified entity type is not supported."));
    }
    if given("NAME").is_empty() {
        return Err(legacy_error("The field Title is required."));
    }
    let taken = |id: u64| {
        let row = table.row(id);
        text(&row, "ENTITY_ID") == given("ENTITY_ID")
            && text(&row, "STATUS_ID") == given("STATUS_ID")
    };
    if table.ids(1, u64::MAX).any(taken) {
        let text = "The specified status ID already exists.";
        return Err(MethodError::new(400, "ERROR_CORE", text));
    }
    check_place(table, &given)?;
    let name = given("NAME");
    let mut record = Record::default();
    for (name, value) in [
        ("NAME_INIT", name.as_str()),
        ("SYSTEM", "N"),
        ("SORT", "10"),
    ] {
        set(table, &mut record, name, value);
    }
    for (field, value) in values {
        record.set(field, value);
    }
    let id = state.table_mut(STATUS).insert(record);
    Ok(Output::value(&Value::Int(id as i64)))
}

/// Refuses a stage of deals behind the one that is the success of its funnel, unless it is a failure.
fn check_place(table: &Table, given: &impl Fn(&str) -> String) -> Result<(), MethodError> {
    let dictionary = given("ENTITY_ID");
    let sort = given("SORT").trim().parse::<i64>().unwrap_or(0);
    if !dictionary.starts_with("DEAL_STAGE") || given("SEMANTICS") == "F" {
        return Ok(());
    }
    let is_success_before = |id: u64| {
        let row = table.row(id);
        let place = text(&row, "SORT").trim().parse::<i64>().unwrap_or(0);
        text(&row, "ENTITY_ID") == dictionary && text(&row, "SEMANTICS") == "S" && place < sort
    };
    if table.ids(1, u64::MAX).any(is_success_before) {
        return Err(legacy_error(
            "Cannot create more stages after the final stage because the final successful stage already exists. Try using sort order values less than that of the final stage.",
        ));
    }
    Ok(())
}

fn set(table: &Table, record: &mut Record, name: &str, value: &str) {
    if let Some(field) = table.schema.legacy(name) {
        record.set(field, value.into());
    }
}

/// The dictionaries of every portal that are not stages.
const DICTIONARIES: [&str; 10] = [
    "SOURCE",
    "CONTACT_TYPE",
    "COMPANY_TYPE",
    "EMPLOYEES",
    "INDUSTRY",
    "DEAL_TYPE",
    "HONORIFIC",
    "CALL_LIST",
    "EVENT_TYPE",
    "INVOICE_STATUS",
];

/// Whether the portal has a dictionary.
fn is_dictionary(state: &PortalData, name: &str) -> bool {
    let table = state.table(STATUS);
    let is_of = |id: u64| text(&table.row(id), "ENTITY_ID") == name;
    DICTIONARIES.contains(&name)
        || StageDictionary::of(name).is_some()
        || table.ids(1, u64::MAX).any(is_of)
}

/// `crm.status.update`
pub(crate) fn update(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table_mut(STATUS);
    let id = existing(table, call)?;
    let values = legacy::values(table, call)?;
    table.update(id, values);
    Ok(Output::value(&Value::Bool(true)))
}

/// `crm.status.delete`: what came with the portal is only deleted by force.
pub(crate) fn delete(state: &mut PortalData, call: &mut Call<'_>) -> Result<Output, MethodError> {
    let table = state.table_mut(STATUS);
    let id = existing(table, call)?;
    let forced = call
        .legacy_array("params")
        .and_then(|params| params.get_ignoring_case("FORCED"))
        .is_some_and(|forced| forced.to_text() == "Y");
    if text(&table.row(id), "SYSTEM") == "Y" && !forced {
        let why = "CRM System Status can be deleted only if parameter FORCED is specified and equal to \"Y\".";
        return Err(legacy_error(why));
    }
    table.delete(id);
    Ok(Output::value(&Value::Bool(true)))
}
