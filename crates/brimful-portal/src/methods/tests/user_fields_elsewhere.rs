//! User fields of tasks and requisites, and what else is called of tasks, deals, storages and payments.

use serde_json::json;

use super::*;

#[test]
fn a_task_has_a_user_field_from_the_call_that_adds_it_until_it_is_deleted() {
    let mut portal = Portal::with(&[("task", 3, 0.0), ("user", 3, 0.0)]);
    let add = "task.item.userfield.add";
    let params =
        "PARAMS[USER_TYPE_ID]=string&PARAMS[FIELD_NAME]=CLIENT&PARAMS[EDIT_FORM_LABEL][en]=Client";
    let id = portal.json(add, params);
    let field = portal.json("task.item.userfield.get", &format!("ID={id}"));
    assert_eq!(field["FIELD_NAME"], "UF_CLIENT");
    assert_eq!(field["ENTITY_ID"], "TASKS_TASK");
    portal.json(
        "task.item.userfield.update",
        &format!("ID={id}&DATA[EDIT_FORM_LABEL]=Customer"),
    );
    let field = portal.json("task.item.userfield.get", &format!("ID={id}"));
    assert_eq!(field["EDIT_FORM_LABEL"]["en"], "Customer");
    portal.json("tasks.task.update", "taskId=1&fields[UF_CLIENT]=Acme");
    let task = portal.json("tasks.task.get", "taskId=1&select[]=ID&select[]=UF_CLIENT");
    assert_eq!(task["task"]["ufClient"], "Acme");
    let listed = portal.json(
        "task.item.userfield.getlist",
        "FILTER[FIELD_NAME]=UF_CLIENT",
    );
    assert_eq!(listed[0]["ID"], id.to_string());
    assert_eq!(
        portal.json("task.item.userfield.delete", &format!("ID={id}")),
        json!(true)
    );
    let error = portal.error("task.item.userfield.get", &format!("ID={id}"));
    assert_eq!(error.1, "ERROR_NOT_FOUND");
    let error = portal.error(add, "PARAMS[FIELD_NAME]=X");
    assert_eq!(
        (error.1.as_str(), error.2.as_str()),
        ("ERROR_CORE", "The 'USER_TYPE_ID' field is not found.")
    );
}

#[test]
fn requisites_take_the_user_fields_that_were_added() {
    let mut portal = Portal::with(&[("company", 3, 0.0)]);
    let params = "fields[USER_TYPE_ID]=string&fields[FIELD_NAME]=CODE&fields[XML_ID]=code&fields[EDIT_FORM_LABEL][en]=Code";
    let id = portal.json("crm.requisite.userfield.add", params);
    let field = portal.json("crm.requisite.userfield.get", &format!("id={id}"));
    assert_eq!(field["FIELD_NAME"], "UF_CRM_CODE");
    assert_eq!(
        (&field["ENTITY_ID"], &field["XML_ID"]),
        (&json!("CRM_REQUISITE"), &json!("code"))
    );
    let error = portal.error("crm.requisite.userfield.add", params);
    assert_eq!(
        (error.1.as_str(), error.2.as_str()),
        (
            "ERROR_CORE",
            "The field UF_CRM_CODE for the CRM_REQUISITE object already exists."
        )
    );
    portal.json(
        "crm.requisite.userfield.update",
        &format!("id={id}&fields[EDIT_FORM_LABEL]=Number&fields[SORT]=7"),
    );
    let listed = portal.json(
        "crm.requisite.userfield.list",
        "filter[LANG]=en&order[ID]=ASC",
    );
    assert_eq!(
        (&listed[0]["EDIT_FORM_LABEL"], &listed[0]["SORT"]),
        (&json!("Number"), &json!("7"))
    );
    let requisite = portal.json(
        "crm.requisite.add",
        "fields[ENTITY_TYPE_ID]=4&fields[ENTITY_ID]=1&fields[PRESET_ID]=1&fields[NAME]=Main&fields[UF_CRM_CODE]=42&fields[NONSENSE]=1",
    );
    let requisite = portal.json("crm.requisite.get", &format!("id={requisite}"));
    assert_eq!(requisite["UF_CRM_CODE"], "42");
    assert_eq!(requisite["NONSENSE"], json!(null));
    portal.json("crm.requisite.userfield.delete", &format!("id={id}"));
    let error = portal.error("crm.requisite.userfield.get", &format!("id={id}"));
    assert_eq!(error.1, "ERROR_NOT_FOUND");
}

