//! Pictures of products and stores, and the values of properties.

use serde_json::{Value as Json, json};

use super::Portal;

/// `hello` and `bye` in base64.
const HELLO: &str = "aGVsbG8=";
const BYE: &str = "Ynll";

fn product(portal: &mut Portal, further: &str) -> u64 {
    let fields = format!("fields[iblockId]=14&fields[name]=Product{further}");
    let added = portal.json("catalog.product.add", &fields);
    added["element"]["id"].as_u64().unwrap()
}

fn read(portal: &mut Portal, id: u64) -> Json {
    portal.json("catalog.product.get", &format!("id={id}"))["product"].clone()
}

/// The name and the content of the file that a method returns.
fn file(portal: &mut Portal, method: &str, params: &str) -> (String, String) {
    let output = portal.call(method, params).unwrap();
    let file = output.file.expect("a file");
    let content = String::from_utf8(file.content.to_vec()).unwrap();
    (file.name, content)
}

#[test]
fn a_picture_of_a_product_is_described_by_its_id_and_downloaded_by_it() {
    let mut portal = Portal::with(&[]);
    let pictures = format!(
        "&fields[detailPicture][fileData][0]=detail.png&fields[detailPicture][fileData][1]={HELLO}"
    );
    let id = product(&mut portal, &pictures);
    let picture = read(&mut portal, id)["detailPicture"].clone();
    let file_id = picture["id"].as_str().unwrap().to_owned();
    let url = format!(
        "/rest/catalog.product.download?fields%5BfieldName%5D=detailPicture&fields%5BfileId%5D={file_id}&fields%5BproductId%5D={id}"
    );
    assert_eq!(
        picture,
        json!({"id": file_id, "url": url, "urlMachine": url})
    );
    let listed = portal.json("catalog.product.list", "filter[iblockId]=14");
    assert_eq!(listed["products"][0]["detailPicture"], picture);
    let named = format!("fields[fileId]={file_id}&fields[productId]={id}&fields[fieldName]");
    for field in ["detailPicture", "DETAIL_PICTURE"] {
        let params = format!("{named}={field}");
        let got = file(&mut portal, "catalog.product.download", &params);
        assert_eq!(got, ("detail.png".to_owned(), "hello".to_owned()));
    }
    for (params, text) in [
        (
            format!("{named}=previewPicture"),
            "The file with the specified identifier does not exist",
        ),
        (
            format!("{named}=name"),
            "The specified property does not exist or is not a file",
        ),
        (
            format!("fields[productId]={id}&fields[fieldName]=detailPicture"),
            "Required fields: fileId",
        ),
        (
            format!(
                "fields[fileId]={file_id}&fields[productId]=99&fields[fieldName]=detailPicture"
            ),
            "Product does not exist.",
        ),
    ] {
        let refused = portal.error("catalog.product.download", &params);
        assert_eq!(
            (refused.0, &*refused.1, &*refused.2),
            (400, "0", text),
            "{params}"
        );
    }
    assert_eq!(portal.error("catalog.product.download", "").1, "100");
}

#[test]
fn a_picture_is_replaced_and_removed() {
    let mut portal = Portal::with(&[]);
    let given = |content: &str| {
        format!(
            "&fields[previewPicture][fileData][0]=a.png&fields[previewPicture][fileData][1]={content}"
        )
    };
    let id = product(&mut portal, &given(HELLO));
    let first = read(&mut portal, id)["previewPicture"]["id"].clone();
    let update = |portal: &mut Portal, fields: &str| {
        portal.json("catalog.product.update", &format!("id={id}{fields}"))["element"].clone()
    };
    let changed = update(&mut portal, &given(BYE));
    assert_ne!(changed["previewPicture"]["id"], first);
    let params = |id: &Json, of: u64| {
        format!(
            "fields[fileId]={}&fields[productId]={of}&fields[fieldName]=previewPicture",
            id.as_str().unwrap()
        )
    };
    let second = params(&changed["previewPicture"]["id"], id);
    assert_eq!(
        file(&mut portal, "catalog.product.download", &second).1,
        "bye"
    );
    let gone = params(&first, id);
    assert_eq!(portal.error("catalog.product.download", &gone).0, 400);
    // Another field changes nothing of it.
    let kept = update(&mut portal, "&fields[name]=Other");
    assert_eq!(kept["previewPicture"], changed["previewPicture"]);
    let removed = update(&mut portal, "&fields[previewPicture][remove]=Y");
    assert_eq!(removed["previewPicture"], Json::Null);
    assert_eq!(portal.error("catalog.product.download", &second).0, 400);
}

#[test]
fn values_of_properties_have_numbers_by_which_they_are_kept() {
    let mut portal = Portal::with(&[]);
    let id = product(
        &mut portal,
        "&fields[property258]=test&fields[property259][0]=one&fields[property259][1][value]=two&fields[property7]=no",
    );
    let shown = read(&mut portal, id);
    assert_eq!(shown["property258"]["value"], "test");
    let number = |value: &Json| value["valueId"].as_str().unwrap().to_owned();
    let values = shown["property259"].as_array().unwrap().clone();
    assert_eq!(
        (&values[0]["value"], &values[1]["value"]),
        (&json!("one"), &json!("two"))
    );
    let mut numbers = vec![
        number(&shown["property258"]),
        number(&values[0]),
        number(&values[1]),
    ];
    numbers.dedup();
    assert_eq!(numbers.len(), 3);
    assert!(
        shown.get("property7").is_none(),
        "there is no such property"
    );
    let second = number(&values[1]);
    let changed = portal.json(
        "catalog.product.update",
        &format!(
            "id={id}&fields[property258]=&fields[property259][0][value]=TWO&fields[property259][0][valueId]={second}&fields[property259][1]=three"
        ),
    );
    let changed = &changed["element"];
    assert_eq!(changed["property258"], Json::Null);
    let values = changed["property259"].as_array().unwrap();
    assert_eq!(values[0], json!({"value": "TWO", "valueId": second}));
    assert_eq!(values[1]["value"], "three");
    assert!(!numbers.contains(&number(&values[1])));
    let parent = "fields[iblockId]=15&fields[name]=Red&fields[parentId]=5";
    let offer = portal.json("catalog.product.offer.add", parent);
    assert_eq!(offer["offer"]["parentId"]["value"], "5");
    assert!(offer["offer"]["parentId"]["valueId"].is_string());
    assert_eq!(offer["offer"]["type"], 4);
}

