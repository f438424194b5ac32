//! `crm.item.productrow.*`.

use serde_json::json;

use super::*;

const OWNER: &str = "fields[ownerId]=3&fields[ownerType]=D";

fn added(portal: &mut Portal, more: &str) -> serde_json::Value {
    let answer = portal.json("crm.item.productrow.add", &format!("{OWNER}&{more}"));
    answer["productRow"].clone()
}

#[test]
fn a_product_row_gets_its_prices_worked_out_and_the_deal_its_amount() {
    let mut portal = Portal::with(&[("deal", 5, 0.0)]);
    let row = added(
        &mut portal,
        "fields[productName]=Phone&fields[price]=80000&fields[quantity]=2&fields[discountTypeId]=2\
         &fields[discountRate]=20&fields[taxRate]=20&fields[taxIncluded]=Y&fields[sort]=10",
    );
    assert_eq!(
        row,
        json!({
            "id": row["id"], "ownerId": 3, "ownerType": "D", "productId": 0, "productName": "Phone", "price": 80000,
            "priceAccount": 80000, "priceExclusive": 66666.67, "priceNetto": 83333.34, "priceBrutto": 100_000.01,
            "quantity": 2, "discountTypeId": 2, "discountRate": 20, "discountSum": 16666.67, "taxRate": 20,
            "taxIncluded": "Y", "customized": "Y", "measureCode": 796, "measureName": "шт", "sort": 10, "xmlId": "",
            "type": 1, "storeId": 0
        })
    );
    let deal = portal.json("crm.deal.get", "id=3");
    assert_eq!(deal["OPPORTUNITY"], "160000.00");
    // The older methods have the same row.
    let older = portal.json("crm.deal.productrows.get", "id=3");
    assert_eq!(older[0]["PRODUCT_NAME"], "Phone");
}

#[test]
fn a_product_row_that_changes_changes_the_amount_and_one_that_is_deleted_is_not_found() {
    let mut portal = Portal::with(&[("deal", 5, 0.0)]);
    let id = added(&mut portal, "fields[price]=100&fields[quantity]=3")["id"].clone();
    let params = format!("id={id}&fields[price]=50&fields[productName]=Cable");
    let row = portal.json("crm.item.productrow.update", &params)["productRow"].clone();
    assert_eq!((&row["price"], &row["quantity"]), (&json!(50), &json!(3)));
    assert_eq!(row["productName"], "Cable");
    assert_eq!(portal.json("crm.deal.get", "id=3")["OPPORTUNITY"], "150.00");

    let params = format!("id={id}");
    assert_eq!(
        portal.json("crm.item.productrow.delete", &params),
        json!(null)
    );
    assert_eq!(portal.json("crm.deal.get", "id=3")["OPPORTUNITY"], "0.00");
    let not_found = (400, "NOT_FOUND".to_owned(), "Item not found".to_owned());
    assert_eq!(portal.error("crm.item.productrow.get", &params), not_found);
}

#[test]
fn product_rows_are_listed_for_one_owner_filtered_and_sorted() {
    let mut portal = Portal::with(&[("deal", 5, 0.0), ("lead", 5, 0.0)]);
    for price in [5, 9, 7] {
        added(&mut portal, &format!("fields[price]={price}"));
    }
    portal.json(
        "crm.item.productrow.set",
        "ownerId=3&ownerType=L&productRows[0][price]=1&productRows[0][productName]=Other",
    );
    let list = "filter[=ownerId]=3&filter[=ownerType]=D&filter[>price]=5&order[price]=desc";
    let output = portal.call("crm.item.productrow.list", list).unwrap();
    let rows: serde_json::Value = serde_json::from_slice(&output.json).unwrap();
    let prices: Vec<i64> = rows["productRows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["price"].as_i64().unwrap())
        .collect();
    assert_eq!((prices, output.total), (vec![9, 7], Some(2)));
    let of_lead = portal.json(
        "crm.item.productrow.getAvailableForPayment",
        "ownerId=3&ownerType=L",
    );
    assert_eq!(of_lead["productRows"][0]["productName"], "Other");
}

#[test]
fn product_rows_of_records_that_are_not_there_are_refused() {
    let mut portal = Portal::with(&[("deal", 5, 0.0)]);
    let mut refusal = |method: &str, params: &str| portal.error(method, params).1;
    let add = "crm.item.productrow.add";
    assert_eq!(refusal(add, "fields[ownerId]=3"), "100");
    assert_eq!(
        refusal(add, "fields[ownerId]=99&fields[ownerType]=D"),
        "OWNER_NOT_FOUND"
    );
    assert_eq!(
        refusal(add, "fields[ownerId]=3&fields[ownerType]=CO"),
        "ENTITY_TYPE_NOT_SUPPORTED"
    );
    assert_eq!(
        refusal("crm.item.productrow.list", "filter[=ownerId]=3"),
        "100"
    );
    assert_eq!(
        refusal(
            "crm.item.productrow.list",
            "filter[=ownerId]=99&filter[=ownerType]=D"
        ),
        "ACCESS_DENIED"
    );
}

#[test]
fn product_rows_of_a_smart_process_go_by_its_number_in_hexadecimal() {
    let mut portal = Portal::with(&[("1036", 5, 0.0)]);
    let params = "fields[ownerId]=2&fields[ownerType]=T40c&fields[price]=12";
    let row = portal.json("crm.item.productrow.add", params);
    assert_eq!(row["productRow"]["ownerType"], "T40C");
}

#[test]
fn the_fields_of_product_rows_are_described() {
    let mut portal = Portal::with(&[]);
    let fields = portal.json("crm.item.productrow.fields", "")["fields"].clone();
    assert_eq!(fields["ownerId"]["isImmutable"], true);
    assert_eq!(fields["priceNetto"]["isReadOnly"], true);
    assert_eq!(fields["discountRate"]["title"], "Discount Amount");
    assert_eq!(fields["xmlId"], json!(null));
}