#[test]
fn an_item_of_a_checklist_moves_behind_another() {
    let mut portal = Portal::with(&[("task", 2, 0.0)]);
    let mut add = |title: &str, sort: u32| {
        let params = format!("TASKID=1&FIELDS[TITLE]={title}&FIELDS[SORT_INDEX]={sort}");
        portal
            .json("task.checklistitem.add", &params)
            .as_u64()
            .unwrap()
    };
    let (first, second) = (add("one", 10), add("two", 20));
    let moved = format!("TASKID=1&ITEMID={first}&AFTERITEMID={second}");
    assert_eq!(
        portal.json("task.checklistitem.moveafteritem", &moved),
        json!(null)
    );
    let items = portal.json(
        "task.checklistitem.getlist",
        "TASKID=1&ORDER[SORT_INDEX]=asc",
    );
    let titles: Vec<&str> = items
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["PARENT_ID"] != "0")
        .map(|item| item["TITLE"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["two", "one"]);
    let is_allowed = |item: u64, action: u32| format!("TASKID=1&ITEMID={item}&ACTIONID={action}");
    let method = "task.checklistitem.isactionallowed";
    assert_eq!(portal.json(method, &is_allowed(first, 5)), json!(true));
    assert_eq!(portal.json(method, &is_allowed(first, 6)), json!(false));
    assert_eq!(portal.json(method, &is_allowed(999, 1)), json!(false));
    let error = portal.error(method, "TASKID=1&ITEMID=1");
    assert!(
        error.2.contains(
            "Param #2 (actionId) expected by method ctaskchecklistitem::isactionallowed()"
        )
    );
    let error = portal.error(
        "task.checklistitem.moveafteritem",
        "TASKID=1&ITEMID=999&AFTERITEMID=1",
    );
    assert!(error.2.contains("action not allowed"), "{error:?}");
}

#[test]
fn tasks_depend_on_each_other_once() {
    let mut portal = Portal::with(&[("task", 3, 0.0)]);
    let link = "taskIdFrom=1&taskIdTo=2";
    assert_eq!(
        portal.json("task.dependence.add", &format!("{link}&linkType=2")),
        json!([])
    );
    let error = portal.error("task.dependence.add", &format!("{link}&linkType=2"));
    assert_eq!(
        (error.1.as_str(), error.2.as_str()),
        ("ILLEGAL_NEW_LINK", "A link between tasks already exists")
    );
    let error = portal.error("task.dependence.add", "taskIdFrom=1&taskIdTo=99&linkType=2");
    assert_eq!(error.1, "ACTION_NOT_ALLOWED");
    assert_eq!(portal.json("task.dependence.delete", link), json!([]));
    let error = portal.error("task.dependence.delete", link);
    assert_eq!(error.2, "The dependency between tasks does not exist");
}

#[test]
fn a_recurring_deal_is_a_deal_of_its_own_and_makes_others() {
    let mut portal = Portal::with(&[("deal", 5, 0.0)]);
    portal.json("crm.deal.update", "id=2&fields[TITLE]=Rent");
    let id = portal.json(
        "crm.deal.recurring.add",
        "fields[DEAL_ID]=2&fields[IS_LIMIT]=N",
    );
    let template = portal.json("crm.deal.recurring.get", &format!("id={id}"));
    assert_eq!(template["BASED_ID"], "2");
    let of = template["DEAL_ID"].as_str().unwrap().to_owned();
    let deal = portal.json("crm.deal.get", &format!("id={of}"));
    assert_eq!(
        (&deal["TITLE"], &deal["IS_RECURRING"]),
        (&json!("Rent"), &json!("Y"))
    );
    let made = portal.json("crm.deal.recurring.expose", &format!("id={id}"))["DEAL_ID"].clone();
    let deal = portal.json("crm.deal.get", &format!("id={made}"));
    assert_eq!(
        (&deal["TITLE"], &deal["IS_RECURRING"]),
        (&json!("Rent"), &json!("N"))
    );
    assert_eq!(
        portal.json("crm.deal.recurring.get", &format!("id={id}"))["COUNTER_REPEAT"],
        "1"
    );
    assert_eq!(
        portal.error("crm.deal.recurring.expose", "id=99").2,
        "Recurring deal is not found"
    );
    assert_eq!(
        portal
            .error("crm.deal.recurring.add", "fields[IS_LIMIT]=N")
            .2,
        "Deal id is empty"
    );
}

