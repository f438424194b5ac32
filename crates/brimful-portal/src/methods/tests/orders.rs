//! Orders with all that belongs to them, and payments with what their pay system says.

use super::Portal;

#[test]
fn an_order_is_read_with_all_that_belongs_to_it() {
    let mut portal = Portal::with(&[]);
    let order = portal.json(
        "sale.order.add",
        "fields[lid]=s1&fields[personTypeId]=3&fields[currency]=USD",
    );
    assert_eq!(order["order"]["clients"], serde_json::json!([]));
    assert_eq!(order["order"]["requisiteLink"], serde_json::json!([]));
    portal.json(
        "crm.requisite.link.register",
        "fields[ENTITY_TYPE_ID]=14&fields[ENTITY_ID]=1&fields[REQUISITE_ID]=3&fields[BANK_DETAIL_ID]=0&fields[MC_REQUISITE_ID]=0&fields[MC_BANK_DETAIL_ID]=0",
    );
    portal.json(
        "sale.basketitem.add",
        "fields[orderId]=1&fields[productId]=348&fields[currency]=USD&fields[quantity]=2&fields[name]=Shirt",
    );
    portal.json(
        "sale.basketproperties.add",
        "fields[basketId]=1&fields[code]=SIZE&fields[name]=Size&fields[value]=M",
    );
    let system = portal.json(
        "sale.paysystem.handler.add",
        "NAME=Card&CODE=card&SETTINGS[CODES][A][NAME]=A",
    );
    assert!(system.is_number(), "{system}");
    let system = portal.json(
        "sale.paysystem.add",
        "NAME=Card&ENTITY_REGISTRY_TYPE=ORDER&BX_REST_HANDLER=card&PERSON_TYPE_ID=3&IS_CASH=Y",
    );
    portal.steps(&[
        (
            "sale.payment.add",
            &format!("fields[orderId]=1&fields[paySystemId]={system}&fields[priceCod]=100&fields[psInvoiceId]=2"),
            r#"{"payment":{"priceCod":"100","psInvoiceId":2,"currency":"USD","paySystemName":"Card","paySystemIsCash":"Y"}}"#,
        ),
        (
            "sale.order.get",
            "id=1",
            r#"{"order":{"id":1,"basketItems":[{"name":"Shirt","properties":[{"code":"SIZE","value":"M"}]}],
                "payments":[{"orderId":1,"paySystemName":"Card"}],"shipments":[],"propertyValues":[],"tradeBindings":[],
                "clients":[],"requisiteLink":{"requisiteId":3,"bankDetailId":0}}}"#,
        ),
        ("sale.order.get", "id=9", "!201240400001"),
        ("sale.order.get", "", "!100"),
        ("sale.order.update", "id=1&fields[comments]=Fast", r#"{"order":{"comments":"Fast","clients":[]}}"#),
    ]);
}

#[test]
fn properties_of_orders_have_settings_by_type() {
    Portal::with(&[]).steps(&[
        (
            "sale.property.add",
            "fields[name]=Phone&fields[type]=STRING&fields[personTypeId]=1&fields[propsGroupId]=1&fields[required]=N&fields[settings][maxlength]=100",
            r#"{"property":{"settings":{"maxlength":"100"}}}"#,
        ),
        (
            "sale.property.getfieldsbytype",
            "type=NUMBER",
            r#"{"property":{"settings":{"type":"datatype","fields":{"max":{"type":"integer"},"step":{"isRequired":false}}}}}"#,
        ),
        ("sale.property.getfieldsbytype", "", "!100"),
        (
            "sale.shipmentpropertyvalue.getfields",
            "",
            r#"{"propertyValue":{"shipmentPropsXmlId":{"isReadOnly":true},"shipmentId":{"isRequired":true},"value":{"isRequired":true}}}"#,
        ),
    ]);
}
