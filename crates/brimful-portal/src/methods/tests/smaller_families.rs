//! Methods that stand beside larger families: a documented call, a documented refusal, and what is there afterwards.

use super::Portal;

/// The text of one field of the last record of a kind.
fn last(portal: &Portal, kind: &str, field: &str) -> serde_json::Value {
    let table = portal.state.record_table(kind).unwrap();
    let (_, row) = table.rows().last().unwrap();
    row[field].clone()
}

#[test]
fn an_application_sends_events_and_notifications_to_its_users() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    let config = portal.json("pull.application.config.get", "CACHE=Y");
    let of_user = &config["publicChannels"]["1"];
    assert_eq!(
        of_user["public_id"],
        config["channels"]["private"]["public_id"]
    );
    assert_ne!(
        config["channels"]["shared"]["id"],
        config["channels"]["private"]["id"]
    );
    portal.steps(&[
        (
            "pull.application.event.add",
            "COMMAND=a%20b",
            "!COMMAND_ERROR Command format error",
        ),
        (
            "pull.application.event.add",
            "COMMAND=a&MODULE_ID=My-App",
            "!MODULE_ID_ERROR Module ID format error",
        ),
        (
            "pull.application.event.add",
            "COMMAND=a&PARAMS=1",
            "!PARAMS_ERROR",
        ),
        (
            "pull.application.event.add",
            "COMMAND=test_event&PARAMS[param1]=value1&USER_ID[]=2",
            "true",
        ),
        (
            "pull.application.push.add",
            "USER_ID=2",
            "!TEXT_ERROR Text can't be empty",
        ),
        (
            "pull.application.push.add",
            "USER_ID[]=1&USER_ID[]=2&TEXT=Hello",
            "true",
        ),
    ]);
    let event = "pull.application.event";
    assert_eq!(last(&portal, event, "command"), "test_event");
    assert_eq!(last(&portal, event, "module"), "application");
    assert_eq!(last(&portal, event, "users"), serde_json::json!([2]));
    let sent = last(&portal, "pull.application.push", "users");
    assert_eq!(sent, serde_json::json!([1, 2]));
}

#[test]
fn properties_of_products_have_types_with_settings() {
    let mut portal = Portal::with(&[]);
    let types = portal.json("crm.product.property.types", "");
    assert_eq!(types[0]["PROPERTY_TYPE"], "S");
    portal.steps(&[
        (
            "crm.product.property.settings.fields",
            "propertyType=S&userType=HTML",
            r#"{"HEIGHT":{"type":"integer","isRequired":false}}"#,
        ),
        (
            "crm.product.property.settings.fields",
            "propertyType=S&userType=Nothing",
            "[]",
        ),
        (
            "crm.product.property.enumeration.fields",
            "",
            r#"{"VALUE":{"isRequired":true},"ID":{"isReadOnly":true}}"#,
        ),
    ]);
}

#[test]
fn a_transcript_is_that_of_the_activity_of_a_call() {
    let transcript = r#"[{"activityId":2,"transcription":"Good morning"}]"#;
    let mut portal = Portal::loaded("crm.activity.transcript", transcript);
    assert_eq!(
        portal
            .error("crm.activity.call.getTranscript", "activityId=2")
            .1,
        "NOT_FOUND"
    );
    for subject in ["One", "Two"] {
        portal.json("crm.deal.add", "fields[TITLE]=Deal");
        let activity = format!(
            "fields[OWNER_ID]=1&fields[OWNER_TYPE_ID]=2&fields[TYPE_ID]=2&fields[SUBJECT]={subject}&fields[RESPONSIBLE_ID]=1&fields[COMMUNICATIONS][0][VALUE]=%2B49"
        );
        portal.json("crm.activity.add", &activity);
    }
    portal.steps(&[
        ("crm.activity.call.getTranscript", "activityId=1", "null"),
        (
            "crm.activity.call.getTranscript",
            "activityId=2",
            r#"{"transcription":"Good morning"}"#,
        ),
        (
            "crm.activity.call.getTranscript",
            "activityId=99",
            "!NOT_FOUND Element not found",
        ),
    ]);
}

