//! Records that the CRM and the catalogue or the shop have in common.

use super::*;

#[test]
fn a_product_is_one_whichever_family_writes_it() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        (
            "crm.product.add",
            "fields[NAME]=Chair&fields[PRICE]=12.50&fields[CURRENCY_ID]=RUB&fields[CODE]=chair",
            "2",
        ),
        (
            "catalog.product.get",
            "id=2",
            r#"{"product":{"id":2,"name":"Chair","code":"chair","iblockId":14,"active":"Y","createdBy":1}}"#,
        ),
        (
            "catalog.price.list",
            "filter[productId]=2",
            r#"{"prices":[{"catalogGroupId":1,"productId":2,"price":12.5,"currency":"RUB"}]}"#,
        ),
        (
            "catalog.product.update",
            "id=2&fields[name]=Armchair&fields[iblockId]=14",
            r#"{"element":{"name":"Armchair"}}"#,
        ),
        ("crm.product.get", "id=2", r#"{"NAME":"Armchair","PRICE":"12.50"}"#),
        (
            "catalog.product.add",
            "fields[name]=Table&fields[iblockId]=14",
            r#"{"element":{"id":3}}"#,
        ),
        ("crm.product.get", "id=3", r#"{"ID":"3","NAME":"Table","CATALOG_ID":"14","PRICE":null}"#),
        (
            "catalog.price.add",
            "fields[productId]=3&fields[catalogGroupId]=1&fields[price]=7&fields[currency]=USD",
            r#"{"price":{"price":7}}"#,
        ),
        ("crm.product.get", "id=3", r#"{"PRICE":"7","CURRENCY_ID":"USD"}"#),
        ("crm.product.update", "id=3&fields[PRICE]=8", "true"),
        (
            "catalog.price.list",
            "filter[productId]=3",
            r#"{"prices":[{"price":8,"currency":"USD"}]}"#,
        ),
        ("crm.product.delete", "id=3", "true"),
        ("catalog.product.get", "id=3", "!0 Product does not exist"),
        ("catalog.price.list", "filter[productId]=3", r#"{"prices":[]}"#),
        ("crm.product.add", "fields[NAME]=Lamp", "4"),
    ]);
}

#[test]
fn sections_of_products_are_one_in_both_families() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        ("crm.productsection.add", "fields[NAME]=Wood", "1"),
        (
            "catalog.section.get",
            "id=1",
            r#"{"section":{"id":1,"name":"Wood","iblockId":14}}"#,
        ),
        ("catalog.section.delete", "id=1", "true"),
        (
            "crm.productsection.get",
            "id=1",
            "! Product section is not found",
        ),
    ]);
}

#[test]
fn a_fresh_portal_has_the_same_rates_units_and_types_of_payers_in_both_families() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        (
            "catalog.vat.list",
            "order[id]=asc",
            r#"{"vats":[{"id":1,"name":"Без НДС","rate":null,"active":"Y"},{"id":3,"name":"НДС 20%","rate":20,"sort":100}]}"#,
        ),
        ("crm.vat.get", "id=3", r#"{"RATE":"20.00"}"#),
        ("crm.vat.add", "fields[NAME]=Ten&fields[RATE]=10", "4"),
        ("catalog.vat.get", "id=4", r#"{"vat":{"name":"Ten","rate":10}}"#),
        (
            "catalog.vat.update",
            "id=3&fields[name]=Twenty&fields[rate]=20",
            r#"{"vat":{"name":"Twenty"}}"#,
        ),
        ("crm.vat.get", "id=3", r#"{"NAME":"Twenty","RATE":"20.00"}"#),
        ("catalog.vat.delete", "id=4", "true"),
        ("crm.vat.get", "id=4", "! Not found"),
        (
            "catalog.measure.list",
            "",
            r#"{"measures":[{"code":796,"isDefault":"Y","symbol":"шт"},{"code":166}]}"#,
        ),
        (
            "sale.persontype.list",
            "",
            r#"{"personTypes":[{"id":1,"code":"CRM_CONTACT"},{"id":2,"code":"CRM_COMPANY"}]}"#,
        ),
        (
            "crm.persontype.list",
            "",
            r#"[{"ID":"1","NAME":"CRM_CONTACT"},{"ID":"2","NAME":"CRM_COMPANY"}]"#,
        ),
    ]);
}

#[test]
fn a_fresh_portal_has_a_base_price_a_store_and_the_usual_statuses_of_orders() {
    let mut portal = Portal::with(&[]);
    portal.steps(&[
        (
            "catalog.pricetype.list",
            "",
            r#"{"priceTypes":[{"id":1,"name":"BASE","base":"Y"}]}"#,
        ),
        ("catalog.store.list", "", r#"{"stores":[{"id":1,"active":"Y"}]}"#),
        (
            "sale.status.list",
            "",
            r#"{"statuses":[{"id":"N","type":"O"},{"id":"F","type":"O"},{"id":"DN","type":"D"},{"id":"DF","type":"D"}]}"#,
        ),
        (
            "sale.order.add",
            "fields[lid]=s1&fields[personTypeId]=1&fields[currency]=RUB",
            r#"{"order":{"id":1,"personTypeId":1}}"#,
        ),
    ]);
}

#[test]
fn loaded_rows_of_one_family_are_those_of_the_other_and_there_are_no_more() {
    let rows = serde_json::json!([{"id": 9, "name": "Own", "rate": 5}]);
    let rows: Vec<serde_json::Map<_, _>> = serde_json::from_value(rows).unwrap();
    let mut portal = Portal::new(Data {
        served: vec![Load {
            entity: "catalog.vat.list".to_owned(),
            rows: rows.into(),
        }],
        ..Data::default()
    });
    portal.steps(&[
        (
            "catalog.vat.list",
            "",
            r#"{"vats":[{"id":9,"name":"Own"}]}"#,
        ),
        (
            "crm.vat.list",
            "",
            r#"[{"ID":"9","NAME":"Own","RATE":"5"}]"#,
        ),
    ]);
}
