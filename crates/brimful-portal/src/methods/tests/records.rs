//! What holds for all kinds of records, and a few of their documented answers.

use std::collections::HashSet;

use serde_json::json;

use super::*;
use crate::data::records::{self, Answer, RecordField, RecordKind, RecordVerb, ValueKind};

/// A value that a field takes.
fn value_of(field: &RecordField, round: u32) -> String {
    let one = match field.kind {
        ValueKind::Integer | ValueKind::User => round.to_string(),
        ValueKind::Number => format!("{round}.5"),
        ValueKind::Text | ValueKind::Anything => format!("text {round}"),
        ValueKind::Flag => "Y".to_owned(),
        ValueKind::Boolean => "1".to_owned(),
        ValueKind::Date => format!("2026-01-{:02}", round % 28 + 1),
        ValueKind::Moment => format!("2026-01-{:02}T10:00:00+03:00", round % 28 + 1),
    };
    one.replace(' ', "%20").replace('+', "%2B")
}

fn is_product(kind: &str) -> bool {
    kind == "catalog.product" || kind.starts_with("catalog.product.")
}

const PRODUCT_FIELDS: [(&str, &str); 4] = [
    ("iblockId", "14"),
    ("iblockSectionId", "0"),
    ("vatId", "1"),
    ("purchasingCurrency", "RUB"),
];

/// Parameters that add a record, or change one: all that may be written.
fn written(kind: &RecordKind, verb: RecordVerb, round: u32) -> Option<(String, String)> {
    let method = kind.methods.iter().find(|method| method.verb == verb)?;
    let mut params = Vec::new();
    for field in records::fields(kind.name) {
        let is_key = kind.key.contains(&field.name) && kind.key != [kind.id];
        let wanted = match verb {
            RecordVerb::Add => !field.read_only && field.name != kind.id,
            _ => !field.read_only && !field.immutable && field.name != kind.id && !is_key,
        };
        if wanted && !kind.parent_fields.contains(&field.name) {
            let suffix = if field.multiple { "[]" } else { "" };
            let name = match method.fields {
                "" => format!("{}{suffix}", field.param),
                _ if kind.outer_fields.contains(&field.name) => format!("{}{suffix}", field.param),
                fields => format!("{fields}[{}]{suffix}", field.param),
            };
            let value = match (kind.name, field.name) {
                // Lists are of contacts or of companies.
                ("crm.calllist", "ENTITY_TYPE") => "CONTACT".to_owned(),
                ("humanresources.node", "type") => "TEAM".to_owned(),
                ("userfieldconfig", "entityId") => "CRM_DEAL".to_owned(),
                ("userfieldconfig", "fieldName") => "UF_CRM_ONE".to_owned(),
                ("userfieldconfig", "userTypeId") => "string".to_owned(),
                // What has to be there: a template, a catalogue, a VAT rate, a currency, a calendar, a place.
                ("crm.requisite", "PRESET_ID") => "1".to_owned(),
                (kind, name)
                    if is_product(kind) && PRODUCT_FIELDS.iter().any(|one| one.0 == name) =>
                {
                    let known = PRODUCT_FIELDS.iter().find(|one| one.0 == name);
                    known.unwrap().1.to_owned()
                }
                ("calendar.event", "SECT_ID" | "SECTION_ID") | ("placement", "userId") => {
                    "0".to_owned()
                }
                ("calendar.event", "DATE_FROM" | "DATE_TO") => "2026-01-07".to_owned(),
                ("placement", "placement") => "LEFT_MENU".to_owned(),
                (_, name)
                    if kind
                        .owner
                        .as_ref()
                        .is_some_and(|rule| rule.type_field == name) =>
                {
                    let types = kind.owner.as_ref().map_or(&[][..], |rule| rule.types);
                    types.first().copied().unwrap_or("2").to_owned()
                }
                (_, name) if kind.choices.iter().any(|(choice, ..)| *choice == name) => {
                    let mut choices = kind.choices.iter();
                    let choice = choices.find(|(choice, ..)| *choice == name).unwrap();
                    choice.1[0].to_owned()
                }
                _ => value_of(field, round),
            };
            params.push(format!("{name}={value}"));
        }
    }
    params.extend(within(kind));
    // What calls name beside the fields.
    let beside = match kind.name {
        "userfieldconfig" => "moduleId=crm",
        "imbot" => "EVENT_HANDLER=https://bot.test/&PROPERTIES[NAME]=A",
        "lists.element" => "IBLOCK_TYPE_ID=lists",
        _ => "",
    };
    if !beside.is_empty() {
        params.push(beside.to_owned());
    }
    Some((method.name.to_owned(), params.join("&")))
}