#[test]
fn a_document_that_was_made_elsewhere_is_uploaded_to_a_deal() {
    let mut portal = Portal::with(&[]);
    portal.json("crm.deal.add", "fields[TITLE]=Deal");
    let upload = "crm.documentgenerator.document.upload";
    let fields =
        "fields[entityTypeId]=2&fields[entityId]=1&fields[fileContent]=UEsDBA&fields[region]=de";
    portal.steps(&[
        (upload, "", "!100 Could not find value for parameter {fields}"),
        (
            upload,
            "fields[entityId]=1",
            "!0 Empty required fields: entityTypeId, fileContent, region",
        ),
        (upload, &fields.replace("Id]=2", "Id]=999999"), "!0 No provider for 999999"),
        (
            upload,
            &fields.replace("entityId]=1", "entityId]=7"),
            "!0 Wrong \"entityId\" field value",
        ),
        (
            upload,
            &format!("{fields}&fields[title]=Demo&fields[number]=2026-001"),
            r#"{"document":{"title":"Demo","number":"2026-001","publicUrl":null,"updatedBy":null,"templateId":"1"}}"#,
        ),
        ("crm.documentgenerator.template.list", "", r#"{"templates":[]}"#),
    ]);
    let listed = portal.json("crm.documentgenerator.document.list", "");
    assert_eq!(listed["documents"][0]["title"], "Demo");
}

#[test]
fn the_accesses_of_roles_are_replaced_as_a_whole() {
    let mut portal = Portal::with(&[]);
    let fill = "documentgenerator.role.fillaccesses";
    portal.steps(&[
        (fill, "", "null"),
        (
            fill,
            "accesses[0][roleId]=9&accesses[0][accessCode]=U1&accesses[1][roleId]=9&accesses[1][accessCode]=D1",
            "null",
        ),
        (
            fill,
            "accesses[0][accessCode]=U1",
            "!BX_EMPTY_REQUIRED Required field \"ROLE_ID\" is not filled",
        ),
        (
            fill,
            "accesses[0][roleId]=9",
            "!BX_EMPTY_REQUIRED Required field \"ACCESS_CODE\" is not filled",
        ),
    ]);
    assert_eq!(
        last(&portal, "documentgenerator.role.access", "accessCode"),
        "D1"
    );
    portal.json(fill, "accesses[0][roleId]=9&accesses[0][accessCode]=UA");
    let table = portal.state.record_table("documentgenerator.role.access");
    assert_eq!(table.unwrap().rows().count(), 1);
}

#[test]
fn comments_of_a_user_are_between_two_ids() {
    let mut portal = Portal::with(&[("user", 3, 0.0)]);
    let post = portal.json("log.blogpost.add", "POST_MESSAGE=News");
    for (user, text) in [(2, "One"), (3, "Two"), (2, "Three")] {
        let comment = format!("POST_ID={post}&USER_ID={user}&TEXT={text}");
        portal.json("log.blogcomment.add", &comment);
    }
    let all = portal.json("log.blogcomment.user.get", "USER_ID=2");
    let texts: Vec<&serde_json::Value> = all["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|comment| &comment["text"])
        .collect();
    assert_eq!(texts, ["One", "Three"]);
    let first = &all["comments"][0];
    assert_eq!(
        (&first["log_id"], &first["comment_id"]),
        (&post, &first["id"])
    );
    let after = format!("USER_ID=2&FIRST_ID={}", first["id"]);
    let after = portal.json("log.blogcomment.user.get", &after);
    assert_eq!(after["comments"].as_array().unwrap().len(), 1);
    portal.steps(&[
        (
            "log.blogcomment.user.get",
            "USER_ID=77",
            r#"{"comments":[],"files":[]}"#,
        ),
        (
            "log.blogpost.getusers.important",
            &format!("POST_ID={post}"),
            "[]",
        ),
        (
            "log.blogpost.getusers.important",
            "POST_ID=99",
            "! Wrong post ID",
        ),
    ]);
    let post = r#"[{"ID":"221","TITLE":"Read me","READERS":[1269,1271]}]"#;
    Portal::loaded("log.blogpost", post).steps(&[(
        "log.blogpost.getusers.important",
        "POST_ID=221",
        r#"["1269","1271"]"#,
    )]);
}

#[test]
fn an_entry_of_the_waiting_list_is_booked() {
    let mut portal = Portal::with(&[]);
    portal.json(
        "booking.v1.resource.add",
        "fields[name]=Room&fields[typeId]=1",
    );
    portal.json("booking.v1.waitlist.add", "fields[note]=Call");
    let book = "booking.v1.booking.createfromwaitlist";
    let period = |from: u32, to: u32| {
        format!(
            "waitListId=1&fields[resourceIds][]=1&fields[datePeriod][from][timestamp]={from}&fields[datePeriod][to][timestamp]={to}"
        )
    };
    portal.steps(&[
        (
            book,
            "",
            "!100 Could not find value for parameter {waitListId}",
        ),
        (book, "waitListId=9", "!1038 wait list item not found"),
        (
            book,
            "waitListId=1&fields[resourceIds][]=1",
            "!0 Required fields: datePeriod",
        ),
        (book, &period(20, 10), "!422 Invalid date period"),
        (book, &period(10, 20), "1"),
        (
            "booking.v1.booking.get",
            "id=1",
            r#"{"booking":{"resourceIds":["1"]}}"#,
        ),
        ("booking.v1.waitlist.createfrombooking", "", "!100"),
        (
            "booking.v1.waitlist.createfrombooking",
            "bookingId=9",
            "!1037 booking not found",
        ),
        ("booking.v1.waitlist.createfrombooking", "bookingId=1", "2"),
    ]);
}

#[test]
fn a_payment_has_a_public_address() {
    let mut portal = Portal::loaded("sale.payment", r#"[{"id":4,"orderId":3}]"#);
    let url = portal.json("salescenter.payment.getPublicUrl", "id=4");
    let url = url["payment"]["url"].as_str().unwrap();
    assert!(
        url.contains("orderId=3&access=") && url.ends_with("&paymentId=4"),
        "{url}"
    );
    portal.steps(&[
        ("salescenter.payment.getPublicUrl", "", "!100"),
        (
            "salescenter.payment.getPublicUrl",
            "id=5",
            "!200640400001 payment is not exists",
        ),
    ]);
}

#[test]
fn an_older_invoice_is_paid_by_a_payment_system() {
    let mut portal = Portal::loaded("crm.invoice", r#"[{"ID":"2","PAYED":"N","STATUS_ID":"N"}]"#);
    portal.json(
        "sale.paysystem.handler.add",
        "NAME=Card&CODE=card&SETTINGS[CODES][A][NAME]=A",
    );
    let system = portal.json(
        "sale.paysystem.add",
        "NAME=Card&ENTITY_REGISTRY_TYPE=ORDER&BX_REST_HANDLER=card&PERSON_TYPE_ID=1",
    );
    let pay = "sale.paysystem.pay.invoice";
    portal.steps(&[
        (
            pay,
            "",
            "!ERROR_CHECK_FAILURE Parameter INVOICE_ID is not defined",
        ),
        (
            pay,
            "INVOICE_ID=2&BX_REST_HANDLER=none",
            "!ERROR_CHECK_FAILURE Pay system not found",
        ),
        (
            pay,
            "INVOICE_ID=2&PAY_SYSTEM_ID=77",
            "!ERROR_PROCESS_REQUEST_RESULT Pay system not found",
        ),
        (
            pay,
            &format!("INVOICE_ID=9&PAY_SYSTEM_ID={system}"),
            "!ERROR_INTERNAL_INVOICE_NOT_FOUND",
        ),
        (pay, "INVOICE_ID=2&BX_REST_HANDLER=card", "true"),
        (
            "crm.invoice.get",
            "ID=2",
            r#"{"PAYED":"Y","STATUS_ID":"P"}"#,
        ),
    ]);
}

#[test]
fn the_values_of_an_order_are_replaced_by_those_of_a_call() {
    let mut portal = Portal::loaded("sale.order", r#"[{"id":6}]"#);
    for name in ["Name", "Phone"] {
        portal.json(
            "sale.property.add",
            &format!("fields[name]={name}&fields[type]=STRING&fields[personTypeId]=1&fields[propsGroupId]=1&fields[code]={name}&fields[required]=N"),
        );
    }
    let modify = "sale.propertyvalue.modify";
    let value = |place: u8, property: u8, text: &str| {
        format!(
            "&fields[order][propertyValues][{place}][orderPropsId]={property}&fields[order][propertyValues][{place}][value]={text}"
        )
    };
    let order = "fields[order][id]=6";
    portal.steps(&[
        (modify, "", "!100"),
        (modify, &format!("fields[order][id]=9{}", value(0, 1, "x")), "!0 order is not exists"),
        (modify, order, "!0 Required fields"),
        (
            modify,
            &format!("{order}{}{}", value(0, 1, "Ann"), value(1, 2, "123")),
            r#"{"propertyValues":[{"code":"Name","value":"Ann","orderPropsId":1},{"value":"123"}]}"#,
        ),
        (
            modify,
            &format!("{order}{}", value(0, 1, "Bob")),
            r#"{"propertyValues":[{"id":1,"value":"Bob"}]}"#,
        ),
        ("sale.propertyvalue.get", "id=1", r#"{"propertyValue":{"value":"Bob"}}"#),
    ]);
    assert!(portal.call("sale.propertyvalue.get", "id=2").is_err());
}

#[test]
fn the_manifest_of_tasks_names_their_older_methods() {
    let manifest = Portal::with(&[]).json("task.item.getmanifest", "");
    let methods = manifest["REST: available methods"].as_object().unwrap();
    for name in ["add", "getdata", "delegate"] {
        assert!(methods.contains_key(name), "{name}");
    }
}
