//! Templates of sites and pages, what can be edited in blocks, and pictures for them.

use super::Portal;

/// A portal with a site that has one page with one block.
fn portal() -> Portal {
    let mut portal = Portal::with(&[]);
    portal.json(
        "landing.site.add",
        "fields[TITLE]=Shop&fields[CODE]=shop&fields[LANDING_ID_INDEX]=1",
    );
    portal.json(
        "landing.landing.add",
        "fields[TITLE]=Sale&fields[CODE]=sale&fields[SITE_ID]=1",
    );
    portal.json(
        "landing.landing.addblock",
        "lid=1&fields[CODE]=27.3.one_col_fix_title&fields[CONTENT]=Hello",
    );
    portal
}

/// The parameters that give the export of a site as a template.
fn as_data(export: &serde_json::Value) -> brimful_protocol::Array {
    let data = brimful_protocol::Value::from(export.clone());
    brimful_protocol::Array::from_iter([("data", data)])
}

#[test]
fn a_site_is_exported_and_registered_as_templates() {
    let mut portal = portal();
    portal.steps(&[
        ("landing.site.fullExport", "", "!MISSING_PARAMS"),
        ("landing.site.fullExport", "id=9", "!ACCESS_DENIED"),
        (
            "landing.site.fullExport",
            "id=1&params[code]=a-b",
            "!SYSTEM_ERROR",
        ),
    ]);
    let export = portal.json(
        "landing.site.fullExport",
        "id=1&params[code]=myshop&params[name]=My",
    );
    assert_eq!(
        (&export["code"], &export["name"], &export["site_code"]),
        (&"myshop".into(), &"My".into(), &"/shop/".into())
    );
    assert_eq!(export["fields"]["LANDING_ID_INDEX"], "sale");
    let page = &export["items"]["sale"];
    assert_eq!(
        (&page["old_id"], &page["name"]),
        (&"1".into(), &"Sale".into())
    );
    assert_eq!(page["items"]["#block1"]["code"], "27.3.one_col_fix_title");
    let registered = portal
        .call_with("landing.demos.register", as_data(&export))
        .unwrap();
    assert_eq!(registered.json, b"[1,2]");
    // The same codes take the same places.
    let again = portal
        .call_with("landing.demos.register", as_data(&export))
        .unwrap();
    assert_eq!(again.json, b"[1,2]");
    portal.steps(&[
        ("landing.demos.register", "", "!MISSING_PARAMS"),
        ("landing.demos.register", "data=x", "!ERROR_ARGUMENT"),
        (
            "landing.demos.register",
            "data[name]=x",
            "!REGISTER_ERROR_DATA",
        ),
        (
            "landing.demos.getlist",
            "params[filter][XML_ID]=myshop",
            r#"[{"ID":"1","TITLE":"My","TYPE":"page","TPL_TYPE":"S"}]"#,
        ),
        ("landing.demos.getSiteList", "", "!MISSING_PARAMS"),
        (
            "landing.demos.getSiteList",
            "type=page",
            r#"{"empty":{"ID":"empty"},"myshop":{"TITLE":"My","REST":1}}"#,
        ),
        (
            "landing.demos.getPageList",
            "type=page&filter[TITLE]=Sale",
            r#"{"sale":{"ID":"sale"}}"#,
        ),
    ]);
}