/// Whether rows show a field.
fn table_shows(kind: &RecordKind, name: &str) -> bool {
    let mut fields = records::fields(kind.name).iter();
    !fields.any(|field| field.hidden && field.name == name)
}

fn param(kind: &RecordKind, field: &str) -> &'static str {
    let mut fields = records::fields(kind.name).iter();
    fields.find(|known| known.name == field).unwrap().param
}

/// Parameters that name what a record belongs to.
fn within(kind: &RecordKind) -> Vec<String> {
    let one = |name: &&'static str| format!("{}=1", param(kind, name));
    kind.parent_fields.iter().map(one).collect()
}

/// Adds what records of a kind belong to, which is called 1.
fn add_parent(portal: &mut Portal, kind: &RecordKind) {
    let Some((parent, _)) = kind.parent else {
        return;
    };
    let parent = records::place(parent).unwrap();
    let of = records::kinds()[parent];
    let row = of.key.iter().map(|name| ((*name).to_owned(), "1".into()));
    portal.state.records[parent].load(vec![row.collect()]);
}

/// Parameters that name the record with this key.
fn naming(kind: &RecordKind, verb: RecordVerb, key: &[String]) -> Option<(String, String)> {
    let shows = |method: &&records::RecordMethod| {
        verb != RecordVerb::Get || matches!(method.answer, Answer::Rows | Answer::Under(_))
    };
    let mut methods = kind.methods.iter().filter(shows);
    let method = methods.find(|method| method.verb == verb)?;
    let mut params: Vec<String> = match (kind.key, key) {
        ([_], [value]) => vec![format!("{}={value}", method.id)],
        (names, values) => {
            let one = |(name, value): (&&str, &String)| match method.fields {
                "" => format!("{}={value}", param(kind, name)),
                fields => format!("{fields}[{name}]={value}"),
            };
            names.iter().zip(values).map(one).collect()
        }
    };
    let is_named = |name: &str| {
        let mut params = params.iter();
        params.any(|param| param.starts_with(&format!("{name}=")))
    };
    let beside = method.params.iter().map(|(name, _)| *name);
    let beside = beside.filter(|name| !is_named(name));
    let beside: Vec<String> = beside.map(|name| format!("{name}=1")).collect();
    params.extend(beside);
    params.extend(within(kind));
    if kind.name == "userfieldconfig" {
        params.push("moduleId=crm".to_owned());
    }
    Some((method.name.to_owned(), params.join("&")))
}

#[test]
fn every_line_of_the_table_of_fields_describes_a_field_of_a_kind() {
    let lines = include_str!("../../data/records/fields.tsv")
        .lines()
        .skip(1);
    let kinds: HashSet<&str> = records::kinds().iter().map(|kind| kind.name).collect();
    for line in lines.clone() {
        let kind = line.split('\t').next().unwrap();
        assert!(kinds.contains(kind), "no kind {kind}");
    }
    let fields: usize = kinds.iter().map(|kind| records::fields(kind).len()).sum();
    assert_eq!(fields, lines.count(), "a line cannot be read");
}

#[test]
fn the_records_that_every_portal_has_belong_to_kinds() {
    let initial = include_str!("../../data/records/initial.json");
    let initial: std::collections::HashMap<
        String,
        Vec<serde_json::Map<String, serde_json::Value>>,
    > = serde_json::from_str(initial).unwrap();
    for (kind, rows) in initial {
        let fields = records::fields(&kind);
        for name in rows.iter().flat_map(|row| row.keys()) {
            assert!(
                fields.iter().any(|field| field.name == name),
                "{kind} has no {name}"
            );
        }
    }
}

#[test]
fn every_kind_has_fields_its_key_and_methods_that_nobody_else_has() {
    let mut seen = HashSet::new();
    for kind in records::kinds() {
        let names: Vec<&str> = records::fields(kind.name)
            .iter()
            .map(|field| field.name)
            .collect();
        assert!(!names.is_empty(), "{} has no fields", kind.name);
        for name in kind
            .key
            .iter()
            .chain(kind.parent_fields)
            .chain(kind.outer_fields)
        {
            let is_hidden = *name == kind.id;
            assert!(
                is_hidden || names.contains(name),
                "{} has no {name}",
                kind.name
            );
        }
        for method in kind.methods {
            assert_eq!(method.name, method.name.to_lowercase());
            assert!(seen.insert(method.name), "{} twice", method.name);
        }
    }
    let mut names: Vec<&str> = crate::methods::all()
        .iter()
        .map(|method| &*method.name)
        .collect();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "a method is modelled twice");
}