#[test]
fn the_rights_of_a_storage_are_read_and_written() {
    let mut portal = Portal::with(&[]);
    portal.json("entity.add", "ENTITY=menu&NAME=Menu");
    assert_eq!(
        portal.json("entity.rights", "ENTITY=menu"),
        json!({"U1": "X"})
    );
    let rights = json!({"AU": "R", "U5": "W", "U1": "X"});
    assert_eq!(
        portal.json(
            "entity.rights",
            "ENTITY=menu&ACCESS[AU]=R&ACCESS[U5]=W&ACCESS[U6]=Q"
        ),
        rights
    );
    assert_eq!(portal.json("entity.rights", "ENTITY=menu"), rights);
    assert_eq!(portal.json("entity.rights", "ENTITY=none"), json!(null));
    assert_eq!(portal.error("entity.rights", "").1, "ERROR_ARGUMENT");
}

#[test]
fn a_payment_is_paid_by_its_payment_system_alone() {
    let mut portal = Portal::with(&[]);
    portal.state.records[crate::data::records::place("sale.paysystem").unwrap()].load(vec![
        json!({"ID": 3, "NAME": "Card"})
            .as_object()
            .unwrap()
            .clone(),
    ]);
    portal.state.records[crate::data::records::place("sale.payment").unwrap()].load(vec![
        json!({"id": 8, "paySystemId": 3, "paid": "N"})
            .as_object()
            .unwrap()
            .clone(),
    ]);
    let pay = "sale.paysystem.pay.payment";
    assert_eq!(
        portal.error(pay, "PAYMENT_ID=8&PAY_SYSTEM_ID=4").1,
        "ERROR_CHECK_FAILURE"
    );
    assert_eq!(
        portal.error(pay, "PAYMENT_ID=8").2,
        "Parameter PAY_SYSTEM_ID is not defined"
    );
    assert_eq!(
        portal.json(pay, "PAYMENT_ID=8&PAY_SYSTEM_ID=3"),
        json!(true)
    );
    assert_eq!(
        portal.json("sale.payment.get", "id=8")["payment"]["paid"],
        "Y"
    );
    assert_eq!(
        portal.error("sale.cashbox.check.apply", "UUID=x").1,
        "ERROR_CHECK_NOT_FOUND"
    );
    assert_eq!(
        portal.error("sale.cashbox.check.apply", "").1,
        "ERROR_CHECK_FAILURE"
    );
}

#[test]
fn fields_of_properties_and_products_are_described_where_their_type_is_named() {
    let mut portal = Portal::with(&[]);
    for (method, needed, given) in [
        ("sale.property.getFieldsByType", "type", "type=STRING"),
        (
            "sale.shipmentproperty.getFieldsByType",
            "type",
            "type=STRING",
        ),
        (
            "catalog.product.getFieldsByFilter",
            "filter",
            "filter[iblockId]=14",
        ),
    ] {
        let error = portal.error(method, "");
        assert_eq!(
            error.2,
            format!("Could not find value for parameter {{{needed}}}"),
            "{method}"
        );
        let fields = portal.json(method, given);
        let described = fields.as_object().unwrap().values().next().unwrap();
        assert_eq!(described["id"]["isReadOnly"], true, "{method}");
    }
}

#[test]
fn fields_of_a_property_are_those_of_its_type() {
    let mut portal = Portal::with(&[]);
    for (kind, has, lacks) in [
        ("STRING", "isEmail", "isLocation"),
        ("LOCATION", "isLocation", "isEmail"),
        ("DATE", "multiple", "isZip"),
    ] {
        let fields = portal.json("sale.property.getFieldsByType", &format!("type={kind}"));
        assert!(fields["property"][has].is_object(), "{kind}");
        assert!(fields["property"][lacks].is_null(), "{kind}");
    }
}