#[test]
fn a_page_is_made_of_a_template_that_can_be_taken_back() {
    let mut portal = portal();
    let export = portal.json("landing.site.fullExport", "id=1");
    portal
        .call_with("landing.demos.register", as_data(&export))
        .unwrap();
    portal.steps(&[
        (
            "landing.landing.addByTemplate",
            "siteId=1",
            "!MISSING_PARAMS",
        ),
        (
            "landing.landing.addByTemplate",
            "siteId=9&code=sale",
            "!SITE_ERROR",
        ),
        (
            "landing.landing.addByTemplate",
            "siteId=1&code=none",
            "!WRONG_DATA",
        ),
        (
            "landing.landing.addByTemplate",
            "siteId=1&code=sale&fields[ID]=9",
            "!LANDING_ERROR",
        ),
        (
            "landing.landing.addByTemplate",
            "siteId=1&code=sale&fields[FOLDER_ID]=9",
            "!FOLDER_NOT_FOUND",
        ),
        (
            "landing.landing.addByTemplate",
            "siteId=1&code=sale&fields[TITLE]=Copy&fields[DESCRIPTION]=d",
            "2",
        ),
        (
            "landing.landing.getlist",
            "params[filter][ID]=2",
            r#"[{"TITLE":"Copy","SITE_ID":"1"}]"#,
        ),
        (
            "landing.block.getlist",
            "lid=2",
            r#"[{"lid":2,"code":"27.3.one_col_fix_title"}]"#,
        ),
        (
            "landing.landing.getadditionalfields",
            "lid=2",
            r#"{"METAOG_DESCRIPTION":"d"}"#,
        ),
        ("landing.demos.unregister", "code=sale", "true"),
        ("landing.demos.unregister", "code=sale", "false"),
        ("landing.demos.unregister", "", "!MISSING_PARAMS"),
    ]);
}

#[test]
fn a_block_has_a_manifest_and_pictures() {
    let mut portal = portal();
    portal.steps(&[
        ("landing.block.getmanifestfile", "", "!MISSING_PARAMS"),
        ("landing.block.getmanifestfile", "code=none", "[]"),
        (
            "landing.block.getmanifestfile",
            "code=01.big_with_text",
            r#"{"nodes":{".landing-block-node-button":{"type":"link"}}}"#,
        ),
        ("landing.block.getmanifest", "lid=1", "!MISSING_PARAMS"),
        ("landing.block.getmanifest", "lid=9&block=1", "!LANDING_NOT_EXIST"),
        ("landing.block.getmanifest", "lid=1&block=9", "!BLOCK_NOT_FOUND"),
        (
            "landing.block.getmanifest",
            "lid=1&block=1",
            r#"{"code":"27.3.one_col_fix_title","namespace":"bitrix","nodes":{".landing-block-node-title":{"type":"text"}},"menu":[]}"#,
        ),
        ("landing.block.uploadfile", "block=1", "!MISSING_PARAMS"),
        ("landing.block.uploadfile", "block=9&picture=https://x.test/a.png", "!BLOCK_NOT_FOUND"),
        ("landing.block.uploadfile", "block=1&picture[]=a.txt&picture[]=aGVsbG8=", "!FILE_ERROR"),
        (
            "landing.block.uploadfile",
            "block=1&picture[]=a.png&picture[]=aGVsbG8=&params[width]=10",
            r#"{"id":1,"src":"portal:/upload/landing/1/a.png"}"#,
        ),
        ("landing.block.uploadfile", "block=1&picture=https://x.test/b.jpg", r#"{"id":2}"#),
    ]);
    let picture = portal.state.record_table("landing.picture").unwrap().get(1);
    assert_eq!(picture.unwrap()["size"], 5);
}

#[test]
fn an_application_adds_to_the_menus_of_blocks() {
    let mut portal = portal();
    let bind = "fields[PLACEMENT]=LANDING_BLOCK_*&fields[PLACEMENT_HANDLER]=https://x.test/h&fields[TITLE]=Mine";
    portal.steps(&[
        ("landing.repo.bind", "", "!MISSING_PARAMS"),
        (
            "landing.repo.bind",
            "fields[PLACEMENT]=LANDING_BLOCK_*",
            "!PLACEMENT_NO_HANDLER",
        ),
        ("landing.repo.bind", bind, "1"),
        ("landing.repo.bind", bind, "!PLACEMENT_EXIST"),
        ("landing.repo.unbind", "", "!MISSING_PARAMS"),
        ("landing.repo.unbind", "code=LANDING_BLOCK_*", "true"),
        ("landing.repo.bind", bind, "2"),
        ("landing.repowidget.debug", "enable=true", "true"),
    ]);
    let kept = portal.state.record_table("landing.repowidget.application");
    assert_eq!(kept.unwrap().get(1).unwrap()["enable"], true);
}