#[test]
fn what_is_written_to_a_record_is_read_until_it_is_deleted() {
    for kind in records::kinds() {
        // Some records are made of a deal, and some belong to one or to a contact.
        let mut portal = Portal::with(&[("deal", 9, 0.0), ("contact", 9, 0.0), ("user", 9, 0.0)]);
        add_parent(&mut portal, kind);
        let Some((add, params)) = written(kind, RecordVerb::Add, 7) else {
            continue;
        };
        let added = portal.json(&add, &params);
        let place = records::find(&add).unwrap().0;
        let table = &portal.state.records[place];
        let id = *table.ids(&[], &[]).last().unwrap();
        let row = table.get(id).unwrap().clone();
        let key: Vec<String> = kind
            .key
            .iter()
            .map(|name| {
                row[*name]
                    .as_str()
                    .map_or_else(|| row[*name].to_string(), str::to_owned)
            })
            .collect();
        if let Answer::Id = records::find(&add).unwrap().1.answer {
            assert_eq!(added, serde_json::json!(id), "{add}");
        }
        if let Some((get, params)) = naming(kind, RecordVerb::Get, &key) {
            let shown = portal.json(&get, &params).to_string();
            let mut visible = row.clone();
            visible.retain(|name, _| table_shows(kind, name));
            let visible = serde_json::to_string(&visible).unwrap();
            // What belongs to a record may come behind its own fields.
            let fields = visible.strip_suffix('}').unwrap();
            assert!(shown.contains(fields), "{get}: {shown}");
        }
        if let Some((update, named)) = naming(kind, RecordVerb::Update, &key) {
            let (_, changes) = written(kind, RecordVerb::Update, 8).unwrap();
            portal.json(&update, &format!("{named}&{changes}"));
            let table = &portal.state.records[place];
            for field in records::fields(kind.name) {
                let changed = table.get(id).unwrap().get(field.name) != row.get(field.name);
                let own =
                    kind.key.contains(&field.name) || kind.parent_fields.contains(&field.name);
                // What is said of the responsible user follows from who it is, and one text of an event from another.
                let follows = match kind.name {
                    "crm.invoice" => field.name.starts_with("RESPONSIBLE_"),
                    "calendar.event" => field.name == "~DESCRIPTION",
                    _ => false,
                };
                if (field.read_only || field.immutable || own)
                    && !follows
                    && !matches!(
                        field.default,
                        records::DefaultValue::UpdatedAt
                            | records::DefaultValue::UpdatedBy
                            | records::DefaultValue::UpdatedByOrNull
                            | records::DefaultValue::UpdatedAtOrEmpty
                    )
                {
                    assert!(!changed, "{update} changed {}", field.name);
                }
            }
        }
        if let Some((delete, params)) = naming(kind, RecordVerb::Delete, &key) {
            portal.json(&delete, &params);
            assert_eq!(portal.state.records[place].get(id), None, "{delete}");
            let (status, code, text) = portal.error(&delete, &params);
            assert_eq!(
                (status, code.as_str()),
                (400, kind.not_found.code),
                "{delete}: {text}"
            );
        }
    }
}

#[test]
fn a_record_without_a_required_field_is_refused() {
    for kind in records::kinds() {
        let mut portal = Portal::with(&[]);
        add_parent(&mut portal, kind);
        let add = kind
            .methods
            .iter()
            .find(|method| method.verb == RecordVerb::Add);
        let fields = records::fields(kind.name);
        let is_lacking = |field: &&records::RecordField| {
            field.required && !kind.parent_fields.contains(&field.name)
        };
        let (Some(add), Some(lacking)) = (add, fields.iter().find(is_lacking)) else {
            continue;
        };
        let fields = if add.fields.is_empty() {
            "x=1"
        } else {
            &format!("{}[x]=1", add.fields)
        };
        let within: Vec<String> = kind
            .parent_fields
            .iter()
            .map(|name| format!("&{}=1", param(kind, name)))
            .collect();
        let params = format!("{fields}{}&moduleId=crm", within.concat());
        let own = kind
            .refusals_by_field
            .iter()
            .find(|(field, _)| *field == lacking.param)
            .map_or(kind.required, |(_, own)| *own);
        let code = portal.error(add.name, &params).1;
        // Some codes name the field.
        let (start, end) = own.code.split_once("{}").unwrap_or((own.code, ""));
        let names_it = own.code.contains("{}") && code.starts_with(start) && code.ends_with(end);
        assert!(code == own.code || names_it, "{}: {code}", add.name);
    }
}