#[test]
fn files_of_a_property_stay_unless_they_are_removed_by_their_number() {
    let mut portal = Portal::with(&[]);
    let property = "fields[iblockId]=14&fields[name]=Papers&fields[code]=PAPERS&fields[propertyType]=F&fields[multiple]=Y";
    let property = portal.json("catalog.productProperty.add", property);
    assert_eq!(
        (
            &property["productProperty"]["colCount"],
            &property["productProperty"]["listType"]
        ),
        (&json!(30), &json!("L"))
    );
    let field = format!("property{}", property["productProperty"]["id"]);
    let given = |place: usize, name: &str, content: &str| {
        format!(
            "&fields[{field}][{place}][value][fileData][0]={name}&fields[{field}][{place}][value][fileData][1]={content}"
        )
    };
    let both = given(0, "a.txt", HELLO) + &given(1, "b.txt", BYE);
    let id = product(&mut portal, &both);
    let values = read(&mut portal, id)[&field].as_array().unwrap().clone();
    assert_eq!(values.len(), 2);
    let removal = format!(
        "id={id}&fields[{field}][0][valueId]={}&fields[{field}][0][value][remove]=Y",
        values[0]["valueId"].as_str().unwrap()
    );
    let left = portal.json("catalog.product.update", &removal)["element"][&field].clone();
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left[0]["value"], values[1]["value"]);
    assert_ne!(left[0]["valueId"], values[1]["valueId"]);
    let file_id = left[0]["value"]["id"].as_str().unwrap();
    for name in [field.as_str(), "PROPERTY_PAPERS"] {
        let params =
            format!("fields[fileId]={file_id}&fields[productId]={id}&fields[fieldName]={name}");
        let got = file(&mut portal, "catalog.product.download", &params);
        assert_eq!(got, ("b.txt".to_owned(), "bye".to_owned()));
        assert_eq!(portal.error("catalog.product.sku.download", &params).1, "0");
    }
}

#[test]
fn the_picture_of_a_store_is_described_by_a_number_and_an_address() {
    let mut portal = Portal::with(&[]);
    let store = format!(
        "fields[address]=Main St. 52&fields[imageId][fileData][0]=a.png&fields[imageId][fileData][1]={HELLO}"
    );
    let store = portal.json("catalog.store.add", &store);
    let image = &store["store"]["imageId"];
    assert!(image["id"].is_u64(), "{store}");
    let url = image["url"].as_str().unwrap();
    assert!(
        url.starts_with("/upload/iblock/") && url.ends_with("/a.png"),
        "{url}"
    );
    let changed = portal.json("catalog.store.update", "id=1&fields[imageId][remove]=Y");
    assert_eq!(changed["store"]["imageId"], Json::Null);
    let refused = portal.error("catalog.store.add", "fields[title]=a");
    assert_eq!(refused.2, "Required fields: address");
}

#[test]
fn fields_of_products_are_named_and_those_of_properties_are_dynamic() {
    let mut portal = Portal::with(&[]);
    let property =
        "fields[iblockId]=14&fields[name]=Colour&fields[propertyType]=S&fields[isRequired]=Y";
    let property =
        portal.json("catalog.productProperty.add", property)["productProperty"]["id"].clone();
    let fields = portal.json("catalog.product.getFieldsByFilter", "filter[iblockId]=14");
    let fields = &fields["product"];
    assert_eq!(
        fields["available"],
        json!({"isImmutable": false, "isReadOnly": true, "isRequired": false, "name": "Availability for Purchase", "type": "char"})
    );
    assert_eq!(fields["detailPicture"]["type"], "file");
    assert_eq!(fields["property259"]["isMultiple"], true);
    let own = &fields[format!("property{property}")];
    assert_eq!(
        (&own["name"], &own["isRequired"]),
        (&json!("Colour"), &json!(true))
    );
    for (method, key, has, lacks) in [
        (
            "catalog.product.sku.getFieldsByFilter",
            "sku",
            "priceType",
            "quantityReserved",
        ),
        (
            "catalog.product.service.getFieldsByFilter",
            "service",
            "vatId",
            "weight",
        ),
        (
            "catalog.product.offer.getFieldsByFilter",
            "offer",
            "parentId",
            "property258",
        ),
    ] {
        let fields = portal.json(method, "filter[iblockId]=15");
        assert!(fields[key].get(has).is_some(), "{method}: {fields}");
        assert!(fields[key].get(lacks).is_none(), "{method}: {fields}");
    }
    assert_eq!(
        portal.error("catalog.product.getFieldsByFilter", "").1,
        "100"
    );
    assert_eq!(
        portal
            .error("catalog.product.getFieldsByFilter", "filter[productType]=1")
            .1,
        "0"
    );
}