#[test]
fn values_of_a_shipment_are_written_in_the_place_of_earlier_ones() {
    let mut portal = Portal::with(&[]);
    let shipment =
        "fields[orderId]=1&fields[deliveryId]=1&fields[allowDelivery]=Y&fields[deducted]=N";
    portal.json("sale.shipment.add", shipment);
    portal.json(
        "sale.shipmentproperty.add",
        "fields[name]=Comments&fields[type]=STRING&fields[personTypeId]=1&fields[propsGroupId]=1",
    );
    let value = |text: &str| {
        format!(
            "fields[shipment][id]=1&fields[shipment][propertyValues][0][shipmentPropsId]=1\
             &fields[shipment][propertyValues][0][value]={text}"
        )
    };
    let modify = "sale.shipmentpropertyvalue.modify";
    let first = portal.json(modify, &value("one"));
    assert_eq!(
        first,
        json!({"propertyValues": [{"code": null, "id": 1, "name": "Comments", "value": "one"}]})
    );
    portal.json(modify, &value("two"));
    let kept = portal.json("sale.shipmentpropertyvalue.get", "id=1")["propertyValue"].clone();
    assert_eq!(
        (&kept["value"], &kept["shipmentPropsId"]),
        (&json!("two"), &json!(1))
    );
    assert_eq!(portal.error(modify, "").1, "100");
    let other = value("x").replace("[id]=1", "[id]=9");
    assert_eq!(portal.error(modify, &other).1, "201040400007");
}

#[test]
fn a_result_is_of_the_task_of_its_comment_and_a_plan_belongs_to_its_user() {
    let mut portal = Portal::with(&[("task", 2, 0.0), ("user", 2, 0.0)]);
    let comment = portal.json("task.commentitem.add", "TASKID=2&FIELDS[POST_MESSAGE]=Done");
    let result = portal.json(
        "tasks.task.result.addFromComment",
        &format!("commentId={comment}"),
    );
    assert_eq!(
        (&result["taskId"], &result["text"]),
        (&json!(2), &json!("Done"))
    );
    let listed = portal.json("tasks.task.result.list", "taskId=2");
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let may = "task.stages.canmovetask";
    assert_eq!(portal.json(may, "entityId=1&entityType=U"), json!(true));
    assert_eq!(portal.json(may, "entityId=2&entityType=U"), json!(false));
    assert_eq!(portal.error(may, "entityId=1").1, "100");
}

#[test]
fn the_settings_of_user_fields_are_described_by_type() {
    let mut portal = Portal::with(&[]);
    let settings = portal.json("crm.userfield.settings.fields", "type=double");
    assert_eq!(
        settings,
        json!({
            "DEFAULT_VALUE": {"type": "double", "title": "Default Value"},
            "PRECISION": {"type": "int", "title": "Precision"}
        })
    );
    let error = portal.error("crm.userfield.settings.fields", "");
    assert_eq!(error.2, "Parameter 'type' is not specified or empty.");
}

#[test]
fn a_file_is_saved_from_base64_as_php_reads_it() {
    let mut portal = Portal::with(&[]);
    let upload = "id=1&data[NAME]=a.txt&fileContent=";
    let file = portal.json("disk.folder.uploadfile", &format!("{upload}aGVs bG8"));
    assert_eq!(file["SIZE"], "5");
    let error = portal.error(
        "disk.folder.uploadfile",
        &format!("{upload}!!!").replace("a.txt", "b.txt"),
    );
    assert_eq!(error.1, "ERROR_COULD_NOT_SAVE_FILE");
}

#[test]
fn a_consent_needs_its_agreement_and_an_address() {
    let mut portal = Portal::with(&[]);
    let add = "userconsent.consent.add";
    assert_eq!(
        portal.error(add, "IP=127.0.0.1").2,
        "Parameter `Agreement ID` required"
    );
    assert_eq!(portal.error(add, "AGREEMENT_ID=1").1, "ERROR_ARGUMENT");
    assert_eq!(portal.json(add, "AGREEMENT_ID=1&IP=127.0.0.1"), 1);
}