#[test]
fn comments_of_the_timeline_are_listed_for_one_record_at_a_time() {
    let mut portal = Portal::with(&[("deal", 3, 0.0)]);
    let add = "fields[ENTITY_TYPE]=deal&fields[COMMENT]=Called";
    for deal in [2, 2, 3] {
        portal.json(
            "crm.timeline.comment.add",
            &format!("{add}&fields[ENTITY_ID]={deal}"),
        );
    }
    let (_, code, _) = portal.error("crm.timeline.comment.list", "filter[ENTITY_ID]=2");
    assert_eq!(code, "100");
    let rows = portal.json(
        "crm.timeline.comment.list",
        "filter[ENTITY_ID]=2&filter[ENTITY_TYPE]=deal&order[ID]=DESC",
    );
    assert_eq!(rows[0]["ID"], "2");
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!(rows[1]["AUTHOR_ID"], "1");
    assert_eq!(rows[1]["CREATED"], "2026-05-04T12:00:00+03:00");
}

#[test]
fn an_address_is_called_by_what_it_belongs_to_and_is_there_once() {
    let mut portal = Portal::with(&[]);
    let named = "fields[TYPE_ID]=1&fields[ENTITY_TYPE_ID]=8&fields[ENTITY_ID]=7";
    let add = format!("{named}&fields[CITY]=Perm");
    assert_eq!(
        portal.json("crm.address.add", &add),
        serde_json::json!(true)
    );
    assert_eq!(
        portal.error("crm.address.add", &add).2,
        "TypeAddress exists."
    );
    portal.json("crm.address.update", &format!("{named}&fields[CITY]=Omsk"));
    let rows = portal.json("crm.address.list", "filter[ENTITY_ID]=7");
    assert_eq!(rows[0]["CITY"], "Omsk");
    assert_eq!(rows[0].get("ID"), None);
}

#[test]
fn clients_of_a_booking_are_set_listed_and_taken_away_and_are_not_in_the_booking_itself() {
    let mut portal = Portal::with(&[]);
    let period = "fields[datePeriod][from][timestamp]=1&fields[datePeriod][to][timestamp]=2";
    let made = portal.json(
        "booking.v1.booking.add",
        &format!("{period}&fields[resourceIds][]=1&fields[name]=One"),
    );
    assert_eq!(made, json!({ "id": 1 }));
    let client = "clients[0][id]=7&clients[0][type][code]=CONTACT&clients[0][type][module]=crm";
    let set = portal.json(
        "booking.v1.booking.client.set",
        &format!("bookingId=1&{client}"),
    );
    assert_eq!(set, json!(true));
    let listed = portal.json("booking.v1.booking.client.list", "bookingId=1");
    assert_eq!(listed["bookingClient"][0]["type"]["code"], "CONTACT");
    let booking = portal.json("booking.v1.booking.get", "id=1");
    assert_eq!(booking["booking"]["name"], "One");
    assert!(booking["booking"].get("clients").is_none(), "{booking}");
    portal.json("booking.v1.booking.client.unset", "bookingId=1");
    let listed = portal.json("booking.v1.booking.client.list", "bookingId=1");
    assert_eq!(listed, json!({ "bookingClient": [] }));
    let refused = portal.error("booking.v1.booking.client.unset", "bookingId=2");
    assert_eq!(refused.1, "1011");
}

#[test]
fn an_action_changes_the_record_that_it_names() {
    let mut portal = Portal::with(&[]);
    let id = portal.json("crm.item.payment.add", "entityId=1&entityTypeId=2");
    assert_eq!(id, json!(1));
    let paid = |portal: &mut Portal| portal.json("crm.item.payment.get", "id=1")["paid"].clone();
    assert_eq!(paid(&mut portal), "N");
    assert_eq!(portal.json("crm.item.payment.pay", "id=1"), json!(true));
    assert_eq!(paid(&mut portal), "Y");
    portal.json("crm.item.payment.unpay", "id=1");
    assert_eq!(paid(&mut portal), "N");
}

#[test]
fn a_flow_that_is_not_there_does_not_exist_and_one_that_is_does() {
    let mut portal = Portal::with(&[]);
    let exists = "flowData[id]=1";
    let found = portal.json("tasks.flow.flow.isexists", exists);
    assert_eq!(found, json!({ "exists": false }));
    let made = portal.json(
        "tasks.flow.flow.create",
        "flowData[name]=One&flowData[plannedCompletionTime]=7200&flowData[distributionType]=manually\
         &flowData[responsibleList][0][0]=user&flowData[responsibleList][0][1]=3",
    );
    assert_eq!((&made["id"], &made["name"]), (&json!(1), &json!("One")));
    let found = portal.json("tasks.flow.flow.isexists", exists);
    assert_eq!(found, json!({ "exists": true }));
    let deleted = portal.json("tasks.flow.flow.delete", exists);
    assert_eq!(deleted, json!({ "deleted": true }));
    assert_eq!(
        portal.json("tasks.flow.flow.isexists", exists),
        json!({ "exists": false })
    );
}

#[test]
fn stages_of_a_plan_come_by_their_ids() {
    let mut portal = Portal::with(&[]);
    portal.json("task.stages.add", "fields[TITLE]=One");
    portal.json("task.stages.add", "fields[TITLE]=Two");
    let stages = portal.json("task.stages.get", "entityId=0");
    assert_eq!(stages["4"]["TITLE"], "Two");
    // Two are there from the beginning.
    assert_eq!(stages.as_object().unwrap().len(), 4);
}

#[test]
fn letters_that_are_no_yes_and_no_stay_in_a_field_of_one_letter() {
    let mut portal = Portal::with(&[]);
    let fields =
        "fields[orderId]=1&fields[deliveryId]=1&fields[allowDelivery]=Y&fields[deducted]=N";
    let made = portal.json(
        "sale.shipment.add",
        &format!("{fields}&fields[statusId]=DF"),
    );
    let shipment = &made["shipment"];
    assert_eq!(shipment["statusId"], "DF");
    assert_eq!(shipment["accountNumber"], "1/1");
}

#[test]
fn fields_of_a_preset_of_requisites_belong_to_a_preset_that_is_there() {
    let mut portal = Portal::with(&[]);
    let fields = "fields[FIELD_NAME]=RQ_INN";
    let added = portal.json(
        "crm.requisite.preset.field.add",
        &format!("preset[ID]=1&{fields}"),
    );
    assert_eq!(added, json!(1));
    let listed = portal.json("crm.requisite.preset.field.list", "preset[ID]=1");
    assert_eq!(listed[0]["FIELD_NAME"], "RQ_INN");
    let refused = portal.error("crm.requisite.preset.field.list", "preset[ID]=77");
    assert_eq!(refused.2, "The Preset with ID '77' is not found");
}

#[test]
fn what_is_answered_is_in_the_shape_of_the_documented_answers() {
    let mut portal = Portal::with(&[]);
    let product = "fields[iblockId]=14&fields[name]=One";
    let added = portal.json("catalog.product.add", product);
    assert_eq!(added["element"]["name"], "One");
    let read = portal.json("catalog.product.get", "id=1");
    assert_eq!(read["product"]["name"], "One");
    let preset = "fields[ENTITY_TYPE_ID]=8&fields[COUNTRY_ID]=1&fields[NAME]=One";
    let id = portal.json("crm.requisite.preset.add", preset);
    let read = |portal: &mut Portal| portal.json("crm.requisite.preset.get", &format!("id={id}"));
    assert_eq!(read(&mut portal)["MODIFY_BY_ID"], json!(null));
    assert_eq!(read(&mut portal)["DATE_MODIFY"], "");
    portal.json(
        "crm.requisite.preset.update",
        &format!("id={id}&fields[NAME]=Two"),
    );
    assert_eq!(read(&mut portal)["MODIFY_BY_ID"], "1");
    let field = "fields[FIELD_NAME]=ONE&fields[USER_TYPE_ID]=string&fields[SHOW_FILTER]=E";
    let id = portal.json("crm.deal.userfield.add", field);
    let field = portal.json("crm.deal.userfield.get", &format!("id={id}"));
    assert_eq!(field["SHOW_FILTER"], "E");
}

#[test]
fn bots_have_to_name_a_chat() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    let chat = portal.json("imbot.chat.add", "BOT_ID=1&USERS[]=2&TITLE=One");
    let named = format!("CHAT_ID={chat}");
    let members = portal.json("imbot.chat.user.list", &named);
    assert_eq!(members, json!([1, 2]));
}

#[test]
fn comments_requisites_and_todos_belong_to_records_that_are_there() {
    let mut portal = Portal::with(&[("deal", 2, 0.0), ("company", 1, 0.0)]);
    let todo = "deadline=2026-06-01T10:00:00&title=a";
    portal.steps(&[
        (
            "crm.timeline.comment.add",
            "fields[ENTITY_TYPE]=deal&fields[ENTITY_ID]=99&fields[COMMENT]=a",
            "!OWNER_NOT_FOUND",
        ),
        (
            "crm.timeline.comment.add",
            "fields[ENTITY_TYPE]=nope&fields[ENTITY_ID]=1&fields[COMMENT]=a",
            "!OWNER_NOT_FOUND",
        ),
        (
            "crm.timeline.comment.add",
            "fields[ENTITY_TYPE]=deal&fields[ENTITY_ID]=1&fields[COMMENT]=a",
            "1",
        ),
        (
            "crm.requisite.add",
            "fields[ENTITY_TYPE_ID]=2&fields[ENTITY_ID]=1&fields[PRESET_ID]=1&fields[NAME]=a",
            "! ENTITY_TYPE_ID is not defined or invalid.",
        ),
        (
            "crm.requisite.add",
            "fields[ENTITY_TYPE_ID]=4&fields[ENTITY_ID]=9&fields[PRESET_ID]=1&fields[NAME]=a",
            "! Entity not found.",
        ),
        (
            "crm.requisite.add",
            "fields[ENTITY_TYPE_ID]=4&fields[ENTITY_ID]=1&fields[PRESET_ID]=1&fields[NAME]=a",
            "1",
        ),
        (
            "crm.address.add",
            "fields[TYPE_ID]=99&fields[ENTITY_TYPE_ID]=8&fields[ENTITY_ID]=1",
            "! TYPE_ID is not defined or invalid.",
        ),
        (
            "crm.address.add",
            "fields[TYPE_ID]=1&fields[ENTITY_TYPE_ID]=99&fields[ENTITY_ID]=1",
            "! ENTITY_TYPE_ID is not defined or invalid.",
        ),
        (
            "crm.activity.todo.add",
            &format!("ownerTypeId=2&ownerId=99&{todo}"),
            "!OWNER_NOT_FOUND",
        ),
        (
            "crm.activity.todo.add",
            &format!("ownerTypeId=77&ownerId=1&{todo}"),
            "!NOT_FOUND",
        ),
        (
            "crm.activity.todo.add",
            &format!("ownerTypeId=2&ownerId=1&{todo}"),
            r#"{"id":1}"#,
        ),
        (
            "crm.currency.delete",
            "id=RUB",
            "! Cannot delete base currency.",
        ),
    ]);
}

#[test]
fn deliveries_of_a_deal_are_shipments_of_its_orders() {
    let mut portal = Portal::with(&[("deal", 2, 0.0)]);
    let of_order = |order: u64| {
        format!(
            "fields[orderId]={order}&fields[deliveryId]=3&fields[allowDelivery]=N&fields[deducted]=N&fields[priceDelivery]=5"
        )
    };
    portal.json("sale.shipment.add", &of_order(7));
    portal.json("sale.shipment.add", &of_order(8));
    portal.json(
        "crm.orderentity.add",
        "fields[orderId]=8&fields[ownerId]=2&fields[ownerTypeId]=2",
    );
    portal.steps(&[
        (
            "crm.item.delivery.list",
            "entityId=2&entityTypeId=2",
            r#"[{"id":2,"deliveryId":3,"priceDelivery":5}]"#,
        ),
        (
            "crm.item.delivery.list",
            "entityId=2&entityTypeId=2&filter[@id][]=1",
            "[]",
        ),
        ("crm.item.delivery.list", "entityId=1&entityTypeId=2", "[]"),
        ("crm.item.delivery.list", "entityId=2", "!100"),
        (
            "crm.item.delivery.get",
            "id=1",
            r#"{"id":1,"deducted":"N"}"#,
        ),
        ("crm.item.delivery.get", "id=9", "!0"),
        ("crm.item.delivery.get", "", "!100"),
    ]);
}
